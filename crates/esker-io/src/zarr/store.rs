//! Where a Zarr store keeps its bytes: a folder, one zip file whose entries are read where they lie, or a place on the network.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use esker_core::{Error, Result};
use zip::{CompressionMethod, ZipArchive};

use crate::file::{refused_read, size_text};
use crate::remote::{Answer, Bytes, Client, IN_FLIGHT};

/// Most bytes of a metadata file.
const MOST_METADATA: u64 = 256 << 20;
/// Most bytes of one stored chunk or shard.
pub(super) const MOST_STORED: u64 = 8 << 30;
/// Folders within folders that are looked into for arrays.
const DEEPEST: usize = 16;
/// Most arrays and groups of a store.
pub(super) const MOST_NODES: usize = 20_000;

/// The names by which a group or an array is known.
pub(super) const MARKS: [&str; 4] = ["zarr.json", ".zmetadata", ".zgroup", ".zarray"];

/// A readable store.
#[derive(Debug)]
pub(super) enum Store {
    Folder(PathBuf),
    Zip(Zip),
    Remote(Arc<Client>),
}

/// A zip file by its table of contents.
#[derive(Debug)]
pub(super) struct Zip {
    path: PathBuf,
    entries: HashMap<String, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    header: u64,
    packed: u64,
    size: u64,
    crc: u32,
    deflated: bool,
}

impl Store {
    /// Opens a folder, or a zip file that holds a store at its top or in its only folder.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if path.is_dir() { Ok(Self::Folder(path.to_path_buf())) } else { Zip::open(path).map(Self::Zip) }
    }

    /// How many requests are worth having under way at once: one where the store is at hand.
    pub(super) fn in_flight(&self) -> usize {
        if matches!(self, Self::Remote(_)) { IN_FLIGHT } else { 1 }
    }

    /// The metadata under a key.
    pub(super) fn metadata(&self, key: &str) -> Result<Option<Vec<u8>>> {
        if let Some(size) = self.size(key)?
            && size > MOST_METADATA
        {
            return Err(self.error(key).got(size_text(size)).rule(format!("metadata of at most {} are read", size_text(MOST_METADATA))));
        }
        if let Self::Remote(client) = self {
            check_key(key)?;
            let mut bytes = Vec::new();
            // What is denied may be absent; whether anything of the store can be read shows soon enough.
            let here = client.get(key, Bytes::AtMost(MOST_METADATA), &mut bytes)? == Answer::Here;
            return Ok(here.then_some(bytes));
        }
        self.range(key, Range::AtMost(MOST_METADATA))
    }

    /// A part of the bytes under a key; none where the store has no such key.
    pub(super) fn range(&self, key: &str, range: Range) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        Ok(self.range_into(key, range, &mut bytes)?.then_some(bytes))
    }

    /// As [`Store::range`], into memory that is there already; whether the store has such a key.
    pub(super) fn range_into(&self, key: &str, range: Range, out: &mut Vec<u8>) -> Result<bool> {
        check_key(key)?;
        out.clear();
        match self {
            Self::Remote(client) => {
                let wanted = match range {
                    Range::AtMost(most) => Bytes::AtMost(most),
                    Range::Part(from, len) => Bytes::Part(from, len),
                    Range::Last(len) => Bytes::Last(len),
                };
                match client.get(key, wanted, out)? {
                    Answer::Here => Ok(true),
                    Answer::Missing => Ok(false),
                    // Without leave to list a bucket, what is not there is denied.
                    Answer::Denied if client.denies_absent()? => Ok(false),
                    Answer::Denied => Err(client.error(key).got("access denied").rule("other chunks can be read, this one cannot")),
                }
            }
            Self::Folder(root) => {
                let path = root.join(key);
                let mut file = match File::open(&path) {
                    Ok(file) => file,
                    Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(false),
                    Err(e) => return Err(refused_read(&path, &e)),
                };
                let about = file.metadata().map_err(|e| refused_read(&path, &e))?;
                if about.is_dir() {
                    return Ok(false);
                }
                let (from, len) = range.within(about.len()).ok_or_else(|| self.cut_short(key, about.len()))?;
                self.bytes_into(&mut file, key, (from, len), out).map(|()| true)
            }
            Self::Zip(zip) => match zip.entries.get(key) {
                Some(entry) => {
                    *out = zip.read(self, key, *entry, range)?;
                    Ok(true)
                }
                None => Ok(false),
            },
        }
    }

    fn size(&self, key: &str) -> Result<Option<u64>> {
        check_key(key)?;
        Ok(match self {
            Self::Folder(root) => fs::metadata(root.join(key)).ok().filter(|m| m.is_file()).map(|m| m.len()),
            Self::Zip(zip) => zip.entries.get(key).map(|e| e.size),
            Self::Remote(_) => None,
        })
    }

    /// Paths of all nodes below the top that have metadata of their own, sorted.
    pub(super) fn nodes(&self) -> Result<Vec<String>> {
        let mut nodes = match self {
            Self::Folder(root) => {
                let mut nodes = Vec::new();
                walk(root, "", 0, &mut nodes)?;
                nodes
            }
            Self::Zip(zip) => {
                let marks = |key: &String| {
                    let (folder, name) = key.rsplit_once('/')?;
                    MARKS.contains(&name).then(|| folder.to_owned())
                };
                zip.entries.keys().filter_map(marks).collect()
            }
            Self::Remote(client) => {
                return Err(client
                    .error("")
                    .got("no consolidated metadata")
                    .rule("a server does not list what it holds, so that one file has to name all arrays")
                    .hint("whoever keeps the store calls zarr.consolidate_metadata(store) in Python; or name one array, or download the store"));
            }
        };
        nodes.sort();
        nodes.dedup();
        if nodes.len() > MOST_NODES {
            return Err(Error::data("Zarr store")
                .got(format!("{} arrays and groups", nodes.len()))
                .rule(format!("at most {MOST_NODES} are read")));
        }
        Ok(nodes)
    }

    fn bytes(&self, file: &mut File, key: &str, from: u64, len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.bytes_into(file, key, (from, len), &mut bytes).map(|()| bytes)
    }

    fn bytes_into(&self, file: &mut File, key: &str, (from, len): (u64, u64), bytes: &mut Vec<u8>) -> Result<()> {
        let refused = |e: std::io::Error| refused_read(self.path(), &e);
        if len > MOST_STORED {
            return Err(self.error(key).got(size_text(len)).rule(format!("chunks of at most {} are read", size_text(MOST_STORED))));
        }
        if from > 0 {
            file.seek(SeekFrom::Start(from)).map_err(refused)?;
        }
        // The length is that of the file, so the memory asked for is bounded by it.
        bytes.reserve_exact(len as usize);
        file.take(len).read_to_end(bytes).map_err(refused)?;
        if (bytes.len() as u64) < len {
            return Err(self.cut_short(key, bytes.len() as u64));
        }
        Ok(())
    }

    fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Zip(zip) => &zip.path,
            Self::Remote(client) => Path::new(client.shown()),
        }
    }

    fn error(&self, key: &str) -> Error {
        Error::data(format!("'{key}' of '{}'", self.path().display()))
    }

    fn cut_short(&self, key: &str, size: u64) -> Error {
        self.error(key)
            .got(size_text(size))
            .rule("it holds fewer bytes than its metadata say")
            .hint("copy the store again; it may be cut short")
    }
}

