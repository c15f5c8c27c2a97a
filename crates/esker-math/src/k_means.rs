//! Clusters about their means: k-means with careful starts.

use esker_core::{Error, Result, Rng};

use crate::KdTree;

/// Rounds after which a start ends even if points still move.
const ROUNDS: usize = 300;

/// Centres above which points look for the nearest one in a tree.
const MANY: usize = 64;

/// Points gathered about means.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    /// The cluster of each point, from 0.
    pub of_point: Vec<usize>,
    /// The means, one after the other.
    pub centres: Vec<f64>,
    /// Sum of the squared distances of all points to their means, in the square of the coordinates' unit.
    pub within: f64,
}

/// Clusters of points in `dimensions` coordinates, point after point: Lloyd's k-means (1982, doi 10.1109/TIT.1982.1056489) from k-means++
/// starts (Arthur and Vassilvitskii 2007), the best of `starts`.
///
/// The same points in the same order and the same generator give the same clusters; every cluster holds a point.
///
/// # Errors
/// No dimension, a last point cut short, a coordinate that is not finite, or fewer distinct points than clusters.
///
/// ```
/// let points = [0.0, 0.1, 5.0, 5.2, 0.2];
/// let found = esker_math::k_means(&points, 1, (2, 5), &esker_core::Rng::new(1))?;
/// assert_eq!(found.of_point[0], found.of_point[4]);
/// assert!((found.within - 0.04).abs() < 1e-12);
/// # Ok::<(), esker_core::Error>(())
/// ```
pub fn k_means(points: &[f64], dimensions: usize, (clusters, starts): (usize, usize), rng: &Rng) -> Result<Clusters> {
    if dimensions == 0 || !points.len().is_multiple_of(dimensions) || points.iter().any(|v| !v.is_finite()) {
        return Err(Error::numeric("clusters")
            .got(format!("{} numbers in {dimensions} dimensions", points.len()))
            .rule("every point needs all its coordinates, and they are finite"));
    }
    let work = Work { points, d: dimensions, k: clusters };
    let distinct = work.distinct();
    if clusters == 0 || distinct < clusters {
        return Err(Error::numeric("clusters")
            .got(format!("{clusters} from {distinct} distinct points"))
            .rule("every cluster holds a point of its own"));
    }
    let mut best: Option<Clusters> = None;
    for start in 0..starts.max(1) {
        let one = work.settle(work.begin(&mut rng.fork("start", start as u64)));
        if best.as_ref().is_none_or(|b| one.within < b.within) {
            best = Some(one);
        }
    }
    best.ok_or_else(|| Error::numeric("clusters").rule("there is a start"))
}

struct Work<'a> {
    points: &'a [f64],
    d: usize,
    k: usize,
}

