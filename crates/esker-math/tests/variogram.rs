//! Semivariograms against gstat and scipy, and the laws they keep.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use esker_core::{Crs, Places, Rng};
use esker_math::{Ground, LagClass, Lags, Semivariogram, Shape, Structure, variogram};

fn meuse() -> (Ground, Vec<f64>) {
    let rows: Vec<Vec<f64>> =
        include_str!("data/meuse_zinc.csv").lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let column = |j: usize| rows.iter().map(|r| r[j]).collect::<Vec<f64>>();
    let places = Places::new(column(0), column(1), Crs::Projected("EPSG:28992".into())).unwrap();
    (Ground::new(&places), column(2).iter().map(|z| z.ln()).collect())
}

/// gstat: `variogram(log(zinc) ~ 1, meuse)` and `fit.variogram(v, vgm(1, "Sph", 900, 1))`, as its own saved tests have them.
#[test]
fn the_variogram_of_meuse_is_that_of_gstat() {
    let (ground, values) = meuse();
    let v = Semivariogram::on_ground(&ground, &values, None).unwrap();
    let expected = [
        (57, 79.29244, 0.1234479),
        (299, 163.97367, 0.2162185),
        (419, 267.36483, 0.3027859),
        (457, 372.73542, 0.4121448),
        (547, 478.47670, 0.4634128),
    ];
    assert_eq!((v.classes.len(), v.points, v.of), (15, 155, 155));
    for (class, (pairs, distance, semivariance)) in v.classes.iter().zip(expected) {
        assert_eq!(class.pairs, pairs);
        assert!((class.distance - distance).abs() < 5e-6, "{}", class.distance);
        assert!((class.semivariance - semivariance).abs() < 5e-8, "{}", class.semivariance);
    }
    // gstat stops its iterations 14 mm short of the minimum: at its parameters the error is larger by 2 parts in 10⁸.
    let fit = v.fit(Shape::Spherical).unwrap();
    let gstat: [f64; 3] = [0.05066242682, 0.59060780221, 897.0209098];
    assert!((fit.nugget - gstat[0]).abs() < 3e-6, "{}", fit.nugget);
    assert!((fit.sill - gstat[1]).abs() < 3e-6, "{}", fit.sill);
    assert!((fit.range - gstat[2]).abs() < 0.02, "{}", fit.range);
    assert!((fit.error - 9.011194e-06).abs() < 1e-12, "{}", fit.error);
    let theirs = |h: f64| gstat[0] + gstat[1] * Shape::Spherical.at(h / gstat[2]);
    let weighted = |c: &LagClass, m: f64| c.pairs as f64 / c.distance.powi(2) * (c.semivariance - m).powi(2);
    assert!(v.classes.iter().map(|c| weighted(c, theirs(c.distance))).sum::<f64>() >= fit.error);
    assert!((v.classes.iter().map(|c| weighted(c, fit.at(c.distance))).sum::<f64>() - fit.error).abs() < 1e-15);
    assert_eq!((fit.structure, fit.reach()), (Structure::Found, Some(fit.range)));
    assert_eq!(v.best().unwrap(), fit);
}

/// `scipy.optimize.least_squares` (1.x, tolerances 1e-15, bounds at 0) of √(N/h²)·(γ − model) on the same classes.
#[test]
fn fits_of_every_shape_are_the_minima_that_scipy_finds() {
    let (ground, values) = meuse();
    let v = Semivariogram::on_ground(&ground, &values, None).unwrap();
    for (shape, nugget, sill, range, error) in [
        (Shape::Spherical, 5.06604404e-02, 5.90605835e-01, 8.97006424e+02, 9.01119432423371e-06),
        (Shape::Exponential, 0.0, 7.18658308e-01, 4.49764898e+02, 1.6283275317195525e-05),
        (Shape::Gaussian, 1.24356999e-01, 5.05070741e-01, 4.11437867e+02, 1.761550556687197e-05),
        (Shape::Matern32, 9.50637942e-02, 5.67351054e-01, 3.48476931e+02, 1.098123816898929e-05),
    ] {
        let fit = v.fit(shape).unwrap();
        assert!((fit.nugget - nugget).abs() < 1e-8 && (fit.sill - sill).abs() < 1e-8, "{fit:?}");
        assert!((fit.range - range).abs() < 1e-5 && (fit.error - error).abs() < 1e-18, "{fit:?}");
        assert!((shape.at(shape.practical()) - if shape == Shape::Spherical { 1.0 } else { 0.95 }).abs() < 1e-12);
    }
}

