//! What lies under and over the samples: land, water, ice, graticule, frame, scale bar, a locator of the world.

use super::clip::{self, Window};
use super::land::{Ring, artificial, world};
use super::projection::{Projection, RADIUS};
use super::{Ground, Map};
use crate::figure::axis::{BODY, Panel, SMALL};
use crate::figure::canvas::{Canvas, Paint, Path, Pen, Type};
use crate::figure::colour::{Rgb, VERMILION};
use crate::figure::text::{fixed, width};

/// Detail below this many user units is dropped.
const DETAIL: f64 = 0.7;
/// Maps wider than this (km) use the coarse coastline.
const COARSE: f64 = 9000.0;
/// Rivers of a 1:110 million map stand beside their beds on maps narrower than this (km).
const RIVERS: f64 = 1500.0;
/// Rivers, and glaciers in part see-through: legible on a light and on a dark page.
const WATER: Rgb = Rgb(0x5B, 0x9B, 0xC8);
const ICE: Rgb = Rgb(0xA9, 0xD3, 0xEC);
const STEPS: [f64; 15] = [60.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002];

fn degrees(v: f64, step: f64, letters: (&str, &str)) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let side = if v.abs() < step / 1e3 || (v.abs() - 180.0).abs() < step / 1e3 {
        ""
    } else if v < 0.0 {
        letters.1
    } else {
        letters.0
    };
    format!("{}°{side}", fixed(v.abs(), decimals))
}

/// The coarsest step that gives about `wanted` lines over `span` degrees.
fn step(span: f64, wanted: f64) -> f64 {
    STEPS.into_iter().find(|s| span / s >= wanted).unwrap_or(STEPS[STEPS.len() - 1])
}

impl Map {
    /// Land, lakes and graticule, cut off at the frame.
    pub fn draw_ground(&self, c: &mut Canvas) {
        if self.ground == Ground::Plane {
            return;
        }
        let edge = self.edge();
        let wide = self.window.x1 - self.window.x0 > COARSE;
        let all = world();
        c.clipped_to(&edge, |c| {
            self.draw_rings(c, if wide { &all.coarse } else { &all.land }, Paint::Land);
            if !wide {
                self.draw_rings(c, &all.lakes, Paint::Paper);
            }
            self.draw_graticule(c);
        });
    }

    /// Glaciers and rivers, to stand on the land.
    pub fn draw_ice_and_rivers(&self, c: &mut Canvas) {
        if self.ground == Ground::Plane {
            return;
        }
        let (view, all, span) = (self.view(), world(), self.window.x1 - self.window.x0);
        let (ice, lakes) = if span > COARSE { (&all.coarse_ice, Some(&all.coarse_lakes)) } else { (&all.ice, None) };
        let ice = self.filled(ice, &view);
        let rivers = if span > RIVERS { self.lines(&all.rivers, &view) } else { Path::new() };
        c.clipped_to(&self.edge(), |c| {
            c.area(&ice, Paint::Rgb(ICE), 0.55);
            c.stroke(&rivers, Pen::new(Paint::Rgb(WATER), 0.7));
            if let Some(lakes) = lakes {
                self.draw_rings(c, lakes, Paint::Paper);
            }
        });
    }

    /// Coasts alone, to stand on top of a coloured map.
    pub fn draw_coast(&self, c: &mut Canvas) {
        if self.ground == Ground::Plane {
            return;
        }
        let rings = if self.window.x1 - self.window.x0 > COARSE { &world().coarse } else { &world().land };
        let coast = self.coast(rings, &self.view());
        c.clipped_to(&self.edge(), |c| c.stroke(&coast, Pen::new(Paint::Ink, 0.8)));
    }

    /// Frame, degree labels (or axes in km) and scale bar; `points` are positions that the bar keeps clear of.
    pub fn draw_frame(&self, c: &mut Canvas, points: &[(f64, f64)]) {
        self.draw_rim(c);
        self.draw_scale_bar(c, points);
    }

