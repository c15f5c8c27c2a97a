//! Designs on the ground: blocks whole, buffers empty, distances in metres on the plane and round the globe, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use esker_contract::{Claims, refuses, splitter};
use esker_core::{Codes, Crs, Fold, Places, Rng, Setting, Settings, Splitter, Support};
use esker_evaluate::split::{Aim, Alike, Block, Buffer, Cluster, Deal, Design, Features, Held, Holdout, Region, check_folds};
use esker_math::great_circle;
use proptest::prelude::*;

fn made(design: Design, set: &[(&str, Setting)]) -> Box<dyn Splitter> {
    made_for(design, set, &Aim::default())
}

fn made_for(design: Design, set: &[(&str, Setting)], aim: &Aim) -> Box<dyn Splitter> {
    let parameters = design.parameters();
    let settings = set.iter().fold(Settings::defaults(&parameters), |s, (name, v)| s.set(&parameters, name, v.clone()).unwrap());
    design.splitter(&settings, aim)
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
    let mut near =
        |centre: &[f64], spread: f64| -> Vec<f64> { (0..rows).map(|i| centre[i % centre.len()] + spread * rng.normal()).collect() };
    let (x, y, crs) = if globe {
        let x = near(&[170.0, -175.0, 179.0, 10.0, 100.0], 12.0);
        let y = near(&[10.0, 62.0, -40.0, 80.0], 4.0);
        (
            x.into_iter().map(|x| (x + 180.0).rem_euclid(360.0) - 180.0).collect(),
            y.into_iter().map(|y| y.min(90.0)).collect(),
            Crs::Geographic,
        )
    } else {
        (near(&[3e4, 5e4, 9e4], 1e4), near(&[2e4, 8e4], 1.2e4), utm())
    };
    let mut at = at(x, y, crs);
    let levels: Vec<Option<String>> =
        (0..rows).map(|_| Some(["ice", "rock", "moss"][rng.below(3) * rng.below(3) / 2].to_owned())).collect();
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

fn codes(rows: usize, levels: usize) -> Codes {
    let labels: Vec<Option<String>> = (0..rows).map(|row| Some(format!("basin {}", row * row % levels))).collect();
    Codes::from_labels(&labels)
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
                for stratified in [false, assign == Deal::Balanced] {
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
    let folds = Block { assign: Deal::Systematic, ..block(2, 850.0) }.folds(&at, &mut Rng::new(1)).unwrap();
    let of = |row: usize| folds.iter().position(|f| f.test.contains(&row)).unwrap();
    for row in 0..36 {
        assert_eq!(of(row), (row % 6 + row / 6 + of(0)) % 2, "row {row}");
    }
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
    let globe = samples(90, true, 7);
    let one_place = at(vec![7.0; 30], vec![46.0; 30], Crs::Geographic);
    let many = at(vec![7.0; 5001], vec![46.0; 5001], Crs::Geographic);
    let whole = |v: i64| Setting::Integer(v);
    let said = [
        refusal(Design::Block, &[], &plane),
        refusal(Design::Block, &[("size", real(500.0))], &plane),
        refusal(Design::Block, &[("size", real(20.0)), ("buffer", real(90.0))], &plane),
        refusal(Design::Block, &[("size", real(40.0)), ("assign", word("systematic"))], &plane),
        refusal(Design::Block, &[("size", real(500.0)), ("shape", word("hexagon"))], &globe),
        refusal(Design::Block, &[("size", real(5.0))], &Support::bare(9)),
        refusal(Design::Block, &[("size", real(20.0)), ("stratified", Setting::Flag(true))], &Support { strata: None, ..plane.clone() }),
        refusal(Design::Block, &[("size", real(20.0)), ("stratified", Setting::Flag(true)), ("assign", word("random"))], &plane),
        refusal(Design::Block, &[], &one_place),
        refusal(Design::Buffer, &[], &plane),
        refusal(Design::Buffer, &[("radius", real(90.0))], &plane),
        refusal(Design::Buffer, &[], &one_place),
        refusal(Design::Buffer, &[("radius", real(1.0))], &one_place),
        refusal(Design::Buffer, &[("radius", real(1.0))], &many),
        refusal(
            Design::Buffer,
            &[("radius", real(1.0)), ("most", whole(5000))],
            &at(vec![7.0; 30_000], vec![46.0; 30_000], Crs::Geographic),
        ),
        refusal(Design::Cluster, &[], &one_place),
        refusal(Design::Cluster, &[("clusters", whole(5))], &plane),
        refusal(Design::Cluster, &[("by", word("features"))], &plane),
        refusal(Design::Cluster, &[("folds", whole(2)), ("buffer", real(200.0))], &plane),
        refusal(Design::Region, &[], &plane),
        refusal(Design::Region, &[], &Support { group: Some(codes(90, 1)), ..plane.clone() }),
        refusal(Design::Region, &[("folds", whole(9))], &Support { group: Some(codes(90, 4)), ..plane.clone() }),
        refusal(Design::Holdout, &[("by", word("block"))], &plane),
        refusal(Design::Holdout, &[("by", word("block")), ("size", real(500.0))], &plane),
        refusal(Design::Holdout, &[("buffer", real(500.0))], &plane),
    ];
    insta::assert_snapshot!(said.join("\n"));
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

/// Features that say other things than the place does.
fn featured(at: &Support) -> Aim {
    let samples = (0..at.rows).flat_map(|row| [(row % 7) as f64 * 100.0 + row as f64 / 1e3, (row % 3) as f64, 5.0]).collect();
    let features = Features { names: ["height", "slope", "constant"].map(str::to_owned).to_vec(), samples, wanted: Vec::new() };
    Aim { wanted: None, features: Some(features) }
}

#[test]
fn clusters_are_left_out_whole_by_place_by_features_and_by_both() {
    for globe in [false, true] {
        let at = samples(180, globe, 9);
        let aim = featured(&at);
        let cluster = |by| Cluster { folds: 5, clusters: 0, by, buffer: 0.0, stratified: false, features: aim.features.clone() };
        let law = Claims { complete: true, accounted: true, ..Claims::default() };
        splitter("by place", Claims { permutes: true, ..law }, &cluster(Alike::Place), &at);
        for by in [Alike::Features, Alike::Mixed(0.3)] {
            splitter(&format!("{by:?}"), law, &cluster(by), &at);
            // The features move with the rows.
            let folds = cluster(by).folds(&at, &mut Rng::new(4)).unwrap();
            let order: Vec<usize> = (0..180).map(|i| i * 77 % 180).collect();
            let moved =
                Cluster { features: aim.select(&order).features, ..cluster(by) }.folds(&at.select(&order), &mut Rng::new(4)).unwrap();
            let sets = |folds: &[Fold], of: &dyn Fn(usize) -> usize| -> BTreeSet<BTreeSet<usize>> {
                folds.iter().map(|f| f.test.iter().map(|&r| of(r)).collect()).collect()
            };
            assert_eq!(sets(&folds, &|r| r), sets(&moved, &|r| order[r]), "{by:?}");
        }
        // Nothing but the place counts at weight 0, nothing but the features at weight 1.
        let same = |a: Alike, b: Alike| {
            let of = |by| cluster(by).folds(&at, &mut Rng::new(1)).unwrap().into_iter().map(|f| f.test).collect::<BTreeSet<_>>();
            of(a) == of(b)
        };
        assert!(same(Alike::Mixed(0.0), Alike::Place) && same(Alike::Mixed(1.0), Alike::Features) && !same(Alike::Place, Alike::Features));
        let many = Cluster { clusters: 40, stratified: true, ..cluster(Alike::Place) };
        splitter("many", Claims { permutes: true, ..law }, &many, &at);
        let sizes: Vec<usize> = many.folds(&at, &mut Rng::new(1)).unwrap().iter().map(|f| f.test.len()).collect();
        assert!(sizes.iter().all(|n| n.abs_diff(36) <= 8), "{sizes:?}");
        let buffer = if globe { 300_000.0 } else { 3_000.0 };
        splitter("kept away", Claims { permutes: true, buffer, ..law }, &Cluster { buffer, ..cluster(Alike::Place) }, &at);
    }
    let by = |at: &Support| made_for(Design::Cluster, &[("by", word("features"))], &featured(at));
    refuses("features of other rows", &*by(&samples(50, false, 1)), &samples(40, false, 1));
}

#[test]
fn regions_are_left_out_one_by_one_or_several_at_a_time() {
    let at = Support { group: Some(codes(120, 9)), ..samples(120, false, 2) };
    let used = at.group.as_ref().unwrap().counts().iter().filter(|n| **n > 0).count();
    let law = Claims { complete: true, accounted: true, permutes: true, groups_whole: true, ..Claims::default() };
    let region = Region { folds: 0, buffer: 0.0, stratified: false };
    splitter("region", law, &region, &at);
    let folds = region.folds(&at, &mut Rng::new(1)).unwrap();
    assert_eq!((folds.len(), folds[0].label.as_str()), (used, "basin 0"));
    splitter("regions, stratified", law, &Region { folds: 2, stratified: true, ..region }, &at);
    splitter("regions, buffered", Claims { buffer: 800.0, ..law }, &Region { folds: 2, buffer: 800.0, ..region }, &at);
}

#[test]
fn hold_outs_are_of_the_share_asked_for() {
    let at = Support { group: Some(codes(200, 60)), ..samples(200, false, 6) };
    let law = Claims { accounted: true, permutes: true, ..Claims::default() };
    let hold = |by| Holdout { share: 0.25, by, size: 6_000.0, gap: 0.0, buffer: 0.0, stratified: false };
    for by in [Held::Random, Held::Group, Held::Block] {
        splitter(&format!("{by:?}"), Claims { groups_whole: by == Held::Group, ..law }, &hold(by), &at);
        let folds = hold(by).folds(&at, &mut Rng::new(1)).unwrap();
        assert!(folds.len() == 1 && folds[0].test.len().abs_diff(50) <= 4, "{by:?} {}", folds[0].test.len());
        splitter("kept away", Claims { buffer: 500.0, ..law }, &Holdout { buffer: 500.0, ..hold(by) }, &at);
    }
    let even = Holdout { stratified: true, ..hold(Held::Random) };
    splitter("stratified", Claims { strata_within: 2, ..law }, &even, &at);
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
