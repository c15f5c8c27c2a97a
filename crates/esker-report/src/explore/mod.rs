//! The page of an exploration: one HTML file that stands alone, what looks wrong first.

mod columns;
mod ground;
mod maps;
mod series;
mod together;

use esker_core::exploration::{ColumnCard, Exploration, RecipeCard, SeriesView, Suspect};
use esker_core::{MISSING, Unit, Weight};

use crate::figure::Figure;
use crate::page::html::Html;
use crate::page::number::{count, percent, real, unit_text, with_unit};
use crate::page::table::{Sheet, number, text};
use crate::page::words::{capital, list_some, plural, sentence};
use crate::page::{Section, contents, head, note, pictures, section};
use crate::plot::Series;

/// Columns listed on the page; `--json` lists all.
const LISTED: usize = 200;

/// The whole page: HTML in UTF-8 without scripts or anything to load. Every text of the file is escaped.
pub fn page(e: &Exploration) -> String {
    let sections = sections(e);
    let mut h = Html::new();
    h.fixed("<!doctype html>\n");
    h.with("html", &[("lang", "en-GB")], |h| {
        h.with("head", &[], |h| {
            head(h, &format!("{}, explored", e.title));
            // Sheets of many panels are as tall as they are.
            h.with("style", &[], |h| h.fixed(".picture svg { max-height: none; }"));
        });
        h.with("body", &[], |h| {
            h.element("a", &[("class", "skip"), ("href", "#main")], "Skip to the page");
            h.with("header", &[], |h| {
                h.element(
                    "p",
                    &[("class", "kicker")],
                    &format!("Esker explore · {}", if e.recipe.is_some() { "data of a recipe" } else { &e.format }),
                );
                h.element("h1", &[], &e.title);
                h.element("p", &[("class", "verdict")], &verdict(e));
            });
            h.with("div", &[("class", "frame")], |h| {
                contents(h, &sections);
                h.with("main", &[("id", "main"), ("tabindex", "-1")], |h| sections.iter().for_each(|s| section(h, s)));
            });
            h.with("footer", &[], |h| {
                h.element(
                    "p",
                    &[],
                    &format!("Written by Esker {} from {}. The numbers of every picture: esker explore --json.", e.esker, e.file),
                );
            });
        });
    });
    h.finish()
}

/// What the file is, in a sentence or two, and how much looks wrong.
fn verdict(e: &Exploration) -> String {
    let columns = if e.kind == "cube" && e.rows_are == "cells" {
        plural(e.columns.len(), "variable", "variables")
    } else {
        plural(e.columns.len(), "column", "columns")
    };
    let kind = e.geometry.as_ref().map_or_else(String::new, |g| format!(" with {g}"));
    let size = if e.rows_are == "cells" {
        format!("{columns}, {} values", count(e.rows))
    } else {
        format!("{} and {columns}{kind}", plural(e.rows, "row", "rows"))
    };
    let when = e.period.as_ref().filter(|p| p[0] != p[1]).map_or_else(String::new, |[a, b]| format!(", {a} to {b}"));
    let of = |w: Weight| e.findings.iter().filter(|f| f.weight == w).count();
    let (alarms, warnings) = (of(Weight::Alarm), of(Weight::Warning));
    let found = match (alarms, warnings) {
        (0, 0) => "Nothing looks wrong.".to_owned(),
        (0, w) => format!("{} to look at.", capital(&plural(w, "thing", "things"))),
        (a, 0) => format!("{} to mend before anything is computed.", capital(&plural(a, "thing", "things"))),
        (a, w) => {
            format!("{} to mend before anything is computed, and {} more to look at.", capital(&plural(a, "thing", "things")), count(w))
        }
    };
    format!("{size}{when}. {found}")
}

