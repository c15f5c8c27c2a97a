//! Prints what Esker reads from a raster or GRIB file, for comparison with other programs: `dump_raster FILE [--values VARIABLE]`,
//! or writes its grids as a GeoTIFF: `dump_raster FILE --write OUT`.
//!
//! Without either: one JSON object with axes, labels, variables, units, system and notes. With `--values`: the values as
//! little-endian doubles, slowest axis first, NaN where missing.

use std::io::Write;
use std::path::Path;

use esker_core::cube::{Attribute, Attributes, Labels};
use esker_core::{Cube, Error, Result};
use esker_io::{Data, Precision, ReadOptions, open, write_geotiff};
use serde_json::{Value, json};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.as_slice() {
        [file] => describe(file),
        [file, flag, name] if flag == "--values" => values(file, name),
        [file, flag, out] if flag == "--write" => write(file, out),
        _ => Err(Error::usage("dump_raster").rule("dump_raster FILE [--values VARIABLE | --write OUT]")),
    };
    if let Err(error) = outcome {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn cube_of(file: &str) -> Result<Cube> {
    match open(Path::new(file), &ReadOptions::default())?.1 {
        Data::Cube(cube) => Ok(cube),
        _ => Err(Error::data(file).rule("it holds no grid")),
    }
}

fn attributes(attributes: &Attributes) -> Value {
    let value = |a: &Attribute| match a {
        Attribute::Text(text) => json!(text),
        Attribute::Numbers(numbers) => json!(numbers),
    };
    attributes.0.iter().map(|(name, a)| (name.clone(), value(a))).collect::<serde_json::Map<_, _>>().into()
}

fn describe(file: &str) -> Result<()> {
    let cube = cube_of(file)?;
    let axes: Vec<Value> = cube
        .axes()
        .iter()
        .map(|a| {
            let labels = match &a.labels {
                None => Value::Null,
                Some(Labels::Real(v) | Labels::Time { days: v, .. }) => json!(v),
                Some(Labels::Text(v)) => json!(v),
            };
            json!({"name": a.name, "len": a.len, "kind": format!("{:?}", a.kind), "unit": a.unit.as_str(), "labels": labels, "attributes": attributes(&a.attributes)})
        })
        .collect();
    let variables: Vec<Value> = cube
        .variables()
        .iter()
        .map(|v| {
            let names: Vec<&str> = v.axes.iter().map(|&a| cube.axes()[a].name.as_str()).collect();
            json!({"name": v.name, "axes": names, "unit": v.unit.as_str(), "chunk": v.chunk, "stored": v.stored, "auxiliary": v.auxiliary,
                "attributes": attributes(&v.attributes)})
        })
        .collect();
    let notes: Vec<Value> = cube.notes.iter().map(|n| json!([n.code, n.text])).collect();
    let crs = cube.crs.as_ref().map(|c| json!({"kind": format!("{c:?}").split('(').next(), "name": c.name()}));
    let all = json!({"axes": axes, "variables": variables, "crs": crs, "places": cube.places, "notes": notes, "attributes": attributes(&cube.attributes)});
    println!("{all}");
    Ok(())
}

fn write(file: &str, out: &str) -> Result<()> {
    let cube = cube_of(file)?;
    let data: Vec<usize> = (0..cube.variables().len()).filter(|&v| !cube.variables()[v].auxiliary).collect();
    for note in write_geotiff(Path::new(out), &cube, &data, Precision::Exact)? {
        eprintln!("{}: {}", note.code, note.text);
    }
    Ok(())
}

fn values(file: &str, name: &str) -> Result<()> {
    let cube = cube_of(file)?;
    let values = cube.read_all(cube.variable(name)?)?;
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::io::stdout().lock().write_all(&bytes).map_err(|e| Error::io("standard output", &e))
}
