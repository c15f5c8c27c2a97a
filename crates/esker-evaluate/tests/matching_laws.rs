//! Laws of nearest-neighbour distance matching, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_contract::{Claims, splitter};
use esker_core::{Crs, Places, Rng, Splitter, Support, Times};
use esker_evaluate::split::{Aim, Clusters, FeatureDistance, Features, Knndm, Nndm, Space, distances};

const PLANE: &str = "EPSG:32632";

/// Samples in clumps, at times, and predictions wanted all over; features follow the place. Degrees, or metres on a plane.
fn case(rows: usize, crs: &Crs, seed: u64) -> (Support, Aim) {
    let mut rng = Rng::new(seed);
    let side = if crs.is_degrees() { 10.0 } else { 1e5 };
    let clumps: Vec<(f64, f64)> = (0..8).map(|_| (rng.uniform() * side, rng.uniform() * side)).collect();
    let mut at = |n: usize, clumped: bool| {
        let (mut x, mut y, mut days, mut features) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for i in 0..n {
            let near = if clumped { clumps[i % 8] } else { (rng.uniform() * side, rng.uniform() * side) };
            let spread = if clumped { side / 50.0 } else { 0.0 };
            x.push(near.0 + rng.normal() * spread);
            y.push(near.1 + rng.normal() * spread);
            days.push(15_000.0 + if clumped { 100.0 } else { 900.0 } * rng.uniform());
            features.extend([x[i] / side + 0.1 * rng.normal(), (y[i] / side).powi(2), 7.0, rng.normal() * spread / side]);
        }
        let place = Some(Places::new(x, y, crs.clone()).unwrap());
        (Support { rows: n, place, time: Some(Times { days }), ..Support::default() }, features)
    };
    let ((samples, own), (wanted, asked)) = (at(rows, true), at(400, false));
    let names = ["a", "b", "same", "c"].map(str::to_owned).to_vec();
    (samples, Aim { wanted: Some(wanted), features: Some(Features { names, samples: own, wanted: asked }) })
}

fn spaces() -> [Space; 6] {
    [
        Space::Place,
        Space::Features(FeatureDistance::Euclidean),
        Space::Features(FeatureDistance::Mahalanobis),
        Space::Features(FeatureDistance::Gower),
        Space::PlaceTime { metres_per_day: None },
        Space::PlaceTime { metres_per_day: Some(250.0) },
    ]
}

fn crs() -> [Crs; 2] {
    [Crs::Projected(PLANE.into()), Crs::Geographic]
}

fn knndm(space: Space, clusters: Clusters, aim: &Aim) -> Knndm {
    Knndm { folds: 4, maxp: 0.6, space, clusters, aim: aim.clone() }
}

#[test]
fn the_contract_holds_in_every_space() {
    let law = Claims { complete: true, accounted: true, ..Claims::default() };
    for crs in crs() {
        let (at, aim) = case(120, &crs, 3);
        for space in spaces() {
            // Features belong to rows; in another order they are another aim.
            let permutes = !matches!(space, Space::Features(_));
            for clusters in [Clusters::Hierarchical, Clusters::KMeans] {
                let design = knndm(space, clusters, &aim);
                splitter(&format!("knndm, {space:?}, {clusters:?}"), Claims { permutes, ..law }, &design, &at);
            }
            let design = Nndm { phi: f64::INFINITY, min_train: 0.5, space, aim: aim.clone() };
            splitter(&format!("nndm, {space:?}"), law, &design, &at);
        }
    }
}

