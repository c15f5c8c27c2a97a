//! Calendars of climate data: dates and day numbers, also of years that never were (CF conventions 1.11, section 4.4.2).
//!
//! The civil arithmetic is that of H. Hinnant, *chrono-compatible low-level date algorithms* (2013); the Julian one counts from the
//! same 1 March. Years are astronomical: 0 is 1 BC.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The unit of dates and times in columns and along axes.
pub const DAYS: &str = "days since 1970-01-01";

/// Which days there are. Day numbers count from 1970-01-01 of the calendar itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Calendar {
    /// Julian until 4 October 1582, Gregorian from 15 October 1582: CF `standard`, also called `gregorian`.
    Standard,
    /// Gregorian at all times, as ISO 8601 and numpy count.
    Proleptic,
    /// Julian at all times.
    Julian,
    /// Years of 365 days.
    NoLeap,
    /// Years of 366 days.
    AllLeap,
    /// Twelve months of 30 days.
    Day360,
}

/// Day number of 1582-10-15, the first Gregorian day.
const REFORM: i64 = -141_427;
/// Days from 0000-03-01 to 1970-01-01, Gregorian and Julian.
const GREGORIAN_SHIFT: i64 = 719_468;
const JULIAN_SHIFT: i64 = 719_470;
/// Days before each month of a year without, and with, a leap day.
const BEFORE: [[i64; 13]; 2] =
    [[0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365], [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366]];

/// A moment as a calendar writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Date {
    /// Astronomical year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// Seconds since midnight.
    pub seconds: f64,
}

impl Calendar {
    /// The calendar of a CF name; none named is `standard`.
    ///
    /// # Errors
    /// A name CF does not know.
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "" | "standard" | "gregorian" => Self::Standard,
            "proleptic_gregorian" => Self::Proleptic,
            "julian" => Self::Julian,
            "noleap" | "365_day" => Self::NoLeap,
            "all_leap" | "366_day" => Self::AllLeap,
            "360_day" => Self::Day360,
            _ => {
                return Err(Error::data("calendar")
                    .got(format!("'{name}'"))
                    .rule("CF knows standard, proleptic_gregorian, julian, noleap (365_day), all_leap (366_day) and 360_day"));
            }
        })
    }

    /// The CF name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Proleptic => "proleptic_gregorian",
            Self::Julian => "julian",
            Self::NoLeap => "noleap",
            Self::AllLeap => "all_leap",
            Self::Day360 => "360_day",
        }
    }

    /// Whether its days are days that have been: their numbers are those of the proleptic Gregorian calendar.
    pub fn is_real(self) -> bool {
        matches!(self, Self::Standard | Self::Proleptic | Self::Julian)
    }

    /// Days in a month of this calendar.
    pub fn days_in_month(self, year: i64, month: u8) -> u8 {
        if self == Self::Day360 {
            return 30;
        }
        let leap = match self {
            Self::NoLeap => false,
            Self::AllLeap => true,
            Self::Julian => year.rem_euclid(4) == 0,
            Self::Standard if year < 1583 => year.rem_euclid(4) == 0,
            _ => year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0),
        };
        let before = &BEFORE[usize::from(leap)];
        (before[usize::from(month)] - before[usize::from(month) - 1]) as u8
    }

    /// Days since 1970-01-01 to midnight of a date, `None` where the calendar has no such date.
    ///
    /// ```
    /// use esker_core::Calendar;
    /// assert_eq!(Calendar::Standard.days(1582, 10, 15), Some(-141427));
    /// assert_eq!(Calendar::Standard.days(1582, 10, 4), Some(-141428));
    /// assert_eq!(Calendar::Day360.days(2000, 2, 30), Some(30 * 360 + 59));
    /// assert_eq!(Calendar::NoLeap.days(2000, 2, 29), None);
    /// ```
    pub fn days(self, year: i64, month: u8, day: u8) -> Option<i64> {
        if !(1..=12).contains(&month) || day < 1 || day > self.days_in_month(year, month) || year.abs() > 10_000_000 {
            return None;
        }
        let (m, d) = (i64::from(month), i64::from(day));
        Some(match self {
            Self::Day360 => (year - 1970) * 360 + (m - 1) * 30 + d - 1,
            Self::NoLeap => (year - 1970) * 365 + BEFORE[0][usize::from(month) - 1] + d - 1,
            Self::AllLeap => (year - 1970) * 366 + BEFORE[1][usize::from(month) - 1] + d - 1,
            Self::Proleptic => gregorian(year, m, d),
            Self::Julian => julian(year, m, d),
            Self::Standard => match (year, month, day) < (1582, 10, 15) {
                true if (year, month, day) > (1582, 10, 4) => return None,
                true => julian(year, m, d),
                false => gregorian(year, m, d),
            },
        })
    }

    /// The date of a number of days since 1970-01-01, to the nearest microsecond.
    pub fn date(self, days: f64) -> Date {
        let micros = (days * 86_400e6).round();
        let whole = (micros / 86_400e6).floor();
        let seconds = (micros - whole * 86_400e6) / 1e6;
        let n = whole as i64;
        let (year, month, day) = match self {
            Self::Day360 => (1970 + n.div_euclid(360), n.rem_euclid(360) / 30 + 1, n.rem_euclid(30) + 1),
            Self::NoLeap => month_of(1970 + n.div_euclid(365), n.rem_euclid(365), 0),
            Self::AllLeap => month_of(1970 + n.div_euclid(366), n.rem_euclid(366), 1),
            Self::Proleptic => from_gregorian(n),
            Self::Julian => from_julian(n),
            Self::Standard if n < REFORM => from_julian(n),
            Self::Standard => from_gregorian(n),
        };
        Date { year, month: month as u8, day: day as u8, seconds }
    }

    /// The days since 1970-01-01 of the same moment in the proleptic Gregorian calendar, for joining with other data. A real
    /// calendar keeps its day numbers. Years of other lengths are stretched: the share of the year that has passed is kept.
    pub fn to_proleptic(self, days: f64) -> f64 {
        let length = match self {
            Self::Day360 => 360.0,
            Self::NoLeap => 365.0,
            Self::AllLeap => 366.0,
            _ => return days,
        };
        let year = 1970 + (days / length).floor() as i64;
        let passed = (days - (year - 1970) as f64 * length) / length;
        let (from, to) = (gregorian(year, 1, 1), gregorian(year + 1, 1, 1));
        from as f64 + passed * (to - from) as f64
    }
}

