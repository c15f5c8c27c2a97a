//! Sources of recipes: parts of grids, polygons, the CRS of the file, and one table in many formats.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Desk, RECIPE};

const TERRAIN: &[u8] = include_bytes!("../../../examples/landslides/terrain.tif");
const POINTS: &str = include_str!("../../../examples/landslides/landslides.csv");

/// A triangle with a hole over the terrain, in longitude and latitude. 6205 centres of the terrain's cells, from column 1 to 117 and row 47
/// to 153, and 27 of the 350 points lie in it (shapely 2.2.0 after pyproj 3.7.2; rasterio 1.4.4 geometry_mask says the same of the cells).
const BASIN: &str = r#"{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "basin"}, "geometry": {"type": "Polygon", "coordinates": [
    [[-79.0785, -3.9905], [-79.0735, -4.0005], [-79.0665, -3.9925], [-79.0785, -3.9905]],
    [[-79.0745, -3.9945], [-79.0735, -3.9965], [-79.0720, -3.9945], [-79.0745, -3.9945]]]}}]}"#;

/// 90 of the 244 rows of glaciers.csv lie in it.
const JOTUNHEIMEN: &str = r#"{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates":
    [[[6, 61], [9, 61], [9, 63], [6, 63], [6, 61]]]}}"#;

/// Steepness from height and curvature, cell by cell.
const SLOPE: &str = r#"title = "Slope"
seed = 3

[data]
source = "terrain.tif"
variables = ["slope", "elev", "cplan"]
bbox = [713500, 9557500, 714500, 9559200]
within = "basin.geojson"

[roles]
target = "slope"
place = { x = "x", y = "y" }
features = ["elev", "cplan"]

[validate]
design = "random"
folds = 3

[[model]]
kind = "linear"
"#;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("terrain.tif", TERRAIN);
    desk.write("landslides.csv", POINTS);
    desk.write("basin.geojson", BASIN);
    desk.write("jotunheimen.geojson", JOTUNHEIMEN);
    desk.write("slope.toml", SLOPE);
    desk
}

fn record(desk: &Desk, recipe: &str) -> Value {
    desk.ok(&["run", recipe, "-o", "out", "--quiet"]);
    serde_json::from_str(&desk.read("out/record.json")).unwrap()
}

