//! Every format Esker opens: told by content, opened as a table, as features or as a cube.
//!
//! A new format touches its own file and this one: a variant, what its first bytes look like, and how it is opened.

use std::fmt;
use std::io::Read;
use std::path::Path;

use esker_core::{Context, Cube, Error, Features, Result, Table};

use crate::arrow_ipc::read_arrow;
use crate::csv::read_csv;
use crate::excel::read_excel;
use crate::file::{open as open_file, refused_read};
use crate::fixed_width::read_fixed_width;
use crate::geotiff::read_geotiff;
use crate::grib::read_grib;
use crate::las::read_las;
use crate::month_table::read_month_table;
use crate::netcdf;
use crate::parquet::open_parquet;
use crate::vector::{is_geojson, read_flatgeobuf, read_geojson, read_geopackage, read_shapefile};
use crate::zarr::read_zarr;
use crate::{Origin, ReadOptions};
use crate::{arrow_ipc, excel, fixed_width, las, month_table, zarr};

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
    /// Apache Parquet, GeoParquet among it.
    Parquet,
    /// NetCDF: classic, 64-bit offset, CDF-5, and NetCDF-4 on HDF5.
    NetCdf,
    /// GeoTIFF, BigTIFF or cloud-optimised GeoTIFF.
    GeoTiff,
    /// GRIB of edition 1 or 2.
    Grib,
    /// ESRI shapefile: `.shp` with `.dbf`, `.prj` and `.cpg` beside it.
    Shapefile,
    /// GeoPackage: features in an SQLite database.
    GeoPackage,
    /// FlatGeobuf.
    FlatGeobuf,
    /// GeoJSON.
    GeoJson,
    /// Apache Arrow IPC: a file (Feather 2) or a stream.
    ArrowIpc,
    /// Zarr: a folder, or one zip file.
    Zarr,
    /// Spreadsheets: Excel and OpenDocument.
    Excel,
    /// Well logs: LAS.
    Las,
    /// A row a year and a column a month, as climate centres publish series.
    MonthTable,
    /// Columns aligned by blanks, GSLIB files among them.
    FixedWidth,
    /// Comma-separated and similar text; what nothing else has claimed.
    Csv,
}

/// First bytes of files that hold no data Esker reads, and what to do about them.
const STRANGERS: [(&[u8], &str, &str); 7] = [
    (b"\x1f\x8b", "a gzip file", "unpack it first: gunzip"),
    (b"PK\x03\x04", "a zip file", "unpack it first"),
    (b"{", "JSON that is no GeoJSON", "geometries are read from GeoJSON, GeoPackage, shapefiles and FlatGeobuf"),
    (b"GEOGCS[\"", "the definition of a CRS", "open the file it belongs to"),
    (b"PROJCS[\"", "the definition of a CRS", "open the file it belongs to"),
    (b"%PDF", "a PDF file", "look for the table behind it"),
    (b"\x28\xb5\x2f\xfd", "a zstd file", "unpack it first: unzstd"),
];

/// Bytes that sniffing looks at.
const HEAD: u64 = 8192;

