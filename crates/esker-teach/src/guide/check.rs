//! The rules of a catalogue, all faults at once, and the topics that are thin.

use std::collections::BTreeMap;

use esker_core::Error;
use serde::Serialize;

use super::catalogue::{Catalogue, Resource, SCHEMA, Status};

/// More hours than this are no resource but a career.
const MOST_HOURS: f64 = 2000.0;
/// Fewer resources than this make a topic thin.
const THIN: usize = 3;

/// Every rule that `catalogue` breaks.
pub fn check(catalogue: &Catalogue) -> Vec<Error> {
    check_from(catalogue, &|_, _| String::new())
}

/// The same; `place` tells where an entry stands, from its kind and id, as it is to be read after its name.
pub(super) fn check_from(catalogue: &Catalogue, place: &dyn Fn(&str, &str) -> String) -> Vec<Error> {
    let named = |kind: &str, id: &str| format!("{kind} '{}'{}", plain(id), place(kind, id));
    let mut faults = Vec::new();
    if catalogue.schema != SCHEMA {
        faults.push(
            Error::data("schema of the catalogue").got(catalogue.schema.to_string()).rule(format!("this version reads schema {SCHEMA}")),
        );
    }
    duplicates(|id| named("topic", id), catalogue.topics.iter().map(|t| t.id.as_str()), &mut faults);
    duplicates(|id| named("resource", id), catalogue.resources.iter().map(|r| r.id.as_str()), &mut faults);
    duplicates(|id| named("list", id), catalogue.lists.iter().map(|l| l.id.as_str()), &mut faults);
    for list in &catalogue.lists {
        let thing = named("list", &list.id);
        id(&thing, &list.id, &mut faults);
        texts(&thing, &[("label", &list.label), ("licence", &list.licence)], &mut faults);
        filled(&thing, "label", &list.label, &mut faults);
    }
    for topic in &catalogue.topics {
        let thing = named("topic", &topic.id);
        id(&thing, &topic.id, &mut faults);
        topics(catalogue, &format!("{thing}, requires"), &topic.requires, &mut faults);
        texts(&thing, &[("label", &topic.label)], &mut faults);
        filled(&thing, "label", &topic.label, &mut faults);
    }
    for resource in &catalogue.resources {
        one(catalogue, &named("resource", &resource.id), resource, &mut faults);
    }
    if let Some(cycle) = cycle(catalogue) {
        let error = Error::data("topics that require each other").got(plain(&cycle.join(" → ")));
        faults.push(error.rule("what comes first must not need what comes after").hint("take one 'requires' of them away"));
    }
    faults
}

/// A text of a catalogue as it can be shown in a fault.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// No text may hold what a terminal would act on.
fn texts(thing: &str, texts: &[(&str, &str)], faults: &mut Vec<Error>) {
    for (name, text) in texts.iter().filter(|(_, text)| text.chars().any(char::is_control)) {
        let error = Error::data(format!("{thing}, {name}")).got(format!("'{}'", plain(text)));
        faults.push(error.rule("texts hold no control characters"));
    }
}

fn filled(thing: &str, name: &str, text: &str, faults: &mut Vec<Error>) {
    if text.trim().is_empty() {
        faults.push(Error::data(format!("{thing}, {name}")).got("an empty text").rule("it has a name for people"));
    }
}

fn duplicates<'a>(named: impl Fn(&str) -> String, ids: impl Iterator<Item = &'a str>, faults: &mut Vec<Error>) {
    let mut seen = BTreeMap::new();
    for id in ids {
        *seen.entry(id).or_insert(0_usize) += 1;
    }
    for (id, count) in seen.into_iter().filter(|(_, count)| *count > 1) {
        let error = Error::data(named(id)).got(format!("{count} entries")).rule("an id belongs to one entry");
        faults.push(error.hint("give one of them another id, or remove it"));
    }
}

fn id(thing: &str, id: &str, faults: &mut Vec<Error>) {
    let good = !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !good {
        faults.push(Error::data(format!("id of {thing}")).rule("ids are 1 to 64 lower-case letters, digits and hyphens"));
    }
}

/// Every name must be a topic.
fn topics(catalogue: &Catalogue, thing: &str, names: &[String], faults: &mut Vec<Error>) {
    for name in names.iter().filter(|name| catalogue.topic_index(name).is_none()) {
        let error = Error::data(thing).got(format!("'{}'", plain(name))).rule("no topic has this id");
        faults.push(match super::nearest(name, catalogue.topics.iter().map(|t| t.id.as_str())) {
            Some(near) => error.hint(format!("did you mean '{near}'?")),
            None => error.hint("add a [[topic]] with its label and what it requires"),
        });
    }
}

fn one(catalogue: &Catalogue, thing: &str, r: &Resource, faults: &mut Vec<Error>) {
    id(thing, &r.id, faults);
    topics(catalogue, &format!("{thing}, topics"), &r.topics, faults);
    topics(catalogue, &format!("{thing}, prerequisites"), &r.prerequisites, faults);
    duplicates(|id| format!("{thing}: topic '{}'", plain(id)), r.topics.iter().map(String::as_str), faults);
    if r.topics.is_empty() {
        faults.push(Error::data(format!("{thing}, topics")).got("none").rule("a resource teaches at least one topic"));
    }
    hours(thing, r, faults);
    let levels = [("level", r.level), ("math", r.math), ("code", r.code), ("breadth", r.breadth), ("depth", r.depth)];
    for (name, value) in levels {
        within(thing, name, value, 1, 5, faults);
    }
    within(thing, "theory_vs_practice", r.theory_vs_practice, -2, 2, faults);
    within(thing, "geoscience", r.geoscience, 0, 3, faults);
    let shares = r.pillars.shares();
    if shares.iter().any(|s| !(0.0..=1.0).contains(s)) || (shares.iter().sum::<f64>() - 1.0).abs() > 0.011 {
        faults.push(Error::data(format!("{thing}, pillars")).got(format!("{shares:?}")).rule("shares lie within 0..1 and add up to 1"));
    }
    words(catalogue, thing, r, faults);
}

