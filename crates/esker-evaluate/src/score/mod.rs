//! Scores: how good predictions are, from one catalog. Definitions are those of scikit-learn 1.9; where a score does
//! not exist (R² of a constant truth), it is an error, never a number.
//!
//! Every score is weighted if weights are given: a row of weight 2 counts as two rows, a row of weight 0 as none.

mod calibration;
mod catalog;
mod classes;
mod confusion;
mod cost;
mod curve;
mod ensemble;
mod event;
mod hydrology;
mod input;
mod probability;
mod regression;
mod skill;
mod threshold;

pub use calibration::calibration;
pub use catalog::Score;
pub use confusion::{confusion, per_class};
pub use cost::cost;
pub use curve::curve;
pub use ensemble::{Reliability, crps_ensemble, crps_normal, crps_quantiles, msdr, pit_ensemble, pit_histogram, pit_normal, reliability};
pub use event::Events;
pub use hydrology::{KgeParts, kge_parts};
pub use skill::{Learned, SquaredError, climatology, persistence, seasonal, skill};
pub use threshold::{ChosenCut, CutRule};
