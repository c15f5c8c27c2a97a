//! Spreadsheets: Excel (xlsx, xlsb, xls) and OpenDocument, one sheet as a table.
//!
//! Rows of a single cell above the table are titles; the row below them names the columns. Dates become days since 1970-01-01, cells
//! with an error such as `#N/A` are missing.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, Xls, Xlsb, Xlsx};
use esker_core::{Calendar, Error, Note, Result, Table};
use zip::ZipArchive;

use crate::cells::{About, Cell, date};
use crate::file::size_text;
use crate::names::{self, MOST_COLUMNS};
use crate::zarr::zip_names;
use crate::{ReadOptions, excel_check, file};

/// Most bytes of a workbook, and of all its parts unpacked.
const MOST_BYTES: u64 = 1 << 30;
const MOST_UNPACKED: u64 = 4 << 30;
/// Most cells of a sheet, empty ones among them.
const MOST_CELLS: usize = 1 << 27;
/// Most bytes of text in the cells of a sheet.
const MOST_TEXT: usize = 512 << 20;
/// Most title rows.
const MOST_TITLES: usize = 20;

/// Whether a file is a workbook: an old Excel file, or a zip file with a workbook inside.
pub(crate) fn sniff(path: &Path, head: &[u8]) -> bool {
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return true;
    }
    head.starts_with(b"PK\x03\x04") && kind(path).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Xls,
    Xlsx,
    Xlsb,
    Ods,
}

fn kind(path: &Path) -> Option<Kind> {
    let names = zip_names(path)?;
    let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    if has("xl/workbook.xml") {
        Some(Kind::Xlsx)
    } else if has("xl/workbook.bin") {
        Some(Kind::Xlsb)
    } else {
        (has("mimetype") && has("content.xml")).then_some(Kind::Ods)
    }
}

/// Reads a sheet: the one told, or the first that holds a table.
///
/// # Errors
/// A damaged or locked workbook, no such sheet, a sheet without header and rows, a column of numbers with a stray text.
pub(crate) fn read_excel(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    let mut file = file::open(path)?;
    let size = file.metadata().map_or(0, |m| m.len());
    if size > MOST_BYTES {
        let rule = format!("at most {} are read", size_text(MOST_BYTES));
        return Err(Error::data(format!("workbook '{name}'")).got(size_text(size)).rule(rule));
    }
    let mut magic = [0; 2];
    file.read_exact(&mut magic).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(|e| file::refused_read(path, &e))?;
    let kind = if magic == *b"PK" { kind(path) } else { Some(Kind::Xls) };
    let kind = kind.ok_or_else(|| damaged(name, "no workbook inside".into()))?;
    match kind {
        Kind::Xls => excel_check::xls(&file::read_file(path, MOST_BYTES)?).map_err(|got| damaged(name, got))?,
        _ => check_parts(&file, kind, name)?,
    }
    // The decoder gives up with a panic on some damaged workbooks; that is an error here.
    let (sheet, rows, mut notes) = catch_unwind(AssertUnwindSafe(|| sheet(file, kind, name, options)))
        .unwrap_or_else(|_| Err(damaged(name, "contents the decoder cannot follow".into())))?;
    let mut table = table(&format!("{name}, sheet {sheet}"), rows, options, &mut notes)?;
    notes.append(&mut table.notes);
    table.notes = notes;
    Ok(table)
}

fn damaged(name: &str, got: String) -> Error {
    Error::data(format!("workbook '{name}'"))
        .got(got)
        .rule("it must be whole, undamaged and not locked by a password")
        .hint("open it and save it again, or save the sheet as CSV (UTF-8)")
}

/// Unpacks all parts once and counts their bytes: what a zip file says of its sizes is not believed.
fn check_parts(file: &File, kind: Kind, name: &str) -> Result<()> {
    let fail = |e: &dyn std::fmt::Display| damaged(name, e.to_string());
    let copy = file.try_clone().map_err(|e| fail(&e))?;
    let mut archive = ZipArchive::new(BufReader::new(copy)).map_err(|e| fail(&e))?;
    let (mut total, mut piece) = (0, vec![0; 1 << 16]);
    for i in 0..archive.len() {
        let mut part = archive.by_index(i).map_err(|e| fail(&e))?;
        // Of OpenDocument, the cells are counted before the decoder repeats them.
        let cells = kind == Kind::Ods && part.name().is_ok_and(|n| n.eq_ignore_ascii_case("content.xml"));
        let mut content = Vec::new();
        loop {
            match part.read(&mut piece).map_err(|e| fail(&e))? {
                0 => break,
                n => {
                    total += n as u64;
                    content.extend_from_slice(if cells { &piece[..n] } else { &[] });
                }
            }
            let most = if cells { MOST_BYTES } else { MOST_UNPACKED };
            if total > most {
                return Err(Error::data(format!("workbook '{name}'"))
                    .got(format!("more than {} unpacked", size_text(most)))
                    .rule("so much is not read"));
            }
        }
        excel_check::ods(&content).map_err(|got| damaged(name, got))?;
    }
    let mut file = file;
    file.seek(SeekFrom::Start(0)).map_err(|e| fail(&e)).map(|_| ())
}

