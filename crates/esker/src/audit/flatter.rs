//! How much a suspect flatters: the score of a cheap model as things are, and without it.

use std::collections::HashSet;

use esker_core::{Column, Context, Error, Fold, Model as _, Result, Samples, Settings, Values};
use esker_evaluate::compare;
use esker_models::Kind;
use rayon::prelude::*;

use super::{Cure, Flattery};
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::recipe::ModelPart;
use crate::tune::oriented;

/// Folds that are judged at most: enough to tell a leak from noise.
const FOLDS: usize = 12;
/// Share of its training rows that a fold must keep for its score to be told.
const KEPT: f64 = 0.2;

/// One score a fold, where there is one, and the mean of those.
type Scores = Vec<Option<f64>>;

/// Judges one model, the cheapest of the recipe that learns from features, with settings as they stand.
pub(super) struct Judge<'a> {
    plan: &'a Plan,
    /// For columns: the cheapest.
    cheapest: Learner,
    /// For rows and folds: the cheapest that can remember a row.
    keenest: Learner,
    /// Scores as things are, of each.
    as_is: [Option<Scores>; 2],
}

#[derive(Clone)]
struct Learner {
    name: String,
    kind: Kind,
    settings: Settings,
}

/// Which learner judges.
#[derive(Clone, Copy)]
enum By {
    Cheapest,
    Keenest,
}

/// What a model costs to fit, in no unit; `None` for those that do not look at features.
fn cost(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Mean | Kind::GroupMean => None,
        Kind::Ridge | Kind::Logistic => Some(0),
        Kind::Linear => Some(1),
        Kind::DecisionTree => Some(2),
        Kind::Neighbours => Some(3),
        Kind::ElasticNet => Some(4),
        Kind::Forest => Some(5),
        Kind::Boosting => Some(6),
        Kind::Svm => Some(7),
        Kind::Mlp => Some(8),
    }
}

/// Whether a model can answer a row from memory of one like it.
fn remembers(kind: Kind) -> bool {
    matches!(kind, Kind::Neighbours | Kind::DecisionTree | Kind::Forest | Kind::Boosting)
}

impl<'a> Judge<'a> {
    pub fn new(plan: &'a Plan) -> Self {
        let learner = |m: &ModelPart| Learner { name: m.name.clone(), kind: m.kind, settings: m.settings.clone() };
        let models = || plan.recipe.models.iter().filter_map(|m| Some((cost(m.kind)?, m)));
        let cheapest = models().min_by_key(|m| m.0).map_or_else(
            || {
                let class = matches!(plan.data.task, esker_core::record::Task::Classification { .. });
                let kind = if class { Kind::Logistic } else { Kind::Ridge };
                Learner { name: kind.name().to_owned(), kind, settings: Settings::defaults(&kind.parameters()) }
            },
            |m| learner(m.1),
        );
        let keenest = models().filter(|m| remembers(m.1.kind)).min_by_key(|m| m.0).map_or_else(|| cheapest.clone(), |m| learner(m.1));
        Self { plan, cheapest, keenest, as_is: [None, None] }
    }

    fn learner(&self, by: By) -> &Learner {
        match by {
            By::Cheapest => &self.cheapest,
            By::Keenest => &self.keenest,
        }
    }

