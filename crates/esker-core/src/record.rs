//! The record: everything a run measured and decided, as plain data. Same recipe, same data, same seed: same bytes.
//!
//! Numbers are finite; a score that does not exist is absent (`null`), never NaN.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calibration::{Adjustment, CalibrationCurve};
use crate::dependence::Dependence;
use crate::feature_selection::FeatureSelection;
use crate::hold_out::Locked;
use crate::preparation::PreparedStep;
use crate::skill::Skill;
use crate::{Advice, DecisionTree, Note, Setting, Settings, Space, StepRecord, Unit};

/// The version of the record's shape; raised when a reader of the old shape would misread the new one.
pub const FORMAT: u32 = 1;
/// The part of the final fit, among those of a design's folds.
pub const ALL_ROWS: &str = "all rows";

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Version of this shape ([`FORMAT`]).
    pub format: u32,
    /// The recipe's title.
    pub title: String,
    /// What made it, from what.
    pub provenance: Provenance,
    /// What the data are.
    pub data: DataCard,
    /// What is predicted.
    pub task: Task,
    /// Designs run, the primary one first.
    pub designs: Vec<DesignRecord>,
    /// Why the primary design was chosen, where Esker chose it.
    #[serde(default)]
    pub advice: Option<Advice>,
    /// Models run, in recipe order.
    pub models: Vec<ModelRecord>,
    /// The metric that models are compared and tuned by.
    pub metric: String,
    /// Every scored metric: how to read it.
    pub metrics: Vec<MetricCard>,
    /// Paired differences between models on identical folds of the primary design.
    pub comparisons: Vec<Comparison>,
    /// What held-out errors still know of each other, and intervals of scores and differences that count it.
    #[serde(default)]
    pub dependence: Option<Dependence>,
    /// The model that was refitted on all rows, explained and saved.
    pub chosen: Chosen,
    /// Intervals of the chosen model (regression).
    pub intervals: Option<Intervals>,
    /// Explanation of the chosen model on held-out rows.
    pub explanation: Option<Explanation>,
    /// Where the chosen model may be believed: rows that are like those it learned from.
    #[serde(default)]
    pub applicability: Option<Applicability>,
    /// The chosen model, if it is one tree that can be read; what lies deeper than ten splits is counted, not listed.
    #[serde(default)]
    pub tree: Option<DecisionTree>,
    /// Alarms, warnings and decisions, gravest first.
    pub notes: Vec<Note>,
    /// How much better the models are than simple answers.
    #[serde(default)]
    pub skill: Option<Skill>,
    /// The recipe's preparation, with what its steps learned for the chosen model on all rows.
    #[serde(default)]
    pub prepared: Vec<PreparedStep>,
}

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of Esker.
    pub esker: String,
    /// File name of the data, without its folder.
    pub data_file: String,
    /// SHA-256 of the data file, hexadecimal.
    pub data_sha256: String,
    /// SHA-256 of the recipe's text, hexadecimal.
    pub recipe_sha256: String,
    /// The recipe's text.
    pub recipe: String,
    /// The seed.
    pub seed: u64,
}

/// What is predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Task {
    /// Numbers.
    Regression {
        /// The target column.
        target: String,
        /// Its unit.
        unit: Unit,
    },
    /// Classes.
    Classification {
        /// The target column.
        target: String,
        /// The classes, in code order.
        levels: Vec<String>,
        /// Readable names of the classes, in the same order.
        names: Vec<String>,
    },
}

impl Task {
    /// The target column.
    pub fn target(&self) -> &str {
        match self {
            Self::Regression { target, .. } | Self::Classification { target, .. } => target,
        }
    }
}

/// What the data are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DataCard {
    /// Rows in the file.
    pub rows_read: usize,
    /// Rows used.
    pub rows_used: usize,
    /// Rows dropped, by reason.
    pub dropped: Vec<Dropped>,
    /// Target, features and role columns, in recipe order.
    pub columns: Vec<ColumnCard>,
    /// Coordinate reference system, if samples have a place.
    pub crs: Option<String>,
    /// West, south, east, north: degrees or metres.
    pub extent: Option<[f64; 4]>,
    /// First and last time, ISO 8601 dates.
    pub period: Option<[String; 2]>,
    /// The group column and its number of groups.
    pub groups: Option<(String, usize)>,
    /// How sample weights were made, in words.
    pub weights: Option<String>,
    /// Whom to credit for the data, if the recipe says.
    pub credit: Option<String>,
    /// Rows locked away for the final test; they are among those read and not among those used.
    #[serde(default)]
    pub locked: Option<Locked>,
    /// What was done to the table after it was read, in order.
    #[serde(default)]
    pub steps: Vec<StepRecord>,
}