/// Which bytes of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Range {
    /// All of them, no more than so many where they come from the network.
    AtMost(u64),
    /// From an offset, so many.
    Part(u64, u64),
    /// The last ones.
    Last(u64),
}

impl Range {
    /// Offset and length within a value of a size.
    fn within(self, size: u64) -> Option<(u64, u64)> {
        match self {
            Self::AtMost(_) => Some((0, size)),
            Self::Part(from, len) => from.checked_add(len).filter(|&end| end <= size).map(|_| (from, len)),
            Self::Last(len) => size.checked_sub(len).map(|from| (from, len)),
        }
    }
}

/// Refuses keys that lead out of the store.
fn check_key(key: &str) -> Result<()> {
    let fits = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0', ':']);
    if key.len() <= 1024 && key.split('/').all(fits) {
        return Ok(());
    }
    Err(Error::data(format!("key '{}'", key.escape_debug())).rule("names in a Zarr store are plain and stay within it"))
}

fn walk(folder: &Path, prefix: &str, depth: usize, nodes: &mut Vec<String>) -> Result<()> {
    if depth > DEEPEST || nodes.len() > MOST_NODES {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|e| refused_read(folder, &e))?.flatten() {
        let path = entry.path();
        // Chunk folders hold no metadata; a link is not followed, so that no loop is.
        if !entry.file_type().is_ok_and(|t| t.is_dir()) || !MARKS.iter().any(|m| path.join(m).is_file()) {
            continue;
        }
        let key = format!("{prefix}{}", entry.file_name().to_string_lossy());
        walk(&path, &format!("{key}/"), depth + 1, nodes)?;
        nodes.push(key);
    }
    Ok(())
}

