//! Anomalies: what is left of a value when the climatology of its month or day of the year is taken off.

use esker_core::{Calendar, Error, FittedTransform, MISSING, Parameter, Result, Samples, Settings, Transform, Unit, Values};
use serde::{Deserialize, Serialize};

use super::lag::beside;
use super::wanted::{Wanted, days, groups, known, members, short};
use crate::store;

/// Seasons of a climatology by dates: those of a leap year.
const DATES: usize = 366;
/// 29 February among them.
const LEAP: usize = 59;

/// What it does.
pub const DOC: &str = "The mean of the training rows of the same month, or date, is taken off (and the result divided by their standard deviation with `scaled`); with \
     `by_group` that of the row's own group. Where the training rows have none of that season, or the group is new, the mean of all groups counts, then that of all seasons. Dates meet by month and day, so that \
     31 December is one season in all years; by number (`dayofyear` of xarray and pandas) the days of leap years after February would meet those of a day later.";

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::choice("by", &["month", "day"], "The season: month, or date; 29 February counts together with the days beside it."),
        Parameter::integer(
            "window",
            0,
            0,
            90,
            "With `by = \"day\"`: days before and after that count as the same season, 29 February where it lies between them.",
        ),
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
        let by = if by_day { BY_DATE } else { BY_MONTH };
        Ok(Box::new(Seasonal { by, scaled, keep, labels, fields, learned }))
    }
}

/// The season of a time: 0 to 11, or 0 to 365, the dates of a leap year.
fn season(days: f64, by_day: bool) -> usize {
    if days.is_nan() {
        return usize::MAX;
    }
    let date = Calendar::Proleptic.date(days);
    if by_day {
        let before: u16 = (1..date.month).map(|m| u16::from(Calendar::AllLeap.days_in_month(date.year, m))).sum();
        usize::from(before) + usize::from(date.day) - 1
    } else {
        usize::from(date.month) - 1
    }
}

fn climatology(values: &[f64], season: &[usize], by_day: bool, window: usize) -> Seasons {
    let n = if by_day { DATES } else { 12 };
    let mut of: Vec<Vec<f64>> = vec![Vec::new(); n];
    for (v, &s) in values.iter().zip(season) {
        if !v.is_nan() && s < n {
            of[s].push(*v);
        }
    }
    let around = |s: usize| if by_day { around(s, window) } else { vec![s] };
    (0..n).map(|s| moments(around(s).into_iter().flat_map(|k| of[k].iter().copied()).collect())).collect()
}

/// The dates within so many days of a date, whatever the year: 29 February, which most years lack, is passed over uncounted. It has few rows of its
/// own, and always its neighbours'.
fn around(date: usize, window: usize) -> Vec<usize> {
    let mut dates = vec![date];
    for step in [DATES - 1, 1] {
        let (mut at, mut left) = (date, if date == LEAP { window.max(1) } else { window });
        while left > 0 {
            at = (at + step) % DATES;
            dates.push(at);
            left -= usize::from(at != LEAP);
        }
    }
    dates
}

/// Mean and standard deviation, whatever the order of the values.
fn moments(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    if values.is_empty() { (f64::NAN, f64::NAN) } else { (esker_math::mean(&values), esker_math::variance(&values).sqrt()) }
}

fn says(seasons: &Seasons, unit: &Unit, by_day: bool) -> String {
    let what = if by_day { "dates" } else { "months" };
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

/// How a file says that seasons are months, and that they are dates. 1 was the number of the day in its year, which no step counts by any more.
const BY_MONTH: u8 = 0;
const BY_DATE: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Seasonal {
    by: u8,
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
        let season: Vec<usize> = days(&samples, "anomaly")?.iter().map(|d| season(*d, self.by == BY_DATE)).collect();
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
    let seasons = match fitted.by {
        BY_MONTH => 12,
        BY_DATE => DATES,
        _ => return Err(store::damaged("anomaly step")),
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Column, Setting, Support, Times};

    fn day(year: i64, month: u8, day: u8) -> f64 {
        Calendar::Proleptic.days(year, month, day).unwrap() as f64
    }

    fn samples(days: &[f64], x: &[f64]) -> Samples {
        let support = Support { time: Some(Times { days: days.to_vec() }), ..Support::bare(days.len()) };
        Samples::new(vec![Column::real("x", "K", x.to_vec()), Column::real("y", "", vec![0.0; x.len()])], support, None).unwrap()
    }

    fn by_day(window: i64) -> Anomaly {
        let p = parameters();
        let s = Settings::defaults(&p).set(&p, "by", Setting::Text("day".into())).unwrap();
        Anomaly::new(Wanted::default(), &s.set(&p, "window", Setting::Integer(window)).unwrap())
    }

    /// What is left of the values of days, by the climatology of others.
    fn left(window: i64, train: &[(f64, f64)], new: &[f64]) -> Vec<f64> {
        let (days, x): (Vec<f64>, Vec<f64>) = train.iter().copied().unzip();
        let made = by_day(window).fit(&samples(&days, &x), "y").unwrap().apply(samples(new, &vec![0.0; new.len()])).unwrap();
        made.column("x").unwrap().reals().unwrap().to_vec()
    }

    /// Days meet by their date: what follows 29 February does not slip by a day in leap years.
    #[test]
    fn a_date_is_the_same_season_in_every_year() {
        let dates = [(1, 1), (2, 28), (3, 1), (3, 2), (7, 14), (7, 15), (12, 30), (12, 31)];
        for years in [[2021, 2022, 2023], [1996, 2020, 2024], [2019, 2020, 2021]] {
            let of = |y: i64| dates.iter().enumerate().map(move |(k, (m, d))| (day(y, *m, *d), 10.0 + k as f64));
            let train: Vec<(f64, f64)> = years.into_iter().flat_map(of).collect();
            for (k, (m, d)) in dates.into_iter().enumerate() {
                let found = left(0, &train, &[day(2025, m, d), day(2028, m, d), day(2000, m, d), day(1900, m, d)]);
                assert!(found.iter().all(|v| *v == -(10.0 + k as f64)), "{m}-{d} of {years:?}: {found:?}");
            }
        }
    }

    #[test]
    fn the_29th_of_february_is_a_day_between_its_neighbours() {
        let of = |y: i64| [(day(y, 2, 28), 4.0), (day(y, 3, 1), 8.0)];
        let mut train: Vec<(f64, f64)> = (2018..=2023).flat_map(of).collect();
        assert_eq!(left(0, &train, &[day(2024, 2, 29)]), [-6.0], "no training row is of a leap day, its neighbours tell");
        train.push((day(2020, 2, 29), 19.0));
        assert_eq!(left(0, &train, &[day(2024, 2, 29), day(2024, 2, 28), day(2024, 3, 1)]), [-7.0, -4.0, -8.0]);
    }

    #[test]
    fn a_window_goes_round_the_year() {
        let train = [(day(2021, 12, 30), 1.0), (day(2021, 12, 31), 2.0), (day(2022, 1, 1), 6.0), (day(2022, 6, 1), 100.0)];
        assert_eq!(left(1, &train, &[day(2023, 12, 31), day(2024, 12, 31), day(2024, 1, 1)]), [-3.0, -3.0, -4.0]);
    }
}
