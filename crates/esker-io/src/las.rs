//! Well logs: LAS 2.0 and 1.2 of the Canadian Well Logging Society, wrapped or not.
//!
//! Curves are columns with their units; the well's name and identifier are columns of one value, so that wells can be told apart once
//! their tables are joined. What the header says besides is in a note. LAS 3.0 is refused.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use esker_core::{Codes, Column, Error, Note, Result, Table};

use crate::cells::{About, Cell};
use crate::csv::number;
use crate::file::read_file;
use crate::{ReadOptions, names};

/// Most bytes of a file.
const MOST_BYTES: u64 = 4 << 30;
/// Header lines named in the note.
const MOST_TOLD: usize = 16;

/// Whether a file starts as a LAS file; a point cloud of that name is told apart when it is read.
pub(crate) fn sniff(head: &[u8]) -> bool {
    if head.starts_with(b"LASF") {
        return true;
    }
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
    let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'));
    first.is_some_and(|l| l.len() > 1 && l.starts_with('~') && l[1..].starts_with(['V', 'v']))
}

/// Reads a well log.
///
/// # Errors
/// Another version, no curves, a line with another number of values than there are curves.
pub(crate) fn read_las(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    parse(name, &read_file(path, MOST_BYTES)?, options)
}

/// A line of a header section: `MNEM.UNIT value : description`.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    name: String,
    unit: String,
    value: String,
    about: String,
}

/// What the header says.
#[derive(Default)]
struct Header {
    version: Vec<Item>,
    well: Vec<Item>,
    curves: Vec<Item>,
    parameters: usize,
}

fn parse(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Table> {
    let thing = || Error::data(format!("LAS file '{name}'"));
    if bytes.starts_with(b"LASF") {
        return Err(thing()
            .got("a lidar point cloud")
            .rule("a well log in LAS 2.0 is read here")
            .hint("grid the points to a GeoTIFF first"));
    }
    let mut about = About::new(name, options);
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            about.notes.push(Note::info("latin-1", "The file is no UTF-8 text; it was read as Latin-1."));
            bytes.iter().map(|&b| char::from(b)).collect()
        }
    };
    let mut lines = text.lines().enumerate().map(|(i, l)| (i + 1, l));
    let header = header(name, &mut lines)?;
    let value = |items: &[Item], name: &str| items.iter().find(|i| i.name == name).map(|i| i.value.clone()).unwrap_or_default();
    let version = value(&header.version, "VERS");
    if !version.trim_start().starts_with(['1', '2']) {
        return Err(thing().got(format!("version '{version}'")).rule("LAS 2.0 and 1.2 are read").hint("export the log as LAS 2.0"));
    }
    if header.curves.is_empty() {
        return Err(thing().got("no curves in section ~C").rule("a well log has at least one curve"));
    }
    if header.curves.len() > names::MOST_COLUMNS {
        let got = format!("{} curves in section ~C", header.curves.len());
        return Err(thing().got(got).rule(format!("at most {} are read", names::MOST_COLUMNS)));
    }
    let wrapped = value(&header.version, "WRAP").eq_ignore_ascii_case("YES");
    let delimiter = match value(&header.version, "DLM").to_ascii_uppercase().as_str() {
        "COMMA" => Some(','),
        "TAB" => Some('\t'),
        _ => None,
    };
    let null = number(value(&header.well, "NULL").as_bytes(), false);
    let mut cells = data(name, lines, header.curves.len(), wrapped, delimiter)?;
    if cells[0].is_empty() {
        return Err(thing().got("no rows in section ~A").rule("a table has at least one row"));
    }
    let rows = cells[0].len();
    if let Some(null) = null {
        blank(&mut cells, null, &header, &mut about);
    }
    let mut columns = Vec::new();
    let names = unique(&header.curves, &mut about.notes);
    for ((cells, name), item) in cells.into_iter().zip(&names).zip(&header.curves) {
        columns.push(about.column(name, &item.unit, cells)?);
    }
    columns.extend(constants(&header, version.trim_start().starts_with('1'), &names, rows, &mut about.notes));
    let mut table = Table::new(columns)?;
    table.notes = about.notes;
    table.notes.extend(about.tally.notes());
    names::apply_options(name, table, options)
}

