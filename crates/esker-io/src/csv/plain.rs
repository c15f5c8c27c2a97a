//! The quick way through rows that are lines: no blank lines, no comments, no quote that reaches over a line end. Where a text is not so
//! plain, nothing is said but that, and the scanner reads it.

use std::ops::Range;

use memchr::memchr2;

use super::number::short_number;
use super::reader::{Kind, Reader, Rules};
use super::scan::{Cell, Scanner};

/// What a part of the rows holds beside its cells.
pub(super) struct Lines {
    pub count: usize,
    /// Rows without any value.
    pub hollow: u64,
}

/// Reads the lines of a part, which starts at the start of a row. `None` where it is not plain.
pub(super) fn rows<'t>(body: &Scanner<'t>, part: Range<usize>, columns: &mut [Reader<'t, '_>], rules: Rules<'t>) -> Option<Lines> {
    let delimiter = body.delimiter();
    if delimiter == b' ' || columns.is_empty() {
        return None;
    }
    let mut cursor = Cursor {
        bytes: &rules.text.as_bytes()[..part.end],
        at: part.start,
        delimiter,
        body,
        point: if rules.decimal_comma { b',' } else { b'.' },
    };
    let (last, longest) = (columns.len() - 1, body.longest());
    let mut lines = Lines { count: 0, hollow: 0 };
    while let Some(&first) = cursor.bytes.get(cursor.at) {
        if matches!(first, b'\n' | b'\r') || first == body.comment() {
            return None;
        }
        let start = cursor.at;
        let mut hollow = true;
        for (i, column) in columns.iter_mut().enumerate() {
            hollow &= cursor.cell(column, lines.count, rules)?;
            if i < last {
                cursor.step(delimiter)?;
            } else {
                cursor.end_line()?;
            }
        }
        // A line of blanks in a table of one column is a blank line.
        if cursor.at - start > longest || (hollow && last == 0) {
            return None;
        }
        lines.hollow += u64::from(hollow);
        lines.count += 1;
    }
    Some(lines)
}

struct Cursor<'t, 's> {
    bytes: &'t [u8],
    at: usize,
    delimiter: u8,
    point: u8,
    body: &'s Scanner<'t>,
}

impl<'t> Cursor<'t, '_> {
    fn step(&mut self, byte: u8) -> Option<()> {
        (*self.bytes.get(self.at)? == byte).then(|| self.at += 1)
    }

    /// Steps over a line feed, with or without a carriage return, or stays at the end of the text.
    fn end_line(&mut self) -> Option<()> {
        match self.bytes.get(self.at..)? {
            [b'\n', ..] => self.at += 1,
            [b'\r', b'\n', ..] => self.at += 2,
            [] => {}
            _ => return None,
        }
        Some(())
    }

    /// Reads a cell and stops behind it; whether it is empty.
    #[inline]
    fn cell(&mut self, column: &mut Reader<'t, '_>, row: usize, rules: Rules<'t>) -> Option<bool> {
        if column.kind == Kind::Number
            && let Some((value, length)) = short_number(&self.bytes[self.at..], self.point)
            && self.ends(self.at + length)
        {
            *column.values.get_mut(row)? = value;
            column.found.fit += 1;
            column.bare = true;
            self.at += length;
            return Some(false);
        }
        let cell = self.any_cell()?;
        if matches!(column.kind, Kind::Number | Kind::Date) && row >= column.values.len() {
            return None;
        }
        column.take(&cell, row, row as u64 + 1, rules);
        Some(cell.start == cell.end)
    }

    /// Whether a cell ends here.
    #[inline]
    fn ends(&self, at: usize) -> bool {
        self.bytes.get(at).is_some_and(|&b| b == self.delimiter || b == b'\n' || b == b'\r')
    }

    fn any_cell(&mut self) -> Option<Cell> {
        self.skip_blanks();
        if self.bytes.get(self.at) == Some(&b'"') {
            return self.quoted();
        }
        let start = self.at;
        let length = self.bytes[start..].iter().position(|&b| self.body.stops(b)).unwrap_or(self.bytes.len() - start);
        self.at = start + length;
        let blanks = self.bytes[start..self.at].iter().rev().take_while(|b| matches!(b, b' ' | b'\t')).count();
        Some(Cell { start, end: self.at - blanks, quoted: false, doubled: false })
    }

    fn quoted(&mut self) -> Option<Cell> {
        let start = self.at + 1;
        let (mut end, mut doubled) = (start, false);
        loop {
            end += memchr2(b'"', b'\n', &self.bytes[end..])?;
            match self.bytes.get(end..)? {
                [b'"', b'"', ..] => (doubled, end) = (true, end + 2),
                [b'"', ..] => break,
                _ => return None,
            }
        }
        self.at = end + 1;
        self.skip_blanks();
        let ends = self.at == self.bytes.len() || self.body.stops(self.bytes[self.at]);
        ends.then_some(Cell { start, end, quoted: true, doubled })
    }

    fn skip_blanks(&mut self) {
        let tab = self.delimiter != b'\t';
        self.at += self.bytes[self.at..].iter().take_while(|&&b| b == b' ' || (tab && b == b'\t')).count();
    }
}
