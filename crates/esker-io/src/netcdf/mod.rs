//! NetCDF: classic, 64-bit offset, CDF-5, and NetCDF-4 on HDF5, with groups; metadata at once, values by window.
//!
//! The formats are those of Unidata's *NetCDF User's Guide* and of the *HDF5 File Format Specification 3.0*. Metadata are parsed by the
//! crates `netcdf-reader` and `hdf5-reader`; chunks are decoded here, each once, straight into the places of the result.

mod convert;
mod filters;
mod read;
mod source;
mod tree;
mod write;

pub use write::write_netcdf;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use esker_core::cube::Window;
use esker_core::{Cube, Error, Fault, Note, Result};
use hdf5_reader::storage::DynStorage;
use hdf5_reader::{FileStorage, Hdf5File, OpenOptions, Storage};
use netcdf_reader::{NcFile, NcFormat, NcMetadataMode, NcOpenOptions};

use crate::cf::{self, Finish, RawBlocks, RawFile};
use crate::file;
use convert::{Bytes, Convert};
use filters::MOST_CHUNK;
use read::Reader;
use source::Hdf;
use tree::{Element, Entry, Tree};

/// First bytes of HDF5.
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Most bytes of an object header.
const MOST_HEADER: usize = 1 << 24;
/// Most bytes of texts in one read: references may all point to one long text.
const MOST_TEXT: usize = 1 << 28;

/// Whether a file that starts with `head` is NetCDF or HDF5, which may begin after 512, 1024, … bytes of something else.
pub(crate) fn sniff(head: &[u8]) -> bool {
    let classic = matches!(head, [b'C', b'D', b'F', 1 | 2 | 5, ..]);
    classic || std::iter::once(0).chain((9..16).map(|p| 1 << p)).any(|at| head.get(at..).is_some_and(|h| h.starts_with(HDF5)))
}

/// Opens a NetCDF file: its metadata, axes and notes; values stay in the file.
///
/// # Errors
/// The disk refuses, or the file is damaged or contradicts itself.
pub(crate) fn open(path: &Path) -> Result<Cube> {
    let storage = FileStorage::from_file(file::open(path)?).map_err(refused)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let named = |e: Error| if e.thing.is_empty() { Error { thing: format!("file '{name}'"), ..e } } else { e };
    // The library that parses metadata is fuzzed, but its word is not taken for it: a panic is a refusal.
    let opened = catch_unwind(AssertUnwindSafe(|| open_storage(Arc::new(storage))));
    opened.unwrap_or_else(|_| Err(Error::data("").rule("it is damaged: its metadata cannot be followed"))).map_err(named)
}

fn open_storage(storage: DynStorage) -> Result<Cube> {
    let hdf5 = match is_hdf5(storage.as_ref())? {
        true => {
            let options = OpenOptions { max_chunk_bytes: MOST_CHUNK, max_object_header_bytes: MOST_HEADER, ..OpenOptions::default() };
            let file = Hdf5File::from_storage_with_options(storage.clone(), options).map_err(refused)?;
            tree::check_groups(&file)?;
            Some(file)
        }
        false => None,
    };
    let mut notes = Vec::new();
    let (file, mut tree) = match understand(&storage, hdf5.as_ref(), NcMetadataMode::Strict) {
        Ok(both) => both,
        Err(strict) if hdf5.is_some() => {
            let both = understand(&storage, hdf5.as_ref(), NcMetadataMode::Lossy)?;
            notes.push(Note::warning(
                "netcdf-metadata",
                format!(
                    "the file's NetCDF metadata are incomplete ({}): axes were told by their lengths where they are not named",
                    strict.got.unwrap_or_default()
                ),
            ));
            both
        }
        Err(e) => return Err(e),
    };
    notes.append(&mut tree.notes);
    let format = match file.format() {
        NcFormat::Classic => "NetCDF classic",
        NcFormat::Offset64 => "NetCDF 64-bit offset",
        NcFormat::Cdf5 => "NetCDF CDF-5",
        NcFormat::Nc4 | NcFormat::Nc4Classic => "NetCDF-4",
    };
    notes.push(Note::info("format", format!("read as {format}")));
    let blocks = Netcdf { storage, hdf5, entries: tree.entries };
    let (dimensions, variables, attributes) = (tree.dimensions, tree.variables, tree.attributes);
    let raw = RawFile { dimensions, variables, attributes, default_fills: true, blocks: Arc::new(blocks) };
    let mut cube = cf::decode(raw)?;
    cube.notes.splice(0..0, notes);
    Ok(cube)
}

fn is_hdf5(storage: &dyn Storage) -> Result<bool> {
    let n = usize::try_from(storage.len().min(4)).unwrap_or(4);
    let head = storage.read_range(0, n).map_err(refused)?;
    Ok(!head.starts_with(b"CDF"))
}

