//! A fitted model as a graph of operations on columns, so that a file format can carry it to programs that know nothing of Esker.
//!
//! Preparation and model describe themselves in turn: each finds the columns it needs by name, as it finds them in [`Samples`](crate::Samples),
//! and puts what it makes of them back. An operation is row by row: its value has one row a row of the table and a number of columns.

use serde::{Deserialize, Serialize};

use crate::{Error, FieldKind, Result, Schema, Trees};

/// The value of an operation: its index in [`Graph::operations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(pub usize);

/// √(2 / π), the factor within [`Function::Gelu`].
pub const GELU_ROOT: f64 = 0.797_884_560_802_865_4;
/// The factor of the cube within [`Function::Gelu`].
pub const GELU_CUBIC: f64 = 0.044_715;

/// A function of each number, or of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Function {
    /// 1 / (1 + exp(−x)).
    Sigmoid,
    /// exp(x) over its sum along the row.
    Softmax,
    /// x over its sum along the row.
    Share,
    /// exp(x).
    Exp,
    /// The natural logarithm.
    Log,
    /// log(1 + exp(x)).
    Softplus,
    /// The square with the sign kept.
    SignedSquare,
    /// max(x, 0).
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// x / (1 + exp(−x)).
    Silu,
    /// x Φ(x), with tanh for the normal distribution's Φ (Hendrycks and Gimpel 2016).
    Gelu,
    /// The nearest number of single precision.
    Single,
    /// The next whole number below.
    Floor,
    /// The next whole number towards 0.
    Truncate,
    /// Missing where |x| is at most 1e-35, in single precision.
    ZeroMissing,
}

impl Function {
    /// The function of each number of a row, or of the row.
    pub fn apply(self, row: &mut [f64]) {
        match self {
            Self::Softmax => {
                let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.iter_mut().for_each(|x| *x = (*x - top).exp());
                Self::Share.apply(row);
            }
            Self::Share => {
                let total: f64 = row.iter().sum();
                row.iter_mut().for_each(|x| *x /= total);
            }
            _ => row.iter_mut().for_each(|x| *x = self.of(*x)),
        }
    }

    /// The function of a number; those of rows take it for a row of its own.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Softmax | Self::Share => 1.0,
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Self::SignedSquare => x * x.abs(),
            Self::Relu if x < 0.0 => 0.0,
            Self::Relu => x,
            Self::Tanh => x.tanh(),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Gelu => x * (0.5 * (GELU_ROOT * (x + GELU_CUBIC * x * x * x)).tanh() + 0.5),
            Self::Single => f64::from(x as f32),
            Self::Floor => x.floor(),
            Self::Truncate => x.trunc(),
            Self::ZeroMissing if x.abs() <= f64::from(1e-35_f32) => f64::NAN,
            Self::ZeroMissing => x,
        }
    }
}

/// What is done. Missing numbers are NaN throughout.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// A column of numbers of the table.
    Number(String),
    /// A column of labels of the table; a missing one is an empty text. Only [`Operation::Lookup`] takes it.
    Label(String),
    /// The number of each label; NaN for labels that are not listed.
    Lookup {
        /// Labels.
        of: Value,
        /// What they stand for.
        table: Vec<(String, f64)>,
        /// What a missing label stands for.
        missing: f64,
    },
    /// Missing numbers replaced.
    Fill {
        /// Numbers.
        of: Value,
        /// What replaces them.
        with: f64,
    },
    /// 1 where missing, else 0.
    Missing(Value),
    /// (x − mean) / sd; 0 where sd is 0.
    Standardise {
        /// Numbers.
        of: Value,
        /// The mean.
        mean: f64,
        /// The standard deviation.
        sd: f64,
    },
    /// No smaller than `low`, no larger than `high`; what is missing stays so.
    Clamp {
        /// Numbers.
        of: Value,
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// A function.
    Map {
        /// Numbers.
        of: Value,
        /// Which.
        function: Function,
    },
    /// Columns side by side.
    Join(Vec<Value>),
    /// The same numbers for each row.
    Constant(Vec<f64>),
    /// Rows times a matrix, plus constants.
    Dense {
        /// Rows of inputs.
        of: Value,
        /// Inputs × outputs, outputs innermost.
        weights: Vec<f64>,
        /// One an output.
        constants: Vec<f64>,
    },
    /// The sums of trees, plus constants.
    Trees {
        /// Rows of inputs.
        of: Value,
        /// The trees.
        trees: Trees,
        /// One an output.
        constants: Vec<f64>,
    },
    /// `of`, but missing where `by` (one column) is.
    Spoil {
        /// Numbers.
        of: Value,
        /// What decides.
        by: Value,
    },
}

