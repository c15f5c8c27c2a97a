//! GeoPackage (OGC 12-128): layers of features in an SQLite database.
//!
//! The database is opened read-only and queried by plain tables alone: a view could hide any amount of work, and is refused.

use std::path::Path;

use esker_core::{Crs, Error, Features, Note, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::rows::{Cell, Rows};
use super::wkb;
use crate::ReadOptions;
use crate::crs::{from_epsg, from_wkt};
use crate::file::open;
use crate::time::parse_days;

/// A layer as `gpkg_contents` and `gpkg_geometry_columns` list it.
struct Layer {
    table: String,
    geometry: String,
    srs: i64,
}

/// Reads a layer of a GeoPackage: the first that holds features, or that named in the options.
///
/// # Errors
/// A damaged database, no layer of features, geometries that are no GeoPackage geometries, or the disk refuses.
pub(crate) fn read_geopackage(path: &Path, name: &str, options: &ReadOptions) -> Result<Features> {
    // The disk's own refusals, in the words of other formats.
    let bytes = open(path)?.metadata().map_or(0, |m| m.len());
    let refused = |e: rusqlite::Error| Error::data(format!("GeoPackage '{name}'")).got(e.to_string()).rule("it is an SQLite database");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(refused)?;
    db.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA cell_size_check = ON;").map_err(refused)?;
    let mut rows = Rows::new(name, options, bytes);
    let layer = layer(&db, name, options, &mut rows)?;
    read_layer(&db, &layer, &mut rows).map_err(|e| match e {
        Trouble::Sqlite(e) => refused(e),
        Trouble::Ours(e) => e,
    })?;
    let crs = system(&db, layer.srs, &mut rows);
    rows.finish(crs)
}

enum Trouble {
    Sqlite(rusqlite::Error),
    Ours(Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sqlite(e)
    }
}

impl From<Error> for Trouble {
    fn from(e: Error) -> Self {
        Self::Ours(e)
    }
}

fn layer(db: &Connection, name: &str, options: &ReadOptions, rows: &mut Rows<'_>) -> Result<Layer> {
    let refused = |got: String| Error::data(format!("GeoPackage '{name}'")).got(got);
    let sql = "SELECT c.table_name, g.column_name, g.srs_id, m.type FROM gpkg_contents c
               JOIN gpkg_geometry_columns g ON lower(g.table_name) = lower(c.table_name)
               JOIN sqlite_master m ON lower(m.name) = lower(c.table_name)
               WHERE c.data_type = 'features' ORDER BY c.rowid LIMIT 10000";
    let read = || -> rusqlite::Result<Vec<(Layer, String)>> {
        let mut statement = db.prepare(sql)?;
        let layers = statement.query_map([], |r| {
            Ok((Layer { table: r.get(0)?, geometry: r.get(1)?, srs: r.get::<_, Option<i64>>(2)?.unwrap_or(-1) }, r.get(3)?))
        })?;
        layers.collect()
    };
    // The catalog's own tables must be tables too.
    let views: rusqlite::Result<i64> =
        db.query_row("SELECT count(*) FROM sqlite_master WHERE name LIKE 'gpkg_%' AND type = 'view'", [], |r| r.get(0));
    let found = match views {
        Ok(0) => read().map_err(|e| refused(e.to_string()).rule("it lists its layers in gpkg_contents and gpkg_geometry_columns"))?,
        Ok(_) => return Err(refused("a view in place of a catalog table".into()).rule("the catalog is of plain tables")),
        Err(e) => return Err(refused(e.to_string()).rule("it is an SQLite database")),
    };
    let names: Vec<String> = found.iter().map(|(l, _)| l.table.clone()).collect();
    let wanted = options.layer.as_deref();
    let chosen = found.into_iter().find(|(l, _)| wanted.is_none_or(|w| l.table == w));
    let Some((layer, kind)) = chosen else {
        return Err(match wanted {
            Some(wanted) => refused(format!("no layer '{wanted}'")).hint(format!("its layers are {}", names.join(", "))),
            None => refused("no layer of features".into()).rule("features are read from it"),
        });
    };
    if kind != "table" {
        return Err(refused(format!("layer '{}', a {kind}", layer.table))
            .rule("layers are read from plain tables")
            .hint("copy the view into a table first"));
    }
    if names.len() > 1 && wanted.is_none() {
        let text = format!("The file has {} layers ({}); '{}' was read.", names.len(), names.join(", "), layer.table);
        rows.notes.push(Note::warning("layers", text));
    }
    Ok(layer)
}

/// A name in double quotes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Geometry,
    Day,
    Truth,
    Blob,
    Other,
}

