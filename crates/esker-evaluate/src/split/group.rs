//! Group folds: whole groups (glaciers, wells, basins) are left out together.

use esker_core::{Fold, Note, Result, Rng, Splitter, Support};

use super::deal::{Deal, Units, uneven};

/// One sentence for the reference page.
pub(super) const DOC: &str =
    "Leaves out whole groups, spread over folds of about equal rows, so that no group is on both sides (Roberts et al. 2017).";

/// Cross-validation that keeps groups whole (Roberts et al. 2017, doi 10.1111/ecog.02881).
///
/// Groups are dealt to folds by their rows: the largest first, each to the fold with the fewest rows so far,
/// groups of equal size in random order. Each row is tested once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Number of folds, at least 2 and at most the number of groups.
    pub folds: usize,
}

impl Splitter for Group {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let groups = super::groups_of("group", at.group.as_ref(), at.rows)?;
        let units = Units::of_codes(groups);
        let fold_of = units.deal(("group", "group"), self.folds, Deal::Balanced, None, rng)?;
        let fold_of_row: Vec<usize> = units.of_row.iter().map(|&u| fold_of[u]).collect();
        Ok(super::folds_of(&fold_of_row, super::numbered(self.folds)))
    }

    fn describe(&self) -> String {
        format!(
            "Whole groups were left out: groups were spread over {} folds of about equal rows, and each fold was predicted by models that \
             had learned from the other groups only.",
            self.folds
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let groups = at.group.as_ref().map_or(0, |g| g.counts().iter().filter(|&&n| n > 0).count());
        uneven(folds, &format!("{groups} groups are kept whole")).into_iter().collect()
    }
}
