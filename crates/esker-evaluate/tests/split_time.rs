//! Designs in time, and in time and space together: gaps on the sides they are asked for, no leak of the future, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use esker_contract::{Claims, splitter};
use esker_core::{Calendar, Codes, Crs, Fold, Places, Rng, Setting, Settings, Splitter, Support, Times};
use esker_evaluate::split::{
    Aim, BlockTime, Deal, Design, GroupForward, Held, Holdout, LocationTime, Rolling, Season, StratifiedGroup, Year, check_folds,
};
use proptest::prelude::*;

fn refusal(design: Design, set: &[(&str, Setting)], at: &Support) -> String {
    let parameters = design.parameters();
    let settings = set.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
    design.splitter(&settings, &Aim::default()).folds(at, &mut Rng::new(1)).unwrap_err().to_string()
}

/// Stations measured on their own days over twelve years from 2000 on, each at its place.
fn stations(rows: usize, stations: usize, seed: u64) -> Support {
    let mut rng = Rng::new(seed);
    let of: Vec<usize> = (0..rows).map(|row| if row < stations { row } else { rng.below(stations) }).collect();
    let place = |scale: f64| of.iter().map(|&s| (s * s % 23) as f64 * scale + s as f64 * 10.0).collect::<Vec<f64>>();
    let labels: Vec<Option<String>> = of.iter().map(|s| Some(format!("station {s}"))).collect();
    let strata: Vec<Option<String>> =
        (0..rows).map(|_| Some(["low", "high", "flood"][rng.below(3) * rng.below(3) / 2].to_owned())).collect();
    Support {
        rows,
        place: Some(Places::new(place(1000.0), place(700.0), Crs::Projected("EPSG:32632".into())).unwrap()),
        time: Some(Times { days: (0..rows).map(|_| 10_957.0 + (rng.below(12 * 365 * 4) as f64) / 4.0).collect() }),
        group: Some(Codes::from_labels(&labels)),
        strata: Some(Codes::from_labels(&strata)),
    }
}

fn days(at: &Support) -> &[f64] {
    &at.time.as_ref().unwrap().days
}

fn timed(days: Vec<f64>) -> Support {
    Support { time: Some(Times { days: days.clone() }), ..Support::bare(days.len()) }
}

const COMPLETE: Claims = Claims {
    complete: true,
    accounted: true,
    permutes: true,
    groups_whole: false,
    ordered: false,
    strata_within: 0,
    buffer: 0.0,
    days_apart: 0.0,
};

#[test]
fn every_design_in_time_keeps_the_laws_of_designs() {
    let at = stations(300, 15, 1);
    for gap in [0.0, 20.0] {
        let apart = Claims { days_apart: gap, ..COMPLETE };
        splitter("stretches", apart, &BlockTime { folds: 6, gap, embargo: gap }, &at);
        for assign in [Deal::Balanced, Deal::Random, Deal::Systematic] {
            splitter("years", apart, &Year { folds: 5, starts: 10, assign, gap }, &at);
        }
        for months in [false, true] {
            for apart_ in [false, true] {
                splitter("seasons", apart, &Season { folds: 4, months, apart: apart_, gap }, &at);
            }
        }
        let forward = Claims { complete: false, accounted: false, ordered: true, ..apart };
        splitter("rolling", forward, &Rolling { folds: 5, window: 900.0, horizon: 300.0, gap }, &at);
        splitter("expanding", forward, &Rolling { folds: 5, window: 0.0, horizon: 0.0, gap }, &at);
        splitter("group-forward", Claims { groups_whole: true, ..forward }, &GroupForward { folds: 4, sets: 3, gap }, &at);
        for places in [false, true] {
            let held = Claims { complete: false, groups_whole: true, ..apart };
            let design = LocationTime { folds: 4, places, future: false, gap, buffer: 0.0 };
            splitter("no future", Claims { ordered: true, ..held }, &design, &at);
            splitter("future", held, &LocationTime { future: true, ..design }, &at);
            splitter("buffered", Claims { buffer: 1500.0, ..held }, &LocationTime { future: true, buffer: 1500.0, ..design }, &at);
        }
        let last = Holdout { share: 0.25, by: Held::Time, size: 0.0, gap, buffer: 0.0, stratified: false };
        splitter("last times", Claims { ordered: true, accounted: true, ..forward }, &last, &at);
        let folds = last.folds(&at, &mut Rng::new(1)).unwrap();
        assert!(folds[0].test.len().abs_diff(75) <= 2);
    }
    splitter("stratified-group", Claims { groups_whole: true, ..COMPLETE }, &StratifiedGroup { folds: 4 }, &at);
}

