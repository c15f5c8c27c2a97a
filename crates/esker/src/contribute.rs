//! Explains rows one by one: what each feature, or each pair of features, gives to the answer of a model of trees.

use esker_core::record::Task;
use esker_core::{Column, Context, Contributions, Error, Interactions, Model, Note, Result, Samples, Table, Told};

use crate::model_file::LoadedModel;
use crate::predict::beside;
use crate::work::on_threads;

/// Most numbers of a table of pairs.
const MOST_NUMBERS: usize = 1 << 27;

/// A table with what features give to the answers of its rows.
pub struct Contributed {
    /// The columns given, then the base and one column a feature, or a pair, and how unlike the training rows the row is.
    pub table: Table,
    /// What contributions add up to.
    pub told: Told,
    /// The unit of contributions; empty for those to classes and to logarithms.
    pub unit: String,
    /// Features, or pairs of them, with the mean size of what they give, the largest first.
    pub ranking: Vec<(String, f64)>,
    /// What was noticed.
    pub notes: Vec<Note>,
}

/// What is to be explained.
pub enum Ask {
    /// What each feature gives, a walk that may not look at it going to both sides as the training rows did (path-dependent).
    Features,
    /// What each feature gives against the rows of a table, whose values unknown features have (interventional).
    Against(Table),
    /// What each feature gives alone, and each pair together.
    Pairs,
}

impl LoadedModel {
    /// What features give to the answer of each row of a table. Base and contributions add up to the answer, or to what [`Told`] says.
    ///
    /// # Errors
    /// A table that does not fit the model, or a model without trees.
    pub fn contribute(&self, table: Table, ask: Ask, cx: &Context) -> Result<Contributed> {
        on_threads(cx, || self.contribute_here(table, ask))
    }

    fn contribute_here(&self, table: Table, ask: Ask) -> Result<Contributed> {
        let (given, samples, mut notes) = self.admit(table)?;
        let no_trees = || {
            Error::model(format!("model '{}'", self.header.model))
                .rule("only models of trees are explained exactly, row by row")
                .hint("use boosting or a forest; the report has importances and effects of every model")
        };
        let told = match ask {
            Ask::Features => Given::of(self.pipeline.contributions(&samples)?.ok_or_else(no_trees)?),
            Ask::Against(background) => {
                let (_, background, more) = self.admit(background)?;
                notes.extend(more);
                Given::of(self.pipeline.contributions_against(&samples, &background)?.ok_or_else(no_trees)?)
            }
            Ask::Pairs => {
                let features = self.header.schema.fields.len();
                if samples.rows().saturating_mul(features * features) > MOST_NUMBERS {
                    return Err(Error::usage("--pairs")
                        .got(format!("{} rows of {features} features", samples.rows()))
                        .rule("every row gets a number for each pair of features")
                        .hint("explain fewer rows"));
                }
                Given::pairs(self.pipeline.interactions(&samples)?.ok_or_else(no_trees)?)
            }
        };
        let unit = match (told.told, &self.header.task) {
            (Told::Answer, Task::Regression { unit, .. }) => unit.to_string(),
            _ => String::new(),
        };
        if self.header.adjustment.as_ref().is_some_and(|a| a.calibration.is_some()) {
            let text = "contributions add up to what the model says before its probabilities are calibrated";
            notes.push(Note::warning("before-calibration", text.to_owned()));
        }
        let mut columns = told.columns(self.header.task.target(), &unit, &samples);
        if let Some(area) = &self.area {
            let (of_area, unlike) = area.columns(&self.header.task, samples.columns())?;
            columns.extend(of_area);
            notes.extend(unlike.notes());
        }
        Ok(Contributed { table: beside(given, columns)?, told: told.told, unit, ranking: told.ranking(), notes })
    }
}

/// What parts (features, or pairs) give to outputs.
struct Given {
    told: Told,
    outputs: Vec<String>,
    base: Vec<f64>,
    parts: Vec<String>,
    /// Rows × outputs × parts.
    values: Vec<f64>,
}

impl Given {
    fn of(c: Contributions) -> Self {
        Self { told: c.told, outputs: c.outputs, base: c.base, parts: c.features, values: c.values }
    }

    /// Features alone, then pairs, both halves of what a pair gives together.
    fn pairs(i: Interactions) -> Self {
        let n = i.features.len();
        let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
        let mut parts = i.features.clone();
        parts.extend(pairs.iter().map(|&(a, b)| format!("{} and {}", i.features[a], i.features[b])));
        let mut values = Vec::with_capacity(i.values.len() / (n * n).max(1) * parts.len());
        for square in i.values.chunks_exact((n * n).max(1)) {
            values.extend((0..n).map(|f| square[f * n + f]));
            values.extend(pairs.iter().map(|&(a, b)| square[a * n + b] + square[b * n + a]));
        }
        Self { told: i.told, outputs: i.outputs, base: i.base, parts, values }
    }

    fn columns(&self, target: &str, unit: &str, samples: &Samples) -> Vec<Column> {
        let (rows, parts, outputs) = (samples.rows(), self.parts.len(), self.base.len());
        let mut columns = Vec::with_capacity(outputs * (parts + 1));
        for (k, (output, base)) in self.outputs.iter().zip(&self.base).enumerate() {
            let name = if output.is_empty() { target.to_owned() } else { format!("{target}_{output}") };
            columns.push(Column::real(format!("{name}_base"), unit, vec![*base; rows]));
            for (p, part) in self.parts.iter().enumerate() {
                let values = (0..rows).map(|row| self.values[(row * outputs + k) * parts + p]).collect();
                columns.push(Column::real(format!("{name}_from_{part}"), unit, values));
            }
        }
        columns
    }

    fn ranking(&self) -> Vec<(String, f64)> {
        let parts = self.parts.len();
        let mut sizes = vec![0.0; parts];
        for row in self.values.chunks_exact(parts.max(1)) {
            sizes.iter_mut().zip(row).for_each(|(size, v)| *size += v.abs());
        }
        let count = (self.values.len() / parts.max(1)).max(1) as f64;
        let mut ranking: Vec<(String, f64)> = self.parts.iter().cloned().zip(sizes.iter().map(|s| s / count)).collect();
        ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranking
    }
}
