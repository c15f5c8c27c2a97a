//! The audit judges what the recipe's model sees: its cheap model is prepared in each fold as the recipe says.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::{Audit, Plan, Recipe};
use esker_core::{Codes, Column, Context, Rng, Table};

const DAYS: usize = 200;
const WELLS: usize = 8;

/// Series whose level follows the rain of the day before and the mean of their rock, with a copy of the level under noise.
fn table() -> Table {
    let mut rng = Rng::new(11);
    let n = DAYS * WELLS;
    let rain: Vec<f64> = (0..n).map(|_| (1.0 + rng.normal()).exp()).collect();
    let rocks = ["chalk", "clay", "gravel", "marl", "sand", "shale", "silt", "till"];
    let rock: Vec<Option<&str>> = (0..n).map(|_| Some(rocks[rng.below(rocks.len())])).collect();
    let of_rock = |i: usize| rocks.iter().position(|r| Some(*r) == rock[i]).map_or(0.0, |k| [3.0, -2.0, 0.5, 4.0, -3.0, 1.0, -1.0, 2.0][k]);
    let before = |i: usize| if i.is_multiple_of(DAYS) { 3.0 } else { rain[i - 1] };
    let y: Vec<f64> = (0..n).map(|i| 2.0 * before(i).ln() + of_rock(i) + 0.2 * rng.normal()).collect();
    let leak: Vec<f64> = y.iter().map(|v| 3.0 * v + 0.1 * rng.normal()).collect();
    let well: Vec<Option<String>> = (0..n).map(|i| Some(format!("w{}", i / DAYS))).collect();
    Table::new(vec![
        Column::real("rain", "mm", rain),
        Column::class("rock", Codes::from_labels(&rock)),
        Column::real("wind", "m s-1", (0..n).map(|_| rng.normal().abs()).collect()),
        Column::real("gauge", "m", leak),
        Column::class("well", Codes::from_labels(&well)),
        Column::real("day", "days since 1970-01-01", (0..n).map(|i| 10_000.0 + (i % DAYS) as f64).collect()),
        Column::real("y", "m", y),
    ])
    .unwrap()
}

const STEPS: &str = "[[prepare]]\nstep = \"transform\"\ncolumns = [\"rain\"]\nmethod = \"log\"\n\
     [[prepare]]\nstep = \"lag\"\ncolumns = [\"rain\", \"y\"]\nlags = [1, 2]\n\
     [[prepare]]\nstep = \"encode\"\nmethod = \"target\"\n";

fn plan(features: &str, design: &str, steps: &str) -> Plan {
    let text = format!(
        "[data]\nsource = \"none\"\n[roles]\ntarget = {{ column = \"y\", unit = \"m\" }}\ngroup = \"well\"\ntime = \"day\"\nfeatures = [{features}]\n\
         [validate]\n{design}\n[[model]]\nkind = \"ridge\"\n[explain]\nimportance = false\napplicability = false\n{steps}"
    );
    Plan::new(Recipe::parse("recipe.toml", &text).unwrap(), table(), None).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn audit(plan: &Plan) -> Audit {
    plan.audit(&[], &Context::new(1, 2)).unwrap()
}

/// Mean of a run's scores over its folds.
fn score(plan: &Plan) -> f64 {
    let record = plan.run(&plan.context(2)).unwrap().record;
    let scores = &record.models[0].runs[0].scores;
    let folds: Vec<f64> = scores.iter().find(|s| s.metric == record.metric).unwrap().folds.iter().flatten().copied().collect();
    folds.iter().sum::<f64>() / folds.len() as f64
}

/// What the audit measures with and without a leak is what the recipe scores with and without it.
#[test]
fn a_leak_flatters_by_what_the_recipe_itself_scores() {
    let all = "\"rain\", \"rock\", \"wind\", \"gauge\"";
    for design in ["design = \"group\"\nfolds = 4", "design = \"forward\"\nfolds = 4"] {
        let with = plan(all, design, STEPS);
        let audit = audit(&with);
        let leak = audit.findings.iter().find(|f| f.columns == ["gauge"]).unwrap_or_else(|| panic!("{audit:?}"));
        let flatters = leak.flatters.as_ref().unwrap();
        let without = plan("\"rain\", \"rock\", \"wind\"", design, STEPS);
        let (own, mended) = (score(&with), score(&without));
        assert!(
            (flatters.as_is - own).abs() < 1e-9 && (flatters.without - mended).abs() < 1e-9,
            "{design}: {flatters:?}, {own} and {mended}"
        );
        // Without the steps the same recipe does far worse, and the leak would seem to be worth more than it is.
        let bare = plan("\"rain\", \"rock\", \"wind\"", design, "");
        assert!(score(&bare) > 1.5 * mended, "{design}: {} and {mended}", score(&bare));
    }
}

#[test]
fn clean_recipes_are_not_accused_for_how_they_prepare() {
    let clean = "\"rain\", \"rock\", \"wind\"";
    let smooth = "[[prepare]]\nstep = \"rolling\"\ncolumns = [\"rain\", \"wind\", \"y\"]\nwindows = [3, 12]\nstatistics = [\"mean\", \"max\"]\n\
         [[prepare]]\nstep = \"harmonics\"\n[[prepare]]\nstep = \"pca\"\ncolumns = [\"rain\", \"wind\"]\nkeep = true\n";
    for steps in [STEPS, smooth] {
        for design in ["design = \"group\"\nfolds = 4", "design = \"forward\"\nfolds = 4\ngap = 5"] {
            let found = audit(&plan(clean, design, steps)).findings;
            assert!(found.is_empty(), "{design}\n{steps}: {found:?}");
        }
    }
}

/// Of a column that is all there is, earlier values of the target remain.
#[test]
fn steps_that_need_no_feature_are_kept() {
    let design = "design = \"group\"\nfolds = 4";
    let lag = "[[prepare]]\nstep = \"lag\"\ncolumns = [\"y\"]\nlags = [1]\n[[prepare]]\nstep = \"harmonics\"\n";
    let audit = audit(&plan("\"gauge\"", design, lag));
    let leak = audit.findings.iter().find(|f| f.columns == ["gauge"]).unwrap();
    assert_eq!(leak.flatters.as_ref().unwrap().model, "ridge");
    assert!(leak.flatters.as_ref().unwrap().without.is_finite());
}
