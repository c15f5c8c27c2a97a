//! Forward folds: learn from the past, judge on the future.

use esker_core::{Error, Fold, Note, Result, Rng, Splitter, Support};

use super::{deal, time};

/// One sentence for the reference page.
pub(super) const DOC: &str =
    "Cuts time into blocks and predicts each from all earlier ones, as in forecasting (Tashman 2000); the future is never learned from.";

/// One sentence for the reference page.
pub(super) const DOC_GAP: &str =
    "Days between the last row learned from and the first row judged on; rows within the gap are kept out of both.";

/// Forward (rolling-origin) validation (Tashman 2000, doi 10.1016/S0169-2070(00)00065-0).
///
/// Time is cut into `folds + 1` blocks of about equal rows; rows of one time are never cut apart. Fold i learns
/// from all blocks before block i + 1 and is judged on that block. Rows less than `gap` days before the first row
/// judged on are left out. Rows later than the block are in no list of the fold, and the first block is never
/// judged on: the lists of a forward fold need not cover all rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forward {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Least time from a row learned from to a row judged on, in days; 0 or more.
    pub gap: f64,
}

impl Splitter for Forward {
    fn folds(&self, at: &Support, _rng: &mut Rng) -> Result<Vec<Fold>> {
        let days = time::days_of("forward", at)?;
        let starts = time::starts(days, self.folds + 1).map_err(|times| time::too_few_times("forward", self.folds, 1, times))?;
        let starts = &starts[1..];
        let mut folds = Vec::with_capacity(self.folds);
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(f64::INFINITY);
            let fold = Fold { label: format!("fold {}", i + 1), ..time::past_and_block(days, (start, end), self.gap) };
            if fold.train.is_empty() {
                let first = days.iter().copied().fold(f64::INFINITY, f64::min);
                return Err(Error::recipe("gap of design 'forward'")
                    .got(format!("{} days", self.gap))
                    .rule(format!(
                        "fold {} has nothing left to learn from: its test begins {} days after the first row",
                        i + 1,
                        start - first
                    ))
                    .hint("shorten the gap, or use fewer folds"));
            }
            folds.push(fold);
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        let gap = if self.gap > 0.0 { format!(", at least {} days before the block begins", self.gap) } else { String::new() };
        format!(
            "Time was cut into {} blocks of about equal rows; each block but the first was predicted by models that had learned from \
             earlier rows only{gap}.",
            self.folds + 1
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let mut notes = Vec::new();
        let tested: usize = folds.iter().map(|f| f.test.len()).sum();
        notes.push(Note::info(
            "never-tested",
            format!("{} of {} rows lie before the first test block and are learned from only.", at.rows - tested.min(at.rows), at.rows),
        ));
        notes.extend(deal::uneven(folds, "rows of one time are not cut apart"));
        notes
    }
}
