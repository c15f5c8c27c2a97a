//! GeoJSON (RFC 7946), also the 2008 edition with its `crs` member, and features one a line (GeoJSON sequences, RFC 8142).

use std::fmt::Write as _;
use std::path::Path;

use esker_core::{Crs, Error, Features, Geometry, Note, Result, Shape, Values};
use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::rings::polygons;
use super::rows::{Cell, Rows, Shaper};
use crate::ReadOptions;
use crate::crs::{Transform, parse as parse_crs};
use crate::file::{read_file, write_file};

/// Largest file read, bytes.
const MOST: u64 = 1 << 30;

/// Whether a file starts like GeoJSON.
pub(crate) fn is_geojson(path: &Path, head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let head = head.strip_prefix(b"\x1e").unwrap_or(head);
    let named = path.extension().is_some_and(|e| ["geojson", "geojsonl", "geojsons"].iter().any(|g| e.eq_ignore_ascii_case(g)));
    let says = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    head.starts_with(b"{")
        && (named || (says(b"\"type\"") && (says(b"\"FeatureCollection\"") || says(b"\"Feature\"") || says(b"\"coordinates\""))))
}

/// Any GeoJSON object.
#[derive(Deserialize)]
struct Object {
    #[serde(rename = "type", default)]
    kind: String,
    features: Option<Vec<Object>>,
    geometry: Option<Shaped>,
    geometries: Option<Vec<Shaped>>,
    coordinates: Option<Coordinates>,
    properties: Option<Properties>,
    id: Option<Value>,
    #[serde(default)]
    crs: Named,
}

#[derive(Deserialize)]
struct Shaped {
    #[serde(rename = "type")]
    kind: String,
    coordinates: Option<Coordinates>,
    geometries: Option<Vec<Shaped>>,
}

/// The `crs` member: absent, null (not known), or an object.
#[derive(Default)]
enum Named {
    #[default]
    Absent,
    Null,
    Is(Value),
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            value => Self::Is(value),
        })
    }
}

/// Attributes in file order.
struct Properties(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Properties;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of attributes")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Properties, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Properties(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Numbers in lists in lists.
enum Coordinates {
    Number(f64),
    List(Vec<Coordinates>),
}

impl<'de> Deserialize<'de> for Coordinates {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Lists;
        impl<'de> Visitor<'de> for Lists {
            type Value = Coordinates;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("coordinates")
            }
            fn visit_f64<E>(self, v: f64) -> std::result::Result<Coordinates, E> {
                Ok(Coordinates::Number(v))
            }
            fn visit_u64<E>(self, v: u64) -> std::result::Result<Coordinates, E> {
                Ok(Coordinates::Number(v as f64))
            }
            fn visit_i64<E>(self, v: i64) -> std::result::Result<Coordinates, E> {
                Ok(Coordinates::Number(v as f64))
            }
            fn visit_unit<E>(self) -> std::result::Result<Coordinates, E> {
                Ok(Coordinates::Number(f64::NAN))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Coordinates, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = seq.next_element()? {
                    list.push(item);
                }
                Ok(Coordinates::List(list))
            }
        }
        deserializer.deserialize_any(Lists)
    }
}

/// Reads a GeoJSON file.
///
/// # Errors
/// No GeoJSON, coordinates that do not fit their geometry's type, an unknown system, or the disk refuses.
pub(crate) fn read_geojson(path: &Path, name: &str, options: &ReadOptions) -> Result<Features> {
    parse(name, &read_file(path, MOST)?, options)
}

pub(super) fn parse(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Features> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let sequence;
    let text = if text.contains(&0x1e) {
        sequence = text.iter().map(|&b| if b == 0x1e { b' ' } else { b }).collect::<Vec<u8>>();
        &sequence
    } else {
        text
    };
    let mut rows = Rows::new(name, options, bytes.len() as u64);
    let mut crs = Named::Absent;
    for object in serde_json::Deserializer::from_slice(text).into_iter::<Object>() {
        // `serde_json` goes 128 levels deep at most.
        let object = object
            .map_err(|e| Error::data(format!("GeoJSON file '{name}'")).got(e.to_string()).rule("it holds GeoJSON objects (RFC 7946)"))?;
        take(object, &mut rows, &mut crs)?;
    }
    let crs = system(crs, &mut rows)?;
    rows.finish(crs)
}

