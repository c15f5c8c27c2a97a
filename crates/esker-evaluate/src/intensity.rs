//! Weights against uneven sampling: samples that crowd together count less each, so that means and scores speak of the ground and not of
//! where it was sampled.

use std::collections::HashMap;

use esker_core::{Crs, Error, Places, Result};
use esker_math::{EARTH_RADIUS, Ground};

use crate::split::globe_cells;

/// Weights of cell declustering, of mean 1 (Journel 1983, doi 10.1007/BF01029204; `declus` of GSLIB, Deutsch and Journel 1998): the ground is cut
/// into cells of `size` metres, every cell that holds samples has the same weight, and its samples share it. This is averaged over
/// `origins` shifts of the cells.
///
/// On the plane cells are squares, shifted along their diagonal. On the sphere they have equal areas, and the globe is turned below them.
///
/// # Errors
/// No samples, a size that is not above 0, or no origin.
pub fn cell_weights(places: &Places, size: f64, origins: usize) -> Result<Vec<f64>> {
    let n = places.x().len();
    if n == 0 || !(size > 0.0 && size.is_finite()) || origins == 0 {
        return Err(Error::numeric("cell declustering")
            .got(format!("{n} samples, cells of {size} m, {origins} origins"))
            .rule("there are samples, cells are wider than 0 m and have at least one origin"));
    }
    let mut weights = vec![0.0; n];
    for origin in 0..origins {
        let cells = shifted(places, size, origin as f64 / origins as f64)?;
        let mut held: HashMap<(i64, i64), usize> = HashMap::new();
        cells.iter().for_each(|c| *held.entry(*c).or_default() += 1);
        // The cells in use share n; each sample has its part of a cell.
        let cell = n as f64 / (held.len() * origins) as f64;
        weights.iter_mut().zip(&cells).for_each(|(w, c)| *w += cell / held[c] as f64);
    }
    Ok(weights)
}

/// The cell of each place, with the cells shifted by a part of their size.
fn shifted(places: &Places, size: f64, part: f64) -> Result<Vec<(i64, i64)>> {
    if !places.crs().is_degrees() {
        let low = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
        let (west, south) = (low(places.x()), low(places.y()));
        let cell = |v: f64, from: f64| ((v - from) / size + part).floor() as i64;
        return Ok(places.x().iter().zip(places.y()).map(|(&x, &y)| (cell(x, west), cell(y, south))).collect());
    }
    if part == 0.0 {
        return Ok(globe_cells(places, size));
    }
    // Round the polar axis, then round one through the equator.
    let ground = Ground::new(places);
    let (sin, cos) = (part * size / EARTH_RADIUS).sin_cos();
    let (mut lon, mut lat) = (Vec::with_capacity(ground.len()), Vec::with_capacity(ground.len()));
    for p in ground.points().chunks_exact(3) {
        let (x, y) = (cos * p[0] - sin * p[1], sin * p[0] + cos * p[1]);
        let (y, z) = (cos * y - sin * p[2], sin * y + cos * p[2]);
        lon.push(y.atan2(x).to_degrees());
        lat.push(z.clamp(-1.0, 1.0).asin().to_degrees());
    }
    Ok(globe_cells(&Places::new(lon, lat, Crs::Geographic)?, size))
}

/// Cells of the size that makes the declustered mean extreme.
#[derive(Debug, Clone, PartialEq)]
pub struct Declustered {
    /// The size of the cells, in metres.
    pub size: f64,
    /// The mean with their weights, in the unit of the values.
    pub mean: f64,
    /// The weights, of mean 1.
    pub weights: Vec<f64>,
    /// The mean for each size that was tried.
    pub means: Vec<f64>,
}

/// The sizes of cells (metres) tried one by one, and the one whose weights give the lowest mean, or the highest: the lowest where high values
/// were sampled more densely (Deutsch and Journel 1998, section VI.2.1). Of equal means the smaller size counts.
///
/// # Errors
/// As [`cell_weights`]; no size; values of another number, or that are not finite.
pub fn decluster(places: &Places, values: &[f64], sizes: &[f64], origins: usize, lowest: bool) -> Result<Declustered> {
    if values.len() != places.x().len() || values.iter().any(|v| !v.is_finite()) || sizes.is_empty() {
        return Err(Error::numeric("cell declustering")
            .got(format!("{} values at {} places, {} sizes", values.len(), places.x().len(), sizes.len()))
            .rule("every place has a finite value, and there is a size to try"));
    }
    let mut best: Option<Declustered> = None;
    let mut means = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let weights = cell_weights(places, size, origins)?;
        let mean = esker_math::weighted_mean(values, &weights);
        means.push(mean);
        let better = best.as_ref().is_none_or(|b| if mean == b.mean { size < b.size } else { (mean < b.mean) == lowest });
        if better {
            best = Some(Declustered { size, mean, weights, means: Vec::new() });
        }
    }
    best.map(|b| Declustered { means, ..b }).ok_or_else(|| Error::numeric("cell declustering").rule("there is a size to try"))
}

/// Weights of mean 1 that fall as the density of samples rises: one over the sum of Epanechnikov's kernel 1 − (d / `bandwidth`)² over all
/// samples less than `bandwidth` metres away, the sample itself among them (Silverman 1986, Density Estimation, chapter 4).
///
/// # Errors
/// No samples, or a bandwidth that is not above 0.
pub fn density_weights(places: &Places, bandwidth: f64) -> Result<Vec<f64>> {
    let n = places.x().len();
    if n == 0 || !(bandwidth > 0.0 && bandwidth.is_finite()) {
        return Err(Error::numeric("density weights")
            .got(format!("{n} samples, a bandwidth of {bandwidth} m"))
            .rule("there are samples, and the bandwidth is above 0 m"));
    }
    let ground = Ground::new(places);
    let tree = ground.tree()?;
    let mut found = Vec::new();
    let mut weights: Vec<f64> = Vec::with_capacity(n);
    for i in 0..n {
        tree.within(ground.point(i), ground.squared(bandwidth), &mut found);
        let mut parts: Vec<f64> = found.iter().map(|f| (1.0 - (ground.metres(f.distance2) / bandwidth).powi(2)).max(0.0)).collect();
        // Summed in the order of the distances, so that the order of the rows does not show.
        parts.sort_by(f64::total_cmp);
        weights.push(1.0 / parts.iter().sum::<f64>());
    }
    let mut sorted = weights.clone();
    sorted.sort_by(f64::total_cmp);
    let mean = esker_math::mean(&sorted);
    weights.iter_mut().for_each(|w| *w /= mean);
    Ok(weights)
}
