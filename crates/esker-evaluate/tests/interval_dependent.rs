//! Conformalised quantiles agree with MAPIE and crepes (`peers/quantiles.json`); weighted intervals and intervals of a series keep their laws.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Crs, Places, Rng};
use esker_evaluate::interval::{along, spatial_half_widths, weighted_half_width, widening};
use esker_math::Ground;
use serde_json::Value;

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn conformalised_quantiles_are_those_of_mapie() {
    let peers: Value = serde_json::from_str(include_str!("peers/quantiles.json")).unwrap();
    let [observed, low, high] = ["observed", "low", "high"].map(|k| numbers(&peers[k]));
    for (name, apart) in [("together", false), ("apart", true)] {
        let wide = widening(&observed, [&low, &high], 0.9, apart).unwrap();
        for (new, theirs) in [(0.0, 1.0), (2.0, 2.4)].into_iter().zip(peers[name].as_array().unwrap()) {
            let (a, b) = wide.apply(new.0, new.1);
            let theirs = numbers(theirs);
            assert!((a - theirs[0]).abs() < 1e-6 && (b - theirs[1]).abs() < 1e-6, "{name}: {a} {b} and {theirs:?}");
        }
    }
    let wide = widening(&observed, [&high, &high], 0.9, false).unwrap();
    assert_eq!(wide.low, wide.high);
    assert_eq!(widening(&[0.0; 30], [&[-3.0; 30], &[3.0; 30]], 0.9, false).unwrap().apply(-1.0, 1.0), (0.0, 0.0));
    assert!(widening(&observed, [&low, &high[1..]], 0.9, false).is_err() && widening(&[1.0], [&[0.0], &[2.0]], 0.9, false).is_err());
    // Equal weights are the plain conformal interval.
    let residuals: Vec<f64> = (0..observed.len()).map(|i| (observed[i] - f64::midpoint(low[i], high[i])).abs()).collect();
    let half = weighted_half_width(&residuals, &vec![1.0; residuals.len()], 1.0, 0.9).unwrap().unwrap();
    assert!((half - peers["split"].as_f64().unwrap()).abs() < 1e-6);
}

#[test]
fn near_rows_decide_the_width_where_errors_differ_by_region() {
    let mut rng = Rng::new(4);
    let n = 400;
    let east = |i: usize| i % 2 == 1;
    let x: Vec<f64> = (0..n).map(|i| 1000.0 * rng.uniform() + if east(i) { 50_000.0 } else { 0.0 }).collect();
    let residuals: Vec<f64> = (0..n).map(|i| rng.normal().abs() * if east(i) { 5.0 } else { 1.0 }).collect();
    let ground = |x: Vec<f64>| {
        let y = vec![0.0; x.len()];
        Ground::new(&Places::new(x, y, Crs::Projected("EPSG:32632".into())).unwrap())
    };
    let wanted = ground(vec![500.0, 50_500.0, 500_000.0]);
    let half = spatial_half_widths(&ground(x), &residuals, &wanted, 2000.0, 0.9).unwrap();
    let (west, east) = (half[0].unwrap(), half[1].unwrap());
    assert!(west < 2.2 && (7.0..10.0).contains(&east), "{west} {east}");
    assert_eq!(half[2], None, "no row is near");
    assert!(weighted_half_width(&[], &[], 1.0, 0.9).is_err() && weighted_half_width(&[1.0], &[-1.0], 1.0, 0.9).is_err());
    assert!(weighted_half_width(&[1.0], &[1.0], 1.0, 1.5).is_err());
}

#[test]
fn intervals_of_a_series_learn_from_what_they_missed() {
    let mut rng = Rng::new(6);
    let start: Vec<f64> = (0..100).map(|_| rng.normal().abs()).collect();
    // Errors grow: what was learned before covers ever less.
    let later: Vec<f64> = (0..2000).map(|t| rng.normal().abs() * (1.0 + f64::from(t) / 300.0)).collect();
    let plain = along(&start, &later, 0.9, 100, 0.0).unwrap();
    let adaptive = along(&start, &later, 0.9, 100, 0.02).unwrap();
    assert!(adaptive.coverage > plain.coverage && (adaptive.coverage - 0.9).abs() < 0.01, "{} {}", plain.coverage, adaptive.coverage);
    // Gibbs and Candès 2021, proposition 4.1: whatever the series, |missed − (1 − level)| ≤ (max(α, 1 − α) + γ) / (γ T).
    let bound = (0.9 + 0.02) / (0.02 * 2000.0);
    assert!(((1.0 - adaptive.coverage) - 0.1).abs() <= bound);
    assert!(plain.missed.iter().all(|m| (m - 0.1).abs() < 1e-12));
    // The first width is the plain quantile of what came before; the second has dropped the oldest row and taken up the newest.
    assert!((plain.half[0] - esker_math::quantile(&start, 0.9).unwrap()).abs() < 1e-12);
    let mut next = start[1..].to_vec();
    next.push(later[0]);
    assert!((plain.half[1] - esker_math::quantile(&next, 0.9).unwrap()).abs() < 1e-12);
    assert!(along(&start, &later, 0.9, 101, 0.0).is_err() && along(&start, &[f64::NAN], 0.9, 10, 0.0).is_err());
    assert!(along(&start, &later, 1.0, 10, 0.0).is_err() && along(&start, &later, 0.9, 10, -0.1).is_err());
}
