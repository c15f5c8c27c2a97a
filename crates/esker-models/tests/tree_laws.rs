//! Laws of forests and boosting that follow from how trees work. Those of every estimator are in `contract.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Context, Inside, Model, Prediction, Rng, Samples, Setting, Settings, Support};
use esker_models::Kind;

fn samples(columns: Vec<Column>) -> Samples {
    let rows = columns[0].len();
    Samples::new(columns, Support::bare(rows), None).unwrap()
}

fn settings(kind: Kind, given: &[(&str, f64)]) -> Settings {
    let parameters = kind.parameters();
    given.iter().fold(Settings::defaults(&parameters), |s, (name, value)| {
        let whole = matches!(parameters.iter().find(|p| p.name == *name).unwrap().default, Setting::Integer(_));
        let value = if whole { Setting::Integer(*value as i64) } else { Setting::Real(*value) };
        s.set(&parameters, name, value).unwrap()
    })
}

fn fit(kind: Kind, given: &[(&str, f64)], train: &Samples) -> Box<dyn Model> {
    kind.estimator(&settings(kind, given)).fit(train, "y", &Context::new(4, 1)).unwrap()
}

fn said(model: &dyn Model, at: &Samples) -> Vec<f64> {
    model.predict(at).unwrap().centre().unwrap().to_vec()
}

fn shares(model: &dyn Model, at: &Samples) -> Vec<f64> {
    match model.predict(at).unwrap() {
        Prediction::Class { probability, .. } => probability,
        Prediction::Real { .. } => panic!("classes were asked for"),
    }
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!((x - y).abs() <= tolerance, "row {i}: {x} and {y}");
    }
}

/// One tree, nothing held back.
const ONE_TREE: [(&str, f64); 5] = [("trees", 1.0), ("rate", 1.0), ("leaves", 512.0), ("min_leaf", 1.0), ("lambda", 0.0)];

fn draws(rows: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..rows).map(|_| rng.normal()).collect()
}

#[test]
fn a_deep_tree_reproduces_distinct_targets() {
    let y = draws(200, 1);
    let train =
        samples(vec![Column::real("x", "", draws(200, 2)), Column::real("z", "", draws(200, 3)), Column::real("y", "m", y.clone())]);
    close(&said(&*fit(Kind::Boosting, &ONE_TREE, &train), &train), &y, 1e-12);
}

#[test]
fn one_tree_at_rate_1_answers_with_the_means_of_its_leaves() {
    // The best cut of a step with noise is the step; each side answers with its mean.
    let x: Vec<f64> = (0..60).map(f64::from).collect();
    let y: Vec<f64> = draws(60, 5).iter().enumerate().map(|(i, e)| if i < 22 { 3.0 + 0.1 * e } else { -1.0 + 0.1 * e }).collect();
    let (low, high) = (y[..22].iter().sum::<f64>() / 22.0, y[22..].iter().sum::<f64>() / 38.0);
    let expected: Vec<f64> = (0..60).map(|i| if i < 22 { low } else { high }).collect();
    let train = samples(vec![Column::real("x", "", x), Column::real("y", "", y)]);
    let mut stump = ONE_TREE;
    stump[2].1 = 2.0;
    close(&said(&*fit(Kind::Boosting, &stump, &train), &train), &expected, 1e-12);
    // With lambda, the sums are divided by rows + lambda: both sides lean on the mean of all.
    stump[4].1 = 10.0;
    let all = (low * 22.0 + high * 38.0) / 60.0;
    let lean = |m: f64, n: f64| all + (m - all) * n / (n + 10.0);
    let expected: Vec<f64> = (0..60).map(|i| if i < 22 { lean(low, 22.0) } else { lean(high, 38.0) }).collect();
    close(&said(&*fit(Kind::Boosting, &stump, &train), &train), &expected, 1e-12);
}

#[test]
fn cuts_lie_halfway_between_the_values_they_part() {
    let train = samples(vec![Column::real("x", "", vec![1.0, 2.0, 5.0, 8.0]), Column::real("y", "", vec![0.0, 0.0, 1.0, 1.0])]);
    let at = samples(vec![Column::real("x", "", vec![-9.0, 3.49, 3.51, 99.0])]);
    close(&said(&*fit(Kind::Boosting, &ONE_TREE, &train), &at), &[0.0, 0.0, 1.0, 1.0], 1e-15);
}

