//! Decision values and dual objectives beside scikit-learn's, which are LIBSVM's; `validation/svm.py` made the figures in `tests/peers/svm.json`.

use esker_core::{Codes, Column, Context, Model, Samples, Setting, Settings, Support};
use serde_json::Value;

use super::{Answer, Fitted, Shape, Svm, fit::fit, parameters};
use crate::matrix::Matrix;

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn samples(peers: &Value, target: Column, weighted: bool) -> Samples {
    let (rows, x) = (target.len(), numbers(&peers["x"]));
    let mut columns: Vec<Column> = x.chunks_exact(rows).enumerate().map(|(j, v)| Column::real(format!("x{j}"), "", v.to_vec())).collect();
    columns.push(target);
    Samples::new(columns, Support::bare(rows), weighted.then(|| numbers(&peers["weight"]))).unwrap()
}

fn fitted(case: &Value, samples: &Samples) -> Fitted {
    let parameters = parameters();
    let real = |of: &str| Setting::Real(case[of].as_f64().unwrap());
    let given = [
        ("kernel", Setting::Text(case["kernel"].as_str().unwrap().into())),
        ("cost", real("cost")),
        ("gamma", real("gamma_given")),
        ("epsilon", real("epsilon")),
        ("tolerance", Setting::Real(1e-9)),
    ];
    let settings = given.into_iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v).unwrap());
    fit(&Svm::new(&settings), samples, "y", &Context::new(1, 1)).unwrap()
}

/// The dual objective that the notes tell.
fn told(fitted: &Fitted) -> f64 {
    let note = fitted.notes.iter().find(|n| n.code == "svm-solution").unwrap();
    assert!(fitted.notes.iter().all(|n| n.code != "not-converged"), "{:?}", fitted.notes);
    note.text.split("least dual objective ").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

/// The dual objective by the coefficients of a Gaussian kernel and exact kernels, after a look at whether they are feasible.
fn dual(fitted: &Fitted, x: &Matrix, target: &[f64], epsilon: f64, bound: &dyn Fn(usize) -> f64) -> f64 {
    let Shape::Rbf { vectors, support, coefficients, .. } = &fitted.shape else { panic!() };
    let (n, own) = (*vectors as usize, &coefficients[0]);
    let values = fitted.decisions(x);
    let row = |v: usize| (0..x.rows).find(|&r| (0..x.columns()).all(|j| x.column(j)[r] == support[j * n + v])).unwrap();
    assert!(own.iter().map(|c| c.1).sum::<f64>().abs() < 1e-9);
    let one = |&(v, b): &(u32, f64)| {
        let r = row(v as usize);
        assert!(b.abs() <= bound(r), "a coefficient of {b}, allowed are {}", bound(r));
        0.5 * b * (values[r] - fitted.machines[0].bias) - b * target[r] + epsilon * b.abs()
    };
    own.iter().map(one).sum()
}

fn assert_near(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len());
    let most = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("{what}: {most:.1e}");
    assert!(most < 1e-6, "{what}: values differ by up to {most:e}");
}

fn assert_solution(what: &str, fitted: &Fitted, at: &Samples, target: &[f64], case: &Value, peer: &Value) {
    let (told, theirs, cost) = (told(fitted), peer["dual"].as_f64().unwrap(), case["cost"].as_f64().unwrap());
    let mut ours = told;
    if let Shape::Rbf { vectors, .. } = &fitted.shape {
        assert_eq!(Some(u64::from(*vectors)), peer["support"].as_u64(), "{what}: support vectors");
        // Kernels kept in single precision leave their mark on what is told.
        assert!((told - theirs).abs() < 1e-5 * theirs.abs(), "{what}: {told} is told, scikit-learn has {theirs}");
        let epsilon = if fitted.machines[0].sigmoid.b == 0.0 { case["epsilon"].as_f64().unwrap() } else { 0.0 };
        let x = Matrix::of(at, &fitted.names).unwrap();
        ours = dual(fitted, &x, target, epsilon, &|r| cost * at.weight_of(r) * (1.0 + 1e-12));
    }
    assert!((ours - theirs).abs() < 1e-6 * theirs.abs(), "{what}: dual objective {ours}, scikit-learn {theirs}");
}

#[test]
fn functions_are_those_of_scikit_learn_weighted_and_not() {
    let peers: Value = serde_json::from_str(include_str!("../../../tests/peers/svm.json")).unwrap();
    let classes = |of: &str| {
        let labels: Vec<Option<String>> = numbers(&peers[of]).iter().map(|v| Some(v.to_string())).collect();
        Column::class("y", Codes::from_labels(&labels))
    };
    for case in peers["cases"].as_array().unwrap() {
        let weighted = case["weighted"].as_bool().unwrap();
        let what = format!("{} cost {} weighted {weighted}", case["kernel"], case["cost"]);
        let at = samples(&peers, Column::real("y", "", numbers(&peers["y"])), weighted);
        let model = fitted(case, &at);
        let Answer::Real { mean, sd, .. } = model.answer else { panic!() };
        let y: Vec<f64> = numbers(&peers["y"]).iter().map(|y| (y - mean) / sd).collect();
        assert_near(&format!("numbers, {what}"), model.predict(&at).unwrap().centre().unwrap(), &numbers(&case["svr"]["values"]));
        assert_solution(&format!("numbers, {what}"), &model, &at, &y, case, &case["svr"]);

        let at = samples(&peers, classes("two"), weighted);
        let model = fitted(case, &at);
        let x = Matrix::of(&at, &model.names).unwrap();
        assert_near(&format!("two classes, {what}"), &model.decisions(&x), &numbers(&case["svc"]["values"]));
        let label: Vec<f64> = numbers(&peers["two"]).iter().map(|k| 1.0 - 2.0 * k).collect();
        assert_solution(&format!("two classes, {what}"), &model, &at, &label, case, &case["svc"]);

        let model = fitted(case, &samples(&peers, classes("three"), weighted));
        let ours = model.decisions(&x);
        let by_machine: Vec<f64> = (0..3).flat_map(|m| ours.iter().skip(m).step_by(3).copied()).collect();
        assert_near(&format!("three classes, {what}"), &by_machine, &numbers(&case["pairs"]));
    }
}
