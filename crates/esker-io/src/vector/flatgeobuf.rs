//! FlatGeobuf 3: features as size-prefixed FlatBuffers behind a header and an index, which is stepped over.
//!
//! The crate's own reader takes the file's word for sizes; here every buffer is a slice of the file, verified before it is looked into.

use std::path::Path;

use esker_core::{Crs, Error, Features, Note, Result, Shape};
use flatgeobuf::{ColumnType, Geometry, GeometryType, Header, size_prefixed_root_as_feature, size_prefixed_root_as_header};

use super::rows::{Cell, Rows, Shaper};
use crate::ReadOptions;
use crate::crs::{from_epsg, from_wkt, parse as parse_crs};
use crate::file::read_file;
use crate::time::parse_days;

/// Largest file read, bytes.
const MOST: u64 = 8 << 30;
/// Deepest nesting of collections.
const DEEPEST: usize = 8;

/// Reads a FlatGeobuf file.
///
/// # Errors
/// A damaged file, or the disk refuses.
pub(crate) fn read_flatgeobuf(path: &Path, name: &str, options: &ReadOptions) -> Result<Features> {
    parse(name, &read_file(path, MOST)?, options)
}

fn refused(name: &str, got: impl Into<String>) -> Error {
    Error::data(format!("FlatGeobuf file '{name}'")).got(got)
}

/// The buffer with its size in front, from a place on.
fn sized(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let size = u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize;
    bytes.get(at..at.checked_add(4)?.checked_add(size)?)
}

