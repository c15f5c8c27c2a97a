//! Distances on the sphere.

/// Mean radius of the Earth (2a + b)/3 in metres (R₁ of the IUGG; Moritz 2000, Geodetic Reference System 1980).
pub const EARTH_RADIUS: f64 = 6_371_008.8;

/// Great-circle distance in metres between two places in degrees (longitude, latitude) on a sphere of [`EARTH_RADIUS`].
///
/// The haversine formula, accurate at small distances (Sinnott 1984, Virtues of the haversine). Against the ellipsoid a
/// sphere errs by up to about 0.5 %.
///
/// ```
/// // A quarter of the equator.
/// let d = esker_math::great_circle((0.0, 0.0), (90.0, 0.0));
/// assert!((d - 10_007_557.2).abs() < 0.1);
/// ```
pub fn great_circle(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (phi1, phi2) = (from.1.to_radians(), to.1.to_radians());
    let half_lat = ((phi2 - phi1) / 2.0).sin();
    let half_lon = ((to.0 - from.0).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + phi1.cos() * phi2.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS * h.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_symmetric_and_wraps() {
        let (a, b) = ((-5.71, 50.07), (-3.07, 58.64));
        assert_eq!(great_circle(a, b), great_circle(b, a));
        assert_eq!(great_circle(a, a), 0.0);
        assert!((great_circle((-179.5, 10.0), (179.5, 10.0)) - great_circle((0.0, 10.0), (1.0, 10.0))).abs() < 1e-6);
        assert!((great_circle((359.0, 0.0), (-1.0, 0.0))).abs() < 1e-6);
    }

    #[test]
    fn poles_and_antipodes_are_right() {
        let half = std::f64::consts::PI * EARTH_RADIUS;
        assert!((great_circle((0.0, 90.0), (123.0, -90.0)) - half).abs() < 1e-6);
        assert!((great_circle((10.0, 0.0), (-170.0, 0.0)) - half).abs() < 1e-6);
        assert!(great_circle((0.0, 90.0), (50.0, 90.0)) < 1e-6);
    }

    #[test]
    fn a_metre_is_a_metre() {
        let step = 1.0 / EARTH_RADIUS.to_radians();
        assert!((great_circle((8.0, 46.0), (8.0, 46.0 + step)) - 1.0).abs() < 1e-8);
    }
}