fn understand(storage: &DynStorage, hdf5: Option<&Hdf5File>, mode: NcMetadataMode) -> Result<(NcFile, Tree)> {
    let options = NcOpenOptions {
        metadata_mode: mode,
        max_chunk_bytes: MOST_CHUNK,
        max_object_header_bytes: MOST_HEADER,
        ..NcOpenOptions::default()
    };
    let file = NcFile::from_storage_with_options(storage.clone(), options).map_err(refused_netcdf)?;
    let tree = Tree::of(&file, hdf5)?;
    Ok((file, tree))
}

/// An error of the HDF5 library; the thing is filled in by the caller.
fn refused(e: hdf5_reader::error::Error) -> Error {
    let fault = if matches!(e, hdf5_reader::error::Error::Io(_)) { Fault::Io } else { Fault::Data };
    Error::new(fault, "").got(e.to_string()).rule("it cannot be read as NetCDF or HDF5").hint("is it whole? fetch it again")
}

/// An error of the NetCDF library.
fn refused_netcdf(e: netcdf_reader::Error) -> Error {
    match e {
        netcdf_reader::Error::Hdf5(e) => refused(e),
        e => {
            let fault = if matches!(e, netcdf_reader::Error::Io(_)) { Fault::Io } else { Fault::Data };
            Error::new(fault, "").got(e.to_string()).rule("it cannot be read as NetCDF").hint("is it whole? fetch it again")
        }
    }
}

/// An open file and where its values are.
struct Netcdf {
    storage: DynStorage,
    hdf5: Option<Hdf5File>,
    entries: Vec<Entry>,
}

impl Netcdf {
    fn entry(&self, variable: usize) -> Result<&Entry> {
        self.entries.get(variable).ok_or_else(|| Error::data(format!("variable number {variable}")).rule("no such variable"))
    }

    fn fetch<C: Convert>(&self, entry: &Entry, window: &Window, convert: &C, finish: read::Finish<'_, C::Out>) -> Result<Vec<C::Out>> {
        let storage = self.hdf5.as_ref().map_or(self.storage.as_ref(), Hdf5File::storage);
        let reader = Reader { source: &entry.source, storage, hdf: self.hdf5.as_ref().map(Hdf::of), convert, finish };
        // As at opening: a panic of the library on a damaged index is a refusal.
        catch_unwind(AssertUnwindSafe(|| reader.read(window)))
            .unwrap_or_else(|_| Err(Error::data(format!("variable '{}'", entry.source.name)).rule("it is damaged")))
    }
}

impl RawBlocks for Netcdf {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.read_finished(variable, window, &|_| {})
    }

    fn read_finished(&self, variable: usize, window: &Window, finish: Finish<'_>) -> Result<Vec<f64>> {
        let entry = self.entry(variable)?;
        let Element::Number(number) = &entry.element else {
            return Err(Error::data(format!("variable '{}'", entry.source.name)).got("texts").rule("numbers are needed here"));
        };
        self.fetch(entry, window, number, finish)
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        let entry = self.entry(variable)?;
        let (shape, name) = (&entry.source.shape, &entry.source.name);
        let (window, length) = match entry.element {
            Element::Number(_) => return Err(Error::data(format!("variable '{name}'")).got("numbers").rule("texts are needed here")),
            Element::Characters => {
                let length = shape.last().copied().unwrap_or(1);
                (Window(window.0.iter().cloned().chain(std::iter::once(0..length)).collect()), length)
            }
            Element::Fixed | Element::References => (window.clone(), entry.source.size),
        };
        let cells =
            window.0.iter().take(shape.len() - usize::from(matches!(entry.element, Element::Characters))).map(|r| r.len()).product();
        if length == 0 {
            return Ok(vec![String::new(); cells]);
        }
        let bytes = self.fetch(entry, &window, &Bytes { size: entry.source.size }, &|_| {})?;
        if !matches!(entry.element, Element::References) {
            return Ok(bytes.chunks_exact(length).map(text).collect());
        }
        self.resolve(name, bytes.chunks_exact(length))
    }
}

impl Netcdf {
    /// Texts that references point to.
    fn resolve<'a>(&self, name: &str, references: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>> {
        let bad = |why: String| Error::data(format!("variable '{name}'")).got(why).rule("its texts must be in the file");
        let root = self.hdf5.as_ref().ok_or_else(|| bad("no HDF5 file".into()))?.root_group().map_err(|e| bad(e.to_string()))?;
        let mut total = 0;
        let mut texts = Vec::new();
        for reference in references {
            let bytes = root.resolve_vlen_reference_bytes(reference, 1).map_err(|e| bad(e.to_string()))?;
            total += bytes.len();
            if total > MOST_TEXT {
                return Err(bad("more than 256 MiB of texts".into()).hint("read a smaller window"));
            }
            texts.push(text(&bytes));
        }
        Ok(texts)
    }
}

/// A stored text without what pads it. Bytes that are no UTF-8 are taken for Latin-1.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let text = match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes[..end].iter().map(|&b| char::from(b)).collect(),
    };
    text.trim_end().to_owned()
}
