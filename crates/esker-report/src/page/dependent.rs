//! Errors that are alike where they are near: what was found among them, and what it leaves of scores and comparisons.

use esker_core::dependence::{Dependence, PairInterval, SeriesCheck};

use super::html::Html;
use super::number::{attach, count, decimals, fixed, real, signed, unit_bracketed};
use super::reading::Reading;
use super::table::{Cell, Sheet, number, text};
use super::words::{plural, sentence};

/// Below this, a finding is taken for more than chance.
const CHANCE: f64 = 0.05;

/// A probability in words.
pub fn chance(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { fixed(p, 3) }
}

/// Metres with their unit.
fn distance(metres: f64) -> String {
    let (value, unit) = if metres >= 1000.0 { (metres / 1000.0, "km") } else { (metres, "m") };
    attach(&real(value), &esker_core::Unit::new(unit))
}

/// Intervals of every model's score on all held-out rows together.
pub fn scores(r: Reading<'_>, h: &mut Html) {
    let Some(d) = r.record.dependence.as_ref().filter(|d| !d.scores.is_empty()) else { return };
    h.element("h3", &[], "How sure the scores are");
    let rows: usize = r.primary().map_or(0, |d| d.folds.iter().map(|f| f.test).sum());
    let drawn = if d.blocks < rows {
        "Held-out rows that are near each other are no independent tests, so whole blocks were drawn instead of rows"
    } else {
        "Held-out rows were drawn"
    };
    h.element(
        "p",
        &[],
        &format!(
            "{drawn}: {}, {} times with replacement ({}). The intervals hold for these places and times; they do not know how another sample would have changed the models.",
            d.drawn,
            count(d.draws),
            d.why
        ),
    );
    let n = decimals(d.scores.iter().map(|s| s.value));
    let ends = d.scores.iter().flat_map(|s| s.interval);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let share = |v: f64| if high > low { (v - low) / (high - low) } else { 0.5 };
    let mut sheet = Sheet::new(format!(
        "{}{} on all held-out rows together, with its {} interval",
        r.metric(),
        unit_bracketed(&r.unit(&r.record.metric)),
        super::number::percent(d.confidence)
    ))
    .words("Model")
    .numbers("score")
    .numbers("interval")
    .words("drawn");
    for m in r.ranked() {
        let Some(s) = d.scores.iter().find(|s| s.model == m.name) else { continue };
        let [low, high] = s.interval;
        let chosen = m.name == r.record.chosen.model;
        let name = if chosen { Cell::Badge(m.name.clone(), "chosen") } else { text(m.name.as_str()) };
        let whisker = Cell::Whisker([share(low), share(s.value), share(high)], f64::NAN);
        let cells = vec![name, number(fixed(s.value, n)), number(format!("{} to {}", fixed(low, n), fixed(high, n))), whisker];
        if chosen { sheet.marked_row(cells) } else { sheet.row(cells) }
    }
    sheet.write(h);
    metrics(r, d, h);
}

/// The chosen model in every other metric, folded away.
fn metrics(r: Reading<'_>, d: &Dependence, h: &mut Html) {
    if d.metrics.is_empty() {
        return;
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], &format!("{} in every other metric, with intervals", r.record.chosen.model));
        let caption = format!(
            "{} on all held-out rows together, each metric with its {} interval over the same draws",
            r.record.chosen.model,
            super::number::percent(d.confidence)
        );
        let mut sheet = Sheet::new(caption).words("Metric").numbers("score").numbers("interval");
        for m in &d.metrics {
            let n = decimals([m.value, m.interval[1] - m.interval[0]]);
            let interval = format!("{} to {}", fixed(m.interval[0], n), fixed(m.interval[1], n));
            sheet.row(vec![text(r.metric_with_unit(&m.metric)), number(fixed(m.value, n)), number(interval)]);
        }
        sheet.write(h);
    });
}

