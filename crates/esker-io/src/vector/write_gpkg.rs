//! Writing GeoPackage 1.3 (OGC 12-128r17), one layer.

use std::path::{Path, PathBuf};

use esker_core::{Crs, DAYS, Error, Fault, Features, Result, Shape, Values};
use rusqlite::Connection;

use super::rings::bounds;
use super::wkb;
use crate::crs::to_wkt;
use crate::file::{folder_of, open, refused_read, refused_write, replace};
use crate::time::format_date;

/// Tables that the standard asks for.
const CATALOG: &str = "
PRAGMA application_id = 0x47504B47;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name), CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', NULL);
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL);
";

/// Writes features as a GeoPackage of one layer, named as the file, whole or not at all. Whole days since 1970-01-01 become dates,
/// other numbers doubles, classes texts. The same features give the same bytes.
///
/// # Errors
/// A system that WKT 1 cannot hold, names that a GeoPackage cannot, or the disk refuses.
pub fn write_geopackage(path: &Path, features: &Features) -> Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    // SQLite writes by itself; its file then takes the way of every other.
    let thread: String = format!("{:?}", std::thread::current().id()).chars().filter(char::is_ascii_digit).collect();
    let building = Building(folder_of(path).join(format!(".{name}.building-{}-{thread}", std::process::id())));
    let layer = path.file_stem().map_or_else(|| "features".into(), |s| s.to_string_lossy().into_owned());
    let layer = if layer.to_ascii_lowercase().starts_with("gpkg_") || layer.to_ascii_lowercase().starts_with("sqlite_") {
        "features".into()
    } else {
        layer
    };
    fill(&building.0, &layer, features)?;
    let mut source = open(&building.0)?;
    replace(path, |sink| {
        std::io::copy(&mut source, sink).map_err(|e| refused_write(path, &e))?;
        Ok(())
    })
}

/// The file SQLite writes; it goes when it is dropped.
struct Building(PathBuf);

impl Drop for Building {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn fill(path: &Path, layer: &str, features: &Features) -> Result<()> {
    // Tells a folder that cannot be written to in the words of other formats, and starts anew.
    std::fs::File::create(path).map_err(|e| refused_write(path, &e))?;
    std::fs::remove_file(path).map_err(|e| refused_read(path, &e))?;
    let refused = |e: rusqlite::Error| Error::new(Fault::Io, format!("writing '{}'", path.display())).got(e.to_string());
    let mut db = Connection::open(path).map_err(refused)?;
    db.execute_batch("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;").map_err(refused)?;
    let work = db.transaction().map_err(refused)?;
    work.execute_batch(CATALOG).map_err(refused)?;
    let srs = systems(&work, features.crs.as_ref())?;
    let columns = columns(features);
    let (geometry, key) = (unique("geom", &columns), unique("fid", &columns));
    let mut sql = format!(
        "CREATE TABLE {} ({} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {} {}",
        quoted(layer),
        quoted(&key),
        quoted(&geometry),
        shape(features)
    );
    for column in &columns {
        sql.push_str(&format!(", {} {}", quoted(&column.0), column.1));
    }
    work.execute_batch(&format!("{sql})")).map_err(refused)?;
    let [x0, x1, y0, y1] = bounds(features.geometries.iter().flatten().flat_map(|g| g.parts.iter().flatten()));
    let edge = |v: f64| v.is_finite().then_some(v);
    work.execute(
        // A fixed moment: the same features give the same bytes.
        "INSERT INTO gpkg_contents VALUES (?1, 'features', ?1, '', '1970-01-01T00:00:00.000Z', ?2, ?3, ?4, ?5, ?6)",
        rusqlite::params![layer, edge(x0), edge(y0), edge(x1), edge(y1), srs],
    )
    .map_err(refused)?;
    work.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?1, ?2, ?3, ?4, 0, 0)",
        rusqlite::params![layer, geometry, shape(features), srs],
    )
    .map_err(refused)?;
    let marks = vec!["?"; columns.len() + 1].join(", ");
    let names: Vec<String> = std::iter::once(quoted(&geometry)).chain(columns.iter().map(|c| quoted(&c.0))).collect();
    {
        let mut insert =
            work.prepare(&format!("INSERT INTO {} ({}) VALUES ({marks})", quoted(layer), names.join(", "))).map_err(refused)?;
        for row in 0..features.geometries.len() {
            insert.execute(rusqlite::params_from_iter(values(features, &columns, row, srs))).map_err(refused)?;
        }
    }
    work.commit().map_err(refused)?;
    db.close().map_err(|(_, e)| refused(e))
}

