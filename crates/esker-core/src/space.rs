//! The space in which tuning looks for a better value of a parameter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, Parameter, Result, Rng, Rule, Search, Setting};

/// Where tuning looks for one parameter: declared by the model, or said by the recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Space {
    /// The parameter.
    pub parameter: String,
    /// Its values.
    pub range: Range,
}

/// The values of a space. Bounds are inclusive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Range {
    /// Numbers, uniform or uniform in the logarithm.
    Real {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Whether the logarithm is uniform.
        log: bool,
    },
    /// Whole numbers, uniform or uniform in the logarithm.
    Whole {
        /// Lower end.
        low: i64,
        /// Upper end.
        high: i64,
        /// Whether the logarithm is uniform.
        log: bool,
    },
    /// One of these.
    Choice {
        /// The values.
        values: Vec<Setting>,
    },
}

impl From<Search> for Range {
    fn from(search: Search) -> Self {
        match search {
            Search::Uniform(low, high) => Self::Real { low, high, log: false },
            Search::LogUniform(low, high) => Self::Real { low, high, log: true },
            Search::Integer(low, high) => Self::Whole { low, high, log: false },
            Search::LogInteger(low, high) => Self::Whole { low, high, log: true },
            Search::Choice(words) => Self::Choice { values: words.iter().map(|w| Setting::Text((*w).to_owned())).collect() },
        }
    }
}

/// A value on its axis, which is logarithmic where the space is.
fn along(log: bool, v: f64) -> f64 {
    if log { v.ln() } else { v }
}

impl Range {
    /// The value at a share of the range, from 0 to 1. A whole number owns the stretch up to the next one, a choice an equal part.
    pub fn at(&self, share: f64) -> Setting {
        let share = share.clamp(0.0, 1.0);
        match self {
            Self::Real { low, high, log } => {
                let (a, b) = (along(*log, *low), along(*log, *high));
                let v = a + share * (b - a);
                Setting::Real(if *log { v.exp() } else { v }.clamp(*low, *high))
            }
            Self::Whole { low, high, log } => {
                let (a, b) = (along(*log, *low as f64), along(*log, (*high + 1) as f64));
                let v = a + share * (b - a);
                Setting::Integer((if *log { v.exp() } else { v }.floor() as i64).clamp(*low, *high))
            }
            Self::Choice { values } => values[((share * values.len() as f64) as usize).min(values.len() - 1)].clone(),
        }
    }

    /// The stretch of the range, as shares of it, that a value owns: a point for a number, an interval for a whole number or a choice.
    /// What lies outside is moved to the nearer end; `None` for a value of another type.
    pub fn stretch(&self, value: &Setting) -> Option<(f64, f64)> {
        match (self, value) {
            (Self::Real { low, high, log }, Setting::Real(v)) => {
                let (a, b) = (along(*log, *low), along(*log, *high));
                let share = (along(*log, v.clamp(*low, *high)) - a) / (b - a);
                Some((share, share))
            }
            (Self::Whole { low, high, log }, Setting::Integer(v)) => {
                let (a, b) = (along(*log, *low as f64), along(*log, (*high + 1) as f64));
                let share = |v: i64| (along(*log, v as f64) - a) / (b - a);
                let v = *v.clamp(low, high);
                Some((share(v), share(v + 1)))
            }
            (Self::Choice { values }, value) => {
                let at = values.iter().position(|v| v == value)? as f64;
                Some((at / values.len() as f64, (at + 1.0) / values.len() as f64))
            }
            _ => None,
        }
    }

    /// One draw.
    pub fn draw(&self, rng: &mut Rng) -> Setting {
        self.at(rng.uniform())
    }
}

impl Space {
    /// The space that a parameter declares, if it is tuned at all.
    pub fn declared(parameter: &Parameter) -> Option<Self> {
        Some(Self { parameter: parameter.name.to_owned(), range: parameter.search?.into() })
    }

