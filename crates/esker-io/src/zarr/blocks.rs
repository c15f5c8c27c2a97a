//! Windows of Zarr arrays: only the chunks touched are read, side by side, each straight into its place.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range as Cells;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};

use esker_core::cube::Window;
use esker_core::{Error, Result};
use rayon::prelude::*;

use super::codec::{self, MOST_TEXTS, Pack, Scratch, Size};
use super::dtype::Dtype;
use super::meta::{Array, Codecs, Fill, Inner, Shards};
use super::store::{Range, Store};
use crate::cf::RawBlocks;

/// Most cells of one window.
const MOST_CELLS: usize = 1 << 31;
/// Most cells of a shard that has to be unpacked whole.
const MOST_WHOLE: usize = 1 << 28;
/// Shard indexes that are kept.
const INDEXES: usize = 256;

/// The arrays of a store.
pub(super) struct Arrays {
    pub store: Store,
    /// Path and metadata.
    pub arrays: Vec<(String, Array)>,
    /// Places of chunks in shards, by array and shard; none where the shard is not there.
    pub indexes: Mutex<Indexes>,
}

/// Indexes of shards by array and place. Each is fetched once, by whoever holds its lock first.
type Indexes = HashMap<(usize, Vec<usize>), Arc<Mutex<Known>>>;

/// An index once it was looked for; none where the shard is not there.
type Known = Option<Option<Arc<Index>>>;

/// Offset and length of each chunk of a shard; all ones where there is none.
type Index = Vec<[u64; 2]>;

/// A chunk as it comes out of its codecs, in the order of the axes.
enum Chunk<'a> {
    /// No such chunk: the fill value everywhere.
    Fill,
    Cells(Cow<'a, [u8]>),
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// The grid that windows are read by: that of the chunks within shards where these can be read alone.
pub(super) struct Grid<'a> {
    chunk: &'a [usize],
    dtype: Dtype,
    codecs: &'a Codecs,
    shards: Option<&'a Shards>,
}

impl<'a> Grid<'a> {
    pub(super) fn of(array: &'a Array) -> Self {
        match &array.codecs {
            Codecs { order: None, inner: Inner::Shards(shards), packs } if packs.is_empty() => {
                Self { chunk: &shards.chunk, dtype: shards.dtype, codecs: &shards.codecs, shards: Some(shards) }
            }
            codecs => Self { chunk: &array.chunk, dtype: array.dtype, codecs, shards: None },
        }
    }

    /// Most bytes that a packed chunk can have: packing makes nothing much longer.
    fn most(&self) -> u64 {
        let cells: usize = self.chunk.iter().product();
        let plain = self.dtype.size().map_or(MOST_TEXTS, |size| cells * size);
        let index = match &self.codecs.inner {
            Inner::Shards(shards) => index_length(shards, cells / shards.chunk.iter().product::<usize>().max(1)),
            _ => 0,
        };
        (plain + index) as u64 * 2 + (1 << 16)
    }

    /// Lengths of the blocks, none longer than its axis.
    pub(super) fn lengths(&self, shape: &[usize]) -> Vec<usize> {
        self.chunk.iter().zip(shape).map(|(&c, &n)| c.min(n).max(1)).collect()
    }
}

/// A part of a window that lies in one chunk: the chunk's place, the part, and where its rows go.
struct Part<'a, T> {
    place: Vec<usize>,
    cells: Window,
    rows: Vec<&'a mut [T]>,
}

/// Cuts a window, whose values are `out`, along the grid of chunks.
fn cut<'a, T>(window: &Window, chunk: &[usize], out: &'a mut [T]) -> Vec<Part<'a, T>> {
    let dims = chunk.len();
    let cuts: Vec<Vec<Cells<usize>>> =
        (0..dims).map(|d| Window(vec![window.0[d].clone()]).blocks(&chunk[d..=d]).into_iter().map(|w| w.0[0].clone()).collect()).collect();
    let mut parts: Vec<Part<'a, T>> = window
        .blocks(chunk)
        .into_iter()
        .map(|cells| Part { place: cells.0.iter().zip(chunk).map(|(r, &c)| r.start / c).collect(), cells, rows: Vec::new() })
        .collect();
    if dims == 0 {
        parts[0].rows.push(out);
        return parts;
    }
    for part in &mut parts {
        part.rows.reserve_exact(part.cells.0[..dims - 1].iter().map(Cells::len).product());
    }
    let last = &cuts[dims - 1];
    let mut at: Vec<usize> = window.0[..dims - 1].iter().map(|r| r.start).collect();
    let mut rest = out;
    while !rest.is_empty() {
        let first = (0..dims - 1).fold(0, |n, d| n * cuts[d].len() + at[d] / chunk[d] - window.0[d].start / chunk[d]) * last.len();
        for (k, run) in last.iter().enumerate() {
            let (row, behind) = rest.split_at_mut(run.len());
            parts[first + k].rows.push(row);
            rest = behind;
        }
        for d in (0..dims - 1).rev() {
            at[d] += 1;
            if at[d] < window.0[d].end {
                break;
            }
            at[d] = window.0[d].start;
        }
    }
    parts
}

