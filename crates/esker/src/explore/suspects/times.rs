//! Gaps in regular series, moments met twice, and calendars without the days that have been.

use std::collections::BTreeMap;

use esker_core::cube::{Axis, Labels};
use esker_core::exploration::Suspect;
use esker_core::{Calendar, MISSING, Weight};
use esker_math::quantile_of_sorted;

use super::super::columns::sorted;
use super::super::frame::{Frame, Timing};
use super::super::series::{moment, span};
use super::{many, num, suspect};

/// Groups that are looked through one by one.
const MOST_GROUPS: usize = 5000;

pub fn of(frame: &Frame) -> Vec<Suspect> {
    let Some(timing) = &frame.time else { return Vec::new() };
    let mut found = Vec::new();
    // Of a sample, neighbours in time are not known.
    found.extend(future(timing));
    let series = each(frame, timing);
    found.extend(no_leap_days(timing, &series));
    found.extend(gaps(timing, &series));
    found.extend(twice(timing, &series));
    found
}

/// The times of each series of the whole table, ascending: of each group, of each place, or of all rows.
fn each(frame: &Frame, timing: &Timing) -> Vec<(String, Vec<f64>)> {
    let mut of: BTreeMap<(u64, u64), Vec<f64>> = BTreeMap::new();
    let mut names: BTreeMap<(u64, u64), String> = BTreeMap::new();
    let group = frame.group.map(|g| crate::columns::as_classes(frame.column(g)));
    let codes = group.as_ref().and_then(|c| c.classes().ok());
    let place = frame.place.as_ref().and_then(|p| Some((frame.column(p.x).reals().ok()?, frame.column(p.y).reals().ok()?)));
    for (r, &t) in timing.at.iter().enumerate().filter(|(_, t)| !t.is_nan()) {
        let key = match (codes, place) {
            (Some(c), _) if c.codes()[r] != MISSING => (u64::from(c.codes()[r]), 0),
            (Some(_), _) => continue,
            (None, Some((x, y))) => (x[r].to_bits(), y[r].to_bits()),
            _ => (0, 0),
        };
        of.entry(key).or_default().push(t);
        if let Some(c) = codes {
            names.entry(key).or_insert_with(|| c.label(r).unwrap_or_default().to_owned());
        }
        if of.len() > MOST_GROUPS {
            return Vec::new();
        }
    }
    of.into_iter()
        .map(|(key, mut t)| {
            t.sort_unstable_by(f64::total_cmp);
            (names.get(&key).cloned().unwrap_or_default(), t)
        })
        .collect()
}

/// Steps missing in series that are otherwise even.
fn gaps(timing: &Timing, series: &[(String, Vec<f64>)]) -> Option<Suspect> {
    let mut holes: Vec<(f64, f64, f64, &str)> = Vec::new();
    let (mut even, mut lost) = (0, 0.0);
    for (name, t) in series {
        let steps: Vec<f64> = t.windows(2).map(|w| w[1] - w[0]).filter(|s| *s > 0.0).collect();
        if steps.len() < 20 {
            continue;
        }
        let usual = quantile_of_sorted(&sorted(&steps), 0.5);
        let month = timing.dated && (27.0..32.0).contains(&usual);
        let year = timing.dated && (364.0..367.0).contains(&usual);
        let slack = if month { 0.12 } else { 0.02 };
        if 20 * steps.iter().filter(|s| (*s / usual - 1.0).abs() <= slack).count() < 17 * steps.len() {
            continue;
        }
        even += 1;
        let usual = if month {
            365.2425 / 12.0
        } else if year {
            365.2425
        } else {
            usual
        };
        for w in t.windows(2).filter(|w| w[1] - w[0] > 1.5 * usual) {
            lost += ((w[1] - w[0]) / usual).round() - 1.0;
            holes.push((w[1] - w[0], w[0], w[1], name));
        }
    }
    let longest = holes.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0))?;
    let of = match (series.len(), longest.3) {
        (1, _) | (_, "") => String::new(),
        (_, name) => format!(" (in '{name}')"),
    };
    let whose = if even > 1 { format!(" in {even} even series") } else { " in an even series".to_owned() };
    let long = if timing.dated { span(longest.0) } else { num(longest.0) };
    let text = format!(
        "{}{whose}, {} in all; the longest lasts {long}, from {} to {}{of}.",
        many(holes.len(), "gap", "gaps"),
        many(lost as usize, "step missing", "steps missing"),
        moment(longest.1, timing.dated),
        moment(longest.2, timing.dated)
    );
    let next = "Lags and rolling means must not reach across: put missing rows in, or work by dates rather than rows.";
    Some(suspect(Weight::Warning, "gaps", &[&timing.name], (text, next)))
}

