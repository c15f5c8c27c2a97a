//! Terrain attributes: GDAL's numbers, laws on surfaces whose shape is known, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod memory;

use esker_core::cube::{Axis, AxisKind, Window};
use esker_core::{Crs, Cube, Rng};
use esker_io::{Attribute, Data, ReadOptions, Surface, Terrain, Texture, open, terrain};
use insta::assert_snapshot;
use memory::{cube, variable};

/// Heights on an even grid, row by row as the file has them.
fn heights(x: &[f64], y: &[f64], crs: Crs, of: &dyn Fn(f64, f64) -> f64) -> Cube {
    let axes = vec![Axis::real("y", AxisKind::Y, "", y.to_vec()), Axis::real("x", AxisKind::X, "", x.to_vec())];
    let values = y.iter().flat_map(|&y| x.iter().map(move |&x| of(x, y))).collect();
    let mut made = cube(axes, vec![variable("dem", "m", &[0, 1], &[y.len(), x.len()])], vec![values]);
    made.crs = Some(crs);
    made
}

fn plane() -> Crs {
    Crs::Projected("EPSG:32717".into())
}

fn steps(n: usize, from: f64, by: f64) -> Vec<f64> {
    (0..n).map(|i| from + i as f64 * by).collect()
}

fn of(dem: &Cube, what: Attribute, how: Terrain) -> Vec<f64> {
    terrain(dem, &[what], how).unwrap().read_all(0).unwrap()
}

/// A dome, steep and bent everywhere.
fn dome(x: f64, y: f64) -> f64 {
    100.0 + 0.3 * x - 0.2 * y - 0.004 * x * x - 0.001 * y * y + 0.002 * x * y
}

