//! Tables as CSV: commas, shortest numbers that read back the same, quotes where they are needed, empty cells for missing.

use std::io::{self, Write};
use std::path::Path;

use esker_core::{Column, DAYS, Error, Result, Table, Values};

use super::number::number;
use super::shown;
use crate::file::{refused_write, replace};
use crate::missing::{is_marker, number_text};
use crate::time::format_moment;

/// Writes a table as CSV: UTF-8, a comma between cells, a line feed behind each row.
///
/// Days since 1970-01-01 are written as dates and times (ISO 8601, to the microsecond) where all lie before the end of the year 9999, and none before Christ.
///
/// What is written reads back as the same table, but for classes that all look like numbers or dates (name them in
/// [`ReadOptions::classes`](crate::ReadOptions)) and for units, which CSV does not hold.
///
/// # Errors
/// Classes that CSV would read back as missing (an empty one; `NA` and its like where all cells of the column need quotes), a name or class with a zero byte, no columns or rows, an infinite number; or the disk refuses.
pub fn write_csv(path: &Path, table: &Table) -> Result<()> {
    let prepared = prepare(table)?;
    replace(path, |sink| write(sink, table, &prepared).map_err(|e| refused_write(path, &e)))
}

/// How the cells of a column are written.
enum Cells {
    Numbers,
    Dates,
    /// The cell of each class, quoted where needed.
    Classes(Vec<String>),
}

/// How the cells of each column are written.
fn prepare(table: &Table) -> Result<Vec<Cells>> {
    if table.columns().is_empty() || table.rows() == 0 {
        let got = format!("{} columns and {} rows", table.columns().len(), table.rows());
        return Err(Error::data("table to write").got(got).rule("a table has at least one column and one row"));
    }
    let alone = table.columns().len() == 1;
    table.columns().iter().map(|c| prepare_column(c, alone)).collect()
}

fn prepare_column(column: &Column, alone: bool) -> Result<Cells> {
    let thing = || Error::data(format!("column '{}' to write as CSV", shown(&column.name)));
    if column.name.is_empty() || column.name.contains('\0') {
        return Err(thing().got("an empty name or a zero byte in it").rule("every column has a name of text"));
    }
    match &column.values {
        Values::Real(values) => match values.iter().position(|v| v.is_infinite()) {
            Some(row) => Err(thing().got(format!("{} in row {}", values[row], row + 1)).rule("numbers are finite")),
            None if column.unit.as_str() == DAYS && values.iter().all(|v| v.is_nan() || (-719_528.0..2_932_896.0).contains(v)) => {
                Ok(Cells::Dates)
            }
            None => Ok(Cells::Numbers),
        },
        Values::Class(codes) => {
            let used = codes.counts();
            let cells: Vec<String> = codes.levels().iter().map(|label| quoted(label, alone)).collect();
            // Quotes tell a reader that NA is a text only where other cells of the column stand without them.
            let bare = (!alone && column.values.missing() > 0) || cells.iter().zip(&used).any(|(cell, &n)| n > 0 && !cell.starts_with('"'));
            let spoilt = |label: &str| label.is_empty() || label.contains('\0') || (is_marker(label.as_bytes()) && !bare);
            match codes.levels().iter().zip(used).find(|(label, n)| *n > 0 && spoilt(label)) {
                Some((label, _)) => Err(thing()
                    .got(format!("the class '{}'", shown(label)))
                    .rule("CSV would read it back as missing or not at all")
                    .hint("rename the class, or write Parquet")),
                None => Ok(Cells::Classes(cells)),
            }
        }
    }
}

/// A text as a cell: in quotes where a reader could take it for anything else.
fn quoted(text: &str, alone: bool) -> String {
    let odd = |b: u8| matches!(b, b'"' | b',' | b';' | b'\t' | b'|' | b'\n' | b'\r') || (alone && b == b' ');
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_whitespace());
    let needs = text.bytes().any(odd)
        || is_marker(text.as_bytes())
        || text.starts_with(['#', '\u{feff}'])
        || edge(text.bytes().next())
        || edge(text.bytes().last());
    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn write(sink: &mut dyn Write, table: &Table, prepared: &[Cells]) -> io::Result<()> {
    let columns = table.columns();
    let alone = columns.len() == 1;
    let mut line = String::new();
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            line.push(',');
        }
        // A name that is a number stands in quotes, so that the header is not taken for a row.
        if number(column.name.as_bytes(), false).is_some() {
            line.push_str(&format!("\"{}\"", column.name));
        } else {
            line.push_str(&quoted(&column.name, alone));
        }
    }
    line.push('\n');
    for row in 0..table.rows() {
        for (i, (column, cells)) in columns.iter().zip(prepared).enumerate() {
            if i > 0 {
                line.push(',');
            }
            cell(&mut line, column, cells, row);
        }
        if alone && line.ends_with('\n') | line.is_empty() {
            // An empty line would be a blank line, not a row.
            line.push_str("\"\"");
        }
        line.push('\n');
        if line.len() > 1 << 16 {
            sink.write_all(line.as_bytes())?;
            line.clear();
        }
    }
    sink.write_all(line.as_bytes())
}

fn cell(line: &mut String, column: &Column, cells: &Cells, row: usize) {
    match (&column.values, cells) {
        (Values::Real(values), _) if values[row].is_nan() => {}
        (Values::Real(values), Cells::Dates) => line.push_str(&format_moment(values[row])),
        (Values::Real(values), _) => line.push_str(&number_text(values[row])),
        (Values::Class(codes), Cells::Classes(cells)) => line.push_str(cells.get(codes.codes()[row] as usize).map_or("", String::as_str)),
        (Values::Class(_), _) => {}
    }
}
