//! The audit: what in a recipe and its data makes a score look better than the model is, each with how much.
//!
//! A check names a suspect from the data, the folds and the recipe; what it does to the score is then measured by judging a cheap model with and
//! without it. Suspects that are only a question of degree are told where that difference is beyond the noise between folds.

mod derived;
mod earlier;
mod flatter;
mod identity;
mod joined;
mod near;
mod orders;
mod rows;
mod series;
mod smooth;
mod statistic;
mod target;
mod tiles;
mod twins;

use std::collections::HashSet;
use std::path::PathBuf;

use esker_core::{Column, Context, Fold, Result, Values};
use esker_math::KdTree;
use serde::Serialize;

use crate::plan::Plan;
use crate::work::on_threads;

/// Rows that a finding names at most.
const NAMED: usize = 10;

/// What was looked for, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// The metric that models were judged by.
    pub metric: String,
    /// Unit of the metric; empty where it has none.
    pub unit: String,
    /// What was looked for, in words.
    pub looked_for: Vec<String>,
    /// What was found, what flatters most first.
    pub findings: Vec<Leak>,
}

/// One way in which the recipe deceives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Leak {
    /// A word for programs, e.g. `target-copy`.
    pub code: String,
    /// What it is, in one sentence.
    pub what: String,
    /// The columns it is about.
    pub columns: Vec<String>,
    /// The key of the recipe it is about.
    pub key: String,
    /// The line of that key, counted from 1.
    pub line: Option<usize>,
    /// Rows of the file it is about, counted from 1; the first ten.
    pub rows: Vec<usize>,
    /// How many rows it is about; 0 where it is about columns or folds as a whole.
    pub rows_in_all: usize,
    /// What was measured.
    pub evidence: String,
    /// How much the score owes to it; `None` where it cannot be taken away.
    pub flatters: Option<Flattery>,
    /// What to do.
    pub mend: String,
}

/// A score as it is and without what was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flattery {
    /// The model that was judged.
    pub model: String,
    /// Mean score over the folds as they are.
    pub as_is: f64,
    /// Mean score over the folds without what was found.
    pub without: f64,
    /// How much better the first looks, in the unit of the metric: positive where it flatters.
    pub by: f64,
    /// Standard deviation over folds of the difference, or of the folds without it where folds differ.
    pub sd: Option<f64>,
    /// Whether the difference is beyond the noise between folds.
    pub beyond_noise: bool,
    /// Folds that were judged.
    pub folds: usize,
    /// What was taken away.
    pub how: String,
}

/// What takes a suspect away.
enum Cure {
    /// Fitting without these columns.
    Without(Vec<String>),
    /// Learning without these rows, for each fold.
    Apart(Vec<Vec<usize>>),
    /// Judging on other folds, described in words.
    Folds(Vec<Fold>, String),
    /// Fitting with the second column in place of the first, and so for all columns of this kind.
    Instead(String, String),
    /// Choosing among these models by the other folds.
    Choice(Vec<usize>),
    /// Standardising the target by the training rows of each fold.
    OwnScale,
    /// Nothing that the table holds.
    Nothing,
}

/// What a check suspects.
struct Suspect {
    code: &'static str,
    what: String,
    columns: Vec<String>,
    key: String,
    /// Rows of the samples.
    rows: Vec<usize>,
    evidence: String,
    mend: String,
    cure: Cure,
    /// Told only where its effect is beyond the noise between folds.
    proven: bool,
}

impl Suspect {
    /// A suspect feature: taken away by leaving it out.
    fn column(plan: &Plan, code: &'static str, name: &str, what: String, evidence: String, mend: String) -> Self {
        let derived = plan.recipe.data.derive.iter().any(|d| d.name == name);
        Self {
            code,
            what,
            columns: vec![name.to_owned()],
            key: if derived { format!("data.derive.{name}") } else { "roles.features".to_owned() },
            rows: Vec::new(),
            evidence,
            mend,
            cure: Cure::Without(vec![name.to_owned()]),
            proven: false,
        }
    }
}

type Check = fn(&Plan) -> Result<Vec<Suspect>>;

/// The checks with what they look for. What comes first explains a column before later checks see it.
const CHECKS: [(&str, Check); 13] = [
    ("derived columns that name the target", derived::of_expressions),
    ("joins by the nearest time that take later rows", joined::of_joins),
    ("lags and windows that reach into the future, and overlapping windows", series::of_time),
    (
        "statistics of the target over all rows: group means, neighbours' means, and the target scaled before the split",
        statistic::of_target,
    ),
    ("features that encode the target", target::of_target),
    ("features scaled or ranked by statistics of all rows", statistic::of_features),
    ("features that name the group, the fold or the row", identity::of_identity),
    ("duplicated and nearly duplicated rows across folds", rows::across_folds),
    ("tiles and windows that share cells across folds", tiles::across_folds),
    ("groups that are one under two names", twins::of_groups),
    ("folds closer in space or time than the target's likeness reaches or than the use is, and groups split over folds", near::of_folds),
    ("settings chosen by the score that is reported", earlier::of_variants),
    ("openings of the rows held out, by the ledger beside the recipe", earlier::of_ledger),
];

impl Plan {
    /// Looks for what makes the score look better than the model is. `runs` are folders whose run folders may tell of earlier looks at the
    /// same hold-out; those that are not there tell of none. The answer does not depend on `cx.threads`.
    ///
    /// # Errors
    /// The model that measures cannot be fitted, or the user stopped the work.
    pub fn audit(&self, runs: &[PathBuf], cx: &Context) -> Result<Audit> {
        on_threads(cx, || self.audit_here(runs, cx))
    }

