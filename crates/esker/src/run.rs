//! Runs a plan: fit, tune and predict in every fold of every design, choose, refit, explain; the record comes out.

use std::path::Path;

use esker_core::feature_selection::NaiveSelection;
use esker_core::hold_out::Opening;
use esker_core::record::{self, ALL_ROWS, Chosen, DesignRecord, FoldRecord, Learning, ModelRecord, ModelRun, Record, Rows, Task, Tuning};
use esker_core::{Context, Error, Fault, Fold, Inside, Model, Note, Prediction, Result, Settings};
use rayon::prelude::*;

use crate::adjust;
use crate::alarms;
use crate::applicability;
use crate::crowding;
use crate::dependence;
use crate::explain::{self, Explained};
use crate::feature_selection;
use crate::feature_selection::with_features;
use crate::folds::{FoldRun, fold_of_row};
use crate::intervals;
use crate::judge;
use crate::learn::{LearnFrom, Learned};
use crate::model_file::SavedModel;
use crate::pipeline::Pipeline;
use crate::plan::{Plan, PlannedDesign};
use crate::prepare;
use crate::recipe::ModelPart;
use crate::skill;
use crate::tune::{Clock, Inner, Keeper, oriented};
use crate::work::on_threads;

/// What a run leaves: the record, its held-out rows, and the model.
pub struct Outcome {
    /// Everything measured and decided.
    pub record: Record,
    /// Held-out rows of the chosen model.
    pub rows: Rows,
    /// The chosen model, refitted on all rows, with what its intervals need.
    pub model: SavedModel,
    /// Openings that the ledgers beside the recipe tell of, the first one first.
    pub(crate) openings: Vec<Opening>,
    /// Fits of tuning that an earlier run had done before it was stopped.
    pub taken_up: usize,
}

/// The models judged so far.
#[derive(Default)]
struct Field {
    models: Vec<ModelRecord>,
    /// Held-out predictions of each under the primary design.
    said: Vec<Prediction>,
    notes: Vec<Note>,
    /// The leader, its score (larger is better) and its folds.
    best: Option<(usize, f64, ModelFolds)>,
}

/// The generator of a fit, among those of a model's work.
pub(crate) const FIT: &str = "fit";

/// A model's folds under every design.
pub(crate) struct ModelFolds {
    /// One list a design, one entry a fold.
    pub designs: Vec<Vec<FoldRun>>,
}

impl Plan {
    /// Does the work. Results do not depend on `cx.threads`.
    ///
    /// # Errors
    /// A model that cannot be fitted, or the user stopped the work.
    pub fn run(&self, cx: &Context) -> Result<Outcome> {
        on_threads(cx, || self.run_here(&Keeper::none(), cx))
    }

    /// As [`Plan::run`], while what tuning finds is kept beside the run folder until [`Outcome::write`] puts the run there. When the run is stopped,
    /// the same recipe on the same data is taken up where it was, and ends as if it had not been stopped.
    ///
    /// # Errors
    /// As [`Plan::run`], or the disk refuses.
    pub fn run_kept(&self, folder: &Path, cx: &Context) -> Result<Outcome> {
        if self.recipe.models.iter().all(|m| m.tune.is_none() && m.select.is_none()) {
            return self.run(cx);
        }
        let keeper = Keeper::beside(folder, &self.fingerprint())?;
        let outcome = on_threads(cx, || self.run_here(&keeper, cx));
        outcome.map(|outcome| Outcome { taken_up: keeper.taken(), ..outcome }).map_err(|error| {
            let hint = "the same command takes up tuning and selection where they stopped";
            if error.fault == Fault::Cancelled && keeper.keeps() { error.hint(hint) } else { error }
        })
    }

    /// Tunes a model of the recipe on all rows, as for its final fit. `None` where the recipe does not tune it.
    ///
    /// # Errors
    /// No such model, one that cannot be fitted, or the user stopped the work.
    pub fn tune(&self, model: &str, cx: &Context) -> Result<Option<Tuning>> {
        let part = self.recipe.models.iter().find(|m| m.name == model);
        let part = part.ok_or_else(|| Error::recipe(format!("model '{model}'")).rule("the recipe has no such model"))?;
        on_threads(cx, || Ok(self.learned_on_all(part, &Keeper::none(), &cx.fork(&final_name(part), 0))?.tuning))
    }

