//! The plan: a recipe that has met its data. Every mistake is found here, before any work starts.

use std::path::{Path, PathBuf};

use esker_core::record::Task;
use esker_core::{
    Advice, Better, Codes, Context, Error, Fold, Metric, Note, Result, Rng, Samples, Splitter, StepRecord, Support, Table, Targets, Values,
};
use esker_evaluate::score::{self, Score};
use esker_evaluate::split::{Aim, Design};

use crate::adjust;
use crate::advise;
use crate::alarms;
use crate::dataset::Dataset;
use crate::feature_selection;
use crate::findings::Findings;
use crate::intervals;
use crate::ledger::{self, Entry};
use crate::lock::{self, Lock};
use crate::pipeline::{needs, takes};
use crate::prepare;
use crate::recipe::{DesignPart, Recipe, Tune};
use crate::regions;
use crate::source;
use crate::steps;
use crate::tune::{inner_design, inner_folds};
use crate::wanted::{self, WantedRows};
use crate::wanted_area::WantedSample;

/// A design with the folds it makes of these data.
pub(crate) struct PlannedDesign {
    pub part: DesignPart,
    pub splitter: Box<dyn Splitter>,
    pub support: Support,
    pub folds: Vec<Fold>,
}

impl PlannedDesign {
    /// Whether most folds hold one row: what is no mean over rows then has no score in a fold.
    pub fn holds_single_rows(&self) -> bool {
        2 * self.folds.iter().filter(|f| f.test.len() == 1).count() > self.folds.len()
    }

    /// Whether folds are stretches of time: they learn from other times of the very groups and places that they judge.
    pub fn holds_out_times(&self) -> bool {
        match self.part.design {
            Design::Forward | Design::Rolling | Design::BlockTime | Design::Year | Design::Season => true,
            Design::Holdout => self.part.settings.text("by") == "time",
            _ => false,
        }
    }

    /// What it does, for the methods paragraph, with the column its groups come from if that is its own.
    pub fn describe(&self) -> String {
        match &self.part.group {
            Some(group) => format!("{} The groups were those of {group}.", self.splitter.describe()),
            None => self.splitter.describe(),
        }
    }
}

/// A metric ready to score.
pub(crate) struct PlannedMetric {
    pub kind: Score,
    pub metric: Box<dyn Metric>,
}

/// A recipe and its data, checked against each other.
pub struct Plan {
    pub(crate) recipe: Recipe,
    pub(crate) data: Dataset,
    pub(crate) data_file: String,
    pub(crate) data_sha256: String,
    /// The penalties of the `cost` metric as text, for the checksum of what decides a run.
    pub(crate) penalty: String,
    pub(crate) designs: Vec<PlannedDesign>,
    /// The use that the models are meant for.
    pub(crate) aim: Aim,
    /// Places where predictions are wanted with their features, as many as are measured.
    pub(crate) wanted: Option<WantedSample>,
    /// Why the primary design was chosen, where Esker chose it.
    pub advice: Option<Advice>,
    /// The columns that models are given once the recipe's steps have prepared them, without rows.
    pub(crate) prepared: Samples,
    pub(crate) metrics: Vec<PlannedMetric>,
    /// Index into `metrics` of the one models are compared and tuned by.
    pub(crate) primary_metric: usize,
    /// What was noticed, gravest first.
    pub notes: Vec<Note>,
    /// The final hold-out, which nothing but its opening looks into.
    pub(crate) lock: Option<Lock>,
    /// What the ledgers beside the recipe tell.
    pub(crate) ledger: Vec<Entry>,
    /// What was done to the table after it was read.
    pub(crate) steps: Vec<StepRecord>,
}

