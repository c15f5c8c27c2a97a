//! Multinomial logistic regression with an L2 penalty.

use esker_core::graph::{Function, Graph, Operation, Value};
use esker_core::{
    Context, Error, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Samples, Search, Settings, Targets,
};
use esker_math::{Cholesky, Columns, Descent, Stop, add_gram, minimise, product, transposed_product};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::training::{Classes, Target, Training};
use crate::matrix::Matrix;
use crate::store;

/// What `logistic` does.
pub const DOC: &str = "Multinomial logistic regression with an L2 penalty on the coefficients, not on the constant terms \
     (Hastie, Tibshirani and Friedman 2009, section 4.4; Newton's method, or L-BFGS for many coefficients).";

/// Rows worked on at a time: their products stay in the cache.
const BLOCK: usize = 512;
/// Blocks are dealt to this many sums, added in order; it does not depend on the number of threads.
const SUMS: usize = 8;
/// Up to this many unknowns the Hessian is formed.
const HESSIAN_LIMIT: usize = 800;
/// Steps made with one Hessian.
const STEPS: usize = 12;
/// Hessians formed before giving up.
const REFRESHES: usize = 100;
/// Gradient at which to stop, as a share of the gradient of the start.
const TOLERANCE: f64 = 1e-10;
/// Parameters of `logistic`.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::real(
            "lambda",
            1.0,
            1e-8,
            1e15,
            "Strength of the penalty: the sum of w times the log loss plus lambda |W|^2 / 2 is least.",
        )
        .tuned(Search::LogUniform(1e-4, 1e4)),
    ]
}

/// Multinomial logistic regression.
pub struct Logistic {
    lambda: f64,
}

impl Logistic {
    /// With the settings of [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self { lambda: settings.real("lambda") }
    }
}

impl Estimator for Logistic {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Class, complete: true, numeric: true, scaled: true, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let Training { x, weight, target: known } = Training::new(train, target)?;
        let Target::Class(places, classes) = known else {
            return Err(Error::data(format!("target '{target}'"))
                .got("numbers")
                .rule("logistic regression predicts classes")
                .hint("for numbers use 'ridge' or 'linear'"));
        };
        let names = x.names.clone();
        if classes.count() == 1 {
            let note = Note::warning("one-class", format!("all training rows are of class '{}'", classes.name(0)));
            return Ok(Box::new(Softmax { theta: Vec::new(), names, classes, notes: vec![note] }));
        }
        let problem = Problem::new(&x, (&places, &weight), outputs(&classes), self.lambda);
        let end = problem.solve(cx)?;
        let mut notes = Vec::new();
        if !end.converged {
            notes.push(Note::warning(
                "not-converged",
                format!("the gradient fell only to {:.1e} of its start, not to {TOLERANCE:e}", end.gradient),
            ));
        }
        if end.theta.iter().any(|v| !v.is_finite()) {
            return Err(Error::numeric("logistic regression")
                .got("a coefficient that is not finite")
                .rule("products of features and coefficients must stay within the range of numbers")
                .hint("are some values extremely large?"));
        }
        Ok(Box::new(Softmax { theta: end.theta, names, classes, notes }))
    }
}

/// Linear predictors: one for two classes, else one a class.
fn outputs(classes: &Classes) -> usize {
    if classes.count() == 2 { 1 } else { classes.count() }
}

/// Rows of a block: features and a column of ones, column after column.
struct Block {
    x: Vec<f64>,
    y: Vec<u32>,
    weight: Vec<f64>,
}

/// Σ w log loss + λ |W|² / 2, over θ: for each output the coefficients and then the constant term.
struct Problem {
    blocks: Vec<Block>,
    inputs: usize,
    outputs: usize,
    lambda: f64,
}

struct End {
    theta: Vec<f64>,
    /// Largest entry of the gradient as a share of that at θ = 0.
    gradient: f64,
    converged: bool,
}

impl End {
    fn of(end: Descent, scale: f64) -> Self {
        let gradient = if scale > 0.0 { end.gradient / scale } else { 0.0 };
        Self { theta: end.at, gradient, converged: end.converged }
    }
}