#[test]
fn a_constant_target_stays_exactly_constant() {
    let train = samples(vec![Column::real("x", "", draws(80, 6)), Column::real("y", "", vec![0.1; 80])]);
    let weighted = train.clone().with_weight(Some((1..=80).map(f64::from).collect())).unwrap();
    for kind in [Kind::Boosting, Kind::Forest] {
        for train in [&train, &weighted] {
            let model = fit(kind, &[("trees", 7.0)], train);
            assert!(said(&*model, train).iter().all(|&v| v == 0.1), "{kind:?}");
            assert_eq!(model.notes()[0].code, "no-splits");
        }
    }
}

#[test]
fn a_monotone_transform_of_a_feature_changes_nothing_on_training_rows() {
    let (x, z) = (draws(900, 7), draws(900, 8));
    let y: Vec<f64> = x.iter().zip(&z).zip(draws(900, 9)).map(|((a, b), e)| a.sin() + a * b + 0.1 * e).collect();
    let table = |x: Vec<f64>| samples(vec![Column::real("x", "", x), Column::real("z", "", z.clone()), Column::real("y", "", y.clone())]);
    let (plain, bent) = (table(x.clone()), table(x.iter().map(|v| v.exp()).collect()));
    for kind in [Kind::Boosting, Kind::Forest] {
        let few = [("trees", 20.0)];
        assert_eq!(said(&*fit(kind, &few, &plain), &plain), said(&*fit(kind, &few, &bent), &bent), "{kind:?}");
    }
}

#[test]
fn rows_of_weight_0_are_as_if_not_there() {
    let (x, y) = (draws(120, 10), draws(120, 11));
    let whole = samples(vec![Column::real("x", "", x), Column::real("y", "", y)]);
    let weight: Vec<f64> = (0..120).map(|i| if i % 3 == 0 { 0.0 } else { 1.0 + f64::from(i % 2) }).collect();
    let whole = whole.with_weight(Some(weight)).unwrap();
    let kept: Vec<usize> = (0..120).filter(|i| i % 3 != 0).collect();
    let part = whole.select(&kept);
    for kind in [Kind::Boosting, Kind::Forest] {
        assert_eq!(said(&*fit(kind, &[], &whole), &whole), said(&*fit(kind, &[], &part), &whole), "{kind:?}");
    }
}

#[test]
fn a_gap_that_tells_something_is_learned() {
    // Values are missing where the target is high; half of them could be told from no other feature.
    let y: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
    let x: Vec<f64> = draws(400, 12).iter().zip(&y).map(|(v, y)| if *y > 0.5 { f64::NAN } else { *v }).collect();
    let train = samples(vec![Column::real("x", "", x), Column::real("y", "", y.clone())]);
    close(&said(&*fit(Kind::Boosting, &[("rate", 0.5)], &train), &train), &y, 1e-3);
    close(&said(&*fit(Kind::Forest, &[], &train), &train), &y, 1e-3);
    let labels: Vec<Option<&str>> = y.iter().map(|v| Some(if *v > 0.5 { "high" } else { "low" })).collect();
    let mut classes = train;
    classes.put(Column::class("y", Codes::from_labels(&labels))).unwrap();
    for kind in [Kind::Boosting, Kind::Forest] {
        let right = fit(kind, &[], &classes).predict(&classes).unwrap().classes().unwrap();
        assert_eq!(right, classes.column("y").unwrap().classes().unwrap().codes(), "{kind:?}");
    }
}

#[test]
fn without_gaps_in_training_a_missing_value_goes_with_the_larger_side() {
    let x: Vec<f64> = (0..90).map(f64::from).collect();
    for larger in [0.0, 1.0] {
        let step = if larger == 0.0 { 60 } else { 30 };
        let y = (0..90).map(|i| f64::from(u8::from(i >= step))).collect();
        let train = samples(vec![Column::real("x", "", x.clone()), Column::real("y", "", y)]);
        let gap = samples(vec![Column::real("x", "", vec![f64::NAN])]);
        close(&said(&*fit(Kind::Boosting, &ONE_TREE, &train), &gap), &[larger], 1e-12);
        close(&said(&*fit(Kind::Forest, &[], &train), &gap), &[larger], 0.05);
    }
}

