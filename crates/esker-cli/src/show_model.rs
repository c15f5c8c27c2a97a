//! What `info`, `import` and `export` print of models.

use std::fmt::Write as _;
use std::path::Path;

use esker::record::Task;
use esker::{Exported, FieldKind, Header, LoadedModel, Note};
use serde_json::{Value, json};

use crate::show::{paint, pretty};

/// Features listed at most; `--json` lists all.
const MOST: usize = 60;

/// A model, for people.
pub fn info(model: &LoadedModel, file: &Path) -> String {
    let header = &model.header;
    let mut text =
        format!("{}: Esker model, written by esker {}\n{}\n\n", paint(&file.display().to_string(), "1"), header.esker, header.title);
    let target = match &header.task {
        Task::Regression { target, unit } => format!("{target}{}", unit.suffix()),
        Task::Classification { target, names, .. } => format!("{target}, one of {}", names.join(", ")),
    };
    let _ = writeln!(text, "model     {}\ntarget    {target}\ndesign    {}", header.model, header.design);
    if let (Some(level), Some(coverage)) = (header.level, header.coverage) {
        let _ = writeln!(text, "intervals {:.0} %, measured coverage {:.1} %", level * 100.0, coverage * 100.0);
    }
    if let Some(adjustment) = &header.adjustment {
        if let Some(how) = &adjustment.calibration {
            let _ = writeln!(text, "calibrated by {how}");
        }
        if let Some((threshold, last)) = adjustment.threshold.as_ref().and_then(|t| Some((t, t.parts.last()?))) {
            let _ = writeln!(text, "threshold {} is said from a probability of {:.3} on ({})", threshold.class, last.from, threshold.by);
        }
    }
    let (shares, of) = model.importance();
    let _ = writeln!(text, "\nFeatures{}", if of.is_empty() { String::new() } else { format!(" ({of})") });
    let wide = header.schema.fields.iter().take(MOST).map(|f| f.name.chars().count()).max().unwrap_or(0);
    for field in header.schema.fields.iter().take(MOST) {
        let share = shares.iter().find(|s| s.0 == field.name).map_or(String::new(), |s| format!("{:5.1} %  ", s.1 * 100.0));
        let holds = match &field.kind {
            FieldKind::Real { min, max } if min <= max => format!("{min} to {max}{}", field.unit.suffix()),
            FieldKind::Real { .. } => format!("numbers{}", field.unit.suffix()),
            FieldKind::Class { levels } => format!("{} classes: {}", levels.len(), shortened(levels)),
        };
        let _ = writeln!(text, "  {}{}  {share}{holds}", field.name, " ".repeat(wide - field.name.chars().count()));
    }
    if header.schema.fields.len() > MOST {
        let _ = writeln!(text, "  … and {} more: --json lists all", header.schema.fields.len() - MOST);
    }
    text
}

/// The first classes.
fn shortened(levels: &[String]) -> String {
    let first: Vec<&str> = levels.iter().take(8).map(String::as_str).collect();
    if levels.len() > first.len() { format!("{}, …", first.join(", ")) } else { first.join(", ") }
}

/// A model, for programs.
pub fn info_json(model: &LoadedModel, file: &Path) -> String {
    let (shares, of) = model.importance();
    let shares: serde_json::Map<String, Value> = shares.into_iter().map(|(name, share)| (name, json!(share))).collect();
    pretty(&json!({
        "file": file.display().to_string(), "format": "Esker model", "kind": "model", "header": model.header,
        "importance": { "of": of, "shares": shares },
    }))
}

/// What was exported, in a line.
pub fn exported(exported: &Exported, output: &Path) -> String {
    let columns = if exported.inputs.len() == 1 { "column" } else { "columns" };
    format!("ONNX model of {} {columns} that answers {}: {}", exported.inputs.len(), exported.outputs.join(" and "), output.display())
}

/// What was exported, for programs.
pub fn exported_json(exported: &Exported, output: &Path) -> String {
    pretty(&json!({
        "ok": true, "file": output.display().to_string(), "format": "ONNX", "inputs": exported.inputs,
        "outputs": exported.outputs, "notes": exported.notes,
    }))
}

/// What was imported, in a line.
pub fn imported(header: &Header, output: &Path) -> String {
    format!("{}, {} features, target '{}': {}", header.title, header.schema.fields.len(), header.task.target(), output.display())
}

/// What was imported, for programs.
pub fn imported_json(header: &Header, notes: &[Note], output: &Path) -> String {
    let features: Vec<&str> = header.schema.fields.iter().map(|f| f.name.as_str()).collect();
    pretty(&json!({
        "ok": true, "file": output.display().to_string(), "title": header.title, "features": features,
        "task": header.task, "notes": notes,
    }))
}
