//! Axes of a panel on a plane: what they reach over, where ticks stand, how they are drawn.

use esker_core::{Error, Result};

use super::Axis;
use super::data::{Series, Values};
use super::dates::{date_label, date_ticks};
use crate::figure::axis::{BODY, SMALL};
use crate::figure::canvas::{Canvas, Paint, Pen, Type};
use crate::figure::scale::{Scale, padded};
use crate::figure::text::{fit, fixed, number, width, wrapped};

/// Classes on an axis at most.
const MOST: usize = 60;

/// What an axis reaches over, gathered from all its marks.
#[derive(Debug, Clone, Default)]
pub(super) struct Reach {
    pub low: f64,
    pub high: f64,
    seen: bool,
    times: bool,
    pub levels: Option<Vec<String>>,
    /// Name and unit of the first series.
    pub title: String,
    /// Whether the ends get some room.
    pub loose: bool,
}

impl Reach {
    /// Takes the numbers in; what a logarithm does not take is left out.
    pub fn numbers(&mut self, values: impl IntoIterator<Item = f64>, log: bool) {
        for v in values.into_iter().filter(|v| v.is_finite() && (!log || *v > 0.0)) {
            (self.low, self.high) = if self.seen { (self.low.min(v), self.high.max(v)) } else { (v, v) };
            self.seen = true;
        }
    }

    pub fn name(&mut self, title: &str) {
        if self.title.is_empty() {
            title.clone_into(&mut self.title);
        }
    }

    /// # Errors
    /// Classes and numbers on one axis.
    pub fn series(&mut self, s: &Series<'_>, rows: &[usize], log: bool) -> Result<()> {
        self.name(&s.title());
        let classes = matches!(s.values, Values::Classes(..));
        if self.seen && classes != self.levels.is_some() {
            return Err(Error::usage(format!("axis '{}' of a figure", self.title)).rule("marks on one axis are all classes or all numbers"));
        }
        self.times |= matches!(s.values, Values::Times(_));
        if let Some(levels) = s.levels() {
            if levels.len() > MOST {
                return Err(Error::usage(format!("axis '{}' of a figure", self.title))
                    .got(format!("{} classes", levels.len()))
                    .rule(format!("at most {MOST} stand on an axis")));
            }
            self.levels.get_or_insert_with(|| levels.to_vec());
            self.seen = true;
            return Ok(());
        }
        self.numbers(rows.iter().map(|&r| s.at(r)), log);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        !self.seen
    }

    /// Its ends in words.
    pub fn told(&self) -> String {
        if self.times {
            format!("{} to {}", date_label(self.low), date_label(self.high))
        } else {
            super::colours::told(self.low, self.high)
        }
    }
}

/// An axis in its place.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    scale: Scale,
    times: bool,
    levels: Option<Vec<String>>,
    pub title: String,
    log: bool,
    given: Option<Vec<(f64, String)>>,
    /// Room of the title across.
    pub room: f64,
}

impl Placed {
    pub fn new(reach: &Reach, style: &Axis, from: f64, to: f64) -> Self {
        let (from, to) = if style.reversed { (to, from) } else { (from, to) };
        let title = style.title.clone().unwrap_or_else(|| reach.title.clone());
        let (given, room) = (style.ticks.clone(), (to - from).abs());
        if let Some(levels) = &reach.levels {
            // Classes read from the top down.
            let (a, b) = if from > to { (to, from) } else { (from, to) };
            let scale = Scale::linear((-0.5, levels.len().max(1) as f64 - 0.5), a, b);
            return Self { scale, times: false, levels: Some(levels.clone()), title, log: false, given, room };
        }
        let domain = style.domain.unwrap_or(if !reach.loose {
            (reach.low, reach.high)
        } else if style.log {
            let by = (reach.high / reach.low).powf(0.03).max(1.02);
            (reach.low / by, reach.high * by)
        } else {
            padded((reach.low, reach.high), 0.03)
        });
        let scale = if style.log { Scale::log(domain, from, to) } else { Scale::linear(domain, from, to) };
        Self { scale, times: reach.times, levels: None, title, log: style.log, given, room }
    }

    pub fn at(&self, v: f64) -> f64 {
        if self.log && v <= 0.0 { f64::NAN } else { self.scale.at(v) }
    }

    pub fn value(&self, position: f64) -> f64 {
        self.scale.value(position)
    }

    /// Where bars begin: at 0, or at the lower end where 0 has no place.
    pub fn ground(&self) -> f64 {
        if self.log { self.at(self.scale.low) } else { self.at(0.0) }
    }

    /// Ticks, at most about so many, with their labels; and what the title should add.
    fn ticks(&self, most: usize) -> (Vec<(f64, String)>, String) {
        if let Some(given) = &self.given {
            return (given.clone(), String::new());
        }
        if let Some(levels) = &self.levels {
            return (levels.iter().enumerate().map(|(i, l)| (i as f64, l.clone())).collect(), String::new());
        }
        if self.times {
            return date_ticks(self.scale.low, self.scale.high, most);
        }
        let ticks = self.scale.ticks(most);
        let label = |v: f64| if self.log { plain(v) } else { ticks.label(v) };
        (ticks.at.iter().map(|&v| (v, label(v))).collect(), String::new())
    }

    /// As many ticks as have room for their labels side by side, at most eight or so.
    fn ticks_across(&self, room: f64) -> (Vec<(f64, String)>, String) {
        if self.levels.is_some() || self.given.is_some() {
            return self.ticks(0);
        }
        let most = (room / 62.0).round().clamp(2.0, 9.0) as usize;
        let fits = |t: &(Vec<(f64, String)>, String)| {
            let half = |i: usize| width(&t.0[i].1, SMALL, false) / 2.0;
            (1..t.0.len()).all(|i| (self.at(t.0[i].0) - self.at(t.0[i - 1].0)).abs() >= half(i) + half(i - 1) + 9.0)
        };
        (1..=most).rev().map(|n| self.ticks(n)).find(fits).unwrap_or_else(|| self.ticks(1))
    }

