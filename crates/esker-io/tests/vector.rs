//! Vector files: the same features in every format, numbers of geopandas 1.1 (GDAL 3.11, shapely 2.1), writing and reading, damage.

use std::fs;
use std::path::{Path, PathBuf};

use esker_core::{Codes, Column, Crs, Features, Geometry, Shape, Table, Values};
use esker_io::{Data, Format, ReadOptions, centroid, geometry_table, open, write_geojson, write_geopackage};
use insta::assert_snapshot;
use proptest::prelude::*;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(path: &Path) -> esker_core::Result<Features> {
    match open(path, &ReadOptions::default())? {
        (_, Data::Features(features)) => Ok(features),
        (format, _) => panic!("{format} holds no features"),
    }
}

fn numbers(features: &Features, name: &str) -> Vec<Option<f64>> {
    features.table.column(name).expect("it is there").reals().expect("it is there").iter().map(|v| (!v.is_nan()).then_some(*v)).collect()
}

fn labels(features: &Features, name: &str) -> Vec<Option<String>> {
    let codes = features.table.column(name).expect("it is there").classes().expect("it is there");
    (0..codes.len()).map(|r| codes.label(r).map(str::to_string)).collect()
}

fn codes(features: &Features) -> Vec<&str> {
    features.table.notes.iter().map(|n| n.code.as_str()).collect()
}

#[test]
fn four_formats_hold_the_same_features() {
    let text = |v: &[Option<&str>]| v.iter().map(|t| t.map(str::to_string)).collect::<Vec<_>>();
    for (name, format) in [
        ("mixed.gpkg", Format::GeoPackage),
        ("mixed.fgb", Format::FlatGeobuf),
        ("mixed.shp", Format::Shapefile),
        ("mixed.geojson", Format::GeoJson),
    ] {
        assert_eq!(Format::of(&data(name)).unwrap(), format);
        let f = read(&data(name)).unwrap();
        assert_eq!(labels(&f, "name"), text(&[Some("Öræfajökull"), Some("Mýrdalsjökull"), None, Some("Nœud")]), "{name}");
        assert_eq!(numbers(&f, "count"), [Some(3.0), None, Some(-7.0), Some(1e6)], "{name}");
        assert_eq!(numbers(&f, "depth"), [Some(1.5), Some(-0.25), None, Some(1e-3)], "{name}");
        let open = f.table.column("open").unwrap();
        assert_eq!(open.values.missing(), 1, "{name}");
        if name.ends_with("geojson") {
            // GeoJSON has no dates.
            assert!(labels(&f, "seen")[1].as_deref().is_some_and(|t| t.starts_with("1950-01-01")));
            assert_eq!(f.crs, Some(Crs::Geographic));
        } else {
            assert_eq!(numbers(&f, "seen"), [Some(12_263.0), Some(-7305.0), None, Some(19_782.0)], "{name}");
            assert_eq!(f.table.column("seen").unwrap().unit.as_str(), "days since 1970-01-01");
            assert_eq!(f.crs, Some(Crs::Projected("EPSG:32627".into())), "{name}");
        }
        assert!(f.geometries[2].is_none());
        assert_eq!(f.geometries[1].as_ref().unwrap().parts.len(), 4, "{name}");
    }
}

#[test]
fn areas_and_centroids_are_those_of_peers() {
    for name in ["mixed.gpkg", "mixed.fgb", "mixed.shp"] {
        let f = read(&data(name)).unwrap();
        let table = geometry_table(&f).unwrap();
        let area = table.column("area").unwrap();
        assert_eq!(area.unit.as_str(), "m2");
        for (row, want) in [(0, 75_000_000.0), (1, 46_250_000.0), (3, 1_523_990.25)] {
            assert!((area.reals().unwrap()[row] - want).abs() < 1e-6, "{name}");
        }
        let centre = centroid(f.geometries[1].as_ref().unwrap()).unwrap();
        assert!((centre[0] - 505_904.054_054_054_1).abs() < 1e-6 && (centre[1] - 7_004_822.972_972_973).abs() < 1e-6);
    }
    let f = read(&data("mixed.geojson")).unwrap();
    let table = geometry_table(&f).unwrap();
    // On the ellipsoid, pyproj.Geod.
    for (row, want) in [(0, 75_039_701.061_871_05), (1, 46_286_750.270_369_895), (3, 1_525_119.036_407_142_9)] {
        assert!((table.column("area").unwrap().reals().unwrap()[row] / want - 1.0).abs() < 1e-9);
    }
    assert!(table.column("area").unwrap().reals().unwrap()[2].is_nan());
}

