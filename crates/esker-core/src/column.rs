//! A column: a name, a unit, and numbers or classes.

use crate::codes::{Codes, MISSING};
use crate::{Error, Result, Unit};

/// The values of a column. Missing numbers are NaN, missing classes [`MISSING`].
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; NaN is missing, infinities do not occur.
    Real(Vec<f64>),
    /// Classes.
    Class(Codes),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Real(v) => v.len(),
            Self::Class(c) => c.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of a row is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Real(v) => v[row].is_nan(),
            Self::Class(c) => c.codes()[row] == MISSING,
        }
    }

    /// Number of missing values.
    pub fn missing(&self) -> usize {
        match self {
            Self::Real(v) => v.iter().filter(|x| x.is_nan()).count(),
            Self::Class(c) => c.codes().iter().filter(|&&k| k == MISSING).count(),
        }
    }

    /// The rows named, in that order, repeats allowed.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Real(v) => Self::Real(rows.iter().map(|&r| v[r]).collect()),
            Self::Class(c) => Self::Class(c.select(rows)),
        }
    }
}

/// A named column with its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The name, as in the table's header.
    pub name: String,
    /// The unit; empty where not stated.
    pub unit: Unit,
    /// The values.
    pub values: Values,
}

impl Column {
    /// A column of numbers; NaN is missing.
    pub fn real(name: impl Into<String>, unit: &str, values: Vec<f64>) -> Self {
        Self { name: name.into(), unit: Unit::new(unit), values: Values::Real(values) }
    }

    /// A column of classes.
    pub fn class(name: impl Into<String>, values: Codes) -> Self {
        Self { name: name.into(), unit: Unit::default(), values: Values::Class(values) }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The numbers of a column of numbers.
    ///
    /// # Errors
    /// The column holds classes.
    pub fn reals(&self) -> Result<&[f64]> {
        match &self.values {
            Values::Real(v) => Ok(v),
            Values::Class(_) => Err(Error::data(format!("column '{}'", self.name)).got("classes").rule("numbers are needed here")),
        }
    }

    /// The codes of a column of classes.
    ///
    /// # Errors
    /// The column holds numbers.
    pub fn classes(&self) -> Result<&Codes> {
        match &self.values {
            Values::Class(c) => Ok(c),
            Values::Real(_) => Err(Error::data(format!("column '{}'", self.name)).got("numbers").rule("classes are needed here")),
        }
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self { name: self.name.clone(), unit: self.unit.clone(), values: self.values.select(rows) }
    }
}