pub(super) fn parse(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Features> {
    let short = || refused(name, "a part that ends beyond the file").hint("was the file cut short?");
    let magic = bytes.len() >= 8 && &bytes[..3] == b"fgb" && bytes[3] <= 3 && &bytes[4..7] == b"fgb";
    if !magic {
        return Err(refused(name, "other first bytes").rule("it starts with fgb and a version up to 3"));
    }
    let head = sized(bytes, 8).ok_or_else(short)?;
    let header = size_prefixed_root_as_header(head).map_err(|e| refused(name, e.to_string()).rule("its header is a FlatBuffer"))?;
    let mut at = 8 + head.len();
    let index = index_size(header.features_count(), header.index_node_size()).ok_or_else(|| refused(name, "an index that cannot be"))?;
    at = usize::try_from(index).ok().and_then(|i| at.checked_add(i)).filter(|&a| a <= bytes.len()).ok_or_else(short)?;
    let mut rows = Rows::new(name, options, bytes.len() as u64);
    let kinds = columns(&header, &mut rows)?;
    while at < bytes.len() {
        let buffer = sized(bytes, at).ok_or_else(short)?;
        at += buffer.len();
        let feature = size_prefixed_root_as_feature(buffer).map_err(|e| refused(name, e.to_string()).rule("a feature is a FlatBuffer"))?;
        if let Some(properties) = feature.properties() {
            let own = feature.columns().is_some_and(|c| !c.is_empty());
            if own {
                return Err(refused(name, "attributes of a feature's own").rule("all features have the columns of the header"));
            }
            attributes(properties.bytes(), &kinds, &mut rows)?;
        }
        let mut shaper = Shaper::default();
        let mut skip = Skip { left: buffer.len(), ..Skip::default() };
        if let Some(geometry) = feature.geometry() {
            shape(&geometry, header.geometry_type(), &mut shaper, (&mut skip, 0)).ok_or_else(|| {
                refused(name, format!("a geometry in feature {}", rows.len() + 1)).rule("its ends lie within its coordinates")
            })?;
        }
        rows.skipped.heights += u64::from(skip.heights);
        rows.skipped.curves += u64::from(skip.curves);
        let geometry = if skip.curves { None } else { shaper.finish(&mut rows.skipped) };
        rows.end(geometry)?;
    }
    let declared = header.features_count();
    if declared > 0 && declared != rows.len() as u64 {
        return Err(refused(name, format!("{} features", rows.len()))
            .rule(format!("the header says {declared}"))
            .hint("was the file cut short?"));
    }
    let crs = system(&header, &mut rows);
    rows.finish(crs)
}

/// Bytes of the packed R-tree; a node has 40.
fn index_size(features: u64, node: u16) -> Option<u64> {
    if node == 0 || features == 0 {
        return Some(0);
    }
    let node = u64::from(node.max(2));
    let (mut level, mut nodes) = (features, features);
    while level > 1 {
        level = level.div_ceil(node);
        nodes = nodes.checked_add(level)?;
    }
    // A single feature has a root above its leaf all the same.
    nodes.checked_add(u64::from(features == 1))?.checked_mul(40)
}

struct Kind {
    kind: ColumnType,
    place: usize,
}

fn columns(header: &Header<'_>, rows: &mut Rows<'_>) -> Result<Vec<Kind>> {
    let Some(columns) = header.columns() else { return Ok(Vec::new()) };
    let names: Vec<String> = columns.iter().map(|c| c.name().to_string()).collect();
    let places = rows.declare(&names)?;
    if columns.iter().any(|c| c.type_() == ColumnType::Binary) {
        rows.notes.push(Note::warning("fields-left-out", "Attributes of bytes are not read; their columns are empty."));
    }
    Ok(columns.iter().zip(places).map(|(c, place)| Kind { kind: c.type_(), place }).collect())
}

fn attributes(bytes: &[u8], kinds: &[Kind], rows: &mut Rows<'_>) -> Result<()> {
    let mut at = 0;
    while at + 2 <= bytes.len() {
        let index = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        at += 2;
        let row = rows.len() + 1;
        let damaged = |rows: &Rows<'_>| rows.refused(format!("attributes of feature {row} that are cut short or of no column"));
        let Some(kind) = kinds.get(index) else { return Err(damaged(rows)) };
        let (cell, size) = value(&bytes[at..], kind.kind).ok_or_else(|| damaged(rows))?;
        at += size;
        rows.put(kind.place, cell)?;
    }
    Ok(())
}

/// A value and the bytes it takes.
fn value(bytes: &[u8], kind: ColumnType) -> Option<(Cell<'_>, usize)> {
    fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.get(..N)?.try_into().ok()
    }
    let number = |v: f64, size: usize| Some((if v.is_nan() { Cell::Missing } else { Cell::Number(v) }, size));
    match kind {
        ColumnType::Byte => number(f64::from(i8::from_le_bytes(fixed(bytes)?)), 1),
        ColumnType::UByte => number(f64::from(u8::from_le_bytes(fixed(bytes)?)), 1),
        ColumnType::Bool => Some((Cell::truth(fixed::<1>(bytes)?[0] != 0), 1)),
        ColumnType::Short => number(f64::from(i16::from_le_bytes(fixed(bytes)?)), 2),
        ColumnType::UShort => number(f64::from(u16::from_le_bytes(fixed(bytes)?)), 2),
        ColumnType::Int => number(f64::from(i32::from_le_bytes(fixed(bytes)?)), 4),
        ColumnType::UInt => number(f64::from(u32::from_le_bytes(fixed(bytes)?)), 4),
        ColumnType::Long => number(i64::from_le_bytes(fixed(bytes)?) as f64, 8),
        ColumnType::ULong => number(u64::from_le_bytes(fixed(bytes)?) as f64, 8),
        ColumnType::Float => number(f64::from(f32::from_le_bytes(fixed(bytes)?)), 4),
        ColumnType::Double => number(f64::from_le_bytes(fixed(bytes)?), 8),
        ColumnType::String | ColumnType::Json | ColumnType::DateTime | ColumnType::Binary => {
            let size = u32::from_le_bytes(fixed(bytes)?) as usize;
            let text = bytes.get(4..size.checked_add(4)?)?;
            let cell = match kind {
                ColumnType::Binary => Cell::Missing,
                ColumnType::DateTime => {
                    let text = String::from_utf8_lossy(text);
                    parse_days(&text).map_or(Cell::Missing, Cell::Day)
                }
                _ => Cell::Text(String::from_utf8_lossy(text)),
            };
            Some((cell, size + 4))
        }
        _ => None,
    }
}

