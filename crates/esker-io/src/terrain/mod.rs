//! Terrain attributes and texture of a raster of heights, tile by tile.
//!
//! The outermost cells, and cells with a missing one in their window, are missing, as in GDAL's `gdaldem`; textures leave missing cells out. Round
//! the globe there is no edge.

mod attribute;
mod texture;

use std::ops::Range;
use std::sync::Arc;

use esker_core::cube::{Attributes, Blocks, Holds, Variable, Window};
use esker_core::{Cube, Error, Note, Result, Unit};
use rayon::prelude::*;

use crate::crs::Ruler;
use crate::grid::{Grid, Regular, Side};

pub use attribute::{ATTRIBUTES, Attribute, Surface, Terrain};
pub use texture::{GreyLevels, Texture};

/// Cells of a tile along a side.
const TILE: usize = 512;
/// By how much cells may differ in width: coordinates are often stored in single precision.
const EVEN: f64 = 1e-3;

/// Heights, seen through attributes.
struct Seen {
    inner: Arc<dyn Blocks>,
    variable: usize,
    at: (usize, usize),
    old: Grid,
    how: Terrain,
    /// What each variable is, textures with their distance.
    what: Vec<(Attribute, usize)>,
    /// Where grey levels begin and end.
    ends: (f64, f64),
    /// Metres across the cells of each row, from south to north.
    across: Vec<f64>,
    /// Metres along them.
    along: f64,
}

/// Attributes of a cube's only raster of heights, on the same grid, one variable an attribute. Cell sizes are in metres: those of the plane, and for
/// degrees those on the ellipsoid, row by row. Textures alone are taken from a raster in any unit, and have a variable for each distance. Where grey
/// levels have no stated ends, the raster is read through once for them.
///
/// # Errors
/// No attributes, no CRS, 2-D places, several variables, cells that are not evenly spaced, heights that are not in metres, a window
/// that is even or larger than the raster, grey levels or distances that cannot be, and a file that cannot be read.
pub fn terrain(cube: &Cube, what: &[Attribute], how: Terrain) -> Result<Cube> {
    let variable = heights(cube)?;
    let v = &cube.variables()[variable];
    let (old, planes) = Grid::of(cube, variable)?;
    let Grid::Regular(grid) = &old else {
        return Err(Error::data(format!("variable '{}'", v.name))
            .got("2-D longitudes and latitudes")
            .rule("slopes need rows and columns")
            .hint("put it on a grid first: esker convert IN OUT --like GRID"));
    };
    check(what, &how, grid)?;
    let (textured, surfaced) = (what.iter().any(|a| a.is_texture()), what.iter().any(|a| !a.is_texture()));
    let mut notes = if surfaced { vec![metres(v)?] } else { Vec::new() };
    let (across, along) = sizes(grid, &mut notes)?;
    let at = planes.at;
    let shape = cube.shape(variable);
    let chunk: Vec<usize> = (0..shape.len()).map(|d| if d == at.0 || d == at.1 { TILE.min(shape[d]) } else { 1 }).collect();
    if surfaced {
        let text = "cells at the edge of the raster, and those with a missing cell in their window, are missing";
        notes.push(Note::info("terrain-edges", text));
    }
    let mut ends = (f64::NAN, f64::NAN);
    if textured {
        ends = if let Some(stated) = how.grey.ends { stated } else { measured(cube, variable, &chunk)? };
        notes.extend(how.grey.notes(ends, &v.name, &v.unit.suffix()));
    }
    let of = |a: &Attribute| if a.is_texture() { how.grey.distances.iter().map(|d| (*a, *d)).collect() } else { vec![(*a, 0)] };
    let what: Vec<(Attribute, usize)> = what.iter().flat_map(of).collect();
    let several = how.grey.distances.len() > 1;
    let variables = what.iter().map(|&(a, distance)| {
        let (name, unit, meaning) = a.told();
        let name = if several && a.is_texture() { format!("{name}-d{distance}") } else { name.to_owned() };
        variable_of(v, (name, unit, meaning), &chunk)
    });
    let variables = variables.collect();
    let seen = |inner| -> Arc<dyn Blocks> { Arc::new(Seen { inner, variable, at, old, how, what, ends, across, along }) };
    let mut out = cube.rewrap(cube.axes().to_vec(), variables, seen)?;
    out.places = None;
    out.notes.extend(notes);
    Ok(out)
}

/// A variable on the axes of the heights.
fn variable_of(heights: &Variable, (name, unit, meaning): (String, &str, &str), chunk: &[usize]) -> Variable {
    let mut attributes = Attributes::default();
    attributes.set("long_name", esker_core::cube::Attribute::Text(meaning.into()));
    Variable {
        name,
        unit: Unit::new(unit),
        chunk: chunk.to_vec(),
        holds: Holds::Numbers,
        stored: "float32".to_owned(),
        attributes,
        auxiliary: false,
        axes: heights.axes.clone(),
    }
}

