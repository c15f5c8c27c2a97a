//! Typed cells to a column, by the same rules as text cells: what is missing, what is a number, what is a class.

use esker_core::{Codes, Column, DAYS, Error, Note, Result, Unit, Values};

use crate::ReadOptions;
use crate::csv::number;
use crate::missing::{Declared, Tally, is_marker, number_text};
use crate::time::{format_date, parse_days};

/// A cell of a spreadsheet or well log.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Cell {
    #[default]
    Empty,
    Number(f64),
    Text(String),
    /// Days since 1970-01-01.
    Days(f64),
    /// A time of the day or a length of time, in days.
    Span(f64),
    Truth(bool),
}

impl Cell {
    /// As a class label.
    fn label(&self) -> Option<String> {
        Some(match self {
            Self::Empty => return None,
            Self::Number(v) | Self::Span(v) => number_text(*v),
            Self::Text(text) => text.clone(),
            Self::Days(days) => format_date(*days),
            Self::Truth(truth) => truth.to_string(),
        })
    }
}

/// What is known of all columns of a file.
pub(crate) struct About<'a> {
    pub file: &'a str,
    pub options: &'a ReadOptions,
    pub declared: Declared,
    pub tally: Tally,
    pub notes: Vec<Note>,
}

/// How many cells of a column are what.
#[derive(Default)]
struct Counts {
    numbers: usize,
    texts: usize,
    days: usize,
    spans: usize,
    truths: usize,
    text_numbers: usize,
    first_text: Option<usize>,
}

impl<'a> About<'a> {
    pub(crate) fn new(file: &'a str, options: &'a ReadOptions) -> Self {
        Self { file, options, declared: Declared::new(&options.missing), tally: Tally::default(), notes: Vec::new() }
    }

    /// The column of some cells; `unit` is what the file says, `line` the line or row of the first cell in the file.
    pub(crate) fn column(&mut self, name: &str, unit: &str, mut cells: Vec<Cell>) -> Result<Column> {
        let forced = self.options.reads_as_class(&name.to_owned());
        self.blank(name, &mut cells);
        let counts = count(&cells);
        let others = counts.texts + counts.truths;
        let kinds = [counts.numbers, counts.days, counts.spans, others].iter().filter(|&&n| n > 0).count();
        let (unit, values) = if forced || (others > 0 && counts.numbers == 0 && counts.days == 0 && counts.spans == 0) {
            if counts.texts > 0 && counts.texts == counts.text_numbers && !forced {
                let text = format!(
                    "All cells of column '{name}' are numbers stored as text; it was read as classes. Store numbers as numbers if they are meant."
                );
                self.notes.push(Note::warning("text-numbers", text));
            }
            (Unit::new(unit), classes(&cells))
        } else if kinds <= 1 && counts.days > 0 {
            (Unit::new(DAYS), reals(&cells))
        } else if kinds <= 1 && counts.spans > 0 {
            (Unit::new("day"), reals(&cells))
        } else if kinds <= 1 {
            (Unit::new(unit), self.numbers(name, &cells)?)
        } else if others > 0 && counts.text_numbers == others && counts.days + counts.spans == 0 {
            let text = format!("{others} cells of column '{name}' are numbers stored as text; they were read as numbers.");
            self.notes.push(Note::warning("text-numbers", text));
            (Unit::new(unit), self.numbers(name, &cells)?)
        } else {
            self.mixed(name, &cells, &counts)?;
            (Unit::new(unit), classes(&cells))
        };
        if values.missing() == values.len() {
            self.notes.push(Note::warning("all-missing", format!("Column '{name}' holds no value at all.")));
        }
        Ok(Column { name: name.to_owned(), unit, values })
    }

    /// Takes out what stands for missing.
    fn blank(&mut self, name: &str, cells: &mut [Cell]) {
        let mut found: Vec<(String, u64)> = Vec::new();
        for cell in cells {
            let Cell::Text(text) = cell else { continue };
            if is_marker(text.as_bytes()) || self.declared.label(text) {
                if !text.is_empty() {
                    match found.iter_mut().find(|(t, _)| t == text) {
                        Some((_, n)) => *n += 1,
                        None => found.push((text.clone(), 1)),
                    }
                }
                *cell = Cell::Empty;
            }
        }
        for (marker, count) in found {
            self.tally.add(&marker, name, count);
        }
    }

