//! Laws of simple answers and of skill against them.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use esker_core::{Metric, Prediction, Rng, Unit, Values};
use esker_evaluate::score::{Learned, SquaredError, persistence, seasonal};
use esker_evaluate::significance::{Blocks, Bootstrap, Held};

#[test]
fn several_last_values_of_one_time_are_averaged() {
    let said = persistence(&[1.0, 5.0, f64::NAN], &[0.0, 0.0, 1.0], None, 0.5).unwrap();
    assert_eq!(said[2], 3.0);
}

#[test]
fn the_season_is_the_mean_within_days_of_the_same_day_of_any_year_and_of_the_same_series() {
    let mut rng = Rng::new(4);
    let n = 3000;
    let times: Vec<f64> = (0..n).map(|_| (5000.0 * rng.uniform()).floor()).collect();
    let values: Vec<f64> = (0..n).map(|_| 100.0 + rng.normal()).collect();
    let series: Vec<u32> = (0..n).map(|_| rng.below(3) as u32).collect();
    let asked: Vec<f64> = (0..40).map(|i| 6000.0 + 13.0 * f64::from(i)).collect();
    let of: Vec<u32> = (0..40).map(|i| i % 4).collect();
    let said = seasonal(Learned { values: &values, times: &times, series: Some(&series), weight: None }, &asked, Some(&of), 15.0).unwrap();
    for (i, at) in asked.iter().enumerate() {
        let near = |t: f64| {
            let apart = (t - at).rem_euclid(365.2425);
            apart.min(365.2425 - apart) <= 15.0
        };
        let mine: Vec<f64> = (0..n).filter(|&r| series[r] == of[i] && near(times[r])).map(|r| values[r]).collect();
        if of[i] == 3 {
            assert!(said[i].is_nan(), "a series that was never learned from has no season");
        } else {
            let mean = mine.iter().sum::<f64>() / mine.len() as f64;
            assert!((said[i] - mean).abs() < 1e-10, "{} {mean}", said[i]);
        }
    }
    // The order of the rows does not show, and a row of weight 2 is two rows.
    let order: Vec<usize> = (0..n).rev().collect();
    let pick = |v: &[f64]| order.iter().map(|&r| v[r]).collect::<Vec<_>>();
    let turned: Vec<u32> = order.iter().map(|&r| series[r]).collect();
    let again =
        seasonal(Learned { values: &pick(&values), times: &pick(&times), series: Some(&turned), weight: None }, &asked, Some(&of), 15.0)
            .unwrap();
    assert!(said.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()));
    let (two, at) = (Learned { values: &[1.0, 4.0], times: &[0.0, 0.0], series: None, weight: Some(&[2.0, 1.0]) }, [365.0]);
    assert_eq!(seasonal(two, &at, None, 15.0).unwrap(), [2.0]);
}

#[test]
fn months_with_a_date_each_are_months() {
    // The first of each month of 1970 to 1973, the month as value.
    let lengths = [31.0, 28.0, 31.0, 30.0, 31.0, 30.0, 31.0, 31.0, 30.0, 31.0, 30.0, 31.0];
    let (mut times, mut values, mut day) = (Vec::new(), Vec::new(), 0.0);
    for year in 0..4 {
        for (month, length) in lengths.iter().enumerate() {
            times.push(day);
            values.push(month as f64);
            day += length + f64::from(u8::from(month == 1 && year == 2));
        }
    }
    let said =
        seasonal(Learned { values: &values[..36], times: &times[..36], series: None, weight: None }, &times[36..], None, 15.0).unwrap();
    assert_eq!(said, values[36..]);
}

#[test]
fn skill_of_a_reference_against_itself_is_none_and_of_the_truth_whole_on_every_draw() {
    let mut rng = Rng::new(9);
    let truth: Vec<f64> = (0..60).map(|_| rng.normal()).collect();
    let unit = Unit::new("m");
    let zero = Prediction::real(&unit, vec![0.0; 60]);
    let perfect = Prediction::real(&unit, truth.clone());
    let half = Prediction::real(&unit, truth.iter().map(|t| t / 2.0).collect());
    let truth = Values::Real(truth);
    let held = Held { metric: &SquaredError, truth: &truth, said: &[&zero, &perfect, &half], weight: None };
    let blocks = Blocks::of_rows(120).unwrap().select(&(0..60).collect::<Vec<_>>()).unwrap();
    let drawn = Bootstrap::Blocks(&blocks).scores(held, (200, 0.95), &Rng::new(1)).unwrap();
    for (model, skill) in [(0, 0.0), (1, 1.0), (2, 0.75)] {
        let e = drawn.skill(model, 0, 0.0).unwrap();
        assert!((e.value - skill).abs() < 1e-12 && (e.low - skill).abs() < 1e-12 && (e.high - skill).abs() < 1e-12, "{e:?}");
    }
    assert!(drawn.skill(0, 1, 0.0).is_err(), "nothing is better than a perfect reference");
    assert_eq!(SquaredError.unit(&unit), Unit::new("(m)2"));
    assert!(Blocks::of_rows(4).unwrap().select(&[2, 2]).is_err());
}
