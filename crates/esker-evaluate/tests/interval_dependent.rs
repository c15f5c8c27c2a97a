//! Conformalised quantiles agree with MAPIE and crepes (`peers/quantiles.json`); weighted intervals and intervals of a series keep their laws.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Crs, Places, Rng};
use esker_evaluate::interval::{
    HeldOut, Near, Residuals, along, held_out_quantiles, quantiles_plus, spatial_half_widths, weighted_half_width, widening,
};
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
    let half = spatial_half_widths(&ground(x.clone()), &residuals, &wanted, Near::Bandwidth(2000.0), 0.9).unwrap();
    let (west, east) = (half[0].unwrap(), half[1].unwrap());
    assert!(west < 2.2 && (7.0..10.0).contains(&east), "{west} {east}");
    assert_eq!(half[2], None, "no row is near");
    let nearest = spatial_half_widths(&ground(x.clone()), &residuals, &wanted, Near::Rows(100), 0.9).unwrap();
    let (west, east) = (nearest[0].unwrap(), nearest[1].unwrap());
    assert!(west < 2.2 && (7.0..10.0).contains(&east) && nearest[2] > nearest[0], "{west} {east}");
    // All rows as neighbours are the plain conformal interval, wherever one is.
    let all = spatial_half_widths(&ground(x.clone()), &residuals, &wanted, Near::Rows(9000), 0.9).unwrap();
    assert_eq!(all, vec![weighted_half_width(&residuals, &vec![1.0; n], 1.0, 0.9).unwrap(); 3]);
    // Rows at one place are all near or none is, in whatever order they come.
    let twice: Vec<f64> = (0..40).map(|i| f64::from(i / 20)).collect();
    let grown: Vec<f64> = (0..40).map(f64::from).collect();
    let at = |order: &[usize]| {
        let pick = |v: &[f64]| order.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        spatial_half_widths(&ground(pick(&twice)), &pick(&grown), &ground(vec![0.0]), Near::Rows(10), 0.9).unwrap()
    };
    assert_eq!(at(&(0..40).collect::<Vec<_>>()), [Some(18.0)]);
    assert_eq!(at(&(0..40).rev().collect::<Vec<_>>()), [Some(18.0)]);
    let refused =
        |known: usize, near: Near, level: f64| spatial_half_widths(&ground(x[..known].to_vec()), &residuals, &wanted, near, level).is_err();
    assert!(refused(n, Near::Rows(8), 0.9) && refused(n - 1, Near::Rows(100), 0.9));
    assert!(refused(n, Near::Bandwidth(0.0), 0.9) && refused(n, Near::Bandwidth(10.0), 0.2));
    assert!(weighted_half_width(&[], &[], 1.0, 0.9).is_err() && weighted_half_width(&[1.0], &[-1.0], 1.0, 0.9).is_err());
    assert!(weighted_half_width(&[1.0], &[1.0], 1.0, 1.5).is_err());
}

/// One row a time, each known before the next.
fn one_by_one(residuals: &[f64]) -> (Vec<Vec<f64>>, Vec<usize>) {
    (residuals.iter().map(|r| vec![*r]).collect(), (0..residuals.len()).collect())
}

#[test]
fn intervals_of_a_series_learn_from_what_they_missed() {
    let mut rng = Rng::new(6);
    // Errors grow: what was learned before covers ever less.
    let grown: Vec<f64> = (0..2100).map(|t| rng.normal().abs() * (1.0 + f64::from((t - 100).max(0)) / 300.0)).collect();
    let (times, round) = one_by_one(&grown);
    let plain = along(&times, &round, 0.9, (100, 0.0)).unwrap();
    let adaptive = along(&times, &round, 0.9, (100, 0.02)).unwrap();
    assert!(adaptive.coverage > plain.coverage && (adaptive.coverage - 0.9).abs() < 0.01, "{} {}", plain.coverage, adaptive.coverage);
    // Gibbs and Candès 2021, proposition 4.1: whatever the series, |missed − (1 − level)| ≤ (max(α, 1 − α) + γ) / (γ T).
    let judged = 2100.0 - 9.0;
    assert!(((1.0 - adaptive.coverage) - 0.1).abs() <= (0.9 + 0.02) / (0.02 * judged));
    assert!(plain.missed.iter().all(|m| (m - 0.1).abs() < 1e-12));
    // Nine residuals carry a level of 0.9, eight do not; the tenth time has the largest of the first nine.
    assert!(plain.half[..9].iter().all(|h| h.is_infinite()));
    assert_eq!(plain.half[9], grown[..9].iter().copied().fold(0.0, f64::max));
    // Later the window has dropped the oldest and taken up the newest: rank ceil(0.9 * 101) = 91.
    let ranked = |part: &[f64]| {
        let mut part = part.to_vec();
        part.sort_by(f64::total_cmp);
        part[90]
    };
    assert_eq!((plain.half[100], plain.half[101]), (ranked(&grown[..100]), ranked(&grown[1..101])));
    assert_eq!(plain.next, ranked(&grown[2000..]));
    for refused in [(0, 0.0, 0.9), (10, -0.1, 0.9), (10, 0.0, 1.0)] {
        assert!(along(&times, &round, refused.2, (refused.0, refused.1)).is_err(), "{refused:?}");
    }
    assert!(along(&[vec![f64::NAN]], &[0], 0.9, (10, 0.0)).is_err() && along(&times, &round[1..], 0.9, (10, 0.0)).is_err());
    assert!(along(&[vec![1.0], vec![1.0]], &[1, 0], 0.9, (10, 0.0)).is_err());
}

