//! Distances and areas in a system: on the ellipsoid where coordinates are degrees, in the plane where they are metres.
//!
//! Geodesics are those of Karney (2013), Algorithms for geodesics, J. Geodesy 87, 43–55. They cross the antimeridian and the poles
//! like any other line.

use esker_core::{Crs, Result};
use proj4rs_geodesic::Geodesic;

use super::transform::{Own, Side, metres_per_unit};

/// Measures in one system, metres and square metres.
#[derive(Debug)]
pub struct Ruler(Kind);

#[derive(Debug)]
enum Kind {
    /// Metres in a unit.
    Plane(f64),
    Globe(Box<(Geodesic, Side)>),
}

impl Ruler {
    /// The ruler of a system.
    ///
    /// # Errors
    /// A code not known.
    pub fn of(crs: &Crs) -> Result<Self> {
        if !crs.is_degrees() {
            return Ok(Self(Kind::Plane(metres_per_unit(crs)?)));
        }
        let side = Side::of(crs)?;
        let (a, b) = side.proj.ellipse_parameters();
        Ok(Self(Kind::Globe(Box::new((Geodesic::new(a, (a - b) / a), side)))))
    }

    /// Whether it measures on the ellipsoid.
    pub fn is_geodesic(&self) -> bool {
        matches!(self.0, Kind::Globe(..))
    }

    /// Metres between two points.
    pub fn distance(&self, a: [f64; 2], b: [f64; 2]) -> f64 {
        match &self.0 {
            Kind::Plane(unit) => (a[0] - b[0]).hypot(a[1] - b[1]) * unit,
            Kind::Globe(globe) => {
                let (earth, side) = globe.as_ref();
                let (a, b) = (true_place(side, a), true_place(side, b));
                earth.inverse(a[1], a[0], b[1], b[0]).0
            }
        }
    }

    /// Metres along a line.
    pub fn length(&self, line: &[[f64; 2]]) -> f64 {
        line.windows(2).map(|p| self.distance(p[0], p[1])).sum()
    }

    /// Square metres inside a ring, positive where it runs counter-clockwise. On the ellipsoid its sides are the shortest lines; those of
    /// a ring that goes all around the globe (360° wide) are straight on the map of longitude and latitude, because on the globe such a ring
    /// has no inside.
    pub fn area(&self, ring: &[[f64; 2]]) -> f64 {
        match &self.0 {
            Kind::Plane(unit) => plane_area(ring) * unit * unit,
            Kind::Globe(globe) => {
                let (earth, side) = globe.as_ref();
                let open = if ring.len() > 1 && ring.first() == ring.last() { &ring[1..] } else { ring };
                let places: Vec<[f64; 2]> = open.iter().map(|&point| true_place(side, point)).collect();
                let west = places.iter().map(|p| p[0]).fold(f64::INFINITY, f64::min);
                let east = places.iter().map(|p| p[0]).fold(f64::NEG_INFINITY, f64::max);
                if east - west >= 359.999 {
                    return map_area(&places, earth.a(), earth.f());
                }
                let mut polygon = earth.polygon(false);
                for [lon, lat] in places {
                    polygon.add_point(lat, lon);
                }
                polygon.compute(false, true).area.unwrap_or(0.0)
            }
        }
    }
}

/// Degrees on the figure itself, the rotation of a rotated pole undone.
fn true_place(side: &Side, [x, y]: [f64; 2]) -> [f64; 2] {
    match &side.own {
        Own::Nothing | Own::Mollweide(_) => [x, y],
        Own::Rotated(r) => {
            let (lon, lat) = r.inverse(x.to_radians(), y.to_radians());
            [lon.to_degrees(), lat.to_degrees()]
        }
    }
}

/// Area on the ellipsoid of a ring whose sides are straight on the map: −∮ a²/2 q(φ) dλ with the authalic q (Snyder 1987, eq. 3-12).
fn map_area(ring: &[[f64; 2]], a: f64, f: f64) -> f64 {
    // Gauss and Legendre, four points.
    const POINTS: [(f64, f64); 4] = [
        (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
        (0.330_009_478_207_571_87, 0.326_072_577_431_273_07),
        (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
        (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
    ];
    let e = (f * (2.0 - f)).max(0.0).sqrt();
    let q = |lat: f64| {
        let s = lat.to_radians().clamp(-std::f64::consts::FRAC_PI_2, std::f64::consts::FRAC_PI_2).sin();
        if e < 1e-12 { 2.0 * s } else { (1.0 - e * e) * (s / (1.0 - e * e * s * s) - ((1.0 - e * s) / (1.0 + e * s)).ln() / (2.0 * e)) }
    };
    let side = |p: [f64; 2], r: [f64; 2]| {
        let steps = ((r[1] - p[1]).abs().min(180.0) / 2.0).ceil().max(1.0);
        let mut sum = 0.0;
        for step in 0..steps as usize {
            sum += POINTS.iter().map(|(t, w)| w * q(p[1] + (r[1] - p[1]) * (step as f64 + t) / steps)).sum::<f64>();
        }
        sum / steps * (r[0] - p[0]).to_radians()
    };
    let around: f64 = ring.iter().zip(ring.iter().cycle().skip(1)).map(|(&p, &r)| side(p, r)).sum();
    -around * a * a / 2.0
}

/// Signed area of a ring by the shoelace sum, from its first point so that far-off origins cost no digits.
pub(crate) fn plane_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x0, y0]) = ring.first() else { return 0.0 };
    let cross = |p: [f64; 2], q: [f64; 2]| (p[0] - x0) * (q[1] - y0) - (q[0] - x0) * (p[1] - y0);
    ring.windows(2).map(|w| cross(w[0], w[1])).sum::<f64>() / 2.0
}
