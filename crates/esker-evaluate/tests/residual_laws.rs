//! Laws of the diagnostics of residuals: what depends is found, what does not is not, and the order of the rows changes nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Crs, Places, Rng, Support, Times};
use esker_evaluate::residual::{
    Statistic, Weights, at_scales, autocorrelation, breusch_pagan, examine, global, ljung_box, local_moran, permutation_p, spearman,
};
use esker_math::Ground;

fn support(n: usize, seed: u64) -> Support {
    let mut rng = Rng::new(seed);
    let x = (0..n).map(|_| 8.0 + 2.0 * rng.uniform()).collect();
    let y = (0..n).map(|_| 45.0 + 2.0 * rng.uniform()).collect();
    let days = (0..n).map(|i| (i % 60) as f64 * 30.0).collect();
    let place = Some(Places::new(x, y, Crs::Geographic).unwrap());
    Support { rows: n, place, time: Some(Times { days }), ..Support::default() }
}

#[test]
fn what_depends_is_found_and_what_does_not_is_not() {
    let n = 400;
    let at = support(n, 1);
    let mut rng = Rng::new(2);
    let noise: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let places = at.place.as_ref().unwrap();
    // Waves of 0.5 degrees of latitude, some 56 km, and of 10 times.
    let wave: Vec<f64> = (0..n).map(|i| 2.0 * (places.y()[i] * 12.6).sin() + 0.3 * noise[i]).collect();
    let season: Vec<f64> = (0..n).map(|i| 2.0 * ((i % 60) as f64 * 0.2).sin() + 0.3 * noise[i]).collect();
    let predicted: Vec<f64> = (0..n).map(|_| 1.0 + rng.uniform()).collect();
    let uneven: Vec<f64> = noise.iter().zip(&predicted).map(|(e, p)| e * p.powi(3)).collect();
    let ask = |errors: &[f64]| examine("residual", &at, errors, Some(&predicted), &Rng::new(3)).unwrap();
    let (quiet, wave, season, uneven) = (ask(&noise), ask(&wave), ask(&season), ask(&uneven));
    let p = |c: &esker_core::dependence::ErrorChecks| c.neighbours.as_ref().unwrap().p;
    assert!(p(&quiet) > 0.05 && p(&wave) <= 0.001, "{} {}", p(&quiet), p(&wave));
    assert!(wave.neighbours.as_ref().unwrap().geary < 0.7);
    let reach = wave.variogram.as_ref().unwrap().reach.unwrap();
    assert!((5e3..6e4).contains(&reach), "{reach} m");
    assert!(quiet.series.as_ref().unwrap().p > 0.05 && season.series.as_ref().unwrap().p < 1e-6);
    assert!(season.series.as_ref().unwrap().regular && season.series.as_ref().unwrap().step == 30.0);
    assert!(quiet.spread.as_ref().unwrap().breusch_pagan_p > 0.05 && uneven.spread.as_ref().unwrap().spearman_p < 1e-4);
    // Averaging over blocks smaller than the waves helps less than it would among independent errors.
    let first = &wave.scales[0];
    assert!(first.rmse > 1.1 * first.independent, "{first:?}");
    assert!((quiet.scales[0].rmse / quiet.scales[0].independent - 1.0).abs() < 0.15);
}

#[test]
fn the_order_of_the_rows_changes_no_bit() {
    let n = 300;
    let at = support(n, 5);
    let mut rng = Rng::new(6);
    // A third of the rows share their place with another one.
    let twice: Vec<usize> = (0..n).map(|i| if i % 3 == 0 { (i + 1) % n } else { i }).collect();
    let at = at.select(&twice);
    let errors: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let predicted: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let a = examine("residual", &at, &errors, None, &Rng::new(7)).unwrap();
    let mut order: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut order);
    let pick = |v: &[f64]| order.iter().map(|&i| v[i]).collect::<Vec<f64>>();
    let b = examine("residual", &at.select(&order), &pick(&errors), None, &Rng::new(7)).unwrap();
    assert_eq!(a, b);
    assert_eq!(a.places, 200);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one.install(|| examine("residual", &at, &errors, None, &Rng::new(7)).unwrap()), a);
    assert!(examine("residual", &at, &errors, Some(&predicted), &Rng::new(7)).unwrap().spread.is_some());
}

