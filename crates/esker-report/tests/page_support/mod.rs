//! Records made up for the page: a regression on glaciers and a classification of well logs. The numbers are drawn,
//! not measured; they only have the shape and the size of real ones.
#![allow(dead_code, reason = "each test uses its own part")]

use esker_core::calibration::{Adjustment, CalibrationBin, CalibrationCurve};
use esker_core::dependence::{
    BlockError, Dependence, ErrorChecks, ErrorVariogram, Likeness, MetricInterval, PairInterval, ScoreInterval, SeriesCheck, SpreadCheck,
};
use esker_core::preparation::{PreparedColumn, PreparedStep};
use esker_core::record::*;
use esker_core::skill::{ModelSkill, Skill, SkillReference};
use esker_core::{Note, Parameter, Range, Rng, Setting, Settings, Space, Unit};
use esker_report::figure::Figure;

const FOLDS: usize = 10;

fn settings(list: &[(&'static str, Setting)]) -> Settings {
    let parameters: Vec<Parameter> = list
        .iter()
        .map(|(name, value)| match value {
            Setting::Real(v) => Parameter::real(name, *v, f64::MIN, f64::MAX, ""),
            Setting::Integer(v) => Parameter::integer(name, *v, i64::MIN, i64::MAX, ""),
            Setting::Flag(v) => Parameter::flag(name, *v, ""),
            Setting::Text(_) => Parameter::text(name, ""),
        })
        .collect();
    Settings::defaults(&parameters)
}

fn mean_sd(v: &[f64]) -> (f64, f64) {
    let m = v.iter().sum::<f64>() / v.len() as f64;
    (m, (v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (v.len() - 1) as f64).sqrt())
}

fn score(metric: &str, folds: &[f64]) -> Score {
    let (m, sd) = mean_sd(folds);
    Score {
        metric: metric.into(),
        pooled: Some(m - 0.1 * sd),
        mean: Some(m),
        sd: Some(sd),
        folds: folds.iter().map(|v| Some(*v)).collect(),
    }
}

/// Fold scores about `base` that share the difficulty of each fold, so that differences are paired.
fn fold_scores(base: f64, spread: f64, model: u64) -> Vec<f64> {
    let (mut hard, mut own) = (Rng::new(7), Rng::new(100 + model));
    (0..FOLDS).map(|_| base + spread * (hard.normal() + 0.35 * own.normal())).collect()
}

fn compare(models: &[ModelRecord], metric: &str) -> Vec<Comparison> {
    let folds = |m: &ModelRecord| -> Vec<f64> {
        m.runs[0].scores.iter().find(|s| s.metric == metric).into_iter().flat_map(|s| s.folds.iter().flatten().copied()).collect()
    };
    let mut out = Vec::new();
    for (i, a) in models.iter().enumerate() {
        for b in &models[i + 1..] {
            let d: Vec<f64> = folds(a).iter().zip(folds(b)).map(|(x, y)| x - y).collect();
            let (m, sd) = mean_sd(&d);
            let se = sd * (1.0 / FOLDS as f64 + 1.0 / 9.0_f64).sqrt();
            let interval = [m - 2.262 * se, m + 2.262 * se];
            let winner = if interval[0] > 0.0 {
                "a"
            } else if interval[1] < 0.0 {
                "b"
            } else {
                "none"
            };
            out.push(Comparison { a: a.name.clone(), b: b.name.clone(), difference: m, se, interval, folds: FOLDS, winner: winner.into() });
        }
    }
    out
}

fn design(label: &str, kind: &str, description: &str, primary: bool, rows: usize) -> DesignRecord {
    let test = rows / FOLDS;
    DesignRecord {
        label: label.into(),
        kind: kind.into(),
        settings: settings(&[("folds", Setting::Integer(FOLDS as i64))]),
        description: description.into(),
        primary,
        folds: (0..FOLDS).map(|i| FoldRecord { label: format!("fold {}", i + 1), train: rows - test, test, left_out: 0 }).collect(),
        fold_of_row: (0..rows).map(|i| Some((i % FOLDS) as u32)).collect(),
    }
}

fn provenance(file: &str, recipe: &str) -> Provenance {
    Provenance {
        esker: "0.1.0".into(),
        data_file: file.into(),
        data_sha256: "4f2a9c0d7be15386a1c4d0e8f7729b34c5d6e7f8091a2b3c4d5e6f708192a3b4".into(),
        recipe_sha256: "9b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff0".into(),
        recipe: recipe.into(),
        seed: 42,
    }
}

fn column(name: &str, unit: &str, role: &str, s: [f64; 5]) -> ColumnCard {
    let [min, median, mean, max, sd] = s;
    let summary = Some(Summary { min, median, mean, max, sd });
    ColumnCard { name: name.into(), unit: Unit::new(unit), role: role.into(), missing: 0, summary, levels: Vec::new() }
}

fn importance(name: &str, features: &[String], mean: f64) -> Importance {
    let mut rng = Rng::new(name.len() as u64);
    let folds: Vec<f64> = (0..FOLDS).map(|_| mean * (1.0 + 0.2 * rng.normal())).collect();
    let (mean, sd) = mean_sd(&folds);
    Importance { name: name.into(), features: features.to_vec(), mean, sd, folds }
}

fn months(stem: &str) -> Vec<String> {
    (1..=12).map(|m| format!("{stem}_{m:02}")).collect()
}

/// Thirty candidates for one part, the last third judged on all three inner folds, the others dropped after the first.
fn tuning(part: String, base: f64) -> Tuning {
    let spaces = [("rate", 0.02_f64, 0.2_f64), ("trees", 50.0, 400.0), ("leaves", 4.0, 63.0)];
    let candidate = |i: usize| {
        let share = |k: usize| ((i * (7 + 4 * k) + 3) % 30) as f64 / 29.0;
        let gain = if i == 0 { 0.0 } else { 0.03 * (0.8 - (share(0) - 0.4).abs()) };
        let score = |fold: usize| Some(base - 0.01 + gain + 0.03 * fold as f64 + 0.004 * ((i * 3 + fold * 5) % 7) as f64);
        Candidate {
            values: spaces.iter().enumerate().map(|(k, (_, low, high))| Setting::Real(low * (high / low).powf(share(k)))).collect(),
            steps: None,
            scores: (0..if i == 0 || i >= 20 { 3 } else { 1 }).map(score).collect(),
            dropped: i != 0 && i < 20,
            chosen: i == 22,
        }
    };
    let space = |(name, low, high): &(&str, f64, f64)| Space {
        parameter: (*name).into(),
        range: Range::Real { low: *low, high: *high, log: true },
    };
    Tuning {
        part,
        method: "tpe".into(),
        halving: true,
        spaces: spaces.iter().map(space).collect(),
        folds: 3,
        steps: None,
        chosen: settings(&[("rate", Setting::Real(0.0513)), ("trees", Setting::Integer(412)), ("leaves", Setting::Integer(23))]),
        score: base + 0.01,
        default_score: base - 0.01,
        trials: 30,
        fits: 52,
        time_ended: false,
        candidates: (0..30).map(candidate).collect(),
    }
}

/// Regression: decadal mass balance of glaciers.
pub fn glaciers() -> (Record, Rows) {
    let rows = 6834;
    let unit = "m w.e. yr-1";
    let listed: [(&str, f64, f64); 8] = [
        ("mean", -0.012, 0.0),
        ("group-mean", 0.031, 0.31),
        ("linear", 0.176, 0.03),
        ("ridge", 0.181, 0.03),
        ("elastic-net", 0.183, 0.03),
        ("neighbours", 0.204, 0.22),
        ("forest", 0.277, 0.16),
        ("boosting", 0.281, 0.15),
    ];
    let models: Vec<ModelRecord> = listed
        .iter()
        .enumerate()
        .map(|(i, (name, base, flattery))| {
            let run = |design: &str, r2: f64, spread: f64| {
                let r2s = fold_scores(r2, spread, i as u64);
                let rmse: Vec<f64> = r2s.iter().map(|v| 0.379 * (1.0 - v).sqrt()).collect();
                let bias: Vec<f64> = r2s.iter().map(|v| 0.01 * (v - r2) - 0.002).collect();
                ModelRun {
                    design: design.into(),
                    scores: vec![score("r2", &r2s), score("rmse", &rmse), score("bias", &bias)],
                    confusion: None,
                    classes: Vec::new(),
                    groups: Vec::new(),
                    curves: Vec::new(),
                    calibration: Vec::new(),
                    uncalibrated: Vec::new(),
                }
            };
            let tuned = matches!(*name, "forest" | "boosting");
            let tuning = |part: String| tuning(part, *base);
            ModelRecord {
                name: (*name).into(),
                kind: (*name).into(),
                settings: Settings::default(),
                tuning: if tuned {
                    (1..=FOLDS).map(|f| tuning(format!("group rgi_id, fold {f}"))).chain([tuning("all rows".into())]).collect()
                } else {
                    Vec::new()
                },
                preparation: match *name {
                    "linear" | "ridge" | "elastic-net" | "neighbours" => {
                        vec!["missing numbers set to the median".into(), "numbers scaled to mean 0 and standard deviation 1".into()]
                    }
                    _ => Vec::new(),
                },
                runs: vec![run("group rgi_id", *base, 0.02), run("random", base + flattery, 0.015)],
                selection: None,
                adjustment: None,
                stack: None,
            }
        })
        .collect();
    let mut columns = vec![column("dmdtda", unit, "target", [-2.41, -0.218, -0.266, 1.13, 0.379])];
    for (i, name) in months("temp").iter().enumerate() {
        let t = -8.0 + 14.0 * (i as f64 / 11.0);
        columns.push(column(name, "degC", "feature", [t - 6.2, t, t + 0.1, t + 5.9, 2.31]));
    }
    for name in months("prcp") {
        columns.push(column(&name, "mm", "feature", [11.2, 148.3, 161.0, 602.5, 84.7]));
    }
    columns.push(column("area", "km2", "feature", [0.01, 0.18, 0.863, 64.9, 2.87]));
    columns.push(column("zmed", "m", "feature", [88.0, 1310.0, 1248.0, 2290.0, 402.0]));
    columns.push(column("slope", "deg", "feature", [3.1, 20.3, 20.9, 51.2, 7.42]));
    columns.push(column("lon", "degrees_east", "x", [5.41, 14.2, 13.1, 33.8, 5.61]));
    columns.push(column("lat", "degrees_north", "y", [59.8, 66.6, 65.4, 70.8, 3.45]));
    columns.push(ColumnCard {
        name: "rgi_id".into(),
        unit: Unit::default(),
        role: "group".into(),
        missing: 0,
        summary: None,
        levels: vec![("RGI60-08.00001".into(), 2), ("RGI60-08.00002".into(), 2)],
    });
    let record = Record {
        format: FORMAT,
        title: "Decadal mass balance of Scandinavian glaciers".into(),
        provenance: provenance("scandinavia.csv", GLACIER_RECIPE),
        data: DataCard {
            rows_read: rows,
            rows_used: rows,
            dropped: Vec::new(),
            columns,
            crs: Some("EPSG:4326".into()),
            extent: Some([5.41, 59.83, 33.83, 70.77]),
            period: Some(["2000-01-01".into(), "2020-01-01".into()]),
            groups: Some(("rgi_id".into(), 3417)),
            weights: None,
            credit: Some("Hugonnet et al. 2021; Bolibar and Sapienza 2022; MIT licence".into()),
            locked: None,
            steps: vec![],
        },
        task: Task::Regression { target: "dmdtda".into(), unit: Unit::new(unit) },
        designs: vec![
            design(
                "group rgi_id",
                "group",
                "Whole groups were left out: groups were spread over 10 folds of about equal rows, and each fold was predicted by models that had \
                 learned from the other groups only.",
                true,
                rows,
            ),
            design(
                "random",
                "random",
                "Rows were shuffled into 10 folds of equal size; each fold was predicted by models that had learned from the others.",
                false,
                rows,
            ),
        ],
        advice: None,
        comparisons: compare(&models, "r2"),
        models,
        metric: "r2".into(),
        metrics: vec![
            MetricCard { name: "r2".into(), title: "R²".into(), unit: Unit::default(), better: "higher".into() },
            MetricCard { name: "rmse".into(), title: "RMSE".into(), unit: Unit::new(unit), better: "lower".into() },
            MetricCard { name: "bias".into(), title: "Bias".into(), unit: Unit::new(unit), better: "zero".into() },
        ],
        chosen: Chosen {
            model: "boosting".into(),
            reason: "boosting has the best mean R² over the folds of group rgi_id; forest is within noise of it".into(),
            settings: settings(&[("rate", Setting::Real(0.0513)), ("trees", Setting::Integer(412)), ("leaves", Setting::Integer(23))]),
            learning: None,
        },
        intervals: Some(intervals()),
        explanation: Some(explanation()),
        applicability: None,
        tree: None,
        dependence: Some(dependence()),
        notes: vec![
            Note::alarm(
                "noise-ceiling",
                "The mean squared reported error of dmdtda, 0.228 (m w.e. yr-1)², exceeds its whole variance, 0.144 (m w.e. yr-1)²: taken at face \
                 value no skill is possible, yet boosting reaches R² 0.28. Either the reported errors are too large, or the skill is shared error.",
            ),
            Note::warning(
                "repeated-target",
                "52 glaciers share one value of dmdtda in each decade: they were filled in, not measured. Check whether to leave them out.",
            ),
            Note::info("delimiter", "The table is separated by commas."),
        ],
        skill: Some(skill()),
        prepared: prepared(),
    };
    (record, glacier_rows(rows))
}

const GLACIER_RECIPE: &str = "title = \"Decadal mass balance of Scandinavian glaciers\"\n\n[data]\nsource = \"scandinavia.csv\"\n\n[roles]\ntarget   = { column = \"dmdtda\", unit = \"m w.e. yr-1\" }\nplace    = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }\ngroup    = \"rgi_id\"\nfeatures = [\"temp_*\", \"prcp_*\", \"area\", \"zmed\", \"slope\"]\n\n[validate]\ndesign  = \"group\"\nfolds   = 10\ncompare = [\"random\"]\n";

/// An area of applicability for [`glaciers`].
pub fn believed(record: &mut Record, rows: &mut Rows) {
    let n = rows.observed.len();
    rows.dissimilarity = (0..n).map(|i| (i % 50) as f64 / 60.0).collect();
    rows.density = (0..n).map(|i| (50 - i % 50) as f64).collect();
    rows.expected = rows.dissimilarity.iter().map(|v| if *v <= 0.733 { 0.3 + 0.15 * v } else { f64::NAN }).collect();
    rows.wanted =
        WantedPlaces { x: rows.x.clone(), y: rows.y.clone(), dissimilarity: rows.dissimilarity.clone(), expected: rows.expected.clone() };
    record.applicability = Some(Applicability {
        weights: vec![("temp_07".into(), 0.031), ("area".into(), 0.01)],
        weighted_by: "permutation importance on held-out rows (r2), below 0 as 0".into(),
        threshold: 0.733,
        mean_distance: 2.4,
        rows: n - 3,
        incomplete: 3,
        outside: 0.1,
        dissimilarity: vec![(0.0, 0.0), (0.5, 0.4), (1.0, 0.817)],
        density: vec![(0.0, 1.0), (0.5, 25.0), (1.0, 50.0)],
        profiles: vec![ErrorProfile {
            index: "dissimilarity".into(),
            error: "RMSE".into(),
            unit: Unit::new("m w.e. yr-1"),
            rows: n - 3,
            window: 341,
            windows: vec![(0.1, 0.31), (0.4, 0.33), (0.7, 0.41)],
            curve: vec![(0.1, 0.311), (0.7, 0.409)],
        }],
        wanted: Some(WantedArea {
            name: "outlines.csv".into(),
            places: 50_000,
            measured: 20_000,
            unknown: 12,
            inside: 0.873,
            dissimilarity: vec![(0.0, 0.0), (0.5, 0.3), (1.0, 2.1)],
            expected: Some(0.342),
        }),
    });
}

fn dependence() -> Dependence {
    let score = |model: &str, value: f64| ScoreInterval { model: model.into(), value, se: 0.03, interval: [value - 0.07, value + 0.06] };
    let pair = |a: &str, b: &str, difference: f64, p: f64| PairInterval {
        a: a.into(),
        b: b.into(),
        p,
        p_holm: (3.0 * p).min(1.0),
        difference,
        interval: [difference - 0.05, difference + 0.04],
    };
    let errors = ErrorChecks {
        of: "residual".into(),
        places: 3417,
        neighbours: Some(Likeness {
            nearest: 8,
            moran: 0.412,
            expected: -1.0 / 3416.0,
            p: 0.001,
            permutations: 999,
            geary: 0.587,
            geary_p: 0.0,
        }),
        variogram: Some(ErrorVariogram {
            classes: vec![(120, 4e3, 0.03), (900, 1.2e4, 0.06), (2100, 4e4, 0.09)],
            shape: "spherical".into(),
            nugget: 0.03,
            sill: 0.06,
            reach: Some(38_400.0),
            beyond: false,
            cutoff: 4.2e5,
            points: 3417,
        }),
        series: Some(SeriesCheck { times: 24, step: 365.0, regular: false, autocorrelation: vec![0.3, 0.1], p: 0.21 }),
        spread: Some(SpreadCheck { spearman: -0.19, spearman_p: 1e-9, breusch_pagan_p: 0.08 }),
        scales: vec![
            BlockError { side: 5e3, blocks: 900, rmse: 0.29, independent: 0.21 },
            BlockError { side: 2e4, blocks: 140, rmse: 0.22, independent: 0.09 },
        ],
    };
    Dependence {
        errors,
        drawn: "212 blocks of 38.4 km on the ground, groups whole".into(),
        why: "held-out errors are alike up to 38.4 km".into(),
        blocks: 212,
        draws: 1000,
        confidence: 0.95,
        scores: vec![score("mean", -0.01), score("forest", 0.26), score("boosting", 0.28)],
        pairs: vec![pair("mean", "boosting", -0.29, 1e-5), pair("forest", "boosting", -0.02, 0.2)],
        metrics: vec![MetricInterval { metric: "bias".into(), value: 0.004, se: 0.006, interval: [-0.008, 0.015] }],
    }
}

fn skill() -> Skill {
    let model = |model: &str, skill: f64| ModelSkill { model: model.into(), skill, interval: Some([skill - 0.06, skill + 0.05]) };
    let unit = Unit::new("m w.e. yr-1");
    let last = SkillReference {
        kind: "last".into(),
        name: "repeating the last value".into(),
        how: "The newest training row before it of the same rgi_id.".into(),
        rows: 5210,
        held_out: 6834,
        lead: Some([365.0, 3652.0, 7305.0]),
        error: 0.2914,
        unit: unit.clone(),
        models: vec![model("mean", -0.82), model("forest", -0.19), model("boosting", -0.15)],
    };
    Skill {
        of: "mean squared error".into(),
        drawn: "212 blocks of 38.4 km on the ground, groups whole".into(),
        confidence: 0.95,
        references: vec![
            SkillReference {
                kind: "mean".into(),
                name: "always saying the mean".into(),
                how: "The mean of the training rows of each fold.".into(),
                rows: 6834,
                held_out: 6834,
                lead: None,
                error: 0.3797,
                unit,
                models: vec![model("mean", 0.0), model("forest", 0.27), model("boosting", 0.29)],
            },
            last,
        ],
        absent: vec!["the mean of the season: all rows are of one time of the year".into()],
    }
}

fn intervals() -> Intervals {
    let mut rng = Rng::new(5);
    Intervals {
        method: "CV+".into(),
        level: 0.9,
        coverage: 0.897,
        width: 1.04,
        folds: (0..FOLDS).map(|_| 0.897 + 0.012 * rng.normal()).collect(),
        curve: vec![(0.5, 0.496), (0.6, 0.603), (0.7, 0.699), (0.8, 0.797), (0.9, 0.897), (0.95, 0.951)],
        conditional: (0..10).map(|i| (-0.8 + 0.12 * f64::from(i), 0.83 + 0.012 * f64::from(i), 683)).collect(),
        described: "CV+ (Barber et al. 2021) from the same folds".into(),
        by: vec![
            coverage_by("group", "rgi_id", &[("Austerdalsbreen", 40, 0.6, 1e-4), ("Engabreen", 41, 0.9, 1.0)]),
            coverage_by("region", "compact regions", &[("67° N, 15° E", 2400, 0.9, 1.0), ("61° N, 7° E", 2600, 0.89, 0.2)]),
            coverage_by(
                "predicted",
                "fifths of the predicted value",
                &[("-2.1 to -0.9", 2500, 0.82, 1e-9), ("-0.9 to 0.4", 2500, 0.86, 1e-3)],
            ),
        ],
        ..Intervals::default()
    }
}

/// A breakdown of coverage: name, rows, coverage and probability of each part.
fn coverage_by(by: &str, of: &str, parts: &[(&str, usize, f64, f64)]) -> CoverageBy {
    let part = |(name, rows, coverage, p): &(&str, usize, f64, f64)| CoveragePart {
        name: (*name).to_owned(),
        rows: *rows,
        coverage: *coverage,
        interval: [coverage - 0.05, coverage + 0.04],
        width: 1.04,
        p: *p,
    };
    CoverageBy { by: by.to_owned(), of: of.to_owned(), parts: parts.iter().map(part).collect() }
}

fn explanation() -> Explanation {
    let (temp, prcp) = (months("temp"), months("prcp"));
    let groups = vec![
        importance("temp_*", &temp, 0.142),
        importance("prcp_*", &prcp, 0.0874),
        importance("zmed", &["zmed".into()], 0.0412),
        importance("area", &["area".into()], 0.0187),
        importance("slope", &["slope".into()], 0.0052),
    ];
    let mut features: Vec<Importance> = vec![("zmed", 0.0412), ("area", 0.0187), ("slope", 0.0052)]
        .into_iter()
        .map(|(name, mean)| importance(name, &[name.to_owned()], mean))
        .collect();
    features.extend(temp.iter().enumerate().map(|(i, n)| importance(n, std::slice::from_ref(n), 0.024 / (1.0 + i as f64))));
    features.extend(prcp.iter().enumerate().map(|(i, n)| importance(n, std::slice::from_ref(n), 0.017 / (1.0 + i as f64))));
    features.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    let internal = features.iter().rev().enumerate().map(|(i, f)| (f.name.clone(), (1.0 + i as f64) / 378.0)).collect();
    let at: Vec<f64> = (0..20).map(|i| 100.0 + 110.0 * f64::from(i)).collect();
    let effect: Vec<f64> = at.iter().map(|z| 0.2 * ((z - 1200.0) / 600.0).tanh()).collect();
    let effects = vec![Effect {
        feature: "zmed".into(),
        unit: Unit::new("m"),
        class: String::new(),
        folds: (0..FOLDS).map(|f| effect.iter().map(|e| e * (0.9 + 0.02 * f as f64)).collect()).collect(),
        rug: (0..200).map(|i| 100.0 + 10.0 * f64::from(i)).collect(),
        at,
        levels: Vec::new(),
        effect,
    }];
    Explanation { metric: "r2".into(), features, groups, internal, internal_kind: "share of split gain".into(), effects }
}

fn glacier_rows(n: usize) -> Rows {
    let mut rng = Rng::new(11);
    let mut rows = Rows::default();
    for i in 0..n {
        let observed = -0.266 + 0.379 * rng.normal();
        let predicted = -0.266 + 0.35 * (observed + 0.266) + 0.15 * rng.normal();
        let north = rng.uniform();
        rows.row.push(i + 1);
        rows.x.push(6.0 + 18.0 * north + 2.0 * rng.normal());
        rows.y.push(60.0 + 10.0 * north);
        rows.group.push(format!("RGI60-08.{:05}", i / 2 + 1));
        rows.fold.push(Some((i % FOLDS) as u32));
        rows.observed.push(observed);
        rows.predicted.push(predicted);
        rows.low.push(predicted - 0.52);
        rows.high.push(predicted + 0.52);
    }
    rows
}

/// Classification: lithology in wells.
pub fn wells() -> (Record, Rows) {
    let n = 7200;
    let levels: Vec<String> = ["30000", "65000", "65030", "70000", "90000"].iter().map(|s| (*s).into()).collect();
    let names: Vec<String> = ["Sandstone", "Shale", "Sandstone/Shale", "Limestone", "Coal"].iter().map(|s| (*s).into()).collect();
    let confusion: Vec<Vec<f64>> = vec![
        vec![1020.0, 190.0, 110.0, 20.0, 1.0],
        vec![150.0, 4015.0, 230.0, 30.0, 2.0],
        vec![210.0, 330.0, 310.0, 10.0, 0.0],
        vec![30.0, 60.0, 20.0, 390.0, 0.0],
        vec![9.0, 21.0, 5.0, 0.0, 37.0],
    ];
    let classes: Vec<ClassScore> = (0..5)
        .map(|i| {
            let (support, said) = (confusion[i].iter().sum::<f64>(), confusion.iter().map(|r| r[i]).sum::<f64>());
            let (p, r) = (confusion[i][i] / said, confusion[i][i] / support);
            ClassScore { level: levels[i].clone(), support, precision: Some(p), recall: Some(r), f1: Some(2.0 * p * r / (p + r)) }
        })
        .collect();
    let curves: Vec<ClassCurve> =
        levels.iter().map(|l| ClassCurve { level: l.clone(), roc: vec![], auc: Some(0.93), pr: vec![], ap: Some(0.81) }).collect();
    let models: Vec<ModelRecord> = [("mean", 0.2, 0.0), ("logistic", 0.521, 0.03), ("boosting", 0.582, 0.19)]
        .iter()
        .enumerate()
        .map(|(i, (name, base, flattery))| {
            let run = |design: &str, v: f64, full: bool| ModelRun {
                design: design.into(),
                scores: vec![
                    score("balanced-accuracy", &fold_scores(v, 0.03, i as u64)),
                    score("log-loss", &fold_scores(1.2 - v, 0.05, i as u64)),
                ],
                confusion: Some(confusion.clone()),
                classes: classes.clone(),
                groups: if full { wells_groups() } else { Vec::new() },
                curves: if full { curves.clone() } else { Vec::new() },
                calibration: if full { calibration(&levels, 0.02) } else { Vec::new() },
                uncalibrated: if full && *name == "boosting" { calibration(&levels, 0.07) } else { Vec::new() },
            };
            ModelRecord {
                name: (*name).into(),
                kind: (*name).into(),
                settings: Settings::default(),
                tuning: Vec::new(),
                preparation: Vec::new(),
                runs: vec![run("well WELL", *base, true), run("stratified", base + flattery, false)],
                selection: None,
                adjustment: (*name == "boosting").then(|| Adjustment { calibration: Some("isotonic".into()), threshold: None }),
                stack: None,
            }
        })
        .collect();
    let mut columns = vec![ColumnCard {
        name: "LITHOLOGY".into(),
        unit: Unit::default(),
        role: "target".into(),
        missing: 0,
        summary: None,
        levels: names.iter().cloned().zip([1341, 4427, 860, 500, 72]).collect(),
    }];
    columns.push(column("GR", "API", "feature", [4.1, 71.2, 74.0, 398.1, 31.7]));
    columns.push(ColumnCard { missing: 2611, ..column("RHOB", "g/cm3", "feature", [1.31, 2.34, 2.31, 3.09, 0.21]) });
    let (mut record, _) = glaciers();
    record.title = "Lithology of North Sea wells".into();
    record.provenance = provenance("wells.csv", "title = \"Lithology of North Sea wells\"\n");
    record.data = DataCard {
        rows_read: n + 25,
        rows_used: n,
        dropped: vec![Dropped { reason: "target missing".into(), rows: 25 }],
        columns,
        crs: Some("EPSG:23031".into()),
        extent: Some([436_100.0, 6_463_200.0, 532_800.0, 6_753_400.0]),
        period: None,
        groups: Some(("WELL".into(), 8)),
        weights: None,
        credit: Some("Bormann et al. 2020, FORCE 2020; CC BY 4.0".into()),
        locked: None,
        steps: vec![],
    };
    record.task = Task::Classification { target: "LITHOLOGY".into(), levels, names };
    record.designs = vec![
        design("well WELL", "group", "Whole groups were left out: groups were spread over 10 folds.", true, n),
        design("stratified", "stratified", "Rows were shuffled into 10 folds that hold each class in the same share.", false, n),
    ];
    record.comparisons = compare(&models, "balanced-accuracy");
    record.models = models;
    record.metric = "balanced-accuracy".into();
    record.metrics = vec![
        MetricCard { name: "balanced-accuracy".into(), title: "Balanced accuracy".into(), unit: Unit::default(), better: "higher".into() },
        MetricCard { name: "log-loss".into(), title: "Log loss".into(), unit: Unit::default(), better: "lower".into() },
    ];
    record.chosen.reason = "boosting has the best mean balanced accuracy over the folds of well WELL".into();
    record.intervals = None;
    record.skill = None;
    record.explanation = None;
    record.notes = vec![Note::warning("rare-class", "Coal has 72 rows in 3 of 8 wells: its scores rest on few rows.")];
    (record, well_rows(n))
}

fn calibration(levels: &[String], gap: f64) -> Vec<CalibrationCurve> {
    let bin = |b: usize| {
        let said = (b as f64 + 0.5) / 5.0;
        let happened = said + gap * (0.5 - said);
        CalibrationBin { said, happened, interval: [happened - 0.03, happened + 0.03], rows: 1440 }
    };
    let one = |level: &String| CalibrationCurve {
        level: level.clone(),
        bins: (0..5).map(bin).collect(),
        error: gap / 4.0,
        brier: 0.12 + gap,
        reliability: gap * gap,
        resolution: 0.05,
        uncertainty: 0.16,
        within: 0.01,
    };
    levels.iter().map(one).collect()
}

fn wells_groups() -> Vec<GroupScore> {
    (0..8).map(|i| GroupScore { group: format!("16/{}-{i}", i + 2), rows: 900 + 10 * i, score: Some(0.41 + 0.04 * i as f64) }).collect()
}

fn well_rows(n: usize) -> Rows {
    let mut rng = Rng::new(12);
    let mut rows = Rows::default();
    for i in 0..n {
        let raw: Vec<f64> = (0..5).map(|_| rng.uniform().powi(4) + 1e-3).collect();
        let total: f64 = raw.iter().sum();
        let best = (0..5).max_by(|&a, &b| raw[a].total_cmp(&raw[b])).unwrap_or(0);
        rows.row.push(i + 1);
        rows.x.push(436_000.0 + 12_000.0 * (i % 8) as f64);
        rows.y.push(6_463_000.0 + 36_000.0 * (i % 8) as f64);
        rows.group.push(format!("16/{}-{}", i % 8 + 2, i % 8));
        rows.fold.push(Some((i % FOLDS) as u32));
        rows.observed.push(if rng.uniform() < 0.7 { best as f64 } else { rng.below(5) as f64 });
        rows.predicted.push(best as f64);
        rows.probability.extend(raw.iter().map(|v| v / total));
    }
    rows
}

/// Two plain drawings under names the page knows.
pub fn drawings() -> Vec<Figure> {
    let svg = "<svg viewBox=\"0 0 600 200\"><path d=\"M10 190L590 10\" stroke=\"currentColor\" fill=\"none\"/></svg>";
    ["map-residual", "optimism"]
        .iter()
        .map(|name| Figure {
            name: (*name).into(),
            title: format!("Drawing {name}."),
            alt: format!("A line that rises, {name}."),
            caption: "It stands for a figure.".into(),
            svg: svg.into(),
            inline: svg.into(),
        })
        .collect()
}

fn prepared() -> Vec<PreparedStep> {
    let learned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(column, says)| PreparedColumn { column: (*column).to_owned(), says: (*says).to_owned() }).collect()
    };
    vec![
        PreparedStep {
            step: "transform".to_owned(),
            settings: settings(&[("method", Setting::Text("yeo-johnson".to_owned()))]),
            columns: vec!["prcp_*".to_owned()],
            learned: learned(&[("prcp_01", "λ = 0.213"), ("prcp_07", "λ = -0.094")]),
        },
        PreparedStep {
            step: "lag".to_owned(),
            settings: settings(&[("lags", Setting::Text("1, 2".to_owned()))]),
            columns: Vec::new(),
            learned: learned(&[("temp_07 lag 1", "46 of 4170 rows have none, and stay missing until a model needs them filled")]),
        },
    ]
}
