//! Zarr stores: those of zarr-python cell by cell, what is written reads back, and damaged ones are refused.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use esker_core::cube::{Attribute, Axis, AxisKind, Blocks, Holds, Labels, Variable, Window};
use esker_core::{Calendar, Crs, Cube, Result, Unit};
use esker_io::{Data, Format, ReadOptions, open, write_netcdf, write_zarr};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tables").join(name)
}

fn cube(path: &Path) -> Cube {
    let (format, data) = open(path, &ReadOptions::default()).expect("a store");
    assert_eq!(format, Format::Zarr);
    let Data::Cube(cube) = data else { panic!("not a cube") };
    cube
}

/// The values that make_tables.py writes.
fn expected(i: usize, j: usize, k: usize) -> f64 {
    if (i, j, k) == (3, 2, 1) { f64::NAN } else { (i * 100 + j * 10) as f64 + k as f64 * 0.5 }
}

fn grid(window: &Window, value: impl Fn(usize, usize, usize) -> f64) -> Vec<f64> {
    let [a, b, c] = [0, 1, 2].map(|d| window.0[d].clone());
    let cells = a.flat_map(|i| {
        b.clone().flat_map({
            let c = c.clone();
            move |j| c.clone().map(move |k| (i, j, k))
        })
    });
    cells.map(|(i, j, k)| value(i, j, k)).collect()
}

fn equal(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
}

/// Every window that starts and ends at these places.
fn windows() -> Vec<Window> {
    let ranges = |n: usize| vec![0..n, 0..1, 2..n - 1, n - 1..n, 2..2];
    let mut all = Vec::new();
    for a in ranges(7) {
        for b in ranges(5) {
            for c in ranges(6) {
                all.push(Window(vec![a.clone(), b.clone(), c.clone()]));
            }
        }
    }
    all
}

#[test]
fn stores_of_xarray_read_whole_and_by_windows() {
    for name in ["v3_zstd", "v3_shards", "v3_blosc", "v3_turned", "v2_packed"] {
        let cube = cube(&file(&format!("{name}.zip")));
        let v = cube.variable("t2m").unwrap();
        for window in windows() {
            assert!(equal(&cube.read(v, &window).unwrap(), &grid(&window, expected)), "{name} {window}");
        }
        assert_eq!(cube.variables()[v].unit, Unit::new("K"), "{name}");
        assert_eq!(cube.attributes.text("title"), Some("made up"));
        let time = &cube.axes()[cube.axis_of(AxisKind::T).unwrap()];
        let first = 11_323.0;
        assert_eq!(time.numbers().unwrap(), (0..7).map(|i| first + f64::from(i) * 0.5).collect::<Vec<_>>(), "{name}");
        let station = cube.variable("station").unwrap();
        assert_eq!(cube.read_texts(station, &Window::whole(&[5])).unwrap(), ["a", "bc", "", "dé", "e"], "{name}");
    }
}