    /// The space of a parameter between two numbers. It is logarithmic where the declared one is.
    ///
    /// # Errors
    /// Ends in the wrong order or against the parameter's rule, or a parameter that is no number.
    pub fn between(parameter: &Parameter, low: Setting, high: Setting) -> Result<Self> {
        let log = matches!(parameter.search, Some(Search::LogUniform(..) | Search::LogInteger(..)));
        let fail = |rule: &str| Error::recipe(format!("'{}'", parameter.name)).got(format!("[{low}, {high}]")).rule(rule);
        let range = match (parameter.rule, parameter.check(low.clone())?, parameter.check(high.clone())?) {
            (Rule::Integer(..), Setting::Integer(low), Setting::Integer(high)) => Range::Whole { low, high, log },
            (Rule::Real(..), Setting::Real(low), Setting::Real(high)) => Range::Real { low, high, log },
            _ => return Err(fail("an interval is between two numbers")),
        };
        let (a, b) = match range {
            Range::Whole { low, high, .. } => (low as f64, high as f64),
            Range::Real { low, high, .. } => (low, high),
            Range::Choice { .. } => (0.0, 0.0),
        };
        if a > b {
            return Err(fail("the low end of a tuning space stands first").hint(format!("write [{high}, {low}]")));
        }
        if a == b {
            return Err(
                fail("a tuning space is wider than one value").hint(format!("to fix it, write {} = {low} in the model", parameter.name))
            );
        }
        if log && a <= 0.0 {
            return Err(fail("it is searched in the logarithm, so the low end is above 0"));
        }
        Ok(Self { parameter: parameter.name.to_owned(), range })
    }

    /// The space of a parameter that takes one of some values.
    ///
    /// # Errors
    /// A value against the parameter's rule, one that repeats, or fewer than two.
    pub fn among(parameter: &Parameter, values: Vec<Setting>) -> Result<Self> {
        let mut checked: Vec<Setting> = Vec::with_capacity(values.len());
        for value in values {
            let value = parameter.check(value)?;
            if checked.contains(&value) {
                return Err(Error::recipe(format!("'{}'", parameter.name))
                    .got(value.to_string())
                    .rule("each value of a space is named once"));
            }
            checked.push(value);
        }
        if checked.len() < 2 {
            let got = if checked.is_empty() { "nothing" } else { "one value" };
            return Err(Error::recipe(format!("'{}'", parameter.name)).got(got).rule("a tuning space has at least two values"));
        }
        Ok(Self { parameter: parameter.name.to_owned(), range: Range::Choice { values: checked } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_that_contradict_themselves_are_refused() {
        let rate = Parameter::real("rate", 0.1, 1e-4, 1.0, "").tuned(Search::LogUniform(0.02, 0.2));
        let lambda = Parameter::real("lambda", 1.0, 0.0, 10.0, "").tuned(Search::LogUniform(0.02, 0.2));
        let word = Parameter::choice("weights", &["uniform", "distance"], "");
        let text = |w: &str| Setting::Text(w.into());
        for (space, rule) in [
            (Space::between(&rate, Setting::Real(0.3), Setting::Real(0.01)), "low end of a tuning space stands first"),
            (Space::between(&rate, Setting::Real(0.3), Setting::Real(0.3)), "wider than one value"),
            (Space::between(&rate, Setting::Real(0.3), Setting::Real(3.0)), "from 0.0001 to 1"),
            (Space::between(&lambda, Setting::Integer(0), Setting::Integer(1)), "above 0"),
            (Space::between(&word, text("uniform"), text("distance")), "between two numbers"),
            (Space::among(&word, vec![text("uniform"), text("near")]), "one of 'uniform', 'distance'"),
            (Space::among(&word, vec![text("uniform"), text("uniform")]), "named once"),
            (Space::among(&word, vec![text("uniform")]), "at least two"),
        ] {
            let said = space.unwrap_err().to_string();
            assert!(said.contains(rule), "{said}");
        }
    }

    #[test]
    fn a_value_lies_where_its_share_says() {
        let mut rng = Rng::new(1);
        for _ in 0..2000 {
            let (low, width, log, share) = (1 + rng.below(50) as i64, 1 + rng.below(200) as i64, rng.below(2) == 0, rng.uniform());
            let whole = Range::Whole { low, high: low + width, log };
            let value = whole.at(share);
            let (from, to) = whole.stretch(&value).unwrap();
            assert!(from - 1e-9 <= share && share <= to + 1e-9, "{value}: {from} {share} {to}");
            let Setting::Integer(v) = value else { panic!() };
            assert!((low..=low + width).contains(&v));
            let real = Range::Real { low: low as f64, high: (low + width) as f64, log };
            let (at, _) = real.stretch(&real.at(share)).unwrap();
            assert!((at - share).abs() < 1e-9);
        }
    }
}
