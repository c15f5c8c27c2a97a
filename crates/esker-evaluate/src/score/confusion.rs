//! The confusion matrix, and how each class was predicted.

use esker_core::record::ClassScore;
use esker_core::{Codes, Prediction, Result};

use super::input;

/// The confusion matrix: levels × levels, the weight (rows, without weights) of each true class (row) whose most
/// probable class is each class (column).
///
/// # Errors
/// Truth and prediction of other types, classes or lengths; weights that are negative or all 0.
pub fn confusion(truth: &Codes, said: &Prediction, weight: Option<&[f64]>) -> Result<Vec<Vec<f64>>> {
    Ok(input::codes_and_probability("confusion matrix", truth, said, weight)?.confusion())
}

/// Precision, recall and F1 of each class, from a confusion matrix with a row and a column for each of `levels`.
///
/// A number that does not exist is `None`: the precision of a class never predicted, the recall of a class that
/// does not occur, the F1 of a class for which neither is there.
pub fn per_class(confusion: &[Vec<f64>], levels: &[String]) -> Vec<ClassScore> {
    let said = columns(confusion);
    let of = levels.iter().zip(confusion).zip(said).enumerate();
    of.map(|(k, ((level, row), said))| {
        let support = row.iter().sum();
        ClassScore {
            level: level.clone(),
            support,
            precision: (said > 0.0).then(|| row[k] / said),
            recall: recalled(row, k),
            f1: f1(row[k], support, said),
        }
    })
    .collect()
}

/// The sum of each column.
pub(super) fn columns(confusion: &[Vec<f64>]) -> Vec<f64> {
    (0..confusion.len()).map(|k| confusion.iter().map(|row| row[k]).sum()).collect()
}

/// The recall of class `k`, whose row of the confusion matrix is given.
pub(super) fn recalled(row: &[f64], k: usize) -> Option<f64> {
    let support: f64 = row.iter().sum();
    (support > 0.0).then(|| row[k] / support)
}

/// 2 · right / (weight of the class + weight said to be of it): the harmonic mean of precision and recall.
pub(super) fn f1(right: f64, support: f64, said: f64) -> Option<f64> {
    (support + said > 0.0).then(|| 2.0 * right / (support + said))
}
