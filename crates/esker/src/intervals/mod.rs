//! Intervals of the chosen model from the folds of the primary design: what held-out rows get, and what is kept for new ones.

mod check;
mod kept;
mod parts;

use esker_core::record::{Intervals, Task};
use esker_core::{Error, Note, Prediction, Result, Spread};
use esker_evaluate::interval::{self, Ends, HeldOut, Near, Residuals, Sequence};
use esker_math::Ground;

use crate::folds::{FoldRun, fold_of_row};
use crate::judge::{distance, short};
use crate::plan::Plan;
use crate::recipe::{IntervalMethod, Update};

pub(crate) use check::check;
pub(crate) use kept::Kept;

/// Held-out intervals of every row that a fold tested; NaN elsewhere.
pub(crate) struct Held {
    pub record: Intervals,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
}

/// Rows tested (first test of each), with their fold, observation and what its model said.
struct Tested<'a> {
    plan: &'a Plan,
    folds: usize,
    rows: Vec<usize>,
    fold: Vec<u32>,
    observed: Vec<f64>,
    predicted: Vec<f64>,
    /// Lower and upper quantiles, where the model says such.
    quantiles: Option<[Vec<f64>; 2]>,
}

impl<'a> Tested<'a> {
    fn new(plan: &'a Plan, folds: &[FoldRun]) -> Result<Self> {
        let target = plan.data.samples.column(&plan.data.target)?.reals()?;
        let of = fold_of_row(&plan.designs[0], target.len());
        let (rows, fold, observed, predicted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut t = Self { plan, folds: folds.len(), rows, fold, observed, predicted, quantiles: Some([Vec::new(), Vec::new()]) };
        for (f, (fold, run)) in plan.designs[0].folds.iter().zip(folds).enumerate() {
            let centre = run.said.centre()?;
            let first: Vec<usize> = (0..fold.test.len()).filter(|&i| of[fold.test[i]] == Some(f as u32)).collect();
            t.rows.extend(first.iter().map(|&i| fold.test[i]));
            t.fold.extend(first.iter().map(|_| f as u32));
            t.observed.extend(first.iter().map(|&i| target[fold.test[i]]));
            t.predicted.extend(first.iter().map(|&i| centre[i]));
            match (&mut t.quantiles, &run.said) {
                (Some([low, high]), Prediction::Real { spread: Spread::Interval { low: l, high: h, .. }, .. }) => {
                    low.extend(first.iter().map(|&i| l[i]));
                    high.extend(first.iter().map(|&i| h[i]));
                }
                _ => t.quantiles = None,
            }
        }
        Ok(t)
    }

    fn held(&self) -> HeldOut<'_> {
        HeldOut { predicted: &self.predicted, observed: &self.observed, fold: &self.fold, folds: self.folds }
    }

    fn residuals(&self) -> Vec<f64> {
        self.predicted.iter().zip(&self.observed).map(|(p, o)| (o - p).abs()).collect()
    }

    /// Numbers of the rows by fold.
    fn by_fold(&self, of_row: &[f64]) -> Vec<Vec<f64>> {
        let mut by_fold = vec![Vec::new(); self.folds];
        self.fold.iter().zip(of_row).for_each(|(f, v)| by_fold[*f as usize].push(*v));
        by_fold
    }

    fn quantiles(&self) -> Result<[&[f64]; 2]> {
        self.quantiles.as_ref().map(|[low, high]| [low.as_slice(), high.as_slice()]).ok_or_else(|| {
            Error::recipe("intervals 'cqr'")
                .rule("the chosen model's answers come without quantiles")
                .hint("set spread = \"quantiles\" in every [[model]] that may be chosen, or method = \"cv+\"")
        })
    }

    fn ground(&self) -> Result<Ground> {
        let support = self.plan.designs[0].support.select(&self.rows);
        support.place.as_ref().map(Ground::new).ok_or_else(|| Error::data("intervals 'spatial'").rule("rows need their places"))
    }

