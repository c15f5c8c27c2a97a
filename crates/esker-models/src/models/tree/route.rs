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
    from: u16,
    /// The right child.
    to: u16,
    test: Test,
}

/// Which codes go right.
#[derive(Debug, Clone, Copy)]
enum Test {
    /// Codes above `code`, but not `also`.
    Above { code: u8, also: u8 },
    /// Codes from `first` on, `beyond` more of them; or all others.
    Between { first: u8, beyond: u8, others: bool },
    /// Codes that the side does not have.
    Not(Side),
}

impl Test {
    fn new(side: Side) -> Self {
        if let Side::UpTo { code, also } = side {
            return Self::Above { code, also };
        }
        let left = side.table();
        // Where the codes that go one way are neighbours, as with one-hot columns, two comparisons tell.
        for others in [false, true] {
            let goes = |code: &u8| left[usize::from(*code)] == others;
            let (first, last) = ((0..=255).find(goes), (0..=255).rev().find(goes));
            if let (Some(first), Some(last)) = (first, last)
                && (first..=last).all(|code| goes(&code))
            {
                return Self::Between { first, beyond: last - first, others };
            }
        }
        Self::Not(side)
    }
}

/// A tree as its splits.
#[derive(Debug, Clone)]
pub(super) struct Route {
    steps: Vec<Step>,
    /// The node of each leaf.
    nodes: Vec<usize>,
}

/// How leaves are numbered.
pub(super) trait Number: Copy + PartialEq + Send {
    /// A leaf's number, which fits.
    fn of(leaf: u16) -> Self;
}

impl Number for u8 {
    #[inline(always)]
    fn of(leaf: u16) -> Self {
        leaf as u8
    }
}

impl Number for u16 {
    #[inline(always)]
    fn of(leaf: u16) -> Self {
        leaf
    }
}

impl Route {
    /// The splits of a tree; `None` if it has too many leaves for numbers of a byte, with which routing is fast.
    pub(super) fn new(tree: &Tree) -> Option<Self> {
        (tree.len() / 2 < MOST_LEAVES).then(|| Self::of(tree, |feature, side| (feature, *side)))
    }

    /// The splits of a tree of fewer than 65,536 leaves, each on the column and side that `place` gives for its feature and side.
    pub(super) fn of(tree: &Tree, place: impl Fn(usize, &Side) -> (usize, Side)) -> Self {
        let mut steps = Vec::new();
        let mut leaf_of = vec![0_u16; tree.len()];
        let splits = tree.splits();
        let mut nodes = vec![0; splits.len() + 1];
        for (k, (node, left, feature, side)) in splits.into_iter().enumerate() {
            let (from, to) = (leaf_of[node], (k + 1) as u16);
            (leaf_of[left], leaf_of[left + 1]) = (from, to);
            let (feature, side) = place(feature, &side);
            steps.push(Step { feature, from, to, test: Test::new(side) });
        }
        for (node, _) in tree.leaf_rows() {
            nodes[usize::from(leaf_of[node])] = node;
        }
        Self { steps, nodes }
    }

    #[inline(always)]
    fn send<'a, T: Number>(&self, leaves: &mut [T], column: impl Fn(usize) -> &'a [u8]) {
        leaves.fill(T::of(0));
        for step in &self.steps {
            let codes = &column(step.feature)[..leaves.len()];
            let (from, to) = (T::of(step.from), T::of(step.to));
            match step.test {
                Test::Above { code: last, also } => {
                    for (leaf, &code) in leaves.iter_mut().zip(codes) {
                        let goes = (*leaf == from) & (code > last) & (code != also);
                        *leaf = if goes { to } else { *leaf };
                    }
                }
                Test::Between { first, beyond, others } => {
                    for (leaf, &code) in leaves.iter_mut().zip(codes) {
                        let goes = (*leaf == from) & ((code.wrapping_sub(first) <= beyond) != others);
                        *leaf = if goes { to } else { *leaf };
                    }
                }
                Test::Not(side) => {
                    let left = side.table();
                    for (leaf, &code) in leaves.iter_mut().zip(codes) {
                        let goes = (*leaf == from) & !left[usize::from(code)];
                        *leaf = if goes { to } else { *leaf };
                    }
                }
            }
        }
    }

    /// The features asked for.
    pub(super) fn features(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().map(|step| step.feature)
    }

    /// Number of leaves.
    pub(super) fn leaves(&self) -> usize {
        self.nodes.len()
    }

    /// The node of each leaf.
    pub(super) fn nodes(&self) -> &[usize] {
        &self.nodes
    }

    /// The row of the tree's values that each leaf has.
    pub(super) fn rows(&self, tree: &Tree) -> Vec<u32> {
        self.nodes.iter().map(|&node| tree.row_of(node)).collect()
    }
}

/// The leaf of each of some rows, whose codes `column` has column by column. Compiled for wide vectors.
pub(super) fn send<'a, T: Number>(route: &Route, leaves: &mut [T], column: impl Fn(usize) -> &'a [u8]) {
    wide(
        #[inline(always)]
        || route.send(leaves, column),
    );
}
