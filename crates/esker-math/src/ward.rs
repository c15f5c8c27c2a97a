//! Ward's hierarchical clustering, from distances or from points.

use esker_core::{Error, Result};

/// A hierarchy of mergers, the lowest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Hierarchy {
    /// Two members, one of each cluster merged.
    merged: Vec<(usize, usize)>,
    heights: Vec<f64>,
}

impl Hierarchy {
    /// Ward's minimum variance criterion by the recurrence of Lance and Williams on squared distances (Murtagh and Legendre 2014, doi
    /// 10.1007/s00357-014-9161-z; `ward.D2` of R). `squared` has the pairs (0, 1), (0, 2), …, (1, 2), …; of equally near pairs the one of the lowest
    /// members is merged first. n² numbers, about n² steps.
    ///
    /// # Errors
    /// No member, another number of pairs than n (n − 1)/2, or a distance that is not finite.
    pub fn of_distances(mut squared: Vec<f64>, n: usize) -> Result<Self> {
        if n == 0 || squared.len() != n * (n - 1) / 2 || squared.iter().any(|d| !d.is_finite()) {
            return Err(Error::numeric("hierarchical clustering")
                .got(format!("{} distances of {n} members", squared.len()))
                .rule("every pair needs one finite distance"));
        }
        let at = |i: usize, j: usize| {
            let (i, j) = (i.min(j), i.max(j));
            i * n - i * (i + 1) / 2 + j - i - 1
        };
        let mut open: Vec<usize> = (0..n).collect();
        let mut size = vec![1.0; n];
        let mut near: Vec<(usize, f64)> = (0..n).map(|i| nearest_after(i, &open, &squared, &at)).collect();
        let mut hierarchy = Self { merged: Vec::with_capacity(n), heights: Vec::with_capacity(n) };
        while open.len() > 1 {
            // The last has nobody after it.
            let i = open[..open.len() - 1].iter().fold(open[0], |best, &i| if near[i].1 < near[best].1 { i } else { best });
            let (j, between) = near[i];
            hierarchy.merged.push((i, j));
            hierarchy.heights.push(between.max(0.0).sqrt());
            open.remove(open.partition_point(|&k| k < j));
            let mut nearest = (j, f64::INFINITY);
            for &k in open.iter().filter(|&&k| k != i) {
                let (one, two) = (at(i, k), at(j, k));
                let sum = (size[i] + size[k]) * squared[one] + (size[j] + size[k]) * squared[two] - size[k] * between;
                squared[one] = 1.0 / (size[i] + size[j] + size[k]) * sum;
                if i < k {
                    if squared[one] < nearest.1 {
                        nearest = (k, squared[one]);
                    }
                } else if squared[one] < near[k].1 {
                    near[k] = (i, squared[one]);
                }
            }
            size[i] += size[j];
            near[i] = nearest;
            for &k in &open {
                if near[k].0 == i || near[k].0 == j {
                    near[k] = nearest_after(k, &open, &squared, &at);
                }
            }
        }
        Ok(hierarchy)
    }

