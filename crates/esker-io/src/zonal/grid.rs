//! A variable's x and y axes as edges of cells in ascending order, and reading in that order.

use std::ops::Range;

use esker_core::cube::Axis;
use esker_core::{Crs, Cube, Error, Result};

use super::{kinds, window};
use crate::crs::{metres_per_unit, to_proj};

/// One axis: edges and centres ascending, whatever the file's order.
pub(super) struct Side {
    /// One more than cells.
    pub(super) edges: Vec<f64>,
    pub(super) centres: Vec<f64>,
    /// Whether the file has them descending.
    reversed: bool,
}

impl Side {
    /// Cells that a range of coordinates may touch.
    pub(super) fn span(&self, low: f64, high: f64) -> Option<Range<usize>> {
        let n = self.centres.len();
        let (first, last) = (self.edges[0], self.edges[n]);
        // Infinities the wrong way round: there are no points.
        if low > high || high < first || low > last {
            return None;
        }
        let from = self.edges.partition_point(|&e| e <= low).saturating_sub(1).min(n - 1);
        let to = self.edges.partition_point(|&e| e < high).clamp(from + 1, n);
        Some(from..to)
    }

    /// The cell that holds a coordinate.
    pub(super) fn cell(&self, at: f64) -> Option<usize> {
        let n = self.centres.len();
        (at >= self.edges[0] && at <= self.edges[n]).then(|| self.edges.partition_point(|&e| e <= at).saturating_sub(1).min(n - 1))
    }

    /// The same cells in the file's order.
    pub(super) fn file(&self, cells: &Range<usize>) -> Range<usize> {
        let n = self.centres.len();
        if self.reversed { n - cells.end..n - cells.start } else { cells.clone() }
    }

    fn of(axis: &Axis, factor: f64) -> Result<Self> {
        let refused = || Error::data(format!("axis '{}'", axis.name));
        let labels =
            axis.labels.as_ref().and_then(|l| l.numbers()).ok_or_else(|| refused().got("no coordinates").rule("its cells have a place"))?;
        let n = labels.len();
        let rising = labels.windows(2).all(|w| w[0] < w[1]);
        let falling = labels.windows(2).all(|w| w[0] > w[1]);
        if n == 0 || !(rising || falling) || labels.iter().any(|v| !v.is_finite()) {
            return Err(refused().got("coordinates that do not rise or fall steadily").rule("cells lie side by side"));
        }
        let reversed = falling && n > 1;
        let mut centres: Vec<f64> = labels.iter().map(|v| v * factor).collect();
        let mut bounds: Option<Vec<[f64; 2]>> =
            axis.bounds.as_ref().map(|b| b.iter().map(|b| [b[0].min(b[1]) * factor, b[0].max(b[1]) * factor]).collect());
        if reversed {
            centres.reverse();
            if let Some(b) = &mut bounds {
                b.reverse();
            }
        }
        let meeting = |b: &Vec<[f64; 2]>| {
            b.iter().flatten().all(|v| v.is_finite())
                && b.windows(2).all(|w| (w[0][1] - w[1][0]).abs() <= 1e-6 * (w[0][1] - w[0][0]).abs())
                && b.iter().zip(&centres).all(|(b, c)| b[0] < b[1] && b[0] <= *c && *c <= b[1])
        };
        let edges = match bounds.filter(meeting) {
            Some(b) => b.iter().map(|b| b[0]).chain(b.last().map(|b| b[1])).collect(),
            None if n == 1 => return Err(refused().got("a single cell without bounds").rule("the width of a cell is needed")),
            None => {
                let mut edges = vec![centres[0] - (centres[1] - centres[0]) / 2.0];
                edges.extend(centres.windows(2).map(|w| w[0] + (w[1] - w[0]) / 2.0));
                edges.push(centres[n - 1] + (centres[n - 1] - centres[n - 2]) / 2.0);
                edges
            }
        };
        Ok(Self { edges, centres, reversed })
    }
}

/// The grid of a variable.
pub(super) struct Grid {
    pub(super) x: Side,
    pub(super) y: Side,
    /// Whether x is longitude, in degrees.
    pub(super) degrees: bool,
    pub(super) crs: Crs,
    /// The other axes, by their place in the cube, with their lengths.
    pub(super) others: Vec<(usize, usize)>,
    /// Places of y and x among the variable's axes.
    y_at: usize,
    x_at: usize,
}

impl Grid {
    pub(super) fn of(cube: &Cube, variable: usize) -> Result<Self> {
        let v = &cube.variables()[variable];
        let (y_at, x_at) = kinds(cube, variable)?;
        let crs = cube.crs.clone().ok_or_else(|| {
            Error::data(format!("variable '{}'", v.name))
                .got("coordinates in a system that is not known")
                .rule("a grid is laid under features only where both systems are known")
        })?;
        let axis = |place: usize| &cube.axes()[v.axes[place]];
        let others = (0..v.axes.len()).filter(|&i| i != y_at && i != x_at).map(|i| (v.axes[i], cube.axes()[v.axes[i]].len)).collect();
        let x = Side::of(axis(x_at), scale(axis(x_at), &crs)?)?;
        let mut y = Side::of(axis(y_at), scale(axis(y_at), &crs)?)?;
        if crs.is_degrees() {
            // Cells at the poles end there.
            y.edges.iter_mut().for_each(|e| *e = e.clamp(-90.0, 90.0));
        }
        Ok(Self { x, y, degrees: crs.is_degrees(), crs, others, y_at, x_at })
    }

