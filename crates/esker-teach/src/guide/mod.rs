//! The guide: a catalogue of resources, what a person wishes, and the path that fits the hours.
//!
//! A [`Catalogue`] is data, [`Answers`] are what a person wishes, and a [`Plan`] is the path between them: made by [`Plan::make`],
//! the same for the same answers. Nothing is counted, ranked by popularity or sent anywhere.

mod answers;
mod browse;
mod catalogue;
mod check;
mod explain;
mod export;
mod fit;
mod goals;
mod nopath;
#[cfg(test)]
mod optimum;
mod path;
mod person;
mod picture;
mod plan;
mod questions;
mod text;
mod toml_words;
pub mod web;

pub use answers::{Answers, Approach, start_day};
pub use browse::Filter;
pub use catalogue::{Catalogue, Cost, Form, Kind, List, Pillars, Resource, SCHEMA, Status, Topic, Use};
pub use check::{Thin, check, thin};
pub use export::{calendar, markdown};
pub use goals::{GOALS, Goal, goal};
pub use picture::{graph_svg, weeks_svg};
pub use plan::{Cover, Coverage, Instead, LeftOut, Part, Plan, Step, Week};
pub use questions::{QUESTIONS, Question};
pub use text::{plan_text, resource_text};

/// Hours for people: whole ones without a fraction.
pub(crate) fn hours(h: f64) -> String {
    if (h - h.round()).abs() < 1e-9 { format!("{h:.0} h") } else { format!("{h:.1} h") }
}

/// The word of `words` that is nearest to `word`, if one is near.
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = 2 + word.chars().count() / 4;
    let scored = words.into_iter().map(|w| (strsim::damerau_levenshtein(word, w), w));
    scored.filter(|(d, _)| *d <= far).min_by_key(|(d, w)| (*d, w.len())).map(|(_, w)| w)
}
