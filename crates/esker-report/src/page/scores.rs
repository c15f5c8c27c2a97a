//! Which model: scores under each design, optimism, paired differences, every metric fold by fold.

use esker_core::record::{DesignRecord, MetricCard, ModelRecord};

use super::dependent;
use super::html::Html;
use super::number::{count, decimals, fixed, signed, unit_bracketed};
use super::reading::{Paired, Reading, Verdict, paired};
use super::table::{Cell, Sheet, number, text};
use super::words::{plural, sentence};

/// Folds shown side by side; beyond this their smallest, median and largest score stand for them.
const MOST_FOLDS: usize = 20;

/// Models under each design, best first, with optimism.
pub fn models(r: Reading<'_>, h: &mut Html) {
    let Some(primary) = r.primary() else { return };
    let others = r.others();
    let unit = unit_bracketed(&r.unit(&r.record.metric));
    let better = match r.card(&r.record.metric).map(|c| c.better.as_str()) {
        Some("lower") => "lower is better",
        Some("zero") => "nearer to zero is better",
        _ => "higher is better",
    };
    let kinds = r.record.models.iter().any(|m| m.name != m.kind);
    let mut sheet = Sheet::new(format!(
        "{}{unit} of each model on held-out rows, best first; {better}. Mean ± standard deviation over folds; ‘pooled’ takes all held-out rows together.{}",
        r.metric(),
        if others.is_empty() { "" } else { " Optimism is how much better the second design makes a model look." }
    ))
    .over("", 1 + usize::from(kinds))
    .over(primary.label.as_str(), 2)
    .words("Model");
    if kinds {
        sheet = sheet.words("Kind");
    }
    sheet = sheet.numbers("mean ± sd").numbers("pooled");
    for d in &others {
        sheet = sheet.over(d.label.as_str(), 3).numbers("mean ± sd").numbers("pooled").numbers("optimism");
    }
    for m in r.ranked() {
        let chosen = m.name == r.record.chosen.model;
        let name = if chosen { Cell::Badge(m.name.clone(), "chosen") } else { text(m.name.as_str()) };
        let mut cells = vec![name];
        if kinds {
            cells.push(text(m.kind.as_str()));
        }
        cells.extend(pair(r, m, primary));
        for d in &others {
            cells.extend(pair(r, m, d));
            cells.push(number(r.optimism(m, &d.label).map_or_else(dash, |v| signed(v, r.decimals()))));
        }
        if chosen { sheet.marked_row(cells) } else { sheet.row(cells) }
    }
    sheet.write(h);
    h.with("p", &[("class", "why")], |h| {
        h.element("strong", &[], "Why this one: ");
        h.text(&sentence(&r.record.chosen.reason));
    });
}

fn pair(r: Reading<'_>, m: &ModelRecord, d: &DesignRecord) -> [Cell; 2] {
    let Some(score) =
        m.runs.iter().find(|run| run.design == d.label).and_then(|run| run.scores.iter().find(|s| s.metric == r.record.metric))
    else {
        return [number(dash()), number(dash())];
    };
    let n = r.decimals();
    let mean = match (score.mean, score.sd) {
        (Some(m), Some(sd)) => format!("{} ± {}", fixed(m, n), fixed(sd, n)),
        (Some(m), None) => fixed(m, n),
        (None, _) => dash(),
    };
    [number(mean), number(score.pooled.map_or_else(dash, |v| fixed(v, n)))]
}

