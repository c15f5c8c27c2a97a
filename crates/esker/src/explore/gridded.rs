//! A grid, looked at block by block: maps of means, means in time, and a sample of its cells as rows.

use std::collections::BTreeMap;

use esker_core::cube::{AxisKind, Holds, Labels, Window};
use esker_core::exploration::{AxisCard, ColumnCard, Exploration, Histogram, MapPanel, MapShape, MapView, MissingMap, Numbers};
use esker_core::{Calendar, Column, Context, Crs, Cube, DAYS, Result, Rng, Table, Unit};
use rayon::prelude::*;

use super::frame::{Frame, Said, is_class_like};
use super::pieces::{chosen, picked};
use super::{columns, series, space, suspects, together};

/// Numbers read at most; of larger grids every so many-th block.
const MOST_CELLS: usize = 48_000_000;
/// Blocks that are looked at before they are added up.
const BATCH: usize = 16;
/// Variables looked at, and maps of each.
const VARIABLES: usize = 12;
const FACETS: usize = 6;
/// Cells of all maps together.
const MAP_CELLS: usize = 500_000;
/// Cells along the longer side of a map.
const SIDE: usize = 400;
/// Parts of the map of missing values.
const PARTS: usize = 80;

/// The axes of a cube in short.
pub fn axes(cube: &Cube) -> Vec<AxisCard> {
    let told = cube.axes().iter().map(crate::info::axis);
    told.map(|a| AxisCard {
        name: a.name,
        cells: a.cells,
        unit: a.unit,
        first: a.first.unwrap_or_default(),
        last: a.last.unwrap_or_default(),
        step: a.step,
        calendar: a.calendar.map(str::to_owned),
    })
    .collect()
}

/// Every so many-th cell along the longest axis.
pub fn thinned(cube: &Cube, every: usize, out: &mut Exploration) -> Result<Cube> {
    let Some(axis) = (0..cube.axes().len()).max_by_key(|&a| cube.axes()[a].len) else { return Ok(cube.clone()) };
    let cells: Vec<usize> = (0..cube.axes()[axis].len).step_by(every).collect();
    out.sampled.push(format!(
        "Of the {} cells along '{}' one of {every} was read.",
        suspects::count(cube.axes()[axis].len),
        cube.axes()[axis].name
    ));
    cube.select(axis, &cells)
}

/// A cube whose variables lie on axes of x and y.
pub struct Grid<'a> {
    cube: &'a Cube,
    x: usize,
    y: usize,
    time: Option<usize>,
    /// Variables of the same axes, those of the most cells first.
    groups: Vec<Vec<usize>>,
    /// Columns and rows of a map, and how many cells of the grid each holds along either side.
    step: usize,
    shape: (usize, usize),
    facets: usize,
}

/// What was seen of each variable, and the cells drawn as rows: their places along each axis, then the values of each variable.
type Looked = (Vec<Seen>, Vec<Vec<f64>>);

/// What was seen of a variable.
struct Seen {
    count: usize,
    missing: usize,
    min: f64,
    max: f64,
    sum: f64,
    squares: f64,
    /// By map and cell: sum, count, and the first value met.
    cells: Vec<(f64, u32, f64)>,
    /// By map and time: weighted sum, weight, cells, missing ones.
    times: Vec<(f64, f64, u32, u32)>,
}

impl Seen {
    fn new(cells: usize, times: usize) -> Self {
        Self {
            count: 0,
            missing: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: 0.0,
            squares: 0.0,
            cells: vec![(0.0, 0, f64::NAN); cells],
            times: vec![(0.0, 0.0, 0, 0); times],
        }
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.missing += other.missing;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.squares += other.squares;
        for (a, b) in self.cells.iter_mut().zip(&other.cells) {
            *a = (a.0 + b.0, a.1 + b.1, if a.2.is_nan() { b.2 } else { a.2 });
        }
        for (a, b) in self.times.iter_mut().zip(&other.times) {
            *a = (a.0 + b.0, a.1 + b.1, a.2 + b.2, a.3 + b.3);
        }
    }
}

