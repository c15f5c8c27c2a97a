//! The columns of a CSV body: what each holds is guessed from the first rows, read in one pass, and read again where the guess was wrong.

use rayon::prelude::*;

use esker_core::{Column, DAYS, Note, Result, Unit, Values};

use super::found::{Found, mostly};
use super::head::Head;
use super::number::number;
use super::pass::{Cells, pass};
use super::reader::{Kind, Rules};
use super::shown;
use crate::ReadOptions;
use crate::intern::Interner;
use crate::missing::{Declared, Tally, is_marker};
use crate::time::parse_moment;

/// Rows that tell what a column holds.
const GUESS: usize = 100;

/// Reads the columns of the body.
pub(super) fn read(
    head: &Head<'_>,
    options: &ReadOptions,
    declared: &Declared,
    tally: &mut Tally,
    notes: &mut Vec<Note>,
) -> Result<Vec<Column>> {
    let rules = Rules { text: head.text, decimal_comma: head.decimal_comma, declared };
    let forced: Vec<bool> = head.names.iter().map(|n| options.reads_as_class(n)).collect();
    let mut judges: Vec<Judge<'_>> =
        head.names.iter().zip(&forced).map(|(name, &forced)| Judge { head, name, forced, declared, no_numbers: forced }).collect();
    let mut kinds = guess(head, &forced, rules);
    let mut settled: Vec<Option<Settled<'_>>> = kinds.iter().map(|_| None).collect();
    let mut first = true;
    // A wrong guess is read again: numbers and dates as texts, and texts that all are numbers as those.
    while kinds.iter().any(|k| *k != Kind::Skip) {
        let (cells, remarks) = pass(head, &kinds, rules)?;
        if std::mem::take(&mut first) {
            notes.extend(remarks);
        }
        for (i, cells) in cells.into_iter().enumerate() {
            if kinds[i] != Kind::Skip {
                let verdict = judges[i].settle(cells)?;
                kinds[i] = verdict.as_ref().err().copied().unwrap_or(Kind::Skip);
                settled[i] = verdict.ok();
            }
        }
    }
    // Columns are finished side by side; their notes come in order.
    let settled: Vec<(Settled<'_>, &Judge<'_>)> = settled.into_iter().flatten().zip(&judges).collect();
    let finished: Vec<(Column, Tally, Vec<Note>)> = settled.into_par_iter().map(|(settled, judge)| judge.finish(settled)).collect();
    let mut columns = Vec::with_capacity(finished.len());
    let mut dates = Vec::new();
    for (column, seen, remarks) in finished {
        tally.join(seen);
        notes.extend(remarks);
        if column.unit.as_str() == DAYS {
            dates.push(format!("'{}'", column.name));
        }
        columns.push(column);
    }
    if !dates.is_empty() {
        notes.push(Note::info("dates", format!("Dates and times became {DAYS} in {}.", dates.join(", "))));
    }
    Ok(columns)
}

/// What the columns seem to hold, from the first rows.
fn guess(head: &Head<'_>, forced: &[bool], rules: Rules<'_>) -> Vec<Kind> {
    let mut scanner = head.body.clone();
    let mut cells = Vec::new();
    let mut seen = vec![[0_u64; 3]; forced.len()];
    for _ in 0..GUESS {
        // A broken row is refused when all rows are read.
        if !matches!(scanner.next(&mut cells), Ok(true)) {
            break;
        }
        for (cell, [numbers, dates, texts]) in cells.iter().zip(&mut seen) {
            let bytes = cell.bytes(rules.text).trim_ascii();
            let kind = match () {
                () if is_marker(bytes) || rules.declared.text(bytes) => continue,
                () if number(bytes, rules.decimal_comma).is_some() => numbers,
                () if parse_moment(bytes).is_some() => dates,
                () => texts,
            };
            *kind += 1;
        }
    }
    let kind = |(&[numbers, dates, texts], &forced): (&[u64; 3], &bool)| match () {
        () if forced => Kind::Text,
        () if mostly(numbers, dates + texts) => Kind::Number,
        () if numbers + texts == 0 => Kind::Date,
        () => Kind::Text,
    };
    seen.iter().zip(forced).map(kind).collect()
}

/// A column whose kind is known.
enum Settled<'t> {
    Numbers(Vec<f64>, Found),
    Dates(Vec<f64>, Found),
    /// Texts that all are dates: the days of each distinct one.
    DateTexts(Interner<'t>, Vec<f64>),
    /// Texts, whether some stand without quotes, and a note on what else they are.
    Texts(Interner<'t>, bool, Option<Note>),
}

/// Decides what a column is.
struct Judge<'a> {
    head: &'a Head<'a>,
    name: &'a str,
    /// Read as text because the caller says so.
    forced: bool,
    declared: &'a Declared,
    /// It was found to be no column of numbers.
    no_numbers: bool,
}

