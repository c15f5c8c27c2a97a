//! Gradients along a depth (or another column) within each group: how fast a log changes down its well.

use esker_core::{Column, Error, FittedTransform, Parameter, Prepared, Result, Samples, Settings, Transform, Unit};
use serde::{Deserialize, Serialize};

use super::lag::beside;
use super::series::{Runs, Series};
use super::wanted::{Wanted, grouped, groups};
use crate::store;

/// What it does.
pub const DOC: &str = "Further columns hold the change of each column along `along` (a depth) within the group: differences to the points on both sides, of second order where \
     these are unevenly apart, one-sided at the ends (as numpy.gradient). Training rows have training rows beside them, new rows have both.";

/// Its parameters.
pub fn parameters() -> Vec<Parameter> {
    vec![Parameter::text("along", "The feature along which columns change, such as the depth.")]
}

/// Differentiates along a column.
pub struct Gradient {
    columns: Wanted,
    along: String,
}

impl Gradient {
    /// Of these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, along: settings.text("along").to_owned() }
    }
}

impl Transform for Gradient {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        Ok(self.fit_apply(train.clone(), target)?.0)
    }

    fn fit_apply(&self, train: Samples, target: &str) -> Result<Prepared> {
        if self.along.is_empty() {
            return Err(Error::recipe("'along' of step 'gradient'")
                .rule("the column of depth is wanted")
                .hint("write along = \"depth\", with the depth among the features"));
        }
        // Without the depth, which feature selection may have left out, there is nothing to go along.
        let along = train.features(target).find(|c| c.name == self.along);
        let fields: Vec<Field> = match along {
            None => Vec::new(),
            Some(along) => {
                along.reals()?;
                let others = self.columns.numbers(&train, target)?.into_iter().filter(|c| c.name != self.along);
                others.map(|c| Field { name: c.name.clone(), unit: ratio(&c.unit, &along.unit) }).collect()
            }
        };
        let along = if fields.is_empty() { String::new() } else { self.along.clone() };
        let mut fitted = Sloping { along, fields, series: Series { groups: vec![0], ..Series::default() }, learned: Vec::new() };
        if fitted.fields.is_empty() {
            return Ok((Box::new(fitted), train));
        }
        let keys = train.column(&self.along)?.reals()?;
        let (codes, labels) = groups(&train, &[]);
        let runs = Runs::new(&codes, labels.len(), keys);
        let values = fitted.fields.iter().map(|f| Ok(runs.collapse(train.column(&f.name)?.reals()?))).collect::<Result<Vec<_>>>()?;
        fitted.series = Series { labels, groups: runs.groups().to_vec(), keys: runs.keys(keys), values };
        let made = fitted.made(&fitted.series, &fitted.series.keys, &runs, train.rows());
        fitted.learned = made.iter().map(|c| (c.name.clone(), format!("{} of {} rows have none", c.values.missing(), c.len()))).collect();
        let made = beside(train, made)?;
        Ok((Box::new(fitted), made))
    }
}

/// The unit of one over the other, where both are stated.
fn ratio(a: &Unit, b: &Unit) -> Unit {
    match (a.as_str(), b.as_str()) {
        ("", _) | (_, "") => Unit::default(),
        (a, b) if a == b => Unit::new("1"),
        ("1", b) => Unit::new(format!("{b}-1")),
        (a, b) if b.contains(' ') => Unit::new(format!("{a} ({b})-1")),
        (a, b) => Unit::new(format!("{a} {b}-1")),
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    unit: Unit,
}

#[derive(Serialize, Deserialize)]
struct Sloping {
    along: String,
    fields: Vec<Field>,
    series: Series,
    learned: Vec<(String, String)>,
}

impl Sloping {
    fn made(&self, series: &Series, asked: &[f64], runs: &Runs, rows: usize) -> Vec<Column> {
        let one = |(f, field): (usize, &Field)| {
            let of_run = series.each(f, (asked, runs.groups()), slopes);
            Column { unit: field.unit.clone(), ..Column::real(format!("{} gradient", field.name), "", runs.spread(of_run, rows)) }
        };
        self.fields.iter().enumerate().map(one).collect()
    }
}

/// The slope at each point asked for; NaN where it has no value, or is alone. The points asked for are among the keys.
fn slopes(keys: &[f64], values: &[f64], asked: &[f64], out: &mut [f64]) {
    let (x, y): (Vec<f64>, Vec<f64>) = keys.iter().zip(values).filter(|(_, v)| !v.is_nan()).unzip();
    let step = |i: usize| (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
    for (q, out) in asked.iter().zip(out) {
        let Some(i) = x.binary_search_by(|k| k.total_cmp(q)).ok().filter(|_| x.len() > 1) else { continue };
        let slope = if i == 0 {
            step(0)
        } else if i + 1 == x.len() {
            step(i - 1)
        } else {
            let (before, after) = (x[i] - x[i - 1], x[i + 1] - x[i]);
            (step(i - 1) * after + step(i) * before) / (before + after)
        };
        *out = if slope.is_finite() { slope } else { f64::NAN };
    }
}

impl FittedTransform for Sloping {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        if self.fields.is_empty() {
            return Ok(samples);
        }
        let keys = samples.column(&self.along)?.reals()?;
        grouped(&samples, &self.series.labels, "gradient")?;
        let (codes, labels) = groups(&samples, &self.series.labels);
        let runs = Runs::new(&codes, labels.len(), keys);
        let asked = runs.keys(keys);
        let new = self.fields.iter().map(|f| Ok(Some(runs.collapse(samples.column(&f.name)?.reals()?)))).collect::<Result<Vec<_>>>()?;
        let made = self.made(&self.series.with(&runs, &asked, &new, &labels), &asked, &runs, samples.rows());
        beside(samples, made)
    }

    fn learned(&self) -> Vec<(String, String)> {
        self.learned.clone()
    }

    fn looks_around(&self) -> bool {
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
    let fitted: Sloping = store::load("gradient step", bytes)?;
    if fitted.series.sound(fitted.series.values.len()) && (fitted.fields.is_empty() || fitted.series.values.len() == fitted.fields.len()) {
        Ok(Box::new(fitted))
    } else {
        Err(store::damaged("gradient step"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_numpy() {
        // numpy.gradient([1, 4, 9, 20], [0, 1, 3, 4]), numpy 2.
        let mut out = [0.0; 4];
        slopes(&[0.0, 1.0, 3.0, 4.0], &[1.0, 4.0, 9.0, 20.0], &[0.0, 1.0, 3.0, 4.0], &mut out);
        let expected = [3.0, 17.0 / 6.0, 49.0 / 6.0, 11.0];
        assert!(out.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{out:?}");
    }
}
