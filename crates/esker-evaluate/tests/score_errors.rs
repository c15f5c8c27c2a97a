//! What the scores say when they refuse.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Fault, MISSING, Prediction, Unit, Values};
use esker_evaluate::score::{Score, cost, curve};

fn real(values: &[f64]) -> Values {
    Values::Real(values.to_vec())
}

fn said(values: &[f64]) -> Prediction {
    Prediction::real(&Unit::default(), values.to_vec())
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|l| (*l).to_owned()).collect()
}

fn truth(codes: &[u32]) -> Codes {
    Codes::new(codes.to_vec(), names(&["sand", "shale"])).unwrap()
}

fn classes(probability: &[f64]) -> Prediction {
    Prediction::class(names(&["sand", "shale"]), probability.to_vec())
}

fn refusal(score: Score, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> String {
    score.metric().score(truth, said, weight).unwrap_err().to_string()
}

#[test]
fn scores_that_do_not_exist() {
    let constant = real(&[0.1; 10]);
    let varied: Vec<f64> = (0..10).map(f64::from).collect();
    insta::assert_snapshot!(refusal(Score::R2, &constant, &said(&varied), None), @"score 'r2': got a constant truth in 10 rows; the score does not exist: R² compares with the spread of the truth");
    insta::assert_snapshot!(refusal(Score::R2, &real(&[2.0]), &said(&[1.0]), None), @"score 'r2': got a constant truth in 1 row; the score does not exist: R² compares with the spread of the truth");
    insta::assert_snapshot!(refusal(Score::R2, &real(&[2.0, 5.0]), &said(&[1.0, 1.0]), Some(&[1.0, 0.0])), @"score 'r2': got a constant truth in 2 rows; the score does not exist: R² compares with the spread of the truth");
    insta::assert_snapshot!(refusal(Score::Correlation, &real(&varied), &said(&[0.1; 10]), None), @"score 'correlation': got a constant prediction in 10 rows; the score does not exist: a correlation needs two things that vary");
    insta::assert_snapshot!(refusal(Score::Mcc, &Values::Class(truth(&[1, 1])), &classes(&[0.5, 0.5, 0.9, 0.1]), None), @"score 'mcc': got a truth of the one class 'shale'; the score does not exist: a correlation needs two things that vary");
    insta::assert_snapshot!(refusal(Score::Rmse, &real(&[1e200]), &said(&[-1e200]), None), @r"
    score 'rmse': got inf; the numbers are too large to score
      hint: use a larger unit
    ");
    let fault = Score::R2.metric().score(&constant, &said(&varied), None).unwrap_err().fault;
    assert_eq!(fault, Fault::Numeric);
}

#[test]
fn truth_and_prediction_that_do_not_fit() {
    let t = Values::Class(truth(&[0, 1]));
    insta::assert_snapshot!(refusal(Score::Rmse, &t, &said(&[1.0, 2.0]), None), @"score 'rmse': got classes as truth and numbers as prediction; it judges numbers against numbers");
    insta::assert_snapshot!(refusal(Score::Accuracy, &real(&[1.0]), &classes(&[0.5, 0.5]), None), @"score 'accuracy': got numbers as truth and class probabilities as prediction; it judges classes against class probabilities");
    insta::assert_snapshot!(refusal(Score::Accuracy, &t, &said(&[1.0, 2.0]), None), @"score 'accuracy': got a prediction of numbers; it judges classes against class probabilities");
    insta::assert_snapshot!(refusal(Score::Mae, &real(&[1.0, 2.0]), &said(&[1.0]), None), @"score 'mae': got 2 rows of truth and 1 of prediction; one of each a row");
    insta::assert_snapshot!(refusal(Score::Mae, &real(&[]), &said(&[]), None), @"score 'mae': got no rows; at least one row is needed to judge on");
    insta::assert_snapshot!(refusal(Score::Mae, &real(&[1.0, f64::NAN]), &said(&[1.0, 2.0]), None), @"score 'mae': got NaN as truth of row 2; truth and prediction are finite numbers");
    insta::assert_snapshot!(refusal(Score::Mae, &real(&[1.0]), &said(&[f64::INFINITY]), None), @"score 'mae': got inf as prediction of row 1; truth and prediction are finite numbers");
    insta::assert_snapshot!(refusal(Score::Brier, &t, &classes(&[0.5, 0.5]), None), @"score 'brier': got 2 probabilities for 2 rows and 2 classes; each row has one probability a class");
    insta::assert_snapshot!(refusal(Score::Brier, &t, &classes(&[0.5, 0.5, 1.5, -0.5]), None), @"score 'brier': got 1.5 as probability of 'sand' in row 2; probabilities lie within 0..1");
    insta::assert_snapshot!(refusal(Score::LogLoss, &t, &classes(&[0.5, 0.5, f64::NAN, 0.5]), None), @"score 'log-loss': got NaN as probability of 'sand' in row 2; probabilities lie within 0..1");
    insta::assert_snapshot!(refusal(Score::Brier, &Values::Class(truth(&[0, MISSING])), &classes(&[0.5; 4]), None), @"score 'brier': got no true class in row 2; the truth is known in every row");
    let turned = Prediction::class(names(&["shale", "sand"]), vec![0.5; 4]);
    insta::assert_snapshot!(refusal(Score::F1Macro, &t, &turned, None), @"score 'f1-macro': got classes sand, shale against predicted classes shale, sand; truth and prediction are coded by the same classes in the same order");
}

#[test]
fn weights_that_make_no_sense() {
    let of = |weight: &[f64]| refusal(Score::Rmse, &real(&[1.0, 2.0]), &said(&[1.0, 2.0]), Some(weight));
    insta::assert_snapshot!(of(&[1.0]), @"score 'rmse': got 2 rows and 1 of weights; one weight a row");
    insta::assert_snapshot!(of(&[1.0, -1.0]), @"score 'rmse': got weight -1 in row 2; weights are finite and not negative");
    insta::assert_snapshot!(of(&[1.0, f64::NAN]), @"score 'rmse': got weight NaN in row 2; weights are finite and not negative");
    insta::assert_snapshot!(of(&[0.0, 0.0]), @"score 'rmse': got weights that are all 0; at least one row has to count");
}

#[test]
fn costs_that_make_no_sense() {
    let t = Values::Class(truth(&[0, 1]));
    let p = classes(&[0.5; 4]);
    insta::assert_snapshot!(refusal(Score::Cost, &t, &p, None), @r"
    score 'cost': got no cost matrix; the penalty of each confusion has to be given
      hint: give a matrix with a row for each true class and a column for each predicted class
    ");
    let of = |matrix: Vec<Vec<f64>>, levels: &[&str]| match cost(matrix, names(levels)) {
        Err(e) => e.to_string(),
        Ok(metric) => metric.score(&t, &p, None).unwrap_err().to_string(),
    };
    insta::assert_snapshot!(of(vec![], &[]), @"cost matrix: got no rows; a row for each true class, a column for each predicted class");
    insta::assert_snapshot!(of(vec![vec![0.0, 1.0], vec![0.0]], &["sand", "shale"]), @"cost matrix: got 2 rows of 2, 1 penalties; 2 classes need 2 rows of 2 penalties");
    insta::assert_snapshot!(of(vec![vec![0.0, 1.0]], &["sand", "shale"]), @"cost matrix: got 1 row of 2 penalties; 2 classes need 2 rows of 2 penalties");
    insta::assert_snapshot!(of(vec![vec![0.0, 1.0], vec![1.0, 0.0]], &["sand", "sand"]), @"cost matrix: got class 'sand' twice; each class is named once");
    insta::assert_snapshot!(of(vec![vec![0.0, -1.0], vec![1.0, 0.0]], &["sand", "shale"]), @"cost matrix: got -1 for 'sand' taken for 'shale'; penalties are finite and not negative");
    insta::assert_snapshot!(of(vec![vec![0.0, 1.0], vec![1.0, 0.0]], &["sand", "chalk"]), @r"
    cost matrix: got no row for class 'shale'; every class of the target has its penalties
      hint: the matrix knows sand, chalk
    ");
}

#[test]
fn a_class_beyond_the_levels_has_no_curve() {
    insta::assert_snapshot!(curve(&truth(&[0, 1]), &classes(&[0.5; 4]), 2, None).unwrap_err(), @"score 'curve': got class number 2; the classes are numbered 0 to 1");
}
