//! Tables by path: the format is told by the first bytes when reading, by the extension when writing.

use std::io::Read;
use std::path::Path;

use esker_core::{Error, Result, Table};

use crate::ReadOptions;
use crate::csv::{read_csv, write_csv};
use crate::file::{open, refused_read};
use crate::parquet::{read_parquet, write_parquet};

/// First bytes of files that are no tables, and what to do about them.
const STRANGERS: [(&[u8], &str, &str); 9] = [
    (b"\x1f\x8b", "a gzip file", "unpack it first: gunzip"),
    (b"PK\x03\x04", "a zip file or an Excel workbook", "save the sheet as CSV (UTF-8), or unpack the zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV (UTF-8)"),
    (b"\x89HDF", "an HDF5 or NetCDF-4 file", "write the variables you need to a table first"),
    (b"CDF\x01", "a NetCDF file", "write the variables you need to a table first"),
    (b"CDF\x02", "a NetCDF file", "write the variables you need to a table first"),
    (b"ARROW1", "an Arrow file", "write it as Parquet"),
    (b"%PDF", "a PDF file", "look for the table behind it"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first: unzstd"),
];

/// Reads a table: Parquet where the file starts with `PAR1`, otherwise CSV whatever the extension says.
///
/// Missing numbers are NaN, missing classes have the missing code, columns without declared units have none unless the file tells them.
/// What was detected or decided is in the table's notes.
///
/// # Errors
/// The disk refuses, the file is no table, or a cell, a row or a name breaks the rules of the format; the error names the row (data rows
/// count from 1), the line and the column.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table> {
    let mut head = Vec::new();
    open(path)?.take(8).read_to_end(&mut head).map_err(|e| refused_read(path, &e))?;
    if let Some((_, got, hint)) = STRANGERS.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Err(Error::data(format!("file '{}'", path.display())).got(*got).rule("tables are read from CSV or Parquet").hint(*hint));
    }
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    if head.starts_with(b"PAR1") { read_parquet(path, &name, options) } else { read_csv(path, &name, options) }
}

/// Writes a table as its extension says: `.csv` or `.parquet`.
///
/// # Errors
/// Another extension, a table the format cannot hold, or the disk refuses; what was there before stays.
pub fn write_table(path: &Path, table: &Table) -> Result<()> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("csv") => write_csv(path, table),
        Some("parquet") => write_parquet(path, table),
        other => Err(Error::usage(format!("table '{}'", path.display()))
            .got(other.map_or_else(|| "no extension".into(), |e| format!("the extension .{e}")))
            .rule("tables are written as .csv or .parquet")
            .hint(format!("name it '{}'", path.with_extension("csv").display()))),
    }
}
