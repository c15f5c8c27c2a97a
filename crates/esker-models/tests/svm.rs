//! Support vector machines: laws beyond the contract, probabilities that are honest, and refusals.
//! Decision values and dual objectives beside scikit-learn's are compared inside the crate.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Context, Inside, Model, Prediction, Result, Rng, Samples, Setting, Settings, Support};
use esker_models::Kind;

fn fitted(given: &[(&str, Setting)], train: &Samples) -> Result<Box<dyn Model>> {
    let parameters = Kind::Svm.parameters();
    let settings = given.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
    Kind::Svm.estimator(&settings).fit(train, "y", &Context::new(3, 1))
}

fn fit(given: &[(&str, Setting)], train: &Samples) -> Box<dyn Model> {
    fitted(given, train).unwrap()
}

fn linear() -> (&'static str, Setting) {
    ("kernel", Setting::Text("linear".into()))
}

fn real(name: &str, value: f64) -> (&str, Setting) {
    (name, Setting::Real(value))
}

/// The chance of the first class at a place.
fn chance(a: f64, b: f64) -> f64 {
    1.0 / (1.0 + (-(2.0 * a - 1.5 * b * b + 1.0)).exp())
}

/// Rows of two features, with the chance that each is of class "a".
fn two_classes(rows: usize, seed: u64, groups: Option<usize>) -> (Samples, Vec<f64>) {
    let mut rng = Rng::new(seed);
    let (a, b): (Vec<f64>, Vec<f64>) = (0..rows).map(|_| (rng.normal(), rng.normal())).unzip();
    let chances: Vec<f64> = a.iter().zip(&b).map(|(a, b)| chance(*a, *b)).collect();
    let labels: Vec<Option<&str>> = chances.iter().map(|p| Some(if rng.uniform() < *p { "a" } else { "b" })).collect();
    let columns = vec![Column::real("a", "", a), Column::real("b", "", b), Column::class("y", Codes::from_labels(&labels))];
    let labels: Vec<Option<String>> = (0..rows).map(|r| Some(format!("g{}", r % groups.unwrap_or(1)))).collect();
    let support = Support { group: groups.map(|_| Codes::from_labels(&labels)), ..Support::bare(rows) };
    (Samples::new(columns, support, None).unwrap(), chances)
}

fn first(model: &dyn Model, at: &Samples) -> Vec<f64> {
    let Prediction::Class { levels, probability, .. } = model.predict(at).unwrap() else { panic!() };
    probability.chunks_exact(levels.len()).map(|p| p[0]).collect()
}

fn numbers(rows: usize) -> Samples {
    let mut rng = Rng::new(9);
    let (a, b): (Vec<f64>, Vec<f64>) = (0..rows).map(|_| (rng.normal(), rng.normal())).unzip();
    let y = a.iter().zip(&b).map(|(a, b)| 40.0 + 7.0 * (a - 0.5 * b) + rng.normal()).collect();
    Samples::new(vec![Column::real("a", "", a), Column::real("b", "", b), Column::real("y", "m", y)], Support::bare(rows), None).unwrap()
}

#[test]
fn order_and_repeats_of_rows_do_not_change_a_bit() {
    let (classes, _) = two_classes(150, 4, Some(9));
    for train in [classes, numbers(150)] {
        for kernel in ["rbf", "linear"] {
            let given = [("kernel", Setting::Text(kernel.into()))];
            let model = fit(&given, &train);
            let mut order: Vec<usize> = (0..150).collect();
            Rng::new(2).shuffle(&mut order);
            assert!(model.save() == fit(&given, &train.select(&order)).save(), "{kernel}: rows in another order");
            let twice: Vec<usize> = (0..150).chain((0..150).step_by(3)).collect();
            let weight = (0..150).map(|r| if r % 3 == 0 { 2.0 } else { 1.0 }).collect();
            let heavy = fit(&given, &train.clone().with_weight(Some(weight)).unwrap());
            assert!(heavy.save() == fit(&given, &train.select(&twice)).save(), "{kernel}: a row twice, or of weight 2");
            assert!(heavy.save() != model.save());
        }
    }
}