#[test]
fn filters_of_version_2_are_undone() {
    for name in ["v2_fortran", "v2_delta"] {
        let cube = cube(&file(&format!("{name}.zip")));
        let value = |i, j, k| {
            let v = expected(i, j, k);
            let v = if v.is_nan() { 0.0 } else { v };
            if name == "v2_delta" { v.trunc() } else { v }
        };
        for window in windows() {
            assert!(equal(&cube.read(0, &window).unwrap(), &grid(&window, value)), "{name} {window}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let error = open(&file("v2_bz2.zip"), &ReadOptions::default()).unwrap_err();
    insta::assert_snapshot!(error, @"array 'x' of 'v2_bz2.zip': got the codec 'bz2', which is not read; no array of the store can be read");
}

/// Values by a formula, as no file has them.
struct Made;

impl Blocks for Made {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let value = |i: usize, j: usize, k: usize| {
            let v = expected(i % 7, j % 5, k % 6) + (i + j) as f64 * 1000.0;
            if variable == 0 { v } else { v / 3.0 }
        };
        Ok(grid(window, value))
    }

    fn read_texts(&self, _: usize, window: &Window) -> Result<Vec<String>> {
        Ok(window.0[0].clone().map(|i| if i == 1 { String::new() } else { format!("Station {i} é") }).collect())
    }
}

fn made(calendar: Calendar) -> Cube {
    let mut time = Axis::bare("time", 40);
    time.kind = AxisKind::T;
    time.labels = Some(Labels::Time { calendar, days: (0..40).map(|i| f64::from(i) * 10.25 - 200_000.0).collect() });
    time.bounds = Some((0..40).map(|i| [f64::from(i) * 10.25 - 200_001.0, f64::from(i) * 10.25 - 199_999.0]).collect());
    time.unit = Unit::new("days since 1970-01-01");
    let axes = vec![
        time,
        Axis::real("lat", AxisKind::Y, "degrees_north", (0..100).map(|i| 60.0 - f64::from(i) * 0.1).collect()),
        Axis::real("lon", AxisKind::X, "degrees_east", (0..120).map(|i| f64::from(i) * 0.1).collect()),
    ];
    let variable = |name: &str, axes: &[usize], chunk: &[usize], holds, stored: &str| Variable {
        name: name.into(),
        unit: Unit::new("K"),
        axes: axes.to_vec(),
        chunk: chunk.to_vec(),
        holds,
        stored: stored.into(),
        attributes: Default::default(),
        auxiliary: false,
    };
    let variables = vec![
        variable("a", &[0, 1, 2], &[7, 30, 50], Holds::Numbers, "float32, deflate"),
        variable("b", &[0, 1, 2], &[40, 100, 120], Holds::Numbers, "float32"),
        variable("names", &[1], &[100], Holds::Texts, "text"),
    ];
    let mut cube = Cube::new(axes, variables, Arc::new(Made)).expect("a cube");
    cube.attributes.set("title", Attribute::Text("made".into()));
    cube.crs = Some(Crs::Geographic);
    cube
}

#[test]
fn what_is_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    for calendar in [Calendar::Standard, Calendar::Julian, Calendar::Day360, Calendar::NoLeap] {
        let path = folder.path().join("out.zarr");
        let source = made(calendar);
        write_zarr(&path, &source, &[0, 1, 2]).unwrap();
        let back = cube(&path);
        assert_eq!(back.crs, source.crs);
        assert_eq!(back.attributes.text("title"), Some("made"));
        for axis in source.axes() {
            let other = back.axes().iter().find(|a| a.name == axis.name).unwrap();
            assert_eq!((&other.labels, &other.bounds, other.kind), (&axis.labels, &axis.bounds, axis.kind), "{calendar:?}");
        }
        for name in ["a", "b"] {
            let (v, w) = (source.variable(name).unwrap(), back.variable(name).unwrap());
            assert!(equal(&source.read_all(v).unwrap(), &back.read_all(w).unwrap()), "{name}");
        }
        let stored = |name: &str| back.variables()[back.variable(name).unwrap()].stored.clone();
        assert!(stored("a").starts_with("float32") && stored("b").starts_with("float64"), "thirds do not fit 32 bits");
        let names = Window::whole(&[100]);
        assert_eq!(back.read_texts(back.variable("names").unwrap(), &names).unwrap(), source.read_texts(2, &names).unwrap());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
}

#[test]
fn netcdf_and_zarr_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (nc, zarr) = (folder.path().join("out.nc"), folder.path().join("out.zarr"));
    let sorted = |attributes: &esker_core::cube::Attributes| {
        let mut list = attributes.0.clone();
        // The variable of the CRS has the name that each format's readers look for.
        list.retain(|(n, _)| n != "history" && n != "grid_mapping");
        list.sort_by(|a, b| a.0.cmp(&b.0));
        list
    };
    use Calendar::{AllLeap, Day360, Julian, NoLeap, Proleptic, Standard};
    for calendar in [Standard, Proleptic, Julian, Day360, NoLeap, AllLeap] {
        let source = made(calendar);
        write_netcdf(&nc, &source, &[0, 1, 2], "made").unwrap();
        write_zarr(&zarr, &source, &[0, 1, 2]).unwrap();
        let Data::Cube(a) = open(&nc, &ReadOptions::default()).unwrap().1 else { panic!("a cube") };
        let b = cube(&zarr);
        assert_eq!((&a.crs, sorted(&a.attributes)), (&b.crs, sorted(&b.attributes)));
        for axis in source.axes() {
            for back in [&a, &b] {
                let other = back.axes().iter().find(|o| o.name == axis.name).unwrap();
                assert_eq!((&other.labels, &other.bounds, &other.unit), (&axis.labels, &axis.bounds, &axis.unit), "{calendar:?}");
            }
            let of = |c: &Cube| sorted(&c.axes().iter().find(|o| o.name == axis.name).unwrap().attributes);
            assert_eq!(of(&a), of(&b));
        }
        for v in source.variables() {
            let of = |c: &Cube| c.variables()[c.variable(&v.name).unwrap()].clone();
            assert_eq!((of(&a).unit, sorted(&of(&a).attributes)), (of(&b).unit, sorted(&of(&b).attributes)));
        }
    }
}

#[test]
fn variables_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.zarr");
    let names = ["names", "b", "a"].map(str::to_owned);
    let source = made(Calendar::Standard).only(&names).unwrap();
    write_zarr(&path, &source, &[0, 1, 2]).unwrap();
    let order = |cube: &Cube| cube.data().map(|v| v.name.clone()).collect::<Vec<_>>();
    assert_eq!(order(&cube(&path)), names);
    // A folder without consolidated metadata has no order of its own: names are sorted.
    let top = path.join("zarr.json");
    fs::write(&top, r#"{"attributes": {}, "zarr_format": 3, "node_type": "group"}"#).unwrap();
    assert_eq!(order(&cube(&path)), ["a", "b", "names"]);
}

#[test]
fn a_folder_of_something_else_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("thesis");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("chapter1.tex"), "years of work").unwrap();
    let error = write_zarr(&path, &made(Calendar::Standard), &[0]).unwrap_err().to_string();
    insta::assert_snapshot!(error.replace(&*folder.path().to_string_lossy(), "~"), @"
    Zarr store '~/thesis': got a folder of something else; only an empty folder or a Zarr store is replaced
      hint: choose another name
    ");
    assert!(path.join("chapter1.tex").exists());
}