    /// The difference that a cure makes; `None` where there is no cure, or too little is left to judge.
    pub fn measure(&mut self, cure: &Cure, cx: &Context) -> Result<Option<Flattery>> {
        let plan = self.plan;
        let samples = &plan.data.samples;
        let folds = some_folds(plan.primary_folds());
        let by = if matches!(cure, Cure::Apart(_) | Cure::Folds(..)) { By::Keenest } else { By::Cheapest };
        if matches!(cure, Cure::Nothing) || folds.is_empty() {
            return Ok(None);
        }
        if let Cure::Choice(models) = cure {
            return self.choice(models, &folds, cx);
        }
        if self.as_is[by as usize].is_none() {
            self.as_is[by as usize] = Some(self.scores(self.learner(by), samples, &folds, false, cx)?);
        }
        let as_is = self.as_is[by as usize].clone().unwrap_or_default();
        let scores = |samples: &Samples, folds: &[Fold], own_scale| self.scores(self.learner(by), samples, folds, own_scale, cx);
        let (without, how) = match cure {
            Cure::Without(names) => {
                let keep = |c: &&Column| !names.contains(&c.name);
                let left = samples.clone().with_columns(samples.columns().iter().filter(keep).cloned().collect())?;
                (scores(&left, &folds, false)?, format!("fitted without {}", quoted(names)))
            }
            Cure::Instead(name, source) => {
                let mut other = samples.clone();
                let column = plan.data.table.column(source)?;
                other.put(Column { name: name.clone(), ..column.clone() })?;
                (scores(&other, &folds, false)?, format!("fitted with '{source}' instead"))
            }
            Cure::Apart(drop) => {
                let Some(cut) = cut(plan.primary_folds(), drop) else { return Ok(None) };
                (scores(samples, &some_folds(&cut), false)?, "the same test rows, learned without what they share".to_owned())
            }
            Cure::OwnScale => (scores(samples, &folds, true)?, "target standardised by the training rows of each fold".to_owned()),
            Cure::Folds(other, words) => {
                let without = scores(samples, &some_folds(other), false)?;
                return Ok(self.unpaired(self.learner(by), &as_is, &without, format!("judged on {words}")));
            }
            Cure::Choice(_) | Cure::Nothing => return Ok(None),
        };
        self.paired(&self.learner(by).name, &as_is, &without, (&folds, how))
    }

    /// What choosing the best of some models by all folds flatters, against choosing for each fold by the others.
    fn choice(&self, models: &[usize], folds: &[Fold], cx: &Context) -> Result<Option<Flattery>> {
        let mut all = Vec::with_capacity(models.len());
        for &m in models {
            let m = &self.plan.recipe.models[m];
            let learner = Learner { name: m.name.clone(), kind: m.kind, settings: m.settings.clone() };
            all.push((learner.name.clone(), self.scores(&learner, &self.plan.data.samples, folds, false, cx)?));
        }
        let better = self.plan.better();
        let worth = |scores: &Scores, but: Option<usize>| {
            let known: Vec<f64> = scores.iter().enumerate().filter(|(f, _)| Some(*f) != but).filter_map(|(_, s)| *s).collect();
            if known.is_empty() { f64::NEG_INFINITY } else { oriented(better, esker_math::mean(&known)) }
        };
        // Of equal ones the first, as a run chooses.
        let best = |but: Option<usize>| all.iter().rev().max_by(|a, b| worth(&a.1, but).total_cmp(&worth(&b.1, but)));
        let Some((name, as_is)) = best(None) else { return Ok(None) };
        let without: Scores = (0..folds.len()).map(|f| best(Some(f)).and_then(|b| b.1[f])).collect();
        self.paired(name, as_is, &without, (folds, "chosen for each fold by the other folds".to_owned()))
    }

    fn paired(&self, model: &str, as_is: &Scores, without: &Scores, (folds, how): (&[Fold], String)) -> Result<Option<Flattery>> {
        let both: Vec<(f64, f64, &Fold)> =
            as_is.iter().zip(without).zip(folds).filter_map(|((a, b), fold)| Some(((*a)?, (*b)?, fold))).collect();
        if both.is_empty() {
            return Ok(None);
        }
        let better = self.plan.better();
        let by: Vec<f64> = both.iter().map(|(a, b, _)| compare::optimism(*b, *a, better)).collect();
        let k = by.len() as f64;
        let mean = |f: &dyn Fn(&(f64, f64, &Fold)) -> f64| both.iter().map(f).sum::<f64>() / k;
        let beyond_noise = if by.len() > 1 {
            let sizes = |f: &dyn Fn(&Fold) -> usize| both.iter().map(|b| f(b.2).max(1)).collect::<Vec<usize>>();
            let zero = vec![0.0; by.len()];
            compare::paired(&by, &zero, &sizes(&|f| f.train.len()), &sizes(&|f| f.test.len()), 0.95)?.low > 0.0
        } else {
            by[0] > 0.0
        };
        Ok(Some(Flattery {
            model: model.to_owned(),
            as_is: mean(&|b| b.0),
            without: mean(&|b| b.1),
            by: by.iter().sum::<f64>() / k,
            sd: (by.len() > 1).then(|| esker_math::variance(&by).sqrt()),
            beyond_noise,
            folds: by.len(),
            how,
        }))
    }

