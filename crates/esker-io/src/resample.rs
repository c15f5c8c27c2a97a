//! A cube on the grid of another: nearest cell or bilinear, through their CRS, tile by tile.

use std::ops::Range;
use std::sync::Arc;

use esker_core::cube::{Axis, AxisKind, Blocks, Variable, Window};
use esker_core::{Cube, Error, Note, Result};
use rayon::prelude::*;

use crate::crs::Transform;
use crate::zonal::Sampling;

/// Cells of the new grid along a side that are computed together.
const TILE: usize = 256;

/// Strictly ascending or descending labels, and the cell edges half-way between them.
struct Ruler {
    labels: Vec<f64>,
    ascending: bool,
    /// Labels are longitudes in degrees: a turn of 360 changes nothing.
    round: bool,
}

impl Ruler {
    fn of(axis: &Axis, round: bool) -> Result<Self> {
        let refuse = |got: &str| {
            Error::data(format!("axis '{}'", axis.name))
                .got(got)
                .rule("a grid to resample needs at least 2 labels in strict order along x and y")
        };
        let labels = axis.numbers().filter(|_| axis.labels.is_some()).ok_or_else(|| refuse("no numbers"))?;
        match axis.direction() {
            _ if labels.len() < 2 => Err(refuse("1 label")),
            0 => Err(refuse("labels that are not in order")),
            direction => Ok(Self { labels, ascending: direction > 0, round }),
        }
    }

    /// Where a value lies, counted in cells from the first label; `None` beyond the outer edges.
    fn position(&self, value: f64) -> Option<f64> {
        let n = self.labels.len();
        let (low, high) = if self.ascending { (self.labels[0], self.labels[n - 1]) } else { (self.labels[n - 1], self.labels[0]) };
        let value = if self.round {
            // The turn in which the value lies nearest to the middle of the axis.
            let middle = 0.5 * (low + high);
            middle + (value - middle + 180.0).rem_euclid(360.0) - 180.0
        } else {
            value
        };
        let before =
            if self.ascending { self.labels.partition_point(|&l| l <= value) } else { self.labels.partition_point(|&l| l >= value) };
        let i = before.clamp(1, n - 1) - 1;
        let at = i as f64 + (value - self.labels[i]) / (self.labels[i + 1] - self.labels[i]);
        (at >= -0.5 && at <= n as f64 - 0.5).then_some(at)
    }
}

/// The cube before, seen from the new grid.
struct Resampled {
    inner: Arc<dyn Blocks>,
    /// Places of the y and x axes in each variable; none where it lacks one of them.
    places: Vec<Option<(usize, usize)>>,
    old: (Ruler, Ruler),
    new: (Vec<f64>, Vec<f64>),
    back: Transform,
    method: Sampling,
}

/// `cube` on the x and y axes of `like`. Cells beyond it are missing.
///
/// # Errors
/// One of them has no single x and y axis or no CRS, or there is no way from one CRS to the other.
pub fn resample(cube: &Cube, like: &Cube, method: Sampling) -> Result<Cube> {
    let grid = |c: &Cube, which: &str| {
        let axes = c.axis_of(AxisKind::X).zip(c.axis_of(AxisKind::Y));
        let crs = c.crs.clone();
        axes.zip(crs).ok_or_else(|| {
            Error::data(format!("{which} grid"))
                .rule("resampling needs one x axis, one y axis and a CRS")
                .hint("esker info FILE says what was understood")
        })
    };
    let ((x, y), crs) = grid(cube, "the")?;
    let ((nx, ny), new_crs) = grid(like, "the wanted")?;
    let round = crs.is_degrees();
    let old = (Ruler::of(&cube.axes()[y], false)?, Ruler::of(&cube.axes()[x], round)?);
    let numbers = |a: usize| like.axes()[a].numbers().unwrap_or_default();
    let new = (numbers(ny), numbers(nx));
    let mut axes = cube.axes().to_vec();
    axes[x] = Axis { name: axes[x].name.clone(), ..like.axes()[nx].clone() };
    axes[y] = Axis { name: axes[y].name.clone(), ..like.axes()[ny].clone() };
    let mut variables = Vec::with_capacity(cube.variables().len());
    let mut places = Vec::new();
    for v in cube.variables() {
        let place = v.axes.iter().position(|&a| a == y).zip(v.axes.iter().position(|&a| a == x));
        let mut chunk = v.chunk.clone();
        if let Some((py, px)) = place {
            (chunk[py], chunk[px]) = (TILE.min(axes[y].len), TILE.min(axes[x].len));
        }
        places.push(place);
        variables.push(Variable { chunk, ..v.clone() });
    }
    // Variables along one of the two axes alone have no place on the new grid.
    let stays = |v: &Variable| v.axes.contains(&x) == v.axes.contains(&y);
    let kept: Vec<String> = variables.iter().filter(|v| stays(v) && !v.auxiliary).map(|v| v.name.clone()).collect();
    let back = Transform::between(&new_crs, &crs)?;
    let mut out = cube.rewrap(axes, variables, |inner| Arc::new(Resampled { inner, places, old, new, back, method }))?;
    out.crs = Some(new_crs.clone());
    out.places = None;
    let how = if method == Sampling::Nearest { "the nearest cell" } else { "bilinear interpolation" };
    out.notes.push(Note::info("resampled", format!("values were put on another grid by {how}: {} to {}", crs.name(), new_crs.name())));
    out.only(&kept)
}

