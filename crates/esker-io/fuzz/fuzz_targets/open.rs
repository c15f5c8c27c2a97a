//! Any bytes as a file of any format: data or an error, never a panic that escapes.
#![no_main]

use std::io::Write;

use esker_io::{ReadOptions, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a writable temporary file");
    let _ = open(file.path(), &ReadOptions::default());
});
