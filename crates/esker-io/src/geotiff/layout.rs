//! Lays a cloud-optimised GeoTIFF out: what lies before its tiles, every offset known before the first byte is written.
//!
//! The order is GDAL's: header, structural metadata, directories from the full image to the smallest overview, then tiles from the
//! smallest overview to the full image.

use super::pyramid::Style;

/// What says that directories come before tiles, and that each tile has its length before it and its last bytes behind it.
const STRUCTURE: &str = "LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\nBLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ";
/// Beyond this, offsets need eight bytes.
const CLASSIC: u64 = 4_000_000_000;

/// The value of a tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    Wide(Vec<u64>),
    Reals(Vec<f64>),
    Text(String),
}

impl Value {
    /// Type, count and bytes, least significant first.
    fn parts(&self) -> (u16, u64, Vec<u8>) {
        match self {
            Self::Shorts(v) => (3, v.len() as u64, v.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Self::Longs(v) => (4, v.len() as u64, v.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Self::Wide(v) => (16, v.len() as u64, v.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Self::Reals(v) => (12, v.len() as u64, v.iter().flat_map(|n| n.to_le_bytes()).collect()),
            Self::Text(t) => (2, t.len() as u64 + 1, t.bytes().chain([0]).collect()),
        }
    }
}

/// One image: the full one or an overview.
pub(super) struct Image {
    pub width: usize,
    pub height: usize,
    pub bands: usize,
    pub style: Style,
    /// Where tiles lie among those of the image, and their lengths.
    pub tiles: Vec<(u64, u64)>,
    /// Bytes of all its tiles.
    pub length: u64,
    /// Tags beyond those of its shape.
    pub tags: Vec<(u16, Value)>,
}

impl Image {
    /// All tags, with tiles counted from `base`.
    fn all_tags(&self, base: u64, big: bool) -> Vec<(u16, Value)> {
        let bits = if self.style.single { 32 } else { 64 };
        let offsets = self.tiles.iter().map(|t| base + t.0);
        let mut tags = vec![
            (256, Value::Longs(vec![self.width as u32])),
            (257, Value::Longs(vec![self.height as u32])),
            (258, Value::Shorts(vec![bits; self.bands])),
            (259, Value::Shorts(vec![8])),
            (262, Value::Shorts(vec![1])),
            (277, Value::Shorts(vec![self.bands as u16])),
            (284, Value::Shorts(vec![if self.bands > 1 { 2 } else { 1 }])),
            (317, Value::Shorts(vec![3])),
            (322, Value::Shorts(vec![self.style.tile as u16])),
            (323, Value::Shorts(vec![self.style.tile as u16])),
            (324, if big { Value::Wide(offsets.collect()) } else { Value::Longs(offsets.map(|o| o as u32).collect()) }),
            (325, Value::Longs(self.tiles.iter().map(|t| t.1 as u32).collect())),
            (339, Value::Shorts(vec![3; self.bands])),
            (42_113, Value::Text("nan".into())),
        ];
        if self.bands > 1 {
            tags.push((338, Value::Shorts(vec![0; self.bands - 1])));
        }
        tags.extend(self.tags.iter().cloned());
        tags.sort_by_key(|t| t.0);
        tags
    }
}

/// Everything before the tiles.
pub(super) fn assemble(images: &[Image]) -> Vec<u8> {
    let total: u64 = images.iter().map(|i| i.length).sum();
    let tags: usize = images.iter().map(|i| 16 * i.tiles.len() + 4096).sum();
    let big = total + tags as u64 > CLASSIC;
    let ghost = format!("GDAL_STRUCTURAL_METADATA_SIZE={:06} bytes\n{STRUCTURE}", STRUCTURE.len());
    let mut head: Vec<u8> = if big { vec![b'I', b'I', 43, 0, 8, 0, 0, 0] } else { vec![b'I', b'I', 42, 0] };
    let start = head.len() + if big { 8 } else { 4 } + ghost.len();
    let start = start.next_multiple_of(2);
    let mut ends = Vec::new();
    let mut at = start;
    for image in images {
        at += directory(&image.all_tags(0, big), 0, 0, big).len();
        ends.push(at);
    }
    if big {
        head.extend((start as u64).to_le_bytes())
    } else {
        head.extend((start as u32).to_le_bytes())
    }
    head.extend(ghost.bytes());
    head.resize(start, 0);
    // Tiles of the smallest image come first.
    let mut bases = vec![0; images.len()];
    let mut base = at as u64;
    for (k, image) in images.iter().enumerate().rev() {
        bases[k] = base;
        base += image.length;
    }
    for (k, image) in images.iter().enumerate() {
        let next = if k + 1 < images.len() { ends[k] as u64 } else { 0 };
        let from = head.len() as u64;
        head.extend(directory(&image.all_tags(bases[k], big), from, next, big));
    }
    head
}

/// A directory at `from` with the values that do not fit into it behind it, padded to an even length.
fn directory(tags: &[(u16, Value)], from: u64, next: u64, big: bool) -> Vec<u8> {
    let (count_len, entry_len, field_len) = if big { (8, 20, 8) } else { (2, 12, 4) };
    let mut out = if big { (tags.len() as u64).to_le_bytes().to_vec() } else { (tags.len() as u16).to_le_bytes().to_vec() };
    let mut behind = Vec::new();
    let values_at = from + (count_len + entry_len * tags.len() + field_len) as u64;
    let put = |out: &mut Vec<u8>, n: u64| out.extend(&n.to_le_bytes()[..field_len]);
    for (tag, value) in tags {
        let (kind, count, mut bytes) = value.parts();
        out.extend(tag.to_le_bytes());
        out.extend(kind.to_le_bytes());
        put(&mut out, count);
        if bytes.len() <= field_len {
            bytes.resize(field_len, 0);
            out.extend(bytes);
        } else {
            put(&mut out, values_at + behind.len() as u64);
            behind.extend(bytes);
            behind.resize(behind.len().next_multiple_of(8), 0);
        }
    }
    put(&mut out, next);
    out.extend(behind);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}
