//! Tuning inside a training part, with the same design: random search with successive halving over folds.
//!
//! Every candidate is judged on one inner fold; the better third goes on to the next, until all inner folds
//! are used (successive halving, Karnin, Koren and Somekh 2013; Jamieson and Talwalkar 2016, with folds as the
//! resource). The recipe's own settings are always the first candidate and always judged on all folds, so that
//! tuning that gains nothing is seen to gain nothing.

use esker_core::record::Tuning;
use esker_core::{Better, Context, Error, Fault, Fold, Metric, Result, Samples, Setting, Settings, Support};
use esker_evaluate::split::Design;
use rayon::prelude::*;

use crate::pipeline::{Preparation, needs, steps};
use crate::recipe::{DesignPart, ModelPart};

/// The inner part of a sealed design.
pub(crate) struct Inner<'a> {
    pub design: &'a DesignPart,
    pub folds: usize,
    pub metric: &'a dyn Metric,
    pub weighted: bool,
}

/// The design that cuts a training part for tuning: the same unit is held out, in fewer folds.
pub(crate) fn inner_design(part: &DesignPart, folds: usize, support: &Support) -> Result<(Design, Settings)> {
    let (design, folds) = match part.design {
        Design::Group | Design::LeaveOneGroupOut => {
            let groups = support.group.as_ref().map_or(0, |g| g.counts().iter().filter(|c| **c > 0).count());
            if groups < 2 {
                return Err(Error::recipe(format!("tuning under design '{}'", part.label))
                    .got(format!("{groups} group left to learn from"))
                    .rule("tuning holds out whole groups inside each training part, and needs at least 2"));
            }
            (Design::Group, folds.min(groups))
        }
        other => (other, folds),
    };
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters).set(&parameters, "folds", Setting::Integer(folds as i64))?;
    for (name, value) in part.settings.iter().filter(|(name, _)| *name != "folds") {
        if parameters.iter().any(|p| p.name == name) {
            settings = settings.set(&parameters, name, value.clone())?;
        }
    }
    Ok((design, settings))
}

/// Larger is better, whatever the metric.
pub(crate) fn oriented(better: Better, score: f64) -> f64 {
    match better {
        Better::Higher => score,
        Better::Lower => -score,
        Better::Zero => -score.abs(),
    }
}

struct Candidate {
    settings: Settings,
    scores: Vec<f64>,
}

impl Candidate {
    fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len().max(1) as f64
    }
}

/// Prepared rows of one inner fold, shared by all candidates.
struct Part {
    train: Samples,
    test: Samples,
}

/// The best settings for `train`, found without looking beyond it. `support` is that of `train` under the design.
pub(crate) fn tune(model: &ModelPart, train: &Samples, support: &Support, target: &str, inner: &Inner<'_>, cx: &Context) -> Result<Tuning> {
    let (design, settings) = inner_design(inner.design, inner.folds, support)?;
    let folds = design.splitter(&settings).folds(support, &mut cx.rng.fork("inner folds", 0))?;
    let parts = prepare(model, train, target, &folds)?;
    let mut candidates = draw(model, cx);
    let trials = candidates.len();
    let mut fits = 0;
    for (rung, part) in parts.iter().enumerate() {
        cx.check()?;
        let judged: Vec<Result<f64>> =
            candidates.par_iter().map(|c| judge(model, &c.settings, part, target, inner, &cx.fork("inner fit", rung as u64))).collect();
        fits += judged.len();
        for (i, (candidate, score)) in candidates.iter_mut().zip(judged).enumerate() {
            match score {
                Ok(score) => candidate.scores.push(oriented(inner.metric.better(), score)),
                Err(e) if e.fault == Fault::Cancelled || i == 0 => return Err(e),
                // A drawn candidate that cannot be fitted is out of the race; the recipe's own settings never are.
                Err(_) => candidate.scores.push(f64::NEG_INFINITY),
            }
        }
        if rung + 1 < parts.len() {
            keep_best(&mut candidates);
        }
    }
    let default_score = candidates[0].mean();
    // Strictly better, so that among equals the recipe's own settings stay.
    let best = candidates.iter().fold(&candidates[0], |best, c| if c.mean() > best.mean() { c } else { best });
    let sign = if inner.metric.better() == Better::Higher { 1.0 } else { -1.0 };
    Ok(Tuning {
        part: String::new(),
        chosen: best.settings.clone(),
        score: sign * best.mean(),
        default_score: sign * default_score,
        trials,
        fits,
    })
}

fn prepare(model: &ModelPart, train: &Samples, target: &str, folds: &[Fold]) -> Result<Vec<Part>> {
    let needs = needs(model.kind, &model.settings);
    folds
        .iter()
        .map(|fold| {
            let rows = train.select(&fold.train);
            let steps = steps(needs, &rows, target);
            let (preparation, train_rows) = Preparation::fit(&steps, rows, target)?;
            Ok(Part { train: train_rows, test: preparation.apply(train.select(&fold.test))? })
        })
        .collect()
}

fn draw(model: &ModelPart, cx: &Context) -> Vec<Candidate> {
    let parameters = model.kind.parameters();
    let mut rng = cx.rng.fork("candidates", 0);
    let mut candidates = vec![Candidate { settings: model.settings.clone(), scores: Vec::new() }];
    for _ in 1..model.trials {
        let mut settings = model.settings.clone();
        for parameter in parameters.iter().filter(|p| !model.fixed.iter().any(|f| f == p.name)) {
            if let Some(search) = parameter.search
                && let Ok(set) = settings.clone().set(&parameters, parameter.name, search.draw(&mut rng))
            {
                settings = set;
            }
        }
        candidates.push(Candidate { settings, scores: Vec::new() });
    }
    candidates
}

fn judge(model: &ModelPart, settings: &Settings, part: &Part, target: &str, inner: &Inner<'_>, cx: &Context) -> Result<f64> {
    cx.check()?;
    let fitted = model.kind.estimator(settings).fit(&part.train, target, cx)?;
    let said = fitted.predict(&part.test)?;
    let weight = if inner.weighted { part.test.weight() } else { None };
    inner.metric.score(&part.test.column(target)?.values, &said, weight)
}

/// Keeps the better third, at least two, and always the first.
fn keep_best(candidates: &mut Vec<Candidate>) {
    let keep = candidates.len().div_ceil(3).max(2);
    let mut order: Vec<usize> = (1..candidates.len()).collect();
    order.sort_by(|&a, &b| candidates[b].mean().total_cmp(&candidates[a].mean()).then(a.cmp(&b)));
    order.truncate(keep - 1);
    order.push(0);
    order.sort_unstable();
    let mut index = 0;
    candidates.retain(|_| {
        index += 1;
        order.binary_search(&(index - 1)).is_ok()
    });
}
