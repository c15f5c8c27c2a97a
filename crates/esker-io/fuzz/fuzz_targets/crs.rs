//! Any text as a coordinate reference system: one that can be used, or an error, never a panic.
#![no_main]

use esker_core::Crs;
use esker_io::crs::{Transform, from_wkt, parse, to_grid_mapping, to_wkt};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = from_wkt(text);
    if let Ok(crs) = parse(text) {
        let _ = to_wkt(&crs);
        let _ = to_grid_mapping(&crs);
        if let Ok(way) = Transform::between(&Crs::Geographic, &crs) {
            let [x, y] = way.point(10.0, 50.0);
            assert_eq!(x.is_nan(), y.is_nan());
        }
    }
});
