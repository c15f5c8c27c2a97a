//! The final hold-out: that rows are locked, and what they said when they were opened.

use esker_core::hold_out::{FinalScore, Locked, Opening};
use esker_core::record::Record;

use super::html::Html;
use super::number::{attach, decimals, fixed, percent, real, signed, unit_text};
use super::reading::{Reading, inside};
use super::scores::dash;
use super::table::{Sheet, number, text};
use super::words::{plural, sentence};

/// The part's id on the page.
pub const ID: &str = "final";
/// The part's heading.
pub const TITLE: &str = "Final hold-out";

/// `49 rows (whole groups of basin, about 20 % of the rows)`.
pub fn rows(locked: &Locked) -> String {
    format!("{} ({})", plural(locked.rows, "row", "rows"), locked.description)
}

/// What stands on the page while the lock is closed.
pub fn closed(record: &Record, h: &mut Html) {
    let Some(locked) = &record.data.locked else { return };
    h.element("p", &[], &format!("{} were locked before anything saw them{}: no fold, tuning, interval or figure of this page knows them, and the final model has not learned from them.", rows(locked), left_out(locked)));
    h.with("p", &[], |h| {
        h.text("Once nothing is to be changed any more, the model can be judged on them, once: ");
        h.element("code", &[], "esker open recipe.toml");
        h.text(". The ledger beside the recipe counts the openings.");
    });
}

fn left_out(locked: &Locked) -> String {
    if locked.left_out == 0 { String::new() } else { format!(", and {} beside them left out", plural(locked.left_out, "row", "rows")) }
}

/// What stands there after the opening.
pub fn opened(record: &Record, opening: &Opening, h: &mut Html) {
    let r = Reading::new(record);
    h.with("p", &[], |h| h.element("strong", &[], &sentence(&verdict(opening))));
    if opening.number > 1 {
        warning(opening, h);
    }
    let mut sheet = Sheet::new(format!(
        "Scores of {} on the locked rows, beside the cross-validated ones (all held-out rows of the design together)",
        opening.of.model
    ))
    .words("Score")
    .words("Unit")
    .numbers("locked rows")
    .numbers("cross-validated")
    .numbers("difference")
    .words("Reading");
    for s in &opening.scores {
        let n = decimals([s.locked, s.held_out].into_iter().flatten());
        let show = |v: Option<f64>| number(v.map_or_else(dash, |v| fixed(v, n)));
        let difference = number(s.difference.map_or_else(dash, |v| signed(v, n)));
        let cells = vec![text(s.title.as_str()), text(unit_text(&s.unit)), show(s.locked), show(s.held_out), difference, text(reading(s))];
        if s.metric == opening.metric { sheet.marked_row(cells) } else { sheet.row(cells) }
    }
    sheet.write(h);
    h.with("ul", &[("class", "points")], |h| {
        for line in points(r, opening) {
            h.element("li", &[], &sentence(&line));
        }
    });
}

fn reading(s: &FinalScore) -> &'static str {
    match s.worse_by {
        Some(by) if by > 0.0 => "worse on the locked rows",
        Some(by) if by < 0.0 => "better on the locked rows",
        Some(_) => "the same",
        None => "",
    }
}

/// The one sentence: the score, that of the folds, and whether the difference is more than chance.
pub fn verdict(opening: &Opening) -> String {
    let Some(s) = opening.scores.iter().find(|s| s.metric == opening.metric) else { return "No score".to_owned() };
    let n = decimals([s.locked, s.held_out].into_iter().flatten());
    let told = |v: f64| attach(&fixed(v, n), &s.unit);
    let Some(locked) = s.locked else { return format!("{} does not exist on the locked rows", s.title) };
    let mut out = format!("On the locked rows, {} reaches {} {}", opening.of.model, inside(&s.title), told(locked));
    if let Some(i) = &opening.interval {
        out.push_str(&format!(" ({} interval {} to {})", percent(i.confidence), fixed(i.interval[0], n), fixed(i.interval[1], n)));
    }
    if let (Some(held_out), Some(by)) = (s.held_out, s.worse_by) {
        out.push_str(&format!("; cross-validation had said {}: ", told(held_out)));
        let within = opening.interval.as_ref().map(|i| i.interval[0] <= held_out && held_out <= i.interval[1]);
        let side = if by > 0.0 { "worse" } else { "better" };
        out.push_str(&match within {
            Some(true) => format!("{side} by {}, no more than chance would make it", told(by.abs())),
            Some(false) => format!("{side} by {}, more than chance would make it", told(by.abs())),
            None => format!("{side} by {}", told(by.abs())),
        });
    }
    out
}

/// What an opening after the first is worth.
pub fn spoiled(opening: &Opening) -> Option<String> {
    let first = opening.earlier.first()?;
    let ordinal = match (opening.number % 10, opening.number % 100) {
        (1, n) if n != 11 => "st",
        (2, n) if n != 12 => "nd",
        (3, n) if n != 13 => "rd",
        _ => "th",
    };
    let before: Vec<String> = opening
        .earlier
        .iter()
        .map(|e| {
            let part = if e.rows == opening.locked.rows { String::new() } else { format!(", {} of these rows", e.rows) };
            format!("{} ({}{part})", e.at, e.model)
        })
        .collect();
    Some(format!(
        "Opened for the {}{ordinal} time: since the first opening ({}) the score is no longer of an unseen test. Opened before: {}.",
        opening.number,
        first.at,
        before.join("; ")
    ))
}

fn warning(opening: &Opening, h: &mut Html) {
    let Some(told) = spoiled(opening) else { return };
    h.with("ul", &[("class", "notes")], |h| {
        h.with("li", &[("class", "alarm")], |h| {
            h.with("p", &[("class", "what")], |h| h.element("strong", &[], "Opened before"));
            h.element("p", &[], &told);
        });
    });
}

fn points(r: Reading<'_>, opening: &Opening) -> Vec<String> {
    let mut out = Vec::new();
    let times = if opening.number == 1 { "for the first time".to_owned() } else { format!("opening number {}", opening.number) };
    out.push(format!("Opened on {}, {times}", opening.at.replace('T', " at ").replace('Z', " UTC")));
    out.push(format!("{} were locked before anything saw them{}", rows(&opening.locked), left_out(&opening.locked)));
    if let Some(i) = &opening.interval {
        out.push(format!("The interval of the score is of {} ({})", i.drawn, i.why));
    }
    if let Some(c) = &opening.coverage {
        out.push(format!(
            "Intervals at {} hold {} of the locked observations ({} of those held out by folds); they are {} wide on average",
            percent(c.level),
            percent(c.locked),
            percent(c.held_out),
            attach(&real(c.width), &r.target_unit())
        ));
    }
    if let Some(n) = opening.outside.filter(|n| *n > 0) {
        out.push(format!("{} of {} locked rows lie outside the area of applicability", n, opening.locked.rows));
    }
    out.extend(opening.notes.iter().map(|n| n.text.clone()));
    out
}
