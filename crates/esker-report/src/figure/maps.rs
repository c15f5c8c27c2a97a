//! Maps of the samples: coloured by residual, by share of errors, by fold.

use std::collections::HashMap;

use super::axis::SMALL;
use super::canvas::{Canvas, Paint, Path, Pen, Type};
use super::colour::{Map as Colours, RIM, Rgb, category};
use super::cx::Cx;
use super::legend::{colour_bar, swatches};
use super::stats::{quantile, sorted};
use super::text::{count, number, width};
use super::{Figure, WIDTH, Words};
use crate::map::{Map, Sites};

/// Steps of a colour scale on a map: few enough that dots of a colour share one path, many enough to look smooth.
pub(super) const STEPS: usize = 13;
const ROOM: (f64, f64) = (540.0, 580.0);
const CORNER: (f64, f64) = (62.0, 14.0);
/// A plane's axis title stands above the map.
const PLANE_CORNER: (f64, f64) = (64.0, 34.0);
/// Groups whose samples lie within this of each other (user units) are one place: a deviated well, a small lake.
const NEAR: f64 = 14.0;

/// One place with the rows that lie there.
pub(super) struct Site {
    pub at: (f64, f64),
    pub rows: Vec<usize>,
}

/// A map with its samples gathered by place.
pub(super) struct Drawn {
    pub map: Map,
    pub sites: Vec<Site>,
    pub canvas: Canvas,
    /// Left end of the legend's column.
    pub aside: f64,
}

impl Drawn {
    pub fn new(cx: &Cx<'_>) -> Option<Self> {
        Self::of(&cx.rows.x, &cx.rows.y, &cx.rows.group, cx.record.data.crs.as_deref())
    }

    /// A map of other places than those of the samples.
    pub fn of(x: &[f64], y: &[f64], groups: &[String], crs: Option<&str>) -> Option<Self> {
        let places = Sites::new(x, y, crs);
        let map = Map::fit(&places, if places.geographic { CORNER } else { PLANE_CORNER }, ROOM)?;
        let placed: Vec<(usize, (f64, f64))> = places.points.iter().enumerate().filter_map(|(row, p)| Some((row, map.at(*p)?))).collect();
        let sites = by_group(&placed, groups).unwrap_or_else(|| by_place(&placed));
        let below = if matches!(map.ground, crate::map::Ground::Plane) { 46.0 } else { 30.0 };
        let height = (map.area.1 + map.area.3 + below).max(330.0);
        let aside = map.area.0 + map.area.2 + 26.0;
        let mut canvas = Canvas::new(WIDTH, height);
        map.draw_ground(&mut canvas);
        Some(Self { map, sites, canvas, aside })
    }

    fn dot(&self) -> f64 {
        match self.sites.len() {
            0..=30 => 13.0,
            31..=200 => 8.0,
            201..=1000 => 5.5,
            1001..=2000 => 4.4,
            _ => 3.8,
        }
    }

    /// Draws sites in layers, the last one on top: each a colour and its positions.
    pub fn layers(&mut self, layers: &[(Rgb, Vec<(f64, f64)>)]) {
        let size = self.dot();
        let rim = Pen::new(Paint::Rgb(RIM), if size > 6.0 { 0.8 } else { 0.4 });
        self.canvas.clipped(self.map.area, |c| {
            for (colour, points) in layers {
                let mut path = Path::new();
                points.iter().for_each(|p| path.dot(p.0, p.1));
                c.rimmed_dots(&path, Paint::Rgb(*colour), size, rim);
            }
        });
    }

    /// Frame, scale bar, labels of few sites and the locator; returns the drawing.
    pub fn finish(mut self, cx: &Cx<'_>, legend_ends: f64) -> Canvas {
        let points: Vec<(f64, f64)> = self.sites.iter().map(|s| s.at).collect();
        self.label(cx, &points);
        self.map.draw_frame(&mut self.canvas, &points);
        let bottom = self.map.area.1 + self.map.area.3;
        let wide = (WIDTH - self.aside - 8.0).min(170.0);
        if wide > 90.0 && bottom - legend_ends > wide / 2.0 + 20.0 {
            let top = bottom - wide * 0.487;
            self.map.draw_locator(&mut self.canvas, (self.aside, top), wide);
        }
        self.canvas
    }

