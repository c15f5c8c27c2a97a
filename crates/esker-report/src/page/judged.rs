//! How the chosen model was judged: folds, classes, intervals, and the rows it got most wrong.

use esker_core::Advice;
use esker_core::record::{ModelRun, Rows, Task};

use super::html::Html;
use super::number::{attach, count, decimals, fixed, percent, real, signed, tally, unit_bracketed};
use super::reading::Reading;
use super::scores::dash;
use super::table::{Cell, Sheet, number, text};
use super::words::{plural, sentence};

/// Folds listed in the open; more are folded away.
const OPEN_FOLDS: usize = 30;
/// Rows listed as most wrong.
const MOST_WRONG: usize = 10;

/// The designs in words and the folds they made.
pub fn folds(r: Reading<'_>, h: &mut Html) {
    if let Some(advice) = &r.record.advice {
        advised(advice, h);
    }
    for d in &r.record.designs {
        h.with("h3", &[], |h| {
            h.text(&d.label);
            if d.primary && r.record.designs.len() > 1 {
                h.text(" ");
                h.element("span", &[("class", "badge")], "leads");
            }
        });
        h.element("p", &[], &sentence(&d.description));
        if d.folds.is_empty() {
            continue;
        }
        let open = d.primary && d.folds.len() <= OPEN_FOLDS;
        let attributes: &[(&'static str, &str)] = if open { &[("open", ""), ("class", "keep")] } else { &[] };
        h.with("details", attributes, |h| {
            h.element("summary", &[], &plural(d.folds.len(), "fold", "folds"));
            fold_table(r, h, d);
        });
    }
}

/// Why Esker chose the design.
fn advised(advice: &Advice, h: &mut Html) {
    h.element("h3", &[], "Why this design");
    h.element("p", &[], &sentence(&format!("Wanted: {}", advice.wanted)));
    for reason in advice.reasons.iter().chain(&advice.beyond) {
        h.element("p", &[], &sentence(reason));
    }
    let mut sheet = Sheet::new("Designs looked at; a smaller W imitates the distances of what is wanted better (km on the ground, d in time, sd among the features)")
        .words("Design")
        .numbers("folds")
        .numbers("W")
        .words("Refused because");
    for c in &advice.candidates {
        let own = c.w.map(|w| (c.unit.clone(), w));
        let w: Vec<String> = own.iter().chain(&c.also).map(|(unit, w)| attach(&real(*w), &esker_core::Unit::new(unit))).collect();
        let w = if w.is_empty() { dash() } else { w.join(", ") };
        let cells = vec![text(c.design.as_str()), number(count(c.folds)), number(w), text(c.refused.clone().unwrap_or_default())];
        if c.design == advice.chosen { sheet.marked_row(cells) } else { sheet.row(cells) }
    }
    sheet.write(h);
    if !advice.written.is_empty() {
        h.element("p", &[], "In the recipe, under [validate]:");
        h.element("pre", &[("tabindex", "0"), ("aria-label", "Lines of the recipe")], &advice.written);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "What was measured");
        h.with("ul", &[], |h| {
            for line in &advice.measured {
                h.element("li", &[], line);
            }
        });
    });
}

fn fold_table(r: Reading<'_>, h: &mut Html, d: &esker_core::record::DesignRecord) {
    let scores = r.chosen().and_then(|m| r.score(m, &d.label, &r.record.metric));
    let n = r.decimals();
    let mut sheet = Sheet::new(format!("Rows of each fold under {}, and the score of {} there", d.label, r.record.chosen.model))
        .words("Fold")
        .numbers("learned from")
        .numbers("judged on")
        .numbers("kept out")
        .numbers(r.metric_with_unit(&r.record.metric));
    for (i, f) in d.folds.iter().enumerate() {
        let score = scores.and_then(|s| s.folds.get(i).copied().flatten());
        sheet.row(vec![
            text(f.label.as_str()),
            number(count(f.train)),
            number(count(f.test)),
            number(count(f.left_out)),
            number(score.map_or_else(dash, |v| fixed(v, n))),
        ]);
    }
    sheet.write(h);
}

