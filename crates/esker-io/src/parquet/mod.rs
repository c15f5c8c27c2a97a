//! Parquet in and out: typed columns with units in their metadata.

mod read;
mod write;

pub(crate) use read::read_parquet;
pub use write::write_parquet;

/// The key of a column's unit in its field metadata.
const UNIT: &str = "unit";
