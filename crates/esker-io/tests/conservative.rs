//! Conservative regridding: CDO's numbers, laws, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod memory;

use esker_core::cube::{Axis, AxisKind, Window};
use esker_core::{Crs, Cube, Rng};
use esker_io::{Regridding, Sampling, regrid};
use insta::assert_snapshot;
use memory::{cube, variable};
use proptest::prelude::*;

fn plane() -> Crs {
    Crs::Projected("EPSG:3035".into())
}

fn grid(y: Vec<f64>, x: Vec<f64>, crs: Crs, values: Vec<f64>) -> Cube {
    let shape = [y.len(), x.len()];
    let axes = vec![Axis::real("y", AxisKind::Y, "", y), Axis::real("x", AxisKind::X, "", x)];
    let mut made = cube(axes, vec![variable("t", "K", &[0, 1], &shape)], vec![values]);
    made.crs = Some(crs);
    made
}

fn steps(n: usize, from: f64, by: f64) -> Vec<f64> {
    (0..n).map(|i| from + i as f64 * by).collect()
}

/// A grid without values to put others on.
fn like(y: Vec<f64>, x: Vec<f64>, crs: Crs) -> Cube {
    let values = vec![0.0; y.len() * x.len()];
    grid(y, x, crs, values)
}

fn put(from: &Cube, like: &Cube) -> Vec<f64> {
    regrid(from, like, Regridding::Conservative).unwrap().read_all(0).unwrap()
}

fn near(ours: &[f64], theirs: &[f64], within: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= within || a.is_nan() && b.is_nan(), "cell {i}: {a}, not {b}");
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split([',', '\n']).filter(|t| !t.is_empty()).map(|t| t.trim().parse().unwrap()).collect()
}

#[test]
fn a_field_of_the_globe_is_regridded_as_cdo_does() {
    let gaps = numbers(include_str!("data/regrid/globe.csv"));
    let filled = gaps.iter().map(|v| if v.is_nan() { 5.0 } else { *v }).collect();
    let (lat, lon) = (steps(24, -86.25, 7.5), steps(48, 3.75, 7.5));
    let wanted = like(steps(9, -80.0, 20.0), steps(11, 5.5, 29.0), Crs::Geographic);
    let (whole, with_gaps) = (grid(lat.clone(), lon.clone(), Crs::Geographic, filled), grid(lat, lon, Crs::Geographic, gaps));
    near(&put(&whole, &wanted), &numbers(include_str!("data/regrid/wanted.csv")), 1e-12);
    near(&put(&with_gaps, &wanted), &numbers(include_str!("data/regrid/wanted_gaps.csv")), 1e-12);
}

/// The same field from north to south and from −180, onto the same grid the other way round: the same cells.
#[test]
fn the_order_of_rows_and_the_seam_change_nothing() {
    let field = |lon: f64, lat: f64| (lon.rem_euclid(360.0) * 7.0 + lat).sin() * 3.0;
    let of = |lat: &[f64], lon: &[f64]| {
        let values = lat.iter().flat_map(|&la| lon.iter().map(move |&lo| field(lo, la))).collect();
        grid(lat.to_vec(), lon.to_vec(), Crs::Geographic, values)
    };
    let plain = of(&steps(36, -87.5, 5.0), &steps(72, 2.5, 5.0));
    let turned = of(&steps(36, 87.5, -5.0), &steps(72, -177.5, 5.0));
    let (to, back) = (
        like(steps(20, -60.0, 6.0), steps(30, -30.0, 7.0), Crs::Geographic),
        like(steps(20, 54.0, -6.0), steps(30, 330.0, 7.0), Crs::Geographic),
    );
    let (a, b) = (put(&plain, &to), put(&turned, &back));
    let flipped: Vec<f64> = b.chunks(30).rev().flatten().copied().collect();
    assert!(a.iter().all(|v| v.is_finite()));
    near(&a, &flipped, 1e-12);
    let part = Window(vec![3..11, 4..29]);
    let cut = regrid(&plain, &to, Regridding::Conservative).unwrap().read(0, &part).unwrap();
    let whole: Vec<f64> = (3..11).flat_map(|i| a[i * 30 + 4..i * 30 + 29].to_vec()).collect();
    assert_eq!(cut, whole);
}