#[test]
fn no_time_of_a_round_knows_what_the_round_will_show() {
    let mut rng = Rng::new(8);
    let times: Vec<Vec<f64>> = (0..60).map(|_| (0..3).map(|_| rng.normal().abs()).collect()).collect();
    let round: Vec<usize> = (0..60).map(|t| t / 20).collect();
    let before = along(&times, &round, 0.8, (500, 0.1)).unwrap();
    assert!(before.half[..20].iter().all(|h| h.is_infinite()) && before.half[20..].iter().all(|h| h.is_finite()));
    assert!(before.half[20..40].iter().all(|h| *h == before.half[20]));
    let mut changed = times.clone();
    changed[25] = vec![50.0; 3];
    let after = along(&changed, &round, 0.8, (500, 0.1)).unwrap();
    assert_eq!(before.half[..40], after.half[..40]);
    assert!(after.half[40] > before.half[40] && after.next > before.next);
    // Rows of one time stand in no order.
    let turned: Vec<Vec<f64>> = times.iter().map(|t| t.iter().rev().copied().collect()).collect();
    assert_eq!(along(&turned, &round, 0.8, (500, 0.1)).unwrap(), before);
}

/// Quantiles of a constant model whose truth is normal with a spread that grows with x, fold by fold.
fn quantile_world(n: usize, rng: &mut Rng) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let x: Vec<f64> = (0..n).map(|_| rng.uniform() * 4.0 + 0.5).collect();
    let observed = x.iter().map(|x| x * rng.normal()).collect();
    // Too narrow by half, in the right shape.
    (x.iter().map(|x| -0.8 * x).collect(), x.iter().map(|x| 0.8 * x).collect(), observed)
}

#[test]
fn widened_quantiles_cover_keep_their_shape_and_know_nothing_of_their_own_row() {
    let (low, high, observed) = quantile_world(3000, &mut Rng::new(9));
    let fold: Vec<u32> = (0..3000).map(|i| i % 5).collect();
    let predicted = vec![0.0; 3000];
    let rows = HeldOut { predicted: &predicted, observed: &observed, fold: &fold, folds: 5 };
    let (a, b) = held_out_quantiles(&rows, [&low, &high], 0.9).unwrap();
    let share = (0..3000).filter(|&i| (a[i]..=b[i]).contains(&observed[i])).count() as f64 / 3000.0;
    assert!((share - 0.9).abs() < 0.015, "{share}");
    // What is added to the quantiles is one number in a fold.
    let added: Vec<f64> = (0..3000).filter(|i| fold[*i] == 2).map(|i| b[i] - high[i]).collect();
    assert!(added.iter().all(|w| (w - added[0]).abs() < 1e-12 && *w > 0.0));
    // The row's own target, and those of its fold, do not move its interval.
    let mut moved = observed.clone();
    (0..3000).filter(|i| fold[*i] == 2).for_each(|i| moved[i] += 40.0);
    let (c, d) = held_out_quantiles(&HeldOut { observed: &moved, ..rows }, [&low, &high], 0.9).unwrap();
    for i in 0..3000 {
        assert_eq!(fold[i] == 2, (a[i], b[i]) == (c[i], d[i]), "row {i}");
    }
    // New rows, with fold models that agree, have the interval of all scores; levels nest.
    let scores = |i: usize| (low[i] - observed[i]).max(observed[i] - high[i]);
    let by_fold = (0..5).map(|f| (0..3000).filter(|i| fold[*i] == f).map(scores).collect()).collect();
    let kept = Residuals::signed(by_fold).unwrap();
    let said = [vec![vec![-1.0]; 5], vec![vec![1.0]; 5]];
    let new = |level| quantiles_plus(&kept, [&said[0], &said[1]], level).unwrap();
    let wide = widening(&observed, [&low, &high], 0.9, false).unwrap();
    let (l, h) = new(0.9);
    assert_eq!((l[0], h[0]), wide.apply(-1.0, 1.0));
    assert!(new(0.95).1[0] > h[0] && new(0.95).0[0] < l[0]);
    // Quantiles that are far too wide are narrowed, at most to their middle.
    let wide = Residuals::signed(vec![vec![-9.0; 20], vec![-9.0; 20]]).unwrap();
    assert_eq!(quantiles_plus(&wide, [&[vec![-1.0], vec![-1.0]], &[vec![2.0], vec![2.0]]], 0.9).unwrap(), (vec![0.5], vec![0.5]));
    assert!(held_out_quantiles(&rows, [&low[1..], &high], 0.9).is_err() && Residuals::signed(vec![vec![f64::NAN], vec![0.0]]).is_err());
}
