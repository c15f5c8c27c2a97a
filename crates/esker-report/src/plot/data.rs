//! Columns and marks.

use esker_core::{Column, DAYS, Error, MISSING, Result, Unit};

use super::Grid;
use super::dates::date_label;
use crate::figure::colour::Rgb;
use crate::figure::text::{labelled, number, unit};

/// Values of a series, one a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values<'a> {
    /// Numbers; NaN is missing.
    Numbers(&'a [f64]),
    /// Days since 1970-01-01; NaN is missing.
    Times(&'a [f64]),
    /// Codes and the names of the classes.
    Classes(&'a [u32], &'a [String]),
}

/// A named slice with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series<'a> {
    /// Name, as an axis says it.
    pub name: &'a str,
    /// Unit; empty where there is none.
    pub unit: &'a str,
    /// Values.
    pub values: Values<'a>,
}

impl<'a> Series<'a> {
    /// Numbers.
    pub fn numbers(name: &'a str, unit: &'a str, values: &'a [f64]) -> Self {
        Self { name, unit, values: Values::Numbers(values) }
    }

    /// Days since 1970-01-01.
    pub fn times(name: &'a str, days: &'a [f64]) -> Self {
        Self { name, unit: "", values: Values::Times(days) }
    }

    /// Classes.
    pub fn classes(name: &'a str, codes: &'a [u32], levels: &'a [String]) -> Self {
        Self { name, unit: "", values: Values::Classes(codes, levels) }
    }

