//! Predicts rows never seen, with the intervals the folds have earned.

use std::path::Path;

use esker_core::record::Task;
use esker_core::{
    Codes, Column, Context, Error, FieldKind, Model, Note, Prediction, Result, Samples, Spread, Support, Table, Times, Values,
};
use esker_io::Placed;
use esker_io::crs::Transform;

use crate::applicability::Unlike;
use crate::columns::as_classes;
use crate::dataset::to_days;
use crate::expression::derived;
use crate::intervals::Kept;
use crate::model_file::LoadedModel;
use crate::work::on_threads;

/// A table with its predictions.
pub struct Predicted {
    /// The columns given, then the predictions.
    pub table: Table,
    /// What was noticed.
    pub notes: Vec<Note>,
    /// How many values of each field of the schema lie beyond the range the model learned from.
    pub beyond: Vec<usize>,
    /// How many rows lie outside the area of applicability, and of how many it is unknown; `None` where the model keeps none.
    pub unlike: Option<Unlike>,
}

impl LoadedModel {
    /// Reads the rows of a file as this model wants them.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub fn read_rows(&self, path: &Path) -> Result<Table> {
        esker_io::read_table(path, &self.read_options())
    }

    /// How files of new data are read.
    pub(crate) fn read_options(&self) -> esker_io::ReadOptions {
        let mut labels: Vec<String> =
            self.header.schema.fields.iter().filter(|f| matches!(f.kind, FieldKind::Class { .. })).map(|f| f.name.clone()).collect();
        labels.extend(self.header.group.clone());
        esker_io::ReadOptions { missing: self.header.missing.clone(), labels, ..esker_io::ReadOptions::default() }
    }

    /// Predicts every row of a table. For numbers the columns `<target>_predicted`, `_low` and `_high` are
    /// added, in the target's unit, and `_sd` or `_quantile_low` and `_quantile_high` where the model says how sure it is; for classes the most probable class and the probability of each.
    /// Where the model keeps its area of applicability, `_dissimilarity`, `_point_density`, `_inside` (1 or 0) and `_expected_error` follow: the
    /// root mean squared error in the target's unit, or the share of wrong classes, missing outside. They are missing where a feature is.
    ///
    /// # Errors
    /// A missing column, another unit, a class never seen; a column of the name of a prediction.
    pub fn predict(&self, table: Table, cx: &Context) -> Result<Predicted> {
        on_threads(cx, || self.predict_here(table, None, cx))
    }

    /// As [`LoadedModel::predict`], on the threads at hand. `placed` names the columns that place the rows, where their file says so.
    pub(crate) fn predict_here(&self, table: Table, placed: Option<&Placed>, cx: &Context) -> Result<Predicted> {
        let at = self.places(&table, placed)?;
        let (given, samples, mut notes) = self.admit(table)?;
        let beyond = self.header.schema.beyond(&samples);
        let mut columns = self.columns(&samples, at.as_ref(), cx)?;
        let mut unlike = None;
        if let Some(area) = &self.area {
            let (of_area, counts) = area.columns(&self.header.task, samples.columns())?;
            columns.extend(of_area);
            notes.extend(counts.notes());
            unlike = Some(counts);
        }
        Ok(Predicted { table: beside(given, columns)?, notes, beyond, unlike })
    }

    /// The columns of a table as they came, and its rows as the model takes them.
    pub(crate) fn admit(&self, mut table: Table) -> Result<(Table, Samples, Vec<Note>)> {
        let mut notes = std::mem::take(&mut table.notes);
        let given = table.columns().len();
        for d in &self.header.derive {
            if table.columns().iter().all(|c| c.name != d.name) {
                // A derived column the model does not use may lack its inputs.
                let needed = self.header.schema.fields.iter().any(|f| f.name == d.name)
                    || self.header.group.as_deref() == Some(&d.name)
                    || self.pipeline.wants_time() && self.header.time.as_deref() == Some(&d.name);
                match derived(d, &table) {
                    Ok((column, _)) => table.put(column)?,
                    Err(e) if needed => return Err(Error { fault: esker_core::Fault::Data, ..e }),
                    Err(_) => {}
                }
            }
        }
        let (samples, admitted) = self.header.schema.admit(&table).map_err(|e| self.with_steps(e, &table))?;
        notes.extend(admitted);
        let samples = self.with_support(samples, &table, &mut notes)?;
        Ok((Table::new(table.columns()[..given].to_vec())?, samples, notes))
    }

    /// What steps of the recipe make is not made here.
    fn with_steps(&self, error: Error, table: &Table) -> Error {
        let lacks =
            |name: &String| self.header.schema.fields.iter().any(|f| f.name == *name) && table.columns().iter().all(|c| c.name != *name);
        if self.header.from_steps.iter().any(lacks) {
            return error.hint("steps of the recipe make it: esker prepare recipe.toml --data new.csv -o ready.csv");
        }
        error
    }

    /// The rows with their groups, and with their times where steps of preparation need them.
    fn with_support(&self, samples: Samples, table: &Table, notes: &mut Vec<Note>) -> Result<Samples> {
        let named = |name: &Option<String>| name.as_ref().and_then(|n| table.columns().iter().find(|c| c.name == *n));
        let group = named(&self.header.group).map(|c| as_classes(c).classes().cloned()).transpose()?;
        let mut time = None;
        if let Some(column) = named(&self.header.time).filter(|_| self.pipeline.wants_time()) {
            let (days, note) = to_days(column)?;
            notes.extend(note);
            time = Some(Times { days });
        }
        let support = Support { group, time, ..Support::bare(samples.rows()) };
        Samples::new(samples.columns().to_vec(), support, None)
    }

    /// Where the rows are, in the system of the training rows, if intervals need it; NaN where unknown.
    fn places(&self, table: &Table, placed: Option<&Placed>) -> Result<Option<(Vec<f64>, Vec<f64>)>> {
        let Some(crs) = self.kept.as_ref().and_then(Kept::crs) else { return Ok(None) };
        let learned = self.header.place.as_ref().map(|p| (p.x.as_str(), p.y.as_str()));
        let Some((x, y)) = placed.map(|p| (p.x.as_str(), p.y.as_str())).or(learned) else { return Ok(None) };
        let find = |name: &str| match table.columns().iter().find(|c| c.name == name) {
            Some(column) => column.reals().map(<[f64]>::to_vec),
            None => match self.header.derive.iter().find(|d| d.name == name) {
                Some(d) => derived(d, table)?.0.reals().map(<[f64]>::to_vec),
                None => Err(Error::data(format!("column '{name}'"))
                    .got("no such column")
                    .rule("the model's intervals come from training rows nearby, so rows need their places")
                    .hint(format!("add it, in {}", crs.name()))),
            },
        };
        let (mut xs, mut ys) = (find(x)?, find(y)?);
        if let Some(from) = placed.and_then(|p| p.crs.as_ref()).filter(|from| !esker_io::crs::same(from, crs)) {
            Transform::between(from, crs)?.apply(&mut xs, &mut ys)?;
        }
        Ok(Some((xs, ys)))
    }

    fn columns(&self, samples: &Samples, at: Option<&(Vec<f64>, Vec<f64>)>, cx: &Context) -> Result<Vec<Column>> {
        let said = self.pipeline.predict(samples)?;
        let name = |suffix: &str| match &self.header.task {
            Task::Regression { target, .. } | Task::Classification { target, .. } => format!("{target}_{suffix}"),
        };
        match (&said, &self.header.task) {
            (Prediction::Real { unit, centre, spread }, Task::Regression { .. }) => {
                let mut columns = vec![Column::real(name("predicted"), unit.as_str(), centre.clone())];
                match spread {
                    Spread::Unknown => {}
                    Spread::Sd(sd) => columns.push(Column::real(name("sd"), unit.as_str(), sd.clone())),
                    Spread::Interval { low, high, .. } => {
                        columns.push(Column::real(name("quantile_low"), unit.as_str(), low.clone()));
                        columns.push(Column::real(name("quantile_high"), unit.as_str(), high.clone()));
                    }
                }
                if let (Some(kept), Some(level)) = (&self.kept, self.header.level) {
                    let (low, high) = kept.ends(&self.folds, (samples, centre), at, level, cx)?;
                    columns.push(Column::real(name("low"), unit.as_str(), low));
                    columns.push(Column::real(name("high"), unit.as_str(), high));
                }
                Ok(columns)
            }
            (Prediction::Class { levels, probability, .. }, Task::Classification { .. }) => {
                let codes = Codes::new(said.classes()?, levels.clone())?;
                let mut columns = vec![Column { values: Values::Class(codes), ..Column::class(name("predicted"), Codes::default()) }];
                let k = levels.len();
                for (j, level) in levels.iter().enumerate() {
                    let values = probability.iter().skip(j).step_by(k).copied().collect();
                    columns.push(Column::real(name(&format!("p_{level}")), "", values));
                }
                Ok(columns)
            }
            _ => Err(Error::model("the model").rule("its task and its answers are of one kind")),
        }
    }
}

/// A table with further columns.
///
/// # Errors
/// It has a column of such a name.
pub(crate) fn beside(mut table: Table, columns: Vec<Column>) -> Result<Table> {
    for column in columns {
        if table.columns().iter().any(|c| c.name == column.name) {
            return Err(Error::data(format!("column '{}'", column.name))
                .got("a column of that name in the table")
                .rule("predictions need it")
                .hint("rename or remove the column"));
        }
        table.put(column)?;
    }
    Ok(table)
}
