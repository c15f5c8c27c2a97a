//! Legends: colour bars, and swatches that label categories.

use super::axis::{Area, BODY, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{Map, Rgb};
use super::scale::Scale;
use super::text::{fit, width, wrapped};

/// A vertical colour bar in `area` (x, y, width that labels may use, height), its title above it.
/// Returns the y below it. `beyond` says whether values lie below and above the scale's ends (drawn as ≤ and ≥).
pub fn colour_bar(c: &mut Canvas, area: Area, title: &str, scale: (f64, f64, bool), map: Map, beyond: (bool, bool)) -> f64 {
    let (x, y, w, h) = area;
    let (low, high, log) = scale;
    let lines = wrapped(title, BODY, w);
    for (i, line) in lines.iter().enumerate() {
        c.text((x, y + BODY + 17.0 * i as f64), line, Type::new(BODY));
    }
    let top = y + 17.0 * lines.len() as f64 + 12.0;
    let bottom = (y + h).max(top + 40.0);
    let steps = 64;
    let each = (bottom - top) / f64::from(steps);
    for i in 0..steps {
        let t = 1.0 - (f64::from(i) + 0.5) / f64::from(steps);
        // A little taller than its step, so that no seam shows between neighbours.
        c.rect((x, top + f64::from(i) * each, 16.0, each + if i + 1 < steps { 0.6 } else { 0.0 }), Paint::Rgb(map.at(t)), 1.0);
    }
    let s = if log { Scale::log((low, high), bottom, top) } else { Scale::linear((low, high), bottom, top) };
    let ticks = s.ticks(((bottom - top) / 34.0).clamp(2.0, 7.0) as usize);
    for &v in &ticks.at {
        let at = s.at(v);
        c.line((x + 16.0, at), (x + 20.0, at), Pen::new(Paint::Faint, 1.0));
        let first = beyond.0 && (at - bottom).abs() < 1.0;
        let last = beyond.1 && (at - top).abs() < 1.0;
        let sign = if first {
            "≤ "
        } else if last {
            "≥ "
        } else {
            ""
        };
        let label = if log { super::text::weight(v) } else { ticks.label(v) };
        c.text((x + 24.0, at + SMALL * 0.36), &fit(&format!("{sign}{label}"), SMALL, false, w - 24.0), Type::new(SMALL).muted());
    }
    bottom
}

/// Swatches one below the other; returns the y below the last one. What does not fit `rows` is counted.
pub fn swatches(c: &mut Canvas, (x, y, w): (f64, f64, f64), title: &str, items: &[(String, Rgb)], rows: usize) -> f64 {
    let mut at = y;
    for line in wrapped(title, BODY, w) {
        at += 17.0;
        c.text((x, at), &line, Type::new(BODY));
    }
    at += 6.0;
    let shown = if items.len() > rows { rows.saturating_sub(1) } else { items.len() };
    for (name, colour) in &items[..shown] {
        at += 19.0;
        c.circle((x + 6.0, at - 4.5), 5.5, Paint::Rgb(*colour), Some(Pen::new(Paint::Faint, 0.6)));
        c.text((x + 18.0, at), &fit(name, SMALL, false, w - 18.0), Type::new(SMALL));
    }
    if shown < items.len() {
        at += 19.0;
        c.text((x + 18.0, at), &format!("and {} more", items.len() - shown), Type::new(SMALL).muted());
    }
    at
}

/// How a key of a row legend is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key {
    /// A filled dot.
    Dot(Paint),
    /// A ring.
    Ring(Paint),
    /// A short line.
    Line(Pen),
}

/// Keys in one row from `x`; wraps to a further row at `right`. Returns the y of the last row.
pub fn keys(c: &mut Canvas, (x, y, right): (f64, f64, f64), items: &[(String, Key)]) -> f64 {
    let (mut at, mut row) = (x, y);
    for (name, key) in items {
        let name = fit(name, SMALL, false, right - x - 26.0);
        let needs = 22.0 + width(&name, SMALL, false);
        if at > x && at + needs > right {
            at = x;
            row += 20.0;
        }
        let middle = row - SMALL * 0.36;
        match key {
            Key::Dot(p) => c.circle((at + 7.0, middle), 5.0, *p, None),
            Key::Ring(p) => c.circle((at + 7.0, middle), 4.3, Paint::Paper, Some(Pen::new(*p, 1.8))),
            Key::Line(pen) => c.line((at, middle), (at + 15.0, middle), *pen),
        }
        c.text((at + 20.0, row), &name, Type::new(SMALL));
        at += needs + 18.0;
    }
    row
}
