//! Tests of paired losses and corrections agree with statsmodels and scipy (`validation/residuals.py`); bootstraps keep their laws.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Crs, Places, Prediction, Rng, Unit, Values};
use esker_evaluate::score::Score;
use esker_evaluate::significance::{
    Blocks, Bootstrap, Estimate, Held, Kernel, Runs, benjamini_hochberg, diebold_mariano, holm, sign_test, wilcoxon,
};
use serde_json::Value;

fn peers(part: &str) -> Value {
    serde_json::from_str::<Value>(include_str!("peers/residuals.json")).unwrap()[part].clone()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-11 * theirs.abs().max(1.0), "{ours} and {theirs}");
}

#[test]
fn paired_tests_agree() {
    let theirs = peers("paired");
    let (a, b) = (numbers(&theirs["a"]), numbers(&theirs["b"]));
    for case in theirs["bartlett"].as_array().unwrap() {
        let case = numbers(case);
        let ours = diebold_mariano(&a, &b, 1, Kernel::Bartlett(case[0] as usize)).unwrap();
        near(ours.difference, case[1]);
        near(ours.se, case[2]);
    }
    for case in theirs["hln"].as_array().unwrap() {
        let case = numbers(case);
        let ours = diebold_mariano(&a, &b, case[0] as usize, Kernel::Truncated).unwrap();
        near(ours.statistic, case[1]);
        near(ours.p, case[2]);
    }
    let signs = sign_test(&b, &a).unwrap();
    let expected = numbers(&theirs["sign"]);
    assert_eq!((signs.a as f64, signs.b as f64), (expected[0], expected[1]));
    near(signs.p, expected[2]);
    let w = wilcoxon(&a, &b).unwrap();
    let expected = numbers(&theirs["wilcoxon"]);
    near(w.statistic, expected[0]);
    near(w.p, expected[1]);
    let few = numbers(&theirs["few"]);
    let w = wilcoxon(&few, &vec![0.0; few.len()]).unwrap();
    let expected = numbers(&theirs["wilcoxon_exact"]);
    near(w.statistic, expected[0]);
    near(w.p, expected[1]);
    assert!(w.exact);
    assert!(wilcoxon(&a, &a).unwrap_err().to_string().contains("without a difference"));
    assert!(diebold_mariano(&a, &a, 1, Kernel::Truncated).unwrap_err().to_string().contains("variance of 0"));
    assert!(diebold_mariano(&a, &b, 40, Kernel::Truncated).is_err() && sign_test(&a, &b[1..]).is_err());
}

#[test]
fn corrections_agree() {
    let theirs = peers("corrections");
    let p = numbers(&theirs["p"]);
    for (ours, name) in [(holm(&p).unwrap(), "holm"), (benjamini_hochberg(&p).unwrap(), "fdr_bh")] {
        for (a, b) in ours.iter().zip(numbers(&theirs[name])) {
            near(*a, b);
        }
    }
    assert!(holm(&[0.1, 1.2]).is_err() && holm(&[]).unwrap().is_empty());
}

/// Values that share most of what they are within `size` neighbours in the row order.
fn blocked(blocks: usize, size: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..blocks)
        .flat_map(|_| {
            let common = rng.normal();
            (0..size).map(|_| common + 0.3 * rng.normal()).collect::<Vec<_>>()
        })
        .collect()
}

fn bias_of(values: &[f64], how: Bootstrap<'_>, draws: usize) -> Estimate {
    let truth = Values::Real(vec![0.0; values.len()]);
    let said = Prediction::real(&Unit::default(), values.to_vec());
    let held = Held { metric: &*Score::Bias.metric(), truth: &truth, said: &[&said], weight: None };
    how.scores(held, (draws, 0.95), &Rng::new(5)).unwrap().score(0).unwrap()
}

#[test]
fn blocks_know_what_rows_alone_do_not() {
    let (blocks, size) = (40, 25);
    let values = blocked(blocks, size, 3);
    let places = |scale: f64, crs: Crs| {
        let x = (0..blocks * size).map(|i| (i / size) as f64 * scale + 0.4 * scale * (i % size) as f64 / size as f64).collect();
        Places::new(x, vec![0.0; blocks * size], crs).unwrap()
    };
    let plane = Blocks::on_ground(&places(1000.0, Crs::Projected("EPSG:32632".into())), 1000.0).unwrap();
    // A degree of longitude on the equator is 111.2 km; 360 cells go round.
    let sphere = Blocks::on_ground(&places(1.0, Crs::Geographic), 111_195.0).unwrap();
    let labels: Vec<Option<String>> = (0..blocks * size).map(|i| Some(format!("{:03}", i / size))).collect();
    let groups = Blocks::of_groups(&Codes::from_labels(&labels)).unwrap();
    let days: Vec<f64> = (0..blocks * size).map(|i| i as f64 / size as f64).collect();
    let time = Blocks::in_time(&days, 1.0).unwrap();
    let means: Vec<f64> = values.chunks(size).map(|c| c.iter().sum::<f64>() / size as f64).collect();
    // Drawing blocks of one size, the mean varies as the mean of so many independent block means.
    let exact = (esker_math::variance(&means) * (blocks - 1) as f64 / blocks as f64 / blocks as f64).sqrt();
    for (name, b) in [("plane", &plane), ("sphere", &sphere), ("groups", &groups), ("time", &time)] {
        assert_eq!(b.count(), blocks, "{name}");
        let estimate = bias_of(&values, Bootstrap::Blocks(b), 4000);
        assert!((estimate.se / exact - 1.0).abs() < 0.04, "{name}: {} and {exact}", estimate.se);
        assert!(estimate.low < estimate.value && estimate.value < estimate.high && estimate.draws == 4000);
    }
    let alone = bias_of(&values, Bootstrap::Blocks(&Blocks::of_rows(values.len()).unwrap()), 1000);
    assert!(alone.se < 0.35 * exact, "{} of {exact}", alone.se);
}

