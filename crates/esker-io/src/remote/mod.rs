//! Data on the network: Zarr stores are read where they are, plain files are downloaded first.
//!
//! `http://`, `https://`, `s3://bucket/key` (signed where the environment holds keys) and `gs://bucket/key` are read. Nothing of a user,
//! a password or a query gets into messages and records.

mod address;
mod download;
mod http;
mod sign;
mod url;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use esker_core::cube::{Blocks, Window};
use esker_core::{Context, Error, Note, Result};
use tempfile::TempDir;

use crate::format::{Data, Format};
use crate::{ReadOptions, sha256_file, sha256_hex, zarr};
use address::Address;
pub(crate) use http::{Answer, Bytes, Client, IN_FLIGHT};

/// Endings of names that are those of single files.
const FILES: [&str; 33] = [
    "arrow", "arrows", "asc", "cdf", "csv", "dat", "feather", "fgb", "geojson", "gpkg", "grb", "grb2", "grib", "grib2", "gz", "h5", "hdf5",
    "ipc", "json", "las", "nc", "nc4", "ods", "parquet", "prn", "shp", "tif", "tiff", "tsv", "txt", "xls", "xlsx", "zip",
];

/// Whether a path is an address on the network.
pub fn is_remote(path: &Path) -> bool {
    path.to_str().is_some_and(|text| address::scheme(text).is_some())
}

/// A source as it may stand in messages and records: an address without user and query, anything else as it is.
pub fn shown(source: &str) -> String {
    url::Url::parse(source).map_or_else(|| source.to_owned(), |url| url.shown())
}

/// Where a source named beside a file in `folder` is: an address stays one, a relative path starts from the folder.
pub fn beside(folder: &Path, source: &str) -> PathBuf {
    let path = PathBuf::from(source);
    if is_remote(&path) { path } else { folder.join(path) }
}

/// Where data come from, made ready to be opened. A file from the network is there until the last that was opened from it is gone.
#[derive(Debug)]
pub struct Origin {
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Here(PathBuf),
    Copy { path: PathBuf, folder: Arc<TempDir> },
    Store(Arc<Client>),
}

impl Origin {
    /// Finds what a path or an address names. A file on the network is downloaded to a temporary file, with progress.
    ///
    /// # Errors
    /// The network or the server refuses, a file that is too large, or the user stopped. Paths are not looked at yet.
    pub fn reach(path: &Path, cx: &Context) -> Result<Self> {
        let Some(address) = Address::of(path) else {
            let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
            return Ok(Self { name, place: Place::Here(path.to_path_buf()) });
        };
        let address = address?;
        let (name, file_name) = (address.shown.clone(), address.file_name());
        let client = Arc::new(Client::new(address));
        let ending = file_name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
        let file = ending.is_some_and(|e| FILES.contains(&e.as_str()));
        if !file && zarr::is_store(&client)? {
            return Ok(Self { name, place: Place::Store(client) });
        }
        let folder = Arc::new(download::folder()?);
        let path = folder.path().join(file_name);
        download::file(&client, &path, cx)?;
        Ok(Self { name, place: Place::Copy { path, folder } })
    }

    /// The name for records and messages: that of a file without its folder, or an address without user and query.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Opens the data, by their content.
    ///
    /// # Errors
    /// As [`open`](crate::open).
    pub fn open(&self, options: &ReadOptions) -> Result<(Format, Data)> {
        match &self.place {
            Place::Here(path) => {
                let format = Format::of(path)?;
                Ok((format, format.open(path, options)?))
            }
            Place::Copy { path, folder } => {
                let (format, data) =
                    Format::of(path).and_then(|f| Ok((f, f.open(path, options)?))).map_err(|e| self.renamed(path, folder, e))?;
                Ok((format, kept(data, folder)?))
            }
            Place::Store(client) => Ok((Format::Zarr, Data::Cube(zarr::read_remote(client, &self.name)?))),
        }
    }

    /// The SHA-256 of the data for a record.
    ///
    /// # Errors
    /// The data cannot be read, or the user stopped.
    pub fn checksum(&self, cx: &Context) -> Result<String> {
        match &self.place {
            Place::Here(path) | Place::Copy { path, .. } => sha256_file(path, cx),
            Place::Store(client) => Ok(sha256_hex(&zarr::remote_metadata(client)?)),
        }
    }

    /// What the checksum does not cover.
    pub fn uncovered(&self) -> Option<Note> {
        let text = format!("The checksum of '{}' is that of its metadata; chunks on the network are not part of it.", self.name);
        matches!(self.place, Place::Store(_)).then(|| Note::info("remote-checksum", text))
    }

    /// The same error about the address rather than the temporary file.
    fn renamed(&self, path: &Path, folder: &TempDir, error: Error) -> Error {
        let (path, folder) = (path.display().to_string(), folder.path().display().to_string());
        let put = |text: String| text.replace(&path, &self.name).replace(&folder, "a temporary folder");
        Error { thing: put(error.thing), got: error.got.map(put), rule: error.rule.map(put), hint: error.hint.map(put), ..error }
    }
}

/// The same data, with the folder they are read from kept until they are gone.
fn kept(data: Data, folder: &Arc<TempDir>) -> Result<Data> {
    let Data::Cube(cube) = data else { return Ok(data) };
    let folder = Arc::clone(folder);
    cube.rewrap(cube.axes().to_vec(), cube.variables().to_vec(), |inner| Arc::new(Kept { inner, _folder: folder })).map(Data::Cube)
}

struct Kept {
    inner: Arc<dyn Blocks>,
    _folder: Arc<TempDir>,
}

impl Blocks for Kept {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.inner.read(variable, window)
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.inner.read_texts(variable, window)
    }
}
