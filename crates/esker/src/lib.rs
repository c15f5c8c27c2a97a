//! The corridor: a recipe comes in, a plan is checked, a record goes out.
//!
//! ```text
//! Recipe::read → Plan::read → Plan::run → Outcome::write
//! ```

mod adjust;
mod advise;
mod alarms;
mod applicability;
mod audit;
mod card;
mod columns;
mod contribute;
mod convert;
mod crowding;
mod dataset;
mod dependence;
mod explain;
mod explore;
mod export;
mod expression;
mod feature_selection;
mod findings;
mod fingerprint;
mod folds;
mod import;
mod info;
pub mod inspect;
mod intervals;
mod judge;
mod learn;
mod ledger;
mod lock;
mod map;
mod model_file;
mod open;
mod output;
mod picture;
mod pipeline;
mod plan;
mod plot;
mod predict;
mod prepare;
pub mod recipe;
mod reference;
mod regions;
mod run;
mod selection;
mod skill;
mod source;
mod stack;
mod steps;
mod tune;
mod wanted;
mod wanted_area;
mod work;

pub use applicability::Unlike;
pub use audit::{Audit, Flattery, Leak};
pub use contribute::{Ask, Contributed};
pub use convert::{Conversion, Converted};
pub use esker_core::hold_out::Opening;
pub use esker_core::{Advice, Context, Error, Fault, FieldKind, Note, Progress, Record, Silent, StepRecord, Table, Told, Weight, record};
pub use esker_io::{
    Attribute, Data, GreyLevels, ReadOptions, Regridding, Sampling, Surface, Terrain, Texture, read_table, write_file, write_table,
};
pub use esker_report::page::{final_verdict, spoiled, summary};
pub use explore::{Explored, default_page};
pub use export::Exported;
pub use findings::{Finding, Findings, Place};
pub use import::Importing;
pub use info::{AxisInfo, Info, Summary, VariableInfo};
pub use map::{PredictedFile, PredictedMap};
pub use model_file::{Header, LoadedModel, SavedModel};
pub use open::{read_opening, read_record};
pub use output::{check_folder, default_folder, record_json};
pub use picture::check_picture;
pub use plan::Plan;
pub use plot::{PlotKind, Plotted, Plotting};
pub use predict::Predicted;
pub use recipe::Recipe;
pub use reference::{record_schema, reference};
pub use run::Outcome;
pub use selection::Selection;
pub use steps::Prepared;