/// Rows of cells, from the first used row and column on.
type Rows = Vec<Vec<Cell>>;

/// Cells by row and column as they come.
#[derive(Default)]
struct Sparse {
    cells: Vec<(u32, u32, Cell)>,
    /// Bytes of their texts: many cells may share one text in the file.
    text: usize,
    errors: Vec<(String, u64)>,
}

impl Sparse {
    fn put(&mut self, row: u32, column: u32, cell: Cell) {
        if let Cell::Text(text) = &cell {
            self.text += text.len();
        }
        if cell != Cell::Empty {
            self.cells.push((row, column, cell));
        }
    }

    fn error(&mut self, text: String) {
        match self.errors.iter_mut().find(|(t, _)| *t == text) {
            Some((_, n)) => *n += 1,
            None => self.errors.push((text, 1)),
        }
    }

    /// The rectangle that holds all cells.
    fn rows(self, name: &str) -> Result<Rows> {
        let (Some(top), Some(left)) = (self.cells.iter().map(|c| c.0).min(), self.cells.iter().map(|c| c.1).min()) else {
            return Ok(Vec::new());
        };
        let height = self.cells.iter().map(|c| c.0 - top).max().unwrap_or(0) as usize + 1;
        let width = self.cells.iter().map(|c| c.1 - left).max().unwrap_or(0) as usize + 1;
        // A lone cell far away would ask for all the memory in between.
        let most = self.cells.len().saturating_mul(64).saturating_add(1 << 16).min(MOST_CELLS);
        if height.saturating_mul(width) > most || width > MOST_COLUMNS {
            return Err(Error::data(format!("workbook '{name}'"))
                .got(format!("{} cells spread over {height} rows and {width} columns", self.cells.len()))
                .rule("a sheet is a table, with few cells outside it")
                .hint("clear the cells far from the table"));
        }
        let mut rows = vec![vec![Cell::Empty; width]; height];
        for (row, column, cell) in self.cells {
            rows[(row - top) as usize][(column - left) as usize] = cell;
        }
        Ok(rows)
    }
}

fn sheet(file: File, kind: Kind, name: &str, options: &ReadOptions) -> Result<(String, Rows, Vec<Note>)> {
    fn opened<R: Reader<BufReader<File>>>(file: File, name: &str) -> Result<R>
    where
        R::Error: std::fmt::Display,
    {
        R::new(BufReader::new(file)).map_err(|e| damaged(name, e.to_string()))
    }
    match kind {
        Kind::Xlsx => {
            let mut book: Xlsx<_> = opened(file, name)?;
            choose(book.sheet_names(), name, options, |sheet, sparse| {
                let mut reader = book.worksheet_cells_reader(sheet).map_err(|e| damaged(name, e.to_string()))?;
                while let Some(cell) = reader.next_cell().map_err(|e| damaged(name, e.to_string()))? {
                    let (row, column) = cell.get_position();
                    let cell = Data::from(cell.get_value().clone());
                    take(sparse, row, column, &cell);
                    limit(sparse, name)?;
                }
                Ok(())
            })
        }
        Kind::Xlsb => {
            let mut book: Xlsb<_> = opened(file, name)?;
            choose(book.sheet_names(), name, options, |sheet, sparse| {
                let mut reader = book.worksheet_cells_reader(sheet).map_err(|e| damaged(name, e.to_string()))?;
                while let Some(cell) = reader.next_cell().map_err(|e| damaged(name, e.to_string()))? {
                    let (row, column) = cell.get_position();
                    let cell: DataRef<'_> = cell.get_value().clone();
                    take(sparse, row, column, &Data::from(cell));
                    limit(sparse, name)?;
                }
                Ok(())
            })
        }
        Kind::Xls => ranges::<Xls<_>>(opened(file, name)?, name, options),
        Kind::Ods => ranges::<Ods<_>>(opened(file, name)?, name, options),
    }
}