impl Arrays {
    /// The values of a window, made by `put` from a chunk, the cell it starts at, and where the values go.
    fn gather<T: Send + Clone>(&self, variable: usize, window: &Window, empty: T, put: Put<'_, T>) -> Result<Vec<T>> {
        let (path, array) = &self.arrays[variable];
        let grid = Grid::of(array);
        // Whether the memory is there is asked first; then it is taken zeroed, so that each thread touches its own part of it first.
        if window.len() > MOST_CELLS || Vec::<T>::new().try_reserve_exact(window.len()).is_err() {
            return Err(Error::data(format!("variable '{path}'"))
                .got(format!("{} cells", window.len()))
                .rule("so many do not fit into memory at once")
                .hint("read a smaller window"));
        }
        let mut out = vec![empty; window.len()];
        if out.is_empty() {
            return Ok(out);
        }
        // A slab for each row of chunks along the slowest axis, and within it a part for each chunk.
        let mut slabs = Vec::new();
        match window.0.first() {
            None => slabs.push((window.clone(), out.as_mut_slice())),
            Some(first) => {
                let row = window.len() / first.len();
                let mut rest = out.as_mut_slice();
                for slab in Window(vec![first.clone()]).blocks(&grid.chunk[..1]) {
                    let (values, behind) = rest.split_at_mut(slab.len() * row);
                    let mut ranges = window.0.clone();
                    ranges[0] = slab.0[0].clone();
                    slabs.push((Window(ranges), values));
                    rest = behind;
                }
            }
        }
        if self.store.in_flight() > 1 {
            let parts = slabs.into_iter().flat_map(|(slab, values)| cut(&slab, grid.chunk, values)).collect();
            self.fill_ahead(variable, &grid, parts, put)?;
            return Ok(out);
        }
        let kept = Mutex::new(Vec::new());
        slabs.into_par_iter().try_for_each(|(slab, values)| {
            cut(&slab, grid.chunk, values).into_par_iter().try_for_each(|part| {
                let mut scratch: Scratch = kept.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
                let there = self.stored(variable, &grid, &part.place, &mut scratch.packed)?;
                let chunk = if there { from_scratch(&grid, &mut scratch, &array.fill) } else { Ok(Chunk::Fill) };
                let chunk = chunk.map_err(|got| self.damaged(path, &part.place, got))?;
                fill_rows(part, grid.chunk, |at, row| put(&chunk, grid.dtype, at, row));
                drop(chunk);
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
                Ok(())
            })
        })?;
        Ok(out)
    }

