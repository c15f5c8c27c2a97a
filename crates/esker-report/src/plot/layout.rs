//! Panels on a sheet: what each shows, where it stands, which scales it shares, letters and legends.

use esker_core::{Error, Result};

use super::axes::{Placed as PlacedAxis, Reach};
use super::colours::{Legend, Scale, Sizes, told};
use super::data::{Kind, Mark, Series};
use super::marks::{self, Frame, Hex, One};
use super::{Axis, Choice, MANY, MM, Plot, Space};
use crate::figure::axis::HEAD;
use crate::figure::canvas::{Canvas, Paint, Pen, Type};
use crate::figure::colour::GREY;
use crate::figure::legend::Key;
use crate::figure::scale::range;
use crate::figure::stats::{histogram, sorted};
use crate::figure::text::{count, fit, width as text_width};
use crate::figure::{Figure, Words};
use crate::map::{Ground, Map, Sites};

/// From this width on, legends stand in a column beside the panels.
const WIDE: f64 = 560.0;
const ASIDE: f64 = 150.0;
const GAP: f64 = 18.0;
/// Maps narrower than this (km) show no coast.
const NARROW: f64 = 100.0;
/// Of several maps narrower than this (user units), the first alone has a scale bar.
const SMALL_MAP: f64 = 260.0;
/// How the legend calls rows without a value.
const MISSING: &str = "missing";
/// Marks of a panel up to this number tell their values where the pointer rests; fewer where panels are many.
const TOLD: usize = 400;
/// Panels on one sheet at most.
const MOST: usize = 36;

/// One panel: a plot, or the rows of a facet of it.
struct Panel<'p, 'a> {
    plot: &'p Plot<'a>,
    /// Which plot of the sheet.
    group: usize,
    title: String,
    /// Rows of each mark.
    rows: Vec<Vec<usize>>,
    column: usize,
    row: usize,
    /// Whether another panel of the same scales stands left of it, or below.
    inner: (bool, bool),
    /// Room of the titles of axes above the panels of its row.
    named: f64,
}

impl Panel<'_, '_> {
    /// Whether its place on the sheet stays free.
    fn is_blank(&self) -> bool {
        self.plot.marks.is_empty()
    }
}

/// What a plot's axes reach over, and the bins of its histograms.
struct Trained {
    x: Reach,
    y: Reach,
    bins: Vec<Vec<f64>>,
}