#[test]
fn levels_are_split_by_what_they_answer_not_by_their_names() {
    // Even letters answer 1: one split of sets does it, no split of an alphabet could.
    let letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let labels: Vec<Option<&str>> = (0..320).map(|i| Some(letters[i % 8])).collect();
    let y: Vec<f64> = (0..320).map(|i| f64::from(u8::from(i % 2 == 1))).collect();
    let train = samples(vec![Column::class("c", Codes::from_labels(&labels)), Column::real("y", "", y.clone())]);
    let mut stump = ONE_TREE;
    stump[2].1 = 2.0;
    close(&said(&*fit(Kind::Boosting, &stump, &train), &train), &y, 1e-12);
    let Inside::Trees { splits, gain } = fit(Kind::Forest, &[("trees", 5.0)], &train).inside() else { panic!() };
    assert_eq!((splits, gain), (vec![("c".to_owned(), 5)], vec![("c".to_owned(), 1.0)]));
}

#[test]
fn a_class_absent_from_training_has_probability_0_and_a_sole_one_probability_1() {
    let codes = |labels: &[u32]| Codes::new(labels.to_vec(), ["bare", "firn", "ice", "lake"].map(str::to_owned).to_vec()).unwrap();
    let x: Vec<f64> = (0..60).map(f64::from).collect();
    let table = |labels: Vec<u32>| samples(vec![Column::real("x", "", x.clone()), Column::class("y", codes(&labels))]);
    let cases = [vec![2; 60], (0..60).map(|i| if i < 30 { 3 } else { 1 }).collect(), (0..60).map(|i| [0, 1, 3][i / 20]).collect()];
    for kind in [Kind::Boosting, Kind::Forest] {
        for labels in &cases {
            let train = table(labels.clone());
            let model = fit(kind, &[("min_leaf", 1.0)], &train);
            for (row, p) in shares(&*model, &train).chunks(4).enumerate() {
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                assert!((0..4).all(|k| (p[k] == 0.0) || labels.contains(&(k as u32))), "{kind:?} {p:?}");
                assert!(p[labels[row] as usize] > 0.5, "{kind:?} row {row}: {p:?}");
            }
        }
    }
}

#[test]
fn a_forest_of_one_class_per_value_is_sure_and_a_coin_is_even() {
    let x: Vec<f64> = (0..500).map(|i| f64::from(i % 2)).collect();
    let labels: Vec<Option<&str>> = (0..500).map(|i| Some(if i % 4 < 2 { "head" } else { "tail" })).collect();
    let train = samples(vec![Column::real("x", "", x), Column::class("y", Codes::from_labels(&labels))]);
    for p in shares(&*fit(Kind::Forest, &[], &train), &train) {
        assert!((p - 0.5).abs() < 0.02, "{p}");
    }
}

#[test]
fn threads_do_not_change_a_bit_where_work_is_shared() {
    let rows = 24_000;
    let columns: Vec<Column> = (0..6).map(|j| Column::real(format!("x{j}"), "", draws(rows, 20 + j))).collect();
    let value = |i: usize| columns[0].reals().unwrap()[i] + columns[1].reals().unwrap()[i].powi(2);
    let labels: Vec<Option<&str>> = (0..rows).map(|i| Some(["a", "b", "c"][(value(i).abs() as usize).min(2)])).collect();
    let number = samples(columns.iter().cloned().chain([Column::real("y", "", (0..rows).map(value).collect())]).collect());
    let class = samples(columns.iter().cloned().chain([Column::class("y", Codes::from_labels(&labels))]).collect());
    for (kind, given) in [(Kind::Boosting, [("trees", 4.0), ("rows", 0.7)]), (Kind::Forest, [("trees", 3.0), ("columns", 0.5)])] {
        for train in [&number, &class] {
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| fit(kind, &given, train).save())
            };
            assert!(on(1) == on(2), "{kind:?}");
        }
    }
}

