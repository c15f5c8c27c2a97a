//! CV+ and its kin: intervals for new rows from the fold models and their held-out residuals.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use esker_core::{Error, Result};

use super::rank;

/// Rows a parallel task takes at once.
const CHUNK: usize = 256;
/// Candidates few enough to be selected from directly.
const FEW: usize = 48;

/// Absolute held-out residuals of each fold, sorted, in the unit of the target: all that CV+ keeps beside the fold models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<f64>>", into = "Vec<Vec<f64>>")]
pub struct Residuals {
    folds: Vec<Vec<f64>>,
    rows: usize,
}

impl Residuals {
    /// Residuals |observed − predicted| of the rows each fold tested, in any order within a fold.
    ///
    /// # Errors
    /// Fewer than two folds with rows; a residual that is negative, infinite or missing.
    pub fn new(folds: Vec<Vec<f64>>) -> Result<Self> {
        if let Some((k, bad)) = folds.iter().enumerate().find_map(|(k, fold)| Some((k, fold.iter().find(|r| **r < 0.0)?))) {
            return Err(Error::data(format!("residuals of fold {}", k + 1))
                .got(bad.to_string())
                .rule("absolute residuals are finite and not negative"));
        }
        Self::signed(folds)
    }

    /// Scores that are negative where the observation lies inside, for [`quantiles_plus`]: max(low − y, y − high) of the rows each fold tested.
    ///
    /// # Errors
    /// Fewer than two folds with rows; a score that is infinite or missing.
    pub fn signed(mut folds: Vec<Vec<f64>>) -> Result<Self> {
        for (k, fold) in folds.iter_mut().enumerate() {
            if let Some(bad) = fold.iter().find(|r| !r.is_finite()) {
                return Err(Error::data(format!("residuals of fold {}", k + 1)).got(bad.to_string()).rule("residuals are finite"));
            }
            fold.sort_unstable_by(f64::total_cmp);
        }
        let filled = folds.iter().filter(|f| !f.is_empty()).count();
        if filled < 2 {
            return Err(Error::data("held-out folds").got(format!("{filled} with rows")).rule("CV+ needs at least 2"));
        }
        let rows = folds.iter().map(Vec::len).sum();
        Ok(Self { folds, rows })
    }

    /// The residuals of each fold, ascending.
    pub fn folds(&self) -> &[Vec<f64>] {
        &self.folds
    }

    /// Number of residuals in all.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The `k`-th smallest residual of all folds (from 1).
    fn unshifted(&self, k: usize) -> f64 {
        let mut all = self.folds.concat();
        *all.select_nth_unstable_by(k - 1, f64::total_cmp).1
    }
}

/// Selects the `k`-th smallest (from 1) of all `shift[fold] + residual`, exactly. Keeps its room from row to row.
struct Selection<'a> {
    folds: &'a [Vec<f64>],
    k: usize,
    /// The `k`-th smallest residual where nothing is shifted.
    unshifted: f64,
    /// The part of each fold that may hold the answer.
    ranges: Vec<(usize, usize)>,
    middles: Vec<(f64, usize)>,
    few: Vec<f64>,
}

impl<'a> Selection<'a> {
    fn new(residuals: &'a Residuals, k: usize, unshifted: f64) -> Self {
        let folds = &residuals.folds;
        Self { folds, k, unshifted, ranges: vec![(0, 0); folds.len()], middles: Vec::with_capacity(folds.len()), few: Vec::new() }
    }

