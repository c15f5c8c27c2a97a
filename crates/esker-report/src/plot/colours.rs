//! Colour and size scales, and their legends.

use super::Axis;
use crate::figure::axis::{BODY, SMALL};
use crate::figure::canvas::{Canvas, Paint, Pen, Type};
use crate::figure::colour::{BLUE, GREY, Map, RIM, Rgb, category};
use crate::figure::legend::{Key, colour_bar, keys, swatches};
use crate::figure::scale;
use crate::figure::stats::{quantile, sorted};
use crate::figure::text::{fit, number, width, wrap};

/// Steps of a continuous scale: enough to look smooth, few enough that marks of a colour share a path.
const STEPS: f64 = 48.0;
/// Classes that get a colour of their own.
const CLASSES: usize = 20;

/// What colours stand for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scale {
    Numbers { low: f64, high: f64, log: bool, map: Map, beyond: (bool, bool) },
    Classes(Vec<String>),
}

impl Scale {
    /// From the first to the last hundredth of the values. Blue to red where values lie on both sides of 0 in earnest.
    pub fn of_numbers(values: impl IntoIterator<Item = f64>, style: &Axis) -> Self {
        let known = sorted(values.into_iter().filter(|v| v.is_finite() && (!style.log || *v > 0.0)));
        let (mut low, mut high) = if known.is_empty() { (0.0, 1.0) } else { (quantile(&known, 0.01), quantile(&known, 0.99)) };
        let both = low < 0.0 && high > 0.0 && (-low).min(high) > 0.25 * (-low).max(high);
        let map = style.colours.unwrap_or(if both { Map::Vik } else { Map::Viridis });
        if map == Map::Vik && both {
            high = high.max(-low);
            low = -high;
        }
        if let Some(ends) = style.domain {
            (low, high) = ends;
        }
        if high - low <= 1e-9 * high.abs().max(low.abs()) {
            let room = 0.5 * low.abs().max(1e-3);
            (low, high) = if style.log { (low / 2.0, high * 2.0) } else { (low - room, high + room) };
        }
        let beyond = (known.first().is_some_and(|v| *v < low), known.last().is_some_and(|v| *v > high));
        Self::Numbers { low, high, log: style.log, map, beyond }
    }

    pub fn colour(&self, v: f64) -> Rgb {
        match self {
            Self::Numbers { low, high, log, map, .. } => {
                let t = if *log { (v / low).ln() / (high / low).ln() } else { (v - low) / (high - low) };
                map.at((t * STEPS).round() / STEPS)
            }
            Self::Classes(levels) if levels.len() > CLASSES && v as usize >= CLASSES - 1 => GREY,
            Self::Classes(levels) => category(v as usize, levels.len().min(CLASSES)),
        }
    }
}

/// Areas of dots.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sizes {
    pub title: String,
    pub low: f64,
    pub high: f64,
    /// How many dots there are: many are small.
    pub rows: usize,
}

impl Sizes {
    /// The value of the smallest area: 0, unless all values lie far from it, as magnitudes do.
    fn from(&self) -> f64 {
        if (0.0..0.4 * self.high).contains(&self.low) { 0.0 } else { self.low }
    }

    /// Radius in user units, in steps of a tenth of the largest: the area follows the value.
    pub fn radius(&self, v: f64) -> f64 {
        let most = match self.rows {
            0..=100 => 11.0,
            101..=1000 => 8.0,
            1001..=4000 => 5.5,
            _ => 4.2,
        };
        let share = if self.high > self.from() { ((v - self.from()) / (self.high - self.from())).clamp(0.0, 1.0) } else { 1.0 };
        most * (0.15 + 0.85 * (share.sqrt() * 10.0).round() / 10.0)
    }

    /// Values for the legend, with their labels.
    fn shown(&self) -> Vec<(f64, String)> {
        let ticks = scale::ticks(self.from(), self.high, 4);
        let mut at: Vec<f64> = ticks.at.iter().copied().filter(|v| *v >= self.low.min(self.high)).collect();
        while at.len() > 3 {
            at.remove(at.len() - 2);
        }
        at.into_iter().map(|v| (v, ticks.label(v))).collect()
    }
}

