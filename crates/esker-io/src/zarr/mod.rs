//! Zarr, versions 2 and 3: folders, zip files and stores on the network, opened lazily; written in version 3.
//!
//! Read: consolidated metadata or not, chunk keys of both kinds, the codecs bytes, gzip, zlib, zstd, blosc (LZ4, zlib, Zstandard,
//! BloscLZ), lz4, crc32c, transpose, sharding and vlen-utf8, and the filters shuffle, delta and fixedscaleoffset. Refused by name:
//! everything else, complex numbers and objects among it.
//!
//! A fill value stands where no chunk is. In version 2 it is the mark of missing values too, in version 3 only the attribute
//! `_FillValue` is, as xarray has it. NetCDF's default fill values mean nothing here. Variables are in the order of consolidated metadata,
//! or by name without them: a folder has no order.

mod blocks;
mod blosc;
mod codec;
mod dtype;
mod json;
mod meta;
mod store;
mod write;

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use esker_core::cube::Attributes;
use esker_core::{Cube, Error, Note, Result};

use crate::cf::{RawFile, RawVariable, decode};
use crate::file::size_text;
use crate::remote::Client;
use blocks::{Arrays, Grid, packing};
use dtype::Kind;
use json::Json;
use meta::Array;
use store::{MOST_METADATA_IN_ALL, MOST_NODES, Store};

pub(crate) use meta::to_base64;
pub(crate) use store::zip_names;
pub use write::write_zarr;

/// Whether a folder or zip file is a Zarr store.
pub(crate) fn sniff(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        return store::MARKS.iter().any(|m| path.join(m).is_file());
    }
    head.starts_with(b"PK\x03\x04") && store::zip_names(path).is_some_and(|names| store::top(names.iter()).is_some())
}

/// Opens a store.
///
/// # Errors
/// The disk refuses, metadata that contradict themselves, no array that can be read.
pub(crate) fn read_zarr(path: &Path, name: &str) -> Result<Cube> {
    read(Store::open(path)?, name)
}

/// Opens a store on the network.
///
/// # Errors
/// As [`read_zarr`]; the network or the server refuses; the metadata are not consolidated.
pub(crate) fn read_remote(client: &Arc<Client>, name: &str) -> Result<Cube> {
    read(Store::Remote(Arc::clone(client)), name)
}

/// Whether there is a store on the network.
///
/// # Errors
/// The network or the server refuses.
pub(crate) fn is_store(client: &Arc<Client>) -> Result<bool> {
    Ok(!remote_metadata(client)?.is_empty())
}

