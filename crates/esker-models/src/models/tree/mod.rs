//! Trees on histograms: forests and gradient boosting.
//!
//! Both code their features into bins once (`bins`), keep trees as flat nodes (`node`) and answer through the same
//! ensemble (`ensemble`). Boosting (`rounds`) grows trees on gradients (`loss`, `grow`), forests on bootstrap samples (`bag`).

mod bag;
mod bins;
mod boosted;
pub mod boosting;
mod bundle;
mod describe;
mod ensemble;
mod explain;
pub mod forest;
mod grow;
mod grown;
mod histogram;
mod loss;
mod measure;
mod node;
mod resample;
mod rounds;
mod route;
mod rules;
mod shap;
mod shuffle;
pub mod single;
mod split;
mod spread;
mod sums;
mod target;

pub use boosted::load as load_boosting;
pub use grown::load as load_forest;
pub use loss::CustomLoss;
