//! Maps of points, outlines and grids.

use std::collections::BTreeMap;

use esker_core::exploration::{MapShape, MapView};
use rayon::prelude::*;
use resvg::tiny_skia;

use super::draw::{Scale, ends};
use crate::figure::axis::{Area, SMALL};
use crate::figure::canvas::{Canvas, Paint, Path, Pen, Type};
use crate::figure::colour::{BAR, RIM, Rgb};
use crate::figure::legend::colour_bar;
use crate::figure::scale::Scale as Position;
use crate::figure::stats::{hexagons, sorted};
use crate::figure::text::{count, fit, labelled};
use crate::figure::{Figure, WIDTH, Words};
use crate::map::{Ground, Map, Sites};

/// Points drawn one by one at most; more become hexagons.
const DOTS: usize = 4000;
/// Radius of a hexagon, user units.
const HEXAGON: f64 = 5.0;
/// Pixels of a grid's picture to a user unit.
const PIXELS: f64 = 1.3;
/// Room of the legend beside maps.
const ASIDE: f64 = 140.0;

/// A figure a view.
pub fn all(views: &[MapView]) -> Vec<Figure> {
    // Many maps are smaller.
    let tall = if views.len() > 2 { 390.0 } else { 520.0 };
    views.par_iter().enumerate().filter_map(|(i, v)| one(v, &format!("explore-map-{}", i + 1), tall)).collect()
}

fn one(v: &MapView, name: &str, tall: f64) -> Option<Figure> {
    let sites = match &v.shape {
        MapShape::Points { x, y } => Sites::new(x, y, v.crs.as_deref()),
        MapShape::Cells { x, y } => rim(x, y, v.crs.as_deref()),
        MapShape::Outlines { parts, .. } => corners(parts, v.crs.as_deref()),
    };
    let n = v.panels.len();
    let columns = if n == 1 { 1 } else { 2 };
    let plane = !sites.geographic;
    let (left, top) = (if plane { 62.0 } else { 46.0 }, if plane { 40.0 } else { 30.0 });
    let room = ((WIDTH - ASIDE) / columns as f64 - left - 12.0, if columns == 1 { tall } else { 300.0 });
    let first = Map::fit(&sites, (left, top), room)?;
    let below = if plane { 50.0 } else { 40.0 };
    let each = (left + first.area.2 + 12.0, top + first.area.3 + below);
    let scale = Scale::of(v.panels.iter().flat_map(|p| &p.values), &v.levels, v.log);
    let wide = each.0 * columns.min(n) as f64;
    let height = (each.1 * n.div_ceil(columns) as f64).max(260.0);
    let mut c = Canvas::new(WIDTH, height);
    let mut most = None;
    for (i, panel) in v.panels.iter().enumerate() {
        let corner = (each.0 * (i % columns) as f64 + left, each.1 * (i / columns) as f64 + top);
        let map = Map { area: (corner.0, corner.1, first.area.2, first.area.3), ..first.clone() };
        let title = fit(&panel.label, SMALL, true, first.area.2);
        c.text((corner.0, corner.1 - if plane { 26.0 } else { 9.0 }), &title, Type::new(SMALL).bold());
        map.draw_ground(&mut c);
        let placed = match &v.shape {
            MapShape::Points { .. } => {
                let (drawn, n) = points(&mut c, &map, &sites, (&panel.values, &scale));
                most = n.or(most);
                drawn
            }
            MapShape::Cells { x, y } => {
                picture(&mut c, &map, (x, y, sites.geographic), &panel.values, &scale);
                map.draw_coast(&mut c);
                Vec::new()
            }
            MapShape::Outlines { closed, parts } => {
                outlines(&mut c, &map, (parts, v.crs.as_deref(), sites.geographic), (&panel.values, &scale), *closed);
                Vec::new()
            }
        };
        map.draw_frame(&mut c, &placed);
    }
    let x = wide + 10.0;
    let legend = (x, top - 12.0, (WIDTH - x - 6.0).min(180.0), (first.area.3 * 0.7).clamp(110.0, 240.0));
    let end = legend_of(&mut c, v, &scale, (legend, most));
    if columns == 1 && !plane {
        let w = (WIDTH - x - 8.0).min(150.0);
        if w > 90.0 && top + first.area.3 - end > w * 0.5 + 24.0 {
            first.draw_locator(&mut c, (x, top + first.area.3 - w * 0.487), w);
        }
    }
    Some(words(v, &first, most, name, &c))
}

