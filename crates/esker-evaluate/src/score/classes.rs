//! Scores of the most probable class: accuracy, balanced accuracy, F1, MCC.

use esker_core::{Error, Result};

use super::confusion::{columns, recalled};
use super::input::{Classes, thing};

/// The share of the weight that is right.
pub(super) fn accuracy(rows: &Classes) -> f64 {
    rows.mean(|row| f64::from(rows.truth[row] == rows.said[row]))
}

/// The mean recall of the classes that occur in the truth (Brodersen et al. 2010, doi 10.1109/ICPR.2010.764).
pub(super) fn balanced_accuracy(rows: &Classes) -> f64 {
    let counts = rows.confusion();
    average(counts.iter().enumerate().filter_map(|(k, row)| recalled(row, k)))
}

/// The mean F1 of the classes that occur in the truth or are predicted.
pub(super) fn f1_macro(rows: &Classes) -> f64 {
    let counts = rows.confusion();
    let said = columns(&counts);
    average(counts.iter().enumerate().filter_map(|(k, row)| super::confusion::f1(row[k], row.iter().sum(), said[k])))
}

/// Matthews' correlation for several classes, the R_K of Gorodkin 2004 (doi 10.1016/j.compbiolchem.2004.09.006):
/// (c·s − Σ tₖpₖ) / √((s² − Σ pₖ²)(s² − Σ tₖ²)), with s the total weight, c the weight that is right, tₖ and pₖ the
/// weight that is of and that is said to be of class k. A constant prediction scores 0, as in scikit-learn: it has
/// no skill.
///
/// # Errors
/// A truth of one class only.
pub(super) fn mcc(rows: &Classes) -> Result<f64> {
    let counts = rows.confusion();
    let truth: Vec<f64> = counts.iter().map(|row| row.iter().sum()).collect();
    let said = columns(&counts);
    let total: f64 = truth.iter().sum();
    if let Some(k) = single(&truth) {
        return Err(Error::numeric(thing("mcc"))
            .got(format!("a truth of the one class '{}'", rows.levels[k]))
            .rule("the score does not exist: a correlation needs two things that vary"));
    }
    if single(&said).is_some() {
        return Ok(0.0);
    }
    // Shares instead of counts, so that large weights do not overflow.
    let share = |v: f64| v / total;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| share(*x) * share(*y)).sum::<f64>();
    let right: f64 = counts.iter().enumerate().map(|(k, row)| share(row[k])).sum();
    let joint = right - dot(&truth, &said);
    Ok((joint / ((1.0 - dot(&said, &said)).sqrt() * (1.0 - dot(&truth, &truth)).sqrt())).clamp(-1.0, 1.0))
}

/// The class that takes all the weight, if one does.
fn single(weights: &[f64]) -> Option<usize> {
    let mut used = weights.iter().enumerate().filter(|(_, w)| **w > 0.0).map(|(k, _)| k);
    let first = used.next();
    if used.next().is_none() { first } else { None }
}

/// The mean of the values there are; at least one row counts, so there is at least one.
fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), v| (sum + v, n + 1));
    sum / n as f64
}
