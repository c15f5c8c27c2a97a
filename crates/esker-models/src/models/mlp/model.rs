//! Fitted networks: what they answer, show and save.

use esker_core::graph::{Function, Graph, Operation, Value};
use esker_core::record::Learning;
use esker_core::{Inside, Model, Note, Prediction, Result, Samples, Unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::network::{Dense, Network, sound};
use super::pass::{BLOCK, Pass};
use crate::matrix::Matrix;
use crate::models::training::Classes;
use crate::store;

/// Features reach the network within this many standard deviations; what lies beyond is taken for the bound.
pub(crate) const LIMIT: f64 = 1e4;
/// Rows that a thread takes at a time.
const CHUNK: usize = 16 * BLOCK;

/// What the outputs mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Numbers: outputs times `scale` plus `centre`.
    Real { unit: Unit, centre: f64, scale: f64 },
    /// Classes: the softmax of the outputs. `shares` are those of the training rows.
    Class { classes: Classes, shares: Vec<f64> },
}

impl Answer {
    /// Outputs of a network that answers so.
    pub(crate) fn outputs(&self) -> usize {
        match self {
            Self::Real { .. } => 1,
            Self::Class { classes, .. } => classes.count(),
        }
    }
}

/// A model as it is saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// Features, in the order of the first layer's inputs.
    pub names: Vec<String>,
    pub activation: Activation,
    /// Layers of each network; none where the mean, or the shares of classes, are all there is to say.
    pub networks: Vec<Vec<Dense>>,
    pub answer: Answer,
    pub learning: Option<Learning>,
    pub notes: Vec<Note>,
}

impl Saved {
    /// Whether all parts fit each other and no answer can leave the range of numbers.
    pub(crate) fn sound(&self) -> bool {
        let answers = match &self.answer {
            Answer::Real { centre, scale, .. } => centre.is_finite() && (scale * 1e36).is_finite(),
            Answer::Class { classes, shares } => {
                classes.sound() && shares.len() == classes.count() && shares.iter().all(|s| (0.0..=1.0).contains(s))
            }
        };
        let ends = |layers: &Vec<Dense>| {
            layers.first().is_some_and(|l| l.inputs == self.names.len())
                && layers.last().is_some_and(|l| l.outputs == self.answer.outputs())
                && sound(layers, self.activation, LIMIT)
        };
        let course = |of: &Learning| {
            let epochs = of.epoch.len();
            [&of.loss, &of.rate].into_iter().chain(&of.gradient).all(|v| v.len() == epochs && v.iter().all(|v| v.is_finite()))
        };
        answers && self.networks.iter().all(ends) && self.learning.as_ref().is_none_or(course)
    }

    /// The model, ready to answer.
    pub(crate) fn ready(self) -> Fitted {
        let networks = self.networks.iter().map(|layers| Network::of(layers, self.activation)).collect();
        Fitted { saved: self, networks }
    }
}

/// Fitted networks.
pub(crate) struct Fitted {
    saved: Saved,
    networks: Vec<Network<f32>>,
}

impl Fitted {
    /// The mean over networks of what they say of the rows from `first` on: outputs, or probabilities of the classes.
    fn say(&self, x: &Matrix, first: usize, out: &mut [f64]) {
        let outputs = self.saved.answer.outputs();
        let rows = out.len() / outputs;
        let part = 1.0 / self.networks.len() as f64;
        for network in &self.networks {
            let mut pass = Pass::new(network, BLOCK.min(rows), false);
            for (block, out) in out.chunks_mut(BLOCK * outputs).enumerate() {
                let (start, rows) = (first + block * BLOCK, out.len() / outputs);
                put(x, start..start + rows, &mut pass.input);
                pass.answer(network, rows);
                let (said, apart) = pass.answers(network, rows);
                for (out, said) in out.chunks_exact_mut(outputs).zip(said.chunks_exact(apart)) {
                    self.add(&said[..outputs], part, out);
                }
            }
        }
    }

