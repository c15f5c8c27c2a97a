//! The grid of a cube: its cells, the cells that a place takes, and reading them round the seam of the globe.
//!
//! A grid is regular where one x and one y axis place its cells in a known system, rotated poles and projections among them; it is a mesh
//! where 2-D longitudes and latitudes do. Rows and columns of a regular grid are counted in ascending coordinates, whatever the file's order.

mod mesh;
mod side;
mod sphere;

use std::ops::Range;

use esker_core::cube::{Axis, AxisKind, Window};
use esker_core::{Crs, Cube, Error, Result};

use crate::crs::{metres_per_unit, to_proj};

pub(crate) use mesh::Mesh;
pub(crate) use side::Side;

/// How a value is found between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// That of the cell the point lies in: classes and masks stay what they are.
    #[default]
    Nearest,
    /// Linear between the four cell centres around it; missing where one of them is. Beyond the outermost centres, but within their cells,
    /// that of the edge.
    Bilinear,
}

/// The cells of a place, row and column, with their weights: four, or one and nothing.
pub(crate) type Taken = [(usize, usize, f64); 4];

/// Fetches a window of a variable.
pub(crate) type Fetch<'a> = &'a dyn Fn(&Window) -> Result<Vec<f64>>;

/// Cells between edges along x and y.
pub(crate) struct Regular {
    pub(crate) x: Side,
    pub(crate) y: Side,
    /// Whether x is longitude, in degrees.
    pub(crate) degrees: bool,
    pub(crate) crs: Crs,
}

/// The cells of a cube's map.
pub(crate) enum Grid {
    Regular(Regular),
    Mesh(Mesh),
}

/// The two axes of a map by their place in the cube, rows first, and whether it is a mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) y: usize,
    pub(crate) x: usize,
    pub(crate) mesh: bool,
}

/// Where the map lies among the axes of a variable.
pub(crate) struct Planes {
    /// Places of rows and columns among the variable's axes.
    pub(crate) at: (usize, usize),
    /// The other axes, by their place in the cube, with their lengths.
    pub(crate) others: Vec<(usize, usize)>,
}

impl Map {
    /// The map among some axes of a cube.
    ///
    /// # Errors
    /// They hold none.
    pub(crate) fn among(cube: &Cube, axes: &[usize], what: &str) -> Result<Self> {
        let one = |kind: AxisKind| {
            let mut found = axes.iter().copied().filter(|&a| cube.axes()[a].kind == kind);
            found.next().filter(|_| found.next().is_none())
        };
        let mesh = cube.places.as_ref().and_then(|(x, _)| {
            let [y, x] = cube.variables()[cube.variable(x).ok()?].axes[..] else { return None };
            (axes.contains(&y) && axes.contains(&x)).then_some(Self { y, x, mesh: true })
        });
        let labelled = |a: usize| cube.axes()[a].labels.is_some();
        match (one(AxisKind::Y).zip(one(AxisKind::X)), mesh) {
            (Some((y, x)), mesh) if mesh.is_none() || (cube.crs.is_some() && labelled(y) && labelled(x)) => Ok(Self { y, x, mesh: false }),
            (_, Some(mesh)) => Ok(mesh),
            _ => Err(Error::data(what.to_owned())
                .got(format!("axes {}", axes.iter().map(|&a| cube.axes()[a].name.as_str()).collect::<Vec<_>>().join(", ")))
                .rule("one x and one y axis are needed, or 2-D longitudes and latitudes")
                .hint("stack the variable into a table, or regrid it first")),
        }
    }
}

impl Planes {
    /// Where a map lies in a variable that has both its axes.
    pub(crate) fn of(cube: &Cube, variable: usize, map: Map) -> Option<Self> {
        let axes = &cube.variables()[variable].axes;
        let at = axes.iter().position(|&a| a == map.y).zip(axes.iter().position(|&a| a == map.x))?;
        Some(Self { at, others: axes.iter().filter(|&&a| a != map.y && a != map.x).map(|&a| (a, cube.axes()[a].len)).collect() })
    }

    /// Cells of the other axes together.
    pub(crate) fn count(&self) -> usize {
        self.others.iter().map(|o| o.1).product()
    }

