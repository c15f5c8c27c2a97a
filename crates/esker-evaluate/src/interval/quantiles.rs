//! Conformalised quantile regression: predicted quantiles, widened until they cover.

use esker_core::{Error, Result};

use super::rank;

/// How far predicted quantiles are to be widened (narrowed, where negative), in the unit of the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Widening {
    /// Below the lower quantile.
    pub low: f64,
    /// Above the upper quantile.
    pub high: f64,
}

/// The widening of conformalised quantile regression (Romano, Patterson and Candès 2019, arXiv 1905.03222) from rows that the quantiles did not
/// learn from: the ⌈level (n + 1)⌉-th smallest of max(low − y, y − high). `apart` widens each side by its own score instead, at the level
/// 1 − (1 − level)/2, which covers each side.
///
/// # Errors
/// Lengths that differ, values that are not finite, a level outside 0.5..0.999 or too high for the rows.
pub fn widening(observed: &[f64], [low, high]: [&[f64]; 2], level: f64, apart: bool) -> Result<Widening> {
    let n = observed.len();
    let thing = || Error::data("conformalised quantiles");
    if [low.len(), high.len()] != [n; 2] {
        return Err(thing().got(format!("{n} observed, {} lower and {} upper quantiles", low.len(), high.len())).rule("one of each a row"));
    }
    if let Some(row) = (0..n).find(|&i| !(observed[i].is_finite() && low[i].is_finite() && high[i].is_finite())) {
        return Err(thing().got(format!("a value that is not finite in row {}", row + 1)).rule("all values are finite"));
    }
    let nth = |mut scores: Vec<f64>, level: f64| -> Result<f64> {
        let k = rank(n, level)?;
        scores.sort_unstable_by(f64::total_cmp);
        Ok(scores[k - 1])
    };
    let below = |i: usize| low[i] - observed[i];
    let above = |i: usize| observed[i] - high[i];
    if apart {
        let level = 1.0 - (1.0 - level) / 2.0;
        return Ok(Widening { low: nth((0..n).map(below).collect(), level)?, high: nth((0..n).map(above).collect(), level)? });
    }
    let both = nth((0..n).map(|i| below(i).max(above(i))).collect(), level)?;
    Ok(Widening { low: both, high: both })
}

impl Widening {
    /// The interval of a new row from its predicted quantiles. Where narrowing would turn it over, it is the middle of the two.
    pub fn apply(&self, low: f64, high: f64) -> (f64, f64) {
        let (a, b) = (low - self.low, high + self.high);
        if a <= b { (a, b) } else { (f64::midpoint(a, b), f64::midpoint(a, b)) }
    }
}
