//! Records for tests and for the gallery: invented scores about given places, the same for the same seed.
#![allow(dead_code, reason = "each user takes its own part")]

use esker_core::record::*;
use esker_core::{DecisionNode, DecisionRule, DecisionSplit, DecisionTree, Rng, Settings, Unit};

/// A sample's place and group.
pub struct Spot {
    pub x: f64,
    pub y: f64,
    pub group: String,
}

fn score(metric: &str, mean: f64, sd: f64, folds: usize, rng: &mut Rng) -> Score {
    let folds: Vec<Option<f64>> = (0..folds).map(|_| Some(mean + sd * rng.normal())).collect();
    Score { metric: metric.into(), pooled: Some(mean * 1.01), mean: Some(mean), sd: Some(sd), folds }
}

fn card(name: &str, title: &str, unit: &str, better: &str) -> MetricCard {
    MetricCard { name: name.into(), title: title.into(), unit: Unit::new(unit), better: better.into() }
}

fn column(name: &str, unit: &str, role: &str) -> ColumnCard {
    ColumnCard { name: name.into(), unit: Unit::new(unit), role: role.into(), missing: 0, summary: None, levels: vec![] }
}

fn design(label: &str, primary: bool, fold_of_row: Vec<Option<u32>>, n: usize, names: impl Fn(usize) -> String) -> DesignRecord {
    let count = |f: usize| fold_of_row.iter().filter(|r| **r == Some(f as u32)).count();
    let rows = fold_of_row.len();
    let fold = |f: usize| FoldRecord { label: names(f), train: rows - count(f), test: count(f), left_out: 0 };
    DesignRecord {
        label: label.into(),
        kind: label.split(' ').next().unwrap_or(label).into(),
        settings: Settings::default(),
        description: "Whole groups are held out.".into(),
        primary,
        folds: (0..n).map(fold).collect(),
        fold_of_row,
    }
}

fn importance(name: &str, mean: f64, folds: usize, rng: &mut Rng) -> Importance {
    let folds: Vec<f64> = (0..folds).map(|_| mean * (1.0 + 0.25 * rng.normal())).collect();
    Importance { name: name.into(), features: vec![name.into()], mean, sd: 0.25 * mean, folds }
}

fn effect(feature: &str, unit: &str, class: &str, shape: impl Fn(f64) -> f64, rng: &mut Rng) -> Effect {
    let (low, high) = (rng.uniform() * 10.0 - 12.0, rng.uniform() * 20.0 + 2.0);
    let at: Vec<f64> = (0..40).map(|i| low + (high - low) * f64::from(i) / 39.0).collect();
    let curve = |wobble: f64| at.iter().map(|x| shape((x - low) / (high - low)) + wobble * ((x - low) * 0.7).sin()).collect::<Vec<f64>>();
    let folds = (0..10).map(|_| curve(0.012 * rng.normal())).collect();
    let rug = (0..300).map(|_| low + (high - low) * rng.uniform().powi(2)).collect();
    Effect { feature: feature.into(), unit: Unit::new(unit), class: class.into(), effect: curve(0.0), at, levels: vec![], folds, rug }
}

fn empty(title: &str, task: Task, columns: Vec<ColumnCard>, rows: usize, crs: Option<&str>) -> Record {
    Record {
        format: FORMAT,
        title: title.into(),
        provenance: Provenance {
            esker: "0.1.0".into(),
            data_file: "table.csv".into(),
            data_sha256: "0".repeat(64),
            recipe_sha256: "0".repeat(64),
            recipe: String::new(),
            seed: 1,
        },
        data: DataCard {
            rows_read: rows,
            rows_used: rows,
            dropped: vec![],
            columns,
            crs: crs.map(str::to_owned),
            extent: None,
            period: None,
            groups: None,
            weights: None,
            credit: None,
            locked: None,
            steps: vec![],
        },
        task,
        designs: vec![],
        models: vec![],
        metric: String::new(),
        metrics: vec![],
        advice: None,
        comparisons: vec![],
        chosen: Chosen { model: String::new(), reason: String::new(), settings: Settings::default(), learning: None },
        intervals: None,
        explanation: None,
        applicability: None,
        tree: None,
        dependence: None,
        notes: vec![],
        skill: None,
        prepared: vec![],
    }
}

fn model(name: &str, runs: Vec<ModelRun>) -> ModelRecord {
    ModelRecord {
        name: name.into(),
        kind: name.into(),
        settings: Settings::default(),
        tuning: vec![],
        preparation: vec![],
        runs,
        selection: None,
        adjustment: None,
        stack: None,
    }
}

