//! A fitted tree: flat nodes over codes, children in pairs behind their parent.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::bins::Bins;

/// The feature of a leaf.
const LEAF: u16 = u16::MAX;
/// The set of a split on numbers.
const NO_SET: u32 = u32::MAX;

/// Rows that go down a tree together.
const ABREAST: usize = 8;

/// Codes as a set of bits.
pub(super) type CodeSet = [u64; 4];

/// Whether `set` holds `code`.
pub(super) fn holds(set: &CodeSet, code: u8) -> bool {
    set[usize::from(code >> 6)] >> (code & 63) & 1 == 1
}

/// Puts `code` into `set`.
pub(super) fn insert(set: &mut CodeSet, code: u8) {
    set[usize::from(code >> 6)] |= 1 << (code & 63);
}

/// A feature as a bit of 64. Features 64 apart share one: what a path met is then overstated, never missed.
pub(super) fn trace(feature: usize) -> u64 {
    1 << (feature % 64)
}

/// Which codes go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// Codes up to `code`, and `also` (the code of missing values, or `code` again).
    UpTo { code: u8, also: u8 },
    /// Codes in a set.
    Among(CodeSet),
}

impl Side {
    /// Whether a code goes left.
    pub(super) fn left(&self, code: u8) -> bool {
        match self {
            Self::UpTo { code: last, also } => code <= *last || code == *also,
            Self::Among(set) => holds(set, code),
        }
    }

    /// Whether each code goes left.
    pub(super) fn table(&self) -> [bool; 256] {
        std::array::from_fn(|code| self.left(code as u8))
    }
}

/// A split, or a leaf. Left child `next`, right child `next + 1`; a leaf's `next` is the row of its values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Node {
    next: u32,
    set: u32,
    feature: u16,
    code: u8,
    also: u8,
}

/// A tree whose leaves hold rows of `values`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    sets: Vec<CodeSet>,
    values: Vec<f64>,
    /// Weight of the training rows in each leaf, leaves in the order of their nodes.
    cover: Vec<f32>,
}

impl Tree {
    /// A tree of one leaf without values yet.
    pub(super) fn stump() -> Self {
        Self {
            nodes: vec![Node { next: 0, set: NO_SET, feature: LEAF, code: 0, also: 0 }],
            sets: Vec::new(),
            values: Vec::new(),
            cover: Vec::new(),
        }
    }

    /// Splits a leaf; the children's places are returned, left first.
    pub(super) fn split(&mut self, leaf: usize, feature: usize, side: &Side) -> (usize, usize) {
        let next = self.nodes.len();
        let blank = Node { next: 0, set: NO_SET, feature: LEAF, code: 0, also: 0 };
        self.nodes.extend([blank, blank]);
        let (code, also, set) = match side {
            Side::UpTo { code, also } => (*code, *also, NO_SET),
            Side::Among(set) => {
                self.sets.push(*set);
                (0, 0, (self.sets.len() - 1) as u32)
            }
        };
        self.nodes[leaf] = Node { next: next as u32, set, feature: feature as u16, code, also };
        (next, next + 1)
    }

    /// Gives a leaf the row of values just behind the last one; `values` extends it.
    pub(super) fn fill(&mut self, leaf: usize, values: &[f64]) {
        self.nodes[leaf].next = (self.values.len() / values.len()) as u32;
        self.values.extend_from_slice(values);
    }

    /// Changes the value of a row of values, of a tree with one value a leaf.
    pub(super) fn set(&mut self, row: usize, value: f64) {
        self.values[row] = value;
    }

    /// Gives a leaf a row of values that another leaf already has.
    pub(super) fn share(&mut self, leaf: usize, row: u32) {
        self.nodes[leaf].next = row;
    }

    /// Says how much weight of training rows each leaf node has; with it the tree is whole.
    pub(super) fn finish(&mut self, mut covers: Vec<(usize, f64)>) {
        covers.sort_unstable_by_key(|c| c.0);
        self.cover = covers.into_iter().map(|c| c.1 as f32).collect();
    }

    /// The weight of training rows below each node.
    pub(super) fn covers(&self) -> Vec<f64> {
        let mut below = vec![0.0; self.nodes.len()];
        for ((node, _), cover) in self.leaf_rows().zip(&self.cover) {
            below[node] = f64::from(*cover);
        }
        // Children stand behind their parents.
        for (i, node) in self.nodes.iter().enumerate().rev().filter(|(_, n)| n.feature != LEAF) {
            below[i] = below[node.next as usize] + below[node.next as usize + 1];
        }
        below
    }

    /// The row of values a leaf has.
    pub(super) fn row_of(&self, leaf: usize) -> u32 {
        self.nodes[leaf].next
    }

    /// Number of nodes, leaves among them.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The splits in the order in which they were made: node, left child (the right one follows it), feature and side.
    pub(super) fn splits(&self) -> Vec<(usize, usize, usize, Side)> {
        let mut splits: Vec<(usize, usize, usize, Side)> = Vec::with_capacity(self.nodes.len() / 2);
        for (i, node) in self.nodes.iter().enumerate().filter(|(_, n)| n.feature != LEAF) {
            let side = match self.sets.get(node.set as usize) {
                Some(set) => Side::Among(*set),
                None => Side::UpTo { code: node.code, also: node.also },
            };
            splits.push((i, node.next as usize, usize::from(node.feature), side));
        }
        splits.sort_unstable_by_key(|s| s.1);
        splits
    }

