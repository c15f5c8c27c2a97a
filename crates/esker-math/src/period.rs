//! Spans of the calendar that Earth scientists sum over: months, seasons, and years that start in any month.
//!
//! A span that crosses the turn of the year belongs to the year in which it ends: the winter of 2003 is December 2002 to February 2003, and the
//! hydrological year 2003 with October as its first month ends in September 2003.

use std::ops::Range;

use esker_core::{Calendar, Date};

/// Months from January of year 0 to the month of a date.
pub fn month_of(date: &Date) -> i64 {
    date.year * 12 + i64::from(date.month) - 1
}

/// The first day of a month counted from January of year 0, in days since 1970-01-01 of the calendar.
pub fn first_day(calendar: Calendar, month: i64) -> f64 {
    calendar.days(month.div_euclid(12), month.rem_euclid(12) as u8 + 1, 1).map_or(f64::NAN, |d| d as f64)
}

/// Days in some months.
pub fn days_in(calendar: Calendar, months: &Range<i64>) -> f64 {
    months.clone().map(|m| f64::from(calendar.days_in_month(m.div_euclid(12), m.rem_euclid(12) as u8 + 1))).sum()
}

/// A span of months of each year, named by the year in which it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months {
    from: u8,
    to: u8,
}

impl Months {
    /// From one month to another, 1 to 12; a span from a later month to an earlier one starts the year before.
    pub fn new(from: u8, to: u8) -> Option<Self> {
        ((1..=12).contains(&from) && (1..=12).contains(&to)).then_some(Self { from, to })
    }

    /// The span of a text: `6/8`, `10/9`, or one month `7`.
    ///
    /// ```
    /// use esker_math::period::Months;
    /// // October 2002 to September 2003, in months from January of year 0.
    /// assert_eq!(Months::parse("10/9").unwrap().of(2003), 2002 * 12 + 9..2003 * 12 + 9);
    /// assert!(Months::parse("0/13").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('/').unwrap_or((text, text));
        Self::new(from.trim().parse().ok()?, to.trim().parse().ok()?)
    }

    /// Its months in the year in which it ends, from January of year 0.
    pub fn of(self, year: i64) -> Range<i64> {
        let last = year * 12 + i64::from(self.to) - 1;
        let more = (i64::from(self.to) - i64::from(self.from)).rem_euclid(12);
        last - more..last + 1
    }

    /// Whether it starts in the year before the one it is named by.
    pub fn crosses(self) -> bool {
        self.from > self.to
    }
}

/// A division of time by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Months.
    Month,
    /// Winter from December, spring from March, summer from June, autumn from September.
    Season,
    /// Years that start in this month, 1 to 12, named by the year in which they end.
    Year(u8),
}

/// One period.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The year it is named by.
    pub year: i64,
    /// Its number in that year, from 1: a month, a season from winter on, 1 for years.
    pub part: u8,
    /// Its first month from January of year 0.
    pub first: i64,
    /// Number of its months.
    pub months: u8,
}

impl Span {
    /// Its months, from January of year 0.
    pub fn range(&self) -> Range<i64> {
        self.first..self.first + i64::from(self.months)
    }
}

impl Period {
    /// The names of the seasons by their first letters, winter first.
    pub const SEASONS: [&'static str; 4] = ["DJF", "MAM", "JJA", "SON"];

    /// The period that holds a date.
    pub fn of(self, date: &Date) -> Span {
        let month = month_of(date);
        let span = |months: u8, shift: i64| {
            let first = (month - shift).div_euclid(i64::from(months)) * i64::from(months) + shift;
            (first, (first + i64::from(months) - 1).div_euclid(12))
        };
        match self {
            Self::Month => Span { year: date.year, part: date.month, first: month, months: 1 },
            Self::Season => {
                let (first, year) = span(3, -1);
                Span { year, part: ((first + 1).rem_euclid(12) / 3) as u8 + 1, first, months: 3 }
            }
            Self::Year(start) => {
                let (first, year) = span(12, i64::from(start) - 1);
                Span { year, part: 1, first, months: 12 }
            }
        }
    }
}

/// How often a series has a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rhythm {
    /// This many times a day.
    Daily(f64),
    /// Once a month.
    Monthly,
    /// Neither; gaps cannot be counted.
    Other,
}