    /// Floating-point addition keeps order in both of its terms. So shifted folds stay sorted, and the answer lies between
    /// what it would be with the smallest shift for all folds and with the largest. That bracket leaves few candidates
    /// where fold models agree; the weighted median of the range middles then discards at least a quarter at each turn.
    fn of(&mut self, shift: &[f64]) -> f64 {
        let (least, most) = shift.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), s| (a.min(*s), b.max(*s)));
        let (floor, roof) = (least + self.unshifted, most + self.unshifted);
        for ((range, fold), s) in self.ranges.iter_mut().zip(self.folds).zip(shift) {
            *range = (fold.partition_point(|r| s + r < floor), fold.partition_point(|r| s + r <= roof));
        }
        loop {
            let left: usize = self.ranges.iter().map(|(lo, hi)| hi - lo).sum();
            if left <= FEW {
                return self.among_few(shift);
            }
            let pivot = self.pivot(shift, left);
            let cut = |above: bool, (lo, hi): (usize, usize), fold: &[f64], s: f64| {
                lo + fold[lo..hi].partition_point(|r| if above { s + r <= pivot } else { s + r < pivot })
            };
            let count = |above: bool| -> usize {
                self.folds.iter().zip(shift).zip(&self.ranges).map(|((f, s), range)| cut(above, *range, f, *s)).sum()
            };
            let below = count(false) >= self.k;
            if !below && count(true) >= self.k {
                return pivot;
            }
            for ((range, fold), s) in self.ranges.iter_mut().zip(self.folds).zip(shift) {
                let at = cut(!below, *range, fold, *s);
                if below { range.1 = at } else { range.0 = at }
            }
        }
    }

    /// The answer among the few candidates left: so many of all are certainly smaller.
    fn among_few(&mut self, shift: &[f64]) -> f64 {
        self.few.clear();
        for ((fold, s), &(lo, hi)) in self.folds.iter().zip(shift).zip(&self.ranges) {
            self.few.extend(fold[lo..hi].iter().map(|r| s + r));
        }
        let smaller: usize = self.ranges.iter().map(|r| r.0).sum();
        *self.few.select_nth_unstable_by(self.k - 1 - smaller, f64::total_cmp).1
    }

    fn pivot(&mut self, shift: &[f64], left: usize) -> f64 {
        self.middles.clear();
        for ((fold, s), &(lo, hi)) in self.folds.iter().zip(shift).zip(&self.ranges) {
            if lo < hi {
                self.middles.push((s + fold[usize::midpoint(lo, hi)], hi - lo));
            }
        }
        self.middles.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut seen = 0;
        let half = self.middles.iter().find(|(_, count)| {
            seen += count;
            2 * seen >= left
        });
        half.map_or(f64::NAN, |m| m.0)
    }
}

impl TryFrom<Vec<Vec<f64>>> for Residuals {
    type Error = Error;

    fn try_from(folds: Vec<Vec<f64>>) -> Result<Self> {
        Self::new(folds)
    }
}

impl From<Residuals> for Vec<Vec<f64>> {
    fn from(residuals: Residuals) -> Self {
        residuals.folds
    }
}

/// CV+ prediction intervals (Barber, Candès, Ramdas and Tibshirani 2021, Annals of Statistics 49, section 3):
///
/// `[ q⁻{ μ₋ₛ₍ᵢ₎(x) − Rᵢ }, q⁺{ μ₋ₛ₍ᵢ₎(x) + Rᵢ } ]`
///
/// over all training rows i, where μ₋ₛ₍ᵢ₎ is the model of the fold that held row i out, Rᵢ that row's absolute residual,
/// q⁻ the ⌊α(n+1)⌋-th and q⁺ the ⌈(1−α)(n+1)⌉-th smallest, α = 1 − `level`. Jackknife+ is the same with one row a fold.
/// For exchangeable rows a new observation is covered with probability at least 1 − 2α (minus a term that shrinks
/// with the folds' size), in practice close to 1 − α. With grouped or spatial folds the claim holds for rows as new
/// to the model as the folds were: new groups, new regions.
///
/// `said` holds the predictions of the fold models for the new rows: folds × rows, in the target's unit and in the order
/// of the residuals' folds. Returns lower and upper ends, one a row. Each end is an exact order statistic; no
/// interpolation.
///
/// ```
/// use esker_evaluate::interval::{Residuals, cv_plus};
/// let residuals = Residuals::new(vec![vec![1.0, 2.0], vec![3.0, 4.0]])?;
/// let (low, high) = cv_plus(&residuals, &[vec![10.0], vec![20.0]], 0.6)?;
/// // 10+1, 10+2, 20+3, 20+4: rank ⌈0.6 × 5⌉ = 3 is 23; 10−1, 10−2, 20−3, 20−4: rank ⌊0.4 × 5⌋ = 2 is 9.
/// assert_eq!((low[0], high[0]), (9.0, 23.0));
/// # Ok::<(), esker_core::Error>(())
/// ```
///
/// # Errors
/// A level outside 0.5..0.999 or too high for the number of residuals; predictions of another number of folds, of
/// unequal lengths, or not finite.
pub fn cv_plus(residuals: &Residuals, said: &[Vec<f64>], level: f64) -> Result<(Vec<f64>, Vec<f64>)> {
    quantiles_plus(residuals, [said, said], level)
}