fn take(mut object: Object, rows: &mut Rows<'_>, crs: &mut Named) -> Result<()> {
    if !matches!(object.crs, Named::Absent) {
        *crs = std::mem::take(&mut object.crs);
    }
    match object.kind.as_str() {
        "FeatureCollection" => {
            for feature in object.features.unwrap_or_default() {
                if feature.kind != "Feature" {
                    return Err(rows.refused(format!("a '{}' among the features", feature.kind)).rule("a collection holds features"));
                }
                self::feature(feature, rows)?;
            }
            Ok(())
        }
        "Feature" => feature(object, rows),
        "Topology" => Err(rows.refused("TopoJSON").rule("GeoJSON is read").hint("convert it to GeoJSON first (mapshaper, ogr2ogr)")),
        _ => {
            let shaped = Shaped { kind: object.kind, coordinates: object.coordinates, geometries: object.geometries };
            let geometry = geometry(shaped, rows)?;
            rows.end(geometry)
        }
    }
}

fn feature(feature: Object, rows: &mut Rows<'_>) -> Result<()> {
    let properties = feature.properties.map_or_else(Vec::new, |p| p.0);
    if let Some(id) = feature.id.filter(|_| !properties.iter().any(|(n, _)| n == "id")) {
        let place = rows.field("id")?;
        rows.put(place, cell(id))?;
    }
    for (name, value) in properties {
        let place = rows.field(&name)?;
        rows.put(place, cell(value))?;
    }
    let geometry = match feature.geometry {
        Some(shaped) => geometry(shaped, rows)?,
        None => None,
    };
    rows.end(geometry)
}

fn cell(value: Value) -> Cell<'static> {
    match value {
        Value::Null => Cell::Missing,
        Value::Bool(truth) => Cell::truth(truth),
        Value::Number(number) => number.as_f64().map_or(Cell::Missing, Cell::Number),
        Value::String(text) => Cell::Text(text.into()),
        // Lists and objects stay as the text they are.
        other => Cell::Text(other.to_string().into()),
    }
}

fn geometry(shaped: Shaped, rows: &mut Rows<'_>) -> Result<Option<Geometry>> {
    let mut shaper = Shaper::default();
    let mut heights = false;
    let row = rows.len() + 1;
    add(shaped, &mut shaper, &mut heights)
        .map_err(|what| rows.refused(format!("{what} in feature {row}")).rule("coordinates fit the type of their geometry"))?;
    rows.skipped.heights += u64::from(heights);
    Ok(shaper.finish(&mut rows.skipped))
}

type Fits<T> = std::result::Result<T, String>;

fn add(shaped: Shaped, shaper: &mut Shaper, heights: &mut bool) -> Fits<()> {
    let kind = shaped.kind;
    if kind == "GeometryCollection" {
        return shaped.geometries.unwrap_or_default().into_iter().try_for_each(|g| add(g, shaper, heights));
    }
    let coordinates = shaped.coordinates.ok_or_else(|| format!("a '{kind}' without coordinates"))?;
    match kind.as_str() {
        // An empty point has an empty list.
        "Point" if matches!(&coordinates, Coordinates::List(l) if l.is_empty()) => {}
        "Point" => shaper.add(Shape::Points, vec![point(&coordinates, heights)?]),
        "MultiPoint" => line(coordinates, heights)?.into_iter().for_each(|p| shaper.add(Shape::Points, vec![p])),
        "LineString" => shaper.add(Shape::Lines, line(coordinates, heights)?),
        "MultiLineString" => each(coordinates, |l| {
            shaper.add(Shape::Lines, line(l, heights)?);
            Ok(())
        })?,
        "Polygon" => each(coordinates, |r| {
            shaper.add(Shape::Polygons, line(r, heights)?);
            Ok(())
        })?,
        "MultiPolygon" => each(coordinates, |p| {
            each(p, |r| {
                shaper.add(Shape::Polygons, line(r, heights)?);
                Ok(())
            })
        })?,
        other => return Err(format!("a geometry '{other}'")),
    }
    Ok(())
}

fn each(coordinates: Coordinates, mut hand: impl FnMut(Coordinates) -> Fits<()>) -> Fits<()> {
    match coordinates {
        Coordinates::List(list) => list.into_iter().try_for_each(&mut hand),
        Coordinates::Number(_) => Err("a number where a list belongs".into()),
    }
}

fn line(coordinates: Coordinates, heights: &mut bool) -> Fits<Vec<[f64; 2]>> {
    match coordinates {
        Coordinates::List(list) => list.iter().map(|p| point(p, heights)).collect(),
        Coordinates::Number(_) => Err("a number where a list belongs".into()),
    }
}

fn point(coordinates: &Coordinates, heights: &mut bool) -> Fits<[f64; 2]> {
    match coordinates {
        Coordinates::List(list) => match list.as_slice() {
            [Coordinates::Number(x), Coordinates::Number(y), rest @ ..] => {
                *heights |= !rest.is_empty();
                Ok([*x, *y])
            }
            _ => Err("a position that is not two numbers".into()),
        },
        Coordinates::Number(_) => Err("a number where a position belongs".into()),
    }
}