/// Reads the sections up to the data.
fn header<'a>(name: &str, lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Result<Header> {
    let mut header = Header::default();
    let mut section = ' ';
    for (line, text) in lines {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(title) = text.strip_prefix('~') {
            section = title.chars().next().unwrap_or(' ').to_ascii_uppercase();
            if section == 'A' {
                return Ok(header);
            }
            continue;
        }
        let list = match section {
            'V' => &mut header.version,
            'W' => &mut header.well,
            'C' => &mut header.curves,
            'P' => {
                header.parameters += 1;
                continue;
            }
            _ => continue,
        };
        match item(text) {
            Some(item) => list.push(item),
            None => {
                return Err(Error::data(format!("line {line} of '{name}'"))
                    .got(format!("'{}'", text.chars().take(40).collect::<String>()))
                    .rule("header lines are written NAME.UNIT value : description"));
            }
        }
    }
    Err(Error::data(format!("LAS file '{name}'")).got("no section ~A").rule("the data stand in section ~A").hint("was the file cut short?"))
}

fn item(text: &str) -> Option<Item> {
    let (name, rest) = text.split_once('.')?;
    let at = rest.find(char::is_whitespace).unwrap_or(rest.len());
    // A unit ends at the first blank; without one, at the colon.
    let at = at.min(rest.find(':').unwrap_or(rest.len()));
    let (unit, rest) = rest.split_at(at);
    let (value, about) = match divide(rest) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, ""),
    };
    let unit = if unit == "_" { "" } else { unit };
    Some(Item { name: name.trim().to_uppercase(), unit: unit.to_owned(), value: value.trim().to_owned(), about: about.trim().to_owned() })
        .filter(|i| !i.name.is_empty())
        .map(|i| Item { name: name.trim().to_owned(), ..i })
}

/// The colon between value and description: one with a blank beside it or at the end, so that clock times stay whole.
fn divide(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let blank = |b: Option<&u8>| b.is_none_or(u8::is_ascii_whitespace);
    let fits = |&at: &usize| at == 0 || blank(bytes.get(at - 1)) || blank(bytes.get(at + 1));
    memchr::memchr_iter(b':', bytes).find(fits).or_else(|| text.rfind(':'))
}

/// The values, by curve.
fn data<'a>(
    name: &str,
    lines: impl Iterator<Item = (usize, &'a str)>,
    width: usize,
    wrapped: bool,
    delimiter: Option<char>,
) -> Result<Vec<Vec<Cell>>> {
    let mut columns: Vec<Vec<Cell>> = vec![Vec::new(); width];
    let mut pending = 0;
    let mut last = 0;
    for (line, text) in lines {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if trimmed.starts_with('~') {
            break;
        }
        last = line;
        let found = pending;
        match delimiter {
            Some(mark) => trimmed.split(mark).for_each(|t| push(&mut columns, &mut pending, t.trim())),
            None => words(trimmed).for_each(|t| push(&mut columns, &mut pending, t)),
        }
        let found = pending - found;
        if !wrapped && found != width {
            return Err(Error::data(format!("line {line} of '{name}'"))
                .got(format!("{found} values"))
                .rule(format!("there are {width} curves"))
                .hint("was the file cut short, or is it wrapped without WRAP. YES?"));
        }
    }
    if pending % width != 0 {
        return Err(Error::data(format!("line {last} of '{name}'"))
            .got(format!("{} values of the last depth", pending % width))
            .rule(format!("there are {width} curves"))
            .hint("was the file cut short?"));
    }
    Ok(columns)
}

fn push(columns: &mut [Vec<Cell>], pending: &mut usize, text: &str) {
    let width = columns.len();
    columns[*pending % width].push(match number(text.as_bytes(), false) {
        Some(value) => Cell::Number(value),
        None if text.is_empty() => Cell::Empty,
        None => Cell::Text(text.trim_matches('"').to_owned()),
    });
    *pending += 1;
}

/// Words between blanks; one in quotes may hold blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let end = match rest.strip_prefix('"') {
            Some(inside) => inside.find('"').map_or(rest.len(), |e| e + 2),
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, behind) = rest.split_at(end);
        rest = behind;
        (!word.is_empty()).then_some(word)
    })
}

/// Sets the null value of the header to missing.
fn blank(cells: &mut [Vec<Cell>], null: f64, header: &Header, about: &mut About<'_>) {
    for (cells, item) in cells.iter_mut().zip(&header.curves) {
        let mut count = 0;
        for cell in cells {
            if *cell == Cell::Number(null) {
                *cell = Cell::Empty;
                count += 1;
            }
        }
        if count > 0 {
            about.tally.add(&crate::missing::number_text(null), &item.name, count);
        }
    }
}

