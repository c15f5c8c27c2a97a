//! Local Moran's I and Geary's c: where values are like their neighbours, and where they stand out.

use esker_core::{Result, Rng};
use rayon::prelude::*;

use super::Weights;
use super::moran::centred;

/// A place and its neighbours, both against the mean of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quadrant {
    /// High among high.
    HighHigh,
    /// Low among high.
    LowHigh,
    /// Low among low.
    LowLow,
    /// High among low.
    HighLow,
}

/// A local statistic of every place.
#[derive(Debug, Clone, PartialEq)]
pub struct Local {
    /// The statistic.
    pub value: Vec<f64>,
    /// For Moran's, where the place and its neighbours lie; empty for Geary's.
    pub quadrant: Vec<Quadrant>,
    /// For Moran's, expectation without dependence, under randomisation (Sokal et al. 1998, equation A3); empty for Geary's.
    pub expected: Vec<f64>,
    /// For Moran's, variance under randomisation (equation A4); empty for Geary's.
    pub variance: Vec<f64>,
    /// One-sided pseudo p: the share of draws of other neighbours (the value of the place held) at least as extreme on the side of the
    /// value. As many places are tested at once, correct it (see `esker_evaluate::significance`) before a map is drawn from it. 1 for places without neighbours.
    pub p: Vec<f64>,
}

/// Local Moran's I (Anselin 1995), Iᵢ = (n − 1) zᵢ Σⱼ wᵢⱼ zⱼ / Σ z², as `esda.Moran_Local`.
///
/// # Errors
/// As [`global`](super::global()).
pub fn local_moran(values: &[f64], weights: &Weights, permutations: usize, rng: &Rng) -> Result<Local> {
    let z = centred(values, weights)?;
    let n = z.len() as f64;
    let m2 = z.iter().map(|v| v * v).sum::<f64>() / n;
    let kurtosis = z.iter().map(|v| v.powi(4)).sum::<f64>() / n / (m2 * m2);
    let scale = (n - 1.0) / (n * m2);
    let lag: Vec<f64> = (0..z.len()).map(|i| weights.of(i).map(|(j, w)| w * z[j]).sum()).collect();
    let value: Vec<f64> = z.iter().zip(&lag).map(|(z, l)| scale * z * l).collect();
    let (mut expected, mut variance) = (Vec::with_capacity(z.len()), Vec::with_capacity(z.len()));
    for i in 0..z.len() {
        let (sum, squares) = weights.of(i).fold((0.0, 0.0), |(s, q), (_, w)| (s + w, q + w * w));
        expected.push(-sum / (n - 1.0));
        variance.push(
            squares * (n - kurtosis) / (n - 1.0) + (sum * sum - squares) * (2.0 * kurtosis - n) / ((n - 1.0) * (n - 2.0))
                - (sum / (n - 1.0)).powi(2),
        );
    }
    let quadrant = z.iter().zip(&lag).map(|(&z, &l)| match (z > 0.0, l > 0.0) {
        (true, true) => Quadrant::HighHigh,
        (false, true) => Quadrant::LowHigh,
        (false, false) => Quadrant::LowLow,
        (true, false) => Quadrant::HighLow,
    });
    let quadrant = quadrant.collect();
    let p = conditional(&z, weights, (permutations, rng), &value, |i, other, w| scale * z[i] * z[other] * w);
    Ok(Local { value, quadrant, expected, variance, p })
}

/// Local Geary's c (Anselin 1995, 2019), cᵢ = Σⱼ wᵢⱼ (zᵢ − zⱼ)² / m₂ with m₂ = Σ z² / n, as `esda.Geary_Local` with weights whose
/// rows sum to 1.
///
/// # Errors
/// As [`global`](super::global()).
pub fn local_geary(values: &[f64], weights: &Weights, permutations: usize, rng: &Rng) -> Result<Local> {
    let z = centred(values, weights)?;
    let m2 = z.iter().map(|v| v * v).sum::<f64>() / z.len() as f64;
    let one = |i: usize, j: usize, w: f64| w * (z[i] - z[j]).powi(2) / m2;
    let value: Vec<f64> = (0..z.len()).map(|i| weights.of(i).map(|(j, w)| one(i, j, w)).sum()).collect();
    let p = conditional(&z, weights, (permutations, rng), &value, one);
    Ok(Local { value, quadrant: Vec::new(), expected: Vec::new(), variance: Vec::new(), p })
}

/// For each place, draws as many others as it has neighbours, without replacement, and counts how often they are as extreme.
fn conditional(
    z: &[f64],
    weights: &Weights,
    (permutations, rng): (usize, &Rng),
    value: &[f64],
    term: impl Fn(usize, usize, f64) -> f64 + Sync,
) -> Vec<f64> {
    let n = z.len();
    (0..n)
        .into_par_iter()
        .map(|i| {
            let k = weights.neighbours(i);
            if k == 0 {
                return 1.0;
            }
            let mut rng = rng.fork("place", i as u64);
            let mut others: Vec<usize> = (0..n).filter(|&j| j != i).collect();
            let as_large = (0..permutations)
                .filter(|_| {
                    // The first k of a shuffle, undone by the next one.
                    for a in 0..k {
                        let b = a + rng.below(others.len() - a);
                        others.swap(a, b);
                    }
                    let drawn: f64 = weights.of(i).zip(&others).map(|((_, w), &j)| term(i, j, w)).sum();
                    drawn >= value[i]
                })
                .count();
            (as_large.min(permutations - as_large) + 1) as f64 / (permutations + 1) as f64
        })
        .collect()
}
