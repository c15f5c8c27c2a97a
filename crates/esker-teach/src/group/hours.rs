//! Free hours of a week on the local clock, and what they are on the real dates of a call.

use std::fmt;

use esker_core::{Error, Result};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Minutes of the grid that times lie on; every zone in use today is a multiple of it away from UTC.
pub const QUARTER: u32 = 15;
/// Quarters of an hour in a week.
pub const WEEK: usize = 7 * 24 * 4;
/// Words of 64 quarters: a week in any zone, and the longest session after it, so that hours over its end are whole.
const WORDS: usize = 13;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A stretch of a day on the local clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Free {
    /// 0 is Monday.
    pub day: u8,
    /// Minutes after midnight, a multiple of 15.
    pub from: u16,
    /// Minutes after midnight, later than `from`, at most 1440.
    pub to: u16,
}

/// Free hours of a week on the local clock, e.g. `Mon 18:00-21:00; Tue-Thu 9-12`. `none` is a week without any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours(Vec<Free>);

impl Hours {
    /// Reads hours as people write them: days or ranges of days, each with one or more stretches of the 24-hour clock.
    ///
    /// # Errors
    /// Nothing, a day or time that cannot be read, a stretch that ends before it begins, times off the quarters of an hour.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim().replace(['–', '—'], "-");
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        let mut free = Vec::new();
        for entry in text.split([';', '|', '\n']).map(str::trim).filter(|e| !e.is_empty()) {
            let at = entry.find(|c: char| c.is_ascii_digit()).ok_or_else(|| {
                Error::data("hours").got(format!("'{entry}'")).rule("a day has a stretch of time").hint("write it as 'Mon 18:00-21:00'")
            })?;
            let days = days(entry[..at].trim())?;
            for stretch in entry[at..].split(',') {
                let (from, to) = stretch_of(stretch.trim())?;
                free.extend(days.iter().map(|&day| Free { day, from, to }));
            }
        }
        if free.is_empty() {
            return Err(Error::data("hours")
                .got("nothing")
                .rule("free hours of a week are needed to meet")
                .hint("write 'Mon 18:00-21:00; Sat 9-12', or 'none'"));
        }
        free.sort_unstable();
        free.dedup();
        Ok(Self(free))
    }

    /// The stretches, Monday first.
    pub fn free(&self) -> &[Free] {
        &self.0
    }

    /// The quarters from the instant `week` on, for a week and a day, in which a person of this zone is free, by the offsets in force on those dates. An hour that a clock change skips does not exist, one that it repeats counts twice.
    pub fn quarters(&self, zone: &TimeZone, week: Timestamp) -> Quarters {
        let mut quarters = Quarters::default();
        let first = zone.to_datetime(week).date().saturating_sub(Span::new().days(1));
        for offset in 0..=9 {
            let date = first.saturating_add(Span::new().days(offset));
            let day = date.weekday().to_monday_zero_offset() as u8;
            for free in self.0.iter().filter(|f| f.day == day) {
                let (Some(from), Some(to)) = (instant(zone, date, free.from), instant(zone, date, free.to)) else { continue };
                let at = |t: Timestamp| t.as_second() - week.as_second();
                let grid = i64::from(QUARTER) * 60;
                // Inward, should an offset ever lie off the grid.
                let from = at(from).div_euclid(grid) + i64::from(at(from).rem_euclid(grid) != 0);
                quarters.set(from.max(0), at(to).div_euclid(grid).min(64 * WORDS as i64));
            }
        }
        quarters
    }
}

fn instant(zone: &TimeZone, date: Date, minutes: u16) -> Option<Timestamp> {
    let date = if minutes == 1440 { date.saturating_add(Span::new().days(1)) } else { date };
    let minutes = minutes % 1440;
    zone.to_timestamp(date.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0)).ok()
}

