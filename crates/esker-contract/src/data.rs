//! Small data sets with the traits of real ones: neighbours alike, groups, gaps, classes, uneven weights.

use esker_core::{Codes, Column, Crs, MISSING, Needs, Places, Rng, Samples, Support, Times, Values};

/// The target of every data set made here.
pub const TARGET: &str = "target";

/// What the features are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Some values are missing.
    pub gaps: bool,
    /// One feature is of classes (`rock`).
    pub classes: bool,
    /// Numbers have mean 0 and standard deviation 1.
    pub scaled: bool,
}

impl Shape {
    /// The hardest features that an estimator of these needs takes without preparation.
    pub fn of(needs: Needs) -> Self {
        Self { gaps: !needs.complete, classes: !needs.numeric, scaled: needs.scaled }
    }
}

/// Glacier-like samples with a target of numbers in `m w.e. yr-1`.
pub fn regression(shape: Shape, rows: usize, seed: u64) -> Samples {
    let field = Field::new(shape, rows, seed);
    let target = Column::real(TARGET, "m w.e. yr-1", field.response.clone());
    field.samples(target)
}

/// The same samples with a target of three classes, `bare`, `forest` and `ice`, of uneven size.
pub fn classification(shape: Shape, rows: usize, seed: u64) -> Samples {
    let field = Field::new(shape, rows, seed);
    let codes = field.response.iter().map(|&r| if r > 0.25 { 2 } else { u32::from(r > -0.35) }).collect();
    let levels = ["bare", "forest", "ice"].map(str::to_owned).to_vec();
    let target = Column::class(TARGET, Codes::new(codes, levels).expect("codes are 0, 1 and 2"));
    field.samples(target)
}

/// Support of `rows` samples with place, time, twelve groups and three strata.
pub fn support(rows: usize, seed: u64) -> Support {
    let shape = Shape { gaps: false, classes: false, scaled: false };
    let samples = classification(shape, rows, seed);
    let strata = samples.column(TARGET).and_then(Column::classes).expect("the target is of classes").clone();
    Support { strata: Some(strata), ..samples.support().clone() }
}

/// Smooth fields over Scandinavia, and what responds to them.
struct Field {
    columns: Vec<Column>,
    response: Vec<f64>,
    support: Support,
}

impl Field {
    fn new(shape: Shape, rows: usize, seed: u64) -> Self {
        let root = Rng::new(seed);
        let mut rng = root.fork("field", 0);
        let lon: Vec<f64> = (0..rows).map(|_| 5.0 + 15.0 * rng.uniform()).collect();
        let lat: Vec<f64> = (0..rows).map(|_| 60.0 + 10.0 * rng.uniform()).collect();
        let each = |f: &mut dyn FnMut(usize) -> f64| (0..rows).map(f).collect::<Vec<f64>>();
        let height = each(&mut |i| 900.0 + 500.0 * (lon[i] / 3.0).sin() * (lat[i] / 2.0).cos() + 60.0 * rng.normal());
        let temp = each(&mut |i| 8.0 - 0.5 * (lat[i] - 60.0) - 0.006 * height[i] + 0.4 * rng.normal());
        let prcp = each(&mut |i| (7.0 - 0.06 * (lon[i] - 5.0) + 0.2 * rng.normal()).exp());
        let slope = each(&mut |_| 5.0 + 25.0 * rng.uniform());
        let area = each(&mut |_| rng.normal().exp());
        let rock: Vec<u32> = (0..rows).map(|i| (u32::from(lon[i] > 11.0)) + u32::from(rng.uniform() > 0.6)).collect();
        let response = each(&mut |i| {
            let hard = [0.0, 0.2, -0.15][rock[i] as usize];
            -0.12 * temp[i] + 0.0004 * prcp[i] + 0.015 * (slope[i] - 15.0) + hard - 0.35 + 0.15 * rng.normal()
        });
        let support = Self::support(&lon, &lat);
        // Not in the order of their names: an estimator that goes by position is found out.
        let numbers =
            [("temp", "degC", temp), ("area", "km2", area), ("prcp", "mm", prcp), ("height", "m", height), ("slope", "degrees", slope)];
        let mut columns: Vec<Column> = numbers.into_iter().map(|(n, u, v)| Column::real(n, u, v)).collect();
        if shape.classes {
            let levels = ["gneiss", "schist", "shale"].map(str::to_owned).to_vec();
            columns.insert(2, Column::class("rock", Codes::new(rock, levels).expect("codes are 0, 1 and 2")));
        }
        if shape.gaps {
            columns.iter_mut().enumerate().skip(1).for_each(|(j, c)| punch(c, &mut root.fork("gaps", j as u64)));
        }
        if shape.scaled {
            columns.iter_mut().for_each(scale);
        }
        Self { columns, response, support }
    }

    fn support(lon: &[f64], lat: &[f64]) -> Support {
        let basin = |i: usize| ((lon[i] - 5.0) / 5.0).floor().min(2.0) * 4.0 + ((lat[i] - 60.0) / 2.5).floor().min(3.0);
        let labels: Vec<Option<String>> = (0..lon.len()).map(|i| Some(format!("basin {}", basin(i)))).collect();
        Support {
            rows: lon.len(),
            place: Some(Places::new(lon.to_vec(), lat.to_vec(), Crs::Geographic).expect("places lie in Scandinavia")),
            time: Some(Times { days: (0..lon.len()).map(|i| 10_957.0 + 365.25 * (i % 20) as f64).collect() }),
            group: Some(Codes::from_labels(&labels)),
            strata: None,
        }
    }

    fn samples(self, target: Column) -> Samples {
        let mut columns = self.columns;
        columns.insert(1, target);
        Samples::new(columns, self.support, None).expect("columns of one length under unique names")
    }
}

/// Takes away about one value in fourteen.
fn punch(column: &mut Column, rng: &mut Rng) {
    match &mut column.values {
        Values::Real(v) => v.iter_mut().filter(|_| rng.below(14) == 0).for_each(|x| *x = f64::NAN),
        Values::Class(c) => {
            let codes = c.codes().iter().map(|&k| if rng.below(14) == 0 { MISSING } else { k }).collect();
            *c = Codes::new(codes, c.levels().to_vec()).expect("codes were valid before");
        }
    }
}

/// Brings numbers to mean 0 and standard deviation 1, gaps left aside.
fn scale(column: &mut Column) {
    if let Values::Real(v) = &mut column.values {
        let (mean, sd) = moments(v);
        v.iter_mut().for_each(|x| *x = (*x - mean) / sd);
    }
}

/// Mean and standard deviation of the values that are there; the deviation of a constant is taken as 1.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let there: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let n = there.len().max(1) as f64;
    let mean = there.iter().sum::<f64>() / n;
    let sd = (there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    (mean, if sd > 0.0 { sd } else { 1.0 })
}

/// A random order of `rows` rows that is not their own.
pub fn shuffled(rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    Rng::new(seed).fork("order", 0).shuffle(&mut order);
    order
}