fn run(design: &str, scores: Vec<Score>) -> ModelRun {
    ModelRun {
        design: design.into(),
        scores,
        confusion: None,
        classes: vec![],
        groups: vec![],
        curves: vec![],
        calibration: vec![],
        uncalibrated: vec![],
    }
}

fn group_folds(spots: &[Spot], n: u32, rng: &mut Rng) -> Vec<Option<u32>> {
    let mut known: std::collections::BTreeMap<&str, u32> = Default::default();
    spots.iter().map(|s| Some(*known.entry(s.group.as_str()).or_insert_with(|| rng.below(n as usize) as u32))).collect()
}

/// An area of applicability as a run would find it: rows near a few others, some far from all.
fn believed(record: &mut Record, rows: &mut Rows, error: (&str, &str), rng: &mut Rng) {
    let n = rows.observed.len();
    rows.dissimilarity = (0..n).map(|i| if i % 97 == 5 { f64::NAN } else { 0.05 + rng.uniform().powi(4) }).collect();
    rows.density = rows.dissimilarity.iter().map(|d| if d.is_nan() { *d } else { (30.0 * (0.6 - d).max(0.0)).floor() }).collect();
    let profile = |index: &str, to: f64, rising: bool| ErrorProfile {
        index: index.into(),
        error: error.0.into(),
        unit: Unit::new(error.1),
        rows: n,
        window: 12,
        windows: (0..150)
            .map(|i| {
                (to * f64::from(i) / 149.0, 0.3 + 0.001 * f64::from(if rising { i } else { 150 - i }) + 0.02 * (f64::from(i) * 1.7).sin())
            })
            .collect(),
        curve: (0..60).map(|i| (to * f64::from(i) / 59.0, 0.3 + 0.0025 * f64::from(if rising { i } else { 60 - i }))).collect(),
    };
    record.applicability = Some(Applicability {
        weights: vec![("temp_07".into(), 0.031), ("lat".into(), 0.01), ("slope".into(), 0.0)],
        weighted_by: "permutation importance on held-out rows (rmse), below 0 as 0".into(),
        threshold: 0.6,
        mean_distance: 2.4,
        rows: n,
        incomplete: 3,
        outside: 0.12,
        dissimilarity: vec![(0.0, 0.05), (0.5, 0.11), (1.0, 1.05)],
        density: vec![(0.0, 0.0), (0.5, 14.0), (1.0, 16.0)],
        profiles: vec![profile("dissimilarity", 0.6, true), profile("density", 16.0, false)],
        wanted: None,
    });
}