/// The smallest and the largest value of a variable, read tile by tile; NaN if it has none.
fn measured(cube: &Cube, variable: usize, tile: &[usize]) -> Result<(f64, f64)> {
    let tiles = Window::whole(&cube.shape(variable)).blocks(tile);
    let ends = |w: &Window| {
        let values = cube.read(variable, w)?;
        Ok(values.iter().filter(|v| v.is_finite()).fold((f64::NAN, f64::NAN), |(low, high), &v| (v.min(low), v.max(high))))
    };
    tiles.par_iter().map(ends).try_reduce(|| (f64::NAN, f64::NAN), |a, b| Ok((a.0.min(b.0), a.1.max(b.1))))
}

/// The variable of heights.
fn heights(cube: &Cube) -> Result<usize> {
    let numbers = |v: &&Variable| v.holds == Holds::Numbers && v.axes.len() > 1;
    let names: Vec<&str> = cube.data().filter(numbers).map(|v| v.name.as_str()).collect();
    match names[..] {
        [one] => cube.variable(one),
        _ => Err(Error::usage("variable")
            .got(format!("{} variables on a map", names.len()))
            .rule("attributes are those of one raster of heights")
            .hint(format!("choose it, as --var elevation; there are {}", names.iter().take(8).copied().collect::<Vec<_>>().join(", ")))),
    }
}

fn check(what: &[Attribute], how: &Terrain, grid: &Regular) -> Result<()> {
    if let Some(twice) = what.iter().enumerate().find(|(i, a)| what[..*i].contains(a)) {
        return Err(Error::usage(format!("attribute '{}'", twice.1.told().0)).got("the name twice").rule("each is computed once"));
    }
    if what.is_empty() {
        return Err(Error::usage("attributes").got("none").rule("at least one is needed").hint("esker terrain --help lists them"));
    }
    let (rows, cols) = (grid.y.len(), grid.x.len());
    let window = if what.iter().any(|a| a.is_windowed()) { how.window } else { 3 };
    if window.is_multiple_of(2) || window < 3 {
        return Err(Error::usage("window").got(format!("{window} cells")).rule("it has a cell in its middle: an odd number from 3 on"));
    }
    if window > rows || window > cols {
        return Err(Error::usage("window")
            .got(format!("{window} × {window} cells"))
            .rule(format!("the raster has {rows} rows and {cols} columns")));
    }
    if what.iter().any(|a| a.is_texture()) {
        how.grey.check(window)?;
    }
    let sun = (0.0..=360.0).contains(&how.azimuth) && (0.0..=90.0).contains(&how.altitude);
    let level = how.level > 0.0 && how.level.is_finite();
    if !sun || !level {
        return Err(Error::usage("terrain")
            .got(format!("azimuth {}°, altitude {}°, level {} m", how.azimuth, how.altitude, how.level))
            .rule("azimuths lie within 0 and 360°, altitudes within 0 and 90°, and a level is above 0 m"));
    }
    Ok(())
}

/// What is said of the unit of heights.
fn metres(v: &Variable) -> Result<Note> {
    match v.unit.as_str().to_ascii_lowercase().as_str() {
        "" => Ok(Note::info("heights-unit", format!("'{}' states no unit; its heights were taken for metres", v.name))),
        "m" | "metre" | "meter" | "metres" | "meters" => Ok(Note::info("heights-unit", format!("heights are '{}', in m", v.name))),
        other => Err(Error::data(format!("variable '{}'", v.name))
            .got(format!("the unit '{other}'"))
            .rule("slopes are heights in metres over distances in metres")
            .hint("convert the heights to metres first")),
    }
}

/// Metres across the cells of each row, and along them.
fn sizes(grid: &Regular, notes: &mut Vec<Note>) -> Result<(Vec<f64>, f64)> {
    let step = |side: &Side, name: &str| {
        let n = side.len();
        let step = (side.centres[n - 1] - side.centres[0]) / (n - 1) as f64;
        let apart = side.centres.windows(2).map(|w| ((w[1] - w[0]) / step - 1.0).abs()).fold(0.0, f64::max);
        if apart <= EVEN {
            return Ok(step);
        }
        Err(Error::data(format!("{name} of the raster"))
            .got(format!("spacings that differ by {:.1} %", 100.0 * apart))
            .rule("terrain attributes need evenly spaced cells")
            .hint("put it on an even grid first: esker convert IN OUT --like GRID"))
    };
    let (x, y) = (step(&grid.x, "columns")?, step(&grid.y, "rows")?);
    let ruler = Ruler::of(&grid.crs)?;
    let centres = &grid.y.centres;
    let middle = centres[centres.len() / 2];
    let across: Vec<f64> = if grid.degrees {
        centres.iter().map(|&lat| ruler.distance([0.0, lat], [x, lat])).collect()
    } else {
        vec![ruler.distance([0.0, 0.0], [x, 0.0]); centres.len()]
    };
    let along = ruler.distance([0.0, middle - y / 2.0], [0.0, middle + y / 2.0]);
    let (wide, narrow) = across.iter().fold((0.0f64, f64::INFINITY), |(w, n), v| (w.max(*v), n.min(*v)));
    let text = if grid.degrees {
        format!("cells are {narrow:.1} to {wide:.1} m wide and {along:.1} m high on the ellipsoid, row by row")
    } else {
        format!("cells are {wide:.3} m wide and {along:.3} m high")
    };
    notes.push(Note::info("cell-size", text));
    Ok((across, along))
}

