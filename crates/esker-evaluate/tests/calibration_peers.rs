//! Calibration curves and thresholds agree with scikit-learn 1.9.1; `validation/calibration.py` made the figures in `peers/calibration.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Prediction};
use esker_evaluate::score::{CutRule, calibration};
use serde_json::Value;

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn two(p: &[f64]) -> Prediction {
    Prediction::class(vec!["no".into(), "yes".into()], p.iter().flat_map(|p| [1.0 - p, *p]).collect())
}

fn codes(truth: &[f64]) -> Codes {
    Codes::new(truth.iter().map(|t| *t as u32).collect(), vec!["no".into(), "yes".into()]).unwrap()
}

#[test]
fn curves_and_best_thresholds_agree() {
    let peers: Value = serde_json::from_str(include_str!("peers/calibration.json")).unwrap();
    let curves = peers["curves"].as_array().unwrap();
    assert_eq!(curves.len(), 3);
    for case in curves {
        let (truth, p) = (numbers(&case["truth"]), numbers(&case["probability"]));
        let ours = calibration(&codes(&truth), &two(&p), 1, case["bins"].as_u64().unwrap() as usize, None).unwrap();
        let (said, happened) = (numbers(&case["said"]), numbers(&case["happened"]));
        assert_eq!(ours.bins.len(), said.len());
        for (bin, (s, h)) in ours.bins.iter().zip(said.iter().zip(happened)) {
            assert!((bin.said - s).abs() < 1e-12 && (bin.happened - h).abs() < 1e-12, "{}", case["name"]);
            assert!(bin.interval[0] <= bin.happened && bin.happened <= bin.interval[1]);
        }
        assert!((ours.brier - case["brier"].as_f64().unwrap()).abs() < 1e-12);
        let events: Vec<bool> = truth.iter().map(|t| *t == 1.0).collect();
        for (rule, best) in [(CutRule::F1, "f1"), (CutRule::BalancedAccuracy, "balanced")] {
            let found = rule.choose(&events, &p, None).unwrap();
            assert!((found.score - case[best].as_f64().unwrap()).abs() < 1e-12, "{best}");
        }
    }
}

#[test]
fn the_parts_of_the_brier_score_add_up() {
    // Two forecasts, .25 of four rows and .75 of four: Murphy's parts by hand, and nothing within bins.
    let p = [0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75];
    let truth = [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    let c = calibration(&codes(&truth), &two(&p), 1, 2, None).unwrap();
    assert_eq!(c.bins.iter().map(|b| (b.said, b.happened, b.rows)).collect::<Vec<_>>(), [(0.25, 0.5, 4), (0.75, 0.75, 4)]);
    assert_eq!((c.reliability, c.resolution, c.uncertainty, c.error), (0.03125, 0.015_625, 0.234_375, 0.125));
    assert!(c.within.abs() < 1e-15 && (c.brier - 0.25).abs() < 1e-15);
    // Wilson's interval of 2 in 4 rows.
    assert!((c.bins[0].interval[0] - 0.150_039).abs() < 1e-5 && (c.bins[0].interval[1] - 0.849_961).abs() < 1e-5);
    // A weight of 2 counts as two rows in all but the number of rows and the bins' edges.
    let heavy = calibration(&codes(&truth), &two(&p), 1, 2, Some(&[2.0; 8])).unwrap();
    assert_eq!((heavy.brier, heavy.error, &heavy.bins), (c.brier, c.error, &c.bins));
}

#[test]
fn one_probability_everywhere_is_one_bin_without_resolution() {
    let c = calibration(&codes(&[0.0, 1.0, 0.0, 0.0]), &two(&[0.25; 4]), 1, 10, None).unwrap();
    assert_eq!((c.bins.len(), c.resolution, c.reliability, c.uncertainty), (1, 0.0, 0.0, 0.1875));
    assert!(calibration(&codes(&[0.0]), &two(&[0.25]), 2, 10, None).is_err());
    assert!(calibration(&codes(&[0.0]), &two(&[0.25]), 1, 0, None).is_err());
}
