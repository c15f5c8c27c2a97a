//! Feature selection inside a training part, on inner folds of the same design: sets of features are judged there, one unit more or less at a time.

mod path;

use esker_core::feature_selection::{FeatureSelection, SelectionPath};
use esker_core::{Column, Context, Error, Fault, Model as _, Note, Result, Samples, Support};
use esker_evaluate::split::Aim;
use rayon::prelude::*;

use crate::pipeline::Pipeline;
use crate::recipe::{Direction, ModelPart, Select, matches};
use crate::tune::{Inner, Keeper, inner_folds};
use path::{Scores, Walk};

pub(crate) use path::{most_sets, start};

/// What enters or leaves together: the features of each glob of `together`, and every other feature for itself; sorted by name.
pub(crate) fn units(how: &Select, features: &[String]) -> Vec<(String, Vec<String>)> {
    let mut units: Vec<(String, Vec<String>)> = Vec::new();
    for feature in features {
        let name = how.together.iter().find(|glob| matches(glob, feature)).unwrap_or(feature);
        match units.iter_mut().find(|(unit, _)| unit == name) {
            Some((_, members)) => members.push(feature.clone()),
            None => units.push((name.clone(), vec![feature.clone()])),
        }
    }
    units.sort_unstable();
    units
}

/// The features of the units that a path chose.
pub(crate) fn chosen_features(how: &Select, path: &SelectionPath, features: &[String]) -> Vec<String> {
    units(how, features).into_iter().filter(|(unit, _)| path.chosen.contains(unit)).flat_map(|(_, features)| features).collect()
}

/// Whether there is something to select; a glob that gathers nothing is noted.
pub(crate) fn check(model: &ModelPart, how: &Select, features: &[String], notes: &mut Vec<Note>) -> Result<()> {
    for glob in how.together.iter().filter(|glob| !features.iter().any(|f| matches(glob, f))) {
        let text = format!("feature selection of {}: '{glob}' of together matches no feature", model.name);
        notes.push(Note::warning("select-together", text));
    }
    let units = units(how, features).len();
    if units >= 2 {
        return Ok(());
    }
    Err(Error::recipe(format!("feature selection of model '{}'", model.name))
        .got(format!("{units} to choose from"))
        .rule("at least 2 features, or sets of them, are wanted")
        .hint("remove select, or name more features"))
}

/// The same rows with the target and the features named.
pub(crate) fn with_features(samples: &Samples, target: &str, keep: &[String]) -> Result<Samples> {
    let columns: Vec<Column> = samples.columns().iter().filter(|c| c.name == target || keep.contains(&c.name)).cloned().collect();
    Samples::new(columns, samples.support().clone(), samples.weight().map(<[f64]>::to_vec))
}

/// Rows of one inner fold.
struct Part {
    train: Samples,
    test: Samples,
}

/// Judges sets of units.
struct Fits<'a> {
    model: &'a ModelPart,
    units: &'a [(String, Vec<String>)],
    target: &'a str,
    parts: Vec<Part>,
    inner: &'a Inner<'a>,
    name: &'a str,
    keeper: &'a Keeper,
    cx: &'a Context,
}

impl Fits<'_> {
    fn judge(&self, sets: &[Vec<usize>]) -> Result<Vec<Scores>> {
        let folds = self.parts.len();
        let tasks: Vec<(usize, usize)> = (0..sets.len()).flat_map(|s| (0..folds).map(move |f| (s, f))).collect();
        let scores: Vec<Option<f64>> = tasks.par_iter().map(|&(s, f)| self.kept(&sets[s], f)).collect::<Result<_>>()?;
        Ok(scores.chunks(folds).map(|of_set| of_set.iter().copied().collect()).collect())
    }

    /// The score of a set on a fold, from an earlier run if it was stopped after that.
    fn kept(&self, set: &[usize], fold: usize) -> Result<Option<f64>> {
        let mut names: Vec<&str> = set.iter().map(|&u| self.units[u].0.as_str()).collect();
        names.sort_unstable();
        let place = format!("{} features {}", self.name, esker_io::sha256_hex(names.join("\u{1f}").as_bytes()));
        let found = self.keeper.once((&place, 0, fold), &self.model.settings, || {
            self.cx.check()?;
            match self.score(set, fold) {
                Ok(score) => Ok(score.is_finite().then(|| vec![score])),
                Err(e) if e.fault == Fault::Cancelled => Err(e),
                Err(_) => Ok(None),
            }
        })?;
        Ok(found.and_then(|s| s.first().copied()))
    }

    fn score(&self, set: &[usize], fold: usize) -> Result<f64> {
        let keep: Vec<String> = set.iter().flat_map(|&u| self.units[u].1.iter().cloned()).collect();
        let part = &self.parts[fold];
        let train = with_features(&part.train, self.target, &keep)?;
        let cx = self.cx.fork("inner fit", fold as u64);
        let fitted = Pipeline::fit(self.model, &self.model.settings, train, self.target, &cx)?;
        let said = fitted.predict(&with_features(&part.test, self.target, &keep)?)?;
        let weight = if self.inner.weighted { part.test.weight() } else { None };
        self.inner.metric.score(&part.test.column(self.target)?.values, &said, weight)
    }
}

/// Selects features for `train`, without looking beyond it. `support` and `aim` are those of `train` under the design.
pub(crate) fn select(
    (model, how): (&ModelPart, &Select),
    (train, target): (&Samples, &str),
    (support, aim): (&Support, &Aim),
    inner: &Inner<'_>,
    (name, keeper): (&str, &Keeper),
    cx: &Context,
) -> Result<SelectionPath> {
    let features: Vec<String> = train.features(target).map(|c| c.name.clone()).collect();
    let units = units(how, &features);
    let folds = inner_folds(inner.design, inner.folds, (support, aim), &cx.rng.fork("inner folds", 0))?;
    let parts = folds.iter().map(|f| Part { train: train.select(&f.train), test: train.select(&f.test) }).collect();
    let names: Vec<String> = units.iter().map(|(name, _)| name.clone()).collect();
    let walk = Walk { how, names: &names, better: inner.metric.better(), folds: folds.len() };
    let fits = Fits { model, units: &units, target, parts, inner, name, keeper, cx };
    walk.walk(&|sets| fits.judge(sets))
}

/// A selection as the record tells it.
pub(crate) fn told(how: &Select, features: &[String], paths: Vec<SelectionPath>) -> FeatureSelection {
    let units = units(how, features);
    FeatureSelection {
        method: how.method.name().to_owned(),
        start: (how.method == Direction::Forward).then(|| start(how, units.len())),
        within_se: how.within_se,
        units,
        paths,
        naive: None,
    }
}
