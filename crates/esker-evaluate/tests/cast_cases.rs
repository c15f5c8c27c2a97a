//! CAST 1.1.0 (R) on meuse: areas of applicability, error profiles and distance matching in many settings. `data/cast/cases.R` asked it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Codes, Column, Crs, Fold, Places, Rng, Splitter, Support};
use esker_evaluate::applicability::{Applicability, windows};
use esker_evaluate::split::{Aim, Clusters, FeatureDistance, Features, Knndm, Nndm, Space, distances};
use serde_json::Value;

/// Our sphere has a radius of 6,371,008.8 m, that of CAST one of 6,371,010 m.
const RADII: f64 = 6_371_010.0 / 6_371_008.8;

fn cases() -> Value {
    serde_json::from_str(include_str!("data/cast/cases.json")).unwrap()
}

fn number(of: &Value) -> f64 {
    of.as_f64().unwrap()
}

fn numbers(of: &Value) -> Vec<f64> {
    of.as_array().unwrap().iter().map(number).collect()
}

fn words(of: &Value) -> Vec<String> {
    of.as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect()
}

fn near(ours: f64, theirs: f64, what: &str) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{what}: {ours}, CAST says {theirs}");
}

/// A column of sites or cells by name.
struct Read(Vec<&'static str>);

impl Read {
    fn get(&self, name: &str) -> Vec<f64> {
        let (text, at) = self.0.iter().find_map(|t| Some((t, t.lines().next()?.split(',').position(|n| n == name)?))).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect()
    }

    /// A column as a feature: soils and frequencies of flooding are classes.
    fn feature(&self, name: &str) -> Column {
        let values = self.get(name);
        if !["soil", "ffreq"].contains(&name) {
            return Column::real(name, "", values);
        }
        let labels: Vec<String> = values.iter().map(f64::to_string).collect();
        Column::class(name, Codes::from_labels(&labels.iter().map(|l| Some(l.as_str())).collect::<Vec<_>>()))
    }
}

fn sites() -> Read {
    Read(vec![include_str!("data/cast/sites.csv")])
}

fn cells() -> Read {
    Read(vec![include_str!("data/cast/cells.csv"), include_str!("data/matching/meuse_cells.csv")])
}

/// Folds over five bands from south to north.
fn bands(kind: &str) -> Option<Vec<Fold>> {
    let band = sites().get("band");
    let tested = match kind {
        "none" => return None,
        "three" => 3,
        _ => 5,
    };
    let rows = |wanted: &dyn Fn(f64) -> bool| (0..band.len()).filter(|&r| wanted(band[r])).collect();
    let fold = |k: u32| {
        let k = f64::from(k);
        let train = rows(&|b| if kind == "far" { (b - k).abs() > 1.0 } else { b != k });
        Fold { label: format!("band {k}"), train, test: rows(&|b| b == k), left_out: Vec::new() }
    };
    Some((1..=tested).map(fold).collect())
}

fn fit(features: &[String], weights: &[f64], folds: &str) -> (Applicability, esker_evaluate::applicability::Training) {
    let train: Vec<Column> = features.iter().map(|f| sites().feature(f)).collect();
    Applicability::fit(&train.iter().collect::<Vec<_>>(), weights, bands(folds).as_deref()).unwrap()
}

fn known(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|v| !v.is_nan()).collect()
}

