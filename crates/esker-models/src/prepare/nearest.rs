//! Impute by nearest neighbours: a gap is filled by the mean of the training rows most alike (Troyanskaya et al. 2001).

use esker_core::{FittedTransform, Result, Samples, Settings, Transform, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::wanted::{Wanted, known};
use crate::store;

/// Training rows kept at most.
const MOST: usize = 10_000;

/// Fills gaps from rows alike.
pub struct Nearest {
    columns: Wanted,
    neighbours: usize,
    scaled: bool,
}

impl Nearest {
    /// In these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, neighbours: settings.integer("neighbours") as usize, scaled: settings.flag("scaled") }
    }
}

impl Transform for Nearest {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut columns = self.columns.numbers(train, target)?;
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        let values = columns.iter().map(|c| c.reals()).collect::<Result<Vec<_>>>()?;
        let mut rows: Vec<usize> = (0..train.rows()).filter(|&r| values.iter().any(|v| !v[r].is_nan())).collect();
        // In the order of their values: which rows are kept, and which of two equally near ones counts, does not hang on the order of the table.
        let order =
            |a: &usize, b: &usize| values.iter().map(|v| v[*a].total_cmp(&v[*b])).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal);
        rows.sort_by(order);
        if rows.len() > MOST {
            rows = (0..MOST).map(|k| rows[k * rows.len() / MOST]).collect();
        }
        let mut fields = Vec::new();
        for (column, v) in columns.iter().zip(&values) {
            let mut there = known(v);
            there.sort_by(f64::total_cmp);
            let mean = if there.is_empty() { f64::NAN } else { esker_math::mean(&there) };
            let sd = (there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / there.len().max(1) as f64).sqrt();
            let spread = if self.scaled && sd > 0.0 && sd.is_finite() { sd } else { 1.0 };
            fields.push(Field {
                name: column.name.clone(),
                mean,
                spread,
                gaps: v.len() - there.len(),
                values: rows.iter().map(|&r| v[r]).collect(),
            });
        }
        Ok(Box::new(Filling { neighbours: self.neighbours, rows: rows.len(), of: train.rows(), fields }))
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    /// What fills a gap of a row like no other.
    mean: f64,
    spread: f64,
    /// Training rows that lack it.
    gaps: usize,
    /// Of the training rows kept.
    values: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct Filling {
    neighbours: usize,
    rows: usize,
    /// Training rows in all.
    of: usize,
    fields: Vec<Field>,
}

impl Filling {
    /// The row with its gaps filled.
    fn fill(&self, row: &[f64]) -> Vec<f64> {
        let p = self.fields.len();
        // The distance over what both rows have, as if they had all (Dixon 1979).
        let distance = |donor: usize| {
            let (mut sum, mut both) = (0.0, 0);
            for (x, f) in row.iter().zip(&self.fields) {
                let d = (x - f.values[donor]) / f.spread;
                if !d.is_nan() {
                    sum += d * d;
                    both += 1;
                }
            }
            if both == 0 { f64::NAN } else { sum * p as f64 / f64::from(both) }
        };
        let distances: Vec<f64> = (0..self.rows).map(distance).collect();
        let fill = |(x, f): (&f64, &Field)| {
            if !x.is_nan() {
                return *x;
            }
            let mut near: Vec<(f64, usize)> =
                (0..self.rows).filter(|&d| !f.values[d].is_nan() && !distances[d].is_nan()).map(|d| (distances[d], d)).collect();
            let k = self.neighbours.min(near.len());
            if k == 0 {
                return f.mean;
            }
            near.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut values: Vec<f64> = near[..k].iter().map(|(_, d)| f.values[*d]).collect();
            values.sort_by(f64::total_cmp);
            esker_math::mean(&values)
        };
        row.iter().zip(&self.fields).map(fill).collect()
    }
}

impl FittedTransform for Filling {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        let columns = self.fields.iter().map(|f| samples.column(&f.name).cloned()).collect::<Result<Vec<_>>>()?;
        let values = columns.iter().map(|c| c.reals()).collect::<Result<Vec<_>>>()?;
        let gappy: Vec<usize> = (0..samples.rows()).filter(|&r| values.iter().any(|v| v[r].is_nan())).collect();
        let filled: Vec<Vec<f64>> = gappy.par_iter().map(|&r| self.fill(&values.iter().map(|v| v[r]).collect::<Vec<_>>())).collect();
        for (j, column) in columns.iter().enumerate() {
            let mut values = column.reals()?.to_vec();
            gappy.iter().zip(&filled).for_each(|(&r, f)| values[r] = f[j]);
            samples.put(esker_core::Column { values: Values::Real(values), ..column.clone() })?;
        }
        Ok(samples)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let of = if self.rows < self.of { format!("{} of {}", self.rows, self.of) } else { self.of.to_string() };
        let says =
            |f: &Field| format!("{} of {} training rows lack it; filled by the {} nearest of {of}", f.gaps, self.of, self.neighbours);
        self.fields.iter().map(|f| (f.name.clone(), says(f))).collect()
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
    let fitted: Filling = store::load("impute step", bytes)?;
    let sound = |f: &Field| {
        f.values.len() == fitted.rows
            && !f.mean.is_infinite()
            && f.spread.is_finite()
            && f.spread > 0.0
            && f.values.iter().all(|v| !v.is_infinite())
    };
    if fitted.neighbours > 0 && fitted.fields.iter().all(sound) { Ok(Box::new(fitted)) } else { Err(store::damaged("impute step")) }
}
