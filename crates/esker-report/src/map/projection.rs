//! Map projections: of the sphere, and Universal Transverse Mercator on the ellipsoid of WGS 84.

use std::f64::consts::{FRAC_PI_2, PI};

use super::sphere;
use super::utm::Zone;

/// Radius of the sphere with the area of the WGS 84 ellipsoid, in km.
pub const RADIUS: f64 = 6371.0072;

/// A projection from longitude and latitude (degrees) to a plane (km), x east, y north of its centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Projection {
    /// Lambert azimuthal equal-area (Snyder 1987, p. 182–190), true at its centre.
    Azimuthal {
        /// Longitude of the centre.
        lon: f64,
        /// Latitude of the centre.
        lat: f64,
    },
    /// Equal Earth (Šavrič, Patterson and Jenny 2018).
    EqualEarth {
        /// Central meridian.
        lon: f64,
    },
    /// Plate carrée: degrees as they are.
    PlateCarree {
        /// Central meridian.
        lon: f64,
    },
    /// Robinson (1974), with the interpolation of PROJ.
    Robinson {
        /// Central meridian.
        lon: f64,
    },
    /// The globe from far away; half of it.
    Orthographic {
        /// Longitude of the centre.
        lon: f64,
        /// Latitude of the centre.
        lat: f64,
    },
    /// Lambert conformal conic.
    LambertConformal {
        /// Central meridian.
        lon: f64,
        /// Latitude of the origin.
        lat: f64,
        /// Standard parallels.
        parallels: (f64, f64),
    },
    /// Polar stereographic, true at 70° N or 71° S as the grids of sea ice and ice sheets are.
    PolarStereographic {
        /// The meridian that points down (north) or up (south).
        lon: f64,
        /// About the north pole or the south pole.
        north: bool,
    },
    /// Universal Transverse Mercator on WGS 84.
    Utm {
        /// 1 to 60.
        zone: u8,
        /// South of the equator.
        south: bool,
    },
}

/// Latitudes of true scale of the polar stereographic projections.
const TRUE_AT: (f64, f64) = (70.0, 71.0);

const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];

fn equal_earth_y(t: f64) -> f64 {
    let t2 = t * t;
    let t6 = t2 * t2 * t2;
    t * (A[0] + A[1] * t2 + t6 * (A[2] + A[3] * t2))
}

fn equal_earth_slope(t: f64) -> f64 {
    let t2 = t * t;
    let t6 = t2 * t2 * t2;
    A[0] + 3.0 * A[1] * t2 + t6 * (7.0 * A[2] + 9.0 * A[3] * t2)
}

/// A longitude brought into -180..180.
pub fn wrapped(lon: f64) -> f64 {
    let l = (lon + 180.0).rem_euclid(360.0) - 180.0;
    // 180 itself stays, so that the two edges of a map differ.
    if l == -180.0 && lon > 0.0 { 180.0 } else { l }
}

impl Projection {
    /// Longitude of the centre.
    pub fn centre_lon(&self) -> f64 {
        match *self {
            Self::Azimuthal { lon, .. }
            | Self::EqualEarth { lon }
            | Self::PlateCarree { lon }
            | Self::Robinson { lon }
            | Self::Orthographic { lon, .. }
            | Self::LambertConformal { lon, .. }
            | Self::PolarStereographic { lon, .. } => lon,
            Self::Utm { zone, .. } => f64::from(zone) * 6.0 - 183.0,
        }
    }

    /// Half width and half height (km) of a map of the whole world, for projections that have one.
    pub fn half(&self) -> Option<(f64, f64)> {
        let (x, y) = match self {
            Self::EqualEarth { .. } => (2.706_63, 1.317_363),
            Self::PlateCarree { .. } => (PI, FRAC_PI_2),
            Self::Robinson { .. } => (0.8487 * PI, sphere::ROBINSON_TOP),
            Self::Orthographic { .. } => (1.0, 1.0),
            _ => return None,
        };
        Some((x * RADIUS, y * RADIUS))
    }

    /// Projects; `None` at the point opposite the centre, which an azimuthal map does not have, and for NaN.
    pub fn forward(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        if let Self::Utm { zone, south } = *self {
            return Zone::number(zone, south).forward(lon, lat).map(|(x, y)| (x / 1000.0, y / 1000.0));
        }
        self.unit_forward(lon, lat).map(|(x, y)| (x * RADIUS, y * RADIUS))
    }