    /// Names a dozen sites or fewer by their group, each where its label covers no dot and no other label.
    fn label(&mut self, cx: &Cx<'_>, points: &[(f64, f64)]) {
        if self.sites.len() > 15 || cx.rows.group.is_empty() {
            return;
        }
        let (left, top, w, h) = self.map.area;
        let half = self.dot() / 2.0 + 1.0;
        let mut taken: Vec<(f64, f64, f64, f64)> = points.iter().map(|p| (p.0 - half, p.1 - half, p.0 + half, p.1 + half)).collect();
        for site in &self.sites {
            let Some(name) = site.rows.first().and_then(|r| cx.rows.group.get(*r)) else { continue };
            let long = width(name, SMALL, false);
            let (x, y) = site.at;
            let tries = [
                (x + half + 5.0, y + 4.5),
                (x - half - 5.0 - long, y + 4.5),
                (x - long / 2.0, y - half - 5.0),
                (x - long / 2.0, y + half + 13.0),
            ];
            let free = tries.into_iter().map(|(a, b)| ((a, b), (a, b - 10.0, a + long, b + 3.0))).find(|(_, box_)| {
                box_.0 > left
                    && box_.2 < left + w
                    && box_.1 > top
                    && box_.3 < top + h
                    && taken.iter().all(|t| box_.0 > t.2 || box_.2 < t.0 || box_.1 > t.3 || box_.3 < t.1)
            });
            if let Some((at, box_)) = free {
                self.canvas.text(at, name, Type::new(SMALL).halo());
                taken.push(box_);
            }
        }
    }
}

/// Sites of samples drawn at the same half of a user unit.
fn by_place(placed: &[(usize, (f64, f64))]) -> Vec<Site> {
    let mut index: HashMap<(i64, i64), usize> = HashMap::new();
    let mut sites: Vec<Site> = Vec::new();
    for &(row, at) in placed {
        let i = *index.entry(((at.0 * 2.0).round() as i64, (at.1 * 2.0).round() as i64)).or_insert_with(|| {
            sites.push(Site { at, rows: Vec::new() });
            sites.len() - 1
        });
        sites[i].rows.push(row);
    }
    sites
}

/// One site a group, at its middle, if each group's samples lie near each other; `None` otherwise.
fn by_group(placed: &[(usize, (f64, f64))], groups: &[String]) -> Option<Vec<Site>> {
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut sites: Vec<(Site, [f64; 4])> = Vec::new();
    for &(row, at) in placed {
        let i = *index.entry(groups.get(row)?.as_str()).or_insert_with(|| {
            sites.push((Site { at, rows: Vec::new() }, [at.0, at.1, at.0, at.1]));
            sites.len() - 1
        });
        let b = &mut sites[i].1;
        *b = [b[0].min(at.0), b[1].min(at.1), b[2].max(at.0), b[3].max(at.1)];
        if (b[2] - b[0]).max(b[3] - b[1]) > NEAR {
            return None;
        }
        sites[i].0.rows.push(row);
    }
    Some(sites.into_iter().map(|(s, b)| Site { at: ((b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0), ..s }).collect())
}

/// A round number at or above `v` (1, 1.5, 2, 3, 5 or 7.5 times a power of ten).
fn round_up(v: f64) -> f64 {
    if !(v.is_finite() && v > 0.0) {
        return 1.0;
    }
    let base = 10f64.powf(v.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0].into_iter().map(|f| f * base).find(|r| *r >= v * (1.0 - 1e-9)).unwrap_or(v)
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let v: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64)
}

/// Sites with a value, put into steps of a colour scale by `step`, layered by `order` of the step.
pub(super) fn layered(
    sites: &[Site],
    values: &[Option<f64>],
    colours: &[Rgb],
    step: impl Fn(f64) -> usize,
    order: impl Fn(usize) -> usize,
) -> Vec<(Rgb, Vec<(f64, f64)>)> {
    let mut steps: Vec<(usize, Vec<(f64, f64)>)> = (0..colours.len()).map(|i| (i, Vec::new())).collect();
    for (site, value) in sites.iter().zip(values) {
        if let Some(v) = value {
            steps[step(*v).min(colours.len() - 1)].1.push(site.at);
        }
    }
    steps.sort_by_key(|s| order(s.0));
    steps.into_iter().map(|(i, points)| (colours[i], points)).collect()
}