#[test]
fn features_permuted_with_their_rows_make_the_same_folds() {
    let (at, aim) = case(90, &crs()[0], 4);
    let order: Vec<usize> = (0..90).rev().collect();
    for space in spaces() {
        let here = knndm(space, Clusters::Hierarchical, &aim).matched(&at, &mut Rng::new(1)).unwrap();
        let other = knndm(space, Clusters::Hierarchical, &aim.select(&order)).matched(&at.select(&order), &mut Rng::new(1)).unwrap();
        assert_eq!(here.w, other.w, "{space:?}");
        for i in 0..90 {
            for j in 0..90 {
                let together = other.fold_of_row[89 - i] == other.fold_of_row[89 - j];
                assert_eq!(here.fold_of_row[i] == here.fold_of_row[j], together, "{space:?} {i} {j}");
            }
        }
    }
}

#[test]
fn folds_of_clumped_samples_match_better_than_shuffled_ones_and_stay_within_maxp() {
    for seed in 0..6 {
        let (at, aim) = case(150, &crs()[seed as usize % 2], 20 + seed);
        for space in spaces() {
            let matched = knndm(space, Clusters::Hierarchical, &aim).matched(&at, &mut Rng::new(1)).unwrap();
            assert!(matched.clusters.is_some() && matched.test.p < 0.05, "{space:?}: the samples are clumped");
            assert!(matched.w < matched.distances.w_samples(), "{space:?}: {} and {}", matched.w, matched.distances.w_samples());
            let largest = (0..4).map(|f| matched.fold_of_row.iter().filter(|&&r| r == f).count()).max().unwrap();
            assert!(largest as f64 <= 0.6 * 150.0);
        }
    }
}

#[test]
fn predictions_wanted_among_the_samples_are_imitated_by_shuffled_folds() {
    let (at, _) = case(100, &crs()[0], 5);
    let aim = Aim { wanted: Some(at.clone()), features: None };
    let design = knndm(Space::Place, Clusters::Hierarchical, &aim);
    // At the samples themselves all distances are 0: samples are further from one another.
    let matched = design.matched(&at, &mut Rng::new(1)).unwrap();
    assert_eq!((matched.clusters, matched.distances.wanted.mean()), (None, 0.0));
    let notes = design.notes(&at, &design.folds(&at, &mut Rng::new(1)).unwrap());
    assert!(notes[0].text.contains("shuffled folds imitate the use"), "{}", notes[0].text);
}

/// Above 4,000 rows the hierarchy comes from centroids.
#[test]
fn many_rows_are_matched_like_few() {
    let (at, aim) = case(4010, &Crs::Geographic, 6);
    let design = knndm(Space::Place, Clusters::Hierarchical, &aim);
    let few = at.select(&(0..4000).collect::<Vec<_>>());
    let (many, few) = (design.matched(&at, &mut Rng::new(1)).unwrap(), design.matched(&few, &mut Rng::new(1)).unwrap());
    assert!((many.w - few.w).abs() < 0.15 * few.w, "{} and {}", many.w, few.w);
}

#[test]
fn what_is_left_out_is_nearer_than_what_is_learned_from() {
    let (at, aim) = case(80, &crs()[0], 7);
    let place = at.place.as_ref().unwrap();
    let far = |a: usize, b: usize| (place.x()[a] - place.x()[b]).hypot(place.y()[a] - place.y()[b]);
    let cut = |phi, min_train| Nndm { phi, min_train, space: Space::Place, aim: aim.clone() }.folds(&at, &mut Rng::new(1)).unwrap();
    let folds = cut(f64::INFINITY, 0.5);
    for fold in &folds {
        let own = fold.test[0];
        let reach = fold.train.iter().map(|&r| far(own, r)).fold(f64::INFINITY, f64::min);
        assert!(fold.left_out.iter().all(|&r| far(own, r) < reach));
        assert!(fold.train.len() as f64 > 0.5 * 80.0 - 1.0);
    }
    let w = |folds: &[_]| distances(Space::Place, &at, &aim, folds).unwrap();
    assert!(w(&folds).w_folds().unwrap() < w(&folds).w_samples());
    // Neither beyond phi nor below the least share of rows is anything left out.
    assert!(cut(1e-6, 0.5).iter().chain(&cut(f64::INFINITY, 1.0)).all(|f| f.left_out.is_empty()));
    let some = cut(2000.0, 0.0);
    assert!(some.iter().all(|f| f.left_out.iter().all(|&r| far(f.test[0], r) <= 2000.0)));
    assert!(some.iter().any(|f| !f.left_out.is_empty()));
}

