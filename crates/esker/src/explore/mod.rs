//! A file or the data of a recipe, looked at before any model: findings, columns, and the numbers of every picture.

mod columns;
mod frame;
mod gridded;
mod pieces;
mod series;
mod space;
mod suspects;
mod together;
mod tracks;

use std::path::{Path, PathBuf};

use esker_core::cube::AxisKind;
use esker_core::exploration::{Exploration, RecipeCard};
use esker_core::{Column, Context, Cube, Features, Note, Result, Table, Values};
use esker_io::{Data, Format, Origin, ReadOptions};

use crate::findings::Findings;
use crate::recipe::Recipe;
use crate::work::{on_threads, stoppable};
use crate::{lock, regions, source, steps};

use frame::{Frame, Said};

/// Cells of a cube up to which it is looked at row by row; a larger one, or one of maps, is looked at as a grid.
const FEW_CELLS: usize = 1 << 20;

/// What was seen of a file or the data of a recipe.
#[derive(Debug, Clone)]
pub struct Explored {
    /// All of it, plain data.
    pub exploration: Exploration,
}

impl Explored {
    /// Looks at a file of any format, or, of a `.toml`, at the data of a recipe.
    ///
    /// # Errors
    /// A file that cannot be read, a recipe with faults, or the user stopped.
    pub fn read(path: &Path, options: &ReadOptions, cx: &Context) -> Result<Self, Findings> {
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
            let recipe = Recipe::read(path)?;
            let mut faults = Findings::default();
            let seen = on_threads(cx, || Ok(of_recipe(recipe, path, cx).map_err(|f| faults = f).ok()))?;
            return seen.map(|exploration| Self { exploration }).ok_or(faults);
        }
        Ok(Self { exploration: on_threads(cx, || of_file(path, options, cx))? })
    }

    /// The page: one HTML file that stands alone.
    pub fn page(&self) -> String {
        esker_report::explore::page(&self.exploration)
    }

    /// Writes the page whole, or not at all.
    ///
    /// # Errors
    /// The disk refuses, or the user stopped.
    pub fn write(&self, to: &Path, cx: &Context) -> Result<()> {
        let page = on_threads(cx, || Ok(self.page()))?;
        cx.check()?;
        esker_io::write_file(to, page.as_bytes())
    }
}

/// Where the page of a file goes if nobody says: `NAME.explore.html` in the current folder; a recipe of the usual name is called by its folder.
pub fn default_page(path: &Path) -> PathBuf {
    let name = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) {
        crate::default_folder(path).file_name().map_or_else(|| "recipe".to_owned(), |n| n.to_string_lossy().into_owned())
    } else {
        let full = path.file_name().map_or_else(|| "data".to_owned(), |n| n.to_string_lossy().into_owned());
        full.rsplit_once('.').map_or(full.clone(), |(stem, _)| stem.to_owned())
    };
    PathBuf::from(format!("{}.explore.html", name.split(['?', '#']).next().unwrap_or("data")))
}

fn of_recipe(mut recipe: Recipe, path: &Path, cx: &Context) -> Result<Exploration, Findings> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let (table, origin) = source::read(&mut recipe, &folder, cx)?;
    let stepped = !recipe.data.steps.is_empty();
    let (mut table, _) = steps::apply(&recipe, &folder, table, cx)?;
    regions::name(&mut recipe, &folder, &mut table, cx)?;
    let mut notes: Vec<Note> = table.notes.clone();
    // Rows of a final hold-out stay unseen here as everywhere.
    let (data, lock) = lock::build(&recipe, table)?;
    notes.extend(data.notes.iter().filter(|n| !notes.contains(n)).cloned().collect::<Vec<_>>());
    let crs = data.samples.support().place.as_ref().map(|p| p.crs().clone());
    let groups = data.samples.support().group.as_ref().map(|g| g.counts().iter().filter(|n| **n > 0).count());
    let roles = &recipe.roles;
    let mut seen = data.table.clone();
    // Target and features as designs and models see them: derived, and classes where they are classes.
    for column in data.samples.columns() {
        seen.put(column.clone())?;
    }
    let card = RecipeCard {
        file: origin.name().to_owned(),
        target: data.target.clone(),
        features: data.features.clone(),
        group: roles.group.clone().zip(groups),
        time: roles.time.clone(),
        rows_read: data.rows_read,
        locked: lock.map_or(0, |l| l.locked.rows),
    };
    let said = Said {
        place: roles.place.as_ref().map(|p| (p.x.clone(), p.y.clone(), crs)),
        time: roles.time.clone(),
        group: roles.group.clone(),
        target: Some(data.target.clone()),
        features: data.features.clone(),
        recipe: true,
    };
    let seen = only_used(seen, &said)?;
    let mut out =
        Exploration { file: recipe.file.clone(), title: recipe.title.clone(), format: "recipe".into(), kind: "table".into(), ..start() };
    out.notes = notes;
    out.recipe = Some(card);
    of_table(&mut out, seen, &said, None, cx)?;
    // Rows are told as in the file; of what steps have made there are none.
    for found in &mut out.findings {
        found.rows = if stepped { Vec::new() } else { found.rows.iter().filter_map(|r| data.rows.get(r - 1)).map(|r| r + 1).collect() };
    }
    Ok(out)
}

