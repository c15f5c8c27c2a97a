//! Target encoding: a class becomes the mean of the target of its training rows, drawn towards the mean of all (Micci-Barreca 2001).
//!
//! A training row gets the means of the other folds' rows, so that it never sees its own target, and where rows have a group nor those of its
//! group; new rows get the means of all training rows.

use esker_core::{Codes, Column, Error, FittedTransform, MISSING, Prepared, Result, Samples, Transform, Unit, Values};
use serde::{Deserialize, Serialize};

use super::encode::replaced;
use super::wanted::{Wanted, free, lenient, short};
use crate::store;

/// Folds that training rows are dealt into.
const FOLDS: usize = 5;

/// Turns classes into means of the target.
pub struct TargetMeans {
    /// The columns.
    pub columns: Wanted,
    /// Rows of the mean of all that are added to each class.
    pub smoothing: f64,
}

/// What is averaged: numbers, or 1 and 0 for each class of the target but the first of two.
fn responses(column: &Column) -> Vec<(String, Vec<f64>)> {
    match &column.values {
        Values::Real(v) => vec![(String::new(), v.clone())],
        Values::Class(codes) => {
            let first = usize::from(codes.levels().len() == 2);
            let marks = |k: usize| codes.codes().iter().map(|&c| f64::from(u8::from(c as usize == k))).collect();
            (first..codes.levels().len()).map(|k| (format!("={}", codes.levels()[k]), marks(k))).collect()
        }
    }
}

impl TargetMeans {
    fn means(&self, codes: &[u32], levels: usize, y: &[f64], train: &Samples, rows: &[usize]) -> (Vec<f64>, f64) {
        // In the order of their targets, so that the order of the rows changes no bit.
        let mut order: Vec<usize> = rows.to_vec();
        order.sort_by(|&a, &b| y[a].total_cmp(&y[b]).then(train.weight_of(a).total_cmp(&train.weight_of(b))));
        let (mut sum, mut weight) = (vec![0.0; levels + 1], vec![0.0; levels + 1]);
        for &row in &order {
            // A missing class is one of its own.
            let k = if codes[row] == MISSING { levels } else { codes[row] as usize };
            sum[k] += train.weight_of(row) * y[row];
            weight[k] += train.weight_of(row);
        }
        let all = sum.iter().sum::<f64>() / weight.iter().sum::<f64>();
        let all = if all.is_finite() { all } else { 0.0 };
        let mean = |(s, w): (&f64, &f64)| if *w > 0.0 { (s + self.smoothing * all) / (w + self.smoothing) } else { all };
        (sum.iter().zip(&weight).map(mean).collect(), all)
    }
}

/// The fold of each training row: groups whole, else rows that are alike in everything but the target together. Dealt out by what rows hold, so
/// that neither their order nor any target decides. Rows without group, place and time that are alike are dealt out in turn: else a class that is
/// all that is known of its rows would be in one fold, and no mean of the others would know of it.
fn folds(train: &Samples, target: &str) -> Vec<usize> {
    let support = train.support();
    let held = support.group.as_ref().map_or(0, |g| g.counts().iter().filter(|n| **n > 0).count());
    let marks = match &support.group {
        Some(g) if held >= 2 => group_marks(g),
        _ if support.place.is_none() && support.time.is_none() => in_turn(row_marks(train, target)),
        _ => row_marks(train, target),
    };
    let folds = if held >= 2 { FOLDS.min(held) } else { FOLDS };
    let mut distinct = marks.clone();
    distinct.sort_unstable();
    distinct.dedup();
    marks.iter().map(|m| distinct.partition_point(|d| d < m) % folds).collect()
}

/// Marks that tell equal ones apart by how many of them came before.
fn in_turn(marks: Vec<u64>) -> Vec<u64> {
    let mut seen: std::collections::HashMap<u64, u64> = std::collections::HashMap::new();
    let one = |m: u64| {
        let before = seen.entry(m).or_insert(0);
        *before += 1;
        hash(m.to_le_bytes().into_iter().chain(before.to_le_bytes()))
    };
    marks.into_iter().map(one).collect()
}

/// FNV-1a, then mixed (splitmix64), so that like inputs lie far apart.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    let mut h = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

fn group_marks(groups: &Codes) -> Vec<u64> {
    let of: Vec<u64> = groups.levels().iter().map(|l| hash(l.bytes())).collect();
    groups.codes().iter().map(|&c| of.get(c as usize).copied().unwrap_or(0)).collect()
}

