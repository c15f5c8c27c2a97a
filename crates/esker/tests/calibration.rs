//! Calibration and thresholds inside a run: learned in each training part alone, kept in the model file, refused where they cannot be had.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::{LoadedModel, Outcome, Plan, Recipe};
use esker_core::{Codes, Column, Rng, Table};

const RECIPE: &str = r#"
title = "calibration"
[data]
source = "none"
[roles]
target = "rock"
group = "site"
features = ["a", "b"]
[validate]
design = "group"
folds = 4
metric = "log-loss"
[[model]]
kind = "forest"
trees = 12
ADJUST
[explain]
importance = false
"#;

/// 160 rows of 40 sites; the rock follows `a` and `b`, but not surely.
fn table(classes: usize) -> Table {
    let mut rng = Rng::new(21);
    let n = 160;
    let a: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let b: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let names = ["chalk", "marl", "shale"];
    let rock: Vec<Option<&str>> = (0..n)
        .map(|i| {
            let score = a[i] + 0.5 * b[i] + rng.normal();
            Some(names[if classes == 2 { usize::from(score > 0.6) } else { usize::from(score > 0.6) + usize::from(score < -0.8) * 2 }])
        })
        .collect();
    let site: Vec<Option<String>> = (0..n).map(|i| Some(format!("s{}", i / 4))).collect();
    Table::new(vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::class("rock", Codes::from_labels(&rock)),
        Column::class("site", Codes::from_labels(&site)),
    ])
    .unwrap()
}

fn plan(table: Table, adjust: &str) -> Result<Plan, String> {
    let told = |f: esker::Findings| f.list.iter().map(|f| f.error.to_string()).collect::<Vec<_>>().join("\n");
    Recipe::parse("recipe.toml", &RECIPE.replace("ADJUST", adjust)).and_then(|r| Plan::new(r, table, None)).map_err(told)
}

fn run(table: Table, adjust: &str) -> Outcome {
    let plan = plan(table, adjust).unwrap();
    plan.run(&plan.context(2)).unwrap()
}

#[test]
fn calibrated_probabilities_rise_with_the_raw_ones_and_sum_to_one() {
    for classes in [2, 3] {
        let raw = run(table(classes), "").rows;
        for how in ["isotonic", "platt"] {
            let outcome = run(table(classes), &format!("calibrate = \"{how}\""));
            let rows = &outcome.rows;
            assert!(rows.probability.chunks_exact(classes).all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-12));
            let told = &outcome.record.models[0];
            assert_eq!(told.adjustment.as_ref().unwrap().calibration.as_deref(), Some(how));
            let curves = (&told.runs[0].calibration, &told.runs[0].uncalibrated);
            assert_eq!((curves.0.len(), curves.1.len()), if classes == 2 { (1, 1) } else { (3, 3) });
            assert_ne!(curves.0, curves.1);
            if classes == 3 {
                continue;
            }
            for fold in 0..4 {
                let mut order: Vec<usize> = (0..160).filter(|&i| rows.fold[i] == Some(fold)).collect();
                assert!(raw.fold == rows.fold && order.len() > 20);
                order.sort_by(|&i, &j| raw.probability[2 * i].total_cmp(&raw.probability[2 * j]));
                assert!(order.windows(2).all(|w| rows.probability[2 * w[0]] <= rows.probability[2 * w[1]]), "{how}");
            }
            assert!(curves.0[0].brier < curves.1[0].brier + 0.03, "{how}");
        }
    }
}

#[test]
fn a_threshold_is_chosen_in_each_fold_and_kept_in_the_model() {
    let outcome = run(table(2), "calibrate = \"isotonic\"\nthreshold = { by = \"f1\", of = \"marl\" }");
    let told = outcome.record.models[0].adjustment.clone().unwrap().threshold.unwrap();
    assert_eq!((told.by.as_str(), told.class.as_str(), told.parts.len()), ("f1", "marl", 5));
    assert_eq!(told.parts[4].part, "all rows");
    assert!(told.parts.iter().all(|p| p.score.unwrap() >= p.at_half.unwrap() - 1e-12));
    for i in 0..160 {
        let from = told.parts[outcome.rows.fold[i].unwrap() as usize].from;
        assert_eq!(outcome.rows.predicted[i] == 1.0, outcome.rows.probability[2 * i + 1] >= from, "row {i}");
    }
    let model = LoadedModel::from_bytes("model.esker", &outcome.model.to_bytes()).unwrap();
    let said = model.predict(table(2), &esker::Context::new(1, 2)).unwrap().table;
    let codes = said.column("rock_predicted").unwrap().classes().unwrap();
    let p = said.column("rock_p_marl").unwrap().reals().unwrap();
    assert!((0..160).all(|i| (codes.label(i) == Some("marl")) == (p[i] >= told.parts[4].from)));
    let given = run(table(2), "threshold = { by = 0.9, of = \"chalk\" }");
    assert!((0..160).all(|i| (given.rows.predicted[i] == 0.0) == (given.rows.probability[2 * i] >= 0.9)));
    assert!(given.record.models[0].runs[0].uncalibrated.is_empty());
}

