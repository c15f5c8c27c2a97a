//! Pages generated from the catalogs: the reference of everything a recipe may name, and the record's schema.

use std::fmt::Write as _;

use esker_core::{Parameter, Record, Rule, Search, Targets};
use esker_evaluate::score::Score;
use esker_evaluate::split::Design;
use esker_models::{Kind, Step};

use crate::recipe::{DATA_KEYS, SELECT_KEYS, TUNE_KEYS};

/// The JSON schema of `record.json`.
pub fn record_schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Record)).expect("a schema is plain data");
    text.push('\n');
    text
}

/// The reference page, in Markdown.
pub fn reference() -> String {
    let mut page = String::from("# Reference\n\nGenerated from the catalogs by `cargo xtask reference`.\n\n## Models\n");
    for kind in Kind::ALL {
        let targets = match kind.estimator(&esker_core::Settings::defaults(&kind.parameters())).needs().target {
            Targets::Real => "numbers",
            Targets::Class => "classes",
            Targets::Either => "numbers or classes",
        };
        let _ = write!(page, "\n### `{}`\n\n{} Target: {targets}.\n", kind.name(), kind.doc());
        parameters(&mut page, &kind.parameters());
    }
    page.push_str("\n## Preparation\n\nApplied where a model needs it, fitted on training rows alone.\n\n");
    for step in Step::ALL {
        let _ = writeln!(page, "* `{}`: {}", step.name(), step.doc());
    }
    page.push_str("\n## Designs\n");
    for design in Design::ALL {
        let _ = write!(page, "\n### `{}`\n\n{}\n", design.name(), design.doc());
        parameters(&mut page, &design.parameters());
    }
    page.push_str("\n## Metrics\n\n| Name | Target | Meaning |\n| --- | --- | --- |\n");
    for score in Score::ALL {
        let target = match score.for_target() {
            Targets::Real => "numbers",
            Targets::Class => "classes",
            Targets::Either => "either",
        };
        let _ = writeln!(page, "| `{}` | {target} | {} |", score.name(), score.doc().replace('|', "\\|"));
    }
    page.push_str("\n## Data\n\nThe keys of `[data]` in a recipe. `variables`, `time` and `bbox` are for grids.\n\n| Key | Meaning |\n| --- | --- |\n");
    for (key, doc) in DATA_KEYS {
        let _ = writeln!(page, "| `{key}` | {doc} |");
    }
    page.push_str(TUNING);
    for (key, doc) in TUNE_KEYS {
        let _ = writeln!(page, "| `{key}` | {doc} |");
    }
    page.push_str(SELECTION);
    for (key, doc) in SELECT_KEYS {
        let _ = writeln!(page, "| `{key}` | {doc} |");
    }
    page
}

const TUNING: &str = "\n## Tuning\n\n`tune = { … }` in a `[[model]]` tunes its parameters over the spaces named above, on `inner` folds (3) of each training part under the \
    same design. A parameter that the recipe sets stays as it is, unless `search` names it. What is found is kept beside the run folder until the \
    run is whole, so that a run that was stopped is taken up by the same command.\n\n`early_stopping = 20` in a `[[model]]` that learns in steps ends \
    learning on each inner fold 20 steps after the best one; the number of steps with the best mean score is taken. It works with and without `tune`.\n\n\
    | Key of `tune` | Meaning |\n| --- | --- |\n";

const SELECTION: &str = "\n## Feature selection\n\n`select = \"forward\"` or `select = \"backward\"` in a `[[model]]`, or `select = { … }`, selects its features on `inner` folds (3) of each \
    training part under the same design, before its settings are tuned: sets of features are fitted with the recipe's settings, one feature more or \
    less at a time, as long as the mean score gets better (forward; Meyer et al. 2018) or no worse (backward). The report draws the path and how \
    much selecting on all rows before judging would have flattered. Selected features are those that a model file asks for.\n\n\
    | Key of `select` | Meaning |\n| --- | --- |\n";

fn parameters(page: &mut String, parameters: &[Parameter]) {
    if parameters.is_empty() {
        return;
    }
    page.push_str("\n| Parameter | Default | Values | Tuned over | Meaning |\n| --- | --- | --- | --- | --- |\n");
    for p in parameters {
        let values = match p.rule {
            Rule::Flag => "true or false".to_owned(),
            Rule::Integer(lo, hi) => format!("whole, {lo} to {hi}"),
            Rule::Real(lo, hi) => format!("{lo} to {hi}"),
            Rule::Choice(words) => words.join(", "),
            Rule::Text => "text".to_owned(),
        };
        let tuned = match p.search {
            None => "–".to_owned(),
            Some(Search::Uniform(lo, hi)) => format!("{lo} to {hi}"),
            Some(Search::LogUniform(lo, hi)) => format!("{lo} to {hi}, logarithmic"),
            Some(Search::Integer(lo, hi)) => format!("{lo} to {hi}"),
            Some(Search::LogInteger(lo, hi)) => format!("{lo} to {hi}, logarithmic"),
            Some(Search::Choice(words)) => words.join(", "),
        };
        let _ = writeln!(page, "| `{}` | {} | {values} | {tuned} | {} |", p.name, p.default, p.doc.replace('|', "\\|"));
    }
}
