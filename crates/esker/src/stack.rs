//! Stacking: a model that is a mix of others, weighed by what they say of rows that inner folds of the same design hold out.

use esker_core::record::{ALL_ROWS, ModelRecord, ModelRun, Stack, StackWeights};
use esker_core::{Context, Error, Fold, Inside, Model, Note, Prediction, Result, Samples, Settings, Support, Values};
use esker_evaluate::split::Aim;
use esker_math::convex_mix;
use esker_models::Adjust;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::crowding;
use crate::feature_selection::{chosen_features, with_features};
use crate::folds::FoldRun;
use crate::learn::Learned;
use crate::pipeline::{Pipeline, SavedPipeline};
use crate::plan::Plan;
use crate::recipe::{ModelPart, StackPart};
use crate::run::{FIT, ModelFolds, final_name, tell, work_name};
use crate::tune::{Inner, Keeper, inner_folds};

/// The kind of a stack, in the recipe, the record and model files.
pub(crate) const NAME: &str = "stack";

/// What a training part decided of a model that a stack is made of.
#[derive(Clone)]
pub(crate) struct Settled<'a> {
    part: &'a ModelPart,
    /// The features it learns from.
    features: Vec<String>,
    settings: Settings,
    adjust: Option<Adjust>,
}

impl<'a> Settled<'a> {
    /// As a fold of the model's own judgement had it.
    pub fn of_fold(part: &'a ModelPart, all: &[String], run: &FoldRun) -> Self {
        let features = match (&part.select, &run.selection) {
            (Some(how), Some(path)) => chosen_features(how, path, all),
            _ => all.to_vec(),
        };
        Self {
            part,
            features,
            settings: run.tuning.as_ref().map_or(&part.settings, |t| &t.chosen).clone(),
            adjust: run.adjusted.as_ref().map(|(_, decided)| decided.adjust.clone()),
        }
    }

    /// As learned on a training part.
    pub fn learned(part: &'a ModelPart, target: &str, learned: &Learned) -> Self {
        Self {
            part,
            features: learned.train.features(target).map(|c| c.name.clone()).collect(),
            settings: learned.tuning.as_ref().map_or(&part.settings, |t| &t.chosen).clone(),
            adjust: learned.decided.as_ref().map(|d| d.adjust.clone()),
        }
    }

    fn fit(&self, rows: &Samples, target: &str, cx: &Context) -> Result<Pipeline> {
        let fitted = Pipeline::fit(self.part, &self.settings, with_features(rows, target, &self.features)?, target, cx)?;
        Ok(match &self.adjust {
            Some(adjust) => fitted.adjusted(adjust.clone()),
            None => fitted,
        })
    }
}

