//! Blocks of time: the record is cut into stretches, each judged on once by models of the times before and after it.

use esker_core::{Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};

use super::{deal, near, time};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Cuts time into stretches of about equal rows and leaves out one at a time; models learn from earlier and later rows, so it \
                              judges the filling of gaps in a record (Bergmeir and Benítez 2012).";

/// Blocked cross-validation in time (Bergmeir and Benítez 2012, doi 10.1016/j.ins.2011.12.028), with the gaps of purged
/// cross-validation (López de Prado 2018, Advances in Financial Machine Learning, chapter 7).
///
/// Each row is tested once. Rows of one time are never cut apart. Rows less than `gap` days before a row judged on, or less than `embargo`
/// days after one, are left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockTime {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Days left out before each block.
    pub gap: f64,
    /// Days left out after each block.
    pub embargo: f64,
}

/// The parameters in a recipe.
pub(super) fn parameters(folds: Parameter) -> Vec<Parameter> {
    vec![
        folds,
        time::days_parameter("gap", "Days before the rows judged on that are kept out of both."),
        time::days_parameter("embargo", "Days after the rows judged on that are kept out of both."),
    ]
}

impl BlockTime {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings) -> Self {
        Self { folds: settings.integer("folds") as usize, gap: settings.real("gap"), embargo: settings.real("embargo") }
    }
}

impl Splitter for BlockTime {
    fn folds(&self, at: &Support, _rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of("block-time", at)?;
        let starts = time::starts(days, self.folds).map_err(|times| time::too_few_times("block-time", self.folds, 0, times))?;
        let mut folds = super::folds_of(&time::block_of(days, &starts), super::numbered(self.folds));
        time::keep_apart("block-time", days, (self.gap, self.embargo), &mut folds)?;
        Ok(folds)
    }

    fn describe(&self) -> String {
        let out = |days: f64, side: &str| if days > 0.0 { format!(", {days} days {side} the block left out") } else { String::new() };
        format!(
            "Time was cut into {} blocks of about equal rows; each was predicted by models that had learned from all earlier and later \
             ones{}{}.",
            self.folds,
            out(self.gap, "before"),
            out(self.embargo, "after")
        )
    }

    fn notes(&self, _at: &Support, folds: &[Fold]) -> Vec<Note> {
        let uneven = deal::uneven(folds, "rows of one time are not cut apart");
        let future =
            Note::info("learns-from-the-future", "Models learn from rows later than those judged on: the score is not that of a forecast.");
        [Some(future), uneven, near::taken(folds)].into_iter().flatten().collect()
    }
}