    fn run_here(&self, keeper: &Keeper, cx: &Context) -> Result<Outcome> {
        let mut field = Field::default();
        let mut settled = Vec::new();
        for (index, part) in self.recipe.models.iter().enumerate() {
            let mut folds = self.fold_runs(part, keeper, cx)?;
            settled.push(self.settled(index, &folds));
            let runs = self.judge_model(&folds)?;
            field.notes.extend(time_ended(part, folds.designs.iter().flatten().filter_map(|r| r.tuning.as_ref())));
            let record = self.model_record(part, &mut folds, runs)?;
            self.enter(&mut field, record, folds)?;
        }
        for part in &self.recipe.stacks {
            let folds = self.stack_runs(part, &settled, cx)?;
            let record = self.stack_record(part, &folds.designs[0], self.judge_model(&folds)?);
            self.enter(&mut field, record, folds)?;
        }
        let Field { models, said, notes, best } = field;
        let Some((chosen, _, mut folds)) = best else {
            return Err(
                Error::numeric(format!("metric '{}'", self.metric().kind.name())).rule("it exists for no model under the primary design")
            );
        };
        self.finish((models, said, notes), chosen, folds.designs.swap_remove(0), keeper, cx)
    }

    /// Takes a judged model into the comparison.
    fn enter(&self, field: &mut Field, record: ModelRecord, folds: ModelFolds) -> Result<()> {
        field.said.push(judge::pooled(&folds.designs[0])?);
        // Only the leader's fold models are kept: forests are large.
        if let Some(score) = record.runs[0].scores[self.primary_metric].headline().map(|s| oriented(self.better(), s))
            && field.best.as_ref().is_none_or(|(_, leader, _)| score > *leader)
        {
            field.best = Some((field.models.len(), score, folds));
        }
        field.models.push(record);
        Ok(())
    }

    /// Every fold of every design for one model.
    fn fold_runs(&self, part: &ModelPart, keeper: &Keeper, cx: &Context) -> Result<ModelFolds> {
        let tasks: usize = self.designs.iter().map(|d| d.folds.len()).sum();
        // One share of the time is for the final fit.
        let share = tasks as f64 / (tasks + 1) as f64;
        let clock = Clock::new(minutes(part).map(|m| m * share), tasks, cx.threads);
        self.every_fold(&part.name, &|d, f| self.fold_run(part, (&self.designs[d], f, d == 0), (&clock, keeper), cx), cx)
    }

    /// `one` for each design and fold, side by side.
    pub(crate) fn every_fold(
        &self,
        name: &str,
        one: &(dyn Fn(usize, usize) -> Result<FoldRun> + Sync),
        cx: &Context,
    ) -> Result<ModelFolds> {
        let tasks: Vec<(usize, usize)> =
            self.designs.iter().enumerate().flat_map(|(d, design)| (0..design.folds.len()).map(move |f| (d, f))).collect();
        cx.progress().begin(name, tasks.len());
        let done: Vec<Result<FoldRun>> = tasks
            .par_iter()
            .map(|&(d, f)| {
                let run = one(d, f);
                cx.progress().step();
                run
            })
            .collect();
        cx.progress().end();
        let mut designs: Vec<Vec<FoldRun>> = self.designs.iter().map(|_| Vec::new()).collect();
        for ((d, _), run) in tasks.iter().zip(done) {
            designs[*d].push(run?);
        }
        Ok(ModelFolds { designs })
    }

    fn fold_run(
        &self,
        part: &ModelPart,
        (design, f, keep): (&PlannedDesign, usize, bool),
        (clock, keeper): (&Clock, &Keeper),
        cx: &Context,
    ) -> Result<FoldRun> {
        cx.check()?;
        let fold = &design.folds[f];
        let name = work_name(part, design);
        let cx = cx.fork(&name, f as u64);
        let from = LearnFrom {
            train: crowding::again(&self.recipe, self.data.samples.select(&fold.train))?,
            support: &design.support.select(&fold.train),
            aim: &self.aim.select(&fold.train),
            part: &format!("{}: {}", design.part.label, fold.label),
            name: &format!("{name} fold {f}"),
        };
        let learned = self.learn(part, from, &self.inner(design), (clock, keeper), &cx);
        let Learned { train, selection, tuning, decided } = learned.map_err(|e| in_fold(e, part, design, fold))?;
        let settings = tuning.as_ref().map_or(&part.settings, |t| &t.chosen);
        let mut pipeline =
            Pipeline::fit(part, settings, train, &self.data.target, &cx.fork(FIT, 0)).map_err(|e| in_fold(e, part, design, fold))?;
        let mut said = pipeline.predict(&self.data.samples.select(&fold.test))?;
        let mut adjusted = None;
        if let Some(decided) = decided {
            let before = said.clone();
            said = decided.adjust.apply(said)?;
            pipeline = pipeline.adjusted(decided.adjust.clone());
            adjusted = Some((before, decided));
        }
        Ok(FoldRun { said, selection, tuning, adjusted, stacked: None, pipeline: keep.then_some(pipeline) })
    }

