//! Advice: what was measured of samples and of the use they are for, and the design that follows from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a design was chosen, as plain data for pages and programs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Advice {
    /// What predictions are wanted for, in words.
    pub wanted: String,
    /// What was measured, one sentence each.
    pub measured: Vec<String>,
    /// How far things are from their nearest sample.
    pub distances: Vec<Distances>,
    /// The designs looked at, in the order they were tried.
    pub candidates: Vec<Candidate>,
    /// The design chosen, as it stands among the candidates.
    pub chosen: String,
    /// Why, one sentence each.
    pub reasons: Vec<String>,
    /// What no design on these samples can show, and what a score would still say.
    pub beyond: Option<String>,
    /// The lines of `[validate]` that make the design chosen.
    #[serde(default)]
    pub written: String,
}

/// The distribution of distances to the nearest sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distances {
    /// Of what, e.g. `from samples to the nearest other sample`.
    pub of: String,
    /// The design whose test rows these are, if it is one.
    pub design: Option<String>,
    /// Their unit: `km` on the ground, `d` in time, `sd` (standard deviations of the samples) among the features.
    pub unit: String,
    /// Quantiles of equal steps, from the smallest to the largest.
    pub quantiles: Vec<f64>,
    /// Their mean.
    pub mean: f64,
}

/// A design that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Its name.
    pub design: String,
    /// Number of its folds; 0 where it was refused.
    pub folds: usize,
    /// The area between the distributions of distances of its folds and of what is wanted (the W statistic of Linnenbrink et al. 2024), in the
    /// unit of the distances; smaller imitates the use better.
    pub w: Option<f64>,
    /// Why it cannot be made of these samples.
    pub refused: Option<String>,
    /// The unit of `w`: `km`, `d` or `sd`.
    #[serde(default = "km")]
    pub unit: String,
    /// W in other spaces that were looked at, each after its unit.
    #[serde(default)]
    pub also: Vec<(String, f64)>,
}

/// The unit of records written before there were others.
fn km() -> String {
    "km".into()
}
