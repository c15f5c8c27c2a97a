//! What held-out errors know of each other, and intervals of scores and differences that count it.

use esker_core::dependence::{Dependence, ErrorChecks, PairInterval, ScoreInterval};
use esker_core::hold_out::FinalInterval;
use esker_core::record::{Comparison, ModelRecord};
use esker_core::{Context, Metric, Places, Prediction, Result, Support, Values};
use esker_evaluate::residual::examine;
use esker_evaluate::significance::{Blocks, Bootstrap, Held, holm};

use crate::judge::{distance, short};
use crate::plan::Plan;

/// Confidence of the intervals.
pub(crate) const CONFIDENCE: f64 = 0.95;
/// Blocks are made smaller until there are so many.
const FEWEST_BLOCKS: usize = 10;
/// Fewer blocks than these make an interval visibly too narrow.
const FEW_BLOCKS: usize = 20;

/// What is drawn together, with the words for it.
pub(crate) struct Drawing {
    pub blocks: Blocks,
    pub drawn: String,
    why: String,
}

/// Checks of the chosen model's errors, and what they leave of scores and comparisons. `said` holds every model's held-out predictions of the
/// primary design, fold after fold; `p` the probabilities of the comparisons. `None` where a bootstrap has nothing to draw.
pub(crate) fn dependence(
    plan: &Plan,
    (models, chosen): (&[ModelRecord], usize),
    said: &[Prediction],
    (comparisons, p): (&[Comparison], &[f64]),
    cx: &Context,
) -> Result<Option<Dependence>> {
    let design = &plan.designs[0];
    let rows: Vec<usize> = design.folds.iter().flat_map(|f| f.test.iter().copied()).collect();
    let truth = plan.data.samples.column(&plan.data.target)?.values.select(&rows);
    let support = design.support.select(&rows);
    let cx = cx.fork("dependence", 0);
    let errors = errors(&truth, &said[chosen])?;
    let predicted = said[chosen].centre().ok();
    let of = if predicted.is_some() { "residual" } else { "probability missed" };
    let checks = examine(of, &support, &errors, predicted, &cx.rng)?;
    let Some(drawing) = drawing(&support, &checks) else { return Ok(None) };
    let weight = if plan.recipe.validate.weighted { plan.data.samples.weight() } else { None };
    let weight = weight.map(|w| rows.iter().map(|&r| w[r]).collect::<Vec<_>>());
    let list: Vec<&Prediction> = said.iter().collect();
    let held = Held { metric: &*plan.metric().metric, truth: &truth, said: &list, weight: weight.as_deref() };
    let draws = draws(rows.len());
    // A score that does not exist on all rows together has no interval.
    let Ok(scores) = Bootstrap::Blocks(&drawing.blocks).scores(held, (draws, CONFIDENCE), &cx.rng) else { return Ok(None) };
    let one = |(i, m): (usize, &ModelRecord)| {
        let e = scores.score(i).ok()?;
        Some(ScoreInterval { model: m.name.clone(), value: e.value, se: e.se, interval: [e.low, e.high] })
    };
    let corrected = holm(p)?;
    let place = |name: &str| models.iter().position(|m| m.name == name);
    let pair = |((c, p), p_holm): ((&Comparison, &f64), f64)| {
        let e = scores.difference(place(&c.a)?, place(&c.b)?).ok()?;
        Some(PairInterval { a: c.a.clone(), b: c.b.clone(), p: *p, p_holm, difference: e.value, interval: [e.low, e.high] })
    };
    Ok(Some(Dependence {
        errors: checks,
        blocks: drawing.blocks.count(),
        drawn: drawing.drawn,
        why: drawing.why,
        draws,
        confidence: CONFIDENCE,
        scores: models.iter().enumerate().filter_map(one).collect(),
        pairs: comparisons.iter().zip(p).zip(corrected).filter_map(pair).collect(),
    }))
}

/// The interval of one score on some rows, drawn as the errors there ask for. `None` where a bootstrap has nothing to draw.
pub(crate) fn of_score(
    metric: &dyn Metric,
    (truth, said): (&Values, &Prediction),
    (support, weight): (&Support, Option<&[f64]>),
    cx: &Context,
) -> Result<Option<FinalInterval>> {
    let checks = examine("error", support, &errors(truth, said)?, said.centre().ok(), &cx.rng)?;
    let Some(drawing) = drawing(support, &checks) else { return Ok(None) };
    let held = Held { metric, truth, said: &[said], weight };
    let drawn = Bootstrap::Blocks(&drawing.blocks).scores(held, (draws(support.rows), CONFIDENCE), &cx.rng);
    let Ok(e) = drawn.and_then(|drawn| drawn.score(0)) else { return Ok(None) };
    let Drawing { drawn, why, .. } = drawing;
    Ok(Some(FinalInterval { se: e.se, interval: [e.low, e.high], confidence: CONFIDENCE, drawn, why }))
}

/// As many draws as rows allow in a moment.
fn draws(rows: usize) -> usize {
    (50_000_000 / rows.max(1)).clamp(200, 1000)
}

