//! One image of a TIFF file: how its samples are stored, and its strips or tiles as numbers.

use esker_core::{Error, Result};

use super::codec::{self, Compression};
use super::ifd::{Directory, Order};
use crate::source::Source;

/// The largest block that is decoded, in bytes.
const LARGEST_BLOCK: u64 = 1 << 30;
/// Uncompressed strips longer than this are read in parts.
const LONG_STRIP: u64 = 1 << 20;

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    UInt,
    Int,
    Float,
}

/// How an image is stored.
#[derive(Debug, Clone)]
pub(super) struct Image {
    order: Order,
    pub width: usize,
    pub height: usize,
    pub bands: usize,
    pub bits: u16,
    pub sample: Sample,
    pub compression: Compression,
    predictor: u64,
    /// Each band in blocks of its own.
    pub planar: bool,
    photometric: u16,
    /// Cells of a block, down and across.
    pub block: [usize; 2],
    tiled: bool,
    offsets: Vec<u64>,
    counts: Vec<u64>,
    jpeg_tables: Option<Vec<u8>>,
}

impl Image {
    /// Reads the description of an image.
    pub fn parse(source: &Source, order: Order, ifd: &Directory) -> Result<Self> {
        let size = |tag, what: &str| match ifd.uint(source, tag, 0)? {
            n @ 1..=0x7FFF_FFFF => Ok(n as usize),
            n => Err(source.damaged(format!("{what} of {n}"), "it lies within 1 to 2147483647")),
        };
        let (width, height) = (size(256, "a width")?, size(257, "a height")?);
        let bands = ifd.uint(source, 277, 1)?;
        if bands == 0 || bands > 65_535 {
            return Err(source.damaged(format!("{bands} bands"), "a raster has 1 to 65535"));
        }
        let (bits, sample) = samples(source, ifd)?;
        let tiled = ifd.has(322);
        let block = if tiled {
            [size(323, "a tile height")?, size(322, "a tile width")?]
        } else {
            [(ifd.uint(source, 278, u64::from(u32::MAX))?.clamp(1, height as u64)) as usize, width]
        };
        let (at, counted) = if tiled { (324, 325) } else { (273, 279) };
        let none = || source.damaged("no places of its blocks", "an image has strips or tiles");
        let image = Self {
            order,
            width,
            height,
            bands: bands as usize,
            bits,
            sample,
            compression: Compression::parse(ifd.uint(source, 259, 1)?)?,
            predictor: ifd.uint(source, 317, 1)?,
            planar: bands > 1 && ifd.uint(source, 284, 1)? == 2,
            photometric: ifd.uint(source, 262, 1)?.min(65_535) as u16,
            block,
            tiled,
            offsets: ifd.uints(source, at)?.ok_or_else(none)?,
            counts: ifd.uints(source, counted)?.unwrap_or_default(),
            jpeg_tables: ifd.raw(source, 347)?.map(|(_, bytes)| bytes),
        };
        image.checked(source)
    }

    fn checked(mut self, source: &Source) -> Result<Self> {
        let refused = |got: String, rule: &str| Err(source.damaged(got, rule));
        match self.predictor {
            1 => {}
            2 if self.sample != Sample::Float || self.bits >= 32 => {
                if !matches!(self.bits, 8 | 16 | 32 | 64) {
                    return refused(format!("predictor 2 on {} bits", self.bits), "differences are of 8, 16, 32 or 64 bits");
                }
            }
            3 if self.sample == Sample::Float => {}
            p => return refused(format!("predictor {p} on {} bits", self.bits), "predictors 1, 2 and (floats) 3 are read"),
        }
        if self.compression == Compression::Jpeg && (self.bits != 8 || self.sample != Sample::UInt) {
            return refused(format!("JPEG of {} bits", self.bits), "JPEG holds samples of 8 bits");
        }
        let row = self.row_bytes();
        if row.checked_mul(self.block[0] as u64).is_none_or(|n| n > LARGEST_BLOCK) && !self.splits() {
            return refused(format!("blocks of {} x {} cells", self.block[0], self.block[1]), "a block has at most 1 GiB");
        }
        let [down, across] = self.grid();
        let planes = if self.planar { self.bands } else { 1 };
        let needed = (down * across).checked_mul(planes);
        if needed != Some(self.offsets.len()) {
            // More places than blocks happen; fewer cannot be read.
            match needed {
                Some(n) if n < self.offsets.len() => self.offsets.truncate(n),
                _ => return refused(format!("{} blocks", self.offsets.len()), "fewer than its size needs"),
            }
        }
        if self.counts.len() < self.offsets.len() {
            if self.compression != Compression::None {
                return refused(format!("{} lengths of blocks", self.counts.len()), "each block has its length");
            }
            // Old writers leave the lengths out where they follow from the size.
            let whole = row * self.block[0] as u64;
            self.counts = vec![whole; self.offsets.len()];
        }
        if self.splits() {
            self.split();
        }
        Ok(self)
    }

