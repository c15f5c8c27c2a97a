//! Packed numbers of GRIB: simple and complex packing here, images and the like through the crate `grib`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use esker_core::Result;

use super::complex::complex;
use super::message::{Data, Message, Span, signed, uint};
use crate::source::Source;

/// A field may be constant and need no bytes; beyond this many cells it needs some.
const FREE_POINTS: u64 = 1 << 25;

/// All values of a message in the order of the file; NaN is missing.
pub(super) fn decode(source: &Source, message: &Message) -> Result<Vec<f64>> {
    let (data, bitmap) = match message.data {
        Data::One { bitmap, data, .. } | Data::Two { bitmap, data, .. } => (data, bitmap),
    };
    if message.points as u64 > FREE_POINTS.max(data.len.saturating_mul(1024)) {
        return Err(source.damaged(format!("{} cells in {} bytes", message.points, data.len), "no field is packed that tightly"));
    }
    let present = match bitmap {
        None => None,
        Some(span) => Some(bits_of_map(source, span, message)?),
    };
    let count = present.as_ref().map_or(message.points, |p| p.iter().filter(|b| **b).count());
    let values = match message.data {
        Data::One { data, decimal, .. } => one(source, data, decimal, count)?,
        Data::Two { representation, data, .. } => two(source, representation, data, count)?,
    };
    if values.len() < count {
        return Err(source.damaged(format!("{} values for {count} cells", values.len()), "the message is damaged"));
    }
    Ok(match present {
        None => values,
        Some(present) => {
            let mut next = values.into_iter();
            present.iter().map(|&p| if p { next.next().unwrap_or(f64::NAN) } else { f64::NAN }).collect()
        }
    })
}

fn bits_of_map(source: &Source, span: Span, message: &Message) -> Result<Vec<bool>> {
    let bytes = source.bytes(span.at, span.len)?;
    if matches!(message.data, Data::One { .. }) && bytes.get(4..6) != Some(&[0, 0]) {
        return Err(source.damaged("a bitmap kept at the centre", "bitmaps that are not in the file cannot be read"));
    }
    let bits = &bytes[6.min(bytes.len())..];
    if bits.len() * 8 < message.points {
        return Err(source.damaged(format!("a bitmap of {} bits", bits.len() * 8), format!("the grid has {} cells", message.points)));
    }
    Ok((0..message.points).map(|i| bits[i / 8] >> (7 - i % 8) & 1 == 1).collect())
}

/// IBM's floating-point number.
pub(super) fn ibm(bits: u32) -> f64 {
    let size = f64::from(bits & 0xFF_FFFF) * 2_f64.powi(-24) * 16_f64.powi((bits >> 24 & 0x7F) as i32 - 64);
    if bits >> 31 == 1 { -size } else { size }
}

/// What integers become: (reference + n · 2^binary) · 10^−decimal.
struct Scale {
    reference: f64,
    binary: f64,
    decimal: f64,
}

impl Scale {
    fn of(&self, n: f64) -> f64 {
        (n * self.binary + self.reference) * self.decimal
    }
}

fn one(source: &Source, span: Span, decimal: i32, count: usize) -> Result<Vec<f64>> {
    let bytes = source.bytes(span.at, span.len)?;
    let flag = bytes[3] >> 4;
    let refused = |what: &str| {
        Err(source
            .damaged(format!("a field in {what}"), "simple packing is read from edition 1")
            .hint("convert it: grib_set -r -s packingType=grid_simple in.grib out.grib"))
    };
    if flag & 8 != 0 {
        return refused("spherical harmonics");
    }
    if flag & 4 != 0 {
        return refused("second-order packing");
    }
    let scale = Scale {
        reference: ibm(uint(&bytes[6..10]) as u32),
        binary: 2_f64.powi(signed(&bytes[4..6]) as i32),
        decimal: 10_f64.powi(-decimal),
    };
    let bits = bytes[10];
    if bits > 64 {
        return Err(source.damaged(format!("numbers of {bits} bits"), "at most 64"));
    }
    unpack(source, &bytes[11..], bits, count).map(|v| v.into_iter().map(|n| scale.of(n)).collect())
}