/// Scores of each class and the confusion matrix.
pub fn classes(r: Reading<'_>, h: &mut Html) {
    let Some(run) = r.chosen_run().filter(|run| !run.classes.is_empty()) else { return };
    let mut sheet = Sheet::new(format!("How {} recognises each class on held-out rows", r.record.chosen.model))
        .words("Class")
        .numbers("rows")
        .numbers("precision")
        .numbers("recall")
        .numbers("F1")
        .numbers("area under ROC")
        .numbers("average precision");
    let told = |v: Option<f64>| number(v.map_or_else(dash, |v| fixed(v, 3)));
    for c in &run.classes {
        let curve = run.curves.iter().find(|x| x.level == c.level);
        sheet.row(vec![
            text(r.class_name(&c.level)),
            number(tally(c.support.round())),
            told(c.precision),
            told(c.recall),
            told(c.f1),
            told(curve.and_then(|x| x.auc)),
            told(curve.and_then(|x| x.ap)),
        ]);
    }
    sheet.write(h);
    h.element(
        "p",
        &[],
        "Precision is the share of rows said to be of a class that are; recall is the share of rows of a class that were recognised; F1 is their \
         harmonic mean.",
    );
    confusion(r, run, h);
}

fn confusion(r: Reading<'_>, run: &ModelRun, h: &mut Html) {
    let (Some(matrix), Task::Classification { levels, .. }) = (&run.confusion, &r.record.task) else { return };
    h.with("details", &[("class", "keep")], |h| {
        h.element("summary", &[], "Confusion matrix in numbers");
        let mut sheet =
            Sheet::new("Held-out rows by true class (row) and predicted class (column); darker is a larger share of the true class")
                .words("True class");
        for l in levels {
            sheet = sheet.numbers(r.class_name(l));
        }
        for (level, line) in levels.iter().zip(matrix) {
            let total: f64 = line.iter().sum();
            let mut cells = vec![text(r.class_name(level))];
            cells.extend(line.iter().map(|v| Cell::Shade(tally(v.round()), if total > 0.0 { v / total } else { 0.0 })));
            sheet.row(cells);
        }
        sheet.write(h);
    });
}

/// Measured coverage against what was promised.
pub fn intervals(r: Reading<'_>, h: &mut Html) {
    let Some(i) = &r.record.intervals else { return };
    let unit = r.target_unit();
    h.element(
        "p",
        &[],
        &format!(
            "{} intervals at {}: {} wide on average; they hold {} of the held-out observations.",
            i.method,
            percent(i.level),
            super::number::with_unit(i.width, &unit),
            percent(i.coverage)
        ),
    );
    if i.without > 0 {
        let rows = super::words::plural(i.without, "row tested has", "rows tested have");
        h.element(
            "p",
            &[],
            &format!("{rows} no interval, as too few residuals were known for one; they count in no coverage and no width."),
        );
    }
    if !i.curve.is_empty() {
        let mut sheet =
            Sheet::new("Promised and measured coverage at several levels").words("Promised").numbers("measured").numbers("difference");
        for (level, coverage) in &i.curve {
            let gap = attach(&signed(100.0 * (coverage - level), 1), &esker_core::Unit::new("points"));
            sheet.row(vec![number(share(*level)), number(share(*coverage)), number(gap)]);
        }
        details(h, "Coverage at several levels", &sheet);
    }
    if !i.conditional.is_empty() {
        let n = decimals(i.conditional.iter().map(|c| c.0));
        let mut sheet = Sheet::new(format!("Coverage of the {} interval by tenths of the predicted value", percent(i.level)))
            .words(format!("Mean prediction{}", unit_bracketed(&unit)))
            .numbers("coverage")
            .numbers("rows");
        for (mean, coverage, rows) in &i.conditional {
            sheet.row(vec![number(fixed(*mean, n)), number(share(*coverage)), number(count(*rows))]);
        }
        details(h, "Coverage by predicted value", &sheet);
    }
}

/// A share as a percentage with one decimal, for columns.
fn share(v: f64) -> String {
    format!("{}{}%", fixed(100.0 * v, 1), super::number::THIN)
}

fn details(h: &mut Html, title: &str, sheet: &Sheet) {
    h.with("details", &[], |h| {
        h.element("summary", &[], title);
        sheet.write(h);
    });
}

