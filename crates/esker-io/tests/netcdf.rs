//! NetCDF files of every kind against numbers of other readers, windows against wholes, and damaged files.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use esker_core::cube::{Attribute, AxisKind, Holds, Labels, Window};
use esker_core::{Calendar, Crs, Cube, Rng, Table};
use esker_io::{Data, Format, ReadOptions, open};
use proptest::prelude::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/netcdf").join(name)
}

fn cube(name: &str) -> Cube {
    let (format, data) = open(&file(name), &ReadOptions::default()).expect("a readable file");
    assert_eq!(format, Format::NetCdf);
    match data {
        Data::Cube(cube) => cube,
        other => panic!("{name} is a cube, not {other:?}"),
    }
}

fn values(cube: &Cube, name: &str) -> Vec<f64> {
    cube.read_all(cube.variable(name).expect("such a variable")).expect("its values")
}

/// What make_netcdf.py writes.
fn number(n: usize, most: usize) -> Vec<f64> {
    (0..n).map(|i| (i * 7 % most) as f64).collect()
}

fn codes(cube: &Cube) -> Vec<&str> {
    cube.notes.iter().map(|n| n.code.as_str()).collect()
}

fn dates(cube: &Cube, axis: &str) -> Vec<String> {
    let axis = cube.axes().iter().find(|a| a.name == axis).expect("such an axis");
    match &axis.labels {
        Some(Labels::Time { calendar, days }) => days.iter().map(|&d| calendar.date(d).to_string()).collect(),
        other => panic!("times, not {other:?}"),
    }
}

#[test]
fn every_pipeline_and_type_gives_the_numbers_that_were_written() {
    let cube = cube("made_filters.nc");
    for pipeline in ["deflate", "shuffled", "checked", "zstd", "plain"] {
        for kind in ["i2", "f4", "f8"] {
            assert_eq!(values(&cube, &format!("{pipeline}_{kind}")), number(650, 1000), "{pipeline} {kind}");
        }
    }
    let stored = |name: &str| cube.variables()[cube.variable(name).unwrap()].stored.clone();
    assert_eq!(stored("checked_i2"), "int16, fletcher32, shuffle, deflate 4");
    assert_eq!(stored("zstd_f8"), "float64, zstd 4");
    // Records that were never written are missing.
    let short = values(&cube, "short");
    assert_eq!(short[..26], number(26, 1000));
    assert!(short[26..].iter().all(|v| v.is_nan()) && short.len() == 65);
}

