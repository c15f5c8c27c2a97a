//! Scores of class probabilities: log loss and Brier score.

use super::input::Classes;

/// Mean of −ln p of the true class. Probabilities are clipped to ε..1 − ε, ε = 2⁻⁵² (as in scikit-learn), so that one
/// certain error costs 36, not infinity.
pub(super) fn log_loss(rows: &Classes) -> f64 {
    let k = rows.levels.len();
    rows.mean(|row| -rows.probability[row * k + rows.truth[row] as usize].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln())
}

/// Mean of Σₖ(pₖ − yₖ)², yₖ = 1 for the true class and 0 else (Brier 1950, Monthly Weather Review 78,
/// 1-3): 0 to 2 for any number of classes, two included. It is `brier_score_loss` of scikit-learn 1.9 with
/// `scale_by_half=False`; for two classes, twice the Brier score of one of them.
pub(super) fn brier(rows: &Classes) -> f64 {
    let k = rows.levels.len();
    rows.mean(|row| {
        let p = &rows.probability[row * k..(row + 1) * k];
        let truth = rows.truth[row] as usize;
        p.iter().enumerate().map(|(class, p)| (p - f64::from(class == truth)).powi(2)).sum()
    })
}
