//! Group folds: whole groups (glaciers, wells, basins) are left out together.

use esker_core::{Fold, Note, Result, Rng, Splitter, Support};

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
        let counts = groups.counts();
        let mut order: Vec<usize> = (0..counts.len()).filter(|&g| counts[g] > 0).collect();
        if self.folds > order.len() {
            return Err(super::too_many_folds("group", self.folds, order.len(), "group"));
        }
        rng.shuffle(&mut order);
        // A stable sort: groups of equal size stay in their random order.
        order.sort_by_key(|&g| std::cmp::Reverse(counts[g]));
        let mut rows_in = vec![0usize; self.folds];
        let mut fold_of_group = vec![0; counts.len()];
        for group in order {
            let mut least = 0;
            for fold in 1..self.folds {
                if rows_in[fold] < rows_in[least] {
                    least = fold;
                }
            }
            fold_of_group[group] = least;
            rows_in[least] += counts[group];
        }
        let fold_of_row: Vec<usize> = groups.codes().iter().map(|&g| fold_of_group[g as usize]).collect();
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
        let sizes = folds.iter().map(|f| f.test.len());
        let (Some(least), Some(most)) = (sizes.clone().min(), sizes.max()) else { return Vec::new() };
        if most < 2 * least {
            return Vec::new();
        }
        let groups = at.group.as_ref().map_or(0, |g| g.counts().iter().filter(|&&n| n > 0).count());
        vec![Note::warning(
            "uneven-folds",
            format!(
                "The {} folds test from {least} to {most} rows, because {groups} groups are kept whole; scores of single \
                 folds weigh unequally.",
                folds.len()
            ),
        )]
    }
}
