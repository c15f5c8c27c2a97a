//! Any bytes as CSV: a table with rows or an error, never a panic.
#![no_main]

use esker_io::{ReadOptions, parse_csv};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(table) = parse_csv("fuzz.csv", bytes, &ReadOptions::default()) {
        assert!(table.rows() > 0 && !table.columns().is_empty());
    }
});
