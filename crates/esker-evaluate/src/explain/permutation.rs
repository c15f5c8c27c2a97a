//! Permutation importance: how much worse the score gets when columns no longer belong to their rows.

use rayon::prelude::*;

use esker_core::record::Importance;
use esker_core::{Better, Context, Error, Metric, Result, Samples};

use super::{HeldOut, across, check};

/// Sets that a model is asked about at once: their answers are held in memory together.
const SETS: usize = 64;

/// Permutation importance of sets of features on held-out rows (Breiman 2001, Machine Learning 45, section 10;
/// Fisher, Rudin and Dominici 2019, Journal of Machine Learning Research 20, 177).
///
/// The columns of a set are permuted together (one permutation for all of them) among the held-out rows of a fold, and the
/// loss is how much worse the fold's score gets, so that larger matters more: for a metric that is best high the score
/// before minus after, best low after minus before, best near zero the growth of its absolute value. Negative losses are
/// noise around zero. A fold and repeat use one permutation for every set: sets are compared on equal terms, and the
/// order of sets does not matter.
///
/// Where permuting within folds says nothing ([`needs_all_folds`](super::needs_all_folds)), one permutation of the held-out rows of all folds serves
/// each repeat. Where folds hold one row, the loss is that of all held-out rows together, and `folds` has one value a repeat.
///
/// `sets` are (name, features); `weighted` scores with the sample weights. The result has the unit of the score and is
/// sorted, most important first, equals by name. A fold whose score does not exist (R² of a single row) is left out
/// of `folds`, mean and spread.
///
/// # Errors
/// No folds, no repeats, an unknown or empty set, a set that holds the target, a score that exists in no fold, a model
/// that refuses, or the user stopped the work.
pub fn permutation(
    folds: &[HeldOut],
    target: &str,
    sets: &[(String, Vec<String>)],
    metric: &dyn Metric,
    repeats: usize,
    weighted: bool,
    cx: &Context,
) -> Result<Vec<Importance>> {
    check(folds)?;
    if repeats == 0 {
        return Err(Error::recipe("explain repeats").got("0").rule("at least 1 is needed"));
    }
    for (name, features) in sets {
        check_set(folds, target, name, features)?;
    }
    let judge = Judge { target, metric, weighted };
    let features: Vec<&[String]> = sets.iter().map(|(_, f)| f.as_slice()).collect();
    let losses = match across::needs_all_folds(folds, &features.concat())? {
        true => across::losses(&judge, folds, &features, repeats, cx)?,
        false => judge.within(folds, &features, repeats, cx)?,
    };
    let mut out: Vec<Importance> = sets
        .iter()
        .enumerate()
        .map(|(s, (name, features))| {
            let folds: Vec<f64> = losses.iter().map(|l| l[s]).collect();
            let sd = if folds.len() > 1 { esker_math::variance(&folds).sqrt() } else { 0.0 };
            Importance { name: name.clone(), features: features.clone(), mean: esker_math::mean(&folds), sd, folds }
        })
        .collect();
    out.sort_by(|a, b| b.mean.total_cmp(&a.mean).then_with(|| a.name.cmp(&b.name)));
    Ok(out)
}

/// What is the same for all sets: the target and how it is scored.
pub(super) struct Judge<'a> {
    pub target: &'a str,
    pub metric: &'a dyn Metric,
    pub weighted: bool,
}

/// A fold with its score before anything is permuted, and its permutations.
struct Part<'a> {
    fold: usize,
    held: HeldOut<'a>,
    score: f64,
    orders: Vec<Vec<usize>>,
}

