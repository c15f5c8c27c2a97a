//! Whether folds, groups and rows can carry a claim.

use esker_core::{Codes, Fold, Note};

use super::words::{count, counted};

/// Groups below which the spread over folds says little.
const FEW_GROUPS: usize = 10;
/// Test rows below which a fold's score is mostly chance.
const FEW_TESTED: usize = 30;
/// Rows below which any comparison of models is mostly chance.
const FEW_ROWS: usize = 100;
/// Largest test part against smallest, above which folds are very uneven.
const UNEVEN: usize = 5;

/// Notes so few groups that the score rests on a handful of independent units.
pub fn few_groups(group: &Codes) -> Option<Note> {
    let groups = group.counts().iter().filter(|&&n| n > 0).count();
    (groups < FEW_GROUPS).then(|| {
        Note::warning(
            "few-groups",
            format!(
                "The rows come from only {}. However many rows there are, a score for new groups rests on {groups} cases, so its \
                 uncertainty is large.",
                counted(groups, "group")
            ),
        )
    })
}

/// Notes folds whose test parts differ more than fivefold in size.
pub fn uneven_folds(folds: &[Fold]) -> Option<Note> {
    let small = folds.iter().min_by_key(|f| f.test.len())?;
    let large = folds.iter().max_by_key(|f| f.test.len())?;
    (large.test.len() > UNEVEN * small.test.len()).then(|| {
        Note::warning(
            "uneven-folds",
            format!(
                "Folds are very uneven: '{}' tests {}, '{}' tests {}. The mean over folds counts both alike; look at the pooled score and at \
                 single folds too.",
                small.label,
                counted(small.test.len(), "row"),
                large.label,
                count(large.test.len())
            ),
        )
    })
}

/// Notes too few rows for a claim: below 100 in all (an alarm), below 30 tested in a fold, below ten for each feature.
pub fn few_rows(rows: usize, features: usize, folds: &[Fold]) -> Vec<Note> {
    let mut notes = Vec::new();
    if rows < FEW_ROWS {
        notes.push(Note::alarm(
            "few-rows",
            format!("{} in all: below {FEW_ROWS} rows, differences between models are mostly chance.", counted(rows, "row")),
        ));
    }
    let thin: Vec<&Fold> = folds.iter().filter(|f| f.test.len() < FEW_TESTED).collect();
    if let Some(least) = thin.iter().min_by_key(|f| f.test.len()) {
        notes.push(Note::warning(
            "few-tested-rows",
            format!(
                "{} of {} test fewer than {FEW_TESTED} rows ('{}' the fewest, {}): the score of such a fold is mostly chance.",
                count(thin.len()),
                counted(folds.len(), "fold"),
                least.label,
                counted(least.test.len(), "row")
            ),
        ));
    }
    if rows < 10 * features {
        notes.push(Note::warning(
            "few-rows-per-feature",
            format!(
                "{} for {}: with fewer than ten rows a feature an unpenalised linear model fits noise; prefer a penalised one, or fewer \
                 features.",
                counted(rows, "row"),
                counted(features, "feature")
            ),
        ));
    }
    notes
}
