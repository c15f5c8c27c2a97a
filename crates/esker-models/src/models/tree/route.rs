//! Trees of few leaves as lists of splits: rows are sent down all at once, column by column.
//!
//! All rows begin in leaf 0. Each split, in the order in which the tree grew, gives the rows of one leaf that go right a new number; all
//! others keep theirs. A step is a comparison of bytes without a branch, many rows to an instruction, and reads its column from front to
//! back; walking a row down a tree waits for each node in turn. The idea of testing all splits of a tree for many rows at a time is that of
//! Lucchese et al. (2015, QuickScorer, doi 10.1145/2766462.2767733).

use esker_math::wide;

use super::node::{Side, Tree};

/// Most leaves of a tree that is routed; beyond about as many, walking is as fast.
const MOST_LEAVES: usize = 128;

/// One split.
#[derive(Debug, Clone, Copy)]
struct Step {
    feature: usize,
    /// The leaf that is split, which its left child goes on as.
    from: u8,
    /// The right child.
    to: u8,
    side: Side,
}

/// A tree as its splits.
#[derive(Debug, Clone)]
pub(super) struct Route {
    steps: Vec<Step>,
    /// The row of the tree's values that each leaf has.
    rows: Vec<u32>,
}

impl Route {
    /// The splits of a tree; `None` if it has too many leaves.
    pub(super) fn new(tree: &Tree) -> Option<Self> {
        let mut steps = Vec::new();
        let mut leaf_of = vec![0_u8; tree.len()];
        let splits = tree.splits();
        if splits.len() >= MOST_LEAVES {
            return None;
        }
        let mut rows = vec![0; splits.len() + 1];
        for (k, (node, left, feature, side)) in splits.into_iter().enumerate() {
            let (from, to) = (leaf_of[node], (k + 1) as u8);
            (leaf_of[left], leaf_of[left + 1]) = (from, to);
            steps.push(Step { feature, from, to, side });
        }
        for (node, row) in tree.leaf_rows() {
            rows[usize::from(leaf_of[node])] = row;
        }
        Some(Self { steps, rows })
    }

    /// The leaf of each of some rows, whose codes `column` has feature by feature.
    #[inline(always)]
    pub(super) fn send<'a>(&self, leaves: &mut [u8], column: impl Fn(usize) -> &'a [u8]) {
        leaves.fill(0);
        for step in &self.steps {
            let codes = &column(step.feature)[..leaves.len()];
            let (from, to) = (step.from, step.to);
            match step.side {
                Side::UpTo { code: last, also } => {
                    for (leaf, &code) in leaves.iter_mut().zip(codes) {
                        let goes = (*leaf == from) & (code > last) & (code != also);
                        *leaf = if goes { to } else { *leaf };
                    }
                }
                Side::Among(_) => {
                    let left = step.side.table();
                    for (leaf, &code) in leaves.iter_mut().zip(codes) {
                        let goes = (*leaf == from) & !left[usize::from(code)];
                        *leaf = if goes { to } else { *leaf };
                    }
                }
            }
        }
    }

    /// The value of each leaf, of a tree with one value a leaf.
    pub(super) fn values(&self, values: &[f64]) -> [f64; 256] {
        let mut of = [0.0; 256];
        of.iter_mut().zip(&self.rows).for_each(|(value, &row)| *value = values[row as usize]);
        of
    }

    /// The row of the tree's values that a leaf has.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }
}

/// As [`Route::send`], compiled for wide vectors.
pub(super) fn send<'a>(route: &Route, leaves: &mut [u8], column: impl Fn(usize) -> &'a [u8]) {
    wide(
        #[inline(always)]
        || route.send(leaves, column),
    );
}
