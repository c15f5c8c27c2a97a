//! Bytes of an open file by their place: every length is checked against the file before memory is taken for it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use esker_core::{Error, Result};

use crate::file::{open, refused_read};

/// An open file that threads share.
#[derive(Debug)]
pub(crate) struct Source {
    file: Mutex<File>,
    /// Its length in bytes when it was opened.
    pub size: u64,
    /// What users call it.
    pub name: String,
}

impl Source {
    /// Opens a file; `name` stands in messages.
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        let file = open(path)?;
        let size = file.metadata().map_err(|e| refused_read(path, &e))?.len();
        Ok(Self { file: Mutex::new(file), size, name: name.to_owned() })
    }

    /// `len` bytes from `at` on.
    pub fn bytes(&self, at: u64, len: u64) -> Result<Vec<u8>> {
        if at.checked_add(len).is_none_or(|end| end > self.size) {
            return Err(self.damaged(format!("{len} bytes at byte {at}"), format!("the file has {} bytes", self.size)));
        }
        let mut bytes = vec![0; len as usize];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|e| Error::io(format!("file '{}'", self.name), &e))?;
        Ok(bytes)
    }

    /// At most `len` bytes from `at` on: fewer at the end of the file.
    pub fn up_to(&self, at: u64, len: u64) -> Result<Vec<u8>> {
        self.bytes(at.min(self.size), len.min(self.size.saturating_sub(at)))
    }

    /// The file breaks a rule of its format.
    pub fn damaged(&self, got: impl Into<String>, rule: impl Into<String>) -> Error {
        Error::data(format!("file '{}'", self.name)).got(got).rule(rule)
    }
}