fn notes(record: &Value) -> Vec<&str> {
    record["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect()
}

fn variable(desk: &Desk, file: &str, name: &str) -> Value {
    let info: Value = serde_json::from_str(&desk.ok(&["info", file, "--values", "--json"])).unwrap();
    info["variables"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap().clone()
}

#[test]
fn a_grid_is_masked_and_cut_to_polygons_in_another_crs() {
    let desk = desk();
    let said: Value =
        serde_json::from_str(&desk.ok(&["convert", "terrain.tif", "basin.nc", "--var", "elev", "--within", "basin.geojson", "--json"]))
            .unwrap();
    insta::assert_snapshot!(
        said["notes"].as_array().unwrap().iter().map(|n| n["text"].as_str().unwrap()).filter(|t| t.contains("basin.geojson")).collect::<Vec<_>>().join("\n"),
        @r"
        cells of the map were kept where their centre lies within the polygons of 'basin.geojson': 6205 of 25600
        places of the cells (EPSG:32717) were brought to the CRS of 'basin.geojson' (EPSG:4326), to within about 0.001 m
        "
    );
    let elev = variable(&desk, "basin.nc", "elev");
    assert_eq!(elev["shape"], json!([107, 117]));
    assert_eq!(elev["values"]["missing"], 107 * 117 - 6205);
    assert_eq!((elev["values"]["min"].as_f64().unwrap() as f32, elev["values"]["max"].as_f64().unwrap() as f32), (2215.917, 2665.294));
    assert!((elev["values"]["mean"].as_f64().unwrap() - 2_457.266_961_615_821_4).abs() < 1e-6);
    // Into another format.
    desk.ok(&["convert", "terrain.tif", "again.zarr", "--within", "basin.geojson"]);
    assert_eq!(variable(&desk, "again.zarr", "elev")["values"], elev["values"]);
}

#[test]
fn rows_and_features_are_kept_where_they_lie_in_polygons() {
    let desk = desk();
    desk.ok(&["convert", "glaciers.csv", "some.csv", "--within", "jotunheimen.geojson"]);
    assert_eq!(desk.read("some.csv").lines().count(), 1 + 90);
    // Features count by their centroid: the basin's is its own.
    desk.ok(&["convert", "basin.geojson", "one.gpkg", "--within", "basin.geojson"]);
    insta::assert_snapshot!(desk.fails(&["convert", "basin.geojson", "none.gpkg", "--within", "jotunheimen.geojson"]), @r"
    exit 4
    error: polygons 'jotunheimen.geojson': got none of the features inside; they reach from 6 to 9 east and 61 to 63 north in EPSG:4326
      hint: esker info FILE says where the data lie; cells and areas count by their centre
    ");
    insta::assert_snapshot!(desk.fails(&["convert", "terrain.tif", "none.nc", "--within", "jotunheimen.geojson"]), @r"
    exit 4
    error: polygons 'jotunheimen.geojson': got none of the cells inside; they reach from 6 to 9 east and 61 to 63 north in EPSG:4326
      hint: esker info FILE says where the data lie; cells and areas count by their centre
    ");
    insta::assert_snapshot!(desk.fails(&["convert", "terrain.tif", "none.nc", "--within", "glaciers.csv"]), @r"
    exit 4
    error: polygons 'glaciers.csv': got a file without geometries; polygons are read from GeoPackage, shapefile, GeoJSON, FlatGeobuf or GeoParquet
    ");
    insta::assert_snapshot!(desk.fails(&["convert", "landslides.csv", "none.csv", "--within", "basin.geojson"]), @r#"
    exit 4
    error: table: got no columns of longitude and latitude by their names; polygons choose among rows whose place and CRS are known
      hint: a recipe states both: [data] within = "polygons.gpkg" and [roles] place = { x = "…", y = "…", crs = "EPSG:…" }
    "#);
    let recipe = RECIPE.replace("source = \"glaciers.csv\"", "source = \"glaciers.csv\"\nwithin = \"jotunheimen.geojson\"");
    desk.write("some.toml", &recipe);
    let record = record(&desk, "some.toml");
    assert_eq!(record["data"]["rows_read"], 90);
    assert!(notes(&record).contains(&"within"));
}

#[test]
fn a_recipe_chooses_from_a_grid_and_takes_its_crs() {
    let desk = desk();
    let first = record(&desk, "slope.toml");
    // The box cuts off what lies east of it.
    let rows = first["data"]["rows_read"].as_u64().unwrap();
    assert!(rows > 5000 && rows < 6205, "{rows}");
    for code in ["within", "crs-transformed", "crs-of-file"] {
        assert!(notes(&first).contains(&code), "{code} in {:?}", notes(&first));
    }
    // In two steps: cut by convert, and run on the cut.
    let words = ["--var", "slope,elev,cplan", "--bbox", "713500,9557500,714500,9559200", "--within", "basin.geojson"];
    desk.ok(&[&["convert", "terrain.tif", "cut.nc"], &words[..]].concat());
    let chosen: Vec<&str> = SLOPE.lines().filter(|l| !["variables", "bbox", "within"].iter().any(|k| l.starts_with(k))).collect();
    desk.write("cut.toml", chosen.join("\n").replace("terrain.tif", "cut.nc"));
    let second = record(&desk, "cut.toml");
    assert_eq!(first["models"], second["models"]);
    assert_eq!(first["data"]["columns"], second["data"]["columns"]);
    // The text of convert, too, and a CRS that is that of the file.
    let text = SLOPE
        .replace("[713500, 9557500, 714500, 9559200]", "\"713500,9557500,714500,9559200\"")
        .replace("y = \"y\" }", "y = \"y\", crs = \"EPSG:32717\" }");
    desk.write("text.toml", text);
    assert_eq!(record(&desk, "text.toml")["models"], first["models"]);
}

#[test]
fn choices_that_cannot_be_and_a_crs_that_is_not_the_files_are_refused() {
    let desk = desk();
    let said = |from: &str, to: &str| {
        assert!(SLOPE.contains(from), "{from}");
        desk.write("wrong.toml", SLOPE.replace(from, to));
        desk.fails(&["check", "wrong.toml"])
    };
    insta::assert_snapshot!(said("y = \"y\" }", "y = \"y\", crs = \"EPSG:32718\" }"), @r"
    exit 3
    error: wrong.toml:12:35: 'roles.place.crs': got EPSG:32718; 'terrain.tif' states EPSG:32717
      hint: leave crs out to take that of the file
    ");
    insta::assert_snapshot!(said("y = \"y\" }", "y = \"y\", crs = \"EPSG:4326\" }"), @r"
    exit 3
    error: wrong.toml:12:35: 'roles.place.crs': got EPSG:4326; 'terrain.tif' states EPSG:32717
      hint: leave crs out to take that of the file
    ");
    insta::assert_snapshot!(said("713500, 9557500, 714500, 9559200", "5, 43, 17"), @r"
    exit 3
    error: wrong.toml:7:8: box '5,43,17'; a box is west,south,east,north in the units of the file's CRS
      hint: for the Alps: 5,43,17,49
    ");
    insta::assert_snapshot!(said("713500, 9557500, 714500, 9559200", "5, 43, 17, 49"), @r"
    exit 4
    error: wrong.toml:7:8: selection on axis 'y': got 43 to 49 m; its labels run from 9557506.759956 to 9559096.759956 m
    ");
    insta::assert_snapshot!(said("\"cplan\"]\nbbox", "\"plan\"]\nbbox"), @r"
    exit 4
    error: wrong.toml:6:13: variable 'plan'; no such variable in the file
      hint: the variables are slope, cplan, cprof, elev, log10_carea
    ");
    insta::assert_snapshot!(said("within =", "time = \"2001/2010\"\nwithin ="), @r"
    exit 4
    error: wrong.toml:8:8: time: got '2001/2010'; a selection in time needs one time axis
    ");
    insta::assert_snapshot!(said("basin.geojson", "basins.geojson"), @r"
    exit 6
    error: wrong.toml:8:10: file 'basins.geojson'; no such file
      hint: did you mean './basin.geojson'?
    ");
    insta::assert_snapshot!(said("terrain.tif", "landslides.csv"), @r#"
    exit 3
    error: wrong.toml:6:13: 'data.variables': got a source of rows; variables, times and boxes are chosen from grids
      hint: rows are chosen by filter = ["…"], [data.keep] or within; columns in [roles] features
    "#);
    insta::assert_snapshot!(said("[713500, 9557500, 714500, 9559200]", "true"), @r"
    exit 3
    error: wrong.toml:7:8: 'data.bbox': got true; a box is [west, south, east, north]
    ");
    let rows = |place: &str| {
        let recipe = RECIPE.replace("[data]\n", "[data]\nwithin = \"jotunheimen.geojson\"\n");
        desk.write("wrong.toml", recipe.replace("place = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }\n", place));
        desk.fails(&["check", "wrong.toml"])
    };
    insta::assert_snapshot!(rows(""), @r#"
    exit 3
    error: wrong.toml:5:10: 'data.within'; where the rows are must be known
      hint: name the columns: [roles] place = { x = "lon", y = "lat", crs = "EPSG:4326" }
    "#);
    insta::assert_snapshot!(rows("place = { x = \"lon\", y = \"lat\" }\n"), @r#"
    exit 3
    error: wrong.toml:17:9: 'roles.place.crs'; it is missing, and the file states none for these columns
      hint: longitude and latitude are crs = "EPSG:4326"; a CRS is stated, never guessed
    "#);
}

/// A record without what is said of the file itself: its name, its checksum, the recipe that names it, and notes on how it was read.
fn without_file(mut record: Value) -> Value {
    let top = record.as_object_mut().unwrap();
    let provenance = top.get_mut("provenance").unwrap().as_object_mut().unwrap();
    for key in ["data_file", "data_sha256", "recipe", "recipe_sha256"] {
        assert!(provenance.remove(key).is_some(), "{key}");
    }
    let notes = top.get_mut("notes").unwrap().as_array_mut().unwrap();
    let read = ["format", "crs-degrees", "no-unit", "axis-named"];
    notes.retain(|n| !read.contains(&n["code"].as_str().unwrap()));
    record
}

/// Where two records part, so that a failure can be read.
fn first_difference(a: &Value, b: &Value, path: &str) -> Option<String> {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.keys().eq(y.keys()) => {
            x.iter().find_map(|(k, v)| first_difference(v, &y[k], &format!("{path}/{k}")))
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(i, (v, w))| first_difference(v, w, &format!("{path}/{i}")))
        }
        _ => (a != b).then(|| format!("{path}: {a} and {b}")),
    }
}

#[test]
fn the_same_table_gives_the_same_record_in_every_format() {
    let desk = Desk::new();
    for (name, bytes) in [("glaciers.xlsx", &include_bytes!("data/glaciers.xlsx")[..]), ("glaciers.nc", include_bytes!("data/glaciers.nc"))]
    {
        desk.write(name, bytes);
    }
    desk.ok(&["convert", "glaciers.csv", "glaciers.parquet"]);
    desk.ok(&["convert", "glaciers.csv", "glaciers.arrow"]);
    desk.ok(&["convert", "glaciers.csv", "written.nc"]);
    desk.ok(&["convert", "glaciers.csv", "glaciers.zarr"]);
    let units = "[data.units]\nlon = \"degrees_east\"\nlat = \"degrees_north\"\nslope = \"degree\"\nzmed = \"m\"\nPDD = \"K d\"\nsnow = \"mm\"\n\"temp_*\" = \"degC\"\n\
                 dmdtda = \"m w.e. yr-1\"\nerr_dmdtda = \"m w.e. yr-1\"\n";
    let of = |source: &str| {
        desk.write("same.toml", RECIPE.replace("[data.units]\n", units).replace("glaciers.csv", source));
        without_file(record(&desk, "same.toml"))
    };
    let csv = of("glaciers.csv");
    for source in ["glaciers.parquet", "glaciers.arrow", "glaciers.xlsx", "glaciers.nc", "written.nc", "glaciers.zarr"] {
        assert_eq!(first_difference(&of(source), &csv, source), None);
    }
}

#[test]
fn stations_with_their_times_are_the_rows_they_stand_for() {
    let desk = Desk::new();
    desk.write("series.nc", include_bytes!("data/glaciers-series.nc"));
    desk.write("series.csv", include_str!("data/glaciers-series.csv"));
    let units = "[data.units]\ntime = \"days since 1970-01-01\"\nlon = \"degrees_east\"\nlat = \"degrees_north\"\nslope = \"degree\"\nzmed = \"m\"\nPDD = \"K d\"\n\
                 snow = \"mm\"\n\"temp_*\" = \"degC\"\ndmdtda = \"m w.e. yr-1\"\nerr_dmdtda = \"m w.e. yr-1\"\n";
    let recipe = RECIPE.replace("[data.units]\n", units).replace(", \"period\"]", "]\ntime = \"time\"");
    let of = |source: &str| {
        desk.write("same.toml", recipe.replace("glaciers.csv", source));
        without_file(record(&desk, "same.toml"))
    };
    assert_eq!(first_difference(&of("series.nc"), &of("series.csv"), ""), None);
}

#[test]
fn the_first_recipe_for_a_grid_takes_its_places_and_names_what_can_be_chosen() {
    let desk = desk();
    desk.ok(&["init", "terrain.tif", "--target", "slope", "-o", "first.toml"]);
    let text = desk.read("first.toml");
    assert!(text.contains("place = { x = \"x\", y = \"y\" }") && text.contains("EPSG:32717") && text.contains("# within = "), "{text}");
    desk.ok(&["check", "first.toml"]);
}

#[test]
fn a_map_in_another_crs_than_the_model_learned_its_coordinates_in_is_refused() {
    let desk = desk();
    desk.write("where.toml", SLOPE.replace("features = [\"elev\", \"cplan\"]", "features = [\"elev\", \"x\", \"y\"]"));
    desk.ok(&["run", "where.toml", "-o", "out", "--quiet"]);
    desk.ok(&["predict", "out/model.esker", "terrain.tif", "-o", "map.nc", "--quiet"]);
    // The same numbers under another CRS.
    let mut other = TERRAIN.to_vec();
    let code = 32717_u16.to_le_bytes();
    let places: Vec<usize> = other.windows(2).enumerate().filter(|(_, w)| *w == code).map(|(i, _)| i).collect();
    places.into_iter().for_each(|i| other[i..i + 2].copy_from_slice(&32718_u16.to_le_bytes()));
    desk.write("other.tif", other);
    insta::assert_snapshot!(desk.fails(&["predict", "out/model.esker", "other.tif", "-o", "map.nc"]), @r"
    exit 4
    error: 'x' and 'y': got EPSG:32718; the model learned them in EPSG:32717
      hint: put the grid into that CRS: esker convert IN OUT --like GRID
    ");
}

#[test]
fn files_that_are_no_tables_are_called_what_they_seem_to_be() {
    let desk = Desk::new();
    desk.write("README.md", "# Glaciers\n\nMeasured in May, by hand.\n");
    desk.write("settings.json", "{\"depth\": 3}");
    desk.write(
        "LICENCE",
        "Licence\n\nPermission is hereby granted, free of charge, to any person obtaining a copy,\nto use, copy and modify it.\n",
    );
    insta::assert_snapshot!(desk.fails(&["info", "README.md"]), @r"
    exit 4
    error: file 'README.md': got what seems to be a document; it is none of the 15 formats that are read: Parquet, NetCDF, GeoTIFF, GRIB, Shapefile, GeoPackage, FlatGeobuf, GeoJSON, Arrow IPC, Zarr, Excel, LAS, month table, fixed-width, CSV
    ");
    insta::assert_snapshot!(desk.fails(&["info", "settings.json"]), @r"
    exit 4
    error: file 'settings.json': got what seems to be JSON that is no GeoJSON; it is none of the 15 formats that are read: Parquet, NetCDF, GeoTIFF, GRIB, Shapefile, GeoPackage, FlatGeobuf, GeoJSON, Arrow IPC, Zarr, Excel, LAS, month table, fixed-width, CSV
    ");
    insta::assert_snapshot!(desk.fails(&["info", "LICENCE"]), @r"
    exit 4
    error: file 'LICENCE': got what seems to be prose; it is none of the 15 formats that are read: Parquet, NetCDF, GeoTIFF, GRIB, Shapefile, GeoPackage, FlatGeobuf, GeoJSON, Arrow IPC, Zarr, Excel, LAS, month table, fixed-width, CSV
    ");
}

#[test]
fn ctrl_c_stops_a_conversion_and_leaves_no_half_file() {
    let desk = Desk::new();
    // 400 million cells of which none is stored.
    std::fs::create_dir_all(desk.path("big.zarr/v")).unwrap();
    desk.write("big.zarr/zarr.json", r#"{"zarr_format": 3, "node_type": "group", "attributes": {}}"#);
    desk.write(
        "big.zarr/v/zarr.json",
        r#"{"zarr_format": 3, "node_type": "array", "shape": [20000, 20000], "data_type": "float64", "fill_value": 1.5,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [500, 500]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}], "dimension_names": ["y", "x"], "attributes": {}}"#,
    );
    desk.write("big.nc", "before");
    let files = desk.files();
    let mut child = desk.command().args(["convert", "big.zarr", "big.nc"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while desk.files() == files {
        assert!(begun.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none(), "the work has not begun, or is over");
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130));
    insta::assert_snapshot!(String::from_utf8_lossy(&out.stderr).trim_end(), @"error: stopped on request; nothing was written");
    assert_eq!(desk.files(), files);
    assert_eq!(desk.read("big.nc"), "before");
}

#[test]
fn ctrl_c_stops_preparation_in_the_midst_of_a_grid() {
    let desk = Desk::new();
    // 1600 million cells of which none is stored, under one polygon.
    let zarr = |name: &str, shape: &str, chunk: &str, names: &str, attributes: &str| {
        std::fs::create_dir_all(desk.path(&format!("big.zarr/{name}"))).unwrap();
        desk.write(
            &format!("big.zarr/{name}/zarr.json"),
            format!(
                r#"{{"zarr_format": 3, "node_type": "array", "shape": [{shape}], "data_type": "float64", "fill_value": 1.5,
                "chunk_grid": {{"name": "regular", "configuration": {{"chunk_shape": [{chunk}]}}}},
                "chunk_key_encoding": {{"name": "default", "configuration": {{"separator": "/"}}}},
                "codecs": [{{"name": "bytes", "configuration": {{"endian": "little"}}}}], "dimension_names": [{names}], "attributes": {{{attributes}}}}}"#
            ),
        );
    };
    zarr("v", "40000, 40000", "500, 500", r#""lat", "lon""#, "");
    desk.write("big.zarr/zarr.json", r#"{"zarr_format": 3, "node_type": "group", "attributes": {}}"#);
    let line: Vec<u8> = (0..40_000).flat_map(|i| (0.0005 + 0.001 * f64::from(i)).to_le_bytes()).collect();
    for (name, units) in [("lat", "degrees_north"), ("lon", "degrees_east")] {
        zarr(name, "40000", "40000", &format!("\"{name}\""), &format!(r#""units": "{units}""#));
        std::fs::create_dir_all(desk.path(&format!("big.zarr/{name}/c"))).unwrap();
        std::fs::write(desk.path(&format!("big.zarr/{name}/c/0")), &line).unwrap();
    }
    desk.write("rows.csv", "id,lon,lat,y\nA,20,20,1\nB,21,21,2\nC,22,22,3\n");
    desk.write(
        "area.geojson",
        r#"{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
            {"type": "Polygon", "coordinates": [[[1, 1], [39, 1], [39, 39], [1, 39], [1, 1]]]}}]}"#,
    );
    desk.write(
        "prepare.toml",
        "[data]\nsource = \"rows.csv\"\n[[data.step]]\nkind = \"zonal\"\nsource = \"big.zarr\"\npolygons = \"area.geojson\"\nstatistics = [\"mean\", \"max\"]\n\
         [roles]\ntarget = \"y\"\nplace = { x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }\n[validate]\ndesign = \"random\"\nfolds = 3\n[[model]]\nkind = \"linear\"\n",
    );
    desk.write("out.csv", "before");
    let files = desk.files();
    for words in [&["prepare", "prepare.toml", "-o", "out.csv"][..], &["run", "prepare.toml", "-o", "out"], &["check", "prepare.toml"]] {
        let mut child = desk.command().args(words).stderr(std::process::Stdio::piped()).spawn().unwrap();
        // The rows are read at once, and the grid takes long.
        std::thread::sleep(Duration::from_millis(1500));
        assert!(child.try_wait().unwrap().is_none(), "the work is over");
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let asked = Instant::now();
        let out = child.wait_with_output().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(5), "{words:?} stopped after {:?}", asked.elapsed());
        assert_eq!(out.status.code(), Some(130), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&out.stderr).trim_end(), "error: stopped on request; nothing was written", "{words:?}");
        assert_eq!(desk.files(), files);
        assert_eq!(desk.read("out.csv"), "before");
    }
}
