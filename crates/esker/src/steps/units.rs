//! Units of values that steps computed.

use esker_core::{Column, Error, Note, Result, Unit, Values};

use crate::recipe::Statistic;

/// How a value follows its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value on the unit's scale.
    Value,
    /// A difference or standard deviation: where the scale starts does not matter.
    Spread,
    /// A sum of several: where the scale starts matters as often as there are values.
    Sum,
    /// A number of values, which has no unit.
    Count,
}

impl Kind {
    /// That of a statistic.
    pub fn of(statistic: Statistic) -> Self {
        match statistic {
            Statistic::Sd => Self::Spread,
            Statistic::Sum => Self::Sum,
            Statistic::Count => Self::Count,
            Statistic::Mean | Statistic::Min | Statistic::Max | Statistic::Median | Statistic::First | Statistic::Last => Self::Value,
        }
    }
}

/// A column in another unit: taken as said where it has none, converted where that is beyond doubt.
///
/// # Errors
/// Units of different kinds, a unit for a count, sums on a scale that starts elsewhere.
pub(super) fn in_unit(mut column: Column, unit: &Unit, kind: Kind, notes: &mut Vec<Note>) -> Result<Column> {
    if kind == Kind::Count {
        return Err(Error::recipe(format!("unit of '{}'", column.name)).got(format!("'{unit}'")).rule("a count or share has no unit"));
    }
    if column.unit.is_empty() {
        column.unit = unit.clone();
        return Ok(column);
    }
    let mut way = column.unit.to(unit).ok_or_else(|| {
        Error::data(format!("unit of '{}'", column.name))
            .got(format!("'{}'", column.unit))
            .rule(format!("it cannot be turned into '{unit}'"))
    })?;
    if kind == Kind::Spread {
        way.offset = 0.0;
    }
    if kind == Kind::Sum && way.offset != 0.0 {
        return Err(Error::data(format!("unit of '{}'", column.name))
            .got(format!("a sum in '{}'", column.unit))
            .rule(format!("sums cannot be turned into '{unit}', whose zero is another"))
            .hint("take the mean, or convert the values before"));
    }
    if !way.is_none() {
        notes.push(Note::info("unit-converted", format!("'{}' was converted from {} to {unit}.", column.name, column.unit)));
        if let Values::Real(v) = &mut column.values {
            v.iter_mut().for_each(|v| *v = way.apply(*v));
        }
    }
    column.unit = unit.clone();
    Ok(column)
}
