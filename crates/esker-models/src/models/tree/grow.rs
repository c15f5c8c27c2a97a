//! Grows one tree on gradients: the leaf that gains most is split next, until there are leaves enough.
//!
//! Only the smaller child of a split is counted; the larger is what is left of the parent. All buffers are kept
//! from tree to tree.

use rayon::prelude::*;

use super::bins::{Binned, MANY_ROWS};
use super::node::{Side, Tree};
use super::split::{Cell, Cells, Limits, Split, TIE, best_of_classes, best_of_numbers, plus, rows, score};

/// How far a tree may grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most leaves.
    pub(super) leaves: usize,
    /// What each split must obey.
    pub(super) limits: Limits,
}

/// How much a feature was used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Use {
    /// Sum of gains.
    pub(super) gain: f64,
    /// Number of splits.
    pub(super) splits: u64,
}

/// A leaf while the tree grows: its node, its rows as a stretch of the order, its histograms, its best split.
struct Leaf<const C: usize> {
    node: usize,
    start: usize,
    end: usize,
    total: Cell<C>,
    slot: Option<usize>,
    split: Option<Split>,
}

/// Grows trees on one table of codes.
pub(super) struct Grower<'a, const C: usize> {
    binned: &'a Binned,
    bounds: Bounds,
    features: Vec<usize>,
    order: Vec<u32>,
    aside: Vec<u32>,
    ordered: Vec<Cell<C>>,
    slots: Vec<Vec<Cells<C>>>,
    free: Vec<usize>,
    leaves: Vec<Leaf<C>>,
    /// How much each feature was used by all trees so far.
    pub(super) uses: Vec<Use>,
}

impl<'a, const C: usize> Grower<'a, C> {
    /// A grower for trees on `binned`.
    pub(super) fn new(binned: &'a Binned, bounds: Bounds) -> Self {
        Self {
            binned,
            bounds,
            features: Vec::new(),
            order: Vec::with_capacity(binned.rows),
            aside: Vec::with_capacity(binned.rows),
            ordered: Vec::with_capacity(binned.rows),
            slots: Vec::new(),
            free: Vec::new(),
            leaves: Vec::with_capacity(bounds.leaves),
            uses: vec![Use::default(); binned.features()],
        }
    }

    /// Grows a tree on `rows` (ascending) and `features` (ascending); `sums` has one cell a row of the table.
    /// A leaf's value is `-rate * G / (H + lambda)`.
    pub(super) fn grow(&mut self, sums: &[Cell<C>], rows: &[u32], features: &[usize], rate: f64) -> Tree {
        self.begin(rows, features);
        let mut tree = Tree::stump();
        let mut root = self.leaf(0, 0, rows.len(), sums);
        if self.may_split(&root) && self.bounds.leaves > 1 {
            let slot = self.take_slot();
            self.count(slot, root.start, root.end, sums);
            root.slot = Some(slot);
            self.seek(&mut root);
        }
        self.leaves.push(root);
        while self.leaves.len() < self.bounds.leaves {
            let Some(at) = best_leaf(self.leaves.iter().map(|l| l.split.as_ref())) else { break };
            self.part(at, &mut tree, sums);
        }
        for leaf in &self.leaves {
            tree.fill(leaf.node, &[self.value(&leaf.total, rate)]);
        }
        tree.finish(self.leaves.iter().map(|l| (l.node, (l.end - l.start) as f64)).collect());
        tree
    }

    /// Makes ready for a tree on `rows` (ascending) and `features` (ascending).
    pub(super) fn begin(&mut self, rows: &[u32], features: &[usize]) {
        self.features.clear();
        self.features.extend_from_slice(features);
        self.order.clear();
        self.order.extend_from_slice(rows);
        self.free.clear();
        self.free.extend(0..self.slots.len());
        self.leaves.clear();
    }

    /// The value of a leaf with these sums, times the learning rate.
    pub(super) fn value(&self, total: &Cell<C>, rate: f64) -> f64 {
        leaf_value(total, rate, self.bounds.limits.lambda)
    }

    /// The feature at a place of the tree's list.
    pub(super) fn feature(&self, place: usize) -> usize {
        self.features[place]
    }

    /// The places of all features of the tree's list.
    pub(super) fn places(&self) -> std::ops::Range<usize> {
        0..self.features.len()
    }

    /// Counts the histograms of a stretch of the order, and says where they are.
    pub(super) fn count_stretch(&mut self, (start, end): (usize, usize), sums: &[Cell<C>]) -> usize {
        let slot = self.take_slot();
        self.count(slot, start, end, sums);
        slot
    }

