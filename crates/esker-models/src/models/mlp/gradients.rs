//! Gradients against central differences, in double precision, and single precision against double.

use esker_core::Rng;
use esker_math::net::Number;

use super::activation::Activation;
use super::loss::Truth;
use super::network::{Network, Shape};
use super::pass::Pass;

const ROWS: usize = 13;

struct Case {
    network: Network<f64>,
    x: Vec<f64>,
    weight: Vec<f64>,
    truth: Truth<f64>,
}

impl Case {
    fn new(sizes: &[usize], activation: Activation, norm: bool, dropout: f64, classes: bool) -> Self {
        let mut rng = Rng::new(4);
        let shape = Shape { sizes: sizes.to_vec(), activation, norm, dropout };
        let mut network = Network::<f64>::start(shape, &mut rng);
        // Constant terms and scales that are not their starting values.
        for layer in network.layers.clone() {
            for range in [Some(layer.bias.clone()), layer.gain.clone()].into_iter().flatten() {
                network.parameters[range][..layer.outputs].iter_mut().for_each(|b| *b += 0.3 * rng.normal());
            }
        }
        network.turn();
        let outputs = sizes[sizes.len() - 1];
        let x = (0..ROWS * sizes[0]).map(|_| rng.normal()).collect();
        let weight = (0..ROWS).map(|i| if i == 3 { 0.0 } else { 0.2 + rng.uniform() }).collect();
        let truth = if classes {
            Truth::Class((0..ROWS).map(|_| rng.below(outputs) as u32).collect())
        } else {
            Truth::Real((0..ROWS * outputs).map(|_| rng.normal()).collect())
        };
        Self { network, x, weight, truth }
    }

    /// The loss, and the gradient if it is asked for; the same units are dropped each time.
    fn run<T: Number>(&self, network: &Network<T>, truth: &Truth<T>, gradient: bool) -> (f64, Vec<f64>) {
        let mut pass = Pass::new(network, ROWS, true);
        let weight: Vec<T> = self.weight.iter().map(|w| T::of(*w)).collect();
        pass.input.iter_mut().zip(&self.x).for_each(|(to, from)| *to = T::of(*from));
        pass.forward(network, &weight, &mut Rng::new(9));
        let last = network.layers.last().unwrap();
        let (widths, scale) = ((last.outputs, last.to), 1.0 / ROWS as f64);
        let rows: Vec<u32> = (0..ROWS as u32).collect();
        let (said, slopes) = pass.answers_and_slopes(network, ROWS);
        let loss = scale * truth.loss(&rows, &weight, T::of(scale), widths, said, slopes);
        if gradient {
            pass.backward(network, &weight);
        }
        (loss, pass.gradient.iter().map(|g| g.double()).collect())
    }

    fn against_differences(&self, what: &str) {
        let (_, told) = self.run(&self.network, &self.truth, true);
        let (step, mut moved) = (1e-5, 0);
        for layer in &self.network.layers {
            let mut used: Vec<usize> =
                (0..layer.inputs).flat_map(|k| (0..layer.outputs).map(move |j| (k, j))).map(|(k, j)| layer.at(k, j)).collect();
            for range in [Some(layer.bias.clone()), layer.gain.clone()].into_iter().flatten() {
                used.extend(range.take(layer.outputs));
            }
            for i in used {
                let at = |by: f64| {
                    let mut network = self.network.clone();
                    network.parameters[i] += by;
                    network.turn();
                    self.run(&network, &self.truth, false).0
                };
                let slope = (at(step) - at(-step)) / (2.0 * step);
                assert!((slope - told[i]).abs() < 1e-7 * (1.0 + slope.abs()), "{what}: number {i} has slope {slope}, told is {}", told[i]);
                moved += usize::from(slope.abs() > 1e-6);
            }
        }
        assert!(moved > self.network.numbers() / 3, "{what}: {moved} of {} numbers matter", self.network.numbers());
    }
}

#[test]
fn gradients_are_those_of_central_differences_for_every_layer_and_loss() {
    for activation in [Activation::Relu, Activation::Gelu, Activation::Silu, Activation::Tanh] {
        for (norm, dropout) in [(false, 0.0), (true, 0.0), (false, 0.4), (true, 0.4)] {
            // One output, several of numbers, few and many classes; layers narrower and wider than the lanes.
            for (sizes, classes) in [
                (&[5, 7, 18, 1][..], false),
                (&[3, 9, 2], false),
                (&[4, 6, 3], true),
                (&[2, 5, 17], true),
                (&[6, 3], true),
                (&[6, 1], false),
            ] {
                let case = Case::new(sizes, activation, norm, dropout, classes);
                case.against_differences(&format!("{sizes:?}, {activation:?}, norm {norm}, dropout {dropout}, classes {classes}"));
            }
        }
    }
}

#[test]
fn single_precision_agrees_with_double() {
    for activation in [Activation::Relu, Activation::Gelu, Activation::Silu, Activation::Tanh] {
        for (norm, sizes) in [(false, [20, 64, 33, 1]), (true, [5, 40, 16, 7])] {
            let case = Case::new(&sizes, activation, norm, 0.2, sizes[3] > 1);
            let (loss, double) = case.run(&case.network, &case.truth, true);
            let mut network = Network::<f32>::start(case.network.shape.clone(), &mut Rng::new(0));
            network.parameters.iter_mut().zip(&case.network.parameters).for_each(|(s, d)| *s = *d as f32);
            network.turn();
            let truth = match &case.truth {
                Truth::Real(y) => Truth::Real(y.iter().map(|v| *v as f32).collect()),
                Truth::Class(k) => Truth::Class(k.clone()),
            };
            let (also, single) = case.run(&network, &truth, true);
            let size = double.iter().map(|g| g * g).sum::<f64>().sqrt();
            let off = double.iter().zip(&single).map(|(d, s)| (d - s).powi(2)).sum::<f64>().sqrt();
            assert!(
                (also - loss).abs() < 1e-5 * loss && off < 1e-5 * size,
                "{activation:?}: loss {loss} {also}, gradient off by {}",
                off / size
            );
        }
    }
}
