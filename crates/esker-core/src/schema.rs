//! A schema: the zero rows a fitted model keeps, through which new data are admitted.

use serde::{Deserialize, Serialize};

use crate::{Column, Error, Note, Result, Samples, Support, Table, Unit, Values};

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FieldKind {
    /// Numbers, with the range seen in training (NaN, NaN where all were missing).
    Real {
        /// Smallest value seen.
        #[serde(deserialize_with = "unseen")]
        min: f64,
        /// Largest value seen.
        #[serde(deserialize_with = "unseen")]
        max: f64,
    },
    /// Classes, with the levels seen in training.
    Class {
        /// The levels, in code order.
        levels: Vec<String>,
    },
}

/// JSON has no NaN: it writes null, which is read back here.
fn unseen<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    if from.is_human_readable() { Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN)) } else { f64::deserialize(from) }
}

/// One column of a schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The column's name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// What it holds.
    pub kind: FieldKind,
}

/// Names, units, levels and ranges of the columns a model was trained on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Schema {
    /// The fields, in training order.
    pub fields: Vec<Field>,
}

impl Schema {
    /// The schema of these columns.
    pub fn of<'a>(columns: impl IntoIterator<Item = &'a Column>) -> Self {
        let fields = columns
            .into_iter()
            .map(|c| Field {
                name: c.name.clone(),
                unit: c.unit.clone(),
                kind: match &c.values {
                    Values::Real(v) => {
                        let (min, max) =
                            v.iter().filter(|x| !x.is_nan()).fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
                        if min <= max { FieldKind::Real { min, max } } else { FieldKind::Real { min: f64::NAN, max: f64::NAN } }
                    }
                    Values::Class(k) => FieldKind::Class { levels: k.levels().to_vec() },
                },
            })
            .collect();
        Self { fields }
    }

    /// The columns of `table` that a model with this schema needs, in its order and with its levels.
    /// Columns it does not know are left out. Values beyond the training range are noted.
    ///
    /// # Errors
    /// A missing column, another unit, numbers for classes or the reverse, a class never seen.
    pub fn admit(&self, table: &Table) -> Result<(Samples, Vec<Note>)> {
        let columns = self.fields.iter().map(|f| f.admit(table)).collect::<Result<Vec<_>>>()?;
        let samples = Samples::new(columns, Support::bare(table.rows()), None)?;
        let notes = self.beyond_notes(&self.beyond(&samples), table.rows());
        Ok((samples, notes))
    }

    /// How many values of each field lie beyond the range the model learned from. Blocks of one map add up.
    pub fn beyond(&self, admitted: &Samples) -> Vec<usize> {
        let count = |(field, column): (&Field, &Column)| match (&field.kind, &column.values) {
            (FieldKind::Real { min, max }, Values::Real(v)) => v.iter().filter(|&x| x < min || x > max).count(),
            _ => 0,
        };
        self.fields.iter().zip(admitted.columns()).map(count).collect()
    }

    /// What to say of values beyond the training range, of so many `rows` in all.
    pub fn beyond_notes(&self, beyond: &[usize], rows: usize) -> Vec<Note> {
        let mut notes = Vec::new();
        for (field, count) in self.fields.iter().zip(beyond).filter(|(_, n)| **n > 0) {
            if let FieldKind::Real { min, max } = field.kind {
                notes.push(Note::warning(
                    BEYOND,
                    format!(
                        "column '{}': {count} of {rows} values lie beyond the training range {} to {}{}",
                        field.name,
                        six_digits(min),
                        six_digits(max),
                        field.unit.suffix()
                    ),
                ));
            }
        }
        notes
    }
}

/// A number to six digits, as many as a reader wants of a range.
fn six_digits(v: f64) -> f64 {
    format!("{v:.5e}").parse().unwrap_or(v)
}

/// The code of notes on values beyond the training range.
pub const BEYOND: &str = "beyond-training-range";

