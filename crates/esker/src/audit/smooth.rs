//! Whether one column can be read off another: small helpers of the checks.

use std::collections::HashMap;

use esker_core::{Codes, Values};

use super::key;

/// The share of the variance of `values` that is left when they are put in the order of `by`: half the mean squared difference of neighbours over
/// the variance (von Neumann 1941), near 0 where values follow from `by`, near 1 where they do not. Equal `by` are taken in the order of a hash of
/// their values, so that ties tell nothing. NaN where values are constant.
pub(super) fn rough(by: &[f64], values: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..by.len()).collect();
    order.sort_by(|&a, &b| by[a].total_cmp(&by[b]).then(lot(values[a]).cmp(&lot(values[b]))));
    let mean = esker_math::mean(values);
    let around: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let between: f64 = order.windows(2).map(|w| (values[w[1]] - values[w[0]]).powi(2)).sum();
    if around > 0.0 { between / (2.0 * around) } else { f64::NAN }
}

fn lot(v: f64) -> u64 {
    let z = v.to_bits().wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}

/// Whether the steps of `levels` part the numbers: put in order of `numbers`, each level is one unbroken run. `levels` are bits; at least two and
/// at most a quarter of the rows, none of them alone.
pub(super) fn steps(numbers: &[f64], levels: &[u64]) -> bool {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    levels.iter().for_each(|l| *counts.entry(*l).or_default() += 1);
    if counts.len() < 2 || 4 * counts.len() > levels.len() {
        return false;
    }
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]).then(levels[a].cmp(&levels[b])));
    let runs = 1 + order.windows(2).filter(|w| levels[w[0]] != levels[w[1]]).count();
    // Two levels of which one is rare may part by chance.
    let least = counts.values().min().copied().unwrap_or(0);
    runs == counts.len() && (counts.len() > 4 || least >= 5)
}

/// How much of what guessing leaves wrong is put right by answering each bin of `x` with its most frequent class: 1 where the class follows
/// from `x`. Numbers with many values are cut into bins of equal size. `None` where there is nothing to judge.
pub(super) fn told(x: &Values, class: &Codes) -> Option<f64> {
    let rows: Vec<usize> = (0..x.len()).filter(|&r| key(x, r).is_some() && class.codes()[r] != esker_core::MISSING).collect();
    if rows.len() < 40 || 2 * rows.len() < x.len() {
        return None;
    }
    let bins: Vec<u64> = match x {
        Values::Real(v) if super::distinct(x) > 20 => {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            order.sort_by(|&a, &b| v[rows[a]].total_cmp(&v[rows[b]]));
            let mut bins = vec![0; rows.len()];
            let many = (rows.len() / 20).clamp(2, 40);
            order.iter().enumerate().for_each(|(rank, &i)| bins[i] = (rank * many / rows.len()) as u64);
            bins
        }
        _ => rows.iter().filter_map(|&r| key(x, r)).collect(),
    };
    let mut counts: HashMap<u64, HashMap<u32, usize>> = HashMap::new();
    let mut all: HashMap<u32, usize> = HashMap::new();
    for (&r, bin) in rows.iter().zip(&bins) {
        *counts.entry(*bin).or_default().entry(class.codes()[r]).or_default() += 1;
        *all.entry(class.codes()[r]).or_default() += 1;
    }
    if 10 * counts.len() > rows.len() {
        return None;
    }
    let right: usize = counts.values().filter_map(|c| c.values().max()).sum();
    let base = all.values().max().copied()?;
    (base < rows.len()).then(|| (right - base) as f64 / (rows.len() - base) as f64)
}

/// Whether `a` equals intercept + slope · `b` in every row to `tolerance` standard deviations of `a`; both, if so.
pub(super) fn affine(a: &[f64], b: &[f64], tolerance: f64) -> Option<(f64, f64)> {
    let (ma, sa) = super::moments(a);
    let (mb, sb) = super::moments(b);
    if !(sa > 0.0 && sb > 0.0) {
        return None;
    }
    let slope = esker_math::correlation(a, b).signum() * sa / sb;
    let fits = a.iter().zip(b).all(|(a, b)| ((a - ma) - slope * (b - mb)).abs() <= tolerance * sa);
    fits.then_some((ma - slope * mb, slope))
}

/// Rows in which both columns have a number.
pub(super) fn both(a: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    a.iter().zip(b).filter(|(a, b)| a.is_finite() && b.is_finite()).map(|(a, b)| (*a, *b)).unzip()
}
