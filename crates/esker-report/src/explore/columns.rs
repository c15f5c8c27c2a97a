//! Figures of columns: what is missing, how values are spread, classes.

use esker_core::exploration::{ColumnCard, Exploration, Histogram, MissingMap};

use super::draw::{ends, heading, panels};
use crate::figure::axis::{Panel, SMALL};
use crate::figure::canvas::{Canvas, Paint, Pen, Type};
use crate::figure::colour::{BAR, VERMILION};
use crate::figure::text::{count, fit, labelled, number, width};
use crate::figure::{Figure, WIDTH, Words};

/// Histograms drawn at most.
const HISTOGRAMS: usize = 24;
/// Columns of classes drawn, and classes of each.
const CLASSES: usize = 4;
const LEVELS: usize = 12;

/// Shares of missing values by column and part.
pub fn missing(m: &MissingMap) -> Option<Figure> {
    let parts = m.parts.len();
    if parts == 0 || m.columns.is_empty() {
        return None;
    }
    let names = m.columns.iter().map(|n| width(n, SMALL, false)).fold(60.0, f64::max).min(230.0);
    let left = names + 12.0;
    let (w, row) = ((WIDTH - left - 24.0) / parts as f64, 18.0);
    let height = row * m.columns.len() as f64;
    let mut c = Canvas::new(WIDTH, height + 84.0);
    for (i, name) in m.columns.iter().enumerate() {
        let y = 10.0 + row * i as f64;
        c.text((left - 8.0, y + 13.0), &fit(name, SMALL, false, names), Type::new(SMALL).end());
        c.rect((left, y, w * parts as f64, row - 2.0), Paint::Grid, 1.0);
        // Neighbours of one shade are one mark.
        let shade = |p: usize| (m.share[i * parts + p] * 10.0).ceil();
        let mut p = 0;
        while p < parts {
            let first = p;
            while p < parts && (shade(p) == shade(first) || (shade(p).is_nan() && shade(first).is_nan())) {
                p += 1;
            }
            if shade(first) > 0.0 {
                c.rect(
                    (left + w * first as f64, y, w * (p - first) as f64, row - 2.0),
                    Paint::Rgb(VERMILION),
                    (0.15 + 0.085 * shade(first)).min(1.0),
                );
            }
        }
    }
    let below = 10.0 + height;
    let mut free = f64::NEG_INFINITY;
    for (i, label) in m.parts.iter().enumerate() {
        let x = left + w * (i as f64 + if parts <= 20 { 0.5 } else { 0.0 });
        let label = fit(label, SMALL, false, 110.0);
        let half = width(&label, SMALL, false) / 2.0;
        let at = x.clamp(half, WIDTH - half);
        if at - half > free + 10.0 {
            c.line((x, below), (x, below + 4.0), Pen::new(Paint::Faint, 1.0));
            c.text((at, below + 17.0), &label, Type::new(SMALL).middle().muted());
            free = at + half;
        }
    }
    c.text((left + w * parts as f64 / 2.0, below + 36.0), &m.along, Type::new(SMALL).middle());
    for (i, word) in ["none", "half", "all missing"].into_iter().enumerate() {
        let x = left + 90.0 * i as f64;
        c.rect((x, below + 48.0, 14.0, 14.0), Paint::Grid, 1.0);
        if i > 0 {
            c.rect((x, below + 48.0, 14.0, 14.0), Paint::Rgb(VERMILION), [0.0, 0.57, 1.0][i]);
        }
        c.text((x + 20.0, below + 59.5), word, Type::new(SMALL).muted());
    }
    let worst = (0..m.columns.len())
        .max_by(|&a, &b| mean(&m.share[a * parts..(a + 1) * parts]).total_cmp(&mean(&m.share[b * parts..(b + 1) * parts])))?;
    let alt = format!(
        "Share of missing values of {} columns along {}. Most is missing of {}: {:.0} %.",
        m.columns.len(),
        m.along,
        m.columns[worst],
        100.0 * mean(&m.share[worst * parts..(worst + 1) * parts])
    );
    let caption = format!("Where values are missing, along {}: the darker, the more. Columns without gaps are not shown.", m.along);
    Some(Figure::named("explore-missing", Words { name: "", title: "What is missing where".into(), alt, caption }, &c))
}

