//! Values of a grid within polygons, and at points.
//!
//! A cell counts by the share of it that lies inside a polygon, and in means also by its area: on longitude and latitude a cell shrinks with
//! the cosine of its latitude. On grids with 2-D longitudes and latitudes a cell counts whole where its centre lies inside. Polygons in another
//! system are brought to the grid's, corner by corner, with a note; where either system is not known they are refused. Values are read block by
//! block, so that a grid may be larger than memory.

mod area;
mod centres;
mod overlap;
mod sample;
mod within;

use std::ops::Range;

use esker_core::cube::Labels;
use esker_core::{Codes, Column, Context, Crs, Cube, Error, Features, Geometry, Note, Result, Shape, Table, Unit, Values};
use rayon::prelude::*;

use crate::crs::Transform;
use crate::grid::{Grid, Planes, Regular};
use overlap::Piece;

pub use sample::{Sampled, sample};
pub use within::Within;

/// Values held at a time.
const MOST: usize = 1 << 22;

/// What is computed of the cells inside a polygon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stat {
    /// Mean, each cell weighted by its area inside the polygon.
    Mean,
    /// Least value of the cells touched.
    Min,
    /// Greatest value of the cells touched.
    Max,
    /// Standard deviation about the mean with the same weights, over their sum: that of the surface, not of a sample.
    Sd,
    /// Cells touched that have a value.
    Count,
    /// Sum of the values, each times the share of its cell inside.
    Sum,
    /// Share of the polygon's area (in the grid's coordinates) that lies on cells with a value, 0 to 1.
    Share,
}

impl Stat {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Mean, Self::Min, Self::Max, Self::Sd, Self::Count, Self::Sum, Self::Share];

    /// The name, as in columns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sd => "sd",
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Share => "share",
        }
    }
}

/// Statistics of a variable within each polygon: a row for each feature and each cell of the variable's other axes (times, levels), features
/// slowest. Columns: `feature` (its row, from 1), the features' attributes, the other axes, and `<variable>_<stat>` for each statistic.
/// Where there is no value inside, statistics are missing, counts and shares 0.
///
/// # Errors
/// No such variable, one without x and y axes, a system not known, features that are not polygons, or the user stopped the work.
pub fn zonal(cube: &Cube, variable: &str, features: &Features, stats: &[Stat], cx: &Context) -> Result<Table> {
    let place = cube.variable(variable)?;
    let (grid, planes) = Grid::of(cube, place)?;
    let mut notes = Vec::new();
    let mut shapes = polygons(features, &grid, &mut notes)?;
    let others = planes.count();
    if others.saturating_mul(shapes.len()) > 1 << 28 {
        return Err(Error::data(format!("variable '{variable}'"))
            .got(format!("{} polygons and {others} times or levels", shapes.len()))
            .rule("a table of that many rows is not built")
            .hint("select fewer times or polygons first"));
    }
    let mut sums = vec![Sums::default(); shapes.len() * others];
    let source = Source { cube, variable: place, grid: &grid, planes: &planes, cx };
    let outside = match &grid {
        Grid::Regular(regular) => {
            for group in groups(&shapes, regular) {
                within_edges(&source, regular, (&shapes, &group), &mut sums)?;
            }
            shapes.iter().filter(|s| s.reach(regular).is_none()).count()
        }
        Grid::Mesh(mesh) => {
            let pieces = centres::pieces(&shapes, mesh, cx)?;
            // What a polygon covers is what the cells in it cover.
            shapes.iter_mut().zip(&pieces).for_each(|(s, p)| s.area = p.iter().map(|p| p.plane).sum());
            within_centres(&source, &pieces, mesh.cols, &mut sums)?;
            pieces.iter().filter(|p| p.is_empty()).count()
        }
    };
    if outside > 0 {
        notes.push(Note::warning("outside-grid", format!("{outside} of {} polygons do not touch the grid.", shapes.len())));
    }
    notes.push(match grid {
        Grid::Regular(_) => Note::info("zonal-weights", "Cells were weighted by their area inside each polygon."),
        Grid::Mesh(_) => Note::info("zonal-centres", "Cells count whole, by their area, where their centre lies inside a polygon."),
    });
    table(&source, features, stats, (&shapes, &sums), notes)
}

/// A variable on its grid.
struct Source<'a> {
    cube: &'a Cube,
    variable: usize,
    grid: &'a Grid,
    planes: &'a Planes,
    cx: &'a Context,
}

/// A polygon by its place, and its cells.
type Pieces = (usize, Vec<Piece>);

