//! Intervals along a series, which learn from what they missed.

use std::collections::VecDeque;

use esker_core::{Error, Result};
use esker_math::quantile;

/// Intervals of a series in the order of time, each made before its own observation is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Half-widths, in the unit of the target; infinite where all must be covered.
    pub half: Vec<f64>,
    /// Share of the series that was to be missed, as adapted, before each row.
    pub missed: Vec<f64>,
    /// Share of the observations inside.
    pub coverage: f64,
}

/// Half-widths from the absolute residuals of the `window` rows before (EnbPI; Xu and Xie 2021, arXiv 2010.09107, with one residual a row), adapted by what was
/// missed (ACI; Gibbs and Candès 2021, arXiv 2106.00170): after each row the share to be missed moves by `rate` · (1 − level − missed). A rate of 0 is
/// EnbPI alone. `start` are absolute residuals of rows before the first; `residuals` those of the rows in the order of time.
///
/// # Errors
/// Fewer starting residuals than the window, an empty window, residuals that are negative or not finite, a level outside 0..1, or a rate outside 0..1.
pub fn along(start: &[f64], residuals: &[f64], level: f64, window: usize, rate: f64) -> Result<Sequence> {
    let thing = || Error::data("intervals of a series");
    if window == 0 || start.len() < window || residuals.is_empty() {
        return Err(thing()
            .got(format!("a window of {window}, {} residuals before and {} after", start.len(), residuals.len()))
            .rule("the window is at least 1, no longer than the residuals before, and at least one row follows"));
    }
    if !(level > 0.0 && level < 1.0 && (0.0..=1.0).contains(&rate)) {
        return Err(thing().got(format!("level {level} and rate {rate}")).rule("the level lies between 0 and 1, the rate within 0..1"));
    }
    if let Some(bad) = start.iter().chain(residuals).find(|r| !r.is_finite() || **r < 0.0) {
        return Err(thing().got(bad.to_string()).rule("absolute residuals are finite and not negative"));
    }
    let mut recent: VecDeque<f64> = start[start.len() - window..].iter().copied().collect();
    let mut share = 1.0 - level;
    let mut out = Sequence { half: Vec::new(), missed: Vec::new(), coverage: 0.0 };
    let mut inside = 0usize;
    for &r in residuals {
        let half = match share {
            s if s <= 0.0 => f64::INFINITY,
            s if s >= 1.0 => 0.0,
            s => quantile(recent.make_contiguous(), 1.0 - s)?,
        };
        let hit = r <= half;
        out.half.push(half);
        out.missed.push(share);
        inside += usize::from(hit);
        share += rate * ((1.0 - level) - f64::from(u8::from(!hit)));
        recent.pop_front();
        recent.push_back(r);
    }
    out.coverage = inside as f64 / residuals.len() as f64;
    Ok(out)
}
