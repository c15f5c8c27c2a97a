//! What fitted forests and boosted trees share: bins, trees, how much each feature was used, and walking rows
//! down all trees.

use esker_core::{Error, Inside, Result, Samples};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::Bins;
use super::grow::Use;
use super::node::Tree;
use super::route::{Route, send};

/// Rows that go down all trees together: their codes stay in the nearest cache.
pub(super) const BLOCK: usize = 256;
/// Rows that are routed together, and from which routing is worth its preparation.
const STRETCH: usize = 2048;

/// Trees over shared bins. Tree `t` adds the `width` values of a leaf to the outputs of lane `t % lanes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ensemble {
    bins: Bins,
    trees: Vec<Tree>,
    lanes: u32,
    width: u32,
    gain: Vec<f64>,
    splits: Vec<u64>,
}

impl Ensemble {
    /// Trees with the use of each feature, whose order is that of the bins.
    pub(super) fn new(bins: Bins, trees: Vec<Tree>, lanes: usize, width: usize, uses: &[Use]) -> Self {
        Self {
            bins,
            trees,
            lanes: lanes as u32,
            width: width as u32,
            gain: uses.iter().map(|u| u.gain).collect(),
            splits: uses.iter().map(|u| u.splits).collect(),
        }
    }

    /// Number of trees.
    pub(super) fn trees(&self) -> usize {
        self.trees.len()
    }

    /// Adds how much each feature was used.
    pub(super) fn add_uses(&self, uses: &mut [Use]) {
        for ((one, gain), splits) in uses.iter_mut().zip(&self.gain).zip(&self.splits) {
            one.gain += gain;
            one.splits += splits;
        }
    }

    /// The trees.
    pub(super) fn list(&self) -> &[Tree] {
        &self.trees
    }

    /// The row of values of the leaf that each row falls into, rows × trees.
    ///
    /// # Errors
    /// A feature is missing or of another type, a class was never seen.
    pub(super) fn leaves(&self, at: &Samples) -> Result<Vec<u32>> {
        self.each_tree(at, |tree, codes| tree.leaf(|f| codes[f]) as u32)
    }

    /// The node that each row ends in, rows × trees: leaves of one class may share their values.
    fn leaf_nodes(&self, at: &Samples) -> Result<Vec<u32>> {
        self.each_tree(at, |tree, codes| tree.end(|f| codes[f]) as u32)
    }

    fn each_tree(&self, at: &Samples, find: impl Fn(&Tree, &[u8]) -> u32 + Sync) -> Result<Vec<u32>> {
        let bound = self.bins.bind(at)?;
        let mut found = vec![0; at.rows() * self.trees.len()];
        found.par_chunks_mut(self.trees.len().max(1)).enumerate().with_min_len(64).for_each(|(row, found)| {
            let codes: Vec<u8> = bound.iter().map(|column| column.code(row)).collect();
            found.iter_mut().zip(&self.trees).for_each(|(found, tree)| *found = find(tree, &codes));
        });
        Ok(found)
    }

    /// The share of trees in which a row and another end in one leaf, rows × others.
    ///
    /// # Errors
    /// As [`Ensemble::leaves`].
    pub(super) fn proximities(&self, at: &Samples, others: &Samples) -> Result<Vec<f64>> {
        let (trees, mine, theirs) = (self.trees.len(), self.leaf_nodes(at)?, self.leaf_nodes(others)?);
        let mut shares = vec![0.0; at.rows() * others.rows()];
        let count = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / trees as f64;
        shares.par_chunks_mut(others.rows().max(1)).zip(mine.par_chunks(trees.max(1))).for_each(|(shares, mine)| {
            shares.iter_mut().zip(theirs.chunks_exact(trees.max(1))).for_each(|(share, theirs)| *share = count(mine, theirs));
        });
        Ok(shares)
    }

    /// The bins of the features.
    pub(super) fn bins(&self) -> &Bins {
        &self.bins
    }

    /// Trees side by side, one after the other in the list.
    pub(super) fn lanes(&self) -> usize {
        self.lanes as usize
    }

    /// Values of a leaf.
    pub(super) fn width(&self) -> usize {
        self.width as usize
    }

    /// Number of outputs a row.
    pub(super) fn outputs(&self) -> usize {
        self.lanes as usize * self.width as usize
    }

    /// Whether no tree has a split.
    pub(super) fn is_flat(&self) -> bool {
        self.splits.iter().all(|&n| n == 0)
    }

    /// `start` plus the sums over all trees, rows × outputs, row after row.
    ///
    /// # Errors
    /// A feature is missing or of another type, a class was never seen.
    pub(super) fn sums(&self, at: &Samples, start: &[f64]) -> Result<Vec<f64>> {
        let bound = self.bins.bind(at)?;
        let (features, outputs) = (self.bins.len(), self.outputs());
        let mut sums: Vec<f64> = start.repeat(at.rows());
        let routes: Option<Vec<Route>> = if at.rows() >= BLOCK { self.trees.iter().map(Route::new).collect() } else { None };
        let stretch = if routes.is_some() { STRETCH } else { BLOCK };
        let work = |(block, sums): (usize, &mut [f64])| {
            let rows = sums.len() / outputs;
            let first = block * stretch;
            let mut codes = vec![0; rows * features];
            if let Some(routes) = &routes {
                for (column, codes) in bound.iter().zip(codes.chunks_exact_mut(rows)) {
                    column.codes(first, codes);
                }
                self.route(routes, &codes, sums);
                return;
            }
            for (f, column) in bound.iter().enumerate() {
                for i in 0..rows {
                    codes[i * features + f] = column.code(first + i);
                }
            }
            self.walk(&codes, sums);
        };
        if at.rows() * self.trees.len() >= 100_000 {
            sums.par_chunks_mut(stretch * outputs).enumerate().for_each(work);
        } else {
            sums.chunks_mut(stretch * outputs).enumerate().for_each(work);
        }
        Ok(sums)
    }

