//! Leave one group out: every group is a fold of its own.

use esker_core::{Error, Fold, Note, Result, Rng, Splitter, Support};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Leaves out one group at a time: every group is predicted by models that learned from all other groups.";

/// The most groups the design takes; with more, whole groups share folds at a fraction of the cost.
const MOST: usize = 200;

/// One fold a group, labelled with the group's name, in the order of the levels. Each row is tested once.
///
/// For 2 to 200 groups. Source: Roberts et al. 2017, doi 10.1111/ecog.02881.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaveOneGroupOut;

impl Splitter for LeaveOneGroupOut {
    fn folds(&self, at: &Support, _rng: &mut Rng) -> Result<Vec<Fold>> {
        let groups = super::groups_of("leave-one-group-out", at.group.as_ref(), at.rows)?;
        let counts = groups.counts();
        let used: Vec<usize> = (0..counts.len()).filter(|&g| counts[g] > 0).collect();
        if !(2..=MOST).contains(&used.len()) {
            let error = Error::recipe("design 'leave-one-group-out'").got(super::count(used.len(), "group"));
            return Err(if used.len() < 2 {
                error.rule("at least 2 groups are needed, one to judge on and one to learn from")
            } else {
                error
                    .rule(format!("one fold a group is made for at most {MOST} groups"))
                    .hint("use design = \"group\" with folds = 10, which leaves out several whole groups at a time")
            });
        }
        let mut fold_of_group = vec![0; counts.len()];
        for (fold, &group) in used.iter().enumerate() {
            fold_of_group[group] = fold;
        }
        let fold_of_row: Vec<usize> = groups.codes().iter().map(|&g| fold_of_group[g as usize]).collect();
        Ok(super::folds_of(&fold_of_row, used.iter().map(|&g| groups.levels()[g].clone()).collect()))
    }

    fn describe(&self) -> String {
        "One group at a time was left out; each was predicted by models that had learned from all other groups.".into()
    }

    fn notes(&self, _at: &Support, folds: &[Fold]) -> Vec<Note> {
        let small: Vec<String> = folds.iter().filter(|f| f.test.len() < 5).map(|f| format!("'{}'", f.label)).collect();
        if small.is_empty() {
            return Vec::new();
        }
        let shown = small.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        let more = if small.len() > 10 { ", …" } else { "" };
        vec![Note::info(
            "small-folds",
            format!("{} of {} folds test fewer than 5 rows ({shown}{more}); their own scores say little.", small.len(), folds.len()),
        )]
    }
}
