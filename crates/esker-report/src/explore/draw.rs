//! What all figures of an exploration share: grids of small panels, date axes, colours of values.

use esker_core::exploration::Colour;
use esker_core::{Calendar, Unit};

use crate::figure::axis::{Area, BODY, Panel, SMALL};
use crate::figure::canvas::{Canvas, Paint, Pen, Type};
use crate::figure::colour::{BAR, GREY, Map as Colours, Rgb, category};
use crate::figure::legend::{colour_bar, swatches};
use crate::figure::stats::{quantile, sorted};
use crate::figure::text::{fit, labelled, number, width};

/// Steps of a colour scale: few enough that marks of one colour share a path.
pub const STEPS: usize = 25;

/// The area of each of `n` panels in rows of `columns`, with room left of and below each; and the height of all.
pub fn panels(n: usize, columns: usize, whole: f64, (w_left, h, above, below): (f64, f64, f64, f64)) -> (Vec<Area>, f64) {
    let each = whole / columns as f64;
    let area = |i: usize| {
        let (row, column) = (i / columns, i % columns);
        (column as f64 * each + w_left, row as f64 * (above + h + below) + above, each - w_left - 14.0, h)
    };
    ((0..n).map(area).collect(), n.div_ceil(columns) as f64 * (above + h + below))
}

/// The name of a panel above it, with its unit.
pub fn heading(c: &mut Canvas, (x, y, w, _): Area, name: &str, unit: &Unit) {
    c.text((x, y - 8.0), &fit(&labelled(name, unit), SMALL, false, w + 8.0), Type::new(SMALL));
}

/// A name cut into lines, also at its underscores.
pub fn broken(name: &str, w: f64) -> Vec<String> {
    let lines = crate::figure::text::wrap(&name.replace('_', "_ "), BODY, w);
    lines.iter().map(|l| l.replace("_ ", "_")).collect()
}

/// Ticks of dates between two days: where, and what is written.
pub fn date_ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let real = Calendar::Proleptic;
    let long = (high - low) / most.max(1) as f64;
    let (first, last) = (real.date(low), real.date(high));
    let day = |y: i64, m: i64, d: u8| real.days(y + (m - 1).div_euclid(12), ((m - 1).rem_euclid(12) + 1) as u8, d).map(|d| d as f64);
    let mut out: Vec<(f64, String)> = Vec::new();
    if long > 200.0 {
        let step =
            [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000].into_iter().find(|s| *s as f64 * 365.25 >= long).unwrap_or(50_000);
        let mut year = first.year.div_euclid(step) * step;
        while year <= last.year + 1 {
            out.extend(day(year, 1, 1).map(|d| (d, year.to_string())));
            year += step;
        }
    } else if long > 20.0 {
        let step = [1, 2, 3, 6].into_iter().find(|s| *s as f64 * 30.4 >= long).unwrap_or(6);
        let months = (last.year - first.year) * 12 + i64::from(last.month);
        let mut month = 1;
        while month <= months + 1 {
            out.extend(day(first.year, month, 1).map(|d| (d, real.date(d).to_string()[..7].to_owned())));
            month += step;
        }
    } else if long > 0.4 {
        let step = [1.0, 2.0, 5.0, 10.0, 20.0].into_iter().find(|s| *s >= long).unwrap_or(30.0);
        let mut at = low.floor();
        while at <= high {
            out.push((at, real.date(at).to_string().split('T').next().unwrap_or_default().to_owned()));
            at += step;
        }
    } else {
        let step = [1.0 / 24.0, 2.0 / 24.0, 3.0 / 24.0, 0.25].into_iter().find(|s| *s >= long).unwrap_or(0.5);
        let mut at = low.floor();
        while at <= high {
            let text = real.date(at + 1e-7).to_string();
            let clock = text.split('T').nth(1).map_or("00:00", |t| &t[..5.min(t.len())]);
            out.push((at, clock.to_owned()));
            at += step;
        }
    }
    out.retain(|(t, _)| *t >= low && *t <= high);
    out
}

