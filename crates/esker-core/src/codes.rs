//! Codes: one small integer a row, with the names they stand for.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The code of a missing class or group.
pub const MISSING: u32 = u32::MAX;

/// Class or group labels as codes into a list of levels. [`MISSING`] marks a missing label.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Codes {
    codes: Vec<u32>,
    levels: Vec<String>,
}

impl Codes {
    /// Codes into `levels`; every code is [`MISSING`] or a valid index.
    ///
    /// # Errors
    /// A code beyond the levels.
    pub fn new(codes: Vec<u32>, levels: Vec<String>) -> Result<Self> {
        if let Some(bad) = codes.iter().find(|&&c| c != MISSING && c as usize >= levels.len()) {
            return Err(Error::data("class code").got(bad.to_string()).rule(format!("{} levels are known", levels.len())));
        }
        Ok(Self { codes, levels })
    }

    /// Codes of labels, levels sorted; `None` is missing. Labels that are all numbers sort as numbers.
    pub fn from_labels<S: AsRef<str>>(labels: &[Option<S>]) -> Self {
        let mut levels: Vec<&str> = labels.iter().flatten().map(AsRef::as_ref).collect();
        levels.sort_unstable();
        levels.dedup();
        let numbers: Option<Vec<f64>> = levels.iter().map(|l| l.parse::<f64>().ok().filter(|v| v.is_finite())).collect();
        if let Some(numbers) = numbers {
            let mut order: Vec<usize> = (0..levels.len()).collect();
            order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]).then(levels[a].cmp(levels[b])));
            levels = order.into_iter().map(|i| levels[i]).collect();
        }
        let of: std::collections::HashMap<&str, u32> = levels.iter().enumerate().map(|(i, l)| (*l, i as u32)).collect();
        let codes = labels.iter().map(|l| l.as_ref().map_or(MISSING, |l| of[l.as_ref()])).collect();
        Self { codes, levels: levels.into_iter().map(str::to_owned).collect() }
    }

    /// One code a row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The names the codes stand for.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The label of a row, `None` where missing.
    pub fn label(&self, row: usize) -> Option<&str> {
        self.levels.get(self.codes[row] as usize).map(String::as_str)
    }

    /// The rows named, in that order, repeats allowed; levels are kept as they are.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self { codes: rows.iter().map(|&r| self.codes[r]).collect(), levels: self.levels.clone() }
    }

    /// Number of rows of each level.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.levels.len()];
        for &c in &self.codes {
            if c != MISSING {
                counts[c as usize] += 1;
            }
        }
        counts
    }

    /// The same labels coded against other levels; labels the other levels lack come back as the `Err` list.
    ///
    /// # Errors
    /// The unseen labels in use, sorted.
    pub fn recode(&self, levels: &[String]) -> std::result::Result<Self, Vec<String>> {
        let to: Vec<Option<u32>> = self.levels.iter().map(|l| levels.iter().position(|k| k == l).map(|p| p as u32)).collect();
        let mut unseen: Vec<String> = Vec::new();
        let codes = self
            .codes
            .iter()
            .map(|&c| match c {
                MISSING => MISSING,
                c => to[c as usize].unwrap_or_else(|| {
                    unseen.push(self.levels[c as usize].clone());
                    MISSING
                }),
            })
            .collect();
        if unseen.is_empty() {
            return Ok(Self { codes, levels: levels.to_vec() });
        }
        unseen.sort_unstable();
        unseen.dedup();
        Err(unseen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers_and_words_as_words() {
        let c = Codes::from_labels(&[Some("10"), Some("9"), None, Some("10")]);
        assert_eq!(c.levels(), ["9", "10"]);
        assert_eq!(c.codes(), [1, 0, MISSING, 1]);
        let w = Codes::from_labels(&[Some("b"), Some("a")]);
        assert_eq!(w.levels(), ["a", "b"]);
    }

    #[test]
    fn recoding_names_what_is_unseen() {
        let c = Codes::from_labels(&[Some("ice"), Some("moss")]);
        assert_eq!(c.recode(&["ice".into()]), Err(vec!["moss".into()]));
        let wide = c.recode(&["firn".into(), "moss".into(), "ice".into()]).unwrap();
        assert_eq!(wide.label(0), Some("ice"));
        assert_eq!(wide.codes(), [2, 1]);
    }
}