/// The parts that have something to say, in reading order.
fn sections(e: &Exploration) -> Vec<Section> {
    let mut all = Vec::new();
    let mut add = |id, title, write: &dyn Fn(&mut Html)| {
        let mut body = Html::part(id);
        write(&mut body);
        if !body.is_empty() {
            all.push(Section { id, title, body });
        }
    };
    add("findings", "What looks wrong", &|h| findings(h, e));
    add("structure", "What it holds", &|h| structure(h, e));
    add("missing", "Missing values", &|h| draw(h, e.missing.as_ref().and_then(columns::missing)));
    if let Some(r) = &e.recipe {
        add("target", "The target and its features", &|h| draw(h, together::relations(&r.target, &e.relations)));
    }
    add("spread", "How values are spread", &|h| {
        draw(h, columns::histograms(e));
        draw(h, columns::classes(e));
    });
    add("logs", "Along the wells", &|h| {
        let Some(t) = &e.tracks else { return };
        draw(h, ground::tracks(t));
        draw(h, ground::strips(t));
    });
    add("place", "In space", &|h| {
        draw(h, maps::all(&e.maps));
        draw(h, ground::variograms(&e.variograms));
    });
    add("time", "In time", &|h| {
        let Some(v) = &e.series else { return };
        draw(h, series::lines(v));
        periods(h, v);
        draw(h, series::rhythms(v));
    });
    add("together", "Columns together", &|h| {
        draw(h, e.correlations.as_ref().and_then(together::correlations));
        draw(h, e.scatter.as_ref().and_then(together::scatter));
    });
    add("notes", "What reading decided", &|h| {
        items(h, &e.notes.iter().map(|n| n.text.clone()).collect::<Vec<_>>());
    });
    all
}

fn draw(h: &mut Html, figures: impl IntoIterator<Item = Figure>) {
    let figures: Vec<Figure> = figures.into_iter().collect();
    if !figures.is_empty() {
        h.with("div", &[("class", "figures")], |h| figures.iter().for_each(|f| pictures::one(h, f)));
    }
}

/// Says that there is nothing to see between two ends.
fn ends(low: f64, high: f64, unit: &Unit) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {}", crate::figure::text::unit(unit.as_str())) };
    format!("{} to {}{unit}", crate::figure::text::number(low), crate::figure::text::number(high))
}

/// Codes of classes that are numbers; what is missing is none.
fn codes(values: &[f64]) -> Vec<u32> {
    values.iter().map(|v| if v.is_nan() { MISSING } else { *v as u32 }).collect()
}

/// The series of what colours marks: numbers, or classes where there are levels.
fn coloured<'a>(name: &'a str, unit: &'a Unit, (values, codes, levels): (&'a [f64], &'a [u32], &'a [String])) -> Series<'a> {
    let unit = unit.as_str();
    if levels.is_empty() { Series::numbers(name, unit, values) } else { Series { unit, ..Series::classes(name, codes, levels) } }
}

fn items(h: &mut Html, texts: &[String]) {
    if !texts.is_empty() {
        h.with("ul", &[("class", "points")], |h| texts.iter().for_each(|t| h.element("li", &[], &sentence(t))));
    }
}

/// Alarms and warnings; what is only told is folded away where there is much.
fn findings(h: &mut Html, e: &Exploration) {
    let (grave, told): (Vec<&Suspect>, Vec<&Suspect>) = e.findings.iter().partition(|f| f.weight > Weight::Info);
    if grave.is_empty() {
        h.element("p", &[], "No impossible values, duplicates, copies, marks for missing, mixed units or dates, and no gaps were found.");
    }
    list(h, &grave);
    if !told.is_empty() {
        h.with("details", &[("class", "keep"), ("open", "")], |h| {
            h.element("summary", &[], &capital(&format!("{} worth knowing", plural(told.len(), "thing", "things"))));
            list(h, &told);
        });
    }
    e.sampled.iter().for_each(|s| h.element("p", &[("class", "hint")], s));
}

fn list(h: &mut Html, all: &[&Suspect]) {
    if all.is_empty() {
        return;
    }
    h.with("ul", &[("class", "notes")], |h| {
        for s in all {
            note(h, s.weight, &s.code, |h| {
                h.element("p", &[], &s.text);
                if !s.rows.is_empty() {
                    let rows: Vec<String> = s.rows.iter().map(|r| count(*r)).collect();
                    h.element(
                        "p",
                        &[("class", "hint")],
                        &format!("For example {} {}.", if rows.len() == 1 { "row" } else { "rows" }, crate::page::words::list(&rows)),
                    );
                }
                if !s.next.is_empty() {
                    h.with("p", &[], |h| {
                        h.element("strong", &[], "Next:");
                        h.text(" ");
                        h.text(&s.next);
                    });
                }
            });
        }
    });
}

