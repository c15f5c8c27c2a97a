//! CF conventions: from variables as a file stores them to a cube as it is meant.
//!
//! NetCDF and Zarr both end here. A reader hands over dimensions, variables with their raw attributes, and a way to fetch raw numbers;
//! [`decode`] finds axes, times, units, masks, scaling and the CRS, and says in notes what it decided.

use std::sync::Arc;

use esker_core::cube::{Attributes, Window};
use esker_core::{Cube, Error, Result};

/// What a variable is stored as; fill values are compared in this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Int { bits: u8, signed: bool },
    Float32,
    Float64,
    Text,
}

/// A variable as the file has it.
#[derive(Debug, Clone)]
pub(crate) struct RawVariable {
    /// The name, `/group/name` inside groups.
    pub name: String,
    /// Places in [`RawFile::dimensions`], slowest first. An array of characters has lost its last one and is text.
    pub dimensions: Vec<usize>,
    pub stored: Stored,
    /// How it is stored, for people: `int16, deflate`.
    pub storage: String,
    pub attributes: Attributes,
    /// Lengths of storage blocks, one a dimension.
    pub chunk: Vec<usize>,
}

/// Fetches numbers and texts as they are stored.
pub(crate) trait RawBlocks: Send + Sync {
    /// Numbers of a window as `f64`, neither scaled nor masked.
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>>;
    /// Texts of a window, trailing NULs and blanks cut.
    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>>;
}

/// A file before its conventions are understood.
pub(crate) struct RawFile {
    /// Name and length; `/group/name` inside groups.
    pub dimensions: Vec<(String, usize)>,
    pub variables: Vec<RawVariable>,
    pub attributes: Attributes,
    pub blocks: Arc<dyn RawBlocks>,
}

/// The cube that a file means.
///
/// # Errors
/// A file whose conventions contradict themselves.
pub(crate) fn decode(raw: RawFile) -> Result<Cube> {
    let _ = raw;
    Err(Error::data("CF file").rule("not decoded yet"))
}
