//! Scores of hydrology: the Kling-Gupta efficiency and its parts. Nash and Sutcliffe's efficiency is R² by another name.

use esker_core::{Error, Prediction, Result, Values};

use super::input::{self, Numbers, thing};
use super::regression;

/// The parts of the Kling-Gupta efficiency; each is 1 where the model is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KgeParts {
    /// Pearson's correlation r.
    pub correlation: f64,
    /// α: standard deviation of the prediction over that of the truth.
    pub spread: f64,
    /// β: mean of the prediction over that of the truth.
    pub mean: f64,
    /// γ: coefficient of variation of the prediction over that of the truth, α/β.
    pub variation: f64,
}

impl KgeParts {
    /// 1 − √((r − 1)² + (α − 1)² + (β − 1)²) (Gupta et al. 2009, doi 10.1016/j.jhydrol.2009.08.003).
    pub fn kge(&self) -> f64 {
        distance([self.correlation, self.spread, self.mean])
    }

    /// 1 − √((r − 1)² + (γ − 1)² + (β − 1)²) (Kling et al. 2012, doi 10.1016/j.jhydrol.2012.01.011).
    pub fn kge_2012(&self) -> f64 {
        distance([self.correlation, self.variation, self.mean])
    }
}

fn distance(parts: [f64; 3]) -> f64 {
    1.0 - parts.iter().map(|p| (p - 1.0).powi(2)).sum::<f64>().sqrt()
}

/// The parts of the Kling-Gupta efficiency of predictions of numbers, weighted if weights are given.
///
/// # Errors
/// As every score of numbers; a constant truth or prediction, or a truth or prediction whose mean is 0.
pub fn kge_parts(truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<KgeParts> {
    parts("kge", &input::numbers("kge", truth, said, weight)?)
}

pub(super) fn parts(score: &str, rows: &Numbers) -> Result<KgeParts> {
    let correlation = regression::correlation_of(score, rows)?;
    let (mt, mp) = (rows.mean(|t, _| t), rows.mean(|_, p| p));
    if mt == 0.0 || mp == 0.0 {
        return Err(Error::numeric(thing(score))
            .got(format!("a mean of {mt} as truth and {mp} as prediction"))
            .rule("the score does not exist: it compares the two by their ratio")
            .hint("it is made for quantities with a true zero, such as discharge"));
    }
    let unit = rows.largest(|t, _| t - mt).max(rows.largest(|_, p| p - mp));
    let sd = |f: &dyn Fn(f64, f64) -> f64| rows.mean(|t, p| (f(t, p) / unit).powi(2)).sqrt();
    let spread = sd(&|_, p| p - mp) / sd(&|t, _| t - mt);
    let mean = mp / mt;
    Ok(KgeParts { correlation, spread, mean, variation: spread / mean })
}