fn row_marks(train: &Samples, target: &str) -> Vec<u64> {
    let support = train.support();
    let mut names: Vec<&Column> = train.features(target).collect();
    names.sort_by(|a, b| a.name.cmp(&b.name));
    let one = |row: usize| {
        let number = |v: f64| v.to_bits().to_le_bytes().into_iter();
        let place = support.place.iter().flat_map(|p| number(p.x()[row]).chain(number(p.y()[row])));
        let time = support.time.iter().flat_map(|t| number(t.days[row]));
        let features = names.iter().flat_map(|c| match &c.values {
            Values::Real(v) => v[row].to_bits().to_le_bytes().to_vec(),
            Values::Class(k) => k.label(row).unwrap_or("").bytes().chain([0xff]).collect(),
        });
        hash(place.chain(time).chain(features))
    };
    (0..train.rows()).map(one).collect()
}

impl Transform for TargetMeans {
    fn fit(&self, train: &Samples, target: &str) -> Result<Box<dyn FittedTransform>> {
        Ok(Box::new(self.learn(train, target)?))
    }

    fn fit_apply(&self, train: Samples, target: &str) -> Result<Prepared> {
        let fitted = self.learn(&train, target)?;
        let fold = folds(&train, target);
        let responses = responses(train.column(target)?);
        let mut columns = Vec::with_capacity(train.columns().len());
        for column in train.columns() {
            let Some(field) = fitted.fields.iter().find(|f| f.name == column.name) else {
                columns.push(column.clone());
                continue;
            };
            let codes = lenient(column.classes()?, &field.levels);
            for (made, (_, y)) in field.made.iter().zip(&responses) {
                let mut values = vec![f64::NAN; train.rows()];
                for f in 0..FOLDS {
                    let (own, others): (Vec<usize>, Vec<usize>) = (0..train.rows()).partition(|&r| fold[r] == f);
                    let (means, all) = self.means(&codes, field.levels.len(), y, &train, &others);
                    own.iter().for_each(|&r| values[r] = of(&means, all, codes[r]));
                }
                columns.push(made.column(&fitted.unit, values));
            }
        }
        let made = train.with_columns(columns)?;
        Ok((Box::new(fitted), made))
    }
}

/// The mean of a class, of all where the class is unknown.
fn of(means: &[f64], all: f64, code: u32) -> f64 {
    if code == MISSING { means.last() } else { means.get(code as usize) }.copied().unwrap_or(all)
}

impl TargetMeans {
    fn learn(&self, train: &Samples, target: &str) -> Result<Fitted> {
        let observed = train.column(target)?;
        if observed.values.missing() > 0 {
            return Err(Error::data(format!("target '{target}'")).rule("target encoding needs the target of every training row"));
        }
        let rows: Vec<usize> = (0..train.rows()).collect();
        let unit = if matches!(observed.values, Values::Real(_)) { observed.unit.clone() } else { Unit::new("1") };
        let mut fields = Vec::new();
        for column in self.columns.classes(train, target)? {
            let (codes, levels) = (column.classes()?.codes(), column.classes()?.levels());
            let mut made = Vec::new();
            for (suffix, y) in responses(observed) {
                let name = format!("{} mean {target}{suffix}", column.name);
                free(train, &name, &column.name, "the mean of the target")?;
                let (means, all) = self.means(codes, levels.len(), &y, train, &rows);
                made.push(Made { name, means, all });
            }
            fields.push(Field { name: column.name.clone(), levels: levels.to_vec(), made });
        }
        Ok(Fitted { unit, smoothing: self.smoothing, fields })
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    name: String,
    /// One a level, then that of a missing class.
    means: Vec<f64>,
    all: f64,
}

impl Made {
    fn column(&self, unit: &Unit, values: Vec<f64>) -> Column {
        Column { unit: unit.clone(), ..Column::real(self.name.clone(), "", values) }
    }
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    levels: Vec<String>,
    made: Vec<Made>,
}

#[derive(Serialize, Deserialize)]
struct Fitted {
    unit: Unit,
    smoothing: f64,
    fields: Vec<Field>,
}

impl FittedTransform for Fitted {
    fn apply(&self, samples: Samples) -> Result<Samples> {
        let means = |field: &Field, codes: &Codes| {
            let values = |made: &Made| codes.codes().iter().map(|&c| of(&made.means, made.all, c)).collect();
            field.made.iter().map(|m| m.column(&self.unit, values(m))).collect()
        };
        replaced(samples, &self.fields, |f| (&f.name, &f.levels), means)
    }

