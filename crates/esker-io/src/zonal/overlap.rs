//! How much of each cell lies inside a polygon, without clipping: what an edge adds to the cells it passes and to those west of it.
//!
//! The area of a ring within a cell from `west` to `east` is the integral of `min(max(x, west), east) − west` over `y` along the ring (Green's
//! theorem). An edge cut at the lines of the grid adds to the cell that a piece lies in, and its height to all cells west of it in the row,
//! so that cells far inside cost a sum each.

use std::ops::Range;

use super::Reach;
use crate::grid::{Regular, Side};

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
    for (shift, own_rows, own_cols) in reach {
        let own_rows = own_rows.start.max(rows.start)..own_rows.end.min(rows.end);
        if own_rows.is_empty() {
            continue;
        }
        let mut areas = Window::new(grid, own_rows.clone(), own_cols.clone());
        let mut total = Vec::new();
        for (sign, ring) in rings {
            areas.clear();
            areas.trace(ring, *shift);
            areas.settle();
            if rings.len() == 1 {
                std::mem::swap(&mut total, &mut areas.area);
            } else {
                total.resize(areas.area.len(), 0.0);
                total.iter_mut().zip(&areas.area).for_each(|(t, a)| *t += sign * a);
            }
        }
        for (row, areas) in own_rows.zip(total.chunks_exact(own_cols.len().max(1))) {
            let (south, north) = (grid.y.edges[row], grid.y.edges[row + 1]);
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

/// Areas of a ring in the cells of some rows and columns.
struct Window<'a> {
    x: &'a Side,
    y: &'a Side,
    rows: Range<usize>,
    cols: Range<usize>,
    area: Vec<f64>,
    /// Heights of what passes a cell, which counts in full for the cells west of it; a column more than cells for what lies east of them all.
    height: Vec<f64>,
}

impl<'a> Window<'a> {
    fn new(grid: &'a Regular, rows: Range<usize>, cols: Range<usize>) -> Self {
        let n = rows.len();
        let (area, height) = (vec![0.0; n * cols.len()], vec![0.0; n * (cols.len() + 1)]);
        Self { x: &grid.x, y: &grid.y, rows, cols, area, height }
    }

    fn clear(&mut self) {
        self.area.clear();
        self.area.resize(self.rows.len() * self.cols.len(), 0.0);
        self.height.fill(0.0);
    }

    /// Walks round a ring, open or closed.
    fn trace(&mut self, ring: &[[f64; 2]], shift: f64) {
        let Some(&last) = ring.last() else { return };
        let mut from = [last[0] + shift, last[1]];
        for p in ring {
            let to = [p[0] + shift, p[1]];
            self.edge(from, to);
            from = to;
        }
    }

    /// Cuts an edge at the rows, from its lower end to its upper.
    fn edge(&mut self, from: [f64; 2], to: [f64; 2]) {
        let (low, high, way) = if from[1] < to[1] { (from, to, 1.0) } else { (to, from, -1.0) };
        let edges = &self.y.edges;
        let (south, north) = (edges[self.rows.start], edges[self.rows.end]);
        if low[1] == high[1] || high[1] <= south || low[1] >= north {
            return;
        }
        let at = |y: f64| {
            if y <= low[1] {
                low[0]
            } else if y >= high[1] {
                high[0]
            } else {
                low[0] + (high[0] - low[0]) * ((y - low[1]) / (high[1] - low[1]))
            }
        };
        let mut row = if low[1] <= south { self.rows.start } else { edges.partition_point(|&e| e <= low[1]) - 1 };
        let mut y = low[1].max(south);
        let mut x = at(y);
        while row < self.rows.end && y < high[1] {
            let top = self.y.edges[row + 1].min(high[1]);
            let end = at(top);
            self.across(row - self.rows.start, [x, y], [end, top], way);
            (x, y, row) = (end, top, row + 1);
        }
    }

    /// Cuts a part of an edge within a row at the columns, from west to east.
    fn across(&mut self, row: usize, a: [f64; 2], b: [f64; 2], way: f64) {
        let (west, east) = if a[0] <= b[0] { (a[0], b[0]) } else { (b[0], a[0]) };
        let height = way * (b[1] - a[1]);
        let n = self.cols.len();
        let edges = &self.x.edges[self.cols.start..=self.cols.end];
        let (area, heights) = (&mut self.area[row * n..(row + 1) * n], &mut self.height[row * (n + 1)..(row + 1) * (n + 1)]);
        let mut col = edges.partition_point(|&e| e <= west);
        // What lies west of all cells covers none of them.
        if col > n {
            heights[n] += height;
            return;
        }
        if east <= edges[0] {
            return;
        }
        if col > 0 && east <= edges[col] {
            area[col - 1] += ((west + east) / 2.0 - edges[col - 1]) * height;
            heights[col - 1] += height;
            return;
        }
        let share = height / (east - west);
        let mut x = west;
        if col == 0 {
            (x, col) = (edges[0], 1);
        }
        while col <= n && x < east {
            let end = edges[col].min(east);
            let part = share * (end - x);
            area[col - 1] += ((x + end) / 2.0 - edges[col - 1]) * part;
            heights[col - 1] += part;
            (x, col) = (end, col + 1);
        }
        if east > x {
            heights[n] += share * (east - x);
        }
    }

    /// Adds to each cell what passes east of it. Rings may run either way round.
    fn settle(&mut self) {
        let n = self.cols.len();
        let widths: Vec<f64> = self.x.edges[self.cols.start..=self.cols.end].windows(2).map(|w| w[1] - w[0]).collect();
        for (area, heights) in self.area.chunks_exact_mut(n.max(1)).zip(self.height.chunks_exact(n + 1)) {
            let mut east = heights[n];
            for k in (0..n).rev() {
                area[k] = (area[k] + widths[k] * east).abs();
                east += heights[k];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use esker_core::cube::{Axis, AxisKind};
    use esker_core::{Crs, Cube};
    use proptest::prelude::*;

    use super::*;
    use crate::crs::plane_area;
    use crate::grid::{Grid, Map};

    fn grid(cells: usize) -> Grid {
        let labels: Vec<f64> = (0..cells).map(|i| i as f64 + 0.5).collect();
        let axes = vec![Axis::real("y", AxisKind::Y, "", labels.clone()), Axis::real("x", AxisKind::X, "", labels)];
        let mut cube = Cube::new(axes, Vec::new(), std::sync::Arc::new(Nothing)).unwrap();
        cube.crs = Some(Crs::Projected("EPSG:32632".into()));
        Grid::on(&cube, Map { y: 0, x: 1, mesh: false }, "the map").unwrap()
    }

    struct Nothing;

    impl esker_core::cube::Blocks for Nothing {
        fn read(&self, _: usize, _: &esker_core::cube::Window) -> esker_core::Result<Vec<f64>> {
            Ok(Vec::new())
        }
    }

    /// Keeps the part of a ring where a coordinate is at least `edge` (side 1) or at most (side −1) (Sutherland and Hodgman 1974).
    fn clip(ring: &[[f64; 2]], axis: usize, edge: f64, side: f64) -> Vec<[f64; 2]> {
        let mut out = Vec::new();
        let inside = |p: [f64; 2]| (p[axis] - edge) * side >= 0.0;
        for (i, &point) in ring.iter().enumerate() {
            let previous = ring[(i + ring.len() - 1) % ring.len()];
            if inside(point) != inside(previous) {
                let t = (edge - previous[axis]) / (point[axis] - previous[axis]);
                let mut cut = [previous[0] + t * (point[0] - previous[0]), previous[1] + t * (point[1] - previous[1])];
                cut[axis] = edge;
                out.push(cut);
            }
            if inside(point) {
                out.push(point);
            }
        }
        out
    }

    proptest! {
        /// Each cell holds what clipping the ring to it leaves, wherever the ring lies.
        #[test]
        fn areas_are_those_of_clipped_rings(points in proptest::collection::vec((-20_i32..120, -20_i32..120), 3..12), from in 0_usize..5, to in 5_usize..10) {
            const CELLS: usize = 10;
            let Grid::Regular(grid) = grid(CELLS) else { panic!("a regular grid") };
            let ring: Vec<[f64; 2]> = points.iter().map(|&(x, y)| [f64::from(x) / 10.0, f64::from(y) / 10.0]).collect();
            let mut window = Window::new(&grid, from..to, 1..CELLS);
            window.trace(&ring, 0.0);
            window.settle();
            for row in from..to {
                for col in 1..CELLS {
                    let (w, s) = (col as f64, row as f64);
                    let mut left = clip(&clip(&clip(&clip(&ring, 0, w, 1.0), 0, w + 1.0, -1.0), 1, s, 1.0), 1, s + 1.0, -1.0);
                    left.extend(left.first().copied());
                    let got = window.area[(row - from) * (CELLS - 1) + col - 1];
                    prop_assert!((got - plane_area(&left).abs()).abs() < 1e-12, "cell {col} {row}: {got} and {}", plane_area(&left));
                }
            }
        }
    }
}
