//! Dates as days since 1970-01-01 in the proleptic Gregorian calendar, the one time axis of every table.
//!
//! The calendar arithmetic is that of H. Hinnant, *chrono-compatible low-level date algorithms* (2013): a year counts from 1 March,
//! so that the leap day comes last.

use esker_core::Calendar;

/// Days from 1970-01-01 to midnight of a civil date; the year is astronomical (0 is 1 BC).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let year_of_era = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let day_of_year = doe - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A reader of fixed fields from the front of a text.
struct Front<'a>(&'a [u8]);

impl Front<'_> {
    /// The number written in exactly `n` digits.
    fn digits(&mut self, n: usize) -> Option<i64> {
        let head = self.0.get(..n)?;
        let value = head.iter().try_fold(0_i64, |v, b| b.is_ascii_digit().then(|| v * 10 + i64::from(b - b'0')))?;
        self.0 = &self.0[n..];
        Some(value)
    }

    fn within(&mut self, n: usize, low: i64, high: i64) -> Option<i64> {
        self.digits(n).filter(|v| (low..=high).contains(v))
    }

    /// Steps over one of `marks`.
    fn eat(&mut self, marks: &[u8]) -> Option<u8> {
        let first = *self.0.first().filter(|b| marks.contains(b))?;
        self.0 = &self.0[1..];
        Some(first)
    }

    /// Number of digits in front.
    fn run(&self) -> usize {
        self.0.iter().take_while(|b| b.is_ascii_digit()).count()
    }

    /// The year: four digits, or a sign and four to six (ISO 8601 expanded).
    fn year(&mut self) -> Option<i64> {
        let sign = self.eat(b"+-");
        let n = self.run();
        let fits = if sign.is_some() { (4..=6).contains(&n) } else { n == 4 };
        let year = if fits { self.digits(n)? } else { return None };
        Some(if sign == Some(b'-') { -year } else { year })
    }

    /// Seconds since midnight: `HH`, `HH:MM` or `HH:MM:SS[.f]`; a leap second counts as the second after.
    fn clock(&mut self) -> Option<f64> {
        let hour = self.within(2, 0, 24)?;
        let (mut minute, mut second) = (0, 0.0);
        if self.eat(b":").is_some() {
            minute = self.within(2, 0, 59)?;
            if self.eat(b":").is_some() {
                second = self.within(2, 0, 60)? as f64;
                if self.eat(b".").is_some() {
                    let n = self.run();
                    if n == 0 {
                        return None;
                    }
                    // Eighteen digits are more than an f64 of seconds can tell apart.
                    let told = n.min(18);
                    second += self.digits(told)? as f64 / 10_f64.powi(told as i32);
                    self.0 = &self.0[n - told..];
                }
            }
        }
        (hour < 24 || (minute == 0 && second == 0.0)).then_some((hour * 3600 + minute * 60) as f64 + second)
    }

    /// Seconds east of Greenwich: `Z`, `+HH`, `+HHMM` or `+HH:MM`; none written is none applied.
    fn offset(&mut self) -> Option<f64> {
        if self.0.is_empty() || self.eat(b"Zz").is_some() {
            return Some(0.0);
        }
        let sign = if self.eat(b"+-")? == b'-' { -1.0 } else { 1.0 };
        let hour = self.within(2, 0, 23)?;
        let minute = if self.0.is_empty() {
            0
        } else {
            self.eat(b":");
            self.within(2, 0, 59)?
        };
        Some(sign * (hour * 3600 + minute * 60) as f64)
    }
}

/// Days since 1970-01-01T00:00Z of an ISO 8601 text, `None` where it is not one.
///
/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD` (also with `/`), then `T` or a space and `HH[:MM[:SS[.f]]]`, then `Z` or an offset. What is left out
/// is the first month, day, hour. Years run from -999999 to 999999, astronomical (0 is 1 BC), in the proleptic Gregorian calendar.
///
/// ```
/// use esker_io::time::parse_days;
/// assert_eq!(parse_days("1970-01-02T12:00Z"), Some(1.5));
/// assert_eq!(parse_days("2000-03"), Some(11017.0));
/// assert_eq!(parse_days("2001-02-29"), None);
/// ```
pub fn parse_days(text: &str) -> Option<f64> {
    days_of(text.trim().as_bytes())
}

/// As [`parse_days`], of a text without blanks around that says the day, of a year of four digits: what cannot be meant as anything else.
pub(crate) fn parse_moment(text: &[u8]) -> Option<f64> {
    match text {
        [b'0'..=b'9', _, _, _, b'-' | b'/', _, _, b'-' | b'/', ..] => days_of(text),
        _ => None,
    }
}

