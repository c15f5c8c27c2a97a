//! What scores are computed from: truth and prediction of one type and length, with weights that make sense.

use esker_core::{Codes, Error, MISSING, Prediction, Result, Values};

/// Rows of numbers: truth, prediction and weight.
pub(super) struct Numbers<'a> {
    pub truth: &'a [f64],
    pub said: &'a [f64],
    pub weight: Option<&'a [f64]>,
}

impl Numbers<'_> {
    /// The weighted mean over rows of `f(truth, prediction)`.
    pub fn mean(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        mean(self.truth.len(), self.weight, |row| f(self.truth[row], self.said[row]))
    }

    /// The largest |f(truth, prediction)| over the rows that weigh anything: a unit in which squares neither overflow
    /// nor underflow.
    pub fn largest(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        let counted = (0..self.truth.len()).filter(|&row| self.weight.is_none_or(|w| w[row] > 0.0));
        counted.map(|row| f(self.truth[row], self.said[row]).abs()).fold(0.0, f64::max)
    }

    /// Whether all of `values` that weigh anything are the same. Told from the values themselves: a variance of
    /// equal numbers need not come out as exactly 0.
    pub fn constant(&self, values: &[f64]) -> bool {
        let mut counted = values.iter().enumerate().filter(|(row, _)| self.weight.is_none_or(|w| w[*row] > 0.0)).map(|(_, v)| v);
        let first = counted.next();
        counted.all(|v| Some(v) == first)
    }
}

/// Rows of classes: true code, class probabilities and weight.
pub(super) struct Classes<'a> {
    pub truth: &'a [u32],
    pub levels: &'a [String],
    /// rows × levels, row after row.
    pub probability: &'a [f64],
    /// The most probable class of each row.
    pub said: Vec<u32>,
    pub weight: Option<&'a [f64]>,
}

impl Classes<'_> {
    /// The weighted mean over rows of `f(row)`.
    pub fn mean(&self, f: impl Fn(usize) -> f64) -> f64 {
        mean(self.truth.len(), self.weight, f)
    }

    /// The weight of each true class (row) said to be each class (column).
    pub fn confusion(&self) -> Vec<Vec<f64>> {
        let k = self.levels.len();
        let mut counts = vec![vec![0.0; k]; k];
        for (row, (&t, &s)) in self.truth.iter().zip(&self.said).enumerate() {
            counts[t as usize][s as usize] += self.weight.map_or(1.0, |w| w[row]);
        }
        counts
    }
}

fn mean(rows: usize, weight: Option<&[f64]>, f: impl Fn(usize) -> f64) -> f64 {
    match weight {
        None => (0..rows).map(f).sum::<f64>() / rows as f64,
        // A row of weight 0 is no row: it must not turn an overflow into NaN either.
        Some(w) => (0..rows).filter(|&row| w[row] > 0.0).map(|row| w[row] * f(row)).sum::<f64>() / w.iter().sum::<f64>(),
    }
}

/// The thing an error of a score speaks about.
pub(super) fn thing(score: &str) -> String {
    format!("score '{score}'")
}

/// Truth and prediction as numbers.
pub(super) fn numbers<'a>(score: &str, truth: &'a Values, said: &'a Prediction, weight: Option<&'a [f64]>) -> Result<Numbers<'a>> {
    let (Values::Real(truth), Prediction::Real { centre, .. }) = (truth, said) else {
        return Err(Error::data(thing(score)).got(both(truth, said)).rule("it judges numbers against numbers"));
    };
    check_rows(score, truth.len(), centre.len(), weight)?;
    for (name, values) in [("truth", truth), ("prediction", centre)] {
        if let Some(row) = values.iter().position(|v| !v.is_finite()) {
            return Err(Error::data(thing(score))
                .got(format!("{} as {name} of row {}", values[row], row + 1))
                .rule("truth and prediction are finite numbers"));
        }
    }
    Ok(Numbers { truth, said: centre, weight })
}

