//! Laws of boosting's losses, rules and steps.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use esker_core::{
    Codes, Column, Context, Error, Estimator, Model, Prediction, Result, Rng, Samples, Setting, Settings, Spread, Support, Watch,
};
use esker_models::Kind;
use esker_models::models::tree::CustomLoss;
use esker_models::models::tree::boosting::Boosting;

fn samples(columns: Vec<Column>) -> Samples {
    let rows = columns[0].len();
    Samples::new(columns, Support::bare(rows), None).unwrap()
}

fn settings(given: &[(&str, Setting)]) -> Settings {
    let parameters = Kind::Boosting.parameters();
    given.iter().fold(Settings::defaults(&parameters), |s, (name, value)| s.set(&parameters, name, value.clone()).unwrap())
}

fn text(word: &str) -> Setting {
    Setting::Text(word.to_owned())
}

fn try_fit(given: &[(&str, Setting)], train: &Samples) -> Result<Box<dyn Model>> {
    Boosting::new(&settings(given)).fit(train, "y", &Context::new(4, 1))
}

fn said(given: &[(&str, Setting)], train: &Samples, at: &Samples) -> Vec<f64> {
    try_fit(given, train).unwrap().predict(at).unwrap().centre().unwrap().to_vec()
}

fn refusal(given: &[(&str, Setting)], train: &Samples) -> String {
    try_fit(given, train).err().unwrap().to_string()
}

/// Rows of three features, one with gaps, and a target that `of` makes of them and a draw.
fn table(rows: usize, seed: u64, of: impl Fn(f64, f64, f64, f64) -> f64) -> Samples {
    let mut rng = Rng::new(seed);
    let mut columns = [const { Vec::new() }; 4];
    for i in 0..rows {
        let (a, b, c) = (rng.uniform() * 4.0 - 2.0, rng.normal(), rng.uniform());
        let y = of(a, b, c, rng.uniform());
        for (column, v) in columns.iter_mut().zip([a, if i % 11 == 0 { f64::NAN } else { b }, c, y]) {
            column.push(v);
        }
    }
    let [a, b, c, y] = columns;
    samples(vec![Column::real("a", "m", a), Column::real("b", "", b), Column::real("c", "", c), Column::real("y", "mm", y)])
}

fn y(table: &Samples) -> Vec<f64> {
    table.column("y").unwrap().reals().unwrap().to_vec()
}

/// A Poisson draw by inversion.
fn count(mean: f64, u: f64) -> f64 {
    let (mut k, mut p) = (0.0, (-mean).exp());
    let mut below = p;
    while u > below && k < 1000.0 {
        k += 1.0;
        p *= mean / k;
        below += p;
    }
    k
}

#[test]
fn a_quantile_covers_its_share_of_new_rows() {
    // Noise that widens with a: one quantile for all would cover neither end.
    let of = |a: f64, _: f64, _: f64, u: f64| a + (2.5 + a) * (u - 0.5);
    let (train, test) = (table(6000, 1, of), table(6000, 2, of));
    for share in [0.1, 0.5, 0.9] {
        let given = [("loss", text("quantile")), ("quantile", Setting::Real(share)), ("leaves", Setting::Integer(8))];
        let model = said(&given, &train, &test);
        let below = |keep: &dyn Fn(f64) -> bool| {
            let a = test.column("a").unwrap().reals().unwrap();
            let rows: Vec<usize> = (0..test.rows()).filter(|&r| keep(a[r])).collect();
            rows.iter().filter(|&&r| y(&test)[r] <= model[r]).count() as f64 / rows.len() as f64
        };
        assert!((below(&|_| true) - share).abs() < 0.025, "{share}: {}", below(&|_| true));
        for half in [below(&|a| a < 0.0), below(&|a| a >= 0.0)] {
            assert!((half - share).abs() < 0.04, "{share}: {half}");
        }
    }
}

