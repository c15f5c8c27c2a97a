//! Opens the final hold-out: the saved model is judged on the rows that nothing has seen, and the ledger remembers it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use esker_core::hold_out::{FinalCoverage, FinalScore, OPENING_FORMAT, Opened, Opening};
use esker_core::record::{Record, Task};
use esker_core::{Better, Codes, Column, Context, Error, Fault, FieldKind, MISSING, Model as _, Note, Prediction, Result, Table, Values};

use crate::dependence;
use crate::judge::exists;
use crate::ledger::{self, Entry};
use crate::lock::{self, Lock};
use crate::model_file::LoadedModel;
use crate::plan::Plan;
use crate::work::on_threads;

/// What a run folder says of its opening.
const FINAL: &str = "final.json";
const PAGE: &str = "report.html";
const MOST_BYTES: u64 = 1 << 30;

/// The record of a run folder.
///
/// # Errors
/// No run is there, or its record is not what this version writes.
pub fn read_record(run: &Path) -> Result<Record> {
    let named = || Error::new(Fault::Io, format!("run folder '{}'", run.display()));
    let file = run.join("record.json");
    if !file.is_file() {
        return Err(named()
            .got("no record.json")
            .rule("what is opened is a run's hold-out")
            .hint("run the recipe first: esker run recipe.toml"));
    }
    let strange = |e: serde_json::Error| {
        named()
            .got(format!("a record.json that cannot be read: {e}"))
            .rule("it is not what this version writes")
            .hint("run the recipe again")
    };
    serde_json::from_slice(&esker_io::read_file(&file, MOST_BYTES)?).map_err(strange)
}

/// What a run folder tells of the opening of its final hold-out; `None` where it has not been opened for this model.
///
/// # Errors
/// A file that is not what this version writes.
pub fn read_opening(run: &Path) -> Result<Option<Opening>> {
    let file = run.join(FINAL);
    if !file.is_file() {
        return Ok(None);
    }
    let strange =
        |e: serde_json::Error| Error::new(Fault::Io, format!("'{}'", file.display())).got(e.to_string()).rule("it cannot be read");
    serde_json::from_slice(&esker_io::read_file(&file, MOST_BYTES)?).map(Some).map_err(strange)
}

/// Writes `final.json` and puts it on the page of a folder.
pub(crate) fn tell(folder: &Path, record: &Record, opening: &Opening) -> Result<()> {
    esker_io::write_file(&folder.join(FINAL), &ledger::json(opening)?)?;
    let page = folder.join(PAGE);
    // A page that somebody took away is not made again.
    if !page.is_file() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&esker_io::read_file(&page, MOST_BYTES)?).into_owned();
    match esker_report::page::with_opening(&text, record, opening) {
        Some(text) => esker_io::write_file(&page, text.as_bytes()),
        None => Err(Error::new(Fault::Io, format!("'{}'", page.display()))
            .got("a page without a part for the final hold-out")
            .rule("it is not that of this run")),
    }
}

impl Plan {
    /// Judges the saved model of a run of this plan on the locked rows. The ledger beside the recipe, in `folder`, is written first; then
    /// `final.json` and the page of the run.
    ///
    /// # Errors
    /// The recipe locks no rows; recipe, data or seed are not those of the run; the model is not that of the run; the disk refuses.
    pub fn open(&self, run: &Path, folder: &Path, cx: &Context) -> Result<Opening> {
        let record = read_record(run)?;
        let lock = self.opens(run, &record)?;
        let bytes = esker_io::read_file(&run.join("model.esker"), 4 << 30)?;
        let model = LoadedModel::from_bytes(&run.join("model.esker").display().to_string(), &bytes)?;
        if model.header.model != record.chosen.model
            || model.header.settings != record.chosen.settings
            || model.header.data_sha256 != record.provenance.data_sha256
        {
            return Err(Error::model(format!("model in '{}'", run.display()))
                .got(format!("'{}'", model.header.model))
                .rule("it is not the one that record.json tells of")
                .hint("run the recipe again"));
        }
        let of = Opened {
            model: record.chosen.model.clone(),
            model_sha256: esker_io::sha256_hex(&bytes),
            recipe_sha256: record.provenance.recipe_sha256.clone(),
            data_sha256: record.provenance.data_sha256.clone(),
            seed: record.provenance.seed,
        };
        let opening = on_threads(cx, || self.judge_locked(lock, &model, (&record, of), cx))?;
        cx.check()?;
        // Who has looked is written down before anybody can look.
        ledger::add(&ledger::path(folder, &self.recipe.file), Entry { opening: opening.clone(), rows: lock.names.clone() })?;
        tell(run, &record, &opening)?;
        Ok(opening)
    }

