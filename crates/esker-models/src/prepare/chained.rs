//! Impute by models: each column with gaps is regressed on the others, round after round (chained equations, van Buuren and Groothuis-Oudshoorn 2011,
//! without their draws).

use esker_core::{FittedTransform, Result, Samples, Settings, Transform, Values};
use esker_math::{Cholesky, Columns, cross, gram};
use serde::{Deserialize, Serialize};

use super::wanted::{Wanted, known, short};
use crate::store;

/// Fills gaps by chained ridge regressions.
pub struct Chained {
    columns: Wanted,
    rounds: usize,
    penalty: f64,
}

/// A change, in standard deviations, at which rounds end.
const ENOUGH: f64 = 1e-6;

impl Chained {
    /// In these columns.
    pub fn new(columns: Wanted, settings: &Settings) -> Self {
        Self { columns, rounds: settings.integer("rounds") as usize, penalty: settings.real("penalty") }
    }
}

impl Transform for Chained {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        let mut columns = self.columns.numbers(train, target)?;
        columns.retain(|c| c.values.missing() < c.len());
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        let n = train.rows();
        let mut fields = Vec::new();
        let mut table = Vec::with_capacity(columns.len());
        for c in &columns {
            let mut there = known(c.reals()?);
            there.sort_by(f64::total_cmp);
            let mean = esker_math::mean(&there);
            let sd = (there.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / there.len() as f64).sqrt();
            let spread = if sd > 1e-14 * mean.abs() && sd.is_finite() { sd } else { 1.0 };
            fields.push(Field { name: c.name.clone(), mean, spread, gaps: n - there.len(), error: 0.0 });
            table.push(c.reals()?.iter().map(|v| (v - mean) / spread).collect::<Vec<f64>>());
        }
        let gaps: Vec<Vec<bool>> = table.iter().map(|v: &Vec<f64>| v.iter().map(|x| x.is_nan()).collect()).collect();
        table.iter_mut().for_each(|v| v.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = 0.0));
        // Columns with the fewest gaps first. Those without any are regressed too, at the end, for new rows that lack them.
        let mut order: Vec<usize> = (0..fields.len()).collect();
        order.sort_by_key(|&j| (fields[j].gaps == 0, fields[j].gaps, j));
        let mut fitted = Chain { fields, order, rounds: Vec::new() };
        for _ in 0..if fitted.fields.len() > 1 { self.rounds } else { 0 } {
            let (round, change) = self.round(&mut fitted, &mut table, &gaps)?;
            fitted.rounds.push(round);
            if change < ENOUGH {
                break;
            }
        }
        Ok(Box::new(fitted))
    }
}

