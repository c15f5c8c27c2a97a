//! The columns of a CSV body: one pass reads every column as numbers, a second one the columns that turned out to be classes.

use std::borrow::Cow;

use esker_core::{Column, Error, Note, Result, Unit, Values};

use super::head::Head;
use super::number::{leading_zero, number, too_many_digits};
use super::scan::Cell;
use super::{next_record, row_name, shown, skipped};
use crate::ReadOptions;
use crate::intern::Interner;
use crate::missing::{Declared, Tally, is_marker};

/// Where a cell was and what it said.
struct Place {
    row: u64,
    line: u64,
    text: String,
}

/// A column read as numbers, with what did not fit.
#[derive(Default)]
struct Numbers {
    values: Vec<f64>,
    numbers: u64,
    /// Cells that are neither numbers nor missing.
    bad: u64,
    first_bad: Option<Place>,
    infinite: Option<Place>,
    zeros: Option<(u64, String)>,
    long: Option<(u64, String)>,
    markers: Vec<(String, u64)>,
    /// Some cell stands without quotes.
    bare: bool,
}

impl Numbers {
    fn take(&mut self, cell: &Cell, head: &Head<'_>, declared: &Declared, at: (u64, u64)) {
        let raw = cell.bytes(head.text);
        let bytes = if cell.quoted { raw.trim_ascii() } else { raw };
        let value = match number(bytes, head.decimal_comma) {
            Some(infinite) if infinite.is_infinite() && declared.text(bytes) => {
                self.marker(bytes);
                f64::NAN
            }
            Some(value) => {
                self.numbers += 1;
                if leading_zero(bytes) {
                    mark(&mut self.zeros, bytes);
                }
                if too_many_digits(bytes, value) {
                    mark(&mut self.long, bytes);
                }
                if value.is_infinite() && self.infinite.is_none() {
                    self.infinite = Some(Place { row: at.0, line: at.1, text: shown(&cell.text(head.text)) });
                }
                value
            }
            None => {
                if bytes.is_empty() {
                } else if is_marker(bytes) || declared.text(bytes) {
                    self.marker(bytes);
                } else {
                    self.bad += 1;
                    if self.first_bad.is_none() {
                        self.first_bad = Some(Place { row: at.0, line: at.1, text: shown(&cell.text(head.text)) });
                    }
                }
                f64::NAN
            }
        };
        self.values.push(value);
    }

    fn marker(&mut self, bytes: &[u8]) {
        match self.markers.iter_mut().find(|(m, _)| m.as_bytes() == bytes) {
            Some((_, count)) => *count += 1,
            None => self.markers.push((String::from_utf8_lossy(bytes).into_owned(), 1)),
        }
    }

    fn are_classes(&self, head: &Head<'_>, name: &str) -> Result<bool> {
        let Some(first) = &self.first_bad else {
            return match &self.infinite {
                Some(place) => Err(Error::data(format!("{}, column '{name}'", row_name(head.file, Some(place.row), place.line)))
                    .got(format!("'{}'", place.text))
                    .rule("numbers are finite")
                    .hint(format!("correct the cell, or declare it: [data] missing = [\"{}\"]", place.text))),
                None => Ok(false),
            };
        };
        if self.numbers * 10 < (self.numbers + self.bad) * 9 {
            return Ok(true);
        }
        let others = match self.bad {
            1 => String::new(),
            2 => " and 1 more cell that is no number".to_owned(),
            n => format!(" and {} more cells that are no numbers", n - 1),
        };
        let hint = if first.row == 1 && self.bad == 1 {
            "if the first row holds units, remove it and declare them in [data] units".to_owned()
        } else {
            format!(
                "correct the cell; or declare it: [data] missing = [\"{}\"]; or read the column as text: [data] classes = [\"{name}\"]",
                first.text
            )
        };
        Err(Error::data(format!("{}, column '{name}'", row_name(head.file, Some(first.row), first.line)))
            .got(format!("'{}'{others}", first.text))
            .rule(format!("the other {} cells of the column are numbers", self.numbers))
            .hint(hint))
    }
}

fn mark(seen: &mut Option<(u64, String)>, bytes: &[u8]) {
    match seen {
        Some((count, _)) => *count += 1,
        None => *seen = Some((1, String::from_utf8_lossy(bytes).into_owned())),
    }
}

/// Reads the columns of the body.
pub(super) fn read(
    head: &Head<'_>,
    options: &ReadOptions,
    declared: &Declared,
    tally: &mut Tally,
    notes: &mut Vec<Note>,
) -> Result<Vec<Column>> {
    let forced: Vec<bool> = head.names.iter().map(|n| options.reads_as_class(n)).collect();
    let first = numbers(head, &forced, declared, notes)?;
    let mut classes = forced;
    for ((column, name), class) in first.iter().zip(&head.names).zip(&mut classes) {
        *class = *class || column.are_classes(head, name)?;
    }
    let bare: Vec<bool> = first.iter().map(|c| c.bare).collect();
    let mut texts = texts(head, &classes, &bare)?.into_iter();
    let mut columns = Vec::with_capacity(first.len());
    for ((column, name), class) in first.into_iter().zip(&head.names).zip(classes) {
        let values = if class {
            if column.numbers > 0 {
                notes.push(mixed(name, &column));
            }
            let texts = texts.next().unwrap_or_default();
            Values::Class(texts.finish(|text, quoted, count| {
                let missing = declared.label(text) || (is_marker(text.as_bytes()) && !quoted);
                if missing && !text.is_empty() {
                    tally.add(text, name, count);
                } else if quoted {
                    let cells = if count == 1 { "cell" } else { "cells" };
                    notes.push(Note::info(
                        "quoted-marker",
                        format!("'{text}' stands in quotes in {count} {cells} of column '{name}' and was read as text."),
                    ));
                }
                missing
            }))
        } else {
            Values::Real(finish(column, name, declared, tally, notes))
        };
        if values.missing() == values.len() {
            notes.push(Note::warning("all-missing", format!("Column '{name}' holds no value at all.")));
        }
        columns.push(Column { name: name.clone(), unit: Unit::default(), values });
    }
    Ok(columns)
}