#[test]
fn what_cannot_be_asked_is_left_out_or_refused() {
    let bare = examine("residual", &Support::bare(3), &[1.0, 2.0, 3.0], None, &Rng::new(1)).unwrap();
    assert!(bare.neighbours.is_none() && bare.variogram.is_none() && bare.series.is_none() && bare.scales.is_empty());
    let flat = examine("residual", &support(50, 1), &[0.5; 50], Some(&[1.0; 50]), &Rng::new(1)).unwrap();
    assert!(flat.neighbours.is_none() && flat.spread.is_none() && flat.series.is_none());
    let at = Places::new(vec![0.0, 0.0, 1.0, 2.0, 9.0], vec![0.0; 5], Crs::Projected("EPSG:32632".into())).unwrap();
    let ground = Ground::new(&at);
    assert!(Weights::inverse_distance(&ground, 5.0, 1.0).unwrap_err().to_string().contains("rows 1 and 2 at one place"));
    assert!(Weights::nearest(&ground, 5).is_err() && Weights::nearest(&ground, 0).is_err() && Weights::band(&ground, f64::NAN).is_err());
    let w = Weights::band(&ground, 1.5).unwrap();
    assert_eq!((0..5).map(|i| w.neighbours(i)).collect::<Vec<_>>(), [2, 2, 3, 1, 0]);
    assert_eq!((w.between(3, 2), w.between(2, 4), w.len()), (1.0, 0.0, 5));
    let v = [1.0, 2.0, 3.0, 4.0, 7.0];
    assert!(global(Statistic::Moran, &v[1..], &w).unwrap_err().to_string().contains("4 values and 5 places"));
    assert!(global(Statistic::Geary, &[2.0; 5], &w).unwrap_err().to_string().contains("vary"));
    assert!(global(Statistic::Moran, &[1.0, f64::NAN, 1.0, 2.0, 3.0], &w).unwrap_err().to_string().contains("row 2"));
    let lonely = Weights::band(&ground, 1e-3).unwrap();
    let apart = Places::new(vec![0.0, 10.0, 20.0, 30.0, 40.0], vec![0.0; 5], Crs::Projected("EPSG:32632".into())).unwrap();
    let none = Weights::band(&Ground::new(&apart), 1.0).unwrap();
    assert!(permutation_p(Statistic::Moran, &v, &none, 9, &Rng::new(1)).unwrap_err().to_string().contains("without neighbours"));
    // A place without neighbours has no local likeness to speak of.
    assert_eq!(local_moran(&v, &lonely, 9, &Rng::new(1)).unwrap().p[4], 1.0);
    assert!(autocorrelation(&[1.0, 2.0], 2).is_err() && autocorrelation(&[1.0; 9], 2).is_err() && ljung_box(&v, 0).is_err());
    assert!(breusch_pagan(&v, &[]).is_err() && breusch_pagan(&v, &[&[1.0; 5]]).is_err());
    assert!(spearman(&v, &[1.0; 5]).is_err() && spearman(&v, &v[1..]).is_err());
    assert!((spearman(&v, &v).unwrap().correlation - 1.0).abs() < 1e-15 && spearman(&v, &v).unwrap().p < 1e-6);
    assert!(at_scales(&at, &v, &[0.0]).is_err() && at_scales(&at, &[], &[1.0]).is_err());
    let whole = at_scales(&at, &v, &[100.0]).unwrap()[0];
    assert_eq!((whole.blocks, whole.rmse), (1, 3.4));
}