    /// A column of a table; one in days since 1970-01-01 is a time.
    pub fn of(column: &'a Column) -> Self {
        match &column.values {
            esker_core::Values::Real(v) if column.unit.as_str() == DAYS => Self::times(&column.name, v),
            esker_core::Values::Real(v) => Self::numbers(&column.name, column.unit.as_str(), v),
            esker_core::Values::Class(c) => Self::classes(&column.name, c.codes(), c.levels()),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self.values {
            Values::Numbers(v) | Values::Times(v) => v.len(),
            Values::Classes(c, _) => c.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of a row, or its class's place; NaN where missing.
    pub fn at(&self, row: usize) -> f64 {
        match self.values {
            Values::Numbers(v) | Values::Times(v) => v[row],
            Values::Classes(c, _) if c[row] == MISSING => f64::NAN,
            Values::Classes(c, _) => f64::from(c[row]),
        }
    }

    /// Names of the classes, where it has classes.
    pub fn levels(&self) -> Option<&'a [String]> {
        match self.values {
            Values::Classes(_, levels) => Some(levels),
            _ => None,
        }
    }

    /// Name and unit, as an axis says them.
    pub fn title(&self) -> String {
        labelled(self.name, &Unit::new(self.unit))
    }

    /// The value of a row with its unit, in words.
    pub fn told(&self, row: usize) -> String {
        let v = self.at(row);
        match self.values {
            _ if !v.is_finite() => "missing".to_owned(),
            Values::Classes(_, levels) => levels.get(v as usize).cloned().unwrap_or_default(),
            Values::Times(_) => date_label(v),
            Values::Numbers(_) if self.unit.is_empty() => number(v),
            Values::Numbers(_) => format!("{} {}", number(v), unit(self.unit)),
        }
    }
}

/// What a mark looks like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind<'a> {
    /// A dot a row.
    Points,
    /// A line through the rows in their order, broken where a value is missing; one a class of its colour.
    Line,
    /// The same in steps: a value holds until the next row.
    Step,
    /// An area between y and y2.
    Band,
    /// A bar a row from 0; rows of one x are stacked. They lie where y has the classes.
    Bars,
    /// Counts of x in bins, stacked by colour.
    Histogram,
    /// Counts, or means of the colour, in hexagons.
    Hexagons,
    /// Median, quartiles and whiskers (to the last value within 1.5 interquartile ranges) of y for each class of x.
    Boxes,
    /// The same from five quantiles a row: ends of the whiskers, quartiles and median in their order.
    Quantiles(&'a [[f64; 5]]),
    /// A grid of values.
    Cells(Grid<'a>),
    /// An area (or line) a row: its rings or lines. A place belongs to an area when an odd number of rings goes around it.
    Shapes(&'a [Vec<Vec<[f64; 2]>>], bool),
    /// A text a row.
    Text,
    /// A line across the panel at every x.
    RuleX,
    /// A line across the panel at every y.
    RuleY,
}

/// A kind and the series it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark<'a> {
    /// What it looks like.
    pub kind: Kind<'a>,
    /// Horizontal position.
    pub x: Option<Series<'a>>,
    /// The other end of a bar along the horizontal axis.
    pub x2: Option<Series<'a>>,
    /// Vertical position.
    pub y: Option<Series<'a>>,
    /// The other edge of a band.
    pub y2: Option<Series<'a>>,
    /// Colour.
    pub colour: Option<Series<'a>>,
    /// Area of dots.
    pub size: Option<Series<'a>>,
    /// What is written, or told where the pointer rests.
    pub label: Option<Series<'a>>,
    /// A colour of its own, with its name in the legend (none where empty).
    pub key: Option<(String, Rgb)>,
    /// Whether lines are dashed.
    pub dashed: bool,
}

impl<'a> Mark<'a> {
    fn new(kind: Kind<'a>, x: Option<Series<'a>>, y: Option<Series<'a>>) -> Self {
        Self { kind, x, x2: None, y, y2: None, colour: None, size: None, label: None, key: None, dashed: false }
    }

    /// A dot a row.
    pub fn points(x: Series<'a>, y: Series<'a>) -> Self {
        Self::new(Kind::Points, Some(x), Some(y))
    }

    /// A line through the rows.
    pub fn line(x: Series<'a>, y: Series<'a>) -> Self {
        Self::new(Kind::Line, Some(x), Some(y))
    }

    /// A line in steps.
    pub fn step(x: Series<'a>, y: Series<'a>) -> Self {
        Self::new(Kind::Step, Some(x), Some(y))
    }

    /// An area between two curves.
    pub fn band(x: Series<'a>, low: Series<'a>, high: Series<'a>) -> Self {
        Self { y2: Some(high), ..Self::new(Kind::Band, Some(x), Some(low)) }
    }

    /// A bar a row.
    pub fn bars(x: Series<'a>, y: Series<'a>) -> Self {
        Self::new(Kind::Bars, Some(x), Some(y))
    }

    /// A bar a row from one x to another, such as a bin with its count.
    pub fn bins(from: Series<'a>, to: Series<'a>, y: Series<'a>) -> Self {
        Self { x2: Some(to), ..Self::bars(from, y) }
    }

    /// Counts in bins.
    pub fn histogram(x: Series<'a>) -> Self {
        Self::new(Kind::Histogram, Some(x), None)
    }

    /// Counts in hexagons, or means of what colours them.
    pub fn hexagons(x: Series<'a>, y: Series<'a>) -> Self {
        Self::new(Kind::Hexagons, Some(x), Some(y))
    }

    /// Boxes of y for each class of x.
    pub fn boxes(x: Series<'a>, y: Series<'a>) -> Self {
        Self::new(Kind::Boxes, Some(x), Some(y))
    }

    /// Boxes of five quantiles each.
    pub fn quantiles(x: Series<'a>, five: &'a [[f64; 5]]) -> Self {
        Self::new(Kind::Quantiles(five), Some(x), None)
    }

    /// A grid.
    pub fn cells(grid: Grid<'a>) -> Self {
        Self::new(Kind::Cells(grid), None, None)
    }

    /// Areas, one a row.
    pub fn areas(parts: &'a [Vec<Vec<[f64; 2]>>]) -> Self {
        Self::new(Kind::Shapes(parts, true), None, None)
    }

    /// Lines, one a row.
    pub fn lines(parts: &'a [Vec<Vec<[f64; 2]>>]) -> Self {
        Self::new(Kind::Shapes(parts, false), None, None)
    }

    /// A text a row.
    pub fn text(x: Series<'a>, y: Series<'a>, label: Series<'a>) -> Self {
        Self { label: Some(label), ..Self::new(Kind::Text, Some(x), Some(y)) }
    }

    /// Upright lines.
    pub fn rule_x(x: Series<'a>) -> Self {
        Self::new(Kind::RuleX, Some(x), None)
    }

    /// Level lines.
    pub fn rule_y(y: Series<'a>) -> Self {
        Self::new(Kind::RuleY, None, Some(y))
    }

    /// The same coloured by a series.
    #[must_use]
    pub fn coloured(self, by: Series<'a>) -> Self {
        Self { colour: Some(by), ..self }
    }

    /// The same with dots whose area follows a series.
    #[must_use]
    pub fn sized(self, by: Series<'a>) -> Self {
        Self { size: Some(by), ..self }
    }

    /// The same with a text that is told of each row.
    #[must_use]
    pub fn labelled(self, by: Series<'a>) -> Self {
        Self { label: Some(by), ..self }
    }

    /// The same in one colour, named in the legend where the name is not empty.
    #[must_use]
    pub fn keyed(self, name: &str, colour: Rgb) -> Self {
        Self { key: Some((name.to_owned(), colour)), ..self }
    }

    /// The same with dashed lines.
    #[must_use]
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// Whether bars lie: classes stand along the vertical axis.
    pub(super) fn lies(&self) -> bool {
        let classes = |s: &Option<Series<'a>>| s.is_some_and(|s| s.levels().is_some());
        self.kind == Kind::Bars && classes(&self.y) && !classes(&self.x)
    }

    /// What a bar stands at, and how long it is.
    pub(super) fn bar(&self) -> Option<(Series<'a>, Series<'a>)> {
        if self.lies() { self.y.zip(self.x) } else { self.x.zip(self.y) }
    }

    fn series(&self) -> impl Iterator<Item = &Series<'a>> {
        [&self.x, &self.x2, &self.y, &self.y2, &self.colour, &self.size, &self.label].into_iter().flatten()
    }

    /// Number of rows; 0 for a grid.
    pub fn rows(&self) -> usize {
        match self.kind {
            Kind::Shapes(parts, _) => parts.len(),
            Kind::Cells(_) => 0,
            _ => self.series().next().map_or(0, Series::len),
        }
    }

    /// # Errors
    /// Series of different lengths, a grid with a wrong number of values.
    pub(super) fn check(&self) -> Result<()> {
        if let Kind::Cells(grid) = &self.kind {
            return grid.check();
        }
        let rows = self.rows();
        if let Kind::Quantiles(five) = self.kind
            && five.len() != rows
        {
            return Err(Error::data("quantiles of a figure").got(format!("{} rows", five.len())).rule(format!("their places have {rows}")));
        }
        match self.series().find(|s| s.len() != rows) {
            Some(other) => Err(Error::data(format!("series '{}' of a figure", other.name))
                .got(format!("{} rows", other.len()))
                .rule(format!("the other series of the mark have {rows}"))),
            None => Ok(()),
        }
    }
}
