//! Statistics that were taken over all rows, those tested among them: of the target in features, of features, and of the target itself.

use std::collections::HashMap;

use esker_core::{Column, Result, Values};
use esker_math::{Ground, ranks};

use super::{Cure, Suspect, distinct, key, moments, numbers, smooth};
use crate::plan::Plan;

/// Rows below which nothing is said.
const FEW: usize = 20;
/// Standard deviations by which a statistic may differ from what it is taken for.
const SAME: f64 = 1e-5;
/// Of a standardised column, the mean, and the distance of the standard deviation from 1.
const STANDARD: f64 = 2e-4;
/// As before, where an expression of the recipe has rounded constants.
const ROUNDED: f64 = 4e-3;
/// Share of rows that must agree.
const AGREE: f64 = 0.9;
/// Neighbours that a mean is looked for of.
const NEIGHBOURS: usize = 16;
/// Rows whose neighbours are looked at.
const LOOKED: usize = 3000;

/// All kinds, those of the target first.
pub(super) fn of_all_rows(plan: &Plan) -> Result<Vec<Suspect>> {
    if plan.data.samples.rows() < FEW {
        return Ok(Vec::new());
    }
    let mut found: Vec<Suspect> = of_target_itself(plan)?.into_iter().collect();
    let truths = truths(plan.audited_target()?);
    let levels = levels(plan);
    let near = nearest(plan)?;
    for column in plan.audited_features() {
        let Some(f) = numbers(column) else { continue };
        let own: Vec<Option<u64>> = (0..f.len()).map(|r| key(&column.values, r)).collect();
        let own = members(&own);
        if let Some((what, evidence)) = truths.iter().find_map(|t| of_target(f, t, (&own, &levels), near.as_deref())) {
            let mend = format!(
                "Leave '{}' out; a group mean of the target has to be taken from the training rows of each fold, as the model 'group-mean' does.",
                column.name
            );
            let what = format!("Feature '{}' is {what}.", column.name);
            found.push(Suspect::column(plan, "target-statistic", &column.name, what, evidence, mend));
        }
    }
    found.extend(of_features(plan));
    Ok(found)
}

/// The target as numbers: itself, or 1 for each class in turn.
fn truths(target: &Column) -> Vec<Vec<f64>> {
    match &target.values {
        Values::Real(v) => vec![v.clone()],
        Values::Class(c) => {
            let classes = c.levels().len().min(10) as u32;
            (0..classes).map(|k| c.codes().iter().map(|code| f64::from(u8::from(*code == k))).collect()).collect()
        }
    }
}

/// Columns of the table that part the rows into groups, by name, with the rows of each.
fn levels(plan: &Plan) -> Vec<(&str, Vec<Vec<usize>>)> {
    let n = plan.data.samples.rows();
    let parts = |c: &&Column| (2..=n / 2).contains(&distinct(&c.values));
    let of = |c: &Column| members(&(0..n).map(|r| key(&c.values, r)).collect::<Vec<_>>());
    let target = &plan.data.target;
    plan.data.table.columns().iter().filter(|c| c.name != *target).filter(parts).map(|c| (c.name.as_str(), of(c))).collect()
}

/// Rows of each level.
fn members(levels: &[Option<u64>]) -> Vec<Vec<usize>> {
    let mut of: HashMap<u64, Vec<usize>> = HashMap::new();
    levels.iter().enumerate().filter_map(|(r, l)| Some((r, (*l)?))).for_each(|(r, l)| of.entry(l).or_default().push(r));
    let mut all: Vec<Vec<usize>> = of.into_values().collect();
    all.sort_unstable();
    all
}

/// Whether something is told of at least half of the rows, and `f` says it.
fn says(f: &[f64], sd: f64, told: &[Option<f64>]) -> bool {
    2 * told.iter().flatten().count() >= f.len() && agrees(f, sd, told)
}