#[test]
fn an_embargo_is_after_and_a_gap_before() {
    let at = timed((0..40).map(f64::from).collect());
    let folds = BlockTime { folds: 4, gap: 4.0, embargo: 2.0 }.folds(&at, &mut Rng::new(1)).unwrap();
    assert_eq!(folds[1].test, (10..20).collect::<Vec<_>>());
    assert_eq!(folds[1].left_out, [7, 8, 9, 20]);
    assert_eq!(folds[0].left_out, [10]);
    let future = BlockTime { folds: 4, gap: 0.0, embargo: 0.0 };
    assert!(future.notes(&at, &folds)[0].text.contains("later than those judged on"));
}

#[test]
fn hydrological_years_begin_in_their_month() {
    let day = |y, m, d| Calendar::Proleptic.days(y, m, d).unwrap() as f64;
    let at = timed(vec![day(2001, 9, 30), day(2001, 10, 1), day(2002, 9, 30), day(2002, 10, 1), day(2003, 1, 1)]);
    let year = Year { folds: 3, starts: 10, assign: Deal::Balanced, gap: 0.0 };
    let folds = year.folds(&at, &mut Rng::new(1)).unwrap();
    let mut held: Vec<(&str, &[usize])> = folds.iter().map(|f| (f.label.as_str(), f.test.as_slice())).collect();
    held.sort_unstable();
    assert_eq!(held, [("2001", &[0][..]), ("2002", &[1, 2]), ("2003", &[3, 4])]);
    let calendar = Year { starts: 1, ..year }.folds(&at, &mut Rng::new(1)).unwrap();
    assert!(calendar.iter().any(|f| f.label == "2001" && f.test == [0, 1]));
    let apart = Year { gap: 2.0, ..year }.folds(&at, &mut Rng::new(1)).unwrap();
    assert!(apart.iter().any(|f| f.test == [1, 2] && f.left_out == [0, 3] && f.train == [4]));
}

#[test]
fn winter_belongs_to_the_year_of_its_january() {
    let day = |y, m, d| Calendar::Proleptic.days(y, m, d).unwrap() as f64;
    let at = timed(vec![day(2001, 12, 31), day(2002, 2, 28), day(2002, 3, 1), day(2002, 12, 1), day(2002, 6, 1), day(2002, 11, 30)]);
    let tests = |season: Season| -> BTreeSet<(String, Vec<usize>)> {
        season.folds(&at, &mut Rng::new(1)).unwrap().into_iter().map(|f| (f.label, f.test)).collect()
    };
    let of = |pairs: &[(&str, &[usize])]| pairs.iter().map(|(l, t)| ((*l).to_owned(), t.to_vec())).collect::<BTreeSet<_>>();
    let season = Season { folds: 4, months: false, apart: false, gap: 0.0 };
    assert_eq!(tests(season), of(&[("DJF", &[0, 1, 3]), ("JJA", &[4]), ("MAM", &[2]), ("SON", &[5])]));
    let apart = Season { folds: 5, apart: true, ..season };
    assert_eq!(tests(apart), of(&[("DJF 2002", &[0, 1]), ("DJF 2003", &[3]), ("JJA 2002", &[4]), ("MAM 2002", &[2]), ("SON 2002", &[5])]));
    let months = Season { folds: 5, months: true, ..season };
    assert_eq!(tests(months), of(&[("December", &[0, 3]), ("February", &[1]), ("June", &[4]), ("March", &[2]), ("November", &[5])]));
}

