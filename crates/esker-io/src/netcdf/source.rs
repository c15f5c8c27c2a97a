//! Where the values of a variable lie in the file: in one piece, in records, in chunks, or nowhere.

use std::collections::HashMap;
use std::sync::OnceLock;

use esker_core::{Error, Result};
use hdf5_reader::btree_v1::{BTreeV1Key, collect_btree_v1_leaves_storage};
use hdf5_reader::chunk_index::{ChunkEntry, collect_implicit_chunk_entries, collect_v2_chunk_entries_storage, single_chunk_entry};
use hdf5_reader::extensible_array::collect_extensible_array_chunk_entries_storage;
use hdf5_reader::fixed_array::collect_fixed_array_chunk_entries_storage;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::layout::{ChunkIndexing, DataLayout};
use hdf5_reader::object_header::ObjectHeader;
use hdf5_reader::{Datatype, Hdf5File, Storage};

use super::filters::{Filters, MOST_CHUNK};

/// A variable with more chunks than this has its index looked up window by window instead of being held whole.
const MOST_HELD: u64 = 1 << 18;

/// Where values lie.
pub(super) enum Layout {
    /// In one piece, or record by record.
    Plain {
        /// Byte of the first element.
        start: u64,
        /// Bytes from one cell to the next along each axis.
        strides: Vec<u64>,
    },
    /// In the header itself.
    Held(Vec<u8>),
    /// In chunks.
    Chunked(Box<Chunks>),
    /// Never written.
    Empty,
}

/// A variable's place in the file.
pub(super) struct Source {
    pub name: String,
    /// Cells along each axis; for an array of characters the last axis is their length.
    pub shape: Vec<usize>,
    /// Cells along each axis that the file has room for; beyond lies the fill value.
    pub stored: Vec<usize>,
    /// Bytes of an element.
    pub size: usize,
    /// The element where nothing was written.
    pub fill: Vec<u8>,
    pub layout: Layout,
}

/// Where a chunk lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub address: u64,
    pub size: u64,
    pub mask: u32,
}

/// The chunks of a variable.
pub(super) struct Chunks {
    /// Cells along each axis.
    pub shape: Vec<usize>,
    pub filters: Filters,
    address: u64,
    dims: Vec<u32>,
    indexing: Option<ChunkIndexing>,
    most: Option<Vec<u64>>,
    held: OnceLock<Result<HashMap<u64, Place>>>,
}

/// The bytes of an HDF5 file and how long its addresses are.
#[derive(Clone, Copy)]
pub(super) struct Hdf<'a> {
    pub storage: &'a dyn Storage,
    pub offsets: u8,
    pub lengths: u8,
}

impl<'a> Hdf<'a> {
    pub fn of(file: &'a Hdf5File) -> Self {
        let block = file.superblock();
        Self { storage: file.storage(), offsets: block.offset_size, lengths: block.length_size }
    }

    /// Whether an address is the mark for nothing.
    fn nowhere(self, address: u64) -> bool {
        address == u64::MAX || (self.offsets < 8 && address == (1 << (8 * u32::from(self.offsets))) - 1)
    }
}

/// What the messages of an object header say of a dataset.
pub(super) struct Described {
    pub datatype: Datatype,
    pub filters: String,
    pub chunk: Option<Vec<usize>>,
    pub source: Source,
}