/// Paired differences on identical folds: the chosen model against the others, then all the rest.
pub fn differences(r: Reading<'_>, h: &mut Html) {
    let chosen = r.record.chosen.model.as_str();
    let others = r.ranked().into_iter().filter(|m| m.name != chosen);
    let first: Vec<Difference<'_>> = others
        .filter_map(|m| Some(Difference { name: m.name.clone(), of: (chosen, &m.name), paired: r.paired(chosen, &m.name)? }))
        .collect();
    if r.record.comparisons.is_empty() {
        return;
    }
    h.element("h3", &[], "Differences that are not noise");
    let of = match (r.compared_together(), r.card(&r.record.metric).is_some_and(|c| c.better == "zero")) {
        (true, _) => "a difference on all held-out rows together, its interval that of draws of blocks",
        (false, true) => "a paired difference of sizes on identical folds",
        (false, false) => "a paired difference on identical folds",
    };
    let mut words = format!(
        "Each row is {of}. A model is better or worse where the probability of such a difference by chance, corrected for all the comparisons made \
         (Holm), is below 0.05; other models cannot be told apart, whatever their order in the table above."
    );
    if r.record.dependence.as_ref().is_some_and(|d| !d.pairs.is_empty()) {
        words.push_str(
            " The interval by blocks is that of all held-out rows together, drawn in blocks as told below; p is that probability.",
        );
    }
    h.element("p", &[], &words);
    if !first.is_empty() {
        let caption = format!("{} of {chosen} minus that of each other model{}", r.metric(), unit_bracketed(&r.unit(&r.record.metric)));
        difference_table(r, h, caption, &first);
    }
    let without = r.record.comparisons.iter().filter(|c| c.a != chosen && c.b != chosen);
    let rest: Vec<Difference<'_>> =
        without.map(|c| Difference { name: format!("{} − {}", c.a, c.b), of: (&c.a, &c.b), paired: paired(c) }).collect();
    if !rest.is_empty() {
        h.with("details", &[], |h| {
            h.element("summary", &[], &format!("The other {}", plural(rest.len(), "pair", "pairs")));
            let caption =
                format!("{} of the first model minus that of the second{}", r.metric(), unit_bracketed(&r.unit(&r.record.metric)));
            difference_table(r, h, caption, &rest);
        });
    }
}

/// A row of the table of differences.
struct Difference<'a> {
    name: String,
    of: (&'a str, &'a str),
    paired: Paired,
}

fn difference_table(r: Reading<'_>, h: &mut Html, caption: String, rows: &[Difference<'_>]) {
    let ends = rows.iter().flat_map(|d| d.paired.interval).chain([0.0]);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let share = |v: f64| if high > low { (v - low) / (high - low) } else { 0.5 };
    let n = r.decimals();
    let mut sheet =
        Sheet::new(caption).words("Against").numbers("difference").numbers("95 % interval").words("around zero").words("Beyond noise?");
    let blocks = r.record.dependence.as_ref().is_some_and(|d| !d.pairs.is_empty());
    if blocks {
        sheet = sheet.numbers("interval by blocks").numbers("p, corrected");
    }
    for Difference { name, of, paired: p } in rows {
        let verdict = match p.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Tie => "cannot be told apart",
        };
        let mut cells = vec![
            text(name.as_str()),
            number(signed(p.difference, n)),
            number(if p.interval[0] == p.interval[1] && p.difference != 0.0 {
                dash()
            } else {
                format!("{} to {}", signed(p.interval[0], n), signed(p.interval[1], n))
            }),
            Cell::Whisker([share(p.interval[0]), share(p.difference), share(p.interval[1])], share(0.0)),
            text(verdict),
        ];
        if blocks {
            cells.extend(dependent::pair_cells(r, *of, n));
        }
        sheet.row(cells);
    }
    sheet.write(h);
}

/// Every metric of every model under every design, and fold by fold, folded away.
pub fn every_metric(r: Reading<'_>, h: &mut Html) {
    if r.record.metrics.is_empty() {
        return;
    }
    h.element("h3", &[], "Every metric, fold by fold");
    for card in &r.record.metrics {
        h.with("details", &[], |h| {
            h.element("summary", &[], &r.metric_with_unit(&card.name));
            metric_overall(r, h, card);
            for d in &r.record.designs {
                metric_folds(r, h, card, d);
            }
        });
    }
}

fn metric_overall(r: Reading<'_>, h: &mut Html, card: &MetricCard) {
    let values = r.record.models.iter().flat_map(|m| &m.runs).flat_map(|run| &run.scores).filter(|s| s.metric == card.name);
    let n = decimals(values.filter_map(|s| s.headline()));
    let mut sheet =
        Sheet::new(format!("{}{} of each model under each design", card.title, unit_bracketed(&card.unit))).over("", 1).words("Model");
    for d in &r.record.designs {
        sheet = sheet.over(d.label.as_str(), 3).numbers("pooled").numbers("mean").numbers("sd");
    }
    for m in r.ranked() {
        let mut cells = vec![text(m.name.as_str())];
        for d in &r.record.designs {
            let score = r.score(m, &d.label, &card.name);
            for v in [score.and_then(|s| s.pooled), score.and_then(|s| s.mean), score.and_then(|s| s.sd)] {
                cells.push(number(v.map_or_else(dash, |v| fixed(v, n))));
            }
        }
        sheet.row(cells);
    }
    sheet.write(h);
}

