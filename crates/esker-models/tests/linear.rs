//! Laws of the linear models, and their figures beside scikit-learn's on a real table.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker_core::{Codes, Column, Context, Inside, Model, Prediction, Rng, Samples, Setting, Settings, Support};
use esker_models::models::elastic_net::path;
use esker_models::{Kind, Step, matrix::Matrix};

const TARGET: &str = "y";

fn settings(kind: Kind, set: &[(&str, Setting)]) -> Settings {
    let parameters = kind.parameters();
    set.iter().fold(Settings::defaults(&parameters), |s, (name, value)| s.set(&parameters, name, value.clone()).unwrap())
}

fn fit(kind: Kind, set: &[(&str, Setting)], train: &Samples) -> Box<dyn Model> {
    kind.estimator(&settings(kind, set)).fit(train, TARGET, &Context::new(1, 1)).unwrap()
}

fn lambda(v: f64) -> (&'static str, Setting) {
    ("lambda", Setting::Real(v))
}

fn mix(v: f64) -> (&'static str, Setting) {
    ("mix", Setting::Real(v))
}

fn centre(model: &dyn Model, at: &Samples) -> Vec<f64> {
    model.predict(at).unwrap().centre().unwrap().to_vec()
}

fn shares(model: &dyn Model, at: &Samples) -> Vec<f64> {
    let Prediction::Class { probability, .. } = model.predict(at).unwrap() else { panic!("classes are predicted") };
    probability
}

fn coefficients(model: &dyn Model) -> Vec<f64> {
    let Inside::Linear { coefficients, .. } = model.inside() else { panic!("a linear model shows its coefficients") };
    coefficients.into_iter().map(|(_, c)| c).collect()
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |m: f64, (x, y)| m.max((x - y).abs()))
}

/// Correlated features, a target of numbers and weights.
fn numbers(rows: usize, seed: u64) -> Samples {
    let mut rng = Rng::new(seed);
    let shared: Vec<f64> = (0..rows).map(|_| rng.normal()).collect();
    let mut features = Vec::new();
    let mut y = vec![4.0; rows];
    for j in 0..6 {
        let values: Vec<f64> = shared.iter().map(|s| 0.8 * s + rng.normal()).collect();
        y.iter_mut().zip(&values).for_each(|(y, v)| *y += v * (f64::from(j) - 2.0) * 0.3);
        features.push(Column::real(format!("f{j}"), "", values));
    }
    y.iter_mut().for_each(|v| *v += 0.5 * rng.normal());
    features.push(Column::real(TARGET, "m", y));
    let weight = (0..rows).map(|_| 0.2 + rng.uniform()).collect();
    Samples::new(features, Support::bare(rows), Some(weight)).unwrap()
}

/// The same features with a target of three classes that follow them.
fn classes(rows: usize, seed: u64) -> Samples {
    let mut samples = numbers(rows, seed);
    let label = |v: &f64| {
        Some(if *v < 3.5 {
            "ice"
        } else if *v < 4.5 {
            "lake"
        } else {
            "till"
        })
    };
    let y: Vec<Option<&str>> = samples.column(TARGET).unwrap().reals().unwrap().iter().map(label).collect();
    samples.put(Column::class(TARGET, Codes::from_labels(&y))).unwrap();
    samples
}

fn map_column(samples: &Samples, name: &str, f: impl Fn(f64) -> f64) -> Samples {
    let mut out = samples.clone();
    let column = samples.column(name).unwrap();
    out.put(Column::real(name, column.unit.as_str(), column.reals().unwrap().iter().map(|v| f(*v)).collect())).unwrap();
    out
}

#[test]
fn ridge_becomes_least_squares_and_the_mean() {
    let s = numbers(80, 1);
    let plain = fit(Kind::Linear, &[], &s);
    assert!(farthest(&centre(&*fit(Kind::Ridge, &[lambda(1e-10)], &s), &s), &centre(&*plain, &s)) < 1e-9);
    assert_eq!(centre(&*fit(Kind::Ridge, &[lambda(0.0)], &s), &s), centre(&*plain, &s));
    let mean = centre(&*fit(Kind::Mean, &[], &s), &s);
    assert!(farthest(&centre(&*fit(Kind::Ridge, &[lambda(1e14)], &s), &s), &mean) < 1e-9);
}

