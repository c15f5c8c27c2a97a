//! Methods of prediction intervals through the whole run: held-out rows, new rows from the saved model, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::record::{CoverageBy, Intervals, Rows};
use esker::{LoadedModel, Plan, Recipe};
use esker_core::{Column, Rng, Table, Unit};

const RECIPE: &str = r#"
title = "intervals"
[data]
source = "none"
[roles]
target = { column = "y", unit = "m" }
place = { x = "east", y = "north", crs = "EPSG:32632" }
time = "day"
features = ["a", "b"]
[validate]
DESIGN
[[model]]
MODEL
[intervals]
level = 0.9
METHOD
[explain]
importance = false
applicability = false
"#;
const RIDGE: &str = "kind = \"ridge\"";
const QUANTILES: &str = "kind = \"boosting\"\ntrees = 40\nleaves = 6\nspread = \"quantiles\"\nlevel = 0.8";
const RANDOM: &str = "design = \"random\"\nfolds = 5";
const FORWARD: &str = "design = \"forward\"\nfolds = 8";

/// `n` rows in two regions 100 km apart, noise five times as large in the east; and growing over eight years where `grows`.
fn table(n: usize, seed: u64, grows: bool) -> Table {
    let mut rng = Rng::new(seed);
    let a: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let b: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let east: Vec<f64> = (0..n).map(|i| 20_000.0 * rng.uniform() + if i % 2 == 1 { 100_000.0 } else { 0.0 }).collect();
    let north: Vec<f64> = (0..n).map(|_| 20_000.0 * rng.uniform()).collect();
    let days: Vec<f64> = (0..n).map(|i| 10_957.0 + (i * 2922 / n) as f64).collect();
    let size = |i: usize| match grows {
        true => 0.2 + (i * 4 / n) as f64,
        false => {
            if east[i] > 50_000.0 {
                1.0
            } else {
                0.2
            }
        }
    };
    let y = (0..n).map(|i| a[i] + 0.5 * b[i] + size(i) * rng.normal()).collect();
    let mut day = Column::real("day", "", days);
    day.unit = Unit::new("days since 1970-01-01");
    let real = |name: &str, values| Column::real(name, "m", values);
    Table::new(vec![real("a", a), real("b", b), real("east", east), real("north", north), day, real("y", y)]).unwrap()
}

struct Ran {
    intervals: Intervals,
    rows: Rows,
    model: Vec<u8>,
}

fn recipe(design: &str, model: &str, method: &str) -> String {
    RECIPE.replace("DESIGN", design).replace("MODEL", model).replace("METHOD", method)
}

fn run(table: Table, design: &str, model: &str, method: &str) -> Ran {
    let plan = Plan::new(Recipe::parse("recipe.toml", &recipe(design, model, method)).unwrap(), table, None)
        .unwrap_or_else(|e| panic!("{method}: {e}"));
    let outcome = plan.run(&plan.context(2)).unwrap();
    let model = outcome.model.to_bytes();
    Ran { intervals: outcome.record.intervals.unwrap_or_else(|| panic!("{method}: {:?}", outcome.record.notes)), rows: outcome.rows, model }
}

/// Ends for new rows from the model's file.
fn new_rows(ran: &Ran, table: &Table) -> (Vec<f64>, Vec<f64>) {
    let model = LoadedModel::from_bytes("model.esker", &ran.model).unwrap();
    let said = model.predict(table.clone(), &esker_core::Context::new(1, 2)).unwrap().table;
    let column = |name: &str| said.column(name).unwrap().reals().unwrap().to_vec();
    (column("y_low"), column("y_high"))
}

fn share((low, high): &(Vec<f64>, Vec<f64>), table: &Table, rows: impl Fn(usize) -> bool) -> f64 {
    let y = table.column("y").unwrap().reals().unwrap();
    let all: Vec<usize> = (0..y.len()).filter(|&i| rows(i)).collect();
    all.iter().filter(|&&i| (low[i]..=high[i]).contains(&y[i])).count() as f64 / all.len() as f64
}

