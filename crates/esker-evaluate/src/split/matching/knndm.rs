//! kNNDM: k folds whose nearest-neighbour distances match those of the wanted predictions.

use esker_core::{Error, Fold, Note, Parameter, Result, Rng, Settings, Splitter, Support};
use esker_math::{Empirical, Hierarchy, KdTree, Smirnov, k_means, symmetric_eigen};
use rayon::prelude::*;

use super::super::{Aim, folds_of, numbered, too_many_folds};
use super::{Distances, Space, cloud::Cloud, distances::across};

/// One sentence for the reference page.
pub(in super::super) const DOC: &str = "Makes folds as far from what they learn from as the wanted predictions are from the samples, shuffled ones where those imitate the use \
     (kNNDM, Linnenbrink et al. 2024).";

/// Its parameters.
pub(in super::super) fn parameters(folds: Parameter) -> Vec<Parameter> {
    let own = [
        folds,
        Parameter::real("maxp", 0.5, 0.0, 1.0, "Largest share of the rows that one fold may test, above 1/folds and below 1."),
        Parameter::choice(
            "clusters",
            &["hierarchical", "k-means"],
            "How rows are clustered before clusters become folds: Ward's hierarchy, or k-means.",
        ),
    ];
    own.into_iter().chain(super::parameters()).collect()
}

/// Numbers of clusters tried.
const TRIED: usize = 100;

/// Above this significance the samples count as no nearer to one another than the wanted predictions are to them.
const SIGNIFICANCE: f64 = 0.05;

/// Samples up to which the hierarchy comes from all pairs.
const ALL_PAIRS: usize = 4000;

/// How rows are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clusters {
    /// Ward's hierarchy: of all pairs up to 4,000 rows, with more rows of centroids (on the sphere: of chords).
    #[default]
    Hierarchical,
    /// K-means from random starts.
    KMeans,
}

/// K-fold nearest-neighbour distance matching (Linnenbrink et al. 2024, doi 10.5194/gmd-17-5897-2024; as in CAST 1.1.0).
///
/// Where a one-sided Smirnov test does not find the samples nearer to one another than the wanted predictions are to them (p ≥ 0.05), rows
/// are shuffled into folds. Else rows are clustered; for up to 100 numbers of clusters from `folds` to n − 2, clusters of at least n/`folds` rows
/// become folds of their own and the others are dealt to the folds left in the order of their centres along the first principal component; of the
/// candidates without a fold of more than `maxp` of the rows, the one with the least W serves. Each row is tested once.
#[derive(Debug, Clone, PartialEq)]
pub struct Knndm {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Largest share of the rows in one fold, above 1/`folds` and below 1.
    pub maxp: f64,
    /// What distances are measured in.
    pub space: Space,
    /// How rows are clustered.
    pub clusters: Clusters,
    /// The use that is imitated.
    pub aim: Aim,
}

/// Folds that match, and how well.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// The fold of each row, counted from 0 as they first appear.
    pub fold_of_row: Vec<usize>,
    /// Clusters that became folds; none where rows were shuffled.
    pub clusters: Option<usize>,
    /// The test that decided.
    pub test: Smirnov,
    /// The W statistic of the folds, in the unit of the space.
    pub w: f64,
    /// The three distributions.
    pub distances: Distances,
}

impl Knndm {
    /// The design of checked settings, for this use.
    pub(in super::super) fn of(settings: &Settings, aim: &Aim) -> Self {
        Self {
            folds: settings.integer("folds") as usize,
            maxp: settings.real("maxp"),
            space: Space::of(settings),
            clusters: if settings.text("clusters") == "k-means" { Clusters::KMeans } else { Clusters::Hierarchical },
            aim: aim.clone(),
        }
    }

    /// The folds with all that decided about them.
    ///
    /// # Errors
    /// What [`Splitter::folds`] of this design refuses.
    pub fn matched(&self, at: &Support, rng: &mut Rng) -> Result<Matched> {
        self.check(at.rows)?;
        let cloud = Cloud::new("design 'knndm'", self.space, at, &self.aim)?;
        if cloud.distinct() < self.folds {
            let thing = if self.space == Space::Place { "place" } else { "distinct point" };
            return Err(too_many_folds("knndm", self.folds, cloud.distinct(), thing));
        }
        let tree = cloud.tree()?;
        let samples = Empirical::new(cloud.to_nearest_other(&tree))?;
        let wanted = Empirical::new(cloud.to_wanted(&tree))?;
        let test = samples.above(&wanted);
        let (clusters, label) = if test.p >= SIGNIFICANCE {
            (None, shuffled(cloud.len(), self.folds, rng))
        } else {
            let (clusters, label) = self.best(&cloud, &tree, &wanted, rng)?;
            (Some(clusters), label)
        };
        let folds = Empirical::new(cloud.to_other(&tree, &label))?;
        let mut fold_of_row = vec![0; cloud.len()];
        cloud.order.iter().zip(&label).for_each(|(&row, &l)| fold_of_row[row] = l as usize);
        let w = folds.wasserstein(&wanted);
        let distances = Distances { space: self.space, samples, wanted, folds: Some(folds) };
        Ok(Matched { fold_of_row: as_they_appear(&fold_of_row), clusters, test, w, distances })
    }

