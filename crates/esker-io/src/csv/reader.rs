//! One column while its cells are read: as numbers, as dates or as texts.

use super::found::{Found, Place, mark};
use super::number::{leading_zero, number, too_many_digits};
use super::scan::Cell;
use super::shown;
use crate::intern::Interner;
use crate::missing::{Declared, is_marker};
use crate::time::parse_moment;

/// What the cells of a column are read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not at all.
    Skip,
    Number,
    Date,
    Text,
}

/// What holds for all cells of a file.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub text: &'a str,
    pub decimal_comma: bool,
    pub declared: &'a Declared,
}

/// A column, or a part of its rows.
pub(super) struct Reader<'t, 'v> {
    pub kind: Kind,
    /// One a row where numbers or dates are read, else none.
    pub values: &'v mut [f64],
    pub found: Found,
    pub texts: Interner<'t>,
    /// Some cell stands without quotes.
    pub bare: bool,
}

impl<'t, 'v> Reader<'t, 'v> {
    pub(super) fn new(kind: Kind, values: &'v mut [f64]) -> Self {
        Self { kind, values, found: Found::default(), texts: Interner::default(), bare: false }
    }

    /// Takes the cell of a row, counted from 0; `line` is where it stands.
    pub(super) fn take(&mut self, cell: &Cell, row: usize, line: u64, rules: Rules<'t>) {
        self.bare |= !cell.quoted;
        match self.kind {
            Kind::Skip => {}
            Kind::Number => self.values[row] = self.number(cell, row, line, rules),
            Kind::Date => self.values[row] = self.date(cell, row, line, rules),
            Kind::Text => {
                let text = cell.text(rules.text);
                // Quotes may say that "NA" is a text.
                if cell.quoted && !text.is_empty() && is_marker(text.as_bytes()) {
                    self.texts.push_protected(&text);
                } else {
                    self.texts.push(text);
                }
            }
        }
    }

    fn number(&mut self, cell: &Cell, row: usize, line: u64, rules: Rules<'_>) -> f64 {
        let raw = cell.bytes(rules.text);
        let bytes = if cell.quoted { raw.trim_ascii() } else { raw };
        match number(bytes, rules.decimal_comma) {
            Some(infinite) if infinite.is_infinite() && rules.declared.text(bytes) => {
                self.found.marker(bytes);
                f64::NAN
            }
            Some(value) => {
                self.found.fit += 1;
                if leading_zero(bytes) {
                    mark(&mut self.found.zeros, bytes);
                }
                if too_many_digits(bytes, value) {
                    mark(&mut self.found.long, bytes);
                }
                if value.is_infinite() && self.found.infinite.is_none() {
                    self.found.infinite = Some(place(cell, row, line, rules));
                }
                value
            }
            None => self.other(bytes, cell, row, line, rules),
        }
    }

    fn date(&mut self, cell: &Cell, row: usize, line: u64, rules: Rules<'_>) -> f64 {
        let bytes = cell.bytes(rules.text).trim_ascii();
        match parse_moment(bytes) {
            Some(days) => {
                self.found.fit += 1;
                days
            }
            None => self.other(bytes, cell, row, line, rules),
        }
    }

    /// A cell that does not fit: missing, or counted as such.
    fn other(&mut self, bytes: &[u8], cell: &Cell, row: usize, line: u64, rules: Rules<'_>) -> f64 {
        if bytes.is_empty() {
        } else if is_marker(bytes) || rules.declared.text(bytes) {
            self.found.marker(bytes);
        } else {
            self.found.bad += 1;
            if self.found.first_bad.is_none() {
                self.found.first_bad = Some(place(cell, row, line, rules));
            }
        }
        f64::NAN
    }
}

fn place(cell: &Cell, row: usize, line: u64, rules: Rules<'_>) -> Place {
    Place { row: row as u64 + 1, line, text: shown(&cell.text(rules.text)) }
}
