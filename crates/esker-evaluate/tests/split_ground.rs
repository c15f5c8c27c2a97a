//! Designs on the ground: blocks whole, buffers empty, distances in metres on the plane and round the globe, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use esker_contract::{Claims, refuses, splitter};
use esker_core::{Codes, Crs, Fold, Places, Rng, Setting, Settings, Splitter, Support};
use esker_evaluate::split::{Aim, Block, Buffer, Deal, Design, check_folds};
use esker_math::great_circle;
use proptest::prelude::*;

fn made(design: Design, set: &[(&str, Setting)]) -> Box<dyn Splitter> {
    let parameters = design.parameters();
    let settings = set.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
    design.splitter(&settings, &Aim::default())
}

fn refusal(design: Design, set: &[(&str, Setting)], at: &Support) -> String {
    made(design, set).folds(at, &mut Rng::new(1)).unwrap_err().to_string()
}

fn real(v: f64) -> Setting {
    Setting::Real(v)
}

fn word(v: &str) -> Setting {
    Setting::Text(v.to_owned())
}

fn at(x: Vec<f64>, y: Vec<f64>, crs: Crs) -> Support {
    Support { rows: x.len(), place: Some(Places::new(x, y, crs).unwrap()), ..Support::default() }
}

fn utm() -> Crs {
    Crs::Projected("EPSG:32632".into())
}

/// Clusters of samples on a plane of 100 by 100 km, or round the date line and up to the pole.
fn samples(rows: usize, globe: bool, seed: u64) -> Support {
    let mut rng = Rng::new(seed);
    let mut near = |centre: &[f64], spread: f64| -> Vec<f64> { (0..rows).map(|i| centre[i % centre.len()] + spread * rng.normal()).collect() };
    let (x, y, crs) = if globe {
        let x = near(&[170.0, -175.0, 179.0, 10.0, 100.0], 12.0);
        let y = near(&[10.0, 62.0, -40.0, 80.0], 4.0);
        (x.into_iter().map(|x| (x + 180.0).rem_euclid(360.0) - 180.0).collect(), y.into_iter().map(|y| y.min(90.0)).collect(), Crs::Geographic)
    } else {
        (near(&[3e4, 5e4, 9e4], 1e4), near(&[2e4, 8e4], 1.2e4), utm())
    };
    let mut at = at(x, y, crs);
    let levels: Vec<Option<String>> = (0..rows).map(|_| Some(["ice", "rock", "moss"][rng.below(3) * rng.below(3) / 2].to_owned())).collect();
    at.strata = Some(Codes::from_labels(&levels));
    at
}

fn metres(at: &Support, a: usize, b: usize) -> f64 {
    let p = at.place.as_ref().unwrap();
    if p.crs().is_degrees() {
        great_circle((p.x()[a], p.y()[a]), (p.x()[b], p.y()[b]))
    } else {
        (p.x()[a] - p.x()[b]).hypot(p.y()[a] - p.y()[b])
    }
}

fn block(folds: usize, size: f64) -> Block {
    Block { folds, size, hexagons: false, assign: Deal::Balanced, buffer: 0.0, stratified: false }
}

#[test]
fn every_kind_of_block_keeps_the_laws_of_designs() {
    let law = Claims { complete: true, accounted: true, permutes: true, ..Claims::default() };
    for (globe, size, buffer) in [(false, 15_000.0, 1_500.0), (true, 1_500_000.0, 150_000.0)] {
        let at = samples(240, globe, 3);
        for hexagons in [false, !globe] {
            for assign in [Deal::Balanced, Deal::Random, Deal::Systematic] {
                for stratified in [false, true] {
                    let one = Block { folds: 5, size, hexagons, assign, buffer: 0.0, stratified };
                    let name = format!("{one:?}, globe {globe}");
                    splitter(&name, law, &one, &at);
                    splitter(&name, Claims { buffer, ..law }, &Block { buffer, ..one }, &at);
                }
            }
        }
    }
}

#[test]
fn two_folds_of_squares_in_turn_are_a_checkerboard() {
    // One sample in the middle of each of 6 by 6 squares of a kilometre.
    let (x, y): (Vec<f64>, Vec<f64>) = (0..36).map(|i| (f64::from(i % 6) * 1000.0, f64::from(i / 6) * 1000.0)).unzip();
    let at = at(x, y, utm());
    // The corners of the samples lie in the middles of the outer squares.
    let folds = Block { assign: Deal::Systematic, ..block(2, 1001.0) }.folds(&at, &mut Rng::new(1)).unwrap();
    let of = |row: usize| folds.iter().position(|f| f.test.contains(&row)).unwrap();
    assert_eq!(folds.iter().map(|f| f.test.len()).collect::<Vec<_>>(), [15, 10], "five by five squares hold the six by six samples");
    let wide = Block { assign: Deal::Systematic, ..block(2, 850.0) }.folds(&at, &mut Rng::new(1)).unwrap();
    assert!(wide.iter().all(|f| f.test.len() == 18));
    assert_eq!(of(0), of(35));
}