/// What a position along each axis of a variable adds to the places of a value.
struct Along {
    /// Cell of the map.
    cell: Vec<usize>,
    /// Time.
    time: Vec<usize>,
    /// Map, counted over all; see [`Layout::map`].
    facet: Vec<usize>,
    /// Weight by area.
    weight: Vec<f64>,
}

/// How the values of a group of variables go to maps and times.
struct Layout {
    along: Vec<Along>,
    /// The map kept of each combination of further axes.
    map: Vec<Option<usize>>,
    labels: Vec<String>,
    times: usize,
}

impl<'a> Grid<'a> {
    /// The grid of a cube; `None` where cells have no axes of x and y.
    pub fn of(cube: &'a Cube) -> Option<Self> {
        let real = |kind| cube.axis_of(kind).filter(|&a| cube.axes()[a].len > 1 && matches!(cube.axes()[a].labels, Some(Labels::Real(_))));
        let (x, y) = (real(AxisKind::X)?, real(AxisKind::Y)?);
        let cells = |v: usize| cube.shape(v).iter().product::<usize>();
        let mut variables: Vec<usize> = (0..cube.variables().len())
            .filter(|&v| !cube.variables()[v].auxiliary && cube.variables()[v].holds == Holds::Numbers)
            .filter(|&v| cube.variables()[v].axes.contains(&x) && cube.variables()[v].axes.contains(&y))
            .collect();
        variables.sort_by_key(|&v| (std::cmp::Reverse(cells(v)), v));
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for &v in variables.iter().take(VARIABLES) {
            match groups.iter_mut().find(|g| cube.variables()[g[0]].axes == cube.variables()[v].axes) {
                Some(g) => g.push(v),
                None => groups.push(vec![v]),
            }
        }
        groups.first()?;
        let time = cube
            .axis_of(AxisKind::T)
            .filter(|&a| cube.axes()[a].len > 1 && cube.axes()[a].labels.as_ref().and_then(Labels::numbers).is_some());
        let mut grid = Self { cube, x, y, time, groups, step: 1, shape: (0, 0), facets: FACETS };
        let (nx, ny) = (cube.axes()[x].len, cube.axes()[y].len);
        let maps: usize = grid.groups.iter().map(|g| g.len() * grid.further(g[0]).1.min(FACETS)).sum();
        let each = (MAP_CELLS / maps.max(1)).min(SIDE * SIDE);
        grid.step = (1..).find(|s| nx.div_ceil(*s) * ny.div_ceil(*s) <= each && nx.max(ny).div_ceil(*s) <= SIDE).unwrap_or(1);
        grid.shape = (nx.div_ceil(grid.step), ny.div_ceil(grid.step));
        Some(grid)
    }

    /// Axes of a variable that are neither place nor time, and their combinations.
    fn further(&self, variable: usize) -> (Vec<usize>, usize) {
        let axes: Vec<usize> = self.cube.variables()[variable]
            .axes
            .iter()
            .copied()
            .filter(|a| *a != self.x && *a != self.y && Some(*a) != self.time)
            .collect();
        let n = axes.iter().map(|&a| self.cube.axes()[a].len).product();
        (axes, n)
    }

    fn degrees(&self) -> bool {
        self.cube.crs.as_ref().map_or_else(|| self.cube.axes()[self.x].unit.as_str().starts_with("degree"), Crs::is_degrees)
    }

    fn numbers(&self, axis: usize) -> Vec<f64> {
        self.cube.axes()[axis].numbers().unwrap_or_default()
    }

