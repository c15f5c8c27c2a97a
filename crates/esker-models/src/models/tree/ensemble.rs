//! What fitted forests and boosted trees share: bins, trees, how much each feature was used, and walking rows
//! down all trees.

use esker_core::{Error, Inside, Result, Samples};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bins::Bins;
use super::grow::Use;
use super::node::Tree;

/// Rows that go down all trees together: their codes stay in the nearest cache.
const BLOCK: usize = 256;

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
        let work = |(block, sums): (usize, &mut [f64])| {
            let rows = sums.len() / outputs;
            let mut codes = vec![0; rows * features];
            for (f, column) in bound.iter().enumerate() {
                for i in 0..rows {
                    codes[i * features + f] = column.code(block * BLOCK + i);
                }
            }
            self.walk(&codes, sums);
        };
        if at.rows() * self.trees.len() >= 100_000 {
            sums.par_chunks_mut(BLOCK * outputs).enumerate().for_each(work);
        } else {
            sums.chunks_mut(BLOCK * outputs).enumerate().for_each(work);
        }
        Ok(sums)
    }

    /// Adds the leaves that rows of codes fall into.
    fn walk(&self, codes: &[u8], sums: &mut [f64]) {
        let (features, width, outputs) = (self.bins.len(), self.width as usize, self.outputs());
        let mut leaves = vec![0; sums.len() / outputs];
        for (t, tree) in self.trees.iter().enumerate() {
            let lane = t % self.lanes as usize * width;
            tree.leaves(codes, features, &mut leaves);
            for (sum, &leaf) in sums.chunks_exact_mut(outputs).zip(&leaves) {
                let leaf = leaf as usize * width;
                for (s, v) in sum[lane..lane + width].iter_mut().zip(&tree.values()[leaf..leaf + width]) {
                    *s += v;
                }
            }
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
