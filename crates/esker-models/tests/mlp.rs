//! Networks learn what they should, keep their promises, and score like scikit-learn's on the same folds of a real table;
//! `validation/networks.py` made the figures in `peers/networks.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Context, Fault, Inside, Model, Prediction, Result, Rng, Samples, Setting, Settings, Support, Watch};
use esker_models::{Kind, Step};
use serde_json::Value;

fn settings(given: &[(&str, Setting)]) -> Settings {
    let parameters = Kind::Mlp.parameters();
    given.iter().fold(Settings::defaults(&parameters), |s, (name, value)| s.set(&parameters, name, value.clone()).unwrap())
}

fn whole(value: i64) -> Setting {
    Setting::Integer(value)
}

fn word(value: &str) -> Setting {
    Setting::Text(value.to_owned())
}

fn fit(given: &[(&str, Setting)], train: &Samples, cx: &Context) -> Result<Box<dyn Model>> {
    Kind::Mlp.estimator(&settings(given)).fit(train, "y", cx)
}

fn fitted(given: &[(&str, Setting)], train: &Samples) -> Box<dyn Model> {
    fit(given, train, &Context::new(1, 1)).unwrap()
}

/// Waves in two features, a third that says nothing.
fn waves(rows: usize, seed: u64) -> Samples {
    let mut rng = Rng::new(seed);
    let mut draw = || (0..rows).map(|_| 2.0 * rng.uniform() - 1.0).collect::<Vec<f64>>();
    let (a, b, c) = (draw(), draw(), draw());
    let y = a.iter().zip(&b).map(|(a, b)| 300.0 + 20.0 * ((3.0 * a).sin() + a * b)).collect();
    let columns = vec![Column::real("a", "", a), Column::real("b", "", b), Column::real("c", "", c), Column::real("y", "K", y)];
    Samples::new(columns, Support::bare(rows), None).unwrap()
}

/// The same, as four classes of the target's size.
fn classes(rows: usize, seed: u64) -> Samples {
    let mut samples = waves(rows, seed);
    let code = |y: &f64| if *y < 285.0 { 0 } else { 1 + u32::from(*y > 300.0) + u32::from(*y > 315.0) };
    let codes = samples.column("y").unwrap().reals().unwrap().iter().map(code).collect();
    let levels = ["cold", "cool", "mild", "warm"].map(str::to_owned).to_vec();
    samples.put(Column::class("y", Codes::new(codes, levels).unwrap())).unwrap();
    samples
}

fn rmse(said: &Prediction, truth: &Samples) -> f64 {
    let (p, y) = (said.centre().unwrap(), truth.column("y").unwrap().reals().unwrap());
    (p.iter().zip(y).map(|(p, y)| (p - y).powi(2)).sum::<f64>() / y.len() as f64).sqrt()
}

fn hits(said: &Prediction, truth: &Samples) -> f64 {
    let codes = truth.column("y").unwrap().classes().unwrap().codes().to_vec();
    said.classes().unwrap().iter().zip(&codes).filter(|(a, b)| a == b).count() as f64 / codes.len() as f64
}

#[test]
fn it_learns_exclusive_or() {
    let (a, b) = (vec![-1.0, -1.0, 1.0, 1.0], vec![-1.0, 1.0, -1.0, 1.0]);
    let y = Codes::from_labels(&[Some("no"), Some("yes"), Some("yes"), Some("no")]);
    let columns = vec![Column::real("a", "", a), Column::real("b", "", b), Column::class("y", y)];
    let samples = Samples::new(columns, Support::bare(4), None).unwrap();
    for activation in ["relu", "gelu", "silu", "tanh"] {
        let model = fitted(
            &[
                ("width", whole(8)),
                ("depth", whole(1)),
                ("epochs", whole(400)),
                ("rate", Setting::Real(0.03)),
                ("activation", word(activation)),
            ],
            &samples,
        );
        let Prediction::Class { probability, .. } = model.predict(&samples).unwrap() else { panic!() };
        for (row, yes) in [false, true, true, false].into_iter().enumerate() {
            let p = probability[2 * row + usize::from(yes)];
            assert!(p > 0.95, "{activation}: row {row} has probability {p}");
        }
    }
}

