//! Tests of paired losses: Diebold and Mariano for series, signs, and signed ranks.

use esker_core::{Error, Result};
use esker_math::{binomial_cdf, mean, normal_cdf, ranks, student_cdf};

/// How far autocovariances of the loss differences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Up to horizon − 1, each in full: what forecasts of a horizon must have (Diebold and Mariano 1995). The variance may come out negative.
    Truncated,
    /// Up to a number of lags with weights falling to 0 (Bartlett; Newey and West 1987): never negative.
    Bartlett(usize),
}

/// The test of Diebold and Mariano: is the mean loss of two forecasts the same?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DieboldMariano {
    /// Mean of (loss of a − loss of b), in the unit of the loss.
    pub difference: f64,
    /// Its standard error under autocorrelation, without the correction for short series.
    pub se: f64,
    /// The statistic with the correction of Harvey, Leybourne and Newbold (1997).
    pub statistic: f64,
    /// Two-sided probability by Student's t with n − 1 degrees of freedom.
    pub p: f64,
}

fn thing(test: &str) -> Error {
    Error::data(test.to_owned())
}

fn differences(test: &str, a: &[f64], b: &[f64], least: usize) -> Result<Vec<f64>> {
    if a.len() != b.len() || a.len() < least {
        return Err(thing(test).got(format!("{} and {} losses", a.len(), b.len())).rule(format!("one of each a row, at least {least}")));
    }
    if let Some(i) = (0..a.len()).find(|&i| !(a[i] - b[i]).is_finite()) {
        return Err(thing(test).got(format!("losses {} and {} in row {}", a[i], b[i], i + 1)).rule("losses are finite"));
    }
    Ok(a.iter().zip(b).map(|(x, y)| x - y).collect())
}

/// The test of Diebold and Mariano (1995) of two series of losses in the order of time, forecasts `horizon` steps ahead, with a variance that knows
/// autocorrelation and the correction of Harvey, Leybourne and Newbold (1997, doi 10.1016/S0169-2070(96)00719-4).
///
/// # Errors
/// Lengths that differ, fewer than 4 rows, losses that are not finite, a horizon or lags beyond the rows, or a variance that is not above 0.
pub fn diebold_mariano(a: &[f64], b: &[f64], horizon: usize, kernel: Kernel) -> Result<DieboldMariano> {
    const TEST: &str = "Diebold-Mariano test";
    let d = differences(TEST, a, b, 4)?;
    let n = d.len();
    let lags = match kernel {
        Kernel::Truncated => horizon.saturating_sub(1),
        Kernel::Bartlett(lags) => lags,
    };
    if horizon == 0 || 2 * horizon > n || lags >= n {
        return Err(thing(TEST)
            .got(format!("a horizon of {horizon} and {lags} lags with {n} rows"))
            .rule("a horizon from 1 to half of the rows, and fewer lags than rows"));
    }
    let difference = mean(&d);
    let z: Vec<f64> = d.iter().map(|v| v - difference).collect();
    let covariance = |k: usize| z[k..].iter().zip(&z).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    let weight = |k: usize| match kernel {
        Kernel::Truncated => 1.0,
        Kernel::Bartlett(lags) => 1.0 - k as f64 / (lags + 1) as f64,
    };
    let variance = (covariance(0) + 2.0 * (1..=lags).map(|k| weight(k) * covariance(k)).sum::<f64>()) / n as f64;
    if variance <= 0.0 {
        return Err(Error::numeric(TEST)
            .got(format!("a variance of {variance}"))
            .rule("it is above 0")
            .hint("losses that differ by a constant need no test; else use Bartlett weights, whose variance is never negative"));
    }
    let (n, h) = (n as f64, horizon as f64);
    let se = variance.sqrt();
    let statistic = difference / se * ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).sqrt();
    Ok(DieboldMariano { difference, se, statistic, p: 2.0 * student_cdf(-statistic.abs(), n - 1.0) })
}

/// The sign test: how often each of two is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signs {
    /// Rows where the loss of a is smaller.
    pub a: usize,
    /// Rows where the loss of b is smaller.
    pub b: usize,
    /// Rows where they are equal; they do not count.
    pub ties: usize,
    /// Two-sided probability of so uneven a count by chance, exact.
    pub p: f64,
}

/// The exact sign test of paired losses (Conover 1999, section 3.4). It supposes that rows, or what stands for them (blocks, folds), are independent.
///
/// # Errors
/// Lengths that differ, no rows, or losses that are not finite.
pub fn sign_test(a: &[f64], b: &[f64]) -> Result<Signs> {
    let d = differences("sign test", a, b, 1)?;
    let (better, worse) = (d.iter().filter(|v| **v < 0.0).count(), d.iter().filter(|v| **v > 0.0).count());
    let p = (2.0 * binomial_cdf(better.min(worse), better + worse, 0.5)).min(1.0);
    Ok(Signs { a: better, b: worse, ties: d.len() - better - worse, p })
}

/// The signed-rank test of Wilcoxon (1945).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// The smaller of the sums of ranks of positive and of negative differences.
    pub statistic: f64,
    /// Two-sided probability.
    pub p: f64,
    /// Whether `p` is exact; else it is that of the normal distribution.
    pub exact: bool,
}

/// The signed-rank test of paired losses, as `scipy.stats.wilcoxon`: rows without a difference are left out; exact up to 50 rows without ties, else
/// normal with the correction for ties. It supposes that rows, or what stands for them, are independent.
///
/// # Errors
/// Lengths that differ, no rows, losses that are not finite, or no difference in any row.
pub fn wilcoxon(a: &[f64], b: &[f64]) -> Result<Wilcoxon> {
    const TEST: &str = "signed-rank test";
    let all = differences(TEST, a, b, 1)?;
    let d: Vec<f64> = all.iter().copied().filter(|v| *v != 0.0).collect();
    if d.is_empty() {
        return Err(thing(TEST).got(format!("{} rows without a difference", all.len())).rule("at least one row differs"));
    }
    let rank = ranks(&d.iter().map(|v| v.abs()).collect::<Vec<_>>());
    let n = d.len();
    let plus: f64 = rank.iter().zip(&d).filter(|(_, v)| **v > 0.0).map(|(r, _)| r).sum();
    let total = (n * (n + 1)) as f64 / 2.0;
    let statistic = plus.min(total - plus);
    let tied = ties(&rank);
    if n <= 50 && tied == 0.0 && d.len() == all.len() {
        return Ok(Wilcoxon { statistic, p: exact(statistic as usize, n), exact: true });
    }
    let count = n as f64;
    let spread = (count * (count + 1.0) * (2.0 * count + 1.0) / 24.0 - tied / 48.0).sqrt();
    let z = (plus - total / 2.0) / spread;
    Ok(Wilcoxon { statistic, p: 2.0 * normal_cdf(-z.abs()), exact: false })
}

/// Σ (t³ − t) over sets of t equal ranks.
fn ties(rank: &[f64]) -> f64 {
    let mut sorted = rank.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|set| (set.len() as f64).powi(3) - set.len() as f64).sum()
}

/// Twice the share of the 2ⁿ assignments of signs whose sum of positive ranks is at most `w`.
fn exact(w: usize, n: usize) -> f64 {
    // Shares of assignments by their sum, rank after rank.
    let mut share = vec![0.0; n * (n + 1) / 2 + 1];
    share[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..share.len()).rev() {
            let with = if sum >= rank { share[sum - rank] } else { 0.0 };
            share[sum] = 0.5 * (share[sum] + with);
        }
    }
    (2.0 * share[..=w].iter().sum::<f64>()).min(1.0)
}
