//! Preparation, fitted on training rows alone: what models need ([`encode`], [`impute`], [`standardise`]) and what a recipe asks for ([`catalog`]).

pub mod catalog;
pub mod chained;
pub mod encode;
pub mod gradient;
pub mod harmonics;
pub mod impute;
pub mod lag;
pub mod nearest;
pub mod ordinal;
pub mod pca;
pub mod power;
pub mod reshape;
pub mod scale;
pub mod season;
mod series;
pub mod standardise;
pub mod target_means;
pub mod trend;
mod wanted;
mod window;

pub use catalog::Prepare;
pub use wanted::{Wanted, quoted};