/// The columns that have a role.
fn only_used(table: Table, said: &Said) -> Result<Table> {
    let place = said.place.iter().flat_map(|(x, y, _)| [x, y]);
    let named: Vec<&String> = place.chain(&said.time).chain(&said.group).chain(&said.target).chain(&said.features).collect();
    let target = |c: &Column| Some(&c.name) != said.target.as_ref();
    let (mut columns, rest): (Vec<Column>, Vec<Column>) =
        table.columns().iter().filter(|c| named.contains(&&c.name)).cloned().partition(|c| !target(c));
    columns.extend(rest);
    Table::new(columns)
}

fn start() -> Exploration {
    Exploration { esker: env!("CARGO_PKG_VERSION").to_owned(), rows_are: "rows".to_owned(), ..Exploration::default() }
}

fn of_file(path: &Path, options: &ReadOptions, cx: &Context) -> Result<Exploration> {
    let origin = Origin::reach(path, cx)?;
    let (format, data) = origin.open(options)?;
    cx.check()?;
    let mut out =
        Exploration { file: origin.name().to_owned(), title: origin.name().to_owned(), format: format.name().to_owned(), ..start() };
    match data {
        Data::Table(table) => of_rows(&mut out, table, (format, None), cx)?,
        Data::Features(features) => of_features(&mut out, &features, options, cx)?,
        Data::Cube(cube) => of_cube(&mut out, &stoppable(&cube, cx)?, (format, options), cx)?,
    }
    Ok(out)
}

fn of_rows(out: &mut Exploration, mut table: Table, (format, said): (Format, Option<Said>), cx: &Context) -> Result<()> {
    if out.kind.is_empty() {
        out.kind = "table".into();
    }
    out.notes.extend(std::mem::take(&mut table.notes));
    let las = format == Format::Las;
    of_table(out, table, &said.unwrap_or_default(), Some(las), cx)
}

fn of_features(out: &mut Exploration, features: &Features, options: &ReadOptions, cx: &Context) -> Result<()> {
    out.kind = "features".into();
    out.geometry = features.geometries.iter().flatten().next().map(|g| {
        match g.shape {
            esker_core::Shape::Points => "points",
            esker_core::Shape::Lines => "lines",
            esker_core::Shape::Polygons => "polygons",
        }
        .to_owned()
    });
    let placed = Data::Features(features.clone()).placed();
    let mut table = esker_io::into_table(Data::Features(features.clone()), options)?;
    out.notes.extend(std::mem::take(&mut table.notes));
    let said = Said { place: placed.map(|p| (p.x, p.y, p.crs)), ..Said::default() };
    let frame = Frame::new(table, &said);
    let outlines = space::outlines(features, &frame);
    fill(out, &frame, Some(false), cx)?;
    if !outlines.is_empty() {
        out.maps = outlines;
    }
    if let Some(n) = Some(features.geometries.iter().filter(|g| g.is_none()).count()).filter(|n| *n > 0) {
        let text = format!("{n} of {} rows have no geometry.", features.geometries.len());
        out.findings.push(suspects::suspect(
            esker_core::Weight::Warning,
            "no-geometry",
            &[],
            (text, "They are on no map and in no polygon: find their places or leave them out."),
        ));
        suspects::sort(&mut out.findings);
    }
    Ok(())
}