/// Formats whose sheets are bounded by the format (65536 × 256 cells) or by the decoder.
fn ranges<R: Reader<BufReader<File>>>(mut book: R, name: &str, options: &ReadOptions) -> Result<(String, Rows, Vec<Note>)>
where
    R::Error: std::fmt::Display,
{
    choose(book.sheet_names(), name, options, |sheet, sparse| {
        let range = book.worksheet_range(sheet).map_err(|e| damaged(name, e.to_string()))?;
        for (row, column, cell) in range.used_cells() {
            take(sparse, row as u32, column as u32, cell);
        }
        limit(sparse, name)
    })
}

fn limit(sparse: &Sparse, name: &str) -> Result<()> {
    if sparse.text > MOST_TEXT {
        let error = Error::data(format!("workbook '{name}'")).got(format!("more than {} of text", size_text(MOST_TEXT as u64)));
        return Err(error.rule("so much is not read"));
    }
    if sparse.cells.len() <= MOST_CELLS {
        return Ok(());
    }
    Err(Error::data(format!("workbook '{name}'")).got(format!("more than {MOST_CELLS} cells")).rule("so many are not read"))
}

/// The sheet told, or the first with at least two rows.
fn choose(
    sheets: Vec<String>,
    name: &str,
    options: &ReadOptions,
    mut read: impl FnMut(&str, &mut Sparse) -> Result<()>,
) -> Result<(String, Rows, Vec<Note>)> {
    let told = match &options.sheet {
        Some(told) if sheets.contains(told) => vec![told.clone()],
        Some(told) => {
            return Err(Error::data(format!("sheet '{told}' of '{name}'"))
                .rule("no such sheet in the workbook")
                .hint(format!("the sheets are {}", sheets.join(", "))));
        }
        None => sheets.clone(),
    };
    let mut failed = None;
    for sheet in told {
        let mut sparse = Sparse::default();
        if let Err(error) = read(&sheet, &mut sparse) {
            // A sheet of charts has no cells to read; another may be the table.
            failed.get_or_insert(error);
            continue;
        }
        let errors = std::mem::take(&mut sparse.errors);
        let rows = sparse.rows(name)?;
        if rows.len() < 2 && options.sheet.is_none() {
            continue;
        }
        let mut notes = Vec::new();
        if sheets.len() > 1 {
            notes.push(Note::info("sheet", format!("Sheet '{sheet}' of {} was read: {}.", sheets.len(), sheets.join(", "))));
        }
        for (text, count) in errors {
            let cells = if count == 1 { "cell" } else { "cells" };
            notes.push(Note::warning("error-cells", format!("{count} {cells} hold the error {text}; they were read as missing.")));
        }
        return Ok((sheet, rows, notes));
    }
    Err(failed.unwrap_or_else(|| {
        Error::data(format!("workbook '{name}'")).got("no sheet with a header and rows").rule("a table has a header and at least one row")
    }))
}

fn take(sparse: &mut Sparse, row: u32, column: u32, cell: &Data) {
    let cell = match cell {
        Data::Empty => Cell::Empty,
        Data::Int(v) => Cell::Number(*v as f64),
        Data::Float(v) => Cell::Number(*v),
        Data::Bool(v) => Cell::Truth(*v),
        Data::String(text) if text.trim().is_empty() => Cell::Empty,
        Data::String(text) => Cell::Text(text.trim().to_owned()),
        Data::DateTime(v) => moment(v),
        Data::DateTimeIso(text) => date(text).map_or_else(|| Cell::Text(text.clone()), Cell::Days),
        Data::DurationIso(text) => span(text).map_or_else(|| Cell::Text(text.clone()), Cell::Span),
        Data::Error(error) => {
            sparse.error(error.to_string());
            Cell::Empty
        }
    };
    sparse.put(row, column, cell);
}

/// A serial number of Excel: a date, or below 1 a time of the day.
fn moment(v: &ExcelDateTime) -> Cell {
    let serial = v.as_f64();
    if v.is_duration() || (0.0..1.0).contains(&serial) {
        return Cell::Span(serial);
    }
    let (year, month, day, hour, minute, second, milli) = v.to_ymd_hms_milli();
    match Calendar::Proleptic.days(i64::from(year), month, day) {
        Some(days) => {
            let seconds = f64::from(hour) * 3600.0 + f64::from(minute) * 60.0 + f64::from(second) + f64::from(milli) / 1000.0;
            Cell::Days(days as f64 + seconds / 86_400.0)
        }
        // 29 February 1900, which Excel has and the calendar has not.
        None => Cell::Number(serial),
    }
}