/// Moments met twice in series that otherwise have each once.
fn twice(timing: &Timing, series: &[(String, Vec<f64>)]) -> Option<Suspect> {
    let total: usize = series.iter().map(|s| s.1.len()).sum();
    let again: Vec<f64> = series.iter().flat_map(|s| s.1.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0])).collect();
    if again.is_empty() || 50 * again.len() > total || total < 50 {
        return None;
    }
    let text = format!(
        "{} at a time that the same series has already, such as {}.",
        if again.len() == 1 { "One row is".to_owned() } else { format!("{} rows are", again.len()) },
        moment(again[0], timing.dated)
    );
    Some(suspect(Weight::Warning, "time-twice", &[&timing.name], (text, "Measured twice, or a clock set back? Keep one, or their mean.")))
}

/// Dates beyond any that data of the past can have.
fn future(timing: &Timing) -> Option<Suspect> {
    if !timing.dated {
        return None;
    }
    let known = sorted(&timing.at);
    let [low, high] = [0.02, 0.98].map(|p| quantile_of_sorted(&known, p));
    let wide = (high - low).max(3652.0);
    let odd: Vec<f64> = known.iter().copied().filter(|t| *t > high + 3.0 * wide || *t < low - 3.0 * wide).collect();
    if odd.is_empty() || 100 * odd.len() > known.len() {
        return None;
    }
    let text = format!(
        "{} far from all others, such as {}; nearly all lie between {} and {}.",
        if odd.len() == 1 { "One time lies".to_owned() } else { format!("{} times lie", odd.len()) },
        moment(odd[0], true),
        moment(low, true),
        moment(high, true)
    );
    // One moment again and again, a first of January, or a time to come is no event of long ago.
    let default = odd.iter().all(|t| t.floor() == odd[0].floor()) && (odd.len() > 1 || first_of_january(odd[0]));
    let slip = default || odd.iter().any(|t| *t > high);
    Some(suspect(
        if slip { Weight::Warning } else { Weight::Info },
        "far-times",
        &[&timing.name],
        (text, "Events of long ago, a century lost in two digits, or a default date for one not known: look at these rows."),
    ))
}

fn first_of_january(t: f64) -> bool {
    let date = Calendar::Proleptic.date(t);
    (date.month, date.day) == (1, 1)
}

/// Leap days that a series lacks which has all other days over at least a year, each once; `None` for any other. Events, also where they
/// happen on nearly every day, are no such series.
fn leap_days_lacking(times: &[f64]) -> Option<usize> {
    let (first, last) = (*times.first()?, *times.last()?);
    let mut lacking = 0;
    for w in times.windows(2) {
        // One a day at one hour.
        match w[1] - w[0] {
            1.0 => {}
            2.0 => {
                let date = Calendar::Proleptic.date(w[0] + 1.0);
                if (date.month, date.day) != (2, 29) {
                    return None;
                }
                lacking += 1;
            }
            _ => return None,
        }
    }
    let leap = |y: &i64| Calendar::Proleptic.days(*y, 2, 29).is_some_and(|d| (first.floor()..=last).contains(&(d as f64)));
    let all = (Calendar::Proleptic.date(first).year..=Calendar::Proleptic.date(last).year).filter(leap).count();
    (last - first >= 364.0 && lacking > 0 && lacking == all).then_some(lacking)
}

