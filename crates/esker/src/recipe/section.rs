//! Reads one table of a recipe: every key asked for is known, every other is refused with the nearest known one.

use std::cell::RefCell;
use std::collections::BTreeMap;

use esker_core::{Error, Parameter, Rule, Setting, Settings, Space};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::findings::{Findings, Place};

/// What is shared while a recipe is read.
pub(super) struct Reading<'a> {
    pub text: &'a str,
    pub findings: RefCell<Findings>,
    /// Where each key stands, by its path such as `roles.target`.
    pub places: RefCell<BTreeMap<String, Place>>,
}

/// One table under its path. Dropping it unread keys must be impossible: [`Section::finish`] reports them.
pub(super) struct Section<'a> {
    reading: &'a Reading<'a>,
    path: String,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
    at: Place,
}

impl<'a> Section<'a> {
    pub fn root(reading: &'a Reading<'a>, table: &'a DeTable<'a>) -> Self {
        Self { reading, path: String::new(), table, asked: RefCell::default(), at: Place { line: 1, column: 1 } }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn fault(&self, key: &str, error: Error) {
        let place = self.reading.places.borrow().get(&self.path_of(key)).copied().unwrap_or(self.at);
        self.reading.findings.borrow_mut().push(Some(place), error);
    }

    fn wanted(&self, key: &str, got: &DeValue<'_>, rule: &str) {
        self.fault(key, Error::recipe(format!("'{}'", self.path_of(key))).got(describe(got)).rule(rule));
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        let (_, value) = self.table.iter().find(|(k, _)| k.get_ref().as_ref() == key)?;
        self.note_place(key, value);
        Some(value)
    }

    fn note_place(&self, key: &str, value: &Spanned<DeValue<'_>>) {
        let place = Place::of(self.reading.text, value.span().start);
        self.reading.places.borrow_mut().insert(self.path_of(key), place);
    }

    /// Whether the key is there and holds a table.
    pub fn is_table(&self, key: &str) -> bool {
        self.table.iter().any(|(k, v)| k.get_ref().as_ref() == key && matches!(v.get_ref(), DeValue::Table(_)))
    }

    /// Whether the key is there at all.
    pub fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(k, _)| k.get_ref().as_ref() == key)
    }

    /// Whether there is a list.
    pub fn has_list(&self, key: &str) -> bool {
        self.table.iter().any(|(k, v)| k.get_ref().as_ref() == key && matches!(v.get_ref(), DeValue::Array(_)))
    }

    pub fn text(&self, key: &'static str) -> Option<String> {
        let value = self.value(key)?.get_ref();
        match value {
            DeValue::String(s) => Some(s.to_string()),
            other => {
                self.wanted(key, other, "text in quotes is wanted");
                None
            }
        }
    }

    pub fn required(&self, key: &'static str, hint: &str) -> Option<String> {
        if !self.has(key) {
            self.asked.borrow_mut().push(key);
            self.fault(key, Error::recipe(format!("'{}'", self.path_of(key))).rule("it is missing").hint(hint));
            return None;
        }
        self.text(key)
    }

    pub fn flag(&self, key: &'static str, default: bool) -> bool {
        match self.value(key).map(Spanned::get_ref) {
            None => default,
            Some(DeValue::Boolean(b)) => *b,
            Some(other) => {
                self.wanted(key, other, "true or false is wanted");
                default
            }
        }
    }

    pub fn integer(&self, key: &'static str, default: i64, lo: i64, hi: i64) -> i64 {
        let Some(value) = self.value(key) else { return default };
        match setting(value.get_ref()) {
            Some(Setting::Integer(v)) if (lo..=hi).contains(&v) => v,
            _ => {
                self.wanted(key, value.get_ref(), &format!("a whole number from {lo} to {hi} is wanted"));
                default
            }
        }
    }

    pub fn real(&self, key: &'static str, default: f64, lo: f64, hi: f64) -> f64 {
        let Some(value) = self.value(key) else { return default };
        let v = match setting(value.get_ref()) {
            Some(Setting::Real(v)) => v,
            Some(Setting::Integer(v)) => v as f64,
            _ => f64::NAN,
        };
        if (lo..=hi).contains(&v) {
            return v;
        }
        self.wanted(key, value.get_ref(), &format!("a number from {lo} to {hi} is wanted"));
        default
    }

    /// Takes a key for known, whatever it holds.
    pub fn skip(&self, key: &'static str) {
        let _ = self.value(key);
    }

    /// A text or a list of texts.
    pub fn texts(&self, key: &'static str) -> Vec<String> {
        self.words(key, "a list of texts is wanted")
    }

    /// As [`Section::texts`], with the rule that messages give.
    pub fn words(&self, key: &'static str, rule: &str) -> Vec<String> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let list = match value.get_ref() {
            DeValue::String(s) => return vec![s.to_string()],
            number @ (DeValue::Integer(_) | DeValue::Float(_)) => return vec![describe(number)],
            DeValue::Array(list) => list,
            other => {
                self.wanted(key, other, rule);
                return Vec::new();
            }
        };
        let mut texts = Vec::with_capacity(list.len());
        for item in list {
            match item.get_ref() {
                DeValue::String(s) => texts.push(s.to_string()),
                // Missing markers are often written as numbers.
                number @ (DeValue::Integer(_) | DeValue::Float(_)) => texts.push(describe(number)),
                other => self.wanted(key, other, rule),
            }
        }
        texts
    }

    /// A table under `key`.
    pub fn table(&self, key: &'static str) -> Option<Section<'a>> {
        match self.value(key)?.get_ref() {
            DeValue::Table(_) => self.child(key),
            other => {
                self.wanted(key, other, &format!("a table [{}] is wanted", self.path_of(key)));
                None
            }
        }
    }

    fn child(&self, key: &str) -> Option<Section<'a>> {
        let (_, value) = self.table.iter().find(|(k, _)| k.get_ref().as_ref() == key)?;
        let DeValue::Table(table) = value.get_ref() else { return None };
        self.note_place(key, value);
        let at = Place::of(self.reading.text, value.span().start);
        Some(Section { reading: self.reading, path: self.path_of(key), table, asked: RefCell::default(), at })
    }

    /// A list of tables under `key`, or one table.
    pub fn tables(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else { return self.table(key).into_iter().collect() };
        let mut found = Vec::new();
        for (i, item) in list.iter().enumerate() {
            if let DeValue::Table(table) = item.get_ref() {
                let at = Place::of(self.reading.text, item.span().start);
                let path = format!("{}[{}]", self.path_of(key), i + 1);
                self.reading.places.borrow_mut().insert(path.clone(), at);
                found.push(Section { reading: self.reading, path, table, asked: RefCell::default(), at });
            } else {
                self.wanted(key, item.get_ref(), &format!("tables [[{}]] are wanted", self.path_of(key)));
            }
        }
        found
    }

    /// Either a text (`Ok`) or a table (`Err`).
    pub fn text_or_table(&self, key: &'static str) -> Option<Result<String, Section<'a>>> {
        match self.value(key)?.get_ref() {
            DeValue::String(s) => Some(Ok(s.to_string())),
            DeValue::Table(_) => self.child(key).map(Err),
            other => {
                self.wanted(key, other, "text in quotes or a table is wanted");
                None
            }
        }
    }

    /// Either a text, a number or a flag (`Ok`), or a table (`Err`).
    pub fn setting_or_table(&self, key: &'static str) -> Option<Result<Setting, Section<'a>>> {
        match self.value(key)?.get_ref() {
            DeValue::Table(_) => self.child(key).map(Err),
            other => match setting(other) {
                Some(setting) => Some(Ok(setting)),
                None => {
                    self.wanted(key, other, "text in quotes, a number or a table is wanted");
                    None
                }
            },
        }
    }

    /// A list whose items are texts (`Ok`) or tables (`Err`).
    pub fn texts_or_tables(&self, key: &'static str) -> Vec<Result<String, Section<'a>>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::String(s) => vec![Ok(s.to_string())],
            DeValue::Array(list) if list.iter().all(|i| matches!(i.get_ref(), DeValue::String(_) | DeValue::Table(_))) => list
                .iter()
                .enumerate()
                .filter_map(|(i, item)| match item.get_ref() {
                    DeValue::String(s) => Some(Ok(s.to_string())),
                    DeValue::Table(table) => {
                        let at = Place::of(self.reading.text, item.span().start);
                        let path = format!("{}[{}]", self.path_of(key), i + 1);
                        self.reading.places.borrow_mut().insert(path.clone(), at);
                        Some(Err(Section { reading: self.reading, path, table, asked: RefCell::default(), at }))
                    }
                    _ => None,
                })
                .collect(),
            other => {
                self.wanted(key, other, "a list of texts or tables is wanted");
                Vec::new()
            }
        }
    }

    /// All keys with text values: a table of the user's own names.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (key, value) in self.table {
            self.note_place(key.get_ref(), value);
            match value.get_ref() {
                DeValue::String(s) => pairs.push((key.get_ref().to_string(), s.to_string())),
                other => self.wanted(key.get_ref(), other, "text in quotes is wanted"),
            }
        }
        pairs
    }

    /// All keys with lists of texts.
    pub fn lists(&self) -> Vec<(String, Vec<String>)> {
        let mut pairs = Vec::new();
        for (key, value) in self.table {
            self.note_place(key.get_ref(), value);
            match value.get_ref() {
                DeValue::Array(list) => pairs.push((key.get_ref().to_string(), list.iter().map(|i| describe(i.get_ref())).collect())),
                single => pairs.push((key.get_ref().to_string(), vec![describe(single)])),
            }
        }
        pairs
    }

    /// All keys whose values are texts or tables: derived columns.
    pub fn entries(&self) -> Vec<(String, Result<String, Section<'a>>)> {
        let mut entries = Vec::new();
        for (key, value) in self.table {
            let key = key.get_ref().to_string();
            self.note_place(&key, value);
            match value.get_ref() {
                DeValue::String(s) => entries.push((key, Ok(s.to_string()))),
                DeValue::Table(_) => entries.extend(self.child(&key).map(|s| (key, Err(s)))),
                other => self.wanted(&key, other, "an expression in quotes, or { value = \"…\", unit = \"…\" }, is wanted"),
            }
        }
        entries
    }

    /// Settings of declared parameters; every other key but those already asked for is refused.
    pub fn settings(&self, parameters: &[Parameter]) -> Settings {
        let mut settings = Settings::defaults(parameters);
        for parameter in parameters {
            let Some(value) = self.value(parameter.name) else { continue };
            let Some(given) = setting(value.get_ref()) else {
                self.wanted(parameter.name, value.get_ref(), "a single value is wanted");
                continue;
            };
            match settings.clone().set(parameters, parameter.name, given) {
                Ok(set) => settings = set,
                Err(error) => self.fault(parameter.name, error),
            }
        }
        settings
    }

    /// Tuning spaces of declared parameters: an interval of two numbers, or a list of words or flags.
    pub fn spaces(&self, parameters: &[Parameter]) -> Vec<Space> {
        let mut spaces = Vec::new();
        for parameter in parameters {
            let Some(value) = self.value(parameter.name) else { continue };
            let numbers = matches!(parameter.rule, Rule::Integer(..) | Rule::Real(..));
            let items: Option<Vec<Setting>> = match value.get_ref() {
                DeValue::Array(list) => list.iter().map(|item| setting(item.get_ref())).collect(),
                _ => None,
            };
            let space = match items.as_deref() {
                Some([low, high]) if numbers => Space::between(parameter, low.clone(), high.clone()),
                Some(items) if !numbers && parameter.rule != Rule::Text => Space::among(parameter, items.to_vec()),
                _ => {
                    let rule = match parameter.rule {
                        Rule::Text => "it is not tuned",
                        _ if numbers => "an interval of two numbers, [low, high], is wanted",
                        _ => "a list of values is wanted",
                    };
                    self.wanted(parameter.name, value.get_ref(), rule);
                    continue;
                }
            };
            match space {
                Ok(space) => spaces.push(space),
                Err(error) => self.fault(parameter.name, error),
            }
        }
        spaces
    }

    /// Refuses every key that nobody asked for.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for (key, _) in self.table {
            let name = key.get_ref();
            if asked.iter().any(|k| *k == name.as_ref()) {
                continue;
            }
            let place = Place::of(self.reading.text, key.span().start);
            let thing = Error::recipe(format!("key '{}'", self.path_of(name))).rule("no such key is known here");
            let error = match nearest(name, &asked) {
                Some(near) => thing.hint(format!("did you mean '{near}'?")),
                None => {
                    let mut known: Vec<&str> = asked.clone();
                    known.sort_unstable();
                    known.dedup();
                    thing.hint(format!("known keys are {}", known.join(", ")))
                }
            };
            self.reading.findings.borrow_mut().push(Some(place), error);
        }
    }
}

/// The nearest of some known words, if one is near enough to be meant.
pub(crate) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(word, k), *k))
        .filter(|(d, k)| *d <= 1 + k.chars().count() / 4)
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

fn setting(value: &DeValue<'_>) -> Option<Setting> {
    match value {
        DeValue::String(s) => Some(Setting::Text(s.to_string())),
        DeValue::Boolean(b) => Some(Setting::Flag(*b)),
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok().map(Setting::Integer),
        DeValue::Float(f) => f.as_str().parse::<f64>().ok().map(Setting::Real),
        _ => None,
    }
}

fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(s) => s.to_string(),
        DeValue::Integer(i) => i.as_str().to_owned(),
        DeValue::Float(f) => f.as_str().to_owned(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(d) => d.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
