//! Standardise: numbers come to mean 0 and standard deviation 1.

use esker_core::graph::Operation;
use esker_core::{Column, Error, FittedTransform, Graph, Note, Result, Samples, Transform, Unit, Values};
use serde::{Deserialize, Serialize};

use crate::store;

/// What it does.
pub const DOC: &str = "Numbers are brought to mean 0 and standard deviation 1 over the training rows (not weighted); \
     columns of 0 and 1 stay as they are.";

/// Brings numbers to one scale.
pub struct Standardise;

impl Transform for Standardise {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut fitted = Scaled { fields: Vec::new(), notes: Vec::new() };
        for column in train.features(target) {
            let Values::Real(values) = &column.values else { continue };
            let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
            let marks = known.iter().all(|&v| v == 0.0 || v == 1.0);
            let varies = known.iter().any(|v| *v != known[0]);
            if known.is_empty() || (marks && varies) {
                continue;
            }
            let mean = esker_math::mean(&known);
            let sd = (known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
            if !mean.is_finite() || !sd.is_finite() {
                return Err(Error::data(format!("column '{}'", column.name))
                    .got(format!("values up to {:e}", known.iter().fold(0.0, |m: f64, v| v.abs().max(m))))
                    .rule("their squares must stay within the range of numbers")
                    .hint("is a missing marker among them?"));
            }
            // A spread at the level of rounding is no spread.
            let constant = !varies || sd <= 1e-14 * mean.abs();
            if constant {
                fitted.notes.push(Note::info(
                    "constant-feature",
                    format!("column '{}' is {mean}{} in every training row and tells nothing", column.name, column.unit.suffix()),
                ));
            }
            fitted.fields.push(Field { name: column.name.clone(), mean, sd: if constant { 0.0 } else { sd } });
        }
        Ok(Box::new(fitted))
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    mean: f64,
    /// Population standard deviation; 0 where the column is constant.
    sd: f64,
}

#[derive(Serialize, Deserialize)]
struct Scaled {
    fields: Vec<Field>,
    notes: Vec<Note>,
}

impl FittedTransform for Scaled {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        for Field { name, mean, sd } in &self.fields {
            let column = samples.column(name)?;
            let scale = |v: &f64| match () {
                () if v.is_nan() => *v,
                // Whatever a column without spread holds later, nothing was learned about it.
                () if *sd == 0.0 => 0.0,
                () => ((v - mean) / sd).clamp(f64::MIN, f64::MAX),
            };
            let values = column.reals()?.iter().map(scale).collect();
            samples.put(Column { name: name.clone(), unit: Unit::new("1"), values: Values::Real(values) })?;
        }
        Ok(samples)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        for Field { name, mean, sd } in &self.fields {
            let of = graph.number(name)?;
            let scaled = graph.add(Operation::Standardise { of, mean: *mean, sd: *sd });
            graph.put_number(name, scaled);
        }
        Ok(true)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
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
    let fitted: Scaled = store::load("standardise step", bytes)?;
    let sound = fitted.fields.iter().all(|f| f.mean.is_finite() && f.sd.is_finite() && f.sd >= 0.0);
    if sound { Ok(Box::new(fitted)) } else { Err(store::damaged("standardise step")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Support;

    fn samples(values: Vec<f64>) -> Samples {
        let rows = values.len();
        Samples::new(vec![Column::real("t", "K", values)], Support::bare(rows), None).unwrap()
    }

    fn through(train: Vec<f64>, later: Vec<f64>) -> Vec<f64> {
        let step = Standardise.fit(&samples(train), "y").unwrap();
        step.apply(samples(later)).unwrap().columns()[0].reals().unwrap().to_vec()
    }

    #[test]
    fn training_rows_come_to_mean_zero_and_spread_one() {
        let v = vec![250.0, 273.0, 300.5, 281.0];
        let z = through(v.clone(), v.clone());
        assert!(esker_math::mean(&z).abs() < 1e-14);
        assert!((z.iter().map(|x| x * x).sum::<f64>() / 4.0 - 1.0).abs() < 1e-14);
        // Another unit and offset of the same quantity is the same number.
        let celsius: Vec<f64> = v.iter().map(|x| (x - 273.15) * 1.8 + 32.0).collect();
        assert!(through(celsius.clone(), celsius).iter().zip(&z).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn later_rows_are_measured_by_the_training_rows() {
        assert_eq!(through(vec![0.0, 2.0], vec![5.0]), [4.0]);
        assert!(through(vec![0.0, 2.0, f64::NAN], vec![f64::NAN])[0].is_nan());
    }

    #[test]
    fn marks_stay_and_constants_become_zero() {
        assert_eq!(through(vec![0.0, 1.0, 1.0], vec![1.0, 0.0]), [1.0, 0.0]);
        let step = Standardise.fit(&samples(vec![7.0; 3]), "y").unwrap();
        assert_eq!(step.apply(samples(vec![7.0, 9.0])).unwrap().columns()[0].reals().unwrap(), [0.0, 0.0]);
        insta::assert_snapshot!(step.notes()[0].text, @"column 't' is 7 K in every training row and tells nothing");
    }

    #[test]
    fn numbers_beyond_reason_are_refused() {
        insta::assert_snapshot!(Standardise.fit(&samples(vec![1e200, -1e200]), "y").err().unwrap(), @r"
        column 't': got values up to 1e200; their squares must stay within the range of numbers
          hint: is a missing marker among them?
        ");
    }
}
