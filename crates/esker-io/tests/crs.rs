//! Coordinate reference systems: names to systems, and systems to one another. Numbers are of pyproj 3.7.2 with PROJ 9.5.1.

use esker_core::Crs;
use esker_core::cube::{Attribute, Attributes};
use esker_io::crs::{
    Ruler, Transform, from_epsg, from_grid_mapping, from_proj, from_wkt, metres_per_unit, parse, to_grid_mapping, to_proj, to_wkt,
};
use insta::assert_snapshot;
use proptest::prelude::*;

fn epsg(code: u32) -> Crs {
    from_epsg(code).expect("a code of the data set")
}

fn projected(name: &str) -> Crs {
    Crs::Projected(name.into())
}

#[test]
fn points_fall_where_proj_puts_them() {
    // Code, longitude, latitude, x, y, tolerance in metres.
    for (code, lon, lat, x, y, off) in [
        (32632, 10.76, 46.8, 634302.1966, 5184443.1240, 1e-3),
        (3413, -45.0, 75.0, 0.0, -1633879.4975, 1e-3),
        (3413, 120.0, 60.0, 860097.1680, 3209926.3303, 1e-3),
        (3031, -60.0, -75.0, -1419227.9158, 819391.6192, 1e-3),
        (3995, 30.0, 80.0, 544589.7278, -943257.0779, 1e-3),
        (3857, -123.1, 49.3, -13703429.3167, 6325919.2746, 1e-3),
        (2154, 2.35, 48.85, 652301.5648, 6861302.7259, 1e-3),
        // Amersfoort: EPSG has refined the datum's parameters by millimetres since.
        (28992, 5.4, 52.1, 155876.8139, 456861.6183, 1e-2),
        (21781, 7.5, 46.9, 604676.0432, 194322.8889, 1e-3),
        (2056, 8.2, 46.5, 2658445.2895, 1150137.3425, 1e-3),
        (3035, 10.0, 52.0, 4321000.0, 3210000.0, 1e-3),
        (3034, 15.0, 48.0, 4360457.4601, 2382447.6937, 1e-3),
        (6933, -100.0, 35.0, -9648628.0251, 4198673.8209, 1e-3),
        (5070, -105.0, 40.0, -760465.7454, 1923013.9798, 1e-3),
        (32198, -71.0, 47.0, -189739.9354, 337123.7907, 1e-3),
        (2193, 174.0, -41.0, 1684102.1344, 5460761.4107, 1e-3),
        (3411, -45.0, 75.0, 0.0, -1633913.9541, 1e-3),
        (25832, 9.0, 50.0, 500000.0, 5538630.7027, 1e-3),
        (31370, 4.4, 50.8, 152202.8841, 165505.1355, 1e-3),
        (27572, 2.35, 48.85, 600990.8924, 2427961.5117, 1e-3),
        (32717, -79.1, -4.0, 710949.3982, 9557628.5564, 1e-3),
        (8857, 100.0, -30.0, 8965339.9386, -3764325.4269, 1e-3),
    ] {
        let there = Transform::between(&Crs::Geographic, &epsg(code)).unwrap();
        let [a, b] = there.point(lon, lat);
        assert!((a - x).abs() < off && (b - y).abs() < off, "EPSG:{code}: {a}, {b}");
        let [lon2, lat2] = Transform::between(&epsg(code), &Crs::Geographic).unwrap().point(a, b);
        assert!((lon2 - lon).abs() < 1e-7 && (lat2 - lat).abs() < 1e-7, "EPSG:{code} and back: {lon2}, {lat2}");
    }
}

