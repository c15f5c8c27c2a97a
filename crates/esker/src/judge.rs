//! Scores of held-out predictions, comparisons on identical folds, and the reason for a choice.

use esker_core::record::{Comparison, GroupScore, MetricCard, ModelRecord, ModelRun};
use esker_core::{Better, Codes, Error, Fault, Metric, Prediction, Result, Unit, Values};
use esker_evaluate::{compare, score};

use crate::folds::FoldRun;
use crate::plan::{Plan, PlannedDesign};

/// A score, or nothing where it does not exist.
fn exists(score: Result<f64>) -> Result<Option<f64>> {
    match score {
        Ok(v) if v.is_finite() => Ok(Some(v)),
        Ok(_) => Ok(None),
        Err(e) if e.fault == Fault::Cancelled => Err(e),
        Err(_) => Ok(None),
    }
}

/// Held-out predictions of all folds end to end.
pub(crate) fn pooled(runs: &[FoldRun]) -> Result<Prediction> {
    let mut all: Option<Prediction> = None;
    for run in runs {
        match &mut all {
            None => all = Some(run.said.clone()),
            Some(all) => all.append(&run.said)?,
        }
    }
    all.ok_or_else(|| Error::data("folds").got("none").rule("at least one is needed"))
}

/// The record's metric on some rows, where it exists.
pub(crate) fn score_on(plan: &Plan, rows: &[usize], said: &Prediction) -> Result<Option<f64>> {
    let samples = &plan.data.samples;
    let weight = samples.weight().filter(|_| plan.recipe.validate.weighted).map(|w| rows.iter().map(|&r| w[r]).collect::<Vec<_>>());
    exists(plan.metric().metric.score(&samples.column(&plan.data.target)?.values.select(rows), said, weight.as_deref()))
}

pub(crate) fn model_run(plan: &Plan, design: &PlannedDesign, runs: &[FoldRun], primary: bool) -> Result<ModelRun> {
    let samples = &plan.data.samples;
    let target = samples.column(&plan.data.target)?;
    let weights = if plan.recipe.validate.weighted { samples.weight() } else { None };
    let pick = |rows: &[usize]| weights.map(|w| rows.iter().map(|&r| w[r]).collect::<Vec<_>>());
    let rows: Vec<usize> = design.folds.iter().flat_map(|f| f.test.iter().copied()).collect();
    let said = pooled(runs)?;
    let truth = target.values.select(&rows);
    let weight = pick(&rows);
    let mut scores = Vec::with_capacity(plan.metrics.len());
    for planned in &plan.metrics {
        let all = exists(planned.metric.score(&truth, &said, weight.as_deref()))?;
        let mut folds = Vec::with_capacity(runs.len());
        for (fold, run) in design.folds.iter().zip(runs) {
            folds.push(exists(planned.metric.score(&target.values.select(&fold.test), &run.said, pick(&fold.test).as_deref()))?);
        }
        scores.push(compare::score_record(planned.kind.name(), folds, all));
    }
    let (mut confusion, mut classes, mut curves) = (None, Vec::new(), Vec::new());
    if let Values::Class(codes) = &truth {
        let matrix = score::confusion(codes, &said, weight.as_deref())?;
        classes = score::per_class(&matrix, codes.levels());
        confusion = Some(matrix);
        if primary {
            for class in 0..codes.levels().len() {
                curves.push(score::curve(codes, &said, class, weight.as_deref())?);
            }
        }
    }
    let groups = match &design.support.group {
        Some(groups) if primary => group_scores(&*plan.metric().metric, groups, &rows, &truth, &said)?,
        _ => Vec::new(),
    };
    Ok(ModelRun { design: design.part.label.clone(), scores, confusion, classes, groups, curves })
}

/// Scores by group, worst first; none where there are too many groups to read.
fn group_scores(metric: &dyn Metric, groups: &Codes, rows: &[usize], truth: &Values, said: &Prediction) -> Result<Vec<GroupScore>> {
    let levels = groups.levels().len();
    if !(2..=200).contains(&levels) {
        return Ok(Vec::new());
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); levels];
    for (i, &row) in rows.iter().enumerate() {
        if let Some(list) = members.get_mut(groups.codes()[row] as usize) {
            list.push(i);
        }
    }
    let mut scores = Vec::new();
    for (level, list) in members.iter().enumerate().filter(|(_, l)| !l.is_empty()) {
        let score = exists(metric.score(&truth.select(list), &said.select(list), None))?;
        scores.push(GroupScore { group: groups.levels()[level].clone(), rows: list.len(), score });
    }
    let worth = |s: &GroupScore| s.score.map_or(f64::INFINITY, |v| crate::tune::oriented(metric.better(), v));
    scores.sort_by(|a, b| worth(a).total_cmp(&worth(b)).then_with(|| a.group.cmp(&b.group)));
    Ok(scores)
}