impl Recipe {
    /// Reads a recipe from a file.
    ///
    /// # Errors
    /// A file that cannot be read, and every fault of form.
    pub fn read(path: &Path) -> Result<Self, Findings> {
        let bytes = esker_io::read_file(path, 1 << 20)?;
        let text = String::from_utf8(bytes).map_err(|e| {
            Error::recipe(path.display().to_string())
                .got(format!("a byte that is not UTF-8 at {}", e.utf8_error().valid_up_to()))
                .rule("a recipe is UTF-8 text")
        })?;
        Self::parse(&path.display().to_string(), text.strip_prefix('\u{feff}').unwrap_or(&text))
    }
}

impl Plan {
    /// Reads the recipe's data (paths are relative to `folder`), applies its steps, and checks recipe and data against each other.
    ///
    /// # Errors
    /// Every fault at once, or the user stopped the work.
    pub fn read(mut recipe: Recipe, folder: &Path, cx: &Context) -> Result<Self, Findings> {
        let (mut table, origin) = source::read(&mut recipe, folder, cx)?;
        let (stepped, steps) = steps::apply(&recipe, folder, table, cx)?;
        table = stepped;
        regions::name(&mut recipe, folder, &mut table, cx)?;
        let sha256 = origin.checksum(cx)?;
        let penalty = penalty(&recipe, folder)?;
        let wanted = match &recipe.validate.wanted {
            Some(w) => wanted::read(w, &recipe, folder).map_err(|error| one(&recipe, "validate.wanted", error))?,
            None => None,
        };
        let mut plan = Self::build(recipe, table, penalty, wanted.as_ref())?;
        plan.data_file = origin.name().to_owned();
        plan.data_sha256 = sha256;
        plan.steps = steps;
        plan.remember_openings(folder)?;
        Ok(plan)
    }

