//! Any bytes as a chunk, and any bytes as the metadata, of a Zarr store: values or an error, never a panic.
#![no_main]

use esker_core::cube::{Holds, Window};
use esker_io::{Data, ReadOptions, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("s.zarr");
    // What stands before the first zero byte is metadata, the rest a chunk.
    let cut = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    std::fs::create_dir_all(path.join("c")).expect("a writable folder");
    std::fs::write(path.join("zarr.json"), &bytes[..cut]).expect("a writable folder");
    std::fs::write(path.join("c/0"), &bytes[cut..]).expect("a writable folder");
    let Ok((_, Data::Cube(cube))) = open(&path, &ReadOptions::default()) else { return };
    for v in 0..cube.variables().len() {
        let window = Window(cube.shape(v).iter().map(|&n| 0..n.min(64)).collect());
        let _ = match cube.variables()[v].holds {
            Holds::Numbers => cube.read(v, &window).map(drop),
            Holds::Texts => cube.read_texts(v, &window).map(drop),
        };
    }
});
