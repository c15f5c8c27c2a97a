//! Tables by path: any format when reading, by the extension when writing.

use std::path::Path;

use esker_core::{Error, Result, Table};

use crate::ReadOptions;
use crate::csv::write_csv;
use crate::flat::table_of;
use crate::format::{Data, open};
use crate::parquet::write_parquet;

/// Reads a file as a table, whatever its format: the rows of a table, a row a feature with the place of its centre, or a row a cell of a
/// cube that has a value.
///
/// Missing numbers are NaN, missing classes have the missing code, columns without declared units have none unless the file tells them.
/// What was detected or decided is in the table's notes.
///
/// # Errors
/// The disk refuses, the file is of no format Esker reads, or a cell, a row or a name breaks the rules of the format; the error names the
/// row (data rows count from 1), the line and the column.
pub fn read_table(path: &Path, options: &ReadOptions) -> Result<Table> {
    match open(path, options)?.1 {
        Data::Table(table) => Ok(table),
        Data::Features(features) => Ok(features.table),
        Data::Cube(cube) => table_of(&cube, options),
    }
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
