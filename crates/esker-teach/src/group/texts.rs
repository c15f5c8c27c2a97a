//! Small things that all written files share: cells that no spreadsheet runs, names that are no markup, times as people read them.

use jiff::Zoned;

use super::hours::weekday_name;

/// A cell of CSV. What a spreadsheet would take for a formula gets an apostrophe before it and stays text; quotes where they are needed.
pub fn cell(text: &str) -> String {
    let risky = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{0}', '|', '%'])
        || text.starts_with(['\t', '\r', '\n']);
    let text = if risky { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r', ';', '\t']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A line of CSV.
pub fn line<S: AsRef<str>>(cells: &[S]) -> String {
    let cells: Vec<String> = cells.iter().map(|c| cell(c.as_ref())).collect();
    format!("{}\n", cells.join(","))
}

/// Text that people gave, as it stands in Markdown: nothing in it is markup.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// `Tuesday 6 October 2026, 18:00`.
pub fn moment(at: &Zoned) -> String {
    format!("{} {}", weekday_name(at.weekday()), at.strftime("%-d %B %Y, %H:%M"))
}

/// `Tuesdays at 18:00`.
pub fn weekly(at: &Zoned) -> String {
    format!("{}s at {}", weekday_name(at.weekday()), at.strftime("%H:%M"))
}

/// `a`, `a and b`, `a, b and c`.
pub fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `1 person`, `2 people`.
pub fn count(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

/// Hours as people say them: `2 h`, `1 h 30 min`, `45 min`.
pub fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, m) => format!("{m} min"),
        (h, 0) => format!("{h} h"),
        (h, m) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_stay_text() {
        for formula in ["=1+1", "+49", "-x", "@SUM(A1)", " =cmd|' /C calc'!A0", "\t=1", "＝1"] {
            assert!(cell(formula).trim_start_matches('"').starts_with('\''), "{formula}");
        }
        assert_eq!(line(&["a,b", "say \"so\"", "氷河", "a\nb"]), "\"a,b\",\"say \"\"so\"\"\",氷河,\"a\nb\"\n");
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(plain("<b>*A*</b>\n[x](y)"), "&lt;b&gt;\\*A\\*&lt;/b&gt; \\[x\\](y)");
    }
}
