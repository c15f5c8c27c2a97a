//! Words on the page: one and many, lists, whole sentences, and characters that hide.

use std::borrow::Cow;

use super::number::count;

/// `1 row`, `2 rows`: the count with the right form of the word.
pub fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// The first `most` items as a list, the others counted: `a, b and 3 others`.
pub fn list_some(items: &[&str], most: usize) -> String {
    if items.len() <= most + 1 {
        return list(items);
    }
    let mut shown: Vec<String> = items[..most].iter().map(|s| (*s).to_owned()).collect();
    shown.push(format!("{} others", count(items.len() - most)));
    list(&shown)
}

/// The text as a sentence: a capital in front, a full stop behind.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut out = capital(text);
    if !out.is_empty() && !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

/// The text with one full stop where a unit or name that ends with one (`m w.e.`) closes a sentence; `…` and numbers are not touched.
pub fn one_stop(text: &str) -> String {
    let text = text.replace(".. ", ". ");
    text.strip_suffix("..").map_or_else(|| text.clone(), |t| format!("{t}."))
}

/// The text with a capital in front.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The first sentence of a text: up to a full stop that a capital follows.
pub fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let ends = text.match_indices(". ").map(|(at, _)| at).find(|&at| text[at + 2..].trim_start().starts_with(char::is_uppercase));
    ends.map_or(text, |at| &text[..=at])
}

/// A sentence made to stand inside another: no capital in front, unless it is a name in capitals, and no full stop behind.
pub fn inside(text: &str) -> String {
    let text = clause(text);
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(std::iter::once(second)).chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The text without a full stop, to stand inside a sentence.
pub fn clause(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}

/// The text with control characters and marks that turn the reading direction written out, e.g. `[U+202E]`,
/// so that a name can neither hide, reorder the line, nor steer a terminal.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) {
            out.push_str(&format!("[U+{:04X}]", c as u32));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn hides(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_a_person_writes_them() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a and b");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list_some(&["a", "b", "c", "d"], 2), "a, b and 2 others");
        assert_eq!(list_some(&["a", "b", "c"], 2), "a, b and c");
    }

    #[test]
    fn one_and_many() {
        assert_eq!(plural(0, "row", "rows"), "0 rows");
        assert_eq!(plural(1, "row", "rows"), "1 row");
    }

    #[test]
    fn a_sentence_has_a_capital_and_one_stop() {
        assert_eq!(sentence("whole groups are left out"), "Whole groups are left out.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), "");
        assert_eq!(first_sentence("It is 0.2 m w.e. yr-1. What follows? Much."), "It is 0.2 m w.e. yr-1.");
        assert_eq!(first_sentence("Only one"), "Only one");
        assert_eq!(inside("Rows were shuffled."), "rows were shuffled");
        assert_eq!(inside("RMSE"), "RMSE");
    }
}