fn of_cube(out: &mut Exploration, cube: &Cube, (format, options): (Format, &ReadOptions), cx: &Context) -> Result<()> {
    out.kind = "cube".into();
    out.notes.extend(cube.notes.clone());
    out.axes = gridded::axes(cube);
    out.crs = cube.crs.as_ref().map(|c| c.name().to_owned());
    let found = suspects::calendars(cube.axes());
    if let Some(grid) = gridded::Grid::of(cube) {
        grid.fill(out, cx)?;
    } else {
        let cells = cube.data().map(|v| v.axes.iter().map(|&a| cube.axes()[a].len).product::<usize>()).max().unwrap_or(0);
        let said = said_of(cube);
        let cube = if cells > FEW_CELLS { gridded::thinned(cube, cells.div_ceil(FEW_CELLS), out)? } else { cube.clone() };
        let table = esker_io::into_table(Data::Cube(cube), options)?;
        of_rows(out, table, (format, Some(said)), cx)?;
    }
    // Cells have no row in the file.
    out.findings.iter_mut().for_each(|f| f.rows.clear());
    out.findings.extend(found);
    suspects::sort(&mut out.findings);
    Ok(())
}

/// What the axes of a cube say of the columns that they become.
fn said_of(cube: &Cube) -> Said {
    let placed = Data::Cube(cube.clone()).placed();
    let time = cube.axes().iter().find(|a| a.kind == AxisKind::T).map(|a| a.name.clone());
    Said { place: placed.map(|p| (p.x, p.y, p.crs)), time, ..Said::default() }
}

/// Looks at a table. `las`: whether it is a well log; nothing where a recipe has chosen its rows.
fn of_table(out: &mut Exploration, table: Table, said: &Said, las: Option<bool>, cx: &Context) -> Result<()> {
    let mut frame = Frame::new(table, said);
    out.relations = together::relations(&frame);
    frame.first(&out.relations.iter().map(|r| r.feature.as_str()).collect::<Vec<_>>());
    fill(out, &frame, las, cx)
}

fn fill(out: &mut Exploration, frame: &Frame, las: Option<bool>, cx: &Context) -> Result<()> {
    out.rows = frame.table.rows();
    let (seen, of) = (frame.rows.len(), frame.table.rows());
    if seen < of {
        let order = if frame.time.is_some() { "in time" } else { "in their order" };
        out.sampled.push(format!("Pictures and quantiles show {} of {} rows: one drawn from each of as many equal parts {order}, with a fixed seed. Extremes, marks for missing, impossible values and places, copies, gaps and duplicate rows were looked for in all; what is said of values far out, in another unit or cut off, and of near places and dates, is of the rows drawn.", suspects::count(seen), suspects::count(of)));
    }
    let wide = frame.table.columns().len();
    if wide > frame::MOST_COLUMNS {
        out.sampled.push(format!(
            "Of {} columns the first {} were searched for odd values and drawn.",
            suspects::count(wide),
            suspects::count(frame::MOST_COLUMNS)
        ));
    }
    out.columns = columns::cards(frame);
    cx.check()?;
    let (found, notes) = suspects::split(std::mem::take(&mut out.notes));
    out.notes = notes;
    out.findings.extend(suspects::of(frame, true));
    out.findings.extend(found);
    suspects::sort(&mut out.findings);
    cx.check()?;
    where_and_when(out, frame);
    out.missing = together::missing(frame);
    out.correlations = together::correlations(frame);
    out.scatter = together::scatter(frame, out.correlations.as_ref());
    cx.check()?;
    out.tracks = tracks::of(frame, las == Some(true));
    if out.maps.is_empty() {
        out.maps = if out.tracks.is_some() { space::groups(frame) } else { space::points(frame) };
    }
    cx.check()?;
    if out.tracks.is_none() {
        out.variograms = space::variograms(frame);
    }
    out.series = series::of(frame);
    cx.check()
}

fn where_and_when(out: &mut Exploration, frame: &Frame) {
    if let Some(place) = &frame.place {
        out.crs = out.crs.take().or_else(|| place.crs.as_ref().map(|c| c.name().to_owned()));
        let range = |c: usize| Some(columns::sorted(frame.numbers(c)?)).and_then(|s| Some((*s.first()?, *s.last()?)));
        out.extent = range(place.x).zip(range(place.y)).map(|((w, e), (s, n))| [w, s, e, n]);
    }
    if let Some(timing) = &frame.time {
        let known = columns::sorted(&timing.at);
        out.period = known.first().zip(known.last()).map(|(a, b)| [series::moment(*a, timing.dated), series::moment(*b, timing.dated)]);
    }
}

/// Whether two columns are equal in every row.
fn same(a: &Column, b: &Column) -> bool {
    match (&a.values, &b.values) {
        (Values::Real(x), Values::Real(y)) => x.iter().zip(y).all(|(p, q)| p == q || (p.is_nan() && q.is_nan())),
        (Values::Class(x), Values::Class(y)) => (0..x.len()).all(|r| x.label(r) == y.label(r)),
        _ => false,
    }
}