    fn numbers(&mut self, name: &str, cells: &[Cell]) -> Result<Values> {
        let Values::Real(mut values) = reals(cells) else { return Ok(Values::Real(Vec::new())) };
        if let Some(row) = values.iter().position(|v| v.is_infinite()) {
            return Err(Error::data(format!("row {}, column '{name}' of '{}'", row + 1, self.file))
                .got(number_text(values[row]))
                .rule("numbers are finite"));
        }
        self.tally.scrub(name, &mut values, &self.declared);
        Ok(Values::Real(values))
    }

    /// Lets a column of several kinds pass as classes, unless nearly all of it is numbers or dates.
    fn mixed(&mut self, name: &str, cells: &[Cell], counts: &Counts) -> Result<()> {
        let total = counts.numbers + counts.texts + counts.days + counts.spans + counts.truths;
        let most = counts.numbers.max(counts.days).max(counts.spans);
        let odd = |cell: &Cell| match cell {
            Cell::Empty => false,
            Cell::Number(_) => counts.numbers < most,
            Cell::Days(_) => counts.days < most,
            Cell::Span(_) => counts.spans < most,
            Cell::Text(_) | Cell::Truth(_) => true,
        };
        let row = counts.first_text.or_else(|| cells.iter().position(odd)).unwrap_or(0);
        let shown = cells.get(row).and_then(Cell::label).unwrap_or_default();
        if most * 10 >= total * 9 {
            let kind = if counts.numbers == most { "numbers" } else { "dates or times" };
            return Err(Error::data(format!("row {}, column '{name}' of '{}'", row + 1, self.file))
                .got(format!("'{shown}'"))
                .rule(format!("{most} cells of the column are {kind}"))
                .hint(format!(
                    "correct the cell; or declare it: [data] missing = [\"{shown}\"]; or read the column as text: [data] classes = [\"{name}\"]"
                )));
        }
        let text = format!(
            "Column '{name}' holds numbers or dates in {} of {total} cells and text in the others, such as '{shown}'; it was read as classes.",
            total - counts.texts - counts.truths
        );
        self.notes.push(if most * 2 >= total { Note::warning("mixed-column", text) } else { Note::info("mixed-column", text) });
        Ok(())
    }
}

fn count(cells: &[Cell]) -> Counts {
    let mut counts = Counts::default();
    for (row, cell) in cells.iter().enumerate() {
        match cell {
            Cell::Empty => {}
            Cell::Number(_) => counts.numbers += 1,
            Cell::Days(_) => counts.days += 1,
            Cell::Span(_) => counts.spans += 1,
            Cell::Truth(_) => counts.truths += 1,
            Cell::Text(text) => {
                counts.texts += 1;
                if number(text.trim().as_bytes(), false).is_some() {
                    counts.text_numbers += 1;
                } else {
                    counts.first_text.get_or_insert(row);
                }
            }
        }
    }
    counts
}

/// The cells as numbers; texts that are none are missing.
fn reals(cells: &[Cell]) -> Values {
    Values::Real(
        cells
            .iter()
            .map(|cell| match cell {
                Cell::Number(v) | Cell::Days(v) | Cell::Span(v) => *v,
                Cell::Text(text) => number(text.trim().as_bytes(), false).unwrap_or(f64::NAN),
                Cell::Empty | Cell::Truth(_) => f64::NAN,
            })
            .collect(),
    )
}

fn classes(cells: &[Cell]) -> Values {
    let labels: Vec<Option<String>> = cells.iter().map(Cell::label).collect();
    Values::Class(Codes::from_labels(&labels))
}

/// A date as files write it in a text cell.
pub(crate) fn date(text: &str) -> Option<f64> {
    parse_days(text)
}
