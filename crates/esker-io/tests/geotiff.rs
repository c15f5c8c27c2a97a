//! GeoTIFF: what is written comes back; rasters that other programs wrote hold what those say; damaged ones are refused.
//!
//! The rasters are made by `data/make_raster.py` with rasterio 1.4.4 (GDAL 3.10.3).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use esker_core::cube::{Attributes, Axis, AxisKind, Blocks, Holds, Labels, Variable, Window};
use esker_core::{Calendar, Crs, Cube, Result, Unit};
use esker_io::{Data, Format, Precision, ReadOptions, open, write_geotiff};
use insta::assert_snapshot;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/raster").join(name)
}

fn cube(path: &Path) -> Cube {
    match open(path, &ReadOptions::default()) {
        Ok((Format::GeoTiff, Data::Cube(cube))) => cube,
        other => panic!("{}: {other:?}", path.display()),
    }
}

/// The cell that `make_raster.py` writes.
fn cell(band: usize, row: usize, column: usize) -> f64 {
    if row == column { f64::NAN } else { (3 * row + 2 * column + 50 * band + 1) as f64 }
}

fn same(name: &str, ours: &[f64], theirs: impl IntoIterator<Item = f64>) {
    let theirs: Vec<f64> = theirs.into_iter().collect();
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let off = ours.iter().zip(&theirs).position(|(a, b)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan()));
    if let Some(i) = off {
        panic!("{name}: cell {i} is {} and should be {}", ours[i], theirs[i]);
    }
}

#[test]
fn every_storage_gives_the_same_cells() {
    let names = [
        "plain_uint8",
        "big_endian_int16",
        "lzw_tiles_uint16",
        "deflate_apart_int32",
        "deflate_float32",
        "zstd_float64_bigtiff",
        "packbits_int64",
        "seven_bits",
        "custom_laea",
        "turned",
        "unplaced",
    ];
    for name in names {
        let cube = cube(&data(&format!("{name}.tif")));
        for (b, _) in cube.data().enumerate() {
            let whole = cube.read_all(b).unwrap();
            same(name, &whole, (0..21).flat_map(|r| (0..19).map(move |c| cell(b, r, c))));
            // A window across the borders of blocks, and one within.
            for (rows, columns) in [(3..18, 10..19), (16..17, 16..17), (5..5, 0..19)] {
                let part = cube.read(b, &Window(vec![rows.clone(), columns.clone()])).unwrap();
                same(name, &part, rows.clone().flat_map(|r| columns.clone().map(move |c| cell(b, r, c))));
            }
        }
    }
}

