//! The recipe: what the user wrote, read from TOML and checked for form, before it has met any data.

mod adjust;
mod intervals;
mod prepare;
mod read;
mod section;
mod stack;
mod step_kinds;
mod step_reader;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) use esker_core::matches;
use esker_core::{Crs, Settings, Space, Unit};
use esker_evaluate::score::Score;
use esker_evaluate::split::Design;
use esker_models::Kind;

use crate::findings::Place;
use crate::selection::Selection;

pub use adjust::{AdjustPart, ThresholdBy, ThresholdPart};
pub(crate) use intervals::INTERVAL_KEYS;
pub use intervals::{IntervalMethod, Update};
pub(crate) use prepare::place_of;
pub use prepare::{PreparePart, Preparing};
pub(crate) use read::{DATA_KEYS, SELECT_KEYS, TUNE_KEYS, WEIGHT_KEYS};
pub(crate) use section::nearest;
pub use step_kinds::StepKind;
pub use steps::{
    Added, Aggregate, DegreeDays, Every, FilePart, GridPart, Join, Keys, Lapse, Over, Resample, Sample, Several, SnowRain, Statistic, Step,
    StepPart, Take, WithinPart, Zonal,
};

/// A recipe, well formed but not yet checked against data.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// File name, for messages.
    pub file: String,
    /// The text it was read from.
    pub text: String,
    /// Title of the report.
    pub title: String,
    /// The seed all random streams start from.
    pub seed: u64,
    /// Where the rows come from.
    pub data: DataPart,
    /// What the columns are for.
    pub roles: Roles,
    /// How models are judged.
    pub validate: Validate,
    /// The models to compare, each with the steps of `[[prepare]]`.
    pub models: Vec<ModelPart>,
    /// Mixes of these, compared with them.
    pub stacks: Vec<StackPart>,
    /// Nominal level of prediction intervals; `None` switches them off.
    pub interval_level: Option<f64>,
    /// How prediction intervals are made.
    pub interval_method: IntervalMethod,
    /// What to explain.
    pub explain: Explain,
    places: BTreeMap<String, Place>,
}

/// `[data]`: where the rows come from.
#[derive(Debug, Clone, Default)]
pub struct DataPart {
    /// Path of the table, relative to the recipe.
    pub source: String,
    /// Whom to credit.
    pub credit: Option<String>,
    /// Column separator, detected if absent.
    pub delimiter: Option<char>,
    /// Decimal mark, detected if absent.
    pub decimal: Option<char>,
    /// Character that begins a comment line.
    pub comment: Option<char>,
    /// Cells that mean "missing".
    pub missing: Vec<String>,
    /// Columns to read as classes though they hold numbers.
    pub classes: Vec<String>,
    /// Units by column.
    pub units: BTreeMap<String, String>,
    /// Derived columns, in order.
    pub derive: Vec<Derived>,
    /// Conditions a row must meet.
    pub filter: Vec<String>,
    /// Rows kept: column and allowed values.
    pub keep: Vec<(String, Vec<String>)>,
    /// What of a grid is wanted, and the polygons that all rows lie in.
    pub selection: Selection,
    /// The layer of a file that has several.
    pub layer: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// What is done to the table after it is read.
    pub steps: Vec<StepPart>,
}

/// A column computed from others.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Derived {
    /// Its name.
    pub name: String,
    /// The expression.
    pub value: String,
    /// Its unit.
    pub unit: Unit,
    /// Whether its values are classes.
    pub class: bool,
}

/// `[roles]`: what the columns are for.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    /// The target column.
    pub target: String,
    /// Its unit, if stated here.
    pub unit: Option<Unit>,
    /// `Some(true)` takes the target as classes, `Some(false)` as numbers.
    pub class: Option<bool>,
    /// The scale that the target is learned on.
    pub transform: Option<esker_models::prepare::power::Family>,
    /// Readable names of classes.
    pub names: BTreeMap<String, String>,
    /// The columns that place rows.
    pub place: Option<PlacePart>,
    /// The time column.
    pub time: Option<String>,
    /// The group column.
    pub group: Option<String>,
    /// How rows are weighted.
    pub weight: Option<WeightPart>,
    /// Column with the target's reported standard error.
    pub error: Option<String>,
    /// Feature columns: names and globs; empty takes every column without another role.
    pub features: Vec<String>,
    /// Columns and globs that are never features.
    pub exclude: Vec<String>,
}

/// The columns that place rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlacePart {
    /// The column of longitudes or eastings.
    pub x: String,
    /// The column of latitudes or northings.
    pub y: String,
    /// Their CRS; that of the file if absent.
    pub crs: Option<Crs>,
}

/// How rows are weighted.
#[derive(Debug, Clone, PartialEq)]
pub enum WeightPart {
    /// One over the square of a reported standard error.
    InverseVariance(String),
    /// A column of weights.
    Column(String),
    /// Against uneven sampling, by what crowds together on the ground.
    Spread(Spread),
}

/// How weights against uneven sampling are made of places.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Cells of this side (metres) have one weight each, which their rows share.
    Declustered(f64),
    /// One over the density of rows within this distance (metres).
    Density(f64),
}

