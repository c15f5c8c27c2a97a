//! What trees say of rows some of whose features are those of other rows.
//!
//! Leaves that no shuffled feature reaches are found once. Trees of few leaves are routed again only where they ask for a shuffled feature; deep
//! ones are walked again only by rows whose path met one.

use std::ops::Range;

use esker_core::{Result, Samples};
use rayon::prelude::*;

use super::bins::Bound;
use super::ensemble::{BLOCK, Ensemble};
use super::node::trace;
use super::route::{Route, send};

/// Rows that are routed together.
const STRETCH: usize = 1024;

impl Ensemble {
    /// For each of `sets`, what [`Ensemble::sums`] says of samples whose row `i` has the set's features from row `order[i]`.
    ///
    /// # Errors
    /// A feature is missing or of another type, a class was never seen.
    pub(super) fn sums_shuffled(&self, at: &Samples, start: &[f64], order: &[usize], sets: &[&[String]]) -> Result<Vec<Vec<f64>>> {
        for feature in sets.iter().copied().flatten() {
            at.column(feature)?;
        }
        let bound = self.bins().bind(at)?;
        let (features, outputs) = (self.bins().len(), self.outputs());
        // The features of each set that the trees know, by place.
        let places: Vec<Vec<usize>> =
            sets.iter().map(|set| (0..features).filter(|&f| set.iter().any(|name| name == self.bins().name(f))).collect()).collect();
        let routes: Option<Vec<Route>> = if at.rows() >= BLOCK { self.list().iter().map(Route::new).collect() } else { None };
        let blocks: Vec<Vec<Vec<f64>>> = match &routes {
            Some(routes) => self.route_shuffled(routes, &bound, (at.rows(), start), order, &places),
            None => {
                let mut codes = vec![0; at.rows() * features];
                for (f, column) in bound.iter().enumerate() {
                    for row in 0..at.rows() {
                        codes[row * features + f] = column.code(row);
                    }
                }
                let block = |first: usize| self.walk_shuffled(&codes, first..(first + BLOCK).min(at.rows()), start, order, &places);
                (0..at.rows()).into_par_iter().step_by(BLOCK).map(block).collect()
            }
        };
        let mut sums: Vec<Vec<f64>> = sets.iter().map(|_| Vec::with_capacity(at.rows() * outputs)).collect();
        for block in blocks {
            for (sum, part) in sums.iter_mut().zip(block) {
                sum.extend(part);
            }
        }
        Ok(sums)
    }

    /// The sums of blocks of rows for each set of features, by routing.
    fn route_shuffled(
        &self,
        routes: &[Route],
        bound: &[Bound<'_>],
        (rows, start): (usize, &[f64]),
        order: &[usize],
        sets: &[Vec<usize>],
    ) -> Vec<Vec<Vec<f64>>> {
        let mut codes = vec![0; rows * bound.len()];
        codes.par_chunks_mut(rows.max(1)).zip(bound).for_each(|(codes, column)| column.codes(0, codes));
        let shuffled: Vec<Vec<u8>> = codes.par_chunks(rows.max(1)).map(|codes| order.iter().map(|&row| codes[row]).collect()).collect();
        let uses: Vec<Vec<bool>> = routes
            .iter()
            .map(|route| {
                let mut uses = vec![false; bound.len()];
                route.features().for_each(|f| uses[f] = true);
                uses
            })
            .collect();
        let block = |first: usize| {
            let count = STRETCH.min(rows - first);
            let own = |f: usize| &codes[f * rows + first..f * rows + first + count];
            let mut known = vec![0_u8; routes.len() * count];
            routes.iter().zip(known.chunks_exact_mut(count)).for_each(|(route, leaves)| send(route, leaves, own));
            let of_set = |set: &Vec<usize>| {
                let column = |f: usize| if set.contains(&f) { &shuffled[f][first..first + count] } else { own(f) };
                let mut sums = start.repeat(count);
                self.add_routed(routes, &mut sums, |t, leaves| {
                    if set.iter().any(|&f| uses[t][f]) {
                        send(&routes[t], leaves, column);
                    } else {
                        leaves.copy_from_slice(&known[t * count..(t + 1) * count]);
                    }
                });
                sums
            };
            sets.iter().map(of_set).collect()
        };
        (0..rows).into_par_iter().step_by(STRETCH).map(block).collect()
    }

    /// The sums of a block of rows for each set of features.
    fn walk_shuffled(&self, codes: &[u8], rows: Range<usize>, start: &[f64], order: &[usize], sets: &[Vec<usize>]) -> Vec<Vec<f64>> {
        let features = self.bins().len();
        let own = &codes[rows.start * features..rows.end * features];
        let count = rows.len();
        let mut leaves = vec![0; self.list().len() * count];
        let mut met = vec![0; self.list().len() * count];
        for ((tree, leaves), met) in self.list().iter().zip(leaves.chunks_exact_mut(count)).zip(met.chunks_exact_mut(count)) {
            for (i, (leaf, met)) in leaves.iter_mut().zip(met).enumerate() {
                let (found, trace) = tree.traced_leaf(|f| own[i * features + f]);
                (*leaf, *met) = (found as u32, trace);
            }
        }
        let (mut work, mut moved, mut now) = (own.to_vec(), Vec::with_capacity(count), vec![0; count]);
        let mut all = Vec::with_capacity(sets.len());
        for set in sets {
            for (i, row) in rows.clone().enumerate() {
                for &f in set {
                    work[i * features + f] = codes[order[row] * features + f];
                }
            }
            let touched = set.iter().fold(0, |bits, &f| bits | trace(f));
            let mut sums: Vec<f64> = start.repeat(count);
            for (t, tree) in self.list().iter().enumerate() {
                now.copy_from_slice(&leaves[t * count..(t + 1) * count]);
                moved.clear();
                moved.extend((0..count as u32).filter(|&i| met[t * count + i as usize] & touched != 0));
                tree.leaves_of(&moved, &work, features, &mut now);
                self.gather(t, &now, &mut sums);
            }
            all.push(sums);
            for i in 0..count {
                for &f in set {
                    work[i * features + f] = own[i * features + f];
                }
            }
        }
        all
    }
}