#[test]
fn least_squares_leaves_a_residual_orthogonal_to_every_feature() {
    let s = numbers(80, 2);
    let said = centre(&*fit(Kind::Linear, &[], &s), &s);
    let y = s.column(TARGET).unwrap().reals().unwrap();
    let left: Vec<f64> = (0..80).map(|r| (y[r] - said[r]) * s.weight_of(r)).collect();
    assert!(left.iter().sum::<f64>().abs() < 1e-10);
    for column in s.features(TARGET) {
        assert!(column.reals().unwrap().iter().zip(&left).map(|(x, r)| x * r).sum::<f64>().abs() < 1e-10);
    }
}

#[test]
fn moving_and_scaling_the_target_moves_and_scales_the_prediction() {
    let s = numbers(80, 3);
    let other = map_column(&s, TARGET, |v| 1000.0 * v - 7.0);
    // The penalty of the elastic net carries the unit of the target.
    for (kind, a, b) in [
        (Kind::Linear, vec![], vec![]),
        (Kind::Ridge, vec![lambda(3.0)], vec![lambda(3.0)]),
        (Kind::ElasticNet, vec![lambda(0.05), mix(1.0)], vec![lambda(50.0), mix(1.0)]),
    ] {
        let expected: Vec<f64> = centre(&*fit(kind, &a, &s), &s).iter().map(|v| 1000.0 * v - 7.0).collect();
        assert!(farthest(&centre(&*fit(kind, &b, &other), &s), &expected) < 1e-8, "{}", kind.name());
    }
}

#[test]
fn the_units_of_features_do_not_change_least_squares_even_where_columns_repeat() {
    let mut s = numbers(80, 4);
    s.put(Column::real("copy", "", s.column("f1").unwrap().reals().unwrap().to_vec())).unwrap();
    let model = fit(Kind::Linear, &[], &s);
    assert_eq!(model.notes()[0].code, "rank-deficient");
    insta::assert_snapshot!(model.notes()[0].text, @"7 features carry only 6 independent directions in 80 rows: some repeat or add up to others, so single coefficients mean nothing and the solution of least norm was taken");
    let other = map_column(&s, "copy", |v| 273.15 + 1e6 * v);
    assert!(farthest(&centre(&*model, &s), &centre(&*fit(Kind::Linear, &[], &other), &other)) < 1e-7);
    let c = coefficients(&*model);
    assert!((c[0] - c[2]).abs() < 1e-10, "least norm shares the coefficient between the copies: {c:?}");
}

#[test]
fn more_features_than_rows_are_fitted_exactly() {
    let s = numbers(5, 5);
    let y = s.column(TARGET).unwrap().reals().unwrap();
    assert!(farthest(&centre(&*fit(Kind::Linear, &[], &s), &s), y) < 1e-12);
    assert!(farthest(&centre(&*fit(Kind::Ridge, &[lambda(1e-12)], &s), &s), y) < 1e-9);
}

#[test]
fn elastic_net_without_l1_is_ridge_and_with_much_of_it_the_mean() {
    let s = numbers(80, 6);
    let total: f64 = s.weight().unwrap().iter().sum();
    let net = fit(Kind::ElasticNet, &[lambda(0.3), mix(0.0)], &s);
    let ridge = fit(Kind::Ridge, &[lambda(0.3 * total)], &s);
    assert!(farthest(&coefficients(&*net), &coefficients(&*ridge)) < 1e-12);
    let none = fit(Kind::ElasticNet, &[lambda(100.0), mix(1.0)], &s);
    assert_eq!(none.notes()[0].code, "no-coefficient-left");
    assert!(coefficients(&*none).iter().all(|c| *c == 0.0));
    assert!(farthest(&centre(&*none, &s), &centre(&*fit(Kind::Mean, &[], &s), &s)) < 1e-12);
}

