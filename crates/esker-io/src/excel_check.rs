//! What old Excel and OpenDocument workbooks claim, checked before the decoder takes memory for it.
//!
//! The decoder follows chains of sectors that bite their own tail, and lays out whatever rectangle two far cells span. Formats: \[MS-CFB\],
//! \[MS-XLS\] 2.4, OpenDocument 1.3 part 3, 9.1.

use memchr::memmem::Finder;

/// Cells of a rectangle that any sheet may have, and how many each of its cells may stand for.
const FREE_CELLS: u64 = 1 << 16;
const SPREAD: u64 = 64;
/// Most cells of an old Excel sheet.
const MOST_XLS: u64 = 65_536 * 256;
/// Bytes that repeated cells of OpenDocument may take in any file, and how many for each byte of the sheets.
const FREE_BYTES: u64 = 128 << 20;
const BYTES_A_BYTE: u64 = 64;
/// Columns and rows beyond which the decoder cuts off.
const MOST_COLUMNS: u64 = 16_384;
const MOST_ROWS: u64 = 1 << 20;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

/// A compound file: sectors in chains.
struct Compound<'a> {
    body: &'a [u8],
    sector: usize,
    fat: Vec<u32>,
    /// The last sector that the decoder asks for, which may lie behind the end of the file.
    last: u32,
}

/// Ends of chains, free sectors and the like.
const SPECIAL: u32 = 0xFFFF_FFFA;

impl<'a> Compound<'a> {
    /// The bytes of a sector; fewer than a sector has where the file ends.
    fn sector(&self, id: u32) -> Option<&'a [u8]> {
        let from = (id as usize).checked_mul(self.sector).filter(|_| id <= self.last)?;
        let rest = self.body.get(from..).unwrap_or_default();
        Some(&rest[..rest.len().min(self.sector)])
    }

    /// The bytes of a chain, as far as it goes but no more than asked for.
    fn chain(&self, start: u32, most: usize) -> Result<Vec<u8>, String> {
        let (mut id, mut bytes) = (start, Vec::new());
        // A chain with more links than there are sectors bites its own tail.
        for _ in 0..=self.fat.len() {
            let Some(sector) = self.sector(id) else { return Ok(bytes) };
            bytes.extend_from_slice(sector);
            let next = self.fat.get(id as usize).copied().filter(|&n| self.sector(n).is_some());
            let Some(next) = next.filter(|_| bytes.len() < most) else {
                bytes.truncate(most);
                return Ok(bytes);
            };
            if sector.len() < self.sector {
                return Err("sectors beyond the end of the file".into());
            }
            id = next;
        }
        Err("sectors that follow each other in a circle".into())
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b))
}

/// Checks an old Excel file.
///
/// # Errors
/// What the file claims that cannot be.
pub(crate) fn xls(file: &[u8]) -> Result<(), String> {
    let cut = || "a compound file cut short".to_owned();
    let head = file.get(..512).ok_or_else(cut)?;
    let sector = match u16_at(head, 30) {
        Some(9) => 512,
        Some(12) => 4096,
        other => return Err(format!("sectors of kind {}", other.unwrap_or(0))),
    };
    let field = |at: usize| u32_at(head, at).unwrap_or(u32::MAX);
    let body = file.get(sector..).ok_or_else(cut)?;
    let last = u32::try_from(file.len() / sector).unwrap_or(u32::MAX);
    let mut compound = Compound { body, sector, fat: Vec::new(), last };
    let most = file.len() / sector + 1;
    let mut places: Vec<u32> = numbers(&head[76..]).collect();
    let (mut next, mut turns) = (field(68), 0);
    while next < SPECIAL {
        let more = compound.sector(next).filter(|_| turns < most).ok_or_else(cut)?;
        places.extend(numbers(more));
        next = places.pop().ok_or_else(cut)?;
        turns += 1;
    }
    places.retain(|&id| id < SPECIAL);
    if places.len() > most {
        return Err("more tables of sectors than sectors".into());
    }
    let tables: Vec<&[u8]> = places.iter().filter_map(|&id| compound.sector(id)).collect();
    if tables.iter().rev().skip(1).any(|table| table.len() < sector) {
        return Err(cut());
    }
    compound.fat = tables.into_iter().flat_map(numbers).collect();
    let directory = compound.chain(field(48), usize::MAX)?;
    let entries = directory.chunks_exact(128);
    // Only files of long sectors use the upper half of a length.
    let high = |entry: &[u8]| if sector == 4096 { u32_at(entry, 124).unwrap_or(0) } else { 0 };
    let length = |entry: &[u8]| u64::from(high(entry)) << 32 | u64::from(u32_at(entry, 120).unwrap_or(0));
    let place = |entry: &[u8]| (u32_at(entry, 116).unwrap_or(u32::MAX), usize::try_from(length(entry)).unwrap_or(usize::MAX));
    // Short streams lie in a stream of their own, which has a table of its own.
    let (table, small) = match (field(64), entries.clone().next().map(place)) {
        (1.., Some((start, length))) => {
            (compound.chain(field(60), (field(64) as usize).saturating_mul(sector))?, compound.chain(start, length)?)
        }
        _ => (Vec::new(), Vec::new()),
    };
    let mini = Compound { body: &small, sector: 64, fat: numbers(&table).collect(), last: last.saturating_mul(8) };
    let mut books = 0;
    for entry in entries {
        let name: Vec<u8> = entry[..64].iter().filter(|&&b| b != 0).map(u8::to_ascii_lowercase).collect();
        if memchr::memmem::find(&name, b"book").is_none() {
            continue;
        }
        books += 1;
        if books > 8 {
            return Err("more than 8 workbooks in one".into());
        }
        let (start, length) = place(entry);
        workbook(&if length < 4096 { mini.chain(start, length)? } else { compound.chain(start, length)? })?;
    }
    Ok(())
}

