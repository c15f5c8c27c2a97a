//! Scores agree with scikit-learn 1.9.1 to 1e-12; `validation/scores.py` made the figures in `peers/scores.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Prediction, Unit, Values};
use esker_evaluate::compare::paired;
use esker_evaluate::score::{Score, confusion, cost, curve, per_class};
use serde_json::Value;

fn peers() -> Value {
    serde_json::from_str(include_str!("peers/scores.json")).unwrap()
}

fn list<'a>(of: &'a Value, key: &str) -> &'a Vec<Value> {
    of[key].as_array().unwrap()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn weights(case: &Value) -> Option<Vec<f64>> {
    (!case["weight"].is_null()).then(|| numbers(&case["weight"]))
}

fn agree(name: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "{name}: {ours} and {theirs}");
}

fn agree_or_absent(name: &str, ours: Option<f64>, theirs: &Value) {
    assert_eq!(ours.is_none(), theirs.is_null(), "{name}");
    if let Some(ours) = ours {
        agree(name, ours, theirs.as_f64().unwrap());
    }
}

#[test]
fn scores_of_numbers_agree() {
    let peers = peers();
    for case in list(&peers, "real") {
        let truth = Values::Real(numbers(&case["truth"]));
        let said = Prediction::real(&Unit::default(), numbers(&case["said"]));
        let weight = weights(case);
        let scores = case["scores"].as_object().unwrap();
        assert_eq!(scores.len(), 5);
        for (name, value) in scores {
            let ours = Score::parse(name).unwrap().metric().score(&truth, &said, weight.as_deref()).unwrap();
            agree(&format!("{} of {}", name, case["name"]), ours, value.as_f64().unwrap());
        }
    }
}

#[test]
fn scores_of_classes_agree() {
    let peers = peers();
    for case in list(&peers, "class") {
        let levels: Vec<String> = list(case, "levels").iter().map(|l| l.as_str().unwrap().to_owned()).collect();
        let codes = list(case, "truth").iter().map(|c| c.as_u64().unwrap() as u32).collect();
        let truth = Codes::new(codes, levels.clone()).unwrap();
        let said = Prediction::class(levels.clone(), numbers(&case["probability"]));
        let weight = weights(case);
        let scores = case["scores"].as_object().unwrap();
        assert_eq!(scores.len(), 7);
        for (name, value) in scores {
            let metric = match Score::parse(name).unwrap() {
                Score::Cost => cost(list(case, "matrix").iter().map(numbers).collect(), levels.clone()).unwrap(),
                other => other.metric(),
            };
            let ours = metric.score(&Values::Class(truth.clone()), &said, weight.as_deref()).unwrap();
            agree(&format!("{} of {}", name, case["name"]), ours, value.as_f64().unwrap());
        }
        let counts = confusion(&truth, &said, weight.as_deref()).unwrap();
        for (ours, theirs) in counts.iter().flatten().zip(list(case, "confusion").iter().flat_map(numbers)) {
            agree("confusion", *ours, theirs);
        }
        for (k, class) in per_class(&counts, &levels).iter().enumerate() {
            agree_or_absent("precision", class.precision, &case["precision"][k]);
            agree_or_absent("recall", class.recall, &case["recall"][k]);
            agree_or_absent("f1", class.f1, &case["f1"][k]);
        }
    }
}

#[test]
fn curves_and_their_areas_agree() {
    let peers = peers();
    for case in list(&peers, "class") {
        let levels: Vec<String> = list(case, "levels").iter().map(|l| l.as_str().unwrap().to_owned()).collect();
        let codes = list(case, "truth").iter().map(|c| c.as_u64().unwrap() as u32).collect();
        let truth = Codes::new(codes, levels.clone()).unwrap();
        let said = Prediction::class(levels.clone(), numbers(&case["probability"]));
        for (k, theirs) in list(case, "curves").iter().enumerate() {
            let ours = curve(&truth, &said, k, weights(case).as_deref()).unwrap();
            assert_eq!(ours.level, levels[k]);
            agree_or_absent("auc", ours.auc, &theirs["auc"]);
            agree_or_absent("ap", ours.ap, &theirs["ap"]);
            for (name, points) in [("roc", &ours.roc), ("pr", &ours.pr)] {
                let expected: Vec<Vec<f64>> = list(theirs, name).iter().map(numbers).collect();
                assert_eq!(points.len(), expected.len(), "{name} of {} of {}", levels[k], case["name"]);
                for (point, expected) in points.iter().zip(expected) {
                    agree(name, point.0, expected[0]);
                    agree(name, point.1, expected[1]);
                }
            }
        }
    }
}

#[test]
fn paired_differences_agree() {
    let peers = peers();
    for case in list(&peers, "paired") {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let size = |key: &str| vec![case[key].as_u64().unwrap() as usize; a.len()];
        let ours = paired(&a, &b, &size("train"), &size("test"), case["confidence"].as_f64().unwrap()).unwrap();
        for (name, ours) in [("difference", ours.difference), ("se", ours.se), ("low", ours.low), ("high", ours.high)] {
            agree(name, ours, case[name].as_f64().unwrap());
        }
    }
}