#[test]
fn a_held_out_location_is_judged_in_its_held_out_time_only() {
    let at = stations(400, 12, 5);
    let group = at.group.as_ref().unwrap().codes();
    for future in [false, true] {
        let folds = LocationTime { folds: 4, places: false, future, gap: 10.0, buffer: 0.0 }.folds(&at, &mut Rng::new(2)).unwrap();
        check_folds(&folds, 400).unwrap();
        let mut seen = BTreeSet::new();
        for fold in &folds {
            let held: BTreeSet<u32> = fold.test.iter().map(|&r| group[r]).collect();
            let (start, end) = fold.test.iter().map(|&r| days(&at)[r]).fold((f64::INFINITY, 0.0f64), |(a, b), t| (a.min(t), b.max(t)));
            assert!(seen.insert(fold.test[0]) && fold.train.iter().all(|&r| !held.contains(&group[r])));
            assert!(fold.train.iter().all(|&r| days(&at)[r] <= start - 10.0 || (future && days(&at)[r] >= end + 10.0)));
            assert_eq!(fold.train.iter().any(|&r| days(&at)[r] > end), future && end + 400.0 < 10_957.0 + 12.0 * 365.0);
        }
    }
}

#[test]
fn every_row_after_the_first_block_is_judged_once_by_groups_and_forward() {
    let at = stations(300, 9, 6);
    let folds = GroupForward { folds: 3, sets: 2, gap: 0.0 }.folds(&at, &mut Rng::new(2)).unwrap();
    assert_eq!((folds.len(), folds[3].label.as_str()), (6, "block 2, set 2"));
    let mut tested: Vec<usize> = folds.iter().flat_map(|f| f.test.clone()).collect();
    tested.sort_unstable();
    let start = folds[0].test.iter().chain(&folds[1].test).map(|&r| days(&at)[r]).fold(f64::INFINITY, f64::min);
    assert_eq!(tested, (0..300).filter(|&r| days(&at)[r] >= start).collect::<Vec<_>>());
}

