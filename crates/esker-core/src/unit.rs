//! A unit of measure as text, compared after normalising its spelling.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A unit as the user wrote it, e.g. `m w.e. yr-1`. The empty unit means "not stated".
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Unit(String);

impl Unit {
    /// A unit from its text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().to_owned())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether no unit was stated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether two units are the same after spelling: `m/yr`, `m yr-1`, `m yr^-1` and `m yr⁻¹` are.
    ///
    /// Nothing is converted: `mm` and `m` differ.
    ///
    /// ```
    /// use esker_core::Unit;
    /// assert!(Unit::new("kg/m2").same(&Unit::new("kg m^-2")));
    /// assert!(!Unit::new("mm").same(&Unit::new("m")));
    /// ```
    pub fn same(&self, other: &Self) -> bool {
        normal(&self.0) == normal(&other.0)
    }

    /// ` (unit)` for an axis or a message, empty where no unit was stated.
    pub fn bracketed(&self) -> String {
        if self.is_empty() { String::new() } else { format!(" ({})", self.0) }
    }

    /// ` unit` to stand behind a number, empty where no unit was stated.
    pub fn suffix(&self) -> String {
        if self.is_empty() { String::new() } else { format!(" {}", self.0) }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn normal(text: &str) -> String {
    let mut flat = String::with_capacity(text.len());
    // A power is written `m-2`, `m^-2` or `m**-2`.
    for c in text.replace("**", "").replace(" per ", "/").chars() {
        match c {
            '⁻' => flat.push('-'),
            '⁰' => flat.push('0'),
            '¹' => flat.push('1'),
            '²' => flat.push('2'),
            '³' => flat.push('3'),
            '⁴' => flat.push('4'),
            '^' | '(' | ')' => {}
            '·' | '*' | '_' => flat.push(' '),
            '°' => flat.push_str("deg"),
            c => flat.push(c),
        }
    }
    let mut words = Vec::new();
    for (i, part) in flat.split('/').enumerate() {
        for word in part.split_whitespace().flat_map(factors) {
            let divided = i > 0;
            let ends_in_power = word.chars().last().is_some_and(|c| c.is_ascii_digit());
            words.push(match (divided, ends_in_power) {
                (false, _) => word.to_owned(),
                (true, false) => format!("{word}-1"),
                (true, true) => {
                    let cut = word.find(|c: char| c.is_ascii_digit()).unwrap_or(word.len());
                    format!("{}-{}", &word[..cut], &word[cut..])
                }
            });
        }
    }
    words.join(" ")
}

/// The factors of `kg.m-2.s-1`; `w.e.` and `0.01` are one.
fn factors(word: &str) -> impl Iterator<Item = &str> {
    let one = word.ends_with('.') || word.contains("w.e") || word.split('.').any(|f| !f.starts_with(char::is_alphabetic));
    word.split(move |c| c == '.' && !one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_unit_agree_and_scales_do_not() {
        for other in ["m w.e. yr-1", "m w.e. yr^-1", "m w.e. yr⁻¹", " m  w.e./yr "] {
            assert!(Unit::new("m w.e. yr-1").same(&Unit::new(other)), "{other}");
        }
        for other in ["kg m**-2 s**-1", "kg/m2/s", "kg/(m^2 s)", "kg.m-2.s-1", "kg m⁻² s⁻¹", "kg m-2 per s"] {
            assert!(Unit::new("kg m-2 s-1").same(&Unit::new(other)), "{other}");
        }
        assert!(!Unit::new("0.01 m").same(&Unit::new("01 m")) && !Unit::new("m w.e.").same(&Unit::new("m w e")));
        assert!(Unit::new("°C").same(&Unit::new("degC")));
        assert!(!Unit::new("K").same(&Unit::new("degC")));
    }
}