#[test]
fn it_learns_a_smooth_function_with_every_setting() {
    let (train, held) = (waves(1500, 1), waves(500, 2));
    let mean = 300.0;
    let sd = (held.column("y").unwrap().reals().unwrap().iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 500.0).sqrt();
    let base = [("width", whole(32)), ("epochs", whole(30)), ("schedule_epochs", whole(30)), ("rate", Setting::Real(0.005))];
    let others: [&[(&str, Setting)]; 10] = [
        &[],
        &[("activation", word("gelu"))],
        &[("activation", word("silu")), ("depth", whole(1)), ("rate", Setting::Real(0.03))],
        &[("activation", word("tanh")), ("schedule", word("one-cycle"))],
        &[("batch_norm", Setting::Flag(true))],
        &[("batch_norm", Setting::Flag(true)), ("activation", word("silu")), ("clip", Setting::Real(0.5))],
        &[("dropout", Setting::Real(0.05)), ("depth", whole(1)), ("width", whole(128))],
        &[("optimiser", word("sgd")), ("rate", Setting::Real(0.02)), ("clip", Setting::Real(1.0))],
        &[("optimiser", word("adam")), ("schedule", word("constant")), ("weight_decay", Setting::Real(0.0))],
        &[("networks", whole(3)), ("epochs", whole(15))],
    ];
    for other in others {
        let given: Vec<_> = base.iter().cloned().chain(other.iter().cloned()).collect();
        let off = rmse(&fitted(&given, &train).predict(&held).unwrap(), &held) / sd;
        assert!(off < 0.15, "{other:?}: {off} of the target's spread is left");
    }
}

#[test]
fn it_learns_classes() {
    let (train, held) = (classes(1500, 1), classes(500, 2));
    for norm in [false, true] {
        let model = fitted(&[("epochs", whole(40)), ("batch_norm", Setting::Flag(norm)), ("rate", Setting::Real(0.005))], &train);
        let right = hits(&model.predict(&held).unwrap(), &held);
        assert!(right > 0.93, "{right} of the rows are right");
        assert!(model.notes().is_empty(), "{:?}", model.notes());
    }
}

#[test]
fn what_cannot_be_learned_is_said() {
    let rows = 40;
    let same = |value: f64| Column::real("y", "m", vec![value; rows]);
    let mut constant = waves(rows, 1);
    constant.put(same(0.1)).unwrap();
    let model = fitted(&[], &constant);
    assert_eq!(model.predict(&constant).unwrap().centre().unwrap(), vec![0.1; rows]);
    assert_eq!((model.notes()[0].code.as_str(), model.inside()), ("constant-target", Inside::Closed));

    let mut lone = waves(rows, 1);
    lone.put(Column::class("y", Codes::new(vec![1; rows], vec!["ice".into(), "lake".into()]).unwrap())).unwrap();
    let model = fitted(&[], &lone);
    let Prediction::Class { levels, probability, .. } = model.predict(&lone.select(&[0])).unwrap() else { panic!() };
    assert_eq!((levels.as_slice(), probability.as_slice()), (&["ice".to_owned(), "lake".to_owned()][..], &[0.0, 1.0][..]));
    assert_eq!(model.notes()[0].code, "one-class");

    let bare = waves(rows, 1).with_columns(vec![waves(rows, 1).column("y").unwrap().clone()]).unwrap();
    let model = fitted(&[], &bare);
    assert_eq!(model.notes()[0].code, "no-features");
    let mean = bare.column("y").unwrap().reals().unwrap().iter().sum::<f64>() / rows as f64;
    assert!((model.predict(&bare).unwrap().centre().unwrap()[3] - mean).abs() < 1e-9);

    // Pure noise, and a rate that learns nothing.
    let mut rng = Rng::new(5);
    let mut noise = waves(rows, 1);
    noise.put(Column::real("y", "", (0..rows).map(|_| rng.normal()).collect())).unwrap();
    let model = fitted(&[("rate", Setting::Real(1e-7)), ("epochs", whole(2))], &noise);
    assert_eq!(model.notes()[0].code, "learned-nothing");
}