#[test]
fn balanced_blocks_make_even_folds_and_strata_their_shares() {
    let at = samples(600, false, 8);
    let folds = block(5, 8_000.0).folds(&at, &mut Rng::new(2)).unwrap();
    assert!(folds.iter().all(|f| f.test.len() == 120), "{:?}", folds.iter().map(|f| f.test.len()).collect::<Vec<_>>());
    let strata = at.strata.as_ref().unwrap();
    let worst = |folds: &[Fold]| {
        let share = |f: &Fold, level: usize| strata.select(&f.test).counts()[level] as f64 / strata.counts()[level] as f64;
        folds.iter().flat_map(|f| (0..3).map(move |l| (share(f, l) - 0.2).abs())).fold(0.0, f64::max)
    };
    let even = Block { stratified: true, ..block(5, 8_000.0) }.folds(&at, &mut Rng::new(2)).unwrap();
    assert!(worst(&even) < 0.02 && worst(&even) < 0.5 * worst(&folds), "{} {}", worst(&even), worst(&folds));
}

#[test]
fn a_buffer_row_by_row_leaves_out_what_is_near_and_nothing_else() {
    for (globe, radius) in [(false, 9_000.0), (true, 900_000.0)] {
        let at = samples(120, globe, 5);
        let folds = Buffer { radius, most: 0 }.folds(&at, &mut Rng::new(1)).unwrap();
        check_folds(&folds, 120).unwrap();
        for (row, fold) in folds.iter().enumerate() {
            assert_eq!(fold.test, [row]);
            for other in (0..120).filter(|&r| r != row) {
                assert_eq!(fold.left_out.contains(&other), metres(&at, row, other) < radius, "{row} {other}");
            }
        }
        let all = Claims { complete: true, accounted: true, permutes: true, buffer: radius, ..Claims::default() };
        splitter("buffer", all, &Buffer { radius, most: 0 }, &at);
        splitter("buffer, drawn", Claims { complete: false, ..all }, &Buffer { radius, most: 30 }, &at);
        let drawn = Buffer { radius, most: 30 };
        let folds = drawn.folds(&at, &mut Rng::new(1)).unwrap();
        assert_eq!(folds.len(), 30);
        assert!(drawn.notes(&at, &folds)[0].text.starts_with("30 of 120 rows were drawn to be judged on"));
    }
}

#[test]
fn what_cuts_on_the_ground_cannot_do_is_refused_with_numbers() {
    let plane = samples(90, false, 7);
    insta::assert_snapshot!(refusal(Design::Block, &[], &plane));
    insta::assert_snapshot!(refusal(Design::Block, &[("size", real(500.0))], &plane));
    insta::assert_snapshot!(refusal(Design::Block, &[("size", real(20.0)), ("buffer", real(90.0))], &plane));
    insta::assert_snapshot!(refusal(Design::Buffer, &[], &plane));
    insta::assert_snapshot!(refusal(Design::Buffer, &[("radius", real(90.0))], &plane));
    insta::assert_snapshot!(refusal(Design::Block, &[("size", real(500.0)), ("shape", word("hexagon"))], &samples(90, true, 7)));
    insta::assert_snapshot!(refusal(Design::Block, &[("size", real(5.0))], &Support::bare(9)));
    let one_place = at(vec![7.0; 30], vec![46.0; 30], Crs::Geographic);
    insta::assert_snapshot!(refusal(Design::Block, &[], &one_place));
    insta::assert_snapshot!(refusal(Design::Buffer, &[], &one_place));
    insta::assert_snapshot!(refusal(Design::Buffer, &[("radius", real(1.0))], &one_place));
    let many = at(vec![7.0; 5001], vec![46.0; 5001], Crs::Geographic);
    insta::assert_snapshot!(refusal(Design::Buffer, &[("radius", real(1.0))], &many));
    refuses("blocks of no row", &block(5, 100.0), &plane.select(&[]));
}

#[test]
fn what_is_proposed_works() {
    for globe in [false, true] {
        let at = samples(90, globe, 7);
        let said = refusal(Design::Block, &[], &at);
        let size: f64 = said.split("size = ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(made(Design::Block, &[("size", real(size))]).folds(&at, &mut Rng::new(1)).is_ok());
        let set = |km| [("size", real(size)), ("buffer", real(km))];
        let said = refusal(Design::Block, &set(30_000.0), &at);
        let widest: f64 = said.split("up to ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert!(made(Design::Block, &set(widest)).folds(&at, &mut Rng::new(1)).is_ok(), "{widest}");
        assert!(made(Design::Block, &set(widest * 1.02)).folds(&at, &mut Rng::new(1)).is_err());
    }
}

proptest! {
    #[test]
    fn blocks_stay_whole_and_buffers_empty(
        rows in 40usize..160, folds in 2usize..6, size in 3.0f64..30.0, buffer in 0.0f64..4.0, globe: bool, seed in any::<u64>()
    ) {
        let at = samples(rows, globe, seed);
        let scale = if globe { 100_000.0 } else { 1000.0 };
        let one = Block { buffer: buffer * scale, ..block(folds, size * scale) };
        let Ok(made) = one.folds(&at, &mut Rng::new(seed)) else { return Ok(()) };
        check_folds(&made, rows).unwrap();
        let tested: BTreeSet<usize> = made.iter().flat_map(|f| f.test.iter().copied()).collect();
        prop_assert_eq!(tested.len(), rows);
        for fold in &made {
            prop_assert_eq!(fold.train.len() + fold.test.len() + fold.left_out.len(), rows);
            for &judged in &fold.test {
                prop_assert!(fold.train.iter().all(|&r| metres(&at, judged, r) >= one.buffer * (1.0 - 1e-9)));
            }
            for &out in &fold.left_out {
                prop_assert!(fold.test.iter().any(|&r| metres(&at, out, r) < one.buffer * (1.0 + 1e-9)));
            }
        }
    }
}
