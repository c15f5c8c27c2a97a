//! The final hold-out: rows that are locked before anything sees them, and what is told when they are opened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Note, Unit};

/// The version of the shape of an opening; raised when a reader of the old shape would misread the new one.
pub const OPENING_FORMAT: u32 = 1;

/// Rows that no part of a run has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Locked {
    /// Rows that the chosen model is judged on once the lock is opened.
    pub rows: usize,
    /// Rows that a buffer or gap keeps out of both.
    pub left_out: usize,
    /// How they were chosen, in words, e.g. `whole groups of basin, about 20 % of the rows`.
    pub description: String,
}

/// What the locked rows said of a model when they were opened: the content of `final.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// Version of this shape ([`OPENING_FORMAT`]).
    pub format: u32,
    /// When, in UTC: `2026-03-01T09:30:00Z`.
    pub at: String,
    /// Which opening of these rows it was, counted from 1.
    pub number: usize,
    /// The openings before it that had some of these rows, the first one first.
    pub earlier: Vec<Earlier>,
    /// Where the model came from.
    pub of: Opened,
    /// The rows.
    pub locked: Locked,
    /// The metric that models were compared by.
    pub metric: String,
    /// Every metric, in the order of the record.
    pub scores: Vec<FinalScore>,
    /// How sure the score in that metric is; `None` where it has no bootstrap interval.
    pub interval: Option<FinalInterval>,
    /// Intervals of the model on the locked rows; `None` where it has none.
    pub coverage: Option<FinalCoverage>,
    /// Locked rows outside the area of applicability; `None` where the model keeps none.
    pub outside: Option<usize>,
    /// What was noticed.
    pub notes: Vec<Note>,
}

/// What was opened: the checksums of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The model judged.
    pub model: String,
    /// SHA-256 of its file, hexadecimal.
    pub model_sha256: String,
    /// SHA-256 of the recipe's text, hexadecimal.
    pub recipe_sha256: String,
    /// SHA-256 of the data file, hexadecimal.
    pub data_sha256: String,
    /// The seed of the run.
    pub seed: u64,
}

/// An opening before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// When, in UTC.
    pub at: String,
    /// The model judged.
    pub model: String,
    /// How many of the rows locked now it had.
    pub rows: usize,
}

/// One metric on the locked rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalScore {
    /// Metric name, e.g. `rmse`.
    pub metric: String,
    /// What a person calls it.
    pub title: String,
    /// Its unit; empty where it has none.
    pub unit: Unit,
    /// On the locked rows.
    pub locked: Option<f64>,
    /// Cross-validated, on all held-out rows of the primary design together.
    pub held_out: Option<f64>,
    /// The first minus the second.
    pub difference: Option<f64>,
    /// How much worse the locked rows are, in the unit of the metric; negative where they are better.
    pub worse_by: Option<f64>,
}

/// A bootstrap interval of the score on the locked rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalInterval {
    /// Standard deviation over the draws.
    pub se: f64,
    /// Percentile interval.
    pub interval: [f64; 2],
    /// Its confidence, e.g. 0.95.
    pub confidence: f64,
    /// What was drawn together, in words.
    pub drawn: String,
    /// Why, in words.
    pub why: String,
}

/// How often intervals held the locked observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinalCoverage {
    /// Nominal coverage.
    pub level: f64,
    /// Share of locked observations inside their interval.
    pub locked: f64,
    /// The same of the held-out rows of the primary design.
    pub held_out: f64,
    /// Mean width on the locked rows, in the target's unit.
    pub width: f64,
}
