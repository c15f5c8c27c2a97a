//! JSON as Zarr metadata hold it: members in file order, and the bare `NaN` and `Infinity` that Python writes.

use std::fmt;

use esker_core::cube::{Attribute, Attributes};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Stands before a word that was bare in the file; no honest text starts with a zero byte.
const BARE: &str = "\\u0000";
/// Attributes that list several words in one text, separated by blanks.
const WORD_LISTS: [&str; 4] = ["flag_meanings", "coordinates", "bounds", "cell_measures"];

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A whole number that an `f64` may not hold.
    Int(i128),
    Real(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The value of a JSON text; what is wrong with it where it is none.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "text that is no UTF-8".to_owned())?;
        // Nesting is bounded by the parser (128 levels).
        serde_json::from_str(&quoted(text)).map_err(|e| e.to_string())
    }

    /// The member of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v).filter(|v| **v != Self::Null),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// A count.
    pub(super) fn count(&self) -> Option<usize> {
        match *self {
            Self::Int(n) => usize::try_from(n).ok(),
            Self::Real(v) if v.fract() == 0.0 && (0.0..9e15).contains(&v) => Some(v as usize),
            _ => None,
        }
    }

    /// Counts, all of a list.
    pub(super) fn counts(&self) -> Option<Vec<usize>> {
        self.list()?.iter().map(Self::count).collect()
    }

    /// A number; the words NaN and Infinity are numbers too.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Real(v) => Some(*v),
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            Self::Text(text) => word(text),
            _ => None,
        }
    }

    /// An object's members as attributes: texts and numbers stay, truth values become texts, lists of texts one text.
    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, value) in self.members() {
            if let Some(value) = value.attribute(name) {
                attributes.set(name.clone(), value);
            }
        }
        attributes
    }

    fn attribute(&self, name: &str) -> Option<Attribute> {
        Some(match self {
            Self::Null => return None,
            Self::Text(text) => match text.strip_prefix('\0') {
                Some(bare) => Attribute::Numbers(vec![word(bare)?]),
                None => Attribute::Text(text.clone()),
            },
            Self::Bool(b) => Attribute::Text(b.to_string()),
            Self::Int(_) | Self::Real(_) => Attribute::Numbers(vec![self.number()?]),
            Self::List(list) if list.is_empty() => return None,
            Self::List(list) => {
                let number = |j: &Self| match j {
                    Self::Text(text) => text.strip_prefix('\0').and_then(word),
                    Self::Bool(_) => None,
                    other => other.number(),
                };
                match list.iter().map(number).collect::<Option<Vec<f64>>>() {
                    Some(numbers) => Attribute::Numbers(numbers),
                    None => {
                        let between = if WORD_LISTS.contains(&name) { " " } else { ", " };
                        Attribute::Text(list.iter().map(Self::shown).collect::<Vec<_>>().join(between))
                    }
                }
            }
            Self::Object(_) => Attribute::Text(self.shown()),
        })
    }

    /// As a person reads it: JSON, but texts without quotes at the top.
    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.trim_start_matches('\0').to_owned(),
            other => other.written(),
        }
    }

    fn written(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(", ");
        match self {
            Self::Null => "null".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Real(v) => v.to_string(),
            Self::Text(text) => format!("{:?}", text.trim_start_matches('\0')),
            Self::List(list) => format!("[{}]", joined(list.iter().map(Self::written).collect())),
            Self::Object(members) => {
                format!("{{{}}}", joined(members.iter().map(|(n, v)| format!("{n:?}: {}", v.written())).collect()))
            }
        }
    }
}

/// The number a word stands for.
fn word(text: &str) -> Option<f64> {
    match text.trim_start_matches('\0') {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The text with bare `NaN`, `Infinity` and `-Infinity` in quotes, marked as bare.
fn quoted(text: &str) -> String {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    let mut inside = false;
    while let Some(first) = rest.chars().next() {
        if inside && first == '\\' {
            let step = first.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..step]);
            rest = &rest[step..];
            continue;
        }
        inside ^= first == '"';
        let bare = ["NaN", "Infinity", "-Infinity"].into_iter().find(|w| !inside && rest.starts_with(w));
        match bare {
            Some(word) => {
                out.push('"');
                out.push_str(BARE);
                out.push_str(word);
                out.push('"');
                rest = &rest[word.len()..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Json, E> {
        Ok(Json::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Json, E> {
        Ok(Json::Int(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Json, E> {
        Ok(Json::Int(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Json, E> {
        Ok(Json::Real(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Json, E> {
        Ok(Json::Text(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = source.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = source.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_bare_words_are_numbers() {
        let json = Json::parse(br#"{"b": NaN, "a": [1, -Infinity], "t": "NaN \" Infinity", "w": true, "f": ["x", "y"]}"#).unwrap();
        let a = json.attributes();
        assert_eq!(a.0.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["b", "a", "t", "w", "f"]);
        assert!(a.number("b").unwrap().is_nan());
        assert_eq!(a.get("a"), Some(&Attribute::Numbers(vec![1.0, f64::NEG_INFINITY])));
        assert_eq!(a.text("t"), Some("NaN \" Infinity"));
        assert_eq!((a.text("w"), a.text("f")), (Some("true"), Some("x, y")));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(100_000);
        assert!(Json::parse(deep.as_bytes()).is_err());
    }
}