/// A shift of longitude, and the rows and columns that may be touched with it.
type Reach = (f64, std::ops::Range<usize>, std::ops::Range<usize>);

/// A polygon in the grid's coordinates.
struct Polygon {
    /// Rings with +1 where they add and −1 where they take off.
    rings: Vec<(f64, Vec<[f64; 2]>)>,
    area: f64,
    /// Least and greatest x and y.
    bounds: [f64; 4],
}

impl Polygon {
    /// Rows and columns that it may touch, in ascending coordinates; with the shift of longitude by which it does.
    fn reach(&self, grid: &Regular) -> Option<Vec<Reach>> {
        let [x0, x1, y0, y1] = self.bounds;
        let rows = grid.y.span(y0, y1)?;
        let shifts: &[f64] = if grid.degrees { &[-720.0, -360.0, 0.0, 360.0, 720.0] } else { &[0.0] };
        let found: Vec<_> = shifts.iter().filter_map(|&s| Some((s, rows.clone(), grid.x.span(x0 + s, x1 + s)?))).collect();
        (!found.is_empty()).then_some(found)
    }
}

/// Running sums of one polygon at one time.
#[derive(Debug, Clone, Copy)]
struct Sums {
    weight: f64,
    mean: f64,
    spread: f64,
    min: f64,
    max: f64,
    count: u64,
    sum: f64,
    plane: f64,
}

impl Default for Sums {
    fn default() -> Self {
        Self { weight: 0.0, mean: 0.0, spread: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, count: 0, sum: 0.0, plane: 0.0 }
    }
}

impl Sums {
    /// Adds a cell (West 1979, weighted running mean and variance).
    fn add(&mut self, value: f64, piece: &Piece) {
        if value.is_nan() {
            return;
        }
        self.weight += piece.weight;
        let step = value - self.mean;
        if self.weight > 0.0 {
            self.mean += step * piece.weight / self.weight;
            self.spread += piece.weight * step * (value - self.mean);
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += piece.share * value;
        self.plane += piece.plane;
    }

    fn stat(&self, stat: Stat, area: f64) -> f64 {
        let some = |v: f64| if self.count > 0 { v } else { f64::NAN };
        match stat {
            Stat::Mean => some(self.mean),
            Stat::Min => some(self.min),
            Stat::Max => some(self.max),
            Stat::Sd => some((self.spread / self.weight).max(0.0).sqrt()),
            Stat::Count => self.count as f64,
            Stat::Sum => some(self.sum),
            Stat::Share => {
                if area > 0.0 {
                    (self.plane / area).min(1.0)
                } else {
                    f64::NAN
                }
            }
        }
    }
}

/// The polygons in the grid's coordinates.
fn polygons(features: &Features, grid: &Grid, notes: &mut Vec<Note>) -> Result<Vec<Polygon>> {
    let way = between(features.crs.as_ref(), grid, "features", notes)?;
    notes.extend(crate::vector::flaws(features, "the features"));
    let empty = Geometry { shape: Shape::Polygons, parts: Vec::new() };
    let (mut none, mut other, mut lost) = (0, 0, 0);
    let shapes = features
        .geometries
        .iter()
        .map(|geometry| {
            let geometry = match geometry {
                Some(g) if g.shape == Shape::Polygons => g,
                Some(_) => {
                    other += 1;
                    &empty
                }
                None => {
                    none += 1;
                    &empty
                }
            };
            let mut moved = geometry.clone();
            for ring in &mut moved.parts {
                for p in ring.iter_mut() {
                    *p = way.point(p[0], p[1]);
                }
            }
            if moved.parts.iter().flatten().flatten().any(|v| !v.is_finite()) {
                lost += 1;
                moved = empty.clone();
            }
            polygon(moved)
        })
        .collect();
    if other > 0 {
        return Err(Error::data("features")
            .got(format!("{other} points or lines"))
            .rule("statistics are of polygons")
            .hint("sample points instead"));
    }
    if none > 0 {
        notes.push(Note::warning("no-geometry", format!("{none} features have no geometry; their statistics are missing.")));
    }
    if lost > 0 {
        notes
            .push(Note::warning("crs-reach", format!("{lost} polygons reach beyond the grid's projection; their statistics are missing.")));
    }
    Ok(shapes)
}

fn polygon(geometry: Geometry) -> Polygon {
    let bounds = crate::vector::bounds(geometry.parts.iter().flatten());
    let rings: Vec<(f64, Vec<[f64; 2]>)> = crate::vector::signs(&geometry.parts).into_iter().zip(geometry.parts).collect();
    let area = rings.iter().map(|(sign, ring)| sign * crate::crs::plane_area(ring).abs()).sum();
    Polygon { rings, area, bounds }
}

/// The way from a system to the grid's.
fn between(from: Option<&Crs>, grid: &Grid, what: &str, notes: &mut Vec<Note>) -> Result<Transform> {
    let from = from.ok_or_else(|| {
        Error::data(what.to_string())
            .got("coordinates in a system that is not known")
            .rule("they are laid over a grid only where both systems are known")
    })?;
    let way = Transform::between(from, grid.crs())?;
    if from != grid.crs() {
        let off = way.accuracy_m().map_or_else(|| "to an accuracy that is not known".to_string(), |m| format!("to within about {m} m"));
        notes.push(Note::info("crs-transformed", format!("The {what} were brought from {} to {}, {off}.", from.name(), grid.crs().name())));
        notes.extend(way.notes.iter().cloned());
    }
    Ok(way)
}

/// Neighbours in file order whose common window stays small, so that a block is read once for many small polygons.
fn groups(shapes: &[Polygon], grid: &Regular) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<usize>, [usize; 4])> = Vec::new();
    for (i, shape) in shapes.iter().enumerate() {
        let Some(reach) = shape.reach(grid) else { continue };
        let own = reach
            .iter()
            .fold([usize::MAX, 0, usize::MAX, 0], |w, (_, r, c)| [w[0].min(r.start), w[1].max(r.end), w[2].min(c.start), w[3].max(c.end)]);
        if let Some((members, window)) = groups.last_mut() {
            let both = [window[0].min(own[0]), window[1].max(own[1]), window[2].min(own[2]), window[3].max(own[3])];
            if (both[1] - both[0]).saturating_mul(both[3] - both[2]) <= MOST / 4 && members.len() < 4096 {
                members.push(i);
                *window = both;
                continue;
            }
        }
        groups.push((vec![i], own));
    }
    groups.into_iter().map(|g| g.0).collect()
}

