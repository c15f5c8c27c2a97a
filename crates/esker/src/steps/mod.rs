//! `[[data.step]]`: joins, sampled grids and sums over periods, applied in order to the table after it is read.
//!
//! No step looks at the target, and none but `aggregate` and `resample` lets a row of the table see another.

mod climate;
mod file;
mod group;
mod join;
mod keys;
mod lapse;
mod polygons;
mod prepared;
mod sample;
mod series;
#[cfg(test)]
mod tests;
mod units;
mod weather;
mod zonal;

pub use prepared::Prepared;

use std::collections::HashSet;
use std::path::Path;

use esker_core::{Calendar, Column, Context, DAYS, Error, Fault, Note, Result, StepRecord, StepSource, Table, Unit};
use esker_io::Origin;
use esker_math::period::first_day;

use crate::dataset::to_days;
use crate::findings::{Finding, Findings};
use crate::recipe::{Aggregate, PlacePart, Recipe, Resample, Statistic, Step, StepKind, StepPart, matches};
use crate::source::no_crs;
use crate::work::{STEPS, stage};

/// What a step sees besides the table.
struct Scene<'a> {
    recipe: &'a Recipe,
    folder: &'a Path,
    /// Stops it, and hears how far it is.
    cx: &'a Context,
    /// Its stage in the progress, and the length of that.
    stage: (String, usize),
}

/// What a step made.
struct Done {
    table: Table,
    /// Its files.
    sources: Vec<StepSource>,
    /// Rows that found something.
    matched: Option<usize>,
    /// Rows that found something later than themselves.
    later: usize,
    notes: Vec<Note>,
}

impl Done {
    fn new(table: Table, notes: Vec<Note>) -> Self {
        Self { table, sources: Vec::new(), matched: None, later: 0, notes }
    }
}

/// The table after all steps of a recipe, whose paths are relative to `folder`, with an account of each; what they noted is in the table.
///
/// # Errors
/// The first step that cannot be done, at its place in the recipe, or the user stopped the work.
pub(crate) fn apply(recipe: &Recipe, folder: &Path, mut table: Table, cx: &Context) -> Result<(Table, Vec<StepRecord>), Findings> {
    let all = recipe.data.steps.len();
    let mut records = Vec::with_capacity(all);
    for (i, part) in recipe.data.steps.iter().enumerate() {
        cx.check()?;
        state_units(recipe, &recipe.data.steps[..i], &mut table);
        let failed = |error: Error| match error.fault {
            Fault::Cancelled => error.into(),
            _ => Findings { file: recipe.file.clone(), list: vec![Finding { at: recipe.place(&part.path), error }] },
        };
        let kind = StepKind::of(&part.step);
        // Only grids are long enough to be counted through.
        let steps = if matches!(kind, StepKind::Sample | StepKind::Zonal) { STEPS } else { 1 };
        let scene = Scene { recipe, folder, cx, stage: (format!("step {} of {all}: {}", i + 1, kind.name()), steps) };
        let (done, record) = stage(cx, &scene.stage.0, steps, || one(&scene, i + 1, part, table)).map_err(failed)?;
        table = done;
        records.push(record);
    }
    Ok((table, records))
}

fn one(scene: &Scene<'_>, number: usize, part: &StepPart, table: Table) -> Result<(Table, StepRecord)> {
    let kind = StepKind::of(&part.step);
    let (rows_in, mut before) = (table.rows(), table.notes.clone());
    let had: HashSet<String> = table.columns().iter().map(|c| c.name.clone()).collect();
    let made_anew = matches!(kind, StepKind::Aggregate | StepKind::Resample);
    let done = match &part.step {
        Step::Join(step) => join::run(step, scene, table),
        Step::Sample(step) => sample::run(step, scene, table),
        Step::Zonal(step) => zonal::run(step, scene, table),
        Step::Within(step) => polygons::run(step, scene, table),
        Step::Aggregate(step) => group::aggregate(step, scene, &table),
        Step::Resample(step) => group::resample(step, scene, &table),
        Step::DegreeDays(step) => weather::degree_days(step, scene, table),
        Step::SnowRain(step) => weather::snow_rain(step, scene, table),
    };
    let named = |e: Error| match e.fault {
        Fault::Cancelled => e,
        _ => Error { thing: format!("step {number} ({}): {}", kind.name(), e.thing), ..e },
    };
    let Done { mut table, sources, matched, later, notes } = done.map_err(named)?;
    let assumed = notes.iter().map(|n| n.text.clone()).collect();
    before.extend(notes.into_iter().map(|n| Note { text: format!("step {number} ({}): {}", kind.name(), n.text), ..n }));
    table.notes = before;
    let columns = table.columns().iter().filter(|c| made_anew || !had.contains(&c.name)).map(|c| c.name.clone()).collect();
    let (rows_out, unmatched) = (table.rows(), matched.map(|m| rows_in - m));
    let record = StepRecord { kind: kind.name().to_owned(), sources, rows_in, rows_out, matched, unmatched, later, columns, assumed };
    Ok((table, record))
}

