//! The nouns and contracts of Esker: what every other room speaks about.
//!
//! No files, no threads, no heavy dependency. A *sample* keeps its place and its time ([`Support`]),
//! estimators, transforms, splitters and metrics are small traits, a [`Record`] is plain data.

mod advice;
mod calendar;
pub mod calibration;
mod codes;
mod column;
mod context;
mod conversion;
pub mod cube;
mod decision;
pub mod dependence;
mod error;
mod estimator;
pub mod exploration;
pub mod feature_selection;
mod features;
pub mod graph;
pub mod hold_out;
mod imported;
mod judge;
mod names;
mod note;
mod prediction;
pub mod preparation;
pub mod record;
mod rng;
mod samples;
mod schema;
mod settings;
pub mod skill;
mod space;
mod steps;
mod support;
mod table;
mod transform;
pub mod trees;
mod unit;

pub use advice::{Advice, Candidate, Distances};
pub use calendar::{Calendar, DAYS, Date};
pub use codes::{Codes, MISSING};
pub use column::{Column, Values};
pub use context::{Context, Progress, Silent};
pub use conversion::Conversion;
pub use cube::Cube;
pub use decision::{DecisionNode, DecisionRule, DecisionSplit, DecisionTree};
pub use error::{Error, Fault, Result};
pub use estimator::{
    Contributions, Estimator, Inside, Interactions, Model, Needs, Targets, Told, Watch, dependence_one_by_one, shuffled_one_by_one,
};
pub use exploration::Exploration;
pub use features::{Features, Geometry, Shape};
pub use graph::Graph;
pub use imported::{Imported, Input};
pub use judge::{Better, Fold, Metric, Splitter};
pub use names::matches;
pub use note::{Note, Weight};
pub use prediction::{Prediction, Spread};
pub use record::Record;
pub use rng::Rng;
pub use samples::Samples;
pub use schema::{BEYOND, Field, FieldKind, Schema};
pub use settings::{Parameter, Rule, Search, Setting, Settings};
pub use space::{Range, Space};
pub use steps::{StepRecord, StepSource};
pub use support::{Crs, Places, Support, Times};
pub use table::Table;
pub use transform::{FittedTransform, Prepared, Transform};
pub use trees::Trees;
pub use unit::Unit;