#[test]
fn gain_shares_sum_to_1_and_point_at_the_feature_that_matters() {
    let (x, z) = (draws(500, 30), draws(500, 31));
    let y: Vec<f64> = x.iter().map(|v| v.tanh()).collect();
    let train = samples(vec![Column::real("x", "", x), Column::real("z", "", z), Column::real("y", "", y)]);
    for kind in [Kind::Boosting, Kind::Forest] {
        let Inside::Trees { gain, splits } = fit(kind, &[("columns", 1.0)], &train).inside() else { panic!() };
        assert!((gain.iter().map(|g| g.1).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(gain[0].0 == "x" && gain[0].1 > 0.95 && splits[0].1 > 0, "{kind:?} {gain:?}");
    }
}

#[test]
fn weights_far_from_1_are_noted() {
    let train = samples(vec![Column::real("x", "", draws(50, 40)), Column::real("y", "", draws(50, 41))]);
    let train = train.with_weight(Some(vec![1e-5; 50])).unwrap();
    let notes = fit(Kind::Boosting, &[("min_leaf", 2.0)], &train).notes();
    let note = notes.iter().find(|n| n.code == "weight-scale").unwrap();
    insta::assert_snapshot!(note.text, @"sample weights are 1.000e-5 on average: boosting's lambda counts in rows of weight 1");
}

/// A table with gaps, a feature of classes and many features that say nothing.
fn wide(rows: usize, classes: bool) -> Samples {
    let mut columns: Vec<Column> = (0..14_u64)
        .map(|j| {
            let gap = |(i, v): (usize, f64)| if (i as u64 + j).is_multiple_of(11) { f64::NAN } else { v };
            Column::real(format!("x{j:02}"), "", draws(rows, 100 + j).into_iter().enumerate().map(gap).collect())
        })
        .collect();
    let level: Vec<Option<String>> = (0..rows).map(|i| (i % 17 != 0).then(|| format!("l{}", i % 9))).collect();
    let numbers = |j: usize| columns[j].reals().unwrap().iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect::<Vec<f64>>();
    let (a, b, noise) = (numbers(3), numbers(8), draws(rows, 99));
    let y: Vec<f64> = (0..rows).map(|i| (2.0 * a[i]).sin() + 0.5 * a[i] * b[i] + f64::from(u8::from(i % 9 > 4)) + 0.3 * noise[i]).collect();
    columns.push(Column::class("level", Codes::from_labels(&level)));
    columns.push(if classes {
        let labels: Vec<Option<&str>> = y
            .iter()
            .map(|v| {
                Some(if *v < 0.0 {
                    "low"
                } else if *v < 1.0 {
                    "mid"
                } else {
                    "top"
                })
            })
            .collect();
        Column::class("y", Codes::from_labels(&labels))
    } else {
        Column::real("y", "", y)
    });
    samples(columns)
}

/// All that is said, rows of a block together: rows that are few walk down the trees, many are routed.
fn in_blocks(model: &dyn Model, at: &Samples, block: usize) -> Vec<u64> {
    let rows: Vec<usize> = (0..at.rows()).collect();
    let answers = rows.chunks(block).flat_map(|rows| match model.predict(&at.select(rows)).unwrap() {
        Prediction::Real { centre, .. } => centre,
        Prediction::Class { probability, .. } => probability,
    });
    answers.map(f64::to_bits).collect()
}

#[test]
fn routed_rows_reach_the_leaves_that_walking_rows_reach() {
    for classes in [false, true] {
        let table = wide(3000, classes);
        for (kind, leaves) in [(Kind::Boosting, "leaves"), (Kind::Forest, "depth")] {
            let model = fit(kind, &[("trees", 20.0), (leaves, 6.0)], &table);
            assert!(in_blocks(&*model, &table, 3000) == in_blocks(&*model, &table, 77), "{kind:?} {classes}");
        }
    }
}

#[test]
fn rounds_on_a_part_of_many_rows_fit_as_well_and_the_same_whatever_the_threads() {
    let (train, test) = (wide(60_000, false), wide(3000, false));
    let truth = test.column("y").unwrap().reals().unwrap().to_vec();
    let error = |most: f64| {
        let model = fit(Kind::Boosting, &[("trees", 60.0), ("rate", 0.2), ("most_rows", most)], &train);
        let said = said(&*model, &test);
        said.iter().zip(&truth).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / truth.len() as f64
    };
    let (whole, part) = (error(0.0), error(20_000.0));
    assert!(part != whole, "only a part was learned from");
    assert!(part < 1.05 * whole, "{part} and {whole}");
    assert_eq!(error(60_000.0), whole);
    let table = wide(70_000, true);
    let parameters = settings(Kind::Boosting, &[("trees", 4.0), ("rows", 0.9), ("most_rows", 40_000.0)]);
    let said = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let model = Kind::Boosting.estimator(&parameters).fit(&table, "y", &Context::new(4, threads)).unwrap();
            in_blocks(&*model, &table, 70_000)
        })
    };
    assert!(said(1) == said(3));
}

