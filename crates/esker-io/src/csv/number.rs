//! Numbers in cells.

/// The number a cell holds; infinite where it says so or is too large for a float, `None` where it is no number.
#[inline]
pub(crate) fn number(cell: &[u8], decimal_comma: bool) -> Option<f64> {
    match cell.first()? {
        b'0'..=b'9' | b'.' | b'+' | b'-' | b'i' | b'I' => {}
        b',' if decimal_comma => {}
        _ => return None,
    }
    if decimal_comma {
        return with_comma(cell);
    }
    fast_float2::parse::<f64, _>(cell).ok().filter(|v| !v.is_nan())
}

/// Ten to the power of its place: exact as floats.
const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The number at the start of a text, and its length, where it is as most are: digits, perhaps a sign before and a point within, at most 15
/// of them, without a zero too many in front. Both the digits and the power of ten are then exact floats, and their quotient is the float
/// nearest to the number (W. D. Clinger, *How to read floating point numbers accurately*, 1990, section 4).
#[inline]
pub(super) fn short_number(text: &[u8], point: u8) -> Option<(f64, usize)> {
    // A sign, 15 digits, a point, and a byte behind fit; one bound is checked for all.
    let text: &[u8; 20] = text.get(..20)?.try_into().ok()?;
    let negative = text[0] == b'-';
    let start = usize::from(negative);
    let (mut at, mut digits) = (start, 0_u64);
    let run = |at: &mut usize, digits: &mut u64| {
        while *at < 19 && text[*at].wrapping_sub(b'0') < 10 {
            *digits = *digits * 10 + u64::from(text[*at] - b'0');
            *at += 1;
        }
    };
    run(&mut at, &mut digits);
    let whole = at - start;
    if whole == 0 || (whole > 1 && text[start] == b'0') {
        return None;
    }
    let mut part = 0;
    if text[at] == point {
        at += 1;
        let first = at;
        run(&mut at, &mut digits);
        part = at - first;
    }
    if whole + part > 15 {
        return None;
    }
    let value = digits as f64 / TENS[part];
    Some((if negative { -value } else { value }, at))
}

/// A number with a decimal comma; a point in it would be a thousands mark and is refused.
fn with_comma(cell: &[u8]) -> Option<f64> {
    let mut digits = [0_u8; 64];
    let digits = digits.get_mut(..cell.len())?;
    for (to, &from) in digits.iter_mut().zip(cell) {
        *to = match from {
            b',' => b'.',
            b'.' => return None,
            b => b,
        };
    }
    fast_float2::parse::<f64, _>(&*digits).ok().filter(|v| !v.is_nan())
}

/// Whether a number's digits start with a zero that is not the whole part: `007`, `-012.5`.
#[inline]
pub(crate) fn leading_zero(cell: &[u8]) -> bool {
    let digits = match cell {
        [b'+' | b'-', rest @ ..] => rest,
        all => all,
    };
    matches!(digits, [b'0', b'0'..=b'9', ..])
}

/// Whether a whole number has more digits than a float keeps apart.
#[inline]
pub(crate) fn too_many_digits(cell: &[u8], value: f64) -> bool {
    // 2^53, the last whole number before gaps.
    cell.len() >= 16 && value.abs() > 9_007_199_254_740_992.0 && cell.iter().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_are_the_same_floats() {
        let mut state = 7_u64;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        for _ in 0..200_000 {
            let (whole, part) = (next(10) as usize, next(9) as usize);
            let digits: String = (0..=whole + part).map(|_| char::from(b'0' + next(10) as u8)).collect();
            let sign = if next(2) == 0 { "-" } else { "" };
            let text = format!("{sign}{}.{}", &digits[..=whole], &digits[whole + 1..]);
            let padded = format!("{text},                    ");
            match short_number(padded.as_bytes(), b'.') {
                Some((value, length)) => {
                    assert_eq!(length, text.len());
                    assert_eq!(Some(value.to_bits()), number(text.as_bytes(), false).map(f64::to_bits), "{text}");
                }
                None => assert!(leading_zero(text.as_bytes()) || digits.len() > 15, "{text}"),
            }
        }
        for text in ["", "-", ".5", "+1", "NA", "1234567890123456", "00"] {
            assert_eq!(short_number(format!("{text},                      ").as_bytes(), b'.'), None, "{text}");
        }
        assert_eq!(short_number(b"-0,                      ", b'.').map(|v| v.0.to_bits()), Some((-0.0_f64).to_bits()));
        assert_eq!(short_number(b"1,5;                     ", b','), Some((1.5, 3)));
        assert_eq!(short_number(b"1.5", b'.'), None, "too near the end");
    }

    #[test]
    fn numbers_as_tables_write_them() {
        for (text, value) in [("1", 1.0), ("-.17", -0.17), ("+5", 5.0), ("5.", 5.0), ("1e-3", 1e-3), ("007", 7.0), ("1E5", 1e5)] {
            assert_eq!(number(text.as_bytes(), false), Some(value), "{text}");
        }
        for text in ["", ".", "-", "1 2", "1,5", "0x10", "1_000", "12%", "nan", "-nan", "2010-01-01", "1e", "e5", "i", "１"] {
            assert_eq!(number(text.as_bytes(), false), None, "{text}");
        }
        for text in ["inf", "-inf", "Infinity", "+INF", "1e999"] {
            assert!(number(text.as_bytes(), false).is_some_and(f64::is_infinite), "{text}");
        }
        assert_eq!(number(b"-12,5e1", true), Some(-125.0));
        assert_eq!(number(b"1.234,5", true), None);
        assert!(leading_zero(b"-012") && !leading_zero(b"0.5") && !leading_zero(b"0"));
        assert!(too_many_digits(b"12345678901234567", 12_345_678_901_234_567.0) && !too_many_digits(b"0.1234567890123456", 0.123));
    }
}
