//! Feature selection under the design: it finds what matters, tells its path, and its optimism is seen.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::{Outcome, Plan, Recipe};
use esker_core::feature_selection::FeatureSelection;
use esker_core::{Codes, Column, Rng, Table};

fn recipe(select: &str, model: &str) -> String {
    format!(
        r#"
title = "selection"
[data]
source = "none"
[roles]
target = "y"
features = ["f*"]
[validate]
design = "random"
folds = 4
[[model]]
kind = "{model}"
select = {select}
"#
    )
}

/// `n` rows of `p` features of noise; `y` follows the first `k` of them by `strength`.
fn table(n: usize, p: usize, (k, strength): (usize, f64), seed: u64) -> Table {
    let mut rng = Rng::new(seed);
    let features: Vec<Vec<f64>> = (0..p).map(|_| (0..n).map(|_| rng.normal()).collect()).collect();
    let y = (0..n).map(|i| features[..k].iter().map(|f| strength * f[i]).sum::<f64>() + rng.normal()).collect();
    let mut columns: Vec<Column> = features.into_iter().enumerate().map(|(j, f)| Column::real(format!("f{j:02}"), "m", f)).collect();
    columns.push(Column::real("y", "m", y));
    Table::new(columns).unwrap()
}

fn run(text: &str, table: Table, threads: usize) -> Outcome {
    let plan = Plan::new(Recipe::parse("recipe.toml", text).unwrap(), table, None).unwrap();
    plan.run(&plan.context(threads)).unwrap()
}

fn selection(outcome: &Outcome) -> &FeatureSelection {
    outcome.record.models[0].selection.as_ref().unwrap()
}

