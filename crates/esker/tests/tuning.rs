//! Tuning as a whole run does it: the same on any number of threads, taken up again after a stop, blind to what is held out, bounded by time.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use esker::record::Tuning;
use esker::{Context, Fault, Outcome, Plan, Progress, Recipe, record_json};
use esker_core::{Codes, Column, Range, Rng, Setting, Table};

const RECIPE: &str = r#"
title = "tuned"
[data]
source = "none"
[roles]
target = "y"
group = "site"
features = ["a", "b", "c"]
[validate]
design = "group"
folds = 3
[[model]]
MODEL
[explain]
importance = false
effects = 0
"#;

fn table() -> Table {
    let mut rng = Rng::new(3);
    let n = 180;
    let mut draw = || (0..n).map(|_| rng.normal()).collect::<Vec<f64>>();
    let (a, b, c, noise) = (draw(), draw(), draw(), draw());
    let y = (0..n).map(|i| a[i] + 0.8 * b[i] * b[i] - 0.5 * a[i] * c[i] + 0.3 * noise[i]).collect();
    let site: Vec<Option<String>> = (0..n).map(|i| Some(format!("s{}", i / 6))).collect();
    Table::new(vec![
        Column::real("a", "m", a),
        Column::real("b", "m", b),
        Column::real("c", "m", c),
        Column::class("site", Codes::from_labels(&site)),
        Column::real("y", "m", y),
    ])
    .unwrap()
}

fn plan(model: &str, seed: u64) -> Plan {
    let text = RECIPE.replace("MODEL", model);
    let mut recipe = Recipe::parse("recipe.toml", &text).unwrap_or_else(|f| panic!("{f}"));
    recipe.seed = seed;
    Plan::new(recipe, table(), None).unwrap_or_else(|f| panic!("{f}"))
}

fn tunings(outcome: &Outcome) -> &[Tuning] {
    &outcome.record.models[0].tuning
}

const BOOSTING: &str = "kind = \"boosting\"\ntrees = 15\ntune = { trials = 14, search = { rate = [0.01, 0.5], bins = [8, 64] } }";

#[test]
fn the_same_seed_gives_the_same_record_on_one_thread_and_on_two() {
    for model in [BOOSTING, "kind = \"neighbours\"\ntune = { trials = 12, method = \"random\" }"] {
        let run = |seed, threads| plan(model, seed).run(&plan(model, seed).context(threads)).unwrap();
        let (one, two, other) = (run(1, 1), run(1, 2), run(2, 2));
        assert_eq!(record_json(&one.record).unwrap(), record_json(&two.record).unwrap());
        assert_eq!(one.model.to_bytes(), two.model.to_bytes());
        assert_ne!(tunings(&one), tunings(&other));
    }
}

#[test]
fn the_record_tells_every_candidate_in_its_space() {
    let plan = plan(BOOSTING, 1);
    let outcome = plan.run(&plan.context(2)).unwrap();
    assert_eq!(tunings(&outcome).len(), 4, "three folds and all rows");
    for t in tunings(&outcome) {
        let names: Vec<&str> = t.spaces.iter().map(|s| s.parameter.as_str()).collect();
        assert!(names.contains(&"rate") && names.contains(&"bins") && !names.contains(&"trees"), "{names:?}");
        let rate = &t.spaces[names.iter().position(|n| *n == "rate").unwrap()].range;
        assert_eq!(*rate, Range::Real { low: 0.01, high: 0.5, log: true }, "log stays log");
        assert_eq!((t.candidates.len(), t.trials, t.folds, t.time_ended), (14, 14, 3, false));
        assert_eq!(t.candidates.iter().map(|c| c.scores.len()).sum::<usize>(), t.fits);
        assert!(t.candidates.iter().any(|c| c.dropped) && !t.candidates[0].dropped);
        let chosen = t.candidates.iter().find(|c| c.chosen).unwrap();
        for (space, value) in t.spaces.iter().zip(&chosen.values) {
            assert_eq!(t.chosen.get(&space.parameter), Some(value));
        }
        let mean = chosen.scores.iter().flatten().sum::<f64>() / chosen.scores.len() as f64;
        assert!((mean - t.score).abs() < 1e-12 && t.score <= t.default_score);
        for c in t.candidates.iter().skip(1) {
            for (space, value) in t.spaces.iter().zip(&c.values) {
                let inside = match (&space.range, value) {
                    (Range::Real { low, high, .. }, Setting::Real(v)) => (low..=high).contains(&v),
                    (Range::Whole { low, high, .. }, Setting::Integer(v)) => (low..=high).contains(&v),
                    (Range::Choice { values }, v) => values.contains(v),
                    _ => false,
                };
                assert!(inside, "{} = {value}", space.parameter);
            }
        }
    }
}