#[test]
fn distances_of_other_designs_are_measured_too() {
    let (at, aim) = case(60, &crs()[1], 8);
    let mut folds = knndm(Space::Place, Clusters::Hierarchical, &aim).folds(&at, &mut Rng::new(1)).unwrap();
    let whole = distances(Space::Place, &at, &aim, &folds).unwrap();
    // Without the first fold, the rows of the others keep their distances.
    let first = folds.remove(0).test.len();
    let part = distances(Space::Place, &at, &aim, &folds).unwrap();
    assert_eq!((whole.folds.as_ref().unwrap().values().len(), part.folds.as_ref().unwrap().values().len()), (60, 60 - first));
    assert!(part.folds.unwrap().values().iter().all(|v| whole.folds.as_ref().unwrap().values().iter().any(|w| (v - w).abs() <= 1e-9 * w)));
    assert_eq!((part.samples, part.wanted, distances(Space::Place, &at, &aim, &[]).unwrap().folds), (whole.samples, whole.wanted, None));
}

fn refusal(design: &dyn Splitter, at: &Support) -> String {
    design.folds(at, &mut Rng::new(1)).unwrap_err().to_string()
}

#[test]
fn refusals_say_what_is_missing_and_what_would_work() {
    let (at, aim) = case(30, &crs()[0], 9);
    let of = |space, aim: &Aim| knndm(space, Clusters::Hierarchical, aim);
    let place = || Space::Place;
    let wanted = |support| Aim { wanted: Some(support), features: None };
    let nowhere = Support { place: None, ..at.clone() };
    let timeless = Support { time: None, ..at.clone() };
    let (elsewhere, _) = case(5, &Crs::Projected("EPSG:3035".into()), 1);
    let (degrees, _) = case(5, &Crs::Geographic, 1);
    let one = at.select(&[3; 12]);
    let three = at.select(&[0, 0, 1, 1, 2, 2, 2]);
    let gap = Aim {
        features: aim.features.clone().map(|mut f| {
            f.samples[5] = f64::NAN;
            f
        }),
        ..aim.clone()
    };
    let told = [
        refusal(&of(place(), &aim), &nowhere),
        refusal(&of(place(), &Aim::default()), &at),
        refusal(&of(place(), &wanted(nowhere.clone())), &at),
        refusal(&of(place(), &wanted(at.select(&[]))), &at),
        refusal(&of(place(), &wanted(elsewhere)), &at),
        refusal(&of(place(), &wanted(degrees)), &at),
        refusal(&of(place(), &aim), &one),
        refusal(&of(place(), &aim), &three),
        refusal(&of(place(), &aim), &at.select(&[0, 1])),
        refusal(&Knndm { maxp: 0.25, ..of(place(), &aim) }, &at),
        refusal(&Knndm { maxp: 0.2501, ..of(place(), &aim) }, &at),
        refusal(&of(Space::PlaceTime { metres_per_day: None }, &aim), &timeless),
        refusal(&of(Space::PlaceTime { metres_per_day: None }, &wanted(timeless)), &at),
        refusal(&of(Space::Features(FeatureDistance::Gower), &Aim { features: None, ..aim.clone() }), &at),
        refusal(&of(Space::Features(FeatureDistance::Gower), &gap), &at),
        refusal(&Nndm { phi: 1.0, min_train: 0.5, space: place(), aim: Aim::default() }, &at),
        refusal(&Nndm { phi: 1.0, min_train: 0.5, space: place(), aim: aim.clone() }, &at.select(&[0; 5001])),
    ];
    insta::assert_snapshot!(told.join("\n"));
}
