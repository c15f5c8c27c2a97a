//! What drives a model's answers, judged on held-out rows only: permutation importance and accumulated local effects.
//!
//! Each fold's model is asked about the rows that fold held out, so that what it merely memorised explains nothing.

mod across;
mod ale;
mod classes;
mod permutation;

pub use across::needs_all_folds;
pub use ale::ale;
pub use permutation::permutation;

use esker_core::{Error, Model, Prediction, Result, Samples};

/// A fold's model, its preparation included, with the rows the fold held out.
#[derive(Clone, Copy)]
pub struct HeldOut<'a> {
    /// The model fitted on the fold's training rows; it takes columns as they are in `test`.
    pub model: &'a dyn Model,
    /// The held-out rows: the features and the target.
    pub test: &'a Samples,
}

/// Refuses an explanation without rows.
fn check(folds: &[HeldOut]) -> Result<()> {
    if folds.is_empty() {
        return Err(Error::data("explanation").got("0 folds").rule("at least 1 is needed"));
    }
    match folds.iter().position(|f| f.test.rows() == 0) {
        Some(k) => Err(Error::data(format!("explanation, fold {}", k + 1)).got("0 held-out rows").rule("at least 1 is needed")),
        None => Ok(()),
    }
}

/// What a prediction says in one number a row: its centre, or the probability of a class.
struct View {
    /// The class whose probability is looked at; `None` for numbers.
    class: Option<String>,
}

impl View {
    /// The view on `class` as the first fold's model counts its classes; later models are asked by name.
    fn new(folds: &[HeldOut], class: Option<usize>) -> Result<Self> {
        let first = folds[0].model.predict(&folds[0].test.select(&[0]))?;
        let class = match (&first, class) {
            (Prediction::Real { .. }, None) => None,
            (Prediction::Class { levels, .. }, Some(k)) if k < levels.len() => Some(levels[k].clone()),
            (Prediction::Class { levels, .. }, Some(k)) => {
                return Err(Error::usage("class to explain")
                    .got(format!("number {k}"))
                    .rule(format!("the model has {} classes", levels.len())));
            }
            (Prediction::Class { levels, .. }, None) => {
                return Err(Error::usage("class to explain")
                    .got("none")
                    .rule(format!("the model predicts {} classes: name the one to explain", levels.len())));
            }
            (Prediction::Real { .. }, Some(k)) => {
                return Err(Error::usage("class to explain").got(format!("number {k}")).rule("the model predicts numbers"));
            }
        };
        Ok(Self { class })
    }

    fn of(&self, said: Prediction) -> Result<Vec<f64>> {
        match (said, &self.class) {
            (Prediction::Real { centre, .. }, None) => Ok(centre),
            (Prediction::Class { levels, probability, .. }, Some(class)) => {
                let rows = probability.len() / levels.len().max(1);
                // A model that never saw the class gives it no probability.
                let Some(k) = levels.iter().position(|l| l == class) else { return Ok(vec![0.0; rows]) };
                Ok(probability.chunks_exact(levels.len()).map(|row| row[k]).collect())
            }
            _ => {
                Err(Error::model("fold models").got("numbers from one and classes from another").rule("all folds predict the same target"))
            }
        }
    }
}
