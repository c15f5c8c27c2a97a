//! Scores of numbers: RMSE, MAE, bias, R², correlation.

use esker_core::{Error, Result};

use super::input::{Numbers, thing};

/// √(Σw(p − t)² / Σw), in the unit of the target.
pub(super) fn rmse(rows: &Numbers) -> f64 {
    rows.mean(|t, p| (p - t).powi(2)).sqrt()
}

/// Σw|p − t| / Σw, in the unit of the target.
pub(super) fn mae(rows: &Numbers) -> f64 {
    rows.mean(|t, p| (p - t).abs())
}

/// Σw(p − t) / Σw, in the unit of the target: positive where the model says too much.
pub(super) fn bias(rows: &Numbers) -> f64 {
    rows.mean(|t, p| p - t)
}

/// 1 − Σw(t − p)² / Σw(t − t̄)², t̄ the weighted mean of the truth of these rows.
///
/// # Errors
/// A constant truth, also a single row: there is nothing to explain.
pub(super) fn r2(score: &str, rows: &Numbers) -> Result<f64> {
    if rows.constant(rows.truth) {
        return Err(does_not_exist(score, "a constant truth", rows.truth, "R² compares with the spread of the truth"));
    }
    let centre = rows.mean(|t, _| t);
    let unit = rows.largest(|t, _| t - centre);
    Ok(1.0 - rows.mean(|t, p| ((t - p) / unit).powi(2)) / rows.mean(|t, _| ((t - centre) / unit).powi(2)))
}

/// Pearson's correlation, Σw(t − t̄)(p − p̄) / √(Σw(t − t̄)² Σw(p − p̄)²).
///
/// # Errors
/// A constant truth or a constant prediction.
pub(super) fn correlation(rows: &Numbers) -> Result<f64> {
    correlation_of("correlation", rows)
}

/// [`correlation`] as a part of another score, which its errors name.
pub(super) fn correlation_of(score: &str, rows: &Numbers) -> Result<f64> {
    for (what, values) in [("a constant truth", rows.truth), ("a constant prediction", rows.said)] {
        if rows.constant(values) {
            return Err(does_not_exist(score, what, values, "a correlation needs two things that vary"));
        }
    }
    let (mt, mp) = (rows.mean(|t, _| t), rows.mean(|_, p| p));
    let (ut, up) = (rows.largest(|t, _| t - mt), rows.largest(|_, p| p - mp));
    let joint = rows.mean(|t, p| (t - mt) / ut * ((p - mp) / up));
    let spread = rows.mean(|t, _| ((t - mt) / ut).powi(2)).sqrt() * rows.mean(|_, p| ((p - mp) / up).powi(2)).sqrt();
    Ok((joint / spread).clamp(-1.0, 1.0))
}

fn does_not_exist(score: &str, what: &str, values: &[f64], rule: &str) -> Error {
    let rows = if values.len() == 1 { "1 row".to_owned() } else { format!("{} rows", values.len()) };
    Error::numeric(thing(score)).got(format!("{what} in {rows}")).rule(format!("the score does not exist: {rule}"))
}
