//! GeoParquet: a column of geometries as well-known binary, described by the file's metadata `geo` (GeoParquet 1.1).

use std::fs::File;
use std::path::Path;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use esker_core::{Crs, Error, Features, Geometry, Note, Result, Table};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use serde_json::Value;

use super::read::{damaged, decode, guarded, read_parquet, refused};
use super::source::Source;
use super::wkb;
use crate::ReadOptions;
use crate::format::Data;

/// Most bytes of the metadata `geo`.
const MOST_METADATA: usize = 16 << 20;
/// Bytes of geometries that any file may have, and how many a byte of a larger file can stand for: one shape may stand in many rows.
const FREE_BYTES: u64 = 256 << 20;
const MOST_RATIO: u64 = 1000;

/// What the metadata say.
struct Geo {
    /// The column whose geometries are read.
    column: String,
    /// Columns that are no part of the table: geometries and their boxes.
    without: Vec<String>,
    crs: Option<Crs>,
    /// Whether the file has no other columns.
    only: bool,
    notes: Vec<Note>,
}

/// Reads a Parquet file: features where its metadata tell of geometries, else a table.
///
/// # Errors
/// As for tables; geometries that are not stored as well-known binary.
pub(crate) fn open_parquet(path: &Path, name: &str, options: &ReadOptions) -> Result<Data> {
    let geo = guarded(path, name, |file| about(&file, name))?;
    let Some(mut geo) = geo else { return read_parquet(path, name, options).map(Data::Table) };
    let geometries = guarded(path, name, |file| geometries(file, name, &geo.column, &mut geo.notes))?;
    let mut table = if geo.only { Table::default() } else { guarded(path, name, |file| decode(file, name, options, &geo.without))? };
    table.notes.append(&mut geo.notes);
    Features::new(table, geometries, geo.crs).map(Data::Features)
}

fn builder(file: File, name: &str) -> Result<ParquetRecordBatchReaderBuilder<Source>> {
    super::read::builder(file).map_err(|e| refused(name, &e.to_string()))
}

/// The metadata `geo`; none in a plain Parquet file.
fn about(file: &File, name: &str) -> Result<Option<Geo>> {
    let file = file.try_clone().map_err(|e| Error::io(format!("file '{name}'"), &e))?;
    let builder = builder(file, name)?;
    let entries = builder.metadata().file_metadata().key_value_metadata();
    let Some(text) = entries.and_then(|e| e.iter().find(|e| e.key == "geo")).and_then(|e| e.value.as_deref()) else { return Ok(None) };
    let thing = || Error::data(format!("metadata 'geo' of '{name}'"));
    if text.len() > MOST_METADATA {
        return Err(thing().got(format!("{} bytes", text.len())).rule(format!("at most {MOST_METADATA} are read")));
    }
    let json: Value = serde_json::from_str(text).map_err(|e| thing().got(e.to_string()).rule("they are JSON"))?;
    let Some(column) = json["primary_column"].as_str() else { return Err(thing().rule("they name a primary column")) };
    let entry = &json["columns"][column];
    let fields = builder.schema().fields();
    if !fields.iter().any(|f| f.name() == column) {
        return Err(thing().got(format!("the column '{column}'")).rule("no such column in the file"));
    }
    let encoding = entry["encoding"].as_str().unwrap_or("WKB");
    if !encoding.eq_ignore_ascii_case("WKB") {
        return Err(Error::data(format!("column '{column}' of '{name}'"))
            .got(format!("geometries encoded as '{encoding}'"))
            .rule("geometries are read as WKB")
            .hint("write the file with geometry_encoding = 'WKB'"));
    }
    let mut notes = Vec::new();
    let mut without = vec![column.to_owned()];
    for (other, entry) in json["columns"].as_object().into_iter().flatten() {
        if other != column {
            notes.push(Note::warning(
                "geometry-left-out",
                format!("Column '{other}' holds further geometries; only those of '{column}' were read."),
            ));
            without.push(other.clone());
        }
        if let Some(bbox) = entry["covering"]["bbox"]["xmin"][0].as_str() {
            without.push(bbox.to_owned());
        }
    }
    if entry["edges"].as_str() == Some("spherical") {
        notes.push(Note::warning(
            "spherical-edges",
            "Edges of the geometries are arcs on the sphere; they were taken as straight lines between their points.",
        ));
    }
    let only = fields.iter().all(|f| without.contains(f.name()));
    Ok(Some(Geo { column: column.to_owned(), without, crs: crs(entry.get("crs"), &mut notes), only, notes }))
}

