//! Figures as a whole: complete, small, readable, and drawn without harm from any data.

mod common;

use common::{Spot, classification, readable, regression, tree};
use esker_core::record::{Learning, Record, Rows, Task};
use esker_core::{Rng, Unit};
use esker_report::figure::{self, Figure};
use esker_report::{page, png};

/// Places scattered over Scandinavia, two samples each.
fn glaciers(places: usize) -> Vec<Spot> {
    let mut rng = Rng::new(3);
    let mut out = Vec::new();
    for i in 0..places {
        let t = rng.uniform();
        let (x, y) = (6.0 + 14.0 * t + 2.0 * rng.normal(), 60.0 + 10.0 * t + 0.6 * rng.normal());
        out.extend((0..2).map(|_| Spot { x, y, group: format!("RGI60-08.{i:05}") }));
    }
    out
}

fn wells() -> Vec<Spot> {
    let mut rng = Rng::new(4);
    let places: Vec<(f64, f64)> = (0..8).map(|_| (430_000.0 + 90_000.0 * rng.uniform(), 6_450_000.0 + 350_000.0 * rng.uniform())).collect();
    (0..4000).map(|i| Spot { x: places[i % 8].0, y: places[i % 8].1, group: format!("16/{}-{}", i % 8, i % 3) }).collect()
}

fn names(figures: &[Figure]) -> Vec<&str> {
    figures.iter().map(|f| f.name.as_str()).collect()
}

fn check(figures: &[Figure]) {
    for f in figures {
        for svg in [&f.svg, &f.inline] {
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}: a position is not a number", f.name);
            assert!(!svg.contains("<script"), "{}", f.name);
            assert!(svg.contains("role=\"img\"") && svg.contains("aria-labelledby") && svg.contains("<title") && svg.contains("<desc"));
        }
        assert!(!f.svg.contains("var(") && !f.svg.contains("currentColor"), "{} is a file of its own", f.name);
        for said in [&f.title, &f.alt, &f.caption] {
            assert!(!said.is_empty() && !said.contains("NaN") && !said.contains("  "), "{}: {said}", f.name);
        }
        assert!(f.alt.ends_with('.') && f.caption.ends_with('.'), "{}: {} | {}", f.name, f.alt, f.caption);
        readable(f);
        png::render(&f.svg, 160).unwrap_or_else(|e| panic!("{}: {e}", f.name));
    }
    let mut ids: Vec<&str> = figures.iter().flat_map(|f| f.inline.split(" id=\"").skip(1)).filter_map(|s| s.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids are unique in a page");
}

#[test]
fn a_regression_has_all_its_figures_small_and_readable() {
    let (record, rows) = regression(&glaciers(3417), Some("EPSG:4326"));
    assert_eq!(rows.row.len(), 6834);
    let figures = figure::all(&record, &rows);
    assert_eq!(
        names(&figures),
        [
            "optimism",
            "observed-predicted",
            "map-residuals",
            "residuals",
            "importance",
            "effects",
            "coverage",
            "map-coverage",
            "applicability",
            "applicability-error",
            "map-applicability",
            "folds",
            "map-folds",
            "distribution"
        ]
    );
    check(&figures);
    for f in &figures {
        assert!(f.svg.len() < 150_000 && f.inline.len() < 150_000, "{}: {} bytes", f.name, f.svg.len());
    }
    assert_eq!(figures, figure::all(&record, &rows), "the same record gives the same drawings");
}

#[test]
fn a_classification_has_all_its_figures() {
    let (record, rows) = classification(&wells(), Some("EPSG:32631"));
    let figures = figure::all(&record, &rows);
    assert_eq!(
        names(&figures),
        [
            "optimism",
            "confusion",
            "class-scores",
            "roc-pr",
            "map-errors",
            "importance",
            "effects",
            "applicability",
            "applicability-error",
            "map-applicability",
            "folds",
            "map-folds",
            "distribution"
        ]
    );
    check(&figures);
    assert!(figures[1].svg.contains("Sandstone"), "classes are shown by their readable names");
}

/// A network of so many layers that learned for so many epochs.
fn learning(layers: usize, epochs: usize, measure: &str) -> Learning {
    let falls = |from: f64| (0..epochs).map(|e| from * (0.05 + 0.95 / (1.0 + e as f64))).collect::<Vec<f64>>();
    Learning {
        sizes: vec![64; layers + 1],
        activation: "relu".into(),
        networks: 3,
        numbers: 16_641,
        measure: measure.into(),
        none: 1.0,
        epoch: (1..=epochs).collect(),
        loss: falls(0.9),
        rate: vec![1e-3; epochs],
        gradient: (0..layers).map(|i| falls(0.3 * (i + 1) as f64)).collect(),
    }
}

