//! Tables of groups, invitations, and calendars: one a person, in their own zone.

use jiff::tz::TimeZone;
use serde_json::json;

use super::Files;
use crate::calendar::{Calendar, Event, When, uid};
use crate::group::call::{Form, zone};
use crate::group::certificate::trimmed;
use crate::group::folder::State;
use crate::group::matching::{Group, Lead, Matching};
use crate::group::people::Person;
use crate::group::plan::{Lesson, lessons_of_sessions};
use crate::group::texts::{and, count, duration, line, moment, plain, weekly};

const RANKS: [&str; 3] = ["first choice", "second choice", "third choice"];

pub(super) fn add(files: &mut Files, state: &State, matching: &Matching) {
    files.insert("groups.csv".into(), table(state, matching));
    files.insert("groups.json".into(), shared_json(state, matching));
    for group in &matching.groups {
        files.insert(format!("{}/invitation.md", group.id), invitation(state, group));
        for person in group.members.iter().filter_map(|m| state.person(m)) {
            files.insert(format!("{}/{}.ics", group.id, person.id), calendar(state, group, person).text());
        }
    }
}

/// The zone of somebody who was admitted, which exists.
fn zone_of(person: &Person) -> TimeZone {
    zone(&person.zone).unwrap_or(TimeZone::UTC)
}

/// Which of their topics a person's group has.
pub(super) fn rank(person: &Person, group: &Group) -> Option<&'static str> {
    person.interests.iter().position(|t| *t == group.topic).and_then(|r| RANKS.get(r)).copied()
}

fn table(state: &State, matching: &Matching) -> String {
    let header =
        ["person", "name", "state", "group", "topic", "choice", "languages", "leads", "zone", "first_session_local", "first_session_utc"];
    let mut text = line(&header);
    for person in &state.people {
        let cells = match matching.group_of(&person.id) {
            Some(group) => {
                let first = group.sessions.first();
                let local = first.map_or_else(String::new, |s| s.at(&zone_of(person)).strftime("%Y-%m-%dT%H:%M%:z").to_string());
                vec![
                    person.id.clone(),
                    person.name.clone(),
                    "placed".into(),
                    group.id.clone(),
                    group.topic.clone(),
                    rank(person, group).unwrap_or_default().into(),
                    group.languages.join(" "),
                    if group.leader == person.id { "yes" } else { "no" }.into(),
                    person.zone.clone(),
                    local,
                    first.map_or_else(String::new, |s| s.start.clone()),
                ]
            }
            None => {
                let mut cells = vec![person.id.clone(), person.name.clone(), "waiting".into()];
                cells.resize(8, String::new());
                cells.extend([person.zone.clone(), String::new(), String::new()]);
                cells
            }
        };
        text.push_str(&line(&cells));
    }
    text
}

fn shared_json(state: &State, matching: &Matching) -> String {
    let groups: Vec<_> = matching
        .groups
        .iter()
        .map(|g| {
            let people: Vec<_> = g.members.iter().map(|m| json!({ "id": m, "name": state.shown(m) })).collect();
            json!({
                "id": g.id, "topic": g.topic, "languages": g.languages, "people": people, "leader": g.leader, "leads_by": g.by,
                "common_hours": g.common_hours, "sessions": g.sessions,
            })
        })
        .collect();
    let waiting: Vec<_> = matching.waiting.iter().map(|w| json!({ "id": w.person, "name": state.shown(&w.person) })).collect();
    let call = json!({ "id": state.call.id, "title": state.call.title, "start": state.call.start, "weeks": state.call.weeks });
    let whole = json!({ "format": 1, "call": call, "groups": groups, "waiting": waiting });
    serde_json::to_string_pretty(&whole).map(|t| t + "\n").unwrap_or_default()
}

