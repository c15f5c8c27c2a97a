//! The report page: one HTML file that stands alone, written from a record.

mod believed;
mod calibrated;
mod covered;
mod data;
mod dependent;
mod drivers;
pub(crate) mod html;
mod judged;
mod last;
mod limits;
mod methods;
pub(crate) mod number;
pub(crate) mod pictures;
mod prepared;
mod reading;
mod scores;
mod selected;
mod skill;
mod stacked;
mod steps;
mod summary;
pub(crate) mod table;
mod tree;
mod tuned;
pub(crate) mod words;

use esker_core::hold_out::Opening;
use esker_core::record::{MetricCard, Record, Rows};
use esker_core::{Note, Unit, Weight};

use crate::figure::Figure;

pub use last::{spoiled, verdict as final_verdict};
pub use limits::limits;
pub use methods::methods;
pub use summary::{summary, verdict};

use html::Html;
use number::{count, percent, real, signed, unit_text};
use pictures::Place;
use reading::{Reading, Verdict, shuffles};
use words::{capital, plural, sentence};

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs: styles stand in the page, images in its text.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// A part of the page with its heading.
pub(crate) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub body: Html,
}

/// The whole page: HTML in UTF-8 without scripts or anything to load. Every text of the record is escaped.
///
/// `figures` stand where their names say; `rows` are the held-out rows of the record's primary design.
pub fn page(record: &Record, rows: &Rows, figures: &[Figure]) -> String {
    let r = Reading::new(record);
    let sections = sections(r, rows, figures);
    let mut h = Html::new();
    h.fixed("<!doctype html>\n");
    h.with("html", &[("lang", "en-GB")], |h| {
        h.with("head", &[], |h| head(h, &record.title));
        h.with("body", &[], |h| {
            h.element("a", &[("class", "skip"), ("href", "#main")], "Skip to the report");
            h.with("header", &[], |h| {
                h.element("p", &[("class", "kicker")], &format!("Esker report · {}", r.target()));
                h.element("h1", &[], &record.title);
                h.element("p", &[("class", "verdict")], &verdict(record));
            });
            h.with("div", &[("class", "frame")], |h| {
                contents(h, &sections);
                h.with("main", &[("id", "main"), ("tabindex", "-1")], |h| {
                    sections.iter().for_each(|s| section(h, s));
                });
            });
            h.with("footer", &[], |h| {
                h.element(
                    "p",
                    &[("class", "printed")],
                    "Tables folded away on the screen are not printed; record.json holds every number.",
                );
                h.element(
                    "p",
                    &[],
                    &format!("Written by Esker {} from record.json; seed {}.", record.provenance.esker, record.provenance.seed),
                );
            });
        });
    });
    h.finish()
}

pub(crate) fn section(h: &mut Html, s: &Section) {
    let heading = format!("{}-heading", s.id);
    h.with("section", &[("id", s.id), ("aria-labelledby", &heading)], |h| {
        h.element("h2", &[("id", &heading)], s.title);
        h.append(&s.body);
    });
}

/// A page with what the final hold-out said in place of the part that tells of its lock. `None` where it has no such part.
pub fn with_opening(page: &str, record: &Record, opening: &Opening) -> Option<String> {
    const END: &str = "</section>\n";
    let start = page.find(&format!("<section id=\"{}\"", last::ID))?;
    let end = start + page[start..].find(END)? + END.len();
    let mut body = Html::part(last::ID);
    last::opened(record, opening, &mut body);
    let mut part = Html::new();
    section(&mut part, &Section { id: last::ID, title: last::TITLE, body });
    Some([&page[..start], &part.finish(), &page[end..]].concat())
}

pub(crate) fn head(h: &mut Html, title: &str) {
    h.void("meta", &[("charset", "utf-8")]);
    h.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
    h.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    h.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    h.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    h.element("title", &[], if title.trim().is_empty() { "Esker report" } else { title });
    h.with("style", &[], |h| h.fixed(STYLE));
}

pub(crate) fn contents(h: &mut Html, sections: &[Section]) {
    h.with("nav", &[("aria-label", "Contents")], |h| {
        h.with("ol", &[], |h| {
            for s in sections {
                let to = format!("#{}", s.id);
                h.with("li", &[], |h| h.element("a", &[("href", &to)], s.title));
            }
        });
    });
}

