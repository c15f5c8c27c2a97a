//! The decision tree: the splits of scikit-learn, a picture that is the model, and pruning that keeps its promises.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use esker_core::{
    Codes, Column, Context, DecisionNode, DecisionRule, DecisionTree, Inside, Model, Prediction, Rng, Samples, Setting, Settings, Support,
    Values,
};
use esker_models::Kind;
use serde_json::Value;

fn fit(given: &[(&str, f64)], train: &Samples) -> Box<dyn Model> {
    let parameters = Kind::DecisionTree.parameters();
    let settings = given.iter().fold(Settings::defaults(&parameters), |s, (name, v)| {
        let value = if *name == "alpha" { Setting::Real(*v) } else { Setting::Integer(*v as i64) };
        s.set(&parameters, name, value).unwrap()
    });
    Kind::DecisionTree.estimator(&settings).fit(train, "y", &Context::new(1, 1)).unwrap()
}

fn drawn(model: &dyn Model) -> DecisionTree {
    let Inside::Decision { tree, gain } = model.inside() else { panic!("a tree shows itself") };
    let total: f64 = gain.iter().map(|g| g.1).sum();
    assert!((total - 1.0).abs() < 1e-12 || tree.nodes.len() == 1);
    tree
}

/// The leaf that a row comes to by what the picture asks.
fn leaf(tree: &DecisionTree, at: &Samples, row: usize) -> usize {
    let mut node = 0;
    while let Some(split) = &tree.nodes[node].split {
        let column = at.column(&split.feature).unwrap();
        assert_eq!(column.unit, split.unit);
        let left = match (&column.values, &split.rule) {
            (values, _) if values.is_missing(row) => split.missing_left,
            (Values::Real(v), DecisionRule::UpTo(threshold)) => v[row] <= *threshold,
            (Values::Class(c), DecisionRule::Among(levels)) => levels.iter().any(|l| Some(l.as_str()) == c.label(row)),
            (_, DecisionRule::Known) => true,
            _ => panic!("a question that does not fit its feature"),
        };
        node = if left { split.left } else { split.right };
    }
    node
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Which rows share a leaf: each row's first companion.
fn companions(leaves: &[usize]) -> Vec<usize> {
    leaves.iter().map(|l| leaves.iter().position(|m| m == l).unwrap()).collect()
}

/// `validation/svm.py` made the figures, with the versions in the file.
#[test]
fn splits_are_those_of_scikit_learn_where_bins_hold_every_value() {
    let peers: Value = serde_json::from_str(include_str!("peers/tree_single.json")).unwrap();
    let (y, x) = (numbers(&peers["y"]), numbers(&peers["x"]));
    let labels: Vec<Option<String>> = numbers(&peers["three"]).iter().map(|k| Some(k.to_string())).collect();
    let (mut same, mut asked_alike, mut all) = (0, 0, 0);
    for case in peers["cases"].as_array().unwrap() {
        let given: Vec<(&str, f64)> = ["depth", "min_leaf", "leaves", "alpha"].map(|name| (name, case[name].as_f64().unwrap())).to_vec();
        for (name, target) in [("numbers", Column::real("y", "", y.clone())), ("classes", Column::class("y", Codes::from_labels(&labels)))]
        {
            if case[name].is_null() {
                continue;
            }
            let mut columns: Vec<Column> =
                x.chunks_exact(y.len()).enumerate().map(|(j, v)| Column::real(format!("x{j}"), "", v.to_vec())).collect();
            columns.push(target);
            let weight = case["weighted"].as_bool().unwrap().then(|| numbers(&peers["weight"]));
            let train = Samples::new(columns, Support::bare(y.len()), weight).unwrap();
            let tree = drawn(&*fit(&given, &train));
            let what = format!("{name} {given:?} weighted {}", case["weighted"]);
            let ours: Vec<usize> = (0..y.len()).map(|row| leaf(&tree, &train, row)).collect();
            let theirs: Vec<usize> = numbers(&case[name]["leaf"]).into_iter().map(|l| l as usize).collect();
            assert_eq!(companions(&ours), companions(&theirs), "{what}: rows that share a leaf");
            let asked = tree.nodes.iter().filter_map(|n| n.split.as_ref()).map(|s| match s.rule {
                DecisionRule::UpTo(v) => (s.feature[1..].parse::<u64>().unwrap(), v),
                _ => panic!("all features are numbers"),
            });
            let mut known: Vec<(u64, f64)> =
                case[name]["splits"].as_array().unwrap().iter().map(|s| (s[0].as_u64().unwrap(), s[1].as_f64().unwrap())).collect();
            assert_eq!(asked.clone().count(), known.len(), "{what}");
            for (feature, threshold) in asked {
                // Halfway between bins against halfway between the values in a node: both part the rows of the node alike. Where two features
                // do so, scikit-learn takes one at random.
                let near = |k: &(u64, f64)| if k.0 == feature { (k.1 - threshold).abs() } else { f64::INFINITY };
                let found = known.iter().map(near).enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).filter(|f| f.1.is_finite());
                all += 1;
                let Some((place, off)) = found else { continue };
                known.remove(place);
                asked_alike += 1;
                same += usize::from(off < 1e-9);
            }
            // Impurities of all nodes, in any order: squares of spreads, or Gini impurities.
            let mut ours: Vec<f64> = tree.nodes.iter().map(|n| if name == "numbers" { n.spread * n.spread } else { n.spread }).collect();
            let mut theirs = numbers(&case[name]["impurity"]);
            ours.sort_by(f64::total_cmp);
            theirs.sort_by(f64::total_cmp);
            assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-9), "{what}: impurities");
        }
    }
    println!("{asked_alike} of {all} splits ask for the same feature, {same} with the same threshold; the others part the same rows");
    assert!(asked_alike * 100 >= all * 95 && same * 3 > all);
}

