//! Where the chosen model may be believed: the area of applicability of a run, and of new rows.

use esker_core::record::{self, ErrorProfile, Explanation, Rows, Task};
use esker_core::{Column, Context, Fault, Note, Result, Unit};
use esker_evaluate::applicability::{Applicability, Profile, Slope, Training, usable, windows};
use esker_math::quantile_of_sorted;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;

/// Codes of the notes on new rows.
pub(crate) const OUTSIDE: &str = "outside-applicability";
pub(crate) const UNKNOWN: &str = "applicability-unknown";

/// Shares at which quantiles are recorded.
const SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
/// Windows and points of the curve that a record holds at most.
const MOST_WINDOWS: usize = 200;
const POINTS: usize = 60;

/// What is kept with a model.
#[derive(Serialize, Deserialize)]
pub(crate) struct Area {
    area: Applicability,
    /// Expected error along the dissimilarity.
    profile: Option<Profile>,
}

/// What a run found.
#[derive(Default)]
pub(crate) struct Found {
    pub area: Option<Area>,
    pub record: Option<record::Applicability>,
    pub notes: Vec<Note>,
}

/// The area of applicability of the chosen model; its held-out rows learn how unlike others they are. Where there is none, a note says why.
pub(crate) fn find(plan: &Plan, features: &[String], explanation: Option<&Explanation>, rows: &mut Rows, cx: &Context) -> Result<Found> {
    let mut found = Found::default();
    if !plan.recipe.explain.applicability || features.is_empty() {
        return Ok(found);
    }
    cx.check()?;
    let all: Vec<&Column> = features.iter().map(|f| plan.data.samples.column(f)).collect::<Result<_>>()?;
    let kept: Vec<&Column> = usable(&all).into_iter().map(|i| all[i]).collect();
    let left_out: Vec<&str> = all.iter().filter(|c| kept.iter().all(|k| k.name != c.name)).map(|c| c.name.as_str()).collect();
    if !left_out.is_empty() {
        let text = format!("the area of applicability leaves out features of one value or none: {}", left_out.join(", "));
        found.notes.push(Note::info("applicability-features", text));
    }
    let (weights, weighted_by) = weights(&kept, explanation);
    let fitted = Applicability::fit(&kept, &weights, Some(&plan.designs[0].folds));
    let (area, training) = match fitted {
        Ok(fitted) => fitted,
        Err(e) if e.fault == Fault::Cancelled => return Err(e),
        Err(e) => {
            let text = format!("there is no area of applicability: {}", e.to_string().replace("\n  hint:", "; hint:"));
            found.notes.push(Note::warning("no-applicability", text));
            return Ok(found);
        }
    };
    found.notes.extend(notes(&area, &training, &weighted_by));
    let (profiles, profile) = profiles(&plan.data.task, rows, &area, &training, &mut found.notes);
    found.record = Some(card(&area, &training, weighted_by, profiles));
    found.area = Some(Area { area, profile });
    rows.dissimilarity = training.dissimilarity;
    rows.density = training.density;
    Ok(found)
}

/// Importance as weights, or equal ones where it says nothing.
fn weights(features: &[&Column], explanation: Option<&Explanation>) -> (Vec<f64>, String) {
    let Some(e) = explanation else { return (vec![1.0; features.len()], "all equal, as importance is off".to_owned()) };
    let of = |c: &&Column| e.features.iter().find(|i| i.name == c.name).map_or(0.0, |i| i.mean.max(0.0));
    let weights: Vec<f64> = features.iter().map(of).collect();
    if weights.iter().all(|w| *w == 0.0) {
        return (vec![1.0; features.len()], "all equal, as no feature matters on held-out rows".to_owned());
    }
    (weights, format!("permutation importance on held-out rows ({}), below 0 as 0", e.metric))
}

fn notes(area: &Applicability, training: &Training, weighted_by: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    if weighted_by.starts_with("all equal") {
        notes.push(Note::info("applicability-weights", format!("weights of the features in the dissimilarity index are {weighted_by}")));
    }
    if training.incomplete > 0 {
        notes.push(Note::info(
            "applicability-incomplete",
            format!(
                "{} of {} training rows lack a feature; new rows are compared with the others, and have a dissimilarity index only where no feature is missing",
                training.incomplete,
                training.dissimilarity.len()
            ),
        ));
    }
    if training.averaged < area.rows() {
        notes.push(Note::info(
            "applicability-mean",
            format!("the mean distance among {} training rows is that of {} of them to all others", area.rows(), training.averaged),
        ));
    }
    if area.threshold() == 0.0 {
        notes.push(Note::warning(
            "applicability-threshold",
            "the dissimilarity index of held-out rows is mostly 0: folds learn from rows with the very features of those they are judged on, so that only such rows are inside the area of applicability",
        ));
    }
    notes
}

