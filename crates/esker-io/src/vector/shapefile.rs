//! ESRI shapefiles: `.shp` with `.dbf` (attributes), `.prj` (system) and `.cpg` (encoding) beside it.
//!
//! Source: ESRI Shapefile Technical Description (1998). Where there is a `.shx` index it says where the features are: an edited file may hold
//! old records besides. Without it, records are read one after the other.

use std::path::{Path, PathBuf};

use esker_core::Shape;
use esker_core::{Crs, Error, Features, Geometry, Note, Result};

use super::dbf::Dbf;
use super::rows::{Rows, Shaper};
use crate::ReadOptions;
use crate::crs::from_wkt;
use crate::file::read_file;

/// The largest files read, bytes: the format's own limit is 2 GiB a file, some writers go to 4.
const MOST: u64 = 4 << 30;
const HEADER: usize = 100;

/// Reads a shapefile.
///
/// # Errors
/// Damaged records, attributes that do not fit them, or the disk refuses.
pub(crate) fn read_shapefile(path: &Path, name: &str, options: &ReadOptions) -> Result<Features> {
    let shp = read_file(path, MOST)?;
    let [dbf, shx] = ["dbf", "shx"].map(|e| beside(path, e).map(|p| read_file(&p, MOST)).transpose());
    let (dbf, shx) = (dbf?, shx?);
    let text = |extension: &str| {
        let bytes = beside(path, extension).and_then(|p| read_file(&p, 1 << 20).ok())?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let files = Files { shp: &shp, shx: shx.as_deref(), dbf: dbf.as_deref(), prj: text("prj"), cpg: text("cpg") };
    parse(name, &files, options)
}

/// The files of a shapefile in memory.
pub(super) struct Files<'a> {
    pub(super) shp: &'a [u8],
    pub(super) shx: Option<&'a [u8]>,
    pub(super) dbf: Option<&'a [u8]>,
    pub(super) prj: Option<String>,
    pub(super) cpg: Option<String>,
}

/// The file of the same name and another extension, in lower or upper case.
fn beside(path: &Path, extension: &str) -> Option<PathBuf> {
    [extension.to_string(), extension.to_uppercase()].iter().map(|e| path.with_extension(e)).find(|p| p.is_file())
}

/// Reads a shapefile from the bytes of its files.
fn parse(name: &str, files: &Files<'_>, options: &ReadOptions) -> Result<Features> {
    let shp = files.shp;
    if shp.len() < HEADER || shp[..4] != [0, 0, 0x27, 0x0a] {
        let error = Error::data(format!("shapefile '{name}'")).got(format!("{} bytes", shp.len()));
        return Err(error.rule("its header has 100 bytes and the code 9994"));
    }
    let table = files.dbf.map(|bytes| Dbf::open(name, bytes, files.cpg.as_deref())).transpose()?;
    let mut rows = Rows::new(name, options, (shp.len() + files.dbf.map_or(0, <[u8]>::len)) as u64);
    let places = match &table {
        Some(table) => table.declare(&mut rows)?,
        None => {
            rows.notes.push(Note::warning("no-attributes", "There is no .dbf file beside it, so the features have no attributes."));
            Vec::new()
        }
    };
    let (mut record, mut deleted) = (0, 0_u64);
    for at in offsets(name, files)? {
        let words = u32::from_be_bytes([shp[at + 4], shp[at + 5], shp[at + 6], shp[at + 7]]) as usize;
        let content = shp.get(at + 8..(at + 8).saturating_add(words.saturating_mul(2))).ok_or_else(|| cut(name, record))?;
        let geometry = geometry(name, record, content, &mut rows)?;
        if let Some(table) = &table {
            if record >= table.records {
                return Err(rows.refused(format!("more than {} geometries", table.records)).rule("the .dbf file has one row for each"));
            }
            if table.deleted(record) {
                (record, deleted) = (record + 1, deleted + 1);
                continue;
            }
            table.put(record, &places, &mut rows)?;
        }
        rows.end(geometry)?;
        record += 1;
    }
    if let Some(table) = &table {
        if record < table.records {
            let error = rows.refused(format!("{record} geometries")).rule(format!("the .dbf file has {} rows", table.records));
            return Err(error.hint("was the .shp file cut short?"));
        }
        rows.notes.extend(table.encoding_note());
    }
    if deleted > 0 {
        rows.notes.push(Note::info("deleted-rows", format!("{deleted} features are marked as deleted and were left out.")));
    }
    let crs = system(files.prj.as_deref(), &mut rows);
    rows.finish(crs)
}