/// Numbers and classes with gaps, and both kinds of target.
fn mixed(rows: usize, classes: bool) -> Samples {
    let mut rng = Rng::new(21);
    let x: Vec<f64> = (0..rows).map(|i| if i % 7 == 0 { f64::NAN } else { rng.normal() }).collect();
    let rock: Vec<Option<&str>> =
        (0..rows).map(|i| if i % 11 == 0 { None } else { Some(["tuff", "chalk", "shale", "coal"][i * i % 4 + i % 3 % 2]) }).collect();
    let z: Vec<f64> = (0..rows).map(|_| rng.uniform()).collect();
    let signal = |i: usize| {
        let kind = match rock[i] {
            Some("chalk") => 1.5,
            None => -1.0,
            _ => 0.0,
        };
        kind + if x[i].is_nan() { 2.0 } else { x[i] } * z[i]
    };
    let y: Vec<f64> = (0..rows).map(|i| signal(i) + 0.3 * rng.normal()).collect();
    let target = if classes {
        let label = |v: &f64| {
            Some(if *v < 0.0 {
                "low"
            } else if *v < 1.0 {
                "middle"
            } else {
                "high"
            })
        };
        Column::class("y", Codes::from_labels(&y.iter().map(label).collect::<Vec<_>>()))
    } else {
        Column::real("y", "m", y)
    };
    let columns = vec![Column::real("x", "deg", x), Column::class("rock", Codes::from_labels(&rock)), Column::real("z", "km", z), target];
    Samples::new(columns, Support::bare(rows), Some((0..rows).map(|i| 0.5 + (i % 3) as f64).collect())).unwrap()
}

fn said(model: &dyn Model, at: &Samples) -> (Vec<f64>, usize) {
    match model.predict(at).unwrap() {
        Prediction::Real { centre, .. } => (centre, 1),
        Prediction::Class { levels, probability, .. } => (probability, levels.len()),
    }
}

