//! Rows that stand on both sides of a fold, exactly or nearly.

use std::collections::HashMap;

use esker_core::{Result, Values};
use esker_evaluate::alarm;
use rayon::prelude::*;

use super::{Cure, SEARCHED, Scaled, Suspect, distinct, key, percent};
use crate::plan::Plan;

/// Twins below which nothing is said.
const FEW: usize = 3;
/// Largest difference of near-twins in any column, in its standard deviations.
const NEAR: f64 = 0.02;
/// Near-twins must be so many times as frequent as the spread of distances lets expect.
const MORE: f64 = 6.0;
/// Tested rows whose nearest training row is measured in all columns, at most.
const MEASURED: usize = 400;

/// Exact twins across folds, else near ones.
pub(super) fn across_folds(plan: &Plan) -> Result<Vec<Suspect>> {
    let exact = exact(plan)?;
    Ok(if exact.is_empty() { near(plan)?.into_iter().collect() } else { exact })
}

/// Columns of numbers that hardly repeat: two rows that agree in several of them are the same row.
fn continuous(plan: &Plan) -> usize {
    let samples = &plan.data.samples;
    samples.columns().iter().filter(|c| matches!(c.values, Values::Real(_)) && 5 * distinct(&c.values) > samples.rows()).count()
}

/// Suspects of a kind for twins given by the rows to keep apart, for each fold.
fn suspect(plan: &Plan, code: &'static str, what: String, evidence: String, pairs: Vec<(Vec<usize>, Vec<usize>)>) -> Suspect {
    let (rows, apart): (Vec<Vec<usize>>, Vec<Vec<usize>>) = pairs.into_iter().unzip();
    let mut rows = rows.concat();
    rows.sort_unstable();
    rows.dedup();
    let key = plan.designs.first().map_or("validate.design".to_owned(), |d| format!("{}.design", d.part.path));
    Suspect {
        code,
        what,
        columns: Vec::new(),
        key,
        rows,
        evidence,
        mend: "Drop the copies from the table, or name a group that keeps them in one fold: [roles] group and design = \"group\"."
            .to_owned(),
        cure: Cure::Apart(apart),
        proven: false,
    }
}

fn exact(plan: &Plan) -> Result<Vec<Suspect>> {
    let (samples, target) = (&plan.data.samples, &plan.data.target);
    let folds = plan.primary_folds();
    let counted = alarm::measure_duplicates(samples, target, folds);
    // Agreement in one coarse column, or in classes alone, is chance.
    if counted.features < FEW || continuous(plan) < 2 {
        return Ok(Vec::new());
    }
    let same_target = counted.target_too >= FEW;
    let kind: Vec<Vec<Option<u64>>> = (0..samples.rows())
        .map(|r| samples.columns().iter().filter(|c| same_target || c.name != *target).map(|c| key(&c.values, r)).collect())
        .collect();
    let pairs: Vec<(Vec<usize>, Vec<usize>)> = folds
        .par_iter()
        .map(|fold| {
            let mut learned: HashMap<&[Option<u64>], Vec<usize>> = HashMap::new();
            fold.train.iter().for_each(|&r| learned.entry(&kind[r]).or_default().push(r));
            let tested: Vec<usize> = fold.test.iter().copied().filter(|&r| learned.contains_key(kind[r].as_slice())).collect();
            let mut apart: Vec<usize> = tested.iter().flat_map(|&r| learned[kind[r].as_slice()].iter().copied()).collect();
            apart.sort_unstable();
            apart.dedup();
            (tested, apart)
        })
        .collect();
    let (n, of) = if same_target { (counted.target_too, "features and target") } else { (counted.features, "features") };
    // The same features with another target are a replicate only where features can tell rows apart at all.
    if !same_target && (continuous(plan) < 3 || (n as f64) < 0.01 * counted.tested as f64) {
        return Ok(Vec::new());
    }
    let evidence =
        format!("{n} of {} tested rows ({}) have a training row with identical {of}.", counted.tested, percent(n, counted.tested));
    let mut found = suspect(plan, "duplicates", "Rows stand on both sides of a fold.".to_owned(), evidence, pairs);
    if !same_target {
        // Plots of one grid cell share its climate and are no copies; whether that tells the target is measured.
        found.what = "Rows with the same features stand on both sides of a fold.".to_owned();
        found.mend = "Name what these rows share, such as a grid cell or a plot, as [roles] group, with design = \"group\".".to_owned();
        found.proven = true;
    }
    Ok(vec![found])
}

