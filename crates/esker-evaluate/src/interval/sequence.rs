//! Intervals along a series, which learn from what they missed.

use esker_core::{Error, Result};

use super::{LEVELS, rank};

/// Half-widths of a series, each made before its own observations are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Half-width of each time, in the unit of the target; infinite where too few residuals are known or all must be covered.
    pub half: Vec<f64>,
    /// Share of the observations that was to be missed, as adapted, at each time.
    pub missed: Vec<f64>,
    /// Half-width of a time after the last.
    pub next: f64,
    /// Share of the observations inside, from the first time at which enough residuals were known; NaN if that never was.
    pub coverage: f64,
}

/// Half-widths from the absolute residuals of the `window` times before (EnbPI; Xu and Xie 2021, arXiv 2010.09107), adapted by what was missed (ACI;
/// Gibbs and Candès 2021, arXiv 2106.00170): after each round the share to be missed moves by `rate` · (1 − level − share missed). A rate of 0 is
/// EnbPI alone, with the residuals' absolute values and their conformal rank. `times` holds the absolute residuals of each time, in order; `round` counts for each
/// time the round it is part of: times of one round are predicted together, before any observation of the round is known.
///
/// # Errors
/// No time, a round for each time missing or going back, an empty window, residuals that are negative or not finite, a level outside 0.5..0.999, or a
/// rate outside 0..1.
pub fn along(times: &[Vec<f64>], round: &[usize], level: f64, (window, rate): (usize, f64)) -> Result<Sequence> {
    check(times, round, level, (window, rate))?;
    let mut share = 1.0 - level;
    let mut out = Sequence { half: Vec::new(), missed: Vec::new(), next: f64::INFINITY, coverage: f64::NAN };
    let (mut inside, mut judged) = (0, 0);
    let mut from = 0;
    for now in round.chunk_by(|a, b| a == b) {
        let until = from + now.len();
        let known = times[from.saturating_sub(window)..from].concat();
        let half = half_width(&known, share);
        out.half.resize(until, half);
        out.missed.resize(until, share);
        if rank(known.len(), level).is_ok() {
            let all = || times[from..until].iter().flatten();
            let (rows, hits) = (all().count(), all().filter(|r| **r <= half).count());
            judged += rows;
            inside += hits;
            if rows > 0 {
                share += rate * ((1.0 - level) - (rows - hits) as f64 / rows as f64);
            }
        }
        from = until;
    }
    out.next = half_width(&times[from.saturating_sub(window)..].concat(), share);
    if judged > 0 {
        out.coverage = f64::from(inside as u32) / judged as f64;
    }
    Ok(out)
}

/// The ⌈(1 − share)(n + 1)⌉-th smallest residual; infinite where there is none.
fn half_width(known: &[f64], share: f64) -> f64 {
    let k = ((1.0 - share) * (known.len() as f64 + 1.0) - 1e-9).ceil();
    if k < 1.0 {
        return 0.0;
    }
    if share <= 0.0 || k > known.len() as f64 {
        return f64::INFINITY;
    }
    *known.to_vec().select_nth_unstable_by(k as usize - 1, f64::total_cmp).1
}

fn check(times: &[Vec<f64>], round: &[usize], level: f64, (window, rate): (usize, f64)) -> Result<()> {
    let thing = || Error::data("intervals of a series");
    if window == 0 || times.is_empty() || round.len() != times.len() || round.windows(2).any(|w| w[0] > w[1]) {
        return Err(thing()
            .got(format!("a window of {window}, {} times and rounds of {}", times.len(), round.len()))
            .rule("the window is at least 1, there is a time, and each time is of a round that does not go back"));
    }
    if !(LEVELS.contains(&level) && (0.0..=1.0).contains(&rate)) {
        return Err(thing().got(format!("level {level} and rate {rate}")).rule(format!(
            "the level lies within {}..{}, the rate within 0..1",
            LEVELS.start(),
            LEVELS.end()
        )));
    }
    match times.iter().flatten().find(|r| !r.is_finite() || **r < 0.0) {
        Some(bad) => Err(thing().got(bad.to_string()).rule("absolute residuals are finite and not negative")),
        None => Ok(()),
    }
}
