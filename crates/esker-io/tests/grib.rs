//! GRIB of both editions: every packing and scan gives the cells that were packed; damaged files are refused.
//!
//! Files are made by `data/make_raster.py` with ecCodes 2.50.0; those named `cfgrib_…` come from cfgrib's tests.

use std::path::{Path, PathBuf};

use esker_core::cube::{AxisKind, Window};
use esker_core::{Crs, Cube};
use esker_io::{Data, Format, ReadOptions, open};
use insta::assert_snapshot;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raster").join(name)
}

fn cube(name: &str) -> Cube {
    match open(&data(name), &ReadOptions::default()) {
        Ok((Format::Grib, Data::Cube(cube))) => cube,
        other => panic!("{name}: {other:?}"),
    }
}

/// The cell that `make_raster.py` packs.
fn cell(row: usize, column: usize, missing: bool) -> f64 {
    if missing && row == column { f64::NAN } else { (3 * row + 2 * column + 1) as f64 }
}

#[test]
fn every_packing_gives_the_same_cells() {
    for (name, missing) in [
        ("simple.grib2", true),
        ("ieee.grib2", false),
        ("complex.grib2", true),
        ("complex_spatial_differencing.grib2", false),
        ("ccsds.grib2", false),
        ("png.grib2", false),
        ("jpeg.grib2", false),
        ("simple.grib1", true),
        ("rotated.grib1", false),
    ] {
        let cube = cube(name);
        let values = cube.read_all(0).unwrap();
        assert_eq!(values.len(), 31 * 16, "{name}");
        for (i, v) in values.iter().enumerate() {
            let expected = cell(i / 16, i % 16, missing);
            // Packing rounds to a 2^16th (edition 1: a 2^12th) of the range of 121.
            let close = (v - expected).abs() < 0.03 || (v.is_nan() && expected.is_nan());
            assert!(close, "{name}: cell {i} is {v} and should be {expected}");
        }
        let lead = cube.variables()[0].axes.len() - 2;
        let mut window: Vec<_> = (0..lead).map(|_| 0..1).collect();
        window.extend([4..9, 3..16]);
        let part = cube.read(0, &Window(window)).unwrap();
        let cut: Vec<f64> = (4..9).flat_map(|r| values[r * 16 + 3..(r + 1) * 16].iter().copied()).collect();
        let same = part.iter().zip(&cut).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
        assert!(part.len() == cut.len() && same, "{name}: a window is not part of the whole");
    }
}

fn summary(name: &str) -> String {
    let cube = cube(name);
    let mut lines = vec![format!("{:?} {:?}", cube.crs, cube.places)];
    for a in cube.axes() {
        let n = a.numbers().expect("numbers");
        lines.push(format!("{} {:?} [{}] {} cells from {} to {}", a.name, a.kind, a.unit, a.len, n[0], n[n.len() - 1]));
    }
    for v in cube.variables() {
        let axes: Vec<&str> = v.axes.iter().map(|&a| cube.axes()[a].name.as_str()).collect();
        let title = v.attributes.text("long_name").unwrap_or("");
        lines.push(format!("{}({}) [{}] {title}", v.name, axes.join(", "), v.unit));
    }
    lines.extend(cube.notes.iter().map(|n| format!("{}: {}", n.code, n.text)));
    lines.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n")
}

