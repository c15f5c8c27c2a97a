//! Skill: how much better a score is than that of a simple answer.

use esker_core::{Better, Error, Metric, Prediction, Result, Unit, Values};

use super::input;

/// Mean squared error, in the squared unit of the target: what skill of numbers is measured in.
#[derive(Debug, Clone, Copy)]
pub struct SquaredError;

impl Metric for SquaredError {
    fn score(&self, truth: &Values, said: &Prediction, weight: Option<&[f64]>) -> Result<f64> {
        let name = "squared-error";
        input::finite(name, input::numbers(name, truth, said, weight)?.mean(|t, p| (p - t).powi(2)))
    }

    fn better(&self) -> Better {
        Better::Lower
    }

    fn unit(&self, target: &Unit) -> Unit {
        if target.is_empty() { Unit::default() } else { Unit::new(format!("({target})2")) }
    }
}

/// (score − reference) / (perfect − reference): 1 is perfect, 0 no better than the reference, negative worse. `None` where the reference is
/// perfect already.
pub fn skill(score: f64, reference: f64, perfect: f64) -> Option<f64> {
    let room = perfect - reference;
    // Adding 0 keeps a minus sign from nothing.
    (room != 0.0 && score.is_finite() && reference.is_finite()).then(|| (score - reference) / room + 0.0)
}

/// What persistence says of each row: the newest value of the same series that is at least `lead` days older, the mean where several are of
/// one time; NaN where there is none. `times` are days, `series` tells rows of one place or group by one number; without it all rows are one
/// series. Missing values are not known to anybody: a row whose value may not be learned from is given as NaN.
///
/// # Errors
/// Lengths that differ, or a lead that is not above 0.
pub fn persistence(values: &[f64], times: &[f64], series: Option<&[u32]>, lead: f64) -> Result<Vec<f64>> {
    let n = values.len();
    if times.len() != n || series.is_some_and(|s| s.len() != n) {
        return Err(Error::data("persistence").got(format!("{n} values and {} times", times.len())).rule("one of each a row"));
    }
    if lead.is_nan() || lead <= 0.0 {
        return Err(Error::data("persistence").got(format!("a lead of {lead} days")).rule("it is above 0 days"));
    }
    let of = |row: usize| series.map_or(0, |s| s[row]);
    let mut order: Vec<usize> = (0..n).filter(|&r| times[r].is_finite() && !values[r].is_nan()).collect();
    order.sort_unstable_by(|&a, &b| of(a).cmp(&of(b)).then(times[a].total_cmp(&times[b])).then(values[a].total_cmp(&values[b])));
    let known: Vec<(u32, f64, f64)> = order
        .chunk_by(|&a, &b| of(a) == of(b) && times[a] == times[b])
        .map(|same| (of(same[0]), times[same[0]], esker_math::mean(&same.iter().map(|&r| values[r]).collect::<Vec<_>>())))
        .collect();
    let newest = |row: usize| {
        // Dates are sums of fractions: a lead of a day is a day within a tenth of a second.
        let limit = times[row] - lead + 1e-6;
        let at = known.partition_point(|(s, t, _)| *s < of(row) || (*s == of(row) && *t <= limit));
        at.checked_sub(1).map(|i| known[i]).filter(|k| k.0 == of(row)).map(|k| k.2)
    };
    Ok((0..n).map(|row| if times[row].is_finite() { newest(row).unwrap_or(f64::NAN) } else { f64::NAN }).collect())
}

/// Rows that a simple answer is learned from.
#[derive(Debug, Clone, Copy)]
pub struct Learned<'a> {
    /// The values; missing ones are not learned from.
    pub values: &'a [f64],
    /// When, in days.
    pub times: &'a [f64],
    /// The series of each row; without it all rows are one.
    pub series: Option<&'a [u32]>,
    /// Weights of the rows.
    pub weight: Option<&'a [f64]>,
}

/// A mean year of 365.2425 days: times as far apart are at the same time of the year.
const YEAR: f64 = 365.2425;