/// Predicted − observed, or 1 − the probability of the true class.
fn errors(truth: &Values, said: &Prediction) -> Result<Vec<f64>> {
    Ok(match (truth, said) {
        (Values::Class(codes), Prediction::Class { levels, probability, .. }) => {
            codes.codes().iter().enumerate().map(|(row, &c)| 1.0 - probability[row * levels.len() + c as usize]).collect()
        }
        (Values::Real(truth), said) => said.centre()?.iter().zip(truth).map(|(p, o)| p - o).collect(),
        (Values::Class(_), Prediction::Real { .. }) => Vec::new(),
    })
}

/// Blocks as long as the range of the errors' dependence, groups whole; without a range whole groups, rows of a place, spans of time, or rows one
/// by one.
pub(crate) fn drawing(support: &Support, checks: &ErrorChecks) -> Option<Drawing> {
    let reach = checks.variogram.as_ref().and_then(|v| v.reach);
    let on_ground = support.place.as_ref().zip(reach).and_then(|(places, reach)| ground_blocks(support, places, reach, checks));
    let mut drawing =
        on_ground.or_else(|| groups(support)).or_else(|| sites(support)).or_else(|| spans(support, checks)).or_else(|| {
            let blocks = Blocks::of_rows(support.rows).ok()?;
            let why = "no dependence among the held-out errors was found that would ask for blocks";
            Some(Drawing { drawn: format!("{} rows one by one", blocks.count()), blocks, why: why.to_owned() })
        })?;
    if drawing.blocks.count() < FEW_BLOCKS {
        drawing.why.push_str(&format!("; with {} of them the intervals are rather too narrow", drawing.blocks.count()));
    }
    Some(drawing)
}

fn ground_blocks(support: &Support, places: &Places, reach: f64, checks: &ErrorChecks) -> Option<Drawing> {
    // A group goes where the first of its places is, west before east.
    let mut whole = places.clone();
    if let Some(groups) = &support.group {
        let mut first: Vec<Option<(f64, f64)>> = vec![None; groups.levels().len()];
        let there = |r: usize| (places.x()[r], places.y()[r]);
        for (r, &g) in groups.codes().iter().enumerate() {
            if let Some(seat) = first.get_mut(g as usize) {
                let here = there(r);
                if seat.is_none_or(|s| here.0.total_cmp(&s.0).then(here.1.total_cmp(&s.1)).is_lt()) {
                    *seat = Some(here);
                }
            }
        }
        let seat = |(r, &g): (usize, &u32)| first.get(g as usize).copied().flatten().unwrap_or_else(|| there(r));
        let (x, y) = groups.codes().iter().enumerate().map(seat).unzip();
        whole = Places::new(x, y, places.crs().clone()).ok()?;
    }
    let (mut side, mut blocks) = (reach, Blocks::on_ground(&whole, reach));
    for _ in 0..30 {
        if blocks.as_ref().is_ok_and(|b| b.count() >= FEWEST_BLOCKS) {
            break;
        }
        side /= 2.0;
        blocks = Blocks::on_ground(&whole, side);
    }
    let blocks = blocks.ok()?;
    let groups = if support.group.is_some() { ", groups whole" } else { "" };
    let beyond = checks.variogram.as_ref().is_some_and(|v| v.beyond);
    let mut why = match beyond {
        true => format!("held-out errors grow more unlike over all distances looked at, {} and more", distance(reach)),
        false => format!("held-out errors are alike up to {}", distance(reach)),
    };
    if side < reach {
        why.push_str(", but blocks so large would be too few, so the intervals are rather too narrow");
    }
    Some(Drawing { drawn: format!("{} blocks of {} on the ground{groups}", blocks.count(), distance(side)), blocks, why })
}

fn groups(support: &Support) -> Option<Drawing> {
    let blocks = Blocks::of_groups(support.group.as_ref()?).ok()?;
    let why = "rows of a group belong together, and no dependence beyond them was found".to_owned();
    Some(Drawing { drawn: format!("{} whole groups", blocks.count()), blocks, why })
}

fn sites(support: &Support) -> Option<Drawing> {
    let blocks = Blocks::of_places(support.place.as_ref()?).ok().filter(|b| b.count() < support.rows)?;
    let why = "rows of a place belong together, and no dependence beyond them was found".to_owned();
    Some(Drawing { drawn: format!("{} whole places", blocks.count()), blocks, why })
}

fn spans(support: &Support, checks: &ErrorChecks) -> Option<Drawing> {
    let series = checks.series.as_ref().filter(|s| s.p < 0.05)?;
    let noise = 1.96 / (series.times as f64).sqrt();
    let steps = series.autocorrelation.iter().position(|r| r.abs() < noise).unwrap_or(series.autocorrelation.len()) + 1;
    let days = &support.time.as_ref()?.days;
    let mut length = steps as f64 * series.step;
    let mut blocks = Blocks::in_time(days, length);
    for _ in 0..30 {
        if blocks.as_ref().is_ok_and(|b| b.count() >= FEWEST_BLOCKS) {
            break;
        }
        length /= 2.0;
        blocks = Blocks::in_time(days, length);
    }
    let blocks = blocks.ok()?;
    let why = format!("mean errors of one time and the next are alike over some {} days", short(steps as f64 * series.step));
    Some(Drawing { drawn: format!("{} spans of {} days", blocks.count(), short(length)), blocks, why })
}
