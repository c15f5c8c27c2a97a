//! Bootstrap intervals of scores and of differences of scores.

use esker_core::{Error, Metric, Prediction, Result, Rng, Values};
use esker_math::{quantile_of_sorted, variance};
use rayon::prelude::*;

use super::{Blocks, Runs};

/// What is drawn, with replacement.
#[derive(Debug, Clone, Copy)]
pub enum Bootstrap<'a> {
    /// Blocks that are independent of each other.
    Blocks(&'a Blocks),
    /// Runs of a series.
    Runs(&'a Runs),
}

/// A score with its uncertainty, in the unit of the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// On the rows as they are.
    pub value: f64,
    /// Standard deviation over the draws.
    pub se: f64,
    /// Lower end of the percentile interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Draws for which the score exists.
    pub draws: usize,
}

/// Held-out rows of one model.
#[derive(Clone, Copy)]
struct Rows<'a> {
    metric: &'a dyn Metric,
    truth: &'a Values,
    weight: Option<&'a [f64]>,
}

impl Bootstrap<'_> {
    fn rows(self) -> usize {
        match self {
            Self::Blocks(b) => b.of().len(),
            Self::Runs(r) => r.rows(),
        }
    }

    fn draw(self, rng: &mut Rng) -> Vec<f64> {
        match self {
            Self::Blocks(b) => b.draw(rng),
            Self::Runs(r) => r.draw(rng),
        }
    }

    /// The percentile interval (Efron and Tibshirani 1993, chapter 13) of a statistic of weighted rows.
    fn estimate(
        self,
        rows: Rows<'_>,
        (draws, confidence): (usize, f64),
        rng: &Rng,
        statistic: impl Fn(Rows<'_>) -> Result<f64> + Sync,
    ) -> Result<Estimate> {
        let thing = || Error::data("bootstrap");
        if rows.truth.len() != self.rows() {
            return Err(thing().got(format!("{} rows of truth and {} in blocks", rows.truth.len(), self.rows())).rule("one of each a row"));
        }
        if draws < 100 || !(confidence > 0.0 && confidence < 1.0) {
            return Err(thing()
                .got(format!("{draws} draws at a confidence of {confidence}"))
                .rule("at least 100 draws, and a confidence between 0 and 1"));
        }
        let value = statistic(rows)?;
        let drawn: Vec<Option<f64>> = (0..draws)
            .into_par_iter()
            .map(|i| {
                let mut counts = self.draw(&mut rng.fork("bootstrap", i as u64));
                if let Some(weight) = rows.weight {
                    counts.iter_mut().zip(weight).for_each(|(c, w)| *c *= w);
                }
                // A draw may hold one class only, or no weight at all: there the score does not exist.
                statistic(Rows { weight: Some(&counts), ..rows }).ok().filter(|v| v.is_finite())
            })
            .collect();
        let mut sorted: Vec<f64> = drawn.into_iter().flatten().collect();
        if 2 * sorted.len() < draws {
            return Err(thing()
                .got(format!("a score in {} of {draws} draws", sorted.len()))
                .rule("it exists in at least half of them")
                .hint("use smaller blocks, or another score"));
        }
        let se = variance(&sorted).sqrt();
        sorted.sort_unstable_by(f64::total_cmp);
        let end = |p: f64| quantile_of_sorted(&sorted, p);
        Ok(Estimate { value, se, low: end(0.5 - confidence / 2.0), high: end(0.5 + confidence / 2.0), draws: sorted.len() })
    }
}

/// The score of all rows with its bootstrap interval: blocks (or runs) are drawn with replacement, and the score is taken of the rows drawn. Draws are
/// the same for any number of threads. Few blocks, below some 20, make the interval too narrow.
///
/// `draws` is at least 100, `confidence` within 0..1, e.g. 0.95.
///
/// # Errors
/// As the score; rows that are not those of the blocks; too few draws; a score that exists in less than half of the draws.
pub fn of_score(
    (metric, truth, said, weight): (&dyn Metric, &Values, &Prediction, Option<&[f64]>),
    how: Bootstrap<'_>,
    draws: (usize, f64),
    rng: &Rng,
) -> Result<Estimate> {
    let rows = Rows { metric, truth, weight };
    how.estimate(rows, draws, rng, |rows| rows.metric.score(rows.truth, said, rows.weight))
}

/// The score of `a` minus that of `b` on the same rows with its bootstrap interval; both are scored on the same draws, so that what
/// is hard for both does not count.
///
/// # Errors
/// As [`of_score`].
pub fn of_difference(
    (metric, truth, [a, b], weight): (&dyn Metric, &Values, [&Prediction; 2], Option<&[f64]>),
    how: Bootstrap<'_>,
    draws: (usize, f64),
    rng: &Rng,
) -> Result<Estimate> {
    let rows = Rows { metric, truth, weight };
    how.estimate(rows, draws, rng, |rows| {
        Ok(rows.metric.score(rows.truth, a, rows.weight)? - rows.metric.score(rows.truth, b, rows.weight)?)
    })
}
