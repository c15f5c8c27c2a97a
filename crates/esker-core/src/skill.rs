//! How much better models are than simple answers that anybody could give.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Unit;

/// Skill of every model on the held-out rows of the primary design: 1 − error / error of the simple answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Skill {
    /// What the error is: `mean squared error`, or `Brier score` (of classes).
    pub of: String,
    /// What was drawn together for the intervals, in words; empty where there are none.
    pub drawn: String,
    /// Confidence of the intervals, e.g. 0.95.
    pub confidence: f64,
    /// The simple answers, each with the skill of every model against it.
    pub references: Vec<SkillReference>,
    /// Simple answers that the design leaves none of, and why.
    pub absent: Vec<String>,
}

/// A simple answer, learned from the training rows of each fold alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkillReference {
    /// `mean`, `frequencies`, `season`, `last` or `model`.
    pub kind: String,
    /// What it does, in words that follow "than", e.g. `repeating the last value`.
    pub name: String,
    /// How it is made, in a sentence.
    pub how: String,
    /// Held-out rows for which it exists; skill is on these.
    pub rows: usize,
    /// All held-out rows.
    pub held_out: usize,
    /// How long before the row its last value was measured: shortest, median and longest, in days. `last` only.
    pub lead: Option<[f64; 3]>,
    /// Its root mean squared error, in the unit of the target, or its Brier score.
    pub error: f64,
    /// The unit of `error`.
    pub unit: Unit,
    /// Models in recipe order.
    pub models: Vec<ModelSkill>,
}

/// Skill of one model against one simple answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSkill {
    /// The model.
    pub model: String,
    /// 1 is perfect, 0 no better than the simple answer, negative worse.
    pub skill: f64,
    /// Its bootstrap interval by blocks.
    pub interval: Option<[f64; 2]>,
}

impl ModelSkill {
    /// Whether the model is better (1), worse (−1) or neither beyond noise (0), and 0 where nobody knows.
    pub fn beyond_noise(&self) -> i8 {
        match self.interval {
            Some([low, _]) if low > 0.0 => 1,
            Some([_, high]) if high < 0.0 => -1,
            _ => 0,
        }
    }
}
