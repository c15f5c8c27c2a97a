//! A curvilinear grid: cells placed by longitudes and latitudes of their own, as ocean models and swaths have them.

use esker_core::{Crs, Cube, Error, Result};
use rayon::prelude::*;

use super::sphere::{Sphere, distance2, unit};

/// How far from its centre a cell reaches, in shares of its diagonal: a little more than half, as cells are seldom rectangles.
const REACH: f64 = 0.6;

/// Centres of cells in degrees, rows slowest, NaN where a cell has no place.
pub(crate) struct Mesh {
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) lon: Vec<f64>,
    pub(crate) lat: Vec<f64>,
    pub(super) crs: Crs,
    vectors: Vec<[f64; 3]>,
    tree: Sphere,
}

impl Mesh {
    /// The cells of a cube that 2-D longitudes and latitudes place.
    pub(super) fn of(cube: &Cube, (rows, cols): (usize, usize)) -> Result<Self> {
        let read = |name: &str| cube.variable(name).and_then(|v| cube.read_all(v));
        let (lon, lat) = match &cube.places {
            Some((x, y)) => (read(x)?, read(y)?),
            None => return Err(Error::data("grid").rule("its cells are placed by 2-D longitudes and latitudes")),
        };
        if lon.len() != rows * cols || lat.len() != lon.len() || u32::try_from(lon.len()).is_err() {
            return Err(Error::data("2-D longitudes and latitudes")
                .got(format!("{} and {} cells", lon.len(), lat.len()))
                .rule(format!("the grid has {rows} by {cols} cells")));
        }
        let placed = |(&x, &y): (&f64, &f64)| if (-90.0..=90.0).contains(&y) { unit(x, y) } else { [f64::NAN; 3] };
        let vectors: Vec<[f64; 3]> = lon.par_iter().zip(&lat).map(placed).collect();
        let tree = Sphere::new(&vectors);
        // A rotated system is that of axes, not of true longitudes.
        let own = cube.crs.clone().filter(|c| c.is_degrees() && !c.name().contains("ob_tran"));
        Ok(Self { rows, cols, lon, lat, crs: own.unwrap_or(Crs::Geographic), vectors, tree })
    }

    /// The cell whose centre is nearest to a place in degrees; none where the place is farther from it than the cell reaches.
    pub(super) fn cell(&self, lon: f64, lat: f64) -> Option<(usize, usize)> {
        let (cell, far2) = self.tree.nearest(unit(lon, lat))?;
        let (u, v) = self.steps(cell);
        let diagonal2 = u.map_or(0.0, |u| distance2(u, [0.0; 3])) + v.map_or(0.0, |v| distance2(v, [0.0; 3]));
        (far2 <= REACH * REACH * diagonal2).then_some((cell / self.cols, cell % self.cols))
    }

    /// The area of a cell on the unit sphere, by the steps to its neighbours; 0 where it has no place.
    pub(crate) fn area(&self, cell: usize) -> f64 {
        match self.steps(cell) {
            (Some(u), Some(v)) => {
                let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
                distance2(cross, [0.0; 3]).sqrt()
            }
            _ => 0.0,
        }
    }

    /// The steps from a cell to the next along rows and along columns: half of that between the two neighbours. Where one is much farther
    /// than the other (the edge of land whose places are not given, a fold), that to the nearer one.
    fn steps(&self, cell: usize) -> (Option<[f64; 3]>, Option<[f64; 3]>) {
        let (row, col) = (cell / self.cols, cell % self.cols);
        let here = self.vectors[cell];
        let step = |there: Option<usize>| {
            let there = self.vectors[there?];
            let step = [there[0] - here[0], there[1] - here[1], there[2] - here[2]];
            let long2 = distance2(step, [0.0; 3]);
            (long2 > 0.0).then_some((step, long2))
        };
        let both = |before: Option<usize>, after: Option<usize>| match (step(before), step(after)) {
            (Some((a, la)), Some((b, lb))) if la < 4.0 * lb && lb < 4.0 * la => {
                Some([(b[0] - a[0]) / 2.0, (b[1] - a[1]) / 2.0, (b[2] - a[2]) / 2.0])
            }
            (Some((a, la)), Some((b, lb))) => Some(if la < lb { a } else { b }),
            (Some((s, _)), None) | (None, Some((s, _))) => Some(s),
            (None, None) => None,
        };
        (
            both((col > 0).then(|| cell - 1), (col + 1 < self.cols).then_some(cell + 1)),
            both((row > 0).then(|| cell - self.cols), (row + 1 < self.rows).then_some(cell + self.cols)),
        )
    }
}
