//! How marks are drawn in a frame.

use std::collections::{BTreeMap, HashSet};

use super::axes::Placed;
use super::colours::Legend;
use super::data::{Kind, Mark, Series};
use super::dates::date_label;
use crate::figure::axis::{Area, SMALL};
use crate::figure::canvas::{Canvas, Paint, Path, Pen, Type};
use crate::figure::colour::{BLUE, GREY, PALE, RIM, Rgb};
use crate::figure::stats::{hexagon, hexagon_centre, quantile, sorted};
use crate::figure::text::{count, number, width};
use crate::map::{Ground, Map};

/// Places that have a dot.
type Taken = HashSet<(i64, i64)>;

/// What a panel is drawn on.
#[derive(Debug, Clone)]
pub(super) enum Frame {
    /// A plane with two axes.
    Plane { area: Area, x: Placed, y: Placed },
    /// A map; `metres` where coordinates are those of a plane.
    Map { map: Map, metres: bool },
}

impl Frame {
    pub fn area(&self) -> Area {
        match self {
            Self::Plane { area, .. } => *area,
            Self::Map { map, .. } => map.area,
        }
    }

    /// Whether coordinates are those of a plane, not degrees.
    pub fn is_plane(&self) -> bool {
        !matches!(self, Self::Map { metres: false, .. })
    }

    /// Radius of a hexagon in user units: some fifty of them fit across.
    fn hexagon(&self) -> f64 {
        (self.area().2 / 90.0).clamp(2.6, 6.5)
    }

    /// Position of a pair of values.
    pub fn at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        match self {
            Self::Plane { x: ax, y: ay, .. } => Some((ax.at(x), ay.at(y))).filter(|p| p.0.is_finite() && p.1.is_finite()),
            Self::Map { map, metres: true } => map.at((x / 1000.0, y / 1000.0)),
            Self::Map { map, .. } => map.at((x, y)),
        }
    }

    /// The same beside another place, so that shapes are not torn at the world's edge.
    fn beside(&self, first: (f64, f64), p: (f64, f64)) -> Option<(f64, f64)> {
        match self {
            Self::Map { map, metres: false } => map.beside(first, p),
            _ => self.at(p.0, p.1),
        }
    }

    /// The pair of values at a position.
    fn back(&self, p: (f64, f64)) -> Option<(f64, f64)> {
        match self {
            Self::Plane { x, y, .. } => Some((x.value(p.0), y.value(p.1))),
            Self::Map { map, .. } if map.ground == Ground::Plane => {
                let km = (map.window.x0 + (p.0 - map.area.0) / map.scale(), map.window.y1 - (p.1 - map.area.1) / map.scale());
                Some((km.0 * 1000.0, km.1 * 1000.0))
            }
            Self::Map { map, .. } => map.back(p),
        }
    }
}

/// What a mark needs to be drawn in one panel.
pub(super) struct One<'s> {
    pub frame: &'s Frame,
    pub legend: &'s Legend,
    pub rows: &'s [usize],
    pub hexes: &'s [Hex],
    pub bins: &'s [f64],
    /// Pixels of a grid's picture to a user unit.
    pub pixels: f64,
    /// Marks up to this number tell their values where the pointer rests.
    pub told: usize,
    /// Title of what colours it.
    pub colour: String,
}

impl One<'_> {
    fn colour_of(&self, mark: &Mark<'_>, row: usize) -> Option<Rgb> {
        match (&mark.colour, &mark.key) {
            (Some(s), _) if !s.at(row).is_finite() => greys(mark).then_some(GREY),
            (Some(s), _) => Some(self.legend.scale(&self.colour)?.colour(s.at(row))),
            (None, Some((_, colour))) => Some(*colour),
            (None, None) => Some(BLUE),
        }
    }

    fn place(&self, mark: &Mark<'_>, row: usize) -> Option<(f64, f64)> {
        self.frame.at(mark.x.as_ref()?.at(row), mark.y.as_ref()?.at(row))
    }
}

/// A hexagon with its value and the rows in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hex {
    pub centre: (f64, f64),
    pub value: f64,
    pub rows: usize,
}

