//! Scale: numbers on one scale, by mean and spread, by median and quartiles, or by their rank among the training rows.

use esker_core::graph::Operation;
use esker_core::{Column, FittedTransform, Graph, Parameter, Result, Samples, Settings, Transform, Unit, Values};
use serde::{Deserialize, Serialize};

use super::wanted::{Wanted, known, short};
use crate::store;

/// What it does.
pub const DOC: &str = "Numbers are brought to mean 0 and standard deviation 1 over the training rows (`standard`); to median 0 and quartiles one apart (`robust`); or to \
     where they lie among at most 1000 quantiles of the training rows, as a share from 0 to 1 (`uniform`) or the normal quantile of that share (`normal`, within ±5.2). Equal values have the middle of their shares, the smallest and the largest are 0 and 1. Row weights do not count. Models that need \
     features on one scale bring them there in any case, after all steps: `standard` and `robust` matter to the steps that follow, such as pca.";

/// Quantiles kept at most.
const MOST: usize = 1000;
/// Shares are kept this far from 0 and 1 before their normal quantiles are taken.
const EDGE: f64 = 1e-7;

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![Parameter::choice("method", &["standard", "robust", "normal", "uniform"], "The scale.")]
}

/// Brings numbers to one scale.
pub struct Scale {
    columns: Wanted,
    method: String,
}

impl Scale {
    /// These columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, method: settings.text("method").to_owned() }
    }

    fn field(&self, column: &Column) -> Result<Option<Field>> {
        let mut there = known(column.reals()?);
        if there.is_empty() {
            return Ok(None);
        }
        there.sort_by(f64::total_cmp);
        let at = |p: f64| esker_math::quantile_of_sorted(&there, p);
        let moved = |centre: f64, spread: f64| How::Moved { centre, spread: if spread > 0.0 && spread.is_finite() { spread } else { 1.0 } };
        let how = match self.method.as_str() {
            "standard" => {
                let mean = esker_math::mean(&there);
                let spread = (there.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / there.len() as f64).sqrt();
                // A spread at the level of rounding is no spread.
                moved(mean, if spread > 1e-14 * mean.abs() { spread } else { 0.0 })
            }
            "robust" => moved(at(0.5), at(0.75) - at(0.25)),
            method => {
                let n = there.len().min(MOST);
                let quantiles = (0..n).map(|k| at(if n > 1 { k as f64 / (n - 1) as f64 } else { 0.5 })).collect();
                How::Ranked { quantiles, normal: method == "normal" }
            }
        };
        Ok(Some(Field { name: column.name.clone(), unit: column.unit.clone(), how }))
    }
}

impl Transform for Scale {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut fields = Vec::new();
        for column in self.columns.numbers(train, target)? {
            fields.extend(self.field(column)?);
        }
        Ok(Box::new(Scaled { fields }))
    }
}

#[derive(Serialize, Deserialize)]
enum How {
    /// (x − centre) / spread.
    Moved { centre: f64, spread: f64 },
    /// The share of training values below, by interpolation between quantiles.
    Ranked { quantiles: Vec<f64>, normal: bool },
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    unit: Unit,
    how: How,
}

#[derive(Serialize, Deserialize)]
struct Scaled {
    fields: Vec<Field>,
}

/// The share of quantiles, evenly spaced from 0 to 1, at `x`; the middle of the shares where several quantiles are `x`.
fn share(quantiles: &[f64], x: f64) -> f64 {
    let last = quantiles.len() - 1;
    if last == 0 || x < quantiles[0] || x > quantiles[last] {
        return if x > quantiles[last] {
            1.0
        } else if x < quantiles[0] {
            0.0
        } else {
            0.5
        };
    }
    let (below, upto) = (quantiles.partition_point(|q| *q < x), quantiles.partition_point(|q| *q <= x));
    let place = if upto > below {
        0.5 * (below + upto - 1) as f64
    } else {
        let (a, b) = (quantiles[below - 1], quantiles[below]);
        (below - 1) as f64 + (x - a) / (b - a)
    };
    place / last as f64
}

