//! Scores, comparisons and importance on small made tables: folds of one row, a single fold, bias, weights.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::record::{Comparison, ModelRecord, Record, Score};
use esker::{Outcome, Plan, Recipe};
use esker_core::{Codes, Column, Rng, Table};

const RECIPE: &str = r#"
title = "scores"
[data]
source = "none"
[roles]
target = "y"
place = { x = "east", y = "north", crs = "EPSG:32632" }
features = ["a", "b"]
ROLES
[validate]
VALIDATE
[[model]]
kind = "mean"
[[model]]
kind = "ridge"
[explain]
effects = 0
"#;

/// 60 rows of 12 sites; `y` follows `a`, which is one value at a site.
fn table() -> Table {
    let mut rng = Rng::new(5);
    let n = 60;
    let site = |i: usize| i % 12;
    let of_site: Vec<f64> = (0..12).map(|_| rng.normal()).collect();
    let a: Vec<f64> = (0..n).map(|i| of_site[site(i)]).collect();
    let b: Vec<f64> = (0..12).map(|_| rng.normal()).collect();
    let b: Vec<f64> = (0..n).map(|i| b[site(i)]).collect();
    let y: Vec<f64> = a.iter().map(|a| 5.0 + 2.0 * a + 0.3 * rng.normal()).collect();
    let labels: Vec<Option<String>> = (0..n).map(|i| Some(format!("s{}", site(i)))).collect();
    let east = (0..n).map(|_| 10_000.0 * rng.uniform()).collect();
    let north = (0..n).map(|_| 10_000.0 * rng.uniform()).collect();
    Table::new(vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::real("east", "m", east),
        Column::real("north", "m", north),
        Column::class("site", Codes::from_labels(&labels)),
        Column::real("y", "m", y),
    ])
    .unwrap()
}

fn run(roles: &str, validate: &str) -> Outcome {
    let recipe = Recipe::parse("recipe.toml", &RECIPE.replace("ROLES", roles).replace("VALIDATE", validate)).unwrap();
    let plan = Plan::new(recipe, table(), None).unwrap_or_else(|e| panic!("{validate}: {e}"));
    plan.run(&plan.context(2)).unwrap_or_else(|e| panic!("{validate}: {e}"))
}

fn score<'a>(model: &'a ModelRecord, metric: &str) -> &'a Score {
    model.runs[0].scores.iter().find(|s| s.metric == metric).unwrap()
}

fn only(record: &Record) -> &Comparison {
    assert_eq!(record.comparisons.len(), 1);
    &record.comparisons[0]
}

const ALONE: &str = "design = \"buffer\"\nradius = 0.1\n";

#[test]
fn folds_of_one_row_have_the_score_of_all_rows_together() {
    let outcome = run("", &format!("{ALONE}metric = \"rmse\"\ncompare = [\"random\"]"));
    let record = &outcome.record;
    let ridge = &record.models[1];
    let rmse = score(ridge, "rmse");
    let error: Vec<f64> = outcome.rows.observed.iter().zip(&outcome.rows.predicted).map(|(o, p)| (p - o).powi(2)).collect();
    let whole = (error.iter().sum::<f64>() / error.len() as f64).sqrt();
    assert!((rmse.headline().unwrap() - whole).abs() < 1e-12, "{rmse:?}");
    assert!(rmse.mean.is_none() && rmse.sd.is_none() && rmse.folds.is_empty());
    // A mean over rows is a mean over folds of one row.
    let mae = score(ridge, "mae");
    assert!((mae.mean.unwrap() - mae.pooled.unwrap()).abs() < 1e-12 && mae.folds.len() == 60);
    assert!(record.chosen.reason.contains("on all held-out rows together"), "{}", record.chosen.reason);
    let c = only(record);
    assert_eq!(c.winner, "b");
    assert!((c.difference - (score(&record.models[0], "rmse").pooled.unwrap() - whole)).abs() < 1e-12);
    let page = esker_report::page::page(record, &outcome.rows, &[]);
    assert!(page.contains("a difference on all held-out rows together"));
}

#[test]
fn scores_that_no_single_row_has_choose_a_model() {
    for metric in ["r2", "correlation", "kge"] {
        let record = run("", &format!("{ALONE}metric = \"{metric}\"")).record;
        assert!(record.chosen.model == "ridge" && score(&record.models[1], metric).pooled.unwrap() > 0.9, "{metric}");
    }
}

#[test]
fn importance_is_measured_where_a_fold_has_nothing_to_shuffle() {
    for (roles, validate) in [("", ALONE), ("group = \"site\"", "design = \"leave-one-group-out\"")] {
        let record = run(roles, validate).record;
        let first = &record.explanation.as_ref().unwrap().features[0];
        assert!(first.name == "a" && first.mean > 0.5, "{validate}: {first:?}");
        assert!(record.notes.iter().any(|n| n.code == "importance-all-folds"), "{validate}");
        assert!(record.notes.iter().all(|n| n.code != "applicability-weights"), "{validate}");
    }
}

#[test]
fn one_fold_compares_nothing_and_says_so() {
    let record = run("", "design = \"holdout\"").record;
    assert!(record.comparisons.is_empty());
    assert!(record.chosen.reason.ends_with("; no paired difference from mean could be computed"), "{}", record.chosen.reason);
}

#[test]
fn biases_are_compared_by_their_sizes() {
    let record = run("group = \"site\"", "design = \"leave-one-group-out\"\nmetric = \"bias\"").record;
    let c = only(&record);
    let size = |m: &ModelRecord| score(m, "bias").folds.iter().flatten().map(|v| v.abs()).sum::<f64>() / 12.0;
    assert!((c.difference - (size(&record.models[0]) - size(&record.models[1]))).abs() < 1e-12);
    assert_eq!(c.winner, "b", "{c:?}");
}

#[test]
fn scores_of_groups_are_weighted_as_the_others_are() {
    let groups = |more: &str| {
        let record = run("group = \"site\"\nweight = { declustered = \"2 km\" }", &format!("design = \"group\"\nfolds = 4\n{more}")).record;
        let run = record.models.into_iter().find(|m| m.name == record.chosen.model).unwrap().runs.remove(0);
        run.groups.into_iter().map(|g| g.score.unwrap()).sum::<f64>()
    };
    assert_ne!(groups("weighted = true"), groups("weighted = false"));
}
