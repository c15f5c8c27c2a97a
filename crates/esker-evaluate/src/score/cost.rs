//! The mean penalty by a matrix: some confusions cost more than others.

use esker_core::{Better, Error, Metric, Prediction, Result, Unit, Values};

use super::input;

/// The mean of `matrix[true class][predicted class]`, the most probable class being the predicted one; lower is
/// better. `levels` names the classes of rows and columns; classes are matched by name.
///
/// The score of the FORCE 2020 lithology contest (Bormann et al. 2020, github.com/bolgebrygg/Force-2020-Machine-Learning-competition) is minus this
/// number with the contest's penalty matrix A: S = −(1/n) Σ A[true, predicted].
///
/// # Errors
/// A matrix without one row and one column a class, a class named twice, or a penalty that is negative or not finite.
///
/// ```
/// use esker_core::{Codes, Prediction, Values};
/// let levels: Vec<String> = vec!["sand".into(), "shale".into()];
/// let cost = esker_evaluate::score::cost(vec![vec![0.0, 2.0], vec![3.5, 0.0]], levels.clone())?;
/// let truth = Values::Class(Codes::new(vec![0, 1, 1], levels.clone())?);
/// let said = Prediction::class(levels, vec![0.9, 0.1, 0.8, 0.2, 0.1, 0.9]);
/// assert_eq!(cost.score(&truth, &said, None)?, 3.5 / 3.0);
/// # Ok::<(), esker_core::Error>(())
/// ```
pub fn cost(matrix: Vec<Vec<f64>>, levels: Vec<String>) -> Result<Box<dyn Metric>> {
    let k = levels.len();
    let thing = || Error::recipe("cost matrix");
    if matrix.is_empty() {
        return Err(thing().got("no rows").rule("a row for each true class, a column for each predicted class"));
    }
    if matrix.len() != k || matrix.iter().any(|row| row.len() != k) {
        let lengths: Vec<String> = matrix.iter().map(|row| row.len().to_string()).collect();
        let rows = if lengths.len() == 1 { "1 row".to_owned() } else { format!("{} rows", lengths.len()) };
        return Err(thing()
            .got(format!("{rows} of {} penalties", lengths.join(", ")))
            .rule(format!("{k} classes need {k} rows of {k} penalties")));
    }
    if let Some(twice) = levels.iter().enumerate().find(|(i, l)| levels[..*i].contains(l)).map(|(_, l)| l) {
        return Err(thing().got(format!("class '{twice}' twice")).rule("each class is named once"));
    }
    for (t, row) in matrix.iter().enumerate() {
        if let Some(p) = row.iter().position(|v| !v.is_finite() || *v < 0.0) {
            return Err(thing()
                .got(format!("{} for '{}' taken for '{}'", row[p], levels[t], levels[p]))
                .rule("penalties are finite and not negative"));
        }
    }
    Ok(Box::new(Cost { matrix, levels }))
}

/// The mean penalty; without a matrix it refuses to score.
pub(super) struct Cost {
    matrix: Vec<Vec<f64>>,
    levels: Vec<String>,
}

impl Cost {
    /// A cost that does not know its penalties.
    pub fn without_matrix() -> Self {
        Self { matrix: Vec::new(), levels: Vec::new() }
    }
}

impl Metric for Cost {
    fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64> {
        if self.matrix.is_empty() {
            return Err(Error::recipe(input::thing("cost"))
                .got("no cost matrix")
                .rule("the penalty of each confusion has to be given")
                .hint("give a matrix with a row for each true class and a column for each predicted class"));
        }
        let rows = input::classes("cost", truth, said, weight)?;
        let mut of = Vec::with_capacity(rows.levels.len());
        for level in rows.levels {
            of.push(self.levels.iter().position(|l| l == level).ok_or_else(|| {
                Error::recipe("cost matrix")
                    .got(format!("no row for class '{level}'"))
                    .rule("every class of the target has its penalties")
                    .hint(format!("the matrix knows {}", self.levels.join(", ")))
            })?);
        }
        input::finite("cost", rows.mean(|row| self.matrix[of[rows.truth[row] as usize]][of[rows.said[row] as usize]]))
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn unit(&self, _target: &Unit) -> Unit {
        Unit::default()
    }
}
