//! The container of Blosc 1: blocks of shuffled bytes, packed by BloscLZ, LZ4, zlib or Zstandard.
//!
//! Format: c-blosc 1.21, README_CHUNK_FORMAT.rst. Byte shuffle, bit shuffle and BloscLZ are written from their descriptions.

use std::ops::Range;

/// Bytes of the header.
const HEADER: usize = 16;
/// Blosc splits a block by byte of the cell only where cells have at most so many bytes,
const MOST_SPLITS: usize = 16;
/// and each part at least so many.
const LEAST_PART: usize = 128;

/// Unpacks a container to at most `most` bytes.
pub(super) fn unpack(packed: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let head = packed.get(..HEADER).ok_or("a Blosc container without its header")?;
    let int = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (flags, cell, size, block, total) = (head[2], usize::from(head[3]), int(4), int(8), int(12));
    if head[0] != 2 {
        return Err(format!("Blosc format {} where 2 is known", head[0]));
    }
    if size > most || total > packed.len() || total < HEADER {
        return Err(format!("a Blosc container of {size} bytes in {total}, where {most} in {} are due", packed.len()));
    }
    if size == 0 {
        return Ok(Vec::new());
    }
    super::codec::plausible(total, size)?;
    let packed = &packed[..total];
    if flags & 2 != 0 {
        return packed.get(HEADER..HEADER + size).map(<[u8]>::to_vec).ok_or_else(|| "a Blosc container cut short".into());
    }
    if block == 0 || cell == 0 || block > size.max(cell) {
        return Err(format!("Blosc blocks of {block} bytes, cells of {cell}"));
    }
    let frame = Frame { packed, flags, cell, block };
    let mut out = vec![0; size];
    let mut scratch = vec![0; block.min(size)];
    let mut tools = Tools::default();
    for (i, part) in out.chunks_mut(block).enumerate() {
        let at = HEADER + i * 4;
        let start = packed.get(at..at + 4).ok_or("a Blosc container without the places of its blocks")?;
        let start = u32::from_le_bytes([start[0], start[1], start[2], start[3]]) as usize;
        frame.block(start, part, &mut scratch, &mut tools)?;
    }
    Ok(out)
}

struct Frame<'a> {
    packed: &'a [u8],
    flags: u8,
    cell: usize,
    block: usize,
}

/// Decoders that are worth keeping from block to block.
#[derive(Default)]
struct Tools {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    zlib: Option<libdeflater::Decompressor>,
}

impl Frame<'_> {
    fn block(&self, start: usize, out: &mut [u8], scratch: &mut [u8], tools: &mut Tools) -> Result<(), String> {
        let whole = out.len() == self.block;
        let split = whole && self.flags & 0x10 == 0 && self.cell <= MOST_SPLITS && self.block / self.cell >= LEAST_PART;
        let bits = self.flags & 4 != 0 && out.len() >= self.cell;
        let bytes = self.flags & 1 != 0 && self.cell > 1;
        let parts = if split { self.cell } else { 1 };
        let part = out.len() / parts;
        let mut at = start;
        let raw: &mut [u8] = if bytes || bits { &mut scratch[..out.len()] } else { &mut *out };
        for i in 0..parts {
            let range = i * part..if i + 1 == parts { raw.len() } else { (i + 1) * part };
            at = self.part(at, raw, range, tools)?;
        }
        if bytes {
            unshuffle(&scratch[..out.len()], self.cell, out);
        } else if bits {
            unshuffle_bits(&scratch[..out.len()], self.cell, out);
        }
        Ok(())
    }

    /// Unpacks one part; the place behind it comes back.
    fn part(&self, at: usize, raw: &mut [u8], range: Range<usize>, tools: &mut Tools) -> Result<usize, String> {
        let cut = || "a Blosc block cut short".to_owned();
        let size = self.packed.get(at..).and_then(|p| p.get(..4)).ok_or_else(cut)?;
        let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
        let packed = self.packed[at + 4..].get(..size).ok_or_else(cut)?;
        let out = &mut raw[range];
        if size == out.len() {
            out.copy_from_slice(packed);
            return Ok(at + 4 + size);
        }
        let wanted = out.len();
        let got = match self.flags >> 5 {
            0 => blosclz(packed, out),
            1 => lz4_flex::block::decompress_into(packed, out).ok(),
            3 => tools.zlib.get_or_insert_with(libdeflater::Decompressor::new).zlib_decompress(packed, out).ok(),
            4 => {
                let zstd = match &mut tools.zstd {
                    Some(zstd) => zstd,
                    None => tools.zstd.insert(zstd::bulk::Decompressor::new().map_err(|e| e.to_string())?),
                };
                zstd.decompress_to_buffer(packed, out).ok()
            }
            2 => return Err("Snappy inside Blosc, which is not read".into()),
            other => return Err(format!("codec {other} inside Blosc")),
        };
        if got == Some(wanted) { Ok(at + 4 + size) } else { Err("a Blosc block that does not unpack".into()) }
    }
}

