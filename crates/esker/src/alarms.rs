//! Alarms of a run: measured on the data and folds when the plan is made, and on the scores when it is done.

use esker_core::record::ModelRecord;
use esker_core::{Codes, Fold, Note, Values};
use esker_evaluate::alarm;

use crate::dataset::Dataset;
use crate::plan::{Plan, PlannedDesign};
use crate::recipe::Recipe;

/// What the data and the primary design's folds tell.
pub(crate) fn of_data(recipe: &Recipe, data: &Dataset, designs: &[PlannedDesign]) -> Vec<Note> {
    let Some(primary) = designs.first() else { return Vec::new() };
    let mut notes = alarm::measure(&data.samples, &data.target, recipe.roles.group.as_deref(), &primary.folds).unwrap_or_default();
    let apart = |group: &&Codes| !primary.holds_out_times() && split(group, &primary.folds);
    if let Some(group) = data.samples.support().group.as_ref().filter(apart) {
        let used = group.counts().iter().filter(|c| **c > 0).count();
        if used < data.samples.rows() {
            notes.push(Note::warning(
                "groups-apart",
                format!(
                    "design '{}' puts rows of one group into different folds ({} rows in {used} groups): the score says nothing of groups never seen",
                    primary.part.label,
                    data.samples.rows()
                ),
            ));
        }
    }
    notes.extend(strangers(recipe, data, primary));
    notes
}

/// Lags of the target where held-out rows are of groups that were never learned from.
fn strangers(recipe: &Recipe, data: &Dataset, design: &PlannedDesign) -> Option<Note> {
    let looks = recipe.models.first().is_some_and(|m| m.prepare.looks_at_target(&data.target));
    let group = data.samples.support().group.as_ref().filter(|_| looks)?;
    let (mut judged, mut strange) = (0, 0);
    for fold in &design.folds {
        let learned = group.select(&fold.train).counts();
        judged += fold.test.len();
        strange += fold.test.iter().filter(|&&r| learned.get(group.codes()[r] as usize).is_some_and(|n| *n == 0)).count();
    }
    (2 * strange > judged).then(|| {
        Note::warning(
            "lags-of-strangers",
            format!(
                "{strange} of {judged} held-out rows of design '{}' are of groups that are never learned from: lags and windows of the target are missing there. In training rows \
                 they are missing only where a series begins, so that what a model learns of a missing one may not hold. Leave them out for new groups, or judge by a design \
                 that goes forward in time if the groups are known when it matters.",
                design.part.label
            ),
        )
    })
}

/// Whether some fold learns from a group that it is judged on.
fn split(group: &Codes, folds: &[Fold]) -> bool {
    folds.iter().any(|fold| {
        let (learned, judged) = (group.select(&fold.train).counts(), group.select(&fold.test).counts());
        learned.iter().zip(&judged).any(|(a, b)| *a > 0 && *b > 0)
    })
}

/// What the scores tell beside the data: the noise ceiling.
pub(crate) fn of_run(plan: &Plan, models: &[ModelRecord], chosen: usize) -> Vec<Note> {
    let Some(error) = &plan.data.error else { return Vec::new() };
    let Ok(target) = plan.data.samples.column(&plan.data.target) else { return Vec::new() };
    let Values::Real(values) = &target.values else { return Vec::new() };
    let r2 = models[chosen].runs[0].scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled);
    alarm::noise_ceiling(values, error, &target.unit, r2).into_iter().collect()
}

/// Gravest first; the order within a weight is kept. Notes that say the same are said once.
pub(crate) fn sort(notes: &mut Vec<Note>) {
    let mut seen = std::collections::HashSet::new();
    notes.retain(|n| seen.insert((n.code.clone(), n.text.clone())));
    notes.sort_by_key(|n| std::cmp::Reverse(n.weight));
}