    fn check(&self, rows: usize) -> Result<()> {
        if self.folds < 2 || self.folds > rows {
            return Err(too_many_folds("knndm", self.folds, rows, "row"));
        }
        let least = 1.0 / self.folds as f64;
        if self.maxp > least && self.maxp < 1.0 {
            return Ok(());
        }
        Err(Error::recipe("maxp of design 'knndm'")
            .got(self.maxp.to_string())
            .rule(format!("the largest fold of {} holds more than {least:.3} and less than 1 of the rows", self.folds))
            .hint(format!("set maxp to {:.2} or so, or use more folds", 0.5 + least / 2.0)))
    }

    /// The number of clusters and the folds with the least W.
    fn best(&self, cloud: &Cloud, tree: &KdTree, wanted: &Empirical, rng: &Rng) -> Result<(usize, Vec<u32>)> {
        let n = cloud.len();
        let score = principal(cloud)?;
        let tried = tried(self.folds, n);
        let hierarchy = if self.clusters == Clusters::Hierarchical { Some(hierarchy(cloud)?) } else { None };
        let candidate = |&q: &usize| -> Result<(f64, f64, Vec<u32>)> {
            let cluster = match &hierarchy {
                Some(tree) => tree.cut(q),
                None if q > cloud.distinct() => return Ok((f64::INFINITY, 1.0, Vec::new())),
                None => {
                    let points = if cloud.is_arc() { &cloud.samples } else { &cloud.axes };
                    k_means(points, points.len() / n, (q, 1), &rng.fork("k-means", q as u64))?.of_point
                }
            };
            let (label, largest) = merged(&cluster, q, &score, self.folds);
            let share = largest as f64 / n as f64;
            let w = if share > self.maxp { f64::INFINITY } else { Empirical::new(cloud.to_other(tree, &label))?.wasserstein(wanted) };
            Ok((w, share, label))
        };
        let all: Vec<(f64, f64, Vec<u32>)> = tried.par_iter().map(candidate).collect::<Result<_>>()?;
        let best = (0..all.len()).fold(0, |best, i| if all[i].0 < all[best].0 { i } else { best });
        if all[best].0.is_finite() {
            return Ok((tried[best], all[best].2.clone()));
        }
        let least = all.iter().map(|a| a.1).fold(1.0, f64::min);
        Err(Error::recipe("design 'knndm'")
            .got(format!("a largest fold of {:.1} % of the rows in the most even of {} candidates", 100.0 * least, all.len()))
            .rule(format!("a fold may hold {:.1} % of the rows (maxp)", 100.0 * self.maxp))
            .hint(if least < 0.995 { format!("set maxp to {:.2}, or change folds", least + 0.005) } else { "use fewer folds".into() }))
    }
}

/// The numbers of clusters tried: evenly spaced in their logarithm.
fn tried(folds: usize, rows: usize) -> Vec<usize> {
    let (from, to) = ((folds as f64).ln(), (rows.saturating_sub(2).max(folds) as f64).ln());
    let mut tried: Vec<usize> =
        (0..TRIED).map(|i| (from + i as f64 * (to - from) / (TRIED - 1) as f64).exp().round_ties_even() as usize).collect();
    tried.dedup();
    tried
}

fn shuffled(rows: usize, folds: usize, rng: &mut Rng) -> Vec<u32> {
    let mut label: Vec<u32> = (0..rows).map(|i| (i % folds) as u32).collect();
    rng.shuffle(&mut label);
    label
}

/// Numbers from 0 in the order of their first appearance.
fn as_they_appear(label: &[usize]) -> Vec<usize> {
    let mut seen: Vec<usize> = Vec::new();
    label
        .iter()
        .map(|l| {
            seen.iter().position(|s| s == l).unwrap_or_else(|| {
                seen.push(*l);
                seen.len() - 1
            })
        })
        .collect()
}

/// Ward's hierarchy of the samples.
fn hierarchy(cloud: &Cloud) -> Result<Hierarchy> {
    let n = cloud.len();
    if n > ALL_PAIRS {
        if !cloud.is_straight() && !cloud.is_arc() {
            return Err(Error::recipe("design 'knndm'")
                .got(format!("{n} rows with Gower distances"))
                .rule(format!("a hierarchy of such distances needs all pairs, which are held for {ALL_PAIRS} rows at most"))
                .hint("set clusters = \"k-means\", or distance = \"euclidean\""));
        }
        return Hierarchy::of_points(&cloud.samples, cloud.dimensions);
    }
    let squared = (0..n).into_par_iter().flat_map_iter(|i| (i + 1..n).map(move |j| cloud.between(i, j).powi(2))).collect();
    Hierarchy::of_distances(squared, n)
}

