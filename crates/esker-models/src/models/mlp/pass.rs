//! One way through a network and back: the answers of a block of rows, and the gradient of the loss in every number of the network.

use esker_core::Rng;
use esker_math::net::{Dots, Left, Number, Onto, Product};

use super::activation::Activation;
use super::network::{Layer, Network};
use super::norm::Normed;

/// Rows that go through together where nothing else is asked for: what they leave behind stays in the nearest cache.
pub(crate) const BLOCK: usize = 64;

/// Room for a block of rows on its way; made once, used for every step.
#[derive(Debug, Clone)]
pub(crate) struct Pass<T> {
    /// Rows × features.
    pub input: Vec<T>,
    traces: Vec<Trace<T>>,
    slopes: [Vec<T>; 2],
    /// The gradient in each number of the network, summed over the blocks since [`Pass::clear`].
    pub gradient: Vec<T>,
}

/// What a layer leaves behind on the way there, rows × columns.
#[derive(Debug, Clone)]
struct Trace<T> {
    /// Sums, where the activation's derivative needs them.
    argument: Vec<T>,
    /// What the activation makes of them.
    result: Vec<T>,
    /// 0 or 1 / (1 − dropout) for each unit of each row.
    mask: Vec<T>,
    /// What the next layer sees, where units are dropped.
    dropped: Vec<T>,
    norm: Option<Normed<T>>,
}

impl<T: Number> Trace<T> {
    fn seen(&self) -> &[T] {
        if self.dropped.is_empty() { &self.result } else { &self.dropped }
    }
}

impl<T: Number> Pass<T> {
    /// Room for up to `rows` rows; to learn, or only to answer.
    pub(crate) fn new(network: &Network<T>, rows: usize, learns: bool) -> Self {
        let last = network.layers.len() - 1;
        let room = |wanted: bool, n: usize| vec![T::ZERO; if wanted { n } else { 0 }];
        let one = |(i, layer): (usize, &Layer)| {
            let (n, hidden) = (rows * layer.to, i < last);
            let drops = learns && hidden && network.shape.dropout > 0.0;
            Trace {
                argument: room(learns && hidden && network.shape.activation.needs_argument(), n),
                result: room(true, n),
                mask: room(drops, n),
                dropped: room(drops, n),
                norm: layer.gain.as_ref().map(|_| Normed::new(rows, layer.to)),
            }
        };
        let widest = network.layers.iter().map(|l| l.to).max().unwrap_or(0);
        Self {
            input: room(true, rows * network.shape.sizes[0]),
            traces: network.layers.iter().enumerate().map(one).collect(),
            slopes: [room(learns, rows * widest), room(learns, rows * widest)],
            gradient: room(learns, network.parameters.len()),
        }
    }

    /// Forgets the gradient.
    pub(crate) fn clear(&mut self) {
        self.gradient.fill(T::ZERO);
    }

    /// What comes out for the rows of the input, and how far apart its rows lie.
    pub(crate) fn answers(&self, network: &Network<T>, rows: usize) -> (&[T], usize) {
        let apart = network.layers.last().map_or(0, |l| l.to);
        (self.traces.last().map_or(&[], |t| &t.result[..rows * apart]), apart)
    }

    /// Where the loss puts its slopes at the outputs of so many rows.
    pub(crate) fn answers_and_slopes(&mut self, network: &Network<T>, rows: usize) -> (&[T], &mut [T]) {
        let apart = network.layers.last().map_or(0, |l| l.to);
        (self.traces.last().map_or(&[], |t| &t.result[..rows * apart]), &mut self.slopes[0][..rows * apart])
    }

    /// The way there, as the network answers.
    pub(crate) fn answer(&mut self, network: &Network<T>, rows: usize) {
        let activation = network.shape.activation;
        for (i, layer) in network.layers.iter().enumerate() {
            let (before, trace) = self.traces.split_at_mut(i);
            let from = before.last().map_or(&self.input[..], |t| t.seen());
            sums(network, layer, from, rows, true, &mut trace[0].result);
            if i + 1 < network.layers.len() {
                activation.apply(&mut trace[0].result[..rows * layer.to]);
            }
        }
    }

    /// The way there of training rows, one weight each. Units are dropped as `rng` says.
    pub(crate) fn forward(&mut self, network: &Network<T>, weight: &[T], rng: &mut Rng) {
        let (rows, activation, dropout) = (weight.len(), network.shape.activation, network.shape.dropout);
        for (i, layer) in network.layers.iter().enumerate() {
            let (before, trace) = self.traces.split_at_mut(i);
            let (from, trace) = (before.last().map_or(&self.input[..], |t| t.seen()), &mut trace[0]);
            let n = rows * layer.to;
            let to = if trace.argument.is_empty() { &mut trace.result } else { &mut trace.argument };
            match (&mut trace.norm, &layer.gain) {
                (Some(norm), Some(gain)) => {
                    sums(network, layer, from, rows, false, &mut norm.values);
                    let numbers = &network.parameters;
                    norm.forward(weight, &numbers[gain.clone()], &numbers[layer.bias.clone()], &mut to[..n]);
                }
                _ => sums(network, layer, from, rows, true, to),
            }
            if i + 1 == network.layers.len() {
                return;
            }
            if !trace.argument.is_empty() {
                trace.result[..n].copy_from_slice(&trace.argument[..n]);
            }
            activation.apply(&mut trace.result[..n]);
            if !trace.mask.is_empty() {
                draw(&mut trace.mask[..n], dropout, rng);
                let kept = trace.result.iter().zip(&trace.mask);
                trace.dropped[..n].iter_mut().zip(kept).for_each(|(d, (r, m))| *d = *r * *m);
            }
        }
    }