/// Fits a stack on `train` alone: the models, each with the generator of `own`, and their weights. On inner folds they are fitted again with what was
/// settled for all of `train`; the weights are those of the convex mix with the least square error there (Breiman 1996), of probabilities for
/// classes.
fn fit(
    plan: &Plan,
    (models, own): (&[Settled<'_>], &[Context]),
    (train, place): (&Samples, (&Support, &Aim)),
    inner: &Inner<'_>,
    cx: &Context,
) -> Result<(Pipeline, Vec<f64>)> {
    let target = plan.data.target.as_str();
    let folds = inner_folds(inner.design, inner.folds, place, &cx.rng.fork("inner folds", 0))?;
    let errors = |model: &Settled<'_>, f: usize| {
        cx.check()?;
        let fold: &Fold = &folds[f];
        let cx = cx.fork(&format!("inner fit of {}", model.part.name), f as u64);
        let said = model.fit(&train.select(&fold.train), target, &cx)?.predict(&train.select(&fold.test))?;
        errors(&train.column(target)?.values.select(&fold.test), &said)
    };
    let tasks: Vec<(usize, usize)> = (0..models.len()).flat_map(|m| (0..folds.len()).map(move |f| (m, f))).collect();
    let done: Vec<Vec<f64>> = tasks.par_iter().map(|&(m, f)| errors(&models[m], f)).collect::<Result<_>>()?;
    let all: Vec<Vec<f64>> = done.chunks(folds.len()).map(<[Vec<f64>]>::concat).collect();
    let tests = folds.iter().flat_map(|f| f.test.iter().copied());
    let row_weights: Option<Vec<f64>> = train.weight().map(|w| tests.map(|r| w[r]).collect());
    let weights = weigh(&all, row_weights.as_deref())?;
    let fitted: Vec<Pipeline> = models.par_iter().zip(own).map(|(m, cx)| m.fit(train, target, cx)).collect::<Result<_>>()?;
    let parts = models.iter().zip(fitted).zip(&weights).map(|((m, p), w)| (m.part.name.clone(), *w, p)).collect();
    Ok((Pipeline::bare(NAME, Box::new(Stacked { parts })), weights))
}

/// How far off each answer is: one number a row, or one a class and row.
fn errors(truth: &Values, said: &Prediction) -> Result<Vec<f64>> {
    match (truth, said) {
        (Values::Real(truth), Prediction::Real { centre, .. }) => Ok(centre.iter().zip(truth).map(|(p, y)| p - y).collect()),
        (Values::Class(truth), Prediction::Class { levels, probability, .. }) => {
            let off = |(i, p): (usize, &f64)| p - f64::from(u8::from(truth.codes()[i / levels.len()] as usize == i % levels.len()));
            Ok(probability.iter().enumerate().map(off).collect())
        }
        _ => Err(Error::model(NAME).rule("models and target are both of numbers or both of classes")),
    }
}

/// The weights of the convex mix with the least weighted square error.
fn weigh(errors: &[Vec<f64>], rows: Option<&[f64]>) -> Result<Vec<f64>> {
    let n = errors.len();
    let product = |a: &[f64], b: &[f64]| match rows {
        None => a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>(),
        Some(w) => {
            let outputs = a.len() / w.len().max(1);
            a.iter().zip(b).enumerate().map(|(i, (a, b))| w[i / outputs] * a * b).sum()
        }
    };
    convex_mix(&(0..n * n).map(|k| product(&errors[k / n], &errors[k % n])).collect::<Vec<f64>>(), n)
}

impl Plan {
    /// What each fold of each design settled of a model, if a stack is made of it.
    pub(crate) fn settled(&self, model: usize, folds: &ModelFolds) -> Vec<Vec<Settled<'_>>> {
        if self.recipe.stacks.iter().all(|s| !s.of.contains(&model)) {
            return Vec::new();
        }
        let of_fold = |run: &FoldRun| Settled::of_fold(&self.recipe.models[model], &self.data.features, run);
        folds.designs.iter().map(|runs| runs.iter().map(of_fold).collect()).collect()
    }

    /// Every fold of every design for a stack; `settled` holds what [`Plan::settled`] says of each model.
    pub(crate) fn stack_runs(&self, stack: &StackPart, settled: &[Vec<Vec<Settled<'_>>>], cx: &Context) -> Result<ModelFolds> {
        let one = |d: usize, f: usize| {
            let (design, fold) = (&self.designs[d], &self.designs[d].folds[f]);
            let models: Vec<Settled<'_>> = stack.of.iter().map(|&m| settled[m][d][f].clone()).collect();
            // The very models that were judged alone.
            let own: Vec<Context> = models.iter().map(|m| cx.fork(&work_name(m.part, design), f as u64).fork(FIT, 0)).collect();
            let train = crowding::again(&self.recipe, self.data.samples.select(&fold.train))?;
            let place = (&design.support.select(&fold.train), &self.aim.select(&fold.train));
            // All stacks are weighed on the same inner folds.
            let cx = cx.fork(&format!("stack design {}", design.part.label), f as u64);
            let made = fit(self, (&models, &own), (&train, place), &self.inner(design), &cx);
            let (pipeline, weights) = made.map_err(|mut e| {
                e.thing = format!("stack '{}', design '{}', {}: {}", stack.name, design.part.label, fold.label, e.thing);
                e
            })?;
            let said = pipeline.predict(&self.data.samples.select(&fold.test))?;
            Ok(FoldRun {
                said,
                selection: None,
                tuning: None,
                adjusted: None,
                stacked: Some(weights),
                pipeline: (d == 0).then_some(pipeline),
            })
        };
        self.every_fold(&stack.name, &one, cx)
    }

    /// What the record says of a stack; `folds` are those of the primary design.
    pub(crate) fn stack_record(&self, stack: &StackPart, folds: &[FoldRun], runs: Vec<ModelRun>) -> ModelRecord {
        let design = &self.designs[0];
        let part = |(fold, run): (&Fold, &FoldRun)| {
            Some(StackWeights { part: format!("{}: {}", design.part.label, fold.label), weights: run.stacked.clone()? })
        };
        let parts = design.folds.iter().zip(folds).filter_map(part).collect();
        ModelRecord {
            name: stack.name.clone(),
            kind: NAME.to_owned(),
            settings: Settings::defaults(&[]),
            tuning: Vec::new(),
            preparation: Vec::new(),
            runs,
            selection: None,
            adjustment: None,
            stack: Some(Stack { of: stack.of.iter().map(|&m| self.recipe.models[m].name.clone()).collect(), parts }),
        }
    }

    /// The stack fitted on all rows, its models as they would be fitted if they were chosen alone. The records take in what was learned.
    pub(crate) fn final_stack(
        &self,
        stack: &StackPart,
        (records, own): (&mut [ModelRecord], usize),
        keeper: &Keeper,
        cx: &Context,
    ) -> Result<Pipeline> {
        let mut models = Vec::with_capacity(stack.of.len());
        let mut contexts = Vec::with_capacity(stack.of.len());
        for &m in &stack.of {
            let part = &self.recipe.models[m];
            let cx = cx.fork(&final_name(part), 0);
            let learned = self.learned_on_all(part, keeper, &cx)?;
            tell(&mut records[m], &learned);
            models.push(Settled::learned(part, &self.data.target, &learned));
            contexts.push(cx.fork(FIT, 0));
        }
        let design = &self.designs[0];
        let cx = cx.fork("stack final", 0);
        let (pipeline, weights) =
            fit(self, (&models, &contexts), (&self.data.samples, (&design.support, &self.aim)), &self.inner(design), &cx)?;
        if let Some(told) = &mut records[own].stack {
            told.parts.push(StackWeights { part: ALL_ROWS.to_owned(), weights });
        }
        Ok(pipeline)
    }
}

/// A fitted stack.
pub(crate) struct Stacked {
    /// Name, weight and model.
    parts: Vec<(String, f64, Pipeline)>,
}

/// A stack as bytes.
#[derive(Serialize, Deserialize)]
struct Saved(Vec<(String, f64, SavedPipeline)>);

/// A stack from the bytes of its file, which may come from a stranger.
///
/// # Errors
/// Bytes that are not a stack of models, or a stack of stacks.
pub(crate) fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let damaged = || {
        Error::model("stack in the model file")
            .rule("its bytes are not what this version writes")
            .hint("copy the file again, or run the recipe again")
    };
    let (Saved(saved), rest) = postcard::take_from_bytes::<Saved>(bytes).map_err(|_| damaged())?;
    let sound = |w: f64| (0.0..=1.0).contains(&w);
    if saved.is_empty() || !rest.is_empty() || saved.iter().any(|(_, w, p)| !sound(*w) || p.is(NAME)) {
        return Err(damaged());
    }
    let parts = saved.into_iter().map(|(name, w, p)| Ok((name, w, Pipeline::from_saved(&p)?)));
    Ok(Box::new(Stacked { parts: parts.collect::<Result<_>>()? }))
}

