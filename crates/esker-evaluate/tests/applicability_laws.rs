//! Laws of the area of applicability, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Fold, Rng};
use esker_evaluate::applicability::{Applicability, Measured, Profile, Slope, Training, Windows, usable, windows};
use proptest::prelude::*;

fn invented(rows: usize, seed: u64) -> Vec<Column> {
    let mut rng = Rng::new(seed);
    let mut real = |scale: f64| (0..rows).map(|_| scale * rng.normal()).collect::<Vec<f64>>();
    let (a, b, c) = (real(1.0), real(250.0), real(1e-3));
    let rocks = ["chalk", "granite", "shale"];
    let rock: Vec<Option<&str>> = (0..rows).map(|i| Some(rocks[(i * 7 + seed as usize) % 3])).collect();
    vec![Column::real("a", "m", a), Column::real("b", "mm", b), Column::real("c", "", c), Column::class("rock", Codes::from_labels(&rock))]
}

fn folds(rows: usize, n: usize) -> Vec<Fold> {
    (0..n)
        .map(|k| {
            let of = |test: bool| (0..rows).filter(|r| (r % n == k) == test).collect();
            Fold { label: format!("fold {}", k + 1), train: of(false), test: of(true), left_out: Vec::new() }
        })
        .collect()
}

const WEIGHTS: [f64; 4] = [3.0, 0.5, 1.25, 0.75];

fn fit(columns: &[Column], folds: Option<&[Fold]>) -> (Applicability, Training) {
    Applicability::fit(&columns.iter().collect::<Vec<_>>(), &WEIGHTS, folds).unwrap()
}

fn near(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-10 * (1.0 + a.abs()) || (a.is_nan() && b.is_nan())), "{a:?} {b:?}");
}

/// Everything by its definition: loops over pairs, no tree.
fn plain(train: &[Column], new: &[Column], folds: &[Fold]) -> (Training, f64, Measured) {
    let spread = |columns: &[Column]| -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = columns[..3].iter().map(|c| c.reals().unwrap().to_vec()).collect();
        let rock = columns[3].classes().unwrap();
        out.extend(["chalk", "granite", "shale"].map(|l| (0..rock.len()).map(|r| f64::from(u8::from(rock.label(r) == Some(l)))).collect()));
        out
    };
    let (mut t, mut n) = (spread(train), spread(new));
    for (j, (t, n)) in t.iter_mut().zip(&mut n).enumerate() {
        let rows = t.len() as f64;
        let mean = t.iter().sum::<f64>() / rows;
        let sd = (t.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (rows - 1.0)).sqrt();
        for v in t.iter_mut().chain(n.iter_mut()) {
            *v = (*v - mean) / sd * WEIGHTS[j.min(3)];
        }
    }
    let distance = |from: &[Vec<f64>], i: usize, j: usize| from.iter().zip(&t).map(|(a, b)| (a[i] - b[j]).powi(2)).sum::<f64>().sqrt();
    let rows = train[0].len();
    let others = |i: usize| (0..rows).filter(|j| *j != i).map(|j| distance(&t, i, j)).sum::<f64>() / (rows - 1) as f64;
    let mean = (0..rows).map(others).sum::<f64>() / rows as f64;
    let of_fold = |i: usize| &folds.iter().find(|f| f.test.contains(&i)).unwrap().train;
    let dissimilarity: Vec<f64> =
        (0..rows).map(|i| of_fold(i).iter().map(|&j| distance(&t, i, j)).fold(f64::INFINITY, f64::min) / mean).collect();
    let q = |p| esker_math::quantile(&dissimilarity, p).unwrap();
    let threshold = (q(0.75) + 1.5 * (q(0.75) - q(0.25))).min(q(1.0));
    let below = |from: &[Vec<f64>], i: usize, j: usize| distance(from, i, j) / mean < threshold;
    let density = (0..rows).map(|i| of_fold(i).iter().filter(|&&j| below(&t, i, j)).count() as f64).collect();
    let mut said = Measured::default();
    for i in 0..new[0].len() {
        let index = (0..rows).map(|j| distance(&n, i, j)).fold(f64::INFINITY, f64::min) / mean;
        said.dissimilarity.push(index);
        said.density.push((0..rows).filter(|&j| below(&n, i, j)).count() as f64);
        said.inside.push(f64::from(u8::from(index <= threshold)));
    }
    (Training { dissimilarity, density, incomplete: 0, averaged: rows }, threshold, said)
}

