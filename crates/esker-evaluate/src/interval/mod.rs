//! Prediction intervals from out-of-fold residuals (CV+, jackknife+, CV-minmax), and what they really cover; conformalised quantiles ([`widening`],
//! [`quantiles_plus`]), intervals from rows nearby ([`spatial_half_widths`]) and along a series ([`along`]).
//!
//! [`cv_plus`] and its kin make the intervals of new rows. [`held_out`] and its kin make intervals for the rows of the table itself, so that
//! [`summary`] and [`parts`] can measure how often the truth lies inside.

mod measured;
mod parts;
mod plus;
mod quantiles;
mod sequence;
mod weighted;

pub use measured::{Ends, HeldOut, held_out, held_out_quantiles, summary, summary_of};
pub use parts::{Part, bands, parts};
pub use plus::{Residuals, cv_minmax, cv_plus, quantiles_plus};
pub use quantiles::{Widening, widening};
pub use sequence::{Sequence, along};
pub use weighted::{Near, spatial_half_widths, weighted_half_width};

use std::ops::RangeInclusive;

use esker_core::{Error, Result};

/// Levels an interval is made for.
const LEVELS: RangeInclusive<f64> = 0.5..=0.999;

/// The conformal rank ⌈level (n + 1)⌉, counted from 1: the residual of that rank among `n` is the half-width.
///
/// # Errors
/// A level outside 0.5..0.999; a rank beyond `n`, where the interval would be infinite.
pub fn rank(n: usize, level: f64) -> Result<usize> {
    if !LEVELS.contains(&level) {
        return Err(Error::recipe("interval level")
            .got(level.to_string())
            .rule(format!("a level lies within {}..{}", LEVELS.start(), LEVELS.end()))
            .hint("0.9 covers nine new observations in ten"));
    }
    // 0.9 × 10 must be 9, whatever the last bit of the product says.
    let k = (level * (n as f64 + 1.0) - 1e-9).ceil() as usize;
    if k > n {
        let needed = (level / (1.0 - level) - 1e-9).ceil() as usize;
        return Err(Error::data("prediction interval")
            .got(format!("{n} held-out {} for level {level}", if n == 1 { "residual" } else { "residuals" }))
            .rule(format!("level {level} needs at least {needed} rows, with fewer the interval is infinite"))
            .hint("ask for a lower level, or bring more rows"));
    }
    Ok(k)
}