#[test]
fn real_files_read_as_peers_read_them() {
    let f = read(&data("rgi7g_hef.shp")).unwrap();
    assert_eq!((f.geometries.len(), f.crs.clone()), (1, Some(Crs::Geographic)));
    assert_eq!(labels(&f, "glac_name")[0].as_deref(), Some("Hintereisferner"));
    // Without its extension, as some programs name it.
    assert_eq!(read(&data("rgi7g_hef")).unwrap(), f);
    let table = geometry_table(&f).unwrap();
    let area = table.column("area").unwrap().reals().unwrap()[0];
    let told = f.table.column("area_km2").unwrap().reals().unwrap()[0];
    assert!((area / 1e6 - told).abs() < 0.01 * told, "{area} m2, {told} km2");
    let lakes = read(&data("ne_110m_lakes.geojson")).unwrap();
    assert_eq!(lakes.geometries.len(), 25);
}

#[test]
fn the_index_of_a_shapefile_says_where_its_features_are() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["shp", "shx", "dbf", "prj", "cpg"] {
        fs::copy(data(&format!("mixed.{extension}")), folder.path().join(format!("edited.{extension}"))).unwrap();
    }
    let path = folder.path().join("edited.shp");
    let before = read(&path).unwrap();
    // The first record moves to the end, as an editor does with a feature that has grown; the old one stays.
    let (mut shp, mut shx) = (fs::read(&path).unwrap(), fs::read(path.with_extension("shx")).unwrap());
    let words = u32::from_be_bytes(shp[104..108].try_into().unwrap()) as usize;
    let record = shp[100..108 + words * 2].to_vec();
    shx[100..104].copy_from_slice(&u32::try_from(shp.len() / 2).unwrap().to_be_bytes());
    shp.extend(record);
    fs::write(&path, &shp).unwrap();
    fs::write(path.with_extension("shx"), shx).unwrap();
    assert_eq!(format!("{:?}", read(&path).unwrap()), format!("{before:?}"));
    fs::remove_file(path.with_extension("shx")).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("more than 4 geometries"));
}

#[test]
fn layers_are_chosen_and_noted() {
    let first = read(&data("mixed.gpkg")).unwrap();
    assert!(codes(&first).contains(&"layers"));
    let layer = |name: &str| open(&data("mixed.gpkg"), &ReadOptions { layer: Some(name.into()), ..ReadOptions::default() });
    let Data::Features(stations) = layer("stations").unwrap().1 else { panic!("features") };
    assert_eq!(stations.geometries[0], Some(Geometry { shape: Shape::Points, parts: vec![vec![[1.5, 2.5]]] }));
    assert_eq!(stations.crs, Some(Crs::Geographic));
    assert_snapshot!(layer("wells").unwrap_err(), @"
    GeoPackage 'mixed.gpkg': got no layer 'wells'
      hint: its layers are areas, stations
    ");
}

fn geojson(text: &str) -> esker_core::Result<Features> {
    let folder = tempfile::tempdir().expect("it is there");
    let path = folder.path().join("a.geojson");
    fs::write(&path, text).expect("it is there");
    read(&path)
}

fn feature(geometry: &str, properties: &str) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":{geometry},"properties":{properties}}}]}}"#)
}

