//! Features that say nothing, or the same thing twice.

use std::collections::BTreeMap;

use esker_core::{Column, Note, Values};

use super::keys;
use super::words::{join, list, percent};

/// Notes features without any value, with a single value, and with more missing values than others.
pub fn empty_columns(features: &[&Column]) -> Vec<Note> {
    let mut missing = Vec::new();
    let mut constant = Vec::new();
    let mut sparse = Vec::new();
    for column in features.iter().filter(|c| !c.is_empty()) {
        let gaps = column.values.missing();
        if gaps == column.len() {
            missing.push(column.name.clone());
            continue;
        }
        let keys = keys(&column.values);
        let mut present = keys.iter().flatten();
        let first = present.next();
        if present.all(|k| Some(k) == first) && gaps == 0 {
            constant.push(column.name.clone());
        } else if 2 * gaps > column.len() {
            sparse.push(format!("'{}' ({})", column.name, percent(gaps, column.len())));
        }
    }
    let mut notes = Vec::new();
    if !missing.is_empty() {
        notes.push(Note::warning("all-missing", format!("{} without any value: leave {} out.", list(&missing), them(&missing))));
    }
    if !constant.is_empty() {
        notes.push(Note::warning(
            "constant",
            format!("{} with the same value in every row: nothing can be learned from {}.", list(&constant), them(&constant)),
        ));
    }
    if !sparse.is_empty() {
        notes.push(Note::info("mostly-missing", format!("Missing in more than half of the rows: {}.", join(&sparse))));
    }
    notes
}

/// Notes features that are equal in every row, set by set; classes are equal too if only their names differ.
pub fn equal_columns(features: &[&Column]) -> Option<Note> {
    let mut sets: BTreeMap<(bool, Vec<Option<u64>>), Vec<&str>> = BTreeMap::new();
    for column in features.iter().filter(|c| c.values.missing() < c.len()) {
        let (class, keys) = match &column.values {
            Values::Real(_) => (false, keys(&column.values)),
            // Codes of two columns count different levels: compare what they count in order of appearance, and only then.
            Values::Class(_) => (true, in_order_of_appearance(&column.values)),
        };
        sets.entry((class, keys)).or_default().push(&column.name);
    }
    let mut twins: Vec<Vec<&str>> = sets.into_values().filter(|names| names.len() > 1).collect();
    if twins.is_empty() {
        return None;
    }
    twins.sort();
    let said: Vec<String> = twins.iter().map(|names| list(names)).collect();
    Some(Note::warning(
        "equal-columns",
        format!(
            "The same in every row: {}. Keep one of each: importance is shared out among copies, which makes all of them look weak.",
            said.join("; ")
        ),
    ))
}

/// Codes renumbered as they first appear: equal for two columns that name the same classes differently.
fn in_order_of_appearance(values: &Values) -> Vec<Option<u64>> {
    let mut seen = BTreeMap::new();
    keys(values)
        .into_iter()
        .map(|key| {
            key.map(|k| {
                let next = seen.len() as u64;
                *seen.entry(k).or_insert(next)
            })
        })
        .collect()
}

fn them(names: &[String]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}