    /// Checks a recipe against a table. `penalty` is the table of the `cost` metric, if there is one.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn new(recipe: Recipe, table: Table, penalty: Option<Table>) -> Result<Self, Findings> {
        Self::build(recipe, table, penalty, None)
    }

    /// Takes in what the ledgers beside the recipe tell of rows held out once for all.
    fn remember_openings(&mut self, folder: &Path) -> Result<()> {
        if self.lock.is_none() && self.recipe.validate.primary.design != Design::Holdout {
            return Ok(());
        }
        self.ledger = ledger::read(folder)?;
        if let Some(lock) = &self.lock {
            let openings = lock::openings(&self.ledger, &lock.names);
            self.notes.extend(lock::alarm(&openings, &lock.names, &self.provenance()));
            alarms::sort(&mut self.notes);
        }
        Ok(())
    }

    fn build(mut recipe: Recipe, table: Table, penalty: Option<Table>, wanted: Option<&WantedRows>) -> Result<Self, Findings> {
        let (mut data, lock) = lock::build(&recipe, table)?;
        let mut findings = Findings { file: recipe.file.clone(), list: Vec::new() };
        let mut noted = Vec::new();
        let aim = wanted::aim(wanted, &recipe, &data, &mut noted).map_err(|error| one(&recipe, "validate.wanted", error))?;
        let aim = wanted::with_features(aim, &recipe.validate, &data);
        let sample = wanted.and_then(|rows| WantedSample::draw(rows, &recipe, &data, &mut noted));
        data.notes.extend(noted);
        let mut advice = None;
        if recipe.validate.auto {
            let advised =
                advise::advise(&recipe.validate, &data, &aim, &Rng::new(recipe.seed)).map_err(|e| one(&recipe, "validate.design", e))?;
            // What shuffled folds say belongs beside whatever else is chosen, so that their optimism is seen.
            if recipe.validate.compare.is_empty() && advised.part.design != Design::Random {
                recipe.validate.compare.push(advise::shuffled(&recipe.validate)?);
            }
            recipe.validate.primary = advised.part;
            data.notes.extend(advise::notes(&advised.advice));
            advice = Some(advised.advice);
        }
        let designs = designs(&recipe, &data, &aim, &mut findings);
        let class = matches!(data.task, Task::Classification { .. });
        for (i, model) in recipe.models.iter().enumerate() {
            let needs = needs(model.kind, &model.settings);
            let path = format!("model[{}].kind", i + 1);
            if !takes(needs, class) {
                let (is, hint) = if class {
                    ("classes", "logistic, neighbours, forest and boosting take classes")
                } else {
                    ("numbers", "ridge, forest and boosting take numbers")
                };
                let error = Error::recipe(format!("model '{}'", model.name))
                    .got(format!("a target of {is}"))
                    .rule(format!("'{}' does not take it", model.kind.name()))
                    .hint(hint);
                findings.push(recipe.place(&path), error);
            }
            if needs.group && data.samples.support().group.is_none() {
                let error = Error::recipe(format!("model '{}'", model.name))
                    .rule("it needs to know the group of each row")
                    .hint("name the column: [roles] group = \"…\"");
                findings.push(recipe.place(&path), error);
            }
        }
        let penalty_text = format!("{penalty:?}");
        let (metrics, primary_metric) = metrics(&recipe, &data.task, penalty, &mut findings);
        adjust::check(&recipe, (&data, &aim), &designs, &metrics, &mut findings);
        if !recipe.stacks.is_empty() || recipe.models.iter().any(|m| m.tune.is_some() || m.select.is_some() || m.adjust.learns()) {
            designs.iter().for_each(|design| tunable(&recipe, design, &aim, &mut findings));
        }
        intervals::check(&recipe, &data, &designs, &mut findings);
        let prepared = prepare::check(&recipe, &data, &mut findings);
        let mut notes = data.notes.clone();
        for (i, model) in recipe.models.iter().enumerate() {
            if let Some(Err(error)) = model.select.as_ref().map(|how| feature_selection::check(model, how, &data.features, &mut notes)) {
                findings.push(recipe.place(&format!("model[{}].select", i + 1)), error);
            }
        }
        for design in &designs {
            for mut note in design.splitter.notes(&design.support, &design.folds) {
                note.text = format!("design '{}': {}", design.part.label, note.text);
                notes.push(note);
            }
        }
        if findings.list.is_empty() {
            notes.extend(alarms::of_data(&recipe, &data, &designs));
        }
        alarms::sort(&mut notes);
        let (data_file, data_sha256) = (String::new(), String::new());
        findings.or(Self {
            recipe,
            data,
            data_file,
            data_sha256,
            penalty: penalty_text,
            designs,
            aim,
            wanted: sample,
            advice,
            prepared,
            metrics,
            primary_metric,
            notes,
            lock,
            ledger: Vec::new(),
            steps: Vec::new(),
        })
    }

    /// The recipe it was made from.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The title of the recipe.
    pub fn title(&self) -> &str {
        &self.recipe.title
    }

    /// A short account of what will be done: rows, features, designs with their folds, models.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} rows ({} read), {} features, target '{}'",
            self.data.samples.rows(),
            self.data.rows_read,
            self.data.features.len(),
            self.data.target
        )];
        if let Some(Lock { locked, .. }) = &self.lock {
            lines.push(format!(
                "{} rows locked for one final test, {} left out beside them: {}",
                locked.rows, locked.left_out, locked.description
            ));
        }
        if let Some(advice) = &self.advice {
            lines.push(format!("design chosen by measuring: {}", advice.reasons.join(" ")));
            lines.extend(advice.beyond.clone());
        }
        for (i, d) in self.designs.iter().enumerate() {
            let role = if i == 0 { "design" } else { "beside it" };
            lines.push(format!("{role}: {} ({} folds) {}", d.part.label, d.folds.len(), d.describe()));
        }
        let models: Vec<String> = self
            .recipe
            .models
            .iter()
            .map(|m| {
                let mut inside = Vec::new();
                if let Some(how) = &m.select {
                    let units = feature_selection::units(how, &self.data.features).len();
                    inside.push(format!("at most {} sets of features", feature_selection::most_sets(how, units)));
                }
                match &m.tune {
                    Some(Tune { minutes: Some(minutes), trials, .. }) => {
                        inside.push(format!("at most {trials} settings in {minutes} minutes"));
                    }
                    Some(Tune { trials: trials @ 2.., .. }) => inside.push(format!("{trials} settings")),
                    _ => {}
                }
                match (inside.is_empty(), &m.tune) {
                    (false, _) => format!("{} ({} tried in each training part)", m.name, inside.join(" and ")),
                    (true, Some(_)) => format!("{} (stopped early in each training part)", m.name),
                    (true, None) => m.name.clone(),
                }
            })
            .collect();
        let stacks = self.recipe.stacks.iter().map(|s| {
            let of: Vec<&str> = s.of.iter().map(|&m| self.recipe.models[m].name.as_str()).collect();
            format!("{} (a mix of {})", s.name, of.join(", "))
        });
        lines.push(format!("models: {}", models.into_iter().chain(stacks).collect::<Vec<_>>().join(", ")));
        lines
    }

    pub(crate) fn metric(&self) -> &PlannedMetric {
        &self.metrics[self.primary_metric]
    }

    pub(crate) fn better(&self) -> Better {
        self.metric().metric.better()
    }

    /// A context of the recipe's seed.
    pub fn context(&self, threads: usize) -> Context {
        Context::new(self.recipe.seed, threads)
    }
}