impl Judge<'_> {
    /// The losses of each set, fold after fold.
    fn within(&self, folds: &[HeldOut], sets: &[&[String]], repeats: usize, cx: &Context) -> Result<Vec<Vec<f64>>> {
        let parts: Vec<Part> = self.parts(folds, repeats, cx)?;
        let tasks: Vec<(usize, usize)> = (0..parts.len()).flat_map(|p| (0..repeats).map(move |r| (p, r))).collect();
        // Fold after fold, repeat after repeat.
        let losses = tasks
            .par_iter()
            .map(|&(p, r)| self.losses(&parts[p], r, sets, cx).map_err(|e| in_fold(e, parts[p].fold)))
            .collect::<Vec<Result<Vec<f64>>>>()
            .into_iter()
            .collect::<Result<Vec<Vec<f64>>>>()?;
        let mean = |fold: &[Vec<f64>]| (0..sets.len()).map(|s| fold.iter().map(|l| l[s]).sum::<f64>() / repeats as f64).collect();
        Ok(losses.chunks_exact(repeats).map(mean).collect())
    }

    /// How much worse a score got.
    pub fn loss(&self, before: f64, after: f64) -> f64 {
        match self.metric.better() {
            Better::Higher => before - after,
            Better::Lower => after - before,
            Better::Zero => after.abs() - before.abs(),
        }
    }

    /// The folds that have a score.
    fn parts<'a>(&self, folds: &[HeldOut<'a>], repeats: usize, cx: &Context) -> Result<Vec<Part<'a>>> {
        let scored = folds
            .par_iter()
            .map(|&held| {
                cx.check()?;
                let said = held.model.predict(held.test)?;
                Ok(self.metric.score(&held.test.column(self.target)?.values, &said, self.weight(held.test)))
            })
            .collect::<Vec<Result<Result<f64>>>>();
        let mut parts = Vec::with_capacity(folds.len());
        let mut missing = None;
        for (fold, (score, &held)) in scored.into_iter().zip(folds).enumerate() {
            match score.map_err(|e| in_fold(e, fold))? {
                Ok(score) => {
                    let stream = cx.rng.fork("permutation importance", fold as u64);
                    let orders = (0..repeats)
                        .map(|r| {
                            let mut order: Vec<usize> = (0..held.test.rows()).collect();
                            stream.fork("repeat", r as u64).shuffle(&mut order);
                            order
                        })
                        .collect();
                    parts.push(Part { fold, held, score, orders });
                }
                Err(e) => missing = missing.or(Some(e)),
            }
        }
        match missing {
            Some(e) if parts.is_empty() => Err(e),
            _ => Ok(parts),
        }
    }

    pub fn weight<'a>(&self, test: &'a Samples) -> Option<&'a [f64]> {
        test.weight().filter(|_| self.weighted)
    }

    /// The loss of each set in one repeat.
    fn losses(&self, part: &Part, repeat: usize, sets: &[&[String]], cx: &Context) -> Result<Vec<f64>> {
        let test = part.held.test;
        let truth = &test.column(self.target)?.values;
        let mut losses = Vec::with_capacity(sets.len());
        for sets in sets.chunks(SETS) {
            cx.check()?;
            for said in part.held.model.predict_shuffled(test, &part.orders[repeat], sets)? {
                let after = self.metric.score(truth, &said, self.weight(test))?;
                losses.push(self.loss(part.score, after));
            }
        }
        Ok(losses)
    }
}

fn check_set(folds: &[HeldOut], target: &str, name: &str, features: &[String]) -> Result<()> {
    if features.is_empty() {
        return Err(Error::recipe(format!("feature set '{name}'")).got("no features").rule("a set holds at least one"));
    }
    if features.iter().any(|f| f == target) {
        return Err(Error::recipe(format!("feature set '{name}'")).got(format!("the target '{target}'")).rule("a set holds features only"));
    }
    for fold in folds {
        features.iter().try_for_each(|f| fold.test.column(f).map(|_| ()))?;
        fold.test.column(target)?;
    }
    Ok(())
}

/// Says in which fold an error arose; a request to stop stays as it is.
pub(super) fn in_fold(mut error: Error, fold: usize) -> Error {
    if error.fault != esker_core::Fault::Cancelled {
        error.thing = format!("fold {}: {}", fold + 1, error.thing);
    }
    error
}