#[test]
fn definitions_without_a_code_compute_too() {
    for (definition, lon, lat, x, y, off) in [
        (
            "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +R=6371229",
            10.0,
            50.0,
            -5.132644799516191,
            -0.4724280878272969,
            1e-9,
        ),
        ("+proj=geos +h=35785831 +lon_0=0 +sweep=y +a=6378137 +b=6356752.31414", 10.0, 50.0, 669592.8098525438, 4539896.037671593, 1e-3),
        ("+proj=geos +h=35786023 +lon_0=-75 +sweep=x +ellps=GRS80", -80.0, 30.0, -468595.77315508184, 3087367.4762363513, 1e-3),
        ("+proj=moll +lon_0=0 +datum=WGS84", 30.0, 89.5, 134573.09088015268, 9011008.485759886, 1e-3),
        ("ESRI:102001", -100.0, 60.0, -219763.40971329852, 2225772.9163142517, 1e-3),
        ("+proj=lcc +lat_1=25 +lat_2=60 +lat_0=42.5 +lon_0=-100 +R=6378137", -105.0, 40.0, -406905.84617471637, -253300.03345538088, 1e-3),
    ] {
        let crs = parse(definition).unwrap();
        let [a, b] = Transform::between(&Crs::Geographic, &crs).unwrap().point(lon, lat);
        assert!((a - x).abs() < off && (b - y).abs() < off, "{definition}: {a}, {b}");
        let [lon2, lat2] = Transform::between(&crs, &Crs::Geographic).unwrap().point(a, b);
        assert!((lon2 - lon).abs() < 1e-7 && (lat2 - lat).abs() < 1e-7, "{definition} and back: {lon2}, {lat2}");
    }
}

#[test]
fn every_way_of_naming_leads_to_one_system() {
    for text in [
        "EPSG:4326",
        "epsg:4326",
        "OGC:CRS84",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "urn:ogc:def:crs:EPSG::4326",
        "+proj=longlat +datum=WGS84 +no_defs",
        "+proj=longlat +ellps=WGS84",
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "WGS84",
        "+init=epsg:4326",
        "EPSG:4979",
        r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#,
        r#"{"type":"GeographicCRS","name":"WGS 84","id":{"authority":"EPSG","code":4326}}"#,
    ] {
        assert_eq!(parse(text).unwrap(), Crs::Geographic, "{text}");
    }
    for text in [
        "EPSG:32632",
        "urn:ogc:def:crs:EPSG:9.8:32632",
        "http://www.opengis.net/def/crs/EPSG/0/32632",
        "+proj=utm +zone=32 +datum=WGS84 +units=m +no_defs",
        "EPSG:32632+5773",
    ] {
        assert_eq!(parse(text).unwrap(), projected("EPSG:32632"), "{text}");
    }
    assert_eq!(epsg(4267), Crs::Geodetic("EPSG:4267".into()));
    assert_eq!(parse("+proj=utm +south +zone=17 +ellps=WGS84").unwrap(), projected("EPSG:32717"));
    assert_eq!(parse("ESRI:102100").unwrap(), projected("EPSG:3857"));
    assert_eq!(to_proj(&epsg(32632)).unwrap(), "+proj=utm +zone=32 +datum=WGS84 +units=m");
}

