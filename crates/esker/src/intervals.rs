//! Intervals of the chosen model from the folds of the primary design.

use esker_core::record::{Intervals, Task};
use esker_core::{Note, Result};
use esker_evaluate::interval::{self, Residuals};

use crate::folds::{FoldRun, fold_of_row};
use crate::plan::Plan;

/// Held-out intervals of every row that a fold tested; NaN elsewhere.
pub(crate) struct Held {
    pub record: Intervals,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
}

/// Rows tested (first test of each), with their fold, observation and held-out prediction.
struct Tested {
    rows: Vec<usize>,
    fold: Vec<u32>,
    observed: Vec<f64>,
    predicted: Vec<f64>,
}

fn tested(plan: &Plan, folds: &[FoldRun]) -> Result<Tested> {
    let target = plan.data.samples.column(&plan.data.target)?.reals()?;
    let of = fold_of_row(&plan.designs[0], target.len());
    let mut tested = Tested { rows: Vec::new(), fold: Vec::new(), observed: Vec::new(), predicted: Vec::new() };
    for (f, (fold, run)) in plan.designs[0].folds.iter().zip(folds).enumerate() {
        let centre = run.said.centre()?;
        for (i, &row) in fold.test.iter().enumerate() {
            if of[row] == Some(f as u32) {
                tested.rows.push(row);
                tested.fold.push(f as u32);
                tested.observed.push(target[row]);
                tested.predicted.push(centre[i]);
            }
        }
    }
    Ok(tested)
}

/// Absolute held-out residuals by fold, which CV+ needs.
pub(crate) fn residuals(plan: &Plan, folds: &[FoldRun]) -> Result<Residuals> {
    let t = tested(plan, folds)?;
    let mut by_fold = vec![Vec::new(); folds.len()];
    for ((f, y), p) in t.fold.iter().zip(&t.observed).zip(&t.predicted) {
        by_fold[*f as usize].push((y - p).abs());
    }
    Residuals::new(by_fold)
}

/// Held-out intervals, or the reason why there are none.
pub(crate) fn held_out(plan: &Plan, folds: &[FoldRun]) -> Result<(Option<Held>, Option<Note>)> {
    let (Some(level), Task::Regression { .. }) = (plan.recipe.interval_level, &plan.data.task) else { return Ok((None, None)) };
    let t = tested(plan, folds)?;
    let n = plan.data.samples.rows();
    let (low, high) = match interval::held_out(&t.predicted, &t.observed, &t.fold, folds.len(), level) {
        Ok(found) => found,
        // Too few rows for that level: the run goes on without intervals, and says so.
        Err(e) => return Ok((None, Some(Note::warning("no-intervals", e.to_string().replace("\n  hint:", "; hint:"))))),
    };
    let rows = interval::HeldOut { predicted: &t.predicted, observed: &t.observed, fold: &t.fold, folds: folds.len() };
    let record = interval::summary("CV+", &rows, level)?;
    let mut all = (vec![f64::NAN; n], vec![f64::NAN; n]);
    for (i, &row) in t.rows.iter().enumerate() {
        all.0[row] = low[i];
        all.1[row] = high[i];
    }
    Ok((Some(Held { record, low: all.0, high: all.1 }), None))
}
