//! Series: values along time or depth in each group. Rows of one group at one point of it count once, by their mean.

use esker_core::MISSING;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows in the order of their groups and of a key within them, cut into runs: those with one group and key.
pub(super) struct Runs {
    /// None where every row is a run of its own and they stand in order, as tables often have them: nothing is moved then.
    order: Option<Order>,
    /// The first run of each group, and the end.
    groups: Vec<u32>,
}

struct Order {
    /// Rows in order; those without a group or a key are left out.
    rows: Vec<u32>,
    /// Where each run starts in `rows`, and the end.
    starts: Vec<u32>,
}

impl Order {
    fn run(&self, run: usize) -> &[u32] {
        &self.rows[self.starts[run] as usize..self.starts[run + 1] as usize]
    }
}

/// Whether each row stands after the one before it, by group and key.
fn in_order(codes: &[u32], keys: &[f64]) -> bool {
    let after = |i: usize| codes[i - 1] < codes[i] || codes[i - 1] == codes[i] && keys[i - 1] < keys[i];
    let there = |i: usize| codes[i] != MISSING && !keys[i].is_nan();
    (0..keys.len()).all(|i| there(i) && (i == 0 || after(i)))
}

/// A copy, made by all threads: in long columns the fresh memory is what takes time.
fn copy(values: &[f64]) -> Vec<f64> {
    values.par_iter().copied().collect()
}

impl Runs {
    pub fn new(codes: &[u32], groups: usize, keys: &[f64]) -> Self {
        let mut offsets = vec![0u32; groups + 1];
        for (&c, k) in codes.iter().zip(keys) {
            if c != MISSING && !k.is_nan() {
                offsets[c as usize + 1] += 1;
            }
        }
        for g in 0..groups {
            offsets[g + 1] += offsets[g];
        }
        if in_order(codes, keys) {
            return Self { order: None, groups: offsets };
        }
        let mut rows = vec![0u32; offsets[groups] as usize];
        let mut next = offsets.clone();
        for (row, (&c, k)) in codes.iter().zip(keys).enumerate() {
            if c != MISSING && !k.is_nan() {
                rows[next[c as usize] as usize] = row as u32;
                next[c as usize] += 1;
            }
        }
        let key = |row: u32| keys[row as usize];
        parts(&mut rows, &offsets).into_par_iter().for_each(|part| {
            if !part.is_sorted_by(|&a, &b| key(a) <= key(b)) {
                part.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
            }
        });
        let mut starts = Vec::with_capacity(rows.len() + 1);
        let mut firsts = Vec::with_capacity(groups + 1);
        for g in 0..groups {
            firsts.push(starts.len() as u32);
            let (from, to) = (offsets[g] as usize, offsets[g + 1] as usize);
            for i in from..to {
                if i == from || key(rows[i]) != key(rows[i - 1]) {
                    starts.push(i as u32);
                }
            }
        }
        firsts.push(starts.len() as u32);
        starts.push(rows.len() as u32);
        Self { order: Some(Order { rows, starts }), groups: firsts }
    }

    /// Rows that share group and key with another.
    pub fn together(&self) -> usize {
        let starts = self.order.iter().flat_map(|o| o.starts.windows(2));
        starts.map(|w| w[1] - w[0]).filter(|n| *n > 1).sum::<u32>() as usize
    }

    /// The key of each run.
    pub fn keys(&self, keys: &[f64]) -> Vec<f64> {
        let Some(order) = &self.order else { return copy(keys) };
        order.starts[..order.starts.len() - 1].iter().map(|&s| keys[order.rows[s as usize] as usize]).collect()
    }

    /// The value of each run: the mean of those that are there. Their order does not matter, to the last bit.
    pub fn collapse(&self, values: &[f64]) -> Vec<f64> {
        let Some(order) = &self.order else { return copy(values) };
        let one = |run: usize| {
            let rows = order.run(run);
            let [row] = rows else {
                let mut there = super::wanted::known(&rows.iter().map(|&r| values[r as usize]).collect::<Vec<_>>());
                there.sort_by(f64::total_cmp);
                return if there.is_empty() { f64::NAN } else { there.iter().sum::<f64>() / there.len() as f64 };
            };
            values[*row as usize]
        };
        (0..order.starts.len() - 1).into_par_iter().map(one).collect()
    }

    /// The value of its run for each of `rows` rows; NaN for rows that are of none.
    pub fn spread(&self, of_run: Vec<f64>, rows: usize) -> Vec<f64> {
        let Some(order) = &self.order else { return of_run };
        let mut out = vec![f64::NAN; rows];
        for (run, value) in of_run.into_iter().enumerate() {
            for &row in order.run(run) {
                out[row as usize] = value;
            }
        }
        out
    }

