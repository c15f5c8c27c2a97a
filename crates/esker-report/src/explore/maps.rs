//! Maps of points, outlines and grids.

use esker_core::exploration::{MapShape, MapView};
use rayon::prelude::*;

use super::{codes, coloured, ends};
use crate::figure::colour::BAR;
use crate::figure::stats::sorted;
use crate::figure::{Figure, WIDTH};
use crate::map::{Choice, Sites, utm};
use crate::page::words::capital;
use crate::plot::{Grid, Mark, Placed, Plot, Series, Space, sheet};

/// Pixels of a grid's picture to a user unit: as many as a screen shows.
const PIXELS: f64 = 1.3;

/// The rings or lines of a shape.
type Shape = Vec<Vec<[f64; 2]>>;

/// A figure a view.
pub fn all(views: &[MapView]) -> Vec<Figure> {
    // Many maps are smaller.
    let tall = if views.len() > 2 { 390.0 } else { 520.0 };
    views.par_iter().enumerate().filter_map(|(i, v)| one(v, &format!("explore-map-{}", i + 1), tall)).collect()
}

fn is_degrees(crs: Option<&str>) -> bool {
    matches!(crs, Some("EPSG:4326" | "OGC:CRS84"))
}

/// What a view stands on, as a map wants it: degrees, or the coordinates of a plane.
enum Stand<'a> {
    Points(Vec<f64>, Vec<f64>),
    Cells(&'a [f64], &'a [f64]),
    Outlines(Vec<Shape>, bool),
}

fn stand(v: &MapView) -> (Stand<'_>, bool) {
    let crs = v.crs.as_deref();
    let placed = |x: &[f64], y: &[f64]| {
        let sites = Sites::new(x, y, crs);
        if sites.geographic { (sites.points.into_iter().unzip(), true) } else { ((x.to_vec(), y.to_vec()), false) }
    };
    match &v.shape {
        MapShape::Points { x, y } => {
            let ((x, y), degrees) = placed(x, y);
            (Stand::Points(x, y), degrees)
        }
        // A grid on a plane stays on its plane: its rows and columns are straight there.
        MapShape::Cells { x, y } => (Stand::Cells(x, y), is_degrees(crs)),
        MapShape::Outlines { closed, parts } => {
            let (x, y): (Vec<f64>, Vec<f64>) = parts.iter().flatten().flatten().map(|p| (p[0], p[1])).unzip();
            let degrees = Sites::new(&x, &y, crs).geographic;
            let zone = crs.filter(|_| degrees && !is_degrees(crs)).and_then(|c| utm::Zone::of(&c.trim().to_uppercase()));
            let turned = |p: &[f64; 2]| match &zone {
                Some(zone) => zone.inverse(p[0], p[1]).map_or([f64::NAN; 2], |(lon, lat)| [lon, lat]),
                None => *p,
            };
            let parts = parts.iter().map(|s| s.iter().map(|part| part.iter().map(turned).collect()).collect()).collect();
            (Stand::Outlines(parts, *closed), degrees)
        }
    }
}

fn one(v: &MapView, name: &str, tall: f64) -> Option<Figure> {
    let (stand, degrees) = stand(v);
    let codes: Vec<Vec<u32>> = v.panels.iter().map(|p| codes(&p.values)).collect();
    let unit = v.unit.as_str();
    let plots = v.panels.iter().enumerate().map(|(i, panel)| {
        let values = coloured(&v.variable, &v.unit, (&panel.values, &codes[i], &v.levels));
        let mark = match &stand {
            Stand::Points(x, y) => {
                let (east, north) = if degrees { (("longitude", "degrees"), ("latitude", "degrees")) } else { (("x", "m"), ("y", "m")) };
                Mark::points(Series::numbers(east.0, east.1, x), Series::numbers(north.0, north.1, y))
            }
            Stand::Cells(x, y) => Mark::cells(Grid {
                name: &v.variable,
                unit,
                x,
                x_name: ("x", ""),
                y,
                y_name: ("y", ""),
                values: &panel.values,
                levels: &v.levels,
                placed: Placed::Same,
            }),
            Stand::Outlines(parts, true) => Mark::areas(parts),
            Stand::Outlines(parts, false) => Mark::lines(parts),
        };
        let has_values = !panel.values.is_empty() && !matches!(stand, Stand::Cells(..));
        let mut plot = Plot::new(name, "").with(if has_values { mark.coloured(values) } else { mark.keyed("", BAR) });
        plot.space = if degrees { Space::Map(Choice::Auto) } else { Space::Square };
        plot.heading.clone_from(&panel.label);
        plot.colour.log = v.log;
        (plot.lettered, plot.pixels) = (false, PIXELS);
        plot.tall = Some(if v.panels.len() == 1 { tall } else { 300.0 });
        plot
    });
    let mut plots: Vec<Plot<'_>> = plots.collect();
    let first = plots.first_mut()?;
    (first.caption, first.alt) = words(v, degrees);
    let title = if v.variable.is_empty() { "Where the rows are".to_owned() } else { format!("{} on the map", v.variable) };
    if v.variable.is_empty() {
        plots.iter_mut().for_each(|p| p.colour.title = Some("Places in a hexagon".to_owned()));
    }
    let columns = if plots.len() == 1 { 1 } else { 2 };
    sheet(name, &title, &plots, WIDTH, columns).ok()
}

/// Caption and description.
fn words(v: &MapView, degrees: bool) -> (String, String) {
    let known = sorted(v.panels.iter().flat_map(|p| p.values.iter().copied()));
    let range = known.first().zip(known.last()).filter(|_| v.levels.is_empty());
    let told = range.map_or_else(String::new, |(a, b)| format!(", from {}", ends(*a, *b, &v.unit)));
    let what = if v.what.is_empty() { String::new() } else { format!("{}.", capital(&v.what)) };
    let logs = if v.log { "The colours are logarithmic." } else { "" };
    let assumed = if v.crs.is_none() && !degrees { "No CRS is stated: coordinates are taken for metres." } else { "" };
    let of = if v.variable.is_empty() { "places" } else { &v.variable };
    let alt = format!("{} of {of}{told}. {what}", if v.panels.len() == 1 { "Map" } else { "Maps" });
    let caption: Vec<&str> = [&what, logs, assumed].into_iter().filter(|s| !s.is_empty()).collect();
    (caption.join(" "), alt.trim_end().to_owned())
}