    fn add(&self, said: &[f32], part: f64, out: &mut [f64]) {
        if let Answer::Real { .. } = self.saved.answer {
            out.iter_mut().zip(said).for_each(|(o, s)| *o += part * f64::from(*s));
            return;
        }
        let most = said.iter().fold(f32::NEG_INFINITY, |m, s| m.max(*s));
        let shares = |s: &f32| (f64::from(*s) - f64::from(most)).exp();
        let sum: f64 = said.iter().map(shares).sum();
        out.iter_mut().zip(said).for_each(|(o, s)| *o += part * shares(s) / sum);
    }
}

/// Rows of a matrix as the first layer sees them.
pub(crate) fn put(x: &Matrix, rows: std::ops::Range<usize>, to: &mut [f32]) {
    let features = x.columns();
    for j in 0..features {
        let column = &x.column(j)[rows.clone()];
        to[j..].iter_mut().step_by(features).zip(column).for_each(|(t, v)| *t = v.clamp(-LIMIT, LIMIT) as f32);
    }
}

impl Model for Fitted {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let x = Matrix::of(at, &self.saved.names)?;
        let outputs = self.saved.answer.outputs();
        let mut out = vec![0.0; x.rows * outputs];
        if self.networks.is_empty() {
            if let Answer::Class { shares, .. } = &self.saved.answer {
                out.chunks_exact_mut(outputs).for_each(|row| row.copy_from_slice(shares));
            }
        } else if x.rows <= CHUNK {
            self.say(&x, 0, &mut out);
        } else {
            out.par_chunks_mut(CHUNK * outputs).enumerate().for_each(|(i, out)| self.say(&x, i * CHUNK, out));
        }
        Ok(match &self.saved.answer {
            Answer::Real { unit, centre, scale } => {
                out.iter_mut().for_each(|v| *v = *centre + *scale * *v);
                Prediction::real(unit, out)
            }
            Answer::Class { classes, .. } => classes.prediction(&out),
        })
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let Saved { names, activation, networks, answer, .. } = &self.saved;
        let outputs = answer.outputs();
        let (centre, scale) = if let Answer::Real { centre, scale, .. } = answer { (*centre, *scale) } else { (0.0, 1.0) };
        if networks.is_empty() {
            return Ok(Some(match answer {
                Answer::Real { .. } => graph.add(Operation::Constant(vec![centre])),
                Answer::Class { classes, shares } => classes.describe_constant(graph, shares),
            }));
        }
        let x = graph.numbers(names)?;
        let x = graph.add(Operation::Clamp { of: x, low: -LIMIT, high: LIMIT });
        let x = graph.map(x, Function::Single);
        let mut said = Vec::with_capacity(networks.len());
        for layers in networks {
            let mut of = x;
            for (i, layer) in layers.iter().enumerate() {
                let wide = |v: &[f32]| v.iter().map(|x| f64::from(*x)).collect();
                of = graph.add(Operation::Dense { of, weights: wide(&layer.weight), constants: wide(&layer.bias) });
                if i + 1 < layers.len() {
                    of = graph.map(of, activation.function());
                }
            }
            said.push(if matches!(answer, Answer::Class { .. }) { graph.map(of, Function::Softmax) } else { of });
        }
        let all = graph.add(Operation::Join(said));
        let part = scale / networks.len() as f64;
        let weights = (0..networks.len() * outputs).flat_map(|i| (0..outputs).map(move |k| if i % outputs == k { part } else { 0.0 }));
        let mean = graph.add(Operation::Dense { of: all, weights: weights.collect(), constants: vec![centre; outputs] });
        Ok(Some(if let Answer::Class { classes, .. } = answer { classes.describe(graph, mean) } else { mean }))
    }

    fn inside(&self) -> Inside {
        self.saved.learning.clone().map_or(Inside::Closed, Inside::Network)
    }

    fn notes(&self) -> Vec<Note> {
        self.saved.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(&self.saved)
    }
}

/// Networks from the bytes they saved.
///
/// # Errors
/// Bytes that are no such model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let saved: Saved = store::load("network", bytes)?;
    if saved.sound() { Ok(Box::new(saved.ready())) } else { Err(store::damaged("network")) }
}