fn metric_folds(r: Reading<'_>, h: &mut Html, card: &MetricCard, d: &DesignRecord) {
    let runs: Vec<(&ModelRecord, &[Option<f64>])> = r
        .ranked()
        .into_iter()
        .filter_map(|m| Some((m, r.score(m, &d.label, &card.name)?.folds.as_slice())))
        .filter(|(_, folds)| !folds.is_empty())
        .collect();
    if runs.is_empty() {
        return;
    }
    let n = decimals(runs.iter().flat_map(|(_, f)| f.iter().flatten().copied()));
    let told = |v: Option<f64>| number(v.map_or_else(dash, |v| fixed(v, n)));
    let caption = format!("{}{} of each fold under {}", card.title, unit_bracketed(&card.unit), d.label);
    let mut sheet = Sheet::new(caption).words("Model");
    if d.folds.len() <= MOST_FOLDS {
        for f in &d.folds {
            sheet = sheet.numbers(f.label.as_str());
        }
        for (m, folds) in runs {
            sheet.row(std::iter::once(text(m.name.as_str())).chain(folds.iter().map(|v| told(*v))).collect());
        }
    } else {
        sheet = sheet.numbers("smallest").numbers("median").numbers("largest").numbers("folds scored");
        for (m, folds) in runs {
            let mut values: Vec<f64> = folds.iter().flatten().copied().collect();
            values.sort_by(f64::total_cmp);
            let row = [values.first().copied(), median(&values), values.last().copied()];
            let mut cells = vec![text(m.name.as_str())];
            cells.extend(row.into_iter().map(told));
            cells.push(number(count(values.len())));
            sheet.row(cells);
        }
    }
    sheet.write(h);
}

fn median(sorted: &[f64]) -> Option<f64> {
    let n = sorted.len();
    (n > 0).then(|| (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0)
}

/// The groups predicted worst by the chosen model.
pub fn worst_groups(r: Reading<'_>, h: &mut Html) {
    const SHOWN: usize = 10;
    let Some(run) = r.chosen_run().filter(|run| run.groups.len() > 1) else { return };
    let n = decimals(run.groups.iter().filter_map(|g| g.score));
    h.element("h3", &[], "Groups predicted worst");
    let of = if run.groups.len() > SHOWN {
        format!("The {SHOWN} worst of {}", plural(run.groups.len(), "group", "groups"))
    } else {
        "All groups".to_owned()
    };
    let mut sheet = Sheet::new(format!("{of}, worst first, {} of {}", r.metric(), r.record.chosen.model))
        .words("Group")
        .numbers("rows")
        .numbers(r.metric_with_unit(&r.record.metric));
    for g in run.groups.iter().take(SHOWN) {
        sheet.row(vec![text(g.group.as_str()), number(count(g.rows)), number(g.score.map_or_else(dash, |v| fixed(v, n)))]);
    }
    sheet.write(h);
}

/// A score of the chosen model, for a tile: its digits and what stands beside them.
pub fn tile(r: Reading<'_>, card: &MetricCard) -> Option<(String, String)> {
    let (chosen, design) = (r.chosen()?, r.primary()?);
    let score = r.score(chosen, &design.label, &card.name)?;
    let value = score.headline()?;
    let n = if card.name == r.record.metric { r.decimals() } else { decimals([value]) };
    let beside = match (score.mean, score.sd) {
        (Some(_), Some(sd)) => format!("± {} over {}", fixed(sd, n), plural(score.folds.iter().flatten().count(), "fold", "folds")),
        (None, _) => "all held-out rows together".to_owned(),
        _ => design.label.clone(),
    };
    Some((fixed(value, n), beside))
}

/// What stands for a number that does not exist.
pub fn dash() -> String {
    "—".to_owned()
}
