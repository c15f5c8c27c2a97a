//! Skill: how much better a score is than that of a simple answer.

use esker_core::{Error, Result};

/// (score − reference) / (perfect − reference): 1 is perfect, 0 no better than the reference, negative worse. `None` where the reference is
/// perfect already.
pub fn skill(score: f64, reference: f64, perfect: f64) -> Option<f64> {
    let room = perfect - reference;
    (room != 0.0 && score.is_finite() && reference.is_finite()).then(|| (score - reference) / room)
}

/// What persistence says of each row: the newest value of the same series that is at least `lead` days older; NaN where there is none.
/// `times` are days, `series` tells rows of one place or group by one number; without it all rows are one series.
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
    let known: Vec<(u32, f64)> = order.iter().map(|&r| (of(r), times[r])).collect();
    let newest = |row: usize| {
        // Dates are sums of fractions: a lead of a day is a day within a tenth of a second.
        let limit = times[row] - lead + 1e-6;
        let at = known.partition_point(|(s, t)| *s < of(row) || (*s == of(row) && *t <= limit));
        at.checked_sub(1).filter(|&i| known[i].0 == of(row)).map(|i| values[order[i]])
    };
    Ok((0..n).map(|row| if times[row].is_finite() { newest(row).unwrap_or(f64::NAN) } else { f64::NAN }).collect())
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
