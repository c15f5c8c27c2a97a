//! Writes a cube as a cloud-optimised GeoTIFF: tiles, overviews first, keys of its system, names and units of its bands.

use std::path::Path;

use esker_core::cube::{Attribute, AxisKind, Labels, Window};
use esker_core::{Cube, Error, Note, Result};

use super::geokeys::{GeoKeys, Key, RASTER_TYPE};
use super::layout::{Image, Value, assemble};
use super::metadata::{Band, Metadata, to_xml};
use super::projections::to_geokeys;
use super::pyramid::{Looked, Pyramid, Shrink, Style};
use crate::file::replace;

/// Bands that a file can hold.
const MOST_BANDS: usize = 65_535;
/// An overview is made until one is at most this long.
const SMALLEST: usize = 512;
/// How far a centre may lie from its even place, as a share of the cell.
const UNEVEN: f64 = 1e-3;

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// As `f32` where that loses nothing, else as `f64`.
    #[default]
    Exact,
    /// As `f32`, rounded.
    Single,
    /// As `f64`.
    Double,
}

/// One band: a variable, and where it has more axes than rows and columns, one cell of those.
struct Source {
    variable: usize,
    cell: Vec<usize>,
    name: String,
}

/// The grid of a raster: rows from north to south, columns from west to east.
struct Grid {
    rows: usize,
    columns: usize,
    /// The western and northern edge and the size of a cell; none where the cells are only counted.
    place: Option<[f64; 4]>,
    /// Whether the cube's rows go north, or its columns west: they are turned.
    turned: [bool; 2],
}

/// Writes variables of a cube as bands of a cloud-optimised GeoTIFF, whole or not at all. Missing is NaN. The last two axes are
/// rows and columns; further axes become bands of their own. Rows that go north are turned, so that north is up.
///
/// The notes say what the format could not hold.
///
/// # Errors
/// No variable, axes that are not rows and columns or not evenly spaced, a damaged source, or the disk refuses.
pub fn write_geotiff(path: &Path, cube: &Cube, variables: &[usize], precision: Precision) -> Result<Vec<Note>> {
    let grid = grid_of(cube, variables)?;
    let bands = bands_of(cube, variables)?;
    let tile = if grid.rows.max(grid.columns) > 1024 { 512 } else { 256 };
    // A row of tiles at a time, whatever the size of the file.
    let strips: Vec<(usize, usize)> = (0..grid.rows).step_by(tile).map(|r| (r, (r + tile).min(grid.rows))).collect();
    let mut all = Looked::new();
    let mut shrinks = Vec::new();
    for band in &bands {
        let mut looked = Looked::new();
        for &(from, to) in &strips {
            looked.at(&rows_of(cube, band, &grid, from, to)?);
        }
        all.single &= looked.single;
        shrinks.push(if looked.whole { Shrink::First } else { Shrink::Mean });
    }
    let style = Style { tile, single: all.single(precision) };
    let mut pyramid = Pyramid::new(path, [grid.rows, grid.columns], style, SMALLEST)?;
    for (band, &shrink) in bands.iter().zip(&shrinks) {
        for &(from, to) in &strips {
            for row in rows_of(cube, band, &grid, from, to)?.chunks_exact(grid.columns) {
                pyramid.push(row, shrink)?;
            }
        }
    }
    let (tags, notes) = tags_of(cube, &bands, &grid);
    let images: Vec<Image> = pyramid
        .levels
        .iter()
        .enumerate()
        .map(|(k, level)| Image {
            width: level.width,
            height: level.height,
            bands: bands.len(),
            style,
            tiles: level.tiles.clone(),
            length: level.length,
            tags: if k == 0 { tags.clone() } else { vec![(254, Value::Longs(vec![1]))] },
        })
        .collect();
    let head = assemble(&images);
    replace(path, |sink| {
        sink.write_all(&head).map_err(|e| crate::file::refused_write(path, &e))?;
        // The smallest overview lies first, so that a reader far away gets a picture soon.
        pyramid.levels.iter_mut().rev().try_for_each(|level| level.copy_to(sink))
    })?;
    Ok(notes)
}

