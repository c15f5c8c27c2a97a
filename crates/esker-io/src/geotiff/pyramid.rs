//! The full image and its overviews, compressed tile by tile into files beside the target: rows go in, nothing else is held.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use esker_core::{Error, Result};
use rayon::prelude::*;

use super::write::Precision;
use crate::file::{beside, refused_write};

/// How hard deflate tries: beyond this, files shrink by little.
const EFFORT: i32 = 6;

/// How four cells become one of an overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shrink {
    /// The mean of those that are not missing.
    Mean,
    /// The first: classes have no mean.
    First,
}

/// What all levels share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub tile: usize,
    /// Whether samples are stored as `f32`.
    pub single: bool,
}

/// One level: its tiles in a file of their own, which goes with it.
pub(super) struct Level {
    pub width: usize,
    pub height: usize,
    style: Style,
    path: PathBuf,
    spool: BufWriter<File>,
    /// Where each tile's data start in the spool, and their lengths.
    pub tiles: Vec<(u64, u64)>,
    /// Bytes in the spool.
    pub length: u64,
    rows: Vec<f64>,
    waiting: Option<Vec<f64>>,
    seen: usize,
}

impl Drop for Level {
    fn drop(&mut self) {
        // Only scratch: where it cannot be removed there is nothing to add.
        let _ = fs::remove_file(&self.path);
    }
}

impl Level {
    fn new(target: &Path, number: usize, size: [usize; 2], style: Style) -> Result<Self> {
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let path = beside(&target.with_file_name(format!("{name}.level-{number}")))?;
        let file = File::create(&path).map_err(|e| refused_write(target, &e))?;
        Ok(Self {
            width: size[1],
            height: size[0],
            style,
            path,
            spool: BufWriter::new(file),
            tiles: Vec::new(),
            length: 0,
            rows: Vec::new(),
            waiting: None,
            seen: 0,
        })
    }

    /// Compresses the rows that wait into a row of tiles.
    fn flush(&mut self) -> Result<()> {
        let (width, tile, single) = (self.width, self.style.tile, self.style.single);
        let rows = std::mem::take(&mut self.rows);
        let packed: Vec<Vec<u8>> =
            (0..width.div_ceil(tile)).into_par_iter().map(|across| pack(&rows, width, across, tile, single)).collect::<Result<_>>()?;
        for tile in packed {
            let len = tile.len() as u32;
            // GDAL's layout of cloud-optimised files: the length before each tile, its last bytes again behind it.
            let parts: [&[u8]; 3] = [&len.to_le_bytes(), &tile, &tile[tile.len() - 4..]];
            for part in parts {
                self.spool.write_all(part).map_err(|e| refused_write(&self.path, &e))?;
            }
            self.tiles.push((self.length + 4, u64::from(len)));
            self.length += u64::from(len) + 8;
        }
        self.rows = rows;
        self.rows.clear();
        Ok(())
    }

    /// Copies the tiles to where they belong.
    pub fn copy_to(&mut self, sink: &mut (dyn Write + Send)) -> Result<()> {
        let refused = |e| refused_write(&self.path, &e);
        self.spool.flush().map_err(refused)?;
        let mut file = File::open(&self.path).map_err(refused)?;
        std::io::copy(&mut file, &mut &mut *sink).map_err(refused)?;
        Ok(())
    }
}

/// The full image first, then each overview at half the size of the last.
pub(super) struct Pyramid {
    pub levels: Vec<Level>,
}

impl Pyramid {
    /// Levels for an image of `size` rows and columns: overviews until one fits into `smallest` cells.
    pub fn new(target: &Path, size: [usize; 2], style: Style, smallest: usize) -> Result<Self> {
        let mut levels = vec![Level::new(target, 0, size, style)?];
        let mut size = size;
        while size[0].max(size[1]) > smallest {
            size = size.map(|n| n.div_ceil(2));
            levels.push(Level::new(target, levels.len(), size, style)?);
        }
        Ok(Self { levels })
    }