    pub(crate) fn inner<'a>(&'a self, design: &'a PlannedDesign) -> Inner<'a> {
        Inner {
            design: &design.part,
            folds: self.recipe.validate.inner,
            metric: &*self.metric().metric,
            weighted: self.recipe.validate.weighted,
        }
    }

    fn judge_model(&self, folds: &ModelFolds) -> Result<Vec<ModelRun>> {
        self.designs
            .iter()
            .zip(&folds.designs)
            .enumerate()
            .map(|(d, (design, runs))| judge::model_run(self, design, runs, d == 0))
            .collect()
    }

    fn model_record(&self, part: &ModelPart, folds: &mut ModelFolds, runs: Vec<ModelRun>) -> Result<ModelRecord> {
        let tuning = folds.designs[0].iter_mut().filter_map(|r| r.tuning.clone()).collect();
        let paths = folds.designs[0].iter_mut().filter_map(|r| r.selection.take()).collect();
        let preparation = prepare::words(part, &self.prepared, &self.data.target);
        Ok(ModelRecord {
            name: part.name.clone(),
            kind: part.kind.name().to_owned(),
            settings: part.settings.clone(),
            tuning,
            preparation,
            runs,
            selection: part.select.as_ref().map(|how| feature_selection::told(how, &self.data.features, paths)),
            adjustment: adjust::told(self, part, &folds.designs[0]),
            stack: None,
        })
    }

    fn finish(
        &self,
        (mut models, said, time): (Vec<ModelRecord>, Vec<Prediction>, Vec<Note>),
        chosen: usize,
        folds: Vec<FoldRun>,
        keeper: &Keeper,
        cx: &Context,
    ) -> Result<Outcome> {
        let name = models[chosen].name.clone();
        cx.progress().begin("final fit", 1);
        let (final_fit, settings) = match self.recipe.models.get(chosen) {
            Some(part) => self.final_fit(part, &mut models[chosen], keeper, cx)?,
            None => {
                let stack = &self.recipe.stacks[chosen - self.recipe.models.len()];
                (self.final_stack(stack, (&mut models, chosen), keeper, cx)?, Settings::defaults(&[]))
            }
        };
        let features = self.used_features(&models[chosen]);
        cx.progress().step();
        cx.progress().end();
        let mut pairs = judge::comparisons(self, &models)?;
        let dependence = dependence::dependence(self, (&models, chosen), &said, &mut pairs, cx)?;
        let comparisons = judge::decided(self.better(), pairs)?;
        let skill = skill::measure(self, &models, &said, dependence.as_ref(), cx)?;
        let Explained { explanation, notes: explain_notes } = explain::explain(self, &features, (&folds, &final_fit), cx)?;
        let (held, no_intervals) = intervals::held_out(self, &folds)?;
        let mut rows = self.rows(&folds)?;
        let mut notes = self.notes.clone();
        notes.extend(time);
        notes.extend(explain_notes);
        notes.extend(no_intervals);
        notes.extend(adjust::notes(&models));
        notes.extend(skill::notes(&skill, &name));
        notes.extend(final_fit.notes().into_iter().map(|n| Note { text: format!("final {name}: {}", n.text), ..n }));
        let intervals = held.map(|h| {
            rows.low = h.low;
            rows.high = h.high;
            h.record
        });
        let area = applicability::find(self, &features, explanation.as_ref(), &mut rows, cx)?;
        notes.extend(area.notes);
        let reason = judge::reason(self, &models, chosen, &comparisons);
        notes.extend(alarms::of_run(self, &models, chosen));
        alarms::sort(&mut notes);
        let record = Record {
            format: record::FORMAT,
            title: self.recipe.title.clone(),
            provenance: self.provenance(),
            data: crate::card::data_card(self),
            task: self.data.task.clone(),
            designs: self.designs.iter().enumerate().map(|(i, d)| self.design_record(d, i == 0)).collect(),
            advice: self.advice.clone(),
            models,
            metric: self.metric().kind.name().to_owned(),
            metrics: judge::metric_cards(self),
            comparisons,
            dependence,
            chosen: Chosen { model: name, reason, settings, learning: learning(&final_fit) },
            intervals,
            explanation,
            applicability: area.record,
            tree: crate::explain::tree(&final_fit),
            notes,
            skill: Some(skill),
            prepared: prepare::told(&self.recipe, &final_fit),
        };
        let model = SavedModel::new(self, (&record, &features), (&final_fit, &folds), area.area)?;
        let openings = self.ledger.iter().map(|e| e.opening.clone()).collect();
        Ok(Outcome { record, rows, model, openings, taken_up: 0 })
    }

