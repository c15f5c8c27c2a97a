//! Exploring is stopped without a trace.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use esker::{Context, Explored, Fault, ReadOptions, Silent};

#[test]
fn a_stopped_exploration_leaves_the_page_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (table, page) = (folder.path().join("t.csv"), folder.path().join("t.html"));
    std::fs::write(&table, "a,b\n1,2\n3,5\n4,4\n").unwrap();
    std::fs::write(&page, "before").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let cx = Context::new(0, 1).watched(Arc::new(Silent), Arc::clone(&stop));
    let explored = Explored::read(&table, &ReadOptions::default(), &cx).unwrap();
    stop.store(true, Ordering::Relaxed);
    assert_eq!(explored.write(&page, &cx).unwrap_err().fault, Fault::Cancelled);
    let stopped = Explored::read(&table, &ReadOptions::default(), &cx).map(|_| ()).unwrap_err();
    assert_eq!(stopped.fault(), Fault::Cancelled);
    assert_eq!(std::fs::read_to_string(&page).unwrap(), "before");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

fn explored(text: &str) -> esker_core::exploration::Exploration {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.csv");
    std::fs::write(&file, text).unwrap();
    Explored::read(&file, &ReadOptions::default(), &Context::new(0, 1)).unwrap().exploration
}

/// Rows that are not drawn are counted all the same.
#[test]
fn marks_and_impossible_places_are_counted_in_all_rows() {
    let mut text = String::from("lon,lat,v\n");
    for i in 0..200_000u32 {
        let v = if i % 50_000 == 17 { 999.0 } else { f64::from(i * 7919 % 10_007) / 100.0 };
        let lat = if i % 100_000 == 29 { 146.5 } else { 40.0 + f64::from(i % 997) / 100.0 };
        text.push_str(&format!("{:.2},{lat:.2},{v}\n", 10.0 + f64::from(i % 1009) / 100.0));
    }
    let seen = explored(&text);
    let of = |code: &str| seen.findings.iter().find(|f| f.code == code).unwrap();
    assert!(of("missing-mark").text.contains("in 4 rows") && of("missing-mark").rows == [18, 50_018, 100_018, 150_018]);
    assert!(of("impossible-place").text.starts_with("2 places") && of("impossible-place").rows == [30, 100_030]);
}

#[test]
fn a_depth_is_no_identifier_and_an_id_is() {
    let mut text = String::from("depth_cm,sample_id,solid,n,d18o\n");
    for i in 0..60u32 {
        text.push_str(&format!("{i},{},{},{},{}\n", i + 100, (i * 37) % 61 + 5, i + 1, f64::from(i * i % 17) / 3.0));
    }
    let seen = explored(&text);
    let role = |name: &str| seen.columns.iter().find(|c| c.name == name).unwrap().role.clone();
    assert_eq!(["depth_cm", "sample_id", "solid", "n"].map(role), ["", "identifier", "", "identifier"]);
}

/// Rivers with an estuary: perhaps another unit, but nothing sure.
#[test]
fn two_kinds_of_water_are_no_alarm() {
    let mut text = String::from("conductivity,k\n");
    for i in 0..200u32 {
        let v = if i % 7 == 0 { 30_000.0 + f64::from(i * 97 % 200) * 100.0 } else { 300.0 + f64::from(i * 31 % 200) };
        text.push_str(&format!("{v},{}\n", i * 13 % 29));
    }
    assert!(explored(&text).findings.iter().all(|f| f.weight < esker_core::Weight::Alarm));
}

#[test]
fn the_steps_of_a_recipe_are_done_before_it_is_shown() {
    let recipe = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hintereisferner/recipe.toml");
    let seen = Explored::read(&recipe, &ReadOptions::default(), &Context::new(0, 1)).unwrap().exploration;
    assert!(seen.columns.iter().any(|c| c.name == "pdd"));
    // Rows that steps have made are none of the file.
    assert!(seen.findings.iter().all(|f| f.rows.is_empty()));
}
