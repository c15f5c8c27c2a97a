//! A Parquet file as a source of bytes that fails at its end.
//!
//! The decoder skips parts that a page's header claims without noticing where the file ends: a list said to have two thousand million texts
//! took ten seconds to skip in a file of three kilobytes.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Seek, SeekFrom};

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

/// A file whose end is an error.
pub(super) struct Source(pub(super) File);

/// Reads on from a place, and fails at the end.
pub(super) struct ToTheEnd(File);

impl Read for ToTheEnd {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 if !into.is_empty() => Err(Error::new(ErrorKind::UnexpectedEof, "the file ends before what it claims to hold")),
            count => Ok(count),
        }
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Source {
    type T = BufReader<ToTheEnd>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut file = self.0.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(BufReader::new(ToTheEnd(file)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}
