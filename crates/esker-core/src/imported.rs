//! Boosted trees that another program fitted, as its file describes them.

use serde::{Deserialize, Serialize};

use crate::graph::Function;
use crate::{Error, FieldKind, Result, Schema, Trees};

/// What trees see of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The feature, by its place in the schema.
    pub feature: u32,
    /// What is done to its values first, in this order.
    pub through: Vec<Function>,
}

/// Trees of another program: features become inputs, sums over trees become answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// The program, with what is known of its version.
    pub program: String,
    /// The features. Classes are their places among the levels.
    pub schema: Schema,
    /// What the trees test.
    pub inputs: Vec<Input>,
    /// The trees.
    pub trees: Trees,
    /// What the sums start from, one an output.
    pub start: Vec<f64>,
    /// Whether the program adds in single precision.
    pub single: bool,
    /// What the sums are multiplied by.
    pub scale: f64,
    /// What is done to the sums, in this order.
    pub then: Vec<Function>,
    /// Number of classes; 0 where the answer is a number.
    pub classes: u32,
    /// Gain of the splits of each feature.
    pub gain: Vec<f64>,
    /// Splits of each feature.
    pub splits: Vec<u64>,
}

impl Imported {
    /// The input that shows a feature so, which is added if there is none yet.
    pub fn input(&mut self, feature: usize, through: &[Function]) -> u32 {
        let same = |i: &Input| i.feature as usize == feature && i.through == through;
        self.inputs.iter().position(same).unwrap_or_else(|| {
            self.inputs.push(Input { feature: feature as u32, through: through.to_vec() });
            self.inputs.len() - 1
        }) as u32
    }

    /// Checks parts that may come from a stranger.
    ///
    /// # Errors
    /// The first that does not fit the others.
    pub fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::model("the imported model").got(what.to_owned()).rule("its parts fit each other"));
        let (features, outputs) = (self.schema.fields.len(), self.start.len());
        let mut names: Vec<&str> = self.schema.fields.iter().map(|f| f.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|w| w[0] == w[1]) {
            return Err(Error::model(format!("feature '{}'", twice[0])).got("the name twice").rule("features are found by name"));
        }
        for field in &self.schema.fields {
            let FieldKind::Class { levels } = &field.kind else { continue };
            let mut sorted: Vec<&String> = levels.iter().collect();
            sorted.sort_unstable();
            if sorted.windows(2).any(|w| w[0] == w[1]) || sorted.iter().any(|l| l.is_empty()) {
                return Err(Error::model(format!("feature '{}'", field.name))
                    .got("a class twice, or without a name")
                    .rule("classes are told apart by name"));
            }
        }
        let per_row = |f: &Function| matches!(f, Function::Softmax | Function::Share);
        let wanted = match self.classes {
            0 | 2 => 1,
            n => n as usize,
        };
        match () {
            () if outputs != wanted || self.trees.outputs as usize != outputs || self.trees.width != 1 => bad("another number of outputs"),
            () if self.trees.inputs as usize != self.inputs.len() => bad("another number of inputs"),
            () if self.inputs.iter().any(|i| i.feature as usize >= features || i.through.iter().any(per_row)) => {
                bad("an input of no feature")
            }
            () if self.gain.len() != features || self.splits.len() != features => bad("another number of features"),
            () if !self.start.iter().chain(&self.gain).chain([&self.scale]).all(|v| v.is_finite()) => bad("a number that is not finite"),
            () => self.trees.check(),
        }
    }
}
