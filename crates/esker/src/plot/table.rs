//! Figures of tables and vector files.

use esker_core::{Codes, Column, Crs, DAYS, Error, Features, Note, Result, Shape, Table, Values};
use esker_io::crs::Transform;
use esker_io::{Data, Placed, Within};
use esker_report::figure::Figure;
use esker_report::figure::colour::category;
use esker_report::plot::{Facets, Mark, Plot, Series, Space, sheet};

use super::{Page, PlotKind, Shapes, shapes};
use crate::columns::{as_classes, unknown_column};
use crate::expression::Expression;
use crate::inspect::Inspection;
use crate::selection::span;

/// Columns of a scatter matrix at most.
const MATRIX: usize = 4;
/// Values of a column of numbers that can make panels.
const PANELS: usize = 24;
/// Whole numbers of no more values than this are codes where they colour.
const CODES: usize = 12;
/// Tracks side by side at most, and their height over their width.
const TRACKS: usize = 8;
const TALL: f64 = 3.4;
/// Rows whose label is written, not only told.
const WRITTEN: usize = 60;

/// A table with what is known of its rows.
struct Rows {
    table: Table,
    /// Columns of x and y, and their system where it is known.
    place: Option<(String, String, Option<Crs>)>,
    time: Option<String>,
}

impl Page<'_> {
    /// A figure of the rows of any file.
    pub(super) fn rows(&self, data: Data, notes: &mut Vec<Note>) -> Result<Figure> {
        let placed = data.placed();
        let grid = matches!(data, Data::Cube(_));
        let table = esker_io::into_table(data, &self.plotting.options)?;
        let rows = self.chosen(Rows::of(table, placed), grid)?;
        notes.extend(rows.table.notes.iter().filter(|n| n.weight != esker_core::Weight::Info).cloned());
        if rows.table.rows() == 0 {
            return Err(Error::data("figure").got("no row").rule("the selection leaves nothing to draw"));
        }
        let (kind, x, y) = self.resolved(&rows)?;
        match kind {
            PlotKind::Map => {
                // Of a grid without axes of its own the first variable is wanted, not where its cells are.
                let colour = if grid && self.plotting.colour.is_none() { rows.numbers().into_iter().next() } else { None };
                self.map(&rows, (x.as_deref(), y.first().map(String::as_str)), colour, notes)
            }
            PlotKind::Matrix => self.matrix(&rows, &y),
            kind => self.plane(&rows, kind, x.as_deref(), &y),
        }
    }

    /// A map of areas, lines or points.
    pub(super) fn features(&self, features: Features, notes: &mut Vec<Note>) -> Result<Figure> {
        let points = features.geometries.iter().flatten().all(|g| g.shape == Shape::Points);
        let p = self.plotting;
        if points || p.filter.is_some() || p.x.is_some() || !p.y.is_empty() || !matches!(p.kind, None | Some(PlotKind::Map)) {
            return self.rows(Data::Features(features), notes);
        }
        let closed = features.geometries.iter().flatten().any(|g| g.shape == Shape::Polygons);
        let parts = shapes(&features, &Crs::Geographic)?;
        let over = self.over(None)?;
        let column = |name: &Option<String>| name.as_deref().map(|n| pick(&features.table, n)).transpose();
        let (colour, label) = (column(&p.colour)?, column(&p.label)?);
        let mut mark = if closed { Mark::areas(&parts) } else { Mark::lines(&parts) };
        mark.colour = colour.as_ref().map(Series::of);
        mark.label = label.as_ref().map(Series::of);
        if mark.colour.is_none() {
            mark = mark.keyed("", esker_report::figure::colour::BAR);
        }
        let mut plot = self.dressed(Plot::new("figure", &self.title("Map"))).on_map(self.choice).with(mark);
        plot.marks.extend((!over.is_empty()).then(|| Mark::areas(&over)));
        let facet = self.facet(&features.table)?;
        plot.facets = facet.as_ref().map(|f| Facets { columns: Some(Series::of(f)), ..Facets::default() });
        plot.draw(self.width)
    }

    /// The rows that are wanted.
    fn chosen(&self, mut rows: Rows, grid: bool) -> Result<Rows> {
        let p = self.plotting;
        if let Some(text) = &p.filter {
            let values =
                Expression::parse(text).and_then(|e| e.eval(&rows.table)).map_err(|e| Error { fault: esker_core::Fault::Usage, ..e })?;
            rows.keep(|r| values.values[r] != 0.0 && !values.values[r].is_nan());
        }
        if grid {
            return Ok(rows);
        }
        if let Some(text) = &p.selection.time {
            let name = rows.time.clone().ok_or_else(|| Error::usage(format!("time '{text}'")).rule("this table has no column of times"))?;
            let days = crate::dataset::to_days(rows.table.column(&name)?)?.0;
            let (low, high) = span(text, esker_core::Calendar::Proleptic)?;
            rows.keep(|r| days[r] >= low && days[r] < high);
        }
        if let Some(text) = &p.selection.bbox {
            let (x, y, _) =
                rows.place.clone().ok_or_else(|| Error::usage(format!("box '{text}'")).rule("this table has no columns of places"))?;
            let [west, south, east, north] = crate::selection::corners(text)?;
            let (x, y) = (rows.table.column(&x)?.reals()?.to_vec(), rows.table.column(&y)?.reals()?.to_vec());
            let across = |v: f64| if west <= east { v >= west && v <= east } else { v >= west || v <= east };
            rows.keep(|r| across(x[r]) && y[r] >= south && y[r] <= north);
        }
        if let Some(file) = &p.selection.within {
            let (x, y, crs) = rows.place.clone().ok_or_else(|| Error::usage("within").rule("this table has no columns of places"))?;
            rows.table = Within::read(file)?.rows(&rows.table, &Placed { x, y, crs })?;
        }
        Ok(rows)
    }

    /// The kind of figure and its columns: what was said, else what the table is.
    fn resolved(&self, rows: &Rows) -> Result<(PlotKind, Option<String>, Vec<String>)> {
        let p = self.plotting;
        let (x, y) = (p.x.clone(), p.y.clone());
        let numbers = rows.numbers();
        let first = |besides: &[Option<&String>]| numbers.iter().find(|n| !besides.contains(&Some(*n))).cloned();
        if let Some(kind) = p.kind {
            let x = x.or_else(|| match kind {
                PlotKind::Line | PlotKind::Step | PlotKind::Bar | PlotKind::Point | PlotKind::Hexbin => rows.time.clone(),
                _ => None,
            });
            return Ok(match kind {
                PlotKind::Histogram => (kind, x.or_else(|| y.first().cloned()).or_else(|| first(&[])), Vec::new()),
                PlotKind::Matrix => (kind, None, if y.is_empty() { numbers.into_iter().take(MATRIX).collect() } else { y }),
                PlotKind::Map => (kind, x, y),
                PlotKind::Heat => (PlotKind::Hexbin, x.or_else(|| first(&[])), y),
                kind => {
                    let y = if y.is_empty() { first(&[x.as_ref()]).into_iter().collect() } else { y };
                    (kind, x, y)
                }
            });
        }
        let is = |name: &str| rows.table.columns().iter().find(|c| c.name == name);
        let class = |name: &Option<String>| name.as_deref().and_then(is).is_some_and(|c| matches!(c.values, Values::Class(_)));
        let time = |name: &Option<String>| name.as_deref().and_then(is).is_some_and(|c| c.unit.as_str() == DAYS);
        Ok(match (&x, y.is_empty()) {
            (Some(_), false) if class(&x) => (PlotKind::Box, x, y),
            (Some(_), false) if time(&x) || y.len() > 1 => (PlotKind::Line, x, y),
            (Some(_), false) => (PlotKind::Point, x, y),
            (Some(_), true) => (PlotKind::Histogram, x, y),
            (None, false) if rows.time.is_some() => (PlotKind::Line, rows.time.clone(), y),
            (None, false) => (PlotKind::Histogram, y.first().cloned(), Vec::new()),
            (None, true) if rows.place.is_some() => (PlotKind::Map, None, Vec::new()),
            (None, true) if rows.time.is_some() => {
                let y = first(&[rows.time.as_ref()]).into_iter().collect();
                (PlotKind::Line, rows.time.clone(), y)
            }
            (None, true) if numbers.len() > 1 => (PlotKind::Matrix, None, numbers.into_iter().take(MATRIX).collect()),
            (None, true) => (PlotKind::Histogram, numbers.first().cloned().or_else(|| Some(rows.table.columns().first()?.name.clone())), y),
        })
    }

    fn dressed<'p>(&self, mut plot: Plot<'p>) -> Plot<'p> {
        let p = self.plotting;
        plot.heading = p.title.clone().unwrap_or_default();
        (plot.x.log, plot.y.log, plot.colour.log) = p.log;
        plot.y.reversed = p.down;
        if p.down && p.facet.is_some() {
            plot.shape = TALL;
        }
        plot
    }

    fn facet(&self, table: &Table) -> Result<Option<Column>> {
        let Some(name) = &self.plotting.facet else { return Ok(None) };
        let column = as_classes(&pick(table, name)?);
        let levels = column.classes().map_or(0, |c| c.counts().iter().filter(|n| **n > 0).count());
        if levels > PANELS {
            return Err(Error::usage(format!("facet '{name}'"))
                .got(format!("{levels} values"))
                .rule(format!("at most {PANELS} panels are drawn"))
                .hint("choose rows: --where \"year >= 2000\""));
        }
        Ok(Some(column))
    }

    fn map(&self, rows: &Rows, (x, y): (Option<&str>, Option<&str>), colour: Option<String>, notes: &mut Vec<Note>) -> Result<Figure> {
        let found = rows.place.as_ref();
        let (Some(x), Some(y)) = (x.or(found.map(|f| f.0.as_str())), y.or(found.map(|f| f.1.as_str()))) else {
            return Err(Error::usage("map").rule("no columns of the table are known as places").hint("name them: --x lon --y lat"));
        };
        let (a, b) = (pick(&rows.table, x)?, pick(&rows.table, y)?);
        let (mut xs, mut ys) = (a.reals()?.to_vec(), b.reals()?.to_vec());
        let mut space = Space::Square;
        let mut known = found.and_then(|f| f.2.clone());
        let most = |v: &[f64]| v.iter().filter(|v| v.is_finite()).fold(0.0f64, |m, v| m.max(v.abs()));
        if known.is_none() && most(&xs) <= 360.0 && most(&ys) <= 90.0 {
            known = Some(Crs::Geographic);
        }
        match known.as_ref().map(|crs| Transform::between(crs, &Crs::Geographic)) {
            Some(Ok(way)) => {
                way.apply(&mut xs, &mut ys)?;
                space = Space::Map(self.choice);
            }
            Some(Err(e)) => notes.push(Note::warning("no-map", format!("coordinates are drawn as they are, without a map: {e}"))),
            None => notes.push(Note::info("no-crs", format!("the CRS of '{x}' and '{y}' is not known: they are drawn as metres"))),
        }
        let over: Shapes = self.over(if space == Space::Square { known.as_ref() } else { None })?;
        let (x, y) = (Column::real(x, a.unit.as_str(), xs), Column::real(y, b.unit.as_str(), ys));
        let mut extras = self.extras(&rows.table)?;
        if let Some(name) = colour {
            extras.colour = Some(pick(&rows.table, &name)?);
        }
        let mut mark = Mark::points(Series::of(&x), Series::of(&y));
        if self.plotting.kind == Some(PlotKind::Hexbin) {
            mark.kind = esker_report::plot::Kind::Hexagons;
        }
        let mut plot = self.dressed(Plot::new("figure", &self.title("Map")));
        plot.space = space;
        plot.marks.extend((!over.is_empty()).then(|| Mark::areas(&over)));
        plot.marks.push(extras.on(mark));
        plot.marks.extend(extras.texts(&x, &y));
        plot.facets = extras.facets();
        plot.draw(self.width)
    }

    fn plane(&self, rows: &Rows, kind: PlotKind, x: Option<&str>, y: &[String]) -> Result<Figure> {
        let table = &rows.table;
        let need = |what: &str| Error::usage("figure").rule(format!("this kind of figure needs {what}"));
        let mut xs = x.map(|n| pick(table, n)).transpose()?.ok_or_else(|| need("--x"))?;
        let ys: Vec<Column> = y.iter().map(|n| pick(table, n)).collect::<Result<_>>()?;
        if kind == PlotKind::Box {
            xs = as_classes(&xs);
        }
        if !matches!(kind, PlotKind::Point | PlotKind::Histogram) {
            let numbers = |c: &Column| c.reals().map(drop).map_err(|e| Error { fault: esker_core::Fault::Usage, ..e });
            ys.iter().try_for_each(numbers)?;
        }
        let extras = self.extras(table)?;
        let mut plot = self.dressed(Plot::new("figure", &self.title("Figure")));
        if kind == PlotKind::Histogram {
            plot.marks.push(extras.on(Mark::histogram(Series::of(&xs))));
        } else if ys.is_empty() {
            return Err(need("--y"));
        }
        for (i, column) in ys.iter().enumerate() {
            let (x, y) = (Series::of(&xs), Series::of(column));
            let mark = match kind {
                PlotKind::Line => Mark::line(x, y),
                PlotKind::Step => Mark::step(x, y),
                PlotKind::Bar => Mark::bars(x, y),
                PlotKind::Hexbin => Mark::hexagons(x, y),
                PlotKind::Box => Mark::boxes(x, y),
                _ => Mark::points(x, y),
            };
            let mark = extras.on(mark);
            plot.marks.push(if ys.len() > 1 { mark.keyed(&y.title(), category(i, ys.len())) } else { mark });
        }
        if ys.len() > 1 {
            let unit = &ys[0].unit;
            plot.y.title = ys.iter().all(|c| c.unit.same(unit)).then(|| unit.as_str()).filter(|u| !u.is_empty()).map(|u| format!("({u})"));
            plot.y.title.get_or_insert_with(|| "value".to_owned());
        }
        plot.marks.extend(ys.first().and_then(|y| extras.texts(&xs, y)));
        plot.facets = extras.facets();
        plot.draw(self.width)
    }

    fn matrix(&self, rows: &Rows, names: &[String]) -> Result<Figure> {
        let columns: Vec<Column> = names.iter().map(|n| pick(&rows.table, n)).collect::<Result<_>>()?;
        if columns.len() < 2 {
            return Err(Error::usage("scatter matrix")
                .got(format!("{} columns of numbers", columns.len()))
                .rule("at least two are needed"));
        }
        let extras = self.extras(&rows.table)?;
        let mut plots = Vec::new();
        for y in &columns {
            for x in &columns {
                let mark = if x.name == y.name { Mark::histogram(Series::of(x)) } else { Mark::points(Series::of(x), Series::of(y)) };
                let mut plot = Plot::new("figure", "").with(extras.on(mark));
                plot.shape = 0.85;
                plots.push(plot);
            }
        }
        sheet("figure", &self.title("Scatter matrix"), &plots, self.width, columns.len())
    }

    fn extras(&self, table: &Table) -> Result<Extras> {
        let p = self.plotting;
        let column = |name: &Option<String>| name.as_deref().map(|n| pick(table, n)).transpose();
        Ok(Extras {
            colour: column(&p.colour)?.map(coded),
            size: column(&p.size)?,
            label: column(&p.label)?,
            facet: self.facet(table)?,
            down: p.down,
        })
    }
}