/// What a column of the table has become so far.
#[derive(Debug, Clone, PartialEq)]
enum Held {
    Number(Value),
    Class(ClassColumn),
}

/// A column of classes: its labels, the levels they may be of, and the level of a missing one, where it has got one.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassColumn {
    /// The labels.
    pub label: Value,
    /// The levels.
    pub levels: Vec<String>,
    /// The level of a missing label.
    pub missing: Option<u32>,
}

/// Operations, and the columns they have made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    operations: Vec<(Operation, usize)>,
    columns: Vec<(String, Held)>,
}

impl Graph {
    /// The columns that a schema admits.
    pub fn of(schema: &Schema) -> Self {
        let mut graph = Self::default();
        for field in &schema.fields {
            let held = match &field.kind {
                FieldKind::Real { .. } => Held::Number(graph.push(Operation::Number(field.name.clone()), 1)),
                FieldKind::Class { levels } => {
                    let label = graph.push(Operation::Label(field.name.clone()), 1);
                    Held::Class(ClassColumn { label, levels: levels.clone(), missing: None })
                }
            };
            graph.columns.push((field.name.clone(), held));
        }
        graph
    }

    /// What is done, each operation after those it needs.
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &Operation> {
        self.operations.iter().map(|o| &o.0)
    }

    /// Number of columns of a value.
    pub fn width(&self, value: Value) -> usize {
        self.operations[value.0].1
    }

    fn push(&mut self, operation: Operation, width: usize) -> Value {
        self.operations.push((operation, width));
        Value(self.operations.len() - 1)
    }

    /// A further operation.
    pub fn add(&mut self, operation: Operation) -> Value {
        let width = match &operation {
            Operation::Number(_) | Operation::Label(_) | Operation::Lookup { .. } => 1,
            Operation::Fill { of, .. }
            | Operation::Missing(of)
            | Operation::Standardise { of, .. }
            | Operation::Clamp { of, .. }
            | Operation::Map { of, .. }
            | Operation::Spoil { of, .. } => self.width(*of),
            Operation::Join(parts) => parts.iter().map(|p| self.width(*p)).sum(),
            Operation::Constant(values) => values.len(),
            Operation::Dense { constants, .. } | Operation::Trees { constants, .. } => constants.len(),
        };
        self.push(operation, width)
    }

    /// A function of a value.
    pub fn map(&mut self, of: Value, function: Function) -> Value {
        self.add(Operation::Map { of, function })
    }

