//! The catalogue: resources and topics as data, read strictly.

use std::path::Path;

use esker_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::check::check_from;

/// The version of the catalogue's form.
pub const SCHEMA: i64 = 1;
const SHIPPED: &str = include_str!("../../data/catalogue.toml");
/// A catalogue of text is small; more is another file.
const MOST_BYTES: u64 = 8 << 20;

/// A choice of one word, with the words it has.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $(#[doc = $word] #[serde(rename = $word)] $variant,)+ }
        impl $name {
            /// Every choice.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            /// The word in files and on the command line.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// What a resource is.
    Kind {
        Course = "course", Book = "book", VideoSeries = "video-series", SummerSchool = "summer-school", Tutorial = "tutorial",
        NotebookSet = "notebook-set", Workshop = "workshop", Talks = "talks", LearningGroup = "learning-group", Contest = "contest",
    }
}
words! {
    /// What it costs.
    Cost { Free = "free", OpenAccess = "open-access", Mixed = "mixed", Paid = "paid", }
}
words! {
    /// How it is best used.
    Use { EndToEnd = "end-to-end", DipIn = "dip-in", Reference = "reference", }
}
words! {
    /// What one does with it.
    Form { Reading = "reading", Watching = "watching", Coding = "coding", Discussing = "discussing", }
}
words! {
    /// Whether it can be taken now.
    Status { Open = "open", Scheduled = "scheduled", Past = "past", }
}

/// How a resource, or a wish, is shared between science, machine learning and software; each 0 to 1, together 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pillars {
    /// The science of the Earth.
    pub science: f64,
    /// Machine learning and its mathematics.
    pub ml: f64,
    /// Software and data.
    pub software: f64,
}

impl Pillars {
    /// The three shares in order.
    pub fn shares(self) -> [f64; 3] {
        [self.science, self.ml, self.software]
    }
}

/// Something that can be learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name in files.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// Topics that come before it.
    pub requires: Vec<String>,
}

/// A list that names resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Its name in files.
    pub id: String,
    /// Who made it and what it is called.
    pub label: String,
    /// Its licence.
    pub licence: String,
}

/// One resource. Hours and levels are one reviewer's estimates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Its name in files: lower case, digits and hyphens.
    pub id: String,
    /// Title.
    pub title: String,
    /// Authors.
    pub authors: Vec<String>,
    /// Year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i64>,
    /// Where it is.
    pub url: String,
    /// Where it also is.
    #[serde(default)]
    pub alt_urls: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// The section of the list that names it.
    pub section: String,
    /// Programming languages; empty where it does not matter.
    pub languages: Vec<String>,
    /// Libraries it uses.
    pub libraries: Vec<String>,
    /// What it costs.
    pub cost: Cost,
    /// Hours for all of it.
    pub hours: f64,
    /// Hours for the shortest part that is worth taking on its own.
    pub core_hours: f64,
    /// Where the hours come from.
    pub hours_basis: String,
    /// How it is best used.
    #[serde(rename = "use")]
    pub usage: Use,
    /// 1 for a first contact to 5 for research.
    pub level: i64,
    /// Mathematics needed, 1 to 5.
    pub math: i64,
    /// Programming needed, 1 to 5.
    pub code: i64,
    /// 1 for one subject to 5 for many.
    pub breadth: i64,
    /// 1 for a glance to 5 for the ground of it.
    pub depth: i64,
    /// Shares of science, machine learning and software.
    pub pillars: Pillars,
    /// −2 pure theory to +2 pure practice.
    pub theory_vs_practice: i64,
    /// 0 none to 3 written for Earth scientists.
    pub geoscience: i64,
    /// What it teaches; hours are shared over them, the first three double.
    pub topics: Vec<String>,
    /// Topics it builds on.
    pub prerequisites: Vec<String>,
    /// What one does with it.
    pub formats: Vec<Form>,
    /// What it is good for, in our words.
    pub note: String,
    /// The list that names it.
    pub listed_by: String,
    /// Whether it can be taken now.
    pub status: Status,
    /// How its entry was verified.
    pub verified: String,
}

/// Resources, topics and the lists that are credited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Version of the form.
    pub schema: i64,
    /// Date of the last review.
    #[serde(default)]
    pub reviewed: Option<toml::value::Datetime>,
    /// The words that may be used, for readers of the file.
    #[serde(default)]
    pub vocabulary: toml::Table,
    /// Lists that name resources.
    #[serde(default, rename = "list")]
    pub lists: Vec<List>,
    /// Topics.
    #[serde(default, rename = "topic")]
    pub topics: Vec<Topic>,
    /// Resources.
    #[serde(default, rename = "resource")]
    pub resources: Vec<Resource>,
}

