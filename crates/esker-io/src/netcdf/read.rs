//! Reading windows: straight from the stored bytes into the places of the result, in parallel over chunks.

use std::collections::HashMap;
use std::ops::Range;

use esker_core::cube::Window;
use esker_core::{Error, Fault, Result};
use hdf5_reader::Storage;
use rayon::prelude::*;

use super::convert::Convert;
use super::filters::{Decoded, Scratch};
use super::source::{Chunks, Hdf, Layout, Place, Source};

/// Most values of one read (16 GiB of numbers).
const MOST_VALUES: usize = 1 << 31;
/// A read of fewer values than this is served however small the file is.
const FREE_VALUES: usize = 1 << 24;
/// Values a byte of file can stand for, at best: deflate makes one byte out of 1032.
const VALUES_A_BYTE: u64 = 1100;
/// Bytes fetched in one go where not all are wanted, and where most are.
const SPAN: u64 = 1 << 16;
const DENSE_SPAN: u64 = 1 << 22;
/// Elements converted before they are finished, so that they are still in the cache.
const PIECE: usize = 1 << 12;

/// What is done to values once they are converted.
pub(super) type Finish<'a, T> = &'a (dyn Fn(&mut [T]) + Sync);

/// How to read one variable.
pub(super) struct Reader<'a, C: Convert> {
    pub source: &'a Source,
    pub storage: &'a dyn Storage,
    pub hdf: Option<Hdf<'a>>,
    pub convert: &'a C,
    pub finish: Finish<'a, C::Out>,
}

