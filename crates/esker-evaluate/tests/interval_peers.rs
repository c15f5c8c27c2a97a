//! Prediction intervals against MAPIE 1.6.0 (`CrossConformalRegressor`, methods "plus" and "minmax"); `validation/intervals.py` re-makes
//! the numbers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_evaluate::interval::{Residuals, cv_minmax, cv_plus};
use serde::Deserialize;

#[derive(Deserialize)]
struct Peer {
    mapie: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    residuals: Vec<Vec<f64>>,
    said: Vec<Vec<f64>>,
    expected: Vec<Ends>,
    minmax: Vec<Ends>,
}

#[derive(Deserialize)]
struct Ends {
    level: f64,
    low: Vec<f64>,
    high: Vec<f64>,
}

#[test]
fn ends_agree_with_mapie() {
    let peer: Peer = serde_json::from_str(include_str!("peers/intervals.json")).unwrap();
    assert_eq!(peer.mapie, "1.6.0");
    assert_eq!(peer.cases.len(), 3);
    for case in &peer.cases {
        let residuals = Residuals::new(case.residuals.clone()).unwrap();
        assert_eq!((case.expected.len(), case.minmax.len()), (5, 5));
        for ends in &case.expected {
            agree(&case.name, ends, &cv_plus(&residuals, &case.said, ends.level).unwrap());
        }
        for ends in &case.minmax {
            agree(&case.name, ends, &cv_minmax(&residuals, &case.said, ends.level).unwrap());
        }
    }
}

fn agree(case: &str, ends: &Ends, (low, high): &(Vec<f64>, Vec<f64>)) {
    for row in 0..low.len() {
        let (l, h) = (ends.low[row], ends.high[row]);
        assert!((low[row] - l).abs() < 1e-10, "{case} at {}: low {} against {l}", ends.level, low[row]);
        assert!((high[row] - h).abs() < 1e-10, "{case} at {}: high {} against {h}", ends.level, high[row]);
    }
}
