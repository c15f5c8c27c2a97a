//! Impute: fill missing values, and keep the fact that they were missing.

use esker_core::graph::Operation;
use esker_core::{Codes, Column, Error, FittedTransform, Graph, MISSING, Note, Result, Samples, Transform, Values};
use serde::{Deserialize, Serialize};

use crate::store;

/// What it does.
pub const DOC: &str = "Missing numbers are replaced by the median of the training rows, with a further column that marks them \
     where more than 1 % of the training rows are missing; missing classes become a class of their own.";

/// The class that stands for a missing one.
pub const MISSING_LEVEL: &str = "(missing)";

/// Share of missing training rows beyond which a column that marks them is added.
const MARKED_BEYOND: f64 = 0.01;

/// Fills missing values.
pub struct Impute;

impl Transform for Impute {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut fitted = Filled { fields: Vec::new(), notes: Vec::new() };
        for column in train.features(target) {
            let fill = match &column.values {
                _ if column.values.missing() == train.rows() => {
                    fitted.notes.push(Note::warning(
                        "column-all-missing",
                        format!("column '{}' has no value in the training rows and was left out", column.name),
                    ));
                    Fill::Drop
                }
                Values::Real(v) => number(column, v, train)?,
                Values::Class(codes) => class(column, codes)?,
            };
            fitted.fields.push((column.name.clone(), fill));
        }
        Ok(Box::new(fitted))
    }
}

fn number(column: &Column, values: &[f64], train: &Samples) -> Result<Fill> {
    let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let share = (values.len() - known.len()) as f64 / values.len() as f64;
    let marker = (share > MARKED_BEYOND).then(|| format!("{} missing", column.name));
    if let Some(name) = &marker
        && train.columns().iter().any(|c| c.name == *name)
    {
        return Err(clash(name, &column.name, "which of its values were missing"));
    }
    Ok(Fill::Number { median: esker_math::quantile(&known, 0.5)?, marker })
}

fn class(column: &Column, codes: &Codes) -> Result<Fill> {
    let gaps = column.values.missing() > 0;
    if gaps && codes.levels().iter().any(|l| l == MISSING_LEVEL) {
        return Err(Error::data(format!("column '{}'", column.name))
            .got(format!("a class named '{MISSING_LEVEL}' beside missing values"))
            .rule("that name stands for missing classes")
            .hint("list it under [data] missing, or rename the class"));
    }
    let counts = codes.counts();
    let most = counts.iter().max().copied().unwrap_or(0);
    let common = counts.iter().position(|&c| c == most).unwrap_or(0) as u32;
    Ok(Fill::Class { levels: codes.levels().to_vec(), gaps, common })
}

/// The error of a new column whose name is taken.
pub(super) fn clash(name: &str, of: &str, says: &str) -> Error {
    Error::data(format!("column '{name}'"))
        .got("the name twice")
        .rule(format!("preparing '{of}' adds a column of that name, which says {says}"))
        .hint("rename the column in the table")
}

#[derive(Debug, Serialize, Deserialize)]
enum Fill {
    /// No training row has a value.
    Drop,
    /// The number for missing ones, and the name of the column that marks them.
    Number { median: f64, marker: Option<String> },
    /// Missing becomes a level of its own where training rows had gaps, else the most frequent level.
    Class { levels: Vec<String>, gaps: bool, common: u32 },
}

#[derive(Serialize, Deserialize)]
struct Filled {
    fields: Vec<(String, Fill)>,
    notes: Vec<Note>,
}

