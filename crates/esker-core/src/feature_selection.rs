//! Which features a model learns from, where the recipe has them selected: the path in each training part, and how much selecting on all rows flatters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The selection of one model's features.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureSelection {
    /// `forward` or `backward`.
    pub method: String,
    /// Units in the first sets tried (forward).
    pub start: Option<usize>,
    /// Whether a step must be worth more than one standard error.
    pub within_se: bool,
    /// What enters or leaves together: the name of each unit with its features, units of one feature among them.
    pub units: Vec<(String, Vec<String>)>,
    /// One path a fold of the primary design; for the chosen model a last one on all rows.
    pub paths: Vec<SelectionPath>,
    /// What selecting on all rows before judging would have said (chosen model only).
    pub naive: Option<NaiveSelection>,
}

/// The path of a selection inside one training part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SelectionPath {
    /// The design and fold it was done for, or `all rows`.
    pub part: String,
    /// Number of inner folds that sets were judged on.
    pub folds: usize,
    /// Units chosen: in the order in which they came in (forward), or as they were listed (backward).
    pub chosen: Vec<String>,
    /// Their inner score in the record's metric.
    pub score: f64,
    /// The inner score of all features together; absent where they could not be fitted.
    pub all_score: Option<f64>,
    /// Fits spent.
    pub fits: usize,
    /// Each step in order; the last was not taken where a next one would have been worse.
    pub steps: Vec<SelectionStep>,
}

/// The best of the sets tried at one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SelectionStep {
    /// Units that came in or went; in the first step of a backward selection none.
    pub changed: Vec<String>,
    /// Units in the set after it.
    pub size: usize,
    /// Score of the set, mean over inner folds.
    pub score: f64,
    /// Standard deviation over inner folds (n − 1).
    pub sd: Option<f64>,
    /// Sets tried.
    pub tried: usize,
    /// The worst score among the sets tried that could be fitted.
    pub worst: f64,
    /// What would have changed in the second best set, and its score.
    pub second: Option<(Vec<String>, f64)>,
    /// Whether the step was taken.
    pub taken: bool,
}

/// The features and settings chosen on all rows, judged on the folds of the primary design: what is reported where selection is not part of what
/// is judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NaiveSelection {
    /// Mean over folds in the record's metric.
    pub score: f64,
    /// The same with the selection done anew in each training part: the record's score of the model.
    pub nested: f64,
}

impl FeatureSelection {
    /// The features of some units.
    pub fn features<'a>(&'a self, units: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.units.iter().filter(|(name, _)| units.contains(name)).flat_map(|(_, features)| features.iter().map(String::as_str))
    }

    /// Whether a feature was chosen in any part.
    pub fn uses(&self, feature: &str) -> bool {
        self.paths.iter().any(|p| self.features(&p.chosen).any(|f| f == feature))
    }
}
