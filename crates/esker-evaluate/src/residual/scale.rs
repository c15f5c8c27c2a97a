//! Errors of means over larger and larger areas: how far averaging helps.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};

use esker_core::{Error, Places, Result};
use esker_math::EARTH_RADIUS;

/// The error of block means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaleError {
    /// Length of a block's side, in metres.
    pub side: f64,
    /// Blocks that hold rows.
    pub blocks: usize,
    /// Root of the mean over blocks of the squared mean residual, in the unit of the residuals.
    pub rmse: f64,
    /// What it would be if residuals were independent of each other: √(bias² + variance · mean over blocks of 1/rows).
    pub independent: f64,
}

/// Root mean square error of the means of square blocks of each side, in metres: cells of a plane counted from its least coordinates,
/// or bands of latitude cut into cells as long as they are high. Every block counts once.
///
/// # Errors
/// Not one residual a place, none, one that is not finite, or a side that is not above 0.
pub fn at_scales(places: &Places, residuals: &[f64], sides: &[f64]) -> Result<Vec<ScaleError>> {
    let thing = || Error::data("errors of block means");
    let n = residuals.len();
    if n != places.x().len() || n == 0 {
        return Err(thing().got(format!("{n} residuals and {} places", places.x().len())).rule("one of each a row, at least one"));
    }
    if let Some(i) = residuals.iter().position(|r| !r.is_finite()) {
        return Err(thing().got(format!("{} in row {}", residuals[i], i + 1)).rule("residuals are finite numbers"));
    }
    let bias = esker_math::mean(residuals);
    let variance = if n > 1 { esker_math::variance(residuals) } else { 0.0 };
    sides
        .iter()
        .map(|&side| {
            if !(side > 0.0 && side.is_finite()) {
                return Err(thing().got(format!("blocks of {side} m")).rule("the side is above 0 and finite"));
            }
            let mut blocks: BTreeMap<(i64, i64), Vec<f64>> = BTreeMap::new();
            for (cell, &r) in cells(places, side).into_iter().zip(residuals) {
                blocks.entry(cell).or_default().push(r);
            }
            let count = blocks.len() as f64;
            let (mut squares, mut shares) = (0.0, 0.0);
            for rows in blocks.values_mut() {
                // In the order of the values, so that the order of the rows changes no bit.
                rows.sort_unstable_by(f64::total_cmp);
                squares += esker_math::mean(rows).powi(2);
                shares += 1.0 / rows.len() as f64;
            }
            Ok(ScaleError {
                side,
                blocks: blocks.len(),
                rmse: (squares / count).sqrt(),
                independent: (bias * bias + variance * shares / count).sqrt(),
            })
        })
        .collect()
}

/// The block of each place: column and row. On the sphere, bands of latitude are about `side` high and hold cells about `side` long at
/// their middle.
pub(crate) fn cells(places: &Places, side: f64) -> Vec<(i64, i64)> {
    let (x, y) = (places.x(), places.y());
    if !places.crs().is_degrees() {
        let least = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
        let (west, south) = (least(x), least(y));
        return x.iter().zip(y).map(|(x, y)| (((x - west) / side).floor() as i64, ((y - south) / side).floor() as i64)).collect();
    }
    let bands = (PI * EARTH_RADIUS / side).ceil().max(1.0);
    x.iter()
        .zip(y)
        .map(|(lon, lat)| {
            let row = ((lat + 90.0) / 180.0 * bands).floor().min(bands - 1.0);
            let middle = ((row + 0.5) / bands - 0.5) * PI;
            let columns = (TAU * EARTH_RADIUS * middle.cos() / side).round().max(1.0);
            let column = (lon.rem_euclid(360.0) / 360.0 * columns).floor().min(columns - 1.0);
            (column as i64, row as i64)
        })
        .collect()
}
