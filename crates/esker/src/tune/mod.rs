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
        Design::Group | Design::LeaveOneGroupOut => (Design::Group, folds.min(groups_left(support)?)),
        Design::StratifiedGroup | Design::Region => (part.design, folds.min(groups_left(support)?)),
        // A row at a time would be too little to compare candidates by: whole clusters as far from the rest.
        Design::Buffer => (Design::Cluster, folds),
        // Likewise: whole folds matched to the same distances.
        Design::Nndm => (Design::Knndm, folds),
        Design::Holdout => (held_out(&part.settings)?, folds),
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
    // What a hold-out is held out by means something else to other designs.
    let says_the_same = |name: &str| name != "folds" && (name != "by" || part.design == design);
    for (name, value) in part.settings.iter().filter(|(name, _)| says_the_same(name)) {
        if parameters.iter().any(|p| p.name == name) {
            settings = settings.set(&parameters, name, value.clone())?;
        }
    }
    for (name, value) in fewer_folds(part, (design, folds), &settings, support) {
        settings = settings.set(&parameters, name, value)?;
    }
    Ok((design, settings))
}

/// Settings that speak of the outer number of folds, for fewer of them on part of the rows.
fn fewer_folds(
    part: &DesignPart,
    (design, folds): (Design, usize),
    settings: &Settings,
    support: &Support,
) -> Vec<(&'static str, Setting)> {
    match design {
        // A share of all rows that a fold may hold: more than its even part.
        Design::Knndm => vec![("maxp", Setting::Real(settings.real("maxp").max(0.5 + 0.5 / folds as f64)))],
        // As many clusters a fold.
        Design::Cluster if part.design == design && settings.integer("clusters") > 0 => {
            let (clusters, outer) = (settings.integer("clusters"), part.settings.integer("folds").max(1));
            vec![("clusters", Setting::Integer((clusters * folds as i64 / outer).max(folds as i64)))]
        }
        // Horizons that do not fit become equal parts of the span.
        Design::Rolling if settings.real("horizon") > 0.0 => {
            let days = support.time.iter().flat_map(|t| &t.days).filter(|d| d.is_finite());
            let (first, last) = days.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &d| (a.min(d), b.max(d)));
            let fits = last - first >= (folds + 1) as f64 * settings.real("horizon");
            if fits { Vec::new() } else { vec![("horizon", Setting::Real(0.0))] }
        }
        _ => Vec::new(),
    }
}

/// The groups left in a training part, at least two.
fn groups_left(support: &Support) -> Result<usize> {
    let groups = support.group.as_ref().map_or(0, |g| g.counts().iter().filter(|c| **c > 0).count());
    if groups < 2 {
        return Err(Error::recipe("groups")
            .got(format!("{groups} group left to learn from"))
            .rule("inner folds hold out whole groups, and need at least 2")
            .hint("more groups are needed, or a model without tune, select, calibrate and threshold"));
    }
    Ok(groups)
}

/// The design of folds that hold out what a hold-out does, as far from the rest.
fn held_out(settings: &Settings) -> Result<Design> {
    Ok(match (settings.text("by"), settings.real("buffer") > 0.0) {
        ("group", false) => Design::Group,
        ("group", true) => Design::Region,
        ("block", _) => Design::Block,
        ("time", false) => Design::Forward,
        ("time", true) => {
            return Err(Error::recipe("buffer of design 'holdout'")
                .got(format!("{} km, by time", settings.real("buffer")))
                .rule("tuning and selection inside have no design that goes forward and keeps such a distance")
                .hint("design = \"leave-location-and-time-out\" has both"));
        }
        (_, true) => Design::Cluster,
        (_, false) if settings.flag("stratified") => Design::Stratified,
        (_, false) => Design::Random,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(design: Design, set: &[(&str, Setting)]) -> DesignPart {
        let parameters = design.parameters();
        let settings = set.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
        DesignPart { design, settings, group: None, label: design.name().into(), path: "validate".into() }
    }

    #[test]
    fn every_design_has_one_for_the_inside() {
        let group = esker_core::Codes::new(vec![0, 1, 2, 0], vec!["a".into(), "b".into(), "c".into()]).unwrap();
        let support = Support { rows: 4, group: Some(group), ..Support::default() };
        for design in Design::ALL {
            for folds in [2, 3] {
                let inside = inner_design(&part(design, &[]), folds, &support);
                assert!(inside.is_ok(), "{}: {}", design.name(), inside.unwrap_err());
            }
        }
    }

    #[test]
    fn what_speaks_of_the_outer_folds_is_fitted_to_fewer() {
        let days = esker_core::Times { days: (0..400).map(f64::from).collect() };
        let support = Support { rows: 400, time: Some(days), ..Support::default() };
        let inside = |design, set: &[(&str, Setting)]| inner_design(&part(design, set), 3, &support).unwrap();
        let of = |design, set: &[(&str, Setting)], name: &str| inside(design, set).1.get(name).cloned().unwrap();
        let (ten, real) = (("folds", Setting::Integer(10)), |name, v| (name, Setting::Real(v)));
        assert_eq!(of(Design::Knndm, &[ten.clone(), real("maxp", 0.2)], "maxp"), Setting::Real(0.5 + 0.5 / 3.0));
        let clusters = [("folds", Setting::Integer(5)), ("clusters", Setting::Integer(100))];
        assert_eq!(of(Design::Cluster, &clusters, "clusters"), Setting::Integer(60));
        assert_eq!(of(Design::Rolling, &[real("horizon", 365.0)], "horizon"), Setting::Real(0.0));
        assert_eq!(of(Design::Rolling, &[real("horizon", 30.0)], "horizon"), Setting::Real(30.0));
    }

    #[test]
    fn a_hold_out_keeps_its_distance_inside() {
        let support = Support::bare(10);
        let by = |word: &str, buffer: f64| {
            let set = [("by", Setting::Text(word.into())), ("buffer", Setting::Real(buffer)), ("size", Setting::Real(5.0))];
            inner_design(&part(Design::Holdout, &set), 3, &support)
        };
        for (word, near, far) in
            [("random", Design::Random, Design::Cluster), ("group", Design::Group, Design::Region), ("block", Design::Block, Design::Block)]
        {
            assert_eq!(by(word, 0.0).unwrap().0, near);
            let (design, settings) = by(word, 50.0).unwrap();
            assert_eq!((design, settings.real("buffer")), (far, 50.0));
        }
        assert_eq!(by("time", 0.0).unwrap().0, Design::Forward);
        insta::assert_snapshot!(by("time", 50.0).err().unwrap(), @r#"
        buffer of design 'holdout': got 50 km, by time; tuning and selection inside have no design that goes forward and keeps such a distance
          hint: design = "leave-location-and-time-out" has both
        "#);
    }
}
