//! The folds of the primary design: rows tested by each, and the score of each model there.

use esker_core::record::{DesignRecord, FoldRecord};

use super::axis::{HEAD, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BAR, category};
use super::cx::{Cx, score};
use super::legend::{Key, keys};
use super::scale::{Scale, padded, range};
use super::stats::{quantile, sorted};
use super::text::{count, fit, number, width};
use super::{Figure, WIDTH, Words};

const ROW: f64 = 24.0;
/// More folds than this are drawn without room for labels; the first ones are shown.
const MOST: usize = 40;
const MODELS: usize = 8;

/// Fold sizes and scores.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let design = cx.design().filter(|d| !d.folds.is_empty())?;
    let folds = &design.folds[..design.folds.len().min(MOST)];
    let record = cx.record;
    let mut scores: Vec<Scores<'_>> = record
        .models
        .iter()
        .filter_map(|m| Some((m.name.as_str(), score(cx.run(m, &design.label)?, &record.metric)?.folds.as_slice())))
        .filter(|s| s.1.iter().flatten().any(|v| v.is_finite()))
        .collect();
    // The chosen model keeps its place when there are more models than colours.
    scores.sort_by_key(|s| s.0 != record.chosen.model);
    scores.truncate(MODELS);
    let names = folds.iter().map(|f| width(&f.label, SMALL, false)).fold(0.0, f64::max).min(180.0) + 16.0;
    let middle = if scores.is_empty() { WIDTH - 60.0 } else { 380.0 };
    let mut c = Canvas::new(WIDTH, 0.0);
    let mut top = 34.0;
    if !scores.is_empty() {
        let items: Vec<(String, Key)> =
            scores.iter().enumerate().map(|(i, s)| (s.0.to_owned(), Key::Dot(Paint::Rgb(category(i, 8))))).collect();
        top = keys(&mut c, (middle + 44.0, 38.0, WIDTH - 6.0), &items) + 22.0;
    }
    let h = ROW * folds.len() as f64;
    c.height = top + h + 52.0;
    sizes(&mut c, folds, (names, top, middle, h));
    let hidden = if scores.is_empty() { 0 } else { by_fold(cx, &mut c, (middle + 44.0, top), (&scores, folds.len())) };
    Some(Figure::new(words(cx, design, &scores, hidden), &c))
}

/// The scores of one model: its name, and a value a fold.
type Scores<'a> = (&'a str, &'a [Option<f64>]);

/// Scores as dots in the rows of their folds; returns how many lie outside the axis.
fn by_fold(cx: &Cx<'_>, c: &mut Canvas, (left, top): (f64, f64), (scores, folds): (&[Scores<'_>], usize)) -> usize {
    let v = sorted(scores.iter().flat_map(|s| s.1.iter().take(folds).flatten().copied()));
    // One fold that went wrong must not squeeze the others into a line.
    let (q1, q3) = (quantile(&v, 0.1), quantile(&v, 0.9));
    let reach = 3.0 * (q3 - q1).max(1e-12);
    let Some(all) = range(&v) else { return 0 };
    let domain = padded((all.0.max(q1 - reach), all.1.min(q3 + reach)), 0.05);
    let panel = Panel::new((left, top, WIDTH - left - 16.0, ROW * folds as f64), domain, (0.0, 1.0));
    c.text((left, 16.0), "Score by fold", Type::new(HEAD).bold());
    panel.x_axis(c, &cx.metric_label(&cx.record.metric), true);
    for (m, (_, values)) in scores.iter().enumerate().rev() {
        let mut path = Path::new();
        for (f, v) in values.iter().take(folds).enumerate() {
            let Some(v) = v.filter(|v| panel.x.holds(*v)) else { continue };
            path.dot(panel.x.at(v), top + ROW * (f as f64 + 0.5) + 1.6 * (m as f64 - (scores.len() - 1) as f64 / 2.0));
        }
        c.dots(&path, Pen::new(Paint::Rgb(category(m, 8)), 8.0).faded(0.85));
    }
    v.iter().filter(|v| !panel.x.holds(**v)).count()
}

fn words(cx: &Cx<'_>, design: &DesignRecord, scores: &[Scores<'_>], hidden: usize) -> Words {
    let rest =
        if design.folds.len() > MOST { format!(" The first {MOST} of {} folds are shown.", design.folds.len()) } else { String::new() };
    let outside = if hidden > 0 { format!(" {hidden} scores lie outside the axis.") } else { String::new() };
    let left_out: usize = design.folds.iter().map(|f| f.left_out).sum();
    let buffer = if left_out > 0 {
        format!(" Pale and after the +: rows left out of a fold as buffers, {} in all.", count(left_out))
    } else {
        String::new()
    };
    let caption = format!(
        "Folds of the design \"{}\": rows tested in each (left) and the score of each model there (right).{rest}{buffer}{outside}",
        design.label
    );
    let sizes = || design.folds.iter().map(|f| f.test);
    let mut alt = format!(
        "{} folds of the design {}, testing between {} and {} rows each.",
        design.folds.len(),
        design.label,
        count(sizes().min().unwrap_or(0)),
        count(sizes().max().unwrap_or(0))
    );
    if let Some((name, values)) = scores.first() {
        let v = sorted(values.iter().flatten().copied());
        alt += &format!(
            " {} of {name} runs from {} to {} over the folds.",
            cx.metric_label(&cx.record.metric),
            number(v[0]),
            number(v[v.len() - 1])
        );
    }
    Words { name: "folds", title: "Folds and their scores".to_owned(), alt, caption }
}

/// Rows tested and, where there are some, rows left out.
fn size(f: &FoldRecord) -> String {
    if f.left_out > 0 { format!("{} + {}", count(f.test), count(f.left_out)) } else { count(f.test) }
}

fn sizes(c: &mut Canvas, folds: &[FoldRecord], (left, top, right, h): (f64, f64, f64, f64)) {
    let most = folds.iter().map(|f| f.test + f.left_out).max().unwrap_or(1).max(1) as f64;
    let room = folds.iter().map(|f| width(&size(f), SMALL, false)).fold(width(&count(most as usize), SMALL, false), f64::max) + 10.0;
    let x = Scale::linear((0.0, most), left, right - room);
    c.text((6.0, 16.0), "Rows tested", Type::new(HEAD).bold());
    for (i, f) in folds.iter().enumerate() {
        let y = top + ROW * (i as f64 + 0.5);
        c.text((left - 9.0, y + SMALL * 0.36), &fit(&f.label, SMALL, false, left - 12.0), Type::new(SMALL).end());
        let end = x.at(f.test as f64);
        c.rect((left, y - 7.5, end - left, 15.0), Paint::Rgb(BAR), 1.0);
        let out = x.at((f.test + f.left_out) as f64);
        if f.left_out > 0 {
            c.rect((end, y - 7.5, out - end, 15.0), Paint::Rgb(BAR), 0.25);
        }
        c.text((out + 6.0, y + SMALL * 0.36), &size(f), Type::new(SMALL).muted());
    }
    c.line((left, top), (left, top + h), Pen::new(Paint::Faint, 1.0));
}