pub(super) fn at_one_place(sites: &[Site]) -> &'static str {
    if sites.iter().any(|s| s.rows.len() > 1) { " Samples at one place are averaged." } else { "" }
}

/// Samples coloured by held-out residual.
pub fn residuals(cx: &Cx<'_>) -> Option<Figure> {
    let mut d = Drawn::new(cx)?;
    let rows = cx.rows;
    let error = |i: &usize| rows.predicted.get(*i).zip(rows.observed.get(*i)).map_or(f64::NAN, |(p, o)| p - o);
    let values: Vec<Option<f64>> = d.sites.iter().map(|s| mean(s.rows.iter().map(error))).collect();
    let sizes = sorted(values.iter().flatten().map(|v| v.abs()));
    let largest = *sizes.last()?;
    let limit = round_up(quantile(&sizes, 0.98));
    let colours: Vec<Rgb> = (0..STEPS).map(|i| Colours::Vik.at(i as f64 / (STEPS - 1) as f64)).collect();
    let step = |v: f64| (((v / limit).clamp(-1.0, 1.0) + 1.0) / 2.0 * (STEPS - 1) as f64).round() as usize;
    let layers = layered(&d.sites, &values, &colours, step, |i| i.abs_diff(STEPS / 2));
    d.layers(&layers);
    let (x, top, h) = (d.aside, d.map.area.1, d.map.area.3);
    let title = cx.in_unit("Predicted − observed");
    let reach = (h * 0.55).clamp(150.0, 280.0);
    let beyond = largest > limit;
    let end = colour_bar(&mut d.canvas, (x, top, WIDTH - x - 6.0, reach), &title, (-limit, limit, false), Colours::Vik, (beyond, beyond));
    let shown = values.iter().flatten().count();
    let over = values.iter().flatten().filter(|v| **v > 0.0).count();
    let caption = format!(
        "Held-out residuals of {} in place: red where the model predicts too much, blue where too little; the largest lie on top.{} {}",
        cx.record.chosen.model,
        at_one_place(&d.sites),
        d.map.describe()
    );
    let alt = format!(
        "Map of the held-out residuals of {} at {} places. Half of them are smaller than {}{}, 98 % smaller than {}; the model predicts too much at {} % of the places.",
        cx.record.chosen.model,
        count(shown),
        number(quantile(&sizes, 0.5)),
        cx.unit_suffix(),
        number(quantile(&sizes, 0.98)),
        number(100.0 * over as f64 / shown.max(1) as f64)
    );
    let canvas = d.finish(cx, end);
    Some(Figure::new(Words { name: "map-residuals", title: "Residuals on the map".to_owned(), alt, caption }, &canvas))
}

/// Samples coloured by the share of rows whose class was predicted wrongly.
pub fn errors(cx: &Cx<'_>) -> Option<Figure> {
    let rows = cx.rows;
    let wrong = |i: usize| match (rows.predicted.get(i), rows.observed.get(i)) {
        (Some(p), Some(o)) if p.is_finite() && o.is_finite() => f64::from(u8::from(p != o)),
        _ => f64::NAN,
    };
    let what = Shares {
        name: "map-errors",
        title: "Errors on the map",
        legend: "Share of rows predicted wrongly",
        caption: format!("Share of held-out rows whose class {} predicts wrongly, at each place.", cx.record.chosen.model),
        of: "whose class is predicted wrongly",
    };
    shares(cx, wrong, what)
}

