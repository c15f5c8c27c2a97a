//! iCalendar files (RFC 5545): events in a zone, in UTC, in whoever's local time, or of whole days. Same events, same bytes.
//!
//! ```
//! use esker_teach::calendar::{Calendar, Event, When, uid};
//! let start = "2026-10-06T18:00[Europe/Berlin]".parse().unwrap();
//! let event = Event::new(uid(&["call", "group 1", "1"]), When::At { start, minutes: 120 }, "Session 1");
//! let text = Calendar { name: "Group 1".into(), stamp: "2026-09-20T00:00Z".parse().unwrap(), events: vec![event] }.text();
//! assert!(text.contains("DTSTART;TZID=Europe/Berlin:20261006T180000\r\n"));
//! assert!(text.contains("BEGIN:VTIMEZONE\r\n"));
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use esker_io::sha256_hex;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Dst, Offset, TimeZone};
use jiff::{Span, Timestamp, Zoned};

/// Longest line, in octets, without its end (RFC 5545, 3.1).
const LONGEST: usize = 75;

/// When an event is.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// At an instant, shown in the zone of `start`. A zone without an IANA name is written in UTC.
    At {
        /// The beginning.
        start: Zoned,
        /// How long, in minutes.
        minutes: u32,
    },
    /// At the same reading of the clock wherever the reader is.
    Local {
        /// The beginning.
        start: DateTime,
        /// How long, in minutes.
        minutes: u32,
    },
    /// Whole days.
    Days {
        /// The first day.
        first: Date,
        /// How many, at least 1.
        days: u32,
    },
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name for good: the same in a later version of the file, so that a calendar replaces and does not double ([`uid`]).
    pub uid: String,
    /// When it is.
    pub when: When,
    /// Its title.
    pub summary: String,
    /// More about it; lines are kept. May be empty.
    pub description: String,
    /// Where it is. May be empty.
    pub location: String,
    /// A link. May be empty.
    pub url: String,
}

impl Event {
    /// An event without description, location and link.
    pub fn new(uid: String, when: When, summary: impl Into<String>) -> Self {
        Self { uid, when, summary: summary.into(), description: String::new(), location: String::new(), url: String::new() }
    }
}

/// A file of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// Its title.
    pub name: String,
    /// When its events were decided (`DTSTAMP`). Given, never read from the clock, so that the same events make the same file.
    pub stamp: Timestamp,
    /// Its events.
    pub events: Vec<Event>,
}

/// A name for good, made of what tells the event from all others. The parts cannot be read from it.
pub fn uid(parts: &[&str]) -> String {
    let mut joined = String::new();
    for part in parts {
        let _ = write!(joined, "{}:{part}", part.len());
    }
    format!("{}@esker", &sha256_hex(joined.as_bytes())[..32])
}

impl Calendar {
    /// The file's text: lines end with CR LF and are at most 75 octets long; each zone that is named is described.
    pub fn text(&self) -> String {
        let mut out = Lines(String::new());
        out.line("BEGIN:VCALENDAR");
        out.line("VERSION:2.0");
        out.line("PRODID:-//Esker//Esker//EN");
        out.line("CALSCALE:GREGORIAN");
        out.text("NAME", &self.name);
        out.text("X-WR-CALNAME", &self.name);
        for (zone, first, last) in self.zones() {
            write_zone(&mut out, &zone, first, last);
        }
        for event in &self.events {
            self.write_event(&mut out, event);
        }
        out.line("END:VCALENDAR");
        out.0
    }

    /// Zones that events are shown in, by name, with the first and last instant needed.
    fn zones(&self) -> Vec<(TimeZone, Timestamp, Timestamp)> {
        let mut zones: BTreeMap<&str, (TimeZone, Timestamp, Timestamp)> = BTreeMap::new();
        for event in &self.events {
            let When::At { start, minutes } = &event.when else { continue };
            let Some(name) = named(start) else { continue };
            let (from, to) = (start.timestamp(), end_of(start, *minutes).timestamp());
            let zone = zones.entry(name).or_insert_with(|| (start.time_zone().clone(), from, to));
            (zone.1, zone.2) = (zone.1.min(from), zone.2.max(to));
        }
        zones.into_values().collect()
    }

