//! A record as the page reads it: which design leads, which model was chosen, which score stands for a model.

use esker_core::record::{ColumnCard, Comparison, DesignRecord, MetricCard, ModelRecord, ModelRun, Record, Score, Task};
use esker_core::{Note, Unit, Weight};

use super::number::{attach, decimals, fixed, signed, unit_text};
use super::words;

/// A record with the look-ups that every part of the page needs.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The record read.
    pub record: &'a Record,
}

/// A paired difference, turned so that it is (first − second).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean difference in the record's metric.
    pub difference: f64,
    /// 95 % confidence interval.
    pub interval: [f64; 2],
    /// Folds compared.
    pub folds: usize,
    /// Who is better beyond noise.
    pub verdict: Verdict,
}

impl Paired {
    /// Whether the difference would count alone, as its interval leaves zero out, but not beside all the other comparisons.
    pub fn counts_alone(&self) -> bool {
        self.verdict == Verdict::Tie && self.interval[0] < self.interval[1] && self.interval[0] * self.interval[1] > 0.0
    }
}

/// What a paired difference allows to be said of the first model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Better beyond noise.
    Better,
    /// Worse beyond noise.
    Worse,
    /// Cannot be told apart.
    Tie,
}

impl<'a> Reading<'a> {
    /// Reads a record.
    pub fn new(record: &'a Record) -> Self {
        Self { record }
    }

    /// The design that tuning, intervals and explanation use.
    pub fn primary(self) -> Option<&'a DesignRecord> {
        self.record.designs.iter().find(|d| d.primary).or(self.record.designs.first())
    }

    /// The designs run beside the primary one.
    pub fn others(self) -> Vec<&'a DesignRecord> {
        let primary = self.primary().map(|d| d.label.as_str());
        self.record.designs.iter().filter(|d| Some(d.label.as_str()) != primary).collect()
    }

    /// The chosen model.
    pub fn chosen(self) -> Option<&'a ModelRecord> {
        self.model(&self.record.chosen.model)
    }

    /// A model by its name.
    pub fn model(self, name: &str) -> Option<&'a ModelRecord> {
        self.record.models.iter().find(|m| m.name == name)
    }

    /// A model's scores under a design.
    pub fn run(self, model: &'a ModelRecord, design: &str) -> Option<&'a ModelRun> {
        model.runs.iter().find(|r| r.design == design)
    }

    /// The chosen model's scores under the primary design.
    pub fn chosen_run(self) -> Option<&'a ModelRun> {
        self.run(self.chosen()?, &self.primary()?.label)
    }

    /// One metric of a model under a design.
    pub fn score(self, model: &'a ModelRecord, design: &str, metric: &str) -> Option<&'a Score> {
        self.run(model, design)?.scores.iter().find(|s| s.metric == metric)
    }

    /// The number that stands for a model in the record's metric.
    pub fn value(self, model: &'a ModelRecord, design: &str) -> Option<f64> {
        self.score(model, design, &self.record.metric).and_then(Score::headline)
    }

    /// The card of a metric.
    pub fn card(self, metric: &str) -> Option<&'a MetricCard> {
        self.record.metrics.iter().find(|m| m.name == metric)
    }

    /// What a person calls a metric; its catalog name where there is no card.
    pub fn title(self, metric: &'a str) -> &'a str {
        self.card(metric).map_or(metric, |c| c.title.as_str())
    }

    /// The unit of a metric.
    pub fn unit(self, metric: &str) -> Unit {
        self.card(metric).map_or_else(Unit::default, |c| c.unit.clone())
    }

    /// The title of the record's metric.
    pub fn metric(self) -> &'a str {
        self.title(&self.record.metric)
    }

    /// The title of the record's metric inside a sentence.
    pub fn metric_inside(self) -> String {
        inside(self.metric())
    }

    /// How much better `b` is than `a` in the record's metric, in its unit; negative if worse.
    pub fn gain(self, a: f64, b: f64) -> f64 {
        match self.card(&self.record.metric).map_or("higher", |c| c.better.as_str()) {
            "lower" => a - b,
            "zero" => a.abs() - b.abs(),
            _ => b - a,
        }
    }

    /// How much better a model looks under `design` than under the primary one.
    pub fn optimism(self, model: &'a ModelRecord, design: &str) -> Option<f64> {
        let honest = self.value(model, &self.primary()?.label)?;
        Some(self.gain(honest, self.value(model, design)?))
    }

    /// Whether models were compared on all held-out rows together, as folds of one row have no score of their own.
    pub fn compared_together(self) -> bool {
        let without = |run: &ModelRun| run.scores.iter().any(|s| s.metric == self.record.metric && s.folds.is_empty());
        self.primary().is_some_and(single_rows)
            && (self.chosen_run().is_some_and(without) || self.card(&self.record.metric).is_some_and(|c| c.better == "zero"))
    }

    /// Models under the primary design, best first; those without a score last.
    pub fn ranked(self) -> Vec<&'a ModelRecord> {
        let label = self.primary().map_or("", |d| d.label.as_str());
        let mut models: Vec<&ModelRecord> = self.record.models.iter().collect();
        models.sort_by(|a, b| match (self.value(a, label), self.value(b, label)) {
            (Some(x), Some(y)) => self.gain(x, y).total_cmp(&0.0),
            (x, y) => y.is_some().cmp(&x.is_some()),
        });
        models
    }

    /// The best model that learns nothing from the features: the one to beat.
    pub fn baseline(self) -> Option<&'a ModelRecord> {
        self.ranked().into_iter().find(|m| is_baseline(m))
    }

    /// The paired difference (a − b), whichever way round the record holds it.
    pub fn paired(self, a: &str, b: &str) -> Option<Paired> {
        self.record.comparisons.iter().find_map(|c| {
            if c.a == a && c.b == b {
                Some(paired(c))
            } else if c.a == b && c.b == a {
                Some(paired(c).turned())
            } else {
                None
            }
        })
    }

    /// The target column's name.
    pub fn target(self) -> &'a str {
        match &self.record.task {
            Task::Regression { target, .. } | Task::Classification { target, .. } => target,
        }
    }

    /// The target's unit; empty for classes.
    pub fn target_unit(self) -> Unit {
        match &self.record.task {
            Task::Regression { unit, .. } => unit.clone(),
            Task::Classification { .. } => Unit::default(),
        }
    }

    /// The readable name of a class.
    pub fn class_name(self, level: &'a str) -> &'a str {
        match &self.record.task {
            Task::Classification { levels, names, .. } => {
                levels.iter().position(|l| l == level).and_then(|i| names.get(i)).filter(|n| !n.is_empty()).map_or(level, String::as_str)
            }
            Task::Regression { .. } => level,
        }
    }

    /// The features' cards.
    pub fn features(self) -> Vec<&'a ColumnCard> {
        self.record.data.columns.iter().filter(|c| c.role == "feature").collect()
    }

    /// Notes of one weight.
    pub fn notes(self, weight: Weight) -> Vec<&'a Note> {
        self.record.notes.iter().filter(|n| n.weight == weight).collect()
    }

    /// Decimals for the record's metric, the same wherever it stands.
    pub fn decimals(self) -> usize {
        let label = self.primary().map_or("", |d| d.label.as_str());
        decimals(self.record.models.iter().filter_map(|m| self.value(m, label)))
    }

    /// A value of the record's metric with its unit.
    pub fn in_metric(self, value: f64) -> String {
        attach(&fixed(value, self.decimals()), &self.unit(&self.record.metric))
    }

    /// A model's score under a design with its spread over folds, where there is one.
    pub fn reached(self, model: &'a ModelRecord, design: &str) -> Option<String> {
        let score = self.score(model, design, &self.record.metric)?;
        Some(match (score.mean, score.sd) {
            (Some(mean), Some(sd)) => self.plus_minus(mean, sd),
            _ => self.in_metric(score.headline()?),
        })
    }

    /// `0.31 ± 0.02 unit` in the record's metric.
    pub fn plus_minus(self, mean: f64, sd: f64) -> String {
        let n = self.decimals();
        attach(&format!("{} ± {}", fixed(mean, n), fixed(sd, n)), &self.unit(&self.record.metric))
    }

    /// A difference in the record's metric with its sign and unit.
    pub fn difference(self, value: f64) -> String {
        attach(&signed(value, self.decimals()), &self.unit(&self.record.metric))
    }

    /// `0.010 to 0.030 unit`: an interval in the record's metric.
    pub fn range(self, [low, high]: [f64; 2]) -> String {
        if low == high && low != 0.0 {
            return "unknown, as all folds differ alike".to_owned();
        }
        let d = self.decimals();
        attach(&format!("{} to {}", signed(low, d), signed(high, d)), &self.unit(&self.record.metric))
    }

    /// The metric's title with its unit in brackets.
    pub fn metric_with_unit(self, metric: &'a str) -> String {
        let unit = unit_text(&self.unit(metric));
        if unit.is_empty() { self.title(metric).to_owned() } else { format!("{} ({unit})", self.title(metric)) }
    }
}

