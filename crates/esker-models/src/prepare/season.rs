//! Anomalies: what is left of a value when the climatology of its month or day of the year is taken off.

use esker_core::{Calendar, Error, FittedTransform, MISSING, Parameter, Result, Samples, Settings, Transform, Unit, Values};
use serde::{Deserialize, Serialize};

use super::lag::beside;
use super::wanted::{Wanted, days, groups, known, members, short};
use crate::store;

/// What it does.
pub const DOC: &str = "The mean of the training rows of the same month, or day of the year, is taken off (and the result divided by their standard deviation with `scaled`); with \
     `by_group` that of the row's own group. Where the training rows have none of that season, or the group is new, the mean of all groups counts, then that of all seasons.";

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::choice("by", &["month", "day"], "The season: month, or day of the year (the 366th of leap years is one of its own)."),
        Parameter::integer("window", 0, 0, 90, "With `by = \"day\"`: days before and after that count as the same season."),
        Parameter::flag("by_group", false, "Whether each group has its own climatology."),
        Parameter::flag("scaled", false, "Whether anomalies are divided by the standard deviation (n − 1) of the season."),
        Parameter::flag("keep", false, "Whether the column stays, and the anomaly comes beside it as `… anomaly`."),
    ]
}

/// Takes off the climatology.
pub struct Anomaly {
    columns: Wanted,
    settings: Settings,
}

impl Anomaly {
    /// Of these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, settings: settings.clone() }
    }
}

/// Mean and standard deviation of each season; NaN where it has no rows.
type Seasons = Vec<(f64, f64)>;

impl Transform for Anomaly {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let days = days(train, "anomaly")?;
        let by_day = self.settings.text("by") == "day";
        let own = self.settings.flag("by_group");
        if own && train.support().group.is_none() {
            return Err(Error::data("step 'anomaly'")
                .got("by_group = true, and rows without a group")
                .rule("it needs the group of each row")
                .hint("name the column: [roles] group = \"…\""));
        }
        let window = self.settings.integer("window") as usize;
        let season: Vec<usize> = days.iter().map(|d| season(*d, by_day)).collect();
        let (codes, labels) = if own { groups(train, &[]) } else { (Vec::new(), Vec::new()) };
        let members = members(&codes, labels.len());
        let mut fields = Vec::new();
        let mut learned = Vec::new();
        for column in self.columns.numbers(train, target)? {
            let values = column.reals()?;
            let all = climatology(values, &season, by_day, window);
            let total = moments(known(values));
            let of = |rows: &Vec<usize>| {
                let pick = |i: &usize| (values[*i], season[*i]);
                let (own, season): (Vec<f64>, Vec<usize>) = rows.iter().map(pick).unzip();
                climatology(&own, &season, by_day, window)
            };
            let by_group: Vec<Seasons> = members.iter().map(of).collect();
            learned.push((column.name.clone(), says(&all, &column.unit, by_day)));
            fields.push(Field { name: column.name.clone(), all, total, by_group });
        }
        let (scaled, keep) = (self.settings.flag("scaled"), self.settings.flag("keep"));
        Ok(Box::new(Seasonal { by_day, scaled, keep, labels, fields, learned }))
    }
}

/// The season of a time: 0 to 11, or 0 to 365.
fn season(days: f64, by_day: bool) -> usize {
    if days.is_nan() {
        return usize::MAX;
    }
    let date = Calendar::Proleptic.date(days);
    if by_day {
        (days.floor() as i64 - Calendar::Proleptic.days(date.year, 1, 1).unwrap_or(0)).clamp(0, 365) as usize
    } else {
        usize::from(date.month) - 1
    }
}

fn climatology(values: &[f64], season: &[usize], by_day: bool, window: usize) -> Seasons {
    let n = if by_day { 366 } else { 12 };
    let mut of: Vec<Vec<f64>> = vec![Vec::new(); n];
    for (v, &s) in values.iter().zip(season) {
        if !v.is_nan() && s < n {
            of[s].push(*v);
        }
    }
    let window = if by_day { window } else { 0 };
    (0..n).map(|s| moments((0..=2 * window).flat_map(|k| of[(s + n + k - window) % n].iter().copied()).collect())).collect()
}

/// Mean and standard deviation, whatever the order of the values.
fn moments(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    if values.is_empty() { (f64::NAN, f64::NAN) } else { (esker_math::mean(&values), esker_math::variance(&values).sqrt()) }
}

fn says(seasons: &Seasons, unit: &Unit, by_day: bool) -> String {
    let what = if by_day { "days of the year" } else { "months" };
    let means: Vec<f64> = seasons.iter().map(|s| s.0).filter(|m| !m.is_nan()).collect();
    let range = |f: fn(f64, f64) -> f64| short(means.iter().copied().reduce(f).unwrap_or(f64::NAN));
    match means.len() {
        0 => "no training row has a value".to_owned(),
        k => {
            let (low, high) = (range(f64::min), range(f64::max));
            format!("means of {k} of {} {what}, {low} to {high}{}", seasons.len(), unit.suffix())
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    all: Seasons,
    /// Of all rows, whatever the season.
    total: (f64, f64),
    by_group: Vec<Seasons>,
}

#[derive(Serialize, Deserialize)]
struct Seasonal {
    by_day: bool,
    scaled: bool,
    keep: bool,
    labels: Vec<String>,
    fields: Vec<Field>,
    learned: Vec<(String, String)>,
}

impl Field {
    /// The climatology of a season, for a group if it is known.
    fn of(&self, season: usize, group: u32) -> (f64, f64) {
        let own = if group == MISSING { None } else { self.by_group.get(group as usize) };
        let found = own.and_then(|s| s.get(season)).filter(|s| !s.0.is_nan()).or(self.all.get(season).filter(|s| !s.0.is_nan()));
        let (mean, sd) = found.copied().unwrap_or(self.total);
        (mean, if sd > 0.0 { sd } else { self.total.1 })
    }
}

impl FittedTransform for Seasonal {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        let season: Vec<usize> = days(&samples, "anomaly")?.iter().map(|d| season(*d, self.by_day)).collect();
        let codes = if self.labels.is_empty() { vec![MISSING; samples.rows()] } else { groups(&samples, &self.labels).0 };
        for field in &self.fields {
            let column = samples.column(&field.name)?.clone();
            let one = |(row, v): (usize, &f64)| {
                let (mean, sd) = field.of(season[row], codes[row]);
                let left = v - mean;
                let left = if self.scaled && sd > 0.0 { left / sd } else { left };
                // A column without training values has no climatology.
                if left.is_finite() || v.is_nan() { left } else { *v }
            };
            let values = column.reals()?.iter().enumerate().map(one).collect();
            let unit = if self.scaled { Unit::new("1") } else { column.unit.clone() };
            let made = esker_core::Column {
                unit,
                values: Values::Real(values),
                name: if self.keep { format!("{} anomaly", field.name) } else { field.name.clone() },
            };
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
    let fitted: Seasonal = store::load("anomaly step", bytes)?;
    let seasons = if fitted.by_day { 366 } else { 12 };
    let finite = |s: &Seasons| s.len() == seasons && s.iter().all(|(m, d)| !m.is_infinite() && !d.is_infinite());
    let sound = |f: &Field| {
        finite(&f.all)
            && !f.total.0.is_infinite()
            && !f.total.1.is_infinite()
            && f.by_group.len() == fitted.labels.len()
            && f.by_group.iter().all(finite)
    };
    if fitted.fields.iter().all(sound) { Ok(Box::new(fitted)) } else { Err(store::damaged("anomaly step")) }
}