impl Format {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Parquet,
        Self::NetCdf,
        Self::GeoTiff,
        Self::Grib,
        Self::Shapefile,
        Self::GeoPackage,
        Self::FlatGeobuf,
        Self::GeoJson,
        Self::ArrowIpc,
        Self::Zarr,
        Self::Excel,
        Self::Las,
        Self::MonthTable,
        Self::FixedWidth,
        Self::Csv,
    ];

    /// The name users know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::NetCdf => "NetCDF",
            Self::GeoTiff => "GeoTIFF",
            Self::Grib => "GRIB",
            Self::Shapefile => "Shapefile",
            Self::GeoPackage => "GeoPackage",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::GeoJson => "GeoJSON",
            Self::ArrowIpc => "Arrow IPC",
            Self::Zarr => "Zarr",
            Self::Excel => "Excel",
            Self::Las => "LAS",
            Self::MonthTable => "month table",
            Self::FixedWidth => "fixed-width",
            Self::Csv => "CSV",
        }
    }

    /// Whether a file that starts with `head` is of this format. The name decides only where content cannot.
    fn sniff(self, path: &Path, head: &[u8]) -> bool {
        match self {
            Self::Parquet => head.starts_with(b"PAR1"),
            Self::NetCdf => netcdf::sniff(head),
            Self::GeoTiff => [&b"II*\0"[..], b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| head.starts_with(magic)),
            // Bulletins put a few lines before the first message.
            Self::Grib => is_grib(head),
            Self::Shapefile => head.starts_with(&[0, 0, 0x27, 0x0a]),
            // An application id of GeoPackage, or an older one without.
            Self::GeoPackage => {
                let named = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gpkg"));
                let id = head.get(68..72).is_some_and(|id| id.starts_with(b"GP"));
                head.starts_with(b"SQLite format 3\0") && (id || named)
            }
            Self::FlatGeobuf => head.starts_with(b"fgb") && head.get(4..7) == Some(b"fgb"),
            Self::GeoJson => is_geojson(path, head),
            Self::ArrowIpc => arrow_ipc::sniff(head),
            Self::Zarr => zarr::sniff(path, head),
            Self::Excel => excel::sniff(path, head),
            Self::Las => las::sniff(head),
            Self::MonthTable => month_table::sniff(path, head),
            Self::FixedWidth => fixed_width::sniff(path, head),
            Self::Csv => true,
        }
    }

    /// The format of a file or folder.
    ///
    /// # Errors
    /// The disk refuses; an archive or a document that holds no data as it is.
    pub fn of(path: &Path) -> Result<Self> {
        let path = &shapefile(path);
        let mut head = Vec::new();
        if !path.is_dir() {
            open_file(path)?.take(HEAD).read_to_end(&mut head).map_err(|e| refused_read(path, &e))?;
        }
        let format = Self::ALL.into_iter().find(|f| f.sniff(path, &head)).unwrap_or(Self::Csv);
        if format == Self::Csv
            && let Some((_, got, hint)) =
                STRANGERS.iter().find(|(magic, _, _)| head.starts_with(magic) && (*magic != b"{" || named_json(path)))
        {
            return Err(Error::data(format!("file '{}'", path.display()))
                .got(*got)
                .rule("it holds no data that are read as it is")
                .hint(*hint));
        }
        Ok(format)
    }

    /// Opens a file as this format.
    ///
    /// # Errors
    /// The disk refuses, or the file is not what its first bytes promise.
    pub fn open(self, path: &Path, options: &ReadOptions) -> Result<Data> {
        let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        match self {
            Self::NetCdf => netcdf::open(path).map(Data::Cube),
            Self::GeoTiff => read_geotiff(path, &name).map(Data::Cube),
            Self::Grib => read_grib(path, &name).map(Data::Cube),
            Self::Shapefile => read_shapefile(&shapefile(path), &name, options).map(Data::Features),
            Self::GeoPackage => read_geopackage(path, &name, options).map(Data::Features),
            Self::FlatGeobuf => read_flatgeobuf(path, &name, options).map(Data::Features),
            Self::GeoJson => read_geojson(path, &name, options).map(Data::Features),
            Self::Parquet => open_parquet(path, &name, options),
            Self::ArrowIpc => read_arrow(path, &name, options).map(Data::Table),
            Self::Zarr => read_zarr(path, &name).map(Data::Cube),
            Self::Excel => read_excel(path, &name, options).map(Data::Table),
            Self::Las => read_las(path, &name, options).map(Data::Table),
            Self::MonthTable => read_month_table(path, &name, options).map(Data::Table),
            Self::FixedWidth => read_fixed_width(path, &name, options).map(Data::Table),
            Self::Csv => read_csv(path, &name, options).map(Data::Table),
        }
    }
}

/// Whether a name promises JSON; a table may start with a brace as well.
fn named_json(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.to_string_lossy().to_ascii_lowercase().ends_with("json"))
}

/// Whether a GRIB message starts within the first bytes: the word alone could be text, its edition stands behind it.
fn is_grib(head: &[u8]) -> bool {
    memchr::memmem::find_iter(&head[..head.len().min(128)], b"GRIB").any(|at| matches!(head.get(at + 7), Some(1 | 2)))
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Opens any file Esker knows, by its content, on this machine or at an address on the network; see [`Origin`].
///
/// # Errors
/// As [`Format::open`] and [`Origin::reach`].
pub fn open(path: &Path, options: &ReadOptions) -> Result<(Format, Data)> {
    Origin::reach(path, &Context::new(0, 1))?.open(options)
}

/// A shapefile may be named without its `.shp`.
fn shapefile(path: &Path) -> std::path::PathBuf {
    let mut full = path.as_os_str().to_os_string();
    full.push(".shp");
    let full = std::path::PathBuf::from(full);
    if !path.exists() && full.is_file() { full } else { path.to_path_buf() }
}
