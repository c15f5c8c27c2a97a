//! Many tests at once: probabilities that keep their meaning.

use esker_core::{Error, Result};

fn order(p: &[f64]) -> Result<Vec<usize>> {
    if let Some(i) = p.iter().position(|v| !(0.0..=1.0).contains(v)) {
        return Err(Error::data("correction for several tests")
            .got(format!("{} as probability of test {}", p[i], i + 1))
            .rule("probabilities lie within 0..1"));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    Ok(order)
}

/// Holm's step-down correction (1979): below α, the chance of any false finding is below α, whatever the tests have in common.
///
/// # Errors
/// A probability outside 0..1.
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    let mut out = vec![0.0; p.len()];
    let mut largest = 0.0f64;
    for (rank, i) in order(p)?.into_iter().enumerate() {
        largest = largest.max((p.len() - rank) as f64 * p[i]).min(1.0);
        out[i] = largest;
    }
    Ok(out)
}

/// The correction of Benjamini and Hochberg (1995): of all tests below α, the expected share of false findings is at most α.
///
/// # Errors
/// A probability outside 0..1.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
    let mut out = vec![0.0; p.len()];
    let mut smallest = 1.0f64;
    for (rank, i) in order(p)?.into_iter().enumerate().rev() {
        smallest = smallest.min(p.len() as f64 / (rank + 1) as f64 * p[i]);
        out[i] = smallest;
    }
    Ok(out)
}
