//! Times of files: `days since 1850-01-01` in any CF calendar, to days since 1970-01-01 of that calendar (CF 1.11, section 4.4).

use esker_core::Calendar;

/// How a variable's numbers become days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TimeUnit {
    /// The calendar named, or the standard one.
    pub calendar: Calendar,
    rule: Rule,
    /// The year of the date counted from, where it is one that dates of this calendar do not have.
    pub odd_year: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    /// Days of the date counted from, and seconds a unit.
    Since { origin: f64, seconds: f64 },
    /// Numbers such as 19790131.25.
    Written,
}

impl TimeUnit {
    /// The unit, if `units` is one of time since a date.
    ///
    /// # Errors
    /// Why a unit of time cannot be decoded, as a rule.
    pub fn parse(units: &str, calendar: Option<&str>) -> Option<Result<Self, String>> {
        let lower = units.trim().to_ascii_lowercase();
        if lower.starts_with("day as %y%m%d") {
            return Some(calendar_of(calendar).map(|calendar| Self { calendar, rule: Rule::Written, odd_year: None }));
        }
        let (unit, date) = lower.split_once(" since ")?;
        Some(Self::since(unit.trim(), date.trim(), calendar))
    }

    fn since(unit: &str, date: &str, calendar: Option<&str>) -> Result<Self, String> {
        let calendar = calendar_of(calendar)?;
        let seconds = seconds(unit, calendar)?;
        let (year, days) = reference(date, calendar).ok_or_else(|| format!("'{date}' is no date of the {} calendar", calendar.name()))?;
        let real = matches!(calendar, Calendar::Standard | Calendar::Julian);
        Ok(Self { calendar, rule: Rule::Since { origin: days, seconds }, odd_year: (real && year < 1).then_some(year) })
    }

    /// Days since 1970-01-01 of the calendar.
    pub fn days(&self, value: f64) -> f64 {
        match self.rule {
            Rule::Since { origin, seconds } => origin + value * seconds / 86_400.0,
            Rule::Written => self.written(value),
        }
    }

    fn written(&self, value: f64) -> f64 {
        let whole = value.abs().floor();
        // Beyond this there is no such year, nor missing values.
        if whole.is_nan() || whole > 1e11 {
            return f64::NAN;
        }
        let n = whole as i64;
        let year = if value < 0.0 { -(n / 10_000) } else { n / 10_000 };
        match self.calendar.days(year, (n / 100 % 100) as u8, (n % 100) as u8) {
            Some(days) => days as f64 + (value.abs() - whole),
            None => f64::NAN,
        }
    }
}

fn calendar_of(name: Option<&str>) -> Result<Calendar, String> {
    Calendar::parse(name.unwrap_or("")).map_err(|_| format!("the calendar '{}' is not one of CF's", name.unwrap_or("")))
}

/// Seconds of a unit of time. Years and months are exact only in calendars where all are alike.
fn seconds(unit: &str, calendar: Calendar) -> Result<f64, String> {
    let year = match calendar {
        Calendar::Day360 => Some(360.0),
        Calendar::NoLeap => Some(365.0),
        Calendar::AllLeap => Some(366.0),
        _ => None,
    };
    let days = match unit {
        "nanosecond" | "nanoseconds" | "ns" | "nanosec" | "nanosecs" => return Ok(1e-9),
        "microsecond" | "microseconds" | "us" | "microsec" | "microsecs" => return Ok(1e-6),
        "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" | "millisec" | "millisecs" => return Ok(1e-3),
        "second" | "seconds" | "s" | "sec" | "secs" => return Ok(1.0),
        "minute" | "minutes" | "min" | "mins" => return Ok(60.0),
        "hour" | "hours" | "h" | "hr" | "hrs" => return Ok(3600.0),
        "day" | "days" | "d" => 1.0,
        "week" | "weeks" => 7.0,
        "common_year" | "common_years" => 365.0,
        "year" | "years" | "yr" | "yrs" | "a" => {
            year.ok_or("a year has no fixed number of days in this calendar, and UDUNITS' 365.242198781 days are seldom meant")?
        }
        "month" | "months" | "mon" | "mons" if calendar == Calendar::Day360 => 30.0,
        "month" | "months" | "mon" | "mons" => return Err("a month has no fixed number of days in this calendar".into()),
        _ => return Err(format!("'{unit}' is no unit of time")),
    };
    Ok(days * 86_400.0)
}

/// Days since 1970-01-01 to a moment such as `1850-1-1 06:00:00 +1:00`, with its year.
fn reference(text: &str, calendar: Calendar) -> Option<(i64, f64)> {
    let (date, clock) = match text.find(|c: char| c.is_whitespace() || c == 't') {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text.strip_suffix('z').unwrap_or(text), ""),
    };
    let (sign, digits) = match date.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, date.strip_prefix('+').unwrap_or(date)),
    };
    let mut parts = digits.split(['-', '/']);
    let first = parts.next()?;
    let (year, month, day) = if first.len() == 8 && digits.len() == 8 {
        (&first[..4], first.get(4..6), first.get(6..))
    } else {
        (first, parts.next(), parts.next())
    };
    // A day that comes first (01-01-1970) is not told from a year.
    if parts.next().is_some() || day.is_some_and(|d| d.len() > 2) || !all_digits(year) {
        return None;
    }
    let year = sign * year.parse::<i64>().ok()?;
    let small = |t: Option<&str>| t.map_or(Some(1), |t| t.parse::<u8>().ok());
    let days = calendar.days(year, small(month)?, small(day)?)?;
    Some((year, days as f64 + clock_seconds(clock)? / 86_400.0))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Seconds since midnight, UTC, of `12:30:00.5`, `6 utc`, `00:00:00 +01:00`.