/// The metadata at the top of a store on the network: those that name all arrays, where there are any. Empty where there is no store.
///
/// # Errors
/// The network or the server refuses.
pub(crate) fn remote_metadata(client: &Arc<Client>) -> Result<Vec<u8>> {
    let store = Store::Remote(Arc::clone(client));
    for key in store::MARKS {
        if let Some(found) = store.metadata(key)? {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// A store as a cube, with what was noted.
fn read(store: Store, name: &str) -> Result<Cube> {
    let (raw, notes) = open(store, name)?;
    let mut cube = decode(raw)?;
    cube.notes.splice(0..0, notes);
    Ok(cube)
}

/// The store before its conventions are understood, and what was noted.
fn open(store: Store, name: &str) -> Result<(RawFile, Vec<Note>)> {
    let found = nodes(&store, name)?;
    let mut notes = Vec::new();
    let (mut arrays, mut refused) = (Vec::new(), None);
    for (path, array) in found.arrays {
        match array {
            Ok(array) => {
                note_zero(&path, &array, &mut notes);
                arrays.push((path, array));
            }
            Err(got) => {
                let label = if path.is_empty() { name } else { &path };
                notes.push(Note::warning("variable-left-out", format!("Variable '{label}' was left out: it has {got}.")));
                refused.get_or_insert_with(|| {
                    Error::data(format!("array '{label}' of '{name}'")).got(got).rule("no array of the store can be read")
                });
            }
        }
    }
    if arrays.is_empty() {
        return Err(refused
            .unwrap_or_else(|| Error::data(format!("Zarr store '{name}'")).got("no arrays").rule("a store holds at least one array")));
    }
    let (dimensions, places) = dimensions(&arrays, &mut notes);
    let variables = arrays
        .iter()
        .zip(places)
        .map(|((path, array), dimensions)| RawVariable {
            name: if path.is_empty() { stem(name) } else { full(path) },
            dimensions,
            stored: array.dtype.stored(),
            storage: std::iter::once(array.dtype.name())
                .chain(packing(&array.codecs).into_iter().map(str::to_owned))
                .collect::<Vec<_>>()
                .join(", "),
            attributes: array.attributes.clone(),
            chunk: Grid::of(array).lengths(&array.shape),
        })
        .collect();
    let blocks = Arc::new(Arrays { store, arrays, indexes: Mutex::new(HashMap::new()) });
    Ok((RawFile { dimensions, variables, attributes: found.attributes, default_fills: false, blocks }, notes))
}

/// A single array is called like its folder.
fn stem(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.trim_end_matches(".zip").trim_end_matches(".zarr").to_owned()
}

/// The name of an array or dimension from its path: `/group/name` inside groups.
fn full(path: &str) -> String {
    if path.contains('/') { format!("/{path}") } else { path.to_owned() }
}

/// What a store holds.
struct Nodes {
    attributes: Attributes,
    arrays: Vec<(String, Result<Array, String>)>,
}

fn nodes(store: &Store, name: &str) -> Result<Nodes> {
    let read = Cell::new(0);
    let parse = |key: &str| -> Result<Option<Json>> {
        let Some(bytes) = store.metadata(key)? else { return Ok(None) };
        // The entries of a zip file may all be the same bytes.
        read.set(read.get() + bytes.len() as u64);
        if read.get() > MOST_METADATA_IN_ALL {
            let rule = format!("at most {} are read", size_text(MOST_METADATA_IN_ALL));
            return Err(Error::data(format!("Zarr store '{name}'")).got("more metadata").rule(rule));
        }
        Json::parse(&bytes).map(Some).map_err(|got| Error::data(format!("'{key}' of '{name}'")).got(got).rule("metadata are JSON"))
    };
    if let Some(top) = parse("zarr.json")? {
        return version3(store, &top, &parse);
    }
    let mut found = Nodes { attributes: Attributes::default(), arrays: Vec::new() };
    if let Some(all) = parse(".zmetadata")? {
        let members = all.get("metadata").map(Json::members).unwrap_or_default();
        let by_key: HashMap<&str, &Json> = members.iter().map(|(k, v)| (k.as_str(), v)).collect();
        found.attributes = by_key.get(".zattrs").map(|a| a.attributes()).unwrap_or_default();
        for (key, meta) in members.iter().take(MOST_NODES * 3) {
            if let Some(path) = key.strip_suffix("/.zarray") {
                let about = by_key.get(format!("{path}/.zattrs").as_str()).copied();
                found.arrays.push((path.to_owned(), Array::v2(meta, about)));
            }
        }
        return Ok(found);
    }
    found.attributes = parse(".zattrs")?.map(|a| a.attributes()).unwrap_or_default();
    let alone = parse(".zarray")?.is_some();
    let paths = if alone { vec![String::new()] } else { store.nodes()? };
    if alone {
        found.attributes = Attributes::default();
    }
    for path in paths {
        let key = |file: &str| if path.is_empty() { file.to_owned() } else { format!("{path}/{file}") };
        if let Some(meta) = parse(&key(".zarray"))? {
            let about = parse(&key(".zattrs"))?;
            found.arrays.push((path, Array::v2(&meta, about.as_ref())));
        }
    }
    Ok(found)
}

fn version3(store: &Store, top: &Json, parse: &dyn Fn(&str) -> Result<Option<Json>>) -> Result<Nodes> {
    let is_array = |meta: &Json| meta.get("node_type").and_then(Json::text) == Some("array");
    let mut found = Nodes { attributes: Attributes::default(), arrays: Vec::new() };
    if is_array(top) {
        found.arrays.push((String::new(), Array::v3(top)));
        return Ok(found);
    }
    found.attributes = top.get("attributes").map(Json::attributes).unwrap_or_default();
    if let Some(all) = top.get("consolidated_metadata").and_then(|c| c.get("metadata")) {
        for (path, meta) in all.members().iter().take(MOST_NODES).filter(|(_, m)| is_array(m)) {
            found.arrays.push((path.trim_start_matches('/').to_owned(), Array::v3(meta)));
        }
        return Ok(found);
    }
    for path in store.nodes()? {
        if let Some(meta) = parse(&format!("{path}/zarr.json"))?
            && is_array(&meta)
        {
            found.arrays.push((path, Array::v3(&meta)));
        }
    }
    Ok(found)
}

/// Whole numbers of version 2 whose fill value is 0, as bare zarr-python writes it: zeros are then masked, in xarray too.
fn note_zero(path: &str, array: &Array, notes: &mut Vec<Note>) {
    let masks = array.attributes.number("_FillValue") == Some(0.0);
    if masks && matches!(array.dtype.kind, Kind::Int { .. }) && !array.names.iter().flatten().any(|n| n == path) {
        let text = format!("The fill value of '{path}' is 0, so that zeros in it are read as missing.");
        notes.push(Note::warning("zero-is-missing", text));
    }
}

/// The dimensions of a file, and which of them each array lies on. Arrays of a group share a dimension by its name with each other and
/// with the groups above, where the lengths agree.
fn dimensions(arrays: &[(String, Array)], notes: &mut Vec<Note>) -> (Vec<(String, usize)>, Vec<Vec<usize>>) {
    let mut known: Vec<(String, usize)> = Vec::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    let mut places = Vec::with_capacity(arrays.len());
    // Those of upper groups come first, so that lower ones find them.
    let mut order: Vec<usize> = (0..arrays.len()).collect();
    order.sort_by_key(|&i| arrays[i].0.matches('/').count());
    places.resize(arrays.len(), Vec::new());
    for i in order {
        let (path, array) = &arrays[i];
        let group = path.rsplit_once('/').map_or("", |(g, _)| g);
        let mut own: Vec<usize> = Vec::new();
        for (axis, (name, &length)) in array.names.iter().zip(&array.shape).enumerate() {
            let name = name.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| {
                let label = path.rsplit('/').next().unwrap_or(path);
                if label.is_empty() { format!("axis_{axis}") } else { format!("{label}_axis_{axis}") }
            });
            let shared =
                ancestors(group).map(|g| qualified(g, &name)).filter_map(|n| by_name.get(&n)).copied().find(|&d| known[d].1 == length);
            let place = match shared.filter(|d| !own.contains(d)) {
                Some(place) => place,
                None => {
                    let mut key = qualified(group, &name);
                    if by_name.contains_key(&key) {
                        notes.push(Note::warning(
                            "dimension-lengths",
                            format!("Dimension '{name}' of '{path}' has {length} cells where others of that name have another number, or it occurs twice; it is an axis of its own."),
                        ));
                        key = format!("{}_{axis}_{name}", full(path));
                    }
                    known.push((key.clone(), length));
                    by_name.insert(key, known.len() - 1);
                    known.len() - 1
                }
            };
            own.push(place);
        }
        places[i] = own;
    }
    (known, places)
}

/// A group and those above it, the top last.
fn ancestors(group: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(group), |g| if g.is_empty() { None } else { Some(g.rsplit_once('/').map_or("", |(up, _)| up)) })
}

fn qualified(group: &str, name: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("/{group}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_see_the_dimensions_above_them() {
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(qualified("a/b", "time"), "/a/b/time");
        assert_eq!(full("a/b"), "/a/b");
    }
}