/// The legend; nothing where only places are shown one by one.
fn legend_of(c: &mut Canvas, v: &MapView, scale: &Scale, (area, most): (Area, Option<usize>)) -> f64 {
    if let Some(most) = most.filter(|_| v.variable.is_empty()) {
        return colour_bar(
            c,
            area,
            "Places in a hexagon",
            (1.0, most.max(2) as f64, true),
            crate::figure::colour::Map::Viridis,
            (false, false),
        );
    }
    if v.variable.is_empty() { area.1 } else { scale.legend(c, area, &labelled(&v.variable, &v.unit)) }
}

fn words(v: &MapView, map: &Map, most: Option<usize>, name: &str, c: &Canvas) -> Figure {
    let known = sorted(v.panels.iter().flat_map(|p| p.values.iter().copied()));
    let range = known.first().zip(known.last()).filter(|_| v.levels.is_empty());
    let told = range.map_or_else(String::new, |(a, b)| format!(", from {}", ends(*a, *b, &v.unit)));
    let title = if v.variable.is_empty() { "Where the rows are".to_owned() } else { format!("{} on the map", v.variable) };
    let hexagons = match most {
        Some(most) if v.variable.is_empty() => format!(" Hexagons are coloured by the places in them, at most {}.", count(most)),
        Some(_) => " Hexagons show the mean of the places in them.".to_owned(),
        None => String::new(),
    };
    let what = if v.what.is_empty() { String::new() } else { format!("{}. ", crate::page::words::capital(&v.what)) };
    let logs = if v.log { " The colours are logarithmic." } else { "" };
    let assumed = if v.crs.is_none() && map.ground == Ground::Plane { " No CRS is stated: coordinates are taken for metres." } else { "" };
    let caption = format!("{what}{}{hexagons}{logs}{assumed}", map.describe());
    let alt = format!(
        "{} of {}{told}. {}",
        if v.panels.len() == 1 { "Map" } else { "Maps" },
        if v.variable.is_empty() { "places" } else { &v.variable },
        what
    );
    Figure::named(name, Words { name: "", title, alt, caption }, c)
}

/// Places along and across a grid, so that a map of them shows all of it.
fn rim(x: &[f64], y: &[f64], crs: Option<&str>) -> Sites {
    let edges = |v: &[f64]| {
        let half = if v.len() > 1 { (v[1] - v[0]) / 2.0 } else { 0.5 };
        (v[0] - half, v[v.len() - 1] + half)
    };
    let ((x0, x1), (mut y0, mut y1)) = (edges(x), edges(y));
    let degrees = matches!(crs, Some("EPSG:4326" | "OGC:CRS84"));
    if degrees {
        (y0, y1) = (y0.clamp(-90.0, 90.0), y1.clamp(-90.0, 90.0));
    }
    let at = |a: f64, b: f64, i: usize| a + (b - a) * i as f64 / 24.0;
    let lattice: Vec<(f64, f64)> =
        (0..=24).flat_map(|i| (0..=24).map(move |j| (i, j))).map(|(i, j)| (at(x0, x1, i), at(y0, y1, j))).collect();
    let (px, py): (Vec<f64>, Vec<f64>) = lattice.into_iter().unzip();
    if degrees {
        return Sites::new(&px, &py, crs);
    }
    // A grid on a plane stays on its plane: its rows and columns are straight there.
    Sites::new(&px, &py, None)
}

fn corners(parts: &[Shape], crs: Option<&str>) -> Sites {
    let (x, y): (Vec<f64>, Vec<f64>) = parts.iter().flatten().flatten().map(|p| (p[0], p[1])).unzip();
    Sites::new(&x, &y, crs)
}