impl Problem {
    fn new(x: &Matrix, (y, weight): (&[u32], &[f64]), outputs: usize, lambda: f64) -> Self {
        let starts = (0..x.rows).step_by(BLOCK);
        let blocks = starts
            .map(|start| {
                let rows = start..(start + BLOCK).min(x.rows);
                let mut values = Vec::with_capacity(rows.len() * (x.columns() + 1));
                for j in 0..x.columns() {
                    values.extend_from_slice(&x.column(j)[rows.clone()]);
                }
                values.resize(values.len() + rows.len(), 1.0);
                Block { x: values, y: y[rows.clone()].to_vec(), weight: weight[rows].to_vec() }
            })
            .collect();
        Self { blocks, inputs: x.columns() + 1, outputs, lambda }
    }

    fn unknowns(&self) -> usize {
        self.inputs * self.outputs
    }

    /// L-BFGS with the inverse of a Hessian that is formed anew every few steps: Newton's method where one Hessian,
    /// by far the dearest part, serves many steps.
    fn solve(&self, cx: &Context) -> Result<End> {
        let mut theta = vec![0.0; self.unknowns()];
        let scale = largest(&self.value_gradient(&theta).1);
        let stop = |iterations| Stop { gradient: TOLERANCE * scale, iterations };
        let mut function = |theta: &[f64], out: &mut [f64]| {
            cx.check()?;
            let (value, gradient) = self.value_gradient(theta);
            out.copy_from_slice(&gradient);
            Ok(value)
        };
        if self.unknowns() > HESSIAN_LIMIT {
            return Ok(End::of(minimise(theta, stop(5000), None, &mut function)?, scale));
        }
        let mut most = 0;
        loop {
            cx.check()?;
            let factor = self.factor(self.hessian(&theta))?;
            let end = minimise(theta, stop(STEPS), Some(&|v| factor.solve(v)), &mut function)?;
            most += 1;
            if end.converged || most == REFRESHES {
                return Ok(End::of(end, scale));
            }
            theta = end.at;
        }
    }

    /// The factor of the Hessian. Where rounding leaves it singular (probabilities of exactly 0 and 1), a growing
    /// multiple of its largest diagonal entry is added, which shortens the step.
    fn factor(&self, mut hessian: Vec<f64>) -> Result<Cholesky> {
        let d = self.unknowns();
        let most = (0..d).fold(f64::MIN_POSITIVE, |m, i| hessian[i * d + i].max(m));
        let mut more = 1e-14 * most;
        loop {
            match Cholesky::new(&hessian, d) {
                Ok(factor) => return Ok(factor),
                Err(error) if more > most || !most.is_finite() => return Err(error),
                Err(_) => (0..d).for_each(|i| hessian[i * d + i] += more),
            }
            more *= 100.0;
        }
    }

    /// Sums `part` over the blocks, in an order that does not depend on the threads.
    fn sum(&self, length: usize, part: impl Fn(&Block, &mut [f64]) + Sync) -> Vec<f64> {
        let size = self.blocks.len().div_ceil(SUMS).max(1);
        let sums: Vec<Vec<f64>> = self
            .blocks
            .par_chunks(size)
            .map(|blocks| {
                let mut sum = vec![0.0; length];
                blocks.iter().for_each(|b| part(b, &mut sum));
                sum
            })
            .collect();
        let mut total = vec![0.0; length];
        for sum in sums {
            total.iter_mut().zip(sum).for_each(|(t, s)| *t += s);
        }
        total
    }

    fn value_gradient(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let d = self.unknowns();
        let mut sum = self.sum(d + 1, |block, sum| {
            let rows = block.y.len();
            let mut p = self.predictors(block, theta);
            sum[d] += probabilities(&mut p, self.outputs, Some((&block.y, &block.weight)));
            for (k, column) in p.chunks_exact_mut(rows).enumerate() {
                // With two classes the one output speaks of the second.
                let class = if self.outputs == 1 { 1 } else { k as u32 };
                for ((v, &y), &w) in column.iter_mut().zip(&block.y).zip(&block.weight) {
                    *v = w * (*v - f64::from(u8::from(y == class)));
                }
            }
            transposed_product(self.view(block), Columns::new(&p, rows, self.outputs), &mut sum[..d]);
        });
        let mut value = sum.pop().unwrap_or(0.0);
        for i in self.penalised() {
            value += 0.5 * self.lambda * theta[i] * theta[i];
            sum[i] += self.lambda * theta[i];
        }
        (value, sum)
    }

