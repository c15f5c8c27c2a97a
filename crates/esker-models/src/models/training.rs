//! Training rows that carry weight, as a complete matrix with its target.

use std::borrow::Cow;

use esker_core::graph::{Graph, Operation, Value};
use esker_core::{Codes, Error, MISSING, Prediction, Result, Samples, Unit, Values};
use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;

/// What dense models learn from. Rows of weight 0 are left out, as if they were not there.
pub(crate) struct Training {
    /// The features, sorted by name.
    pub x: Matrix,
    /// One weight a row, each above 0; all 1 where the samples have none.
    pub weight: Vec<f64>,
    /// The target.
    pub target: Target,
}

/// A target without gaps.
pub(crate) enum Target {
    /// Numbers and their unit.
    Real(Vec<f64>, Unit),
    /// Places among the classes present, and the classes.
    Class(Vec<u32>, Classes),
}

impl Training {
    /// The features and the target of `train`.
    ///
    /// # Errors
    /// No row that carries weight, a missing target, a feature of classes or with a gap.
    pub(crate) fn new(train: &Samples, target: &str) -> Result<Self> {
        let (train, weight) = carrying_weight(train)?;
        let x = Matrix::of_features(&train, target)?;
        let target = Target::of(&train, target)?;
        Ok(Self { x, weight, target })
    }
}

impl Target {
    /// The target column of rows that all carry weight.
    ///
    /// # Errors
    /// No such column, or a missing value.
    pub(crate) fn of(train: &Samples, target: &str) -> Result<Self> {
        let column = train.column(target)?;
        if let Some(row) = (0..train.rows()).find(|&r| column.values.is_missing(r)) {
            return Err(Error::data(format!("target '{target}' row {}", row + 1))
                .got("a missing value")
                .rule("a model learns only from known targets"));
        }
        Ok(match &column.values {
            Values::Real(v) => Self::Real(v.clone(), column.unit.clone()),
            Values::Class(codes) => {
                let (places, classes) = Classes::of(codes);
                Self::Class(places, classes)
            }
        })
    }
}

/// The rows of `train` that carry weight, with their weights.
///
/// # Errors
/// There are none.
pub(crate) fn carrying_weight(train: &Samples) -> Result<(Cow<'_, Samples>, Vec<f64>)> {
    let weight: Vec<f64> = (0..train.rows()).map(|r| train.weight_of(r)).collect();
    if weight.iter().all(|&w| w > 0.0) && !weight.is_empty() {
        return Ok((Cow::Borrowed(train), weight));
    }
    let rows: Vec<usize> = (0..train.rows()).filter(|&r| weight[r] > 0.0).collect();
    if rows.is_empty() {
        return Err(Error::data("training rows").got("none that carry weight").rule("a model needs at least one row to learn from"));
    }
    let weight = rows.iter().map(|&r| weight[r]).collect();
    Ok((Cow::Owned(train.select(&rows)), weight))
}

/// The classes of a target, of which some may have no training row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Classes {
    /// All levels of the target.
    levels: Vec<String>,
    /// The levels with training rows, ascending.
    present: Vec<u32>,
}

impl Classes {
    /// The classes of complete codes, and each row's place among those present.
    fn of(codes: &Codes) -> (Vec<u32>, Self) {
        let mut place = vec![MISSING; codes.levels().len()];
        let mut present = Vec::new();
        for (level, &count) in codes.counts().iter().enumerate() {
            if count > 0 {
                place[level] = present.len() as u32;
                present.push(level as u32);
            }
        }
        let places = codes.codes().iter().map(|&c| place[c as usize]).collect();
        (places, Self { levels: codes.levels().to_vec(), present })
    }

    /// Number of classes with training rows.
    pub(crate) fn count(&self) -> usize {
        self.present.len()
    }

    /// The name of the class at a place.
    pub(crate) fn name(&self, place: usize) -> &str {
        &self.levels[self.present[place] as usize]
    }

    /// Whether the parts fit each other; they may come from a stranger.
    pub(crate) fn sound(&self) -> bool {
        !self.present.is_empty()
            && self.present.iter().all(|&k| (k as usize) < self.levels.len())
            && self.present.windows(2).all(|w| w[0] < w[1])
    }

    /// A prediction from the probabilities of the classes present, row after row; absent classes have probability 0.
    pub(crate) fn prediction(&self, probability: &[f64]) -> Prediction {
        let all = self.levels.len();
        let mut wide = vec![0.0; probability.len() / self.count() * all];
        for (from, to) in probability.chunks_exact(self.count()).zip(wide.chunks_exact_mut(all)) {
            for (&p, &level) in from.iter().zip(&self.present) {
                to[level as usize] = p;
            }
        }
        Prediction::class(self.levels.clone(), wide)
    }
    /// As [`Classes::prediction`], on a graph: shares of the classes present (of two, that of the second alone) become those of all levels.
    pub(crate) fn describe(&self, graph: &mut Graph, shares: Value) -> Value {
        widen(graph, shares, self.levels.len(), &self.present)
    }

    /// As [`Classes::describe`], of the same shares for every row.
    pub(crate) fn describe_constant(&self, graph: &mut Graph, shares: &[f64]) -> Value {
        let mut wide = vec![0.0; self.levels.len()];
        self.present.iter().zip(shares).for_each(|(&k, s)| wide[k as usize] = *s);
        graph.add(Operation::Constant(wide))
    }
}

/// Shares of the classes present as those of all levels. One column of two classes is that of the second.
pub(crate) fn widen(graph: &mut Graph, shares: Value, levels: usize, present: &[u32]) -> Value {
    let (inputs, mut constants) = (graph.width(shares), vec![0.0; levels]);
    if inputs == levels && levels == present.len() {
        return shares;
    }
    let mut weights = vec![0.0; inputs * levels];
    match present {
        [no, yes] if inputs == 1 => {
            (weights[*no as usize], weights[*yes as usize]) = (-1.0, 1.0);
            constants[*no as usize] = 1.0;
        }
        _ => present.iter().enumerate().for_each(|(i, &k)| weights[i * levels + k as usize] = 1.0),
    }
    graph.add(Operation::Dense { of: shares, weights, constants })
}