/// Adds the cells of a group of polygons, each by the share of it inside.
fn within_edges(source: &Source<'_>, grid: &Regular, (shapes, group): (&[Polygon], &[usize]), sums: &mut [Sums]) -> Result<()> {
    let reaches: Vec<_> = group.iter().map(|&i| (i, shapes[i].reach(grid).unwrap_or_default())).collect();
    let all = || reaches.iter().flat_map(|(_, r)| r);
    let rows = all().map(|r| r.1.start).min().unwrap_or(0)..all().map(|r| r.1.end).max().unwrap_or(0);
    let cols = all().map(|r| r.2.start).min().unwrap_or(0)..all().map(|r| r.2.end).max().unwrap_or(0);
    gather(source, (&rows, &cols), sums, &|part| {
        let own = |(i, reach): &(usize, Vec<Reach>)| {
            source.cx.check()?;
            Ok((*i, overlap::pieces(&shapes[*i].rings, reach, grid, (part, &cols))))
        };
        reaches.par_iter().map(own).collect()
    })
}

/// Adds the cells of a mesh whose centres lie inside polygons; pieces are in the order of the cells, counted over the whole grid.
fn within_centres(source: &Source<'_>, pieces: &[Vec<Piece>], width: usize, sums: &mut [Sums]) -> Result<()> {
    let all = || pieces.iter().flatten().map(|p| p.cell);
    let rows = all().map(|c| c / width).min().unwrap_or(0)..all().map(|c| c / width + 1).max().unwrap_or(0);
    let cols = all().map(|c| c % width).min().unwrap_or(0)..all().map(|c| c % width + 1).max().unwrap_or(0);
    gather(source, (&rows, &cols), sums, &|part| {
        let in_part = |p: &&Piece| part.contains(&(p.cell / width));
        let place = |p: &Piece| Piece { cell: (p.cell / width - part.start) * cols.len() + p.cell % width - cols.start, ..*p };
        let own = |(i, p): (usize, &Vec<Piece>)| (i, p.iter().filter(in_part).map(place).collect::<Vec<_>>());
        Ok(pieces.par_iter().enumerate().map(own).filter(|(_, p)| !p.is_empty()).collect())
    })
}