/// Puts the bytes of each cell together again.
pub(super) fn unshuffle(from: &[u8], cell: usize, to: &mut [u8]) {
    let n = from.len() / cell.max(1);
    let body = n * cell;
    match cell {
        2 => gather::<2>(&from[..body], n, &mut to[..body]),
        4 => gather::<4>(&from[..body], n, &mut to[..body]),
        8 => gather::<8>(&from[..body], n, &mut to[..body]),
        _ => {
            for (j, plane) in from[..body].chunks_exact(n.max(1)).enumerate() {
                for (i, &b) in plane.iter().enumerate() {
                    to[i * cell + j] = b;
                }
            }
        }
    }
    to[body..].copy_from_slice(&from[body..]);
}

fn gather<const N: usize>(from: &[u8], n: usize, to: &mut [u8]) {
    let planes: [&[u8]; N] = std::array::from_fn(|j| &from[j * n..(j + 1) * n]);
    for (i, cell) in to.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        *cell = std::array::from_fn(|j| planes[j][i]);
    }
}

/// Puts the bits of each cell together again; Blosc leaves a number of cells that is no multiple of eight as it is.
fn unshuffle_bits(from: &[u8], cell: usize, to: &mut [u8]) {
    let n = from.len() / cell;
    if !n.is_multiple_of(8) {
        to.copy_from_slice(from);
        return;
    }
    let body = n * cell;
    let row = n / 8;
    for j in 0..cell {
        for eight in 0..row {
            // Eight cells' byte j: bit k of each is a bit of the same byte in plane k.
            let planes: [u8; 8] = std::array::from_fn(|k| from[(j * 8 + k) * row + eight]);
            let turned = transpose(u64::from_le_bytes(planes)).to_le_bytes();
            for (i, &b) in turned.iter().enumerate() {
                to[(eight * 8 + i) * cell + j] = b;
            }
        }
    }
    to[body..].copy_from_slice(&from[body..]);
}

/// Turns a matrix of 8 × 8 bits about its diagonal (Warren, *Hacker's Delight*, 7-3).
fn transpose(mut x: u64) -> u64 {
    for (shift, mask) in [(7, 0x00AA_00AA_00AA_00AA), (14, 0x0000_CCCC_0000_CCCC), (28, 0x0000_0000_F0F0_F0F0_u64)] {
        let t = (x ^ (x >> shift)) & mask;
        x = x ^ t ^ (t << shift);
    }
    x
}

/// Unpacks BloscLZ (a FastLZ of two-byte distances); the number of bytes written, none where the bytes are damaged.
fn blosclz(packed: &[u8], out: &mut [u8]) -> Option<usize> {
    let (mut at, mut end) = (1, 0_usize);
    let mut control = usize::from(*packed.first()? & 31);
    loop {
        if control >= 32 {
            let mut length = (control >> 5) - 1;
            let mut distance = (control & 31) << 8;
            if length == 6 {
                loop {
                    let more = usize::from(*packed.get(at)?);
                    at += 1;
                    length = length.checked_add(more)?;
                    if more != 255 {
                        break;
                    }
                }
            }
            let low = usize::from(*packed.get(at)?);
            at += 1;
            length += 3;
            if low == 255 && distance == 31 << 8 {
                distance = (usize::from(*packed.get(at)?) << 8) + usize::from(*packed.get(at + 1)?) + 8191;
                at += 2;
            } else {
                distance += low;
            }
            let from = end.checked_sub(distance + 1)?;
            if length > out.len() - end {
                return None;
            }
            // A match may reach into what it writes.
            for i in 0..length {
                out[end + i] = out[from + i];
            }
            end += length;
        } else {
            let run = control + 1;
            out.get_mut(end..end + run)?.copy_from_slice(packed.get(at..at + run)?);
            at += run;
            end += run;
        }
        match packed.get(at) {
            Some(&next) => control = usize::from(next),
            None => return Some(end),
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_of_bits_turns() {
        let bit = |x: u64, row: u32, column: u32| x >> (row * 8 + column) & 1;
        let x = 0x0123_4567_89AB_CDEF_u64;
        for row in 0..8 {
            for column in 0..8 {
                assert_eq!(bit(x, row, column), bit(transpose(x), column, row));
            }
        }
    }

    #[test]
    fn shuffled_cells_come_together() {
        let mut to = [0; 7];
        unshuffle(&[1, 4, 2, 5, 3, 6, 9], 3, &mut to);
        assert_eq!(to, [1, 2, 3, 4, 5, 6, 9]);
        let mut to = [0; 4];
        unshuffle(&[1, 3, 2, 4], 2, &mut to);
        assert_eq!(to, [1, 2, 3, 4]);
    }

    #[test]
    fn damaged_containers_are_refused() {
        assert!(unpack(&[2, 1, 1], 100).is_err());
        let mut head = vec![2, 1, 0, 4];
        for n in [u32::MAX, 16, 20] {
            head.extend(n.to_le_bytes());
        }
        assert!(unpack(&head, 100).is_err(), "a size beyond what is due");
        assert_eq!(blosclz(&[0xff], &mut [0; 4]), None);
        assert_eq!(blosclz(&[2, 7, 8, 9], &mut [0; 3]), Some(3));
        assert_eq!(blosclz(&[0, 7, 0x20, 5], &mut [0; 9]), None, "a match before the start");
    }
}
