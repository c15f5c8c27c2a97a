//! GRIB of editions 1 and 2 as cubes: headers are read when the file is opened, fields when they are asked for.
//!
//! Messages become variables as cfgrib groups them: one a parameter, kind of level, statistic and grid, on the axes time (the
//! moment for which a field holds), member, level and those of the grid. Names and units are those of ecCodes.

mod complex;
mod decode;
mod fields;
mod grib1;
mod grib2;
mod grid;
mod groups;
mod levels;
mod message;
mod places;
mod tables;

use std::path::Path;
use std::sync::Arc;

use esker_core::cube::{Attribute, Attributes, Axis, AxisKind, Holds, Labels, Variable};
use esker_core::{Calendar, Cube, Note, Result, Unit};

use fields::{Field, Fields};
use grid::Grid;
use groups::{Group, gather};
use message::{Data, Index, Message, Parameter};
use places::Layout;

use crate::names::Taken;
use crate::source::Source;

/// Opens a GRIB file as a cube.
///
/// # Errors
/// The disk refuses, the file is cut off or damaged, or no message of it can be read.
pub(crate) fn read_grib(path: &Path, name: &str) -> Result<Cube> {
    let source = Source::open(path, name)?;
    let Index { messages, grids, mut notes, left_out, reason } = message::index(&source)?;
    if left_out > 0 {
        let why = reason.unwrap_or_default();
        notes.push(Note::warning(
            "messages-left-out",
            format!("{left_out} of {} messages were left out; the first: {why}", left_out + messages.len()),
        ));
    }
    let grids = grids.all;
    let groups = gather(&messages, &mut notes);
    let mut cube =
        Build { axes: Vec::new(), variables: Vec::new(), fields: Vec::new(), notes, names: Taken::default(), titles: Taken::default() };
    groups.iter().for_each(|group| cube.titles.take(&group.name));
    let cells: Vec<Option<Vec<usize>>> = (0..grids.len())
        .map(|g| groups.iter().any(|group| messages[group.messages[0]].grid == g).then(|| cube.grid_axes(&grids[g])))
        .collect();
    for group in &groups {
        let grid = messages[group.messages[0]].grid;
        if let Some(cells) = &cells[grid] {
            cube.variable(group, &messages, &grids[grid], cells);
        }
    }
    let mut places = None;
    for (g, cells) in cells.iter().enumerate() {
        if let Some(cells) = cells.as_ref().filter(|_| grids[g].layout.has_places()) {
            let names = cube.place_variables(g, &grids[g], cells);
            places.get_or_insert(names);
        }
    }
    let used: Vec<&Grid> = grids.iter().zip(&cells).filter(|(_, c)| c.is_some()).map(|(g, _)| g).collect();
    let crs = used[0].crs.clone().filter(|crs| used.iter().all(|g| g.crs.as_ref() == Some(crs)));
    cube.grid_notes(&used, crs.is_some());
    let (axes, variables, notes) = (cube.axes, cube.variables, cube.notes);
    let fields = Fields { source, messages, grids, variables: cube.fields };
    let mut cube = Cube::new(axes, variables, Arc::new(fields))?;
    (cube.crs, cube.places, cube.notes) = (crs, places, notes);
    Ok(cube)
}

/// A cube in the making.
struct Build {
    axes: Vec<Axis>,
    variables: Vec<Variable>,
    fields: Vec<Field>,
    notes: Vec<Note>,
    /// Names of the axes, and of the variables.
    names: Taken,
    titles: Taken,
}

impl Build {
    /// The place of an axis like this one; it is added, under a name of its own, where there is none.
    fn axis(&mut self, axis: Axis) -> usize {
        let base = axis.name.clone();
        let like = |a: &Axis| a.labels == axis.labels && a.bounds == axis.bounds && a.unit == axis.unit && a.len == axis.len;
        let own = |a: &Axis| a.name == base || a.name.strip_prefix(&base).is_some_and(|r| r.starts_with('_'));
        if let Some(found) = self.axes.iter().position(|a| own(a) && like(a)) {
            return found;
        }
        let name = self.names.unique(&base);
        self.axes.push(Axis { name, ..axis });
        self.axes.len() - 1
    }

    fn grid_axes(&mut self, grid: &Grid) -> Vec<usize> {
        let (y, x, names, units) = match &grid.layout {
            Layout::Degrees { y, x } => (y, x, ["latitude", "longitude"], ["degrees_north", "degrees_east"]),
            Layout::Metres { y, x } => (y, x, ["y", "x"], ["m", "m"]),
            Layout::Rotated { y, x, .. } => (y, x, ["rlat", "rlon"], ["degrees", "degrees"]),
            Layout::Reduced { .. } | Layout::Unknown => return vec![self.axis(Axis::bare("values", grid.shape[1]))],
        };
        vec![
            self.axis(Axis::real(names[0], AxisKind::Y, units[0], y.clone())),
            self.axis(Axis::real(names[1], AxisKind::X, units[1], x.clone())),
        ]
    }

