//! Everything that judges without knowing who learned: designs, scores, comparisons, intervals, explanation, alarms.
//!
//! A design ([`split::Design`]) sees where and when samples are, never the target. A score ([`score::Score`]) sees
//! truth and prediction, never the model.

pub mod alarm;
pub mod applicability;
pub mod compare;
pub mod explain;
pub mod intensity;
pub mod interval;
pub mod residual;
pub mod score;
pub mod significance;
pub mod split;