    fn unpaired(&self, learner: &Learner, as_is: &Scores, without: &Scores, how: String) -> Option<Flattery> {
        let known = |s: &Scores| s.iter().flatten().copied().collect::<Vec<f64>>();
        let (a, b) = (known(as_is), known(without));
        if a.is_empty() || b.is_empty() {
            return None;
        }
        let error2 = |v: &[f64]| if v.len() > 1 { esker_math::variance(v) / v.len() as f64 } else { 0.0 };
        let by = compare::optimism(esker_math::mean(&b), esker_math::mean(&a), self.plan.better());
        Some(Flattery {
            model: learner.name.clone(),
            as_is: esker_math::mean(&a),
            without: esker_math::mean(&b),
            by,
            sd: (b.len() > 1).then(|| esker_math::variance(&b).sqrt()),
            beyond_noise: by > 2.0 * (error2(&a) + error2(&b)).sqrt(),
            folds: b.len(),
            how,
        })
    }

    /// The scores of the folds; none where a fold cannot be learned from or judged.
    fn scores(&self, learner: &Learner, samples: &Samples, folds: &[Fold], own_scale: bool, cx: &Context) -> Result<Scores> {
        let target = &self.plan.data.target;
        let bare = samples.features(target).next().is_none();
        let (kind, settings) =
            if bare { (Kind::Mean, Settings::defaults(&Kind::Mean.parameters())) } else { (learner.kind, learner.settings.clone()) };
        let metric = &*self.plan.metric().metric;
        let weights = if self.plan.recipe.validate.weighted { samples.weight() } else { None };
        let one = |(f, fold): (usize, &Fold)| -> Result<Option<f64>> {
            cx.check()?;
            let (mut train, mut test) = (samples.select(&fold.train), samples.select(&fold.test));
            if own_scale {
                (train, test) = standardised(train, test, target)?;
            }
            let truth = test.column(target)?.values.clone();
            let cx = cx.fork("audit", f as u64);
            let judged = Pipeline::fit(kind, &settings, train, target, &cx).and_then(|p| p.predict(&test)).and_then(|said| {
                let weights = weights.map(|w| fold.test.iter().map(|&r| w[r]).collect::<Vec<f64>>());
                metric.score(&truth, &said, weights.as_deref())
            });
            match judged {
                Ok(score) => Ok(score.is_finite().then_some(score)),
                Err(e) if e.fault == esker_core::Fault::Cancelled => Err(e),
                // A score that does not exist in a fold is no fault of the recipe here; `esker run` tells.
                Err(_) => Ok(None),
            }
        };
        folds.par_iter().enumerate().map(|(f, fold)| one((f, fold))).collect()
    }
}

/// The target of both parts less the mean, over the standard deviation, of the first.
fn standardised(mut train: Samples, mut test: Samples, target: &str) -> Result<(Samples, Samples)> {
    let column = train.column(target)?.clone();
    let (mean, sd) = super::moments(column.reals()?);
    if sd.is_nan() || sd <= 0.0 {
        return Err(Error::data(format!("target '{target}'")).rule("it does not vary among the training rows"));
    }
    let scaled = |c: &Column| -> Result<Column> {
        let values = c.reals()?.iter().map(|v| (v - mean) / sd).collect();
        Ok(Column { values: Values::Real(values), ..c.clone() })
    };
    let (a, b) = (scaled(&column)?, scaled(test.column(target)?)?);
    train.put(a)?;
    test.put(b)?;
    Ok((train, test))
}

/// Folds as they are judged: all, or some spread evenly over the list.
fn some_folds(folds: &[Fold]) -> Vec<Fold> {
    let n = folds.len();
    if n <= FOLDS {
        return folds.to_vec();
    }
    (0..FOLDS).map(|i| folds[i * n / FOLDS].clone()).collect()
}

/// The folds without some of their training rows; `None` where too little is left in most of them.
fn cut(folds: &[Fold], drop: &[Vec<usize>]) -> Option<Vec<Fold>> {
    let cut: Vec<Fold> = folds
        .iter()
        .zip(drop)
        .map(|(fold, drop)| {
            let drop: HashSet<usize> = drop.iter().copied().collect();
            let train = fold.train.iter().copied().filter(|r| !drop.contains(r)).collect();
            Fold { train, ..fold.clone() }
        })
        .collect();
    let enough = cut.iter().zip(folds).filter(|(c, f)| c.train.len() as f64 >= KEPT * f.train.len() as f64).count();
    (2 * enough > folds.len()).then_some(cut)
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ")
}