/// Integers of some bits each, highest first.
fn unpack(source: &Source, bytes: &[u8], bits: u8, count: usize) -> Result<Vec<f64>> {
    if bits == 0 {
        return Ok(vec![0.0; count]);
    }
    let bits = u32::from(bits);
    if (bytes.len() as u64) * 8 < u64::from(bits) * count as u64 {
        return Err(
            source.damaged(format!("{} bytes for {count} numbers of {bits} bits", bytes.len()), "the message is cut off or damaged")
        );
    }
    let whole = |w: usize| bytes.chunks_exact(w).take(count).map(|b| uint(b) as f64).collect();
    Ok(match bits {
        8 => whole(1),
        16 => whole(2),
        24 => whole(3),
        _ => {
            let (mut held, mut have, mut next) = (0_u128, 0_u32, bytes.iter());
            let mask = (1_u128 << bits) - 1;
            (0..count)
                .map(|_| {
                    while have < bits {
                        held = held << 8 | u128::from(*next.next().unwrap_or(&0));
                        have += 8;
                    }
                    have -= bits;
                    let n = held >> have & mask;
                    held &= (1 << have) - 1;
                    n as f64
                })
                .collect()
        }
    })
}

fn two(source: &Source, representation: Span, data: Span, count: usize) -> Result<Vec<f64>> {
    let head = source.bytes(representation.at, representation.len)?;
    let bytes = source.bytes(data.at, data.len)?;
    if head.len() < 12 {
        return Err(source.damaged("a representation of a few bytes", "the message is damaged"));
    }
    let (stated, template) = (uint(&head[5..9]) as usize, uint(&head[9..11]));
    if stated != count {
        return Err(source.damaged(format!("{stated} packed values"), format!("the grid and its bitmap need {count}")));
    }
    match template {
        4 => ieee(source, head[11], &bytes[5..], count),
        200 => run_lengths(&head, &bytes[5..], count)
            .ok_or_else(|| source.damaged("run lengths that contradict themselves", "the message is damaged")),
        0 | 2 | 3 | 40 | 41 | 42 if head.len() >= 21 => {
            let scale = Scale {
                reference: f64::from(f32::from_bits(uint(&head[11..15]) as u32)),
                binary: 2_f64.powi(signed(&head[15..17]) as i32),
                decimal: 10_f64.powi(-signed(&head[17..19]) as i32),
            };
            let bits = head[19];
            if template == 0 && bits > 64 {
                return Err(source.damaged(format!("numbers of {bits} bits"), "at most 64"));
            }
            let numbers = match template {
                0 => unpack(source, &bytes[5..], bits, count)?,
                2 | 3 => complex(&head, &bytes[5..], count)
                    .ok_or_else(|| source.damaged("complex packing that contradicts itself", "the message is damaged"))?,
                40..=42 if bits == 0 => vec![0.0; count],
                _ => {
                    plausible(source, template, &bytes[5..], count)?;
                    // The crate scales in single precision: it is made to hand over the integers, which it keeps exactly to
                    // 2^24, and they are scaled here.
                    let mut bare = head;
                    bare[11..19].fill(0);
                    bare[20] = 0;
                    if template == 41 {
                        // PNG keeps samples of 8 or 16 bits whatever the width that the header tells.
                        bare[19] = png_bits(&bytes[5..]).unwrap_or(bits);
                    }
                    by_crate(source, count, bare, bytes)?
                }
            };
            Ok(numbers.into_iter().map(|n| scale.of(n)).collect())
        }
        50 | 51 | 53 => Err(source.damaged("a field in spherical harmonics", "fields on grids are read")),
        other => Err(source.damaged(format!("representation template {other}"), "templates 0, 2, 3, 4, 40, 41, 42 and 200 are read")),
    }
}

fn ieee(source: &Source, precision: u8, bytes: &[u8], count: usize) -> Result<Vec<f64>> {
    let width = match precision {
        1 => 4,
        2 => 8,
        _ => return Err(source.damaged(format!("floats of precision {precision}"), "single and double precision are read")),
    };
    Ok(bytes
        .chunks_exact(width)
        .take(count)
        .map(|b| if width == 4 { f64::from(f32::from_bits(uint(b) as u32)) } else { f64::from_bits(uint(b)) })
        .collect())
}

