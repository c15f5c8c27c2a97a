//! A network that learns, epoch after epoch.

use std::ops::Range;

use esker_core::{Context, Error, Result, Rng};
use esker_math::net::{Dots, Number};

use super::loss::Truth;
use super::network::{Network, Shape};
use super::optimiser::{Method, Optimiser, Schedule};
use super::pace::Pace;
use super::pass::{BLOCK, Pass};

/// Multiplications of a batch that are worth a part of their own.
const WORTH: usize = 500_000;
/// Parts of a batch at most.
const MOST_PARTS: usize = 8;

/// How a network learns.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub shape: Shape,
    pub method: Method,
    pub rate: f64,
    pub momentum: f64,
    pub decay: f64,
    pub schedule: Schedule,
    /// Epochs over which the schedule runs.
    pub length: usize,
    /// Rows of a batch at most.
    pub batch: usize,
    /// The longest gradient that is followed as it is; 0 is any.
    pub clip: f64,
}

/// What it learns from.
#[derive(Debug, Clone)]
pub(crate) struct Data<T> {
    /// rows × features, row after row.
    pub x: Vec<T>,
    pub truth: Truth<T>,
    /// One a row, 1 on average.
    pub weight: Vec<T>,
}

/// How an epoch went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Epoch {
    /// Mean loss of the training rows, each before the step it was part of.
    pub loss: f64,
    /// Mean length of the gradient in each layer.
    pub gradient: Vec<f64>,
    /// The rate at its end.
    pub rate: f64,
}

/// A network on its way.
pub(crate) struct Learner<T> {
    plan: Plan,
    pub network: Network<T>,
    optimiser: Optimiser<T>,
    order: Vec<u32>,
    rng: Rng,
    steps: u64,
    parts: Vec<Part<T>>,
    pace: Pace,
    pub epochs: Vec<Epoch>,
}

/// A part of each batch: which rows are its own does not depend on the number of threads.
struct Part<T> {
    pass: Pass<T>,
    weight: Vec<T>,
    loss: f64,
}

impl<T: Number> Learner<T> {
    /// A network at its start, for so many rows.
    pub(crate) fn new(plan: Plan, rows: usize, rng: Rng) -> Self {
        let network = Network::start(plan.shape.clone(), &mut rng.fork("weights", 0));
        let optimiser = Optimiser::new(plan.method, plan.momentum, plan.decay, network.parameters.len());
        let batch = plan.batch.min(rows);
        // The norm of a batch needs all of its rows together.
        let parts = if plan.shape.norm { 1 } else { (batch * network.parameters.len() / WORTH).clamp(1, MOST_PARTS) };
        let parts = 1 << parts.ilog2();
        let room = if plan.shape.norm { batch } else { BLOCK.min(batch) };
        let part = || Part { pass: Pass::new(&network, room, true), weight: vec![T::ZERO; room], loss: 0.0 };
        let parts = (0..parts).map(|_| part()).collect();
        Self { plan, optimiser, order: (0..rows as u32).collect(), rng, steps: 0, parts, pace: Pace::new(), epochs: Vec::new(), network }
    }

    /// One pass over all rows, `alone` if other threads have better to do.
    ///
    /// # Errors
    /// The loss or the gradient leaves the range of numbers, or the user stopped the work.
    pub(crate) fn epoch(&mut self, data: &Data<T>, alone: bool, cx: &Context) -> Result<()> {
        let rows = self.order.len();
        let batches = rows.div_ceil(self.plan.batch);
        if batches > 1 {
            self.rng.fork("order", self.epochs.len() as u64).shuffle(&mut self.order);
        }
        let mut now = Epoch { loss: 0.0, gradient: vec![0.0; self.network.layers.len()], rate: 0.0 };
        for b in 0..batches {
            cx.check()?;
            let batch = b * rows / batches..(b + 1) * rows / batches;
            let many = !alone && self.parts.len() > 1 && self.pace.next();
            now.loss += self.gradient(data, batch, many);
            let clip = self.clip(&mut now.gradient);
            let done = self.steps as f64 / (batches * self.plan.length) as f64;
            now.rate = self.plan.rate * self.plan.schedule.factor(done);
            self.step(now.rate, clip);
            self.steps += 1;
        }
        now.loss /= rows as f64;
        now.gradient.iter_mut().for_each(|g| *g /= batches as f64);
        if !now.loss.is_finite() || now.gradient.iter().any(|g| !g.is_finite()) {
            return Err(diverged(self.epochs.len() + 1, self.plan.rate));
        }
        self.epochs.push(now);
        Ok(())
    }

