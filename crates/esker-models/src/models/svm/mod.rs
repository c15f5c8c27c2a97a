//! Support vector machines: C-SVC for classes, one machine a pair, and ε-SVR for numbers; linear or with a Gaussian kernel.
//!
//! Training rows are first put into an order of their own (`rows`). Gaussian kernels are solved by SMO (`smo`, `kernel`), linear ones by an
//! interior-point method (`interior`); decision values of held-out rows become probabilities (`platt`).

mod fit;
mod interior;
mod kernel;
#[cfg(test)]
mod peers;
mod platt;
mod rows;
mod smo;

use esker_core::{Context, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Samples, Search, Settings, Targets, Unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::training::Classes;
use crate::matrix::Matrix;
use crate::sigmoid::Sigmoid;
use crate::store;
use kernel::rbf_row;
use platt::couple;

/// What `svm` does.
pub const DOC: &str = "Support vector machine (Cortes and Vapnik 1995, doi 10.1007/BF00994018), linear or with a Gaussian kernel: C-SVC one class \
     against one, with probabilities from held-out decision values (Platt 2000; Lin, Lin and Weng 2007, doi 10.1007/s10994-007-5018-6; Wu, Lin and \
     Weng 2004); or epsilon-SVR on the target in standard deviations. SMO with second-order pairs (Fan, Chen and Lin 2005), or an interior-point \
     method where linear.";

/// Rows predicted together.
const ROWS: usize = 64;

/// Parameters of `svm`.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::choice("kernel", &["rbf", "linear"], "Gaussian, exp(-gamma |x - z|^2), or none."),
        Parameter::real(
            "cost",
            1.0,
            1e-6,
            1e6,
            "What a loss of 1 costs (C): large follows the training rows closely, small keeps the function flat. Weights of rows multiply it.",
        )
        .tuned(Search::LogUniform(0.01, 1000.0)),
        Parameter::real(
            "gamma",
            0.0,
            0.0,
            1e6,
            "Of the Gaussian kernel, on standardised features; 0 is automatic: 1 / (features times the variance of their values).",
        )
        .tuned(Search::LogUniform(1e-4, 1.0)),
        Parameter::real(
            "epsilon",
            0.1,
            0.0,
            10.0,
            "For numbers: residuals up to this cost nothing, in standard deviations of the target among the training rows.",
        )
        .tuned(Search::LogUniform(0.01, 1.0)),
        Parameter::real(
            "tolerance",
            1e-3,
            1e-10,
            0.1,
            "Gaussian kernel: largest violation of the optimality conditions to stop at, in units of the margin or of the target's standard deviation.",
        ),
    ]
}

/// A support vector machine, unfitted.
#[derive(Debug, Clone)]
pub struct Svm {
    linear: bool,
    cost: f64,
    gamma: f64,
    epsilon: f64,
    tolerance: f64,
}

impl Svm {
    /// With the settings of [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self {
            linear: settings.text("kernel") == "linear",
            cost: settings.real("cost"),
            gamma: settings.real("gamma"),
            epsilon: settings.real("epsilon"),
            tolerance: settings.real("tolerance"),
        }
    }
}

impl Estimator for Svm {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: true, numeric: true, scaled: true, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        Ok(Box::new(fit::fit(self, train, target, cx)?))
    }
}

/// What the answers are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Answer {
    /// Numbers: the decision value times `sd` plus `mean`.
    Real { unit: Unit, mean: f64, sd: f64 },
    /// Classes.
    Class(Classes),
}

/// What turns features into decision values, before the constant terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    /// One coefficient a feature, machine after machine.
    Linear(Vec<f64>),
    /// Support vectors, feature after feature, and of each machine the places of its own with their coefficients.
    Rbf { gamma: f64, vectors: u32, support: Vec<f64>, coefficients: Vec<Vec<(u32, f64)>> },
}

/// What a machine has beside its coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Machine {
    bias: f64,
    /// For classes.
    sigmoid: Sigmoid,
}

/// A fitted model. For classes machine after machine over pairs of classes present, (0, 1), (0, 2), … (1, 2) …: positive for the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fitted {
    names: Vec<String>,
    answer: Answer,
    shape: Shape,
    machines: Vec<Machine>,
    notes: Vec<Note>,
}

/// Pairs of classes in the order of the machines.
fn pairs(classes: usize) -> Vec<(usize, usize)> {
    (0..classes).flat_map(|a| (a + 1..classes).map(move |b| (a, b))).collect()
}

impl Fitted {
    /// Decision values of all machines, rows × machines, row after row. Each row by itself, so that none depends on those beside it.
    fn decisions(&self, x: &Matrix) -> Vec<f64> {
        let machines = self.machines.len();
        let mut values = vec![0.0; x.rows * machines];
        if machines == 0 {
            return values;
        }
        values.par_chunks_mut(ROWS * machines).enumerate().for_each(|(block, values)| {
            let (mut point, mut kernels) = (Vec::with_capacity(x.columns()), Vec::new());
            for (i, values) in values.chunks_exact_mut(machines).enumerate() {
                point.clear();
                point.extend((0..x.columns()).map(|j| x.column(j)[block * ROWS + i]));
                self.decide(&point, &mut kernels, values);
            }
        });
        values
    }

