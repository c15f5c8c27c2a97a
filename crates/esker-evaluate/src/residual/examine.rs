//! All that is asked of the held-out errors of a run, as plain data for the record.

use std::cmp::Ordering;

use esker_core::dependence::{BlockError, ErrorChecks, ErrorVariogram, Likeness, SeriesCheck, SpreadCheck};
use esker_core::{Places, Result, Rng, Support};
use esker_math::{Ground, Semivariogram, Structure, mean, quantile_of_sorted};

use super::{Statistic, Weights, at_scales, autocorrelation, breusch_pagan, global, ljung_box, permutation_p, spearman};

/// Fewest places that are asked whether neighbours are alike.
const FEWEST_PLACES: usize = 20;
/// Fewest times that are asked for autocorrelation.
const FEWEST_TIMES: usize = 20;
/// Nearest neighbours of a place.
const NEAREST: usize = 8;
/// Permutations behind a probability.
const PERMUTATIONS: usize = 999;
/// Places beyond which the normal distribution takes the place of permutations.
const MANY_PLACES: usize = 20_000;
/// Fewest blocks whose means are scored.
const FEWEST_BLOCKS: usize = 5;
/// Most sizes of blocks.
const MOST_SIDES: usize = 6;

/// Distinct places with the mean error of their rows, in the order of their coordinates.
#[derive(Debug, Clone, PartialEq)]
pub struct Sites {
    /// The places.
    pub places: Places,
    /// Their mean errors.
    pub errors: Vec<f64>,
}

impl Sites {
    /// Takes the mean of all rows of a place. The order of the rows changes nothing.
    ///
    /// # Errors
    /// None for places that are places already.
    ///
    /// # Panics
    /// Not one error a place.
    pub fn new(places: &Places, errors: &[f64]) -> Result<Self> {
        assert_eq!(places.x().len(), errors.len(), "one error a place");
        let (x, y) = (places.x(), places.y());
        let mut order: Vec<usize> = (0..errors.len()).collect();
        let there = |a: usize, b: usize| x[a].total_cmp(&x[b]).then(y[a].total_cmp(&y[b]));
        order.sort_unstable_by(|&a, &b| there(a, b).then(errors[a].total_cmp(&errors[b])));
        let (mut sx, mut sy, mut means) = (Vec::new(), Vec::new(), Vec::new());
        for rows in order.chunk_by(|&a, &b| there(a, b) == Ordering::Equal) {
            sx.push(x[rows[0]]);
            sy.push(y[rows[0]]);
            means.push(mean(&rows.iter().map(|&r| errors[r]).collect::<Vec<_>>()));
        }
        Ok(Self { places: Places::new(sx, sy, places.crs().clone())?, errors: means })
    }
}

/// What the held-out errors know of each other: likeness of neighbouring places (the mean of a place, its 8 nearest others), their variogram,
/// autocorrelation of the mean of each time, spread against the prediction, and errors of block means. What the rows cannot carry (no places,
/// fewer than 20 of them, errors that are all the same) is left out.
///
/// `of` names the error. `predicted`, if given, are predictions of numbers.
///
/// # Errors
/// None that data can cause: what cannot be computed is left out.
pub fn examine(of: &str, support: &Support, errors: &[f64], predicted: Option<&[f64]>, rng: &Rng) -> Result<ErrorChecks> {
    let mut checks = ErrorChecks { of: of.to_owned(), ..ErrorChecks::default() };
    if errors.len() != support.rows || errors.iter().any(|e| !e.is_finite()) {
        return Ok(checks);
    }
    if let Some(places) = &support.place {
        let sites = Sites::new(places, errors)?;
        let ground = Ground::new(&sites.places);
        checks.places = sites.errors.len();
        if checks.places >= FEWEST_PLACES {
            checks.neighbours = likeness(&sites, &ground, rng).ok();
            checks.variogram = variogram(&sites, &ground).ok();
            checks.scales = scales(&sites, &ground).unwrap_or_default();
        }
    }
    checks.series = support.time.as_ref().and_then(|t| series(&t.days, errors));
    checks.spread = predicted.and_then(|p| spread(errors, p).ok());
    Ok(checks)
}

