//! Text tables without delimiters: columns aligned by blanks, blank-separated ones below lines of metadata, and GSLIB files.
//!
//! The layout is found, the lines are written again with a delimiter, each in its place, and the reader of CSV does the rest: the same
//! rules hold for what is missing and what is a number, and messages name the line of the file. Claimed only where the reader of CSV
//! finds no table itself.

use std::io::Read;
use std::path::Path;

use esker_core::{Error, Note, Result, Table};

use crate::ReadOptions;
use crate::csv::{finds_columns, number, parse_csv};
use crate::file::{open, read_file, refused_read};
use crate::names::MOST_COLUMNS;

/// Bytes that sniffing looks at, and of a file at most.
const SAMPLE: u64 = 1 << 16;
const MOST_BYTES: u64 = 2 << 30;
/// Lines of metadata above a header.
const MOST_ABOVE: usize = 60;
/// Columns of a GSLIB file.
const MOST_NAMES: usize = 500;
/// Between the cells of the text that is handed on; no text table holds it.
const BETWEEN: char = '\u{1f}';

/// Whether a file is such a table and CSV finds none in it.
pub(crate) fn sniff(path: &Path, head: &[u8]) -> bool {
    if head.is_empty() || head.contains(&0) || path.is_dir() {
        return false;
    }
    let mut sample = Vec::new();
    let Ok(file) = open(path) else { return false };
    if file.take(SAMPLE).read_to_end(&mut sample).map_err(|e| refused_read(path, &e)).is_err() {
        return false;
    }
    if sample.len() as u64 == SAMPLE {
        sample.truncate(memchr::memrchr(b'\n', &sample).unwrap_or(0));
    }
    let Ok(text) = std::str::from_utf8(&sample) else { return false };
    let lines: Vec<&str> = lines(text);
    match Layout::find(&lines) {
        None => false,
        Some(Layout::Gslib { .. }) => true,
        // A header of words goes before one that CSV would make of the first row.
        Some(Layout::Words { header, .. }) => !finds_columns(text, header.is_some()),
        Some(Layout::Aligned { .. }) => !finds_columns(text, true),
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.strip_prefix('\u{feff}').unwrap_or(text).lines().collect()
}

/// Where the cells are.
#[derive(Debug, PartialEq)]
enum Layout {
    /// A title, a number of columns, a line for each name, then rows.
    Gslib { names: Vec<String>, from: usize },
    /// As many words a row, from a line on; the header is the line before, or there is none.
    Words { header: Option<usize>, from: usize, width: usize },
    /// Cells between columns of blanks (start and end in characters); the header is the first line.
    Aligned { header: usize, cells: Vec<(usize, usize)> },
}

fn is_number(word: &str) -> bool {
    number(word.as_bytes(), false).is_some()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

impl Layout {
    fn find(lines: &[&str]) -> Option<Self> {
        Self::gslib(lines).or_else(|| Self::words(lines)).or_else(|| Self::aligned(lines))
    }

    fn gslib(lines: &[&str]) -> Option<Self> {
        let count: usize = lines.get(1)?.split_whitespace().next()?.parse().ok().filter(|n| (1..=MOST_NAMES).contains(n))?;
        // Behind the count only a grid's size may stand.
        if !lines[1].split_whitespace().all(is_number) || is_number(lines[0].trim()) {
            return None;
        }
        let names: Vec<String> = lines.get(2..2 + count)?.iter().map(|l| l.trim().to_owned()).collect();
        let named = names.iter().all(|n| !n.is_empty() && !n.split_whitespace().all(is_number));
        let rows: Vec<&&str> = lines[2 + count..].iter().filter(|l| !l.trim().is_empty()).take(50).collect();
        let fits = |l: &&&str| l.split_whitespace().count() == count && l.split_whitespace().all(is_number);
        (named && !rows.is_empty() && rows.iter().all(fits)).then_some(Self::Gslib { names, from: 2 + count })
    }

    /// Rows of words alike: numbers stand where they stand in the row below.
    fn words(lines: &[&str]) -> Option<Self> {
        let used: Vec<(usize, Vec<&str>)> = lines
            .iter()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty() && !is_comment(l))
            .map(|(i, l)| (i, l.split_whitespace().collect()))
            .collect();
        let kinds = |words: &[&str]| words.iter().map(|w| is_number(w)).collect::<Vec<bool>>();
        let (_, last) = used.last()?;
        let width = last.len();
        let start = used.len() - used.iter().rev().take_while(|(_, w)| w.len() == width).count();
        let rows = &used[start..];
        if width < 2 || start > MOST_ABOVE || rows.len() < 2 {
            return None;
        }
        // The columns that hold numbers in every row but perhaps the first, which may be the header.
        let mut numeric = vec![true; width];
        for (_, words) in &rows[1..] {
            numeric.iter_mut().zip(kinds(words)).for_each(|(n, k)| *n &= k);
        }
        let many = numeric.iter().filter(|n| **n).count();
        if many == 0 || many * 2 < width {
            return None;
        }
        let first = kinds(&rows[0].1);
        let headed = numeric.iter().zip(&first).all(|(n, k)| !n || !k);
        let alike = numeric.iter().zip(&first).all(|(n, k)| !n || *k);
        if headed && rows.len() > 2 {
            return Some(Self::Words { header: Some(rows[0].0), from: rows[1].0, width });
        }
        alike.then_some(Self::Words { header: None, from: rows[0].0, width })
    }

    /// Columns between characters that are blank in every line.
    fn aligned(lines: &[&str]) -> Option<Self> {
        let used: Vec<usize> = (0..lines.len()).filter(|&i| !lines[i].trim().is_empty() && !is_comment(lines[i])).collect();
        let (&header, rows) = used.split_first()?;
        // Quotes around names are those of CSV.
        if rows.len() < 2 || lines[header].contains('"') || lines.iter().any(|l| l.contains(['\t', '\r'])) {
            return None;
        }
        let cells = gaps(used.iter().map(|&i| lines[i]));
        let words = lines[header].split_whitespace().count();
        let named = slices(lines[header], &cells).all(|name| !name.is_empty() && !is_number(name));
        if cells.len() < 2 || cells.len() > words.min(MOST_COLUMNS) || !named {
            return None;
        }
        // Every column has a name of its own and all lines fit; at least one column is numbers where it is anything.
        let (mut filled, mut numeric) = (vec![false; cells.len()], vec![true; cells.len()]);
        for &row in rows {
            for (i, cell) in slices(lines[row], &cells).enumerate().filter(|(_, cell)| !cell.is_empty()) {
                filled[i] = true;
                numeric[i] &= is_number(cell);
            }
        }
        filled.iter().zip(&numeric).any(|(f, n)| *f && *n).then_some(Self::Aligned { header, cells })
    }
}

/// Runs of characters between those that are blank in all lines.
fn gaps<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(usize, usize)> {
    let mut filled: Vec<bool> = Vec::new();
    for line in lines {
        for (i, c) in line.chars().enumerate() {
            if i >= filled.len() {
                filled.push(false);
            }
            filled[i] |= !c.is_whitespace();
        }
    }
    let mut cells = Vec::new();
    let mut from = None;
    for (i, &f) in filled.iter().chain([&false]).enumerate() {
        match (f, from) {
            (true, None) => from = Some(i),
            (false, Some(start)) => {
                cells.push((start, i));
                from = None;
            }
            _ => {}
        }
    }
    // What stands behind the last column belongs to it.
    if let Some(last) = cells.last_mut() {
        last.1 = usize::MAX;
    }
    cells
}

/// The cells of a line by their characters, without blanks around; cells ascend, so that one pass over the line finds them all.
fn slices<'a>(line: &'a str, cells: &'a [(usize, usize)]) -> impl Iterator<Item = &'a str> {
    let (mut rest, mut passed) = (line, 0);
    let mut cut = move |to: usize| {
        let at = rest.char_indices().nth(to - passed).map_or(rest.len(), |(i, _)| i);
        let (before, behind) = rest.split_at(at);
        (rest, passed) = (behind, to);
        before
    };
    cells.iter().map(move |&(from, to)| {
        cut(from);
        cut(to).trim()
    })
}

/// Reads such a table.
///
/// # Errors
/// No such layout, or a line that does not fit it; as for CSV.
pub(crate) fn read_fixed_width(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    let bytes = read_file(path, MOST_BYTES)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Error::data(format!("file '{name}'"))
            .got("bytes that are no UTF-8 text")
            .rule("tables are UTF-8 text")
            .hint("save the file as UTF-8")
    })?;
    let lines = lines(text);
    let layout = Layout::find(&lines).ok_or_else(|| {
        Error::data(format!("file '{name}'"))
            .rule("its columns are aligned, or parted by blanks, in every line")
            .hint("is a line broken in two?")
    })?;
    let (text, note) = rewritten(&lines, &layout);
    let told = ReadOptions { delimiter: Some(BETWEEN), comment: Some('\u{1}'), ..options.clone() };
    let mut table = parse_csv(name, text.as_bytes(), &told)?;
    table.notes.retain(|n| n.code != "comment-lines" && n.code != "blank-lines");
    table.notes.splice(0..0, note);
    Ok(table)
}

