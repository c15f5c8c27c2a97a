//! Laws of the prediction intervals: coverage, monotone width, exact order statistics, refusals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Error, Rng};
use esker_evaluate::interval::{HeldOut, Part, Residuals, bands, cv_minmax, cv_plus, held_out, parts, summary, summary_of};

/// Intercept and slope of least squares on the rows named.
fn line(x: &[f64], y: &[f64], rows: &[usize]) -> (f64, f64) {
    let n = rows.len() as f64;
    let (mx, my) = rows.iter().fold((0.0, 0.0), |(a, b), &i| (a + x[i] / n, b + y[i] / n));
    let (sxy, sxx) = rows.iter().fold((0.0, 0.0), |(a, b), &i| (a + (x[i] - mx) * (y[i] - my), b + (x[i] - mx).powi(2)));
    (my - sxy / sxx * mx, sxy / sxx)
}

struct World {
    residuals: Residuals,
    lines: Vec<(f64, f64)>,
    predicted: Vec<f64>,
    observed: Vec<f64>,
    fold: Vec<u32>,
}

/// y = 2x + heavy-tailed noise; `n` rows in `folds` folds, row i in fold i mod folds.
fn world(n: usize, folds: usize, rng: &mut Rng) -> World {
    let x: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let y: Vec<f64> = x.iter().map(|x| 2.0 * x + noise(rng)).collect();
    let fold: Vec<u32> = (0..n).map(|i| (i % folds) as u32).collect();
    let lines: Vec<(f64, f64)> = (0..folds).map(|k| line(&x, &y, &(0..n).filter(|i| i % folds != k).collect::<Vec<_>>())).collect();
    let predicted: Vec<f64> = (0..n).map(|i| lines[i % folds].0 + lines[i % folds].1 * x[i]).collect();
    let held = |k: usize| (0..n).filter(|i| i % folds == k).map(|i| (y[i] - predicted[i]).abs()).collect();
    World { residuals: Residuals::new((0..folds).map(held).collect()).unwrap(), lines, predicted, observed: y, fold }
}

fn noise(rng: &mut Rng) -> f64 {
    rng.normal() / (0.3 + rng.uniform())
}

fn said(lines: &[(f64, f64)], x: &[f64]) -> Vec<Vec<f64>> {
    lines.iter().map(|(a, b)| x.iter().map(|x| a + b * x).collect()).collect()
}

/// Share of new observations inside, over many tables.
fn coverage(n: usize, folds: usize, level: f64) -> f64 {
    let mut inside = 0;
    let (tables, news) = (200, 25);
    for table in 0..tables {
        let mut rng = Rng::new(5).fork("table", table);
        let w = world(n, folds, &mut rng);
        let x: Vec<f64> = (0..news).map(|_| rng.normal()).collect();
        let (low, high) = cv_plus(&w.residuals, &said(&w.lines, &x), level).unwrap();
        inside += (0..news).filter(|&i| (low[i]..=high[i]).contains(&(2.0 * x[i] + noise(&mut rng)))).count();
    }
    inside as f64 / (tables as usize * news) as f64
}

#[test]
fn exchangeable_rows_are_covered_as_the_theorem_says() {
    for (n, folds, level) in [(60, 10, 0.9), (60, 5, 0.8), (40, 40, 0.9)] {
        let share = coverage(n, folds, level);
        assert!(share >= 1.0 - 2.0 * (1.0 - level), "below the guarantee: {share} for {n} rows, {folds} folds, {level}");
        assert!((share - level).abs() < 0.03, "far from nominal: {share} for {n} rows, {folds} folds, {level}");
    }
}

#[test]
fn width_grows_with_the_level_and_intervals_are_nested() {
    let w = world(300, 10, &mut Rng::new(2));
    let said = said(&w.lines, &[-3.0, 0.0, 0.4, 8.0]);
    let levels = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
    let all: Vec<_> = levels.iter().map(|&l| cv_plus(&w.residuals, &said, l).unwrap()).collect();
    for pair in all.windows(2) {
        for row in 0..4 {
            assert!(pair[1].0[row] <= pair[0].0[row] && pair[1].1[row] >= pair[0].1[row]);
        }
    }
    assert!(all[0].1[0] - all[0].0[0] < all[6].1[0] - all[6].0[0]);
}

