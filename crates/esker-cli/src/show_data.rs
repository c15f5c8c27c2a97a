//! What `info`, `convert` and maps print: axes and variables as short tables.

use std::fmt::Write as _;
use std::path::Path;

use esker::{Audit, AxisInfo, Converted, Explored, Flattery, Header, Info, Leak, PredictedMap, Prepared, StepRecord, VariableInfo, Weight};
use serde_json::json;

use crate::show::{self, notes, number, paint, pretty};

/// Variables listed at most; `--json` lists all.
const MOST: usize = 60;

/// A file, for people.
pub fn info(info: &Info) -> String {
    let mut text = format!("{}: {}", paint(&info.file, "1"), info.format);
    if let Some(geometry) = info.geometry {
        let _ = write!(text, ", {geometry}");
    }
    if let Some(rows) = info.rows {
        let _ = write!(text, ", {rows} rows × {} columns", info.variables.len());
    }
    let _ = writeln!(text, "\nCRS: {}", info.crs.as_deref().unwrap_or("not stated"));
    if !info.axes.is_empty() {
        let _ = writeln!(text, "\nAxes");
        text.push_str(&columns(&info.axes.iter().map(axis).collect::<Vec<_>>()));
    }
    for (title, auxiliary) in
        [(if info.rows.is_some() { "Columns" } else { "Variables" }, false), ("Variables that place or bound others", true)]
    {
        let listed: Vec<&VariableInfo> = info.variables.iter().filter(|v| v.auxiliary == auxiliary).collect();
        if listed.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{title}");
        text.push_str(&columns(&listed.iter().take(MOST).map(|v| variable(v)).collect::<Vec<_>>()));
        if listed.len() > MOST {
            let _ = writeln!(text, "  … and {} more: --json lists all", listed.len() - MOST);
        }
    }
    let decided: Vec<&str> = info.notes.iter().filter(|n| n.weight == Weight::Info).map(|n| n.text.as_str()).collect();
    if !decided.is_empty() {
        let _ = writeln!(text, "\nDecided");
        decided.iter().for_each(|d| {
            let _ = writeln!(text, "  {d}");
        });
    }
    let wrong = notes(&info.notes);
    if !wrong.is_empty() {
        let _ = writeln!(text, "\n{wrong}");
    }
    text
}

/// What looks wrong, and where the page is.
pub fn explored(explored: &Explored, page: &Path) -> String {
    let mut text = String::new();
    for s in &explored.exploration.findings {
        let (word, colour) = match s.weight {
            Weight::Alarm => ("alarm", "31;1"),
            Weight::Warning => ("warning", "33"),
            Weight::Info => ("note", "2"),
        };
        let _ = writeln!(text, "{}: {}", paint(word, colour), s.text);
    }
    let _ = write!(text, "{} → {}", explored.exploration.file, page.display());
    text
}

/// The same with the numbers of every picture, for programs.
pub fn explored_json(explored: &Explored, page: &Path) -> String {
    pretty(&json!({ "page": page.display().to_string(), "exploration": explored.exploration }))
}

fn axis(a: &AxisInfo) -> Vec<String> {
    let range = match (&a.first, &a.last) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(first), _) => first.clone(),
        _ => "counted".to_owned(),
    };
    let mut more: Vec<String> = Vec::new();
    if let Some(step) = a.step {
        more.push(format!("step {step}"));
    }
    if let Some(order) = a.order.filter(|o| *o != "ascending") {
        more.push(if order == "neither" { "unsorted".into() } else { order.into() });
    }
    more.extend(a.calendar.map(|c| format!("{c} calendar")));
    if a.bounds {
        more.push("with bounds".into());
    }
    vec![a.name.clone(), a.kind.unwrap_or("–").to_owned(), a.cells.to_string(), range, a.unit.clone(), more.join(", ")]
}

fn variable(v: &VariableInfo) -> Vec<String> {
    let shape: Vec<String> = v.axes.iter().zip(&v.shape).map(|(a, n)| format!("{a} {n}")).collect();
    let mut row = vec![v.name.clone(), v.unit.clone(), shape.join(" × "), v.stored.clone()];
    if let Some(s) = &v.values {
        let number = |x: Option<f64>| x.map_or_else(|| "–".to_owned(), short);
        row.push(match s.classes {
            Some(n) => format!("{n} {}", if v.holds == "texts" { "texts" } else { "classes" }),
            None => format!("{} … {} … {}", number(s.min), number(s.mean), number(s.max)),
        });
        row.push(if s.missing > 0 { format!("{} missing", s.missing) } else { String::new() });
    }
    row.push(v.long_name.clone().unwrap_or_default());
    row
}