/// Whether a line holds no cells.
fn skip(line: &str) -> bool {
    line.trim().is_empty() || is_comment(line)
}

/// The lines with a delimiter, each in its place, and what was decided. Lines that are no rows become comments.
fn rewritten(lines: &[&str], layout: &Layout) -> (String, Vec<Note>) {
    let mut out = Out(String::with_capacity(lines.iter().map(|l| l.len() + 8).sum()));
    let notes = match layout {
        Layout::Gslib { names, from } => {
            for (i, line) in lines.iter().enumerate() {
                match i + 1 {
                    n if n == *from => out.cells(names.iter().map(String::as_str)),
                    n if n < *from || skip(line) => out.aside(),
                    _ => out.cells(line.split_whitespace()),
                }
            }
            let title = crate::csv::shown(lines[0].trim());
            vec![Note::info("gslib", format!("A GSLIB file of {} columns, titled '{title}'.", names.len()))]
        }
        Layout::Words { header, from, width } => words(lines, (*header, *from, *width), &mut out),
        Layout::Aligned { header, cells } => {
            for (i, line) in lines.iter().enumerate() {
                if i < *header || skip(line) {
                    out.aside();
                } else {
                    out.cells(slices(line, cells));
                }
            }
            let text = format!("Cells are aligned in {} columns of characters; what is blank is missing.", cells.len());
            vec![Note::info("fixed-width", text)]
        }
    };
    (out.0, notes)
}

