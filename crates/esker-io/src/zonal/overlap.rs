//! How much of each cell lies inside a polygon: rings are clipped to rows, then to cells (Sutherland and Hodgman 1974).

use std::ops::Range;

use super::Reach;
use crate::crs::plane_area;
use crate::grid::Regular;

/// A cell and its part inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Place in the window.
    pub(super) cell: usize,
    /// Weight in means: area on the globe or in the plane, up to a factor.
    pub(super) weight: f64,
    /// Share of the cell, 0 to 1.
    pub(super) share: f64,
    /// Area in the grid's coordinates.
    pub(super) plane: f64,
}

/// The cells of a window of rows and columns that the rings cover. Each ring comes with +1 where it adds and −1 where it takes off.
pub(super) fn pieces(
    rings: &[(f64, Vec<[f64; 2]>)],
    reach: &[Reach],
    grid: &Regular,
    (rows, cols): (&Range<usize>, &Range<usize>),
) -> Vec<Piece> {
    let mut out = Vec::new();
    let (mut line, mut half, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
    for (shift, own_rows, own_cols) in reach {
        let moved: Vec<(f64, Vec<[f64; 2]>)> =
            rings.iter().map(|(sign, ring)| (*sign, ring.iter().map(|p| [p[0] + shift, p[1]]).collect())).collect();
        for row in own_rows.start.max(rows.start)..own_rows.end.min(rows.end) {
            let (south, north) = (grid.y.edges[row], grid.y.edges[row + 1]);
            let mut areas = vec![0.0; own_cols.len()];
            for (sign, ring) in &moved {
                clip(ring, 1, south, 1.0, &mut half);
                clip(&half, 1, north, -1.0, &mut line);
                if line.is_empty() {
                    continue;
                }
                let (low, high) = line.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p: &[f64; 2]| (l.min(p[0]), h.max(p[0])));
                // What lies to the right of each cell's western edge is cut again for the next cell, so that a ring is walked in pieces.
                std::mem::swap(&mut line, &mut scratch);
                for col in own_cols.clone() {
                    let (west, east) = (grid.x.edges[col], grid.x.edges[col + 1]);
                    if east < low || west > high {
                        continue;
                    }
                    clip(&scratch, 0, west, 1.0, &mut half);
                    clip(&half, 0, east, -1.0, &mut line);
                    areas[col - own_cols.start] += sign * plane_area(&closed(&line)).abs();
                    // The rest, east of this cell.
                    clip(&half, 0, east, 1.0, &mut line);
                    std::mem::swap(&mut line, &mut scratch);
                    if scratch.is_empty() {
                        break;
                    }
                }
            }
            let shrink = if grid.degrees {
                let (s, n) = (south.to_radians(), north.to_radians());
                if n > s { (n.sin() - s.sin()) / (n - s) } else { 0.0 }
            } else {
                1.0
            };
            for (k, &plane) in areas.iter().enumerate() {
                let col = own_cols.start + k;
                let cell = (grid.x.edges[col + 1] - grid.x.edges[col]) * (north - south);
                // Rounding leaves specks where polygons only touch.
                if plane > 1e-12 * cell && cols.contains(&col) {
                    let place = (row - rows.start) * cols.len() + col - cols.start;
                    out.push(Piece { cell: place, weight: plane * shrink, share: (plane / cell).min(1.0), plane });
                }
            }
        }
    }
    out
}

fn closed(ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
    ring.iter().chain(ring.first()).copied().collect()
}

/// Keeps the part of a ring where the coordinate on `axis` is at least `edge` (side 1) or at most (side −1). A ring is open or closed; the
/// result is open.
fn clip(ring: &[[f64; 2]], axis: usize, edge: f64, side: f64, out: &mut Vec<[f64; 2]>) {
    out.clear();
    let Some(&last) = ring.last() else { return };
    let inside = |p: [f64; 2]| (p[axis] - edge) * side >= 0.0;
    let mut previous = last;
    for &point in ring {
        if inside(point) != inside(previous) {
            let t = (edge - previous[axis]) / (point[axis] - previous[axis]);
            let other = 1 - axis;
            let mut cut = [0.0; 2];
            cut[axis] = edge;
            cut[other] = previous[other] + t * (point[other] - previous[other]);
            out.push(cut);
        }
        if inside(point) {
            out.push(point);
        }
        previous = point;
    }
}
