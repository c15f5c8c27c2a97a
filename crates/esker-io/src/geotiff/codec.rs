//! Decompression of TIFF blocks: the length of what comes out is known beforehand, so that no block can swell.

use std::io::Cursor;

use esker_core::{Error, Result};

/// How blocks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    Zstd,
}

impl Compression {
    /// From tag 259.
    pub fn parse(code: u64) -> Result<Self> {
        Ok(match code {
            1 => Self::None,
            5 => Self::Lzw,
            7 => Self::Jpeg,
            8 | 32_946 => Self::Deflate,
            32_773 => Self::PackBits,
            50_000 => Self::Zstd,
            _ => {
                let name = match code {
                    2..=4 => "a fax code",
                    6 => "the obsolete JPEG",
                    34_887 => "LERC",
                    34_712 => "JPEG 2000",
                    34_925 => "LZMA",
                    50_001 => "WebP",
                    50_002 | 52_546 => "JPEG XL",
                    _ => "an unknown code",
                };
                return Err(Error::data("compression of the raster")
                    .got(format!("{code}, {name}"))
                    .rule("none, LZW, deflate, zstd, PackBits and JPEG are read")
                    .hint("rewrite the file: gdal_translate -co COMPRESS=DEFLATE in.tif out.tif"));
            }
        })
    }

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Lzw => "lzw",
            Self::Jpeg => "jpeg",
            Self::Deflate => "deflate",
            Self::PackBits => "packbits",
            Self::Zstd => "zstd",
        }
    }

    /// The most that one byte can become.
    pub fn largest_ratio(self) -> u64 {
        match self {
            Self::None => 1,
            Self::PackBits => 128,
            Self::Deflate => 1100,
            Self::Lzw => 4096,
            Self::Jpeg => 4096,
            Self::Zstd => 65_536,
        }
    }

    /// Decompresses to exactly `length` bytes; what a short block lacks is an error. JPEG is decoded by [`jpeg`].
    pub fn decode(self, bytes: Vec<u8>, length: usize) -> Result<Vec<u8>> {
        let mut out = match self {
            Self::None => bytes,
            Self::Lzw => lzw(&bytes, length)?,
            Self::PackBits => packbits(&bytes, length),
            Self::Deflate => {
                let mut out = vec![0; length];
                let n = match libdeflater::Decompressor::new().zlib_decompress(&bytes, &mut out) {
                    Ok(n) => n,
                    // A last block may hold rows beyond the image: decode what fits.
                    Err(libdeflater::DecompressionError::InsufficientSpace) => inflate_some(&bytes, &mut out)?,
                    Err(_) => return Err(broken("a deflate stream that does not decode")),
                };
                out.truncate(n);
                out
            }
            Self::Zstd => zstd_some(&bytes, length)?,
            Self::Jpeg => return Err(broken("JPEG here")),
        };
        if out.len() < length {
            return Err(broken(&format!("{} bytes instead of {length}", out.len())));
        }
        out.truncate(length);
        Ok(out)
    }
}

fn broken(got: &str) -> Error {
    Error::data("a block of the raster").got(got).rule("the file is damaged")
}

fn inflate_some(bytes: &[u8], out: &mut [u8]) -> Result<usize> {
    let mut decoder = flate2::Decompress::new(true);
    decoder.decompress(bytes, out, flate2::FlushDecompress::Finish).map_err(|_| broken("a deflate stream that does not decode"))?;
    Ok(decoder.total_out() as usize)
}

fn zstd_some(bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    use std::io::Read;
    let refused = |_| broken("a zstd stream that does not decode");
    let mut decoder = zstd::stream::read::Decoder::new(bytes).map_err(refused)?;
    // The window is the decoder's own memory; 2^27 bytes is what zstd itself allows without asking.
    decoder.window_log_max(27).map_err(refused)?;
    let mut out = Vec::with_capacity(length);
    decoder.take(length as u64).read_to_end(&mut out).map_err(refused)?;
    Ok(out)
}

fn packbits(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length);
    let mut at = 0;
    while at < bytes.len() && out.len() < length {
        let n = bytes[at] as i8;
        at += 1;
        if n >= 0 {
            let end = (at + n as usize + 1).min(bytes.len());
            out.extend_from_slice(&bytes[at..end]);
            at = end;
        } else if n != -128 && at < bytes.len() {
            out.resize(out.len() + 1 + usize::from(n.unsigned_abs()), bytes[at]);
            at += 1;
        }
    }
    out
}