#[test]
fn esri_names_are_known_where_their_projection_is_the_same() {
    let utm = |meridian: f64| {
        format!(
            r#"PROJCS["WGS_1984_UTM_Zone_32N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
        )
    };
    assert_eq!(from_wkt(&utm(9.0)).unwrap(), projected("EPSG:32632"));
    // The name lies: the parameters decide.
    assert_snapshot!(from_wkt(&utm(9.5)).unwrap().name(), @"+proj=tmerc +x_0=500000.0 +y_0=0.0 +lon_0=9.5 +k=0.9996 +lat_0=0.0 +units=m +a=6378137.0 +rf=298.257223563 +towgs84=0,0,0,0,0,0,0");
    for (name, wkt) in [
        (
            "EPSG:3413",
            r#"PROJCS["WGS_1984_NSIDC_Sea_Ice_Polar_Stereographic_North",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Stereographic_North_Pole"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-45.0],PARAMETER["Standard_Parallel_1",70.0],UNIT["Meter",1.0]]"#,
        ),
        (
            "EPSG:2154",
            r#"PROJCS["RGF_1993_Lambert_93",GEOGCS["GCS_RGF_1993",DATUM["D_RGF_1993",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],PARAMETER["False_Easting",700000.0],PARAMETER["False_Northing",6600000.0],PARAMETER["Central_Meridian",3.0],PARAMETER["Standard_Parallel_1",49.0],PARAMETER["Standard_Parallel_2",44.0],PARAMETER["Latitude_Of_Origin",46.5],UNIT["Meter",1.0]]"#,
        ),
        (
            "EPSG:27700",
            r#"PROJCS["British_National_Grid",GEOGCS["GCS_OSGB_1936",DATUM["D_OSGB_1936",SPHEROID["Airy_1830",6377563.396,299.3249646]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",400000.0],PARAMETER["False_Northing",-100000.0],PARAMETER["Central_Meridian",-2.0],PARAMETER["Scale_Factor",0.9996012717],PARAMETER["Latitude_Of_Origin",49.0],UNIT["Meter",1.0]]"#,
        ),
        (
            "EPSG:31467",
            r#"PROJCS["DHDN_3_Degree_Gauss_Zone_3",GEOGCS["GCS_Deutsches_Hauptdreiecksnetz",DATUM["D_Deutsches_Hauptdreiecksnetz",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",3500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#,
        ),
        (
            "EPSG:28992",
            r#"PROJCS["RD_New",GEOGCS["GCS_Amersfoort",DATUM["D_Amersfoort",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Double_Stereographic"],PARAMETER["False_Easting",155000.0],PARAMETER["False_Northing",463000.0],PARAMETER["Central_Meridian",5.38763888888889],PARAMETER["Scale_Factor",0.9999079],PARAMETER["Latitude_Of_Origin",52.1561605555556],UNIT["Meter",1.0]]"#,
        ),
        (
            "EPSG:2056",
            r#"PROJCS["CH1903+_LV95",GEOGCS["GCS_CH1903+",DATUM["D_CH1903+",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Hotine_Oblique_Mercator_Azimuth_Center"],PARAMETER["False_Easting",2600000.0],PARAMETER["False_Northing",1200000.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Azimuth",90.0],PARAMETER["Longitude_Of_Center",7.43958333333333],PARAMETER["Latitude_Of_Center",46.9524055555556],UNIT["Meter",1.0]]"#,
        ),
        (
            "ESRI:102001",
            r#"PROJCS["Canada_Albers_Equal_Area_Conic",GEOGCS["GCS_North_American_1983",DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Albers"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",-96.0],PARAMETER["Standard_Parallel_1",50.0],PARAMETER["Standard_Parallel_2",70.0],PARAMETER["Latitude_Of_Origin",40.0],UNIT["Meter",1.0]]"#,
        ),
        (
            "EPSG:4267",
            r#"GEOGCS["GCS_North_American_1927",DATUM["D_North_American_1927",SPHEROID["Clarke_1866",6378206.4,294.978698213898]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#,
        ),
        (
            "EPSG:32632",
            r#"PROJCRS["WGS 84 / UTM zone 32N",BASEGEOGCRS["WGS 84",ENSEMBLE["World Geodetic System 1984 ensemble",MEMBER["World Geodetic System 1984 (G2296)"],ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]],ENSEMBLEACCURACY[2.0]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]],ID["EPSG",4326]],CONVERSION["UTM zone 32N",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8801]],PARAMETER["Longitude of natural origin",9,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8802]],PARAMETER["Scale factor at natural origin",0.9996,SCALEUNIT["unity",1],ID["EPSG",8805]],PARAMETER["False easting",500000,LENGTHUNIT["metre",1],ID["EPSG",8806]],PARAMETER["False northing",0,LENGTHUNIT["metre",1],ID["EPSG",8807]]],CS[Cartesian,2],AXIS["(E)",east,ORDER[1],LENGTHUNIT["metre",1]],AXIS["(N)",north,ORDER[2],LENGTHUNIT["metre",1]]]"#,
        ),
    ] {
        assert_eq!(from_wkt(wkt).unwrap().name(), name);
    }
}

