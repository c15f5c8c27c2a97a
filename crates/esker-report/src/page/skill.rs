//! Skill against simple answers, in plain words.

use esker_core::Unit;
use esker_core::skill::{ModelSkill, Skill, SkillReference};

use super::html::Html;
use super::number::{attach, count, fixed, percent, real, signed, unit_bracketed};
use super::reading::Reading;
use super::scores::dash;
use super::table::{Cell, Sheet, number, text};
use super::words::{capital, plural, sentence};

/// The chosen model against each simple answer, and all others folded away.
pub fn skill(r: Reading<'_>, h: &mut Html) {
    let Some(s) = r.record.skill.as_ref().filter(|s| !s.references.is_empty()) else { return };
    let chosen = r.record.chosen.model.as_str();
    h.element("h3", &[], "Better than a simple answer?");
    h.element("p", &[], &meaning(s));
    let blocks = !s.drawn.is_empty();
    let error =
        if s.of == "Brier score" { "its Brier score".to_owned() } else { format!("its RMSE{}", unit_bracketed(&s.references[0].unit)) };
    let mut sheet =
        Sheet::new(format!("{chosen} against simple answers on held-out rows")).words("Simple answer").numbers(error).numbers("skill");
    if blocks {
        sheet = sheet.numbers(format!("{} interval", percent(s.confidence)));
    }
    sheet = sheet.words("Reading");
    for reference in &s.references {
        let Some(m) = of(reference, chosen) else { continue };
        let mut cells = vec![text(capital(&reference.name)), number(real(reference.error)), number(signed(m.skill, 2))];
        if blocks {
            cells.push(interval(m));
        }
        cells.push(text(reading(m, reference)));
        sheet.row(cells);
    }
    sheet.write(h);
    h.with("ul", &[("class", "points")], |h| {
        for reference in &s.references {
            h.with("li", &[], |h| {
                h.element("strong", &[], &format!("{}: ", capital(&reference.name)));
                h.text(&made(reference));
            });
        }
    });
    if !s.absent.is_empty() {
        h.element("p", &[], &format!("Not to be had here: {}.", s.absent.join("; ")));
    }
    others(r, s, h);
}

fn meaning(s: &Skill) -> String {
    let (what, perfect) = if s.of == "Brier score" { ("Brier score", "probability") } else { ("mean squared error", "prediction") };
    let drawn = if s.drawn.is_empty() { String::new() } else { format!(" Intervals come from the blocks told above ({}).", s.drawn) };
    format!(
        "Skill is the share of a simple answer’s {what} that a model saves: 1 is a perfect {perfect}, 0 no better than the simple answer, negative \
         worse. Each simple answer is learned from the training rows of a fold alone, as the models are.{drawn}"
    )
}

fn of<'a>(reference: &'a SkillReference, model: &str) -> Option<&'a ModelSkill> {
    reference.models.iter().find(|m| m.model == model)
}

fn interval(m: &ModelSkill) -> Cell {
    number(m.interval.map_or_else(dash, |[low, high]| format!("{} to {}", signed(low, 2), signed(high, 2))))
}

/// What a skill allows to be said.
fn reading(m: &ModelSkill, reference: &SkillReference) -> String {
    match (m.interval, m.beyond_noise()) {
        (None, _) if m.skill > 0.0 => format!("better than {}", reference.name),
        (None, _) => format!("no better than {}", reference.name),
        (_, 1) => format!("better than {}", reference.name),
        (_, -1) => format!("worse than {}", reference.name),
        _ => format!("cannot be told from {}", reference.name),
    }
}

fn made(reference: &SkillReference) -> String {
    let mut words = sentence(&reference.how);
    if let Some([least, middle, most]) = reference.lead {
        let whole = |v: f64| if v.fract() == 0.0 { fixed(v, 0) } else { real(v) };
        let days = |v: f64| attach(&whole(v), &Unit::new(if v == 1.0 { "day" } else { "days" }));
        let range = if least == most { String::new() } else { format!(" in the middle, {} to {}", whole(least), days(most)) };
        let weak = if least < middle / 2.0 { ": forecasts over a shorter time would face a younger one" } else { "" };
        words.push_str(&format!(" It is {} old{range}{weak}.", days(middle)));
    }
    if reference.rows < reference.held_out {
        words.push_str(&format!(
            " It exists for {} of {}.",
            count(reference.rows),
            plural(reference.held_out, "held-out row", "held-out rows")
        ));
    }
    words
}

fn others(r: Reading<'_>, s: &Skill, h: &mut Html) {
    if r.record.models.len() < 2 {
        return;
    }
    let mut sheet = Sheet::new("Skill of each model against each simple answer").words("Model");
    for reference in &s.references {
        sheet = sheet.numbers(format!("against {}", reference.name));
    }
    for m in r.ranked() {
        let cell = |reference: &SkillReference| {
            number(of(reference, &m.name).map_or_else(dash, |m| match m.interval {
                Some([low, high]) => format!("{} ({} to {})", signed(m.skill, 2), signed(low, 2), signed(high, 2)),
                None => signed(m.skill, 2),
            }))
        };
        let chosen = m.name == r.record.chosen.model;
        let name = if chosen { Cell::Badge(m.name.clone(), "chosen") } else { text(m.name.as_str()) };
        let cells = std::iter::once(name).chain(s.references.iter().map(cell)).collect();
        if chosen { sheet.marked_row(cells) } else { sheet.row(cells) }
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Skill of every model");
        sheet.write(h);
    });
}

/// A sentence for the methods paragraph.
pub fn method(r: Reading<'_>) -> String {
    let Some(s) = r.record.skill.as_ref().filter(|s| !s.references.is_empty()) else { return String::new() };
    let parts: Vec<String> = s
        .references
        .iter()
        .filter_map(|reference| Some(format!("{} against {}", fixed(of(reference, &r.record.chosen.model)?.skill, 2), reference.name)))
        .collect();
    format!("The skill of {} (1 − {} / that of a simple answer) was {}.", r.record.chosen.model, s.of, super::words::list(&parts))
}

/// A point of the summary.
pub fn point(r: Reading<'_>) -> Option<String> {
    let s = r.record.skill.as_ref()?;
    let parts: Vec<String> = s
        .references
        .iter()
        .filter_map(|reference| {
            let m = of(reference, &r.record.chosen.model)?;
            let worse = if m.beyond_noise() < 0 { ": worse beyond noise" } else { "" };
            Some(format!("{} against {}{worse}", signed(m.skill, 2), reference.name))
        })
        .collect();
    let perfect = "1 is perfect, 0 no better, negative worse";
    (!parts.is_empty()).then(|| format!("Skill of {} on held-out rows ({perfect}): {}.", r.record.chosen.model, super::words::list(&parts)))
}
