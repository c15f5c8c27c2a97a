//! Training rows in an order of their own: sorted by their values, equal ones joined with their weights added. What is learned then depends
//! neither on the order of the table nor on whether a row stands twice or weighs 2.

use std::cmp::Ordering;

use esker_core::{Result, Samples};

use crate::matrix::Matrix;
use crate::models::training::{Classes, Target, carrying_weight};
use esker_core::Unit;

/// What is predicted.
pub(super) enum Wanted {
    /// Numbers in a unit.
    Real(Unit),
    /// Classes; the target holds their places.
    Class(Classes),
}

/// Rows that all differ in features, target or group.
pub(super) struct Rows {
    /// Features, sorted by name.
    pub(super) x: Matrix,
    /// Numbers, or places of classes.
    pub(super) target: Vec<f64>,
    /// Weights above 0.
    pub(super) weight: Vec<f64>,
    /// Which rows belong together; empty where nobody said.
    pub(super) group: Vec<u32>,
    /// What is predicted.
    pub(super) wanted: Wanted,
}

impl Rows {
    /// The rows of `train` that carry weight.
    ///
    /// # Errors
    /// There are none, a missing target, a feature of classes or with a gap.
    pub(super) fn new(train: &Samples, target: &str) -> Result<Self> {
        let (train, weight) = carrying_weight(train)?;
        let x = Matrix::of_features(&train, target)?;
        let (target, wanted) = match Target::of(&train, target)? {
            Target::Real(y, unit) => (y, Wanted::Real(unit)),
            Target::Class(places, classes) => (places.into_iter().map(f64::from).collect(), Wanted::Class(classes)),
        };
        let group = train.support().group.as_ref().map_or_else(Vec::new, |g| g.codes().to_vec());
        Ok(Self { x, target, weight, group, wanted }.joined())
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.target.len()
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        // Adding 0 makes −0 the 0 that it equals.
        let number = |x: f64, y: f64| (x + 0.0).total_cmp(&(y + 0.0));
        let features = (0..self.x.columns()).map(|j| (self.x.column(j)[a], self.x.column(j)[b]));
        let group = || self.group.get(a).cmp(&self.group.get(b));
        let differs = features.map(|(x, y)| number(x, y)).find(|o| o.is_ne());
        differs.unwrap_or_else(|| number(self.target[a], self.target[b]).then_with(group))
    }

    fn joined(self) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by(|&a, &b| self.compare(a, b).then_with(|| self.weight[a].total_cmp(&self.weight[b])));
        let (mut first, mut weight): (Vec<usize>, Vec<f64>) = (Vec::new(), Vec::new());
        for row in order {
            match (first.last(), weight.last_mut()) {
                (Some(&last), Some(sum)) if self.compare(last, row).is_eq() => *sum += self.weight[row],
                _ => {
                    first.push(row);
                    weight.push(self.weight[row]);
                }
            }
        }
        Self { weight, ..self.select(&first) }
    }

    /// The rows named.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let values = (0..self.x.columns()).flat_map(|j| rows.iter().map(move |&r| self.x.column(j)[r])).collect();
        Self {
            x: Matrix { names: self.x.names.clone(), values, rows: rows.len() },
            target: rows.iter().map(|&r| self.target[r]).collect(),
            weight: rows.iter().map(|&r| self.weight[r]).collect(),
            group: if self.group.is_empty() { Vec::new() } else { rows.iter().map(|&r| self.group[r]).collect() },
            wanted: match &self.wanted {
                Wanted::Real(unit) => Wanted::Real(unit.clone()),
                Wanted::Class(classes) => Wanted::Class(classes.clone()),
            },
        }
    }

    /// γ = 1 / (features × variance of all their values), as scikit-learn's `scale`.
    pub(super) fn scale(&self) -> f64 {
        let total: f64 = self.weight.iter().sum::<f64>() * self.x.columns() as f64;
        let columns = || (0..self.x.columns()).map(|j| self.x.column(j));
        let sum =
            |of: &dyn Fn(f64) -> f64| columns().map(|c| c.iter().zip(&self.weight).map(|(x, w)| w * of(*x)).sum::<f64>()).sum::<f64>();
        let mean = sum(&|x| x) / total;
        let variance = sum(&|x| (x - mean) * (x - mean)) / total;
        if variance > 0.0 && variance.is_finite() { 1.0 / (self.x.columns() as f64 * variance) } else { 1.0 }
    }
}
