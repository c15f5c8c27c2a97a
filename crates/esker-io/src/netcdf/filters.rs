//! Undoing the filters of HDF5 chunks: deflate and zstd straight into a buffer of the length a chunk has, the rest by the library.

use esker_core::{Error, Result};
use hdf5_reader::FilterRegistry;
use hdf5_reader::filters::{FILTER_DEFLATE, FILTER_FLETCHER32, FILTER_LZ4, FILTER_SHUFFLE, apply_pipeline_with_limit, fletcher32};
use hdf5_reader::messages::filter_pipeline::FilterDescription;
use libdeflater::Decompressor;

/// The registered number of zstd among HDF5's filters.
const FILTER_ZSTD: u16 = 32015;
/// Most bytes a chunk may hold once decoded; writers keep to a few MiB.
pub(super) const MOST_CHUNK: usize = 1 << 30;
/// Deflate cannot make a byte into more than this many.
const DEFLATE_RATIO: usize = 1032;
/// Zstd can, on constant data, but chunks above [`ZSTD_FREE`] bytes that claim more are refused.
const ZSTD_RATIO: usize = 20_000;
const ZSTD_FREE: usize = 1 << 26;

/// What one worker keeps between chunks.
pub(super) struct Scratch {
    decompressor: Decompressor,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    bytes: Vec<u8>,
    spare: Vec<u8>,
}

impl Scratch {
    pub fn new() -> Self {
        Self { decompressor: Decompressor::new(), zstd: None, bytes: Vec::new(), spare: Vec::new() }
    }
}

/// Decoded bytes of a chunk, and whether they are still sorted by the shuffle filter.
pub(super) struct Decoded<'a> {
    pub bytes: &'a [u8],
    pub shuffled: bool,
}

/// The pipeline of a variable.
pub(super) struct Filters {
    list: Vec<FilterDescription>,
    /// Bytes of an element.
    size: usize,
    /// Bytes of a chunk once decoded.
    full: usize,
}

impl Filters {
    pub fn new(list: Vec<FilterDescription>, size: usize, full: usize) -> Self {
        Self { list, size, full }
    }

