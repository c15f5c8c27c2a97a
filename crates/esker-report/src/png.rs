//! SVG to PNG with embedded fonts, so that the same drawing gives the same bits on every machine.

use std::sync::{Arc, OnceLock};

use esker_core::{Error, Result};
use resvg::{tiny_skia, usvg};

const REGULAR: &[u8] = include_bytes!("../assets/dejavu-sans.ttf");
const BOLD: &[u8] = include_bytes!("../assets/dejavu-sans-bold.ttf");
/// Widest picture that is drawn: beyond this a page of paper at 1200 dots an inch gains nothing.
const WIDEST: u32 = 20_000;

pub(crate) fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_font_data(REGULAR.to_vec());
            fonts.load_font_data(BOLD.to_vec());
            fonts.set_sans_serif_family("DejaVu Sans");
            Arc::new(fonts)
        })
        .clone()
}

/// Draws an SVG as a PNG `width_px` wide, its height in proportion.
///
/// # Errors
/// A width of 0 or beyond 20,000 pixels, or text that is no SVG.
pub fn render(svg: &str, width_px: u32) -> Result<Vec<u8>> {
    let wrong = |why: String| Error::numeric("figure as PNG").got(why);
    if width_px == 0 || width_px > WIDEST {
        return Err(wrong(format!("a width of {width_px} pixels")).rule("a picture is 1 to 20000 pixels wide"));
    }
    let tree = parsed(svg).map_err(|e| wrong(e).rule("the figure must be valid SVG"))?;
    let scale = width_px as f32 / tree.size().width();
    let height = (tree.size().height() * scale).round().max(1.0) as u32;
    let mut picture = tiny_skia::Pixmap::new(width_px, height).ok_or_else(|| wrong(format!("{width_px} × {height} pixels")))?;
    let whole = tiny_skia::Transform::from_scale(scale, scale);
    if svg.contains("<image ") {
        paint(tree.root(), whole, &mut picture);
    } else {
        resvg::render(&tree, whole, &mut picture.as_mut());
    }
    picture.encode_png().map_err(|e| wrong(e.to_string()))
}

/// The drawing as a tree of plain shapes, with the fonts above.
pub(crate) fn parsed(svg: &str) -> Result<usvg::Tree, String> {
    let options = usvg::Options { fontdb: fonts(), font_family: "DejaVu Sans".to_owned(), ..usvg::Options::default() };
    usvg::Tree::from_str(svg, &options).map_err(|e| e.to_string())
}

/// Draws the nodes one by one. Pictures are laid down here, so that resvg need not bring decoders of four formats along: they
/// stand at the top of a drawing, outside of any clip.
fn paint(group: &usvg::Group, to: tiny_skia::Transform, picture: &mut tiny_skia::Pixmap) {
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) if inner.has_children() && is_plain(inner) => paint(inner, to.pre_concat(inner.transform()), picture),
            usvg::Node::Image(image) => {
                let usvg::ImageKind::PNG(bytes) = image.kind() else { continue };
                let Ok(pixels) = tiny_skia::Pixmap::decode_png(bytes) else { continue };
                let how = tiny_skia::PixmapPaint { quality: tiny_skia::FilterQuality::Nearest, ..Default::default() };
                picture.draw_pixmap(0, 0, pixels.as_ref(), &how, to, None);
            }
            other => {
                if let Some(corner) = other.abs_layer_bounding_box() {
                    // A node alone is drawn from its own corner.
                    resvg::render_node(other, to.pre_translate(corner.x(), corner.y()), &mut picture.as_mut());
                }
            }
        }
    }
}

/// An image stands in a group that cuts it at its own rim, which cuts nothing.
fn clips_more_than_its_image(group: &usvg::Group) -> bool {
    group.clip_path().is_some() && !matches!(group.children(), [usvg::Node::Image(_)])
}

/// Whether a group changes nothing about what it holds; transforms are in the nodes already.
fn is_plain(group: &usvg::Group) -> bool {
    !clips_more_than_its_image(group) && group.mask().is_none() && group.filters().is_empty() && group.opacity() == usvg::Opacity::ONE
}

/// A PNG with its size on paper: dots an inch in a `pHYs` chunk after the header.
pub fn with_resolution(png: &[u8], dots_an_inch: f64) -> Vec<u8> {
    // Signature (8) and header chunk (25).
    let (head, rest) = png.split_at(33.min(png.len()));
    let mut body = b"pHYs".to_vec();
    let a_metre = ((dots_an_inch / 0.0254).round() as u32).to_be_bytes();
    body.extend(a_metre.iter().chain(&a_metre).chain(&[1]));
    let mut sum = u32::MAX;
    for byte in &body {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    [head, &9u32.to_be_bytes(), &body, &(!sum).to_be_bytes(), rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_drawn_with_the_embedded_font_and_bits_repeat() {
        let svg = |t: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 20\" font-family=\"DejaVu Sans, Verdana, sans-serif\"><text y=\"15\">{t}</text></svg>"
            )
        };
        let (a, b) = (render(&svg("R²"), 80).unwrap(), render(&svg(" "), 80).unwrap());
        assert_ne!(a, b, "the text left no mark");
        assert_eq!(a, render(&svg("R²"), 80).unwrap());
        // Width and height of the header chunk.
        assert_eq!((&a[16..20], &a[20..24]), ([0, 0, 0, 80].as_slice(), [0, 0, 0, 40].as_slice()));
    }

    #[test]
    fn what_is_no_svg_is_refused() {
        insta::assert_snapshot!(render("hello", 100).unwrap_err(), @"figure as PNG: got SVG data parsing failed cause unknown token at 1:1; the figure must be valid SVG");
        insta::assert_snapshot!(render("<svg/>", 0).unwrap_err(), @"figure as PNG: got a width of 0 pixels; a picture is 1 to 20000 pixels wide");
    }
}