fn days(text: &str) -> Result<Vec<u8>> {
    let mut days = Vec::new();
    for part in text.split([',', '+']).map(str::trim) {
        match part.split_once('-') {
            Some((from, to)) => {
                let (from, to) = (day(from.trim())?, day(to.trim())?);
                days.extend((0..=(7 + to - from) % 7).map(|i| (from + i) % 7));
            }
            None => days.push(day(part)?),
        }
    }
    Ok(days)
}

fn day(text: &str) -> Result<u8> {
    let lower = text.trim_end_matches(['.', ':']).to_lowercase();
    let full = |day: u8| Weekday::from_monday_zero_offset(day as i8).map_or("", weekday_name);
    let known = (0..7).find(|&d| lower.len() >= 2 && full(d).to_lowercase().starts_with(&lower));
    known.ok_or_else(|| {
        Error::data("hours")
            .got(format!("the day '{text}'"))
            .rule(format!("days are {}", DAYS.join(", ")))
            .hint("write it as 'Mon 18:00-21:00'")
    })
}

/// `Monday` and so on.
pub fn weekday_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn stretch_of(text: &str) -> Result<(u16, u16)> {
    let wrong = |rule: &str, hint: &str| Err(Error::data("hours").got(format!("'{text}'")).rule(rule).hint(hint));
    let Some((from, to)) = text.split_once('-') else {
        return wrong("a stretch has a beginning and an end", "write it as '18:00-21:00'");
    };
    let (Some(from), Some(to)) = (clock(from.trim()), clock(to.trim())) else {
        return wrong("times are 0:00 to 24:00, on the 24-hour clock", "write it as '18:00-21:00'");
    };
    if from % QUARTER as u16 != 0 || to % QUARTER as u16 != 0 {
        return wrong("times lie on quarters of an hour", "round it inward to :00, :15, :30 or :45");
    }
    if from == to {
        return wrong("a stretch is longer than nothing", "leave it out, or give its end");
    }
    if from > to {
        return wrong("a stretch ends after it begins", "over midnight it is two: 'Mon 22-24; Tue 0-2'; else swap the two");
    }
    Ok((from, to))
}

fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once([':', '.']).unwrap_or((text, "0"));
    let digits =
        |t: &str| (!t.is_empty() && t.len() <= 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u16>().ok()).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
}

impl TryFrom<String> for Hours {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "none");
        }
        for (i, free) in self.0.iter().enumerate() {
            let clock = |m: u16| format!("{}:{:02}", m / 60, m % 60);
            let apart = if i > 0 { "; " } else { "" };
            write!(f, "{apart}{} {}-{}", DAYS[usize::from(free.day)], clock(free.from), clock(free.to))?;
        }
        Ok(())
    }
}

/// Quarters of an hour of a week and the day after it, counted from some instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Quarters([u64; WORDS]);

impl Quarters {
    /// Every quarter.
    pub const ALL: Self = Self([u64::MAX; WORDS]);

    fn set(&mut self, from: i64, to: i64) {
        for at in from..to {
            self.0[at as usize / 64] |= 1 << (at % 64);
        }
    }

    /// Whether a quarter is in.
    pub fn has(&self, at: usize) -> bool {
        at < 64 * WORDS && self.0[at / 64] >> (at % 64) & 1 == 1
    }

    /// Quarters that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// Quarters before `until` at which `quarters` free ones begin.
    #[must_use]
    pub fn starts(&self, quarters: usize, until: usize) -> Self {
        let (mut run, mut have) = (*self, 1);
        while have < quarters {
            let step = have.min(quarters - have);
            run = run.and(&run.earlier(step));
            have += step;
        }
        Self(std::array::from_fn(|i| run.0[i] & below(i, until)))
    }

