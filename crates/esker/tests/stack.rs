//! Stacks: mixes of models, weighed on inner folds of the same design.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::record::{ALL_ROWS, Record};
use esker::{LoadedModel, Plan, Recipe};
use esker_core::{Codes, Column, Context, Rng, Table};

const RECIPE: &str = r#"
[data]
source = "none"
[roles]
target = "y"
group = "site"
features = ["a", "b", "c"]
[validate]
design = "group"
folds = 4
"#;
const MODELS: &str = r#"
[[model]]
kind = "mean"
[[model]]
kind = "ridge"
select = "forward"
[[model]]
kind = "forest"
trees = 30
tune = { trials = 3 }
[[model]]
kind = "stack"
of = ["ridge", "forest", "mean"]
"#;
const REST: &str = "[explain]\nimportance = false\n";

/// 160 rows of 40 sites: a line in `a` and steps in `b`, of which neither a line nor few trees make all.
fn table(classes: bool) -> Table {
    let mut rng = Rng::new(4);
    let n = 160;
    let mut column = || (0..n).map(|_| rng.normal()).collect::<Vec<f64>>();
    let (a, b, c, noise) = (column(), column(), column(), column());
    let y: Vec<f64> = (0..n).map(|i| 2.0 * a[i] + 2.0 * f64::from((b[i] * 2.0).sin() > 0.2) + 0.4 * noise[i]).collect();
    let site: Vec<Option<String>> = (0..n).map(|i| Some(format!("s{}", i / 4))).collect();
    let named: Vec<Option<&str>> = y.iter().map(|y| Some(if *y > 1.0 { "slide" } else { "none" })).collect();
    let target = if classes { Column::class("y", Codes::from_labels(&named)) } else { Column::real("y", "m", y) };
    Table::new(vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::real("c", "m", c),
        Column::class("site", Codes::from_labels(&site)),
        target,
    ])
    .unwrap()
}

fn with_target(change: impl Fn(usize, f64) -> f64) -> Table {
    let mut table = table(false);
    let y = table.column("y").unwrap().reals().unwrap();
    let changed = y.iter().enumerate().map(|(i, v)| change(i, *v)).collect();
    table.put(Column::real("y", "m", changed)).unwrap();
    table
}

fn run(models: &str, table: Table, threads: usize) -> esker::Outcome {
    let recipe = Recipe::parse("recipe.toml", &format!("{RECIPE}{models}{REST}")).unwrap();
    let plan = Plan::new(recipe, table, None).unwrap();
    plan.run(&plan.context(threads)).unwrap()
}

fn score(record: &Record, model: &str, metric: &str) -> f64 {
    let model = record.models.iter().find(|m| m.name == model).unwrap();
    model.runs[0].scores.iter().find(|s| s.metric == metric).and_then(|s| s.pooled).unwrap()
}

fn predicted(outcome: &esker::Outcome, table: Table) -> Vec<f64> {
    let model = LoadedModel::from_bytes("m", &outcome.model.to_bytes()).unwrap();
    model.predict(table, &Context::new(1, 1)).unwrap().table.column("y_predicted").unwrap().reals().unwrap().to_vec()
}

