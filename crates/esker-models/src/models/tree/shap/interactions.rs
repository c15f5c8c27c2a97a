//! Shapley interaction values of trees, exactly (Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9, equations 3 to 6), of the same
//! path-dependent game as the contributions.
//!
//! At a leaf of value v, features i and j give each other v (o_i - z_i) (o_j - z_j) / 2 times the integral over t of the product of
//! ((1 - t) z_k + t o_k) over the other features k; what a feature gives without any other is what its contribution leaves.

use super::patterns::{MOST_BITS, Patterns};
use super::{Explained, Leaf, gauss};

impl Explained {
    /// Whether paths are short enough to be told apart.
    pub(in super::super) fn countable(&self) -> bool {
        self.leaves.iter().all(|leaf| leaf.features.len() <= MOST_BITS)
    }

    /// Adds what pairs of features give each other in some rows: `into` has a number a row for each of `width` values of each pair of
    /// `features` features, of which the one with i < j is used.
    pub(in super::super) fn add_pairs<'a>(
        &self,
        (values, width): (&[f64], usize),
        features: usize,
        column: impl Fn(usize) -> &'a [u8],
        rows: usize,
        into: &mut [f64],
    ) {
        let mut gives = Vec::new();
        for leaf in self.leaves.iter().filter(|leaf| leaf.features.len() > 1) {
            let patterns = Patterns::new(leaf, &column, rows);
            let pairs = leaf.pairs();
            gives.clear();
            for &pattern in &patterns.distinct {
                give_pairs(&leaf.shares, pattern, &gauss(leaf.features.len() / 2), &mut gives);
            }
            for (p, &(a, b)) in pairs.iter().enumerate() {
                let of: Vec<f64> = gives.iter().skip(p).step_by(pairs.len()).copied().collect();
                for (k, value) in values[leaf.row * width..(leaf.row + 1) * width].iter().enumerate() {
                    let into = &mut into[((a * features + b) * width + k) * rows..][..rows];
                    into.iter_mut().zip(&patterns.place).for_each(|(into, &at)| *into += value * of[at as usize]);
                }
            }
        }
    }
}

impl Leaf {
    /// Pairs of the leaf's features, the lower first, in the order of their places.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let d = self.features.len();
        let pair = |i: usize, j: usize| (self.features[i].min(self.features[j]), self.features[i].max(self.features[j]));
        (0..d).flat_map(|i| (i + 1..d).map(move |j| (i, j))).map(|(i, j)| pair(i, j)).collect()
    }
}

/// Appends what each pair of a leaf of value 1 gives to each side of the pair, in a row that passes the tests of `pattern`.
fn give_pairs(shares: &[f64], pattern: u64, nodes: &[(f64, f64)], gives: &mut Vec<f64>) {
    let (d, first) = (shares.len(), gives.len());
    gives.resize(first + d * (d - 1) / 2, 0.0);
    let passes = |i: usize| pattern >> i & 1 == 1;
    let (mut factors, mut behind) = (vec![0.0; d], vec![1.0; d + 1]);
    for (t, weight) in nodes {
        for i in (0..d).rev() {
            factors[i] = (1.0 - t) * shares[i] + if passes(i) { *t } else { 0.0 };
            behind[i] = behind[i + 1] * factors[i];
        }
        let (mut front, mut at) = (*weight, first);
        for i in 0..d {
            let mut middle = front;
            for j in i + 1..d {
                gives[at] += middle * behind[j + 1];
                middle *= factors[j];
                at += 1;
            }
            front *= factors[i];
        }
    }
    let off = |i: usize| if passes(i) { 1.0 - shares[i] } else { -shares[i] };
    let pairs = (0..d).flat_map(|i| (i + 1..d).map(move |j| (i, j)));
    gives[first..].iter_mut().zip(pairs).for_each(|(give, (i, j))| *give *= 0.5 * off(i) * off(j));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pairs_give_is_the_shapley_interaction_value() {
        // By its definition: half the weighted mean, over sets of the other features, of what the two add together beyond what each adds.
        let shares = [0.3, 0.9, 0.0, 0.55, 0.2];
        let factorial = |n: usize| (1..=n).product::<usize>() as f64;
        for pattern in 0..32_u64 {
            let worth = |known: usize| -> f64 {
                (0..5).map(|i| if known >> i & 1 == 0 { shares[i] } else { f64::from(u8::from(pattern >> i & 1 == 1)) }).product()
            };
            let mut gives = Vec::new();
            give_pairs(&shares, pattern, &gauss(2), &mut gives);
            let mut at = 0;
            for i in 0..5 {
                for j in i + 1..5 {
                    let others = (0..32_usize).filter(|s| s >> i & 1 == 0 && s >> j & 1 == 0);
                    let expected: f64 = others
                        .map(|s| {
                            let size = s.count_ones() as usize;
                            let weight = factorial(size) * factorial(3 - size) / (2.0 * factorial(4));
                            weight * (worth(s | 1 << i | 1 << j) - worth(s | 1 << i) - worth(s | 1 << j) + worth(s))
                        })
                        .sum();
                    assert!((gives[at] - expected).abs() < 1e-14, "{pattern}: {i} and {j}");
                    at += 1;
                }
            }
        }
    }
}