#[test]
fn wkt_written_is_the_same_system_read() {
    let same = |a: &Crs, b: &Crs| {
        let (p, q) = (Transform::between(&Crs::Geographic, a).unwrap(), Transform::between(&Crs::Geographic, b).unwrap());
        [(10.0, 60.0), (-30.0, 45.0)].iter().all(|&(x, y)| {
            let ([a, b], [c, d]) = (p.point(x, y), q.point(x, y));
            (a - c).abs() < 1e-3 && (b - d).abs() < 1e-3
        })
    };
    for text in [
        "EPSG:4326",
        "EPSG:32633",
        "EPSG:3035",
        "EPSG:3413",
        "EPSG:31467",
        "EPSG:28992",
        "ESRI:102001",
        "ESRI:54009",
        "ESRI:54030",
        "+proj=lcc +lat_1=50 +lat_2=60 +lat_0=40 +lon_0=8 +x_0=100 +y_0=-5 +ellps=WGS84 +units=m",
        "+proj=lcc +lat_1=50 +lat_0=50 +lon_0=8 +k_0=0.999 +R=6371229",
        "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +R=6371229 +units=m",
        "+proj=stere +lat_0=47 +lon_0=10 +datum=WGS84",
        "+proj=laea +lat_0=60 +lon_0=10 +R=6371229",
        "+proj=tmerc +lat_0=0 +lon_0=10.76 +k=0.9996 +datum=WGS84",
        "+proj=merc +lat_ts=30 +lon_0=5 +datum=WGS84",
        "+proj=cea +lat_ts=30 +datum=WGS84",
        "+proj=aeqd +lat_0=52 +lon_0=24 +datum=WGS84",
        "+proj=utm +zone=32 +ellps=intl +towgs84=-87,-98,-121",
        "+proj=sinu +R=6371007.181",
        "+proj=tmerc +lat_0=40 +lon_0=8 +to_meter=0.3048 +x_0=1000 +datum=WGS84",
        "+proj=eqc +lat_ts=30 +datum=WGS84",
    ] {
        let crs = parse(text).unwrap();
        let wkt = to_wkt(&crs).unwrap();
        assert!(same(&crs, &from_wkt(&wkt).unwrap()), "{text}\n{wkt}");
    }
}

fn mapping(pairs: &[(&str, &str)]) -> Attributes {
    let value = |v: &str| match v.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>() {
        Ok(numbers) => Attribute::Numbers(numbers),
        Err(_) => Attribute::Text(v.into()),
    };
    Attributes(pairs.iter().map(|(n, v)| (n.to_string(), value(v))).collect())
}