/// A length of time of OpenDocument, `PT12H30M00S`, in days.
fn span(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix("PT")?;
    let mut seconds = 0.0;
    for (mark, size) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, behind)) = rest.split_once(mark) {
            seconds += number.replace(',', ".").parse::<f64>().ok().filter(|v| v.is_finite())? * size;
            rest = behind;
        }
    }
    rest.is_empty().then_some(seconds / 86_400.0)
}

/// The table of a sheet's rows.
fn table(place: &str, mut rows: Rows, options: &ReadOptions, notes: &mut Vec<Note>) -> Result<Table> {
    let filled = |row: &Vec<Cell>| row.iter().filter(|c| **c != Cell::Empty).count();
    let titles = rows.iter().take_while(|r| filled(r) <= 1).count();
    let widest = rows.iter().map(filled).max().unwrap_or(0);
    if widest > 1 && titles > 0 && titles <= MOST_TITLES && titles < rows.len() {
        let lines = rows.iter().take(titles).filter(|r| filled(r) == 1).count();
        notes.push(Note::warning("title-lines", format!("{lines} title rows above the header stepped over.")));
        rows.drain(..titles);
    }
    let thing = || Error::data(format!("'{place}'"));
    let mut rest = rows.into_iter();
    let header = rest.next().ok_or_else(|| thing().got("no cells").rule("a table has a header and at least one row"))?;
    let all: Vec<Vec<Cell>> = rest.collect();
    let count = all.len();
    let body: Vec<Vec<Cell>> = all.into_iter().filter(|r| filled(r) > 0).collect();
    if body.is_empty() {
        return Err(thing().got("a header and no rows").rule("a table has at least one row"));
    }
    if body.len() < count {
        notes.push(Note::warning("blank-lines", format!("{} blank rows were stepped over between the rows.", count - body.len())));
    }
    if header.iter().all(|c| matches!(c, Cell::Number(_) | Cell::Empty | Cell::Days(_))) {
        return Err(thing().got("numbers only in the first row").rule("the first row names the columns").hint("add a header row"));
    }
    let kept: Vec<usize> = (0..header.len()).filter(|&c| header[c] != Cell::Empty || body.iter().any(|r| r[c] != Cell::Empty)).collect();
    let mut names: Vec<String> = kept.iter().map(|&c| header_name(&header[c])).collect();
    names::check_names(place, &mut names, notes)?;
    let numbers = kept.iter().filter(|&&c| matches!(header[c], Cell::Number(_))).count();
    if numbers > 0 {
        let text = format!("{numbers} of {} column names are numbers. If the sheet has no header, add one.", names.len());
        notes.push(Note::warning("numeric-name", text));
    }
    let mut about = About::new(place, options);
    let mut columns = Vec::with_capacity(kept.len());
    let mut body = body;
    let mut dated = Vec::new();
    for (&c, name) in kept.iter().zip(&names) {
        let cells: Vec<Cell> = body.iter_mut().map(|r| std::mem::take(&mut r[c])).collect();
        let column = about.column(name, "", cells)?;
        if !column.unit.is_empty() {
            dated.push(format!("'{name}'"));
        }
        columns.push(column);
    }
    let mut table = Table::new(columns)?;
    if !dated.is_empty() {
        about.notes.push(Note::info(
            "dates",
            format!("Dates became days since 1970-01-01, times of the day and lengths of time days, in {}.", dated.join(", ")),
        ));
    }
    table.notes = about.notes;
    table.notes.extend(names::unit_note(&names, options));
    table.notes.extend(about.tally.notes());
    names::apply_options(place, table, options)
}

fn header_name(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Cell::Number(v) | Cell::Span(v) => crate::missing::number_text(*v),
        Cell::Days(days) => crate::time::format_date(*days),
        Cell::Truth(truth) => truth.to_string(),
        Cell::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_of_opendocument() {
        assert_eq!(span("PT12H00M00S"), Some(0.5));
        assert_eq!(span("PT6H"), Some(0.25));
        assert_eq!(span("P1D"), None);
    }

    #[test]
    fn a_cell_far_away_is_refused() {
        let mut sparse = Sparse::default();
        sparse.put(0, 0, Cell::Number(1.0));
        sparse.put(1_000_000, 16_000, Cell::Number(1.0));
        assert!(sparse.rows("x.xlsx").is_err());
    }
}