    /// Values of some cells of the other axes (counted together, slowest first) in rows and columns of ascending coordinates: other cells
    /// slowest, then rows, then columns.
    pub(super) fn read(
        &self,
        cube: &Cube,
        variable: usize,
        others: &Range<usize>,
        cells: (&Range<usize>, &Range<usize>),
    ) -> Result<Vec<f64>> {
        let (rows, cols) = (self.y.file(cells.0), self.x.file(cells.1));
        let dims = self.others.len() + 2;
        let size = rows.len() * cols.len();
        let mut out = Vec::with_capacity(others.len() * size);
        // One axis besides x and y, in front, is read at one go.
        let together = self.others.len() == 1 && self.y_at == 1 && self.x_at == 2;
        let steps: Vec<Range<usize>> = if together { vec![others.clone()] } else { others.clone().map(|o| o..o + 1).collect() };
        for step in steps {
            let mut ranges = vec![0..0; dims];
            ranges[self.y_at] = rows.clone();
            ranges[self.x_at] = cols.clone();
            let free: Vec<usize> = (0..dims).filter(|&d| d != self.y_at && d != self.x_at).collect();
            if together {
                ranges[free[0]] = step.clone();
            } else {
                let mut left = step.start;
                for (k, &d) in free.iter().enumerate().rev() {
                    let len = self.others[k].1.max(1);
                    ranges[d] = left % len..left % len + 1;
                    left /= len;
                }
            }
            let values = cube.read(variable, &window(ranges))?;
            for plane in values.chunks_exact(size.max(1)) {
                for r in 0..rows.len() {
                    let row = if self.y.reversed { rows.len() - 1 - r } else { r };
                    for c in 0..cols.len() {
                        let col = if self.x.reversed { cols.len() - 1 - c } else { c };
                        out.push(if self.y_at < self.x_at { plane[row * cols.len() + col] } else { plane[col * rows.len() + row] });
                    }
                }
            }
        }
        Ok(out)
    }

    /// Storage blocks along y and x.
    pub(super) fn chunk(&self, cube: &Cube, variable: usize) -> (usize, usize) {
        let chunk = &cube.variables()[variable].chunk;
        (chunk[self.y_at].clamp(1, 512), chunk[self.x_at].clamp(1, 512))
    }

    /// Whether the columns go once around the globe.
    pub(super) fn cyclic(&self) -> bool {
        let n = self.x.centres.len();
        self.degrees && n > 2 && ((self.x.edges[n] - self.x.edges[0]) - 360.0).abs() < 1e-3 * (self.x.edges[1] - self.x.edges[0])
    }

    /// A longitude as the grid writes it; another coordinate as it is.
    pub(super) fn turn(&self, x: f64) -> f64 {
        if !self.degrees {
            return x;
        }
        let (first, last) = (self.x.edges[0], self.x.edges[self.x.centres.len()]);
        [0.0, 360.0, -360.0, 720.0, -720.0].iter().map(|s| x + s).find(|t| (first..=last).contains(t)).unwrap_or(x)
    }
}

/// What brings an axis's numbers to the units of the system.
pub(super) fn scale(axis: &Axis, crs: &Crs) -> Result<f64> {
    let unit = axis.unit.as_str().to_ascii_lowercase();
    let refused = || {
        Error::data(format!("axis '{}'", axis.name))
            .got(format!("the unit '{}'", axis.unit.as_str()))
            .rule(format!("the system is {}", crs.name()))
    };
    if crs.is_degrees() {
        return if unit.is_empty() || unit.starts_with("degree") || unit == "deg" { Ok(1.0) } else { Err(refused()) };
    }
    let own = metres_per_unit(crs)?;
    match unit.as_str() {
        "" => Ok(1.0),
        "m" | "metre" | "meter" | "metres" | "meters" => Ok(1.0 / own),
        "km" | "kilometre" | "kilometer" | "kilometres" | "kilometers" => Ok(1000.0 / own),
        "rad" | "radian" | "radians" => {
            // Scan angles of a geostationary imager: metres are angle times height.
            let text = to_proj(crs)?;
            let height = text.split_whitespace().find_map(|t| t.strip_prefix("+h=")).and_then(|h| h.parse::<f64>().ok());
            height.filter(|_| text.contains("+proj=geos")).ok_or_else(refused)
        }
        _ => Ok(1.0).and_then(|v| if own == 1.0 { Err(refused()) } else { Ok(v) }),
    }
}