/// Records from a place on: kind and data.
fn records(stream: &[u8], at: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = stream.get(at..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (kind, length) = (u16_at(rest, 0)?, usize::from(u16_at(rest, 2)?));
        let data = rest.get(4..4 + length)?;
        rest = &rest[4 + length..];
        Some((kind, data))
    })
}

const END: u16 = 0x000A;
const START: u16 = 0x0809;

/// Checks the stream of a workbook, sheet by sheet.
fn workbook(stream: &[u8]) -> Result<(), String> {
    let globals = records(stream, 0).take_while(|r| r.0 != END);
    let sheets = globals.filter(|r| r.0 == 0x0085).filter_map(|(_, data)| u32_at(data, 0));
    let mut walked = 0;
    for at in sheets {
        walked += sheet(stream, at as usize)?;
        // Each sheet has its own part of the stream.
        if walked > 2 * stream.len() + (1 << 16) {
            return Err("sheets that overlap".into());
        }
    }
    Ok(())
}

/// Checks one sheet; gives the bytes of its records.
fn sheet(stream: &[u8], at: usize) -> Result<usize, String> {
    let (mut walked, mut depth, mut cells) = (0, 0_usize, 0_u64);
    let (mut low, mut high) = ([u16::MAX; 2], [0_u16; 2]);
    let mut started = false;
    for (kind, data) in records(stream, at) {
        walked += data.len() + 4;
        match kind {
            START if started => depth += 1,
            START => started = true,
            END if depth == 0 => break,
            END => depth -= 1,
            _ if depth > 0 => {}
            0x0200 => dimensions(data)?,
            0x0203 | 0x0204 | 0x00D6 | 0x0205 | 0x027E | 0x00FD | 0x00BD | 0x0006 => {
                let (Some(row), Some(column)) = (u16_at(data, 0), u16_at(data, 2)) else { continue };
                let last = if kind == 0x00BD { u16_at(data, data.len().saturating_sub(2)).unwrap_or(column) } else { column };
                low = [low[0].min(row), low[1].min(column)];
                high = [high[0].max(row), high[1].max(last.max(column))];
                cells += 1 + u64::from(last.saturating_sub(column));
            }
            _ => {}
        }
    }
    let side = |i: usize| u64::from(high[i].saturating_sub(low[i])) + 1;
    if cells > 0 && side(0) * side(1) > FREE_CELLS + SPREAD * cells {
        return Err(format!("{cells} cells spread over {} rows and {} columns", side(0), side(1)));
    }
    Ok(walked)
}

/// The rectangle that a sheet says it has, for which the decoder makes room.
fn dimensions(data: &[u8]) -> Result<(), String> {
    let short = |at: usize| u16_at(data, at).map(u32::from);
    let found = match data.len() {
        10 => (short(0), short(2), short(4), short(6)),
        14 | 16 => (u32_at(data, 0), u32_at(data, 4), short(8), short(10)),
        _ => return Ok(()),
    };
    let (Some(top), Some(bottom), Some(left), Some(right)) = found else { return Ok(()) };
    let left = if left > 0xFF || right < left { 0 } else { left };
    if bottom == 0 || right == 0 {
        return Ok(());
    }
    let side = |from: u32, to: u32| u64::from(to).checked_sub(u64::from(from)).filter(|&n| n > 0);
    match (side(top, bottom), side(left, right)) {
        (Some(rows), Some(columns)) if rows * columns <= MOST_XLS => Ok(()),
        _ => Err(format!("a sheet from row {top} to {bottom}, column {left} to {right}")),
    }
}