impl Source {
    /// A variable of HDF5 from its header. `shape` is that of the variable, which may be longer than the dataset.
    pub fn hdf5(name: &str, hdf: Hdf<'_>, header: &ObjectHeader, shape: Vec<usize>) -> Result<Described> {
        let bad = |rule: &str| Error::data(format!("variable '{name}'")).rule(rule.to_owned());
        let (mut datatype, mut space, mut layout, mut filters, mut fill) = (None, None, None, Vec::new(), None);
        for message in &header.messages {
            match message {
                HdfMessage::Datatype(m) => datatype = Some(m.datatype.clone()),
                HdfMessage::Dataspace(m) => space = Some(m),
                HdfMessage::DataLayout(m) => layout = Some(m.layout.clone()),
                HdfMessage::FilterPipeline(m) => filters.clone_from(&m.filters),
                HdfMessage::FillValue(m) => fill = m.value.clone().or(fill),
                HdfMessage::ExternalFiles(_) => return Err(bad("its values are in other files, which are not followed")),
                _ => {}
            }
        }
        let (Some(datatype), Some(space), Some(layout)) = (datatype, space, layout) else {
            return Err(bad("its header lacks a type, a shape or a place"));
        };
        let size = element_size(&datatype, hdf.offsets).ok_or_else(|| bad("its type has no length"))?;
        let stored: Vec<usize> = space.dims.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        if stored.len() != shape.len() || !(1..=1 << 20).contains(&size) {
            return Err(bad("its header contradicts itself"));
        }
        if stored != shape && !matches!(layout, DataLayout::Chunked { .. }) {
            return Err(bad("its shape is not that of its axes"));
        }
        let described = Filters::describe(&filters);
        let (layout, chunk) = match layout {
            DataLayout::Compact { data } => (Layout::Held(data), None),
            DataLayout::Contiguous { address, .. } if hdf.nowhere(address) => (Layout::Empty, None),
            DataLayout::Contiguous { address, .. } => {
                (Layout::Plain { start: address, strides: strides(&stored, size).ok_or_else(|| bad("it is too long"))? }, None)
            }
            DataLayout::Chunked { address, .. } if hdf.nowhere(address) => (Layout::Empty, None),
            DataLayout::Chunked { address, dims, chunk_indexing, .. } => {
                let chunk: Vec<usize> = dims.iter().map(|&n| n as usize).collect();
                let full = chunk.iter().try_fold(size, |n, &c| n.checked_mul(c)).filter(|&n| n > 0 && n <= MOST_CHUNK);
                let full = full.filter(|_| chunk.len() == shape.len()).ok_or_else(|| bad("its chunks are empty or larger than 1 GiB"))?;
                let chunks = Chunks {
                    shape: chunk.clone(),
                    filters: Filters::new(filters, size, full),
                    address,
                    dims,
                    indexing: chunk_indexing,
                    most: space.max_dims.clone(),
                    held: OnceLock::new(),
                };
                (Layout::Chunked(Box::new(chunks)), Some(chunk))
            }
        };
        let fill = fill.filter(|f| f.len() == size).unwrap_or_else(|| vec![0; size]);
        let source = Self { name: name.to_owned(), shape, stored, size, fill, layout };
        Ok(Described { datatype, filters: described, chunk, source })
    }

    /// Refuses values beyond the end of the file, before anything is allocated for them.
    pub fn check(&self, length: u64) -> Result<()> {
        let Layout::Plain { start, strides } = &self.layout else { return Ok(()) };
        if self.stored.contains(&0) {
            return Ok(());
        }
        let last = self.stored.iter().zip(strides).try_fold(*start, |at, (&n, &s)| at.checked_add((n as u64 - 1).checked_mul(s)?));
        match last.and_then(|l| l.checked_add(self.size as u64)) {
            Some(end) if end <= length => Ok(()),
            _ => Err(Error::data(format!("variable '{}'", self.name))
                .got(format!("values that reach beyond the file's {length} bytes"))
                .rule("the file is cut off or damaged")
                .hint("fetch it again")),
        }
    }
}

/// Bytes from one cell to the next along each axis of an array in one piece.
pub(super) fn strides(shape: &[usize], size: usize) -> Option<Vec<u64>> {
    let mut all = vec![0; shape.len()];
    let mut stride = size as u64;
    for (s, &n) in all.iter_mut().zip(shape).rev() {
        *s = stride;
        stride = stride.checked_mul(n as u64)?;
    }
    Some(all)
}

fn element_size(datatype: &Datatype, offsets: u8) -> Option<usize> {
    use hdf5_reader::StringSize;
    Some(match datatype {
        Datatype::FixedPoint { size, .. } | Datatype::FloatingPoint { size, .. } => usize::from(*size),
        Datatype::Enum { base, .. } => return element_size(base, offsets),
        Datatype::String { size: StringSize::Fixed(n), .. } => *n as usize,
        Datatype::String { .. } | Datatype::VarLen { .. } => 8 + usize::from(offsets),
        _ => return None,
    })
}

impl Chunks {
    /// Where the chunks between two of the grid lie, by their number in the grid of `stored`.
    pub fn places(&self, hdf: Hdf<'_>, stored: &[usize], size: usize, bounds: (&[u64], &[u64])) -> Result<HashMap<u64, Place>> {
        let count = self.grid(stored).iter().try_fold(1_u64, |n, &c| n.checked_mul(c));
        if count.is_some_and(|n| n <= MOST_HELD) {
            return self.held.get_or_init(|| self.find(hdf, stored, size, None)).clone();
        }
        self.find(hdf, stored, size, Some(bounds))
    }