fn fact(h: &mut Html, name: &str, value: &str) {
    h.with("div", &[], |h| {
        h.element("dt", &[], name);
        h.element("dd", &[], value);
    });
}

fn structure(h: &mut Html, e: &Exploration) {
    h.with("dl", &[("class", "facts")], |h| {
        if let Some(r) = &e.recipe {
            of_recipe(h, r, e.rows);
        } else {
            fact(h, "Format", &e.format);
        }
        fact(h, "Place", &place(e));
        if let Some([a, b]) = &e.period {
            fact(h, "Time", &if a == b { a.clone() } else { format!("{a} to {b}") });
        }
    });
    axes(h, e);
    if e.columns.iter().any(|c| !c.axes.is_empty()) { variables(h, e) } else { table(h, e) }
}

fn of_recipe(h: &mut Html, r: &RecipeCard, rows: usize) {
    fact(h, "Data", &r.file);
    let locked =
        if r.locked > 0 { format!("; {} locked for the final test, and not looked at here", count(r.locked)) } else { String::new() };
    fact(h, "Rows", &format!("{} of {} after the data section{locked}", count(rows), count(r.rows_read)));
    fact(h, "Target", &r.target);
    let names: Vec<&str> = r.features.iter().map(String::as_str).collect();
    fact(h, "Features", &format!("{}: {}", count(names.len()), list_some(&names, 12)));
    if let Some((name, n)) = &r.group {
        fact(h, "Groups", &format!("{name}, {}", plural(*n, "group", "groups")));
    }
    if let Some(time) = &r.time {
        fact(h, "Time column", time);
    }
}

fn place(e: &Exploration) -> String {
    let crs = e.crs.clone().unwrap_or_else(|| "no CRS stated".to_owned());
    let degrees = e.crs.as_deref() == Some("EPSG:4326");
    let Some([west, south, east, north]) = e.extent else { return if e.crs.is_some() { crs } else { "not known".to_owned() } };
    if degrees {
        format!("{} to {} °E, {} to {} °N ({crs})", real(west), real(east), real(south), real(north))
    } else {
        format!("x {} to {}, y {} to {} ({crs})", real(west), real(east), real(south), real(north))
    }
}

fn axes(h: &mut Html, e: &Exploration) {
    let mut sheet =
        Sheet::new("Axes").words("Axis").numbers("Cells").words("From").words("To").numbers("Step").words("Unit").words("Calendar");
    for a in &e.axes {
        sheet.row(vec![
            text(&a.name),
            number(count(a.cells)),
            text(&a.first),
            text(&a.last),
            number(a.step.map_or_else(String::new, real)),
            text(unit_text(&esker_core::Unit::new(&a.unit))),
            text(a.calendar.clone().unwrap_or_default()),
        ]);
    }
    if !sheet.is_empty() {
        sheet.write(h);
    }
}

fn share(c: &ColumnCard) -> String {
    if c.missing == 0 { "0".to_owned() } else { format!("{} ({})", count(c.missing), percent(c.missing as f64 / c.count.max(1) as f64)) }
}

fn variables(h: &mut Html, e: &Exploration) {
    let mut sheet = Sheet::new("Variables")
        .words("Variable")
        .words("Unit")
        .words("Axes")
        .numbers("Missing")
        .numbers("Smallest")
        .numbers("Median")
        .numbers("Mean")
        .numbers("Largest")
        .words("In words");
    for c in e.columns.iter().take(LISTED) {
        let told =
            |f: fn(&esker_core::exploration::Numbers) -> f64| number(c.summary.as_ref().map_or_else(|| "—".to_owned(), |s| real(f(s))));
        let axes: Vec<String> = c.axes.iter().map(|(a, n)| format!("{a} {}", count(*n))).collect();
        sheet.row(vec![
            text(&c.name),
            text(unit_text(&c.unit)),
            text(axes.join(" × ")),
            number(share(c)),
            told(|s| s.min),
            told(|s| s.median),
            told(|s| s.mean),
            told(|s| s.max),
            text(c.long_name.clone().unwrap_or_default()),
        ]);
    }
    sheet.write(h);
}