    /// Frame and degree labels (or axes in km).
    pub fn draw_rim(&self, c: &mut Canvas) {
        let (left, top, w, h) = self.area;
        if self.ground == Ground::Plane {
            let panel = Panel::new(self.area, (self.window.x0, self.window.x1), (self.window.y0, self.window.y1));
            panel.x_axis(c, "Easting (km)", false);
            panel.y_axis(c, "Northing (km)", false);
            c.frame((left, top, w, h), Pen::new(Paint::Faint, 1.0));
        } else {
            c.stroke(&self.edge(), Pen::new(Paint::Muted, 1.0));
            self.label_graticule(c);
        }
    }

    /// The rim: a rectangle, or the outline of the world.
    pub fn edge(&self) -> Path {
        let (left, top, w, h) = self.area;
        let mut path = Path::new();
        match self.ground {
            Ground::Globe(Projection::Orthographic { .. }) => path.line(&self.rim(), true),
            Ground::Globe(p) if self.is_world() => {
                let lon = p.centre_lon();
                let side = |sign: f64| move |i: i32| p.forward(lon + sign * 180.0, sign * (90.0 - 3.0 * f64::from(i)));
                let outline: Vec<(f64, f64)> =
                    (0..=60).filter_map(side(1.0)).chain((0..=60).filter_map(side(-1.0))).map(|q| self.place(q)).collect();
                path.line(&outline, true);
            }
            _ => path.line(&[(left, top), (left + w, top), (left + w, top + h), (left, top + h)], true),
        }
        path
    }

    /// The rim of the globe.
    fn rim(&self) -> Vec<(f64, f64)> {
        let turn = |i: i32| f64::from(i).to_radians().sin_cos();
        (0..360).map(|i| self.place((RADIUS * turn(i).0, RADIUS * turn(i).1))).collect()
    }

    /// Rings on the globe: what lies on the far side is drawn along the rim, so that areas stay closed.
    fn on_globe(&self, rings: &[Ring], p: Projection) -> Path {
        let Projection::Orthographic { lon, lat } = p else { return Path::new() };
        let (s0, c0) = lat.to_radians().sin_cos();
        let opposite = (super::wrapped(lon + 180.0), -lat);
        let mut path = Path::new();
        for ring in rings {
            let points = clip::densified(&ring.points, 2.0);
            let mut seen = false;
            let placed: Vec<(f64, f64)> = points
                .iter()
                .map(|q| {
                    let ((s, c), (sl, cl)) = (q.1.to_radians().sin_cos(), (q.0 - lon).to_radians().sin_cos());
                    let (x, y) = (c * sl, c0 * s - s0 * c * cl);
                    let far = s0 * s + c0 * c * cl < 0.0;
                    seen |= !far;
                    let stretch = if far { 1.0 / x.hypot(y).max(1e-9) } else { 1.0 };
                    self.place((x * stretch * RADIUS, y * stretch * RADIUS))
                })
                .collect();
            if !seen {
                continue;
            }
            path.line(&clip::thinned(&placed, DETAIL), true);
            if holds(&ring.points, opposite) {
                path.line(&self.rim(), true);
            }
        }
        path
    }

    fn frame(&self) -> Window {
        let (left, top, w, h) = self.area;
        Window { x0: left, y0: top, x1: left + w, y1: top + h }
    }

    fn draw_rings(&self, c: &mut Canvas, rings: &[Ring], fill: Paint) {
        let view = self.view();
        let coast = Pen::new(Paint::Faint, 0.7);
        if let Ground::Globe(p @ Projection::Orthographic { .. }) = self.ground {
            c.fill(&self.on_globe(rings, p), fill, None);
            return c.stroke(&self.coast(rings, &view), coast);
        }
        let area = self.filled(rings, &view);
        // The world's rings are cut at the date line and at the pole; where such a cut is in view it is no coast.
        let seam = !self.is_world() && (view.x0 < -180.0 || view.x1 > 180.0 || view.y0 <= -89.0 || view.x1 - view.x0 > 350.0);
        c.fill(&area, fill, (!seam).then_some(coast));
        if seam {
            c.stroke(&self.coast(rings, &view), coast);
        }
    }

