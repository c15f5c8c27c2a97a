//! Grids on the command line: what a file holds, one format as another, a model's map.

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

[validate]
design = "stratified"
folds = 3

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

fn info(desk: &Desk, file: &str) -> Value {
    serde_json::from_str(&desk.ok(&["info", file, "--values", "--json"])).unwrap()
}

fn variable<'a>(info: &'a Value, name: &str) -> &'a Value {
    info["variables"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap_or_else(|| panic!("{name} in {info}"))
}

/// Rows of a CSV file as cells.
fn rows(desk: &Desk, file: &str) -> Vec<Vec<String>> {
    desk.read(file).lines().map(|l| l.split(',').map(str::to_owned).collect()).collect()
}

fn column(rows: &[Vec<String>], name: &str) -> Vec<f32> {
    let at = rows[0].iter().position(|n| n == name).unwrap_or_else(|| panic!("{name} in {:?}", rows[0]));
    rows[1..].iter().map(|r| r[at].parse().unwrap()).collect()
}

#[test]
fn a_table_goes_through_every_format_and_comes_back() {
    let desk = desk();
    // Written once by Esker, so that numbers are spelt as it spells them.
    desk.ok(&["convert", "landslides.csv", "points.csv"]);
    let csv = desk.read("points.csv");
    for name in ["points.parquet", "points.arrow", "points.nc", "points.zarr"] {
        desk.ok(&["convert", "points.csv", name]);
        desk.ok(&["convert", name, "back.csv"]);
        // The members of a Zarr store have no order of their own.
        let sorted = |text: &str| {
            let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split(',').collect()).collect();
            let mut columns: Vec<Vec<&str>> = (0..lines[0].len()).map(|c| lines.iter().map(|l| l[c]).collect()).collect();
            columns.sort_unstable();
            columns.concat().join(",")
        };
        let back = desk.read("back.csv");
        assert!(if name.ends_with("zarr") { sorted(&back) == sorted(&csv) } else { back == csv }, "{name} gives another table");
        let info = info(&desk, name);
        assert_eq!(variable(&info, "elev")["values"]["missing"], 0, "{name}");
        assert_eq!(variable(&info, "lslpts")["values"]["classes"], 2, "{name}");
    }
}

#[test]
fn the_same_table_in_another_format_gives_the_same_scores() {
    let desk = desk();
    let scores = |source: &str| {
        desk.ok(&["convert", "landslides.csv", source]);
        desk.write("other.toml", RECIPE.replace("landslides.csv", source));
        desk.ok(&["run", "other.toml", "-o", "out", "--quiet"]);
        let record: Value = serde_json::from_str(&desk.read("out/record.json")).unwrap();
        (record["models"].clone(), record["chosen"].clone())
    };
    let csv = scores("again.csv");
    for source in ["points.parquet", "points.arrow", "points.nc", "points.zarr"] {
        assert_eq!(scores(source), csv, "{source}");
    }
}

#[test]
fn a_grid_is_described_and_cut_and_goes_through_every_format() {
    let desk = desk();
    let whole = info(&desk, "terrain.tif");
    assert_eq!((&whole["format"], &whole["crs"]), (&"GeoTIFF".into(), &"EPSG:32717".into()));
    assert_eq!(whole["axes"][0]["order"], "descending");
    let said = desk.ok(&["info", "terrain.tif"]);
    assert!(said.contains("EPSG:32717") && said.contains("log10_carea") && said.contains("y 160 × x 160"), "{said}");
    for name in ["terrain.nc", "terrain.zarr", "copy.tif"] {
        desk.ok(&["convert", "terrain.tif", name]);
        let copy = info(&desk, name);
        assert_eq!(copy["crs"], "EPSG:32717", "{name}");
        for band in ["slope", "cplan", "cprof", "elev", "log10_carea"] {
            let (a, b) = (variable(&whole, band), variable(&copy, band));
            for key in ["count", "missing", "min", "max"] {
                assert_eq!(a["values"][key], b["values"][key], "{name} {band} {key}");
            }
        }
    }
    desk.ok(&["convert", "terrain.nc", "cut.nc", "--var", "elev,slope", "--bbox", "713600,9557600,713700,9557650"]);
    let cut = info(&desk, "cut.nc");
    assert_eq!(variable(&cut, "elev")["shape"], serde_json::json!([5, 10]));
    assert!(!cut.to_string().contains("cplan"));
    // Onto its own grid: the cells it had.
    desk.ok(&["convert", "terrain.tif", "like.nc", "--var", "elev", "--like", "cut.nc"]);
    assert_eq!(variable(&info(&desk, "like.nc"), "elev")["values"], variable(&cut, "elev")["values"]);
    desk.ok(&["convert", "terrain.tif", "like.nc", "--var", "elev", "--like", "cut.nc", "--method", "bilinear"]);
    assert_eq!(variable(&info(&desk, "like.nc"), "elev")["values"]["count"], 50);
}

