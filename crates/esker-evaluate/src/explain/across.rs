//! Permutation importance where a fold by itself has nothing to shuffle: values come from the held-out rows of all folds.

use rayon::prelude::*;

use esker_core::{Codes, Column, Context, Error, Prediction, Result, Values};

use super::HeldOut;
use super::permutation::{Judge, in_fold};

/// Whether permuting within folds says nothing: most folds hold one row, or one of `features` has one value within every fold,
/// though not in all of them.
///
/// # Errors
/// An unknown feature.
pub fn needs_all_folds(folds: &[HeldOut], features: &[String]) -> Result<bool> {
    if single_rows(folds) {
        return Ok(true);
    }
    for feature in features {
        let columns = folds.iter().map(|f| f.test.column(feature)).collect::<Result<Vec<&Column>>>()?;
        let first: Vec<Option<u64>> = columns.iter().map(|c| bits(c, 0)).collect();
        let constant = columns.iter().zip(&first).all(|(c, first)| (1..c.len()).all(|row| bits(c, row) == *first));
        if constant && first.iter().any(|v| *v != first[0]) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether most folds hold one row.
fn single_rows(folds: &[HeldOut]) -> bool {
    2 * folds.iter().filter(|f| f.test.rows() == 1).count() > folds.len()
}

fn bits(column: &Column, row: usize) -> Option<u64> {
    if column.values.is_missing(row) {
        return None;
    }
    Some(match &column.values {
        Values::Real(v) => v[row].to_bits(),
        Values::Class(c) => u64::from(c.codes()[row]),
    })
}

/// The losses of each set, fold after fold; where folds hold one row, repeat after repeat of all held-out rows together.
pub(super) fn losses(judge: &Judge, folds: &[HeldOut], sets: &[&[String]], repeats: usize, cx: &Context) -> Result<Vec<Vec<f64>>> {
    let stacked = Stacked::new(folds, sets)?;
    let before = each(folds, cx, |f| folds[f].model.predict(folds[f].test))?;
    let truth = folds.iter().map(|f| f.test.column(judge.target)).collect::<Result<Vec<&Column>>>()?;
    let together = single_rows(folds);
    // What is scored: every fold, or all at once.
    let all: Vec<usize> = (0..folds.len()).collect();
    let units: Vec<&[usize]> = if together { vec![&all] } else { all.chunks(1).collect() };
    let score = |unit: &[usize], said: &[&Prediction]| {
        let column = stack(&unit.iter().map(|&f| truth[f]).collect::<Vec<_>>())?;
        let mut whole = said[0].clone();
        said[1..].iter().try_for_each(|more| whole.append(more))?;
        let weight: Option<Vec<f64>> = unit.iter().map(|&f| judge.weight(folds[f].test)).collect::<Option<Vec<_>>>().map(|w| w.concat());
        judge.metric.score(&column.values, &whole, weight.as_deref())
    };
    let scored: Vec<Result<f64>> = units.iter().map(|u| score(u, &u.iter().map(|&f| &before[f]).collect::<Vec<_>>())).collect();
    if scored.iter().all(Result::is_err) {
        return Err(scored.into_iter().find_map(Result::err).unwrap_or_else(|| Error::data("explanation").got("0 folds")));
    }
    // Repeat after repeat: the loss of each set in each unit that has a score.
    let mut by_repeat = Vec::with_capacity(repeats);
    for repeat in 0..repeats {
        let mut order: Vec<usize> = (0..stacked.rows).collect();
        cx.rng.fork("permutation importance", 0).fork("repeat", repeat as u64).shuffle(&mut order);
        let said = each(folds, cx, |f| stacked.predict(f, &folds[f], &order, sets))?;
        let known = units.iter().zip(&scored).filter_map(|(unit, score)| Some((unit, *score.as_ref().ok()?)));
        let losses = known.map(|(unit, before)| {
            let loss = |s: usize| Ok(judge.loss(before, score(unit, &unit.iter().map(|&f| &said[f][s]).collect::<Vec<_>>())?));
            (0..sets.len()).map(loss).collect::<Result<Vec<f64>>>()
        });
        by_repeat.push(losses.collect::<Result<Vec<_>>>()?);
    }
    if together {
        return Ok(by_repeat.concat());
    }
    let mean = |unit: usize| (0..sets.len()).map(|s| by_repeat.iter().map(|r| r[unit][s]).sum::<f64>() / repeats as f64).collect();
    Ok((0..by_repeat[0].len()).map(mean).collect())
}

/// What is asked of every fold, side by side.
fn each<T: Send>(folds: &[HeldOut], cx: &Context, ask: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let ask = |fold: usize| cx.check().and_then(|()| ask(fold)).map_err(|e| in_fold(e, fold));
    (0..folds.len()).into_par_iter().map(ask).collect::<Vec<Result<T>>>().into_iter().collect()
}

/// The features of the held-out rows of all folds, end to end.
struct Stacked {
    columns: Vec<Column>,
    /// The first row of each fold.
    starts: Vec<usize>,
    rows: usize,
}

impl Stacked {
    fn new(folds: &[HeldOut], sets: &[&[String]]) -> Result<Self> {
        let mut names: Vec<&String> = sets.iter().flat_map(|s| s.iter()).collect();
        names.sort_unstable();
        names.dedup();
        let column = |name: &&String| stack(&folds.iter().map(|f| f.test.column(name)).collect::<Result<Vec<_>>>()?);
        let mut rows = 0;
        let start = |f: &HeldOut| {
            rows += f.test.rows();
            rows - f.test.rows()
        };
        let starts = folds.iter().map(start).collect();
        Ok(Self { columns: names.iter().map(column).collect::<Result<_>>()?, starts, rows })
    }

    /// What a fold's model says of its rows, once for each set with the set's features from other rows.
    fn predict(&self, fold: usize, held: &HeldOut, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let start = self.starts[fold];
        let donors = &order[start..start + held.test.rows()];
        let mut said = Vec::with_capacity(sets.len());
        for set in sets {
            let mut work = held.test.clone();
            for column in self.columns.iter().filter(|c| set.contains(&c.name)) {
                work.put(column.select(donors))?;
            }
            said.push(held.model.predict(&work)?);
        }
        Ok(said)
    }
}

/// Columns of the same name, end to end.
fn stack(columns: &[&Column]) -> Result<Column> {
    let values = match &columns[0].values {
        Values::Real(_) => Values::Real(columns.iter().map(|c| c.reals()).collect::<Result<Vec<_>>>()?.concat()),
        Values::Class(first) => {
            let codes = columns.iter().map(|c| c.classes()).collect::<Result<Vec<_>>>()?;
            if codes.iter().any(|c| c.levels() != first.levels()) {
                return Err(Error::data(format!("column '{}'", columns[0].name))
                    .got("other classes in other folds")
                    .rule("all folds know the same"));
            }
            Values::Class(Codes::new(codes.iter().flat_map(|c| c.codes().iter().copied()).collect(), first.levels().to_vec())?)
        }
    };
    Ok(Column { values, ..columns[0].clone() })
}
