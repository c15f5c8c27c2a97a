//! Any bytes behind the magic of Parquet: a table or an error, never a panic that escapes.
#![no_main]

use std::io::Write;

use esker_io::{ReadOptions, read_table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(b"PAR1").and_then(|()| file.write_all(bytes)).expect("a writable temporary file");
    let _ = read_table(file.path(), &ReadOptions::default());
});