/// Rows nearer to each other, in every column at once, than the spread of distances lets expect.
fn near(plan: &Plan) -> Result<Option<Suspect>> {
    let samples = &plan.data.samples;
    let scaled = Scaled::new(plan);
    let d = scaled.columns.len();
    if d < 3 || samples.rows() < 30 {
        return Ok(None);
    }
    let classes: Vec<&Values> = samples.columns().iter().map(|c| &c.values).filter(|v| matches!(v, Values::Class(_))).collect();
    let twins =
        |a: usize, b: usize| scaled.columns.iter().all(|c| (c[a] - c[b]).abs() <= NEAR) && classes.iter().all(|c| key(c, a) == key(c, b));
    let distance = |a: usize, b: usize| scaled.columns.iter().map(|c| (c[a] - c[b]).powi(2)).sum::<f64>();
    // Twins agree in every column, so also in those that a tree can search.
    let reach2 = NEAR * NEAR * d.min(SEARCHED) as f64;
    let tested: usize = plan.primary_folds().iter().map(|f| f.test.len()).sum();
    let step = tested.div_ceil(MEASURED).max(1);
    let found: Vec<(Vec<usize>, Vec<usize>, Vec<f64>)> = plan
        .primary_folds()
        .par_iter()
        .map(|fold| {
            let tree = scaled.tree(&fold.train)?;
            let (mut close, mut tested, mut apart) = (Vec::new(), Vec::new(), Vec::new());
            for &r in &fold.test {
                tree.within(&scaled.point(r), reach2, &mut close);
                let before = apart.len();
                apart.extend(close.iter().map(|f| fold.train[f.index]).filter(|&t| twins(r, t)));
                if apart.len() > before {
                    tested.push(r);
                }
            }
            apart.sort_unstable();
            apart.dedup();
            let nearest = |&r: &usize| fold.train.iter().map(|&t| distance(r, t)).fold(f64::INFINITY, f64::min).sqrt();
            Ok((tested, apart, fold.test.iter().step_by(step).map(nearest).collect()))
        })
        .collect::<Result<_>>()?;
    let distances: Vec<f64> = found.iter().flat_map(|f| f.2.iter().copied()).collect();
    let twins: usize = found.iter().map(|f| f.0.len()).sum();
    let expected = tested as f64 * expected(&distances, NEAR * (d as f64).sqrt())?;
    if twins < FEW || (twins as f64) < MORE * expected + FEW as f64 {
        return Ok(None);
    }
    let evidence = format!(
        "{twins} of {tested} tested rows ({}) have a training row within {NEAR} standard deviations in each of {d} columns, features and target; \
         the spread of distances lets expect about {:.0}.",
        percent(twins, tested),
        expected.ceil()
    );
    let pairs = found.into_iter().map(|f| (f.0, f.1)).collect();
    Ok(Some(suspect(plan, "near-duplicates", "Rows stand on both sides of a fold, slightly changed.".to_owned(), evidence, pairs)))
}

/// Share of nearest distances below `reach` that points without twins would have: the number within a distance grows as a power of it, told from the
/// middle and the upper tenth of the distances.
fn expected(distances: &[f64], reach: f64) -> Result<f64> {
    if distances.is_empty() {
        return Ok(0.0);
    }
    let (middle, upper) = (esker_math::quantile(distances, 0.5)?, esker_math::quantile(distances, 0.9)?);
    if middle <= 2.0 * reach {
        // More than half are twins, or points are that dense: only a law of small distances could tell, and there is none.
        let far = esker_math::quantile(distances, 0.75)?;
        return Ok(if far > 10.0 * middle.max(reach / 10.0) { 0.0 } else { 1.0 });
    }
    let power = (10f64.ln() / 2f64.ln()).ln() / (upper / middle).ln().max(1e-6);
    Ok(2f64.ln() * (reach / middle).powf(power.clamp(1.0, 30.0)))
}
