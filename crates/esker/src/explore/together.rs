//! Columns together: what is missing with what, scatter, correlation, and the target against each feature.

use esker_core::exploration::{Axis, Colour, Correlations, MissingMap, Relation, Scatter};
use esker_core::{Codes, Values};
use rayon::prelude::*;

use super::columns::{sorted, wants_log};
use super::frame::{Frame, MOST_COLUMNS};

/// Columns of a scatter matrix.
const SCATTER: usize = 6;
/// Marks in each of its panels.
const MARKS: usize = 700;
/// Columns of a heat map.
const HEAT: usize = 30;
/// Rows that correlations look at.
const ROWS: usize = 10_000;
/// Parts of the map of missing values, and columns on it.
const PARTS: usize = 80;
const MISSING_COLUMNS: usize = 40;

/// Every so many-th row, so that at most `most` are left.
fn thinned(rows: usize, most: usize) -> Vec<usize> {
    let step = rows.div_ceil(most.max(1)).max(1);
    (0..rows).step_by(step).collect()
}

/// Rows to draw: even ones, of each class at least a few.
fn marks(frame: &Frame) -> Vec<usize> {
    let rows = frame.look.rows();
    let Some(colour) = frame.colour.filter(|_| rows > MARKS) else { return thinned(rows, MARKS) };
    if !super::frame::is_class_like(&frame.look.columns()[colour]) {
        return thinned(rows, MARKS);
    }
    let codes = frame.classes(colour);
    let few = MARKS / (4 * codes.levels().len().max(1));
    let mut keep = thinned(rows, 3 * MARKS / 4);
    for level in 0..codes.levels().len() as u32 {
        let of: Vec<usize> = (0..rows).filter(|&r| codes.codes()[r] == level).collect();
        keep.extend(thinned(of.len(), few).into_iter().map(|i| of[i]));
    }
    keep.sort_unstable();
    keep.dedup();
    keep
}

/// What marks of some rows are coloured by.
pub fn colour(frame: &Frame, rows: &[usize]) -> Option<Colour> {
    let c = frame.colour?;
    let column = &frame.look.columns()[c];
    let (name, unit) = (column.name.clone(), column.unit.clone());
    if let (Values::Real(v), false) = (&column.values, super::frame::is_class_like(column)) {
        return Some(Colour { name, unit, levels: Vec::new(), values: rows.iter().map(|&r| v[r]).collect() });
    }
    let codes = used(&frame.classes(c));
    let values = rows.iter().map(|&r| code(&codes, r)).collect();
    Some(Colour { name, unit, levels: codes.levels().to_vec(), values })
}

/// Codes whose levels all occur.
pub fn used(codes: &Codes) -> Codes {
    let labels: Vec<Option<&str>> = (0..codes.len()).map(|r| codes.label(r)).collect();
    Codes::from_labels(&labels)
}

/// The code of a row as a number, NaN where missing.
pub fn code(codes: &Codes, row: usize) -> f64 {
    Some(codes.codes()[row]).filter(|c| *c != esker_core::MISSING).map_or(f64::NAN, f64::from)
}

/// Up to six columns against each other.
pub fn scatter(frame: &Frame, correlations: Option<&Correlations>) -> Option<Scatter> {
    let columns = worth(frame, correlations);
    if columns.len() < 2 {
        return None;
    }
    let rows = marks(frame);
    let axis = |&c: &usize| {
        let v = frame.numbers(c).unwrap_or_default();
        let column = &frame.look.columns()[c];
        Axis {
            name: column.name.clone(),
            unit: column.unit.clone(),
            log: wants_log(&sorted(v)),
            values: rows.iter().map(|&r| v[r]).collect(),
        }
    };
    Some(Scatter { columns: columns.iter().map(axis).collect(), colour: colour(frame, &rows), of: frame.table.rows() })
}

/// The first columns worth a panel, leaving out what is a copy of one before it.
fn worth(frame: &Frame, correlations: Option<&Correlations>) -> Vec<usize> {
    let name = |c: usize| frame.look.columns()[c].name.as_str();
    let twins = |a: usize, b: usize| {
        let Some(r) = correlations else { return false };
        let at = |c: usize| r.columns.iter().position(|n| n == name(c));
        at(a).zip(at(b)).is_some_and(|(i, j)| r.pearson[i * r.columns.len() + j].abs() > 0.999)
    };
    let mut kept: Vec<usize> = Vec::new();
    for &c in frame.chosen.iter().filter(|&&c| frame.colour != Some(c) || frame.target == Some(c)) {
        if !kept.iter().any(|&k| twins(k, c)) && !super::frame::is_class_like(&frame.look.columns()[c]) {
            kept.push(c);
        }
        if kept.len() == SCATTER {
            break;
        }
    }
    kept
}

