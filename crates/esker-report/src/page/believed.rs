//! Where the model may be believed: threshold, weights, and the expected error.

use esker_core::record::{Applicability, Record, WantedArea};

use super::html::Html;
use super::number::{attach, count, decimals, fixed, percent, real};
use super::reading::Reading;
use super::table::{Sheet, number, text};
use super::words::plural;

/// Features listed.
const MOST: usize = 30;

/// What the area of applicability is here.
pub fn meaning(r: Reading<'_>, h: &mut Html) {
    let Some(a) = &r.record.applicability else { return };
    h.element(
        "p",
        &[],
        &format!(
            "The scores of this report speak for rows whose features are like those of the rows that {} was judged on. How unlike a row is, the \
             dissimilarity index tells: its distance to the nearest training row, in standard deviations of the features weighted by their importance, \
             over the mean distance among the training rows. Up to {} a row lies inside the area of applicability (Meyer and Pebesma 2021); of the \
             held-out rows, {} lie outside. Predictions carry the index, the number of training rows nearby and whether they lie inside.",
            r.record.chosen.model,
            real(a.threshold),
            percent(a.outside),
        ),
    );
    if let Some(w) = &a.wanted {
        h.element("p", &[], &wanted(w, a));
    }
}

/// How much of where predictions are wanted lies inside.
fn wanted(w: &WantedArea, a: &Applicability) -> String {
    let drawn =
        if w.measured < w.places { format!(" ({} of them, drawn at random, were measured)", count(w.measured)) } else { String::new() };
    let mut out = format!(
        "Predictions are wanted at {} of {}{drawn}: {} of them lie inside the area of applicability.",
        plural(w.places, "place", "places"),
        w.name,
        percent(w.inside)
    );
    if let (Some(error), Some(p)) = (w.expected, a.profiles.first()) {
        out.push_str(&format!(" Inside, the expected error ({}) is {}.", p.error, attach(&real(error), &p.unit)));
    }
    if w.inside < 1.0 {
        out.push_str(" At the others no score of this report speaks for the prediction.");
    }
    if w.unknown > 0 {
        out.push_str(&format!(" {} lack a feature and are not counted.", count(w.unknown)));
    }
    out
}

/// Quantiles and weights.
pub fn tables(r: Reading<'_>, h: &mut Html) {
    let Some(a) = &r.record.applicability else { return };
    let mut sheet = Sheet::new("Held-out rows against those their fold learned from")
        .words("Share of rows below")
        .numbers("dissimilarity index")
        .numbers("training rows nearer than the threshold");
    for ((share, index), (_, density)) in a.dissimilarity.iter().zip(&a.density) {
        sheet.row(vec![text(percent(*share)), number(fixed(*index, 3)), number(real(*density))]);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Quantiles of dissimilarity and density");
        sheet.write(h);
    });
    weights(a, h);
}

fn weights(a: &Applicability, h: &mut Html) {
    let mut sheet = Sheet::new(format!("Weights: {}", a.weighted_by)).words("Feature").numbers("weight").numbers("share");
    let total: f64 = a.weights.iter().map(|w| w.1).sum();
    let n = decimals(a.weights.iter().take(6).map(|w| w.1));
    for (name, weight) in a.weights.iter().take(MOST) {
        let share = if total > 0.0 { percent(weight / total) } else { "—".to_owned() };
        sheet.row(vec![text(name.as_str()), number(fixed(*weight, n)), number(share)]);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "Weights of the features");
        sheet.write(h);
        if a.weights.len() > MOST {
            h.element("p", &[], &format!("And {} of less weight.", plural(a.weights.len() - MOST, "feature", "features")));
        }
    });
}

/// A sentence for the methods paragraph.
pub fn method(record: &Record) -> String {
    let Some(a) = &record.applicability else { return String::new() };
    let mut out = format!(
        "The area of applicability (Meyer and Pebesma 2021) was delineated by the dissimilarity index with {}, weighted by {}, and a threshold of {} \
         from the same folds.",
        plural(a.rows, "training row", "training rows"),
        if a.weighted_by.starts_with("all equal") { "equal weights" } else { "permutation importance" },
        real(a.threshold),
    );
    if let Some(p) = a.profiles.first() {
        out.push_str(&format!(
            " The expected error ({}) is a monotone curve through held-out errors in moving windows of {} rows along the index.",
            p.error,
            count(p.window)
        ));
    }
    if let Some(w) = &a.wanted {
        out.push_str(&format!(" Of the places where predictions are wanted ({}), {} lie inside.", w.name, percent(w.inside)));
    }
    out
}

/// A sentence for the limits.
pub fn limit(record: &Record) -> Option<String> {
    let a = record.applicability.as_ref()?;
    let error = a.profiles.first().and_then(|p| Some((p, p.curve.first()?.1, p.curve.last()?.1)));
    let grows = error.filter(|(_, a, b)| b > a).map_or_else(String::new, |(p, near, far)| {
        format!(
            " Inside, the expected error ({}) grows with it from {} to {}.",
            p.error,
            attach(&real(near), &p.unit),
            attach(&real(far), &p.unit)
        )
    });
    Some(format!(
        "Rows with a dissimilarity index above {} lie outside the area of applicability: no score here speaks for them.{grows}",
        real(a.threshold)
    ))
}
