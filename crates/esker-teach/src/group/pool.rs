//! The people of a call as sets and bits, and the rules that a group keeps.
//!
//! Hard: as many people as the call says; a stretch of common time in every week of the call (on every day of a week full time), on its real
//! dates, which are the call's on everybody's own calendar; a common language; a common topic; somebody at level 3 or above and above the group's median, or somebody who may guide; nobody with whom they are kept apart from.
//! Soft: dear topics, more common hours, mixed places and careers. Nothing else is looked at.

use std::collections::BTreeMap;

use esker_core::{Error, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::call::{Call, zone};
use super::hours::{QUARTER, Quarters};
use super::people::Person;

/// What a person's first, second and third topic count.
const RANKS: [i64; 3] = [12, 5, 2];
/// What a second place or career in a group counts.
const MIXED: i64 = 2;
/// Most half hours of common time that count.
const ENOUGH: usize = 12;

/// The rules that may be relaxed; what is not here never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Fewest people.
    pub least: usize,
    /// Most people.
    pub most: usize,
    /// Common time at a stretch, in minutes.
    pub minutes: u32,
    /// Whether somebody experienced or a guide is needed.
    pub experience: bool,
}

impl Rules {
    /// The rules of a call.
    pub fn of(call: &Call) -> Self {
        Self { least: call.size[0], most: call.size[1], minutes: call.minutes, experience: true }
    }

    pub(crate) fn quarters(&self) -> usize {
        self.minutes.div_ceil(QUARTER) as usize
    }
}

/// A person as the matching sees them.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub topics: u64,
    /// Topics by rank.
    pub ranked: Vec<usize>,
    pub languages: u64,
    pub level: u8,
    pub guide: bool,
    pub apart: Vec<usize>,
    /// Free quarters in each sort of turn, from its first day on their calendar, and the quarter in which its last day ends for them: what begins
    /// later is not of this turn.
    pub free: Vec<(Quarters, usize)>,
    /// Offset from UTC in the first week, in seconds: a place, as far as meeting goes.
    pub place: i32,
    pub career: usize,
}

impl Member {
    pub(crate) fn leads(&self) -> bool {
        self.guide || self.level >= 3
    }
}

/// The people of a call, by id, ready to be matched.
#[derive(Debug, Clone)]
pub struct Pool {
    pub(crate) members: Vec<Member>,
    pub(crate) languages: Vec<String>,
    /// For each turn of the call, its sort: turns of one sort have the same days of the week and the same offsets in all zones.
    pub(crate) sort_of_turn: Vec<usize>,
    pub(crate) zones: Vec<TimeZone>,
}

/// What some people have in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub topics: u64,
    pub languages: u64,
    pub free: Vec<(Quarters, usize)>,
}

impl Common {
    /// Beginnings of so many free quarters, in each sort of turn.
    pub(crate) fn starts(&self, quarters: usize) -> impl Iterator<Item = Quarters> {
        self.free.iter().map(move |(free, until)| free.starts(quarters, *until))
    }

    /// Free quarters in the turn that has fewest.
    pub(crate) fn fewest(&self) -> usize {
        self.free.iter().map(|(free, until)| free.before(*until)).min().unwrap_or(0)
    }
}

