//! The suite of splitters.

use std::collections::HashSet;

use esker_core::{Codes, Fold, MISSING, Places, Rng, Splitter, Support};

use crate::data::shuffled;

/// What a design claims of its folds, beyond what every design owes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
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
    /// No row learned from is nearer on the ground than so many metres to a row judged on; 0 claims nothing.
    pub buffer: f64,
    /// No row learned from is less than so many days from a row judged on; 0 claims nothing.
    pub days_apart: f64,
    /// Every row is learned from, judged on or left out in every fold.
    pub accounted: bool,
    /// Rows in another order make the same folds of the same rows.
    pub permutes: bool,
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
    if claims.permutes {
        permuted(name, splitter, support, &folds);
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

/// Rows in another order make the same folds, whatever their order and labels.
fn permuted(name: &str, splitter: &dyn Splitter, support: &Support, folds: &[Fold]) {
    let order = shuffled(support.rows, 3);
    let other = splitter.folds(&support.select(&order), &mut Rng::new(1));
    let other = other.unwrap_or_else(|e| panic!("{name}: it refuses the rows in another order: {e}"));
    let back = |rows: &[usize]| {
        let mut rows: Vec<usize> = rows.iter().map(|&r| order[r]).collect();
        rows.sort_unstable();
        rows
    };
    let mut was: Vec<_> = folds.iter().map(|f| (f.test.clone(), f.train.clone(), f.left_out.clone())).collect();
    let mut is: Vec<_> = other.iter().map(|f| (back(&f.test), back(&f.train), back(&f.left_out))).collect();
    was.sort();
    is.sort();
    assert!(was == is, "{name}: rows in another order make other folds");
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
    if claims.accounted {
        let held = fold.train.len() + fold.test.len() + fold.left_out.len();
        assert_eq!(held, support.rows, "{on}: rows are in none of the lists");
    }
    if claims.buffer > 0.0 {
        let places = support.place.as_ref().unwrap_or_else(|| panic!("{name}: a buffer is claimed, but the support has no place"));
        for &judged in &fold.test {
            let near = fold.train.iter().find(|&&r| metres(places, judged, r) < claims.buffer * (1.0 - 1e-9));
            assert!(near.is_none(), "{on}: it learns from row {near:?} within the buffer of row {judged}");
        }
    }
    if claims.days_apart > 0.0 {
        let days = &support.time.as_ref().unwrap_or_else(|| panic!("{name}: a gap is claimed, but the support has no time")).days;
        for &judged in &fold.test {
            let near = fold.train.iter().find(|&&r| (days[judged] - days[r]).abs() < claims.days_apart);
            assert!(near.is_none(), "{on}: it learns from row {near:?} within the gap of row {judged}");
        }
    }
    if claims.strata_within > 0 {
        let strata = support.strata.as_ref().unwrap_or_else(|| panic!("{name}: strata are claimed, but the support has none"));
        balanced(&on, claims.strata_within, fold, strata);
    }
}

/// Metres between two places: straight on a plane, else along the great circle of a sphere of 6371.0088 km (haversine).
fn metres(places: &Places, a: usize, b: usize) -> f64 {
    let (x, y) = (places.x(), places.y());
    if !places.crs().is_degrees() {
        return (x[a] - x[b]).hypot(y[a] - y[b]);
    }
    let half = |v: f64| (0.5 * v.to_radians()).sin().powi(2);
    let h = half(y[a] - y[b]) + y[a].to_radians().cos() * y[b].to_radians().cos() * half(x[a] - x[b]);
    2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
}

fn balanced(on: &str, within: usize, fold: &Fold, strata: &Codes) {
    let share = fold.test.len() as f64 / strata.len() as f64;
    let here = strata.select(&fold.test).counts();
    for (level, (all, here)) in strata.levels().iter().zip(strata.counts().into_iter().zip(here)) {
        let due = all as f64 * share;
        assert!((here as f64 - due).abs() < within as f64, "{on}: stratum '{level}' has {here} test rows, {due:.1} are its share");
    }
}