/// Draws plots side by side on a sheet `width` user units wide, `columns` in a row, under letters where they are several.
///
/// # Errors
/// As [`Plot::draw`].
pub fn sheet(name: &str, title: &str, plots: &[Plot<'_>], width: f64, columns: usize) -> Result<Figure> {
    for mark in plots.iter().flat_map(|p| &p.marks) {
        mark.check()?;
    }
    let mut panels = expanded(plots, columns.max(1))?;
    let columns = panels.iter().map(|p| p.column + 1).max().unwrap_or(1);
    if panels.is_empty() || plots.iter().all(|p| p.marks.is_empty()) {
        return Err(Error::data(format!("figure '{name}'")).rule("there is nothing to draw"));
    }
    let trained: Vec<Trained> = panels.iter().map(|p| train(p, &panels)).collect::<Result<_>>()?;
    let layout = Layout::new(&mut panels, &trained, (width, columns))?;
    let hexes: Vec<Vec<Vec<Hex>>> = panels.iter().zip(&layout.frames).map(|(p, f)| hexagons(p, f)).collect();
    let legend = legend(plots, &panels, &hexes);
    let below = if layout.aside || legend.is_empty() { 0.0 } else { legend.below(width - 16.0) + 8.0 };
    let right = layout.frames.iter().map(|f| f.area().0 + f.area().2).fold(0.0, f64::max);
    let aside = ((right + 14.0).min(width - ASIDE + 4.0), layout.first_top - 8.0, ASIDE - 10.0);
    let legend_ends = if layout.aside { legend.draw_aside(&mut Canvas::new(width, 10.0), aside) + 8.0 } else { 0.0 };
    let mut c = Canvas::new(width, (layout.height + below).max(legend_ends));
    c.paper = Some(width * MM);
    let heading = plots.first().map_or("", |p| p.heading.as_str());
    if !heading.is_empty() && (plots.len() == 1 || panels.len() > plots.len()) {
        c.text((8.0, 22.0), &fit(heading, HEAD + 1.0, true, width - 16.0), Type::new(HEAD + 1.0).bold());
    }
    for (i, panel) in panels.iter().enumerate().filter(|(_, p)| !p.is_blank()) {
        let letter = (panels.len() > 1 && panel.plot.lettered).then(|| letter(i));
        draw_panel(&mut c, panel, &layout.frames[i], (&trained[i], &legend, &hexes[i], TOLD.min(6 * TOLD / panels.len())), letter);
    }
    if layout.aside {
        let end = legend.draw_aside(&mut c, aside);
        if let (Frame::Map { map, .. }, [_]) = (&layout.frames[0], &panels[..])
            && layout.frames[0].area().1 + layout.frames[0].area().3 - end > 90.0
        {
            map.draw_locator(&mut c, (aside.0, layout.frames[0].area().1 + layout.frames[0].area().3 - 66.0), 136.0);
        }
    } else if !legend.is_empty() {
        legend.draw_below(&mut c, (8.0, layout.height - 4.0, width - 16.0));
    }
    let alt = plots.iter().map(|p| &p.alt).find(|a| !a.is_empty()).cloned().unwrap_or_else(|| alt(&panels, &trained));
    let words = Words { name: "", title: title.to_owned(), alt, caption: caption(plots, &layout.frames) };
    Ok(Figure::named(name, words, &c))
}

fn letter(i: usize) -> String {
    let sign = |k: usize| char::from(b'a' + (k % 26) as u8);
    if i < 26 { sign(i).to_string() } else { format!("{}{}", sign(i / 26 - 1), sign(i)) }
}

/// The panels of all plots in their rows and columns.
fn expanded<'p, 'a>(plots: &'p [Plot<'a>], columns: usize) -> Result<Vec<Panel<'p, 'a>>> {
    let mut panels = Vec::new();
    let mut wrap = columns;
    for (group, plot) in plots.iter().enumerate() {
        let facets = plot.facets.unwrap_or_default();
        let levels = |s: Option<Series<'a>>| -> Result<Vec<Option<(Series<'a>, usize)>>> {
            let Some(s) = s else { return Ok(vec![None]) };
            let Some(levels) = s.levels() else {
                let rule = "panels are made by classes";
                return Err(Error::usage(format!("facet '{}'", s.name)).got("numbers").rule(rule));
            };
            let used: Vec<usize> = (0..levels.len()).filter(|l| (0..s.len()).any(|r| s.at(r) == *l as f64)).collect();
            Ok(used.into_iter().map(|l| Some((s, l))).collect())
        };
        let (rows, across) = (levels(facets.rows)?, levels(facets.columns)?);
        if plots.len() == 1 && (facets.rows.is_some() || facets.columns.is_some()) {
            wrap = if facets.rows.is_some() {
                across.len()
            } else {
                facets.wrap.unwrap_or((across.len() as f64).sqrt().ceil() as usize).max(1)
            };
        }
        for r in &rows {
            for a in &across {
                let wanted: Vec<(Series<'a>, usize)> = [r, a].into_iter().flatten().copied().collect();
                let name = |(s, l): &(Series<'a>, usize)| s.levels().map(|n| n[*l].clone()).unwrap_or_default();
                let mut title = wanted.iter().map(name).collect::<Vec<_>>().join(", ");
                if title.is_empty() && plots.len() > 1 {
                    title.clone_from(&plot.heading);
                }
                let keep = |m: &Mark<'a>, row: usize| wanted.iter().all(|(s, l)| s.len() != m.rows() || s.at(row) == *l as f64);
                let rows = plot.marks.iter().map(|m| (0..m.rows()).filter(|&i| keep(m, i)).collect()).collect();
                panels.push(Panel { plot, group, title, rows, column: 0, row: 0, inner: (false, false), named: 0.0 });
            }
        }
    }
    if panels.len() > MOST {
        return Err(Error::usage("figure").got(format!("{} panels", panels.len())).rule(format!("at most {MOST} fit a sheet")));
    }
    let n = panels.len();
    for (i, p) in panels.iter_mut().enumerate() {
        let shared = p.plot.facets.is_some_and(|f| !f.free) && !matches!(p.plot.space, Space::Map(_));
        (p.column, p.row) = (i % wrap, i / wrap);
        p.inner = (p.plot.y.quiet || shared && p.column > 0, p.plot.x.quiet || shared && i + wrap < n);
    }
    Ok(panels)
}

/// Whether points are too many to be drawn one by one.
pub(super) fn lightened(mark: &Mark<'_>) -> bool {
    mark.kind == Kind::Points && mark.rows() > MANY && mark.size.is_none() && mark.colour.is_none_or(|c| c.levels().is_none())
}

fn is_hexagons(mark: &Mark<'_>) -> bool {
    mark.kind == Kind::Hexagons || lightened(mark)
}

/// What the axes of a panel reach over: those of all panels of its plot, where they are shared.
fn train(panel: &Panel<'_, '_>, all: &[Panel<'_, '_>]) -> Result<Trained> {
    let plot = panel.plot;
    let free = plot.facets.is_some_and(|f| f.free);
    let alike: Vec<&Panel<'_, '_>> = all.iter().filter(|p| if free { std::ptr::eq(*p, panel) } else { p.group == panel.group }).collect();
    let (mut x, mut y) = (Reach::default(), Reach::default());
    let mut bins = Vec::new();
    for (i, mark) in plot.marks.iter().enumerate() {
        let rows: Vec<usize> = alike.iter().flat_map(|p| p.rows[i].iter().copied()).collect();
        let edges = if let (Kind::Histogram, Some(s)) = (mark.kind, &mark.x) { edges(s, &rows, plot.x.log) } else { Vec::new() };
        for s in [&mark.x, &mark.x2].into_iter().flatten() {
            x.series(s, &rows, plot.x.log)?;
        }
        for s in [&mark.y, &mark.y2].into_iter().flatten() {
            y.series(s, &rows, plot.y.log)?;
        }
        match mark.kind {
            Kind::Points | Kind::Hexagons | Kind::Text | Kind::Line | Kind::Step => (x.loose, y.loose) = (true, true),
            Kind::Band | Kind::RuleX | Kind::RuleY | Kind::Boxes => y.loose = true,
            Kind::Bars => {
                let (values, log) = if mark.lies() { (&mut x, plot.x.log) } else { (&mut y, plot.y.log) };
                values.numbers([0.0], log);
                for p in &alike {
                    values.numbers(marks::stacked(mark, &p.rows[i]).into_values(), log);
                }
                x.loose |= mark.x2.is_none() && !mark.lies();
            }
            Kind::Quantiles(five) => {
                (x.loose, y.loose) = (true, true);
                y.numbers(rows.iter().flat_map(|&r| five[r]), plot.y.log);
            }
            Kind::Histogram => {
                x.numbers(edges.iter().copied(), plot.x.log);
                y.name("count");
                let most = alike.iter().map(|p| marks::counted(mark, &p.rows[i], &edges).into_iter().max().unwrap_or(0)).max();
                y.numbers([0.0, most.unwrap_or(0) as f64 * 1.04], false);
            }
            Kind::Cells(grid) => {
                x.name(&Series::numbers(grid.x_name.0, grid.x_name.1, &[]).title());
                y.name(&Series::numbers(grid.y_name.0, grid.y_name.1, &[]).title());
                x.numbers(super::cells::edges(grid.x), plot.x.log);
                y.numbers(super::cells::edges(grid.y), plot.y.log);
            }
            Kind::Shapes(parts, _) => {
                for p in rows.iter().flat_map(|&r| parts[r].iter().flatten()) {
                    x.numbers([p[0]], plot.x.log);
                    y.numbers([p[1]], plot.y.log);
                }
            }
        }
        bins.push(edges);
    }
    if !panel.is_blank()
        && matches!(plot.space, Space::Plane)
        && (x.is_empty() && plot.x.domain.is_none() || y.is_empty() && plot.y.domain.is_none())
    {
        return Err(Error::data(format!("figure '{}'", plot.name)).rule("no value is left to draw on its axes"));
    }
    Ok(Trained { x, y, bins })
}

/// Edges of the bins of a histogram.
fn edges(s: &Series<'_>, rows: &[usize], log: bool) -> Vec<f64> {
    if let Some(levels) = s.levels() {
        return (0..=levels.len()).map(|i| i as f64 - 0.5).collect();
    }
    let turned = |v: f64| if log { v.ln() } else { v };
    let known = sorted(rows.iter().map(|&r| turned(s.at(r))));
    if known.is_empty() {
        return Vec::new();
    }
    let h = histogram(&known);
    (0..=h.counts.len()).map(|i| h.low + h.width * i as f64).map(|v| if log { v.exp() } else { v }).collect()
}

/// Where everything stands.
struct Layout {
    frames: Vec<Frame>,
    /// Whether legends stand in a column beside.
    aside: bool,
    first_top: f64,
    height: f64,
}

impl Layout {
    fn new(panels: &mut [Panel<'_, '_>], trained: &[Trained], (width, columns): (f64, usize)) -> Result<Self> {
        let rows = panels.iter().map(|p| p.row + 1).max().unwrap_or(1);
        let aside = width >= WIDE && panels.iter().any(|p| p.plot.marks.iter().any(has_legend));
        let room = width - 10.0 - if aside { ASIDE } else { 0.0 };
        let rough = (room / columns as f64 - 60.0).max(40.0);
        let lefts: Vec<f64> = (0..columns)
            .map(|k| panels.iter().zip(trained).filter(|(p, _)| p.column == k).map(|(p, t)| left(p, t, rough)).fold(0.0, f64::max))
            .collect();
        let w = ((room - lefts.iter().sum::<f64>() - GAP * (columns - 1) as f64) / columns as f64).max(30.0);
        let heading = panels.first().is_some_and(|p| !p.plot.heading.is_empty() && p.title != p.plot.heading);
        let mut top = if heading { 30.0 } else { 4.0 };
        let several = panels.len() > 1;
        // How much of its width each column needs: maps may be narrow.
        let mut used = vec![0f64; columns];
        let mut frames: Vec<Option<Frame>> = panels.iter().map(|_| None).collect();
        let mut first_top = 0.0;
        for row in 0..rows {
            let here: Vec<usize> = (0..panels.len()).filter(|&i| panels[i].row == row).collect();
            let named = here.iter().map(|&i| above(&panels[i], &trained[i], w)).fold(0.0, f64::max);
            let titled = several && here.iter().any(|&i| panels[i].plot.lettered || !panels[i].title.is_empty());
            top += if titled { 22.0 } else { 0.0 } + 10.0 + named;
            here.iter().for_each(|&i| panels[i].named = named);
            first_top = if row == 0 { top } else { first_top };
            let mut lowest = top;
            for &i in &here {
                let x = (0..panels[i].column).map(|k| lefts[k] + w + GAP).sum::<f64>() + lefts[panels[i].column];
                let (frame, below) = frame(&panels[i], panels, &trained[i], (x, top, w, width))?;
                if !panels[i].is_blank() {
                    lowest = lowest.max(top + frame.area().3 + below);
                    used[panels[i].column] = used[panels[i].column].max(frame.area().2);
                }
                frames[i] = Some(frame);
            }
            top = lowest;
        }
        let mut frames: Vec<Frame> = frames.into_iter().flatten().collect();
        for (frame, p) in frames.iter_mut().zip(panels.iter()) {
            if let Frame::Map { map, .. } = frame {
                map.area.0 -= used[..p.column].iter().map(|u| w - u).sum::<f64>();
            }
        }
        Ok(Self { frames, aside, first_top, height: top + 6.0 })
    }
}

fn has_legend(mark: &Mark<'_>) -> bool {
    let keyed = mark.key.as_ref().is_some_and(|(name, _)| !name.is_empty());
    mark.colour.is_some() || mark.size.is_some() || keyed || is_hexagons(mark) || matches!(mark.kind, Kind::Cells(_))
}

/// Room of the title of the vertical axis above a panel.
fn above(p: &Panel<'_, '_>, t: &Trained, w: f64) -> f64 {
    match p.plot.space {
        _ if p.is_blank() => 0.0,
        Space::Map(choice) if choice != Choice::Plain => 0.0,
        Space::Map(_) | Space::Square => 16.0,
        Space::Plane if p.inner.0 => 0.0,
        Space::Plane => {
            let h = height(p, w);
            PlacedAxis::new(&t.y, &p.plot.y, h, 0.0).above((w, h))
        }
    }
}

/// Height of a panel on a plane.
fn height(p: &Panel<'_, '_>, w: f64) -> f64 {
    p.plot.tall.unwrap_or((w * p.plot.shape).max(60.0))
}

/// Room left of a panel.
fn left(p: &Panel<'_, '_>, t: &Trained, rough: f64) -> f64 {
    match p.plot.space {
        _ if p.is_blank() => 6.0,
        Space::Map(Choice::Plain) | Space::Square => 64.0,
        Space::Map(_) => 52.0,
        Space::Plane if p.inner.0 => 6.0,
        Space::Plane => {
            let h = height(p, rough);
            PlacedAxis::new(&t.y, &p.plot.y, h, 0.0).beside(h).max(20.0)
        }
    }
}

/// The frame of a panel at a corner, and the room it needs below.
fn frame(p: &Panel<'_, '_>, all: &[Panel<'_, '_>], t: &Trained, (x, top, w, room): (f64, f64, f64, f64)) -> Result<(Frame, f64)> {
    let choice = match p.plot.space {
        _ if p.is_blank() => {
            let nowhere = Reach::default();
            let axis = |from, to| PlacedAxis::new(&nowhere, &p.plot.x, from, to);
            return Ok((Frame::Plane { area: (x, top, w, 0.0), x: axis(x, x + w), y: axis(top, top + 1.0) }, 0.0));
        }
        Space::Plane => {
            let h = height(p, w);
            let mut across = PlacedAxis::new(&t.x, &p.plot.x, x, x + w);
            // Titles of neighbours must not meet.
            let alone = all.iter().all(|q| q.column == 0);
            across.room = if alone { w + 2.0 * x.min(room - x - w) } else { w + GAP }.max(60.0);
            let frame = Frame::Plane { area: (x, top, w, h), x: across, y: PlacedAxis::new(&t.y, &p.plot.y, top + h, top) };
            let below = match &frame {
                Frame::Plane { x: axis, .. } if !p.inner.1 => axis.below(w),
                _ => 12.0,
            };
            return Ok((frame, below));
        }
        Space::Square => Choice::Plain,
        Space::Map(choice) => choice,
    };
    let plane = choice == Choice::Plain;
    let places: Vec<(f64, f64)> = all.iter().filter(|q| q.group == p.group).flat_map(places).collect();
    let scaled = if plane { places.into_iter().map(|(x, y)| (x / 1000.0, y / 1000.0)).collect() } else { places };
    let sites = Sites { points: scaled, geographic: !plane };
    let map = Map::chosen(&sites, choice, (x, top), (w, (w * 1.05).min(p.plot.tall.unwrap_or(640.0))));
    let mut map = map.ok_or_else(|| Error::data(format!("figure '{}'", p.plot.name)).rule("no row has a place on the map"))?;
    map.area.0 = x;
    let below = if map.ground == Ground::Plane {
        46.0
    } else if map.window.x1 - map.window.x0 > 12_000.0 {
        40.0
    } else {
        26.0
    };
    Ok((Frame::Map { map, metres: plane }, below))
}

/// Places (degrees, or coordinates of a plane) that a panel's map must show.
fn places(p: &Panel<'_, '_>) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    for (mark, rows) in p.plot.marks.iter().zip(&p.rows) {
        match (&mark.kind, &mark.x, &mark.y) {
            (Kind::Cells(grid), ..) => out.extend(grid.rim(matches!(p.plot.space, Space::Square | Space::Map(Choice::Plain)))),
            (Kind::Shapes(parts, _), ..) => out.extend(rows.iter().flat_map(|&r| parts[r].iter().flatten().map(|q| (q[0], q[1])))),
            (_, Some(x), Some(y)) => out.extend(rows.iter().map(|&r| (x.at(r), y.at(r)))),
            _ => {}
        }
    }
    out
}

