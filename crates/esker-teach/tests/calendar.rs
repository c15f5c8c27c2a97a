//! Sessions and talks lie in the call, on everybody's own calendar, and no two parts of the conference at once.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its own text has failed")]

mod simulate;

use std::collections::BTreeSet;

use esker_core::Rng;
use esker_teach::group::call::{self, Call, Form};
use esker_teach::group::conference::{Agenda, agenda};
use esker_teach::group::folder::State;
use esker_teach::group::matching::Matching;
use esker_teach::group::people::Person;
use esker_teach::group::plan::phases;
use esker_teach::group::review::Project;
use esker_teach::group::write;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use simulate::{applicants, person};

fn months() -> Call {
    Call::parse(call::TEMPLATE).unwrap()
}

fn week() -> Call {
    Call { form: Form::Week, weeks: 1, ..months() }
}

/// Sessions by the local dates of each of a group's people.
fn check(matching: &Matching, people: &[Person], call: &Call) {
    for group in &matching.groups {
        for id in &group.members {
            let zone = TimeZone::get(&people.iter().find(|p| p.id == *id).unwrap().zone).unwrap();
            let dates: Vec<_> = group.sessions.iter().map(|s| s.at(&zone).date()).collect();
            let turns: Vec<_> = match call.form {
                Form::Months => (0..i64::from(call.weeks)).map(|w| (call.start.0 + (7 * w).days(), 7)).collect(),
                Form::Week => (0..5).map(|d: i64| (call.start.0 + d.days(), 1)).collect(),
            };
            assert_eq!(dates.len(), turns.len(), "{group:?}");
            for (date, (first, days)) in dates.iter().zip(turns) {
                assert!(first <= *date && *date < first + i64::from(days).days(), "{date} is not in the {days} days from {first}: {id}");
            }
        }
    }
}

#[test]
fn sessions_lie_in_the_call_on_everybodys_calendar() {
    let people = applicants(60, 3);
    check(&Matching::of(&people, &months()).unwrap(), &people, &months());
    for (zone, hours) in [
        ("America/Los_Angeles", "Sun 17-19"),
        ("Pacific/Auckland", "Mon 9-11"),
        ("Pacific/Kiritimati", "Mon 0-2"),
        ("Pacific/Honolulu", "Sun 22-24"),
        ("America/Santiago", "Sun 22-24; Mon 0-1"),
    ] {
        let people: Vec<Person> = ["a", "b", "c", "d"].iter().map(|id| person(id, zone, hours)).collect();
        let matching = Matching::of(&people, &months()).unwrap();
        assert_eq!(matching.groups.len(), 1, "{zone}");
        check(&matching, &people, &months());
    }
    // Sunday in California is Monday in Sydney: the first is before the start for the one, the last after the closing for the other.
    let mut people: Vec<Person> = ["a", "b"].iter().map(|id| person(id, "America/Los_Angeles", "Sun 17-22")).collect();
    people.extend(["c", "d"].iter().map(|id| person(id, "Australia/Sydney", "Mon 8-18")));
    assert!(Matching::of(&people, &months()).unwrap().groups.is_empty());
}

#[test]
fn a_week_full_time_has_a_session_every_day() {
    let people: Vec<Person> = ["a", "b", "c", "d", "e"].iter().map(|id| person(id, "Europe/Berlin", "Mon-Sat 9-17")).collect();
    let matching = Matching::of(&people, &week()).unwrap();
    assert_eq!(matching.groups.len(), 1);
    check(&matching, &people, &week());
    let state = State { matching: Some(matching), people: people.clone(), ..State::new(week()) };
    let files = write::files(&state);
    let invitation = &files["group-01/invitation.md"];
    assert!(invitation.contains("2 h a day for 5 days") && invitation.contains("Friday 9 October 2026"), "{invitation}");
    assert!(files["proof.md"].contains("on every day from 2026-10-05"));
    // Saturday is after the closing, and four days are not five.
    let without: Vec<Person> =
        people.iter().map(|p| Person { hours: "Mon-Thu 9-17; Sat 9-17".to_owned().try_into().unwrap(), ..p.clone() }).collect();
    assert!(Matching::of(&without, &week()).unwrap().groups.is_empty());
    let mixed: Vec<Person> =
        (0..40).map(|i| Person { hours: "Mon-Fri 8-20".to_owned().try_into().unwrap(), ..applicants(40, 1)[i].clone() }).collect();
    let matching = Matching::of(&mixed, &week()).unwrap();
    assert!(matching.groups.len() > 3);
    check(&matching, &mixed, &week());
}