/// A horizontal axis of dates, or of plain numbers under a title.
pub fn time_axis(c: &mut Canvas, panel: &Panel, dated: bool, title: &str) {
    if !dated {
        return panel.x_axis(c, title, true);
    }
    let (left, top, w, h) = panel.area;
    let mut free = f64::NEG_INFINITY;
    for (t, label) in date_ticks(panel.x.low, panel.x.high, (w / 70.0).max(2.0) as usize) {
        let x = panel.x.at(t);
        c.line((x, top), (x, top + h), Pen::new(Paint::Grid, 1.0));
        c.line((x, top + h), (x, top + h + 4.0), Pen::new(Paint::Faint, 1.0));
        let half = width(&label, SMALL, false) / 2.0;
        let at = x.clamp(half, c.width - half);
        if at - half > free + 6.0 {
            c.text((at, top + h + 17.0), &label, Type::new(SMALL).middle().muted());
            free = at + half;
        }
    }
    c.line((left, top + h), (left + w, top + h), Pen::new(Paint::Faint, 1.0));
}

/// How values become colours.
pub enum Scale {
    /// Low, high, logarithmic or not, whether values lie below and above, and the colours.
    Numbers((f64, f64, bool), (bool, bool), Colours),
    /// One colour a class.
    Classes(Vec<String>),
}

impl Scale {
    /// The scale of some values: classes, values about zero in two hues, else from the first to the last hundredth.
    pub fn of<'a>(values: impl Iterator<Item = &'a f64>, levels: &[String], log: bool) -> Self {
        if !levels.is_empty() {
            return Self::Classes(levels.to_vec());
        }
        let known = sorted(values.copied().filter(|v| !log || *v > 0.0));
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return Self::Numbers((0.0, 1.0, false), (false, false), Colours::Viridis);
        };
        let (mut low, mut high) = (quantile(&known, 0.01), quantile(&known, 0.99));
        let mut colours = Colours::Viridis;
        if low < 0.0 && high > 0.0 && -low > 0.15 * high && high > -0.15 * low {
            high = high.max(-low);
            low = -high;
            colours = Colours::Vik;
        }
        if high - low <= 1e-9 * high.abs() {
            let room = 0.5 * low.abs().max(1e-3);
            (low, high) = (low - room, high + room);
        }
        Self::Numbers((low, high, log && low > 0.0), (*first < low, *last > high), colours)
    }

    /// The step of a value.
    fn step(&self, v: f64) -> usize {
        let Self::Numbers((low, high, log), ..) = self else { return 0 };
        let share = if *log { (v / low).ln() / (high / low).ln() } else { (v - low) / (high - low) };
        (share * (STEPS - 1) as f64).round().clamp(0.0, (STEPS - 1) as f64) as usize
    }

    /// The colour of a value.
    pub fn colour(&self, v: f64) -> Rgb {
        match self {
            _ if v.is_nan() => GREY,
            Self::Numbers(_, _, colours) => colours.at(self.step(v) as f64 / (STEPS - 1) as f64),
            Self::Classes(levels) => category(v as usize, levels.len()),
        }
    }

    /// The legend at x, y, of a width and height; the y below it.
    pub fn legend(&self, c: &mut Canvas, (x, y, w, h): Area, title: &str) -> f64 {
        let lines = if title.is_empty() { Vec::new() } else { broken(title, w) };
        for (i, line) in lines.iter().enumerate() {
            c.text((x, y + BODY + 17.0 * i as f64), line, Type::new(BODY));
        }
        let (y, title) = (y + 17.0 * lines.len() as f64, "");
        match self {
            Self::Numbers(scale, beyond, colours) => colour_bar(c, (x, y, w, h), title, *scale, *colours, *beyond),
            Self::Classes(levels) => {
                let items: Vec<(String, Rgb)> = levels.iter().enumerate().map(|(i, l)| (l.clone(), category(i, levels.len()))).collect();
                swatches(c, (x, y, w), title, &items, ((h / 19.0) as usize).max(4))
            }
        }
    }
}

/// The scale and colours of marks; blue where nothing colours them.
pub fn colours(of: Option<&Colour>, n: usize) -> (Option<Scale>, Vec<Rgb>) {
    let Some(colour) = of else { return (None, vec![BAR; n]) };
    let scale = Scale::of(colour.values.iter(), &colour.levels, false);
    let all = colour.values.iter().map(|v| scale.colour(*v)).collect();
    (Some(scale), all)
}

/// Says that there is nothing to see between two ends.
pub fn ends(low: f64, high: f64, unit: &Unit) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {}", crate::figure::text::unit(unit.as_str())) };
    format!("{} to {}{unit}", number(low), number(high))
}
