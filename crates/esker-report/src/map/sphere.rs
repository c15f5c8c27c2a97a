//! Formulas of further projections on the unit sphere, angles in radians and longitudes counted from the central meridian.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

type Pair = (f64, f64);

/// Coefficients of the cubic pieces of Robinson's table at every 5° of latitude, as in PROJ (`robin.cpp`, MIT): they define the
/// projection between the values that Robinson 1974 gives.
const ROBINSON_X: [[f64; 4]; 19] = [
    [1.0, 2.2199e-17, -7.15515e-05, 3.1103e-06],
    [0.9986, -0.000482243, -2.4897e-05, -1.3309e-06],
    [0.9954, -0.00083103, -4.48605e-05, -9.86701e-07],
    [0.99, -0.00135364, -5.9661e-05, 3.6777e-06],
    [0.9822, -0.00167442, -4.49547e-06, -5.72411e-06],
    [0.973, -0.00214868, -9.03571e-05, 1.8736e-08],
    [0.96, -0.00305085, -9.00761e-05, 1.64917e-06],
    [0.9427, -0.00382792, -6.53386e-05, -2.6154e-06],
    [0.9216, -0.00467746, -0.00010457, 4.81243e-06],
    [0.8962, -0.00536223, -3.23831e-05, -5.43432e-06],
    [0.8679, -0.00609363, -0.000113898, 3.32484e-06],
    [0.835, -0.00698325, -6.40253e-05, 9.34959e-07],
    [0.7986, -0.00755338, -5.00009e-05, 9.35324e-07],
    [0.7597, -0.00798324, -3.5971e-05, -2.27626e-06],
    [0.7186, -0.00851367, -7.01149e-05, -8.6303e-06],
    [0.6732, -0.00986209, -0.000199569, 1.91974e-05],
    [0.6213, -0.010418, 8.83923e-05, 6.24051e-06],
    [0.5722, -0.00906601, 0.000182, 6.24051e-06],
    [0.5322, -0.00677797, 0.000275608, 6.24051e-06],
];
const ROBINSON_Y: [[f64; 4]; 19] = [
    [-5.20417e-18, 0.0124, 1.21431e-18, -8.45284e-11],
    [0.062, 0.0124, -1.26793e-09, 4.22642e-10],
    [0.124, 0.0124, 5.07171e-09, -1.60604e-09],
    [0.186, 0.0123999, -1.90189e-08, 6.00152e-09],
    [0.248, 0.0124002, 7.10039e-08, -2.24e-08],
    [0.31, 0.0123992, -2.64997e-07, 8.35986e-08],
    [0.372, 0.0124029, 9.88983e-07, -3.11994e-07],
    [0.434, 0.0123893, -3.69093e-06, -4.35621e-07],
    [0.4958, 0.0123198, -1.02252e-05, -3.45523e-07],
    [0.5571, 0.0121916, -1.54081e-05, -5.82288e-07],
    [0.6176, 0.0119938, -2.41424e-05, -5.25327e-07],
    [0.6769, 0.011713, -3.20223e-05, -5.16405e-07],
    [0.7346, 0.0113541, -3.97684e-05, -6.09052e-07],
    [0.7903, 0.0109107, -4.89042e-05, -1.04739e-06],
    [0.8435, 0.0103431, -6.4615e-05, -1.40374e-09],
    [0.8936, 0.00969686, -6.4636e-05, -8.547e-06],
    [0.9394, 0.00840947, -0.000192841, -4.2106e-06],
    [0.9761, 0.00616527, -0.000256, -4.2106e-06],
    [1.0, 0.00328947, -0.000319159, -4.2106e-06],
];
const ROBINSON_SCALE: Pair = (0.8487, 1.3523);
/// Half of the height of a Robinson map.
pub const ROBINSON_TOP: f64 = 1.3523;

fn cubic(c: &[f64; 4], z: f64) -> f64 {
    c[0] + z * (c[1] + z * (c[2] + z * c[3]))
}

/// Robinson (1974).
pub fn robinson(l: f64, p: f64) -> Pair {
    let degrees = p.abs().to_degrees();
    let i = ((degrees / 5.0).floor() as usize).min(18);
    let z = degrees - 5.0 * i as f64;
    let (x, y) = (cubic(&ROBINSON_X[i], z), cubic(&ROBINSON_Y[i], z));
    (x * ROBINSON_SCALE.0 * l, (y * ROBINSON_SCALE.1).copysign(p))
}

