//! Every design through the whole run: nested tuning, scores, and nothing held out that reaches the model judged on it.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::record::Rows;
use esker::{Plan, Recipe};
use esker_core::{Codes, Column, Rng, Table, Unit};

const RECIPE: &str = r#"
title = "designs"
[data]
source = "none"
[roles]
target = "y"
place = { x = "east", y = "north", crs = "EPSG:32632" }
time = "day"
group = "site"
features = ["a", "b"]
[validate]
inner = 3
DESIGN
[[model]]
kind = "ridge"
tune = { trials = 3 }
[explain]
importance = false
"#;

/// The designs that do not look at the target, with what they need.
const DESIGNS: [&str; 24] = [
    "design = \"block\"\nsize = 20\nfolds = 4",
    "design = \"block\"\nsize = 20\nfolds = 4\nshape = \"hexagon\"\nbuffer = 2\nassign = \"systematic\"",
    "design = \"buffer\"\nradius = 10\nmost = 12",
    "design = \"cluster\"\nfolds = 5",
    "design = \"cluster\"\nfolds = 4\nby = \"features\"",
    "design = \"cluster\"\nfolds = 4\nby = \"mixed\"\nclusters = 12",
    "design = \"region\"\ngroup = \"basin\"",
    "design = \"region\"\ngroup = \"basin\"\nfolds = 3\nbuffer = 1",
    "design = \"rolling\"\nfolds = 4",
    "design = \"rolling\"\nfolds = 3\nhorizon = 300\nwindow = 1500\ngap = 30",
    "design = \"block-time\"\nfolds = 4\ngap = 20\nembargo = 10",
    "design = \"season\"",
    "design = \"season\"\nby = \"month\"\nyears = \"apart\"\nfolds = 5\ngap = 3",
    "design = \"year\"\nfolds = 4\nstarts = 10",
    "design = \"leave-location-and-time-out\"\nfolds = 3",
    "design = \"leave-location-and-time-out\"\nfolds = 3\nfuture = true\nby = \"place\"\nbuffer = 1\ngap = 10",
    "design = \"group-forward\"\nfolds = 3\nsets = 2",
    "design = \"holdout\"",
    "design = \"holdout\"\nby = \"group\"\nshare = 0.3\nbuffer = 1",
    "design = \"holdout\"\nby = \"block\"\nsize = 20",
    "design = \"holdout\"\nby = \"time\"\ngap = 10",
    "design = \"forward\"\nfolds = 4",
    "design = \"group\"\nfolds = 4",
    "design = \"leave-one-group-out\"\ngroup = \"basin\"",
];

/// 240 rows of 24 sites in 8 basins over eight years; `y` follows `a` and `b`.
fn table(change: impl Fn(usize, f64) -> f64) -> Table {
    let mut rng = Rng::new(21);
    let n = 240;
    let a: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let b: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let y = (0..n).map(|i| change(i, a[i] + 0.5 * b[i] + 0.2 * rng.normal())).collect();
    let site = |i: usize| i % 24;
    let label = |name: &str, of: &dyn Fn(usize) -> usize| {
        let labels: Vec<Option<String>> = (0..n).map(|i| Some(format!("{name}{}", of(i)))).collect();
        Column::class(name, Codes::from_labels(&labels))
    };
    let east = (0..n).map(|i| (site(i) % 8 * 12_000 + site(i) * 130) as f64).collect();
    let north = (0..n).map(|i| (site(i) / 8 * 30_000 + site(i) * 370) as f64).collect();
    let days: Vec<f64> = (0..n).map(|_| 10_957.0 + (rng.below(8 * 365)) as f64).collect();
    let mut day = Column::real("day", "", days);
    day.unit = Unit::new("days since 1970-01-01");
    let columns = vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::real("east", "m", east),
        Column::real("north", "m", north),
        day,
        label("site", &site),
        label("basin", &|i| site(i) / 3),
        Column::real("y", "m", y),
    ];
    Table::new(columns).unwrap()
}

fn run(table: Table, design: &str) -> (Rows, f64) {
    let recipe = Recipe::parse("recipe.toml", &RECIPE.replace("DESIGN", design)).unwrap();
    let plan = Plan::new(recipe, table, None).unwrap_or_else(|e| panic!("{design}: {e}"));
    let outcome = plan.run(&plan.context(2)).unwrap_or_else(|e| panic!("{design}: {e}"));
    let score = outcome.record.models[0].runs[0].scores.iter().find(|s| s.metric == "rmse").and_then(|s| s.pooled).unwrap();
    (outcome.rows, score)
}

#[test]
fn targets_held_out_by_any_design_never_reach_the_model_judged_on_them() {
    for design in DESIGNS {
        let (before, score) = run(table(|_, y| y), design);
        assert!(score < 0.4, "{design}: RMSE {score}");
        let fold = before.fold.iter().copied().find(Option::is_some).flatten();
        let held: Vec<usize> = (0..before.row.len()).filter(|&i| before.fold[i].is_some() && before.fold[i] == fold).collect();
        assert!(!held.is_empty(), "{design}");
        let (after, _) = run(table(|i, y| if held.iter().any(|&h| before.row[h] == i + 1) { 40.0 - 2.0 * y } else { y }), design);
        assert_eq!(before.fold, after.fold, "{design}: folds do not depend on the target");
        for &i in &held {
            assert_ne!(before.observed[i].to_bits(), after.observed[i].to_bits(), "{design}: the target of row {i} was changed");
            let same = before.predicted[i].to_bits() == after.predicted[i].to_bits();
            assert!(same, "{design}: row {i} was predicted with knowledge of its own fold's targets");
        }
    }
}

#[test]
fn designs_that_balance_the_target_see_it_without_being_named_stratified() {
    for design in [
        "design = \"stratified-group\"\nfolds = 4",
        "design = \"block\"\nsize = 15\nfolds = 3\nstratified = true",
        "design = \"holdout\"\nstratified = true",
    ] {
        assert!(run(table(|_, y| y), design).1 < 0.4, "{design}");
    }
}

/// Rows of one site on both sides of a fold are told, but where the fold is a stretch of time: there they are the point.
#[test]
fn groups_cut_apart_are_told_unless_times_are_held_out() {
    for (design, told) in [
        ("design = \"random\"\nfolds = 4", true),
        ("design = \"holdout\"", true),
        ("design = \"holdout\"\nby = \"time\"", false),
        ("design = \"forward\"\nfolds = 4", false),
        ("design = \"season\"", false),
        ("design = \"group\"\nfolds = 4", false),
        ("design = \"leave-location-and-time-out\"\nfolds = 3", false),
        ("design = \"group-forward\"\nfolds = 3\nsets = 2", false),
    ] {
        let recipe = Recipe::parse("recipe.toml", &RECIPE.replace("DESIGN", design)).unwrap();
        let plan = Plan::new(recipe, table(|_, y| y), None).unwrap();
        assert_eq!(plan.notes.iter().any(|n| n.code == "groups-apart"), told, "{design}");
    }
}