#[test]
fn probabilities_are_those_of_rows_never_seen() {
    for groups in [None, Some(40)] {
        let (train, _) = two_classes(700, 5, groups);
        let (test, chances) = two_classes(4000, 6, None);
        for given in [vec![], vec![real("cost", 100.0), real("gamma", 1.0)]] {
            let said = first(&*fit(&given, &train), &test);
            // Where about p is said, about p is true: in fifths of what is said.
            let mut order: Vec<usize> = (0..said.len()).collect();
            order.sort_by(|&i, &j| said[i].total_cmp(&said[j]));
            for fifth in order.chunks(said.len() / 5) {
                let mean = |of: &[f64]| fifth.iter().map(|&i| of[i]).sum::<f64>() / fifth.len() as f64;
                let (ours, truth) = (mean(&said), mean(&chances));
                assert!((ours - truth).abs() < 0.09, "{given:?}: {ours:.3} is said, {truth:.3} is true");
            }
        }
    }
}

#[test]
fn noise_learned_by_heart_is_not_believed() {
    let mut rng = Rng::new(8);
    let columns =
        |rng: &mut Rng, rows: usize| ["a", "b", "c"].map(|n| Column::real(n, "", (0..rows).map(|_| rng.normal()).collect())).to_vec();
    let mut train = columns(&mut rng, 400);
    let labels: Vec<Option<&str>> = (0..400).map(|_| Some(if rng.uniform() < 0.3 { "a" } else { "b" })).collect();
    train.push(Column::class("y", Codes::from_labels(&labels)));
    let train = Samples::new(train, Support::bare(400), None).unwrap();
    let model = fit(&[real("cost", 1000.0), real("gamma", 5.0)], &train);
    let test = Samples::new(columns(&mut rng, 500), Support::bare(500), None).unwrap();
    let said = first(&*model, &test);
    assert!(
        said.iter().all(|p| (0.15..0.45).contains(p)),
        "{:?}",
        said.iter().copied().fold((1.0f64, 0.0f64), |m, p| (m.0.min(p), m.1.max(p)))
    );
}

#[test]
fn three_classes_are_told_apart_and_their_shares_add_up() {
    let mut rng = Rng::new(12);
    let (x, z): (Vec<f64>, Vec<f64>) = (0..600).map(|_| (rng.normal(), rng.normal())).unzip();
    let truth: Vec<u32> = x
        .iter()
        .zip(&z)
        .map(|(x, z)| {
            if x * x + z * z < 0.8 {
                0
            } else if *x > 0.0 {
                1
            } else {
                2
            }
        })
        .collect();
    let y = Codes::new(truth.clone(), ["core", "east", "west"].map(str::to_owned).to_vec()).unwrap();
    let all =
        Samples::new(vec![Column::real("x", "", x), Column::real("z", "", z), Column::class("y", y)], Support::bare(600), None).unwrap();
    let model = fit(&[real("cost", 10.0)], &all.select(&(0..400).collect::<Vec<_>>()));
    let said = model.predict(&all).unwrap();
    let right = (400..600).filter(|&r| said.classes().unwrap()[r] == truth[r]).count();
    assert!(right > 180, "{right} of 200 held-out rows are right");
    let note = model.notes().into_iter().find(|n| n.code == "svm-solution").unwrap();
    assert!(note.text.contains("3 machines together") && note.text.contains("violated by at most"), "{}", note.text);
}

