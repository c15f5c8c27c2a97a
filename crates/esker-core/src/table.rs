//! A table: columns of one length under unique names, before any column has a role.

use crate::{Column, Error, Note, Result};

/// Columns as a reader found them, with what it noted on the way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
    /// What the reader detected or decided.
    pub notes: Vec<Note>,
}

impl Table {
    /// A table of columns of one length under unique names.
    ///
    /// # Errors
    /// Names that repeat, lengths that differ.
    pub fn new(columns: Vec<Column>) -> Result<Self> {
        let rows = columns.first().map_or(0, Column::len);
        check_columns(&columns, rows)?;
        Ok(Self { columns, rows, notes: Vec::new() })
    }

    /// The columns, in file order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The column of that name.
    ///
    /// # Errors
    /// No such column; the hint names the nearest ones.
    pub fn column(&self, name: &str) -> Result<&Column> {
        find_column(&self.columns, name)
    }

    /// Adds a column, or replaces the one of that name.
    ///
    /// # Errors
    /// A length that differs.
    pub fn put(&mut self, column: Column) -> Result<()> {
        if self.columns.is_empty() {
            self.rows = column.len();
        }
        check_length(&column, self.rows)?;
        match self.columns.iter_mut().find(|c| c.name == column.name) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
        Ok(())
    }

    /// The rows named, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self { columns: self.columns.iter().map(|c| c.select(rows)).collect(), rows: rows.len(), notes: self.notes.clone() }
    }
}

pub(crate) fn check_length(column: &Column, rows: usize) -> Result<()> {
    if column.len() == rows {
        return Ok(());
    }
    Err(Error::data(format!("column '{}'", column.name))
        .got(format!("{} rows", column.len()))
        .rule(format!("the other columns have {rows}")))
}

pub(crate) fn check_columns(columns: &[Column], rows: usize) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for column in columns {
        check_length(column, rows)?;
        if !seen.insert(column.name.as_str()) {
            return Err(Error::data(format!("column '{}'", column.name)).got("the name twice").rule("column names are unique"));
        }
    }
    Ok(())
}

pub(crate) fn find_column<'a>(columns: &'a [Column], name: &str) -> Result<&'a Column> {
    columns.iter().find(|c| c.name == name).ok_or_else(|| {
        let lower = name.to_lowercase();
        let near = columns.iter().map(|c| c.name.as_str()).find(|n| n.to_lowercase() == lower);
        let mut error = Error::data(format!("column '{name}'")).rule("no such column in the table");
        if let Some(near) = near {
            error = error.hint(format!("did you mean '{near}'?"));
        } else {
            let names: Vec<&str> = columns.iter().take(12).map(|c| c.name.as_str()).collect();
            let more = if columns.len() > 12 { ", …" } else { "" };
            error = error.hint(format!("the columns are {}{more}", names.join(", ")));
        }
        error
    })
}
