//! What the adviser measures: distances to the nearest sample, how far likeness reaches, and what the groups are like.

use esker_core::{Fold, Result, Support, Values};
use esker_math::variogram::{Fitted, Semivariogram, Structure};
use esker_math::{Columns, Empirical, Ground, KdTree, Neighbour, least_squares};
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

/// Groups in use and the rows of the middle one.
pub(super) fn groups(support: &Support) -> Option<(usize, usize)> {
    let mut counts: Vec<usize> = support.group.as_ref()?.counts().into_iter().filter(|&n| n > 0).collect();
    counts.sort_unstable();
    Some((counts.len(), *counts.get(counts.len() / 2)?))
}

/// Number of different places.
pub(super) fn distinct(ground: &Ground) -> usize {
    let mut points: Vec<&[f64]> = ground.points().chunks_exact(ground.dimensions()).collect();
    points.sort_by(|a, b| a.iter().zip(*b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal));
    points.dedup();
    points.len()
}

/// A distribution for the record, in km.
pub(super) fn told(of: String, design: Option<String>, metres: &Empirical) -> esker_core::Distances {
    let quantiles = (0..=50).map(|i| metres.quantile(f64::from(i) / 50.0) / 1000.0).collect();
    esker_core::Distances { of, design, unit: "km".into(), quantiles, mean: metres.mean() / 1000.0 }
}
