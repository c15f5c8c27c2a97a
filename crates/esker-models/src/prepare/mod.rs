//! Preparation, fitted on training rows alone.

pub mod encode;
pub mod impute;
pub mod standardise;