#[test]
fn contributions_add_up_to_the_answer() {
    for classes in [false, true] {
        let table = wide(1500, classes);
        // Deep leaves lie below more features than are tabulated.
        for (kind, given) in [(Kind::Boosting, [("trees", 15.0), ("leaves", 60.0)]), (Kind::Forest, [("trees", 12.0), ("min_leaf", 2.0)])] {
            let model = fit(kind, &given, &table);
            let told = model.contributions(&table).unwrap().unwrap();
            let (features, outputs) = (told.features.len(), told.base.len());
            let sum = |row: usize, k: usize| -> f64 {
                told.base[k] + told.values[(row * outputs + k) * features..][..features].iter().sum::<f64>()
            };
            let sums = (0..table.rows()).flat_map(|row| (0..outputs).map(move |k| (row, k)));
            match model.predict(&table).unwrap() {
                Prediction::Class { probability, .. } if kind == Kind::Boosting => {
                    for (row, p) in probability.chunks_exact(outputs).enumerate() {
                        let whole: f64 = (0..outputs).map(|k| sum(row, k).exp()).sum();
                        (0..outputs).for_each(|k| assert!((sum(row, k).exp() / whole - p[k]).abs() < 1e-9));
                    }
                }
                Prediction::Class { probability, .. } => {
                    sums.zip(probability).for_each(|((r, k), p)| assert!((sum(r, k) - p).abs() < 1e-9))
                }
                Prediction::Real { centre, .. } => {
                    sums.zip(centre).for_each(|((r, k), y)| assert!((sum(r, k) - y).abs() < 1e-9, "{kind:?}"))
                }
            }
        }
    }
}

#[test]
fn a_feature_that_no_tree_uses_contributes_nothing() {
    let (x, idle) = (draws(400, 1), vec![1.0; 400]);
    let y = x.iter().map(|v| v.sin()).collect();
    let table = samples(vec![Column::real("x", "", x), Column::real("idle", "", idle), Column::real("y", "", y)]);
    let told = fit(Kind::Boosting, &[], &table).contributions(&table).unwrap().unwrap();
    assert_eq!(told.features, ["idle", "x"]);
    assert!(told.values.chunks_exact(2).all(|v| v[0] == 0.0) && told.values.iter().any(|v| *v != 0.0));
}

