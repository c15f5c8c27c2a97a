//! What every figure needs from a record: the target, the chosen model's run, pairs of observed and predicted.

use esker_core::record::{DesignRecord, MetricCard, ModelRecord, ModelRun, Rows, Score, Task};
use esker_core::{Record, Unit};

use super::text;

/// A record as figures see it.
pub struct Cx<'a> {
    /// The record.
    pub record: &'a Record,
    /// Its held-out rows.
    pub rows: &'a Rows,
    /// The target column.
    pub target: &'a str,
    /// Its unit, empty for classes.
    pub unit: Unit,
}

impl<'a> Cx<'a> {
    /// Reads a record.
    pub fn new(record: &'a Record, rows: &'a Rows) -> Self {
        let (target, unit) = match &record.task {
            Task::Regression { target, unit } => (target.as_str(), unit.clone()),
            Task::Classification { target, .. } => (target.as_str(), Unit::default()),
        };
        Self { record, rows, target, unit }
    }

    /// Whether classes are predicted.
    pub fn is_classes(&self) -> bool {
        matches!(self.record.task, Task::Classification { .. })
    }

    /// Readable names of the classes in code order; the codes' own labels where a name is missing.
    pub fn class_names(&self) -> Vec<String> {
        match &self.record.task {
            Task::Classification { levels, names, .. } => {
                levels.iter().enumerate().map(|(i, l)| names.get(i).filter(|n| !n.is_empty()).unwrap_or(l).clone()).collect()
            }
            Task::Regression { .. } => Vec::new(),
        }
    }

    /// Readable name of a class label.
    pub fn class_name(&self, level: &str) -> String {
        match &self.record.task {
            Task::Classification { levels, .. } => {
                levels.iter().position(|l| l == level).and_then(|i| self.class_names().get(i).cloned()).unwrap_or_else(|| level.to_owned())
            }
            Task::Regression { .. } => level.to_owned(),
        }
    }

    /// `name (unit)` with the target's unit.
    pub fn in_unit(&self, name: &str) -> String {
        text::labelled(name, &self.unit)
    }

    /// ` unit` to stand behind a number.
    pub fn unit_suffix(&self) -> String {
        if self.unit.is_empty() { String::new() } else { format!(" {}", text::unit(self.unit.as_str())) }
    }

    /// The primary design.
    pub fn design(&self) -> Option<&'a DesignRecord> {
        self.record.designs.iter().find(|d| d.primary).or(self.record.designs.first())
    }

    /// The chosen model.
    pub fn chosen(&self) -> Option<&'a ModelRecord> {
        self.record.models.iter().find(|m| m.name == self.record.chosen.model)
    }

    /// A model's run under a design.
    pub fn run(&self, model: &'a ModelRecord, design: &str) -> Option<&'a ModelRun> {
        model.runs.iter().find(|r| r.design == design)
    }

    /// The chosen model's run under the primary design.
    pub fn chosen_run(&self) -> Option<&'a ModelRun> {
        self.run(self.chosen()?, &self.design()?.label)
    }

    /// The card of a metric.
    pub fn card(&self, metric: &str) -> Option<&'a MetricCard> {
        self.record.metrics.iter().find(|m| m.name == metric)
    }

    /// `Title (unit)` of a metric.
    pub fn metric_label(&self, metric: &str) -> String {
        self.card(metric).map_or_else(|| metric.to_owned(), |m| text::labelled(&m.title, &m.unit))
    }

    /// Observed and predicted of the rows that have both.
    pub fn pairs(&self) -> Vec<(f64, f64)> {
        let both = self.rows.observed.iter().zip(&self.rows.predicted);
        both.map(|(o, p)| (*o, *p)).filter(|(o, p)| o.is_finite() && p.is_finite()).collect()
    }
}

/// The score of a metric in a run.
pub fn score<'a>(run: &'a ModelRun, metric: &str) -> Option<&'a Score> {
    run.scores.iter().find(|s| s.metric == metric)
}

/// The value a score is shown by: its mean over folds, the pooled one where there is none.
pub fn shown(score: &Score) -> Option<f64> {
    score.headline().filter(|v| v.is_finite())
}