/// Puts the system and returns its number.
fn systems(db: &Connection, crs: Option<&Crs>) -> Result<i64> {
    let put = |name: &str, id: i64, organization: &str, code: i64, wkt: &str| {
        db.execute(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            rusqlite::params![name, id, organization, code, wkt],
        )
        .map_err(|e| Error::new(Fault::Io, "writing a GeoPackage").got(e.to_string()))
    };
    put("WGS 84", 4326, "EPSG", 4326, &to_wkt(&Crs::Geographic)?)?;
    let Some(crs) = crs else { return Ok(-1) };
    let wkt = to_wkt(crs)?;
    let (organization, code) = crs.name().split_once(':').and_then(|(o, c)| Some((o, c.parse::<i64>().ok()?))).unwrap_or(("NONE", 100_000));
    if crs != &Crs::Geographic {
        put(wkt.split('"').nth(1).unwrap_or("unnamed"), code, organization, code, &wkt)?;
    }
    Ok(code)
}

/// Names, SQL types and places of the columns.
fn columns(features: &Features) -> Vec<(String, &'static str, usize)> {
    let kind = |column: &esker_core::Column| match &column.values {
        Values::Class(_) => "TEXT",
        Values::Real(v) if column.unit.as_str() == DAYS && v.iter().all(|x| x.is_nan() || (x.fract() == 0.0 && x.abs() < 1e6)) => "DATE",
        Values::Real(_) => "DOUBLE",
    };
    features.table.columns().iter().enumerate().map(|(i, c)| (c.name.clone(), kind(c), i)).collect()
}

/// A name that no column has, whatever its case.
fn unique(name: &str, columns: &[(String, &str, usize)]) -> String {
    let mut unique = name.to_string();
    while columns.iter().any(|c| c.0.eq_ignore_ascii_case(&unique)) {
        unique.push('_');
    }
    unique
}

fn shape(features: &Features) -> &'static str {
    let mut shapes = features.geometries.iter().flatten().map(|g| g.shape);
    match shapes.next() {
        Some(first) if shapes.all(|s| s == first) => match first {
            Shape::Points => "MULTIPOINT",
            Shape::Lines => "MULTILINESTRING",
            Shape::Polygons => "MULTIPOLYGON",
        },
        _ => "GEOMETRY",
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn values(features: &Features, columns: &[(String, &str, usize)], row: usize, srs: i64) -> Vec<rusqlite::types::Value> {
    use rusqlite::types::Value;
    let geometry = features.geometries[row].as_ref().map_or(Value::Null, |g| {
        // No envelope, little-endian.
        let mut blob = b"GP\x00\x01".to_vec();
        blob.extend((srs as i32).to_le_bytes());
        blob.extend(wkb::write(g));
        Value::Blob(blob)
    });
    let attributes = columns.iter().map(|(_, kind, place)| match &features.table.columns()[*place].values {
        Values::Real(v) if v[row].is_nan() => Value::Null,
        Values::Real(v) if *kind == "DATE" => Value::Text(format_date(v[row])),
        Values::Real(v) => Value::Real(v[row]),
        Values::Class(codes) => codes.label(row).map_or(Value::Null, |l| Value::Text(l.to_string())),
    });
    std::iter::once(geometry).chain(attributes).collect()
}