    /// `shuffle, deflate 4`; empty where nothing is done to the bytes.
    pub fn describe(list: &[FilterDescription]) -> String {
        let names = list.iter().map(|f| {
            let level = f.client_data.first().filter(|_| matches!(f.id, FILTER_DEFLATE | FILTER_ZSTD)).map(|l| format!(" {l}"));
            let name = match f.id {
                FILTER_DEFLATE => "deflate",
                FILTER_SHUFFLE => "shuffle",
                FILTER_FLETCHER32 => "fletcher32",
                FILTER_LZ4 => "lz4",
                FILTER_ZSTD => "zstd",
                4 => "szip",
                5 => "nbit",
                6 => "scaleoffset",
                _ => return format!("filter {}", f.id),
            };
            format!("{name}{}", level.unwrap_or_default())
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Undoes the filters that `mask` does not skip.
    pub fn decode<'a>(&self, raw: &'a [u8], mask: u32, scratch: &'a mut Scratch) -> Result<Decoded<'a>> {
        let active: Vec<&FilterDescription> = self
            .list
            .iter()
            .enumerate()
            .filter(|(i, _)| u32::try_from(*i).is_ok_and(|i| mask.checked_shr(i).unwrap_or(0) & 1 == 0))
            .map(|(_, f)| f)
            .collect();
        let ids: Vec<u16> = active.iter().map(|f| f.id).collect();
        let (shuffled, rest) = match ids.split_first() {
            Some((&FILTER_SHUFFLE, rest)) if self.size > 1 && active[0].client_data.first().is_none_or(|&n| n as usize == self.size) => {
                (true, rest)
            }
            _ => (false, ids.as_slice()),
        };
        let Scratch { decompressor, zstd, bytes, spare } = scratch;
        let bytes = match rest {
            [] => raw,
            [FILTER_DEFLATE] => inflate(decompressor, raw, bytes, self.full)?,
            [FILTER_ZSTD] => unzstd(zstd, raw, bytes, self.full)?,
            [FILTER_FLETCHER32] => checked(raw, spare)?,
            [FILTER_DEFLATE, FILTER_FLETCHER32] => inflate(decompressor, checked(raw, spare)?, bytes, self.full)?,
            [FILTER_ZSTD, FILTER_FLETCHER32] => unzstd(zstd, checked(raw, spare)?, bytes, self.full)?,
            _ => {
                *bytes = self.by_library(raw, mask)?;
                return self.whole(Decoded { bytes, shuffled: false });
            }
        };
        self.whole(Decoded { bytes, shuffled })
    }

    fn whole<'a>(&self, decoded: Decoded<'a>) -> Result<Decoded<'a>> {
        if decoded.bytes.len() == self.full {
            return Ok(decoded);
        }
        Err(Error::data("a chunk").got(format!("{} bytes once decoded", decoded.bytes.len())).rule(format!("a chunk has {}", self.full)))
    }

    /// Rare pipelines: whatever order, by the library with bounded filters.
    fn by_library(&self, raw: &[u8], mask: u32) -> Result<Vec<u8>> {
        let mut registry = FilterRegistry::new();
        // Four bytes a checksum may follow each filter that comes later.
        let most = self.full.saturating_add(4 * self.list.len());
        let refused = |e: Error| hdf5_reader::error::Error::DecompressionError(e.to_string());
        let varying = move |raw: &[u8], filter: fn(&mut Scratch, &[u8], usize) -> Result<usize>| {
            let mut scratch = Scratch::new();
            let n = filter(&mut scratch, raw, most).map_err(refused)?;
            scratch.bytes.truncate(n);
            Ok(scratch.bytes)
        };
        registry.register(
            FILTER_DEFLATE,
            Box::new(move |_, raw, _| varying(raw, |s, raw, most| inflate_up_to(&mut s.decompressor, raw, &mut s.bytes, most))),
        );
        registry.register(
            FILTER_ZSTD,
            Box::new(move |_, raw, _| varying(raw, |s, raw, most| unzstd_up_to(&mut s.zstd, raw, &mut s.bytes, most))),
        );
        registry.register(FILTER_LZ4, Box::new(move |_, raw, _| unlz4(raw, most).map_err(refused)));
        apply_pipeline_with_limit(raw, &self.list, mask, self.size, Some(&registry), Some(self.full))
            .map_err(|e| Error::data("a chunk").got(e.to_string()).rule("its filters must be undone before it can be read"))
    }
}

fn checked<'a>(raw: &[u8], spare: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    *spare = fletcher32::verify_and_strip(raw).map_err(|e| Error::data("a chunk").got(e.to_string()).rule("the file is damaged"))?;
    Ok(spare)
}

fn inflate<'a>(with: &mut Decompressor, raw: &[u8], out: &'a mut Vec<u8>, full: usize) -> Result<&'a [u8]> {
    let n = inflate_up_to(with, raw, out, full)?;
    Ok(&out[..n])
}

fn inflate_up_to(with: &mut Decompressor, raw: &[u8], out: &mut Vec<u8>, most: usize) -> Result<usize> {
    room(raw, out, most, DEFLATE_RATIO)?;
    with.zlib_decompress(raw, out).map_err(|e| damaged("deflate", &e.to_string()))
}

fn unzstd<'a>(with: &mut Option<zstd::bulk::Decompressor<'static>>, raw: &[u8], out: &'a mut Vec<u8>, full: usize) -> Result<&'a [u8]> {
    let n = unzstd_up_to(with, raw, out, full)?;
    Ok(&out[..n])
}

fn unzstd_up_to(with: &mut Option<zstd::bulk::Decompressor<'static>>, raw: &[u8], out: &mut Vec<u8>, most: usize) -> Result<usize> {
    if most > ZSTD_FREE {
        room(raw, out, most, ZSTD_RATIO)?;
    } else {
        out.resize(most, 0);
    }
    let with = match with {
        Some(with) => with,
        None => with.insert(zstd::bulk::Decompressor::new().map_err(|e| damaged("zstd", &e.to_string()))?),
    };
    with.decompress_to_buffer(raw, out.as_mut_slice()).map_err(|e| damaged("zstd", &e.to_string()))
}