/// Adds the cells of some rows and columns, band by band; `pieces` gives those of each polygon that lie in a band of rows.
fn gather(
    source: &Source<'_>,
    (rows, cols): (&Range<usize>, &Range<usize>),
    sums: &mut [Sums],
    pieces: &dyn Fn(&Range<usize>) -> Result<Vec<Pieces>>,
) -> Result<()> {
    if rows.is_empty() || cols.is_empty() {
        return Ok(());
    }
    let others = source.planes.count();
    let band = (MOST / cols.len()).clamp(1, rows.len());
    let mut from = rows.start;
    while from < rows.end {
        let part = from..(from + band).min(rows.end);
        from = part.end;
        let pieces = pieces(&part)?;
        let size = part.len() * cols.len();
        let step = (MOST / size).max(1);
        let mut first = 0;
        while first < others {
            source.cx.check()?;
            let some = first..(first + step).min(others);
            let values = source.grid.read_planes((source.cube, source.variable), source.planes, &some, (&part, cols))?;
            // Each polygon's sums lie apart, so that they can be added side by side.
            let added: Vec<(usize, Vec<Sums>)> = pieces
                .par_iter()
                .map(|(i, pieces)| {
                    source.cx.check()?;
                    let mut own = sums[i * others + some.start..i * others + some.end].to_vec();
                    for (k, sums) in own.iter_mut().enumerate() {
                        let values = &values[k * size..(k + 1) * size];
                        pieces.iter().for_each(|p| sums.add(values[p.cell], p));
                    }
                    Ok((*i, own))
                })
                .collect::<Result<_>>()?;
            for (i, own) in added {
                sums[i * others + some.start..i * others + some.end].copy_from_slice(&own);
            }
            first = some.end;
        }
    }
    Ok(())
}

fn table(
    source: &Source<'_>,
    features: &Features,
    stats: &[Stat],
    (shapes, sums): (&[Polygon], &[Sums]),
    notes: Vec<Note>,
) -> Result<Table> {
    let cube = source.cube;
    let v = &cube.variables()[source.variable];
    let others = source.planes.count();
    let of_row: Vec<usize> = (0..sums.len()).map(|r| r / others.max(1)).collect();
    let mut columns: Vec<Column> = vec![Column::real("feature", "", of_row.iter().map(|&f| f as f64 + 1.0).collect())];
    columns.extend(features.table.columns().iter().map(|c| c.select(&of_row)));
    let mut stride = others;
    for &(axis, len) in &source.planes.others {
        stride /= len.max(1);
        columns.push(axis_column(cube, axis, &|row: usize| row % others / stride % len, sums.len()));
    }
    for &stat in stats {
        let unit = match stat {
            Stat::Count | Stat::Share => Unit::default(),
            _ => v.unit.clone(),
        };
        let values = sums.iter().enumerate().map(|(r, s)| s.stat(stat, shapes[r / others.max(1)].area)).collect();
        let name = v.name.trim_start_matches('/').replace('/', "_");
        columns.push(Column { name: format!("{name}_{}", stat.name()), unit, values: Values::Real(values) });
    }
    unique(&mut columns);
    let mut table = Table::new(columns)?;
    table.notes = features.table.notes.iter().chain(&cube.notes).cloned().chain(notes).collect();
    Ok(table)
}

/// A column of an axis, `at` giving the cell of a row.
fn axis_column(cube: &Cube, axis: usize, at: &dyn Fn(usize) -> usize, rows: usize) -> Column {
    let a = &cube.axes()[axis];
    let (unit, values) = match &a.labels {
        None => (a.unit.clone(), Values::Real((0..rows).map(|r| at(r) as f64).collect())),
        Some(Labels::Real(v)) => (a.unit.clone(), Values::Real((0..rows).map(|r| v[at(r)]).collect())),
        Some(Labels::Time { calendar, days }) => {
            (Unit::new("days since 1970-01-01"), Values::Real((0..rows).map(|r| calendar.to_proleptic(days[at(r)])).collect()))
        }
        Some(Labels::Text(v)) => {
            let labels: Vec<Option<&str>> = (0..rows).map(|r| Some(v[at(r)].as_str()).filter(|t| !t.is_empty())).collect();
            (Unit::default(), Values::Class(Codes::from_labels(&labels)))
        }
    };
    Column { name: a.name.clone(), unit, values }
}

/// Later columns whose names are taken get a number.
fn unique(columns: &mut [Column]) {
    for i in 1..columns.len() {
        let base = columns[i].name.clone();
        let mut n = 2;
        while columns[..i].iter().any(|c| c.name == columns[i].name) {
            columns[i].name = format!("{base}_{n}");
            n += 1;
        }
    }
}
