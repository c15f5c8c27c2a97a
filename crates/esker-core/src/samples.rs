//! Samples: columns with their support, one length, checked at birth.

use std::any::{Any, TypeId};
use std::sync::{Arc, Mutex, PoisonError};

use crate::table::{check_columns, check_length, find_column};
use crate::{Column, Error, Result, Support, Values};

/// Columns (features, and while training the target), the support of each row, and sample weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    columns: Vec<Column>,
    support: Support,
    weight: Option<Vec<f64>>,
    kept: Kept,
}

/// What was made from samples that are fitted several times, each under its name.
type Made = Mutex<Vec<(TypeId, String, Arc<dyn Any + Send + Sync>)>>;

/// What is kept with samples; nothing, unless they are marked. It says nothing of the samples that they do not say themselves.
#[derive(Clone, Default)]
struct Kept(Option<Arc<Made>>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "kept" } else { "not kept" })
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Samples {
    /// Samples from columns and support of one length.
    ///
    /// # Errors
    /// Lengths that differ, names that repeat, an infinite value, a weight that is negative or missing.
    pub fn new(columns: Vec<Column>, support: Support, weight: Option<Vec<f64>>) -> Result<Self> {
        check_columns(&columns, support.rows)?;
        for column in &columns {
            // Counted first: that is several times as fast as a search, and nearly always in vain.
            if let Values::Real(v) = &column.values
                && v.iter().filter(|x| x.is_infinite()).count() > 0
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
        Ok(Self { columns, support, weight, kept: Kept::default() })
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
            kept: Kept::default(),
        }
    }

    /// Adds a column, or replaces the one of that name in its place.
    ///
    /// # Errors
    /// A length that differs.
    pub fn put(&mut self, column: Column) -> Result<()> {
        check_length(&column, self.rows())?;
        // What was made from the columns before does not fit those after.
        self.kept = Kept::default();
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
        Ok(())
    }

    /// The same samples, with which estimators may keep what they make of them: many fits on the same rows make it once.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.kept = Kept(Some(Arc::default()));
        self
    }

    /// What `make` makes of these samples. Where they are [`Samples::kept`] and it was made before under the same name, that is returned, so
    /// the name must say everything that `make` depends on beside the samples.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn once<T: Any + Send + Sync>(&self, name: &str, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let Some(made) = &self.kept.0 else { return make().map(Arc::new) };
        let found = |made: &Made| {
            let list = made.lock().unwrap_or_else(PoisonError::into_inner);
            list.iter()
                .find(|(t, n, _)| *t == TypeId::of::<T>() && n == name)
                .and_then(|(_, _, value)| Arc::clone(value).downcast::<T>().ok())
        };
        if let Some(value) = found(made) {
            return Ok(value);
        }
        // Not under the lock: `make` may wait for other threads. Two that make the same at once make it alike.
        let value = Arc::new(make()?);
        if let Some(first) = found(made) {
            return Ok(first);
        }
        let mut list = made.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((TypeId::of::<T>(), name.to_owned(), Arc::clone(&value) as Arc<dyn Any + Send + Sync>));
        Ok(value)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_made_once_and_goes_when_the_columns_change() {
        let plain = Samples::new(vec![Column::real("a", "", vec![1.0, 2.0])], Support::bare(2), None).unwrap();
        let mut made = 0;
        let mut sum = |samples: &Samples, name: &str| {
            let make = || {
                made += 1;
                Ok(samples.column("a")?.reals()?.iter().sum::<f64>())
            };
            (*samples.once(name, make).unwrap(), made)
        };
        assert_eq!((sum(&plain, "sum"), sum(&plain, "sum")), ((3.0, 1), (3.0, 2)), "nothing is kept unasked");
        let mut kept = plain.kept();
        assert_eq!((sum(&kept, "sum"), sum(&kept, "sum"), sum(&kept, "other")), ((3.0, 3), (3.0, 3), (3.0, 4)));
        let same = kept.clone();
        kept.put(Column::real("a", "", vec![5.0, 2.0])).unwrap();
        assert_eq!((sum(&kept, "sum"), sum(&same, "sum")), ((7.0, 5), (3.0, 5)));
        assert_eq!(sum(&same.select(&[0]), "sum"), (1.0, 6));
        assert_eq!(*same.once("sum", || Ok(1_usize)).unwrap(), 1, "another type is another thing");
    }
}
