//! A drawing: marks in user units, written as SVG for a file (literal colours on white) or for a page (colours that
//! follow the page's text colour, in light and dark).

use std::fmt::Write as _;

use super::colour::Rgb;
use super::text::escape;

/// Where a drawing will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// A file of its own: literal colours on white.
    File,
    /// Inlined in a page: neutral colours are shades of `currentColor`; the paper is `var(--paper, Canvas)`.
    Page,
}

/// A paint: neutral ones follow the theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Paint {
    /// Nothing.
    None,
    /// Text and the marks that carry data.
    Ink,
    /// Secondary text, axes.
    Muted,
    /// Outlines that should not be noticed.
    Faint,
    /// Grid lines.
    Grid,
    /// The background.
    Paper,
    /// Land on a map.
    Land,
    /// A colour that is the same everywhere.
    Rgb(Rgb),
}

const NEUTRAL: [(Paint, &str, &str); 6] = [
    // Paint, colour in a file, opacity of the text colour in a page (empty: the paper).
    (Paint::Ink, "#1a1a1a", "1"),
    (Paint::Muted, "#595959", ".75"),
    (Paint::Faint, "#8c8c8c", ".5"),
    (Paint::Grid, "#e2e2e2", ".14"),
    (Paint::Paper, "#ffffff", ""),
    (Paint::Land, "#ecebe7", ".1"),
];
/// First of the private signs that stand for neutral paints until the theme is known.
const MARK: u32 = 0xE000;
/// Stands for the figure's id.
const ID: char = '\u{E0FF}';

impl Paint {
    fn attribute(self, name: &str) -> String {
        match self {
            Self::None => format!(" {name}=\"none\""),
            Self::Rgb(c) => format!(" {name}=\"{}\"", c.code()),
            neutral => {
                let i = NEUTRAL.iter().position(|n| n.0 == neutral).unwrap_or(0) as u32;
                char::from_u32(MARK + 2 * i + u32::from(name == "stroke")).map(String::from).unwrap_or_default()
            }
        }
    }
}

fn resolve(body: &str, id: &str, theme: Theme) -> String {
    let mut out = String::with_capacity(body.len() + body.len() / 8);
    for c in body.chars() {
        let code = u32::from(c);
        if c == ID {
            out.push_str(id);
        } else if (MARK..MARK + 2 * NEUTRAL.len() as u32).contains(&code) {
            let (_, literal, share) = NEUTRAL[((code - MARK) / 2) as usize];
            let name = if (code - MARK) % 2 == 1 { "stroke" } else { "fill" };
            let _ = match (theme, share) {
                (Theme::File, _) => write!(out, " {name}=\"{literal}\""),
                (Theme::Page, "") => write!(out, " {name}=\"var(--paper, Canvas)\""),
                (Theme::Page, "1") => write!(out, " {name}=\"currentColor\""),
                (Theme::Page, share) => write!(out, " {name}=\"currentColor\" {name}-opacity=\"{share}\""),
            };
        } else {
            out.push(c);
        }
    }
    out
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub paint: Paint,
    /// Its width in user units.
    pub width: f64,
    /// Opacity, 0..=1.
    pub opacity: f64,
    /// Dash pattern, empty for a whole line.
    pub dash: &'static str,
}

impl Pen {
    /// A whole, opaque line.
    pub fn new(paint: Paint, width: f64) -> Self {
        Self { paint, width, opacity: 1.0, dash: "" }
    }

    /// The same with a dash pattern, e.g. `4 3`.
    pub fn dashed(self, dash: &'static str) -> Self {
        Self { dash, ..self }
    }

    /// The same, see-through.
    pub fn faded(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    fn attributes(self) -> String {
        let mut out = self.paint.attribute("stroke");
        let _ = write!(out, " stroke-width=\"{}\"", n2(self.width));
        if self.opacity < 1.0 {
            // `opacity`, not `stroke-opacity`: a neutral paint may bring the latter along.
            let _ = write!(out, " opacity=\"{}\"", n2(self.opacity));
        }
        if !self.dash.is_empty() {
            let _ = write!(out, " stroke-dasharray=\"{}\"", self.dash);
        }
        out
    }
}

/// Which end of a text stands at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The beginning.
    Start,
    /// The middle.
    Middle,
    /// The end.
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    /// Size in user units.
    pub size: f64,
    /// Bold or regular.
    pub bold: bool,
    /// Which end stands at the position.
    pub anchor: Anchor,
    /// Its colour.
    pub paint: Paint,
    /// Whether a rim of paper keeps it readable on a busy ground.
    pub halo: bool,
}

