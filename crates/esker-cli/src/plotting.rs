//! `esker plot`: its words, and what is said of a figure.

use std::path::Path;

use esker::{PlotKind, Plotted, Plotting, ReadOptions, Selection};
use serde_json::json;

use crate::arguments::{Kind, PlotArguments};

/// What the words ask for.
pub fn asked(words: &PlotArguments) -> Plotting {
    let kind = |k: Kind| match k {
        Kind::Point => PlotKind::Point,
        Kind::Line => PlotKind::Line,
        Kind::Step => PlotKind::Step,
        Kind::Bar => PlotKind::Bar,
        Kind::Histogram => PlotKind::Histogram,
        Kind::Hexbin => PlotKind::Hexbin,
        Kind::Box => PlotKind::Box,
        Kind::Map => PlotKind::Map,
        Kind::Heat => PlotKind::Heat,
        Kind::Matrix => PlotKind::Matrix,
    };
    let w = words;
    let variables: Vec<String> = w.variable.iter().cloned().collect();
    let selection = Selection { variables, time: w.time.clone(), bbox: w.bbox.clone(), within: w.within.clone() };
    let units = w.units.iter().cloned().collect();
    Plotting {
        x: w.x.clone(),
        y: w.y.clone(),
        colour: w.colour.clone(),
        size: w.size.clone(),
        label: w.label.clone(),
        facet: w.facet.clone(),
        kind: w.kind.map(kind),
        log: (w.log_x, w.log_y, w.log_colour),
        down: w.down,
        title: w.title.clone(),
        width: w.width.clone(),
        projection: w.projection.clone(),
        selection,
        filter: w.filter.clone(),
        over: w.over.clone(),
        options: ReadOptions { units, layer: w.layer.clone(), sheet: w.sheet.clone(), ..ReadOptions::default() },
    }
}

/// What was drawn, for people.
pub fn told(done: &Plotted, to: &Path) -> String {
    let caption = if done.figure.caption.is_empty() { String::new() } else { format!("\n{}", done.figure.caption) };
    format!("{} → {} ({} mm wide)\n{}{caption}", done.format, to.display(), done.width_mm, done.figure.alt)
}

/// The same for programs.
pub fn json(done: &Plotted, to: &Path) -> String {
    let notes: Vec<&str> = done.notes.iter().map(|n| n.text.as_str()).collect();
    let f = &done.figure;
    json!({
        "format": done.format.to_string(),
        "output": to.display().to_string(),
        "width_mm": done.width_mm,
        "title": f.title,
        "alt": f.alt,
        "caption": f.caption,
        "notes": notes,
    })
    .to_string()
}