/// Rows dropped for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// Why.
    pub reason: String,
    /// How many.
    pub rows: usize,
}

/// One column of the data card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ColumnCard {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// `target`, `feature`, `x`, `y`, `time`, `group`, `error` or `weight`.
    pub role: String,
    /// Missing values among the rows used.
    pub missing: usize,
    /// Numbers: minimum, median, mean, maximum and standard deviation.
    pub summary: Option<Summary>,
    /// Classes: the levels with their rows, most frequent first, at most 20.
    pub levels: Vec<(String, usize)>,
}

/// Five numbers of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Smallest.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Mean.
    pub mean: f64,
    /// Largest.
    pub max: f64,
    /// Standard deviation (n − 1).
    pub sd: f64,
}

/// One design with the folds it made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DesignRecord {
    /// Short label, unique in the record, e.g. `group rgi_id`.
    pub label: String,
    /// Kind from the catalog, e.g. `group`.
    pub kind: String,
    /// Its settings.
    pub settings: Settings,
    /// One sentence for the methods paragraph.
    pub description: String,
    /// Whether it is the design that tuning, intervals and explanation use.
    pub primary: bool,
    /// Its folds.
    pub folds: Vec<FoldRecord>,
    /// For each row used, the fold that tests it (the first, if several do).
    pub fold_of_row: Vec<Option<u32>>,
}

/// Sizes of one fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoldRecord {
    /// Its label.
    pub label: String,
    /// Rows learned from.
    pub train: usize,
    /// Rows judged on.
    pub test: usize,
    /// Rows kept out of both.
    pub left_out: usize,
}

/// One model of the recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRecord {
    /// Its name, unique in the record.
    pub name: String,
    /// Kind from the catalog, e.g. `boosting`.
    pub kind: String,
    /// The settings the recipe gives, defaults filled in.
    pub settings: Settings,
    /// Tuning, if asked for: one entry a fold of the primary design, then one for the final fit.
    pub tuning: Vec<Tuning>,
    /// How features are prepared for it, step by step.
    pub preparation: Vec<String>,
    /// Its scores under each design, in the order of the record's designs.
    pub runs: Vec<ModelRun>,
    /// How its features were selected, if asked for.
    #[serde(default)]
    pub selection: Option<FeatureSelection>,
    /// What is done to its probabilities inside each training part, if anything is.
    #[serde(default)]
    pub adjustment: Option<Adjustment>,
    /// The models that it is a mix of, if it is a stack.
    #[serde(default)]
    pub stack: Option<Stack>,
}

/// What a stack is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stack {
    /// The models that are mixed.
    pub of: Vec<String>,
    /// One entry a fold of the primary design; for the chosen model a last one on all rows.
    pub parts: Vec<StackWeights>,
}

/// Weights of a stack inside one training part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StackWeights {
    /// The design and fold they were learned for, or `all rows`.
    pub part: String,
    /// One weight a model, none negative, with a sum of 1.
    pub weights: Vec<f64>,
}

/// What tuning tried and chose inside one training part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tuning {
    /// The design and fold it was done for, or `all rows`.
    pub part: String,
    /// How candidates were proposed: `tpe` or `random`.
    pub method: String,
    /// Whether candidates that fell behind were dropped before the last inner fold.
    pub halving: bool,
    /// Where it looked; empty where only the number of steps was sought.
    pub spaces: Vec<Space>,
    /// Number of inner folds.
    pub folds: usize,
    /// The parameter that early stopping decided.
    pub steps: Option<String>,
    /// The settings chosen.
    pub chosen: Settings,
    /// Their inner score in the record's metric.
    pub score: f64,
    /// The inner score of the untuned settings.
    pub default_score: f64,
    /// Settings tried.
    pub trials: usize,
    /// Fits spent.
    pub fits: usize,
    /// Whether its time ended before its trials did.
    pub time_ended: bool,
    /// Every candidate, in the order of trial; the first is the recipe's own settings.
    pub candidates: Vec<Candidate>,
}

