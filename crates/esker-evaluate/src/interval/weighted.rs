//! Intervals that trust near rows more: conformal prediction with the residuals of rows nearby, or weighted by distance on the ground.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use esker_core::{Error, Result};
use esker_math::{Ground, Neighbour};

use super::rank;

/// Which known rows speak for a new place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Near {
    /// So many nearest rows, all alike; those as near as the last of them too.
    Rows(usize),
    /// All rows, by weights that fall with the distance in metres as exp(−½ (d/bandwidth)²).
    Bandwidth(f64),
}

/// The half-width of an interval from absolute residuals that count by weights, and a weight for the new row itself, whose residual is taken for
/// infinite (Tibshirani et al. 2019, arXiv 1904.06019): the smallest residual at which the weights up to it reach `level` of them all. `None` where
/// they never do: the interval would be infinite.
///
/// # Errors
/// Lengths that differ, none, a residual or weight that is negative or not finite, a level outside 0.5..0.999.
pub fn weighted_half_width(residuals: &[f64], weights: &[f64], own: f64, level: f64) -> Result<Option<f64>> {
    let thing = || Error::data("weighted interval");
    if residuals.len() != weights.len() || residuals.is_empty() {
        return Err(thing()
            .got(format!("{} residuals and {} weights", residuals.len(), weights.len()))
            .rule("one of each a row, at least one"));
    }
    if let Some(bad) = residuals.iter().chain(weights).chain([&own]).find(|v| !v.is_finite() || **v < 0.0) {
        return Err(thing().got(bad.to_string()).rule("residuals and weights are finite and not negative"));
    }
    // The level's own rule; many rows carry any level.
    rank(1_000_000, level)?;
    let mut both: Vec<(f64, f64)> = residuals.iter().copied().zip(weights.iter().copied()).collect();
    both.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    Ok(reached(&both, own, level))
}

/// The residual at which the weights of ascending residuals reach `level` of all and `own`.
fn reached(ascending: &[(f64, f64)], own: f64, level: f64) -> Option<f64> {
    let total: f64 = ascending.iter().map(|(_, w)| w).sum::<f64>() + own;
    let needed = level * total * (1.0 - 1e-12);
    let mut sum = 0.0;
    let found = ascending.iter().find(|(_, w)| {
        sum += w;
        sum >= needed
    });
    found.map(|(r, _)| *r)
}

/// Half-widths at new places from absolute held-out residuals at known ones, in the unit of the target. With [`Near::Rows`] that of the plain conformal
/// interval from the residuals of the nearest rows; with [`Near::Bandwidth`] the weighted one, where the new place weighs 1, and `None` where too few
/// known places are near (local and smoothed spatial conformal prediction; Mao, Martin and Reich 2024, doi 10.1093/biomet/asae011).
///
/// # Errors
/// Residuals that are not one a known place or are not finite; a bandwidth that is not above 0 metres; a level outside 0.5..0.999, or too high for the nearest
/// rows.
///
/// # Panics
/// One ground lies on the plane and the other on the sphere.
pub fn spatial_half_widths(known: &Ground, residuals: &[f64], wanted: &Ground, near: Near, level: f64) -> Result<Vec<Option<f64>>> {
    let thing = || Error::data("spatial interval");
    if residuals.len() != known.len() || residuals.iter().any(|r| !r.is_finite() || *r < 0.0) {
        return Err(thing()
            .got(format!("{} residuals at {} places", residuals.len(), known.len()))
            .rule("one a place, finite and not negative"));
    }
    match near {
        Near::Rows(rows) => nearest(known, residuals, wanted, rows.min(known.len()), level),
        Near::Bandwidth(b) if b > 0.0 && b.is_finite() => {
            rank(1_000_000, level)?;
            let mut order: Vec<usize> = (0..known.len()).collect();
            order.sort_unstable_by(|&a, &b| residuals[a].total_cmp(&residuals[b]));
            let one = |i: usize| {
                let weight = |j: usize| (-0.5 * (wanted.distance(i, known, j) / b).powi(2)).exp();
                let weights: Vec<(f64, f64)> = order.iter().map(|&j| (residuals[j], weight(j))).collect();
                reached(&weights, 1.0, level)
            };
            Ok((0..wanted.len()).into_par_iter().map(one).collect())
        }
        Near::Bandwidth(b) => Err(thing().got(format!("a bandwidth of {b} m")).rule("it is above 0 and finite")),
    }
}

fn nearest(known: &Ground, residuals: &[f64], wanted: &Ground, rows: usize, level: f64) -> Result<Vec<Option<f64>>> {
    rank(rows, level)?;
    let tree = known.tree()?;
    let one = |found: &mut Vec<Neighbour>, i: usize| {
        tree.nearest(wanted.point(i), rows, found);
        // Rows as near as the last one belong to it: which of them came first must not matter.
        let last = found.iter().map(|n| n.distance2).fold(0.0, f64::max);
        tree.within(wanted.point(i), last, found);
        let mut near: Vec<f64> = found.iter().map(|n| residuals[n.index]).collect();
        let k = rank(near.len(), level)?;
        Ok(Some(*near.select_nth_unstable_by(k - 1, f64::total_cmp).1))
    };
    (0..wanted.len()).into_par_iter().map_init(Vec::new, one).collect()
}