/// Hexagons of each mark that is drawn so.
fn hexagons(p: &Panel<'_, '_>, frame: &Frame) -> Vec<Vec<Hex>> {
    let each = |(m, rows): (&Mark<'_>, &Vec<usize>)| if is_hexagons(m) { marks::gather(m, rows, frame) } else { Vec::new() };
    p.plot.marks.iter().zip(&p.rows).map(each).collect()
}

/// The title of what colours a mark.
pub(super) fn colour_title(mark: &Mark<'_>, style: &Axis) -> Option<String> {
    let title = match (&mark.kind, &mark.colour) {
        (Kind::Cells(grid), _) => grid.title(),
        (_, Some(s)) if is_hexagons(mark) => format!("mean {}", s.title()),
        (_, Some(s)) => s.title(),
        _ if is_hexagons(mark) => "count".to_owned(),
        _ => return None,
    };
    Some(style.title.clone().unwrap_or(title))
}

/// The scales of all marks; equal titles share one.
fn legend(plots: &[Plot<'_>], panels: &[Panel<'_, '_>], hexes: &[Vec<Vec<Hex>>]) -> Legend {
    let mut out = Legend::default();
    for plot in plots {
        for mark in &plot.marks {
            if let Some(title) = colour_title(mark, &plot.colour).filter(|t| out.scale(t).is_none()) {
                let scale = colour_scale(&title, plot, mark, (plots, panels, hexes));
                out.scales.push((title, scale));
            }
            if let (Some(s), None) = (&mark.size, &out.sizes)
                && let Some((low, high)) = range(&(0..s.len()).map(|r| s.at(r)).collect::<Vec<f64>>())
            {
                out.sizes = Some(Sizes { title: s.title(), low, high, rows: s.len() });
            }
            if let Some((name, colour)) = mark.key.as_ref().filter(|k| !k.0.is_empty() && out.keys.iter().all(|(n, _)| *n != k.0)) {
                let paint = Paint::Rgb(*colour);
                let line = matches!(mark.kind, Kind::Line | Kind::Step | Kind::RuleX | Kind::RuleY | Kind::Shapes(_, false));
                out.keys.push((name.clone(), if line { Key::Line(Pen::new(paint, 2.0)) } else { Key::Dot(paint) }));
            }
            let grey = marks::greys(mark) && mark.colour.is_some_and(|s| (0..s.len()).any(|r| !s.at(r).is_finite()));
            if grey && out.keys.iter().all(|(n, _)| n != MISSING) {
                out.keys.push((MISSING.to_owned(), Key::Dot(Paint::Rgb(GREY))));
            }
        }
    }
    out
}

type Sheet<'s, 'a> = (&'s [Plot<'a>], &'s [Panel<'s, 'a>], &'s [Vec<Vec<Hex>>]);

fn colour_scale(title: &str, plot: &Plot<'_>, mark: &Mark<'_>, (plots, panels, hexes): Sheet<'_, '_>) -> Scale {
    let levels = match (&mark.kind, &mark.colour) {
        (Kind::Cells(grid), _) if !grid.levels.is_empty() => Some(grid.levels),
        (Kind::Cells(_), _) => None,
        (_, Some(s)) if !is_hexagons(mark) => s.levels(),
        _ => None,
    };
    if let Some(levels) = levels {
        return Scale::Classes(levels.to_vec());
    }
    let mut values: Vec<f64> = Vec::new();
    for p in plots {
        for m in p.marks.iter().filter(|m| colour_title(m, &p.colour).as_deref() == Some(title) && !is_hexagons(m)) {
            match (&m.kind, &m.colour) {
                (Kind::Cells(grid), _) => values.extend(grid.values),
                (_, Some(s)) => values.extend((0..s.len()).map(|r| s.at(r))),
                _ => {}
            }
        }
    }
    for (panel, hexes) in panels.iter().zip(hexes) {
        for (m, hexes) in panel.plot.marks.iter().zip(hexes) {
            if colour_title(m, &panel.plot.colour).as_deref() == Some(title) {
                values.extend(hexes.iter().map(|h| h.value));
            }
        }
    }
    let mut style = plot.colour.clone();
    if is_hexagons(mark) && mark.colour.is_none() {
        let known = sorted(values.iter().copied());
        style.log |= known.last().is_some_and(|most| *most > 30.0 * known[known.len() / 2]);
        style.domain = style.domain.or(known.last().map(|most| (1.0, *most)));
    }
    Scale::of_numbers(values, &style)
}

type Shared<'s> = (&'s Trained, &'s Legend, &'s [Vec<Hex>], usize);

