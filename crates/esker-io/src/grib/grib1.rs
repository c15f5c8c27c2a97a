//! Headers of GRIB edition 1 (WMO Manual on Codes, FM 92-IX Ext.).

use esker_core::Result;

use super::levels;
use super::message::{Data, Index, Message, Parameter, Span, days, later, signed, uint};
use crate::source::Source;

/// Reads the headers of the message at `start`; gives where the next one may begin.
pub(super) fn message(source: &Source, start: u64, index: &mut Index) -> Result<u64> {
    let head = source.bytes(start, 8)?;
    let stated = uint(&head[4..7]);
    let mut at = start + 8;
    let product = section(source, at)?;
    if product.len() < 28 {
        return Err(source.damaged(format!("a product section of {} bytes at byte {at}", product.len()), "it has at least 28"));
    }
    at += product.len() as u64;
    let grid = if product[7] & 0x80 != 0 {
        let bytes = section(source, at)?;
        at += bytes.len() as u64;
        Some(bytes)
    } else {
        None
    };
    let bitmap = if product[7] & 0x40 != 0 {
        let len = uint(&source.bytes(at, 3)?);
        let span = Span { at, len };
        at += len;
        Some(span)
    } else {
        None
    };
    let length = uint(&source.bytes(at, 3)?);
    // Messages beyond 8 MiB count in units of 120 bytes, and their last section tells what is too much.
    let (end, len) = if stated & 0x80_0000 != 0 && length < 120 {
        let end = start + ((stated & 0x7F_FFFF) * 120).saturating_sub(length);
        (end + 4, (end).saturating_sub(at))
    } else {
        (start + stated, length)
    };
    let data = Span { at, len };
    if at.saturating_add(len) > source.size || bitmap.is_some_and(|b| b.len < 6) || len < 11 {
        return Err(source.damaged(format!("a message at byte {start} that goes beyond its end"), "the file is cut off or damaged"));
    }
    let Some(grid) = grid else {
        index.leave(format!("the message at byte {start} has no grid of its own, only number {}", product[6]));
        return Ok(end.max(at + len));
    };
    match parse(&product, bitmap, data) {
        Ok(mut message) => {
            message.grid = index.grids.one(&grid);
            message.points = index.grids.points(message.grid);
            index.messages.push(message);
        }
        Err(reason) => index.leave(format!("the message at byte {start}: {reason}")),
    }
    Ok(end.max(at + len))
}

/// A section with its length in front.
fn section(source: &Source, at: u64) -> Result<Vec<u8>> {
    let length = uint(&source.bytes(at, 3)?);
    source.bytes(at, length.max(3))
}

fn parse(product: &[u8], bitmap: Option<Span>, data: Span) -> std::result::Result<Message, String> {
    let century = u64::from(product[24]).max(1);
    let year = (century - 1) * 100 + u64::from(product[12]);
    let reference = days(year, product[13], product[14], [product[15], product[16], 0])
        .ok_or_else(|| format!("no such date: {year}-{}-{}", product[13], product[14]))?;
    let (unit, p1, p2) = (product[17], i64::from(product[18]), i64::from(product[19]));
    let (count, step) = match product[20] {
        0 => (p1, "instant"),
        1 => (0, "instant"),
        2 => (p2, "range"),
        3 => (p2, "avg"),
        4 => (p2, "accum"),
        5 => (p2, "diff"),
        10 => (p1 << 8 | p2, "instant"),
        51 | 113 | 115 | 123 => (p1, "avg"),
        114 | 116 | 124 => (p1, "accum"),
        _ => (p1, "other"),
    };
    let valid = later(reference, unit, count, 1).ok_or_else(|| format!("steps in an unknown unit of time ({unit})"))?;
    Ok(Message {
        parameter: Parameter::One { centre: product[4], table: product[3], number: product[8] },
        level: levels::one(product[9], product[10], product[11]),
        reference,
        valid,
        step,
        statistic: None,
        number: member(product),
        derived: None,
        grid: 0,
        points: 0,
        data: Data::One { bitmap, data, decimal: signed(&product[26..28]) as i32 },
    })
}

/// The ensemble member in ECMWF's local section 1.
fn member(product: &[u8]) -> Option<i64> {
    let local = product[4] == 98 && product.len() >= 52 && matches!(product[40], 1 | 30);
    // The number of members is nought outside ensembles.
    (local && product[50] > 0).then(|| i64::from(product[49]))
}
