//! Multilayer perceptrons for tables: small networks that learn from rows of numbers.
//!
//! Layers, losses, optimisers and training know nothing of tables; this file brings the two together.

mod activation;
mod loss;
mod model;
mod network;
mod norm;
mod optimiser;
mod pace;
mod pass;
mod settings;
mod task;
mod train;

#[cfg(test)]
mod gradients;

use esker_core::{Context, Error, Estimator, Model, Needs, Result, Samples, Settings, Targets, Watch};
use rayon::prelude::*;

use super::training::Training;
use settings::Wanted;
use task::Task;
use train::{Learner, diverged};

pub use model::load;
pub use settings::parameters;

/// What `mlp` does.
pub const DOC: &str = "Multilayer perceptron: layers of weighted sums with a simple function between them, fitted step by step on small batches \
     by backpropagation (Rumelhart, Hinton and Williams 1986, doi 10.1038/323533a0; AdamW of Loshchilov and Hutter 2019), for numbers by squared \
     loss, for classes by log loss.";

/// Multilayer perceptrons, unfitted.
#[derive(Debug, Clone)]
pub struct Mlp {
    wanted: Wanted,
}

impl Mlp {
    /// With the settings of [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self { wanted: Wanted::new(settings) }
    }

    fn learn(&self, train: &Samples, target: &str, mut watch: Option<&mut dyn Watch>, cx: &Context) -> Result<Box<dyn Model>> {
        let (task, data) = Task::new(Training::new(train, target)?)?;
        let Some(data) = data else { return Ok(Box::new(task.plain().ready())) };
        let plan = self.wanted.plan(task.features(), task.answer.outputs(), data.weight.len());
        let start = |k: u64| Learner::<f32>::new(plan.clone(), data.weight.len(), cx.rng.fork("network", k));
        let mut learners: Vec<Learner<f32>> = (0..self.wanted.networks as u64).map(start).collect();
        let alone = cx.threads <= learners.len();
        let mut made = None;
        for epoch in 1..=self.wanted.epochs {
            cx.check()?;
            learners.par_iter_mut().map(|l| l.epoch(&data, alone, cx)).collect::<Result<Vec<()>>>()?;
            if epoch < self.wanted.epochs && watch.is_none() {
                continue;
            }
            let saved = task.learned(&learners, plan.shape.activation);
            if !saved.sound() {
                return Err(diverged(epoch, plan.rate));
            }
            let fitted = saved.ready();
            let goes_on = match &mut watch {
                Some(watch) => {
                    let said = fitted.predict(watch.rows())?;
                    watch.see(epoch, &said)?
                }
                None => true,
            };
            made = Some(fitted);
            if !goes_on {
                break;
            }
        }
        let fitted = made.ok_or_else(|| Error::numeric("the network's training").rule("at least one epoch is made"))?;
        Ok(Box::new(fitted))
    }
}

impl Estimator for Mlp {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: true, numeric: true, scaled: true, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        self.learn(train, target, None, cx)
    }

    fn steps(&self) -> Option<&'static str> {
        Some("epochs")
    }

    fn fit_watched(&self, train: &Samples, target: &str, watch: &mut dyn Watch, cx: &Context) -> Result<Box<dyn Model>> {
        self.learn(train, target, Some(watch), cx)
    }
}