    fn filled(&self, rings: &[Ring], view: &Window) -> Path {
        if let Ground::Globe(p @ Projection::Orthographic { .. }) = self.ground {
            return self.on_globe(rings, p);
        }
        let frame = self.frame().grown(4.0);
        let mut path = Path::new();
        for (ring, turn) in visible(rings, view) {
            let moved: Vec<(f64, f64)> = ring.points.iter().map(|p| (p.0 + turn, p.1)).collect();
            let cut = clip::densified(&clip::polygon(&moved, view), 2.0);
            let placed: Vec<(f64, f64)> = cut.iter().filter_map(|p| self.unrolled(*p)).collect();
            let shown = clip::thinned(&clip::polygon(&placed, &frame), DETAIL);
            if shown.len() >= 3 {
                path.line(&shown, true);
            }
        }
        path
    }

    fn coast(&self, rings: &[Ring], view: &Window) -> Path {
        let frame = self.frame().grown(4.0);
        let near = view.grown(2.0);
        let broken = (f64::NAN, f64::NAN);
        let mut path = Path::new();
        for (ring, turn) in visible(rings, view) {
            let n = ring.points.len();
            let mut line = Vec::with_capacity(n + 1);
            for i in 0..=n {
                let (a, b) = (ring.points[(i + n - 1) % n], ring.points[i % n]);
                if i > 0 && artificial(a, b) {
                    line.push(broken);
                }
                // Far from the view an azimuthal map turns inside out.
                line.push(Some((b.0 + turn, b.1)).filter(|p| near.holds(*p)).and_then(|p| self.unrolled(p)).unwrap_or(broken));
            }
            for piece in clip::line(&line, &frame) {
                path.line(&clip::thinned(&piece, DETAIL), false);
            }
        }
        path
    }

    /// Lines that are not closed.
    fn lines(&self, lines: &[Ring], view: &Window) -> Path {
        let (frame, near) = (self.frame().grown(4.0), view.grown(2.0));
        let mut path = Path::new();
        for (line, turn) in visible(lines, view) {
            let place = |p: &(f64, f64)| Some((p.0 + turn, p.1)).filter(|p| near.holds(*p)).and_then(|p| self.unrolled(p));
            let placed: Vec<(f64, f64)> = line.points.iter().map(|p| place(p).unwrap_or((f64::NAN, f64::NAN))).collect();
            for piece in clip::line(&placed, &frame) {
                path.line(&clip::thinned(&piece, DETAIL), false);
            }
        }
        path
    }

    fn steps(&self) -> (f64, f64) {
        let view = self.view();
        let around = self.is_world() || self.is_globe() || view.x1 - view.x0 > 350.0;
        (if around { 30.0 } else { step(view.x1 - view.x0, 3.0) }, if self.is_world() { 30.0 } else { step(view.y1 - view.y0, 3.0) })
    }

    /// Meridians and parallels.
    pub fn draw_graticule(&self, c: &mut Canvas) {
        let view = self.view();
        let (dx, dy) = self.steps();
        let frame = self.frame().grown(2.0);
        let mut path = Path::new();
        let mut draw = |points: Vec<(f64, f64)>| {
            let placed: Vec<(f64, f64)> = points.into_iter().map(|p| self.unrolled(p).unwrap_or((f64::NAN, f64::NAN))).collect();
            for piece in clip::line(&placed, &frame) {
                path.line(&clip::thinned(&piece, DETAIL), false);
            }
        };
        let along = |a: f64, b: f64| (0..=90).map(move |i| a + (b - a) * f64::from(i) / 90.0);
        for lon in multiples(view.x0, view.x1, dx) {
            // Meridians would crowd at a pole.
            let (south, north) =
                if view.x1 - view.x0 > 350.0 { (view.y0.max(-90.0 + dy / 2.0), view.y1.min(90.0 - dy / 2.0)) } else { (view.y0, view.y1) };
            draw(along(south, north).map(|lat| (lon, lat)).collect());
        }
        for lat in multiples(view.y0, view.y1, dy).filter(|l| l.abs() < 90.0) {
            draw(along(view.x0, view.x1).map(|lon| (lon, lat)).collect());
        }
        c.stroke(&path, Pen::new(Paint::Muted, 0.6).faded(0.35));
    }

