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