/// Rows gathered in hexagons: their count, or the mean of what colours them.
pub(super) fn gather(mark: &Mark<'_>, rows: &[usize], frame: &Frame) -> Vec<Hex> {
    let (Some(x), Some(y)) = (&mark.x, &mark.y) else { return Vec::new() };
    let mut cells: BTreeMap<(i64, i64), (usize, f64)> = BTreeMap::new();
    for &r in rows {
        let v = mark.colour.map_or(1.0, |s| s.at(r));
        if let Some(p) = frame.at(x.at(r), y.at(r)).filter(|_| v.is_finite()) {
            let cell = cells.entry(hexagon(p, frame.hexagon())).or_default();
            *cell = (cell.0 + 1, cell.1 + v);
        }
    }
    let value = |n: usize, sum: f64| if mark.colour.is_some() { sum / n as f64 } else { n as f64 };
    cells.into_iter().map(|(key, (n, sum))| Hex { centre: hexagon_centre(key, frame.hexagon()), value: value(n, sum), rows: n }).collect()
}

/// Whether rows without a value of what colours them are drawn in grey.
pub(super) fn greys(mark: &Mark<'_>) -> bool {
    matches!(mark.kind, Kind::Points | Kind::Shapes(..)) && !super::layout::lightened(mark)
}

/// Lengths of stacked bars by the bits of their place, positive ones.
pub(super) fn stacked(mark: &Mark<'_>, rows: &[usize]) -> BTreeMap<u64, f64> {
    let mut out = BTreeMap::new();
    if let Some((at, long)) = mark.bar() {
        for &r in rows.iter().filter(|&&r| at.at(r).is_finite() && long.at(r) > 0.0) {
            *out.entry(at.at(r).to_bits()).or_insert(0.0) += long.at(r);
        }
    }
    out
}

/// Counts in bins.
pub(super) fn counted(mark: &Mark<'_>, rows: &[usize], edges: &[f64]) -> Vec<usize> {
    let mut counts = vec![0; edges.len().saturating_sub(1)];
    if let Some(x) = &mark.x {
        rows.iter().filter_map(|&r| bin(edges, x.at(r))).for_each(|i| counts[i] += 1);
    }
    counts
}

fn bin(edges: &[f64], v: f64) -> Option<usize> {
    let n = edges.len().checked_sub(1).filter(|n| *n > 0 && v.is_finite() && v >= edges[0])?;
    Some(edges.partition_point(|e| *e <= v) - 1).filter(|i| *i < n).or((v <= edges[n] * (1.0 + 1e-12) + 1e-12).then_some(n - 1))
}

pub(super) fn draw(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    match mark.kind {
        _ if super::layout::lightened(mark) => hexes(c, one),
        Kind::Hexagons => hexes(c, one),
        Kind::Points => points(c, mark, one),
        Kind::Line => lines(c, mark, one, false),
        Kind::Step => lines(c, mark, one, true),
        Kind::Band => band(c, mark, one),
        Kind::Bars => bars(c, mark, one),
        Kind::Histogram => histogram(c, mark, one),
        Kind::Boxes => boxes(c, mark, one),
        Kind::Quantiles(five) => quantiles(c, mark, one, five),
        Kind::Cells(grid) => {
            let Some(scale) = one.legend.scale(&one.colour) else { return };
            if let Some(png) = grid.picture((one.frame.area(), one.pixels, one.frame.is_plane()), |p| one.frame.back(p), scale) {
                c.image(one.frame.area(), &png);
            }
        }
        Kind::Shapes(parts, closed) => shapes(c, mark, one, (parts, closed)),
        Kind::Text => texts(c, mark, one),
        Kind::RuleX | Kind::RuleY => rules(c, mark, one),
    }
}

fn hexes(c: &mut Canvas, one: &One<'_>) {
    let Some(scale) = one.legend.scale(&one.colour) else { return };
    let radius = one.frame.hexagon();
    let corner = |centre: (f64, f64), i: i32| {
        let (s, k) = (60.0 * f64::from(i) + 30.0).to_radians().sin_cos();
        (centre.0 + radius * k, centre.1 + radius * s)
    };
    let mut paths: BTreeMap<Rgb, Path> = BTreeMap::new();
    for h in one.hexes {
        let ring: Vec<(f64, f64)> = (0..6).map(|i| corner(h.centre, i)).collect();
        let colour = scale.colour(h.value);
        if one.hexes.len() <= one.told {
            let mut path = Path::new();
            path.line(&ring, true);
            let told =
                if one.colour == "count" { count(h.rows) } else { format!("{}: {}; rows: {}", one.colour, number(h.value), count(h.rows)) };
            c.titled(&told, |c| c.fill(&path, Paint::Rgb(colour), Some(Pen::new(Paint::Rgb(colour), 0.4))));
        } else {
            paths.entry(colour).or_default().line(&ring, true);
        }
    }
    for (colour, path) in paths {
        c.fill(&path, Paint::Rgb(colour), Some(Pen::new(Paint::Rgb(colour), 0.4)));
    }
}