/// Whether the size that an image says it has is that of the grid: the decoder would take memory for it.
fn plausible(source: &Source, template: u64, bytes: &[u8], count: usize) -> Result<()> {
    let size = |at: usize| bytes.get(at..at + 4).map_or(0, uint);
    let cells = match template {
        // JPEG 2000 says where its corners are, PNG how long its sides are. One component, and no more tiles than its standard.
        40 if bytes.get(40..42) != Some(&[0, 1]) || size(8).div_ceil(size(24).max(1)) * size(12).div_ceil(size(28).max(1)) > 65_535 => 0,
        40 => size(8).saturating_sub(size(16)).saturating_mul(size(12).saturating_sub(size(20))),
        41 => size(16).saturating_mul(size(20)),
        _ => count as u64,
    };
    if cells == count as u64 {
        Ok(())
    } else {
        Err(source.damaged(format!("an image of {cells} cells for {count}"), "the message is damaged"))
    }
}

/// Run lengths of levels (template 7.200): a level, then how often it follows, in digits of a base of what levels leave free.
fn run_lengths(head: &[u8], bytes: &[u8], count: usize) -> Option<Vec<f64>> {
    let (bits, most) = (u32::from(*head.get(11)?), uint(head.get(12..14)?));
    let factor = 10_f64.powi(-signed(head.get(16..17)?) as i32);
    let levels: Vec<f64> = head[17..].chunks_exact(2).map(|b| uint(b) as f64 * factor).collect();
    if !(1..=16).contains(&bits) {
        return None;
    }
    let base = (1_u64 << bits).checked_sub(most + 1)?;
    let mut out: Vec<f64> = Vec::with_capacity(count);
    let (mut last, mut digit) = (None, 1_u64);
    let total = bytes.len() as u64 * 8 / u64::from(bits);
    for i in 0..total {
        let from = i * u64::from(bits);
        let n = (from..from + u64::from(bits)).fold(0, |n, b| n << 1 | u64::from(bytes[b as usize / 8] >> (7 - b % 8) & 1));
        if n <= most {
            // Level 0 is missing.
            let value = if n == 0 { f64::NAN } else { *levels.get(n as usize - 1)? };
            out.push(value);
            (last, digit) = (Some(value), 1);
        } else {
            let more = (n - most - 1).checked_mul(digit)?;
            let more = usize::try_from(more).ok().filter(|m| out.len().checked_add(*m).is_some_and(|len| len <= count))?;
            out.resize(out.len() + more, last?);
            digit = digit.saturating_mul(base);
        }
        if out.len() > count {
            return None;
        }
    }
    (out.len() == count).then_some(out)
}

/// Bits of a cell of a PNG image: grey, or colours one after another.
fn png_bits(png: &[u8]) -> Option<u8> {
    let samples = match png.get(25)? {
        0 => 1,
        2 => 3,
        6 => 4,
        _ => return None,
    };
    png.get(24)?.checked_mul(samples)
}

fn by_crate(source: &Source, count: usize, head: Vec<u8>, data: Vec<u8>) -> Result<Vec<f64>> {
    let no_bitmap = vec![0, 0, 0, 6, 6, 255];
    let decode = || -> std::result::Result<Vec<f64>, String> {
        let decoder = grib::Grib2SubmessageDecoder::new(count, head, no_bitmap, data).map_err(|e| e.to_string())?;
        let values = decoder.dispatch().map_err(|e| e.to_string())?;
        Ok(values.take(count).map(f64::from).collect())
    };
    // The decoders are not ours: should damaged bytes make them panic, the field is refused all the same.
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(values)) => Ok(values),
        Ok(Err(why)) => Err(source.damaged("a packed field that does not decode", why)),
        Err(_) => Err(source.damaged("a packed field that does not decode", "the message is damaged")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_lengths_of_the_japanese_agency() {
        // Sample of the Japan Meteorological Business Support Center: numbers of 8 bits, levels to 250.
        let packed: Vec<u8> = [3, 9, 12, 6, 4, 15, 2, 1, 0, 13, 12, 2, 3].map(|n: u8| n + 240).to_vec();
        let plain = [3, 9, 9, 6, 4, 4, 4, 4, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3].map(|n| f64::from(n + 240));
        let mut head = vec![0; 17];
        head[11] = 8;
        head[13] = 250;
        head.extend((1..=250_u16).flat_map(u16::to_be_bytes));
        assert_eq!(run_lengths(&head, &packed, 21).unwrap(), plain);
        assert_eq!(run_lengths(&head, &packed, 20), None);
    }
}