impl Zip {
    fn open(path: &Path) -> Result<Self> {
        let file = crate::file::open(path)?;
        let damaged = |e: zip::result::ZipError| {
            Error::data(format!("zip file '{}'", path.display())).got(e.to_string()).rule("it must be whole and undamaged")
        };
        let mut archive = ZipArchive::new(std::io::BufReader::new(file)).map_err(damaged)?;
        let mut found = HashMap::new();
        for i in 0..archive.len() {
            let entry = archive.by_index_raw(i).map_err(damaged)?;
            let name = entry.name().map_err(damaged)?.into_owned();
            let deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => {
                    return Err(Error::data(format!("'{name}' in '{}'", path.display()))
                        .got(format!("{other} compression"))
                        .rule("zip entries are stored or deflated"));
                }
            };
            let (header, packed, size, crc) = (entry.header_start(), entry.compressed_size(), entry.size(), entry.crc32());
            found.insert(name, Entry { header, packed, size, crc, deflated });
        }
        let prefix = top(found.keys()).ok_or_else(|| {
            Error::data(format!("zip file '{}'", path.display()))
                .got("no zarr.json, .zgroup or .zarray at its top")
                .rule("it holds no Zarr store")
        })?;
        let entries = found.into_iter().filter_map(|(name, e)| name.strip_prefix(&prefix).map(|n| (n.to_owned(), e))).collect();
        Ok(Self { path: path.to_path_buf(), entries })
    }

    fn read(&self, store: &Store, key: &str, entry: Entry, range: Range) -> Result<Vec<u8>> {
        let mut file = crate::file::open(&self.path)?;
        let end = file.metadata().map_or(0, |m| m.len());
        let short = || store.cut_short(key, end);
        // The local header repeats the name and may have another extra field than the table of contents.
        let header = store.bytes(&mut file, key, entry.header, 30)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(short());
        }
        let length = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let data = entry.header + 30 + length(26) + length(28);
        if data.checked_add(entry.packed).is_none_or(|e| e > end) {
            return Err(short());
        }
        if !entry.deflated {
            let (from, len) = range.within(entry.packed).ok_or_else(short)?;
            return store.bytes(&mut file, key, data + from, len);
        }
        let packed = store.bytes(&mut file, key, data, entry.packed)?;
        // Deflate packs at most 1032 to 1: a size beyond that is a lie.
        if entry.size > MOST_STORED || entry.size > entry.packed.saturating_mul(1032) + 64 {
            return Err(store.error(key).got(size_text(entry.size)).rule("its size does not fit its packed bytes"));
        }
        let mut bytes = vec![0; entry.size as usize];
        let unpacked = libdeflater::Decompressor::new().deflate_decompress(&packed, &mut bytes);
        if unpacked.ok() != Some(bytes.len()) || libdeflater::crc32(&bytes) != entry.crc {
            return Err(store.error(key).rule("it does not unpack to what the zip file says of it").hint("copy the file again"));
        }
        let (from, len) = range.within(entry.size).ok_or_else(short)?;
        Ok(if matches!(range, Range::AtMost(_)) { bytes } else { bytes[from as usize..(from + len) as usize].to_vec() })
    }
}

/// The names of a zip file's entries; none where it is no whole zip file.
pub(crate) fn zip_names(path: &Path) -> Option<Vec<String>> {
    let file = crate::file::open(path).ok()?;
    let archive = ZipArchive::new(std::io::BufReader::new(file)).ok()?;
    Some(archive.file_names().filter_map(|n| Some(n.ok()?.into_owned())).collect())
}

/// The folder in a zip file that holds the store: the top, or the one folder at the top.
pub(super) fn top<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    names
        .filter_map(|n| {
            let (folder, name) = n.rsplit_once('/').map_or(("", n.as_str()), |(f, n)| (f, n));
            let fits = MARKS.contains(&name) && !folder.contains('/');
            fits.then(|| if folder.is_empty() { String::new() } else { format!("{folder}/") })
        })
        .min()
        .filter(|p| p.len() < 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_within_the_store() {
        for key in ["../secret", "a/../b", "/etc/passwd", "a//b", "a\\b", "c:/x", ""] {
            assert!(check_key(key).is_err(), "{key}");
        }
        assert!(check_key("a/c/0/1").is_ok());
    }
}
