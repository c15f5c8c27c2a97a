//! Least squares with L1 and L2 penalties, by coordinate descent and an exact last step.

use esker_core::{Context, Estimator, Model, Needs, Note, Parameter, Result, Samples, Search, Settings, Targets};
use esker_math::{Cholesky, cross, dot, gram};

use super::linear::{Affine, Centred};
use crate::matrix::Matrix;

/// What `elastic-net` does.
pub const DOC: &str = "Weighted least squares with L1 and L2 penalties on the coefficients, which sets weak ones to zero \
     (Zou and Hastie 2005; coordinate descent of Friedman, Hastie and Tibshirani 2010).";

/// Sweeps over the coordinates before giving up.
const SWEEPS: usize = 20_000;
/// Sweeps over the coefficients that are not zero between two looks at all of them.
const INNER: usize = 10;
/// More columns than this, and more than rows: products with rows are formed as needed.
const GRAM_LIMIT: usize = 256;
/// Duality gap at which descent may stop, as a share of the target's mean square about its mean.
const TOLERANCE: f64 = 1e-12;

/// Parameters of `elastic-net`.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::real(
            "lambda",
            0.01,
            1e-10,
            1e10,
            "Strength of the penalty: the sum of w (y - X b)^2 / (2 sum of w) plus lambda (mix |b|_1 + (1 - mix) |b|^2 / 2) is least. \
             It carries the unit of the target.",
        )
        .tuned(Search::LogUniform(1e-4, 1e1)),
        Parameter::real("mix", 0.5, 0.0, 1.0, "Share of the L1 penalty: 1 is the lasso, 0 is ridge.").tuned(Search::Uniform(0.0, 1.0)),
    ]
}

/// Least squares with L1 and L2 penalties.
pub struct ElasticNet {
    lambda: f64,
    mix: f64,
}

impl ElasticNet {
    /// With the settings of [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self { lambda: settings.real("lambda"), mix: settings.real("mix") }
    }
}

impl Estimator for ElasticNet {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Real, complete: true, numeric: true, scaled: true, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let (centred, names, unit) = Centred::of(train, target)?;
        let mut notes = Vec::new();
        let mut problem = Problem::new(&centred);
        let penalty = Penalty::new(self.lambda, self.mix);
        if !problem.solve(penalty, cx)? {
            notes.push(Note::warning(
                "not-converged",
                format!("coordinate descent left a duality gap above {TOLERANCE:e} of the target's variance after {SWEEPS} sweeps"),
            ));
        }
        if !names.is_empty() && problem.b.iter().all(|&b| b == 0.0) {
            let limit = if self.mix > 0.0 { problem.strongest() / self.mix } else { 0.0 };
            notes.push(Note::info(
                "no-coefficient-left",
                format!(
                    "lambda = {} sets every coefficient to zero, so the model is the mean; below {limit:.4} the first feature enters",
                    self.lambda
                ),
            ));
        }
        let b = problem.b;
        Ok(Box::new(centred.model(names, b, unit, notes)?))
    }
}

/// One point of a coefficient path.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPoint {
    /// The penalty.
    pub lambda: f64,
    /// The constant term.
    pub intercept: f64,
    /// One coefficient a column of the matrix.
    pub coefficients: Vec<f64>,
}

/// The coefficients along `lambdas`, each solution starting from the one before: best given from large to small.
///
/// Features should be on one scale. `weight` has one number above 0 a row.
///
/// # Errors
/// The user stopped the work.
///
/// # Panics
/// Lengths of `x`, `y` and `weight` that differ.
pub fn path(x: Matrix, y: &[f64], weight: &[f64], (mix, lambdas): (f64, &[f64]), cx: &Context) -> Result<Vec<PathPoint>> {
    assert!(x.rows == y.len() && y.len() == weight.len(), "one y and one weight a row");
    let centred = Centred::new(x, y.to_vec(), weight);
    let mut problem = Problem::new(&centred);
    lambdas
        .iter()
        .map(|&lambda| {
            problem.solve(Penalty::new(lambda, mix), cx)?;
            Ok(PathPoint { lambda, intercept: centred.intercept(&problem.b), coefficients: problem.b.clone() })
        })
        .collect()
}