impl Rhythm {
    /// The rhythm of times that ascend, in days since 1970-01-01 of the calendar: by the middle of their distances.
    pub fn of(calendar: Calendar, days: &[f64]) -> Self {
        let gaps: Vec<f64> = days.windows(2).map(|w| w[1] - w[0]).filter(|g| *g > 0.0).collect();
        let Ok(usual) = crate::quantile(&gaps, 0.5) else { return Self::Other };
        let steps = (1.0 / usual).round();
        if steps >= 1.0 && (1.0 / usual - steps).abs() < 1e-3 * steps {
            return Self::Daily(steps);
        }
        let months: Vec<i64> = days.iter().map(|&d| month_of(&calendar.date(d))).collect();
        let monthly = (27.0..=31.5).contains(&usual) && months.windows(2).all(|w| w[0] < w[1]);
        if monthly { Self::Monthly } else { Self::Other }
    }

    /// Values that some months should have; none where that is not known.
    pub fn expected(self, calendar: Calendar, months: &Range<i64>) -> Option<f64> {
        match self {
            Self::Daily(steps) => Some(steps * days_in(calendar, months)),
            Self::Monthly => Some((months.end - months.start) as f64),
            Self::Other => None,
        }
    }

    /// Days that a value in a month stands for; none where that is not known.
    pub fn days(self, calendar: Calendar, month: i64) -> Option<f64> {
        match self {
            Self::Daily(steps) => Some(1.0 / steps),
            Self::Monthly => Some(days_in(calendar, &(month..month + 1))),
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: (i64, u8, u8)) -> Date {
        Date { year: text.0, month: text.1, day: text.2, seconds: 0.0 }
    }

    #[test]
    fn december_belongs_to_the_winter_that_follows() {
        let december = Period::Season.of(&date((2002, 12, 1)));
        assert_eq!((december.year, december.part), (2003, 1));
        assert_eq!(december, Period::Season.of(&date((2003, 2, 28))));
        let november = Period::Season.of(&date((2002, 11, 30)));
        assert_eq!((november.year, november.part, Period::SEASONS[3]), (2002, 4, "SON"));
        let march = Period::Season.of(&date((2003, 3, 1)));
        assert_eq!((march.year, march.part), (2003, 2));
    }

    #[test]
    fn years_are_named_by_their_end() {
        let hydrological = Period::Year(10);
        assert_eq!(hydrological.of(&date((2002, 10, 1))).year, 2003);
        assert_eq!(hydrological.of(&date((2003, 9, 30))).year, 2003);
        assert_eq!(hydrological.of(&date((2003, 10, 1))).year, 2004);
        assert_eq!(Period::Year(1).of(&date((2003, 12, 31))).year, 2003);
        assert_eq!(Period::Year(10).of(&date((2003, 1, 1))).range(), Months::parse("10/9").unwrap().of(2003));
        assert_eq!(Period::Month.of(&date((-1, 3, 1))).range(), -10..-9);
    }

    #[test]
    fn spans_of_months_hold_their_days() {
        let c = Calendar::Proleptic;
        assert_eq!(days_in(c, &Months::parse("12/2").unwrap().of(2004)), 91.0);
        assert_eq!(days_in(Calendar::Day360, &Months::parse("10/9").unwrap().of(2004)), 360.0);
        assert_eq!(first_day(c, Months::parse("12/2").unwrap().of(1970).start), -31.0);
        assert_eq!(Months::parse("7").unwrap().of(2000).count(), 1);
    }

    #[test]
    fn the_rhythm_is_told_in_spite_of_gaps() {
        let c = Calendar::Proleptic;
        let days: Vec<f64> = (0..400).filter(|d| d % 7 != 3).map(f64::from).collect();
        assert_eq!(Rhythm::of(c, &days), Rhythm::Daily(1.0));
        let hours: Vec<f64> = (0..400).map(|h| f64::from(h) / 24.0).collect();
        assert_eq!(Rhythm::of(c, &hours), Rhythm::Daily(24.0));
        let months: Vec<f64> = (0..40).map(|m| first_day(c, 1980 * 12 + m) + 14.0).collect();
        assert_eq!(Rhythm::of(c, &months), Rhythm::Monthly);
        assert_eq!(Rhythm::of(c, &[0.0, 5.0, 10.0, 15.0]), Rhythm::Other);
        assert_eq!(Rhythm::Daily(24.0).expected(c, &(1972 * 12 + 1..1972 * 12 + 2)), Some(29.0 * 24.0));
    }
}
