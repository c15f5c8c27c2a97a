//! Tables: a caption, headings with their scope, a row heading in front, digits that line up.

use super::html::Html;

/// What stands in a cell.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Words.
    Text(String),
    /// Digits: set to the right, all of one width.
    Number(String),
    /// Words with a badge behind, such as the chosen model.
    Badge(String, &'static str),
    /// An interval on a common scale, drawn: low, middle and high as shares of the width, and where zero is; NaN where zero is no mark.
    Whisker([f64; 3], f64),
    /// Digits on a ground that is darker the larger the share (0 to 1).
    Shade(String, f64),
}

/// A table that scrolls sideways by itself where the screen is narrow.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    caption: String,
    over: Vec<(String, usize)>,
    heads: Vec<(String, bool)>,
    rows: Vec<(Vec<Cell>, bool)>,
}

impl Sheet {
    /// A table with this caption.
    pub fn new(caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), ..Self::default() }
    }

    /// A heading over a column of words.
    pub fn words(mut self, title: impl Into<String>) -> Self {
        self.heads.push((title.into(), false));
        self
    }

    /// A heading over a column of numbers.
    pub fn numbers(mut self, title: impl Into<String>) -> Self {
        self.heads.push((title.into(), true));
        self
    }

    /// A heading over the next `span` columns; an empty one leaves them alone.
    pub fn over(mut self, title: impl Into<String>, span: usize) -> Self {
        self.over.push((title.into(), span));
        self
    }

    /// A row; its first cell is its heading.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push((cells, false));
    }

    /// A row that stands out.
    pub fn marked_row(&mut self, cells: Vec<Cell>) {
        self.rows.push((cells, true));
    }

    /// Whether no row was given.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table.
    pub fn write(&self, h: &mut Html) {
        let id = h.id();
        h.with("div", &[("class", "scroll"), ("role", "group"), ("aria-labelledby", &id), ("tabindex", "0")], |h| {
            h.with("table", &[], |h| {
                h.with("caption", &[("id", &id)], |h| h.element("span", &[], &self.caption));
                h.with("thead", &[], |h| self.head(h));
                h.with("tbody", &[], |h| {
                    for (cells, marked) in &self.rows {
                        let class: &[(&'static str, &str)] = if *marked { &[("class", "marked")] } else { &[] };
                        h.with("tr", class, |h| {
                            for (i, cell) in cells.iter().enumerate() {
                                write_cell(h, cell, i == 0);
                            }
                        });
                    }
                });
            });
        });
    }

    fn head(&self, h: &mut Html) {
        if !self.over.is_empty() {
            h.with("tr", &[], |h| {
                for (title, span) in &self.over {
                    let span = span.to_string();
                    if title.is_empty() {
                        h.with("td", &[("colspan", &span)], |_| {});
                    } else {
                        h.element("th", &[("scope", "colgroup"), ("colspan", &span), ("class", "over")], title);
                    }
                }
            });
        }
        h.with("tr", &[], |h| {
            for (title, number) in &self.heads {
                let class = if *number { "number" } else { "words" };
                h.element("th", &[("scope", "col"), ("class", class)], title);
            }
        });
    }
}

/// A cell of words.
pub fn text(words: impl Into<String>) -> Cell {
    Cell::Text(words.into())
}

/// A cell of digits.
pub fn number(digits: impl Into<String>) -> Cell {
    Cell::Number(digits.into())
}

fn write_cell(h: &mut Html, cell: &Cell, heading: bool) {
    let tag = if heading { "th" } else { "td" };
    let class = match cell {
        Cell::Number(_) => "number".to_owned(),
        // Short words stay on one line, long ones get room to wrap.
        Cell::Text(t) | Cell::Badge(t, _) => match t.chars().count() {
            0..=24 => "short".to_owned(),
            25..=48 => "words".to_owned(),
            _ => "long".to_owned(),
        },
        Cell::Whisker(..) => "whisker".to_owned(),
        Cell::Shade(_, share) => format!("number shade-{}", (share.clamp(0.0, 1.0) * 5.0).ceil() as u8),
    };
    let attributes: &[(&'static str, &str)] = if heading { &[("scope", "row"), ("class", &class)] } else { &[("class", &class)] };
    h.with(tag, attributes, |h| match cell {
        Cell::Text(t) | Cell::Number(t) | Cell::Shade(t, _) => h.text(t),
        Cell::Badge(t, badge) => {
            h.text(t);
            h.text(" ");
            h.element("span", &[("class", "badge")], badge);
        }
        Cell::Whisker(at, zero) => whisker(h, *at, *zero),
    });
}

/// A dot with its interval, for the eye only: the numbers stand in the cells beside it.
fn whisker(h: &mut Html, at: [f64; 3], zero: f64) {
    const WIDTH: f64 = 150.0;
    let x = |share: f64| format!("{:.1}", 4.0 + share.clamp(0.0, 1.0) * (WIDTH - 8.0));
    let [low, middle, high] = at.map(x);
    let mark = x(zero);
    h.with("svg", &[("viewBox", "0 0 150 16"), ("width", "150"), ("height", "16"), ("aria-hidden", "true"), ("focusable", "false")], |h| {
        if !zero.is_nan() {
            h.with("line", &[("x1", &mark), ("x2", &mark), ("y1", "0"), ("y2", "16"), ("class", "zero")], |_| {});
        }
        h.with("line", &[("x1", &low), ("x2", &high), ("y1", "8"), ("y2", "8"), ("class", "bar")], |_| {});
        h.with("circle", &[("cx", &middle), ("cy", "8"), ("r", "3.5"), ("class", "dot")], |_| {});
    });
}