impl Pool {
    /// The people of a call. Results follow the ids of people, never the order they are given in.
    ///
    /// # Errors
    /// A zone that does not exist, a topic that the call does not have, more than 64 languages.
    pub fn new(people: &[Person], call: &Call) -> Result<Self> {
        debug_assert!(people.is_sorted_by(|a, b| a.id < b.id));
        let names: BTreeMap<&str, TimeZone> = people.iter().map(|p| Ok((p.zone.as_str(), zone(&p.zone)?))).collect::<Result<_>>()?;
        let zones: Vec<TimeZone> = people.iter().map(|p| names[p.zone.as_str()].clone()).collect();
        let (sorts, sort_of_turn) = sorts_of_turns(&names.values().cloned().collect::<Vec<_>>(), call);
        let windows: BTreeMap<&str, Vec<(usize, usize)>> =
            names.iter().map(|(name, zone)| (*name, sorts.iter().map(|days| window(zone, *days)).collect())).collect();
        let languages = distinct(people.iter().flat_map(|p| p.languages.iter().cloned()));
        if languages.len() > 64 {
            return Err(Error::data("column 'languages'").got(format!("{} languages", languages.len())).rule("at most 64 in one call"));
        }
        let careers = distinct(people.iter().map(|p| p.career.clone()));
        let at: BTreeMap<&str, usize> = people.iter().enumerate().map(|(i, p)| (p.id.as_str(), i)).collect();
        let mut members = Vec::with_capacity(people.len());
        for (person, zone) in people.iter().zip(&zones) {
            let ranked: Vec<usize> = person.interests.iter().filter_map(|t| call.topics.iter().position(|c| c == t)).collect();
            if ranked.len() != person.interests.len() {
                return Err(Error::data(format!("interests of '{}'", person.id)).rule("they are topics of the call"));
            }
            let windows = &windows[person.zone.as_str()];
            let quarters =
                |(days, (from, until)): (&[Date; 2], &(usize, usize))| (person.hours.quarters(zone, origin(days[0])).since(*from), *until);
            let free = sorts.iter().zip(windows).map(quarters).collect();
            members.push(Member {
                topics: ranked.iter().fold(0, |set, &t| set | 1 << t),
                ranked,
                languages: person.languages.iter().fold(0, |set, l| set | 1 << languages.binary_search(l).unwrap_or(0)),
                level: person.level,
                guide: person.guide,
                apart: person.apart.iter().filter_map(|id| at.get(id.as_str()).copied()).collect(),
                free,
                place: zone.to_offset(call.week(0)).seconds(),
                career: careers.binary_search(&person.career).unwrap_or(0),
            });
        }
        for i in 0..members.len() {
            for j in members[i].apart.clone() {
                members[j].apart.push(i);
            }
        }
        Ok(Self { members, languages, sort_of_turn, zones })
    }

    /// Number of people.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// What nobody has in common yet: everything.
    pub(crate) fn all(&self) -> Common {
        Common { topics: u64::MAX, languages: u64::MAX, free: vec![(Quarters::ALL, usize::MAX); self.sorts()] }
    }

    pub(crate) fn sorts(&self) -> usize {
        self.sort_of_turn.iter().max().map_or(0, |m| m + 1)
    }

    pub(crate) fn common(&self, people: &[usize]) -> Common {
        people.iter().fold(self.all(), |common, &p| self.with(&common, p))
    }

    pub(crate) fn with(&self, common: &Common, person: usize) -> Common {
        let member = &self.members[person];
        Common {
            topics: common.topics & member.topics,
            languages: common.languages & member.languages,
            free: common.free.iter().zip(&member.free).map(|((a, i), (b, j))| (a.and(b), *i.min(j))).collect(),
        }
    }

    /// Whether people with this in common may still become a group: what is lost here never comes back as more join.
    pub(crate) fn hopeful(&self, common: &Common, rules: &Rules) -> bool {
        common.topics != 0 && common.languages != 0 && common.starts(rules.quarters()).all(|s| !s.is_empty())
    }

    pub(crate) fn apart(&self, person: usize, from: &[usize]) -> bool {
        self.members[person].apart.iter().any(|a| from.contains(a))
    }

    /// A guide, or somebody at level 3 or above and above the median (the mean of the middle two where there are two).
    pub(crate) fn led(&self, people: &[usize]) -> bool {
        let mut levels: Vec<u8> = people.iter().map(|&p| self.members[p].level).collect();
        levels.sort_unstable();
        let n = levels.len();
        let top = levels.last().copied().unwrap_or(0);
        people.iter().any(|&p| self.members[p].guide) || n > 0 && top >= 3 && 2 * top > levels[(n - 1) / 2] + levels[n / 2]
    }

