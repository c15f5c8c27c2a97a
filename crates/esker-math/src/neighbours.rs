//! A k-d tree: exact nearest neighbours in plane coordinates or feature space.

use esker_core::{Error, Result};

use crate::wide;

/// Points of a leaf; their distances are computed side by side.
const LEAF: usize = 32;

/// Dimensions summed before looking whether a leaf is still in question.
const SIDES: usize = 6;

/// A neighbour found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Squared Euclidean distance, in the square of the coordinates' unit.
    pub distance2: f64,
    /// Index of the point, in the order the tree was given.
    pub index: usize,
}

impl Neighbour {
    /// Nearer first; of equal distance, the lower index first.
    fn before(&self, other: &Self) -> bool {
        self.distance2 < other.distance2 || (self.distance2 == other.distance2 && self.index < other.index)
    }
}

/// A balanced k-d tree with bounding boxes (Friedman, Bentley and Finkel 1977; split at the median of the widest side).
#[derive(Debug, Clone)]
pub struct KdTree {
    pub(crate) dimensions: usize,
    /// Leaf after leaf; within a leaf dimension after dimension.
    pub(crate) coordinates: Vec<f64>,
    /// The given index of each point, in tree order.
    pub(crate) index: Vec<usize>,
    pub(crate) nodes: Vec<Node>,
    /// Lower then upper corner of each node's box.
    pub(crate) boxes: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The right child; the left one follows its parent. 0 marks a leaf.
    pub(crate) right: usize,
}

