//! The table of a recipe after its steps, as a file for other programs or for new rows.

use std::path::Path;

use esker_core::{Context, Error, Note, Result, StepRecord, Table};

use super::apply;
use crate::dataset::{apply_units, derive_columns};
use crate::expression::Expression;
use crate::findings::Findings;
use crate::recipe::{Recipe, matches};
use crate::source;

/// A table after the steps of a recipe and with its derived columns.
#[derive(Debug)]
pub struct Prepared {
    /// The table.
    pub table: Table,
    /// What each step did.
    pub steps: Vec<StepRecord>,
    /// What was noticed.
    pub notes: Vec<Note>,
}

impl Recipe {
    /// The table of this recipe, whose paths are relative to `folder`, after its steps; rows are not filtered. `data` is read instead of the
    /// recipe's own table: new rows may lack columns, and what is derived of those is then left out with a note.
    ///
    /// # Errors
    /// Every fault of reading, the first step that cannot be done, derived columns that cannot be made, or the user stopped the work.
    pub fn prepare(mut self, folder: &Path, data: Option<&Path>, cx: &Context) -> Result<Prepared, Findings> {
        if let Some(path) = data {
            let absolute = if esker_io::is_remote(path) { Ok(path.to_path_buf()) } else { std::path::absolute(path) };
            self.data.source = absolute.map_err(|e| Error::io(path.display().to_string(), &e))?.to_string_lossy().into_owned();
        }
        let (table, _) = source::read(&mut self, folder, cx)?;
        let (mut table, steps) = apply(&self, folder, table, cx)?;
        let mut notes = std::mem::take(&mut table.notes);
        let mut findings = Findings { file: self.file.clone(), list: Vec::new() };
        if data.is_some() {
            let left = self.leave_out(&table);
            if !left.is_empty() {
                notes.push(Note::warning("left-out", format!("Not made of these rows: {}.", left.join(", "))));
            }
        }
        apply_units(&self, &mut table, &mut findings);
        derive_columns(&self, &mut table, &mut notes, &mut findings);
        findings.or(Prepared { table, steps, notes })
    }

    /// Takes out units and derived columns of columns that a table lacks, and names them; all other faults remain faults.
    fn leave_out(&mut self, table: &Table) -> Vec<String> {
        let mut there: Vec<String> = table.columns().iter().map(|c| c.name.clone()).collect();
        let mut left = Vec::new();
        self.data.units.retain(|name, _| {
            let known = there.iter().any(|c| matches(name, c));
            if !known {
                left.push(format!("unit of column '{name}'"));
            }
            known
        });
        self.data.derive.retain(|d| {
            // What is no expression is a fault of the recipe.
            let made = Expression::parse(&d.value).map_or(true, |e| e.names().all(|n| there.iter().any(|c| c == n)));
            if made {
                there.push(d.name.clone());
            } else {
                left.push(format!("derived column '{}'", d.name));
            }
            made
        });
        left
    }
}