#[test]
fn a_map_says_of_each_cell_what_a_row_of_it_would_say() {
    let desk = desk();
    desk.ok(&["run", "landslides.toml", "-o", "out", "--quiet"]);
    desk.ok(&["convert", "terrain.tif", "cells.csv"]);
    desk.ok(&["predict", "out/model.esker", "cells.csv", "-o", "rows.csv", "--quiet"]);
    let expected = column(&rows(&desk, "rows.csv"), "lslpts_p_TRUE");
    let inside = column(&rows(&desk, "rows.csv"), "lslpts_inside");
    assert!(inside.contains(&0.0) && inside.contains(&1.0), "some of the slopes are unlike those sampled");
    for name in ["map.nc", "map.tif", "map.zarr"] {
        let said = desk.ok(&["predict", "out/model.esker", "terrain.tif", "-o", name]);
        assert!(said.contains("25600 of 25600 cells"), "{said}");
        desk.ok(&["convert", name, "map.csv"]);
        assert_eq!(column(&rows(&desk, "map.csv"), "lslpts_p_TRUE"), expected, "{name}");
        for layer in ["lslpts_inside", "lslpts_dissimilarity", "lslpts_point_density"] {
            let of_rows = column(&rows(&desk, "rows.csv"), layer);
            assert_eq!(column(&rows(&desk, "map.csv"), layer), of_rows, "{name} {layer}");
        }
    }
    // A part predicted alone is that part of the whole.
    desk.ok(&["convert", "terrain.tif", "part.tif", "--bbox", "713600,9557600,714200,9557900"]);
    desk.ok(&["predict", "out/model.esker", "part.tif", "-o", "alone.nc"]);
    desk.ok(&["convert", "map.nc", "part.nc", "--bbox", "713600,9557600,714200,9557900"]);
    desk.ok(&["convert", "alone.nc", "alone.csv"]);
    desk.ok(&["convert", "part.nc", "part.csv"]);
    for layer in ["lslpts_predicted", "lslpts_p_TRUE", "lslpts_mask"] {
        assert_eq!(column(&rows(&desk, "alone.csv"), layer), column(&rows(&desk, "part.csv"), layer), "{layer}");
    }
}

#[test]
fn selections_and_names_that_cannot_be_are_refused_and_nothing_is_written() {
    let desk = desk();
    let refused = |words: &[&str]| {
        let out = desk.esker(words);
        assert!(!out.status.success(), "{words:?}");
        String::from_utf8(out.stderr).unwrap()
    };
    insta::assert_snapshot!(refused(&["convert", "terrain.tif", "o.nc", "--var", "elevation"]), @r"
    error: variable 'elevation'; no such variable in the file
      hint: the variables are slope, cplan, cprof, elev, log10_carea
    ");
    insta::assert_snapshot!(refused(&["convert", "terrain.tif", "o.nc", "--bbox", "5,43,17,49"]), @"error: selection on axis 'y': got 43 to 49 m; its labels run from 9557506.759956 to 9559096.759956 m");
    insta::assert_snapshot!(refused(&["convert", "terrain.tif", "o.nc", "--bbox", "5,43"]), @r"
    error: box '5,43'; a box is west,south,east,north in the units of the file's CRS
      hint: for the Alps: 5,43,17,49
    ");
    insta::assert_snapshot!(refused(&["convert", "terrain.tif", "o.nc", "--time", "2001"]), @"error: time: got '2001'; a selection in time needs one time axis");
    insta::assert_snapshot!(refused(&["convert", "landslides.csv", "o.nc", "--time", "2001"]), @r#"
    error: selection; variables, times and boxes are chosen from grids; this file is a table
      hint: filter a table in a recipe: [data] filter = ["…"]
    "#);
    insta::assert_snapshot!(refused(&["convert", "landslides.csv", "o.tif"]), @"error: GeoTIFF: got 'x' with 1 axes; a raster has rows and columns");
    insta::assert_snapshot!(refused(&["convert", "terrain.tif", "o.geojson"]), @r"
    error: file 'o.geojson': got data without geometries; this format holds features
      hint: tables and grids are written as .csv, .parquet, .nc or .zarr
    ");
    insta::assert_snapshot!(refused(&["convert", "terrain.tif", "o.xyz"]), @r"
    error: file 'o.xyz': got the extension .xyz; files are written as .csv, .parquet, .arrow, .feather, .nc, .zarr, .tif, .tiff, .geojson, .json, .gpkg
      hint: name it 'o.csv'
    ");
    desk.ok(&["run", "landslides.toml", "-o", "out", "--quiet"]);
    desk.ok(&["convert", "terrain.tif", "few.nc", "--var", "elev,slope"]);
    insta::assert_snapshot!(refused(&["predict", "out/model.esker", "few.nc", "-o", "o.tif"]), @r"
    error: variable 'cplan'; the model needs it, and the grid has no such variable or axis
      hint: the variables are elev, slope
    ");
    let left: Vec<String> =
        std::fs::read_dir(desk.path("")).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|n| n.starts_with("o.") || n.contains("partial")), "{left:?}");
}