/// All that a sheet's colours and sizes stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Legend {
    /// By the title of what they show.
    pub scales: Vec<(String, Scale)>,
    pub sizes: Option<Sizes>,
    pub keys: Vec<(String, Key)>,
}

impl Legend {
    pub fn scale(&self, title: &str) -> Option<&Scale> {
        self.scales.iter().find(|(t, _)| t == title).map(|(_, s)| s)
    }

    pub fn is_empty(&self) -> bool {
        self.scales.is_empty() && self.sizes.is_none() && self.keys.is_empty()
    }

    /// Draws the legend in a column.
    pub fn draw_aside(&self, c: &mut Canvas, (x, y, w): (f64, f64, f64)) -> f64 {
        let mut at = y;
        for (title, scale) in &self.scales {
            at = match scale {
                Scale::Numbers { low, high, log, map, beyond } => {
                    colour_bar(c, (x, at, w, 190.0), title, (*low, *high, *log), *map, *beyond) + 20.0
                }
                Scale::Classes(levels) => {
                    let items: Vec<(String, Rgb)> = levels.iter().enumerate().map(|(i, l)| (l.clone(), scale.colour(i as f64))).collect();
                    swatches(c, (x, at, w), title, &items, CLASSES) + 22.0
                }
            };
        }
        if let Some(sizes) = &self.sizes {
            for line in wrap(&sizes.title, BODY, w) {
                at += 17.0;
                c.text((x, at), &line, Type::new(BODY));
            }
            at += 6.0;
            for (v, label) in sizes.shown() {
                let r = sizes.radius(v);
                at += (2.0 * r).max(16.0) + 3.0;
                c.circle((x + 11.0, at - r.max(8.0)), r, Paint::Rgb(BLUE), Some(Pen::new(Paint::Rgb(RIM), 0.6)));
                c.text((x + 28.0, at - r.max(8.0) + SMALL * 0.36), &label, Type::new(SMALL).muted());
            }
            at += 16.0;
        }
        for (name, key) in &self.keys {
            for (i, line) in wrap(name, SMALL, w - 22.0).iter().enumerate() {
                at += 18.0;
                if i == 0 {
                    mark(c, (x, at), *key);
                }
                c.text((x + 22.0, at), line, Type::new(SMALL));
            }
        }
        at
    }

    /// Height of the legend where it stands in rows below the panels.
    pub fn below(&self, w: f64) -> f64 {
        self.draw_below(&mut Canvas::new(w, 10.0), (0.0, 0.0, w))
    }

    /// Draws the legend in rows; returns the y below it.
    pub fn draw_below(&self, c: &mut Canvas, (x, y, w): (f64, f64, f64)) -> f64 {
        let mut at = y;
        for (title, scale) in &self.scales {
            at += 18.0;
            c.text((x, at), &fit(title, BODY, false, w), Type::new(BODY));
            at = match scale {
                Scale::Numbers { low, high, log, map, beyond } => {
                    bar_across(c, (x, at + 8.0, w), (*low, *high, *log), *map, *beyond);
                    at + 44.0
                }
                Scale::Classes(levels) => {
                    let item = |(i, l): (usize, &String)| (l.clone(), Key::Dot(Paint::Rgb(scale.colour(i as f64))));
                    let items: Vec<(String, Key)> = levels.iter().take(CLASSES).enumerate().map(item).collect();
                    keys(c, (x, at + 20.0, x + w), &items) + 10.0
                }
            };
        }
        if let Some(sizes) = &self.sizes {
            at += 20.0;
            c.text((x, at), &fit(&sizes.title, BODY, false, w), Type::new(BODY));
            at += 24.0;
            let mut across = x;
            for (v, label) in sizes.shown() {
                let r = sizes.radius(v);
                c.circle((across + r, at - 4.5), r, Paint::Rgb(BLUE), Some(Pen::new(Paint::Rgb(RIM), 0.6)));
                c.text((across + 2.0 * r + 6.0, at), &label, Type::new(SMALL).muted());
                across += 2.0 * r + 24.0 + width(&label, SMALL, false);
            }
            at += 10.0;
        }
        if !self.keys.is_empty() {
            at = keys(c, (x, at + 20.0, x + w), &self.keys) + 10.0;
        }
        at
    }
}

