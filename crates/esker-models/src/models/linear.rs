//! Least squares, plain and with an L2 penalty (ridge).

use esker_core::graph::{Graph, Operation, Value};
use esker_core::{
    Context, Error, Estimator, Inside, Model, Needs, Note, Parameter, Prediction, Result, Samples, Search, Settings, Targets, Unit,
};
use esker_math::{Cholesky, Columns, cross, dot, gram, least_squares};
use serde::{Deserialize, Serialize};

use super::training::{Target, Training};
use crate::matrix::Matrix;
use crate::store;

/// What `linear` does.
pub const DOC_LINEAR: &str = "Weighted least squares; where several solutions fit equally well, the one of least norm \
     in units of each feature's spread.";
/// What `ridge` does.
pub const DOC_RIDGE: &str = "Weighted least squares with an L2 penalty on the coefficients, not on the constant term \
     (Hoerl and Kennard 1970).";

/// Parameters of `ridge`.
pub fn parameters_ridge() -> Vec<Parameter> {
    vec![
        Parameter::real(
            "lambda",
            1.0,
            0.0,
            1e15,
            "Strength of the penalty: the sum of w (y - X b)^2 plus lambda |b|^2 is least. 0 is least squares.",
        )
        .tuned(Search::LogUniform(1e-4, 1e4)),
    ]
}

/// Least squares with an L2 penalty that may be 0.
pub struct Linear {
    lambda: Option<f64>,
}

impl Linear {
    /// Without a penalty.
    pub fn least_squares() -> Self {
        Self { lambda: None }
    }

    /// With the settings of [`parameters_ridge`].
    pub fn ridge(settings: &Settings) -> Self {
        Self { lambda: Some(settings.real("lambda")) }
    }
}

impl Estimator for Linear {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Real, complete: true, numeric: true, scaled: self.lambda.is_some(), group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        let (centred, names, unit) = Centred::of(train, target)?;
        cx.check()?;
        let mut notes = Vec::new();
        let coefficients = match self.lambda {
            Some(lambda) if lambda > 0.0 => centred.ridge(lambda)?,
            _ => centred.least_squares(&mut notes)?,
        };
        Ok(Box::new(centred.model(names, coefficients, unit, notes)?))
    }
}

/// Rows scaled by √w around the weighted means: what is left of a linear model once its constant term is settled.
pub(crate) struct Centred {
    /// √w (x − mean of x), column after column; a column that is constant up to rounding is exactly 0.
    pub x: Vec<f64>,
    /// √w (y − mean of y).
    pub y: Vec<f64>,
    /// Sum of the weights.
    pub weight: f64,
    columns: usize,
    means: Vec<f64>,
    mean: f64,
}

impl Centred {
    /// The centred rows of `train`, the features' names and the target's unit.
    ///
    /// # Errors
    /// As [`Training::new`], or a target of classes.
    pub(crate) fn of(train: &Samples, target: &str) -> Result<(Self, Vec<String>, Unit)> {
        let Training { x, weight, target: known } = Training::new(train, target)?;
        let Target::Real(y, unit) = known else {
            return Err(Error::data(format!("target '{target}'"))
                .got("classes")
                .rule("a linear model predicts numbers")
                .hint("for classes use 'logistic'"));
        };
        let names = x.names.clone();
        Ok((Self::new(x, y, &weight), names, unit))
    }

    /// Centres features and target; lengths agree, weights are above 0.
    pub(crate) fn new(x: Matrix, mut y: Vec<f64>, weight: &[f64]) -> Self {
        let (rows, columns) = (x.rows, x.columns());
        let mut values = x.values;
        let root: Vec<f64> = weight.iter().map(|w| w.sqrt()).collect();
        let centre = |column: &mut [f64]| {
            let mean = esker_math::weighted_mean(column, weight);
            let mut raw = 0.0;
            for (v, r) in column.iter_mut().zip(&root) {
                raw += (*v * r) * (*v * r);
                *v = (*v - mean) * r;
            }
            // Rounding noise around a constant must not pass for signal.
            if dot(column, column) <= 1e-26 * raw {
                column.fill(0.0);
            }
            mean
        };
        let means = if rows == 0 { vec![0.0; columns] } else { values.chunks_exact_mut(rows).map(centre).collect() };
        let mean = centre(&mut y);
        Self { x: values, y, weight: weight.iter().sum(), columns, means, mean }
    }

