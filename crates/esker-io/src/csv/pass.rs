//! One pass over the rows of a CSV body: side by side in parts where the rows are plain lines, else one after the other.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2_iter};
use rayon::prelude::*;

use esker_core::{Error, Note, Result};

use super::found::Found;
use super::head::Head;
use super::plain::{self, Lines};
use super::reader::{Kind, Reader, Rules};
use super::{next_record, row_name, skipped};
use crate::intern::Interner;

/// Bytes of a text that one thread reads at a time.
const PART: usize = 1 << 22;

/// What a pass took from a column.
pub(super) struct Cells<'t> {
    pub kind: Kind,
    /// One number or day a row; empty for other kinds.
    pub values: Vec<f64>,
    pub found: Found,
    pub texts: Interner<'t>,
    /// Some cell stands without quotes.
    pub bare: bool,
}

/// Reads the columns, each as its kind, with the notes on rows.
pub(super) fn pass<'t>(head: &Head<'t>, kinds: &[Kind], rules: Rules<'t>) -> Result<(Vec<Cells<'t>>, Vec<Note>)> {
    let parts = parts(head);
    let room = parts.iter().map(|p| p.1).sum();
    let mut values = columns(kinds, room);
    let (read, hollow, mut notes) = match plain_parts(head, &parts, kinds, &mut values, rules) {
        Some((read, hollow)) => (read, hollow, skipped(&head.body)),
        None => one_by_one(head, kinds, &mut values, rules)?,
    };
    if hollow > 0 && kinds.len() > 1 {
        notes.insert(0, Note::warning("empty-rows", format!("Rows without any value: {hollow}; they were kept.")));
    }
    let cells =
        read.into_iter().zip(values).map(|((kind, found, texts, bare), values)| Cells { kind, values, found, texts, bare }).collect();
    Ok((cells, notes))
}

/// Room for the numbers and days of the columns. Memory that no value is put into stays untouched.
fn columns(kinds: &[Kind], rows: usize) -> Vec<Vec<f64>> {
    kinds.iter().map(|k| if matches!(k, Kind::Number | Kind::Date) { vec![0.0; rows] } else { Vec::new() }).collect()
}

/// The body cut behind line feeds, and the number of lines of each part.
fn parts(head: &Head<'_>) -> Vec<(Range<usize>, usize)> {
    let (bytes, mut from) = (head.text.as_bytes(), head.body.position());
    let mut cuts = Vec::new();
    while from < bytes.len() {
        let near = (from + PART).min(bytes.len());
        let to = memchr(b'\n', &bytes[near..]).map_or(bytes.len(), |at| near + at + 1);
        cuts.push(from..to);
        from = to;
    }
    cuts.into_par_iter()
        .map(|part| {
            let text = &bytes[part.clone()];
            let lines = memchr_iter(b'\n', text).count() + usize::from(text.last() != Some(&b'\n'));
            (part, lines)
        })
        .collect()
}

/// What is kept of a column beside its values.
type Rest<'t> = (Kind, Found, Interner<'t>, bool);

fn plain_parts<'t>(
    head: &Head<'t>,
    parts: &[(Range<usize>, usize)],
    kinds: &[Kind],
    values: &mut [Vec<f64>],
    rules: Rules<'t>,
) -> Option<(Vec<Rest<'t>>, u64)> {
    let mut slots: Vec<&mut [f64]> = values.iter_mut().map(Vec::as_mut_slice).collect();
    let mut jobs = Vec::with_capacity(parts.len());
    for (part, rows) in parts {
        let mut readers = Vec::with_capacity(kinds.len());
        for (slot, &kind) in slots.iter_mut().zip(kinds) {
            let all = std::mem::take(slot);
            let here = if all.is_empty() { 0 } else { *rows };
            let (mine, rest) = all.split_at_mut(here);
            *slot = rest;
            readers.push(Reader::new(kind, mine));
        }
        jobs.push((part.clone(), *rows, readers));
    }
    // One part that is not plain ends all others that have not begun.
    let read: Option<Vec<(Lines, Vec<Reader<'t, '_>>)>> = jobs
        .into_par_iter()
        .map(|(part, rows, mut readers)| {
            let lines = plain::rows(&head.body, part, &mut readers, rules)?;
            (lines.count == rows).then_some((lines, readers))
        })
        .collect();
    let (mut all, mut rows, mut hollow) = (Vec::<Rest<'t>>::new(), 0, 0);
    for (lines, readers) in read? {
        for (i, mut reader) in readers.into_iter().enumerate() {
            reader.found.shift(rows, rows + head.body.line() - 1);
            match all.get_mut(i) {
                None => all.push((reader.kind, reader.found, reader.texts, reader.bare)),
                Some((_, found, texts, bare)) => {
                    found.join(reader.found);
                    texts.join(reader.texts);
                    *bare |= reader.bare;
                }
            }
        }
        rows += lines.count as u64;
        hollow += lines.hollow;
    }
    // A body without rows is told of by the other way.
    (rows > 0).then_some((all, hollow))
}

/// The rows one after the other, whatever they hold.
fn one_by_one<'t>(head: &Head<'t>, kinds: &[Kind], values: &mut [Vec<f64>], rules: Rules<'t>) -> Result<(Vec<Rest<'t>>, u64, Vec<Note>)> {
    let width = head.names.len();
    let rest = &head.text.as_bytes()[head.body.position()..];
    // Each row has a line end and a byte for each delimiter, so this never asks for more than eight times the text.
    let room = (memchr2_iter(b'\n', b'\r', rest).count() + 1).min(rest.len() / width + 1);
    values.iter_mut().zip(columns(kinds, room)).for_each(|(old, new)| *old = new);
    let mut readers: Vec<Reader<'t, '_>> = kinds.iter().zip(values.iter_mut()).map(|(&kind, values)| Reader::new(kind, values)).collect();
    let mut scanner = head.body.clone();
    let mut cells = Vec::with_capacity(width);
    let (mut row, mut hollow) = (0, 0_u64);
    while next_record(&mut scanner, &mut cells, head, row as u64 + 1)? {
        if cells.len() != width {
            return Err(ragged(head, (row as u64 + 1, scanner.record_line), cells.len(), scanner.position() == head.text.len()));
        }
        hollow += u64::from(cells.iter().all(|c| c.start == c.end));
        for (cell, reader) in cells.iter().zip(&mut readers) {
            reader.take(cell, row, scanner.record_line, rules);
        }
        row += 1;
    }
    if row == 0 {
        return Err(Error::data(format!("file '{}'", head.file))
            .got(format!("a header of {width} columns and no rows"))
            .rule("a table has at least one row"));
    }
    let read = readers.into_iter().map(|r| (r.kind, r.found, r.texts, r.bare)).collect();
    for column in values.iter_mut() {
        column.truncate(row);
    }
    Ok((read, hollow, skipped(&scanner)))
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