    fn write_event(&self, out: &mut Lines, event: &Event) {
        out.line("BEGIN:VEVENT");
        out.line(&format!("UID:{}", event.uid));
        out.line(&format!("DTSTAMP:{}", utc(self.stamp)));
        match &event.when {
            When::At { start, minutes } => {
                let end = end_of(start, *minutes);
                match named(start) {
                    Some(name) => {
                        out.line(&format!("DTSTART;TZID={name}:{}", clock(start.datetime())));
                        out.line(&format!("DTEND;TZID={name}:{}", clock(end.datetime())));
                    }
                    None => {
                        out.line(&format!("DTSTART:{}", utc(start.timestamp())));
                        out.line(&format!("DTEND:{}", utc(end.timestamp())));
                    }
                }
            }
            When::Local { start, minutes } => {
                out.line(&format!("DTSTART:{}", clock(*start)));
                out.line(&format!("DTEND:{}", clock(start.saturating_add(Span::new().minutes(*minutes)))));
            }
            When::Days { first, days } => {
                out.line(&format!("DTSTART;VALUE=DATE:{}", first.strftime("%Y%m%d")));
                let end = first.saturating_add(Span::new().days((*days).max(1)));
                out.line(&format!("DTEND;VALUE=DATE:{}", end.strftime("%Y%m%d")));
                out.line("TRANSP:TRANSPARENT");
            }
        }
        out.text("SUMMARY", &event.summary);
        for (name, value) in [("DESCRIPTION", &event.description), ("LOCATION", &event.location)] {
            if !value.is_empty() {
                out.text(name, value);
            }
        }
        if !event.url.is_empty() {
            // A URI, not a text: what cannot stand in one is left out.
            let url: String = event.url.chars().filter(|c| c.is_ascii_graphic()).collect();
            out.line(&format!("URL:{url}"));
        }
        out.line("END:VEVENT");
    }
}

/// The IANA name that an event can be written with.
fn named(start: &Zoned) -> Option<&str> {
    start.time_zone().iana_name().filter(|name| !matches!(*name, "UTC" | "Etc/UTC" | "Etc/Unknown"))
}

/// The end, by the hands of a stop watch: minutes that a clock change skips or repeats count as they pass.
fn end_of(start: &Zoned, minutes: u32) -> Zoned {
    start.saturating_add(Span::new().minutes(minutes))
}

