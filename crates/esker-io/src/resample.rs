//! A cube on the grid of another: nearest cell or bilinear, through their CRS, tile by tile, round the seam of the globe.

use std::ops::Range;
use std::sync::Arc;

use esker_core::cube::{Axis, Blocks, Variable, Window};
use esker_core::{Crs, Cube, Error, Note, Result};
use rayon::prelude::*;

use crate::crs::Transform;
use crate::grid::{Grid, Map, Planes, Sampling, Taken, scale};

/// Cells of the new grid along a side that are computed together.
const TILE: usize = 256;

/// The cube before, seen from the new grid.
struct Resampled {
    inner: Arc<dyn Blocks>,
    /// The number of each variable before, and the places of rows and columns in it; none where it does not lie on the map.
    variables: Vec<(usize, Option<(usize, usize)>)>,
    old: Grid,
    /// Labels of the new rows and columns.
    new: (Vec<f64>, Vec<f64>),
    back: Transform,
    method: Sampling,
}

/// `cube` on the x and y axes of `like`. Cells beyond it are missing. A cube placed by 2-D longitudes and latitudes gives the nearest cells.
///
/// # Errors
/// One of them has no single x and y axis or no CRS, there is no way from one CRS to the other, or bilinear values of 2-D places.
pub fn resample(cube: &Cube, like: &Cube, method: Sampling) -> Result<Cube> {
    let (from, to, new_crs) = maps(cube, like)?;
    let old = Grid::on(cube, from, "the grid")?;
    old.allows(method)?;
    let labels = |a: usize| {
        let numbers = like.axes()[a].numbers().filter(|_| like.axes()[a].labels.is_some()).unwrap_or_default();
        scale(&like.axes()[a], &new_crs).map(|s| numbers.into_iter().map(|v| v * s).collect::<Vec<f64>>())
    };
    let new = (labels(to.y)?, labels(to.x)?);
    if new.0.is_empty() || new.1.is_empty() {
        return Err(Error::data("the wanted grid").got("axes without labels").rule("its cells have a place"));
    }
    let back = Transform::between(&new_crs, old.crs())?;
    let Laid { axes, variables, inside, kept } = laid((cube, from), (like, to), (TILE, TILE));
    let how = if method == Sampling::Nearest { "the nearest cell" } else { "bilinear interpolation" };
    let text = format!("values were put on another grid by {how}: {} to {}", old.crs().name(), new_crs.name());
    let mut out = cube.rewrap(axes, variables, |inner| Arc::new(Resampled { inner, variables: inside, old, new, back, method }))?;
    (out.crs, out.places) = (Some(new_crs), None);
    out.notes.push(Note::info("resampled", text));
    out.only(&kept)
}

/// The maps of a cube and of one whose grid is wanted, and the system of that.
///
/// # Errors
/// One of them has no single x and y axis or no CRS, or 2-D places are wanted.
pub(crate) fn maps(cube: &Cube, like: &Cube) -> Result<(Map, Map, Crs)> {
    let map = |c: &Cube, which: &str| {
        let all: Vec<usize> = (0..c.axes().len()).collect();
        let map = Map::among(c, &all, which).ok().filter(|m| m.mesh || c.crs.is_some());
        map.ok_or_else(|| {
            Error::data(format!("{which} grid"))
                .rule("resampling needs one x axis, one y axis and a CRS")
                .hint("esker info FILE says what was understood")
        })
    };
    let (from, to) = (map(cube, "the")?, map(like, "the wanted")?);
    let Some(crs) = like.crs.clone().filter(|_| !to.mesh) else {
        return Err(Error::data("the wanted grid")
            .got("2-D longitudes and latitudes")
            .rule("values are put on a grid of one x and one y axis"));
    };
    Ok((from, to, crs))
}

/// A cube laid on the grid of another.
pub(crate) struct Laid {
    pub(crate) axes: Vec<Axis>,
    pub(crate) variables: Vec<Variable>,
    /// The number of each variable before, and the places of rows and columns in it; none where it does not lie on the map.
    pub(crate) inside: Vec<(usize, Option<(usize, usize)>)>,
    /// Names of the variables that are data.
    pub(crate) kept: Vec<String>,
}