impl<C: Convert> Reader<'_, C> {
    /// The values of a window, slowest axis first.
    pub fn read(&self, window: &Window) -> Result<Vec<C::Out>> {
        let source = self.source;
        source.check(self.storage.len())?;
        let wanted = window.0.iter().try_fold(1_usize, |n, r| n.checked_mul(r.len())).and_then(|n| n.checked_mul(self.convert.per()));
        let fits = |&n: &usize| n <= FREE_VALUES || (n <= MOST_VALUES && n as u64 / VALUES_A_BYTE <= self.storage.len());
        let Some(wanted) = wanted.filter(fits) else {
            return Err(Error::data(format!("variable '{}'", source.name))
                .got(format!("a window {window} of more values than the file or memory can hold"))
                .rule("a read is of at most 2147483648 values, and of no more than the file's bytes can stand for")
                .hint("read a smaller window; if the axes look absurd, the file is damaged"));
        };
        let mut out = vec![C::Out::default(); wanted];
        if wanted == 0 {
            return Ok(out);
        }
        match &source.layout {
            Layout::Empty => self.fill(&mut out),
            Layout::Plain { start, strides } => {
                // A dataset in one piece is never shorter than its variable.
                let first = window.0.iter().zip(strides).fold(*start, |at, (r, s)| at + r.start as u64 * s);
                self.plain(&Box { strides, dim: 0, counts: &window.shape(), first }, &mut out)?;
            }
            Layout::Held(bytes) => {
                let strides = super::source::strides(&source.stored, source.size).unwrap_or_default();
                let first = window.0.iter().zip(&strides).fold(0, |at, (r, s)| at + r.start as u64 * s);
                let area = Box { strides: &strides, dim: 0, counts: &window.shape(), first };
                let span = usize::try_from(first + area.span(source.size)).unwrap_or(usize::MAX);
                if bytes.len() < span {
                    return Err(Error::data(format!("variable '{}'", source.name)).rule("it is cut off"));
                }
                self.scatter(&area, bytes, 0, &mut out);
            }
            Layout::Chunked(chunks) => self.chunked(chunks, window, &mut out)?,
        }
        Ok(out)
    }

    fn fill(&self, out: &mut [C::Out]) {
        self.convert.fill(&self.source.fill, out);
        (self.finish)(out);
    }

    /// A box of an array in one piece.
    fn plain(&self, area: &Box<'_>, out: &mut [C::Out]) -> Result<()> {
        let (size, per) = (self.source.size, self.convert.per());
        let (span, useful) = (area.span(size), (out.len() / per * size) as u64);
        if span <= SPAN || (span <= DENSE_SPAN && useful >= span / 4) || area.dim == area.counts.len() {
            let bytes = self.fetch(area.first, span)?;
            self.scatter(area, &bytes, area.first, out);
            return Ok(());
        }
        let rest: usize = area.counts[area.dim + 1..].iter().product();
        let stride = area.strides[area.dim];
        let step = usize::try_from(DENSE_SPAN / stride.max(1)).unwrap_or(1).max(1);
        let step = if rest as u64 * size as u64 >= stride / 4 { step } else { 1 };
        let pieces = out.par_chunks_mut(step * rest * per).with_min_len(if rest < 64 { 64 } else { 1 });
        pieces.enumerate().try_for_each(|(i, piece)| {
            let first = area.first + (i * step) as u64 * stride;
            let n = piece.len() / (rest * per);
            if n == 1 {
                return self.plain(&Box { first, dim: area.dim + 1, ..*area }, piece);
            }
            let mut counts = area.counts.to_vec();
            counts[area.dim] = n;
            self.plain(&Box { first, counts: &counts, ..*area }, piece)
        })
    }

    /// Elements of a box out of bytes that start at `base` of the file.
    fn scatter(&self, area: &Box<'_>, bytes: &[u8], base: u64, out: &mut [C::Out]) {
        let (size, per) = (self.source.size, self.convert.per());
        let dim = area.dim;
        if out.len() == per || area.together(size) {
            let at = (area.first - base) as usize;
            for (i, piece) in out.chunks_mut(PIECE * per).enumerate() {
                let from = at + i * PIECE * size;
                self.convert.plain(&bytes[from..from + piece.len() / per * size], piece);
                (self.finish)(piece);
            }
            return;
        }
        let rest: usize = area.counts[dim + 1..].iter().product();
        for (i, piece) in out.chunks_mut(rest * per).enumerate() {
            self.scatter(&Box { first: area.first + i as u64 * area.strides[dim], dim: dim + 1, ..*area }, bytes, base, piece);
        }
    }

    fn fetch(&self, at: u64, n: u64) -> Result<hdf5_reader::StorageBuffer> {
        let n = usize::try_from(n).map_err(|_| Error::data("a file").rule("a length is absurd"))?;
        self.storage.read_range(at, n).map_err(|e| {
            let fault = if matches!(e, hdf5_reader::error::Error::Io(_)) { Fault::Io } else { Fault::Data };
            Error::new(fault, format!("variable '{}'", self.source.name)).got(e.to_string()).rule("its values must be in the file")
        })
    }

    fn chunked(&self, chunks: &Chunks, window: &Window, out: &mut [C::Out]) -> Result<()> {
        let source = self.source;
        let Some(hdf) = self.hdf else { return Err(Error::data("a chunked variable").rule("only HDF5 has chunks")) };
        let named = |e: Error| Error { thing: format!("variable '{}', {}", source.name, e.thing), ..e };
        let first: Vec<u64> = window.0.iter().zip(&chunks.shape).map(|(r, &c)| (r.start / c) as u64).collect();
        let last: Vec<u64> = window.0.iter().zip(&chunks.shape).map(|(r, &c)| ((r.end - 1) / c) as u64).collect();
        let found;
        let places = match chunks.held() {
            Some(places) => places,
            None => {
                found = chunks.places(hdf, &source.stored, source.size, (&first, &last)).map_err(named)?;
                &found
            }
        };
        let split = Split::new(window, &chunks.shape);
        let parts = split.deal(window, &chunks.shape, self.convert.per(), out);
        let many = parts.len() > 1;
        let work = |scratch: &mut Scratch, (number, segments): (usize, Vec<&mut [C::Out]>)| {
            let part = split.part(number, window, &chunks.shape);
            self.part(chunks, places, &part, segments, scratch).map_err(named)
        };
        let parts = parts.into_iter().enumerate();
        if many {
            let parts: Vec<_> = parts.collect();
            parts.into_par_iter().try_for_each_init(Scratch::new, work)
        } else {
            let mut scratch = Scratch::new();
            parts.into_iter().try_for_each(|p| work(&mut scratch, p))
        }
    }

    /// One chunk's share of a window.
    fn part(
        &self,
        chunks: &Chunks,
        places: &HashMap<u64, Place>,
        part: &Window,
        mut segments: Vec<&mut [C::Out]>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let stored = &self.source.stored;
        let grid = chunks.grid(stored);
        let number = Chunks::number(&grid, part.0.iter().zip(&chunks.shape).map(|(r, &c)| (r.start / c) as u64));
        let Some(place) = number.and_then(|n| places.get(&n)) else {
            segments.iter_mut().for_each(|s| self.fill(s));
            return Ok(());
        };
        let raw = self.fetch(place.address, place.size)?;
        let decoded = chunks.filters.decode(&raw, place.mask, scratch)?;
        let inner: Vec<Range<usize>> = part.0.iter().zip(&chunks.shape).map(|(r, &c)| r.start % c..r.start % c + r.len()).collect();
        if part.0.iter().zip(stored).any(|(r, &n)| r.end > n) {
            self.padded(&chunks.shape, &decoded, part, segments);
            return Ok(());
        }
        self.rows(&chunks.shape, &decoded, &inner, &mut segments);
        Ok(())
    }

    /// Copies the cells `inner` of a chunk one after the other into segments; each row of cells lies within one segment.
    fn rows(&self, chunk: &[usize], decoded: &Decoded<'_>, inner: &[Range<usize>], segments: &mut [&mut [C::Out]]) {
        let (size, per, dims) = (self.source.size, self.convert.per(), inner.len());
        let count: usize = chunk.iter().product();
        let shortest = segments.iter().map(|s| s.len()).min().unwrap_or(0) / per;
        // Rows that follow each other in the chunk and in a segment are copied as one.
        let mut run = inner.last().map_or(1, |r| r.len());
        let mut outer = dims.saturating_sub(1);
        while outer > 0 && inner[outer].len() == chunk[outer] && run * inner[outer - 1].len() <= shortest {
            outer -= 1;
            run *= inner[outer].len();
        }
        let mut at: Vec<usize> = inner[..outer].iter().map(|r| r.start).collect();
        let tail = inner[outer..].iter().zip(&chunk[outer..]).fold(0, |n, (r, &c)| n * c + r.start);
        let below: usize = chunk[outer..].iter().product();
        for segment in segments {
            for row in segment.chunks_mut(run * per) {
                let first = at.iter().zip(&chunk[..outer]).fold(0, |n, (&i, &c)| n * c + i) * below + tail;
                for (i, piece) in row.chunks_mut(PIECE * per).enumerate() {
                    let from = first + i * PIECE;
                    if decoded.shuffled {
                        self.convert.planes(decoded.bytes, count, from, piece);
                    } else {
                        self.convert.plain(&decoded.bytes[from * size..][..piece.len() / per * size], piece);
                    }
                    (self.finish)(piece);
                }
                for d in (0..outer).rev() {
                    at[d] += 1;
                    if at[d] < inner[d].end {
                        break;
                    }
                    at[d] = inner[d].start;
                }
            }
        }
    }

    /// A part that reaches beyond what the dataset stores: the rest is the fill value.
    fn padded(&self, chunk: &[usize], decoded: &Decoded<'_>, part: &Window, segments: Vec<&mut [C::Out]>) {
        let per = self.convert.per();
        let mut whole = vec![C::Out::default(); part.len() * per];
        self.fill(&mut whole);
        let kept: Vec<Range<usize>> = part.0.iter().zip(&self.source.stored).map(|(r, &n)| r.start.min(n)..r.end.min(n)).collect();
        let kept = Window(kept);
        if !kept.is_empty() {
            let inner: Vec<Range<usize>> = kept.0.iter().zip(chunk).map(|(r, &c)| r.start % c..r.start % c + r.len()).collect();
            let mut values = vec![C::Out::default(); kept.len() * per];
            self.rows(chunk, decoded, &inner, &mut [&mut values]);
            let longer = |w: &Window| Window(w.0.iter().cloned().chain(std::iter::once(0..per)).collect());
            longer(part).place(&longer(&kept), &values, &mut whole);
        }
        let mut rest = whole.as_slice();
        for segment in segments {
            let (now, later) = rest.split_at(segment.len());
            segment.copy_from_slice(now);
            rest = later;
        }
    }
}

