//! Series in time: power by period, on even and uneven times, and autocorrelation with gaps.

use std::f64::consts::TAU;

/// The normalised Lomb–Scargle periodogram (Scargle 1982): the share of the squares that a sine and cosine of each frequency explain,
/// 0 to 1. `times` may lie anyhow; `values` are taken as they are, so that a mean or trend must be gone before. Frequencies are above 0,
/// in cycles per unit of time.
///
/// # Panics
/// Lengths that differ.
pub fn lomb_scargle(times: &[f64], values: &[f64], frequencies: &[f64]) -> Vec<f64> {
    assert_eq!(times.len(), values.len(), "one value a time");
    let squares: f64 = values.iter().map(|v| v * v).sum();
    let power = |f: &f64| {
        let w = TAU * f;
        let (mut c, mut s, mut cc, mut ss, mut cs) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (t, v) in times.iter().zip(values) {
            let (sin, cos) = (w * t).sin_cos();
            c += v * cos;
            s += v * sin;
            cc += cos * cos;
            ss += sin * sin;
            cs += cos * sin;
        }
        // The shift in time that makes sine and cosine orthogonal.
        let (sin, cos) = (0.5 * (2.0 * cs).atan2(cc - ss)).sin_cos();
        let along = c * cos + s * sin;
        let across = s * cos - c * sin;
        let cosines = cos * cos * cc + 2.0 * cos * sin * cs + sin * sin * ss;
        let sines = cos * cos * ss - 2.0 * cos * sin * cs + sin * sin * cc;
        let part = |a: f64, b: f64| if b > 1e-12 * times.len() as f64 { a * a / b } else { 0.0 };
        (part(along, cosines) + part(across, sines)) / squares
    };
    frequencies.iter().map(power).collect()
}

/// The periodogram of evenly spaced values, `step` apart, on a grid of frequencies at least four times finer than the Fourier frequencies:
/// (frequency, power), from one cycle in the whole length to half a cycle a step. Power is the share of the squares explained, as that of
/// [`lomb_scargle`]. A missing value (NaN) counts as 0, so that a mean or trend must be gone before.
pub fn periodogram(values: &[f64], step: f64) -> Vec<(f64, f64)> {
    let n = values.iter().filter(|v| !v.is_nan()).count();
    let squares: f64 = values.iter().filter(|v| !v.is_nan()).map(|v| v * v).sum();
    if n < 4 || squares <= 0.0 {
        return Vec::new();
    }
    let long = (4 * values.len()).next_power_of_two();
    let mut wave: Vec<(f64, f64)> = values.iter().map(|v| (if v.is_nan() { 0.0 } else { *v }, 0.0)).collect();
    wave.resize(long, (0.0, 0.0));
    fourier(&mut wave);
    let first = long.div_ceil(values.len());
    let power = |k: usize| 2.0 * (wave[k].0 * wave[k].0 + wave[k].1 * wave[k].1) / (n as f64 * squares);
    (first..long / 2).map(|k| (k as f64 / (long as f64 * step), power(k))).collect()
}

/// The discrete Fourier transform in place, of a length that is a power of two (Cooley and Tukey 1965).
fn fourier(wave: &mut [(f64, f64)]) {
    let n = wave.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits.max(1));
        if bits > 0 && i < j {
            wave.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let turns: Vec<(f64, f64)> = (0..half).map(|k| (-TAU * k as f64 / (2 * half) as f64).sin_cos()).map(|(s, c)| (c, s)).collect();
        for block in wave.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), (c, s)) in low.iter_mut().zip(high).zip(&turns) {
                let turned = (b.0 * c - b.1 * s, b.0 * s + b.1 * c);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        half *= 2;
    }
}

/// Pairs that gaps must leave at a lag for its autocorrelation to be told.
const PAIRS: usize = 20;

/// Autocorrelation of evenly spaced values at lags of 0 to `lags` steps, about the mean of all that are known: the mean product of pairs that
/// are both known over the mean square, times the share of the length that the lag leaves. Missing values are NaN. Without gaps it is the
/// usual biased estimate (Box and Jenkins). NaN for values without spread, and at lags where gaps leave fewer than 20 pairs.
pub fn autocorrelation(values: &[f64], lags: usize) -> Vec<f64> {
    let known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let mean = crate::mean(&known);
    let about: Vec<f64> = values.iter().map(|v| if v.is_nan() { 0.0 } else { v - mean }).collect();
    let squares: f64 = about.iter().map(|v| v * v).sum();
    let at = |k: usize| {
        let later = values.get(k..).unwrap_or(&[]);
        let pairs = values.iter().zip(later).filter(|(a, b)| !a.is_nan() && !b.is_nan()).count();
        if pairs < later.len().min(PAIRS) {
            return f64::NAN;
        }
        let products: f64 = about.iter().zip(about.get(k..).unwrap_or(&[])).map(|(a, b)| a * b).sum();
        // Without gaps both shares are one and the same.
        let (left, paired) = (later.len() as f64 / values.len() as f64, pairs as f64 / known.len() as f64);
        if pairs == 0 { 0.0 } else { products / squares * left / paired }
    };
    (0..=lags).map(at).collect()
}

