//! Whole groups into folds that hold each stratum in about the same share.

use esker_core::{Fold, Note, Result, Rng, Splitter, Support};

use super::deal::{Deal, Units, never_learned, uneven};

/// One sentence for the reference page.
pub(super) const DOC: &str =
    "Leaves out whole groups, dealt so that every fold holds each class, or each fifth of the target, in about the same share.";

/// Cross-validation that keeps groups whole and strata balanced, by the rule of scikit-learn's `StratifiedGroupKFold` (Pedregosa et al.
/// 2011, JMLR 12): the group of most uneven strata first, each to the fold where the shares of all strata then differ least between folds.
///
/// Each row is tested once. Groups that are equally uneven come in random order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StratifiedGroup {
    /// Number of folds, at least 2 and at most the number of groups.
    pub folds: usize,
}

impl Splitter for StratifiedGroup {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let groups = super::groups_of("stratified-group", at.group.as_ref(), at.rows)?;
        let strata = super::strata_of("stratified-group", at)?;
        let units = Units::of_codes(groups);
        let fold_of = units.deal(("stratified-group", "group"), self.folds, Deal::Balanced, Some(strata), rng)?;
        let of_row: Vec<usize> = units.of_row.iter().map(|&u| fold_of[u]).collect();
        Ok(super::folds_of(&of_row, super::numbered(self.folds)))
    }

    fn describe(&self) -> String {
        format!(
            "Whole groups were left out: groups were spread over {} folds that hold each stratum of the target in about the same share, and \
             each fold was predicted by models that had learned from the other groups only.",
            self.folds
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let groups = at.group.as_ref().map_or(0, |g| g.counts().iter().filter(|&&n| n > 0).count());
        let uneven = uneven(folds, &format!("{groups} groups are kept whole"));
        [uneven, never_learned(at.strata.as_ref(), folds)].into_iter().flatten().collect()
    }
}