/// Samples coloured by the share of rows whose observation lies outside its interval.
pub fn coverage(cx: &Cx<'_>) -> Option<Figure> {
    let (rows, intervals) = (cx.rows, cx.record.intervals.as_ref()?);
    let outside = |i: usize| match (rows.low.get(i), rows.observed.get(i), rows.high.get(i)) {
        (Some(l), Some(o), Some(h)) if l.is_finite() && h.is_finite() => f64::from(u8::from(!(*l..=*h).contains(o))),
        _ => f64::NAN,
    };
    let promised = number(100.0 * (1.0 - intervals.level));
    let what = Shares {
        name: "map-coverage",
        title: "Where the intervals miss",
        legend: "Share of rows outside",
        caption: format!(
            "Share of held-out rows outside their {} interval, at each place; {promised} % were promised. Bright places that lie together say that the intervals are too narrow there.",
            intervals.method
        ),
        of: "that lie outside their interval",
    };
    shares(cx, outside, what)
}

/// What a map of shares says in words.
struct Shares {
    name: &'static str,
    title: &'static str,
    legend: &'static str,
    caption: String,
    of: &'static str,
}

/// Samples coloured by the share of rows at their place of which something holds: 1 or 0 a row, NaN where unknown.
fn shares(cx: &Cx<'_>, holds: impl Fn(usize) -> f64, what: Shares) -> Option<Figure> {
    let mut d = Drawn::new(cx)?;
    let values: Vec<Option<f64>> = d.sites.iter().map(|s| mean(s.rows.iter().map(|&i| holds(i)))).collect();
    let shares = sorted(values.iter().flatten().copied());
    let most = *shares.last()?;
    let overall = mean((0..cx.rows.observed.len()).map(&holds))?;
    // One row a place is right or wrong; shares between need the whole scale.
    let limit = if most > 0.5 { 1.0 } else { round_up(most.max(0.05)).min(1.0) };
    let colours: Vec<Rgb> = (0..STEPS).map(|i| Colours::Viridis.at(i as f64 / (STEPS - 1) as f64)).collect();
    let step = |v: f64| ((v / limit).clamp(0.0, 1.0) * (STEPS - 1) as f64).round() as usize;
    let layers = layered(&d.sites, &values, &colours, step, |i| i);
    d.layers(&layers);
    let (x, top, h) = (d.aside, d.map.area.1, d.map.area.3);
    let end = colour_bar(
        &mut d.canvas,
        (x, top, WIDTH - x - 6.0, (h * 0.55).clamp(150.0, 280.0)),
        what.legend,
        (0.0, limit, false),
        Colours::Viridis,
        (false, false),
    );
    let caption = format!("{} {}", what.caption, d.map.describe());
    let alt = format!(
        "Map of {} places coloured by the share of held-out rows {}: {} overall, from {} to {} by place.",
        count(shares.len()),
        what.of,
        number(overall),
        number(shares[0]),
        number(most)
    );
    let canvas = d.finish(cx, end);
    Some(Figure::new(Words { name: what.name, title: what.title.to_owned(), alt, caption }, &canvas))
}

/// Samples coloured by their dissimilarity from the rows that their fold learned from; those outside the area of applicability are grey.
pub fn applicability(cx: &Cx<'_>) -> Option<Figure> {
    let area = cx.record.applicability.as_ref().filter(|a| a.threshold > 0.0)?;
    let mut d = Drawn::new(cx)?;
    let index = |i: &usize| cx.rows.dissimilarity.get(*i).copied().unwrap_or(f64::NAN);
    let values: Vec<Option<f64>> = d.sites.iter().map(|s| mean(s.rows.iter().map(index))).collect();
    let inside: Vec<Option<f64>> = values.iter().map(|v| v.filter(|v| *v <= area.threshold)).collect();
    let outside: Vec<(f64, f64)> =
        d.sites.iter().zip(&values).filter(|(_, v)| v.is_some_and(|v| v > area.threshold)).map(|(s, _)| s.at).collect();
    let (known, beyond) = (values.iter().flatten().count(), outside.len());
    if known == 0 {
        return None;
    }
    let colours: Vec<Rgb> = (0..STEPS).map(|i| Colours::Viridis.at(i as f64 / (STEPS - 1) as f64)).collect();
    let step = |v: f64| ((v / area.threshold).clamp(0.0, 1.0) * (STEPS - 1) as f64).round() as usize;
    let mut layers = layered(&d.sites, &inside, &colours, step, |i| i);
    layers.push((super::colour::GREY, outside));
    d.layers(&layers);
    let (x, top, h) = (d.aside, d.map.area.1, d.map.area.3);
    let reach = (h * 0.55).clamp(150.0, 280.0);
    let end = colour_bar(
        &mut d.canvas,
        (x, top, WIDTH - x - 6.0, reach),
        "Dissimilarity index",
        (0.0, area.threshold, false),
        Colours::Viridis,
        (false, false),
    );
    let item = [(format!("outside ({})", count(beyond)), super::colour::GREY)];
    let end = if beyond > 0 { swatches(&mut d.canvas, (x, end + 16.0, WIDTH - x - 6.0), "Area of applicability", &item, 6) } else { end };
    let caption = format!(
        "How unlike the rows its fold learned from each held-out sample is; grey ones lie outside the area of applicability.{} {}",
        at_one_place(&d.sites),
        d.map.describe()
    );
    let alt = format!(
        "Map of {} places coloured by the dissimilarity index of their samples, up to the threshold of {}; {} of them lie outside the area of applicability.",
        count(known),
        number(area.threshold),
        count(beyond)
    );
    let canvas = d.finish(cx, end);
    Some(Figure::new(Words { name: "map-applicability", title: "Dissimilarity on the map".to_owned(), alt, caption }, &canvas))
}