/// The spectrum of red noise (a first-order autoregression of coefficient `memory`) at a frequency in cycles a step, with mean 1 over all
/// frequencies (Gilman, Fuglister and Mitchell 1963).
pub fn red_noise(memory: f64, frequency: f64) -> f64 {
    (1.0 - memory * memory) / (1.0 + memory * memory - 2.0 * memory * (TAU * frequency).cos())
}

/// Values without their straight line of least squares on the times; NaN where missing.
pub fn without_trend(times: &[f64], values: &[f64]) -> Vec<f64> {
    let pairs: Vec<(f64, f64)> = times.iter().zip(values).filter(|(t, v)| t.is_finite() && v.is_finite()).map(|(t, v)| (*t, *v)).collect();
    let n = pairs.len() as f64;
    let (mt, mv) = pairs.iter().fold((0.0, 0.0), |(a, b), (t, v)| (a + t / n, b + v / n));
    let (tt, tv) = pairs.iter().fold((0.0, 0.0), |(a, b), (t, v)| (a + (t - mt) * (t - mt), b + (t - mt) * (v - mv)));
    let slope = if tt > 0.0 { tv / tt } else { 0.0 };
    times.iter().zip(values).map(|(t, v)| v - mv - slope * (t - mt)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_series_has_the_same_power_either_way() {
        let n = 128;
        let times: Vec<f64> = (0..n).map(|i| 0.5 * f64::from(i)).collect();
        let values = without_trend(&times, &times.iter().map(|t| (TAU * t / 8.0).sin() + 0.3 * (1.7 * t).cos()).collect::<Vec<_>>());
        let spectrum = periodogram(&values, 0.5);
        // At the Fourier frequencies sine and cosine are orthogonal, and both estimates are one.
        for (f, p) in spectrum.iter().skip(3).step_by(4).filter(|(f, _)| ((f * 64.0).round() - f * 64.0).abs() < 1e-9) {
            assert!((lomb_scargle(&times, &values, &[*f])[0] - p).abs() < 1e-9, "{f}");
        }
        let best = spectrum.iter().fold((0.0, 0.0), |a, b| if b.1 > a.1 { *b } else { a });
        assert!((best.0 - 0.125).abs() < 0.005 && best.1 > 0.8, "{best:?}");
    }

    #[test]
    fn fourier_of_an_impulse_is_flat_and_squares_are_kept() {
        let mut wave = vec![(0.0, 0.0); 16];
        wave[0] = (1.0, 0.0);
        fourier(&mut wave);
        assert!(wave.iter().all(|w| (w.0 - 1.0).abs() < 1e-12 && w.1.abs() < 1e-12));
        let mut wave: Vec<(f64, f64)> = (0..32).map(|i| ((f64::from(i) * 1.3).sin(), 0.0)).collect();
        let before: f64 = wave.iter().map(|w| w.0 * w.0).sum();
        fourier(&mut wave);
        assert!((wave.iter().map(|w| w.0 * w.0 + w.1 * w.1).sum::<f64>() / 32.0 - before).abs() < 1e-10);
    }

    #[test]
    fn red_noise_has_mean_one() {
        let mean: f64 = (0..1000).map(|i| red_noise(0.7, 0.5 * (f64::from(i) + 0.5) / 1000.0)).sum::<f64>() / 1000.0;
        assert!((mean - 1.0).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn gaps_do_not_lower_an_autocorrelation() {
        let mut state = 7u64;
        let mut noise = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
        };
        let mut last = 0.0;
        let whole: Vec<f64> = (0..4000)
            .map(|_| {
                last = 0.95 * last + noise();
                last
            })
            .collect();
        let gappy: Vec<f64> = whole.iter().map(|v| if noise() < 0.1 { f64::NAN } else { *v }).collect();
        for (a, b) in autocorrelation(&whole, 10).iter().zip(autocorrelation(&gappy, 10)) {
            assert!((a - b).abs() < 0.1, "{a} became {b}");
        }
        // Every other value: odd lags have no pair, even ones are as they were.
        let half: Vec<f64> = whole.iter().enumerate().map(|(i, v)| if i % 2 == 0 { *v } else { f64::NAN }).collect();
        let r = autocorrelation(&half, 2);
        assert!(r[1].is_nan() && (r[2] - autocorrelation(&whole, 2)[2]).abs() < 0.05, "{r:?}");
    }

    #[test]
    fn series_without_spread_have_no_power() {
        assert!(periodogram(&[0.0; 20], 1.0).is_empty() && periodogram(&[1.0, f64::NAN], 1.0).is_empty());
        assert!(autocorrelation(&[2.0; 5], 2)[1].is_nan());
    }
}
