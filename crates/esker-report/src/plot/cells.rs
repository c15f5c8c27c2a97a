//! Grids: which cell a place lies in, and the picture of the cells as a panel or a map shows them.

use esker_core::{Error, Result};
use rayon::prelude::*;
use resvg::tiny_skia;

use super::colours::Scale;
use crate::figure::axis::Area;
use crate::figure::colour::Rgb;
use crate::figure::text::labelled;

/// How places become coordinates of a grid and back.
#[derive(Clone, Copy, Default)]
pub enum Placed<'a> {
    /// Coordinates are degrees of longitude and latitude, or those of a plane.
    #[default]
    Same,
    /// A projected grid on a map: to the grid's coordinates from degrees, and to degrees from the grid's.
    Projected {
        /// From longitude and latitude.
        from_degrees: &'a (dyn Fn(f64, f64) -> (f64, f64) + Sync),
        /// To longitude and latitude.
        to_degrees: &'a (dyn Fn(f64, f64) -> (f64, f64) + Sync),
    },
}

impl std::fmt::Debug for Placed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Same) { "Same" } else { "Projected" })
    }
}

impl PartialEq for Placed<'_> {
    fn eq(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Same, Self::Same))
    }
}

/// A grid of values: rows × columns, row after row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid<'a> {
    /// What is measured.
    pub name: &'a str,
    /// Its unit.
    pub unit: &'a str,
    /// Centres of the columns, ascending or descending.
    pub x: &'a [f64],
    /// Name and unit of the columns' axis.
    pub x_name: (&'a str, &'a str),
    /// Centres of the rows, ascending or descending.
    pub y: &'a [f64],
    /// Name and unit of the rows' axis.
    pub y_name: (&'a str, &'a str),
    /// Values; NaN is missing and stays clear.
    pub values: &'a [f64],
    /// Names of the classes where values are codes.
    pub levels: &'a [String],
    /// Where it lies.
    pub placed: Placed<'a>,
}

/// Edges of cells from their centres, half a cell beyond the ends.
pub(super) fn edges(at: &[f64]) -> Vec<f64> {
    let n = at.len();
    if n < 2 {
        return at.iter().flat_map(|v| [v - 0.5, v + 0.5]).collect();
    }
    let first = at[0] - (at[1] - at[0]) / 2.0;
    let last = at[n - 1] + (at[n - 1] - at[n - 2]) / 2.0;
    std::iter::once(first).chain(at.windows(2).map(|w| (w[0] + w[1]) / 2.0)).chain([last]).collect()
}

/// The cell between whose edges a coordinate lies.
fn cell(edges: &[f64], v: f64) -> Option<usize> {
    let n = edges.len();
    if n < 2 || !v.is_finite() {
        return None;
    }
    let down = edges[0] > edges[n - 1];
    let i = if down { edges.partition_point(|e| *e > v) } else { edges.partition_point(|e| *e <= v) };
    (i > 0 && i < n).then(|| i - 1).or_else(|| (v == edges[n - 1]).then_some(n - 2))
}

