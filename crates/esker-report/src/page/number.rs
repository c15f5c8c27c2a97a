//! Numbers as a paper prints them: three significant digits, a real minus sign, thin spaces, units.

use esker_core::Unit;

/// Narrow space that does not break: between thousands and before a unit or a percent sign.
pub const THIN: char = '\u{202f}';

/// A number with three significant digits; whole digits are never rounded away.
///
/// `0.31415` is `0.314`, `−12.3456` is `−12.3`, `123456.7` is `123 457`, `1.2e-5` is `1.20 × 10⁻⁵`.
pub fn real(value: f64) -> String {
    if !value.is_finite() {
        return "—".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = exponent(value);
    if !(-3..=6).contains(&exponent) {
        return scientific(value, 2);
    }
    fixed(value, usize::try_from(2 - exponent).unwrap_or(0))
}

/// A number with so many decimals, thousands apart. A negative number that rounds to zero loses its sign.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "—".to_owned();
    }
    let text = format!("{:.*}", decimals, value.abs());
    let negative = value < 0.0 && text.chars().any(|c| ('1'..='9').contains(&c));
    let (whole, part) = text.split_once('.').map_or((text.as_str(), None), |(w, p)| (w, Some(p)));
    let mut out = if negative { "−".to_owned() } else { String::new() };
    out.push_str(&thousands(whole));
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// As [`fixed`], with a plus sign before a number above zero.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    let above = value > 0.0 && text.chars().any(|c| ('1'..='9').contains(&c));
    if above { format!("+{text}") } else { text }
}

/// A count, thousands apart.
pub fn count(n: usize) -> String {
    thousands(&n.to_string())
}

/// A count that may carry weights: whole where it is whole.
pub fn tally(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { fixed(value, 0) } else { real(value) }
}

/// A share as a percentage with one decimal, none where it is whole: `89.2 %`, `90 %`.
pub fn percent(share: f64) -> String {
    let value = 100.0 * share;
    let decimals = usize::from((value - value.round()).abs() >= 0.05);
    format!("{}{THIN}%", fixed(value, decimals))
}

/// Decimals that give the column's typical number three significant digits; at most six.
pub fn decimals(values: impl IntoIterator<Item = f64>) -> usize {
    let mut sizes: Vec<i32> = values.into_iter().filter(|v| v.is_finite() && *v != 0.0).map(exponent).collect();
    sizes.sort_unstable();
    let typical = if sizes.is_empty() { 0 } else { sizes[sizes.len() / 2] };
    usize::try_from((2 - typical).clamp(0, 6)).unwrap_or(0)
}

/// A number with its unit behind it.
pub fn with_unit(value: f64, unit: &Unit) -> String {
    attach(&real(value), unit)
}

/// A text of digits with a unit behind it.
pub fn attach(digits: &str, unit: &Unit) -> String {
    let unit = unit_text(unit);
    if unit.is_empty() { digits.to_owned() } else { format!("{digits}{THIN}{unit}") }
}

/// The unit as a paper prints it: `m w.e. yr-1` is `m w.e. yr⁻¹`, `km2` is `km²`, `degC` is `°C`.
pub fn unit_text(unit: &Unit) -> String {
    let words: Vec<&str> = unit.as_str().split_whitespace().collect();
    match words[..] {
        ["degrees", "east"] => "°E".to_owned(),
        ["degrees", "north"] => "°N".to_owned(),
        _ => words.into_iter().map(unit_word).collect::<Vec<_>>().join("\u{a0}"),
    }
}

/// ` (unit)`, or nothing where no unit was stated.
pub fn unit_bracketed(unit: &Unit) -> String {
    if unit.is_empty() { String::new() } else { format!(" ({})", unit_text(unit)) }
}

fn unit_word(word: &str) -> String {
    match word {
        "degC" => return "°C".to_owned(),
        "deg" | "degree" | "degrees" => return "°".to_owned(),
        "degrees_east" | "degree_east" => return "°E".to_owned(),
        "degrees_north" | "degree_north" => return "°N".to_owned(),
        _ => {}
    }
    word.split('/').map(power).collect::<Vec<_>>().join("/")
}

/// `km2` → `km²`, `yr-1` and `yr^-1` → `yr⁻¹`; a formula such as `CO2` stays.
fn power(word: &str) -> String {
    const BASES: [&str; 26] = [
        "m", "km", "hm", "dm", "cm", "mm", "um", "µm", "nm", "s", "min", "h", "d", "day", "yr", "a", "K", "kg", "g", "Pa", "hPa", "W", "J",
        "N", "mol", "l",
    ];
    let cut = word.find(|c: char| c.is_ascii_digit() || matches!(c, '-' | '^' | '*')).unwrap_or(word.len());
    let (base, tail) = word.split_at(cut);
    let tail = tail.trim_start_matches(['^', '*']);
    let digits = tail.trim_start_matches('-');
    let is_power = !base.is_empty() && !digits.is_empty() && digits.len() <= 2 && digits.chars().all(|c| c.is_ascii_digit());
    if is_power && tail.len() - digits.len() <= 1 && (tail.starts_with('-') || BASES.contains(&base)) {
        format!("{base}{}", superscript(tail))
    } else {
        word.to_owned()
    }
}

fn superscript(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '-' => '⁻',
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            other => other,
        })
        .collect()
}

/// Exponent of ten after rounding to three significant digits.
fn exponent(value: f64) -> i32 {
    let text = format!("{value:.2e}");
    text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0)
}

fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{:.*e}", decimals, value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{mantissa}{THIN}×{THIN}10{}", superscript(exponent))
}

fn thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + 4);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(THIN);
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits_and_no_digit_before_the_point_is_lost() {
        for (value, text) in [
            (0.314_15, "0.314"),
            (-12.3456, "−12.3"),
            (123_456.7, "123\u{202f}457"),
            (0.000_012, "1.20\u{202f}×\u{202f}10⁻⁵"),
            (-4.2e9, "−4.20\u{202f}×\u{202f}10⁹"),
            (0.0, "0"),
            (-0.0, "0"),
            (0.999_96, "1.00"),
            (9.999, "10.0"),
            (f64::NAN, "—"),
        ] {
            assert_eq!(real(value), text, "{value}");
        }
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(fixed(-0.000_1, 3), "0.000");
        assert_eq!(signed(0.000_1, 3), "0.000");
        assert_eq!(signed(0.01, 3), "+0.010");
        assert_eq!(signed(-0.01, 3), "−0.010");
    }

    #[test]
    fn a_column_has_the_decimals_of_its_typical_number() {
        assert_eq!(decimals([0.31, 0.30, -0.01, -350.0]), 3);
        assert_eq!(decimals([1234.0, 900.0, 1100.0]), 0);
        assert_eq!(decimals([]), 2);
    }

    #[test]
    fn units_are_set_as_a_paper_sets_them() {
        for (from, to) in [
            ("m w.e. yr-1", "m\u{a0}w.e.\u{a0}yr⁻¹"),
            ("km2", "km²"),
            ("g/cm3", "g/cm³"),
            ("kg m^-2", "kg\u{a0}m⁻²"),
            ("degC", "°C"),
            ("degrees north", "°N"),
            ("ppm CO2", "ppm\u{a0}CO2"),
            ("1e-3", "1e-3"),
            ("", ""),
        ] {
            assert_eq!(unit_text(&Unit::new(from)), to, "{from}");
        }
    }

    #[test]
    fn a_share_is_a_percentage() {
        assert_eq!(percent(0.892_4), "89.2\u{202f}%");
        assert_eq!(percent(0.9), "90\u{202f}%");
    }
}
