//! Permutation importance of features and of groups of features, and beside it the model's own, which may mislead.

use esker_core::record::Importance;

use super::axis::{Area, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, PALE};
use super::cx::Cx;
use super::scale::{padded, range};
use super::text::{self, fit, number, width};
use super::{Figure, WIDTH, Words};

const ROW: f64 = 24.0;
const SINGLE: usize = 15;
const GROUPED: usize = 8;
const OWN: usize = 10;

/// Where a list of rows stands: top, left, right end.
#[derive(Clone, Copy)]
struct Slot {
    top: f64,
    left: f64,
    right: f64,
}

/// Names on the left; the panel for values to their right.
fn list(c: &mut Canvas, slot: Slot, heads: (&str, &str), names: &[&str], domain: (f64, f64)) -> Panel {
    let room = names.iter().map(|n| width(n, SMALL, false)).fold(0.0, f64::max).min((slot.right - slot.left) * 0.42) + 10.0;
    let h = ROW * names.len() as f64;
    let area: Area = (slot.left + room, slot.top, slot.right - slot.left - room - 12.0, h);
    let panel = Panel::new(area, domain, (0.0, 1.0));
    c.text((slot.left, slot.top - 34.0), &fit(heads.0, 14.5, true, slot.right - slot.left), Type::new(14.5).bold());
    c.text((slot.left, slot.top - 15.0), &fit(heads.1, SMALL, false, slot.right - slot.left), Type::new(SMALL).muted());
    for (i, name) in names.iter().enumerate() {
        let y = slot.top + ROW * (i as f64 + 0.5) + SMALL * 0.36;
        c.text((slot.left + room - 9.0, y), &fit(name, SMALL, false, room - 9.0), Type::new(SMALL).end());
    }
    panel.x_axis(c, "", true);
    if panel.x.holds(0.0) {
        c.line((panel.x.at(0.0), slot.top), (panel.x.at(0.0), slot.top + h), Pen::new(Paint::Muted, 1.0));
    }
    panel
}

fn permuted(c: &mut Canvas, slot: Slot, heads: (&str, &str), of: &[Importance]) {
    let values = of.iter().flat_map(|i| i.folds.iter().copied().chain([i.mean]));
    let (low, high) = range(&values.collect::<Vec<_>>()).unwrap_or((0.0, 1.0));
    let names: Vec<&str> = of.iter().map(|i| i.name.as_str()).collect();
    let panel = list(c, slot, heads, &names, padded((low.min(0.0), high.max(0.0)), 0.03));
    for (k, i) in of.iter().enumerate() {
        let y = slot.top + ROW * (k as f64 + 0.5);
        let paint = Paint::Rgb(BLUE);
        let (x0, x1) = (panel.x.at(0.0), panel.x.at(i.mean));
        c.rect((x0.min(x1), y - 7.0, (x1 - x0).abs(), 14.0), Paint::Rgb(PALE), 1.0);
        let mut dots = Path::new();
        i.folds.iter().for_each(|v| dots.dot(panel.x.at(*v), y));
        c.dots(&dots, Pen::new(paint, 4.6).faded(0.75));
        c.line((x1, y - 8.5), (x1, y + 8.5), Pen::new(Paint::Ink, 2.2));
    }
}

fn own(c: &mut Canvas, slot: Slot, kind: &str, of: &[(String, f64)]) {
    let names: Vec<&str> = of.iter().map(|i| i.0.as_str()).collect();
    let high = of.iter().map(|i| i.1).filter(|v| v.is_finite()).fold(0.0, f64::max);
    let head = if kind.is_empty() { "model-internal".to_owned() } else { format!("model-internal: {kind}") };
    let panel = list(c, slot, ("The model’s own view may mislead", &head), &names, (0.0, high * 1.03));
    for (k, (_, v)) in of.iter().enumerate() {
        let y = slot.top + ROW * (k as f64 + 0.5);
        c.rect((panel.x.at(0.0), y - 6.0, panel.x.at(*v) - panel.x.at(0.0), 12.0), Paint::Faint, 1.0);
    }
}

/// Importance of the chosen model's features.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let e = cx.record.explanation.as_ref()?;
    let single = &e.features[..e.features.len().min(SINGLE)];
    let grouped = &e.groups[..e.groups.len().min(GROUPED)];
    let internal = &e.internal[..e.internal.len().min(OWN)];
    if single.is_empty() && grouped.is_empty() {
        return None;
    }
    let split = if grouped.is_empty() && internal.is_empty() { WIDTH } else { 428.0 };
    let card = cx.card(&e.metric);
    let loss = text::labelled(
        &format!("how much worse {} gets", card.map_or(e.metric.as_str(), |m| m.title.as_str())),
        &card.map_or_else(Default::default, |m| m.unit.clone()),
    );
    let top = 52.0;
    let below = 34.0;
    let mut right = top;
    if !grouped.is_empty() {
        right += ROW * grouped.len() as f64 + below + if internal.is_empty() { 0.0 } else { 54.0 };
    }
    let height = (top + ROW * single.len() as f64 + below).max(if internal.is_empty() {
        right
    } else {
        right + ROW * internal.len() as f64 + below
    });
    let mut c = Canvas::new(WIDTH, height);
    if !single.is_empty() {
        permuted(&mut c, Slot { top, left: 6.0, right: split - 4.0 }, ("Single features", &loss), single);
    }
    let slot = Slot { top, left: split + 20.0, right: WIDTH - 2.0 };
    if !grouped.is_empty() {
        permuted(&mut c, slot, ("Features shuffled together", &loss), grouped);
    }
    if !internal.is_empty() {
        own(&mut c, Slot { top: if grouped.is_empty() { top } else { right }, ..slot }, &e.internal_kind, internal);
    }
    Some(Figure::new(words(cx, e, single.len()), &c))
}

fn words(cx: &Cx<'_>, e: &esker_core::record::Explanation, shown: usize) -> Words {
    let metric = cx.metric_label(&e.metric);
    let rest = if e.features.len() > shown {
        format!(" The {shown} most important of {} features are shown.", e.features.len())
    } else {
        String::new()
    };
    let beside = if e.internal.is_empty() {
        ""
    } else {
        " The model-internal importance is measured on training rows and prefers features with many values; it is shown for comparison only."
    };
    let caption = format!(
        "Permutation importance of {} on held-out rows: how much worse {metric} gets when a feature is shuffled. Bars and ticks are means, dots single folds. Features that carry the same information share their importance, which shuffling them together reveals.{rest}{beside}",
        cx.record.chosen.model
    );
    let list = |of: &[Importance]| {
        of.iter().take(5).map(|i| format!("{} {} ± {}", i.name, number(i.mean), number(i.sd))).collect::<Vec<_>>().join(", ")
    };
    let mut alt = format!("Permutation importance on held-out rows as the loss of {metric}, mean ± standard deviation over folds.");
    if !e.features.is_empty() {
        alt += &format!(" Most important features: {}.", list(&e.features));
    }
    if !e.groups.is_empty() {
        alt += &format!(" Groups shuffled together: {}.", list(&e.groups));
    }
    Words { name: "importance", title: "What drives the predictions".to_owned(), alt, caption }
}