/// Undoes [`robinson`]; `None` outside the map.
pub fn robinson_inverse(x: f64, y: f64) -> Option<Pair> {
    let share = y.abs() / ROBINSON_SCALE.1;
    if share > 1.0 + 1e-9 {
        return None;
    }
    let i = (0..18).rev().find(|&i| ROBINSON_Y[i][0] <= share).unwrap_or(0);
    let c = &ROBINSON_Y[i];
    let mut z = 5.0 * (share - c[0]) / (ROBINSON_Y[i + 1][0] - c[0]);
    for _ in 0..30 {
        let step = (cubic(c, z) - share) / (c[1] + z * (2.0 * c[2] + z * 3.0 * c[3]));
        z -= step;
        if step.abs() < 1e-13 {
            break;
        }
    }
    let degrees = (5.0 * i as f64 + z).clamp(0.0, 90.0);
    let j = ((degrees / 5.0).floor() as usize).min(18);
    let l = x / ROBINSON_SCALE.0 / cubic(&ROBINSON_X[j], degrees - 5.0 * j as f64);
    (l.abs() <= PI * (1.0 + 1e-9)).then(|| (l.clamp(-PI, PI), degrees.to_radians().copysign(y)))
}

/// Orthographic about latitude `p0` (Snyder 1987, p. 145–153); `None` for the far side.
pub fn orthographic(l: f64, p: f64, p0: f64) -> Option<Pair> {
    let ((s0, c0), (s, c)) = (p0.sin_cos(), p.sin_cos());
    (s0 * s + c0 * c * l.cos() >= -1e-12).then(|| (c * l.sin(), c0 * s - s0 * c * l.cos()))
}

/// Undoes [`orthographic`]; `None` beside the globe.
pub fn orthographic_inverse(x: f64, y: f64, p0: f64) -> Option<Pair> {
    let rho = x.hypot(y);
    if rho > 1.0 + 1e-9 {
        return None;
    }
    if rho < 1e-12 {
        return Some((0.0, p0));
    }
    let s = rho.min(1.0);
    let c = (1.0 - s * s).sqrt();
    let (s0, c0) = p0.sin_cos();
    Some(((x * s).atan2(rho * c0 * c - y * s0 * s), (c * s0 + y * s * c0 / rho).clamp(-1.0, 1.0).asin()))
}

/// Constants of a Lambert conformal conic with standard parallels `p1` and `p2`: the cone and the radius of the equator.
fn cone(p1: f64, p2: f64) -> Pair {
    let t = |p: f64| (FRAC_PI_4 + p / 2.0).tan();
    let n = if (p1 - p2).abs() < 1e-9 { p1.sin() } else { (p1.cos() / p2.cos()).ln() / (t(p2) / t(p1)).ln() };
    (n, p1.cos() * t(p1).powf(n) / n)
}

/// Lambert conformal conic (Snyder 1987, p. 104–110); `None` at the pole that the cone does not reach.
pub fn conformal(l: f64, p: f64, (p0, p1, p2): (f64, f64, f64)) -> Option<Pair> {
    let (n, f) = cone(p1, p2);
    let rho = |p: f64| f / (FRAC_PI_4 + p / 2.0).tan().powf(n);
    let far = FRAC_PI_2 - 1e-6;
    if p * n.signum() < -far {
        return None;
    }
    let r = if p.abs() > far { 0.0 } else { rho(p) };
    Some((r * (n * l).sin(), rho(p0) - r * (n * l).cos()))
}

/// Undoes [`conformal`]; `None` in the gap of the cone.
pub fn conformal_inverse(x: f64, y: f64, (p0, p1, p2): (f64, f64, f64)) -> Option<Pair> {
    let (n, f) = cone(p1, p2);
    let r0 = f / (FRAC_PI_4 + p0 / 2.0).tan().powf(n);
    let (sign, down) = (n.signum(), r0 - y);
    let rho = sign * x.hypot(down);
    if rho.abs() < 1e-12 {
        return Some((0.0, sign * FRAC_PI_2));
    }
    let l = (sign * x).atan2(sign * down) / n;
    (l.abs() <= PI * (1.0 + 1e-9)).then(|| (l, 2.0 * (f / rho).powf(1.0 / n).atan() - FRAC_PI_2))
}

/// Polar stereographic about the north pole, true at latitude `true_at` (Snyder 1987, p. 154–163); `None` near the other pole.
pub fn stereographic(l: f64, p: f64, true_at: f64) -> Option<Pair> {
    let k = (1.0 + true_at.sin()) * (FRAC_PI_4 - p / 2.0).tan();
    (p > -1.4).then(|| (k * l.sin(), -k * l.cos()))
}

/// Undoes [`stereographic`].
pub fn stereographic_inverse(x: f64, y: f64, true_at: f64) -> Pair {
    (x.atan2(-y), FRAC_PI_2 - 2.0 * (x.hypot(y) / (1.0 + true_at.sin())).atan())
}
