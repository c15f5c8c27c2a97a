//! Every format Esker opens: told by content, opened as a table, as features or as a cube.
//!
//! A new format touches its own file and this one: a variant, what its first bytes look like, and how it is opened.

use std::fmt;
use std::io::Read;
use std::path::Path;

use esker_core::{Cube, Features, Result, Table};

use crate::ReadOptions;
use crate::csv::read_csv;
use crate::file::{open as open_file, refused_read};
use crate::parquet::read_parquet;
use crate::vector::{is_geojson, read_flatgeobuf, read_geojson, read_geopackage, read_shapefile};

/// What a file holds.
#[derive(Debug, Clone)]
pub enum Data {
    /// Columns.
    Table(Table),
    /// Columns with a geometry a row.
    Features(Features),
    /// Labelled variables on axes, read lazily.
    Cube(Cube),
}

/// The formats, in the order in which their first bytes are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// ESRI shapefile: `.shp` with `.dbf`, `.prj` and `.cpg` beside it.
    Shapefile,
    /// GeoPackage: features in an SQLite database.
    GeoPackage,
    /// FlatGeobuf.
    FlatGeobuf,
    /// GeoJSON.
    GeoJson,
    /// Comma-separated and similar text; what nothing else has claimed.
    Csv,
}

/// Bytes that sniffing looks at.
const HEAD: u64 = 1024;

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Parquet, Self::Shapefile, Self::GeoPackage, Self::FlatGeobuf, Self::GeoJson, Self::Csv];

    /// The name users know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Shapefile => "Shapefile",
            Self::GeoPackage => "GeoPackage",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::GeoJson => "GeoJSON",
            Self::Csv => "CSV",
        }
    }

    /// Whether a file that starts with `head` is of this format. The name decides only where content cannot.
    fn sniff(self, path: &Path, head: &[u8]) -> bool {
        match self {
            Self::Parquet => head.starts_with(b"PAR1"),
            Self::Shapefile => head.starts_with(&[0, 0, 0x27, 0x0a]),
            // An application id of GeoPackage, or an older one without.
            Self::GeoPackage => {
                let named = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gpkg"));
                let id = head.get(68..72).is_some_and(|id| id.starts_with(b"GP"));
                head.starts_with(b"SQLite format 3\0") && (id || named)
            }
            Self::FlatGeobuf => head.starts_with(b"fgb") && head.get(4..7) == Some(b"fgb"),
            Self::GeoJson => is_geojson(path, head),
            Self::Csv => true,
        }
    }

    /// The format of a file or folder.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn of(path: &Path) -> Result<Self> {
        let path = &shapefile(path);
        let mut head = Vec::new();
        if !path.is_dir() {
            open_file(path)?.take(HEAD).read_to_end(&mut head).map_err(|e| refused_read(path, &e))?;
        }
        Ok(Self::ALL.into_iter().find(|f| f.sniff(path, &head)).unwrap_or(Self::Csv))
    }

    /// Opens a file as this format.
    ///
    /// # Errors
    /// The disk refuses, or the file is not what its first bytes promise.
    pub fn open(self, path: &Path, options: &ReadOptions) -> Result<Data> {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        match self {
            Self::Parquet => read_parquet(path, &name, options).map(Data::Table),
            Self::Shapefile => read_shapefile(&shapefile(path), &name, options).map(Data::Features),
            Self::GeoPackage => read_geopackage(path, &name, options).map(Data::Features),
            Self::FlatGeobuf => read_flatgeobuf(path, &name, options).map(Data::Features),
            Self::GeoJson => read_geojson(path, &name, options).map(Data::Features),
            Self::Csv => read_csv(path, &name, options).map(Data::Table),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Opens any file Esker knows, by its content.
///
/// # Errors
/// As [`Format::open`].
pub fn open(path: &Path, options: &ReadOptions) -> Result<(Format, Data)> {
    let format = Format::of(path)?;
    Ok((format, format.open(path, options)?))
}

/// A shapefile may be named without its `.shp`.
fn shapefile(path: &Path) -> std::path::PathBuf {
    let mut full = path.as_os_str().to_os_string();
    full.push(".shp");
    let full = std::path::PathBuf::from(full);
    if !path.exists() && full.is_file() { full } else { path.to_path_buf() }
}
