//! The plan of a call as texts and a calendar.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use serde_json::json;

use super::Files;
use crate::calendar::{Calendar, Event, When, uid};
use crate::group::call::{Form, zone};
use crate::group::certificate::trimmed;
use crate::group::conference::{Agenda, TALK};
use crate::group::folder::State;
use crate::group::people::Person;
use crate::group::plan::{Lesson, Phase, agreement, conference_week, lessons, phases};
use crate::group::texts::{and, count, duration, moment, plain};

pub(super) fn add(files: &mut Files, state: &State) {
    let (phases, lessons) = (phases(&state.call), lessons(&state.call));
    files.insert("plan/plan.md".into(), plan(state, &phases, &lessons));
    let whole = json!({ "format": 1, "call": state.call, "phases": phases, "lessons": lessons });
    files.insert("plan/plan.json".into(), serde_json::to_string_pretty(&whole).map(|t| t + "\n").unwrap_or_default());
    files.insert("plan/call.ics".into(), calendar(state, &phases).text());
    files.insert("plan/agreement.md".into(), agreement(&state.call));
    for lesson in &lessons {
        files.insert(format!("plan/{}-{}.md", lesson.kind, lesson.number), of_lesson(lesson));
    }
    if let Some(agenda) = &state.agenda {
        files.insert("plan/conference.md".into(), conference(state, agenda));
        for person in audience(state, agenda) {
            let zone = zone(&person.zone).unwrap_or(TimeZone::UTC);
            files.insert(format!("plan/conference/{}.ics", person.id), talks(state, agenda, &zone).text());
        }
    }
}

/// Everybody who may come: those who speak and those who are in a group.
fn audience<'a>(state: &'a State, agenda: &Agenda) -> Vec<&'a Person> {
    let speakers = agenda.talks.iter().flat_map(|t| &t.speakers);
    let placed = state.matching.iter().flat_map(|m| &m.groups).flat_map(|g| &g.members);
    let ids: BTreeSet<&String> = speakers.chain(placed).collect();
    state.people.iter().filter(|p| ids.contains(&p.id)).collect()
}

fn plan(state: &State, phases: &[Phase], lessons: &[Lesson]) -> String {
    let call = &state.call;
    let mut text =
        format!("# {}\n\nApplications from {} to {}. The call starts on {}", plain(&call.title), call.opens, call.closes, call.start);
    text += &match call.form {
        Form::Week => " and takes five days, full time.\n".to_owned(),
        Form::Months => format!(" and takes {}, about {} h a month.\n", count(call.weeks as usize, "week", "weeks"), call.hours_per_month),
    };
    text += "\n## Calendar\n\n| from | to | what | |\n| --- | --- | --- | --- |\n";
    for phase in phases {
        text += &format!("| {} | {} | **{}** | {} |\n", phase.first, phase.last, phase.name, phase.what);
    }
    let sessions = call.turns().len().div_ceil(call.weeks_apart());
    let hours = trimmed(sessions as f64 * f64::from(call.minutes) / 60.0);
    text += &format!("\n## Sessions of {}\n\n{sessions} in all, {hours} h.\n\n", duration(call.minutes));
    for lesson in lessons {
        text += &format!("* {} {}: [{}]({}-{}.md)\n", lesson.kind, lesson.number, lesson.title, lesson.kind, lesson.number);
    }
    text += "\nExercises are never locked behind people: who missed a session does it alone. If two weeks pass without a session, the guide gets one message; \
a group of fewer than three is offered a merger.\n";
    text
}