/// Stops the run at its n-th look at the progress, or after n candidates were kept.
struct Stopper {
    flag: Arc<AtomicBool>,
    left: AtomicUsize,
}

impl Progress for Stopper {
    fn begin(&self, _: &str, _: usize) {}

    fn step(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.flag.store(true, Ordering::Relaxed);
        }
    }

    fn end(&self) {}
}

fn stopped(plan: &Plan, folder: &Path, steps: usize) -> esker::Error {
    let flag = Arc::new(AtomicBool::new(false));
    let stopper = Stopper { flag: Arc::clone(&flag), left: AtomicUsize::new(steps) };
    let cx: Context = plan.context(2).watched(Arc::new(stopper), flag);
    plan.run_kept(folder, &cx).err().unwrap()
}

#[test]
fn a_run_that_was_stopped_ends_as_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("run");
    let plan_of = |seed| plan(BOOSTING, seed);
    let whole = plan_of(1).run(&plan_of(1).context(2)).unwrap();
    for steps in [1, 2, 3] {
        let error = stopped(&plan_of(1), &target, steps);
        assert_eq!(error.fault, Fault::Cancelled);
        assert!(error.to_string().contains("takes up tuning"), "{error}");
    }
    let journal = folder.path().join(".run.tuning");
    let kept = std::fs::read(&journal).unwrap();
    // Killed while it wrote a line.
    std::fs::write(&journal, &kept[..kept.len() - 7]).unwrap();
    let outcome = plan_of(1).run_kept(&target, &plan_of(1).context(1)).unwrap();
    let fits: usize = tunings(&whole).iter().map(|t| t.fits).sum();
    assert!(outcome.taken_up > fits / 3 && outcome.taken_up < fits, "{} of {fits}", outcome.taken_up);
    assert_eq!(record_json(&outcome.record).unwrap(), record_json(&whole.record).unwrap());
    assert_eq!(outcome.model.to_bytes(), whole.model.to_bytes());
    // Everything is known now.
    assert_eq!(plan_of(1).run_kept(&target, &plan_of(1).context(2)).unwrap().taken_up, fits);
    // Another seed, another recipe, other data: nothing is taken up.
    assert_eq!(plan_of(2).run_kept(&target, &plan_of(2).context(2)).unwrap().taken_up, 0);
    assert_eq!(plan_of(1).run_kept(&target, &plan_of(1).context(2)).unwrap().taken_up, 0);
    let other = Plan::new(Recipe::parse("recipe.toml", &RECIPE.replace("MODEL", BOOSTING)).unwrap(), changed(), None).unwrap();
    assert_eq!(other.run_kept(&target, &other.context(2)).unwrap().taken_up, 0);
}

fn changed() -> Table {
    let mut table = table();
    let mut y = table.column("y").unwrap().reals().unwrap().to_vec();
    y[17] += 0.25;
    table.put(Column::real("y", "m", y)).unwrap();
    table
}

#[test]
fn what_is_held_out_never_reaches_tuning() {
    let run = |table: Table| {
        let plan = Plan::new(Recipe::parse("recipe.toml", &RECIPE.replace("MODEL", BOOSTING)).unwrap(), table, None).unwrap();
        plan.run(&plan.context(2)).unwrap()
    };
    let before = run(table());
    let fold = before.rows.fold[0];
    let mut table = table();
    let y = table.column("y").unwrap().reals().unwrap();
    let turned = y.iter().enumerate().map(|(i, v)| if before.rows.fold[i] == fold { 9.0 - 4.0 * v } else { *v }).collect();
    table.put(Column::real("y", "m", turned)).unwrap();
    let after = run(table);
    let at = fold.unwrap() as usize;
    for (f, (a, b)) in tunings(&before).iter().zip(tunings(&after)).enumerate() {
        assert_eq!(a == b, f == at, "only the fold whose targets were turned tunes as before");
    }
}

