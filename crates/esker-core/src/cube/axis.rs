//! An axis of a cube: its length, what its cells are called, and what it measures.

use super::Attributes;
use crate::{Calendar, Error, Result, Unit};

/// What an axis measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AxisKind {
    /// East: longitude, or easting.
    X,
    /// North: latitude, or northing.
    Y,
    /// Height, depth, pressure, model level.
    Z,
    /// Time.
    T,
    /// Anything else: station, band, member, class.
    Other,
}

/// What the cells of an axis are called.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// Numbers in the axis's unit.
    Real(Vec<f64>),
    /// Moments: days since 1970-01-01 of the calendar, see [`Calendar`].
    Time {
        /// Which days there are.
        calendar: Calendar,
        /// One a cell; NaN is missing.
        days: Vec<f64>,
    },
    /// Texts.
    Text(Vec<String>),
}

impl Labels {
    /// Number of labels.
    pub fn len(&self) -> usize {
        match self {
            Self::Real(v) => v.len(),
            Self::Time { days, .. } => days.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cells named, in that order.
    #[must_use]
    pub fn select(&self, cells: &[usize]) -> Self {
        match self {
            Self::Real(v) => Self::Real(cells.iter().map(|&c| v[c]).collect()),
            Self::Time { calendar, days } => Self::Time { calendar: *calendar, days: cells.iter().map(|&c| days[c]).collect() },
            Self::Text(v) => Self::Text(cells.iter().map(|&c| v[c].clone()).collect()),
        }
    }

    /// The numbers, or days; none for texts.
    pub fn numbers(&self) -> Option<&[f64]> {
        match self {
            Self::Real(v) => Some(v),
            Self::Time { days, .. } => Some(days),
            Self::Text(_) => None,
        }
    }
}

/// A named axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The name.
    pub name: String,
    /// Number of cells.
    pub len: usize,
    /// What it measures.
    pub kind: AxisKind,
    /// The unit of its numbers; times are days whatever the file says.
    pub unit: Unit,
    /// What its cells are called; without labels they are counted.
    pub labels: Option<Labels>,
    /// Lower and upper edge of each cell, in the labels' unit and order, where the file says.
    pub bounds: Option<Vec<[f64; 2]>>,
    /// What the file says of it.
    pub attributes: Attributes,
}

impl Axis {
    /// An axis that only counts.
    pub fn bare(name: impl Into<String>, len: usize) -> Self {
        Self {
            name: name.into(),
            len,
            kind: AxisKind::Other,
            unit: Unit::default(),
            labels: None,
            bounds: None,
            attributes: Attributes::default(),
        }
    }

    /// An axis of numbers.
    pub fn real(name: impl Into<String>, kind: AxisKind, unit: &str, values: Vec<f64>) -> Self {
        Self { kind, unit: Unit::new(unit), labels: Some(Labels::Real(values.clone())), ..Self::bare(name, values.len()) }
    }

    pub(super) fn check(&self) -> Result<()> {
        let lengths = [self.labels.as_ref().map(Labels::len), self.bounds.as_ref().map(Vec::len)];
        match lengths.into_iter().flatten().find(|&n| n != self.len) {
            Some(n) => Err(Error::data(format!("axis '{}'", self.name))
                .got(format!("{n} labels or bounds"))
                .rule(format!("it has {} cells", self.len))),
            None => Ok(()),
        }
    }

    /// The cells named, in that order.
    #[must_use]
    pub fn select(&self, cells: &[usize]) -> Self {
        Self {
            len: cells.len(),
            labels: self.labels.as_ref().map(|l| l.select(cells)),
            bounds: self.bounds.as_ref().map(|b| cells.iter().map(|&c| b[c]).collect()),
            ..self.clone()
        }
    }

    /// Its labels as numbers: those it has, or the count from 0.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        match &self.labels {
            Some(labels) => labels.numbers().map(<[f64]>::to_vec),
            None => Some((0..self.len).map(|i| i as f64).collect()),
        }
    }

    /// 1 where numbers strictly ascend, −1 where they strictly descend, 0 otherwise (missing ones among them).
    pub fn direction(&self) -> i8 {
        let Some(v) = self.labels.as_ref().and_then(Labels::numbers) else { return 0 };
        if v.windows(2).all(|w| w[0] < w[1]) {
            1
        } else if v.windows(2).all(|w| w[0] > w[1]) {
            -1
        } else {
            0
        }
    }
}
