//! What one GRIB message is about: the same for both editions.

use esker_core::{Calendar, Note, Result};

use crate::source::Source;

/// A run of bytes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub at: u64,
    pub len: u64,
}

/// How a parameter is named in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Parameter {
    One { centre: u8, table: u8, number: u8 },
    Two { centre: u16, discipline: u8, category: u8, number: u8 },
}

/// A level, or a layer between two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    /// The code of the surface: table 3 of edition 1, table 4.5 of edition 2.
    pub code: u8,
    /// What users call it, as ecCodes does: `isobaricInhPa`.
    pub kind: &'static str,
    pub unit: &'static str,
    pub value: f64,
    /// The other side of a layer.
    pub other: Option<f64>,
}

/// Where the numbers of a message are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Data {
    One { bitmap: Option<Span>, data: Span, decimal: i32 },
    Two { representation: Span, bitmap: Option<Span>, data: Span },
}

/// A message, or one field of it.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub parameter: Parameter,
    pub level: Level,
    /// Days since 1970-01-01 when the forecast was made.
    pub reference: f64,
    /// Days since 1970-01-01 for which it holds; the end of an interval.
    pub valid: f64,
    /// `instant`, `accum`, `avg`, `max` and so on; the code of table 4.10 where edition 2 has one.
    pub step: &'static str,
    pub statistic: Option<u8>,
    pub number: Option<i64>,
    /// What the ensemble was reduced to: `mean`, `p90`.
    pub derived: Option<String>,
    /// Place in the list of grids.
    pub grid: usize,
    pub points: usize,
    pub data: Data,
}

/// An unsigned number of any bytes, highest first.
pub(super) fn uint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, &b| n << 8 | u64::from(b))
}

/// A number whose first bit is its sign.
pub(super) fn signed(bytes: &[u8]) -> i64 {
    let sign = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let size = (uint(bytes) & !(1 << (8 * bytes.len() - 1))) as i64;
    if sign { -size } else { size }
}

/// Days since 1970-01-01 of a date of the real calendar; none where there is no such date.
pub(super) fn days(year: u64, month: u8, day: u8, clock: [u8; 3]) -> Option<f64> {
    let [h, m, s] = clock.map(f64::from);
    let whole = Calendar::Proleptic.days(year as i64, month, day)?;
    (h < 25.0 && m < 60.0 && s < 61.0).then_some(whole as f64 + (h * 3600.0 + m * 60.0 + s) / 86_400.0)
}

/// A moment some units of time later: the codes of table 4 (edition 1) and 4.4 (edition 2) that both share, and seconds.
pub(super) fn later(from: f64, unit: u8, count: i64, edition: u8) -> Option<f64> {
    let count = count.clamp(-1_000_000_000, 1_000_000_000);
    let months = match unit {
        3 => Some(1),
        4 => Some(12),
        5 => Some(120),
        6 => Some(360),
        7 => Some(1200),
        _ => None,
    };
    if let Some(size) = months {
        let date = Calendar::Proleptic.date(from);
        let month = date.year * 12 + i64::from(date.month) - 1 + count * size;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) as u8 + 1);
        if year.abs() > 100_000 {
            return None;
        }
        let day = date.day.min(Calendar::Proleptic.days_in_month(year, month));
        return Some(Calendar::Proleptic.days(year, month, day)? as f64 + date.seconds / 86_400.0);
    }
    let seconds = match (unit, edition) {
        (0, _) => 60,
        (1, _) => 3600,
        (2, _) => 86_400,
        (10, _) => 10_800,
        (11, _) => 21_600,
        (12, _) => 43_200,
        (13, 1) => 900,
        (14, 1) => 1800,
        (13, 2) | (254, 1) => 1,
        _ => return None,
    };
    Some(from + (count * seconds) as f64 / 86_400.0)
}

/// Both editions' way to collect messages.
pub(super) struct Index {
    pub messages: Vec<Message>,
    pub grids: super::grid::Grids,
    pub notes: Vec<Note>,
    /// Messages left out, with the reason of the first.
    pub left_out: usize,
    pub reason: Option<String>,
}

impl Index {
    /// Leaves a message out.
    pub fn leave(&mut self, reason: String) {
        self.left_out += 1;
        self.reason.get_or_insert(reason);
    }
}

/// Messages read at most.
const MOST: usize = 1 << 20;
/// Bytes searched at once for the next message.
const STRIDE: u64 = 1 << 16;

/// All messages of a file, both editions mixed as they come; bytes between messages are passed over.
pub(super) fn index(source: &Source) -> Result<Index> {
    let mut index = Index { messages: Vec::new(), grids: super::grid::Grids::default(), notes: Vec::new(), left_out: 0, reason: None };
    let mut at = 0;
    while let Some(start) = next_message(source, at)? {
        if index.messages.len() >= MOST {
            return Err(source.damaged(format!("more than {MOST} messages"), "that many are read at most"));
        }
        let head = source.up_to(start, 16)?;
        let end = match head.get(7) {
            Some(1) => super::grib1::message(source, start, &mut index)?,
            Some(2) if head.len() == 16 => super::grib2::message(source, start, uint(&head[8..16]), head[6], &mut index)?,
            _ => {
                index.leave(format!("edition {} at byte {start}", head.get(7).copied().unwrap_or(0)));
                start + 4
            }
        };
        at = end.max(start + 4);
    }
    if index.messages.is_empty() {
        let why = index.reason.take().unwrap_or_else(|| "no GRIB message".into());
        return Err(source.damaged(why, "at least one message that can be read is needed"));
    }
    Ok(index)
}

fn next_message(source: &Source, from: u64) -> Result<Option<u64>> {
    let mut at = from;
    while at.saturating_add(8) <= source.size {
        let bytes = source.up_to(at, if at == from { 16 } else { STRIDE })?;
        if let Some(found) = memchr::memmem::find(&bytes, b"GRIB") {
            return Ok(Some(at + found as u64));
        }
        // The word may lie across two strides.
        at += bytes.len() as u64 - 3;
    }
    Ok(None)
}