fn penalty(recipe: &Recipe, folder: &Path) -> Result<Option<Table>, Findings> {
    let Some(file) = &recipe.validate.penalty else { return Ok(None) };
    let path: PathBuf = esker_io::beside(folder, file);
    esker_io::read_table(&path, &esker_io::ReadOptions::default()).map(Some).map_err(|error| one(recipe, "validate.penalty", error))
}

/// One fault, at its key.
pub(crate) fn one(recipe: &Recipe, path: &str, error: Error) -> Findings {
    Findings { file: recipe.file.clone(), list: vec![crate::findings::Finding { at: recipe.place(path), error }] }
}

fn designs(recipe: &Recipe, data: &Dataset, aim: &Aim, findings: &mut Findings) -> Vec<PlannedDesign> {
    let rng = Rng::new(recipe.seed);
    let mut planned = Vec::new();
    for (i, part) in std::iter::once(&recipe.validate.primary).chain(&recipe.validate.compare).enumerate() {
        let mut support = data.samples.support().clone();
        if let Some(codes) = part.group.as_ref().and_then(|g| data.other_groups.get(g)) {
            support.group = Some(codes.clone());
        }
        if part.design.wants_strata(&part.settings) {
            support.strata = Some(strata(&data.samples.column(&data.target).map_or(Values::Real(Vec::new()), |c| c.values.clone())));
        }
        let splitter = part.design.splitter(&part.settings, aim);
        match splitter.folds(&support, &mut rng.fork("folds", i as u64)) {
            Ok(folds) => planned.push(PlannedDesign { part: part.clone(), splitter, support, folds }),
            Err(mut error) => {
                error.fault = esker_core::Fault::Recipe;
                findings.push(recipe.place(&format!("{}.design", part.path)), error);
            }
        }
    }
    planned
}

/// Whether the training parts of a design can be cut again for tuning.
fn tunable(recipe: &Recipe, design: &PlannedDesign, aim: &Aim, findings: &mut Findings) {
    // Folds are cut in the smallest part alone: that takes longer than finding their design.
    let smallest = (0..design.folds.len()).min_by_key(|&i| design.folds[i].train.len());
    for (i, fold) in design.folds.iter().enumerate() {
        let support = design.support.select(&fold.train);
        let made = if Some(i) == smallest {
            let part = (&support, &aim.select(&fold.train));
            inner_folds(&design.part, recipe.validate.inner, part, &Rng::new(recipe.seed)).map(|_| ())
        } else {
            inner_design(&design.part, recipe.validate.inner, &support).map(|_| ())
        };
        if let Err(error) = made {
            findings.push(recipe.place(&design.part.path), error);
            break;
        }
    }
}