    /// The features that a model learned from in any part.
    fn used_features(&self, model: &ModelRecord) -> Vec<String> {
        let used = |f: &&String| model.selection.as_ref().is_none_or(|s| s.uses(f));
        self.data.features.iter().filter(used).cloned().collect()
    }

    /// The chosen model, its features selected and its settings tuned once more under the primary design, fitted on all rows.
    fn final_fit(&self, part: &ModelPart, record: &mut ModelRecord, keeper: &Keeper, cx: &Context) -> Result<(Pipeline, Settings)> {
        let cx = cx.fork(&final_name(part), 0);
        let learned = self.learned_on_all(part, keeper, &cx)?;
        tell(record, &learned);
        let Learned { train, selection, tuning, decided } = learned;
        let settings = tuning.map_or_else(|| part.settings.clone(), |t| t.chosen);
        if let (Some(path), Some(told)) = (selection, &mut record.selection) {
            let keep: Vec<String> = told.features(&path.chosen).map(str::to_owned).collect();
            let nested = &record.runs[0].scores[self.primary_metric];
            let score = self.selected_before(part, &settings, &keep, nested.mean.is_some(), &cx)?;
            told.naive = score.zip(nested.headline()).map(|(score, nested)| NaiveSelection { score, nested });
        }
        let mut pipeline = Pipeline::fit(part, &settings, train, &self.data.target, &cx.fork(FIT, 0))?;
        if let Some(decided) = decided {
            pipeline = pipeline.adjusted(decided.adjust);
        }
        Ok((pipeline, settings))
    }

    pub(crate) fn learned_on_all(&self, part: &ModelPart, keeper: &Keeper, cx: &Context) -> Result<Learned> {
        let design = &self.designs[0];
        let parts: usize = self.designs.iter().map(|d| d.folds.len()).sum();
        let clock = Clock::new(minutes(part).map(|m| m / (parts + 1) as f64), 1, cx.threads);
        let from = LearnFrom {
            train: self.data.samples.clone(),
            support: &design.support,
            aim: &self.aim,
            part: ALL_ROWS,
            name: &final_name(part),
        };
        self.learn(part, from, &self.inner(design), (&clock, keeper), cx)
    }

    /// What the primary design says of features and settings that were chosen on all its rows: the score that flatters, the mean over folds or
    /// that of all held-out rows together.
    fn selected_before(&self, part: &ModelPart, settings: &Settings, keep: &[String], mean: bool, cx: &Context) -> Result<Option<f64>> {
        let samples = with_features(&self.data.samples, &self.data.target, keep)?;
        let folds = &self.designs[0].folds;
        let said = |(f, fold): (usize, &Fold)| {
            let cx = cx.fork("selected before", f as u64);
            Pipeline::fit(part, settings, samples.select(&fold.train), &self.data.target, &cx)?.predict(&samples.select(&fold.test))
        };
        let said: Vec<Prediction> = folds.par_iter().enumerate().map(said).collect::<Result<_>>()?;
        if !mean {
            let rows: Vec<usize> = folds.iter().flat_map(|f| f.test.iter().copied()).collect();
            return judge::score_on(self, &rows, &judge::end_to_end(&said)?);
        }
        let scores = folds.iter().zip(&said).map(|(fold, said)| judge::score_on(self, &fold.test, said));
        let there: Vec<f64> = scores.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        Ok((!there.is_empty()).then(|| esker_math::mean(&there)))
    }

    pub(crate) fn provenance(&self) -> record::Provenance {
        // An address may hold a password or a token.
        let mut recipe = self.recipe.text.clone();
        for source in std::iter::once(&self.recipe.data.source).chain(&self.recipe.validate.penalty) {
            if esker_io::is_remote(std::path::Path::new(source)) {
                recipe = recipe.replace(source.as_str(), &esker_io::shown(source));
            }
        }
        record::Provenance {
            esker: env!("CARGO_PKG_VERSION").to_owned(),
            data_file: self.data_file.clone(),
            data_sha256: self.data_sha256.clone(),
            recipe_sha256: esker_io::sha256_hex(recipe.as_bytes()),
            recipe,
            seed: self.recipe.seed,
        }
    }

