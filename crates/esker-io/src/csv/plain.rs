//! The quick way through rows that are lines: no blank lines, no comments, no quote that reaches over a line end. Where a text is not so
//! plain, nothing is said but that, and the scanner reads it.

use std::ops::Range;

use super::number::short_number;
use super::reader::{Kind, Reader, Rules};
use super::scan::Scanner;

/// What a part of the rows holds beside its cells.
pub(super) struct Lines {
    pub count: usize,
    /// Rows without any value.
    pub hollow: u64,
}

/// Reads the lines of a part, which starts at the start of a row. `None` where it is not plain.
pub(super) fn rows<'t>(body: &Scanner<'t>, part: Range<usize>, columns: &mut [Reader<'t, '_>], rules: Rules<'t>) -> Option<Lines> {
    if body.delimiter() == b' ' || columns.is_empty() {
        return None;
    }
    let point = if rules.decimal_comma { b',' } else { b'.' };
    let mut scanner = body.part(part);
    let last = columns.len() - 1;
    let mut lines = Lines { count: 0, hollow: 0 };
    while scanner.begins_row()? {
        let mut hollow = true;
        for (i, column) in columns.iter_mut().enumerate() {
            hollow &= cell(&mut scanner, column, lines.count, point, rules)?;
            scanner.step(i == last)?;
        }
        // A line of blanks in a table of one column is a blank line.
        if hollow && last == 0 {
            return None;
        }
        lines.hollow += u64::from(hollow);
        lines.count += 1;
    }
    Some(lines)
}

/// Reads a cell and stops behind it; whether it is empty.
#[inline]
fn cell<'t>(scanner: &mut Scanner<'t>, column: &mut Reader<'t, '_>, row: usize, point: u8, rules: Rules<'t>) -> Option<bool> {
    if column.kind == Kind::Number
        && let Some((value, length)) = short_number(scanner.rest(), point)
        && scanner.ends_cell(length)
    {
        *column.values.get_mut(row)? = value;
        column.found.fit += 1;
        column.bare = true;
        return Some(false);
    }
    let cell = scanner.cell_of_line()?;
    if matches!(column.kind, Kind::Number | Kind::Date) && row >= column.values.len() {
        return None;
    }
    column.take(&cell, row, row as u64 + 1, rules);
    Some(cell.start == cell.end)
}
