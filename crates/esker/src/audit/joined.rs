//! Columns that a join took from rows later than the row itself.

use esker_core::Result;

use super::{Cure, Suspect, percent};
use crate::plan::Plan;

/// Features of joins by the nearest time that found later rows: a forecast does not know them yet.
pub(super) fn of_joins(plan: &Plan) -> Result<Vec<Suspect>> {
    let later = plan.steps.iter().enumerate().filter(|(_, s)| s.later > 0);
    let suspects = later.filter_map(|(i, step)| {
        let columns: Vec<String> = step.columns.iter().filter(|c| plan.data.features.contains(c)).cloned().collect();
        (!columns.is_empty()).then(|| {
            let file = step.sources.first().map_or("the other table", |s| s.name.as_str());
            Suspect {
                code: "joined-later",
                what: format!("A join by the nearest time takes rows of '{file}' that are later than the row they are joined to."),
                key: format!("data.step[{}].nearest", i + 1),
                rows: Vec::new(),
                evidence: format!(
                    "{} of {} rows ({}) took a later one: what is not known yet at their time.",
                    step.later,
                    step.rows_in,
                    percent(step.later, step.rows_in)
                ),
                mend: "Write earlier = true in the step where the model is to forecast; leave it where gaps in the past are filled."
                    .to_owned(),
                cure: Cure::Without(columns.clone()),
                columns,
                proven: false,
            }
        })
    });
    Ok(suspects.collect())
}