    /// Those that are not before `from`.
    #[must_use]
    pub fn since(&self, from: usize) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & !below(i, from)))
    }

    fn earlier(&self, by: usize) -> Self {
        let (words, bits) = (by / 64, by % 64);
        Self(std::array::from_fn(|i| {
            let word = |j: usize| self.0.get(j).copied().unwrap_or(0);
            let low = word(i + words) >> bits;
            if bits == 0 { low } else { low | word(i + words + 1) << (64 - bits) }
        }))
    }

    /// Whether none is in.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&w| w == 0)
    }

    /// How many before `until` are in.
    pub fn before(&self, until: usize) -> usize {
        (0..WORDS).map(|i| (self.0[i] & below(i, until)).count_ones() as usize).sum()
    }

    /// Those that are in, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..64 * WORDS).filter(|&at| self.has(at))
    }

    /// The longest stretch that begins before `until`, in quarters.
    pub fn longest(&self, until: usize) -> usize {
        let (mut longest, mut run, mut counted) = (0, 0, 0);
        for at in 0..64 * WORDS {
            if self.has(at) {
                // A stretch that begins later belongs to what comes after.
                counted += usize::from(run == 0 && at < until);
                run += 1;
                if counted > 0 {
                    longest = longest.max(run);
                }
            } else {
                (run, counted) = (0, 0);
            }
        }
        longest
    }
}

/// The bits of a word that lie before a quarter.
fn below(word: usize, until: usize) -> u64 {
    match until.saturating_sub(64 * word) {
        bits @ 0..64 => (1 << bits) - 1,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(hours: &str, week: &str) -> Vec<usize> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let quarters = Hours::parse(hours).unwrap().quarters(&zone, week.parse().unwrap());
        quarters.iter().filter(|&q| q < WEEK).collect()
    }

    #[test]
    fn hours_are_read_as_people_write_them() {
        let hours = Hours::parse("monday 18-21; Tue–Thu 9:30-12, 14.00-15.15; Sat,Sun 0-24").unwrap();
        let written = hours.to_string();
        assert!(written.starts_with("Mon 18:00-21:00; Tue 9:30-12:00; Tue 14:00-15:15; Wed 9:30"), "{written}");
        assert_eq!(Hours::parse(&written).unwrap(), hours);
        assert_eq!(Hours::parse("Sat-Mon 9-10").unwrap().free().iter().map(|f| f.day).collect::<Vec<_>>(), [0, 5, 6]);
        assert_eq!(Hours::parse(" None ").unwrap(), Hours::default());
        for wrong in ["", "Mon", "Mon 21-18", "Mon 18", "Mon 18-18", "Mon 18:05-19", "Mon 18-25", "Moonday 1-2", "18-21", "Mon 9am-10"] {
            assert!(Hours::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_same_hours_move_in_utc_with_the_clock() {
        // Tuesday 18:00 in Berlin is 16:00 UTC in summer and 17:00 in winter.
        assert_eq!(berlin("Tue 18-18:15", "2026-10-19T00Z"), [(24 + 16) * 4]);
        assert_eq!(berlin("Tue 18-18:15", "2026-10-26T00Z"), [(24 + 17) * 4]);
        // On Sunday 25 October the hour from 2:00 to 3:00 comes twice, on 29 March not at all.
        assert_eq!(berlin("Sun 1-4", "2026-10-19T00Z").len(), 16);
        assert_eq!(berlin("Sun 1-4", "2026-03-23T00Z").len(), 8);
        assert_eq!(berlin("Sun 2-3", "2026-03-23T00Z").len(), 0);
    }

    #[test]
    fn starts_need_the_whole_stretch_and_lie_in_the_week() {
        let mut quarters = Quarters::default();
        quarters.set(60, 70);
        quarters.set(WEEK as i64 - 4, WEEK as i64 + 4);
        quarters.set(WEEK as i64 + 20, WEEK as i64 + 90);
        assert_eq!(quarters.starts(8, WEEK).iter().collect::<Vec<_>>(), [60, 61, 62, WEEK - 4]);
        assert_eq!(quarters.starts(10, WEEK).iter().collect::<Vec<_>>(), [60]);
        assert!(quarters.starts(11, WEEK).is_empty());
        assert_eq!((quarters.longest(WEEK), quarters.before(WEEK)), (10, 14));
        assert_eq!(Quarters::ALL.starts(8, WEEK).iter().count(), WEEK);
    }
}
