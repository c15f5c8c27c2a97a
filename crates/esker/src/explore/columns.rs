//! Columns in short: counts of all rows, quantiles and histograms of those looked at.

use esker_core::exploration::{ColumnCard, Histogram, Numbers};
use esker_core::{Column, DAYS, Values};
use esker_math::quantile_of_sorted;
use rayon::prelude::*;

use super::frame::Frame;

/// Classes listed at most.
const MOST_LEVELS: usize = 20;

/// A card a column.
pub fn cards(frame: &Frame) -> Vec<ColumnCard> {
    let both: Vec<(&Column, &Column)> = frame.table.columns().iter().zip(frame.look.columns()).collect();
    both.par_iter().zip(&frame.roles).map(|((all, look), role)| card(all, look, role)).collect()
}

fn card(all: &Column, look: &Column, role: &str) -> ColumnCard {
    let holds = match &all.values {
        Values::Class(_) => "classes",
        Values::Real(_) if all.unit.as_str() == DAYS => "times",
        Values::Real(_) => "numbers",
    };
    let mut card = ColumnCard {
        name: all.name.clone(),
        unit: all.unit.clone(),
        role: role.to_owned(),
        holds: holds.to_owned(),
        count: all.len(),
        missing: all.values.missing(),
        ..ColumnCard::default()
    };
    match (&all.values, &look.values) {
        (Values::Real(v), Values::Real(seen)) => {
            let sorted = sorted(seen);
            card.distinct = distinct(&sorted);
            card.summary = numbers(v, &sorted);
            if card.distinct > 1 && !matches!(role, "identifier" | "time") {
                card.histogram = histogram(&sorted);
            }
        }
        (Values::Class(codes), _) => {
            let mut levels: Vec<(String, usize)> = codes.levels().iter().cloned().zip(codes.counts()).filter(|(_, n)| *n > 0).collect();
            card.distinct = levels.len();
            levels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            levels.truncate(MOST_LEVELS);
            card.levels = levels;
        }
        _ => {}
    }
    card
}

/// The known values, ascending.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    known
}

/// Different values of sorted ones.
pub fn distinct(sorted: &[f64]) -> usize {
    usize::from(!sorted.is_empty()) + sorted.windows(2).filter(|w| w[0] != w[1]).count()
}

/// Extremes and moments of all values, quantiles of those looked at.
fn numbers(all: &[f64], sorted: &[f64]) -> Option<Numbers> {
    let (mut n, mut min, mut max, mut sum) = (0usize, f64::INFINITY, f64::NEG_INFINITY, 0.0);
    for &v in all.iter().filter(|v| !v.is_nan()) {
        (n, min, max, sum) = (n + 1, min.min(v), max.max(v), sum + v);
    }
    if n == 0 {
        return None;
    }
    let mean = sum / n as f64;
    let squares: f64 = all.iter().filter(|v| !v.is_nan()).map(|v| (v - mean) * (v - mean)).sum();
    let sd = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { f64::NAN };
    let at = |p: f64| quantile_of_sorted(sorted, p);
    Some(Numbers { min, q05: at(0.05), q25: at(0.25), median: at(0.5), q75: at(0.75), q95: at(0.95), max, mean, sd })
}

/// Whether a logarithm spreads values much better: none below zero, most above it, and skewed as far as the eye sees.
pub fn wants_log(sorted: &[f64]) -> bool {
    let positive = &sorted[sorted.partition_point(|v| *v <= 0.0)..];
    if sorted.first().is_none_or(|v| *v < 0.0) || positive.len() < 10 || 10 * positive.len() < 3 * sorted.len() {
        return false;
    }
    let [low, middle, high] = [0.05, 0.5, 0.95].map(|p| quantile_of_sorted(positive, p));
    let skew = |a: f64, b: f64, c: f64| (a + c - 2.0 * b) / (c - a);
    high >= 10.0 * low && skew(low, middle, high) > 0.5 && skew(low.ln(), middle.ln(), high.ln()).abs() < 0.6 * skew(low, middle, high)
}

/// Bins after Freedman and Diaconis (1981), 8 to 50 of them; one a value where there are few whole numbers.
pub fn histogram(sorted: &[f64]) -> Option<Histogram> {
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    if last <= first {
        return None;
    }
    if wants_log(sorted) {
        let logs: Vec<f64> = sorted.iter().filter(|v| **v > 0.0).map(|v| v.log10()).collect();
        let beyond = sorted.len() - logs.len();
        let mut h = bins(&logs)?;
        (h.log, h.beyond) = (true, h.beyond + beyond);
        return Some(h);
    }
    if sorted.iter().all(|v| v.fract() == 0.0) && last - first < 50.0 {
        let mut counts = vec![0; (last - first) as usize + 1];
        sorted.iter().for_each(|v| counts[(v - first) as usize] += 1);
        return Some(Histogram { low: first - 0.5, high: last + 0.5, counts, ..Histogram::default() });
    }
    bins(sorted)
}

fn bins(sorted: &[f64]) -> Option<Histogram> {
    let (mut low, mut high) = (*sorted.first()?, *sorted.last()?);
    let at = |p: f64| quantile_of_sorted(sorted, p);
    // A few values far out would squeeze all others into one bar.
    let core = at(0.995) - at(0.005);
    let room = 2.0 * core;
    if core > 0.0 && sorted.len() >= 200 {
        (low, high) = (low.max(at(0.005) - room), high.min(at(0.995) + room));
    }
    let spread = at(0.75) - at(0.25);
    let wanted = if spread > 0.0 { (high - low) / (2.0 * spread / (sorted.len() as f64).cbrt()) } else { 30.0 };
    let n = (wanted.ceil() as usize).clamp(8, 50);
    let width = (high - low) / n as f64;
    if width.is_nan() || width <= 0.0 {
        return None;
    }
    let mut counts = vec![0; n];
    let mut beyond = 0;
    for v in sorted {
        if *v < low || *v > high {
            beyond += 1;
        } else {
            counts[(((v - low) / width) as usize).min(n - 1)] += 1;
        }
    }
    Some(Histogram { log: false, low, high, counts, beyond })
}