#[test]
fn a_quadratic_surface_has_the_shape_its_formula_says() {
    let (x, y) = (steps(9, 0.0, 2.0), steps(7, 5.0, 3.0));
    let dem = heights(&x, &y, plane(), &dome);
    for (name, surface) in [("Horn", Surface::Horn), ("Zevenbergen and Thorne", Surface::ZevenbergenThorne)] {
        let how = Terrain { surface, ..Terrain::default() };
        let found = |what| of(&dem, what, how.clone());
        let (slope, aspect, profile, plan) =
            (found(Attribute::Slope), found(Attribute::Aspect), found(Attribute::ProfileCurvature), found(Attribute::PlanCurvature));
        for (i, &y) in y.iter().enumerate() {
            for (j, &x) in x.iter().enumerate() {
                let at = i * 9 + j;
                if i == 0 || j == 0 || i == 6 || j == 8 {
                    assert!(slope[at].is_nan() && plan[at].is_nan(), "edges are missing");
                    continue;
                }
                let (p, q) = (0.3 - 0.008 * x + 0.002 * y, -0.2 - 0.002 * y + 0.002 * x);
                let (r, t, s) = (-0.008, -0.002, 0.002);
                assert!((slope[at] - p.hypot(q).atan().to_degrees()).abs() < 1e-10, "{name}");
                let facing = (-p).atan2(-q).to_degrees().rem_euclid(360.0);
                assert!((aspect[at] - facing).abs() < 1e-9, "{name} {} {facing}", aspect[at]);
                let steep2 = p * p + q * q;
                assert!((profile[at] + (r * p * p + 2.0 * s * p * q + t * q * q) / steep2).abs() < 1e-12);
                assert!((plan[at] + (r * q * q - 2.0 * s * p * q + t * p * p) / steep2).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn a_level_surface_faces_nowhere() {
    let dem = heights(&steps(5, 0.0, 1.0), &steps(5, 4.0, -1.0), plane(), &|_, _| 7.0);
    let middle = |what| of(&dem, what, Terrain::default())[12];
    assert!(middle(Attribute::Aspect).is_nan());
    for what in [Attribute::Slope, Attribute::Northness, Attribute::Eastness, Attribute::PlanCurvature, Attribute::Tpi, Attribute::Sd] {
        assert_eq!(middle(what), 0.0, "{what:?}");
    }
    assert_eq!((middle(Attribute::Mean), middle(Attribute::Entropy)), (7.0, 0.0));
    assert!((middle(Attribute::Hillshade) - (1.0 + 254.0 * 0.5f64.sqrt())).abs() < 1e-9);
}

/// Rows up or down, columns either way, axes in either order, tile by tile: the same cells have the same attributes.
#[test]
fn the_order_of_the_file_changes_nothing() {
    let mut rng = Rng::new(3);
    let rough: Vec<f64> = (0..700 * 11).map(|_| 50.0 * rng.uniform()).collect();
    let field = |x: f64, y: f64| rough[(x / 10.0).round() as usize * 11 + (y / 10.0).round() as usize];
    let (x, y) = (steps(700, 0.0, 10.0), steps(11, 0.0, 10.0));
    let (west, south) = (steps(700, 6990.0, -10.0), steps(11, 100.0, -10.0));
    let entropy = Attribute::Glcm(Texture::Entropy);
    for what in [Attribute::Slope, Attribute::Aspect, Attribute::PlanCurvature, Attribute::Sd, entropy] {
        let how = Terrain { window: 5, ..Terrain::default() };
        let plain = of(&heights(&x, &y, plane(), &field), what, how.clone());
        let turned = of(&heights(&west, &south, plane(), &field), what, how.clone());
        for i in 0..11 {
            for j in 0..700 {
                let (a, b) = (plain[i * 700 + j], turned[(10 - i) * 700 + 699 - j]);
                assert!(a == b || a.is_nan() && b.is_nan(), "{what:?} {i} {j}: {a} {b}");
            }
        }
        let dem = heights(&x, &y, plane(), &field);
        let seen = terrain(&dem, &[what], how).unwrap();
        let part = Window(vec![2..9, 505..520]);
        let cut = seen.read(0, &part).unwrap();
        let whole: Vec<f64> = (2..9).flat_map(|i| plain[i * 700 + 505..i * 700 + 520].to_vec()).collect();
        assert_eq!(format!("{cut:?}"), format!("{whole:?}"));
    }
}

/// A slope that rises with latitude alone is as steep in degrees of any width; round the globe there is no edge.
#[test]
fn degrees_are_metres_on_the_ellipsoid_and_the_seam_is_nowhere() {
    let (lon, lat) = (steps(36, -175.0, 10.0), steps(9, 50.0, -0.25));
    let dem = heights(&lon, &lat, Crs::Geographic, &|_, lat| 1000.0 * lat);
    let slope = of(&dem, Attribute::Slope, Terrain::default());
    // A degree of latitude at 49° N is 111.21 km.
    assert!(slope[4 * 36..5 * 36].iter().all(|s| (s.to_radians().tan() - 1000.0 / 111_213.0).abs() < 2e-6), "{:?}", &slope[144..150]);
    let aspect = of(&dem, Attribute::Aspect, Terrain::default());
    assert!(aspect[4 * 36..5 * 36].iter().all(|a| *a == 180.0));
    // To the east, a tenth of a degree is as many metres as the parallel is short.
    let dem = heights(&steps(9, 8.0, 0.1), &steps(9, 60.4, -0.1), Crs::Geographic, &|lon, _| 1000.0 * lon);
    let slope = of(&dem, Attribute::Slope, Terrain::default())[40];
    assert!((slope.to_radians().tan() - 1000.0 / 55_800.0).abs() < 1e-5, "{}", slope.to_radians().tan());
}

#[test]
fn a_missing_cell_takes_its_neighbours_along() {
    let dem = heights(&steps(7, 0.0, 1.0), &steps(7, 6.0, -1.0), plane(), &|x, y| if (x, y) == (3.0, 3.0) { f64::NAN } else { x });
    let missing = |what| of(&dem, what, Terrain { window: 5, ..Terrain::default() }).iter().filter(|v| v.is_nan()).count();
    assert_eq!((missing(Attribute::Slope), missing(Attribute::Mean)), (24 + 9, 49));
}

/// `data/terrain/make.py` asked GDAL 3.6.2, and numpy for windows.
#[test]
fn the_numbers_are_those_of_gdaldem() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/terrain");
    let (_, data) = open(&folder.join("dem.tif"), &ReadOptions::default()).unwrap();
    let Data::Cube(dem) = data else { panic!("a grid") };
    let text = std::fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    for (column, name) in names.iter().enumerate() {
        let (attribute, surface) = match name.strip_suffix("_zt") {
            Some(name) => (name, Surface::ZevenbergenThorne),
            None => (*name, Surface::Horn),
        };
        let how = Terrain { surface, window: if attribute == "roughness" { 3 } else { 5 }, level: 10.0, ..Terrain::default() };
        let ours = of(&dem, Attribute::parse(attribute).unwrap(), how);
        assert_eq!(ours.len(), rows.len());
        for (at, (a, row)) in ours.iter().zip(&rows).enumerate() {
            let b = row[column];
            // GDAL writes shades as whole numbers and takes aspects from 450° in single precision.
            let within = match attribute {
                "hillshade" => 0.5 + 1e-9,
                "aspect" => f64::from(f32::EPSILON) * 256.0,
                _ => 1e-6 * b.abs().max(1e-3),
            };
            let near = (a - b).abs() <= within;
            assert!(near || a.is_nan() && b.is_nan(), "{name} cell {at}: {a}, peer says {b}");
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let (x, y) = (steps(5, 0.0, 1.0), steps(4, 3.0, -1.0));
    let flat: &dyn Fn(f64, f64) -> f64 = &|_, _| 1.0;
    let dem = heights(&x, &y, plane(), flat);
    let refused = |dem: &Cube, what: &[Attribute], how: Terrain| terrain(dem, what, how).unwrap_err().to_string();
    let wide = |window| Terrain { window, ..Terrain::default() };
    let mut bare = heights(&x, &y, plane(), flat);
    bare.crs = None;
    let uneven = heights(&[0.0, 1.0, 2.0, 4.0, 5.0], &y, plane(), flat);
    let feet = {
        let axes = dem.axes().to_vec();
        let mut made = cube(axes, vec![variable("dem", "ft", &[0, 1], &[4, 5])], vec![vec![1.0; 20]]);
        made.crs = Some(plane());
        made
    };
    let two = {
        let v = |name| variable(name, "m", &[0, 1], &[4, 5]);
        let mut made = cube(dem.axes().to_vec(), vec![v("dem"), v("geoid")], vec![vec![1.0; 20], vec![1.0; 20]]);
        made.crs = Some(plane());
        made
    };
    let slope = [Attribute::Slope];
    assert_snapshot!(
        "terrain_refused",
        [
            refused(&dem, &[Attribute::Sd], wide(5)),
            refused(&dem, &[Attribute::Sd], wide(4)),
            refused(&dem, &[], wide(3)),
            refused(&dem, &[Attribute::Slope, Attribute::Slope], wide(3)),
            refused(&dem, &[Attribute::Hillshade], Terrain { altitude: 99.0, ..Terrain::default() }),
            refused(&bare, &slope, wide(3)),
            refused(&uneven, &slope, wide(3)),
            refused(&feet, &slope, wide(3)),
            refused(&two, &slope, wide(3)),
            Attribute::parse("curvature").unwrap_err().to_string(),
        ]
        .join("\n\n")
    );
}