impl FittedTransform for Filled {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        for (name, _) in &self.fields {
            samples.column(name)?;
        }
        let fields: std::collections::HashMap<&str, &Fill> = self.fields.iter().map(|(n, f)| (n.as_str(), f)).collect();
        let mut columns = Vec::with_capacity(samples.columns().len());
        for column in samples.columns() {
            match fields.get(column.name.as_str()) {
                None => columns.push(column.clone()),
                Some(Fill::Drop) => {}
                Some(Fill::Number { median, marker }) => {
                    let values = column.reals()?;
                    let filled = values.iter().map(|v| if v.is_nan() { *median } else { *v }).collect();
                    columns.push(Column { values: Values::Real(filled), ..column.clone() });
                    if let Some(marker) = marker {
                        let marks = values.iter().map(|v| f64::from(u8::from(v.is_nan()))).collect();
                        columns.push(Column::real(marker.clone(), "1", marks));
                    }
                }
                Some(Fill::Class { levels, gaps, common }) => {
                    let codes = known_classes(column, levels)?;
                    let mut levels = levels.clone();
                    let fill = if *gaps { levels.len() as u32 } else { *common };
                    if *gaps {
                        levels.push(MISSING_LEVEL.to_owned());
                    }
                    let filled = codes.codes().iter().map(|&c| if c == MISSING { fill } else { c }).collect();
                    columns.push(Column::class(column.name.clone(), Codes::new(filled, levels)?));
                }
            }
        }
        samples.with_columns(columns)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        for (name, fill) in &self.fields {
            match fill {
                Fill::Drop => graph.remove(name),
                Fill::Number { median, marker } => {
                    let of = graph.number(name)?;
                    let filled = graph.add(Operation::Fill { of, with: *median });
                    graph.put_number(name, filled);
                    if let Some(marker) = marker {
                        let mark = graph.add(Operation::Missing(of));
                        graph.put_number(marker, mark);
                    }
                }
                Fill::Class { gaps, common, .. } => {
                    let mut column = graph.classes(name)?;
                    column.missing = Some(if *gaps { column.levels.len() as u32 } else { *common });
                    if *gaps {
                        column.levels.push(MISSING_LEVEL.to_owned());
                    }
                    graph.put_classes(name, column);
                }
            }
        }
        Ok(true)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// The classes of a column in the levels of the training rows.
///
/// # Errors
/// Numbers, or a class that is not among them.
pub(super) fn known_classes(column: &Column, levels: &[String]) -> Result<Codes> {
    column.classes()?.recode(levels).map_err(|unseen| {
        Error::data(format!("column '{}'", column.name))
            .got(format!("class '{}'", unseen.join("', '")))
            .rule(format!("the training rows know only '{}'", levels.join("', '")))
    })
}

/// A fitted step from the bytes it saved.
///
/// # Errors
/// Bytes that are no such step.
pub fn load(bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let fitted: Filled = store::load("impute step", bytes)?;
    let sound = fitted.fields.iter().all(|(_, fill)| match fill {
        Fill::Drop => true,
        Fill::Number { median, .. } => median.is_finite(),
        Fill::Class { levels, common, .. } => (*common as usize) < levels.len(),
    });
    if sound { Ok(Box::new(fitted)) } else { Err(store::damaged("impute step")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Support;

    fn samples(columns: Vec<Column>) -> Samples {
        let rows = columns[0].len();
        Samples::new(columns, Support::bare(rows), None).unwrap()
    }

    #[test]
    fn numbers_get_the_median_and_a_mark() {
        let nan = f64::NAN;
        let train = samples(vec![Column::real("t", "degC", vec![1.0, nan, 4.0, 2.0]), Column::real("y", "", vec![nan; 4])]);
        let step = Impute.fit(&train, "y").unwrap();
        let out = step.apply(train.clone()).unwrap();
        assert_eq!(out.column("t").unwrap().reals().unwrap(), [1.0, 2.0, 4.0, 2.0]);
        assert_eq!(out.column("t").unwrap().unit.as_str(), "degC");
        assert_eq!(out.column("t missing").unwrap().reals().unwrap(), [0.0, 1.0, 0.0, 0.0]);
        assert!(out.column("y").unwrap().reals().unwrap()[0].is_nan(), "the target is left alone");
    }

    #[test]
    fn a_gap_in_a_hundred_is_filled_without_a_mark() {
        let mut v = vec![5.0; 100];
        v[3] = f64::NAN;
        let train = samples(vec![Column::real("t", "", v)]);
        let out = Impute.fit(&train, "y").unwrap().apply(train).unwrap();
        assert_eq!(out.columns().len(), 1);
        assert_eq!(out.columns()[0].values.missing(), 0);
    }

    #[test]
    fn empty_columns_go_with_a_note_and_missing_classes_become_one() {
        let codes = Codes::from_labels(&[Some("ice"), None, Some("ice")]);
        let train = samples(vec![Column::real("gone", "", vec![f64::NAN; 3]), Column::class("rock", codes)]);
        let step = Impute.fit(&train, "y").unwrap();
        assert_eq!(step.notes()[0].code, "column-all-missing");
        let out = step.apply(train).unwrap();
        assert_eq!(out.columns().len(), 1);
        assert_eq!(out.columns()[0].classes().unwrap().label(1), Some(MISSING_LEVEL));
    }

    #[test]
    fn a_class_missing_only_later_is_the_most_frequent() {
        let train = samples(vec![Column::class("rock", Codes::from_labels(&[Some("ice"), Some("till"), Some("till")]))]);
        let step = Impute.fit(&train, "y").unwrap();
        let later = samples(vec![Column::class("rock", Codes::from_labels(&[None, Some("ice")]))]);
        let out = step.apply(later).unwrap();
        assert_eq!(out.columns()[0].classes().unwrap().label(0), Some("till"));
        assert_eq!(out.columns()[0].classes().unwrap().levels(), ["ice", "till"]);
    }

    #[test]
    fn taken_names_are_refused() {
        let train = samples(vec![Column::real("t", "", vec![1.0, f64::NAN]), Column::real("t missing", "", vec![0.0, 1.0])]);
        insta::assert_snapshot!(Impute.fit(&train, "y").err().unwrap(), @r"
        column 't missing': got the name twice; preparing 't' adds a column of that name, which says which of its values were missing
          hint: rename the column in the table
        ");
    }
}
