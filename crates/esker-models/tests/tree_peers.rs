//! Boosting and forests score like LightGBM 4.7.0 and scikit-learn 1.9.1 on the same folds of a real table;
//! `validation/trees.py` made the figures in `peers/trees.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;

use esker_core::{Codes, Column, Context, Prediction, Samples, Setting, Settings, Support};
use esker_models::Kind;
use rayon::prelude::*;
use serde_json::Value;

const LEFT_OUT: [&str; 5] = ["rgi_id", "period", "dmdtda", "err_dmdtda", "target_id"];

/// The mass-balance table: features with the target, and the glacier of each row by first appearance.
fn table() -> (Vec<Column>, Vec<f64>, Vec<usize>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let numbers = |name: &str| -> Vec<f64> {
        let j = names.iter().position(|n| *n == name).unwrap();
        rows.iter().map(|r| r[j].parse().unwrap()).collect()
    };
    let features = names.iter().filter(|n| !LEFT_OUT.contains(n)).map(|n| Column::real(*n, "", numbers(n))).collect();
    let mut number = HashMap::new();
    let glacier = rows
        .iter()
        .map(|r| {
            let next = number.len();
            *number.entry(r[0]).or_insert(next)
        })
        .collect();
    (features, numbers("dmdtda"), glacier)
}

fn settings(kind: Kind, given: &Value) -> Settings {
    let parameters = kind.parameters();
    given.as_object().unwrap().iter().fold(Settings::defaults(&parameters), |s, (name, v)| {
        let value = v.as_i64().map_or_else(|| Setting::Real(v.as_f64().unwrap()), Setting::Integer);
        s.set(&parameters, name, value).unwrap()
    })
}

/// Predictions of each fold's rows by the model fitted on the others.
fn held_out(kind: Kind, settings: &Settings, samples: &Samples, fold: &[usize]) -> Vec<(Vec<usize>, Prediction)> {
    let folds = fold.iter().max().unwrap() + 1;
    let one = |k: usize| {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..fold.len()).partition(|&r| fold[r] == k);
        let model = kind.estimator(settings).fit(&samples.select(&train), "y", &Context::new(1, 1)).unwrap();
        let said = model.predict(&samples.select(&test)).unwrap();
        (test, said)
    };
    (0..folds).into_par_iter().map(one).collect()
}

fn r2(y: &[f64], held_out: &[(Vec<usize>, Prediction)]) -> f64 {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let left: f64 = held_out.iter().flat_map(|(test, p)| test.iter().zip(p.centre().unwrap()).map(|(&r, c)| (y[r] - c).powi(2))).sum();
    1.0 - left / y.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
}

fn peers() -> Value {
    serde_json::from_str(include_str!("peers/trees.json")).unwrap()
}

#[test]
fn numbers_are_predicted_as_well_as_by_lightgbm_and_scikit_learn() {
    let peers = peers();
    let (mut columns, y, glacier) = table();
    columns.push(Column::real("y", "", y.clone()));
    let samples = Samples::new(columns, Support::bare(y.len()), None).unwrap();
    let folds = peers["folds"].as_u64().unwrap() as usize;
    let shuffled: Vec<usize> = (0..y.len()).map(|r| r * 7919 % folds).collect();
    let grouped: Vec<usize> = glacier.iter().map(|g| g * 7919 % folds).collect();
    let boosting = (Kind::Boosting, "boosting", "LightGBM", 0.01);
    let forest = (Kind::Forest, "forest", "RandomForestRegressor", 0.02);
    for (design, fold, (kind, name, peer, tolerance)) in
        [("shuffled", &shuffled, boosting), ("grouped", &grouped, boosting), ("shuffled", &shuffled, forest)]
    {
        let ours = r2(&y, &held_out(kind, &settings(kind, &peers[name]), &samples, fold));
        let theirs = peers["r2"][design][peer].as_f64().unwrap();
        println!("{design} {name}: {ours:.4}, {peer} {theirs:.4}");
        assert!((ours - theirs).abs() <= tolerance, "{design} {name}: {ours}, {peer} {theirs}");
    }
}

#[test]
fn classes_are_predicted_as_well_as_by_lightgbm_and_scikit_learn() {
    let peers = peers();
    let (mut columns, y, _) = table();
    let cuts: Vec<f64> = peers["cuts"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let label: Vec<u32> = y.iter().map(|v| cuts.iter().filter(|&c| v >= c).count() as u32).collect();
    columns.push(Column::class("y", Codes::new(label.clone(), ["low", "middle", "high"].map(str::to_owned).to_vec()).unwrap()));
    let samples = Samples::new(columns, Support::bare(y.len()), None).unwrap();
    let folds = peers["folds"].as_u64().unwrap() as usize;
    let fold: Vec<usize> = (0..y.len()).map(|r| r * 7919 % folds).collect();
    for (kind, name, peer) in [(Kind::Boosting, "boosting", "LightGBM"), (Kind::Forest, "forest", "RandomForestClassifier")] {
        let (mut right, mut loss) = (0.0, 0.0);
        for (test, said) in held_out(kind, &settings(kind, &peers[name]), &samples, &fold) {
            let classes = said.classes().unwrap();
            let Prediction::Class { probability, .. } = said else { panic!() };
            for (i, &r) in test.iter().enumerate() {
                right += f64::from(u8::from(classes[i] == label[r]));
                loss -= probability[i * 3 + label[r] as usize].max(1e-15).ln();
            }
        }
        let (right, loss) = (right / y.len() as f64, loss / y.len() as f64);
        let theirs = &peers["classes"][peer];
        println!("{name}: accuracy {right:.4}, log loss {loss:.4}; {peer} {theirs}");
        assert!((right - theirs["accuracy"].as_f64().unwrap()).abs() <= 0.01, "{name}: accuracy {right}, {peer} {theirs}");
        assert!((loss - theirs["log_loss"].as_f64().unwrap()).abs() <= 0.015, "{name}: log loss {loss}, {peer} {theirs}");
    }
}
