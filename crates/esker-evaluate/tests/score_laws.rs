//! Laws of the scores: perfection, order, weights, limits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Better, Codes, Prediction, Rng, Targets, Unit, Values};
use esker_evaluate::score::{Score, confusion, cost, curve, per_class};
use proptest::prelude::*;

fn levels(k: usize) -> Vec<String> {
    ["clay", "sand", "shale", "till"][..k].iter().map(|l| (*l).to_owned()).collect()
}

/// Truth, prediction and weights of `n` rows, by a seed; every class occurs and some rows are wrong.
fn sample(score: Score, n: usize, seed: u64) -> (Values, Prediction, Vec<f64>) {
    let mut rng = Rng::new(seed);
    let weight = (0..n).map(|_| 0.1 + rng.uniform()).collect();
    if score.for_target() == Targets::Real {
        let truth: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let said = truth.iter().map(|t| 0.5 * t + 0.3 * rng.normal()).collect();
        return (Values::Real(truth), Prediction::real(&Unit::new("m"), said), weight);
    }
    let k = 3;
    let truth: Vec<u32> = (0..n).map(|i| (i % k) as u32).collect();
    let mut probability = Vec::new();
    for &t in &truth {
        let mut p: Vec<f64> = (0..k).map(|c| 0.05 + rng.uniform() + if c == t as usize { 0.4 } else { 0.0 }).collect();
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|v| *v /= sum);
        probability.extend(p);
    }
    let truth = Values::Class(Codes::new(truth, levels(k)).unwrap());
    (truth, Prediction::class(levels(k), probability), weight)
}

fn metric(score: Score) -> Box<dyn esker_core::Metric> {
    match score {
        Score::Cost => cost(vec![vec![0.0, 1.0, 2.5], vec![1.5, 0.0, 3.0], vec![4.0, 2.0, 0.0]], levels(3)).unwrap(),
        other => other.metric(),
    }
}