    /// Gives histograms back.
    pub(super) fn free_slot(&mut self, slot: usize) {
        self.free.push(slot);
    }

    /// Brings the rows of a stretch that go left to its front; the first right row.
    pub(super) fn partition_stretch(&mut self, (start, end): (usize, usize), feature: usize, split: &Split) -> usize {
        let (column, left) = (self.binned.column(feature), split.side.table());
        start + partition(&mut self.order[start..end], &mut self.aside, |row| left[usize::from(column[row as usize])])
    }

    /// What the best split of each feature scores on the histograms at `slot`; minus infinity where there is none.
    pub(super) fn scores(&self, slot: usize, (start, end): (usize, usize), sums: &[Cell<C>]) -> Vec<f64> {
        let total = self.order[start..end].iter().fold([0.0; C], |t, &r| plus(t, &sums[r as usize]));
        let of = |(cells, &f): (&Cells<C>, &usize)| {
            seek(self.binned, f, cells, &total, self.bounds.limits, None).map_or(f64::NEG_INFINITY, |(best, _)| best)
        };
        self.slots[slot].iter().zip(&self.features).map(of).collect()
    }

    /// The leaves of the last tree: value row by value row, the rows of the table in each.
    pub(super) fn stretches(&self) -> impl Iterator<Item = &[u32]> {
        self.leaves.iter().map(|l| &self.order[l.start..l.end])
    }

    /// Splits a leaf: the left child takes its place in the list, the right one goes to the end.
    fn part(&mut self, at: usize, tree: &mut Tree, sums: &[Cell<C>]) {
        let (node, start, end, slot) = {
            let leaf = &self.leaves[at];
            (leaf.node, leaf.start, leaf.end, leaf.slot)
        };
        let Some(split) = self.leaves[at].split else { return };
        let feature = self.features[split.feature];
        let middle = self.partition_stretch((start, end), feature, &split);
        let (l, r) = tree.split(node, feature, &split.side);
        self.uses[feature].gain += split.gain;
        self.uses[feature].splits += 1;
        let (mut left, mut right) = (self.leaf(l, start, middle, sums), self.leaf(r, middle, end, sums));
        let last = self.leaves.len() + 1 >= self.bounds.leaves;
        let wanted = !last && (self.may_split(&left) || self.may_split(&right));
        if let Some(parent) = slot {
            if wanted {
                let (small, large) = if middle - start <= end - middle { (&mut left, &mut right) } else { (&mut right, &mut left) };
                self.descend(parent, small, large, sums);
            } else {
                self.free.push(parent);
            }
        }
        self.leaves[at] = left;
        self.leaves.push(right);
    }

    /// Histograms and best splits of two siblings, the parent's histograms becoming the larger one's.
    fn descend(&mut self, parent: usize, small: &mut Leaf<C>, large: &mut Leaf<C>, sums: &[Cell<C>]) {
        let slot = self.take_slot();
        self.count(slot, small.start, small.end, sums);
        if self.may_split(large) {
            self.subtract(parent, slot);
            large.slot = Some(parent);
            self.seek(large);
        } else {
            self.free.push(parent);
        }
        if self.may_split(small) {
            small.slot = Some(slot);
            self.seek(small);
        } else {
            self.free.push(slot);
        }
    }

    /// A leaf with its sums taken anew from its rows, so that differences of histograms never build up error.
    fn leaf(&self, node: usize, start: usize, end: usize, sums: &[Cell<C>]) -> Leaf<C> {
        let total = self.order[start..end].iter().fold([0.0; C], |t, &r| plus(t, &sums[r as usize]));
        Leaf { node, start, end, total, slot: None, split: None }
    }

    fn may_split(&self, leaf: &Leaf<C>) -> bool {
        rows(&leaf.total) >= (2.0 * self.bounds.limits.min_leaf).max(2.0)
    }