    fn audit_here(&self, runs: &[PathBuf], cx: &Context) -> Result<Audit> {
        let suspects = self.suspects(runs, cx)?;
        let mut judge = flatter::Judge::new(self, &suspects)?;
        let mut found = Vec::with_capacity(suspects.len());
        cx.progress().begin("measure", suspects.len());
        for suspect in suspects {
            cx.check()?;
            let flatters = judge.measure(&suspect.cure, cx)?;
            cx.progress().step();
            if !suspect.proven || flatters.as_ref().is_some_and(|f| f.beyond_noise) {
                found.push(self.leak(suspect, flatters));
            }
        }
        cx.progress().end();
        // Scores of one audit share a unit; what cannot be measured comes last, in the order of the checks.
        let by = |leak: &Leak| leak.flatters.as_ref().map_or(f64::NEG_INFINITY, |f| f.by);
        found.sort_by(|a, b| by(b).total_cmp(&by(a)));
        let card = crate::judge::metric_cards(self).swap_remove(self.primary_metric);
        let mut looked_for: Vec<String> = CHECKS.iter().map(|c| c.0.to_owned()).collect();
        if !runs.is_empty() {
            looked_for.push("earlier runs that opened the same hold-out".to_owned());
        }
        Ok(Audit { metric: card.name, unit: card.unit.to_string(), looked_for, findings: found })
    }

    /// What the checks suspect; a column is suspected once.
    fn suspects(&self, runs: &[PathBuf], cx: &Context) -> Result<Vec<Suspect>> {
        let mut suspects = Vec::new();
        let mut named: HashSet<String> = HashSet::new();
        cx.progress().begin("audit", CHECKS.len());
        for (_, check) in CHECKS {
            cx.check()?;
            for suspect in check(self)? {
                let columns = suspect.code != "overlapping-windows" && !suspect.columns.is_empty();
                if columns && suspect.columns.iter().any(|c| named.contains(c)) {
                    continue;
                }
                if columns {
                    named.extend(suspect.columns.iter().cloned());
                }
                suspects.push(suspect);
            }
            cx.progress().step();
        }
        cx.progress().end();
        suspects.extend(runs.iter().find_map(|runs| earlier::of_runs(self, runs)));
        Ok(suspects)
    }

    fn leak(&self, suspect: Suspect, flatters: Option<Flattery>) -> Leak {
        Leak {
            code: suspect.code.to_owned(),
            what: suspect.what,
            columns: suspect.columns,
            line: self.recipe.place(&suspect.key).map(|p| p.line),
            key: suspect.key,
            rows: suspect.rows.iter().take(NAMED).map(|&r| self.data.rows[r] + 1).collect(),
            rows_in_all: suspect.rows.len(),
            evidence: suspect.evidence,
            flatters,
            mend: suspect.mend,
        }
    }

    fn audited_features(&self) -> impl Iterator<Item = &Column> {
        self.data.samples.features(&self.data.target)
    }

    fn audited_target(&self) -> Result<&Column> {
        self.data.samples.column(&self.data.target)
    }

    fn primary_folds(&self) -> &[Fold] {
        self.designs.first().map_or(&[], |d| &d.folds)
    }
}

/// The numbers of a column, if it has numbers.
fn numbers(column: &Column) -> Option<&[f64]> {
    match &column.values {
        Values::Real(v) => Some(v),
        Values::Class(_) => None,
    }
}

/// One value of a column as bits that are equal where the values are; `None` is missing.
fn key(values: &Values, row: usize) -> Option<u64> {
    match values {
        // Adding zero turns -0 into 0.
        Values::Real(v) => (!v[row].is_nan()).then(|| (v[row] + 0.0).to_bits()),
        Values::Class(c) => (c.codes()[row] != esker_core::MISSING).then(|| u64::from(c.codes()[row])),
    }
}

/// Number of different values that are there.
fn distinct(values: &Values) -> usize {
    (0..values.len()).filter_map(|r| key(values, r)).collect::<HashSet<u64>>().len()
}

/// Rows by all columns of numbers that hardly repeat, each in its standard deviations: those of the most values first.
struct Scaled {
    columns: Vec<Vec<f64>>,
}

/// Columns that a tree of neighbours searches: in more, it looks at everything.
const SEARCHED: usize = 8;

impl Scaled {
    fn new(plan: &Plan) -> Self {
        let n = plan.data.samples.rows();
        let mut columns: Vec<(usize, Vec<f64>)> = Vec::new();
        for column in plan.data.samples.columns() {
            let Some(v) = numbers(column) else { continue };
            let ((mean, sd), many) = (moments(v), distinct(&column.values));
            if sd > 0.0 && 5 * many > n {
                // Missing values agree with missing ones only.
                columns.push((many, v.iter().map(|v| if v.is_finite() { (v - mean) / sd } else { 1e3 }).collect()));
            }
        }
        columns.sort_by_key(|c| std::cmp::Reverse(c.0));
        Self { columns: columns.into_iter().map(|c| c.1).collect() }
    }

    /// A row in the first columns, as a tree searches it.
    fn point(&self, row: usize) -> Vec<f64> {
        self.columns.iter().take(SEARCHED).map(|c| c[row]).collect()
    }

    fn tree(&self, rows: &[usize]) -> Result<KdTree> {
        KdTree::new(&rows.iter().flat_map(|&r| self.point(r)).collect::<Vec<f64>>(), self.columns.len().min(SEARCHED))
    }
}

/// Mean and standard deviation (n − 1) of the values that are there.
fn moments(values: &[f64]) -> (f64, f64) {
    let known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    (esker_math::mean(&known), esker_math::variance(&known).sqrt())
}

/// A share in per cent.
fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}