    fn decide(&self, point: &[f64], kernels: &mut Vec<f64>, values: &mut [f64]) {
        let machines = values.iter_mut().zip(&self.machines);
        match &self.shape {
            Shape::Linear(weights) => {
                for (m, (value, machine)) in machines.enumerate() {
                    let weights = &weights[m * point.len()..(m + 1) * point.len()];
                    *value = weights.iter().zip(point).fold(machine.bias, |sum, (w, x)| sum + w * x);
                }
            }
            Shape::Rbf { gamma, vectors, support, coefficients } => {
                kernels.resize(*vectors as usize, 0.0);
                rbf_row(support, *gamma, point, kernels);
                for ((value, machine), own) in machines.zip(coefficients) {
                    *value = own.iter().fold(machine.bias, |sum, (at, c)| sum + c * kernels[*at as usize]);
                }
            }
        }
    }

    fn probabilities(&self, classes: &Classes, decisions: &[f64], rows: usize) -> Vec<f64> {
        let k = classes.count();
        if k == 1 {
            return vec![1.0; rows];
        }
        let row = |values: &[f64]| {
            let p: Vec<f64> = values.iter().zip(&self.machines).map(|(f, m)| m.sigmoid.at(*f)).collect();
            if k == 2 {
                return vec![p[0], 1.0 - p[0]];
            }
            // The machine of a pair stands behind those of the classes before.
            couple(k, |i, j| p[i * (2 * k - i - 1) / 2 + j - i - 1])
        };
        let found: Vec<Vec<f64>> = decisions.par_chunks(self.machines.len()).map(row).collect();
        found.concat()
    }

    fn sound(&self) -> bool {
        let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
        let (d, machines) = (self.names.len(), self.machines.len());
        let wanted = match &self.answer {
            Answer::Real { mean, sd, .. } => {
                if !mean.is_finite() || !sd.is_finite() {
                    return false;
                }
                1
            }
            Answer::Class(classes) if classes.sound() => classes.count() * (classes.count() - 1) / 2,
            Answer::Class(_) => return false,
        };
        let shape = match &self.shape {
            Shape::Linear(weights) => finite(weights) && weights.len() == d * machines,
            Shape::Rbf { gamma, vectors, support, coefficients } => {
                let own = |list: &Vec<(u32, f64)>| list.iter().all(|(at, c)| at < vectors && c.is_finite());
                // Without features the support is empty whatever its number: then it must be as small as what is listed.
                let counted = d > 0 || *vectors as usize <= 1 + coefficients.iter().map(Vec::len).sum::<usize>();
                *gamma > 0.0
                    && gamma.is_finite()
                    && finite(support)
                    && (*vectors as usize).checked_mul(d) == Some(support.len())
                    && counted
                    && coefficients.len() == machines
                    && coefficients.iter().all(own)
            }
        };
        let machine = |m: &Machine| m.bias.is_finite() && m.sigmoid.a.is_finite() && m.sigmoid.b.is_finite();
        machines == wanted && shape && self.machines.iter().all(machine)
    }
}

impl Model for Fitted {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let x = Matrix::of(at, &self.names)?;
        let mut values = self.decisions(&x);
        Ok(match &self.answer {
            Answer::Real { unit, mean, sd } => {
                values.iter_mut().for_each(|v| *v = mean + sd * v.clamp(-1e300, 1e300));
                Prediction::real(unit, values)
            }
            Answer::Class(classes) => {
                values.iter_mut().for_each(|v| *v = v.clamp(-1e150, 1e150));
                classes.prediction(&self.probabilities(classes, &values, x.rows))
            }
        })
    }

    fn inside(&self) -> Inside {
        let Shape::Linear(weights) = &self.shape else { return Inside::Closed };
        let bias = self.machines.first().map_or(0.0, |m| m.bias);
        let d = self.names.len();
        let (coefficients, intercept) = match &self.answer {
            Answer::Real { mean, sd, .. } => (self.names.iter().cloned().zip(weights.iter().map(|w| w * sd)).collect(), mean + sd * bias),
            Answer::Class(classes) => {
                let pairs = pairs(classes.count());
                let name = |i: usize| {
                    let ((a, b), feature) = (pairs[i / d], &self.names[i % d]);
                    let others = if pairs.len() > 1 { format!(", not {}", classes.name(b)) } else { String::new() };
                    format!("{feature} → {}{others}", classes.name(a))
                };
                (weights.iter().enumerate().map(|(i, w)| (name(i), *w)).collect(), bias)
            }
        };
        Inside::Linear { coefficients, intercept }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted model from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Fitted = store::load("support vector machine", bytes)?;
    if model.sound() { Ok(Box::new(model)) } else { Err(store::damaged("support vector machine")) }
}
