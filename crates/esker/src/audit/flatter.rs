//! How much a suspect flatters: the score of a cheap model as things are, and without it, prepared in each fold as the recipe says.

use std::collections::HashSet;
use std::sync::Arc;

use esker_core::{Column, Context, Fold, Prediction, Result, Samples, Settings, Values};
use esker_evaluate::compare;
use esker_models::Kind;
use rayon::prelude::*;

use super::{Cure, Flattery, Suspect};
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::recipe::ModelPart;
use crate::tune::oriented;

/// Folds that are judged at most: enough to tell a leak from noise.
const FOLDS: usize = 12;
/// Share of its training rows that a fold must keep to be judged.
const KEPT: f64 = 0.2;
/// Tested rows of a fold that are judged at most.
const TESTED: usize = 2000;
/// Cost up to which a model of the recipe judges columns; dearer ones leave that to a plain one.
const CHEAP: u8 = 3;

/// One score a fold, where there is one, and the mean of those.
type Scores = Vec<Option<f64>>;

/// Judges one model, the cheapest of the recipe that learns from features, with settings as they stand.
pub(super) struct Judge<'a> {
    plan: &'a Plan,
    folds: Vec<Fold>,
    /// Columns that are suspected for certain: each is measured with the others left out, so that none stands in for another.
    out: Vec<String>,
    /// The samples without these.
    bare: Samples,
    /// Scaled columns with what they were scaled from, and what the first flatter, measured once for all.
    scaled: Vec<(String, String)>,
    instead: Option<Option<Flattery>>,
    /// For columns: the cheapest.
    cheapest: Learner,
    /// For rows and folds: the cheapest that can remember a row.
    keenest: Learner,
}

#[derive(Clone)]
struct Learner {
    name: String,
    kind: Kind,
    settings: Settings,
    /// Scores on the samples without the certain columns.
    bare: Option<Scores>,
}

impl Learner {
    fn of(m: &ModelPart) -> Self {
        Self { name: m.name.clone(), kind: m.kind, settings: m.settings.clone(), bare: None }
    }
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
    pub fn new(plan: &'a Plan, suspects: &[Suspect]) -> Result<Self> {
        let certain = suspects.iter().filter(|s| !s.proven && matches!(s.cure, Cure::Without(_)));
        let out: Vec<String> = certain.flat_map(|s| s.columns.clone()).collect();
        let pair = |s: &Suspect| if let Cure::Instead(name, source) = &s.cure { Some((name.clone(), source.clone())) } else { None };
        let models = || plan.recipe.models.iter().filter_map(|m| Some((cost(m.kind)?, m)));
        let cheapest = models().filter(|m| m.0 <= CHEAP).min_by_key(|m| m.0).map_or_else(
            || {
                let class = matches!(plan.data.task, esker_core::record::Task::Classification { .. });
                let kind = if class { Kind::Logistic } else { Kind::Ridge };
                Learner { name: kind.name().to_owned(), kind, settings: Settings::defaults(&kind.parameters()), bare: None }
            },
            |m| Learner::of(m.1),
        );
        let keenest = models().filter(|m| remembers(m.1.kind)).min_by_key(|m| m.0).map_or_else(|| cheapest.clone(), |m| Learner::of(m.1));
        let folds = some_folds(plan.primary_folds());
        let bare = without(&plan.data.samples, &out)?;
        Ok(Self { plan, folds, out, bare, scaled: suspects.iter().filter_map(pair).collect(), instead: None, cheapest, keenest })
    }

