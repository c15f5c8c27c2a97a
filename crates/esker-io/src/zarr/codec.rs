//! The codecs of Zarr: what stands between the stored bytes of a chunk and its cells.

use std::borrow::Cow;
use std::io::Read;

use super::blosc;
use super::dtype::{Dtype, Kind};

/// Most bytes of a chunk once unpacked.
pub(super) const MOST_CHUNK: usize = 2 << 30;
/// Most bytes of a chunk of texts of any length.
pub(super) const MOST_TEXTS: usize = 512 << 20;

/// Bytes to bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pack {
    Gzip,
    Zlib,
    Zstd,
    Blosc,
    /// A length of four bytes, then a block of LZ4, as numcodecs writes it.
    Lz4,
    /// A checksum of four bytes, behind or in front.
    Crc32c {
        front: bool,
    },
    Crc32,
    Adler32,
    Fletcher32,
    Shuffle(usize),
    /// Running differences, in one type and stored in another.
    Delta {
        to: Dtype,
        from: Dtype,
    },
    /// `(value − offset) · scale`, rounded.
    Scaled {
        to: Dtype,
        from: Dtype,
        scale: f64,
        offset: f64,
    },
}

/// How many bytes a step gives.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    Exact(usize),
    AtMost(usize),
}

impl Size {
    fn most(self) -> usize {
        let (Self::Exact(n) | Self::AtMost(n)) = self;
        n
    }
}

impl Pack {
    /// Whether its packed bytes are as many as its unpacked ones, but for so many more.
    fn longer_by(&self) -> Option<usize> {
        match self {
            Self::Shuffle(_) => Some(0),
            Self::Crc32c { .. } | Self::Crc32 | Self::Adler32 | Self::Fletcher32 => Some(4),
            Self::Delta { to, from } | Self::Scaled { to, from, .. } => (to.size() == from.size()).then_some(0),
            _ => None,
        }
    }
}

/// Memory and tools that are used from chunk to chunk.
#[derive(Default)]
pub(super) struct Scratch {
    pub packed: Vec<u8>,
    cells: Vec<u8>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

impl Scratch {
    /// As [`unpack`] of the packed bytes; those of zstd alone, the usual case, without asking for memory again.
    pub(super) fn unpack(&mut self, packs: &[Pack], size: Size) -> Result<Cow<'_, [u8]>, String> {
        let ([Pack::Zstd], Size::Exact(n)) = (packs, size) else { return unpack(packs, &self.packed, size) };
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            None => self.zstd.insert(zstd::bulk::Decompressor::new().map_err(|e| e.to_string())?),
        };
        plausible(self.packed.len(), n)?;
        self.cells.resize(n, 0);
        let got = zstd.decompress_to_buffer(&self.packed, &mut self.cells[..n]).map_err(|e| e.to_string())?;
        if got == n { Ok(Cow::Borrowed(&self.cells)) } else { Err(format!("{got} bytes where {n} are due")) }
    }
}

/// Unpacks a chunk through all its codecs, the last one first. `size` is what the chunk's shape asks for.
pub(super) fn unpack<'a>(packs: &[Pack], packed: &'a [u8], size: Size) -> Result<Cow<'a, [u8]>, String> {
    let mut sizes = vec![size];
    for pack in packs {
        let size = *sizes.last().unwrap_or(&size);
        sizes.push(match (size, pack.longer_by()) {
            (Size::Exact(n), Some(more)) => Size::Exact(n + more),
            // Nothing that packs makes its input much longer.
            (size, _) => Size::AtMost(size.most().saturating_mul(2).saturating_add(1 << 16).min(2 * MOST_CHUNK)),
        });
    }
    let mut bytes = Cow::Borrowed(packed);
    for (pack, &size) in packs.iter().zip(&sizes).rev() {
        bytes = match undo(pack, &bytes, size)? {
            Some(unpacked) => Cow::Owned(unpacked),
            // A checksum at the end was right.
            None => match bytes {
                Cow::Borrowed(b) => Cow::Borrowed(&b[..b.len() - 4]),
                Cow::Owned(mut b) => {
                    b.truncate(b.len() - 4);
                    Cow::Owned(b)
                }
            },
        };
    }
    match size {
        Size::Exact(n) if bytes.len() != n => Err(format!("{} bytes where {n} are due", bytes.len())),
        Size::AtMost(n) if bytes.len() > n => Err(format!("more than {n} bytes")),
        _ => Ok(bytes),
    }
}