fn grid_of(cube: &Cube, variables: &[usize]) -> Result<Grid> {
    let refused = |got: String, rule: &str| Err(Error::data("GeoTIFF").got(got).rule(rule));
    let Some(&first) = variables.first() else { return refused("no variable".into(), "at least one is written") };
    let axes = &cube.variables()[first].axes;
    let &[.., y, x] = axes.as_slice() else {
        return refused(format!("'{}' with {} axes", cube.variables()[first].name, axes.len()), "a raster has rows and columns");
    };
    if let Some(&other) = variables.iter().find(|&&v| !cube.variables()[v].axes.ends_with(&[y, x])) {
        return refused(
            format!("'{}' on other axes than '{}'", cube.variables()[other].name, cube.variables()[first].name),
            "all bands share rows and columns",
        );
    }
    let (y, x) = (&cube.axes()[y], &cube.axes()[x]);
    let swapped = y.kind == AxisKind::X || x.kind == AxisKind::Y;
    if swapped || y.len == 0 || x.len == 0 || y.len.max(x.len) > i32::MAX as usize {
        return refused(
            format!("axes '{}' and '{}' of {} and {} cells", y.name, x.name, y.len, x.len),
            "the last axes are rows (north) and columns (east)",
        );
    }
    let (Some(Labels::Real(ys)), Some(Labels::Real(xs))) = (&y.labels, &x.labels) else {
        return Ok(Grid { rows: y.len, columns: x.len, place: None, turned: [false; 2] });
    };
    let (sy, sx) = (step(&y.name, ys)?, step(&x.name, xs)?);
    // One row or column alone has no size: cells are square then.
    let (sy, sx) = match (sy, sx) {
        (Some(y), Some(x)) => (y, x),
        (None, Some(x)) => (-x.abs(), x),
        (Some(y), None) => (y, y.abs()),
        (None, None) => return refused("one cell".into(), "a raster of one cell has no known size"),
    };
    let edge = |labels: &[f64], s: f64, low: bool| {
        let ends = [labels[0], labels[labels.len() - 1]];
        if low { ends[0].min(ends[1]) - s.abs() / 2.0 } else { ends[0].max(ends[1]) + s.abs() / 2.0 }
    };
    let place = [edge(xs, sx, true), edge(ys, sy, false), sx.abs(), sy.abs()];
    Ok(Grid { rows: y.len, columns: x.len, place: Some(place), turned: [sy > 0.0, sx < 0.0] })
}

/// The even step of labels; none of a single one.
fn step(name: &str, labels: &[f64]) -> Result<Option<f64>> {
    if labels.len() < 2 {
        return Ok(None);
    }
    let s = (labels[labels.len() - 1] - labels[0]) / (labels.len() - 1) as f64;
    let worst = labels.iter().enumerate().map(|(i, v)| (v - labels[0] - s * i as f64).abs()).fold(0.0, f64::max);
    // Not a number is not even either.
    if s.is_finite() && s != 0.0 && worst <= UNEVEN * s.abs() {
        return Ok(Some(s));
    }
    Err(Error::data(format!("axis '{name}'"))
        .got(format!("cells up to {worst} off an even spacing of {s}"))
        .rule("the cells of a GeoTIFF are evenly spaced")
        .hint("put the cube on an even grid first, or write NetCDF"))
}