/// A box of cells of an array in one piece; axes before `dim` are at one cell each.
struct Box<'a> {
    strides: &'a [u64],
    dim: usize,
    counts: &'a [usize],
    first: u64,
}

impl Box<'_> {
    /// Bytes from the first element to the end of the last.
    fn span(&self, size: usize) -> u64 {
        let axes = self.counts.iter().zip(self.strides).skip(self.dim);
        axes.map(|(&n, &s)| (n as u64 - 1) * s).sum::<u64>() + size as u64
    }

    /// Whether its elements follow each other without gaps.
    fn together(&self, size: usize) -> bool {
        let n: usize = self.counts[self.dim..].iter().product();
        self.span(size) == (n * size) as u64
    }
}

/// How a window is dealt out to chunks: from axis `tail` on, it lies within one chunk along each.
struct Split {
    tail: usize,
    /// Chunks along each axis before `tail`.
    counts: Vec<usize>,
}

impl Split {
    fn new(window: &Window, chunk: &[usize]) -> Self {
        let counts: Vec<usize> = window.0.iter().zip(chunk).map(|(r, &c)| (r.end - 1) / c - r.start / c + 1).collect();
        let tail = counts.iter().rposition(|&n| n > 1).map_or(0, |d| d + 1);
        Self { tail, counts: counts[..tail].to_vec() }
    }

