//! Estimators learn from samples and become models; the two are two types.

use crate::graph::{Graph, Value};
use crate::record::Learning;
use crate::{Column, Context, DecisionTree, Error, Note, Prediction, Result, Samples};

/// Which targets an estimator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targets {
    /// Numbers only.
    Real,
    /// Classes only.
    Class,
    /// Both.
    Either,
}

/// What an estimator needs of its training samples; the corridor prepares them accordingly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Which targets it takes.
    pub target: Targets,
    /// Features without missing values (else they are imputed first).
    pub complete: bool,
    /// Features that are numbers (else classes are encoded first).
    pub numeric: bool,
    /// Features on one scale (else they are standardised first).
    pub scaled: bool,
    /// Samples that know their group.
    pub group: bool,
}

/// Learns from samples.
///
/// Every column of `train` but `target` is a feature. The target has no missing value, weights are not
/// negative and not all zero. Same samples, same settings, same `cx.rng`: the same model bit for bit,
/// whatever `cx.threads` is.
pub trait Estimator: Send + Sync {
    /// What it needs of its samples.
    fn needs(&self) -> Needs;

    /// Fits a model.
    ///
    /// # Errors
    /// Samples it cannot learn from, or the user stopped the work.
    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>>;

    /// The parameter that counts the steps in which it learns (rounds of boosting, epochs of a network), where it learns in steps that
    /// can be watched.
    fn steps(&self) -> Option<&'static str> {
        None
    }

    /// As [`Estimator::fit`], while `watch` looks on after every step and may end the learning. With a number of steps at which the watch
    /// ended it, `fit` gives the same model. Estimators without steps are fitted unwatched.
    ///
    /// # Errors
    /// As [`Estimator::fit`], or those of `watch`.
    fn fit_watched(&self, train: &Samples, target: &str, _watch: &mut dyn Watch, cx: &Context) -> Result<Box<dyn Model>> {
        self.fit(train, target, cx)
    }
}

/// Looks on while a model learns step by step, at rows that it does not learn from.
pub trait Watch: Send {
    /// The rows looked at, prepared as the training rows are.
    fn rows(&self) -> &Samples;

    /// Takes what the model says of the rows after so many steps, from 1; `false` ends the learning there.
    ///
    /// # Errors
    /// What is said cannot be judged.
    fn see(&mut self, step: usize, said: &Prediction) -> Result<bool>;
}

/// What has been learned.
pub trait Model: Send + Sync {
    /// Predicts. Features are found by name; their order does not matter, further columns are ignored.
    ///
    /// # Errors
    /// A feature is missing or of another type, a class was never seen.
    fn predict(&self, at: &Samples) -> Result<Prediction>;

    /// Predicts once for each of `sets`, with the values of the set's features taken from other rows: row `i` has
    /// them from row `order[i]`. The answers are those of [`Model::predict`] on such samples, bit for bit; a model that
    /// can tell which rows a feature does not reach is faster.
    ///
    /// # Errors
    /// As [`Model::predict`], or a feature of a set is no column.
    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        shuffled_one_by_one(self, at, order, sets)
    }

    /// Partial dependence (Friedman 2001): for each column of `grids`, the mean answer over the rows of `at` when the feature of that name has each
    /// of its values in all rows; values × outputs (one for numbers, one a level for classes).
    ///
    /// # Errors
    /// As [`Model::predict`], or there are no rows.
    fn dependence(&self, at: &Samples, grids: &[Column]) -> Result<Vec<Vec<f64>>> {
        dependence_one_by_one(self, at, grids)
    }

    /// What each feature adds to each answer: Shapley values of the model's own walk down its trees (path-dependent tree SHAP). `None` where
    /// the model has no trees.
    ///
    /// # Errors
    /// As [`Model::predict`].
    fn contributions(&self, _at: &Samples) -> Result<Option<Contributions>> {
        Ok(None)
    }

    /// As [`Model::contributions`], where unknown features have the values of background rows instead (interventional tree SHAP): what the model
    /// would say, whatever features go together. `None` where the model has no trees.
    ///
    /// # Errors
    /// As [`Model::predict`], or no background row.
    fn contributions_against(&self, _at: &Samples, _background: &Samples) -> Result<Option<Contributions>> {
        Ok(None)
    }

    /// How [`Model::contributions`] are shared among pairs of features (Shapley interaction values). `None` where the model has no trees.
    ///
    /// # Errors
    /// As [`Model::predict`].
    fn interactions(&self, _at: &Samples) -> Result<Option<Interactions>> {
        Ok(None)
    }

    /// How alike rows are to the model: for each row of `at` and each of `others`, the share of trees in which both end in one leaf (Breiman 2001),
    /// rows × others. `None` where the model has no trees.
    ///
    /// # Errors
    /// As [`Model::predict`].
    fn proximities(&self, _at: &Samples, _others: &Samples) -> Result<Option<Vec<f64>>> {
        Ok(None)
    }

    /// Describes the model as operations on the columns of `graph`. Their value is what [`Model::predict`] says: a number, or the probability
    /// of each level. `None` where the model is nothing that other programs could compute from the columns alone.
    ///
    /// # Errors
    /// A column that the graph lacks or holds otherwise.
    fn describe(&self, _graph: &mut Graph) -> Result<Option<Value>> {
        Ok(None)
    }

    /// Whether rows must know when they were ([`Support::time`](crate::Support)).
    fn wants_time(&self) -> bool {
        false
    }

    /// Whether what it says of a row depends on the rows beside it.
    fn looks_around(&self) -> bool {
        false
    }

    /// What the steps of its preparation learned, step by step: columns, with words. Of models made of others, those of the first.
    fn prepared(&self) -> Vec<Vec<(String, String)>> {
        Vec::new()
    }

    /// What can be read off the model itself.
    fn inside(&self) -> Inside;

    /// What fitting noticed (e.g. that it did not converge).
    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }

    /// The model as bytes, which the catalog that made its estimator loads again.
    fn save(&self) -> Vec<u8>;
}