    /// Undoes [`Projection::forward`]; `None` outside the map.
    pub fn inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        if let Self::Utm { zone, south } = *self {
            return Zone::number(zone, south).inverse(x * 1000.0, y * 1000.0);
        }
        self.unit_inverse(x / RADIUS, y / RADIUS)
    }

    fn unit_forward(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        if !lon.is_finite() || !lat.is_finite() || lat.abs() > 90.0 {
            return None;
        }
        let p = lat.to_radians();
        match *self {
            Self::Azimuthal { lon: l0, lat: p0 } => {
                let (l, (s0, c0), (s, c)) = ((lon - l0).to_radians(), p0.to_radians().sin_cos(), p.sin_cos());
                let cosine = s0 * s + c0 * c * l.cos();
                if cosine < -1.0 + 1e-9 {
                    return None;
                }
                let k = (2.0 / (1.0 + cosine)).sqrt();
                Some((k * c * l.sin(), k * (c0 * s - s0 * c * l.cos())))
            }
            Self::EqualEarth { lon: l0 } => {
                let l = (lon - l0).to_radians();
                let m = 3f64.sqrt() / 2.0;
                let t = (m * p.sin()).asin();
                Some((l * t.cos() / (m * equal_earth_slope(t)), equal_earth_y(t)))
            }
            Self::PlateCarree { lon: l0 } => Some(((lon - l0).to_radians(), p)),
            Self::Robinson { lon: l0 } => Some(sphere::robinson((lon - l0).to_radians(), p)),
            Self::Orthographic { lon: l0, lat: p0 } => sphere::orthographic((lon - l0).to_radians(), p, p0.to_radians()),
            Self::LambertConformal { lon: l0, lat: p0, parallels: (a, b) } => {
                sphere::conformal((lon - l0).to_radians(), p, (p0.to_radians(), a.to_radians(), b.to_radians()))
            }
            Self::PolarStereographic { lon: l0, north: true } => sphere::stereographic((lon - l0).to_radians(), p, TRUE_AT.0.to_radians()),
            Self::PolarStereographic { lon: l0, north: false } => {
                sphere::stereographic((lon - l0).to_radians(), -p, TRUE_AT.1.to_radians()).map(|(x, y)| (x, -y))
            }
            Self::Utm { .. } => None,
        }
    }

    fn unit_inverse(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        match *self {
            Self::Azimuthal { lon: l0, lat: p0 } => {
                let rho = x.hypot(y);
                if rho >= 2.0 || !rho.is_finite() {
                    return None;
                }
                if rho < 1e-12 {
                    return Some((l0, p0));
                }
                let ((s0, c0), (s, c)) = (p0.to_radians().sin_cos(), (2.0 * (rho / 2.0).asin()).sin_cos());
                let lat = (c * s0 + y * s * c0 / rho).clamp(-1.0, 1.0).asin();
                let lon = (x * s).atan2(rho * c0 * c - y * s0 * s);
                Some((wrapped(l0 + lon.to_degrees()), lat.to_degrees()))
            }
            Self::EqualEarth { lon: l0 } => {
                let mut t = y / A[0];
                for _ in 0..20 {
                    let step = (equal_earth_y(t) - y) / equal_earth_slope(t);
                    t -= step;
                    if step.abs() < 1e-14 {
                        break;
                    }
                }
                let m = 3f64.sqrt() / 2.0;
                let s = t.sin() / m;
                let l = m * x * equal_earth_slope(t) / t.cos();
                // A little beyond the edge is the edge: rounding must not drop a point at the date line.
                (s.abs() <= 1.0 + 1e-12 && l.abs() <= PI * (1.0 + 1e-9)).then(|| {
                    let lat = s.clamp(-1.0, 1.0).asin().clamp(-FRAC_PI_2, FRAC_PI_2);
                    (l0 + l.to_degrees(), lat.to_degrees())
                })
            }
            Self::PlateCarree { lon } => (x.abs() <= PI * (1.0 + 1e-9) && y.abs() <= FRAC_PI_2 * (1.0 + 1e-9))
                .then(|| (lon + x.to_degrees(), y.to_degrees().clamp(-90.0, 90.0))),
            Self::Robinson { lon } => sphere::robinson_inverse(x, y).map(|(l, p)| (lon + l.to_degrees(), p.to_degrees())),
            Self::Orthographic { lon, lat } => {
                sphere::orthographic_inverse(x, y, lat.to_radians()).map(|(l, p)| (wrapped(lon + l.to_degrees()), p.to_degrees()))
            }
            Self::LambertConformal { lon, lat, parallels: (a, b) } => {
                sphere::conformal_inverse(x, y, (lat.to_radians(), a.to_radians(), b.to_radians()))
                    .map(|(l, p)| (lon + l.to_degrees(), p.to_degrees()))
            }
            Self::PolarStereographic { lon, north } => {
                let (true_at, y) = if north { (TRUE_AT.0, y) } else { (TRUE_AT.1, -y) };
                let (l, p) = sphere::stereographic_inverse(x, y, true_at.to_radians());
                Some((wrapped(lon + l.to_degrees()), if north { p.to_degrees() } else { -p.to_degrees() }))
            }
            Self::Utm { .. } => None,
        }
    }

    /// Name with its centre, for a caption.
    pub fn describe(&self) -> String {
        let east = |l: f64| {
            let l = (wrapped(l) * 10.0).round() / 10.0;
            format!("{}°{}", l.abs(), if l < 0.0 { "W" } else { "E" })
        };
        let north = |p: f64| {
            let p = (p * 10.0).round() / 10.0;
            format!("{}°{}", p.abs(), if p < 0.0 { "S" } else { "N" })
        };
        match *self {
            Self::Azimuthal { lon, lat } => {
                format!("Lambert azimuthal equal-area projection centred at {}, {}", north(lat), east(lon))
            }
            Self::EqualEarth { lon } => format!("Equal Earth projection, central meridian {}", east(lon)),
            Self::PlateCarree { .. } => "Plate carrée projection".to_owned(),
            Self::Robinson { lon } => format!("Robinson projection, central meridian {}", east(lon)),
            Self::Orthographic { lon, lat } => format!("Orthographic projection centred at {}, {}", north(lat), east(lon)),
            Self::LambertConformal { lon, parallels: (a, b), .. } => {
                format!("Lambert conformal conic projection, parallels {} and {}, central meridian {}", north(a), north(b), east(lon))
            }
            Self::PolarStereographic { lon, north: pole } => {
                format!("Polar stereographic projection about the {} pole, meridian {}", if pole { "north" } else { "south" }, east(lon))
            }
            Self::Utm { zone, south } => format!("UTM zone {zone}{}", if south { "S" } else { "N" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn snyders_example_on_a_sphere_of_radius_three() {
        // Snyder 1987, p. 332: centre 40° N 100° W, point 20° S 100° E: x = -4.2339303, y = 4.0257775.
        let p = Projection::Azimuthal { lon: -100.0, lat: 40.0 };
        let (x, y) = p.unit_forward(100.0, -20.0).unwrap();
        assert!((3.0 * x + 4.233_930_3).abs() < 1e-7 && (3.0 * y - 4.025_777_5).abs() < 1e-7, "{x} {y}");
    }

    #[test]
    fn pyproj_agrees() {
        // pyproj 3.7.2 with PROJ 9.5.1: +proj=laea +R=6371007.1809 +lat_0=65 +lon_0=15; +proj=eqearth +R=1.
        let (x, y) = Projection::Azimuthal { lon: 15.0, lat: 65.0 }.forward(25.0, 71.0).unwrap();
        assert!((x - 360.863_977_723).abs() < 1e-4 && (y - 695.828_731_016).abs() < 1e-4, "{x} {y}");
        let e = Projection::EqualEarth { lon: 0.0 };
        for ((lon, lat), (x, y)) in
            [((120.0, 50.0), (1.488_420_334, 0.941_540_234_7)), ((-170.0, -80.0), (-1.577_484_003_1, -1.288_211_196_2))]
        {
            let (a, b) = e.unit_forward(lon, lat).unwrap();
            assert!((a - x).abs() < 1e-9 && (b - y).abs() < 1e-9);
        }
    }

    /// pyproj 3.7.2 with PROJ 9.5.1 on a sphere of 6371.0072 km, UTM on WGS 84; made by `tests/data/make_projections.py`:
    /// kind, its numbers, longitude, latitude, x, y (km).
    const PYPROJ: &str = include_str!("../../tests/data/projections.csv");

    fn of(words: &[&str]) -> (Projection, [f64; 4]) {
        let n: Vec<f64> = words[1..].iter().map(|w| w.parse().unwrap()).collect();
        let p = match words[0] {
            "eqc" => Projection::PlateCarree { lon: n[0] },
            "robin" => Projection::Robinson { lon: n[0] },
            "ortho" => Projection::Orthographic { lon: n[0], lat: n[1] },
            "laea" => Projection::Azimuthal { lon: n[0], lat: n[1] },
            "eqearth" => Projection::EqualEarth { lon: n[0] },
            "lcc" => Projection::LambertConformal { lon: n[0], lat: n[1], parallels: (n[2], n[3]) },
            "stere" => Projection::PolarStereographic { lon: n[0], north: n[1] > 0.0 },
            _ => Projection::Utm { zone: n[0] as u8, south: n[1] < 0.0 },
        };
        (p, [n[4], n[5], n[6], n[7]])
    }

    #[test]
    fn every_projection_agrees_with_pyproj_and_inverts() {
        let mut seen = std::collections::BTreeSet::new();
        for line in PYPROJ.lines().skip(1) {
            let words: Vec<&str> = line.split(',').collect();
            seen.insert(words[0]);
            let (p, [lon, lat, x, y]) = of(&words);
            // Longitudes are counted on from the centre's.
            let (a, b) = p.forward(p.centre_lon() + wrapped(lon - p.centre_lon()), lat).unwrap();
            let size = x.hypot(y).max(1.0);
            assert!((a - x).hypot(b - y) <= 1e-6 * size, "{line}: {a} {b}");
            let (l, f) = p.inverse(a, b).unwrap();
            assert!(wrapped(l - lon).abs() < 1e-7 && (f - lat).abs() < 1e-7, "{line}: back at {l} {f}");
        }
        assert_eq!(seen.len(), 8);
        // What has no place on a map is said to have none.
        assert_eq!(Projection::Orthographic { lon: 0.0, lat: 0.0 }.forward(120.0, 0.0), None);
        assert_eq!(Projection::Robinson { lon: 0.0 }.inverse(17_000.0, 8_000.0), None);
        assert_eq!(Projection::Orthographic { lon: 0.0, lat: 0.0 }.inverse(6400.0, 0.0), None);
        assert_eq!(Projection::PolarStereographic { lon: 0.0, north: true }.forward(0.0, -89.0), None);
        assert_eq!(Projection::Utm { zone: 32, south: false }.forward(120.0, 10.0), None);
    }

    #[test]
    fn the_opposite_point_and_nonsense_have_no_place() {
        let p = Projection::Azimuthal { lon: 10.0, lat: 50.0 };
        assert_eq!(p.forward(-170.0, -50.0), None);
        assert_eq!(p.forward(f64::NAN, 0.0), None);
        assert_eq!(p.forward(0.0, 91.0), None);
        assert_eq!(p.inverse(3.0 * RADIUS, 0.0), None);
    }

    fn area_of_a_small_square(p: Projection, lon: f64, lat: f64) -> f64 {
        let d = 1e-3;
        let q = [(-d, -d), (d, -d), (d, d), (-d, d)].map(|(a, b)| p.forward(lon + a, lat + b).unwrap());
        let twice: f64 = (0..4).map(|i| q[i].0 * q[(i + 1) % 4].1 - q[(i + 1) % 4].0 * q[i].1).sum();
        let true_area = (2.0 * d).to_radians() * ((lat + d).to_radians().sin() - (lat - d).to_radians().sin()) * RADIUS * RADIUS;
        twice / 2.0 / true_area
    }

    proptest! {
        #[test]
        fn going_there_and_back_is_staying(lon0 in -180.0f64..180.0, lat0 in -90.0f64..90.0, lon in -179.0f64..179.0, lat in -89.0f64..89.0) {
            let p = Projection::Azimuthal { lon: lon0, lat: lat0 };
            // Near the opposite point a degree is squeezed into nothing.
            if let Some((x, y)) = p.forward(lon, lat).filter(|(x, y)| x.hypot(*y) < 1.99 * RADIUS) {
                let (a, b) = p.inverse(x, y).unwrap();
                prop_assert!(wrapped(a - lon).abs() < 1e-6 && (b - lat).abs() < 1e-7);
            }
            let e = Projection::EqualEarth { lon: lon0 };
            let (x, y) = e.forward(lon0 + lon, lat).unwrap();
            let (a, b) = e.inverse(x, y).unwrap();
            prop_assert!((a - lon0 - lon).abs() < 1e-7 && (b - lat).abs() < 1e-7);
        }

        #[test]
        fn both_keep_areas(lon0 in -180.0f64..180.0, lat0 in -80.0f64..80.0, lon in -60.0f64..60.0, lat in -80.0f64..80.0) {
            for p in [Projection::Azimuthal { lon: lon0, lat: lat0 }, Projection::EqualEarth { lon: lon0 }] {
                prop_assert!((area_of_a_small_square(p, lon0 + lon, lat) - 1.0).abs() < 1e-4);
            }
        }
    }
}
