//! SHA-256 of bytes and files, for the provenance of a record.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use esker_core::{Context, Result};
use sha2::{Digest, Sha256};

use crate::file::refused_read;

/// The SHA-256 of `bytes` as 64 lower-case hexadecimal digits (FIPS 180-4).
///
/// ```
/// assert!(esker_io::sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
/// ```
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of a file, read in pieces, as 64 lower-case hexadecimal digits. A folder (a Zarr store) has that of the names and contents
/// of its files, in the order of their names.
///
/// # Errors
/// The file cannot be read, or the user stopped the work.
pub fn sha256_file(path: &Path, cx: &Context) -> Result<String> {
    let mut hasher = Sha256::new();
    if path.is_dir() {
        for (name, file) in files_below(path)? {
            hasher.update(name.as_bytes());
            hasher.update([0]);
            add(&mut hasher, &file, cx)?;
        }
    } else {
        add(&mut hasher, path, cx)?;
    }
    Ok(hex(&hasher.finalize()))
}

fn add(hasher: &mut Sha256, path: &Path, cx: &Context) -> Result<()> {
    let mut file = File::open(path).map_err(|e| refused_read(path, &e))?;
    let mut piece = vec![0_u8; 1 << 16];
    loop {
        cx.check()?;
        let n = file.read(&mut piece).map_err(|e| refused_read(path, &e))?;
        if n == 0 {
            return Ok(());
        }
        hasher.update(&piece[..n]);
    }
}

/// Files below a folder by their names from there, sorted. Links to folders are not followed, so that none is met twice.
fn files_below(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).map_err(|e| refused_read(&next, &e))? {
            let entry = entry.map_err(|e| refused_read(&next, &e))?;
            let path = entry.path();
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                open.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.insert(name, path);
            }
        }
    }
    Ok(found)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4 examples B.1 and the empty message.
    #[test]
    fn published_digests_are_reached_from_bytes_and_from_a_file() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), abc);
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, b"abc").unwrap();
        assert_eq!(sha256_file(&path, &Context::new(0, 1)).unwrap(), abc);
    }
}