fn words(lines: &[&str], (header, from, width): (Option<usize>, usize, usize), out: &mut Out) -> Vec<Note> {
    let mut notes = Vec::new();
    let said: Vec<&str> = lines[..header.unwrap_or(from)].iter().map(|l| l.trim()).filter(|l| !skip(l)).collect();
    if !said.is_empty() {
        let text = crate::csv::shown_long(&said.join(" / "));
        notes.push(Note::warning("title-lines", format!("{} lines above the table were stepped over: {text}.", said.len())));
    }
    notes.push(Note::info("delimiter", format!("Cells are separated by runs of blanks: {width} columns.")));
    let mut done = 0;
    if header.is_none() {
        notes.push(Note::warning("no-header", format!("The file names no columns; they are called column1 to column{width}.")));
        // The names take the place of the line above; without one, messages count one line more than there is.
        (1..from).for_each(|_| out.aside());
        let names: Vec<String> = (1..=width).map(|i| format!("column{i}")).collect();
        out.cells(names.iter().map(String::as_str));
        done = from;
    }
    for (i, line) in lines.iter().enumerate().skip(done) {
        if (i < from && Some(i) != header) || skip(line) {
            out.aside();
        } else {
            out.cells(line.split_whitespace());
        }
    }
    notes
}

/// The text that is handed on.
struct Out(String);

impl Out {
    /// A line that holds no cells.
    fn aside(&mut self) {
        self.0.push_str("\u{1}\n");
    }

    fn cells<'a>(&mut self, cells: impl Iterator<Item = &'a str>) {
        for (i, cell) in cells.enumerate() {
            if i > 0 {
                self.0.push(BETWEEN);
            }
            self.0.push_str(cell);
        }
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_told_apart() {
        let find = |text: &str| Layout::find(&text.lines().collect::<Vec<_>>());
        let gslib = "Cluster data\n3\nXlocation\nYlocation\nPrimary, V\n39.5 18.5 .06\n5.5 1.5 .06\n";
        assert!(matches!(find(gslib), Some(Layout::Gslib { from: 5, .. })));
        let above = " 37.24\n 226.00\nYear Day prcp(mm)\n2000 1\t0.5\n2000 2\t0.7\n";
        assert_eq!(find(above), Some(Layout::Words { header: Some(2), from: 3, width: 3 }));
        assert_eq!(find("9.5 47.5\n9.3 47.6\n9.1 47.7\n"), Some(Layout::Words { header: None, from: 0, width: 2 }));
        let aligned = "id   name        depth\n1    De Bilt      12.5\n2    Eelde\n3    Vlissingen    3.5\n";
        assert_eq!(find(aligned), Some(Layout::Aligned { header: 0, cells: vec![(0, 2), (5, 15), (17, usize::MAX)] }));
        assert_eq!(find("just a text\nof some words\n"), None);
    }
}