#[test]
fn what_matters_is_found_in_every_part_and_the_rest_mostly_left() {
    for (select, model) in [(r#""forward""#, "linear"), (r#""backward""#, "linear"), (r#"{ method = "forward", start = 1 }"#, "ridge")] {
        let outcome = run(&recipe(select, model), table(160, 8, (3, 1.0), 1), 2);
        let found = selection(&outcome);
        assert_eq!(found.paths.len(), 5, "one a fold, and one on all rows");
        assert_eq!(found.paths[4].part, "all rows");
        for path in &found.paths {
            for f in ["f00", "f01", "f02"] {
                assert!(path.chosen.iter().any(|c| c == f), "{select}: {} without {f}", path.part);
            }
            assert!(path.chosen.len() < 8);
            assert!(path.steps.iter().filter(|s| s.tried > 1).all(|s| s.worst >= s.score), "the best is no worse than the worst");
        }
        let used: Vec<&str> = outcome.record.explanation.as_ref().unwrap().features.iter().map(|f| f.name.as_str()).collect();
        assert!(used.len() < 9 && used.iter().all(|f| found.uses(f)));
        assert_eq!(outcome.model.header.schema.fields.len(), used.len(), "the model asks for what it uses");
    }
}

#[test]
fn noise_is_selected_but_gives_no_skill_and_selecting_first_would_have_flattered() {
    let text = recipe(r#""forward""#, "linear");
    let outcome = run(&text, table(60, 20, (0, 0.0), 3), 2);
    let naive = selection(&outcome).naive.as_ref().unwrap();
    let r2 = outcome.record.models[0].runs[0].scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap();
    assert!(r2 < 0.1, "R² {r2} of noise");
    assert!(naive.score < 0.93 * naive.nested, "selected on all rows {}, inside {}", naive.score, naive.nested);
    assert_eq!(Some(naive.nested), outcome.record.models[0].runs[0].scores.iter().find(|s| s.metric == "rmse").unwrap().mean);
}

#[test]
fn the_same_record_on_any_threads_and_in_any_order_of_columns() {
    let text = recipe(r#"{ method = "forward", most = 3 }"#, "forest");
    let made = table(80, 5, (2, 1.0), 5);
    let one = run(&text, made.clone(), 1);
    let two = run(&text, made.clone(), 2);
    assert_eq!(serde_json::to_string(&one.record).unwrap(), serde_json::to_string(&two.record).unwrap());
    let mut columns: Vec<Column> = made.columns().to_vec();
    columns.reverse();
    let other = run(&text, Table::new(columns).unwrap(), 2);
    assert_eq!(selection(&one), selection(&other));
    assert_eq!(one.record.models[0].runs, other.record.models[0].runs);
}

#[test]
fn features_that_belong_together_come_and_go_together_and_tuning_follows() {
    let text = recipe(r#"{ method = "backward", together = ["f0*", "z*"], within_se = true }"#, "ridge") + "tune = { trials = 3 }\n";
    let mut made = table(90, 12, (1, 2.0), 7);
    made.put(Column::real("f99", "m", (0..90).map(|i| f64::from(i % 7)).collect())).unwrap();
    let outcome = run(&text, made, 2);
    let found = selection(&outcome);
    assert_eq!(found.units.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["f0*", "f10", "f11", "f99"]);
    assert_eq!(found.units[0].1.len(), 10);
    assert!(found.paths.iter().all(|p| p.chosen.contains(&"f0*".to_owned())));
    assert_eq!(outcome.record.models[0].tuning.len(), 5);
    assert!(outcome.record.notes.iter().any(|n| n.code == "select-together" && n.text.contains("'z*'")));
}

#[test]
fn a_target_held_out_never_reaches_the_selection() {
    let text = recipe(r#""forward""#, "linear");
    let made = table(60, 6, (2, 1.0), 9);
    let before = run(&text, made.clone(), 2);
    let fold = before.rows.fold[0];
    let y = made.column("y").unwrap().reals().unwrap();
    let changed = y.iter().enumerate().map(|(i, v)| if before.rows.fold[i] == fold { 50.0 - 3.0 * v } else { *v }).collect();
    let mut other = made.clone();
    other.put(Column::real("y", "m", changed)).unwrap();
    let after = run(&text, other, 2);
    let f = fold.unwrap() as usize;
    assert_eq!(selection(&before).paths[f], selection(&after).paths[f]);
    assert_ne!(selection(&before).paths, selection(&after).paths);
}

#[test]
fn mistakes_are_refused_with_what_would_work() {
    let refused = |select: &str, p: usize| {
        let text = recipe(select, "linear");
        match Recipe::parse("recipe.toml", &text) {
            Err(findings) => findings.to_string(),
            Ok(recipe) => Plan::new(recipe, table(40, p, (1, 1.0), 1), None).err().unwrap().to_string(),
        }
    };
    insta::assert_snapshot!(refused("\"foward\"", 4), @r"
    recipe.toml:13:10: method of feature selection 'foward'; no such method of feature selection is known
      hint: did you mean 'forward'?
    ");
    insta::assert_snapshot!(refused("\"forward\"", 1), @r"
    recipe.toml:13:10: feature selection of model 'linear': got 1 to choose from; at least 2 features, or sets of them, are wanted
      hint: remove select, or name more features
    ");
    insta::assert_snapshot!(refused("{ method = \"backward\", start = 2 }", 4), @"recipe.toml:13:41: 'model[1].select.start'; only forward selection takes it");
    insta::assert_snapshot!(refused("{ method = \"forward\", start = 3 }", 4), @"recipe.toml:13:40: 'model[1].select.start': got 3; a whole number from 1 to 2 is wanted");
}

/// scikit-learn 1.9.1, `SequentialFeatureSelector(LinearRegression(), n_features_to_select="auto", tol=±1e-14)` with `LeaveOneGroupOut` and the
/// RMSE of `cross_val_score`, on the same columns made by the same formula; pairs by trying all of them there.
#[test]
fn the_path_is_that_of_scikit_learn() {
    let (n, p) = (96_u32, 7_u32);
    let feature = |i: u32, j: u32| f64::from((i * i * (j + 3) + 7 * i * (j + 1) + j) % 101) / 101.0;
    let mut columns: Vec<Column> = (0..p).map(|j| Column::real(format!("f{j}"), "m", (0..n).map(|i| feature(i, j)).collect())).collect();
    let y = |i| 2.0 * feature(i, 1) - 1.5 * feature(i, 4) + 0.6 * feature(i, 2) * feature(i, 5) + 0.3 * f64::from((i * 37) % 53) / 53.0;
    columns.push(Column::real("y", "m", (0..n).map(y).collect()));
    let groups: Vec<Option<String>> = (0..n).map(|i| Some(format!("g{}", (i * 5) % 4))).collect();
    columns.push(Column::class("g", Codes::from_labels(&groups)));
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-10, "{a} {b}");
    for (select, steps) in [
        (r#"{ method = "forward", start = 2 }"#, vec![0.15594426456326166, 0.1337454317358583, 0.10498483312873076, 0.10631560959119948]),
        (r#"{ method = "forward", start = 1 }"#, Vec::new()),
        (r#""backward""#, Vec::new()),
    ] {
        let text = recipe(select, "linear")
            .replace("design = \"random\"\nfolds = 4", "design = \"leave-one-group-out\"\ninner = 4")
            .replace("features = [\"f*\"]", "group = \"g\"");
        let outcome = run(&text, Table::new(columns.clone()).unwrap(), 2);
        let path = selection(&outcome).paths.last().unwrap();
        let mut chosen = path.chosen.clone();
        chosen.sort();
        assert_eq!(chosen, ["f1", "f2", "f4", "f5"], "{select}");
        near(path.score, 0.10498483312873078);
        near(path.all_score.unwrap(), 0.10981926377477745);
        path.steps.iter().zip(&steps).for_each(|(step, expected)| near(step.score, *expected));
        assert!(steps.is_empty() || path.steps.len() == steps.len());
    }
}
