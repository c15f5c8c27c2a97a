//! Plain files from the network, as temporary files.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;

use esker_core::{Context, Error, Fault, Result};
use tempfile::TempDir;

use super::http::{Answer, Client, Sink};
use crate::file::{refused_write, size_text};

/// Most bytes of a file that is downloaded.
const MOST: u64 = 4 << 30;
/// Bytes of a step of progress.
const STEP: u64 = 1 << 20;

/// A folder of our own among the temporary files. It goes with what is read from it.
pub(super) fn folder() -> Result<TempDir> {
    tempfile::Builder::new().prefix("esker-").tempdir().map_err(|e| Error::io("temporary folder", &e).hint("TMPDIR names another one"))
}

/// Downloads what the client's address names.
pub(super) fn file(client: &Client, to: &Path, cx: &Context) -> Result<()> {
    if to.extension().is_some_and(|e| e.eq_ignore_ascii_case("shp")) {
        return Err(client
            .error("")
            .got("a shapefile, which is several files")
            .rule("one file is downloaded")
            .hint("download .shp, .dbf, .shx and .prj into one folder first"));
    }
    let file = File::create(to).map_err(|e| refused_write(to, &e))?;
    let mut target = Target { file, to, cx, written: 0 };
    let answer = client.fetch_whole(MOST, &mut target);
    cx.progress().end();
    match answer {
        Ok(Answer::Here) => target.file.flush().map_err(|e| refused_write(to, &e)),
        Ok(Answer::Missing) => {
            Err(client.error("").rule("no such file, and no Zarr store: neither zarr.json nor .zmetadata, .zgroup or .zarray is there"))
        }
        Ok(Answer::Denied) => Err(client
            .error("")
            .got("access denied")
            .rule("it is not there, or not for you")
            .hint("S3 reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION")),
        Err(error) if error.got.as_deref() == Some(&format!("more than {}", size_text(MOST))) => {
            Err(Error { rule: Some(format!("files of at most {} are downloaded", size_text(MOST))), ..error }
                .hint("download it first, and name the file"))
        }
        Err(error) => Err(error),
    }
}

struct Target<'a> {
    file: File,
    to: &'a Path,
    cx: &'a Context,
    written: u64,
}

impl Sink for Target<'_> {
    fn start(&mut self, length: Option<u64>) -> Result<()> {
        self.file.set_len(0).and_then(|()| self.file.rewind()).map_err(|e| refused_write(self.to, &e))?;
        self.written = 0;
        self.cx.progress().begin("download, MiB", length.map_or(0, |n| n.div_ceil(STEP)) as usize);
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<()> {
        self.cx.check()?;
        self.file.write_all(bytes).map_err(|e| {
            let error = refused_write(self.to, &e);
            Error { fault: Fault::Io, ..error }.hint("TMPDIR names another folder for temporary files")
        })?;
        let steps = (self.written + bytes.len() as u64) / STEP - self.written / STEP;
        self.written += bytes.len() as u64;
        (0..steps).for_each(|_| self.cx.progress().step());
        Ok(())
    }
}
