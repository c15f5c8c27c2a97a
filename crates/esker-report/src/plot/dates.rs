//! Ticks of a time axis at years, months, days, hours or minutes, and dates in words.

use esker_core::{Calendar, Date};

const CALENDAR: Calendar = Calendar::Proleptic;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A span between ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Years(i64),
    Months(i64),
    Days(i64),
    Minutes(i64),
}

const STEPS: [Step; 28] = [
    Step::Minutes(1),
    Step::Minutes(5),
    Step::Minutes(10),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(180),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Days(5),
    Step::Days(10),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
    Step::Years(20),
    Step::Years(50),
    Step::Years(100),
    Step::Years(200),
    Step::Years(500),
    Step::Years(1000),
    Step::Years(5000),
    Step::Years(10_000),
];

impl Step {
    fn days(self) -> f64 {
        match self {
            Self::Years(n) => n as f64 * 365.2425,
            Self::Months(n) => n as f64 * 30.44,
            Self::Days(n) => n as f64,
            Self::Minutes(n) => n as f64 / 1440.0,
        }
    }

    fn moments(self, low: f64, high: f64) -> Vec<f64> {
        let first = CALENDAR.date(low);
        let day = |y: i64, m: i64, d: u8| CALENDAR.days(y + m.div_euclid(12), m.rem_euclid(12) as u8 + 1, d).map(|d| d as f64);
        let all: Vec<f64> = match self {
            Self::Years(n) => (0..=60).filter_map(|i| day(first.year.div_euclid(n) * n + i * n, 0, 1)).collect(),
            Self::Months(n) => (0..=60).filter_map(|i| day(first.year, (i64::from(first.month) - 1) / n * n + i * n, 1)).collect(),
            Self::Days(1) => (0..=60).map(|i| low.floor() + f64::from(i)).collect(),
            // Days of the month, so that a month does not begin between two ticks of another count.
            Self::Days(n) => {
                let months = (0..=4).map(|i| i64::from(first.month) - 1 + i);
                months
                    .flat_map(|m| (0..30 / n).filter_map(move |k| day(first.year, m, if k == 0 { 1 } else { (k * n + 1) as u8 })))
                    .collect()
            }
            Self::Minutes(n) => {
                let step = n as f64 / 1440.0;
                (0..=100).map(|i| ((low / step).floor() + f64::from(i)) * step).collect()
            }
        };
        let dust = 1e-9 * (high - low).max(1.0);
        all.into_iter().filter(|v| *v >= low - dust && *v <= high + dust).collect()
    }

    fn label(self, d: Date) -> String {
        let month = MONTHS[usize::from(d.month) - 1];
        match self {
            Self::Years(_) => d.year.to_string().replace('-', "−"),
            Self::Months(_) if d.month == 1 => d.year.to_string(),
            Self::Months(_) => month.to_owned(),
            Self::Minutes(_) if d.seconds >= 30.0 => clock(d),
            _ => format!("{} {month}", d.day),
        }
    }
}

fn clock(d: Date) -> String {
    let minutes = (d.seconds / 60.0).round() as i64;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A date in words: as much of it as is said by the number.
pub fn date_label(days: f64) -> String {
    let d = CALENDAR.date(days);
    let day = format!("{} {} {}", d.day, MONTHS[usize::from(d.month) - 1], d.year);
    if d.seconds >= 30.0 { format!("{day} {} UTC", clock(d)) } else { day }
}

/// Ticks between two moments (days since 1970-01-01), at most `most` of them, with their labels; and what labels leave unsaid, such as
/// the year, for the axis title.
pub fn date_ticks(low: f64, high: f64, most: usize) -> (Vec<(f64, String)>, String) {
    let fits = |s: &&Step| (high - low) / s.days() <= most.max(2) as f64;
    let step = *STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]);
    let ticks: Vec<(f64, String)> = step.moments(low, high).into_iter().map(|v| (v, step.label(CALENDAR.date(v)))).collect();
    let (a, b) = (CALENDAR.date(low), CALENDAR.date(high));
    let years = if a.year == b.year { a.year.to_string() } else { format!("{}–{}", a.year, b.year) };
    let said_year = ticks.iter().any(|(v, _)| CALENDAR.date(*v).month == 1);
    let said_day = ticks.iter().any(|(v, _)| CALENDAR.date(*v).seconds < 30.0);
    let context = match step {
        Step::Years(_) => String::new(),
        Step::Months(_) if said_year => String::new(),
        Step::Months(_) | Step::Days(_) => years,
        Step::Minutes(_) if said_day => format!("{years}, UTC"),
        Step::Minutes(_) => format!("{} UTC", date_label(low.floor())),
    };
    (ticks, context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(y: i64, m: u8, d: u8) -> f64 {
        CALENDAR.days(y, m, d).unwrap() as f64
    }

    fn labels(low: f64, high: f64) -> (String, String) {
        let (ticks, context) = date_ticks(low, high, 7);
        (ticks.into_iter().map(|t| t.1).collect::<Vec<_>>().join(" "), context)
    }

    #[test]
    fn ticks_stand_at_whole_years_months_days_and_hours() {
        assert_eq!(labels(day(1958, 3, 1), day(2020, 4, 1)), ("1960 1970 1980 1990 2000 2010 2020".into(), String::new()));
        assert_eq!(labels(day(1999, 11, 3), day(2001, 2, 1)), ("2000 Apr Jul Oct 2001".into(), String::new()));
        assert_eq!(labels(day(2001, 3, 1), day(2001, 9, 1)), ("Mar Apr May Jun Jul Aug Sep".into(), "2001".into()));
        assert_eq!(labels(day(2001, 2, 20), day(2001, 3, 22)).0, "21 Feb 26 Feb 1 Mar 6 Mar 11 Mar 16 Mar 21 Mar");
        assert_eq!(
            labels(day(2001, 3, 1) + 0.3, day(2001, 3, 1) + 0.8),
            ("08:00 10:00".replace("08:00 10:00", "09:00 12:00 15:00 18:00"), "1 Mar 2001 UTC".into())
        );
        assert_eq!(labels(day(2001, 3, 1), day(2001, 3, 3)).0, "1 Mar 12:00 2 Mar 12:00 3 Mar");
        assert_eq!(date_label(day(2014, 10, 1) + 0.25), "1 Oct 2014 06:00 UTC");
    }

    proptest! {
        #[test]
        fn ticks_are_whole_lie_inside_and_ascend(low in -200_000.0f64..60_000.0, span in 0.01f64..400_000.0, most in 2usize..10) {
            let (ticks, _) = date_ticks(low, low + span, most);
            prop_assert!(ticks.len() <= most + 2, "{:?}", ticks);
            prop_assert!(ticks.windows(2).all(|w| w[0].0 < w[1].0));
            for (v, _) in &ticks {
                prop_assert!(*v >= low - 1e-6 * span.max(1.0) && *v <= low + span * (1.0 + 1e-6));
                let seconds = CALENDAR.date(*v).seconds;
                prop_assert!((seconds / 60.0 - (seconds / 60.0).round()).abs() < 1e-3);
            }
        }
    }
}
