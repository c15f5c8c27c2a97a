//! What the recipe's preparation learned, step by step.

use super::html::Html;
use super::methods::settings_text;
use super::number::count;
use super::reading::Reading;
use super::table::{Sheet, text};
use super::words::plural;

/// Columns of one step that the table lists; record.json has all.
const MOST: usize = 12;

/// The steps, with what was learned of each column on all rows.
pub fn steps(r: Reading<'_>, h: &mut Html) {
    let steps = &r.record.prepared;
    if steps.is_empty() {
        return;
    }
    let chosen = &r.record.chosen.model;
    h.element(
        "p",
        &[],
        &format!(
            "Each fold fitted these steps on its own training rows, in this order; the table says what they learned from all {} rows for the final {chosen}.",
            count(r.record.data.rows_used)
        ),
    );
    let mut sheet = Sheet::new(format!("{} of preparation, with what each learned", plural(steps.len(), "step", "steps")))
        .words("Step")
        .words("Column")
        .words("Learned");
    for (k, step) in steps.iter().enumerate() {
        let settings = settings_text(&step.settings);
        let name = format!("{}. {}", k + 1, step.step) + &if settings.is_empty() { String::new() } else { format!(": {settings}") };
        if step.learned.is_empty() {
            sheet.row(vec![text(name.clone()), text("none"), text("no column was left for it")]);
        }
        for (i, column) in step.learned.iter().take(MOST).enumerate() {
            let head = if i == 0 { name.clone() } else { format!("{}.", k + 1) };
            sheet.row(vec![text(head), text(column.column.as_str()), text(column.says.as_str())]);
        }
        if step.learned.len() > MOST {
            let more = step.learned.len() - MOST;
            sheet.row(vec![text(format!("{}.", k + 1)), text(format!("{more} more")), text("listed in record.json")]);
        }
    }
    sheet.write(h);
}
