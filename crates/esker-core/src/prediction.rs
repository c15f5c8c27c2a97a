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
        /// The class said of each row, where it is not the most probable one but decided otherwise.
        decided: Option<Vec<u32>>,
    },
}

impl Prediction {
    /// Numbers of unknown spread.
    pub fn real(unit: &Unit, centre: Vec<f64>) -> Self {
        Self::Real { unit: unit.clone(), centre, spread: Spread::Unknown }
    }

    /// Class probabilities, rows × levels, of which the most probable class is said.
    pub fn class(levels: Vec<String>, probability: Vec<f64>) -> Self {
        Self::Class { levels, probability, decided: None }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Real { centre, .. } => centre.len(),
            Self::Class { levels, probability, .. } => probability.len() / levels.len().max(1),
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

    /// The class said of each row: the one decided, or the most probable, the first of equals.
    ///
    /// # Errors
    /// The prediction is of numbers.
    pub fn classes(&self) -> Result<Vec<u32>> {
        match self {
            Self::Class { decided: Some(decided), .. } => Ok(decided.clone()),
            Self::Class { levels, probability, .. } => Ok(most_probable(probability, levels.len())),
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
            (Self::Class { levels, probability, decided }, Self::Class { probability: p, decided: d, .. }) => {
                // One that decides makes all that are said decided.
                if decided.is_some() || d.is_some() {
                    let before = decided.take().unwrap_or_else(|| most_probable(probability, levels.len()));
                    *decided = Some([before, d.clone().unwrap_or_else(|| most_probable(p, levels.len()))].concat());
                }
                probability.extend_from_slice(p);
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
            Self::Class { levels, probability, decided } => {
                let k = levels.len();
                Self::Class {
                    levels: levels.clone(),
                    probability: rows.iter().flat_map(|&r| probability[r * k..(r + 1) * k].iter().copied()).collect(),
                    decided: decided.as_ref().map(|d| rows.iter().map(|&r| d[r]).collect()),
                }
            }
        }
    }
}

/// The most probable class of each row, the first of equals.
fn most_probable(probability: &[f64], classes: usize) -> Vec<u32> {
    let best = |row: &[f64]| (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best }) as u32;
    probability.chunks_exact(classes.max(1)).map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decided_classes_go_with_their_rows() {
        let levels = vec!["no".to_owned(), "yes".to_owned()];
        let mut said = Prediction::class(levels.clone(), vec![0.5, 0.5, 0.2, 0.8]);
        assert_eq!(said.classes(), Ok(vec![0, 1]));
        let decided = Prediction::Class { levels, probability: vec![0.7, 0.3, 0.1, 0.9], decided: Some(vec![1, 0]) };
        said.append(&decided).unwrap();
        assert_eq!(said.classes(), Ok(vec![0, 1, 1, 0]));
        assert_eq!(said.select(&[3, 2, 1]).classes(), Ok(vec![0, 1, 1]));
    }
}