    /// The same criterion for points of `dimensions` coordinates and straight distances, from centroids along chains of nearest neighbours
    /// (Murtagh 1983, doi 10.1093/comjnl/26.4.354): about n² steps, but memory for n points only.
    ///
    /// # Errors
    /// No point, a last point cut short, or a coordinate that is not finite.
    pub fn of_points(points: &[f64], dimensions: usize) -> Result<Self> {
        if dimensions == 0 || points.is_empty() || !points.len().is_multiple_of(dimensions) || points.iter().any(|v| !v.is_finite()) {
            return Err(Error::numeric("hierarchical clustering")
                .got(format!("{} numbers in {dimensions} dimensions", points.len()))
                .rule("every point needs all its coordinates, all finite"));
        }
        let mut open = Centroids::new(points, dimensions);
        let mut chain: Vec<usize> = Vec::new();
        let mut found: Vec<(f64, usize, usize)> = Vec::with_capacity(open.member.len());
        while open.member.len() > 1 {
            if chain.is_empty() {
                // The cluster of the lowest member, so that the order of storage does not matter.
                chain.push((0..open.member.len()).fold(0, |best, i| if open.member[i] < open.member[best] { i } else { best }));
            }
            let last = chain[chain.len() - 1];
            let before = chain.len().checked_sub(2).map(|b| chain[b]);
            let (next, between) = open.nearest(last, before);
            if before != Some(next) {
                chain.push(next);
                continue;
            }
            chain.truncate(chain.len() - 2);
            let (keep, gone) = if open.member[last] < open.member[next] { (last, next) } else { (next, last) };
            found.push((between, open.member[keep], open.member[gone]));
            let moved = open.merge(keep, gone);
            for place in chain.iter_mut().filter(|p| **p == moved) {
                *place = gone;
            }
        }
        // Chains find mergers out of order; a merger never lies lower than those it is made of, so a stable sort is the hierarchy.
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self { merged: found.iter().map(|f| (f.1, f.2)).collect(), heights: found.iter().map(|f| f.0.sqrt()).collect() })
    }

    /// The heights of the mergers, rising, in the distances' unit.
    pub fn heights(&self) -> &[f64] {
        &self.heights
    }

    /// The cluster of each member when `clusters` of them are left, numbered from 0 as they first appear.
    ///
    /// # Panics
    /// No cluster, or more than members.
    pub fn cut(&self, clusters: usize) -> Vec<usize> {
        let n = self.merged.len() + 1;
        assert!((1..=n).contains(&clusters), "1 to {n} clusters");
        let mut parent: Vec<usize> = (0..n).collect();
        for &(a, b) in &self.merged[..n - clusters] {
            let (a, b) = (root(&mut parent, a), root(&mut parent, b));
            parent[a.max(b)] = a.min(b);
        }
        let mut number = vec![usize::MAX; n];
        let mut next = 0;
        (0..n)
            .map(|i| {
                let top = root(&mut parent, i);
                if number[top] == usize::MAX {
                    number[top] = next;
                    next += 1;
                }
                number[top]
            })
            .collect()
    }
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

/// The nearest of the open clusters that come after `i`.
fn nearest_after(i: usize, open: &[usize], squared: &[f64], at: &impl Fn(usize, usize) -> usize) -> (usize, f64) {
    let after = &open[open.partition_point(|&k| k <= i)..];
    after.iter().fold((i, f64::INFINITY), |best, &k| if squared[at(i, k)] < best.1 { (k, squared[at(i, k)]) } else { best })
}

/// Clusters still open, one after the other in every list.
struct Centroids {
    /// Coordinate after coordinate.
    centre: Vec<Vec<f64>>,
    size: Vec<f64>,
    /// The lowest member.
    member: Vec<usize>,
}

/// Clusters whose distances are computed side by side.
const SIDE_BY_SIDE: usize = 128;

impl Centroids {
    fn new(points: &[f64], dimensions: usize) -> Self {
        let n = points.len() / dimensions;
        let centre = (0..dimensions).map(|d| (0..n).map(|i| points[i * dimensions + d]).collect()).collect();
        Self { centre, size: vec![1.0; n], member: (0..n).collect() }
    }

    /// The nearest other cluster and its squared distance in Ward's sense; of equally near ones `before`, then the one of the lowest member.
    fn nearest(&self, of: usize, before: Option<usize>) -> (usize, f64) {
        let mut best = (usize::MAX, f64::INFINITY);
        let mut sums = [0.0; SIDE_BY_SIDE];
        let m = self.size[of];
        for start in (0..self.size.len()).step_by(SIDE_BY_SIDE) {
            let sizes = &self.size[start..(start + SIDE_BY_SIDE).min(self.size.len())];
            let sums = &mut sums[..sizes.len()];
            sums.fill(0.0);
            for centre in &self.centre {
                let own = centre[of];
                for (sum, c) in sums.iter_mut().zip(&centre[start..]) {
                    *sum += (c - own) * (c - own);
                }
            }
            for (sum, s) in sums.iter_mut().zip(sizes) {
                *sum *= 2.0 * m * s / (m + s);
            }
            if (start..start + sizes.len()).contains(&of) {
                sums[of - start] = f64::INFINITY;
            }
            if sums.iter().fold(f64::INFINITY, |least, &s| if s < least { s } else { least }) > best.1 {
                continue;
            }
            for (i, &sum) in sums.iter().enumerate() {
                let i = start + i;
                let first = sum < best.1
                    || sum == best.1 && Some(best.0) != before && i != of && (Some(i) == before || self.member[i] < self.member[best.0]);
                if first {
                    best = (i, sum);
                }
            }
        }
        best
    }

