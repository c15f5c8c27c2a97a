//! The mini-conference: talks of five minutes, at hours that suit those who give them, told to everybody on their own clock.

use std::collections::BTreeMap;

use esker_core::{Error, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::call::{Call, zone};
use super::hours::QUARTER;
use super::people::Person;
use super::plan::conference_days;
use super::review::Project;

/// Minutes of a talk, of its questions, and of the break after every sixth.
pub const TALK: u32 = 5;
const QUESTIONS: u32 = 3;
const BREAK: u32 = 10;
const BREAK_AFTER: usize = 6;
/// Most talks at a stretch: two hours and a half.
const MOST_TALKS: usize = 18;

/// The programme.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Agenda {
    /// Talks, in order.
    pub talks: Vec<Talk>,
}

/// One talk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// The part of the conference, from 1: parts lie at different hours, and no two at once.
    pub part: usize,
    /// The project.
    pub project: String,
    /// Its title.
    pub title: String,
    /// Its authors, by id.
    pub speakers: Vec<String>,
    /// Its beginning, in UTC.
    pub start: String,
    /// Whether it lies between 7:00 and 22:00 for at least one of them.
    pub awake: bool,
}

impl Talk {
    /// Its beginning.
    pub fn at(&self) -> Timestamp {
        self.start.parse().unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// How well an instant suits a person: 3 in hours they said to be free, 2 by day, 0 by night.
fn suits(person: &Person, zone: &TimeZone, at: Timestamp) -> u32 {
    let local = zone.to_datetime(at);
    let minutes = u16::from(local.hour() as u8) * 60 + u16::from(local.minute() as u8);
    let day = local.weekday().to_monday_zero_offset() as u8;
    match minutes {
        _ if person.hours.free().iter().any(|f| f.day == day && f.from <= minutes && minutes + (TALK + QUESTIONS) as u16 <= f.to) => 3,
        420..1320 => 2,
        _ => 0,
    }
}

/// The programme on the days of the mini-conference: parts are placed one after the other at the hour that suits most of the talks that are left
/// and overlaps no other part, latest clocks first within a part.
///
/// # Errors
/// A person's zone, or the call's, is unknown; more talks than the days hold.
pub fn agenda(projects: &[Project], people: &[Person], call: &Call) -> Result<Agenda> {
    let zones: BTreeMap<&str, (&Person, TimeZone)> =
        people.iter().map(|p| Ok((p.id.as_str(), (p, zone(&p.zone)?)))).collect::<Result<_>>()?;
    let best = |project: &Project, at: Timestamp| {
        let of = |id: &String| zones.get(id.as_str()).map(|(p, z)| suits(p, z, at));
        // People we know nothing of are asked for nothing.
        project.authors.iter().filter_map(of).max().unwrap_or(2)
    };
    let [first, last_day] = conference_days(call);
    let home = zone(&call.zone)?;
    let midnight = |date: Date| home.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
    let (begin, end) = (midnight(first), midnight(last_day.saturating_add(Span::new().days(1))));
    let mut left: Vec<&Project> = projects.iter().collect();
    let mut taken: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut agenda = Agenda::default();
    for part in 1.. {
        let count = left.len().min(MOST_TALKS);
        if count == 0 {
            break;
        }
        let until = |start: Timestamp| start + Span::new().minutes(i64::from(length(count)));
        let mut starts = Vec::new();
        let mut at = begin;
        // Every quarter of an hour on which the whole part is in the days and in nobody's way.
        while until(at) <= end {
            if taken.iter().all(|(from, to)| until(at) <= *from || *to <= at) {
                starts.push(at);
            }
            at += Span::new().minutes(i64::from(QUARTER));
        }
        let worth = |start: Timestamp| {
            let middle = start + Span::new().minutes(i64::from(length(count) / 2));
            let mut found: Vec<u32> = left.iter().map(|p| best(p, middle).min(best(p, start))).collect();
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.iter().take(MOST_TALKS).sum::<u32>()
        };
        let Some((_, std::cmp::Reverse(start))) = starts.into_iter().map(|s| (worth(s), std::cmp::Reverse(s))).max() else {
            return Err(Error::data("the mini-conference")
                .got(format!("{} talks, {} of them in no free hour", projects.len(), left.len()))
                .rule(format!("talks follow each other on its days, {first} to {last_day}"))
                .hint("let groups give one talk together, or plan the call longer"));
        };
        let last = until(start);
        taken.push((start, last));
        let (mut here, mut others): (Vec<&Project>, Vec<&Project>) = left.into_iter().partition(|p| best(p, start).min(best(p, last)) > 0);
        if here.is_empty() {
            std::mem::swap(&mut here, &mut others);
        }
        let late = |p: &Project| p.authors.iter().filter_map(|a| zones.get(a.as_str())).map(|(_, z)| z.to_offset(start).seconds()).max();
        here.sort_by(|a, b| late(b).cmp(&late(a)).then(a.id.cmp(&b.id)));
        others.extend(here.drain(here.len().min(MOST_TALKS)..));
        for (i, project) in here.into_iter().enumerate() {
            let at = start + Span::new().minutes(i64::from(length(i)));
            agenda.talks.push(Talk {
                part,
                project: project.id.clone(),
                title: project.title.clone(),
                speakers: project.authors.clone(),
                start: at.to_string(),
                awake: best(project, at) > 0,
            });
        }
        left = others;
    }
    Ok(agenda)
}

/// Minutes that some talks take with their questions and the breaks between them.
pub(crate) fn length(talks: usize) -> u32 {
    talks as u32 * (TALK + QUESTIONS) + (talks / BREAK_AFTER) as u32 * BREAK
}