fn hours(thing: &str, r: &Resource, faults: &mut Vec<Error>) {
    for (name, value) in [("hours", r.hours), ("core_hours", r.core_hours)] {
        if !(value.is_finite() && value > 0.0 && value <= MOST_HOURS) {
            let error = Error::data(format!("{thing}, {name}")).got(format!("{value} h"));
            faults.push(error.rule(format!("hours are more than 0 and at most {MOST_HOURS}")));
        }
    }
    if r.core_hours > r.hours {
        let error = Error::data(format!("{thing}, core_hours")).got(format!("{} h", r.core_hours));
        faults.push(error.rule(format!("the core is a part of the whole, which has {} h", r.hours)));
    }
}

fn within(thing: &str, name: &str, value: i64, low: i64, high: i64, faults: &mut Vec<Error>) {
    if !(low..=high).contains(&value) {
        faults.push(Error::data(format!("{thing}, {name}")).got(value.to_string()).rule(format!("it lies within {low}..{high}")));
    }
}

fn words(catalogue: &Catalogue, thing: &str, r: &Resource, faults: &mut Vec<Error>) {
    // What is over may have no address any more.
    let gone = r.url.is_empty() && r.status == Status::Past;
    for url in r.alt_urls.iter().chain((!gone).then_some(&r.url)) {
        if !(url.starts_with("https://") || url.starts_with("http://")) || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            faults.push(
                Error::data(format!("{thing}, url"))
                    .got(format!("'{}'", url.escape_debug()))
                    .rule("addresses begin with https:// or http://"),
            );
        }
    }
    if !catalogue.lists.iter().any(|l| l.id == r.listed_by) {
        let error = Error::data(format!("{thing}, listed_by")).got(format!("'{}'", plain(&r.listed_by))).rule("no list has this id");
        faults.push(error.hint("add a [[list]] with its label and licence, so that it is credited"));
    }
    filled(thing, "title", &r.title, faults);
    let single =
        [("title", &r.title), ("note", &r.note), ("section", &r.section), ("hours_basis", &r.hours_basis), ("verified", &r.verified)];
    let several = [("authors", &r.authors), ("languages", &r.languages), ("libraries", &r.libraries)];
    let several = several.into_iter().flat_map(|(name, list)| list.iter().map(move |t| (name, t)));
    let all: Vec<(&str, &str)> = single.into_iter().chain(several).map(|(name, t)| (name, t.as_str())).collect();
    texts(thing, &all, faults);
    if r.formats.is_empty() {
        faults.push(Error::data(format!("{thing}, formats")).got("none").rule("reading, watching, coding or discussing: at least one"));
    }
}

/// Topics that require each other in a ring, if there is one.
fn cycle(catalogue: &Catalogue) -> Option<Vec<String>> {
    let n = catalogue.topics.len();
    let mut state = vec![0_u8; n];
    let mut trail = Vec::new();
    (0..n).find_map(|i| follow(catalogue, i, &mut state, &mut trail))
}

fn follow(catalogue: &Catalogue, i: usize, state: &mut [u8], trail: &mut Vec<usize>) -> Option<Vec<String>> {
    match state[i] {
        2 => return None,
        1 => {
            let from = trail.iter().position(|&t| t == i).unwrap_or(0);
            let ring = trail[from..].iter().chain([&i]);
            return Some(ring.map(|&t| catalogue.topics[t].id.clone()).collect());
        }
        _ => {}
    }
    state[i] = 1;
    trail.push(i);
    for name in &catalogue.topics[i].requires {
        if let Some(next) = catalogue.topic_index(name)
            && let Some(found) = follow(catalogue, next, state, trail)
        {
            return Some(found);
        }
    }
    trail.pop();
    state[i] = 2;
    None
}

/// A topic with few resources.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thin {
    /// The topic.
    pub topic: String,
    /// Its name for people.
    pub label: String,
    /// Resources that teach it and can be taken.
    pub resources: Vec<String>,
    /// Of those, how many cost nothing.
    pub free: usize,
}

/// Topics that fewer than three resources teach, or none that costs nothing; the thinnest first.
pub fn thin(catalogue: &Catalogue) -> Vec<Thin> {
    let mut found: Vec<Thin> = catalogue
        .topics
        .iter()
        .map(|t| {
            let teach: Vec<&Resource> =
                catalogue.resources.iter().filter(|r| r.status != Status::Past && r.topics.contains(&t.id)).collect();
            let free = teach.iter().filter(|r| r.cost != super::Cost::Paid).count();
            Thin { topic: t.id.clone(), label: t.label.clone(), resources: teach.iter().map(|r| r.id.clone()).collect(), free }
        })
        .filter(|t| t.resources.len() < THIN || t.free == 0)
        .collect();
    found.sort_by(|a, b| (a.resources.len(), &a.topic).cmp(&(b.resources.len(), &b.topic)));
    found
}
