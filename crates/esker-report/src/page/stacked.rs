//! How much each model weighs in a stack.

use esker_core::record::{ALL_ROWS, ModelRecord, Record, Stack};

use super::html::Html;
use super::number::fixed;
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::{list, plural};

fn stacks(record: &Record) -> impl Iterator<Item = (&ModelRecord, &Stack)> {
    record.models.iter().filter_map(|m| Some((m, m.stack.as_ref()?)))
}

/// How stacks are made, in one sentence of the methods paragraph.
pub fn method(record: &Record) -> String {
    let all: Vec<String> = stacks(record).map(|(m, s)| format!("{} is a mix of {}", m.name, list(&s.of))).collect();
    if all.is_empty() {
        return String::new();
    }
    format!(
        "{}, weighed inside each training part: none of the weights is negative, their sum is 1, and they give the least square error of what the \
         models say of rows that inner folds of the same design hold out (Wolpert 1992; Breiman 1996).",
        all.join("; ")
    )
}

/// The weights of each stack, and how sure they are.
pub fn weights(r: Reading<'_>, h: &mut Html) {
    for (m, stack) in stacks(r.record) {
        h.element("h3", &[], &format!("What {} is made of", m.name));
        h.element("p", &[], &verdict(stack));
        let last = stack.parts.iter().find(|p| p.part == ALL_ROWS);
        let mut sheet = Sheet::new(format!("Weights of the models in {}; each part has a sum of 1", m.name))
            .words("Model")
            .numbers("mean of the folds")
            .numbers("smallest")
            .numbers("largest");
        if last.is_some() {
            sheet = sheet.numbers("on all rows");
        }
        for (k, of) in stack.of.iter().enumerate() {
            let each = in_folds(stack, k);
            let (least, most) = each.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), w| (a.min(*w), b.max(*w)));
            let mean = each.iter().sum::<f64>() / each.len().max(1) as f64;
            let mut row: Vec<_> = vec![text(of.as_str())];
            row.extend([mean, least, most].map(|w| number(fixed(w, 2))));
            row.extend(last.map(|p| number(fixed(p.weights[k], 2))));
            sheet.row(row);
        }
        sheet.write(h);
    }
}

/// The weight of one model in each fold.
fn in_folds(stack: &Stack, model: usize) -> Vec<f64> {
    stack.parts.iter().filter(|p| p.part != ALL_ROWS).filter_map(|p| p.weights.get(model).copied()).collect()
}

fn verdict(stack: &Stack) -> String {
    let (mut out, mut in_all) = (Vec::new(), Vec::new());
    for (k, of) in stack.of.iter().enumerate() {
        let each = in_folds(stack, k);
        match each.iter().filter(|w| **w > 0.0).count() {
            0 => out.push(of.clone()),
            n if n == each.len() => in_all.push(of.clone()),
            _ => {}
        }
    }
    let folds = plural(in_folds(stack, 0).len(), "fold", "folds");
    let mut said = match in_all.as_slice() {
        [] => format!("No model has a weight in each of {folds}: the mix is not settled by these rows."),
        few => format!("With a weight in each of {folds}: {}.", list(few)),
    };
    if !out.is_empty() {
        said.push_str(&format!(" Never with one: {}; the mix does not need {}.", list(&out), if out.len() == 1 { "it" } else { "them" }));
    }
    said.push_str(" Whether the mix is better than its best model is told by the comparison above.");
    said
}
