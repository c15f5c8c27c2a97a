//! Where a model may be believed: how unlike its training rows new rows are, and what error that brings.
//!
//! The dissimilarity index and the area of applicability are those of Meyer and Pebesma (2021, Methods in Ecology and Evolution 12,
//! doi 10.1111/2041-210X.13650), the local point density that of Schumacher et al. (2025, Geoscientific Model Development 18,
//! doi 10.5194/gmd-18-10185-2025), with the choices of CAST 1.1.0. Distances are Euclidean in the space of the features, each standardised by its
//! training rows and multiplied by its weight; a class is as many features of 0 and 1 as it has levels in training.

mod profile;
mod scale;
mod training;

pub use profile::{Profile, Slope, Windows, windows};
pub use scale::usable;

use esker_core::{Column, Error, Fold, Result};
use esker_math::KdTree;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use scale::Scale;

/// New rows measured together by one thread.
const ROWS: usize = 512;

/// The training rows as new rows are compared with them. What a file keeps is this; it is checked when it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Applicability {
    scale: Scale,
    /// Scaled and weighted training rows, row after row.
    rows: Vec<f64>,
    mean_distance: f64,
    threshold: f64,
    /// Squared distances below this one count for the density.
    limit2: f64,
    tree: KdTree,
}

/// What is known of the training rows, one number a row given.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// Dissimilarity index of each row from the rows that its fold learned from; NaN where no fold tests it, or a feature is missing.
    pub dissimilarity: Vec<f64>,
    /// Local point density: how many of those rows are nearer than the threshold; NaN as above.
    pub density: Vec<f64>,
    /// Rows with a missing feature, which new rows are not compared with.
    pub incomplete: usize,
    /// Rows whose distances to all others make up the mean distance: all of them, up to some 20,000.
    pub averaged: usize,
}

/// What is known of new rows, one number a row; NaN where a feature is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Dissimilarity index: distance to the nearest training row over the mean distance among training rows. No unit.
    pub dissimilarity: Vec<f64>,
    /// Local point density: training rows whose dissimilarity is below the threshold.
    pub density: Vec<f64>,
    /// Area of applicability: 1 where the dissimilarity does not exceed the threshold, else 0.
    pub inside: Vec<f64>,
}

impl Applicability {
    /// Learns what the training rows are like. `features` are the columns that the model reads; `weights`, one a feature, say how much it heeds them
    /// (its importance), and those below 0 count as 0. With `folds` a row's own dissimilarity is that from the rows its fold learned from (of
    /// several folds that test it, the first), else that from all other rows. The threshold is the upper quartile of these plus one and a half
    /// interquartile ranges, at most the largest of them (Meyer and Pebesma 2021, section 2.4; quantiles of type 7).
    ///
    /// Rows with a missing feature are left out. Of more than some 20,000 rows, only every second, third … in the order of their
    /// values is asked for its mean distance to all others.
    ///
    /// # Errors
    /// Fewer than two complete rows, a feature that is constant, weights that are not finite or all zero, a fold that learns from no complete
    /// row, or folds that test no complete row.
    pub fn fit(features: &[&Column], weights: &[f64], folds: Option<&[Fold]>) -> Result<(Self, Training)> {
        let (scale, complete) = Scale::fit(features, weights)?;
        let rows = scale.apply_complete(features, &complete)?;
        let d = scale.dimensions();
        let (mean_distance, averaged) = training::mean_distance(&rows, d);
        let mut whole = training::Cross { rows: &rows, dimensions: d, complete: &complete, of: features[0].len() };
        let nearest = whole.measure(folds, 0.0)?;
        let dissimilarity: Vec<f64> = nearest.iter().map(|(d2, _)| d2.sqrt() / mean_distance).collect();
        let threshold = training::threshold(&dissimilarity)?;
        let limit2 = limit2(threshold, mean_distance);
        let density = whole.measure(folds, limit2)?.into_iter().map(|(d2, n)| if d2.is_nan() { f64::NAN } else { n as f64 }).collect();
        let training = Training { dissimilarity, density, incomplete: features[0].len() - complete.len(), averaged };
        Ok((Self { tree: KdTree::new(&rows, d)?, scale, rows, mean_distance, threshold, limit2 }, training))
    }

