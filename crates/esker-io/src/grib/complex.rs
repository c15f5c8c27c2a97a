//! Complex packing of GRIB 2, with and without spatial differences (templates 5.2, 5.3, 7.2 and 7.3).
//!
//! Written out here because the crate `grib` takes memory for whatever length a damaged group claims.

use super::message::{signed, uint};

/// Reads numbers of some bits each, highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next number of at most 64 bits; none at the end.
    fn next(&mut self, bits: usize) -> Option<u64> {
        let end = self.at + bits;
        if end > self.bytes.len() * 8 {
            return None;
        }
        let span = &self.bytes[self.at / 8..end.div_ceil(8)];
        let whole = span.iter().fold(0_u128, |n, &b| n << 8 | u128::from(b));
        let below = span.len() * 8 - (self.at % 8) - bits;
        self.at = end;
        Some((whole >> below & ((1_u128 << bits) - 1)) as u64)
    }

    /// A list of numbers, ending on a whole byte.
    fn list(&mut self, count: usize, bits: usize) -> Option<Vec<u64>> {
        if count.checked_mul(bits)? > self.bytes.len() * 8 {
            return None;
        }
        let list = (0..count).map(|_| self.next(bits)).collect();
        self.at = self.at.next_multiple_of(8);
        list
    }
}

/// The integers of a field, NaN where missing; none where the message is damaged.
///
/// `head` is section 5, `data` the bytes of section 7 behind its head, `count` the number of packed cells.
pub(super) fn complex(head: &[u8], data: &[u8], count: usize) -> Option<Vec<f64>> {
    let differences = uint(head.get(9..11)?) == 3;
    let byte = |at: usize| head.get(at).map(|&b| usize::from(b));
    let (bits, missing) = (byte(19)?, byte(22)?);
    let groups = uint(head.get(31..35)?) as usize;
    let (width_from, width_bits, length_bits) = (u64::from(*head.get(35)?), byte(36)?, byte(46)?);
    let (length_from, length_step) = (uint(head.get(37..41)?), u64::from(*head.get(41)?));
    let last = uint(head.get(42..46)?);
    // Groups of no bits at all hold nothing that one group could not.
    if groups > count || groups > data.len() * 8 + 64 || bits > 64 || width_bits > 64 || length_bits > 64 || missing > 2 {
        return None;
    }
    let (order, octets) = if differences { (byte(47)?, byte(48)?) } else { (0, 0) };
    if order > 2 || octets > 7 {
        return None;
    }
    let first: Vec<i64> = (0..order + usize::from(differences))
        .map(|i| if octets == 0 { Some(0) } else { data.get(i * octets..(i + 1) * octets).map(signed) })
        .collect::<Option<_>>()?;
    let mut reader = Bits { bytes: data.get(first.len() * octets..)?, at: 0 };
    let starts = reader.list(groups, bits)?;
    let widths = reader.list(groups, width_bits)?;
    let mut lengths = reader.list(groups, length_bits)?;
    lengths.iter_mut().for_each(|l| *l = l.saturating_mul(length_step).saturating_add(length_from));
    *lengths.last_mut()? = last;
    if lengths.iter().fold(0_u64, |n, l| n.saturating_add(*l)) != count as u64 {
        return None;
    }
    let mut numbers: Vec<Option<i64>> = Vec::with_capacity(count);
    for ((&start, &width), &length) in starts.iter().zip(&widths).zip(&lengths) {
        let width = usize::try_from(width.saturating_add(width_from)).ok().filter(|w| *w < 63)?;
        // The highest numbers of a group stand for missing.
        let top = if width == 0 { (1_u128 << bits) - 1 } else { (1_u128 << width) - 1 };
        for _ in 0..length {
            let n = if width == 0 { 0 } else { reader.next(width)? };
            let code = u128::from(if width == 0 { start } else { n });
            let absent = (missing >= 1 && code == top) || (missing == 2 && code + 1 == top);
            numbers.push((!absent).then_some(start.saturating_add(n).min(i64::MAX as u64) as i64));
        }
    }
    if differences {
        integrate(&mut numbers, order, &first);
    }
    Some(numbers.into_iter().map(|n| n.map_or(f64::NAN, |n| n as f64)).collect())
}

/// Undoes differences of first or second order among the cells that are there; behind the first values stands their least.
fn integrate(numbers: &mut [Option<i64>], order: usize, first: &[i64]) {
    let least = first[order];
    let (mut before, mut last) = (0_i64, 0_i64);
    for (i, n) in numbers.iter_mut().flatten().enumerate() {
        let value = match (i < order, order) {
            (true, _) => first[i],
            (false, 0) => *n,
            (false, 1) => n.wrapping_add(least).wrapping_add(last),
            _ => n.wrapping_add(least).wrapping_add(last.wrapping_mul(2)).wrapping_sub(before),
        };
        (before, last) = (last, value);
        *n = value;
    }
}
