//! Scores of held-out predictions, comparisons on identical folds, and the reason for a choice.

use esker_core::record::{Comparison, GroupScore, MetricCard, ModelRecord, ModelRun};
use esker_core::{Better, Codes, Error, Fault, Metric, Prediction, Result, Unit, Values};
use esker_evaluate::significance::holm;
use esker_evaluate::{compare, score};

use crate::adjust;
use crate::folds::FoldRun;
use crate::plan::{Plan, PlannedDesign};

/// A score, or nothing where it does not exist.
pub(crate) fn exists(score: Result<f64>) -> Result<Option<f64>> {
    match score {
        Ok(v) if v.is_finite() => Ok(Some(v)),
        Ok(_) => Ok(None),
        Err(e) if e.fault == Fault::Cancelled => Err(e),
        Err(_) => Ok(None),
    }
}

/// Held-out predictions of all folds end to end.
pub(crate) fn pooled(runs: &[FoldRun]) -> Result<Prediction> {
    end_to_end(runs.iter().map(|run| &run.said))
}

/// Predictions one after the other.
pub(crate) fn end_to_end<'a>(said: impl IntoIterator<Item = &'a Prediction>) -> Result<Prediction> {
    let mut all: Option<Prediction> = None;
    for said in said {
        match &mut all {
            None => all = Some(said.clone()),
            Some(all) => all.append(said)?,
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
        // Of one row, an RMSE is the absolute error, and their mean the MAE: such folds have no score of their own.
        let alone = design.holds_single_rows() && (weights.is_some() || !planned.kind.is_mean_of_rows());
        for (fold, run) in design.folds.iter().zip(runs).filter(|_| !alone) {
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
        Some(groups) if primary => group_scores(&*plan.metric().metric, groups, &rows, (&truth, &said, weight.as_deref()))?,
        _ => Vec::new(),
    };
    let (calibration, uncalibrated) = if primary { adjust::curves(&truth, &said, runs, weight.as_deref())? } else { Default::default() };
    Ok(ModelRun { design: design.part.label.clone(), scores, confusion, classes, groups, curves, calibration, uncalibrated })
}

/// Scores by group, worst first; none where there are too many groups to read.
fn group_scores(
    metric: &dyn Metric,
    groups: &Codes,
    rows: &[usize],
    (truth, said, weight): (&Values, &Prediction, Option<&[f64]>),
) -> Result<Vec<GroupScore>> {
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
        let weight = weight.map(|w| list.iter().map(|&i| w[i]).collect::<Vec<_>>());
        let score = exists(metric.score(&truth.select(list), &said.select(list), weight.as_deref()))?;
        scores.push(GroupScore { group: groups.levels()[level].clone(), rows: list.len(), score });
    }
    let worth = |s: &GroupScore| s.score.map_or(f64::INFINITY, |v| crate::tune::oriented(metric.better(), v));
    scores.sort_by(|a, b| worth(a).total_cmp(&worth(b)).then_with(|| a.group.cmp(&b.group)));
    Ok(scores)
}

/// Paired differences between all models on the folds of the primary design, with the probability of each by chance.
pub(crate) fn comparisons(plan: &Plan, models: &[ModelRecord]) -> Result<Vec<(Comparison, f64)>> {
    let design = &plan.designs[0];
    // Who is nearer to zero is told by sizes, and those of single rows are no biases.
    let sizes = plan.better() == Better::Zero;
    if sizes && design.holds_single_rows() {
        return Ok(Vec::new());
    }
    let mut list = Vec::new();
    for (i, a) in models.iter().enumerate() {
        for b in &models[i + 1..] {
            let scores = |m: &ModelRecord| m.runs[0].scores[plan.primary_metric].folds.clone();
            let mut both = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for ((x, y), fold) in scores(a).into_iter().zip(scores(b)).zip(&design.folds) {
                if let (Some(x), Some(y)) = (x, y) {
                    both.0.push(if sizes { x.abs() } else { x });
                    both.1.push(if sizes { y.abs() } else { y });
                    both.2.push(fold.train.len());
                    both.3.push(fold.test.len());
                }
            }
            if both.0.len() < 2 {
                continue;
            }
            let p = compare::paired(&both.0, &both.1, &both.2, &both.3, 0.95)?;
            list.push((comparison((a, b), (p.difference, p.se, [p.low, p.high]), p.folds), p.p));
        }
    }
    Ok(list)
}

/// A difference that nobody has won yet.
pub(crate) fn comparison(
    (a, b): (&ModelRecord, &ModelRecord),
    (difference, se, interval): (f64, f64, [f64; 2]),
    folds: usize,
) -> Comparison {
    Comparison { a: a.name.clone(), b: b.name.clone(), difference, se, interval, folds, winner: "none".to_owned() }
}

/// Says who is better beyond noise, by probabilities corrected for all comparisons made.
pub(crate) fn decided(better: Better, list: Vec<(Comparison, f64)>) -> Result<Vec<Comparison>> {
    let (mut list, p): (Vec<Comparison>, Vec<f64>) = list.into_iter().unzip();
    for (c, p) in list.iter_mut().zip(holm(&p)?) {
        if p < 0.05 {
            let first = (c.difference > 0.0) == (better == Better::Higher);
            c.winner = if first { "a" } else { "b" }.to_owned();
        }
    }
    Ok(list)
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
    let score = &models[chosen].runs[0].scores[plan.primary_metric];
    let design = &plan.designs[0];
    let over = match score.mean {
        Some(_) => format!("on average over the {} folds of", design.folds.len()),
        None => "on all held-out rows together under".to_owned(),
    };
    let value = short(score.headline().unwrap_or(f64::NAN));
    let mut text = format!("{name} has the best {} {over} design '{}': {value}{}", card.title, design.part.label, card.unit.suffix());
    text.push_str(&lead(name, models, comparisons));
    text
}

/// Who cannot be told apart from a model, and who could not be compared with it.
fn lead(name: &str, models: &[ModelRecord], comparisons: &[Comparison]) -> String {
    let with = |m: &&ModelRecord| comparisons.iter().find(|c| (c.a == name && c.b == m.name) || (c.b == name && c.a == m.name));
    let others: Vec<&ModelRecord> = models.iter().filter(|m| m.name != name).collect();
    let names = |keep: &dyn Fn(Option<&Comparison>) -> bool| {
        others.iter().filter(|m| keep(with(m))).map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let equal = names(&|c| c.is_some_and(|c| c.winner == "none"));
    let unknown = names(&|c| c.is_none());
    let mut text = String::new();
    if !equal.is_empty() {
        text.push_str(&format!("; on these folds it cannot be told apart from {equal}"));
    }
    if !unknown.is_empty() {
        text.push_str(&format!("; no paired difference from {unknown} could be computed"));
    }
    if text.is_empty() && !others.is_empty() {
        text.push_str("; every other model is worse beyond the noise between folds");
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod tests {
    use super::*;

    fn pair(b: &str, difference: f64, p: f64) -> (Comparison, f64) {
        let interval = [difference - 0.1, difference + 0.1];
        (Comparison { a: "a".into(), b: b.into(), difference, se: 0.05, interval, folds: 5, winner: "none".into() }, p)
    }

    #[test]
    fn who_is_better_is_told_by_the_corrected_probability() {
        let six = |p: f64| ["b", "c", "d", "e", "f"].iter().map(|b| pair(b, 0.02, 0.5)).chain([pair("g", 0.2, p)]).collect::<Vec<_>>();
        let winner = |better, p| decided(better, six(p)).unwrap()[5].winner.clone();
        assert_eq!(winner(Better::Higher, 0.02), "none", ".02 of six comparisons is .12");
        assert_eq!(winner(Better::Higher, 0.002), "a");
        assert_eq!(winner(Better::Lower, 0.002), "b");
        assert_eq!(winner(Better::Zero, 0.002), "b");
    }
}
