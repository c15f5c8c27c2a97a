//! What the adviser measures: distances to the nearest sample, how far likeness reaches, and what the groups are like.

use esker_core::{Fold, Result, Support, Values};
use esker_math::variogram::{Fitted, Semivariogram, Structure};
use esker_math::{Columns, Ground, KdTree, Neighbour, least_squares};
use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::judge::distance;

/// Metres from each test row of some folds to the nearest row that its fold learns from.
///
/// # Errors
/// A coordinate that is not finite.
pub(crate) fn of_folds(ground: &Ground, folds: &[Fold]) -> Result<Vec<f64>> {
    let each: Vec<Vec<f64>> = folds
        .par_iter()
        .map(|fold| {
            let points: Vec<f64> = fold.train.iter().flat_map(|&row| ground.point(row)).copied().collect();
            let tree = KdTree::new(&points, ground.dimensions())?;
            let mut found = Vec::new();
            Ok(fold.test.iter().map(|&row| nearest(ground, &tree, ground.point(row), &mut found)).collect())
        })
        .collect::<Result<_>>()?;
    Ok(each.concat())
}

fn nearest(ground: &Ground, tree: &KdTree, at: &[f64], found: &mut Vec<Neighbour>) -> f64 {
    tree.nearest(at, 1, found);
    found.first().map_or(f64::INFINITY, |n| ground.metres(n.distance2))
}

/// How far the likeness of some values reaches.
pub(crate) struct Reach {
    /// Of what.
    pub of: String,
    pub fitted: Fitted,
    /// The largest distance looked at, metres.
    pub cutoff: f64,
}

impl Reach {
    /// Metres beyond which values tell nothing of each other; at most what was looked at.
    pub fn metres(&self) -> Option<f64> {
        self.fitted.reach().map(|r| r.min(self.cutoff))
    }

    /// In words.
    pub fn sentence(&self) -> String {
        let share = self.fitted.sill / (self.fitted.nugget + self.fitted.sill);
        match (self.fitted.structure, self.fitted.reach()) {
            (Structure::Found, Some(r)) => format!(
                "{} is alike up to about {} ({} variogram, {:.0} % of its variance depends on distance).",
                self.of,
                distance(r),
                self.fitted.shape.name(),
                100.0 * share
            ),
            (Structure::Beyond, _) => format!(
                "{} is alike beyond {}, the largest distance looked at: the samples span one stretch of likeness.",
                self.of,
                distance(self.cutoff)
            ),
            _ => format!("{} shows no likeness of near samples.", self.of),
        }
    }
}

/// How far the target and its residuals from a linear model of the features are alike. Classes have no variogram here.
pub(crate) fn reaches(data: &Dataset, ground: &Ground) -> Vec<Reach> {
    let Ok(target) = data.samples.column(&data.target) else { return Vec::new() };
    let Values::Real(y) = &target.values else { return Vec::new() };
    let reach = |of: String, values: &[f64]| {
        let semivariogram = Semivariogram::on_ground(ground, values, None).ok()?;
        Some(Reach { of, fitted: semivariogram.best().ok()?, cutoff: semivariogram.lags.cutoff })
    };
    let whole = reach(format!("The target {}", data.target), y);
    let rest = residuals(data, y).and_then(|r| reach("What a linear model of the features leaves of it".into(), &r));
    whole.into_iter().chain(rest).collect()
}

/// What a least-squares fit on the numeric features leaves; missing values are taken at their mean.
fn residuals(data: &Dataset, y: &[f64]) -> Option<Vec<f64>> {
    let mut x = vec![1.0; y.len()];
    for name in &data.features {
        let Values::Real(v) = &data.samples.column(name).ok()?.values else { continue };
        let known: Vec<f64> = v.iter().copied().filter(|x| x.is_finite()).collect();
        if known.is_empty() {
            continue;
        }
        let (mean, sd) = (esker_math::mean(&known), esker_math::variance(&known).sqrt());
        if sd > 0.0 {
            x.extend(v.iter().map(|v| if v.is_finite() { (v - mean) / sd } else { 0.0 }));
        }
    }
    let columns = x.len() / y.len();
    if columns < 2 || columns >= y.len() {
        return None;
    }
    let fit = least_squares(Columns::new(&x, y.len(), columns), y, 0.0).ok()?;
    let said = |row: usize| (0..columns).map(|c| fit.coefficients[c] * x[c * y.len() + row]).sum::<f64>();
    Some((0..y.len()).map(|row| y[row] - said(row)).collect())
}