#[test]
fn names_units_and_axes_are_those_of_the_file() {
    let cube = cube(&data("lzw_tiles_uint16.tif"));
    let said: Vec<String> = cube.variables().iter().map(|v| format!("{} [{}] {} {:?}", v.name, v.unit, v.stored, v.chunk)).collect();
    assert_snapshot!(said.join("\n"), @"
    elevation [m] uint16, lzw, tiles of 16 x 16 [16, 16]
    elevation_2 [] uint16, lzw, tiles of 16 x 16 [16, 16]
    band_3 [] uint16, lzw, tiles of 16 x 16 [16, 16]
    ");
    let (y, x) = (&cube.axes()[0], &cube.axes()[1]);
    assert_eq!((y.name.as_str(), y.kind, y.unit.as_str(), y.direction()), ("y", AxisKind::Y, "m", -1));
    assert_eq!(x.numbers().unwrap()[..2], [600_012.5, 600_037.5]);
    assert_eq!(y.numbers().unwrap()[..2], [5_199_987.5, 5_199_962.5]);
    assert_eq!(cube.crs, Some(Crs::Projected("EPSG:32632".into())));
}

#[test]
fn what_was_decided_is_noted() {
    let say = |name: &str| {
        let cube = cube(&data(name));
        let notes: Vec<String> = cube.notes.iter().map(|n| format!("{}: {}", n.code, n.text)).collect();
        format!("{:?} {:?}\n{}", cube.crs, cube.places, notes.join("\n"))
    };
    assert_snapshot!(say("custom_laea.tif"), @r#"
    Some(Projected("+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +units=m +no_defs")) None
    crs-from-parameters: the raster names no code for its system; read from its parameters as +proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +units=m +no_defs
    "#);
    assert_snapshot!(say("turned.tif"), @r#"
    Some(Projected("EPSG:32632")) Some(("x_of_cell", "y_of_cell"))
    rotated-raster: the raster lies askew: its rows and columns are counted, and 'x_of_cell' and 'y_of_cell' place each cell
    "#);
    assert_snapshot!(say("unplaced.tif"), @"
    None None
    no-places: the raster's cells are counted, not placed: nothing places it
    ");
    assert_snapshot!(say("overviews.tif"), @"
    Some(Geographic) None
    overviews: 3 smaller copies (overviews) in the file are not read; the full image is
    ");
    // The middle of the first cell, by rasterio: transform * (0.5, 0.5).
    let turned = cube(&data("turned.tif"));
    let first = |name: &str| turned.read(turned.variable(name).unwrap(), &Window(vec![0..1, 0..1])).unwrap()[0];
    assert!((first("x_of_cell") - 600_017.075_317_5).abs() < 1e-6);
    assert!((first("y_of_cell") - 5_199_995.424_682).abs() < 1e-6);
}

/// Values in memory.
struct Memory(Vec<Vec<f64>>, Vec<usize>);

impl Blocks for Memory {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let shape = &self.1;
        let mut cells = vec![0];
        for (range, n) in window.0.iter().zip(shape) {
            cells = cells.iter().flat_map(|c| range.clone().map(move |i| c * n + i)).collect();
        }
        Ok(cells.into_iter().map(|c| self.0[variable][c]).collect())
    }
}

/// A cube of the lengths given, the last two of rows and columns, with values that no `f32` holds unless `single`.
fn made(lengths: &[usize], bands: usize, north: bool, single: bool) -> Cube {
    let total: usize = lengths.iter().product();
    let value = |v: usize, i: usize| match (i * 7 + v) % 11 {
        0 => f64::NAN,
        k if single => i as f64 * 0.25 - k as f64,
        k => i as f64 / 3.0 - k as f64 * 1e5,
    };
    let values = (0..bands).map(|v| (0..total).map(|i| value(v, i)).collect()).collect();
    let (rows, columns) = (lengths[lengths.len() - 2], lengths[lengths.len() - 1]);
    let step = if north { 0.5 } else { -0.5 };
    let mut axes: Vec<Axis> = lengths[..lengths.len() - 2]
        .iter()
        .enumerate()
        .map(|(k, &n)| {
            let days = (0..n).map(|i| i as f64).collect();
            let axis = Axis::bare(format!("time{k}"), n);
            Axis { kind: AxisKind::T, labels: Some(Labels::Time { calendar: Calendar::Proleptic, days }), ..axis }
        })
        .collect();
    axes.push(Axis::real("lat", AxisKind::Y, "degrees_north", (0..rows).map(|j| 10.25 + step * j as f64).collect()));
    axes.push(Axis::real("lon", AxisKind::X, "degrees_east", (0..columns).map(|i| -3.75 + 0.5 * i as f64).collect()));
    let variable = |v| Variable {
        name: format!("v{v}"),
        unit: Unit::new("kg m-2"),
        axes: (0..lengths.len()).collect(),
        chunk: lengths.to_vec(),
        holds: Holds::Numbers,
        stored: String::new(),
        attributes: Attributes::default(),
        auxiliary: false,
    };
    let mut cube =
        Cube::new(axes, (0..bands).map(variable).collect(), Arc::new(Memory(values, lengths.to_vec()))).expect("one length an axis");
    cube.crs = Some(Crs::Geographic);
    cube
}

#[test]
fn what_is_written_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v0.tif");
    for (lengths, bands, single) in
        [(vec![1, 2], 1, true), (vec![7, 5], 3, false), (vec![256, 257], 1, true), (vec![700, 3], 2, false), (vec![2, 1, 9, 1030], 1, true)]
    {
        for north in [false, true] {
            let wrote = made(&lengths, bands, north, single);
            let all: Vec<usize> = (0..bands).collect();
            assert_eq!(write_geotiff(&path, &wrote, &all, Precision::Exact).unwrap(), []);
            let read = cube(&path);
            let slices: usize = lengths[..lengths.len() - 2].iter().product();
            assert_eq!(read.variables().len(), bands * slices);
            let (rows, columns) = (lengths[lengths.len() - 2], lengths[lengths.len() - 1]);
            for (b, variable) in read.variables().iter().enumerate() {
                assert!(variable.stored.starts_with(if single { "float32" } else { "float64" }), "{}", variable.stored);
                assert_eq!(variable.unit.as_str(), "kg m-2");
                let whole = wrote.read_all(b / slices).unwrap();
                let slice = &whole[b % slices * rows * columns..][..rows * columns];
                // North is up, whatever it was before.
                let lines: Vec<f64> = if north { slice.chunks(columns).rev().flatten().copied().collect() } else { slice.to_vec() };
                same(&format!("{lengths:?}"), &read.read_all(b).unwrap(), lines);
            }
            let mut north_first = wrote.axes()[lengths.len() - 2].numbers().unwrap();
            north_first.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(read.axes()[0].numbers().unwrap(), north_first);
            assert_eq!(read.axes()[1].numbers(), wrote.axes()[lengths.len() - 1].numbers());
            assert_eq!(read.crs, wrote.crs);
            let overviews = read.notes.iter().any(|n| n.code == "overviews");
            assert_eq!(overviews, rows.max(columns) > 512);
            // Nothing but the raster is left.
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}

#[test]
fn systems_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crs.tif");
    for name in [
        "EPSG:3031",
        "+proj=tmerc +lat_0=0 +lon_0=77.5 +k_0=0.9996 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs",
        "+proj=lcc +lat_0=45 +lon_0=10 +lat_1=30 +lat_2=60 +x_0=1000 +y_0=0 +ellps=GRS80 +units=m +no_defs",
        "+proj=lcc +lat_1=54 +lat_0=54 +lon_0=3 +k_0=1 +x_0=0 +y_0=0 +R=6367470 +units=m +no_defs",
        "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=5 +x_0=0 +y_0=0 +a=6378273 +b=6356889.449 +units=m +no_defs",
        "+proj=merc +lat_ts=20 +lon_0=0 +x_0=0 +y_0=0 +R=6371200 +units=m +no_defs",
        "+proj=utm +zone=33 +south +ellps=intl +units=m +no_defs",
        "+proj=geos +h=35785831 +lon_0=0 +x_0=0 +y_0=0 +a=6378137 +b=6356752.3 +units=m +no_defs",
    ] {
        let mut cube_of = made(&[3, 4], 1, false, true);
        cube_of.crs = Some(Crs::Projected(name.into()));
        let notes = write_geotiff(&path, &cube_of, &[0], Precision::Exact).unwrap();
        assert_eq!(cube(&path).crs, cube_of.crs);
        assert_eq!(notes.len(), usize::from(name.contains("geos")), "{notes:?}");
    }
    let mut sphere = made(&[3, 4], 1, false, true);
    sphere.crs = Some(Crs::Geodetic("+proj=longlat +R=6371229 +no_defs".into()));
    write_geotiff(&path, &sphere, &[0], Precision::Exact).unwrap();
    assert_eq!(cube(&path).crs, sphere.crs);
}

#[test]
fn refusals_say_why() {
    let say = |path: &Path| match open(path, &ReadOptions::default()) {
        Ok(_) => "no refusal".to_owned(),
        Err(e) => e.to_string(),
    };
    assert_snapshot!(say(&data("lerc.tif")), @"
    compression of the raster: got 34887, LERC; none, LZW, deflate, zstd, PackBits and JPEG are read
      hint: rewrite the file: gdal_translate -co COMPRESS=DEFLATE in.tif out.tif
    ");
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(data("plain_uint8.tif")).unwrap();
    let cut = folder.path().join("cut.tif");
    std::fs::write(&cut, &bytes[..100]).unwrap();
    assert_snapshot!(say(&cut), @"file 'cut.tif': got 196 bytes at byte 10; the file has 100 bytes");
    let cube = made(&[3, 4], 1, false, true);
    let uneven = |labels: Vec<f64>| {
        let axes = vec![cube.axes()[0].clone(), Axis::real("lon", AxisKind::X, "degrees_east", labels)];
        let cube = cube.rewrap(axes, cube.variables().to_vec(), |b| b).unwrap();
        write_geotiff(&cut, &cube, &[0], Precision::Exact).unwrap_err().to_string()
    };
    assert_snapshot!(uneven(vec![0.0, 1.0, 2.0, 4.0]), @"
    axis 'lon': got cells up to 0.6666666666666665 off an even spacing of 1.3333333333333333; the cells of a GeoTIFF are evenly spaced
      hint: put the cube on an even grid first, or write NetCDF
    ");
    assert_snapshot!(write_geotiff(&cut, &cube, &[], Precision::Exact).unwrap_err(), @"GeoTIFF: got no variable; at least one is written");
}

#[test]
fn damaged_rasters_are_borne() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.tif");
    let attempt = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        if let Ok((_, Data::Cube(cube))) = open(&path, &ReadOptions::default()) {
            for v in 0..cube.variables().len().min(3) {
                let window = cube.shape(v).iter().map(|&n| 0..n.min(50)).collect();
                let _ = cube.read(v, &Window(window));
            }
        }
    };
    for entry in std::fs::read_dir(data("")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|e| e != "tif") {
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
