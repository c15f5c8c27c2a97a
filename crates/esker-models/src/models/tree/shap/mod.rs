//! Shapley values of trees, exactly: how much each feature moves an answer away from what is said of an unknown row.
//!
//! What is explained is the path-dependent game of Lundberg et al. (2020, doi 10.1038/s42256-019-0138-9): a walk that may not look at a feature
//! goes to both sides in proportion to the training rows there. For a leaf of value v below tests of d features, feature j adds
//! v (o_j - z_j) times the integral over t from 0 to 1 of the product over i ≠ j of ((1 - t) z_i + t o_i), where z_i is the share of rows that
//! pass the tests of feature i and o_i is 1 if the row at hand passes them, else 0: the Shapley weights are Beta integrals (Yang 2021,
//! *Fast TreeSHAP*, and Yu et al. 2022, *Linear TreeShap*, arXiv 2209.08192, sum the same polynomial). All terms of one sign and a quadrature of
//! Gauss that is exact for the degree: nothing cancels, so that deep trees add up as well as shallow ones.
//!
//! The integral depends on a row only through which tests it passes. Leaves of few features have it in a table, one entry a pattern.

pub(super) use dependence::Grid;
pub(super) use interventional::Background;

use esker_math::wide;
use rayon::prelude::*;

use super::bins::Bins;
use super::node::{Side, Tree};

mod dependence;
mod interactions;
mod interventional;
mod patterns;

/// Most features of a leaf whose patterns are tabulated.
const TABULATED: usize = 8;

/// Rows that are explained together.
pub(super) const ROWS: usize = 512;

/// The codes of a feature that lead towards a leaf.
#[derive(Clone)]
enum Test {
    /// Bins from `low` to `low + span`, and `also` (the missing one, or `low` again).
    Range { low: u8, span: u8, also: u8 },
    /// Codes of classes.
    Table(Box<[bool; 256]>),
}

impl Test {
    fn of(allowed: &[bool; 256], missing: u8, class: bool) -> Self {
        let inside: Vec<u8> = (0..missing).filter(|&c| allowed[usize::from(c)]).collect();
        match (class, inside.first(), inside.last()) {
            (false, Some(&low), Some(&high)) => {
                Self::Range { low, span: high - low, also: if allowed[usize::from(missing)] { missing } else { low } }
            }
            (false, None, _) if allowed[usize::from(missing)] => Self::Range { low: missing, span: 0, also: missing },
            _ => Self::Table(Box::new(*allowed)),
        }
    }

    /// Sets a bit of the patterns of rows that pass.
    #[inline(always)]
    fn mark(&self, codes: &[u8], bit: usize, patterns: &mut [u8]) {
        match self {
            Self::Range { low, span, also } => {
                for (pattern, &code) in patterns.iter_mut().zip(codes) {
                    let passes = (code.wrapping_sub(*low) <= *span) | (code == *also);
                    *pattern |= u8::from(passes) << bit;
                }
            }
            Self::Table(table) => {
                for (pattern, &code) in patterns.iter_mut().zip(codes) {
                    *pattern |= u8::from(table[usize::from(code)]) << bit;
                }
            }
        }
    }

    fn passes(&self, code: u8) -> bool {
        match self {
            Self::Range { low, span, also } => code.wrapping_sub(*low) <= *span || code == *also,
            Self::Table(table) => table[usize::from(code)],
        }
    }
}

/// A leaf: its features, the tests of each, the share of training rows that pass them, and its row of values.
struct Leaf {
    features: Vec<usize>,
    tests: Vec<Test>,
    shares: Vec<f64>,
    row: usize,
    /// Nodes and weights of the quadrature.
    nodes: Vec<(f64, f64)>,
    /// What a value of 1 gives each feature, pattern after pattern a feature; empty where patterns are too many.
    table: Vec<f64>,
}

/// A tree made ready.
pub(super) struct Explained {
    leaves: Vec<Leaf>,
    /// The probability that a walk which looks at nothing ends in each leaf.
    chances: Vec<f64>,
}

