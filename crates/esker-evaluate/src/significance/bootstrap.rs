//! Bootstrap intervals of scores and of differences of scores.

use esker_core::{Error, Metric, Prediction, Result, Rng, Values};
use esker_math::{quantile_of_sorted, variance};
use rayon::prelude::*;

use super::{Blocks, Runs};
use crate::score::skill;

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

/// Held-out rows: the metric, the truth, what each model says, and weights.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The score.
    pub metric: &'a dyn Metric,
    /// What is true.
    pub truth: &'a Values,
    /// What each model says of the same rows.
    pub said: &'a [&'a Prediction],
    /// Weights of the rows.
    pub weight: Option<&'a [f64]>,
}

/// Scores of several models on the same draws, so that what is hard for all of them does not count between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    values: Vec<f64>,
    /// Draws × models; a draw may hold one class only, where a score does not exist.
    scores: Vec<Vec<Option<f64>>>,
    confidence: f64,
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

    /// Draws blocks (or runs) with replacement and scores every model on the rows drawn. Draws are the same for any number of threads.
    ///
    /// `draws` is at least 100; `confidence` is within 0..1, e.g. 0.95.
    ///
    /// # Errors
    /// A score that does not exist on the rows as they are; rows that are not those of the blocks; too few draws.
    pub fn scores(self, held: Held<'_>, (draws, confidence): (usize, f64), rng: &Rng) -> Result<Drawn> {
        let thing = || Error::data("bootstrap");
        if held.truth.len() != self.rows() {
            return Err(thing().got(format!("{} rows of truth and {} in blocks", held.truth.len(), self.rows())).rule("one of each a row"));
        }
        if draws < 100 || !(confidence > 0.0 && confidence < 1.0) {
            return Err(thing()
                .got(format!("{draws} draws at a confidence of {confidence}"))
                .rule("at least 100 draws, and a confidence between 0 and 1"));
        }
        let values = held.said.iter().map(|said| held.metric.score(held.truth, said, held.weight)).collect::<Result<_>>()?;
        let scores = (0..draws)
            .into_par_iter()
            .map(|i| {
                let mut counts = self.draw(&mut rng.fork("bootstrap", i as u64));
                if let Some(weight) = held.weight {
                    counts.iter_mut().zip(weight).for_each(|(c, w)| *c *= w);
                }
                let score = |said: &&Prediction| held.metric.score(held.truth, said, Some(&counts)).ok().filter(|v| v.is_finite());
                held.said.iter().map(score).collect()
            })
            .collect();
        Ok(Drawn { values, scores, confidence })
    }
}

impl Drawn {
    /// The score of a model with its percentile interval (Efron and Tibshirani 1993, chapter 13). Few blocks, below some 20, make it too
    /// narrow.
    ///
    /// # Errors
    /// A score that exists in less than half of the draws.
    pub fn score(&self, model: usize) -> Result<Estimate> {
        self.estimate(self.values[model], |s| s[model])
    }

    /// The score of model `a` minus that of model `b`, likewise.
    ///
    /// # Errors
    /// As [`Drawn::score`].
    pub fn difference(&self, a: usize, b: usize) -> Result<Estimate> {
        self.estimate(self.values[a] - self.values[b], |s| Some(s[a]? - s[b]?))
    }

    /// The size of the score of model `a` minus that of model `b`, likewise: who is nearer to zero.
    ///
    /// # Errors
    /// As [`Drawn::score`].
    pub fn size_difference(&self, a: usize, b: usize) -> Result<Estimate> {
        self.estimate(self.values[a].abs() - self.values[b].abs(), |s| Some(s[a]?.abs() - s[b]?.abs()))
    }

    /// The skill of model `a` against `b`, (score − score of b) / (perfect − score of b), both on the same draws.
    ///
    /// # Errors
    /// As [`Drawn::score`], or `b` is perfect on the rows as they are.
    pub fn skill(&self, a: usize, b: usize, perfect: f64) -> Result<Estimate> {
        let value = skill(self.values[a], self.values[b], perfect).ok_or_else(|| {
            Error::data("skill").got(format!("a reference whose score is {perfect}")).rule("nothing is better than a perfect reference")
        })?;
        self.estimate(value, |s| skill(s[a]?, s[b]?, perfect))
    }

    fn estimate(&self, value: f64, of: impl Fn(&[Option<f64>]) -> Option<f64>) -> Result<Estimate> {
        let mut sorted: Vec<f64> = self.scores.iter().filter_map(|s| of(s)).collect();
        if 2 * sorted.len() < self.scores.len() {
            return Err(Error::data("bootstrap")
                .got(format!("a score in {} of {} draws", sorted.len(), self.scores.len()))
                .rule("it exists in at least half of them")
                .hint("use smaller blocks, or another score"));
        }
        let se = variance(&sorted).sqrt();
        sorted.sort_unstable_by(f64::total_cmp);
        let end = |p: f64| quantile_of_sorted(&sorted, p);
        let half = self.confidence / 2.0;
        Ok(Estimate { value, se, low: end(0.5 - half), high: end(0.5 + half), draws: sorted.len() })
    }
}
