//! Random folds: rows are shuffled, neighbours in place and time end up on both sides.

use esker_core::{Fold, Result, Rng, Splitter, Support};

/// One sentence for the reference page.
pub(super) const DOC: &str =
    "Shuffles rows into folds of equal size; honest only where samples are independent of each other (Stone 1974).";

/// Shuffled k-fold cross-validation (Stone 1974, doi 10.1111/j.2517-6161.1974.tb00994.x).
///
/// Each row is tested once; fold sizes differ by at most 1. Samples that are near in place or time, or of one
/// group, end up on both sides, so the score says how well gaps between known samples are filled, not how well
/// new ground is predicted.
///
/// What is drawn follows place, time, group and stratum: rows in another order make the same folds. Rows that are alike in all of these
/// (all rows, where there are none) are told apart by their number alone, and their order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Random {
    /// Number of folds, at least 2.
    pub folds: usize,
}

impl Splitter for Random {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        if self.folds > at.rows {
            return Err(super::too_many_folds("random", self.folds, at.rows, "row"));
        }
        let mut order = super::in_order(at);
        rng.shuffle(&mut order);
        let mut fold_of_row = vec![0; at.rows];
        for (i, row) in order.into_iter().enumerate() {
            fold_of_row[row] = i % self.folds;
        }
        Ok(super::folds_of(&fold_of_row, super::numbered(self.folds)))
    }

    fn describe(&self) -> String {
        format!(
            "Rows were shuffled into {} folds of about equal size; each fold was predicted by models that had learned from the others.",
            self.folds
        )
    }
}