impl How {
    fn of(&self, x: f64) -> f64 {
        match self {
            _ if x.is_nan() => x,
            Self::Moved { centre, spread } => ((x - centre) / spread).clamp(f64::MIN, f64::MAX),
            Self::Ranked { quantiles, normal } => {
                let last = quantiles.len() - 1;
                // At the ends, the ends: whatever rounding makes of them.
                let share = if last > 0 && x <= quantiles[0] {
                    0.0
                } else if last > 0 && x >= quantiles[last] {
                    1.0
                } else {
                    share(quantiles, x)
                };
                if *normal { esker_math::normal_quantile(share.clamp(EDGE, 1.0 - EDGE)) } else { share }
            }
        }
    }
}

impl FittedTransform for Scaled {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        for Field { name, how, .. } in &self.fields {
            let values = samples.column(name)?.reals()?.iter().map(|v| how.of(*v)).collect();
            samples.put(Column { name: name.clone(), unit: Unit::new("1"), values: Values::Real(values) })?;
        }
        Ok(samples)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        for Field { name, how, .. } in &self.fields {
            let How::Moved { centre, spread } = how else { return Ok(false) };
            let of = graph.number(name)?;
            let scaled = graph.add(Operation::Standardise { of, mean: *centre, sd: *spread });
            graph.put_number(name, scaled);
        }
        Ok(true)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let one = |f: &Field| {
            let unit = f.unit.suffix();
            let says = match &f.how {
                How::Moved { centre, spread } => format!("centre {}{unit}, spread {}{unit}", short(*centre), short(*spread)),
                How::Ranked { quantiles, .. } => {
                    let (low, high) = (quantiles[0], quantiles[quantiles.len() - 1]);
                    format!("{} quantiles, {} to {}{unit}", quantiles.len(), short(low), short(high))
                }
            };
            (f.name.clone(), says)
        };
        self.fields.iter().map(one).collect()
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
    let fitted: Scaled = store::load("scale step", bytes)?;
    let sound = |f: &Field| match &f.how {
        How::Moved { centre, spread } => centre.is_finite() && spread.is_finite() && *spread > 0.0,
        How::Ranked { quantiles, .. } => !quantiles.is_empty() && quantiles.is_sorted() && quantiles.iter().all(|q| q.is_finite()),
    };
    if fitted.fields.iter().all(sound) { Ok(Box::new(fitted)) } else { Err(store::damaged("scale step")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_lie_between_quantiles_and_ties_have_their_middle() {
        let q = [0.0, 1.0, 1.0, 1.0, 5.0];
        assert_eq!([share(&q, 0.0), share(&q, 0.5), share(&q, 1.0), share(&q, 3.0), share(&q, 9.0)], [0.0, 0.125, 0.5, 0.875, 1.0]);
    }

    /// scikit-learn 1.9.1: `QuantileTransformer(n_quantiles=1000, subsample=None)` of whole numbers, nearly half of them 0, fewer and more than 1000.
    #[test]
    fn ties_are_ranked_as_scikit_learn_ranks_them() {
        let probes = [-1.0, 0.0, 0.5, 1.0, 7.0, 20.0, 33.25, 49.0, 50.0, 60.0];
        let cases = [
            (40, "uniform", [0.0, 0.0, 0.474358974, 0.487179487, 0.545454545, 0.585470085, 0.783653846, 0.974358974, 1.0, 1.0]),
            (
                40,
                "normal",
                [
                    -5.19933758,
                    -5.19933758,
                    -0.0643168351,
                    -0.0321417933,
                    0.114185294,
                    0.215907528,
                    0.784592877,
                    1.949112,
                    5.19933758,
                    5.19933758,
                ],
            ),
            (2500, "uniform", [0.0, 0.0, 0.485985986, 0.495495495, 0.535535536, 0.625291959, 0.802414547, 0.970970971, 1.0, 1.0]),
            (
                2500,
                "normal",
                [
                    -5.19933758,
                    -5.19933758,
                    -0.0351351514,
                    -0.0112913583,
                    0.089192496,
                    0.319409401,
                    0.85027735,
                    1.89525929,
                    5.19933758,
                    5.19933758,
                ],
            ),
        ];
        for (n, method, expected) in cases {
            let values = (0..n).map(|i: i64| ((i * i * 7919 + i * 13) % 101 - 50).max(0) as f64).collect();
            let scale = Scale { columns: Wanted::default(), method: method.into() };
            let field = scale.field(&Column::real("x", "", values)).unwrap().unwrap();
            for (x, expected) in probes.iter().zip(expected) {
                let found = field.how.of(*x);
                assert!((found - expected).abs() < 2e-8, "{n} {method} at {x}: {found} {expected}");
            }
        }
    }
}
