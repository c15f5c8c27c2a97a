//! Detrend: a line through time is taken off.

use esker_core::{Column, Error, FittedTransform, MISSING, Parameter, Result, Samples, Settings, Transform, Values};
use serde::{Deserialize, Serialize};

use super::lag::beside;
use super::wanted::{Wanted, days, groups, members, short};
use crate::store;

/// What it does.
pub const DOC: &str = "The least-squares line of the training rows through time is taken off; with `by_group` that of the row's own group. A group that the training rows do not \
     know, or know at one time alone, has the line of all.";

/// Days of a decade, the unit of slopes in words.
const DECADE: f64 = 3652.425;

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::flag("by_group", false, "Whether each group has its own line."),
        Parameter::flag("keep", false, "Whether the column stays, and what is left comes beside it as `… detrended`."),
    ]
}

/// Takes off a line.
pub struct Detrend {
    columns: Wanted,
    own: bool,
    keep: bool,
}

impl Detrend {
    /// Of these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, own: settings.flag("by_group"), keep: settings.flag("keep") }
    }
}

/// A line through time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Line {
    /// Mean time in days.
    at: f64,
    /// Mean value.
    mean: f64,
    /// Per day.
    slope: f64,
}

impl Line {
    /// Through some points; `None` of points at fewer than two times.
    fn through(points: impl Iterator<Item = (f64, f64)>) -> Option<Self> {
        let mut p: Vec<(f64, f64)> = points.filter(|(t, v)| !t.is_nan() && !v.is_nan()).collect();
        // Whatever the order of the rows.
        p.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let n = p.len() as f64;
        let at = p.iter().map(|p| p.0).sum::<f64>() / n;
        let mean = p.iter().map(|p| p.1).sum::<f64>() / n;
        let (mut tt, mut tv) = (0.0, 0.0);
        for (t, v) in &p {
            tt += (t - at) * (t - at);
            tv += (t - at) * (v - mean);
        }
        (tt > 0.0 && mean.is_finite() && tv.is_finite()).then(|| Self { at, mean, slope: tv / tt })
    }

    fn left(&self, t: f64, v: f64) -> f64 {
        v - self.mean - self.slope * (t - self.at)
    }

    fn sound(&self) -> bool {
        self.at.is_finite() && self.mean.is_finite() && self.slope.is_finite()
    }
}

impl Transform for Detrend {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let days = days(train, "detrend")?;
        if self.own && train.support().group.is_none() {
            return Err(Error::data("step 'detrend'")
                .got("by_group = true, and rows without a group")
                .rule("it needs the group of each row")
                .hint("name the column: [roles] group = \"…\""));
        }
        let (codes, labels) = if self.own { groups(train, &[]) } else { (Vec::new(), Vec::new()) };
        let members = members(&codes, labels.len());
        let mut fields = Vec::new();
        let mut learned = Vec::new();
        for column in self.columns.numbers(train, target)? {
            let values = column.reals()?;
            let all = Line::through(days.iter().copied().zip(values.iter().copied()));
            let of = |rows: &Vec<usize>| Line::through(rows.iter().map(|&r| (days[r], values[r])));
            let by_group: Vec<Option<Line>> = members.iter().map(of).collect();
            let says = match &all {
                Some(line) => {
                    let own = if self.own {
                        format!("; {} groups have lines of their own", by_group.iter().flatten().count())
                    } else {
                        String::new()
                    };
                    format!("{} a decade{own}", short(line.slope * DECADE) + &column.unit.suffix())
                }
                None => "no line: values at fewer than two times".to_owned(),
            };
            learned.push((column.name.clone(), says));
            fields.push(Field { name: column.name.clone(), all, by_group });
        }
        Ok(Box::new(Lines { keep: self.keep, labels, fields, learned }))
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    all: Option<Line>,
    by_group: Vec<Option<Line>>,
}

#[derive(Serialize, Deserialize)]
struct Lines {
    keep: bool,
    labels: Vec<String>,
    fields: Vec<Field>,
    learned: Vec<(String, String)>,
}

impl FittedTransform for Lines {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        let days = days(&samples, "detrend")?.to_vec();
        let codes = if self.labels.is_empty() { vec![MISSING; samples.rows()] } else { groups(&samples, &self.labels).0 };
        for field in &self.fields {
            let column = samples.column(&field.name)?.clone();
            let one = |(row, v): (usize, &f64)| {
                let own = field.by_group.get(codes[row] as usize).copied().flatten();
                // A row that does not know when it was keeps the mean trend of none.
                let left = own.or(field.all).map_or(*v, |l| l.left(if days[row].is_nan() { l.at } else { days[row] }, *v));
                if left.is_finite() || v.is_nan() { left } else { *v }
            };
            let values = column.reals()?.iter().enumerate().map(one).collect();
            let name = if self.keep { format!("{} detrended", field.name) } else { field.name.clone() };
            let made = Column { name, unit: column.unit.clone(), values: Values::Real(values) };
            if self.keep { samples = beside(samples, vec![made])? } else { samples.put(made)? }
        }
        Ok(samples)
    }

    fn learned(&self) -> Vec<(String, String)> {
        self.learned.clone()
    }

    fn wants_time(&self) -> bool {
        true
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted step from the bytes it saved.
///
/// # Errors
/// Bytes that are no such step.
pub fn load(bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let fitted: Lines = store::load("detrend step", bytes)?;
    let sound = |f: &Field| f.all.iter().chain(f.by_group.iter().flatten()).all(Line::sound) && f.by_group.len() == fitted.labels.len();
    if fitted.fields.iter().all(sound) { Ok(Box::new(fitted)) } else { Err(store::damaged("detrend step")) }
}
