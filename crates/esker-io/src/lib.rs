//! The only door to disk and network: tables in and out, strict and noted; files written whole or not at all.
//!
//! Reading refuses what it cannot read for certain and notes what it decided ([`esker_core::Note`]). Writing goes beside the
//! target first and takes its place by one rename, so that a crash or a full disk leaves what was there before.
//!
//! ```
//! use esker_io::{ReadOptions, parse_csv};
//! let table = parse_csv("stakes.csv", b"stake,ablation\nA1,1.25\nA2,NA\n", &ReadOptions::default()).unwrap();
//! assert_eq!(table.rows(), 2);
//! assert_eq!(table.column("ablation").unwrap().reals().unwrap()[0], 1.25);
//! assert!(table.column("ablation").unwrap().values.is_missing(1));
//! assert_eq!(table.notes[0].code, "missing-marker");
//! ```

mod arrow_columns;
mod arrow_ipc;
mod cells;
mod cf;
pub mod crs;
mod csv;
mod excel;
mod excel_check;
mod file;
mod fixed_width;
mod flat;
mod format;
mod geotiff;
mod grib;
mod grid;
mod hash;
mod intern;
mod journal;
mod las;
mod missing;
mod month_table;
mod names;
mod netcdf;
mod onnx;
mod options;
mod parquet;
mod regrid;
mod remote;
mod resample;
mod source;
mod staging;
mod stranger;
mod table;
mod terrain;
pub mod time;
mod trees;
mod vector;
mod write;
mod zarr;
mod zonal;

pub use arrow_ipc::write_arrow;
pub use csv::{parse_csv, write_csv};
pub use file::{read_file, write_file};
pub use format::{Data, Format, Placed, open};
pub use geotiff::{Precision, write_geotiff};
pub use grid::Sampling;
pub use hash::{sha256_file, sha256_hex};
pub use journal::Journal;
pub use netcdf::write_netcdf;
pub use onnx::{ModelCard, onnx_bytes};
pub use options::ReadOptions;
pub use parquet::write_parquet;
pub use regrid::{Regridding, regrid};
pub use remote::{Origin, beside, is_remote, shown};
pub use resample::resample;
pub use staging::Staging;
pub use table::{into_table, read_table, write_table};
pub use terrain::{ATTRIBUTES, Attribute, GreyLevels, Surface, Terrain, Texture, terrain};
pub use trees::{parse_trees, read_trees};
pub use vector::{area, centroid, geometry_table, write_geojson, write_geopackage};
pub use write::{is_flat, write_data};
pub use zarr::write_zarr;
pub use zonal::{Sampled, Stat, Within, sample, zonal};