impl Seen {
    /// A tile of a window: its heights with a margin, then the attribute of each cell.
    fn tile(&self, (what, distance): (Attribute, usize), window: &Window) -> Result<Vec<f64>> {
        let Grid::Regular(grid) = &self.old else { return Ok(vec![f64::NAN; window.len()]) };
        let size = if what.is_windowed() { self.how.window } else { 3 };
        let (rows, cols) = (grid.y.file(&window.0[self.at.0]), grid.x.file(&window.0[self.at.1]));
        let (above, beside) = (reach(&grid.y, &rows, size / 2), reach(&grid.x, &cols, size / 2));
        let heights = self.heights(window, &above, &beside)?;
        let (high, wide) = (above.len(), beside.len());
        let others = window.len() / (rows.len() * cols.len()).max(1);
        let mut cells = vec![0.0; size * size];
        let mut planes = Vec::with_capacity(window.len());
        for plane in heights.chunks_exact(high * wide).take(others) {
            let texture = match what {
                Attribute::Glcm(texture) => Some(self.how.grey.of(texture, plane, wide, (size, distance), self.ends)),
                _ => None,
            };
            for i in 0..rows.len() {
                let row = if grid.y.is_reversed() { rows.len() - 1 - i } else { i };
                let metres = (self.across[rows.start + row], self.along);
                for j in 0..cols.len() {
                    let col = if grid.x.is_reversed() { cols.len() - 1 - j } else { j };
                    if let Some(texture) = &texture {
                        planes.push(texture[row * cols.len() + col]);
                        continue;
                    }
                    // Rows ascend to the north in the plane, and run from north to south in the window.
                    for (k, line) in cells.chunks_exact_mut(size).enumerate() {
                        let from = (row + size - 1 - k) * wide + col;
                        line.copy_from_slice(&plane[from..from + size]);
                    }
                    planes.push(if cells.iter().any(|v| v.is_nan()) { f64::NAN } else { self.how.of(what, &cells, metres) });
                }
            }
        }
        Ok(crate::regrid::in_order(planes, &window.shape(), self.at))
    }

    /// Heights of some rows and columns, missing beyond the raster: other axes slowest.
    fn heights(&self, window: &Window, rows: &[Option<usize>], cols: &[Option<usize>]) -> Result<Vec<f64>> {
        let others =
            window.0.iter().enumerate().filter(|(d, _)| *d != self.at.0 && *d != self.at.1).map(|(_, r)| r.len()).product::<usize>();
        let mut out = vec![f64::NAN; others * rows.len() * cols.len()];
        for (down, ys) in stretches(rows) {
            for (right, xs) in stretches(cols) {
                let values = self.old.read(self.at, window, (&ys, &xs), &|w| self.inner.read(self.variable, w))?;
                for (k, line) in values.chunks_exact(xs.len()).enumerate() {
                    let (other, y) = (k / ys.len(), k % ys.len());
                    let to = (other * rows.len() + down + y) * cols.len() + right;
                    out[to..to + xs.len()].copy_from_slice(line);
                }
            }
        }
        Ok(out)
    }
}

/// Cells with those around them, none beyond the raster; columns that go round the globe have no beyond.
fn reach(side: &Side, cells: &Range<usize>, margin: usize) -> Vec<Option<usize>> {
    let n = side.len() as isize;
    let place = |i: isize| {
        if side.cyclic() {
            return Some(i.rem_euclid(n) as usize);
        }
        (0..n).contains(&i).then_some(i as usize)
    };
    (cells.start as isize - margin as isize..(cells.end + margin) as isize).map(place).collect()
}

/// Neighbours that follow each other, with where they stand.
fn stretches(cells: &[Option<usize>]) -> Vec<(usize, Range<usize>)> {
    let mut at = 0;
    let runs = cells.chunk_by(|a, b| a.zip(*b).is_some_and(|(a, b)| a + 1 == b));
    runs.filter_map(|run| {
        let start = at;
        at += run.len();
        run[0].map(|first| (start, first..first + run.len()))
    })
    .collect()
}

impl Blocks for Seen {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let mut steps = vec![1; window.0.len()];
        (steps[self.at.0], steps[self.at.1]) = (TILE, TILE);
        let tiles = window.blocks(&steps);
        let what = self.what[variable];
        let read = tiles.par_iter().map(|t| self.tile(what, t)).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>>>()?;
        let mut out = vec![f64::NAN; window.len()];
        tiles.iter().zip(&read).for_each(|(tile, values)| window.place(tile, values, &mut out));
        Ok(out)
    }
}