    fn describe(&self, graph: &mut esker_core::Graph) -> Result<bool> {
        for field in &self.fields {
            let column = graph.classes(&field.name)?;
            graph.remove(&field.name);
            for made in &field.made {
                let place = |k: u32| column.levels.get(k as usize).and_then(|l| field.levels.iter().position(|o| o == l));
                let value = graph.lookup(&column, |k| place(k).map_or(made.all, |p| made.means[p]), made.means[field.levels.len()]);
                graph.put_number(&made.name, value);
            }
        }
        Ok(true)
    }

    fn learned(&self) -> Vec<(String, String)> {
        let says = |m: &Made, levels: usize| {
            let range = |f: fn(f64, f64) -> f64| short(m.means[..levels].iter().copied().reduce(f).unwrap_or(m.all));
            format!("means of {levels} classes, {} to {}{}", range(f64::min), range(f64::max), self.unit.suffix())
        };
        self.fields.iter().flat_map(|f| f.made.iter().map(|m| (m.name.clone(), says(m, f.levels.len())))).collect()
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
    let fitted: Fitted = store::load("encode step", bytes)?;
    let made = |m: &Made, levels: usize| m.means.len() == levels + 1 && m.all.is_finite() && m.means.iter().all(|v| v.is_finite());
    if fitted.fields.iter().all(|f| f.made.iter().all(|m| made(m, f.levels.len()))) {
        Ok(Box::new(fitted))
    } else {
        Err(store::damaged("encode step"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Support;

    fn rows(labels: &[&str], y: Vec<f64>) -> Samples {
        let codes = Codes::from_labels(&labels.iter().map(|l| Some(*l)).collect::<Vec<_>>());
        let x = Column::real("x", "", (0..y.len()).map(|i| i as f64).collect());
        let n = y.len();
        Samples::new(vec![Column::class("rock", codes), x, Column::real("y", "m", y)], Support::bare(n), None).unwrap()
    }

    #[test]
    fn a_class_that_is_all_that_is_known_of_its_rows_keeps_its_sense() {
        let labels: Vec<&str> = (0..120).map(|i| ["chalk", "marl", "shale"][i % 3]).collect();
        let y: Vec<f64> = (0..120).map(|i| 5.0 * (i % 3) as f64 + (i as f64).sin()).collect();
        let bare = rows(&labels, y);
        let columns = bare.columns().iter().filter(|c| c.name != "x").cloned().collect();
        let train = Samples::new(columns, Support::bare(120), None).unwrap();
        let (_, made) = TargetMeans { columns: Wanted::default(), smoothing: 0.0 }.fit_apply(train, "y").unwrap();
        for (i, v) in made.column("rock mean y").unwrap().reals().unwrap().iter().enumerate() {
            assert!((v - 5.0 * (i % 3) as f64).abs() < 1.0, "row {i}: {v}");
        }
    }

    #[test]
    fn groups_are_whole_from_two_on() {
        let labels = ["a", "b"].repeat(10);
        let train = rows(&labels, (0..20).map(f64::from).collect());
        for groups in [2, 4, 9] {
            let of: Vec<Option<String>> = (0..20).map(|i| Some(format!("w{}", i % groups))).collect();
            let support = Support { group: Some(Codes::from_labels(&of)), ..Support::bare(20) };
            let fold = folds(&Samples::new(train.columns().to_vec(), support, None).unwrap(), "y");
            assert!((groups..20).all(|i| fold[i] == fold[i % groups]), "{groups}: {fold:?}");
            assert!(fold.iter().any(|f| *f != fold[0]));
        }
    }

    #[test]
    fn new_rows_get_smoothed_means_and_training_rows_never_their_own_target() {
        let labels = ["a", "a", "a", "b", "b", "b", "b", "a", "b", "a"];
        let y: Vec<f64> = (0..10).map(|i| f64::from(i) * 1.5).collect();
        let train = rows(&labels, y.clone());
        let step = TargetMeans { columns: Wanted::default(), smoothing: 2.0 };
        let (fitted, made) = step.fit_apply(train.clone(), "y").unwrap();
        // sum of a: 0 + 1.5 + 3 + 10.5 + 13.5; mean of all 6.75.
        let new = fitted.apply(train).unwrap();
        assert!((new.column("rock mean y").unwrap().reals().unwrap()[0] - (28.5 + 13.5) / 7.0).abs() < 1e-12);
        for i in 0..10 {
            let mut other = y.clone();
            other[i] = 1e6;
            let changed = step.fit_apply(rows(&labels, other), "y").unwrap().1;
            let of = |s: &Samples| s.column("rock mean y").unwrap().reals().unwrap()[i].to_bits();
            assert_eq!(of(&changed), of(&made), "row {i}");
        }
    }
}
