//! Calibration and thresholds of class probabilities, learned on held-out rows of inner folds that the same design cuts.

use esker_core::calibration::{Adjustment, CalibrationCurve, ChosenThreshold, Threshold};
use esker_core::record::{ALL_ROWS, ModelRecord, Record, Task};
use esker_core::{Codes, Context, Error, Fold, Metric, Model, Note, Prediction, Result, Rng, Samples, Settings, Support, Values};
use esker_evaluate::score::{self, ChosenCut, CutRule, Score};
use esker_evaluate::split::Aim;
use esker_models::{Adjust, Calibrator, Cut};
use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::findings::Findings;
use crate::folds::FoldRun;
use crate::pipeline::Pipeline;
use crate::plan::{Plan, PlannedDesign, PlannedMetric};
use crate::recipe::{ModelPart, Recipe, ThresholdBy, ThresholdPart};
use crate::tune::{Inner, inner_folds};

/// Held-out rows that each class of a training part needs in its inner folds.
const FEWEST: usize = 5;
/// Bins of a calibration curve.
const BINS: usize = 10;

/// What a training part decided of a model's probabilities.
#[derive(Clone)]
pub(crate) struct Decided {
    pub adjust: Adjust,
    chosen: Option<ChosenCut>,
}

/// Refuses what the recipe asks of these classes and cannot have.
pub(crate) fn check(
    recipe: &Recipe,
    (data, aim): (&Dataset, &Aim),
    designs: &[PlannedDesign],
    metrics: &[PlannedMetric],
    findings: &mut Findings,
) {
    for (i, model) in recipe.models.iter().enumerate() {
        let mut refuse = |key: &str, error: Error| findings.push(recipe.place(&format!("model[{}].{key}", i + 1)), error);
        let thing = |what: &str| Error::recipe(format!("{what} of model '{}'", model.name));
        let Task::Classification { levels, .. } = &data.task else {
            let hint = "remove it, or read the target as classes: target = { column = \"…\", kind = \"class\" }";
            if model.adjust.calibrate.is_some() {
                refuse(
                    "calibrate",
                    thing("calibration").got("a target of numbers").rule("probabilities of classes are calibrated").hint(hint),
                );
            }
            if model.adjust.threshold.is_some() {
                refuse("threshold", thing("threshold").got("a target of numbers").rule("it decides between two classes").hint(hint));
            }
            continue;
        };
        if let Some(threshold) = &model.adjust.threshold {
            if levels.len() != 2 {
                let got = format!("{} classes: {}", levels.len(), levels.join(", "));
                let hint = "remove it, or make two classes of them with [data.derive]";
                refuse("threshold", thing("threshold").got(got).rule("it decides between two classes").hint(hint));
                continue;
            }
            if let Some(of) = threshold.of.as_ref().filter(|of| !levels.contains(of)) {
                let got = format!("class '{of}'");
                refuse("threshold", thing("threshold").got(got).rule(format!("the classes are {}", levels.join(" and "))));
            }
            if threshold.by == ThresholdBy::Cost && metrics.iter().all(|m| m.kind != Score::Cost) {
                let hint = "write penalty = \"penalty.csv\" in [validate]";
                refuse("threshold", thing("threshold").got("no penalties").rule("'cost' weighs them").hint(hint));
            }
        }
        if model.adjust.learns()
            && let Some(error) = designs.iter().find_map(|d| few(recipe, data, d, aim).err())
        {
            refuse(if model.adjust.calibrate.is_some() { "calibrate" } else { "threshold" }, error);
        }
    }
}

/// Whether the inner folds of the smallest training part hold out enough of each class. Folds that cannot be cut are refused elsewhere.
fn few(recipe: &Recipe, data: &Dataset, design: &PlannedDesign, aim: &Aim) -> Result<()> {
    let Some(fold) = design.folds.iter().min_by_key(|f| f.train.len()) else { return Ok(()) };
    let part = (&design.support.select(&fold.train), &aim.select(&fold.train));
    let Ok(folds) = inner_folds(&design.part, recipe.validate.inner, part, &Rng::new(recipe.seed)) else { return Ok(()) };
    let truth = data.samples.column(&data.target)?.classes()?.select(&fold.train);
    let tests: Vec<usize> = folds.iter().flat_map(|f| f.test.iter().copied()).collect();
    enough(&truth, &tests).map_err(|e| Error { thing: format!("design '{}', {}: {}", design.part.label, fold.label, e.thing), ..e })
}