    fn design_record(&self, design: &PlannedDesign, primary: bool) -> DesignRecord {
        let folds = design
            .folds
            .iter()
            .map(|f| FoldRecord { label: f.label.clone(), train: f.train.len(), test: f.test.len(), left_out: f.left_out.len() })
            .collect();
        DesignRecord {
            label: design.part.label.clone(),
            kind: design.part.design.name().to_owned(),
            settings: design.part.settings.clone(),
            description: design.describe(),
            primary,
            folds,
            fold_of_row: fold_of_row(design, self.data.samples.rows()),
        }
    }

    /// Held-out predictions of the primary design, row by row.
    fn rows(&self, folds: &[FoldRun]) -> Result<Rows> {
        let samples = &self.data.samples;
        let n = samples.rows();
        let support = samples.support();
        let mut rows =
            Rows { row: self.data.rows.iter().map(|r| r + 1).collect(), fold: fold_of_row(&self.designs[0], n), ..Rows::default() };
        if let Some(place) = &support.place {
            rows.x = place.x().to_vec();
            rows.y = place.y().to_vec();
        }
        if let Some(group) = &support.group {
            rows.group = (0..n).map(|r| group.label(r).unwrap_or("").to_owned()).collect();
        }
        rows.observed = match &samples.column(&self.data.target)?.values {
            esker_core::Values::Real(v) => v.clone(),
            esker_core::Values::Class(c) => c.codes().iter().map(|k| f64::from(*k)).collect(),
        };
        rows.predicted = vec![f64::NAN; n];
        if let Task::Classification { levels, .. } = &self.data.task {
            rows.probability = vec![f64::NAN; n * levels.len()];
        }
        for (fold, (planned, run)) in self.designs[0].folds.iter().zip(folds).enumerate() {
            let classes = if matches!(run.said, Prediction::Class { .. }) { run.said.classes()? } else { Vec::new() };
            for (i, &row) in planned.test.iter().enumerate() {
                if rows.fold[row] != Some(fold as u32) {
                    continue;
                }
                match &run.said {
                    Prediction::Real { centre, .. } => rows.predicted[row] = centre[i],
                    Prediction::Class { levels, probability, .. } => {
                        let k = levels.len();
                        rows.predicted[row] = f64::from(classes[i]);
                        rows.probability[row * k..(row + 1) * k].copy_from_slice(&probability[i * k..(i + 1) * k]);
                    }
                }
            }
        }
        Ok(rows)
    }
}

/// The name of a model's work under a design, which its generators are forked by.
pub(crate) fn work_name(part: &ModelPart, design: &PlannedDesign) -> String {
    format!("model {} design {}", part.name, design.part.label)
}

/// The name of a model's final fit, likewise.
pub(crate) fn final_name(part: &ModelPart) -> String {
    format!("model {} final", part.name)
}

/// Adds what was learned on all rows to the record of a model.
pub(crate) fn tell(record: &mut ModelRecord, learned: &Learned) {
    record.tuning.extend(learned.tuning.clone());
    if let (Some(path), Some(told)) = (&learned.selection, &mut record.selection) {
        told.paths.push(path.clone());
    }
    if let Some(decided) = &learned.decided {
        adjust::tell(record, decided);
    }
}

/// How the model learned, if it is a network.
fn learning(fitted: &Pipeline) -> Option<Learning> {
    match fitted.inside() {
        Inside::Network(learning) => Some(learning),
        _ => None,
    }
}

fn minutes(part: &ModelPart) -> Option<f64> {
    part.tune.as_ref().and_then(|t| t.minutes)
}

/// Says that a model's tuning ended by time, which is the one thing that lets two runs differ.
fn time_ended<'a>(part: &ModelPart, tunings: impl Iterator<Item = &'a Tuning>) -> Option<Note> {
    let all: Vec<&Tuning> = tunings.collect();
    let ended = all.iter().filter(|t| t.time_ended).count();
    let tried = || all.iter().map(|t| t.candidates.iter().filter(|c| c.scores.len() == t.folds || !t.time_ended).count());
    let (fewest, most) = (tried().min()?, tried().max()?);
    (ended > 0).then(|| {
        let times = if fewest == most { format!("{most}") } else { format!("{fewest} to {most}") };
        Note::warning(
            "tuning-time",
            format!(
                "tuning of {} ended with its {} minutes in {ended} of {} parts, with {times} candidates judged on all inner folds; another run may judge more or fewer and end with other settings and scores",
                part.name,
                minutes(part).unwrap_or(f64::NAN),
                all.len(),
            ),
        )
    })
}

fn in_fold(mut error: Error, part: &ModelPart, design: &PlannedDesign, fold: &Fold) -> Error {
    if error.fault != esker_core::Fault::Cancelled {
        error.thing = format!("model '{}', design '{}', {}: {}", part.name, design.part.label, fold.label, error.thing);
    }
    error
}
