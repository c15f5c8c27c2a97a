//! SHA-256 of bytes and files, for the provenance of a record.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use esker_core::Result;
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

/// The SHA-256 of a file, read in pieces, as 64 lower-case hexadecimal digits.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| refused_read(path, &e))?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0_u8; 1 << 16];
    loop {
        let n = file.read(&mut piece).map_err(|e| refused_read(path, &e))?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&piece[..n]);
    }
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
        assert_eq!(sha256_file(&path).unwrap(), abc);
    }
}