#[test]
fn grid_mappings_are_understood() {
    for (pairs, proj) in [
        (vec![("grid_mapping_name", "latitude_longitude")], "+proj=longlat +datum=WGS84"),
        (vec![("grid_mapping_name", "latitude_longitude"), ("earth_radius", "6371229")], "+proj=longlat +R=6371229"),
        (
            vec![
                ("grid_mapping_name", "rotated_latitude_longitude"),
                ("grid_north_pole_latitude", "39.25"),
                ("grid_north_pole_longitude", "-162"),
                ("earth_radius", "6371229"),
            ],
            "+proj=ob_tran +o_proj=longlat +o_lat_p=39.25 +o_lon_p=0 +lon_0=18 +R=6371229",
        ),
        (
            vec![
                ("grid_mapping_name", "lambert_conformal_conic"),
                ("standard_parallel", "25 60"),
                ("longitude_of_central_meridian", "265"),
                ("latitude_of_projection_origin", "25"),
                ("semi_major_axis", "6378137"),
                ("inverse_flattening", "298.257223563"),
            ],
            "+proj=lcc +lat_1=25 +lat_2=60 +lat_0=25 +lon_0=265 +datum=WGS84 +units=m",
        ),
        (
            vec![
                ("grid_mapping_name", "polar_stereographic"),
                ("straight_vertical_longitude_from_pole", "-45"),
                ("latitude_of_projection_origin", "90"),
                ("standard_parallel", "70"),
                ("semi_major_axis", "6378273"),
                ("semi_minor_axis", "6356889.449"),
            ],
            "+proj=stere +lat_ts=70 +lat_0=90 +lon_0=-45 +a=6378273 +b=6356889.449 +units=m",
        ),
        (
            vec![
                ("grid_mapping_name", "geostationary"),
                ("longitude_of_projection_origin", "-75"),
                ("perspective_point_height", "35786023"),
                ("sweep_angle_axis", "x"),
                ("semi_major_axis", "6378137"),
                ("semi_minor_axis", "6356752.31414"),
            ],
            "+proj=geos +h=35786023 +sweep=x +lon_0=-75 +ellps=GRS80 +units=m",
        ),
    ] {
        let crs = from_grid_mapping(&mapping(&pairs)).unwrap().unwrap();
        assert_eq!(to_proj(&crs).unwrap(), proj);
    }
    // WKT gives the code where it draws the same map, and the parameters win where it does not.
    let utm = [
        ("grid_mapping_name", "transverse_mercator"),
        ("longitude_of_central_meridian", "9"),
        ("latitude_of_projection_origin", "0"),
        ("scale_factor_at_central_meridian", "0.9996"),
        ("false_easting", "500000"),
        ("false_northing", "0"),
        ("semi_major_axis", "6378137"),
        ("inverse_flattening", "298.257223563"),
    ];
    for (code, name) in
        [(32632, "EPSG:32632"), (32633, "+proj=tmerc +k_0=0.9996 +lat_0=0 +lon_0=9 +x_0=500000 +y_0=0 +datum=WGS84 +units=m")]
    {
        let mut attributes = mapping(&utm);
        attributes.set("crs_wkt", Attribute::Text(to_wkt(&epsg(code)).unwrap()));
        assert_eq!(from_grid_mapping(&attributes).unwrap().unwrap().name(), name);
    }
    assert_eq!(from_grid_mapping(&mapping(&[("long_name", "nothing")])).unwrap(), None);
    let refused = from_grid_mapping(&mapping(&[("grid_mapping_name", "healpix")])).unwrap_err();
    assert_snapshot!(refused, @"
    grid mapping 'healpix'; no such mapping in CF 1.11, or not one computed here
      hint: give its PROJ definition or EPSG code instead
    ");
    let lacking = from_grid_mapping(&mapping(&[("grid_mapping_name", "rotated_latitude_longitude")])).unwrap_err();
    assert_snapshot!(lacking, @"grid mapping 'rotated_latitude_longitude'; it needs the attribute 'grid_north_pole_latitude', a number");
}

#[test]
fn grid_mappings_written_are_the_same_system_read() {
    for text in [
        "EPSG:4326",
        "EPSG:32632",
        "EPSG:3413",
        "EPSG:3035",
        "EPSG:5070",
        "EPSG:3034",
        "EPSG:6933",
        "EPSG:3857",
        "EPSG:28992",
        "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +R=6371229",
        "+proj=geos +h=35786023 +lon_0=-75 +sweep=x +ellps=GRS80",
        "+proj=lcc +lat_1=50 +lat_2=50 +lat_0=50 +lon_0=8 +R=6371229",
        "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 +ellps=WGS84",
        "+proj=sinu +R=6371007.181",
    ] {
        let crs = parse(text).unwrap();
        let read = from_grid_mapping(&to_grid_mapping(&crs).unwrap()).unwrap().unwrap();
        let (p, q) = (Transform::between(&crs, &Crs::Geographic).unwrap(), Transform::between(&read, &Crs::Geographic).unwrap());
        let at = if crs.is_degrees() { (3.0, 4.0) } else { (1e5, 2e5) };
        let ([a, b], [c, d]) = (p.point(at.0, at.1), q.point(at.0, at.1));
        assert!((a.is_nan() && c.is_nan()) || ((a - c).abs() < 1e-8 && (b - d).abs() < 1e-8), "{text}: {a} {b}, {c} {d}");
    }
}

#[test]
fn what_cannot_be_done_well_is_refused_or_noted() {
    let between = |a: &str, b: &str| Transform::between(&parse(a).unwrap(), &parse(b).unwrap());
    assert_snapshot!(between("EPSG:4267", "EPSG:4326").unwrap_err(), @"
    datum of EPSG:4267; only a grid file ties it to other datums; none is held here
      hint: reproject the data to WGS 84 with a program that has the grid (PROJ, GDAL), or stay in one datum
    ");
    // Within one datum there is nothing to shift.
    assert_eq!(between("EPSG:4267", "EPSG:26710").unwrap().accuracy_m(), Some(0.001));
    assert_eq!(between("EPSG:4326", "EPSG:3408").unwrap().notes[0].code, "crs-sphere");
    assert_eq!(between("EPSG:4326", "EPSG:3411").unwrap().notes[0].code, "crs-datum");
    assert_eq!(between("EPSG:4326", "EPSG:2229").unwrap().notes[0].code, "crs-unit");
    assert!((metres_per_unit(&epsg(2229)).unwrap() - 0.304_800_609_601_219_2).abs() < 1e-15);
    assert_snapshot!(from_epsg(4978).unwrap_err(), @"EPSG:4978: got geocentric X, Y, Z; a system is longitude and latitude, or a plane");
    assert_snapshot!(from_epsg(4807).unwrap_err(), @"
    EPSG:4807: got longitude and latitude in grads; they are degrees here
      hint: multiply them by 0.9 and use the code of the same datum in degrees
    ");
    assert!(from_epsg(5513).is_err() && from_epsg(5514).is_ok(), "Krovak to the south and west is not held");
    assert_snapshot!(from_epsg(99_999).unwrap_err(), @"
    coordinate reference system 'EPSG:99999'; no such code in the EPSG data set held here
      hint: look it up at epsg.org; its PROJ definition (+proj=…) is read too
    ");
    assert_snapshot!(from_epsg(102_001).unwrap_err(), @"
    coordinate reference system 'EPSG:102001'; no such code in the EPSG data set held here
      hint: did you mean ESRI:102001?
    ");
    assert_snapshot!(parse("the usual one").unwrap_err(), @"
    coordinate reference system: got 'the usual one'; a system is named by a code, a PROJ definition or WKT
      hint: longitude and latitude on WGS 84 are EPSG:4326
    ");
    assert_snapshot!(between("EPSG:4326", "+proj=imw_p +lat_1=30 +lat_2=40 +ellps=WGS84").unwrap_err(), @"
    coordinate reference system '+proj=imw_p +lat_1=30 +lat_2=40 +ellps=WGS84': got Projection not found; its projection cannot be computed here
      hint: reproject the data to a common system such as EPSG:4326 first
    ");
    assert!(to_wkt(&parse("+proj=ob_tran +o_proj=longlat +o_lat_p=40 +o_lon_p=0").unwrap()).is_err());
}

#[test]
fn points_out_of_reach_become_missing_and_longitudes_wrap() {
    let way = Transform::between(&Crs::Geographic, &epsg(32632)).unwrap();
    let (mut x, mut y) = (vec![369.0, 9.0, f64::NAN, 9.0], vec![50.0, 50.0, 50.0, 95.0]);
    way.apply(&mut x, &mut y).unwrap();
    assert_eq!(x[0], x[1]);
    assert!(x[2].is_nan() && y[2].is_nan() && x[3].is_nan());
    assert!(way.apply(&mut [1.0], &mut []).is_err());
    let disc = Transform::between(&Crs::Geographic, &parse("+proj=geos +h=35786023 +lon_0=0 +ellps=GRS80").unwrap()).unwrap();
    assert!(disc.point(120.0, 0.0)[0].is_nan(), "behind the Earth");
}

#[test]
fn rulers_measure_on_the_ellipsoid_and_across_the_antimeridian() {
    let ruler = Ruler::of(&Crs::Geographic).unwrap();
    assert!((ruler.distance([179.5, -10.0], [-179.5, -11.0]) - 155_620.201_738_441).abs() < 1e-6);
    assert!((ruler.distance([10.76, 46.8], [7.5, 46.9]) - 248_866.032_924_333).abs() < 1e-6);
    // A square degree over the antimeridian is as large as one elsewhere.
    let square = |x: f64| vec![[x, 0.0], [x + 1.0, 0.0], [x + 1.0, 1.0], [x, 1.0], [x, 0.0]];
    let over = vec![[179.5, 0.0], [-179.5, 0.0], [-179.5, 1.0], [179.5, 1.0], [179.5, 0.0]];
    assert!((ruler.area(&square(10.0)) - ruler.area(&over)).abs() < 1.0);
    // The whole globe, drawn as a box: 4π R² of the authalic sphere of WGS 84.
    let globe = [[-180.0, -90.0], [180.0, -90.0], [180.0, 90.0], [-180.0, 90.0], [-180.0, -90.0]];
    assert!((ruler.area(&globe) / 5.100_656_217_240_886e14 - 1.0).abs() < 1e-9);
    let feet = Ruler::of(&epsg(2229)).unwrap();
    assert!((feet.distance([0.0, 0.0], [3.0, 4.0]) - 5.0 * 1200.0 / 3937.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn there_and_back_is_the_same_place(lon in -179.0_f64..179.0, lat in -85.0_f64..85.0, pick in 0_usize..8) {
        let systems = ["EPSG:3857", "EPSG:6933", "ESRI:54009", "ESRI:54030", "EPSG:4258", "+proj=ob_tran +o_proj=longlat +o_lon_p=10 +o_lat_p=-35 +lon_0=40 +R=6371229",
            "EPSG:8857", "+proj=sinu +R=6371007.181"];
        let crs = parse(systems[pick]).unwrap();
        let [x, y] = Transform::between(&Crs::Geographic, &crs).unwrap().point(lon, lat);
        let [a, b] = Transform::between(&crs, &Crs::Geographic).unwrap().point(x, y);
        prop_assert!((a - lon).abs() < 1e-6 && (b - lat).abs() < 1e-6, "{} {} {}", systems[pick], a, b);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,80}", number in any::<f64>()) {
        let _ = parse(&text);
        let _ = from_wkt(&format!("PROJCS[\"{text}\",GEOGCS[\"x\",DATUM[\"y\",SPHEROID[\"z\",{number},{number}]]],PROJECTION[\"Transverse_Mercator\"],UNIT[\"m\",{number}]]"));
        let odd = from_proj(&format!("+proj=lcc +lat_1={number} +lat_2=30 {text}"));
        if let Ok(way) = odd.and_then(|crs| Transform::between(&Crs::Geographic, &crs)) {
            way.point(1.0, 2.0);
        }
    }

    #[test]
    fn no_parameters_panic(name in "aea|aeqd|cass|cea|eqc|eqdc|eqearth|etmerc|geos|gnom|krovak|laea|lcc|merc|mill|moll|omerc|ortho|poly|robin|sinu|somerc|stere|sterea|tmerc|tpers|utm|ob_tran",
        a in any::<f64>(), b in -1e3_f64..1e3, c in -100_f64..100.0, lon in -400_f64..400.0, lat in -100_f64..100.0) {
        let text = format!("+proj={name} +lat_0={c} +lat_1={b} +lat_2={c} +lon_0={b} +k={a} +h={a} +zone={c} +alpha={b} +x_0={a} +a={a} +rf={b} +o_proj=longlat +o_lat_p={c} +o_lon_p={b}");
        if let Ok(way) = from_proj(&text).and_then(|crs| Transform::between(&Crs::Geographic, &crs)) {
            let [x, y] = way.point(lon, lat);
            prop_assert_eq!(x.is_nan(), y.is_nan());
        }
    }
}

#[test]
fn deep_and_long_texts_are_refused() {
    let deep = "PROJCS[".repeat(50_000);
    assert!(from_wkt(&deep).is_err());
    assert!(from_wkt(&format!("{}\"x\"{}", "GEOGCS[".repeat(23), "]".repeat(23))).is_err());
    assert!(from_proj(&format!("+proj=longlat {}", "+a=1 ".repeat(10_000))).is_err());
    assert!(from_wkt(&format!("PROJCS[\"{}\"]", "x".repeat(1 << 20))).is_err());
}
