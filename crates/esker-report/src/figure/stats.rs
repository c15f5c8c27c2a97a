//! What is counted for drawing: histograms, kernel densities, hexagonal bins, quantiles.

use std::collections::BTreeMap;

/// Value at quantile `q` of sorted values, by linear interpolation; NaN for none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    let at = q.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let (i, f) = (at.floor() as usize, at.fract());
    sorted[i] + f * (sorted[(i + 1).min(sorted.len() - 1)] - sorted[i])
}

/// The finite values, ascending.
pub fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut v: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    v.sort_by(f64::total_cmp);
    v
}

/// Equal bins and their counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Lower edge of the first bin.
    pub low: f64,
    /// Width of a bin.
    pub width: f64,
    /// Values in each bin.
    pub counts: Vec<usize>,
}

/// Bins after Freedman and Diaconis (1981), 8 to 60 of them. `sorted` must be ascending, finite and not empty.
pub fn histogram(sorted: &[f64]) -> Histogram {
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    if max - min <= max.abs().max(min.abs()) * 1e-9 {
        let width = if min == 0.0 { 1.0 } else { min.abs() * 0.1 };
        return Histogram { low: min - width / 2.0, width, counts: vec![sorted.len()] };
    }
    let spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
    let wanted = if spread > 0.0 { (max - min) / (2.0 * spread / (sorted.len() as f64).cbrt()) } else { 30.0 };
    let n = (wanted.ceil() as usize).clamp(8, 60);
    let width = (max - min) / n as f64;
    let mut counts = vec![0; n];
    for v in sorted {
        counts[(((v - min) / width) as usize).min(n - 1)] += 1;
    }
    Histogram { low: min, width, counts }
}

/// Gaussian kernel density (Silverman's bandwidth) at `steps` points from end to end, as (value, density).
/// `None` for fewer than three values or values without spread. `sorted` must be ascending and finite.
pub fn density(sorted: &[f64], steps: usize) -> Option<Vec<(f64, f64)>> {
    let n = sorted.len();
    if n < 3 {
        return None;
    }
    let mean = sorted.iter().sum::<f64>() / n as f64;
    let sd = (sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt();
    let iqr = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
    let spread = if iqr > 0.0 { sd.min(iqr) } else { sd };
    let h = 0.9 * spread * (n as f64).powf(-0.2);
    let (low, high) = (sorted[0] - 3.0 * h, sorted[n - 1] + 3.0 * h);
    if !(h.is_finite() && h > 0.0 && high > low && h > low.abs().max(high.abs()) * 1e-9) {
        return None;
    }
    let scale = 1.0 / (n as f64 * h * (2.0 * std::f64::consts::PI).sqrt());
    let at = |i: usize| low + (high - low) * i as f64 / (steps - 1) as f64;
    let curve = (0..steps).map(at).map(|x| {
        // Kernels farther than 5 bandwidths add nothing that could be seen.
        let (from, to) = (sorted.partition_point(|v| *v < x - 5.0 * h), sorted.partition_point(|v| *v <= x + 5.0 * h));
        (x, scale * sorted[from..to].iter().map(|v| (-0.5 * ((x - v) / h).powi(2)).exp()).sum::<f64>())
    });
    Some(curve.collect())
}

/// Row and column of the hexagon of radius `r` (pointy top) that a point lies in.
pub fn hexagon((x, y): (f64, f64), r: f64) -> (i64, i64) {
    let near = |row: i64| {
        let column = (x / (r * 3f64.sqrt()) - if row.rem_euclid(2) == 1 { 0.5 } else { 0.0 }).round() as i64;
        let centre = hexagon_centre((row, column), r);
        ((x - centre.0).hypot(y - centre.1), (row, column))
    };
    let row = (y / (r * 1.5)).floor() as i64;
    let (a, b) = (near(row), near(row + 1));
    if a.0 <= b.0 { a.1 } else { b.1 }
}

/// Centre of a hexagon.
pub fn hexagon_centre((row, column): (i64, i64), r: f64) -> (f64, f64) {
    let shift = if row.rem_euclid(2) == 1 { 0.5 } else { 0.0 };
    ((column as f64 + shift) * r * 3f64.sqrt(), row as f64 * r * 1.5)
}

/// Counts of points in hexagons of radius `r` (user units, pointy top): centre and count, in a fixed order.
pub fn hexagons(points: &[(f64, f64)], r: f64) -> Vec<((f64, f64), usize)> {
    let mut counts: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for p in points.iter().filter(|p| p.0.is_finite() && p.1.is_finite()) {
        *counts.entry(hexagon(*p, r)).or_default() += 1;
    }
    counts.into_iter().map(|(key, n)| (hexagon_centre(key, r), n)).collect()
}

/// Wilson's 95 % interval of a share (1927).
pub fn wilson(share: f64, n: usize) -> (f64, f64) {
    let (n, z) = (n.max(1) as f64, 1.959_964);
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).max(0.0).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_keep_every_value() {
        let v = sorted((0..1000).map(|i| (f64::from(i) * 0.77).sin()).chain([f64::NAN]));
        let h = histogram(&v);
        assert_eq!(h.counts.iter().sum::<usize>(), 1000);
        assert_eq!(histogram(&[2.0, 2.0]).counts, vec![2]);
        assert_eq!(histogram(&[0.0]).counts, vec![1]);
    }

    #[test]
    fn densities_have_the_area_one() {
        let v = sorted((0..500).map(|i| (f64::from(i) * 1.3).sin() + f64::from(i % 7)));
        let d = density(&v, 400).unwrap();
        let area: f64 = d.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum();
        assert!((area - 1.0).abs() < 0.005, "{area}");
        assert_eq!(density(&[1.0, 1.0, 1.0, 1.0], 50), None);
        assert_eq!(density(&[1.0], 50), None);
    }

    #[test]
    fn hexagons_count_all_points_near_their_centres() {
        let p: Vec<(f64, f64)> =
            (0..400).map(|i| ((f64::from(i) * 7.3) % 100.0, (f64::from(i) * 3.1) % 80.0)).chain([(f64::NAN, 0.0)]).collect();
        let h = hexagons(&p, 5.0);
        assert_eq!(h.iter().map(|b| b.1).sum::<usize>(), 400);
        assert!(p[..400].iter().all(|q| h.iter().any(|(c, _)| (c.0 - q.0).hypot(c.1 - q.1) <= 5.0 + 1e-9)));
    }

    #[test]
    fn quantiles_and_shares() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert!(quantile(&[], 0.5).is_nan());
        // statsmodels 0.14: proportion_confint(90, 100, method="wilson") = (0.82563, 0.94477).
        let (a, b) = wilson(0.9, 100);
        assert!((a - 0.825_63).abs() < 1e-5 && (b - 0.944_77).abs() < 1e-5);
    }
}