    /// Xᵀ diag(w p_k (δ_kl − p_l)) X for each pair of outputs k, l, plus the penalty.
    ///
    /// The part with p_k p_l is the Gram matrix of the rows √w (p ⊗ x): one large product instead of many small ones.
    fn hessian(&self, theta: &[f64]) -> Vec<f64> {
        let (q, outputs, d) = (self.inputs, self.outputs, self.unknowns());
        let sums = self.sum(d * d + q * d, |block, sum| {
            let rows = block.y.len();
            let mut p = self.predictors(block, theta);
            probabilities(&mut p, outputs, None);
            let (mut spread, mut own) = (Vec::with_capacity(rows * d), Vec::with_capacity(rows * d));
            for pk in p.chunks_exact(rows) {
                let root: Vec<f64> = pk.iter().zip(&block.weight).map(|(p, w)| w.sqrt() * p).collect();
                let full: Vec<f64> = pk.iter().zip(&block.weight).map(|(p, w)| w * p).collect();
                for x in block.x.chunks_exact(rows) {
                    spread.extend(x.iter().zip(&root).map(|(x, r)| x * r));
                    own.extend(x.iter().zip(&full).map(|(x, f)| x * f));
                }
            }
            add_gram(Columns::new(&spread, rows, d), &mut sum[..d * d]);
            transposed_product(self.view(block), Columns::new(&own, rows, d), &mut sum[d * d..]);
        });
        let (spread, own) = sums.split_at(d * d);
        let mut h = vec![0.0; d * d];
        for j in 0..d {
            for i in j..d {
                let same = i / q == j / q;
                let v = if same { own[i * q + j % q] } else { 0.0 } - spread[j * d + i];
                h[j * d + i] = v;
                h[i * d + j] = v;
            }
        }
        self.penalised().for_each(|i| h[i * d + i] += self.lambda);
        if outputs > 1 {
            // Constant terms are determined up to a common shift: hold their sum at 0, where it starts.
            let terms: Vec<usize> = (1..=outputs).map(|k| k * q - 1).collect();
            let hold = terms.iter().map(|&i| h[i * d + i]).sum::<f64>() / outputs as f64;
            for &i in &terms {
                terms.iter().for_each(|&j| h[j * d + i] += hold);
            }
        }
        h
    }

    /// The unknowns under the penalty: all but the constant terms.
    fn penalised(&self) -> impl Iterator<Item = usize> + use<> {
        let q = self.inputs;
        (0..self.unknowns()).filter(move |i| i % q != q - 1)
    }

    fn view<'a>(&self, block: &'a Block) -> Columns<'a> {
        Columns::new(&block.x, block.y.len(), self.inputs)
    }

    fn predictors(&self, block: &Block, theta: &[f64]) -> Vec<f64> {
        let mut z = vec![0.0; block.y.len() * self.outputs];
        product(self.view(block), Columns::new(theta, self.inputs, self.outputs), &mut z);
        z
    }
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |m, x| if x.abs() > m || x.is_nan() { x.abs() } else { m })
}

/// Turns linear predictors, output after output, into probabilities; returns the log loss if classes are given.
/// A single output becomes the probability of the second of two classes.
fn probabilities(z: &mut [f64], outputs: usize, truth: Option<(&[u32], &[f64])>) -> f64 {
    let rows = z.len() / outputs;
    let mut loss = 0.0;
    if outputs == 1 {
        if let Some((y, weight)) = truth {
            // log(1 + exp(∓z)) without overflow.
            let one = |(&z, &y): (&f64, &u32)| if y == 1 { softplus(-z) } else { softplus(z) };
            loss = z.iter().zip(y).map(one).zip(weight).map(|(l, w)| l * w).sum();
        }
        z.iter_mut().for_each(|v| *v = 1.0 / (1.0 + (-*v).exp()));
        return loss;
    }
    let mut most = z[..rows].to_vec();
    for column in z.chunks_exact(rows).skip(1) {
        most.iter_mut().zip(column).for_each(|(m, v)| *m = v.max(*m));
    }
    if let Some((y, weight)) = truth {
        loss = (0..rows).map(|i| weight[i] * (most[i] - z[y[i] as usize * rows + i])).sum();
    }
    let mut total = vec![0.0; rows];
    for column in z.chunks_exact_mut(rows) {
        for ((v, m), t) in column.iter_mut().zip(&most).zip(&mut total) {
            *v = (*v - m).exp();
            *t += *v;
        }
    }
    for column in z.chunks_exact_mut(rows) {
        column.iter_mut().zip(&total).for_each(|(v, t)| *v /= t);
    }
    loss + truth.map_or(0.0, |(_, weight)| total.iter().zip(weight).map(|(t, w)| w * t.ln()).sum())
}

fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// A fitted model.
#[derive(Serialize, Deserialize)]
struct Softmax {
    names: Vec<String>,
    classes: Classes,
    /// For each output the coefficients and then the constant term; none where there is but one class.
    theta: Vec<f64>,
    notes: Vec<Note>,
}

impl Softmax {
    fn outputs(&self) -> usize {
        if self.classes.count() == 1 { 0 } else { outputs(&self.classes) }
    }

    fn sound(&self) -> bool {
        self.classes.sound() && self.theta.len() == (self.names.len() + 1) * self.outputs() && self.theta.iter().all(|v| v.is_finite())
    }
}

impl Model for Softmax {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let x = Matrix::of(at, &self.names)?;
        let (rows, count, q) = (x.rows, self.classes.count(), self.names.len() + 1);
        if count == 1 || rows == 0 {
            return Ok(self.classes.prediction(&vec![1.0; rows * count]));
        }
        // Row by row in one order, so that a row's answer never depends on the rows beside it.
        let mut z = Vec::with_capacity(rows * self.outputs());
        for theta in self.theta.chunks_exact(q) {
            let start = z.len();
            z.resize(start + rows, theta[q - 1]);
            for (j, c) in theta[..q - 1].iter().enumerate() {
                z[start..].iter_mut().zip(x.column(j)).for_each(|(sum, v)| *sum += c * v);
            }
        }
        // Beyond this probabilities are 0 and 1 anyway; a difference of infinities would be nothing.
        z.iter_mut().for_each(|v| *v = v.clamp(-1e300, 1e300));
        probabilities(&mut z, self.outputs(), None);
        let mut out = vec![0.0; rows * count];
        for (i, row) in out.chunks_exact_mut(count).enumerate() {
            if count == 2 {
                (row[0], row[1]) = (1.0 - z[i], z[i]);
            } else {
                row.iter_mut().enumerate().for_each(|(k, p)| *p = z[k * rows + i]);
            }
        }
        Ok(self.classes.prediction(&out))
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let (outputs, q) = (self.outputs(), self.names.len() + 1);
        if outputs == 0 {
            return Ok(Some(self.classes.describe_constant(graph, &[1.0])));
        }
        let of = graph.numbers(&self.names)?;
        let weights = (0..q - 1).flat_map(|j| self.theta.chunks_exact(q).map(move |theta| theta[j])).collect();
        let constants = self.theta.chunks_exact(q).map(|theta| theta[q - 1]).collect();
        let scores = graph.add(Operation::Dense { of, weights, constants });
        let shares = graph.map(scores, if outputs == 1 { Function::Sigmoid } else { Function::Softmax });
        Ok(Some(self.classes.describe(graph, shares)))
    }

    /// For two classes the one predictor is that of the second class, and so is the intercept.
    fn inside(&self) -> Inside {
        let q = self.names.len() + 1;
        let first = usize::from(self.classes.count() == 2);
        let mut coefficients = Vec::new();
        for (k, theta) in self.theta.chunks_exact(q).enumerate() {
            let class = self.classes.name(k + first);
            coefficients.extend(self.names.iter().zip(theta).map(|(n, c)| (format!("{n} → {class}"), *c)));
        }
        Inside::Linear { coefficients, intercept: self.theta.get(q - 1).copied().unwrap_or(0.0) }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A logistic regression from the bytes it saved.
///
/// # Errors
/// Bytes that are no such model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Softmax = store::load("logistic regression", bytes)?;
    if model.sound() { Ok(Box::new(model)) } else { Err(store::damaged("logistic regression")) }
}
