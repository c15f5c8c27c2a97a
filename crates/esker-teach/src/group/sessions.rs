//! When a group meets: the same hour of somebody's clock in as many weeks as can be, the nearest common hour in the others.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::call::Call;
use super::hours::{QUARTER, Quarters, WEEK};
use super::matching::Session;
use super::pool::{Pool, Rules};

/// Day of the week (0 is Monday) and minutes after midnight on somebody's clock.
type Clock = (i8, i32);

/// One session a week for people with this free time in each sort of week.
pub(crate) fn sessions(pool: &Pool, call: &Call, people: &[usize], free: &[Quarters]) -> Vec<Session> {
    let quarters = Rules::of(call).quarters();
    let starts: Vec<Vec<usize>> = free.iter().map(|f| f.starts(quarters).iter().collect()).collect();
    let weeks: Vec<(Timestamp, &Vec<usize>)> =
        pool.sort_of_week.iter().enumerate().map(|(week, &sort)| (call.week(week as u32), &starts[sort])).collect();
    let usual = usual(pool, people, &weeks);
    let mut sessions = Vec::with_capacity(weeks.len());
    let mut last = None;
    for (number, (week, starts)) in weeks.iter().enumerate() {
        let wanted = usual.as_ref().and_then(|(zone, clock)| starts.iter().copied().find(|&s| reading(zone, *week, s) == *clock));
        let far = |s: usize| last.map_or(0, |l: usize| s.abs_diff(l).min(WEEK - s.abs_diff(l).min(WEEK)));
        let Some(start) = wanted.or_else(|| starts.iter().copied().min_by_key(|&s| (far(s), s))) else { continue };
        last = Some(start);
        sessions.push(Session { week: number as u32 + 1, start: instant(*week, start).to_string(), minutes: call.minutes });
    }
    sessions
}

fn instant(week: Timestamp, quarter: usize) -> Timestamp {
    week.saturating_add(Span::new().minutes(quarter as i64 * i64::from(QUARTER))).unwrap_or(week)
}

fn reading(zone: &TimeZone, week: Timestamp, quarter: usize) -> Clock {
    let at = zone.to_datetime(instant(week, quarter));
    (at.weekday().to_monday_zero_offset(), i32::from(at.hour()) * 60 + i32::from(at.minute()))
}

/// The zone and the reading of its clock that hold in most weeks: of the zone of most people, then the one nearest to six in the evening.
fn usual(pool: &Pool, people: &[usize], weeks: &[(Timestamp, &Vec<usize>)]) -> Option<(TimeZone, Clock)> {
    let mut zones: BTreeMap<&str, (usize, &TimeZone)> = BTreeMap::new();
    for &p in people {
        zones.entry(pool.zones[p].iana_name().unwrap_or("UTC")).or_insert((0, &pool.zones[p])).0 += 1;
    }
    let mut best: Option<((usize, usize, i32), &TimeZone, Clock)> = None;
    for (count, zone) in zones.into_values() {
        let mut held: BTreeMap<Clock, usize> = BTreeMap::new();
        for (week, starts) in weeks {
            let mut here: Vec<Clock> = starts.iter().map(|&s| reading(zone, *week, s)).collect();
            here.sort_unstable();
            here.dedup();
            here.into_iter().for_each(|clock| *held.entry(clock).or_default() += 1);
        }
        for (clock, weeks) in held {
            let key = (weeks, count, -(clock.1 - 18 * 60).abs());
            if best.as_ref().is_none_or(|b| key > b.0) {
                best = Some((key, zone, clock));
            }
        }
    }
    best.map(|(_, zone, clock)| (zone.clone(), clock))
}
