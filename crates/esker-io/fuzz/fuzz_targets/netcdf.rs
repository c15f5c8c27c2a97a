//! Any bytes behind the magic of NetCDF or HDF5: a cube or an error, never a panic that escapes, and windows that can be read or not.
#![no_main]

use std::io::Write;

use esker_core::cube::{Holds, Window};
use esker_io::{Data, ReadOptions, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let magics: [&[u8]; 4] = [b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n"];
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(magics[usize::from(kind % 4)]).and_then(|()| file.write_all(bytes)).expect("a writable temporary file");
    let Ok((_, Data::Cube(cube))) = open(file.path(), &ReadOptions::default()) else { return };
    for v in 0..cube.variables().len().min(20) {
        let window = Window(cube.shape(v).iter().map(|&n| 0..n.min(4)).collect());
        match cube.variables()[v].holds {
            Holds::Numbers => drop(cube.read(v, &window)),
            Holds::Texts => drop(cube.read_texts(v, &window)),
        }
    }
});