fn table(h: &mut Html, e: &Exploration) {
    let listed = e.columns.len().min(LISTED);
    let caption = if listed < e.columns.len() {
        format!("The first {listed} of {} columns", count(e.columns.len()))
    } else {
        "Columns; SD is the standard deviation".to_owned()
    };
    let mut sheet = Sheet::new(caption)
        .words("Column")
        .words("Unit")
        .words("Taken for")
        .numbers("Missing")
        .numbers("Different")
        .numbers("Smallest")
        .numbers("Median")
        .numbers("Mean")
        .numbers("Largest")
        .numbers("SD");
    for c in e.columns.iter().take(LISTED) {
        let taken = if c.role.is_empty() { c.holds.clone() } else { c.role.clone() };
        let mut row = vec![text(&c.name), text(unit_text(&c.unit)), text(taken), number(share(c)), number(count(c.distinct))];
        row.extend(numbers(c).map(number));
        sheet.row(row);
    }
    sheet.write(h);
}

/// Smallest, median, mean, largest and standard deviation; dates as dates, and the most frequent class in place of a median.
fn numbers(c: &ColumnCard) -> [String; 5] {
    let none = || "—".to_owned();
    match (&c.summary, c.levels.first()) {
        (Some(s), _) if c.holds == "times" => {
            let date = |d: f64| esker_core::Calendar::Proleptic.date(d).to_string().split('T').next().unwrap_or_default().to_owned();
            [date(s.min), date(s.median), none(), date(s.max), none()]
        }
        (Some(s), _) => [s.min, s.median, s.mean, s.max, s.sd].map(real),
        (None, Some((level, n))) => [none(), format!("{} ({})", shortened(level), count(*n)), none(), none(), none()],
        (None, None) => [none(), none(), none(), none(), none()],
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 24 { text.to_owned() } else { text.chars().take(23).chain(['…']).collect() }
}

/// The main periods, and how long a series remembers.
fn periods(h: &mut Html, v: &SeriesView) {
    let mut sheet = Sheet::new("Periods that stand out of red noise, strongest first, with their share of the variance; and the lag by which the autocorrelation has fallen below 1/e")
        .words("Series")
        .words("Periods")
        .numbers("Memory");
    for s in &v.list {
        let peaks: Vec<String> =
            s.spectrum.iter().flat_map(|p| &p.peaks).map(|p| format!("{} ({})", p.words, percent(p.power.min(1.0)))).collect();
        let Some(a) = &s.autocorrelation else {
            if !peaks.is_empty() {
                sheet.row(vec![text(&s.name), text(peaks.join(", ")), number("—")]);
            }
            continue;
        };
        let memory = a.memory.map_or_else(|| "longer than a third of the series".to_owned(), |m| lag(v, m));
        let told = match &s.spectrum {
            Some(p) if !p.background.is_empty() && peaks.is_empty() => "none".to_owned(),
            Some(p) if !p.background.is_empty() => peaks.join(", "),
            _ => "—".to_owned(),
        };
        sheet.row(vec![text(&s.name), text(told), number(memory)]);
    }
    if !sheet.is_empty() {
        sheet.write(h);
    }
}

fn lag(v: &SeriesView, m: f64) -> String {
    match m {
        m if !v.dated => with_unit(m, &esker_core::Unit::new(&v.unit)),
        m if m >= 700.0 => with_unit(m / 365.2425, &esker_core::Unit::new("years")),
        m if m >= 60.0 => with_unit(m / 30.436_875, &esker_core::Unit::new("months")),
        m if m >= 2.0 => with_unit(m, &esker_core::Unit::new("days")),
        m => with_unit(m * 24.0, &esker_core::Unit::new("hours")),
    }
}
