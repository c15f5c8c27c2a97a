//! Transverse Mercator on the ellipsoid, so that samples in a UTM zone can be drawn with coastlines and maps in one.
//!
//! Krüger's series in the third flattening to sixth order: Karney 2011, "Transverse Mercator with an accuracy of a few
//! nanometers", J. Geodesy 85, equations 35 and 36; latitude from conformal latitude by Newton's method, equations 19–21.

/// A UTM zone on an ellipsoid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zone {
    /// Central meridian, degrees.
    meridian: f64,
    /// Northing of the equator, m.
    equator: f64,
    /// Semi-major axis, m.
    axis: f64,
    /// Flattening.
    flattening: f64,
}

const SCALE: f64 = 0.9996;
const EASTING: f64 = 500_000.0;

impl Zone {
    /// The zone that an EPSG code names: WGS 84 (326xx, 327xx), ETRS89 (25828–25838), NAD83 (26901–26923) and
    /// ED50 (23028–23038). ED50 is drawn on its own ellipsoid without the shift of the datum, which is below
    /// 200 m and thus below a pixel of the maps here. `None` for anything else.
    pub fn of(crs: &str) -> Option<Self> {
        let code: u32 = crs.trim().to_uppercase().strip_prefix("EPSG:")?.parse().ok()?;
        let wgs84 = (6_378_137.0, 1.0 / 298.257_223_563);
        let grs80 = (6_378_137.0, 1.0 / 298.257_222_101);
        let international = (6_378_388.0, 1.0 / 297.0);
        let (zone, south, (axis, flattening)) = match code {
            32601..=32660 => (code - 32600, false, wgs84),
            32701..=32760 => (code - 32700, true, wgs84),
            25828..=25838 => (code - 25800, false, grs80),
            26901..=26923 => (code - 26900, false, grs80),
            23028..=23038 => (code - 23000, false, international),
            _ => return None,
        };
        let equator = if south { 10_000_000.0 } else { 0.0 };
        Some(Self { meridian: f64::from(zone) * 6.0 - 183.0, equator, axis, flattening })
    }

    /// A zone on WGS 84.
    pub fn number(zone: u8, south: bool) -> Self {
        let equator = if south { 10_000_000.0 } else { 0.0 };
        Self { meridian: f64::from(zone) * 6.0 - 183.0, equator, axis: 6_378_137.0, flattening: 1.0 / 298.257_223_563 }
    }

    fn rectifying(&self, n: f64) -> f64 {
        let n2 = n * n;
        self.axis / (1.0 + n) * (1.0 + n2 / 4.0 + n2 * n2 / 64.0 + n2 * n2 * n2 / 256.0)
    }

    /// Easting and northing in metres from longitude and latitude in degrees (Karney 2011, equations 7–11 and 35);
    /// `None` beyond 35° from the meridian, where the series ends.
    pub fn forward(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let l = super::projection::wrapped(lon - self.meridian);
        if !lat.is_finite() || lat.abs() > 90.0 || l.is_nan() || l.abs() > 35.0 {
            return None;
        }
        let n = self.flattening / (2.0 - self.flattening);
        let e = (self.flattening * (2.0 - self.flattening)).sqrt();
        let (l, tau) = (l.to_radians(), lat.to_radians().tan());
        let sigma = (e * (e * tau / tau.hypot(1.0)).atanh()).sinh();
        let tau1 = tau * sigma.hypot(1.0) - sigma * tau.hypot(1.0);
        let (xi1, eta1) = (tau1.atan2(l.cos()), (l.sin() / tau1.hypot(l.cos())).asinh());
        let (mut xi, mut eta) = (xi1, eta1);
        for (j, a) in alpha(n).iter().enumerate() {
            let k = 2.0 * (j + 1) as f64;
            xi += a * (k * xi1).sin() * (k * eta1).cosh();
            eta += a * (k * xi1).cos() * (k * eta1).sinh();
        }
        let scale = SCALE * self.rectifying(n);
        Some((EASTING + scale * eta, self.equator + scale * xi))
    }

    /// Longitude and latitude in degrees from easting and northing in metres; `None` for what is not a number
    /// or lies too far from the zone (beyond about 3,900 km of its meridian, where the series ends).
    pub fn inverse(&self, easting: f64, northing: f64) -> Option<(f64, f64)> {
        let n = self.flattening / (2.0 - self.flattening);
        let rectifying = self.rectifying(n);
        let (xi, eta) = ((northing - self.equator) / (SCALE * rectifying), (easting - EASTING) / (SCALE * rectifying));
        if !xi.is_finite() || !eta.is_finite() || eta.abs() > 0.62 || xi.abs() > std::f64::consts::FRAC_PI_2 {
            return None;
        }
        let (mut xi1, mut eta1) = (xi, eta);
        for (j, b) in beta(n).iter().enumerate() {
            let k = 2.0 * (j + 1) as f64;
            xi1 -= b * (k * xi).sin() * (k * eta).cosh();
            eta1 -= b * (k * xi).cos() * (k * eta).sinh();
        }
        let tau1 = xi1.sin() / eta1.sinh().hypot(xi1.cos());
        let lon = self.meridian + eta1.sinh().atan2(xi1.cos()).to_degrees();
        Some((super::projection::wrapped(lon), self.latitude(tau1).to_degrees()))
    }

