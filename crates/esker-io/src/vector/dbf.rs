//! dBASE tables, the attributes of shapefiles.
//!
//! Layout: dBASE III+ as the ESRI Shapefile technical description (1998) uses it. Texts are decoded by the `.cpg` file beside it, or the
//! language mark of the header; where neither says, as UTF-8 if they are, else as Windows-1252.

use std::borrow::Cow;

use esker_core::{Error, Note, Result};

use super::rows::{Cell, Rows};
use crate::time::parse_days;

/// What texts are written in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Encoding {
    Utf8,
    Windows1252,
    Latin1,
    /// UTF-8 where it is, else Windows-1252.
    Unknown,
}

struct Field {
    name: String,
    kind: u8,
    start: usize,
    length: usize,
}

/// A table in memory.
pub(super) struct Dbf<'a> {
    bytes: &'a [u8],
    fields: Vec<Field>,
    pub(super) records: usize,
    first: usize,
    length: usize,
    encoding: Encoding,
    guessed: bool,
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

impl<'a> Dbf<'a> {
    /// Reads the header. `cpg` is the text of the `.cpg` file.
    pub(super) fn open(file: &str, bytes: &'a [u8], cpg: Option<&str>) -> Result<Self> {
        let refused = |got: String, rule: &str| Error::data(format!("dBASE file '{file}'")).got(got).rule(rule);
        if bytes.len() < 33 {
            return Err(refused(format!("{} bytes", bytes.len()), "a header has at least 33").hint("was the file cut short?"));
        }
        let declared = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
        let (first, length) = (u16_at(bytes, 8), u16_at(bytes, 10));
        if first < 33 || first > bytes.len() || length == 0 {
            return Err(refused(format!("a header of {first} bytes, rows of {length}"), "both fit the file"));
        }
        let (encoding, guessed) = encoding(cpg, bytes[29]);
        let mut fields = Vec::new();
        let mut start = 1;
        for field in bytes[32..first].chunks_exact(32).take_while(|f| f[0] != 0x0d) {
            let name = field[..11].split(|&b| b == 0).next().unwrap_or_default();
            let (kind, size) = (field[11], usize::from(field[16]));
            if start + size > length {
                return Err(refused(format!("fields of more than {length} bytes"), "fields fit into a row"));
            }
            fields.push(Field { name: decode(name, encoding).trim().to_string(), kind, start, length: size });
            start += size;
        }
        let there = (bytes.len() - first) / length;
        if declared > there {
            return Err(refused(format!("{there} rows"), &format!("the header says {declared}")).hint("was the file cut short?"));
        }
        Ok(Self { bytes, fields, records: declared, first, length, encoding, guessed })
    }

    /// Makes the columns.
    pub(super) fn declare(&self, rows: &mut Rows<'_>) -> Result<Vec<usize>> {
        let unread: Vec<&str> = self.fields.iter().filter(|f| !known(f.kind)).map(|f| f.name.as_str()).collect();
        if !unread.is_empty() {
            let text = format!("Fields of kinds that are not read (memos, blobs) were left out: {}.", unread.join(", "));
            rows.notes.push(Note::warning("fields-left-out", text));
        }
        let names: Vec<String> = self.fields.iter().filter(|f| known(f.kind)).map(|f| f.name.clone()).collect();
        rows.declare(&names)
    }