/// Opens and reads everything; any answer but a panic will do.
fn attempt(path: &Path) {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let Ok((_, Data::Cube(cube))) = open(path, &ReadOptions::default()) else { return };
        for v in 0..cube.variables().len() {
            let shape = cube.shape(v);
            // What a damaged shape says is not asked for whole.
            let window = Window(shape.iter().map(|&n| 0..n.min(50)).collect());
            let _ = match cube.variables()[v].holds {
                Holds::Numbers => cube.read(v, &window).map(drop),
                Holds::Texts => cube.read_texts(v, &window).map(drop),
            };
        }
    }));
    assert!(outcome.is_ok(), "{}: it panicked", path.display());
}

#[test]
fn damaged_zip_files_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.zip");
    for name in ["v3_shards", "v2_packed", "v3_blosc"] {
        let bytes = fs::read(file(&format!("{name}.zip"))).unwrap();
        for at in (0..bytes.len()).step_by(37) {
            fs::write(&path, &bytes[..at]).unwrap();
            attempt(&path);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(&path, &flipped).unwrap();
            attempt(&path);
        }
    }
}

/// Each file of a store damaged in turn.
#[test]
fn damaged_folders_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.zarr");
    let source = cube(&file("v3_turned.zip"));
    write_zarr(&path, &source, &[source.variable("t2m").unwrap()]).unwrap();
    fn files(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, all) } else { all.push(path) }
        }
    }
    let mut all = Vec::new();
    files(&path, &mut all);
    for file in all {
        let bytes = fs::read(&file).unwrap();
        for at in (0..bytes.len()).step_by(23) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 7);
            fs::write(&file, &flipped).unwrap();
            attempt(&path);
            fs::write(&file, &bytes[..at]).unwrap();
            attempt(&path);
        }
        fs::write(&file, &bytes).unwrap();
    }
}

#[test]
fn lies_of_metadata_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.zarr");
    let text = |shape: &str, chunk: &str, name: &str| {
        format!(
            r#"{{"zarr_format":3,"node_type":"group","attributes":{{}},"consolidated_metadata":{{"metadata":{{"{name}":{{"zarr_format":3,"node_type":"array",
            "shape":{shape},"data_type":"float64","chunk_grid":{{"name":"regular","configuration":{{"chunk_shape":{chunk}}}}},
            "chunk_key_encoding":{{"name":"default"}},"fill_value":"NaN","codecs":[{{"name":"bytes","configuration":{{"endian":"little"}}}}],
            "dimension_names":["x"],"attributes":{{}}}}}}}}}}"#
        )
    };
    fs::create_dir_all(path.join("x/c")).unwrap();
    let refused = |shape: &str, chunk: &str, name: &str| {
        fs::write(path.join("zarr.json"), text(shape, chunk, name)).unwrap();
        match open(&path, &ReadOptions::default()) {
            Err(error) => error.to_string().replace(&*folder.path().to_string_lossy(), "~"),
            Ok((_, Data::Cube(cube))) => cube.read_all(0).unwrap_err().to_string(),
            Ok(_) => panic!("a cube"),
        }
    };
    insta::assert_snapshot!(refused("[99999999999999999999]", "[1]", "v"), @"array 'v' of 's.zarr': got a shape that is no list of counts; no array of the store can be read");
    insta::assert_snapshot!(refused("[9000000000000]", "[9000000000000]", "v"), @"array 'v' of 's.zarr': got chunks of [9000000000000] cells, where at most 2 GiB are read at once; no array of the store can be read");
    insta::assert_snapshot!(refused("[9000000000000]", "[1000]", "v"), @"
    variable 'v': got 9000000000000 cells; so many do not fit into memory at once
      hint: read a smaller window
    ");
    insta::assert_snapshot!(refused("[3]", "[3]", "../x"), @"key '../x/c/0'; names in a Zarr store are plain and stay within it");
}

#[test]
fn a_missing_chunk_is_the_fill_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.zarr");
    let source = made(Calendar::Standard);
    write_zarr(&path, &source, &[1]).unwrap();
    let chunk = cube(&path).variables().iter().find(|v| v.name == "b").unwrap().chunk.clone();
    fs::remove_file(path.join("b/c/0/0/0")).unwrap();
    let back = cube(&path);
    let v = back.variable("b").unwrap();
    assert!(back.read(v, &Window(chunk.iter().map(|&n| 0..n).collect())).unwrap().iter().all(|x| x.is_nan()));
}