    fn layout(&self, variable: usize) -> Layout {
        let (further, combinations) = self.further(variable);
        let latitudes = self.numbers(self.y);
        let along = |&a: &usize| {
            let n = self.cube.axes()[a].len;
            let below: usize = further.iter().skip_while(|f| **f != a).skip(1).map(|&f| self.cube.axes()[f].len).product();
            let on = |yes: bool, f: &dyn Fn(usize) -> usize| (0..n).map(|i| if yes { f(i) } else { 0 }).collect::<Vec<usize>>();
            Along {
                cell: if a == self.x { on(true, &|i| i / self.step) } else { on(a == self.y, &|i| i / self.step * self.shape.0) },
                time: on(Some(a) == self.time, &|i| i),
                facet: on(further.contains(&a), &|i| i * below),
                weight: (0..n)
                    .map(|i| if a == self.y && self.degrees() { latitudes[i].to_radians().cos().max(1e-6) } else { 1.0 })
                    .collect(),
            }
        };
        let kept = combinations.min(self.facets);
        let mut map = vec![None; combinations];
        let chosen: Vec<usize> = (0..kept).map(|k| if kept > 1 { k * (combinations - 1) / (kept - 1) } else { 0 }).collect();
        chosen.iter().enumerate().for_each(|(k, &c)| map[c] = Some(k));
        Layout {
            along: self.cube.variables()[variable].axes.iter().map(along).collect(),
            labels: chosen.iter().map(|&c| self.label(&further, c)).collect(),
            map,
            times: self.time.filter(|t| self.cube.variables()[variable].axes.contains(t)).map_or(1, |t| self.cube.axes()[t].len),
        }
    }

    /// Names of the cells along further axes: `level 850 millibars, month 7`.
    fn label(&self, further: &[usize], combination: usize) -> String {
        let mut left = combination;
        let mut words: Vec<String> = further
            .iter()
            .rev()
            .map(|&a| {
                let axis = &self.cube.axes()[a];
                let i = left % axis.len;
                left /= axis.len;
                let unit = axis.unit.suffix();
                match &axis.labels {
                    Some(Labels::Real(v)) => format!("{} {}{unit}", axis.name, suspects::num(v[i])),
                    Some(Labels::Text(v)) => v[i].clone(),
                    Some(Labels::Time { calendar, days }) => calendar.date(days[i]).to_string(),
                    None => format!("{} {}", axis.name, i + 1),
                }
            })
            .filter(|w| !w.is_empty())
            .collect();
        words.reverse();
        words.join(", ")
    }

    /// Reads the grid and writes down what it shows.
    pub fn fill(&self, out: &mut Exploration, cx: &Context) -> Result<()> {
        let cells = |g: &Vec<usize>| g.len() * self.cube.shape(g[0]).iter().product::<usize>();
        let total: usize = self.groups.iter().map(cells).sum();
        let every = total.div_ceil(MOST_CELLS).max(1);
        let mut sample: Vec<Vec<f64>> = Vec::new();
        let mut all: Vec<(usize, Layout, Seen)> = Vec::new();
        let mut read = 0;
        for (k, group) in self.groups.iter().enumerate() {
            let layout = self.layout(group[0]);
            let (seen, drawn) = self.look(group, &layout, (every, k == 0), cx)?;
            read += seen.iter().map(|s| s.count).sum::<usize>();
            if k == 0 {
                sample = drawn;
            }
            all.extend(group.iter().zip(seen).map(|(v, s)| (*v, self.layout(*v), s)));
        }
        out.rows = total;
        out.rows_are = "cells".into();
        if every > 1 {
            out.sampled.push(format!(
                "Of {} values {} were read, in blocks drawn with a fixed seed: blocks of times, the same for all places, and where these are too few, blocks of places; cells outside them are blank.",
                suspects::count(total),
                suspects::count(read)
            ));
        }
        let frame = self.rows(&sample)?;
        out.sampled.push(format!(
            "Histograms, scatter and correlations show {} cells, drawn evenly with a fixed seed.",
            suspects::count(frame.table.rows())
        ));
        self.cards(out, &frame, &all);
        // Counts are of the cells drawn, and none of these is a row of the file.
        out.findings.extend(suspects::of(&frame, false).into_iter().map(|mut s| {
            s.text.push_str(&format!(" Among {} cells, drawn.", suspects::count(frame.table.rows())));
            s
        }));
        out.findings.extend(self.of_time()?);
        out.findings.extend(self.empty(&all));
        let (found, notes) = suspects::split(std::mem::take(&mut out.notes));
        out.notes = notes;
        out.findings.extend(found);
        cx.check()?;
        out.correlations = together::correlations(&frame);
        out.scatter = together::scatter(&frame, out.correlations.as_ref());
        out.maps = all.iter().map(|(v, layout, seen)| self.map(*v, layout, seen, &frame)).collect();
        out.variograms = self.variograms(&out.maps);
        out.missing = self.missing(&all);
        out.series = self.series(&all);
        self.extent(out);
        cx.check()
    }

