//! Values in space: points and outlines on maps, and how unlike values are by their distance.

use std::collections::BTreeMap;

use esker_core::exploration::{MapPanel, MapShape, MapView, VariogramFit, VariogramView};
use esker_core::{Crs, Features, Places, Rng, Shape, Unit, Values};
use esker_math::{Ground, Semivariogram, Structure};
use rayon::prelude::*;

use super::columns::{sorted, wants_log};
use super::frame::{Frame, is_class_like};
use super::suspects;
use super::together::{code, used};

/// Points of a map that are kept.
const POINTS: usize = 30_000;
/// Corners of outlines that are kept.
const CORNERS: usize = 60_000;
/// Maps of points beside that of the target or class.
const MAPS: usize = 3;
/// Variograms shown, and places that each looks at.
const VARIOGRAMS: usize = 4;
const PLACES: usize = 2500;

/// One place with the rows that lie there.
struct Site {
    x: f64,
    y: f64,
    rows: Vec<usize>,
}

/// Distinct places of the rows looked at; impossible ones are left out.
fn sites(frame: &Frame) -> Vec<Site> {
    let Some(place) = &frame.place else { return Vec::new() };
    let (Some(x), Some(y)) = (frame.numbers(place.x), frame.numbers(place.y)) else { return Vec::new() };
    let degrees = place.crs.as_ref().is_some_and(Crs::is_degrees);
    let possible = |x: f64, y: f64| x.is_finite() && y.is_finite() && (!degrees || ((-180.0..=360.0).contains(&x) && y.abs() <= 90.0));
    let mut of: BTreeMap<(u64, u64), Site> = BTreeMap::new();
    for (row, (&x, &y)) in x.iter().zip(y).enumerate().filter(|(_, (x, y))| possible(**x, **y)) {
        of.entry((x.to_bits(), y.to_bits())).or_insert(Site { x, y, rows: Vec::new() }).rows.push(row);
    }
    let mut all: Vec<Site> = of.into_values().collect();
    all.sort_by_key(|s| s.rows[0]);
    all
}

/// Places drawn, in their order: every so many-th of a raster's would be a few of its columns, without neighbours.
fn thin(sites: &mut Vec<Site>, most: usize) {
    if sites.len() > most {
        Rng::new(42).fork("places", 0).shuffle(sites);
        sites.truncate(most);
        sites.sort_by_key(|s| s.rows[0]);
    }
}

/// The value of each place: the mean of its numbers, or its most frequent class.
fn values_at(frame: &Frame, column: usize, sites: &[Site]) -> (Vec<String>, Vec<f64>) {
    let c = &frame.look.columns()[column];
    if let (Values::Real(v), false) = (&c.values, frame.colour == Some(column) && is_class_like(c)) {
        let mean = |s: &Site| {
            let known: Vec<f64> = s.rows.iter().map(|&r| v[r]).filter(|v| !v.is_nan()).collect();
            if known.is_empty() { f64::NAN } else { esker_math::mean(&known) }
        };
        return (Vec::new(), sites.iter().map(mean).collect());
    }
    let codes = used(&frame.classes(column));
    let common = |s: &Site| {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        s.rows.iter().map(|&r| code(&codes, r)).filter(|c| !c.is_nan()).for_each(|c| *counts.entry(c as u64).or_default() += 1);
        counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0))).map_or(f64::NAN, |(c, _)| c as f64)
    };
    (codes.levels().to_vec(), sites.iter().map(common).collect())
}

/// Columns worth a map: target or class first, then numbers that differ from place to place.
fn mapped(frame: &Frame) -> Vec<usize> {
    let mut columns: Vec<usize> = frame.target.or(frame.colour).into_iter().collect();
    columns.extend(
        frame
            .chosen
            .iter()
            .copied()
            .filter(|c| Some(*c) != frame.target && Some(*c) != frame.colour && !is_class_like(&frame.look.columns()[*c]))
            .take(MAPS),
    );
    columns
}

/// The middle of each well or other group, with its name: where their rows lie along a line, a map of rows would only show names.
pub fn groups(frame: &Frame) -> Vec<MapView> {
    let (Some(place), Some(group)) = (&frame.place, frame.group) else { return Vec::new() };
    let (Some(x), Some(y)) = (frame.numbers(place.x), frame.numbers(place.y)) else { return Vec::new() };
    let codes = used(&frame.classes(group));
    let middle = |level: usize, v: &[f64]| {
        let of: Vec<f64> = (0..codes.len()).filter(|&r| codes.codes()[r] as usize == level && !v[r].is_nan()).map(|r| v[r]).collect();
        if of.is_empty() { f64::NAN } else { esker_math::mean(&of) }
    };
    let n = codes.levels().len();
    if !(2..=60).contains(&n) {
        return Vec::new();
    }
    vec![MapView {
        variable: frame.look.columns()[group].name.clone(),
        unit: Unit::default(),
        levels: codes.levels().to_vec(),
        crs: place.crs.as_ref().map(|c| c.name().to_owned()),
        log: false,
        what: format!("{n} groups, each at the mean place of its rows"),
        shape: MapShape::Points { x: (0..n).map(|l| middle(l, x)).collect(), y: (0..n).map(|l| middle(l, y)).collect() },
        panels: vec![MapPanel { label: String::new(), values: (0..n).map(|l| l as f64).collect() }],
    }]
}