    /// Fills parts from chunks that take their time to come: many are asked for at once by threads that only wait, and are unpacked by
    /// the threads of the pool as they arrive.
    fn fill_ahead<T: Send>(&self, variable: usize, grid: &Grid<'_>, parts: Vec<Part<'_, T>>, put: Put<'_, T>) -> Result<()> {
        let (path, array) = &self.arrays[variable];
        let places: Vec<Vec<usize>> = parts.iter().map(|p| p.place.clone()).collect();
        let parts: Vec<Mutex<Option<Part<'_, T>>>> = parts.into_iter().map(|p| Mutex::new(Some(p))).collect();
        let next = AtomicUsize::new(0);
        // As many again may have come and wait to be unpacked.
        let (send, come) = sync_channel(self.store.in_flight());
        std::thread::scope(|scope| {
            for _ in 0..self.store.in_flight().min(places.len()) {
                let (send, next, places) = (send.clone(), &next, &places);
                scope.spawn(move || {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(place) = places.get(at) else { return };
                        let mut packed = Vec::new();
                        let there = self.stored(variable, grid, place, &mut packed);
                        let failed = there.is_err();
                        // Nobody listens any more after an error.
                        if send.send((at, there.map(|there| there.then_some(packed)))).is_err() || failed {
                            return;
                        }
                    }
                });
            }
            drop(send);
            come.into_iter().par_bridge().try_for_each(|(at, packed)| {
                let mut scratch = Scratch::default();
                let chunk = match packed? {
                    Some(packed) => {
                        scratch.packed = packed;
                        from_scratch(grid, &mut scratch, &array.fill)
                    }
                    None => Ok(Chunk::Fill),
                };
                let chunk = chunk.map_err(|got| self.damaged(path, &places[at], got))?;
                let part = parts[at].lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(part) = part {
                    fill_rows(part, grid.chunk, |at, row| put(&chunk, grid.dtype, at, row));
                }
                Ok(())
            })
        })
    }

    /// Reads the packed bytes of a chunk of the grid; whether the store has such a chunk.
    fn stored(&self, variable: usize, grid: &Grid<'_>, place: &[usize], out: &mut Vec<u8>) -> Result<bool> {
        let (path, array) = &self.arrays[variable];
        let Some(shards) = grid.shards else {
            return self.store.range_into(&join(path, &array.key(place)), Range::AtMost(grid.most()), out);
        };
        let per: Vec<usize> = array.chunk.iter().zip(&shards.chunk).map(|(o, i)| o / i).collect();
        let shard: Vec<usize> = place.iter().zip(&per).map(|(p, n)| p / n).collect();
        let number = place.iter().zip(&per).fold(0, |at, (p, n)| at * n + p % n);
        let key = join(path, &array.key(&shard));
        let Some(index) = self.index(variable, shards, &shard, &key, per.iter().product())? else { return Ok(false) };
        match index[number] {
            [u64::MAX, u64::MAX] => Ok(false),
            [_, len] if len > grid.most() => Err(self.damaged(path, place, format!("{len} bytes for it in the index of its shard"))),
            [from, len] => self.store.range_into(&key, Range::Part(from, len), out),
        }
    }

    fn index(&self, variable: usize, shards: &Shards, shard: &[usize], key: &str, chunks: usize) -> Result<Option<Arc<Index>>> {
        let entry = {
            let mut known = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= INDEXES {
                known.clear();
            }
            Arc::clone(known.entry((variable, shard.to_vec())).or_default())
        };
        let mut entry = entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*entry {
            return Ok(known.clone());
        }
        let length = index_length(shards, chunks) as u64;
        let range = if shards.at_end { Range::Last(length) } else { Range::Part(0, length) };
        let index = match self.store.range(key, range)? {
            Some(bytes) => {
                Some(Arc::new(parse_index(shards, &bytes, chunks).map_err(|got| self.damaged(&self.arrays[variable].0, shard, got))?))
            }
            None => None,
        };
        *entry = Some(index.clone());
        Ok(index)
    }

    fn damaged(&self, path: &str, place: &[usize], got: String) -> Error {
        Error::data(format!("chunk {place:?} of variable '{path}'"))
            .got(got)
            .rule("it must unpack to the cells that its metadata say")
            .hint("copy the store again; it may be damaged")
    }
}