impl KdTree {
    /// A tree over points of `dimensions` coordinates, point after point.
    ///
    /// # Errors
    /// No dimension, a last point cut short, or a coordinate that is not finite.
    pub fn new(points: &[f64], dimensions: usize) -> Result<Self> {
        if dimensions == 0 || !points.len().is_multiple_of(dimensions) {
            return Err(Error::numeric("neighbour search")
                .got(format!("{} numbers in {dimensions} dimensions", points.len()))
                .rule("every point needs all its coordinates"));
        }
        if let Some(at) = points.iter().position(|v| !v.is_finite()) {
            return Err(Error::numeric(format!("point {}", at / dimensions + 1))
                .got(points[at].to_string())
                .rule("coordinates are finite"));
        }
        let n = points.len() / dimensions;
        let mut tree = Self {
            dimensions,
            coordinates: Vec::with_capacity(points.len()),
            index: (0..n).collect(),
            nodes: Vec::new(),
            boxes: Vec::new(),
        };
        if n > 0 {
            tree.grow(points, 0, n);
        }
        Ok(tree)
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    fn grow(&mut self, points: &[f64], start: usize, end: usize) -> usize {
        let d = self.dimensions;
        let node = self.nodes.len();
        self.nodes.push(Node { start, end, right: 0 });
        let (mut low, mut high) = (vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
        for &i in &self.index[start..end] {
            for (j, &v) in points[i * d..(i + 1) * d].iter().enumerate() {
                low[j] = low[j].min(v);
                high[j] = high[j].max(v);
            }
        }
        let widest = (0..d).fold(0, |best, j| if high[j] - low[j] > high[best] - low[best] { j } else { best });
        self.boxes.extend_from_slice(&low);
        self.boxes.extend_from_slice(&high);
        if end - start <= LEAF {
            for j in 0..d {
                self.coordinates.extend(self.index[start..end].iter().map(|&i| points[i * d + j]));
            }
            return node;
        }
        // Whole leaves on the left: all leaves but the last are full, and worked on at one width.
        let middle = ((end - start) / 2).next_multiple_of(LEAF);
        self.index[start..end]
            .select_nth_unstable_by(middle, |&a, &b| points[a * d + widest].total_cmp(&points[b * d + widest]).then(a.cmp(&b)));
        self.grow(points, start, start + middle);
        self.nodes[node].right = self.grow(points, start + middle, end);
        node
    }

    /// The `k` nearest points to `at`, nearest first, equal distances by index; fewer where the tree holds fewer.
    /// `found` is emptied first, so that one buffer serves many searches.
    ///
    /// # Panics
    /// `at` has another number of coordinates than the tree.
    ///
    /// ```
    /// let tree = esker_math::KdTree::new(&[0.0, 0.0, 3.0, 4.0, 1.0, 1.0], 2)?;
    /// let mut found = Vec::new();
    /// tree.nearest(&[0.0, 0.0], 2, &mut found);
    /// assert_eq!((found[1].index, found[1].distance2), (2, 2.0));
    /// # Ok::<(), esker_core::Error>(())
    /// ```
    pub fn nearest(&self, at: &[f64], k: usize, found: &mut Vec<Neighbour>) {
        assert_eq!(at.len(), self.dimensions, "as many coordinates as the tree");
        found.clear();
        if k > 0 && !self.is_empty() {
            self.search(0, at, k, found);
        }
    }

    /// The points no further than a squared distance of `limit2` from `at`, by index. `found` is emptied first.
    ///
    /// # Panics
    /// `at` has another number of coordinates than the tree.
    pub fn within(&self, at: &[f64], limit2: f64, found: &mut Vec<Neighbour>) {
        assert_eq!(at.len(), self.dimensions, "as many coordinates as the tree");
        found.clear();
        let mut open = if self.is_empty() { Vec::new() } else { vec![0] };
        while let Some(node) = open.pop() {
            if self.box_distance2(node, at) > limit2 {
                continue;
            }
            let Node { start, end, right } = self.nodes[node];
            if right != 0 {
                open.extend([node + 1, right]);
                continue;
            }
            let (m, first) = (end - start, start * self.dimensions);
            for i in 0..m {
                let side = |j: usize| self.coordinates[first + j * m + i] - at[j];
                let distance2 = (0..self.dimensions).map(|j| side(j) * side(j)).sum();
                if distance2 <= limit2 {
                    found.push(Neighbour { distance2, index: self.index[start + i] });
                }
            }
        }
        found.sort_unstable_by_key(|n| n.index);
    }

    /// For each point of `at`, one after the other, the squared distance of the nearest point of the tree (infinite where there is none), and
    /// how many points of the tree are nearer than a squared distance of `limit2`.
    ///
    /// # Panics
    /// `at` and `out` are not of as many points, or of points of another number of coordinates than the tree's.
    pub fn nearest_and_below(&self, at: &[f64], limit2: f64, out: &mut [(f64, usize)]) {
        assert_eq!(at.len(), self.dimensions * out.len(), "as many points, of as many coordinates as the tree");
        let mut open = Vec::new();
        wide(
            #[inline(always)]
            || {
                for (at, out) in at.chunks_exact(self.dimensions).zip(out) {
                    *out = self.nearest_and_below_of(at, limit2, &mut open);
                }
            },
        );
    }

    #[inline(always)]
    fn nearest_and_below_of(&self, at: &[f64], limit2: f64, open: &mut Vec<(usize, f64)>) -> (f64, usize) {
        let (mut best, mut below) = (f64::INFINITY, 0);
        open.clear();
        open.extend((!self.is_empty()).then_some((0, 0.0)));
        while let Some((node, distance2)) = open.pop() {
            if distance2 >= best && distance2 >= limit2 {
                continue;
            }
            let Node { start, end, right } = self.nodes[node];
            if right != 0 {
                let (left, right) = ((node + 1, self.at_least(node + 1, at)), (right, self.at_least(right, at)));
                open.extend(if left.1 <= right.1 { [right, left] } else { [left, right] });
                continue;
            }
            let mut sums = [0.0; LEAF];
            if self.sums(start, end, at, best.max(limit2), &mut sums) {
                sums[end - start..].fill(f64::INFINITY);
                let (low, few) = low_and_few(&sums, limit2);
                best = best.min(low);
                below += few;
            }
        }
        (best, below)
    }

    /// Squared distances of the points of a leaf from `at`; `false`, and `sums` unfinished, where all are seen to be beyond `most`.
    #[inline(always)]
    fn sums(&self, start: usize, end: usize, at: &[f64], most: f64, sums: &mut [f64; LEAF]) -> bool {
        let sides = &self.coordinates[start * self.dimensions..end * self.dimensions];
        if end - start == LEAF {
            return full_sums(sides, at, most, sums);
        }
        let m = end - start;
        for (sides, at) in sides.chunks(SIDES * m).zip(at.chunks(SIDES)) {
            for (side, &a) in sides.chunks_exact(m).zip(at) {
                for (sum, v) in sums[..m].iter_mut().zip(side) {
                    *sum += (v - a) * (v - a);
                }
            }
            // Sums only grow: once all are beyond what is looked for, the further dimensions do not matter.
            if sums[..m].iter().all(|s| *s > most) {
                return false;
            }
        }
        true
    }

    fn search(&self, node: usize, at: &[f64], k: usize, found: &mut Vec<Neighbour>) {
        let Node { start, end, right } = self.nodes[node];
        if right == 0 {
            return self.scan(start, end, at, k, found);
        }
        let left = node + 1;
        let (to_left, to_right) = (self.box_distance2(left, at), self.box_distance2(right, at));
        let order = if to_left <= to_right { [(left, to_left), (right, to_right)] } else { [(right, to_right), (left, to_left)] };
        for (child, distance2) in order {
            // A box at just the worst distance may still hold an equal neighbour of lower index.
            if found.len() < k || distance2 <= found[k - 1].distance2 {
                self.search(child, at, k, found);
            }
        }
    }

    fn scan(&self, start: usize, end: usize, at: &[f64], k: usize, found: &mut Vec<Neighbour>) {
        let mut sums = [0.0; LEAF];
        let worst = if found.len() == k { found[k - 1].distance2 } else { f64::INFINITY };
        if !self.sums(start, end, at, worst, &mut sums) {
            return;
        }
        for (i, &distance2) in sums[..end - start].iter().enumerate() {
            let one = Neighbour { distance2, index: self.index[start + i] };
            if found.len() == k {
                if !one.before(&found[k - 1]) {
                    continue;
                }
                found.pop();
            }
            let place = found.partition_point(|f| f.before(&one));
            found.insert(place, one);
        }
    }

    /// A squared distance that no point in a box is nearer than: that to the box, but for rounding. Eight sides at a time.
    #[inline(always)]
    fn at_least(&self, node: usize, at: &[f64]) -> f64 {
        let d = self.dimensions;
        let (low, high) = self.boxes[node * 2 * d..(node + 1) * 2 * d].split_at(d);
        let side = |low: f64, high: f64, at: f64| (low - at).max(at - high).max(0.0);
        let (lows, low) = low.as_chunks::<8>();
        let (highs, high) = high.as_chunks::<8>();
        let (ats, at) = at.as_chunks::<8>();
        let mut sums = [0.0; 8];
        for ((low, high), at) in lows.iter().zip(highs).zip(ats) {
            for j in 0..8 {
                let off = side(low[j], high[j], at[j]);
                sums[j] += off * off;
            }
        }
        for (j, sum) in sums.iter_mut().enumerate().take(at.len()) {
            let off = side(low[j], high[j], at[j]);
            *sum += off * off;
        }
        sums.iter().sum::<f64>() * (1.0 - 4.0 * d as f64 * f64::EPSILON)
    }

    /// Squared distance from `at` to a box, summed in the order of [`Self::scan`], so that rounding never puts it
    /// beyond a point inside the box.
    fn box_distance2(&self, node: usize, at: &[f64]) -> f64 {
        let d = self.dimensions;
        let corners = &self.boxes[node * 2 * d..(node + 1) * 2 * d];
        let (low, high) = corners.split_at(d);
        let mut sum = 0.0;
        for j in 0..d {
            let off = (low[j] - at[j]).max(at[j] - high[j]).max(0.0);
            sum += off * off;
        }
        sum
    }
}

/// As [`KdTree::sums`] for a full leaf: a width known in advance keeps the sums in registers.
#[inline(always)]
fn full_sums(sides: &[f64], at: &[f64], most: f64, sums: &mut [f64; LEAF]) -> bool {
    let (sides, _) = sides.as_chunks::<LEAF>();
    for (sides, at) in sides.chunks(SIDES).zip(at.chunks(SIDES)) {
        let mut here = *sums;
        for (side, &a) in sides.iter().zip(at) {
            for (sum, v) in here.iter_mut().zip(side) {
                *sum += (v - a) * (v - a);
            }
        }
        *sums = here;
        if !here.iter().fold(false, |near, s| near | (*s <= most)) {
            return false;
        }
    }
    true
}

/// The least of some numbers, and how many are below a limit. Eight at a time: neither depends on the order.
#[inline(always)]
fn low_and_few(sums: &[f64; LEAF], limit: f64) -> (f64, usize) {
    let (mut low, mut few) = ([f64::INFINITY; 8], [0u64; 8]);
    for part in sums.as_chunks::<8>().0 {
        for ((low, few), s) in low.iter_mut().zip(&mut few).zip(part) {
            *low = if *s < *low { *s } else { *low };
            *few += u64::from(*s < limit);
        }
    }
    (low.into_iter().fold(f64::INFINITY, f64::min), few.iter().sum::<u64>() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn brute(points: &[f64], d: usize, at: &[f64], k: usize) -> Vec<Neighbour> {
        let mut all: Vec<Neighbour> = points
            .chunks_exact(d)
            .enumerate()
            .map(|(index, p)| Neighbour { distance2: p.iter().zip(at).map(|(a, b)| (a - b) * (a - b)).sum(), index })
            .collect();
        all.sort_by(|a, b| a.distance2.total_cmp(&b.distance2).then(a.index.cmp(&b.index)));
        all.truncate(k);
        all
    }

    #[test]
    fn the_tree_finds_what_a_full_scan_finds_ties_included() {
        let mut rng = Rng::new(9);
        for (n, d) in [(1, 1), (31, 2), (33, 2), (700, 3), (500, 9)] {
            // Coordinates on a coarse lattice, so that equal distances abound.
            let points: Vec<f64> = (0..n * d).map(|_| rng.below(5) as f64).collect();
            let tree = KdTree::new(&points, d).unwrap();
            let mut found = Vec::new();
            for _ in 0..40 {
                let at: Vec<f64> = (0..d).map(|_| rng.below(9) as f64 / 2.0).collect();
                for k in [1, 4, 40] {
                    tree.nearest(&at, k, &mut found);
                    assert_eq!(found, brute(&points, d, &at, k), "n {n} d {d} k {k}");
                }
            }
        }
    }

    #[test]
    fn all_within_a_distance_are_found_the_limit_included() {
        let mut rng = Rng::new(11);
        let points: Vec<f64> = (0..900).map(|_| rng.below(9) as f64).collect();
        let tree = KdTree::new(&points, 3).unwrap();
        let mut found = Vec::new();
        for limit2 in [0.0, 1.0, 5.0, 1e9] {
            let at = [4.0, rng.below(9) as f64, 2.0];
            tree.within(&at, limit2, &mut found);
            let mut all = brute(&points, 3, &at, 300);
            all.retain(|n| n.distance2 <= limit2);
            all.sort_by_key(|n| n.index);
            assert_eq!(found, all, "{limit2}");
        }
        KdTree::new(&[], 3).unwrap().within(&[0.0; 3], 1.0, &mut found);
        assert!(found.is_empty());
    }

    #[test]
    fn the_nearest_and_those_below_a_limit_are_those_of_a_full_scan() {
        let mut rng = Rng::new(12);
        for (n, d) in [(1, 1), (33, 2), (700, 3), (500, 9), (300, 20)] {
            let points: Vec<f64> = (0..n * d).map(|_| rng.below(5) as f64).collect();
            let tree = KdTree::new(&points, d).unwrap();
            let at: Vec<f64> = (0..50 * d).map(|_| rng.below(9) as f64 / 2.0).collect();
            // Squared distances on the lattice are quarters: the limit itself is met, and is not below.
            for limit2 in [0.0, 0.25, 4.0, 2.0 * d as f64, 1e9] {
                let mut out = vec![(0.0, 0); 50];
                tree.nearest_and_below(&at, limit2, &mut out);
                for (at, found) in at.chunks_exact(d).zip(out) {
                    let all = brute(&points, d, at, n);
                    assert_eq!(found, (all[0].distance2, all.iter().filter(|n| n.distance2 < limit2).count()), "n {n} d {d} {limit2}");
                }
            }
        }
        let mut out = [(0.0, 1)];
        KdTree::new(&[], 2).unwrap().nearest_and_below(&[0.0; 2], 1.0, &mut out);
        assert_eq!(out, [(f64::INFINITY, 0)]);
    }

    #[test]
    fn moving_and_scaling_all_points_keeps_the_neighbours() {
        let mut rng = Rng::new(10);
        let points: Vec<f64> = (0..600).map(|_| rng.uniform()).collect();
        let moved: Vec<f64> = points.iter().map(|v| v * 8.0 + 16.0).collect();
        let (a, b) = (KdTree::new(&points, 2).unwrap(), KdTree::new(&moved, 2).unwrap());
        let (mut fa, mut fb) = (Vec::new(), Vec::new());
        a.nearest(&[0.25, 0.5], 5, &mut fa);
        b.nearest(&[18.0, 20.0], 5, &mut fb);
        let order = |f: &[Neighbour]| f.iter().map(|n| n.index).collect::<Vec<_>>();
        assert_eq!(order(&fa), order(&fb));
    }

    #[test]
    fn what_is_no_point_is_refused() {
        assert!(KdTree::new(&[1.0, f64::NAN], 2).is_err());
        assert!(KdTree::new(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(KdTree::new(&[], 0).is_err());
        let mut found = vec![Neighbour { distance2: 0.0, index: 0 }];
        KdTree::new(&[], 3).unwrap().nearest(&[0.0; 3], 2, &mut found);
        assert!(found.is_empty());
    }
}
