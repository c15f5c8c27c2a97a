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

/// Statistics of the target.
pub(super) fn of_target(plan: &Plan) -> Result<Vec<Suspect>> {
    if plan.data.samples.rows() < FEW {
        return Ok(Vec::new());
    }
    let mut found: Vec<Suspect> = of_target_itself(plan)?.into_iter().collect();
    let levels = levels(plan);
    let truths: Vec<Truth<'_>> = truths(plan.audited_target()?).into_iter().filter_map(|y| Truth::new(y, &levels)).collect();
    let near = nearest(plan)?;
    for column in plan.audited_features() {
        let Some(f) = numbers(column) else { continue };
        let own = members(&column.values);
        if let Some((what, evidence)) = truths.iter().find_map(|t| t.read_by(f, &own, near.as_deref())) {
            let mend = format!(
                "Leave '{}' out; a group mean of the target has to be taken from the training rows of each fold, as the model 'group-mean' does.",
                column.name
            );
            let what = format!("Feature '{}' is {what}.", column.name);
            found.push(Suspect::column(plan, "target-statistic", &column.name, what, evidence, mend));
        }
    }
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
    let target = &plan.data.target;
    plan.data.table.columns().iter().filter(|c| c.name != *target).filter(parts).map(|c| (c.name.as_str(), members(&c.values))).collect()
}

/// Rows of each value that more than one row has.
fn members(values: &Values) -> Vec<Vec<usize>> {
    let mut of: HashMap<u64, Vec<usize>> = HashMap::new();
    (0..values.len()).filter_map(|r| Some((r, key(values, r)?))).for_each(|(r, l)| of.entry(l).or_default().push(r));
    let mut all: Vec<Vec<usize>> = of.into_values().filter(|rows| rows.len() > 1).collect();
    all.sort_unstable();
    all
}

/// Whether `f` says what is told, of at least half of the rows.
fn says(f: &[f64], sd: f64, groups: &[Group<'_>], told: impl Fn(&Group<'_>, usize) -> f64) -> bool {
    let rows: usize = groups.iter().map(|g| g.rows.len()).sum();
    2 * rows >= f.len() && agrees(f, sd, rows, groups.iter().flat_map(|g| g.rows.iter().map(|&r| (r, told(g, r)))))
}

/// Whether `f` says what is told in nearly all of so many rows, and that varies. Ends as soon as too many differ.
fn agrees(f: &[f64], sd: f64, rows: usize, told: impl Iterator<Item = (usize, f64)>) -> bool {
    let (mut missed, mut known) = (0, Vec::new());
    for (r, told) in told.filter(|t| f[t.0].is_finite()) {
        known.push(told);
        missed += usize::from((f[r] - told).abs() > SAME * sd);
        if missed as f64 > (1.0 - AGREE) * rows as f64 {
            return false;
        }
    }
    let enough = known.len() >= FEW && 2 * known.len() >= rows;
    enough && missed as f64 <= (1.0 - AGREE) * known.len() as f64 && moments(&known).1 > 0.01 * sd
}

/// Rows of one value of a column, and the mean of the target over them.
struct Group<'a> {
    rows: &'a [usize],
    mean: f64,
}

fn groups<'a>(members: &'a [Vec<usize>], y: &[f64]) -> Vec<Group<'a>> {
    members.iter().map(|rows| Group { rows, mean: rows.iter().map(|&r| y[r]).sum::<f64>() / rows.len() as f64 }).collect()
}

/// The target as numbers, and its means over the groups of each column of the table, by name.
struct Truth<'a> {
    y: Vec<f64>,
    mean: f64,
    sd: f64,
    levels: Vec<(&'a str, Vec<Group<'a>>)>,
}

impl<'a> Truth<'a> {
    /// `None` where it does not vary.
    fn new(y: Vec<f64>, levels: &'a [(&'a str, Vec<Vec<usize>>)]) -> Option<Self> {
        let (mean, sd) = moments(&y);
        let levels = levels.iter().map(|(name, members)| (*name, groups(members, &y))).collect();
        (sd > 0.0).then_some(Self { y, mean, sd, levels })
    }

    /// Which statistic of the target a feature is, with the evidence. `own` are the rows of each of its values, `near` the neighbours of rows.
    fn read_by(&self, f: &[f64], own: &[Vec<usize>], near: Option<&[(usize, Vec<usize>)]>) -> Option<(String, String)> {
        let (y, sd) = (&self.y, self.sd);
        if says(f, sd, &groups(own, y), |g, _| g.mean) {
            return Some((
                "the mean of the target over groups of rows".into(),
                "In the rows of each of its values, the mean of the target is that value; all rows are counted, those tested too.".into(),
            ));
        }
        for (name, groups) in &self.levels {
            let left_out = |g: &Group<'_>, r: usize| (g.mean * g.rows.len() as f64 - y[r]) / (g.rows.len() - 1) as f64;
            if says(f, sd, groups, left_out) {
                let evidence = format!("In each row it is the mean of the target over the other rows with the same '{name}'.");
                return Some(("the mean of the target over the other rows of a group".into(), evidence));
            }
            if says(f, sd, groups, |g, r| y[r] - g.mean) {
                let evidence = format!("It is the target less its mean over the rows with the same '{name}'.");
                return Some(("the target's deviation from a group mean".into(), evidence));
            }
            if let Some(weight) = shrunk(f, (self.mean, sd), groups) {
                let evidence = format!(
                    "It is the mean of the target over rows with the same '{name}', drawn to the mean of all as by {weight:.1} more rows."
                );
                return Some(("a smoothed mean of the target over groups of rows".into(), evidence));
            }
        }
        of_neighbours(near?, f, y, sd)
    }
}

