//! The final hold-out is locked: a run with it is the run on a file that lacks the locked rows, whatever stands in them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker::{Outcome, Plan, Recipe, record_json};
use esker_core::{Codes, Column, Rng, Table, Values};

const RECIPE: &str = r#"
title = "locked"
seed = 3
[data]
source = "none"
[data.derive]
twice = "2 * b"
[data.keep]
rock = ["chalk", "marl", "shale", "tuff"]
[roles]
target = "y"
place = { x = "x", y = "z", crs = "EPSG:32632" }
time = "year"
group = "site"
weight = { column = "w" }
features = ["a", "twice", "rock"]
[validate]
design = "group"
folds = 3
compare = ["random"]
FINAL
[[model]]
kind = "ridge"
tune = { trials = 2 }
[[model]]
kind = "boosting"
trees = 8
[explain]
repeats = 1
"#;

const LOCKS: [&str; 6] = [
    "final = \"random\"",
    "final = { by = \"group\", share = 0.25 }",
    "final = { by = \"group\", group = \"basin\", share = 0.3 }",
    "final = { by = \"block\", size = 3, buffer = 0.5 }",
    "final = { by = \"time\", share = 0.15, gap = 400 }",
    "final = { by = \"random\", share = 0.1, buffer = 0.3 }",
];

/// 160 rows of 40 sites in 8 basins, within 10 km and 40 years. Rock has a class of its own that few rows have.
fn table() -> Table {
    let mut rng = Rng::new(21);
    let n = 160;
    let mut normal = |n: usize| (0..n).map(|_| rng.normal()).collect::<Vec<f64>>();
    let (a, b, noise) = (normal(n), normal(n), normal(n));
    let mut rng = Rng::new(22);
    let rock: Vec<Option<&str>> = (0..n).map(|_| Some(["chalk", "marl", "shale", "tuff"][rng.below(4)])).collect();
    let y = (0..n).map(|i| a[i] + 0.5 * b[i] + f64::from(rock[i] == Some("marl")) + 0.2 * noise[i]).collect();
    let label = |per: usize, letter: &str| Codes::from_labels(&(0..n).map(|i| Some(format!("{letter}{}", i / per))).collect::<Vec<_>>());
    let mut uniform = |low: f64, high: f64| (0..n).map(|_| low + (high - low) * rng.uniform()).collect::<Vec<f64>>();
    Table::new(vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::class("rock", Codes::from_labels(&rock)),
        Column::class("site", label(4, "s")),
        Column::class("basin", label(20, "b")),
        Column::real("x", "m", uniform(500_000.0, 510_000.0)),
        Column::real("z", "m", uniform(5_000_000.0, 5_010_000.0)),
        Column::real("year", "", uniform(1980.0, 2020.0)),
        Column::real("w", "", uniform(0.5, 2.0)),
        Column::real("y", "m", y),
    ])
    .unwrap()
}