#[test]
fn tuning_comes_first_and_threads_change_nothing() {
    let adjust = "tune = { trials = 3 }\ncalibrate = \"platt\"\nthreshold = \"youden\"";
    let plan = plan(table(2), adjust).unwrap();
    let one = plan.run(&plan.context(1)).unwrap();
    let four = plan.run(&plan.context(4)).unwrap();
    assert_eq!(one.record, four.record);
    assert_eq!(one.rows.probability, four.rows.probability);
    assert_eq!(one.record.models[0].tuning.len(), 5);
}

#[test]
fn a_class_moves_no_probability_of_its_own_fold() {
    let adjust = "calibrate = \"isotonic\"\nthreshold = \"balanced-accuracy\"";
    let before = run(table(2), adjust).rows;
    let mut other = table(2);
    let codes = other.column("rock").unwrap().classes().unwrap();
    let turned = codes.codes().iter().zip(&before.fold).map(|(c, f)| if *f == Some(0) { 1 - c } else { *c }).collect();
    other.put(Column::class("rock", Codes::new(turned, codes.levels().to_vec()).unwrap())).unwrap();
    let after = run(other, adjust).rows;
    let same =
        |i: usize| before.probability[2 * i].to_bits() == after.probability[2 * i].to_bits() && before.predicted[i] == after.predicted[i];
    assert!((0..160).all(|i| before.fold[i] != Some(0) || same(i)));
    assert!((0..160).any(|i| !same(i)), "the turned classes were learned from elsewhere");
}

#[test]
fn what_cannot_be_had_is_refused_with_its_numbers() {
    let numbers = RECIPE.replace("target = \"rock\"", "target = \"a\"").replace("[\"a\", \"b\"]", "[\"b\"]").replace("log-loss", "rmse");
    let numbers = numbers.replace("ADJUST", "calibrate = \"platt\"\nthreshold = 0.3");
    let told = Recipe::parse("recipe.toml", &numbers).and_then(|r| Plan::new(r, table(2), None)).map(|_| ()).unwrap_err();
    let told = told.list.iter().map(|f| f.error.to_string()).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("calibrated_numbers", told);
    let mut rare = table(2);
    let turned: Vec<u32> = (0..160).map(|i| u32::from(i % 40 == 3)).collect();
    rare.put(Column::class("rock", Codes::new(turned, vec!["chalk".into(), "marl".into()]).unwrap())).unwrap();
    for (name, table, adjust) in [
        ("rare_class", rare, "calibrate = \"isotonic\""),
        ("threshold_of_three", table(3), "threshold = \"f1\""),
        ("threshold_of_none", table(2), "threshold = { by = \"f1\", of = \"granite\" }"),
        ("threshold_by_no_cost", table(2), "threshold = \"cost\""),
        ("threshold_beyond", table(2), "threshold = 1.2"),
        ("threshold_by_word", table(2), "threshold = { by = \"f2\", off = 3 }"),
        ("calibrate_word", table(2), "calibrate = \"isotone\""),
        ("threshold_list", table(2), "threshold = [0.2, 0.4]"),
    ] {
        insta::assert_snapshot!(name, plan(table, adjust).map(|_| ()).unwrap_err());
    }
}

#[test]
fn onnx_holds_platt_and_refuses_the_rest_by_name() {
    let loaded = |adjust: &str| LoadedModel::from_bytes("model.esker", &run(table(2), adjust).model.to_bytes()).unwrap();
    assert!(loaded("calibrate = \"platt\"").to_onnx().is_ok());
    let refused = |adjust: &str| loaded(adjust).to_onnx().map(|_| ()).unwrap_err().to_string();
    insta::assert_snapshot!("onnx_isotonic", refused("calibrate = \"isotonic\""));
    insta::assert_snapshot!("onnx_threshold", refused("threshold = 0.3"));
}