/// Makes values of a chunk from a cell on, as many as there are places.
type Put<'a, T> = &'a (dyn Fn(&Chunk<'_>, Dtype, usize, &mut [T]) + Sync);

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") }
}

/// Hands each row of a part, with the place of its first cell in the chunk, to `put`.
fn fill_rows<T>(part: Part<'_, T>, chunk: &[usize], put: impl Fn(usize, &mut [T])) {
    let dims = chunk.len();
    let from: Vec<usize> = part.cells.0.iter().zip(chunk).map(|(r, &c)| r.start % c).collect();
    let counts = part.cells.shape();
    for (k, row) in part.rows.into_iter().enumerate() {
        let (mut left, mut at, mut stride) = (k, from.last().copied().unwrap_or(0), chunk.last().copied().unwrap_or(1));
        for d in (0..dims.saturating_sub(1)).rev() {
            at += (from[d] + left % counts[d]) * stride;
            left /= counts[d];
            stride *= chunk[d];
        }
        put(at, row);
    }
}

fn index_length(shards: &Shards, chunks: usize) -> usize {
    chunks * 16 + shards.index.len() * 4
}

fn parse_index(shards: &Shards, bytes: &[u8], chunks: usize) -> Result<Index, String> {
    let plain = codec::unpack(&shards.index, bytes, Size::Exact(chunks * 16))?;
    let number = |b: &[u8; 8]| if shards.index_big { u64::from_be_bytes(*b) } else { u64::from_le_bytes(*b) };
    let numbers = plain.as_chunks::<8>().0;
    Ok(numbers.as_chunks::<2>().0.iter().map(|[from, len]| [number(from), number(len)]).collect())
}

/// The cells of the chunk whose packed bytes have been read.
fn from_scratch<'a>(grid: &Grid<'_>, scratch: &'a mut Scratch, fill: &Fill) -> Result<Chunk<'a>, String> {
    if let (Codecs { order: None, inner: Inner::Cells, packs }, Some(size)) = (grid.codecs, grid.dtype.size()) {
        let cells = grid.chunk.iter().product::<usize>();
        return scratch.unpack(packs, Size::Exact(cells * size)).map(Chunk::Cells);
    }
    unpacked(grid.codecs, grid.dtype, grid.chunk, &scratch.packed, fill)
}

/// The cells of a chunk from its packed bytes.
fn unpacked<'a>(codecs: &Codecs, dtype: Dtype, chunk: &[usize], packed: &'a [u8], fill: &Fill) -> Result<Chunk<'a>, String> {
    let cells: usize = chunk.iter().product();
    let stored: Vec<usize> = match &codecs.order {
        Some(order) => order.iter().map(|&a| chunk[a]).collect(),
        None => chunk.to_vec(),
    };
    let size = match (&codecs.inner, dtype.size()) {
        (Inner::Cells, Some(size)) => Size::Exact(cells * size),
        _ => Size::AtMost(MOST_TEXTS),
    };
    let bytes = codec::unpack(&codecs.packs, packed, size)?;
    let found = match &codecs.inner {
        Inner::Cells => Chunk::Cells(bytes),
        Inner::Texts => Chunk::Texts(codec::texts(&bytes, cells)?),
        Inner::Shards(shards) => whole_shard(shards, &stored, &bytes, fill)?,
    };
    let Some(order) = &codecs.order else { return Ok(found) };
    Ok(match found {
        Chunk::Fill => Chunk::Fill,
        Chunk::Cells(bytes) => {
            let size = dtype.size().unwrap_or(1);
            let mut out = vec![0; bytes.len()];
            for (from, to) in places(&stored, order, chunk).enumerate() {
                out[to * size..(to + 1) * size].copy_from_slice(&bytes[from * size..(from + 1) * size]);
            }
            Chunk::Cells(Cow::Owned(out))
        }
        Chunk::Numbers(values) => Chunk::Numbers(turned(&values, &stored, order, chunk)),
        Chunk::Texts(values) => Chunk::Texts(turned(&values, &stored, order, chunk)),
    })
}

fn turned<T: Clone>(values: &[T], stored: &[usize], order: &[usize], chunk: &[usize]) -> Vec<T> {
    let mut out = values.to_vec();
    for (value, to) in values.iter().zip(places(stored, order, chunk)) {
        out[to] = value.clone();
    }
    out
}

/// Where the cells of a chunk, taken in stored order, lie in the order of the axes.
fn places(stored: &[usize], order: &[usize], chunk: &[usize]) -> impl Iterator<Item = usize> {
    let mut strides = vec![1; chunk.len()];
    for d in (0..chunk.len().saturating_sub(1)).rev() {
        strides[d] = strides[d + 1] * chunk[d + 1];
    }
    let steps: Vec<usize> = order.iter().map(|&a| strides[a]).collect();
    let (shape, mut at, mut place) = (stored.to_vec(), vec![0; stored.len()], 0);
    (0..stored.iter().product()).map(move |_| {
        let here = place;
        for d in (0..shape.len()).rev() {
            at[d] += 1;
            place += steps[d];
            if at[d] < shape[d] {
                break;
            }
            place -= shape[d] * steps[d];
            at[d] = 0;
        }
        here
    })
}

