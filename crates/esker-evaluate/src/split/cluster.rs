//! Cluster folds: samples that lie together, on the ground or in feature space, are left out together.

use esker_core::{Error, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};
use esker_math::{Ground, k_means};

use super::deal::{Deal, Units, never_learned, uneven};
use super::{Aim, Features, block, near};

/// One sentence for the reference page.
pub(super) const DOC: &str = "Gathers samples into clusters (k-means) by place, by features or by both, and leaves out whole clusters (Brenning 2012; Roberts \
                              et al. 2017).";

/// Draws of k-means of which the best is taken.
const STARTS: usize = 10;

/// What makes samples alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Alike {
    /// Where they are.
    Place,
    /// Their features, each brought to standard deviation 1.
    Features,
    /// Both, brought to the same total variance; features have this share of the squared distance.
    Mixed(f64),
}

/// Cross-validation over clusters of samples (Brenning 2012, doi 10.1109/IGARSS.2012.6352393; in feature space Roberts et al. 2017, doi
/// 10.1111/ecog.02881).
///
/// Each row is tested once. Clusters are those of k-means on the plane, or on chords of the globe. With as many clusters as folds each is a
/// fold; more are spread over folds of about equal rows. Rows nearer than `buffer` to a row judged on are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Number of clusters, not fewer than folds; 0 for as many.
    pub clusters: usize,
    /// What makes samples alike.
    pub by: Alike,
    /// Metres round every row judged on that are left out; places are needed where it is above 0.
    pub buffer: f64,
    /// Whether strata are balanced over folds too, where clusters are more than folds.
    pub stratified: bool,
    /// The features of the samples, where they are looked at.
    pub features: Option<Features>,
}

/// The parameters in a recipe.
pub(super) fn parameters(folds: Parameter) -> Vec<Parameter> {
    vec![
        folds,
        Parameter::integer("clusters", 0, 0, 100_000, "Number of clusters, spread over the folds; 0 makes as many as folds."),
        Parameter::choice("by", &["place", "features", "mixed"], "What makes samples alike: where they are, their features, or both."),
        Parameter::real("weight", 0.5, 0.0, 1.0, "Share of the features in the squared distance, with by = \"mixed\"."),
        Parameter::real("buffer", 0.0, 0.0, near::FURTHEST, near::DOC_BUFFER),
        Parameter::flag("stratified", false, block::DOC_STRATIFIED),
    ]
}

impl Cluster {
    /// The design of these settings.
    pub(super) fn of(settings: &Settings, aim: &Aim) -> Self {
        let by = match settings.text("by") {
            "features" => Alike::Features,
            "mixed" => Alike::Mixed(settings.real("weight")),
            _ => Alike::Place,
        };
        Self {
            folds: settings.integer("folds") as usize,
            clusters: settings.integer("clusters") as usize,
            by,
            buffer: 1000.0 * settings.real("buffer"),
            stratified: settings.flag("stratified"),
            features: if by == Alike::Place { None } else { aim.features.clone() },
        }
    }

    /// Points whose squared distances say how alike samples are, and their dimensions.
    fn points(&self, at: &Support) -> Result<(Vec<f64>, usize)> {
        let place = || -> Result<(Vec<f64>, usize)> {
            let ground = Ground::new(near::places_of("cluster", at)?);
            Ok((ground.points().to_vec(), ground.dimensions()))
        };
        match self.by {
            Alike::Place => place(),
            Alike::Features => self.scaled(at),
            Alike::Mixed(share) => {
                let ((mut ground, d), (mut features, p)) = (place()?, self.scaled(at)?);
                of_variance(&mut ground, d, 1.0 - share);
                of_variance(&mut features, p, share);
                let mut points = Vec::with_capacity(ground.len() + features.len());
                for (a, b) in ground.chunks_exact(d).zip(features.chunks_exact(p)) {
                    points.extend_from_slice(a);
                    points.extend_from_slice(b);
                }
                Ok((points, d + p))
            }
        }
    }

    /// Features of standard deviation 1; constant ones stay 0.
    fn scaled(&self, at: &Support) -> Result<(Vec<f64>, usize)> {
        let features = self.features.as_ref().filter(|f| !f.names.is_empty()).ok_or_else(|| {
            Error::recipe("design 'cluster'")
                .got("no features of numbers")
                .rule("clusters by features need complete numbers")
                .hint("set by = \"place\", or name features of numbers in [roles] features")
        })?;
        let p = features.names.len();
        if features.samples.len() != p * at.rows {
            return Err(Error::data("features of design 'cluster'")
                .got(format!("{} numbers", features.samples.len()))
                .rule(format!("{} rows of {p} features are needed", at.rows)));
        }
        let mut points = features.samples.clone();
        for j in 0..p {
            // Summed in the order of the values, so that the order of the rows does not show.
            let mut values: Vec<f64> = points.iter().skip(j).step_by(p).copied().collect();
            values.sort_by(f64::total_cmp);
            let mean = esker_math::mean(&values);
            let sd = (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len().max(1) as f64).sqrt();
            for v in points.iter_mut().skip(j).step_by(p) {
                *v = if sd > 0.0 { (*v - mean) / sd } else { 0.0 };
            }
        }
        Ok((points, p))
    }

