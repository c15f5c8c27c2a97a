//! The design is sealed: what a fold holds out never reaches the model that is judged on it, tuning included.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::record::Rows;
use esker::{Plan, Recipe};
use esker_core::{Codes, Column, Context, Rng, Table, Targets};
use esker_models::{Kind, Prepare};

const RECIPE: &str = r#"
title = "sealed"
[data]
source = "none"
[roles]
target = "y"
group = "site"
features = ["a", "b", "rock"]
[validate]
design = "group"
folds = 4
[[model]]
kind = "MODEL"
TUNE
[explain]
importance = false
"#;

/// 120 rows of 30 sites; `y` follows `a`, `b` and the rock, with gaps in `a`.
fn table() -> Table {
    let mut rng = Rng::new(11);
    let n = 120;
    let a: Vec<f64> = (0..n).map(|i| if i % 17 == 3 { f64::NAN } else { rng.normal() }).collect();
    let b: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let rock: Vec<Option<&str>> = (0..n).map(|_| Some(["chalk", "marl", "shale"][rng.below(3)])).collect();
    let y = (0..n)
        .map(|i| if a[i].is_nan() { 0.5 } else { a[i] } + 0.5 * b[i] * b[i] + f64::from(rock[i] == Some("marl")) + 0.1 * rng.normal());
    let y: Vec<f64> = y.collect();
    let site: Vec<Option<String>> = (0..n).map(|i| Some(format!("s{}", i / 4))).collect();
    Table::new(vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::class("rock", Codes::from_labels(&rock)),
        Column::class("site", Codes::from_labels(&site)),
        Column::real("y", "m", y),
    ])
    .unwrap()
}

fn run(table: Table, model: &str, tune: &str) -> (Rows, f64) {
    let recipe = Recipe::parse("recipe.toml", &RECIPE.replace("MODEL", model).replace("TUNE", tune)).unwrap();
    let plan = Plan::new(recipe, table, None).unwrap();
    let cx: Context = plan.context(2);
    let outcome = plan.run(&cx).unwrap();
    let scores = &outcome.record.models[0].runs[0].scores;
    let r2 = scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap();
    (outcome.rows, r2)
}

fn with_target(change: impl Fn(usize, f64) -> f64) -> Table {
    let mut table = table();
    let y = table.column("y").unwrap().reals().unwrap();
    let changed = y.iter().enumerate().map(|(i, v)| change(i, *v)).collect();
    table.put(Column::real("y", "m", changed)).unwrap();
    table
}

#[test]
fn targets_held_out_by_a_fold_never_reach_the_model_judged_on_it() {
    for (model, tune) in [
        ("ridge", "tune = { trials = 4 }"),
        ("boosting", "trees = 15\ntune = { trials = 3 }"),
        ("neighbours", ""),
        ("forest", "trees = 10"),
    ] {
        let (before, _) = run(table(), model, tune);
        let fold = before.fold[0];
        let (after, _) = run(with_target(|i, y| if before.fold[i] == fold { 50.0 - 3.0 * y } else { y }), model, tune);
        assert_eq!(before.fold, after.fold, "{model}: folds do not depend on the target");
        let mut others_changed = false;
        for i in 0..before.row.len() {
            let same = before.predicted[i].to_bits() == after.predicted[i].to_bits();
            if before.fold[i] == fold {
                assert!(same, "{model}: row {i} was predicted with knowledge of its own fold's targets");
            }
            others_changed |= !same;
        }
        assert!(others_changed, "{model}: the changed targets were never learned from");
    }
}

#[test]
fn a_shuffled_target_gives_no_skill_and_the_true_one_does() {
    let y = table().column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(5).shuffle(&mut order);
    for (model, tune) in
        [("ridge", "tune = { trials = 6 }"), ("forest", "trees = 50"), ("boosting", "trees = 50\nmin_leaf = 5\ntune = { trials = 3 }")]
    {
        let (_, skill) = run(table(), model, tune);
        assert!(skill > 0.3, "{model}: R² {skill} of the true target");
        let (_, none) = run(with_target(|i, _| y[order[i]]), model, tune);
        assert!(none < 0.1, "{model}: R² {none} of a shuffled target");
    }
}