    /// Whether names of classes are too long to stand side by side.
    pub fn turns(&self, room: f64) -> bool {
        let slot = |l: &[String]| room / l.len().max(1) as f64 - 8.0;
        self.levels.as_ref().is_some_and(|l| l.iter().any(|n| width(n, SMALL, false) > slot(l)))
    }

    /// Room below a panel for labels and title.
    pub fn below(&self, room: f64) -> f64 {
        let titles = 16.0 * self.titles(&self.ticks_across(room).1, self.room).len() as f64;
        if !self.turns(room) {
            return 28.0 + titles;
        }
        let widest = self.levels.iter().flatten().map(|n| width(n, SMALL, false)).fold(0.0, f64::max);
        32.0 + 0.64 * widest.min(130.0) + titles
    }

    /// The title in at most two lines, with what the ticks leave unsaid.
    fn titles(&self, context: &str, room: f64) -> Vec<String> {
        let title = match (self.title.as_str(), context) {
            (title, "") => title.to_owned(),
            ("", context) => context.to_owned(),
            (title, context) => format!("{title} ({context})"),
        };
        let mut lines = wrapped(&title, BODY, room);
        if lines.len() > 2 {
            lines = vec![lines[0].clone(), fit(&lines[1..].join(" "), BODY, false, room)];
        }
        lines
    }

    /// Room that the title needs above a panel of height `h` and width `w`.
    pub fn above(&self, (w, h): (f64, f64)) -> f64 {
        16.0 * self.titles(&self.ticks(wanted(h)).1, w + self.beside(h) - 6.0).len() as f64
    }

    /// Room left of a panel of height `h` for the labels.
    pub fn beside(&self, h: f64) -> f64 {
        let widest = self.ticks(wanted(h)).0.iter().map(|(_, l)| width(l, SMALL, false)).fold(0.0, f64::max);
        widest.min(150.0) + 13.0
    }

    /// Draws the horizontal axis below an area.
    pub fn draw_x(&self, c: &mut Canvas, (left, top, w, h): (f64, f64, f64, f64), labels: bool) {
        let (ticks, context) = self.ticks_across(w);
        let turned = self.turns(w);
        let mut free = f64::NEG_INFINITY;
        for (v, label) in &ticks {
            let x = self.at(*v);
            if self.levels.is_none() {
                c.line((x, top), (x, top + h), Pen::new(Paint::Grid, 1.0));
            }
            c.line((x, top + h), (x, top + h + 4.0), Pen::new(Paint::Faint, 1.0));
            if !labels {
                continue;
            }
            if turned {
                if x > free {
                    c.turned_text((x + 4.0, top + h + 14.0), &fit(label, SMALL, false, 130.0), Type::new(SMALL).end().muted(), -40.0);
                    free = x + SMALL;
                }
                continue;
            }
            let half = width(label, SMALL, false) / 2.0;
            let x = x.clamp(half.min(c.width / 2.0), (c.width - half).max(c.width / 2.0));
            if x - half > free + 4.0 {
                c.text((x, top + h + 17.0), label, Type::new(SMALL).middle().muted());
                free = x + half;
            }
        }
        if labels || !ticks.is_empty() {
            c.line((left, top + h), (left + w, top + h), Pen::new(Paint::Faint, 1.0));
        }
        if labels {
            let lines = self.titles(&context, self.room);
            let y = top + h + self.below(w) + 8.0 - 16.0 * lines.len() as f64;
            for (i, line) in lines.iter().enumerate() {
                let half = width(line, BODY, false) / 2.0;
                let x = (left + w / 2.0).clamp(half.min(c.width / 2.0), (c.width - half).max(c.width / 2.0));
                c.text((x, y + 16.0 * i as f64), line, Type::new(BODY).middle());
            }
        }
    }

    /// Draws the vertical axis left of an area, its title above.
    pub fn draw_y(&self, c: &mut Canvas, (left, top, w, h): (f64, f64, f64, f64), labels: bool) {
        let (ticks, context) = self.ticks(wanted(h));
        let mut widest = 0f64;
        let mut free = f64::NAN;
        for (v, label) in &ticks {
            let y = self.at(*v);
            if self.levels.is_none() {
                c.line((left, y), (left + w, y), Pen::new(Paint::Grid, 1.0));
            }
            if labels && (free.is_nan() || (y - free).abs() >= SMALL) {
                let label = fit(label, SMALL, false, 150.0);
                widest = widest.max(width(&label, SMALL, false));
                c.text((left - 7.0, y + SMALL * 0.36), &label, Type::new(SMALL).end().muted());
                free = y;
            }
        }
        if labels {
            let from = (left - 7.0 - widest).max(0.0);
            let lines = self.titles(&context, left + w - from);
            for (i, line) in lines.iter().rev().enumerate() {
                c.text((from, top - 10.0 - 16.0 * i as f64), line, Type::new(BODY));
            }
        }
    }
}

/// A tick of a logarithmic axis, which is a round number: as short as it gets.
pub(super) fn plain(v: f64) -> String {
    if !(1e-4..1e7).contains(&v.abs()) {
        return number(v);
    }
    fixed(v, format!("{v}").split_once('.').map_or(0, |(_, rest)| rest.len()))
}

fn wanted(h: f64) -> usize {
    (h / 52.0).round().clamp(3.0, 9.0) as usize
}