#[test]
fn tuning_finds_no_skill_in_a_shuffled_target() {
    let mut table = table();
    let mut y = table.column("y").unwrap().reals().unwrap().to_vec();
    Rng::new(9).shuffle(&mut y);
    table.put(Column::real("y", "m", y)).unwrap();
    let plan = Plan::new(Recipe::parse("recipe.toml", &RECIPE.replace("MODEL", BOOSTING)).unwrap(), table, None).unwrap();
    let outcome = plan.run(&plan.context(2)).unwrap();
    let r2 = outcome.record.models[0].runs[0].scores.iter().find(|s| s.metric == "r2").and_then(|s| s.pooled).unwrap();
    assert!(r2 < 0.1, "R² {r2}");
}

#[test]
fn when_the_minutes_are_over_a_note_says_so() {
    let model = "kind = \"forest\"\ntrees = 300\ntune = { minutes = 0.01 }";
    let plan = plan(model, 1);
    let outcome = plan.run(&plan.context(2)).unwrap();
    assert!(tunings(&outcome).iter().any(|t| t.time_ended && t.trials < 10_000));
    assert!(tunings(&outcome).iter().all(|t| t.candidates[0].scores.len() == t.folds && t.score <= t.default_score));
    let note = outcome.record.notes.iter().find(|n| n.code == "tuning-time").unwrap();
    assert!(note.text.contains("forest") && note.text.contains("0.01 minutes") && note.text.contains("may"), "{}", note.text);
}

#[test]
fn without_halving_all_candidates_are_judged_on_all_folds_and_all_rows_are_tuned_alone() {
    let plan = plan("kind = \"ridge\"\ntune = { trials = 9, halving = false }", 1);
    let cx = plan.context(2);
    let found = plan.tune("ridge", &cx).unwrap().unwrap();
    assert_eq!((found.fits, found.trials), (27, 9));
    let outcome = plan.run(&cx).unwrap();
    assert_eq!(tunings(&outcome).last(), Some(&found), "as for the final fit");
    assert!(plan.tune("rigde", &cx).is_err());
}

#[test]
fn early_stopping_counts_the_trees_with_and_without_tuning() {
    let plan_of = |more: &str| plan(&format!("kind = \"boosting\"\ntrees = 400\nrate = 0.2\nearly_stopping = 10\n{more}"), 1);
    let plain = plan_of("");
    let outcome = plain.run(&plain.context(2)).unwrap();
    for t in tunings(&outcome) {
        let trees = t.chosen.get("trees").cloned();
        assert_eq!((t.trials, t.fits, t.steps.as_deref(), t.spaces.len()), (1, 3, Some("trees"), 0));
        assert_eq!(trees, t.candidates[0].steps.map(|s| Setting::Integer(s as i64)));
        assert!((2..200).contains(&t.candidates[0].steps.unwrap()), "{trees:?}");
    }
    let all_rows = tunings(&outcome).last().unwrap();
    assert_eq!(outcome.record.chosen.settings, all_rows.chosen);
    // The same number of trees, given by hand, is judged the same on the inner folds.
    let trees = all_rows.candidates[0].steps.unwrap();
    let by_hand = plan(&format!("kind = \"boosting\"\ntrees = {trees}\nrate = 0.2\ntune = {{ trials = 2 }}"), 1);
    let judged = by_hand.tune("boosting", &by_hand.context(1)).unwrap().unwrap();
    assert_eq!(judged.candidates[0].scores, all_rows.candidates[0].scores);

    let tuned = plan_of("tune = { trials = 6 }");
    let outcome = tuned.run(&tuned.context(2)).unwrap();
    for t in tunings(&outcome) {
        assert!(t.spaces.iter().all(|s| s.parameter != "trees") && t.candidates.iter().all(|c| c.steps.is_some()));
        assert_eq!(t.chosen.get("trees"), Some(&Setting::Integer(t.candidates.iter().find(|c| c.chosen).unwrap().steps.unwrap() as i64)));
    }
}
