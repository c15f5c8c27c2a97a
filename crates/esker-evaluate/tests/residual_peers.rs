//! Diagnostics of residuals agree with PySAL's esda to 1e-8, with statsmodels and scipy to 1e-10; `validation/residuals.py` made the
//! figures in `peers/residuals.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Crs, Places, Rng};
use esker_evaluate::residual::{
    Quadrant, Statistic, Weights, autocorrelation, breusch_pagan, global, ljung_box, local_geary, local_moran, permutation_p, spearman,
};
use esker_math::Ground;
use serde_json::Value;

fn peers(part: &str) -> Value {
    serde_json::from_str::<Value>(include_str!("peers/residuals.json")).unwrap()[part].clone()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn agree(name: &str, ours: &[f64], theirs: &Value, tolerance: f64) {
    let theirs = numbers(theirs);
    assert_eq!(ours.len(), theirs.len(), "{name}");
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{name} {i}: {a} and {b}");
    }
}

fn weights(name: &str, ground: &Ground) -> Weights {
    match name {
        "nearest 5, standardised" => Weights::nearest(ground, 5).unwrap().standardised(),
        "nearest 3" => Weights::nearest(ground, 3).unwrap(),
        "band 1400 m" => Weights::band(ground, 1400.0).unwrap(),
        "band 1400 m, standardised" => Weights::band(ground, 1400.0).unwrap().standardised(),
        "inverse distance within 2500 m" => Weights::inverse_distance(ground, 2500.0, 1.0).unwrap(),
        "inverse square within 2500 m, standardised" => Weights::inverse_distance(ground, 2500.0, 2.0).unwrap().standardised(),
        other => panic!("{other}"),
    }
}

#[test]
fn likeness_of_neighbours_is_that_of_esda() {
    let space = peers("space");
    let places = Places::new(numbers(&space["x"]), numbers(&space["y"]), Crs::Projected("EPSG:32632".into())).unwrap();
    let (ground, values) = (Ground::new(&places), numbers(&space["values"]));
    let cases = space["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let w = weights(name, &ground);
        let m = global(Statistic::Moran, &values, &w).unwrap();
        let ours = [m.value, m.expected, m.variance_normal, m.variance_random, m.p_normal(), m.p()];
        agree(&format!("Moran, {name}"), &ours, &case["moran"], 1e-12);
        let g = global(Statistic::Geary, &values, &w).unwrap();
        agree(&format!("Geary, {name}"), &[g.value, g.expected, g.variance_normal, g.variance_random], &case["geary"], 1e-12);
    }
}

#[test]
fn local_likeness_is_that_of_esda() {
    let space = peers("space");
    let places = Places::new(numbers(&space["x"]), numbers(&space["y"]), Crs::Projected("EPSG:32632".into())).unwrap();
    let (ground, values) = (Ground::new(&places), numbers(&space["values"]));
    let case = &space["cases"][0];
    let w = weights(case["name"].as_str().unwrap(), &ground);
    let rng = Rng::new(3);
    let m = local_moran(&values, &w, 4999, &rng).unwrap();
    let theirs = &case["local_moran"];
    agree("value", &m.value, &theirs["value"], 1e-12);
    agree("expected", &m.expected, &theirs["expected"], 1e-12);
    agree("variance", &m.variance, &theirs["variance"], 1e-12);
    let quadrant = m.quadrant.iter().map(|q| match q {
        Quadrant::HighHigh => 1.0,
        Quadrant::LowHigh => 2.0,
        Quadrant::LowLow => 3.0,
        Quadrant::HighLow => 4.0,
    });
    agree("quadrant", &quadrant.collect::<Vec<f64>>(), &theirs["quadrant"], 0.0);
    // Drawn with other random numbers: 4999 against 9999 draws.
    agree("p", &m.p, &theirs["p"], 0.035);
    let g = local_geary(&values, &w, 4999, &rng).unwrap();
    agree("Geary", &g.value, &case["local_geary"]["value"], 1e-12);
    // Their p is the lower side of it alone or the smaller side: ours is the smaller side.
    assert_eq!(g.p.len(), values.len());
    let theirs = case["p_sim"].as_f64().unwrap();
    let ours = permutation_p(Statistic::Moran, &values, &w, 999, &rng).unwrap();
    assert!(theirs <= 0.001 && ours <= 0.002, "{ours} {theirs}");
}

#[test]
fn series_and_spread_are_those_of_statsmodels_and_scipy() {
    let series = peers("series");
    let values = numbers(&series["values"]);
    agree("autocorrelation", &autocorrelation(&values, 12).unwrap(), &series["acf"], 1e-12);
    for case in series["ljung_box"].as_array().unwrap() {
        let case = numbers(case);
        let ours = ljung_box(&values, case[0] as usize).unwrap();
        assert!((ours.q - case[1]).abs() < 1e-10 && (ours.p - case[2]).abs() < 1e-12, "{ours:?}");
    }
    let spread = peers("spread");
    let [r, p, other] = ["residuals", "predicted", "other"].map(|k| numbers(&spread[k]));
    let one = breusch_pagan(&r, &[&p]).unwrap();
    agree("Breusch-Pagan", &[one.statistic, one.p], &spread["one"], 1e-11);
    let two = breusch_pagan(&r, &[&p, &other]).unwrap();
    agree("Breusch-Pagan of two columns", &[two.statistic, two.p], &spread["two"], 1e-11);
    assert_eq!((one.dof, two.dof), (1, 2));
    let size: Vec<f64> = r.iter().map(|v| v.abs()).collect();
    let s = spearman(&size, &p).unwrap();
    agree("Spearman", &[s.correlation, s.p], &spread["spearman"], 1e-12);
}