impl Explained {
    /// The leaves of a tree.
    pub(super) fn new(tree: &Tree, bins: &Bins) -> Self {
        let covers = tree.covers();
        let mut below: Vec<Option<(usize, usize, Side)>> = vec![None; tree.len()];
        for (node, left, feature, side) in tree.splits() {
            below[node] = Some((left, feature, side));
        }
        let rows: std::collections::HashMap<usize, u32> = tree.leaf_rows().collect();
        let (mut leaves, mut chances) = (Vec::new(), Vec::new());
        let mut open: Vec<(usize, Vec<Tested>)> = vec![(0, Vec::new())];
        while let Some((node, path)) = open.pop() {
            let Some((left, feature, side)) = &below[node] else {
                leaves.push(Leaf::new(&path, bins, rows[&node] as usize));
                chances.push(path.iter().map(|t| t.share).product());
                continue;
            };
            for (child, goes_left) in [(left + 1, false), (*left, true)] {
                let mut path = path.clone();
                let place = path.iter().position(|t| t.feature == *feature).unwrap_or_else(|| {
                    path.push(Tested { feature: *feature, share: 1.0, allowed: [true; 256] });
                    path.len() - 1
                });
                let tested = &mut path[place];
                // A node that no training row reached tells nothing: both sides are as likely.
                tested.share *= if covers[node] > 0.0 { covers[child] / covers[node] } else { 0.5 };
                (0..=255_u8).filter(|&c| side.left(c) != goes_left).for_each(|c| tested.allowed[usize::from(c)] = false);
                open.push((child, path));
            }
        }
        Self { leaves, chances }
    }

    /// The expected value of a walk that looks at nothing, of each of `width` values of the leaves.
    pub(super) fn expected(&self, values: &[f64], width: usize) -> Vec<f64> {
        let mut sums = vec![0.0; width];
        for (leaf, chance) in self.leaves.iter().zip(&self.chances) {
            sums.iter_mut().zip(&values[leaf.row * width..]).for_each(|(sum, v)| *sum += chance * v);
        }
        sums
    }

    /// Adds what features give some rows, whose codes `column` has feature by feature: `into` has a number a row for each of `width` values of
    /// each feature.
    pub(super) fn add<'a>(&self, values: &[f64], width: usize, column: impl Fn(usize) -> &'a [u8], rows: usize, into: &mut [f64]) {
        let mut patterns = [0_u8; ROWS];
        for leaf in &self.leaves {
            let values = &values[leaf.row * width..(leaf.row + 1) * width];
            if leaf.table.is_empty() {
                leaf.add_one_by_one(values, &column, rows, into);
                continue;
            }
            let patterns = &mut patterns[..rows];
            wide(
                #[inline(always)]
                || {
                    patterns.fill(0);
                    for (bit, (test, &feature)) in leaf.tests.iter().zip(&leaf.features).enumerate() {
                        test.mark(column(feature), bit, patterns);
                    }
                    for (place, &feature) in leaf.features.iter().enumerate() {
                        let size = 1 << leaf.features.len();
                        let mut table = [0.0; 256];
                        table[..size].copy_from_slice(&leaf.table[place * size..(place + 1) * size]);
                        for (k, value) in values.iter().enumerate() {
                            let into = &mut into[(feature * width + k) * rows..][..rows];
                            for (into, &pattern) in into.iter_mut().zip(&*patterns) {
                                *into += value * table[usize::from(pattern)];
                            }
                        }
                    }
                },
            );
        }
    }
}

/// Tests of a feature on the way to a leaf.
#[derive(Clone)]
struct Tested {
    feature: usize,
    share: f64,
    allowed: [bool; 256],
}

impl Leaf {
    fn new(path: &[Tested], bins: &Bins, row: usize) -> Self {
        let shares: Vec<f64> = path.iter().map(|t| t.share).collect();
        let tests = path.iter().map(|t| Test::of(&t.allowed, bins.bins(t.feature), bins.is_class(t.feature))).collect();
        let d = path.len();
        let (mut table, nodes) = (Vec::new(), gauss(d.div_ceil(2)));
        if (1..=TABULATED).contains(&d) {
            let mut gives = vec![0.0; d];
            table = vec![0.0; d << d];
            for pattern in 0..1_usize << d {
                give(&shares, |i| pattern >> i & 1 == 1, &nodes, &mut gives);
                gives.iter().enumerate().for_each(|(i, g)| table[(i << d) + pattern] = *g);
            }
        }
        Self { features: path.iter().map(|t| t.feature).collect(), tests, shares, row, nodes, table }
    }