    /// The way back: from the slopes at the outputs to the gradient, which is added to.
    pub(crate) fn backward(&mut self, network: &Network<T>, weight: &[T]) {
        let rows = weight.len();
        for (i, layer) in network.layers.iter().enumerate().rev() {
            let (before, trace) = self.traces.split_at_mut(i);
            let [here, there] = &mut self.slopes;
            let slopes = &mut here[..rows * layer.to];
            if i + 1 < network.layers.len() {
                through(network.shape.activation, &trace[0], slopes);
            }
            match (&mut trace[0].norm, &layer.gain) {
                (Some(norm), Some(gain)) => {
                    let (biases, gains) = self.gradient[layer.bias.start..gain.end].split_at_mut(layer.bias.len());
                    norm.backward(weight, &network.parameters[gain.clone()], slopes, (gains, biases));
                }
                _ => constants(layer, rows, slopes, &mut self.gradient[layer.bias.clone()]),
            }
            let from = before.last().map_or(&self.input[..], |t| t.seen());
            weights(layer, rows, from, slopes, &mut self.gradient[layer.weight.clone()]);
            if i > 0 {
                let right = if layer.few { &network.parameters[layer.weight.clone()] } else { &network.turned[i][..] };
                let of = Product {
                    rows,
                    inner: layer.outputs,
                    columns: layer.from,
                    left: Left::Rows(slopes, layer.to),
                    right,
                    onto: Onto::Zero,
                };
                T::product(of, there);
                self.slopes.swap(0, 1);
            }
        }
    }

    /// Lets the batch into what sums usually are.
    pub(crate) fn note(&self, network: &mut Network<T>, seen: u64) {
        for (trace, usual) in self.traces.iter().zip(&mut network.usual) {
            if let Some(norm) = &trace.norm {
                norm.note(usual, seen);
            }
        }
    }
}

/// The sums of a layer, with or without the constant terms.
fn sums<T: Number>(network: &Network<T>, layer: &Layer, from: &[T], rows: usize, constant: bool, out: &mut [T]) {
    let (right, bias) = (&network.parameters[layer.weight.clone()], &network.parameters[layer.bias.clone()]);
    if layer.few {
        let of = Dots { rows, outputs: layer.outputs, columns: layer.from, left: from, right, onto: bias };
        T::dots(of, out);
    } else {
        let onto = if constant { Onto::Row(bias) } else { Onto::Zero };
        let of = Product { rows, inner: layer.inputs, columns: layer.to, left: Left::Rows(from, layer.from), right, onto };
        T::product(of, out);
    }
}

/// Slopes of what the next layer saw become slopes of the sums.
fn through<T: Number>(activation: Activation, trace: &Trace<T>, slopes: &mut [T]) {
    if !trace.mask.is_empty() {
        slopes.iter_mut().zip(&trace.mask).for_each(|(s, m)| *s *= *m);
    }
    let told = if trace.argument.is_empty() { &trace.result } else { &trace.argument };
    activation.slope(&told[..slopes.len()], slopes);
}

fn constants<T: Number>(layer: &Layer, rows: usize, slopes: &[T], gradient: &mut [T]) {
    if layer.few {
        for row in slopes.chunks_exact(layer.to) {
            gradient.iter_mut().zip(row).for_each(|(g, s)| *g += *s);
        }
    } else {
        let of = Product { rows: 1, inner: rows, columns: layer.to, left: Left::Ones, right: slopes, onto: Onto::Self_ };
        T::product(of, gradient);
    }
}

fn weights<T: Number>(layer: &Layer, rows: usize, from: &[T], slopes: &[T], gradient: &mut [T]) {
    let (left, right, lines, columns) = if layer.few {
        (Left::Turned(slopes, layer.to), from, layer.outputs, layer.from)
    } else {
        (Left::Turned(from, layer.from), slopes, layer.inputs, layer.to)
    };
    T::product(Product { rows: lines, inner: rows, columns, left, right, onto: Onto::Self_ }, gradient);
}

/// 0 with the probability of `dropout` (to 1/65536), else what keeps the mean.
fn draw<T: Number>(mask: &mut [T], dropout: f64, rng: &mut Rng) {
    let (limit, kept) = ((dropout * 65_536.0) as u64, T::of(1.0 / (1.0 - dropout)));
    for four in mask.chunks_mut(4) {
        let mut bits = rng.bits();
        for m in four {
            *m = if bits & 0xFFFF < limit { T::ZERO } else { kept };
            bits >>= 16;
        }
    }
}