fn bands_of(cube: &Cube, variables: &[usize]) -> Result<Vec<Source>> {
    let mut bands = Vec::new();
    for &v in variables {
        let variable = &cube.variables()[v];
        let leading = &variable.axes[..variable.axes.len() - 2];
        let mut cells = vec![(Vec::new(), variable.name.clone())];
        for &a in leading {
            let axis = &cube.axes()[a];
            if cells.len().saturating_mul(axis.len) > MOST_BANDS {
                return Err(Error::data(format!("variable '{}'", variable.name))
                    .got(format!("{} slices or more", cells.len() * axis.len.min(MOST_BANDS)))
                    .rule(format!("a GeoTIFF has at most {MOST_BANDS} bands"))
                    .hint("select fewer times or levels, or write NetCDF"));
            }
            let label = |i: usize| match &axis.labels {
                Some(Labels::Real(v)) => format!("{}{}", v[i], axis.unit.suffix()),
                Some(Labels::Time { calendar, days }) => calendar.date(days[i]).to_string(),
                Some(Labels::Text(v)) => v[i].clone(),
                None => (i + 1).to_string(),
            };
            cells = cells
                .into_iter()
                .flat_map(|(at, name): (Vec<usize>, String)| {
                    (0..axis.len).map(move |i| {
                        let name = if axis.len == 1 { name.clone() } else { format!("{name} {}={}", axis.name, label(i)) };
                        ([at.as_slice(), &[i]].concat(), name)
                    })
                })
                .collect();
        }
        bands.extend(cells.into_iter().map(|(cell, name)| Source { variable: v, cell, name }));
        if bands.len() > MOST_BANDS {
            return Err(Error::data("GeoTIFF")
                .got(format!("{} bands", bands.len()))
                .rule(format!("a GeoTIFF has at most {MOST_BANDS} bands")));
        }
    }
    Ok(bands)
}

/// Rows `from..to` of a band, counted from the north, each from west to east.
fn rows_of(cube: &Cube, band: &Source, grid: &Grid, from: usize, to: usize) -> Result<Vec<f64>> {
    let rows = if grid.turned[0] { grid.rows - to..grid.rows - from } else { from..to };
    let mut window: Vec<_> = band.cell.iter().map(|&c| c..c + 1).collect();
    window.extend([rows, 0..grid.columns]);
    let mut values = cube.read(band.variable, &Window(window))?;
    if grid.turned[0] {
        values = values.chunks_exact(grid.columns).rev().flatten().copied().collect();
    }
    if grid.turned[1] {
        values.chunks_exact_mut(grid.columns).for_each(<[f64]>::reverse);
    }
    Ok(values)
}

/// Tags of the full image beyond those of its shape.
fn tags_of(cube: &Cube, bands: &[Source], grid: &Grid) -> (Vec<(u16, Value)>, Vec<Note>) {
    let (mut tags, mut notes) = (Vec::new(), Vec::new());
    if let Some([west, north, dx, dy]) = grid.place {
        tags.push((33_550, Value::Reals(vec![dx, dy, 0.0])));
        tags.push((33_922, Value::Reals(vec![0.0, 0.0, 0.0, west, north, 0.0])));
    } else {
        notes.push(Note::warning("no-places", "the cells are only counted: the raster is not placed on the Earth"));
    }
    let mut keys = GeoKeys::default();
    if let Some(crs) = cube.crs.as_ref().filter(|_| grid.place.is_some()) {
        let (found, lost) = to_geokeys(crs);
        keys = found;
        notes.extend(lost.map(|text| Note::warning("crs-as-text", text)));
    }
    keys.0.insert(RASTER_TYPE, Key::Code(1));
    let (shorts, reals, texts) = keys.tags();
    tags.push((34_735, Value::Shorts(shorts)));
    if !reals.is_empty() {
        tags.push((34_736, Value::Reals(reals)));
    }
    if !texts.is_empty() {
        tags.push((34_737, Value::Text(texts)));
    }
    let mut metadata = Metadata::default();
    for (name, value) in &cube.attributes.0 {
        if let (Attribute::Text(_), false) = (value, matches!(name.as_str(), "AREA_OR_POINT" | "description" | "software" | "written")) {
            metadata.attributes.set(name.clone(), value.clone());
        }
    }
    for band in bands {
        let unit = &cube.variables()[band.variable].unit;
        let unit = (!unit.is_empty()).then(|| unit.as_str().to_owned());
        metadata.bands.push(Band { description: Some(band.name.clone()), unit, ..Band::default() });
    }
    tags.push((42_112, Value::Text(to_xml(&metadata))));
    (tags, notes)
}
