//! The effect of a feature of classes: the mean prediction when every row is set to a level.

use rayon::prelude::*;

use esker_core::record::Effect;
use esker_core::{Codes, Column, Context, Error, MISSING, Result, Values};

use super::{HeldOut, View};

/// Effects of the levels that occur, most frequent first, centred by the rows of each level.
pub(super) fn class_effect(folds: &[HeldOut], feature: &str, view: &View, cx: &Context) -> Result<Effect> {
    let codes: Vec<&Codes> = folds.iter().map(|f| f.test.column(feature)?.classes()).collect::<Result<_>>()?;
    let levels = levels_by_frequency(feature, &codes)?;
    let means = folds
        .par_iter()
        .zip(&codes)
        .map(|(held, codes)| fold_means(held, feature, codes, &levels, view, cx))
        .collect::<Vec<Result<(Vec<f64>, usize)>>>()
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    let total: usize = means.iter().map(|(_, rows)| rows).sum();
    let pooled =
        (0..levels.len()).map(|l| means.iter().map(|(m, rows)| m[l] * *rows as f64).sum::<f64>() / total as f64).collect::<Vec<f64>>();
    // A fold without any value of the feature has nothing to say; it shows what all folds say together.
    let curves = means.into_iter().map(|(m, rows)| if rows == 0 { pooled.clone() } else { m }).map(|m| centred(m, &levels)).collect();
    Ok(Effect {
        feature: feature.to_owned(),
        unit: folds[0].test.column(feature)?.unit.clone(),
        class: view.class.clone().unwrap_or_default(),
        at: (0..levels.len()).map(|l| l as f64).collect(),
        effect: centred(pooled, &levels),
        levels: levels.into_iter().map(|(level, _)| level).collect(),
        folds: curves,
        rug: Vec::new(),
    })
}

/// The levels that occur in the held-out rows with their rows, most frequent first, equals by name.
fn levels_by_frequency(feature: &str, folds: &[&Codes]) -> Result<Vec<(String, usize)>> {
    let mut counts = std::collections::BTreeMap::new();
    for codes in folds {
        for (level, rows) in codes.levels().iter().zip(codes.counts()).filter(|(_, rows)| *rows > 0) {
            *counts.entry(level.clone()).or_insert(0) += rows;
        }
    }
    if counts.is_empty() {
        return Err(Error::data(format!("effect of '{feature}'")).got("no held-out value").rule("at least one value is needed"));
    }
    let mut levels: Vec<(String, usize)> = counts.into_iter().collect();
    levels.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    Ok(levels)
}

/// The mean prediction of a fold's rows set to each level, and how many rows that is.
fn fold_means(
    held: &HeldOut,
    feature: &str,
    codes: &Codes,
    levels: &[(String, usize)],
    view: &View,
    cx: &Context,
) -> Result<(Vec<f64>, usize)> {
    let present: Vec<usize> = (0..codes.len()).filter(|&i| codes.codes()[i] != MISSING).collect();
    let rows = present.len();
    if rows == 0 {
        return Ok((vec![0.0; levels.len()], 0));
    }
    let column = held.test.column(feature)?;
    let mut work = if rows == codes.len() { held.test.clone() } else { held.test.select(&present) };
    let mut means = Vec::with_capacity(levels.len());
    for (level, _) in levels {
        cx.check()?;
        let Some(code) = codes.levels().iter().position(|l| l == level) else {
            return Err(Error::data(format!("column '{feature}'"))
                .got("other classes in another fold")
                .rule("all folds share one list of classes"));
        };
        let set = Codes::new(vec![code as u32; rows], codes.levels().to_vec())?;
        work.put(Column { name: column.name.clone(), unit: column.unit.clone(), values: Values::Class(set) })?;
        means.push(view.of(held.model.predict(&work)?)?.iter().sum::<f64>() / rows as f64);
    }
    Ok((means, rows))
}

fn centred(mut means: Vec<f64>, levels: &[(String, usize)]) -> Vec<f64> {
    let rows: usize = levels.iter().map(|(_, rows)| rows).sum();
    let mean = means.iter().zip(levels).map(|(m, (_, rows))| m * *rows as f64).sum::<f64>() / rows as f64;
    means.iter_mut().for_each(|m| *m -= mean);
    means
}
