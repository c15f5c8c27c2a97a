//! Figures of columns together: scatter matrix, correlations, the target against each feature.

use esker_core::exploration::{Axis, Correlations, Relation, Scatter};

use super::draw::{Scale, broken, colours};
use crate::figure::axis::{BODY, Panel, SMALL};
use crate::figure::canvas::{Canvas, Paint, Path, Pen, Type};
use crate::figure::colour::{BAR, Map as Colours, Rgb};
use crate::figure::scale::{Scale as Position, padded, range};
use crate::figure::stats::{quantile, sorted};
use crate::figure::text::{count, fit, labelled, width};
use crate::figure::{Figure, WIDTH, Words};

/// Relations drawn at most.
const RELATIONS: usize = 30;

/// Each column against each other: marks below the diagonal, names on it.
pub fn scatter(s: &Scatter) -> Option<Figure> {
    let n = s.columns.len();
    let marks = s.columns.first()?.values.len();
    if n < 2 || marks == 0 {
        return None;
    }
    let (scale, colour) = colours(s.colour.as_ref(), marks);
    if n == 2 {
        return Some(pair(s, scale.as_ref(), &colour));
    }
    let aside = if scale.is_some() { 150.0 } else { 10.0 };
    let cell = ((WIDTH - 58.0 - aside) / n as f64).min(190.0);
    let (left, top) = (52.0, 8.0);
    let mut c = Canvas::new(WIDTH, top + cell * n as f64 + 34.0);
    let positions: Vec<(Position, Position)> = s.columns.iter().map(|a| position(a, cell)).collect();
    for i in 0..n {
        for j in 0..n {
            let (x, y) = (left + cell * j as f64, top + cell * i as f64);
            if i == j {
                name(&mut c, &s.columns[i], (x, y, cell - 6.0));
            } else if j < i {
                let at = |r: usize| (x + positions[j].0.at(s.columns[j].values[r]), y + positions[i].1.at(s.columns[i].values[r]));
                c.frame((x, y, cell - 6.0, cell - 6.0), Pen::new(Paint::Grid, 1.0));
                c.clipped((x, y, cell - 6.0, cell - 6.0), |c| dots(c, &colour, at));
            }
        }
        ends(&mut c, (left, top), cell, (i, n), (&positions[i], s.columns[i].log));
    }
    if let (Some(scale), Some(of)) = (&scale, &s.colour) {
        // The corner above the diagonal is free.
        let x = left + cell * (n as f64 - 1.0) + 4.0;
        let tall = (cell * (n as f64 - 1.0) - 60.0).min(240.0);
        scale.legend(&mut c, (x.max(left + cell * 2.2), top, WIDTH - x - 8.0, tall), &labelled(&of.name, &of.unit));
    }
    Some(words(s, marks, &c))
}

/// Two columns against each other.
fn pair(s: &Scatter, scale: Option<&Scale>, colour: &[Rgb]) -> Figure {
    let (x, y) = (&s.columns[0], &s.columns[1]);
    let side = 330.0;
    let area = (74.0, 34.0, side, side);
    let mut c = Canvas::new(WIDTH, side + 84.0);
    let place = |p: Position, by: f64| p.moved(by);
    let (px, py) = (place(position(x, side + 6.0).0, area.0), place(position(y, side + 6.0).1, area.1));
    let panel = Panel { area, x: px, y: py };
    let title = |a: &Axis| if a.log { format!("{}, log", labelled(&a.name, &a.unit)) } else { labelled(&a.name, &a.unit) };
    panel.x_axis(&mut c, &title(x), true);
    panel.y_axis(&mut c, &title(y), true);
    c.clipped(area, |c| dots(c, colour, |r| panel.at(x.values[r], y.values[r])));
    if let (Some(scale), Some(of)) = (scale, &s.colour) {
        scale.legend(&mut c, (area.0 + side + 30.0, 20.0, 180.0, 220.0), &labelled(&of.name, &of.unit));
    }
    words(s, colour.len(), &c)
}

fn words(s: &Scatter, marks: usize, c: &Canvas) -> Figure {
    let names: Vec<&str> = s.columns.iter().map(|a| a.name.as_str()).collect();
    let by = s.colour.as_ref().map_or_else(String::new, |c| format!(", coloured by {}", c.name));
    let drawn = if marks < s.of { format!(" {} of {} rows are drawn.", count(marks), count(s.of)) } else { String::new() };
    let logs = if s.columns.iter().any(|a| a.log) { " Axes marked log are logarithmic." } else { "" };
    let caption = format!("Each column against each other{by}.{drawn}{logs}");
    let alt = format!("Scatter matrix of {}{by}; {} marks in each panel.", names.join(", "), count(marks));
    Figure::named("explore-scatter", Words { name: "", title: "Columns against each other".into(), alt, caption }, c)
}