/// A design with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignPart {
    /// Kind from the catalog.
    pub design: Design,
    /// Its settings.
    pub settings: Settings,
    /// The column whose groups it keeps whole, if not the recipe's group.
    pub group: Option<String>,
    /// Label in tables, unique in the recipe.
    pub label: String,
    /// Where it stands in the recipe.
    pub path: String,
}

/// `[validate]`: how models are judged.
#[derive(Debug, Clone)]
pub struct Validate {
    /// The design that counts; where Esker is to choose it, only its number of folds.
    pub primary: DesignPart,
    /// Whether Esker chooses the design.
    pub auto: bool,
    /// Designs run beside it.
    pub compare: Vec<DesignPart>,
    /// The metric that models are compared and tuned by; the task's default if absent.
    pub metric: Option<Score>,
    /// Whether scores are weighted by the sample weights.
    pub weighted: bool,
    /// File with the penalties of the `cost` metric.
    pub penalty: Option<String>,
    /// Folds of tuning inside each training part.
    pub inner: usize,
    /// Where and when predictions are wanted.
    pub wanted: Option<Wanted>,
    /// Rows locked before anything sees them.
    pub last: Option<LastPart>,
}

impl Validate {
    /// Every column that a design or the final hold-out keeps whole, with the key that names it.
    pub(crate) fn group_columns(&self) -> impl Iterator<Item = (&str, String)> {
        let last = self.last.iter().map(|l| (&l.group, "validate.final"));
        let designs = std::iter::once(&self.primary).chain(&self.compare).map(|d| (&d.group, d.path.as_str()));
        designs.chain(last).filter_map(|(group, path)| Some((group.as_deref()?, format!("{path}.group"))))
    }
}

/// `final = { … }`: the final hold-out, with the settings of the design `holdout`.
#[derive(Debug, Clone, PartialEq)]
pub struct LastPart {
    /// Its settings.
    pub settings: Settings,
    /// The column whose groups it keeps whole, if not the recipe's group.
    pub group: Option<String>,
}

/// Where and when predictions are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Where, or of what.
    pub at: WantedAt,
    /// From when on, and before when, in days since 1970-01-01.
    pub time: Option<(f64, f64)>,
}

/// What predictions are wanted of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedAt {
    /// A file of places, a grid or polygons, relative to the recipe.
    File(String),
    /// Among the samples: gaps between them, the same groups.
    Here,
    /// Groups that no sample is of.
    OtherGroups,
    /// Not said: the time alone is.
    Unsaid,
}

/// `[[model]]`: one model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelPart {
    /// Name in tables, unique in the recipe.
    pub name: String,
    /// Kind from the catalog.
    pub kind: Kind,
    /// Its settings.
    pub settings: Settings,
    /// How its settings are tuned, and its steps counted by early stopping; `None` takes them as they are.
    pub tune: Option<Tune>,
    /// How its features are selected; `None` takes them all.
    pub select: Option<Select>,
    /// What becomes of its class probabilities.
    pub adjust: AdjustPart,
    /// What it is prepared with, the same for all models of a recipe.
    pub prepare: Arc<Preparing>,
}

/// `[[model]] kind = "stack"`: a mix of models of the recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct StackPart {
    /// Name in tables, unique in the recipe.
    pub name: String,
    /// The models that are mixed: indices into `models`, at least two.
    pub of: Vec<usize>,
}

/// How features are selected inside each training part, before settings are tuned.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// From few features up, or from all down.
    pub method: Direction,
    /// Units of the first sets tried (forward), 1 or 2; by their number if absent.
    pub start: Option<usize>,
    /// Most units chosen (forward).
    pub most: Option<usize>,
    /// Globs of features that enter or leave together.
    pub together: Vec<String>,
    /// Whether a step must be worth more than one standard error over inner folds.
    pub within_se: bool,
}

/// The way of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From few features up.
    Forward,
    /// From all features down.
    Backward,
}

impl Direction {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Forward, Self::Backward];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

/// How settings are tuned inside each training part.
#[derive(Debug, Clone, PartialEq)]
pub struct Tune {
    /// Settings tried, the recipe's own among them.
    pub trials: usize,
    /// Minutes after which no more are tried.
    pub minutes: Option<f64>,
    /// How candidates are proposed.
    pub method: Method,
    /// Whether candidates that fall behind are dropped before the last inner fold.
    pub halving: bool,
    /// Steps without a better score after which learning ends; 0 takes the number of steps as it is.
    pub patience: usize,
    /// Where to look; parameters without a space keep the recipe's value.
    pub spaces: Vec<Space>,
}

/// How candidates are proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Tree-structured Parzen estimators, after a first part drawn at random.
    Tpe,
    /// At random.
    Random,
}

impl Method {
    /// Every method, the default first.
    pub const ALL: [Self; 2] = [Self::Tpe, Self::Random];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tpe => "tpe",
            Self::Random => "random",
        }
    }
}

/// `[explain]`: what to explain.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// Permutation importance.
    pub importance: bool,
    /// Shuffles of each column in each fold.
    pub repeats: usize,
    /// Globs of columns that are shuffled together.
    pub groups: Vec<String>,
    /// Number of features whose effects are drawn.
    pub effects: usize,
    /// Where the model may be believed.
    pub applicability: bool,
}

impl Recipe {
    /// Where a key stands, by its path such as `roles.target`; the nearest key above it if it is absent.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return Some(*place);
            }
            path = &path[..path.rfind('.')?];
        }
    }
}