#[test]
fn it_is_what_its_definition_says_classes_included() {
    for (seed, rows) in [(1, 40), (2, 150), (3, 333)] {
        let (train, new, folds) = (invented(rows, seed), invented(700, seed + 50), folds(rows, 7));
        let (area, training) = fit(&train, Some(&folds));
        let (expected, threshold, said) = plain(&train, &new, &folds);
        assert!((area.threshold() - threshold).abs() < 1e-12);
        near(&training.dissimilarity, &expected.dissimilarity);
        assert_eq!((&training.density, training.averaged), (&expected.density, rows));
        let measured = area.measure(&new).unwrap();
        near(&measured.dissimilarity, &said.dissimilarity);
        assert_eq!((measured.density, measured.inside), (said.density, said.inside));
    }
}

#[test]
fn leaving_one_out_is_as_many_folds() {
    let train = invented(60, 4);
    let (alone, all) = (fit(&train, Some(&folds(60, 60))), fit(&train, None));
    assert_eq!((alone.0.threshold(), alone.1), (all.0.threshold(), all.1));
}

#[test]
fn a_training_row_is_no_distance_from_itself() {
    let train = invented(80, 5);
    let said = fit(&train, Some(&folds(80, 4))).0.measure(&train).unwrap();
    assert!(said.dissimilarity.iter().all(|v| *v == 0.0) && said.inside.iter().all(|v| *v == 1.0));
    assert!(said.density.iter().all(|v| *v >= 1.0), "the row itself is near");
}

