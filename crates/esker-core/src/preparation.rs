//! What the preparation that a recipe asks for decided, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Settings;

/// One step of the recipe's preparation, as it was fitted on all rows for the final model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreparedStep {
    /// Its name in the catalog, or `target` for the transform of the target.
    pub step: String,
    /// The settings that tell it: words that choose, and what is not as by default.
    pub settings: Settings,
    /// Names and globs of the columns that the recipe gives it; empty where it takes every one that it fits.
    pub columns: Vec<String>,
    /// Columns with what was learned of each.
    pub learned: Vec<PreparedColumn>,
}

/// A column, and what was learned of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreparedColumn {
    /// The column.
    pub column: String,
    /// What was learned, in words.
    pub says: String,
}
