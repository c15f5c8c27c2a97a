//! What the score does and does not claim, written from the design, the data and the alarms of the record.

use esker_core::record::{DesignRecord, Record};

use super::number::{count, percent, real, with_unit};
use super::reading::{Reading, shuffles};
use super::words::{first_sentence, list, list_some, one_stop, plural, sentence};

/// Few folds: below this the spread over folds is itself hardly known.
const FEW_FOLDS: usize = 5;
/// A feature with more than this share missing is named.
const MUCH_MISSING: f64 = 0.2;

/// The limits, each one or two sentences.
pub fn limits(record: &Record) -> Vec<String> {
    let r = Reading::new(record);
    let mut out: Vec<String> = Vec::new();
    out.extend(r.primary().map(|d| claim(r, d)));
    out.extend(stricter(r));
    out.extend(extrapolation(r));
    out.extend(super::believed::limit(record));
    out.extend(ceiling(r));
    out.extend(folds(r));
    out.extend(winner(r));
    out.extend(missing(r));
    out.extend(conditional(r));
    out.extend(super::covered::limit(r));
    out.extend(groups(r));
    if record.explanation.is_some() {
        out.push(
            "Importances and effects describe the model on these data, not the causes in nature; features that vary together share or hide \
             each other’s importance."
                .to_owned(),
        );
    }
    out.iter().map(|s| one_stop(s)).collect()
}

/// What kind of new rows the primary design speaks for.
fn claim(r: Reading<'_>, design: &DesignRecord) -> String {
    let data = &r.record.data;
    let groups = data.groups.as_ref().map_or_else(|| "groups".to_owned(), |(column, _)| format!("groups of {column}"));
    let bounds = match (&data.extent.is_some(), &data.period) {
        (true, Some([a, b])) => format!(" inside the same extent and between {a} and {b}"),
        (true, None) => " inside the same extent".to_owned(),
        (false, Some([a, b])) => format!(" between {a} and {b}"),
        (false, None) => String::new(),
    };
    let beyond = "not another region and not other years";
    match design.kind.as_str() {
        "group" | "leave-one-group-out" => {
            format!("Whole {groups} were held out, so the score speaks for new {groups}{bounds}: {beyond}.")
        }
        "forward" => {
            "Every fold was judged on later times than it learned from, so the score speaks for the next years of the same places, not for \
             new places and not for a far future."
                .to_owned()
        }
        _ if shuffles(design) => format!(
            "Rows were shuffled into folds, so the score speaks for rows scattered among those already known{bounds}: not new groups, {beyond}. \
             Neighbours may stand on both sides of the split."
        ),
        _ => format!("The score speaks for new rows of the kind that the design ‘{}’ holds out{bounds}: {beyond}.", design.label),
    }
}

/// Designs run beside the primary one under which the chosen model is worse beyond its spread over folds.
fn stricter(r: Reading<'_>) -> Option<String> {
    let (chosen, design) = (r.chosen()?, r.primary()?);
    let honest = r.value(chosen, &design.label)?;
    let sd = r.score(chosen, &design.label, &r.record.metric)?.sd.unwrap_or(0.0);
    let worse: Vec<String> = r
        .others()
        .iter()
        .filter_map(|d| Some((d, r.value(chosen, &d.label)?)))
        .filter(|(_, v)| r.gain(*v, honest) > sd)
        .filter_map(|(d, _)| Some(format!("{} under ‘{}’", r.reached(chosen, &d.label)?, d.label)))
        .collect();
    if worse.is_empty() {
        return None;
    }
    Some(format!("Judged more strictly, the score gets worse: {} {} instead of {}.", r.metric_inside(), list(&worse), r.in_metric(honest)))
}

fn extrapolation(r: Reading<'_>) -> Option<String> {
    let n = r.features().iter().filter(|c| c.summary.is_some()).count();
    if n == 0 {
        return None;
    }
    Some(format!(
        "No held-out score covers extrapolation: outside the {} of the {} in the data card, predictions and their intervals are untested.",
        if n == 1 { "range" } else { "ranges" },
        plural(n, "numeric feature", "numeric features")
    ))
}

fn ceiling(r: Reading<'_>) -> Option<String> {
    r.record
        .notes
        .iter()
        .find(|n| n.code == "noise-ceiling")
        .map(|n| format!("{} The note ‘{}’ tells what follows.", sentence(first_sentence(&n.text)), n.code))
}

fn folds(r: Reading<'_>) -> Option<String> {
    let n = r.primary()?.folds.len();
    if n == 1 {
        return Some("There is one fold, so the spread of the score is unknown.".to_owned());
    }
    (n < FEW_FOLDS).then(|| format!("With {n} folds, the spread over folds is itself hardly known."))
}

fn winner(r: Reading<'_>) -> Option<String> {
    let n = r.record.models.len();
    (n > 1).then(|| {
        format!(
            "The chosen model was picked among {} by the scores shown here, so its own score is slightly flattered; the final fit on all rows \
             is not itself held out.",
            count(n)
        )
    })
}

fn missing(r: Reading<'_>) -> Option<String> {
    let rows = r.record.data.rows_used;
    let many: Vec<&str> =
        r.features().iter().filter(|c| rows > 0 && c.missing as f64 > MUCH_MISSING * rows as f64).map(|c| c.name.as_str()).collect();
    if many.is_empty() {
        return None;
    }
    let verb = if many.len() == 1 { "is" } else { "are each" };
    Some(format!("{} {verb} missing in more than {} of the rows.", list_some(&many, 6), percent(MUCH_MISSING)))
}

/// Coverage holds on average; by the predicted value it may not.
fn conditional(r: Reading<'_>) -> Option<String> {
    let i = r.record.intervals.as_ref()?;
    let low = i.conditional.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let high = i.conditional.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!(
        "Intervals hold on average, not for each row: by tenths of the predicted value their coverage runs from {} (predictions near {}) to {}.",
        percent(low.1),
        with_unit(low.0, &r.target_unit()),
        percent(high.1)
    ))
}

fn groups(r: Reading<'_>) -> Option<String> {
    let groups = &r.chosen_run()?.groups;
    let worst = groups.first().filter(|_| groups.len() > 1)?;
    let best = groups.last()?;
    let unit = r.unit(&r.record.metric);
    let (a, b) = (worst.score?, best.score?);
    Some(format!(
        "The score differs between groups: {} {} in {} to {} in {}.",
        r.metric_inside(),
        super::number::attach(&real(a), &unit),
        worst.group,
        super::number::attach(&real(b), &unit),
        best.group
    ))
}
