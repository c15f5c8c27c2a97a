//! Moran's I and Geary's C: are values alike where they are near?

use esker_core::{Error, Result, Rng};
use esker_math::{mean, normal_cdf};
use rayon::prelude::*;

use super::Weights;

/// A measure of likeness among neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// n/S₀ · Σ wᵢⱼ zᵢ zⱼ / Σ zᵢ² (Moran 1950): above −1/(n − 1) where neighbours are alike.
    Moran,
    /// (n − 1)/(2 S₀) · Σ wᵢⱼ (zᵢ − zⱼ)² / Σ zᵢ² (Geary 1954): below 1 where neighbours are alike.
    Geary,
}

/// A statistic with what chance alone would make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Global {
    /// The statistic.
    pub value: f64,
    /// Its expectation without dependence.
    pub expected: f64,
    /// Its variance if the values are draws from a normal distribution.
    pub variance_normal: f64,
    /// Its variance if the values stand at random places.
    pub variance_random: f64,
}

impl Global {
    /// Standard deviations between the value and its expectation, under randomisation.
    pub fn z(&self) -> f64 {
        (self.value - self.expected) / self.variance_random.sqrt()
    }

    /// Two-sided probability of a value as far from the expectation by chance, under randomisation, by the normal distribution.
    pub fn p(&self) -> f64 {
        2.0 * normal_cdf(-self.z().abs())
    }

    /// As [`Global::p`], under normality.
    pub fn p_normal(&self) -> f64 {
        2.0 * normal_cdf(-((self.value - self.expected) / self.variance_normal.sqrt()).abs())
    }
}

/// Differences from the mean, if there are enough values and they vary.
pub(super) fn centred(values: &[f64], weights: &Weights) -> Result<Vec<f64>> {
    let thing = || Error::data("likeness of neighbours");
    let n = values.len();
    if n != weights.len() {
        return Err(thing().got(format!("{n} values and {} places", weights.len())).rule("one value a place"));
    }
    if n < 4 {
        return Err(thing().got(format!("{n} places")).rule("at least 4 are needed"));
    }
    if let Some(i) = values.iter().position(|v| !v.is_finite()) {
        return Err(thing().got(format!("{} in row {}", values[i], i + 1)).rule("values are finite numbers"));
    }
    if values.iter().all(|v| *v == values[0]) {
        return Err(thing().got(format!("{n} values of {}", values[0])).rule("values that vary are needed"));
    }
    let centre = mean(values);
    Ok(values.iter().map(|v| v - centre).collect())
}

impl Statistic {
    fn of(self, z: &[f64], weights: &Weights, total: f64) -> f64 {
        let n = z.len() as f64;
        let squares: f64 = z.iter().map(|v| v * v).sum();
        match self {
            Self::Moran => {
                let joint: f64 = (0..z.len()).map(|i| z[i] * weights.of(i).map(|(j, w)| w * z[j]).sum::<f64>()).sum();
                n / total * joint / squares
            }
            Self::Geary => {
                let apart: f64 = (0..z.len()).map(|i| weights.of(i).map(|(j, w)| w * (z[i] - z[j]).powi(2)).sum::<f64>()).sum();
                (n - 1.0) / (2.0 * total) * apart / squares
            }
        }
    }

    fn expected(self, n: f64) -> f64 {
        match self {
            Self::Moran => -1.0 / (n - 1.0),
            Self::Geary => 1.0,
        }
    }
}

/// The statistic of values at places, with its moments under normality and under randomisation (Cliff and Ord 1981, Spatial Processes,
/// chapter 2; as `esda.Moran` and `esda.Geary`).
///
/// # Errors
/// Not one value a place, fewer than 4, values that are not finite or all the same, or no neighbours at all.
pub fn global(statistic: Statistic, values: &[f64], weights: &Weights) -> Result<Global> {
    let z = centred(values, weights)?;
    let [s0, s1, s2] = weights.sums();
    if s0 <= 0.0 {
        return Err(no_neighbours(values.len()));
    }
    let n = z.len() as f64;
    let power = |p: i32| z.iter().map(|v| v.powi(p)).sum::<f64>() / n;
    let kurtosis = power(4) / power(2).powi(2);
    let (n2, total) = (n * n, s0 * s0);
    let (variance_normal, variance_random) = match statistic {
        Statistic::Moran => {
            let square = 1.0 / ((n - 1.0) * (n - 1.0));
            let normal = (n2 * s1 - n * s2 + 3.0 * total) / (total * (n2 - 1.0)) - square;
            let free = n * ((n2 - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * total);
            let tails = kurtosis * ((n2 - n) * s1 - 2.0 * n * s2 + 6.0 * total);
            (normal, (free - tails) / ((n - 1.0) * (n - 2.0) * (n - 3.0) * total) - square)
        }
        Statistic::Geary => {
            let normal = ((2.0 * s1 + s2) * (n - 1.0) - 4.0 * total) / (2.0 * (n + 1.0) * total);
            let a = (n - 1.0) * s1 * (n2 - 3.0 * n + 3.0 - (n - 1.0) * kurtosis);
            let b = 0.25 * (n - 1.0) * s2 * (n2 + 3.0 * n - 6.0 - (n2 - n + 2.0) * kurtosis);
            let c = total * (n2 - 3.0 - (n - 1.0).powi(2) * kurtosis);
            (normal, (a - b + c) / (n * (n - 2.0) * (n - 3.0) * total))
        }
    };
    Ok(Global { value: statistic.of(&z, weights, s0), expected: statistic.expected(n), variance_normal, variance_random })
}

/// The two-sided probability that values at random places give a statistic as far from its expectation, from `permutations` shuffles:
/// (those as far + 1) / (permutations + 1). The same for any number of threads.
///
/// # Errors
/// As [`global`].
pub fn permutation_p(statistic: Statistic, values: &[f64], weights: &Weights, permutations: usize, rng: &Rng) -> Result<f64> {
    let z = centred(values, weights)?;
    let total = weights.sums()[0];
    if total <= 0.0 {
        return Err(no_neighbours(values.len()));
    }
    let expected = statistic.expected(z.len() as f64);
    let far = (statistic.of(&z, weights, total) - expected).abs();
    let as_far = (0..permutations)
        .into_par_iter()
        .filter(|&p| {
            let mut shuffled = z.clone();
            rng.fork("permutation", p as u64).shuffle(&mut shuffled);
            // Shuffles that leave the value as it is differ by rounding alone.
            (statistic.of(&shuffled, weights, total) - expected).abs() >= far * (1.0 - 1e-12)
        })
        .count();
    Ok((as_far + 1) as f64 / (permutations + 1) as f64)
}

fn no_neighbours(n: usize) -> Error {
    Error::data("likeness of neighbours")
        .got(format!("{n} places without neighbours"))
        .rule("at least one pair of neighbours is needed")
        .hint("use a larger distance, or the nearest neighbours")
}
