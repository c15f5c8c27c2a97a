//! The columns that a step is given, and what steps ask of the support of their rows.

use esker_core::{Codes, Column, Error, MISSING, Result, Samples, Values, matches};

use super::impute::clash;

/// Names and globs of columns; none stands for every feature that the step fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted(pub Vec<String>);

impl Wanted {
    /// Whether a column is among them.
    pub fn holds(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|glob| matches(glob, name))
    }

    /// Whether it is named in full.
    fn names(&self, name: &str) -> bool {
        self.0.iter().any(|n| n == name)
    }

    /// The features wanted that a test finds fit. One that is named and does not fit is refused with what is wanted there.
    fn fitting<'a>(&self, train: &'a Samples, target: &'a str, (fits, rule): (fn(&Values) -> bool, &str)) -> Result<Vec<&'a Column>> {
        let mut found = Vec::new();
        for column in train.features(target).filter(|c| self.holds(&c.name)) {
            if fits(&column.values) {
                found.push(column);
            } else if self.names(&column.name) {
                let got = if matches!(column.values, Values::Real(_)) { "numbers" } else { "classes" };
                return Err(Error::data(format!("column '{}'", column.name)).got(got).rule(rule.to_owned()));
            }
        }
        Ok(found)
    }

    /// The features of numbers among them.
    pub(super) fn numbers<'a>(&self, train: &'a Samples, target: &'a str) -> Result<Vec<&'a Column>> {
        self.fitting(train, target, (|v| matches!(v, Values::Real(_)), "numbers are needed here"))
    }

    /// The features of classes among them.
    pub(super) fn classes<'a>(&self, train: &'a Samples, target: &'a str) -> Result<Vec<&'a Column>> {
        self.fitting(train, target, (|v| matches!(v, Values::Class(_)), "classes are needed here"))
    }

    /// The rows with the features among them and the target.
    pub(super) fn restrict(&self, train: &Samples, target: &str) -> Result<Samples> {
        let columns = train.columns().iter().filter(|c| c.name == target || self.holds(&c.name)).cloned().collect();
        Samples::new(columns, train.support().clone(), train.weight().map(<[f64]>::to_vec))
    }
}

/// When the rows were, in days since 1970-01-01.
pub(super) fn days<'a>(samples: &'a Samples, step: &str) -> Result<&'a [f64]> {
    samples.support().time.as_ref().map(|t| t.days.as_slice()).ok_or_else(|| {
        Error::data(format!("step '{step}'"))
            .got("rows that do not know when they were")
            .rule("it needs the time of each row")
            .hint("name the column: [roles] time = \"…\"; rows to be predicted need it too")
    })
}

/// Refuses rows without a group where those learned from had one: whose past theirs is cannot be told.
pub(super) fn grouped(samples: &Samples, known: &[String], step: &str) -> Result<()> {
    if samples.support().group.is_some() || alone(known) {
        return Ok(());
    }
    Err(Error::data(format!("step '{step}'"))
        .got("rows that do not know their group")
        .rule(format!("it looks along the rows of a group, of which it learned {}", known.len()))
        .hint("rows to be predicted need the column that [roles] group names"))
}

/// Whether rows were learned without groups.
fn alone(known: &[String]) -> bool {
    known.is_empty() || *known == [String::new()]
}

/// The groups of rows as codes into levels: those given first, then further ones. Without groups all rows are of the one group ``, or of none where
/// groups are known.
pub(super) fn groups(samples: &Samples, known: &[String]) -> (Vec<u32>, Vec<String>) {
    let Some(group) = samples.support().group.as_ref() else {
        let code = if alone(known) { 0 } else { MISSING };
        return (vec![code; samples.rows()], if known.is_empty() { vec![String::new()] } else { known.to_vec() });
    };
    let mut levels = known.to_vec();
    let of: std::collections::HashMap<&str, u32> = (0..).zip(known).map(|(k, l)| (l.as_str(), k)).collect();
    let mut code = Vec::with_capacity(group.levels().len());
    for level in group.levels() {
        code.push(of.get(level.as_str()).copied().unwrap_or_else(|| {
            levels.push(level.clone());
            levels.len() as u32 - 1
        }));
    }
    (group.codes().iter().map(|&c| if c == MISSING { MISSING } else { code[c as usize] }).collect(), levels)
}

/// Refuses the name of a new column that is taken.
pub(super) fn free(samples: &Samples, name: &str, of: &str, says: &str) -> Result<()> {
    if samples.columns().iter().any(|c| c.name == name) { Err(clash(name, of, says)) } else { Ok(()) }
}

/// The values that are there.
pub(super) fn known(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|v| !v.is_nan()).collect()
}

/// The numbers of a list written as text, `1, 2, 12`.
pub(super) fn list(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect()
}

/// The texts of a list written as one text; one in quotes may hold commas, and quotes twice.
pub(super) fn items(text: &str) -> Vec<String> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut inside, mut whole) = (false, false);
    let mut marks = text.chars().peekable();
    while let Some(mark) = marks.next() {
        match mark {
            '"' if inside && marks.peek() == Some(&'"') => item.extend(marks.next()),
            '"' if inside => inside = false,
            '"' if item.trim().is_empty() && !whole => {
                item.clear();
                (inside, whole) = (true, true);
            }
            ',' if !inside => {
                whole = false;
                items.push(std::mem::take(&mut item));
            }
            _ => item.push(mark),
        }
    }
    items.push(item);
    items.into_iter().map(|i| i.trim().to_owned()).filter(|i| !i.is_empty()).collect()
}

/// A text as one of a list: in quotes where it holds a comma or begins with one.
pub fn quoted(text: &str) -> String {
    if text.contains(',') || text.starts_with('"') { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// A number in at most six significant digits.
pub(super) fn short(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return format!("{v}");
    }
    let digits = (4 - v.abs().log10().floor() as i32).clamp(0, 9) as usize;
    let text = format!("{v:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Codes of a column in known levels, unknown ones as missing.
pub(super) fn lenient(codes: &Codes, levels: &[String]) -> Vec<u32> {
    let of: std::collections::HashMap<&str, u32> = (0..).zip(levels).map(|(k, l)| (l.as_str(), k)).collect();
    let to: Vec<u32> = codes.levels().iter().map(|l| of.get(l.as_str()).copied().unwrap_or(MISSING)).collect();
    codes.codes().iter().map(|&c| if c == MISSING { MISSING } else { to[c as usize] }).collect()
}

/// The rows of each group.
pub(super) fn members(codes: &[u32], groups: usize) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); groups];
    for (row, &c) in codes.iter().enumerate().filter(|(_, c)| **c != MISSING) {
        rows[c as usize].push(row);
    }
    rows
}