    fn take_slot(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(vec![[[0.0; C]; 256]; self.binned.features()]);
            self.slots.len() - 1
        })
    }

    /// Counts the histograms of a stretch of the order.
    fn count(&mut self, slot: usize, start: usize, end: usize, sums: &[Cell<C>]) {
        let rows = &self.order[start..end];
        self.ordered.clear();
        self.ordered.extend(rows.iter().map(|&r| sums[r as usize]));
        let (binned, ordered) = (self.binned, &self.ordered);
        let hist = &mut self.slots[slot][..self.features.len()];
        let work = |(some, features): (&mut [Cells<C>], &[usize])| {
            for (cells, &f) in some.iter_mut().zip(features) {
                cells[..=usize::from(binned.bins[f])].fill([0.0; C]);
            }
            let columns: [&[u8]; 4] = std::array::from_fn(|i| features.get(i).map_or(&[][..], |&f| binned.column(f)));
            add(some, &columns[..features.len()], rows, ordered);
        };
        if rows.len() >= MANY_ROWS && rayon::current_num_threads() > 1 {
            hist.par_chunks_mut(4).zip(self.features.par_chunks(4)).for_each(work);
        } else {
            hist.chunks_mut(4).zip(self.features.chunks(4)).for_each(work);
        }
    }

    /// Takes the histograms of `less` from those of `from`.
    pub(super) fn subtract(&mut self, from: usize, less: usize) {
        let taken = std::mem::take(&mut self.slots[less]);
        for ((a, b), &f) in self.slots[from].iter_mut().zip(&taken).zip(&self.features) {
            let end = usize::from(self.binned.bins[f]);
            for (x, y) in a[..=end].iter_mut().zip(&b[..=end]) {
                for c in 0..C {
                    x[c] -= y[c];
                }
            }
        }
        self.slots[less] = taken;
    }

    /// Finds the best split of a leaf; of equal ones, the first feature's.
    fn seek(&self, leaf: &mut Leaf<C>) {
        let Some(slot) = leaf.slot else { return };
        for (place, (&f, cells)) in self.features.iter().zip(&self.slots[slot]).enumerate() {
            let floor = leaf.split.map(|s| s.score);
            if let Some((best, side)) = seek(self.binned, f, cells, &leaf.total, self.bounds.limits, floor) {
                let gain = best - score(&leaf.total, self.bounds.limits.lambda);
                leaf.split = Some(Split { score: best, gain, feature: place, side });
            }
        }
    }
}

/// The leaf with the highest gain, the earlier of equals.
pub(super) fn best_leaf<'s>(splits: impl Iterator<Item = Option<&'s Split>>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, split) in splits.enumerate() {
        if let Some(split) = split
            && best.is_none_or(|(_, gain)| split.gain > gain * (1.0 + TIE))
        {
            best = Some((i, split.gain));
        }
    }
    best.map(|b| b.0)
}

/// The value of a leaf: `-rate * G / (H + lambda)`.
pub(super) fn leaf_value<const C: usize>(total: &Cell<C>, rate: f64, lambda: f64) -> f64 {
    -rate * total[0] / (total[1] + lambda).max(f64::MIN_POSITIVE)
}

/// The best split of a feature's histogram, with its score, if it is above `floor`.
pub(super) fn seek<const C: usize>(
    binned: &Binned,
    feature: usize,
    cells: &Cells<C>,
    total: &Cell<C>,
    limits: Limits,
    floor: Option<f64>,
) -> Option<(f64, Side)> {
    let best = if binned.class[feature] { best_of_classes } else { best_of_numbers };
    best(cells, binned.bins[feature], total, limits, floor)
}

/// Brings what goes left to the front of a stretch, each side in its former order; how many go left.
pub(super) fn partition<T: Copy + Default>(stretch: &mut [T], aside: &mut Vec<T>, goes_left: impl Fn(T) -> bool) -> usize {
    if aside.len() < stretch.len() {
        aside.resize(stretch.len(), T::default());
    }
    let (mut left, mut right) = (0, 0);
    for i in 0..stretch.len() {
        let item = stretch[i];
        let goes_left = goes_left(item);
        // Both are written and one is kept: no branch to mispredict.
        stretch[left] = item;
        aside[right] = item;
        left += usize::from(goes_left);
        right += usize::from(!goes_left);
    }
    stretch[left..].copy_from_slice(&aside[..right]);
    left
}

/// Adds rows to the histograms of up to four features at once: their additions do not wait for each other.
pub(super) fn add<const C: usize>(hist: &mut [Cells<C>], columns: &[&[u8]], rows: &[u32], sums: &[Cell<C>]) {
    if let ([a, b, c, d], [x, y, z, w]) = (&mut *hist, columns) {
        for (&row, s) in rows.iter().zip(sums) {
            let row = row as usize;
            bump(a, x[row], s);
            bump(b, y[row], s);
            bump(c, z[row], s);
            bump(d, w[row], s);
        }
        return;
    }
    for (cells, column) in hist.iter_mut().zip(columns) {
        for (&row, s) in rows.iter().zip(sums) {
            bump(cells, column[row as usize], s);
        }
    }
}

#[inline(always)]
fn bump<const C: usize>(cells: &mut Cells<C>, code: u8, sum: &Cell<C>) {
    let cell = &mut cells[usize::from(code)];
    for c in 0..C {
        cell[c] += sum[c];
    }
}