impl Grid<'_> {
    /// # Errors
    /// Another number of values than cells, or no cell.
    pub(super) fn check(&self) -> Result<()> {
        let cells = self.x.len() * self.y.len();
        if cells == 0 || self.values.len() != cells {
            return Err(Error::data(format!("grid '{}' of a figure", self.name))
                .got(format!("{} values", self.values.len()))
                .rule(format!("{} rows of {} cells", self.y.len(), self.x.len())));
        }
        Ok(())
    }

    /// Name and unit of what is measured.
    pub(super) fn title(&self) -> String {
        labelled(self.name, &esker_core::Unit::new(self.unit))
    }

    /// Degrees of a place in the grid's coordinates, or these where it lies on a plane.
    fn degrees(&self, x: f64, y: f64, plane: bool) -> (f64, f64) {
        match self.placed {
            Placed::Same if plane => (x, y),
            Placed::Same => (x, y.clamp(-90.0, 90.0)),
            Placed::Projected { to_degrees, .. } => to_degrees(x, y),
        }
    }

    /// Places along the grid's rim and across it, in degrees or on a plane, for a map to show.
    pub(super) fn rim(&self, plane: bool) -> Vec<(f64, f64)> {
        let (ex, ey) = (edges(self.x), edges(self.y));
        let along = |e: &[f64], i: usize| e[0] + (e[e.len() - 1] - e[0]) * i as f64 / 24.0;
        let mut out: Vec<(f64, f64)> = Vec::new();
        // A lattice a little inside the edges: the middle counts as well where the map's centre is sought.
        for i in 0..=24 {
            for j in 0..=24 {
                out.push(self.degrees(along(&ex, i), along(&ey, j), plane));
            }
        }
        out.retain(|p| p.0.is_finite() && p.1.is_finite());
        out
    }

    /// The picture of an area, `pixels` of it to a user unit: `back` gives the place (degrees, or coordinates of the plane) at a position.
    /// Pixels without a value stay clear.
    pub(super) fn picture(
        &self,
        (area, pixels, plane): (Area, f64, bool),
        back: impl Fn((f64, f64)) -> Option<(f64, f64)> + Sync,
        scale: &Scale,
    ) -> Option<Vec<u8>> {
        let (left, top, w, h) = area;
        let (columns, rows) = ((w * pixels).round().max(1.0) as usize, (h * pixels).round().max(1.0) as usize);
        let (ex, ey) = (edges(self.x), edges(self.y));
        let round = (ex[ex.len() - 1] - ex[0]).abs();
        let value = |x: f64, y: f64| -> f64 {
            let column = cell(&ex, x).or_else(|| {
                // Longitudes may be counted from -180 or from 0.
                let turned = [x - 360.0, x + 360.0].into_iter().find_map(|x| cell(&ex, x));
                turned.filter(|_| matches!(self.placed, Placed::Same) && !plane && round <= 361.0)
            });
            match (column, cell(&ey, y)) {
                (Some(i), Some(j)) => self.values[j * self.x.len() + i],
                _ => f64::NAN,
            }
        };
        let mut pixels = vec![0u8; columns * rows * 4];
        pixels.par_chunks_mut(columns * 4).enumerate().for_each(|(row, line)| {
            let y = top + (row as f64 + 0.5) * h / rows as f64;
            for (column, pixel) in line.chunks_exact_mut(4).enumerate() {
                let x = left + (column as f64 + 0.5) * w / columns as f64;
                let place = back((x, y)).map(|(a, b)| match self.placed {
                    Placed::Same => (a, b),
                    Placed::Projected { from_degrees, .. } => from_degrees(a, b),
                });
                if let Some(Rgb(r, g, b)) = place.map(|(a, b)| value(a, b)).filter(|v| v.is_finite()).map(|v| scale.colour(v)) {
                    pixel.copy_from_slice(&[r, g, b, 255]);
                }
            }
        });
        let size = tiny_skia::IntSize::from_wh(columns as u32, rows as u32)?;
        tiny_skia::Pixmap::from_vec(pixels, size)?.encode_png().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_finds_its_cell_whichever_way_cells_are_counted() {
        for (at, v, found) in [
            (vec![0.0, 1.0, 2.0], 1.4, Some(1)),
            (vec![0.0, 1.0, 2.0], 2.5, Some(2)),
            (vec![0.0, 1.0, 2.0], -0.5, Some(0)),
            (vec![0.0, 1.0, 2.0], 2.6, None),
            (vec![2.0, 1.0, 0.0], 1.6, Some(0)),
            (vec![2.0, 1.0, 0.0], -0.4, Some(2)),
            (vec![7.0], 7.2, Some(0)),
            (vec![0.0, 1.0], f64::NAN, None),
        ] {
            assert_eq!(cell(&edges(&at), v), found, "{at:?} {v}");
        }
    }
}
