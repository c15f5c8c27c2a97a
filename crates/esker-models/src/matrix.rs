//! Features as a dense matrix, for models that want numbers without gaps.

use esker_core::{Error, Result, Samples};

/// Features in column-major order, with their names.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// One name a column.
    pub names: Vec<String>,
    /// rows × columns, column after column.
    pub values: Vec<f64>,
    /// Number of rows.
    pub rows: usize,
}

impl Matrix {
    /// All features of `train`, sorted by name so that the order of columns in a table never changes a model.
    ///
    /// # Errors
    /// A feature of classes, or with a missing value: those are prepared away before.
    pub fn of_features(train: &Samples, target: &str) -> Result<Self> {
        let mut names: Vec<String> = train.features(target).map(|c| c.name.clone()).collect();
        names.sort_unstable();
        Self::of(train, &names)
    }

    /// The named columns, in that order.
    ///
    /// # Errors
    /// As [`Matrix::of_features`], or a column is missing.
    pub fn of(samples: &Samples, names: &[String]) -> Result<Self> {
        let rows = samples.rows();
        let mut values = Vec::with_capacity(rows * names.len());
        for name in names {
            let column = samples.column(name)?.reals()?;
            if let Some(row) = column.iter().position(|v| v.is_nan()) {
                return Err(Error::data(format!("column '{name}' row {}", row + 1))
                    .got("a missing value")
                    .rule("this model needs complete features"));
            }
            values.extend_from_slice(column);
        }
        Ok(Self { names: names.to_vec(), values, rows })
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.names.len()
    }

    /// One column.
    pub fn column(&self, j: usize) -> &[f64] {
        &self.values[j * self.rows..(j + 1) * self.rows]
    }
}
