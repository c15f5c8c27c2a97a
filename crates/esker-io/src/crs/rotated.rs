//! The rotated pole of regional climate models: longitude and latitude about a pole moved elsewhere.
//!
//! PROJ's `ob_tran` over `longlat`: CF's `grid_north_pole_latitude` is `o_lat_p`, `north_pole_grid_longitude` is `o_lon_p`, and
//! `grid_north_pole_longitude` is `lon_0` − 180°. Formulas of spherical trigonometry (Snyder 1987, eq. 5-7 to 5-10b); latitudes of an
//! ellipsoid are used as they are, as the models do.

use esker_core::{Error, Result};

use super::params::Params;

/// A pole moved elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rotated {
    sin: f64,
    cos: f64,
    /// Radians.
    o_lon_p: f64,
    lon_0: f64,
}

impl Rotated {
    /// The rotation of an `ob_tran` definition.
    pub(super) fn of(params: &Params) -> Result<Self> {
        let number = |name: &str| params.number(name).unwrap_or(0.0);
        let pole = params.number("o_lat_p").unwrap_or(f64::NAN);
        if params.text("o_proj") != Some("longlat") || !pole.is_finite() || pole.abs() > 90.0 {
            return Err(Error::data("system with +proj=ob_tran")
                .got(format!("'{}'", super::short(&params.to_string())))
                .rule("it is read over longitude and latitude, with o_lat_p and o_lon_p in degrees"));
        }
        let (o_lon_p, lon_0) = (number("o_lon_p"), number("lon_0"));
        if !o_lon_p.is_finite() || !lon_0.is_finite() {
            return Err(Error::data("system with +proj=ob_tran").rule("o_lon_p and lon_0 are degrees"));
        }
        let (sin, cos) = pole.to_radians().sin_cos();
        Ok(Self { sin, cos, o_lon_p: o_lon_p.to_radians(), lon_0: lon_0.to_radians() })
    }

    /// From true to rotated longitude and latitude, radians.
    pub(super) fn forward(&self, lon: f64, lat: f64) -> (f64, f64) {
        let (lam, (sin, cos)) = (lon - self.lon_0, lat.sin_cos());
        let cos_lam = lam.cos();
        let x = (cos * lam.sin()).atan2(self.sin * cos * cos_lam + self.cos * sin) + self.o_lon_p;
        (wrap(x), (self.sin * sin - self.cos * cos * cos_lam).clamp(-1.0, 1.0).asin())
    }

    /// From rotated to true longitude and latitude, radians.
    pub(super) fn inverse(&self, x: f64, y: f64) -> (f64, f64) {
        let (lam, (sin, cos)) = (x - self.o_lon_p, y.sin_cos());
        let cos_lam = lam.cos();
        let lon = (cos * lam.sin()).atan2(self.sin * cos * cos_lam - self.cos * sin) + self.lon_0;
        (wrap(lon), (self.sin * sin + self.cos * cos * cos_lam).clamp(-1.0, 1.0).asin())
    }
}

/// An angle within ±π.
pub(super) fn wrap(angle: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    if angle.abs() <= PI { angle } else { (angle + PI).rem_euclid(TAU) - PI }
}