/// The unpacked bytes; none where only the last four bytes go.
fn undo(pack: &Pack, bytes: &[u8], size: Size) -> Result<Option<Vec<u8>>, String> {
    let cut = || "a chunk cut short".to_owned();
    Ok(Some(match pack {
        Pack::Gzip => deflated(bytes, size, true)?,
        Pack::Zlib => deflated(bytes, size, false)?,
        Pack::Zstd => zstd(bytes, size)?,
        Pack::Blosc => blosc::unpack(bytes, size.most())?,
        Pack::Lz4 => {
            let (head, body) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
            let n = u32::from_le_bytes(*head) as usize;
            if n > size.most() {
                return Err(format!("{n} bytes where at most {} are due", size.most()));
            }
            plausible(body.len(), n)?;
            let mut out = vec![0; n];
            let got = lz4_flex::block::decompress_into(body, &mut out).map_err(|e| e.to_string())?;
            out.truncate(got);
            out
        }
        Pack::Crc32c { front: false } => {
            let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(cut)?;
            check("CRC-32C", crc32c(body), u32::from_le_bytes(*sum))?;
            return Ok(None);
        }
        Pack::Fletcher32 => {
            let (body, sum) = bytes.split_last_chunk::<4>().ok_or_else(cut)?;
            check("Fletcher-32", fletcher32(body), u32::from_le_bytes(*sum))?;
            return Ok(None);
        }
        Pack::Crc32c { front: true } | Pack::Crc32 | Pack::Adler32 => {
            let (sum, body) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
            let found = match pack {
                Pack::Crc32 => libdeflater::crc32(body),
                Pack::Adler32 => libdeflater::adler32(body),
                _ => crc32c(body),
            };
            check("checksum", found, u32::from_le_bytes(*sum))?;
            body.to_vec()
        }
        Pack::Shuffle(cell) => {
            let mut out = vec![0; bytes.len()];
            blosc::unshuffle(bytes, *cell, &mut out);
            out
        }
        Pack::Delta { to, from } => convert(bytes, *from, *to, size, |values| {
            for i in 1..values.len() {
                values[i] += values[i - 1];
            }
        })?,
        Pack::Scaled { to, from, scale, offset } => {
            convert(bytes, *from, *to, size, |values| values.iter_mut().for_each(|v| *v = *v / scale + offset))?
        }
    }))
}

fn check(what: &str, found: u32, told: u32) -> Result<(), String> {
    if found == told { Ok(()) } else { Err(format!("a {what} of {found:08x} where the chunk says {told:08x}")) }
}

/// Refuses a size that no codec packs into so few bytes, before memory is taken for it. The tightest are the runs of Zstandard, 128 KiB
/// in four bytes.
pub(super) fn plausible(packed: usize, size: usize) -> Result<(), String> {
    let most = packed.saturating_mul(1 << 15).saturating_add(1 << 16);
    if size <= most { Ok(()) } else { Err(format!("{packed} bytes that claim to hold {size}")) }
}

fn deflated(bytes: &[u8], size: Size, gzip: bool) -> Result<Vec<u8>, String> {
    if let Size::Exact(n) = size {
        plausible(bytes.len(), n)?;
        let mut out = vec![0; n];
        let mut tool = libdeflater::Decompressor::new();
        let got = if gzip { tool.gzip_decompress(bytes, &mut out) } else { tool.zlib_decompress(bytes, &mut out) };
        if got.ok() == Some(n) {
            return Ok(out);
        }
    }
    // Of unknown size, or in several members: piece by piece, up to the limit.
    if gzip { bounded(flate2::read::MultiGzDecoder::new(bytes), size) } else { bounded(flate2::read::ZlibDecoder::new(bytes), size) }
}

fn zstd(bytes: &[u8], size: Size) -> Result<Vec<u8>, String> {
    if let Size::Exact(n) = size {
        plausible(bytes.len(), n)?;
        let mut out = vec![0; n];
        let got = zstd::bulk::decompress_to_buffer(bytes, &mut out).map_err(|e| e.to_string())?;
        out.truncate(got);
        return Ok(out);
    }
    bounded(zstd::stream::read::Decoder::new(bytes).map_err(|e| e.to_string())?, size)
}

/// All that a decoder gives, but no more than is due.
fn bounded(source: impl Read, size: Size) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    source.take(size.most() as u64 + 1).read_to_end(&mut out).map_err(|e| e.to_string())?;
    if out.len() > size.most() { Err(format!("more than the {} bytes that are due", size.most())) } else { Ok(out) }
}

/// Numbers in one type to numbers in another, through `work`; whole numbers wrap around as in numpy.
fn convert(bytes: &[u8], from: Dtype, to: Dtype, size: Size, work: impl Fn(&mut [f64])) -> Result<Vec<u8>, String> {
    let (Some(a), Some(b)) = (from.size(), to.size()) else { return Err("a filter on texts".into()) };
    let n = bytes.len() / a;
    if n.saturating_mul(b) > size.most() {
        return Err(format!("{n} cells of {b} bytes where at most {} bytes are due", size.most()));
    }
    let mut values = vec![0.0; n];
    from.numbers(bytes, &mut values);
    work(&mut values);
    let mut out = Vec::with_capacity(n * b);
    for v in values {
        match to.kind {
            Kind::Float { size: 4 } => out.extend((v as f32).to_le_bytes()),
            Kind::Float { size: 8 } => out.extend(v.to_le_bytes()),
            Kind::Int { size, .. } => out.extend(&(v as i128).to_le_bytes()[..size]),
            _ => return Err(format!("a filter on cells of type {}", to.name())),
        }
        if to.big {
            let at = out.len() - b;
            out[at..].reverse();
        }
    }
    Ok(out)
}