/// Columns that dress a mark.
struct Extras {
    colour: Option<Column>,
    size: Option<Column>,
    label: Option<Column>,
    facet: Option<Column>,
    /// Panels of what counts downwards are tracks side by side.
    down: bool,
}

impl Extras {
    fn on<'p>(&'p self, mut mark: Mark<'p>) -> Mark<'p> {
        mark.colour = self.colour.as_ref().map(Series::of);
        mark.size = self.size.as_ref().map(Series::of);
        mark.label = self.label.as_ref().map(Series::of);
        mark
    }

    fn texts<'p>(&'p self, x: &'p Column, y: &'p Column) -> Option<Mark<'p>> {
        let label = self.label.as_ref().filter(|l| l.len() <= WRITTEN)?;
        Some(Mark::text(Series::of(x), Series::of(y), Series::of(label)))
    }

    fn facets(&self) -> Option<Facets<'_>> {
        let wrap = self.down.then_some(TRACKS);
        self.facet.as_ref().map(|f| Facets { columns: Some(Series::of(f)), wrap, ..Facets::default() })
    }
}

impl Rows {
    fn of(table: Table, placed: Option<Placed>) -> Self {
        let mut table = table;
        whole_dates(&mut table);
        let found = Inspection::place_and_time(&table);
        let there = |p: &Placed| [&p.x, &p.y].iter().all(|n| table.column(n).is_ok_and(|c| c.reals().is_ok()));
        let by_name = found.place.map(|(x, y, crs, _)| (x, y, Crs::parse(&crs).ok().filter(Crs::is_degrees)));
        let place = placed.filter(there).map(|p| (p.x, p.y, p.crs)).or(by_name);
        Self { place, time: found.time.map(|t| t.0), table }
    }

    fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        let rows: Vec<usize> = (0..self.table.rows()).filter(|&r| wanted(r)).collect();
        self.table = self.table.select(&rows);
    }

    /// Columns of numbers that vary and are neither place nor time.
    fn numbers(&self) -> Vec<String> {
        let taken = |name: &String| self.time.as_ref() == Some(name) || self.place.as_ref().is_some_and(|p| p.0 == *name || p.1 == *name);
        let varies = |v: &[f64]| {
            let mut known = v.iter().filter(|v| v.is_finite());
            known.next().is_some_and(|first| known.any(|v| v != first))
        };
        let fit = |c: &&Column| c.unit.as_str() != DAYS && !taken(&c.name) && c.reals().is_ok_and(varies);
        self.table.columns().iter().filter(fit).map(|c| c.name.clone()).collect()
    }
}

/// A column of few whole numbers over many rows as classes: such numbers are codes.
fn coded(column: Column) -> Column {
    let Values::Real(v) = &column.values else { return column };
    let mut known: Vec<f64> = v.iter().copied().filter(|v| !v.is_nan()).collect();
    if column.unit.as_str() == DAYS || known.len() < 4 * CODES || known.iter().any(|v| v.fract() != 0.0) {
        return column;
    }
    known.sort_by(f64::total_cmp);
    known.dedup();
    if known.len() <= CODES { as_classes(&column) } else { column }
}