#[test]
fn a_rate_that_diverges_ends_in_an_error_and_never_in_answers_that_are_not_numbers() {
    let train = waves(300, 3);
    let mut failed = 0;
    for optimiser in ["sgd", "adam", "adamw"] {
        for rate in [0.05, 0.5, 10.0] {
            for (activation, norm) in [("relu", false), ("tanh", false), ("gelu", true)] {
                let given = [
                    ("optimiser", word(optimiser)),
                    ("rate", Setting::Real(rate)),
                    ("activation", word(activation)),
                    ("batch_norm", Setting::Flag(norm)),
                    ("momentum", Setting::Real(0.99)),
                    ("schedule", word("constant")),
                    ("epochs", whole(30)),
                ];
                match fit(&given, &train, &Context::new(1, 1)) {
                    Ok(model) => assert!(model.predict(&train).unwrap().centre().unwrap().iter().all(|v| v.is_finite())),
                    Err(error) => {
                        assert_eq!(error.fault, Fault::Numeric);
                        assert!(error.to_string().contains("rate"), "{error}");
                        failed += 1;
                    }
                }
            }
        }
    }
    assert!(failed > 0, "no rate diverged, so nothing was tested");
}

#[test]
fn values_beyond_all_measure_give_finite_answers() {
    let model = fitted(&[("epochs", whole(3))], &waves(200, 3));
    for value in [1e300, -1e300, 1e30] {
        let mut at = waves(4, 4);
        at.put(Column::real("a", "", vec![value; 4])).unwrap();
        assert!(model.predict(&at).unwrap().centre().unwrap().iter().all(|v| v.is_finite()), "a = {value}");
    }
    let mut gap = waves(4, 4);
    gap.put(Column::real("a", "", vec![0.0, f64::NAN, 0.0, 0.0])).unwrap();
    assert!(model.predict(&gap).is_err(), "a gap is refused");
    let mut wide = waves(50, 4);
    wide.put(Column::real("y", "", (0..50).map(|i| if i % 2 == 0 { 1e300 } else { -1e300 }).collect())).unwrap();
    assert_eq!(fit(&[], &wide, &Context::new(1, 1)).err().unwrap().fault, Fault::Numeric, "a target that cannot be squared");
}

#[test]
fn a_weight_of_two_is_the_row_twice_and_one_of_zero_is_no_row() {
    for norm in [false, true] {
        // One batch holds all rows, so that nothing is drawn.
        let given = [("batch", whole(1000)), ("epochs", whole(40)), ("batch_norm", Setting::Flag(norm)), ("activation", word("tanh"))];
        for make in [waves, classes] {
            let (train, rows) = (make(90, 6), 90);
            let twice: Vec<usize> = (0..rows).chain((0..rows).filter(|r| r % 3 == 0)).collect();
            let weight = (0..rows).map(|r| if r % 3 == 0 { 0.5 } else { 0.25 }).collect();
            let weighted = train.clone().with_weight(Some(weight)).unwrap();
            let (a, b) = (fitted(&given, &train.select(&twice)), fitted(&given, &weighted));
            let (a, b) = (a.predict(&train).unwrap(), b.predict(&train).unwrap());
            let (Prediction::Real { centre: a, .. } | Prediction::Class { probability: a, .. }) = a;
            let (Prediction::Real { centre: b, .. } | Prediction::Class { probability: b, .. }) = b;
            let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 2e-3, "norm {norm}: {off}");

            let gone: Vec<f64> = (0..rows).map(|r| f64::from(u8::from(r % 4 != 1))).collect();
            let left: Vec<usize> = (0..rows).filter(|r| r % 4 != 1).collect();
            let with = fitted(&[], &train.clone().with_weight(Some(gone)).unwrap());
            assert!(with.save() == fitted(&[], &train.select(&left)).save(), "rows of weight 0 leave no trace");
        }
    }
}

#[test]
fn one_thread_and_two_give_the_same_bits() {
    let train = waves(3000, 7);
    let cases: [&[(&str, Setting)]; 4] = [
        // Batches large enough to be learned from in parts.
        &[("width", whole(128)), ("batch", whole(512)), ("dropout", Setting::Real(0.1))],
        &[("networks", whole(3)), ("width", whole(20))],
        &[("batch_norm", Setting::Flag(true)), ("networks", whole(2)), ("dropout", Setting::Real(0.1)), ("width", whole(20))],
        &[("width", whole(300)), ("batch", whole(1500)), ("activation", word("silu"))],
    ];
    for case in cases {
        let given: Vec<_> = case.iter().cloned().chain([("epochs", whole(2))]).collect();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model = fit(&given, &train, &Context::new(3, threads)).unwrap();
                (model.save(), model.predict(&train).unwrap())
            })
        };
        assert!(on(1) == on(2), "{case:?}");
    }
}

