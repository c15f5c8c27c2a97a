//! The target of trees: numbers or classes, on the rows that carry weight.

use esker_core::{Codes, Error, Result, Rng, Samples, Unit, Values};
use serde::{Deserialize, Serialize};

/// What a tree model answers with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Numbers in a unit.
    Real {
        /// The target's unit.
        unit: Unit,
    },
    /// Classes. `present[k]` is the level of output `k`; levels without training rows have probability 0.
    Class {
        /// All levels of the target.
        levels: Vec<String>,
        /// The levels with training rows, ascending.
        present: Vec<u32>,
    },
}

impl Answer {
    /// Whether the parts fit each other; they may come from a stranger.
    pub(super) fn sound(&self) -> bool {
        match self {
            Self::Real { .. } => true,
            Self::Class { levels, present } => {
                !present.is_empty() && present.iter().all(|&k| (k as usize) < levels.len()) && present.windows(2).all(|w| w[0] < w[1])
            }
        }
    }
}

/// Training rows as trees see them: rows without weight are left out, as if they were not there.
pub(super) struct Target {
    /// The rows of the samples that carry weight.
    pub(super) rows: Vec<usize>,
    /// Their weights; `None` where all are 1.
    pub(super) weight: Option<Vec<f64>>,
    /// The target on these rows: a number, or the place of the class among those present.
    pub(super) values: Known,
    /// How the model will answer.
    pub(super) answer: Answer,
}

/// Target values without gaps.
pub(super) enum Known {
    /// Numbers.
    Real(Vec<f64>),
    /// Places among the classes present.
    Class(Vec<u32>),
}

impl Target {
    /// The target column on the rows that carry weight.
    ///
    /// # Errors
    /// No such column, a missing value in it, or no row that carries weight.
    pub(super) fn new(train: &Samples, target: &str) -> Result<Self> {
        let column = train.column(target)?;
        let rows: Vec<usize> = (0..train.rows()).filter(|&r| train.weight_of(r) > 0.0).collect();
        if rows.is_empty() {
            return Err(Error::data("training rows").got("none that carry weight").rule("trees need at least one"));
        }
        if let Some(row) = rows.iter().find(|&&r| column.values.is_missing(r)) {
            return Err(Error::data(format!("target '{target}' row {}", row + 1))
                .got("a missing value")
                .rule("a model learns only from known targets"));
        }
        let weight: Option<Vec<f64>> = train.weight().map(|w| rows.iter().map(|&r| w[r]).collect());
        let (values, answer) = match &column.values {
            Values::Real(v) => (Known::Real(rows.iter().map(|&r| v[r]).collect()), Answer::Real { unit: column.unit.clone() }),
            Values::Class(c) => classes(c, &rows),
        };
        Ok(Self { rows, weight: weight.filter(|w| w.iter().any(|&x| x != 1.0)), values, answer })
    }

    /// Brings the rows into random order.
    pub(super) fn shuffle(&mut self, rng: &mut Rng) {
        let mut order: Vec<u32> = (0..self.rows.len() as u32).collect();
        rng.shuffle(&mut order);
        self.rows = order.iter().map(|&i| self.rows[i as usize]).collect();
        if let Some(weight) = &mut self.weight {
            *weight = order.iter().map(|&i| weight[i as usize]).collect();
        }
        match &mut self.values {
            Known::Real(y) => *y = order.iter().map(|&i| y[i as usize]).collect(),
            Known::Class(class) => *class = order.iter().map(|&i| class[i as usize]).collect(),
        }
    }

    /// The weight of the `i`-th of the rows.
    pub(super) fn weight_of(&self, i: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[i])
    }

    /// Number of classes present; 0 for numbers.
    pub(super) fn classes(&self) -> usize {
        match &self.answer {
            Answer::Real { .. } => 0,
            Answer::Class { present, .. } => present.len(),
        }
    }
}

fn classes(codes: &Codes, rows: &[usize]) -> (Known, Answer) {
    let mut place = vec![u32::MAX; codes.levels().len()];
    for &row in rows {
        place[codes.codes()[row] as usize] = 0;
    }
    let present: Vec<u32> = (0..place.len() as u32).filter(|&k| place[k as usize] == 0).collect();
    for (i, &level) in present.iter().enumerate() {
        place[level as usize] = i as u32;
    }
    let values = rows.iter().map(|&r| place[codes.codes()[r] as usize]).collect();
    (Known::Class(values), Answer::Class { levels: codes.levels().to_vec(), present })
}

/// Weighted mean; exact where all values are equal.
pub(super) fn mean(values: &[f64], weight: impl Fn(usize) -> f64) -> f64 {
    let first = values[0];
    let (mut sum, mut total) = (0.0, 0.0);
    for (i, v) in values.iter().enumerate() {
        sum += weight(i) * (v - first);
        total += weight(i);
    }
    first + sum / total
}
