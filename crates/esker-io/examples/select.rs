//! Selects and stacks parts of a gridded file as told line by line, for comparison with other programs.
//!
//! `select FILE` reads a JSON object a line: `variable`, `steps` and `stack`. Steps are `["nearest", axis, number]`,
//! `["range", axis, low, high]`, `["cells", axis, [numbers]]` and `["within", west, south, east, north]`. Answered a line: labels by axis,
//! lengths and values, or columns of the stacked table and the values brought back onto the grid; or what was refused.

use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;

use esker_core::cube::Window;
use esker_core::{Cube, Error, Result, Values};
use esker_io::{Data, ReadOptions, open};
use serde_json::{Map, Value, json};

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let path = std::env::args().nth(1).ok_or_else(|| Error::usage("select").rule("select FILE"))?;
    let Data::Cube(cube) = open(Path::new(&path), &ReadOptions::default())?.1 else { return Err(Error::data(path).rule("not a grid")) };
    for line in stdin().lock().lines() {
        let line = line.map_err(|e| Error::io("standard input", &e))?;
        let asked: Value = serde_json::from_str(&line).map_err(|e| Error::usage("line").got(e.to_string()).rule("a JSON object a line"))?;
        let said = answer(&cube, &asked).unwrap_or_else(|e| json!({ "refused": e.to_string() }));
        writeln!(stdout(), "{said}").map_err(|e| Error::io("standard output", &e))?;
    }
    Ok(())
}

fn answer(cube: &Cube, asked: &Value) -> Result<Value> {
    let name = asked["variable"].as_str().unwrap_or_default().to_owned();
    let mut cube = cube.only(std::slice::from_ref(&name))?;
    for step in asked["steps"].as_array().into_iter().flatten() {
        cube = selected(&cube, step)?;
    }
    let v = cube.variable(&name)?;
    if asked["stack"].as_bool() == Some(true) {
        return stacked(&cube, v);
    }
    let axes = cube.variables()[v].axes.iter().map(|&a| &cube.axes()[a]);
    let labels: Map<String, Value> = axes.map(|a| (a.name.clone(), json!(a.numbers()))).collect();
    Ok(json!({ "labels": labels, "shape": cube.shape(v), "values": cube.read_all(v)? }))
}

fn selected(cube: &Cube, step: &Value) -> Result<Cube> {
    let number = |i: usize| step[i].as_f64().unwrap_or(f64::NAN);
    let axis = || {
        let name = step[1].as_str().unwrap_or_default();
        cube.axes().iter().position(|a| a.name == name).ok_or_else(|| Error::usage(name.to_owned()).rule("no such axis"))
    };
    match step[0].as_str() {
        Some("nearest") => cube.select(axis()?, &[cube.nearest(axis()?, number(2))?]),
        Some("range") => cube.select(axis()?, &cube.range(axis()?, number(2), number(3))?),
        Some("cells") => {
            let cells: Vec<usize> = step[2].as_array().into_iter().flatten().filter_map(|v| v.as_u64().map(|v| v as usize)).collect();
            cube.select(axis()?, &cells)
        }
        Some("within") => cube.within(number(1), number(2), number(3), number(4)),
        _ => Err(Error::usage("step").got(step.to_string()).rule("nearest, range, cells or within")),
    }
}

fn stacked(cube: &Cube, variable: usize) -> Result<Value> {
    let whole = Window::whole(&cube.axes_of(&[variable]).iter().map(|&a| cube.axes()[a].len).collect::<Vec<_>>());
    let stacked = cube.stack(&[variable], &whole, true)?;
    let column = |values: &Values| match values {
        Values::Real(v) => json!(v),
        Values::Class(codes) => json!((0..codes.len()).map(|i| codes.label(i)).collect::<Vec<_>>()),
    };
    let columns: Map<String, Value> = stacked.table.columns().iter().map(|c| (c.name.clone(), column(&c.values))).collect();
    let last = stacked.table.columns().last().and_then(|c| c.reals().ok()).unwrap_or_default();
    let axes: Vec<&str> = stacked.axes.iter().map(|&a| cube.axes()[a].name.as_str()).collect();
    Ok(json!({ "columns": columns, "axes": axes, "grid": stacked.unstack(last) }))
}