    /// Where one chunk lies, if the index is held.
    pub fn held(&self) -> Option<&HashMap<u64, Place>> {
        self.held.get().and_then(|h| h.as_ref().ok())
    }

    /// Chunks along each axis.
    pub fn grid(&self, stored: &[usize]) -> Vec<u64> {
        stored.iter().zip(&self.shape).map(|(&n, &c)| n.div_ceil(c) as u64).collect()
    }

    /// The number of a chunk in the grid.
    pub fn number(grid: &[u64], chunk: impl Iterator<Item = u64>) -> Option<u64> {
        grid.iter().zip(chunk).try_fold(0_u64, |n, (&g, c)| if c < g { n.checked_mul(g)?.checked_add(c) } else { None })
    }

    fn find(&self, hdf: Hdf<'_>, stored: &[usize], size: usize, bounds: Option<(&[u64], &[u64])>) -> Result<HashMap<u64, Place>> {
        let entries = self.entries(hdf, stored, size, bounds).map_err(|e| Error::data("an index of chunks").got(e.to_string()))?;
        let grid = self.grid(stored);
        let mut places = HashMap::with_capacity(entries.len());
        for e in entries {
            let aligned = e.offsets.len() == grid.len() && e.offsets.iter().zip(&self.shape).all(|(&o, &c)| o % c as u64 == 0);
            if !aligned {
                return Err(Error::data("an index of chunks").rule("its chunks lie off the grid; the file is damaged"));
            }
            // Chunks that a shrunk dataset has left behind lie outside the grid.
            let number = Self::number(&grid, e.offsets.iter().zip(&self.shape).map(|(&o, &c)| o / c as u64));
            if let Some(number) = number.filter(|_| !hdf.nowhere(e.address)) {
                let unfiltered = (size * self.shape.iter().product::<usize>()) as u64;
                let size = if e.size == 0 { unfiltered } else { e.size };
                places.insert(number, Place { address: e.address, size, mask: e.filter_mask });
            }
        }
        Ok(places)
    }

    fn entries(
        &self,
        hdf: Hdf<'_>,
        stored: &[usize],
        size: usize,
        bounds: Option<(&[u64], &[u64])>,
    ) -> hdf5_reader::error::Result<Vec<ChunkEntry>> {
        let Hdf { storage, offsets, lengths } = hdf;
        let (at, dims) = (self.address, self.dims.as_slice());
        let shape: Vec<u64> = stored.iter().map(|&n| n as u64).collect();
        match &self.indexing {
            None => {
                let rank = u32::try_from(shape.len()).ok();
                let leaves = collect_btree_v1_leaves_storage(storage, at, offsets, lengths, rank, dims, bounds)?;
                let entry = |(key, address): (BTreeV1Key, u64)| match key {
                    BTreeV1Key::RawData { chunk_size, filter_mask, mut offsets } => {
                        offsets.truncate(shape.len());
                        Some(ChunkEntry { address, size: u64::from(chunk_size), filter_mask, offsets })
                    }
                    _ => None,
                };
                Ok(leaves.into_iter().filter_map(entry).collect())
            }
            Some(ChunkIndexing::SingleChunk { filtered_size, filters }) => {
                Ok(vec![single_chunk_entry(at, *filtered_size, *filters, shape.len())])
            }
            Some(ChunkIndexing::Implicit) => collect_implicit_chunk_entries(at, &shape, dims, size, bounds, storage.len()),
            Some(ChunkIndexing::BTreeV2) => collect_v2_chunk_entries_storage(
                storage,
                at,
                offsets,
                lengths,
                u32::try_from(shape.len()).unwrap_or(u32::MAX),
                dims,
                bounds,
            ),
            Some(ChunkIndexing::FixedArray { .. }) => {
                collect_fixed_array_chunk_entries_storage(storage, at, offsets, lengths, &shape, dims, bounds)
            }
            Some(ChunkIndexing::ExtensibleArray { .. }) => {
                let most = self.most.as_deref();
                collect_extensible_array_chunk_entries_storage(storage, at, offsets, lengths, &shape, most, dims, bounds)
            }
        }
    }
}
