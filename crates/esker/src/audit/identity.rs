//! Features that say which group, fold or row it is.

use std::collections::HashMap;

use esker_core::{Codes, Column, Result, Values};
use esker_evaluate::alarm;

use super::{Suspect, distinct, key, series};
use crate::plan::Plan;

/// Groups below which an order among them is chance.
const FEW_GROUPS: usize = 6;
/// Rows below which numbering them is chance.
const FEW: usize = 20;
/// Rows that each value must have, on average, to name a fold or block.
const FEW_IN: usize = 4;

/// Names and numbers of groups, folds and rows among the features.
pub(super) fn of_identity(plan: &Plan) -> Result<Vec<Suspect>> {
    let mut found = Vec::new();
    let samples = &plan.data.samples;
    let groups = samples.support().group.as_ref();
    let own = plan.designs.first().and_then(|d| d.support.group.as_ref()).or(groups);
    for column in plan.audited_features() {
        let name = &column.name;
        let mend = format!("Leave '{name}' out of [roles] features: it says which one it is, not what it is like.");
        let named = [groups, own].into_iter().flatten().find_map(|g| names_group(column, g));
        if let Some(evidence) = named {
            let what = format!("Feature '{name}' names the group.");
            found.push(Suspect::column(plan, "group-identifier", name, what, evidence, mend));
        } else if let Some(evidence) = numbers_rows(plan, column) {
            let what = format!("Feature '{name}' numbers the rows.");
            found.push(Suspect::column(plan, "row-identifier", name, what, evidence, mend));
        } else if let Some(evidence) = names_fold(plan, column) {
            let what = format!("Feature '{name}' tells the fold.");
            // A property of a place, such as its island, may part the rows as folds do: what it does to the score is the proof.
            let proven = distinct(&column.values) > plan.primary_folds().len();
            found.push(Suspect { proven, ..Suspect::column(plan, "fold-identifier", name, what, evidence, mend) });
        }
    }
    Ok(found)
}

/// Whether values and groups go one to one, and the values are names or numbers given in an order.
fn names_group(column: &Column, groups: &Codes) -> Option<String> {
    let (mut of_value, mut of_group): (HashMap<u64, u32>, HashMap<u32, u64>) = (HashMap::new(), HashMap::new());
    for row in 0..column.len() {
        let (Some(value), group) = (key(&column.values, row), groups.codes()[row]) else { return None };
        if group == esker_core::MISSING {
            return None;
        }
        if *of_value.entry(value).or_insert(group) != group || *of_group.entry(group).or_insert(value) != value {
            return None;
        }
    }
    // Groups of one row each would make an identifier of everything that does not repeat.
    let many = of_group.len();
    if many < 2 || 4 * many > 3 * column.len() {
        return None;
    }
    let evidence = format!("Its {many} values go one to one with the {many} groups");
    let Values::Real(_) = column.values else { return Some(format!("{evidence}.")) };
    let mut labels: Vec<(&String, f64)> = of_group.iter().map(|(g, v)| (&groups.levels()[*g as usize], f64::from_bits(*v))).collect();
    labels.sort_by(|a, b| a.0.cmp(b.0));
    let values: Vec<f64> = labels.iter().map(|l| l.1).collect();
    if values.iter().any(|v| v.fract() != 0.0) {
        return None;
    }
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let ordered = values.windows(2).all(|w| w[0] < w[1]) || values.windows(2).all(|w| w[0] > w[1]);
    let label_is_number = labels.iter().all(|(l, v)| l.parse::<f64>().is_ok_and(|n| n == *v));
    let dense = high - low < 1.2 * many as f64;
    ((many >= FEW_GROUPS && (ordered || dense)) || label_is_number).then(|| format!("{evidence}, as whole numbers given in an order."))
}

/// Whether a column numbers rows: in order, or every whole number of a range once.
fn numbers_rows(plan: &Plan, column: &Column) -> Option<String> {
    // A time axis is a question of its own.
    if series::tells_time(plan, &column.values) || column.len() < FEW {
        return None;
    }
    if alarm::identifiers(&[column]).is_some() {
        return Some(match &column.values {
            Values::Real(_) => format!("Whole numbers, all {} different, in the order of the rows.", column.len()),
            Values::Class(_) => format!("A different name in each of {} rows.", column.len()),
        });
    }
    let Values::Real(v) = &column.values else { return None };
    let whole = v.iter().all(|x| x.is_finite() && x.fract() == 0.0);
    let (low, high) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let all = whole && high - low < 1.02 * v.len() as f64 && distinct(&column.values) == v.len();
    all.then(|| format!("Every whole number from {low} to {high} once, but for a few: a counter in another order."))
}

/// Whether each value of a column stands in one fold of the design alone: the fold, or the block that folds were made of.
fn names_fold(plan: &Plan, column: &Column) -> Option<String> {
    let design = plan.designs.first()?;
    let n = column.len();
    let many = distinct(&column.values);
    if many < 3 || many < design.folds.len() || n < FEW_IN * many || !is_number_or_name(&column.values, many) {
        return None;
    }
    let folds = crate::folds::fold_of_row(design, n);
    let mut of: HashMap<u64, u32> = HashMap::new();
    let one = (0..n).all(|r| match (key(&column.values, r), folds[r]) {
        (Some(value), Some(fold)) => *of.entry(value).or_insert(fold) == fold,
        _ => false,
    });
    // With groups, what is constant in a group stays in a fold, and that is no fault: only a number for each fold is one. In time, what goes
    // by the calendar stays together, too.
    let support = &design.support;
    let groups = support.group.as_ref().map_or(0, |g| g.counts().iter().filter(|&&n| n > 0).count());
    let apart = many == design.folds.len() && (groups == 0 || groups >= 2 * many)
        || groups == 0 && support.time.is_none() && many_places(support, many);
    (one && apart).then(|| format!("Each of its {many} values stands in one of the {} folds alone.", design.folds.len()))
}

/// Names, or whole numbers without large gaps.
fn is_number_or_name(values: &Values, many: usize) -> bool {
    let Values::Real(v) = values else { return true };
    let (low, high) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    v.iter().all(|x| x.fract() == 0.0) && high - low < 1.5 * many as f64
}

/// Whether values have several places each: the number of a station is no block.
fn many_places(support: &esker_core::Support, many: usize) -> bool {
    support.place.as_ref().is_none_or(|p| {
        let places: std::collections::HashSet<(u64, u64)> = p.x().iter().zip(p.y()).map(|(x, y)| (x.to_bits(), y.to_bits())).collect();
        places.len() >= 3 * many
    })
}
