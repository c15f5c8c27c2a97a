//! Parameters an estimator, transform, design or metric declares, and the settings a user gives them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Range, Result, Rng};

/// A value given to a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Setting {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A word.
    Text(String),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(v) => write!(f, "{v}"),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Real(v) => write!(f, "{v}"),
            Self::Text(v) => write!(f, "{v}"),
        }
    }
}

/// What values a parameter takes. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// True or false.
    Flag,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// A number within bounds.
    Real(f64, f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text, such as the name of a column; empty means not given.
    Text,
}

/// Where tuning looks for a better value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Search {
    /// Uniform on an interval.
    Uniform(f64, f64),
    /// Uniform in the logarithm.
    LogUniform(f64, f64),
    /// Whole numbers, uniform.
    Integer(i64, i64),
    /// Whole numbers, uniform in the logarithm.
    LogInteger(i64, i64),
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Search {
    /// One draw.
    pub fn draw(&self, rng: &mut Rng) -> Setting {
        Range::from(*self).draw(rng)
    }
}

/// One declared parameter: the only place where its default stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name in the recipe.
    pub name: &'static str,
    /// One sentence for the reference page.
    pub doc: &'static str,
    /// The default.
    pub default: Setting,
    /// What values it takes.
    pub rule: Rule,
    /// Where tuning looks; `None` is never tuned.
    pub search: Option<Search>,
}

impl Parameter {
    /// A number within bounds.
    pub fn real(name: &'static str, default: f64, lo: f64, hi: f64, doc: &'static str) -> Self {
        Self { name, doc, default: Setting::Real(default), rule: Rule::Real(lo, hi), search: None }
    }

    /// A whole number within bounds.
    pub fn integer(name: &'static str, default: i64, lo: i64, hi: i64, doc: &'static str) -> Self {
        Self { name, doc, default: Setting::Integer(default), rule: Rule::Integer(lo, hi), search: None }
    }

    /// True or false.
    pub fn flag(name: &'static str, default: bool, doc: &'static str) -> Self {
        Self { name, doc, default: Setting::Flag(default), rule: Rule::Flag, search: None }
    }

    /// One of these words; the first is the default.
    pub fn choice(name: &'static str, words: &'static [&'static str], doc: &'static str) -> Self {
        Self { name, doc, default: Setting::Text(words[0].to_owned()), rule: Rule::Choice(words), search: None }
    }

    /// Any text, empty by default.
    pub fn text(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc, default: Setting::Text(String::new()), rule: Rule::Text, search: None }
    }

    /// The same parameter, tuned over `search`.
    #[must_use]
    pub fn tuned(mut self, search: Search) -> Self {
        self.search = Some(search);
        self
    }

    /// Checks a value against the rule; a whole number is taken where a number is wanted.
    ///
    /// # Errors
    /// A value of another type or out of bounds.
    pub fn check(&self, value: Setting) -> Result<Setting> {
        let fail = |rule: String| Err(Error::recipe(format!("'{}'", self.name)).got(value.to_string()).rule(rule));
        match (self.rule, &value) {
            (Rule::Flag, Setting::Flag(_)) | (Rule::Text, Setting::Text(_)) => Ok(value),
            (Rule::Flag, _) => fail("true or false is wanted".into()),
            (Rule::Text, _) => fail("text in quotes is wanted".into()),
            (Rule::Integer(lo, hi), Setting::Integer(v)) if (lo..=hi).contains(v) => Ok(value),
            (Rule::Integer(lo, hi), _) => fail(format!("a whole number from {lo} to {hi} is wanted")),
            (Rule::Real(lo, hi), Setting::Real(v)) if (lo..=hi).contains(v) => Ok(value),
            (Rule::Real(lo, hi), Setting::Integer(v)) if (lo..=hi).contains(&(*v as f64)) => Ok(Setting::Real(*v as f64)),
            (Rule::Real(lo, hi), _) => fail(format!("a number from {lo} to {hi} is wanted")),
            (Rule::Choice(words), Setting::Text(w)) if words.contains(&w.as_str()) => Ok(value),
            (Rule::Choice(words), _) => fail(format!("one of '{}' is wanted", words.join("', '"))),
        }
    }
}

/// Checked settings: every declared parameter has a value that follows its rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Settings(BTreeMap<String, Setting>);

impl Settings {
    /// All defaults of these parameters.
    pub fn defaults(parameters: &[Parameter]) -> Self {
        Self(parameters.iter().map(|p| (p.name.to_owned(), p.default.clone())).collect())
    }

    /// The value of a parameter, if it is among these.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.0.get(name)
    }

    /// The defaults with one parameter set.
    ///
    /// # Errors
    /// An unknown name, or a value against the rule.
    pub fn set(mut self, parameters: &[Parameter], name: &str, value: Setting) -> Result<Self> {
        let parameter = parameters.iter().find(|p| p.name == name).ok_or_else(|| {
            let names: Vec<&str> = parameters.iter().map(|p| p.name).collect();
            Error::recipe(format!("'{name}'")).rule("no such parameter here").hint(format!("the parameters are {}", names.join(", ")))
        })?;
        self.0.insert(name.to_owned(), parameter.check(value)?);
        Ok(self)
    }

    /// All names with their values, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// A number.
    ///
    /// # Panics
    /// The parameter was not declared as a number: a mistake in our code, not in the user's.
    pub fn real(&self, name: &str) -> f64 {
        match self.0.get(name) {
            Some(Setting::Real(v)) => *v,
            Some(Setting::Integer(v)) => *v as f64,
            other => panic!("parameter '{name}' is not a declared number: {other:?}"),
        }
    }

    /// A whole number.
    ///
    /// # Panics
    /// As [`Settings::real`].
    pub fn integer(&self, name: &str) -> i64 {
        match self.0.get(name) {
            Some(Setting::Integer(v)) => *v,
            other => panic!("parameter '{name}' is not a declared whole number: {other:?}"),
        }
    }

    /// True or false.
    ///
    /// # Panics
    /// As [`Settings::real`].
    pub fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Setting::Flag(v)) => *v,
            other => panic!("parameter '{name}' is not a declared flag: {other:?}"),
        }
    }

    /// A word.
    ///
    /// # Panics
    /// As [`Settings::real`].
    pub fn text(&self, name: &str) -> &str {
        match self.0.get(name) {
            Some(Setting::Text(v)) => v,
            other => panic!("parameter '{name}' is not a declared word: {other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_against_the_rule_is_refused_and_a_whole_number_serves_as_number() {
        let p = [Parameter::real("lambda", 1.0, 0.0, 10.0, "")];
        let s = Settings::defaults(&p);
        assert_eq!(s.clone().set(&p, "lambda", Setting::Integer(3)).unwrap().real("lambda"), 3.0);
        assert!(s.clone().set(&p, "lambda", Setting::Real(f64::NAN)).is_err());
        assert!(s.clone().set(&p, "lambda", Setting::Real(11.0)).is_err());
        assert!(s.set(&p, "lamda", Setting::Real(1.0)).is_err());
    }

    #[test]
    fn draws_stay_inside_their_space() {
        let mut rng = Rng::new(3);
        for _ in 0..1000 {
            let Setting::Integer(v) = Search::LogInteger(2, 9).draw(&mut rng) else { panic!() };
            assert!((2..=9).contains(&v));
            let Setting::Real(v) = Search::LogUniform(1e-3, 10.0).draw(&mut rng) else { panic!() };
            assert!((1e-3..=10.0001).contains(&v));
        }
    }
}