    /// The dissimilarity index up to which rows are inside the area of applicability.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Mean distance among the training rows, in weighted standard deviations.
    pub fn mean_distance(&self) -> f64 {
        self.mean_distance
    }

    /// Number of training rows that new rows are compared with.
    pub fn rows(&self) -> usize {
        self.tree.len()
    }

    /// Names of the features with their weights.
    pub fn weights(&self) -> impl Iterator<Item = (&str, f64)> {
        self.scale.weights()
    }

    /// Measures new rows; `columns` are the features, found by name. Levels of a class that no training row has are as far from each as a
    /// level can be. Rows are measured side by side on the threads at hand; large tables and maps are given block by block.
    ///
    /// # Errors
    /// A feature is missing, or holds classes for numbers or the reverse.
    pub fn measure(&self, columns: &[Column]) -> Result<Measured> {
        let mut out = Measured::default();
        for (d2, n) in self.nearest(columns, self.limit2)? {
            let index = d2.sqrt() / self.mean_distance;
            out.dissimilarity.push(index);
            out.density.push(if index.is_nan() { f64::NAN } else { n as f64 });
            out.inside.push(if index.is_nan() { f64::NAN } else { f64::from(u8::from(index <= self.threshold)) });
        }
        Ok(out)
    }

    /// The dissimilarity index alone, as [`Self::measure`] gives it, in about half the time.
    ///
    /// # Errors
    /// As there.
    pub fn dissimilarity(&self, columns: &[Column]) -> Result<Vec<f64>> {
        Ok(self.nearest(columns, 0.0)?.into_iter().map(|(d2, _)| d2.sqrt() / self.mean_distance).collect())
    }

    /// Of each row the squared distance to the nearest training row, NaN where a feature is missing, and how many are below a limit.
    fn nearest(&self, columns: &[Column], limit2: f64) -> Result<Vec<(f64, usize)>> {
        let features = self.scale.find(columns)?;
        let rows = features.first().map_or(0, |c| c.len());
        let d = self.scale.dimensions();
        let parts: Vec<Vec<(f64, usize)>> = (0..rows.div_ceil(ROWS))
            .into_par_iter()
            .map(|part| {
                let of = part * ROWS..rows.min((part + 1) * ROWS);
                let (at, complete) = self.scale.apply(&features, of.clone());
                let mut found = vec![(0.0, 0); at.len() / d];
                self.tree.nearest_and_below(&at, limit2, &mut found);
                let mut found = found.into_iter();
                complete.iter().map(|c| if *c { found.next().unwrap_or((f64::NAN, 0)) } else { (f64::NAN, 0) }).collect()
            })
            .collect();
        Ok(parts.into_iter().flatten().collect())
    }
}

/// The smallest squared distance whose dissimilarity is not below the threshold, to the last bit: rows at the threshold itself are
/// common, as it may be the dissimilarity of a training row.
fn limit2(threshold: f64, mean_distance: f64) -> f64 {
    let below = |d2: f64| d2.sqrt() / mean_distance < threshold;
    let mut d2 = (threshold * mean_distance).powi(2);
    while below(d2) {
        d2 = d2.next_up();
    }
    while d2 > 0.0 && !below(d2.next_down()) {
        d2 = d2.next_down();
    }
    d2
}

/// What is written of an [`Applicability`].
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Saved {
    scale: Scale,
    rows: Vec<f64>,
    mean_distance: f64,
    threshold: f64,
}

impl From<Applicability> for Saved {
    fn from(of: Applicability) -> Self {
        Self { scale: of.scale, rows: of.rows, mean_distance: of.mean_distance, threshold: of.threshold }
    }
}

impl TryFrom<Saved> for Applicability {
    type Error = Error;

    fn try_from(saved: Saved) -> Result<Self> {
        let Saved { scale, rows, mean_distance, threshold } = saved;
        scale.check()?;
        let sound = mean_distance.is_finite() && mean_distance > 0.0 && threshold.is_finite() && threshold >= 0.0;
        if !sound || rows.is_empty() {
            return Err(Error::model("area of applicability")
                .got(format!("{} numbers, mean distance {mean_distance}, threshold {threshold}", rows.len()))
                .rule("training rows, a positive mean distance and a threshold are needed"));
        }
        let tree = KdTree::new(&rows, scale.dimensions())?;
        Ok(Self { tree, limit2: limit2(threshold, mean_distance), scale, rows, mean_distance, threshold })
    }
}