#[test]
fn areas_are_as_cast_says() {
    for case in cases()["areas"].as_array().unwrap() {
        let (features, folds, most) = (words(&case["features"]), case["folds"].as_str().unwrap(), number(&case["most"]));
        let name = format!("{features:?} folds {folds} most {most}");
        let (area, training) = fit(&features, &numbers(&case["weights"]), folds);
        near(area.threshold(), number(&case["threshold"]), &name);
        near(area.mean_distance(), number(&case["mean_distance"]), &name);
        let index = known(&training.dissimilarity);
        let ours = [index.iter().sum(), index.iter().copied().fold(0.0, f64::max), known(&training.density).iter().sum()];
        ours.iter().zip(numbers(&case["training"])).for_each(|(a, b)| near(*a, b, &name));
        let new: Vec<Column> = features.iter().map(|f| cells().feature(f)).collect();
        let said = area.measure(&new).unwrap();
        let of = &said.dissimilarity;
        let ours = [of.iter().sum(), of.iter().map(|v| v * v).sum(), of.iter().copied().fold(0.0, f64::max)];
        ours.iter().zip(numbers(&case["cells"])).for_each(|(a, b)| near(*a, b, &name));
        assert_eq!(said.inside.iter().sum::<f64>(), number(&case["inside"]), "{name}");
        // CAST counts so many neighbours at most (maxLPD).
        assert_eq!(said.density.iter().map(|n| n.min(most)).sum::<f64>(), number(&case["density"]), "{name}");
        assert_eq!(area.dissimilarity(&new).unwrap(), said.dissimilarity, "{name}");
    }
}

#[test]
fn a_linear_model_has_casts_area_and_error_profile() {
    let case = &cases()["linear"];
    let features = ["x", "y", "dist"].map(str::to_owned);
    let (area, training) = fit(&features, &numbers(&case["weights"]), "others");
    near(area.threshold(), number(&case["threshold"]), "threshold");
    let said = area.measure(&features.each_ref().map(|f| cells().feature(f))).unwrap();
    assert_eq!(said.inside.iter().sum::<f64>(), number(&case["inside"]));
    assert_eq!(said.density.iter().sum::<f64>(), number(&case["density"]));
    // Held-out errors inside the area, in windows of five.
    let loss: Vec<f64> = sites().get("held").iter().zip(sites().get("logzinc")).map(|(p, o)| (p - o).powi(2)).collect();
    let inside = |i: &f64| if *i <= area.threshold() { *i } else { f64::NAN };
    let index: Vec<f64> = training.dissimilarity.iter().map(inside).collect();
    let found = windows(&index, &loss, Some(5), true).unwrap();
    let (at, error) = (numbers(&case["at"]), numbers(&case["error"]));
    assert_eq!(found.at.len(), at.len());
    found.at.iter().zip(at).for_each(|(a, b)| near(*a, b, "index"));
    // Two sites that are nearest to each other have one index. CAST lets their order in the table decide which of them a window ends with; here
    // both count with their mean. Where no window ends between such rows, the two agree.
    let mut sorted = known(&index);
    sorted.sort_by(f64::total_cmp);
    let apart = |i: usize| i == 0 || i == sorted.len() || sorted[i - 1] < sorted[i];
    let clear: Vec<usize> = (0..error.len()).filter(|&i| apart(i) && apart(i + 5)).collect();
    assert!(clear.len() > 90, "{}", clear.len());
    clear.into_iter().for_each(|i| near(found.error[i], error[i], "error"));
}

fn place(of: &Read, rows: &[usize], sphere: bool) -> Support {
    let pick = |name: &str| of.get(name).into_iter().enumerate().filter(|(r, _)| rows.contains(r)).map(|(_, v)| v).collect();
    let (x, y, crs) = if sphere { ("lon", "lat", Crs::Geographic) } else { ("x", "y", Crs::Projected("EPSG:28992".into())) };
    Support { rows: rows.len(), place: Some(Places::new(pick(x), pick(y), crs).unwrap()), ..Support::default() }
}

