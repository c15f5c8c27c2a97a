//! ROC and precision–recall curve of one class against the rest.

use esker_core::record::ClassCurve;
use esker_core::{Codes, Error, Prediction, Result};

use super::input;

/// The most points a curve keeps; areas are taken from all of them before.
const POINTS: usize = 200;

/// The curves of class number `class` against all others, with the area under the ROC curve (trapezoids) and the
/// average precision Σ(Rᵢ − Rᵢ₋₁)Pᵢ. Rows of equal probability share one threshold, so neither depends on their
/// order (as in scikit-learn). Areas are exact; the curves are thinned to 200 points that keep both ends.
///
/// The ROC curve runs from (0, 0) to (1, 1); the precision–recall curve begins at the highest threshold. A curve
/// that does not exist is empty and its area `None`: ROC without rows of the class or of the rest, precision–recall
/// without rows of the class.
///
/// # Errors
/// As [`confusion`](super::confusion()), and a class number beyond the levels.
pub fn curve(truth: &Codes, said: &Prediction, class: usize, weight: Option<&[f64]>) -> Result<ClassCurve> {
    let rows = input::codes_and_probability("curve", truth, said, weight)?;
    let k = rows.levels.len();
    let level = rows.levels.get(class).ok_or_else(|| {
        Error::data(input::thing("curve")).got(format!("class number {class}")).rule(format!("the classes are numbered 0 to {}", k - 1))
    })?;
    // (probability, whether it is of the class, weight), the most probable first.
    let mut ranked: Vec<(f64, bool, f64)> = (0..rows.truth.len())
        .map(|row| (rows.probability[row * k + class], rows.truth[row] as usize == class, weight.map_or(1.0, |w| w[row])))
        .filter(|r| r.2 > 0.0)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let steps = cumulate(&ranked);
    // At least one row counts, so there is a last step: the threshold below all rows.
    let (negatives, positives) = steps.last().copied().unwrap_or_default();
    let mut curve = ClassCurve { level: level.clone(), roc: Vec::new(), auc: None, pr: Vec::new(), ap: None };
    if positives > 0.0 && negatives > 0.0 {
        let mut roc = vec![(0.0, 0.0)];
        roc.extend(steps.iter().map(|(fp, tp)| (fp / negatives, tp / positives)));
        curve.auc = Some(roc.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum());
        curve.roc = thin(roc, |p| p.0 + p.1);
    }
    if positives > 0.0 {
        let pr: Vec<(f64, f64)> = steps.iter().map(|(fp, tp)| (tp / positives, tp / (tp + fp))).collect();
        let mut before = 0.0;
        let mut area = 0.0;
        for &(recall, precision) in &pr {
            area += (recall - before) * precision;
            before = recall;
        }
        curve.ap = Some(area);
        curve.pr = thin(pr, |p| p.0);
    }
    Ok(curve)
}

/// The weight of false and of true positives above each distinct probability, from the highest down.
fn cumulate(ranked: &[(f64, bool, f64)]) -> Vec<(f64, f64)> {
    let (mut fp, mut tp) = (0.0, 0.0);
    let mut steps = Vec::new();
    for (i, &(p, positive, weight)) in ranked.iter().enumerate() {
        if positive {
            tp += weight;
        } else {
            fp += weight;
        }
        if ranked.get(i + 1).is_none_or(|next| next.0 != p) {
            steps.push((fp, tp));
        }
    }
    steps
}

/// At most [`POINTS`] of the points, evenly spread in `along` (which never falls), first and last among them.
fn thin(points: Vec<(f64, f64)>, along: impl Fn(&(f64, f64)) -> f64) -> Vec<(f64, f64)> {
    if points.len() <= POINTS {
        return points;
    }
    let (first, last) = (along(&points[0]), along(&points[points.len() - 1]));
    let mut kept: Vec<usize> = (0..POINTS - 1)
        .map(|j| {
            let wanted = first + (last - first) * j as f64 / (POINTS - 1) as f64;
            points.partition_point(|p| along(p) < wanted).min(points.len() - 1)
        })
        .collect();
    kept.push(points.len() - 1);
    kept.dedup();
    kept.into_iter().map(|i| points[i]).collect()
}