/// Areas of cells from their edges.
fn areas(y: &[f64], x: &[f64], sphere: bool) -> Vec<f64> {
    let height = |v: f64| if sphere { v.clamp(-90.0, 90.0).to_radians().sin() } else { v };
    let step = |v: &[f64]| v[1] - v[0];
    let (dy, dx) = (step(y), step(x));
    y.iter().flat_map(|y| x.iter().map(move |_| dx.abs() * (height(y + dy.abs() / 2.0) - height(y - dy.abs() / 2.0)))).collect()
}

fn integral(values: &[f64], areas: &[f64]) -> f64 {
    values.iter().zip(areas).map(|(v, a)| v * a).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Over the same ground, and however its cells are cut, the integral stays; a constant stays the same everywhere.
    #[test]
    fn integrals_stay(rows in 2usize..40, cols in 3usize..40, new_rows in 2usize..40, new_cols in 3usize..40, sphere: bool, shift in -720.0f64..720.0, seed: u64) {
        let mut rng = Rng::new(seed);
        let values: Vec<f64> = (0..rows * cols).map(|_| rng.normal()).collect();
        let (high, wide, crs) = if sphere { (180.0, 360.0, Crs::Geographic) } else { (700.0, 1300.0, plane()) };
        let cells = |n: usize, from: f64, length: f64| steps(n, from + length / n as f64 / 2.0, length / n as f64);
        let (y, x) = (cells(rows, -high / 2.0, high), cells(cols, 0.0, wide));
        // Round the globe the new grid may begin anywhere.
        let begin = if sphere { (shift).clamp(-180.0, 0.0) } else { 0.0 };
        let (new_y, new_x) = (cells(new_rows, -high / 2.0, high), cells(new_cols, begin, wide));
        let to = like(new_y.clone(), new_x.clone(), crs.clone());
        let made = put(&grid(y.clone(), x.clone(), crs.clone(), values.clone()), &to);
        let (before, after) = (integral(&values, &areas(&y, &x, sphere)), integral(&made, &areas(&new_y, &new_x, sphere)));
        let size = values.iter().map(|v| v.abs()).sum::<f64>() / values.len() as f64 * areas(&y, &x, sphere).iter().sum::<f64>();
        prop_assert!((before - after).abs() <= 1e-9 * size, "{before} and {after}");
        let constant = put(&grid(y, x, crs, vec![4.25; values.len()]), &to);
        prop_assert!(constant.iter().all(|v| (v - 4.25).abs() < 1e-12));
    }
}

#[test]
fn missing_cells_do_not_count_and_beyond_is_missing() {
    let from =
        grid(steps(4, 0.5, 1.0), steps(4, 0.5, 1.0), plane(), (0..16).map(|i| if i == 5 { f64::NAN } else { f64::from(i) }).collect());
    let made = put(&from, &like(steps(3, 1.0, 2.0), steps(3, 1.0, 2.0), plane()));
    near(&made, &[5.0 / 3.0, 4.5, f64::NAN, 10.5, 12.5, f64::NAN, f64::NAN, f64::NAN, f64::NAN], 1e-12);
    // A grid twice as fine repeats the cells, the missing one too.
    let fine = put(&from, &like(steps(8, 0.25, 0.5), steps(8, 0.25, 0.5), plane()));
    assert_eq!(fine.iter().filter(|v| v.is_nan()).count(), 4);
    assert_eq!((fine[0], fine[9], fine[63]), (0.0, 0.0, 15.0));
}

#[test]
fn what_cannot_be_is_refused() {
    let from = grid(steps(4, 0.5, 1.0), steps(4, 0.5, 1.0), plane(), vec![1.0; 16]);
    let refused = |from: &Cube, to: &Cube| regrid(from, to, Regridding::Conservative).unwrap_err().to_string();
    let mut bare = like(steps(4, 0.5, 1.0), steps(4, 0.5, 1.0), plane());
    bare.crs = None;
    assert_snapshot!(
        "conservative_refused",
        [
            refused(&from, &like(steps(4, 0.5, 1.0), steps(4, 0.5, 1.0), Crs::Geographic)),
            refused(&from, &like(steps(4, 100.5, 1.0), steps(4, 0.5, 1.0), plane())),
            refused(&from, &bare),
            refused(&bare, &from),
        ]
        .join("\n\n")
    );
    let by_samples = regrid(&from, &from, Regridding::Sampled(Sampling::Nearest)).unwrap();
    assert_eq!(by_samples.read_all(0).unwrap(), vec![1.0; 16]);
}