#[test]
fn messages_are_grouped_as_cfgrib_does() {
    assert_snapshot!(summary("levels_and_times.grib2"), @r#"
    Some(Geodetic("+proj=longlat +R=6371229 +no_defs")) None
    latitude Y [degrees_north] 31 cells from 60 to 0
    longitude X [degrees_east] 16 cells from 0 to 30
    time T [days since 1970-01-01] 2 cells from 13595 to 13595.25
    isobaricInhPa Z [hPa] 2 cells from 1000 to 500
    time_2 T [days since 1970-01-01] 1 cells from 13595.75 to 13595.75
    t(time, isobaricInhPa, latitude, longitude) [K] Temperature
    t2m(time_2, latitude, longitude) [K] 2 metre temperature
    missing-fields: 't' lacks 1 of its 4 fields: their cells are missing
    "#);
    assert_snapshot!(summary("cfgrib_t_on_different_level_types.grib"), @"
    None None
    latitude Y [degrees_north] 37 cells from 90 to -90
    longitude X [degrees_east] 72 cells from 0 to 355
    time T [days since 1970-01-01] 1 cells from 17457.5 to 17457.5
    isobaricInhPa Z [hPa] 1 cells from 100 to 100
    hybrid Z [1] 1 cells from 100 to 100
    t_isobaricInhPa(time, isobaricInhPa, latitude, longitude) [K] Temperature
    t_hybrid(time, hybrid, latitude, longitude) [K] Temperature
    several-systems: the file holds 2 grids of different systems: the cube has none
    longitude-range: longitudes reach 355 degrees and are kept as they are
    hybrid-levels: hybrid levels are numbered: the coefficients that give their pressures are not read
    ");
    assert_snapshot!(summary("cfgrib_reduced_gg.grib"), @r#"
    Some(Geodetic("+proj=longlat +R=6367470 +no_defs")) Some(("longitude", "latitude"))
    values Other [] 13280 cells from 0 to 13279
    time T [days since 1970-01-01] 1 cells from 17457.5 to 17457.5
    u10(time, values) [m s-1] 10 metre U wind component
    longitude(values) [degrees_east]
    latitude(values) [degrees_north]
    "#);
    assert_snapshot!(summary("rotated.grib1"), @r#"
    Some(Geodetic("+proj=longlat +R=6367470 +no_defs")) Some(("longitude", "latitude"))
    rlat Y [degrees] 31 cells from 60 to 0
    rlon X [degrees] 16 cells from 0 to 30
    time T [days since 1970-01-01] 1 cells from 13595.5 to 13595.5
    isobaricInhPa Z [hPa] 1 cells from 0 to 0
    t2m(time, isobaricInhPa, rlat, rlon) [K] 2 metre temperature
    longitude(rlat, rlon) [degrees_east]
    latitude(rlat, rlon) [degrees_north]
    "#);
}

/// File, time, missing cells, mean of the others.
const PEERS: [(&str, usize, usize, f64); 4] = [
    ("cfgrib_fields_with_missing_values.grib", 0, 10808, 268.3754521005032),
    ("cfgrib_fields_with_missing_values.grib", 1, 10891, 270.7163586428005),
    ("cfgrib_reduced_gg.grib", 0, 0, -0.3961909282638366),
    ("cfgrib_polar_stereo.grib2", 0, 0, 279.79397106686486),
];

#[test]
fn numbers_are_those_of_eccodes() {
    // Count of missing, mean of the others, by ecCodes 2.50.0 (codes_get_values).
    let of = |name: &str, time: usize| {
        let cube = cube(name);
        let shape = cube.shape(0);
        let mut window: Vec<_> = shape.iter().map(|&n| 0..n).collect();
        window[0] = time..time + 1;
        let values = cube.read(0, &Window(window)).unwrap();
        let there: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        (values.len() - there.len(), there.iter().sum::<f64>() / there.len() as f64)
    };
    for (name, time, missing, mean) in PEERS {
        let (gaps, average) = of(name, time);
        assert_eq!(gaps, missing, "{name}");
        assert!((average - mean).abs() < 1e-9 * mean.abs(), "{name}: {average} and {mean}");
    }
}

#[test]
fn planes_are_placed() {
    let cube = cube("cfgrib_polar_stereo.grib2");
    let Some(Crs::Projected(name)) = &cube.crs else { panic!("{:?}", cube.crs) };
    assert_eq!(name, "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=249 +R=6371229 +units=m +no_defs");
    let x = &cube.axes()[cube.axis_of(AxisKind::X).unwrap()];
    assert_eq!((x.unit.as_str(), x.len, x.direction()), ("m", 247, 1));
}

#[test]
fn refusals_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.grib");
    let say = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        open(&path, &ReadOptions::default()).map(|_| ()).unwrap_err().to_string()
    };
    let two = std::fs::read(data("simple.grib2")).unwrap();
    assert_snapshot!(say(&two[..300]), @"file 'cut.grib': got a message at byte 0 that breaks off at byte 300; the file is cut off or damaged");
    let one = std::fs::read(data("simple.grib1")).unwrap();
    assert_snapshot!(say(&one[..100]), @"file 'cut.grib': got 3 bytes at byte 160; the file has 100 bytes");
    let mut odd = two.clone();
    // The product definition template.
    let at = two.windows(5).position(|w| w == [0, 0, 0, 34, 4]).unwrap() + 8;
    odd[at] = 99;
    assert_snapshot!(say(&odd), @"file 'cut.grib': got the message at byte 0: product template 99 is not read; at least one message that can be read is needed");
}

#[test]
fn damaged_files_are_borne() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.grib");
    let attempt = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        if let Ok((_, Data::Cube(cube))) = open(&path, &ReadOptions::default()) {
            for v in 0..cube.variables().len().min(3) {
                let window = cube.shape(v).iter().map(|&n| 0..n.min(40)).collect();
                let _ = cube.read(v, &Window(window));
            }
        }
    };
    for entry in std::fs::read_dir(data("")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|e| !e.to_string_lossy().starts_with("grib")) {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        for length in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            attempt(&bytes[..length]);
        }
        // Headers lie in front: most bytes there, some of the others.
        for at in (0..bytes.len().min(320)).chain((320..bytes.len()).step_by(bytes.len() / 60 + 1)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= if at % 2 == 0 { 0x80 } else { 1 << (at / 2 % 8) };
            attempt(&damaged);
        }
    }
}