/// The pair of a comparison, turned so that it is (first − second).
pub fn pair(r: Reading<'_>, a: &str, b: &str) -> Option<PairInterval> {
    r.record.dependence.as_ref()?.pairs.iter().find_map(|p| {
        if p.a == a && p.b == b {
            return Some(p.clone());
        }
        let turned = PairInterval { difference: -p.difference, interval: [-p.interval[1], -p.interval[0]], ..p.clone() };
        (p.a == b && p.b == a).then_some(turned)
    })
}

/// Interval by blocks and corrected probability of a difference, as cells.
pub fn pair_cells(r: Reading<'_>, (a, b): (&str, &str), decimals: usize) -> [Cell; 2] {
    let Some(p) = pair(r, a, b) else { return [number(super::scores::dash()), number(super::scores::dash())] };
    [number(format!("{} to {}", signed(p.interval[0], decimals), signed(p.interval[1], decimals))), number(chance(p.p_holm))]
}

/// What was found among the held-out errors of the chosen model.
pub fn errors(r: Reading<'_>, h: &mut Html) {
    let Some(d) = &r.record.dependence else { return };
    let found = findings(r, d);
    if found.is_empty() {
        return;
    }
    h.element("h3", &[], "What the errors know of each other");
    h.element("p", &[], &sentence(&meaning(d)));
    let what = if d.errors.of == "residual" { "residuals (predicted minus observed)" } else { "probability that the true class missed" };
    let mut sheet =
        Sheet::new(format!("Held-out {what} of {}", r.record.chosen.model)).words("Check").numbers("found").numbers("p").words("Reading");
    for [check, value, p, reading] in found {
        sheet.row(vec![text(check), number(value), number(p), text(reading)]);
    }
    sheet.write(h);
    scales(r, d, h);
}

/// The one sentence.
fn meaning(d: &Dependence) -> String {
    let e = &d.errors;
    let alike = e.neighbours.as_ref().is_some_and(|n| n.p < CHANCE && n.moran > n.expected);
    let in_time = e.series.as_ref().is_some_and(|s| s.p < CHANCE);
    let range = e.variogram.as_ref().and_then(|v| {
        let reach = v.reach?;
        Some(if v.beyond {
            format!("over all distances looked at, {} and more", distance(v.cutoff))
        } else {
            format!("up to some {}", distance(reach))
        })
    });
    match (alike, range, in_time) {
        (true, Some(range), _) => format!(
            "The model leaves out something that varies in space: its errors are alike {range}, so the rows count for fewer than they are, and \
             a map of the errors may show what is missing"
        ),
        (true, None, _) => {
            "The model leaves out something that varies in space: errors of neighbours are alike, so the rows count for fewer than \
                            they are"
                .to_owned()
        }
        (false, _, true) => {
            let told = e.series.as_ref().map_or_else(String::new, |s| in_series(s).replacen("the error", "the mean error", 1));
            format!("The model leaves out something that varies in time: {told}")
        }
        (false, _, false) => "No likeness of near errors was found that chance would not make".to_owned(),
    }
}

/// What times with autocorrelation beyond chance know of each other.
fn in_series(s: &SeriesCheck) -> String {
    let noise = 1.96 / (s.times as f64).sqrt();
    if s.autocorrelation.first().is_some_and(|r| r.abs() > noise) {
        return "the error of one time tells that of the next".to_owned();
    }
    let size = |lag: &usize| s.autocorrelation[*lag].abs();
    let strongest = (0..s.autocorrelation.len()).max_by(|a, b| size(a).total_cmp(&size(b)));
    strongest.map_or_else(String::new, |lag| {
        let alike = if s.autocorrelation[lag] > 0.0 { "alike" } else { "opposite" };
        format!("the errors of times {} steps apart are {alike}", lag + 1)
    })
}