fn mixed(name: &str, column: &Numbers) -> Note {
    let text = column.first_bad.as_ref().map_or("", |p| &p.text);
    let total = column.numbers + column.bad;
    let text = format!(
        "Column '{name}' holds numbers in {} of {total} cells and text in the others, such as '{text}'; it was read as classes.",
        column.numbers
    );
    if column.numbers * 2 >= total { Note::warning("mixed-column", text) } else { Note::info("mixed-column", text) }
}

/// The numbers of a column, sentinels out, and the notes on it.
fn finish(column: Numbers, name: &str, declared: &Declared, tally: &mut Tally, notes: &mut Vec<Note>) -> Vec<f64> {
    if let Some((count, text)) = &column.zeros {
        notes.push(Note::warning(
            "leading-zeros",
            format!("Column '{name}' was read as numbers; {count} of its cells start with a zero, such as '{text}'. If they are codes: [data] classes = [\"{name}\"]."),
        ));
    }
    if let Some((count, text)) = &column.long {
        notes.push(Note::warning(
            "long-integers",
            format!("Column '{name}' was read as numbers; {count} of its cells have more digits than a number keeps, such as '{text}'. If they are codes: [data] classes = [\"{name}\"]."),
        ));
    }
    for (marker, count) in &column.markers {
        tally.add(marker, name, *count);
    }
    let mut values = column.values;
    tally.scrub(name, &mut values, declared);
    values
}

/// The first pass: every column as numbers, but for those that are classes anyway.
fn numbers(head: &Head<'_>, forced: &[bool], declared: &Declared, notes: &mut Vec<Note>) -> Result<Vec<Numbers>> {
    let width = head.names.len();
    let mut scanner = head.body.clone();
    let rest = &head.text.as_bytes()[scanner.position()..];
    // Each row has a line end and a byte for each delimiter, so this never asks for more than eight times the text.
    let rows = (memchr::memchr_iter(b'\n', rest).count() + 1).min(rest.len() / width + 1);
    let mut columns: Vec<Numbers> =
        forced.iter().map(|&f| Numbers { values: Vec::with_capacity(if f { 0 } else { rows }), ..Numbers::default() }).collect();
    let mut cells = Vec::with_capacity(width);
    let (mut row, mut hollow) = (0, 0_u64);
    while next_record(&mut scanner, &mut cells, head, row + 1)? {
        row += 1;
        let at = (row, scanner.record_line);
        if cells.len() != width {
            return Err(ragged(head, at, cells.len(), scanner.position() == head.text.len()));
        }
        hollow += u64::from(cells.iter().all(|c| c.start == c.end));
        for ((cell, column), &forced) in cells.iter().zip(&mut columns).zip(forced) {
            column.bare |= !cell.quoted;
            if !forced {
                column.take(cell, head, declared, at);
            }
        }
    }
    if row == 0 {
        return Err(Error::data(format!("file '{}'", head.file))
            .got(format!("a header of {width} columns and no rows"))
            .rule("a table has at least one row"));
    }
    if hollow > 0 && width > 1 {
        notes.push(Note::warning("empty-rows", format!("Rows without any value: {hollow}; they were kept.")));
    }
    notes.extend(skipped(&scanner));
    Ok(columns)
}

fn ragged(head: &Head<'_>, at: (u64, u64), found: usize, last: bool) -> Error {
    let width = head.names.len();
    let plural = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    let error = Error::data(row_name(head.file, Some(at.0), at.1))
        .got(plural(found, "cell"))
        .rule(format!("the header names {}", plural(width, "column")));
    let mark = match head.delimiter {
        b'\t' => "tab".to_owned(),
        b' ' => "blank".to_owned(),
        other => format!("'{}'", char::from(other)),
    };
    if found > width && at.0 == 1 {
        error.hint(format!("does the header lack a name, or hold a cell a {mark} without quotes?"))
    } else if found > width {
        error.hint(format!("put quotes around a cell that holds a {mark}"))
    } else if last {
        error.hint("was the file cut short?")
    } else {
        error.hint("is a line broken in two, or a cell left out?")
    }
}

/// The second pass: the texts of the columns that are classes. Where a column's cells stand in quotes only here and there, quotes say that
/// "NA" is a text; where all of them do, they say nothing.
fn texts<'a>(head: &Head<'a>, classes: &[bool], bare: &[bool]) -> Result<Vec<Interner<'a>>> {
    let wanted: Vec<usize> = (0..classes.len()).filter(|&i| classes[i]).collect();
    let mut texts: Vec<Interner<'a>> = wanted.iter().map(|_| Interner::default()).collect();
    if wanted.is_empty() {
        return Ok(texts);
    }
    let mut scanner = head.body.clone();
    let mut cells = Vec::with_capacity(classes.len());
    let mut row = 1;
    while next_record(&mut scanner, &mut cells, head, row)? {
        row += 1;
        for (text, &i) in texts.iter_mut().zip(&wanted) {
            let cell: Cow<'a, str> = cells[i].text(head.text);
            if cells[i].quoted && bare[i] && !cell.is_empty() && is_marker(cell.as_bytes()) {
                text.push_protected(&cell);
            } else {
                text.push(cell);
            }
        }
    }
    Ok(texts)
}