    /// Adds the leaves that rows of codes, feature after feature, are routed to.
    fn route(&self, routes: &[Route], codes: &[u8], sums: &mut [f64]) {
        let rows = sums.len() / self.outputs();
        self.add_routed(routes, sums, |t, leaves| send(&routes[t], leaves, |f| &codes[f * rows..(f + 1) * rows]));
    }

    /// Adds the leaves that rows are routed to, which `leaves_of` finds for each tree.
    pub(super) fn add_routed(&self, routes: &[Route], sums: &mut [f64], mut leaves_of: impl FnMut(usize, &mut [u8])) {
        let (width, outputs) = (self.width as usize, self.outputs());
        let rows = sums.len() / outputs;
        let mut leaves = vec![0_u8; rows];
        // Sums lane by lane, so that a tree adds to numbers that lie side by side.
        let mut apart = vec![0.0; if outputs > 1 { sums.len() } else { 0 }];
        for (row, sums) in sums.chunks_exact(outputs).enumerate().filter(|_| outputs > 1) {
            sums.iter().enumerate().for_each(|(k, s)| apart[k * rows + row] = *s);
        }
        for (t, (tree, route)) in self.trees.iter().zip(routes).enumerate() {
            leaves_of(t, &mut leaves);
            for k in 0..width {
                let mut values = [0.0; 256];
                for (value, &node) in values.iter_mut().zip(route.nodes()) {
                    *value = tree.values()[tree.row_of(node) as usize * width + k];
                }
                let lane = t % self.lanes as usize * width + k;
                let sums = if outputs > 1 { &mut apart[lane * rows..(lane + 1) * rows] } else { &mut *sums };
                for (sum, &leaf) in sums.iter_mut().zip(&leaves) {
                    *sum += values[usize::from(leaf)];
                }
            }
        }
        for (row, sums) in sums.chunks_exact_mut(outputs).enumerate().filter(|_| outputs > 1) {
            sums.iter_mut().enumerate().for_each(|(k, s)| *s = apart[k * rows + row]);
        }
    }

    /// Adds the values of the leaves of tree `t`, one leaf a row.
    #[inline]
    pub(super) fn gather(&self, t: usize, leaves: &[u32], sums: &mut [f64]) {
        let (width, outputs) = (self.width as usize, self.outputs());
        let (lane, values) = (t % self.lanes as usize * width, self.trees[t].values());
        for (sum, &leaf) in sums.chunks_exact_mut(outputs).zip(leaves) {
            let leaf = leaf as usize * width;
            for (s, v) in sum[lane..lane + width].iter_mut().zip(&values[leaf..leaf + width]) {
                *s += v;
            }
        }
    }

    /// Adds the leaves that rows of codes fall into.
    fn walk(&self, codes: &[u8], sums: &mut [f64]) {
        let mut leaves = vec![0; sums.len() / self.outputs()];
        for (t, tree) in self.trees.iter().enumerate() {
            tree.leaves(codes, self.bins.len(), &mut leaves);
            self.gather(t, &leaves, sums);
        }
    }

    /// Shares of the gain and numbers of splits, features by name.
    pub(super) fn inside(&self) -> Inside {
        let total: f64 = self.gain.iter().sum();
        let share = |g: f64| if total > 0.0 { g / total } else { 0.0 };
        let name = |f: usize| self.bins.name(f).to_owned();
        Inside::Trees {
            gain: self.gain.iter().enumerate().map(|(f, &g)| (name(f), share(g))).collect(),
            splits: self.splits.iter().enumerate().map(|(f, &n)| (name(f), n as usize)).collect(),
        }
    }

    /// Whether trees from a stranger's bytes can be used without harm, with so many outputs.
    pub(super) fn sound(&self, outputs: usize) -> bool {
        let (lanes, width) = (self.lanes as usize, self.width as usize);
        lanes > 0
            && width > 0
            && lanes.checked_mul(width) == Some(outputs)
            && self.trees.len().is_multiple_of(lanes)
            && self.gain.len() == self.bins.len()
            && self.splits.len() == self.bins.len()
            && self.gain.iter().all(|g| g.is_finite())
            && self.bins.sound()
            && self.trees.iter().all(|t| t.sound(&self.bins, width))
    }
}

/// The error for bytes that decode but whose indices point nowhere.
pub(super) fn damaged(what: &str) -> Error {
    Error::model(format!("{what} in the model file"))
        .rule("its trees point at parts that are not there")
        .hint("the file is damaged: fit the model again")
}
