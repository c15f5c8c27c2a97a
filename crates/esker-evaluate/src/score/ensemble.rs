//! Scores of predictive distributions: CRPS, probability integral transform, reliability, and the ratio of measured to promised variance.

use esker_core::{Error, Result};
use esker_math::normal_cdf;

fn thing(score: &str) -> Error {
    Error::data(super::input::thing(score))
}

fn check(score: &str, truth: &[f64], lists: &[&[f64]], of_each: usize) -> Result<()> {
    if truth.is_empty() || of_each == 0 || lists.iter().any(|l| l.len() != truth.len() * of_each) {
        return Err(thing(score)
            .got(format!("{} rows of truth and {} predicted numbers", truth.len(), lists.first().map_or(0, |l| l.len())))
            .rule("every row has as many predicted numbers, and there is at least one row"));
    }
    match truth.iter().chain(lists.iter().copied().flatten()).find(|v| !v.is_finite()) {
        Some(bad) => Err(thing(score).got(bad.to_string()).rule("all numbers are finite")),
        None => Ok(()),
    }
}

/// Mean continuous ranked probability score of ensembles (Hersbach 2000), in the unit of the truth; `members` is rows × members, row
/// after row. `fair` corrects for the number of members (Ferro 2014), so that a small ensemble is not punished for being small.
///
/// # Errors
/// No rows, lengths that do not fit, a number that is not finite, or a fair score of one member.
///
/// ```
/// use esker_evaluate::score::crps_ensemble;
/// assert_eq!(crps_ensemble(&[1.0], &[0.0, 2.0], false)?, 0.5);
/// # Ok::<(), esker_core::Error>(())
/// ```
pub fn crps_ensemble(truth: &[f64], members: &[f64], fair: bool) -> Result<f64> {
    let m = members.len() / truth.len().max(1);
    check("crps", truth, &[members], m)?;
    if fair && m < 2 {
        return Err(thing("crps").got("1 member").rule("the fair score needs at least 2"));
    }
    let mut sorted = vec![0.0; m];
    let pairs = if fair { (m * (m - 1)) as f64 } else { (m * m) as f64 };
    let sum: f64 = truth
        .iter()
        .zip(members.chunks_exact(m))
        .map(|(y, row)| {
            sorted.copy_from_slice(row);
            sorted.sort_unstable_by(f64::total_cmp);
            let to_truth = sorted.iter().map(|x| (x - y).abs()).sum::<f64>() / m as f64;
            // Σᵢ<ⱼ |xᵢ − xⱼ| of sorted members.
            let apart: f64 = sorted.iter().enumerate().map(|(k, x)| x * (2.0 * k as f64 + 1.0 - m as f64)).sum();
            to_truth - apart / pairs
        })
        .sum();
    Ok(sum / truth.len() as f64)
}

/// Mean CRPS of normal distributions (Gneiting et al. 2005, equation 5), in the unit of the truth. A standard deviation of 0 is a
/// point, whose score is the absolute error.
///
/// # Errors
/// No rows, lengths that differ, a number that is not finite, or a negative standard deviation.
pub fn crps_normal(truth: &[f64], centre: &[f64], sd: &[f64]) -> Result<f64> {
    check("crps", truth, &[centre, sd], 1)?;
    if let Some(bad) = sd.iter().find(|s| **s < 0.0) {
        return Err(thing("crps").got(format!("a standard deviation of {bad}")).rule("it is not negative"));
    }
    let one = |i: usize| {
        if sd[i] == 0.0 {
            return (truth[i] - centre[i]).abs();
        }
        let z = (truth[i] - centre[i]) / sd[i];
        let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        sd[i] * (z * (2.0 * normal_cdf(z) - 1.0) + 2.0 * density - 1.0 / std::f64::consts::PI.sqrt())
    };
    Ok((0..truth.len()).map(one).sum::<f64>() / truth.len() as f64)
}

/// Mean CRPS of quantiles, in the unit of the truth: twice the quantile loss (Koenker and Bassett 1978), each level standing for the
/// levels nearer to it than to another. `quantiles` is rows × levels, row after row. For the levels (k − ½)/m it is the CRPS of
/// m members.
///
/// # Errors
/// No rows, lengths that do not fit, a number that is not finite, levels that do not rise or lie outside 0..1.
pub fn crps_quantiles(truth: &[f64], quantiles: &[f64], levels: &[f64]) -> Result<f64> {
    check("crps", truth, &[quantiles], levels.len())?;
    let rising = levels.windows(2).all(|w| w[0] < w[1]);
    if !rising || levels.iter().any(|l| !(*l > 0.0 && *l < 1.0)) {
        return Err(thing("crps").got(format!("levels {levels:?}")).rule("levels rise and lie between 0 and 1"));
    }
    let k = levels.len();
    let edge = |i: usize| match i {
        0 => 0.0,
        i if i == k => 1.0,
        i => f64::midpoint(levels[i - 1], levels[i]),
    };
    let width: Vec<f64> = (0..k).map(|i| edge(i + 1) - edge(i)).collect();
    let sum: f64 = truth
        .iter()
        .zip(quantiles.chunks_exact(k))
        .map(|(y, row)| {
            let loss = |i: usize| (y - row[i]) * if *y < row[i] { levels[i] - 1.0 } else { levels[i] };
            2.0 * (0..k).map(|i| width[i] * loss(i)).sum::<f64>()
        })
        .sum();
    Ok(sum / truth.len() as f64)
}

