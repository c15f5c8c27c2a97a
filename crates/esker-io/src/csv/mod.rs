//! CSV in and out: detected, strict, and every refusal with its row, line and column.

mod columns;
mod found;
mod head;
mod number;
mod pass;
mod plain;
mod reader;
mod scan;
mod write;

use std::path::Path;

use esker_core::{Error, Note, Result, Table};
use memchr::{memchr_iter, memchr2, memrchr};

pub(crate) use number::number;
pub use write::write_csv;

use crate::ReadOptions;
use crate::file::{read_at, read_pieces, size_text};
use crate::missing::{Declared, Tally};
use crate::names::{self, MOST_COLUMNS};
use head::Head;
use scan::{Broken, Cell};

/// What a file may ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of a file.
    pub file: u64,
    /// Bytes of a record.
    pub record: usize,
    /// Cells of a record.
    pub cells: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: 8 << 30, record: 16 << 20, cells: MOST_COLUMNS + 1 }
    }
}

/// Reads a CSV file. A line beyond the limit stops the reading there, so that a file without line ends does not fill the memory.
pub(crate) fn read_csv(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    read_within(path, name, options, Limits::default())
}

fn read_within(path: &Path, name: &str, options: &ReadOptions, limits: Limits) -> Result<Table> {
    let size = std::fs::metadata(path).map_or(0, |m| if m.is_file() { m.len() } else { 0 });
    let mut bytes: Vec<u8> = Vec::new();
    bytes.try_reserve_exact(size.min(limits.file) as usize).map_err(|_| {
        Error::data(format!("file '{name}'"))
            .got(size_text(size))
            .rule("a CSV file is held in memory while it is read")
            .hint("write it as Parquet")
    })?;
    let mut lines = LineLimit { since: 0, most: limits.record };
    let too_long = |before: &[u8]| broken(name, "", None, &Broken::TooLong { line: 1 + memchr_iter(b'\n', before).count() as u64 }, limits);
    if size > 2 * WAVE as u64 && size <= limits.file {
        bytes = vec![0; size as usize];
        for start in (0..bytes.len()).step_by(WAVE) {
            let end = (start + WAVE).min(bytes.len());
            read_at(path, start as u64, &mut bytes[start..end])?;
            if !lines.fits(&bytes[start..end]) {
                return Err(too_long(&bytes[..start]));
            }
        }
    } else {
        read_pieces(path, limits.file, |piece| {
            if !lines.fits(piece) {
                return Err(too_long(&bytes));
            }
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
    }
    parse_within(name, &bytes, options, limits)
}

/// Bytes of a large file that are read side by side before their lines are looked at.
const WAVE: usize = 1 << 25;

/// Looks for line ends while a file is read, so that one without any is not read to its end.
struct LineLimit {
    /// Bytes since the last line end.
    since: usize,
    most: usize,
}

impl LineLimit {
    /// Whether no line is too long, as far as pieces of a file tell.
    fn fits(&mut self, piece: &[u8]) -> bool {
        let first = memchr2(b'\n', b'\r', piece).unwrap_or(piece.len());
        let fits = self.since + first <= self.most;
        self.since = match memrchr(b'\n', piece).max(memrchr(b'\r', piece)) {
            Some(last) => piece.len() - last - 1,
            None => self.since + piece.len(),
        };
        fits
    }
}

/// Reads a table from the bytes of a CSV file; `name` is what errors call it.
///
/// # Errors
/// No UTF-8, no header or no rows, names empty or twice, a ragged row, a broken quote, text or an infinity in a column of numbers.
pub fn parse_csv(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Table> {
    parse_within(name, bytes, options, Limits::default())
}

fn parse_within(name: &str, bytes: &[u8], options: &ReadOptions, limits: Limits) -> Result<Table> {
    let head = Head::read(name, bytes, options, limits)?;
    let declared = Declared::new(&options.missing);
    let mut notes = Vec::new();
    let mut tally = Tally::default();
    let columns = columns::read(&head, options, &declared, &mut tally, &mut notes)?;
    let mut table = Table::new(columns)?;
    table.notes = head.notes;
    table.notes.append(&mut notes);
    table.notes.extend(names::unit_note(&head.names, options));
    table.notes.extend(tally.notes());
    names::apply_options(name, table, options)
}

/// The name of a row in a message.
pub(crate) fn row_name(file: &str, row: Option<u64>, line: u64) -> String {
    match row {
        Some(row) => format!("row {row} (line {line}) of '{file}'"),
        None => format!("line {line} of '{file}'"),
    }
}

/// A cell's text for a message: one line, not long.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

/// As [`shown`], for a text that may be a few lines long.
pub(crate) fn shown_long(text: &str) -> String {
    let mut short: String = text.chars().take(300).filter(|c| !c.is_control()).collect();
    if text.chars().nth(300).is_some() {
        short.push('…');
    }
    short
}

/// Whether the start of a text has a header of at least two columns, as CSV finds them; `plain` if none of their names is a number.
pub(crate) fn finds_columns(text: &str, plain: bool) -> bool {
    let options = ReadOptions::default();
    let head = Head::read("", text.as_bytes(), &options, Limits::default());
    let Ok(head) = head else { return false };
    let mut body = head.body.clone();
    let mut cells = Vec::new();
    // A ragged first row is one that CSV refuses.
    let odd = plain && head.names.iter().any(|n| n.split_whitespace().all(|w| number(w.as_bytes(), false).is_some()));
    !odd && head.names.len() > 1 && matches!(body.next(&mut cells), Ok(true)) && cells.len() == head.names.len()
}

/// The error of a record that breaks the format.
pub(crate) fn broken(file: &str, text: &str, row: Option<u64>, what: &Broken, limits: Limits) -> Error {
    let (Broken::Unclosed { line } | Broken::AfterQuote { line, .. } | Broken::TooLong { line } | Broken::TooManyCells { line }) = *what;
    let error = Error::data(row_name(file, row, line));
    match what {
        Broken::Unclosed { .. } => error
            .got("a quoted cell without an end")
            .rule("a cell that starts with \" ends with \"")
            .hint("write a \" inside a cell twice, or remove it"),
        Broken::AfterQuote { at, .. } => {
            let rest: String = text[*at..].lines().next().unwrap_or_default().chars().take(20).collect();
            error
                .got(format!("'{}' behind a closing quote", shown(&rest)))
                .rule("a quoted cell ends at its closing quote")
                .hint("write a \" inside a quoted cell twice")
        }
        Broken::TooLong { .. } => error
            .got(format!("a record of more than {}", size_text(limits.record as u64)))
            .rule("no row of a table is that long")
            .hint("is it a table with line ends, and is every quote closed?"),
        Broken::TooManyCells { .. } => error
            .got(format!("more than {MOST_COLUMNS} cells"))
            .rule(format!("a table has at most {MOST_COLUMNS} columns"))
            .hint("is the table turned on its side?"),
    }
}

/// Notes on what was stepped over between the rows.
pub(crate) fn skipped(scanner: &scan::Scanner<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    let lines = |n: u64, what: &str| if n == 1 { format!("1 {what} line was") } else { format!("{n} {what} lines were") };
    if scanner.comments > 0 {
        let text = format!("{} stepped over", lines(scanner.comments, "comment"));
        notes.push(match scanner.late_comment {
            None => Note::info("comment-lines", format!("{text}.")),
            Some(line) => Note::warning("comment-lines", format!("{text}, some of them between the rows, the first in line {line}.")),
        });
    }
    if scanner.blanks > 0 {
        notes.push(Note::warning("blank-lines", format!("{} stepped over between the rows.", lines(scanner.blanks, "blank"))));
    }
    notes
}

/// The cells of the next record, a broken one as an error.
fn next_record(scanner: &mut scan::Scanner<'_>, cells: &mut Vec<Cell>, head: &Head<'_>, row: u64) -> Result<bool> {
    scanner.next(cells).map_err(|b| broken(head.file, head.text, Some(row), &b, head.limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_beyond_the_limit_stops_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.csv");
        let mut bytes = b"a,b\n1,2\n".to_vec();
        bytes.resize(3 << 20, b'7');
        std::fs::write(&path, &bytes).unwrap();
        let limits = Limits { record: 1 << 20, ..Limits::default() };
        let error = read_within(&path, "long.csv", &ReadOptions::default(), limits).unwrap_err();
        insta::assert_snapshot!(error, @"
        line 3 of 'long.csv': got a record of more than 1 MiB; no row of a table is that long
          hint: is it a table with line ends, and is every quote closed?
        ");
        let error = parse_within("long.csv", &bytes, &ReadOptions::default(), limits).unwrap_err();
        assert_eq!(error.thing, "row 2 (line 3) of 'long.csv'");
        let error = read_within(&path, "long.csv", &ReadOptions::default(), Limits { file: 1 << 20, ..limits }).unwrap_err();
        assert_eq!((error.got.as_deref(), error.rule.as_deref()), (Some("3 MiB"), Some("at most 1 MiB are read")));
    }

    #[test]
    fn a_quote_that_swallows_lines_is_refused_at_the_limit() {
        let mut text = "a,b\n1,\"2\n".to_owned();
        text.push_str(&"3,4\n".repeat(1000));
        let error =
            parse_within("q.csv", text.as_bytes(), &ReadOptions::default(), Limits { record: 100, ..Limits::default() }).unwrap_err();
        assert_eq!(error.thing, "row 1 (line 2) of 'q.csv'");
        let error = parse_csv("q.csv", text.as_bytes(), &ReadOptions::default()).unwrap_err();
        insta::assert_snapshot!(error, @r#"
        row 1 (line 2) of 'q.csv': got a quoted cell without an end; a cell that starts with " ends with "
          hint: write a " inside a cell twice, or remove it
        "#);
    }

    /// What one thread and three threads make of a text.
    fn by_threads(text: &str) -> [String; 2] {
        [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            match pool.install(|| parse_csv("long.csv", text.as_bytes(), &ReadOptions::default())) {
                Ok(table) => {
                    let sums = table.columns().iter().map(|c| match &c.values {
                        esker_core::Values::Real(v) => {
                            v.iter().enumerate().map(|(i, x)| if x.is_nan() { -1.0 } else { x * (i % 7) as f64 }).sum::<f64>()
                        }
                        esker_core::Values::Class(c) => c.codes().iter().enumerate().map(|(i, k)| f64::from(*k) * (i % 7) as f64).sum(),
                    });
                    format!("{} {:?} {:?}", table.rows(), sums.collect::<Vec<f64>>(), table.notes)
                }
                Err(e) => e.to_string(),
            }
        })
    }

    #[test]
    fn parts_read_side_by_side_are_the_table_and_its_faults() {
        let row = |i: usize| {
            format!("{},{:08},{},station {}\n", i as f64 / 7.0, i % 1000, if i.is_multiple_of(50) { "NA" } else { "2.5" }, i % 3001)
        };
        let plain: String = std::iter::once("x,code,y,name\n".to_owned()).chain((0..450_000).map(row)).collect();
        assert!(plain.len() > 17 << 20);
        let [one, three] = by_threads(&plain);
        assert_eq!(one, three);
        assert!(one.starts_with("450000 ") && one.contains("leading-zeros") && one.contains("missing-marker"), "{one}");
        let at = plain.len() - plain.len() / 5;
        let next = at + plain[at..].find('\n').unwrap() + 1;
        for fault in ["nothing,1,2,a\n", "inf,1,2,a\n", "1,2,a\n", "1,2,\"a,b\n", "1,2,3,\"a\"\"b\"\n", "\n", "# 1,2,3,4\n"] {
            let broken = format!("{}{fault}{}", &plain[..next], &plain[next..]);
            let [one, three] = by_threads(&broken);
            assert_eq!(one, three, "{fault}");
        }
    }
}