    /// Takes the next row of the band.
    pub fn push(&mut self, row: &[f64], shrink: Shrink) -> Result<()> {
        push(&mut self.levels, row.to_vec(), shrink)
    }
}

fn push(levels: &mut [Level], row: Vec<f64>, shrink: Shrink) -> Result<()> {
    let Some((level, smaller)) = levels.split_first_mut() else { return Ok(()) };
    level.rows.extend_from_slice(&row);
    level.seen += 1;
    let last = level.seen == level.height;
    if last || level.rows.len() == level.width * level.style.tile {
        level.flush()?;
    }
    if last {
        // The next band starts anew.
        level.seen = 0;
    }
    if smaller.is_empty() {
        return Ok(());
    }
    match level.waiting.take() {
        Some(above) => push(smaller, halve(&above, Some(&row), shrink), shrink),
        None if last => push(smaller, halve(&row, None, shrink), shrink),
        None => {
            level.waiting = Some(row);
            Ok(())
        }
    }
}

/// Two rows become one of half the length; an odd row or column stands alone.
fn halve(above: &[f64], below: Option<&[f64]>, shrink: Shrink) -> Vec<f64> {
    (0..above.len().div_ceil(2))
        .map(|i| {
            let at = 2 * i..(2 * i + 2).min(above.len());
            let cells = above[at.clone()].iter().chain(below.into_iter().flat_map(|b| &b[at.clone()]));
            match shrink {
                Shrink::First => above[2 * i],
                Shrink::Mean => {
                    let (mut sum, mut n) = (0.0, 0.0);
                    for &v in cells.filter(|v| !v.is_nan()) {
                        sum += v;
                        n += 1.0;
                    }
                    if n > 0.0 { sum / n } else { f64::NAN }
                }
            }
        })
        .collect()
}

/// One tile of the rows that wait: padded with missing, differenced as TIFF's predictor 3 does, deflated.
fn pack(rows: &[f64], width: usize, across: usize, tile: usize, single: bool) -> Result<Vec<u8>> {
    let bytes = if single { 4 } else { 8 };
    let mut plain = vec![0_u8; tile * tile * bytes];
    let (from, to) = (across * tile, ((across + 1) * tile).min(width));
    for (r, line) in plain.chunks_exact_mut(tile * bytes).enumerate() {
        let row = rows.get(r * width + from..r * width + to).unwrap_or_default();
        for i in 0..tile {
            let value = row.get(i).copied().unwrap_or(f64::NAN);
            let big_endian = if single { u64::from((value as f32).to_bits()) << 32 } else { value.to_bits() }.to_be_bytes();
            for (plane, &byte) in big_endian[..bytes].iter().enumerate() {
                line[plane * tile + i] = byte;
            }
        }
        for i in (1..line.len()).rev() {
            line[i] = line[i].wrapping_sub(line[i - 1]);
        }
    }
    let level = libdeflater::CompressionLvl::new(EFFORT).unwrap_or_default();
    let mut compressor = libdeflater::Compressor::new(level);
    let mut packed = vec![0; compressor.zlib_compress_bound(plain.len())];
    let n = compressor.zlib_compress(&plain, &mut packed).map_err(|_| Error::numeric("a tile that deflate cannot hold"))?;
    packed.truncate(n);
    Ok(packed)
}

/// What a first look at all values found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked {
    /// Whether every value is exactly an `f32`.
    pub single: bool,
    /// Whether every value is a whole number.
    pub whole: bool,
}

impl Looked {
    /// Before any value.
    pub fn new() -> Self {
        Self { single: true, whole: true }
    }

    /// Looks at more values.
    pub fn at(&mut self, values: &[f64]) {
        self.single &= values.iter().all(|&v| v.is_nan() || f64::from(v as f32) == v);
        self.whole &= values.iter().all(|v| v.is_nan() || v.fract() == 0.0);
    }

    /// Whether to store `f32`.
    pub fn single(&self, precision: Precision) -> bool {
        match precision {
            Precision::Exact => self.single,
            Precision::Single => true,
            Precision::Double => false,
        }
    }
}
