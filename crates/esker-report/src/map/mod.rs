//! Maps: the projection that suits the places or the one named, land, water and ice, a graticule in degrees, a scale bar.
//!
//! Longitude and latitude, and eastings and northings of a UTM zone, are drawn with coastlines; other projected
//! systems, and surveys smaller than [`SMALL_SURVEY`], as plain axes in kilometres.

mod choice;
pub mod clip;
mod ground;
pub mod land;
pub mod projection;
mod sphere;
pub mod utm;

use std::f64::consts::PI;

pub use choice::Choice;
use clip::Window;
use projection::{Projection, RADIUS, wrapped};

use crate::figure::axis::Area;

/// Below this extent (km) coastlines of a 1:50 million map would be strokes without meaning.
pub const SMALL_SURVEY: f64 = 30.0;
/// Beyond this distance from their centre (degrees) samples are shown on a map of the world.
const WORLDWIDE: f64 = 70.0;
/// Width over height of a map, at least and at most.
const SHAPE: (f64, f64) = (0.8, 1.9);

/// What a map is drawn on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ground {
    /// The globe, projected.
    Globe(Projection),
    /// A plane whose coordinates are kilometres already.
    Plane,
}

/// A map: a ground, the window of it that is shown (km) and where on the drawing it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The ground.
    pub ground: Ground,
    /// What is shown, km.
    pub window: Window,
    /// Where it stands, user units.
    pub area: Area,
}

/// Samples' places made ready for a map: longitude and latitude in degrees, or kilometres on a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Sites {
    /// One pair a sample; NaN where it has no place.
    pub points: Vec<(f64, f64)>,
    /// Whether the pairs are longitude and latitude.
    pub geographic: bool,
}

impl Sites {
    /// Reads coordinates in the named system: degrees for `EPSG:4326`, metres otherwise. Without a name, or with
    /// one that is not known here, coordinates are taken as metres on a plane.
    pub fn new(x: &[f64], y: &[f64], crs: Option<&str>) -> Self {
        let name = crs.unwrap_or("").trim().to_uppercase();
        let nowhere = (f64::NAN, f64::NAN);
        if matches!(name.as_str(), "EPSG:4326" | "OGC:CRS84") {
            let place = |(&x, &y): (&f64, &f64)| if x.is_finite() && y.is_finite() && y.abs() <= 90.0 { (wrapped(x), y) } else { nowhere };
            return Self { points: x.iter().zip(y).map(place).collect(), geographic: true };
        }
        let kilometres: Vec<(f64, f64)> = x.iter().zip(y).map(|(x, y)| (x / 1000.0, y / 1000.0)).collect();
        let known: Vec<(f64, f64)> = kilometres.iter().copied().filter(|p| p.0.is_finite() && p.1.is_finite()).collect();
        let w = Window::around(&known);
        match utm::Zone::of(&name).filter(|_| (w.x1 - w.x0).max(w.y1 - w.y0) >= SMALL_SURVEY) {
            Some(zone) => {
                let place = |p: &(f64, f64)| zone.inverse(p.0 * 1000.0, p.1 * 1000.0).unwrap_or(nowhere);
                Self { points: kilometres.iter().map(place).collect(), geographic: true }
            }
            None => Self { points: kilometres, geographic: false },
        }
    }

    fn known(&self) -> Vec<(f64, f64)> {
        self.points.iter().copied().filter(|p| p.0.is_finite() && p.1.is_finite()).collect()
    }
}

/// Mean direction of places on the sphere and the largest distance from it, all in degrees.
fn centre(points: &[(f64, f64)]) -> (f64, f64, f64) {
    let unit = |p: &(f64, f64)| {
        let (l, b) = (p.0.to_radians(), p.1.to_radians());
        [b.cos() * l.cos(), b.cos() * l.sin(), b.sin()]
    };
    let sum = points.iter().map(unit).fold([0.0; 3], |s, v| [s[0] + v[0], s[1] + v[1], s[2] + v[2]]);
    let long = (sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]).sqrt();
    if long < 1e-9 * points.len() as f64 {
        return (0.0, 0.0, 180.0);
    }
    let m = sum.map(|s| s / long);
    let far = points.iter().map(unit).map(|v| (v[0] * m[0] + v[1] * m[1] + v[2] * m[2]).clamp(-1.0, 1.0).acos()).fold(0.0, f64::max);
    (m[1].atan2(m[0]).to_degrees(), m[2].clamp(-1.0, 1.0).asin().to_degrees(), far.to_degrees())
}