/// What is told of a row.
fn told(mark: &Mark<'_>, row: usize) -> String {
    let named = |s: &Series<'_>| format!("{}: {}", s.name, s.told(row));
    let mut parts: Vec<String> = mark.label.iter().map(|s| s.told(row)).collect();
    parts.extend([&mark.x, &mark.y, &mark.colour, &mark.size].into_iter().flatten().map(named));
    parts.dedup();
    parts.join("; ")
}

fn points(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let n = one.rows.len();
    let size = match n {
        0..=30 => 10.0,
        31..=60 => 8.0,
        61..=300 => 6.4,
        301..=1500 => 4.6,
        1501..=6000 => 3.4,
        _ => 2.4,
    };
    // Small panels have small dots.
    let size = size * (one.frame.area().2 / 400.0).clamp(0.55, 1.0);
    let sizes = one.legend.sizes.as_ref().zip(mark.size);
    let width = |r: usize| sizes.map_or(size, |(s, by)| 2.0 * s.radius(by.at(r)));
    let dots = one.rows.iter().filter_map(|&r| Some((r, one.place(mark, r)?, one.colour_of(mark, r)?, width(r))));
    let mut placed: Vec<(usize, (f64, f64), Rgb, f64)> = dots.filter(|d| d.3.is_finite()).collect();
    // Large ones first, so that they hide none.
    placed.sort_by(|a, b| b.3.total_cmp(&a.3));
    let rim = Pen::new(Paint::Rgb(RIM), if size > 6.0 { 0.7 } else { 0.4 });
    if placed.len() <= one.told {
        for (row, at, colour, width) in &placed {
            c.titled(&told(mark, *row), |c| c.circle(*at, width / 2.0, Paint::Rgb(*colour), Some(rim)));
        }
        return;
    }
    // Dots of one size and colour are one path, and two on one place are one.
    let grain = if n > super::MANY { 0.6 } else { 4.0 };
    let mut layers: BTreeMap<(std::cmp::Reverse<u64>, Rgb), (Path, Taken)> = BTreeMap::new();
    for (_, at, colour, width) in &placed {
        let (path, seen) = layers.entry((std::cmp::Reverse(width.to_bits()), *colour)).or_default();
        if seen.insert(((at.0 * grain).round() as i64, (at.1 * grain).round() as i64)) {
            path.dot(at.0, at.1);
        }
    }
    for ((std::cmp::Reverse(width), colour), (path, _)) in &layers {
        let width = f64::from_bits(*width);
        if n > 1500 && sizes.is_none() {
            c.dots(path, Pen::new(Paint::Rgb(*colour), width));
        } else {
            c.rimmed_dots(path, Paint::Rgb(*colour), width, rim);
        }
    }
}

/// Keeps the first, lowest, highest and last point of every pixel of a long line.
fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= super::MANY {
        return points;
    }
    let mut out: Vec<(f64, f64)> = Vec::new();
    let mut at = 0;
    while at < points.len() {
        let pixel = points[at].0.floor();
        let until = points[at..].iter().position(|p| p.0.floor() != pixel).map_or(points.len(), |i| at + i.max(1));
        let here = &points[at..until];
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let mut kept: Vec<(f64, f64)> =
            [here.first(), here.iter().min_by(by), here.iter().max_by(by), here.last()].into_iter().flatten().copied().collect();
        kept.dedup();
        out.extend(kept);
        at = until;
    }
    out
}