    /// Windows of some cells of the other axes, counted together, slowest first; rows and columns are not set.
    fn windows(&self, others: &Range<usize>) -> Vec<Window> {
        let dims = self.others.len() + 2;
        let free: Vec<usize> = (0..dims).filter(|&d| d != self.at.0 && d != self.at.1).collect();
        // One axis besides the map's is read at one go.
        if let [d] = free[..] {
            let mut ranges = vec![0..0; dims];
            ranges[d] = others.clone();
            return vec![Window(ranges)];
        }
        let window = |cell: usize| {
            let (mut left, mut ranges) = (cell, vec![0..0; dims]);
            for (&d, &(_, len)) in free.iter().zip(&self.others).rev() {
                ranges[d] = left % len.max(1)..left % len.max(1) + 1;
                left /= len.max(1);
            }
            Window(ranges)
        };
        others.clone().map(window).collect()
    }
}

impl Grid {
    /// The grid of a variable, and where it lies among its axes.
    ///
    /// # Errors
    /// No map, a system not known, coordinates that are no grid.
    pub(crate) fn of(cube: &Cube, variable: usize) -> Result<(Self, Planes)> {
        let v = &cube.variables()[variable];
        let what = format!("variable '{}'", v.name);
        let map = Map::among(cube, &v.axes, &what)?;
        let grid = Self::on(cube, map, &what)?;
        Planes::of(cube, variable, map).map(|p| (grid, p)).ok_or_else(|| Error::data(what).rule("it does not lie on the map"))
    }

    /// The grid of a map.
    ///
    /// # Errors
    /// As [`Grid::of`].
    pub(crate) fn on(cube: &Cube, map: Map, what: &str) -> Result<Self> {
        let (y, x) = (&cube.axes()[map.y], &cube.axes()[map.x]);
        if map.mesh {
            return Mesh::of(cube, (y.len, x.len)).map(Self::Mesh);
        }
        let crs = cube.crs.clone().ok_or_else(|| {
            Error::data(what.to_owned())
                .got("coordinates in a system that is not known")
                .rule("a grid is laid under features only where both systems are known")
        })?;
        let degrees = crs.is_degrees();
        let x = Side::of(x, scale(x, &crs)?, degrees)?;
        let y = Side::of(y, scale(y, &crs)?, false)?;
        let y = if degrees { y.cut_at_poles() } else { y };
        Ok(Self::Regular(Regular { x, y, degrees, crs }))
    }

    pub(crate) fn crs(&self) -> &Crs {
        match self {
            Self::Regular(g) => &g.crs,
            Self::Mesh(m) => &m.crs,
        }
    }

    fn columns_in_all(&self) -> usize {
        match self {
            Self::Regular(g) => g.x.len(),
            Self::Mesh(m) => m.cols,
        }
    }

    /// Refuses what a mesh has no rule for.
    ///
    /// # Errors
    /// Bilinear values on a mesh.
    pub(crate) fn allows(&self, how: Sampling) -> Result<()> {
        match self {
            Self::Mesh(_) if how == Sampling::Bilinear => Err(Error::usage("method")
                .got("bilinear")
                .rule("on grids with 2-D longitudes and latitudes values are those of the nearest cell")
                .hint("take the method nearest")),
            _ => Ok(()),
        }
    }

    /// The cells that a place in the grid's system takes; none outside.
    pub(crate) fn find(&self, x: f64, y: f64, how: Sampling) -> Option<Taken> {
        if !x.is_finite() || !y.is_finite() {
            return None;
        }
        let alone = |row, col| [(row, col, 1.0), (row, col, 0.0), (row, col, 0.0), (row, col, 0.0)];
        match self {
            Self::Mesh(mesh) => mesh.cell(x, y).map(|(row, col)| alone(row, col)),
            Self::Regular(g) if how == Sampling::Nearest => Some(alone(g.y.cell(y)?, g.x.cell(x)?)),
            Self::Regular(g) => {
                let ((south, north, up), (west, east, right)) = (g.y.around(y)?, g.x.around(x)?);
                Some([
                    (south, west, (1.0 - up) * (1.0 - right)),
                    (south, east, (1.0 - up) * right),
                    (north, west, up * (1.0 - right)),
                    (north, east, up * right),
                ])
            }
        }
    }

