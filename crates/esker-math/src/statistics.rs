//! Means, variances, quantiles and correlation.

use esker_core::{Error, Result};

/// Arithmetic mean; NaN of nothing. Two passes, so that large offsets cost no digits.
pub fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let first = values.iter().sum::<f64>() / n;
    first + values.iter().map(|v| v - first).sum::<f64>() / n
}

/// Weighted mean Σ w v / Σ w; NaN where the weights sum to 0.
///
/// # Panics
/// Lengths that differ.
pub fn weighted_mean(values: &[f64], weight: &[f64]) -> f64 {
    assert_eq!(values.len(), weight.len(), "one weight a value");
    let total: f64 = weight.iter().sum();
    let first = values.iter().zip(weight).map(|(v, w)| v * w).sum::<f64>() / total;
    first + values.iter().zip(weight).map(|(v, w)| (v - first) * w).sum::<f64>() / total
}

/// Sample variance Σ (v − mean)² / (n − 1); NaN of fewer than two values.
///
/// ```
/// assert_eq!(esker_math::variance(&[1.0, 2.0, 3.0, 4.0]), 5.0 / 3.0);
/// ```
pub fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let centre = mean(values);
    values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// Weighted population variance Σ w (v − weighted mean)² / Σ w. Dividing by the whole weight makes it independent of
/// the weights' scale; with equal weights it is (n − 1)/n of [`variance`].
///
/// # Panics
/// Lengths that differ.
pub fn weighted_variance(values: &[f64], weight: &[f64]) -> f64 {
    let centre = weighted_mean(values, weight);
    values.iter().zip(weight).map(|(v, w)| w * (v - centre).powi(2)).sum::<f64>() / weight.iter().sum::<f64>()
}

/// The quantile of a share `p` in 0..=1 by linear interpolation of the order statistics: position (n − 1) p counted from 0
/// (type 7 of Hyndman and Fan 1996, the default of R, numpy and pandas).
///
/// # Errors
/// No values, a value that is NaN, or `p` outside 0..=1.
///
/// ```
/// assert_eq!(esker_math::quantile(&[4.0, 1.0, 3.0, 2.0], 0.25).unwrap(), 1.75);
/// ```
pub fn quantile(values: &[f64], p: f64) -> Result<f64> {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) {
        return Err(Error::numeric("quantile")
            .got(format!("{} values", values.len()))
            .rule("values without gaps are needed, at least one"));
    }
    if !(0.0..=1.0).contains(&p) {
        return Err(Error::numeric("quantile").got(format!("the share {p}")).rule("a share lies within 0..1"));
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(quantile_of_sorted(&sorted, p))
}

/// [`quantile`] of values already sorted upwards and free of NaN; NaN of nothing.
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = p.clamp(0.0, 1.0) * last as f64;
    let below = (position.floor() as usize).min(last);
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    // Equal neighbours come back unchanged; a + t (b − a) would do as well, but may overflow for huge ones.
    let t = position - below as f64;
    if t == 0.0 || a == b { a } else { a * (1.0 - t) + b * t }
}

/// The rank of each value, counted from 1; equal values share the mean of their ranks. NaN ranks last.
///
/// ```
/// assert_eq!(esker_math::ranks(&[3.0, 1.0, 3.0, 7.0]), [2.5, 1.0, 2.5, 4.0]);
/// ```
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut out = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        // −0 and 0 are equal, though sorted apart.
        let end = (start + 1..order.len()).find(|&i| values[order[i]] != values[order[start]]).unwrap_or(order.len());
        let shared = (start + 1 + end) as f64 / 2.0;
        order[start..end].iter().for_each(|&i| out[i] = shared);
        start = end;
    }
    out
}

/// Pearson's correlation in −1..=1; NaN where either side is constant or there are fewer than two pairs.
///
/// # Panics
/// Lengths that differ.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "one b for each a");
    if a.len() < 2 {
        return f64::NAN;
    }
    let (ma, mb) = (mean(a), mean(b));
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
        ab += (x - ma) * (y - mb);
    }
    if aa == 0.0 || bb == 0.0 {
        return f64::NAN;
    }
    (ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V: [f64; 5] = [2.5, -1.0, 7.25, 0.5, 3.0];

    #[test]
    fn weights_of_two_equal_repeats() {
        let w = [1.0, 2.0, 1.0, 2.0, 1.0];
        let repeated = [2.5, -1.0, -1.0, 7.25, 0.5, 0.5, 3.0];
        let ones = [1.0; 7];
        assert!((weighted_mean(&V, &w) - mean(&repeated)).abs() < 1e-15);
        assert!((weighted_variance(&V, &w) - weighted_variance(&repeated, &ones)).abs() < 1e-14);
        assert!((weighted_variance(&V, &[3.0; 5]) - variance(&V) * 0.8).abs() < 1e-14);
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let moved: Vec<f64> = V.iter().map(|v| v + 1e9).collect();
        assert!((variance(&moved) - variance(&V)).abs() < 1e-6);
        assert!((mean(&moved) - 1e9 - mean(&V)).abs() < 1e-6);
    }

    #[test]
    fn quantiles_meet_the_ends_and_interpolate() {
        assert_eq!(quantile(&V, 0.0).unwrap(), -1.0);
        assert_eq!(quantile(&V, 1.0).unwrap(), 7.25);
        assert_eq!(quantile(&V, 0.5).unwrap(), 2.5);
        // numpy 2.4.6: np.quantile([2.5, -1, 7.25, .5, 3], .9) = 5.55
        assert!((quantile(&V, 0.9).unwrap() - 5.55).abs() < 1e-14);
        assert!(quantile(&[], 0.5).is_err());
        assert!(quantile(&V, 1.5).is_err());
        assert!(quantile(&[f64::NAN], 0.5).is_err());
    }

    #[test]
    fn correlation_ignores_scale_and_knows_its_sign() {
        let b: Vec<f64> = V.iter().map(|v| 3.0 - 2.0 * v).collect();
        assert!((correlation(&V, &b) + 1.0).abs() < 1e-15);
        assert!((correlation(&V, &V) - 1.0).abs() < 1e-15);
        assert!(correlation(&V, &[1.0; 5]).is_nan());
    }
}