/// The probability integral transform of ensembles: the share of members below the truth, those equal to it counted half.
///
/// # Errors
/// No rows, lengths that do not fit, or a number that is not finite.
pub fn pit_ensemble(truth: &[f64], members: &[f64]) -> Result<Vec<f64>> {
    let m = members.len() / truth.len().max(1);
    check("pit", truth, &[members], m)?;
    let below = |x: f64, y: f64| if x < y { 1.0 } else { 0.5 * f64::from(u8::from(x == y)) };
    Ok(truth.iter().zip(members.chunks_exact(m)).map(|(y, row)| row.iter().map(|x| below(*x, *y)).sum::<f64>() / m as f64).collect())
}

/// The probability integral transform of normal distributions: Φ((truth − centre)/sd).
///
/// # Errors
/// No rows, lengths that differ, a number that is not finite, or a standard deviation that is not above 0.
pub fn pit_normal(truth: &[f64], centre: &[f64], sd: &[f64]) -> Result<Vec<f64>> {
    check("pit", truth, &[centre, sd], 1)?;
    if let Some(bad) = sd.iter().find(|s| **s <= 0.0) {
        return Err(thing("pit").got(format!("a standard deviation of {bad}")).rule("it is above 0"));
    }
    Ok((0..truth.len()).map(|i| normal_cdf((truth[i] - centre[i]) / sd[i])).collect())
}

/// The shares of rows in equal bins of 0 to 1: flat where the distributions are right, a hump where they are too wide, a hollow where they
/// are too narrow. The last bin holds 1.
///
/// # Errors
/// No values, no bins, or a value outside 0..1.
pub fn pit_histogram(pit: &[f64], bins: usize) -> Result<Vec<f64>> {
    if pit.is_empty() || bins == 0 || pit.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(thing("pit").got(format!("{} values in {bins} bins", pit.len())).rule("at least one of each, values within 0..1"));
    }
    let mut counts = vec![0usize; bins];
    pit.iter().for_each(|p| counts[((p * bins as f64) as usize).min(bins - 1)] += 1);
    Ok(counts.into_iter().map(|c| c as f64 / pit.len() as f64).collect())
}

/// One point of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Mean probability said.
    pub said: f64,
    /// Share of rows where it happened.
    pub happened: f64,
    /// Rows.
    pub rows: usize,
}

/// How often events happened by how probable they were said to be, in equal bins of probability; bins without rows are left out.
///
/// # Errors
/// No rows, lengths that differ, no bins, or a probability outside 0..1.
pub fn reliability(happened: &[bool], probability: &[f64], bins: usize) -> Result<Vec<Reliability>> {
    let n = probability.len();
    if n == 0 || happened.len() != n || bins == 0 || probability.iter().any(|p| !(0.0..=1.0).contains(p)) {
        return Err(thing("reliability")
            .got(format!("{} events, {n} probabilities, {bins} bins", happened.len()))
            .rule("one of each a row, at least one bin, probabilities within 0..1"));
    }
    let mut sums = vec![(0.0, 0usize, 0usize); bins];
    for (p, yes) in probability.iter().zip(happened) {
        let bin = &mut sums[((p * bins as f64) as usize).min(bins - 1)];
        *bin = (bin.0 + p, bin.1 + usize::from(*yes), bin.2 + 1);
    }
    let point = |(said, yes, rows): (f64, usize, usize)| Reliability { said: said / rows as f64, happened: yes as f64 / rows as f64, rows };
    Ok(sums.into_iter().filter(|s| s.2 > 0).map(point).collect())
}

/// Mean squared deviation ratio: the mean of (truth − centre)² / sd². 1 where promised variances are right, above where they are too small; the
/// check of kriging variances.
///
/// # Errors
/// No rows, lengths that differ, a number that is not finite, or a standard deviation that is not above 0.
pub fn msdr(truth: &[f64], centre: &[f64], sd: &[f64]) -> Result<f64> {
    check("msdr", truth, &[centre, sd], 1)?;
    if let Some(bad) = sd.iter().find(|s| **s <= 0.0) {
        return Err(thing("msdr").got(format!("a standard deviation of {bad}")).rule("it is above 0"));
    }
    Ok((0..truth.len()).map(|i| ((truth[i] - centre[i]) / sd[i]).powi(2)).sum::<f64>() / truth.len() as f64)
}