fn likeness(sites: &Sites, ground: &Ground, rng: &Rng) -> Result<Likeness> {
    let nearest = NEAREST.min(sites.errors.len() - 1);
    let weights = Weights::nearest(ground, nearest)?.standardised();
    let moran = global(Statistic::Moran, &sites.errors, &weights)?;
    let geary = global(Statistic::Geary, &sites.errors, &weights)?;
    let permutations = if sites.errors.len() > MANY_PLACES { 0 } else { PERMUTATIONS };
    let p = if permutations == 0 {
        moran.p()
    } else {
        permutation_p(Statistic::Moran, &sites.errors, &weights, permutations, &rng.fork("moran", 0))?
    };
    Ok(Likeness { nearest, moran: moran.value, expected: moran.expected, p, permutations, geary: geary.value, geary_p: geary.p() })
}

fn variogram(sites: &Sites, ground: &Ground) -> Result<ErrorVariogram> {
    let found = Semivariogram::on_ground(ground, &sites.errors, None)?;
    let fit = found.best()?;
    Ok(ErrorVariogram {
        classes: found.classes.iter().map(|c| (c.pairs, c.distance, c.semivariance)).collect(),
        shape: fit.shape.name().to_owned(),
        nugget: fit.nugget,
        sill: fit.sill,
        reach: fit.reach(),
        beyond: fit.structure == Structure::Beyond,
        cutoff: found.lags.cutoff,
        points: found.points,
    })
}

/// Sides 1, 2, 5, 10, … of the unit, from the median distance to the nearest place upwards.
fn scales(sites: &Sites, ground: &Ground) -> Result<Vec<BlockError>> {
    let mut near = ground.to_nearest_other()?;
    near.sort_unstable_by(f64::total_cmp);
    let least = quantile_of_sorted(&near, 0.5);
    let mut power = 10f64.powf(least.log10().floor());
    let mut sides = Vec::new();
    while sides.len() < 60 && power.is_finite() && power > 0.0 {
        sides.extend([1.0, 2.0, 5.0].map(|m| m * power).into_iter().filter(|s| *s >= 2.0 * least));
        power *= 10.0;
    }
    let mut found = Vec::new();
    for side in sides {
        let one = at_scales(&sites.places, &sites.errors, &[side])?[0];
        if one.blocks < FEWEST_BLOCKS || found.len() == MOST_SIDES {
            break;
        }
        found.push(BlockError { side, blocks: one.blocks, rmse: one.rmse, independent: one.independent });
    }
    Ok(found)
}

fn series(days: &[f64], errors: &[f64]) -> Option<SeriesCheck> {
    let mut order: Vec<usize> = (0..days.len()).filter(|&i| days[i].is_finite()).collect();
    order.sort_unstable_by(|&a, &b| days[a].total_cmp(&days[b]).then(errors[a].total_cmp(&errors[b])));
    let (mut times, mut means) = (Vec::new(), Vec::new());
    for rows in order.chunk_by(|&a, &b| days[a] == days[b]) {
        times.push(days[rows[0]]);
        means.push(mean(&rows.iter().map(|&r| errors[r]).collect::<Vec<_>>()));
    }
    if times.len() < FEWEST_TIMES {
        return None;
    }
    let steps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let step = quantile_of_sorted(&sorted, 0.5);
    let lags = (times.len() / 5).min(10);
    let autocorrelation = autocorrelation(&means, lags).ok()?;
    Some(SeriesCheck {
        times: times.len(),
        step,
        regular: steps.iter().all(|s| (s - step).abs() <= 0.1 * step),
        autocorrelation: autocorrelation[1..].to_vec(),
        p: ljung_box(&means, lags).ok()?.p,
    })
}

fn spread(errors: &[f64], predicted: &[f64]) -> Result<SpreadCheck> {
    let size: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
    let rank = spearman(&size, predicted)?;
    let test = breusch_pagan(errors, &[predicted])?;
    Ok(SpreadCheck { spearman: rank.correlation, spearman_p: rank.p, breusch_pagan_p: test.p })
}