/// Each class of a training part has at least [`FEWEST`] of the rows that its inner folds hold out.
fn enough(truth: &Codes, tests: &[usize]) -> Result<()> {
    let held = truth.select(tests).counts();
    let rare = (0..held.len()).filter(|&k| truth.counts()[k] > 0).min_by_key(|&k| held[k]);
    match rare.filter(|&k| held[k] < FEWEST) {
        None => Ok(()),
        Some(k) => Err(Error::data(format!("class '{}'", truth.levels()[k]))
            .got(format!("{} of {} rows that inner folds hold out", held[k], tests.len()))
            .rule(format!("calibration and thresholds are learned there, on at least {FEWEST} rows of each class"))
            .hint("join or drop rare classes, use a stratified design, or leave calibrate and threshold out")),
    }
}

/// Learns what becomes of a model's probabilities from `train` alone: the model with these settings is fitted on inner folds, and what it says of
/// the rows they hold out is calibrated and cut. `None` where the recipe asks for neither.
pub(crate) fn learn(
    plan: &Plan,
    (part, settings): (&ModelPart, &Settings),
    (train, place): (&Samples, (&Support, &Aim)),
    inner: &Inner<'_>,
    cx: &Context,
) -> Result<Option<Decided>> {
    let threshold = part.adjust.threshold.as_ref().map(|t| (t.by, class_of(t, &plan.data.task)));
    let mut learned = Decided { adjust: Adjust::default(), chosen: None };
    if let Some((ThresholdBy::Number(from), class)) = threshold {
        learned.adjust.cut = Some(Cut { class: class as u32, from });
    }
    if !part.adjust.learns() {
        return Ok(threshold.is_some().then_some(learned));
    }
    let codes = train.column(&plan.data.target)?.classes()?;
    let folds = inner_folds(inner.design, inner.folds, place, &cx.rng.fork("inner folds", 0))?;
    let tests: Vec<usize> = folds.iter().flat_map(|f| f.test.iter().copied()).collect();
    enough(codes, &tests)?;
    let mut said = held_out(plan, (part, settings), train, &folds, cx)?;
    let truth = codes.select(&tests);
    let weight = |on: bool| train.weight().filter(|_| on).map(|w| tests.iter().map(|&r| w[r]).collect::<Vec<_>>());
    if let Some(how) = part.adjust.calibrate {
        let classes = codes.levels().len();
        let calibrator = Calibrator::fit(how, truth.codes(), &said, classes, weight(true).as_deref())?;
        said = calibrator.apply(&said, classes)?;
        learned.adjust.calibrator = Some(calibrator);
    }
    if let Some((by, class)) = threshold
        && let Some(rule) = rule(by, plan, class)?
    {
        let happened: Vec<bool> = truth.codes().iter().map(|c| *c as usize == class).collect();
        let probability: Vec<f64> = said.iter().skip(class).step_by(2).map(|p| p.clamp(0.0, 1.0)).collect();
        let found = rule.choose(&happened, &probability, weight(inner.weighted).as_deref())?;
        learned.adjust.cut = Some(Cut { class: class as u32, from: found.from });
        learned.chosen = Some(found);
    }
    Ok(Some(learned))
}

/// The probabilities that a model fitted on inner folds says of the rows they hold out, fold after fold.
fn held_out(plan: &Plan, (part, settings): (&ModelPart, &Settings), train: &Samples, folds: &[Fold], cx: &Context) -> Result<Vec<f64>> {
    let one = |(i, fold): (usize, &Fold)| {
        cx.check()?;
        let cx = cx.fork("inner fit", i as u64);
        let fitted = Pipeline::fit(part, settings, train.select(&fold.train), &plan.data.target, &cx)?;
        match fitted.predict(&train.select(&fold.test))? {
            Prediction::Class { probability, .. } => Ok(probability),
            Prediction::Real { .. } => Err(Error::model(format!("model '{}'", part.name)).rule("it says probabilities of classes")),
        }
    };
    Ok(folds.par_iter().enumerate().map(one).collect::<Result<Vec<_>>>()?.concat())
}

/// The class that a threshold is of: the one named, or the second.
fn class_of(threshold: &ThresholdPart, task: &Task) -> usize {
    let Task::Classification { levels, .. } = task else { return 1 };
    threshold.of.as_ref().and_then(|of| levels.iter().position(|l| l == of)).unwrap_or(1)
}

/// The rule that a threshold of a class is chosen by; none for a number.
fn rule(by: ThresholdBy, plan: &Plan, class: usize) -> Result<Option<CutRule>> {
    Ok(Some(match by {
        ThresholdBy::Number(_) => return Ok(None),
        ThresholdBy::F1 => CutRule::F1,
        ThresholdBy::Youden => CutRule::Youden,
        ThresholdBy::BalancedAccuracy => CutRule::BalancedAccuracy,
        ThresholdBy::Cost => {
            let metric = plan.metrics.iter().find(|m| m.kind == Score::Cost);
            let metric = metric.ok_or_else(|| Error::recipe("threshold").rule("'cost' needs penalties"))?;
            let cost = |truth: bool, said: bool| penalty(&*metric.metric, plan, class, (truth, said));
            CutRule::Cost([[cost(false, false)?, cost(false, true)?], [cost(true, false)?, cost(true, true)?]])
        }
    }))
}

