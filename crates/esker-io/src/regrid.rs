//! First-order conservative regridding: a new cell has the mean of the old cells under it, weighted by the area each shares with it.
//!
//! Cells of both grids are rectangles along the same two axes, so that shared areas are products: widths times heights on the plane,
//! widths in longitude times differences of the sine of latitude on the sphere, both exact (Jones 1999, Monthly Weather Review 127, 2204–2210).

use std::ops::Range;
use std::sync::Arc;

use esker_core::cube::{Blocks, Window};
use esker_core::{Crs, Cube, Error, Note, Result};
use rayon::prelude::*;

use crate::grid::{Grid, Regular, Sampling, Side};
use crate::resample::{Laid, laid, maps, resample};

/// How values get onto another grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regridding {
    /// Those at the new cells' centres.
    Sampled(Sampling),
    /// Means over the new cells, weighted by shared area: what the integral was it remains.
    Conservative,
}

/// Old cells that are read at a time, about.
const MOST: usize = 1 << 20;
/// New cells along a side that are computed together, at most.
const TILE: usize = 256;

/// An old cell under a new one, and how much of an axis the two share.
type Share = (usize, f64);
/// What each of some new rows or columns takes, or each old one gives.
type Shares = Vec<Vec<Share>>;

/// The cube before, seen from the new grid.
struct Conserved {
    inner: Arc<dyn Blocks>,
    variables: Vec<(usize, Option<(usize, usize)>)>,
    old: Grid,
    /// What each new row and column takes, in the order of the new file.
    rows: Shares,
    cols: Shares,
    tile: (usize, usize),
}

/// `cube` on the x and y axes of `like`, by sampling ([`resample`]) or conservatively. In the latter a new cell's value is the area-weighted mean of
/// what is known under it: missing cells do not count, and where nothing is known under a cell it is missing. The integral over what a new
/// cell covers of known cells is that of its value.
///
/// # Errors
/// Those of [`resample`]; conservatively also 2-D places, grids in different systems, and grids that share nothing.
pub fn regrid(cube: &Cube, like: &Cube, how: Regridding) -> Result<Cube> {
    match how {
        Regridding::Sampled(sampling) => resample(cube, like, sampling),
        Regridding::Conservative => conserve(cube, like),
    }
}

fn conserve(cube: &Cube, like: &Cube) -> Result<Cube> {
    let (from, to, crs) = maps(cube, like)?;
    let old = Grid::on(cube, from, "the grid")?;
    let new = Grid::on(like, to, "the wanted grid")?;
    let (Grid::Regular(under), Grid::Regular(over)) = (&old, &new) else {
        return Err(Error::data("the grid")
            .got("2-D longitudes and latitudes")
            .rule("shared areas are computed between grids of one x and one y axis")
            .hint("take the method nearest"));
    };
    let mut notes = Vec::new();
    if old.crs() != new.crs() {
        notes.push(one_figure(old.crs(), new.crs())?);
    }
    let (rows, cols) = shares(under, over)?;
    // Tiles reach over about as many old cells as are read at a time.
    let side = |new: &[Vec<Share>]| {
        let taken = new.iter().map(Vec::len).sum::<usize>() as f64 / new.len() as f64;
        (((MOST as f64).sqrt() / taken.max(1.0)) as usize).clamp(1, TILE)
    };
    let tile = (side(&rows), side(&cols));
    let Laid { axes, variables, inside, kept } = laid((cube, from), (like, to), tile);
    let surface = if under.degrees { "on the sphere" } else { "on the plane" };
    let text =
        format!("values are means weighted by the area that cells share {surface} (first-order conservative), missing cells left out");
    let mut out = cube.rewrap(axes, variables, |inner| Arc::new(Conserved { inner, variables: inside, old, rows, cols, tile }))?;
    (out.crs, out.places) = (Some(crs), None);
    out.notes.extend(notes);
    out.notes.push(Note::info("regridded", text));
    out.only(&kept)
}

/// What is said where two systems of degrees differ in the figure of the Earth alone.
fn one_figure(old: &Crs, new: &Crs) -> Result<Note> {
    let plain = |crs: &Crs| crs.is_degrees() && !crs.name().contains("ob_tran");
    if plain(old) && plain(new) {
        let text = format!("longitudes and latitudes in {} and {} were taken for the same places", old.name(), new.name());
        return Ok(Note::info("one-figure", text));
    }
    Err(Error::data("the wanted grid")
        .got(new.name().to_owned())
        .rule(format!("the grid is in {}: shared areas are exact only between grids of one system", old.name()))
        .hint("take the method bilinear, or a wanted grid in that system"))
}

/// What rows and columns of a new grid take of an old one.
fn shares(old: &Regular, new: &Regular) -> Result<(Shares, Shares)> {
    let height: fn(f64) -> f64 = if old.degrees { |lat| lat.to_radians().sin() } else { |y| y };
    let turn = if old.degrees { 360.0 } else { 0.0 };
    let rows = along(&old.y, &new.y, &height, 0.0);
    let cols = along(&old.x, &new.x, &|x| x, turn);
    if rows.iter().all(Vec::is_empty) || cols.iter().all(Vec::is_empty) {
        let said = |g: &Regular| {
            let end = |s: &Side| (s.edges[0], s.edges[s.len()]);
            let ((west, east), (south, north)) = (end(&g.x), end(&g.y));
            format!("x from {west} to {east} and y from {south} to {north}")
        };
        return Err(Error::data("the wanted grid").got(said(new)).rule(format!("the grid has {}: they share nothing", said(old))));
    }
    Ok((rows, cols))
}