/// Paired differences between all models on the folds of the primary design, and the probability of each by chance.
pub(crate) fn comparisons(plan: &Plan, models: &[ModelRecord]) -> Result<(Vec<Comparison>, Vec<f64>)> {
    let folds = &plan.designs[0].folds;
    let (mut list, mut chance) = (Vec::new(), Vec::new());
    for (i, a) in models.iter().enumerate() {
        for b in &models[i + 1..] {
            let scores = |m: &ModelRecord| m.runs[0].scores[plan.primary_metric].folds.clone();
            let mut both = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (f, (x, y)) in scores(a).into_iter().zip(scores(b)).enumerate() {
                if let (Some(x), Some(y)) = (x, y) {
                    both.0.push(x);
                    both.1.push(y);
                    both.2.push(folds[f].train.len());
                    both.3.push(folds[f].test.len());
                }
            }
            if both.0.len() < 2 {
                continue;
            }
            let p = compare::paired(&both.0, &both.1, &both.2, &both.3, 0.95)?;
            let winner = match plan.better() {
                _ if p.low <= 0.0 && p.high >= 0.0 => "none",
                Better::Higher if p.low > 0.0 => "a",
                Better::Lower if p.high < 0.0 => "a",
                // A bias nearer to zero is not told by the sign of a difference.
                Better::Zero => "none",
                _ => "b",
            };
            chance.push(p.p);
            list.push(Comparison {
                a: a.name.clone(),
                b: b.name.clone(),
                difference: p.difference,
                se: p.se,
                interval: [p.low, p.high],
                folds: p.folds,
                winner: winner.to_owned(),
            });
        }
    }
    Ok((list, chance))
}

pub(crate) fn metric_cards(plan: &Plan) -> Vec<MetricCard> {
    let unit = plan.data.samples.column(&plan.data.target).map_or_else(|_| Unit::default(), |c| c.unit.clone());
    plan.metrics
        .iter()
        .map(|m| MetricCard {
            name: m.kind.name().to_owned(),
            title: m.kind.title().to_owned(),
            unit: m.metric.unit(&unit),
            better: match m.metric.better() {
                Better::Higher => "higher",
                Better::Lower => "lower",
                Better::Zero => "zero",
            }
            .to_owned(),
        })
        .collect()
}

/// Why a model was chosen, and which others cannot be told apart from it.
pub(crate) fn reason(plan: &Plan, models: &[ModelRecord], chosen: usize, comparisons: &[Comparison]) -> String {
    let name = &models[chosen].name;
    let card = &metric_cards(plan)[plan.primary_metric];
    let score = models[chosen].runs[0].scores[plan.primary_metric].mean.unwrap_or(f64::NAN);
    let mut text = format!(
        "{name} has the best {} on average over the {} folds of design '{}': {}{}",
        card.title,
        plan.designs[0].folds.len(),
        plan.designs[0].part.label,
        short(score),
        card.unit.suffix()
    );
    let equal: Vec<&str> = comparisons
        .iter()
        .filter(|c| c.winner == "none" && (c.a == *name || c.b == *name))
        .map(|c| if c.a == *name { c.b.as_str() } else { c.a.as_str() })
        .collect();
    match equal.as_slice() {
        [] if models.len() > 1 => text.push_str("; every other model is worse beyond the noise between folds"),
        [] => {}
        names => text.push_str(&format!("; on these folds it cannot be told apart from {}", names.join(", "))),
    }
    text
}

/// A number in three significant digits.
pub(crate) fn short(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return format!("{v}");
    }
    let digits = (2 - v.abs().log10().floor() as i32).clamp(0, 12) as usize;
    format!("{v:.digits$}")
}

/// Metres in words: `850 m`, `12.5 km`.
pub(crate) fn distance(metres: f64) -> String {
    if metres >= 1000.0 { format!("{} km", short(metres / 1000.0)) } else { format!("{} m", short(metres)) }
}
