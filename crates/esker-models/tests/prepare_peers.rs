//! Preparation beside scikit-learn, pandas, numpy and xarray: the numbers are of `validation/prepare.py`.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker_core::{Codes, Column, FittedTransform, Samples, Setting, Settings, Support, Times};
use esker_models::{Prepare, Wanted};
use serde_json::Value;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn figures() -> Value {
    serde_json::from_str(include_str!("peers/prepare.json")).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

fn table(v: &Value) -> Vec<Vec<f64>> {
    v.as_array().unwrap().iter().map(numbers).collect()
}

fn fit(kind: Prepare, columns: &[&str], with: &[(&str, Setting)], train: &Samples) -> (Box<dyn FittedTransform>, Samples) {
    let parameters = kind.parameters();
    let settings = with.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
    let columns = columns.iter().map(|c| (*c).to_owned()).collect();
    kind.transform(Wanted(columns), &settings).fit_apply(train.clone(), "y").unwrap()
}

fn text(value: &str) -> Setting {
    Setting::Text(value.to_owned())
}

/// Training rows and new rows of the columns under a key.
fn rows(f: &Value, key: &str) -> (Samples, Samples) {
    let mut columns: Vec<Column> = NAMES.iter().zip(table(&f[key])).map(|(n, v)| Column::real(*n, "", v)).collect();
    let labels: Vec<Option<String>> = f["rock"].as_array().unwrap().iter().map(|v| Some(v.to_string())).collect();
    columns.push(Column::class("rock", Codes::from_labels(&labels)));
    columns.push(Column::real("y", "m", numbers(&f["y"])));
    let n = labels.len();
    let all = Samples::new(columns, Support::bare(n), None).unwrap();
    let k = f["train_rows"].as_u64().unwrap() as usize;
    (all.select(&(0..k).collect::<Vec<_>>()), all.select(&(k..n).collect::<Vec<_>>()))
}

fn close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * (1.0 + b.abs()) || a.is_nan() && b.is_nan(), "{what}, row {i}: {a}, expected {b}");
    }
}

fn columns(what: &str, made: &Samples, expected: &[Vec<f64>], tolerance: f64) {
    for (name, expected) in NAMES.iter().zip(expected) {
        close(&format!("{what} of {name}"), made.column(name).unwrap().reals().unwrap(), expected, tolerance);
    }
}

#[test]
fn powers_are_those_of_scikit_learn() {
    let f = figures();
    let (train, test) = rows(&f, "x");
    for (method, key, names) in [("box-cox", "box_cox", &NAMES[..1]), ("yeo-johnson", "yeo_johnson", &NAMES[..])] {
        let (step, _) = fit(Prepare::Transform, names, &[("method", text(method))], &train);
        let mut expected = table(&f[key]["test"]);
        if method == "box-cox" {
            // Ours is of x over the geometric mean: the same up to a shift and a scale.
            let x = train.column(NAMES[0]).unwrap().reals().unwrap();
            let centre = (x.iter().map(|v| v.ln()).sum::<f64>() / x.len() as f64).exp();
            let lambda = numbers(&f[key]["lambda"])[0];
            let scale = centre.powf(lambda);
            expected[0].iter_mut().for_each(|z| *z = (*z - (scale - 1.0) / lambda) / scale);
        }
        columns(method, &step.apply(test.clone()).unwrap(), &expected, 1e-6);
        for ((_, says), lambda) in step.learned().iter().zip(numbers(&f[key]["lambda"])) {
            let found: f64 = says.trim_start_matches("λ = ").parse().unwrap();
            assert!((found - lambda).abs() < 1e-4 * (1.0 + lambda.abs()), "{says}, expected {lambda}");
        }
    }
}

#[test]
fn scales_are_those_of_scikit_learn() {
    let f = figures();
    let (train, test) = rows(&f, "x");
    for method in ["standard", "robust", "uniform", "normal"] {
        let (step, _) = fit(Prepare::Scale, &[], &[("method", text(method))], &train);
        columns(method, &step.apply(test.clone()).unwrap(), &table(&f[method]), 1e-9);
    }
}

#[test]
fn gaps_are_filled_as_scikit_learn_fills_them() {
    let f = figures();
    let (train, test) = rows(&f, "gaps");
    let nearest = ("method", text("nearest"));
    let (step, made) = fit(Prepare::Impute, &[], std::slice::from_ref(&nearest), &train);
    columns("nearest, training rows", &made, &table(&f["nearest"]["train"]), 1e-9);
    columns("nearest", &step.apply(test.clone()).unwrap(), &table(&f["nearest"]["test"]), 1e-9);
    let (step, _) = fit(Prepare::Impute, &[], &[nearest, ("scaled", Setting::Flag(false))], &train);
    columns("nearest, raw", &step.apply(test.clone()).unwrap(), &table(&f["nearest_raw"]), 1e-9);
    let (step, made) = fit(Prepare::Impute, &[], &[("method", text("model")), ("rounds", Setting::Integer(4))], &train);
    columns("model, training rows", &made, &table(&f["model"]["train"]), 1e-8);
    columns("model", &step.apply(test).unwrap(), &table(&f["model"]["test"]), 1e-8);
}