fn plan(table: Table, last: &str) -> Plan {
    let text = RECIPE.replace("FINAL", last);
    // The text stands in the record; the law is of everything else.
    let mut recipe = Recipe::parse("recipe.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    recipe.text = String::new();
    Plan::new(recipe, table, None).unwrap_or_else(|e| panic!("{last}: {e}"))
}

fn run(table: Table, last: &str) -> Outcome {
    let plan = plan(table, last);
    plan.run(&plan.context(2)).unwrap()
}

/// Rows of the file that a run knows nothing of, counted from 0.
fn unseen(outcome: &Outcome, rows: usize) -> Vec<usize> {
    (0..rows).filter(|r| !outcome.rows.row.contains(&(r + 1))).collect()
}

/// Every value of some rows that is neither place, time, group nor weight, made another; with classes that nothing else has.
fn changed(table: &Table, rows: &[usize]) -> Table {
    let mut other = table.clone();
    for name in ["a", "b", "y"] {
        let column = table.column(name).unwrap();
        let mut v = column.reals().unwrap().to_vec();
        rows.iter().for_each(|&r| v[r] = if name == "a" && r % 3 == 0 { f64::NAN } else { 1e6 - 7.0 * v[r] });
        other.put(Column { values: Values::Real(v), ..column.clone() }).unwrap();
    }
    let rock = table.column("rock").unwrap().classes().unwrap();
    let labels = (0..table.rows()).map(|r| if rows.contains(&r) { Some("0basalt") } else { rock.label(r) });
    other.put(Column::class("rock", Codes::from_labels(&labels.collect::<Vec<_>>()))).unwrap();
    other
}

#[test]
fn no_byte_depends_on_what_stands_in_locked_rows() {
    let table = table();
    for last in LOCKS {
        let before = run(table.clone(), last);
        let hidden = unseen(&before, table.rows());
        let locked = before.record.data.locked.as_ref().unwrap();
        assert_eq!(hidden.len(), locked.rows + locked.left_out, "{last}");
        assert_eq!(before.record.data.rows_read, 160, "{last}");
        assert_eq!(before.record.data.rows_used + hidden.len(), 160, "{last}");
        // A row that is not kept would be no row of the data at all; its class is allowed here.
        let mut table = changed(&table, &hidden);
        let name = |t: &str| t.replace("\"tuff\"]", "\"tuff\", \"0basalt\"]");
        let text = name(&RECIPE.replace("FINAL", last));
        let mut recipe = Recipe::parse("recipe.toml", &text).unwrap();
        recipe.text = String::new();
        table.notes.clear();
        let plan = Plan::new(recipe, table, None).unwrap();
        let after = plan.run(&plan.context(3)).unwrap();
        assert_eq!(record_json(&before.record).unwrap(), record_json(&after.record).unwrap(), "{last}");
        assert_eq!(before.rows.predicted, after.rows.predicted, "{last}");
        assert!(before.model.to_bytes() == after.model.to_bytes(), "{last}: the model differs");
    }
}

#[test]
fn weights_and_classes_of_locked_rows_tell_nothing_either() {
    let table = table();
    let recipe = |inverse: bool| {
        let text = RECIPE.replace("FINAL", LOCKS[1]).replace("target = \"y\"", "target = { column = \"rock\", kind = \"class\" }");
        let text = text.replace("\"a\", \"twice\", \"rock\"", "\"a\", \"twice\"").replace("kind = \"ridge\"\n", "kind = \"logistic\"\n");
        let text = text.replace("[data.keep]\nrock = [\"chalk\", \"marl\", \"shale\", \"tuff\"]\n", "");
        let text = if inverse { text.replace("weight = { column", "weight = { error") } else { text };
        let mut recipe = Recipe::parse("recipe.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        recipe.text = String::new();
        recipe
    };
    for inverse in [false, true] {
        let go = |table: Table| {
            let plan = Plan::new(recipe(inverse), table, None).unwrap_or_else(|e| panic!("{e}"));
            plan.run(&plan.context(2)).unwrap()
        };
        let before = go(table.clone());
        let hidden = unseen(&before, table.rows());
        let mut other = changed(&table, &hidden);
        let mut w = table.column("w").unwrap().reals().unwrap().to_vec();
        hidden.iter().for_each(|&r| w[r] = 40.0);
        other.put(Column::real("w", "", w)).unwrap();
        let after = go(other);
        assert_eq!(record_json(&before.record).unwrap(), record_json(&after.record).unwrap());
        assert!(before.model.to_bytes() == after.model.to_bytes());
    }
}

#[test]
fn a_run_with_a_lock_is_the_run_on_a_file_without_those_rows() {
    let table = table();
    for last in LOCKS {
        let locked = run(table.clone(), last);
        let open: Vec<usize> = locked.rows.row.iter().map(|r| r - 1).collect();
        let alone = run(table.select(&open), "");
        assert_eq!(locked.record.models, alone.record.models, "{last}");
        assert_eq!(locked.record.explanation, alone.record.explanation, "{last}");
        assert_eq!(locked.record.intervals, alone.record.intervals, "{last}");
        assert_eq!(locked.record.applicability, alone.record.applicability, "{last}");
        assert_eq!(locked.rows.predicted, alone.rows.predicted, "{last}");
    }
}

#[test]
fn the_same_rows_are_locked_whatever_the_seed_and_the_order_of_rows() {
    let table = table();
    let mut order: Vec<usize> = (0..table.rows()).collect();
    Rng::new(4).shuffle(&mut order);
    for last in LOCKS {
        let first = run(table.clone(), last);
        let hidden = unseen(&first, table.rows());
        let turned = run(table.select(&order), last);
        let mut same: Vec<usize> = unseen(&turned, table.rows()).iter().map(|&r| order[r]).collect();
        same.sort_unstable();
        assert_eq!(hidden, same, "{last}");
        let mut recipe = Recipe::parse("recipe.toml", &RECIPE.replace("FINAL", last)).unwrap();
        recipe.seed = 99;
        let plan = Plan::new(recipe, table.clone(), None).unwrap();
        assert_eq!(unseen(&plan.run(&plan.context(2)).unwrap(), table.rows()), hidden, "{last}");
    }
}

#[test]
fn whole_units_are_locked_and_kept_apart() {
    let table = table();
    let of = |last: &str| {
        let outcome = run(table.clone(), last);
        let locked = outcome.record.data.locked.clone().unwrap();
        (unseen(&outcome, table.rows()), outcome.rows.row.iter().map(|r| r - 1).collect::<Vec<usize>>(), locked)
    };
    for (last, column) in [(LOCKS[1], "site"), (LOCKS[2], "basin")] {
        let (hidden, open, locked) = of(last);
        let codes = table.column(column).unwrap().classes().unwrap().codes();
        assert!(hidden.iter().all(|&h| open.iter().all(|&o| codes[h] != codes[o])), "{last}");
        assert!(locked.description.contains(column), "{}", locked.description);
    }
    let (hidden, open, locked) = of(LOCKS[4]);
    let year = table.column("year").unwrap().reals().unwrap();
    let first = hidden.iter().map(|&r| year[r]).fold(f64::INFINITY, f64::min);
    assert!(open.iter().all(|&r| year[r] < first), "a row learned from is later than the gap");
    assert!(locked.left_out > 0 && locked.rows > 10, "{locked:?}");
    let (_, _, locked) = of(LOCKS[5]);
    assert!(locked.left_out > 0, "{locked:?}");
}

#[test]
fn a_shuffled_target_gives_no_skill_beside_a_lock() {
    let table = table();
    let mut y = table.column("y").unwrap().reals().unwrap().to_vec();
    Rng::new(6).shuffle(&mut y);
    let mut shuffled = table.clone();
    shuffled.put(Column::real("y", "m", y)).unwrap();
    let skill = |t: Table| {
        let outcome = run(t, LOCKS[1]);
        let model = outcome.record.models.iter().find(|m| m.name == "ridge").unwrap();
        model.runs[0].scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap()
    };
    assert!(skill(table) > 0.3);
    assert!(skill(shuffled) < 0.1);
}
