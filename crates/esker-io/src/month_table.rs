//! Series as climate centres publish them: a row a year and a column a month, turned into time and value.
//!
//! Known by content alone: rows of a year and twelve numbers, years ascending. NOAA PSL puts the first and last year above and the mark
//! of missing months below; KNMI comments; the Met Office and NASA titles and a header of month names with seasons behind December.
//! A table whose first line is such a header is left to the reader of CSV.

use std::io::Read;
use std::path::Path;

use esker_core::{Calendar, Column, Error, Note, Result, Table};

use crate::csv::number;
use crate::file::{open, read_file};
use crate::missing::{Declared, Tally, is_marker, number_text};
use crate::{ReadOptions, names};

/// Bytes that sniffing looks at.
const SAMPLE: u64 = 1 << 16;
/// Most bytes of a file; a thousand years are a hundred kilobytes.
const MOST_BYTES: u64 = 64 << 20;
/// Years that are plausible.
const YEARS: std::ops::RangeInclusive<i64> = 1000..=2999;
/// Columns of a row at most: a year, the months, and means of seasons and years.
const MOST_CELLS: usize = 32;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Whether a file is such a table beyond doubt.
pub(crate) fn sniff(path: &Path, head: &[u8]) -> bool {
    if head.is_empty() || head.contains(&0) || path.is_dir() {
        return false;
    }
    let mut sample = Vec::new();
    if open(path).and_then(|f| f.take(SAMPLE).read_to_end(&mut sample).map_err(|e| crate::file::refused_read(path, &e))).is_err() {
        return false;
    }
    // The last line may be cut.
    if sample.len() as u64 == SAMPLE {
        sample.truncate(memchr::memrchr(b'\n', &sample).unwrap_or(0));
    }
    Layout::find(&String::from_utf8_lossy(&sample)).is_some()
}

/// What stands where.
struct Layout<'a> {
    comma: bool,
    /// Line and cells of each row.
    rows: Vec<(usize, Vec<&'a str>)>,
    /// Lines above the rows that are no comments.
    above: Vec<&'a str>,
    comments: Vec<&'a str>,
    below: Vec<&'a str>,
    width: usize,
}

impl<'a> Layout<'a> {
    fn find(text: &'a str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = text.lines().find_map(row)?;
        let mut layout =
            Self { comma: first.0, rows: Vec::new(), above: Vec::new(), comments: Vec::new(), below: Vec::new(), width: first.1.len() };
        for (i, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if trimmed.is_empty() {
                continue;
            }
            if trimmed.starts_with('#') {
                layout.comments.push(trimmed);
                continue;
            }
            match row(line) {
                Some((comma, cells)) => {
                    // Rows are alike and stand together.
                    if comma != layout.comma || cells.len() != layout.width || !layout.below.is_empty() {
                        return None;
                    }
                    layout.rows.push((i + 1, cells));
                }
                None if layout.rows.is_empty() => layout.above.push(trimmed),
                None => layout.below.push(trimmed),
            }
        }
        layout.is_sure().then_some(layout)
    }

    fn is_sure(&self) -> bool {
        let years: Vec<i64> = self.rows.iter().filter_map(|(_, cells)| cells[0].parse().ok()).collect();
        if years.len() < 2 || !years.windows(2).all(|w| w[0] < w[1]) {
            return false;
        }
        let header = self.above.last().is_some_and(|l| months(l, self.comma));
        let names = self.above.last().map_or(0, |l| cells(l, self.comma).len());
        let spans = self.above.len() == 1 && span(self.above[0]).is_some();
        match (self.comma, header) {
            // A title tells a published series from an ordinary table with such columns.
            (_, true) => self.above.len() > 1,
            (true, false) => false,
            // Without month names only the months may follow the year, and no line may name them otherwise.
            (false, false) => self.width == 13 && (spans || names != self.width),
        }
    }
}

fn cells(line: &str, comma: bool) -> Vec<&str> {
    if comma { line.trim().split(',').map(str::trim).collect() } else { line.split_whitespace().collect() }
}

/// Whether cells are parted by commas, and the cells, of a row: a year and at least twelve numbers or marks of missing.
fn row(line: &str) -> Option<(bool, Vec<&str>)> {
    let comma = line.contains(',');
    let found = cells(line, comma);
    let year = found.first()?.parse::<i64>().ok().filter(|y| YEARS.contains(y));
    let value = |t: &&str| number(t.as_bytes(), false).is_some_and(f64::is_finite) || (is_marker(t.as_bytes()) && (comma || !t.is_empty()));
    let fits = (13..=MOST_CELLS).contains(&found.len()) && found[0].len() == 4 && year.is_some() && found[1..].iter().all(value);
    fits.then_some((comma, found))
}

/// Whether a header names the twelve months in order, behind at most one other name.
fn months(line: &str, comma: bool) -> bool {
    let names: Vec<String> = cells(line, comma).iter().map(|n| n.trim_matches('"').to_lowercase()).collect();
    let from = usize::from(!names.first().is_some_and(|n| n.starts_with("jan")));
    names.len() >= from + 12 && MONTHS.iter().zip(&names[from..]).all(|(m, n)| n.starts_with(m) && n.len() <= 9)
}

