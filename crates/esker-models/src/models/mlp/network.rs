//! Layers and their numbers. It knows nothing of tables, losses or optimisers.

use std::ops::Range;

use esker_core::Rng;
use esker_math::net::{Number, WIDTH};
use serde::{Deserialize, Serialize};

use super::activation::Activation;

/// Up to this many outputs are dot products: a panel of lanes would stand nearly empty.
const FEW: usize = 4;

/// What a network is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    /// Units of each layer, from the features to the outputs; two or more.
    pub sizes: Vec<usize>,
    /// Between layers.
    pub activation: Activation,
    /// Whether sums of hidden layers are normalised over the batch.
    pub norm: bool,
    /// Share of the hidden units that a training row does without.
    pub dropout: f64,
}

/// A layer: sums of its inputs, then what the shape says. Its numbers lie in one range of the network's parameters.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// Whether the rows of its weights are those of its outputs, not of its inputs.
    pub few: bool,
    /// How far apart rows of the input lie.
    pub from: usize,
    /// How far apart rows of the output lie.
    pub to: usize,
    /// All of its numbers.
    pub all: Range<usize>,
    pub weight: Range<usize>,
    /// The constant terms; with batch norm those after the norm.
    pub bias: Range<usize>,
    /// The scale after batch norm.
    pub gain: Option<Range<usize>>,
}

/// Layers with their numbers.
#[derive(Debug, Clone)]
pub(crate) struct Network<T> {
    pub shape: Shape,
    pub layers: Vec<Layer>,
    pub parameters: Vec<T>,
    /// The weights of each layer but the first, turned, for the way back.
    pub turned: Vec<Vec<T>>,
    /// Mean and variance of the sums of each hidden layer, with batch norm.
    pub usual: Vec<Usual<T>>,
}

/// What sums are over many batches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usual<T> {
    pub mean: Vec<T>,
    pub variance: Vec<T>,
}

/// Added to variances before the root is taken.
pub(crate) const TINY: f64 = 1e-5;

/// The next multiple of the lanes.
fn padded(n: usize) -> usize {
    n.next_multiple_of(WIDTH)
}

fn lay_out(shape: &Shape) -> Vec<Layer> {
    let (mut start, mut from) = (0, shape.sizes[0]);
    let last = shape.sizes.len() - 2;
    let one = |(i, pair): (usize, &[usize])| {
        let (inputs, outputs) = (pair[0], pair[1]);
        let few = i == last && i > 0 && outputs <= FEW;
        let to = if few { outputs } else { padded(outputs) };
        let weight = start..start + if few { outputs * from } else { padded(inputs * to) };
        let bias = weight.end..weight.end + padded(outputs);
        let gain = (shape.norm && i < last).then(|| bias.end..bias.end + padded(outputs));
        let all = start..gain.as_ref().map_or(bias.end, |g| g.end);
        let layer = Layer { inputs, outputs, few, from, to, all: all.clone(), weight, bias, gain };
        (start, from) = (all.end, to);
        layer
    };
    shape.sizes.windows(2).enumerate().map(one).collect()
}

impl<T: Number> Network<T> {
    /// All numbers 0.
    fn empty(shape: Shape) -> Self {
        let layers = lay_out(&shape);
        let count = layers.last().map_or(0, |l| l.all.end);
        let turned = layers.iter().map(|l| vec![T::ZERO; if l.few || l.all.start == 0 { 0 } else { l.outputs * l.from }]).collect();
        let hidden = layers.iter().filter(|l| l.gain.is_some());
        let usual = hidden.map(|l| Usual { mean: vec![T::ZERO; l.to], variance: vec![T::ZERO; l.to] }).collect();
        Self { shape, layers, parameters: vec![T::ZERO; count], turned, usual }
    }

    /// Starting weights uniform around 0, of the size that keeps what passes through alike in size on both ways
    /// (Glorot and Bengio 2010).
    pub(crate) fn start(shape: Shape, rng: &mut Rng) -> Self {
        let mut network = Self::empty(shape);
        for layer in network.layers.clone() {
            let limit = (6.0 / (layer.inputs + layer.outputs) as f64).sqrt();
            for k in 0..layer.inputs {
                for j in 0..layer.outputs {
                    network.parameters[layer.at(k, j)] = T::of(limit * (2.0 * rng.uniform() - 1.0));
                }
            }
            if let Some(gain) = layer.gain {
                network.parameters[gain][..layer.outputs].fill(T::ONE);
            }
        }
        network.turn();
        network
    }

