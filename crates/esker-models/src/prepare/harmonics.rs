//! Harmonics: where in the year and the day a row is, as sines and cosines. Nothing is learned.

use esker_core::{Calendar, Column, FittedTransform, Parameter, Result, Samples, Settings, Transform};
use serde::{Deserialize, Serialize};

use super::lag::beside;
use super::wanted::days;
use crate::store;

/// What it does.
pub const DOC: &str = "Further columns hold sines and cosines of the time of year, of day (UTC), or of both: `number` = 2 adds those of half a year. It takes no columns, but \
     the time of the rows; nothing is learned.";

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::choice("of", &["year", "day", "both"], "The cycle."),
        Parameter::integer("number", 1, 1, 12, "Waves in it: 1 has one a cycle, 2 a further two a cycle, and so on."),
    ]
}

/// Adds waves of the year and the day.
#[derive(Serialize, Deserialize)]
pub struct Harmonics {
    year: bool,
    day: bool,
    number: u32,
}

impl Harmonics {
    /// As the settings say.
    pub fn new(settings: &Settings) -> Self {
        let of = settings.text("of");
        Self { year: of != "day", day: of != "year", number: settings.integer("number") as u32 }
    }
}

/// The share of its year that has passed.
pub(super) fn of_year(days: f64) -> f64 {
    let year = Calendar::Proleptic.date(days).year;
    let first = |y: i64| Calendar::Proleptic.days(y, 1, 1).unwrap_or(0) as f64;
    (days - first(year)) / (first(year + 1) - first(year))
}

impl Transform for Harmonics {
    fn fit(&self, train: &Samples, _: &str) -> Result<Box<dyn FittedTransform>> {
        days(train, "harmonics")?;
        Ok(Box::new(Self { ..*self }))
    }
}

impl FittedTransform for Harmonics {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        let days = days(&samples, "harmonics")?;
        let mut made = Vec::new();
        for (_, name) in [(self.year, "year"), (self.day, "day")].into_iter().filter(|c| c.0) {
            let share = |d: f64| if name == "year" { of_year(d) } else { d - d.floor() };
            let turn: Vec<f64> = days.iter().map(|d| if d.is_nan() { f64::NAN } else { std::f64::consts::TAU * share(*d) }).collect();
            for k in 1..=self.number {
                let wave = |f: fn(f64) -> f64| turn.iter().map(|t| f(f64::from(k) * t)).collect();
                made.push(Column::real(format!("{name} sin {k}"), "1", wave(f64::sin)));
                made.push(Column::real(format!("{name} cos {k}"), "1", wave(f64::cos)));
            }
        }
        beside(samples, made)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let cycles = [(self.year, "year"), (self.day, "day")];
        cycles.iter().filter(|c| c.0).map(|c| (format!("time of {}", c.1), format!("{} waves; nothing is learned", self.number))).collect()
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
    let fitted: Harmonics = store::load("harmonics step", bytes)?;
    if (1..=12).contains(&fitted.number) { Ok(Box::new(fitted)) } else { Err(store::damaged("harmonics step")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_year_is_half_a_turn() {
        let day = |y, m, d| Calendar::Proleptic.days(y, m, d).unwrap() as f64;
        assert_eq!(of_year(day(2001, 1, 1)), 0.0);
        assert!((of_year(day(2004, 7, 2)) - 0.5).abs() < 1e-12, "183 of 366 days");
        assert!((of_year(day(1903, 12, 31) + 0.5) - 364.5 / 365.0).abs() < 1e-12);
    }
}
