//! Estimators, one file or folder each.

pub mod baseline;
pub mod elastic_net;
pub mod imported;
pub mod linear;
pub mod logistic;
pub mod mlp;
pub mod neighbours;
pub mod svm;
mod training;
pub mod tree;