#[test]
fn a_stack_mixes_the_very_models_that_are_judged_alone() {
    let outcome = run(MODELS, table(false), 2);
    let record = &outcome.record;
    assert_eq!(record.chosen.model, "stack");
    let best = score(record, "ridge", "rmse").min(score(record, "forest", "rmse"));
    assert!(score(record, "stack", "rmse") < best, "{} {best}", score(record, "stack", "rmse"));
    let stack = record.models[3].stack.clone().unwrap();
    assert_eq!((stack.of.as_slice(), stack.parts.len()), (["ridge".to_owned(), "forest".into(), "mean".into()].as_slice(), 5));
    for part in &stack.parts {
        assert!((part.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12 && part.weights.iter().all(|w| *w >= 0.0), "{part:?}");
        assert!(part.weights[0] > 0.1 && part.weights[1] > 0.1 && part.weights[2] < 0.1, "{part:?}");
    }
    // The final models are those that would have been fitted if they had been chosen alone.
    let weights = &stack.parts.iter().find(|p| p.part == ALL_ROWS).unwrap().weights;
    let parts: Vec<&str> = MODELS.split("[[model]]").collect();
    let alone: Vec<Vec<f64>> =
        [2, 3, 1].iter().map(|&k| predicted(&run(&format!("[[model]]{}", parts[k]), table(false), 1), table(false))).collect();
    for (i, said) in predicted(&outcome, table(false)).iter().enumerate() {
        let mixed: f64 = weights.iter().zip(&alone).map(|(w, a)| w * a[i]).sum();
        assert!((said - mixed).abs() < 1e-12, "row {i}: {said} against {mixed}");
    }
}

#[test]
fn threads_change_no_bit_of_a_stack() {
    let (one, three) = (run(MODELS, table(false), 1), run(MODELS, table(false), 3));
    assert_eq!(one.record, three.record);
    assert_eq!(one.model.to_bytes(), three.model.to_bytes());
}

#[test]
fn targets_held_out_by_a_fold_never_reach_the_stack_judged_on_it() {
    let before = run(MODELS, table(false), 2);
    let fold = before.rows.fold[0];
    let after = run(MODELS, with_target(|i, y| if before.rows.fold[i] == fold { y + 0.5 * f64::from(i as u8 % 3) } else { y }), 2);
    assert_eq!((before.record.chosen.model.as_str(), after.record.chosen.model.as_str()), ("stack", "stack"));
    let mut others_changed = false;
    for i in 0..before.rows.row.len() {
        let same = before.rows.predicted[i].to_bits() == after.rows.predicted[i].to_bits();
        assert!(same || before.rows.fold[i] != fold, "row {i} was predicted with knowledge of its own fold's targets");
        others_changed |= !same;
    }
    assert!(others_changed);
}

#[test]
fn a_stack_finds_no_skill_in_a_shuffled_target() {
    let y = table(false).column("y").unwrap().reals().unwrap().to_vec();
    let mut order: Vec<usize> = (0..y.len()).collect();
    Rng::new(5).shuffle(&mut order);
    assert!(score(&run(MODELS, table(false), 2).record, "stack", "r2") > 0.5);
    let none = run(MODELS, with_target(|i, _| y[order[i]]), 2).record;
    assert!(score(&none, "stack", "r2") < 0.1, "{}", score(&none, "stack", "r2"));
}

#[test]
fn probabilities_are_mixed_with_those_of_calibrated_models() {
    let models = "[[model]]\nkind = \"logistic\"\n[[model]]\nkind = \"forest\"\ntrees = 30\ncalibrate = \"platt\"\n\
        [[model]]\nkind = \"stack\"\nof = [\"logistic\", \"forest\"]\n[[model]]\nkind = \"stack\"\nname = \"again\"\nof = [\"forest\", \"logistic\"]\n";
    let outcome = run(models, table(true), 2);
    let record = &outcome.record;
    assert!(outcome.rows.probability.chunks(2).all(|p| (p[0] + p[1] - 1.0).abs() < 1e-12));
    let brier = |model| score(record, model, "brier");
    assert!(brier("stack") < brier("logistic").max(brier("forest")));
    // The order in which models are named is no matter.
    assert!((brier("stack") - brier("again")).abs() < 1e-6, "{} {}", brier("stack"), brier("again"));
}

#[test]
fn stacks_that_cannot_be_made_are_refused() {
    let faults = |models: &str| {
        let Err(findings) = Recipe::parse("recipe.toml", &format!("{RECIPE}{models}")) else { return "no fault".to_owned() };
        findings.list.iter().map(|f| f.error.to_string()).collect::<Vec<_>>().join("\n")
    };
    let two = "[[model]]\nkind = \"ridge\"\n[[model]]\nkind = \"forest\"\n";
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\n")), @r#"
    'model[3].of': got none; a stack is made of at least two models
      hint: write of = ["ridge", "boosting"]
    "#);
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\nof = [\"ridge\"]\n")), @r#"
    'model[3].of': got ridge; a stack is made of at least two models
      hint: write of = ["ridge", "boosting"]
    "#);
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\nof = [\"ridge\", \"forst\"]\n")), @r"
    model above the stack 'forst'; no such model above the stack is known
      hint: did you mean 'forest'?
    ");
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\nof = [\"ridge\", \"forest\", \"ridge\"]\ntune = {{ trials = 3 }}\n")), @r"
    'model[3].of': got 'ridge' twice; each model is mixed once
    'model[3].tune'; a stack mixes models as they are
      hint: write it in the models that the stack is made of
    ");
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\nof = [\"ridge\", \"forest\"]\ndepth = 3\n")), @r"
    key 'model[3].depth'; no such key is known here
      hint: known keys are kind, name, of
    ");
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\nof = [\"ridge\", \"forest\"]\n[[model]]\nkind = \"linear\"\n")), @r"
    model 'linear': got below the stack 'stack'; stacks stand below all other models
      hint: move it above the first stack
    ");
    insta::assert_snapshot!(faults(&format!("{two}[[model]]\nkind = \"stack\"\nname = \"ridge\"\nof = [\"ridge\", \"forest\"]\n")), @r#"
    model 'ridge'; model names are unique
      hint: add name = "…"
    "#);
}