    /// The names of the columns there are now.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.0.clone()).collect()
    }

    /// A column of numbers.
    ///
    /// # Errors
    /// No such column, or one of classes.
    pub fn number(&self, name: &str) -> Result<Value> {
        match self.held(name)? {
            Held::Number(value) => Ok(*value),
            Held::Class(_) => Err(Error::model(format!("column '{name}'")).got("classes").rule("the model takes numbers there")),
        }
    }

    /// Columns of numbers, side by side.
    ///
    /// # Errors
    /// As [`Graph::number`].
    pub fn numbers(&mut self, names: &[String]) -> Result<Value> {
        let parts = names.iter().map(|n| self.number(n)).collect::<Result<Vec<_>>>()?;
        Ok(self.add(Operation::Join(parts)))
    }

    /// A column of classes.
    ///
    /// # Errors
    /// No such column, or one of numbers.
    pub fn classes(&self, name: &str) -> Result<ClassColumn> {
        match self.held(name)? {
            Held::Class(column) => Ok(column.clone()),
            Held::Number(_) => Err(Error::model(format!("column '{name}'")).got("numbers").rule("the model takes classes there")),
        }
    }

    /// The number that `of` gives for each level of a column of classes, `missing` for a missing one that has no level, NaN for labels
    /// that are no level.
    pub fn lookup(&mut self, column: &ClassColumn, of: impl Fn(u32) -> f64, missing: f64) -> Value {
        let table = (0..).zip(&column.levels).map(|(k, level)| (level.clone(), of(k))).collect();
        self.add(Operation::Lookup { of: column.label, table, missing: column.missing.map_or(missing, of) })
    }

    /// Whether a column is there as classes.
    pub fn is_class(&self, name: &str) -> bool {
        matches!(self.held(name), Ok(Held::Class(_)))
    }

    fn held(&self, name: &str) -> Result<&Held> {
        let found = self.columns.iter().find(|c| c.0 == name).map(|c| &c.1);
        found.ok_or_else(|| Error::model(format!("column '{name}'")).rule("the model needs it, and its file does not list it"))
    }

    fn put(&mut self, name: &str, held: Held) {
        match self.columns.iter_mut().find(|c| c.0 == name) {
            Some(old) => old.1 = held,
            None => self.columns.push((name.to_owned(), held)),
        }
    }

    /// Adds a column of numbers, or replaces the one of that name.
    pub fn put_number(&mut self, name: &str, value: Value) {
        self.put(name, Held::Number(value));
    }

    /// Replaces a column of classes.
    pub fn put_classes(&mut self, name: &str, column: ClassColumn) {
        self.put(name, Held::Class(column));
    }

    /// Leaves a column out.
    pub fn remove(&mut self, name: &str) {
        self.columns.retain(|c| c.0 != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_keep_what_is_missing_and_rows_sum_to_one() {
        let per_number = [
            Function::Sigmoid,
            Function::Exp,
            Function::Log,
            Function::Softplus,
            Function::SignedSquare,
            Function::Relu,
            Function::Tanh,
            Function::Silu,
            Function::Gelu,
            Function::Single,
            Function::Floor,
            Function::Truncate,
            Function::ZeroMissing,
        ];
        assert!(per_number.iter().all(|f| f.of(f64::NAN).is_nan()));
        assert_eq!(Function::SignedSquare.of(-3.0), -9.0);
        assert_eq!((Function::Truncate.of(-0.5), Function::Floor.of(-0.5)), (0.0, -1.0));
        assert!(Function::ZeroMissing.of(-1e-36).is_nan() && Function::ZeroMissing.of(1e-34) == 1e-34);
        assert_eq!(Function::Single.of(0.1), f64::from(0.1_f32));
        assert!((Function::Gelu.of(1.0) - 0.841_191_990_608).abs() < 1e-9);
        let mut row = [1000.0, 1001.0, 999.0];
        Function::Softmax.apply(&mut row);
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12 && row[1] > row[0]);
    }

    #[test]
    fn columns_are_found_by_name_and_kind_and_values_know_their_width() {
        let x = crate::Column::real("x", "m", vec![1.0]);
        let rock = crate::Column::class("rock", crate::Codes::from_labels(&[Some("ice")]));
        let mut graph = Graph::of(&Schema::of([&x, &rock]));
        let both = graph.number("x").map(|x| graph.add(Operation::Join(vec![x, x])));
        assert_eq!(both.map(|v| graph.width(v)), Ok(2));
        assert!(graph.number("rock").is_err() && graph.classes("x").is_err());
        assert!(graph.number("y").unwrap_err().to_string().contains("'y'"));
        graph.remove("x");
        assert!(graph.number("x").is_err());
    }
}