/// The system of a PROJJSON text: longitude and latitude on WGS 84 where none is given, none where it is null.
fn crs(json: Option<&Value>, notes: &mut Vec<Note>) -> Option<Crs> {
    let Some(json) = json else { return Some(Crs::Geographic) };
    if json.is_null() {
        notes.push(Note::info("no-crs", "The file says that the coordinate reference system of its geometries is unknown."));
        return None;
    }
    let code = &json["id"]["code"];
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok()).and_then(|n| u32::try_from(n).ok());
    let found = match (json["id"]["authority"].as_str(), code.as_str(), number) {
        (Some("OGC"), Some("CRS84"), _) => Some(Crs::Geographic),
        (Some("EPSG"), _, Some(number)) => crate::crs::from_epsg(number).ok(),
        _ => None,
    };
    if found.is_none() {
        let name = json["name"].as_str().unwrap_or("without a name");
        notes.push(Note::warning(
            "unknown-crs",
            format!("The coordinate reference system '{name}' has no known code; the geometries have none."),
        ));
    }
    found
}

fn geometries(file: File, name: &str, column: &str, notes: &mut Vec<Note>) -> Result<Vec<Option<Geometry>>> {
    let fail = |e: ParquetError| refused(name, &e.to_string());
    let mut left = FREE_BYTES.saturating_add(file.metadata().map_or(0, |m| m.len()).saturating_mul(MOST_RATIO));
    let builder = builder(file, name)?;
    let rows = builder.metadata().file_metadata().num_rows();
    let at = builder.schema().fields().iter().position(|f| f.name() == column);
    let at = at.ok_or_else(|| damaged(name, format!("no column '{column}'")))?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [at]);
    let mut geometries = Vec::new();
    let mut dropped = 0_u64;
    for batch in builder.with_projection(mask).with_batch_size(1024).build().map_err(fail)? {
        let batch = batch.map_err(|e| refused(name, &e.to_string()))?;
        let array = batch.column(0);
        let mut take = |bytes: Option<&[u8]>| -> Result<()> {
            let row = geometries.len() + 1;
            left = left.checked_sub(bytes.map_or(0, <[u8]>::len) as u64).ok_or_else(|| {
                Error::data(format!("column '{column}' of '{name}'"))
                    .got("more bytes of geometries than a file of its size holds")
                    .rule(format!("at most {MOST_RATIO} times its own"))
            })?;
            let found = match bytes {
                Some(bytes) => wkb::read(bytes).map_err(|got| {
                    Error::data(format!("row {row}, column '{column}' of '{name}'"))
                        .got(got)
                        .rule("geometries are points, lines or areas in WKB")
                })?,
                None => None,
            };
            dropped += u64::from(found.as_ref().is_some_and(|f| f.deep));
            geometries.push(found.map(|f| f.geometry));
            Ok(())
        };
        match array.data_type() {
            DataType::BinaryView => array.as_binary_view().iter().try_for_each(&mut take)?,
            DataType::Binary => array.as_binary::<i32>().iter().try_for_each(&mut take)?,
            DataType::LargeBinary => array.as_binary::<i64>().iter().try_for_each(&mut take)?,
            other => {
                return Err(Error::data(format!("column '{column}' of '{name}'"))
                    .got(format!("the type {other}"))
                    .rule("geometries are WKB bytes"));
            }
        }
    }
    if geometries.len() as i64 != rows {
        return Err(damaged(name, format!("{} rows where the footer says {rows}", geometries.len())));
    }
    if geometries.is_empty() {
        return Err(Error::data(format!("Parquet file '{name}'")).got("no rows").rule("a table has at least one column and one row"));
    }
    if dropped > 0 {
        notes.push(Note::info(
            "heights-left-out",
            format!("{dropped} geometries have heights or measures besides x and y; these were left out."),
        ));
    }
    Ok(geometries)
}