fn clock(at: DateTime) -> String {
    at.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(at: Timestamp) -> String {
    format!("{}Z", clock(at.to_zoned(TimeZone::UTC).datetime()))
}

fn offset(of: Offset) -> String {
    let seconds = of.seconds();
    let (sign, s) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
    let rest = if s % 60 == 0 { String::new() } else { format!("{:02}", s % 60) };
    format!("{sign}{:02}{:02}{rest}", s / 3600, s / 60 % 60)
}

/// One part a rule that is in force between the two instants, each with the moment it began: plain, and right where the rules of a
/// zone are no rules.
fn write_zone(out: &mut Lines, zone: &TimeZone, first: Timestamp, last: Timestamp) {
    let Some(name) = zone.iana_name() else { return };
    out.line("BEGIN:VTIMEZONE");
    out.line(&format!("TZID:{name}"));
    let mut before = zone.preceding(first.saturating_add(Span::new().seconds(1)).unwrap_or(first));
    let mut offset_before = zone.to_offset(first);
    match before.next() {
        Some(began) => {
            let from = before.next().map_or_else(|| zone.to_offset(just_before(began.timestamp())), |t| t.offset());
            write_rule(out, &began, from);
            offset_before = began.offset();
        }
        None => {
            let info = zone.to_offset_info(first);
            write_part(out, "STANDARD", "19700101T000000", (info.offset(), info.offset()), info.abbreviation());
        }
    }
    for change in zone.following(first).take_while(|t| t.timestamp() < last) {
        write_rule(out, &change, offset_before);
        offset_before = change.offset();
    }
    out.line("END:VTIMEZONE");
}

fn just_before(at: Timestamp) -> Timestamp {
    at.saturating_sub(Span::new().seconds(1)).unwrap_or(at)
}

fn write_rule(out: &mut Lines, change: &jiff::tz::TimeZoneTransition<'_>, from: Offset) {
    let kind = if change.dst() == Dst::Yes { "DAYLIGHT" } else { "STANDARD" };
    let onset = clock(from.to_datetime(change.timestamp()));
    write_part(out, kind, &onset, (from, change.offset()), change.abbreviation());
}

fn write_part(out: &mut Lines, kind: &str, onset: &str, (from, to): (Offset, Offset), abbreviation: &str) {
    out.line(&format!("BEGIN:{kind}"));
    out.line(&format!("DTSTART:{onset}"));
    out.line(&format!("TZOFFSETFROM:{}", offset(from)));
    out.line(&format!("TZOFFSETTO:{}", offset(to)));
    out.text("TZNAME", abbreviation);
    out.line(&format!("END:{kind}"));
}

/// Lines that are folded as they are written.
struct Lines(String);

impl Lines {
    /// A property whose value is text.
    fn text(&mut self, name: &str, value: &str) {
        let mut line = format!("{name}:");
        for c in value.replace("\r\n", "\n").chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' | '\r' => line.push_str("\\n"),
                '\t' => line.push(' '),
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        self.line(&line);
    }

    /// A line, cut so that none is longer than allowed and no character is cut through.
    fn line(&mut self, line: &str) {
        let mut used = 0;
        for c in line.chars() {
            if used + c.len_utf8() > LONGEST {
                self.0.push_str("\r\n ");
                used = 1;
            }
            self.0.push(c);
            used += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(events: Vec<Event>) -> String {
        Calendar { name: "Group 1; first, last".into(), stamp: "2026-09-20T10:00Z".parse().unwrap(), events }.text()
    }

    fn at(text: &str) -> Event {
        let event = Event::new(uid(&["call", text]), When::At { start: text.parse().unwrap(), minutes: 90 }, "Session");
        Event { description: "Read:\n\"one, two; three\" \\ more\u{7}".into(), location: "Room 1".into(), ..event }
    }

    #[test]
    fn a_zone_is_described_from_the_first_event_to_the_last() {
        let text = calendar(vec![at("2026-10-20T18:00[Europe/Berlin]"), at("2026-10-27T18:00[Europe/Berlin]")]);
        let zone = &text[text.find("BEGIN:VTIMEZONE").unwrap()..text.find("BEGIN:VEVENT").unwrap()];
        let expected = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\n\
                        TZOFFSETTO:+0200\r\nTZNAME:CEST\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nDTSTART:20261025T030000\r\n\
                        TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
        assert_eq!(zone, expected);
        // The last moment before the change is described by what was before it.
        assert_eq!(calendar(vec![at("2026-10-20T18:00[Europe/Berlin]")]).matches("BEGIN:STANDARD").count(), 0);
    }

    #[test]
    fn zones_of_half_hours_without_changes_and_of_minutes() {
        let kathmandu = calendar(vec![at("2026-10-20T18:00[Asia/Kathmandu]")]);
        assert!(kathmandu.contains("TZOFFSETTO:+0545\r\n"), "{kathmandu}");
        let chatham = calendar(vec![at("2026-04-01T18:00[Pacific/Chatham]"), at("2026-04-08T18:00[Pacific/Chatham]")]);
        assert!(chatham.contains("TZOFFSETFROM:+1345\r\nTZOFFSETTO:+1245\r\n"), "{chatham}");
        let utc = calendar(vec![at("2026-10-20T18:00[UTC]"), at("2026-10-20T18:00+02:00[+02:00]")]);
        assert!(utc.contains("DTSTART:20261020T180000Z\r\n") && utc.contains("DTSTART:20261020T160000Z\r\n"), "{utc}");
        assert!(!utc.contains("VTIMEZONE"));
    }

    #[test]
    fn an_event_over_a_clock_change_lasts_its_minutes() {
        let text = calendar(vec![at("2026-10-25T01:30[Europe/Berlin]"), at("2026-03-29T01:30[Europe/Berlin]")]);
        assert!(text.contains("DTEND;TZID=Europe/Berlin:20261025T020000\r\n"), "the clock is put back at 3:00: {text}");
        assert!(text.contains("DTEND;TZID=Europe/Berlin:20260329T040000\r\n"), "2:00 is 3:00: {text}");
    }

    #[test]
    fn texts_are_escaped_and_lines_folded_between_characters() {
        let mut event = Event::new(uid(&["x"]), When::Days { first: "2026-12-30".parse().unwrap(), days: 3 }, "Ледники 冰川 ".repeat(20));
        event.url = "https://example.org/a b\r\nATTACH:x".into();
        let text = calendar(vec![event, at("2026-10-20T18:00[UTC]")]);
        assert!(text.split("\r\n").all(|line| line.len() <= LONGEST));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\u{7}']));
        let unfolded = text.replace("\r\n ", "");
        assert!(unfolded.contains(&format!("SUMMARY:{}", "Ледники 冰川 ".repeat(20))));
        assert!(unfolded.contains(r#"DESCRIPTION:Read:\n"one\, two\; three" \\ more"#), "{unfolded}");
        assert!(unfolded.contains("URL:https://example.org/abATTACH:x\r\n"));
        assert!(unfolded.contains("DTSTART;VALUE=DATE:20261230\r\nDTEND;VALUE=DATE:20270102\r\n"));
        assert!(unfolded.contains(r"NAME:Group 1\; first\, last"));
    }

    #[test]
    fn names_for_good_depend_on_every_part_and_on_nothing_else() {
        assert_eq!(uid(&["a", "b"]), uid(&["a", "b"]));
        assert_ne!(uid(&["a", "b"]), uid(&["ab", ""]));
        assert_ne!(uid(&["a", "b"]), uid(&["b", "a"]));
    }
}