    fn look(&self, group: &[usize], layout: &Layout, (every, draw): (usize, bool), cx: &Context) -> Result<Looked> {
        let shape = self.cube.shape(group[0]);
        let variable = &self.cube.variables()[group[0]];
        let time = variable.axes.iter().position(|a| Some(*a) == self.time);
        let pieces = chosen(&shape, &variable.chunk, time, every);
        let cells: usize = pieces.iter().map(Window::len).sum();
        let maps = layout.labels.len();
        let new = || Seen::new(maps * self.shape.0 * self.shape.1, maps * layout.times);
        let mut all: Vec<Seen> = group.iter().map(|_| new()).collect();
        let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); group.len() + shape.len()];
        for (b, batch) in pieces.chunks(BATCH).enumerate() {
            cx.check()?;
            let parts: Vec<Result<Looked>> = batch
                .par_iter()
                .enumerate()
                .map(|(i, piece)| {
                    let mut read = Vec::new();
                    let mut seen = Vec::new();
                    for &v in group {
                        let values = self.cube.read(v, piece)?;
                        let mut s = new();
                        add(&mut s, layout, piece, &values, self.shape.0 * self.shape.1);
                        seen.push(s);
                        read.push(values);
                    }
                    let rows = if draw { picked(piece, &read, (b * BATCH + i, cells)) } else { Vec::new() };
                    Ok((seen, rows))
                })
                .collect();
            for part in parts {
                let (seen, rows) = part?;
                all.iter_mut().zip(&seen).for_each(|(a, s)| a.join(s));
                drawn.iter_mut().zip(rows).for_each(|(a, r)| a.extend(r));
            }
        }
        Ok((all, drawn))
    }

    /// The drawn cells as a table: the axes, then the variables of the first group.
    fn rows(&self, parts: &[Vec<f64>]) -> Result<Frame> {
        let group = &self.groups[0];
        let own = &self.cube.variables()[group[0]].axes;
        let (places, values) = parts.split_at(own.len());
        let mut columns = Vec::new();
        for (&a, at) in own.iter().zip(places) {
            let axis = &self.cube.axes()[a];
            let (unit, labels) = match &axis.labels {
                Some(Labels::Time { calendar, days }) => (Unit::new(DAYS), days.iter().map(|d| calendar.to_proleptic(*d)).collect()),
                Some(Labels::Real(v)) => (axis.unit.clone(), v.clone()),
                _ => (Unit::default(), (0..axis.len).map(|i| i as f64).collect::<Vec<f64>>()),
            };
            columns.push(Column {
                name: axis.name.clone(),
                unit,
                values: esker_core::Values::Real(at.iter().map(|&i| labels[i as usize]).collect()),
            });
        }
        for (&v, values) in group.iter().zip(values) {
            let variable = &self.cube.variables()[v];
            if columns.iter().all(|c| c.name != variable.name) {
                columns.push(Column {
                    name: variable.name.clone(),
                    unit: variable.unit.clone(),
                    values: esker_core::Values::Real(values.clone()),
                });
            }
        }
        let name = |a: usize| self.cube.axes()[a].name.clone();
        let crs = self.cube.crs.clone().or_else(|| self.degrees().then_some(Crs::Geographic));
        let said = Said { place: Some((name(self.x), name(self.y), crs)), recipe: true, ..Said::default() };
        let axes: Vec<String> = own.iter().map(|&a| name(a)).collect();
        let mut frame = Frame::new(Table::new(columns)?, &said);
        for (c, role) in frame.roles.iter_mut().enumerate() {
            if role.is_empty() && axes.contains(&frame.table.columns()[c].name) {
                "axis".clone_into(role);
            }
        }
        let roles = frame.roles.clone();
        frame.chosen.retain(|&c| roles[c].is_empty() || roles[c] == "feature");
        Ok(frame)
    }

    /// Cards of the variables: counts, extremes and moments of all that was read.
    fn cards(&self, out: &mut Exploration, frame: &Frame, all: &[(usize, Layout, Seen)]) {
        let of_rows = columns::cards(frame);
        out.columns = all
            .iter()
            .map(|(v, _, seen)| {
                let variable = &self.cube.variables()[*v];
                let drawn = of_rows.iter().find(|c| c.name == variable.name);
                let own = || {
                    let known = columns::sorted(&seen.cells.iter().filter(|c| c.1 > 0).map(|c| c.0 / f64::from(c.1)).collect::<Vec<_>>());
                    (known.clone(), columns::histogram(&known))
                };
                let (known, histogram): (Vec<f64>, Option<Histogram>) = drawn.map_or_else(own, |c| (Vec::new(), c.histogram.clone()));
                let n = (seen.count - seen.missing) as f64;
                let mean = seen.sum / n;
                let at = |p: f64, q: fn(&Numbers) -> f64| {
                    drawn.and_then(|c| c.summary.as_ref()).map_or_else(|| esker_math::quantile_of_sorted(&known, p), q)
                };
                let summary = (n > 0.0).then(|| Numbers {
                    min: seen.min,
                    q05: at(0.05, |s| s.q05),
                    q25: at(0.25, |s| s.q25),
                    median: at(0.5, |s| s.median),
                    q75: at(0.75, |s| s.q75),
                    q95: at(0.95, |s| s.q95),
                    max: seen.max,
                    mean,
                    sd: (seen.squares / n - mean * mean).max(0.0).sqrt(),
                });
                ColumnCard {
                    name: variable.name.clone(),
                    long_name: variable
                        .attributes
                        .text("long_name")
                        .or_else(|| variable.attributes.text("standard_name"))
                        .map(str::to_owned),
                    unit: variable.unit.clone(),
                    holds: "numbers".into(),
                    count: seen.count,
                    missing: seen.missing,
                    distinct: drawn.map_or(0, |c| c.distinct),
                    summary,
                    histogram,
                    axes: variable.axes.iter().map(|&a| (self.cube.axes()[a].name.clone(), self.cube.axes()[a].len)).collect(),
                    ..ColumnCard::default()
                }
            })
            .collect();
    }

    /// Gaps and the like along the time axis.
    fn of_time(&self) -> Result<Vec<esker_core::exploration::Suspect>> {
        let Some((axis, Labels::Time { calendar, days })) =
            self.time.and_then(|t| Some((&self.cube.axes()[t], self.cube.axes()[t].labels.as_ref()?)))
        else {
            return Ok(Vec::new());
        };
        if !calendar.is_real() {
            return Ok(Vec::new());
        }
        let table = Table::new(vec![Column::real(axis.name.clone(), DAYS, days.clone())])?;
        let frame = Frame::new(table, &Said { time: Some(axis.name.clone()), ..Said::default() });
        Ok(suspects::in_time(&frame))
    }

    /// Variables of which nothing that was read has a value, and such as are one value everywhere.
    fn empty(&self, all: &[(usize, Layout, Seen)]) -> Vec<esker_core::exploration::Suspect> {
        let name = |v: &usize| self.cube.variables()[*v].name.as_str();
        let empty: Vec<&str> = all.iter().filter(|a| a.2.count == a.2.missing).map(|a| name(&a.0)).collect();
        let drawn = |v: &usize| self.groups[0].contains(v);
        let flat: Vec<&str> =
            all.iter().filter(|a| !drawn(&a.0) && a.2.count > a.2.missing && a.2.min == a.2.max).map(|a| name(&a.0)).collect();
        let mut found = Vec::new();
        if !empty.is_empty() && !empty.iter().all(|e| self.groups[0].iter().any(|v| name(v) == *e)) {
            let text = format!("No value was found in {}.", suspects::named(&empty));
            found.push(suspects::suspect(
                esker_core::Weight::Warning,
                "empty",
                &empty,
                (text, "Leave them out, or look whether a mark for missing was declared that is none."),
            ));
        }
        if !flat.is_empty() {
            let text = format!("The same value everywhere: {}.", suspects::named(&flat));
            found.push(suspects::suspect(
                esker_core::Weight::Info,
                "constant",
                &flat,
                (text, "They cannot tell places apart: leave them out of the features."),
            ));
        }
        found
    }

    fn map(&self, v: usize, layout: &Layout, seen: &Seen, frame: &Frame) -> MapView {
        let variable = &self.cube.variables()[v];
        let (nx, ny) = self.shape;
        let drawn = frame.look.columns().iter().find(|c| c.name == variable.name);
        // Masks and ids have no mean.
        let first: Vec<f64> = seen.cells.iter().map(|c| c.2).collect();
        let whole = |c: &Column| is_class_like(c);
        let codes = drawn.map_or_else(|| whole(&Column::real("", "", first.clone())), whole) && !variable.stored.starts_with("float");
        let mut levels: Vec<f64> = Vec::new();
        if codes {
            levels = columns::sorted(&first);
            levels.dedup();
        }
        let value = |c: &(f64, u32, f64)| {
            if codes {
                levels.iter().position(|l| *l == c.2).map_or(f64::NAN, |k| k as f64)
            } else if c.1 > 0 {
                short(c.0 / f64::from(c.1))
            } else {
                f64::NAN
            }
        };
        let panels = layout
            .labels
            .iter()
            .zip(seen.cells.chunks(nx * ny))
            .map(|(label, cells)| MapPanel { label: label.clone(), values: cells.iter().map(value).collect() });
        let middle = |axis: usize, n: usize| {
            let at = self.numbers(axis);
            (0..n)
                .map(|i| {
                    at[i * self.step..((i + 1) * self.step).min(at.len())].iter().sum::<f64>()
                        / ((i + 1) * self.step).min(at.len()).saturating_sub(i * self.step) as f64
                })
                .collect::<Vec<f64>>()
        };
        let mut what: Vec<String> = Vec::new();
        if layout.times > 1 {
            let read: Vec<usize> = (0..layout.times).filter(|&i| seen.times[i].2 > 0).collect();
            let of = if read.len() < layout.times { format!(" of {}", suspects::count(layout.times)) } else { String::new() };
            what.push(format!(
                "{} of {}{of} times{}",
                if codes { "the first" } else { "mean" },
                suspects::count(read.len()),
                self.stretch(&read)
            ));
        }
        if self.step > 1 {
            what.push(format!("{} of {} × {} cells", if codes { "one" } else { "means" }, self.step, self.step));
        }
        if layout.map.len() > layout.labels.len() {
            what.push(format!("{} of {} layers", layout.labels.len(), layout.map.len()));
        }
        MapView {
            variable: variable.name.clone(),
            unit: variable.unit.clone(),
            levels: levels.iter().map(|l| suspects::num(*l)).collect(),
            crs: self.cube.crs.as_ref().map(|c| c.name().to_owned()).or_else(|| self.degrees().then(|| "EPSG:4326".to_owned())),
            log: !codes
                && columns::wants_log(&columns::sorted(
                    &seen.cells.iter().filter(|c| c.1 > 0).map(|c| c.0 / f64::from(c.1)).collect::<Vec<_>>(),
                )),
            what: what.join(", "),
            shape: MapShape::Cells { x: middle(self.x, nx), y: middle(self.y, ny) },
            panels: panels.collect(),
        }
    }

    /// From when to when times are that follow each other without a gap but are not all: ` (2000-09-07 to 2001-05-14)`.
    fn stretch(&self, read: &[usize]) -> String {
        let ends = read.first().zip(read.last()).filter(|(a, b)| **b - **a + 1 == read.len());
        let Some(((times, dated), (&a, &b))) = self.dates().zip(ends) else { return String::new() };
        if read.len() == times.len() {
            String::new()
        } else {
            format!(" ({} to {})", series::moment(times[a], dated), series::moment(times[b], dated))
        }
    }

    /// Semivariograms of the first map of each variable.
    fn variograms(&self, maps: &[MapView]) -> Vec<esker_core::exploration::VariogramView> {
        let crs = self.cube.crs.clone().or_else(|| self.degrees().then_some(Crs::Geographic));
        maps.par_iter()
            .filter(|m| m.levels.is_empty())
            .filter_map(|m| {
                let MapShape::Cells { x, y } = &m.shape else { return None };
                let values = &m.panels.first()?.values;
                let known: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
                // A draw, not every so many-th cell: that would never see two neighbours.
                let mut rows = known.clone();
                Rng::new(42).fork("variogram", 0).shuffle(&mut rows);
                rows.truncate(2500);
                let at = |f: &dyn Fn(usize) -> f64| rows.iter().map(|&i| f(i)).collect::<Vec<f64>>();
                let (px, py, pv) = (at(&|i| x[i % x.len()]), at(&|i| y[i / x.len()]), at(&|i| values[i]));
                let mut found = space::variogram((&m.variable, &m.unit), (&px, &py, crs.as_ref()), &pv, known.len())?;
                if !m.panels[0].label.is_empty() {
                    found.variable = format!("{}, {}", m.variable, m.panels[0].label);
                }
                Some(found)
            })
            .collect::<Vec<_>>()
            .into_iter()
            .take(4)
            .collect()
    }

    fn dates(&self) -> Option<(Vec<f64>, bool)> {
        let axis = &self.cube.axes()[self.time?];
        match axis.labels.as_ref()? {
            Labels::Time { calendar, days } => Some((days.iter().map(|d| calendar.to_proleptic(*d)).collect(), true)),
            Labels::Real(v) => Some((v.clone(), false)),
            Labels::Text(_) => None,
        }
    }

    fn missing(&self, all: &[(usize, Layout, Seen)]) -> Option<MissingMap> {
        let (times, dated) = self.dates()?;
        let with: Vec<&(usize, Layout, Seen)> = all.iter().filter(|a| a.1.times > 1 && a.2.missing > 0).collect();
        let n = PARTS.min(times.len());
        let mut share = Vec::new();
        for (_, layout, seen) in &with {
            let mut parts = vec![(0.0, 0.0); n];
            for (i, t) in seen.times.iter().enumerate() {
                let part = &mut parts[i % layout.times * n / layout.times];
                *part = (part.0 + f64::from(t.3), part.1 + f64::from(t.2));
            }
            share.extend(parts.iter().map(|p| p.0 / p.1));
        }
        let label = |i: usize| series::moment(times[i * times.len() / n], dated);
        let columns = with.iter().map(|a| self.cube.variables()[a.0].name.clone()).collect::<Vec<_>>();
        (!columns.is_empty()).then(|| MissingMap {
            along: self.cube.axes()[self.time.unwrap_or(0)].name.clone(),
            parts: (0..n).map(label).collect(),
            columns,
            share,
        })
    }

    /// Means over the area in time.
    fn series(&self, all: &[(usize, Layout, Seen)]) -> Option<esker_core::exploration::SeriesView> {
        let (times, dated) = self.dates()?;
        let mut values: Vec<(String, Unit, Vec<f64>)> = Vec::new();
        let area = self.cube.axes()[self.x].len * self.cube.axes()[self.y].len;
        let mut parts = false;
        for (v, layout, seen) in all.iter().filter(|a| a.1.times > 1) {
            for (label, of) in layout.labels.iter().zip(seen.times.chunks(layout.times)) {
                if !even(of) {
                    continue;
                }
                parts |= of.iter().any(|t| t.2 > 0 && (t.2 as usize) < area);
                let name = &self.cube.variables()[*v].name;
                let name = if label.is_empty() { name.clone() } else { format!("{name}, {label}") };
                values.push((name, self.cube.variables()[*v].unit.clone(), of.iter().map(|t| t.0 / t.1).collect()));
            }
        }
        // One of each variable before a second of any.
        let mut met: BTreeMap<String, usize> = BTreeMap::new();
        let mut ranked: Vec<(usize, usize)> = (0..values.len())
            .map(|i| {
                let n = met.entry(values[i].0.split(", ").next().unwrap_or_default().to_owned()).or_default();
                *n += 1;
                (*n, i)
            })
            .collect();
        ranked.sort_unstable();
        let columns: Vec<(String, Unit, &[f64])> =
            ranked.iter().map(|&(_, i)| (values[i].0.clone(), values[i].1.clone(), values[i].2.as_slice())).collect();
        // Only times that were read have a value.
        let mut view =
            series::view(&self.cube.axes()[self.time?].name, (dated, self.cube.axes()[self.time?].unit.as_str()), &times, &columns)?;
        let over = if parts { "the cells read" } else { "the area" };
        view.what = format!("mean over {over}{}", if self.degrees() { ", weighted by the cosine of latitude" } else { "" });
        Some(view)
    }

    fn extent(&self, out: &mut Exploration) {
        let ends = |a: usize| {
            let s = columns::sorted(&self.numbers(a));
            (s[0], s[s.len() - 1])
        };
        let ((w, e), (s, n)) = (ends(self.x), ends(self.y));
        out.extent = Some([w, s, e, n]);
        if let Some((times, dated)) = self.dates() {
            let known = columns::sorted(&times);
            let calendar = match self.time.and_then(|t| self.cube.axes()[t].labels.as_ref()) {
                Some(Labels::Time { calendar, days }) => Some((*calendar, columns::sorted(days))),
                _ => None,
            };
            out.period = known.first().zip(known.last()).map(|(a, b)| match &calendar {
                Some((c, days)) if *c != Calendar::Proleptic => [days[0], days[days.len() - 1]].map(|d| c.date(d).to_string()),
                _ => [series::moment(*a, dated), series::moment(*b, dated)],
            });
        }
    }
}

