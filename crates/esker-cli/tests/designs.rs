//! Designs from recipes: polygons as regions, and what is refused where they do not fit the samples.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use serde_json::Value;
use support::{Desk, RECIPE};

/// Bands of latitude over the glaciers, two of one name.
fn bands(edges: &[(f64, f64, &str)]) -> String {
    let features: Vec<String> = edges
        .iter()
        .map(|(south, north, name)| {
            format!(
                r#"{{"type": "Feature", "properties": {{"name": "{name}", "code": {south}}}, "geometry": {{"type": "Polygon", "coordinates":
                [[[0, {south}], [40, {south}], [40, {north}], [0, {north}], [0, {south}]]]}}}}"#
            )
        })
        .collect();
    format!(r#"{{"type": "FeatureCollection", "features": [{}]}}"#, features.join(","))
}

fn desk(design: &str) -> Desk {
    let desk = Desk::new();
    desk.write("bands.geojson", bands(&[(55.0, 61.2, "south"), (61.2, 62.0, "middle"), (62.0, 68.0, "north"), (68.0, 75.0, "north")]));
    desk.write("half.geojson", bands(&[(55.0, 61.5, "south"), (61.5, 62.0, "middle")]));
    desk.write("some.toml", RECIPE.replace("design = \"group\"\nfolds = 4", design));
    desk
}

fn folds(desk: &Desk) -> Vec<(String, u64)> {
    desk.ok(&["run", "some.toml", "-o", "out", "--quiet"]);
    let record: Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
    let folds = record["designs"][0]["folds"].as_array().unwrap();
    folds.iter().map(|f| (f["label"].as_str().unwrap().to_owned(), f["test"].as_u64().unwrap())).collect()
}

#[test]
fn regions_are_the_polygons_of_a_file_by_their_names() {
    let named = folds(&desk("design = \"region\"\nregions = \"bands.geojson\""));
    assert_eq!(named.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["middle", "north", "south"]);
    assert_eq!(named.iter().map(|f| f.1).sum::<u64>(), 244);
    // By another attribute all four are apart.
    let coded = folds(&desk("design = \"region\"\nregions = \"bands.geojson\"\nnames = \"code\""));
    assert_eq!(coded.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["55", "61.2", "62", "68"]);
    assert_eq!(coded[2].1 + coded[3].1, named[1].1);
}

#[test]
fn regions_that_do_not_fit_are_refused_with_numbers() {
    let fails = |design: &str| desk(design).fails(&["check", "some.toml"]);
    let said = [
        fails("design = \"region\"\nregions = \"half.geojson\""),
        fails("design = \"region\"\nregions = \"nowhere.geojson\""),
        fails("design = \"region\"\nregions = \"glaciers.csv\""),
        fails("design = \"region\"\nregions = \"bands.geojson\"\nnames = \"nmae\""),
        fails("design = \"region\"\nregions = \"bands.geojson\"\ngroup = \"rgi_id\""),
        fails("design = \"region\"\nregions = \"bands.geojson\"\nfolds = 5"),
        fails("design = \"block\"\nregions = \"bands.geojson\"\nsize = 100"),
        fails("design = \"block\""),
        fails("design = \"season\""),
    ];
    insta::assert_snapshot!(said.join("\n"));
}
