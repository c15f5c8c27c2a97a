//! Measured coverage: intervals for the table's own rows, and how often the truth lies inside.

use esker_core::record::Intervals;
use esker_core::{Error, Result};

use super::rank;

/// Levels of the coverage curve.
const CURVE: [f64; 6] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/// Bins of the conditional coverage.
const TENTHS: usize = 10;

/// Held-out rows: what was said of each by the model of the fold that held it out, and what is true.
#[derive(Debug, Clone, Copy)]
pub struct HeldOut<'a> {
    /// Held-out prediction of each row, in the target's unit.
    pub predicted: &'a [f64],
    /// Observed value of each row, in the same unit.
    pub observed: &'a [f64],
    /// The fold that held each row out, 0..folds.
    pub fold: &'a [u32],
    /// Number of folds.
    pub folds: usize,
}

impl HeldOut<'_> {
    fn check(&self) -> Result<()> {
        let n = self.predicted.len();
        if self.observed.len() != n || self.fold.len() != n {
            return Err(Error::data("held-out rows")
                .got(format!("{n} predicted, {} observed, {} with a fold", self.observed.len(), self.fold.len()))
                .rule("one of each a row"));
        }
        if let Some(row) = (0..n).find(|&i| !self.predicted[i].is_finite() || !self.observed[i].is_finite()) {
            return Err(Error::data(format!("held-out row {}", row + 1))
                .got(format!("predicted {}, observed {}", self.predicted[row], self.observed[row]))
                .rule("both are finite; rows that no fold tested are left out"));
        }
        if let Some(row) = self.fold.iter().position(|&f| f as usize >= self.folds) {
            return Err(Error::data(format!("fold of held-out row {}", row + 1))
                .got(self.fold[row].to_string())
                .rule(format!("folds are counted 0..{}", self.folds)));
        }
        match self.fold_rows().iter().position(|&c| c == 0) {
            Some(empty) => Err(Error::data(format!("fold {}", empty + 1)).got("0 held-out rows").rule("every fold tests at least one row")),
            None if self.folds < 2 => Err(Error::data("held-out folds").got(self.folds.to_string()).rule("at least 2 are needed")),
            None => Ok(()),
        }
    }

    fn fold_rows(&self) -> Vec<usize> {
        let mut counts = vec![0; self.folds];
        self.fold.iter().for_each(|&f| counts[f as usize] += 1);
        counts
    }

    /// (absolute residual, fold), ascending.
    fn sorted(&self) -> Vec<(f64, u32)> {
        let mut all: Vec<(f64, u32)> =
            self.predicted.iter().zip(self.observed).zip(self.fold).map(|((p, o), &f)| ((o - p).abs(), f)).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all
    }

    /// The half-width of each fold: the conformal quantile of the other folds' residuals.
    fn half_widths(&self, sorted: &[(f64, u32)], level: f64) -> Result<Vec<f64>> {
        self.fold_rows()
            .into_iter()
            .enumerate()
            .map(|(k, own)| {
                let k_th = rank(sorted.len() - own, level)?;
                let mut others = sorted.iter().filter(|(_, f)| *f as usize != k);
                Ok(others.nth(k_th - 1).expect("the rank lies within the residuals of the other folds").0)
            })
            .collect()
    }
}

/// Intervals for held-out rows: the centre is what the row's own fold model said, the half-width the
/// ⌈level (n + 1)⌉-th smallest of the n absolute residuals of the *other* folds.
///
/// CV+ itself would put a row's own residual into its own interval, and would use fold models that learned from the row:
/// coverage measured that way is flattered. Here neither the centre nor the half-width has seen the row's target, so the
/// share of rows inside is a measurement (cross-conformal prediction with one fold left out, Vovk 2015, Annals of
/// Mathematics and Artificial Intelligence 74).
///
/// Returns lower and upper ends, one a row, in the unit of the target.
///
/// # Errors
/// Lengths that differ, values that are not finite, a fold without rows, fewer than two folds, a level outside
/// 0.5..0.999 or too high for the rows outside a fold.
pub fn held_out(predicted: &[f64], observed: &[f64], fold: &[u32], folds: usize, level: f64) -> Result<(Vec<f64>, Vec<f64>)> {
    let rows = HeldOut { predicted, observed, fold, folds };
    rows.check()?;
    let half = rows.half_widths(&rows.sorted(), level)?;
    let end = |sign: f64| predicted.iter().zip(fold).map(|(p, &f)| p + sign * half[f as usize]).collect();
    Ok((end(-1.0), end(1.0)))
}

/// How well the intervals of [`held_out`] cover: overall, in each fold, at the levels .5, .6, .7, .8, .9, .95 and by
/// tenths of the predicted value. `method` names the intervals in the record, e.g. `CV+`. Curve levels that the number of
/// rows cannot carry are left out. Rows of equal prediction stay in one tenth, so there may be fewer than ten.
///
/// # Errors
/// As [`held_out`].
pub fn summary(method: &str, rows: &HeldOut, level: f64) -> Result<Intervals> {
    rows.check()?;
    let sorted = rows.sorted();
    let half = rows.half_widths(&sorted, level)?;
    let inside = covered(rows, &half);
    let counts = rows.fold_rows();
    let mut folds = vec![0.0; rows.folds];
    for (&f, _) in rows.fold.iter().zip(&inside).filter(|(_, inside)| **inside) {
        folds[f as usize] += 1.0;
    }
    folds.iter_mut().zip(&counts).for_each(|(c, &n)| *c /= n as f64);
    let width = half.iter().zip(&counts).map(|(h, &n)| 2.0 * h * n as f64).sum::<f64>() / inside.len() as f64;
    let curve =
        CURVE.iter().filter_map(|&l| rows.half_widths(&sorted, l).ok().map(|half| (l, share(covered(rows, &half).into_iter())))).collect();
    Ok(Intervals {
        method: method.to_owned(),
        level,
        coverage: share(inside.iter().copied()),
        width,
        folds,
        curve,
        conditional: by_tenths(rows.predicted, &inside),
    })
}

/// Whether each row lies inside its interval, ends included.
fn covered(rows: &HeldOut, half: &[f64]) -> Vec<bool> {
    rows.predicted.iter().zip(rows.observed).zip(rows.fold).map(|((p, o), &f)| (o - p).abs() <= half[f as usize]).collect()
}

fn share(inside: impl ExactSizeIterator<Item = bool>) -> f64 {
    let n = inside.len();
    inside.filter(|x| *x).count() as f64 / n as f64
}

/// (mean prediction, coverage, rows) of each tenth of the predicted values, ascending.
fn by_tenths(predicted: &[f64], inside: &[bool]) -> Vec<(f64, f64, usize)> {
    let n = predicted.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_unstable_by(|&a, &b| predicted[a].total_cmp(&predicted[b]).then(a.cmp(&b)));
    let mut tenths = Vec::with_capacity(TENTHS);
    let mut start = 0;
    for tenth in 1..=TENTHS {
        let mut end = (tenth * n / TENTHS).max(start);
        while end > start && end < n && predicted[order[end]] == predicted[order[end - 1]] {
            end += 1;
        }
        let rows = &order[start..end];
        if !rows.is_empty() {
            let mean = rows.iter().map(|&i| predicted[i]).sum::<f64>() / rows.len() as f64;
            tenths.push((mean, share(rows.iter().map(|&i| inside[i])), rows.len()));
        }
        start = end;
    }
    tenths
}