/// The folds' sites in rounds, so that where folds mix the last one does not hide the others.
fn shuffled_layers(by_fold: &[Vec<(f64, f64)>]) -> Vec<(Rgb, Vec<(f64, f64)>)> {
    let n = by_fold.len();
    let rounds = if n > 20 { 1 } else { 6 };
    let part = |f: usize, round: usize| by_fold[f].iter().enumerate().filter(|(i, _)| i % rounds == round).map(|(_, p)| *p).collect();
    (0..rounds).flat_map(|round| (0..n).map(move |k| ((k + round) % n, round))).map(|(f, round)| (category(f, n), part(f, round))).collect()
}

/// Samples coloured by the fold of the primary design that tests them.
pub fn folds(cx: &Cx<'_>) -> Option<Figure> {
    let design = cx.design().filter(|d| !d.folds.is_empty())?;
    let n = design.folds.len();
    let mut d = Drawn::new(cx)?;
    let fold = |i: usize| cx.rows.fold.get(i).copied().flatten().map(|f| f as usize).filter(|f| *f < n);
    let mut by_fold: Vec<Vec<(f64, f64)>> = vec![Vec::new(); n];
    let mut untested = Vec::new();
    let mut mixed = 0;
    for site in &d.sites {
        let mut here: Vec<usize> = site.rows.iter().filter_map(|r| fold(*r)).collect();
        here.sort_unstable();
        here.dedup();
        mixed += usize::from(here.len() > 1);
        match here.first() {
            Some(f) => by_fold[*f].push(site.at),
            None => untested.push(site.at),
        }
    }
    let never = untested.len();
    let mut layers = vec![(super::colour::GREY, untested)];
    layers.extend(shuffled_layers(&by_fold));
    d.layers(&layers);
    let mut items: Vec<(String, Rgb)> =
        design.folds.iter().enumerate().map(|(f, r)| (format!("{} ({})", r.label, count(r.test)), category(f, n))).collect();
    if never > 0 {
        items.push((format!("never tested ({})", count(never)), super::colour::GREY));
    }
    let rows = ((d.map.area.3 * 0.6) / 19.0).max(6.0) as usize;
    let x = d.aside;
    let end = swatches(&mut d.canvas, (x, d.map.area.1 - 4.0, WIDTH - x - 6.0), "Fold that tests the sample (rows)", &items, rows);
    let split = if mixed > 0 {
        format!(" At {} places samples are tested by several folds; the first is shown.", count(mixed))
    } else {
        String::new()
    };
    let caption = format!("Where the {n} folds of the design \"{}\" lie. {}{split} {}", design.label, design.description, d.map.describe());
    let alt = format!("Map of {} places coloured by the {n} folds of the design {}.", count(d.sites.len()), design.label);
    let canvas = d.finish(cx, end);
    Some(Figure::new(Words { name: "map-folds", title: "Folds on the map".to_owned(), alt, caption }, &canvas))
}