/// A regression of invented mass balances at the given places.
pub fn regression(spots: &[Spot], crs: Option<&str>) -> (Record, Rows) {
    let mut rng = Rng::new(11);
    let n = spots.len();
    let unit = "m w.e. yr-1";
    let trend: Vec<f64> = spots.iter().map(|s| 0.25 * (s.y * 0.9).sin() + 0.2 * (s.x * 0.5).cos() - 0.35).collect();
    let observed: Vec<f64> = trend.iter().map(|t| t + 0.33 * rng.normal() * (1.0 + rng.uniform().powi(6) * 3.0)).collect();
    let predicted: Vec<f64> = trend.iter().map(|t| -0.35 + 0.7 * (t + 0.35) + 0.08 * rng.normal()).collect();
    let fold = group_folds(spots, 10, &mut rng);
    let target = Task::Regression { target: "dmdtda".into(), unit: Unit::new(unit) };
    let mut record =
        empty("Decadal mass balance", target, vec![column("dmdtda", unit, "target"), column("temp_07", "degC", "feature")], n, crs);
    let random = (0..n).map(|_| Some(rng.below(10) as u32)).collect();
    record.designs = vec![
        design("group rgi_id", true, fold.clone(), 10, |f| format!("fold {}", f + 1)),
        design("random", false, random, 10, |f| format!("fold {}", f + 1)),
    ];
    record.metric = "rmse".into();
    record.metrics = vec![
        card("rmse", "RMSE", unit, "lower"),
        card("mae", "MAE", unit, "lower"),
        card("bias", "Bias", unit, "zero"),
        card("r2", "R²", "", "higher"),
        card("correlation", "Correlation", "", "higher"),
    ];
    let kinds = [
        ("mean", 0.379, 0.38),
        ("ridge", 0.341, 0.336),
        ("elastic-net", 0.342, 0.337),
        ("neighbours", 0.335, 0.317),
        ("forest", 0.321, 0.296),
        ("boosting", 0.319, 0.299),
    ];
    for (name, honest, easy) in kinds {
        let scores = |m: f64, rng: &mut Rng| {
            vec![
                score("rmse", m, 0.02, 10, rng),
                score("mae", m * 0.72, 0.015, 10, rng),
                score("bias", 0.003, 0.01, 10, rng),
                score("r2", 1.0 - m * m / 0.144, 0.05, 10, rng),
                score("correlation", 0.56, 0.05, 10, rng),
            ]
        };
        record.models.push(model(name, vec![run("group rgi_id", scores(honest, &mut rng)), run("random", scores(easy, &mut rng))]));
    }
    record.chosen = Chosen { model: "boosting".into(), reason: "lowest RMSE".into(), settings: Settings::default(), learning: None };
    let levels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
    record.intervals = Some(Intervals {
        method: "CV+".into(),
        level: 0.9,
        coverage: 0.908,
        width: 1.02,
        folds: vec![0.9; 10],
        curve: levels.iter().map(|l| (*l, l + 0.02 * (l * 3.0f64).sin() * (1.0 - l))).collect(),
        conditional: (0..10).map(|i| (-0.8 + 0.1 * f64::from(i), 0.86 + 0.012 * f64::from(i) - 0.004 * f64::from(i % 3), n / 10)).collect(),
        ..Intervals::default()
    });
    let features = [
        "temp_10", "prcp_04", "lat", "zmed", "PDD", "slope", "temp_07", "snow", "area", "temp_01", "prcp_12", "lon", "zmax", "rain",
        "temp_03", "zmin", "icecap",
    ];
    record.explanation = Some(Explanation {
        metric: "rmse".into(),
        features: features.iter().enumerate().map(|(i, f)| importance(f, 0.03 * 0.78f64.powi(i as i32) - 0.0006, 10, &mut rng)).collect(),
        groups: [("temp_*", 0.071), ("prcp_*", 0.042), ("zm*", 0.012)].iter().map(|(g, m)| importance(g, *m, 10, &mut rng)).collect(),
        internal: features.iter().enumerate().map(|(i, f)| ((*f).to_owned(), 0.2 * 0.8f64.powi(i as i32))).collect(),
        internal_kind: "share of split gain".into(),
        effects: features
            .iter()
            .zip(["degC", "mm", "degrees_north", "m", "degC d", "degrees"])
            .enumerate()
            .map(|(i, (f, u))| effect(f, u, "", |t| 0.12 * ((i as f64 + 1.0) * t * 1.3 + i as f64).sin(), &mut rng))
            .collect(),
    });
    let mut rows = Rows {
        row: (1..=n).collect(),
        x: if crs.is_some() { spots.iter().map(|s| s.x).collect() } else { vec![] },
        y: if crs.is_some() { spots.iter().map(|s| s.y).collect() } else { vec![] },
        group: spots.iter().map(|s| s.group.clone()).collect(),
        fold,
        low: predicted.iter().map(|p| p - 0.5).collect(),
        high: predicted.iter().map(|p| p + 0.5).collect(),
        observed,
        predicted,
        probability: vec![],
        ..Rows::default()
    };
    believed(&mut record, &mut rows, ("RMSE", unit), &mut rng);
    (record, rows)
}

const ROCKS: [(&str, &str); 9] = [
    ("65000", "Shale"),
    ("30000", "Sandstone"),
    ("65030", "Sandstone/Shale"),
    ("70000", "Limestone"),
    ("80000", "Marl"),
    ("99000", "Tuff"),
    ("70032", "Chalk"),
    ("90000", "Coal"),
    ("74000", "Dolomite"),
];

