//! Partial dependence of trees, exactly and without predicting anything.
//!
//! With feature j set to a value, a row ends in a leaf if it passes the tests of all other features and the value those of j. Rows are counted by
//! which tests of a leaf they pass; the mean answer at any value is then a sum over leaves.

use super::patterns::Patterns;
use super::{Explained, Leaf, ROWS};

/// A grid: the feature, and the code of each value.
pub(in super::super) struct Grid {
    pub(in super::super) feature: usize,
    pub(in super::super) codes: Vec<u8>,
}

impl Explained {
    /// Adds the mean answer of the tree at each value of each grid over rows of codes, feature after feature: `into` has `outputs` numbers a
    /// value, of which those from `lane` on get the `width` values of the leaves, times `scale`.
    pub(in super::super) fn add_dependence(
        &self,
        (values, width): (&[f64], usize),
        (codes, rows): (&[u8], usize),
        grids: &[Grid],
        (outputs, lane, scale): (usize, usize, f64),
        into: &mut [Vec<f64>],
    ) {
        for leaf in &self.leaves {
            let (through, without) = leaf.counts(codes, rows);
            for (grid, into) in grids.iter().zip(&mut *into) {
                let place = leaf.features.iter().position(|&f| f == grid.feature);
                for (code, into) in grid.codes.iter().zip(into.chunks_exact_mut(outputs)) {
                    let reach = match place {
                        None => through,
                        Some(place) if leaf.tests[place].passes(*code) => without[place],
                        Some(_) => continue,
                    };
                    let share = scale * reach as f64 / rows as f64;
                    let values = &values[leaf.row * width..(leaf.row + 1) * width];
                    into[lane..].iter_mut().zip(values).for_each(|(into, v)| *into += share * v);
                }
            }
        }
    }
}

impl Leaf {
    /// How many rows pass all tests, and how many pass those of all features but each.
    fn counts(&self, codes: &[u8], rows: usize) -> (usize, Vec<usize>) {
        let d = self.features.len();
        let all = if d == 0 { 0 } else { u64::MAX >> (64 - d) };
        let (mut through, mut only) = (0, vec![0; d]);
        for first in (0..rows).step_by(ROWS) {
            let count = ROWS.min(rows - first);
            let patterns = Patterns::new(self, &|f| &codes[f * rows + first..f * rows + first + count], count);
            let mut times = vec![0; patterns.distinct.len()];
            patterns.place.iter().for_each(|&at| times[at as usize] += 1);
            for (&pattern, times) in patterns.distinct.iter().zip(times) {
                let missed = all & !pattern;
                if missed == 0 {
                    through += times;
                } else if missed.is_power_of_two() {
                    only[missed.trailing_zeros() as usize] += times;
                }
            }
        }
        let without = only.into_iter().map(|n| n + through).collect();
        (through, without)
    }
}