/// The place of each sample along the first principal component.
fn principal(cloud: &Cloud) -> Result<Vec<f64>> {
    let (n, d) = (cloud.len(), cloud.axes.len() / cloud.len());
    let centre: Vec<f64> = (0..d).map(|j| cloud.axes.iter().skip(j).step_by(d).sum::<f64>() / n as f64).collect();
    let mut covariance = vec![0.0; d * d];
    for point in cloud.axes.chunks_exact(d) {
        for i in 0..d {
            for j in 0..d {
                covariance[i * d + j] += (point[i] - centre[i]) * (point[j] - centre[j]);
            }
        }
    }
    let (_, vectors) = symmetric_eigen(&covariance, d)?;
    Ok(cloud.axes.chunks_exact(d).map(|point| (0..d).map(|j| (point[j] - centre[j]) * vectors[j]).sum()).collect())
}

/// The fold of each sample from its cluster, and the size of the largest fold.
fn merged(cluster: &[usize], clusters: usize, score: &[f64], folds: usize) -> (Vec<u32>, usize) {
    let (mut size, mut sum) = (vec![0usize; clusters], vec![0.0; clusters]);
    for (&c, s) in cluster.iter().zip(score) {
        size[c] += 1;
        sum[c] += s;
    }
    let centre = |c: usize| sum[c] / size[c] as f64;
    let mut order: Vec<usize> = (0..clusters).collect();
    order.sort_by(|&a, &b| centre(a).total_cmp(&centre(b)));
    let large = |c: &usize| size[*c] * folds >= cluster.len();
    let own = order.iter().filter(|c| large(c)).count();
    let mut fold_of_cluster = vec![0; clusters];
    order.iter().filter(|c| large(c)).enumerate().for_each(|(i, &c)| fold_of_cluster[c] = i);
    // Only where every cluster is large are there no folds left.
    let left = folds.saturating_sub(own).max(1);
    order.iter().filter(|c| !large(c)).enumerate().for_each(|(i, &c)| fold_of_cluster[c] = own + i % left);
    let label: Vec<u32> = cluster.iter().map(|&c| fold_of_cluster[c] as u32).collect();
    let mut rows = vec![0; folds.max(own + 1)];
    label.iter().for_each(|&l| rows[l as usize] += 1);
    (label, rows.into_iter().max().unwrap_or(0))
}

impl Splitter for Knndm {
    fn folds(&self, at: &Support, rng: &mut Rng) -> Result<Vec<Fold>> {
        Ok(folds_of(&self.matched(at, rng)?.fold_of_row, numbered(self.folds)))
    }

    fn describe(&self) -> String {
        format!(
            "Nearest-neighbour distance matching (kNNDM) made {} folds whose distances {} from rows judged on to rows learned from follow those \
             from wanted predictions to samples.",
            self.folds,
            self.space.words()
        )
    }

    fn notes(&self, at: &Support, folds: &[Fold]) -> Vec<Note> {
        // Folds that were made can be measured; other folds of other samples may not, and then there is nothing to say.
        super::told(self.space, at, &self.aim, folds, self.folds).unwrap_or_default()
    }
}

/// What distances say about folds that were made to match, beside as many shuffled ones.
pub(super) fn told(space: Space, at: &Support, aim: &Aim, folds: &[Fold], beside: usize) -> Result<Vec<Note>> {
    let cloud = Cloud::new("distance distributions", space, at, aim)?;
    let tree = cloud.tree()?;
    let samples = Empirical::new(cloud.to_nearest_other(&tree))?;
    let wanted = Empirical::new(cloud.to_wanted(&tree))?;
    let made = Empirical::new(across(&cloud, &tree, folds)?)?;
    // Any stream serves: one shuffling is as good as another.
    let label = shuffled(cloud.len(), beside.min(cloud.len()), &mut Rng::new(1));
    let random = Empirical::new(cloud.to_other(&tree, &label))?;
    let test = samples.above(&wanted);
    let verdict = if test.p >= SIGNIFICANCE {
        "The samples are not nearer to one another than that, so shuffled folds imitate the use."
    } else {
        "The samples are nearer to one another than that, so shuffled folds would flatter."
    };
    let mean = |e: &Empirical| space.told(e.mean());
    let mut notes = vec![Note::info(
        "distances-matched",
        format!(
            "Mean nearest-neighbour distances {}: {} from wanted predictions to samples, {} among samples, {} from rows judged on to rows learned \
             from. {verdict} W statistic of the folds {}, of {} shuffled folds {} (0 is a perfect match; one-sided Smirnov test of the samples, p {}).",
            space.words(),
            mean(&wanted),
            mean(&samples),
            mean(&made),
            space.told(made.wasserstein(&wanted)),
            beside.min(cloud.len()),
            space.told(random.wasserstein(&wanted)),
            if test.p < 0.001 { "< 0.001".to_owned() } else { format!("= {:.3}", test.p) }
        ),
    )];
    if made.mean() < 0.5 * wanted.mean() {
        notes.push(Note::warning(
            "distances-unmatched",
            format!(
                "Folds judge at {} from what they learned from, predictions are wanted at {}: no folds of these samples imitate that use, and the \
                 scores speak for the nearer part of it only.",
                mean(&made),
                mean(&wanted)
            ),
        ));
    }
    Ok(notes)
}
