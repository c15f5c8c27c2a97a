//! Periodograms and autocorrelation against scipy and statsmodels, on a real series with gaps.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use esker_math::{autocorrelation, lomb_scargle, periodogram, without_trend};

fn weekly() -> (Vec<f64>, Vec<f64>) {
    let lines = include_str!("data/co2_weekly.csv").lines().skip(2);
    lines.map(|l| l.split_once(',').unwrap()).map(|(d, v)| (d.parse::<f64>().unwrap(), v.parse().unwrap_or(f64::NAN))).unzip()
}

/// scipy 1.17.1: `lombscargle(days, detrended, 2π/periods, normalize=True)` after `numpy.polyfit(days, co2, 1)`.
#[test]
fn lomb_and_scargle_are_those_of_scipy() {
    let (days, co2) = weekly();
    let known: Vec<usize> = (0..co2.len()).filter(|&i| !co2[i].is_nan()).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = known.iter().map(|&i| (days[i], co2[i])).unzip();
    assert_eq!((co2.len(), known.len()), (400, 353));
    let expected = [
        (700.0, 0.004780982538007257),
        (365.2425, 0.8654472734798777),
        (182.62, 0.0737730297696995),
        (121.75, 0.0010144589099638749),
        (60.0, 0.0005156739534029695),
        (29.53, 0.0004903492854503393),
        (14.1, 0.00019206914948699657),
    ];
    let frequencies: Vec<f64> = expected.iter().map(|e| 1.0 / e.0).collect();
    for (found, (period, power)) in lomb_scargle(&x, &without_trend(&x, &y), &frequencies).iter().zip(expected) {
        assert!((found - power).abs() < 1e-10, "{period} days: {found} is not {power}");
    }
}

/// statsmodels 0.15.0: `acf(co2, nlags=12, missing='conservative')`, which takes pairs with a gap for zeros; so each is divided by the share
/// of known values that have a known partner, out of those that the length allows.
#[test]
fn autocorrelation_with_gaps_is_that_of_statsmodels_a_pair() {
    let expected = [
        1.0,
        0.9249199535627061,
        0.8710637944637855,
        0.8491639017704248,
        0.8074357474947006,
        0.7466080798853933,
        0.6804671555948841,
        0.6205382724769839,
        0.5517736187081167,
        0.48600223947894666,
        0.4199039397885129,
        0.3510750676416979,
        0.2880458594912718,
    ];
    let co2 = weekly().1;
    for (lag, (found, r)) in autocorrelation(&co2, 12).iter().zip(expected).enumerate() {
        let pairs = co2.iter().zip(&co2[lag..]).filter(|(a, b)| !a.is_nan() && !b.is_nan()).count();
        let r = r * (353.0 / pairs as f64) * ((400 - lag) as f64 / 400.0);
        assert!((found - r).abs() < 1e-10, "lag {lag}: {found} is not {r}");
    }
}

/// Gaps of a few weeks move no line: the year stays the strongest period either way.
#[test]
fn the_periodogram_with_gaps_finds_the_year() {
    let (days, co2) = weekly();
    let spectrum = periodogram(&without_trend(&days, &co2), 7.0);
    let best = spectrum.iter().fold((0.0, 0.0), |a, b| if b.1 > a.1 { *b } else { a });
    assert!((1.0 / best.0 - 365.0).abs() < 10.0, "{} days", 1.0 / best.0);
    assert!(spectrum.iter().all(|(f, p)| *f > 0.0 && *f < 0.5 / 7.0 && (0.0..=1.5).contains(p)));
}