proptest! {
    #[test]
    fn units_do_not_matter(seed in 0u64..500, scale in 1e-4f64..1e4, shift in -1e3f64..1e3) {
        let (train, new, folds) = (invented(50, seed), invented(30, seed + 1), folds(50, 5));
        let other = |columns: &[Column]| {
            let mut columns = columns.to_vec();
            let values = columns[1].reals().unwrap().iter().map(|v| v * scale + shift).collect();
            columns[1] = Column::real("b", "", values);
            columns
        };
        let (a, b) = (fit(&train, Some(&folds)), fit(&other(&train), Some(&folds)));
        near(&a.1.dissimilarity, &b.1.dissimilarity);
        near(&a.0.measure(&new).unwrap().dissimilarity, &b.0.measure(&other(&new)).unwrap().dissimilarity);
        prop_assert!((a.0.threshold() - b.0.threshold()).abs() < 1e-9);
    }

    #[test]
    fn weights_are_relative(seed in 0u64..500, times in 0.01f64..100.0) {
        let (train, new) = (invented(50, seed), invented(30, seed + 1));
        let features: Vec<&Column> = train.iter().collect();
        let a = fit(&train, None).0.measure(&new).unwrap();
        let b = Applicability::fit(&features, &WEIGHTS.map(|w| w * times), None).unwrap().0.measure(&new).unwrap();
        near(&a.dissimilarity, &b.dissimilarity);
    }

    /// To the last bit: neither sums nor ties depend on the order of rows.
    #[test]
    fn permuting_rows_permutes_results(seed in 0u64..500) {
        let (train, new, folds) = (invented(64, seed), invented(40, seed + 1), folds(64, 5));
        let mut order: Vec<usize> = (0..64).collect();
        Rng::new(seed).shuffle(&mut order);
        let to = |row: &usize| order.iter().position(|o| o == row).unwrap();
        let moved: Vec<Column> = train.iter().map(|c| c.select(&order)).collect();
        let moved_folds: Vec<Fold> = folds.iter().map(|f| Fold { train: f.train.iter().map(to).collect(), test: f.test.iter().map(to).collect(), ..f.clone() }).collect();
        let (a, b) = (fit(&train, Some(&folds)), fit(&moved, Some(&moved_folds)));
        let pick = |v: &[f64]| order.iter().map(|&r| v[r]).collect::<Vec<f64>>();
        prop_assert_eq!((pick(&a.1.dissimilarity), pick(&a.1.density)), (b.1.dissimilarity, b.1.density));
        let said = a.0.measure(&new).unwrap();
        prop_assert_eq!(&said, &b.0.measure(&new).unwrap());
        let turned: Vec<usize> = (0..40).rev().collect();
        let backwards = a.0.measure(&new.iter().map(|c| c.select(&turned)).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(backwards.dissimilarity, said.dissimilarity.into_iter().rev().collect::<Vec<f64>>());
    }

    #[test]
    fn a_curve_never_turns_and_is_never_below_zero(seed in 0u64..300, rows in 10usize..120, falling in any::<bool>()) {
        let mut rng = Rng::new(seed);
        let index: Vec<f64> = (0..rows).map(|_| (rng.uniform() * 20.0).round() / 10.0).collect();
        let loss: Vec<f64> = index.iter().map(|i| (rng.normal() * (0.2 + i)).powi(2)).collect();
        let w = windows(&index, &loss, Some(5), true).unwrap();
        let slope = if falling { Slope::Falling } else { Slope::Rising };
        let curve = Profile::fit(&w, slope).unwrap();
        let said: Vec<f64> = (-10..=300).map(|k| curve.expected(f64::from(k) / 100.0)).collect();
        let steps = said.windows(2).map(|s| if falling { s[0] - s[1] } else { s[1] - s[0] });
        prop_assert!(steps.fold(0.0, f64::min) >= -1e-9 && said.iter().all(|v| *v >= -1e-12));
        // Least squares over curves that may be moved up and down: what is left over has no mean, unless the curve stands on zero.
        let rest: f64 = w.at.iter().zip(&w.error).map(|(a, e)| e - curve.expected(*a)).sum();
        prop_assert!(rest.abs() < 1e-6 * rows as f64 || said.iter().any(|v| v.abs() < 1e-9), "{rest}");
    }
}

#[test]
fn threads_and_blocks_change_nothing() {
    let (train, new) = (invented(300, 8), invented(5000, 9));
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let run = || {
        let (area, training) = fit(&train, Some(&folds(300, 10)));
        (area.threshold(), training, area.measure(&new).unwrap())
    };
    let (one, three) = (pool(1).install(run), pool(3).install(run));
    assert_eq!(one, three);
    let area = fit(&train, Some(&folds(300, 10))).0;
    let blocks: Vec<f64> = (0..5000)
        .step_by(777)
        .flat_map(|start| {
            let rows: Vec<usize> = (start..(start + 777).min(5000)).collect();
            area.measure(&new.iter().map(|c| c.select(&rows)).collect::<Vec<_>>()).unwrap().dissimilarity
        })
        .collect();
    assert_eq!(blocks, one.2.dissimilarity);
}

#[test]
fn duplicates_are_counted_and_far_rows_are_outside() {
    let mut train = invented(40, 6);
    train = train.iter().map(|c| c.select(&(0..80).map(|r| r / 2).collect::<Vec<_>>())).collect();
    // Twins are in one fold: what the fold learns from has none of them.
    let pairs: Vec<Fold> = (0..4)
        .map(|k| {
            let of = |test: bool| (0..80).filter(|r| (r / 2 % 4 == k) == test).collect();
            Fold { label: format!("fold {}", k + 1), train: of(false), test: of(true), left_out: Vec::new() }
        })
        .collect();
    let (area, training) = fit(&train, Some(&pairs));
    assert!(training.dissimilarity.iter().all(|v| *v > 0.0) && training.density.iter().all(|v| v % 2.0 == 0.0));
    assert!(area.measure(&train).unwrap().density.iter().all(|v| *v >= 2.0));
    let (apart, torn) = fit(&train, Some(&folds(80, 2)));
    assert!(torn.dissimilarity.iter().all(|v| *v == 0.0) && apart.threshold() == 0.0);
    assert_eq!(apart.measure(&invented(5, 99)).unwrap().inside, [0.0; 5]);
    assert_eq!(apart.measure(&train).unwrap().density, [0.0; 80], "no row is nearer than a threshold of 0");
    let far: Vec<Column> = train.iter().map(|c| if c.name == "a" { Column::real("a", "", vec![1e3; 80]) } else { c.clone() }).collect();
    let said = area.measure(&far).unwrap();
    assert!(said.inside.iter().chain(&said.density).all(|v| *v == 0.0));
}

/// Evenly spaced values: their mean distance is a third of the range, √12 / 3 standard deviations.
#[test]
fn of_many_rows_some_are_asked_for_the_mean_distance() {
    let rows = 20_100;
    let mut order: Vec<usize> = (0..rows).collect();
    Rng::new(15).shuffle(&mut order);
    let column = Column::real("x", "m", order.iter().map(|i| *i as f64).collect());
    let (area, training) = Applicability::fit(&[&column], &[1.0], Some(&folds(rows, 2))).unwrap();
    assert_eq!((training.averaged, area.rows()), (rows / 2, rows));
    assert!((area.mean_distance() - 12f64.sqrt() / 3.0).abs() < 1e-3, "{}", area.mean_distance());
}

#[test]
fn rows_that_lack_a_feature_are_left_out_or_unknown() {
    let (mut train, mut new) = (invented(50, 7), invented(3, 8));
    let whole: Vec<Column> = train.iter().map(|c| c.select(&(1..50).collect::<Vec<_>>())).collect();
    let mut a = train[0].reals().unwrap().to_vec();
    a[0] = f64::NAN;
    train[0] = Column::real("a", "m", a);
    let (area, training) = fit(&train, None);
    let (same, of_whole) = fit(&whole, None);
    assert_eq!((training.incomplete, area.rows(), training.dissimilarity.len()), (1, 49, 50));
    assert!(training.dissimilarity[0].is_nan() && training.density[0].is_nan());
    assert_eq!(training.dissimilarity[1..], of_whole.dissimilarity);
    new[1] = Column::real("b", "", vec![f64::NAN, 1.0, 2.0]);
    new[3] = Column::class("rock", Codes::from_labels(&[Some("chalk"), None, Some("shale")]));
    let (said, other) = (area.measure(&new).unwrap(), same.measure(&new).unwrap());
    for values in [&said.dissimilarity, &said.density, &said.inside] {
        assert_eq!(values.iter().map(|v| v.is_nan()).collect::<Vec<_>>(), [true, true, false]);
    }
    assert_eq!(said.dissimilarity[2], other.dissimilarity[2]);
    let none = area.measure(&new.iter().map(|c| c.select(&[])).collect::<Vec<_>>()).unwrap();
    assert_eq!(none, Measured::default());
}

/// As in CAST, a level that training rows do not have is none of theirs: its coordinates are those of 0 everywhere.
#[test]
fn a_class_never_seen_is_farther_than_any_other() {
    let train = invented(60, 10);
    let (area, _) = fit(&train, None);
    let row = |label: &str| {
        let mut row: Vec<Column> = train.iter().map(|c| c.select(&[0])).collect();
        row[3] = Column::class("rock", Codes::from_labels(&[Some(label)]));
        area.measure(&row).unwrap().dissimilarity[0]
    };
    let own = train[3].classes().unwrap().label(0).unwrap().to_owned();
    assert_eq!(row(&own), 0.0);
    assert!(row("basalt") > 0.0);
}

#[test]
fn what_is_kept_measures_alike_and_is_not_believed_when_damaged() {
    let (train, new) = (invented(50, 11), invented(20, 12));
    let (area, _) = fit(&train, Some(&folds(50, 5)));
    let text = serde_json::to_string(&area).unwrap();
    let back: Applicability = serde_json::from_str(&text).unwrap();
    assert_eq!(back.measure(&new).unwrap(), area.measure(&new).unwrap());
    let damaged = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        serde_json::from_str::<Applicability>(&changed).unwrap_err().to_string()
    };
    damaged("\"mean_distance\":", "\"mean_distance\":-");
    damaged("\"rows\":[", "\"rows\":[0.5,");
    damaged("\"feature\":0", "\"feature\":9");
    damaged("\"sd\":", "\"sd\":-");
    let curve = Profile::fit(&Windows { at: vec![1.0, 2.0, 3.0], error: vec![1.0, 2.0, 3.0], rows: 5 }, Slope::Rising).unwrap();
    let text = serde_json::to_string(&curve).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), curve);
    assert!(serde_json::from_str::<Profile>(&text.replacen("[1.0", "[9.0", 1)).is_err());
}

