//! Calibration agrees with scikit-learn 1.9.1 to 1e-6; `validation/calibration.py` made the figures in `peers/calibration.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_models::{Calibration, Calibrator};
use serde_json::Value;

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn calibrated_probabilities_agree() {
    let peers: Value = serde_json::from_str(include_str!("peers/calibration.json")).unwrap();
    let cases = peers["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let classes = case["classes"].as_u64().unwrap() as usize;
        let truth: Vec<u32> = case["truth"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect();
        let probability = numbers(&case["probability"]);
        let weight = (!case["weight"].is_null()).then(|| numbers(&case["weight"]));
        for how in Calibration::ALL {
            let found = Calibrator::fit(how, &truth, &probability, classes, weight.as_deref()).unwrap();
            let ours = found.apply(&probability, classes).unwrap();
            let far = ours.iter().zip(numbers(&case[how.name()])).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(far < 1e-6, "{} of {}: {far}", how.name(), case["name"]);
        }
    }
}
