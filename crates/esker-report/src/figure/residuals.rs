//! Residuals: their histogram, and residuals against predictions with the median of each tenth.

use super::axis::{Panel, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BAR, VERMILION};
use super::cx::Cx;
use super::observed::cloud;
use super::scale::{padded, range};
use super::stats::{histogram, quantile, sorted};
use super::text::{count, number};
use super::{Figure, WIDTH, Words};

const TOP: f64 = 34.0;

/// Median residual of each tenth of the predictions: (median prediction, median residual).
fn medians(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut by: Vec<(f64, f64)> = pairs.iter().map(|(o, p)| (*p, p - o)).collect();
    by.sort_by(|a, b| a.0.total_cmp(&b.0));
    let each = by.len().div_ceil(10).max(1);
    let middle = |v: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| quantile(&sorted(v.iter().map(pick)), 0.5);
    by.chunks(each).map(|part| (middle(part, |p| p.0), middle(part, |p| p.1))).collect()
}

/// Histogram of residuals and residuals against predictions.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let pairs = cx.pairs();
    let values = sorted(pairs.iter().map(|(o, p)| p - o));
    if values.is_empty() {
        return None;
    }
    let h = histogram(&values);
    let most = h.counts.iter().max().copied().unwrap_or(1) as f64;
    let mut c = Canvas::new(WIDTH, 396.0);
    let label = cx.in_unit("Predicted − observed");
    let room = Panel::y_room((0.0, most * 1.06), 310.0);
    let left = Panel::new((room + 6.0, TOP, 340.0 - room, 310.0), (h.low, h.low + h.width * h.counts.len() as f64), (0.0, most * 1.06));
    left.y_axis(&mut c, "Samples", true);
    for (i, &n) in h.counts.iter().enumerate() {
        let (x0, x1) = (left.x.at(h.low + h.width * i as f64), left.x.at(h.low + h.width * (i + 1) as f64));
        let y = left.y.at(n as f64);
        c.rect((x0 + 0.3, y, x1 - x0 - 0.6, left.y.at(0.0) - y), Paint::Rgb(BAR), 1.0);
    }
    left.x_axis(&mut c, &label, false);
    if left.x.holds(0.0) {
        c.line((left.x.at(0.0), TOP), (left.x.at(0.0), TOP + 310.0), Pen::new(Paint::Ink, 1.2));
    }
    let y_domain = padded(range(&values)?, 0.03);
    let room = Panel::y_room(y_domain, 310.0);
    let at = 376.0 + room;
    let right = Panel::new((at, TOP, WIDTH - at - 14.0, 310.0), padded(range(pairs.iter().map(|p| &p.1))?, 0.03), y_domain);
    right.y_axis(&mut c, &label, true);
    right.x_axis(&mut c, &cx.in_unit(&format!("Predicted {}", cx.target)), false);
    let points: Vec<(f64, f64)> = pairs.iter().map(|(o, p)| (*p, p - o)).collect();
    let binned = cloud(&mut c, &right, &points).is_some();
    c.line((at, right.y.at(0.0)), (WIDTH - 14.0, right.y.at(0.0)), Pen::new(Paint::Ink, 1.2));
    if pairs.len() >= 50 {
        let line = medians(&pairs);
        let path = right.curve(line.iter().copied());
        c.stroke(&path, Pen::new(Paint::Paper, 4.5));
        c.stroke(&path, Pen::new(Paint::Rgb(VERMILION), 2.2));
        if let Some(&(x, y)) = line.last() {
            let (x, y) = right.at(x, y);
            c.text((x.min(WIDTH - 16.0), y - 9.0), "median", Type::new(SMALL).end().halo());
        }
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let colours = if binned { "; lighter hexagons hold more samples" } else { "" };
    let caption = format!(
        "Held-out residuals of {}: how often each size occurs (left), and against the prediction (right{colours}). The line joins the medians of ten equal parts; away from zero it shows a bias that depends on the prediction.",
        cx.record.chosen.model
    );
    let alt = format!(
        "Histogram of {} held-out residuals and residuals against predictions: mean {}, median {}{}; nine in ten lie between {} and {}.",
        count(values.len()),
        number(mean),
        number(quantile(&values, 0.5)),
        cx.unit_suffix(),
        number(quantile(&values, 0.05)),
        number(quantile(&values, 0.95))
    );
    Some(Figure::new(Words { name: "residuals", title: "Residuals".to_owned(), alt, caption }, &c))
}
