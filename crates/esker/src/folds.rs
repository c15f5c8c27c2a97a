//! What one fold of a design said, and which fold tested which row.

use esker_core::Prediction;
use esker_core::feature_selection::SelectionPath;
use esker_core::record::Tuning;

use crate::adjust::Decided;
use crate::pipeline::Pipeline;
use crate::plan::PlannedDesign;

/// What one fold said.
pub(crate) struct FoldRun {
    pub said: Prediction,
    pub selection: Option<SelectionPath>,
    pub tuning: Option<Tuning>,
    /// What was said before probabilities were adjusted, and how they were.
    pub adjusted: Option<(Prediction, Decided)>,
    /// Weights of the models that a stack is made of.
    pub stacked: Option<Vec<f64>>,
    /// Kept for the primary design: intervals and explanation need it.
    pub pipeline: Option<Pipeline>,
}

/// The first fold that tests each row.
pub(crate) fn fold_of_row(design: &PlannedDesign, rows: usize) -> Vec<Option<u32>> {
    let mut of = vec![None; rows];
    for (f, fold) in design.folds.iter().enumerate() {
        for &row in &fold.test {
            of[row].get_or_insert(f as u32);
        }
    }
    of
}
