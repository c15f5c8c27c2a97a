//! Models that other programs have fitted, as model files of Esker.

use std::path::Path;

use esker_core::record::Task;
use esker_core::{Note, Result, Settings, Unit};
use esker_models::Foreign;

use crate::model_file::{Header, SavedModel};
use crate::pipeline::Pipeline;

/// What a model of LightGBM or XGBoost is called here: its file holds neither the target's name nor those of its classes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Importing {
    /// Name of the target.
    pub target: String,
    /// Its unit.
    pub unit: String,
    /// Names of the classes in the order of their numbers; empty for 0, 1 and so on.
    pub classes: Vec<String>,
    /// How many rounds of boosting count; all where it is not said.
    pub rounds: Option<usize>,
}

impl Importing {
    /// Reads a model, with what was noticed.
    ///
    /// # Errors
    /// A file that is no such model, or a damaged one; names of classes that do not fit.
    pub fn read(&self, path: &Path) -> Result<(SavedModel, Vec<Note>)> {
        let (imported, notes) = esker_io::read_trees(path, self.rounds)?;
        let (schema, trees, program) = (imported.schema.clone(), imported.trees.roots.len(), imported.program.clone());
        let classes = imported.classes;
        let levels = if self.classes.is_empty() { (0..classes).map(|k| k.to_string()).collect() } else { self.classes.clone() };
        let model = Foreign::new(imported, Unit::new(&self.unit), levels.clone(), notes.clone())?;
        let target = self.target.clone();
        let task = if classes == 0 {
            Task::Regression { target, unit: Unit::new(&self.unit) }
        } else {
            Task::Classification { target, names: levels.clone(), levels }
        };
        let kind = esker_models::models::imported::NAME;
        let header = Header {
            esker: env!("CARGO_PKG_VERSION").to_owned(),
            title: format!("{trees} trees of {program}"),
            model: kind.to_owned(),
            settings: Settings::defaults(&[]),
            task,
            schema,
            derive: Vec::new(),
            missing: Vec::new(),
            group: None,
            time: None,
            place: None,
            level: None,
            coverage: None,
            adjustment: None,
            design: "Imported: Esker has not judged it.".to_owned(),
            data_sha256: String::new(),
            from_steps: Vec::new(),
        };
        Ok((SavedModel::unjudged(header, &Pipeline::bare(kind, Box::new(model)))?, notes))
    }
}