    fn splits(&self) -> bool {
        !self.tiled && self.compression == Compression::None && self.row_bytes() * self.block[0] as u64 > LONG_STRIP && self.block[0] > 1
    }

    /// Long uncompressed strips become shorter ones, so that a window need not read them whole.
    fn split(&mut self) {
        let row = self.row_bytes();
        let rows = (LONG_STRIP / row).clamp(1, self.block[0] as u64) as usize;
        if !self.block[0].is_multiple_of(rows) && self.offsets.len() > 1 {
            return;
        }
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        let [down, _] = self.grid();
        for (i, &offset) in self.offsets.iter().enumerate() {
            let height = self.block[0].min(self.height - i % down * self.block[0]);
            for first in (0..height).step_by(rows) {
                offsets.push(offset.saturating_add(first as u64 * row));
                counts.push(rows.min(height - first) as u64 * row);
            }
        }
        (self.offsets, self.counts, self.block[0]) = (offsets, counts, rows);
    }

    /// Blocks down and across.
    pub fn grid(&self) -> [usize; 2] {
        [self.height.div_ceil(self.block[0]), self.width.div_ceil(self.block[1])]
    }

    /// Samples of a cell within one block.
    pub fn samples(&self) -> usize {
        if self.planar { 1 } else { self.bands }
    }

    /// Bytes of a row of a block.
    fn row_bytes(&self) -> u64 {
        (self.block[1] as u64 * self.samples() as u64 * u64::from(self.bits)).div_ceil(8)
    }

    /// How it is stored, for people: `int16, deflate, tiles of 256 x 256`.
    pub fn storage(&self) -> String {
        let kind = match self.sample {
            Sample::UInt => "uint",
            Sample::Int => "int",
            Sample::Float => "float",
        };
        let shape = if self.tiled { format!("tiles of {} x {}", self.block[1], self.block[0]) } else { "strips".to_owned() };
        format!("{kind}{}, {}, {shape}", self.bits, self.compression.name())
    }

    /// Rows and columns that a block holds of the image: strips end with it, tiles are padded.
    pub fn extent(&self, down: usize) -> usize {
        if self.tiled { self.block[0] } else { self.block[0].min(self.height - down * self.block[0]) }
    }

    /// A block's samples as bytes in the file's order, predictor undone; none for a block left out (GDAL's sparse files).
    pub fn block(&self, source: &Source, band: usize, down: usize, across: usize) -> Result<Option<Vec<u8>>> {
        let [rows, columns] = self.grid();
        let place = down * columns + across + if self.planar { band * rows * columns } else { 0 };
        let (offset, count) = (self.offsets[place], self.counts[place]);
        if offset == 0 || count == 0 {
            return Ok(None);
        }
        let height = self.extent(down);
        let length = self.row_bytes() * height as u64;
        let ratio = self.compression.largest_ratio();
        if count.saturating_mul(ratio).saturating_add(ratio * 64) < length {
            return Err(source.damaged(format!("a block of {count} bytes for {length}"), "no code packs that tightly"));
        }
        // A strip at the end of a truncated-to-size file may claim more than it needs.
        let count = if self.compression == Compression::None { count.min(length) } else { count };
        let bytes = source.bytes(offset, count)?;
        if self.compression == Compression::Jpeg {
            let size = [self.block[1] as u32, height as u32];
            // Of colour differences, only the three bands together are red, green and blue.
            let photometric = if self.planar && self.photometric == 6 { 1 } else { self.photometric };
            let mut plain = codec::jpeg(&bytes, self.jpeg_tables.as_deref(), size, self.samples() as u16, photometric)?;
            if photometric == 6 && self.samples() == 3 {
                plain.chunks_exact_mut(3).for_each(to_rgb);
            }
            return if plain.len() as u64 == length {
                Ok(Some(plain))
            } else {
                Err(source.damaged("a JPEG block of another size", "it fits"))
            };
        }
        let mut plain = self.compression.decode(bytes, length as usize)?;
        self.unpredict(&mut plain);
        Ok(Some(plain))
    }

