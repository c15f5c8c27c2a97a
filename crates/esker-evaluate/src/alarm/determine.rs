//! Features that give the answer away: copies of the target, names of the group, row numbers.

use std::collections::HashMap;

use esker_core::{Codes, Column, Note, Samples, Values};

use super::keys;
use super::words::{counted, list, number};

/// Rows below which nothing is said: a handful of rows agree by chance.
const FEW: usize = 20;
/// Rank correlation above which a feature is a copy of the target.
const COPY: f64 = 0.999;

/// The rows among `rows` that tell of the target one by one: where it is the same throughout each group, or at each place, one row of each, for
/// then every property of a group or place goes with one target.
pub fn one_each(samples: &Samples, target: &Column, rows: &[usize]) -> Vec<usize> {
    let support = samples.support();
    let y = keys(&target.values);
    let group = |r: usize| support.group.as_ref().map(|g| (u64::from(g.codes()[r]), 0));
    let place = |r: usize| support.place.as_ref().map(|p| (p.x()[r].to_bits(), p.y()[r].to_bits()));
    let by = |of: &dyn Fn(usize) -> Option<(u64, u64)>| {
        let mut first: HashMap<(u64, u64), Option<u64>> = HashMap::new();
        let mut one = Vec::new();
        for &r in rows {
            let known = first.entry(of(r)?).or_insert_with(|| {
                one.push(r);
                y[r]
            });
            if *known != y[r] {
                return None;
            }
        }
        Some(one)
    };
    by(&group).or_else(|| by(&place)).unwrap_or_else(|| rows.to_vec())
}

/// Notes features from which the target can be read off: numbers whose rank correlation with it (Spearman) exceeds 0.999,
/// numbers that part the classes without overlap, and features whose repeated values each go with one target value.
/// Rows where either is missing are skipped; fewer than 20 rows say nothing.
pub fn determines_target(features: &[&Column], target: &Column) -> Vec<Note> {
    features.iter().filter_map(|f| reads_off(f, target)).collect()
}

fn reads_off(feature: &Column, target: &Column) -> Option<Note> {
    let (x, y) = (keys(&feature.values), keys(&target.values));
    let rows: Vec<usize> = (0..x.len()).filter(|&i| x[i].is_some() && y[i].is_some()).collect();
    // A feature that is mostly missing cannot give the target away as a whole.
    if rows.len() < FEW || 2 * rows.len() < x.len() {
        return None;
    }
    let how = match (&feature.values, &target.values) {
        (Values::Real(a), Values::Real(b)) => spearman(a, b, &rows)
            .filter(|rho| rho.abs() > COPY)
            .map(|rho| format!("orders the rows as the target does (rank correlation {})", number(rho, 5))),
        (Values::Real(a), Values::Class(b)) => parts(a, b, &rows).then(|| "parts the target's classes without any overlap".to_owned()),
        _ => None,
    };
    let how = how.or_else(|| {
        let levels = determined(&x, &y)?;
        Some(format!("has {} and each goes with a single value of the target", counted(levels, "value")))
    })?;
    Some(Note::alarm(
        "determines-target",
        format!(
            "Feature '{}' {how}. It is probably the target in other words, or known only once the target is: leave it out unless it will be \
             there before the answer is.",
            feature.name
        ),
    ))
}