/// A classification of invented rocks at the given places; a fold a group.
pub fn classification(spots: &[Spot], crs: Option<&str>) -> (Record, Rows) {
    let mut rng = Rng::new(5);
    let (n, k) = (spots.len(), ROCKS.len());
    let mut groups: Vec<String> = spots.iter().map(|s| s.group.clone()).collect();
    groups.dedup();
    groups.sort();
    groups.dedup();
    let fold: Vec<Option<u32>> = spots.iter().map(|s| groups.iter().position(|g| *g == s.group).map(|p| p as u32)).collect();
    let observed: Vec<f64> = (0..n).map(|_| ((rng.uniform().powi(3) * k as f64) as usize).min(k - 1) as f64).collect();
    let predicted: Vec<f64> = observed
        .iter()
        .zip(&fold)
        .map(|(o, f)| if rng.uniform() < 0.62 + 0.03 * f64::from(f.unwrap_or(0)) { *o } else { (rng.uniform().powi(2) * k as f64).floor() })
        .collect();
    let mut confusion = vec![vec![0.0; k]; k];
    observed.iter().zip(&predicted).for_each(|(o, p)| confusion[*o as usize][*p as usize] += 1.0);
    let levels: Vec<String> = ROCKS.iter().map(|r| r.0.to_owned()).collect();
    let task =
        Task::Classification { target: "lithology".into(), levels: levels.clone(), names: ROCKS.iter().map(|r| r.1.to_owned()).collect() };
    let mut record = empty("Lithology of wells", task, vec![column("lithology", "", "target"), column("GR", "gAPI", "feature")], n, crs);
    let folds = groups.len().max(1);
    record.designs = vec![
        design("leave-one-group-out WELL", true, fold.clone(), folds, |f| groups.get(f).cloned().unwrap_or_default()),
        design("random", false, (0..n).map(|_| Some(rng.below(10) as u32)).collect(), 10, |f| format!("fold {}", f + 1)),
    ];
    record.metric = "balanced_accuracy".into();
    record.metrics = vec![
        card("balanced_accuracy", "Balanced accuracy", "", "higher"),
        card("accuracy", "Accuracy", "", "higher"),
        card("penalty", "FORCE 2020 penalty", "", "higher"),
    ];
    for (name, honest, easy) in [("mean", 0.111, 0.111), ("logistic", 0.41, 0.52), ("forest", 0.45, 0.9), ("boosting", 0.48, 0.88)] {
        let scores =
            |m: f64, rng: &mut Rng| vec![score("balanced_accuracy", m, 0.06, folds, rng), score("accuracy", m + 0.2, 0.05, folds, rng)];
        record
            .models
            .push(model(name, vec![run("leave-one-group-out WELL", scores(honest, &mut rng)), run("random", scores(easy, &mut rng))]));
    }
    record.chosen =
        Chosen { model: "boosting".into(), reason: "highest balanced accuracy".into(), settings: Settings::default(), learning: None };
    let chosen = &mut record.models[3].runs[0];
    chosen.classes = (0..k)
        .map(|i| {
            let support: f64 = confusion[i].iter().sum();
            let said: f64 = confusion.iter().map(|r| r[i]).sum();
            let (r, p) = (confusion[i][i] / support.max(1.0), confusion[i][i] / said.max(1.0));
            ClassScore { level: levels[i].clone(), support, precision: Some(p), recall: Some(r), f1: Some(2.0 * r * p / (r + p).max(1e-9)) }
        })
        .collect();
    chosen.curves = (0..k)
        .map(|i| {
            let sharp = 1.5 + i as f64 * 0.7;
            let t: Vec<f64> = (0..=100).map(|j| f64::from(j) / 100.0).collect();
            ClassCurve {
                level: levels[i].clone(),
                roc: t.iter().map(|x| (*x, x.powf(1.0 / sharp))).collect(),
                auc: Some(sharp / (sharp + 1.0)),
                pr: t.iter().map(|x| (*x, 1.0 - 0.8 * x.powf(sharp))).collect(),
                ap: Some(1.0 - 0.8 / (sharp + 1.0)),
            }
        })
        .collect();
    chosen.confusion = Some(confusion);
    let features = [("GR", "gAPI"), ("RHOB", "g/cm3"), ("NPHI", "m3/m3"), ("DTC", "us/ft"), ("PEF", "b/e"), ("RDEP", "ohm.m")];
    let mut effects = Vec::new();
    for (i, (f, u)) in features.iter().enumerate() {
        for (j, level) in levels.iter().enumerate().take(5) {
            let mut same = Rng::new(i as u64);
            effects.push(effect(f, u, level, |t| 0.2 * ((t - 0.5) * (j as f64 - 2.0) + 0.3 * (t * 5.0 + i as f64).sin()), &mut same));
        }
    }
    record.explanation = Some(Explanation {
        metric: "balanced_accuracy".into(),
        features: features.iter().enumerate().map(|(i, f)| importance(f.0, 0.12 * 0.7f64.powi(i as i32), folds, &mut rng)).collect(),
        groups: vec![],
        internal: features.iter().enumerate().map(|(i, f)| (f.0.to_owned(), 0.3 * 0.7f64.powi(i as i32))).collect(),
        internal_kind: "share of split gain".into(),
        effects,
    });
    let mut rows = Rows {
        row: (1..=n).collect(),
        x: if crs.is_some() { spots.iter().map(|s| s.x).collect() } else { vec![] },
        y: if crs.is_some() { spots.iter().map(|s| s.y).collect() } else { vec![] },
        group: spots.iter().map(|s| s.group.clone()).collect(),
        fold,
        observed,
        predicted,
        ..Rows::default()
    };
    believed(&mut record, &mut rows, ("share of wrong classes", ""), &mut rng);
    (record, rows)
}