impl std::fmt::Display for Date {
    /// ISO 8601 with as much of the clock as there is: `1582-10-15`, `2019-03-01T06:00`, `0850-01-16T12:00:00.5`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if (0..=9999).contains(&self.year) {
            write!(f, "{:04}", self.year)?;
        } else {
            write!(f, "{:+05}", self.year)?;
        }
        write!(f, "-{:02}-{:02}", self.month, self.day)?;
        if self.seconds == 0.0 {
            return Ok(());
        }
        let whole = self.seconds.floor();
        let minutes = (whole / 60.0) as u64;
        write!(f, "T{:02}:{:02}", minutes / 60, minutes % 60)?;
        if self.seconds % 60.0 != 0.0 {
            write!(f, ":{:02}", whole as u64 % 60)?;
            if self.seconds > whole {
                let micros = ((self.seconds - whole) * 1e6).round() as u64;
                write!(f, ".{}", format!("{micros:06}").trim_end_matches('0'))?;
            }
        }
        Ok(())
    }
}

/// Years counted from March, so that the leap day comes last: (year, day of that year).
fn from_march(year: i64, month: i64, day: i64) -> (i64, i64) {
    (if month <= 2 { year - 1 } else { year }, (153 * ((month + 9) % 12) + 2) / 5 + day - 1)
}

/// The month and day of a day of a year counted from March; the year is the civil one.
fn to_civil(year: i64, day: i64) -> (i64, i64, i64) {
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + i64::from(month <= 2), month, day - (153 * shifted + 2) / 5 + 1)
}

fn gregorian(year: i64, month: i64, day: i64) -> i64 {
    let (y, d) = from_march(year, month, day);
    y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + d - GREGORIAN_SHIFT
}

fn from_gregorian(days: i64) -> (i64, i64, i64) {
    let z = days + GREGORIAN_SHIFT;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    to_civil(era * 400 + yoe, doe - (365 * yoe + yoe / 4 - yoe / 100))
}

fn julian(year: i64, month: i64, day: i64) -> i64 {
    let (y, d) = from_march(year, month, day);
    y * 365 + y.div_euclid(4) + d - JULIAN_SHIFT
}

fn from_julian(days: i64) -> (i64, i64, i64) {
    let z = days + JULIAN_SHIFT;
    let (era, doe) = (z.div_euclid(1461), z.rem_euclid(1461));
    let yoe = (doe - doe / 1460) / 365;
    to_civil(era * 4 + yoe, doe - yoe * 365)
}

fn month_of(year: i64, day: i64, leap: usize) -> (i64, i64, i64) {
    let before = &BEFORE[leap];
    let month = (1..=12).find(|&m| day < before[m]).unwrap_or(12);
    (year, month as i64, day - before[month - 1] + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Calendar; 6] =
        [Calendar::Standard, Calendar::Proleptic, Calendar::Julian, Calendar::NoLeap, Calendar::AllLeap, Calendar::Day360];

    #[test]
    fn every_day_has_one_date_and_the_next_day_the_next_one() {
        for calendar in ALL {
            let mut last = None;
            for n in (-800_000..800_000).step_by(7).flat_map(|n| [n, n + 1]) {
                let date = calendar.date(n as f64);
                assert_eq!(calendar.days(date.year, date.month, date.day), Some(n), "{calendar:?} {n} {date}");
                let order = (date.year, date.month, date.day);
                assert!(last.is_none_or(|l| l < order), "{calendar:?}: {date}");
                last = Some(order);
            }
        }
    }

    #[test]
    fn all_count_from_the_same_day_but_the_julian_ones() {
        for calendar in ALL {
            let expected = if calendar == Calendar::Julian { 13 } else { 0 };
            assert_eq!(calendar.days(1970, 1, 1), Some(expected), "{calendar:?}");
        }
        // The day after the fourth was the fifteenth.
        assert_eq!(Calendar::Standard.date(-141_428.0).to_string(), "1582-10-04");
        assert_eq!(Calendar::Standard.days(1582, 10, 10), None);
        assert_eq!(Calendar::Julian.date(-141_427.0).to_string(), "1582-10-05");
    }

    #[test]
    fn stretched_years_keep_their_share() {
        assert_eq!(Calendar::Day360.to_proleptic(0.0), 0.0);
        assert_eq!(Calendar::Day360.to_proleptic(180.0), 182.5);
        assert_eq!(Calendar::NoLeap.to_proleptic(365.0 * 30.0), 10_957.0);
        assert_eq!(Calendar::Standard.to_proleptic(-141_428.0), -141_428.0);
    }

    #[test]
    fn dates_read_well() {
        assert_eq!(Calendar::Proleptic.date(1.5).to_string(), "1970-01-02T12:00");
        assert_eq!(Calendar::Proleptic.date(-1e-6 / 86_400.0).to_string(), "1969-12-31T23:59:59.999999");
        assert_eq!(Calendar::Standard.date(-719_164.0 - 1000.0 * 365.25).to_string(), "-0999-01-01");
    }
}
