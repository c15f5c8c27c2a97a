//! What looks wrong, or may mislead, in a decoded file.

use esker_core::cube::{Axis, AxisKind, Labels};
use esker_core::{Calendar, Note};

use super::packing::Oddity;

/// Day of 1582-10-15, the first Gregorian one.
const REFORM: f64 = -141_427.0;

/// Notes on labels and bounds of all axes.
pub(super) fn axes(axes: &[Axis], degrees: bool, notes: &mut Vec<Note>) {
    let mut calendars: Vec<(Calendar, &str)> = Vec::new();
    for axis in axes {
        if let Some(Labels::Time { calendar, days }) = &axis.labels {
            // Since the reform the standard calendar is the proleptic one.
            let modern = *calendar == Calendar::Standard && days.iter().all(|&d| d.is_nan() || d >= REFORM);
            let calendar = if modern { Calendar::Proleptic } else { *calendar };
            if !calendars.iter().any(|(c, _)| *c == calendar) {
                calendars.push((calendar, &axis.name));
            }
        }
        labels(axis, notes);
        bounds(axis, notes);
        if degrees {
            ranges(axis, notes);
        }
    }
    if calendars.len() > 1 {
        let each: Vec<String> = calendars.iter().map(|(c, a)| format!("'{a}' {}", c.name())).collect();
        notes.push(Note::warning("calendars-differ", format!("times of one file are of different calendars: {}", each.join(", "))));
    } else if let Some((calendar, axis)) = calendars.first().filter(|(c, _)| !matches!(c, Calendar::Standard | Calendar::Proleptic)) {
        notes.push(Note::info("calendar", format!("times of axis '{axis}' are of the {} calendar", calendar.name())));
    }
}

fn labels(axis: &Axis, notes: &mut Vec<Note>) {
    let name = &axis.name;
    match &axis.labels {
        Some(Labels::Text(texts)) => {
            let mut sorted: Vec<&String> = texts.iter().collect();
            sorted.sort_unstable();
            if let Some(twice) = sorted.windows(2).find(|w| w[0] == w[1]) {
                notes.push(Note::warning("axis-repeated", format!("axis '{name}' has the label '{}' more than once", twice[0])));
            }
        }
        Some(labels) => numbers(axis, labels.numbers().unwrap_or(&[]), notes),
        None => {}
    }
}

fn numbers(axis: &Axis, values: &[f64], notes: &mut Vec<Note>) {
    let name = &axis.name;
    let missing = values.iter().filter(|v| v.is_nan()).count();
    if missing > 0 {
        notes.push(Note::warning("axis-missing", format!("axis '{name}' has {missing} missing labels of {}", values.len())));
        return;
    }
    let direction = axis.direction();
    if direction < 0 && values.len() > 1 && axis.kind != AxisKind::Other {
        notes.push(Note::info("axis-descending", format!("axis '{name}' descends; it is kept as it is")));
    }
    if direction != 0 || values.len() < 2 {
        return;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let twice = sorted.windows(2).filter(|w| w[0] == w[1]).count();
    if twice > 0 {
        notes.push(Note::warning("axis-repeated", format!("axis '{name}' repeats {twice} of its {} labels", values.len())));
    }
    let ordered = values.windows(2).all(|w| w[0] <= w[1]) || values.windows(2).all(|w| w[0] >= w[1]);
    if !ordered {
        notes.push(Note::warning("axis-unsorted", format!("labels of axis '{name}' neither ascend nor descend throughout")));
    }
}

/// Cells that overlap their neighbours by more than rounding.
fn bounds(axis: &Axis, notes: &mut Vec<Note>) {
    let Some(bounds) = &axis.bounds else { return };
    if axis.attributes.get("climatology").is_some() || bounds.iter().flatten().any(|v| v.is_nan()) {
        return;
    }
    let mut edges: Vec<[f64; 2]> = bounds.iter().map(|[a, b]| [a.min(*b), a.max(*b)]).collect();
    edges.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
    let overlaps = edges.windows(2).filter(|w| w[1][0] < w[0][1] - 1e-6 * (w[0][1] - w[0][0]).abs().max(1e-12)).count();
    if overlaps > 0 {
        let text =
            format!("cells of axis '{}' overlap by their bounds at {overlaps} of {} places", axis.name, bounds.len().saturating_sub(1));
        notes.push(Note::warning("bounds-overlap", text));
    }
}

/// Longitudes beyond 180° and latitudes beyond the poles.
fn ranges(axis: &Axis, notes: &mut Vec<Note>) {
    let Some(Labels::Real(values)) = &axis.labels else { return };
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    match axis.kind {
        AxisKind::X if low < -180.0 - 1e-6 || high > 360.0 + 1e-6 => {
            let text = format!("longitudes of axis '{}' run from {low} to {high} degrees, beyond -180 to 360", axis.name);
            notes.push(Note::warning("longitude-range", text));
        }
        AxisKind::X if high > 180.0 => {
            let text = format!("longitudes of axis '{}' run from {low} to {high} degrees; they are kept as they are", axis.name);
            notes.push(Note::info("longitude-0-360", text));
        }
        AxisKind::Y if low < -90.0 - 1e-6 || high > 90.0 + 1e-6 => {
            let text = format!("latitudes of axis '{}' run from {low} to {high} degrees, beyond the poles", axis.name);
            notes.push(Note::warning("latitude-range", text));
        }
        _ => {}
    }
}

/// Notes on packing, one a sort with the variables it touches.
pub(super) fn packing(odd: &[(String, Oddity)], ranges: &[String], notes: &mut Vec<Note>) {
    let no_fill: Vec<&str> = odd.iter().filter(|(_, o)| *o == Oddity::NoFill).map(|(n, _)| n.as_str()).collect();
    if !no_fill.is_empty() {
        let text = format!("packed integers without a fill value: {}; every number counts as a value", listed(&no_fill));
        notes.push(Note::info("packed-without-fill", text));
    }
    for (name, oddity) in odd {
        match oddity {
            Oddity::NoFill => {}
            Oddity::Scale(got) => notes.push(Note::warning("packing-scale", format!("'{name}' is packed with {got}"))),
            Oddity::Valid(low, high) => {
                let text = format!("the valid range of '{name}', {low} to {high}, holds no number: it is left aside");
                notes.push(Note::warning("valid-range-empty", text));
            }
        }
    }
    if !ranges.is_empty() {
        let names: Vec<&str> = ranges.iter().map(String::as_str).collect();
        notes.push(Note::info("valid-range", format!("values outside the stated valid range are missing: {}", listed(&names))));
    }
}

/// Names for a note, the first ten.
pub(super) fn listed(names: &[&str]) -> String {
    let more = if names.len() > 10 { format!(" and {} more", names.len() - 10) } else { String::new() };
    format!("{}{more}", names.iter().take(10).copied().collect::<Vec<_>>().join(", "))
}
