//! What is odd about the target itself: values repeated suspiciously, and errors as large as the signal.

use std::collections::HashMap;

use esker_core::{Codes, Column, MISSING, Note, Unit, Values};

use super::keys;
use super::words::{count, counted, number};

/// A target with more distinct values than this share of its rows counts as continuous.
const CONTINUOUS: f64 = 0.5;

/// Notes exact values that stand in suspiciously many rows of a target that is otherwise continuous: more than ten times
/// as many as a value has on average, and at least five.
///
/// Such values are often filled in (a regional mean given to every glacier without a measurement of its own).
pub fn repeated_targets(target: &Column, group: Option<&Codes>) -> Option<Note> {
    let Values::Real(values) = &target.values else { return None };
    let mut rows_of: HashMap<u64, Vec<usize>> = HashMap::new();
    for (row, key) in keys(&target.values).into_iter().enumerate() {
        if let Some(key) = key {
            rows_of.entry(key).or_default().push(row);
        }
    }
    let rows: usize = rows_of.values().map(Vec::len).sum();
    let distinct = rows_of.len();
    if (distinct as f64) <= CONTINUOUS * rows as f64 {
        return None;
    }
    let limit = (10.0 * rows as f64 / distinct as f64).ceil().max(5.0) as usize;
    let mut repeated: Vec<&Vec<usize>> = rows_of.values().filter(|r| r.len() >= limit).collect();
    repeated.sort_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
    let worst = repeated.first()?;
    let groups = |rows: &[usize]| {
        let group = group?;
        let mut seen: Vec<u32> = rows.iter().map(|&r| group.codes()[r]).filter(|&g| g != MISSING).collect();
        seen.sort_unstable();
        seen.dedup();
        Some(seen.len())
    };
    let of_groups = groups(worst).map_or(String::new(), |g| format!(" of {}", counted(g, "group")));
    let all: usize = repeated.iter().map(|r| r.len()).sum();
    let more = match repeated.len() {
        1 => String::new(),
        n => format!("; {} in all stand in {limit} rows or more, together in {}", counted(n, "such value"), counted(all, "row")),
    };
    Some(Note::warning(
        "repeated-target",
        format!(
            "Target '{}' has {} distinct values in {}, yet the value {}{} stands in {}{of_groups}{more}. \
             Values shared to the last digit are seldom measured one by one: find out whether they were filled in, and if so leave \
             these rows out, for a model is rewarded for recognising them.",
            target.name,
            count(distinct),
            counted(rows, "row"),
            number(values[worst[0]], 6),
            target.unit.suffix(),
            counted(worst.len(), "row"),
        ),
    ))
}

/// The reported errors of a target against its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseCeiling {
    /// Mean squared reported error, in the target's unit squared.
    pub mean_square_error: f64,
    /// Variance of the target over the same rows (divided by n, as in R²), in its unit squared.
    pub variance: f64,
    /// The largest R² to be expected if the reported errors are independent: 1 − mean square error / variance. Not above 0
    /// means that, taken at face value, no skill is possible.
    pub ceiling: f64,
}

impl NoiseCeiling {
    /// Measures the ceiling over the rows that have both; `None` below two rows or for a constant target.
    pub fn of(target: &[f64], reported_error: &[f64]) -> Option<Self> {
        let rows: Vec<(f64, f64)> =
            target.iter().zip(reported_error).map(|(t, e)| (*t, *e)).filter(|(t, e)| t.is_finite() && e.is_finite()).collect();
        if rows.len() < 2 {
            return None;
        }
        let n = rows.len() as f64;
        let mean = rows.iter().map(|r| r.0).sum::<f64>() / n;
        let variance = rows.iter().map(|r| (r.0 - mean).powi(2)).sum::<f64>() / n;
        let mean_square_error = rows.iter().map(|r| r.1 * r.1).sum::<f64>() / n;
        (variance > 0.0).then(|| Self { mean_square_error, variance, ceiling: 1.0 - mean_square_error / variance })
    }
}

/// Notes what the target's reported errors (one standard deviation, in the target's unit) leave to be explained.
/// `achieved_r2` is the best held-out R², if one is known. `None` where there is no ceiling to measure.
pub fn noise_ceiling(target: &[f64], reported_error: &[f64], unit: &Unit, achieved_r2: Option<f64>) -> Option<Note> {
    let noise = NoiseCeiling::of(target, reported_error)?;
    let squared = if unit.is_empty() { String::new() } else { format!(" ({unit})²") };
    let (mse, variance) = (number(noise.mean_square_error, 3), number(noise.variance, 3));
    if noise.ceiling <= 0.0 {
        let follows = match achieved_r2 {
            Some(r2) if r2 > 0.0 => format!(
                "Yet held-out predictions reach R² {}, so the reported errors are probably too large, or not independent but shared between \
                 neighbours, and a shared error can be predicted like a signal. R² on these data is bounded by noise of unknown size: do \
                 not chase it, and believe a difference between models only beyond its uncertainty.",
                number(r2, 2)
            ),
            Some(r2) => format!("Held-out predictions reach none either (R² {}): the data do not carry the question.", number(r2, 2)),
            None => "A model that shows skill all the same says that the reported errors are too large, or shared between neighbours."
                .to_owned(),
        };
        return Some(Note::alarm(
            "noise-ceiling",
            format!(
                "The mean squared reported error of the target, {mse}{squared}, exceeds the target's whole variance, {variance}{squared}. \
                 Taken at face value the target is all noise and no skill is possible. {follows}"
            ),
        ));
    }
    let ceiling = number(noise.ceiling, 2);
    let measured = format!(
        "The mean squared reported error of the target is {mse}{squared}, its variance {variance}{squared}: if the errors are independent"
    );
    Some(match achieved_r2 {
        Some(r2) if r2 > noise.ceiling => Note::warning(
            "noise-ceiling",
            format!(
                "{measured}, no model should pass R² {ceiling}. Held-out predictions reach {}: the reported errors are too large or shared \
                 between neighbours, or the design lets the answer through.",
                number(r2, 2)
            ),
        ),
        _ => {
            let text = format!("{measured}, R² {ceiling} is the most that a model can be expected to reach.");
            let text = achieved_r2.map_or(text.clone(), |r2| format!("{text} Held-out predictions reach {}.", number(r2, 2)));
            if noise.ceiling < 0.5 { Note::warning("noise-ceiling", text) } else { Note::info("noise-ceiling", text) }
        }
    })
}
