//! Weights against uneven sampling: the clustered sample of GSLIB, even sampling, and the globe.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Crs, Places, Rng};
use esker_evaluate::intensity::{cell_weights, decluster, density_weights};
use esker_math::{correlation, mean, weighted_mean};

fn plane(x: Vec<f64>, y: Vec<f64>) -> Places {
    Places::new(x, y, Crs::Projected("EPSG:32632".into())).unwrap()
}

/// Places, primary values and the weights that come with the clustered sample of GSLIB.
fn clustered() -> (Places, Vec<f64>, Vec<f64>) {
    let text = include_str!("data/gslib_cluster.dat");
    let rows: Vec<Vec<f64>> = text.lines().skip(1).map(|l| l.split_whitespace().map(|v| v.parse().unwrap()).collect()).collect();
    let column = |j: usize| rows.iter().map(|r| r[j]).collect::<Vec<f64>>();
    (plane(column(0), column(1)), column(2), column(4))
}

#[test]
fn the_clustered_sample_of_gslib_has_its_declustered_mean() {
    let (places, primary, theirs) = clustered();
    assert_eq!(primary.len(), 140);
    assert!((mean(&primary) - 4.35).abs() < 0.001);
    assert!((weighted_mean(&primary, &theirs) - 2.53).abs() < 0.005);
    // 24 sizes from 2 to 25, five origins, as in the book's example.
    let sizes: Vec<f64> = (2..=25).map(f64::from).collect();
    let found = decluster(&places, &primary, &sizes, 5, true).unwrap();
    assert_eq!(found.size, 5.0);
    assert!((found.mean - 2.53).abs() < 0.05, "{}", found.mean);
    assert!(correlation(&found.weights, &theirs) > 0.9, "{}", correlation(&found.weights, &theirs));
    assert_eq!(found.means.len(), 24);
    assert!(found.means.iter().all(|m| *m >= found.mean));
    let density = density_weights(&places, 5.0).unwrap();
    assert!((weighted_mean(&primary, &density) - 2.53).abs() < 0.2, "{}", weighted_mean(&primary, &density));
}

#[test]
fn even_samples_weigh_alike_and_doubled_ones_half() {
    let (x, y): (Vec<f64>, Vec<f64>) = (0..100).map(|i| (f64::from(i % 10) * 1000.0, f64::from(i / 10) * 1000.0)).unzip();
    for weights in
        [cell_weights(&plane(x.clone(), y.clone()), 500.0, 4).unwrap(), density_weights(&plane(x.clone(), y.clone()), 900.0).unwrap()]
    {
        assert!(weights.iter().all(|w| (w - 1.0).abs() < 1e-12), "{weights:?}");
    }
    let twice = plane([x.clone(), vec![x[7]]].concat(), [y.clone(), vec![y[7]]].concat());
    for weights in [cell_weights(&twice, 500.0, 4).unwrap(), density_weights(&twice, 900.0).unwrap()] {
        assert!((weights[7] - 0.5 * weights[0]).abs() < 1e-12 && weights[7] == weights[100]);
        assert!((mean(&weights) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn samples_on_the_globe_weigh_by_area_whatever_their_longitudes() {
    // Even over the sphere, but for a crowd of samples across the date line.
    let mut rng = Rng::new(1);
    let mut lon: Vec<f64> = (0..1500).map(|_| 360.0 * rng.uniform() - 180.0).collect();
    let mut lat: Vec<f64> = (0..1500).map(|_| (2.0 * rng.uniform() - 1.0).asin().to_degrees()).collect();
    lon.extend((0..500).map(|i| if i % 2 == 0 { 178.0 } else { -178.0 } + rng.uniform()));
    lat.extend((0..500).map(|_| 60.0 + 3.0 * rng.uniform()));
    let at = Places::new(lon, lat.clone(), Crs::Geographic).unwrap();
    for weights in [cell_weights(&at, 1_500_000.0, 6).unwrap(), density_weights(&at, 1_500_000.0).unwrap()] {
        assert!((mean(&weights) - 1.0).abs() < 1e-9);
        let crowd = mean(&weights[1500..]) / mean(&weights[..1500]);
        assert!(crowd < 0.05, "{crowd}");
        assert!(mean(&lat) > 13.0 && weighted_mean(&lat, &weights).abs() < 4.0, "{}", weighted_mean(&lat, &weights));
    }
}

#[test]
fn what_has_no_weight_is_refused() {
    let (places, primary, _) = clustered();
    assert!(cell_weights(&places, 0.0, 4).is_err());
    assert!(cell_weights(&places, 5.0, 0).is_err());
    assert!(cell_weights(&plane(vec![], vec![]), 5.0, 1).is_err());
    assert!(density_weights(&places, f64::NAN).is_err());
    assert!(decluster(&places, &primary[1..], &[5.0], 4, true).is_err());
    assert!(decluster(&places, &primary, &[], 4, true).is_err());
}