/// Daily series over leap years of which none has a 29 February.
fn no_leap_days(timing: &Timing, series: &[(String, Vec<f64>)]) -> Option<Suspect> {
    if !timing.dated {
        return None;
    }
    let lacking: Option<Vec<usize>> = series.iter().map(|(_, t)| leap_days_lacking(t)).collect();
    let years = lacking?.into_iter().max()?;
    let text = format!(
        "'{}' is daily, yet none of {} has a 29 February: a calendar of 365 days among real dates.",
        timing.name,
        many(years, "leap year", "leap years")
    );
    Some(suspect(
        Weight::Warning,
        "no-leap-days",
        &[&timing.name],
        (text, "Model calendars and real ones drift apart by a day in four years: say which it is before joining."),
    ))
}

/// Calendars of the time axes of a cube: several, or one without the days that have been.
pub fn calendars(axes: &[Axis]) -> Option<Suspect> {
    let of = |a: &Axis| match &a.labels {
        Some(Labels::Time { calendar, .. }) => Some((a.name.clone(), *calendar)),
        _ => None,
    };
    let all: Vec<(String, Calendar)> = axes.iter().filter_map(of).collect();
    let mut kinds: Vec<&str> = all.iter().map(|c| c.1.name()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let names: Vec<&str> = all.iter().map(|c| c.0.as_str()).collect();
    if kinds.len() > 1 {
        let text = format!(
            "Time axes of several calendars: {}.",
            all.iter().map(|(n, c)| format!("'{n}' {}", c.name())).collect::<Vec<_>>().join(", ")
        );
        return Some(suspect(
            Weight::Warning,
            "mixed-calendars",
            &names,
            (text, "The same day number is another day in each: bring them to one calendar before joining."),
        ));
    }
    let (_, calendar) = all.iter().find(|c| !c.1.is_real())?;
    let text = format!("Times of '{}' are those of a model: calendar {}.", names[0], calendar.name());
    Some(suspect(Weight::Info, "model-calendar", &names, (text, "Beside measured data its years are stretched onto real ones.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accused(at: Vec<f64>) -> bool {
        let timing = Timing { name: "t".into(), columns: vec![0], at: at.clone(), dated: true, unit: String::new() };
        let mut sorted = at;
        sorted.sort_unstable_by(f64::total_cmp);
        no_leap_days(&timing, &[(String::new(), sorted)]).is_some()
    }

    /// 2003 to 2006 hold one 29 February.
    #[test]
    fn only_daily_series_lack_leap_days() {
        let days = |y| Calendar::Proleptic.days(y, 1, 1).map_or(0.0, |d| d as f64);
        let leap = Calendar::Proleptic.days(2004, 2, 29).map_or(0.0, |d| d as f64);
        let whole: Vec<f64> = (0..(days(2007) - days(2003)) as i32).map(|i| days(2003) + f64::from(i)).collect();
        let lacking: Vec<f64> = whole.iter().copied().filter(|d| *d != leap).collect();
        assert!(accused(lacking.clone()) && accused(lacking.iter().map(|d| d + 0.5).collect()));
        assert!(!accused(whole));
        // Earthquakes: on every other day one or two, at any hour.
        let events = lacking.iter().enumerate().flat_map(|(i, d)| (0..=i % 2).map(move |k| d + ((i * 37 + k * 11) % 24) as f64 / 24.0));
        assert!(!accused(events.collect()));
        // Another day lacking as well; and a winter alone.
        assert!(!accused(lacking.iter().copied().filter(|d| *d != leap + 100.0).collect()));
        assert!(!accused(lacking.iter().copied().filter(|d| (d - leap).abs() < 50.0).collect()));
    }

    #[test]
    fn old_events_are_no_slips_and_default_dates_are() {
        let with = |odd: &[f64]| {
            let at: Vec<f64> = (0..1000).map(|i| 7305.0 + 10.0 * f64::from(i)).chain(odd.iter().copied()).collect();
            let timing = Timing { name: "t".into(), columns: vec![0], at, dated: true, unit: String::new() };
            future(&timing).map(|s| s.weight)
        };
        assert_eq!(with(&[-50_000.3, -61_234.0, -72_345.5]), Some(Weight::Info));
        assert_eq!(with(&[-50_000.0, -50_000.0]), Some(Weight::Warning));
        assert_eq!(with(&[90_000.0]), Some(Weight::Warning));
    }
}
