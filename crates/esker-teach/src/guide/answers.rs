//! What a person answers: six questions, each with a default.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use esker_core::{Error, Fault, Result};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::goals::{GOALS, Goal};
use super::questions::QUESTIONS;

const MOST_BYTES: u64 = 1 << 20;

/// How one likes to learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approach {
    /// Doing first, explanations after.
    Doing,
    /// One thing after the other, from the ground.
    Order,
    /// No matter.
    #[default]
    Both,
}

impl Approach {
    /// Every way with its word and what it means.
    pub const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Doing, "doing", "doing first, explanations after"),
        (Self::Order, "order", "in order, from the ground"),
        (Self::Both, "both", "both"),
    ];
}

/// The answers to the six questions, and what was changed on the path since. One readable TOML file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Answers {
    /// 1. Hours a week.
    pub hours_a_week: f64,
    /// 1. Weeks.
    pub weeks: u32,
    /// 2. Up to three of the twelve verbs.
    pub goals: Vec<String>,
    /// 2. Further topics, such as one's own field.
    pub topics: Vec<String>,
    /// 3. How one likes to learn.
    pub approach: Approach,
    /// 4. −2 pure theory to +2 pure practice.
    pub practice: i64,
    /// 5. Topics one knows.
    pub known: Vec<String>,
    /// 6. Programming languages.
    pub languages: Vec<String>,
    /// 6. Whether paid resources are welcome.
    pub paid: bool,
    /// Resources taken out of the path.
    pub without: Vec<String>,
    /// Resources put into the path.
    pub with: Vec<String>,
    /// First day of the calendar, YYYY-MM-DD; empty for the next Monday.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub start: String,
    /// 5. Answers of the test-out, from 1.
    pub test: BTreeMap<String, u8>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            hours_a_week: 4.0,
            weeks: 12,
            goals: vec!["predict-tables".to_owned()],
            topics: Vec::new(),
            approach: Approach::Both,
            practice: 0,
            known: Vec::new(),
            languages: vec!["python".to_owned()],
            paid: false,
            without: Vec::new(),
            with: Vec::new(),
            start: String::new(),
            test: BTreeMap::new(),
        }
    }
}

impl Answers {
    /// Hours in all.
    pub fn budget(&self) -> f64 {
        self.hours_a_week * f64::from(self.weeks)
    }