fn of_lesson(lesson: &Lesson) -> String {
    let total: u32 = lesson.parts.iter().map(|p| p.0).sum();
    let mut text =
        format!("# {} {}: {}\n\n{}\n\nAfterwards you can:\n\n", capital(&lesson.kind), lesson.number, lesson.title, duration(total));
    for objective in &lesson.objectives {
        text += &format!("* {objective}\n");
    }
    text += "\n| at | minutes | part | |\n| --- | --- | --- | --- |\n";
    let mut at = 0;
    for (minutes, part, what) in &lesson.parts {
        text += &format!("| {}:{:02} | {minutes} | {part} | {what} |\n", at / 60, at % 60);
        at += minutes;
    }
    text + &format!("\n**Work along**: {}\n\n**Homework**: {}\n\n{}\n", lesson.work_along, lesson.homework, lesson.preview)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn calendar(state: &State, phases: &[Phase]) -> Calendar {
    let call = &state.call;
    let days = |first: jiff::civil::Date, last: jiff::civil::Date| When::Days {
        first,
        days: first.until(last).map_or(1, |s| s.get_days() as u32 + 1),
    };
    let one = |key: &str, when: When, summary: String, what: &str| Event {
        description: what.into(),
        ..Event::new(uid(&[&call.id, "plan", key]), when, summary)
    };
    let mut events = vec![
        one("opens", days(call.opens.0, call.opens.0), format!("{}: applications open", call.title), ""),
        one("closes", days(call.closes.0, call.closes.0), format!("{}: applications close", call.title), ""),
    ];
    let phase = |p: &Phase| one(&p.name, days(p.first.0, p.last.0), format!("{}: {}", call.title, p.name), &p.what);
    events.extend(phases.iter().map(phase));
    if let Some(agenda) = &state.agenda {
        events.extend(talks(state, agenda, &zone(&call.zone).unwrap_or(TimeZone::UTC)).events);
    }
    Calendar { name: call.title.clone(), stamp: call.stamp(), events }
}

/// The talks on somebody's clock.
fn talks(state: &State, agenda: &Agenda, zone: &TimeZone) -> Calendar {
    let call = &state.call;
    let event = |talk: &crate::group::conference::Talk| {
        let when = When::At { start: talk.at().to_zoned(zone.clone()), minutes: TALK };
        let names: Vec<String> = talk.speakers.iter().map(|s| state.shown(s)).collect();
        let event = Event::new(uid(&[&call.id, "talk", &talk.project]), when, format!("Talk: {}", talk.title));
        Event { description: and(&names), location: call.video.clone(), ..event }
    };
    Calendar { name: format!("{}: mini-conference", call.title), stamp: call.stamp(), events: agenda.talks.iter().map(event).collect() }
}

/// The agenda: each talk in UTC and on the clocks of all zones that those who may come live in.
fn conference(state: &State, agenda: &Agenda) -> String {
    let mut zones: BTreeMap<&str, TimeZone> = BTreeMap::new();
    for person in audience(state, agenda) {
        zones.entry(&person.zone).or_insert_with(|| zone(&person.zone).unwrap_or(TimeZone::UTC));
    }
    let week = conference_week(&state.call) + 1;
    let mut text = format!(
        "# {}: mini-conference\n\nWeek {week} of the call. {TALK} minutes a talk, three for questions.\n",
        plain(&state.call.title)
    );
    let mut part = 0;
    for talk in &agenda.talks {
        if talk.part != part {
            part = talk.part;
            text += &format!("\n## Part {part}: {} UTC\n\n", moment(&talk.at().to_zoned(TimeZone::UTC)));
        }
        let names: Vec<String> = talk.speakers.iter().map(|s| plain(&state.shown(s))).collect();
        text += &format!("* {} UTC **{}**, {}", talk.at().to_zoned(TimeZone::UTC).strftime("%H:%M"), plain(&talk.title), and(&names));
        text += if talk.awake { "\n" } else { " (by night on their clock: a recording will do)\n" };
    }
    for (name, zone) in zones {
        text += &format!("\n## On the clock of {name}\n\n");
        for talk in &agenda.talks {
            text += &format!("* {}: {}\n", moment(&talk.at().to_zoned(zone.clone())), plain(&talk.title));
        }
    }
    text
}
