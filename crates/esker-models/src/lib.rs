//! Everything fitted on training rows: preparation and models, each listed once in [`catalog`].

pub mod back;
pub mod calibrate;
pub mod catalog;
pub mod matrix;
pub mod models;
pub mod prepare;
pub mod sigmoid;
mod store;

pub use calibrate::{Adjust, Adjusted, Calibration, Calibrator, Cut};
pub use catalog::{Kind, Step, load_model};
pub use models::imported::Foreign;
pub use prepare::{Prepare, Wanted};
pub use sigmoid::Sigmoid;
