//! Samples: columns with their support, one length, checked at birth.

use crate::table::{check_columns, check_length, find_column};
use crate::{Column, Error, Result, Support, Values};

/// Columns (features, and while training the target), the support of each row, and sample weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    columns: Vec<Column>,
    support: Support,
    weight: Option<Vec<f64>>,
}

impl Samples {
    /// Samples from columns and support of one length.
    ///
    /// # Errors
    /// Lengths that differ, names that repeat, an infinite value, a weight that is negative or missing.
    pub fn new(columns: Vec<Column>, support: Support, weight: Option<Vec<f64>>) -> Result<Self> {
        check_columns(&columns, support.rows)?;
        for column in &columns {
            if let Values::Real(v) = &column.values
                && let Some(row) = v.iter().position(|x| x.is_infinite())
            {
                return Err(Error::data(format!("column '{}' row {}", column.name, row + 1))
                    .got(v[row].to_string())
                    .rule("values are finite or missing")
                    .hint("mark the value as missing ([data] missing = [...]) or filter the row"));
            }
        }
        if !support.consistent() {
            return Err(Error::data("support").rule("place, time, group and columns have one length"));
        }
        if let Some(w) = &weight {
            if w.len() != support.rows {
                return Err(Error::data("weights").got(format!("{} rows", w.len())).rule(format!("the columns have {}", support.rows)));
            }
            if let Some(row) = w.iter().position(|x| !x.is_finite() || *x < 0.0) {
                return Err(Error::data(format!("weight of row {}", row + 1))
                    .got(w[row].to_string())
                    .rule("weights are finite and not negative"));
            }
        }
        Ok(Self { columns, support, weight })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.support.rows
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// All columns but the one named: the features, while `target` is the target.
    pub fn features<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Column> {
        self.columns.iter().filter(move |c| c.name != target)
    }

    /// The column of that name.
    ///
    /// # Errors
    /// No such column.
    pub fn column(&self, name: &str) -> Result<&Column> {
        find_column(&self.columns, name)
    }

    /// Where, when and with whom each row belongs.
    pub fn support(&self) -> &Support {
        &self.support
    }

    /// Sample weights, if there are any.
    pub fn weight(&self) -> Option<&[f64]> {
        self.weight.as_deref()
    }

    /// The weight of a row, 1 where there are none.
    pub fn weight_of(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |w| w[row])
    }

    /// The rows named, in that order, repeats allowed.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            columns: self.columns.iter().map(|c| c.select(rows)).collect(),
            support: self.support.select(rows),
            weight: self.weight.as_ref().map(|w| rows.iter().map(|&r| w[r]).collect()),
        }
    }

    /// Adds a column, or replaces the one of that name in its place.
    ///
    /// # Errors
    /// A length that differs.
    pub fn put(&mut self, column: Column) -> Result<()> {
        check_length(&column, self.rows())?;
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
        Ok(())
    }

    /// The same samples with other columns of the same length (what a transform returns).
    ///
    /// # Errors
    /// As [`Samples::new`].
    pub fn with_columns(self, columns: Vec<Column>) -> Result<Self> {
        Self::new(columns, self.support, self.weight)
    }

    /// The same samples with these weights, or none.
    ///
    /// # Errors
    /// As [`Samples::new`].
    pub fn with_weight(self, weight: Option<Vec<f64>>) -> Result<Self> {
        Self::new(self.columns, self.support, weight)
    }
}
