//! The columns of a CSV body: one pass reads every column as numbers, a second one the columns that turned out to be classes.

use std::borrow::Cow;

use memchr::memmem;
use rayon::prelude::*;

use esker_core::{Column, Error, Note, Result, Unit, Values};

use super::head::Head;
use super::number::{leading_zero, number, too_many_digits};
use super::scan::{Cell, Scanner};
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

    /// Puts the cells of a later part behind these.
    fn join(&mut self, next: Self) {
        self.values.extend(next.values);
        self.numbers += next.numbers;
        self.bad += next.bad;
        self.first_bad = self.first_bad.take().or(next.first_bad);
        self.infinite = self.infinite.take().or(next.infinite);
        for (mine, other) in [(&mut self.zeros, next.zeros), (&mut self.long, next.long)] {
            match (mine.as_mut(), other) {
                (Some((count, _)), Some((more, _))) => *count += more,
                (None, other) => *mine = other,
                (Some(_), None) => {}
            }
        }
        for (marker, count) in next.markers {
            match self.markers.iter_mut().find(|(m, _)| *m == marker) {
                Some((_, sum)) => *sum += count,
                None => self.markers.push((marker, count)),
            }
        }
        self.bare |= next.bare;
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

/// Bytes of a text that one thread reads at a time.
const PART: usize = 1 << 23;

/// The body in parts that threads can read side by side, each with whole rows: only where every line is a row, without quotes, comments and
/// blank lines.
fn parts<'a>(head: &Head<'a>) -> Vec<Scanner<'a>> {
    let (bytes, start) = (head.text.as_bytes(), head.body.position());
    let rest = &bytes[start..];
    let whole = vec![head.body.clone()];
    if rest.len() < 2 * PART || rayon::current_num_threads() < 2 {
        return whole;
    }
    let comment = [b'\n', head.body.comment()];
    let special = memchr::memchr(b'"', rest).is_some()
        || [&b"\n\n"[..], b"\n\r", &comment].iter().any(|s| memmem::find(rest, s).is_some())
        || matches!(rest.first(), Some(b'\n' | b'\r'))
        || rest.first() == Some(&head.body.comment());
    if special {
        return whole;
    }
    let (mut found, mut from) = (Vec::new(), start);
    while from < bytes.len() {
        let near = (from + PART).min(bytes.len());
        let to = memchr::memchr(b'\n', &bytes[near..]).map_or(bytes.len(), |at| near + at + 1);
        found.push(head.body.part(from, to));
        from = to;
    }
    found
}

/// What the first pass found in a part of the body.
struct Rows {
    columns: Vec<Numbers>,
    count: u64,
    /// Rows without any value.
    hollow: u64,
}

/// The first pass: every column as numbers, but for those that are classes anyway.
fn numbers(head: &Head<'_>, forced: &[bool], declared: &Declared, notes: &mut Vec<Note>) -> Result<Vec<Numbers>> {
    let parts = parts(head);
    let read: Result<Vec<Rows>> = match parts.as_slice() {
        [_] => Err(Error::data("one part")),
        parts => parts.par_iter().map(|part| rows(head, &mut part.clone(), forced, declared)).collect::<Vec<_>>().into_iter().collect(),
    };
    let mut scanner = head.body.clone();
    // A fault is found again in the body as a whole, where its row and line are known.
    let all = match read {
        Ok(read) => join(read, head.body.line()),
        Err(_) => rows(head, &mut scanner, forced, declared)?,
    };
    let width = head.names.len();
    if all.count == 0 {
        return Err(Error::data(format!("file '{}'", head.file))
            .got(format!("a header of {width} columns and no rows"))
            .rule("a table has at least one row"));
    }
    if all.hollow > 0 && width > 1 {
        notes.push(Note::warning("empty-rows", format!("Rows without any value: {}; they were kept.", all.hollow)));
    }
    // Comments and blank lines, of which parts have none but those before the first row.
    notes.extend(skipped(&scanner));
    Ok(all.columns)
}

/// The rows of parts, one after the other; the first row stands in line `line`.
fn join(parts: Vec<Rows>, line: u64) -> Rows {
    let total = parts.iter().map(|p| p.count).sum::<u64>() as usize;
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else { return Rows { columns: Vec::new(), count: 0, hollow: 0 } };
    let shift = |place: &mut Option<Place>, rows: u64| {
        if let Some(place) = place {
            (place.row, place.line) = (place.row + rows, place.line + rows + line - 1);
        }
    };
    for column in &mut all.columns {
        shift(&mut column.first_bad, 0);
        shift(&mut column.infinite, 0);
        if !column.values.is_empty() {
            column.values.reserve_exact(total - column.values.len());
        }
    }
    for part in parts {
        for (column, mut next) in all.columns.iter_mut().zip(part.columns) {
            shift(&mut next.first_bad, all.count);
            shift(&mut next.infinite, all.count);
            column.join(next);
        }
        all.count += part.count;
        all.hollow += part.hollow;
    }
    all
}

fn rows(head: &Head<'_>, scanner: &mut Scanner<'_>, forced: &[bool], declared: &Declared) -> Result<Rows> {
    let width = head.names.len();
    let rest = &scanner.text().as_bytes()[scanner.position()..];
    // Each row has a line end and a byte for each delimiter, so this never asks for more than eight times the text.
    let rows = (memchr::memchr_iter(b'\n', rest).count() + 1).min(rest.len() / width + 1);
    let mut columns: Vec<Numbers> =
        forced.iter().map(|&f| Numbers { values: Vec::with_capacity(if f { 0 } else { rows }), ..Numbers::default() }).collect();
    let mut cells = Vec::with_capacity(width);
    let (mut row, mut hollow) = (0, 0_u64);
    while next_record(scanner, &mut cells, head, row + 1)? {
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
    Ok(Rows { columns, count: row, hollow })
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
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let read = |part: &Scanner<'a>| texts_of(head, part.clone(), &wanted, bare);
    let mut parts = parts(head).par_iter().map(read).collect::<Vec<_>>().into_iter().collect::<Result<Vec<_>>>()?.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.iter_mut().zip(part).for_each(|(texts, more)| texts.join(more));
    }
    Ok(all)
}

fn texts_of<'a>(head: &Head<'a>, mut scanner: Scanner<'a>, wanted: &[usize], bare: &[bool]) -> Result<Vec<Interner<'a>>> {
    let mut texts: Vec<Interner<'a>> = wanted.iter().map(|_| Interner::default()).collect();
    let mut cells = Vec::with_capacity(bare.len());
    let mut row = 1;
    while next_record(&mut scanner, &mut cells, head, row)? {
        row += 1;
        for (text, &i) in texts.iter_mut().zip(wanted) {
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