#[test]
fn the_picture_is_the_model() {
    for classes in [false, true] {
        let train = mixed(500, classes);
        let model = fit(&[("depth", 6.0), ("alpha", 0.001)], &train);
        let tree = drawn(&*model);
        assert!(tree.leaves() > 6 && tree.sound());
        let (values, width) = said(&*model, &train);
        let mut weight: BTreeMap<usize, (usize, f64)> = BTreeMap::new();
        for row in 0..train.rows() {
            let at = leaf(&tree, &train, row);
            assert_eq!(tree.nodes[at].value, values[row * width..(row + 1) * width], "row {row}");
            let sum = weight.entry(at).or_default();
            *sum = (sum.0 + 1, sum.1 + train.weight_of(row));
        }
        let total: f64 = weight.values().map(|w| w.1).sum();
        for (at, (rows, weight)) in weight {
            assert_eq!(tree.nodes[at].rows, rows);
            assert!((tree.nodes[at].share - weight / total).abs() < 1e-12);
        }
        let rules: Vec<&DecisionRule> = tree.nodes.iter().filter_map(|n| n.split.as_ref()).map(|s| &s.rule).collect();
        assert!(rules.iter().any(|r| matches!(r, DecisionRule::Among(_))) && rules.iter().any(|r| matches!(r, DecisionRule::UpTo(_))));
        // Parents are their children joined.
        for node in tree.nodes.iter() {
            if let Some(s) = &node.split {
                let (l, r) = (&tree.nodes[s.left], &tree.nodes[s.right]);
                let mean = (l.share * l.value[0] + r.share * r.value[0]) / node.share;
                assert!(node.rows == l.rows + r.rows && (mean - node.value[0]).abs() < 1e-12);
            }
        }
        let told = model.contributions(&train).unwrap().unwrap();
        for (row, given) in told.values.chunks_exact(width * told.features.len()).enumerate() {
            for (k, given) in given.chunks_exact(told.features.len()).enumerate() {
                assert!((told.base[k] + given.iter().sum::<f64>() - values[row * width + k]).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn missing_values_alone_make_a_split_on_what_is_known() {
    let x: Vec<f64> = (0..40).map(|i| if i < 15 { f64::NAN } else { 3.0 }).collect();
    let y: Vec<f64> = x.iter().map(|v| f64::from(u8::from(v.is_nan()))).collect();
    let train = Samples::new(vec![Column::real("x", "m", x), Column::real("y", "", y)], Support::bare(40), None).unwrap();
    let tree = drawn(&*fit(&[], &train));
    let split = tree.nodes[0].split.as_ref().unwrap();
    assert_eq!((&split.rule, split.missing_left, tree.nodes.len()), (&DecisionRule::Known, false, 3));
    assert_eq!((tree.nodes[1].value[0], tree.nodes[2].value[0], tree.nodes[2].rows), (0.0, 1.0, 15));
}

/// The error of the leaves as a share of the root's.
fn risk(tree: &DecisionTree, classes: bool) -> f64 {
    let error = |n: &DecisionNode| n.share * if classes { n.spread } else { n.spread * n.spread };
    tree.nodes.iter().filter(|n| n.split.is_none()).map(error).sum::<f64>() / error(&tree.nodes[0])
}

#[test]
fn pruning_finds_the_cheapest_subtree_and_subtrees_are_nested() {
    for classes in [false, true] {
        let train = mixed(600, classes);
        let alphas = [0.0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2, 1.0];
        let trees: Vec<DecisionTree> =
            alphas.iter().map(|a| drawn(&*fit(&[("depth", 0.0), ("min_leaf", 2.0), ("alpha", *a)], &train))).collect();
        let asked = |t: &DecisionTree| -> Vec<(String, usize)> {
            t.nodes.iter().filter_map(|n| n.split.as_ref().map(|s| (format!("{} {:?}", s.feature, s.rule), n.rows))).collect()
        };
        for (a, alpha) in alphas.iter().enumerate() {
            let cost = |t: &DecisionTree| risk(t, classes) + alpha * t.leaves() as f64;
            for other in &trees {
                assert!(cost(&trees[a]) <= cost(other) + 1e-9, "alpha {alpha}: {} against {} leaves", trees[a].leaves(), other.leaves());
            }
            if a > 0 {
                let larger = asked(&trees[a - 1]);
                assert!(asked(&trees[a]).iter().all(|s| larger.contains(s)), "a tree is part of that of a smaller alpha");
            }
        }
        assert!(trees[0].leaves() > 40 && trees[4].leaves() > 2);
        let flat = fit(&[("alpha", 1.0)], &train);
        assert_eq!((drawn(&*flat).nodes.len(), flat.notes()[0].code.as_str()), (1, "no-splits"));
    }
}

#[test]
fn a_limit_of_leaves_keeps_the_splits_with_the_largest_gain() {
    for classes in [false, true] {
        let train = mixed(600, classes);
        let grown = |leaves: f64| drawn(&*fit(&[("depth", 0.0), ("alpha", 0.0), ("leaves", leaves)], &train));
        let mut last = 1.0 + 1e-12;
        let mut gains: Vec<f64> = Vec::new();
        for leaves in 2..12 {
            let tree = grown(f64::from(leaves));
            assert_eq!(tree.leaves(), leaves as usize);
            let risk = risk(&tree, classes);
            gains.push(last - risk);
            last = risk;
        }
        assert!(gains.iter().all(|g| *g > 0.0));
        assert_eq!(grown(1.0).nodes.len(), 1);
        assert_eq!(grown(100_000.0), grown(0.0));
    }
}
