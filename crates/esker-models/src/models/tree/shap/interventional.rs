//! Shapley values of trees against a background, exactly: what is said of a row in which unknown features have the values of another row,
//! averaged over background rows (interventional tree SHAP, Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9).
//!
//! At a leaf, a row and a background row count only where every feature's tests are passed by one of the two. If a features are passed by the
//! row alone and b by the background row alone, each of the a gets (a - 1)! b! / (a + b)! of the leaf's value, each of the b loses
//! a! (b - 1)! / (a + b)!. Rows of the same pattern of tests get the same, so that patterns are compared and not rows.

use super::patterns::Patterns;
use super::{Explained, Leaf, ROWS};

/// Background rows at each leaf of a tree: patterns with their shares of the rows.
pub(in super::super) struct Background(Vec<Vec<(u64, f64)>>);

impl Explained {
    /// The background at each leaf; `codes` has them feature after feature.
    pub(in super::super) fn background(&self, codes: &[u8], rows: usize) -> Background {
        let of = |leaf: &Leaf| {
            let mut all: Vec<(u64, f64)> = Vec::new();
            for first in (0..rows).step_by(ROWS) {
                let count = ROWS.min(rows - first);
                let patterns = Patterns::new(leaf, &|f| &codes[f * rows + first..f * rows + first + count], count);
                let mut weight = vec![0.0; patterns.distinct.len()];
                patterns.place.iter().for_each(|&at| weight[at as usize] += 1.0 / rows as f64);
                all.extend(patterns.distinct.into_iter().zip(weight));
            }
            all.sort_unstable_by_key(|p| p.0);
            all.dedup_by(|from, into| {
                let same = from.0 == into.0;
                into.1 += if same { from.1 } else { 0.0 };
                same
            });
            all
        };
        Background(self.leaves.iter().map(of).collect())
    }

    /// Adds the mean answer to the background, of each of `width` values.
    pub(in super::super) fn expected_of(&self, background: &Background, values: &[f64], width: usize) -> Vec<f64> {
        let mut sums = vec![0.0; width];
        for (leaf, patterns) in self.leaves.iter().zip(&background.0) {
            let all = all_of(leaf);
            let chance: f64 = patterns.iter().filter(|p| p.0 == all).map(|p| p.1).sum();
            sums.iter_mut().zip(&values[leaf.row * width..]).for_each(|(sum, v)| *sum += chance * v);
        }
        sums
    }

    /// As [`Explained::add`], against a background.
    pub(in super::super) fn add_against<'a>(
        &self,
        background: &Background,
        (values, width): (&[f64], usize),
        column: impl Fn(usize) -> &'a [u8],
        rows: usize,
        into: &mut [f64],
    ) {
        for (leaf, others) in self.leaves.iter().zip(&background.0) {
            let patterns = Patterns::new(leaf, &column, rows);
            let d = leaf.features.len();
            let mut gives = vec![0.0; d * patterns.distinct.len()];
            for (&pattern, gives) in patterns.distinct.iter().zip(gives.chunks_exact_mut(d.max(1))) {
                give_against(pattern, all_of(leaf), others, gives);
            }
            for (place, &feature) in leaf.features.iter().enumerate() {
                let of: Vec<f64> = gives.iter().skip(place).step_by(d).copied().collect();
                if of.iter().all(|&g| g == 0.0) {
                    continue;
                }
                for (k, value) in values[leaf.row * width..(leaf.row + 1) * width].iter().enumerate() {
                    let into = &mut into[(feature * width + k) * rows..][..rows];
                    into.iter_mut().zip(&patterns.place).for_each(|(into, &at)| *into += value * of[at as usize]);
                }
            }
        }
    }
}

/// The pattern of a row that passes all tests of a leaf.
fn all_of(leaf: &Leaf) -> u64 {
    match leaf.features.len() {
        0 => 0,
        d => u64::MAX >> (64 - d),
    }
}

/// What a leaf of value 1 gives each feature in a row of a pattern, against background patterns with their shares.
fn give_against(pattern: u64, all: u64, others: &[(u64, f64)], gives: &mut [f64]) {
    for &(other, share) in others {
        if pattern | other != all {
            continue;
        }
        let (mine, theirs) = (pattern & !other, other & !pattern);
        let (a, b) = (mine.count_ones(), theirs.count_ones());
        if a + b == 0 {
            continue;
        }
        // (a - 1)! b! / (a + b)! is 1 / (a C(a + b, b)).
        let ways = choose(a + b, b);
        let (gain, loss) = (share / (f64::from(a) * ways), share / (f64::from(b) * ways));
        for (bits, give) in [(mine, gain), (theirs, -loss)] {
            let mut bits = bits;
            while bits != 0 {
                gives[bits.trailing_zeros() as usize] += give;
                bits &= bits - 1;
            }
        }
    }
}

/// The number of ways to choose `k` of `n`, as a product of ratios.
fn choose(n: u32, k: u32) -> f64 {
    (0..k.min(n - k)).fold(1.0, |ways, i| ways * f64::from(n - i) / f64::from(i + 1))
}
