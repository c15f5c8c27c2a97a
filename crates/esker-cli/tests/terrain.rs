//! Terrain attributes and conservative regridding on the command line.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use serde_json::Value;
use support::Desk;

const TERRAIN: &[u8] = include_bytes!("../../../examples/landslides/terrain.tif");

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("terrain.tif", TERRAIN);
    desk
}

fn values(desk: &Desk, file: &str, name: &str) -> Value {
    let info: Value = serde_json::from_str(&desk.ok(&["info", file, "--values", "--json"])).unwrap();
    info["variables"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap_or_else(|| panic!("{name} in {info}"))["values"].clone()
}

#[test]
fn attributes_are_those_of_the_heights() {
    let desk = desk();
    let words =
        ["terrain", "terrain.tif", "--var", "elev", "-o", "shape.tif", "--attributes", "slope,aspect,sd", "--window", "5", "--json"];
    let said: Value = serde_json::from_str(&desk.ok(&words)).unwrap();
    let codes: Vec<&str> = said["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"cell-size") && codes.contains(&"terrain-edges"), "{codes:?}");
    // 160 × 160 cells; the outermost have no slope, the two outermost rings no window of five.
    let (slope, sd) = (values(&desk, "shape.tif", "slope"), values(&desk, "shape.tif", "sd"));
    assert_eq!((slope["missing"].as_u64(), sd["missing"].as_u64()), (Some(160 * 160 - 158 * 158), Some(160 * 160 - 156 * 156)));
    // The slopes that came with the elevations are those of another surface, but alike.
    let (ours, theirs) = (slope["mean"].as_f64().unwrap(), values(&desk, "terrain.tif", "slope")["mean"].as_f64().unwrap());
    assert!((ours - theirs).abs() < 3.0, "{ours} {theirs}");
}

/// A raster that is no heights has textures; what its grey levels are is told.
#[test]
fn textures_are_those_of_any_raster() {
    let desk = desk();
    let words =
        "terrain terrain.tif --var log10_carea -o grain.tif --attributes glcm-homogeneity,glcm-entropy --window 7 --distances 1,2 --json";
    let said: Value = serde_json::from_str(&desk.ok(&words.split(' ').collect::<Vec<_>>())).unwrap();
    let note = |code: &str| {
        let notes = said["notes"].as_array().unwrap();
        notes.iter().find(|n| n["code"] == code).unwrap_or_else(|| panic!("{code} in {said}"))["text"].as_str().unwrap().to_owned()
    };
    assert!(note("grey-levels").contains("as measured") && note("texture-pairs").contains("50 %"));
    let (near, far) = (values(&desk, "grain.tif", "glcm-homogeneity-d1"), values(&desk, "grain.tif", "glcm-homogeneity-d2"));
    assert!(near["mean"].as_f64() > far["mean"].as_f64() && far["mean"].as_f64() > Some(0.0), "{near} {far}");
    assert!(near["max"].as_f64() <= Some(1.0), "{near}");
    let words = "terrain terrain.tif --var log10_carea -o grain.nc --attributes glcm-asm --window 7 --grey-levels 8 --grey-range -1,6 --pairs 1 --json";
    let said = desk.ok(&words.split(' ').collect::<Vec<_>>());
    assert!(said.contains("8 grey levels of 'log10_carea' from -1 to 6, as stated"), "{said}");
    // All pairs are wanted: three rings are missing.
    assert_eq!(values(&desk, "grain.nc", "glcm-asm")["missing"].as_u64(), Some(160 * 160 - 154 * 154));
}

#[test]
fn coarser_cells_have_the_means_of_the_finer() {
    let desk = desk();
    desk.ok(&["convert", "terrain.tif", "elev.nc", "--var", "elev"]);
    let corner = values(&desk, "elev.nc", "elev");
    desk.ok(&["convert", "elev.nc", "same.nc", "--like", "terrain.tif", "--method", "conservative"]);
    let same = values(&desk, "same.nc", "elev");
    assert!((corner["mean"].as_f64().unwrap() - same["mean"].as_f64().unwrap()).abs() < 1e-6, "{corner} {same}");
}

#[test]
fn what_cannot_be_is_refused_and_writes_nothing() {
    let desk = desk();
    desk.write("table.csv", "a,b\n1,2\n3,4\n");
    let said = |words: &[&str]| {
        let run = desk.esker(words);
        assert!(!run.status.success() && !desk.path("out.tif").exists(), "{words:?}");
        String::from_utf8_lossy(&run.stderr).into_owned()
    };
    assert!(said(&["terrain", "terrain.tif", "-o", "out.tif"]).contains("--var"));
    assert!(said(&["terrain", "terrain.tif", "--var", "elev", "-o", "out.tif", "--attributes", "steepness"]).contains("plan-curvature"));
    let wide = said(&["terrain", "terrain.tif", "--var", "elev", "-o", "out.tif", "--attributes", "sd", "--window", "161"]);
    assert!(wide.contains("161 × 161") && wide.contains("160 rows"), "{wide}");
    let far = said(&["terrain", "terrain.tif", "--var", "elev", "-o", "out.tif", "--attributes", "glcm-asm", "--distances", "3"]);
    assert!(far.contains("from 1 to 2 cells"), "{far}");
    let ends = said(&["terrain", "terrain.tif", "--var", "elev", "-o", "out.tif", "--attributes", "glcm-asm", "--grey-range", "5"]);
    assert!(ends.contains("as 0,4000"), "{ends}");
    assert!(said(&["terrain", "table.csv", "-o", "out.tif"]).contains("raster of heights"));
}
