//! What drives the answer: permutation importance, columns together and alone, and the internal one that misleads.

use esker_core::record::{Explanation, Importance};

use super::html::Html;
use super::number::{decimals, fixed, percent, unit_bracketed};
use super::reading::{Reading, inside, single_rows, spread};
use super::table::{Sheet, number, text};
use super::words::{list_some, plural};

/// Features listed in the open.
const OPEN_FEATURES: usize = 12;

/// What importance means here.
pub fn meaning(r: Reading<'_>, h: &mut Html) {
    let Some(e) = &r.record.explanation else { return };
    let title = inside(r.title(&e.metric));
    h.element(
        "p",
        &[],
        &format!(
            "Importance is the {title} that {} loses on held-out rows when a column is shuffled. Columns that tell the same story cover for each \
             other when shuffled one by one, so columns that belong together are shuffled together first.",
            r.record.chosen.model
        ),
    );
}

/// Columns shuffled together, then one by one.
pub fn importance(r: Reading<'_>, h: &mut Html) {
    let Some(e) = &r.record.explanation else { return };
    let title = inside(r.title(&e.metric));
    if !e.groups.is_empty() {
        table(r, h, e, &e.groups, &format!("Loss of {title}, columns shuffled together"));
    }
    let (first, rest) = e.features.split_at(e.features.len().min(OPEN_FEATURES));
    if !first.is_empty() {
        table(r, h, e, first, &format!("Loss of {title}, features shuffled one by one"));
    }
    if !rest.is_empty() {
        h.with("details", &[], |h| {
            h.element("summary", &[], &plural(rest.len(), "further feature", "further features"));
            table(r, h, e, rest, &format!("Loss of {title}, features shuffled one by one (continued)"));
        });
    }
}

fn table(r: Reading<'_>, h: &mut Html, e: &Explanation, list: &[Importance], caption: &str) {
    let n = decimals(list.iter().take(6).map(|i| i.mean));
    let (over, drawn) = match r.primary().is_some_and(single_rows) {
        true => ("repeats", "repeats"),
        false => ("folds and repeats", "folds"),
    };
    let mut sheet = Sheet::new(format!("{caption}{}, mean over {over}", unit_bracketed(&r.unit(&e.metric))))
        .words("Shuffled")
        .numbers("loss")
        .numbers(format!("sd over {drawn}"))
        .numbers(format!("{drawn} where it matters"))
        .words("Columns");
    for i in list {
        let sd = spread(&i.folds).unwrap_or(i.sd);
        let matters = format!("{} of {}", i.folds.iter().filter(|v| **v > 0.0).count(), i.folds.len());
        let columns: Vec<&str> = i.features.iter().map(String::as_str).collect();
        let columns = if columns == [i.name.as_str()] { "itself".to_owned() } else { list_some(&columns, 4) };
        sheet.row(vec![text(i.name.as_str()), number(fixed(i.mean, n)), number(fixed(sd, n)), number(matters), text(columns)]);
    }
    sheet.write(h);
}

/// The model's own importance beside the measured one, with the warning why it misleads.
pub fn internal(r: Reading<'_>, h: &mut Html) {
    let Some(e) = r.record.explanation.as_ref().filter(|e| !e.internal.is_empty()) else { return };
    h.element("h3", &[], "What the model says of itself, and why not to quote it");
    h.element("p", &[], &misleads(e));
    let mut sheet =
        Sheet::new(format!("The ten largest internal importances ({}) beside the rank by shuffling held-out rows", e.internal_kind))
            .words("Feature")
            .numbers("internal share")
            .numbers("internal rank")
            .numbers("rank on held-out rows");
    for (i, (name, share)) in sorted(e).iter().take(10).enumerate() {
        let rank = e.features.iter().position(|f| f.name == *name).map_or_else(|| "—".to_owned(), |p| (p + 1).to_string());
        sheet.row(vec![text(*name), number(percent(*share)), number((i + 1).to_string()), number(rank)]);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Internal beside measured importance");
        sheet.write(h);
    });
}

fn sorted(e: &Explanation) -> Vec<(&str, f64)> {
    let mut list: Vec<(&str, f64)> = e.internal.iter().map(|(n, s)| (n.as_str(), *s)).collect();
    list.sort_by(|a, b| b.1.total_cmp(&a.1));
    list
}

/// The general reason, then the feature of this record that moved most in rank.
fn misleads(e: &Explanation) -> String {
    let kind = e.internal_kind.as_str();
    let counted = ["gain", "impurity", "split"].iter().any(|word| kind.contains(word));
    let rewards = if counted {
        "it rewards features with many distinct values and features the model has overfitted, and it splits"
    } else {
        "it splits"
    };
    let mut out = format!(
        "The internal importance ({kind}) is told by the rows the model learned from, not by held-out ones: {rewards} the credit between columns \
         that vary together."
    );
    let moved = sorted(e)
        .iter()
        .enumerate()
        .take(10)
        .filter_map(|(i, (name, _))| Some((*name, i + 1, e.features.iter().position(|f| f.name == *name)? + 1)))
        .max_by_key(|(_, own, held)| held.saturating_sub(*own));
    if let Some((name, own, held)) = moved.filter(|(_, own, held)| held > own) {
        out.push_str(&format!(" Here it ranks {name} at {own}; shuffling held-out rows ranks it at {held}."));
    }
    out
}