#[test]
fn the_order_of_the_rows_and_rows_without_a_value_change_nothing() {
    let mut rng = Rng::new(4);
    let n = 8000;
    let (x, y): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (rng.uniform() * 40.0 - 20.0, rng.uniform() * 30.0 + 40.0)).unzip();
    let mut z: Vec<f64> = x.iter().map(|v| (v / 5.0).sin() + 0.1 * rng.normal()).collect();
    z[17] = f64::NAN;
    let ground = |rows: &[usize]| {
        let pick = |v: &[f64]| rows.iter().map(|&r| v[r]).collect();
        Ground::new(&Places::new(pick(&x), pick(&y), Crs::Geographic).unwrap())
    };
    let mut rows: Vec<usize> = (0..n).collect();
    let a = Semivariogram::on_ground(&ground(&rows), &z, None).unwrap();
    rng.shuffle(&mut rows);
    let shuffled: Vec<f64> = rows.iter().map(|&r| z[r]).collect();
    let b = Semivariogram::on_ground(&ground(&rows), &shuffled, None).unwrap();
    assert_eq!(a, b);
    assert_eq!((a.points, a.of), (variogram::MOST_POINTS, n - 1));
    // sin(x/5) with x in degrees: half a wave is 15.7 degrees of longitude, some 1000 km at 55 degrees north.
    let fit = a.best().unwrap();
    assert!(fit.reach().unwrap() > 2e5 && fit.reach().unwrap() < 2e6, "{fit:?}");
    assert!((fit.nugget - 0.01).abs() < 0.02, "{fit:?}");
}

#[test]
fn noise_has_no_structure_and_a_slope_has_no_end() {
    let mut rng = Rng::new(8);
    let days: Vec<f64> = (0..1500).map(f64::from).collect();
    let noise: Vec<f64> = days.iter().map(|_| rng.normal()).collect();
    let fit = Semivariogram::in_time(&days, &noise, Some(Lags { cutoff: 100.0, width: 5.0 })).unwrap().best().unwrap();
    // Noise leaves a nugget near the variance, whatever little the fit finds on top.
    assert!(fit.sill < 0.1 && fit.nugget > 0.85 || fit.structure == Structure::Absent, "{fit:?}");
    let flat = vec![2.0; 1500];
    let fit = Semivariogram::in_time(&days, &flat, None).unwrap().fit(Shape::Exponential).unwrap();
    assert_eq!((fit.structure, fit.reach(), fit.at(10.0)), (Structure::Absent, None, 0.0));
    let slope: Vec<f64> = days.iter().map(|d| d / 100.0).collect();
    let fit = Semivariogram::in_time(&days, &slope, None).unwrap().fit(Shape::Spherical).unwrap();
    assert_eq!(fit.structure, Structure::Beyond);
}

#[test]
fn what_has_no_variogram_is_refused() {
    let at = |x: Vec<f64>, y: Vec<f64>| Ground::new(&Places::new(x, y, Crs::Projected("EPSG:28992".into())).unwrap());
    let said = |r: Result<Semivariogram, esker_core::Error>| r.unwrap_err().to_string();
    let one = at(vec![1.0; 4], vec![2.0; 4]);
    assert!(said(Semivariogram::on_ground(&one, &[1.0, 2.0, 3.0, 4.0], None)).contains("4 values at one place"));
    assert!(said(Semivariogram::on_ground(&one, &[1.0], None)).contains("4 places and 1 values"));
    assert!(said(Semivariogram::on_ground(&one, &[1.0, f64::NAN, f64::NAN, 2.0], None)).contains("2 places with a value"));
    assert!(said(Semivariogram::on_ground(&one, &[1.0, 2.0, f64::INFINITY, 2.0], None)).contains("row 3"));
    let line = at(vec![0.0, 1.0, 2.0], vec![0.0; 3]);
    let narrow = Some(Lags { cutoff: 3.0, width: 0.0 });
    assert!(said(Semivariogram::on_ground(&line, &[1.0, 2.0, 3.0], narrow)).contains("above 0"));
    let two = Semivariogram::on_ground(&line, &[1.0, 2.0, 3.0], Some(Lags { cutoff: 3.0, width: 1.0 })).unwrap();
    assert_eq!(two.classes.iter().map(|c| c.pairs).collect::<Vec<_>>(), [2, 1]);
    assert!(two.fit(Shape::Spherical).unwrap_err().to_string().contains("2 classes"));
}
