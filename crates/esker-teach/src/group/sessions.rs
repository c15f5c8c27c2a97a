//! When a group meets: the same hour of somebody's clock in as many weeks as can be, the nearest common hour in the others; in a week full time,
//! the same of days.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::call::Call;
use super::hours::{QUARTER, WEEK};
use super::matching::Session;
use super::pool::{Common, Pool, Rules, origin};

/// Days after the first of a turn, and minutes after midnight, on somebody's clock.
type Clock = (i32, i32);

/// The first day of a turn, and the quarters at which a session can begin.
type Turn = (Date, Vec<usize>);

/// One session a turn for people with this in common; in every second or third week only where the call asks for few hours.
pub(crate) fn sessions(pool: &Pool, call: &Call, people: &[usize], common: &Common) -> Vec<Session> {
    let starts: Vec<Vec<usize>> = common.starts(Rules::of(call).quarters()).map(|s| s.iter().collect()).collect();
    let turns: Vec<Turn> =
        call.turns().into_iter().zip(&pool.sort_of_turn).map(|([first, _], &sort)| (first, starts[sort].clone())).collect();
    let usual = usual(pool, people, &turns);
    let mut sessions = Vec::with_capacity(turns.len());
    let mut last = None;
    for (number, (first, starts)) in turns.iter().enumerate().step_by(call.weeks_apart()) {
        let wanted = usual.as_ref().and_then(|(zone, clock)| starts.iter().copied().find(|&s| reading(zone, *first, s) == *clock));
        let far = |s: usize| last.map_or(0, |l: usize| s.abs_diff(l).min(WEEK - s.abs_diff(l).min(WEEK)));
        let Some(start) = wanted.or_else(|| starts.iter().copied().min_by_key(|&s| (far(s), s))) else { continue };
        last = Some(start);
        sessions.push(Session { week: number as u32 + 1, start: instant(*first, start).to_string(), minutes: call.minutes });
    }
    sessions
}

fn instant(first: Date, quarter: usize) -> Timestamp {
    let origin = origin(first);
    origin.saturating_add(Span::new().minutes(quarter as i64 * i64::from(QUARTER))).unwrap_or(origin)
}

fn reading(zone: &TimeZone, first: Date, quarter: usize) -> Clock {
    let at = zone.to_datetime(instant(first, quarter));
    let days = first.until(at.date()).map_or(0, |s| s.get_days());
    (days, i32::from(at.hour()) * 60 + i32::from(at.minute()))
}

/// The zone and the reading of its clock that hold in most turns: of the zone of most people, then the one nearest to six in the evening.
fn usual(pool: &Pool, people: &[usize], turns: &[Turn]) -> Option<(TimeZone, Clock)> {
    let mut zones: BTreeMap<&str, (usize, &TimeZone)> = BTreeMap::new();
    for &p in people {
        zones.entry(pool.zones[p].iana_name().unwrap_or("UTC")).or_insert((0, &pool.zones[p])).0 += 1;
    }
    let mut best: Option<((usize, usize, i32), &TimeZone, Clock)> = None;
    for (count, zone) in zones.into_values() {
        let mut held: BTreeMap<Clock, usize> = BTreeMap::new();
        for (first, starts) in turns {
            let mut here: Vec<Clock> = starts.iter().map(|&s| reading(zone, *first, s)).collect();
            here.sort_unstable();
            here.dedup();
            here.into_iter().for_each(|clock| *held.entry(clock).or_default() += 1);
        }
        for (clock, turns) in held {
            let key = (turns, count, -(clock.1 - 18 * 60).abs());
            if best.as_ref().is_none_or(|b| key > b.0) {
                best = Some((key, zone, clock));
            }
        }
    }
    best.map(|(_, zone, clock)| (zone.clone(), clock))
}