/// The penalty of one confusion, asked of the metric: whether the row is of the class, and whether it is said to be.
fn penalty(metric: &dyn Metric, plan: &Plan, class: usize, (truth, said): (bool, bool)) -> Result<f64> {
    let levels = plan.data.samples.column(&plan.data.target)?.classes()?.levels().to_vec();
    let code = |of: bool| if of { class } else { 1 - class };
    let mut probability = vec![0.0; 2];
    probability[code(said)] = 1.0;
    let row = Values::Class(Codes::new(vec![code(truth) as u32], levels.clone())?);
    metric.score(&row, &Prediction::class(levels, probability), None)
}

/// What the record says of a model's probabilities: how they are adjusted, with the thresholds of the folds.
pub(crate) fn told(plan: &Plan, part: &ModelPart, folds: &[FoldRun]) -> Option<Adjustment> {
    let Task::Classification { levels, .. } = &plan.data.task else { return None };
    let calibration = part.adjust.calibrate.map(|c| c.name().to_owned());
    let threshold = part.adjust.threshold.as_ref().map(|t| Threshold {
        by: t.by.name().to_owned(),
        class: levels[class_of(t, &plan.data.task)].clone(),
        parts: plan.designs[0]
            .folds
            .iter()
            .zip(folds)
            .filter_map(|(fold, run)| chosen(&format!("{}: {}", plan.designs[0].part.label, fold.label), &run.adjusted.as_ref()?.1))
            .collect(),
    });
    (calibration.is_some() || threshold.is_some()).then_some(Adjustment { calibration, threshold })
}

/// Adds the threshold of the final fit to the record of its model.
pub(crate) fn tell(record: &mut ModelRecord, learned: &Decided) {
    if let Some(threshold) = record.adjustment.as_mut().and_then(|a| a.threshold.as_mut()) {
        threshold.parts.extend(chosen(ALL_ROWS, learned));
    }
}

/// Warns of calibrations that made held-out probabilities worse.
pub(crate) fn notes(models: &[ModelRecord]) -> Vec<Note> {
    let brier = |curves: &[CalibrationCurve]| curves.iter().map(|c| c.brier).sum::<f64>();
    let one = |m: &ModelRecord| {
        let (before, after) = (brier(&m.runs.first()?.uncalibrated), brier(&m.runs[0].calibration));
        let how = m.adjustment.as_ref()?.calibration.as_ref()?;
        (after > before).then(|| {
            let text = format!(
                "calibration of {} by {how} made its held-out probabilities worse: Brier score {after:.4}, before {before:.4}",
                m.name
            );
            Note::warning("calibration-harms", text)
        })
    };
    models.iter().filter_map(one).collect()
}

/// What is done to the probabilities of the final model.
pub(crate) fn of_model(record: &Record) -> Option<Adjustment> {
    let mut of = record.models.iter().find(|m| m.name == record.chosen.model)?.adjustment.clone()?;
    if let Some(threshold) = &mut of.threshold {
        threshold.parts.retain(|p| p.part == ALL_ROWS);
    }
    Some(of)
}

fn chosen(part: &str, learned: &Decided) -> Option<ChosenThreshold> {
    let (from, found) = (learned.adjust.cut?.from, learned.chosen);
    Some(ChosenThreshold { part: part.to_owned(), from, score: found.map(|c| c.score), at_half: found.and_then(|c| c.at_half) })
}

/// Calibration curves of held-out predictions, and of the same before calibration where they are calibrated; for two classes the second alone.
pub(crate) fn curves(
    truth: &Values,
    said: &Prediction,
    runs: &[FoldRun],
    weight: Option<&[f64]>,
) -> Result<(Vec<CalibrationCurve>, Vec<CalibrationCurve>)> {
    let Values::Class(codes) = truth else { return Ok(Default::default()) };
    let classes = codes.levels().len();
    let of = |said: &Prediction| {
        let one = |class| score::calibration(codes, said, class, BINS, weight);
        (usize::from(classes == 2)..classes).map(one).collect::<Result<Vec<_>>>()
    };
    let mut before: Option<Prediction> = None;
    for (raw, learned) in runs.iter().filter_map(|r| r.adjusted.as_ref()) {
        match &mut before {
            _ if learned.adjust.calibrator.is_none() => {}
            None => before = Some(raw.clone()),
            Some(all) => all.append(raw)?,
        }
    }
    Ok((of(said)?, before.as_ref().map(of).transpose()?.unwrap_or_default()))
}
