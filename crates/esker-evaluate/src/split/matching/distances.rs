//! Distributions of nearest-neighbour distances: among samples, from wanted predictions, and across folds.

use esker_core::{Fold, Result, Support};
use esker_math::{Empirical, KdTree, Smirnov};

use super::super::Aim;
use super::{Space, cloud::Cloud};

/// Nearest-neighbour distances, in metres or, among features, without a unit (Milà et al. 2022, doi 10.1111/2041-210X.13851).
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    /// What is near in.
    pub space: Space,
    /// From each sample to the nearest other: Gj.
    pub samples: Empirical,
    /// From each wanted prediction to the nearest sample: Gij.
    pub wanted: Empirical,
    /// From each row judged on to the nearest row learned from: Gj*.
    pub folds: Option<Empirical>,
}

impl Distances {
    /// The W statistic of the samples as they are, as in leave-one-out, in the unit of the space.
    pub fn w_samples(&self) -> f64 {
        self.samples.wasserstein(&self.wanted)
    }

    /// The W statistic of the folds: the mean shift between the distances that they judge at and those that are wanted.
    pub fn w_folds(&self) -> Option<f64> {
        self.folds.as_ref().map(|f| f.wasserstein(&self.wanted))
    }

    /// Whether samples are nearer to one another than wanted predictions are to samples.
    pub fn clustered(&self) -> Smirnov {
        self.samples.above(&self.wanted)
    }
}

/// Measures nearest-neighbour distances of samples, of what is wanted, and of folds where there are any.
///
/// # Errors
/// Samples or an aim without the places, times or features of the space, in two coordinate systems, or all at one point.
pub fn distances(space: Space, at: &Support, aim: &Aim, folds: &[Fold]) -> Result<Distances> {
    let cloud = Cloud::new("distance distributions", space, at, aim)?;
    let tree = cloud.tree()?;
    let folds = if folds.is_empty() { None } else { Some(Empirical::new(across(&cloud, &tree, folds)?)?) };
    Ok(Distances { space, samples: Empirical::new(cloud.to_nearest_other(&tree))?, wanted: Empirical::new(cloud.to_wanted(&tree))?, folds })
}

/// From each row judged on to the nearest row learned from, fold after fold.
pub(super) fn across(cloud: &Cloud, tree: &KdTree, folds: &[Fold]) -> Result<Vec<f64>> {
    let mut place = vec![0; cloud.len()];
    cloud.order.iter().enumerate().for_each(|(i, &row)| place[row] = i);
    let mut label = vec![u32::MAX; cloud.len()];
    for (number, fold) in folds.iter().enumerate() {
        fold.test.iter().for_each(|&row| label[place[row]] = number as u32);
    }
    // Where each row is judged once and learned from by all other folds, one search serves all folds.
    let whole = folds.iter().all(|f| f.left_out.is_empty() && f.train.len() + f.test.len() == cloud.len());
    if whole && folds.iter().map(|f| f.test.len()).sum::<usize>() == cloud.len() && label.iter().all(|&l| l != u32::MAX) {
        return Ok(cloud.to_other(tree, &label));
    }
    let mut found = Vec::new();
    for fold in folds {
        if fold.test.len() < 8 {
            let near = |row: usize| fold.train.iter().map(|&t| cloud.between(place[row], place[t])).fold(f64::INFINITY, f64::min);
            found.extend(fold.test.iter().map(|&row| near(row)));
            continue;
        }
        let points: Vec<f64> = fold.train.iter().flat_map(|&row| cloud.point(place[row])).copied().collect();
        let tree = KdTree::new(&points, cloud.dimensions)?;
        found.extend(fold.test.iter().map(|&row| cloud.read(tree.to_nearest(cloud.point(place[row]), cloud.sides()))));
    }
    Ok(found)
}