    /// Ends of every row tested, none of which takes up the row's own residual.
    fn ends(&self, level: f64) -> Result<Ends> {
        match self.plan.recipe.interval_method {
            IntervalMethod::CvPlus | IntervalMethod::JackknifePlus | IntervalMethod::MinMax => {
                interval::held_out(&self.predicted, &self.observed, &self.fold, self.folds, level)
            }
            IntervalMethod::Quantiles => interval::held_out_quantiles(&self.held(), self.quantiles()?, level),
            IntervalMethod::Spatial(near) => self.spatial(near, level),
            IntervalMethod::Sequence { window, rate, update } => {
                let (series, sequence) = self.along(level, (window, rate), update)?;
                Ok(around(&self.predicted, series.of_row.iter().map(|&t| sequence.half[t])))
            }
        }
    }

    /// Half-widths from the residuals of the other folds' rows nearby.
    fn spatial(&self, near: Near, level: f64) -> Result<Ends> {
        let (ground, residuals) = (self.ground()?, self.residuals());
        let mut half = vec![f64::NAN; self.rows.len()];
        for f in 0..self.folds as u32 {
            let (own, others): (Vec<usize>, Vec<usize>) = (0..self.rows.len()).partition(|&i| self.fold[i] == f);
            let known: Vec<f64> = others.iter().map(|&i| residuals[i]).collect();
            let found = interval::spatial_half_widths(&ground.select(&others), &known, &ground.select(&own), near, level)?;
            own.iter().zip(found).for_each(|(&i, h)| half[i] = h.unwrap_or(f64::INFINITY));
        }
        Ok(around(&self.predicted, half.into_iter()))
    }

    fn along(&self, level: f64, how: (usize, f64), update: Update) -> Result<(Series, Sequence)> {
        let series = Series::new(self, update)?;
        let mut residuals = vec![Vec::new(); series.round.len()];
        series.of_row.iter().zip(self.residuals()).for_each(|(&t, r)| residuals[t].push(r));
        let sequence = interval::along(&residuals, &series.round, level, how)?;
        Ok((series, sequence))
    }
}

/// The rows tested in the order of time.
struct Series {
    /// The time of each row, counted along the distinct ones.
    of_row: Vec<usize>,
    /// The round that each time is part of.
    round: Vec<usize>,
}

impl Series {
    fn new(t: &Tested<'_>, update: Update) -> Result<Self> {
        let support = t.plan.designs[0].support.select(&t.rows);
        let time = support.time.filter(|time| time.days.iter().all(|d| d.is_finite()));
        let days = time.ok_or_else(|| Error::data("intervals 'sequence'").rule("rows need their times"))?.days;
        let times = distinct(days.clone());
        let mut starts = vec![f64::INFINITY; t.folds];
        t.fold.iter().zip(&days).for_each(|(&f, d)| starts[f as usize] = starts[f as usize].min(*d));
        let starts = distinct(starts);
        let round = |(i, time): (usize, &f64)| match update {
            Update::Time => i,
            Update::Fold => starts.partition_point(|s| s <= time),
        };
        Ok(Self {
            of_row: days.iter().map(|d| times.partition_point(|t| t < d)).collect(),
            round: times.iter().enumerate().map(round).collect(),
        })
    }
}

/// Ascending, each once.
fn distinct(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    values
}

/// Ends at half-widths about predictions; NaN where those are infinite.
fn around(predicted: &[f64], half: impl Iterator<Item = f64>) -> Ends {
    predicted.iter().zip(half).map(|(p, h)| if h.is_finite() { (p - h, p + h) } else { (f64::NAN, f64::NAN) }).unzip()
}

/// Held-out intervals, or the reason why there are none.
pub(crate) fn held_out(plan: &Plan, folds: &[FoldRun]) -> Result<(Option<Held>, Option<Note>)> {
    let (Some(level), Task::Regression { .. }) = (plan.recipe.interval_level, &plan.data.task) else { return Ok((None, None)) };
    let t = Tested::new(plan, folds)?;
    let n = plan.data.samples.rows();
    let (method, described) = words(plan);
    let made = t.ends(level).and_then(|ends| {
        let record = interval::summary_of(method, &t.held(), level, |l| if l == level { Ok(ends.clone()) } else { t.ends(l) })?;
        Ok((ends, record))
    });
    let (ends, record) = match made {
        Ok(made) => made,
        // Too few rows for that level: the run goes on without intervals, and says so.
        Err(e) => return Ok((None, Some(Note::warning("no-intervals", e.to_string().replace("\n  hint:", "; hint:"))))),
    };
    let record = Intervals { described, by: parts::by(&t, &ends, level)?, ..record };
    let mut all = (vec![f64::NAN; n], vec![f64::NAN; n]);
    for (i, &row) in t.rows.iter().enumerate() {
        all.0[row] = ends.0[i];
        all.1[row] = ends.1[i];
    }
    Ok((Some(Held { record, low: all.0, high: all.1 }), None))
}

