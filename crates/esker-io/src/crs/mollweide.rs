//! Mollweide's equal-area map of the sphere (Snyder 1987, eq. 31-1 to 31-7). That of `proj4rs` 0.3 gives up near the poles.

use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

/// The map on a sphere of radius `a`, metres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mollweide {
    pub(super) a: f64,
    /// Radians.
    pub(super) lon_0: f64,
    pub(super) x_0: f64,
    pub(super) y_0: f64,
}

impl Mollweide {
    /// From longitude and latitude, radians.
    pub(super) fn forward(&self, lon: f64, lat: f64) -> (f64, f64) {
        let target = PI * lat.sin();
        let mut theta = 2.0 * lat;
        // Newton's steps shrink by a third only near the poles, where the root is double.
        for _ in 0..200 {
            let slope = 1.0 + theta.cos();
            if slope < 1e-15 {
                break;
            }
            let step = (theta + theta.sin() - target) / slope;
            theta -= step;
            if step.abs() < 1e-14 {
                break;
            }
        }
        let (sin, cos) = (theta / 2.0).clamp(-FRAC_PI_2, FRAC_PI_2).sin_cos();
        let lam = super::rotated::wrap(lon - self.lon_0);
        (self.a * 2.0 * SQRT_2 / PI * lam * cos + self.x_0, self.a * SQRT_2 * sin + self.y_0)
    }

    /// To longitude and latitude, radians; NaN outside the ellipse.
    pub(super) fn inverse(&self, x: f64, y: f64) -> (f64, f64) {
        let sin = (y - self.y_0) / (self.a * SQRT_2);
        let theta = sin.asin();
        let lam = PI * (x - self.x_0) / (2.0 * SQRT_2 * self.a * theta.cos());
        // A point on the rim may fall out by rounding.
        if lam.abs() > PI + 1e-9 {
            return (f64::NAN, f64::NAN);
        }
        let lat = ((2.0 * theta + (2.0 * theta).sin()) / PI).clamp(-1.0, 1.0).asin();
        (super::rotated::wrap(lam + self.lon_0), lat)
    }
}