/// Whether `f` says what is told in nearly all rows where something is, and that varies.
fn agrees(f: &[f64], sd: f64, told: &[Option<f64>]) -> bool {
    let known: Vec<(f64, f64)> = f.iter().zip(told).filter_map(|(f, t)| Some((*f, (*t)?))).filter(|p| p.0.is_finite()).collect();
    let same = known.iter().filter(|(f, t)| (f - t).abs() <= SAME * sd).count();
    let (_, spread) = moments(&known.iter().map(|p| p.1).collect::<Vec<f64>>());
    known.len() >= FEW
        && 2 * known.len() >= told.iter().flatten().count()
        && same as f64 >= AGREE * known.len() as f64
        && spread > 0.01 * sd
}

/// The name of a column of classes, and the rows of each class.
type Levels<'a> = (&'a str, Vec<Vec<usize>>);

/// Which statistic of the target a feature is, with the evidence. `own` are the rows of each of its values, `near` the neighbours of rows.
fn of_target(f: &[f64], y: &[f64], (own, levels): (&[Vec<usize>], &[Levels<'_>]), near: Option<&[Vec<usize>]>) -> Option<(String, String)> {
    let (mean, sd) = moments(y);
    if sd.is_nan() || sd <= 0.0 {
        return None;
    }
    if says(f, sd, &per_level(own, y, |y, rows, _| (rows.len() > 1).then(|| mean_of(y, rows)))) {
        return Some((
            "the mean of the target over groups of rows".into(),
            "In the rows of each of its values, the mean of the target is that value; all rows are counted, those tested too.".into(),
        ));
    }
    for (name, groups) in levels {
        let left_out = |y: &[f64], rows: &[usize], r: usize| {
            (rows.len() > 1).then(|| (mean_of(y, rows) * rows.len() as f64 - y[r]) / (rows.len() - 1) as f64)
        };
        let around = |y: &[f64], rows: &[usize], r: usize| (rows.len() > 1).then(|| y[r] - mean_of(y, rows));
        if says(f, sd, &per_level(groups, y, left_out)) {
            let evidence = format!("In each row it is the mean of the target over the other rows with the same '{name}'.");
            return Some(("the mean of the target over the other rows of a group".into(), evidence));
        }
        if says(f, sd, &per_level(groups, y, around)) {
            let evidence = format!("It is the target less its mean over the rows with the same '{name}'.");
            return Some(("the target's deviation from a group mean".into(), evidence));
        }
        if let Some(weight) = shrunk(f, y, (mean, sd), groups) {
            let evidence = format!(
                "It is the mean of the target over rows with the same '{name}', drawn to the mean of all as by {weight:.1} more rows."
            );
            return Some(("a smoothed mean of the target over groups of rows".into(), evidence));
        }
    }
    of_neighbours(near?, f, y, sd)
}

fn mean_of(y: &[f64], rows: &[usize]) -> f64 {
    rows.iter().map(|&r| y[r]).sum::<f64>() / rows.len() as f64
}

fn per_level(groups: &[Vec<usize>], y: &[f64], told: impl Fn(&[f64], &[usize], usize) -> Option<f64>) -> Vec<Option<f64>> {
    let mut all = vec![None; y.len()];
    for rows in groups {
        rows.iter().for_each(|&r| all[r] = told(y, rows, r));
    }
    all
}

/// The number m for which `f` is (Σ y + m · mean) / (n + m) in every group, if there is one.
fn shrunk(f: &[f64], y: &[f64], (mean, sd): (f64, f64), groups: &[Vec<usize>]) -> Option<f64> {
    if groups.len() < 3 {
        return None;
    }
    let mut weights = Vec::with_capacity(groups.len());
    for rows in groups {
        let first = f[rows[0]];
        if rows.iter().any(|&r| (f[r] - first).abs() > SAME * sd || f[r].is_nan()) {
            return None;
        }
        // Near the mean of all, any weight fits.
        if (first - mean).abs() > 0.02 * sd {
            weights.push(rows.len() as f64 * (mean_of(y, rows) - first) / (first - mean));
        }
    }
    let m = esker_math::quantile(&weights, 0.5).ok()?;
    let fits = weights.iter().filter(|w| (*w - m).abs() <= 0.01 * m).count();
    (weights.len() >= 3 && m > 0.0 && fits as f64 >= AGREE * weights.len() as f64).then_some(m)
}

/// The nearest other rows of each row, nearest first; of some rows only where there are many.
fn nearest(plan: &Plan) -> Result<Option<Vec<Vec<usize>>>> {
    let Some(places) = &plan.data.samples.support().place else { return Ok(None) };
    let ground = Ground::new(places);
    let tree = ground.tree()?;
    let step = ground.len().div_ceil(LOOKED).max(1);
    let mut found = Vec::new();
    let mut near = vec![Vec::new(); ground.len()];
    for r in (0..ground.len()).step_by(step) {
        tree.nearest(ground.point(r), NEIGHBOURS + 2, &mut found);
        near[r] = found.iter().map(|n| n.index).filter(|&i| i != r).collect();
    }
    Ok(Some(near))
}

/// Whether `f` is the mean of the target over the nearest rows.
fn of_neighbours(near: &[Vec<usize>], f: &[f64], y: &[f64], sd: f64) -> Option<(String, String)> {
    for k in 1..=NEIGHBOURS {
        let others = |r: usize| near[r].iter().take(k).map(|&i| y[i]).sum::<f64>();
        for (own, count) in [(false, k), (true, k + 1)] {
            let told: Vec<Option<f64>> = (0..y.len())
                .map(|r| (near[r].len() >= k && !near[r].is_empty()).then(|| (others(r) + if own { y[r] } else { 0.0 }) / count as f64))
                .collect();
            if agrees(f, sd, &told) {
                let with = if own { ", its own among them" } else { "" };
                return Some((
                    "the mean of the target round the row".into(),
                    format!("It is the mean of the target over the {count} nearest rows{with}; those tested are counted too."),
                ));
            }
        }
    }
    None
}

/// Features that are standardised, centred, scaled or ranked over all rows.
fn of_features(plan: &Plan) -> Vec<Suspect> {
    let mut found = Vec::new();
    for column in plan.audited_features() {
        let Some(f) = numbers(column).filter(|_| 4 * distinct(&column.values) > column.len()) else { continue };
        let derived = plan.recipe.data.derive.iter().any(|d| d.name == column.name);
        let tolerance = if derived { ROUNDED } else { STANDARD };
        let source = |fits: &dyn Fn(&[f64], &[f64]) -> bool| {
            let others = plan.data.table.columns().iter().filter(|c| c.name != column.name && c.name != plan.data.target);
            others.filter_map(|c| Some((c, numbers(c)?))).find_map(|(c, s)| {
                let (a, b) = smooth::both(f, s);
                (2 * a.len() > f.len() && fits(&a, &b)).then(|| c.name.clone())
            })
        };
        let (how, from) = if let Some(how) = standard(f, tolerance) {
            (how.to_owned(), source(&|a, b| smooth::affine(a, b, 1e-3).is_some()))
        } else if let Some(from) = source(&|a, b| scaled(a, b, tolerance)) {
            (format!("It is '{from}' less its mean, or between its least and largest value, over all rows."), Some(from))
        } else if let Some(from) = source(&|a, b| ranked(a, b)) {
            (format!("It is the rank of '{from}' among all rows."), Some(from))
        } else {
            continue;
        };
        let name = &column.name;
        let what = format!("Feature '{name}' was scaled by a statistic of all rows.");
        let mend = match &from {
            Some(from) => format!("Use '{from}' itself: what a model needs scaled is scaled from the training rows of each fold."),
            None => {
                "Use the column as it was measured: what a model needs scaled is scaled from the training rows of each fold.".to_owned()
            }
        };
        let mut suspect = Suspect::column(plan, "all-rows-statistic", name, what, how, mend);
        suspect.cure = from.map_or(Cure::Nothing, |from| Cure::Instead(name.clone(), from));
        found.push(suspect);
    }
    found
}

/// Whether values have mean 0 and standard deviation 1.
fn standard(f: &[f64], tolerance: f64) -> Option<&'static str> {
    let (mean, sd) = moments(f);
    let n = f.iter().filter(|v| v.is_finite()).count() as f64;
    let unit = (sd - 1.0).abs() < tolerance || (sd * ((n - 1.0) / n).sqrt() - 1.0).abs() < tolerance;
    (mean.abs() < tolerance && unit).then_some("Over all rows, its mean is 0 and its standard deviation 1.")
}

/// Whether `a` is `b` less its mean, or scaled to 0..1.
fn scaled(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    let Some((_, slope)) = smooth::affine(a, b, SAME) else { return false };
    let (mean, sd) = moments(a);
    let (low, high) = a.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    // The source must not be centred itself: then this is its unit only.
    let centred = mean.abs() < 0.01 * tolerance * sd && (slope - 1.0).abs() < 1e-6 && moments(b).0.abs() > 0.01 * moments(b).1;
    let unit = low.abs() < 1e-9 && (high - 1.0).abs() < 1e-9;
    centred || unit && !b.iter().all(|v| (0.0..=1.0).contains(v))
}

/// Whether `a` numbers the rows in the order of `b`, which is not so numbered itself.
fn ranked(a: &[f64], b: &[f64]) -> bool {
    // Ranks of equal values may be given in several ways, so nearly is enough.
    let order = ranks(b);
    esker_math::correlation(a, &order) > 0.9999 && esker_math::correlation(b, &order) < 0.999
}

/// A target that was standardised, centred or ranked with the rows tested.
fn of_target_itself(plan: &Plan) -> Result<Option<Suspect>> {
    let target = plan.audited_target()?;
    let Some(y) = numbers(target).filter(|_| 2 * distinct(&target.values) > target.len()) else { return Ok(None) };
    let (mean, sd) = moments(y);
    let order = ranks(y);
    let n = y.len() as f64;
    let others = || plan.data.table.columns().iter().filter(|c| c.name != target.name).filter_map(|c| Some((&c.name, numbers(c)?)));
    let how = if let Some(how) = standard(y, STANDARD) {
        Some(how.to_owned())
    } else if smooth::affine(y, &order, SAME).is_some() {
        Some("Its values are evenly spaced: they are ranks among all rows.".to_owned())
    } else if normal_scores(y, &order) {
        Some("Its values are normal quantiles of ranks among all rows.".to_owned())
    } else if mean.abs() < 1e-9 * sd * n.sqrt() {
        Some("Over all rows its mean is 0: the mean of all rows, or a fit to all rows, was taken off.".to_owned())
    } else {
        others().find(|(_, s)| scaled(y, s, STANDARD)).map(|(name, _)| format!("It is '{name}', scaled by a statistic of all rows."))
    };
    Ok(how.map(|evidence| Suspect {
        code: "target-transformed",
        what: format!("The target '{}' was transformed with statistics of all rows before the split.", target.name),
        columns: vec![target.name.clone()],
        key: "roles.target".to_owned(),
        rows: Vec::new(),
        evidence,
        mend: "Give the target as it was measured: what a model needs scaled is scaled from the training rows of each fold, and scores keep the unit."
            .to_owned(),
        cure: Cure::OwnScale,
        proven: false,
    }))
}

/// Whether values are normal quantiles of (rank − a) / (n + 1 − 2 a), for the usual a (Blom 1958).
fn normal_scores(y: &[f64], order: &[f64]) -> bool {
    let n = y.len() as f64;
    [0.0, 0.375, 0.5].iter().any(|a| {
        let score: Vec<f64> = order.iter().map(|r| esker_math::normal_quantile((r - a) / (n + 1.0 - 2.0 * a))).collect();
        smooth::affine(y, &score, 1e-4).is_some()
    })
}