/// The position of values along and up a panel: all but the outermost hundredth decide its ends.
fn position(a: &Axis, cell: f64) -> (Position, Position) {
    let known = sorted(a.values.iter().copied().filter(|v| !a.log || *v > 0.0));
    let wide = (quantile(&known, 0.005), quantile(&known, 0.995));
    let (low, high) = if known.len() > 100 { wide } else { range(&known).unwrap_or((0.0, 1.0)) };
    let to = cell - 6.0;
    if a.log {
        let ends = (low / (high / low).powf(0.05), high * (high / low).powf(0.05));
        return (Position::log(ends, 0.0, to), Position::log(ends, to, 0.0));
    }
    let ends = padded((low, high), 0.05);
    (Position::linear(ends, 0.0, to), Position::linear(ends, to, 0.0))
}

fn dots(c: &mut Canvas, colour: &[Rgb], at: impl Fn(usize) -> (f64, f64)) {
    let mut paths: std::collections::BTreeMap<Rgb, Path> = std::collections::BTreeMap::new();
    for (r, k) in colour.iter().enumerate() {
        let (x, y) = at(r);
        paths.entry(*k).or_default().dot(x, y);
    }
    let size = if colour.len() > 300 { 2.8 } else { 4.0 };
    for (k, path) in &paths {
        c.dots(path, Pen::new(Paint::Rgb(*k), size).faded(0.75));
    }
}

fn name(c: &mut Canvas, a: &Axis, (x, y, w): (f64, f64, f64)) {
    let words = labelled(&a.name, &a.unit);
    let words = if a.log { format!("{words}, log") } else { words };
    let lines = broken(&words, w - 8.0);
    let first = y + w / 2.0 - 8.0 * (lines.len() as f64 - 1.0) + 4.0;
    for (i, line) in lines.iter().take(4).enumerate() {
        c.text((x + w / 2.0, first + 17.0 * i as f64), &fit(line, BODY, false, w), Type::new(BODY).middle());
    }
}

/// Ticks left of the first column of panels and below the last row.
fn ends(c: &mut Canvas, (left, top): (f64, f64), cell: f64, (i, n): (usize, usize), ((x, y), _log): (&(Position, Position), bool)) {
    if i > 0 {
        let ticks = y.ticks(3);
        for v in ticks.at.iter().filter(|v| y.holds(**v)) {
            c.text(
                (left - 5.0, top + cell * i as f64 + y.at(*v) + 4.0),
                &fit(&ticks.label(*v), 11.0, false, left - 6.0),
                Type::new(11.0).end().muted(),
            );
        }
    }
    if i + 1 < n {
        let ticks = x.ticks(3);
        let mut free = f64::NEG_INFINITY;
        for v in ticks.at.iter().filter(|v| x.holds(**v)) {
            let label = ticks.label(*v);
            let half = width(&label, 11.0, false) / 2.0;
            let at = left + cell * i as f64 + x.at(*v);
            if at - half > free + 4.0 && at + half < left + cell * (i as f64 + 1.0) + 4.0 {
                c.text((at, top + cell * n as f64 + 10.0), &label, Type::new(11.0).middle().muted());
                free = at + half;
            }
        }
    }
}