/// The system: WGS 84 unless the old member names another.
fn system(crs: Named, rows: &mut Rows<'_>) -> Result<Option<Crs>> {
    let value = match crs {
        Named::Absent => return Ok(Some(Crs::Geographic)),
        Named::Null => return Ok(None),
        Named::Is(value) => value,
    };
    let properties = value.get("properties");
    let name = properties.and_then(|p| p.get("name")).and_then(Value::as_str).map(str::to_string);
    let code = || properties.and_then(|p| p.get("code")).map(|c| format!("EPSG:{}", c.to_string().trim_matches('"')));
    let Some(name) = name.or_else(code) else {
        rows.notes.push(Note::warning("crs-unread", "The 'crs' member names no system."));
        return Ok(None);
    };
    let crs = parse_crs(&name)?;
    if crs != Crs::Geographic {
        rows.notes.push(Note::info("crs-member", format!("The 'crs' member says {}; today's GeoJSON is always WGS 84.", crs.name())));
    }
    Ok(Some(crs))
}

/// Writes features as GeoJSON (RFC 7946), whole or not at all: longitude and latitude on WGS 84, to which other systems are
/// transformed, outer rings counter-clockwise. Missing values are null, classes texts.
///
/// # Errors
/// Coordinates in a system that is not known, or cannot be brought to WGS 84; the disk refuses.
pub fn write_geojson(path: &Path, features: &Features) -> Result<()> {
    write_file(path, text(features)?.as_bytes())
}

fn text(features: &Features) -> Result<String> {
    let crs = features.crs.as_ref().ok_or_else(|| {
        Error::data("features")
            .got("coordinates in a system that is not known")
            .rule("GeoJSON is longitude and latitude on WGS 84")
            .hint("write GeoPackage instead, or state the CRS")
    })?;
    let way = Transform::between(crs, &Crs::Geographic)?;
    let mut out = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for (row, geometry) in features.geometries.iter().enumerate() {
        out.push_str(if row == 0 { "\n" } else { ",\n" });
        out.push_str("{\"type\":\"Feature\",\"properties\":{");
        for (i, column) in features.table.columns().iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let value = match &column.values {
                Values::Real(v) if v[row].is_finite() => Value::from(v[row]),
                Values::Real(_) => Value::Null,
                Values::Class(codes) => codes.label(row).map_or(Value::Null, Value::from),
            };
            let _ = write!(out, "{comma}{}:{value}", Value::from(column.name.as_str()));
        }
        out.push_str("},\"geometry\":");
        match geometry {
            Some(geometry) => shape(&mut out, geometry, &way)?,
            None => out.push_str("null"),
        }
        out.push('}');
    }
    out.push_str("\n]}\n");
    Ok(out)
}

fn shape(out: &mut String, geometry: &Geometry, way: &Transform) -> Result<()> {
    let moved = geometry.parts.iter().map(|part| part.iter().map(|&[x, y]| way.point(x, y)).collect::<Vec<_>>()).collect::<Vec<_>>();
    if moved.iter().flatten().flatten().any(|v| !v.is_finite()) {
        return Err(Error::data("features").got("coordinates beyond their system's reach").rule("every vertex has a place on WGS 84"));
    }
    let moved = Geometry { shape: geometry.shape, parts: moved };
    let single = moved.parts.len() == 1;
    match moved.shape {
        Shape::Points if single => {
            out.push_str("{\"type\":\"Point\",\"coordinates\":");
            position(out, moved.parts[0][0]);
        }
        Shape::Points => {
            out.push_str("{\"type\":\"MultiPoint\",\"coordinates\":");
            list(out, &moved.parts, |out, part| position(out, part[0]));
        }
        Shape::Lines if single => {
            out.push_str("{\"type\":\"LineString\",\"coordinates\":");
            list(out, &moved.parts[0], |out, p| position(out, *p));
        }
        Shape::Lines => {
            out.push_str("{\"type\":\"MultiLineString\",\"coordinates\":");
            list(out, &moved.parts, |out, part| list(out, part, |out, p| position(out, *p)));
        }
        Shape::Polygons => {
            let polygons = polygons(&moved);
            let ring = |out: &mut String, ring: &Vec<[f64; 2]>| list(out, ring, |out, p| position(out, *p));
            if let [polygon] = polygons.as_slice() {
                out.push_str("{\"type\":\"Polygon\",\"coordinates\":");
                list(out, polygon, ring);
            } else {
                out.push_str("{\"type\":\"MultiPolygon\",\"coordinates\":");
                list(out, &polygons, |out, polygon| list(out, polygon, ring));
            }
        }
    }
    out.push('}');
    Ok(())
}

fn list<T>(out: &mut String, items: &[T], mut put: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        put(out, item);
    }
    out.push(']');
}

fn position(out: &mut String, [x, y]: [f64; 2]) {
    let _ = write!(out, "[{},{}]", Value::from(x), Value::from(y));
}