/// The truth as a prediction.
fn perfect(truth: &Values) -> Prediction {
    match truth {
        Values::Real(v) => Prediction::real(&Unit::default(), v.clone()),
        Values::Class(c) => {
            let k = c.levels().len();
            let probability = c.codes().iter().flat_map(|&t| (0..k).map(move |i| f64::from(i == t as usize))).collect();
            Prediction::class(c.levels().to_vec(), probability)
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0)
}

/// As [`near`]; the ratios of means in Kling and Gupta's efficiency magnify rounding where an observed mean is near 0.
fn alike(score: Score, a: f64, b: f64) -> bool {
    let magnified = if score.name().starts_with("kge") { 1e-8 * a.abs().max(1.0) } else { 0.0 };
    near(a, b) || (a - b).abs() <= magnified
}

#[test]
fn names_come_back_from_parsing_and_are_unique() {
    for score in Score::ALL {
        assert_eq!(Score::parse(score.name()), Some(score));
        assert_eq!(score.metric().better(), score.better());
    }
    assert_eq!(Score::parse("RMSE"), None);
    let metre = Unit::new("m");
    assert_eq!(Score::Mae.unit(&metre), metre);
    assert!(Score::R2.unit(&metre).is_empty());
}

#[test]
fn a_perfect_prediction_has_the_best_score_there_is() {
    for score in Score::ALL {
        let (truth, _, weight) = sample(score, 60, 1);
        let best = match score.better() {
            Better::Higher => 1.0,
            Better::Lower | Better::Zero => 0.0,
        };
        for weight in [None, Some(weight.as_slice())] {
            let got = metric(score).score(&truth, &perfect(&truth), weight).unwrap();
            assert!(alike(score, got, best), "{}: {got}", score.name());
        }
    }
}

#[test]
fn an_imperfect_prediction_is_worse_than_a_perfect_one() {
    for score in Score::ALL {
        let (truth, said, _) = sample(score, 60, 2);
        let got = metric(score).score(&truth, &said, None).unwrap();
        match score.better() {
            Better::Higher => assert!(got < 0.999, "{}: {got}", score.name()),
            Better::Lower => assert!(got > 0.001, "{}: {got}", score.name()),
            Better::Zero => assert!(got.abs() > 1e-6, "{}: {got}", score.name()),
        }
    }
}

#[test]
fn the_mean_of_the_truth_has_an_r2_of_zero_and_no_bias() {
    let (truth, _, weight) = sample(Score::R2, 50, 3);
    let Values::Real(values) = &truth else { panic!() };
    for weight in [None, Some(weight.as_slice())] {
        let w = |row: usize| weight.map_or(1.0, |w| w[row]);
        let mean = values.iter().enumerate().map(|(r, v)| w(r) * v).sum::<f64>() / (0..50).map(w).sum::<f64>();
        let said = Prediction::real(&Unit::default(), vec![mean; 50]);
        assert!(near(Score::R2.metric().score(&truth, &said, weight).unwrap(), 0.0));
        assert!(near(Score::Bias.metric().score(&truth, &said, weight).unwrap(), 0.0));
    }
}

#[test]
fn bias_is_positive_where_the_model_says_too_much() {
    let truth = Values::Real(vec![-1.0, 0.0, 2.0]);
    let said = Prediction::real(&Unit::default(), vec![-0.5, 0.5, 2.5]);
    assert_eq!(Score::Bias.metric().score(&truth, &said, None).unwrap(), 0.5);
}

#[test]
fn correlation_ignores_scale_and_shift_and_turns_with_the_sign() {
    let (truth, said, _) = sample(Score::Correlation, 50, 4);
    let of = |f: &dyn Fn(f64) -> f64| {
        let said = Prediction::real(&Unit::default(), said.centre().unwrap().iter().map(|v| f(*v)).collect());
        Score::Correlation.metric().score(&truth, &said, None).unwrap()
    };
    let plain = of(&|v| v);
    assert!(near(of(&|v| 3.0 * v - 7.0), plain));
    assert!(near(of(&|v| -v), -plain));
    // So small that products of variances would underflow.
    assert!(near(of(&|v| 1e-160 * v), plain));
}

#[test]
fn the_mcc_of_shuffled_classes_is_near_zero_and_a_constant_prediction_has_none() {
    let mut rng = Rng::new(5);
    let n = 20_000;
    let truth = Codes::new((0..n).map(|_| rng.below(4) as u32).collect(), levels(4)).unwrap();
    let mut shuffled = truth.codes().to_vec();
    rng.shuffle(&mut shuffled);
    let said = perfect(&Values::Class(Codes::new(shuffled, levels(4)).unwrap()));
    let truth = Values::Class(truth);
    // The standard error of a correlation of 20,000 independent rows is .007.
    assert!(Score::Mcc.metric().score(&truth, &said, None).unwrap().abs() < 0.025);
    let one = perfect(&Values::Class(Codes::new(vec![2; n], levels(4)).unwrap()));
    assert_eq!(Score::Mcc.metric().score(&truth, &one, None).unwrap(), 0.0);
}

#[test]
fn classes_that_do_not_occur_change_no_score() {
    let (truth, said, _) = sample(Score::Accuracy, 30, 6);
    let (Values::Class(codes), Prediction::Class { probability, .. }) = (&truth, &said) else { panic!() };
    let wide_truth = Values::Class(Codes::new(codes.codes().to_vec(), levels(4)).unwrap());
    let wide_p = probability.chunks(3).flat_map(|row| row.iter().copied().chain([0.0])).collect();
    let wide = Prediction::class(levels(4), wide_p);
    for score in Score::ALL.into_iter().filter(|s| s.for_target() == Targets::Class && *s != Score::Cost) {
        let narrow = score.metric().score(&truth, &said, None).unwrap();
        let widened = score.metric().score(&wide_truth, &wide, None).unwrap();
        assert!(alike(score, narrow, widened), "{}: {narrow} and {widened}", score.name());
    }
}

#[test]
fn a_certain_error_costs_much_but_not_everything() {
    let truth = Values::Class(Codes::new(vec![0], levels(2)).unwrap());
    let said = Prediction::class(levels(2), vec![0.0, 1.0]);
    assert!(near(Score::LogLoss.metric().score(&truth, &said, None).unwrap(), 52.0 * 2f64.ln()));
    assert_eq!(Score::Brier.metric().score(&truth, &said, None).unwrap(), 2.0);
}

#[test]
fn a_cost_of_one_for_every_error_is_the_error_rate_and_classes_match_by_name() {
    let (truth, said, weight) = sample(Score::Cost, 45, 7);
    let ones = (0..3).map(|t| (0..3).map(|p| f64::from(t != p)).collect()).collect();
    let error = cost(ones, levels(3)).unwrap().score(&truth, &said, Some(&weight)).unwrap();
    let accuracy = Score::Accuracy.metric().score(&truth, &said, Some(&weight)).unwrap();
    assert!(near(error, 1.0 - accuracy));
    let m = [[0.0, 1.0, 2.5], [1.5, 0.0, 3.0], [4.0, 2.0, 0.0]];
    let turned: Vec<Vec<f64>> = [2, 0, 1].iter().map(|&t| [2, 0, 1].iter().map(|&p| m[t][p]).collect()).collect();
    let turned = cost(turned, vec!["shale".into(), "clay".into(), "sand".into()]).unwrap();
    assert_eq!(turned.score(&truth, &said, None).unwrap(), metric(Score::Cost).score(&truth, &said, None).unwrap());
}

#[test]
fn the_confusion_matrix_holds_every_row_and_accuracy_is_its_diagonal() {
    let (truth, said, weight) = sample(Score::Accuracy, 90, 8);
    let Values::Class(codes) = &truth else { panic!() };
    let counts = confusion(codes, &said, None).unwrap();
    assert_eq!(counts.iter().flatten().sum::<f64>(), 90.0);
    let weighted = confusion(codes, &said, Some(&weight)).unwrap();
    let total: f64 = weight.iter().sum();
    assert!(near(weighted.iter().flatten().sum::<f64>(), total));
    let diagonal = (0..3).map(|k| weighted[k][k]).sum::<f64>() / total;
    assert!(near(diagonal, Score::Accuracy.metric().score(&truth, &said, Some(&weight)).unwrap()));
}

#[test]
fn what_a_class_does_not_have_is_absent_not_zero() {
    // clay: right once, taken for sand once; sand: never right; shale: never there, never said.
    let scores = per_class(&[vec![1.0, 1.0, 0.0], vec![0.0, 0.0, 0.0], vec![0.0, 0.0, 0.0]], &levels(3));
    assert_eq!((scores[0].precision, scores[0].recall, scores[0].f1), (Some(1.0), Some(0.5), Some(2.0 / 3.0)));
    assert_eq!((scores[1].precision, scores[1].recall, scores[1].f1), (Some(0.0), None, Some(0.0)));
    assert_eq!((scores[2].precision, scores[2].recall, scores[2].f1), (None, None, None));
}

#[test]
fn a_probability_that_says_nothing_has_an_area_of_one_half() {
    let truth = Codes::new((0..100).map(|i| u32::from(i % 4 == 0)).collect(), levels(2)).unwrap();
    let said = Prediction::class(levels(2), vec![0.5; 200]);
    let c = curve(&truth, &said, 1, None).unwrap();
    assert_eq!(c.roc, [(0.0, 0.0), (1.0, 1.0)]);
    assert_eq!((c.auc, c.ap), (Some(0.5), Some(0.25)));
}

#[test]
fn a_curve_of_one_sort_of_rows_does_not_exist() {
    let said = Prediction::class(levels(2), vec![0.2, 0.8, 0.6, 0.4]);
    let without = curve(&Codes::new(vec![0, 0], levels(2)).unwrap(), &said, 1, None).unwrap();
    assert_eq!((without.auc, without.ap, without.roc.len(), without.pr.len()), (None, None, 0, 0));
    let only = curve(&Codes::new(vec![1, 1], levels(2)).unwrap(), &said, 1, None).unwrap();
    assert_eq!((only.auc, only.ap, only.pr.last().copied()), (None, Some(1.0), Some((1.0, 1.0))));
}

#[test]
fn long_curves_are_thinned_to_200_points_with_their_ends_and_areas_stay_exact() {
    let mut rng = Rng::new(9);
    let n = 5000;
    let truth: Vec<u32> = (0..n).map(|_| u32::from(rng.uniform() < 0.3)).collect();
    let p: Vec<f64> = truth.iter().map(|&t| 1.0 / (1.0 + (-rng.normal() - f64::from(t)).exp())).collect();
    let said = Prediction::class(levels(2), p.iter().flat_map(|p| [1.0 - p, *p]).collect());
    let c = curve(&Codes::new(truth.clone(), levels(2)).unwrap(), &said, 1, None).unwrap();
    assert!((150..=200).contains(&c.roc.len()) && (150..=200).contains(&c.pr.len()), "{} and {}", c.roc.len(), c.pr.len());
    assert_eq!((c.roc[0], *c.roc.last().unwrap()), ((0.0, 0.0), (1.0, 1.0)));
    assert_eq!(c.pr.last().unwrap().0, 1.0);
    assert!(c.roc.windows(2).all(|w| w[0].0 <= w[1].0 && w[0].1 <= w[1].1));
    // The area under the ROC curve is the share of pairs that are in the right order (Hanley and McNeil 1982).
    let (mut right, mut pairs) = (0.0, 0.0);
    for i in 0..n {
        for j in 0..n {
            if truth[i] == 1 && truth[j] == 0 {
                pairs += 1.0;
                right += if p[i] > p[j] {
                    1.0
                } else if p[i] == p[j] {
                    0.5
                } else {
                    0.0
                };
            }
        }
    }
    assert!((c.auc.unwrap() - right / pairs).abs() < 1e-12);
    let thinned: f64 = c.roc.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum();
    assert!((thinned - c.auc.unwrap()).abs() < 2e-3);
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(seed in any::<u64>(), n in 6usize..60) {
        for score in Score::ALL {
            let (truth, said, weight) = sample(score, n, seed);
            let mut order: Vec<usize> = (0..n).collect();
            Rng::new(seed).shuffle(&mut order);
            let moved: Vec<f64> = order.iter().map(|&r| weight[r]).collect();
            let plain = metric(score).score(&truth, &said, Some(&weight)).unwrap();
            let shuffled = metric(score).score(&truth.select(&order), &said.select(&order), Some(&moved)).unwrap();
            prop_assert!(alike(score, plain, shuffled), "{}: {plain} and {shuffled}", score.name());
        }
    }

    #[test]
    fn a_weight_of_two_is_a_duplicate_and_a_weight_of_zero_is_no_row(seed in any::<u64>(), n in 8usize..60) {
        for score in Score::ALL {
            let (truth, said, _) = sample(score, n, seed);
            // Every class keeps rows: the weights repeat 2, 1, 1, 0 while the classes repeat by threes.
            let weight: Vec<f64> = (0..n).map(|r| [2.0, 1.0, 1.0, 0.0][r % 4]).collect();
            let rows: Vec<usize> = (0..n).flat_map(|r| std::iter::repeat_n(r, weight[r] as usize)).collect();
            let weighted = metric(score).score(&truth, &said, Some(&weight)).unwrap();
            let repeated = metric(score).score(&truth.select(&rows), &said.select(&rows), None).unwrap();
            prop_assert!(alike(score, weighted, repeated), "{}: {weighted} and {repeated}", score.name());
            if let Values::Class(codes) = &truth {
                let a = curve(codes, &said, 0, Some(&weight)).unwrap();
                let b = curve(&codes.select(&rows), &said.select(&rows), 0, None).unwrap();
                prop_assert!(near(a.auc.unwrap(), b.auc.unwrap()) && near(a.ap.unwrap(), b.ap.unwrap()));
            }
        }
    }

    #[test]
    fn the_scale_of_weights_does_not_matter(seed in any::<u64>(), scale in 1e-3f64..1e6) {
        for score in Score::ALL {
            let (truth, said, weight) = sample(score, 24, seed);
            let scaled: Vec<f64> = weight.iter().map(|w| w * scale).collect();
            let a = metric(score).score(&truth, &said, Some(&weight)).unwrap();
            let b = metric(score).score(&truth, &said, Some(&scaled)).unwrap();
            prop_assert!(alike(score, a, b), "{}: {a} and {b}", score.name());
        }
    }

    #[test]
    fn errors_scale_with_the_unit_and_ratios_do_not(seed in any::<u64>(), scale in 1e-3f64..1e3) {
        let (truth, said, weight) = sample(Score::Rmse, 30, seed);
        let Values::Real(t) = &truth else { panic!() };
        let larger = Values::Real(t.iter().map(|v| v * scale).collect());
        let larger_said = Prediction::real(&Unit::default(), said.centre().unwrap().iter().map(|v| v * scale).collect());
        for score in [Score::Rmse, Score::Mae, Score::Bias, Score::R2, Score::Correlation] {
            let a = score.metric().score(&truth, &said, Some(&weight)).unwrap();
            let b = score.metric().score(&larger, &larger_said, Some(&weight)).unwrap();
            let factor = if score.unit(&Unit::new("m")).is_empty() { 1.0 } else { scale };
            prop_assert!((a * factor - b).abs() <= 1e-11 * b.abs().max(factor), "{}: {a} and {b}", score.name());
        }
    }
}