#[test]
fn a_linear_machine_shows_the_coefficients_it_answers_with() {
    let train = numbers(300);
    let model = fit(&[linear(), real("epsilon", 0.05)], &train);
    let Inside::Linear { coefficients, intercept } = model.inside() else { panic!() };
    let said = model.predict(&train).unwrap();
    for (row, said) in said.centre().unwrap().iter().enumerate() {
        let value: f64 = coefficients.iter().map(|(n, c)| c * train.column(n).unwrap().reals().unwrap()[row]).sum();
        assert!((intercept + value - said).abs() < 1e-9);
    }
    assert!(
        (coefficients[0].1 - 7.0).abs() < 0.3 && (coefficients[1].1 + 3.5).abs() < 0.3 && (intercept - 40.0).abs() < 0.3,
        "{coefficients:?}"
    );
    let (train, _) = two_classes(300, 3, None);
    let Inside::Linear { coefficients, .. } = fit(&[linear()], &train).inside() else { panic!() };
    assert_eq!(coefficients[0].0, "a → a");
    assert!(coefficients[0].1 > 0.0);
    assert_eq!(fit(&[], &train).inside(), Inside::Closed);
}

#[test]
fn the_unit_of_the_target_changes_nothing_else() {
    let train = numbers(200);
    let mut other = train.clone();
    other.put(Column::real("y", "mm", train.column("y").unwrap().reals().unwrap().iter().map(|v| 1024.0 * v).collect())).unwrap();
    for given in [vec![], vec![linear()]] {
        let (a, b) = (fit(&given, &train).predict(&train).unwrap(), fit(&given, &other).predict(&train).unwrap());
        for (a, b) in a.centre().unwrap().iter().zip(b.centre().unwrap()) {
            assert!((1024.0 * a - b).abs() < 1e-9 * b.abs());
        }
    }
}

#[test]
fn constants_are_answered_with_a_warning() {
    let mut train = numbers(30);
    train.put(Column::real("y", "m", vec![3.25; 30])).unwrap();
    for given in [vec![], vec![linear()]] {
        let model = fit(&given, &train);
        assert_eq!(model.predict(&train).unwrap().centre().unwrap(), [3.25; 30]);
        assert_eq!(model.notes()[0].code, "constant-target");
    }
    train.put(Column::class("y", Codes::from_labels(&[Some("ice"); 30]))).unwrap();
    let model = fit(&[], &train);
    assert_eq!((first(&*model, &train), model.notes()[0].code.as_str()), (vec![1.0; 30], "one-class"));
}

#[test]
fn too_many_rows_and_classes_are_refused_with_a_hint() {
    let rows = 50_001;
    let x: Vec<f64> = (0..rows).map(|i| i as f64 / rows as f64 - 0.5).collect();
    let y = x.iter().map(|x| 3.0 * x).collect();
    let many = Samples::new(vec![Column::real("x", "", x), Column::real("y", "", y)], Support::bare(rows), None).unwrap();
    insta::assert_snapshot!(fitted(&[], &many).err().unwrap().to_string(), @r#"
    training rows: got 50001 that differ; a support vector machine with a Gaussian kernel takes at most 50000: its time grows with their square
      hint: use kernel = "linear", or 'boosting', or fewer rows
    "#);
    let told = fit(&[linear()], &many).predict(&many.select(&[0])).unwrap();
    assert!((told.centre().unwrap()[0] + 1.5).abs() < 0.2);
    let twins: Vec<usize> = (0..rows).map(|i| i % 40).collect();
    assert!(fitted(&[], &many.select(&twins)).is_ok(), "rows that are equal are one");
    let labels: Vec<Option<String>> = (0..202).map(|i| Some(format!("c{}", i % 101))).collect();
    let x = (0..202).map(f64::from).collect();
    let classes = vec![Column::real("x", "", x), Column::class("y", Codes::from_labels(&labels))];
    let classes = Samples::new(classes, Support::bare(202), None).unwrap();
    insta::assert_snapshot!(fitted(&[], &classes).err().unwrap().to_string(), @"
    target: got 101 classes; a support vector machine fits one machine a pair and takes at most 100 classes
      hint: use 'forest' or 'boosting', or join rare classes
    ");
}
