//! What held-out errors know of each other, and intervals of scores and differences that count it.

use esker_core::dependence::{Dependence, ErrorChecks, MetricInterval, PairInterval, ScoreInterval};
use esker_core::hold_out::FinalInterval;
use esker_core::record::{Comparison, ModelRecord};
use esker_core::{Better, Context, Metric, Places, Prediction, Result, Support, Values};
use esker_evaluate::residual::examine;
use esker_evaluate::significance::{Blocks, Bootstrap, Estimate, Held, holm};

use crate::judge::{self, distance, short};
use crate::plan::{Plan, PlannedMetric};

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
/// primary design, fold after fold; `pairs` the comparisons with their probabilities, which are added where folds have no scores to compare.
/// `None` where a bootstrap has nothing to draw.
pub(crate) fn dependence(
    plan: &Plan,
    (models, chosen): (&[ModelRecord], usize),
    said: &[Prediction],
    pairs: &mut Vec<(Comparison, f64)>,
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
    let bootstrap = Bootstrap::Blocks(&drawing.blocks);
    let Ok(scores) = bootstrap.scores(held, (draws, CONFIDENCE), &cx.rng) else { return Ok(None) };
    let other = |planned: &PlannedMetric| {
        let held = Held { metric: &*planned.metric, said: &[&said[chosen]], ..held };
        let e = bootstrap.scores(held, (draws, CONFIDENCE), &cx.rng).and_then(|s| s.score(0)).ok()?;
        Some(MetricInterval { metric: planned.kind.name().to_owned(), value: e.value, se: e.se, interval: [e.low, e.high] })
    };
    let others = plan.metrics.iter().enumerate().filter(|(i, _)| *i != plan.primary_metric);
    let metrics = others.filter_map(|(_, planned)| other(planned)).collect();
    let one = |(i, m): (usize, &ModelRecord)| {
        let e = scores.score(i).ok()?;
        Some(ScoreInterval { model: m.name.clone(), value: e.value, se: e.se, interval: [e.low, e.high] })
    };
    let difference = |a: usize, b: usize| {
        if plan.better() == Better::Zero { scores.size_difference(a, b) } else { scores.difference(a, b) }
    };
    if pairs.is_empty() && design.holds_single_rows() {
        *pairs = by_blocks(models, design.folds.len(), difference);
    }
    let corrected = holm(&pairs.iter().map(|(_, p)| *p).collect::<Vec<_>>())?;
    let place = |name: &str| models.iter().position(|m| m.name == name);
    let pair = |((c, p), p_holm): (&(Comparison, f64), f64)| {
        let e = difference(place(&c.a)?, place(&c.b)?).ok()?;
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
        pairs: pairs.iter().zip(corrected).filter_map(pair).collect(),
        metrics,
    }))
}

