//! Times kNNDM: `cargo run --release -p esker-evaluate --example matching -- [samples] [wanted] [plane|sphere]`.

use std::time::Instant;

use esker_core::{Crs, Places, Rng, Splitter, Support};
use esker_evaluate::split::{Aim, Clusters, Knndm, Space};

fn support(x: Vec<f64>, y: Vec<f64>, crs: Crs) -> Result<Support, esker_core::Error> {
    Ok(Support { rows: x.len(), place: Some(Places::new(x, y, crs)?), ..Support::default() })
}

fn main() -> Result<(), esker_core::Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: usize| words.get(i).and_then(|w| w.parse().ok()).unwrap_or(default);
    let (samples, wanted) = (number(0, 20_000), number(1, 1_000_000));
    let (crs, side) = match words.get(2).map(String::as_str) {
        Some("sphere") => (Crs::Geographic, 40.0),
        _ => (Crs::Projected("EPSG:3035".into()), 1e6),
    };
    // Samples in 200 clumps on a square, predictions wanted all over it.
    let mut rng = Rng::new(1);
    let clumps: Vec<(f64, f64)> = (0..200).map(|_| (rng.uniform() * side, rng.uniform() * side)).collect();
    let (x, y) =
        (0..samples).map(|i| (clumps[i % 200].0 + rng.normal() * side / 100.0, clumps[i % 200].1 + rng.normal() * side / 100.0)).unzip();
    let columns = (wanted as f64).sqrt().ceil() as usize;
    let cell = side / columns as f64;
    let (gx, gy) = (0..wanted).map(|i| ((i % columns) as f64 * cell, (i / columns) as f64 * cell)).unzip();
    let at = support(x, y, crs.clone())?;
    let aim = Aim { wanted: Some(support(gx, gy, crs)?), features: None };
    let design = Knndm { folds: 10, maxp: 0.5, space: Space::Place, clusters: Clusters::Hierarchical, aim };
    let start = Instant::now();
    let matched = design.matched(&at, &mut Rng::new(1))?;
    let took = start.elapsed();
    println!("{samples} samples, {wanted} wanted: {:.2} s on {} threads", took.as_secs_f64(), rayon::current_num_threads());
    println!("{:?} clusters, W {:.1} m, p {:.2e}", matched.clusters, matched.w, matched.test.p);
    for note in design.notes(&at, &design.folds(&at, &mut Rng::new(1))?) {
        println!("{}", note.text);
    }
    Ok(())
}