impl Chained {
    /// One regression a column, and the largest change of a filled value.
    fn round(&self, chain: &mut Chain, table: &mut [Vec<f64>], gaps: &[Vec<bool>]) -> Result<(Vec<Vec<f64>>, f64)> {
        let p = table.len();
        let mut round = vec![Vec::new(); p];
        let mut change: f64 = 0.0;
        for &j in &chain.order {
            let rows: Vec<usize> = (0..gaps[j].len()).filter(|&r| !gaps[j][r]).collect();
            let others: Vec<usize> = (0..p).filter(|&k| k != j).collect();
            let means: Vec<f64> = others.iter().map(|&k| rows.iter().map(|&r| table[k][r]).sum::<f64>() / rows.len() as f64).collect();
            let mut x = Vec::with_capacity(rows.len() * others.len());
            for (&k, mean) in others.iter().zip(&means) {
                x.extend(rows.iter().map(|&r| table[k][r] - mean));
            }
            let y: Vec<f64> = rows.iter().map(|&r| table[j][r]).collect();
            let centre = esker_math::mean(&y);
            let centred: Vec<f64> = y.iter().map(|v| v - centre).collect();
            let x = Columns::new(&x, rows.len(), others.len());
            let mut products = gram(x);
            (0..others.len()).for_each(|k| products[k * (others.len() + 1)] += self.penalty);
            let found = Cholesky::new(&products, others.len())?.solve(&cross(x, &centred));
            // A constant, then a coefficient a column; its own is 0.
            let mut line = vec![0.0; p + 1];
            line[0] = centre - found.iter().zip(&means).map(|(b, m)| b * m).sum::<f64>();
            others.iter().zip(&found).for_each(|(&k, b)| line[k + 1] = *b);
            let said = |r: usize, table: &[Vec<f64>]| line[0] + (0..p).map(|k| line[k + 1] * table[k][r]).sum::<f64>();
            let error = rows.iter().map(|&r| (said(r, table) - table[j][r]).powi(2)).sum::<f64>() / rows.len() as f64;
            chain.fields[j].error = error.sqrt();
            for r in (0..gaps[j].len()).filter(|&r| gaps[j][r]) {
                let v = said(r, table);
                change = change.max((v - table[j][r]).abs());
                table[j][r] = v;
            }
            round[j] = line;
        }
        Ok((round, change))
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    mean: f64,
    spread: f64,
    /// Training rows that lack it.
    gaps: usize,
    /// Root mean squared error of its regression on the training rows, in standard deviations.
    error: f64,
}

#[derive(Serialize, Deserialize)]
struct Chain {
    fields: Vec<Field>,
    order: Vec<usize>,
    /// Round by round and column by column, a constant and a coefficient for each column.
    rounds: Vec<Vec<Vec<f64>>>,
}

impl FittedTransform for Chain {
    fn apply(&self, mut samples: Samples) -> Result<Samples> {
        let columns = self.fields.iter().map(|f| samples.column(&f.name).cloned()).collect::<Result<Vec<_>>>()?;
        let mut values = columns.iter().map(|c| Ok(c.reals()?.to_vec())).collect::<Result<Vec<_>>>()?;
        for r in 0..samples.rows() {
            let gaps: Vec<bool> = values.iter().map(|v| v[r].is_nan()).collect();
            if !gaps.contains(&true) {
                continue;
            }
            let of = |(f, v): (&Field, &Vec<f64>)| if v[r].is_nan() { 0.0 } else { (v[r] - f.mean) / f.spread };
            let mut row: Vec<f64> = self.fields.iter().zip(&values).map(of).collect();
            for round in &self.rounds {
                for &j in self.order.iter().filter(|&&j| gaps[j]) {
                    row[j] = round[j][0] + row.iter().zip(&round[j][1..]).map(|(x, b)| x * b).sum::<f64>();
                }
            }
            for (j, f) in self.fields.iter().enumerate().filter(|(j, _)| gaps[*j]) {
                values[j][r] = (f.mean + f.spread * row[j]).clamp(f64::MIN, f64::MAX);
            }
        }
        for (column, values) in columns.into_iter().zip(values) {
            samples.put(esker_core::Column { values: Values::Real(values), ..column })?;
        }
        Ok(samples)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let says = |f: &Field| {
            let rounds = self.rounds.len();
            let error = short(f.error * f.spread);
            format!("{} training rows lack it; {rounds} rounds of regressions, RMSE {error} where it is known", f.gaps)
        };
        self.fields.iter().map(|f| (f.name.clone(), says(f))).collect()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted step from the bytes it saved.
///
/// # Errors
/// Bytes that are no such step.
pub fn load(bytes: &[u8]) -> Result<Box<dyn FittedTransform>> {
    let fitted: Chain = store::load("impute step", bytes)?;
    let p = fitted.fields.len();
    let field = |f: &Field| f.mean.is_finite() && f.spread.is_finite() && f.spread > 0.0 && f.error.is_finite();
    let line = |l: &Vec<f64>| l.len() == p + 1 && l.iter().all(|b| b.is_finite());
    let sound = fitted.fields.iter().all(field)
        && fitted.order.iter().all(|&j| j < p)
        && fitted.rounds.iter().all(|r| r.len() == p && r.iter().all(line));
    if sound { Ok(Box::new(fitted)) } else { Err(store::damaged("impute step")) }
}
