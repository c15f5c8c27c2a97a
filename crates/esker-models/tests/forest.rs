//! Laws of what forests draw, and of how sure they say they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Context, Model, Prediction, Result, Rng, Samples, Setting, Settings, Spread, Support};
use esker_models::Kind;

fn settings(given: &[(&str, Setting)]) -> Settings {
    let parameters = Kind::Forest.parameters();
    given.iter().fold(Settings::defaults(&parameters), |s, (name, value)| s.set(&parameters, name, value.clone()).unwrap())
}

fn text(word: &str) -> Setting {
    Setting::Text(word.to_owned())
}

fn fit(given: &[(&str, Setting)], train: &Samples) -> Result<Box<dyn Model>> {
    Kind::Forest.estimator(&settings(given)).fit(train, "y", &Context::new(6, 1))
}

/// A smooth truth with noise of standard deviation 0.5.
fn table(rows: usize, seed: u64) -> Samples {
    let mut rng = Rng::new(seed);
    let (mut a, mut b, mut y) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let (u, v) = (rng.uniform() * 4.0 - 2.0, rng.uniform());
        a.push(u);
        b.push(v);
        y.push((1.5 * u).sin() + v + 0.5 * rng.normal());
    }
    let columns = vec![Column::real("a", "m", a), Column::real("b", "", b), Column::real("y", "mm", y)];
    Samples::new(columns, Support::bare(rows), None).unwrap()
}

fn y(table: &Samples) -> Vec<f64> {
    table.column("y").unwrap().reals().unwrap().to_vec()
}

fn rmse(model: &dyn Model, at: &Samples) -> f64 {
    let said = model.predict(at).unwrap();
    let n = at.rows() as f64;
    (said.centre().unwrap().iter().zip(y(at)).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n).sqrt()
}