#[test]
fn a_network_shows_how_it_learned() {
    let (mut record, rows) = regression(&glaciers(30), Some("EPSG:4326"));
    for (layers, epochs) in [(3, 100), (2, 1), (11, 2), (4, 300)] {
        record.chosen.learning = Some(learning(layers, epochs, "squared error as a share of the target's variance"));
        let figures = figure::all(&record, &rows);
        assert_eq!(names(&figures)[..2], ["optimism", "learning"]);
        check(&figures);
        let alt = &figures[1].alt;
        assert!(alt.contains(&format!("in epoch {epochs}")) && alt.contains("The gradient is longest in outputs"), "{alt}");
        if (layers, epochs) == (3, 100) {
            let svg = &figures[1].svg;
            for said in ["hidden 1", "hidden 2", "outputs", "Backpropagation", "Loss on the training rows", "the same answer everywhere"] {
                assert!(svg.contains(said), "'{said}' is written in the drawing");
            }
        }
    }
    // Nothing to draw, and numbers that cannot be drawn.
    let mut odd = learning(2, 5, "");
    odd.loss = vec![0.0; 5];
    odd.none = 0.0;
    odd.gradient.iter_mut().for_each(|g| g.fill(0.0));
    record.chosen.learning = Some(odd);
    check(&figure::all(&record, &rows));
    for broken in [
        learning(2, 0, "loss"),
        Learning { loss: vec![f64::NAN; 5], ..learning(2, 5, "loss") },
        Learning { gradient: vec![vec![1.0]], ..learning(2, 5, "loss") },
    ] {
        record.chosen.learning = Some(broken);
        assert!(!names(&figure::all(&record, &rows)).contains(&"learning"));
    }
}

#[test]
fn without_places_there_are_no_maps() {
    let (record, rows) = regression(&glaciers(50), None);
    assert!(names(&figure::all(&record, &rows)).iter().all(|n| !n.starts_with("map")));
}

#[test]
fn without_rows_there_are_no_figures_of_rows() {
    let (record, _) = regression(&glaciers(20), Some("EPSG:4326"));
    let figures = figure::all(&record, &Rows::default());
    assert_eq!(names(&figures), ["optimism", "importance", "effects", "coverage", "applicability-error", "folds"]);
    check(&figures);
}

/// Changes every row's values.
fn with(rows: &Rows, change: impl Fn(usize, &mut Rows)) -> Rows {
    let mut out = rows.clone();
    (0..rows.row.len()).for_each(|i| change(i, &mut out));
    out
}

#[test]
fn odd_rows_do_no_harm() {
    for n in [1, 2, 40] {
        let (record, rows) = regression(&glaciers(n), Some("EPSG:4326"));
        check(&figure::all(&record, &rows));
        let equal = with(&rows, |i, r| {
            r.observed[i] = -0.5;
            r.predicted[i] = -0.5;
            r.x[i] = 10.0;
            r.y[i] = 60.0;
        });
        check(&figure::all(&record, &equal));
        let zero = with(&rows, |i, r| {
            r.observed[i] = 0.0;
            r.predicted[i] = 0.0;
        });
        check(&figure::all(&record, &zero));
        let holes = with(&rows, |i, r| {
            if i % 2 == 0 {
                r.predicted[i] = f64::NAN;
                r.observed[i] = f64::INFINITY;
                r.x[i] = f64::NAN;
            }
        });
        check(&figure::all(&record, &holes));
        let none = with(&rows, |i, r| {
            r.predicted[i] = f64::NAN;
            r.fold[i] = None;
        });
        check(&figure::all(&record, &none));
        let huge = with(&rows, |i, r| {
            r.observed[i] *= 1e12;
            r.predicted[i] *= 1e12;
        });
        check(&figure::all(&record, &huge));
        let tiny = with(&rows, |i, r| {
            r.observed[i] *= 1e-12;
            r.predicted[i] *= 1e-12;
        });
        check(&figure::all(&record, &tiny));
    }
    let one = [Spot { x: 9.0, y: 61.0, group: "alone".into() }];
    let (record, rows) = regression(&one, Some("EPSG:4326"));
    check(&figure::all(&record, &rows));
    let (record, rows) = classification(&one, Some("EPSG:4326"));
    check(&figure::all(&record, &rows));
}

#[test]
fn places_all_over_the_globe_and_on_planes_are_drawn() {
    for (crs, scale) in [("EPSG:4326", 1.0), ("EPSG:28992", 1000.0), ("EPSG:28992", 1e5), ("EPSG:32633", 1e5)] {
        let spots: Vec<Spot> = (0..300)
            .map(|i| Spot {
                x: (f64::from(i) * 37.7 % 360.0 - 180.0) * scale,
                y: (f64::from(i) * 17.3 % 178.0 - 89.0) * scale,
                group: format!("g{}", i % 12),
            })
            .collect();
        let (record, rows) = regression(&spots, Some(crs));
        check(&figure::all(&record, &rows));
    }
}

