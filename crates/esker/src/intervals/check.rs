//! What a method of intervals asks of recipe and data, before any work.

use esker_core::record::Task;
use esker_core::{Error, Setting};
use esker_evaluate::interval::{Near, rank};

use crate::dataset::Dataset;
use crate::findings::Findings;
use crate::plan::PlannedDesign;
use crate::recipe::{IntervalMethod, Recipe};

/// Refuses a method that these models, places, times or folds cannot serve.
pub(crate) fn check(recipe: &Recipe, data: &Dataset, designs: &[PlannedDesign], findings: &mut Findings) {
    let (Some(level), Task::Regression { .. }, Some(design)) = (recipe.interval_level, &data.task, designs.first()) else { return };
    let fault = match recipe.interval_method {
        IntervalMethod::CvPlus | IntervalMethod::MinMax => None,
        IntervalMethod::JackknifePlus => one_row_each(design),
        IntervalMethod::Quantiles => quantiles(recipe),
        IntervalMethod::Spatial(near) => spatial(data, near, level),
        IntervalMethod::Sequence { .. } => forward(design),
    };
    if let Some((key, error)) = fault {
        findings.push(recipe.place(&format!("intervals.{key}")), error);
    }
}

/// Whether every fold tests one row.
pub(super) fn leaves_one_out(design: &PlannedDesign) -> bool {
    design.folds.iter().all(|f| f.test.len() == 1)
}

type Fault = Option<(&'static str, Error)>;

fn one_row_each(design: &PlannedDesign) -> Fault {
    let most = design.folds.iter().map(|f| f.test.len()).max().filter(|_| !leaves_one_out(design))?;
    let error = Error::recipe("intervals 'jackknife+'")
        .got(format!("up to {most} rows tested by a fold of design '{}'", design.part.label))
        .rule("jackknife+ leaves out one row at a time; on larger folds it is cv+")
        .hint("set method = \"cv+\", or a design that tests rows one by one: buffer or nndm");
    Some(("method", error))
}

fn quantiles(recipe: &Recipe) -> Fault {
    let says = |settings: &esker_core::Settings| matches!(settings.get("spread"), Some(Setting::Text(s)) if s == "quantiles");
    if recipe.models.iter().any(|m| says(&m.settings)) {
        return None;
    }
    let names: Vec<&str> = recipe.models.iter().map(|m| m.name.as_str()).collect();
    let error = Error::recipe("intervals 'cqr'")
        .got(format!("{} {}", if names.len() == 1 { "model" } else { "models" }, names.join(", ")))
        .rule("conformalised quantile regression needs a model that says quantiles")
        .hint("give a [[model]] of kind boosting or forest spread = \"quantiles\", or set method = \"cv+\"");
    Some(("method", error))
}

fn spatial(data: &Dataset, near: Near, level: f64) -> Fault {
    if data.samples.support().place.is_none() {
        let error = Error::recipe("intervals 'spatial'")
            .rule("where the rows are must be known")
            .hint("name the columns: [roles] place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }");
        return Some(("method", error));
    }
    match near {
        Near::Rows(rows) => rank(rows, level).err().map(|error| {
            let error = Error { thing: "'intervals.neighbours'".to_owned(), fault: esker_core::Fault::Recipe, ..error };
            ("neighbours", error.hint("ask for more neighbours, or a lower level"))
        }),
        Near::Bandwidth(_) => None,
    }
}

fn forward(design: &PlannedDesign) -> Fault {
    let thing = || Error::recipe("intervals 'sequence'");
    let Some(time) = &design.support.time else {
        return Some((
            "method",
            thing().rule("when the rows were measured must be known").hint("name the column: [roles] time = \"date\""),
        ));
    };
    let at = |rows: &[usize]| rows.iter().map(|&r| time.days[r]).collect::<Vec<_>>();
    if let Some(row) = design.folds.iter().flat_map(|f| &f.test).find(|&&r| time.days[r].is_nan()) {
        let error = thing().got(format!("row {} without a time", row + 1)).rule("every row tested needs its time");
        return Some(("method", error.hint("filter rows without a time in [data] filter")));
    }
    let knows = |f: &esker_core::Fold| {
        let first = at(&f.test).into_iter().fold(f64::INFINITY, f64::min);
        at(&f.train).into_iter().any(|t| t >= first)
    };
    let folds = design.folds.iter().filter(|f| knows(f)).count();
    (folds > 0).then(|| {
        let error = thing()
            .got(format!(
                "{folds} of {} folds of design '{}' that learn from times they are judged on, or later ones",
                design.folds.len(),
                design.part.label
            ))
            .rule("residuals of the past tell of the future where the models learned from the past alone")
            .hint("set design = \"forward\" or \"rolling\", or method = \"cv+\"");
        ("method", error)
    })
}
