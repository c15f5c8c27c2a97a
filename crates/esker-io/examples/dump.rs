//! Prints what Esker reads from a gridded file as JSON, for comparison with other readers.
//!
//! `dump FILE`: axes, variables, texts and notes. `dump FILE --values VAR [START:STOP,START:STOP,…]`: the values as little-endian `f64`.
//! `dump FILE --every`: all numbers as `f64`: labels and bounds of each axis, then each variable, in the order of the JSON.

use std::io::{Write, stdout};
use std::path::Path;

use esker_core::cube::{Attribute, Attributes, Axis, Holds, Labels, Variable, Window};
use esker_core::{Cube, Error, Result};
use esker_io::{Data, ReadOptions, open};
use serde_json::{Map, Value, json};

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || Error::usage("dump").rule("dump FILE [--values VAR [WINDOW] | --every]");
    let path = arguments.first().ok_or_else(usage)?;
    let (format, data) = open(Path::new(path), &ReadOptions::default())?;
    let Data::Cube(cube) = data else { return Err(Error::data(path.clone()).rule("not a grid")) };
    match arguments.get(1).map(String::as_str) {
        None => say(&json!({
            "format": format.name(),
            "crs": cube.crs.as_ref().map(|c| c.name().to_owned()),
            "places": cube.places,
            "attributes": attributes(&cube.attributes),
            "axes": cube.axes().iter().map(axis).collect::<Vec<_>>(),
            "variables": (0..cube.variables().len()).map(|v| variable(&cube, v)).collect::<Result<Vec<_>>>()?,
            "notes": cube.notes,
        })),
        Some("--every") => every(&cube),
        Some("--values") => {
            let v = cube.variable(arguments.get(2).ok_or_else(usage)?)?;
            let window = match arguments.get(3) {
                Some(text) => parse(text)?,
                None => Window::whole(&cube.shape(v)),
            };
            bytes(&cube.read(v, &window)?)
        }
        Some(_) => Err(usage()),
    }
}

fn every(cube: &Cube) -> Result<()> {
    for axis in cube.axes() {
        bytes(axis.labels.as_ref().and_then(Labels::numbers).unwrap_or(&[]))?;
        bytes(axis.bounds.as_deref().unwrap_or(&[]).as_flattened())?;
    }
    for (v, variable) in cube.variables().iter().enumerate() {
        if variable.holds == Holds::Numbers {
            bytes(&cube.read_all(v)?)?;
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<Window> {
    let wrong = || Error::usage("window").got(text).rule("START:STOP,START:STOP,…");
    let range = |t: &str| -> Option<std::ops::Range<usize>> {
        let (a, b) = t.split_once(':')?;
        Some(a.parse().ok()?..b.parse().ok()?)
    };
    text.split(',').map(|t| range(t).ok_or_else(wrong)).collect::<Result<_>>().map(Window)
}

fn say(value: &Value) -> Result<()> {
    writeln!(stdout(), "{value}").map_err(|e| Error::io("standard output", &e))
}

fn bytes(values: &[f64]) -> Result<()> {
    let all: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    stdout().write_all(&all).map_err(|e| Error::io("standard output", &e))
}

fn attributes(all: &Attributes) -> Value {
    let each = all.0.iter().map(|(name, value)| {
        let value = match value {
            Attribute::Text(text) => json!(text),
            Attribute::Numbers(numbers) => json!(numbers),
        };
        (name.clone(), value)
    });
    Value::Object(each.collect::<Map<_, _>>())
}

fn axis(axis: &Axis) -> Value {
    let (labels, calendar) = match &axis.labels {
        None => ("none", None),
        Some(Labels::Real(_)) => ("real", None),
        Some(Labels::Time { calendar, .. }) => ("time", Some(calendar.name())),
        Some(Labels::Text(_)) => ("text", None),
    };
    json!({
        "name": axis.name, "len": axis.len, "kind": format!("{:?}", axis.kind), "unit": axis.unit.as_str(), "labels": labels,
        "texts": if let Some(Labels::Text(texts)) = &axis.labels { json!(texts) } else { Value::Null },
        "calendar": calendar, "bounds": axis.bounds.is_some(), "attributes": attributes(&axis.attributes),
    })
}

fn variable(cube: &Cube, v: usize) -> Result<Value> {
    let Variable { name, unit, axes, chunk, holds, stored, auxiliary, attributes: all } = &cube.variables()[v];
    let names: Vec<&str> = axes.iter().map(|&a| cube.axes()[a].name.as_str()).collect();
    let mut out = json!({
        "name": name, "unit": unit.as_str(), "axes": names, "shape": cube.shape(v), "chunk": chunk, "stored": stored,
        "auxiliary": auxiliary, "holds": format!("{holds:?}"), "attributes": attributes(all),
    });
    if *holds == Holds::Texts {
        out["texts"] = json!(cube.read_texts(v, &Window::whole(&cube.shape(v)))?);
    } else {
        let (mut missing, mut sum, mut low, mut high) = (0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
        for part in Window::whole(&cube.shape(v)).blocks(chunk) {
            for x in cube.read(v, &part)? {
                if x.is_nan() {
                    missing += 1;
                } else {
                    (sum, low, high) = (sum + x, low.min(x), high.max(x));
                }
            }
        }
        out["missing"] = json!(missing);
        out["sum"] = json!(sum);
        out["min"] = json!(low);
        out["max"] = json!(high);
    }
    Ok(out)
}