    /// The difference that a cure makes; `None` where there is no cure, or too little is left to judge.
    pub fn measure(&mut self, cure: &Cure, cx: &Context) -> Result<Option<Flattery>> {
        if self.folds.is_empty() {
            return Ok(None);
        }
        match cure {
            Cure::Nothing => return Ok(None),
            Cure::Choice(models) => return self.choice(models, cx),
            Cure::Instead(..) if self.instead.is_some() => return Ok(self.instead.clone().flatten()),
            _ => {}
        }
        let mut learner = if matches!(cure, Cure::Apart(_) | Cure::Folds(..)) { self.keenest.clone() } else { self.cheapest.clone() };
        let bare = match learner.bare.take() {
            Some(known) => known,
            None => self.scores(&learner, &self.bare, &self.folds, false, cx)?,
        };
        let kept = if matches!(cure, Cure::Apart(_) | Cure::Folds(..)) { &mut self.keenest } else { &mut self.cheapest };
        kept.bare = Some(bare.clone());
        let (plan, folds) = (self.plan, &self.folds);
        match cure {
            Cure::Without(names) if names.iter().any(|n| self.out.contains(n)) => {
                let others: Vec<String> = self.out.iter().filter(|o| !names.contains(o)).cloned().collect();
                let with = self.scores(&learner, &without(&plan.data.samples, &others)?, folds, false, cx)?;
                let beside = if others.is_empty() { "" } else { ", the other columns suspected left out throughout" };
                self.paired(&learner.name, &with, &bare, format!("fitted without {}{beside}", quoted(names)))
            }
            Cure::Without(names) => {
                let less = self.scores(&learner, &without(&self.bare, names)?, folds, false, cx)?;
                self.paired(&learner.name, &bare, &less, format!("fitted without {}", quoted(names)))
            }
            Cure::Instead(..) => {
                let mut other = self.bare.clone();
                for (name, source) in &self.scaled {
                    other.put(Column { name: name.clone(), ..plan.data.table.column(source)?.clone() })?;
                }
                let measured = self.scores(&learner, &other, folds, false, cx)?;
                let sources: Vec<String> = self.scaled.iter().map(|p| p.1.clone()).collect();
                let told = self.paired(&learner.name, &bare, &measured, format!("fitted with {} instead", quoted(&sources)))?;
                self.instead = Some(told.clone());
                Ok(told)
            }
            Cure::Apart(drop) => {
                let cut = some_folds(&cut(plan.primary_folds(), drop));
                let apart = self.scores(&learner, &self.bare, &cut, false, cx)?;
                // Where most folds keep too little, nothing is told.
                if 2 * apart.iter().flatten().count() <= folds.len() {
                    return Ok(None);
                }
                self.paired(&learner.name, &bare, &apart, "the same test rows, learned without what they share".to_owned())
            }
            Cure::OwnScale => {
                let own = self.scores(&learner, &self.bare, folds, true, cx)?;
                self.paired(&learner.name, &bare, &own, "target standardised by the training rows of each fold".to_owned())
            }
            Cure::Folds(other, words) => {
                let without = self.scores(&learner, &self.bare, &some_folds(other), false, cx)?;
                self.unpaired(&learner.name, &bare, &without, format!("judged on {words}"))
            }
            Cure::Choice(_) | Cure::Nothing => Ok(None),
        }
    }