/// What a climatology with seasons says of rows at the `times` (days) and of the `series` given: the mean of the rows learned from, of the same
/// series, whose time of the year is at most `window` days from theirs, whatever the year; NaN where there is none. Months with a
/// date each need a window of less than 28 days.
///
/// # Errors
/// Lengths that differ, or a window that is not above 0 and below half a year.
pub fn seasonal(learned: Learned<'_>, times: &[f64], series: Option<&[u32]>, window: f64) -> Result<Vec<f64>> {
    let n = learned.values.len();
    let lengths = [Some(learned.times.len()), learned.series.map(<[u32]>::len), learned.weight.map(<[f64]>::len)];
    let alike = lengths.iter().flatten().all(|l| *l == n) && series.is_none_or(|s| s.len() == times.len());
    if !alike || series.is_some() != learned.series.is_some() {
        let rule = "one value, time and series a row learned from, one time and series a row asked for";
        return Err(Error::data("climatology").got(format!("{n} values and {} times", learned.times.len())).rule(rule));
    }
    if !(window > 0.0 && window < YEAR / 2.0) {
        return Err(Error::data("climatology").got(format!("a window of {window} days")).rule("it is above 0 and below half a year"));
    }
    let of = |series: Option<&[u32]>, row: usize| series.map_or(0, |s| s[row]);
    let mut known: Vec<(u32, f64, f64, f64)> = (0..n)
        .filter(|&r| !learned.values[r].is_nan() && learned.times[r].is_finite())
        .map(|r| (of(learned.series, r), learned.times[r].rem_euclid(YEAR), learned.values[r], learned.weight.map_or(1.0, |w| w[r])))
        .filter(|k| k.3 > 0.0)
        .collect();
    // By the values too, so that the order of the rows does not show in the last bits.
    known.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)).then(a.3.total_cmp(&b.3)));
    // Sums from the first on, of differences from the mean, so that little is lost in taking two of them apart.
    let centre = esker_math::mean(&known.iter().map(|k| k.2).collect::<Vec<_>>());
    let sums: Vec<(f64, f64)> = std::iter::once((0.0, 0.0))
        .chain(known.iter().scan((0.0, 0.0), |sum, k| {
            *sum = (sum.0 + (k.2 - centre) * k.3, sum.1 + k.3);
            Some(*sum)
        }))
        .collect();
    let mean = |row: usize| {
        let (own, at) = (of(series, row), times[row].rem_euclid(YEAR));
        let (mut sum, mut weight, mut rows) = (0.0, 0.0, 0);
        // The window, and what of it lies in the year before and the year after.
        for turn in [-YEAR, 0.0, YEAR] {
            let from = known.partition_point(|k| (k.0, k.1) < (own, at + turn - window));
            let to = known.partition_point(|k| (k.0, k.1) <= (own, at + turn + window));
            sum += sums[to].0 - sums[from].0;
            weight += sums[to].1 - sums[from].1;
            rows += to - from;
        }
        if rows > 0 { centre + sum / weight } else { f64::NAN }
    };
    Ok((0..times.len()).map(|row| if times[row].is_finite() { mean(row) } else { f64::NAN }).collect())
}

/// What climatology says of each row judged: the mean of the rows learned from of the same season (a month, a group; any number), or of all of
/// them where that season was never learned from.
///
/// # Errors
/// Lengths that differ, or no value learned from.
pub fn climatology(learned: &[f64], season_learned: &[u32], season_judged: &[u32]) -> Result<Vec<f64>> {
    if learned.len() != season_learned.len() || learned.is_empty() || learned.iter().any(|v| !v.is_finite()) {
        return Err(Error::data("climatology")
            .got(format!("{} values and {} seasons", learned.len(), season_learned.len()))
            .rule("one of each a row, at least one, values finite"));
    }
    let all = esker_math::mean(learned);
    let mut means: Vec<(u32, f64)> = Vec::new();
    let mut order: Vec<usize> = (0..learned.len()).collect();
    order.sort_unstable_by(|&a, &b| season_learned[a].cmp(&season_learned[b]).then(learned[a].total_cmp(&learned[b])));
    for season in order.chunk_by(|&a, &b| season_learned[a] == season_learned[b]) {
        let values: Vec<f64> = season.iter().map(|&r| learned[r]).collect();
        means.push((season_learned[season[0]], esker_math::mean(&values)));
    }
    Ok(season_judged.iter().map(|s| means.binary_search_by_key(s, |m| m.0).map_or(all, |i| means[i].1)).collect())
}