/// Simple answers are held to the same: a shuffled target leaves nothing against them, and the skill of the true one is no gift of the target's.
#[test]
fn a_shuffled_target_gives_no_skill_against_simple_answers() {
    let y = table().column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(5).shuffle(&mut order);
    let skill = |table: Table| {
        let text = RECIPE.replace("MODEL", "forest").replace("TUNE", "trees = 50");
        let text =
            text.replace("group = \"site\"", "group = \"site\"\ntime = \"day\"").replace("design = \"group\"", "design = \"forward\"");
        let mut table = table;
        table.put(Column::real("day", "days since 1970-01-01", (0..120).map(|i| f64::from(9 * (i / 4) + i % 4)).collect())).unwrap();
        let plan = Plan::new(Recipe::parse("recipe.toml", &text).unwrap(), table, None).unwrap();
        let skill = plan.run(&plan.context(2)).unwrap().record.skill.unwrap();
        skill.references.iter().map(|r| (r.kind.clone(), r.models[0].skill)).collect::<Vec<_>>()
    };
    let found = skill(table());
    assert!(found.iter().any(|(kind, s)| kind == "mean" && *s > 0.3), "{found:?}");
    let none = skill(with_target(|i, _| y[order[i]]));
    assert!(none.iter().any(|(kind, s)| kind == "mean" && *s < 0.1), "{none:?}");
}

/// Every estimator on a shuffled target, numbers and classes, with the settings it has by itself.
#[test]
fn no_estimator_finds_skill_in_a_shuffled_target() {
    let y = table().column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(7).shuffle(&mut order);
    let shuffled = with_target(|i, _| y[order[i]]);
    let mut classes = shuffled.clone();
    let labels: Vec<Option<&str>> = order.iter().map(|&i| Some(if y[i] > 0.5 { "thinning" } else { "growing" })).collect();
    classes.put(Column::class("y", Codes::from_labels(&labels))).unwrap();
    let adjusted = ["", "calibrate = \"isotonic\"\nthreshold = \"f1\"", "calibrate = \"platt\"\nthreshold = \"youden\""];
    let with =
        |kind: Kind| adjusted.into_iter().filter(move |a| a.is_empty() || [Kind::Logistic, Kind::Forest, Kind::Boosting].contains(&kind));
    for (kind, adjust) in Kind::ALL.into_iter().flat_map(|kind| with(kind).map(move |adjust| (kind, adjust))) {
        let takes = kind.estimator(&esker_core::Settings::defaults(&kind.parameters())).needs().target;
        if takes != Targets::Class && adjust.is_empty() {
            let (_, skill) = run(shuffled.clone(), kind.name(), "");
            assert!(skill < 0.1, "{}: R² {skill}", kind.name());
        }
        if takes != Targets::Real {
            let recipe = Recipe::parse("recipe.toml", &RECIPE.replace("MODEL", kind.name()).replace("TUNE", adjust)).unwrap();
            let plan = Plan::new(recipe, classes.clone(), None).unwrap();
            let outcome = plan.run(&plan.context(2)).unwrap();
            let scores = &outcome.record.models[0].runs[0].scores;
            let accuracy = scores.iter().find(|s| s.metric == "balanced-accuracy").and_then(|s| s.pooled).unwrap();
            assert!(accuracy < 0.62, "{} {adjust}: balanced accuracy {accuracy}", kind.name());
        }
    }
}