    /// Reads a file that [`Answers::to_toml`] wrote.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML or has unknown keys.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = esker_io::read_file(path, MOST_BYTES)?;
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(|e| super::toml_words::fault(&format!("answers '{}'", path.display()), &text, &e))
    }

    /// The answers as a file.
    pub fn to_toml(&self) -> String {
        let text = toml::to_string(self).unwrap_or_default();
        format!("# Answers to the guide. `esker guide --answers FILE` makes the same path again.\n{text}")
    }

    /// Refuses what cannot be answered.
    ///
    /// # Errors
    /// The first wrong answer, with the nearest right one.
    pub fn check(&self, catalogue: &Catalogue) -> Result<()> {
        let wrong = |thing: &str| Error::new(Fault::Usage, thing);
        if !(self.hours_a_week.is_finite() && (0.5..=80.0).contains(&self.hours_a_week)) {
            return Err(wrong("hours a week").got(format!("{} h", self.hours_a_week)).rule("0.5 to 80 hours"));
        }
        if !(1..=104).contains(&self.weeks) {
            return Err(wrong("weeks").got(self.weeks.to_string()).rule("1 to 104 weeks"));
        }
        if !(-2..=2).contains(&self.practice) {
            return Err(wrong("practice").got(self.practice.to_string()).rule("-2 (pure theory) to 2 (pure practice)"));
        }
        if self.goals.len() > 3 || (self.goals.is_empty() && self.topics.is_empty()) {
            let error = wrong("goals").got(self.goals.len().to_string()).rule("one to three of the twelve, or topics");
            return Err(error.hint("`esker guide list --goals` shows them"));
        }
        known_words("goal", &self.goals, || GOALS.iter().map(|g| g.id))?;
        let topics = || catalogue.topics.iter().map(|t| t.id.as_str());
        known_words("topic", &self.topics, topics)?;
        known_words("known topic", &self.known, topics)?;
        start_day(Some(&self.start))?;
        let languages = catalogue.languages();
        known_words("language", &self.languages, || languages.iter().copied())?;
        for id in self.with.iter().chain(&self.without) {
            catalogue.resource(id)?;
        }
        known_words("question of the test-out", self.test.keys(), || QUESTIONS.iter().map(|q| q.id))?;
        match self.test.iter().find(|(_, answer)| !(1..=3).contains(*answer)) {
            Some((id, answer)) => Err(wrong(&format!("answer to '{id}'")).got(answer.to_string()).rule("1, 2 or 3")),
            None => Ok(()),
        }
    }

    /// Topics that are known: those named, those tested out of, and all that they require.
    pub fn knows(&self, catalogue: &Catalogue) -> BTreeSet<String> {
        let tested =
            QUESTIONS.iter().filter(|q| self.test.get(q.id) == Some(&q.right)).flat_map(|q| q.topics.iter().map(|t| (*t).to_owned()));
        let mut todo: Vec<String> = self.known.iter().cloned().chain(tested).collect();
        let mut known = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if let Some(i) = catalogue.topic_index(&id)
                && known.insert(id)
            {
                todo.extend(catalogue.topics[i].requires.iter().cloned());
            }
        }
        known
    }

    /// A name of the wishes: the same however they are listed and whenever they begin.
    pub(super) fn key(&self) -> String {
        let mut plain = Self { start: String::new(), ..self.clone() };
        for list in [&mut plain.goals, &mut plain.topics, &mut plain.known, &mut plain.without] {
            list.sort_unstable();
            list.dedup();
        }
        esker_io::sha256_hex(plain.to_toml().as_bytes())[..16].to_owned()
    }

    /// The goals, each once, in their own order: the order of the answers changes nothing.
    pub(super) fn verbs(&self) -> Vec<&'static Goal> {
        GOALS.iter().filter(|g| self.goals.iter().any(|id| id == g.id)).collect()
    }

    /// What the path is for, in words.
    pub fn purpose(&self, catalogue: &Catalogue) -> String {
        let verbs = self.verbs().into_iter().map(|g| g.verb.to_owned());
        let topics = self.topics.iter().map(|t| format!("learn about {}", catalogue.label(t)));
        verbs.chain(topics).collect::<Vec<_>>().join("; ")
    }
}

/// A day as one writes it, or the next Monday.
///
/// # Errors
/// What is no date.
pub fn start_day(text: Option<&str>) -> Result<Date> {
    match text.map(str::trim).filter(|t| !t.is_empty()) {
        Some(text) => text.parse().map_err(|_| {
            let error = Error::new(Fault::Usage, "start of the calendar").got(format!("'{}'", text.escape_debug()));
            error.rule("a day is written YYYY-MM-DD").hint("for example 2026-12-07")
        }),
        None => {
            let today = jiff::Zoned::now().date();
            let ahead = (8 - today.weekday().to_monday_one_offset()) % 7;
            today.checked_add(jiff::Span::new().days(ahead)).map_err(|e| Error::usage("the clock").got(e.to_string()))
        }
    }
}

/// Every word must be one of those that `known` gives.
fn known_words<'a, I>(what: &str, words: impl IntoIterator<Item = impl AsRef<str>>, known: impl Fn() -> I) -> Result<()>
where
    I: Iterator<Item = &'a str>,
{
    for word in words {
        let word = word.as_ref();
        if !known().any(|k| k == word) {
            let error = Error::usage(format!("{what} '{word}'")).rule("it is not known");
            return Err(match super::nearest(word, known()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint(format!("known are {}", known().collect::<Vec<_>>().join(", "))),
            });
        }
    }
    Ok(())
}
