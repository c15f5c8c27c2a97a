//! Vector files: features with their attributes and the system of their coordinates.
//!
//! Every reader gives [`esker_core::Features`]: numbers and classes as tables have them, dates as days since 1970-01-01, nulls missing.
//! Geometries are flat: heights and measures of vertices are left out, curves are not read, and both are noted.

mod dbf;
mod flatgeobuf;
mod flaws;
mod geojson;
mod geopackage;
mod rings;
mod rows;
mod shapefile;
mod table;
mod wkb;
mod write_gpkg;

pub(crate) use flatgeobuf::read_flatgeobuf;
pub use flaws::area;
pub(crate) use flaws::flaws;
pub use geojson::write_geojson;
pub(crate) use geojson::{is_geojson, read_geojson};
pub(crate) use geopackage::read_geopackage;
pub(crate) use rings::{bounds, inside_ring, signs};
pub(crate) use shapefile::read_shapefile;
pub(crate) use table::geometry_columns;
pub use table::{centroid, geometry_table};
pub use write_gpkg::write_geopackage;
