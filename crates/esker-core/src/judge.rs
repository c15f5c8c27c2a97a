//! Splitters and metrics: those who judge without knowing who learned.

use crate::{Note, Prediction, Result, Rng, Support, Unit, Values};

/// One fold. The three lists are disjoint and sorted; `left_out` are rows a buffer or gap keeps out of both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fold {
    /// What the fold is called on maps and in tables, e.g. `fold 3` or a group's name.
    pub label: String,
    /// Rows to learn from.
    pub train: Vec<usize>,
    /// Rows to judge on.
    pub test: Vec<usize>,
    /// Rows kept out of both.
    pub left_out: Vec<usize>,
}

/// Cuts samples into folds. It sees where and when, never the target.
pub trait Splitter: Send + Sync {
    /// The folds.
    ///
    /// # Errors
    /// A design the support cannot carry (10 folds from 4 groups): refused with the numbers, never rebalanced.
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>>;

    /// One sentence for the methods paragraph.
    fn describe(&self) -> String;

    /// What the folds made are like (very uneven folds, a stratum missing from some).
    fn notes(&self, _at: &Support, _folds: &[Fold]) -> Vec<Note> {
        Vec::new()
    }
}

/// Which way a metric improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Larger is better.
    Higher,
    /// Smaller is better.
    Lower,
    /// Nearer to zero is better.
    Zero,
}

/// Scores predictions against the truth.
pub trait Metric: Send + Sync {
    /// The score. `truth` has no missing values and the rows of `said`; for classes its levels are those of
    /// `said`. Weights, if given, are not negative and not all zero.
    ///
    /// # Errors
    /// A truth or prediction of the other type; a score that does not exist (R² of a constant truth).
    fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64>;

    /// Which way it improves.
    fn better(&self) -> Better;

    /// The unit of the score, given the target's.
    fn unit(&self, target: &Unit) -> Unit;
}