/// The parts that have something to say, in reading order.
fn sections(r: Reading<'_>, rows: &Rows, figures: &[Figure]) -> Vec<Section> {
    let drawn = |h: &mut Html, place| pictures::write(h, figures, place);
    let mut all = Vec::new();
    let mut add = |id, title, write: &dyn Fn(&mut Html)| {
        let mut body = Html::part(id);
        write(&mut body);
        if !body.is_empty() {
            all.push(Section { id, title, body });
        }
    };
    add("plain", "In plain words", &|h| plain(r, h));
    add(last::ID, last::TITLE, &|h| last::closed(r.record, h));
    add("alarms", "Alarms and warnings", &|h| alarms(r, h));
    add("models", "Which model", &|h| {
        scores::models(r, h);
        drawn(h, Place::Models);
        scores::differences(r, h);
        dependent::scores(r, h);
        skill::skill(r, h);
        stacked::weights(r, h);
        selected::chosen(r, figures, h);
        tuned::gained(r, figures, h);
        let mut folded = Html::part("models-folded");
        scores::every_metric(r, &mut folded);
        selected::table(r, &mut folded);
        tuned::chosen(r, figures, &mut folded);
        if !folded.is_empty() {
            h.with("div", &[("class", "folded")], |h| h.append(&folded));
        }
    });
    add("classes", "Classes", &|h| {
        drawn(h, Place::Classes);
        judged::classes(r, h);
        calibrated::numbers(r, h);
    });
    add("fit", "Where it is right and wrong", &|h| {
        drawn(h, Place::Fit);
        dependent::errors(r, h);
        scores::worst_groups(r, h);
        judged::most_wrong(r, rows, h);
    });
    add("drivers", "What drives the answer", &|h| {
        drivers::meaning(r, h);
        drawn(h, Place::Drivers);
        tree::leaves(r, h);
        drivers::importance(r, h);
        drivers::internal(r, h);
    });
    add("intervals", "How sure", &|h| {
        judged::intervals(r, h);
        drawn(h, Place::Intervals);
        covered::parts(r, h);
    });
    add("applicability", "Where it may be believed", &|h| {
        believed::meaning(r, h);
        drawn(h, Place::Applicability);
        believed::tables(r, h);
    });
    add("folds", "How it was judged", &|h| {
        drawn(h, Place::Folds);
        judged::folds(r, h);
    });
    add("preparation", "Preparation", &|h| prepared::steps(r, h));
    add("methods", "Methods, ready to paste", &|h| methods_section(r, h));
    add("origin", "Where the columns came from", &|h| steps::steps(r, h));
    add("data", "Data card", &|h| {
        data::card(r, h);
        drawn(h, Place::Data);
    });
    add("limits", "Limits", &|h| items(h, &limits(r.record)));
    add("more", "More figures", &|h| drawn(h, Place::Rest));
    add("provenance", "Provenance", &|h| data::provenance(r, h));
    all
}

fn plain(r: Reading<'_>, h: &mut Html) {
    h.with("dl", &[("class", "tiles")], |h| {
        for t in tiles(r) {
            h.with("div", &[], |h| {
                h.element("dt", &[], &t.label);
                h.with("dd", &[("class", "value")], |h| {
                    h.text(&t.digits);
                    if !t.unit.is_empty() {
                        h.text(" ");
                        h.element("small", &[], &unit_text(&t.unit));
                    }
                });
                h.element("dd", &[("class", "beside")], &t.beside);
            });
        }
    });
    items(h, &summary(r.record));
}

/// A key number.
struct Tile {
    label: String,
    digits: String,
    unit: Unit,
    beside: String,
}

/// The record's metric and two others, first those of another unit: they tell something new. A score that is best at
/// zero says little alone.
fn tile_metrics(r: Reading<'_>) -> Vec<&MetricCard> {
    let Some(lead) = r.card(&r.record.metric) else { return Vec::new() };
    let others = || r.record.metrics.iter().filter(|m| m.name != lead.name && m.better != "zero");
    let (same, new): (Vec<&MetricCard>, Vec<&MetricCard>) = others().partition(|m| m.unit.same(&lead.unit));
    std::iter::once(lead).chain(new).chain(same).take(3).collect()
}