fn by<'a>(intervals: &'a Intervals, name: &str) -> &'a CoverageBy {
    intervals.by.iter().find(|b| b.by == name).unwrap_or_else(|| panic!("no coverage by {name}"))
}

#[test]
fn every_method_covers_held_out_and_new_rows_as_often_as_it_says() {
    let new = table(2000, 2, false);
    for (name, model, method) in [
        ("CV+", RIDGE, ""),
        ("CV-minmax", RIDGE, "method = \"minmax\""),
        ("CQR", QUANTILES, "method = \"cqr\""),
        ("spatial conformal", RIDGE, "method = \"spatial\"\nneighbours = 80"),
        ("spatial conformal", RIDGE, "method = \"spatial\"\nbandwidth = 10"),
    ] {
        let ran = run(table(800, 1, false), RANDOM, model, method);
        let i = &ran.intervals;
        assert_eq!((i.method.as_str(), i.without), (name, 0), "{method}");
        assert!((i.coverage - 0.9).abs() < 0.03, "{method}: {} of held-out rows", i.coverage);
        let ends = new_rows(&ran, &new);
        let covered = share(&ends, &new, |_| true);
        assert!((covered - 0.9).abs() < 0.03, "{method}: {covered} of new rows");
        let width = ends.0.iter().zip(&ends.1).map(|(l, h)| h - l).sum::<f64>() / 2000.0;
        assert!((width / i.width - 1.0).abs() < 0.15, "{method}: width {width} of new rows, {} of held-out ones", i.width);
        for breakdown in ["region", "period", "predicted", "observed"] {
            let parts = &by(i, breakdown).parts;
            assert_eq!(parts.iter().map(|p| p.rows).sum::<usize>(), 800, "{method} {breakdown}");
            let inside: f64 = parts.iter().map(|p| p.coverage * p.rows as f64).sum();
            assert!((inside / 800.0 - i.coverage).abs() < 1e-12, "{method} {breakdown}");
        }
        // Regions: only the method that knows places is right in both.
        let (west, east) = (share(&ends, &new, |r| r % 2 == 0), share(&ends, &new, |r| r % 2 == 1));
        let few = by(i, "region").parts.iter().filter(|p| p.p < 0.05).count();
        if name == "spatial conformal" {
            assert!((west - 0.9).abs() < 0.04 && (east - 0.9).abs() < 0.04 && few == 0, "{method}: {west} {east}, {few} accused");
        } else if model == RIDGE {
            assert!(west > 0.97 && east < 0.84 && few > 0, "{method}: {west} {east}, {few} accused");
        }
    }
}

