//! Nearest neighbours on the other side: how far each point is from the nearest one with another label.

use crate::KdTree;
use crate::neighbours::Node;

/// How the sides of a distance are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// The sum of squares, whose root is the straight distance.
    Squares,
    /// The sum of absolute values, as of city blocks.
    Absolute,
}

/// No label: a node of several, or a point from elsewhere.
const NONE: u32 = u32::MAX;

/// The nearest point found so far: its sum, and its place in the order of the tree.
#[derive(Clone, Copy)]
struct Best {
    sum: f64,
    at: usize,
}

/// Labels in the order of the tree, and of each node whose points all have one.
struct Labels {
    point: Vec<u32>,
    node: Vec<u32>,
}

impl KdTree {
    /// For each point, the sum of sides to the nearest point of another label; infinite where there is none. In the order the tree was given.
    ///
    /// # Panics
    /// Another number of labels than points, or a label of `u32::MAX`.
    ///
    /// ```
    /// use esker_math::{KdTree, Sides};
    /// let tree = KdTree::new(&[0.0, 1.0, 4.0], 1)?;
    /// assert_eq!(tree.to_other_labels(&[0, 0, 1], Sides::Squares), [16.0, 9.0, 9.0]);
    /// # Ok::<(), esker_core::Error>(())
    /// ```
    pub fn to_other_labels(&self, label: &[u32], sides: Sides) -> Vec<f64> {
        assert_eq!(label.len(), self.len(), "one label a point");
        assert!(label.iter().all(|&l| l != NONE), "labels below u32::MAX");
        let labels = self.labels(label);
        let mut sums = vec![f64::INFINITY; self.len()];
        let mut at = vec![0.0; self.dimensions];
        let mut last: Option<usize> = None;
        for leaf in self.nodes.iter().filter(|n| n.right == 0) {
            for place in leaf.start..leaf.end {
                self.coordinates_of(leaf, place, &mut at);
                let own = labels.point[place];
                // What was nearest to the point before bounds the search from the start.
                let mut best = Best { sum: f64::INFINITY, at: usize::MAX };
                if let Some(near) = last.filter(|&near| labels.point[near] != own) {
                    best = Best { sum: self.sum_to(near, &at, sides), at: near };
                }
                self.look(0, &at, (own, &labels), sides, &mut best);
                sums[self.index[place]] = best.sum;
                last = (best.at != usize::MAX).then_some(best.at);
            }
        }
        sums
    }

    /// The sum of sides from `at` to the nearest point; infinite in an empty tree.
    ///
    /// # Panics
    /// `at` has another number of coordinates than the tree.
    pub fn to_nearest(&self, at: &[f64], sides: Sides) -> f64 {
        assert_eq!(at.len(), self.dimensions, "as many coordinates as the tree");
        let mut best = Best { sum: f64::INFINITY, at: usize::MAX };
        if !self.is_empty() {
            self.look(0, at, (NONE, &Labels { point: Vec::new(), node: Vec::new() }), sides, &mut best);
        }
        best.sum
    }

    fn labels(&self, label: &[u32]) -> Labels {
        let point: Vec<u32> = self.index.iter().map(|&i| label[i]).collect();
        let mut node = vec![NONE; self.nodes.len()];
        // Children come after their parents.
        for i in (0..self.nodes.len()).rev() {
            let Node { start, end, right } = self.nodes[i];
            let (first, same) = if right == 0 {
                (point[start], point[start..end].iter().all(|&l| l == point[start]))
            } else {
                (node[i + 1], node[i + 1] == node[right])
            };
            node[i] = if same { first } else { NONE };
        }
        Labels { point, node }
    }

    fn coordinates_of(&self, leaf: &Node, place: usize, out: &mut [f64]) {
        let (m, first) = (leaf.end - leaf.start, leaf.start * self.dimensions);
        for (j, v) in out.iter_mut().enumerate() {
            *v = self.coordinates[first + j * m + place - leaf.start];
        }
    }

