//! A call: when it runs, on which topics, and the rules that groups are made by.

use std::fmt;
use std::path::Path;

use esker_core::{Error, Result};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Most topics of a call.
const MOST_TOPICS: usize = 60;

/// A date, written `2026-10-05` with or without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct Day(pub Date);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Toml(toml::value::Datetime),
}

impl Day {
    /// Today, in UTC.
    pub fn today() -> Self {
        Self(Timestamp::now().to_zoned(TimeZone::UTC).date())
    }
}

impl TryFrom<Written> for Day {
    type Error = String;

    fn try_from(written: Written) -> std::result::Result<Self, String> {
        let text = match written {
            Written::Text(text) => text,
            Written::Toml(date) => date.to_string(),
        };
        text.parse().map(Self).map_err(|_| format!("'{text}' is no date; write it as 2026-10-05"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How the time of a call is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Some hours a month beside other work; half a year by default.
    #[default]
    Months,
    /// One week, full time.
    Week,
}

/// A call for applications, as its TOML file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// A short name: small letters, digits, hyphens.
    pub id: String,
    /// What people read.
    pub title: String,
    /// Topics that people rank.
    pub topics: Vec<String>,
    /// The organiser's time zone.
    #[serde(default = "utc")]
    pub zone: String,
    /// First day of applications.
    pub opens: Day,
    /// Last day of applications.
    pub closes: Day,
    /// Monday of the first week.
    pub start: Day,
    /// How the time is spent.
    #[serde(default)]
    pub form: Form,
    /// Weeks from the first to the closing meeting.
    #[serde(default = "half_a_year")]
    pub weeks: u32,
    /// Hours a month that people are asked for.
    #[serde(default = "eight")]
    pub hours_per_month: f64,
    /// Fewest and most people of a group.
    #[serde(default = "four_to_six")]
    pub size: [usize; 2],
    /// Minutes that all of a group are free together, at a stretch, in every week.
    #[serde(default = "two_hours")]
    pub minutes: u32,
    /// Version of the consent text that people agreed to.
    pub consent: String,
    /// Where groups meet, a link. May be empty.
    #[serde(default)]
    pub video: String,
    /// Whom to write to; it is shown to everybody.
    #[serde(default)]
    pub contact: String,
}

fn utc() -> String {
    "UTC".into()
}
fn half_a_year() -> u32 {
    26
}
fn eight() -> f64 {
    8.0
}
fn four_to_six() -> [usize; 2] {
    [4, 6]
}
fn two_hours() -> u32 {
    120
}

/// A call to start from, with a comment a key.
pub const TEMPLATE: &str = r#"# A call for learning groups. `esker group plan call.toml -o FOLDER` writes its calendar and texts.
id = "ice-2026"
title = "Learning from ice: autumn 2026"
topics = ["glaciers", "snow", "permafrost", "rivers"]   # people rank up to three of them
zone = "Europe/Zurich"          # the organiser's time zone
opens = 2026-08-01              # applications
closes = 2026-09-13
start = 2026-10-05              # the Monday of the first week
form = "months"                 # or "week": five days full time
weeks = 26
hours_per_month = 8
size = [4, 6]                   # people of a group
minutes = 120                   # common time at a stretch, in every week
consent = "2026-1"              # version of the consent text (consent.md) that people agreed to
video = ""                      # where groups meet, a link
contact = ""                    # whom to write to; shown to everybody
"#;

impl Call {
    /// Reads a call and checks it.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, has an unknown key, or a value that breaks a rule.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = esker_io::read_file(path, 1 << 20)?;
        Self::parse(&String::from_utf8_lossy(&bytes)).map_err(|e| Error { thing: format!("{} of '{}'", e.thing, path.display()), ..e })
    }

    /// Reads a call from its text and checks it.
    ///
    /// # Errors
    /// As [`Call::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let call: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| 1 + text[..s.start.min(text.len())].matches('\n').count());
            let message = e.message().lines().next().unwrap_or_default().to_owned();
            Error::recipe(format!("line {line}")).rule(message).hint("`esker group template call` shows every key")
        })?;
        call.check()?;
        Ok(call)
    }

    fn check(&self) -> Result<()> {
        let wrong = |key: &str, got: String, rule: &str| Err(Error::recipe(format!("key '{key}'")).got(got).rule(rule));
        if !is_name(&self.id) {
            return wrong("id", format!("'{}'", self.id), "a call's id is made of small letters, digits and hyphens, at most 40");
        }
        if self.topics.is_empty() || self.topics.len() > MOST_TOPICS || self.topics.iter().any(|t| t.trim().is_empty()) {
            return wrong("topics", format!("{} topics", self.topics.len()), "a call has 1 to 60 topics, none empty");
        }
        if let Some(odd) = self.topics.iter().find(|t| t.trim() != t.as_str() || t.contains([';', ',', '|', '\n'])) {
            let rule = "people choose topics in a list separated by ; , or |: a topic has none of these, and no blanks around it";
            return wrong("topics", format!("'{odd}'"), rule);
        }
        if let Some(twice) = (1..self.topics.len()).find(|&i| self.topics[..i].contains(&self.topics[i])) {
            return wrong("topics", format!("'{}' twice", self.topics[twice]), "topics are named once");
        }
        zone(&self.zone).map_err(|e| Error { thing: "key 'zone'".into(), fault: esker_core::Fault::Recipe, ..e })?;
        if self.closes < self.opens || self.start <= self.closes {
            let got = format!("opens {}, closes {}, start {}", self.opens, self.closes, self.start);
            return wrong("start", got, "applications open, then close, then the call starts");
        }
        if self.start.0.weekday() != jiff::civil::Weekday::Monday {
            let got = format!("{}, a {}", self.start, super::hours::weekday_name(self.start.0.weekday()));
            return wrong("start", got, "a call starts on a Monday");
        }
        if self.form == Form::Week && self.weeks != 1 {
            return wrong("weeks", self.weeks.to_string(), "form = \"week\" has weeks = 1");
        }
        if self.form == Form::Months && !(4..=104).contains(&self.weeks) {
            return wrong("weeks", self.weeks.to_string(), "form = \"months\" has 4 to 104 weeks");
        }
        if !(1.0..=200.0).contains(&self.hours_per_month) {
            return wrong("hours_per_month", format!("{} h", self.hours_per_month), "1 to 200 hours a month");
        }
        let [least, most] = self.size;
        if !(2..=8).contains(&least) || least > most || most > 8 {
            return wrong("size", format!("{least} to {most} people"), "groups have 2 to 8 people, the smaller number first");
        }
        if self.minutes == 0 || !self.minutes.is_multiple_of(15) || self.minutes > 480 {
            return wrong("minutes", format!("{} min", self.minutes), "15 to 480 minutes, in quarters of an hour");
        }
        if self.consent.trim().is_empty() {
            return wrong(
                "consent",
                "nothing".into(),
                "the version of the consent text is named, so that it is known what people agreed to",
            );
        }
        Ok(())
    }

    /// Stretches of the call that have a session each, by their first and last days: its weeks, or the five days of a week full time.
    pub fn turns(&self) -> Vec<[Date; 2]> {
        match self.form {
            Form::Months => (0..self.weeks).map(|w| [self.day(7 * w), self.day(7 * w + 6)]).collect(),
            Form::Week => (0..5).map(|d| [self.day(d); 2]).collect(),
        }
    }

    /// Every how many weeks a group meets: weekly, unless that takes over a tenth more than the hours that people are asked for.
    pub fn weeks_apart(&self) -> usize {
        let weekly = f64::from(self.minutes) / 60.0 * 52.0 / 12.0;
        match self.form {
            Form::Months => (weekly / (1.1 * self.hours_per_month)).ceil().max(1.0) as usize,
            Form::Week => 1,
        }
    }

    /// What such a stretch is called: alone, each, and one of them.
    pub(crate) fn turn_words(&self) -> [&'static str; 3] {
        match self.form {
            Form::Months => ["week", "in every week", "in the week"],
            Form::Week => ["day", "on every day", "on the day"],
        }
    }

    /// The beginning of a week of the call, counted from 0: midnight UTC of its Monday.
    pub fn week(&self, week: u32) -> Timestamp {
        let monday = self.day(7 * week);
        TimeZone::UTC.to_timestamp(monday.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
    }

    /// A day of the call, counted from 0.
    pub fn day(&self, days: u32) -> Date {
        self.start.0.saturating_add(Span::new().days(days))
    }

    /// When the call was decided, for files that need an instant: noon UTC of the day after applications close.
    pub fn stamp(&self) -> Timestamp {
        let day = self.closes.0.saturating_add(Span::new().days(1));
        TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Whether a text is a short name that is safe in a file name and a link.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('-')
}

/// The time zone of an IANA name.
///
/// # Errors
/// No such zone; the hint names the nearest one. Offsets and abbreviations without rules are refused, as they know no clock change.
pub fn zone(name: &str) -> Result<TimeZone> {
    let named = || Error::data("time zone").got(format!("'{name}'"));
    let city = "name a place, e.g. 'Europe/Berlin', so that clock changes can be computed";
    let vague = name.len() <= 4 && !matches!(name, "UTC" | "GMT") || name.contains(['+', ':']) || name.starts_with("UTC-");
    if vague && (TimeZone::get(name).is_ok() || name.contains(['+', '-', ':'])) {
        return Err(named().rule("an offset or an abbreviation is no place").hint(city));
    }
    TimeZone::get(name).map_err(|_| {
        let near = nearest_zone(name).map_or_else(|| city.to_owned(), |near| format!("did you mean '{near}'?"));
        named().rule("zones are named as in the IANA time zone database").hint(near)
    })
}

fn nearest_zone(name: &str) -> Option<String> {
    let lower = name.trim().to_lowercase().replace(' ', "_");
    let far = |zone: &str| {
        let zone = zone.to_lowercase();
        let city = zone.rsplit('/').next().unwrap_or(&zone);
        let whole = strsim::damerau_levenshtein(&lower, &zone);
        // A city alone is as good as the whole name.
        whole.min(strsim::damerau_levenshtein(lower.rsplit('/').next().unwrap_or(&lower), city) + 1)
    };
    let names = jiff::tz::db().available().map(|n| n.as_str().to_owned()).filter(|n| n.contains('/') && !n.starts_with("Etc/"));
    let best = names.map(|n| (far(&n), n)).min()?;
    (best.0 <= 2 + lower.len() / 4).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_call() {
        let call = Call::parse(TEMPLATE).unwrap();
        assert_eq!((call.weeks, call.size, call.minutes), (26, [4, 6], 120));
        assert_eq!(call.week(1).to_string(), "2026-10-12T00:00:00Z");
        assert_eq!(Call::parse(&TEMPLATE.replace("2026-10-05 ", "\"2026-10-05\"")).unwrap().start, call.start);
    }

    #[test]
    fn zones_are_places_and_the_nearest_is_named() {
        for good in ["Europe/Berlin", "UTC", "Asia/Kathmandu", "Pacific/Chatham", "America/Argentina/Ushuaia"] {
            assert!(zone(good).is_ok(), "{good}");
        }
        let hint = |name: &str| zone(name).unwrap_err().hint.unwrap();
        assert_eq!(hint("Europe/Berln"), "did you mean 'Europe/Berlin'?");
        assert_eq!(hint("kathmandu"), "did you mean 'Asia/Kathmandu'?");
        assert_eq!(hint("America/New York"), "did you mean 'America/New_York'?");
        for vague in ["UTC+2", "GMT+5", "+05:30", "CET", "EST", "PST", "UTC-3"] {
            assert!(zone(vague).is_err(), "{vague}");
        }
    }
}
