//! Dependence along a series: autocorrelation and the Ljung-Box test.

use esker_core::{Error, Result};
use esker_math::{chi_squared_tail, mean};

/// The test of Ljung and Box (1978, doi 10.1093/biomet/65.2.297): is there any autocorrelation up to some lag?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LjungBox {
    /// n (n + 2) Σ rₖ² / (n − k).
    pub q: f64,
    /// Lags looked at.
    pub lags: usize,
    /// Probability of so large a `q` without autocorrelation: χ² with `lags` degrees of freedom.
    pub p: f64,
}

/// Autocorrelation at the lags 0 to `lags`: Σ (xₜ − x̄)(xₜ₊ₖ − x̄) / Σ (xₜ − x̄)², as `statsmodels.tsa.stattools.acf`.
///
/// # Errors
/// Not more values than lags, a value that is not finite, or values that are all the same.
pub fn autocorrelation(series: &[f64], lags: usize) -> Result<Vec<f64>> {
    let thing = || Error::data("autocorrelation");
    if series.len() <= lags || series.len() < 2 {
        return Err(thing().got(format!("{} values and {lags} lags", series.len())).rule("more values than lags are needed"));
    }
    if let Some(i) = series.iter().position(|v| !v.is_finite()) {
        return Err(thing().got(format!("{} in row {}", series[i], i + 1)).rule("values are finite numbers"));
    }
    if series.iter().all(|v| *v == series[0]) {
        return Err(thing().got(format!("{} values of {}", series.len(), series[0])).rule("values that vary are needed"));
    }
    let centre = mean(series);
    let z: Vec<f64> = series.iter().map(|v| v - centre).collect();
    let squares: f64 = z.iter().map(|v| v * v).sum();
    Ok((0..=lags).map(|k| z[k..].iter().zip(&z).map(|(a, b)| a * b).sum::<f64>() / squares).collect())
}

/// The Ljung-Box test of a series, as `statsmodels.stats.diagnostic.acorr_ljungbox`.
///
/// # Errors
/// As [`autocorrelation`]; no lag.
pub fn ljung_box(series: &[f64], lags: usize) -> Result<LjungBox> {
    if lags == 0 {
        return Err(Error::data("Ljung-Box test").got("0 lags").rule("at least 1 is needed"));
    }
    let r = autocorrelation(series, lags)?;
    let n = series.len() as f64;
    let q = n * (n + 2.0) * r[1..].iter().zip(1..).map(|(r, k)| r * r / (n - f64::from(k))).sum::<f64>();
    Ok(LjungBox { q, lags, p: chi_squared_tail(q, lags as f64) })
}
