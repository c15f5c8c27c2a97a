//! Alarms: what in the data or the design undermines a claim, measured before any model is believed.
//!
//! Each function measures one thing and says what it found, with the numbers and what follows from them. [`measure`] runs
//! all that need only the samples and the folds; [`noise_ceiling`] also needs the target's reported errors.

mod class;
mod column;
mod design;
mod determine;
mod duplicate;
mod target;
mod words;

pub use class::{class_counts, unlearnable_classes};
pub use column::{empty_columns, equal_columns};
pub use design::{few_groups, few_rows, uneven_folds};
pub use determine::{determines_group, determines_target, identifiers, one_each};
pub use duplicate::{Duplicates, duplicates_across_folds, measure_duplicates};
pub use target::{NoiseCeiling, noise_ceiling, repeated_targets};

use esker_core::{Column, Fold, Note, Result, Samples, Values};

/// All alarms that samples and folds alone can raise, gravest first.
///
/// `group` names the group column; the groups themselves are those of the samples' support.
///
/// # Errors
/// The target is not a column of the samples.
pub fn measure(samples: &Samples, target: &str, group: Option<&str>, folds: &[Fold]) -> Result<Vec<Note>> {
    let truth = samples.column(target)?;
    let features: Vec<&Column> = samples.features(target).collect();
    let groups = samples.support().group.as_ref();
    let mut notes = Vec::new();
    notes.extend(duplicates_across_folds(samples, target, folds));
    notes.extend(repeated_targets(truth, groups));
    let all: Vec<usize> = (0..samples.rows()).collect();
    let rows = one_each(samples, truth, &all);
    if rows.len() == all.len() {
        notes.extend(determines_target(&features, truth));
    } else {
        let few: Vec<Column> = features.iter().map(|f| f.select(&rows)).collect();
        notes.extend(determines_target(&few.iter().collect::<Vec<_>>(), &truth.select(&rows)));
    }
    if let Some(groups) = groups {
        notes.extend(determines_group(&features, groups, group.unwrap_or("group")));
        notes.extend(few_groups(groups));
    }
    notes.extend(identifiers(&features));
    notes.extend(uneven_folds(folds));
    notes.extend(few_rows(samples.rows(), features.len(), folds));
    if let Values::Class(codes) = &truth.values {
        notes.extend(class_counts(codes, codes.levels(), folds.len()));
        notes.extend(unlearnable_classes(codes, codes.levels(), folds));
    }
    notes.extend(empty_columns(&features));
    notes.extend(equal_columns(&features));
    notes.sort_by_key(|n| std::cmp::Reverse(n.weight));
    Ok(notes)
}

/// One value of a column as bits that are equal when the values are; `None` is missing.
fn keys(values: &Values) -> Vec<Option<u64>> {
    match values {
        // Adding zero turns -0 into 0.
        Values::Real(v) => v.iter().map(|x| (!x.is_nan()).then(|| (x + 0.0).to_bits())).collect(),
        Values::Class(c) => c.codes().iter().map(|&k| (k != esker_core::MISSING).then_some(u64::from(k))).collect(),
    }
}