/// What the final hold-out locks reaches nothing: neither a score nor a prediction, however far its targets are.
#[test]
fn targets_of_locked_rows_never_reach_any_model() {
    let locked = |table: Table, model: &str, tune: &str| {
        let text = RECIPE.replace("folds = 4", "folds = 4\nfinal = \"group\"").replace("MODEL", model).replace("TUNE", tune);
        let plan = Plan::new(Recipe::parse("recipe.toml", &text).unwrap(), table, None).unwrap();
        let outcome = plan.run(&plan.context(2)).unwrap();
        (outcome.record, outcome.rows)
    };
    for (model, tune) in [("ridge", "tune = { trials = 4 }"), ("boosting", "trees = 15"), ("neighbours", ""), ("group-mean", "")] {
        let (record, rows) = locked(table(), model, tune);
        let seen: Vec<usize> = rows.row.iter().map(|r| r - 1).collect();
        let (after, again) = locked(with_target(|i, y| if seen.contains(&i) { y } else { 900.0 + y }), model, tune);
        assert!(seen.len() < 110, "{model}: {} rows are seen", seen.len());
        assert_eq!(record, after, "{model}");
        assert_eq!(rows.predicted, again.predicted, "{model}");
    }
}

/// A shuffled target is as uncertain held out as it is by itself, whatever makes the intervals.
#[test]
fn intervals_of_a_shuffled_target_are_as_wide_as_the_target_itself() {
    let y = table().column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(5).shuffle(&mut order);
    let mut sorted = y.clone();
    sorted.sort_by(f64::total_cmp);
    // From the 10th to the 90th of a hundred: what an interval at 0.8 must span without knowing more.
    let wide = sorted[108] - sorted[12];
    for (model, method) in [("ridge", "method = \"cv+\""), ("ridge", "method = \"minmax\""), ("boosting", "method = \"cqr\"")] {
        let text =
            RECIPE.replace("MODEL", model).replace("TUNE", if model == "boosting" { "trees = 30\nspread = \"quantiles\"" } else { "" });
        let recipe = Recipe::parse("recipe.toml", &format!("{text}[intervals]\nlevel = 0.8\n{method}\n")).unwrap();
        let intervals = |table: Table| {
            let plan = Plan::new(recipe.clone(), table, None).unwrap();
            plan.run(&plan.context(2)).unwrap().record.intervals.unwrap()
        };
        let (known, none) = (intervals(table()), intervals(with_target(|i, _| y[order[i]])));
        assert!(
            none.width > 0.95 * wide && known.width < 0.8 * none.width,
            "{method}: {} of the true target, {} of a shuffled one, {wide}",
            known.width,
            none.width
        );
        assert!((none.coverage - 0.8).abs() < 0.12, "{method}: {}", none.coverage);
    }
}

/// A design that the adviser chose for a stated use is drawn from the support alone, and a shuffled target has no skill under it.
#[test]
fn a_design_chosen_for_a_use_does_not_see_the_target() {
    let y = table().column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(5).shuffle(&mut order);
    let run = |table: Table| {
        let text = RECIPE.replace("design = \"group\"", "design = \"auto\"\nwanted = \"other-groups\"");
        let plan =
            Plan::new(Recipe::parse("recipe.toml", &text.replace("MODEL", "forest").replace("TUNE", "trees = 50")).unwrap(), table, None);
        let outcome = plan.unwrap().run(&Context::new(1, 2)).unwrap();
        let scores = &outcome.record.models[0].runs[0].scores;
        (
            outcome.record.advice.unwrap().chosen,
            outcome.rows.fold.clone(),
            scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap(),
        )
    };
    let (chosen, folds, skill) = run(table());
    let (other, shuffled, none) = run(with_target(|i, _| y[order[i]]));
    assert_eq!((chosen.as_str(), &folds), ("group", &shuffled));
    assert_eq!(chosen, other);
    assert!(skill > 0.3 && none < 0.1, "R² {skill}, of a shuffled target {none}");
}