    /// How many numbers it has learned, those that only pad its layers left out.
    pub(crate) fn numbers(&self) -> usize {
        self.layers.iter().map(|l| l.outputs * (l.inputs + 1 + usize::from(l.gain.is_some()))).sum()
    }

    /// Weights turned for the way back, after they changed.
    pub(crate) fn turn(&mut self) {
        for (layer, turned) in self.layers.iter().zip(&mut self.turned) {
            if turned.is_empty() {
                continue;
            }
            let weight = &self.parameters[layer.weight.clone()];
            for (j, row) in turned.chunks_exact_mut(layer.from).enumerate() {
                row.iter_mut().zip(weight[j..].iter().step_by(layer.to)).take(layer.inputs).for_each(|(t, w)| *t = *w);
            }
        }
    }

    /// The network as it answers: batch norm put into the weights, by what sums usually are.
    pub(crate) fn dense(&self) -> Vec<Dense> {
        let one = |(i, layer): (usize, &Layer)| {
            let mut dense = Dense { inputs: layer.inputs, outputs: layer.outputs, weight: Vec::new(), bias: Vec::new() };
            let norm = layer.gain.as_ref().map(|gain| (&self.parameters[gain.clone()], &self.usual[i]));
            let scale = |j: usize| norm.map_or(1.0, |(g, u)| g[j].double() / (u.variance[j].double() + TINY).sqrt());
            for k in 0..layer.inputs {
                dense.weight.extend((0..layer.outputs).map(|j| (self.parameters[layer.at(k, j)].double() * scale(j)) as f32));
            }
            for (j, bias) in self.parameters[layer.bias.clone()][..layer.outputs].iter().enumerate() {
                let mean = norm.map_or(0.0, |(_, u)| u.mean[j].double());
                dense.bias.push((bias.double() - mean * scale(j)) as f32);
            }
            dense
        };
        self.layers.iter().enumerate().map(one).collect()
    }
}

impl Network<f32> {
    /// A network that answers as these layers say.
    pub(crate) fn of(layers: &[Dense], activation: Activation) -> Self {
        let sizes = layers.iter().take(1).map(|l| l.inputs).chain(layers.iter().map(|l| l.outputs)).collect();
        let mut network = Self::empty(Shape { sizes, activation, norm: false, dropout: 0.0 });
        for (layer, dense) in network.layers.iter().zip(layers) {
            for (k, row) in dense.weight.chunks_exact(dense.outputs).enumerate() {
                for (j, w) in row.iter().enumerate() {
                    network.parameters[layer.at(k, j)] = *w;
                }
            }
            network.parameters[layer.bias.clone()][..layer.outputs].copy_from_slice(&dense.bias);
        }
        network
    }
}

impl Layer {
    /// Where the weight from input `k` to output `j` stands.
    pub(crate) fn at(&self, k: usize, j: usize) -> usize {
        self.weight.start + if self.few { j * self.from + k } else { k * self.to + j }
    }
}

/// A layer as it is saved: sums of inputs, and nothing that only learning needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    /// inputs × outputs, input after input.
    pub weight: Vec<f32>,
    /// One an output.
    pub bias: Vec<f32>,
}

/// Whether layers fit each other and no answer can leave the range of numbers for inputs up to `limit`.
pub(crate) fn sound(layers: &[Dense], activation: Activation, limit: f64) -> bool {
    let mut reach = limit;
    let mut before: Option<usize> = None;
    for layer in layers {
        let fits = layer.outputs > 0
            && before.is_none_or(|n| n == layer.inputs)
            && layer.inputs.checked_mul(layer.outputs) == Some(layer.weight.len())
            && layer.bias.len() == layer.outputs;
        if !fits {
            return false;
        }
        let mut sums: Vec<f64> = layer.bias.iter().map(|b| f64::from(b.abs())).collect();
        for row in layer.weight.chunks_exact(layer.outputs) {
            sums.iter_mut().zip(row).for_each(|(s, w)| *s += reach * f64::from(w.abs()));
        }
        // A NaN is not below the bound either.
        if !sums.iter().all(|s| *s < 1e36) {
            return false;
        }
        let most = sums.into_iter().fold(0.0, f64::max);
        reach = if activation == Activation::Tanh { 1.0 } else { most };
        before = Some(layer.outputs);
    }
    before.is_some()
}