fn mark(c: &mut Canvas, (x, y): (f64, f64), key: Key) {
    let middle = y - SMALL * 0.36;
    match key {
        Key::Dot(p) => c.circle((x + 7.0, middle), 5.0, p, None),
        Key::Ring(p) => c.circle((x + 7.0, middle), 4.3, Paint::Paper, Some(Pen::new(p, 1.8))),
        Key::Line(pen) => c.line((x, middle), (x + 15.0, middle), pen),
    }
}

/// A colour bar on its side, its labels below.
fn bar_across(c: &mut Canvas, (x, y, w): (f64, f64, f64), (low, high, log): (f64, f64, bool), map: Map, beyond: (bool, bool)) {
    let (left, right) = (x + 8.0, x + w - 14.0);
    let each = (right - left) / 64.0;
    for i in 0..64 {
        let t = (f64::from(i) + 0.5) / 64.0;
        c.rect((left + f64::from(i) * each, y, each + if i < 63 { 0.6 } else { 0.0 }, 12.0), Paint::Rgb(map.at(t)), 1.0);
    }
    let s = if log { scale::Scale::log((low, high), left, right) } else { scale::Scale::linear((low, high), left, right) };
    let ticks = s.ticks((w / 75.0).clamp(2.0, 8.0) as usize);
    let mut free = f64::NEG_INFINITY;
    for &v in &ticks.at {
        let at = s.at(v);
        let sign = if beyond.0 && (at - left).abs() < 1.0 {
            "≤ "
        } else if beyond.1 && (at - right).abs() < 1.0 {
            "≥ "
        } else {
            ""
        };
        let label = format!("{sign}{}", if log { super::axes::plain(v) } else { ticks.label(v) });
        let half = width(&label, SMALL, false) / 2.0;
        c.line((at, y + 12.0), (at, y + 16.0), Pen::new(Paint::Faint, 1.0));
        let at = at.clamp(half + 1.0, (c.width - half - 1.0).max(half + 1.0));
        if at - half > free + 6.0 {
            c.text((at, y + 29.0), &label, Type::new(SMALL).middle().muted());
            free = at + half;
        }
    }
}

/// The ends of a scale in words.
pub(super) fn told(low: f64, high: f64) -> String {
    format!("{} to {}", number(low), number(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_on_both_sides_of_zero_are_blue_and_red_with_zero_in_the_middle() {
        let style = Axis::default();
        let s = Scale::of_numbers([-2.0, -1.0, 0.5, 3.0], &style);
        assert!(matches!(s, Scale::Numbers { low, high, map: Map::Vik, .. } if low == -high));
        assert!(matches!(Scale::of_numbers([-0.1, 5.0], &style), Scale::Numbers { map: Map::Viridis, .. }));
        assert!(matches!(Scale::of_numbers([3.0, 3.0], &style), Scale::Numbers { low, high, .. } if low < 3.0 && high > 3.0));
        let log = Axis { log: true, ..Axis::default() };
        assert!(matches!(Scale::of_numbers([0.0, 1.0, 100.0], &log), Scale::Numbers { low, log: true, .. } if low > 0.0));
    }

    #[test]
    fn the_area_of_a_dot_follows_its_value() {
        let s = Sizes { title: "m".into(), low: 1.0, high: 9.0, rows: 50 };
        assert!(s.radius(9.0) > s.radius(4.0) && s.radius(4.0) > s.radius(1.0));
        assert!((1..=3).contains(&s.shown().len()) && s.shown().iter().all(|v| v.0 >= 1.0 && v.0 <= 9.0));
        // Magnitudes from 6 to 9 are told apart, and many dots are small.
        let quakes = Sizes { title: "magnitude".into(), low: 6.0, high: 9.0, rows: 14_000 };
        assert!(quakes.radius(9.0) > 3.0 * quakes.radius(6.1) && quakes.radius(9.0) < 5.0);
    }
}
