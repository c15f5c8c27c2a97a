//! Trees on histograms: forests and gradient boosting.
//!
//! Both code their features into bins once (`bins`), keep trees as flat nodes (`node`) and answer through the same
//! ensemble (`ensemble`). Boosting grows trees on gradients (`grow`, `split`), forests on bootstrap samples (`bag`).

mod bag;
mod bins;
pub mod boosting;
mod describe;
mod ensemble;
pub mod forest;
mod grow;
mod measure;
mod node;
mod route;
mod screen;
mod shap;
mod split;
mod target;