    /// The group starts.
    pub fn groups(&self) -> &[u32] {
        &self.groups
    }
}

/// A slice cut at offsets that rise from 0 to its length.
fn parts<'a, T>(mut rest: &'a mut [T], offsets: &[u32]) -> Vec<&'a mut [T]> {
    let mut all = Vec::with_capacity(offsets.len());
    for w in offsets.windows(2) {
        let (part, after) = std::mem::take(&mut rest).split_at_mut((w[1] - w[0]) as usize);
        all.push(part);
        rest = after;
    }
    all
}

/// The series of training rows, as they are kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Series {
    /// The groups.
    pub labels: Vec<String>,
    /// The first point of each, and the end.
    pub groups: Vec<u32>,
    /// Time or depth of each point, rising within a group.
    pub keys: Vec<f64>,
    /// Column by column, a value a point.
    pub values: Vec<Vec<f64>>,
}

impl Series {
    /// Whether it is what this version writes; it may come from a stranger.
    pub fn sound(&self, columns: usize) -> bool {
        let n = self.keys.len();
        self.groups.len() == self.labels.len() + 1
            && self.groups.first() == Some(&0)
            && self.groups.last().is_some_and(|e| *e as usize == n)
            && self.groups.is_sorted()
            && self.values.len() == columns
            && self.values.iter().all(|v| v.len() == n && v.iter().all(|x| !x.is_infinite()))
            && self.groups.windows(2).all(|w| self.keys[w[0] as usize..w[1] as usize].is_sorted_by(|a, b| a < b))
            && self.keys.iter().all(|k| k.is_finite())
    }

    /// How far apart points of a group usually are: the median of their distances. None if no group has two.
    pub fn step(&self) -> Option<f64> {
        let of = |w: &[u32]| self.keys[w[0] as usize..w[1] as usize].windows(2).map(|k| k[1] - k[0]);
        let mut apart: Vec<f64> = self.groups.windows(2).flat_map(of).collect();
        let middle = apart.len().checked_sub(1)? / 2;
        Some(*apart.select_nth_unstable_by(middle, f64::total_cmp).1)
    }

    /// The points with further ones of other rows beside them; at a point that is there already, it counts alone, unless its value is missing.
    /// The groups of `runs` are those of `labels`, the own ones first.
    pub fn with(&self, runs: &Runs, keys: &[f64], values: &[Option<Vec<f64>>], labels: &[String]) -> Self {
        let mut merged = Self { labels: labels.to_vec(), groups: vec![0], keys: Vec::new(), values: vec![Vec::new(); values.len()] };
        for g in 0..labels.len() {
            let own = |g: usize| self.groups.get(g).map_or(self.keys.len(), |s| *s as usize);
            let (mut i, end) = (own(g), own(g + 1));
            let (mut j, last) = (runs.groups[g] as usize, runs.groups[g + 1] as usize);
            while i < end || j < last {
                let mine = i < end && (j >= last || self.keys[i] <= keys[j]);
                let both = mine && j < last && keys[j] == self.keys[i];
                merged.keys.push(if mine { self.keys[i] } else { keys[j] });
                for (c, column) in merged.values.iter_mut().enumerate() {
                    let other = || values[c].as_ref().map_or(f64::NAN, |v| v[j]);
                    column.push(match (mine, both) {
                        (true, false) => self.values[c][i],
                        (false, _) => other(),
                        // A gap there is filled by what is known now.
                        (true, true) => Some(self.values[c][i]).filter(|v| !v.is_nan()).unwrap_or_else(other),
                    });
                }
                if both {
                    j += 1;
                }
                if mine { i += 1 } else { j += 1 }
            }
            merged.groups.push(merged.keys.len() as u32);
        }
        merged
    }

    /// For each point of `at`, group by group, what `of` says of the group's points and values of a column.
    pub fn each(&self, column: usize, at: (&[f64], &[u32]), of: impl Fn(&[f64], &[f64], &[f64], &mut [f64]) + Sync) -> Vec<f64> {
        let (points, groups) = at;
        let mut out = vec![f64::NAN; points.len()];
        let tasks: Vec<(usize, &mut [f64])> = parts(&mut out, groups).into_iter().enumerate().collect();
        tasks.into_par_iter().for_each(|(g, out)| {
            let asked = &points[groups[g] as usize..groups[g + 1] as usize];
            if let (Some(&from), Some(&to)) = (self.groups.get(g), self.groups.get(g + 1)) {
                let own = from as usize..to as usize;
                of(&self.keys[own.clone()], &self.values[column][own], asked, out);
            }
        });
        out
    }
}
