//! Area of applicability: how unlike the rows they learned from held-out rows are, and the error that comes with it.

use esker_core::record::ErrorProfile;

use super::axis::{Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, VERMILION};
use super::cx::Cx;
use super::scale::range;
use super::stats::{quantile, sorted};
use super::text::{count, labelled, number};
use super::{Figure, WIDTH, Words};

const TOP: f64 = 34.0;
const HIGH: f64 = 290.0;
/// Dots drawn at most.
const MOST: usize = 6000;
/// How far from its fold's tick a dot may stand.
const ASIDE: f64 = 0.32;

/// Dissimilarity of the held-out rows, fold by fold, against the threshold.
pub fn folds(cx: &Cx<'_>) -> Option<Figure> {
    let area = cx.record.applicability.as_ref()?;
    let n = cx.design()?.folds.len();
    let rows: Vec<(usize, f64)> = cx
        .rows
        .fold
        .iter()
        .zip(&cx.rows.dissimilarity)
        .filter_map(|(fold, v)| Some((fold.filter(|f| (*f as usize) < n)? as usize, *v)))
        .filter(|(_, v)| v.is_finite())
        .collect();
    let values = sorted(rows.iter().map(|r| r.1));
    let largest = *values.last()?;
    // A few rows very far out would leave no room for the others: they stand at the upper edge.
    let top = largest.min(quantile(&values, 0.99).max(area.threshold) * 2.5).max(area.threshold * 1.1);
    let top = if top > 0.0 { top } else { 1.0 };
    let mut c = Canvas::new(WIDTH, TOP + HIGH + 52.0);
    let room = Panel::y_room((0.0, top), HIGH);
    let panel = Panel::new((room + 6.0, TOP, WIDTH - room - 22.0, HIGH), (0.5, n as f64 + 0.5), (0.0, top));
    panel.y_axis(&mut c, "Dissimilarity index", true);
    panel.x_axis(&mut c, "Fold that holds the row out", false);
    let mut paths = [Path::new(), Path::new()];
    let step = rows.len().div_ceil(MOST);
    for (i, (fold, v)) in rows.iter().enumerate().step_by(step.max(1)) {
        // Rows stand aside by the golden ratio, which spreads any number of them evenly.
        let aside = ((i as f64 * 0.618_033_988_749_895).fract() * 2.0 - 1.0) * ASIDE;
        let (x, y) = panel.at(*fold as f64 + 1.0 + aside, v.min(top));
        paths[usize::from(*v > area.threshold)].dot(x, y);
    }
    let size = if rows.len() < 300 { 6.0 } else { 3.6 };
    for (path, colour) in paths.iter().zip([BLUE, VERMILION]) {
        c.dots(path, Pen::new(Paint::Rgb(colour), size).faded(0.65));
    }
    let y = panel.y.at(area.threshold);
    c.line((panel.area.0, y), (WIDTH - 16.0, y), Pen::new(Paint::Ink, 1.3).dashed("6 4"));
    let label = format!("threshold {}", number(area.threshold));
    c.text((WIDTH - 18.0, y - 6.0), &label, Type::new(SMALL).end().halo());
    let outside = values.iter().filter(|v| **v > area.threshold).count();
    let far = values.iter().filter(|v| **v > top).count();
    let clipped = if far > 0 {
        format!(" {} beyond the upper edge stand at it; the largest index is {}.", count(far), number(largest))
    } else {
        String::new()
    };
    let caption = format!(
        "How unlike the rows its fold learned from each held-out row is: the distance to the nearest of them in the space of the features, weighted by importance, over the mean distance among all rows. New rows above the dashed line lie outside the area of applicability.{clipped}"
    );
    let alt = format!(
        "Dissimilarity index of {} held-out rows by fold: median {}, nine in ten below {}. {} of them exceed the threshold of {}.",
        count(values.len()),
        number(quantile(&values, 0.5)),
        number(quantile(&values, 0.9)),
        count(outside),
        number(area.threshold)
    );
    Some(Figure::new(Words { name: "applicability", title: "How unlike are held-out rows?".to_owned(), alt, caption }, &c))
}

/// Held-out error along dissimilarity and density, with the curves of what is expected.
pub fn profiles(cx: &Cx<'_>) -> Option<Figure> {
    let area = cx.record.applicability.as_ref()?;
    let drawn: Vec<&ErrorProfile> = area.profiles.iter().filter(|p| !p.windows.is_empty() && !p.curve.is_empty()).collect();
    let first = drawn.first()?;
    let errors = drawn.iter().flat_map(|p| p.windows.iter().chain(&p.curve).map(|w| &w.1));
    let y_domain = (0.0, range(errors)?.1.max(f64::MIN_POSITIVE) * 1.06);
    let mut c = Canvas::new(WIDTH, TOP + HIGH + 52.0);
    let room = Panel::y_room(y_domain, HIGH) + 6.0;
    let gap = room + 24.0;
    let wide = (WIDTH - room - 16.0 - (drawn.len() - 1) as f64 * gap) / drawn.len() as f64;
    let title = labelled(&capital(&first.error), &first.unit);
    for (i, p) in drawn.iter().enumerate() {
        let (low, high) = range(p.windows.iter().chain(&p.curve).map(|w| &w.0))?;
        let x_domain = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
        let panel = Panel::new((room + i as f64 * (wide + gap), TOP, wide, HIGH), x_domain, y_domain);
        panel.y_axis(&mut c, &title, true);
        panel.x_axis(&mut c, if p.index == "density" { "Local point density (rows)" } else { "Dissimilarity index" }, false);
        let mut path = Path::new();
        p.windows.iter().map(|w| panel.at(w.0, w.1)).for_each(|(x, y)| path.dot(x, y));
        c.dots(&path, Pen::new(Paint::Rgb(BLUE), 5.0).faded(0.55));
        let curve = panel.curve(p.curve.iter().copied());
        c.stroke(&curve, Pen::new(Paint::Paper, 4.5));
        c.stroke(&curve, Pen::new(Paint::Rgb(VERMILION), 2.4));
    }
    let caption = format!(
        "Dots: {} of held-out rows inside the area of applicability, in windows of {} rows that move along the index. Line: the monotone curve through them, which gives new rows their expected error.",
        first.error,
        count(first.window)
    );
    let ends = |p: &ErrorProfile| {
        let (a, b) = (p.curve.first().map_or(f64::NAN, |c| c.1), p.curve.last().map_or(f64::NAN, |c| c.1));
        format!("along the {} from {} to {}", p.index, number(a), number(b))
    };
    let unit = if first.unit.is_empty() { String::new() } else { format!(" {}", super::text::unit(first.unit.as_str())) };
    let alt = format!("Expected error ({}): {}{unit}.", first.error, drawn.iter().map(|p| ends(p)).collect::<Vec<_>>().join("; "));
    Some(Figure::new(Words { name: "applicability-error", title: "What error to expect".to_owned(), alt, caption }, &c))
}

/// The first letter large.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
