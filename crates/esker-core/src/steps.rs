//! What was done to a table between reading it and using it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file that a step read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StepSource {
    /// Its name, without its folder.
    pub name: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// One step: rows in and out, and what it added.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Kind from the catalog, e.g. `join`.
    pub kind: String,
    /// The files it read.
    pub sources: Vec<StepSource>,
    /// Rows before.
    pub rows_in: usize,
    /// Rows after.
    pub rows_out: usize,
    /// Rows that found what they were joined to.
    pub matched: Option<usize>,
    /// Rows that did not, and are missing in the new columns.
    pub unmatched: Option<usize>,
    /// Rows that took a row later than themselves.
    #[serde(default)]
    pub later: usize,
    /// Columns it made.
    pub columns: Vec<String>,
    /// What it assumed and decided, in sentences.
    pub assumed: Vec<String>,
}