/// What makes the intervals of new rows.
pub(crate) fn kept(plan: &Plan, folds: &[FoldRun], level: f64) -> Result<Kept> {
    let t = Tested::new(plan, folds)?;
    Ok(match plan.recipe.interval_method {
        IntervalMethod::CvPlus | IntervalMethod::JackknifePlus => Kept::Plus(Residuals::new(t.by_fold(&t.residuals()))?),
        IntervalMethod::MinMax => Kept::MinMax(Residuals::new(t.by_fold(&t.residuals()))?),
        IntervalMethod::Quantiles => {
            let [low, high] = t.quantiles()?;
            let scores: Vec<f64> = t.observed.iter().zip(low.iter().zip(high)).map(|(y, (l, h))| (l - y).max(y - h)).collect();
            Kept::Quantiles(t.by_fold(&scores))
        }
        IntervalMethod::Spatial(near) => {
            let place = plan.data.samples.support().select(&t.rows).place;
            let place = place.ok_or_else(|| Error::data("intervals 'spatial'").rule("rows need their places"))?;
            Kept::Spatial { x: place.x().to_vec(), y: place.y().to_vec(), crs: place.crs().clone(), residuals: t.residuals(), near }
        }
        IntervalMethod::Sequence { window, rate, update } => {
            let half = t.along(level, (window, rate), update)?.1.next;
            Kept::Width(half.is_finite().then_some(half))
        }
    })
}

/// What the method is called, and what it does.
fn words(plan: &Plan) -> (&'static str, String) {
    let paper = "(Barber et al. 2021) from the same folds";
    match plan.recipe.interval_method {
        IntervalMethod::CvPlus | IntervalMethod::JackknifePlus if check::leaves_one_out(&plan.designs[0]) => {
            ("jackknife+", format!("jackknife+ {paper}, which test one row each"))
        }
        IntervalMethod::CvPlus | IntervalMethod::JackknifePlus => ("CV+", format!("CV+ {paper}")),
        IntervalMethod::MinMax => {
            let lack = "a held-out row has one model that did not learn from it, so that what the range of the fold models adds for new rows is not in its interval";
            ("CV-minmax", format!("CV-minmax {paper}; {lack}"))
        }
        IntervalMethod::Quantiles => (
            "CQR",
            "conformalised quantile regression (Romano et al. 2019), the quantiles of each fold's model widened by the scores of rows that other folds held out"
                .to_owned(),
        ),
        IntervalMethod::Spatial(near) => {
            let whose = match near {
                Near::Rows(rows) => format!("the {rows} nearest rows of other folds"),
                Near::Bandwidth(b) => format!("rows of other folds, weighted by distance with a bandwidth of {}", distance(b)),
            };
            ("spatial conformal", format!("spatial conformal prediction (Mao et al. 2024) from the held-out residuals of {whose}"))
        }
        IntervalMethod::Sequence { window, rate, update } => {
            let adapted = if rate > 0.0 {
                format!(", the share to be missed moving by {} of the difference after each round (ACI, Gibbs and Candès 2021)", short(rate))
            } else {
                String::new()
            };
            let known = match update {
                Update::Fold => "when the fold was over",
                Update::Time => "before the next time was predicted",
            };
            (
                if rate > 0.0 { "EnbPI with ACI" } else { "EnbPI" },
                format!("the held-out residuals of up to {window} times before (EnbPI, Xu and Xie 2021){adapted}; what a fold tested became known {known}"),
            )
        }
    }
}