/// A zero gradient where a coefficient is, and none steeper than the penalty where there is none.
#[test]
fn elastic_net_meets_the_conditions_of_optimality() {
    for (rows, seed) in [(80, 7), (4, 8)] {
        let s = numbers(rows, seed);
        for (l, m) in [(0.3, 1.0), (0.1, 0.5), (0.01, 0.9), (1e-4, 0.1)] {
            let model = fit(Kind::ElasticNet, &[lambda(l), mix(m)], &s);
            let (b, said) = (coefficients(&*model), centre(&*model, &s));
            let y = s.column(TARGET).unwrap().reals().unwrap();
            let total: f64 = s.weight().unwrap().iter().sum();
            for (column, b) in s.features(TARGET).zip(b) {
                let x = column.reals().unwrap();
                let pull = (0..rows).map(|r| s.weight_of(r) * x[r] * (y[r] - said[r])).sum::<f64>() / total - l * (1.0 - m) * b;
                if b == 0.0 {
                    assert!(pull.abs() <= l * m * (1.0 + 1e-6), "{rows} rows, {l} {m}: {pull}");
                } else {
                    assert!((pull - l * m * b.signum()).abs() < 1e-6 * l, "{rows} rows, {l} {m}: {pull}");
                }
            }
        }
    }
}

#[test]
fn a_path_meets_the_single_fits_and_products_with_rows_those_with_the_gram_matrix() {
    let s = numbers(60, 9);
    let y = s.column(TARGET).unwrap().reals().unwrap();
    let lambdas = [1.0, 0.3, 0.1, 0.01, 1e-3];
    let x = || Matrix::of_features(&s, TARGET).unwrap();
    let points = path(x(), y, s.weight().unwrap(), (0.7, &lambdas), &Context::new(1, 1)).unwrap();
    for point in &points {
        let single = fit(Kind::ElasticNet, &[lambda(point.lambda), mix(0.7)], &s);
        assert!(farthest(&point.coefficients, &coefficients(&*single)) < 1e-10);
    }
    let count = |i: usize| points[i].coefficients.iter().filter(|c| **c != 0.0).count();
    assert!(count(0) < count(4), "a smaller penalty lets more features in");
    // Three hundred further columns of nothing: too many for a Gram matrix, and they change no solution.
    let mut wide = x();
    wide.names.extend((0..300).map(|i| format!("zero {i}")));
    wide.values.resize(wide.names.len() * 60, 0.0);
    let same = path(wide, y, s.weight().unwrap(), (0.7, &lambdas), &Context::new(1, 1)).unwrap();
    for (a, b) in points.iter().zip(&same) {
        assert!(farthest(&a.coefficients, &b.coefficients[..6]) < 1e-10);
    }
}

#[test]
fn a_weight_of_two_is_the_row_twice() {
    let rows: Vec<usize> = (0..60).chain((0..60).step_by(4)).collect();
    let weight: Vec<f64> = (0..60).map(|r| if r % 4 == 0 { 2.0 } else { 1.0 }).collect();
    let twice = |s: &Samples| s.clone().with_weight(None).unwrap().select(&rows);
    let heavy = |s: &Samples| s.clone().with_weight(Some(weight.clone())).unwrap();
    let s = numbers(60, 10);
    for (kind, set) in [(Kind::Linear, vec![]), (Kind::Ridge, vec![lambda(2.0)]), (Kind::ElasticNet, vec![lambda(0.05)])] {
        let (a, b) = (fit(kind, &set, &twice(&s)), fit(kind, &set, &heavy(&s)));
        assert!(farthest(&coefficients(&*a), &coefficients(&*b)) < 1e-11, "{}", kind.name());
    }
    let s = classes(60, 10);
    let (a, b) = (fit(Kind::Logistic, &[], &twice(&s)), fit(Kind::Logistic, &[], &heavy(&s)));
    assert!(farthest(&coefficients(&*a), &coefficients(&*b)) < 1e-8);
}