    /// The lock, if the run is one of this very plan.
    fn opens(&self, run: &Path, record: &Record) -> Result<&Lock> {
        let mine = self.provenance();
        let told = &record.provenance;
        let again = "run the recipe again, then open";
        let head = |sha: &str| sha.chars().take(12).collect::<String>();
        if mine.recipe_sha256 != told.recipe_sha256 {
            return Err(Error::recipe(format!("recipe '{}'", self.recipe.file))
                .got(format!("a text with checksum {}…", head(&mine.recipe_sha256)))
                .rule(format!("the run in '{}' was made from one with {}…", run.display(), head(&told.recipe_sha256)))
                .hint(again));
        }
        let Some(lock) = &self.lock else {
            return Err(Error::recipe("final hold-out")
                .got("a recipe that locks no rows")
                .rule("there is nothing to open")
                .hint("[validate] final = { by = \"random\", share = 0.2 } locks rows before a run; rows that models have learned from are no test"));
        };
        if mine.data_sha256 != told.data_sha256 {
            return Err(Error::data(format!("data '{}'", self.data_file))
                .got(format!("a file with checksum {}…", head(&mine.data_sha256)))
                .rule(format!("the run in '{}' was made from one with {}…", run.display(), head(&told.data_sha256)))
                .hint(again));
        }
        if record.data.locked.as_ref() != Some(&lock.locked) || self.recipe.seed != told.seed {
            return Err(Error::recipe("final hold-out")
                .got(format!("{} rows, {}", lock.locked.rows, lock.locked.description))
                .rule(format!("the run in '{}', made by Esker {} with seed {}, locked others", run.display(), told.esker, told.seed))
                .hint(again));
        }
        Ok(lock)
    }

    fn judge_locked(&self, lock: &Lock, model: &LoadedModel, (record, of): (&Record, Opened), cx: &Context) -> Result<Opening> {
        let (table, mut notes) = known_classes(&lock.table, model)?;
        let (_, samples, _) = model.admit(table.clone())?;
        let (truth, said) = same_levels(&lock.samples.column(&self.data.target)?.values, model.pipeline.predict(&samples)?, &mut notes)?;
        let predicted = model.predict_here(table, None, cx)?;
        let weight = lock.samples.weight().filter(|_| self.recipe.validate.weighted);
        let run = record.models.iter().find(|m| m.name == record.chosen.model).and_then(|m| m.runs.first());
        let mut scores = Vec::with_capacity(self.metrics.len());
        for (planned, card) in self.metrics.iter().zip(crate::judge::metric_cards(self)) {
            let locked = exists(planned.metric.score(&truth, &said, weight))?;
            let held_out = run.and_then(|r| r.scores.iter().find(|s| s.metric == card.name)).and_then(|s| s.pooled);
            let both = locked.zip(held_out);
            let worse_by = both.map(|(l, h)| match planned.metric.better() {
                Better::Lower => l - h,
                Better::Higher => h - l,
                Better::Zero => l.abs() - h.abs(),
            });
            let difference = both.map(|(l, h)| l - h);
            scores.push(FinalScore { metric: card.name, title: card.title, unit: card.unit, locked, held_out, difference, worse_by });
        }
        let metric = &*self.metric().metric;
        let interval = dependence::of_score(metric, (&truth, &said), (lock.samples.support(), weight), &cx.fork("final hold-out", 0))?;
        let earlier = lock::earlier(&lock::openings(&self.ledger, &lock.names));
        Ok(Opening {
            format: OPENING_FORMAT,
            at: now(),
            number: earlier.len() + 1,
            earlier,
            of,
            locked: lock.locked.clone(),
            metric: record.metric.clone(),
            scores,
            interval,
            coverage: coverage(record, &truth, &predicted.table),
            outside: predicted.unlike.map(|u| u.outside),
            notes,
        })
    }
}

