//! Times the area of applicability of many new rows, block by block: `cargo run --release -p esker-evaluate --example applicability [ROWS]`.
//! 1,000 training rows of 20 features, ten folds; new rows are drawn as the training rows are, or a little beyond.

use std::time::Instant;

use esker_core::{Column, Fold, Result, Rng};
use esker_evaluate::applicability::Applicability;

const TRAIN: usize = 1000;
const FEATURES: usize = 20;
const BLOCK: usize = 1 << 17;

/// Features that vary together, as layers of a map do, or each on its own.
fn rows(n: usize, together: bool, spread: f64, rng: &mut Rng) -> Vec<Column> {
    let hidden: Vec<[f64; 4]> = (0..n).map(|_| std::array::from_fn(|_| spread * rng.normal())).collect();
    (0..FEATURES)
        .map(|j| {
            let mix: [f64; 4] = std::array::from_fn(|h| (1.0 + (j * 4 + h) as f64).sin());
            let value = |h: &[f64; 4], rng: &mut Rng| {
                let own = spread * rng.normal();
                if together { h.iter().zip(mix).map(|(a, b)| a * b).sum::<f64>() + 0.3 * own } else { own }
            };
            Column::real(format!("f{j}"), "", hidden.iter().map(|h| value(h, rng)).collect())
        })
        .collect()
}

fn main() -> Result<()> {
    let most: usize = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(10_000_000);
    let folds: Vec<Fold> = (0..10)
        .map(|k| {
            let of = |test: bool| (0..TRAIN).filter(|r| (r % 10 == k) == test).collect();
            Fold { label: format!("fold {}", k + 1), train: of(false), test: of(true), left_out: Vec::new() }
        })
        .collect();
    let cases = [
        ("each on its own, equal weights", false, 1.0),
        ("each on its own, falling weights", false, 0.8),
        ("together, falling weights", true, 0.8),
    ];
    for (name, together, next) in cases {
        let mut rng = Rng::new(7);
        let train = rows(TRAIN, together, 1.0, &mut rng);
        let weights: Vec<f64> = (0..FEATURES).map(|j| f64::powi(next, j as i32)).collect();
        let (area, _) = Applicability::fit(&train.iter().collect::<Vec<_>>(), &weights, Some(&folds))?;
        // One block is measured again and again: drawing numbers would take longer than measuring them.
        let block = rows(BLOCK, together, 1.2, &mut rng);
        let (start, mut done, mut inside) = (Instant::now(), 0, 0.0);
        while done < most {
            inside += area.measure(&block)?.inside.iter().sum::<f64>();
            done += BLOCK;
        }
        let (time, share) = (start.elapsed().as_secs_f64(), 100.0 * inside / done as f64);
        println!("{FEATURES} features {name}: {done} rows in {time:.1} s, {share:.1} % inside, threshold {:.3}", area.threshold());
    }
    Ok(())
}