    fn record(&self, row: usize) -> &'a [u8] {
        let at = self.first + row * self.length;
        &self.bytes[at..at + self.length]
    }

    /// Whether a row is marked as deleted.
    pub(super) fn deleted(&self, row: usize) -> bool {
        self.record(row)[0] == b'*'
    }

    /// Puts the values of a row.
    pub(super) fn put(&self, row: usize, places: &[usize], rows: &mut Rows<'_>) -> Result<()> {
        let record = self.record(row);
        for (field, &place) in self.fields.iter().filter(|f| known(f.kind)).zip(places) {
            let bytes = &record[field.start..field.start + field.length];
            rows.put(place, self.cell(field, bytes, row, rows)?)?;
        }
        Ok(())
    }

    fn cell(&self, field: &Field, bytes: &'a [u8], row: usize, rows: &Rows<'_>) -> Result<Cell<'a>> {
        let trimmed = bytes.trim_ascii_start();
        let end = trimmed.iter().rposition(|b| !matches!(b, b' ' | 0)).map_or(0, |i| i + 1);
        let plain = &trimmed[..end];
        let refuse = |rule: &str| {
            rows.refused(format!("'{}'", String::from_utf8_lossy(plain))).rule(format!("row {}, column '{}': {rule}", row + 1, field.name))
        };
        Ok(match field.kind {
            b'N' | b'F' if plain.is_empty() || plain[0] == b'*' => Cell::Missing,
            b'N' | b'F' => {
                let text = std::str::from_utf8(plain).map_err(|_| refuse("a number is needed here"))?;
                // Some writers use a decimal comma, and some write nan for nothing.
                match text.replace(',', ".").parse::<f64>() {
                    Ok(v) if v.is_nan() => Cell::Missing,
                    Ok(v) => Cell::Number(v),
                    Err(_) => return Err(refuse("a number is needed here")),
                }
            }
            b'L' => match plain.first() {
                Some(b'T' | b't' | b'Y' | b'y' | b'1') => Cell::truth(true),
                Some(b'F' | b'f' | b'N' | b'n' | b'0') => Cell::truth(false),
                _ => Cell::Missing,
            },
            b'D' if plain.iter().all(|b| matches!(b, b'0' | b' ' | b'*')) => Cell::Missing,
            b'D' => {
                let text = String::from_utf8_lossy(plain);
                let dashed = (text.len() == 8 && text.is_ascii()).then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]));
                Cell::Day(dashed.and_then(|d| parse_days(&d)).ok_or_else(|| refuse("a date is written YYYYMMDD"))?)
            }
            b'I' | b'+' => match bytes.try_into() {
                Ok(b) => Cell::Number(f64::from(i32::from_le_bytes(b))),
                Err(_) => Cell::Missing,
            },
            b'O' => match bytes.try_into() {
                Ok(b) => Cell::Number(f64::from_le_bytes(b)),
                Err(_) => Cell::Missing,
            },
            _ => Cell::Text(decode(plain, self.encoding)),
        })
    }

    /// What to say of the encoding.
    pub(super) fn encoding_note(&self) -> Option<Note> {
        let beyond = self.fields.iter().any(|f| !f.name.is_ascii())
            || (0..self.records)
                .any(|r| self.fields.iter().any(|f| f.kind == b'C' && !self.record(r)[f.start..f.start + f.length].is_ascii()));
        (self.guessed && beyond).then(|| {
            Note::warning(
                "encoding",
                "No .cpg file says how texts are encoded; they were read as UTF-8 where they are, else as Windows-1252.",
            )
        })
    }
}

fn known(kind: u8) -> bool {
    matches!(kind, b'N' | b'F' | b'L' | b'D' | b'I' | b'+' | b'O' | b'C')
}

/// The encoding that a `.cpg` file or the language mark names, and whether it is a guess.
fn encoding(cpg: Option<&str>, mark: u8) -> (Encoding, bool) {
    let name: String = cpg.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match name.as_str() {
        "utf8" | "65001" | "cp65001" | "usascii" | "ascii" => (Encoding::Utf8, false),
        "1252" | "cp1252" | "ansi1252" | "windows1252" | "ldid87" => (Encoding::Windows1252, false),
        "iso88591" | "88591" | "latin1" => (Encoding::Latin1, false),
        "" if matches!(mark, 0x03 | 0x57 | 0x58 | 0x59) => (Encoding::Windows1252, true),
        _ => (Encoding::Unknown, true),
    }
}

/// Characters of the bytes 0x80 to 0x9f in Windows-1252.
const UPPER: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–',
    '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn decode(bytes: &[u8], encoding: Encoding) -> Cow<'_, str> {
    let single = |upper: bool| {
        Cow::Owned(
            bytes
                .iter()
                .map(|&b| if upper && (0x80..0xa0).contains(&b) { UPPER[usize::from(b - 0x80)] } else { char::from(b) })
                .collect::<String>(),
        )
    };
    match (encoding, std::str::from_utf8(bytes)) {
        (_, Ok(text)) if bytes.is_ascii() => Cow::Borrowed(text),
        (Encoding::Utf8 | Encoding::Unknown, Ok(text)) => Cow::Borrowed(text),
        (Encoding::Utf8, Err(_)) => String::from_utf8_lossy(bytes),
        (Encoding::Latin1, _) => single(false),
        (Encoding::Windows1252 | Encoding::Unknown, _) => single(true),
    }
}
