//! Derived columns whose expression reads the target.

use std::collections::BTreeSet;

use esker_core::Result;

use super::Suspect;
use crate::expression::Expression;
use crate::plan::Plan;

/// Features computed from the target or from its reported error, directly or through other derived columns.
pub(super) fn of_expressions(plan: &Plan) -> Result<Vec<Suspect>> {
    let roles = &plan.recipe.roles;
    let mut secret: Vec<&str> = vec![&roles.target];
    secret.extend(roles.error.as_deref());
    let mut found = Vec::new();
    for name in &plan.data.features {
        let Some(derived) = plan.recipe.data.derive.iter().find(|d| d.name == *name) else { continue };
        let read = reads(plan, name)?;
        let Some(column) = secret.iter().find(|s| read.contains(**s)) else { continue };
        found.push(Suspect::column(
            plan,
            "derived-from-target",
            name,
            format!("Feature '{name}' is computed from the target."),
            format!("{name} = {} reads '{column}'.", derived.value),
            format!("Leave '{name}' out of [roles] features, or compute it without '{column}'."),
        ));
    }
    Ok(found)
}

/// The columns of the table that a derived column reads in the end.
fn reads(plan: &Plan, name: &str) -> Result<BTreeSet<String>> {
    let mut read = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let Some(derived) = plan.recipe.data.derive.iter().find(|d| d.name == name) else { continue };
        for column in Expression::parse(&derived.value)?.names() {
            if read.insert(column.to_owned()) {
                open.push(column.to_owned());
            }
        }
    }
    Ok(read)
}
