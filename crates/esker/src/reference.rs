//! Pages generated from the catalogs: the reference of everything a recipe may name, and the record's schema.

use std::fmt::Write as _;

use esker_core::{Parameter, Record, Rule, Search, Targets};
use esker_evaluate::score::Score;
use esker_evaluate::split::Design;
use esker_models::prepare::power::Family;
use esker_models::{Calibration, Kind, Prepare, Step};

use crate::recipe::{DATA_KEYS, INTERVAL_KEYS, SELECT_KEYS, StepKind, TUNE_KEYS, WEIGHT_KEYS};

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
    page.push_str(PREPARE);
    for step in Prepare::ALL {
        let _ = write!(page, "\n### `step = \"{}\"`\n\n{}\n", step.name(), step.doc());
        parameters(&mut page, &step.parameters());
    }
    let _ = write!(page, "{TARGET}{}.\n", Family::NAMES.map(|n| format!("`\"{n}\"`")).join(", "));
    page.push_str("\n## Designs\n");
    for design in Design::ALL {
        let _ = write!(page, "\n### `{}`\n\n{}\n", design.name(), design.doc());
        parameters(&mut page, &design.parameters());
    }
    page.push_str(FINAL);
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
    page.push_str(STEPS);
    for kind in StepKind::ALL {
        let _ = write!(page, "\n### `{}`\n\n{}\n\n| Key | Meaning |\n| --- | --- |\n", kind.name(), kind.doc());
        for (key, doc) in kind.keys() {
            let _ = writeln!(page, "| `{key}` | {doc} |");
        }
    }
    page.push_str(WEIGHTS);
    for (key, doc) in WEIGHT_KEYS {
        let _ = writeln!(page, "| `{key}` | {doc} |");
    }
    page.push_str(INTERVALS);
    for (key, doc) in INTERVAL_KEYS {
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
    page.push_str(STACKS);
    page.push_str(PROBABILITIES);
    for how in Calibration::ALL {
        let _ = writeln!(page, "* `calibrate = \"{}\"`: {}.", how.name(), how.doc());
    }
    page.push_str(THRESHOLDS);
    page
}

const PREPARE: &str = "\nBefore these, the steps of `[[prepare]]` in a recipe are fitted and applied in their order, for every model alike:\n\n\
    ```toml\n[[prepare]]\nstep = \"lag\"\ncolumns = [\"prcp_*\"]   # names and globs; without it every feature that the step fits\nlags = [1, 2]\n```\n\n\
    Each step is fitted anew on the training rows of each fold, of inner folds too, and of the final fit. Columns that earlier steps made may be named by later ones. \
    Features that selection left out are left out here. Importance, effects, selection and the area of applicability go by the columns of the table, \
    not by those that steps make. A model file keeps the steps with what they learned; for lags, windows and gradients that is the training rows' \
    series, and new rows need their time and group columns too.\n";
const TARGET: &str = "\n### Transform of the target\n\n`target = { column = \"…\", transform = \"log\" }` in `[roles]`: models learn the target on another scale, and what they \
    say comes back as a mean, by Duan's smearing estimate (1983, doi 10.1080/01621459.1983.10478017) over residuals that five inner folds hold out, whole groups apart. \
    Folds, scores and intervals are on the target's own scale. Values that a transform does not take are refused with their number. Known are ";
const FINAL: &str = "\n## Final hold-out\n\n`final = { by = \"group\", share = 0.2 }` in `[validate]` locks rows before anything sees them, with the parameters of \
    the design `holdout`; `final = \"time\"` names what is locked and leaves the rest at its defaults, and `group = \"column\"` keeps other groups whole than \
    those of the roles. Rows that a buffer or gap keeps out of both are taken out too. Everything else works as on a file without these rows; only how the file itself \
    is read (types of columns, missing markers) is told by all its rows, and with `stratified = true` which rows are locked by their targets. Which rows are \
    locked follows from the data and the rule, not from the seed.\n\n`esker open recipe.toml` judges the saved model on them and writes `final.json`. The \
    ledger beside the recipe (`recipe.opened.json`) counts the openings of these rows under whatever recipe; a run after another recipe's opening has the alarm \
    `final-opened`. Keep the ledger with the recipe.\n";
const STEPS: &str = "\n## Steps\n\n`[[data.step]]` with a `kind` changes the table after it is read and before columns are derived and rows filtered, one step after another. \
    No step looks at the target. What each assumed and how many rows found theirs stands in the record and on the page; `esker prepare recipe.toml -o \
    table.csv` writes the table, with `--data new.csv` for new rows.\n";
const INTERVALS: &str = "\n## Intervals\n\nThe keys of `[intervals]`, for targets of numbers. Whatever the method, residuals and scores come from rows that the model of their fold \
    did not learn from, and the interval of a held-out row never takes up its own residual.\n\n| Key | Meaning |\n| --- | --- |\n";
const WEIGHTS: &str = "\n## Weights\n\n`weight = { … }` in `[roles]` weighs rows while models learn; scores are weighted with `[validate] weighted = true`. \
    The last two are made of where rows are, never of the target, and each fold makes its own from the rows it learns from.\n\n\
    | Key of `weight` | Meaning |\n| --- | --- |\n";

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
const STACKS: &str = "\n## Stacks\n\n`kind = \"stack\"` with `of = [\"ridge\", \"boosting\"]`, below all other models, is a mix of those (Wolpert 1992): in each training part its models are \
    the very ones that are judged alone there, and their weights are those of the convex mix (none negative, a sum of 1; Breiman 1996) with the least square error \
    on rows that `inner` folds (3) of the same design hold out, of probabilities for classes. There the models are fitted again with the features and settings that the \
    whole training part chose. A stack is compared with its models on the same folds, and the report shows its weights in each.\n";
const PROBABILITIES: &str = "\n## Probabilities of classes\n\nA `[[model]]` of classes may be calibrated: in each training part the model is fitted on \
    `inner` folds under the same design, a curve is fitted to what it says of the rows they hold out, and what the model of the whole training part \
    says goes through that curve. Of more than two classes each is calibrated against the rest, then they are scaled to a sum of 1. Settings are \
    tuned before.\n\n";

const THRESHOLDS: &str = "\n`threshold` in a `[[model]]` decides between two classes: the second one is said from that probability on. It is a number, or \
    chosen on the same held-out rows of inner folds by `\"f1\"`, `\"youden\"`, `\"balanced-accuracy\"` (the same threshold as `\"youden\"`), or by \
    `\"cost\"` with the penalties of `[validate]`. `{ by = \"f1\", of = \"landslide\" }` names the class. The record has the threshold of each fold \
    and of the final fit.\n";

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
