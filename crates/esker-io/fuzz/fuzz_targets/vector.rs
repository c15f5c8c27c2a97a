//! Any bytes as each vector format: features or an error, never a panic. The first byte picks the format; of a shapefile, the second half
//! is its attributes.
#![no_main]

use esker_io::{Data, ReadOptions, geometry_table, open};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&pick, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(["a.geojson", "a.gpkg", "a.fgb", "a.shp"][usize::from(pick % 4)]);
    let (first, second) = if pick % 4 == 3 { bytes.split_at(bytes.len() / 2) } else { (bytes, &bytes[..0]) };
    std::fs::write(&path, first).expect("the folder is ours");
    if pick % 4 == 3 {
        std::fs::write(path.with_extension("dbf"), second).expect("the folder is ours");
    }
    if let Ok((_, Data::Features(features))) = open(&path, &ReadOptions::default()) {
        assert!(!features.geometries.is_empty());
        let _ = geometry_table(&features);
    }
});
