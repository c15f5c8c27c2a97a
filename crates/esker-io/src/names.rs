//! Column names: unique, never empty, kept as they are.

use std::collections::{HashMap, HashSet};

use esker_core::{Column, Error, Note, Result, Table, Unit};

use crate::ReadOptions;

/// Most columns of a table.
pub(crate) const MOST_COLUMNS: usize = 65_536;

/// Names that are taken. A free one is found without trying all: a file may repeat a name as often as it likes.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    seen: HashSet<String>,
    next: HashMap<String, usize>,
}

impl Taken {
    /// Takes a name.
    pub fn take(&mut self, name: &str) {
        self.seen.insert(name.to_owned());
    }

    /// Whether a name is taken.
    pub fn is_taken(&self, name: &str) -> bool {
        self.seen.contains(name)
    }

    /// Takes the name, or where it is taken `name_2`, `name_3` and so on.
    pub fn unique(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        if !self.seen.insert(free.clone()) {
            let n = self.next.entry(name.to_owned()).or_insert(1);
            while !self.seen.insert(free.clone()) {
                *n += 1;
                free = format!("{name}_{n}");
            }
        }
        free
    }
}

/// Checks the names of a header; an unnamed first column, as pandas and R write their row labels, becomes `row`.
pub(crate) fn check_names(file: &str, names: &mut [String], notes: &mut Vec<Note>) -> Result<()> {
    let count = names.len();
    if count > MOST_COLUMNS {
        return Err(Error::data(format!("header of '{file}'"))
            .got(format!("{count} columns"))
            .rule(format!("at most {MOST_COLUMNS} are read")));
    }
    if count > 1 && names[0].is_empty() {
        names[0] = "row".into();
        notes.push(Note::info("unnamed-column", "The first column has no name, as row labels are often written; it is called 'row'."));
    }
    let mut seen: HashMap<&str, usize> = HashMap::with_capacity(count);
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() {
            let error = Error::data(format!("column {} of '{file}'", i + 1)).got("an empty name").rule("every column has a name");
            let last = i + 1 == count && count > 1;
            return Err(if last { error.hint("does each line end with a spare delimiter?") } else { error.hint("name it in the header") });
        }
        if let Some(first) = seen.insert(name, i) {
            return Err(Error::data(format!("header of '{file}'"))
                .got(format!("the name '{name}' twice, in columns {} and {}", first + 1, i + 1))
                .rule("column names are unique")
                .hint("rename one of them in the file"));
        }
    }
    Ok(())
}

/// Puts the caller's units on the columns, and refuses options that name no column.
pub(crate) fn apply_options(file: &str, mut table: Table, options: &ReadOptions) -> Result<Table> {
    for (key, name) in options.units.keys().map(|n| ("units", n)).chain(options.classes.iter().map(|n| ("classes", n))) {
        table
            .column(name)
            .map_err(|e| Error { thing: format!("column '{name}' in [data] {key}"), ..e.rule(format!("no such column in '{file}'")) })?;
    }
    for (name, unit) in &options.units {
        let column = Column { unit: Unit::new(unit), ..table.column(name)?.clone() };
        table.put(column)?;
    }
    Ok(table)
}

/// A note where names carry what looks like a unit: `temp [degC]`, `depth (m)`. The names stay whole.
pub(crate) fn unit_note(names: &[String], options: &ReadOptions) -> Option<Note> {
    let carries = |name: &&String| {
        let inside =
            |open, close| name.strip_suffix(close).and_then(|n: &str| n.rfind(open)).is_some_and(|at| at > 0 && at + 2 < name.len());
        !options.units.contains_key(*name) && (inside('[', ']') || inside('(', ')'))
    };
    let found: Vec<&String> = names.iter().filter(carries).collect();
    let first = found.first()?;
    let rest = if found.len() > 1 { format!(" and {} more", found.len() - 1) } else { String::new() };
    let text = format!("The name '{first}'{rest} seems to carry a unit; names are kept whole. Declare units in [data] units.");
    Some(Note::info("unit-in-name", text))
}
