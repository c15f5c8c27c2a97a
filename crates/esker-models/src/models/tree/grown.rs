//! Fitted forests.

use esker_core::graph::{Function, Graph, Value};
use esker_core::{Contributions, Inside, Interactions, Model, Note, Prediction, Result, Samples, Told, shuffled_one_by_one};
use serde::{Deserialize, Serialize};

use super::ensemble::{Ensemble, damaged};
use super::explain::Explain;
use super::spread::Sure;
use super::target::Answer;
use crate::models::training::widen;
use crate::store;

/// A fitted forest. Leaves hold differences from `centre`, or class shares.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Grown {
    pub(super) ensemble: Ensemble,
    pub(super) centre: f64,
    pub(super) answer: Answer,
    pub(super) sure: Sure,
    pub(super) notes: Vec<Note>,
}

impl Grown {
    /// What is said before the trees are asked.
    fn start(&self) -> Vec<f64> {
        vec![self.centre; self.ensemble.outputs()]
    }

    fn explain<'a>(&'a self, start: &'a [f64]) -> Explain<'a> {
        let told = if matches!(self.answer, Answer::Real { .. }) { Told::Answer } else { Told::Probability };
        Explain::new(&self.ensemble, start, 1.0 / self.ensemble.trees() as f64, (told, &self.answer))
    }

    /// The answer of sums over the trees, rows × outputs.
    fn said(&self, mut sums: Vec<f64>) -> Prediction {
        match &self.answer {
            Answer::Real { unit } => {
                let trees = self.ensemble.trees() as f64;
                sums.iter_mut().for_each(|s| *s = self.centre + *s / trees);
                Prediction::real(unit, sums)
            }
            Answer::Class { levels, present } => {
                let outputs = self.ensemble.outputs();
                let mut probability = vec![0.0; sums.len() / outputs * levels.len()];
                for (row, sums) in probability.chunks_exact_mut(levels.len()).zip(sums.chunks_exact(outputs)) {
                    let total: f64 = sums.iter().sum();
                    present.iter().zip(sums).for_each(|(&k, s)| row[k as usize] = s / total);
                }
                Prediction::class(levels.clone(), probability)
            }
        }
    }
}

impl Model for Grown {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let mut said = self.said(self.ensemble.sums(at, &vec![0.0; self.ensemble.outputs()])?);
        if let (Prediction::Real { spread, .. }, true) = (&mut said, self.sure != Sure::Unknown) {
            *spread = self.sure.spread(self.ensemble.list(), &self.ensemble.leaves(at)?);
        }
        Ok(said)
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        if self.sure != Sure::Unknown {
            return shuffled_one_by_one(self, at, order, sets);
        }
        let sums = self.ensemble.sums_shuffled(at, &vec![0.0; self.ensemble.outputs()], order, sets)?;
        Ok(sums.into_iter().map(|s| self.said(s)).collect())
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.explain(&self.start()).contributions(at).map(Some)
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        self.explain(&self.start()).against(at, background).map(Some)
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        self.explain(&self.start()).interactions(at).map(Some)
    }

    fn proximities(&self, at: &Samples, others: &Samples) -> Result<Option<Vec<f64>>> {
        self.ensemble.proximities(at, others).map(Some)
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let sums = self.ensemble.describe(graph, &self.start(), 1.0 / self.ensemble.trees() as f64)?;
        let Answer::Class { levels, present } = &self.answer else { return Ok(Some(sums)) };
        let shares = graph.map(sums, Function::Share);
        Ok(Some(widen(graph, shares, levels.len(), present)))
    }

    fn inside(&self) -> Inside {
        self.ensemble.inside()
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted forest from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Grown = store::load("forest", bytes)?;
    let outputs = match &model.answer {
        Answer::Real { .. } => 1,
        Answer::Class { present, .. } => present.len(),
    };
    let sound = model.answer.sound()
        && model.centre.is_finite()
        && model.ensemble.trees() > 0
        && model.ensemble.sound(outputs)
        && (model.sure == Sure::Unknown || matches!(model.answer, Answer::Real { .. }) && model.sure.sound(model.ensemble.list()));
    if sound { Ok(Box::new(model)) } else { Err(damaged("forest")) }
}