/// What a group is told, in Markdown: who, what about, when on everybody's clock, and why so.
fn invitation(state: &State, group: &Group) -> String {
    let call = &state.call;
    let mut text = format!(
        "# {}: {} ({})\n\nWelcome. You learn together about **{}**",
        plain(&call.title),
        plain(&group.topic),
        group.id,
        plain(&group.topic)
    );
    let [turn, _, in_the] = call.turn_words();
    let length = count(call.turns().len(), turn, &format!("{turn}s"));
    let often = match call.weeks_apart() {
        1 => format!("a {turn}"),
        n => format!("every {n} {turn}s"),
    };
    text += &format!(", in {}, {} {often} for {length}.\n\n## Who\n\n", and(&group.languages), duration(call.minutes));
    for person in group.members.iter().filter_map(|m| state.person(m)) {
        let leads = match (person.id == group.leader, group.by) {
            (true, Lead::Guide) => ", guides",
            (true, Lead::Experience) => ", has most experience",
            _ => "",
        };
        let choice = rank(person, group).unwrap_or("topic");
        text += &format!("* {} ({}{leads}): {choice}\n", plain(&person.name), person.zone);
    }
    text += "\n## When\n\n";
    text += &when(state, group);
    text += &format!(
        "\nYour own calendar file is named after you. You have {} h in common {in_the} that has fewest.\n",
        trimmed(group.common_hours)
    );
    if !call.video.is_empty() {
        text += &format!("\nYou meet at {}\n", plain(&call.video));
    }
    text += "\n## First\n\nRead and fill in plan/agreement.md together. Lessons 1 to 5 come first; then each of you, alone or with others, works on a project.\n";
    text
}

/// The hour of the sessions on everybody's clock, with the weeks in which it differs; in a week full time, each of them.
fn when(state: &State, group: &Group) -> String {
    let mut text = String::new();
    for person in group.members.iter().filter_map(|m| state.person(m)) {
        let zone = zone_of(person);
        let times: Vec<_> = group.sessions.iter().map(|s| s.at(&zone)).collect();
        let Some(first) = times.first() else { continue };
        if state.call.form == Form::Week {
            let all: Vec<String> = times.iter().map(moment).collect();
            text += &format!("* {}: {}\n", plain(&person.name), and(&all));
            continue;
        }
        text += &format!("* {}: {}, from {}", plain(&person.name), weekly(first), moment(first));
        let mut last = weekly(first);
        for at in &times[1..] {
            let now = weekly(at);
            if now != last {
                text += &format!("; from {} {now}", at.strftime("%-d %B"));
                last = now;
            }
        }
        text += "\n";
    }
    text
}

/// A group's sessions in a person's zone.
pub(crate) fn calendar(state: &State, group: &Group, person: &Person) -> Calendar {
    let (call, zone) = (&state.call, zone_of(person));
    let turns = call.turns();
    let days: Vec<_> = group.sessions.iter().map(|s| turns[(s.week.saturating_sub(1) as usize).min(turns.len() - 1)][0]).collect();
    let names: Vec<String> = group.members.iter().map(|m| state.shown(m)).collect();
    let event = |(session, lessons): (&crate::group::matching::Session, Vec<Lesson>)| {
        let when = When::At { start: session.at(&zone), minutes: session.minutes };
        let number = session.week.to_string();
        let short: Vec<String> = lessons.iter().map(|l| format!("{} {}", l.kind, l.number)).collect();
        let summary = if short.is_empty() { String::new() } else { format!(", {}", and(&short)) };
        // The same for all of a group, so that a session is one event whoever's file it came from.
        let event = Event::new(uid(&[&call.id, &group.id, &number]), when, format!("{}: session {number}{summary}", call.title));
        let long: String = lessons.iter().map(|l| format!("{} {}: {}\n", l.kind, l.number, l.title)).collect();
        let description = format!("{long}Topic: {}\nWith: {}", group.topic, and(&names));
        Event { description, location: call.video.clone(), ..event }
    };
    let events = group.sessions.iter().zip(lessons_of_sessions(call, &days)).map(event).collect();
    Calendar { name: format!("{} ({})", call.title, group.id), stamp: call.stamp(), events }
}
