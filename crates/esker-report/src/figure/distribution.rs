//! The target's distribution: a histogram with its density, or the balance of classes.

use super::axis::{BODY, Panel, SMALL};
use super::canvas::{Canvas, Paint, Pen, Type};
use super::colour::{BAR, BLUE, PALE, VERMILION};
use super::cx::Cx;
use super::scale::Scale;
use super::stats::{density, histogram, quantile, sorted};
use super::text::{count, fit, number, width};
use super::{Figure, WIDTH, Words};

/// Histogram and kernel density of a number, bars of classes.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    if cx.is_classes() { classes(cx) } else { numbers(cx) }
}

fn numbers(cx: &Cx<'_>) -> Option<Figure> {
    let values = sorted(cx.rows.observed.iter().copied());
    if values.is_empty() {
        return None;
    }
    let h = histogram(&values);
    let per_bin = values.len() as f64 * h.width;
    let curve = density(&values, 300);
    let end = h.low + h.width * h.counts.len() as f64;
    let top = h.counts.iter().map(|c| *c as f64).chain(curve.iter().flatten().map(|p| p.1 * per_bin)).fold(1.0, f64::max);
    let room = Panel::y_room((0.0, top * 1.06), 300.0);
    let panel = Panel::new((room + 6.0, 34.0, WIDTH - room - 30.0, 300.0), (h.low, end), (0.0, top * 1.06));
    let mut c = Canvas::new(WIDTH, 384.0);
    panel.y_axis(&mut c, "Samples", true);
    for (i, &n) in h.counts.iter().enumerate() {
        let (x0, x1) = (panel.x.at(h.low + h.width * i as f64), panel.x.at(h.low + h.width * (i + 1) as f64));
        let y = panel.y.at(n as f64);
        c.rect((x0 + 0.4, y, x1 - x0 - 0.8, panel.y.at(0.0) - y), Paint::Rgb(PALE), 1.0);
    }
    if let Some(points) = &curve {
        let inside = points.iter().filter(|p| panel.x.holds(p.0)).map(|p| (p.0, p.1 * per_bin));
        c.stroke(&panel.curve(inside), Pen::new(Paint::Rgb(BLUE), 2.2));
    }
    panel.x_axis(&mut c, &cx.in_unit(cx.target), false);
    let median = quantile(&values, 0.5);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let x = panel.x.at(median);
    c.line((x, 34.0), (x, 334.0), Pen::new(Paint::Rgb(VERMILION), 1.6).dashed("5 3"));
    let label = format!("median {}", number(median));
    let style = Type::new(SMALL).halo();
    if x + 8.0 + width(&label, SMALL, false) < WIDTH {
        c.text((x + 6.0, 45.0), &label, style)
    } else {
        c.text((x - 6.0, 45.0), &label, style.end())
    }
    let caption = format!(
        "Distribution of {} in the {} rows used: bars count samples in bins {}{} wide, the line is a Gaussian kernel density (Silverman's bandwidth) on the same scale.",
        cx.target,
        count(values.len()),
        number(h.width),
        cx.unit_suffix()
    );
    let alt = format!(
        "Histogram of {} samples of {}: median {}, mean {}, from {} to {}{}; half of the samples lie between {} and {}.",
        count(values.len()),
        cx.target,
        number(median),
        number(mean),
        number(values[0]),
        number(values[values.len() - 1]),
        cx.unit_suffix(),
        number(quantile(&values, 0.25)),
        number(quantile(&values, 0.75))
    );
    Some(Figure::new(Words { name: "distribution", title: format!("Distribution of {}", cx.target), alt, caption }, &c))
}

fn classes(cx: &Cx<'_>) -> Option<Figure> {
    let names = cx.class_names();
    let mut counts = vec![0usize; names.len()];
    for v in cx.rows.observed.iter().filter(|v| v.is_finite() && **v >= 0.0) {
        if let Some(n) = counts.get_mut(*v as usize) {
            *n += 1;
        }
    }
    let total: usize = counts.iter().sum();
    if total == 0 {
        return None;
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(counts[*i]));
    let kept = &order[..order.len().min(30)];
    let room = kept.iter().map(|i| width(&names[*i], BODY, false)).fold(0.0, f64::max).min(260.0) + 14.0;
    let x = Scale::linear((0.0, counts[order[0]] as f64), room, WIDTH - 150.0);
    let mut c = Canvas::new(WIDTH, 30.0 + 26.0 * kept.len() as f64);
    for (k, &i) in kept.iter().enumerate() {
        let y = 14.0 + 26.0 * k as f64;
        c.text((room - 9.0, y + 15.5), &fit(&names[i], BODY, false, room - 12.0), Type::new(BODY).end());
        c.rect((room, y + 2.0, x.at(counts[i] as f64) - room, 18.0), Paint::Rgb(BAR), 1.0);
        let share = super::text::fixed(100.0 * counts[i] as f64 / total as f64, 1);
        c.text((x.at(counts[i] as f64) + 7.0, y + 15.5), &format!("{} ({share} %)", count(counts[i])), Type::new(SMALL).muted());
    }
    let caption = format!("Rows of each class of {}, most frequent first, with their share of the {} rows used.", cx.target, count(total));
    let (first, last) = (order[0], order[order.len() - 1]);
    let alt = format!(
        "Bars of class counts of {}: {} classes, the most frequent is {} with {} of {} rows, the rarest {} with {}.",
        cx.target,
        names.len(),
        names[first],
        count(counts[first]),
        count(total),
        names[last],
        count(counts[last])
    );
    Some(Figure::new(Words { name: "distribution", title: format!("Balance of {}", cx.target), alt, caption }, &c))
}