#[test]
fn what_has_no_area_is_refused_by_name() {
    let train = invented(30, 13);
    let features: Vec<&Column> = train.iter().collect();
    let refused = |features: &[&Column], weights: &[f64], folds: Option<&[Fold]>| {
        Applicability::fit(features, weights, folds).unwrap_err().to_string()
    };
    let constant = Column::real("flat", "m", vec![0.1 + 0.2; 30]);
    let one_class = Column::class("one", Codes::from_labels(&[Some("only"); 30]));
    for column in [&constant, &one_class] {
        assert!(refused(&[features[0], column], &[1.0, 1.0], None).starts_with(&format!("feature '{}'", column.name)));
        assert_eq!(usable(&[features[0], column]), [0]);
    }
    assert!(refused(&features, &[0.0, -1.0, 0.0, -0.0], None).contains("none above 0"));
    assert!(refused(&features, &[1.0, f64::NAN, 1.0, 1.0], None).contains("weight of feature 'b'"));
    assert!(refused(&features, &[1.0], None).contains("1 for 4 features"));
    assert!(refused(&[], &[], None).contains("0 for 0 features"));
    let few: Vec<Column> = train.iter().map(|c| c.select(&[3])).collect();
    assert!(refused(&few.iter().collect::<Vec<_>>(), &WEIGHTS, None).contains("got 1; at least 2"));
    let fold = |train: Vec<usize>, test: Vec<usize>| [Fold { label: "fold 1".into(), train, test, left_out: Vec::new() }];
    assert!(refused(&features, &WEIGHTS, Some(&fold(vec![], vec![1, 2]))).starts_with("fold 1: got no training row"));
    assert!(refused(&features, &WEIGHTS, Some(&fold(vec![1], vec![]))).contains("must be tested"));
    assert!(refused(&features, &WEIGHTS, Some(&fold(vec![1], vec![30]))).contains("row 31; there are 30 rows"));
    let (area, _) = fit(&train, None);
    assert!(area.measure(&train[..3]).unwrap_err().to_string().starts_with("column 'rock'"));
    let mut wrong = train.clone();
    wrong[3] = Column::real("rock", "", vec![1.0; 30]);
    assert!(area.measure(&wrong).is_err());
    wrong[3] = train[3].select(&[0, 1]);
    assert!(area.measure(&wrong).unwrap_err().to_string().contains("2 rows; column 'a' has 30"));
}