fn lines(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>, stepped: bool) {
    let broken = (f64::NAN, f64::NAN);
    let span = one.frame.area().2 / 2.0;
    let on_map = matches!(one.frame, Frame::Map { .. });
    let mut lines: BTreeMap<Rgb, Vec<(f64, f64)>> = BTreeMap::new();
    let by_class = mark.colour.is_some_and(|s| s.levels().is_some());
    for &r in one.rows {
        let colour = if by_class || mark.colour.is_none() { one.colour_of(mark, r) } else { Some(BLUE) };
        let Some(colour) = colour else { continue };
        let line = lines.entry(colour).or_default();
        let Some(p) = one.place(mark, r) else {
            line.push(broken);
            continue;
        };
        if let Some(last) = line.last().copied().filter(|l| l.0.is_finite()) {
            if on_map && (last.0 - p.0).abs() > span {
                line.push(broken);
            } else if stepped {
                line.push((p.0, last.1));
            }
        }
        line.push(p);
    }
    for (colour, points) in lines {
        let lonely =
            |i: usize| points[i].0.is_finite() && (i == 0 || points[i - 1].0.is_nan()) && points.get(i + 1).is_none_or(|p| p.0.is_nan());
        let mut dots = Path::new();
        (0..points.len()).filter(|&i| lonely(i)).for_each(|i| dots.dot(points[i].0, points[i].1));
        let mut path = Path::new();
        let many = points.len() > 1500;
        path.line(&thinned(points), false);
        let pen = Pen::new(Paint::Rgb(colour), if many { 1.0 } else { 1.6 });
        c.stroke(&path, if mark.dashed { pen.dashed("4 3") } else { pen });
        c.dots(&dots, Pen::new(Paint::Rgb(colour), 2.6));
    }
}

fn band(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let (Some(x), Some(low), Some(high)) = (&mark.x, &mark.y, &mark.y2) else { return };
    let colour = mark.key.as_ref().map_or(PALE, |k| k.1);
    let mut path = Path::new();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let mut close = |up: &mut Vec<(f64, f64)>, down: &mut Vec<(f64, f64)>| {
        let ring: Vec<(f64, f64)> = up.drain(..).chain(down.drain(..).rev()).collect();
        path.line(&ring, true);
    };
    for &r in one.rows {
        match (one.frame.at(x.at(r), low.at(r)), one.frame.at(x.at(r), high.at(r))) {
            (Some(a), Some(b)) => {
                down.push(a);
                up.push(b);
            }
            _ => close(&mut up, &mut down),
        }
    }
    close(&mut up, &mut down);
    c.area(&path, Paint::Rgb(colour), 0.45);
}

/// Half the width of bars in user units.
fn half_width(one: &One<'_>, places: &Series<'_>, (axis, long): (&Placed, f64)) -> f64 {
    let at = sorted(one.rows.iter().map(|&r| axis.at(places.at(r))));
    let least = at.windows(2).map(|w| w[1] - w[0]).filter(|d| *d > 1e-6).fold(f64::INFINITY, f64::min);
    let slot = places.levels().map_or(least, |l| long / l.len().max(1) as f64);
    if slot.is_finite() { (0.38 * slot).clamp(0.4, 40.0) } else { 20.0 }
}

fn bars(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let (Some((places, values)), Frame::Plane { area, x, y }) = (mark.bar(), one.frame) else { return };
    let lying = mark.lies();
    let (axis, long, scale) = if lying { (y, area.3, x) } else { (x, area.2, y) };
    let half = half_width(one, &places, (axis, long));
    let mut heights: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for &r in one.rows {
        let (v, at, colour) = (values.at(r), axis.at(places.at(r)), one.colour_of(mark, r));
        let (Some(colour), true) = (colour, v.is_finite() && at.is_finite()) else { continue };
        let (up, down) = heights.entry(places.at(r).to_bits()).or_insert((0.0, 0.0));
        let from = if v >= 0.0 { *up } else { *down };
        *(if v >= 0.0 { up } else { down }) += v;
        let base = if from == 0.0 { scale.ground() } else { scale.at(from) };
        let top = scale.at(from + v);
        if !top.is_finite() {
            continue;
        }
        let (a, b) = match mark.x2 {
            Some(to) => {
                let b = axis.at(to.at(r));
                // Bins that are wide enough stand apart.
                (at.min(b), at.max(b) - if (b - at).abs() > 3.0 { 0.7 } else { 0.0 })
            }
            None => (at - half, at + half),
        };
        // What is not 0 can be seen.
        let tall = (top - base).abs().max(if v == 0.0 { 0.0 } else { 0.8 });
        let area = if lying { (top.min(base), a, tall, b - a) } else { (a, base.max(top) - tall, b - a, tall) };
        let bar = |c: &mut Canvas| c.rect(area, Paint::Rgb(colour), 1.0);
        if one.rows.len() <= one.told { c.titled(&told(mark, r), bar) } else { bar(c) }
    }
}