/// Key numbers of the chosen model.
fn tiles(r: Reading<'_>) -> Vec<Tile> {
    let mut out = Vec::new();
    let (metric, n) = (r.unit(&r.record.metric), r.decimals());
    for card in tile_metrics(r) {
        if let Some((digits, beside)) = scores::tile(r, card) {
            out.push(Tile { label: format!("{}, {}", card.title, r.record.chosen.model), digits, unit: card.unit.clone(), beside });
        }
    }
    let base = r.chosen().zip(r.baseline()).filter(|(c, b)| c.name != b.name);
    if let Some((base, pair)) = base.and_then(|(c, b)| Some((b, r.paired(&c.name, &b.name)?))) {
        let beyond = match pair.verdict {
            Verdict::Tie if pair.counts_alone() => "within noise among all comparisons",
            Verdict::Tie => "within noise",
            _ => "beyond noise",
        };
        out.push(Tile {
            label: format!("{} against {}", r.metric(), base.name),
            digits: signed(pair.difference, n),
            unit: metric.clone(),
            beside: format!("{beyond}: {}", r.range(pair.interval)),
        });
    }
    for d in r.others().into_iter().take(1) {
        if let Some(v) = r.chosen().and_then(|m| r.optimism(m, &d.label)) {
            let beside = if shuffles(d) {
                format!("of {} if rows are shuffled", r.metric_inside())
            } else {
                format!("of {} under {}", r.metric_inside(), d.label)
            };
            out.push(Tile { label: "Optimism".to_owned(), digits: signed(v, n), unit: metric.clone(), beside });
        }
    }
    if let Some(i) = &r.record.intervals {
        out.push(Tile {
            label: format!("Width of the {} interval", percent(i.level)),
            digits: real(i.width),
            unit: r.target_unit(),
            beside: format!("holds {} of held-out rows", percent(i.coverage)),
        });
    }
    let d = &r.record.data;
    let features = || plural(r.features().len(), "feature", "features");
    let beside = d.groups.as_ref().map_or_else(features, |(c, n)| format!("{} of {c}", plural(*n, "group", "groups")));
    out.push(Tile { label: "Rows used".to_owned(), digits: count(d.rows_used), unit: Unit::default(), beside });
    out
}

fn items(h: &mut Html, texts: &[String]) {
    if texts.is_empty() {
        return;
    }
    h.with("ul", &[("class", "points")], |h| {
        for t in texts {
            h.element("li", &[], &sentence(t));
        }
    });
}

/// Alarms first, then warnings; decisions folded away.
fn alarms(r: Reading<'_>, h: &mut Html) {
    let grave: Vec<&Note> = r.notes(Weight::Alarm).into_iter().chain(r.notes(Weight::Warning)).collect();
    if grave.is_empty() {
        h.element("p", &[], "No alarm and no warning was raised.");
    } else {
        notes(h, &grave);
    }
    let decisions = r.notes(Weight::Info);
    if !decisions.is_empty() {
        h.with("details", &[("class", "keep")], |h| {
            h.element("summary", &[], &capital(&format!("{} taken along the way", plural(decisions.len(), "decision", "decisions"))));
            notes(h, &decisions);
        });
    }
}

fn notes(h: &mut Html, list: &[&Note]) {
    h.with("ul", &[("class", "notes")], |h| {
        for n in list {
            note(h, n.weight, &n.code, |h| h.element("p", &[], &sentence(&n.text)));
        }
    });
}

/// One of a list of notes: how grave it is in words, its code, then what `text` writes.
pub(crate) fn note(h: &mut Html, weight: Weight, code: &str, text: impl FnOnce(&mut Html)) {
    let (class, word) = match weight {
        Weight::Alarm => ("alarm", "Alarm"),
        Weight::Warning => ("warning", "Warning"),
        Weight::Info => ("info", "Note"),
    };
    h.with("li", &[("class", class)], |h| {
        h.with("p", &[("class", "what")], |h| {
            h.element("strong", &[], word);
            h.text(" ");
            h.element("code", &[], code);
        });
        text(h);
    });
}

fn methods_section(r: Reading<'_>, h: &mut Html) {
    h.element("p", &[("class", "hint")], "One click selects the whole paragraph.");
    h.with("blockquote", &[("class", "methods")], |h| h.element("p", &[], &methods(r.record)));
}