/// Spearman's correlations below the diagonal, Pearson's above.
pub fn correlations(r: &Correlations) -> Option<Figure> {
    let n = r.columns.len();
    if n < 2 {
        return None;
    }
    let names = r.columns.iter().map(|c| width(c, SMALL, false)).fold(50.0, f64::max).min(200.0);
    let cell = ((WIDTH - names - 130.0) / n as f64).min(46.0);
    let (left, top) = (names + 12.0, 12.0);
    let mut c = Canvas::new(WIDTH, top + cell * n as f64 + names.min(150.0) * 0.75 + 26.0);
    for i in 0..n {
        let y = top + cell * i as f64;
        c.text((left - 8.0, y + cell / 2.0 + 4.5), &fit(&r.columns[i], SMALL, false, names), Type::new(SMALL).end());
        let x = left + cell * (i as f64 + 0.5);
        c.turned_text((x + 4.0, top + cell * n as f64 + 10.0), &fit(&r.columns[i], SMALL, false, 150.0), Type::new(SMALL).end(), -45.0);
        for j in 0..n {
            let v = if j < i { r.spearman[i * n + j] } else { r.pearson[i * n + j] };
            let x = left + cell * j as f64;
            if i == j || v.is_nan() {
                c.rect((x, y, cell - 1.0, cell - 1.0), Paint::Grid, 1.0);
                continue;
            }
            let colour = Colours::Vik.at((v + 1.0) / 2.0);
            c.rect((x, y, cell - 1.0, cell - 1.0), Paint::Rgb(colour), 1.0);
            if cell >= 30.0 {
                let Rgb(red, green, blue) = colour;
                let light = 0.3 * f64::from(red) + 0.59 * f64::from(green) + 0.11 * f64::from(blue) > 140.0;
                let ink = if light { Rgb(26, 26, 26) } else { Rgb(255, 255, 255) };
                let text = crate::figure::text::fixed(v, 2).replacen("0.", ".", 1);
                c.text((x + cell / 2.0 - 0.5, y + cell / 2.0 + 4.0), &text, Type::new(11.5).middle().paint(Paint::Rgb(ink)));
            }
        }
    }
    let scale = Scale::Numbers((-1.0, 1.0, false), (false, false), Colours::Vik);
    scale.legend(&mut c, (left + cell * n as f64 + 16.0, top - 8.0, 100.0, (cell * n as f64 - 20.0).clamp(60.0, 220.0)), "");
    let mut pairs: Vec<(f64, usize, usize)> =
        (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| (r.spearman[i * n + j], i, j)).filter(|p| !p.0.is_nan()).collect();
    pairs.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let told: Vec<String> = pairs
        .iter()
        .take(3)
        .map(|(v, i, j)| format!("{} with {} {}", r.columns[*j], r.columns[*i], crate::figure::text::fixed(*v, 2)))
        .collect();
    let alt = format!("Correlations of {n} columns. Strongest by rank: {}.", told.join(", "));
    let caption = format!(
        "Correlations of {} rows: of ranks (Spearman) below the diagonal, of values (Pearson) above; alike columns lie side by side. Strongest by rank: {}.",
        count(r.rows),
        told.join(", ")
    );
    Some(Figure::named("explore-correlations", Words { name: "", title: "What goes together".into(), alt, caption }, &c))
}

/// The strength of the relation of the target to each feature.
pub fn relations(target: &str, all: &[Relation]) -> Option<Figure> {
    let shown = &all[..all.len().min(RELATIONS)];
    if shown.is_empty() {
        return None;
    }
    let names = shown.iter().map(|r| width(&r.feature, SMALL, false)).fold(50.0, f64::max).min(230.0);
    let left = names + 12.0;
    let negative = shown.iter().any(|r| r.value < 0.0);
    let row = 20.0;
    let area = (left, 14.0, WIDTH - left - 30.0, row * shown.len() as f64);
    let mut c = Canvas::new(WIDTH, area.3 + 64.0);
    let panel = Panel::new(area, if negative { (-1.0, 1.0) } else { (0.0, 1.0) }, (0.0, 1.0));
    panel.x_axis(&mut c, "strength", true);
    for (i, r) in shown.iter().enumerate() {
        let y = area.1 + row * i as f64;
        c.text((left - 8.0, y + 14.0), &fit(&r.feature, SMALL, false, names), Type::new(SMALL).end());
        let (zero, at) = (panel.x.at(0.0), panel.x.at(r.value));
        c.rect((zero.min(at), y + 3.0, (at - zero).abs().max(0.8), row - 6.0), Paint::Rgb(BAR), 1.0);
    }
    c.line((panel.x.at(0.0), area.1), (panel.x.at(0.0), area.1 + area.3), Pen::new(Paint::Muted, 1.0));
    let mut measures: Vec<&str> = shown.iter().map(|r| r.measure.as_str()).collect();
    measures.sort_unstable();
    measures.dedup();
    let of = if shown.len() < all.len() { format!(" The strongest {} of {} features.", shown.len(), all.len()) } else { String::new() };
    let caption = format!(
        "How {target} goes with each feature alone ({}), all rows together; relations that hold only within places or groups, or jointly, do not show.{of}",
        measures.join(", ")
    );
    let alt = format!(
        "Strength of the relation of {target} to {} features, strongest {} with {}.",
        all.len(),
        shown[0].feature,
        crate::figure::text::fixed(shown[0].value, 2)
    );
    Some(Figure::named("explore-relations", Words { name: "", title: format!("{target} against its features"), alt, caption }, &c))
}