    /// Whether these people are a group by the rules.
    pub(crate) fn is_group(&self, people: &[usize], rules: &Rules) -> bool {
        (rules.least..=rules.most).contains(&people.len())
            && (!rules.experience || self.led(people))
            && people.iter().enumerate().all(|(i, &p)| !self.apart(p, &people[..i]))
            && self.hopeful(&self.common(people), rules)
    }

    /// How well a group suits, and its topic: the dearest common one, earlier in the call's list where two are as dear.
    pub(crate) fn suits(&self, people: &[usize], common: &Common) -> (i64, usize) {
        let dear = |topic: usize| -> i64 {
            let rank = |p: usize| self.members[p].ranked.iter().position(|&t| t == topic).map_or(0, |r| RANKS[r.min(2)]);
            people.iter().map(|&p| rank(p)).sum()
        };
        let topics = (0..64).filter(|t| common.topics >> t & 1 == 1);
        let (points, topic) = topics.map(|t| (dear(t), t)).fold((-1, 0), |best, next| if next.0 > best.0 { next } else { best });
        let hours = common.fewest() / 2;
        let distinct = |of: &dyn Fn(&Member) -> i64| {
            let mut seen: Vec<i64> = people.iter().map(|&p| of(&self.members[p])).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len() as i64
        };
        let mixed = distinct(&|m| i64::from(m.place)) + distinct(&|m| m.career as i64) - 2;
        (points + hours.min(ENOUGH) as i64 + MIXED * mixed, topic)
    }
}

/// The instant that quarters of a turn are counted from: midnight of its first day where the date changes first on Earth (UTC+14).
pub(crate) fn origin(first: Date) -> Timestamp {
    let midnight = TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
    midnight.saturating_sub(Span::new().hours(14)).unwrap_or(midnight)
}

/// The quarters between which a turn's days lie in a zone.
fn window(zone: &TimeZone, [first, last]: [Date; 2]) -> (usize, usize) {
    let quarter = |date: Date| {
        let midnight = zone.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
        (midnight.as_second() - origin(first).as_second()).div_euclid(i64::from(QUARTER) * 60).max(0) as usize
    };
    (quarter(first), quarter(last.saturating_add(Span::new().days(1))))
}

/// The days of one turn of each sort, and the sort of each turn. Two turns are of a sort where they have the same days of the week, and every
/// zone has the same offsets at the same hours.
fn sorts_of_turns(zones: &[TimeZone], call: &Call) -> (Vec<[Date; 2]>, Vec<usize>) {
    let mut seen: Vec<Vec<(i64, i32)>> = Vec::new();
    let (mut sorts, mut sort_of_turn) = (Vec::new(), Vec::new());
    for days in call.turns() {
        let begin = origin(days[0]);
        // What lies a little before or after may still be free hours of it.
        let hours = |h: i64| begin.saturating_add(Span::new().hours(h)).unwrap_or(begin);
        let (from, to) = (hours(-24), hours(9 * 24));
        let mut offsets = vec![(i64::from(days[0].weekday().to_monday_zero_offset()), 0)];
        for zone in zones {
            offsets.push((i64::MIN, zone.to_offset(from).seconds()));
            let changes = zone.following(from).take_while(|c| c.timestamp() < to);
            offsets.extend(changes.map(|c| (c.timestamp().as_second() - begin.as_second(), c.offset().seconds())));
        }
        let sort = seen.iter().position(|s| *s == offsets).unwrap_or_else(|| {
            seen.push(offsets);
            sorts.push(days);
            seen.len() - 1
        });
        sort_of_turn.push(sort);
    }
    (sorts, sort_of_turn)
}

fn distinct(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut items: Vec<String> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}
