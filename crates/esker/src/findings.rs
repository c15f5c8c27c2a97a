//! Every fault of a recipe and its data at once, each with its place in the recipe's text.

use std::fmt;

use esker_core::{Error, Fault};

/// A line and column of the recipe, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset in `text`.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let end = (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let before = &text[..end];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Self { line, column }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Where in the recipe, if it is about the recipe.
    pub at: Option<Place>,
    /// What is wrong.
    pub error: Error,
}

/// All faults found, in the order of the recipe. Never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// The recipe's file name, for `file:line:column`.
    pub file: String,
    /// The faults.
    pub list: Vec<Finding>,
}

impl Findings {
    /// Adds a fault at a place.
    pub fn push(&mut self, at: Option<Place>, error: Error) {
        self.list.push(Finding { at, error });
    }

    /// `Ok(value)` if nothing was found.
    ///
    /// # Errors
    /// The findings, in the order of the recipe.
    pub fn or<T>(mut self, value: T) -> Result<T, Self> {
        if self.list.is_empty() {
            return Ok(value);
        }
        self.list.sort_by_key(|f| f.at.unwrap_or(Place { line: usize::MAX, column: 0 }));
        Err(self)
    }

    /// The sort of the gravest fault, which decides the exit code: a recipe's fault before the data's.
    pub fn fault(&self) -> Fault {
        let of = |fault| self.list.iter().any(|f| f.error.fault == fault);
        if of(Fault::Recipe) { Fault::Recipe } else { self.list.first().map_or(Fault::Data, |f| f.error.fault) }
    }
}

impl From<Error> for Findings {
    fn from(error: Error) -> Self {
        Self { file: String::new(), list: vec![Finding { at: None, error }] }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, finding) in self.list.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            if let Some(Place { line, column }) = finding.at {
                write!(f, "{}:{line}:{column}: ", self.file)?;
            }
            write!(f, "{}", finding.error)?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}
