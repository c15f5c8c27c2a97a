//! Tuning inside a training part, with the same design: candidates are proposed by a model of what was seen, or at random, and race over
//! inner folds (`race`). Early stopping looks at the same folds.

mod judge;
mod keep;
mod race;
mod tpe;

use std::time::Instant;

use esker_core::record::Tuning;
use esker_core::{Better, Context, Error, Fold, Metric, Result, Rng, Samples, Setting, Settings, Support};
use esker_evaluate::split::{Aim, Design};

use crate::recipe::{DesignPart, ModelPart, Tune};
use judge::{Fits, prepare};
use race::Rules;

pub(crate) use judge::Clock;
pub(crate) use keep::Keeper;

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
        Design::Group | Design::LeaveOneGroupOut => (Design::Group, folds.min(groups_left(part, support)?)),
        Design::StratifiedGroup | Design::Region => (part.design, folds.min(groups_left(part, support)?)),
        // A row at a time would be too little to compare candidates by: whole clusters as far from the rest.
        Design::Buffer => (Design::Cluster, folds),
        Design::Holdout => (held_out(&part.settings), folds),
        other => (other, folds),
    };
    let parameters = design.parameters();
    let mut settings = Settings::defaults(&parameters).set(&parameters, "folds", Setting::Integer(folds as i64))?;
    match part.design {
        Design::Buffer => settings = settings.set(&parameters, "buffer", Setting::Real(part.settings.real("radius")))?,
        // Sets of groups make several folds of a block.
        Design::GroupForward => settings = settings.set(&parameters, "folds", Setting::Integer((folds as i64 / 2).max(1)))?,
        _ => {}
    }
    for (name, value) in part.settings.iter().filter(|(name, _)| *name != "folds") {
        if parameters.iter().any(|p| p.name == name) {
            settings = settings.set(&parameters, name, value.clone())?;
        }
    }
    Ok((design, settings))
}

/// The groups left in a training part, at least two.
fn groups_left(part: &DesignPart, support: &Support) -> Result<usize> {
    let groups = support.group.as_ref().map_or(0, |g| g.counts().iter().filter(|c| **c > 0).count());
    if groups < 2 {
        return Err(Error::recipe("groups")
            .got(format!("{groups} group left to learn from"))
            .rule("inner folds hold out whole groups, and need at least 2")
            .hint("more groups are needed, or a model without tune and select"));
    }
    Ok(groups)
}

/// The design of folds that hold out what a hold-out does.
fn held_out(settings: &Settings) -> Design {
    match settings.text("by") {
        "group" => Design::Group,
        "block" => Design::Block,
        "time" => Design::Forward,
        _ if settings.flag("stratified") => Design::Stratified,
        _ => Design::Random,
    }
}

/// The folds that cut a training part for tuning and selection: as many as asked for, or the most that the part carries.
///
/// # Errors
/// A part that carries not even two folds.
pub(crate) fn inner_folds(part: &DesignPart, folds: usize, (support, aim): (&Support, &Aim), rng: &Rng) -> Result<Vec<Fold>> {
    let cut = |folds: usize| {
        let (design, settings) = inner_design(part, folds, support)?;
        design.splitter(&settings, aim).folds(support, &mut rng.clone())
    };
    let first = match cut(folds) {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    (2..folds).rev().find_map(|fewer| cut(fewer).ok()).ok_or_else(|| {
        let thing = format!("inner folds of design '{}', inside a training part: {}", part.label, first.thing);
        Error { thing, ..first }
    })
}

/// Larger is better, whatever the metric.
pub(crate) fn oriented(better: Better, score: f64) -> f64 {
    match better {
        Better::Higher => score,
        Better::Lower => -score,
        Better::Zero => -score.abs(),
    }
}

/// The part of the work that something is tuned for.
pub(crate) struct Place<'a> {
    /// Its name, unique in the run.
    pub name: &'a str,
    /// When tuning should end.
    pub deadline: Option<Instant>,
}

/// The best settings for `train`, found without looking beyond it. `support` and `aim` are those of `train` under the design.
pub(crate) fn tune(
    (model, how): (&ModelPart, &Tune),
    (train, target): (&Samples, &str),
    (support, aim): (&Support, &Aim),
    inner: &Inner<'_>,
    (place, keeper): (&Place<'_>, &Keeper),
    cx: &Context,
) -> Result<Tuning> {
    let folds = inner_folds(inner.design, inner.folds, (support, aim), &cx.rng.fork("inner folds", 0))?;
    let parts = prepare(model, train, target, &folds)?;
    let steps = if how.patience > 0 { model.kind.estimator(&model.settings).steps() } else { None };
    let parameters = model.kind.parameters();
    let rules = Rules {
        parameters: &parameters,
        spaces: &how.spaces,
        own: &model.settings,
        trials: how.trials,
        method: how.method,
        halving: how.halving,
        folds: parts.len(),
        better: inner.metric.better(),
        steps,
        timed: how.minutes.is_some(),
    };
    let patience = if steps.is_some() { how.patience } else { 0 };
    let fits = Fits { model, parts: &parts, target, inner, patience, place, keeper, cx };
    let raced = rules.run(&fits, &cx.rng.fork("candidates", 0), cx)?;
    raced.told(&rules)
}