/// Notes features that name the group: each value that occurs more than once stays within one group. A model can then learn
/// the group by heart, which a shuffled design rewards. `name` is that of the group column.
pub fn determines_group(features: &[&Column], group: &Codes, name: &str) -> Option<Note> {
    let groups = keys(&Values::Class(group.clone()));
    let names: Vec<&str> = features
        .iter()
        .filter(|f| {
            let keys = keys(&f.values);
            keys.iter().flatten().count() >= FEW && determined(&keys, &groups).is_some()
        })
        .map(|f| f.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    let (verb, it) = if names.len() == 1 { ("determines", "it") } else { ("each determine", "them") };
    Some(Note::warning(
        "determines-group",
        format!(
            "{} {} {verb} the group '{name}': every repeated value belongs to one group only. A model can recognise a group from {it} and \
             recall its answer; only a design that leaves whole groups out shows what it can do for new ones.",
            if names.len() == 1 { "Feature" } else { "Features" },
            list(&names)
        ),
    ))
}

/// Notes features that number the rows (whole numbers, all different, in row order) or name them (a class for each row).
pub fn identifiers(features: &[&Column]) -> Option<Note> {
    let names: Vec<&str> = features.iter().filter(|f| is_identifier(f)).map(|f| f.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        Note::warning(
            "identifier",
            format!(
                "{} {} a different value in every row, in row order or as a name: an identifier or a counter, not a property of the sample. \
                 Leave {} out of the features unless it is a time axis that the question is about.",
                list(&names),
                if names.len() == 1 { "has" } else { "each have" },
                if names.len() == 1 { "it" } else { "them" },
            ),
        )
    })
}

fn is_identifier(column: &Column) -> bool {
    if column.len() < FEW || column.values.missing() > 0 {
        return false;
    }
    match &column.values {
        Values::Real(v) => {
            let ordered = v.windows(2).all(|w| w[0] < w[1]) || v.windows(2).all(|w| w[0] > w[1]);
            ordered && v.iter().all(|x| x.fract() == 0.0)
        }
        Values::Class(c) => c.counts().iter().all(|&n| n <= 1),
    }
}

/// The number of values of `x`, if each that occurs more than once goes with one value of `y`, such rows are at least half
/// of all, and `y` varies. Values that occur once go with one value of anything, and prove nothing.
fn determined(x: &[Option<u64>], y: &[Option<u64>]) -> Option<usize> {
    let mut of: HashMap<u64, (u64, usize)> = HashMap::new();
    let mut rows = 0;
    for (x, y) in x.iter().zip(y) {
        let (Some(x), Some(y)) = (x, y) else { continue };
        rows += 1;
        let entry = of.entry(*x).or_insert((*y, 0));
        if entry.0 != *y {
            return None;
        }
        entry.1 += 1;
    }
    let shared: usize = of.values().map(|(_, n)| *n).filter(|n| *n > 1).sum();
    let varies = of.values().any(|(y, _)| Some(*y) != of.values().next().map(|(y, _)| *y));
    (varies && 2 * shared >= rows).then_some(of.len())
}

/// Whether, along the numbers, each class is one unbroken run, and equal numbers have equal classes.
fn parts(x: &[f64], class: &Codes, rows: &[usize]) -> bool {
    let mut order = rows.to_vec();
    order.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]).then(class.codes()[a].cmp(&class.codes()[b])));
    let mut seen = vec![false; class.levels().len()];
    let mut runs = 0;
    for (i, &row) in order.iter().enumerate() {
        let code = class.codes()[row];
        if i > 0 && code == class.codes()[order[i - 1]] {
            continue;
        }
        if i > 0 && x[row] == x[order[i - 1]] || seen[code as usize] {
            return false;
        }
        seen[code as usize] = true;
        runs += 1;
    }
    runs > 1
}

/// Spearman's rank correlation over `rows`, equal values sharing their mean rank; `None` where either is constant.
fn spearman(x: &[f64], y: &[f64], rows: &[usize]) -> Option<f64> {
    let (a, b) = (ranks(x, rows), ranks(y, rows));
    let mean = (rows.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let scale = (product(&a, &a) * product(&b, &b)).sqrt();
    (scale > 0.0).then(|| product(&a, &b) / scale)
}

fn ranks(x: &[f64], rows: &[usize]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_unstable_by(|&a, &b| x[rows[a]].total_cmp(&x[rows[b]]));
    let mut ranks = vec![0.0; rows.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && x[rows[order[end]]] == x[rows[order[start]]] {
            end += 1;
        }
        let shared = (start + end - 1) as f64 / 2.0;
        order[start..end].iter().for_each(|&i| ranks[i] = shared);
        start = end;
    }
    ranks
}
