//! The rows of a recipe: its source opened, the part of it that is wanted, and the CRS of its places.

use std::path::Path;

use esker_core::{Context, Crs, Error, Fault, Note, Result, Table};
use esker_io::{Data, Origin, Placed, ReadOptions, Within, beside};

use crate::findings::{Finding, Findings};
use crate::recipe::Recipe;
use crate::work::{stage, stoppable};

/// Reads the table of a recipe, whose paths are relative to `folder`. Where the recipe gives no CRS for its places, that of the file is put in.
pub(crate) fn read(recipe: &mut Recipe, folder: &Path, cx: &Context) -> Result<(Table, Origin), Findings> {
    let path = beside(folder, &recipe.data.source);
    let origin = Origin::reach(&path, cx).map_err(|e| at(recipe, "data.source", lost(recipe, &path, e)))?;
    let table = stage(cx, "read", 1, || open(recipe, folder, &origin, cx))?;
    Ok((table, origin))
}

fn open(recipe: &mut Recipe, folder: &Path, origin: &Origin, cx: &Context) -> Result<Table, Findings> {
    let path = beside(folder, &recipe.data.source);
    cx.check()?;
    let data = match origin.open(&options(recipe)) {
        Ok((_, Data::Cube(cube))) => stoppable(&cube, cx).map(Data::Cube),
        other => other.map(|(_, rows)| rows),
    };
    let data = data.map_err(|e| at(recipe, "data.source", lost(recipe, &path, e)))?;
    cx.check()?;
    let (data, cut) = choose(recipe, folder, data)?;
    let placed = data.placed();
    let mut table = esker_io::into_table(data, &options(recipe)).map_err(|e| at(recipe, "data.source", recipes_words(e)))?;
    let note = settle_crs(recipe, placed.as_ref()).map_err(|e| at(recipe, "roles.place.crs", e))?;
    table.notes.extend(note);
    table.notes.extend(origin.uncovered());
    let Some(within) = recipe.data.selection.within.as_ref().filter(|_| !cut) else { return Ok(table) };
    if recipe.roles.place.as_ref().is_some_and(|p| p.crs.is_none()) {
        return Err(at(recipe, "roles.place.crs", no_crs()));
    }
    rows_within(recipe, &beside(folder, &within.to_string_lossy()), &table).map_err(|e| at(recipe, "data.within", e))
}

/// How the source is read.
pub(crate) fn options(recipe: &Recipe) -> ReadOptions {
    let d = &recipe.data;
    // A column that is only ever a label is read as the text it is: "007" stays "007".
    let mut labels: Vec<String> = recipe.roles.group.iter().cloned().collect();
    if recipe.roles.class == Some(true) {
        labels.push(recipe.roles.target.clone());
    }
    ReadOptions {
        delimiter: d.delimiter,
        decimal: d.decimal,
        comment: d.comment,
        missing: d.missing.clone(),
        classes: d.classes.clone(),
        labels,
        variables: d.selection.variables.clone(),
        layer: d.layer.clone(),
        sheet: d.sheet.clone(),
        ..ReadOptions::default()
    }
}

fn at(recipe: &Recipe, path: &str, error: Error) -> Findings {
    if error.fault == Fault::Cancelled {
        return error.into();
    }
    Findings { file: recipe.file.clone(), list: vec![Finding { at: recipe.place(path), error }] }
}

/// A source that is not there may have been written relative to another folder.
fn lost(recipe: &Recipe, path: &Path, error: Error) -> Error {
    if error.fault == Fault::Io && error.hint.is_none() && !esker_io::is_remote(path) && !path.exists() {
        return error.hint(format!("[data] source = \"{}\" is taken relative to the recipe's folder", recipe.data.source));
    }
    error
}

