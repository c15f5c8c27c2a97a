//! Any bytes as GRIB of edition 2 and of edition 1: a cube or an error, and so its first cells, never a panic.
#![no_main]

use std::io::Write;
use std::path::Path;

use esker_core::cube::Window;
use esker_io::{Data, ReadOptions, open};
use libfuzzer_sys::fuzz_target;

fn read(path: &Path) {
    if let Ok((_, Data::Cube(cube))) = open(path, &ReadOptions::default()) {
        for v in 0..cube.variables().len().min(4) {
            let _ = cube.read(v, &Window(cube.shape(v).iter().map(|&n| 0..n.min(32)).collect()));
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    for edition in [1, 2] {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        let head = [b'G', b'R', b'I', b'B', 0, 0, 0, edition];
        file.write_all(&head).and_then(|()| file.write_all(bytes)).expect("a writable temporary file");
        read(file.path());
    }
});
