//! Prints what Esker reads from a table, or from features, as JSON, for comparison with other readers.
//!
//! `dump_tables FILE`: format, columns with all their values, geometries and notes. `dump_tables FILE --sheet NAME`: that sheet of a
//! workbook. `dump_tables FILE --zarr OUT`: writes the variables of a grid as Zarr. `dump_tables FILE --arrow OUT`: writes a table as
//! Arrow IPC. `dump_tables FILE --seconds VAR`: the shortest of five times it takes to read a variable whole, in seconds.

use std::io::{Write, stdout};
use std::path::Path;
use std::time::Instant;

use esker_core::cube::Window;
use esker_core::{Error, Result, Table, Values};
use esker_io::{Data, Format, ReadOptions, open, write_arrow, write_zarr};
use serde_json::{Value, json};

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || Error::usage("dump_tables").rule("dump_tables FILE [--sheet NAME | --zarr OUT | --arrow OUT | --seconds VAR]");
    let path = Path::new(arguments.first().ok_or_else(usage)?);
    let mode = arguments.get(1).map(String::as_str);
    let told = arguments.get(2).map(String::as_str);
    let sheet = if mode == Some("--sheet") { told.map(str::to_owned) } else { None };
    let (format, data) = open(path, &ReadOptions { sheet, ..ReadOptions::default() })?;
    match (mode, told, data) {
        (None | Some("--sheet"), _, data) => say(format, &data),
        (Some("--zarr"), Some(out), Data::Cube(cube)) => {
            let all: Vec<usize> = (0..cube.variables().len()).filter(|&v| !cube.variables()[v].auxiliary).collect();
            write_zarr(Path::new(out), &cube, &all)
        }
        (Some("--arrow"), Some(out), Data::Table(table)) => write_arrow(Path::new(out), &table),
        (Some("--seconds"), Some(name), Data::Cube(cube)) => {
            let v = cube.variable(name)?;
            let whole = Window::whole(&cube.shape(v));
            let mut best = f64::INFINITY;
            for _ in 0..5 {
                let start = Instant::now();
                let values = cube.read(v, &whole)?;
                best = best.min(start.elapsed().as_secs_f64());
                drop(values);
            }
            print(&json!({ "seconds": best }))
        }
        _ => Err(usage()),
    }
}

fn say(format: Format, data: &Data) -> Result<()> {
    let (table, geometries, crs) = match data {
        Data::Table(table) => (table, Value::Null, Value::Null),
        Data::Features(f) => {
            let each = |g: &Option<esker_core::Geometry>| match g {
                Some(g) => json!({ "shape": format!("{:?}", g.shape), "parts": g.parts }),
                None => Value::Null,
            };
            (&f.table, f.geometries.iter().map(each).collect(), json!(f.crs.as_ref().map(|c| c.name())))
        }
        Data::Cube(_) => return Err(Error::data("file").got("a grid").rule("a table is printed here").hint("use the example dump")),
    };
    print(&json!({
        "format": format.name(), "rows": table.rows(), "columns": columns(table), "geometries": geometries, "crs": crs, "notes": table.notes,
    }))
}

fn columns(table: &Table) -> Vec<Value> {
    let values = |values: &Values| match values {
        Values::Real(v) => v.iter().map(|x| if x.is_nan() { Value::Null } else { json!(x) }).collect::<Value>(),
        Values::Class(c) => (0..c.len()).map(|row| json!(c.label(row))).collect(),
    };
    let kind = |v: &Values| if matches!(v, Values::Real(_)) { "real" } else { "class" };
    table
        .columns()
        .iter()
        .map(|c| json!({ "name": c.name, "unit": c.unit.as_str(), "kind": kind(&c.values), "values": values(&c.values) }))
        .collect()
}

fn print(value: &Value) -> Result<()> {
    writeln!(stdout(), "{value}").map_err(|e| Error::io("standard output", &e))
}