#[test]
fn an_interval_beside_the_answer_covers_its_share_of_new_rows() {
    let of = |a: f64, _: f64, _: f64, u: f64| a + (2.5 + a) * (u - 0.5);
    let (train, test) = (table(6000, 31, of), table(6000, 32, of));
    let given = [("spread", text("quantiles")), ("level", Setting::Real(0.8)), ("leaves", Setting::Integer(8))];
    let model = try_fit(&given, &train).unwrap();
    let Prediction::Real { centre, spread: Spread::Interval { level, low, high }, .. } = model.predict(&test).unwrap() else { panic!() };
    assert_eq!((level, &centre), (0.8, &said(&[("leaves", Setting::Integer(8))], &train, &test)));
    assert!(low.iter().zip(&centre).zip(&high).all(|((l, c), h)| l <= c && c <= h));
    let inside = y(&test).iter().zip(low.iter().zip(&high)).filter(|(y, (l, h))| *l <= y && y <= h).count() as f64 / 6000.0;
    assert!((inside - 0.8).abs() < 0.03, "{inside}");
    let again = Kind::Boosting.load(&model.save()).unwrap();
    assert_eq!(again.predict(&test).unwrap(), model.predict(&test).unwrap());
}

#[test]
fn absolute_and_huber_loss_do_not_follow_outliers() {
    let clean = |a: f64| 2.0 * a;
    let train = table(3000, 3, |a, _, _, u| if u < 0.05 { 500.0 } else { clean(a) + u - 0.5 });
    let test = table(500, 4, |a, _, _, _| clean(a));
    let error = |loss: &str| {
        let model = said(&[("loss", text(loss))], &train, &test);
        model.iter().zip(y(&test)).map(|(m, t)| (m - t).abs()).sum::<f64>() / 500.0
    };
    assert!(error("absolute") < 0.2 && error("huber") < 1.0 && error("squared") > 10.0);
}

#[test]
fn deviances_of_amounts_find_their_means_and_never_go_below_0() {
    let mean = |a: f64, b: f64| (0.5 + 0.8 * a + 0.3 * b).exp();
    let counts = |a: f64, b: f64, _: f64, u: f64| count(mean(a, b), u);
    let (train, test) = (table(8000, 5, counts), table(4000, 6, counts));
    let deviance = |model: &[f64]| {
        let one = |(t, m): (&f64, &f64)| 2.0 * (if *t > 0.0 { t * (t / m).ln() } else { 0.0 } - (t - m));
        y(&test).iter().zip(model).map(one).sum::<f64>() / 4000.0
    };
    let truth: Vec<f64> = {
        let (a, b) = (test.column("a").unwrap(), test.column("b").unwrap());
        a.reals().unwrap().iter().zip(b.reals().unwrap()).map(|(a, b)| mean(*a, if b.is_nan() { 0.0 } else { *b })).collect()
    };
    let flat = vec![y(&train).iter().sum::<f64>() / 8000.0; 4000];
    for loss in ["poisson", "tweedie"] {
        let model = said(&[("loss", text(loss)), ("leaves", Setting::Integer(8))], &train, &test);
        assert!(model.iter().all(|&m| m > 0.0 && m.is_finite()));
        let (ours, best, none) = (deviance(&model), deviance(&truth), deviance(&flat));
        assert!(ours < best + 0.1 * (none - best), "{loss}: {ours}, the truth {best}, a constant {none}");
    }
    // The exponential distribution is gamma with shape 1; the mean of the answers is that of the targets.
    let amounts = |a: f64, b: f64, _: f64, u: f64| -mean(a, b) * (1.0 - u).ln() + 1e-9;
    let (train, test) = (table(8000, 7, amounts), table(4000, 8, amounts));
    let model = said(&[("loss", text("gamma")), ("leaves", Setting::Integer(8))], &train, &test);
    let (ours, true_mean) = (model.iter().sum::<f64>() / 4000.0, y(&test).iter().sum::<f64>() / 4000.0);
    assert!((ours / true_mean - 1.0).abs() < 0.1, "{ours} and {true_mean}");
}

#[test]
fn a_weight_of_2_is_two_rows_for_every_loss() {
    let train = table(200, 9, |a, b, _, u| (a + 0.2 * b + u).abs() + 0.1);
    let twice: Vec<usize> = (0..200).chain((0..200).filter(|r| r % 3 == 0)).collect();
    let weight = (0..200).map(|r| if r % 3 == 0 { 2.0 } else { 1.0 }).collect();
    let (weighted, doubled) = (train.clone().with_weight(Some(weight)).unwrap(), train.select(&twice));
    for loss in ["squared", "absolute", "huber", "quantile", "poisson", "gamma", "tweedie"] {
        let given =
            [("loss", text(loss)), ("trees", Setting::Integer(20)), ("min_leaf", Setting::Integer(1)), ("quantile", Setting::Real(0.3))];
        for (a, b) in said(&given, &weighted, &train).iter().zip(said(&given, &doubled, &train)) {
            assert!((a - b).abs() <= 1e-8 * (1.0 + b.abs()), "{loss}: {a} and {b}");
        }
    }
}