/// Pearson's and Spearman's correlations of the first thirty columns of numbers, alike ones side by side.
pub fn correlations(frame: &Frame) -> Option<Correlations> {
    let chosen: Vec<usize> = frame.chosen.iter().copied().take(HEAT).collect();
    if chosen.len() < 2 {
        return None;
    }
    let rows = thinned(frame.look.rows(), ROWS);
    let values: Vec<Vec<f64>> =
        chosen.iter().map(|&c| rows.iter().map(|&r| frame.numbers(c).map_or(f64::NAN, |v| v[r])).collect()).collect();
    let n = chosen.len();
    let cells: Vec<(usize, usize)> = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let pairs: Vec<(f64, f64)> = cells.par_iter().map(|&(i, j)| both(&values[i], &values[j])).collect();
    let (mut pearson, mut spearman) = (vec![1.0; n * n], vec![1.0; n * n]);
    for (&(i, j), &(p, s)) in cells.iter().zip(&pairs) {
        (pearson[i * n + j], pearson[j * n + i]) = (p, p);
        (spearman[i * n + j], spearman[j * n + i]) = (s, s);
    }
    let order = by_likeness(&spearman, n);
    let put =
        |m: &[f64]| -> Vec<f64> { order.iter().flat_map(|&i| order.iter().map(move |&j| (i, j))).map(|(i, j)| m[i * n + j]).collect() };
    let columns = order.iter().map(|&i| frame.look.columns()[chosen[i]].name.clone()).collect();
    Some(Correlations { columns, pearson: put(&pearson), spearman: put(&spearman), rows: rows.len() })
}

/// Pearson's and Spearman's correlation of the rows in which both are known; NaN for fewer than 3.
pub fn both(a: &[f64], b: &[f64]) -> (f64, f64) {
    let known = a.iter().zip(b).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    let (x, y): (Vec<f64>, Vec<f64>) = known.map(|(x, y)| (*x, *y)).unzip();
    if x.len() < 3 {
        return (f64::NAN, f64::NAN);
    }
    (esker_math::correlation(&x, &y), esker_math::correlation(&esker_math::ranks(&x), &esker_math::ranks(&y)))
}

/// An order in which neighbours are alike: from the column least like the others on, always the one most like the last.
fn by_likeness(r: &[f64], n: usize) -> Vec<usize> {
    let like = |i: usize, j: usize| if r[i * n + j].is_nan() { 0.0 } else { r[i * n + j].abs() };
    let alone = (0..n).min_by(|&a, &b| (0..n).map(|j| like(a, j)).sum::<f64>().total_cmp(&(0..n).map(|j| like(b, j)).sum()));
    let mut order: Vec<usize> = alone.into_iter().collect();
    while let Some(&last) = order.last().filter(|_| order.len() < n) {
        let next = (0..n).filter(|c| !order.contains(c)).max_by(|&a, &b| like(last, a).total_cmp(&like(last, b)).then(b.cmp(&a)));
        order.extend(next);
    }
    order
}

/// The target against each feature, strongest first.
pub fn relations(frame: &Frame) -> Vec<Relation> {
    let Some(target) = frame.target else { return Vec::new() };
    let features: Vec<usize> = (0..frame.roles.len()).filter(|&c| frame.roles[c] == "feature").take(MOST_COLUMNS).collect();
    let rows = thinned(frame.look.rows(), ROWS);
    let mut all: Vec<Relation> = features.par_iter().filter_map(|&f| relation(frame, target, f, &rows)).collect();
    all.retain(|r| r.value.is_finite());
    all.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then_with(|| a.feature.cmp(&b.feature)));
    all
}

fn relation(frame: &Frame, target: usize, feature: usize, rows: &[usize]) -> Option<Relation> {
    let is_class = |c: usize| {
        matches!(frame.look.columns()[c].values, Values::Class(_))
            || (c == target && frame.colour == Some(target) && super::frame::is_class_like(&frame.look.columns()[c]))
    };
    let numbers = |c: usize| -> Option<Vec<f64>> { frame.numbers(c).map(|v| rows.iter().map(|&r| v[r]).collect()) };
    let codes = |c: usize| -> Vec<f64> {
        let codes = frame.classes(c);
        rows.iter().map(|&r| code(&codes, r)).collect()
    };
    let (measure, value, a, b) = match (is_class(target), is_class(feature)) {
        (false, false) => {
            let (a, b) = (numbers(target)?, numbers(feature)?);
            ("Spearman", both(&a, &b).1, a, b)
        }
        (true, false) | (false, true) => {
            let (classes, number) = if is_class(target) { (target, feature) } else { (feature, target) };
            let (a, b) = (codes(classes), numbers(number)?);
            ("correlation ratio of ranks", ratio(&a, &b), a, b)
        }
        (true, true) => {
            let (a, b) = (codes(target), codes(feature));
            ("Cramér's V", cramer(&a, &b), a, b)
        }
    };
    let known = a.iter().zip(&b).filter(|(x, y)| !x.is_nan() && !y.is_nan()).count();
    Some(Relation { feature: frame.look.columns()[feature].name.clone(), measure: measure.to_owned(), value, rows: known })
}