/// Maps of points.
pub fn points(frame: &Frame) -> Vec<MapView> {
    let mut sites = sites(frame);
    if sites.len() < 2 {
        return Vec::new();
    }
    let (of, rows) = (sites.len(), frame.rows.len());
    thin(&mut sites, POINTS);
    let shape = MapShape::Points { x: sites.iter().map(|s| s.x).collect(), y: sites.iter().map(|s| s.y).collect() };
    let crs = frame.place.as_ref().and_then(|p| p.crs.as_ref()).map(|c| c.name().to_owned());
    let place_words = if of < rows {
        format!("{}; where a place has several rows, their mean or most frequent class", suspects::many(of, "place", "places"))
    } else {
        suspects::many(of, "place", "places")
    };
    let what = if frame.table.rows() > rows { format!("{place_words}, in a sample of the rows") } else { place_words };
    let view = |column: Option<usize>| {
        let (levels, values) = column.map_or_else(|| (Vec::new(), Vec::new()), |c| values_at(frame, c, &sites));
        let c = column.map(|c| &frame.look.columns()[c]);
        MapView {
            variable: c.map_or_else(String::new, |c| c.name.clone()),
            unit: c.map_or_else(Unit::default, |c| c.unit.clone()),
            levels,
            crs: crs.clone(),
            log: wants_log(&sorted(&values)),
            what: what.clone(),
            shape: shape.clone(),
            panels: vec![MapPanel { label: String::new(), values }],
        }
    };
    let mut all: Vec<MapView> = Vec::new();
    if of > 4000 {
        all.push(view(None));
    }
    // A few wells or stations are shown once.
    let columns = mapped(frame);
    all.extend(
        columns
            .into_iter()
            .take(if of < 12 { 1 } else { 1 + MAPS })
            .map(|c| view(Some(c)))
            .filter(|m| m.panels[0].values.iter().any(|v| !v.is_nan())),
    );
    if all.is_empty() {
        all.push(view(None));
    }
    all
}

/// Maps of lines and polygons.
pub fn outlines(features: &Features, frame: &Frame) -> Vec<MapView> {
    let Some(shape) = features.geometries.iter().flatten().map(|g| g.shape).find(|s| *s != Shape::Points) else { return Vec::new() };
    let corners: usize = features.geometries.iter().flatten().flat_map(|g| &g.parts).map(Vec::len).sum();
    let every = corners.div_ceil(CORNERS).max(1);
    let rows: Vec<(usize, usize)> = frame.rows.iter().copied().enumerate().filter(|&(_, r)| features.geometries[r].is_some()).collect();
    let thin = |part: &Vec<[f64; 2]>| -> Vec<[f64; 2]> {
        let n = part.len();
        if n < 8 {
            part.clone()
        } else {
            part.iter().enumerate().filter(|(i, _)| i.is_multiple_of(every) || i + 1 == n).map(|(_, p)| *p).collect()
        }
    };
    let parts: Vec<Vec<Vec<[f64; 2]>>> =
        rows.iter().filter_map(|&(_, r)| features.geometries[r].as_ref()).map(|g| g.parts.iter().map(thin).collect()).collect();
    if parts.is_empty() {
        return Vec::new();
    }
    let at: Vec<Site> = rows.iter().map(|&(i, _)| Site { x: 0.0, y: 0.0, rows: vec![i] }).collect();
    let (one, more) = if shape == Shape::Lines { ("line", "lines") } else { ("polygon", "polygons") };
    let all = suspects::many(features.geometries.len(), one, more);
    let what = if rows.len() < features.geometries.len() { format!("{} of {all}", suspects::count(rows.len())) } else { all };
    let view = |column: Option<usize>| {
        let (levels, values) = column.map_or_else(|| (Vec::new(), Vec::new()), |c| values_at(frame, c, &at));
        let c = column.map(|c| &frame.look.columns()[c]);
        MapView {
            variable: c.map_or_else(String::new, |c| c.name.clone()),
            unit: c.map_or_else(Unit::default, |c| c.unit.clone()),
            levels,
            crs: features.crs.as_ref().map(|c| c.name().to_owned()),
            log: wants_log(&sorted(&values)),
            what: what.clone(),
            shape: MapShape::Outlines { closed: shape == Shape::Polygons, parts: parts.clone() },
            panels: vec![MapPanel { label: String::new(), values }],
        }
    };
    let columns: Vec<usize> =
        mapped(frame).into_iter().filter(|&c| frame.look.columns()[c].values.missing() < frame.look.rows()).take(2).collect();
    if columns.is_empty() { vec![view(None)] } else { columns.into_iter().map(|c| view(Some(c))).collect() }
}

