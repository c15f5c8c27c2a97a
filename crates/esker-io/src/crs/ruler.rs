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
    Globe(Box<Geodesic>, Side),
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
        Ok(Self(Kind::Globe(Box::new(Geodesic::new(a, (a - b) / a)), side)))
    }

    /// Whether it measures on the ellipsoid.
    pub fn is_geodesic(&self) -> bool {
        matches!(self.0, Kind::Globe(..))
    }

    /// Metres between two points.
    pub fn distance(&self, a: [f64; 2], b: [f64; 2]) -> f64 {
        match &self.0 {
            Kind::Plane(unit) => (a[0] - b[0]).hypot(a[1] - b[1]) * unit,
            Kind::Globe(earth, side) => {
                let (a, b) = (true_place(side, a), true_place(side, b));
                earth.inverse(a[1], a[0], b[1], b[0]).0
            }
        }
    }

    /// Metres along a line.
    pub fn length(&self, line: &[[f64; 2]]) -> f64 {
        line.windows(2).map(|p| self.distance(p[0], p[1])).sum()
    }

    /// Square metres inside a ring, positive where it runs counter-clockwise. Its sides are the shortest lines.
    pub fn area(&self, ring: &[[f64; 2]]) -> f64 {
        match &self.0 {
            Kind::Plane(unit) => plane_area(ring) * unit * unit,
            Kind::Globe(earth, side) => {
                let open = if ring.len() > 1 && ring.first() == ring.last() { &ring[1..] } else { ring };
                let mut polygon = earth.polygon(false);
                for &point in open {
                    let [lon, lat] = true_place(side, point);
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

/// Signed area of a ring by the shoelace sum, from its first point so that far-off origins cost no digits.
pub(crate) fn plane_area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x0, y0]) = ring.first() else { return 0.0 };
    let cross = |p: [f64; 2], q: [f64; 2]| (p[0] - x0) * (q[1] - y0) - (q[0] - x0) * (p[1] - y0);
    ring.windows(2).map(|w| cross(w[0], w[1])).sum::<f64>() / 2.0
}
