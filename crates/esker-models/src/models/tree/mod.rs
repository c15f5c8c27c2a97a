//! Trees on histograms.
pub mod boosting;
pub mod forest;
