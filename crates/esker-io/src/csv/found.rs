//! What was met in a column that is read as numbers or dates: how many cells fit, what the others say, and the notes on it.

use esker_core::{Error, Note, Result};

use super::head::Head;
use super::row_name;
use crate::missing::Tally;

/// Where a cell was and what it said.
pub(super) struct Place {
    pub row: u64,
    pub line: u64,
    pub text: String,
}

/// The cells of a column, counted.
#[derive(Default)]
pub(super) struct Found {
    /// Cells that are numbers, or dates where those are wanted.
    pub fit: u64,
    /// Cells that neither fit nor are missing.
    pub bad: u64,
    pub first_bad: Option<Place>,
    pub infinite: Option<Place>,
    pub zeros: Option<(u64, String)>,
    pub long: Option<(u64, String)>,
    markers: Vec<(String, u64)>,
}

impl Found {
    /// Counts a cell that says missing in words.
    pub(super) fn marker(&mut self, bytes: &[u8]) {
        match self.markers.iter_mut().find(|(m, _)| m.as_bytes() == bytes) {
            Some((_, count)) => *count += 1,
            None => self.markers.push((String::from_utf8_lossy(bytes).into_owned(), 1)),
        }
    }

    /// Moves the places by the rows and lines that stand before this part.
    pub(super) fn shift(&mut self, rows: u64, lines: u64) {
        for place in [&mut self.first_bad, &mut self.infinite].into_iter().flatten() {
            (place.row, place.line) = (place.row + rows, place.line + lines);
        }
    }

    /// Puts what a later part met behind this.
    pub(super) fn join(&mut self, next: Self) {
        self.fit += next.fit;
        self.bad += next.bad;
        self.first_bad = self.first_bad.take().or(next.first_bad);
        self.infinite = self.infinite.take().or(next.infinite);
        for (mine, other) in [(&mut self.zeros, next.zeros), (&mut self.long, next.long)] {
            match (mine.as_mut(), other) {
                (Some((count, _)), Some((more, _))) => *count += more,
                (None, other) => *mine = other,
                (Some(_), None) => {}
            }
        }
        for (marker, count) in next.markers {
            match self.markers.iter_mut().find(|(m, _)| *m == marker) {
                Some((_, sum)) => *sum += count,
                None => self.markers.push((marker, count)),
            }
        }
    }

    /// Whether a column of numbers is one: false where it holds texts.
    ///
    /// # Errors
    /// An infinite number; texts in a column that is numbers else.
    pub(super) fn are_numbers(&self, head: &Head<'_>, name: &str) -> Result<bool> {
        let Some(first) = &self.first_bad else {
            return match &self.infinite {
                Some(place) => Err(Error::data(format!("{}, column '{name}'", row_name(head.file, Some(place.row), place.line)))
                    .got(format!("'{}'", place.text))
                    .rule("numbers are finite")
                    .hint(format!("correct the cell, or declare it: [data] missing = [\"{}\"]", place.text))),
                None => Ok(true),
            };
        };
        if !mostly(self.fit, self.bad) {
            return Ok(false);
        }
        let others = match self.bad {
            1 => String::new(),
            2 => " and 1 more cell that is no number".to_owned(),
            n => format!(" and {} more cells that are no numbers", n - 1),
        };
        let hint = if first.row == 1 && self.bad == 1 {
            "if the first row holds units, remove it and declare them in [data] units".to_owned()
        } else {
            format!(
                "correct the cell; or declare it: [data] missing = [\"{}\"]; or read the column as text: [data] classes = [\"{name}\"]",
                first.text
            )
        };
        Err(Error::data(format!("{}, column '{name}'", row_name(head.file, Some(first.row), first.line)))
            .got(format!("'{}'{others}", first.text))
            .rule(format!("the other {} cells of the column are numbers", self.fit))
            .hint(hint))
    }

    /// The notes on a column of numbers or dates; markers go to the tally.
    pub(super) fn notes(&self, name: &str, tally: &mut Tally, notes: &mut Vec<Note>) {
        if let Some((count, text)) = &self.zeros {
            notes.push(Note::warning(
                "leading-zeros",
                format!("Column '{name}' was read as numbers; {count} of its cells start with a zero, such as '{text}'. If they are codes: [data] classes = [\"{name}\"]."),
            ));
        }
        if let Some((count, text)) = &self.long {
            notes.push(Note::warning(
                "long-integers",
                format!("Column '{name}' was read as numbers; {count} of its cells have more digits than a number keeps, such as '{text}'. If they are codes: [data] classes = [\"{name}\"]."),
            ));
        }
        for (marker, count) in &self.markers {
            tally.add(marker, name, *count);
        }
    }
}

/// Whether what fits is so much that the rest must be mistakes: nine cells of ten.
pub(super) fn mostly(fit: u64, bad: u64) -> bool {
    fit * 10 >= (fit + bad) * 9
}

/// Counts a cell worth a note, and keeps the first.
pub(super) fn mark(seen: &mut Option<(u64, String)>, bytes: &[u8]) {
    match seen {
        Some((count, _)) => *count += 1,
        None => *seen = Some((1, String::from_utf8_lossy(bytes).into_owned())),
    }
}