    fn label_graticule(&self, c: &mut Canvas) {
        let (left, top, w, h) = self.area;
        let (dx, dy) = self.steps();
        if self.is_globe() {
            return;
        }
        if let (Ground::Globe(p), true) = (self.ground, self.is_world()) {
            let lon0 = p.centre_lon();
            for lat in [-60.0, -30.0, 0.0, 30.0, 60.0] {
                if let Some((x, y)) = self.unrolled((lon0 - 180.0, lat)) {
                    c.text((x - 6.0, y + SMALL * 0.36), &degrees(lat, dy, ("N", "S")), Type::new(SMALL).end().muted());
                }
            }
            return;
        }
        let mut free = f64::NEG_INFINITY;
        for (x, lon) in self.crossings((left, top + h), (left + w, top + h), dx, |p| p.0) {
            let label = degrees(super::wrapped(lon), dx, ("E", "W"));
            let half = width(&label, SMALL, false) / 2.0;
            if x - half > free + 8.0 && x + half <= c.width {
                c.text((x, top + h + 17.0), &label, Type::new(SMALL).middle().muted());
                free = x + half;
            }
        }
        let view = self.view();
        if view.x1 - view.x0 > 350.0 {
            // Around a pole parallels are circles: they are labelled along the meridian of the centre.
            let frame = self.frame().grown(-24.0);
            for lat in multiples(view.y0, view.y1, dy).filter(|l| l.abs() < 90.0) {
                if let Some(p) = self.unrolled(((view.x0 + view.x1) / 2.0, lat)).filter(|p| frame.holds(*p)) {
                    c.text((p.0, p.1 + SMALL * 0.36), &degrees(lat, dy, ("N", "S")), Type::new(SMALL).middle().muted().halo());
                }
            }
            return;
        }
        let mut free = f64::NEG_INFINITY;
        for (y, lat) in self.crossings((left, top), (left, top + h), dy, |p| p.1) {
            if y > free + SMALL + 4.0 {
                c.text((left - 6.0, y + SMALL * 0.36), &degrees(lat, dy, ("N", "S")), Type::new(SMALL).end().muted());
                free = y;
            }
        }
    }

    /// Where multiples of `step` cross an edge of the frame: position along the edge and value.
    fn crossings(&self, a: (f64, f64), b: (f64, f64), step: f64, value: impl Fn((f64, f64)) -> f64) -> Vec<(f64, f64)> {
        let n = 600;
        let at = |i: i32| (a.0 + (b.0 - a.0) * f64::from(i) / f64::from(n), a.1 + (b.1 - a.1) * f64::from(i) / f64::from(n));
        let along = |p: (f64, f64)| if a.1 == b.1 { p.0 } else { p.1 };
        let values: Vec<(f64, f64)> = (0..=n).filter_map(|i| self.back(at(i)).map(|p| (along(at(i)), value(p)))).collect();
        let mut out = Vec::new();
        for pair in values.windows(2) {
            let ((x0, v0), (x1, mut v1)) = (pair[0], pair[1]);
            // Across the date line the longitude jumps by a full turn.
            v1 -= ((v1 - v0) / 360.0).round() * 360.0;
            let (low, high) = (v0.min(v1), v0.max(v1));
            for v in multiples(low, high, step).filter(|v| high - low > 0.0 && *v < high) {
                out.push((x0 + (x1 - x0) * (v - v0) / (v1 - v0), v));
            }
        }
        out
    }

    /// Kilometres on the ground per kilometre of the map, eastwards at its centre.
    fn stretch(&self) -> f64 {
        let Ground::Globe(p) = self.ground else { return 1.0 };
        if matches!(p, Projection::Azimuthal { .. }) {
            return 1.0;
        }
        let (x, y) = ((self.window.x0 + self.window.x1) / 2.0, (self.window.y0 + self.window.y1) / 2.0);
        let step = (self.window.x1 - self.window.x0) / 400.0;
        let (Some(a), Some(b)) = (p.inverse(x, y), p.inverse(x + step, y)) else { return 1.0 };
        let ((l, f), (m, g)) = ((a.0.to_radians(), a.1.to_radians()), (b.0.to_radians(), b.1.to_radians()));
        // The half-versed sine keeps its digits over short distances.
        let h = ((g - f) / 2.0).sin().powi(2) + f.cos() * g.cos() * ((m - l) / 2.0).sin().powi(2);
        2.0 * RADIUS * h.sqrt().asin() / step
    }