#[test]
fn geojson_of_all_sorts() {
    let point = r#"{"type":"Point","coordinates":[1,2,3]}"#;
    let f = geojson(&feature(point, r#"{"b":1,"a":"x","c":null,"d":[1,2],"e":true}"#)).unwrap();
    let names: Vec<&str> = f.table.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["b", "a", "c", "d", "e"], "in the order of the file");
    assert_eq!((labels(&f, "d")[0].as_deref(), labels(&f, "e")[0].as_deref()), (Some("[1,2]"), Some("true")));
    assert!(codes(&f).contains(&"heights"));
    // One a line, and attributes that differ.
    let lines = format!(
        "{{\"type\":\"Feature\",\"geometry\":{point},\"properties\":{{\"a\":1}}}}\n{{\"type\":\"Feature\",\"geometry\":null,\"properties\":{{\"b\":2}}}}\n"
    );
    let f = geojson(&lines).unwrap();
    assert_eq!((numbers(&f, "a"), numbers(&f, "b")), (vec![Some(1.0), None], vec![None, Some(2.0)]));
    // A bare geometry, a collection, the old crs member.
    assert_eq!(geojson(r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#).unwrap().geometries.len(), 1);
    let mixed = r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[0,0]},{"type":"LineString","coordinates":[[0,0],[1,1]]}]}"#;
    let f = geojson(&feature(mixed, "{}")).unwrap();
    assert_eq!(f.geometries[0].as_ref().unwrap().shape, Shape::Lines);
    assert!(codes(&f).contains(&"mixed-geometry"));
    let old = feature(point, "{}").replacen('{', r#"{"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32632"}},"#, 1);
    assert_eq!(geojson(&old).unwrap().crs, Some(Crs::Projected("EPSG:32632".into())));
    assert_eq!(geojson(&feature(point, "{}").replacen('{', r#"{"crs":null,"#, 1)).unwrap().crs, None);
}

#[test]
fn bad_files_are_refused_in_words() {
    assert_snapshot!(geojson(&feature(r#"{"type":"Polygon","coordinates":[1,2]}"#, "{}")).unwrap_err(), @"file 'a.geojson': got a number where a list belongs in feature 1; coordinates fit the type of their geometry");
    assert_snapshot!(geojson(r#"{"type":"FeatureCollection","features":[]}"#).unwrap_err(), @"file 'a.geojson': got no features; a file holds at least one feature");
    assert_snapshot!(geojson(r#"{"type":"Topology","objects":{},"coordinates":[]}"#).unwrap_err(), @"
    file 'a.geojson': got TopoJSON; GeoJSON is read
      hint: convert it to GeoJSON first (mapshaper, ogr2ogr)
    ");
    assert_snapshot!(geojson(r#"{"type":"FeatureCollection","features":[{"#).unwrap_err(), @"GeoJSON file 'a.geojson': got EOF while parsing an object at line 1 column 41; it holds GeoJSON objects (RFC 7946)");
    let f = Features::new(Table::default(), vec![None], None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    assert_snapshot!(write_geojson(&folder.path().join("x.geojson"), &f).unwrap_err(), @"
    features: got coordinates in a system that is not known; GeoJSON is longitude and latitude on WGS 84
      hint: write GeoPackage instead, or state the CRS
    ");
}

fn strategy() -> impl Strategy<Value = Features> {
    let coordinate = (-170.0_f64..170.0, -80.0_f64..80.0).prop_map(|(x, y)| [x, y]);
    let square = |[x, y]: [f64; 2], s: f64| vec![[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]];
    let geometry = prop_oneof![
        Just(None),
        prop::collection::vec(coordinate.clone(), 1..4)
            .prop_map(|p| Some(Geometry { shape: Shape::Points, parts: p.into_iter().map(|p| vec![p]).collect() })),
        prop::collection::vec(prop::collection::vec(coordinate.clone(), 2..6), 1..3)
            .prop_map(|parts| Some(Geometry { shape: Shape::Lines, parts })),
        // A square, maybe with a hole; holes run the other way.
        (coordinate, any::<bool>()).prop_map(move |(p, hole)| {
            let mut parts = vec![square(p, 3.0)];
            if hole {
                let mut inner = square([p[0] + 1.0, p[1] + 1.0], 1.0);
                inner.reverse();
                parts.push(inner);
            }
            Some(Geometry { shape: Shape::Polygons, parts })
        }),
    ];
    let row = (geometry, prop::option::of(-1e6_f64..1e6), prop::option::of("[a-zé ]{1,6}x"), prop::option::of(-30_000_i32..60_000));
    prop::collection::vec(row, 1..8).prop_map(|rows| {
        let number = rows.iter().map(|r| r.1.unwrap_or(f64::NAN)).collect();
        let text: Vec<Option<&str>> = rows.iter().map(|r| r.2.as_deref()).collect();
        let day = rows.iter().map(|r| r.3.map_or(f64::NAN, f64::from)).collect();
        let columns = vec![
            Column::real("nümber \"1\"", "", number),
            Column { name: "text".into(), unit: Default::default(), values: Values::Class(Codes::from_labels(&text)) },
            Column::real("day", "days since 1970-01-01", day),
        ];
        Features::new(Table::new(columns).expect("it is there"), rows.into_iter().map(|r| r.0).collect(), Some(Crs::Geographic))
            .expect("it is there")
    })
}

/// The columns that hold something, without units where the format has none.
fn comparable(features: &Features, units: bool) -> Vec<Column> {
    let there = features.table.columns().iter().filter(|c| c.values.missing() < c.len()).cloned();
    there.map(|c| if units { c } else { Column { unit: Default::default(), ..c } }).collect()
}

fn same(a: &[Column], b: &[Column]) -> bool {
    let bits = |v: &Values| match v {
        Values::Real(v) => (v.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect(), Vec::new()),
        Values::Class(c) => (Vec::new(), (0..c.len()).map(|r| c.label(r).map(str::to_string)).collect()),
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name && a.unit == b.unit && bits(&a.values) == bits(&b.values))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_written_is_read(features in strategy()) {
        let folder = tempfile::tempdir().unwrap();
        let (json, gpkg) = (folder.path().join("a.geojson"), folder.path().join("a.gpkg"));
        write_geojson(&json, &features).unwrap();
        let back = read(&json).unwrap();
        prop_assert_eq!(&back.geometries, &features.geometries);
        prop_assert!(same(&comparable(&back, false), &comparable(&features, false)));
        write_geopackage(&gpkg, &features).unwrap();
        let back = read(&gpkg).unwrap();
        prop_assert_eq!(&back.geometries, &features.geometries);
        prop_assert_eq!(&back.crs, &features.crs);
        prop_assert!(same(&comparable(&back, true), &comparable(&features, true)));
        let first = fs::read(&gpkg).unwrap();
        write_geopackage(&gpkg, &features).unwrap();
        prop_assert!(fs::read(&gpkg).unwrap() == first, "the same features, the same bytes");
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
    }
}

#[test]
fn a_system_without_a_code_survives_a_geopackage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let crs = Crs::Projected("+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +R=6371229 +units=m".into());
    let geometry = Geometry { shape: Shape::Points, parts: vec![vec![[1e5, -2e5]]] };
    write_geopackage(&path, &Features::new(Table::default(), vec![Some(geometry)], Some(crs)).unwrap()).unwrap();
    assert_snapshot!(read(&path).unwrap().crs.unwrap().name(), @"+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +x_0=0 +y_0=0 +units=m +R=6371229");
}

/// Damaged bytes: cut short, bits flipped.
fn damages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let n = bytes.len();
    let places: Vec<usize> = (0..n.min(72)).chain((0..72).map(|i| i * n / 72)).collect();
    let mut all: Vec<Vec<u8>> = places.iter().step_by(4).map(|&at| bytes[..at].to_vec()).collect();
    for (i, &at) in places.iter().enumerate() {
        for bit in [i % 8, 7] {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << bit;
            all.push(flipped);
        }
        let mut full = bytes.to_vec();
        full[at..(at + 4).min(n)].fill(0xff);
        all.push(full);
    }
    all
}

#[test]
fn damaged_files_are_refused_or_read_but_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mixed.gpkg", "mixed.fgb", "indexed.fgb", "mixed.geojson"] {
        let path = folder.path().join(name);
        let bytes = fs::read(data(name)).unwrap();
        for damaged in damages(&bytes) {
            fs::write(&path, &damaged).unwrap();
            let _ = open(&path, &ReadOptions::default());
        }
    }
    for extension in ["shp", "shx", "dbf", "prj", "cpg"] {
        fs::copy(data(&format!("mixed.{extension}")), folder.path().join(format!("m.{extension}"))).unwrap();
    }
    let path = folder.path().join("m.shp");
    for extension in ["shp", "shx", "dbf", "prj", "cpg"] {
        let whole = fs::read(path.with_extension(extension)).unwrap();
        for damaged in damages(&whole) {
            fs::write(path.with_extension(extension), &damaged).unwrap();
            let _ = open(&path, &ReadOptions::default());
        }
        fs::write(path.with_extension(extension), whole).unwrap();
    }
}

#[test]
fn files_that_claim_much_take_little() {
    // Each feature with an attribute of its own: rows times columns would be a hundred million cells.
    let features: Vec<String> = (0..10_000).map(|i| format!(r#"{{"type":"Feature","geometry":null,"properties":{{"a{i}":1}}}}"#)).collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    assert!(geojson(&text).unwrap_err().to_string().contains("does not hold that many values"));
    let deep = format!(
        r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Point","coordinates":{}1{}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(geojson(&deep).is_err());
    // A GeoPackage whose layer is a view over a join of itself.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let geometry = Geometry { shape: Shape::Points, parts: vec![vec![[1.0, 2.0]]] };
    write_geopackage(&path, &Features::new(Table::default(), vec![Some(geometry)], Some(Crs::Geographic)).unwrap()).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("ALTER TABLE a RENAME TO b; CREATE VIEW a AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, geom FROM n, b;").unwrap();
    drop(db);
    let refused = read(&path).unwrap_err().to_string();
    assert!(refused.contains("plain tables") || refused.contains("no layer"), "{refused}");
}