/// Names of the curves; those that occur more than once get a number, as `GR:1` and `GR:2`.
fn unique(curves: &[Item], notes: &mut Vec<Note>) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    curves.iter().for_each(|c| *counts.entry(&c.name).or_default() += 1);
    let (mut names, mut taken) = (Vec::with_capacity(curves.len()), HashSet::new());
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut repeated = Vec::new();
    for item in curves {
        if counts[item.name.as_str()] == 1 && taken.insert(item.name.clone()) {
            names.push(item.name.clone());
            continue;
        }
        let number = numbers.entry(&item.name).or_default();
        let name = loop {
            *number += 1;
            let name = format!("{}:{number}", item.name);
            if taken.insert(name.clone()) {
                break name;
            }
        };
        names.push(name);
        if *number == 1 {
            repeated.push(item.name.clone());
        }
    }
    if !repeated.is_empty() {
        notes.push(Note::warning("repeated-names", format!("Curves of one name were numbered: {}.", repeated.join(", "))));
    }
    names
}

/// Columns of one value: which well it is and where. The rest of the header goes into a note.
fn constants(header: &Header, old: bool, taken: &[String], rows: usize, notes: &mut Vec<Note>) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut told = Vec::new();
    for item in &header.well {
        let name = item.name.to_uppercase();
        if ["STRT", "STOP", "STEP", "NULL"].contains(&name.as_str()) {
            continue;
        }
        // Version 1.2 writes the value behind the colon.
        let value = if old && !item.about.is_empty() { &item.about } else { &item.value };
        if value.is_empty() || value.eq_ignore_ascii_case(&item.name) {
            continue;
        }
        let fresh = !taken.contains(&name) && !columns.iter().any(|c: &Column| c.name == name);
        match (name.as_str(), number(value.as_bytes(), false)) {
            ("WELL" | "UWI" | "API", _) if fresh => {
                columns.push(Column::class(name, Codes::from_labels(&vec![Some(value.as_str()); rows])));
            }
            ("LATI" | "LONG" | "LAT" | "LON" | "X" | "Y" | "XCOORD" | "YCOORD", Some(v)) if fresh && v.is_finite() => {
                columns.push(Column::real(name, &item.unit, vec![v; rows]));
            }
            _ => told.push(format!("{name} {value}{}{}", if item.unit.is_empty() { "" } else { " " }, item.unit)),
        }
    }
    if !columns.is_empty() {
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        notes.push(Note::info("well", format!("From the header, the same in every row: {}.", names.join(", "))));
    }
    if !told.is_empty() {
        let more = told.len().saturating_sub(MOST_TOLD);
        told.truncate(MOST_TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notes.push(Note::info("header", format!("The header says besides: {}{more}.", told.join("; "))));
    }
    if header.parameters > 0 {
        notes.push(Note::info("parameters", format!("{} parameters of section ~P were left out.", header.parameters)));
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lines_of_all_kinds() {
        let get = |text| item(text).map(|i| (i.name, i.unit, i.value, i.about)).unwrap();
        let s = |a: &str, b: &str, c: &str, d: &str| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned());
        assert_eq!(get("RDEP .ohm.m               : RDEP"), s("RDEP", "ohm.m", "", "RDEP"));
        assert_eq!(
            get("DATE.  2020-08-09 20:01:39   : Log Export Date {HH:mm:ss}"),
            s("DATE", "", "2020-08-09 20:01:39", "Log Export Date {HH:mm:ss}")
        );
        assert_eq!(get("WRAP.   NO:"), s("WRAP", "", "NO", ""));
        assert_eq!(get("VERS. 2.0: CWLS LOG ASCII STANDARD - VERSION 2.0"), s("VERS", "", "2.0", "CWLS LOG ASCII STANDARD - VERSION 2.0"));
        assert_eq!(get("GR.:gamma"), s("GR", "", "", "gamma"));
        assert_eq!(item("no dot here"), None);
    }

    #[test]
    fn words_in_quotes_stay_whole() {
        assert_eq!(words(" 1.5 \"a b\"  x ").collect::<Vec<_>>(), ["1.5", "\"a b\"", "x"]);
        assert_eq!(words("\"open").collect::<Vec<_>>(), ["\"open"]);
    }
}