/// The square root of the share of the variance of ranks that lies between classes: 0 none, 1 all of it.
fn ratio(codes: &[f64], values: &[f64]) -> f64 {
    let known: Vec<(usize, f64)> =
        codes.iter().zip(values).filter(|(c, v)| !c.is_nan() && !v.is_nan()).map(|(c, v)| (*c as usize, *v)).collect();
    let ranks = esker_math::ranks(&known.iter().map(|k| k.1).collect::<Vec<_>>());
    let mean = esker_math::mean(&ranks);
    let total: f64 = ranks.iter().map(|r| (r - mean) * (r - mean)).sum();
    let classes = known.iter().map(|k| k.0 + 1).max().unwrap_or(0);
    let mut sums = vec![(0usize, 0.0); classes];
    for ((c, _), r) in known.iter().zip(&ranks) {
        sums[*c] = (sums[*c].0 + 1, sums[*c].1 + r);
    }
    let between: f64 = sums.iter().filter(|s| s.0 > 0).map(|(n, s)| *n as f64 * (s / *n as f64 - mean).powi(2)).sum();
    if total > 0.0 { (between / total).sqrt() } else { f64::NAN }
}

fn cramer(a: &[f64], b: &[f64]) -> f64 {
    let known: Vec<(usize, usize)> =
        a.iter().zip(b).filter(|(x, y)| !x.is_nan() && !y.is_nan()).map(|(x, y)| (*x as usize, *y as usize)).collect();
    let (rows, columns) = (known.iter().map(|k| k.0 + 1).max().unwrap_or(0), known.iter().map(|k| k.1 + 1).max().unwrap_or(0));
    if rows < 2 || columns < 2 || rows * columns > 1_000_000 {
        return f64::NAN;
    }
    let (mut table, mut of_row, mut of_column) = (vec![0.0; rows * columns], vec![0.0; rows], vec![0.0; columns]);
    for (i, j) in &known {
        table[i * columns + j] += 1.0;
        of_row[*i] += 1.0;
        of_column[*j] += 1.0;
    }
    let n = known.len() as f64;
    let chi: f64 = (0..rows * columns)
        .map(|k| (table[k], of_row[k / columns] * of_column[k % columns] / n))
        .filter(|(_, e)| *e > 0.0)
        .map(|(o, e)| (o - e) * (o - e) / e)
        .sum();
    let least = of_row.iter().filter(|n| **n > 0.0).count().min(of_column.iter().filter(|n| **n > 0.0).count()) as f64 - 1.0;
    if least > 0.0 { (chi / (n * least)).sqrt() } else { f64::NAN }
}

/// Shares of missing values, part by part: by group where there are a few, else in time, else in the order of rows.
pub fn missing(frame: &Frame) -> Option<MissingMap> {
    let columns: Vec<usize> =
        (0..frame.look.columns().len()).filter(|&c| frame.look.columns()[c].values.missing() > 0).take(MISSING_COLUMNS).collect();
    if columns.is_empty() || frame.look.rows() < 2 {
        return None;
    }
    let (along, parts, of) = parts(frame);
    let mut rows = vec![0usize; parts.len()];
    of.iter().flatten().for_each(|&p| rows[p] += 1);
    let share = columns
        .par_iter()
        .flat_map_iter(|&c| {
            let mut gone = vec![0usize; parts.len()];
            let values = &frame.look.columns()[c].values;
            of.iter().enumerate().filter(|(r, _)| values.is_missing(*r)).filter_map(|(_, p)| *p).for_each(|p| gone[p] += 1);
            gone.into_iter().zip(&rows).map(|(g, n)| if *n > 0 { g as f64 / *n as f64 } else { f64::NAN }).collect::<Vec<_>>()
        })
        .collect();
    let columns = columns.iter().map(|&c| frame.look.columns()[c].name.clone()).collect();
    Some(MissingMap { along, parts, columns, share })
}

/// What the parts follow, their labels, and the part of each row looked at.
fn parts(frame: &Frame) -> (String, Vec<String>, Vec<Option<usize>>) {
    if let Some(group) = frame.group {
        let codes = used(&frame.classes(group));
        if (2..=PARTS).contains(&codes.levels().len()) {
            let of =
                (0..codes.len()).map(|r| Some(codes.codes()[r] as usize).filter(|_| codes.codes()[r] != esker_core::MISSING)).collect();
            return (frame.look.columns()[group].name.clone(), codes.levels().to_vec(), of);
        }
    }
    let n = PARTS.min(frame.look.rows());
    if let (Some(times), Some(timing)) = (frame.times(), &frame.time) {
        let known = sorted(&times);
        if let (Some(first), Some(last)) = (known.first(), known.last())
            && last > first
        {
            let part = |t: f64| (!t.is_nan()).then(|| (((t - first) / (last - first) * n as f64) as usize).min(n - 1));
            let label = |i: usize| super::series::moment(first + (last - first) * i as f64 / n as f64, timing.dated);
            return (timing.name.clone(), (0..n).map(label).collect(), times.iter().map(|&t| part(t)).collect());
        }
    }
    let rows = frame.look.rows();
    let label = |i: usize| (frame.rows[i * rows / n] + 1).to_string();
    ("row".to_owned(), (0..n).map(label).collect(), (0..rows).map(|r| Some(r * n / rows)).collect())
}