/// Classes as they are; numbers in fifths.
pub(crate) fn strata(target: &Values) -> Codes {
    match target {
        Values::Class(codes) => codes.clone(),
        Values::Real(v) => {
            let mut order: Vec<usize> = (0..v.len()).collect();
            order.sort_by(|&a, &b| v[a].total_cmp(&v[b]));
            let mut labels = vec![None; v.len()];
            let mut fifth = 0;
            for (rank, &row) in order.iter().enumerate() {
                // Equal values are of one stratum, wherever they stand.
                if rank == 0 || v[order[rank - 1]] != v[row] {
                    fifth = rank * 5 / v.len().max(1) + 1;
                }
                labels[row] = Some(fifth.to_string());
            }
            Codes::from_labels(&labels)
        }
    }
}

fn metrics(recipe: &Recipe, task: &Task, penalty: Option<Table>, findings: &mut Findings) -> (Vec<PlannedMetric>, usize) {
    let class = matches!(task, Task::Classification { .. });
    let mut metrics = Vec::new();
    let mut told = false;
    for kind in Score::ALL {
        let fits = match kind.for_target() {
            Targets::Either => true,
            Targets::Class => class,
            Targets::Real => !class,
        };
        if fits && kind != Score::Cost && (kind.everyday() || recipe.validate.metric == Some(kind)) {
            metrics.push(PlannedMetric { kind, metric: kind.metric() });
        }
    }
    match (task, penalty) {
        (Task::Classification { levels, .. }, Some(table)) => {
            match penalty_matrix(&table, levels).and_then(|m| score::cost(m, levels.clone())) {
                Ok(metric) => metrics.push(PlannedMetric { kind: Score::Cost, metric }),
                Err(error) => {
                    told = true;
                    findings.push(recipe.place("validate.penalty"), error);
                }
            }
        }
        (Task::Regression { .. }, Some(_)) => {
            told = true;
            findings.push(
                recipe.place("validate.penalty"),
                Error::recipe("'validate.penalty'").got("a target of numbers").rule("penalties are between classes"),
            );
        }
        (_, None) => {}
    }
    let default = if class { Score::BalancedAccuracy } else { Score::Rmse };
    let wanted = recipe.validate.metric.unwrap_or(default);
    let primary = metrics.iter().position(|m| m.kind == wanted);
    // A metric that lacks its refused penalties is no second fault.
    if primary.is_none() && !(told && wanted == Score::Cost) {
        let known: Vec<&str> = metrics.iter().map(|m| m.kind.name()).collect();
        let mut error = Error::recipe(format!("metric '{}'", wanted.name()))
            .rule("it does not fit this target")
            .hint(format!("choose from {}", known.join(", ")));
        if wanted == Score::Cost {
            error = error.hint("the cost metric needs penalty = \"penalty.csv\" in [validate]");
        }
        findings.push(recipe.place("validate.metric"), error);
    }
    (metrics, primary.unwrap_or(0))
}

/// Rows: true class, columns: predicted class; the first column and the header name the classes.
fn penalty_matrix(table: &Table, levels: &[String]) -> Result<Vec<Vec<f64>>> {
    let first = table.columns().first().ok_or_else(|| Error::data("penalty table").rule("it has no columns"))?;
    let labels = crate::columns::as_classes(first);
    let codes = labels.classes()?;
    let row_of = |level: &str| (0..codes.len()).find(|&r| codes.label(r) == Some(level));
    let missing = |level: &str, what: &str| {
        Error::data("penalty table")
            .got(format!("no {what} for class '{level}'"))
            .rule("every class of the target needs a row and a column")
    };
    let mut matrix = Vec::with_capacity(levels.len());
    for truth in levels {
        let row = row_of(truth).ok_or_else(|| missing(truth, "row"))?;
        let mut penalties = Vec::with_capacity(levels.len());
        for said in levels {
            let column = table.columns().iter().find(|c| c.name == *said).ok_or_else(|| missing(said, "column"))?;
            penalties.push(column.reals()?[row]);
        }
        matrix.push(penalties);
    }
    Ok(matrix)
}