/// The number behind the words "error of" in the note of the rows out of bag.
fn out_of_bag(model: &dyn Model) -> f64 {
    let note = model.notes().into_iter().find(|n| n.code == "out-of-bag").unwrap().text;
    note.split("error of ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn rows_out_of_bag_score_as_new_rows_do() {
    let (train, test) = (table(1500, 1), table(4000, 2));
    let model = fit(&[("out_of_bag", Setting::Flag(true))], &train).unwrap();
    let (inside, outside) = (out_of_bag(&*model), rmse(&*model, &test));
    assert!((inside / outside - 1.0).abs() < 0.05, "{inside} and {outside}");
    assert!(inside > 1.2 * rmse(&*model, &train), "training rows flatter");
    insta::assert_snapshot!(model.notes()[0].text, @"out of bag, on 1500 of 1500 rows, the forest has a root mean square error of 0.5063 mm (the mean alone: 0.9352 mm); each tree left out rows at random, which imitates new rows like these");
}

#[test]
fn groups_are_drawn_whole() {
    // Rows of a group are copies of each other: out of bag by rows they are known, by groups they are new.
    let few = table(60, 3);
    let rows: Vec<usize> = (0..600).map(|i| i / 10).collect();
    let copies = few.select(&rows);
    let labels: Vec<Option<String>> = rows.iter().map(|g| Some(format!("g{g}"))).collect();
    let mut support = Support::bare(600);
    support.group = Some(Codes::from_labels(&labels));
    let columns = ["a", "b", "y"].map(|n| copies.column(n).unwrap().clone()).to_vec();
    let train = Samples::new(columns, support, None).unwrap();
    let error = |draw: &str| out_of_bag(&*fit(&[("out_of_bag", Setting::Flag(true)), ("draw", text(draw))], &train).unwrap());
    let (by_rows, by_groups, new) =
        (error("rows"), error("groups"), rmse(&*fit(&[("draw", text("groups"))], &train).unwrap(), &table(4000, 4)));
    assert!(by_rows < 0.5 * by_groups, "{by_rows} and {by_groups}");
    assert!((by_groups / new - 1.0).abs() < 0.25, "{by_groups} and {new}");
    insta::assert_snapshot!(fit(&[("draw", text("groups"))], &few).err().unwrap().to_string(), @r"
    'draw': got 'groups'; it needs the group of every row, and the samples have none
      hint: name the column of groups in the recipe, or draw rows
    ");
}

#[test]
fn random_cuts_fit_nearly_as_well_as_the_best() {
    let (train, test) = (table(2000, 5), table(4000, 6));
    let error = |given: &[(&str, Setting)]| rmse(&*fit(given, &train).unwrap(), &test);
    let (best, random) = (
        error(&[("columns", Setting::Real(1.0))]),
        error(&[("columns", Setting::Real(1.0)), ("cuts", text("random")), ("draw", text("none"))]),
    );
    assert!(random < 1.05 * best && random != best, "{random} and {best}");
    // Classes and gaps are cut at random as well.
    let labels: Vec<Option<&str>> = (0..2000).map(|i| ["till", "rock", "sand", "moss"].get(i % 5).copied()).collect();
    let mut mixed = train;
    mixed.put(Column::class("ground", Codes::from_labels(&labels))).unwrap();
    let target = (0..2000).map(|i| [0.0, 1.0, 1.0, 0.0, 2.0][i % 5]).collect();
    mixed.put(Column::real("y", "mm", target)).unwrap();
    assert!(rmse(&*fit(&[("cuts", text("random"))], &mixed).unwrap(), &mixed) < 0.2);
}

#[test]
fn balance_gives_rare_classes_their_say() {
    let base = table(2000, 7);
    let labels: Vec<Option<&str>> = y(&base).iter().map(|v| Some(if *v > 1.9 { "flood" } else { "dry" })).collect();
    let mut train = base;
    train.put(Column::class("y", Codes::from_labels(&labels))).unwrap();
    let floods = labels.iter().filter(|l| **l == Some("flood")).count();
    assert!(floods < 300);
    let share = |weight: &str| {
        let model = fit(&[("class_weight", text(weight)), ("min_leaf", Setting::Integer(20))], &train).unwrap();
        let Prediction::Class { levels, probability, .. } = model.predict(&train).unwrap() else { panic!() };
        let flood = levels.iter().position(|l| l == "flood").unwrap();
        probability.iter().skip(flood).step_by(2).sum::<f64>() / 2000.0
    };
    let (plain, balanced) = (share("none"), share("balanced"));
    assert!((plain - floods as f64 / 2000.0).abs() < 0.03 && balanced > 2.0 * plain, "{plain} and {balanced}");
    insta::assert_snapshot!(fit(&[("class_weight", text("balanced"))], &table(50, 1)).err().unwrap().to_string(), @"'class_weight': got 'balanced'; the target holds numbers, which have no classes");
}

#[test]
fn the_jackknife_tells_how_forests_of_other_training_rows_differ() {
    let at = table(40, 8);
    let given = [("spread", text("jackknife")), ("trees", Setting::Integer(400)), ("min_leaf", Setting::Integer(10))];
    let repeats = 30;
    let (mut sum, mut square, mut told) = (vec![0.0; 40], vec![0.0; 40], vec![0.0; 40]);
    for repeat in 0..repeats {
        let model = fit(&given, &table(300, 100 + repeat)).unwrap();
        let Prediction::Real { centre, spread: Spread::Sd(sd), .. } = model.predict(&at).unwrap() else { panic!() };
        for i in 0..40 {
            sum[i] += centre[i];
            square[i] += centre[i] * centre[i];
            told[i] += sd[i] / repeats as f64;
        }
    }
    let n = repeats as f64;
    let true_sd = (0..40).map(|i| ((square[i] - sum[i] * sum[i] / n) / (n - 1.0)).sqrt()).sum::<f64>() / 40.0;
    let said = told.iter().sum::<f64>() / 40.0;
    assert!((0.7..1.4).contains(&(said / true_sd)), "{said} and {true_sd}");
    let refused = fit(&[("spread", text("jackknife")), ("draw", text("none"))], &at).err().unwrap();
    insta::assert_snapshot!(refused.to_string(), @r#"
    'spread' = "jackknife": got draw = "none"; it compares trees that drew different rows
      hint: draw rows or groups
    "#);
}

#[test]
fn quantiles_cover_new_rows() {
    let (train, test) = (table(3000, 9), table(4000, 10));
    let given = [
        ("spread", text("quantiles")),
        ("level", Setting::Real(0.8)),
        ("trees", Setting::Integer(100)),
        ("min_leaf", Setting::Integer(20)),
    ];
    let model = fit(&given, &train).unwrap();
    let said = model.predict(&test).unwrap();
    let Prediction::Real { spread: Spread::Interval { level, low, high }, centre, .. } = &said else { panic!() };
    assert_eq!(*level, 0.8);
    assert!(low.iter().zip(centre).zip(high).all(|((l, c), h)| l <= c && c <= h));
    let inside = y(&test).iter().zip(low.iter().zip(high)).filter(|(y, (l, h))| *l <= y && y <= h).count() as f64 / 4000.0;
    assert!((inside - 0.8).abs() < 0.05, "{inside}");
    // It comes back from its bytes, and bytes that point nowhere are refused.
    let bytes = model.save();
    assert_eq!(Kind::Forest.load(&bytes).unwrap().predict(&test).unwrap(), said);
    for at in (0..bytes.len()).step_by(997) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x55;
        if let Ok(model) = Kind::Forest.load(&bad) {
            let _ = model.predict(&test.select(&[0, 1]));
        }
    }
}

#[test]
fn threads_do_not_change_a_bit_of_how_sure_it_is() {
    let (train, at) = (table(500, 11), table(30, 12));
    for spread in ["jackknife", "quantiles"] {
        let given = settings(&[("spread", text(spread)), ("trees", Setting::Integer(40)), ("out_of_bag", Setting::Flag(true))]);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model = Kind::Forest.estimator(&given).fit(&train, "y", &Context::new(6, threads)).unwrap();
                (model.save(), model.predict(&at).unwrap())
            })
        };
        assert!(run(1) == run(3), "{spread}");
    }
}