/// A recipe with a step of preparation, on rows that know when they were.
fn prepared(table: &Table, model: &str, step: &str) -> (Rows, f64) {
    let text = RECIPE.replace("MODEL", model).replace("TUNE", "").replace("group = \"site\"", "group = \"site\"\ntime = \"day\"");
    let mut table = table.clone();
    table.put(Column::real("day", "days since 1970-01-01", (0..120).map(|i| f64::from(90 * (i % 4) + i)).collect())).unwrap();
    let plan = Plan::new(Recipe::parse("recipe.toml", &format!("{text}{step}")).unwrap(), table, None).unwrap();
    let outcome = plan.run(&plan.context(2)).unwrap();
    let scores = &outcome.record.models[0].runs[0].scores;
    let r2 = scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap();
    (outcome.rows, r2)
}

/// Each step of the catalog as a recipe writes it; those that may name the target do.
fn every_step() -> Vec<String> {
    let one = |step: Prepare| {
        let more: &[&str] = match step {
            Prepare::Transform => &["method = \"yeo-johnson\""],
            Prepare::Impute => &["method = \"median\"", "method = \"nearest\"", "method = \"model\""],
            Prepare::Encode => &["method = \"one-hot\"", "method = \"ordinal\"", "method = \"target\""],
            Prepare::Gradient => &["along = \"b\""],
            Prepare::Lag => &["columns = [\"*\", \"y\"]"],
            Prepare::Rolling => &["columns = [\"*\", \"y\"]\nwindows = 2\nleast = 1"],
            _ => &[""],
        };
        more.iter().map(move |m| format!("[[prepare]]\nstep = \"{}\"\n{m}\n", step.name())).collect::<Vec<_>>()
    };
    Prepare::ALL.into_iter().flat_map(one).collect()
}

/// Whatever is prepared, held-out targets stay out, also under a transform of the target.
#[test]
fn targets_held_out_never_reach_the_preparation() {
    let mut steps = every_step();
    steps.push(steps.concat());
    for step in steps {
        let (before, _) = prepared(&table(), "ridge", &step);
        let fold = before.fold[0];
        let changed = with_target(|i, y| if before.fold[i] == fold { 50.0 - 3.0 * y } else { y });
        let (after, _) = prepared(&changed, "ridge", &step);
        let bits = |rows: &Rows, own: bool| -> Vec<u64> {
            (0..rows.row.len()).filter(|&i| (before.fold[i] == fold) == own).map(|i| rows.predicted[i].to_bits()).collect()
        };
        assert_eq!(bits(&before, true), bits(&after, true), "{step}: a fold was predicted with knowledge of its own targets");
        assert_ne!(bits(&before, false), bits(&after, false), "{step}: the changed targets were never learned from");
    }
}

/// Means of the target by classes of few rows each are the easiest way to learn a target by heart.
#[test]
fn a_shuffled_target_gives_no_skill_with_target_encoding() {
    let y = table().column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(9).shuffle(&mut order);
    let step = "[[prepare]]\nstep = \"encode\"\nmethod = \"target\"\nsmoothing = 0\n";
    for model in ["ridge", "boosting", "forest"] {
        for design in ["group", "random"] {
            let skill = |mut table: Table| {
                let cells: Vec<Option<String>> = (0..120).map(|i| Some(format!("cell {}", i * 7 % 40))).collect();
                table.put(Column::class("rock", Codes::from_labels(&cells))).unwrap();
                let text =
                    RECIPE.replace("MODEL", model).replace("TUNE", "").replace("design = \"group\"", &format!("design = \"{design}\""));
                let plan = Plan::new(Recipe::parse("recipe.toml", &format!("{text}{step}")).unwrap(), table, None).unwrap();
                let outcome = plan.run(&plan.context(2)).unwrap();
                let scores = &outcome.record.models[0].runs[0].scores;
                scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap()
            };
            let none = skill(with_target(|i, _| y[order[i]]));
            assert!(none < 0.1, "{model}, {design}: R² {none} of a shuffled target");
        }
    }
}
