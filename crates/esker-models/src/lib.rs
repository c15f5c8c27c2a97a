//! Everything fitted on training rows: preparation and models, each listed once in [`catalog`].

pub mod catalog;
pub mod matrix;
pub mod models;
pub mod prepare;
mod store;

pub use catalog::{Kind, Step, load_model};
pub use models::imported::Foreign;
