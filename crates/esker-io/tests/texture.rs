//! Textures from grey-level co-occurrence: the matrices of Haralick's paper, laws, scikit-image's numbers, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod memory;

use esker_core::cube::{Axis, AxisKind, Window};
use esker_core::{Crs, Cube, Rng};
use esker_io::{Attribute, Data, GreyLevels, ReadOptions, Terrain, Texture, open, terrain};
use insta::assert_snapshot;
use memory::{cube, variable};

const ALL: [Texture; 7] = [
    Texture::Contrast,
    Texture::Dissimilarity,
    Texture::Homogeneity,
    Texture::SecondMoment,
    Texture::Energy,
    Texture::Correlation,
    Texture::Entropy,
];

/// A raster of so many columns on a plane, its first row in the north.
fn raster(wide: usize, values: Vec<f64>, unit: &str) -> Cube {
    let high = values.len() / wide;
    let count = |n: usize, by: f64| (0..n).map(|i| i as f64 * by).collect();
    let axes = vec![Axis::real("y", AxisKind::Y, "", count(high, -10.0)), Axis::real("x", AxisKind::X, "", count(wide, 10.0))];
    let mut made = cube(axes, vec![variable("dem", unit, &[0, 1], &[high, wide])], vec![values]);
    made.crs = Some(Crs::Projected("EPSG:32717".into()));
    made
}

fn how(window: usize, grey: GreyLevels) -> Terrain {
    Terrain { window, grey, ..Terrain::default() }
}

fn of(dem: &Cube, what: Texture, how: &Terrain) -> Vec<f64> {
    terrain(dem, &[Attribute::Glcm(what)], how.clone()).unwrap().read_all(0).unwrap()
}

fn noise(n: usize, gaps: bool) -> Vec<f64> {
    let mut rng = Rng::new(11);
    (0..n).map(|_| if gaps && rng.below(12) == 0 { f64::NAN } else { (rng.normal() * 64.0).round() / 8.0 }).collect()
}

/// Figure 3 of Haralick, Shanmugam and Dinstein (1973): a picture of 4 × 4 cells and four levels, and its matrices at distance 1 along rows, columns and
/// both diagonals. Here it fills a window of five that lacks its last row and column.
#[test]
fn the_matrices_are_those_of_the_paper() {
    let picture = [[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]];
    let matrices = [
        [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]],
        [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]],
        [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]],
        [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]],
    ];
    let mut values = vec![f64::NAN; 25];
    for (r, row) in picture.iter().enumerate() {
        row.iter().enumerate().for_each(|(c, v)| values[5 * r + c] = f64::from(*v));
    }
    let dem = raster(5, values, "m");
    let how = how(5, GreyLevels { levels: 4, ends: Some((0.0, 4.0)), ..GreyLevels::default() });
    let mean = |f: &dyn Fn(f64, f64, f64) -> f64| {
        let one = |m: &[[i32; 4]; 4]| {
            let total = f64::from(m.iter().flatten().sum::<i32>());
            let cell = |(i, j): (usize, usize)| f(f64::from(m[i][j]) / total, i as f64, j as f64);
            (0..16).map(|k| cell((k / 4, k % 4))).sum::<f64>()
        };
        matrices.iter().map(one).sum::<f64>() / 4.0
    };
    let bits = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    let expected = [
        (Texture::Contrast, mean(&|p, i, j| p * (i - j) * (i - j))),
        (Texture::Dissimilarity, mean(&|p, i, j| p * (i - j).abs())),
        (Texture::Homogeneity, mean(&|p, i, j| p / (1.0 + (i - j) * (i - j)))),
        (Texture::SecondMoment, mean(&|p, _, _| p * p)),
        (Texture::Entropy, mean(&|p, _, _| bits(p))),
    ];
    for (what, expected) in expected {
        let found = of(&dem, what, &how)[12];
        assert!((found - expected).abs() < 1e-10, "{what:?}: {found} {expected}");
    }
}

#[test]
fn a_constant_raster_has_no_texture() {
    let dem = raster(9, vec![5.5; 81], "m");
    let expected = [0.0, 0.0, 1.0, 1.0, 1.0, f64::NAN, 0.0];
    for (what, expected) in ALL.into_iter().zip(expected) {
        let seen = terrain(&dem, &[Attribute::Glcm(what)], how(5, GreyLevels::default())).unwrap();
        let found = seen.read_all(0).unwrap();
        assert!(found[40] == expected || found[40].is_nan() && expected.is_nan(), "{what:?}: {}", found[40]);
        assert!(found[0].is_nan(), "fewer than half of the pairs of a corner's window are in the raster");
        assert!(seen.notes.iter().any(|n| n.text.contains("one grey level")), "{:?}", seen.notes);
    }
}