    fn sum_to(&self, place: usize, at: &[f64], sides: Sides) -> f64 {
        // The leaf of a place: walk down from the root.
        let mut node = 0;
        while self.nodes[node].right != 0 {
            let right = self.nodes[node].right;
            node = if place < self.nodes[right].start { node + 1 } else { right };
        }
        let leaf = &self.nodes[node];
        let (m, first) = (leaf.end - leaf.start, leaf.start * self.dimensions + place - leaf.start);
        (0..self.dimensions).map(|j| side(self.coordinates[first + j * m] - at[j], sides)).sum()
    }

    fn look(&self, node: usize, at: &[f64], (own, labels): (u32, &Labels), sides: Sides, best: &mut Best) {
        let Node { start, end, right } = self.nodes[node];
        if own != NONE && labels.node[node] == own {
            return;
        }
        if right == 0 {
            let (m, first) = (end - start, start * self.dimensions);
            for i in 0..m {
                if own != NONE && labels.point[start + i] == own {
                    continue;
                }
                let mut sum = 0.0;
                for (j, a) in at.iter().enumerate() {
                    sum += side(self.coordinates[first + j * m + i] - a, sides);
                }
                if sum < best.sum {
                    *best = Best { sum, at: start + i };
                }
            }
            return;
        }
        let (to_left, to_right) = (self.to_box(node + 1, at, sides), self.to_box(right, at, sides));
        let order = if to_left <= to_right { [(node + 1, to_left), (right, to_right)] } else { [(right, to_right), (node + 1, to_left)] };
        for (child, sum) in order {
            if sum < best.sum {
                self.look(child, at, (own, labels), sides, best);
            }
        }
    }

    fn to_box(&self, node: usize, at: &[f64], sides: Sides) -> f64 {
        let d = self.dimensions;
        let (low, high) = self.boxes[node * 2 * d..(node + 1) * 2 * d].split_at(d);
        let mut sum = 0.0;
        for j in 0..d {
            sum += side((low[j] - at[j]).max(at[j] - high[j]).max(0.0), sides);
        }
        sum
    }
}

#[inline]
fn side(difference: f64, sides: Sides) -> f64 {
    match sides {
        Sides::Squares => difference * difference,
        Sides::Absolute => difference.abs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn what_is_found_is_what_a_full_scan_finds() {
        let mut rng = Rng::new(6);
        for (n, d, kinds) in [(1, 2, 1), (40, 2, 2), (700, 2, 5), (500, 5, 3), (300, 1, 300)] {
            let points: Vec<f64> = (0..n * d).map(|_| rng.uniform().mul_add(20.0, 0.0).floor()).collect();
            // Labels lie together, as folds do.
            let label: Vec<u32> = (0..n).map(|i| ((points[i * d] / 20.0 * kinds as f64) as u32).min(kinds - 1)).collect();
            let tree = KdTree::new(&points, d).unwrap();
            for sides in [Sides::Squares, Sides::Absolute] {
                let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| side(x - y, sides)).sum::<f64>();
                let found = tree.to_other_labels(&label, sides);
                for i in 0..n {
                    let own = &points[i * d..(i + 1) * d];
                    let others = (0..n).filter(|&j| label[j] != label[i]);
                    let least = others.map(|j| sum(own, &points[j * d..(j + 1) * d])).fold(f64::INFINITY, f64::min);
                    assert_eq!(found[i], least, "point {i} of {n} in {d}");
                    let elsewhere: Vec<f64> = own.iter().map(|v| v + 0.25).collect();
                    let least = (0..n).map(|j| sum(&elsewhere, &points[j * d..(j + 1) * d])).fold(f64::INFINITY, f64::min);
                    assert_eq!(tree.to_nearest(&elsewhere, sides), least);
                }
            }
        }
        assert_eq!(KdTree::new(&[], 2).unwrap().to_nearest(&[0.0, 0.0], Sides::Squares), f64::INFINITY);
    }
}