    fn variable(&mut self, group: &Group, all: &[Message], grid: &Grid, cells: &[usize]) {
        let first = &all[group.messages[0]];
        let shape = &group.shape;
        let mut axes = Vec::new();
        if let Some(n) = shape.counted {
            axes.push(self.axis(Axis::bare("message", n)));
            self.notes.push(Note::warning(
                "scattered-fields",
                format!("the {n} fields of '{}' share too few times and levels: they are only counted", group.name),
            ));
        } else {
            let moments = |name: &str, days: &[f64]| Axis {
                kind: AxisKind::T,
                unit: Unit::new("days since 1970-01-01"),
                labels: Some(Labels::Time { calendar: Calendar::Proleptic, days: days.to_vec() }),
                ..Axis::bare(name, days.len())
            };
            axes.push(self.axis(moments(if shape.steps.is_some() { "reference_time" } else { "time" }, &shape.times)));
            if let Some(steps) = &shape.steps {
                axes.push(self.axis(Axis::real("step", AxisKind::Other, "h", steps.clone())));
            }
            if let Some(numbers) = &shape.numbers {
                axes.push(self.axis(Axis::real("number", AxisKind::Other, "", numbers.clone())));
            }
            if let Some(levels) = &shape.levels {
                let other = |v: &f64| group.messages.iter().map(|&m| &all[m].level).find(|l| l.value == *v).and_then(|l| l.other);
                let bounds: Option<Vec<[f64; 2]>> = levels.iter().map(|v| other(v).map(|o| [*v, o])).collect();
                let axis = Axis::real(first.level.kind, AxisKind::Z, first.level.unit, levels.clone());
                axes.push(self.axis(Axis { bounds, ..axis }));
            }
        }
        let lengths = shape.lengths();
        let places = shape.places(all, &group.messages);
        let missing = lengths.iter().product::<usize>() - places.len();
        if missing > 0 {
            self.notes.push(Note::info(
                "missing-fields",
                format!("'{}' lacks {missing} of its {} fields: their cells are missing", group.name, lengths.iter().product::<usize>()),
            ));
        }
        let mut chunk = vec![1; lengths.len()];
        chunk.extend(cells.iter().map(|&a| self.axes[a].len));
        axes.extend(cells);
        self.variables.push(Variable {
            name: group.name.clone(),
            unit: Unit::new(&group.named.unit),
            axes,
            chunk,
            holds: Holds::Numbers,
            stored: stored(first),
            attributes: attributes(group, first, grid),
            auxiliary: false,
        });
        self.fields.push(Field::Data { lengths, messages: places, grid: first.grid });
    }

    /// Longitudes and latitudes of the cells of a grid; their names are given back.
    fn place_variables(&mut self, g: usize, grid: &Grid, cells: &[usize]) -> (String, String) {
        let mut names = [String::new(), String::new()];
        for (k, (base, unit)) in [("longitude", "degrees_east"), ("latitude", "degrees_north")].into_iter().enumerate() {
            let name = self.titles.unique(base);
            names[k] = name.clone();
            self.variables.push(Variable {
                name,
                unit: Unit::new(unit),
                axes: cells.to_vec(),
                chunk: cells.iter().map(|&a| self.axes[a].len).collect(),
                holds: Holds::Numbers,
                stored: format!("computed from the {} grid", grid.kind),
                attributes: Attributes::default(),
                auxiliary: true,
            });
            self.fields.push(Field::Place { grid: g, longitude: k == 0 });
        }
        let [x, y] = names;
        (x, y)
    }

    fn grid_notes(&mut self, used: &[&Grid], one_system: bool) {
        for trouble in used.iter().filter_map(|g| g.trouble.as_ref()) {
            self.notes.push(Note::warning("no-places", format!("cells are counted, not placed: {trouble}")));
        }
        if !one_system && used.len() > 1 {
            self.notes.push(Note::warning(
                "several-systems",
                format!("the file holds {} grids of different systems: the cube has none", used.len()),
            ));
        }
        for axis in self.axes.iter().filter(|a| a.kind == AxisKind::X && a.unit.as_str() == "degrees_east") {
            let east = axis.labels.as_ref().and_then(Labels::numbers).map_or(0.0, |v| v.iter().copied().fold(f64::MIN, f64::max));
            if east > 180.0 {
                self.notes.push(Note::info("longitude-range", format!("longitudes reach {east} degrees and are kept as they are")));
            }
        }
        if self.axes.iter().any(|a| a.name.starts_with("hybrid")) {
            self.notes
                .push(Note::info("hybrid-levels", "hybrid levels are numbered: the coefficients that give their pressures are not read"));
        }
    }
}

fn stored(message: &Message) -> String {
    match message.data {
        Data::One { .. } => "GRIB 1".to_owned(),
        Data::Two { .. } => "GRIB 2".to_owned(),
    }
}

fn attributes(group: &Group, first: &Message, grid: &Grid) -> Attributes {
    let mut attributes = Attributes::default();
    let mut put = |name: &str, text: &str| {
        if !text.is_empty() {
            attributes.set(name, Attribute::Text(text.to_owned()));
        }
    };
    put("long_name", &group.named.title);
    put("GRIB_shortName", &group.named.short);
    let parameter = match first.parameter {
        Parameter::One { centre, table, number } => format!("centre {centre}, table {table}, parameter {number}"),
        Parameter::Two { centre, discipline, category, number } => {
            format!("centre {centre}, discipline {discipline}, category {category}, parameter {number}")
        }
    };
    put("GRIB_parameter", &parameter);
    put("GRIB_gridType", grid.kind);
    put("GRIB_typeOfLevel", first.level.kind);
    if first.level.kind == "unknown" {
        put("GRIB_codeOfLevel", &first.level.code.to_string());
    }
    if group.shape.levels.is_none() && levels::has_value(&first.level) {
        put("GRIB_level", &format!("{} {}", first.level.value, first.level.unit));
    }
    put("GRIB_stepType", first.step);
    put("GRIB_ensemble", first.derived.as_deref().unwrap_or(""));
    if group.shape.steps.is_none() {
        put("forecast_reference_time", &Calendar::Proleptic.date(first.reference).to_string());
    }
    attributes
}
