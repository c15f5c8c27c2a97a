//! The container of TIFF 6.0 and BigTIFF: directories of tagged values.

use std::collections::BTreeMap;

use esker_core::Result;

use crate::source::Source;

/// Directories read at most: a chain that is longer goes in circles or is no raster.
const MOST_DIRECTORIES: usize = 4096;

/// How the file's numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// Most significant byte first.
    pub big_endian: bool,
    /// BigTIFF: offsets of eight bytes.
    pub big_tiff: bool,
}

impl Order {
    /// An unsigned number of up to eight bytes.
    pub fn uint(self, bytes: &[u8]) -> u64 {
        let push = |n: u64, &b: &u8| n << 8 | u64::from(b);
        if self.big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
    }
}

#[derive(Debug, Clone)]
struct Entry {
    kind: u16,
    count: u64,
    /// The value itself where it fits, else its offset.
    field: Vec<u8>,
}

/// One directory: an image, an overview or a mask.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    order: Order,
    entries: BTreeMap<u16, Entry>,
}

/// Bytes of one value of a TIFF type.
fn width_of(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16 | 17 | 18 => Some(8),
        _ => None,
    }
}

/// The directories of a file, in their chain.
pub(super) fn directories(source: &Source) -> Result<(Order, Vec<Directory>)> {
    let head = source.up_to(0, 16)?;
    let not_tiff = || source.damaged("other first bytes", "a TIFF file starts with II*, MM* or their BigTIFF kin");
    let big_endian = match head.get(..2) {
        Some(b"II") => false,
        Some(b"MM") => true,
        _ => return Err(not_tiff()),
    };
    let mut order = Order { big_endian, big_tiff: false };
    let mut at = match (head.len() >= 8).then(|| order.uint(&head[2..4])) {
        Some(42) => order.uint(&head[4..8]),
        Some(43) if head.len() == 16 && order.uint(&head[4..6]) == 8 => {
            order.big_tiff = true;
            order.uint(&head[8..16])
        }
        _ => return Err(not_tiff()),
    };
    let (mut found, mut seen, mut total) = (Vec::new(), std::collections::BTreeSet::new(), 0_u64);
    while at != 0 {
        if !seen.insert(at) || found.len() == MOST_DIRECTORIES {
            return Err(source.damaged("a chain of images that does not end", format!("at most {MOST_DIRECTORIES} images, each once")));
        }
        let (directory, next, length) = directory(source, order, at)?;
        // Directories that lie over one another could stand for any number of tags.
        total = total.saturating_add(length);
        if total > source.size {
            return Err(source.damaged("images whose tags overlap", "each image has its own tags"));
        }
        found.push(directory);
        at = next;
    }
    if found.is_empty() {
        return Err(source.damaged("no image", "a TIFF file holds at least one"));
    }
    Ok((order, found))
}

/// The directory at a place, where the next one is, and the bytes of its tags.
fn directory(source: &Source, order: Order, at: u64) -> Result<(Directory, u64, u64)> {
    let (count_len, entry_len, field_len) = if order.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
    let count = order.uint(&source.bytes(at, count_len)?);
    let length = count.checked_mul(entry_len).filter(|_| count <= 65_535);
    let Some(length) = length else {
        return Err(source.damaged(format!("{count} tags"), "an image has at most 65535 tags"));
    };
    let bytes = source.bytes(at.saturating_add(count_len), length + field_len)?;
    let (entries, next) = bytes.split_at(length as usize);
    let mut tags = BTreeMap::new();
    for e in entries.chunks_exact(entry_len as usize) {
        let (count, field) = e[4..].split_at(entry_len as usize - 4 - field_len as usize);
        let entry = Entry { kind: order.uint(&e[2..4]) as u16, count: order.uint(count), field: field.to_vec() };
        tags.entry(order.uint(&e[..2]) as u16).or_insert(entry);
    }
    Ok((Directory { order, entries: tags }, order.uint(next), length))
}

impl Directory {
    /// Whether the tag is there.
    pub fn has(&self, tag: u16) -> bool {
        self.entries.contains_key(&tag)
    }

    /// The bytes of a tag, with its type.
    pub fn raw(&self, source: &Source, tag: u16) -> Result<Option<(u16, Vec<u8>)>> {
        self.raw_to(source, tag, u64::MAX)
    }

    /// The bytes of a tag's first values.
    fn raw_to(&self, source: &Source, tag: u16, most: u64) -> Result<Option<(u16, Vec<u8>)>> {
        let Some(entry) = self.entries.get(&tag) else { return Ok(None) };
        let width = width_of(entry.kind);
        let Some(whole) = width.and_then(|w| w.checked_mul(entry.count)) else {
            return Err(source.damaged(format!("tag {tag} of type {} with {} values", entry.kind, entry.count), "no such type in TIFF"));
        };
        let length = whole.min(width.unwrap_or(1).saturating_mul(most));
        let bytes = if whole <= entry.field.len() as u64 {
            entry.field[..length as usize].to_vec()
        } else {
            source.bytes(self.order.uint(&entry.field), length)?
        };
        Ok(Some((entry.kind, bytes)))
    }

    /// Unsigned numbers.
    pub fn uints(&self, source: &Source, tag: u16) -> Result<Option<Vec<u64>>> {
        self.uints_to(source, tag, u64::MAX)
    }

    fn uints_to(&self, source: &Source, tag: u16, most: u64) -> Result<Option<Vec<u64>>> {
        let Some((kind, bytes)) = self.raw_to(source, tag, most)? else { return Ok(None) };
        match (kind, width_of(kind)) {
            (1 | 3 | 4 | 7 | 13 | 16 | 18, Some(width)) => {
                Ok(Some(bytes.chunks_exact(width as usize).map(|b| self.order.uint(b)).collect()))
            }
            _ => Err(source.damaged(format!("tag {tag} of type {kind}"), "it counts something and is an unsigned number")),
        }
    }

    /// One unsigned number, or what stands for it where the tag is missing.
    pub fn uint(&self, source: &Source, tag: u16, otherwise: u64) -> Result<u64> {
        match self.uints_to(source, tag, 1)? {
            Some(numbers) => numbers.first().copied().ok_or_else(|| source.damaged(format!("tag {tag} without a value"), "it has one")),
            None => Ok(otherwise),
        }
    }

    /// Floating-point numbers; none where the tag is missing or of another type.
    pub fn reals(&self, source: &Source, tag: u16) -> Result<Option<Vec<f64>>> {
        let Some((kind, bytes)) = self.raw(source, tag)? else { return Ok(None) };
        Ok(match kind {
            12 => Some(bytes.chunks_exact(8).map(|b| f64::from_bits(self.order.uint(b))).collect()),
            11 => Some(bytes.chunks_exact(4).map(|b| f64::from(f32::from_bits(self.order.uint(b) as u32))).collect()),
            _ => None,
        })
    }

    /// Text up to its first NUL, damaged characters replaced.
    pub fn text(&self, source: &Source, tag: u16) -> Result<Option<String>> {
        let Some((kind, bytes)) = self.raw(source, tag)? else { return Ok(None) };
        if !matches!(kind, 1 | 2 | 7) {
            return Ok(None);
        }
        let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        Ok(Some(String::from_utf8_lossy(&bytes[..end]).trim().to_owned()))
    }
}