/// Too large a grid is cut in the recipe itself.
fn recipes_words(error: Error) -> Error {
    if error.hint.as_ref().is_some_and(|h| h.contains("esker convert")) {
        return error.hint(
            "choose in [data]: variables = [\"…\"], time = \"2001/2010\", bbox = [west, south, east, north], within = \"polygons.gpkg\"",
        );
    }
    error
}

/// The part of a grid that is wanted, and whether it has been cut to the polygons. Of tables only polygons choose, once places are known.
fn choose(recipe: &Recipe, folder: &Path, data: Data) -> Result<(Data, bool), Findings> {
    let selection = &recipe.data.selection;
    let data = match data {
        Data::Cube(cube) => {
            let chosen = selection.choose(cube).map_err(|(key, e)| {
                // What would be a wrong word on the command line is one in the recipe here.
                let fault = if e.fault == Fault::Usage { Fault::Recipe } else { e.fault };
                at(recipe, &format!("data.{key}"), Error { fault, ..e })
            })?;
            Data::Cube(chosen)
        }
        rows => {
            if let Some(key) = selection.of_grids() {
                let error = Error::recipe(format!("'data.{key}'"))
                    .got("a source of rows")
                    .rule("variables, times and boxes are chosen from grids")
                    .hint("rows are chosen by filter = [\"…\"], [data.keep] or within; columns in [roles] features");
                return Err(at(recipe, &format!("data.{key}"), error));
            }
            rows
        }
    };
    let Some(file) = selection.within.as_ref().filter(|_| data.placed().is_some_and(|p| p.crs.is_some())) else {
        return Ok((data, false));
    };
    let cut = Within::read(&beside(folder, &file.to_string_lossy())).and_then(|within| match data {
        Data::Cube(cube) => within.cube(&cube).map(Data::Cube),
        Data::Features(features) => within.features(&features).map(Data::Features),
        Data::Table(table) => Ok(Data::Table(table)),
    });
    cut.map(|data| (data, true)).map_err(|e| at(recipe, "data.within", e))
}

/// Rows whose place is within polygons, by the columns that the roles name.
fn rows_within(recipe: &Recipe, polygons: &Path, table: &Table) -> Result<Table> {
    let place = recipe.roles.place.as_ref().ok_or_else(|| {
        Error::recipe("'data.within'")
            .rule("where the rows are must be known")
            .hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }")
    })?;
    Within::read(polygons)?.rows(table, &Placed { x: place.x.clone(), y: place.y.clone(), crs: place.crs.clone() })
}

/// The fault of a place whose CRS neither recipe nor file states.
pub(crate) fn no_crs() -> Error {
    Error::recipe("'roles.place.crs'")
        .rule("it is missing, and the file states none for these columns")
        .hint("longitude and latitude are crs = \"EPSG:4326\"; a CRS is stated, never guessed")
}

/// Takes the CRS that the file states where the recipe gives none, and refuses one that is not the file's.
fn settle_crs(recipe: &mut Recipe, placed: Option<&Placed>) -> Result<Option<Note>> {
    let file = recipe.data.source.clone();
    let Some(place) = &mut recipe.roles.place else { return Ok(None) };
    // The file speaks for its own coordinates only, not for other columns that hold places.
    let stated = placed.filter(|p| p.x == place.x && p.y == place.y).and_then(|p| p.crs.clone());
    match (&place.crs, stated) {
        (None, Some(crs)) => {
            let note = Note::info("crs-of-file", format!("places are in {}, as '{file}' states", crs.name()));
            place.crs = Some(crs);
            Ok(Some(note))
        }
        (Some(said), Some(stated)) if !esker_io::crs::same(said, &stated) => Err(mismatch(said, &stated, &file)),
        _ => Ok(None),
    }
}

fn mismatch(said: &Crs, stated: &Crs, file: &str) -> Error {
    Error::recipe("'roles.place.crs'")
        .got(said.name())
        .rule(format!("'{file}' states {}", stated.name()))
        .hint("leave crs out to take that of the file")
}