/// A shard that something is wrapped around: all of it.
fn whole_shard(shards: &Shards, shape: &[usize], bytes: &[u8], fill: &Fill) -> Result<Chunk<'static>, String> {
    let cells: usize = shape.iter().product();
    if cells > MOST_WHOLE {
        return Err(format!("a shard of {cells} cells that can only be read whole, where at most {MOST_WHOLE} are"));
    }
    let window = Window::whole(shape);
    let parts = window.blocks(&shards.chunk);
    let length = index_length(shards, parts.len());
    let (at, cut) = if shards.at_end { (bytes.len().checked_sub(length), bytes.len()) } else { (Some(0), length) };
    let index = at.and_then(|at| bytes.get(at..cut)).ok_or("a shard shorter than its index")?;
    let index = parse_index(shards, index, parts.len())?;
    let mut numbers = vec![f64::NAN; if shards.dtype.is_text() { 0 } else { cells }];
    let mut texts = vec![String::new(); if shards.dtype.is_text() { cells } else { 0 }];
    for (part, [from, len]) in parts.iter().zip(index) {
        let end = from.checked_add(len);
        let packed = match end {
            None => None,
            Some(end) => Some(bytes.get(from as usize..end as usize).ok_or("a chunk outside its shard")?),
        };
        let chunk = match packed {
            Some(packed) => unpacked(&shards.codecs, shards.dtype, &shards.chunk, packed, fill)?,
            None => Chunk::Fill,
        };
        if shards.dtype.is_text() {
            let mut values = vec![String::new(); part.len()];
            put_texts(&chunk, shards.dtype, fill, 0, &mut values);
            window.place(part, &values, &mut texts);
        } else {
            let mut values = vec![0.0; part.len()];
            put_numbers(&chunk, shards.dtype, fill, 0, &mut values);
            window.place(part, &values, &mut numbers);
        }
    }
    Ok(if shards.dtype.is_text() { Chunk::Texts(texts) } else { Chunk::Numbers(numbers) })
}

fn put_numbers(chunk: &Chunk<'_>, dtype: Dtype, fill: &Fill, at: usize, out: &mut [f64]) {
    match (chunk, fill) {
        (Chunk::Cells(bytes), _) => dtype.numbers(&bytes[at * dtype.size().unwrap_or(1)..], out),
        (Chunk::Numbers(values), _) => out.copy_from_slice(&values[at..at + out.len()]),
        (Chunk::Fill, Fill::Number(fill)) => out.fill(*fill),
        (Chunk::Fill, Fill::Text(_)) | (Chunk::Texts(_), _) => out.fill(f64::NAN),
    }
}

fn put_texts(chunk: &Chunk<'_>, dtype: Dtype, fill: &Fill, at: usize, out: &mut [String]) {
    match (chunk, fill) {
        (Chunk::Cells(bytes), _) => {
            let size = dtype.size().unwrap_or(1);
            for (o, cell) in out.iter_mut().zip(bytes[at * size..].chunks_exact(size)) {
                *o = dtype.text(cell);
            }
        }
        (Chunk::Texts(values), _) => out.clone_from_slice(&values[at..at + out.len()]),
        (Chunk::Fill, Fill::Text(fill)) => out.fill(fill.clone()),
        (Chunk::Fill, Fill::Number(_)) | (Chunk::Numbers(_), _) => {}
    }
}

impl RawBlocks for Arrays {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let fill = &self.arrays[variable].1.fill;
        self.gather(variable, window, 0.0, &|chunk, dtype, at, row| put_numbers(chunk, dtype, fill, at, row))
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        let fill = &self.arrays[variable].1.fill;
        self.gather(variable, window, String::new(), &|chunk, dtype, at, row| put_texts(chunk, dtype, fill, at, row))
    }
}

/// Whether a list of codecs holds this one anywhere, for the words on storage.
pub(super) fn packing(codecs: &Codecs) -> Vec<&'static str> {
    let mut words = Vec::new();
    let mut packs: Vec<&Pack> = codecs.packs.iter().collect();
    if let Inner::Shards(shards) = &codecs.inner {
        words.push("sharded");
        packs.extend(&shards.codecs.packs);
    }
    words.extend(packs.into_iter().map(|p| match p {
        Pack::Gzip => "gzip",
        Pack::Zlib => "zlib",
        Pack::Zstd => "zstd",
        Pack::Blosc => "blosc",
        Pack::Lz4 => "lz4",
        Pack::Crc32c { .. } | Pack::Crc32 | Pack::Adler32 | Pack::Fletcher32 => "checksum",
        Pack::Shuffle(_) => "shuffle",
        Pack::Delta { .. } => "delta",
        Pack::Scaled { .. } => "fixed scale",
    }));
    words
}
