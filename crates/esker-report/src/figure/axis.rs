//! Plot areas with axes: ticks, grid, titles with units. The y title lies above the axis, so nothing is turned.

use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::scale::{Scale, Ticks};
use super::text::{fit, width, wrap};

/// Size of tick labels and secondary text.
pub const SMALL: f64 = 12.5;
/// Size of axis titles and labels.
pub const BODY: f64 = 13.5;
/// Size of panel titles.
pub const HEAD: f64 = 14.5;

/// A rectangle of the drawing: x, y, width, height.
pub type Area = (f64, f64, f64, f64);

/// A plot area with a horizontal and a vertical scale.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// Where the data are drawn.
    pub area: Area,
    /// Horizontal scale, left to right.
    pub x: Scale,
    /// Vertical scale, bottom to top.
    pub y: Scale,
}

impl Panel {
    /// A panel with linear scales over the two domains.
    pub fn new(area: Area, x: (f64, f64), y: (f64, f64)) -> Self {
        let (left, top, w, h) = area;
        Self { area, x: Scale::linear(x, left, left + w), y: Scale::linear(y, top + h, top) }
    }

    /// Position of a pair of values.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    /// Positions of a curve, cut where a value is not a number.
    pub fn curve(&self, points: impl IntoIterator<Item = (f64, f64)>) -> Path {
        let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| self.at(x, y)).collect();
        let mut path = Path::new();
        path.line(&points, false);
        path
    }

    /// Horizontal axis below the panel, with its title; grid lines if wanted.
    pub fn x_axis(&self, c: &mut Canvas, title: &str, grid: bool) {
        let (left, top, w, h) = self.area;
        let ticks = self.x_ticks();
        let mut free = f64::NEG_INFINITY;
        for &v in &ticks.at {
            let x = self.x.at(v);
            if grid {
                c.line((x, top), (x, top + h), Pen::new(Paint::Grid, 1.0));
            }
            c.line((x, top + h), (x, top + h + 4.0), Pen::new(Paint::Faint, 1.0));
            let label = ticks.label(v);
            let half = width(&label, SMALL, false) / 2.0;
            // The outermost label stays inside the drawing.
            let x = x.clamp(half.min(c.width / 2.0), (c.width - half).max(c.width / 2.0));
            if x - half > free + 4.0 {
                c.text((x, top + h + 17.0), &label, Type::new(SMALL).middle().muted());
                free = x + half;
            }
        }
        c.line((left, top + h), (left + w, top + h), Pen::new(Paint::Faint, 1.0));
        // A long title takes a second line where the drawing has room for one.
        let room = (w + 40.0).min(left + w);
        let lines = if top + h + 58.0 <= c.height { wrap(title, BODY, room) } else { vec![fit(title, BODY, false, room)] };
        for (i, line) in lines.iter().take(2).enumerate() {
            let half = width(line, BODY, false) / 2.0;
            let x = (left + w / 2.0).clamp(half.min(c.width / 2.0), (c.width - half).max(c.width / 2.0));
            c.text((x, top + h + 36.0 + 16.0 * i as f64), line, Type::new(BODY).middle());
        }
    }

    /// As many ticks as have room for their labels, at most eight or so.
    fn x_ticks(&self) -> Ticks {
        let w = self.area.2;
        let most = (w / 55.0).round().clamp(2.0, 8.0) as usize;
        let fits = |t: &Ticks| {
            let widest = t.at.iter().map(|&v| width(&t.label(v), SMALL, false)).fold(0.0, f64::max);
            t.at.windows(2).all(|p| (self.x.at(p[1]) - self.x.at(p[0])).abs() >= widest + 12.0)
        };
        (2..=most).rev().map(|n| self.x.ticks(n)).find(fits).unwrap_or_else(|| self.x.ticks(2))
    }

    /// Vertical axis left of the panel; the title stands above it, beginning where the labels begin.
    pub fn y_axis(&self, c: &mut Canvas, title: &str, grid: bool) {
        let (left, top, w, h) = self.area;
        let ticks = self.y.ticks((h / 55.0).round().clamp(2.0, 8.0) as usize);
        let labels: Vec<String> = ticks.at.iter().map(|&v| ticks.label(v)).collect();
        let widest = labels.iter().map(|l| width(l, SMALL, false)).fold(0.0, f64::max);
        for (&v, label) in ticks.at.iter().zip(&labels) {
            let y = self.y.at(v);
            if grid {
                c.line((left, y), (left + w, y), Pen::new(Paint::Grid, 1.0));
            }
            c.text((left - 7.0, y + SMALL * 0.36), label, Type::new(SMALL).end().muted());
        }
        let from = (left - 7.0 - widest).max(0.0);
        c.text((from, top - 10.0), &fit(title, BODY, false, left + w - from), Type::new(BODY));
    }

    /// Bold title above the panel and its y title.
    pub fn head(&self, c: &mut Canvas, x: f64, title: &str) {
        let (left, top, w, _) = self.area;
        c.text((x, top - 32.0), &fit(title, HEAD, true, left + w - x), Type::new(HEAD).bold());
    }

    /// Room that the labels of a vertical axis over `domain` need left of a panel of height `h`.
    pub fn y_room(domain: (f64, f64), h: f64) -> f64 {
        let ticks = Scale::linear(domain, h, 0.0).ticks((h / 55.0).round().clamp(2.0, 8.0) as usize);
        ticks.at.iter().map(|&v| width(&ticks.label(v), SMALL, false)).fold(0.0, f64::max) + 12.0
    }
}