fn renamed(record: &mut Record, name: &str) {
    if let Task::Regression { target, unit } = &mut record.task {
        *target = name.to_owned();
        *unit = Unit::new(name);
    }
    record.chosen.model = name.to_owned();
    record.designs[0].label = name.to_owned();
    record.designs[0].description = name.to_owned();
    for m in &mut record.models {
        m.runs[0].design = name.to_owned();
    }
    record.models[2].name = name.to_owned();
    for f in &mut record.designs[0].folds {
        f.label = name.to_owned();
    }
    for m in &mut record.metrics {
        m.title = name.to_owned();
    }
    if let Some(e) = &mut record.explanation {
        e.internal_kind = name.to_owned();
        e.features.iter_mut().chain(&mut e.groups).for_each(|i| i.name = name.to_owned());
        e.internal.iter_mut().for_each(|i| i.0 = name.to_owned());
        for (i, x) in e.effects.iter_mut().enumerate() {
            x.feature = format!("{name}{i}");
        }
    }
    if let Some(i) = &mut record.intervals {
        i.method = name.to_owned();
    }
}

#[test]
fn hostile_and_endless_names_are_escaped_and_shortened() {
    let endless = "a name that never ends ".repeat(20);
    for name in ["<script>alert(1)</script>", "\"><svg onload='x'>&amp;\u{0}\u{E001}", endless.trim(), "Ωß漢字", "x"] {
        let (mut record, rows) = regression(&glaciers(30), Some("EPSG:4326"));
        renamed(&mut record, name);
        check(&figure::all(&record, &rows));
    }
    let (mut record, rows) = classification(&wells(), Some("EPSG:32631"));
    if let Task::Classification { names, target, .. } = &mut record.task {
        names
            .iter_mut()
            .enumerate()
            .for_each(|(i, n)| *n = format!("<script> class {i} with a very long name indeed, longer than any label"));
        *target = "<script>".into();
    }
    check(&figure::all(&record, &rows));
}

#[test]
fn scores_that_do_not_exist_are_left_out() {
    let (mut record, rows) = regression(&glaciers(30), Some("EPSG:4326"));
    for s in record.models.iter_mut().flat_map(|m| &mut m.runs).flat_map(|r| &mut r.scores) {
        (s.mean, s.pooled, s.sd) = (None, None, None);
        s.folds.iter_mut().for_each(|f| *f = None);
    }
    record.explanation = None;
    record.intervals = None;
    record.applicability = None;
    let figures = figure::all(&record, &rows);
    check(&figures);
    assert_eq!(names(&figures), ["observed-predicted", "map-residuals", "residuals", "folds", "map-folds", "distribution"]);
    record.designs.clear();
    record.models.clear();
    record.metrics.clear();
    check(&figure::all(&record, &rows));
}

#[test]
fn a_tree_is_drawn_as_far_as_it_can_be_read_and_told_in_words() {
    let (numbers, classes) = (regression(&glaciers(30), Some("EPSG:4326")), classification(&wells(), Some("EPSG:32631")));
    for (mut record, rows) in [numbers, classes] {
        let outputs = if let Task::Classification { names, .. } = &record.task { names.len() } else { 1 };
        record.data.columns[1].name = "temp_07".into();
        for depth in 1..8 {
            record.tree = Some(tree(depth, outputs, "temp_07"));
            record.data.columns[1].missing = depth % 2;
            let figures = figure::all(&record, &rows);
            check(&figures);
            let drawn = figures.iter().find(|f| f.name == "tree").expect("a tree is drawn");
            // Lines end at as many boxes as there are nodes but the root.
            let shown = (1 << (depth.min(5) + 1)) - 2;
            assert_eq!(drawn.svg.matches(">yes<").count() + drawn.svg.matches(">no<").count(), shown);
            assert_eq!(drawn.caption.contains("split further, which is not drawn"), depth > 5, "{}", drawn.caption);
            assert_eq!(drawn.svg.contains("or missing"), depth % 2 == 1);
            assert!(
                drawn.svg.contains("≤\u{A0}12.4") && drawn.alt.contains("temp_07 ≤\u{A0}12.4") && drawn.alt.contains("yr⁻¹"),
                "{}",
                drawn.alt
            );
            let page = page::page(&record, &rows, &figures);
            assert!(page.contains("The leaves of the tree in words") && page.contains("temp_07 ≤\u{A0}12.4"));
            assert_eq!(page.contains("the first 64 of 128"), depth == 7);
            assert_eq!(page.contains("temp_07 &gt;\u{A0}12.4"), depth < 7, "the right half comes behind the first 64 leaves");
        }
        record.tree = Some(tree(6, outputs, "<script>alert(1)</script> and a name that never ends, longer than any box"));
        check(&figure::all(&record, &rows));
        let mut loose = tree(2, outputs, "x");
        loose.nodes[1].split.as_mut().expect("a split").left = 0;
        for odd in [loose, tree(0, outputs, "x"), esker_core::DecisionTree::default()] {
            record.tree = Some(odd);
            let figures = figure::all(&record, &rows);
            assert!(figures.iter().all(|f| f.name != "tree"));
            assert!(!page::page(&record, &rows, &figures).contains("leaves of the tree"));
        }
    }
}