fn mean(v: &[f64]) -> f64 {
    let known: Vec<f64> = v.iter().copied().filter(|v| !v.is_nan()).collect();
    known.iter().sum::<f64>() / known.len().max(1) as f64
}

/// Histograms of the columns of numbers.
pub fn histograms(e: &Exploration) -> Option<Figure> {
    let worth = |c: &&ColumnCard| {
        c.histogram.is_some() && !matches!(c.role.as_str(), "x" | "y" | "place" | "time" | "identifier" | "constant" | "axis")
    };
    let all: Vec<(&ColumnCard, &Histogram)> = e.columns.iter().filter(worth).filter_map(|c| Some((c, c.histogram.as_ref()?))).collect();
    let shown = &all[..all.len().min(HISTOGRAMS)];
    if shown.is_empty() {
        return None;
    }
    let columns = shown.len().min(4);
    let wide = if shown.len() < 3 { 300.0 * shown.len() as f64 } else { WIDTH };
    let (areas, height) = panels(shown.len(), columns, wide, (14.0, 78.0, 30.0, 28.0));
    let mut c = Canvas::new(WIDTH, height + 4.0);
    for ((card, h), area) in shown.iter().zip(areas) {
        one(&mut c, card, h, area);
    }
    let logs = shown.iter().any(|(_, h)| h.log);
    let beyond = shown.iter().any(|(_, h)| h.beyond > 0);
    let caption = format!(
        "How values are spread; the line is the median.{}{}{}",
        if logs { " Logarithmic scales where they spread values better." } else { "" },
        if beyond {
            " A number at an upper corner counts values left out: zeros under a logarithm, or so far out that the others could not be told apart."
        } else {
            ""
        },
        if all.len() > shown.len() { format!(" The first {} of {} columns are drawn.", shown.len(), all.len()) } else { String::new() }
    );
    let alt = shown
        .iter()
        .take(8)
        .filter_map(|(c, _)| {
            c.summary.as_ref().map(|s| format!("{} from {}, half below {}", c.name, ends(s.min, s.max, &c.unit), number(s.median)))
        })
        .collect::<Vec<_>>();
    let alt = format!("Histograms of {} columns: {}.", shown.len(), alt.join("; "));
    Some(Figure::named("explore-histograms", Words { name: "", title: "How values are spread".into(), alt, caption }, &c))
}

fn one(c: &mut Canvas, card: &ColumnCard, h: &Histogram, area: (f64, f64, f64, f64)) {
    let (x, y, w, high) = area;
    heading(c, area, &card.name, &card.unit);
    let most = h.counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let each = w / h.counts.len() as f64;
    for (i, n) in h.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let tall = (*n as f64 / most * high).max(1.0);
        c.rect((x + each * i as f64, y + high - tall, (each - 0.7).max(0.5), tall), Paint::Rgb(BAR), 1.0);
    }
    let panel = if h.log {
        let scale = crate::figure::scale::Scale::log((10f64.powf(h.low), 10f64.powf(h.high)), x, x + w);
        Panel { x: scale, ..Panel::new(area, (0.0, 1.0), (0.0, most)) }
    } else {
        Panel::new(area, (h.low, h.high), (0.0, most))
    };
    panel.x_axis(c, "", false);
    if let Some(s) = card.summary.as_ref().filter(|s| panel.x.holds(s.median)) {
        let at = panel.x.at(s.median);
        c.line((at, y), (at, y + high), Pen::new(Paint::Ink, 1.4).dashed("3 2"));
    }
    if h.beyond > 0 {
        let zeros = h.log && card.summary.as_ref().is_some_and(|s| s.min >= 0.0);
        let words = if zeros { format!("{} at 0", count(h.beyond)) } else { format!("{} beyond", count(h.beyond)) };
        c.text((x + w, y + 10.0), &words, Type::new(11.0).end().muted().halo());
    }
}