    fn clusters(&self, at: &Support, rng: &Rng) -> Result<Units> {
        let (points, d) = self.points(at)?;
        let wanted = if self.clusters == 0 { self.folds } else { self.clusters };
        // Sums of k-means must not depend on the order of the rows.
        let point = |row: usize| &points[row * d..(row + 1) * d];
        let mut rows: Vec<usize> = (0..at.rows).collect();
        rows.sort_by(|&a, &b| point(a).iter().zip(point(b)).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(a.cmp(&b)));
        let mut distinct = rows.clone();
        distinct.dedup_by(|a, b| point(*a) == point(*b));
        if wanted < self.folds {
            return Err(Error::recipe("clusters of design 'cluster'")
                .got(format!("{wanted} for {} folds", self.folds))
                .rule("every fold needs at least one cluster to judge on")
                .hint("leave clusters out, which makes as many as folds"));
        }
        if wanted > distinct.len() {
            let error = Error::recipe("design 'cluster'")
                .got(format!("{wanted} clusters from {}", super::count(distinct.len(), "distinct sample")))
                .rule("every cluster holds a place, or a combination of features, of its own");
            return Err(if distinct.len() >= 2 {
                error.hint(format!("set folds and clusters to {} or fewer", distinct.len()))
            } else {
                error.hint("the samples cannot be told apart: another design is needed")
            });
        }
        let sorted: Vec<f64> = rows.iter().flat_map(|&r| point(r)).copied().collect();
        let found = k_means(&sorted, d, (wanted, STARTS), &rng.fork("clusters", 0))?;
        let mut of_row = vec![0; at.rows];
        rows.iter().zip(&found.of_point).for_each(|(&row, &c)| of_row[row] = c);
        Ok(Units { of_row, names: (1..=wanted).map(|c| format!("cluster {c}")).collect(), pattern: Vec::new() })
    }
}

/// Brings the summed variance of all dimensions to `share`; points that are all one stay so.
fn of_variance(points: &mut [f64], dimensions: usize, share: f64) {
    let n = points.len() / dimensions.max(1);
    let mut sum = 0.0;
    for j in 0..dimensions {
        let mut values: Vec<f64> = points.iter().skip(j).step_by(dimensions).copied().collect();
        values.sort_by(f64::total_cmp);
        let mean = esker_math::mean(&values);
        sum += values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n.max(1) as f64;
    }
    if sum > 0.0 {
        let scale = (share / sum).sqrt();
        // No −0, which would sort before 0.
        points.iter_mut().for_each(|v| *v = *v * scale + 0.0);
    }
}

impl Splitter for Cluster {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        if at.rows < self.folds {
            return Err(super::too_many_folds("cluster", self.folds, at.rows, "row"));
        }
        let units = self.clusters(at, rng)?;
        let strata = if self.stratified { Some(super::strata_of("cluster", at)?) } else { None };
        let fold_of = units.deal(("cluster", "cluster"), self.folds, Deal::Balanced, strata, rng)?;
        let mut folds = units.folds(&fold_of, self.folds);
        if self.buffer > 0.0 {
            near::keep_away("cluster", &Ground::new(near::places_of("cluster", at)?), self.buffer, &mut folds)?;
        }
        Ok(folds)
    }

    fn describe(&self) -> String {
        let by = match self.by {
            Alike::Place => "their place".to_owned(),
            Alike::Features => "their features".to_owned(),
            Alike::Mixed(share) => format!("their place and features (weight {} and {share})", 1.0 - share),
        };
        let clusters = if self.clusters > self.folds {
            format!("{} clusters, {}", self.clusters, Deal::Balanced.words(self.folds))
        } else {
            format!("{} clusters, left out one at a time", self.folds)
        };
        format!(
            "Samples were gathered by {by} into {clusters}; each fold was predicted by models that had learned from the other clusters{}.",
            super::buffered(self.buffer)
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        let strata = if self.stratified { at.strata.as_ref() } else { None };
        [uneven(folds, "clusters are kept whole"), near::taken(folds), never_learned(strata, folds)].into_iter().flatten().collect()
    }
}
