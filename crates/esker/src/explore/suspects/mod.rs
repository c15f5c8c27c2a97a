//! What looks wrong in a file, each with numbers and what to do next.

mod copies;
mod dates;
mod places;
mod rows;
mod times;
mod units;
mod values;

use esker_core::exploration::Suspect;
use esker_core::{Note, Weight};

use super::frame::Frame;

pub use times::calendars;

/// Columns named in a finding.
const NAMED: usize = 8;
/// Rows named in a finding.
const ROWS: usize = 5;

/// Everything that looks wrong, gravest first.
pub fn of(frame: &Frame, from_file: bool) -> Vec<Suspect> {
    let mut found = values::of(frame);
    found.extend(units::of(frame));
    found.extend(copies::of(frame));
    found.extend(places::of(frame));
    found.extend(times::of(frame));
    found.extend(dates::of(frame));
    if from_file {
        found.extend(rows::of(frame));
    }
    found
}

/// What looks wrong with the times alone.
pub fn in_time(frame: &Frame) -> Vec<Suspect> {
    times::of(frame)
}

/// Puts the gravest first; those of one weight keep their order.
pub fn sort(found: &mut [Suspect]) {
    found.sort_by_key(|s| std::cmp::Reverse(s.weight));
}

/// Notes of the reader that warn, as findings; the others are left.
pub fn split(notes: Vec<Note>) -> (Vec<Suspect>, Vec<Note>) {
    let mut seen: Vec<Note> = Vec::new();
    notes.into_iter().for_each(|n| {
        if !seen.contains(&n) {
            seen.push(n);
        }
    });
    let (grave, rest): (Vec<Note>, Vec<Note>) = seen.into_iter().partition(|n| n.weight > Weight::Info);
    let told = |n: Note| Suspect {
        weight: n.weight,
        code: n.code,
        columns: Vec::new(),
        text: capital(&n.text),
        next: String::new(),
        rows: Vec::new(),
    };
    // Variables without a unit and columns without a value have findings of their own.
    (grave.into_iter().filter(|n| n.code != "all-missing").map(told).collect(), rest)
}

/// A finding.
pub fn suspect(weight: Weight, code: &str, columns: &[&str], (text, next): (String, &str)) -> Suspect {
    let columns = columns.iter().map(|c| (*c).to_owned()).collect();
    Suspect { weight, code: code.to_owned(), columns, text, next: next.to_owned(), rows: Vec::new() }
}

/// Rows of the table, counted from 1, of rows looked at.
pub fn in_file(frame: &Frame, rows: impl IntoIterator<Item = usize>) -> Vec<usize> {
    rows.into_iter().take(ROWS).map(|r| frame.rows[r] + 1).collect()
}

/// Rows of the table, counted from 1, of its rows.
pub fn in_all(rows: impl IntoIterator<Item = usize>) -> Vec<usize> {
    rows.into_iter().take(ROWS).map(|r| r + 1).collect()
}

/// What a count is of, where not all rows are looked at.
pub fn of_those(frame: &Frame) -> &'static str {
    if frame.rows.len() < frame.table.rows() { " of the rows drawn" } else { "" }
}

/// `'a', 'b' and 3 others`.
pub fn named(columns: &[&str]) -> String {
    let shown: Vec<String> = columns.iter().take(NAMED).map(|c| format!("'{c}'")).collect();
    match (shown.as_slice(), columns.len() - shown.len()) {
        ([], _) => String::new(),
        ([one], 0) => one.clone(),
        ([most @ .., last], 0) => format!("{} and {last}", most.join(", ")),
        (all, more) => format!("{} and {more} others", all.join(", ")),
    }
}

/// A number with six digits.
pub fn num(v: f64) -> String {
    if v != 0.0 && !(1e-4..1e9).contains(&v.abs()) {
        return format!("{v:.3e}");
    }
    let decimals = (5 - v.abs().max(1e-9).log10().floor() as i32).clamp(0, 8) as usize;
    let text = format!("{v:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number of things with its word.
pub fn many(n: usize, one: &str, more: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { more })
}

/// A number with its thousands set off: `6,834`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