/// One candidate of tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Its value of each parameter searched, in the order of `spaces`.
    pub values: Vec<Setting>,
    /// The number of steps that early stopping found best on the inner folds.
    pub steps: Option<usize>,
    /// Its score on each inner fold it was judged on, in the record's metric; absent where it could not be fitted.
    pub scores: Vec<Option<f64>>,
    /// Whether it was dropped before the last inner fold.
    pub dropped: bool,
    /// Whether it was chosen.
    pub chosen: bool,
}

/// Scores of a model under a design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelRun {
    /// The design's label.
    pub design: String,
    /// One entry a metric.
    pub scores: Vec<Score>,
    /// Rows × columns counts: true class (row) by predicted class (column). Classification only.
    pub confusion: Option<Vec<Vec<f64>>>,
    /// Scores of each class: precision, recall, F1, rows. Classification only.
    pub classes: Vec<ClassScore>,
    /// Scores of each group in the primary metric, if there are 2 to 200 groups; worst first.
    pub groups: Vec<GroupScore>,
    /// ROC and precision–recall curves of each class against the rest. Primary design only.
    pub curves: Vec<ClassCurve>,
    /// How often each class happened by how probable it was said to be; of two classes the second alone. Primary design only.
    #[serde(default)]
    pub calibration: Vec<CalibrationCurve>,
    /// The same before calibration, where probabilities are calibrated.
    #[serde(default)]
    pub uncalibrated: Vec<CalibrationCurve>,
}

/// One metric of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// Metric name, e.g. `rmse`.
    pub metric: String,
    /// On all held-out predictions together.
    pub pooled: Option<f64>,
    /// Mean over folds; none where folds hold one row and the score is no mean over rows.
    pub mean: Option<f64>,
    /// Standard deviation over folds (n − 1), likewise.
    pub sd: Option<f64>,
    /// One value a fold, likewise.
    pub folds: Vec<Option<f64>>,
}

impl Score {
    /// The number that stands for the score: the mean over folds, or the pooled score where there is none.
    pub fn headline(&self) -> Option<f64> {
        self.mean.or(self.pooled)
    }
}

/// How a class was predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassScore {
    /// The class.
    pub level: String,
    /// Rows (or weight) that are of it.
    pub support: f64,
    /// Of those said to be of it, the share that is.
    pub precision: Option<f64>,
    /// Of those that are of it, the share that was said.
    pub recall: Option<f64>,
    /// Harmonic mean of the two.
    pub f1: Option<f64>,
}

/// How a group was predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupScore {
    /// The group.
    pub group: String,
    /// Its rows.
    pub rows: usize,
    /// The score in the record's metric.
    pub score: Option<f64>,
}

/// ROC and precision–recall curve of a class against the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassCurve {
    /// The class.
    pub level: String,
    /// (false positive rate, true positive rate), at most 200 points.
    pub roc: Vec<(f64, f64)>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// (recall, precision), at most 200 points.
    pub pr: Vec<(f64, f64)>,
    /// Average precision.
    pub ap: Option<f64>,
}

/// How to read a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricCard {
    /// Its name in the catalog, e.g. `rmse`.
    pub name: String,
    /// What a person calls it, e.g. `RMSE`.
    pub title: String,
    /// Its unit; empty where it has none.
    pub unit: Unit,
    /// `higher`, `lower` or `zero`.
    pub better: String,
}

/// A paired difference between two models on identical folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The first model.
    pub a: String,
    /// The second model.
    pub b: String,
    /// Mean over folds of (score of a − score of b) in the record's metric, of their sizes where zero is best. Where folds have no score of
    /// their own, as they hold one row, that of all held-out rows together.
    pub difference: f64,
    /// Its standard error, corrected for overlapping training sets (Nadeau and Bengio 2003), or over draws of blocks of held-out rows.
    pub se: f64,
    /// 95 % confidence interval of the difference; both ends are the difference where it is the same in all folds, so that none can be told.
    pub interval: [f64; 2],
    /// Folds compared.
    pub folds: usize,
    /// `a`, `b` or `none`: who is better beyond noise, by the probability corrected for all comparisons (Holm 1979) below 0.05.
    pub winner: String,
}

/// The model that was refitted on all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Chosen {
    /// Its name.
    pub model: String,
    /// Why it was chosen, in words with numbers.
    pub reason: String,
    /// The settings of the final fit.
    pub settings: Settings,
    /// How it learned step by step, if it is a network.
    pub learning: Option<Learning>,
}