    fn unpredict(&self, plain: &mut [u8]) {
        let (samples, width, row) = (self.samples(), usize::from(self.bits / 8), self.row_bytes() as usize);
        match self.predictor {
            2 => plain.chunks_exact_mut(row).for_each(|r| self.undifference(r, samples, width)),
            3 => {
                let mut shuffled = vec![0; row];
                for r in plain.chunks_exact_mut(row) {
                    for i in samples..row {
                        r[i] = r[i].wrapping_add(r[i - samples]);
                    }
                    shuffled.copy_from_slice(r);
                    let cells = row / width;
                    for (i, cell) in r.chunks_exact_mut(width).enumerate() {
                        for (k, byte) in cell.iter_mut().enumerate() {
                            // Bytes lie highest first whatever the order of the file.
                            let plane = if self.order.big_endian { k } else { width - 1 - k };
                            *byte = shuffled[plane * cells + i];
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn undifference(&self, row: &mut [u8], samples: usize, width: usize) {
        macro_rules! add {
            ($int:ty) => {{
                const W: usize = size_of::<$int>();
                let read = |b: &[u8]| {
                    let bytes: [u8; W] = std::array::from_fn(|i| b[i]);
                    if self.order.big_endian { <$int>::from_be_bytes(bytes) } else { <$int>::from_le_bytes(bytes) }
                };
                for i in samples..row.len() / W {
                    let sum = read(&row[(i - samples) * W..]).wrapping_add(read(&row[i * W..]));
                    let bytes = if self.order.big_endian { sum.to_be_bytes() } else { sum.to_le_bytes() };
                    row[i * W..(i + 1) * W].copy_from_slice(&bytes);
                }
            }};
        }
        match width {
            1 => add!(u8),
            2 => add!(u16),
            4 => add!(u32),
            _ => add!(u64),
        }
    }

    /// Samples `from..from + out.len()` of one band in a row of a block, as numbers.
    pub fn numbers(&self, plain: &[u8], row: usize, sample: usize, from: usize, out: &mut [f64]) {
        let row = &plain[row * self.row_bytes() as usize..][..self.row_bytes() as usize];
        let step = self.samples();
        macro_rules! fill {
            ($kind:ty, $convert:expr) => {{
                const W: usize = size_of::<$kind>();
                for (i, o) in out.iter_mut().enumerate() {
                    let at = ((from + i) * step + sample) * W;
                    let bytes: [u8; W] = std::array::from_fn(|k| row[at + k]);
                    let n = if self.order.big_endian { <$kind>::from_be_bytes(bytes) } else { <$kind>::from_le_bytes(bytes) };
                    *o = $convert(n);
                }
            }};
        }
        match (self.sample, self.bits) {
            (Sample::UInt, 8) => fill!(u8, f64::from),
            (Sample::UInt, 16) => fill!(u16, f64::from),
            (Sample::UInt, 32) => fill!(u32, f64::from),
            (Sample::UInt, 64) => fill!(u64, |n| n as f64),
            (Sample::Int, 8) => fill!(i8, f64::from),
            (Sample::Int, 16) => fill!(i16, f64::from),
            (Sample::Int, 32) => fill!(i32, f64::from),
            (Sample::Int, 64) => fill!(i64, |n| n as f64),
            (Sample::Float, 16) => fill!(u16, half),
            (Sample::Float, 32) => fill!(f32, f64::from),
            (Sample::Float, 64) => fill!(f64, |n| n),
            _ => {
                for (i, o) in out.iter_mut().enumerate() {
                    *o = bits_of(row, ((from + i) * step + sample) * usize::from(self.bits), self.bits) as f64;
                }
            }
        }
    }
}

/// Bits and kind of the samples; all bands have the same.
fn samples(source: &Source, ifd: &Directory) -> Result<(u16, Sample)> {
    let same = |tag, otherwise| -> Result<u64> {
        let all = ifd.uints(source, tag)?.filter(|v| !v.is_empty()).unwrap_or_else(|| vec![otherwise]);
        if all.iter().any(|&b| b != all[0]) {
            return Err(source.damaged(format!("bands stored differently ({all:?})"), "all bands have the same type"));
        }
        Ok(all[0])
    };
    let (bits, format) = (same(258, 1)?, same(339, 1)?);
    let sample = match (format, bits) {
        (1 | 4, 1..=32 | 64) => Sample::UInt,
        (2, 8 | 16 | 32 | 64) => Sample::Int,
        (3, 16 | 32 | 64) => Sample::Float,
        (5 | 6, _) => {
            return Err(Error::data(format!("file '{}'", source.name))
                .got("complex numbers")
                .rule("rasters of real numbers are read")
                .hint("write amplitude and phase as two bands first"));
        }
        _ => {
            return Err(
                source.damaged(format!("samples of kind {format} with {bits} bits"), "integers of 1 to 64 bits or floats of 16, 32 or 64")
            );
        }
    };
    Ok((bits as u16, sample))
}

/// From brightness and two colour differences to red, green and blue (JFIF 1.02).
fn to_rgb(cell: &mut [u8]) {
    let [y, b, r] = [0, 1, 2].map(|i| f64::from(cell[i]));
    let (b, r) = (b - 128.0, r - 128.0);
    let colours = [y + 1.402 * r, y - 0.344_136_286 * b - 0.714_136_286 * r, y + 1.772 * b];
    cell.iter_mut().zip(colours).for_each(|(c, v)| *c = v.round() as u8);
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// An unsigned number of some bits, highest first.
fn bits_of(row: &[u8], at: usize, bits: u16) -> u64 {
    (at..at + usize::from(bits)).fold(0, |n, i| n << 1 | u64::from(row[i / 8] >> (7 - i % 8) & 1))
}
