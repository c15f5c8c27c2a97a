//! Calibration of class probabilities in the record: what was said against what happened, and from which probability on a class is said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often a class happened by how probable it was said to be, on held-out rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationCurve {
    /// The class; of two classes the second.
    pub level: String,
    /// Bins of as many rows each, by rising probability; rows of one probability are in one bin.
    pub bins: Vec<CalibrationBin>,
    /// Expected calibration error: the mean of |said − happened| over the rows of the bins.
    pub error: f64,
    /// Mean squared error of the probability: reliability − resolution + uncertainty + within.
    pub brier: f64,
    /// Mean squared distance of said and happened over bins; lower is better (Murphy 1973).
    pub reliability: f64,
    /// Mean squared distance of what happened in a bin from what happened in all; higher is better.
    pub resolution: f64,
    /// Variance of what happened.
    pub uncertainty: f64,
    /// What the bins hide: the rest of the score, from probabilities that differ within bins.
    pub within: f64,
}

/// One bin of a calibration curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationBin {
    /// Mean probability said.
    pub said: f64,
    /// Share of rows (or weight) where it happened.
    pub happened: f64,
    /// 95 % binomial interval of that share, as if rows were independent (Wilson 1927).
    pub interval: [f64; 2],
    /// Rows.
    pub rows: usize,
}

/// What is done to a model's probabilities inside each training part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Adjustment {
    /// `isotonic` or `platt`; absent where probabilities are as the model says them.
    pub calibration: Option<String>,
    /// The probability from which on a class is said, if it is not the most probable one that is said.
    pub threshold: Option<Threshold>,
}

/// The probability from which on one of two classes is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Threshold {
    /// `f1`, `cost`, `youden`, `balanced-accuracy`, or `number`.
    pub by: String,
    /// The class it is the probability of.
    pub class: String,
    /// The one chosen in each fold of the primary design, then in the final fit.
    pub parts: Vec<ChosenThreshold>,
}

/// A threshold chosen inside one training part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChosenThreshold {
    /// The design and fold it was chosen for, or `all rows`.
    pub part: String,
    /// The class is said from this probability on.
    pub from: f64,
    /// What it was chosen by, on held-out rows of the inner folds; absent for a number that the recipe gives.
    pub score: Option<f64>,
    /// The same score at a threshold of 0.5.
    pub at_half: Option<f64>,
}
