//! Cubes held in memory.

use std::sync::Arc;

use esker_core::cube::{Attributes, Axis, Blocks, Cube, Holds, Variable, Window};
use esker_core::{Result, Unit};

/// Values and lengths of each variable.
struct Memory(Vec<(Vec<f64>, Vec<usize>)>);

impl Blocks for Memory {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let (values, lengths) = &self.0[variable];
        let (length, starts) = window.stretches(lengths);
        Ok(starts.iter().flat_map(|s| values[*s..s + length].iter().copied()).collect())
    }
}

/// A variable of numbers.
pub fn variable(name: &str, unit: &str, axes: &[usize], lengths: &[usize]) -> Variable {
    Variable {
        name: name.into(),
        unit: Unit::new(unit),
        axes: axes.to_vec(),
        chunk: lengths.iter().map(|&n| n.min(7)).collect(),
        holds: Holds::Numbers,
        stored: "float64".into(),
        attributes: Attributes::default(),
        auxiliary: false,
    }
}

/// A cube of variables and their values.
pub fn cube(axes: Vec<Axis>, variables: Vec<Variable>, values: Vec<Vec<f64>>) -> Cube {
    let lengths = |v: &Variable| v.axes.iter().map(|&a| axes[a].len).collect::<Vec<_>>();
    let held = variables.iter().zip(values).map(|(v, values)| (values, lengths(v))).collect();
    Cube::new(axes, variables, Arc::new(Memory(held))).unwrap()
}
