//! Columns by name and as classes, as every part of the corridor needs them.

use esker_core::{Codes, Column, Error, Table, Values};

use crate::recipe::nearest;

/// The same column with each number as a class of that name.
pub(crate) fn as_classes(column: &Column) -> Column {
    match &column.values {
        Values::Class(_) => column.clone(),
        Values::Real(v) => {
            let labels: Vec<Option<String>> = v.iter().map(|x| (!x.is_nan()).then(|| x.to_string())).collect();
            Column { values: Values::Class(Codes::from_labels(&labels)), ..column.clone() }
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
