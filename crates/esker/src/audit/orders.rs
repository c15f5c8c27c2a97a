//! Rolling medians, minima and maxima: windows that no weighted sum explains.

use super::distinct;
use super::series::Series;
use esker_core::Values;

/// Rows that windows are compared in.
const COMPARED: usize = 200;
/// Rows below which nothing is said.
const FEW: usize = 20;
/// Values below which a column repeats too often to be told from another.
const DIFFERENT: usize = 8;
/// Share of rows in which a window may differ: ties, and rounding.
const OFF: f64 = 0.02;

/// A rolling statistic of a column, from `first` to `last` steps after the row.
pub(super) struct Rolling {
    pub kind: &'static str,
    pub first: i64,
    pub last: i64,
}

/// What is read of sorted values.
type Ordered = fn(&[f64]) -> f64;

/// What is taken of the values of a window, in rising order.
const KINDS: [(&str, Ordered); 3] = [("median", median), ("minimum", |v| v[0]), ("maximum", |v| v[v.len() - 1])];

fn median(v: &[f64]) -> f64 {
    let n = v.len();
    if n % 2 == 1 { v[n / 2] } else { (v[n / 2 - 1] + v[n / 2]) / 2.0 }
}

/// The rolling statistic of `s` that `f` is: one that ends at step `now` or before where there is such, else one that reaches further.
pub(super) fn rolling(series: &Series, f: &[f64], s: &[f64], now: i64) -> Option<Rolling> {
    let reach = series.reach()?;
    let known = |w: &&[usize]| f[w[reach]].is_finite() && w.iter().all(|&r| s[r].is_finite());
    let all: Vec<&[usize]> = series.windows(reach).into_iter().filter(known).collect();
    let step = all.len().div_ceil(COMPARED).max(1);
    let rows: Vec<&[usize]> = all.into_iter().step_by(step).collect();
    let at: Vec<f64> = rows.iter().map(|w| f[w[reach]]).collect();
    if rows.len() < FEW || distinct(&Values::Real(at.clone())) < DIFFERENT {
        return None;
    }
    let off = (OFF * rows.len() as f64) as usize;
    // A rolling statistic lies within the values around it.
    let within = |(w, f): &(&&[usize], &f64)| {
        let (low, high) = w.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &r| (l.min(s[r]), h.max(s[r])));
        (low..=high).contains(*f)
    };
    if rows.iter().zip(&at).filter(|p| !within(p)).count() > off {
        return None;
    }
    let reach = reach as i64;
    let fits = |of: fn(&[f64]) -> f64, first: i64, last: i64| {
        let (mut missed, mut values) = (0, Vec::new());
        rows.iter().zip(&at).all(|(w, f)| {
            values.clear();
            values.extend(w[(reach + first) as usize..=(reach + last) as usize].iter().map(|&r| s[r]));
            values.sort_by(f64::total_cmp);
            let said = of(&values);
            missed += usize::from((said - f).abs() > 1e-9 * said.abs().max(f.abs()));
            missed <= off
        })
    };
    // What the past explains is known in time, so windows are tried in the order of their end.
    let ends = (1 - reach..=now).rev().chain(now + 1..=reach);
    ends.flat_map(|last| (-reach..last).rev().map(move |first| (first, last)))
        .find_map(|(first, last)| KINDS.iter().find(|k| fits(k.1, first, last)).map(|k| Rolling { kind: k.0, first, last }))
}