#[test]
fn places_that_nobody_knows_have_no_interval_nor_do_rows_without_a_place() {
    let mut far = table(20, 3, false);
    let mut east = far.column("east").unwrap().reals().unwrap().to_vec();
    (east[0], east[1]) = (9e6, f64::NAN);
    far.put(Column::real("east", "m", east)).unwrap();
    let (low, _) = new_rows(&run(table(400, 1, false), RANDOM, RIDGE, "method = \"spatial\"\nbandwidth = 10"), &far);
    assert!(low[0].is_nan() && low[1].is_nan() && low[2..].iter().all(|v| v.is_finite()), "{low:?}");
    let model = run(table(400, 1, false), RANDOM, RIDGE, "method = \"spatial\"").model;
    let model = LoadedModel::from_bytes("model.esker", &model).unwrap();
    let bare = Table::new(far.columns().iter().filter(|c| c.name != "north").cloned().collect()).unwrap();
    let error = model.predict(bare, &esker_core::Context::new(1, 1)).err().unwrap();
    insta::assert_snapshot!(error, @"
column 'north': got no such column; the model's intervals come from training rows nearby, so rows need their places
  hint: add it, in EPSG:32632
");
}

#[test]
fn a_series_learns_from_folds_before_and_knows_nothing_of_its_own() {
    let method = "method = \"sequence\"\nrate = 0.05\nwindow = 200";
    let ran = run(table(900, 4, true), FORWARD, RIDGE, method);
    let (fold, low) = (&ran.rows.fold, &ran.rows.low);
    let of = |f: u32| (0..900).filter(|&i| fold[i] == Some(f)).collect::<Vec<_>>();
    assert!(of(0).iter().all(|&i| low[i].is_nan()) && of(1).iter().all(|&i| low[i].is_finite()), "the first fold has nothing before it");
    let (tested, none) = (fold.iter().flatten().count(), (0..900).filter(|&i| fold[i].is_some() && low[i].is_nan()).count());
    assert!(ran.intervals.without == none && none >= of(0).len() && none < tested / 2, "{none} of {tested}");
    // One width for all that a fold tests, growing as the errors do.
    let width = |i: usize| ran.rows.high[i] - low[i];
    assert!(of(5).iter().all(|&i| (width(i) - width(of(5)[0])).abs() < 1e-9) && width(of(7)[0]) > 2.0 * width(of(2)[0]));
    // Known time by time, it follows sooner.
    let sooner = run(table(900, 4, true), FORWARD, RIDGE, &format!("{method}\nupdate = \"time\""));
    assert!(
        (sooner.intervals.coverage - 0.9).abs() < (ran.intervals.coverage - 0.9).abs(),
        "{} {}",
        sooner.intervals.coverage,
        ran.intervals.coverage
    );
    // New rows have the width known at the end.
    let (l, h) = new_rows(&ran, &table(50, 5, true));
    assert!(l.iter().zip(&h).all(|(a, b)| (b - a - (h[0] - l[0])).abs() < 1e-9) && h[0] - l[0] > width(of(2)[0]));
    // Sealed: other targets of the fifth fold move no interval of it or of a fold before, to the last bit.
    let mut changed = table(900, 4, true);
    let y = changed.column("y").unwrap().reals().unwrap();
    let moved = (0..900).map(|i| if fold[i] == Some(4) { 30.0 - y[i] } else { y[i] }).collect();
    changed.put(Column::real("y", "m", moved)).unwrap();
    let after = run(changed, FORWARD, RIDGE, method);
    for i in 0..900 {
        let same = (low[i].to_bits(), ran.rows.high[i].to_bits()) == (after.rows.low[i].to_bits(), after.rows.high[i].to_bits());
        assert!(same || fold[i] > Some(4), "row {i} of fold {:?}", fold[i]);
    }
    assert!(of(6).iter().any(|&i| low[i] != after.rows.low[i]), "what was seen is learned from");
}

#[test]
fn the_order_of_rows_does_not_show() {
    let mut order: Vec<usize> = (0..600).collect();
    Rng::new(9).shuffle(&mut order);
    for (design, method) in [
        ("design = \"block\"\nsize = 5\nfolds = 4\nassign = \"systematic\"", "method = \"spatial\"\nneighbours = 40"),
        (FORWARD, "method = \"sequence\""),
        (FORWARD, "method = \"minmax\""),
    ] {
        let one = run(table(600, 6, false), design, RIDGE, method);
        let two = run(table(600, 6, false).select(&order), design, RIDGE, method);
        for (k, &i) in order.iter().enumerate() {
            let near = |a: f64, b: f64| a.is_nan() && b.is_nan() || (a - b).abs() < 1e-9;
            assert!(near(one.rows.low[i], two.rows.low[k]) && near(one.rows.high[i], two.rows.high[k]), "{method}: row {i}");
        }
        for (a, b) in one.intervals.by.iter().zip(&two.intervals.by) {
            let counts = |c: &CoverageBy| c.parts.iter().map(|p| (p.name.clone(), p.rows, p.coverage)).collect::<Vec<_>>();
            assert_eq!(counts(a), counts(b), "{method}");
        }
    }
}

#[test]
fn what_a_method_cannot_be_had_of_is_refused() {
    let bare = |text: &str, line: &str| text.lines().filter(|l| !l.starts_with(line)).collect::<Vec<_>>().join("\n");
    let told = |case: &str, text: &str, words: &[&str]| {
        let said = match Recipe::parse("recipe.toml", text) {
            Err(e) => e.to_string(),
            Ok(recipe) => match Plan::new(recipe, table(120, 7, false), None) {
                Err(e) => e.to_string(),
                Ok(plan) => {
                    let notes = plan.run(&plan.context(1)).unwrap().record.notes;
                    notes.iter().filter(|n| n.code == "no-intervals").map(|n| n.text.clone()).collect()
                }
            },
        };
        words.iter().for_each(|w| assert!(said.contains(w), "{case}: '{w}' is not in\n{said}"));
    };
    told(
        "a method nobody knows",
        &recipe(RANDOM, RIDGE, "method = \"cvr\""),
        &["no such method of intervals is known", "did you mean 'cv+'?"],
    );
    told(
        "settings of another method",
        &recipe(RANDOM, RIDGE, "method = \"cv+\"\nbandwidth = 3\nwindow = 9"),
        &["it is a setting of method = \"spatial\"", "it is a setting of method = \"sequence\""],
    );
    told(
        "neighbours and a bandwidth",
        &recipe(RANDOM, RIDGE, "method = \"spatial\"\nbandwidth = 3\nneighbours = 50"),
        &["either neighbours or a bandwidth is given, not both"],
    );
    told(
        "an update nobody knows",
        &recipe(RANDOM, RIDGE, "method = \"sequence\"\nupdate = \"folds\""),
        &["no such update of intervals is known", "did you mean 'fold'?"],
    );
    told(
        "jackknife+ on folds of many rows",
        &recipe(RANDOM, RIDGE, "method = \"jackknife+\""),
        &["up to 24 rows tested by a fold", "on larger folds it is cv+"],
    );
    told("cqr without quantiles", &recipe(RANDOM, RIDGE, "method = \"cqr\""), &["got model ridge", "spread = \"quantiles\""]);
    told("spatial without places", &bare(&recipe(RANDOM, RIDGE, "method = \"spatial\""), "place"), &["where the rows are must be known"]);
    told(
        "too few neighbours",
        &recipe(RANDOM, RIDGE, "method = \"spatial\"\nneighbours = 5"),
        &["'intervals.neighbours'", "needs at least 9 rows", "more neighbours"],
    );
    told(
        "a sequence without times",
        &bare(&recipe(RANDOM, RIDGE, "method = \"sequence\""), "time"),
        &["when the rows were measured must be known"],
    );
    told(
        "a sequence of folds that know the future",
        &recipe(RANDOM, RIDGE, "method = \"sequence\""),
        &["5 of 5 folds of design 'random'", "design = \"forward\""],
    );
    told(
        "the chosen model says no quantiles",
        &recipe(RANDOM, &format!("{RIDGE}\n[[model]]\n{QUANTILES}"), "method = \"cqr\""),
        &["the chosen model's answers come without quantiles"],
    );
    told(
        "too few rows for the level",
        &recipe("design = \"forward\"\nfolds = 2", RIDGE, "method = \"sequence\"").replace("level = 0.9\n", "level = 0.99\n"),
        &["level 0.99 needs more residuals"],
    );
}

#[test]
fn folds_of_one_row_make_cv_plus_the_jackknife() {
    let design = "design = \"buffer\"\nradius = 1";
    let one = run(table(60, 8, false), design, RIDGE, "method = \"jackknife+\"");
    let two = run(table(60, 8, false), design, RIDGE, "");
    assert_eq!((one.intervals.method.as_str(), one.rows.low), ("jackknife+", two.rows.low));
    assert_eq!(two.intervals.method, "jackknife+");
}
