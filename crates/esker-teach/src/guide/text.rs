//! A plan and a resource as plain text for the terminal.

use std::fmt::Write as _;

use super::catalogue::{Catalogue, Resource};
use super::hours as h;
use super::plan::Plan;

/// Cells of a bar in the terminal.
const CELLS: usize = 48;

/// The plan for people at a terminal.
pub fn plan_text(plan: &Plan) -> String {
    let mut out = format!("To {}: {} of {}, {}\n", plan.purpose, h(plan.hours), h(plan.budget), plan.reach());
    for (i, step) in plan.steps.iter().enumerate() {
        let _ = write!(out, "\n{}. {}  [{}]\n   {}\n   Take     {}\n", i + 1, step.title, step.id, step.url, step.take());
        let _ = writeln!(out, "   Covers   {}", covers(step));
        for (k, reason) in step.reasons.iter().enumerate() {
            let _ = writeln!(out, "   {}  {reason}", if k == 0 { "Because" } else { "       " });
        }
        let _ = writeln!(out, "   But      {}", step.drawback);
        for other in &step.instead {
            let _ = writeln!(out, "   Or       {}, about {}  [{}]", other.title, h(other.hours), other.id);
        }
    }
    if !plan.left_out.is_empty() {
        let _ = writeln!(out, "\nLeft out");
    }
    for left in &plan.left_out {
        let _ = writeln!(out, "   {}  [{}]: {}", left.title, left.id, left.why);
    }
    let _ = write!(out, "\nWeeks\n{}\nTopics\n{}", weeks(plan), topics(plan));
    for note in &plan.notes {
        let _ = writeln!(out, "\nNote: {note}");
    }
    let _ = writeln!(out, "\nNamed by {}. Hours are estimates.", plan.credit());
    out
}

pub(super) fn covers(step: &super::Step) -> String {
    if step.covers.is_empty() {
        return "none of your wishes itself".to_owned();
    }
    let much = |learned: f64| if learned < 0.01 { "under 1 %".to_owned() } else { format!("+{:.0} %", 100.0 * learned) };
    let one = |c: &super::Cover| format!("{} ({})", c.label, much(c.learned));
    step.covers.iter().take(4).map(one).collect::<Vec<_>>().join(", ")
}

/// The sign of a step in a bar: 1 to 9, then letters.
fn sign(step: usize) -> char {
    char::from_digit((step + 1) as u32, 36).unwrap_or('*')
}

/// The hours as a bar, each step by its number, and which weeks each takes.
fn weeks(plan: &Plan) -> String {
    let mut bar = String::new();
    let mut end = 0.0;
    for (i, step) in plan.steps.iter().enumerate() {
        end += step.hours;
        let to = (end / plan.budget * CELLS as f64).round() as usize;
        while bar.chars().count() < to {
            bar.push(sign(i));
        }
    }
    while bar.chars().count() < CELLS {
        bar.push('·');
    }
    let mut out = format!("   |{bar}| {} weeks of {}, {} left\n", plan.weeks.len(), h(plan.hours_a_week), h(plan.budget - plan.hours));
    for (i, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(out, "   {}  {:<16} {}", sign(i), span(plan, i), step.title);
    }
    out
}

/// The weeks of step `i`, in words.
pub(super) fn span(plan: &Plan, i: usize) -> String {
    let on: Vec<usize> = (0..plan.weeks.len()).filter(|w| plan.weeks[*w].parts.iter().any(|p| p.step == i)).map(|w| w + 1).collect();
    match (on.first(), on.last()) {
        (Some(a), Some(b)) if a != b => format!("weeks {a} to {b}"),
        (Some(a), _) => format!("week {a}"),
        _ => String::new(),
    }
}

/// Each topic with how much of it is learned, and what comes before it.
fn topics(plan: &Plan) -> String {
    let mut out = String::new();
    for t in &plan.topics {
        let filled = (10.0 * t.learned).round() as usize;
        let bar: String = (0..10).map(|i| if i < filled { '█' } else { '░' }).collect();
        let state = if t.known {
            "known".to_owned()
        } else if t.learned < 0.01 {
            "missing".to_owned()
        } else {
            format!("{:.0} %", 100.0 * t.learned)
        };
        let after = if t.requires.is_empty() { String::new() } else { format!("  ← {}", t.requires.join(", ")) };
        let _ = writeln!(out, "   {bar} {state:>7}  {}{after}", t.label);
    }
    out
}

/// One resource in full.
pub fn resource_text(r: &Resource, catalogue: &Catalogue) -> String {
    let labels = |ids: &[String]| match ids {
        [] => "none".to_owned(),
        ids => ids.iter().map(|t| catalogue.label(t)).collect::<Vec<_>>().join("; "),
    };
    let or_none = |words: &[String]| if words.is_empty() { "any".to_owned() } else { words.join(", ") };
    let year = r.year.map_or_else(String::new, |y| format!(", {y}"));
    let list = catalogue.lists.iter().find(|l| l.id == r.listed_by);
    let credit = list.map_or_else(|| r.listed_by.clone(), |l| format!("{} ({})", l.label, l.licence));
    let p = r.pillars;
    let forms: Vec<&str> = r.formats.iter().map(|f| f.word()).collect();
    let mut out = format!("{}  [{}]\n{}{year}\n{}\n\n{}\n\n", r.title, r.id, r.authors.join(", "), r.url, r.note);
    let rows = [
        ("What", format!("{}, {}, {}, {}", r.kind.word(), r.cost.word(), r.usage.word(), r.status.word())),
        ("Hours", format!("{}; the core {} ({})", h(r.hours), h(r.core_hours), r.hours_basis)),
        ("Teaches", labels(&r.topics)),
        ("Builds on", labels(&r.prerequisites)),
        (
            "Levels",
            format!("level {}, mathematics {}, programming {}, breadth {}, depth {} (of 5)", r.level, r.math, r.code, r.breadth, r.depth),
        ),
        ("Shares", format!("science {:.0} %, learning {:.0} %, software {:.0} %", 100.0 * p.science, 100.0 * p.ml, 100.0 * p.software)),
        ("Leans", format!("{:+} (-2 theory, +2 practice); Earth {} of 3", r.theory_vs_practice, r.geoscience)),
        ("By", forms.join(", ")),
        ("In", format!("{} ({})", or_none(&r.languages), or_none(&r.libraries))),
        ("Listed", format!("{credit}, section '{}'", r.section)),
        ("Verified", r.verified.clone()),
    ];
    for (name, text) in rows {
        let _ = writeln!(out, "{name:<10}{text}");
    }
    out
}