impl Type {
    /// Regular text of the given size, in ink, from its beginning.
    pub fn new(size: f64) -> Self {
        Self { size, bold: false, anchor: Anchor::Start, paint: Paint::Ink, halo: false }
    }

    /// The same, bold.
    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same, centred on its position.
    pub fn middle(self) -> Self {
        Self { anchor: Anchor::Middle, ..self }
    }

    /// The same, ending at its position.
    pub fn end(self) -> Self {
        Self { anchor: Anchor::End, ..self }
    }

    /// The same in another colour.
    pub fn paint(self, paint: Paint) -> Self {
        Self { paint, ..self }
    }

    /// The same, muted.
    pub fn muted(self) -> Self {
        self.paint(Paint::Muted)
    }

    /// The same with a rim of paper.
    pub fn halo(self) -> Self {
        Self { halo: true, ..self }
    }
}

/// A drawing of a fixed size in user units.
#[derive(Debug, Clone, PartialEq)]
pub struct Canvas {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Width on paper (mm) that a file of its own states; user units where there is none.
    pub paper: Option<f64>,
    body: String,
    clips: usize,
}

/// A coordinate to one decimal, as short as it gets. Positions that are not numbers never reach this.
fn n1(v: f64) -> String {
    short(format!("{v:.1}"))
}

fn n2(v: f64) -> String {
    short(format!("{v:.2}"))
}

fn short(text: String) -> String {
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match text {
        "-0" | "" => "0".to_owned(),
        t => t
            .strip_prefix("0.")
            .map(|r| format!(".{r}"))
            .or_else(|| t.strip_prefix("-0.").map(|r| format!("-.{r}")))
            .unwrap_or(t.to_owned()),
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            out.push(if i <= three.len() { char::from(SIGNS[(word >> (18 - 6 * i) & 63) as usize]) } else { '=' });
        }
    }
    out
}

/// Path data, built with coordinates relative to the point before so that it stays short.
#[derive(Debug, Clone, Default)]
pub struct Path {
    d: String,
    // Tenths of user units: sums of rounded steps would drift, differences of rounded positions do not.
    at: (i64, i64),
    begun: bool,
}

impl Path {
    /// An empty path.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was drawn.
    pub fn is_empty(&self) -> bool {
        self.d.is_empty()
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.d.len()
    }

    fn push(&mut self, v: i64) {
        let text = n1(v as f64 / 10.0);
        let last = self.d.chars().last().unwrap_or(' ');
        if last.is_ascii_digit() && !text.starts_with('-') || last == '.' {
            self.d.push(' ');
        }
        self.d.push_str(&text);
    }

    fn step(&mut self, letter: char, (x, y): (f64, f64)) {
        let to = ((x * 10.0).round() as i64, (y * 10.0).round() as i64);
        let from = if self.begun { self.at } else { (0, 0) };
        self.d.push(if self.begun { letter } else { letter.to_ascii_uppercase() });
        self.push(to.0 - from.0);
        self.push(to.1 - from.1);
        self.at = to;
        self.begun = true;
    }

    /// A dot, for a stroke with round ends; skipped where the position is not a number.
    pub fn dot(&mut self, x: f64, y: f64) {
        if x.is_finite() && y.is_finite() {
            self.step('m', (x, y));
            self.d.push_str("h0");
        }
    }

    /// Adds what another path draws.
    pub fn append(&mut self, other: &Self) {
        self.d.push_str(&other.d);
        // The other one began from nowhere, and so does what follows.
        self.begun = false;
    }

    /// A line through points. It breaks where a position is not a number; points on the same tenth are merged.
    pub fn line(&mut self, points: &[(f64, f64)], close: bool) {
        let mut drawn = 0;
        for &(x, y) in points {
            if !(x.is_finite() && y.is_finite()) {
                drawn = 0;
                continue;
            }
            let same = ((x * 10.0).round() as i64, (y * 10.0).round() as i64) == self.at;
            if drawn > 0 && same {
                continue;
            }
            self.step(if drawn == 0 { 'm' } else { 'l' }, (x, y));
            drawn += 1;
        }
        if close && drawn > 1 {
            self.d.push('z');
            // After closing, the pen stands at the ring's first point; start the next one from nowhere.
            self.begun = false;
        }
    }
}

