//! Trees that another program fitted, walked as that program walks them.

use esker_core::graph::{Graph, Operation, Value};
use esker_core::{Error, FieldKind, Imported, Inside, MISSING, Model, Note, Prediction, Result, Samples, Trees, Unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::training::widen;
use crate::store;

/// The name of the kind in a model file.
pub const NAME: &str = "imported";

/// Rows that one thread walks before it takes further ones.
const BLOCK: usize = 512;

/// Trees of another program, with the words for what they say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foreign {
    model: Imported,
    unit: Unit,
    /// Names of the classes; none where the answer is a number.
    levels: Vec<String>,
    notes: Vec<Note>,
}

impl Foreign {
    /// Answers in this unit, or classes of these names.
    ///
    /// # Errors
    /// Another number of names than classes, a name twice or empty.
    pub fn new(model: Imported, unit: Unit, levels: Vec<String>, notes: Vec<Note>) -> Result<Self> {
        let count = model.classes as usize;
        let mut sorted = levels.clone();
        sorted.sort_unstable();
        if levels.len() != count || sorted.windows(2).any(|w| w[0] == w[1]) || sorted.iter().any(String::is_empty) {
            return Err(Error::usage("names of classes")
                .got(if levels.is_empty() { "none".to_owned() } else { format!("'{}'", levels.join("', '")) })
                .rule(if count == 0 {
                    "the model answers numbers".to_owned()
                } else {
                    format!("the model has {count} classes, each with a name of its own")
                }));
        }
        model.check()?;
        Ok(Self { model, unit, levels, notes })
    }

    /// The values of every feature, missing ones NaN, classes as their places among the levels.
    fn values(&self, at: &Samples) -> Result<Vec<Vec<f64>>> {
        let one = |field: &esker_core::Field| {
            let column = at.column(&field.name)?;
            let FieldKind::Class { levels } = &field.kind else { return Ok(column.reals()?.to_vec()) };
            let codes = column.classes()?.recode(levels).map_err(|unseen| {
                Error::data(format!("column '{}'", field.name))
                    .got(format!("class '{}'", unseen.join("', '")))
                    .rule(format!("the model knows only '{}'", levels.join("', '")))
                    .hint("a model cannot answer for a class it never saw: filter those rows")
            })?;
            Ok(codes.codes().iter().map(|&c| if c == MISSING { f64::NAN } else { f64::from(c) }).collect())
        };
        self.model.schema.fields.iter().map(one).collect()
    }

    /// The answers to one row of inputs: the number, or the one or more shares.
    fn answer(&self, row: &[f64], sums: &mut [f64]) {
        let model = &self.model;
        sums.copy_from_slice(&model.start);
        if model.single {
            for &(root, output) in &model.trees.roots {
                let sum = &mut sums[output as usize];
                *sum = f64::from(*sum as f32 + model.trees.values_of(model.trees.walk(root, row))[0] as f32);
            }
        } else {
            model.trees.add(row, sums);
        }
        sums.iter_mut().for_each(|s| *s *= model.scale);
        model.then.iter().for_each(|f| f.apply(sums));
    }
}

impl Model for Foreign {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let values = self.values(at)?;
        let (outputs, inputs) = (self.model.start.len(), &self.model.inputs);
        let mut said = vec![0.0; at.rows() * outputs];
        said.par_chunks_mut(BLOCK * outputs).enumerate().for_each(|(block, said)| {
            let mut row = vec![0.0; inputs.len()];
            for (i, sums) in said.chunks_exact_mut(outputs).enumerate() {
                for (x, input) in row.iter_mut().zip(inputs) {
                    let value = values[input.feature as usize][block * BLOCK + i];
                    *x = input.through.iter().fold(value, |x, f| f.of(x));
                }
                self.answer(&row, sums);
            }
        });
        if self.levels.is_empty() {
            return Ok(Prediction::real(&self.unit, said));
        }
        if outputs == 1 {
            said = said.into_iter().flat_map(|p| [1.0 - p, p]).collect();
        }
        Ok(Prediction::class(self.levels.clone(), said))
    }

    fn describe(&self, graph: &mut Graph) -> Result<Option<Value>> {
        let model = &self.model;
        let (mut features, mut known) = (Vec::new(), Vec::new());
        for field in &model.schema.fields {
            if matches!(field.kind, FieldKind::Real { .. }) {
                features.push(graph.number(&field.name)?);
                continue;
            }
            let column = graph.classes(&field.name)?;
            features.push(graph.lookup(&column, f64::from, f64::NAN));
            known.push(graph.lookup(&column, |_| 0.0, 0.0));
        }
        let inputs = model.inputs.iter().map(|i| i.through.iter().fold(features[i.feature as usize], |v, f| graph.map(v, *f))).collect();
        let of = graph.add(Operation::Join(inputs));
        let mut trees: Trees = model.trees.clone();
        trees.values.iter_mut().for_each(|v| *v *= model.scale);
        let constants = model.start.iter().map(|s| s * model.scale).collect();
        let sums = graph.add(Operation::Trees { of, trees, constants });
        let sums = known.into_iter().fold(sums, |of, by| graph.add(Operation::Spoil { of, by }));
        let said = model.then.iter().fold(sums, |v, f| graph.map(v, *f));
        let all: Vec<u32> = (0..model.classes).collect();
        Ok(Some(if self.levels.is_empty() { said } else { widen(graph, said, self.levels.len(), &all) }))
    }

    fn inside(&self) -> Inside {
        let total: f64 = self.model.gain.iter().sum();
        let names = || self.model.schema.fields.iter().map(|f| f.name.clone());
        Inside::Trees {
            gain: names().zip(&self.model.gain).map(|(n, g)| (n, if total > 0.0 { g / total } else { 0.0 })).collect(),
            splits: names().zip(&self.model.splits).map(|(n, s)| (n, *s as usize)).collect(),
        }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// Imported trees from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Foreign = store::load("imported model", bytes)?;
    let whole = Foreign::new(model.model, model.unit, model.levels, model.notes).map_err(|_| store::damaged("imported model"))?;
    Ok(Box::new(whole))
}
