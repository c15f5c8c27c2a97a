//! Tables from cubes and features, and tables as cubes: what lets every source feed a recipe and every table become a file.

use std::sync::Arc;

use esker_core::cube::{Attribute, Attributes, Axis, Blocks, Holds, Variable, Window};
use esker_core::{Column, Cube, Error, Note, Result, Table, Unit, Values};

use crate::ReadOptions;

/// Cells a cube is stacked into rows at most.
const MOST_CELLS: usize = 50_000_000;

/// A cube as a table: the variables chosen in the options, else those on the most axes, with what places them.
///
/// # Errors
/// A variable that is not there, too many cells, a damaged file.
pub(crate) fn table_of(cube: &Cube, options: &ReadOptions) -> Result<Table> {
    let chosen = match options.variables.as_slice() {
        [] => all_together(cube)?,
        names => names.iter().map(|n| cube.variable(n)).collect::<Result<_>>()?,
    };
    let axes = cube.axes_of(&chosen);
    let shape: Vec<usize> = axes.iter().map(|&a| cube.axes()[a].len).collect();
    let cells = shape.iter().try_fold(1_usize, |n, &m| n.checked_mul(m)).unwrap_or(usize::MAX);
    if cells > MOST_CELLS {
        return Err(Error::data("cube")
            .got(format!("{cells} cells"))
            .rule(format!("at most {MOST_CELLS} become rows of a table"))
            .hint("choose variables, a span of time or a box first: esker convert IN OUT --var … --time … --bbox …"));
    }
    let mut table = cube.stack(&chosen, &Window::whole(&shape), true)?.table;
    let left: Vec<&str> =
        cube.data().filter(|v| !chosen.iter().any(|&c| cube.variables()[c].name == v.name)).map(|v| v.name.as_str()).collect();
    if options.variables.is_empty() && !left.is_empty() {
        let text = format!("variables on other axes were left out: {}", left.join(", "));
        table.notes.push(Note::warning("variables-left-out", text));
    }
    Ok(table)
}

/// The data variables on the axes of the largest one, what lies along some of these axes among them.
fn all_together(cube: &Cube) -> Result<Vec<usize>> {
    let cells = |v: usize| cube.shape(v).iter().product::<usize>();
    let data = |v: &usize| !cube.variables()[*v].auxiliary;
    let largest = (0..cube.variables().len())
        .filter(data)
        .max_by(|&a, &b| cells(a).cmp(&cells(b)).then(b.cmp(&a)))
        .ok_or_else(|| Error::data("cube").got("no variable that holds data").rule("a table needs at least one"))?;
    let axes = &cube.variables()[largest].axes;
    Ok((0..cube.variables().len()).filter(|v| data(v) && cube.variables()[*v].axes.iter().all(|a| axes.contains(a))).collect())
}

/// A table as a cube of one axis, `obs`. Where columns of longitude, latitude and time are among it, it is a set of points (CF conventions
/// 1.11, chapter 9).
///
/// # Errors
/// Column names that repeat once they are variables.
pub(crate) fn cube_of(table: &Table) -> Result<Cube> {
    let rows = table.rows();
    let variables = table
        .columns()
        .iter()
        .map(|c| {
            let mut attributes = Attributes::default();
            let mut unit = c.unit.clone();
            if let Some((standard, degrees)) = coordinate(c) {
                attributes.set("standard_name", Attribute::Text(standard.into()));
                unit = degrees.map_or(unit, Unit::new);
            }
            Variable {
                name: c.name.clone(),
                unit,
                axes: vec![0],
                chunk: vec![rows.max(1)],
                holds: if matches!(c.values, Values::Class(_)) { Holds::Texts } else { Holds::Numbers },
                stored: "float64".into(),
                attributes,
                auxiliary: false,
            }
        })
        .collect();
    let mut cube = Cube::new(vec![Axis::bare("obs", rows)], variables, Arc::new(Columns(table.clone())))?;
    let known: Vec<&str> = table.columns().iter().filter_map(|c| coordinate(c).map(|(standard, _)| standard)).collect();
    if known.len() == 3 && ["longitude", "latitude", "time"].iter().all(|s| known.contains(s)) {
        cube.attributes.set("featureType", Attribute::Text("point".into()));
    }
    cube.notes.clone_from(&table.notes);
    Ok(cube)
}

/// The standard name of a column that places its rows, with the unit that CF wants for it where the column has none.
fn coordinate(column: &Column) -> Option<(&'static str, Option<&'static str>)> {
    column.reals().ok()?;
    if column.unit.as_str().starts_with("days since") {
        return Some(("time", None));
    }
    let (standard, unit) = match column.name.to_ascii_lowercase().as_str() {
        "lon" | "longitude" => ("longitude", "degrees_east"),
        "lat" | "latitude" => ("latitude", "degrees_north"),
        _ => return None,
    };
    let stated = column.unit.as_str();
    (stated.is_empty() || stated.starts_with("degree")).then_some((standard, stated.is_empty().then_some(unit)))
}

/// Columns in memory.
struct Columns(Table);

impl Blocks for Columns {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        Ok(self.0.columns()[variable].reals()?[window.0[0].clone()].to_vec())
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        let codes = self.0.columns()[variable].classes()?;
        Ok(window.0[0].clone().map(|row| codes.label(row).unwrap_or_default().to_owned()).collect())
    }
}