    fn add_one_by_one<'a>(&self, values: &[f64], column: &impl Fn(usize) -> &'a [u8], rows: usize, into: &mut [f64]) {
        let (d, width) = (self.features.len(), values.len());
        let (mut passes, mut gives) = (vec![false; d], vec![0.0; d]);
        for row in 0..rows {
            for (passes, (test, &feature)) in passes.iter_mut().zip(self.tests.iter().zip(&self.features)) {
                *passes = test.passes(column(feature)[row]);
            }
            give(&self.shares, |i| passes[i], &self.nodes, &mut gives);
            for (&feature, give) in self.features.iter().zip(&gives) {
                for (k, value) in values.iter().enumerate() {
                    into[(feature * width + k) * rows + row] += value * give;
                }
            }
        }
    }
}

/// What a leaf of value 1 gives each feature, of which the row passes the tests or not.
fn give(shares: &[f64], passes: impl Fn(usize) -> bool, nodes: &[(f64, f64)], gives: &mut [f64]) {
    gives.fill(0.0);
    let mut behind = vec![0.0; shares.len()];
    for (t, weight) in nodes {
        let factor = |i: usize| (1.0 - t) * shares[i] + if passes(i) { *t } else { 0.0 };
        // Products of all factors but one, from the back and from the front: no division, which a share of 0 would spoil.
        let mut product = *weight;
        for i in (0..shares.len()).rev() {
            behind[i] = product;
            product *= factor(i);
        }
        let mut front = 1.0;
        for (i, give) in gives.iter_mut().enumerate() {
            *give += front * behind[i];
            front *= factor(i);
        }
    }
    for (i, give) in gives.iter_mut().enumerate() {
        *give *= if passes(i) { 1.0 - shares[i] } else { -shares[i] };
    }
}

/// Nodes and weights of Gauss and Legendre on 0 to 1: exact for polynomials up to degree 2 n - 1. Roots of the Legendre polynomial by Newton's
/// method (Press et al. 2007, *Numerical Recipes*, section 4.6).
fn gauss(n: usize) -> Vec<(f64, f64)> {
    let legendre = |x: f64| {
        let (mut p, mut before) = (1.0, 0.0);
        for k in 0..n {
            let k = k as f64;
            (p, before) = (((2.0 * k + 1.0) * x * p - k * before) / (k + 1.0), p);
        }
        (p, n as f64 * (x * p - before) / (x * x - 1.0))
    };
    (0..n)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5)).cos();
            for _ in 0..100 {
                let (p, slope) = legendre(x);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            let slope = legendre(x).1;
            (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// All trees made ready, side by side.
pub(super) fn explain(trees: &[Tree], bins: &Bins) -> Vec<Explained> {
    trees.par_iter().map(|tree| Explained::new(tree, bins)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_powers() {
        for n in 1..=24 {
            let nodes = gauss(n);
            for power in 0..2 * n {
                let sum: f64 = nodes.iter().map(|(t, w)| w * t.powi(power as i32)).sum();
                assert!((sum * (power + 1) as f64 - 1.0).abs() < 1e-12, "{n} nodes, power {power}: {sum}");
            }
        }
    }

    #[test]
    fn what_is_given_is_the_shapley_value() {
        // By its definition: the mean over all orders of the features of what each adds when it joins.
        let shares = [0.3, 0.9, 0.0, 0.55];
        for pattern in 0..16_usize {
            let passes = |i: usize| pattern >> i & 1 == 1;
            let worth = |known: usize| -> f64 {
                (0..4).map(|i| if known >> i & 1 == 0 { shares[i] } else { f64::from(u8::from(passes(i))) }).product()
            };
            let mut gives = [0.0; 4];
            give(&shares, passes, &gauss(2), &mut gives);
            for (j, given) in gives.iter().enumerate() {
                let weight = |size: u32| [6.0, 2.0, 2.0, 6.0][size as usize] / 24.0;
                let by_definition: f64 =
                    (0..16_usize).filter(|s| s >> j & 1 == 0).map(|s| weight(s.count_ones()) * (worth(s | 1 << j) - worth(s))).sum();
                assert!((given - by_definition).abs() < 1e-15, "{pattern} {j}: {given} {by_definition}");
            }
        }
    }

    #[test]
    fn fifty_features_add_up() {
        let shares: Vec<f64> = (0..50).map(|i| 0.02 + 0.019 * f64::from(i)).collect();
        let mut gives = vec![0.0; 50];
        give(&shares, |i| i % 3 != 0, &gauss(25), &mut gives);
        let expected: f64 = shares.iter().product();
        assert!((gives.iter().sum::<f64>() + expected).abs() < 1e-15, "the row does not reach the leaf");
    }
}
