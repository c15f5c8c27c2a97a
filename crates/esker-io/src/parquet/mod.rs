//! Parquet in and out: typed columns with units in their metadata; GeoParquet with a geometry a row.

mod geo;
mod read;
mod source;
mod wkb;
mod write;

pub(crate) use geo::open_parquet;
pub(crate) use write::batches;
pub use write::write_parquet;

use crate::arrow_columns::UNIT;
