//! Intervals that trust near rows more: weighted conformal prediction, by distance on the ground.

use esker_core::{Error, Result};
use esker_math::Ground;

use super::rank;

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
    let mut order: Vec<usize> = (0..residuals.len()).collect();
    order.sort_unstable_by(|&a, &b| residuals[a].total_cmp(&residuals[b]).then(weights[a].total_cmp(&weights[b])));
    let total: f64 = order.iter().map(|&i| weights[i]).sum::<f64>() + own;
    let needed = level * total * (1.0 - 1e-12);
    let mut sum = 0.0;
    Ok(order
        .into_iter()
        .find(|&i| {
            sum += weights[i];
            sum >= needed
        })
        .map(|i| residuals[i]))
}

/// Half-widths at new places from absolute held-out residuals at known ones, in the unit of the target: weights fall with the distance on the
/// ground as exp(−½ (d/bandwidth)²), and the new place weighs 1 (localised conformal prediction by geography; Mao, Martin and Reich 2024, doi
/// 10.1093/biomet/asae011, weigh alike). `None` where too few known places are near.
///
/// # Errors
/// As [`weighted_half_width`]; a bandwidth that is not above 0 metres.
///
/// # Panics
/// One ground lies on the plane and the other on the sphere.
pub fn spatial_half_widths(known: &Ground, residuals: &[f64], wanted: &Ground, bandwidth: f64, level: f64) -> Result<Vec<Option<f64>>> {
    if !(bandwidth > 0.0 && bandwidth.is_finite()) {
        return Err(Error::data("weighted interval").got(format!("a bandwidth of {bandwidth} m")).rule("it is above 0 and finite"));
    }
    (0..wanted.len())
        .map(|i| {
            let weight = |j: usize| (-0.5 * (wanted.distance(i, known, j) / bandwidth).powi(2)).exp();
            let weights: Vec<f64> = (0..known.len()).map(weight).collect();
            weighted_half_width(residuals, &weights, 1.0, level)
        })
        .collect()
}