fn draw_panel(c: &mut Canvas, p: &Panel<'_, '_>, frame: &Frame, (trained, legend, hexes, told): Shared<'_>, letter: Option<String>) {
    let one = |i: usize| One {
        frame,
        legend,
        rows: &p.rows[i],
        hexes: &hexes[i],
        bins: &trained.bins[i],
        pixels: p.plot.pixels,
        told,
        colour: colour_title(&p.plot.marks[i], &p.plot.colour).unwrap_or_default(),
    };
    let is_cells = |m: &Mark<'_>| matches!(m.kind, Kind::Cells(_));
    let marks = &p.plot.marks;
    match frame {
        Frame::Plane { area, x, y } => {
            y.draw_y(c, *area, !p.inner.0);
            (0..marks.len()).filter(|&i| is_cells(&marks[i])).for_each(|i| marks::draw(c, &marks[i], &one(i)));
            x.draw_x(c, *area, !p.inner.1);
            c.clipped(*area, |c| (0..marks.len()).filter(|&i| !is_cells(&marks[i])).for_each(|i| marks::draw(c, &marks[i], &one(i))));
        }
        Frame::Map { map, .. } => {
            // On a narrower map the coast of a 1:50 million map stands beside the shore.
            let coast = map.window.x1 - map.window.x0 > NARROW && map.ground != Ground::Plane;
            if coast {
                map.draw_ground(c);
                map.draw_ice_and_rivers(c);
            }
            (0..marks.len()).filter(|&i| is_cells(&marks[i])).for_each(|i| marks::draw(c, &marks[i], &one(i)));
            if coast && marks.iter().any(is_cells) {
                map.draw_coast(c);
            }
            if map.ground != Ground::Plane && (!coast || marks.iter().any(is_cells)) {
                c.clipped_to(&map.edge(), |c| map.draw_graticule(c));
            }
            c.clipped_to(&map.edge(), |c| {
                (0..marks.len()).filter(|&i| !is_cells(&marks[i])).for_each(|i| marks::draw(c, &marks[i], &one(i)));
            });
            if map.area.2 < SMALL_MAP && letter.as_deref().is_some_and(|l| l != "a") {
                map.draw_rim(c);
                return name_panel(c, p, frame, letter);
            }
            let places: Vec<(f64, f64)> = places(p).into_iter().filter_map(|(x, y)| frame.at(x, y)).collect();
            map.draw_frame(c, if marks.iter().any(is_cells) { &[] } else { &places });
        }
    }
    name_panel(c, p, frame, letter);
}