/// Columns named as dates whose numbers are dates without marks, such as 19580329, become times.
fn whole_dates(table: &mut Table) {
    let day = |v: f64| -> Option<f64> {
        if v.fract() != 0.0 || !(10_000_101.0..30_000_000.0).contains(&v) {
            return None;
        }
        let n = v as i64;
        esker_core::Calendar::Proleptic.days(n / 10_000, (n / 100 % 100) as u8, (n % 100) as u8).map(|d| d as f64)
    };
    let mut found = Vec::new();
    for column in table.columns() {
        let Values::Real(v) = &column.values else { continue };
        let days: Option<Vec<f64>> = v.iter().map(|&v| if v.is_nan() { Some(v) } else { day(v) }).collect();
        if let Some(days) = days.filter(|d| column.name.to_lowercase().contains("date") && d.iter().any(|v| v.is_finite())) {
            found.push(Column::real(&column.name, DAYS, days));
        }
    }
    // Each has the length of the column that it replaces.
    found.into_iter().for_each(|c| drop(table.put(c)));
}

/// A column by its name, in the words of the command line. Texts that are all dates become times.
fn pick(table: &Table, name: &str) -> Result<Column> {
    let found = table.columns().iter().find(|c| c.name == name);
    let column =
        found.ok_or_else(|| Error { fault: esker_core::Fault::Usage, ..unknown_column(table, name, "no such column in the file") })?;
    if let Values::Class(codes) = &column.values
        && is_dates(codes)
    {
        let (days, _) = crate::dataset::to_days(column)?;
        return Ok(Column::real(&column.name, DAYS, days));
    }
    Ok(column.clone())
}

fn is_dates(codes: &Codes) -> bool {
    !codes.levels().is_empty() && codes.levels().iter().all(|l| l.len() >= 7 && esker_io::time::parse_days(l).is_some())
}