fn histogram(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let classes: Vec<Option<f64>> = match mark.colour.and_then(|s| s.levels()) {
        Some(levels) => (0..levels.len()).map(|l| Some(l as f64)).collect(),
        None => vec![None],
    };
    let mut base = vec![0usize; one.bins.len().saturating_sub(1)];
    for class in classes {
        let rows: Vec<usize> = match (class, &mark.colour) {
            (Some(l), Some(s)) => one.rows.iter().copied().filter(|&r| s.at(r) == l).collect(),
            _ => one.rows.to_vec(),
        };
        let scale = one.legend.scale(&one.colour);
        let own = mark.key.as_ref().map_or(BLUE, |k| k.1);
        let colour = class.and_then(|l| Some(scale?.colour(l))).unwrap_or(own);
        let name = class.and_then(|l| Some(format!("{}; ", mark.colour?.levels()?.get(l as usize)?))).unwrap_or_default();
        for (i, n) in counted(mark, &rows, one.bins).into_iter().enumerate().filter(|(_, n)| *n > 0) {
            let (low, high) = (one.bins[i], one.bins[i + 1]);
            let (Some(a), Some(b)) = (one.frame.at(low, (base[i] + n) as f64), one.frame.at(high, base[i] as f64)) else { continue };
            base[i] += n;
            let gap = if b.0 - a.0 > 4.0 { 0.8 } else { 0.0 };
            let said = match mark.x.map(|s| (s, s.levels())) {
                Some((_, Some(levels))) => levels.get(i).cloned().unwrap_or_default(),
                Some((s, None)) if matches!(s.values, super::Values::Times(_)) => format!("{} – {}", date_label(low), date_label(high)),
                _ => format!("{} – {}", number(low), number(high)),
            };
            let area = (a.0 + gap / 2.0, a.1, b.0 - a.0 - gap, b.1 - a.1);
            c.titled(&format!("{name}{said}: {}", count(n)), |c| c.rect(area, Paint::Rgb(colour), 1.0));
        }
    }
}

fn boxes(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let (Some(x), Some(y)) = (&mark.x, &mark.y) else { return };
    let Some(levels) = x.levels() else { return };
    let half = (0.32 * one.frame.area().2 / levels.len().max(1) as f64).min(34.0);
    for (l, level) in levels.iter().enumerate() {
        let known = sorted(one.rows.iter().filter(|&&r| x.at(r) == l as f64).map(|&r| y.at(r)));
        if known.is_empty() {
            continue;
        }
        let q = [0.25, 0.5, 0.75].map(|p| quantile(&known, p));
        let reach = 1.5 * (q[2] - q[0]);
        let low = known.iter().copied().find(|v| *v >= q[0] - reach).unwrap_or(q[0]);
        let high = known.iter().rev().copied().find(|v| *v <= q[2] + reach).unwrap_or(q[2]);
        let said =
            format!("{level}: median {}, half of them {} to {}; n = {}", number(q[1]), number(q[0]), number(q[2]), count(known.len()));
        c.titled(&said, |c| whiskers(c, mark, one, (l as f64, half), [low, q[0], q[1], q[2], high]));
        let mut path = Path::new();
        let beyond: Vec<f64> = known.iter().copied().filter(|v| *v < low || *v > high).collect();
        // As many as can be told apart.
        let shown = beyond.iter().step_by(beyond.len().div_ceil(150).max(1));
        shown.filter_map(|v| one.frame.at(l as f64, *v)).for_each(|p| path.dot(p.0, p.1));
        c.dots(&path, Pen::new(Paint::Muted, 2.6));
    }
}

/// Boxes whose quantiles are known.
fn quantiles(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>, five: &[[f64; 5]]) {
    let (Some(x), Frame::Plane { area, x: axis, .. }) = (&mark.x, one.frame) else { return };
    let half = 0.85 * half_width(one, x, (axis, area.2));
    for &r in one.rows.iter().filter(|&&r| five[r].iter().all(|v| v.is_finite())) {
        let q = five[r];
        let said = format!("{}: median {}, half of them {} to {}", x.told(r), number(q[2]), number(q[1]), number(q[3]));
        c.titled(&said, |c| whiskers(c, mark, one, (x.at(r), half), q));
    }
}