    /// The pieces of `out` that each chunk fills, in order.
    fn deal<'o, T>(&self, window: &Window, chunk: &[usize], per: usize, out: &'o mut [T]) -> Vec<Vec<&'o mut [T]>> {
        let Some(split) = self.tail.checked_sub(1) else { return vec![vec![out]] };
        let below: usize = window.0[self.tail..].iter().map(|r| r.len()).product::<usize>() * per;
        let cuts: Vec<usize> = (0..self.counts[split]).map(|k| along(&window.0[split], chunk[split], k).len()).collect();
        let mut parts: Vec<Vec<&mut [T]>> = (0..self.counts.iter().product()).map(|_| Vec::new()).collect();
        let mut at: Vec<usize> = window.0[..split].iter().map(|r| r.start).collect();
        let mut rest = out;
        while !rest.is_empty() {
            let column = at.iter().enumerate().fold(0, |n, (d, &i)| n * self.counts[d] + i / chunk[d] - window.0[d].start / chunk[d]);
            for (k, cut) in cuts.iter().enumerate() {
                let (now, later) = rest.split_at_mut(cut * below);
                parts[column * cuts.len() + k].push(now);
                rest = later;
            }
            for d in (0..split).rev() {
                at[d] += 1;
                if at[d] < window.0[d].end {
                    break;
                }
                at[d] = window.0[d].start;
            }
        }
        parts
    }

    /// The window's cells within its chunk of that number.
    fn part(&self, number: usize, window: &Window, chunk: &[usize]) -> Window {
        let mut ranges = window.0.clone();
        let mut left = number;
        for d in (0..self.tail).rev() {
            ranges[d] = along(&window.0[d], chunk[d], left % self.counts[d]);
            left /= self.counts[d];
        }
        Window(ranges)
    }
}

/// The part of a range within the `k`-th chunk that it meets.
fn along(range: &Range<usize>, chunk: usize, k: usize) -> Range<usize> {
    let start = (range.start / chunk + k) * chunk;
    start.max(range.start)..(start + chunk).min(range.end)
}
