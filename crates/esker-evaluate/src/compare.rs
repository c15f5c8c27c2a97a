//! Comparisons: paired differences with their uncertainty, optimism, and scores over folds.

use esker_core::{Better, Error, Result, record};

/// The mean difference of two models' scores on identical folds, with its uncertainty, in the unit of the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Mean over folds of (score of a − score of b).
    pub difference: f64,
    /// Its standard error, corrected for training sets that overlap.
    pub se: f64,
    /// Lower end of the confidence interval.
    pub low: f64,
    /// Upper end of the confidence interval.
    pub high: f64,
    /// Two-sided probability of so large a difference by chance.
    pub p: f64,
    /// Folds compared.
    pub folds: usize,
}

/// The corrected resampled t interval of Nadeau and Bengio 2003 (doi 10.1023/A:1024068626366): folds share
/// most of their training rows, so their scores vary less than independent ones would. With K folds, differences
/// dᵢ, n₁ rows learned from and n₂ judged on, se² = (1/K + mean(n₂/n₁)) · var(d), and the interval is that of
/// Student's t with K − 1 degrees of freedom. Differences that are all equal tell nothing of their noise: where they are not 0,
/// no interval can be told, both its ends are the difference and `p` is 1.
///
/// `a` and `b` are the scores, `train` and `test` the rows, one each a fold; `confidence` is within 0..1, e.g. 0.95.
///
/// # Errors
/// Lists of other lengths, fewer than 2 folds, a score that is not finite, a fold without rows, or a confidence
/// outside 0..1.
pub fn paired(a: &[f64], b: &[f64], train: &[usize], test: &[usize], confidence: f64) -> Result<Paired> {
    let k = a.len();
    let thing = || Error::data("paired difference");
    if [b.len(), train.len(), test.len()] != [k; 3] {
        return Err(thing()
            .got(format!("{k} and {} scores, {} and {} fold sizes", b.len(), train.len(), test.len()))
            .rule("one of each a fold"));
    }
    if k < 2 {
        let folds = if k == 1 { "1 fold".to_owned() } else { format!("{k} folds") };
        return Err(thing().got(folds).rule("at least 2 folds are needed to tell a difference from noise"));
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(thing().got(format!("a confidence of {confidence}")).rule("it lies between 0 and 1"));
    }
    if let Some(i) = (0..k).find(|&i| !(a[i] - b[i]).is_finite()) {
        return Err(thing().got(format!("scores {} and {} in fold {}", a[i], b[i], i + 1)).rule("scores are finite"));
    }
    if let Some(i) = (0..k).find(|&i| train[i] == 0 || test[i] == 0) {
        return Err(thing()
            .got(format!("{} rows to learn from and {} to judge on in fold {}", train[i], test[i], i + 1))
            .rule("every fold has both"));
    }
    let d: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
    // Equal but for rounding.
    let scale = a.iter().chain(b).fold(0.0, |m: f64, v| m.max(v.abs()));
    if d.iter().all(|v| (v - d[0]).abs() <= 1e-12 * scale) {
        return Ok(Paired { difference: d[0], se: 0.0, low: d[0], high: d[0], p: 1.0, folds: k });
    }
    let folds = k as f64;
    let (difference, variance) = (esker_math::mean(&d), esker_math::variance(&d));
    let ratio = test.iter().zip(train).map(|(&te, &tr)| te as f64 / tr as f64).sum::<f64>() / folds;
    let se = ((1.0 / folds + ratio) * variance).sqrt();
    let reach = esker_math::student_quantile(0.5 + confidence / 2.0, folds - 1.0) * se;
    let p = 2.0 * esker_math::student_cdf(-(difference / se).abs(), folds - 1.0);
    Ok(Paired { difference, se, low: difference - reach, high: difference + reach, p, folds: k })
}

/// How much the shuffled score flatters the honest one, in the unit of the score: positive where the shuffled score
/// looks better, negative where it looks worse.
pub fn optimism(honest: f64, shuffled: f64, better: Better) -> f64 {
    match better {
        Better::Higher => shuffled - honest,
        Better::Lower => honest - shuffled,
        Better::Zero => honest.abs() - shuffled.abs(),
    }
}

/// One score of a run: mean and standard deviation (n − 1) over the folds whose score exists. Without any there is no
/// mean, with one no standard deviation.
pub fn score_record(metric: &str, per_fold: Vec<Option<f64>>, pooled: Option<f64>) -> record::Score {
    let known: Vec<f64> = per_fold.iter().flatten().copied().collect();
    let mean = (!known.is_empty()).then(|| esker_math::mean(&known));
    let sd = (known.len() > 1).then(|| esker_math::variance(&known).sqrt());
    record::Score { metric: metric.to_owned(), pooled, mean, sd, folds: per_fold }
}
