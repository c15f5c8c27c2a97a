//! Observed against predicted, held out, with the 1:1 line; binned into hexagons where points would hide each other.

use super::axis::{BODY, Panel, SMALL};
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{BLUE, Map};
use super::cx::{Cx, score};
use super::legend::colour_bar;
use super::scale::{Scale, padded, range};
use super::stats::{hexagons, quantile, sorted};
use super::text::{count, fit, number};
use super::{Figure, WIDTH, Words};

/// More points than this are counted in hexagons.
const MANY: usize = 2000;
const HEXAGON: f64 = 4.4;

/// Draws points, or hexagons coloured by count (logarithmic); returns the largest count if binned.
pub fn cloud(c: &mut Canvas, panel: &Panel, points: &[(f64, f64)]) -> Option<usize> {
    let placed: Vec<(f64, f64)> = points.iter().map(|(x, y)| panel.at(*x, *y)).collect();
    if placed.len() <= MANY {
        let mut path = Path::new();
        placed.iter().for_each(|p| path.dot(p.0, p.1));
        let size = if placed.len() < 300 { 6.0 } else { 4.0 };
        c.clipped(panel.area, |c| c.dots(&path, Pen::new(Paint::Rgb(BLUE), size).faded(0.6)));
        return None;
    }
    let bins = hexagons(&placed, HEXAGON);
    let most = bins.iter().map(|b| b.1).max()?;
    // Neighbouring counts share a colour step, and a step is one path.
    let steps = 24;
    let scale = Scale::log((1.0, most.max(2) as f64), 0.0, (steps - 1) as f64);
    let mut paths = vec![Path::new(); steps];
    for ((x, y), n) in bins {
        // A hair larger than the grid, so that no seams show between neighbours.
        let (r, half) = (HEXAGON + 0.35, (HEXAGON + 0.35) * 3f64.sqrt() / 2.0);
        let corners =
            [(x, y - r), (x + half, y - r / 2.0), (x + half, y + r / 2.0), (x, y + r), (x - half, y + r / 2.0), (x - half, y - r / 2.0)];
        let step = (scale.at(n as f64).round().max(0.0) as usize).min(steps - 1);
        paths[step].line(&corners, true);
    }
    c.clipped(panel.area, |c| {
        for (i, path) in paths.iter().enumerate() {
            c.area(path, Paint::Rgb(Map::Viridis.at(i as f64 / (steps - 1) as f64)), 1.0);
        }
    });
    Some(most)
}

/// The scores of the chosen model as lines of a table: title, value, unit.
fn scores(cx: &Cx<'_>) -> Vec<(String, String)> {
    let Some(run) = cx.chosen_run() else { return Vec::new() };
    let line = |m: &esker_core::record::MetricCard| {
        let v = score(run, &m.name).and_then(|s| s.pooled.or(s.mean))?;
        let unit = if m.unit.is_empty() { String::new() } else { format!(" {}", super::text::unit(m.unit.as_str())) };
        Some((m.title.clone(), format!("{}{unit}", number(v))))
    };
    cx.record.metrics.iter().filter_map(line).take(6).collect()
}

/// The axis of both: all values, or from many samples the predictions and all but the outermost observations, which
/// would squeeze the rest.
fn domain(pairs: &[(f64, f64)]) -> Option<(f64, f64)> {
    let whole = range(pairs.iter().flat_map(|(o, p)| [o, p]))?;
    if pairs.len() <= MANY {
        return Some(padded(whole, 0.03));
    }
    let observed = sorted(pairs.iter().map(|p| p.0));
    let ends = [quantile(&observed, 0.001), quantile(&observed, 0.999)];
    Some(padded(range(pairs.iter().map(|p| &p.1).chain(&ends))?, 0.03))
}

/// Observed against predicted.
pub fn draw(cx: &Cx<'_>) -> Option<Figure> {
    let pairs = cx.pairs();
    let domain = domain(&pairs)?;
    let beyond = pairs.iter().filter(|(o, p)| [o, p].iter().any(|v| **v < domain.0 || **v > domain.1)).count();
    let side = 490.0;
    let room = Panel::y_room(domain, side);
    let panel = Panel::new((room + 6.0, 36.0, side, side), domain, domain);
    let mut c = Canvas::new(WIDTH, 36.0 + side + 50.0);
    panel.y_axis(&mut c, &cx.in_unit(&format!("Observed {}", cx.target)), true);
    panel.x_axis(&mut c, &cx.in_unit(&format!("Predicted {}, held out", cx.target)), true);
    let points: Vec<(f64, f64)> = pairs.iter().map(|(o, p)| (*p, *o)).collect();
    let most = cloud(&mut c, &panel, &points);
    c.line(panel.at(domain.0, domain.0), panel.at(domain.1, domain.1), Pen::new(Paint::Ink, 1.3).dashed("6 4"));
    let near_top = panel.at(domain.0 + 0.97 * (domain.1 - domain.0), domain.0 + 0.97 * (domain.1 - domain.0));
    c.text((near_top.0 - 8.0, near_top.1 + 2.0), "1:1", Type::new(SMALL).end().halo());
    let x = room + 6.0 + side + 28.0;
    let mut y = 50.0;
    let wide = WIDTH - x - 6.0;
    c.text((x, y), &fit(&cx.record.chosen.model, BODY, true, wide), Type::new(BODY).bold());
    for (name, value) in scores(cx) {
        y += 40.0;
        c.text((x, y - 17.0), &fit(&name, SMALL, false, wide), Type::new(SMALL).muted());
        c.text((x, y), &fit(&value, BODY, false, wide), Type::new(BODY));
    }
    if let Some(most) = most {
        let top = (y + 36.0).max(330.0).min(36.0 + side - 120.0);
        colour_bar(
            &mut c,
            (x, top, wide, 36.0 + side - top),
            "Samples in a hexagon",
            (1.0, most.max(2) as f64, true),
            Map::Viridis,
            (false, false),
        );
    }
    let shown = if most.is_some() { "hexagons are coloured by how many samples they hold (logarithmic)" } else { "each dot is a sample" };
    let outside = if beyond > 0 { format!(" {} samples lie outside the axes.", count(beyond)) } else { String::new() };
    let caption = format!(
        "Observed against held-out predicted {} of {} under the design \"{}\"; {shown}. On the dashed line both agree.{outside}",
        cx.target,
        cx.record.chosen.model,
        cx.design().map_or("", |d| d.label.as_str())
    );
    let said: Vec<String> = scores(cx).into_iter().map(|(n, v)| format!("{n} {v}")).collect();
    let alt = format!(
        "Observed against held-out predicted {} for {} samples, with the 1:1 line. Observed values run from {} to {}, predicted ones from {} to {}{}. {}.",
        cx.target,
        count(pairs.len()),
        number(range(pairs.iter().map(|p| &p.0))?.0),
        number(range(pairs.iter().map(|p| &p.0))?.1),
        number(range(pairs.iter().map(|p| &p.1))?.0),
        number(range(pairs.iter().map(|p| &p.1))?.1),
        cx.unit_suffix(),
        if said.is_empty() { "No scores are recorded".to_owned() } else { said.join(", ") }
    );
    Some(Figure::new(Words { name: "observed-predicted", title: "Observed against predicted".to_owned(), alt, caption }, &c))
}