/// l1 |b|₁ + l2 |b|² / 2.
#[derive(Clone, Copy)]
struct Penalty {
    l1: f64,
    l2: f64,
}

impl Penalty {
    fn new(lambda: f64, mix: f64) -> Self {
        Self { l1: lambda * mix, l2: lambda * (1.0 - mix) }
    }
}

/// |y − X b|² / (2 Σw) around the means, and where its minimisation stands.
struct Problem<'a> {
    centred: &'a Centred,
    /// The coefficients.
    b: Vec<f64>,
    /// Xᵀy / Σw.
    xy: Vec<f64>,
    /// Diagonal of XᵀX / Σw.
    square: Vec<f64>,
    /// |y|² / Σw.
    yy: f64,
    products: Products,
}

/// How the gradient Xᵀ(y − X b) / Σw is kept up to date.
enum Products {
    /// XᵀX / Σw is at hand, and the gradient for every column.
    Gram { xx: Vec<f64>, gradient: Vec<f64> },
    /// Only the residual y − X b is.
    Rows { residual: Vec<f64> },
}

impl<'a> Problem<'a> {
    fn new(centred: &'a Centred) -> Self {
        let x = centred.features();
        let (p, n) = (x.columns(), x.rows());
        let scale = |v: f64| v / centred.weight;
        let xy: Vec<f64> = cross(x, &centred.y).into_iter().map(scale).collect();
        let square: Vec<f64> = (0..p).map(|j| scale(dot(x.column(j), x.column(j)))).collect();
        let products = if p <= n || p <= GRAM_LIMIT {
            Products::Gram { xx: gram(x).into_iter().map(scale).collect(), gradient: xy.clone() }
        } else {
            Products::Rows { residual: centred.y.clone() }
        };
        Self { centred, b: vec![0.0; p], yy: scale(dot(&centred.y, &centred.y)), xy, square, products }
    }

    /// The largest |Xᵀy| / Σw: an L1 penalty from there on leaves no coefficient.
    fn strongest(&self) -> f64 {
        self.xy.iter().fold(0.0, |m, v| v.abs().max(m))
    }

    fn gradient(&self, j: usize) -> f64 {
        match &self.products {
            Products::Gram { gradient, .. } => gradient[j],
            Products::Rows { residual } => dot(self.centred.features().column(j), residual) / self.centred.weight,
        }
    }

    /// Sets a coefficient.
    fn set(&mut self, j: usize, value: f64) {
        let step = value - self.b[j];
        if step == 0.0 {
            return;
        }
        self.b[j] = value;
        let (p, x) = (self.b.len(), self.centred.features());
        match &mut self.products {
            Products::Gram { xx, gradient } => {
                gradient.iter_mut().zip(&xx[j * p..(j + 1) * p]).for_each(|(g, q)| *g -= step * q);
            }
            Products::Rows { residual } => residual.iter_mut().zip(x.column(j)).for_each(|(r, v)| *r -= step * v),
        }
    }

    /// Minimises over one coefficient; returns how far the fitted values moved (root mean square).
    fn descend(&mut self, j: usize, penalty: Penalty) -> f64 {
        if self.square[j] == 0.0 {
            return 0.0;
        }
        let before = self.b[j];
        let z = self.gradient(j) + self.square[j] * before;
        let after = if z.abs() > penalty.l1 { (z - penalty.l1.copysign(z)) / (self.square[j] + penalty.l2) } else { 0.0 };
        self.set(j, after);
        (after - before).abs() * self.square[j].sqrt()
    }