fn read_layer(db: &Connection, layer: &Layer, rows: &mut Rows<'_>) -> std::result::Result<(), Trouble> {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    let mut statement = db.prepare(&format!("PRAGMA table_info({})", quoted(&layer.table)))?;
    let mut info = statement.query([])?;
    while let Some(row) = info.next()? {
        let (name, declared, key): (String, String, i64) = (row.get(1)?, row.get(2)?, row.get(5)?);
        let declared = declared.to_ascii_uppercase();
        let kind = match declared.as_str() {
            _ if name.eq_ignore_ascii_case(&layer.geometry) => Kind::Geometry,
            // The row number says nothing of the feature.
            "INTEGER" if key > 0 => continue,
            "DATE" | "DATETIME" => Kind::Day,
            "BOOLEAN" => Kind::Truth,
            t if t.starts_with("BLOB") => Kind::Blob,
            _ => Kind::Other,
        };
        columns.push((name, kind));
    }
    let blobs: Vec<&str> = columns.iter().filter(|c| c.1 == Kind::Blob).map(|c| c.0.as_str()).collect();
    if !blobs.is_empty() {
        rows.notes.push(Note::warning("fields-left-out", format!("Attributes of bytes were left out: {}.", blobs.join(", "))));
    }
    columns.retain(|c| c.1 != Kind::Blob);
    if !columns.iter().any(|c| c.1 == Kind::Geometry) {
        return Err(rows
            .refused(format!("no column '{}' in '{}'", layer.geometry, layer.table))
            .rule("the catalog names a column of geometries")
            .into());
    }
    let names: Vec<String> = columns.iter().filter(|c| c.1 != Kind::Geometry).map(|c| c.0.clone()).collect();
    let places = rows.declare(&names)?;
    let list: Vec<String> = columns.iter().map(|c| quoted(&c.0)).collect();
    let mut statement = db.prepare(&format!("SELECT {} FROM {}", list.join(", "), quoted(&layer.table)))?;
    let mut found = statement.query([])?;
    // Rows of a damaged database may share their pages; UTF-16 grows by half as UTF-8.
    let mut left = rows.bytes.saturating_mul(2);
    while let Some(row) = found.next()? {
        let mut geometry = None;
        let mut place = places.iter();
        for (i, (name, kind)) in columns.iter().enumerate() {
            let value = row.get_ref(i)?;
            if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = value {
                left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
                    rows.refused("more values than a file of its size holds").rule("each row has its own part of the file")
                })?;
            }
            if *kind == Kind::Geometry {
                geometry = blob(value, rows)?;
            } else if let Some(&place) = place.next() {
                let cell = cell(value, *kind, name, rows)?;
                rows.put(place, cell)?;
            }
        }
        rows.end(geometry)?;
    }
    Ok(())
}

fn cell<'r>(value: ValueRef<'r>, kind: Kind, name: &str, rows: &Rows<'_>) -> Result<Cell<'r>> {
    Ok(match value {
        ValueRef::Null | ValueRef::Blob(_) => Cell::Missing,
        ValueRef::Integer(v) if kind == Kind::Truth => Cell::truth(v != 0),
        ValueRef::Integer(v) => Cell::Number(v as f64),
        ValueRef::Real(v) => Cell::Number(v),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            if kind != Kind::Day {
                return Ok(Cell::Text(text));
            }
            match parse_days(&text) {
                Some(days) => Cell::Day(days),
                None if text.trim().is_empty() => Cell::Missing,
                None => {
                    return Err(rows
                        .refused(format!("'{text}'"))
                        .rule(format!("row {}, column '{name}': dates are written in ISO 8601", rows.len() + 1)));
                }
            }
        }
    })
}

/// A geometry blob: `GP`, version, flags, system, envelope, WKB.
fn blob(value: ValueRef<'_>, rows: &mut Rows<'_>) -> Result<Option<esker_core::Geometry>> {
    let bytes = match value {
        ValueRef::Blob(bytes) => bytes,
        _ => return Ok(None),
    };
    let row = rows.len() + 1;
    let refused = |rows: &Rows<'_>| {
        rows.refused(format!("{} bytes in row {row} that are no GeoPackage geometry", bytes.len())).rule("a geometry starts with 'GP'")
    };
    if bytes.len() < 8 || !bytes.starts_with(b"GP") {
        return Err(refused(rows));
    }
    let flags = bytes[3];
    let envelope = match flags >> 1 & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err(refused(rows)),
    };
    if flags & 0x20 != 0 {
        rows.skipped.curves += 1;
        return Ok(None);
    }
    let body = bytes.get(8 + envelope..).ok_or_else(|| refused(rows))?;
    wkb::read(body, &mut rows.skipped).map_err(|()| refused(rows))
}

fn system(db: &Connection, srs: i64, rows: &mut Rows<'_>) -> Option<Crs> {
    let sql = "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let found =
        db.query_row(sql, [srs], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?, r.get::<_, String>(2)?))).optional().ok().flatten();
    let (organization, code, definition) = found?;
    if srs <= 0 && definition.trim().eq_ignore_ascii_case("undefined") {
        return None;
    }
    let by_code = organization.eq_ignore_ascii_case("EPSG").then(|| u32::try_from(code).ok().and_then(|c| from_epsg(c).ok())).flatten();
    match by_code.map_or_else(|| from_wkt(&definition), Ok) {
        Ok(crs) => Some(crs),
        Err(error) => {
            rows.notes.push(Note::warning("crs-unread", format!("The system of the layer was not understood: {error}")));
            None
        }
    }
}