/// The held-out rows that the chosen model got most wrong.
pub fn most_wrong(r: Reading<'_>, rows: &Rows, h: &mut Html) {
    let n = rows.observed.len();
    let whole = rows.predicted.len() == n && rows.row.len() == n;
    if n == 0 || !whole {
        return;
    }
    let sheet = match &r.record.task {
        Task::Regression { .. } => wrong_numbers(r, rows),
        Task::Classification { levels, .. } => wrong_classes(r, rows, levels),
    };
    if sheet.is_empty() {
        return;
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Rows it got most wrong");
        h.element("p", &[], "Rows far off are worth a look: a fault in the table, or a process the features do not tell of.");
        sheet.write(h);
    });
}

fn wrong_numbers(r: Reading<'_>, rows: &Rows) -> Sheet {
    let mut order: Vec<usize> =
        (0..rows.observed.len()).filter(|&i| rows.observed[i].is_finite() && rows.predicted[i].is_finite()).collect();
    let miss = |i: usize| rows.predicted[i] - rows.observed[i];
    order.sort_by(|&a, &b| miss(b).abs().total_cmp(&miss(a).abs()).then(a.cmp(&b)));
    order.truncate(MOST_WRONG);
    let n = decimals(order.iter().map(|&i| rows.observed[i]));
    let unit = unit_bracketed(&r.target_unit());
    let grouped = rows.group.len() == rows.observed.len();
    let bounded = rows.low.len() == rows.observed.len() && rows.high.len() == rows.observed.len();
    let mut sheet =
        Sheet::new(format!("Held-out rows with the largest residual (predicted minus observed){unit}")).words("Row in the file");
    if grouped {
        sheet = sheet.words("Group");
    }
    sheet = sheet.numbers("observed").numbers("predicted").numbers("residual");
    if bounded {
        sheet = sheet.numbers("interval");
    }
    for i in order {
        let mut cells = vec![number(count(rows.row[i]))];
        if grouped {
            cells.push(text(rows.group[i].as_str()));
        }
        cells.extend([number(fixed(rows.observed[i], n)), number(fixed(rows.predicted[i], n)), number(signed(miss(i), n))]);
        if bounded {
            cells.push(number(format!("{} to {}", fixed(rows.low[i], n), fixed(rows.high[i], n))));
        }
        sheet.row(cells);
    }
    sheet
}

/// Wrong rows that the model was most sure of.
fn wrong_classes(r: Reading<'_>, rows: &Rows, levels: &[String]) -> Sheet {
    let k = levels.len();
    let n = rows.observed.len();
    let sheet = Sheet::new("Held-out rows predicted wrongly with the highest probability");
    if k == 0 || rows.probability.len() != n * k {
        return sheet;
    }
    let code = |v: f64| (v.is_finite() && v >= 0.0 && (v as usize) < k).then_some(v as usize);
    let mut wrong: Vec<(usize, usize, usize, f64)> = (0..n)
        .filter_map(|i| Some((i, code(rows.observed[i])?, code(rows.predicted[i])?)))
        .filter(|(_, truth, said)| truth != said)
        .map(|(i, truth, said)| (i, truth, said, rows.probability[i * k + said]))
        .filter(|(.., p)| p.is_finite())
        .collect();
    wrong.sort_by(|a, b| b.3.total_cmp(&a.3).then(a.0.cmp(&b.0)));
    wrong.truncate(MOST_WRONG);
    let grouped = rows.group.len() == n;
    let mut sheet = sheet.words("Row in the file");
    if grouped {
        sheet = sheet.words("Group");
    }
    sheet = sheet.words("True class").words("Predicted class").numbers("its probability").numbers("probability of the true class");
    for (i, truth, said, p) in wrong {
        let mut cells = vec![number(count(rows.row[i]))];
        if grouped {
            cells.push(text(rows.group[i].as_str()));
        }
        cells.extend([text(class(r, levels, truth)), text(class(r, levels, said)), number(fixed(p, 3))]);
        cells.push(number(fixed(rows.probability[i * k + truth], 3)));
        sheet.row(cells);
    }
    sheet
}

fn class<'a>(r: Reading<'a>, levels: &'a [String], code: usize) -> &'a str {
    match &r.record.task {
        Task::Classification { names, .. } => names.get(code).filter(|n| !n.is_empty()).unwrap_or(&levels[code]),
        Task::Regression { .. } => "",
    }
}