#[test]
fn a_feature_missing_everywhere_tells_nothing() {
    let train = invented(30, 14);
    let empty = Column::real("empty", "", vec![f64::NAN; 30]);
    assert_eq!(usable(&[&empty, &train[0], &train[3]]), [1, 2]);
    assert_eq!(usable(&[]), [0; 0]);
}

/// Windows of five as CAST's `errorProfiles` makes them: the root mean square of five rows in the order of the index, at the middle one.
#[test]
fn windows_move_row_by_row() {
    let index = [5.0, 1.0, 3.0, 2.0, 4.0, 6.0, 7.0, 8.0, 9.0, f64::NAN, 10.0, 11.0];
    let loss = [25.0, 1.0, 9.0, 4.0, 16.0, 36.0, 49.0, 64.0, 81.0, 1.0, 100.0, f64::NAN];
    let w = windows(&index, &loss, None, true).unwrap();
    assert_eq!((w.rows, w.at.clone()), (5, vec![3.0, 4.0, 5.0, 6.0, 7.0, 8.0]));
    let expected: Vec<f64> = (1..=6).map(|k| ((k..k + 5).map(|v| f64::from(v * v)).sum::<f64>() / 5.0).sqrt()).collect();
    near(&w.error, &expected);
    assert_eq!(windows(&index, &loss, Some(10), false).unwrap().error, [38.5]);
    for (index, loss, window) in [
        (&index[..5], &loss[..5], None),
        (&index[..], &loss[..], Some(11)),
        (&index[..], &loss[..], Some(0)),
        (&index[..3], &loss[..2], None),
    ] {
        assert!(windows(index, loss, window, true).is_err());
    }
    assert!(windows(&index, &loss.map(|l| -l), None, true).is_err());
}

/// Were equal rows put in the order of their losses, windows would hold the best or the worst of them, and their mean root would be too small.
#[test]
fn rows_of_one_index_are_not_told_apart() {
    let loss: Vec<f64> = (0..40).map(|k| f64::from(k % 7)).collect();
    let mean = loss.iter().sum::<f64>() / 40.0;
    let w = windows(&[2.0; 40], &loss, None, true).unwrap();
    assert!(w.error.iter().all(|e| (e - mean.sqrt()).abs() < 1e-12), "{:?}", w.error);
    assert!((Profile::fit(&w, Slope::Rising).unwrap().expected(2.0) - mean.sqrt()).abs() < 1e-9);
}

#[test]
fn a_curve_that_can_be_met_is_met_and_one_against_the_slope_is_level() {
    let at: Vec<f64> = (0..101).map(|k| f64::from(k) / 50.0).collect();
    let risen = Windows { error: at.iter().map(|x| 0.5 + x * x / 4.0).collect(), at: at.clone(), rows: 5 };
    let curve = Profile::fit(&risen, Slope::Rising).unwrap();
    let worst = at.iter().zip(&risen.error).map(|(x, e)| (curve.expected(*x) - e).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-6, "{worst}");
    assert_eq!((curve.expected(-1.0), curve.expected(9.0)), (curve.expected(0.0), curve.expected(2.0)));
    assert!(curve.expected(f64::NAN).is_nan());
    let level = Profile::fit(&risen, Slope::Falling).unwrap();
    let mean = risen.error.iter().sum::<f64>() / 101.0;
    assert!(at.iter().all(|x| (level.expected(*x) - mean).abs() < 1e-9));
    let one = Profile::fit(&Windows { at: vec![2.0; 7], error: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], rows: 5 }, Slope::Rising).unwrap();
    assert!((one.expected(0.0) - 4.0).abs() < 1e-12 && (one.expected(3.0) - 4.0).abs() < 1e-12);
}
