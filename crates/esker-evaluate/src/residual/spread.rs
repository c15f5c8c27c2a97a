//! Uneven spread: are errors larger where something else is larger?

use esker_core::{Error, Result};
use esker_math::{Columns, chi_squared_tail, correlation, least_squares, mean, ranks, student_cdf};

/// The test of Breusch and Pagan (1979) in the studentised form of Koenker (1981): do squared residuals follow some columns?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreuschPagan {
    /// n R² of the regression of the squared residuals on the columns.
    pub statistic: f64,
    /// Columns that differ from a constant and from each other.
    pub dof: usize,
    /// Probability of so large a statistic if the spread is even: χ² with `dof` degrees of freedom.
    pub p: f64,
}

/// A rank correlation (Spearman 1904).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spearman {
    /// Pearson's correlation of the ranks, −1 to 1.
    pub correlation: f64,
    /// Two-sided probability of one so far from 0 by chance: Student's t with n − 2 degrees of freedom.
    pub p: f64,
}

/// The test of Breusch and Pagan, as `statsmodels.stats.diagnostic.het_breuschpagan` with a constant beside the columns.
///
/// # Errors
/// No column, a column of another length, fewer rows than columns + 2, values that are not finite, squared residuals or columns that do not
/// vary.
pub fn breusch_pagan(residuals: &[f64], columns: &[&[f64]]) -> Result<BreuschPagan> {
    let n = residuals.len();
    let thing = || Error::data("Breusch-Pagan test");
    if columns.is_empty() || columns.iter().any(|c| c.len() != n) || n < columns.len() + 2 {
        return Err(thing()
            .got(format!("{n} residuals and {} columns", columns.len()))
            .rule("at least one column, one value a row, and two rows more than columns"));
    }
    let mut x = Vec::with_capacity(n * columns.len());
    for (j, column) in columns.iter().enumerate() {
        let centre = mean(column);
        let spread = column.iter().map(|v| (v - centre).powi(2)).sum::<f64>().sqrt();
        if !spread.is_finite() || column.iter().all(|v| *v == column[0]) {
            return Err(thing().got(format!("column {} without spread", j + 1)).rule("columns are finite and vary"));
        }
        x.extend(column.iter().map(|v| (v - centre) / spread));
    }
    let squares: Vec<f64> = residuals.iter().map(|r| r * r).collect();
    let centre = mean(&squares);
    let y: Vec<f64> = squares.iter().map(|s| s - centre).collect();
    let total: f64 = y.iter().map(|v| v * v).sum();
    if !total.is_finite() || squares.iter().all(|s| *s == squares[0]) {
        return Err(thing().got("squared residuals without spread").rule("residuals are finite, and their squares vary"));
    }
    let fit = least_squares(Columns::new(&x, n, columns.len()), &y, 0.0)?;
    let left: f64 = (0..n).map(|i| (y[i] - fit.coefficients.iter().enumerate().map(|(j, b)| b * x[j * n + i]).sum::<f64>()).powi(2)).sum();
    let statistic = n as f64 * (1.0 - left / total);
    Ok(BreuschPagan { statistic, dof: fit.rank, p: chi_squared_tail(statistic, fit.rank as f64) })
}

/// The rank correlation of two columns, as `scipy.stats.spearmanr`.
///
/// # Errors
/// Lengths that differ, fewer than 3 rows, values that are not finite, or a column that does not vary.
pub fn spearman(a: &[f64], b: &[f64]) -> Result<Spearman> {
    let thing = || Error::data("rank correlation");
    if a.len() != b.len() || a.len() < 3 {
        return Err(thing().got(format!("{} and {} values", a.len(), b.len())).rule("one of each a row, at least 3"));
    }
    if a.iter().chain(b).any(|v| !v.is_finite()) {
        return Err(thing().got("a value that is not finite").rule("values are finite numbers"));
    }
    let r = correlation(&ranks(a), &ranks(b));
    if r.is_nan() {
        return Err(thing().got("a column of one value").rule("both vary"));
    }
    let dof = (a.len() - 2) as f64;
    let t = r * (dof / ((1.0 + r) * (1.0 - r))).sqrt();
    Ok(Spearman { correlation: r, p: if t.is_finite() { 2.0 * student_cdf(-t.abs(), dof) } else { 0.0 } })
}