/// A full tree of so many splits one behind the other; every third question is about classes, every fourth about gaps.
pub fn tree(depth: usize, outputs: usize, feature: &str) -> DecisionTree {
    fn grow(nodes: &mut Vec<DecisionNode>, depth: usize, outputs: usize, feature: &str) -> usize {
        let at = nodes.len();
        let value = if outputs == 1 {
            vec![-0.459 + 0.02 * at as f64]
        } else {
            let whole: f64 = (0..outputs).map(|k| 1.0 + ((k * 7 + at) % 5) as f64).sum();
            (0..outputs).map(|k| (1.0 + ((k * 7 + at) % 5) as f64) / whole).collect()
        };
        nodes.push(DecisionNode { rows: 6834 >> at.min(10), share: 1.0, value, spread: 0.203, split: None, hidden: 0 });
        if depth > 0 {
            let left = grow(nodes, depth - 1, outputs, feature);
            let right = grow(nodes, depth - 1, outputs, feature);
            let rule = match at % 4 {
                2 => DecisionRule::Among(["Sandstone", "Limestone with a long name", "Tuff", "Marl"].map(str::to_owned).to_vec()),
                3 => DecisionRule::Known,
                _ => DecisionRule::UpTo(12.4 + at as f64),
            };
            let (feature, unit) = (feature.to_owned(), Unit::new("m w.e. yr-1"));
            nodes[at].split = Some(DecisionSplit { feature, unit, rule, missing_left: at.is_multiple_of(2), left, right });
        }
        at
    }
    let mut nodes = Vec::new();
    grow(&mut nodes, depth, outputs, feature);
    DecisionTree { nodes }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[from..].split('"').next()
}

/// Every text of a drawing with its box: left, right, baseline, size; turned ones are left out.
fn words(svg: &str) -> Vec<(String, f64, f64, f64, f64)> {
    let number = |tag: &str, name: &str| attribute(tag, name).map(|v| v.parse::<f64>().expect("a number"));
    let mut out = Vec::new();
    for part in svg.split("<text").skip(1) {
        let (tag, rest) = part.split_once('>').expect("a tag ends");
        let said = rest.split("</text>").next().unwrap_or("");
        let said = said.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        if tag.contains("rotate(") {
            continue;
        }
        let (x, y, size) = (
            number(tag, "x").expect("an attribute that is a number"),
            number(tag, "y").expect("an attribute that is a number"),
            number(tag, "font-size").expect("an attribute that is a number"),
        );
        let w = esker_report::figure::text::width(&said, size, tag.contains("font-weight"));
        let left = match attribute(tag, "text-anchor") {
            Some("middle") => x - w / 2.0,
            Some("end") => x - w,
            _ => x,
        };
        out.push((said, left, left + w, y, size));
    }
    out
}

/// Every text of a figure lies inside it and none over another.
pub fn readable(f: &esker_report::figure::Figure) {
    let view = attribute(&f.svg, "viewBox").expect("an attribute that is a number");
    let ends: Vec<f64> = view.split(' ').map(|v| v.parse().expect("an attribute that is a number")).collect();
    let words = words(&f.svg);
    for (said, left, right, y, size) in &words {
        assert!(*left >= -0.6 && *right <= ends[2] + 0.6, "{}: '{said}' runs out of the figure ({left:.1}..{right:.1})", f.name);
        assert!(*y - 0.6 * size >= 0.0 && *y + 0.25 * size <= ends[3], "{}: '{said}' lies outside ({y})", f.name);
    }
    for (i, a) in words.iter().enumerate() {
        for b in &words[i + 1..] {
            let apart = a.2 <= b.1 + 0.5 || b.2 <= a.1 + 0.5 || (a.3 - b.3).abs() >= 0.72 * a.4.min(b.4);
            assert!(apart, "{}: '{}' and '{}' overlap", f.name, a.0, b.0);
        }
    }
}