    /// Geographic latitude (radians) whose conformal latitude has the tangent `tau1`.
    fn latitude(&self, tau1: f64) -> f64 {
        let e2 = self.flattening * (2.0 - self.flattening);
        let e = e2.sqrt();
        let mut tau = tau1;
        for _ in 0..6 {
            let root = tau.hypot(1.0);
            let sigma = (e * (e * tau / root).atanh()).sinh();
            let said = tau * sigma.hypot(1.0) - sigma * root;
            let step = (tau1 - said) / said.hypot(1.0) * (1.0 + (1.0 - e2) * tau * tau) / ((1.0 - e2) * root);
            tau += step;
            if step.abs() < 1e-14 * tau.abs().max(1.0) {
                break;
            }
        }
        tau.atan()
    }
}

fn series(n: f64, lowest: i32, coefficients: &[f64]) -> f64 {
    coefficients.iter().enumerate().map(|(i, c)| c * n.powi(lowest + i as i32)).sum()
}

/// Karney 2011, equation 35.
fn alpha(n: f64) -> [f64; 6] {
    [
        series(n, 1, &[1.0 / 2.0, -2.0 / 3.0, 5.0 / 16.0, 41.0 / 180.0, -127.0 / 288.0, 7891.0 / 37_800.0]),
        series(n, 2, &[13.0 / 48.0, -3.0 / 5.0, 557.0 / 1440.0, 281.0 / 630.0, -1_983_433.0 / 1_935_360.0]),
        series(n, 3, &[61.0 / 240.0, -103.0 / 140.0, 15_061.0 / 26_880.0, 167_603.0 / 181_440.0]),
        series(n, 4, &[49_561.0 / 161_280.0, -179.0 / 168.0, 6_601_661.0 / 7_257_600.0]),
        series(n, 5, &[34_729.0 / 80_640.0, -3_418_889.0 / 1_995_840.0]),
        series(n, 6, &[212_378_941.0 / 319_334_400.0]),
    ]
}

/// Karney 2011, equation 36.
fn beta(n: f64) -> [f64; 6] {
    let p = |coefficients: &[f64], lowest: i32| series(n, lowest, coefficients);
    [
        p(&[1.0 / 2.0, -2.0 / 3.0, 37.0 / 96.0, -1.0 / 360.0, -81.0 / 512.0, 96_199.0 / 604_800.0], 1),
        p(&[1.0 / 48.0, 1.0 / 15.0, -437.0 / 1440.0, 46.0 / 105.0, -1_118_711.0 / 3_870_720.0], 2),
        p(&[17.0 / 480.0, -37.0 / 840.0, -209.0 / 4480.0, 5569.0 / 90_720.0], 3),
        p(&[4397.0 / 161_280.0, -11.0 / 504.0, -830_251.0 / 7_257_600.0], 4),
        p(&[4583.0 / 161_280.0, -108_847.0 / 3_991_680.0], 5),
        p(&[20_648_693.0 / 638_668_800.0], 6),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pyproj_agrees_to_a_billionth_of_a_degree() {
        // pyproj 3.7.2, PROJ 9.5.1, to EPSG:4326.
        for (crs, (e, n), (lon, lat)) in [
            ("EPSG:32631", (477_772.781, 6_520_634.0), (2.615_068_412_318_650_7, 58.825_037_572_777_16)),
            ("EPSG:32717", (712_000.0, 9_558_000.0), (-79.090_548_644_063_63, -3.996_619_439_107_018_7)),
            ("EPSG:32633", (900_000.0, 7_800_000.0), (25.522_203_132_221_406, 69.995_456_867_360_42)),
        ] {
            let (a, b) = Zone::of(crs).unwrap().inverse(e, n).unwrap();
            assert!((a - lon).abs() < 1e-9 && (b - lat).abs() < 1e-9, "{crs}: {a} {b}");
        }
    }

    #[test]
    fn the_meridian_and_the_equator_are_straight() {
        let z = Zone::of("epsg:32632").unwrap();
        let (lon, lat) = z.inverse(500_000.0, 0.0).unwrap();
        assert!((lon - 9.0).abs() < 1e-12 && lat.abs() < 1e-12);
        assert!((z.inverse(500_000.0, 5_000_000.0).unwrap().0 - 9.0).abs() < 1e-12);
        let (west, east) = (z.inverse(400_000.0, 6e6).unwrap(), z.inverse(600_000.0, 6e6).unwrap());
        assert!((west.1 - east.1).abs() < 1e-12 && (west.0 + east.0 - 18.0).abs() < 1e-12);
    }

    #[test]
    fn other_systems_and_other_places_are_not_guessed() {
        for crs in ["EPSG:4326", "EPSG:28992", "EPSG:32661", "EPSG:3413", "utm 32"] {
            assert_eq!(Zone::of(crs), None, "{crs}");
        }
        let z = Zone::of("EPSG:32631").unwrap();
        assert_eq!(z.inverse(f64::NAN, 0.0), None);
        assert_eq!(z.inverse(9e9, 0.0), None);
    }
}