#[test]
fn rising_and_falling_features_keep_their_direction_everywhere() {
    // Many models on noise: nothing but the rule keeps them in order.
    for seed in 0..12 {
        let train = table(400, 100 + seed, |a, b, c, u| (3.0 * a).sin() + if b.is_nan() { 0.0 } else { b * c } + 4.0 * u);
        let more = [("leaves", Setting::Integer(24)), ("min_leaf", Setting::Integer(3)), ("rate", Setting::Real(0.3))];
        let mut given = vec![("rising", text("a")), ("falling", text("c, b")), ("trees", Setting::Integer(40))];
        given.extend(more);
        if seed % 2 == 1 {
            given.push(("loss", text("absolute")));
        }
        let model = try_fit(&given, &train).unwrap();
        let mut rng = Rng::new(seed);
        for _ in 0..20 {
            let fixed = [rng.uniform() * 4.0 - 2.0, rng.normal(), rng.uniform()];
            for (place, name, sign) in [(0, "a", 1.0), (1, "b", -1.0), (2, "c", -1.0)] {
                let sweep = 60;
                let values = |k: usize| {
                    if k == place { (0..sweep).map(|i| f64::from(i) / 10.0 - 3.0).collect() } else { vec![fixed[k]; sweep as usize] }
                };
                let at =
                    samples(vec![Column::real("a", "m", values(0)), Column::real("b", "", values(1)), Column::real("c", "", values(2))]);
                let answers = model.predict(&at).unwrap().centre().unwrap().to_vec();
                assert!(answers.windows(2).all(|w| sign * (w[1] - w[0]) >= -1e-12), "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn features_of_different_groups_do_not_act_together() {
    let train = table(2000, 20, |a, b, c, u| a * c + if b.is_nan() { 0.0 } else { b } + 0.1 * u);
    let difference = |together: &str| {
        let model = try_fit(&[("together", text(together))], &train).unwrap();
        let at = |a: f64, c: f64| {
            let at = samples(vec![Column::real("a", "m", vec![a]), Column::real("b", "", vec![0.1]), Column::real("c", "", vec![c])]);
            model.predict(&at).unwrap().centre().unwrap()[0]
        };
        at(1.5, 0.9) - at(1.5, 0.1) - at(-1.5, 0.9) + at(-1.5, 0.1)
    };
    // a and c act together in truth: 3 * 0.8.
    assert!((difference("") - 2.4).abs() < 0.3 && (difference("a, c; b") - 2.4).abs() < 0.3);
    assert!(difference("a, b; c").abs() < 1e-12 && difference("b").abs() < 1e-12);
}

#[test]
fn answers_stay_within_what_is_possible() {
    let train = table(500, 21, |a, _, _, u| (a + u - 0.5).max(0.0));
    let given = [("lowest", text("0")), ("highest", text("1.5"))];
    let model = said(&given, &train, &train);
    assert!(model.iter().all(|v| (0.0..=1.5).contains(v)) && model.contains(&0.0) && model.contains(&1.5));
}

/// Sees answers and ends the learning after some steps.
struct Eye {
    rows: Samples,
    until: usize,
    seen: Vec<Prediction>,
}

impl Watch for Eye {
    fn rows(&self) -> &Samples {
        &self.rows
    }

    fn see(&mut self, step: usize, said: &Prediction) -> Result<bool> {
        self.seen.push(said.clone());
        assert_eq!(step, self.seen.len());
        Ok(step < self.until)
    }
}

#[test]
fn what_is_seen_after_each_round_is_what_a_model_of_so_many_rounds_says() {
    let numbers = table(400, 22, |a, b, _, u| a * a + if b.is_nan() { 1.0 } else { b } + u);
    let labels: Vec<Option<String>> = y(&numbers).iter().map(|v| Some(format!("k{}", (v.clamp(0.0, 2.9)) as u8))).collect();
    let mut classes = numbers.clone();
    classes.put(Column::class("y", Codes::from_labels(&labels))).unwrap();
    for (train, loss) in [(&numbers, "automatic"), (&numbers, "absolute"), (&classes, "automatic")] {
        let given = |trees: i64| settings(&[("trees", Setting::Integer(trees)), ("loss", text(loss)), ("rows", Setting::Real(0.7))]);
        let mut eye = Eye { rows: train.select(&(0..50).collect::<Vec<_>>()), until: 9, seen: Vec::new() };
        let cx = Context::new(4, 1);
        let stopped = Boosting::new(&given(30)).fit_watched(train, "y", &mut eye, &cx).unwrap();
        assert_eq!(eye.seen.len(), 9);
        for rounds in [1, 5, 9] {
            let model = Boosting::new(&given(rounds)).fit(train, "y", &cx).unwrap();
            assert_eq!(model.predict(&eye.rows).unwrap(), eye.seen[rounds as usize - 1], "{loss}, {rounds} rounds");
        }
        assert_eq!(stopped.save(), Boosting::new(&given(9)).fit(train, "y", &cx).unwrap().save());
    }
}

/// Squared loss as a user would write it, and one that goes wrong.
struct Own {
    broken: bool,
}

impl CustomLoss for Own {
    fn start(&self, target: &[f64], _: Option<&[f64]>) -> f64 {
        target.iter().sum::<f64>() / target.len() as f64
    }

    fn derivatives(&self, target: &[f64], score: &[f64], gradient: &mut [f64], hessian: &mut [f64]) {
        for (i, g) in gradient.iter_mut().enumerate() {
            *g = if self.broken && i == 7 { f64::NAN } else { score[i] - target[i] };
        }
        hessian.fill(1.0);
    }
}

#[test]
fn a_loss_of_ones_own_works_as_the_built_in_one() {
    let train = table(300, 23, |a, _, c, u| a * c + u);
    let fit = |broken: bool| {
        let own = Boosting::new(&settings(&[])).with_loss(Arc::new(Own { broken }));
        own.fit(&train, "y", &Context::new(4, 1)).and_then(|m| m.predict(&train))
    };
    let ours = fit(false).unwrap().centre().unwrap().to_vec();
    for (a, b) in ours.iter().zip(said(&[], &train, &train)) {
        assert!((a - b).abs() < 1e-9);
    }
    let error: Error = fit(true).err().unwrap();
    insta::assert_snapshot!(error.to_string(), @r"
    boosting: got a gradient or hessian that is no finite number, at a score of 0.48481569592960955; the loss must have finite derivatives at every score
      hint: try a smaller rate, or look for extreme targets
    ");
}

#[test]
fn growing_by_level_splits_the_shallowest_and_depth_bounds_it() {
    let train = table(800, 24, |a, b, c, u| (2.0 * a).sin() + if b.is_nan() { 0.0 } else { b } * c + u);
    let distinct = |given: &[(&str, Setting)]| {
        let mut all = vec![("trees", Setting::Integer(1)), ("min_leaf", Setting::Integer(5)), ("leaves", Setting::Integer(64))];
        all.extend_from_slice(given);
        let mut answers: Vec<u64> = said(&all, &train, &train).iter().map(|v| v.to_bits()).collect();
        answers.sort_unstable();
        answers.dedup();
        answers.len()
    };
    assert_eq!(distinct(&[("depth", Setting::Integer(1))]), 2);
    assert_eq!(distinct(&[("depth", Setting::Integer(3)), ("grow", text("level"))]), 8);
    assert!(distinct(&[]) > 40);
}

#[test]
fn what_cannot_be_is_refused() {
    let train = table(100, 25, |a, _, _, _| a);
    let mut classes = train.clone();
    classes.put(Column::class("y", Codes::from_labels(&vec![Some("ice"); 100]))).unwrap();
    classes.put(Column::class("c", Codes::from_labels(&(0..100).map(|i| Some(["x", "z"][i % 2])).collect::<Vec<_>>()))).unwrap();
    let said = [
        refusal(&[("loss", text("poisson"))], &train),
        refusal(&[("loss", text("gamma"))], &table(50, 1, |_, _, _, _| 0.0)),
        refusal(&[("loss", text("poisson"))], &table(50, 1, |_, _, _, _| 0.0)),
        refusal(&[("loss", text("absolute"))], &classes),
        refusal(&[("rising", text("a, slope"))], &train),
        refusal(&[("rising", text("a")), ("falling", text("a"))], &train),
        refusal(&[("falling", text("c"))], &classes),
        refusal(&[("lowest", text("3")), ("highest", text("-1"))], &train),
        refusal(&[("lowest", text("sea level"))], &train),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    loss 'poisson': got -1.0319383298271472; targets must not be negative
      hint: use loss = "squared", or filter those rows
    loss 'gamma': got 0; targets must be above 0
      hint: use loss = "squared", or filter those rows
    loss 'poisson': got targets that are all 0; a mean above 0 is needed: scores are its logarithm
    'loss': got 'absolute'; it is made for numbers, and the target holds classes
      hint: leave loss out: classes are fitted by log loss
    'rising': got 'slope'; no such feature
      hint: the features are a, b, c
    'falling': got 'a'; a feature either rises or falls
    'falling': got 'c'; classes have no order: only features of numbers have a direction
    'lowest': got 3; it must lie below 'highest', which is -1
    'lowest': got 'sea level'; a number in quotes is wanted, or nothing
    "#);
}

#[test]
fn going_on_from_a_model_gives_the_one_fitted_at_once() {
    let numbers = table(600, 21, |a, b, c, u| (2.0 + a + c * b.max(0.0) + u).max(0.0).round());
    let classes = {
        let labels: Vec<String> = y(&numbers).iter().map(|v| format!("k{}", v.min(3.0))).collect();
        let mut columns: Vec<Column> = numbers.features("y").cloned().collect();
        columns.push(Column::class("y", Codes::from_labels(&labels.iter().map(Some).collect::<Vec<_>>())));
        samples(columns)
    };
    let share = [("rows", Setting::Real(0.6)), ("columns", Setting::Real(0.7)), ("leaves", Setting::Integer(6))];
    for (table, more) in [
        (&numbers, vec![("loss", text("poisson"))]),
        (&numbers, vec![("spread", text("quantiles"))]),
        (&numbers, vec![("loss", text("absolute"))]),
        (&classes, vec![]),
    ] {
        let with = |trees: i64| -> Vec<(&str, Setting)> {
            share.iter().cloned().chain(more.clone()).chain([("trees", Setting::Integer(trees))]).collect()
        };
        let first = try_fit(&with(7), table).unwrap().save();
        let whole = try_fit(&with(20), table).unwrap();
        let on = |bytes: &[u8]| Boosting::new(&settings(&with(20))).from_earlier(bytes).unwrap().fit(table, "y", &Context::new(4, 2));
        let on = on(&first).unwrap();
        assert!(on.predict(table).unwrap() == whole.predict(table).unwrap(), "{more:?}");
        assert_eq!(on.save().len(), whole.save().len());
    }
}

#[test]
fn going_on_with_other_rows_keeps_what_was_learned() {
    let (before, after) = (table(500, 22, |a, b, _, _| a + 0.1 * b), table(400, 23, |a, b, _, _| a + 0.1 * b + 5.0));
    let given = |trees| [("trees", Setting::Integer(trees)), ("rate", Setting::Real(0.2))];
    let early = try_fit(&given(40), &before).unwrap();
    let on = Boosting::new(&settings(&given(80))).from_earlier(&early.save()).unwrap().fit(&after, "y", &Context::new(4, 1)).unwrap();
    let error = |model: &dyn Model, at: &Samples| {
        let said = model.predict(at).unwrap().centre().unwrap().to_vec();
        said.iter().zip(y(at)).map(|(s, y)| (s - y).powi(2)).sum::<f64>() / said.len() as f64
    };
    assert!(error(&*early, &after) > 20.0 && error(&*on, &after) < 0.5, "{} {}", error(&*early, &after), error(&*on, &after));
    // Of other trees than the first forty it could not be the sum.
    let refused = |trees, table: &Samples| {
        let on = Boosting::new(&settings(&given(trees))).from_earlier(&early.save());
        on.and_then(|on| on.fit(table, "y", &Context::new(4, 1))).err().unwrap().to_string()
    };
    assert!(refused(40, &after).contains("has 40 rounds of trees already"));
    let feet = {
        let mut columns: Vec<Column> = after.features("y").cloned().collect();
        columns.push(Column::real("y", "feet", y(&after)));
        samples(columns)
    };
    assert!(refused(80, &feet).contains("another target, unit or set of classes"));
    assert!(Boosting::new(&settings(&given(80))).from_earlier(b"no model").is_err());
}