/// The checksum of HDF5's filter, as numcodecs computes it.
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (0_u32, 0_u32);
    let (words, rest) = bytes.as_chunks::<2>();
    for part in words.chunks(360) {
        for word in part {
            a += u32::from(u16::from_be_bytes(*word));
            b += a;
        }
        a = (a & 0xffff) + (a >> 16);
        b = (b & 0xffff) + (b >> 16);
    }
    if let [last] = rest {
        a += u32::from(*last) << 8;
        b += a;
    }
    for sum in [&mut a, &mut b] {
        *sum = (*sum & 0xffff) + (*sum >> 16);
        *sum = (*sum & 0xffff) + (*sum >> 16);
    }
    (b << 16) | a
}

/// CRC-32C (Castagnoli), eight bytes at a time.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    const TABLES: [[u32; 256]; 8] = tables();
    let mut crc = !0_u32;
    let (eights, rest) = bytes.as_chunks::<8>();
    for e in eights {
        let x = crc ^ u32::from_le_bytes([e[0], e[1], e[2], e[3]]);
        crc = TABLES[7][(x & 255) as usize]
            ^ TABLES[6][(x >> 8 & 255) as usize]
            ^ TABLES[5][(x >> 16 & 255) as usize]
            ^ TABLES[4][(x >> 24) as usize]
            ^ TABLES[3][usize::from(e[4])]
            ^ TABLES[2][usize::from(e[5])]
            ^ TABLES[1][usize::from(e[6])]
            ^ TABLES[0][usize::from(e[7])];
    }
    for &b in rest {
        crc = TABLES[0][((crc ^ u32::from(b)) & 255) as usize] ^ (crc >> 8);
    }
    !crc
}

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
            bit += 1;
        }
        tables[0][i] = crc;
        i += 1;
    }
    let mut t = 1;
    while t < 8 {
        let mut i = 0;
        while i < 256 {
            let before: u32 = tables[t - 1][i];
            tables[t][i] = (before >> 8) ^ tables[0][(before & 255) as usize];
            i += 1;
        }
        t += 1;
    }
    tables
}

/// The texts of the codec `vlen-utf8`: a count, then length and bytes of each.
pub(super) fn texts(bytes: &[u8], cells: usize) -> Result<Vec<String>, String> {
    let cut = || "a chunk of texts cut short".to_owned();
    let (count, mut rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let count = u32::from_le_bytes(*count) as usize;
    if count != cells {
        return Err(format!("{count} texts where {cells} are due"));
    }
    let mut texts = Vec::with_capacity(cells.min(rest.len() / 4 + 1));
    for _ in 0..count {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (text, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
        texts.push(String::from_utf8_lossy(text).trim_end_matches(['\0', ' ']).to_owned());
        rest = behind;
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        // RFC 3720, appendix B.4: 32 zeros, 32 bytes 0xff, 0 to 31.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_few_bytes_cannot_claim_a_huge_chunk() {
        for pack in [Pack::Zstd, Pack::Gzip, Pack::Zlib, Pack::Lz4, Pack::Blosc] {
            let lz4 = [&(MOST_CHUNK as u32).to_le_bytes()[..], &[0; 9]].concat();
            let blosc =
                [&[2, 1, 0x91, 1][..], &(MOST_CHUNK as u32).to_le_bytes(), &(MOST_CHUNK as u32).to_le_bytes(), &[20, 0, 0, 0, 0, 0, 0, 0]]
                    .concat();
            let packed = match pack {
                Pack::Lz4 => lz4,
                Pack::Blosc => blosc,
                _ => vec![0x28, 0xb5, 0x2f, 0xfd, 0],
            };
            let error = unpack(std::slice::from_ref(&pack), &packed, Size::Exact(MOST_CHUNK)).unwrap_err();
            assert!(error.ends_with("bytes that claim to hold 2147483648"), "{pack:?}: {error}");
        }
        let mut scratch = Scratch { packed: vec![0; 5], ..Scratch::default() };
        assert!(scratch.unpack(&[Pack::Zstd], Size::Exact(MOST_CHUNK)).is_err());
        assert!(scratch.cells.is_empty());
        // The tightest there is: all zeros.
        let zeros = zstd::bulk::compress(&vec![0; 1 << 25], 19).unwrap();
        assert!(unpack(&[Pack::Zstd], &zeros, Size::Exact(1 << 25)).is_ok());
    }

    #[test]
    fn a_bomb_stops_at_what_is_due() {
        let bomb = zstd::bulk::compress(&vec![0; 1 << 24], 3).unwrap();
        assert!(unpack(&[Pack::Zstd], &bomb, Size::Exact(100)).is_err());
        assert!(unpack(&[Pack::Zstd], &bomb, Size::AtMost(100)).is_err());
        assert!(unpack(&[Pack::Zstd], &bomb, Size::Exact(1 << 24)).is_ok());
    }
}