/// A table whose class features know the classes of the model only. Others are taken as missing, as folds take them.
fn known_classes(table: &Table, model: &LoadedModel) -> Result<(Table, Vec<Note>)> {
    let (mut table, mut notes) = (table.clone(), Vec::new());
    for field in &model.header.schema.fields {
        let FieldKind::Class { levels } = &field.kind else { continue };
        let column = crate::columns::as_classes(table.column(&field.name)?);
        let codes = column.classes()?;
        let labels = (0..codes.len()).map(|r| codes.label(r));
        let known = labels.map(|label| levels.iter().position(|l| Some(l.as_str()) == label).map_or(MISSING, |p| p as u32));
        let known: Vec<u32> = known.collect();
        let unseen = (0..codes.len()).filter(|&r| known[r] == MISSING && codes.label(r).is_some()).count();
        if unseen > 0 {
            let text = format!(
                "column '{}': {unseen} of {} locked rows have a class that the model never saw, taken as missing",
                field.name,
                codes.len()
            );
            notes.push(Note::warning("class-never-seen", text));
        }
        table.put(Column { values: Values::Class(Codes::new(known, levels.clone())?), ..column })?;
    }
    Ok((table, notes))
}

/// Truth and prediction coded alike. A class that the model never saw has probability 0 in it.
fn same_levels(truth: &Values, said: Prediction, notes: &mut Vec<Note>) -> Result<(Values, Prediction)> {
    let (Values::Class(codes), Prediction::Class { levels, probability, decided }) = (truth, &said) else {
        return Ok((truth.clone(), said));
    };
    let present = codes.counts();
    let new: Vec<String> =
        (0..present.len()).filter(|&k| present[k] > 0).map(|k| codes.levels()[k].clone()).filter(|l| !levels.contains(l)).collect();
    let known = levels.len();
    let all: Vec<String> = levels.iter().chain(&new).cloned().collect();
    if !new.is_empty() {
        notes.push(Note::warning(
            "class-never-seen",
            format!("of the target, locked rows alone have '{}': the model cannot say so", new.join("', '")),
        ));
    }
    let probability = probability.chunks(known).flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, new.len()))).collect();
    let labels = (0..codes.len()).map(|r| codes.label(r));
    let codes = labels.map(|label| all.iter().position(|l| Some(l.as_str()) == label).map_or(MISSING, |p| p as u32)).collect();
    Ok((Values::Class(Codes::new(codes, all.clone())?), Prediction::Class { levels: all, probability, decided: decided.clone() }))
}

/// How often the model's intervals hold the locked observations.
fn coverage(record: &Record, truth: &Values, predicted: &Table) -> Option<FinalCoverage> {
    let (Values::Real(truth), Task::Regression { target, .. }, Some(told)) = (truth, &record.task, &record.intervals) else { return None };
    let end = |name: &str| predicted.column(&format!("{target}_{name}")).ok()?.reals().ok();
    let (low, high) = (end("low")?, end("high")?);
    let n = truth.len().max(1) as f64;
    let inside = truth.iter().zip(low.iter().zip(high)).filter(|(y, (l, h))| *l <= *y && *y <= *h).count();
    let width = low.iter().zip(high).map(|(l, h)| h - l).sum::<f64>() / n;
    Some(FinalCoverage { level: told.level, locked: inside as f64 / n, held_out: told.coverage, width })
}

/// The moment in UTC, to the second.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (day, rest) = (seconds / 86_400, seconds % 86_400);
    format!("{}T{:02}:{:02}:{:02}Z", esker_io::time::format_date(day as f64), rest / 3600, rest / 60 % 60, rest % 60)
}
