//! Distances among the training rows: their mean, and how far each is from those its fold learned from.

use esker_core::{Error, Fold, Result};
use esker_math::{KdTree, quantile_of_sorted, wide};
use rayon::prelude::*;

/// Pairs of rows whose distances are averaged, at most about.
const PAIRS: usize = 400_000_000;
/// Folds that test fewer rows than this need no tree.
const FEW: usize = 8;

/// The mean over rows of the mean distance to all other rows, and the number of rows so asked.
pub(super) fn mean_distance(rows: &[f64], dimensions: usize) -> (f64, usize) {
    let n = rows.len() / dimensions;
    // In the order of their values, so that the order in which rows are given changes neither the sums nor which rows are asked.
    let mut order: Vec<&[f64]> = rows.chunks_exact(dimensions).collect();
    order.sort_unstable_by(|a, b| a.iter().zip(*b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal));
    let sides: Vec<f64> = (0..dimensions).flat_map(|j| order.iter().map(move |row| row[j])).collect();
    let step = n.saturating_mul(n).div_ceil(PAIRS).max(1);
    let means: Vec<f64> = (0..n)
        .into_par_iter()
        .filter(|i| i % step == 0)
        .map(|i| {
            let mut sums = vec![0.0; n];
            wide(
                #[inline(always)]
                || {
                    for (side, &a) in sides.chunks_exact(n).zip(order[i]) {
                        for (sum, v) in sums.iter_mut().zip(side) {
                            *sum += (v - a) * (v - a);
                        }
                    }
                    sums.iter_mut().for_each(|s| *s = s.sqrt());
                },
            );
            sums.iter().sum::<f64>() / (n - 1) as f64
        })
        .collect();
    (means.iter().sum::<f64>() / means.len() as f64, means.len())
}

/// The upper quartile plus one and a half interquartile ranges, at most the largest.
pub(super) fn threshold(dissimilarity: &[f64]) -> Result<f64> {
    let mut known: Vec<f64> = dissimilarity.iter().copied().filter(|v| !v.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    let Some(&largest) = known.last() else {
        return Err(Error::data("dissimilarity of training rows")
            .got("none")
            .rule("at least one row without a missing feature must be tested by a fold"));
    };
    let (low, high) = (quantile_of_sorted(&known, 0.25), quantile_of_sorted(&known, 0.75));
    Ok((high + 1.5 * (high - low)).min(largest))
}

/// Training rows that are compared with one another.
pub(super) struct Cross<'a> {
    /// The complete rows as points.
    pub rows: &'a [f64],
    pub dimensions: usize,
    /// Which rows they are, ascending.
    pub complete: &'a [usize],
    /// Rows in all.
    pub of: usize,
}

impl Cross<'_> {
    /// For each row the squared distance to the nearest of those that its fold learned from (NaN where there is no such fold or the row is
    /// incomplete), and how many of them are nearer than a squared distance of `limit2`.
    pub fn measure(&mut self, folds: Option<&[Fold]>, limit2: f64) -> Result<Vec<(f64, usize)>> {
        let mut out = vec![(f64::NAN, 0); self.of];
        let Some(folds) = folds else {
            let all: Vec<(f64, usize)> = (0..self.complete.len())
                .into_par_iter()
                .map(|i| self.scan(i, (0..self.complete.len()).filter(|j| *j != i), limit2))
                .collect();
            self.complete.iter().zip(all).for_each(|(&row, found)| out[row] = found);
            return Ok(out);
        };
        let mut point = vec![None; self.of];
        self.complete.iter().enumerate().for_each(|(i, &row)| point[row] = Some(i));
        let mut tested = vec![false; self.of];
        let mut parts: Vec<(&Fold, Vec<usize>)> = Vec::with_capacity(folds.len());
        for fold in folds {
            if let Some(bad) = fold.train.iter().chain(&fold.test).find(|r| **r >= self.of) {
                return Err(Error::data(format!("{}: row {}", fold.label, bad + 1)).rule(format!("there are {} rows", self.of)));
            }
            let fresh = fold.test.iter().copied().filter(|&row| !std::mem::replace(&mut tested[row], true));
            parts.push((fold, fresh.filter_map(|row| point[row]).collect()));
        }
        let found: Vec<Result<Vec<(f64, usize)>>> = parts.par_iter().map(|(fold, test)| self.fold(fold, test, &point, limit2)).collect();
        for ((_, test), found) in parts.iter().zip(found) {
            test.iter().zip(found?).for_each(|(&i, found)| out[self.complete[i]] = found);
        }
        Ok(out)
    }

    fn fold(&self, fold: &Fold, test: &[usize], point: &[Option<usize>], limit2: f64) -> Result<Vec<(f64, usize)>> {
        let train: Vec<usize> = fold.train.iter().filter_map(|&row| point[row]).collect();
        if test.is_empty() {
            return Ok(Vec::new());
        }
        if train.is_empty() {
            return Err(Error::data(fold.label.clone())
                .got("no training row without a missing feature")
                .rule("the dissimilarity of a held-out row is measured from the rows that its fold learned from"));
        }
        if test.len() < FEW {
            return Ok(test.iter().map(|&i| self.scan(i, train.iter().copied(), limit2)).collect());
        }
        let points = |which: &[usize]| which.iter().flat_map(|&i| self.point(i)).copied().collect::<Vec<f64>>();
        let mut out = vec![(0.0, 0); test.len()];
        KdTree::new(&points(&train), self.dimensions)?.nearest_and_below(&points(test), limit2, &mut out);
        Ok(out)
    }

    fn point(&self, i: usize) -> &[f64] {
        &self.rows[i * self.dimensions..(i + 1) * self.dimensions]
    }

    /// As [`KdTree::nearest_and_below`], to the last bit.
    fn scan(&self, i: usize, others: impl Iterator<Item = usize>, limit2: f64) -> (f64, usize) {
        let at = self.point(i);
        others.fold((f64::INFINITY, 0), |(best, below), j| {
            let d2 = self.point(j).iter().zip(at).fold(0.0, |sum, (v, a)| sum + (v - a) * (v - a));
            (d2.min(best), below + usize::from(d2 < limit2))
        })
    }
}
