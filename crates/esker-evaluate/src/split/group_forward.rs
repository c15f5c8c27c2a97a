//! Groups and time together: groups never seen, predicted forward.

use esker_core::{Error, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};

use super::deal::{Deal, Units, uneven};
use super::{near, time};

/// The name in the recipe.
pub(super) const NAME: &str = "group-forward";

/// One sentence for the reference page.
pub(super) const DOC: &str = "Cuts time into blocks as forward does, and judges on every block one set of groups after the other, by models of other groups \
                              at earlier times: new places in the future.";

/// Forward validation on groups that were never learned from (Tashman 2000, doi 10.1016/S0169-2070(00)00065-0, and Roberts et al. 2017, doi
/// 10.1111/ecog.02881, together).
///
/// Time is cut into `folds + 1` blocks of about equal rows. In each block but the first, the groups that it has are dealt to `sets` of about
/// equal rows; each set is a fold. It learns from rows of groups outside the set, at least `gap` days earlier than the block. Earlier rows
/// of the set, and those within the gap, are left out; other groups in the block, and later rows, are in no list of the fold. Every row
/// after the first block is tested once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupForward {
    /// Blocks judged on, at least 1.
    pub folds: usize,
    /// Sets of groups in each block, at least 2.
    pub sets: usize,
    /// Days between what is learned from and the block.
    pub gap: f64,
}

/// The parameters in a recipe.
pub(super) fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("folds", 5, 1, 500, "Number of blocks of time that are judged on."),
        Parameter::integer("sets", 3, 2, 100, "Number of sets of groups in each block; there are as many folds to a block."),
        time::days_parameter("gap", "Days between the rows learned from and the block judged on."),
    ]
}

impl GroupForward {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self { folds: settings.integer("folds") as usize, sets: settings.integer("sets") as usize, gap: settings.real("gap") }
    }
}

impl Splitter for GroupForward {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of(NAME, at)?;
        let groups = super::groups_of(NAME, at.group.as_ref(), at.rows)?;
        let starts = time::starts(days, self.folds + 1).map_err(|times| time::too_few_times(NAME, self.folds, 1, times))?;
        let block_of = time::block_of(days, &starts);
        let mut folds = Vec::with_capacity(self.folds * self.sets);
        for block in 1..=self.folds {
            let rows: Vec<usize> = (0..at.rows).filter(|&r| block_of[r] == block).collect();
            let units = Units::of_codes(&groups.select(&rows));
            if units.names.len() < self.sets {
                return Err(Error::recipe(format!("design '{NAME}'"))
                    .got(format!("{} from {} on", super::count(units.names.len(), "group"), time::date(starts[block])))
                    .rule(format!("{} sets need as many groups in every block of time", self.sets))
                    .hint("set fewer sets, or fewer folds, which makes longer blocks"));
            }
            let set_of = units.deal((NAME, "group"), self.sets, Deal::Balanced, None, rng)?;
            // The set of each group in this block; groups that the block lacks are in none.
            let mut set_of_group = vec![usize::MAX; groups.levels().len()];
            rows.iter().zip(&units.of_row).for_each(|(&row, &u)| set_of_group[groups.codes()[row] as usize] = set_of[u]);
            for set in 0..self.sets {
                let mut fold = Fold { label: format!("block {block}, set {}", set + 1), ..Fold::default() };
                for (row, &t) in days.iter().enumerate() {
                    let held = set_of_group[groups.codes()[row] as usize] == set;
                    if held && block_of[row] == block {
                        fold.test.push(row);
                    } else if t < starts[block] {
                        if !held && starts[block] - t >= self.gap { fold.train.push(row) } else { fold.left_out.push(row) }
                    }
                }
                if fold.train.is_empty() {
                    return Err(Error::recipe(format!("design '{NAME}'"))
                        .got(format!("nothing for '{}' to learn from, of {} earlier rows", fold.label, fold.left_out.len()))
                        .rule(format!("models learn from other groups, at least {} days before {}", self.gap, time::date(starts[block])))
                        .hint("set more sets, fewer folds or a shorter gap"));
                }
                folds.push(fold);
            }
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        let gap = if self.gap > 0.0 { format!(", at least {} days before the block", self.gap) } else { String::new() };
        format!(
            "Time was cut into {} blocks of about equal rows; in each block but the first, {} sets of groups were predicted one after the \
             other by models that had learned from other groups at earlier times only{gap}.",
            self.folds + 1,
            self.sets
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let tested: usize = folds.iter().map(|f| f.test.len()).sum();
        let never = format!("{} of {} rows lie before the first block judged on.", at.rows.saturating_sub(tested), at.rows);
        [Some(Note::info("never-tested", never)), uneven(folds, "groups and times are kept whole"), near::taken(folds)]
            .into_iter()
            .flatten()
            .collect()
    }
}