/// At the minimum Σ w (p − [y = k]) x + λ W = 0 for every class and feature, and without x for the constant terms.
#[test]
fn logistic_regression_has_no_gradient_left() {
    let s = classes(200, 11);
    let codes = s.column(TARGET).unwrap().classes().unwrap().codes().to_vec();
    for l in [1e-3, 1.0, 1e3] {
        let model = fit(Kind::Logistic, &[lambda(l)], &s);
        assert!(model.notes().is_empty(), "{:?}", model.notes());
        let (p, b) = (shares(&*model, &s), coefficients(&*model));
        assert!(p.chunks_exact(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-14));
        for k in 0..3 {
            let off = |r: usize| s.weight_of(r) * (p[3 * r + k] - f64::from(u8::from(codes[r] as usize == k)));
            assert!((0..200).map(off).sum::<f64>().abs() < 1e-7);
            for (j, column) in s.features(TARGET).enumerate() {
                let x = column.reals().unwrap();
                let gradient = (0..200).map(|r| off(r) * x[r]).sum::<f64>() + l * b[k * 6 + j];
                assert!(gradient.abs() < 1e-7, "lambda {l} class {k} feature {j}: {gradient}");
            }
        }
    }
}

#[test]
fn many_unknowns_take_the_road_without_a_hessian_and_end_at_the_same_place() {
    let s = classes(150, 12);
    let mut wide = s.clone();
    for i in 0..300 {
        wide.put(Column::real(format!("zero {i}"), "", vec![0.0; 150])).unwrap();
    }
    let (narrow, wide_model) = (fit(Kind::Logistic, &[], &s), fit(Kind::Logistic, &[], &wide));
    assert!(wide_model.notes().is_empty(), "{:?}", wide_model.notes());
    assert!(farthest(&shares(&*narrow, &s), &shares(&*wide_model, &wide)) < 1e-8);
}

#[test]
fn a_strong_penalty_leaves_the_class_shares_and_separable_classes_still_converge() {
    let s = classes(200, 13);
    let model = fit(Kind::Logistic, &[lambda(1e13)], &s);
    assert!(farthest(&shares(&*model, &s), &shares(&*fit(Kind::Mean, &[], &s), &s)) < 1e-6);
    let x: Vec<f64> = (0..40).map(|r| f64::from(r) - 19.5).collect();
    let y: Vec<Option<&str>> = x.iter().map(|v| Some(if *v < 0.0 { "low" } else { "high" })).collect();
    let columns = vec![Column::real("x", "", x), Column::class(TARGET, Codes::from_labels(&y))];
    let s = Samples::new(columns, Support::bare(40), None).unwrap();
    let model = fit(Kind::Logistic, &[lambda(1e-6)], &s);
    assert!(model.notes().is_empty(), "{:?}", model.notes());
    let truth = s.column(TARGET).unwrap().classes().unwrap();
    assert_eq!(model.predict(&s).unwrap().classes().unwrap(), truth.codes());
}

#[test]
fn a_class_seen_once_is_fitted_and_a_class_never_seen_has_no_probability() {
    let s = classes(100, 14);
    let codes = s.column(TARGET).unwrap().classes().unwrap().codes().to_vec();
    let first = codes.iter().position(|&c| c == 1).unwrap();
    let rows: Vec<usize> = (0..100).filter(|&r| codes[r] != 1 || r == first).collect();
    assert_eq!(shares(&*fit(Kind::Logistic, &[], &s.select(&rows)), &s).len(), 300);
    let rows: Vec<usize> = (0..100).filter(|&r| codes[r] != 1).collect();
    let p = shares(&*fit(Kind::Logistic, &[], &s.select(&rows)), &s);
    assert!(p.chunks_exact(3).all(|row| row[1] == 0.0 && (row[0] + row[2] - 1.0).abs() < 1e-15));
    let one: Vec<usize> = (0..100).filter(|&r| codes[r] == 2).collect();
    let model = fit(Kind::Logistic, &[], &s.select(&one));
    assert_eq!(model.notes()[0].code, "one-class");
    assert!(shares(&*model, &s).chunks_exact(3).all(|row| row == [0.0, 0.0, 1.0]));
}