fn clock_seconds(text: &str) -> Option<f64> {
    let text = text.trim();
    let (clock, zone) = match text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')) {
        Some(at) => (&text[..at], text[at..].trim()),
        None => (text, ""),
    };
    Some(sexagesimal(clock)? - zone_seconds(zone)?)
}

fn zone_seconds(zone: &str) -> Option<f64> {
    let rest = zone.trim_start_matches("utc").trim_start_matches("gmt").trim();
    let (sign, rest) = match rest.as_bytes().first() {
        None | Some(b'z') if rest.len() <= 1 => return Some(0.0),
        Some(b'+') => (1.0, &rest[1..]),
        Some(b'-') => (-1.0, &rest[1..]),
        _ => return None,
    };
    if rest.len() == 4 && all_digits(rest) {
        return Some(sign * (rest[..2].parse::<f64>().ok()? * 3600.0 + rest[2..].parse::<f64>().ok()? * 60.0));
    }
    Some(sign * sexagesimal(rest)?)
}

/// Seconds of `hh`, `hh:mm` or `hh:mm:ss.s`; nothing is 0.
fn sexagesimal(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    let parts: Vec<f64> = text.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let most = [24.0, 60.0, 61.0];
    if parts.len() > 3 || parts.iter().zip(most).any(|(&p, m)| !(0.0..=m).contains(&p)) {
        return None;
    }
    Some(parts.iter().zip([3600.0, 60.0, 1.0]).map(|(p, s)| p * s).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(units: &str, calendar: &str, value: f64) -> String {
        let unit = TimeUnit::parse(units, Some(calendar)).unwrap().unwrap();
        unit.calendar.date(unit.days(value)).to_string()
    }

    // Dates by cftime 1.6.6.1, num2date; it calls years of the noleap calendar `common_years`.
    #[test]
    fn units_and_calendars_are_those_of_cftime() {
        assert_eq!(date("days since 1850-1-1", "standard", 0.5), "1850-01-01T12:00");
        assert_eq!(date("hours since 1900-01-01 00:00:0.0", "gregorian", 1_043_135.0), "2018-12-31T23:00");
        assert_eq!(date("days since 2000-01-01", "noleap", 59.0), "2000-03-01");
        assert_eq!(date("days since 2000-01-01", "360_day", 59.0), "2000-02-30");
        assert_eq!(date("days since 2001-01-01", "all_leap", 59.0), "2001-02-29");
        assert_eq!(date("days since 1582-10-04", "standard", 1.0), "1582-10-15");
        assert_eq!(date("days since 1582-10-04", "proleptic_gregorian", 1.0), "1582-10-05");
        assert_eq!(date("days since 1500-02-28", "julian", 1.0), "1500-02-29");
        assert_eq!(date("years since 0001-01-01", "noleap", 849.0), "0850-01-01");
        assert_eq!(date("seconds since 1970-01-01T00:00:00Z", "standard", 1.5), "1970-01-01T00:00:01.5");
        assert_eq!(date("hours since 1970-01-01 00:00 +02:00", "standard", 2.0), "1970-01-01");
        assert_eq!(date("months since 1960-01-01", "360_day", 1.5), "1960-02-16");
    }

    #[test]
    fn a_lone_hour_counts_as_in_udunits() {
        // UDUNITS by cf_units 3.3.1: 1 converts to 13 hours since midnight. cftime 1.6.6.1 drops the hour and says 01:00.
        assert_eq!(date("hours since 1970-01-01 12", "standard", 1.0), "1970-01-01T13:00");
    }

    #[test]
    fn dates_written_as_numbers_are_read_by_their_digits() {
        // No peer at hand decodes this unit of CDO: the digits are the date.
        assert_eq!(date("day as %Y%m%d.%f", "standard", 19_790_131.25), "1979-01-31T06:00");
    }

    #[test]
    fn what_has_no_single_meaning_is_refused() {
        let why = |units: &str, calendar: &str| TimeUnit::parse(units, Some(calendar)).unwrap().unwrap_err();
        assert_eq!(why("months since 1960-01-01", "standard"), "a month has no fixed number of days in this calendar");
        assert_eq!(why("days since 1582-10-10", "standard"), "'1582-10-10' is no date of the standard calendar");
        assert_eq!(why("days since 01-01-1970", "standard"), "'01-01-1970' is no date of the standard calendar");
        assert_eq!(why("days since 2000-01-01", "martian"), "the calendar 'martian' is not one of CF's");
        assert!(TimeUnit::parse("kg m-2", None).is_none());
    }
}