/// Puts in the units that the recipe gives where a column has none; what differs is refused later, once for all.
fn state_units(recipe: &Recipe, before: &[StepPart], table: &mut Table) {
    let units = &recipe.data.units;
    let stated = |name: &str| units.get(name).or_else(|| units.iter().find(|(glob, _)| matches(glob, name)).map(|(_, u)| u));
    let found: Vec<Column> = table
        .columns()
        .iter()
        .filter(|c| c.unit.is_empty() && statistics(recipe, before, &c.name).last() != Some(&Statistic::Count))
        .filter_map(|c| Some(Column { unit: Unit::new(stated(&c.name)?), ..c.clone() }))
        .collect();
    for column in found {
        let _ = table.put(column);
    }
}

/// The statistics that made a column of what had its stated unit, in the order of the steps.
pub(crate) fn statistics(recipe: &Recipe, steps: &[StepPart], name: &str) -> Vec<Statistic> {
    // A unit stated for the new name alone is that of the result.
    let of_unit = |of: &str| of == name || !recipe.data.units.contains_key(name);
    let taken = |part: &StepPart| match &part.step {
        Step::Aggregate(Aggregate { take, .. }) | Step::Resample(Resample { take, .. }) => {
            take.iter().find(|t| t.0 == name && of_unit(&t.1)).map(|t| t.2)
        }
        _ => None,
    };
    steps.iter().filter_map(taken).collect()
}

impl Scene<'_> {
    /// Finds what a path or an address names; a download has a stage of its own in the progress.
    fn reach(&self, path: &Path) -> Result<Origin> {
        self.cx.check()?;
        if !esker_io::is_remote(path) {
            return Origin::reach(path, self.cx);
        }
        self.cx.progress().end();
        let origin = Origin::reach(path, self.cx);
        self.cx.progress().begin(&self.stage.0, self.stage.1);
        origin
    }

    /// Something of each row or place, as long as the user does not say stop.
    fn each<T>(&self, rows: usize, of: impl Fn(usize) -> T) -> Result<Vec<T>> {
        (0..rows).map(|row| self.cx.check().map(|()| of(row))).collect()
    }

    /// The columns that place rows, with their CRS.
    fn place<'s>(&'s self, own: Option<&'s PlacePart>) -> Result<&'s PlacePart> {
        let place = own.or(self.recipe.roles.place.as_ref()).ok_or_else(|| {
            Error::recipe("place")
                .rule("where the rows are must be known")
                .hint("name the columns, in [roles] or in the step: place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }")
        })?;
        if place.crs.is_none() { Err(no_crs()) } else { Ok(place) }
    }

    /// The column of times.
    fn time<'s>(&'s self, own: Option<&'s String>) -> Result<&'s str> {
        own.or(self.recipe.roles.time.as_ref()).map(String::as_str).ok_or_else(|| {
            Error::recipe("time")
                .rule("when the rows are must be known")
                .hint("name the column, in [roles] or in the step: time = \"date\"")
        })
    }
}

/// Days since 1970-01-01 of a column of dates or years; whole years begin on their first of January.
fn days_of(column: &Column, notes: &mut Vec<Note>) -> Result<Vec<f64>> {
    if let Some(years) = whole_years(column) {
        let day = |y: Option<i64>| y.map_or(f64::NAN, |y| first_day(Calendar::Proleptic, y * 12));
        return Ok(years.into_iter().map(day).collect());
    }
    let (days, note) = to_days(column)?;
    notes.extend(note);
    Ok(days)
}

/// The years of a column that holds nothing else.
fn whole_years(column: &Column) -> Option<Vec<Option<i64>>> {
    let v = column.reals().ok().filter(|_| column.unit.as_str() != DAYS)?;
    let whole = v.iter().all(|y| y.is_nan() || (y.fract() == 0.0 && y.abs() <= 10_000.0));
    whole.then(|| v.iter().map(|y| (!y.is_nan()).then_some(*y as i64)).collect())
}

/// Adds columns to a table under new names.
///
/// # Errors
/// A name that is taken.
fn add(table: &mut Table, columns: Vec<Column>) -> Result<()> {
    for column in columns {
        if table.columns().iter().any(|c| c.name == column.name) {
            return Err(Error::recipe(format!("column '{}'", column.name))
                .got("a column of that name in the table")
                .rule("new columns have names of their own")
                .hint("give a prefix, or choose with columns = […]"));
        }
        table.put(column)?;
    }
    Ok(())
}