    /// The rows and columns that hold some cells. Columns may run on beyond the seam of the globe: the cell after the last is the first.
    pub(crate) fn hull<'a>(&self, taken: impl Iterator<Item = &'a Taken> + Clone) -> Option<(Range<usize>, Range<usize>)> {
        let rows = range(taken.clone().flatten().map(|c| c.0))?;
        let cols = range(taken.clone().flatten().map(|c| c.1))?;
        let n = self.columns_in_all();
        if !matches!(self, Self::Regular(g) if g.x.cyclic()) || cols.len() < n / 2 {
            return Some((rows, cols));
        }
        let mut used = vec![false; n];
        taken.flatten().for_each(|c| used[c.1] = true);
        // The widest stretch without cells is left out, be it within the columns or about the seam.
        let (mut widest, mut after) = (n - cols.len(), cols.start);
        let mut last = cols.start;
        for c in (cols.start + 1..cols.end).filter(|&c| used[c]) {
            if c - last - 1 > widest {
                (widest, after) = (c - last - 1, c);
            }
            last = c;
        }
        Some((rows, after..after + n - widest))
    }

    /// The place of a column in a stretch of them.
    fn column(&self, col: usize, cols: &Range<usize>) -> usize {
        if col < cols.start { col + self.columns_in_all() - cols.start } else { col - cols.start }
    }

    /// The value of a place in a plane of rows and columns. A cell without weight does not count, even where it is missing.
    pub(crate) fn weighted(&self, taken: &Taken, plane: &[f64], (rows, cols): (&Range<usize>, &Range<usize>)) -> f64 {
        let value = |&(row, col, _): &(usize, usize, f64)| plane[(row - rows.start) * cols.len() + self.column(col, cols)];
        taken.iter().filter(|c| c.2 > 0.0).map(|c| c.2 * value(c)).sum()
    }

    /// Values of some rows and columns: the other axes of `window` slowest, then rows, then columns.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) fn read(
        &self,
        at: (usize, usize),
        window: &Window,
        (rows, cols): (&Range<usize>, &Range<usize>),
        fetch: Fetch<'_>,
    ) -> Result<Vec<f64>> {
        let n = self.columns_in_all();
        if cols.end > n {
            let west = self.read(at, window, (rows, &(cols.start..n)), fetch)?;
            let east = self.read(at, window, (rows, &(0..cols.end - n)), fetch)?;
            let (a, b) = (n - cols.start, cols.end - n);
            return Ok(west.chunks_exact(a).zip(east.chunks_exact(b)).flat_map(|(w, e)| w.iter().chain(e)).copied().collect());
        }
        let (file_rows, file_cols, down, back) = match self {
            Self::Regular(g) => (g.y.file(rows), g.x.file(cols), g.y.is_reversed(), g.x.is_reversed()),
            Self::Mesh(_) => (rows.clone(), cols.clone(), false, false),
        };
        let mut from = window.clone();
        (from.0[at.0], from.0[at.1]) = (file_rows, file_cols);
        let values = fetch(&from)?;
        let shape = from.shape();
        let dims = shape.len();
        if !down && !back && at == (dims - 2, dims - 1) {
            return Ok(values);
        }
        let mut strides = vec![1; dims];
        for d in (0..dims - 1).rev() {
            strides[d] = strides[d + 1] * shape[d + 1];
        }
        let free: Vec<usize> = (0..dims).filter(|&d| d != at.0 && d != at.1).collect();
        let mut out = Vec::with_capacity(values.len());
        for other in 0..free.iter().map(|&d| shape[d]).product() {
            let (mut left, mut base) = (other, 0);
            for &d in free.iter().rev() {
                base += left % shape[d] * strides[d];
                left /= shape[d];
            }
            for r in 0..rows.len() {
                let row = base + strides[at.0] * if down { rows.len() - 1 - r } else { r };
                let col = |c: usize| if back { cols.len() - 1 - c } else { c };
                out.extend((0..cols.len()).map(|c| values[row + strides[at.1] * col(c)]));
            }
        }
        Ok(out)
    }

    /// Values of some rows and columns for some cells of the other axes, counted together: these slowest, then rows, then columns.
    ///
    /// # Errors
    /// A damaged file.
    pub(crate) fn read_planes(
        &self,
        (cube, variable): (&Cube, usize),
        planes: &Planes,
        others: &Range<usize>,
        cells: (&Range<usize>, &Range<usize>),
    ) -> Result<Vec<f64>> {
        let mut out = Vec::with_capacity(others.len() * cells.0.len() * cells.1.len());
        for window in planes.windows(others) {
            out.extend(self.read(planes.at, &window, cells, &|w| cube.read(variable, w))?);
        }
        Ok(out)
    }
}

fn range(cells: impl Iterator<Item = usize> + Clone) -> Option<Range<usize>> {
    cells.clone().min().zip(cells.max()).map(|(low, high)| low..high + 1)
}

/// What brings an axis's numbers to the units of the system.
///
/// # Errors
/// A unit that the system does not have.
pub(crate) fn scale(axis: &Axis, crs: &Crs) -> Result<f64> {
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
        _ if own == 1.0 => Err(refused()),
        _ => Ok(1.0),
    }
}