/// Checks the content of an OpenDocument workbook: cells and rows say how often they are repeated.
///
/// # Errors
/// Repetitions out of all proportion to the file.
pub(crate) fn ods(content: &[u8]) -> Result<(), String> {
    let most = FREE_BYTES + BYTES_A_BYTE * content.len() as u64;
    let too_much = || "cells repeated more often than a workbook of its size repeats them".to_owned();
    // Of all rows up to here: their number, the bytes of their cells, the widest.
    let (mut rows, mut bytes, mut widest) = (0_u64, 0_u64, 0_u64);
    // Of this row: how often it stands, its cells, the empty ones behind them.
    let (mut height, mut width, mut gap) = (1_u64, 0_u64, 0_u64);
    let mut empty_rows = 0_u64;
    let mut places: Vec<usize> = ["<table:table-row", "<table:table-cell", "<table:covered-table-cell", "</table:table-row"]
        .iter()
        .flat_map(|tag| Finder::new(tag).find_iter(content).collect::<Vec<usize>>())
        .collect();
    places.sort_unstable();
    for (i, &at) in places.iter().enumerate() {
        let until = places.get(i + 1).copied().unwrap_or(content.len());
        let rest = &content[at..until];
        let tag = &rest[..memchr::memchr(b'>', rest).map_or(rest.len(), |e| e + 1)];
        if tag.starts_with(b"</") {
            continue;
        }
        if tag.starts_with(b"<table:table-row") {
            (height, width, gap) = (repeats(tag, b"number-rows-repeated", MOST_ROWS), 0, 0);
            empty_rows = empty_rows.saturating_add(height);
            continue;
        }
        let times = repeats(tag, b"number-columns-repeated", MOST_COLUMNS);
        let empty =
            tag.ends_with(b"/>") && memchr::memmem::find(tag, b"value").is_none() && memchr::memmem::find(tag, b"formula").is_none();
        if empty {
            gap = gap.saturating_add(times).min(MOST_COLUMNS);
            continue;
        }
        if width == 0 {
            // Rows without cells count once one with cells follows them.
            rows = rows.saturating_add(empty_rows);
            empty_rows = 0;
        }
        let cells = gap + times;
        (width, gap) = ((width + cells).min(MOST_COLUMNS), 0);
        widest = widest.max(width);
        let size = cells.saturating_mul(64).saturating_add(times.saturating_mul(rest.len() as u64));
        bytes = bytes.saturating_add(size.saturating_mul(height));
        if bytes > most || rows.saturating_mul(widest).saturating_mul(64) > most {
            return Err(too_much());
        }
    }
    Ok(())
}

/// How often a tag says it is repeated; what cannot be read counts as often as can be.
fn repeats(tag: &[u8], name: &[u8], most: u64) -> u64 {
    let Some(at) = memchr::memmem::find(tag, name) else { return 1 };
    let value = tag[at + name.len()..].trim_ascii_start();
    let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii_start();
    let digits = value.get(1..).unwrap_or_default();
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    let closed = digits.get(end).is_some_and(|b| matches!(b, b'"' | b'\''));
    let number = std::str::from_utf8(&digits[..end]).ok().and_then(|d| d.parse::<u64>().ok()).filter(|_| closed);
    number.unwrap_or(most).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found() {
        let body = [0; 2560];
        let chain = |fat: &[u32], most| Compound { body: &body, sector: 512, fat: fat.to_vec(), last: 6 }.chain(0, most).map(|b| b.len());
        assert_eq!(chain(&[1, 2, 0xFFFF_FFFE, 3], usize::MAX), Ok(1536));
        assert_eq!(chain(&[1, 2, 3, 4, 0xFFFF_FFFE], 600), Ok(600));
        assert!(chain(&[1, 2, 0], usize::MAX).is_err());
        // Sectors behind the end of the file link as well.
        assert!(chain(&[6, 0, 0, 0, 0, 0, 6], usize::MAX).is_err());
        assert_eq!(chain(&[6, 0, 0, 0, 0, 0, 0xFFFF_FFFE], usize::MAX), Ok(512));
        // One that is long enough before it turns back is read.
        assert_eq!(chain(&[1, 2, 0], 1024), Ok(1024));
    }

    #[test]
    fn repetitions_in_proportion_pass() {
        let row = |columns: u64, rows: u64| {
            format!(
                "<table:table-row table:number-rows-repeated=\"{rows}\"><table:table-cell office:value=\"1\" \
                 table:number-columns-repeated='{columns}'/></table:table-row>"
            )
        };
        assert_eq!(ods(row(10, 100).as_bytes()), Ok(()));
        assert!(ods(row(16_384, 1_000_000).as_bytes()).is_err());
        assert!(ods(row(16_384, 1).repeat(500).as_bytes()).is_err());
        // Empty rows and columns up to the end of the sheet, as programs write them.
        let empty = "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
        assert_eq!(ods(format!("{}{empty}", row(2, 2)).as_bytes()), Ok(()));
        assert!(ods(format!("{}{empty}{}", row(1000, 1), row(2, 2)).as_bytes()).is_err());
    }

    #[test]
    fn the_rectangle_of_a_sheet_is_that_of_the_format() {
        let say = |top: u32, bottom: u32, left: u16, right: u16| {
            dimensions(&[&top.to_le_bytes()[..], &bottom.to_le_bytes(), &left.to_le_bytes(), &right.to_le_bytes(), &[0, 0]].concat())
        };
        assert_eq!(say(0, 65_536, 0, 256), Ok(()));
        assert_eq!(say(0, 0, 0, 0), Ok(()));
        assert!(say(10, 5, 0, 3).is_err());
        assert!(say(0, u32::MAX, 0, 256).is_err());
    }
}