/// The moment as ISO 8601 text: `2000-01-01`, `2000-01-01T06:30`, to the nearest microsecond.
///
/// ```
/// assert_eq!(esker_io::time::format_moment(10957.25), "2000-01-01T06:00");
/// ```
pub fn format_moment(days: f64) -> String {
    Calendar::Proleptic.date(days).to_string()
}

fn days_of(text: &[u8]) -> Option<f64> {
    let mut front = Front(text);
    let year = front.year()?;
    let (mut month, mut day) = (1, 1);
    let mut seconds = 0.0;
    if let Some(mark) = front.eat(b"-/") {
        month = front.within(2, 1, 12)?;
        if front.eat(&[mark]).is_some() {
            day = front.within(2, 1, days_in_month(year, month))?;
            if front.eat(b"Tt ").is_some() {
                seconds = front.clock()?;
                front.eat(b" ");
                seconds -= front.offset()?;
            }
        }
    }
    front.0.is_empty().then(|| days_from_civil(year, month, day) as f64 + seconds / 86_400.0)
}

/// The ISO 8601 date on which `days` since 1970-01-01 falls; empty for a missing time (NaN).
///
/// Years outside 0..9999 carry a sign, as ISO 8601 asks. Days beyond 10^12 are clamped.
///
/// ```
/// use esker_io::time::format_date;
/// assert_eq!(format_date(-0.25), "1969-12-31");
/// assert_eq!(format_date(-171_664.0), "1500-01-01");
/// ```
pub fn format_date(days: f64) -> String {
    if days.is_nan() {
        return String::new();
    }
    let (year, month, day) = civil_from_days(days.floor().clamp(-1e12, 1e12) as i64);
    let sign = match year {
        0..=9999 => "",
        ..0 => "-",
        _ => "+",
    };
    format!("{sign}{:04}-{month:02}-{day:02}", year.abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Python 3.13 datetime.date(...).toordinal() - 719163, proleptic Gregorian.
    #[test]
    fn dates_agree_with_python_ordinals() {
        for (text, days) in [
            ("1970-01-01", 0.0),
            ("0001-01-01", -719_162.0),
            ("1500-01-01", -171_664.0),
            ("1582-10-15", -141_427.0),
            ("1900-03-01", -25_508.0),
            ("2000-02-29", 11_016.0),
            ("2024-12-31", 20_088.0),
            ("9999-12-31", 2_932_896.0),
        ] {
            assert_eq!(parse_days(text), Some(days), "{text}");
            assert_eq!(format_date(days), text);
        }
    }

    #[test]
    fn parts_left_out_are_the_first_and_offsets_are_taken_off() {
        assert_eq!(parse_days("1971"), Some(365.0));
        assert_eq!(parse_days("1971-02"), Some(396.0));
        assert_eq!(parse_days("1971/02/01"), Some(396.0));
        assert_eq!(parse_days("1970-01-01 06:00"), Some(0.25));
        assert_eq!(parse_days("1970-01-01T06"), Some(0.25));
        assert_eq!(parse_days("1970-01-01T00:00:00+06:00"), Some(-0.25));
        assert_eq!(parse_days("1970-01-01T00:00:00-0600"), Some(0.25));
        assert_eq!(parse_days("1970-01-01T24:00"), Some(1.0));
        assert_eq!(parse_days("1970-01-01T00:00:43.2Z"), Some(0.0005));
        assert_eq!(parse_days("2023-09-21T21:11:49.950Z").map(|d| (d * 86_400_000.0).round()), Some(1_695_330_709_950.0));
        assert_eq!(parse_days("-0044-03-15").map(format_date).as_deref(), Some("-0044-03-15"));
        assert_eq!(parse_days("+12345-06-07").map(format_date).as_deref(), Some("+12345-06-07"));
    }

    #[test]
    fn what_is_not_a_date_is_none() {
        for text in [
            "",
            " ",
            "61",
            "12.5",
            "19580329",
            "1961-13",
            "1961-00",
            "1961-1-1",
            "1961-02-30",
            "1961-01-01T25",
            "1961-01-01T24:01",
            "1961-01-01T12:60",
            "1961-01-01T12:00:00.",
            "1961-01-01T12:00 CET",
            "1961-01/01",
            "--1961",
            "1961-01-01x",
            "Jan 1961",
            "１９６１",
            "1961-01-01T12:00+99:00",
        ] {
            assert_eq!(parse_days(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_date_written_and_read_is_the_same_day(days in -300_000_000_i64..300_000_000) {
            prop_assert_eq!(parse_days(&format_date(days as f64)), Some(days as f64));
        }

        #[test]
        fn the_next_day_is_one_later(year in -9999_i64..9999, month in 1_i64..=12) {
            let last = days_from_civil(year, month, days_in_month(year, month));
            let (y, m) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            prop_assert_eq!(days_from_civil(y, m, 1), last + 1);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}", days in any::<f64>()) {
            let _ = parse_days(&text);
            let _ = format_date(days);
        }
    }
}