impl Judge<'_> {
    /// What the column is, or what to read it as instead.
    fn settle<'t>(&mut self, cells: Cells<'t>) -> Result<std::result::Result<Settled<'t>, Kind>> {
        Ok(match cells.kind {
            Kind::Number if cells.found.are_numbers(self.head, self.name)? => Ok(Settled::Numbers(cells.values, cells.found)),
            Kind::Number => {
                self.no_numbers = true;
                Err(Kind::Text)
            }
            Kind::Date if cells.found.bad == 0 => Ok(Settled::Dates(cells.values, cells.found)),
            Kind::Date => Err(Kind::Text),
            _ if self.forced => Ok(Settled::Texts(cells.texts, cells.bare, None)),
            _ => self.settle_texts(cells),
        })
    }

    fn settle_texts<'t>(&self, cells: Cells<'t>) -> std::result::Result<Settled<'t>, Kind> {
        let distinct = cells.texts.distinct();
        let days: Vec<f64> = distinct.iter().map(|(text, ..)| parse_moment(text.as_bytes().trim_ascii()).unwrap_or(f64::NAN)).collect();
        let (mut numbers, mut dates, mut others) = (0, 0, 0);
        let (mut first_date, mut first_other) = (None, None);
        for ((text, _, count), day) in distinct.into_iter().zip(&days) {
            let bytes = text.as_bytes().trim_ascii();
            if is_marker(bytes) || self.declared.text(bytes) {
            } else if number(bytes, self.head.decimal_comma).is_some() {
                numbers += count;
            } else if day.is_nan() {
                others += count;
                first_other = first_other.or(Some(text));
            } else {
                dates += count;
                first_date = first_date.or(Some(text));
            }
        }
        if !self.no_numbers && mostly(numbers, dates + others) {
            return Err(Kind::Number);
        }
        if numbers + others == 0 && dates > 0 {
            return Ok(Settled::DateTexts(cells.texts, days));
        }
        let (told, what) = if numbers > 0 { (numbers, "numbers") } else { (dates, "dates") };
        let note = first_other.or(first_date).filter(|_| told > 0).map(|odd| {
            let total = numbers + dates + others;
            let name = self.name;
            let text = format!(
                "Column '{name}' holds {what} in {told} of {total} cells and text in the others, such as '{}'; it was read as classes.",
                shown(odd)
            );
            if told * 2 >= total { Note::warning("mixed-column", text) } else { Note::info("mixed-column", text) }
        });
        Ok(Settled::Texts(cells.texts, cells.bare, note))
    }

    /// The column, what stood for missing in it, and notes.
    fn finish(&self, settled: Settled<'_>) -> (Column, Tally, Vec<Note>) {
        let name = self.name;
        let (mut tally, mut notes) = (Tally::default(), Vec::new());
        let (values, unit) = match settled {
            Settled::Numbers(mut values, found) => {
                found.notes(name, &mut tally, &mut notes);
                tally.scrub(name, &mut values, self.declared);
                (Values::Real(values), Unit::default())
            }
            Settled::Dates(values, found) => {
                found.notes(name, &mut tally, &mut notes);
                (Values::Real(values), Unit::new(DAYS))
            }
            Settled::DateTexts(texts, days) => {
                for ((text, _, count), day) in texts.distinct().into_iter().zip(&days) {
                    if day.is_nan() && !text.is_empty() {
                        tally.add(text, name, count);
                    }
                }
                (Values::Real(texts.spread(&days)), Unit::new(DAYS))
            }
            Settled::Texts(texts, bare, note) => {
                notes.extend(note);
                // Where all cells of a column stand in quotes, they say nothing of what is missing.
                let codes = texts.finish(|text, protected, count| {
                    let missing = self.declared.label(text) || (is_marker(text.as_bytes()) && !(protected && bare));
                    if missing && !text.is_empty() {
                        tally.add(text, name, count);
                    } else if protected {
                        let cells = if count == 1 { "cell" } else { "cells" };
                        notes.push(Note::info(
                            "quoted-marker",
                            format!("'{text}' stands in quotes in {count} {cells} of column '{name}' and was read as text."),
                        ));
                    }
                    missing
                });
                (Values::Class(codes), Unit::default())
            }
        };
        if values.missing() == values.len() {
            notes.push(Note::warning("all-missing", format!("Column '{name}' holds no value at all.")));
        }
        (Column { name: name.to_owned(), unit, values }, tally, notes)
    }
}