    /// What choosing the best of some models by all folds flatters, against choosing for each fold by the others.
    fn choice(&self, models: &[usize], cx: &Context) -> Result<Option<Flattery>> {
        // One fold has no others to choose by.
        if self.folds.len() < 2 {
            return Ok(None);
        }
        let folds = &self.folds;
        let mut all = Vec::with_capacity(models.len());
        for &m in models {
            let learner = Learner::of(&self.plan.recipe.models[m]);
            let scores = self.scores(&learner, &self.bare, folds, false, cx)?;
            all.push((learner.name, scores));
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
        self.paired(name, as_is, &without, "chosen for each fold by the other folds".to_owned())
    }

    fn paired(&self, model: &str, as_is: &Scores, without: &Scores, how: String) -> Result<Option<Flattery>> {
        let both: Vec<(f64, f64, &Fold)> =
            as_is.iter().zip(without).zip(&self.folds).filter_map(|((a, b), fold)| Some(((*a)?, (*b)?, fold))).collect();
        if both.is_empty() {
            return Ok(None);
        }
        let better = self.plan.better();
        let by: Vec<f64> = both.iter().map(|(a, b, _)| compare::optimism(*b, *a, better)).collect();
        let k = by.len() as f64;
        let mean = |f: &dyn Fn(&(f64, f64, &Fold)) -> f64| both.iter().map(f).sum::<f64>() / k;
        // One fold tells nothing of the noise between folds.
        let beyond_noise = by.len() > 1 && {
            let sizes = |f: &dyn Fn(&Fold) -> usize| both.iter().map(|b| f(b.2).max(1)).collect::<Vec<usize>>();
            let zero = vec![0.0; by.len()];
            compare::paired(&by, &zero, &sizes(&|f| f.train.len()), &sizes(&|f| tested(f).len()), 0.95)?.low > 0.0
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

    fn unpaired(&self, model: &str, as_is: &Scores, without: &Scores, how: String) -> Result<Option<Flattery>> {
        let known = |s: &Scores| s.iter().flatten().copied().collect::<Vec<f64>>();
        let (a, b) = (known(as_is), known(without));
        if a.is_empty() || b.is_empty() {
            return Ok(None);
        }
        let by = compare::optimism(esker_math::mean(&b), esker_math::mean(&a), self.plan.better());
        Ok(Some(Flattery {
            model: model.to_owned(),
            as_is: esker_math::mean(&a),
            without: esker_math::mean(&b),
            by,
            sd: (b.len() > 1).then(|| esker_math::variance(&b).sqrt()),
            beyond_noise: apart(&a, &b).is_some_and(|reach| by > reach),
            folds: b.len(),
            how,
        }))
    }

    /// The scores of the folds; none where a fold cannot be learned from or judged.
    fn scores(&self, learner: &Learner, samples: &Samples, folds: &[Fold], own_scale: bool, cx: &Context) -> Result<Scores> {
        let target = &self.plan.data.target;
        let prepare = self.plan.recipe.models.first().map(|m| Arc::clone(&m.prepare)).unwrap_or_default();
        let bare = samples.features(target).next().is_none() && !prepare.needs_no_feature(target);
        let (kind, settings) =
            if bare { (Kind::Mean, Settings::defaults(&Kind::Mean.parameters())) } else { (learner.kind, learner.settings.clone()) };
        let part = ModelPart { prepare, ..ModelPart::bare(kind, settings) };
        let metric = &*self.plan.metric().metric;
        let weights = if self.plan.recipe.validate.weighted { samples.weight() } else { None };
        let one = |(f, fold): (usize, &Fold)| -> Result<Option<f64>> {
            cx.check()?;
            if fold.train.is_empty() {
                return Ok(None);
            }
            let (mut train, test) = (samples.select(&fold.train), samples.select(&fold.test));
            let judged = tested(fold);
            let mut scale = None;
            if own_scale {
                let Some((mean, sd)) = standardise(&mut train, target)? else { return Ok(None) };
                scale = Some((mean, sd));
            }
            let truth = test.column(target)?.values.select(&judged);
            let cx = cx.fork("audit", f as u64);
            let said = Pipeline::fit(&part, &part.settings, train, target, &cx).and_then(|p| p.predict_some(&test, &judged));
            let score = said.and_then(|said| {
                let weights = weights.map(|w| judged.iter().map(|&i| w[fold.test[i]]).collect::<Vec<f64>>());
                metric.score(&truth, &back(said, scale), weights.as_deref())
            });
            match score {
                Ok(score) => Ok(score.is_finite().then_some(score)),
                Err(e) if e.fault == esker_core::Fault::Cancelled => Err(e),
                // A score that does not exist in a fold is no fault of the recipe here; `esker run` tells.
                Err(_) => Ok(None),
            }
        };
        folds.par_iter().enumerate().map(|(f, fold)| one((f, fold))).collect()
    }
}

/// How far apart the means of two lists of folds must be to be beyond the noise between folds (Welch 1947, 95 %); `None` where either is one fold.
fn apart(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let error2 = |v: &[f64]| esker_math::variance(v) / v.len() as f64;
    let (ea, eb) = (error2(a), error2(b));
    let spread = ea + eb;
    let freedom = spread.powi(2) / (ea.powi(2) / (a.len() - 1) as f64 + eb.powi(2) / (b.len() - 1) as f64);
    Some(if spread > 0.0 { esker_math::student_quantile(0.975, freedom) * spread.sqrt() } else { 0.0 })
}

fn without(samples: &Samples, names: &[String]) -> Result<Samples> {
    samples.clone().with_columns(samples.columns().iter().filter(|c| !names.contains(&c.name)).cloned().collect())
}

/// Takes the mean off the target and divides by the standard deviation; both, or `None` where it does not vary.
fn standardise(train: &mut Samples, target: &str) -> Result<Option<(f64, f64)>> {
    let column = train.column(target)?.clone();
    let y = column.reals()?;
    let (mean, sd) = super::moments(y);
    if sd.is_nan() || sd <= 0.0 {
        return Ok(None);
    }
    train.put(Column { values: Values::Real(y.iter().map(|v| (v - mean) / sd).collect()), ..column.clone() })?;
    Ok(Some((mean, sd)))
}

/// A prediction of a standardised target in the target's own unit, so that scores can be compared.
fn back(said: Prediction, scale: Option<(f64, f64)>) -> Prediction {
    match (said, scale) {
        (Prediction::Real { unit, centre, .. }, Some((mean, sd))) => {
            Prediction::real(&unit, centre.iter().map(|v| mean + sd * v).collect())
        }
        (said, _) => said,
    }
}

/// Folds as they are judged: all, or some spread evenly over the list.
fn some_folds(folds: &[Fold]) -> Vec<Fold> {
    let n = folds.len();
    (0..n.min(FOLDS)).map(|i| folds[i * n / n.min(FOLDS)].clone()).collect()
}

/// The tested rows of a fold that are judged, by their number among them: all, or some spread evenly where there are many.
fn tested(fold: &Fold) -> Vec<usize> {
    (0..fold.test.len()).step_by(fold.test.len().div_ceil(TESTED).max(1)).collect()
}

/// The folds without some of their training rows; with none where too little is left.
fn cut(folds: &[Fold], drop: &[Vec<usize>]) -> Vec<Fold> {
    let cut = |(fold, drop): (&Fold, &Vec<usize>)| {
        let drop: HashSet<usize> = drop.iter().copied().collect();
        let mut train: Vec<usize> = fold.train.iter().copied().filter(|r| !drop.contains(r)).collect();
        if (train.len() as f64) < KEPT * fold.train.len() as f64 {
            train.clear();
        }
        Fold { train, ..fold.clone() }
    };
    folds.iter().zip(drop).map(cut).collect()
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_folds_differ_by_chance_up_to_the_quantile_of_student() {
        assert_eq!(apart(&[1.0], &[2.0, 3.0]), None);
        // SciPy: ttest_ind([1, 2, 4], [3, 5, 6, 9], equal_var=False), half of its confidence interval.
        let reach = apart(&[1.0, 2.0, 4.0], &[3.0, 5.0, 6.0, 9.0]);
        assert!(reach.is_some_and(|r| (r - 3.955_133_326_7).abs() < 1e-9), "{reach:?}");
    }

    #[test]
    fn folds_that_lose_most_of_what_they_learn_from_are_not_judged() {
        let fold =
            |train: std::ops::Range<usize>| Fold { label: String::new(), train: train.collect(), test: vec![100], left_out: Vec::new() };
        let cut = cut(&[fold(0..10), fold(0..10)], &[(0..9).collect(), (0..5).collect()]);
        assert_eq!((cut[0].train.len(), cut[1].train.len()), (0, 5));
    }
}
