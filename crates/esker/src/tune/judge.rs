//! Judges candidates on the inner folds: fits them there and scores what they say of the rows held out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use esker_core::{Context, Error, Estimator, Fault, Fold, Metric, Prediction, Result, Samples, Settings, Values, Watch};

use super::keep::Keeper;
use super::oriented;
use super::race::{Judge, Outcome};
use super::{Inner, Place};
use crate::pipeline::Preparation;
use crate::recipe::ModelPart;

/// Prepared rows of one inner fold, shared by all candidates.
pub(super) struct Part {
    pub train: Samples,
    pub test: Samples,
}

pub(super) fn prepare(model: &ModelPart, train: &Samples, target: &str, folds: &[Fold]) -> Result<Vec<Part>> {
    folds
        .iter()
        .map(|fold| {
            let (preparation, train_rows) = Preparation::fit(model, &model.settings, train.select(&fold.train), target)?;
            Ok(Part { train: train_rows.kept(), test: preparation.apply(train.select(&fold.test))?.kept() })
        })
        .collect()
}

/// Fits candidates of a model.
pub(super) struct Fits<'a> {
    pub model: &'a ModelPart,
    pub parts: &'a [Part],
    pub target: &'a str,
    pub inner: &'a Inner<'a>,
    /// Steps without a better score after which learning ends; 0 does not watch.
    pub patience: usize,
    pub place: &'a Place<'a>,
    pub keeper: &'a Keeper,
    pub cx: &'a Context,
}

impl Judge for Fits<'_> {
    fn judge(&self, trial: usize, settings: &Settings, fold: usize) -> Result<Outcome> {
        self.keeper.once((self.place.name, trial, fold), settings, || {
            self.cx.check()?;
            let estimator = self.model.estimator(settings);
            let cx = self.cx.fork("inner fit", fold as u64);
            match scores(&*estimator, &self.parts[fold], self.target, (self.inner.metric, self.inner.weighted), self.patience, &cx) {
                Ok(scores) => Ok(Some(scores)),
                Err(e) if e.fault == Fault::Cancelled || trial == 0 => Err(e),
                // A drawn candidate that cannot be fitted is out of the race; the recipe's own settings never are.
                Err(_) => Ok(None),
            }
        })
    }

    fn over(&self) -> bool {
        self.place.deadline.is_some_and(|end| Instant::now() >= end)
    }
}

/// The score of an estimator on one fold; one a step, if it learns in steps and `patience` is not 0.
pub(super) fn scores(
    estimator: &dyn Estimator,
    part: &Part,
    target: &str,
    (metric, weighted): (&dyn Metric, bool),
    patience: usize,
    cx: &Context,
) -> Result<Vec<f64>> {
    let weight = if weighted { part.test.weight() } else { None };
    let observed = &part.test.column(target)?.values;
    if patience == 0 || estimator.steps().is_none() {
        let said = estimator.fit(&part.train, target, cx)?.predict(&part.test)?;
        let score = metric.score(observed, &said, weight)?;
        return if score.is_finite() { Ok(vec![score]) } else { Err(no_number(score)) };
    }
    let mut watching =
        Watching { rows: &part.test, observed, weight, metric, patience, seen: Vec::new(), best: (0, f64::NEG_INFINITY), cx };
    estimator.fit_watched(&part.train, target, &mut watching, cx)?;
    if watching.seen.is_empty() { Err(no_number(f64::NAN)) } else { Ok(watching.seen) }
}

fn no_number(score: f64) -> Error {
    Error::numeric("a score on an inner fold").got(score.to_string()).rule("it is a number")
}

/// Looks at the held-out rows of an inner fold after every step, until the score has not been better for a while.
struct Watching<'a> {
    rows: &'a Samples,
    observed: &'a Values,
    weight: Option<&'a [f64]>,
    metric: &'a dyn Metric,
    patience: usize,
    seen: Vec<f64>,
    /// The step of the best score, and that score, larger is better.
    best: (usize, f64),
    cx: &'a Context,
}

impl Watch for Watching<'_> {
    fn rows(&self) -> &Samples {
        self.rows
    }

    fn see(&mut self, step: usize, said: &Prediction) -> Result<bool> {
        self.cx.check()?;
        let score = self.metric.score(self.observed, said, self.weight)?;
        if !score.is_finite() {
            // What has diverged does not come back.
            return Ok(false);
        }
        // Steps that were not shown count as the one that was.
        self.seen.resize(step.max(self.seen.len() + 1), score);
        let worth = oriented(self.metric.better(), score);
        if worth > self.best.1 {
            self.best = (step, worth);
        }
        Ok(step - self.best.0 < self.patience)
    }
}