#[test]
fn target_means_are_those_of_scikit_learn() {
    let f = figures();
    let (train, test) = rows(&f, "x");
    let (step, _) = fit(Prepare::Encode, &[], &[("method", text("target"))], &train);
    let made = step.apply(test.clone()).unwrap();
    close("target means", made.column("rock mean y").unwrap().reals().unwrap(), &numbers(&f["target"]), 1e-12);
    let binary = |mut s: Samples| {
        let labels: Vec<Option<&str>> =
            s.column("y").unwrap().reals().unwrap().iter().map(|v| Some(if *v > 0.7 { "yes" } else { "no" })).collect();
        s.put(Column::class("y", Codes::from_labels(&labels))).unwrap();
        s
    };
    let (step, _) = fit(Prepare::Encode, &[], &[("method", text("target")), ("smoothing", Setting::Real(3.0))], &binary(train));
    let made = step.apply(binary(test)).unwrap();
    close("shares", made.column("rock mean y=yes").unwrap().reals().unwrap(), &numbers(&f["target_binary"]), 1e-12);
}

#[test]
fn components_are_those_of_scikit_learn_up_to_their_sign() {
    let f = figures();
    let (train, test) = rows(&f, "x");
    let (step, _) = fit(Prepare::Pca, &[], &[("number", Setting::Integer(4))], &train);
    let made = step.apply(test).unwrap();
    for (k, expected) in table(&f["pca"]["test"]).iter().enumerate() {
        let found = made.column(&format!("pc {}", k + 1)).unwrap().reals().unwrap();
        let sign = if found[0] * expected[0] < 0.0 { -1.0 } else { 1.0 };
        close(&format!("pc {}", k + 1), found, &expected.iter().map(|v| sign * v).collect::<Vec<_>>(), 1e-9);
        let share = 100.0 * numbers(&f["pca"]["share"])[k];
        let says = &step.learned()[k].1;
        let said: f64 = says.split(' ').next().unwrap().parse().unwrap();
        assert!((said - share).abs() < 1e-3, "{says}, expected {share}");
    }
}

#[test]
fn series_are_those_of_pandas_numpy_and_xarray() {
    let f = figures();
    let s = &f["series"];
    let labels: Vec<Option<String>> = s["group"].as_array().unwrap().iter().map(|v| Some(v.to_string())).collect();
    let (day, v) = (numbers(&s["day"]), numbers(&s["v"]));
    let n = day.len();
    let support = Support { time: Some(Times { days: day.clone() }), group: Some(Codes::from_labels(&labels)), ..Support::bare(n) };
    let all = vec![Column::real("v", "mm", v), Column::real("depth", "m", day), Column::real("y", "", vec![0.0; n])];
    let train = Samples::new(all, support, None).unwrap();
    let check = |kind: Prepare, with: &[(&str, Setting)], pairs: &[(&str, &str)]| {
        let (_, made) = fit(kind, &["v"], with, &train);
        for (name, key) in pairs {
            close(key, made.column(name).unwrap().reals().unwrap(), &numbers(&s[*key]), 1e-9);
        }
    };
    check(Prepare::Lag, &[("lags", text("1, 3"))], &[("v lag 1", "lag 1"), ("v lag 3", "lag 3")]);
    let statistics = ("statistics", text("mean, sum, min, max, sd, count"));
    let least = ("least", Setting::Integer(2));
    let of = |window: &str| -> Vec<(String, String)> {
        ["mean", "sum", "min", "max", "sd", "count"]
            .iter()
            .map(|k| (format!("v {k} {window}"), format!("{} {window}", if *k == "sd" { "std" } else { k })))
            .collect()
    };
    let points = of("4");
    // The count of pandas wants as many values as the others; ours is told whatever it is.
    let points: Vec<(&str, &str)> = points.iter().filter(|p| !p.0.contains("count")).map(|p| (p.0.as_str(), p.1.as_str())).collect();
    check(Prepare::Rolling, &[("windows", text("4")), statistics.clone(), least.clone()], &points);
    for now in [false, true] {
        let days = of(if now { "30 d with now" } else { "30 d" });
        let days: Vec<(&str, &str)> = days.iter().map(|p| (p.0.as_str(), p.1.as_str())).collect();
        let with = [("windows", text("30")), ("by", text("days")), statistics.clone(), least.clone(), ("now", Setting::Flag(now))];
        check(Prepare::Rolling, &with, &days);
    }
    check(Prepare::Anomaly, &[], &[("v", "anomaly month")]);
    check(Prepare::Anomaly, &[("by", text("day"))], &[("v", "anomaly day")]);
    check(Prepare::Detrend, &[], &[("v", "detrended")]);
    check(Prepare::Gradient, &[("along", text("depth"))], &[("v gradient", "gradient")]);
}