/// The ids of a file, with where they stand.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    list: Vec<Place>,
    topic: Vec<Place>,
    resource: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    id: toml::Spanned<String>,
}

impl Places {
    /// Kind, id and "file, line" of each entry.
    fn lines(self, name: &str, text: &str) -> Vec<(&'static str, String, String)> {
        let kinds = [("list", self.list), ("topic", self.topic), ("resource", self.resource)];
        let all = kinds.into_iter().flat_map(|(kind, entries)| entries.into_iter().map(move |e| (kind, e.id)));
        let line = |at: usize| 1 + text.bytes().take(at).filter(|b| *b == b'\n').count();
        all.map(|(kind, id)| (kind, id.get_ref().clone(), format!("{name}, line {}", line(id.span().start)))).collect()
    }
}

impl Catalogue {
    /// The catalogue that ships, with those of `files` merged into it.
    ///
    /// # Errors
    /// Every fault of the merged catalogue, with file and line; of a file whose form is wrong, the first.
    pub fn load(files: &[impl AsRef<Path>]) -> Result<Self, Vec<Error>> {
        let mut all = Self::parse(SHIPPED, "the catalogue that ships").map_err(|e| vec![e])?;
        let mut places = Vec::new();
        for file in files {
            let name = format!("'{}'", file.as_ref().display());
            let bytes = esker_io::read_file(file.as_ref(), MOST_BYTES).map_err(|e| vec![e])?;
            let text = String::from_utf8(bytes).map_err(|e| {
                let at = e.utf8_error().valid_up_to();
                vec![
                    Error::data(format!("catalogue {name}"))
                        .got(format!("a byte that is no text at {at}"))
                        .rule("catalogues are UTF-8 text"),
                ]
            })?;
            all.merge(Self::parse(&text, &name).map_err(|e| vec![e])?);
            places.extend(toml::from_str::<Places>(&text).unwrap_or_default().lines(&name, &text));
        }
        let place = |kind: &str, id: &str| {
            let found: Vec<&str> = places.iter().filter(|(k, i, _)| *k == kind && i == id).map(|(_, _, place)| place.as_str()).collect();
            if found.is_empty() { String::new() } else { format!(" ({})", found.join("; ")) }
        };
        let faults = check_from(&all, &place);
        if faults.is_empty() { Ok(all) } else { Err(faults) }
    }

    /// Reads the form of a catalogue; its rules are [`check`](super::check())'s.
    ///
    /// # Errors
    /// What is no TOML, an unknown or missing key, a word or type that does not fit, each with its line.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| super::toml_words::fault(&format!("catalogue {name}"), text, &e))
    }

    /// The JSON schema of a catalogue.
    pub fn json_schema() -> &'static str {
        include_str!("../../data/catalogue.schema.json")
    }

    /// Adds another catalogue. A topic or list that is the same in both stays once; everything else is added, and
    /// [`check`](super::check()) finds what clashes.
    pub fn merge(&mut self, other: Self) {
        if other.schema != SCHEMA {
            self.schema = other.schema;
        }
        self.lists.extend(other.lists.into_iter().filter(|l| !self.lists.contains(l)).collect::<Vec<_>>());
        self.topics.extend(other.topics.into_iter().filter(|t| !self.topics.contains(t)).collect::<Vec<_>>());
        self.resources.extend(other.resources);
    }

    /// The place of a topic.
    pub fn topic_index(&self, id: &str) -> Option<usize> {
        self.topics.iter().position(|t| t.id == id)
    }

    /// A topic's name for people.
    pub fn label<'a>(&'a self, id: &'a str) -> &'a str {
        self.topics.iter().find(|t| t.id == id).map_or(id, |t| &t.label)
    }

    /// A resource by id.
    ///
    /// # Errors
    /// There is none; the hint names the nearest one.
    pub fn resource(&self, id: &str) -> Result<&Resource> {
        self.resources.iter().find(|r| r.id == id).ok_or_else(|| {
            let error = Error::usage(format!("resource '{id}'")).rule("it is not in the catalogue");
            match super::nearest(id, self.resources.iter().map(|r| r.id.as_str())) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint("`esker guide search WORD` finds ids"),
            }
        })
    }

    /// Languages that a resource names, sorted.
    pub fn languages(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.resources.iter().flat_map(|r| r.languages.iter().map(String::as_str)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Resource {
    /// Each topic with its share of the hours; the first three count double.
    pub fn shares(&self) -> impl Iterator<Item = (&str, f64)> {
        let n = self.topics.len();
        let total = (n + n.min(3)) as f64;
        self.topics.iter().enumerate().map(move |(i, t)| (t.as_str(), if i < 3 { 2.0 } else { 1.0 } / total))
    }
}