/// Draws points, or hexagons where they are many; their positions, and the most in a hexagon.
fn points(c: &mut Canvas, map: &Map, sites: &Sites, (values, scale): (&[f64], &Scale)) -> (Vec<(f64, f64)>, Option<usize>) {
    let placed: Vec<(usize, (f64, f64))> = sites.points.iter().enumerate().filter_map(|(i, p)| Some((i, map.at(*p)?))).collect();
    let positions: Vec<(f64, f64)> = placed.iter().map(|p| p.1).collect();
    let classes = matches!(scale, Scale::Classes(_));
    if placed.len() > DOTS && !classes {
        let most = bins(c, map, &placed, (values, scale));
        return (positions, Some(most));
    }
    let step = placed.len().div_ceil(2 * DOTS).max(1);
    let mut layers: BTreeMap<Rgb, Path> = BTreeMap::new();
    for (i, at) in placed.iter().step_by(step) {
        let colour = if values.is_empty() { BAR } else { scale.colour(values[*i]) };
        layers.entry(colour).or_default().dot(at.0, at.1);
    }
    let size = match placed.len() {
        0..=30 => 12.0,
        31..=200 => 8.0,
        201..=1000 => 5.5,
        _ => 3.8,
    };
    let rim = Pen::new(Paint::Rgb(RIM), if size > 6.0 { 0.8 } else { 0.4 });
    c.clipped(map.area, |c| layers.iter().for_each(|(colour, path)| c.rimmed_dots(path, Paint::Rgb(*colour), size, rim)));
    (positions, None)
}

/// Hexagons coloured by the mean of the values in them, by their number where there are no values.
fn bins(c: &mut Canvas, map: &Map, placed: &[(usize, (f64, f64))], (values, scale): (&[f64], &Scale)) -> usize {
    let positions: Vec<(f64, f64)> = placed.iter().map(|p| p.1).collect();
    let all = hexagons(&positions, HEXAGON);
    let most = all.iter().map(|h| h.1).max().unwrap_or(1);
    let mut index: BTreeMap<(i64, i64), (f64, usize)> = BTreeMap::new();
    let key = |p: (f64, f64)| ((p.0 * 10.0).round() as i64, (p.1 * 10.0).round() as i64);
    let centres: Vec<(f64, f64)> = all.iter().map(|h| h.0).collect();
    if !values.is_empty() {
        // The hexagon of a point is the one whose centre is nearest: found by counting each point alone.
        for (i, at) in placed.iter().filter(|(i, _)| !values[*i].is_nan()) {
            for (centre, _) in hexagons(&[*at], HEXAGON) {
                let e = index.entry(key(centre)).or_default();
                *e = (e.0 + values[*i], e.1 + 1);
            }
        }
    }
    let counts = Position::log((1.0, most.max(2) as f64), 0.0, 1.0);
    let mut layers: BTreeMap<Rgb, Path> = BTreeMap::new();
    for (centre, (_, n)) in centres.iter().zip(&all) {
        let colour = if values.is_empty() {
            crate::figure::colour::Map::Viridis.at((counts.at(*n as f64) * 24.0).round() / 24.0)
        } else {
            match index.get(&key(*centre)) {
                Some((sum, n)) => scale.colour(sum / *n as f64),
                None => continue,
            }
        };
        let (r, half) = (HEXAGON + 0.3, (HEXAGON + 0.3) * 3f64.sqrt() / 2.0);
        let (x, y) = *centre;
        layers.entry(colour).or_default().line(
            &[(x, y - r), (x + half, y - r / 2.0), (x + half, y + r / 2.0), (x, y + r), (x - half, y + r / 2.0), (x - half, y - r / 2.0)],
            true,
        );
    }
    c.clipped(map.area, |c| layers.iter().for_each(|(colour, path)| c.area(path, Paint::Rgb(*colour), 1.0)));
    most
}

/// The rings or lines of a shape.
type Shape = Vec<Vec<[f64; 2]>>;

/// Rings or lines coloured by their value.
fn outlines(
    c: &mut Canvas,
    map: &Map,
    (parts, crs, geographic): (&[Shape], Option<&str>, bool),
    (values, scale): (&[f64], &Scale),
    closed: bool,
) {
    let ink = |i: usize| values.get(i).map_or(BAR, |v| scale.colour(*v));
    c.clipped(map.area, |c| {
        for (i, shape) in parts.iter().enumerate() {
            let mut path = Path::new();
            for part in shape {
                path.line(&placed(map, part, crs, geographic), closed);
            }
            if closed {
                c.fill(&path, Paint::Rgb(ink(i)), Some(Pen::new(Paint::Ink, 0.5)));
            } else {
                c.stroke(&path, Pen::new(Paint::Rgb(ink(i)), 1.6));
            }
        }
    });
}