    /// Minimises; whether it got there.
    fn solve(&mut self, penalty: Penalty, cx: &Context) -> Result<bool> {
        cx.check()?;
        if penalty.l1 == 0.0 {
            let b = self.centred.ridge(penalty.l2 * self.centred.weight)?;
            (0..b.len()).for_each(|j| self.set(j, b[j]));
            return Ok(true);
        }
        let all: Vec<usize> = (0..self.b.len()).collect();
        let mut signs = Vec::new();
        let mut sweeps = 0;
        while sweeps < SWEEPS {
            cx.check()?;
            let mut moved = all.iter().fold(0.0, |m: f64, &j| self.descend(j, penalty).max(m));
            let active: Vec<usize> = all.iter().copied().filter(|&j| self.b[j] != 0.0).collect();
            sweeps += 1;
            for _ in 0..INNER {
                if moved <= 1e-9 * self.yy.sqrt() {
                    break;
                }
                moved = active.iter().fold(0.0, |m: f64, &j| self.descend(j, penalty).max(m));
                sweeps += 1;
            }
            // The signs have settled: the rest is linear, and one system gives the answer to the last digit.
            let now: Vec<i8> = self.b.iter().map(|b| (*b > 0.0) as i8 - (*b < 0.0) as i8).collect();
            if now == signs && self.finish(penalty) {
                return Ok(true);
            }
            signs = now;
            if self.gap(penalty) <= TOLERANCE * self.yy {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Solves (X'X + l2) b = X'y − l1 sign(b) on the coefficients that are not zero, and keeps the solution if it
    /// meets the conditions of optimality: then it is the minimum.
    fn finish(&mut self, penalty: Penalty) -> bool {
        let p = self.b.len();
        let active: Vec<usize> = (0..p).filter(|&j| self.b[j] != 0.0).collect();
        let k = active.len();
        let x = self.centred.features();
        let mut a = vec![0.0; k * k];
        for (s, &i) in active.iter().enumerate() {
            for (t, &j) in active.iter().enumerate().skip(s) {
                a[s * k + t] = match &self.products {
                    Products::Gram { xx, .. } => xx[i * p + j],
                    Products::Rows { .. } => dot(x.column(i), x.column(j)) / self.centred.weight,
                };
            }
            a[s * k + s] += penalty.l2;
        }
        let right: Vec<f64> = active.iter().map(|&j| self.xy[j] - penalty.l1.copysign(self.b[j])).collect();
        let exact = match Cholesky::new(&a, k) {
            _ if k == 0 => Vec::new(),
            Ok(factor) if factor.condition() < 1e12 => factor.solve(&right),
            _ => return false,
        };
        if active.iter().zip(&exact).any(|(&j, &v)| v * self.b[j] <= 0.0) {
            return false;
        }
        let before = self.b.clone();
        active.iter().zip(&exact).for_each(|(&j, &v)| self.set(j, v));
        let slack = penalty.l1 + 1e-12 * self.strongest();
        let optimal = (0..p).all(|j| self.b[j] != 0.0 || self.gradient(j).abs() <= slack);
        if !optimal {
            (0..p).for_each(|j| self.set(j, before[j]));
        }
        optimal
    }

    /// The duality gap, an upper bound of how far the objective is above its minimum (Kim et al. 2007, eq. 9, with the
    /// L2 penalty written as further rows of X).
    fn gap(&self, penalty: Penalty) -> f64 {
        let gradient: Vec<f64> = (0..self.b.len()).map(|j| self.gradient(j)).collect();
        let dual = gradient.iter().zip(&self.b).fold(0.0, |m: f64, (g, b)| (g - penalty.l2 * b).abs().max(m));
        let with_y = self.yy - dot(&self.b, &self.xy);
        let residual = (with_y - dot(&self.b, &gradient)).max(0.0);
        let shrink = if dual > penalty.l1 { penalty.l1 / dual } else { 1.0 };
        let l1_norm: f64 = self.b.iter().map(|b| b.abs()).sum();
        let l2_norm = dot(&self.b, &self.b);
        0.5 * (residual + penalty.l2 * l2_norm) * (1.0 + shrink * shrink) + penalty.l1 * l1_norm - shrink * with_y
    }
}

/// A model from the bytes it saved.
///
/// # Errors
/// Bytes that are no linear model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    Affine::load("elastic net", bytes)
}
