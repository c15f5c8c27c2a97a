//! Explanation of a fixed model against scikit-learn 1.9.1 (`permutation_importance`) and PyALE 1.2.0 (`ale`);
//! `validation/explain.py` re-makes the numbers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use esker_core::{Better, Column, Context, Inside, Metric, Model, Prediction, Result, Samples, Support, Unit, Values};
use esker_evaluate::explain::{HeldOut, ale, permutation};
use serde::Deserialize;

#[derive(Deserialize)]
struct Peer {
    versions: BTreeMap<String, String>,
    columns: BTreeMap<String, Vec<f64>>,
    truth: Vec<f64>,
    importance_rows: usize,
    importance_repeats: usize,
    importance: BTreeMap<String, Mean>,
    bins: usize,
    effects: BTreeMap<String, Curve>,
}

#[derive(Deserialize)]
struct Mean {
    mean: f64,
    se: f64,
}

#[derive(Deserialize)]
struct Curve {
    at: Vec<f64>,
    effect: Vec<f64>,
}

/// The formula of `validation/explain.py`.
struct Formula;

impl Model for Formula {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let (x, y) = (at.column("x")?.reals()?, at.column("y")?.reals()?);
        Ok(Prediction::real(&Unit::default(), x.iter().zip(y).map(|(x, y)| x * x + x * y - 2.0 * y.sin()).collect()))
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
}

struct MeanSquared;

impl Metric for MeanSquared {
    fn score(&self, truth: &Values, said: &Prediction, _: Option<&[f64]>) -> Result<f64> {
        let Values::Real(truth) = truth else { panic!("numbers") };
        Ok(truth.iter().zip(said.centre()?).map(|(t, s)| (t - s).powi(2)).sum::<f64>() / truth.len() as f64)
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn unit(&self, target: &Unit) -> Unit {
        target.clone()
    }
}

fn peer() -> (Peer, Samples) {
    let peer: Peer = serde_json::from_str(include_str!("peers/explain.json")).unwrap();
    assert_eq!((peer.versions["scikit-learn"].as_str(), peer.versions["PyALE"].as_str()), ("1.9.1", "1.2.0"));
    let mut columns: Vec<Column> = peer.columns.iter().map(|(name, v)| Column::real(name, "", v.clone())).collect();
    columns.push(Column::real("truth", "", peer.truth.clone()));
    let rows = peer.truth.len();
    (peer, Samples::new(columns, Support::bare(rows), None).unwrap())
}

/// The mean over all permutations of the loss: every row gets every row's value equally often.
fn expected_loss(test: &Samples, feature: &str) -> f64 {
    let said = |s: &Samples| Formula.predict(s).unwrap().centre().unwrap().to_vec();
    let truth = test.column("truth").unwrap().reals().unwrap();
    let values = test.column(feature).unwrap().reals().unwrap();
    let mse = |said: &[f64]| truth.iter().zip(said).map(|(t, s)| (t - s).powi(2)).sum::<f64>() / truth.len() as f64;
    let mut set = test.clone();
    let all = values.iter().map(|v| {
        set.put(Column::real(feature, "", vec![*v; values.len()])).unwrap();
        mse(&said(&set))
    });
    all.sum::<f64>() / values.len() as f64 - mse(&said(test))
}

#[test]
fn permutation_importance_agrees_with_scikit_learn_and_with_the_mean_over_all_permutations() {
    let (peer, all) = peer();
    let test = all.select(&(0..peer.importance_rows).collect::<Vec<_>>());
    let sets: Vec<(String, Vec<String>)> = peer.importance.keys().map(|n| (n.clone(), vec![n.clone()])).collect();
    let folds = [HeldOut { model: &Formula, test: &test }];
    let found = permutation(&folds, "truth", &sets, &MeanSquared, peer.importance_repeats, false, &Context::new(3, 2)).unwrap();
    for one in &found {
        let theirs = &peer.importance[&one.name];
        // Both are means of as many draws of one distribution: their standard errors are alike.
        assert!((one.mean - theirs.mean).abs() <= 4.0 * 2f64.sqrt() * theirs.se, "{}: {} against {}", one.name, one.mean, theirs.mean);
        let exact = expected_loss(&test, &one.name);
        assert!((one.mean - exact).abs() <= 4.0 * theirs.se + 1e-12, "{}: {} against {exact}", one.name, one.mean);
    }
    assert_eq!(found.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["x", "y", "z"]);
}

#[test]
fn accumulated_local_effects_agree_with_pyale() {
    let (peer, test) = peer();
    let folds = [HeldOut { model: &Formula, test: &test }];
    assert_eq!(peer.effects.len(), 3);
    for (feature, curve) in &peer.effects {
        let found = ale(&folds, "truth", feature, peer.bins, None, &Context::new(0, 1)).unwrap();
        assert_eq!(found.at, curve.at, "{feature}: grids");
        for (ours, theirs) in found.effect.iter().zip(&curve.effect) {
            assert!((ours - theirs).abs() < 1e-10, "{feature}: {ours} against {theirs}");
        }
        assert_eq!(found.effect, found.folds[0]);
    }
}