/// The letter and the title above a panel.
fn name_panel(c: &mut Canvas, p: &Panel<'_, '_>, frame: &Frame, letter: Option<String>) {
    let (left, top, w, _) = frame.area();
    // Above the titles of the axes.
    let y = top - if p.named > 0.0 { 16.0 + p.named } else { 8.0 };
    let mut x = match frame {
        Frame::Plane { area, y: axis, .. } if !p.inner.0 => (left + 6.0 - axis.beside(area.3)).max(0.0),
        _ => left,
    };
    if let Some(letter) = letter {
        c.text((x, y), &letter, Type::new(HEAD).bold());
        x += text_width(&letter, HEAD, true) + 8.0;
    }
    if !p.title.is_empty() {
        c.text((x, y), &fit(&p.title, HEAD, false, left + w - x), Type::new(HEAD));
    }
}

/// What the figure shows for readers who cannot see it.
fn alt(panels: &[Panel<'_, '_>], trained: &[Trained]) -> String {
    let mut out = Vec::new();
    for (i, mark) in panels[0].plot.marks.iter().enumerate() {
        let rows: usize = panels.iter().filter(|p| p.group == panels[0].group).map(|p| p.rows[i].len()).sum();
        let what = match mark.kind {
            Kind::Cells(g) => {
                let ends = range(g.values).map_or(String::new(), |(a, b)| format!(", {}", told(a, b)));
                out.push(format!("A grid of {} rows and {} columns of {}{ends}.", count(g.y.len()), count(g.x.len()), g.title()));
                continue;
            }
            Kind::Points => "points",
            Kind::Line | Kind::Step => "points of a line",
            Kind::Band => "points of a band",
            Kind::Bars => "bars",
            Kind::Histogram => "values of a histogram",
            Kind::Hexagons => "points in hexagons",
            Kind::Boxes => "values in boxes",
            Kind::Quantiles(_) => "boxes",
            Kind::Shapes(_, true) => "areas",
            Kind::Shapes(_, false) => "lines",
            Kind::Text => "texts",
            Kind::RuleX | Kind::RuleY => continue,
        };
        let axes: Vec<String> = [&mark.y, &mark.x].into_iter().flatten().map(Series::title).collect();
        let of = if axes.is_empty() { String::new() } else { format!(" of {}", axes.join(" against ")) };
        let by = mark.colour.map_or(String::new(), |s| format!(", coloured by {}", s.title()));
        out.push(format!("{} {what}{of}{by}.", count(rows)));
    }
    if let (Space::Plane, [t]) = (panels[0].plot.space, trained) {
        for r in [&t.x, &t.y].into_iter().filter(|r| r.levels.is_none()) {
            out.push(format!("{}: {}.", r.title, r.told()));
        }
    }
    if panels.len() > 1 {
        out.push(format!("{} panels.", panels.len()));
    }
    out.join(" ")
}

fn caption(plots: &[Plot<'_>], frames: &[Frame]) -> String {
    let mut out: Vec<String> = plots.iter().map(|p| p.caption.clone()).filter(|c| !c.is_empty()).collect();
    for frame in frames {
        if let Frame::Map { map, .. } = frame {
            out.push(map.describe());
        }
    }
    for mark in plots.iter().flat_map(|p| &p.marks).filter(|m| lightened(m)) {
        out.push(format!("The {} points are gathered in hexagons.", count(mark.rows())));
    }
    out.dedup();
    out.join(" ")
}