/// Truth and prediction as classes.
pub(super) fn classes<'a>(score: &str, truth: &'a Values, said: &'a Prediction, weight: Option<&'a [f64]>) -> Result<Classes<'a>> {
    match truth {
        Values::Class(codes) => codes_and_probability(score, codes, said, weight),
        Values::Real(_) => Err(Error::data(thing(score)).got(both(truth, said)).rule("it judges classes against class probabilities")),
    }
}

/// True codes and class probabilities of the same levels.
pub(super) fn codes_and_probability<'a>(
    score: &str,
    truth: &'a Codes,
    said: &'a Prediction,
    weight: Option<&'a [f64]>,
) -> Result<Classes<'a>> {
    let Prediction::Class { levels, probability, .. } = said else {
        return Err(Error::data(thing(score)).got("a prediction of numbers").rule("it judges classes against class probabilities"));
    };
    if truth.levels() != levels {
        return Err(Error::data(thing(score))
            .got(format!("classes {} against predicted classes {}", truth.levels().join(", "), levels.join(", ")))
            .rule("truth and prediction are coded by the same classes in the same order"));
    }
    if probability.len() != truth.len() * levels.len() {
        return Err(Error::data(thing(score))
            .got(format!("{} probabilities for {} rows and {} classes", probability.len(), truth.len(), levels.len()))
            .rule("each row has one probability a class"));
    }
    check_rows(score, truth.len(), said.rows(), weight)?;
    if let Some(row) = truth.codes().iter().position(|&c| c == MISSING) {
        return Err(Error::data(thing(score)).got(format!("no true class in row {}", row + 1)).rule("the truth is known in every row"));
    }
    // Rounding may carry a probability a little past 1; more than that is not a probability.
    if let Some(i) = probability.iter().position(|p| !(-1e-9..=1.0 + 1e-9).contains(p)) {
        return Err(Error::data(thing(score))
            .got(format!("{} as probability of '{}' in row {}", probability[i], levels[i % levels.len()], i / levels.len() + 1))
            .rule("probabilities lie within 0..1"));
    }
    let said = said.classes()?;
    Ok(Classes { truth: truth.codes(), levels, probability, said, weight })
}

/// A score that overflowed is no score.
pub(super) fn finite(score: &str, value: f64) -> Result<f64> {
    if value.is_finite() {
        return Ok(value);
    }
    Err(Error::numeric(thing(score)).got(value.to_string()).rule("the numbers are too large to score").hint("use a larger unit"))
}

fn check_rows(score: &str, truth: usize, said: usize, weight: Option<&[f64]>) -> Result<()> {
    if truth != said {
        return Err(Error::data(thing(score)).got(format!("{truth} rows of truth and {said} of prediction")).rule("one of each a row"));
    }
    if truth == 0 {
        return Err(Error::data(thing(score)).got("no rows").rule("at least one row is needed to judge on"));
    }
    let Some(weight) = weight else { return Ok(()) };
    if weight.len() != truth {
        return Err(Error::data(thing(score)).got(format!("{truth} rows and {} of weights", weight.len())).rule("one weight a row"));
    }
    if let Some(row) = weight.iter().position(|w| !w.is_finite() || *w < 0.0) {
        return Err(Error::data(thing(score))
            .got(format!("weight {} in row {}", weight[row], row + 1))
            .rule("weights are finite and not negative"));
    }
    if weight.iter().all(|&w| w == 0.0) {
        return Err(Error::data(thing(score)).got("weights that are all 0").rule("at least one row has to count"));
    }
    Ok(())
}

fn both(truth: &Values, said: &Prediction) -> String {
    let truth = if matches!(truth, Values::Real(_)) { "numbers" } else { "classes" };
    let said = if matches!(said, Prediction::Real { .. }) { "numbers" } else { "class probabilities" };
    format!("{truth} as truth and {said} as prediction")
}
