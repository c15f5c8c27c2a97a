//! K-means clustering.

use esker_core::{Error, Result, Rng};

use crate::KdTree;

/// Rounds after which the clusters are taken as they are.
const ROUNDS: usize = 25;

/// The cluster of each of `points` with `dimensions` coordinates, numbered from 0 as they first appear: points go to the nearest centre,
/// centres to the mean of their points, until nothing moves or 25 rounds have passed (Lloyd 1982, doi 10.1109/TIT.1982.1056489).
/// It starts from distinct points drawn by `rng`; a cluster that loses all its points takes the point furthest from its centre.
///
/// # Errors
/// No cluster, more clusters than distinct points, or a coordinate that is not finite.
pub fn k_means(points: &[f64], dimensions: usize, clusters: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    // The tree refuses what is no point.
    let n = KdTree::new(points, dimensions)?.len();
    let d = dimensions;
    let mut centres = start(points, d, clusters, rng)?;
    let mut cluster = vec![usize::MAX; n];
    let mut found = Vec::new();
    for _ in 0..ROUNDS {
        let tree = KdTree::new(&centres, d)?;
        let mut moved = false;
        let mut far = vec![0.0; n];
        for i in 0..n {
            tree.nearest(&points[i * d..(i + 1) * d], 1, &mut found);
            moved |= cluster[i] != found[0].index;
            (cluster[i], far[i]) = (found[0].index, found[0].distance2);
        }
        let mut size = vec![0usize; clusters];
        cluster.iter().for_each(|&c| size[c] += 1);
        for empty in 0..clusters {
            if size[empty] == 0 {
                let i = (0..n)
                    .filter(|&i| size[cluster[i]] > 1)
                    .fold(usize::MAX, |b, i| if b == usize::MAX || far[i] > far[b] { i } else { b });
                size[cluster[i]] -= 1;
                (cluster[i], far[i], size[empty], moved) = (empty, 0.0, 1, true);
            }
        }
        if !moved {
            break;
        }
        centres.fill(0.0);
        for (point, &c) in points.chunks_exact(d).zip(&cluster) {
            centres[c * d..(c + 1) * d].iter_mut().zip(point).for_each(|(sum, v)| *sum += v);
        }
        for (centre, &m) in centres.chunks_exact_mut(d).zip(&size) {
            centre.iter_mut().for_each(|v| *v /= m as f64);
        }
    }
    let mut number = vec![usize::MAX; clusters];
    let mut next = 0;
    for c in &mut cluster {
        if number[*c] == usize::MAX {
            number[*c] = next;
            next += 1;
        }
        *c = number[*c];
    }
    Ok(cluster)
}

/// As many distinct points as clusters.
fn start(points: &[f64], d: usize, clusters: usize, rng: &mut Rng) -> Result<Vec<f64>> {
    let mut order: Vec<usize> = (0..points.len() / d).collect();
    rng.shuffle(&mut order);
    let mut taken = std::collections::HashSet::new();
    let mut centres = Vec::with_capacity(clusters * d);
    for i in order {
        let point = &points[i * d..(i + 1) * d];
        // 0 and −0 are one place.
        if taken.len() < clusters && taken.insert(point.iter().map(|v| (v + 0.0).to_bits()).collect::<Vec<_>>()) {
            centres.extend_from_slice(point);
        }
    }
    if clusters == 0 || taken.len() < clusters {
        return Err(Error::numeric("k-means")
            .got(format!("{clusters} clusters of {} distinct points", taken.len()))
            .rule("each cluster begins at a point of its own"));
    }
    Ok(centres)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clumps_far_apart_are_found_and_every_point_is_nearest_to_its_own_mean() {
        let mut rng = Rng::new(2);
        let points: Vec<f64> = (0..300).flat_map(|i| [f64::from(i % 3) * 100.0 + rng.uniform(), rng.uniform()]).collect();
        let found: Vec<_> = (0..20).map(|seed| k_means(&points, 2, 3, &mut Rng::new(seed)).unwrap()).collect();
        assert!(found.iter().any(|c| c.iter().enumerate().all(|(i, &c)| c == i % 3)));
        for clusters in [1, 7, 300] {
            let c = k_means(&points, 2, clusters, &mut Rng::new(1)).unwrap();
            assert_eq!(c.iter().max(), Some(&(clusters - 1)));
            assert_eq!(c, k_means(&points, 2, clusters, &mut Rng::new(1)).unwrap());
        }
    }

    #[test]
    fn more_clusters_than_places_are_refused() {
        assert!(k_means(&[1.0, 1.0, 2.0], 1, 3, &mut Rng::new(1)).is_err());
        assert!(k_means(&[1.0, 2.0], 1, 0, &mut Rng::new(1)).is_err());
        assert_eq!(k_means(&[1.0, 1.0, 2.0], 1, 2, &mut Rng::new(1)).unwrap(), [0, 0, 1]);
    }
}