/// The axes and variables of a cube on the grid of another, to be worked on in tiles of so many rows and columns.
pub(crate) fn laid((cube, from): (&Cube, Map), (like, to): (&Cube, Map), tile: (usize, usize)) -> Laid {
    let mut axes = cube.axes().to_vec();
    axes[from.x] = placed(cube, from, from.x, &like.axes()[to.x]);
    axes[from.y] = placed(cube, from, from.y, &like.axes()[to.y]);
    let (mut variables, mut inside) = (Vec::new(), Vec::new());
    for (i, v) in cube.variables().iter().enumerate() {
        let at = Planes::of(cube, i, from).map(|p| p.at);
        // Variables along one of the two axes alone have no place on the new grid, and what places cells places the old ones.
        let along = v.axes.contains(&from.x) || v.axes.contains(&from.y);
        if along && (at.is_none() || v.auxiliary) || v.attributes.get("grid_mapping_name").is_some() {
            continue;
        }
        let mut chunk = v.chunk.clone();
        if let Some((py, px)) = at {
            (chunk[py], chunk[px]) = (tile.0.min(axes[from.y].len), tile.1.min(axes[from.x].len));
        }
        inside.push((i, at));
        variables.push(Variable { chunk, ..v.clone() });
    }
    let kept = variables.iter().filter(|v| !v.auxiliary).map(|v| v.name.clone()).collect();
    Laid { axes, variables, inside, kept }
}

/// An axis of the wanted grid under the name it has in the cube; the axes of a mesh only count and take the wanted names.
fn placed(cube: &Cube, map: Map, axis: usize, wanted: &Axis) -> Axis {
    let free = cube.axes().iter().enumerate().all(|(i, a)| i == map.x || i == map.y || a.name != wanted.name);
    let name = if map.mesh && free { wanted.name.clone() } else { cube.axes()[axis].name.clone() };
    Axis { name, ..wanted.clone() }
}

impl Resampled {
    /// The cells that those of a tile take, row by row; none beyond the old grid.
    fn locate(&self, ys: Range<usize>, xs: Range<usize>) -> Result<Vec<Option<Taken>>> {
        let mut x: Vec<f64> = ys.clone().flat_map(|_| xs.clone().map(|j| self.new.1[j])).collect();
        let mut y: Vec<f64> = ys.flat_map(|i| xs.clone().map(move |_| i)).map(|i| self.new.0[i]).collect();
        self.back.apply(&mut x, &mut y)?;
        Ok(x.iter().zip(&y).map(|(&x, &y)| self.old.find(x, y, self.method)).collect())
    }

    /// A tile of the window: one tile of the map, all of the other axes.
    fn tile(&self, (variable, (py, px)): (usize, (usize, usize)), window: &Window) -> Result<Vec<f64>> {
        let at = self.locate(window.0[py].clone(), window.0[px].clone())?;
        let Some((rows, cols)) = self.old.hull(at.iter().flatten()) else { return Ok(vec![f64::NAN; window.len()]) };
        let values = self.old.read((py, px), window, (&rows, &cols), &|w| self.inner.read(variable, w))?;
        let size = rows.len() * cols.len();
        let shape = window.shape();
        let mut out = Vec::with_capacity(window.len());
        let mut index = vec![0; shape.len()];
        for _ in 0..window.len() {
            let other = (0..shape.len()).filter(|&d| d != py && d != px).fold(0, |o, d| o * shape[d] + index[d]);
            let plane = &values[other * size..(other + 1) * size];
            out.push(match &at[index[py] * shape[px] + index[px]] {
                Some(taken) => self.old.weighted(taken, plane, (&rows, &cols)),
                None => f64::NAN,
            });
            for d in (0..shape.len()).rev() {
                index[d] += 1;
                if index[d] < shape[d] {
                    break;
                }
                index[d] = 0;
            }
        }
        Ok(out)
    }
}

impl Blocks for Resampled {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let (variable, at) = self.variables[variable];
        let Some(at) = at else { return self.inner.read(variable, window) };
        let mut steps = window.0.iter().map(|r| r.end.max(1)).collect::<Vec<_>>();
        (steps[at.0], steps[at.1]) = (TILE, TILE);
        let tiles = window.blocks(&steps);
        let read = tiles.par_iter().map(|t| self.tile((variable, at), t)).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>>>()?;
        let mut out = vec![f64::NAN; window.len()];
        for (tile, values) in tiles.iter().zip(&read) {
            window.place(tile, values, &mut out);
        }
        Ok(out)
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        match self.variables[variable] {
            (variable, None) => self.inner.read_texts(variable, window),
            _ => Err(Error::data("texts on a map").rule("only numbers are put on another grid")),
        }
    }
}
