//! `kind = "stack"` of a `[[model]]`: a mix of the models above it.

use esker_core::Error;

use super::read::unknown;
use super::section::Section;
use super::{ModelPart, StackPart};

/// Reads what a stack is made of; `models` stand above it.
pub(super) fn stack(s: &Section<'_>, name: String, models: &[ModelPart]) -> Option<StackPart> {
    let hint = "write of = [\"ridge\", \"boosting\"]";
    let thing = || Error::recipe(format!("'{}.of'", s.path()));
    for key in ["tune", "select", "calibrate", "threshold", "early_stopping"].into_iter().filter(|key| s.has(key)) {
        s.skip(key);
        let rule = "a stack mixes models as they are";
        s.fault(key, Error::recipe(format!("'{}.{key}'", s.path())).rule(rule).hint("write it in the models that the stack is made of"));
    }
    let named = s.texts("of");
    let all: Vec<&str> = models.iter().map(|m| m.name.as_str()).collect();
    let mut of = Vec::with_capacity(named.len());
    for one in &named {
        match models.iter().position(|m| m.name == *one) {
            Some(i) if of.contains(&i) => s.fault("of", thing().got(format!("'{one}' twice")).rule("each model is mixed once")),
            Some(i) => of.push(i),
            None => s.fault("of", unknown("model above the stack", one, &all)),
        }
    }
    if named.len() < 2 {
        let got = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
        s.fault("of", thing().got(got).rule("a stack is made of at least two models").hint(hint));
    }
    (of.len() >= 2).then_some(StackPart { name, of })
}