    /// Each leaf's node and the row of values it has.
    pub(super) fn leaf_rows(&self) -> impl Iterator<Item = (usize, u32)> {
        self.nodes.iter().enumerate().filter(|(_, n)| n.feature == LEAF).map(|(i, n)| (i, n.next))
    }

    /// The values of all leaves, row after row.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Hands back memory that growing left over.
    pub(super) fn shrink(&mut self) {
        self.nodes.shrink_to_fit();
        self.sets.shrink_to_fit();
        self.values.shrink_to_fit();
        self.cover.shrink_to_fit();
    }

    /// The row of values of the leaf that codes lead to.
    #[inline]
    pub(super) fn leaf(&self, code_of: impl Fn(usize) -> u8) -> usize {
        self.nodes[self.end(code_of)].next as usize
    }

    /// The node of the leaf that codes lead to.
    #[inline]
    pub(super) fn end(&self, code_of: impl Fn(usize) -> u8) -> usize {
        let mut at = 0;
        loop {
            let node = &self.nodes[at];
            if node.feature == LEAF {
                return at;
            }
            let code = code_of(usize::from(node.feature));
            let left = if node.set == NO_SET { code <= node.code || code == node.also } else { holds(&self.sets[node.set as usize], code) };
            at = node.next as usize + usize::from(!left);
        }
    }

    /// As [`Tree::leaf`], with the features met on the way (see [`trace`]).
    pub(super) fn traced_leaf(&self, code_of: impl Fn(usize) -> u8) -> (usize, u64) {
        let met = Cell::new(0);
        let leaf = self.leaf(|f| {
            met.set(met.get() | trace(f));
            code_of(f)
        });
        (leaf, met.get())
    }

    /// The row of values of the leaf of each row of codes (rows × features, row after row).
    pub(super) fn leaves(&self, codes: &[u8], features: usize, leaves: &mut [u32]) {
        // Sets of classes are looked up one row at a time; trees of numbers alone are walked by several rows abreast.
        if self.sets.is_empty() && features > 0 {
            let (mut rows, mut out) = (codes.chunks_exact(ABREAST * features), leaves.chunks_exact_mut(ABREAST));
            for (rows, out) in rows.by_ref().zip(out.by_ref()) {
                let found = self.abreast(rows, &std::array::from_fn(|i| i * features));
                out.copy_from_slice(&found);
            }
            for (row, leaf) in rows.remainder().chunks_exact(features).zip(out.into_remainder()) {
                *leaf = self.leaf(|f| row[f]) as u32;
            }
            return;
        }
        for (i, leaf) in leaves.iter_mut().enumerate() {
            *leaf = self.leaf(|f| codes[i * features + f]) as u32;
        }
    }

    /// As [`Tree::leaves`] for the rows in `some`; the leaves of the others stay.
    pub(super) fn leaves_of(&self, some: &[u32], codes: &[u8], features: usize, leaves: &mut [u32]) {
        let mut left = some;
        if self.sets.is_empty() && features > 0 {
            let mut packs = some.chunks_exact(ABREAST);
            for pack in packs.by_ref() {
                let found = self.abreast(codes, &std::array::from_fn(|i| pack[i] as usize * features));
                for (&row, leaf) in pack.iter().zip(found) {
                    leaves[row as usize] = leaf;
                }
            }
            left = packs.remainder();
        }
        for &row in left {
            leaves[row as usize] = self.leaf(|f| codes[row as usize * features + f]) as u32;
        }
    }

    /// [`ABREAST`] rows, whose codes begin at `starts`, go down together, those that have arrived stay: their reads do
    /// not wait for each other, and no step is a guess of the processor.
    #[inline]
    fn abreast(&self, codes: &[u8], starts: &[usize; ABREAST]) -> [u32; ABREAST] {
        let mut at = [0u32; ABREAST];
        loop {
            let mut moving = false;
            for (place, start) in at.iter_mut().zip(starts) {
                let node = &self.nodes[*place as usize];
                let arrived = node.feature == LEAF;
                let code = codes[start + if arrived { 0 } else { usize::from(node.feature) }];
                let right = !(code <= node.code || code == node.also);
                let child = node.next + u32::from(right);
                *place = if arrived { *place } else { child };
                moving |= !arrived;
            }
            if !moving {
                break;
            }
        }
        at.map(|place| self.nodes[place as usize].next)
    }

    /// Whether a tree from a stranger's bytes can be walked without harm: every child lies behind its parent, so
    /// that every walk ends, and every index has what it points at. Leaves have `width` finite values.
    pub(super) fn sound(&self, bins: &Bins, width: usize) -> bool {
        let rows = self.values.len() / width.max(1);
        // Children stand in pairs behind the root, each pair below one split.
        let pairs = self.splits().iter().enumerate().all(|(k, split)| split.1 == 2 * k + 1);
        !self.nodes.is_empty()
            && pairs
            && self.values.len() == rows * width
            && self.values.iter().all(|v| v.is_finite())
            && self.cover.len() == self.nodes.len().div_ceil(2)
            && self.cover.iter().all(|c| c.is_finite() && *c >= 0.0)
            && self.nodes.iter().enumerate().all(|(i, n)| {
                if n.feature == LEAF {
                    return (n.next as usize) < rows;
                }
                let feature = usize::from(n.feature);
                let class = feature < bins.len() && bins.is_class(feature);
                feature < bins.len()
                    && n.next as usize > i
                    && (n.next as usize) < self.nodes.len() - 1
                    && if class { (n.set as usize) < self.sets.len() } else { n.set == NO_SET }
            })
    }
}