/// The positions of the corners of a part, as the map of all of them reads them.
fn placed(map: &Map, part: &[[f64; 2]], crs: Option<&str>, geographic: bool) -> Vec<(f64, f64)> {
    let (x, y): (Vec<f64>, Vec<f64>) = part.iter().map(|p| (p[0], p[1])).unzip();
    let sites = if geographic && !matches!(crs, Some("EPSG:4326" | "OGC:CRS84")) {
        // One part alone may be smaller than a survey with coastlines; the map decides.
        utm(&x, &y, crs)
    } else if geographic {
        Sites::new(&x, &y, crs)
    } else {
        Sites::new(&x, &y, None)
    };
    let middle = sites.points.iter().copied().find(|p| p.0.is_finite()).unwrap_or((f64::NAN, f64::NAN));
    sites.points.iter().map(|p| map.beside(middle, *p).unwrap_or((f64::NAN, f64::NAN))).collect()
}

fn utm(x: &[f64], y: &[f64], crs: Option<&str>) -> Sites {
    let zone = crs.and_then(|c| crate::map::utm::Zone::of(&c.trim().to_uppercase()));
    let nowhere = (f64::NAN, f64::NAN);
    let points = x.iter().zip(y).map(|(x, y)| zone.as_ref().and_then(|z| z.inverse(*x, *y)).unwrap_or(nowhere)).collect();
    Sites { points, geographic: true }
}

/// The cell between whose edges a coordinate lies; cells are evenly spaced or nearly so.
fn cell(at: &[f64], v: f64) -> Option<usize> {
    let n = at.len();
    let half = if n > 1 { (at[1] - at[0]).abs() / 2.0 } else { 0.5 };
    let last = if n > 1 { (at[n - 1] - at[n - 2]).abs() / 2.0 } else { 0.5 };
    let (low, high, low_half, high_half) = if at[0] <= at[n - 1] { (at[0], at[n - 1], half, last) } else { (at[n - 1], at[0], last, half) };
    if v.is_nan() || v < low - low_half || v > high + high_half {
        return None;
    }
    let down = at[0] > at[n - 1];
    let i = if down { at.partition_point(|a| *a > v) } else { at.partition_point(|a| *a < v) };
    let best = [i.checked_sub(1), Some(i)].into_iter().flatten().filter(|&k| k < n);
    best.min_by(|&a, &b| (at[a] - v).abs().total_cmp(&(at[b] - v).abs()))
}

/// The picture of a grid's cells as the map shows them.
fn picture(c: &mut Canvas, map: &Map, (x, y, geographic): (&[f64], &[f64], bool), values: &[f64], scale: &Scale) {
    let (left, top, w, h) = map.area;
    let (columns, rows) = ((w * PIXELS).round().max(1.0) as usize, (h * PIXELS).round().max(1.0) as usize);
    let per_km = map.scale();
    let back = |px: f64, py: f64| match map.ground {
        Ground::Plane => Some(((map.window.x0 + (px - left) / per_km) * 1000.0, (map.window.y1 - (py - top) / per_km) * 1000.0)),
        Ground::Globe(_) => map.back((px, py)),
    };
    let around = geographic && x.len() > 1;
    let value = |a: f64, b: f64| {
        let column = cell(x, a).or_else(|| [a - 360.0, a + 360.0].into_iter().filter(|_| around).find_map(|a| cell(x, a)));
        column.zip(cell(y, b)).map_or(f64::NAN, |(i, j)| values[j * x.len() + i])
    };
    let mut pixels = vec![0u8; columns * rows * 4];
    pixels.par_chunks_mut(columns * 4).enumerate().for_each(|(row, line)| {
        let py = top + (row as f64 + 0.5) * h / rows as f64;
        for (column, pixel) in line.chunks_exact_mut(4).enumerate() {
            let px = left + (column as f64 + 0.5) * w / columns as f64;
            let v = back(px, py).map_or(f64::NAN, |(a, b)| value(a, b));
            if !v.is_nan() {
                let Rgb(r, g, b) = scale.colour(v);
                pixel.copy_from_slice(&[r, g, b, 255]);
            }
        }
    });
    let png = tiny_skia::IntSize::from_wh(columns as u32, rows as u32)
        .and_then(|s| tiny_skia::Pixmap::from_vec(pixels, s))
        .and_then(|p| p.encode_png().ok());
    if let Some(png) = png {
        c.image(map.area, &png);
    }
}