#[test]
fn what_time_does_not_carry_is_refused_with_numbers() {
    let at = stations(60, 6, 3);
    let year = timed((0..12).map(|m| 11_000.0 + 30.0 * f64::from(m)).collect());
    let (whole, real) = (Setting::Integer, Setting::Real);
    let word = |v: &str| Setting::Text(v.to_owned());
    let early = Support {
        time: Some(Times { days: days(&at).iter().zip(at.group.as_ref().unwrap().codes()).map(|(_, g)| 1000.0 * f64::from(*g)).collect() }),
        ..at.clone()
    };
    let said = [
        refusal(Design::Rolling, &[], &Support::bare(3)),
        refusal(Design::Rolling, &[("horizon", real(2.0)), ("folds", whole(3))], &year),
        refusal(Design::Rolling, &[("horizon", real(100.0)), ("folds", whole(4))], &year),
        refusal(Design::Rolling, &[("horizon", real(60.0)), ("window", real(20.0)), ("gap", real(10.0)), ("folds", whole(3))], &year),
        refusal(Design::Rolling, &[], &timed(vec![5.0; 9])),
        refusal(Design::BlockTime, &[("folds", whole(20))], &year),
        refusal(Design::BlockTime, &[("gap", real(900.0)), ("embargo", real(900.0))], &year),
        refusal(Design::Year, &[("folds", whole(5))], &year),
        refusal(Design::Season, &[("folds", whole(6))], &year),
        refusal(Design::Season, &[], &timed(vec![1.0, f64::NAN])),
        refusal(Design::LocationTime, &[("folds", whole(9))], &at),
        refusal(Design::LocationTime, &[("folds", whole(3))], &early),
        refusal(Design::LocationTime, &[("folds", whole(2)), ("gap", real(9000.0))], &at),
        refusal(Design::GroupForward, &[("sets", whole(5))], &early),
        refusal(Design::GroupForward, &[("sets", whole(2)), ("gap", real(9000.0))], &at),
        refusal(Design::StratifiedGroup, &[], &Support { strata: None, ..at.clone() }),
        refusal(Design::Holdout, &[("by", word("time"))], &timed(vec![5.0; 9])),
        refusal(Design::Holdout, &[("by", word("time")), ("gap", real(1000.0))], &year),
        refusal(Design::Holdout, &[("by", word("group"))], &year),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

/// What scikit-learn 1.x cuts: rows, and the fold that tests each, or the rows of each list.
fn peers() -> serde_json::Value {
    serde_json::from_str(include_str!("peers/splitters.json")).unwrap()
}

fn numbers(v: &serde_json::Value) -> Vec<usize> {
    v.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

fn coded(numbers: &[usize]) -> Codes {
    Codes::from_labels(&numbers.iter().map(|n| Some(n.to_string())).collect::<Vec<_>>())
}

/// The test rows of all folds, whatever the order of the folds.
fn tests(folds: &[Fold]) -> BTreeSet<Vec<usize>> {
    folds.iter().map(|f| f.test.clone()).collect()
}

#[test]
fn groups_fall_as_those_of_scikit_learn() {
    for case in peers()["group"].as_array().unwrap() {
        let group = numbers(&case["group"]);
        let at = Support { group: Some(coded(&group)), ..Support::bare(group.len()) };
        let k = case["folds"].as_u64().unwrap() as usize;
        let folds = esker_evaluate::split::Group { folds: k }.folds(&at, &mut Rng::new(7)).unwrap();
        let theirs: BTreeSet<Vec<usize>> = case["tests"].as_array().unwrap().iter().map(numbers).collect();
        assert_eq!(tests(&folds), theirs, "{k} folds");
    }
}

#[test]
fn stratified_groups_fall_as_those_of_scikit_learn() {
    for case in peers()["stratified_group"].as_array().unwrap() {
        let (group, class) = (numbers(&case["group"]), numbers(&case["class"]));
        let at = Support { group: Some(coded(&group)), strata: Some(coded(&class)), ..Support::bare(group.len()) };
        let k = case["folds"].as_u64().unwrap() as usize;
        for seed in [1, 2] {
            let folds = StratifiedGroup { folds: k }.folds(&at, &mut Rng::new(seed)).unwrap();
            let theirs: BTreeSet<Vec<usize>> = case["tests"].as_array().unwrap().iter().map(numbers).collect();
            assert_eq!(tests(&folds), theirs, "{k} folds, seed {seed}");
        }
    }
}

#[test]
fn windows_of_rows_a_day_apart_are_those_of_scikit_learn() {
    for case in peers()["time_series"].as_array().unwrap() {
        let of = |key: &str| case[key].as_u64().unwrap() as usize;
        let at = timed((0..of("rows")).map(|i| i as f64).collect());
        let rolling =
            Rolling { folds: of("folds"), window: of("max_train_size") as f64, horizon: of("test_size") as f64, gap: of("gap") as f64 };
        let folds = rolling.folds(&at, &mut Rng::new(1)).unwrap();
        let theirs = case["splits"].as_array().unwrap();
        assert_eq!(folds.len(), theirs.len());
        for (fold, pair) in folds.iter().zip(theirs) {
            assert_eq!((&fold.train, &fold.test), (&numbers(&pair["train"]), &numbers(&pair["test"])), "{case}");
        }
    }
}

proptest! {
    #[test]
    fn windows_never_learn_from_the_future(
        rows in 60usize..200, folds in 2usize..6, window in 0.0f64..3000.0, gap in 0.0f64..100.0, horizon in 0.0f64..500.0, seed in any::<u64>()
    ) {
        let at = stations(rows, 8, seed);
        let Ok(made) = (Rolling { folds, window, horizon, gap }).folds(&at, &mut Rng::new(seed)) else { return Ok(()) };
        check_folds(&made, rows).unwrap();
        let mut last = f64::NEG_INFINITY;
        for fold in &made {
            let start = fold.test.iter().map(|&r| days(&at)[r]).fold(f64::INFINITY, f64::min);
            let end = fold.test.iter().map(|&r| days(&at)[r]).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(start > last);
            last = end;
            for &r in &fold.train {
                prop_assert!(start - days(&at)[r] >= gap && (window == 0.0 || end - days(&at)[r] <= window + gap + (end - start) + horizon.max(12.0 * 365.0)));
            }
        }
        prop_assert_eq!(last, days(&at).iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
}

/// Groups wholly of one class each, as polygons of land cover are: no fold stays empty, in whatever order they are dealt.
#[test]
fn as_many_pure_groups_as_folds_fill_every_fold() {
    for (groups, rows) in [(6, 7), (9, 10)] {
        let codes: Vec<u32> = (0..groups * rows).map(|i| i / rows).collect();
        let labels = Codes::new(codes, (0..groups).map(|g| format!("g{g}")).collect()).unwrap();
        let at = Support { rows: (groups * rows) as usize, group: Some(labels.clone()), strata: Some(labels), ..Support::default() };
        for seed in 0..50 {
            let folds = StratifiedGroup { folds: groups as usize }.folds(&at, &mut Rng::new(seed)).unwrap();
            assert!(folds.iter().all(|f| f.test.len() == rows as usize), "seed {seed}");
        }
    }
}