/// The time that a model's tuning may take, dealt out to the parts of the work as they begin.
pub(crate) struct Clock {
    end: Option<Instant>,
    /// Parts that have not begun.
    left: AtomicUsize,
    threads: usize,
}

impl Clock {
    /// For `parts` parts that run side by side on `threads` threads and share some of the minutes.
    pub fn new(minutes: Option<f64>, parts: usize, threads: usize) -> Self {
        let end = minutes.and_then(|m| Instant::now().checked_add(Duration::from_secs_f64(60.0 * m)));
        Self { end, left: AtomicUsize::new(parts), threads }
    }

    /// When the part that begins now should end: it has a fair share of what is left.
    pub fn deadline(&self) -> Option<Instant> {
        let end = self.end?;
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_sub(1))).unwrap_or(1).max(1);
        let now = Instant::now();
        Some(now + end.saturating_duration_since(now).mul_f64(self.threads.min(left) as f64 / left as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Column, Inside, Model, Needs, Support, Targets, Unit};
    use esker_evaluate::score::Score;

    /// Says 10 / step in every row.
    struct Slow {
        steps: usize,
    }

    struct Said(f64);

    fn said(rows: usize, value: f64) -> Prediction {
        Prediction::real(&Unit::default(), vec![value; rows])
    }

    impl Model for Said {
        fn predict(&self, at: &Samples) -> Result<Prediction> {
            Ok(said(at.rows(), self.0))
        }

        fn inside(&self) -> Inside {
            Inside::Closed
        }

        fn save(&self) -> Vec<u8> {
            Vec::new()
        }
    }

    impl Estimator for Slow {
        fn needs(&self) -> Needs {
            Needs { target: Targets::Real, complete: false, numeric: false, scaled: false, group: false }
        }

        fn fit(&self, _: &Samples, _: &str, _: &Context) -> Result<Box<dyn Model>> {
            Ok(Box::new(Said(10.0 / self.steps as f64)))
        }

        fn steps(&self) -> Option<&'static str> {
            Some("steps")
        }

        fn fit_watched(&self, _: &Samples, _: &str, watch: &mut dyn Watch, _: &Context) -> Result<Box<dyn Model>> {
            let mut step = 1;
            while step < self.steps && watch.see(step, &said(watch.rows().rows(), 10.0 / step as f64))? {
                step += 1;
            }
            Ok(Box::new(Said(10.0 / step as f64)))
        }
    }

    fn watched(truth: f64, steps: usize, patience: usize) -> Vec<f64> {
        let rows = Samples::new(vec![Column::real("y", "", vec![truth; 4])], Support::bare(4), None).unwrap();
        let part = Part { train: rows.clone(), test: rows };
        let metric = Score::Rmse.metric();
        scores(&Slow { steps }, &part, "y", (&*metric, false), patience, &Context::new(1, 1)).unwrap()
    }

    #[test]
    fn learning_ends_when_patience_does() {
        // 10 / step is nearest to 2 at the fifth step.
        let seen = watched(2.0, 1000, 3);
        assert_eq!(seen.len(), 8, "{seen:?}");
        assert_eq!(seen[4], 0.0);
        assert_eq!(watched(0.0, 50, 3).len(), 49, "what goes on getting better is seen to the end");
        assert_eq!(watched(2.0, 1000, 0), [1.99], "unwatched, all steps are fitted and judged once");
    }

    #[test]
    fn time_is_dealt_out_fairly() {
        assert!(Clock::new(None, 4, 2).deadline().is_none());
        let clock = Clock::new(Some(10.0), 4, 2);
        let from = Instant::now();
        let minutes = |end: Option<Instant>| end.unwrap().saturating_duration_since(from).as_secs_f64() / 60.0;
        // Four parts, two at a time: half of the time each, then the whole of what is left for the last two.
        let shares: Vec<f64> = (0..4).map(|_| minutes(clock.deadline())).collect();
        for (share, expected) in shares.iter().zip([5.0, 10.0 * 2.0 / 3.0, 10.0, 10.0]) {
            assert!((share - expected).abs() < 0.05, "{shares:?}");
        }
        let late = Clock::new(Some(0.0), 2, 2);
        assert!(late.deadline().unwrap() <= Instant::now());
    }
}