/// Whether the same number of cells was read at each time of which any was: else means would be of other parts of the area from time to time.
fn even(times: &[(f64, f64, u32, u32)]) -> bool {
    let mut read = times.iter().map(|t| t.2).filter(|n| *n > 0);
    read.next().is_none_or(|first| read.all(|n| n == first))
}

/// Adds the values of a piece.
fn add(seen: &mut Seen, layout: &Layout, piece: &Window, values: &[f64], cells: usize) {
    let dims = piece.0.len();
    let Some(inner) = dims.checked_sub(1) else { return };
    let last = &layout.along[inner];
    let run = piece.0[inner].clone();
    let mut at: Vec<usize> = piece.0.iter().map(|r| r.start).collect();
    for row in values.chunks_exact(run.len().max(1)) {
        let outer = layout.along[..inner].iter().zip(&at);
        let (cell, time, facet, weight) =
            outer.fold((0, 0, 0, 1.0), |s, (a, &i)| (s.0 + a.cell[i], s.1 + a.time[i], s.2 + a.facet[i], s.3 * a.weight[i]));
        for (v, i) in row.iter().zip(run.clone()) {
            seen.count += 1;
            let map = layout.map[facet + last.facet[i]];
            let moment = map.map(|m| m * layout.times + time + last.time[i]);
            if let Some(t) = moment {
                seen.times[t].2 += 1;
            }
            if v.is_nan() {
                seen.missing += 1;
                if let Some(t) = moment {
                    seen.times[t].3 += 1;
                }
                continue;
            }
            seen.min = seen.min.min(*v);
            seen.max = seen.max.max(*v);
            seen.sum += v;
            seen.squares += v * v;
            if let (Some(m), Some(t)) = (map, moment) {
                let c = &mut seen.cells[m * cells + cell + last.cell[i]];
                *c = (c.0 + v, c.1 + 1, if c.2.is_nan() { *v } else { c.2 });
                let w = weight * last.weight[i];
                seen.times[t].0 += w * v;
                seen.times[t].1 += w;
            }
        }
        for d in (0..inner).rev() {
            at[d] += 1;
            if at[d] < piece.0[d].end {
                break;
            }
            at[d] = piece.0[d].start;
        }
    }
}

/// Six digits, as many as a map can show.
fn short(v: f64) -> f64 {
    format!("{v:.5e}").parse().unwrap_or(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Means are of the same places at all times that were read.
    #[test]
    fn times_of_other_places_make_no_series() {
        let time = |n: u32| (0.0, 0.0, n, 0);
        assert!(even(&[time(6), time(0), time(6)]) && !even(&[time(6), time(5)]));
    }
}