impl Field {
    fn admit(&self, table: &Table) -> Result<Column> {
        let column = table.column(&self.name).map_err(|e| e.rule("the model was trained with this column, and the new table lacks it"))?;
        if !column.unit.is_empty() && !self.unit.is_empty() && !column.unit.same(&self.unit) {
            return Err(Error::data(format!("column '{}'", self.name))
                .got(format!("unit '{}'", column.unit))
                .rule(format!("the model was trained in '{}'", self.unit))
                .hint("convert the column before predicting"));
        }
        let values = match (&self.kind, &column.values) {
            (FieldKind::Real { .. }, Values::Real(v)) => {
                if let Some(row) = v.iter().position(|x| x.is_infinite()) {
                    return Err(Error::data(format!("column '{}' row {}", self.name, row + 1))
                        .got(v[row].to_string())
                        .rule("values are finite or missing"));
                }
                Values::Real(v.clone())
            }
            (FieldKind::Class { levels }, Values::Class(c)) => Values::Class(c.recode(levels).map_err(|unseen| {
                Error::data(format!("column '{}'", self.name))
                    .got(format!("class '{}'", unseen.join("', '")))
                    .rule(format!("the model knows only '{}'", levels.join("', '")))
                    .hint("a model cannot answer for a class it never saw: filter those rows")
            })?),
            // An all-missing column reads as numbers; to a class field it is simply missing everywhere.
            (FieldKind::Class { levels }, Values::Real(v)) if v.iter().all(|x| x.is_nan()) => {
                Values::Class(crate::Codes::new(vec![crate::MISSING; v.len()], levels.clone())?)
            }
            // Levels that look like numbers were read as numbers in the new table.
            (FieldKind::Class { levels }, Values::Real(v)) => {
                let labels: Vec<Option<String>> = v.iter().map(|x| (!x.is_nan()).then(|| x.to_string())).collect();
                let codes = crate::Codes::from_labels(&labels).recode(levels).map_err(|unseen| {
                    Error::data(format!("column '{}'", self.name))
                        .got(format!("'{}'", unseen.join("', '")))
                        .rule(format!("the model knows only the classes '{}'", levels.join("', '")))
                })?;
                Values::Class(codes)
            }
            (FieldKind::Real { .. }, Values::Class(_)) => {
                return Err(Error::data(format!("column '{}'", self.name))
                    .got("text")
                    .rule("the model was trained on numbers in this column"));
            }
        };
        Ok(Column { name: self.name.clone(), unit: self.unit.clone(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codes;

    fn trained() -> Schema {
        let class = Column::class("rock", Codes::from_labels(&[Some("shale"), Some("chalk")]));
        Schema::of(&[Column::real("t", "degC", vec![0.0, 5.0]), class])
    }

    #[test]
    fn wrong_unit_missing_column_and_unseen_class_are_refused() {
        let t = |unit| Column::real("t", unit, vec![1.0]);
        let rock = |l| Column::class("rock", Codes::from_labels(&[Some(l)]));
        let schema = trained();
        assert!(schema.admit(&Table::new(vec![t("degC"), rock("chalk")]).unwrap()).is_ok());
        assert!(schema.admit(&Table::new(vec![t("K"), rock("chalk")]).unwrap()).unwrap_err().to_string().contains("unit 'K'"));
        assert!(schema.admit(&Table::new(vec![rock("chalk")]).unwrap()).unwrap_err().to_string().contains("lacks it"));
        assert!(schema.admit(&Table::new(vec![t("degC"), rock("coal")]).unwrap()).unwrap_err().to_string().contains("'coal'"));
    }

    #[test]
    fn order_and_extra_columns_do_not_matter_and_ranges_are_noted() {
        let rock = Column::class("rock", Codes::from_labels(&[Some("shale")]));
        let table = Table::new(vec![Column::real("extra", "", vec![1.0]), rock, Column::real("t", "", vec![9.0])]).unwrap();
        let (samples, notes) = trained().admit(&table).unwrap();
        assert_eq!(samples.columns()[0].name, "t");
        assert_eq!(samples.columns()[1].classes().unwrap().codes(), [1]);
        assert_eq!(notes.len(), 1);
    }
}