#[test]
fn against_a_background_contributions_are_shapley_values_of_what_the_model_says() {
    // By definition: features in a set have the row's values, the others those of each background row in turn.
    let table = wide(900, false);
    let names: Vec<String> = table.features("y").map(|c| c.name.clone()).collect();
    let keep: Vec<Column> = table.features("y").take(4).chain([table.column("y").unwrap()]).cloned().collect();
    let table = samples(keep);
    let names = &names[..4];
    let (at, background) = (table.select(&[3, 77, 500]), table.select(&(600..625).collect::<Vec<_>>()));
    let factorial = |n: usize| (1..=n).product::<usize>() as f64;
    for kind in [Kind::Boosting, Kind::Forest] {
        let model = fit(kind, &[("trees", 10.0)], &table);
        let told = model.contributions_against(&at, &background).unwrap().unwrap();
        for row in 0..3 {
            let worth = |set: usize| -> f64 {
                let mut mixed = background.clone();
                for (_, name) in names.iter().enumerate().filter(|(f, _)| set >> f & 1 == 1) {
                    mixed.put(at.column(name).unwrap().select(&[row; 25])).unwrap();
                }
                said(&*model, &mixed).iter().sum::<f64>() / 25.0
            };
            assert!((told.base[0] - worth(0)).abs() < 1e-9);
            for (f, name) in names.iter().enumerate() {
                let sets = (0..16_usize).filter(|s| s >> f & 1 == 0);
                let weight = |s: usize| factorial(s.count_ones() as usize) * factorial(3 - s.count_ones() as usize) / factorial(4);
                let expected: f64 = sets.map(|s| weight(s) * (worth(s | 1 << f) - worth(s))).sum();
                let place = told.features.iter().position(|n| n == name).unwrap();
                let given = told.values[row * 4 + place];
                assert!((given - expected).abs() < 1e-9, "{kind:?}, {name}: {given} and {expected}");
            }
        }
        let error = model.contributions_against(&at, &background.select(&[])).err().unwrap().to_string();
        assert_eq!(error, "the background: got no rows; contributions are differences from what is said of its rows");
    }
}

#[test]
fn interactions_share_out_the_contributions() {
    for classes in [false, true] {
        let table = wide(800, classes);
        let at = table.select(&(0..100).collect::<Vec<_>>());
        for kind in [Kind::Boosting, Kind::Forest] {
            let model = fit(kind, &[("trees", 8.0)], &table);
            let (alone, pairs) = (model.contributions(&at).unwrap().unwrap(), model.interactions(&at).unwrap().unwrap());
            let n = alone.features.len();
            assert_eq!((pairs.features, pairs.base), (alone.features, alone.base));
            for (square, given) in pairs.values.chunks_exact(n * n).zip(alone.values.chunks_exact(n)) {
                for (i, row) in square.chunks_exact(n).enumerate() {
                    assert!((row.iter().sum::<f64>() - given[i]).abs() < 1e-9);
                    (0..n).for_each(|j| assert_eq!(row[j], square[j * n + i]));
                }
            }
        }
    }
    // A model of trees with one split each has none.
    let table = wide(800, false);
    let stumps = fit(Kind::Boosting, &[("leaves", 2.0)], &table).interactions(&table).unwrap().unwrap();
    let n = stumps.features.len();
    assert!(stumps.values.iter().enumerate().all(|(k, v)| k / n % n == k % n || *v == 0.0));
}

#[test]
fn partial_dependence_is_the_mean_of_what_is_predicted() {
    for classes in [false, true] {
        let table = wide(900, classes);
        let some: Vec<usize> = (0..30).collect();
        let grids: Vec<Column> = table.features("y").map(|c| c.select(&some)).collect();
        for kind in [Kind::Boosting, Kind::Forest] {
            let model = fit(kind, &[("trees", 8.0)], &table);
            let (fast, slow) =
                (model.dependence(&table, &grids).unwrap(), esker_core::dependence_one_by_one(&*model, &table, &grids).unwrap());
            fast.iter().zip(&slow).for_each(|(a, b)| close(a, b, 1e-10));
            assert!(model.dependence(&table.select(&[]), &grids).is_err());
        }
    }
}

#[test]
fn rows_are_near_where_trees_send_them_together() {
    let table = wide(500, true);
    let at = table.select(&(0..40).collect::<Vec<_>>());
    for kind in [Kind::Boosting, Kind::Forest] {
        let near = fit(kind, &[("trees", 30.0)], &table).proximities(&at, &at).unwrap().unwrap();
        for i in 0..40 {
            assert_eq!(near[i * 40 + i], 1.0);
            assert!((0..40).all(|j| near[i * 40 + j] == near[j * 40 + i] && (0.0..=1.0).contains(&near[i * 40 + j])));
        }
        assert!(near.iter().any(|&p| p < 0.5) && near.iter().filter(|&&p| p > 0.0 && p < 1.0).count() > 100);
    }
}