fn tenth(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

/// An azimuthal projection about the middle of the places' extent.
fn regional(points: &[(f64, f64)], lon: f64, lat: f64) -> Projection {
    let first = Projection::Azimuthal { lon, lat };
    let w = Window::around(&points.iter().filter_map(|p| first.forward(p.0, p.1)).collect::<Vec<_>>());
    let (lon, lat) = first.inverse((w.x0 + w.x1) / 2.0, (w.y0 + w.y1) / 2.0).unwrap_or((lon, lat));
    Projection::Azimuthal { lon: tenth(lon), lat: tenth(lat) }
}

impl Map {
    /// The map that shows all sites, at `corner` (left, top) and no larger than `room` (width, height).
    /// `None` where no sample has a place.
    pub fn fit(sites: &Sites, corner: (f64, f64), room: (f64, f64)) -> Option<Self> {
        let points = sites.known();
        if points.is_empty() {
            return None;
        }
        if !sites.geographic {
            return Some(Self::framed(Ground::Plane, Window::around(&points), corner, room));
        }
        let (lon, lat, far) = centre(&points);
        if far > WORLDWIDE {
            // A map about the Pacific where most samples lie there.
            let beyond = points.iter().filter(|p| p.0.abs() > 90.0).count();
            return Some(Self::world(if 5 * beyond > 3 * points.len() { 180.0 } else { 0.0 }, corner, room.0));
        }
        let projection = regional(&points, lon, lat);
        let projected: Vec<(f64, f64)> = points.iter().filter_map(|p| projection.forward(p.0, p.1)).collect();
        Some(Self::framed(Ground::Globe(projection), Window::around(&projected), corner, room))
    }

    /// The whole world, `width` wide.
    pub fn world(lon: f64, corner: (f64, f64), width: f64) -> Self {
        Self::whole(Projection::EqualEarth { lon }, corner, (width, f64::INFINITY))
    }

    /// The whole world in a projection that has one, no larger than `room`.
    fn whole(projection: Projection, corner: (f64, f64), room: (f64, f64)) -> Self {
        let (x, y) = projection.half().unwrap_or((PI * RADIUS, PI / 2.0 * RADIUS));
        let window = Window { x0: -x, y0: -y, x1: x, y1: y };
        let scale = (room.0 / (2.0 * x)).min(room.1 / (2.0 * y));
        Self { ground: Ground::Globe(projection), window, area: (corner.0, corner.1, 2.0 * x * scale, 2.0 * y * scale) }
    }

    fn framed(ground: Ground, w: Window, corner: (f64, f64), room: (f64, f64)) -> Self {
        let (mx, my) = ((w.x0 + w.x1) / 2.0, (w.y0 + w.y1) / 2.0);
        // Samples at one place get a window of 20 km (2 km on a plane), else a margin of 10 % on each side.
        let least = if ground == Ground::Plane { 2.0 } else { 20.0 };
        let (mut sx, mut sy) = ((1.2 * (w.x1 - w.x0)).max(least), (1.2 * (w.y1 - w.y0)).max(least));
        sx = sx.max(SHAPE.0 * sy);
        sy = sy.max(sx / SHAPE.1);
        let scale = (room.0 / sx).min(room.1 / sy);
        let window = Window { x0: mx - sx / 2.0, y0: my - sy / 2.0, x1: mx + sx / 2.0, y1: my + sy / 2.0 };
        Self { ground, window, area: (corner.0, corner.1, sx * scale, sy * scale) }
    }

    /// User units per kilometre.
    pub fn scale(&self) -> f64 {
        self.area.2 / (self.window.x1 - self.window.x0)
    }

    /// Position of a place (degrees, or kilometres on a plane); `None` where it has none.
    pub fn at(&self, p: (f64, f64)) -> Option<(f64, f64)> {
        match self.ground {
            Ground::Globe(projection) if p.0.is_finite() => {
                let middle = projection.centre_lon();
                self.unrolled((middle + wrapped(p.0 - middle), p.1))
            }
            _ => self.unrolled(p),
        }
    }

    /// Position of a place beside another one: a corner of a cell stands next to the cell's centre, also where the world's edge lies between them.
    pub fn beside(&self, centre: (f64, f64), p: (f64, f64)) -> Option<(f64, f64)> {
        match self.ground {
            Ground::Globe(projection) if centre.0.is_finite() && p.0.is_finite() => {
                let middle = projection.centre_lon();
                self.unrolled((middle + wrapped(centre.0 - middle) + wrapped(p.0 - centre.0), p.1))
            }
            _ => self.unrolled(p),
        }
    }

    /// The same for a longitude that is counted on from the centre's and may pass 180°: a ring that leaves the
    /// world's edge must not reappear at the other one.
    fn unrolled(&self, p: (f64, f64)) -> Option<(f64, f64)> {
        let (x, y) = match self.ground {
            Ground::Plane => Some(p).filter(|p| p.0.is_finite() && p.1.is_finite()),
            Ground::Globe(projection) => projection.forward(p.0, p.1),
        }?;
        Some(self.place((x, y)))
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.area.0 + (x - self.window.x0) * self.scale(), self.area.1 + (self.window.y1 - y) * self.scale())
    }

    /// Longitude and latitude at a position of the drawing; `None` beside the world and on a plane.
    pub fn back(&self, (px, py): (f64, f64)) -> Option<(f64, f64)> {
        let (x, y) = (self.window.x0 + (px - self.area.0) / self.scale(), self.window.y1 - (py - self.area.1) / self.scale());
        match self.ground {
            Ground::Plane => None,
            Ground::Globe(projection) => projection.inverse(x, y),
        }
    }

    fn is_world(&self) -> bool {
        let Ground::Globe(projection) = self.ground else { return false };
        projection.half().is_some_and(|(x, _)| self.window.x1 - self.window.x0 >= 2.0 * x * (1.0 - 1e-9))
    }

    fn is_globe(&self) -> bool {
        matches!(self.ground, Ground::Globe(Projection::Orthographic { .. }))
    }

    /// What the map is, for a caption: its projection and sources.
    pub fn describe(&self) -> String {
        match self.ground {
            Ground::Plane => "Coordinates of the data's own projected system, in km.".to_owned(),
            Ground::Globe(p) => format!("{}. Land: Natural Earth.", p.describe()),
        }
    }

    /// The visible part of the globe: longitudes (not wrapped, around the centre's) and latitudes.
    fn view(&self) -> Window {
        let Ground::Globe(projection) = self.ground else { return self.window };
        let lon0 = projection.centre_lon();
        let whole = Window { x0: lon0 - 180.0, y0: -90.0, x1: lon0 + 180.0, y1: 90.0 };
        if self.is_world() || self.is_globe() {
            return whole;
        }
        let (left, top, w, h) = self.area;
        let steps = 40;
        let grid = (0..=steps).flat_map(|i| (0..=steps).map(move |j| (i, j)));
        let seen: Vec<(f64, f64)> = grid
            .filter_map(|(i, j)| self.back((left + w * f64::from(i) / f64::from(steps), top + h * f64::from(j) / f64::from(steps))))
            .map(|(lon, lat)| (lon0 + wrapped(lon - lon0), lat))
            .collect();
        let around = Window::around(&seen);
        let (px, py) = (0.04 * (around.x1 - around.x0) + 0.05, 0.04 * (around.y1 - around.y0) + 0.05);
        let mut view = Window { x0: around.x0 - px, y0: around.y0 - py, x1: around.x1 + px, y1: around.y1 + py };
        let inside = Window { x0: left, y0: top, x1: left + w, y1: top + h }.grown(20.0);
        for pole in [90.0, -90.0] {
            if projection.forward(0.0, pole).is_some_and(|p| inside.holds(self.place(p))) {
                view = Window {
                    x0: whole.x0,
                    x1: whole.x1,
                    y0: if pole < 0.0 { pole } else { view.y0 },
                    y1: if pole > 0.0 { pole } else { view.y1 },
                };
            }
        }
        Window { x0: view.x0.max(whole.x0), x1: view.x1.min(whole.x1), y0: view.y0.max(-90.0), y1: view.y1.min(90.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(points: &[(f64, f64)]) -> Sites {
        Sites { points: points.to_vec(), geographic: true }
    }

    #[test]
    fn all_samples_lie_inside_the_frame() {
        let clouds: [&[(f64, f64)]; 8] = [
            &[(170.0, -30.0), (-100.0, 10.0), (120.0, 10.0), (-179.0, 60.0), (-1.0, 5.0), (1.0, 5.0)],
            &[(5.0, 60.0), (28.0, 71.0), (14.0, 66.0)],
            &[(178.0, -17.0), (-178.0, -16.0)],
            &[(10.0, 46.0)],
            &[(-60.0, 80.0), (100.0, 82.0), (-150.0, 78.0)],
            &[(-70.0, -50.0), (-72.0, -20.0), (-60.0, 5.0)],
            &[(-120.0, 40.0), (100.0, -30.0), (10.0, 50.0)],
            &[(0.0, -90.0), (f64::NAN, 3.0)],
        ];
        for cloud in clouds {
            let map = Map::fit(&sites(cloud), (50.0, 10.0), (540.0, 600.0)).unwrap();
            let (x, y, w, h) = map.area;
            assert!(w <= 540.001 && h <= 600.001 && w > 100.0 && h > 100.0, "{map:?}");
            for p in cloud.iter().filter(|p| p.0.is_finite()) {
                let q = map.at(*p).unwrap();
                assert!(q.0 >= x && q.0 <= x + w && q.1 >= y && q.1 <= y + h, "{p:?} at {q:?} of {map:?}");
            }
            let world = cloud[0] == (-120.0, 40.0) || cloud[0] == (170.0, -30.0);
            assert_eq!(map.is_world(), world);
        }
        assert!(Map::fit(&sites(&[]), (0.0, 0.0), (10.0, 10.0)).is_none());
        assert!(Map::fit(&sites(&[(f64::NAN, f64::NAN)]), (0.0, 0.0), (10.0, 10.0)).is_none());
    }

    #[test]
    fn samples_astride_the_date_line_make_a_small_map() {
        let map = Map::fit(&sites(&[(178.0, -17.0), (-178.0, -16.0)]), (0.0, 0.0), (500.0, 500.0)).unwrap();
        assert!(map.window.x1 - map.window.x0 < 600.0);
        let Ground::Globe(Projection::Azimuthal { lon, .. }) = map.ground else { panic!("a regional map") };
        assert!(lon.abs() > 179.0);
    }

    #[test]
    fn utm_is_brought_to_degrees_and_other_planes_to_kilometres() {
        let (x, y) = ([477_772.781, 560_000.0], [6_520_634.0, 6_700_000.0]);
        let s = Sites::new(&x, &y, Some("EPSG:32631"));
        assert!(s.geographic && (s.points[0].0 - 2.615).abs() < 1e-3);
        let s = Sites::new(&x, &y, Some("EPSG:28992"));
        assert!(!s.geographic && s.points[1] == (560.0, 6700.0));
        // A survey of two kilometres gains nothing from a coastline.
        assert!(!Sites::new(&[500_000.0, 502_000.0], &[6_520_000.0, 6_521_000.0], Some("EPSG:32631")).geographic);
        let s = Sites::new(&[190.0, 7.0], &[10.0, 95.0], Some("EPSG:4326"));
        assert!(s.points[0] == (-170.0, 10.0) && s.points[1].0.is_nan());
    }

    #[test]
    fn a_pole_in_view_shows_all_longitudes() {
        let map = Map::fit(&sites(&[(-60.0, 80.0), (100.0, 82.0), (-150.0, 78.0)]), (0.0, 0.0), (500.0, 500.0)).unwrap();
        let v = map.view();
        assert!((v.x1 - v.x0 - 360.0).abs() < 1e-9 && v.y1 == 90.0 && v.y0 > 60.0, "{v:?}");
        let small = Map::fit(&sites(&[(10.0, 46.0)]), (0.0, 0.0), (500.0, 500.0)).unwrap().view();
        assert!(small.holds((10.0, 46.0)) && small.x1 - small.x0 < 1.0);
    }
}