#[test]
fn groups_shadow_dimensions_and_share_those_above() {
    let cube = cube("made_groups.nc");
    let axes: Vec<(&str, usize)> = cube.axes().iter().map(|a| (a.name.as_str(), a.len)).collect();
    assert_eq!(axes, [("time", 3), ("/a/x", 4), ("/a/b/time", 3)]);
    // Dates by cftime 1.6.6.1, num2date.
    assert_eq!(dates(&cube, "time"), ["1582-10-04", "1582-10-15", "1582-10-16"]);
    assert_eq!(dates(&cube, "/a/b/time"), ["2000-02-27T22:00", "2000-02-29", "2000-02-30"]);
    let of = |name: &str| cube.variables()[cube.variable(name).unwrap()].axes.clone();
    assert_eq!((of("/a/v"), of("/a/b/w")), (vec![0, 1], vec![2, 1]));
    let v = values(&cube, "/a/v");
    assert!(v[0].is_nan());
    assert_eq!(v[1..4], [-117.0, 10.0, 9.5]);
    assert_eq!(values(&cube, "/a/surface"), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(cube.axes()[1].labels, Some(Labels::Text(["Aletsch", "Mýrdalsjökull", "", "Ok"].map(String::from).to_vec())));
    assert_eq!(cube.attributes.text("/a/title"), Some("inner"));
    assert!(codes(&cube).contains(&"skipped-variables"));
    assert!(codes(&cube).contains(&"calendars-differ"));
}

#[test]
fn classic_records_and_characters() {
    let cube = cube("made_classic.nc");
    assert_eq!(values(&cube, "byte"), number(11, 100));
    assert_eq!(values(&cube, "short"), number(77, 1000));
    assert_eq!(values(&cube, "box"), number(210, 1000));
    let names = cube.variable("name").unwrap();
    assert_eq!(cube.variables()[names].holds, Holds::Texts);
    assert_eq!(cube.read_texts(names, &Window(std::iter::once(9..11).collect())).unwrap(), ["stake 9", "stake 10"]);
}

// Numbers below by xarray 2026.9.0 with netCDF4 1.7.5.1.
#[test]
fn a_climate_model_with_360_days_a_year() {
    let cube = cube("cmip5_tas_HadGEM2-ES_360day.nc");
    let time = &cube.axes()[cube.axis_of(AxisKind::T).unwrap()];
    assert!(matches!(time.labels, Some(Labels::Time { calendar: Calendar::Day360, .. })));
    let dates = dates(&cube, "time");
    assert_eq!((dates[0].as_str(), dates[299].as_str()), ("2099-12-16", "2124-11-16"));
    let bounds = time.bounds.as_ref().unwrap();
    assert_eq!(bounds[0][1] - bounds[0][0], 30.0);
    assert_eq!(cube.crs, Some(Crs::Geographic));
    let tas = values(&cube, "tas");
    let mean = tas.iter().sum::<f64>() / tas.len() as f64;
    assert_eq!(tas.len(), 1200);
    assert!((mean - MEAN_TAS).abs() < 1e-9, "{mean}");
    assert!(codes(&cube).contains(&"longitude-0-360") && codes(&cube).contains(&"calendar"));
    assert_eq!(cube.data().count(), 1);
}
const MEAN_TAS: f64 = 265.443_377_075_195_3;

#[test]
fn profiles_have_holes_below_the_sea_floor() {
    let cube = cube("atlantic_profiles.nc");
    let salinity = values(&cube, "salinity");
    assert_eq!((salinity.len(), salinity.iter().filter(|v| v.is_nan()).count()), (1920, 33));
    assert_eq!(cube.axes()[cube.axis_of(AxisKind::Z).unwrap()].name, "depth");
}

#[test]
fn texts_of_any_length_and_cdf5() {
    let cube = cube("string_type.nc");
    let expver = cube.variable("expver").unwrap();
    assert_eq!(cube.read_texts(expver, &Window(std::iter::once(0..2).collect())).unwrap(), ["AB", "AB"]);
    let soi = self::cube("soi_darwin_cdf5.nc");
    assert!(soi.notes[0].text.contains("CDF-5"));
    assert_eq!(dates(&soi, "time")[0], "1866-01-01");
}

#[test]
fn rotated_axes_are_not_longitudes() {
    let cube = cube("rotated_pole.nc");
    assert_ne!(cube.crs, Some(Crs::Geographic));
    assert_eq!(cube.axes()[cube.axis_of(AxisKind::X).unwrap()].name, "grid_longitude");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Law: a window is that part of the whole, whatever lies between it and the file.
    #[test]
    fn a_window_is_a_part_of_the_whole(a in 0..6_usize, b in 0..6_usize, c in 0..11_usize, d in 0..11_usize, e in 0..14_usize, f in 0..14_usize) {
        let range = |a: usize, b: usize, n: usize| a.min(b).min(n)..a.max(b).min(n);
        for (name, variable, shape) in
            [("made_filters.nc", "shuffled_f4", [5, 10, 13]), ("made_filters.nc", "plain_i2", [5, 10, 13]), ("made_classic.nc", "box", [6, 5, 7])]
        {
            let cube = cube(name);
            let window = Window(vec![range(a, b, shape[0]), range(c, d, shape[1]), range(e, f, shape[2])]);
            let got = cube.read(cube.variable(variable).unwrap(), &window).unwrap();
            let whole = number(shape.iter().product(), 1000);
            let mut expected = Vec::new();
            for i in window.0[0].clone() {
                for j in window.0[1].clone() {
                    expected.extend(window.0[2].clone().map(|k| whole[(i * shape[1] + j) * shape[2] + k]));
                }
            }
            prop_assert_eq!(got, expected);
        }
    }
}

/// Opens a file and reads all that is not absurdly long.
fn read_everything(path: &Path) {
    let Ok((_, Data::Cube(cube))) = open(path, &ReadOptions::default()) else { return };
    for v in 0..cube.variables().len() {
        let shape = cube.shape(v);
        let window = Window(shape.iter().map(|&n| 0..n.min(100)).collect());
        if window.0.iter().try_fold(1_usize, |n, r| n.checked_mul(r.len())).is_none_or(|n| n > 1 << 20) {
            continue;
        }
        match cube.variables()[v].holds {
            Holds::Numbers => drop(cube.read(v, &window)),
            Holds::Texts => drop(cube.read_texts(v, &window)),
        }
    }
}

fn damage(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let n = bytes.len();
    let mut all = Vec::new();
    for i in 0..60 {
        let length = if i < 20 { i } else { i * n / 60 };
        all.push((format!("cut after byte {length}"), bytes[..length].to_vec()));
    }
    let mut rng = Rng::new(3).fork("damage", 0);
    for i in 0..500 {
        // Headers are where damage hurts most.
        let at = rng.bits() as usize % if i % 2 == 0 { n.min(6000) } else { n };
        let mut flipped = bytes.to_vec();
        let (how, value) = match i % 4 {
            0 | 1 => ("a bit flipped", flipped[at] ^ (1 << (rng.bits() % 8))),
            2 => ("255", 255),
            _ => ("0", 0),
        };
        flipped[at] = value;
        all.push((format!("byte {at} {how}"), flipped));
    }
    all
}

#[test]
fn damaged_files_are_refused_or_read_and_never_panic_or_hang() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.nc");
    for name in
        ["made_filters.nc", "made_groups.nc", "made_classic.nc", "cmip5_tas_HadGEM2-ES_360day.nc", "rotated_pole.nc", "soi_darwin_cdf5.nc"]
    {
        let bytes = std::fs::read(file(name)).expect("a test file");
        for (what, damaged) in damage(&bytes) {
            std::fs::write(&path, damaged).expect("the folder is ours");
            let start = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| read_everything(&path)));
            assert!(outcome.is_ok(), "{name}, {what}: it panicked");
            assert!(start.elapsed() < Duration::from_secs(20), "{name}, {what}: {:?}", start.elapsed());
        }
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("cut.nc");
    let bytes = std::fs::read(file("made_classic.nc")).expect("a test file");
    let say = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("the folder is ours");
        match open(&path, &ReadOptions::default()) {
            Ok((_, Data::Cube(cube))) => cube.read_all(cube.variable("box").unwrap()).expect_err("a refusal").to_string(),
            Ok(_) => panic!("no cube"),
            Err(e) => e.to_string(),
        }
    };
    insta::assert_snapshot!(say(&bytes[..300]), @"
    file 'cut.nc': got unexpected end of file at offset 300: need 4 bytes, available 0; it cannot be read as NetCDF
      hint: is it whole? fetch it again
    ");
    insta::assert_snapshot!(say(b"CDF\x01"), @"
    file 'cut.nc': got unexpected end of file at offset 4: need 4 bytes, available 0; it cannot be read as NetCDF
      hint: is it whole? fetch it again
    ");
    insta::assert_snapshot!(say(b"\x89HDF\r\n\x1a\nnothing more"), @"
    file 'cut.nc': got unsupported superblock version 110; it cannot be read as NetCDF or HDF5
      hint: is it whole? fetch it again
    ");
    let cube = cube("made_filters.nc");
    let e = cube.read(cube.variable("short").unwrap(), &Window(vec![0..5, 0..14])).unwrap_err();
    insta::assert_snapshot!(e, @"variable 'short': got [0..5, 0..14]; its axes have [5, 13] cells");
}

/// What a CSV file holds, written as NetCDF and opened again.
fn written(csv: &str) -> (Cube, Table) {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.csv"), folder.path().join("out.nc"));
    std::fs::write(&from, csv).unwrap();
    let data = open(&from, &ReadOptions::default()).unwrap().1;
    esker_io::write_data(&to, &data, "made by a test").unwrap();
    match open(&to, &ReadOptions::default()).unwrap().1 {
        Data::Cube(cube) => (cube.clone(), esker_io::into_table(Data::Cube(cube), &ReadOptions::default()).unwrap()),
        other => panic!("no cube: {other:?}"),
    }
}

#[test]
fn rows_with_place_and_time_are_written_as_points() {
    let (cube, table) = written("station,lon,lat,depth,when\nA1,10.5,46.8,2100.5,2001-05-01\nÖtz,10.9,46.85,,2001-07-01\n");
    assert_eq!(cube.attributes.text("featureType"), Some("point"));
    assert_eq!(cube.attributes.text("title"), Some("station, lon, lat, depth, …"));
    let mut names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["depth", "lat", "lon", "station", "when"]);
    assert_eq!(table.column("lon").unwrap().reals().unwrap(), [10.5, 10.9]);
    assert_eq!(table.column("lon").unwrap().unit.as_str(), "degrees_east");
    assert_eq!(table.column("when").unwrap().reals().unwrap(), [11_443.0, 11_504.0]);
    // Without a time they are no points in the sense of CF.
    assert_eq!(written("lon,lat,depth\n10.5,46.8,3\n10.6,46.9,4\n").0.attributes.text("featureType"), None);
}

#[test]
fn written_files_have_the_names_and_titles_cf_asks_for() {
    let Data::Cube(mut cube) = open(&file("../tables/v3_zstd.zip"), &ReadOptions::default()).unwrap().1 else { panic!("no cube") };
    let text = |t: &str| Attribute::Text(t.into());
    cube.attributes.0.retain(|(n, _)| n != "title");
    for (name, value) in [("NC_GLOBAL#institution", "an institute"), ("odd name", "kept"), ("2nd", "kept")] {
        cube.attributes.set(name, text(value));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.nc");
    esker_io::write_netcdf(&path, &cube, &[cube.variable("t2m").unwrap()], "made by a test").unwrap();
    let Data::Cube(back) = open(&path, &ReadOptions::default()).unwrap().1 else { panic!("no cube") };
    for (name, value) in [("institution", "an institute"), ("odd_name", "kept"), ("a_2nd", "kept"), ("title", "temperature")] {
        assert_eq!(back.attributes.text(name), Some(value), "{name}");
    }
    let time = &back.axes()[back.axis_of(AxisKind::T).unwrap()];
    assert_eq!(time.attributes.text("standard_name"), Some("time"));
    assert_eq!(back.variables()[back.variable("t2m").unwrap()].attributes.text("units_metadata"), Some("temperature: unknown"));
}