/// CV+ of predicted quantiles: conformalised quantile regression (Romano, Patterson and Candès 2019, arXiv 1905.03222) where each fold model's quantiles
/// are widened by the scores of the rows it held out,
///
/// `[ −q⁺{ −low₋ₛ₍ᵢ₎(x) + Eᵢ }, q⁺{ high₋ₛ₍ᵢ₎(x) + Eᵢ } ]`, Eᵢ = max(lowᵢ − yᵢ, yᵢ − highᵢ),
///
/// over all rows i (nested conformal sets; Gupta, Kuchibhotla and Ramdas 2022, arXiv 1910.10562, section 4). `scores` are those of
/// [`Residuals::signed`]; `said` holds lower and upper quantiles of the fold models for the new rows, folds × rows each. Ends that narrowing would turn
/// over meet in their middle.
///
/// # Errors
/// As [`cv_plus`].
pub fn quantiles_plus(scores: &Residuals, said: [&[Vec<f64>]; 2], level: f64) -> Result<(Vec<f64>, Vec<f64>)> {
    let k = rank(scores.rows, level)?;
    let rows = check_said(scores, said[0])?;
    check_said(scores, said[1])?;
    let mut low = vec![0.0; rows];
    let mut high = vec![0.0; rows];
    let unshifted = scores.unshifted(k);
    low.par_chunks_mut(CHUNK).zip(high.par_chunks_mut(CHUNK)).enumerate().for_each(|(c, (low, high))| {
        let mut shift = vec![0.0; scores.folds.len()];
        let mut select = Selection::new(scores, k, unshifted);
        for (i, (low, high)) in low.iter_mut().zip(high).enumerate() {
            let row = c * CHUNK + i;
            let mut shifted = |sign: f64, said: &[Vec<f64>]| {
                shift.iter_mut().zip(said).for_each(|(s, fold)| *s = sign * fold[row]);
                select.of(&shift)
            };
            *high = shifted(1.0, said[1]);
            // ⌊α(n+1)⌋-th smallest of μ − R is minus the k-th smallest of R − μ; negation is exact.
            *low = -shifted(-1.0, said[0]);
            if *low > *high {
                (*low, *high) = (f64::midpoint(*low, *high), f64::midpoint(*low, *high));
            }
        }
    });
    Ok((low, high))
}

/// CV-minmax intervals, jackknife-minmax with one row a fold (Barber et al. 2021, section 3): from the lowest to the highest prediction of the fold models,
/// widened by the ⌈level (n + 1)⌉-th smallest of the n absolute residuals. Wider than [`cv_plus`]; for exchangeable rows a new observation is covered with
/// probability at least `level`.
///
/// # Errors
/// As [`cv_plus`].
pub fn cv_minmax(residuals: &Residuals, said: &[Vec<f64>], level: f64) -> Result<(Vec<f64>, Vec<f64>)> {
    let k = rank(residuals.rows, level)?;
    let rows = check_said(residuals, said)?;
    let half = residuals.unshifted(k);
    let of = |row: usize| said.iter().map(move |fold| fold[row]);
    let low = (0..rows).map(|row| of(row).fold(f64::INFINITY, f64::min) - half).collect();
    Ok((low, (0..rows).map(|row| of(row).fold(f64::NEG_INFINITY, f64::max) + half).collect()))
}

fn check_said(residuals: &Residuals, said: &[Vec<f64>]) -> Result<usize> {
    if said.len() != residuals.folds.len() {
        return Err(Error::model("fold models")
            .got(said.len().to_string())
            .rule(format!("the residuals come from {} folds, one model each", residuals.folds.len())));
    }
    let rows = said[0].len();
    for (k, fold) in said.iter().enumerate() {
        if fold.len() != rows {
            return Err(Error::model(format!("predictions of fold model {}", k + 1))
                .got(format!("{} rows", fold.len()))
                .rule(format!("the first fold model has {rows}")));
        }
        if let Some(row) = fold.iter().position(|v| !v.is_finite()) {
            return Err(Error::model(format!("prediction of fold model {} for row {}", k + 1, row + 1))
                .got(fold[row].to_string())
                .rule("predictions are finite"));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn search_over_sorted_lists_finds_what_sorting_everything_finds() {
        let mut rng = Rng::new(11);
        for sizes in [&[40usize, 3, 0, 90][..], &[1, 1], &[17; 10], &[200, 1], &[1; 300]] {
            // Rounded values make ties within and between folds.
            let folds = sizes.iter().map(|&n| (0..n).map(|_| (rng.uniform() * 20.0).round() / 8.0).collect()).collect();
            let r = Residuals::new(folds).unwrap();
            let shift: Vec<f64> = sizes.iter().map(|_| (rng.normal() * 4.0).round() / 4.0).collect();
            let mut all: Vec<f64> = r.folds.iter().zip(&shift).flat_map(|(f, s)| f.iter().map(move |r| s + r)).collect();
            all.sort_by(f64::total_cmp);
            for k in 1..=r.rows {
                assert_eq!(Selection::new(&r, k, r.unshifted(k)).of(&shift), all[k - 1], "sizes {sizes:?}, k = {k}");
            }
        }
    }
}