impl Paired {
    fn turned(self) -> Self {
        let verdict = match self.verdict {
            Verdict::Better => Verdict::Worse,
            Verdict::Worse => Verdict::Better,
            Verdict::Tie => Verdict::Tie,
        };
        Self { difference: -self.difference, interval: [-self.interval[1], -self.interval[0]], verdict, ..self }
    }
}

/// A comparison as the record holds it.
pub fn paired(c: &Comparison) -> Paired {
    let verdict = match c.winner.as_str() {
        "a" => Verdict::Better,
        "b" => Verdict::Worse,
        _ => Verdict::Tie,
    };
    Paired { difference: c.difference, interval: c.interval, folds: c.folds, verdict }
}

/// A metric's title inside a sentence: `Balanced accuracy` is `balanced accuracy`; `RMSE` and `Brier score` stay.
pub fn inside(title: &str) -> String {
    if title.starts_with("Brier") { title.to_owned() } else { words::inside(title) }
}

/// Whether a model learns nothing from the features.
pub fn is_baseline(model: &ModelRecord) -> bool {
    matches!(model.kind.as_str(), "mean" | "group-mean")
}

/// Whether a design shuffles rows.
pub fn shuffles(design: &DesignRecord) -> bool {
    matches!(design.kind.as_str(), "random" | "stratified")
}

/// Whether most folds hold one row, so that what is no mean over rows has no score in a fold.
pub fn single_rows(design: &DesignRecord) -> bool {
    2 * design.folds.iter().filter(|f| f.test == 1).count() > design.folds.len()
}

/// Standard deviation over folds, if there are at least two.
pub fn spread(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    Some((values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}
