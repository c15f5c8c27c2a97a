//! Columns by name and as classes, as every part of the corridor needs them.

use esker_core::{Codes, Column, DAYS, Error, Table, Unit, Values};

use crate::recipe::nearest;

/// The same column with each number as a class of that name, each day as its date.
pub(crate) fn as_classes(column: &Column) -> Column {
    match &column.values {
        Values::Class(_) => column.clone(),
        Values::Real(v) => {
            let dates = column.unit.as_str() == DAYS;
            let label = |x: f64| if dates { esker_io::time::format_moment(x) } else { x.to_string() };
            let labels: Vec<Option<String>> = v.iter().map(|&x| (!x.is_nan()).then(|| label(x))).collect();
            let unit = if dates { Unit::default() } else { column.unit.clone() };
            Column { name: column.name.clone(), unit, values: Values::Class(Codes::from_labels(&labels)) }
        }
    }
}

/// A fault of the recipe that names the nearest columns.
pub(crate) fn unknown_column(table: &Table, name: &str, rule: &str) -> Error {
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let error = Error::recipe(format!("column '{name}'")).rule(rule);
    match nearest(name, &names) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => {
            let shown: Vec<&str> = names.iter().take(12).copied().collect();
            error.hint(format!("the table has {}{}", shown.join(", "), if names.len() > 12 { ", …" } else { "" }))
        }
    }
}