    /// The centred features.
    pub(crate) fn features(&self) -> Columns<'_> {
        Columns::new(&self.x, self.y.len(), self.columns)
    }

    /// Coefficients under the penalty λ > 0: Cholesky on the normal equations, or the singular value decomposition
    /// where those are ill-conditioned or there are more columns than rows.
    pub(crate) fn ridge(&self, lambda: f64) -> Result<Vec<f64>> {
        if self.columns <= self.y.len() {
            let mut a = gram(self.features());
            for j in 0..self.columns {
                a[j * self.columns + j] += lambda;
            }
            if let Ok(factor) = Cholesky::new(&a, self.columns)
                && factor.condition() < 1e10
            {
                return Ok(factor.solve(&cross(self.features(), &self.y)));
            }
        }
        Ok(least_squares(self.features(), &self.y, lambda)?.coefficients)
    }

    /// Coefficients of least squares. Columns are brought to one norm first, so that neither the numerical rank nor
    /// the choice among equal fits depends on the features' units.
    fn least_squares(&self, notes: &mut Vec<Note>) -> Result<Vec<f64>> {
        let rows = self.y.len();
        let norms: Vec<f64> = (0..self.columns).map(|j| dot(self.features().column(j), self.features().column(j)).sqrt()).collect();
        let mut x = self.x.clone();
        for (column, &norm) in x.chunks_exact_mut(rows.max(1)).zip(&norms) {
            if norm > 0.0 {
                column.iter_mut().for_each(|v| *v /= norm);
            }
        }
        let fit = least_squares(Columns::new(&x, rows, self.columns), &self.y, 0.0)?;
        if fit.rank < self.columns {
            notes.push(Note::warning(
                "rank-deficient",
                format!(
                    "{} features carry only {} independent directions in {rows} rows: some repeat or add up to others, so single \
                     coefficients mean nothing and the solution of least norm was taken",
                    self.columns, fit.rank
                ),
            ));
        }
        Ok(fit.coefficients.iter().zip(&norms).map(|(c, n)| if *n > 0.0 { c / n } else { 0.0 }).collect())
    }

    /// The constant term that goes with these coefficients.
    pub(crate) fn intercept(&self, coefficients: &[f64]) -> f64 {
        self.mean - dot(coefficients, &self.means)
    }

    /// The model of these coefficients.
    ///
    /// # Errors
    /// A coefficient that is not finite.
    pub(crate) fn model(&self, names: Vec<String>, coefficients: Vec<f64>, unit: Unit, notes: Vec<Note>) -> Result<Affine> {
        let model = Affine { intercept: self.intercept(&coefficients), names, coefficients, unit, notes };
        if model.sound() {
            Ok(model)
        } else {
            Err(Error::numeric("linear model")
                .got("a coefficient that is not finite")
                .rule("sums of squares must stay within the range of numbers")
                .hint("are some values of the features or the target extremely large?"))
        }
    }
}

/// A linear model: a constant term and one coefficient a feature.
#[derive(Serialize, Deserialize)]
pub(crate) struct Affine {
    names: Vec<String>,
    coefficients: Vec<f64>,
    intercept: f64,
    unit: Unit,
    notes: Vec<Note>,
}

impl Affine {
    fn sound(&self) -> bool {
        self.names.len() == self.coefficients.len() && self.coefficients.iter().chain([&self.intercept]).all(|v| v.is_finite())
    }

    /// A model from the bytes it saved.
    pub(crate) fn load(what: &str, bytes: &[u8]) -> Result<Box<dyn Model>> {
        let model: Self = store::load(what, bytes)?;
        if model.sound() { Ok(Box::new(model)) } else { Err(store::damaged(what)) }
    }
}

impl Model for Affine {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let x = Matrix::of(at, &self.names)?;
        let mut centre = vec![self.intercept; x.rows];
        for (j, c) in self.coefficients.iter().enumerate() {
            centre.iter_mut().zip(x.column(j)).for_each(|(sum, v)| *sum += c * v);
        }
        Ok(Prediction::real(&self.unit, centre))
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let of = graph.numbers(&self.names)?;
        Ok(Some(graph.add(Operation::Dense { of, weights: self.coefficients.clone(), constants: vec![self.intercept] })))
    }

    fn inside(&self) -> Inside {
        let coefficients = self.names.iter().cloned().zip(self.coefficients.iter().copied()).collect();
        Inside::Linear { coefficients, intercept: self.intercept }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A linear model from the bytes it saved.
///
/// # Errors
/// Bytes that are no linear model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    Affine::load("linear model", bytes)
}
