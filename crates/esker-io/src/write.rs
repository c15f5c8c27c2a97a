//! Writing by extension: whatever was read, in the format that the name asks for.

use std::path::Path;

use esker_core::{Cube, Error, Features, Note, Result, Table};

use crate::arrow_ipc::write_arrow;
use crate::csv::write_csv;
use crate::flat::cube_of;
use crate::geotiff::{Precision, write_geotiff};
use crate::netcdf::write_netcdf;
use crate::parquet::write_parquet;
use crate::table::into_table;
use crate::vector::{write_geojson, write_geopackage};
use crate::zarr::write_zarr;
use crate::{Data, ReadOptions};

/// Formats that are written, told by their extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Csv,
    Parquet,
    Arrow,
    NetCdf,
    Zarr,
    GeoTiff,
    GeoJson,
    GeoPackage,
}

/// Extensions, with the format they ask for.
const EXTENSIONS: [(&str, Target); 11] = [
    ("csv", Target::Csv),
    ("parquet", Target::Parquet),
    ("arrow", Target::Arrow),
    ("feather", Target::Arrow),
    ("nc", Target::NetCdf),
    ("zarr", Target::Zarr),
    ("tif", Target::GeoTiff),
    ("tiff", Target::GeoTiff),
    ("geojson", Target::GeoJson),
    ("json", Target::GeoJson),
    ("gpkg", Target::GeoPackage),
];

impl Target {
    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let known = EXTENSIONS.iter().find(|(e, _)| extension.as_deref() == Some(e));
        known.map(|(_, target)| *target).ok_or_else(|| {
            let all: Vec<&str> = EXTENSIONS.iter().map(|(e, _)| *e).collect();
            Error::usage(format!("file '{}'", path.display()))
                .got(extension.map_or_else(|| "no extension".into(), |e| format!("the extension .{e}")))
                .rule(format!("files are written as .{}", all.join(", .")))
                .hint(format!("name it '{}'", path.with_extension("csv").display()))
        })
    }
}

/// Whether a name asks for a format of rows, where a grid would become a row a cell.
pub fn is_flat(path: &Path) -> bool {
    matches!(Target::of(path), Ok(Target::Csv | Target::Parquet | Target::Arrow))
}

/// Writes data as the extension says. A cube becomes a table with a row a cell where the format holds tables, a table a cube of one axis
/// where it holds cubes. `history` says in one line what was done; formats that keep a history get it. The notes say what the format could not hold.
///
/// # Errors
/// Another extension, data the format cannot hold, or the disk refuses; what was there before stays.
pub fn write_data(path: &Path, data: &Data, history: &str) -> Result<Vec<Note>> {
    let mut notes = Vec::new();
    match Target::of(path)? {
        Target::Csv => write_csv(path, &rows(data)?)?,
        Target::Parquet => write_parquet(path, &rows(data)?)?,
        Target::Arrow => write_arrow(path, &rows(data)?)?,
        Target::NetCdf => {
            let cube = grid(data)?;
            write_netcdf(path, &cube, &data_variables(&cube), history)?;
        }
        Target::Zarr => {
            let cube = grid(data)?;
            write_zarr(path, &cube, &data_variables(&cube))?;
        }
        Target::GeoTiff => {
            let cube = grid(data)?;
            notes = write_geotiff(path, &cube, &data_variables(&cube), Precision::Exact)?;
        }
        Target::GeoJson => write_geojson(path, features(path, data)?)?,
        Target::GeoPackage => write_geopackage(path, features(path, data)?)?,
    }
    Ok(notes)
}

fn rows(data: &Data) -> Result<Table> {
    into_table(data.clone(), &ReadOptions::default())
}

fn grid(data: &Data) -> Result<Cube> {
    match data {
        Data::Cube(cube) => Ok(cube.clone()),
        _ => cube_of(&rows(data)?),
    }
}

fn features<'a>(path: &Path, data: &'a Data) -> Result<&'a Features> {
    match data {
        Data::Features(features) => Ok(features),
        _ => Err(Error::usage(format!("file '{}'", path.display()))
            .got("data without geometries")
            .rule("this format holds features")
            .hint("tables and grids are written as .csv, .parquet, .nc or .zarr")),
    }
}

fn data_variables(cube: &Cube) -> Vec<usize> {
    (0..cube.variables().len()).filter(|&v| !cube.variables()[v].auxiliary).collect()
}
