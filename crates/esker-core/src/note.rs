//! A note: something measured or decided that belongs in the record.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// A decision worth knowing (a delimiter detected, a default chosen).
    Info,
    /// Something that may mislead if it is overlooked.
    Warning,
    /// Something that, as it stands, undermines the claim.
    Alarm,
}

/// Something measured or decided, kept in the record and shown on the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// How much it matters.
    pub weight: Weight,
    /// A stable kebab-case code, e.g. `missing-marker` or `noise-ceiling`.
    pub code: String,
    /// One or two plain sentences with the numbers and their units.
    pub text: String,
}

impl Note {
    /// A decision worth knowing.
    pub fn info(code: &str, text: impl Into<String>) -> Self {
        Self { weight: Weight::Info, code: code.into(), text: text.into() }
    }

    /// Something that may mislead if it is overlooked.
    pub fn warning(code: &str, text: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, code: code.into(), text: text.into() }
    }

    /// Something that undermines the claim.
    pub fn alarm(code: &str, text: impl Into<String>) -> Self {
        Self { weight: Weight::Alarm, code: code.into(), text: text.into() }
    }
}