/// A box from quartile to quartile with its median, and whiskers.
fn whiskers(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>, (place, half): (f64, f64), five: [f64; 5]) {
    let own = mark.key.as_ref().map_or(PALE, |k| k.1);
    let [low, a, m, b, high] = five.map(|v| one.frame.at(place, v).unwrap_or((f64::NAN, f64::NAN)));
    let pen = Pen::new(Paint::Muted, 1.2);
    c.line(low, a, pen);
    c.line(b, high, pen);
    c.rect((b.0 - half, b.1, 2.0 * half, a.1 - b.1), Paint::Rgb(own), 1.0);
    c.frame((b.0 - half, b.1, 2.0 * half, a.1 - b.1), pen);
    c.line((m.0 - half, m.1), (m.0 + half, m.1), Pen::new(Paint::Rgb(Rgb(0, 0x32, 0x50)), 2.2));
}

fn shapes(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>, (parts, closed): (&[Vec<Vec<[f64; 2]>>], bool)) {
    let mut paths: BTreeMap<Option<Rgb>, Path> = BTreeMap::new();
    let plain = mark.colour.is_none() && mark.key.is_none();
    let rim = if one.rows.len() > 3000 { 0.3 } else { 0.8 };
    for &r in one.rows {
        let Some(first) = parts[r].iter().flatten().next() else { continue };
        let colour = if plain { None } else { one.colour_of(mark, r) };
        let mut path = Path::new();
        for part in &parts[r] {
            let ring: Vec<(f64, f64)> =
                part.iter().map(|p| one.frame.beside((first[0], first[1]), (p[0], p[1])).unwrap_or((f64::NAN, f64::NAN))).collect();
            let ring: Vec<(f64, f64)> = if closed { ring.into_iter().filter(|p| p.0.is_finite()).collect() } else { ring };
            path.line(&crate::map::clip::thinned(&ring, 0.4), closed);
        }
        if one.rows.len() <= one.told && (mark.label.is_some() || mark.colour.is_some()) {
            c.titled(&told(mark, r), |c| shape(c, &path, colour, (closed, rim)));
        } else {
            let all = paths.entry(colour).or_default();
            all.append(&path);
        }
    }
    for (colour, path) in &paths {
        shape(c, path, *colour, (closed, rim));
    }
}

fn shape(c: &mut Canvas, path: &Path, colour: Option<Rgb>, (closed, rim): (bool, f64)) {
    match (colour, closed) {
        (Some(colour), true) => c.fill(path, Paint::Rgb(colour), Some(Pen::new(Paint::Rgb(RIM), rim))),
        (colour, _) => c.stroke(path, Pen::new(colour.map_or(Paint::Ink, Paint::Rgb), 1.1)),
    }
}

fn texts(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let Some(label) = &mark.label else { return };
    let (left, top, w, h) = one.frame.area();
    let mut taken: Vec<(f64, f64, f64, f64)> = Vec::new();
    for &r in one.rows {
        let Some((x, y)) = one.place(mark, r) else { continue };
        let words = label.told(r);
        let long = width(&words, SMALL, false);
        let tries = [(x + 7.0, y + 4.5), (x - 7.0 - long, y + 4.5), (x - long / 2.0, y - 8.0), (x - long / 2.0, y + 17.0)];
        let rim = |(a, b): (f64, f64)| (a - 1.0, b - 10.5, a + long + 1.0, b + 3.0);
        let free = tries.into_iter().find(|t| {
            let b = rim(*t);
            let inside = b.0 >= left && b.2 <= left + w && b.1 >= top && b.3 <= top + h;
            inside && taken.iter().all(|t| b.0 > t.2 || b.2 < t.0 || b.1 > t.3 || b.3 < t.1)
        });
        // What finds no room is left out rather than drawn over another.
        if let Some(at) = free {
            c.text(at, &words, Type::new(SMALL).halo());
            taken.push(rim(at));
        }
    }
}

fn rules(c: &mut Canvas, mark: &Mark<'_>, one: &One<'_>) {
    let Frame::Plane { area: (left, top, w, h), x, y } = one.frame else { return };
    let pen = Pen::new(mark.key.as_ref().map_or(Paint::Muted, |k| Paint::Rgb(k.1)), 1.2).dashed("5 4");
    for &r in one.rows {
        if let Some(s) = &mark.x {
            let at = x.at(s.at(r));
            c.line((at, *top), (at, top + h), pen);
        } else if let Some(s) = &mark.y {
            let at = y.at(s.at(r));
            c.line((*left, at), (left + w, at), pen);
        }
    }
}