/// Comparisons of all models on all held-out rows together: normal probabilities, with the standard error over the draws.
fn by_blocks(models: &[ModelRecord], folds: usize, difference: impl Fn(usize, usize) -> Result<Estimate>) -> Vec<(Comparison, f64)> {
    let pairs = (0..models.len()).flat_map(|a| (a + 1..models.len()).map(move |b| (a, b)));
    let compared = pairs.filter_map(|(a, b)| {
        let e = difference(a, b).ok()?;
        let p = if e.se > 0.0 { 2.0 * esker_math::normal_cdf(-(e.value / e.se).abs()) } else { 1.0 };
        Some((judge::comparison((&models[a], &models[b]), (e.value, e.se, [e.low, e.high]), folds), p))
    });
    compared.collect()
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

/// Below this, a finding is taken for more than chance.
const CHANCE: f64 = 0.05;

/// Blocks as long as the range of the errors' dependence, groups whole; without a range spans of time, if times know of each other; else whole
/// groups, rows of a place, or rows one by one. `why` names what they do not count.
pub(crate) fn drawing(support: &Support, checks: &ErrorChecks) -> Option<Drawing> {
    let reach = checks.variogram.as_ref().and_then(|v| v.reach);
    let on_ground = support.place.as_ref().zip(reach).and_then(|(places, reach)| ground_blocks(support, places, reach, checks));
    let in_time = if on_ground.is_some() { None } else { spans(support, checks) };
    let (in_space, spanned) = (on_ground.is_some(), in_time.is_some());
    let whole = || groups(support).or_else(|| sites(support));
    let mut drawing = on_ground.or(in_time).or_else(whole).or_else(|| {
        let blocks = Blocks::of_rows(support.rows).ok()?;
        Some(Drawing { drawn: format!("{} rows one by one", blocks.count()), blocks, why: String::new() })
    })?;
    let mut missed = Vec::new();
    if !in_space && checks.neighbours.as_ref().is_some_and(|n| n.p < CHANCE && n.moran > n.expected) {
        missed.push("errors of neighbouring places are alike over no distance that could be told");
    }
    if !spanned && checks.series.as_ref().is_some_and(|s| s.p < CHANCE) {
        missed.push("mean errors of one time and others are alike");
    }
    if spanned && support.group.is_some() {
        missed.push("rows of a group belong together");
    }
    match (missed.is_empty(), drawing.why.is_empty()) {
        (true, true) => drawing.why.push_str("no dependence among the held-out errors was found that would ask for blocks"),
        (true, false) if in_space || spanned => {}
        (true, false) => drawing.why.push_str(", and no dependence beyond them was found"),
        (false, first) => {
            let between = if first { "" } else { "; " };
            drawing.why.push_str(&format!("{between}{}, which is not counted: the intervals are rather too narrow", missed.join(", and ")));
        }
    }
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
    let seats = Blocks::of_places(&whole).ok()?.count();
    let (side, blocks) = halved(reach, seats, |side| Blocks::on_ground(&whole, side))?;
    let groups = if support.group.is_some() { ", groups whole" } else { "" };
    let mut why = match checks.variogram.as_ref().filter(|v| v.beyond) {
        Some(v) => format!("held-out errors grow more unlike over all distances looked at, {} and more", distance(v.cutoff)),
        None => format!("held-out errors are alike up to {}", distance(reach)),
    };
    if side < reach {
        why.push_str(", but blocks so large would be too few, so the intervals are rather too narrow");
    }
    Some(Drawing { drawn: format!("{} blocks of {} on the ground{groups}", blocks.count(), distance(side)), blocks, why })
}

/// The largest of `size`, its half, its quarter … that makes enough blocks: so few as must be, or all `most` that there can be.
fn halved(mut size: f64, most: usize, blocks: impl Fn(f64) -> Result<Blocks>) -> Option<(f64, Blocks)> {
    let mut best: Option<(f64, Blocks)> = None;
    for _ in 0..=30 {
        if let Ok(found) = blocks(size)
            && best.as_ref().is_none_or(|(_, b)| found.count() > b.count())
        {
            best = Some((size, found));
        }
        if best.as_ref().is_some_and(|(_, b)| b.count() >= FEWEST_BLOCKS.min(most)) {
            break;
        }
        size /= 2.0;
    }
    best
}

fn groups(support: &Support) -> Option<Drawing> {
    let blocks = Blocks::of_groups(support.group.as_ref()?).ok()?;
    Some(Drawing { drawn: format!("{} whole groups", blocks.count()), blocks, why: "rows of a group belong together".to_owned() })
}

fn sites(support: &Support) -> Option<Drawing> {
    let blocks = Blocks::of_places(support.place.as_ref()?).ok().filter(|b| b.count() < support.rows)?;
    Some(Drawing { drawn: format!("{} whole places", blocks.count()), blocks, why: "rows of a place belong together".to_owned() })
}

fn spans(support: &Support, checks: &ErrorChecks) -> Option<Drawing> {
    let series = checks.series.as_ref().filter(|s| s.p < CHANCE)?;
    let noise = 1.96 / (series.times as f64).sqrt();
    // Up to the last lag that stands out; a year of months has few that do in between.
    let steps = series.autocorrelation.iter().rposition(|r| r.abs() > noise).map_or(1, |lag| lag + 1) + 1;
    let reach = steps as f64 * series.step;
    let days = &support.time.as_ref()?.days;
    let (length, blocks) = halved(reach, series.times, |length| Blocks::in_time(days, length))?;
    let why = format!("mean errors of times are alike over some {} days", short(reach));
    Some(Drawing { drawn: format!("{} spans of {} days", blocks.count(), short(length)), blocks, why })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod tests {
    use super::*;
    use esker_core::dependence::{ErrorVariogram, Likeness, SeriesCheck};
    use esker_core::{Codes, Crs, Times};

    fn series(autocorrelation: &[f64]) -> Option<SeriesCheck> {
        Some(SeriesCheck { times: 40, step: 365.0, regular: true, autocorrelation: autocorrelation.to_vec(), p: 1e-4 })
    }

    fn neighbours() -> Option<Likeness> {
        Some(Likeness { nearest: 8, moran: 0.4, expected: 0.0, p: 0.001, permutations: 999, geary: 0.6, geary_p: 0.001 })
    }

    fn variogram(reach: Option<f64>, beyond: bool) -> Option<ErrorVariogram> {
        let shape = "spherical".to_owned();
        Some(ErrorVariogram { classes: Vec::new(), shape, nugget: 0.0, sill: 1.0, reach, beyond, cutoff: 450e3, points: 50 })
    }

    /// 50 stations, 20 km apart on a line, in 40 years; `groups` of them.
    fn stations(groups: usize) -> Support {
        let rows = 2000;
        let x = (0..rows).map(|i| (i % 50) as f64 * 20e3).collect();
        let labels: Vec<Option<String>> = (0..rows).map(|i| Some(format!("s{}", i % 50 % groups))).collect();
        Support {
            place: Some(Places::new(x, vec![0.0; rows], Crs::parse("EPSG:32632").unwrap()).unwrap()),
            time: Some(Times { days: (0..rows).map(|i| (i / 50) as f64 * 365.0).collect() }),
            group: Some(Codes::from_labels(&labels)),
            ..Support::bare(rows)
        }
    }

    #[test]
    fn times_that_know_of_each_other_are_drawn_before_groups_and_what_is_not_counted_is_named() {
        let checks = ErrorChecks { series: series(&[0.6, 0.4, 0.1, 0.0]), ..ErrorChecks::default() };
        let found = drawing(&stations(50), &checks).unwrap();
        assert_eq!(found.drawn, "14 spans of 1095 days");
        assert!(found.why.contains("alike") && found.why.contains("group belong together, which is not counted"), "{}", found.why);
        let alone = Support { group: None, ..stations(50) };
        assert!(drawing(&alone, &checks).unwrap().drawn.contains("spans"));
        // The last lag that stands out counts, not the first that does not.
        let yearly = ErrorChecks { series: series(&[0.0, 0.1, 0.5, 0.0]), ..ErrorChecks::default() };
        assert_eq!(drawing(&stations(50), &yearly).unwrap().drawn, "10 spans of 1460 days");
        // On the ground, time is not counted.
        let both = ErrorChecks { series: series(&[0.6, 0.4]), variogram: variogram(Some(50e3), false), ..ErrorChecks::default() };
        let found = drawing(&stations(50), &both).unwrap();
        assert!(
            found.drawn.contains("on the ground") && found.why.contains("one time and others are alike, which is not counted"),
            "{}",
            found.why
        );
    }

    #[test]
    fn neighbours_that_err_alike_without_a_range_are_named() {
        let checks = ErrorChecks { neighbours: neighbours(), variogram: variogram(None, false), ..ErrorChecks::default() };
        for support in [stations(50), Support { place: None, group: None, ..stations(50) }] {
            let why = drawing(&support, &checks).unwrap().why;
            assert!(!why.contains("no dependence") && why.contains("neighbouring places") && why.contains("too narrow"), "{why}");
        }
        assert!(drawing(&stations(50), &ErrorChecks::default()).unwrap().why.ends_with("no dependence beyond them was found"));
    }

    #[test]
    fn few_groups_are_whole_in_blocks_of_a_size_that_means_something() {
        let checks = ErrorChecks { variogram: variogram(Some(100e3), false), ..ErrorChecks::default() };
        // Stations 0 to 7 seat the 8 groups, 20 km apart.
        let found = drawing(&stations(8), &checks).unwrap();
        assert!(found.drawn.starts_with("8 blocks of 12.5 km"), "{}", found.drawn);
    }

    #[test]
    fn a_range_beyond_all_distances_is_told_by_the_largest_of_them() {
        let checks = ErrorChecks { variogram: variogram(Some(4500e3), true), ..ErrorChecks::default() };
        let why = drawing(&Support { group: None, ..stations(50) }, &checks).unwrap().why;
        assert!(why.contains("450 km and more") && !why.contains("4500"), "{why}");
    }
}