    fn draw_scale_bar(&self, c: &mut Canvas, points: &[(f64, f64)]) {
        let (left, top, w, h) = self.area;
        let per_km = self.scale() / self.stretch();
        let longest = 0.24 * w / per_km;
        let base = 10f64.powf(longest.log10().floor());
        let long = [5.0, 2.0, 1.0].into_iter().map(|f| f * base).find(|l| *l <= longest).unwrap_or(base);
        let label = if long >= 1.0 { format!("{} km", fixed(long, 0)) } else { format!("{} m", fixed(long * 1000.0, 0)) };
        let label = match (self.is_globe(), self.is_world()) {
            (true, _) => format!("{label} at the centre"),
            (_, true) => format!("{label} at the equator"),
            _ => label,
        };
        let wide = (long * per_km).max(width(&label, SMALL, false)) + 20.0;
        if self.is_world() {
            let x = left + w / 2.0 - long * per_km / 2.0;
            return bar(c, (x, top + h + 28.0), long * per_km, &label);
        }
        // The lower corner with fewer samples.
        let crowd = |x: f64| points.iter().filter(|p| p.0 >= x && p.0 <= x + wide && p.1 >= top + h - 44.0).count();
        let (a, b) = (left + 8.0, left + w - wide - 8.0);
        let x = if crowd(a) < crowd(b) { a } else { b };
        c.rect((x, top + h - 44.0, wide, 36.0), Paint::Paper, 0.85);
        bar(c, (x + wide / 2.0 - long * per_km / 2.0, top + h - 17.0), long * per_km, &label);
    }

    /// This map's rim on another map.
    fn outline_on(&self, other: &Self) -> Vec<(f64, f64)> {
        let (left, top, w, h) = self.area;
        let rim = |t: f64| match t {
            t if t < 1.0 => (left + t * w, top),
            t if t < 2.0 => (left + w, top + (t - 1.0) * h),
            t if t < 3.0 => (left + (3.0 - t) * w, top + h),
            t => (left, top + (4.0 - t) * h),
        };
        (0..80).filter_map(|i| self.back(rim(f64::from(i) / 20.0))).filter_map(|p| other.at(p)).collect()
    }

    /// A small map of the world with this map's place on it, at `corner`, `width` wide. Returns the y below it.
    pub fn draw_locator(&self, c: &mut Canvas, corner: (f64, f64), width: f64) -> f64 {
        let Ground::Globe(own) = self.ground else { return corner.1 };
        if self.is_world() {
            return corner.1;
        }
        let middle = own.centre_lon();
        let small = Self::world(if middle.abs() > 120.0 { 180.0 } else { 0.0 }, corner, width);
        let outline = self.outline_on(&small);
        let around = Window::around(&outline);
        if around.x1 - around.x0 > width / 2.0 {
            // A pole lies inside: the outline would run across the whole world.
            return corner.1;
        }
        let edge = small.edge();
        c.clipped_to(&edge, |c| c.fill(&small.filled(&world().coarse, &small.view()), Paint::Faint, None));
        c.stroke(&edge, Pen::new(Paint::Faint, 0.8));
        let pen = Pen::new(Paint::Rgb(VERMILION), 1.6);
        if (around.x1 - around.x0).max(around.y1 - around.y0) < 8.0 {
            c.circle(((around.x0 + around.x1) / 2.0, (around.y0 + around.y1) / 2.0), 4.5, Paint::None, Some(pen));
        } else {
            let mut path = Path::new();
            path.line(&outline, true);
            c.stroke(&path, pen);
        }
        corner.1 + small.area.3
    }
}

