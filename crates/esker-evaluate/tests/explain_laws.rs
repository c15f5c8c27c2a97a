//! Laws of permutation importance and accumulated local effects, on models whose answer is known.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Better, Codes, Column, Context, Inside, Metric, Model, Prediction, Result, Rng, Samples, Support, Unit, Values};
use esker_evaluate::explain::{HeldOut, ale, permutation};

/// A model that is a formula over the columns named.
struct Formula<F: Fn(&[f64]) -> f64 + Send + Sync>(Vec<&'static str>, F);

impl<F: Fn(&[f64]) -> f64 + Send + Sync> Model for Formula<F> {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let columns: Vec<&[f64]> = self.0.iter().map(|c| at.column(c)?.reals()).collect::<Result<_>>()?;
        let said = (0..at.rows()).map(|i| (self.1)(&columns.iter().map(|c| c[i]).collect::<Vec<_>>())).collect();
        Ok(Prediction::real(&Unit::new("m"), said))
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Says a number for each class of `rock`, or probabilities from it.
struct ByRock {
    numbers: Vec<f64>,
    probability: bool,
}

impl Model for ByRock {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        let said = at.column("rock")?.classes()?.codes().iter().map(|&c| self.numbers.get(c as usize).copied().unwrap_or(0.0));
        Ok(if self.probability {
            Prediction::class(vec!["no".into(), "yes".into()], said.flat_map(|p| [1.0 - p, p]).collect())
        } else {
            Prediction::real(&Unit::default(), said.collect())
        })
    }

    fn inside(&self) -> Inside {
        Inside::Closed
    }

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Mean squared error, its negative, or the bias, by which way it improves.
struct Squared(Better);

impl Metric for Squared {
    fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64> {
        let Values::Real(truth) = truth else { panic!("numbers") };
        let w = |i: usize| weight.map_or(1.0, |w| w[i]);
        let total: f64 = (0..truth.len()).map(w).sum();
        let mean = |f: &dyn Fn(f64) -> f64| {
            truth.iter().zip(said.centre().unwrap()).enumerate().map(|(i, (t, s))| w(i) * f(s - t)).sum::<f64>() / total
        };
        Ok(match self.0 {
            Better::Lower => mean(&|e| e * e),
            Better::Higher => -mean(&|e| e * e),
            Better::Zero => -mean(&|e| e.abs()),
        })
    }

    fn better(&self) -> Better {
        self.0
    }

    fn unit(&self, target: &Unit) -> Unit {
        target.clone()
    }
}

/// Correlated a, b, c and a target that none of the tests' models is fitted to.
fn samples(rows: usize, seed: u64) -> Samples {
    let mut rng = Rng::new(seed);
    let a: Vec<f64> = (0..rows).map(|_| rng.normal()).collect();
    let b: Vec<f64> = a.iter().map(|a| 0.7 * a + rng.normal()).collect();
    let c: Vec<f64> = (0..rows).map(|_| 3.0 + rng.uniform()).collect();
    let y: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 2.0 * a - b + 0.1 * rng.normal()).collect();
    let real = |name: &str, v| Column::real(name, "m", v);
    let weight = (0..rows).map(|i| 1.0 + (i % 3) as f64).collect();
    Samples::new(vec![real("a", a), real("b", b), real("c", c), real("y", y)], Support::bare(rows), Some(weight)).unwrap()
}

fn set(name: &str, features: &[&str]) -> (String, Vec<String>) {
    (name.to_owned(), features.iter().map(|f| (*f).to_owned()).collect())
}

fn cx() -> Context {
    Context::new(9, 2)
}

#[test]
fn an_unused_feature_has_importance_exactly_zero_and_used_ones_are_ordered() {
    let model = Formula(vec!["a", "b"], |x| 2.0 * x[0] - 0.5 * x[1]);
    let parts: Vec<Samples> = (0..3).map(|k| samples(60 + k, k as u64)).collect();
    let folds: Vec<HeldOut> = parts.iter().map(|test| HeldOut { model: &model, test }).collect();
    let sets = [set("c", &["c"]), set("b", &["b"]), set("a", &["a"])];
    for better in [Better::Lower, Better::Higher, Better::Zero] {
        for weighted in [false, true] {
            let found = permutation(&folds, "y", &sets, &Squared(better), 4, weighted, &cx()).unwrap();
            let names: Vec<&str> = found.iter().map(|i| i.name.as_str()).collect();
            assert_eq!(names, ["a", "b", "c"], "{better:?}");
            assert!(found[0].mean > 0.0 && found[0].sd > 0.0);
            assert_eq!((found[2].mean, found[2].sd), (0.0, 0.0));
            assert_eq!(found[2].folds, [0.0; 3]);
        }
    }
}

#[test]
fn a_set_of_one_is_the_single_feature_and_order_does_not_matter() {
    let model = Formula(vec!["a", "b", "c"], |x| 2.0 * x[0] - x[1] * x[2]);
    let test = samples(80, 1);
    let folds = [HeldOut { model: &model, test: &test }];
    let metric = Squared(Better::Lower);
    let one = permutation(&folds, "y", &[set("a", &["a"]), set("ab", &["a", "b"])], &metric, 5, false, &cx()).unwrap();
    let two = permutation(&folds, "y", &[set("ba", &["b", "a"]), set("c", &["c"]), set("z", &["a"])], &metric, 5, false, &cx()).unwrap();
    let mean = |found: &[esker_core::record::Importance], name: &str| found.iter().find(|i| i.name == name).unwrap().mean;
    assert_eq!(mean(&one, "a"), mean(&two, "z"));
    assert_eq!(mean(&one, "ab"), mean(&two, "ba"));
    assert_ne!(mean(&one, "a"), mean(&one, "ab"));
}

#[test]
fn columns_permuted_together_keep_what_they_share() {
    // The model uses only a − b; a and b shifted together leave it as it was where a − b is the same in all rows.
    let model = Formula(vec!["a", "b"], |x| x[0] - x[1]);
    let a: Vec<f64> = (0..40).map(f64::from).collect();
    let b = a.iter().map(|a| a - 1.0).collect();
    let columns = vec![Column::real("a", "", a), Column::real("b", "", b), Column::real("y", "", vec![1.0; 40])];
    let test = Samples::new(columns, Support::bare(40), None).unwrap();
    let folds = [HeldOut { model: &model, test: &test }];
    let sets = [set("a", &["a"]), set("both", &["a", "b"])];
    let found = permutation(&folds, "y", &sets, &Squared(Better::Lower), 3, false, &cx()).unwrap();
    assert!(found[0].name == "a" && found[0].mean > 1.0);
    assert_eq!(found[1].mean, 0.0);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let model = Formula(vec!["a", "b", "c"], |x| x[0] * x[1] + x[2]);
    let parts: Vec<Samples> = (0..4).map(|k| samples(50, k)).collect();
    let folds: Vec<HeldOut> = parts.iter().map(|test| HeldOut { model: &model, test }).collect();
    let sets = [set("a", &["a"]), set("bc", &["b", "c"])];
    let on = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let importance = permutation(&folds, "y", &sets, &Squared(Better::Lower), 3, true, &cx()).unwrap();
            (importance, ale(&folds, "y", "a", 12, None, &cx()).unwrap())
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn a_fold_whose_score_does_not_exist_is_left_out() {
    struct NeedsTwo;
    impl Metric for NeedsTwo {
        fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64> {
            if truth.len() < 2 {
                return Err(esker_core::Error::numeric("R²").got("1 row").rule("at least 2 are needed"));
            }
            Squared(Better::Higher).score(truth, said, weight)
        }
        fn better(&self) -> Better {
            Better::Higher
        }
        fn unit(&self, _: &Unit) -> Unit {
            Unit::default()
        }
    }
    let model = Formula(vec!["a"], |x| x[0]);
    let (one, many) = (samples(1, 1), samples(30, 2));
    let held = |test| HeldOut { model: &model, test };
    let found = permutation(&[held(&one), held(&many)], "y", &[set("a", &["a"])], &NeedsTwo, 2, false, &cx()).unwrap();
    assert_eq!(found[0].folds.len(), 1);
    assert_eq!((found[0].mean, found[0].sd), (found[0].folds[0], 0.0));
    let none = permutation(&[held(&one)], "y", &[set("a", &["a"])], &NeedsTwo, 2, false, &cx()).unwrap_err();
    insta::assert_snapshot!(none, @"R²: got 1 row; at least 2 are needed");
}

#[test]
fn the_effect_of_a_linear_model_is_its_slope_times_the_distance_from_the_mean() {
    let model = Formula(vec!["a", "b"], |x| 3.0 * x[0] - 2.0 * x[1] + 5.0);
    // Folds of unlike ranges: each alone covers a part of the grid.
    let parts: Vec<Samples> = (0..3)
        .map(|k| {
            let mut s = samples(200, k);
            let shifted = s.column("a").unwrap().reals().unwrap().iter().map(|a| a + 4.0 * k as f64).collect();
            s.put(Column::real("a", "m", shifted)).unwrap();
            s
        })
        .collect();
    let folds: Vec<HeldOut> = parts.iter().map(|test| HeldOut { model: &model, test }).collect();
    for bins in [1, 7, 20, 500] {
        let effect = ale(&folds, "y", "a", bins, None, &cx()).unwrap();
        let all: Vec<f64> = parts.iter().flat_map(|s| s.column("a").unwrap().reals().unwrap().to_vec()).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        for curve in effect.folds.iter().chain([&effect.effect]) {
            for (at, e) in effect.at.iter().zip(curve) {
                assert!((e - 3.0 * (at - mean)).abs() < 1e-10, "{bins} bins: {e} at {at}");
            }
        }
        assert!(effect.at.len() <= bins + 1);
        assert_eq!(effect.at[0], all.iter().copied().fold(f64::INFINITY, f64::min));
        assert_eq!(effect.at[effect.at.len() - 1], all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        assert_eq!(effect.rug.len(), 300);
    }
}

#[test]
fn an_unused_feature_has_no_effect_and_a_constant_one_a_single_zero() {
    let model = Formula(vec!["a"], |x| x[0].exp());
    let mut test = samples(50, 3);
    test.put(Column::real("c", "m", vec![4.0; 50])).unwrap();
    let folds = [HeldOut { model: &model, test: &test }];
    let unused = ale(&folds, "y", "b", 10, None, &cx()).unwrap();
    assert!(unused.effect.iter().chain(&unused.folds[0]).all(|e| *e == 0.0) && unused.at.len() == 11);
    let constant = ale(&folds, "y", "c", 10, None, &cx()).unwrap();
    assert_eq!((constant.at, constant.effect, constant.folds), (vec![4.0], vec![0.0], vec![vec![0.0]]));
}

#[test]
fn an_additive_model_is_taken_apart_although_its_features_are_correlated() {
    let model = Formula(vec!["a", "b"], |x| x[0].powi(3) + 4.0 * x[1].sin());
    let parts: Vec<Samples> = (0..2).map(|k| samples(2000, k)).collect();
    let folds: Vec<HeldOut> = parts.iter().map(|test| HeldOut { model: &model, test }).collect();
    for feature in ["a", "b"] {
        let truth = |x: f64| if feature == "a" { x.powi(3) } else { 4.0 * x.sin() };
        let found = ale(&folds, "y", feature, 40, None, &cx()).unwrap();
        // Exact up to the constant, which is the mean along straight lines between the grid's points.
        let offset = truth(found.at[0]) - found.effect[0];
        for (at, e) in found.at.iter().zip(&found.effect) {
            assert!((truth(*at) - offset - e).abs() < 1e-9, "{feature} at {at}");
        }
        let values: Vec<f64> = parts.iter().flat_map(|s| s.column(feature).unwrap().reals().unwrap().to_vec()).collect();
        let mean = values.iter().map(|x| truth(*x)).sum::<f64>() / values.len() as f64;
        assert!((offset - mean).abs() < 0.1, "{offset} against {mean}");
    }
}

#[test]
fn rows_where_the_feature_is_missing_are_skipped() {
    let model = Formula(vec!["a"], |x| if x[0].is_nan() { 1e6 } else { 2.0 * x[0] });
    let full = samples(90, 4);
    let mut holed = full.clone();
    let holes = full.column("a").unwrap().reals().unwrap().iter().enumerate();
    holed.put(Column::real("a", "m", holes.map(|(i, a)| if i % 3 == 0 { f64::NAN } else { *a }).collect())).unwrap();
    let kept = full.select(&(0..90).filter(|i| i % 3 != 0).collect::<Vec<_>>());
    let of = |test| ale(&[HeldOut { model: &model, test }], "y", "a", 8, None, &cx()).unwrap();
    assert_eq!(of(&holed), of(&kept));
}

fn rocks(labels: &[&str]) -> Samples {
    let labels: Vec<Option<&str>> = labels.iter().map(|l| (!l.is_empty()).then_some(*l)).collect();
    let n = labels.len();
    let y = Column::real("y", "", vec![0.0; n]);
    Samples::new(vec![Column::class("rock", Codes::from_labels(&labels)), y], Support::bare(n), None).unwrap()
}

#[test]
fn classes_are_ordered_by_frequency_and_centred_by_their_rows() {
    // Codes: chalk 0, coal 1, shale 2; the model says 1, 5, 2.
    let model = ByRock { numbers: vec![1.0, 5.0, 2.0], probability: false };
    let test = rocks(&["shale", "shale", "shale", "chalk", "chalk", "coal", ""]);
    let found = ale(&[HeldOut { model: &model, test: &test }], "y", "rock", 10, None, &cx()).unwrap();
    assert_eq!(found.levels, ["shale", "chalk", "coal"]);
    assert_eq!(found.at, [0.0, 1.0, 2.0]);
    let mean = (3.0 * 2.0 + 2.0 * 1.0 + 5.0) / 6.0;
    for (e, said) in found.effect.iter().zip([2.0, 1.0, 5.0]) {
        assert!((e - (said - mean)).abs() < 1e-12);
    }
}

#[test]
fn the_probability_of_the_class_named_is_explained() {
    let model = ByRock { numbers: vec![0.25, 0.75], probability: true };
    let test = rocks(&["chalk", "shale"]);
    let of = |class| ale(&[HeldOut { model: &model, test: &test }], "y", "rock", 10, Some(class), &cx()).unwrap();
    assert_eq!((of(1).class.as_str(), of(1).effect), ("yes", vec![-0.25, 0.25]));
    assert_eq!((of(0).class.as_str(), of(0).effect), ("no", vec![0.25, -0.25]));
}

#[test]
fn a_request_to_stop_is_heard() {
    let model = Formula(vec!["a"], |x| x[0]);
    let test = samples(30, 2);
    let folds = [HeldOut { model: &model, test: &test }];
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let cx = cx().watched(std::sync::Arc::new(esker_core::Silent), stop);
    let fault = |e: esker_core::Error| e.fault;
    let importance = permutation(&folds, "y", &[set("a", &["a"])], &Squared(Better::Lower), 2, false, &cx);
    assert_eq!(fault(importance.unwrap_err()), esker_core::Fault::Cancelled);
    assert_eq!(fault(ale(&folds, "y", "a", 5, None, &cx).unwrap_err()), esker_core::Fault::Cancelled);
}

#[test]
fn refusals_name_the_thing_and_the_rule() {
    let model = Formula(vec!["a"], |x| x[0]);
    let probability = ByRock { numbers: vec![0.5, 0.5], probability: true };
    let (test, rock) = (samples(30, 2), rocks(&["chalk", "shale"]));
    let folds = [HeldOut { model: &model, test: &test }];
    let of_rock = [HeldOut { model: &probability, test: &rock }];
    let metric = Squared(Better::Lower);
    let importance = |sets: &[(String, Vec<String>)], repeats| permutation(&folds, "y", sets, &metric, repeats, false, &cx()).unwrap_err();
    insta::assert_snapshot!(importance(&[set("all", &[])], 1), @"feature set 'all': got no features; a set holds at least one");
    insta::assert_snapshot!(importance(&[set("all", &["a", "y"])], 1), @"feature set 'all': got the target 'y'; a set holds features only");
    insta::assert_snapshot!(importance(&[set("d", &["d"])], 1), @"
column 'd'; no such column in the table
  hint: the columns are a, b, c, y
");
    insta::assert_snapshot!(importance(&[set("a", &["a"])], 0), @"explain repeats: got 0; at least 1 is needed");
    insta::assert_snapshot!(permutation(&[], "y", &[], &metric, 1, false, &cx()).unwrap_err(), @"explanation: got 0 folds; at least 1 is needed");
    insta::assert_snapshot!(ale(&folds, "y", "a", 0, None, &cx()).unwrap_err(), @"effect bins: got 0; at least 1 is needed");
    insta::assert_snapshot!(ale(&folds, "y", "y", 5, None, &cx()).unwrap_err(), @"effect of 'y': got the target; effects are of features");
    insta::assert_snapshot!(ale(&folds, "y", "a", 5, Some(1), &cx()).unwrap_err(), @"class to explain: got number 1; the model predicts numbers");
    insta::assert_snapshot!(ale(&of_rock, "y", "rock", 5, None, &cx()).unwrap_err(), @"class to explain: got none; the model predicts 2 classes: name the one to explain");
    insta::assert_snapshot!(ale(&of_rock, "y", "rock", 5, Some(2), &cx()).unwrap_err(), @"class to explain: got number 2; the model has 2 classes");
    let mut empty = test.clone();
    empty.put(Column::real("a", "m", vec![f64::NAN; 30])).unwrap();
    insta::assert_snapshot!(ale(&[HeldOut { model: &model, test: &empty }], "y", "a", 5, None, &cx()).unwrap_err(), @"effect of 'a': got no held-out value; at least one value is needed");
}

/// Folds of one row have nothing to shuffle within them: the loss is that of all rows together, one a repeat.
#[test]
fn folds_of_one_row_shuffle_across_folds() {
    let model = Formula(vec!["a", "b"], |x| 2.0 * x[0] - 0.5 * x[1]);
    let all = samples(60, 3);
    let parts: Vec<Samples> = (0..60).map(|i| all.select(&[i])).collect();
    let folds: Vec<HeldOut> = parts.iter().map(|test| HeldOut { model: &model, test }).collect();
    let sets = [set("a", &["a"]), set("b", &["b"]), set("c", &["c"])];
    let found = permutation(&folds, "y", &sets, &Squared(Better::Lower), 6, true, &cx()).unwrap();
    assert!(found.iter().all(|i| i.folds.len() == 6));
    assert_eq!((found[0].name.as_str(), found[2].name.as_str(), found[2].mean), ("a", "c", 0.0));
    // The same as for one fold of all rows, but for the draws.
    let whole = permutation(&[HeldOut { model: &model, test: &all }], "y", &sets, &Squared(Better::Lower), 40, true, &cx()).unwrap();
    assert!((found[0].mean / whole[0].mean - 1.0).abs() < 0.3, "{} {}", found[0].mean, whole[0].mean);
    // A score that no single row has exists for all of them.
    let r2 = esker_evaluate::score::Score::R2.metric();
    assert!(permutation(&folds, "y", &sets, &*r2, 3, false, &cx()).unwrap()[0].mean > 0.5);
}

#[test]
fn a_feature_of_one_value_in_every_fold_shuffles_across_folds() {
    let model = Formula(vec!["a", "b"], |x| 2.0 * x[0] - 0.5 * x[1]);
    let parts: Vec<Samples> = (0..5)
        .map(|k| {
            let mut part = samples(20, k);
            part.put(Column::real("a", "m", vec![k as f64; 20])).unwrap();
            part.put(Column::real("y", "m", vec![2.0 * k as f64; 20])).unwrap();
            part
        })
        .collect();
    let folds: Vec<HeldOut> = parts.iter().map(|test| HeldOut { model: &model, test }).collect();
    let found = permutation(&folds, "y", &[set("a", &["a"]), set("c", &["c"])], &Squared(Better::Lower), 5, false, &cx()).unwrap();
    assert!(found[0].name == "a" && found[0].mean > 1.0 && found[0].folds.len() == 5, "{found:?}");
    assert_eq!(found[1].mean, 0.0);
}