/// The sites of a case, and what is wanted; on the sphere at every tenth cell.
fn setting(case: &Value) -> (Space, Support, Aim) {
    let inside = sites().get(case["at"].as_str().unwrap());
    let rows: Vec<usize> = (0..inside.len()).filter(|&r| inside[r] > 0.0).collect();
    let sphere = case["space"] == "sphere";
    let wanted: Vec<usize> = (0..3103).filter(|r| !sphere || r % 10 == 0).collect();
    let space = match case["space"].as_str() {
        Some("euclidean") => Space::Features(FeatureDistance::Euclidean),
        Some("mahalanobis") => Space::Features(FeatureDistance::Mahalanobis),
        _ => Space::Place,
    };
    let names = if matches!(space, Space::Features(_)) { words(&case["features"]) } else { Vec::new() };
    let table = |of: &Read, rows: &[usize]| {
        let columns: Vec<Vec<f64>> = names.iter().map(|n| of.get(n)).collect();
        rows.iter().flat_map(|&r| columns.iter().map(move |c| c[r])).collect()
    };
    let features = Features { names: names.clone(), samples: table(&sites(), &rows), wanted: table(&cells(), &wanted) };
    let aim = Aim { wanted: Some(place(&cells(), &wanted, sphere)), features: Some(features) };
    (space, place(&sites(), &rows, sphere), aim)
}

#[test]
fn matched_folds_are_casts() {
    for case in cases()["knndm"].as_array().unwrap() {
        let (space, at, aim) = setting(case);
        let scale = if case["space"] == "sphere" { RADII } else { 1.0 };
        let name = format!("{} {} folds of {}, at most {}", case["space"], case["k"], case["at"], case["maxp"]);
        let (folds, maxp) = (number(&case["k"]) as usize, number(&case["maxp"]));
        let matched = Knndm { folds, maxp, space, clusters: Clusters::Hierarchical, aim }.matched(&at, &mut Rng::new(1)).unwrap();
        assert_eq!(matched.fold_of_row.iter().map(|f| *f as f64).collect::<Vec<_>>(), numbers(&case["fold"]), "{name}");
        assert_eq!(matched.clusters.map(|c| c as f64), case["clusters"].as_f64(), "{name}");
        let d = &matched.distances;
        let of = [("samples", &d.samples), ("wanted", &d.wanted), ("folds", d.folds.as_ref().unwrap())];
        near(scale * matched.w, number(&case["W"]), &name);
        of.iter().for_each(|(what, e)| near(scale * e.values().iter().sum::<f64>(), number(&case[*what]), &format!("{name} {what}")));
    }
}

#[test]
fn leave_one_out_excludes_as_many() {
    for case in cases()["nndm"].as_array().unwrap() {
        let (space, at, aim) = setting(case);
        let phi = Some(number(&case["phi"])).filter(|p| *p > 0.0).unwrap_or(f64::INFINITY);
        let design = Nndm { phi, min_train: number(&case["least"]), space, aim: aim.clone() };
        let folds = design.folds(&at, &mut Rng::new(1)).unwrap();
        let name = format!("{} up to {phi}, keeping {}", case["at"], case["least"]);
        assert_eq!(folds.iter().map(|f| f.left_out.len() as f64).collect::<Vec<_>>(), numbers(&case["out"]), "{name}");
        let found = distances(space, &at, &aim, &folds).unwrap();
        near(found.w_folds().unwrap(), number(&case["W"]), &name);
        near(found.folds.unwrap().values().iter().sum(), number(&case["folds"]), &name);
    }
}

/// K-means starts at random: the middle of our seeds lies within those of R.
#[test]
fn random_starts_match_as_well() {
    for case in cases()["kmeans"].as_array().unwrap() {
        let (space, at, aim) = setting(case);
        let design = Knndm { folds: 5, maxp: 0.5, space, clusters: Clusters::KMeans, aim };
        let (mut ours, theirs) =
            ((0..11).map(|seed| design.matched(&at, &mut Rng::new(seed)).unwrap().w).collect::<Vec<_>>(), numbers(&case["W"]));
        ours.sort_by(f64::total_cmp);
        let most = theirs.iter().copied().fold(0.0, f64::max);
        assert!(ours[5] < most, "{}: {ours:?}, CAST says {theirs:?}", case["at"]);
    }
}