/// [`Model::predict_shuffled`] for any model: the samples are copied, and for each set its columns are replaced.
///
/// # Errors
/// As [`Model::predict_shuffled`].
pub fn shuffled_one_by_one<M: Model + ?Sized>(model: &M, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
    let mut work = at.clone();
    let mut said = Vec::with_capacity(sets.len());
    for set in sets {
        for feature in *set {
            work.put(at.column(feature)?.select(order))?;
        }
        said.push(model.predict(&work)?);
        for feature in *set {
            work.put(at.column(feature)?.clone())?;
        }
    }
    Ok(said)
}

/// [`Model::dependence`] for any model: the samples are copied, and predicted once for each value.
///
/// # Errors
/// As [`Model::dependence`].
pub fn dependence_one_by_one<M: Model + ?Sized>(model: &M, at: &Samples, grids: &[Column]) -> Result<Vec<Vec<f64>>> {
    let rows = at.rows();
    if rows == 0 {
        return Err(Error::data("partial dependence").got("no rows").rule("it is a mean over rows"));
    }
    let mut work = at.clone();
    let mut all = Vec::with_capacity(grids.len());
    for grid in grids {
        let own = at.column(&grid.name)?.clone();
        let mut means = Vec::new();
        for value in 0..grid.len() {
            work.put(grid.select(&vec![value; rows]))?;
            let (answers, outputs) = match model.predict(&work)? {
                Prediction::Real { centre, .. } => (centre, 1),
                Prediction::Class { levels, probability, .. } => (probability, levels.len()),
            };
            means.extend((0..outputs).map(|k| answers.iter().skip(k).step_by(outputs).sum::<f64>() / rows as f64));
        }
        work.put(own)?;
        all.push(means);
    }
    Ok(all)
}

/// What contributions add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The answer, in the target's unit; before it is kept within what is possible.
    Answer,
    /// The natural logarithm of the answer.
    Logarithm,
    /// The probability of each class.
    Probability,
    /// The natural logarithm of the odds of the second of two classes.
    LogOdds,
    /// A score a class, whose softmax gives the probabilities.
    Scores,
}

/// What features add to answers: `base` plus the sum over features is what `told` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// What they add up to.
    pub told: Told,
    /// The class of each output; for numbers one of an empty name, and `low` and `high` where an interval goes with it.
    pub outputs: Vec<String>,
    /// Names of the features.
    pub features: Vec<String>,
    /// What is answered when nothing is known of a row, one number an output.
    pub base: Vec<f64>,
    /// Rows × outputs × features, features innermost.
    pub values: Vec<f64>,
}

/// What pairs of features add to answers: a feature's contribution is the sum of its row.
#[derive(Debug, Clone, PartialEq)]
pub struct Interactions {
    /// What they add up to.
    pub told: Told,
    /// The class of each output; for numbers one of an empty name, and `low` and `high` where an interval goes with it.
    pub outputs: Vec<String>,
    /// Names of the features.
    pub features: Vec<String>,
    /// What is answered when nothing is known of a row, one number an output.
    pub base: Vec<f64>,
    /// Rows × outputs × features × features; the diagonal is what a feature adds alone.
    pub values: Vec<f64>,
}

/// What can be read off a fitted model.
#[derive(Debug, Clone, PartialEq)]
pub enum Inside {
    /// Coefficients on the features as the model saw them (after preparation).
    Linear {
        /// (feature, coefficient); for classes, `feature → class`.
        coefficients: Vec<(String, f64)>,
        /// The constant term (the first class's, for classes).
        intercept: f64,
    },
    /// Trees, with the share of the total split gain each feature took.
    Trees {
        /// (feature, share of gain), summing to 1 unless no split was made.
        gain: Vec<(String, f64)>,
        /// (feature, number of splits).
        splits: Vec<(String, usize)>,
    },
    /// A network, with the course of its learning.
    Network(Learning),
    /// One tree that can be read.
    Decision {
        /// (feature, share of gain), summing to 1 unless no split was made.
        gain: Vec<(String, f64)>,
        /// The tree itself.
        tree: DecisionTree,
    },
    /// Nothing simple to show.
    Closed,
}