fn project(id: usize, authors: Vec<String>) -> Project {
    Project {
        id: format!("q{id:02}"),
        title: format!("Project {id}"),
        authors,
        group: String::new(),
        topic: String::new(),
        institution: String::new(),
        conflicts: Vec::new(),
        record: String::new(),
        record_sha256: String::new(),
        rubric: Vec::new(),
    }
}

/// Parts overlap nowhere, and lie on the days of the mini-conference on the organiser's clock.
fn check_agenda(agenda: &Agenda, call: &Call) {
    let spans: Vec<(usize, Timestamp, Timestamp)> = agenda.talks.iter().map(|t| (t.part, t.at(), t.at() + 8.minutes())).collect();
    for (i, a) in spans.iter().enumerate() {
        assert!(spans[..i].iter().all(|b| a.2 <= b.1 || b.2 <= a.1), "two talks at once: {a:?}");
    }
    let parts: Vec<(Timestamp, Timestamp)> = (1..=spans.last().map_or(0, |s| s.0))
        .map(|part| {
            let of = spans.iter().filter(|s| s.0 == part);
            (of.clone().map(|s| s.1).min().unwrap(), of.map(|s| s.2).max().unwrap())
        })
        .collect();
    for (i, a) in parts.iter().enumerate() {
        assert!(parts[..i].iter().all(|b| a.1 <= b.0 || b.1 <= a.0), "two parts at once: {parts:?}");
    }
    let phase = phases(call).into_iter().find(|p| p.name == "Mini-conference").unwrap();
    let zone = TimeZone::get(&call.zone).unwrap();
    for (_, start, end) in spans {
        assert!(phase.first.0 <= zone.to_datetime(start).date() && zone.to_datetime(end - 1.second()).date() <= phase.last.0, "{start}");
    }
}

#[test]
fn talks_lie_on_the_days_of_the_conference_and_nobody_speaks_twice_at_once() {
    for call in [months(), week(), Call { weeks: 4, ..months() }] {
        for seed in 0..4 {
            let people = applicants(60, seed);
            let mut draw = Rng::new(seed);
            let projects: Vec<Project> = (0..40).map(|i| project(i, vec![people[draw.below(30)].id.clone()])).collect();
            let agenda = agenda(&projects, &people, &call).unwrap();
            assert_eq!(agenda.talks.iter().map(|t| &t.project).collect::<BTreeSet<_>>().len(), 40);
            check_agenda(&agenda, &call);
        }
        let berlin: Vec<Person> = (0..40).map(|i| person(&format!("p{i:02}"), "Europe/Berlin", "Mon-Fri 9-17")).collect();
        let projects: Vec<Project> = (0..40).map(|i| project(i, vec![berlin[i].id.clone()])).collect();
        let made = agenda(&projects, &berlin, &call).unwrap();
        check_agenda(&made, &call);
        assert!(made.talks.iter().all(|t| t.awake));
    }
    let friday = agenda(&[project(0, vec!["a".into()])], &[person("a", "Europe/Zurich", "Mon-Fri 9-17")], &week()).unwrap();
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    assert_eq!(friday.talks[0].at().to_zoned(zone).weekday(), Weekday::Friday);
}

#[test]
fn more_talks_than_fit_are_refused() {
    let projects: Vec<Project> = (0..400).map(|i| project(i, vec!["a".into()])).collect();
    let said = agenda(&projects, &[person("a", "Europe/Zurich", "none")], &week()).unwrap_err().to_string();
    assert!(said.contains("400 talks") && said.contains("2026-10-09 to 2026-10-09"), "{said}");
}

#[test]
fn listeners_are_told_of_the_talks_on_their_clock() {
    let people: Vec<Person> = ["a", "b", "c", "d"].iter().map(|id| person(id, "Asia/Kolkata", "Mon-Fri 9-17")).collect();
    let matching = Matching::of(&people, &months()).unwrap();
    let projects = vec![project(0, vec!["a".into()])];
    let agenda = agenda(&projects, &people, &months()).unwrap();
    let state = State { matching: Some(matching), people, projects, agenda: Some(agenda), ..State::new(months()) };
    let files = write::files(&state);
    assert!(["a", "b", "c", "d"].iter().all(|id| files.contains_key(&format!("plan/conference/{id}.ics"))));
    assert!(files["plan/conference.md"].contains("Asia/Kolkata"));
}