/// The number m for which `f` is (Σ y + m · mean) / (n + m) in every group, if there is one.
fn shrunk(f: &[f64], (mean, sd): (f64, f64), groups: &[Group<'_>]) -> Option<f64> {
    if groups.len() < 3 || 2 * groups.iter().map(|g| g.rows.len()).sum::<usize>() < f.len() {
        return None;
    }
    let mut weights = Vec::with_capacity(groups.len());
    for Group { rows, mean: own } in groups {
        let first = f[rows[0]];
        if rows.iter().any(|&r| (f[r] - first).abs() > SAME * sd || f[r].is_nan()) {
            return None;
        }
        // Near the mean of all, any weight fits.
        if (first - mean).abs() > 0.02 * sd {
            weights.push(rows.len() as f64 * (own - first) / (first - mean));
        }
    }
    let m = esker_math::quantile(&weights, 0.5).ok()?;
    let fits = weights.iter().filter(|w| (*w - m).abs() <= 0.01 * m).count();
    (weights.len() >= 3 && m > 0.0 && fits as f64 >= AGREE * weights.len() as f64).then_some(m)
}

/// A row with its nearest other rows, nearest first.
type Near = (usize, Vec<usize>);

/// Rows with their nearest others; some rows only where there are many.
fn nearest(plan: &Plan) -> Result<Option<Vec<Near>>> {
    let Some(places) = &plan.data.samples.support().place else { return Ok(None) };
    let ground = Ground::new(places);
    let tree = ground.tree()?;
    let step = ground.len().div_ceil(LOOKED).max(1);
    let mut found = Vec::new();
    let mut near = Vec::new();
    for r in (0..ground.len()).step_by(step) {
        tree.nearest(ground.point(r), NEIGHBOURS + 2, &mut found);
        near.push((r, found.iter().map(|n| n.index).filter(|&i| i != r).collect()));
    }
    Ok(Some(near))
}

/// Whether `f` is the mean of the target over the nearest rows.
fn of_neighbours(near: &[Near], f: &[f64], y: &[f64], sd: f64) -> Option<(String, String)> {
    for k in 1..=NEIGHBOURS {
        for (own, count) in [(false, k), (true, k + 1)] {
            let told = near.iter().filter(|n| n.1.len() >= k).map(|(r, others)| {
                let sum = others[..k].iter().map(|&i| y[i]).sum::<f64>() + if own { y[*r] } else { 0.0 };
                (*r, sum / count as f64)
            });
            if agrees(f, sd, near.len(), told) {
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

/// Features that are standardised, centred, scaled or ranked over all rows; after what copies the target, which a scaled copy does too.
pub(super) fn of_features(plan: &Plan) -> Result<Vec<Suspect>> {
    let mut found = Vec::new();
    if plan.data.samples.rows() < FEW {
        return Ok(found);
    }
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
        } else if let Some(from) = are_ranks(plan, column, f).then(|| source(&ranked)).flatten() {
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
    Ok(found)
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
    // Per cent as a fraction, or another unit: nothing was taken from the rows.
    let power = slope.abs().log10();
    let other_unit = b.iter().copied().fold(f64::INFINITY, f64::min) == 0.0 && (power - power.round()).abs() < 1e-9;
    let unit = low.abs() < 1e-9 && (high - 1.0).abs() < 1e-9 && !other_unit;
    centred || unit && !b.iter().all(|v| (0.0..=1.0).contains(v))
}

/// Whether a column holds ranks or shares of ranks of all rows. One that goes with time, or with the order of the file, is an axis.
fn are_ranks(plan: &Plan, column: &Column, f: &[f64]) -> bool {
    let n = f.iter().filter(|v| v.is_finite()).count() as f64;
    let (low, high) = f.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let of = |unit: f64| {
        let whole = f.iter().filter(|v| v.is_finite()).all(|v| (2.0 * v / unit - (2.0 * v / unit).round()).abs() < 1e-6);
        // Equal values share a rank, so the first and the last may be missing.
        whole && low / unit > -0.5 && low / unit < 1.0 + 0.02 * n && high / unit <= n + 0.5 && (high - low) / unit > 0.96 * n - 2.0
    };
    let in_order = f.windows(2).all(|w| w[0] < w[1]) || f.windows(2).all(|w| w[0] > w[1]);
    !in_order && !super::series::tells_time(plan, &column.values) && [1.0, 1.0 / n, 1.0 / (n - 1.0), 1.0 / (n + 1.0)].into_iter().any(of)
}

/// Whether `a`, which holds ranks, numbers the rows in the order of `b`, which does not.
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