/// TIFF's LZW: codes of 9 to 12 bits, first bit highest, widened one code early; 256 clears, 257 ends (TIFF 6.0, section 13).
fn lzw(bytes: &[u8], length: usize) -> Result<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(length);
    // Where each string lies in what is written already: a table entry is always a copy of it.
    let mut table: Vec<(u32, u32)> = Vec::with_capacity(4096);
    let (mut bits, mut held, mut width) = (0_u32, 0_u32, 9_u32);
    let mut last: Option<(u32, u32)> = None;
    for &byte in bytes {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = bits >> held & ((1 << width) - 1);
        bits &= (1 << held) - 1;
        let start = out.len() as u32;
        match code {
            256 => {
                table.clear();
                width = 9;
                last = None;
                continue;
            }
            257 => break,
            0..=255 => out.push(code as u8),
            _ => {
                let (from, len) = match (table.get(code as usize - 258), last) {
                    (Some(&entry), _) => entry,
                    // The string being defined: the last one and its own first byte.
                    (None, Some((from, len))) if code as usize - 258 == table.len() => (from, len + 1),
                    _ => return Err(broken("an LZW code that is not defined")),
                };
                let (from, len) = (from as usize, (len as usize).min(length - out.len().min(length)));
                for i in from..from + len {
                    out.push(out[i]);
                }
            }
        }
        if let Some((from, len)) = last
            && table.len() < 4096 - 258
        {
            table.push((from, len + 1));
        }
        last = Some((start, out.len() as u32 - start));
        // One code early: the entry that this code completes is counted before it is made.
        width = match table.len() + 258 + 1 {
            n if n >= 2048 => 12,
            n if n >= 1024 => 11,
            n if n >= 512 => 10,
            _ => 9,
        };
        if out.len() >= length {
            break;
        }
    }
    Ok(out)
}

/// A JPEG block of 8-bit samples through the crate `tiff`, which is handed a file of this one block.
pub(super) fn jpeg(bytes: &[u8], tables: Option<&[u8]>, size: [u32; 2], samples: u16, photometric: u16) -> Result<Vec<u8>> {
    let mut entries: Vec<(u16, u16, u32, u32)> = vec![
        (256, 4, 1, size[0]),
        (257, 4, 1, size[1]),
        (259, 3, 1, 7),
        (262, 3, 1, u32::from(photometric)),
        (273, 4, 1, 0),
        (277, 3, 1, u32::from(samples)),
        (278, 4, 1, size[1]),
        (279, 4, 1, bytes.len() as u32),
    ];
    let directory = 2 + 12 * (entries.len() + 1 + usize::from(tables.is_some())) + 4;
    let mut extra = (8 + directory) as u32;
    let bits: Vec<u8> = [8_u8, 0].repeat(usize::from(samples));
    let bits_field = if samples <= 2 { 0x0008_0008 } else { extra };
    entries.push((258, 3, u32::from(samples), bits_field));
    extra += bits.len() as u32;
    if let Some(tables) = tables {
        entries.push((347, 7, tables.len() as u32, extra));
        extra += tables.len() as u32;
    }
    entries[4].3 = extra;
    entries.sort_unstable();
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend(bits);
    file.extend(tables.unwrap_or_default());
    file.extend(bytes);
    let decode = || -> Option<Vec<u8>> {
        let mut decoder = tiff::decoder::Decoder::new(Cursor::new(&file)).ok()?;
        match decoder.read_image().ok()? {
            tiff::decoder::DecodingResult::U8(values) => Some(values),
            _ => None,
        }
    };
    // The decoder is not ours: should damaged bytes make it panic, the file is refused all the same.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode)).ok().flatten().ok_or_else(|| broken("a JPEG block that does not decode"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packbits_of_the_specification() {
        let packed = [0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA];
        let plain = packbits(&packed, 24);
        assert_eq!(plain[..4], [0xAA, 0xAA, 0xAA, 0x80]);
        assert_eq!(plain.len(), 24);
        assert_eq!(plain[14..], [0xAA; 10]);
    }

    #[test]
    fn lzw_of_the_specification() {
        // TIFF 6.0, section 13: 7 7 7 8 8 7 7 6 6 becomes the codes clear 7 258 8 8 258 6 6 end.
        let mut bits = String::new();
        for code in [256, 7, 258, 8, 8, 258, 6, 6, 257] {
            bits += &format!("{code:09b}");
        }
        bits += &"0".repeat((8 - bits.len() % 8) % 8);
        let bytes: Vec<u8> = bits.as_bytes().chunks(8).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 2).unwrap()).collect();
        assert_eq!(lzw(&bytes, 9).unwrap(), [7, 7, 7, 8, 8, 7, 7, 6, 6]);
    }
}
