//! Where the columns came from: the steps between reading the table and using it.

use esker_core::StepRecord;

use super::html::Html;
use super::number::count;
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::{list, sentence};

/// Names of new columns that a row of the table shows.
const SHOWN: usize = 12;

/// The table of steps, and what each assumed.
pub fn steps(r: Reading<'_>, h: &mut Html) {
    let steps = &r.record.data.steps;
    if steps.is_empty() {
        return;
    }
    let mut sheet = Sheet::new("Steps between the file and the table used, in order")
        .words("Step")
        .words("Files")
        .numbers("rows before")
        .numbers("rows after")
        .numbers("found theirs")
        .numbers("did not")
        .words("New columns");
    for (i, step) in steps.iter().enumerate() {
        let found = |n: Option<usize>| number(n.map_or_else(|| "–".to_owned(), count));
        sheet.row(vec![
            text(name(i, step)),
            text(if step.sources.is_empty() { "–".to_owned() } else { files(step).join(", ") }),
            number(count(step.rows_in)),
            number(count(step.rows_out)),
            found(step.matched),
            found(step.unmatched),
            text(columns(step)),
        ]);
    }
    sheet.write(h);
    h.with("dl", &[("class", "facts")], |h| {
        for (i, step) in steps.iter().enumerate().filter(|(_, s)| !s.assumed.is_empty()) {
            h.with("div", &[], |h| {
                h.element("dt", &[], &name(i, step));
                h.with("dd", &[], |h| h.element("span", &[], &step.assumed.iter().map(|a| sentence(a)).collect::<Vec<_>>().join(" ")));
            });
        }
    });
}

/// One sentence for the methods: the files that columns came from.
pub fn method(r: Reading<'_>) -> String {
    let mut names: Vec<String> = r.record.data.steps.iter().flat_map(files).collect();
    names.dedup();
    if names.is_empty() { String::new() } else { format!("Columns were added from {}.", list(&names)) }
}

fn name(i: usize, step: &StepRecord) -> String {
    format!("{} {}", i + 1, step.kind)
}

fn files(step: &StepRecord) -> Vec<String> {
    step.sources.iter().map(|s| s.name.clone()).collect()
}

fn columns(step: &StepRecord) -> String {
    let more = if step.columns.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", step.columns.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "))
}
