//! Times zonal statistics of polygons over a grid, for `benches/zonal/run.py`: `zonal GRID POLYGONS OUT.csv`.

use std::path::Path;
use std::time::Instant;

use esker_core::{Context, Error, Result};
use esker_io::{Data, ReadOptions, Stat, open, write_table, zonal};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [grid, polygons, out] = &arguments[..] else {
        return Err(Error::usage("arguments").rule("a grid, polygons and a table to write are wanted"));
    };
    let started = Instant::now();
    let (Data::Cube(cube), Data::Features(features)) =
        (open(Path::new(grid), &ReadOptions::default())?.1, open(Path::new(polygons), &ReadOptions::default())?.1)
    else {
        return Err(Error::data("files").rule("a grid and polygons are wanted"));
    };
    let name = cube.data().next().map(|v| v.name.clone()).unwrap_or_default();
    let table = zonal(&cube, &name, &features, &[Stat::Mean, Stat::Min, Stat::Max, Stat::Sum], &Context::new(0, 1))?;
    println!("{:.3}", started.elapsed().as_secs_f64());
    write_table(Path::new(out), &table)
}