impl Resampled {
    /// Where the cells of a tile lie on the old grid: (y, x) in cells, NaN beyond it.
    fn locate(&self, ys: Range<usize>, xs: Range<usize>) -> Result<Vec<(f64, f64)>> {
        let mut x: Vec<f64> = ys.clone().flat_map(|_| xs.clone().map(|j| self.new.1[j])).collect();
        let mut y: Vec<f64> = ys.flat_map(|i| xs.clone().map(move |_| i)).map(|i| self.new.0[i]).collect();
        self.back.apply(&mut x, &mut y)?;
        Ok(x.iter().zip(&y).map(|(&x, &y)| self.old.0.position(y).zip(self.old.1.position(x)).unwrap_or((f64::NAN, f64::NAN))).collect())
    }

    /// A tile of the window: one tile of the map, all of the other axes.
    fn tile(&self, variable: usize, window: &Window, place: (usize, usize)) -> Result<Vec<f64>> {
        let (py, px) = place;
        let at = self.locate(window.0[py].clone(), window.0[px].clone())?;
        let (rows, columns) = (self.old.0.labels.len(), self.old.1.labels.len());
        let bounds = |pick: &dyn Fn(&(f64, f64)) -> f64, n: usize| {
            let inside = at.iter().map(pick).filter(|v| !v.is_nan());
            let (low, high) = inside.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            (low <= high).then(|| (low.floor().max(0.0) as usize).min(n - 2)..(high.floor().max(0.0) as usize + 2).min(n))
        };
        let (Some(ys), Some(xs)) = (bounds(&|p| p.0, rows), bounds(&|p| p.1, columns)) else {
            return Ok(vec![f64::NAN; window.len()]);
        };
        let mut from = window.clone();
        (from.0[py], from.0[px]) = (ys.clone(), xs.clone());
        let values = self.inner.read(variable, &from)?;
        let strides = strides(&from.shape());
        let shape = window.shape();
        let mut out = Vec::with_capacity(window.len());
        let mut index = vec![0; shape.len()];
        for _ in 0..window.len() {
            let base: usize = (0..shape.len()).filter(|&d| d != py && d != px).map(|d| index[d] * strides[d]).sum();
            let (fy, fx) = at[index[py] * shape[px] + index[px]];
            let value = |i: usize, j: usize| values[base + (i - ys.start) * strides[py] + (j - xs.start) * strides[px]];
            out.push(if fy.is_nan() { f64::NAN } else { self.between(fy, fx, rows, columns, &value) });
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

    fn between(&self, fy: f64, fx: f64, rows: usize, columns: usize, value: &dyn Fn(usize, usize) -> f64) -> f64 {
        let cell = |f: f64, n: usize| (f + 0.5).floor().clamp(0.0, n as f64 - 1.0) as usize;
        if self.method == Sampling::Nearest {
            return value(cell(fy, rows), cell(fx, columns));
        }
        let split = |f: f64, n: usize| {
            let f = f.clamp(0.0, n as f64 - 1.0);
            let i = (f.floor() as usize).min(n - 2);
            (i, f - i as f64)
        };
        let ((i, v), (j, u)) = (split(fy, rows), split(fx, columns));
        let corners = [(i, j, (1.0 - v) * (1.0 - u)), (i, j + 1, (1.0 - v) * u), (i + 1, j, v * (1.0 - u)), (i + 1, j + 1, v * u)];
        corners.iter().filter(|c| c.2 > 0.0).map(|&(i, j, w)| w * value(i, j)).sum()
    }
}

fn strides(shape: &[usize]) -> Vec<usize> {
    let mut out = vec![1; shape.len()];
    for d in (0..shape.len().saturating_sub(1)).rev() {
        out[d] = out[d + 1] * shape[d + 1];
    }
    out
}

impl Blocks for Resampled {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let Some(place) = self.places[variable] else { return self.inner.read(variable, window) };
        let mut steps = window.0.iter().map(|r| r.end.max(1)).collect::<Vec<_>>();
        (steps[place.0], steps[place.1]) = (TILE, TILE);
        let tiles = window.blocks(&steps);
        let read = tiles.par_iter().map(|t| self.tile(variable, t, place)).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>>>()?;
        let mut out = vec![f64::NAN; window.len()];
        for (tile, values) in tiles.iter().zip(&read) {
            window.place(tile, values, &mut out);
        }
        Ok(out)
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        match self.places[variable] {
            None => self.inner.read_texts(variable, window),
            Some(_) => Err(Error::data("texts on a map").rule("only numbers are put on another grid")),
        }
    }
}
