//! Calibration of the chosen model's probabilities in numbers, and the thresholds that classes are said from.

use esker_core::calibration::{CalibrationCurve, Threshold};

use super::html::Html;
use super::number::fixed;
use super::reading::Reading;
use super::scores::dash;
use super::table::{Sheet, number, text};
use super::words::capital;

/// What was done to probabilities, for the methods paragraph.
pub fn method(r: Reading<'_>) -> String {
    let mut said = Vec::new();
    for (name, adjustment) in r.record.models.iter().filter_map(|m| Some((&m.name, m.adjustment.as_ref()?))) {
        let how = adjustment.calibration.as_deref().map(|how| match how {
            "isotonic" => "isotonic regression (Zadrozny and Elkan 2002)",
            _ => "Platt's sigmoid of the log-odds (Platt 1999)",
        });
        said.extend(how.map(|how| format!("probabilities of {name} were calibrated by {how}")));
        said.extend(
            adjustment
                .threshold
                .as_ref()
                .filter(|t| t.by != "number")
                .map(|t| format!("the probability from which on {name} says {} was chosen by {}", r.class_name(&t.class), by(&t.by))),
        );
    }
    if said.is_empty() {
        return String::new();
    }
    format!("{}, on held-out rows of inner folds under the same design.", capital(&said.join("; ")))
}

/// The numbers of its calibration curves, and its thresholds.
pub fn numbers(r: Reading<'_>, h: &mut Html) {
    let (Some(run), Some(model)) = (r.chosen_run(), r.chosen()) else { return };
    if !run.calibration.is_empty() {
        let before = |c: &CalibrationCurve| run.uncalibrated.iter().find(|b| b.level == c.level);
        let mut sheet = Sheet::new(format!("How well the probabilities of {} keep to what happened, on held-out rows", model.name))
            .words("Class")
            .numbers("calibration error");
        if !run.uncalibrated.is_empty() {
            sheet = sheet.numbers("before");
        }
        sheet = sheet.numbers("Brier score of the class");
        if !run.uncalibrated.is_empty() {
            sheet = sheet.numbers("before");
        }
        sheet = sheet.numbers("reliability").numbers("resolution").numbers("uncertainty").numbers("within bins");
        for c in &run.calibration {
            let mut cells = vec![text(r.class_name(&c.level))];
            for of in [|k: &CalibrationCurve| k.error, |k: &CalibrationCurve| k.brier] {
                cells.push(number(fixed(of(c), 4)));
                if !run.uncalibrated.is_empty() {
                    cells.push(number(before(c).map_or_else(dash, |b| fixed(of(b), 4))));
                }
            }
            cells.extend([c.reliability, c.resolution, c.uncertainty, c.within].map(|v| number(fixed(v, 4))));
            sheet.row(cells);
        }
        h.with("details", &[], |h| {
            h.element("summary", &[], "Calibration in numbers");
            h.element(
                "p",
                &[],
                "The calibration error is the mean distance of what was said and what happened, over bins of as many rows each. The Brier score is \
                 reliability (lower is better) minus resolution (higher is better) plus uncertainty (of the classes alone), plus what differs within \
                 bins (Murphy 1973); it is that of one class, where the metric of that name is the sum over all classes.",
            );
            sheet.write(h);
        });
    }
    if let Some(threshold) = model.adjustment.as_ref().and_then(|a| a.threshold.as_ref()) {
        thresholds(r, threshold, h);
    }
}

fn thresholds(r: Reading<'_>, threshold: &Threshold, h: &mut Html) {
    let class = r.class_name(&threshold.class);
    let Some(last) = threshold.parts.last() else { return };
    if threshold.by == "number" {
        let said = format!("The class {class} is said from a probability of {} on, as the recipe gives it.", fixed(last.from, 3));
        return h.element("p", &[], &said);
    }
    h.element(
        "p",
        &[],
        &format!(
            "The class {class} is said from a probability of {} on, chosen by {} on held-out rows of inner folds; held-out classes are said from \
             the threshold of their own fold.",
            fixed(last.from, 3),
            by(&threshold.by)
        ),
    );
    let mut sheet =
        Sheet::new(format!("The probability from which on {class} is said, and {} there on inner held-out rows", by(&threshold.by)))
            .words("Chosen for")
            .numbers("threshold")
            .numbers(by(&threshold.by))
            .numbers("at 0.5");
    for p in &threshold.parts {
        let told = |v: Option<f64>| number(v.map_or_else(dash, |v| fixed(v, 3)));
        sheet.row(vec![text(p.part.as_str()), number(fixed(p.from, 3)), told(p.score), told(p.at_half)]);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Thresholds, fold by fold");
        sheet.write(h);
    });
}

fn by(name: &str) -> &str {
    match name {
        "f1" => "F1",
        "cost" => "the mean cost",
        "youden" => "Youden's index",
        "balanced-accuracy" => "balanced accuracy",
        other => other,
    }
}
