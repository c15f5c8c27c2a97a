//! The cells of a mesh whose centres lie inside polygons.

use esker_core::{Context, Result};
use rayon::prelude::*;

use super::Polygon;
use super::overlap::Piece;
use crate::grid::Mesh;
use crate::vector::inside_ring;

/// The cells inside each polygon, in the order of the grid: whole, weighted by their area on the sphere.
pub(super) fn pieces(shapes: &[Polygon], mesh: &Mesh, cx: &Context) -> Result<Vec<Vec<Piece>>> {
    shapes
        .par_iter()
        .map(|shape| {
            let piece = |cell: usize| {
                let area = mesh.area(cell);
                Piece { cell, weight: area, share: 1.0, plane: area }
            };
            cx.check()?;
            Ok((0..mesh.lon.len()).filter(|&c| inside(shape, mesh.lon[c], mesh.lat[c])).map(piece).filter(|p| p.weight > 0.0).collect())
        })
        .collect()
}

/// Whether a place in degrees lies inside, in whatever turn the polygon's longitudes are.
fn inside(shape: &Polygon, lon: f64, lat: f64) -> bool {
    let [west, east, south, north] = shape.bounds;
    if !(south..=north).contains(&lat) || !lon.is_finite() {
        return false;
    }
    let first = west + (lon - west).rem_euclid(360.0);
    // Polygons reach once around the globe, or a little more.
    (0..3).map(|turn| first + 360.0 * f64::from(turn)).take_while(|x| *x <= east).any(|x| {
        let rings = shape.rings.iter().filter(|(_, ring)| inside_ring(ring, [x, lat]));
        rings.map(|(sign, _)| sign).sum::<f64>() > 0.0
    })
}
