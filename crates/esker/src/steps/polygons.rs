//! Attributes of the polygon that holds each row.

use esker_core::{Column, Error, Note, Result, Table};
use esker_io::Within;

use super::file::open;
use super::join::{named, picked};
use super::sample::Sites;
use super::units::Kind;
use super::{Done, Scene, add};
use crate::columns::unknown_column;
use crate::recipe::{Several, WithinPart, matches};

pub(super) fn run(step: &WithinPart, scene: &Scene<'_>, mut table: Table) -> Result<Done> {
    let (features, source) = open(&step.file, scene, Vec::new())?.features()?;
    let name = &source.name.clone();
    let mut notes = features.table.notes.clone();
    let sites = Sites::of(&table, scene.place(step.place.as_ref())?, scene)?;
    let places = (sites.places.x().to_vec(), sites.places.y().to_vec());
    let (held, said) = Within::of(&features, name)?.every(places, Some(sites.places.crs()), "the rows", scene.cx)?;
    notes.extend(said);
    let rows: Vec<&[usize]> = sites.of_row.iter().map(|s| s.map_or(&[][..], |s| &held[s])).collect();
    let many = rows.iter().filter(|r| r.len() > 1).count();
    if many > 0 && step.several == Several::Refuse {
        let row = rows.iter().position(|r| r.len() > 1).unwrap_or(0);
        return Err(Error::data(format!("polygons '{name}'"))
            .got(format!("{many} of {} rows in several (row {} in {})", rows.len(), row + 1, rows[row].len()))
            .rule("each row lies in one")
            .hint("several = \"smallest\" or several = \"first\" says which counts"));
    }
    if many > 0 {
        let which = if step.several == Several::First { "first of the file" } else { "smallest" };
        notes.push(Note::info("within-several", format!("{many} rows lie in several polygons of '{name}'; the {which} counts.")));
    }
    let area = |i: usize| features.geometries[i].as_ref().map_or(f64::INFINITY, esker_io::area);
    let one = |held: &[usize]| match step.several {
        Several::Smallest => held.iter().copied().min_by(|&a, &b| area(a).total_cmp(&area(b)).then(a.cmp(&b))),
        Several::First | Several::Refuse => held.first().copied(),
    };
    let of_row: Vec<Option<usize>> = scene.each(rows.len(), |row| one(rows[row]))?;
    let globs = &step.added.columns;
    if let Some(glob) = globs.iter().find(|g| !features.table.columns().iter().any(|c| matches(g, &c.name))) {
        return Err(unknown_column(&features.table, glob, &format!("no such column in '{name}'")));
    }
    let wanted = |c: &&Column| globs.is_empty() || globs.iter().any(|g| matches(g, &c.name));
    let columns =
        features.table.columns().iter().filter(wanted).map(|c| scene.cx.check().map(|()| picked(c, &of_row))).collect::<Result<_>>()?;
    let columns = named(columns, &step.added, Kind::Value, &mut notes)?;
    let matched = of_row.iter().flatten().count();
    let text = format!("{matched} of {} rows lie in a polygon of '{name}'", rows.len());
    notes.push(if matched < rows.len() {
        Note::warning("within-none", format!("{text}; the other {} are missing in the new columns.", rows.len() - matched))
    } else {
        Note::info("within-all", format!("{text}."))
    });
    add(&mut table, columns)?;
    Ok(Done { sources: vec![source], matched: Some(matched), ..Done::new(table, notes) })
}
