//! A plan in other programs: Markdown and a calendar.

use std::fmt::Write as _;

use esker_core::{Error, Result};
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::hours as h;
use super::plan::Plan;
use super::text::{covers, span};
use crate::calendar::{Calendar, Event, When, uid};

/// The plan as Markdown. What comes from a catalogue is escaped.
pub fn markdown(plan: &Plan) -> String {
    let mut out = format!("# My path\n\nTo {}: {} of {}, {}.\n", safe(&plan.purpose), h(plan.hours), h(plan.budget), plan.reach());
    for (i, step) in plan.steps.iter().enumerate() {
        let _ = write!(out, "\n## {}. {}\n\n<{}>\n\n", i + 1, safe(&step.title), link(&step.url));
        let _ = writeln!(out, "- [ ] {} ({})", safe(&step.take()), span(plan, i));
        let _ = writeln!(out, "- Covers {}", safe(&covers(step)));
        let _ = writeln!(out, "- Because: {}", step.reasons.iter().map(|r| safe(r)).collect::<Vec<_>>().join("; "));
        let _ = writeln!(out, "- But: {}", safe(&step.drawback));
    }
    if !plan.left_out.is_empty() {
        out.push_str("\n## Left out\n\n");
    }
    for left in &plan.left_out {
        let _ = writeln!(out, "- {}: {}", safe(&left.title), safe(&left.why));
    }
    out.push_str("\n## Topics\n\n| Topic | State |\n| --- | --- |\n");
    for t in &plan.topics {
        let state = if t.known { "known".to_owned() } else { format!("{:.0} %", 100.0 * t.learned) };
        let _ = writeln!(out, "| {} | {state} |", safe(&t.label));
    }
    for note in &plan.notes {
        let _ = writeln!(out, "\n{}", safe(note));
    }
    let _ = writeln!(out, "\nNamed by {}. Hours are estimates.", safe(&plan.credit()));
    out
}

/// Text without what Markdown or HTML would act on.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// An address that cannot end its angle brackets.
fn link(url: &str) -> String {
    url.replace('<', "%3C").replace('>', "%3E")
}

/// The plan as iCalendar: one event of whole days for each week that has work, from `start` on. The same plan makes the same file, and
/// with another start the same events on other days, so that a calendar moves them and does not double them.
///
/// # Errors
/// The weeks go beyond the years of the calendar.
pub fn calendar(plan: &Plan, start: Date) -> Result<String> {
    let beyond = || Error::usage("start of the calendar").got(start.to_string()).rule("its weeks go beyond the year 9999");
    let stamp = start.to_zoned(TimeZone::UTC).map_err(|_| beyond())?.timestamp();
    let mut events = Vec::new();
    for (w, week) in plan.weeks.iter().enumerate().filter(|(_, week)| !week.parts.is_empty()) {
        let weeks = i32::try_from(w).map_err(|_| beyond())?;
        let first = start.checked_add(Span::new().weeks(weeks)).map_err(|_| beyond())?;
        let titles: Vec<String> = week.parts.iter().map(|p| format!("{} ({})", plan.steps[p.step].title, h(p.hours))).collect();
        let lines = week.parts.iter().map(|p| {
            let step = &plan.steps[p.step];
            format!("{}: {} this week ({} in all: {})\n{}", step.title, h(p.hours), h(step.hours), step.take(), step.url)
        });
        let name = uid(&["guide", &plan.key, &(w + 1).to_string()]);
        let mut event = Event::new(name, When::Days { first, days: 7 }, format!("Week {}: {}", w + 1, titles.join(", ")));
        event.description = lines.collect::<Vec<_>>().join("\n\n");
        events.push(event);
    }
    Ok(Calendar { name: "My path".to_owned(), stamp, events }.text())
}
