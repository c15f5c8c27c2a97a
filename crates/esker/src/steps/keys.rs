//! Rows of two tables that have the same keys.

use std::collections::HashMap;

use esker_core::{Column, Context, Error, Result, Table, Values};

use crate::columns::unknown_column;
use crate::recipe::Keys;

/// Part of a key: a number by its bits, or a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part<'a> {
    Number(u64),
    Text(&'a str),
}

/// Where each row of a table finds its keys in another.
pub(super) struct Found {
    /// For each row here, its place among `groups`.
    pub group: Vec<Option<usize>>,
    /// Rows there of one key.
    pub groups: Vec<Vec<usize>>,
    /// Rows here without a key.
    pub without: usize,
}

impl Found {
    /// All rows here find all rows there.
    pub fn all(here: usize, there: usize) -> Self {
        Self { group: vec![Some(0); here], groups: vec![(0..there).collect()], without: 0 }
    }

    /// For each row here, the rows there.
    pub fn rows(&self) -> Vec<&[usize]> {
        self.group.iter().map(|g| g.map_or(&[][..], |g| &self.groups[g])).collect()
    }
}

/// The key of a row; none where part of it is missing.
fn key<'a>(columns: &[&'a Column], row: usize) -> Option<Vec<Part<'a>>> {
    columns
        .iter()
        .map(|c| match &c.values {
            // Adding zero turns -0 into 0.
            Values::Real(v) => (!v[row].is_nan()).then(|| Part::Number((v[row] + 0.0).to_bits())),
            Values::Class(c) => c.label(row).map(Part::Text),
        })
        .collect()
}

/// The first key of some columns, as a person would write it.
fn shown(columns: &[&Column]) -> String {
    let rows = columns.first().map_or(0, |c| c.len());
    let first = (0..rows).find(|&r| columns.iter().all(|c| !c.values.is_missing(r)));
    first.map_or_else(
        || "none".into(),
        |r| {
            let part = |c: &&Column| match &c.values {
                Values::Real(v) => v[r].to_string(),
                Values::Class(k) => format!("'{}'", k.label(r).unwrap_or_default()),
            };
            columns.iter().map(part).collect::<Vec<_>>().join(", ")
        },
    )
}

/// The columns of some keys in a table.
fn columns<'t>(table: &'t Table, names: impl Iterator<Item = &'t String>, rule: &str) -> Result<Vec<&'t Column>> {
    names.map(|n| table.columns().iter().find(|c| c.name == *n).ok_or_else(|| unknown_column(table, n, rule))).collect()
}

/// Finds the rows of `there` with the keys of each row of `here`.
///
/// # Errors
/// Columns that are not there, of different types or units, keys of which none agrees, or the user stopped the work.
pub(super) fn find(here: &Table, there: &Table, by: &Keys, name: &str, cx: &Context) -> Result<Found> {
    let own = columns(here, by.iter().map(|k| &k.0), "no such column in the table")?;
    let other = columns(there, by.iter().map(|k| &k.1), &format!("no such column in '{name}'"))?;
    for (a, b) in own.iter().zip(&other) {
        comparable(a, b, name)?;
    }
    let mut index: HashMap<Vec<Part<'_>>, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for row in 0..there.rows() {
        cx.check()?;
        if let Some(key) = key(&other, row) {
            let g = *index.entry(key).or_insert(groups.len());
            if g == groups.len() {
                groups.push(Vec::new());
            }
            groups[g].push(row);
        }
    }
    let keys = (0..here.rows()).map(|row| cx.check().map(|()| key(&own, row))).collect::<Result<Vec<_>>>()?;
    let without = keys.iter().filter(|k| k.is_none()).count();
    let group: Vec<Option<usize>> = keys.iter().map(|k| index.get(k.as_ref()?).copied()).collect();
    if group.iter().all(Option::is_none) {
        return Err(Error::data(format!("keys of '{name}'"))
            .got(format!("0 of {} rows with a key of its {}", here.rows(), there.rows()))
            .rule("a join finds at least one row")
            .hint(format!("the first key of the table is {}, that of '{name}' {}", shown(&own), shown(&other))));
    }
    Ok(Found { group, groups, without })
}

fn comparable(a: &Column, b: &Column, name: &str) -> Result<()> {
    let refused = || Error::data(format!("key '{}' of the table and '{}' of '{name}'", a.name, b.name));
    let word = |c: &Column| if matches!(c.values, Values::Real(_)) { "numbers" } else { "text" };
    if word(a) != word(b) {
        let (text, number) = if word(a) == "text" { (a, b) } else { (b, a) };
        let place = if std::ptr::eq(number, a) { "[data]" } else { "the step" };
        return Err(refused()
            .got(format!("{} ({}) and {} ({})", word(a), shown(&[a]), word(b), shown(&[b])))
            .rule("keys of one type are compared")
            .hint(format!("'{}' is text; read the numbers as text too: classes = [\"{}\"] in {place}", text.name, number.name)));
    }
    if !a.unit.is_empty() && !b.unit.is_empty() && !a.unit.same(&b.unit) {
        return Err(refused().got(format!("'{}' and '{}'", a.unit, b.unit)).rule("keys have one unit"));
    }
    Ok(())
}
