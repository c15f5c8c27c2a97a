//! Writes a run's folder: report, record, model, predictions and figures, all or nothing.

use std::path::{Path, PathBuf};

use esker_core::record::{Record, Rows, Task};
use esker_core::{Codes, Column, Context, Error, Result, Table};
use rayon::prelude::*;

use crate::open;
use crate::recipe::{PlacePart, Recipe};
use crate::run::Outcome;

/// Pixels across a figure's PNG.
const PNG_WIDTH: u32 = 1800;

/// Where a recipe's run is written: `runs/` and the name of the recipe, or of its folder if it is called `recipe.toml`.
pub fn default_folder(recipe: &Path) -> PathBuf {
    let stem = recipe.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = recipe.canonicalize().ok().and_then(|p| p.parent().and_then(|d| d.file_name()).map(|n| n.to_string_lossy().into_owned()));
    let name = if stem == "recipe" { parent.unwrap_or(stem) } else { stem };
    Path::new("runs").join(name)
}

/// Refuses a folder that could not be written at the end, before any work starts.
///
/// # Errors
/// A folder that cannot be made, or that holds something other than an earlier run.
pub fn check_folder(folder: &Path) -> Result<()> {
    esker_io::Staging::beside(folder).map(drop)
}

impl Outcome {
    /// Writes `report.html`, `record.json`, `model.esker`, `predictions.csv` and `figures/` into `folder`,
    /// beside an earlier run first, which is replaced only when all is written.
    ///
    /// # Errors
    /// The disk refuses, or the user stopped the work.
    pub fn write(&self, folder: &Path, recipe: &Recipe, cx: &Context) -> Result<()> {
        let staging = esker_io::Staging::beside(folder)?;
        let to = staging.path();
        let figures = esker_report::figure::all(&self.record, &self.rows);
        cx.progress().begin("write", figures.len() + 1);
        esker_io::write_file(&to.join("record.json"), record_json(&self.record)?.as_bytes())?;
        let model = self.model.to_bytes();
        esker_io::write_file(&to.join("model.esker"), &model)?;
        esker_io::write_csv(&to.join("predictions.csv"), &predictions(&self.record, &self.rows, recipe)?)?;
        let page = esker_report::page::page(&self.record, &self.rows, &figures);
        esker_io::write_file(&to.join("report.html"), page.as_bytes())?;
        // The same model again is as it was when the lock was opened for it.
        let sha256 = esker_io::sha256_hex(&model);
        if let Some(opening) = self.openings.iter().rfind(|o| o.of.model_sha256 == sha256) {
            open::tell(to, &self.record, opening)?;
        }
        cx.progress().step();
        let drawn = to.join("figures");
        std::fs::create_dir(&drawn).map_err(|e| Error::io(drawn.display().to_string(), &e).rule("the folder cannot be made"))?;
        crate::work::on_threads(cx, || {
            figures.par_iter().try_for_each(|figure| {
                cx.check()?;
                esker_io::write_file(&drawn.join(format!("{}.svg", figure.name)), figure.svg.as_bytes())?;
                let png = esker_report::png::render(&figure.svg, PNG_WIDTH)?;
                esker_io::write_file(&drawn.join(format!("{}.png", figure.name)), &png)?;
                cx.progress().step();
                Ok(())
            })
        })?;
        cx.progress().end();
        cx.check()?;
        staging.commit()?;
        // What was kept for a run that is stopped is no longer needed.
        esker_io::Journal::remove(folder);
        Ok(())
    }
}

/// The record as JSON, two spaces deep, with a final newline.
///
/// # Errors
/// None in practice: records hold finite numbers.
pub fn record_json(record: &Record) -> Result<String> {
    let mut text =
        serde_json::to_string_pretty(record).map_err(|e| Error::numeric("the record").got(e.to_string()).rule("it cannot be written"))?;
    text.push('\n');
    Ok(text)
}

/// Held-out predictions as a table: row, place, group, fold, observed, predicted, interval or probabilities, and how unlike the
/// rows it learned from the row is.
fn predictions(record: &Record, rows: &Rows, recipe: &Recipe) -> Result<Table> {
    let mut columns = vec![Column::real("row", "", rows.row.iter().map(|r| *r as f64).collect())];
    if let Some(PlacePart { x, y, .. }) = &recipe.roles.place {
        columns.push(Column::real(x.clone(), "", rows.x.clone()));
        columns.push(Column::real(y.clone(), "", rows.y.clone()));
    }
    if let Some(group) = recipe.roles.group.as_ref().filter(|_| !rows.group.is_empty()) {
        let labels: Vec<Option<&str>> = rows.group.iter().map(|g| (!g.is_empty()).then_some(g.as_str())).collect();
        columns.push(Column::class(group.clone(), Codes::from_labels(&labels)));
    }
    let folds = &record.designs[0].folds;
    let labels: Vec<Option<&str>> = rows.fold.iter().map(|f| f.map(|f| folds[f as usize].label.as_str())).collect();
    columns.push(Column::class("fold", Codes::from_labels(&labels)));
    match &record.task {
        Task::Regression { unit, .. } => {
            columns.push(Column::real("observed", unit.as_str(), rows.observed.clone()));
            columns.push(Column::real("predicted", unit.as_str(), rows.predicted.clone()));
            if !rows.low.is_empty() {
                columns.push(Column::real("low", unit.as_str(), rows.low.clone()));
                columns.push(Column::real("high", unit.as_str(), rows.high.clone()));
            }
        }
        Task::Classification { levels, .. } => {
            let label = |v: &[f64]| {
                Codes::from_labels(&v.iter().map(|k| if k.is_nan() { None } else { levels.get(*k as usize) }).collect::<Vec<_>>())
            };
            columns.push(Column::class("observed", label(&rows.observed)));
            columns.push(Column::class("predicted", label(&rows.predicted)));
            for (j, level) in levels.iter().enumerate() {
                columns.push(Column::real(
                    format!("p_{level}"),
                    "",
                    rows.probability.iter().skip(j).step_by(levels.len()).copied().collect(),
                ));
            }
        }
    }
    if let Some(area) = record.applicability.as_ref().filter(|_| !rows.dissimilarity.is_empty()) {
        columns.push(Column::real("dissimilarity", "", rows.dissimilarity.clone()));
        columns.push(Column::real("point_density", "", rows.density.clone()));
        let inside = |v: &f64| if v.is_nan() { f64::NAN } else { f64::from(u8::from(*v <= area.threshold)) };
        columns.push(Column::real("inside", "", rows.dissimilarity.iter().map(inside).collect()));
        if !rows.expected.is_empty() {
            let unit = if let Task::Regression { unit, .. } = &record.task { unit.as_str() } else { "" };
            columns.push(Column::real("expected_error", unit, rows.expected.clone()));
        }
    }
    unique(&mut columns);
    Table::new(columns)
}

/// A place or group column called like one of ours steps back.
fn unique(columns: &mut [Column]) {
    for i in (0..columns.len()).rev() {
        if columns[..i].iter().any(|c| c.name == columns[i].name) || columns[i + 1..].iter().any(|c| c.name == columns[i].name) {
            let name = format!("{}_column_{}", columns[i].name, i + 1);
            columns[i].name = name;
        }
    }
}