/// Semivariograms of the first columns, of the mean at each place.
pub fn variograms(frame: &Frame) -> Vec<VariogramView> {
    let mut sites = sites(frame);
    let of = sites.len();
    if of < 30 {
        return Vec::new();
    }
    thin(&mut sites, PLACES);
    let crs = frame.place.as_ref().and_then(|p| p.crs.clone());
    let (x, y) = (sites.iter().map(|s| s.x).collect::<Vec<f64>>(), sites.iter().map(|s| s.y).collect::<Vec<f64>>());
    let wanted = frame.chosen.iter().copied().filter(|&c| !is_class_like(&frame.look.columns()[c])).take(VARIOGRAMS).collect::<Vec<_>>();
    wanted
        .into_par_iter()
        .filter_map(|c| {
            let column = &frame.look.columns()[c];
            let (_, values) = values_at(frame, c, &sites);
            variogram((&column.name, &column.unit), (&x, &y, crs.as_ref()), &values, of)
        })
        .collect()
}

/// The semivariogram of values at places; `None` where there are too few, or none differ.
pub fn variogram(
    (name, unit): (&str, &Unit),
    (x, y, crs): (&[f64], &[f64], Option<&Crs>),
    values: &[f64],
    of: usize,
) -> Option<VariogramView> {
    // Without a system coordinates are taken as they are, in a unit that only their user knows.
    let known = crs.is_some();
    let system = crs.cloned().unwrap_or_else(|| Crs::Projected("plane".into()));
    let places = Places::new(x.to_vec(), y.to_vec(), system).ok()?;
    let found = Semivariogram::on_ground(&Ground::new(&places), values, None).ok()?;
    if found.of < 30 || found.variance.is_nan() || found.variance <= 0.0 || found.classes.len() < 5 {
        return None;
    }
    let scale = if known { 1e-3 } else { 1.0 };
    let fit = found.best().ok().map(|f| {
        let range = f.range * f.shape.practical();
        let words = match f.structure {
            Structure::Found => format!("values are alike up to about {} apart", told(range * scale, known)),
            Structure::Beyond => {
                format!("values are alike over the whole area looked at: the range lies beyond {}", told(found.lags.cutoff * scale, known))
            }
            Structure::Absent => "values near each other are no more alike than others".to_owned(),
        };
        let curve =
            (0..=60).map(|i| found.lags.cutoff * f64::from(i) / 60.0).map(|h| (h * scale, f.nugget + f.sill * f.shape.at(h / f.range)));
        VariogramFit {
            shape: f.shape.name().to_owned(),
            nugget: f.nugget,
            sill: f.sill,
            range: matches!(f.structure, Structure::Found).then_some(range * scale),
            words,
            curve: if f.structure == Structure::Absent { Vec::new() } else { curve.collect() },
        }
    });
    Some(VariogramView {
        variable: name.to_owned(),
        unit: unit.clone(),
        distance: found.classes.iter().map(|c| c.distance * scale).collect(),
        semivariance: found.classes.iter().map(|c| c.semivariance).collect(),
        pairs: found.classes.iter().map(|c| c.pairs).collect(),
        variance: found.variance,
        places: (found.points, of),
        distance_unit: if known { "km" } else { "units of the coordinates" }.to_owned(),
        fit,
    })
}

/// A distance in km with three digits, metres where it is short.
fn told(distance: f64, known: bool) -> String {
    let (v, unit) =
        if known && distance < 1.0 { (distance * 1e3, "m") } else { (distance, if known { "km" } else { "units of the coordinates" }) };
    let decimals = if v >= 99.5 {
        0
    } else if v >= 9.95 {
        1
    } else {
        2
    };
    format!("{v:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_a_raster_keep_all_its_columns() {
        let site = |i: usize| Site { x: (i % 160) as f64, y: (i / 160) as f64, rows: vec![i] };
        let mut sites: Vec<Site> = (0..40_000).map(site).collect();
        thin(&mut sites, PLACES);
        let columns: std::collections::BTreeSet<u64> = sites.iter().map(|s| s.x as u64).collect();
        assert_eq!((sites.len(), columns.len()), (PLACES, 160));
        assert!(sites.is_sorted_by_key(|s| s.rows[0]));
    }
}
