//! Faults of TOML in the words of the house: the line, what was found, the rule, the nearest word.

use esker_core::Error;

/// The fault of `text`, which is `thing`.
pub(super) fn fault(thing: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|s| 1 + text[..s.start.min(text.len())].matches('\n').count());
    let place = line.map_or_else(|| thing.to_owned(), |line| format!("{thing}, line {line}"));
    let message = error.message().trim().replace('\n', "; ").replace(char::is_control, "?");
    let fault = Error::data(place).got(message.clone());
    match unknown(&message) {
        Some(near) => fault.hint(format!("did you mean '{near}'?")),
        None => fault.rule("it must have the form of `esker guide check --schema`"),
    }
}

/// The nearest word where the message tells an unknown one and those expected.
fn unknown(message: &str) -> Option<&str> {
    if !message.starts_with("unknown") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let word = quoted.next()?;
    super::nearest(word, quoted)
}