/// What is left out of a feature, and how many bytes its geometries may still have: parts may all be one and the same.
#[derive(Default)]
struct Skip {
    heights: bool,
    curves: bool,
    left: usize,
}

/// Adds a geometry; `None` where its parts do not fit its coordinates.
fn shape(geometry: &Geometry<'_>, declared: GeometryType, shaper: &mut Shaper, (skip, depth): (&mut Skip, usize)) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    let kind = if declared == GeometryType::Unknown { geometry.type_() } else { declared };
    skip.heights |= geometry.z().is_some_and(|z| !z.is_empty()) || geometry.m().is_some_and(|m| !m.is_empty());
    let size = 4 + geometry.xy().map_or(0, |xy| xy.len() * 8) + geometry.ends().map_or(0, |ends| ends.len() * 4);
    skip.left = skip.left.checked_sub(size)?;
    let points: Vec<[f64; 2]> = match geometry.xy() {
        Some(xy) => (0..xy.len() / 2).map(|i| [xy.get(2 * i), xy.get(2 * i + 1)]).collect(),
        None => Vec::new(),
    };
    let parts = || -> Option<Vec<Vec<[f64; 2]>>> {
        let ends: Vec<usize> = match geometry.ends() {
            Some(ends) if !ends.is_empty() => ends.iter().map(|e| e as usize).collect(),
            _ => vec![points.len()],
        };
        let mut from = 0;
        ends.into_iter()
            .map(|to| {
                let part = points.get(from..to)?.to_vec();
                from = to;
                Some(part)
            })
            .collect()
    };
    match kind {
        GeometryType::Point | GeometryType::MultiPoint => {
            // An empty point has no coordinates, or NaN.
            let there = points.into_iter().filter(|p| !(p[0].is_nan() && p[1].is_nan()));
            there.for_each(|p| shaper.add(Shape::Points, vec![p]));
        }
        GeometryType::LineString => shaper.add(Shape::Lines, points),
        GeometryType::MultiLineString => parts()?.into_iter().for_each(|p| shaper.add(Shape::Lines, p)),
        GeometryType::Polygon | GeometryType::Triangle => parts()?.into_iter().for_each(|p| shaper.add(Shape::Polygons, p)),
        GeometryType::MultiPolygon | GeometryType::GeometryCollection | GeometryType::PolyhedralSurface | GeometryType::TIN => {
            let below = match kind {
                GeometryType::GeometryCollection => GeometryType::Unknown,
                GeometryType::TIN => GeometryType::Triangle,
                _ => GeometryType::Polygon,
            };
            if let Some(parts) = geometry.parts() {
                for part in parts {
                    shape(&part, below, shaper, (skip, depth + 1))?;
                }
            }
        }
        GeometryType::Unknown => {}
        _ => skip.curves = true,
    }
    Some(())
}

fn system(header: &Header<'_>, rows: &mut Rows<'_>) -> Option<Crs> {
    let crs = header.crs()?;
    let epsg = crs.org().is_none_or(|o| o.eq_ignore_ascii_case("EPSG"));
    let code = u32::try_from(crs.code()).ok().filter(|&c| c > 0);
    if let Some(found) = code.filter(|_| epsg).and_then(|c| from_epsg(c).ok()) {
        return Some(found);
    }
    let named = || parse_crs(&format!("{}:{}", crs.org()?, code?)).ok();
    match crs.wkt().filter(|w| !w.is_empty()).map(from_wkt) {
        Some(Ok(found)) => Some(found),
        Some(Err(error)) => named().or_else(|| {
            rows.notes.push(Note::warning("crs-unread", format!("The system in the header was not understood: {error}")));
            None
        }),
        None => named(),
    }
}
