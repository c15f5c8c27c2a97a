//! Comparisons: laws of the paired difference, optimism, and the summary over folds.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Better, Rng};
use esker_evaluate::compare::{optimism, paired, score_record};

#[test]
fn turning_the_pair_around_turns_the_interval_around() {
    let (a, b) = ([0.30, 0.28, 0.35], [0.20, 0.25, 0.22]);
    let (train, test) = ([60, 61, 59], [30, 29, 31]);
    let ab = paired(&a, &b, &train, &test, 0.95).unwrap();
    let ba = paired(&b, &a, &train, &test, 0.95).unwrap();
    assert_eq!((ab.difference, ab.se, ab.low, ab.high), (-ba.difference, ba.se, -ba.high, -ba.low));
    assert!(ab.low < ab.difference && ab.difference < ab.high);
    assert_eq!(ab.folds, 3);
}

#[test]
fn equal_differences_tell_nothing_of_their_noise() {
    let a = [0.3, 0.4, 0.5];
    let same = paired(&a, &a, &[9; 3], &[3; 3], 0.95).unwrap();
    assert_eq!((same.difference, same.se, same.low, same.high, same.p), (0.0, 0.0, 0.0, 0.0, 1.0));
    // One row more is right in each of two folds of ten; the differences are .1 but for rounding.
    let one = paired(&[0.9, 0.8], &[0.8, 0.7], &[10; 2], &[10; 2], 0.95).unwrap();
    assert!((one.difference - 0.1).abs() < 1e-12 && one.p == 1.0 && one.low == one.high, "{one:?}");
}

#[test]
fn overlap_widens_the_interval_and_confidence_does_too() {
    let (a, b) = ([0.30, 0.28, 0.35, 0.31], [0.20, 0.25, 0.22, 0.30]);
    let half = |test: usize, confidence: f64| {
        let p = paired(&a, &b, &[1000; 4], &[test; 4], confidence).unwrap();
        p.high - p.difference
    };
    assert!(half(500, 0.95) > half(1, 0.95));
    assert!(half(500, 0.99) > half(500, 0.95));
}

#[test]
fn the_interval_covers_a_difference_of_zero_as_often_as_it_says() {
    // Folds whose rows do not overlap are independent: with almost no test rows the correction vanishes, and the
    // interval is Student's. 4,000 draws: the standard error of the coverage is .005.
    let mut rng = Rng::new(1);
    let runs = 4000;
    let covered = (0..runs).filter(|_| {
        let a: Vec<f64> = (0..5).map(|_| rng.normal()).collect();
        let p = paired(&a, &[0.0; 5], &[1_000_000_000; 5], &[1; 5], 0.9).unwrap();
        p.low <= 0.0 && 0.0 <= p.high
    });
    let share = covered.count() as f64 / f64::from(runs);
    assert!((share - 0.9).abs() < 0.02, "{share}");
}

#[test]
fn optimism_is_positive_where_shuffling_flatters() {
    assert!((optimism(0.2, 0.3, Better::Higher) - 0.1).abs() < 1e-15);
    assert!((optimism(0.5, 0.4, Better::Lower) - 0.1).abs() < 1e-15);
    assert!((optimism(-0.2, 0.1, Better::Zero) - 0.1).abs() < 1e-15);
    assert!(optimism(0.3, 0.2, Better::Higher) < 0.0);
}

#[test]
fn a_fold_whose_score_does_not_exist_is_left_out_of_the_mean_and_kept_in_the_list() {
    let s = score_record("r2", vec![Some(1.0), None, Some(3.0)], Some(1.5));
    assert_eq!((s.metric.as_str(), s.mean, s.sd, s.pooled), ("r2", Some(2.0), Some(2f64.sqrt()), Some(1.5)));
    assert_eq!(s.folds, [Some(1.0), None, Some(3.0)]);
    let one = score_record("r2", vec![None, Some(3.0)], None);
    assert_eq!((one.mean, one.sd), (Some(3.0), None));
    let none = score_record("r2", vec![None, None], None);
    assert_eq!((none.mean, none.sd), (None, None));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let say = |a: &[f64], b: &[f64], train: &[usize], test: &[usize], confidence: f64| {
        paired(a, b, train, test, confidence).unwrap_err().to_string()
    };
    insta::assert_snapshot!(say(&[0.3], &[0.2], &[9], &[1], 0.95), @"paired difference: got 1 fold; at least 2 folds are needed to tell a difference from noise");
    insta::assert_snapshot!(say(&[0.3, 0.1], &[0.2], &[9, 9], &[1, 1], 0.95), @"paired difference: got 2 and 1 scores, 2 and 2 fold sizes; one of each a fold");
    insta::assert_snapshot!(say(&[0.3, f64::NAN], &[0.2, 0.1], &[9, 9], &[1, 1], 0.95), @"paired difference: got scores NaN and 0.1 in fold 2; scores are finite");
    insta::assert_snapshot!(say(&[0.3, 0.1], &[0.2, 0.1], &[9, 0], &[1, 1], 0.95), @"paired difference: got 0 rows to learn from and 1 to judge on in fold 2; every fold has both");
    insta::assert_snapshot!(say(&[0.3, 0.1], &[0.2, 0.1], &[9, 9], &[1, 1], 95.0), @"paired difference: got a confidence of 95; it lies between 0 and 1");
}