impl Canvas {
    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, paper: None, body: String::new(), clips: 0 }
    }

    /// A straight line; nothing where a position is not a number.
    pub fn line(&mut self, a: (f64, f64), b: (f64, f64), pen: Pen) {
        if [a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()) {
            let _ = write!(self.body, "<path d=\"M{} {}L{} {}\"{}/>", n1(a.0), n1(a.1), n1(b.0), n1(b.1), pen.attributes());
        }
    }

    /// A rectangle, filled; nothing where a position is not a number. Negative sizes count as none.
    pub fn rect(&mut self, (x, y, w, h): (f64, f64, f64, f64), fill: Paint, opacity: f64) {
        if [x, y, w, h].iter().all(|v| v.is_finite()) {
            let fade = if opacity < 1.0 { format!(" opacity=\"{}\"", n2(opacity)) } else { String::new() };
            let (x, y, w, h) = (n1(x), n1(y), n1(w.max(0.0)), n1(h.max(0.0)));
            let _ = write!(self.body, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"{}{fade}/>", fill.attribute("fill"));
        }
    }

    /// The outline of a rectangle.
    pub fn frame(&mut self, (x, y, w, h): (f64, f64, f64, f64), pen: Pen) {
        let mut path = Path::new();
        path.line(&[(x, y), (x + w, y), (x + w, y + h), (x, y + h)], true);
        self.stroke(&path, pen);
    }

    /// A circle with a fill and an outline.
    pub fn circle(&mut self, (x, y): (f64, f64), r: f64, fill: Paint, pen: Option<Pen>) {
        if x.is_finite() && y.is_finite() {
            let rim = pen.map(Pen::attributes).unwrap_or_default();
            let _ = write!(self.body, "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}{rim}/>", n1(x), n1(y), n1(r), fill.attribute("fill"));
        }
    }

    /// A stroked path; lines join roundly.
    pub fn stroke(&mut self, path: &Path, pen: Pen) {
        if !path.is_empty() {
            let _ = write!(self.body, "<path d=\"{}\" fill=\"none\"{} stroke-linejoin=\"round\"/>", path.d, pen.attributes());
        }
    }

    /// A filled path by the even–odd rule, with an outline if a pen is given.
    pub fn fill(&mut self, path: &Path, fill: Paint, pen: Option<Pen>) {
        if !path.is_empty() {
            let rim = pen.map(|p| p.attributes() + " stroke-linejoin=\"round\"").unwrap_or_default();
            let _ = write!(self.body, "<path d=\"{}\" fill-rule=\"evenodd\"{}{rim}/>", path.d, fill.attribute("fill"));
        }
    }

    /// An area of one colour by the nonzero rule, so that parts may overlap.
    pub fn area(&mut self, path: &Path, fill: Paint, opacity: f64) {
        if !path.is_empty() {
            let fade = if opacity < 1.0 { format!(" opacity=\"{}\"", n2(opacity)) } else { String::new() };
            let _ = write!(self.body, "<path d=\"{}\"{}{fade}/>", path.d, fill.attribute("fill"));
        }
    }

    /// Dots of one colour: a path of [`Path::dot`]s stroked with round ends.
    pub fn dots(&mut self, path: &Path, pen: Pen) {
        if !path.is_empty() {
            let _ = write!(self.body, "<path d=\"{}\"{} stroke-linecap=\"round\"/>", path.d, pen.attributes());
        }
    }

    /// Dots with a rim around each colour's cloud: the path is written once and used twice.
    pub fn rimmed_dots(&mut self, path: &Path, paint: Paint, size: f64, rim: Pen) {
        if path.is_empty() {
            return;
        }
        self.clips += 1;
        let id = format!("{ID}-p{}", self.clips);
        let _ = write!(
            self.body,
            "<g fill=\"none\" stroke-linecap=\"round\"><defs><path id=\"{id}\" d=\"{}\"/></defs><use href=\"#{id}\"{}/><use href=\"#{id}\"{}/></g>",
            path.d,
            Pen { width: size + 2.0 * rim.width, ..rim }.attributes(),
            Pen::new(paint, size).attributes()
        );
    }

    /// A text. Empty text draws nothing.
    pub fn text(&mut self, (x, y): (f64, f64), words: &str, style: Type) {
        self.turned_text((x, y), words, style, 0.0);
    }

    /// A text turned by `degrees` clockwise about its position.
    pub fn turned_text(&mut self, (x, y): (f64, f64), words: &str, style: Type, degrees: f64) {
        if words.is_empty() || !x.is_finite() || !y.is_finite() {
            return;
        }
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let turn = if degrees == 0.0 { String::new() } else { format!(" transform=\"rotate({} {} {})\"", n1(degrees), n1(x), n1(y)) };
        let halo = if style.halo {
            Paint::Paper.attribute("stroke") + " stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
        } else {
            String::new()
        };
        let bold = if style.bold { " font-weight=\"700\"" } else { "" };
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{bold}{anchor}{}{halo}{turn}>{}</text>",
            n1(x),
            n1(y),
            n1(style.size),
            style.paint.attribute("fill"),
            escape(words)
        );
    }

    /// Draws what `inside` draws, with words that a browser shows when the pointer rests on it.
    pub fn titled(&mut self, words: &str, inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, "<g><title>{}</title>", escape(words));
        inside(self);
        self.body.push_str("</g>");
    }

    /// A picture (PNG), its pixels kept sharp.
    pub fn image(&mut self, (x, y, w, h): (f64, f64, f64, f64), png: &[u8]) {
        let _ = write!(
            self.body,
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" \
             href=\"data:image/png;base64,{}\"/>",
            n1(x),
            n1(y),
            n1(w),
            n1(h),
            base64(png)
        );
    }

    /// Draws what `inside` draws, cut off at a rectangle.
    pub fn clipped(&mut self, (x, y, w, h): (f64, f64, f64, f64), inside: impl FnOnce(&mut Self)) {
        let mut path = Path::new();
        path.line(&[(x, y), (x + w, y), (x + w, y + h), (x, y + h)], true);
        self.clipped_to(&path, inside);
    }

    /// Draws what `inside` draws, cut off at a path.
    pub fn clipped_to(&mut self, path: &Path, inside: impl FnOnce(&mut Self)) {
        self.clips += 1;
        let id = format!("{ID}-c{}", self.clips);
        let _ = write!(self.body, "<clipPath id=\"{id}\"><path d=\"{}\"/></clipPath><g clip-path=\"url(#{id})\">", path.d);
        inside(self);
        self.body.push_str("</g>");
    }

    /// The whole drawing as SVG. `id` must be unique in its page; title and description are what screen readers say.
    pub fn svg(&self, id: &str, title: &str, description: &str, theme: Theme) -> String {
        let size = match theme {
            Theme::File => match self.paper {
                Some(mm) => format!(" width=\"{}mm\" height=\"{}mm\"", n2(mm), n2(mm * self.height / self.width)),
                None => format!(" width=\"{}\" height=\"{}\"", n1(self.width), n1(self.height)),
            },
            // A narrow drawing is not stretched over the page, its words with it.
            Theme::Page if self.width < 0.75 * super::WIDTH => format!(" style=\"--own: {}px\"", n1(1.2 * self.width)),
            Theme::Page => String::new(),
        };
        let ground = match theme {
            Theme::File => "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
            Theme::Page => "",
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\"{size} role=\"img\" aria-labelledby=\"{id}-t {id}-d\" \
             font-family=\"DejaVu Sans, Verdana, sans-serif\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{ground}{}</svg>",
            n1(self.width),
            n1(self.height),
            escape(title),
            escape(description),
            resolve(&self.body, id, theme)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_short_and_do_not_drift() {
        let mut p = Path::new();
        p.dot(10.04, 20.0);
        p.dot(10.0, 20.55);
        p.dot(f64::NAN, 1.0);
        assert_eq!(p.d, "M10 20h0m0 .6h0");
        let mut long = Path::new();
        let points: Vec<(f64, f64)> = (0..1000).map(|i| (f64::from(i) * 0.07, 0.0)).collect();
        long.line(&points, false);
        let sum: f64 = long.d[1..].split(['l', ' ', 'M']).filter(|s| !s.is_empty()).map(|s| s.parse::<f64>().unwrap()).sum();
        assert!((sum - 69.9).abs() < 0.051, "{sum}");
    }

    #[test]
    fn bytes_are_written_as_base64() {
        assert_eq!([&b""[..], b"f", b"fo", b"foo", b"foobar"].map(base64), ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYmFy"]);
    }

    #[test]
    fn a_page_follows_its_text_colour_and_a_file_is_literal() {
        let mut c = Canvas::new(100.0, 50.0);
        c.text((1.0, 2.0), "<script>", Type::new(12.0).muted().halo());
        c.line((f64::NAN, 0.0), (1.0, 1.0), Pen::new(Paint::Ink, 1.0));
        let (file, page) = (c.svg("f", "t", "d", Theme::File), c.svg("f", "t", "d", Theme::Page));
        assert!(file.contains("#595959") && !file.contains("currentColor") && !file.contains("NaN"));
        assert!(page.contains("currentColor") && page.contains("var(--paper, Canvas)") && !page.contains("#595959"));
        for svg in [file, page] {
            assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script"));
            assert!(!svg.chars().any(|c| ('\u{E000}'..='\u{F8FF}').contains(&c)));
        }
    }
}
