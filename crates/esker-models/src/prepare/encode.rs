//! Encode: classes become columns of 0 and 1.

use esker_core::{Codes, Column, FittedTransform, Graph, Note, Result, Samples, Transform, Values};
use serde::{Deserialize, Serialize};

use super::impute::{clash, known_classes};
use crate::store;

/// What it does.
pub const DOC: &str = "Each class column becomes one column of 0 and 1 for each class in the training rows; of two classes only the \
     second gets one.";

/// Classes beyond which a note warns of the many columns they make.
const MANY: usize = 50;

/// Turns classes into numbers.
pub struct Encode;

impl Transform for Encode {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut fitted = Encoded { fields: Vec::new(), notes: Vec::new() };
        for column in train.features(target) {
            let Values::Class(codes) = &column.values else { continue };
            let present: Vec<u32> = (0..).zip(codes.counts()).filter(|(_, n)| *n > 0).map(|(k, _)| k).collect();
            let kept = match present.len() {
                0 | 1 => Vec::new(),
                2 => present[1..].to_vec(),
                _ => present.clone(),
            };
            let field = Field { name: column.name.clone(), levels: codes.levels().to_vec(), kept };
            for k in &field.kept {
                let name = field.made(*k);
                if train.columns().iter().any(|c| c.name == name) {
                    return Err(clash(&name, &column.name, "which rows are of that class"));
                }
            }
            fitted.notes.extend(field.notes(&present));
            fitted.fields.push(field);
        }
        Ok(Box::new(fitted))
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    /// All levels of the column.
    levels: Vec<String>,
    /// The levels that get a column.
    kept: Vec<u32>,
}

impl Field {
    /// The name of the column of a level.
    fn made(&self, level: u32) -> String {
        format!("{}={}", self.name, self.levels[level as usize])
    }

    fn notes(&self, present: &[u32]) -> Vec<Note> {
        let mut notes = Vec::new();
        if let [only] = present {
            notes.push(Note::info(
                "one-class-feature",
                format!("column '{}' is '{}' in every training row and was left out", self.name, self.levels[*only as usize]),
            ));
        }
        if present.len() > MANY {
            notes.push(Note::warning(
                "many-classes",
                format!("column '{}' has {} classes, and so many columns of 0 and 1 were made of it", self.name, present.len()),
            ));
        }
        notes
    }
}

/// Samples where class columns, by name and levels, give way to what is made of their codes, each in its place.
pub(super) fn replaced<F>(
    samples: Samples,
    fields: &[F],
    column_of: impl Fn(&F) -> (&str, &[String]),
    made: impl Fn(&F, &Codes) -> Vec<Column>,
) -> Result<Samples> {
    for field in fields {
        samples.column(column_of(field).0)?.classes()?;
    }
    let mut columns = Vec::with_capacity(samples.columns().len());
    for column in samples.columns() {
        match fields.iter().find(|f| column_of(f).0 == column.name) {
            Some(field) => columns.extend(made(field, &known_classes(column, column_of(field).1)?)),
            None => columns.push(column.clone()),
        }
    }
    samples.with_columns(columns)
}

#[derive(Serialize, Deserialize)]
struct Encoded {
    fields: Vec<Field>,
    notes: Vec<Note>,
}

impl FittedTransform for Encoded {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        let made = |field: &Field, codes: &Codes| {
            let marks = |k: u32| codes.codes().iter().map(|&c| f64::from(u8::from(c == k))).collect();
            field.kept.iter().map(|&k| Column::real(field.made(k), "1", marks(k))).collect()
        };
        replaced(samples, &self.fields, |f| (&f.name, &f.levels), made)
    }

    fn describe(&self, graph: &mut Graph) -> Result<bool> {
        for field in &self.fields {
            let column = graph.classes(&field.name)?;
            graph.remove(&field.name);
            for &kept in &field.kept {
                let made = graph.lookup(&column, |k| f64::from(u8::from(k == kept)), 0.0);
                graph.put_number(&field.made(kept), made);
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

/// A fitted step from the bytes it saved.
///
/// # Errors
/// Bytes that are no such step.
pub fn load(bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let fitted: Encoded = store::load("encode step", bytes)?;
    let sound = fitted.fields.iter().all(|f| f.kept.iter().all(|&k| (k as usize) < f.levels.len()));
    if sound { Ok(Box::new(fitted)) } else { Err(store::damaged("encode step")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::{Codes, Support};

    fn samples(labels: &[Option<&str>]) -> Samples {
        let y = Column::real("y", "", vec![0.0; labels.len()]);
        Samples::new(vec![Column::class("rock", Codes::from_labels(labels)), y], Support::bare(labels.len()), None).unwrap()
    }

    fn names(s: &Samples) -> Vec<&str> {
        s.columns().iter().map(|c| c.name.as_str()).collect()
    }

    #[test]
    fn three_classes_make_three_columns_and_two_make_one() {
        let train = samples(&[Some("ice"), Some("till"), Some("lake")]);
        let out = Encode.fit(&train, "y").unwrap().apply(train).unwrap();
        assert_eq!(names(&out), ["rock=ice", "rock=lake", "rock=till", "y"]);
        assert_eq!(out.column("rock=lake").unwrap().reals().unwrap(), [0.0, 0.0, 1.0]);
        let train = samples(&[Some("ice"), Some("till"), None]);
        let out = Encode.fit(&train, "y").unwrap().apply(train).unwrap();
        assert_eq!(names(&out), ["rock=till", "y"]);
        assert_eq!(out.column("rock=till").unwrap().reals().unwrap(), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn a_level_without_training_rows_gets_no_column() {
        let all = samples(&[Some("ice"), Some("till"), Some("lake"), Some("ice")]);
        let step = Encode.fit(&all.select(&[0, 1, 3]), "y").unwrap();
        let out = step.apply(all).unwrap();
        assert_eq!(names(&out), ["rock=till", "y"]);
        let one = samples(&[Some("ice"), Some("ice")]);
        let step = Encode.fit(&one, "y").unwrap();
        assert_eq!(step.notes()[0].code, "one-class-feature");
        assert_eq!(names(&step.apply(one).unwrap()), ["y"]);
    }

    #[test]
    fn a_target_of_classes_is_left_alone_and_strangers_are_refused() {
        let train = samples(&[Some("ice"), Some("till")]);
        let out = Encode.fit(&train, "rock").unwrap().apply(train.clone()).unwrap();
        assert_eq!(out, train);
        let step = Encode.fit(&train, "y").unwrap();
        insta::assert_snapshot!(step.apply(samples(&[Some("basalt")])).unwrap_err(), @"column 'rock': got class 'basalt'; the training rows know only 'ice', 'till'");
    }
}
