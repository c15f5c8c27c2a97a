//! Regions of a design: the polygon that each row lies in becomes a column, whose groups the design leaves out.

use std::path::Path;

use esker_core::{Codes, Column, Context, Error, Fault, Note, Result, Setting, Table, Unit, Values};
use esker_evaluate::split::Design;
use esker_io::{Data, Origin, ReadOptions, Within, beside};

use crate::columns::{as_classes, unknown_column};
use crate::findings::{Finding, Findings};
use crate::recipe::{DesignPart, PlacePart, Recipe};
use crate::source;

/// Adds a column for each design of the recipe that names a file of polygons, and makes its groups those of the design. `folder` is that of the
/// recipe.
///
/// # Errors
/// Files that cannot be read, places not known, columns of names that are not there, or the user stopped the work.
pub(crate) fn name(recipe: &mut Recipe, folder: &Path, table: &mut Table, cx: &Context) -> Result<(), Findings> {
    let place = recipe.roles.place.clone();
    let mut faults = Findings { file: recipe.file.clone(), list: Vec::new() };
    let mut named = Vec::new();
    for part in std::iter::once(&recipe.validate.primary).chain(&recipe.validate.compare) {
        match column(part, folder, place.as_ref(), table, cx) {
            Ok(found) => named.push(found),
            Err(error) if error.fault == Fault::Cancelled => return Err(error.into()),
            Err(error) => {
                named.push(None);
                faults.list.push(Finding { at: recipe.place(&format!("{}.regions", part.path)), error });
            }
        }
    }
    for (part, name) in std::iter::once(&mut recipe.validate.primary).chain(&mut recipe.validate.compare).zip(named) {
        part.group = name.or(part.group.take());
    }
    faults.or(())
}

/// The text of a setting that is not empty.
fn text<'a>(part: &'a DesignPart, name: &str) -> Option<&'a str> {
    match part.settings.get(name) {
        Some(Setting::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The name of the column of regions of a design, put into the table; none for a design without polygons.
fn column(part: &DesignPart, folder: &Path, place: Option<&PlacePart>, table: &mut Table, cx: &Context) -> Result<Option<String>> {
    let Some(file) = text(part, "regions").filter(|_| part.design == Design::Region) else { return Ok(None) };
    if let Some(group) = &part.group {
        return Err(Error::recipe(format!("design '{}'", part.label))
            .got(format!("regions = \"{file}\" and group = \"{group}\""))
            .rule("regions are the polygons of a file or the groups of a column, not both"));
    }
    let names = text(part, "names");
    let name = names.map_or_else(|| format!("regions of {file}"), |names| format!("regions of {file} by {names}"));
    if table.columns().iter().any(|c| c.name == name) {
        return Ok(Some(name));
    }
    let place = place.ok_or_else(|| {
        Error::recipe("'regions'")
            .rule("where the rows are must be known")
            .hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }")
    })?;
    let crs = place.crs.as_ref().ok_or_else(source::no_crs)?;
    let path = beside(folder, file);
    let Data::Features(features) = Origin::reach(&path, cx)?.open(&ReadOptions::default())?.1 else {
        return Err(Error::data(format!("polygons '{file}'"))
            .got("a file without geometries")
            .rule("polygons are read from GeoPackage, shapefile, GeoJSON, FlatGeobuf or GeoParquet"));
    };
    let labels = labels(&features.table, features.geometries.len(), names)?;
    let find = |name: &str| table.column(name).map_err(|_| unknown_column(table, name, "no such column is known")).and_then(Column::reals);
    let (x, y) = (find(&place.x)?.to_vec(), find(&place.y)?.to_vec());
    let (which, notes) = Within::of(&features, file)?.which((x, y), Some(crs), "the rows", cx)?;
    let regions: Vec<Option<&String>> = which.iter().map(|i| i.and_then(|i| labels[i].as_ref())).collect();
    let held = regions.iter().flatten().count();
    let text = format!("{held} of {} rows read lie in the polygons of '{file}'", regions.len());
    let values = Values::Class(Codes::from_labels(&regions));
    table.notes.extend(notes.into_iter().chain([Note::info("regions", text)]));
    table.put(Column { name: name.clone(), unit: Unit::default(), values })?;
    Ok(Some(name))
}

/// What each polygon is called: by the column named, else by one called "name", else by its number.
fn labels(table: &Table, polygons: usize, names: Option<&str>) -> Result<Vec<Option<String>>> {
    let column = match names {
        Some(name) => Some(table.column(name).map_err(|_| unknown_column(table, name, "the polygons have no such attribute"))?),
        None => table.columns().iter().find(|c| c.name.eq_ignore_ascii_case("name")),
    };
    let Some(column) = column else { return Ok((1..=polygons).map(|i| Some(format!("polygon {i}"))).collect()) };
    let column = as_classes(column);
    let codes = column.classes()?;
    Ok((0..codes.len()).map(|row| codes.label(row).map(str::to_owned)).collect())
}