/// Rows of each class.
pub fn classes(e: &Exploration) -> Option<Figure> {
    let worth = |c: &&ColumnCard| c.holds == "classes" && c.distinct >= 2 && c.role != "identifier" && 2 * c.distinct <= c.count;
    let mut all: Vec<&ColumnCard> = e.columns.iter().filter(worth).collect();
    all.sort_by_key(|c| (c.role != "target", c.role != "group", c.distinct > 40));
    let shown = &all[..all.len().min(CLASSES)];
    if shown.is_empty() {
        return None;
    }
    let rows = |c: &ColumnCard| c.levels.len().min(LEVELS) + usize::from(c.distinct > LEVELS.min(c.levels.len()));
    let columns = shown.len().min(2);
    let tallest: Vec<usize> = shown.chunks(columns).map(|r| r.iter().map(|c| rows(c)).max().unwrap_or(0)).collect();
    let height: f64 = tallest.iter().map(|n| 44.0 + 20.0 * *n as f64).sum();
    let mut c = Canvas::new(WIDTH, height);
    let mut top = 0.0;
    for (line, tall) in shown.chunks(columns).zip(&tallest) {
        for (i, card) in line.iter().enumerate() {
            bars(&mut c, card, (WIDTH / columns as f64 * i as f64, top, WIDTH / columns as f64 - 20.0));
        }
        top += 44.0 + 20.0 * *tall as f64;
    }
    let told: Vec<String> = shown
        .iter()
        .filter_map(|c| {
            c.levels.first().map(|(l, n)| format!("{} has {} classes, most often {l} ({} rows)", c.name, c.distinct, count(*n)))
        })
        .collect();
    let caption = "Rows of each class, most frequent first.".to_owned();
    Some(Figure::named("explore-classes", Words { name: "", title: "Classes".into(), alt: format!("{}.", told.join("; ")), caption }, &c))
}

fn bars(c: &mut Canvas, card: &ColumnCard, (x, top, w): (f64, f64, f64)) {
    c.text((x, top + 18.0), &fit(&labelled(&card.name, &card.unit), SMALL, true, w), Type::new(SMALL).bold());
    let shown = &card.levels[..card.levels.len().min(LEVELS)];
    let names = shown.iter().map(|(l, _)| width(l, SMALL, false)).fold(30.0, f64::max).min(0.42 * w);
    let most = shown.iter().map(|l| l.1).max().unwrap_or(1).max(1) as f64;
    let total = (card.count - card.missing).max(1) as f64;
    let room = w - names - 118.0;
    for (i, (label, n)) in shown.iter().enumerate() {
        let y = top + 30.0 + 20.0 * i as f64;
        c.text((x + names, y + 11.5), &fit(label, SMALL, false, names), Type::new(SMALL).end());
        let long = (*n as f64 / most * room).max(1.0);
        c.rect((x + names + 8.0, y, long, 15.0), Paint::Rgb(BAR), 1.0);
        let share = 100.0 * *n as f64 / total;
        let share = if share < 0.95 { format!("{share:.1}") } else { format!("{share:.0}") };
        c.text((x + names + 14.0 + long, y + 11.5), &format!("{} ({share} %)", count(*n)), Type::new(SMALL).muted());
    }
    if card.distinct > shown.len() {
        let y = top + 30.0 + 20.0 * shown.len() as f64;
        c.text((x + names + 8.0, y + 11.5), &format!("and {} more", count(card.distinct - shown.len())), Type::new(SMALL).muted());
    }
}