/// How networks learned on the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Learning {
    /// Units of each layer, from the features as the network saw them to the outputs.
    pub sizes: Vec<usize>,
    /// The function between layers, e.g. `relu`.
    pub activation: String,
    /// Networks averaged; what follows is their mean.
    pub networks: usize,
    /// Numbers learned, all networks together.
    pub numbers: usize,
    /// What the loss is, in words.
    pub measure: String,
    /// The loss of the same answer everywhere.
    pub none: f64,
    /// Epochs told of: passes over the training rows, counted from 1.
    pub epoch: Vec<usize>,
    /// Mean loss in each of these epochs, each row's before the step it was part of.
    pub loss: Vec<f64>,
    /// Learning rate at the end of each of these epochs.
    pub rate: Vec<f64>,
    /// Mean length of the loss's gradient in the numbers of each layer, the first layer first: layers × epochs.
    pub gradient: Vec<Vec<f64>>,
}

/// Prediction intervals and their measured coverage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Intervals {
    /// Method, e.g. `CV+`.
    pub method: String,
    /// Nominal coverage, e.g. 0.9.
    pub level: f64,
    /// Share of held-out targets inside their interval.
    pub coverage: f64,
    /// Mean width, in the target's unit.
    pub width: f64,
    /// Coverage of each fold that tests a row with an interval.
    pub folds: Vec<f64>,
    /// (nominal level, measured coverage) at several levels.
    pub curve: Vec<(f64, f64)>,
    /// Coverage by tenths of the predicted value: (mean prediction, coverage, rows).
    pub conditional: Vec<(f64, f64, usize)>,
    /// What the method does, for the methods paragraph.
    #[serde(default)]
    pub described: String,
    /// Rows tested that have no finite interval; they count in no coverage and no width.
    #[serde(default)]
    pub without: usize,
    /// Coverage by group, region, period, and range of the prediction and the observation.
    #[serde(default)]
    pub by: Vec<CoverageBy>,
}

/// Coverage of the parts that held-out rows fall into by one criterion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageBy {
    /// `group`, `region`, `period`, `predicted` or `observed`.
    pub by: String,
    /// What the parts are, in words.
    pub of: String,
    /// The parts; groups the least covered first, others in their own order.
    pub parts: Vec<CoveragePart>,
}

/// Coverage of one part of the held-out rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoveragePart {
    /// Its name.
    pub name: String,
    /// Its rows with an interval.
    pub rows: usize,
    /// Share of them inside.
    pub coverage: f64,
    /// Wilson's 95 % interval of that share, rows taken as independent.
    pub interval: [f64; 2],
    /// Mean width, in the target's unit.
    pub width: f64,
    /// Binomial probability of so few inside if the promised level held, corrected for the number of parts (Holm).
    pub p: f64,
}

/// What drives the chosen model's answers on held-out rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The metric the importances are losses of.
    pub metric: String,
    /// Permutation importance of single features, most important first.
    pub features: Vec<Importance>,
    /// Permutation importance of columns that belong together, most important first.
    pub groups: Vec<Importance>,
    /// Model-internal importance, shown only beside the above: (feature, share).
    pub internal: Vec<(String, f64)>,
    /// What the internal importance is, e.g. `share of split gain`.
    pub internal_kind: String,
    /// Accumulated local effects of the most important features.
    pub effects: Vec<Effect>,
}

/// Permutation importance: how much worse the score gets when a column is shuffled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Importance {
    /// A feature, or a glob of features shuffled together.
    pub name: String,
    /// The features shuffled.
    pub features: Vec<String>,
    /// Mean loss over folds and repeats; larger matters more.
    pub mean: f64,
    /// Standard deviation of `folds`.
    pub sd: f64,
    /// One value a fold (mean over repeats); one value a repeat, of all held-out rows together, where folds hold one row.
    pub folds: Vec<f64>,
}

/// Accumulated local effect of a feature on the prediction (Apley and Zhu 2020), centred on zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The feature.
    pub feature: String,
    /// Its unit.
    pub unit: Unit,
    /// For classes, the class whose probability is shown; empty for numbers.
    pub class: String,
    /// Values of the feature (classes of it: 0, 1, 2 …).
    pub at: Vec<f64>,
    /// Names of the values if the feature is of classes.
    pub levels: Vec<String>,
    /// Mean effect over folds, in the unit of the prediction.
    pub effect: Vec<f64>,
    /// Effect in each fold.
    pub folds: Vec<Vec<f64>>,
    /// A few hundred values of the feature, for the rug.
    pub rug: Vec<f64>,
}

