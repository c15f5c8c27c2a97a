//! Dates in several orders, and numbers that are dates.

use esker_core::exploration::Suspect;
use esker_core::{Values, Weight};

use super::super::frame::{Frame, MOST_COLUMNS, compact_dates};
use super::{num, suspect};

pub fn of(frame: &Frame) -> Vec<Suspect> {
    let columns = 0..frame.look.columns().len().min(MOST_COLUMNS);
    columns.filter_map(|c| order(frame, c).or_else(|| compact(frame, c))).collect()
}

/// The two first numbers of a date such as 13/05/2014 or 5.13.14; none for anything else.
fn parts(text: &str) -> Option<(u32, u32)> {
    let day = text.trim().split([' ', 'T']).next()?;
    let mark = day.chars().find(|c| matches!(c, '/' | '.' | '-'))?;
    let mut fields = day.split(mark);
    let number = |f: Option<&str>| f.filter(|f| (1..=2).contains(&f.len())).and_then(|f| f.parse::<u32>().ok());
    let (a, b, year) = (number(fields.next())?, number(fields.next())?, fields.next()?);
    let whole = matches!(year.len(), 2 | 4) && year.bytes().all(|c| c.is_ascii_digit()) && fields.next().is_none();
    (whole && (1..=31).contains(&a) && (1..=31).contains(&b)).then_some((a, b))
}

/// Texts that are dates: the order of day and month is told, mixed, or open.
fn order(frame: &Frame, c: usize) -> Option<Suspect> {
    let column = &frame.look.columns()[c];
    let Values::Class(codes) = &column.values else { return None };
    let used: Vec<&String> = codes.counts().into_iter().zip(codes.levels()).filter(|(n, _)| *n > 0).map(|(_, l)| l).collect();
    let dates: Vec<(u32, u32, &String)> = used.iter().filter_map(|l| parts(l).map(|(a, b)| (a, b, *l))).collect();
    let iso = used.iter().filter(|l| esker_io::time::parse_days(l).is_some() && l.contains('-')).count();
    if dates.is_empty() || 10 * (dates.len() + iso) < 9 * used.len() {
        return None;
    }
    let (day_first, month_first) = (dates.iter().find(|d| d.0 > 12), dates.iter().find(|d| d.1 > 12));
    let name = column.name.as_str();
    Some(match (day_first, month_first) {
        (Some(a), Some(b)) => {
            let text =
                format!("'{name}' mixes dates with the day first, such as {}, and dates with the month first, such as {}.", a.2, b.2);
            suspect(
                Weight::Alarm,
                "mixed-dates",
                &[name],
                (text, "Days up to the 12th cannot be told from months any more: go back to the sources."),
            )
        }
        _ if iso > 0 => {
            let text = format!("'{name}' mixes {} dates such as {} with {iso} written year first.", dates.len(), dates[0].2);
            suspect(Weight::Alarm, "mixed-dates", &[name], (text, "Write all of them as YYYY-MM-DD."))
        }
        (None, None) if dates.len() > 12 => {
            let text = format!("'{name}' holds dates such as {}, of which none tells day and month apart.", dates[0].2);
            suspect(Weight::Warning, "open-dates", &[name], (text, "Write them as YYYY-MM-DD, which is read as a time."))
        }
        (day, _) => {
            let which = if day.is_some() { "day" } else { "month" };
            let text = format!(
                "'{name}' holds dates with the {which} first, such as {}; they were read as texts.",
                day.or(month_first).map_or("", |d| d.2)
            );
            suspect(Weight::Warning, "dates-as-text", &[name], (text, "Write them as YYYY-MM-DD, which is read as a time."))
        }
    })
}

/// Whole numbers that are dates.
fn compact(frame: &Frame, c: usize) -> Option<Suspect> {
    let column = &frame.look.columns()[c];
    compact_dates(column)?;
    let v = column.reals().ok()?;
    let text = format!(
        "'{}' holds dates as whole numbers, YYYYMMDD, such as {}; here they are read as days.",
        column.name,
        num(v.iter().copied().find(|x| !x.is_nan())?)
    );
    let next = "Write them as YYYY-MM-DD: as numbers, the step from December to January is 8870.";
    Some(suspect(Weight::Warning, "dates-as-numbers", &[&column.name], (text, next)))
}
