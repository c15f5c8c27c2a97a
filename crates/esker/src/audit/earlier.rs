//! Scores that have been looked at before: settings chosen by hand on the reported folds, and a hold-out opened by earlier runs.

use std::path::Path;

use esker_core::Result;
use esker_evaluate::split::Design;
use serde_json::Value;

use super::{Cure, Suspect};
use crate::folds::fold_of_row;
use crate::lock;
use crate::plan::Plan;

/// Settings of one kind of model from which on choosing among them is tuning.
const MANY: usize = 4;

/// Models of one kind whose settings are compared on the folds that report the score.
pub(super) fn of_variants(plan: &Plan) -> Result<Vec<Suspect>> {
    let models = &plan.recipe.models;
    let mut found = Vec::new();
    for (i, first) in models.iter().enumerate() {
        let same: Vec<usize> = (0..models.len()).filter(|&j| models[j].kind == first.kind && models[j].tune.is_none()).collect();
        if same.first() != Some(&i) || same.len() < MANY {
            continue;
        }
        let kind = first.kind.name();
        found.push(Suspect {
            code: "tuned-on-reported-folds",
            what: format!("Settings of '{kind}' are chosen by the score that is reported."),
            columns: Vec::new(),
            key: format!("model[{}]", i + 1),
            rows: Vec::new(),
            evidence: format!(
                "{} models of kind '{kind}' differ in settings alone and meet the same folds; the best of them is best by luck too.",
                same.len()
            ),
            mend: format!("Name '{kind}' once and tune it inside the training parts: tune = {{ trials = {} }}.", 2 * same.len()),
            cure: Cure::Choice(same),
            proven: false,
        });
    }
    Ok(found)
}

/// Rows that the ledger beside the recipe tells of: those of the final hold-out, or of a hold-out that is the design.
pub(super) fn of_ledger(plan: &Plan) -> Result<Vec<Suspect>> {
    let (names, code, key) = match (&plan.lock, plan.designs.first().filter(|d| d.part.design == Design::Holdout)) {
        (Some(lock), _) => (lock.names.clone(), "final-opened", "validate.final"),
        (None, Some(design)) => (lock::names(&plan.data, &design.folds[0].test), "hold-out-opened", "validate.design"),
        (None, None) => return Ok(Vec::new()),
    };
    let openings = lock::openings(&plan.ledger, &names);
    let Some(opened) = lock::opened_by_other(&openings, &names, &plan.provenance()) else { return Ok(Vec::new()) };
    let told = openings.iter().map(|(e, n)| format!("{} ({}, {n} rows)", e.opening.at, e.opening.of.model));
    Ok(vec![Suspect {
        code,
        what: format!("The test is no longer unseen: {opened}."),
        columns: Vec::new(),
        key: key.to_owned(),
        rows: Vec::new(),
        evidence: format!("The ledger beside the recipe tells of {}.", told.collect::<Vec<_>>().join("; ")),
        mend: "Tell the first opening's score, and how often the rows were opened; a new claim needs rows that no run has been judged on."
            .to_owned(),
        cure: Cure::Nothing,
        proven: false,
    }])
}

/// Run folders in `runs` whose record shows that rows held out once for all were opened by another recipe.
pub(super) fn of_runs(plan: &Plan, runs: &Path) -> Option<Suspect> {
    let primary = plan.designs.first().filter(|d| d.part.design == Design::Holdout)?;
    let folds = serde_json::to_value(fold_of_row(primary, plan.data.samples.rows())).ok()?;
    // As a record keeps it: without what an address hides.
    let own = plan.provenance().recipe;
    let mut opened: Vec<(String, Option<String>)> = std::fs::read_dir(runs)
        .ok()?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let bytes = esker_io::read_file(&entry.path().join("record.json"), 1 << 30).ok()?;
            let record: Value = serde_json::from_slice(&bytes).ok()?;
            let told = &record["provenance"];
            let design = record["designs"].as_array()?.iter().find(|d| d["primary"] == Value::Bool(true))?;
            let same = told["data_sha256"] == plan.data_sha256.as_str() && !plan.data_sha256.is_empty() && design["fold_of_row"] == folds;
            let other = told["recipe"] != own.as_str();
            let model = record["chosen"]["model"].as_str().map(str::to_owned);
            (same && other).then(|| (entry.file_name().to_string_lossy().into_owned(), model))
        })
        .collect();
    opened.sort();
    if opened.is_empty() {
        return None;
    }
    let names: Vec<String> =
        opened.iter().take(5).map(|(name, model)| model.as_ref().map_or(name.clone(), |m| format!("{name} (chose {m})"))).collect();
    let times = if opened.len() == 1 { "once".to_owned() } else { format!("{} times", opened.len()) };
    Some(Suspect {
        code: "hold-out-opened",
        what: format!("The rows held out have been judged on before, {times}, by another recipe."),
        columns: Vec::new(),
        key: format!("{}.design", primary.part.path),
        rows: primary.folds.iter().flat_map(|f| f.test.iter().copied()).collect(),
        evidence: format!("Runs in {} with the same data and the same rows held out: {}.", runs.display(), names.join(", ")),
        mend: "Choose models and settings by folds of the other rows; hold out rows that no run has judged on, and open them once."
            .to_owned(),
        cure: Cure::Nothing,
        proven: false,
    })
}