/// Where the records start: by the index, else one after the other. Together they are no larger than the file.
fn offsets(name: &str, files: &Files<'_>) -> Result<Vec<usize>> {
    let (shp, mut offsets, mut total) = (files.shp, Vec::new(), 0_usize);
    let words = |bytes: &[u8], at: usize| Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize);
    let size = |at: usize| words(shp, at.checked_add(4)?)?.checked_mul(2);
    if let Some(index) = files.shx.filter(|i| i.len() >= HEADER && i[..4] == [0, 0, 0x27, 0x0a]) {
        for entry in index[HEADER..].chunks_exact(8) {
            let at = words(entry, 0).and_then(|w| w.checked_mul(2)).filter(|&at| at >= HEADER).ok_or_else(|| cut(name, offsets.len()))?;
            total = total.saturating_add(size(at).ok_or_else(|| cut(name, offsets.len()))?);
            if total > shp.len() {
                return Err(Error::data(format!("shapefile '{name}'"))
                    .got("an index whose records overlap")
                    .rule("each feature has its own record"));
            }
            offsets.push(at);
        }
        return Ok(offsets);
    }
    let mut at = HEADER;
    while at + 8 <= shp.len() {
        offsets.push(at);
        at = size(at).and_then(|s| at.checked_add(8)?.checked_add(s)).ok_or_else(|| cut(name, offsets.len()))?;
    }
    Ok(offsets)
}

fn system(prj: Option<&str>, rows: &mut Rows<'_>) -> Option<Crs> {
    match from_wkt(prj?) {
        Ok(crs) => Some(crs),
        Err(error) => {
            rows.notes.push(Note::warning("crs-unread", format!("The .prj file was not understood: {error}")));
            None
        }
    }
}

fn cut(name: &str, record: usize) -> Error {
    Error::data(format!("shapefile '{name}', feature {}", record + 1))
        .got("a record that ends beyond the file")
        .hint("was the file cut short?")
}

fn int(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(i32::from_le_bytes(four)).ok()
}

/// `count` points from a place on.
fn points(bytes: &[u8], at: usize, count: usize) -> Option<Vec<[f64; 2]>> {
    let slice = bytes.get(at..at.checked_add(count.checked_mul(16)?)?)?;
    let number = |b: &[u8]| b.try_into().map_or(f64::NAN, f64::from_le_bytes);
    Some(slice.chunks_exact(16).map(|p| [number(&p[..8]), number(&p[8..])]).collect())
}

fn geometry(name: &str, record: usize, content: &[u8], rows: &mut Rows<'_>) -> Result<Option<Geometry>> {
    let damaged = || cut(name, record);
    let kind = int(content, 0).ok_or_else(damaged)?;
    if kind > 10 && kind < 30 {
        rows.skipped.heights += 1;
    }
    let mut shaper = Shaper::default();
    match kind {
        0 => return Ok(None),
        1 | 11 | 21 => {
            let point = points(content, 4, 1).ok_or_else(damaged)?;
            // Some writers say "no place" with the least number there is.
            if point[0][0] < -1e38 {
                return Ok(None);
            }
            shaper.add(Shape::Points, point);
        }
        8 | 18 | 28 => {
            let count = int(content, 36).ok_or_else(damaged)?;
            for point in points(content, 40, count).ok_or_else(damaged)? {
                shaper.add(Shape::Points, vec![point]);
            }
        }
        3 | 5 | 13 | 15 | 23 | 25 => {
            let shape = if matches!(kind % 10, 3) { Shape::Lines } else { Shape::Polygons };
            let (parts, count) = (int(content, 36).ok_or_else(damaged)?, int(content, 40).ok_or_else(damaged)?);
            let first = parts.checked_mul(4).and_then(|n| n.checked_add(44)).filter(|&f| f <= content.len()).ok_or_else(damaged)?;
            let all = points(content, first, count).ok_or_else(damaged)?;
            for part in 0..parts {
                let from = int(content, 44 + part * 4).ok_or_else(damaged)?;
                let to = if part + 1 < parts { int(content, 48 + part * 4).ok_or_else(damaged)? } else { count };
                let slice = all.get(from..to).ok_or_else(|| {
                    Error::data(format!("shapefile '{name}', feature {}", record + 1))
                        .got(format!("a part from point {from} to {to}"))
                        .rule(format!("it has {count} points"))
                })?;
                shaper.add(shape, slice.to_vec());
            }
        }
        31 => {
            rows.skipped.curves += 1;
            return Ok(None);
        }
        other => {
            return Err(Error::data(format!("shapefile '{name}', feature {}", record + 1))
                .got(format!("shape type {other}"))
                .rule("no such type"));
        }
    }
    Ok(shaper.finish(&mut rows.skipped))
}
