//! Words and numbers in figures: escaping, widths from the embedded font, shortening, number formats.

use std::sync::OnceLock;

/// Widths of DejaVu Sans: code point, regular, bold; little-endian, sorted (made by `assets/make_fonts.py`).
const WIDTHS: &[u8] = include_bytes!("../../assets/dejavu-widths.bin");
const UNITS_PER_EM: f64 = 2048.0;
/// Width of a character that the font lacks, in em: a full-width sign, so that an estimate errs on the wide side.
const UNKNOWN: u16 = 2048;

fn widths() -> &'static [(u32, u16, u16)] {
    static TABLE: OnceLock<Vec<(u32, u16, u16)>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let entry =
            |b: &[u8]| (u32::from_le_bytes([b[0], b[1], b[2], b[3]]), u16::from_le_bytes([b[4], b[5]]), u16::from_le_bytes([b[6], b[7]]));
        WIDTHS.chunks_exact(8).map(entry).collect()
    })
}

/// Width of `text` at `size` (both in user units), without kerning.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    let table = widths();
    let sum: f64 = text
        .chars()
        .map(|c| match table.binary_search_by_key(&u32::from(c), |e| e.0) {
            Ok(i) => f64::from(if bold { table[i].2 } else { table[i].1 }),
            Err(_) => f64::from(UNKNOWN),
        })
        .sum();
    sum / UNITS_PER_EM * size
}

/// `text` if it fits into `room`, else its longest beginning that fits with `…` behind it.
pub fn fit(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shortened: String = kept.iter().collect::<String>().trim_end().to_owned() + "…";
        if width(&shortened, size, bold) <= room {
            return shortened;
        }
    }
    "…".to_owned()
}

/// Breaks `text` at spaces (not at no-break spaces) into lines that fit into `room`; a longer word is shortened.
pub fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split([' ', '\n', '\t']).filter(|w| !w.is_empty()) {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, false) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fit(line, size, false, room)).collect()
}

/// The same for names, which break at underscores as well.
pub fn wrapped(name: &str, size: f64, room: f64) -> Vec<String> {
    wrap(&name.replace('_', "_ "), size, room).iter().map(|l| l.replace("_ ", "_")).collect()
}

/// Text made safe for XML content and attributes. Signs that XML forbids, and the private signs that the
/// canvas uses as placeholders, become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || ('\u{E000}'..='\u{F8FF}').contains(&c) || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

fn grouped(digits: &str) -> String {
    let n = digits.len();
    let mut out = String::with_capacity(n + n / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (n - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A whole number with thousands marked: `6,834`.
pub fn count(n: usize) -> String {
    grouped(&n.to_string())
}

/// A count that may be weighted: whole where it is whole, else three significant digits.
pub fn weight(v: f64) -> String {
    if v.is_finite() && (v - v.round()).abs() < 1e-9 && (0.0..1e15).contains(&v) { count(v.round() as usize) } else { number(v) }
}

/// `v` with `decimals` places, a proper minus sign and thousands marked; never `−0`.
pub fn fixed(v: f64, decimals: usize) -> String {
    if !v.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.*}", decimals, v.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let whole = if whole.len() > 4 { grouped(whole) } else { whole.to_owned() };
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    format!("{}{whole}{rest}", if v < 0.0 && !zero { "−" } else { "" })
}

fn superscript(n: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        c => char::from_u32(0x2070 + c.to_digit(10).unwrap_or(0)).unwrap_or(c),
    };
    n.to_string().chars().map(digit).collect()
}

/// `v` with three significant digits: `−0.459`, `1,230`, `4.56 × 10⁻⁷`; `–` where it is not a number.
pub fn number(v: f64) -> String {
    if !v.is_finite() {
        return "–".to_owned();
    }
    if v == 0.0 {
        return "0".to_owned();
    }
    // Rounding first decides the power: 9.996 has three digits as 10.0.
    let rounded: f64 = format!("{v:.2e}").parse().unwrap_or(v);
    let power = rounded.abs().log10().floor() as i32;
    if (-4..6).contains(&power) {
        return fixed(rounded, (2 - power).max(0) as usize);
    }
    format!("{} × 10{}", fixed(rounded / 10f64.powi(power), 2), superscript(power))
}

/// A unit as it is printed: `m w.e. yr-1` becomes `m w.e. yr⁻¹`, `degC` becomes `°C`.
pub fn unit(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let plain = word.replace("**", "").replace('^', "");
        let cut = plain.find(|c: char| c == '-' || c.is_ascii_digit()).unwrap_or(plain.len());
        let (base, power) = plain.split_at(cut);
        words.push(match (base, power.parse::<i32>()) {
            ("degC", _) if power.is_empty() => "°C".to_owned(),
            (base, Ok(p)) if !base.is_empty() && base.chars().all(|c| c.is_alphabetic() || matches!(c, 'µ' | '%' | '°')) => {
                format!("{base}{}", superscript(p))
            }
            _ => word.to_owned(),
        });
    }
    words.join(" ")
}

/// `name (unit)`, or `name` where no unit was stated. The unit is kept in one line by no-break spaces.
pub fn labelled(name: &str, of: &esker_core::Unit) -> String {
    if of.is_empty() { name.to_owned() } else { format!("{name} ({})", unit(of.as_str()).replace(' ', "\u{A0}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_minus_sign() {
        for (v, said) in [
            (-0.458_77, "−0.459"),
            (9.996, "10.0"),
            (1234.5, "1230"),
            (123_456.0, "123,000"),
            (4.56e-7, "4.56 × 10⁻⁷"),
            (-1e9, "−1.00 × 10⁹"),
            (0.0, "0"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(number(v), said);
        }
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(weight(12.0), "12");
        assert_eq!(weight(12.3456), "12.3");
    }

    #[test]
    fn markup_and_placeholders_are_escaped() {
        assert_eq!(escape("<script>alert('x')&\"</script>"), "&lt;script&gt;alert(&#39;x&#39;)&amp;&quot;&lt;/script&gt;");
        assert_eq!(escape("a\u{E001}b\u{0}c\nd"), "a\u{FFFD}b\u{FFFD}c d");
    }

    #[test]
    fn shortened_text_fits_and_is_a_beginning() {
        let name = "a rather long column name for a label";
        for room in [5.0, 20.0, 60.0, 120.0, 900.0] {
            let short = fit(name, 13.0, false, room);
            assert!(width(&short, 13.0, false) <= room.max(width("…", 13.0, false)));
            assert!(name.starts_with(short.trim_end_matches('…')));
        }
        assert_eq!(fit(name, 13.0, false, 900.0), name);
    }

    #[test]
    fn widths_follow_the_font() {
        // DejaVu Sans 2.37: 'A' is 1401 and 'i' 569 units of 2048; bold 'A' is 1585.
        assert!((width("A", 2048.0, false) - 1401.0).abs() < 1e-9);
        assert!((width("i", 2048.0, false) - 569.0).abs() < 1e-9);
        assert!((width("A", 2048.0, true) - 1585.0).abs() < 1e-9);
        assert!((width("Ai", 10.0, false) * 2.0 - width("Ai", 20.0, false)).abs() < 1e-9);
    }

    #[test]
    fn units_are_printed_with_powers() {
        assert_eq!(unit("m w.e. yr-1"), "m w.e. yr⁻¹");
        assert_eq!(unit("kg m^-2"), "kg m⁻²");
        assert_eq!(unit("degC"), "°C");
        assert_eq!(unit("m/yr"), "m/yr");
        assert_eq!(unit("km2"), "km²");
        assert_eq!(unit("m**2 s**-2"), "m² s⁻²");
    }
}