/// Ends the learning after so many steps, and remembers what it saw.
struct Until {
    rows: Samples,
    last: usize,
    seen: Vec<Prediction>,
}

impl Watch for Until {
    fn rows(&self) -> &Samples {
        &self.rows
    }

    fn see(&mut self, step: usize, said: &Prediction) -> Result<bool> {
        self.seen.push(said.clone());
        assert_eq!(step, self.seen.len());
        Ok(step < self.last)
    }
}

#[test]
fn a_network_watched_is_the_network_of_so_many_epochs() {
    let held = waves(50, 9);
    let cases: [&[(&str, Setting)]; 4] = [
        &[],
        &[("schedule", word("one-cycle")), ("schedule_epochs", whole(8))],
        &[("batch_norm", Setting::Flag(true)), ("dropout", Setting::Real(0.2)), ("networks", whole(2))],
        &[("optimiser", word("sgd")), ("rate", Setting::Real(0.01))],
    ];
    for case in cases {
        let train = waves(200, 8);
        let with = |epochs: i64| case.iter().cloned().chain([("epochs", whole(epochs))]).collect::<Vec<_>>();
        let estimator = Kind::Mlp.estimator(&settings(&with(9)));
        assert_eq!(estimator.steps(), Some("epochs"));
        let mut watch = Until { rows: held.clone(), last: 5, seen: Vec::new() };
        let watched = estimator.fit_watched(&train, "y", &mut watch, &Context::new(1, 1)).unwrap();
        assert_eq!(watch.seen.len(), 5);
        assert!(watched.save() == fitted(&with(5), &train).save(), "{case:?}: stopped after 5 epochs");
        for (step, said) in watch.seen.iter().enumerate() {
            let model = fitted(&with(step as i64 + 1), &train);
            assert_eq!(said, &model.predict(&held).unwrap(), "{case:?}: after {} epochs", step + 1);
        }
        let mut all = Until { rows: held.clone(), last: 100, seen: Vec::new() };
        let watched = estimator.fit_watched(&train, "y", &mut all, &Context::new(1, 1)).unwrap();
        assert!(all.seen.len() == 9 && watched.save() == fitted(&with(9), &train).save(), "{case:?}: watched to the end");
    }
}

#[test]
fn the_inside_is_the_course_of_learning() {
    let model = fitted(
        &[("width", whole(10)), ("epochs", whole(650)), ("schedule_epochs", whole(650)), ("networks", whole(2)), ("batch", whole(100))],
        &waves(100, 8),
    );
    let Inside::Network(learning) = model.inside() else { panic!("a network shows how it learned") };
    assert_eq!((learning.sizes.as_slice(), learning.networks), (&[3, 10, 10, 1][..], 2));
    assert_eq!(learning.numbers, 2 * (4 * 10 + 11 * 10 + 11));
    assert_eq!((learning.epoch[0], learning.epoch[learning.epoch.len() - 1]), (1, 650));
    assert!(learning.epoch.len() <= 301 && learning.epoch.windows(2).all(|w| w[0] < w[1]), "a long course is thinned");
    let n = learning.epoch.len();
    assert!(learning.loss.len() == n && learning.rate.len() == n && learning.gradient.len() == 3);
    assert!(learning.gradient.iter().all(|g| g.len() == n && g.iter().all(|v| *v > 0.0)), "{:?}", learning.gradient);
    assert!(learning.loss[0] > 0.5 && learning.loss[n - 1] < 0.2, "{} to {}", learning.loss[0], learning.loss[n - 1]);
    assert!((learning.rate[0] - 2e-3).abs() < 1e-9 && (learning.rate[n - 1] - 2e-5).abs() < 1e-7);
    assert_eq!(learning.none, 1.0);
}

const LEFT_OUT: [&str; 5] = ["rgi_id", "period", "dmdtda", "err_dmdtda", "target_id"];