    /// Merges `gone` into `keep`; the last cluster moves to the place of `gone`, and its old place is returned.
    fn merge(&mut self, keep: usize, gone: usize) -> usize {
        let (a, b) = (self.size[keep], self.size[gone]);
        for centre in &mut self.centre {
            centre[keep] = (a * centre[keep] + b * centre[gone]) / (a + b);
            centre.swap_remove(gone);
        }
        self.size[keep] += b;
        self.size.swap_remove(gone);
        self.member.swap_remove(gone);
        self.size.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn squares(points: &[f64], d: usize) -> Vec<f64> {
        let n = points.len() / d;
        let one = |i: usize, j: usize| (0..d).map(|c| (points[i * d + c] - points[j * d + c]).powi(2)).sum();
        (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).map(|(i, j)| one(i, j)).collect()
    }

    #[test]
    fn chains_find_the_hierarchy_of_the_distances() {
        let mut rng = Rng::new(5);
        for (n, d) in [(1, 2), (2, 2), (150, 2), (90, 4), (300, 1)] {
            let points: Vec<f64> = (0..n * d).map(|_| rng.uniform() * 100.0).collect();
            let (a, b) = (Hierarchy::of_points(&points, d).unwrap(), Hierarchy::of_distances(squares(&points, d), n).unwrap());
            for k in 1..=n {
                assert_eq!(a.cut(k), b.cut(k), "{n} points in {d}, {k} clusters");
            }
            assert!(a.heights().iter().zip(b.heights()).all(|(x, y)| (x - y).abs() <= 1e-9 * y));
            assert!(a.heights().windows(2).all(|h| h[0] <= h[1]));
        }
    }

    /// R 4.2.2: `hclust(dist(x), "ward.D2")$height` and `cutree(…, 3)` of six points on a lattice, where many distances are equal.
    #[test]
    fn ties_are_merged_as_r_merges_them() {
        let points = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 1.0, 4.0, 5.0, 4.0];
        let tree = Hierarchy::of_distances(squares(&points, 2), 6).unwrap();
        let expected = [1.0, 1.0, 2.0, 2.60768096208106, 5.08592829940284];
        assert!(tree.heights().iter().zip(expected).all(|(h, e)| (h - e).abs() < 1e-14 * 5.0), "{:?}", tree.heights());
        assert_eq!(tree.cut(3), [0, 0, 0, 0, 1, 2]);
        assert_eq!(tree.cut(4), [0, 0, 1, 1, 2, 3]);
        assert_eq!(tree.cut(5), [0, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn points_at_one_place_merge_first_and_chains_with_ties_end() {
        let points: Vec<f64> = (0..200).flat_map(|i| [f64::from(i % 10), f64::from(i / 10 % 5)]).collect();
        let tree = Hierarchy::of_points(&points, 2).unwrap();
        let cut = tree.cut(50);
        assert!((0..200).all(|i| cut[i] == cut[i % 50]));
        assert_eq!(tree.heights().iter().filter(|h| **h == 0.0).count(), 150);
    }

    #[test]
    fn what_is_no_distance_is_refused() {
        assert!(Hierarchy::of_distances(vec![1.0], 3).is_err());
        assert!(Hierarchy::of_distances(vec![f64::NAN], 2).is_err());
        assert!(Hierarchy::of_points(&[1.0, 2.0, 3.0], 2).is_err());
        assert!(Hierarchy::of_points(&[f64::INFINITY], 1).is_err());
        assert_eq!(Hierarchy::of_distances(Vec::new(), 1).unwrap().cut(1), [0]);
    }
}
