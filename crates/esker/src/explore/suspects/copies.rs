//! Columns that are copies of others, as they are or rescaled.

use std::collections::HashMap;

use esker_core::exploration::Suspect;
use esker_core::{Column, Values, Weight};

use super::super::frame::{Frame, MOST_COLUMNS};
use super::{named, num, suspect};

/// Rows that tell whether two columns go in one line.
const ROWS: usize = 2000;

pub fn of(frame: &Frame) -> Vec<Suspect> {
    let mut found = equal(frame);
    found.extend(scaled(frame, &found));
    found
}

/// What a column holds, as one number; equal columns have equal ones.
fn print(column: &Column) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    let mut add = |bits: u64| hash = (hash ^ bits).wrapping_mul(0x0100_0000_01B3).rotate_left(23);
    match &column.values {
        Values::Real(v) => v.iter().for_each(|x| add(if x.is_nan() { u64::MAX } else { (x + 0.0).to_bits() })),
        Values::Class(c) => {
            (0..c.len()).for_each(|r| add(c.label(r).map_or(7, |l| l.bytes().fold(5381, |h: u64, b| h.wrapping_mul(33) ^ u64::from(b)))))
        }
    }
    hash
}

fn equal(frame: &Frame) -> Vec<Suspect> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut of: HashMap<u64, usize> = HashMap::new();
    for (c, column) in frame.look.columns().iter().enumerate() {
        if frame.roles[c] == "constant" || column.values.missing() == column.len() {
            continue;
        }
        match of.get(&print(column)) {
            Some(&g) => groups[g].push(c),
            None => {
                of.insert(print(column), groups.len());
                groups.push(vec![c]);
            }
        }
    }
    let same = |g: &&Vec<usize>| g.len() > 1 && g.windows(2).all(|w| super::super::same(frame.column(w[0]), frame.column(w[1])));
    let told = |g: &Vec<usize>| {
        let names: Vec<&str> = g.iter().map(|&c| frame.column(c).name.as_str()).collect();
        let text = format!("{} {} equal in every row.", named(&names), if names.len() == 2 { "are" } else { "are all" });
        suspect(Weight::Warning, "copy", &names, (text, "Keep one of them: copies share and hide each other's importance."))
    };
    groups.iter().filter(same).map(told).collect()
}

/// Columns that go with another in one line to the last digit: another unit, or a difference from a constant.
fn scaled(frame: &Frame, found: &[Suspect]) -> Vec<Suspect> {
    let gone = |c: usize| found.iter().any(|s| s.columns.iter().skip(1).any(|n| *n == frame.column(c).name));
    let columns: Vec<usize> = frame
        .chosen
        .iter()
        .copied()
        .chain(frame.place.iter().flat_map(|p| [p.x, p.y]))
        .filter(|&c| !gone(c))
        .take(MOST_COLUMNS / 4)
        .collect();
    let step = frame.look.rows().div_ceil(ROWS).max(1);
    let mut out = Vec::new();
    let mut told: Vec<usize> = Vec::new();
    for (i, &b) in columns.iter().enumerate() {
        for &a in columns[..i].iter().filter(|a| !told.contains(a)) {
            let (Some(x), Some(y)) = (frame.numbers(a), frame.numbers(b)) else { continue };
            let Some((slope, shift)) = line(x, y, step) else { continue };
            let (na, nb) = (frame.column(a).name.as_str(), frame.column(b).name.as_str());
            let how = if shift.abs() < 1e-9 * slope.abs().max(1.0) {
                format!("{} × {na}", num(slope))
            } else {
                format!("{} × {na} {} {}", num(slope), if shift < 0.0 { "−" } else { "+" }, num(shift.abs()))
            };
            let how = how.strip_prefix("1 × ").map_or(how.clone(), str::to_owned);
            let text = format!("'{nb}' is '{na}' in another guise: {nb} = {how} in every row looked at.");
            out.push(suspect(
                Weight::Warning,
                "rescaled-copy",
                &[na, nb],
                (text, "Keep one of them: the other adds nothing and hides its importance."),
            ));
            told.push(b);
            break;
        }
    }
    out
}

/// The line y = slope x + shift, where every row lies on it to a few times the digits that are written.
fn line(x: &[f64], y: &[f64], step: usize) -> Option<(f64, f64)> {
    let pairs: Vec<(f64, f64)> = x.iter().zip(y).step_by(step).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).collect();
    let first = pairs.first()?;
    // Most pairs of columns are known to differ after a few rows.
    let far = pairs.iter().max_by(|p, q| (p.0 - first.0).abs().total_cmp(&(q.0 - first.0).abs()))?;
    if pairs.len() < 20 || far.0 == first.0 || far.1 == first.1 {
        return None;
    }
    let slope = (far.1 - first.1) / (far.0 - first.0);
    let shift = first.1 - slope * first.0;
    let wide = (far.1 - first.1).abs();
    let on = pairs.iter().all(|(a, b)| (slope * a + shift - b).abs() <= 2e-5 * wide);
    let mut different: Vec<f64> = pairs.iter().map(|p| p.0).collect();
    different.sort_unstable_by(f64::total_cmp);
    different.dedup();
    let round = |v: f64| format!("{v:.5e}").parse().unwrap_or(v);
    let shift = if shift.abs() < 1e-4 * wide { 0.0 } else { shift };
    (on && different.len() >= 20).then(|| (round(slope), round(shift)))
}
