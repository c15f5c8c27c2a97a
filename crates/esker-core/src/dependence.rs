//! What held-out errors still know of each other in space and time, and how sure scores are when that is counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Dependence among held-out errors, and intervals of scores that know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dependence {
    /// What was found among the errors of the chosen model.
    pub errors: ErrorChecks,
    /// What was drawn together for the intervals, in words, e.g. `42 blocks of 1.2 km on the ground`.
    pub drawn: String,
    /// Why these, in words.
    pub why: String,
    /// Number of blocks drawn.
    pub blocks: usize,
    /// Number of draws.
    pub draws: usize,
    /// Confidence of the intervals, e.g. 0.95.
    pub confidence: f64,
    /// The record's metric on all held-out rows together, model by model in recipe order.
    pub scores: Vec<ScoreInterval>,
    /// The comparisons of the record, in their order.
    pub pairs: Vec<PairInterval>,
    /// Every other metric of the chosen model on all held-out rows together, in the order of the record's metrics.
    #[serde(default)]
    pub metrics: Vec<MetricInterval>,
}

/// A metric of the chosen model with its bootstrap interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricInterval {
    /// The metric.
    pub metric: String,
    /// On all held-out rows together.
    pub value: f64,
    /// Standard deviation over the draws.
    pub se: f64,
    /// Percentile interval.
    pub interval: [f64; 2],
}

/// What was found among held-out errors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorChecks {
    /// What an error is: `residual` (predicted − observed), or `probability missed` (1 − probability of the true class).
    pub of: String,
    /// Places with their mean error; 0 where samples have no place.
    pub places: usize,
    /// Likeness of neighbouring places.
    pub neighbours: Option<Likeness>,
    /// The variogram of the errors of places.
    pub variogram: Option<ErrorVariogram>,
    /// Likeness of one time and the next.
    pub series: Option<SeriesCheck>,
    /// Whether errors are larger where predictions are larger (numbers only).
    pub spread: Option<SpreadCheck>,
    /// Errors of the means of larger and larger blocks.
    pub scales: Vec<BlockError>,
}

/// Moran's I and Geary's C.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Likeness {
    /// Nearest neighbours of each place.
    pub nearest: usize,
    /// Moran's I; above `expected` where neighbours are alike.
    pub moran: f64,
    /// Its expectation by chance, −1/(places − 1).
    pub expected: f64,
    /// Two-sided probability by chance.
    pub p: f64,
    /// Permutations behind `p`; 0 where it is that of the normal distribution, as there are many places.
    pub permutations: usize,
    /// Geary's C; below 1 where neighbours are alike.
    pub geary: f64,
    /// Two-sided probability by chance, by the normal distribution.
    pub geary_p: f64,
}

/// The variogram of errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorVariogram {
    /// (pairs, mean distance in metres, semivariance) of each class of distance.
    pub classes: Vec<(usize, f64, f64)>,
    /// Shape of the model that fits best, e.g. `spherical`.
    pub shape: String,
    /// Its nugget, in the squared unit of the errors.
    pub nugget: f64,
    /// Its partial sill, in the squared unit of the errors.
    pub sill: f64,
    /// Distance in metres beyond which nearness tells nothing (95 % of the partial sill); none where there is no structure.
    pub reach: Option<f64>,
    /// Whether that distance is beyond the distances looked at.
    pub beyond: bool,
    /// Largest distance looked at, in metres.
    pub cutoff: f64,
    /// Places whose pairs were looked at.
    pub points: usize,
}

/// Autocorrelation of the mean error of each time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesCheck {
    /// Times with a mean error.
    pub times: usize,
    /// Median days between one time and the next.
    pub step: f64,
    /// Whether all steps are within a tenth of the median one.
    pub regular: bool,
    /// Autocorrelation at the steps 1, 2, ….
    pub autocorrelation: Vec<f64>,
    /// Probability by chance of so much autocorrelation at these steps (Ljung and Box).
    pub p: f64,
}

/// Whether errors are larger where predictions are larger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpreadCheck {
    /// Rank correlation of |error| and prediction (Spearman).
    pub spearman: f64,
    /// Its probability by chance.
    pub spearman_p: f64,
    /// Probability by chance of the statistic of Breusch and Pagan, studentised, against the prediction.
    pub breusch_pagan_p: f64,
}

/// The error of block means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlockError {
    /// Length of a block's side, in metres.
    pub side: f64,
    /// Blocks that hold places.
    pub blocks: usize,
    /// Root mean square of the mean errors of blocks, in the unit of the errors.
    pub rmse: f64,
    /// What it would be if errors were independent.
    pub independent: f64,
}

/// A model's score with its bootstrap interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreInterval {
    /// The model.
    pub model: String,
    /// The record's metric on all held-out rows together.
    pub value: f64,
    /// Standard deviation over the draws.
    pub se: f64,
    /// Percentile interval.
    pub interval: [f64; 2],
}

/// A paired difference with what several comparisons and dependent rows leave of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairInterval {
    /// The first model.
    pub a: String,
    /// The second model.
    pub b: String,
    /// Two-sided probability by chance of the comparison's difference (corrected resampled t over folds, Nadeau and Bengio 2003; where folds
    /// hold one row, by its standard error over draws of blocks).
    pub p: f64,
    /// The same, corrected for all comparisons of the record (Holm 1979).
    pub p_holm: f64,
    /// Score of a − score of b on all held-out rows together, of their sizes where zero is best.
    pub difference: f64,
    /// Its bootstrap interval.
    pub interval: [f64; 2],
}