/// HDF5's lz4: the length, the length of a block, then each block behind its stored length; all big-endian.
fn unlz4(raw: &[u8], most: usize) -> Result<Vec<u8>> {
    let short = || damaged("lz4", "it ends too early");
    let (head, mut rest) = raw.split_at_checked(12).ok_or_else(short)?;
    let number = |b: &[u8]| b.iter().fold(0_usize, |n, &b| (n << 8) | usize::from(b));
    let (length, block) = (number(&head[..8]), number(&head[8..]));
    if length > most || block == 0 {
        return Err(damaged("lz4", &format!("a length of {length} bytes in blocks of {block}")));
    }
    let mut out = Vec::new();
    while out.len() < length {
        let (size, after) = rest.split_at_checked(4).ok_or_else(short)?;
        let (piece, after) = after.split_at_checked(number(size)).ok_or_else(short)?;
        let want = block.min(length - out.len());
        if piece.len() == want {
            out.extend_from_slice(piece);
        } else {
            out.extend(lz4_flex::block::decompress(piece, want).map_err(|e| damaged("lz4", &e.to_string()))?);
        }
        rest = after;
        if want != block && out.len() < length {
            return Err(short());
        }
    }
    Ok(out)
}

/// Makes room for what `raw` claims to become, if so many bytes can come out of it.
fn room(raw: &[u8], out: &mut Vec<u8>, most: usize, ratio: usize) -> Result<()> {
    if most > raw.len().saturating_mul(ratio).saturating_add(64) {
        return Err(damaged("a compressed chunk", &format!("{} bytes that claim to hold {most}", raw.len())));
    }
    out.resize(most, 0);
    Ok(())
}

fn damaged(what: &str, why: &str) -> Error {
    Error::data(what).got(why).rule("the file is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(id: u16) -> FilterDescription {
        FilterDescription { id, name: None, client_data: Vec::new() }
    }

    /// 600 `i16`, plain and as the shuffle filter sorts them.
    fn numbers() -> (Vec<u8>, Vec<u8>) {
        let plain: Vec<u8> = (0..600_i16).flat_map(|n| (n % 37).to_le_bytes()).collect();
        let sorted = (0..2).flat_map(|k| plain.iter().copied().skip(k).step_by(2)).collect();
        (plain, sorted)
    }

    #[test]
    fn shuffled_zstd_and_deflate_stay_sorted_for_the_conversion() {
        let (_, sorted) = numbers();
        let mut deflated = vec![0; 4000];
        let n = libdeflater::Compressor::new(libdeflater::CompressionLvl::default()).zlib_compress(&sorted, &mut deflated).unwrap();
        for (id, raw) in [(FILTER_ZSTD, zstd::bulk::compress(&sorted, 3).unwrap()), (FILTER_DEFLATE, deflated[..n].to_vec())] {
            let filters = Filters::new(vec![filter(FILTER_SHUFFLE), filter(id)], 2, 1200);
            let mut scratch = Scratch::new();
            let decoded = filters.decode(&raw, 0, &mut scratch).unwrap();
            assert!(decoded.shuffled);
            assert_eq!(decoded.bytes, sorted);
            // A mask that skips the shuffle leaves plain bytes.
            let mut scratch = Scratch::new();
            assert!(!filters.decode(&raw, 1, &mut scratch).unwrap().shuffled);
        }
    }

    #[test]
    fn lz4_blocks_by_the_rare_way_are_plain() {
        let (plain, _) = numbers();
        let mut raw = [1200_u64.to_be_bytes().as_slice(), &1000_u32.to_be_bytes()].concat();
        for block in plain.chunks(1000) {
            let packed = lz4_flex::block::compress(block);
            raw.extend((packed.len() as u32).to_be_bytes());
            raw.extend(packed);
        }
        let filters = Filters::new(vec![filter(FILTER_LZ4)], 2, 1200);
        let mut scratch = Scratch::new();
        assert_eq!(filters.decode(&raw, 0, &mut scratch).unwrap().bytes, plain);
    }

    #[test]
    fn a_few_bytes_cannot_claim_a_huge_chunk() {
        for id in [FILTER_DEFLATE, FILTER_ZSTD] {
            let filters = Filters::new(vec![filter(id)], 2, MOST_CHUNK);
            let mut scratch = Scratch::new();
            assert!(filters.decode(&[0x78, 0x9c, 3, 0], 0, &mut scratch).is_err());
            assert!(scratch.bytes.is_empty());
        }
    }
}