/// The variance of a mean under the circular block bootstrap is Σ over all n circular runs of (mean of run − mean)² / n / (n / length)
/// (Politis and Romano 1992), where the length divides n.
#[test]
fn runs_vary_as_theory_says() {
    let values = blocked(30, 4, 9);
    let n = values.len();
    let times: Vec<f64> = (0..n).map(|i| i as f64).collect();
    for length in [1, 6, 12] {
        let centre = values.iter().sum::<f64>() / n as f64;
        let run = |s: usize| (0..length).map(|k| values[(s + k) % n]).sum::<f64>() / length as f64 - centre;
        let exact = ((0..n).map(|s| run(s).powi(2)).sum::<f64>() / n as f64 / (n / length) as f64).sqrt();
        let circular = bias_of(&values, Bootstrap::Runs(&Runs::new(&times, length, true).unwrap()), 6000);
        assert!((circular.se / exact - 1.0).abs() < 0.04, "{length}: {} and {exact}", circular.se);
        let moving = bias_of(&values, Bootstrap::Runs(&Runs::new(&times, length, false).unwrap()), 2000);
        assert!((moving.se / exact - 1.0).abs() < 0.2, "{length}: {} and {exact}", moving.se);
    }
    // The same rows in another order are the same series.
    let mut order: Vec<usize> = (0..n).collect();
    Rng::new(1).shuffle(&mut order);
    let pick = |v: &[f64]| order.iter().map(|&i| v[i]).collect::<Vec<f64>>();
    let a = bias_of(&values, Bootstrap::Runs(&Runs::new(&times, 6, true).unwrap()), 200);
    let b = bias_of(&pick(&values), Bootstrap::Runs(&Runs::new(&pick(&times), 6, true).unwrap()), 200);
    assert!((a.se - b.se).abs() < 1e-12 && (a.low - b.low).abs() < 1e-12);
}

#[test]
fn the_difference_of_two_models_is_surer_than_their_scores_and_threads_do_not_matter() {
    let truth = blocked(40, 5, 11);
    let mut rng = Rng::new(12);
    let a: Vec<f64> = truth.iter().map(|_| 0.1 * rng.normal()).collect();
    let b: Vec<f64> = a.iter().map(|v| v + 0.15 + 0.02 * rng.normal()).collect();
    let [a, b] = [a, b].map(|v| Prediction::real(&Unit::default(), v));
    let values = Values::Real(truth.clone());
    let blocks = Blocks::of_rows(truth.len()).unwrap();
    let rmse = Score::Rmse.metric();
    let held = Held { metric: &*rmse, truth: &values, said: &[&a, &b], weight: None };
    let run = || Bootstrap::Blocks(&blocks).scores(held, (400, 0.95), &Rng::new(2)).unwrap();
    let drawn = run();
    let (estimate, score) = (drawn.difference(0, 1).unwrap(), drawn.score(0).unwrap());
    assert!(estimate.se < 0.5 * score.se);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(run);
    assert_eq!(drawn, one);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let same = Places::new(vec![1.0; 5], vec![1.0; 5], Crs::Geographic).unwrap();
    assert!(Blocks::on_ground(&same, 100.0).unwrap_err().to_string().contains("5 rows in 1"));
    assert!(Blocks::of_places(&same).is_err() && Blocks::on_ground(&same, 0.0).is_err() && Blocks::in_time(&[1.0], 0.0).is_err());
    assert!(Runs::new(&[1.0, f64::NAN], 1, true).is_err() && Runs::new(&[1.0, 2.0, 3.0], 2, true).is_err());
    let blocks = Blocks::of_rows(4).unwrap();
    let truth = Values::Real(vec![1.0; 4]);
    let said = Prediction::real(&Unit::default(), vec![1.0; 4]);
    let metric = Score::R2.metric();
    let held = Held { metric: &*metric, truth: &truth, said: &[&said], weight: None };
    let of = |draws, confidence| Bootstrap::Blocks(&blocks).scores(held, (draws, confidence), &Rng::new(1));
    assert!(of(50, 0.95).unwrap_err().to_string().contains("at least 100"));
    assert!(of(200, 1.5).is_err());
    assert!(of(200, 0.9).unwrap_err().to_string().contains("constant truth"));
    // Most draws of two rows hold one of them only: there R² does not exist.
    let (truth, said) = (Values::Real(vec![1.0, 2.0]), Prediction::real(&Unit::default(), vec![1.0, 1.5]));
    let held = Held { metric: &*metric, truth: &truth, said: &[&said], weight: None };
    let two = Blocks::of_rows(2).unwrap();
    let drawn = Bootstrap::Blocks(&two).scores(held, (1000, 0.95), &Rng::new(4)).unwrap();
    match drawn.score(0) {
        Ok(estimate) => assert!(estimate.draws >= 500),
        Err(error) => assert!(error.to_string().contains("of 1000 draws"), "{error}"),
    }
}