/// The first and last year of a line that holds nothing else.
fn span(line: &str) -> Option<(i64, i64)> {
    let mut years = line.split_whitespace().map(|t| t.parse::<i64>().ok().filter(|y| YEARS.contains(y)));
    let pair = (years.next()??, years.next()??);
    years.next().is_none().then_some(pair).filter(|p| p.0 <= p.1)
}

/// Reads such a table as columns `time` (the first of the month, days since 1970-01-01) and `value`.
///
/// # Errors
/// The file is not of this layout throughout.
pub(crate) fn read_month_table(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    let bytes = read_file(path, MOST_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let layout = Layout::find(&text).ok_or_else(|| {
        Error::data(format!("file '{name}'"))
            .rule("every row is a year and twelve months, years ascending")
            .hint("is a row broken, or a year out of order?")
    })?;
    let mut notes = vec![Note::info(
        "month-table",
        format!(
            "{} rows of a year and {} numbers were read as a monthly series; each value stands at the first day of its month.",
            layout.rows.len(),
            layout.width - 1
        ),
    )];
    if layout.width > 13 {
        notes.push(Note::info(
            "means-left-out",
            format!("{} columns behind December, means of seasons or years, were left out.", layout.width - 13),
        ));
    }
    let said: Vec<&str> = layout
        .above
        .iter()
        .chain(&layout.below)
        .copied()
        .filter(|l| l.chars().any(char::is_alphabetic) && !months(l, layout.comma))
        .collect();
    if !said.is_empty() {
        notes.push(Note::info("title-lines", format!("The file says besides: {}.", crate::csv::shown_long(&said.join(" / ")))));
    }
    years(&layout, name, &mut notes)?;
    let (mut time, mut values) = (Vec::new(), Vec::new());
    let mut tally = Tally::default();
    for (_, cells) in &layout.rows {
        let year = cells[0].parse::<i64>().unwrap_or_default();
        for (month, cell) in (1..=12).zip(&cells[1..13]) {
            time.push(Calendar::Proleptic.days(year, month, 1).map_or(f64::NAN, |d| d as f64));
            let value = number(cell.as_bytes(), false);
            if value.is_none() && !cell.is_empty() {
                tally.add(cell, "value", 1);
            }
            values.push(value.unwrap_or(f64::NAN));
        }
    }
    // The mark of missing months stands alone below the rows.
    if let Some(flag) = layout.below.first().and_then(|l| number(l.as_bytes(), false)) {
        let count = values.iter_mut().filter(|v| **v == flag).map(|v| *v = f64::NAN).count();
        tally.add(&number_text(flag), "value", count as u64);
    }
    let declared = Declared::new(&options.missing);
    tally.scrub("value", &mut values, &declared);
    let unit = unit(&layout.comments).unwrap_or_default();
    let mut table = Table::new(vec![Column::real("time", "days since 1970-01-01", time), Column::real("value", unit, values)])?;
    notes.extend(tally.notes());
    table.notes = notes;
    names::apply_options(name, table, options)
}

/// Checks the years against those that the first line names, and notes the ones that are not there.
fn years(layout: &Layout<'_>, name: &str, notes: &mut Vec<Note>) -> Result<()> {
    let year = |i: usize| layout.rows.get(i).and_then(|r| r.1[0].parse::<i64>().ok()).unwrap_or_default();
    let (first, last) = (year(0), year(layout.rows.len() - 1));
    if let Some((from, to)) = layout.above.first().and_then(|l| span(l))
        && (from, to) != (first, last)
    {
        return Err(Error::data(format!("years of '{name}'"))
            .got(format!("rows from {first} to {last}"))
            .rule(format!("the first line says {from} to {to}"))
            .hint("was the file cut short?"));
    }
    let gaps = last - first + 1 - layout.rows.len() as i64;
    if gaps > 0 {
        notes.push(Note::warning("years-missing", format!("{gaps} years between {first} and {last} have no row.")));
    }
    Ok(())
}

/// The unit in the comments of KNMI: `# u10m [m/s] eastward wind …`.
fn unit<'a>(comments: &[&'a str]) -> Option<&'a str> {
    comments.iter().rev().find_map(|line| {
        let rest = line.trim_start_matches('#').trim_start();
        let (name, rest) = rest.split_once(" [")?;
        let (unit, _) = rest.split_once(']')?;
        (!name.contains([' ', ':']) && unit.len() <= 40).then_some(unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sure(text: &str) -> bool {
        Layout::find(text).is_some()
    }

    #[test]
    fn only_what_is_unmistakable_is_claimed() {
        let row = |year: i32| format!("{year} {}\n", ["1.5"; 12].join(" "));
        let two = row(1950) + &row(1951);
        assert!(sure(&format!(" 1950 1951\n{two} -99.9\n Source\n")));
        assert!(sure(&format!("# a comment\n{two}")));
        assert!(sure(&format!("A TITLE\nYear Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec\n{two}")));
        assert!(!sure(&format!("Year Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec\n{two}")), "an ordinary header: CSV");
        assert!(!sure(&format!("year a b c d e f g h i j k l\n{two}")), "columns of other names: CSV");
        assert!(!sure(&row(1950)), "one row says little");
        assert!(!sure(&(row(1951) + &row(1950))), "years descend");
        assert!(!sure(&two.replace(' ', ",")), "CSV without a header");
        assert!(!sure("1950 1 2 3\n1951 1 2 3\n"));
    }
}
