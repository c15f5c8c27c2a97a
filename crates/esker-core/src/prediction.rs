//! What a model says: a centre with its spread, or class probabilities.

use crate::{Error, Result, Unit};

/// How sure a prediction of numbers is; a type says which kind of number it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Spread {
    /// Not known.
    Unknown,
    /// Standard deviation, in the unit of the centre.
    Sd(Vec<f64>),
    /// An interval that covers a new observation with probability `level`.
    Interval {
        /// Nominal coverage, e.g. 0.9.
        level: f64,
        /// Lower ends.
        low: Vec<f64>,
        /// Upper ends.
        high: Vec<f64>,
    },
}

/// A prediction for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// Numbers.
    Real {
        /// The unit of centre and spread.
        unit: Unit,
        /// One number a row.
        centre: Vec<f64>,
        /// How sure they are.
        spread: Spread,
    },
    /// Class probabilities.
    Class {
        /// The classes, in column order of `probability`.
        levels: Vec<String>,
        /// rows × levels, row after row; each row sums to 1.
        probability: Vec<f64>,
    },
}

impl Prediction {
    /// Numbers of unknown spread.
    pub fn real(unit: &Unit, centre: Vec<f64>) -> Self {
        Self::Real { unit: unit.clone(), centre, spread: Spread::Unknown }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Real { centre, .. } => centre.len(),
            Self::Class { levels, probability } => probability.len() / levels.len().max(1),
        }
    }

    /// The predicted numbers.
    ///
    /// # Errors
    /// The prediction is of classes.
    pub fn centre(&self) -> Result<&[f64]> {
        match self {
            Self::Real { centre, .. } => Ok(centre),
            Self::Class { .. } => Err(Error::data("prediction").got("classes").rule("numbers are needed here")),
        }
    }

    /// The most probable class of each row, the first of equals.
    ///
    /// # Errors
    /// The prediction is of numbers.
    pub fn classes(&self) -> Result<Vec<u32>> {
        match self {
            Self::Class { levels, probability } => Ok(probability
                .chunks_exact(levels.len())
                .map(|row| {
                    let mut best = 0;
                    for (k, p) in row.iter().enumerate() {
                        if *p > row[best] {
                            best = k;
                        }
                    }
                    best as u32
                })
                .collect()),
            Self::Real { .. } => Err(Error::data("prediction").got("numbers").rule("classes are needed here")),
        }
    }

    /// Puts the rows of another prediction of the same kind behind these.
    ///
    /// # Errors
    /// A prediction of another kind.
    pub fn append(&mut self, more: &Self) -> Result<()> {
        match (self, more) {
            (Self::Real { centre, spread, .. }, Self::Real { centre: c, spread: s, .. }) => {
                centre.extend_from_slice(c);
                match (spread, s) {
                    (Spread::Sd(a), Spread::Sd(b)) => a.extend_from_slice(b),
                    (Spread::Interval { low, high, .. }, Spread::Interval { low: l, high: h, .. }) => {
                        low.extend_from_slice(l);
                        high.extend_from_slice(h);
                    }
                    (spread, _) => *spread = Spread::Unknown,
                }
                Ok(())
            }
            (Self::Class { probability, .. }, Self::Class { probability: more, .. }) => {
                probability.extend_from_slice(more);
                Ok(())
            }
            _ => Err(Error::numeric("two predictions").rule("they are of one kind")),
        }
    }

    /// The rows named, in that order. An interval or standard deviation goes with its rows.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let pick = |v: &[f64]| rows.iter().map(|&r| v[r]).collect::<Vec<_>>();
        match self {
            Self::Real { unit, centre, spread } => Self::Real {
                unit: unit.clone(),
                centre: pick(centre),
                spread: match spread {
                    Spread::Unknown => Spread::Unknown,
                    Spread::Sd(s) => Spread::Sd(pick(s)),
                    Spread::Interval { level, low, high } => Spread::Interval { level: *level, low: pick(low), high: pick(high) },
                },
            },
            Self::Class { levels, probability } => {
                let k = levels.len();
                Self::Class {
                    levels: levels.clone(),
                    probability: rows.iter().flat_map(|&r| probability[r * k..(r + 1) * k].iter().copied()).collect(),
                }
            }
        }
    }
}