    /// The gradient of a batch, in the first part's pass, and the sum of its losses.
    fn gradient(&mut self, data: &Data<T>, batch: Range<usize>, many: bool) -> f64 {
        let (rows, count) = (&self.order[batch], self.parts.len());
        let (network, steps, rng) = (&self.network, self.steps, &self.rng);
        let work = |p: usize, part: &mut Part<T>| {
            let own = &rows[p * rows.len() / count..(p + 1) * rows.len() / count];
            part.run(network, data, own, rows.len(), rng.fork("dropout", steps * MOST_PARTS as u64 + p as u64));
        };
        each(&mut self.parts, 0, many, &work);
        let (first, others) = self.parts.split_at_mut(1);
        let first = &mut first[0];
        let mut loss = first.loss;
        for part in others {
            loss += part.loss;
            first.pass.gradient.iter_mut().zip(&part.pass.gradient).for_each(|(g, more)| *g += *more);
        }
        first.pass.note(&mut self.network, self.steps);
        loss
    }

    /// Adds the length of each layer's gradient to `lengths`; the factor that keeps the whole within bounds.
    fn clip(&self, lengths: &mut [f64]) -> f64 {
        let mut whole = 0.0;
        for (layer, length) in self.network.layers.iter().zip(lengths) {
            let of = &self.parts[0].pass.gradient[layer.all.clone()];
            let mut square = [T::ZERO];
            T::dots(Dots { rows: 1, outputs: 1, columns: of.len(), left: of, right: of, onto: &[T::ZERO] }, &mut square);
            *length += square[0].double().sqrt();
            whole += square[0].double();
        }
        let whole: f64 = whole.sqrt();
        if self.plan.clip > 0.0 && whole > self.plan.clip { self.plan.clip / whole } else { 1.0 }
    }

    fn step(&mut self, rate: f64, clip: f64) {
        let gradient = &mut self.parts[0].pass.gradient;
        if clip < 1.0 {
            gradient.iter_mut().for_each(|g| *g *= T::of(clip));
        }
        self.optimiser.begin();
        for layer in &self.network.layers {
            let numbers = &mut self.network.parameters;
            self.optimiser.step(layer.weight.clone(), numbers, gradient, rate, true);
            self.optimiser.step(layer.bias.start..layer.all.end, numbers, gradient, rate, false);
        }
        self.network.turn();
    }
}

impl<T: Number> Part<T> {
    /// The gradient and the loss of its rows in a batch of `all`.
    fn run(&mut self, network: &Network<T>, data: &Data<T>, rows: &[u32], all: usize, mut rng: Rng) {
        self.pass.clear();
        self.loss = 0.0;
        let features = network.shape.sizes[0];
        let (outputs, apart) = network.layers.last().map_or((0, 0), |l| (l.outputs, l.to));
        let scale = T::of(1.0 / all as f64);
        for rows in rows.chunks(self.weight.len()) {
            for (i, &row) in rows.iter().enumerate() {
                let row = row as usize;
                self.pass.input[i * features..][..features].copy_from_slice(&data.x[row * features..][..features]);
                self.weight[i] = data.weight[row];
            }
            let weight = &self.weight[..rows.len()];
            self.pass.forward(network, weight, &mut rng);
            let (said, slopes) = self.pass.answers_and_slopes(network, rows.len());
            self.loss += data.truth.loss(rows, weight, scale, (outputs, apart), said, slopes);
            self.pass.backward(network, weight);
        }
    }
}

/// Does the work of each part, side by side where that may be.
fn each<T: Send>(parts: &mut [T], first: usize, many: bool, work: &(impl Fn(usize, &mut T) + Sync)) {
    if parts.len() < 2 || !many {
        parts.iter_mut().enumerate().for_each(|(i, part)| work(first + i, part));
        return;
    }
    let half = parts.len() / 2;
    let (left, right) = parts.split_at_mut(half);
    rayon::join(|| each(left, first, many, work), || each(right, first + half, many, work));
}

/// The error of a network that runs away.
pub(crate) fn diverged(epoch: usize, rate: f64) -> Error {
    Error::numeric("the network's training")
        .got(format!("numbers beyond all bounds in epoch {epoch} at rate {rate}"))
        .rule("the loss must stay finite")
        .hint("use a smaller 'rate', or set 'clip' to 1")
}
