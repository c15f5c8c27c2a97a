//! How alarms write numbers and lists.

/// Names a list shows before it says how many more there are.
const SHOWN: usize = 8;

/// A count with thousands set off: 6,834.
pub(super) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(d);
    }
    out
}

/// A count with its noun: `1 row`, `6,834 rows`. The plural is the noun with an s, or `classes`.
pub(super) fn counted(n: usize, noun: &str) -> String {
    match (n, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "class") => format!("{} classes", count(n)),
        _ => format!("{} {noun}s", count(n)),
    }
}

/// A number with `digits` significant digits, without trailing zeros.
pub(super) fn number(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return x.to_string();
    }
    let exponent = x.abs().log10().floor() as i32;
    if !(-5..15).contains(&exponent) {
        return format!("{x:.*e}", digits - 1);
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share as a percentage with two significant digits: `4.6 %`.
pub(super) fn percent(part: usize, whole: usize) -> String {
    let share = 100.0 * part as f64 / whole.max(1) as f64;
    format!("{} %", number(share, if share >= 10.0 { 3 } else { 2 }))
}

/// Names in quotes: `'a', 'b' and 3 more`.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    join(&names.iter().map(|n| format!("'{}'", n.as_ref())).collect::<Vec<_>>())
}

/// Words as a person lists them: `a, b and c`, the first few if there are many.
pub(super) fn join(words: &[String]) -> String {
    let shown = &words[..words.len().min(SHOWN)];
    match (words.len() > SHOWN, shown.split_last()) {
        (true, _) => format!("{} and {} more", shown.join(", "), words.len() - SHOWN),
        (false, Some((last, rest))) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_as_a_person_writes_them() {
        assert_eq!([count(7), count(6834), count(1_234_567)], ["7", "6,834", "1,234,567"]);
        assert_eq!([number(0.227_93, 3), number(-120.04, 3), number(1e-9, 2), number(0.0, 3)], ["0.228", "-120", "1.0e-9", "0"]);
        assert_eq!([counted(1, "row"), counted(2, "class"), percent(1, 3)], ["1 row", "2 classes", "33.3 %"]);
        assert_eq!(list(&["a", "b", "c"]), "'a', 'b' and 'c'");
        assert_eq!(list(&["a"; 10]), "'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a' and 2 more");
    }
}
