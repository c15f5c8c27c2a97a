//! Tables by path: any format when reading, by the extension when writing.

use std::path::Path;

use esker_core::{Result, Table};

use crate::ReadOptions;
use crate::flat::table_of;
use crate::format::{Data, open};
use crate::vector::geometry_table;

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
    into_table(open(path, options)?.1, options)
}

/// What was opened as a table: see [`read_table`].
///
/// # Errors
/// A cube of too many cells, a system of coordinates that is not known, a damaged file.
pub fn into_table(data: Data, options: &ReadOptions) -> Result<Table> {
    match data {
        Data::Table(table) => Ok(table),
        Data::Features(features) => geometry_table(&features),
        Data::Cube(cube) => table_of(&cube, options),
    }
}

/// Writes a table as its extension says, see [`write_data`](crate::write_data).
///
/// # Errors
/// Another extension, a table the format cannot hold, or the disk refuses; what was there before stays.
pub fn write_table(path: &Path, table: &Table) -> Result<()> {
    crate::write_data(path, &Data::Table(table.clone()), "written by Esker").map(|_| ())
}