/// Check, value, probability, reading.
fn findings(r: Reading<'_>, d: &Dependence) -> Vec<[String; 4]> {
    let e = &d.errors;
    let none = super::scores::dash;
    let mut rows = Vec::new();
    if let Some(n) = &e.neighbours {
        let reading = match (n.p < CHANCE, n.moran > n.expected) {
            (true, true) => "neighbours err alike",
            (true, false) => "neighbours err in opposite ways",
            (false, _) => "as chance would have it",
        };
        let check = format!("Moran’s I of {}, {} nearest neighbours", plural(e.places, "place", "places"), n.nearest);
        rows.push([check, fixed(n.moran, 3), chance(n.p), reading.to_owned()]);
        let reading = if n.geary_p < CHANCE && n.geary < 1.0 { "neighbours err alike" } else { "as chance would have it" };
        rows.push(["Geary’s C of the same (1 by chance)".to_owned(), fixed(n.geary, 3), chance(n.geary_p), reading.to_owned()]);
    }
    if let Some(v) = &e.variogram {
        let (value, reading) = match v.reach {
            None => (none(), format!("no range within {}", distance(v.cutoff))),
            Some(_) if v.beyond => (format!("> {}", distance(v.cutoff)), "errors grow more unlike over all distances looked at".to_owned()),
            Some(reach) => {
                let share = v.sill / (v.sill + v.nugget);
                (
                    distance(reach),
                    format!("{} of the variance ends there ({} model)", super::number::percent((share * 1000.0).round() / 1000.0), v.shape),
                )
            }
        };
        rows.push(["Range of the variogram".to_owned(), value, none(), reading]);
    }
    if let Some(s) = &e.series {
        let reading = if s.p < CHANCE { in_series(s) } else { "as chance would have it".to_owned() };
        let uneven = if s.regular { "" } else { ", uneven" };
        let step = attach(&real(s.step), &esker_core::Unit::new("days"));
        let check = format!("Autocorrelation of the means of {} times, one step (about {step}{uneven})", count(s.times));
        let p = format!("{} up to {} (Ljung–Box)", chance(s.p), plural(s.autocorrelation.len(), "step", "steps"));
        rows.push([check, fixed(s.autocorrelation.first().copied().unwrap_or(0.0), 3), p, reading]);
    }
    if let Some(s) = &e.spread {
        let reading = match (s.spearman_p < CHANCE, s.spearman > 0.0) {
            (true, true) => "larger errors where predictions are larger",
            (true, false) => "larger errors where predictions are smaller",
            (false, _) => "no steady rise or fall of |residual| with the prediction was found",
        };
        let check = format!("Rank correlation of |residual| and prediction of {}", r.target());
        rows.push([check, fixed(s.spearman, 3), chance(s.spearman_p), reading.to_owned()]);
        let reading =
            if s.breusch_pagan_p < CHANCE { "the spread changes with the prediction" } else { "no change of spread with the prediction" };
        rows.push(["Breusch and Pagan’s test".to_owned(), none(), chance(s.breusch_pagan_p), reading.to_owned()]);
    }
    rows
}

fn scales(r: Reading<'_>, d: &Dependence, h: &mut Html) {
    let list = &d.errors.scales;
    if list.is_empty() {
        return;
    }
    let unit = if d.errors.of == "residual" { r.target_unit() } else { esker_core::Unit::default() };
    let n = decimals(list.iter().map(|s| s.rmse));
    let mut sheet = Sheet::new(format!("Root mean square of the mean error of square blocks{}", unit_bracketed(&unit)))
        .words("Side of a block")
        .numbers("blocks")
        .numbers("found")
        .numbers("if errors were independent");
    for s in list {
        sheet.row(vec![text(distance(s.side)), number(count(s.blocks)), number(fixed(s.rmse, n)), number(fixed(s.independent, n))]);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Errors of means over larger areas");
        h.element(
            "p",
            &[],
            "Where the error found stays above what independent errors would give, averaging over an area helps less than one hopes.",
        );
        sheet.write(h);
    });
}