#[test]
fn targets_of_the_wrong_kind_are_refused_with_a_way_out() {
    let refusal = |kind: Kind, s: &Samples| {
        let e = kind.estimator(&settings(kind, &[])).fit(s, TARGET, &Context::new(1, 1)).err().unwrap();
        e.to_string()
    };
    insta::assert_snapshot!(refusal(Kind::Ridge, &classes(30, 15)), @r"
    target 'y': got classes; a linear model predicts numbers
      hint: for classes use 'logistic'
    ");
    insta::assert_snapshot!(refusal(Kind::Logistic, &numbers(30, 15)), @r"
    target 'y': got numbers; logistic regression predicts classes
      hint: for numbers use 'ridge' or 'linear'
    ");
}

mod peers {
    //! Every 22nd row of the Scandinavian glaciers; figures made by `validation/linear.py` with the versions in the file.

    use super::*;
    use serde_json::Value;

    const TABLE: &str = include_str!("peers/scandinavia_300.csv");
    const FIGURES: &str = include_str!("peers/linear.json");
    const FEATURES: [&str; 8] = ["area", "lat", "prcp_03", "prcp_10", "slope", "temp_03", "temp_10", "zmed"];

    fn column(name: &str) -> Vec<&'static str> {
        let mut lines = TABLE.lines();
        let place = lines.next().unwrap().split(',').position(|c| c == name).unwrap();
        lines.map(|l| l.split(',').nth(place).unwrap()).collect()
    }

    fn reals(name: &str) -> Vec<f64> {
        column(name).iter().map(|v| v.parse().unwrap()).collect()
    }

    /// Standardised over all rows, as the figures were made.
    fn table(target: &str, weighted: bool) -> Samples {
        let mut columns: Vec<Column> = FEATURES.iter().map(|n| Column::real(*n, "", reals(n))).collect();
        columns.push(match target {
            "dmdtda" => Column::real(TARGET, "m w.e. yr-1", reals(target)),
            _ => Column::class(TARGET, Codes::from_labels(&column(target).into_iter().map(Some).collect::<Vec<_>>())),
        });
        let weight = weighted.then(|| reals("err_dmdtda").iter().map(|e| e.powi(-2)).collect());
        let samples = Samples::new(columns, Support::bare(300), weight).unwrap();
        Step::Standardise.transform().fit(&samples, TARGET).unwrap().apply(samples).unwrap()
    }

    fn list(v: &Value) -> Vec<f64> {
        v.as_array().map(|a| a.iter().map(|x| x.as_f64().unwrap()).collect()).unwrap_or_default()
    }

    #[test]
    fn figures_agree_with_scikit_learn() {
        let figures: Value = serde_json::from_str(FIGURES).unwrap();
        let cases = figures["cases"].as_array().unwrap();
        for peer in cases {
            let case = &peer["case"];
            let kind = Kind::parse(case["kind"].as_str().unwrap()).unwrap();
            let mut set = Vec::new();
            for name in ["lambda", "mix"] {
                set.extend(case[name].as_f64().map(|v| (name, Setting::Real(v))));
            }
            set.extend(case["k"].as_i64().map(|k| ("k", Setting::Integer(k))));
            set.extend(case["weighting"].as_str().map(|w| ("weighting", Setting::Text(w.into()))));
            let samples = table(case["target"].as_str().unwrap_or("dmdtda"), case["weight"] == "weighted");
            let rows = |start: usize, step: usize| samples.select(&(start..300).step_by(step).collect::<Vec<_>>());
            let (train, at) = if kind == Kind::Neighbours { (rows(0, 2), rows(1, 2)) } else { (samples.clone(), samples.clone()) };
            let model = fit(kind, &set, &train);
            let at = at.select(&(0..20).collect::<Vec<_>>());
            let said = if peer["levels"].is_null() { centre(&*model, &at) } else { shares(&*model, &at) };
            let tolerance = match kind {
                Kind::Linear | Kind::Ridge => 1e-8,
                Kind::ElasticNet => 1e-6,
                Kind::Logistic => 1e-5,
                _ => 1e-12,
            };
            let off = farthest(&said, &list(&peer["predictions"]));
            assert!(off < tolerance, "{case}: predictions differ by {off:e}");
            if kind != Kind::Neighbours {
                let off = farthest(&coefficients(&*model), &list(&peer["coefficients"]));
                assert!(off < tolerance, "{case}: coefficients differ by {off:e}");
            }
        }
        assert_eq!(cases.len(), 40);
    }
}