fn bar(c: &mut Canvas, (x, y): (f64, f64), long: f64, label: &str) {
    let pen = Pen::new(Paint::Ink, 1.4);
    let mut path = Path::new();
    path.line(&[(x, y - 4.0), (x, y + 3.0), (x + long, y + 3.0), (x + long, y - 4.0)], false);
    c.stroke(&path, pen);
    c.text((x + long / 2.0, y - 5.0 - (BODY - SMALL)), label, Type::new(SMALL).middle());
}

/// Whether a ring goes around a place (longitude and latitude as they are).
fn holds(ring: &[(f64, f64)], (x, y): (f64, f64)) -> bool {
    let n = ring.len();
    let edges = (0..n).map(|i| (ring[i], ring[(i + 1) % n]));
    edges.filter(|(a, b)| (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0)).count() % 2 == 1
}

fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(move |i| i as f64 * step)
}

/// Rings that meet the view, each with the full turn (degrees) that brings it there.
fn visible<'a>(rings: &'a [Ring], view: &'a Window) -> impl Iterator<Item = (&'a Ring, f64)> {
    rings
        .iter()
        .flat_map(move |ring| [-360.0, 0.0, 360.0].into_iter().filter(move |t| ring.window.moved(*t).meets(view)).map(move |t| (ring, t)))
}

#[cfg(test)]
mod tests {
    use super::super::Sites;
    use super::*;
    use crate::figure::canvas::Theme;

    #[test]
    fn grounds_of_all_kinds_are_drawn_with_whole_numbers_and_stay_small() {
        for cloud in [
            vec![(5.0, 60.0), (28.0, 71.0)],
            vec![(178.0, -17.0), (-178.0, -16.0)],
            vec![(-60.0, 80.0), (100.0, 82.0), (-150.0, 78.0)],
            vec![(0.0, -88.0), (120.0, -75.0)],
            vec![(-70.0, -50.0), (-60.0, 5.0)],
            vec![(-120.0, 40.0), (100.0, -30.0), (10.0, 50.0)],
            vec![(10.0, 46.0)],
        ] {
            let map = Map::fit(&Sites { points: cloud.clone(), geographic: true }, (50.0, 10.0), (540.0, 600.0)).unwrap();
            let mut c = Canvas::new(800.0, 660.0);
            map.draw_ground(&mut c);
            map.draw_frame(&mut c, &[]);
            map.draw_locator(&mut c, (620.0, 400.0), 160.0);
            let svg = c.svg("m", "t", "d", Theme::File);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{cloud:?}");
            assert!(svg.len() < 90_000, "{cloud:?}: {} bytes", svg.len());
            assert!(svg.contains(" km"), "{cloud:?} has no scale bar");
        }
    }

    #[test]
    fn the_scale_bar_is_true_at_the_centre() {
        let map = Map::fit(&Sites { points: vec![(5.0, 60.0), (28.0, 71.0)], geographic: true }, (50.0, 10.0), (540.0, 600.0)).unwrap();
        let Ground::Globe(p) = map.ground else { panic!("on the globe") };
        let (x, y) = (map.area.0 + map.area.2 / 2.0, map.area.1 + map.area.3 / 2.0);
        let km = 100.0;
        let (a, b) = (map.back((x, y)).unwrap(), map.back((x + km * map.scale(), y)).unwrap());
        let (a, b) = (p.forward(a.0, a.1).unwrap(), p.forward(b.0, b.1).unwrap());
        assert!(((a.0 - b.0).hypot(a.1 - b.1) - km).abs() < 1e-6);
        // 111.195 km a degree along the equator of the world's map.
        let earth = Map::world(0.0, (0.0, 0.0), 500.0);
        let one = earth.at((1.0, 0.0)).unwrap().0 - earth.at((0.0, 0.0)).unwrap().0;
        assert!((one / (earth.scale() / earth.stretch()) - 111.195).abs() < 0.01);
    }

    #[test]
    fn degrees_are_labelled_with_their_side() {
        assert_eq!(degrees(-70.0, 10.0, ("E", "W")), "70°W");
        assert_eq!(degrees(0.0, 10.0, ("E", "W")), "0°");
        assert_eq!(degrees(180.0, 10.0, ("E", "W")), "180°");
        assert_eq!(degrees(10.25, 0.05, ("N", "S")), "10.25°N");
    }
}