impl Stacked {
    /// The weighted mean of what the parts say.
    fn mix(&self, said: Vec<Prediction>) -> Result<Prediction> {
        let strange = || Error::model(NAME).rule("its models do not say the same classes, or not all say numbers");
        let mut mixed: Option<Prediction> = None;
        for (said, (_, weight, _)) in said.into_iter().zip(&self.parts) {
            match (&mut mixed, said) {
                (None, Prediction::Real { unit, centre, .. }) => {
                    mixed = Some(Prediction::real(&unit, centre.iter().map(|v| weight * v).collect()));
                }
                (None, Prediction::Class { levels, probability, .. }) => {
                    mixed = Some(Prediction::class(levels, probability.iter().map(|v| weight * v).collect()));
                }
                (Some(Prediction::Real { centre: all, .. }), Prediction::Real { centre: more, .. }) => add(all, &more, *weight),
                (Some(Prediction::Class { levels, probability: all, .. }), Prediction::Class { levels: same, probability: more, .. })
                    if *levels == same =>
                {
                    add(all, &more, *weight);
                }
                _ => return Err(strange()),
            }
        }
        mixed.ok_or_else(strange)
    }
}

fn add(all: &mut [f64], more: &[f64], weight: f64) {
    all.iter_mut().zip(more).for_each(|(a, m)| *a += weight * m);
}

impl Model for Stacked {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        self.mix(self.parts.iter().map(|(_, _, p)| p.predict(at)).collect::<Result<_>>()?)
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let each = self.parts.iter().map(|(_, _, p)| p.predict_shuffled(at, order, sets)).collect::<Result<Vec<_>>>()?;
        (0..sets.len()).map(|s| self.mix(each.iter().map(|said| said[s].clone()).collect())).collect()
    }

    fn wants_time(&self) -> bool {
        self.parts.iter().any(|(_, _, p)| p.wants_time())
    }

    fn looks_around(&self) -> bool {
        self.parts.iter().any(|(_, _, p)| p.looks_around())
    }

    fn prepared(&self) -> Vec<Vec<(String, String)>> {
        self.parts.first().map(|(_, _, p)| p.prepared()).unwrap_or_default()
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn notes(&self) -> Vec<Note> {
        let of = |(name, _, p): &(String, f64, Pipeline)| {
            p.notes().into_iter().map(|n| Note { text: format!("{name}: {}", n.text), ..n }).collect::<Vec<_>>()
        };
        self.parts.iter().flat_map(of).collect()
    }

    fn save(&self) -> Vec<u8> {
        let parts = self.parts.iter().map(|(name, w, p)| (name.clone(), *w, p.to_saved())).collect();
        postcard::to_stdvec(&Saved(parts)).expect("plain data always serialise")
    }
}