/// Rows of each group in use, the smallest first.
pub(super) fn groups(support: &Support) -> Vec<usize> {
    let mut counts: Vec<usize> = support.group.iter().flat_map(esker_core::Codes::counts).filter(|&n| n > 0).collect();
    counts.sort_unstable();
    counts
}

/// Days from each of some times to the nearest of others, which are sorted.
pub(crate) fn days_to(times: &[f64], sorted: &[f64]) -> Vec<f64> {
    let near = |t: f64| {
        let at = sorted.partition_point(|s| *s < t);
        let before = at.checked_sub(1).map_or(f64::INFINITY, |i| t - sorted[i]);
        sorted.get(at).map_or(before, |s| before.min(s - t))
    };
    times.iter().filter(|t| t.is_finite()).map(|&t| near(t)).collect()
}

/// Days from each test row of some folds to the nearest row that its fold learns from.
pub(crate) fn of_folds_in_time(days: &[f64], folds: &[Fold]) -> Vec<f64> {
    let each = folds.par_iter().map(|fold| {
        let of = |rows: &[usize]| rows.iter().map(|&r| days[r]).filter(|t| t.is_finite()).collect::<Vec<f64>>();
        let mut learned = of(&fold.train);
        learned.sort_by(f64::total_cmp);
        days_to(&of(&fold.test), &learned)
    });
    each.collect::<Vec<_>>().concat()
}

/// How far single features are alike, in one sentence: those of numbers that reach anywhere.
pub(super) fn of_features(data: &Dataset, ground: &Ground) -> Option<String> {
    let each: Vec<Option<String>> = data
        .features
        .par_iter()
        .map(|name| {
            let Values::Real(v) = &data.samples.column(name).ok()?.values else { return None };
            let semivariogram = Semivariogram::on_ground(ground, v, None).ok()?;
            let fitted = semivariogram.best().ok()?;
            let reach = fitted.reach()?;
            let cutoff = semivariogram.lags.cutoff;
            let told = if reach >= cutoff { format!("beyond {}", distance(cutoff)) } else { distance(reach) };
            Some(format!("{name} {told}"))
        })
        .collect();
    let told: Vec<String> = each.into_iter().flatten().collect();
    (!told.is_empty()).then(|| format!("Features are alike up to about: {}.", told.join(", ")))
}

/// How far apart in time the target is alike, in days: of what differs from the mean of its group.
pub(crate) fn reach_in_time(data: &Dataset, groups: Option<&esker_core::Codes>) -> Option<Fitted> {
    let days = &data.samples.support().time.as_ref()?.days;
    let Values::Real(y) = &data.samples.column(&data.target).ok()?.values else { return None };
    let values = match groups {
        Some(groups) => {
            let mut sums = vec![(0.0, 0.0); groups.levels().len()];
            for (v, code) in y.iter().zip(groups.codes()) {
                if let Some(sum) = sums.get_mut(*code as usize) {
                    (sum.0, sum.1) = (sum.0 + v, sum.1 + 1.0);
                }
            }
            y.iter().zip(groups.codes()).map(|(v, c)| sums.get(*c as usize).map_or(f64::NAN, |s| v - s.0 / s.1)).collect()
        }
        None => y.clone(),
    };
    Semivariogram::in_time(days, &values, None).and_then(|s| s.best()).ok()
}

/// Number of different places.
pub(super) fn distinct(ground: &Ground) -> usize {
    let mut points: Vec<&[f64]> = ground.points().chunks_exact(ground.dimensions()).collect();
    points.sort_by(|a, b| a.iter().zip(*b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal));
    points.dedup();
    points.len()
}
