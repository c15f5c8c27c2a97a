//! Writing by extension: whatever was read, in the format that the name asks for.

use std::path::Path;

use esker_core::{Cube, Error, Result};

use crate::csv::write_csv;
use crate::flat::{cube_of, table_of};
use crate::parquet::write_parquet;
use crate::write_netcdf::write_netcdf;
use crate::{Data, ReadOptions};

/// Extensions that can be written.
pub const WRITTEN: [&str; 3] = ["csv", "parquet", "nc"];

/// Writes data as the extension says. A cube becomes a table with a row a cell where the format holds tables, a table becomes a cube of one
/// axis where it holds cubes. `history` says in one line what was done; formats that keep a history get it.
///
/// # Errors
/// Another extension, data the format cannot hold, or the disk refuses; what was there before stays.
pub fn write_data(path: &Path, data: &Data, history: &str) -> Result<()> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match (extension.as_deref(), data) {
        (Some("csv"), Data::Table(table)) => write_csv(path, table),
        (Some("parquet"), Data::Table(table)) => write_parquet(path, table),
        (Some("csv" | "parquet"), Data::Features(features)) => write_data(path, &Data::Table(features.table.clone()), history),
        (Some("csv" | "parquet"), Data::Cube(cube)) => write_data(path, &Data::Table(table_of(cube, &ReadOptions::default())?), history),
        (Some("nc"), Data::Cube(cube)) => write_netcdf(path, cube, &data_variables(cube), history),
        (Some("nc"), Data::Table(table)) => {
            let cube = cube_of(table)?;
            write_netcdf(path, &cube, &data_variables(&cube), history)
        }
        (Some("nc"), Data::Features(features)) => write_data(path, &Data::Table(features.table.clone()), history),
        (other, _) => Err(Error::usage(format!("file '{}'", path.display()))
            .got(other.map_or_else(|| "no extension".into(), |e| format!("the extension .{e}")))
            .rule(format!("files are written as .{}", WRITTEN.join(", .")))
            .hint(format!("name it '{}'", path.with_extension("nc").display()))),
    }
}

fn data_variables(cube: &Cube) -> Vec<usize> {
    (0..cube.variables().len()).filter(|&v| !cube.variables()[v].auxiliary).collect()
}
