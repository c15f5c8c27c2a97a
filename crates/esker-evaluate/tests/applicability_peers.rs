//! The area of applicability against CAST 1.1.0; `data/applicability/README.md` says what the numbers are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use esker_core::{Column, Fold};
use esker_evaluate::applicability::Applicability;

/// Columns of numbers by name.
fn read(text: &str) -> Vec<Column> {
    let mut lines = text.lines();
    let mut columns: Vec<(String, Vec<f64>)> = lines.next().unwrap().split(',').map(|n| (n.to_owned(), Vec::new())).collect();
    for line in lines {
        for ((_, values), cell) in columns.iter_mut().zip(line.split(',')) {
            values.push(cell.parse().unwrap());
        }
    }
    columns.into_iter().map(|(name, values)| Column::real(name, "", values)).collect()
}

fn of<'a>(columns: &'a [Column], name: &str) -> &'a Column {
    columns.iter().find(|c| c.name == name).unwrap()
}

const FEATURES: [&str; 3] = ["DEM", "TWI", "NDRE.Sd"];
const WEIGHTS: [f64; 3] = [1.27970755453958, 8.46927283868978, 4.22455978446844];

fn folds(train: &[Column]) -> Vec<Fold> {
    let fold = of(train, "fold").reals().unwrap();
    (1..=5)
        .map(|k| {
            let rows = |inside: bool| (0..fold.len()).filter(|&r| (fold[r] == f64::from(k)) == inside).collect();
            Fold { label: format!("fold {k}"), train: rows(false), test: rows(true), left_out: Vec::new() }
        })
        .collect()
}

fn near(ours: &[f64], theirs: &[f64], within: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (row, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= within, "row {}: {a}, CAST says {b}", row + 1);
    }
}

#[test]
fn every_cell_of_the_cook_farm_is_as_cast_says() {
    let train = read(include_str!("data/applicability/train.csv"));
    let grid = read(include_str!("data/applicability/grid.csv"));
    let features = FEATURES.map(|f| of(&train, f));
    let (area, training) = Applicability::fit(&features, &WEIGHTS, Some(&folds(&train))).unwrap();
    assert!((area.threshold() - 0.389_856_362_256).abs() < 1e-12, "{}", area.threshold());
    near(&training.dissimilarity, of(&train, "trainDI").reals().unwrap(), 1e-12);
    near(&training.density, of(&train, "trainLPD").reals().unwrap(), 0.0);
    assert_eq!((training.incomplete, training.averaged), (0, 30));
    let cells = area.measure(&grid).unwrap();
    near(&cells.dissimilarity, of(&grid, "DI").reals().unwrap(), 1e-12);
    near(&cells.density, of(&grid, "LPD").reals().unwrap(), 0.0);
    near(&cells.inside, of(&grid, "AOA").reals().unwrap(), 0.0);
    assert_eq!((cells.inside.len(), cells.inside.iter().sum::<f64>()), (3865, 2936.0));
}

/// CAST's own test without a model (`tests/testthat/test-aoa.R`): equal weights, no folds.
#[test]
fn without_folds_and_weights_it_is_as_cast_says_too() {
    let train = read(include_str!("data/applicability/train.csv"));
    let grid = read(include_str!("data/applicability/grid.csv"));
    let (area, training) = Applicability::fit(&FEATURES.map(|f| of(&train, f)), &[1.0; 3], None).unwrap();
    assert!((area.threshold() - 0.52872).abs() < 5e-6, "{}", area.threshold());
    let density = [7, 9, 12, 1, 12, 12, 4, 2, 8, 10, 6, 1, 3, 4, 11, 9, 9, 7, 5, 5, 6, 5, 0, 5, 9, 8, 4, 11, 3, 2];
    near(&training.density, &density.map(f64::from), 0.0);
    let cells = area.measure(&grid).unwrap();
    assert_eq!(cells.inside.iter().sum::<f64>(), 3377.0);
    let largest = cells.dissimilarity.iter().copied().fold(0.0, f64::max);
    let mean = cells.dissimilarity.iter().sum::<f64>() / 3865.0;
    assert!((largest - 2.6631).abs() < 5e-5 && (mean - 0.3109).abs() < 5e-5, "{largest} {mean}");
}