/// Area of applicability (Meyer and Pebesma 2021), with the folds of the primary design.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Applicability {
    /// Weight of each feature in the dissimilarity, heaviest first.
    pub weights: Vec<(String, f64)>,
    /// What the weights are, in words.
    pub weighted_by: String,
    /// Rows are inside up to this dissimilarity index (no unit).
    pub threshold: f64,
    /// Mean distance among the training rows, in weighted standard deviations: a dissimilarity index of 1.
    pub mean_distance: f64,
    /// Training rows that new rows are compared with.
    pub rows: usize,
    /// Training rows left out, as a feature is missing.
    pub incomplete: usize,
    /// Share of the held-out training rows whose dissimilarity exceeds the threshold.
    pub outside: f64,
    /// (share, quantile) of the dissimilarity of the held-out training rows.
    pub dissimilarity: Vec<(f64, f64)>,
    /// (share, quantile) of their local point density: rows nearer than the threshold.
    pub density: Vec<(f64, f64)>,
    /// Expected error along the dissimilarity, then along the density.
    pub profiles: Vec<ErrorProfile>,
    /// Where predictions are wanted: how much of it lies inside.
    #[serde(default)]
    pub wanted: Option<WantedArea>,
}

/// Where predictions are wanted, held against the area of applicability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WantedArea {
    /// The file that `[validate] wanted` names.
    pub name: String,
    /// Places in it.
    pub places: usize,
    /// Places measured: all of them, or as many drawn at random.
    pub measured: usize,
    /// Of these, how many lack a feature, so that nothing is known of them.
    pub unknown: usize,
    /// Share of the others that lies inside the area of applicability.
    pub inside: f64,
    /// (share, quantile) of their dissimilarity.
    pub dissimilarity: Vec<(f64, f64)>,
    /// Expected error of those inside: the root of the mean square in the unit of the target, or the mean share of wrong classes.
    pub expected: Option<f64>,
}

/// Held-out errors in moving windows over an index of the rows inside, and the monotone curve through them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorProfile {
    /// `dissimilarity` or `density`.
    pub index: String,
    /// What the error is: `RMSE`, or `share of wrong classes`.
    pub error: String,
    /// Its unit.
    pub unit: Unit,
    /// Rows inside that have a held-out error.
    pub rows: usize,
    /// Rows of a window.
    pub window: usize,
    /// (index of the middle row, error) of the windows, at most 200.
    pub windows: Vec<(f64, f64)>,
    /// (index, expected error) along the curve.
    pub curve: Vec<(f64, f64)>,
}

/// Held-out rows of the primary design, beside the record: what `predictions.csv` and the figures show.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Row number in the file, counted from 1 (the header not counted).
    pub row: Vec<usize>,
    /// Longitude or easting, empty where samples have no place.
    pub x: Vec<f64>,
    /// Latitude or northing.
    pub y: Vec<f64>,
    /// Group label, empty where samples have no group.
    pub group: Vec<String>,
    /// Fold that tested the row.
    pub fold: Vec<Option<u32>>,
    /// Observed value (class code for classes).
    pub observed: Vec<f64>,
    /// Held-out prediction of the chosen model; NaN where no fold tested the row.
    pub predicted: Vec<f64>,
    /// Held-out interval, empty where there is none.
    pub low: Vec<f64>,
    /// Upper end.
    pub high: Vec<f64>,
    /// Held-out class probabilities, rows × levels, row after row; empty for numbers.
    pub probability: Vec<f64>,
    /// Dissimilarity index of the row from those its fold learned from; NaN where unknown, empty where there is no area of applicability.
    pub dissimilarity: Vec<f64>,
    /// Local point density likewise.
    pub density: Vec<f64>,
    /// Expected error by that index, in the unit of the target or as share of wrong classes; NaN outside the area of applicability.
    pub expected: Vec<f64>,
    /// Places where predictions are wanted, empty where the recipe names none or they lack a feature.
    pub wanted: WantedPlaces,
}

/// Places where predictions are wanted, as far as they were measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WantedPlaces {
    /// Longitude or easting, empty where samples have no place.
    pub x: Vec<f64>,
    /// Latitude or northing.
    pub y: Vec<f64>,
    /// Dissimilarity index from the training rows; NaN where a feature is missing.
    pub dissimilarity: Vec<f64>,
    /// Expected error; NaN outside the area of applicability. Empty where no error is expected.
    pub expected: Vec<f64>,
}
