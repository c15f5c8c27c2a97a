//! How far two predictions lie apart.

use esker_core::{Column, Prediction, Samples, Values};

use crate::data::moments;

/// Asserts that two predictions are the same bit for bit.
pub(crate) fn assert_bits(law: &str, a: &Prediction, b: &Prediction) {
    assert_eq!(a.rows(), b.rows(), "{law}: the predictions have another number of rows");
    let (x, y) = (numbers(a), numbers(b));
    assert_eq!(x.len(), y.len(), "{law}: the predictions have another number of classes");
    if let Some(i) = (0..x.len()).find(|&i| x[i].to_bits() != y[i].to_bits()) {
        panic!("{law}: number {i} of the predictions is {} here and {} there", x[i], y[i]);
    }
}

/// The largest difference, as a share of the target's standard deviation for numbers.
pub(crate) fn difference(a: &Prediction, b: &Prediction, target: &Column) -> f64 {
    let scale = match &target.values {
        Values::Real(v) => moments(v).1,
        Values::Class(_) => 1.0,
    };
    let (x, y) = (numbers(a), numbers(b));
    assert_eq!(x.len(), y.len(), "predictions of one number of rows and classes");
    // A difference that is not a number must not pass for a small one.
    x.iter().zip(y).map(|(p, q)| if (p - q).is_nan() { f64::INFINITY } else { (p - q).abs() / scale }).fold(0.0, f64::max)
}

/// Every number of a prediction.
pub(crate) fn numbers(said: &Prediction) -> &[f64] {
    match said {
        Prediction::Real { centre, .. } => centre,
        Prediction::Class { probability, .. } => probability,
    }
}

/// Asserts that a prediction has one finite answer a row, in the target's unit or over the target's classes.
pub(crate) fn assert_sound(law: &str, said: &Prediction, at: &Samples, target: &Column) {
    assert_eq!(said.rows(), at.rows(), "{law}: one prediction a row");
    if let Some(bad) = numbers(said).iter().find(|x| !x.is_finite()) {
        panic!("{law}: a prediction is {bad}, predictions are finite");
    }
    match (said, &target.values) {
        (Prediction::Real { unit, .. }, Values::Real(_)) => {
            assert_eq!(unit, &target.unit, "{law}: a prediction has the target's unit");
        }
        (Prediction::Class { levels, probability, .. }, Values::Class(codes)) => {
            assert_eq!(levels, codes.levels(), "{law}: probabilities are over the target's classes, in their order");
            for (row, p) in probability.chunks_exact(levels.len()).enumerate() {
                let sum: f64 = p.iter().sum();
                assert!((sum - 1.0).abs() < 1e-9, "{law}: probabilities of row {} sum to {sum}, not to 1", row + 1);
                assert!(p.iter().all(|&x| (0.0..=1.0 + 1e-12).contains(&x)), "{law}: a probability lies outside 0..1: {p:?}");
            }
        }
        _ => panic!("{law}: numbers are predicted for numbers, classes for classes"),
    }
}
