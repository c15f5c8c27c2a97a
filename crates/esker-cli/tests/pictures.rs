//! Pictures of predicted maps, the share inside the area of applicability, and skill against simple answers, as a user asks for them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use serde_json::Value;
use support::Desk;

const POINTS: &str = include_str!("../../../examples/landslides/landslides.csv");
const TERRAIN: &[u8] = include_bytes!("../../../examples/landslides/terrain.tif");

const RECIPE: &str = r#"title = "Landslides"
seed = 3

[data]
source = "landslides.csv"

[roles]
target = { column = "lslpts", kind = "class" }
place = { x = "x", y = "y", crs = "EPSG:32717" }
features = ["slope", "cplan", "cprof", "elev", "log10_carea"]
weight = { declustered = "200 m" }

[validate]
design = "stratified"
folds = 3
wanted = "terrain.tif"

[[model]]
kind = "forest"
trees = 10

[explain]
importance = false
"#;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("landslides.csv", POINTS);
    desk.write("terrain.tif", TERRAIN);
    desk.write("landslides.toml", RECIPE);
    desk
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_map_is_drawn_beside_its_file_and_says_how_much_lies_inside() {
    let desk = desk();
    let said = desk.ok(&["run", "landslides.toml", "-o", "out"]);
    assert!(said.contains("forest"), "{said}");
    let page = desk.read("out/report.html");
    for words in
        ["Better than a simple answer?", "saying how frequent each class is", "terrain.tif", "cell declustering with cells of 200 m"]
    {
        assert!(page.contains(words), "{words}");
    }
    let record = json(&desk.read("out/record.json"));
    let wanted = &record["applicability"]["wanted"];
    assert_eq!((&wanted["places"], &wanted["measured"]), (&Value::from(25600), &Value::from(20000)));
    assert!(desk.path("out/figures/map-applicability-wanted.png").exists());

    let map = json(&desk.ok(&["predict", "out/model.esker", "terrain.tif", "-o", "map.nc", "--picture", "map.png", "--json"]));
    let inside = map["applicability"]["inside"].as_f64().unwrap();
    // A sample of the cells knows the share of all of them.
    assert!(inside > 0.0 && inside < 1.0 && (inside - wanted["inside"].as_f64().unwrap()).abs() < 0.01, "{map}");
    let png = desk.bytes("map.png");
    assert_eq!(&png[1..4], b"PNG");
    // Two maps beside each other: 2400 pixels.
    assert_eq!(u32::from_be_bytes([png[16], png[17], png[18], png[19]]), 2400);
    let said = desk.ok(&["predict", "out/model.esker", "terrain.tif", "-o", "map.tif", "--picture", "map.svg"]);
    assert!(said.contains("% inside the area of applicability"), "{said}");
    let svg = desk.read("map.svg");
    for words in ["lslpts: probability of TRUE", "Expected share of wrong classes", "outside (", "Easting (km)", "#808080"] {
        assert!(svg.contains(words), "{words}");
    }
    // Rows say the same of themselves.
    desk.ok(&["convert", "terrain.tif", "cells.csv"]);
    let rows = json(&desk.ok(&["predict", "out/model.esker", "cells.csv", "-o", "rows.csv", "--json"]));
    assert_eq!(rows["applicability"], map["applicability"]);
}

#[test]
fn a_picture_that_cannot_be_is_refused_before_any_work() {
    let desk = desk();
    desk.ok(&["run", "landslides.toml", "-o", "out", "--quiet"]);
    let before = desk.files();
    let refused = |words: &[&str]| desk.fails(&[&["predict", "out/model.esker"], words].concat());
    insta::assert_snapshot!(refused(&["terrain.tif", "-o", "map.nc", "--picture", "map.jpg"]), @r"
    exit 2
    error: picture 'map.jpg'; a picture is written as .png or .svg
    ");
    insta::assert_snapshot!(refused(&["terrain.tif", "-o", "rows.csv", "--picture", "map.png"]), @r"
    exit 2
    error: picture 'map.png': got rows in 'rows.csv'; a picture shows a map
      hint: write a map: -o map.nc, map.tif or map.zarr
    ");
    assert_eq!(desk.files(), before);
}
