//! Measured coverage: intervals for the table's own rows, and how often the truth lies inside.

use esker_core::record::Intervals;
use esker_core::{Error, Result};

use super::parts::{Part, bands};
use super::{Widening, rank};

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

    /// For each fold the conformal quantile of the other folds' scores, which are one a row.
    fn of_others(&self, scores: &[f64], level: f64) -> Result<Vec<f64>> {
        let mut sorted: Vec<(f64, u32)> = scores.iter().copied().zip(self.fold.iter().copied()).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.fold_rows()
            .into_iter()
            .enumerate()
            .map(|(k, own)| {
                let k_th = rank(sorted.len() - own, level)?;
                let mut others = sorted.iter().filter(|(_, f)| *f as usize != k);
                Ok(others.nth(k_th - 1).expect("the rank lies within the scores of the other folds").0)
            })
            .collect()
    }
}

/// Lower and upper ends, one a row, in the unit of the target; NaN where a row has no finite interval.
pub type Ends = (Vec<f64>, Vec<f64>);

/// Intervals for held-out rows: the centre is what the row's own fold model said, the half-width the
/// ⌈level (n + 1)⌉-th smallest of the n absolute residuals of the *other* folds.
///
/// CV+ itself would put a row's own residual into its own interval, and would use fold models that learned from the row:
/// coverage measured that way is flattered. Here neither the centre nor any residual is made from the row's own target, which is known only to the
/// models of other folds, as one of the many rows they learned from; so the share of rows inside is a measurement (cross-conformal prediction with one
/// fold left out, Vovk 2015, Annals of Mathematics and Artificial Intelligence 74).
///
/// # Errors
/// Lengths that differ, values that are not finite, a fold without rows, fewer than two folds, a level outside
/// 0.5..0.999 or too high for the rows outside a fold.
pub fn held_out(predicted: &[f64], observed: &[f64], fold: &[u32], folds: usize, level: f64) -> Result<Ends> {
    let rows = HeldOut { predicted, observed, fold, folds };
    rows.check()?;
    let residuals: Vec<f64> = predicted.iter().zip(observed).map(|(p, o)| (o - p).abs()).collect();
    let half = rows.of_others(&residuals, level)?;
    let end = |sign: f64| predicted.iter().zip(fold).map(|(p, &f)| p + sign * half[f as usize]).collect();
    Ok((end(-1.0), end(1.0)))
}

/// Intervals for held-out rows from quantiles: those that the row's own fold model said, widened by the ⌈level (n + 1)⌉-th smallest of the n scores
/// max(low − y, y − high) of the *other* folds (as [`held_out`], for conformalised quantile regression).
///
/// # Errors
/// As [`held_out`]; quantiles that are not one of each a row, or not finite.
pub fn held_out_quantiles(rows: &HeldOut, [low, high]: [&[f64]; 2], level: f64) -> Result<Ends> {
    rows.check()?;
    let n = rows.observed.len();
    if [low.len(), high.len()] != [n; 2] || low.iter().chain(high).any(|v| !v.is_finite()) {
        return Err(Error::data("held-out quantiles")
            .got(format!("{} lower and {} upper ones for {n} rows", low.len(), high.len()))
            .rule("one of each a row, and finite"));
    }
    let scores: Vec<f64> = (0..n).map(|i| (low[i] - rows.observed[i]).max(rows.observed[i] - high[i])).collect();
    let wider = rows.of_others(&scores, level)?;
    let ends = (0..n).map(|i| {
        let by = wider[rows.fold[i] as usize];
        Widening { low: by, high: by }.apply(low[i], high[i])
    });
    Ok(ends.unzip())
}

/// How well the intervals of [`held_out`] cover; see [`summary_of`].
///
/// # Errors
/// As [`held_out`].
pub fn summary(method: &str, rows: &HeldOut, level: f64) -> Result<Intervals> {
    summary_of(method, rows, level, |level| held_out(rows.predicted, rows.observed, rows.fold, rows.folds, level))
}

/// How well intervals cover that `make` makes of held-out rows at a level: overall, in each fold, at the levels .5, .6, .7, .8, .9, .95 and by
/// tenths of the predicted value. `method` names the intervals in the record, e.g. `CV+`. Curve levels that the number of
/// rows cannot carry are left out. Rows of equal prediction stay in one tenth, so there may be fewer than ten. Rows whose ends are not finite count
/// in none of it, nor does a fold of such rows alone.
///
/// # Errors
/// Those of `make`; no row with an interval; held-out rows as [`held_out`] refuses them.
pub fn summary_of(method: &str, rows: &HeldOut, level: f64, make: impl Fn(f64) -> Result<Ends>) -> Result<Intervals> {
    rows.check()?;
    let ends = make(level)?;
    let known = with_interval(&ends);
    if known.is_empty() {
        return Err(Error::data("prediction intervals")
            .got(format!("none of {} held-out rows with a finite one", rows.observed.len()))
            .rule(format!("level {level} needs more residuals"))
            .hint("ask for a lower level, or bring more rows"));
    }
    let inside = covered(rows, &ends, &known);
    let (mut folds, mut counts) = (vec![0.0; rows.folds], vec![0.0f64; rows.folds]);
    for (&i, inside) in known.iter().zip(&inside) {
        folds[rows.fold[i] as usize] += f64::from(u8::from(*inside));
        counts[rows.fold[i] as usize] += 1.0;
    }
    let folds = folds.into_iter().zip(counts).filter(|(_, n)| *n > 0.0).map(|(c, n)| c / n).collect();
    let at = |l: f64| {
        let ends = make(l).ok()?;
        let known = with_interval(&ends);
        (!known.is_empty()).then(|| (l, share(covered(rows, &ends, &known).into_iter())))
    };
    let predicted: Vec<f64> = known.iter().map(|&i| rows.predicted[i]).collect();
    Ok(Intervals {
        method: method.to_owned(),
        level,
        coverage: share(inside.iter().copied()),
        width: known.iter().map(|&i| ends.1[i] - ends.0[i]).sum::<f64>() / known.len() as f64,
        folds,
        curve: CURVE.iter().filter_map(|&l| at(l)).collect(),
        conditional: by_tenths(&predicted, &inside),
        without: rows.observed.len() - known.len(),
        ..Intervals::default()
    })
}

/// Rows whose interval is finite.
fn with_interval((low, high): &Ends) -> Vec<usize> {
    (0..low.len()).filter(|&i| low[i].is_finite() && high[i].is_finite()).collect()
}

/// Whether each of some rows lies inside its interval, ends included.
fn covered(rows: &HeldOut, (low, high): &Ends, known: &[usize]) -> Vec<bool> {
    known.iter().map(|&i| (low[i]..=high[i]).contains(&rows.observed[i])).collect()
}

fn share(inside: impl ExactSizeIterator<Item = bool>) -> f64 {
    let n = inside.len();
    inside.filter(|x| *x).count() as f64 / n as f64
}

/// (mean prediction, coverage, rows) of each tenth of the predicted values, ascending.
fn by_tenths(predicted: &[f64], inside: &[bool]) -> Vec<(f64, f64, usize)> {
    let tenth = |part: Part| {
        let rows = part.rows;
        let mean = rows.iter().map(|&i| predicted[i]).sum::<f64>() / rows.len() as f64;
        (mean, share(rows.iter().map(|&i| inside[i])), rows.len())
    };
    bands(predicted, TENTHS, |_, _| String::new()).into_iter().map(tenth).collect()
}