#[test]
fn from_the_lowest_to_the_highest_model_is_wider_and_covers_at_the_full_level() {
    let w = world(300, 10, &mut Rng::new(2));
    let said = said(&w.lines, &[-3.0, 0.0, 0.4, 8.0]);
    for level in [0.5, 0.8, 0.95] {
        let (plus, most) = (cv_plus(&w.residuals, &said, level).unwrap(), cv_minmax(&w.residuals, &said, level).unwrap());
        (0..4).for_each(|row| assert!(most.0[row] <= plus.0[row] && most.1[row] >= plus.1[row]));
    }
    let r = Residuals::new(vec![vec![1.0; 10], vec![2.0; 10]]).unwrap();
    assert_eq!(cv_minmax(&r, &[vec![5.0], vec![7.0]], 0.9).unwrap(), (vec![3.0], vec![9.0]));
    assert!(cv_minmax(&r, &[vec![5.0]], 0.9).is_err());
}

#[test]
fn small_parts_are_not_accused_and_large_ones_are() {
    let n = 1000;
    let ends = (vec![-1.0; n], vec![1.0; n]);
    // Part a: 6 of 8 inside; part b: 400 of 492 inside; part c: 450 of 500 inside.
    let observed: Vec<f64> = (0..n).map(|i| if matches!(i, 0..2 | 8..100 | 500..550) { 3.0 } else { 0.0 }).collect();
    let part = |name: &str, rows: std::ops::Range<usize>| Part { name: name.to_owned(), rows: rows.collect() };
    let made = || vec![part("a", 0..8), part("b", 8..500), part("c", 500..1000), part("none", 0..0)];
    let found = parts(&observed, &ends, made(), 0.9).unwrap();
    assert_eq!(found.iter().map(|p| (p.name.as_str(), p.rows)).collect::<Vec<_>>(), [("a", 8), ("b", 492), ("c", 500)]);
    assert_eq!((found[0].coverage, found[2].coverage, found[1].width), (0.75, 0.9, 2.0));
    assert!(found[0].p > 0.2 && found[1].p < 1e-6 && found[2].p > 0.5, "{found:?}");
    // scipy 1.17.1: binomtest(450, 500).proportion_ci(method="wilson"), and binom.cdf(6, 8, 0.9) = 0.18689527, times 2 by Holm.
    let wilson = [0.870_578_090_368_059_9, 0.923_322_437_262_698_4];
    assert!(found[2].interval.iter().zip(wilson).all(|(a, b)| (a - b).abs() < 1e-9), "{:?}", found[2].interval);
    assert!((found[0].p - 2.0 * 0.186_895_27).abs() < 1e-8);
    // Rows without an interval count nowhere.
    let half = (vec![f64::NAN; n], ends.1.clone());
    assert!(parts(&observed, &half, made(), 0.9).unwrap().is_empty());
}

#[test]
fn bands_hold_every_row_once_and_equal_values_together() {
    let values: Vec<f64> = (0..103).map(|i| f64::from(i % 10)).chain([f64::NAN]).collect();
    let made = bands(&values, 5, |low, high| format!("{low} to {high}"));
    assert_eq!(made.iter().map(|b| b.rows.len()).sum::<usize>(), 103);
    assert_eq!(made[0].name, "0 to 1");
    for pair in made.windows(2) {
        let end = |rows: &[usize], f: fn(f64, f64) -> f64, from: f64| rows.iter().map(|&i| values[i]).fold(from, f);
        assert!(end(&pair[0].rows, f64::max, -1.0) < end(&pair[1].rows, f64::min, 99.0));
    }
    assert_eq!(bands(&[2.0; 7], 5, |_, _| String::new()).len(), 1);
}

