//! Features from which the target can be read: copies, other units, noise on top, steps, and parts that add up to it.

use std::collections::HashSet;

use esker_core::{Column, Result, Values};
use esker_evaluate::alarm;
use esker_math::{Columns, least_squares, ranks};

use super::{Suspect, distinct, key, numbers, series, smooth};
use crate::plan::Plan;

/// Rows below which nothing is said.
const FEW: usize = 30;
/// Share of the variance that a copy may leave unexplained.
const LEFT: f64 = 0.03;
/// Share of wrong guesses that a feature must put right to count as the class in other words.
const RIGHT: f64 = 0.9;
/// Share of the variance that parts adding up to the target leave.
const EXACT: f64 = 1e-10;
/// Rows that sums are looked for in.
const SUMMED: usize = 1500;

/// Features that encode the target.
pub(super) fn of_target(plan: &Plan) -> Result<Vec<Suspect>> {
    let truth = plan.audited_target()?;
    let past = series::past_lags(plan)?;
    let rows = one_each(plan, truth);
    if rows.len() < FEW {
        return Ok(Vec::new());
    }
    let truth = truth.select(&rows);
    let mut found = Vec::new();
    for column in plan.audited_features().filter(|c| !past.contains(&c.name)) {
        if let Some((what, evidence)) = encodes(&column.select(&rows), &truth) {
            let name = &column.name;
            let mend = format!("Leave '{name}' out of [roles] features, unless it will be there before the target is known.");
            found.push(Suspect::column(plan, "target-copy", name, format!("Feature '{name}' {what}."), evidence, mend));
        }
    }
    if found.is_empty() {
        found.extend(adds_up(plan, &truth, &rows)?);
    }
    Ok(found)
}

/// Rows that differ in features or target, and each of which tells of the target by itself.
fn one_each(plan: &Plan, truth: &Column) -> Vec<usize> {
    let mut seen: HashSet<Vec<Option<u64>>> = HashSet::new();
    let samples = &plan.data.samples;
    let rows: Vec<usize> =
        (0..samples.rows()).filter(|&r| seen.insert(samples.columns().iter().map(|c| key(&c.values, r)).collect())).collect();
    alarm::one_each(samples, truth, &rows)
}

/// How a feature tells the target, and the numbers.
fn encodes(feature: &Column, truth: &Column) -> Option<(String, String)> {
    if let Some(note) = alarm::determines_target(&[feature], truth).pop() {
        let evidence = note.text.split(". ").next().unwrap_or_default().to_owned();
        return Some(("gives the target away".to_owned(), format!("{evidence}.")));
    }
    match (&feature.values, &truth.values) {
        (_, Values::Class(classes)) => {
            let right = smooth::told(&feature.values, classes).filter(|r| *r >= RIGHT)?;
            let evidence =
                format!("It alone puts right {:.1} % of the rows that guessing the most frequent class gets wrong.", 100.0 * right);
            Some(("tells the class, but for a few rows".to_owned(), evidence))
        }
        (Values::Class(codes), Values::Real(y)) => {
            let levels: Vec<u64> = codes.codes().iter().map(|c| u64::from(*c)).collect();
            smooth::steps(y, &levels).then(|| bands(distinct(&feature.values)))
        }
        (Values::Real(x), Values::Real(y)) => of_numbers(x, y),
    }
}

fn bands(levels: usize) -> (String, String) {
    (
        "bands the target".to_owned(),
        format!("Each of its {levels} values goes with one stretch of the target, and the stretches do not overlap."),
    )
}

fn of_numbers(x: &[f64], y: &[f64]) -> Option<(String, String)> {
    let all = x.len();
    let (x, y) = smooth::both(x, y);
    if x.len() < FEW || 2 * x.len() < all {
        return None;
    }
    let levels: Vec<u64> = x.iter().map(|v| v.to_bits()).collect();
    if smooth::steps(&y, &levels) {
        return Some(bands(distinct(&Values::Real(x))));
    }
    // By ranks as well: a few far values must not hide what holds for all the others.
    let of = |by: &[f64], v: &[f64]| smooth::rough(by, v).min(smooth::rough(by, &ranks(v)));
    let (of_target, of_feature) = (of(&y, &x), of(&x, &y));
    let left = of_target.min(of_feature);
    // Few rows are smooth by chance more often.
    (left < LEFT * (1.0 - 2.0 / (x.len() as f64).sqrt())).then(|| {
        let rho = esker_math::correlation(&x, &y);
        let what = if of_feature <= of_target { "is the target in other words" } else { "is computed from the target" };
        let evidence = format!(
            "In the order of one, the other leaves {:.2} % of its variance to differences of neighbours ({} rows, correlation {rho:.4}).",
            100.0 * left,
            x.len()
        );
        (what.to_owned(), evidence)
    })
}

/// The fewest features that add up to the target exactly.
fn adds_up(plan: &Plan, truth: &Column, rows: &[usize]) -> Result<Option<Suspect>> {
    let Some(y) = numbers(truth) else { return Ok(None) };
    let columns: Vec<(&str, Vec<f64>)> = plan
        .audited_features()
        .filter_map(|c| Some((c.name.as_str(), numbers(c)?)))
        .map(|(name, v)| (name, rows.iter().map(|&r| v[r]).collect()))
        .collect();
    let complete = |i: &usize| columns.iter().all(|c| c.1[*i].is_finite());
    let step = rows.len().div_ceil(SUMMED).max(1);
    let used: Vec<usize> = (0..rows.len()).step_by(step).filter(complete).collect();
    if used.len() < FEW || used.len() < 3 * columns.len() || columns.len() < 2 {
        return Ok(None);
    }
    let y: Vec<f64> = used.iter().map(|&i| y[i]).collect();
    let left = |kept: &[usize]| -> Result<f64> {
        let mut x = vec![1.0; used.len()];
        for &c in kept {
            let values: Vec<f64> = used.iter().map(|&i| columns[c].1[i]).collect();
            let (mean, sd) = super::moments(&values);
            x.extend(values.iter().map(|v| if sd > 0.0 { (v - mean) / sd } else { 0.0 }));
        }
        let p = kept.len() + 1;
        let fit = least_squares(Columns::new(&x, used.len(), p), &y, 0.0)?;
        let rest = |i: usize| y[i] - (0..p).map(|c| fit.coefficients[c] * x[c * used.len() + i]).sum::<f64>();
        let mean = esker_math::mean(&y);
        let around: f64 = y.iter().map(|v| (v - mean).powi(2)).sum();
        Ok((0..used.len()).map(|i| rest(i).powi(2)).sum::<f64>() / around)
    };
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    if left(&kept)? > EXACT {
        return Ok(None);
    }
    for c in 0..columns.len() {
        let fewer: Vec<usize> = kept.iter().copied().filter(|k| *k != c).collect();
        if !fewer.is_empty() && left(&fewer)? <= EXACT {
            kept = fewer;
        }
    }
    let names: Vec<String> = kept.iter().map(|&c| columns[c].0.to_owned()).collect();
    let listed = names.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ");
    Ok(Some(Suspect {
        code: "adds-up-to-target",
        what: format!("The features {listed} add up to the target."),
        key: "roles.features".to_owned(),
        rows: Vec::new(),
        evidence: format!("A weighted sum of them leaves {:.0e} of the target's variance in {} rows.", left(&kept)?, used.len()),
        mend: "Leave out those that are known only with the target; if all are known before, compute it and learn nothing.".to_owned(),
        cure: super::Cure::Without(names.clone()),
        columns: names,
        proven: false,
    }))
}