/// Expected error along dissimilarity and density; the curve of the first is kept with the model.
fn profiles(
    task: &Task,
    rows: &Rows,
    area: &Applicability,
    training: &Training,
    notes: &mut Vec<Note>,
) -> (Vec<ErrorProfile>, Option<Profile>) {
    let (root, error, unit) = match task {
        Task::Regression { unit, .. } => (true, "RMSE", unit.clone()),
        Task::Classification { .. } => (false, "share of wrong classes", Unit::default()),
    };
    let loss: Vec<f64> = rows
        .observed
        .iter()
        .zip(&rows.predicted)
        .map(|(o, p)| match task {
            _ if o.is_nan() || p.is_nan() => f64::NAN,
            Task::Regression { .. } => (p - o).powi(2),
            Task::Classification { .. } => f64::from(u8::from(o != p)),
        })
        .collect();
    let inside = |v: &f64| if *v <= area.threshold() { *v } else { f64::NAN };
    let dissimilarity: Vec<f64> = training.dissimilarity.iter().map(inside).collect();
    let density: Vec<f64> = training.density.iter().map(|v| if *v > 0.0 { *v } else { f64::NAN }).collect();
    let mut list = Vec::new();
    let mut first = None;
    for (name, index, slope) in [("dissimilarity", &dissimilarity, Slope::Rising), ("density", &density, Slope::Falling)] {
        let fitted = windows(index, &loss, None, root).and_then(|w| Profile::fit(&w, slope).map(|p| (w, p)));
        match fitted {
            Ok((w, profile)) => {
                let (low, high) = (w.at[0], w.at[w.at.len() - 1]);
                let at = |k: usize| low + (high - low) * k as f64 / (POINTS - 1) as f64;
                let step = w.at.len().div_ceil(MOST_WINDOWS);
                list.push(ErrorProfile {
                    index: name.to_owned(),
                    error: error.to_owned(),
                    unit: unit.clone(),
                    rows: w.at.len() + w.rows - 1,
                    window: w.rows,
                    windows: w.at.iter().copied().zip(w.error.iter().copied()).step_by(step).collect(),
                    curve: (0..POINTS).map(|k| (at(k), profile.expected(at(k)))).collect(),
                });
                if slope == Slope::Rising {
                    first = Some(profile);
                }
            }
            Err(e) if slope == Slope::Rising => {
                notes.push(Note::info("no-error-profile", format!("no error is expected of new rows: {e}")))
            }
            Err(_) => {}
        }
    }
    (list, first)
}

fn card(area: &Applicability, training: &Training, weighted_by: String, profiles: Vec<ErrorProfile>) -> record::Applicability {
    let known = |values: &[f64]| {
        let mut known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        known.sort_unstable_by(f64::total_cmp);
        known
    };
    let quantiles = |sorted: &[f64]| SHARES.iter().map(|&p| (p, quantile_of_sorted(sorted, p))).collect();
    let (dissimilarity, density) = (known(&training.dissimilarity), known(&training.density));
    let mut weights: Vec<(String, f64)> = area.weights().map(|(name, w)| (name.to_owned(), w)).collect();
    weights.sort_by(|a, b| b.1.total_cmp(&a.1));
    record::Applicability {
        weights,
        weighted_by,
        threshold: area.threshold(),
        mean_distance: area.mean_distance(),
        rows: area.rows(),
        incomplete: training.incomplete,
        outside: dissimilarity.iter().filter(|v| **v > area.threshold()).count() as f64 / dissimilarity.len() as f64,
        dissimilarity: quantiles(&dissimilarity),
        density: quantiles(&density),
        profiles,
    }
}

/// New rows that are unlike those the model learned from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unlike {
    /// Rows.
    pub rows: usize,
    /// Those outside the area of applicability.
    pub outside: usize,
    /// Those of which it is unknown, as a feature is missing.
    pub unknown: usize,
}

impl Unlike {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { rows: self.rows + other.rows, outside: self.outside + other.outside, unknown: self.unknown + other.unknown }
    }

    /// What to say of them.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let Self { rows, outside, unknown } = *self;
        let mut notes = Vec::new();
        if outside > 0 {
            notes.push(Note::warning(
                OUTSIDE,
                format!(
                    "{outside} of {rows} rows lie outside the area of applicability: their features are unlike those the model was judged on, and its scores and intervals do not speak for them"
                ),
            ));
        }
        if unknown > 0 {
            notes.push(Note::info(
                UNKNOWN,
                format!("{unknown} of {rows} rows lack a feature, so that nothing says how unlike the training rows they are"),
            ));
        }
        notes
    }
}

impl Area {
    /// Columns `<target>_dissimilarity`, `_point_density`, `_inside` and `_expected_error` of new rows.
    ///
    /// # Errors
    /// A feature is missing or of another type.
    pub fn columns(&self, task: &Task, features: &[Column]) -> Result<(Vec<Column>, Unlike)> {
        let measured = self.area.measure(features)?;
        let name = |suffix: &str| format!("{}_{suffix}", task.target());
        let counts = Unlike {
            rows: measured.inside.len(),
            outside: measured.inside.iter().filter(|v| **v == 0.0).count(),
            unknown: measured.inside.iter().filter(|v| v.is_nan()).count(),
        };
        let expected = self.profile.as_ref().map(|profile| {
            let unit = if let Task::Regression { unit, .. } = task { unit.as_str() } else { "" };
            let at = |(index, inside): (&f64, &f64)| if *inside == 1.0 { profile.expected(*index) } else { f64::NAN };
            Column::real(name("expected_error"), unit, measured.dissimilarity.iter().zip(&measured.inside).map(at).collect())
        });
        let mut columns = vec![
            Column::real(name("dissimilarity"), "", measured.dissimilarity),
            Column::real(name("point_density"), "", measured.density),
            Column::real(name("inside"), "", measured.inside),
        ];
        columns.extend(expected);
        Ok((columns, counts))
    }
}