/// The mass-balance table: features, and the target.
fn table() -> (Vec<Column>, Vec<f64>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/glacier-mass-balance/scandinavia_geodetic_mb_training.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let numbers = |j: usize| -> Vec<f64> { rows.iter().map(|r| r[j].parse().unwrap()).collect() };
    let features = names.iter().enumerate().filter(|(_, n)| !LEFT_OUT.contains(n)).map(|(j, n)| Column::real(*n, "", numbers(j))).collect();
    (features, numbers(names.iter().position(|n| *n == "dmdtda").unwrap()))
}

/// The loss summed over the rows of each fold, scaled by the training rows.
fn over_folds(samples: &Samples, given: &Value, seed: u64, loss: impl Fn(&Prediction, &[usize]) -> f64) -> f64 {
    let parameters = Kind::Mlp.parameters();
    let settings = given.as_object().unwrap().iter().fold(Settings::defaults(&parameters), |s, (name, v)| {
        let value = v.as_str().map_or_else(|| v.as_i64().map_or_else(|| Setting::Real(v.as_f64().unwrap()), Setting::Integer), word);
        s.set(&parameters, name, value).unwrap()
    });
    let one = |k: usize| {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..samples.rows()).partition(|&r| r * 7919 % 5 == k);
        let rows = samples.select(&train);
        let scale = Step::Standardise.transform().fit(&rows, "y").unwrap();
        let (rows, held) = (scale.apply(rows).unwrap(), scale.apply(samples.select(&test)).unwrap());
        let model = Kind::Mlp.estimator(&settings).fit(&rows, "y", &Context::new(seed, 1)).unwrap();
        loss(&model.predict(&held).unwrap(), &test)
    };
    (0..5).map(one).sum()
}

/// Mean over seeds, and the standard deviation of single ones.
fn summary(values: &[f64]) -> (f64, f64) {
    (esker_math::mean(values), esker_math::variance(values).sqrt())
}

#[test]
fn numbers_and_classes_are_predicted_as_well_as_by_scikit_learn() {
    let peers: Value = serde_json::from_str(include_str!("peers/networks.json")).unwrap();
    let theirs = |name: &str| summary(&peers[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>());
    let (mut columns, y) = table();
    let rows = y.len();
    columns.push(Column::real("y", "", y.clone()));
    let samples = Samples::new(columns, Support::bare(rows), None).unwrap();
    let mean = esker_math::mean(&y);
    let whole: f64 = y.iter().map(|v| (v - mean).powi(2)).sum();
    let squares =
        |said: &Prediction, test: &[usize]| test.iter().zip(said.centre().unwrap()).map(|(&r, p)| (y[r] - p).powi(2)).sum::<f64>();
    let ours: Vec<f64> = (1..=3).map(|seed| 1.0 - over_folds(&samples, &peers["network"], seed, squares) / whole).collect();
    let (ours, (r2, noise)) = (summary(&ours), theirs("r2"));
    println!("R2 {ours:?}, scikit-learn {r2} with {noise}");
    assert!((ours.0 - r2).abs() <= 3.0 * noise.max(ours.1), "R2 {ours:?}, scikit-learn {r2} with {noise}");

    let cuts: Vec<f64> = peers["cuts"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    let label: Vec<u32> = y.iter().map(|v| cuts.iter().filter(|&c| v >= c).count() as u32).collect();
    let mut samples = samples;
    samples.put(Column::class("y", Codes::new(label.clone(), ["low", "middle", "high"].map(str::to_owned).to_vec()).unwrap())).unwrap();
    let surprise = |said: &Prediction, test: &[usize]| {
        let Prediction::Class { probability, .. } = said else { panic!() };
        test.iter().enumerate().map(|(i, &r)| -probability[3 * i + label[r] as usize].max(1e-15).ln()).sum::<f64>()
    };
    let ours: Vec<f64> = (1..=3).map(|seed| over_folds(&samples, &peers["network"], seed, surprise) / rows as f64).collect();
    let (ours, (loss, noise)) = (summary(&ours), theirs("log_loss"));
    println!("log loss {ours:?}, scikit-learn {loss} with {noise}");
    assert!((ours.0 - loss).abs() <= 3.0 * noise.max(ours.1), "log loss {ours:?}, scikit-learn {loss} with {noise}");
}