/// A turn exchanges rows with columns and one diagonal with the other; numbers are the same to the last bit.
#[test]
fn a_turn_by_90_degrees_changes_nothing() {
    let n = 23;
    let values = noise(n * n, true);
    let turned: Vec<f64> = (0..n * n).map(|i| values[(n - 1 - i % n) * n + i / n]).collect();
    let how = how(7, GreyLevels { levels: 8, distances: vec![2], ..GreyLevels::default() });
    for what in ALL {
        let (plain, turned) = (of(&raster(n, values.clone(), "m"), what, &how), of(&raster(n, turned.clone(), "m"), what, &how));
        assert!(plain.iter().filter(|v| !v.is_nan()).count() > 300);
        for (i, b) in turned.iter().enumerate() {
            let a = plain[(n - 1 - i % n) * n + i / n];
            assert!(a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(), "{what:?} cell {i}: {a} {b}");
        }
    }
}

/// Windows slide from another start in each tile and each part that is read.
#[test]
fn tiles_leave_no_trace() {
    let (high, wide) = (9, 1100);
    let dem = raster(wide, noise(high * wide, true), "m");
    for what in ALL {
        let seen = terrain(&dem, &[Attribute::Glcm(what)], how(5, GreyLevels::default())).unwrap();
        let whole = seen.read_all(0).unwrap();
        for (rows, cols) in [(0..9, 511..514), (4..7, 300..1100), (8..9, 1023..1024)] {
            let expected: Vec<f64> = rows.clone().flat_map(|r| whole[r * wide + cols.start..r * wide + cols.end].to_vec()).collect();
            let found = seen.read(0, &Window(vec![rows, cols])).unwrap();
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{what:?}");
        }
    }
}

/// Levels follow the ends: another unit of the same raster has the same texture, whatever the unit is.
#[test]
fn units_do_not_matter_and_the_ends_are_told() {
    let values = noise(400, false);
    let other: Vec<f64> = values.iter().map(|v| 4.0 * v + 256.0).collect();
    let how = how(5, GreyLevels::default());
    for what in ALL {
        let (a, b) = (of(&raster(20, values.clone(), "m"), what, &how), of(&raster(20, other.clone(), "1"), what, &how));
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{what:?}");
    }
    let two = GreyLevels { distances: vec![1, 3], ends: Some((-10.0, 10.0)), ..GreyLevels::default() };
    let stated =
        terrain(&raster(20, values.clone(), "m"), &[Attribute::Glcm(Texture::Energy), Attribute::Sd], Terrain { grey: two, ..how.clone() });
    let stated = stated.unwrap();
    let names: Vec<&str> = stated.data().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["glcm-energy-d1", "glcm-energy-d3", "sd"]);
    let measured = terrain(&raster(20, values, "m"), &[Attribute::Glcm(Texture::Energy)], how).unwrap();
    let notes = |c: &Cube| c.notes.iter().map(|n| format!("{}: {}", n.code, n.text)).collect::<Vec<_>>().join("\n");
    assert_snapshot!("texture_notes", [notes(&stated), notes(&measured)].join("\n\n"));
}

/// `data/terrain/texture.py` asked scikit-image.
#[test]
fn the_numbers_are_those_of_scikit_image() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/terrain");
    let (_, data) = open(&folder.join("dem.tif"), &ReadOptions::default()).unwrap();
    let Data::Cube(dem) = data else { panic!("a grid") };
    let text = std::fs::read_to_string(folder.join("texture.csv")).unwrap();
    let mut lines = text.lines().skip(1);
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let mut compared = 0;
    for (column, name) in names.iter().enumerate().skip(2) {
        let (case, name) = name.split_once(' ').unwrap();
        let how = match case {
            "measured" => how(7, GreyLevels::default()),
            _ => how(5, GreyLevels { levels: 16, ends: Some((20.0, 130.0)), distances: vec![2], share: 0.75 }),
        };
        let ours = terrain(&dem, &[Attribute::parse(&format!("glcm-{name}")).unwrap()], how).unwrap().read_all(0).unwrap();
        for row in &rows {
            let (a, b) = (ours[row[0] as usize * 40 + row[1] as usize], row[column]);
            compared += usize::from(!b.is_nan());
            // Nine digits are in the file.
            assert!(
                (a - b).abs() <= 2e-8 * b.abs().max(0.01) || a.is_nan() && b.is_nan(),
                "{case} {name} {:?}: {a}, peer says {b}",
                &row[..2]
            );
        }
    }
    assert!(compared > 4000, "{compared}");
}

#[test]
fn what_cannot_be_is_refused() {
    let dem = raster(9, noise(81, false), "m");
    let refused = |grey: GreyLevels| terrain(&dem, &[Attribute::Glcm(Texture::Contrast)], how(5, grey)).unwrap_err().to_string();
    let plain = GreyLevels::default;
    assert_snapshot!(
        "texture_refused",
        [
            refused(GreyLevels { levels: 1, ..plain() }),
            refused(GreyLevels { levels: 257, ..plain() }),
            refused(GreyLevels { ends: Some((3.0, 3.0)), ..plain() }),
            refused(GreyLevels { ends: Some((0.0, f64::NAN)), ..plain() }),
            refused(GreyLevels { distances: vec![1, 5], ..plain() }),
            refused(GreyLevels { distances: vec![], ..plain() }),
            refused(GreyLevels { share: 0.0, ..plain() }),
        ]
        .join("\n\n")
    );
}
