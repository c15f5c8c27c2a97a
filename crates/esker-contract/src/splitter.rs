//! The suite of splitters.

use std::collections::HashSet;

use esker_core::{Codes, Fold, MISSING, Rng, Splitter, Support};

/// What a design claims of its folds, beyond what every design owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claims {
    /// Every row is tested exactly once.
    pub complete: bool,
    /// No group has rows on both sides of a fold.
    pub groups_whole: bool,
    /// Everything learned from is earlier than everything judged on.
    pub ordered: bool,
    /// Each stratum's share of the test rows differs from its share of all rows by less than this many rows a fold
    /// and stratum; 0 claims nothing.
    pub strata_within: usize,
}

/// Runs every law of [`Splitter`] on one support.
///
/// Folds have rows on both sides; their lists are sorted, in range and disjoint; labels are unique; the same random
/// stream gives the same folds; and what `claims` adds.
///
/// # Panics
/// With the law that was broken.
pub fn splitter(name: &str, claims: Claims, splitter: &dyn Splitter, support: &Support) {
    let cut =
        |seed| splitter.folds(support, &mut Rng::new(seed)).unwrap_or_else(|e| panic!("{name}: it refuses a support it can carry: {e}"));
    let folds = cut(1);
    assert!(folds == cut(1), "{name}: the same random stream gives other folds");
    assert!(!splitter.describe().is_empty(), "{name}: it does not describe itself");
    assert!(!folds.is_empty(), "{name}: there is no fold");
    let labels: HashSet<&str> = folds.iter().map(|f| f.label.as_str()).collect();
    assert_eq!(labels.len(), folds.len(), "{name}: labels of folds are unique");
    for fold in folds.iter().chain(&cut(2)) {
        owed(name, fold, support.rows);
        claimed(name, claims, fold, support);
    }
    if claims.complete {
        for folds in [&folds, &cut(2)] {
            let mut tested = vec![0; support.rows];
            folds.iter().flat_map(|f| &f.test).for_each(|&r| tested[r] += 1);
            if let Some(row) = tested.iter().position(|&n| n != 1) {
                panic!("{name}: row {row} is tested {} times, each row is tested once", tested[row]);
            }
        }
    }
    for note in splitter.notes(support, &folds) {
        assert!(!note.code.is_empty() && !note.text.is_empty(), "{name}: an empty note");
    }
}

/// Asserts that a design refuses a support which cannot carry it, and says so with numbers or names.
///
/// # Panics
/// It cuts folds all the same.
pub fn refuses(name: &str, splitter: &dyn Splitter, support: &Support) {
    match splitter.folds(support, &mut Rng::new(1)) {
        Ok(folds) => panic!("{name}: it cuts {} folds from a support that cannot carry them", folds.len()),
        Err(error) => assert!(error.rule.is_some() || error.got.is_some(), "{name}: the refusal gives neither value nor rule: {error}"),
    }
}

fn owed(name: &str, fold: &Fold, rows: usize) {
    let on = format!("{name}, {}", fold.label);
    assert!(!fold.train.is_empty(), "{on}: nothing to learn from");
    assert!(!fold.test.is_empty(), "{on}: nothing to judge on");
    let mut seen = vec![false; rows];
    for (part, list) in [("train", &fold.train), ("test", &fold.test), ("left_out", &fold.left_out)] {
        assert!(list.windows(2).all(|w| w[0] < w[1]), "{on}: '{part}' is not sorted, or has a row twice");
        for &row in list {
            assert!(row < rows, "{on}: '{part}' has row {row} of {rows}");
            assert!(!seen[row], "{on}: row {row} is in two of the lists");
            seen[row] = true;
        }
    }
}

fn claimed(name: &str, claims: Claims, fold: &Fold, support: &Support) {
    let on = format!("{name}, {}", fold.label);
    if claims.groups_whole {
        let group = support.group.as_ref().unwrap_or_else(|| panic!("{name}: groups are claimed whole, but the support has none"));
        let of = |rows: &[usize]| rows.iter().map(|&r| group.codes()[r]).filter(|&c| c != MISSING).collect::<HashSet<_>>();
        if let Some(&both) = of(&fold.train).intersection(&of(&fold.test)).min() {
            panic!("{on}: group '{}' is on both sides", group.levels()[both as usize]);
        }
    }
    if claims.ordered {
        let days = &support.time.as_ref().unwrap_or_else(|| panic!("{name}: order is claimed, but the support has no time")).days;
        let last = fold.train.iter().map(|&r| days[r]).fold(f64::NEG_INFINITY, f64::max);
        let first = fold.test.iter().map(|&r| days[r]).fold(f64::INFINITY, f64::min);
        assert!(last < first, "{on}: it learns from day {last} to judge on day {first}");
    }
    if claims.strata_within > 0 {
        let strata = support.strata.as_ref().unwrap_or_else(|| panic!("{name}: strata are claimed, but the support has none"));
        balanced(&on, claims.strata_within, fold, strata);
    }
}

fn balanced(on: &str, within: usize, fold: &Fold, strata: &Codes) {
    let share = fold.test.len() as f64 / strata.len() as f64;
    let here = strata.select(&fold.test).counts();
    for (level, (all, here)) in strata.levels().iter().zip(strata.counts().into_iter().zip(here)) {
        let due = all as f64 * share;
        assert!((here as f64 - due).abs() < within as f64, "{on}: stratum '{level}' has {here} test rows, {due:.1} are its share");
    }
}