/// The old cells under each new one along an axis, in the order of the new file, with what they share in the measure of `height`. A `turn` that
/// is not 0 may be added any number of times.
fn along(old: &Side, new: &Side, height: &dyn Fn(f64) -> f64, turn: f64) -> Shares {
    let n = old.len();
    let (first, last) = (old.edges[0], old.edges[n]);
    let one = |k: usize| {
        let (low, high) = (new.edges[k], new.edges[k + 1]);
        let mut found = Vec::new();
        let turns = if turn > 0.0 { ((first - high) / turn).ceil() as i64..=((last - low) / turn).floor() as i64 } else { 0..=0 };
        for shift in turns.map(|t| t as f64 * turn) {
            let (low, high) = (low + shift, high + shift);
            let Some(cells) = old.span(low, high) else { continue };
            found.extend(cells.filter_map(|i| {
                let share = height(old.edges[i + 1].min(high)) - height(old.edges[i].max(low));
                (share > 0.0).then_some((i, share))
            }));
        }
        found
    };
    let mut all: Shares = (0..new.len()).map(one).collect();
    if new.is_reversed() {
        all.reverse();
    }
    all
}

/// Cells taken by some new ones, in stretches of neighbours.
fn stretches(taken: &[Vec<Share>]) -> Vec<Range<usize>> {
    let mut cells: Vec<usize> = taken.iter().flatten().map(|s| s.0).collect();
    cells.sort_unstable();
    cells.dedup();
    cells.chunk_by(|a, b| a + 1 == *b).map(|run| run[0]..run[run.len() - 1] + 1).collect()
}

/// Shares turned round: what each old cell of a stretch gives to which new ones.
fn given(taken: &[Vec<Share>], cells: &Range<usize>) -> Shares {
    let mut out = vec![Vec::new(); cells.len()];
    for (new, shares) in taken.iter().enumerate() {
        shares.iter().filter(|s| cells.contains(&s.0)).for_each(|&(old, share)| out[old - cells.start].push((new, share)));
    }
    out
}

impl Conserved {
    /// A tile of a window: sums of values times areas and of areas, then their quotient.
    fn tile(&self, variable: usize, (py, px): (usize, usize), window: &Window) -> Result<Vec<f64>> {
        let (rows, cols) = (&self.rows[window.0[py].clone()], &self.cols[window.0[px].clone()]);
        let shape = window.shape();
        let plane = rows.len() * cols.len();
        let others = window.len() / plane.max(1);
        let (mut sums, mut areas) = (vec![0.0; window.len()], vec![0.0; window.len()]);
        for xs in stretches(cols) {
            let give_x = given(cols, &xs);
            let strip = (MOST / (xs.len() * others.max(1))).max(1);
            for ys in stretches(rows) {
                for start in ys.clone().step_by(strip) {
                    let ys = start..ys.end.min(start + strip);
                    let values = self.old.read((py, px), window, (&ys, &xs), &|w| self.inner.read(variable, w))?;
                    let give_y = given(rows, &ys);
                    for (at, values) in values.chunks_exact(xs.len()).enumerate() {
                        let (other, y) = (at / ys.len(), at % ys.len());
                        let (mut along, mut known) = (vec![0.0; cols.len()], vec![0.0; cols.len()]);
                        for (v, give) in values.iter().zip(&give_x).filter(|(v, _)| !v.is_nan()) {
                            give.iter().for_each(|&(new, share)| {
                                along[new] += v * share;
                                known[new] += share;
                            });
                        }
                        for &(row, share) in &give_y[y] {
                            let to = other * plane + row * cols.len();
                            sums[to..].iter_mut().zip(&along).for_each(|(s, v)| *s += v * share);
                            areas[to..].iter_mut().zip(&known).for_each(|(s, v)| *s += v * share);
                        }
                    }
                }
            }
        }
        let means = sums.iter().zip(&areas).map(|(s, a)| if *a > 0.0 { s / a } else { f64::NAN }).collect();
        Ok(in_order(means, &shape, (py, px)))
    }
}

/// Planes of rows and columns, other axes slowest, in the order of a shape.
pub(crate) fn in_order(planes: Vec<f64>, shape: &[usize], (py, px): (usize, usize)) -> Vec<f64> {
    if (py + 2, px + 1) == (shape.len(), shape.len()) {
        return planes;
    }
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(planes.len());
    for _ in 0..planes.len() {
        let other = (0..shape.len()).filter(|&d| d != py && d != px).fold(0, |o, d| o * shape[d] + index[d]);
        out.push(planes[(other * shape[py] + index[py]) * shape[px] + index[px]]);
        for d in (0..shape.len()).rev() {
            index[d] += 1;
            if index[d] < shape[d] {
                break;
            }
            index[d] = 0;
        }
    }
    out
}

impl Blocks for Conserved {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let (variable, at) = self.variables[variable];
        let Some(at) = at else { return self.inner.read(variable, window) };
        let mut steps = window.0.iter().map(|r| r.end.max(1)).collect::<Vec<_>>();
        (steps[at.0], steps[at.1]) = self.tile;
        let tiles = window.blocks(&steps);
        let read = tiles.par_iter().map(|t| self.tile(variable, at, t)).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>>>()?;
        let mut out = vec![f64::NAN; window.len()];
        tiles.iter().zip(&read).for_each(|(tile, values)| window.place(tile, values, &mut out));
        Ok(out)
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        match self.variables[variable] {
            (variable, None) => self.inner.read_texts(variable, window),
            _ => Err(Error::data("texts on a map").rule("only numbers are put on another grid")),
        }
    }
}
