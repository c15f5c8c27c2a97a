//! Any bytes as a file of any format: data or an error, and values or an error, never a panic.
#![no_main]

use esker_io_fuzz::{keep_panics, run, targets};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: keep_panics(), |bytes: &[u8]| run(targets::open, bytes));
