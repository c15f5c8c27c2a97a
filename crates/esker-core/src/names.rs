//! Names of columns and the globs that stand for several.

/// Whether `name` matches `glob`, where `*` stands for any text.
pub fn matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + middle.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(tail) => rest.ends_with(tail),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn globs_match_as_a_shell_would() {
        for (glob, name, expected) in [
            ("temp_*", "temp_01", true),
            ("temp_*", "mean_temp_01", false),
            ("*_01", "temp_01", true),
            ("t*_0*", "temp_01", true),
            ("t*_1*", "temp_01", false),
            ("area", "area", true),
            ("area", "areas", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }
}
