//! Any bytes as metadata and chunk of a Zarr array: values or an error, never a panic.
#![no_main]

use esker_io_fuzz::{keep_panics, run, targets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: keep_panics(), |bytes: &[u8]| run(targets::zarr, bytes));