impl Work<'_> {
    fn distinct(&self) -> usize {
        let mut seen: Vec<&[f64]> = self.points.chunks_exact(self.d).collect();
        let order =
            |a: &&[f64], b: &&[f64]| a.iter().zip(*b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal);
        seen.sort_by(order);
        seen.dedup();
        seen.len()
    }

    fn distance2(&self, point: &[f64], centre: &[f64]) -> f64 {
        point.iter().zip(centre).map(|(a, b)| (a - b) * (a - b)).sum()
    }

    /// Centres drawn among the points, each with a chance that grows with the squared distance to the nearest one drawn before.
    fn begin(&self, rng: &mut Rng) -> Vec<f64> {
        let n = self.points.len() / self.d;
        let mut centres = self.points.chunks_exact(self.d).nth(rng.below(n)).unwrap_or_default().to_vec();
        let mut off = vec![f64::INFINITY; n];
        while centres.len() < self.k * self.d {
            let last = &centres[centres.len() - self.d..];
            for (off, point) in off.iter_mut().zip(self.points.chunks_exact(self.d)) {
                *off = off.min(self.distance2(point, last));
            }
            let mut left = rng.uniform() * off.iter().sum::<f64>();
            // Rounding may leave a little after the last point; the furthest one is never a centre already.
            let furthest = (0..n).fold(0, |best, i| if off[i] > off[best] { i } else { best });
            let mut chosen = furthest;
            for (i, off) in off.iter().enumerate() {
                if *off > 0.0 && left < *off {
                    chosen = i;
                    break;
                }
                left -= off;
            }
            centres.extend_from_slice(&self.points[chosen * self.d..(chosen + 1) * self.d]);
        }
        centres
    }

    /// The nearest centre of each point, of equals the first, and the squared distance to it.
    fn nearest(&self, centres: &[f64]) -> (Vec<usize>, Vec<f64>) {
        // A tree over many centres finds the same ones sooner.
        if let Some(tree) = (self.k > MANY).then(|| KdTree::new(centres, self.d).ok()).flatten() {
            let mut found = Vec::new();
            let mut look = |point| {
                tree.nearest(point, 1, &mut found);
                (found[0].index, found[0].distance2)
            };
            return self.points.chunks_exact(self.d).map(&mut look).unzip();
        }
        self.points
            .chunks_exact(self.d)
            .map(|point| {
                let mut best = (0, f64::INFINITY);
                for (c, centre) in centres.chunks_exact(self.d).enumerate() {
                    let off = self.distance2(point, centre);
                    if off < best.1 {
                        best = (c, off);
                    }
                }
                best
            })
            .unzip()
    }

    fn settle(&self, mut centres: Vec<f64>) -> Clusters {
        let (mut of_point, mut off) = self.nearest(&centres);
        for _ in 0..ROUNDS {
            let mut sizes = vec![0usize; self.k];
            let mut sums = vec![0.0; self.k * self.d];
            for (point, &c) in self.points.chunks_exact(self.d).zip(&of_point) {
                sizes[c] += 1;
                sums[c * self.d..(c + 1) * self.d].iter_mut().zip(point).for_each(|(s, v)| *s += v);
            }
            for c in 0..self.k {
                let mean = &mut sums[c * self.d..(c + 1) * self.d];
                if sizes[c] > 0 {
                    mean.iter_mut().for_each(|s| *s /= sizes[c] as f64);
                } else {
                    // A cluster that lost all its points begins again at the point furthest from its centre.
                    let far = (0..off.len()).fold(0, |best, i| if off[i] > off[best] { i } else { best });
                    off[far] = 0.0;
                    mean.copy_from_slice(&self.points[far * self.d..(far + 1) * self.d]);
                }
            }
            centres = sums;
            let (moved, distances) = self.nearest(&centres);
            let still = moved == of_point;
            (of_point, off) = (moved, distances);
            if still {
                break;
            }
        }
        Clusters { within: off.iter().sum(), of_point, centres }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_that_lie_apart_are_found() {
        let mut rng = Rng::new(3);
        let centres = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (10.0, 10.0)];
        let points: Vec<f64> = (0..400).flat_map(|i| [centres[i % 4].0 + rng.normal(), centres[i % 4].1 + rng.normal()]).collect();
        let found = k_means(&points, 2, (4, 5), &Rng::new(1)).unwrap();
        for i in 0..396 {
            assert_eq!(found.of_point[i], found.of_point[i + 4]);
        }
        assert!((found.within / 400.0 - 2.0).abs() < 0.3, "{}", found.within);
        assert_eq!(found, k_means(&points, 2, (4, 5), &Rng::new(1)).unwrap());
        // More starts are never worse, more clusters neither.
        let within = |k, starts| k_means(&points, 2, (k, starts), &Rng::new(2)).unwrap().within;
        assert!(within(6, 10) <= within(6, 1) && within(9, 10) < within(4, 10));
    }

    #[test]
    fn every_mean_is_that_of_its_points_and_every_cluster_holds_one() {
        let mut rng = Rng::new(4);
        let points: Vec<f64> = (0..300).map(|_| rng.below(12) as f64).collect();
        let found = k_means(&points, 3, (20, 3), &Rng::new(5)).unwrap();
        for c in 0..20 {
            let held: Vec<&[f64]> = points.chunks_exact(3).zip(&found.of_point).filter(|(_, of)| **of == c).map(|(p, _)| p).collect();
            assert!(!held.is_empty());
            for j in 0..3 {
                let mean = held.iter().map(|p| p[j]).sum::<f64>() / held.len() as f64;
                assert!((found.centres[c * 3 + j] - mean).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn as_many_clusters_as_distinct_points_leave_nothing_over() {
        let points = [1.0, 1.0, 4.0, 9.0, 9.0];
        assert_eq!(k_means(&points, 1, (3, 4), &Rng::new(1)).unwrap().within, 0.0);
        assert!(k_means(&points, 1, (4, 4), &Rng::new(1)).is_err());
        assert!(k_means(&points, 1, (0, 4), &Rng::new(1)).is_err());
        assert!(k_means(&points, 2, (1, 4), &Rng::new(1)).is_err());
        assert!(k_means(&[f64::NAN], 1, (1, 1), &Rng::new(1)).is_err());
    }
}
