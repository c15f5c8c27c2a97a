//! A table as a network sees it, and what its answers mean.

use esker_core::record::Learning;
use esker_core::{Error, Note, Result};
use esker_math::{weighted_mean, weighted_variance};

use super::activation::Activation;
use super::loss::Truth;
use super::model::{Answer, Saved, put};
use super::network::Dense;
use super::train::{Data, Learner};
use crate::models::training::{Classes, Target, Training};

/// Epochs drawn at most: a longer course is thinned.
const DRAWN: usize = 300;

/// What is learned, and from what.
pub(super) struct Task {
    names: Vec<String>,
    pub answer: Answer,
    rows: usize,
}

impl Task {
    /// The task of a table; no data where the mean or the shares of classes are all that can be learned.
    ///
    /// # Errors
    /// A target whose spread is beyond the range of numbers.
    pub(super) fn new(training: Training) -> Result<(Self, Option<Data<f32>>)> {
        let Training { x, weight, target } = training;
        let rows = x.rows;
        let mean = weight.iter().sum::<f64>() / rows as f64;
        let weight: Vec<f64> = weight.iter().map(|w| w / mean).collect();
        let (answer, truth) = match target {
            Target::Real(y, unit) => {
                let centre = weighted_mean(&y, &weight);
                let scale = if y.iter().all(|v| *v == y[0]) { 0.0 } else { weighted_variance(&y, &weight).sqrt() };
                if !centre.is_finite() || !(scale * 1e36).is_finite() {
                    return Err(Error::numeric("the target")
                        .got("numbers too large to square")
                        .rule("the network learns it with mean 0 and spread 1"));
                }
                let truth = Truth::Real(y.iter().map(|v| ((v - centre) / scale) as f32).collect());
                (Answer::Real { unit, centre: if scale > 0.0 { centre } else { y[0] }, scale }, truth)
            }
            Target::Class(places, classes) => (Answer::Class { shares: shares(&places, &classes, &weight), classes }, Truth::Class(places)),
        };
        let plain = x.columns() == 0
            || matches!(&answer, Answer::Real { scale: 0.0, .. })
            || answer.outputs() == 1 && matches!(answer, Answer::Class { .. });
        let mut inputs = vec![0.0; rows * x.columns()];
        put(&x, 0..rows, &mut inputs);
        let task = Self { names: x.names, answer, rows };
        let weight = weight.into_iter().map(|w| w as f32).collect();
        Ok((task, (!plain).then_some(Data { x: inputs, truth, weight })))
    }

    /// Features.
    pub(super) fn features(&self) -> usize {
        self.names.len()
    }

    /// The model that says the mean, or the shares of classes.
    pub(super) fn plain(self) -> Saved {
        let note = match &self.answer {
            Answer::Class { classes, .. } if classes.count() == 1 => {
                Note::warning("one-class", format!("all training rows are of class '{}'", classes.name(0)))
            }
            _ if self.names.is_empty() => {
                Note::warning("no-features", "there is no feature to learn from: the network predicts the same everywhere")
            }
            _ => Note::warning("constant-target", "the target is the same in all training rows, and so is the prediction"),
        };
        let Self { names, answer, .. } = self;
        Saved { names, activation: Activation::Relu, networks: Vec::new(), answer, learning: None, notes: vec![note] }
    }

    /// The model of networks as they are now.
    pub(super) fn learned(&self, learners: &[Learner<f32>], activation: Activation) -> Saved {
        let networks: Vec<Vec<Dense>> = learners.iter().map(|l| l.network.dense()).collect();
        let learning = self.course(learners, activation);
        let mut notes = Vec::new();
        if let Some(loss) = learning.loss.last().filter(|l| **l >= learning.none) {
            notes.push(Note::warning(
                "learned-nothing",
                format!(
                    "after {} epochs the loss on the {} training rows is {loss:.3}, no better than {:.3} of the same answer everywhere: try another \
                     'rate' or more 'epochs'",
                    learners[0].epochs.len(),
                    self.rows,
                    learning.none
                ),
            ));
        }
        Saved { names: self.names.clone(), activation, networks, answer: self.answer.clone(), learning: Some(learning), notes }
    }

    /// The loss of the same answer everywhere: the mean, or the shares of classes.
    fn loss_of_none(&self) -> f64 {
        match &self.answer {
            Answer::Real { .. } => 1.0,
            Answer::Class { shares, .. } => shares.iter().filter(|s| **s > 0.0).map(|s| -s * s.ln()).sum(),
        }
    }

    /// How learning went, the mean over networks.
    fn course(&self, learners: &[Learner<f32>], activation: Activation) -> Learning {
        let (first, part) = (&learners[0], 1.0 / learners.len() as f64);
        let count = first.epochs.len();
        let step = count.div_ceil(DRAWN).max(1);
        let mut at: Vec<usize> = (0..count).step_by(step).collect();
        if at.last().is_some_and(|l| l + 1 < count) {
            at.push(count - 1);
        }
        let layers = first.network.layers.len();
        let mean = |of: &dyn Fn(&Learner<f32>) -> f64| learners.iter().map(|l| part * of(l)).sum::<f64>();
        Learning {
            sizes: first.network.shape.sizes.clone(),
            activation: activation.name().to_owned(),
            networks: learners.len(),
            numbers: learners.iter().map(|l| l.network.numbers()).sum(),
            measure: match &self.answer {
                Answer::Real { .. } => "squared error as a share of the target's variance".to_owned(),
                Answer::Class { .. } => "log loss".to_owned(),
            },
            none: self.loss_of_none(),
            epoch: at.iter().map(|e| e + 1).collect(),
            loss: at.iter().map(|&e| mean(&|l| l.epochs[e].loss)).collect(),
            rate: at.iter().map(|&e| first.epochs[e].rate).collect(),
            gradient: (0..layers).map(|i| at.iter().map(|&e| mean(&|l| l.epochs[e].gradient[i])).collect()).collect(),
        }
    }
}

/// The share of each class in the weight.
fn shares(places: &[u32], classes: &Classes, weight: &[f64]) -> Vec<f64> {
    let mut shares = vec![0.0; classes.count()];
    let total: f64 = weight.iter().sum();
    places.iter().zip(weight).for_each(|(&k, w)| shares[k as usize] += w / total);
    // Rounding may carry the share of a lone class past 1.
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|s| *s /= sum);
    shares
}
