//! What designs in time share: the time of every row, blocks of about equal rows, gaps on both sides of what is judged on.

use esker_core::{Calendar, Error, Fold, Parameter, Result, Support};

/// Ten thousand years and more, in days.
const LONGEST: f64 = 1e7;

/// A number of days that is 0 unless given.
pub(super) fn days_parameter(name: &'static str, doc: &'static str) -> Parameter {
    Parameter::real(name, 0.0, 0.0, LONGEST, doc)
}

/// The time of every row, in days since 1970.
pub(super) fn days_of<'a>(design: &str, at: &'a Support) -> Result<&'a [f64]> {
    let time = at.time.as_ref().ok_or_else(|| {
        Error::recipe(format!("design '{design}'"))
            .got("samples without a time")
            .rule(match design {
                "forward" => "the design predicts the future from the past, so every sample needs a time",
                _ => "the design cuts time, so every sample needs one",
            })
            .hint("name the column of dates as time in [roles]")
    })?;
    let days = &time.days;
    if days.len() != at.rows {
        return Err(Error::data("times").got(super::count(days.len(), "row")).rule(format!("the samples have {}", at.rows)));
    }
    if let Some(first) = days.iter().position(|t| !t.is_finite()) {
        let missing = days.iter().filter(|t| !t.is_finite()).count();
        return Err(Error::data(format!("time of row {}", first + 1))
            .got(format!("nothing ({} without one)", super::count(missing, "row")))
            .rule(format!("design '{design}' needs the time of every sample"))
            .hint("filter rows without a time in [data] filter"));
    }
    Ok(days)
}

/// Rows from `start` on and before `end` are judged on, those at least `gap` days before `start` learned from, those between left out.
pub(super) fn past_and_block(days: &[f64], (start, end): (f64, f64), gap: f64) -> Fold {
    let mut fold = Fold::default();
    for (row, &t) in days.iter().enumerate().filter(|(_, t)| **t < end) {
        if t >= start {
            fold.test.push(row);
        } else if start - t >= gap {
            fold.train.push(row);
        } else {
            fold.left_out.push(row);
        }
    }
    fold
}

/// The first and the last of some times.
pub(super) fn span(days: &[f64]) -> (f64, f64) {
    days.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &t| (lo.min(t), hi.max(t)))
}

/// A moment as a date.
pub(super) fn date(days: f64) -> String {
    let d = Calendar::Proleptic.date(days);
    format!("{:04}-{:02}-{:02}", d.year, d.month, d.day)
}

/// The first time of each of `blocks` blocks of about equal rows, strictly rising; rows of one time are never cut apart.
///
/// # Errors
/// The number of distinct times, where those are fewer than blocks.
pub(super) fn starts(days: &[f64], blocks: usize) -> Result<Vec<f64>, usize> {
    let mut sorted = days.to_vec();
    sorted.sort_by(f64::total_cmp);
    // (time, rows strictly before it)
    let mut times: Vec<(f64, usize)> = Vec::new();
    for (before, &t) in sorted.iter().enumerate() {
        if times.last().is_none_or(|&(last, _)| last != t) {
            times.push((t, before));
        }
    }
    if blocks > times.len() {
        return Err(times.len());
    }
    let mut starts = vec![times[0].0];
    let mut lowest = 1;
    for i in 1..blocks {
        // The latest start that leaves one time to each block still to come.
        let highest = times.len() - (blocks - i);
        let wanted = i * days.len() / blocks;
        let mut best = lowest;
        for j in lowest..=highest {
            if times[j].1.abs_diff(wanted) < times[best].1.abs_diff(wanted) {
                best = j;
            }
        }
        starts.push(times[best].0);
        lowest = best + 1;
    }
    Ok(starts)
}

/// The block of each time, from the first time of each block.
pub(super) fn block_of(days: &[f64], starts: &[f64]) -> Vec<usize> {
    days.iter().map(|t| starts.partition_point(|s| s <= t).saturating_sub(1)).collect()
}

/// More folds than distinct times allow; `more` blocks are needed beside those judged on.
pub(super) fn too_few_times(design: &str, folds: usize, more: usize, times: usize) -> Error {
    let why = if more > 0 { ": one block more than folds" } else { "" };
    let error = Error::recipe(format!("design '{design}'"))
        .got(format!("{folds} folds from {}", super::count(times, "distinct time")))
        .rule(format!("{folds} folds need {} distinct times{why}", folds + more));
    if times >= 2 + more { error.hint(format!("set folds to {} or fewer", times - more)) } else { error }
}

/// Takes rows less than `before` days earlier, or less than `after` days later, than a row judged on out of what is learned from.
///
/// # Errors
/// A fold with nothing left, with the rows that the days took.
pub(super) fn keep_apart(design: &str, days: &[f64], (before, after): (f64, f64), folds: &mut [Fold]) -> Result<()> {
    if before <= 0.0 && after <= 0.0 {
        return Ok(());
    }
    for fold in folds {
        let mut judged: Vec<f64> = fold.test.iter().map(|&r| days[r]).collect();
        judged.sort_by(f64::total_cmp);
        let clear = |row: usize| {
            let t = days[row];
            let next = judged.partition_point(|&j| j < t);
            let to_next = judged.get(next).map_or(f64::INFINITY, |j| j - t);
            let since_last = judged[..judged.partition_point(|&j| j <= t)].last().map_or(f64::INFINITY, |j| t - j);
            to_next >= before && since_last >= after
        };
        let (train, taken): (Vec<usize>, Vec<usize>) = fold.train.iter().partition(|&&row| clear(row));
        if train.is_empty() {
            return Err(Error::recipe(format!("gap of design '{design}'"))
                .got(format!("{before} days before and {after} days after"))
                .rule(format!("{} has nothing left to learn from: the gap takes all {}", fold.label, super::count(taken.len(), "row")))
                .hint("shorten the gap, or use fewer folds"));
        }
        fold.train = train;
        fold.left_out.extend(taken);
        fold.left_out.sort_unstable();
    }
    Ok(())
}

/// What a gap did, after "learned from the other years".
pub(super) fn apart(days: f64) -> String {
    if days > 0.0 { format!(", and from no row less than {days} days from a row judged on") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_their_starts() {
        let days = [5.0, 1.0, 2.0, 2.0, 9.0, 7.0];
        let starts = starts(&days, 3).unwrap();
        assert_eq!(starts, [1.0, 2.0, 7.0].map(|v: f64| if v == 2.0 { starts[1] } else { v }));
        let of = block_of(&days, &starts);
        assert!(of[4] == 2 && of[5] == 2 && of[1] == 0);
        assert_eq!(super::starts(&days, 6), Err(5));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!((date(0.0), date(-1.0), date(11_016.5)), ("1970-01-01".into(), "1969-12-31".into(), "2000-02-29".into()));
    }

    #[test]
    fn a_gap_looks_both_ways() {
        let days = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        let fold = || [Fold { label: "fold 1".into(), test: vec![3], train: vec![0, 1, 2, 4, 5], left_out: vec![] }];
        let mut one = fold();
        keep_apart("year", &days, (2.5, 1.0), &mut one).unwrap();
        assert_eq!((one[0].train.as_slice(), one[0].left_out.as_slice()), (&[0, 4, 5][..], &[1, 2][..]));
        assert!(keep_apart("year", &days, (10.0, 10.0), &mut fold()).is_err());
    }
}
