//! The picture of a predicted map: every cell, or every second, third … of a large grid, read row by row.

use std::path::Path;

use esker_core::cube::{AxisKind, Window};
use esker_core::record::Task;
use esker_core::{Cube, Error, Fault, Result, Unit};
use esker_report::figure::predicted::{Grid, draw};

use crate::map::PredictedMap;
use crate::model_file::Header;

/// Cells drawn along a side at most.
const MOST: usize = 240;
/// Pixels across a map with its legend.
const PNG_WIDTH: f64 = 1200.0;

/// Refuses a picture that could not be drawn, before any work starts.
///
/// # Errors
/// A name that ends neither in .png nor in .svg, or an output of rows.
pub fn check_picture(picture: &Path, output: &Path) -> Result<()> {
    let error = || Error::new(Fault::Usage, format!("picture '{}'", picture.display()));
    if !["png", "svg"].iter().any(|e| has(picture, e)) {
        return Err(error().rule("a picture is written as .png or .svg"));
    }
    if esker_io::is_flat(output) {
        let hint = "write a map: -o map.nc, map.tif or map.zarr";
        return Err(error().got(format!("rows in '{}'", output.display())).rule("a picture shows a map").hint(hint));
    }
    Ok(())
}

fn has(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

impl PredictedMap {
    /// Draws the map: the prediction, of two classes the probability of the second, with cells outside the area of applicability in grey, and
    /// the expected error beside it.
    ///
    /// # Errors
    /// A grid without x and y axes, a map without any prediction, or the disk refuses.
    pub fn draw(&self, header: &Header, to: &Path) -> Result<()> {
        let grid = grid(&self.cube, header)?;
        let figure = draw(&grid).ok_or_else(|| Error::data("picture").got("no cell with a prediction").rule("there is nothing to draw"))?;
        if has(to, "svg") {
            return esker_io::write_file(to, figure.svg.as_bytes());
        }
        let maps = if grid.expected.is_empty() { 1.0 } else { 2.0 };
        esker_io::write_file(to, &esker_report::png::render(&figure.svg, (maps * PNG_WIDTH) as u32)?)
    }
}

/// The layers of the map on the cells drawn.
fn grid(cube: &Cube, header: &Header) -> Result<Grid> {
    let (Some(x), Some(y)) = (cube.axis_of(AxisKind::X), cube.axis_of(AxisKind::Y)) else {
        return Err(Error::data("picture")
            .got("a grid whose cells have no x and y axes")
            .rule("a picture is drawn of a regular grid")
            .hint("put the grid onto a regular one: esker convert IN OUT --like GRID"));
    };
    let (axis_x, axis_y) = (&cube.axes()[x], &cube.axes()[y]);
    let step = [axis_x.len, axis_y.len].map(|n| n.div_ceil(MOST).max(1));
    let cells = |n: usize, step: usize| -> Vec<usize> { (0..n / step).map(|i| i * step + step / 2).collect() };
    let (columns, rows) = (cells(axis_x.len, step[0]), cells(axis_y.len, step[1]));
    let at = |axis: usize, cells: &[usize]| -> Vec<f64> {
        let all = cube.axes()[axis].numbers().unwrap_or_else(|| (0..cube.axes()[axis].len).map(|i| i as f64).collect());
        cells.iter().map(|&c| all[c]).collect()
    };
    let target = header.task.target();
    let layer = |suffix: &str| -> Result<Vec<f64>> {
        let name = format!("{target}_{suffix}");
        cube.variables().iter().position(|v| v.name == name).map_or_else(|| Ok(Vec::new()), |v| read(cube, v, (x, y), (&columns, &rows)))
    };
    let (levels, unit) = match &header.task {
        Task::Regression { unit, .. } => (Vec::new(), unit.clone()),
        Task::Classification { names, .. } => (names.clone(), Unit::default()),
    };
    let probability = match &header.task {
        Task::Classification { levels, .. } if levels.len() == 2 => layer(&format!("p_{}", levels[1]))?,
        _ => Vec::new(),
    };
    let degrees = cube.crs.as_ref().map_or_else(|| axis_x.unit.as_str().starts_with("degree"), esker_core::Crs::is_degrees);
    Ok(Grid {
        x: at(x, &columns),
        y: at(y, &rows),
        crs: if degrees { Some("EPSG:4326".to_owned()) } else { cube.crs.as_ref().map(|c| c.name().to_owned()) },
        target: target.to_owned(),
        unit,
        levels,
        predicted: layer("predicted")?,
        probability,
        inside: layer("inside")?,
        expected: layer("expected_error")?,
        note: note(cube, (x, y), step),
    })
}

/// One variable on the cells named, row by row; of further axes the first cell.
fn read(cube: &Cube, variable: usize, (x, y): (usize, usize), (columns, rows): (&[usize], &[usize])) -> Result<Vec<f64>> {
    let axes = &cube.variables()[variable].axes;
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    for &row in rows {
        let along = |&a: &usize| {
            if a == x {
                0..cube.axes()[a].len
            } else if a == y {
                row..row + 1
            } else {
                0..1
            }
        };
        let line = cube.read(variable, &Window(axes.iter().map(along).collect()))?;
        values.extend(columns.iter().map(|&c| line[c]));
    }
    Ok(values)
}

/// What is not drawn.
fn note(cube: &Cube, (x, y): (usize, usize), step: [usize; 2]) -> String {
    let mut note = String::new();
    if step != [1, 1] {
        note.push_str(&format!(" One cell of {} is drawn.", step[0] * step[1]));
    }
    for (i, axis) in cube.axes().iter().enumerate().filter(|(i, a)| *i != x && *i != y && a.len > 1) {
        note.push_str(&format!(" Of the {} cells along {} the first is drawn.", cube.axes()[i].len, axis.name));
    }
    note
}