#[test]
fn rows_without_a_finite_interval_count_in_no_coverage() {
    let w = world(200, 4, &mut Rng::new(12));
    let rows = HeldOut { predicted: &w.predicted, observed: &w.observed, fold: &w.fold, folds: 4 };
    // The first fold has none.
    let without = |level| {
        let (mut low, high) = held_out(&w.predicted, &w.observed, &w.fold, 4, level)?;
        (0..200).filter(|i| w.fold[*i] == 0).for_each(|i| low[i] = f64::NEG_INFINITY);
        Ok((low, high))
    };
    let (all, some) = (summary("CV+", &rows, 0.9).unwrap(), summary_of("some", &rows, 0.9, without).unwrap());
    assert_eq!((all.without, some.without, some.folds.len()), (0, 50, 3));
    assert_eq!(all.folds[1..], some.folds[..]);
    let none = summary_of("none", &rows, 0.9, |_| Ok((vec![f64::NAN; 200], vec![f64::NAN; 200])));
    insta::assert_snapshot!(none.unwrap_err(), @"
prediction intervals: got none of 200 held-out rows with a finite one; level 0.9 needs more residuals
  hint: ask for a lower level, or bring more rows
");
}

#[test]
fn shifting_or_mirroring_predictions_shifts_or_mirrors_intervals() {
    let w = world(120, 6, &mut Rng::new(3));
    let said = said(&w.lines, &[0.25, -1.0]);
    let (low, high) = cv_plus(&w.residuals, &said, 0.9).unwrap();
    let map = |f: fn(f64) -> f64| said.iter().map(|s| s.iter().map(|v| f(*v)).collect()).collect::<Vec<Vec<f64>>>();
    let (down, up) = cv_plus(&w.residuals, &map(|v| -v), 0.9).unwrap();
    let (l, h) = cv_plus(&w.residuals, &map(|v| v + 100.0), 0.9).unwrap();
    for i in 0..2 {
        assert_eq!((down[i], up[i]), (-high[i], -low[i]));
        assert!((l[i] - low[i] - 100.0).abs() < 1e-12 && (h[i] - high[i] - 100.0).abs() < 1e-12);
    }
}

#[test]
fn equal_fold_models_give_the_split_conformal_interval() {
    let residuals: Vec<Vec<f64>> = (0..5).map(|k| (0..20).map(|i| f64::from(i * 5 + k + 1)).collect()).collect();
    let r = Residuals::new(residuals).unwrap();
    // Residuals 1..=100; rank ceil(0.9 * 101) = 91.
    assert_eq!(cv_plus(&r, &vec![vec![7.0]; 5], 0.9).unwrap(), (vec![-84.0], vec![98.0]));
}

#[test]
fn the_smallest_table_that_carries_a_level_is_not_refused() {
    // 0.9 needs 9 rows: ceil(0.9 * 10) = 9, though 0.9 * 10 is not exact in binary.
    let r = |n: usize| Residuals::new(vec![vec![1.0; n - 4], vec![2.0; 4]]).unwrap();
    let said = vec![vec![0.0]; 2];
    assert_eq!(cv_plus(&r(9), &said, 0.9).unwrap(), (vec![-2.0], vec![2.0]));
    insta::assert_snapshot!(cv_plus(&r(8), &said, 0.9).unwrap_err(), @"
prediction interval: got 8 held-out residuals for level 0.9; level 0.9 needs at least 9 rows, with fewer the interval is infinite
  hint: ask for a lower level, or bring more rows
");
    assert!(cv_plus(&r(19), &said, 0.95).is_ok() && cv_plus(&r(18), &said, 0.95).is_err());
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let w = world(500, 10, &mut Rng::new(4));
    let said = said(&w.lines, &(0..2000).map(|i| f64::from(i) / 500.0 - 2.0).collect::<Vec<_>>());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| cv_plus(&w.residuals, &said, 0.9).unwrap())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn held_out_rows_use_the_residuals_of_other_folds_only() {
    // Fold 0 has residuals 1, 2, 3; fold 1 has 10, 20, 30. Level 0.5: rank ceil(0.5 * 4) = 2.
    let observed = [1.0, 2.0, 3.0, 10.0, 20.0, 30.0];
    let (low, high) = held_out(&[0.0; 6], &observed, &[0, 0, 0, 1, 1, 1], 2, 0.5).unwrap();
    assert_eq!(high, [20.0, 20.0, 20.0, 2.0, 2.0, 2.0]);
    assert_eq!(low[0], -20.0);
}

#[test]
fn measured_coverage_is_nominal_on_exchangeable_rows_and_the_summary_adds_up() {
    let w = world(4000, 10, &mut Rng::new(6));
    let rows = HeldOut { predicted: &w.predicted, observed: &w.observed, fold: &w.fold, folds: 10 };
    let s = summary("CV+", &rows, 0.9).unwrap();
    assert!((s.coverage - 0.9).abs() < 0.015, "{}", s.coverage);
    assert_eq!(s.curve.len(), 6);
    assert!(s.curve.iter().all(|(level, measured)| (level - measured).abs() < 0.025), "{:?}", s.curve);
    assert_eq!(s.curve[4].1, s.coverage);
    assert_eq!(s.conditional.iter().map(|c| c.2).sum::<usize>(), 4000);
    let from_tenths: f64 = s.conditional.iter().map(|c| c.1 * c.2 as f64).sum::<f64>() / 4000.0;
    let from_folds: f64 = s.folds.iter().sum::<f64>() / 10.0;
    assert!((from_tenths - s.coverage).abs() < 1e-12 && (from_folds - s.coverage).abs() < 1e-12);
    let (low, high) = held_out(&w.predicted, &w.observed, &w.fold, 10, 0.9).unwrap();
    let width = low.iter().zip(&high).map(|(l, h)| h - l).sum::<f64>() / 4000.0;
    assert!((width - s.width).abs() < 1e-9);
}

#[test]
fn a_fold_unlike_the_others_shows_in_its_own_coverage() {
    let mut w = world(1000, 10, &mut Rng::new(7));
    (0..1000).filter(|i| i % 10 == 3).for_each(|i| w.observed[i] += 50.0);
    let rows = HeldOut { predicted: &w.predicted, observed: &w.observed, fold: &w.fold, folds: 10 };
    let s = summary("CV+", &rows, 0.8).unwrap();
    assert_eq!(s.folds[3], 0.0);
    assert!(s.folds[2] > 0.8);
}

#[test]
fn equal_predictions_stay_in_one_tenth() {
    let observed: Vec<f64> = (0..100).map(f64::from).collect();
    let fold: Vec<u32> = (0..100).map(|i| i % 2).collect();
    let rows = HeldOut { predicted: &[49.5; 100], observed: &observed, fold: &fold, folds: 2 };
    assert_eq!(summary("CV+", &rows, 0.8).unwrap().conditional.len(), 1);
}

#[test]
fn levels_that_the_rows_cannot_carry_are_left_out_of_the_curve() {
    let observed: Vec<f64> = (0..20).map(f64::from).collect();
    let fold: Vec<u32> = (0..20).map(|i| i % 2).collect();
    let rows = HeldOut { predicted: &[0.0; 20], observed: &observed, fold: &fold, folds: 2 };
    let levels: Vec<f64> = summary("CV+", &rows, 0.5).unwrap().curve.iter().map(|c| c.0).collect();
    assert_eq!(levels, [0.5, 0.6, 0.7, 0.8, 0.9]);
}

#[test]
fn residuals_are_checked_when_they_are_read_back() {
    let r = Residuals::new(vec![vec![3.0, 1.0], vec![2.0]]).unwrap();
    let text = serde_json::to_string(&r).unwrap();
    assert_eq!(text, "[[1.0,3.0],[2.0]]");
    assert_eq!(serde_json::from_str::<Residuals>(&text).unwrap(), r);
    let bad = serde_json::from_str::<Residuals>("[[1.0],[-2.0]]").unwrap_err().to_string();
    insta::assert_snapshot!(bad, @"residuals of fold 2: got -2; absolute residuals are finite and not negative");
}

#[test]
fn refusals_name_the_thing_and_the_rule() {
    let text = |e: Error| e.to_string();
    let r = Residuals::new(vec![vec![1.0; 50], vec![2.0; 50]]).unwrap();
    insta::assert_snapshot!(text(cv_plus(&r, &[vec![0.0], vec![0.0]], 0.3).unwrap_err()), @"
interval level: got 0.3; a level lies within 0.5..0.999
  hint: 0.9 covers nine new observations in ten
");
    insta::assert_snapshot!(text(cv_plus(&r, &[vec![0.0], vec![0.0]], f64::NAN).unwrap_err()), @"
interval level: got NaN; a level lies within 0.5..0.999
  hint: 0.9 covers nine new observations in ten
");
    insta::assert_snapshot!(text(cv_plus(&r, &[vec![0.0]], 0.9).unwrap_err()), @"fold models: got 1; the residuals come from 2 folds, one model each");
    insta::assert_snapshot!(text(cv_plus(&r, &[vec![0.0], vec![]], 0.9).unwrap_err()), @"predictions of fold model 2: got 0 rows; the first fold model has 1");
    insta::assert_snapshot!(text(cv_plus(&r, &[vec![0.0], vec![f64::NAN]], 0.9).unwrap_err()), @"prediction of fold model 2 for row 1: got NaN; predictions are finite");
    insta::assert_snapshot!(text(Residuals::new(vec![vec![1.0], vec![]]).unwrap_err()), @"held-out folds: got 1 with rows; CV+ needs at least 2");
    insta::assert_snapshot!(text(held_out(&[0.0], &[0.0, 1.0], &[0], 1, 0.9).unwrap_err()), @"held-out rows: got 1 predicted, 2 observed, 1 with a fold; one of each a row");
    insta::assert_snapshot!(text(held_out(&[0.0, f64::NAN], &[0.0, 1.0], &[0, 1], 2, 0.9).unwrap_err()), @"held-out row 2: got predicted NaN, observed 1; both are finite; rows that no fold tested are left out");
    insta::assert_snapshot!(text(held_out(&[0.0, 1.0], &[0.0, 1.0], &[0, 2], 2, 0.9).unwrap_err()), @"fold of held-out row 2: got 2; folds are counted 0..2");
    insta::assert_snapshot!(text(held_out(&[0.0, 1.0], &[0.0, 1.0], &[0, 0], 2, 0.9).unwrap_err()), @"fold 2: got 0 held-out rows; every fold tests at least one row");
}