/// Six digits tell what a summary has to tell.
fn short(x: f64) -> String {
    if x != 0.0 && !(1e-4..1e7).contains(&x.abs()) {
        return format!("{x:.5e}");
    }
    let digits = if x == 0.0 { 0 } else { (5 - x.abs().log10().floor() as i32).clamp(0, 9) as usize };
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Cells in columns, all flush left; columns that hold nothing are not shown.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide: Vec<usize> = (0..count).map(|c| rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&wide).filter(|(_, w)| **w > 0) {
            let _ = write!(line, "  {cell}{}", " ".repeat(width - cell.chars().count()));
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// A file, for programs.
pub fn info_json(info: &Info) -> String {
    pretty(&json!(info))
}

/// What was converted, for programs.
pub fn converted_json(done: &Converted, output: &Path) -> String {
    pretty(&json!({ "ok": true, "format": done.format.name(), "file": output.display().to_string(), "notes": done.notes }))
}

/// What was mapped, in a line.
pub fn map(header: &Header, map: &PredictedMap, output: &Path) -> String {
    let layers: Vec<&str> = map.cube.data().map(|v| v.name.as_str()).collect();
    let inside = show::inside(map.unlike);
    format!("{} of {} cells predicted by {}{inside}: {} ({})", map.predicted, map.cells, header.model, output.display(), layers.join(", "))
}

/// What was mapped, for programs.
pub fn map_json(map: &PredictedMap, output: &Path) -> String {
    let layers: Vec<&str> = map.cube.data().map(|v| v.name.as_str()).collect();
    pretty(&json!({
        "ok": true, "cells": map.cells, "predicted": map.predicted, "layers": layers, "applicability": show::inside_json(map.unlike),
        "file": output.display().to_string(), "notes": map.notes,
    }))
}

/// What an audit found, each with where, evidence, how much it flatters, and how to mend.
pub fn audit(audit: &Audit, recipe: &Path) -> String {
    let mut text = String::new();
    for (i, leak) in audit.findings.iter().enumerate() {
        let _ = writeln!(text, "{}", paint(&format!("{}. {} [{}]", i + 1, leak.what, leak.code), "1;33"));
        let line = leak.line.map_or(String::new(), |l| format!(":{l}"));
        let _ = writeln!(text, "   where     {}{line} {}{}", recipe.display(), leak.key, of_rows(leak));
        let _ = writeln!(text, "   evidence  {}", leak.evidence);
        let _ = writeln!(
            text,
            "   flatters  {}",
            leak.flatters.as_ref().map_or_else(|| "cannot be taken away, so not measured".to_owned(), |f| by(audit, f))
        );
        let _ = writeln!(text, "   mend      {}\n", leak.mend);
    }
    match audit.findings.len() {
        0 => {
            let _ = writeln!(text, "{}: nothing found. Looked for:", recipe.display());
            for looked in &audit.looked_for {
                let _ = writeln!(text, "  {looked}");
            }
        }
        1 => text.push_str("1 finding\n"),
        n => {
            let _ = writeln!(text, "{n} findings");
        }
    }
    text
}

fn of_rows(leak: &Leak) -> String {
    let rows: Vec<String> = leak.rows.iter().map(ToString::to_string).collect();
    match leak.rows_in_all {
        0 => String::new(),
        n if n > rows.len() => format!("; {n} rows: {}, …", rows.join(", ")),
        n => format!("; {n} rows: {}", rows.join(", ")),
    }
}

fn by(audit: &Audit, f: &Flattery) -> String {
    let unit = if audit.unit.is_empty() { String::new() } else { format!(" {}", audit.unit) };
    let sd = f.sd.map_or(String::new(), |sd| format!(" (standard deviation {} over {} folds)", number(sd), f.folds));
    let noise = if f.beyond_noise { "" } else { ", within the noise between folds" };
    format!(
        "{} of {}: {} as is, {} {}; by {}{unit}{sd}{noise}",
        audit.metric,
        f.model,
        number(f.as_is),
        number(f.without),
        f.how,
        number(f.by)
    )
}

/// What an audit found, for programs.
pub fn audit_json(audit: &Audit) -> String {
    pretty(&json!(audit))
}

/// What each step did to a table, for people.
pub fn prepared(prepared: &Prepared, output: &Path) -> String {
    let mut text = String::new();
    if !prepared.steps.is_empty() {
        text.push_str(&columns(&prepared.steps.iter().enumerate().map(|(i, s)| step(i + 1, s)).collect::<Vec<_>>()));
    }
    let _ = write!(text, "{} rows × {} columns → {}", prepared.table.rows(), prepared.table.columns().len(), output.display());
    text
}

fn step(number: usize, step: &StepRecord) -> Vec<String> {
    let rows = if step.rows_in == step.rows_out {
        format!("{} rows", step.rows_in)
    } else {
        format!("{} → {} rows", step.rows_in, step.rows_out)
    };
    let found = step.matched.map_or_else(String::new, |m| format!("{m} matched, {} not", step.unmatched.unwrap_or(0)));
    vec![
        format!("step {number}"),
        step.kind.clone(),
        step.sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "),
        rows,
        found,
        step.columns.join(", "),
    ]
}

/// The same, for programs.
pub fn prepared_json(prepared: &Prepared, output: &Path) -> String {
    let columns: Vec<_> =
        prepared.table.columns().iter().map(|c| json!({ "name": c.name, "unit": c.unit, "missing": c.values.missing() })).collect();
    pretty(&json!({
        "output": output.display().to_string(),
        "rows": prepared.table.rows(),
        "columns": columns,
        "steps": prepared.steps,
        "notes": prepared.notes,
    }))
}
