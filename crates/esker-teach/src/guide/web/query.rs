//! Answers as the query of an address, and back.

use esker_core::{Error, Fault, Result};

use crate::guide::{Answers, Approach};

/// What an address holds: the answers that could be read, and the first that could not.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub answers: Answers,
    pub fault: Option<Error>,
}

/// Reads a query; an empty one is `standard`. A word that is not of the form, or an answer that is no number, keeps its default and is
/// the fault; the others are kept.
pub(super) fn read(query: &str, standard: &Answers) -> Asked {
    if query.is_empty() {
        return Asked { answers: standard.clone(), fault: None };
    }
    let mut asked = Asked { answers: Answers { goals: Vec::new(), languages: Vec::new(), ..Answers::default() }, fault: None };
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Err(error) = one(&mut asked.answers, &decode(key), decode(value).trim()) {
            asked.fault.get_or_insert(error);
        }
    }
    asked
}

fn one(a: &mut Answers, key: &str, value: &str) -> Result<()> {
    match key {
        "hours" => a.hours_a_week = number("hours a week", value)?,
        "weeks" => a.weeks = number("weeks", value)?,
        "practice" => a.practice = number("practice", value)?,
        "approach" => a.approach = Approach::ALL.iter().find(|w| w.1 == value).map_or(Approach::Both, |w| w.0),
        "paid" => a.paid = value == "on",
        "start" => value.clone_into(&mut a.start),
        // A choice that was not made.
        _ if value.is_empty() => {}
        "goal" => a.goals.push(value.to_owned()),
        "topic" => a.topics.push(value.to_owned()),
        "known" => a.known.push(value.to_owned()),
        "language" => a.languages.push(value.to_owned()),
        "without" => a.without.push(value.to_owned()),
        "with" => a.with.push(value.to_owned()),
        _ => {
            let Some(id) = key.strip_prefix("test.") else {
                return Err(Error::new(Fault::Usage, "address")
                    .got(format!("'{}'", key.escape_debug()))
                    .rule("the page has no such answer"));
            };
            a.test.insert(id.to_owned(), number("answer of the test-out", value)?);
        }
    }
    Ok(())
}

fn number<T: std::str::FromStr>(thing: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| Error::new(Fault::Usage, thing).got(format!("'{}'", value.escape_debug())).rule("a number is asked for"))
}

/// The query that [`read`] reads as `answers`.
pub(super) fn write(answers: &Answers) -> String {
    let word = Approach::ALL.iter().find(|w| w.0 == answers.approach).map_or("both", |w| w.1);
    let mut pairs = vec![
        ("hours".to_owned(), answers.hours_a_week.to_string()),
        ("weeks".to_owned(), answers.weeks.to_string()),
        ("start".to_owned(), answers.start.clone()),
    ];
    let lists = [
        ("goal", &answers.goals),
        ("topic", &answers.topics),
        ("known", &answers.known),
        ("language", &answers.languages),
        ("without", &answers.without),
        ("with", &answers.with),
    ];
    for (key, values) in lists {
        pairs.extend(values.iter().map(|v| (key.to_owned(), v.clone())));
    }
    pairs.push(("approach".to_owned(), word.to_owned()));
    pairs.push(("practice".to_owned(), answers.practice.to_string()));
    if answers.paid {
        pairs.push(("paid".to_owned(), "on".to_owned()));
    }
    pairs.extend(answers.test.iter().map(|(k, v)| (format!("test.{k}"), v.to_string())));
    pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect::<Vec<_>>().join("&")
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3).and_then(|h| u8::from_str_radix(h, 16).ok())).flatten();
        match (bytes[i], hex) {
            (_, Some(byte)) => {
                out.push(byte);
                i += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        i += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn answers_survive_the_address(hours in 0.5_f64..80.0, weeks in 1_u32..104, topics in prop::collection::vec("[a-zé&=+% <>\"]{1,12}", 0..4), paid in any::<bool>()) {
            let trimmed: Vec<String> = topics.iter().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
            let start = "2026-12-07".to_owned();
            let answers = Answers { hours_a_week: hours, weeks, topics: trimmed, paid, start, ..Answers::default() };
            let again = read(&write(&answers), &Answers::default());
            prop_assert_eq!(again.answers, answers);
            prop_assert!(again.fault.is_none());
        }

        #[test]
        fn no_address_breaks_it(query in "\\PC{0,80}") {
            let _ = read(&query, &Answers::default());
        }
    }
    #[test]
    fn what_could_be_read_is_kept_beside_the_fault() {
        let asked = read("hours=x&weeks=6&goal=map-points&colour=red", &Answers::default());
        assert_eq!((asked.answers.hours_a_week, asked.answers.weeks, &asked.answers.goals[..]), (4.0, 6, &["map-points".to_owned()][..]));
        assert!(asked.fault.unwrap().to_string().starts_with("hours a week: got 'x'"));
    }
}
