//! Forward folds: learn from the past, judge on the future.

use esker_core::{Error, Fold, Note, Result, Rng, Splitter, Support};

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
        let days = days_of(at)?;
        let starts = self.starts(days)?;
        let mut folds = Vec::with_capacity(self.folds);
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(f64::INFINITY);
            let mut fold = Fold { label: format!("fold {}", i + 1), ..Fold::default() };
            for (row, &t) in days.iter().enumerate() {
                if t >= end {
                    continue;
                }
                if t >= start {
                    fold.test.push(row);
                } else if start - t >= self.gap {
                    fold.train.push(row);
                } else {
                    fold.left_out.push(row);
                }
            }
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
        let sizes = folds.iter().map(|f| f.test.len());
        let tested: usize = sizes.clone().sum();
        notes.push(Note::info(
            "never-tested",
            format!("{} of {} rows lie before the first test block and are learned from only.", at.rows - tested.min(at.rows), at.rows),
        ));
        let (Some(least), Some(most)) = (sizes.clone().min(), sizes.max()) else { return notes };
        if most >= 2 * least {
            notes.push(Note::warning(
                "uneven-folds",
                format!(
                    "The {} folds test from {least} to {most} rows, because rows of one time are not cut apart; scores of single folds \
                     weigh unequally.",
                    folds.len()
                ),
            ));
        }
        notes
    }
}

impl Forward {
    /// The first time of each block that is judged on, in days: distinct times, strictly rising.
    fn starts(&self, days: &[f64]) -> Result<Vec<f64>> {
        let mut sorted = days.to_vec();
        sorted.sort_by(f64::total_cmp);
        // (time, rows strictly before it)
        let mut times: Vec<(f64, usize)> = Vec::new();
        for (before, &t) in sorted.iter().enumerate() {
            if times.last().is_none_or(|&(last, _)| last != t) {
                times.push((t, before));
            }
        }
        if self.folds + 1 > times.len() {
            let error = Error::recipe("design 'forward'")
                .got(format!("{} folds from {}", self.folds, super::count(times.len(), "distinct time")))
                .rule(format!("{} folds need {} distinct times: one block more than folds", self.folds, self.folds + 1));
            return Err(if times.len() >= 3 { error.hint(format!("set folds to {} or fewer", times.len() - 1)) } else { error });
        }
        let blocks = self.folds + 1;
        let mut starts = Vec::with_capacity(self.folds);
        let mut lowest = 1;
        for i in 1..blocks {
            // The latest start that leaves one time to each block still to come.
            let highest = times.len() - (blocks - i);
            let wanted = i * days.len() / blocks;
            let mut best = lowest;
            for j in lowest..=highest {
                if times[j].1.abs_diff(wanted) < times[best].1.abs_diff(wanted) {
                    best = j;
                }
            }
            starts.push(times[best].0);
            lowest = best + 1;
        }
        Ok(starts)
    }
}

/// The time of every row, in days since 1970.
fn days_of(at: &Support) -> Result<&[f64]> {
    let time = at.time.as_ref().ok_or_else(|| {
        Error::recipe("design 'forward'")
            .got("samples without a time")
            .rule("the design predicts the future from the past, so every sample needs a time")
            .hint("name the column of dates as time in [roles]")
    })?;
    let days = &time.days;
    if days.len() != at.rows {
        return Err(Error::data("times").got(super::count(days.len(), "row")).rule(format!("the samples have {}", at.rows)));
    }
    if let Some(first) = days.iter().position(|t| !t.is_finite()) {
        let missing = days.iter().filter(|t| !t.is_finite()).count();
        return Err(Error::data(format!("time of row {}", first + 1))
            .got(format!("nothing ({} without one)", super::count(missing, "row")))
            .rule("design 'forward' needs the time of every sample")
            .hint("filter rows without a time in [data] filter"));
    }
    Ok(days)
}
