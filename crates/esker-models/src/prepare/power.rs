//! Functions that make skewed numbers less so: logarithm, root, and the powers of Box and Cox (1964) and of Yeo and Johnson (2000).

use esker_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::wanted::short;

/// Where the power of a family is looked for.
const LAMBDA: (f64, f64) = (-5.0, 5.0);

/// A family of functions, before anything is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// ln x.
    Log,
    /// ln(1 + x).
    Log1p,
    /// √x.
    Sqrt,
    /// (x^λ − 1) / λ.
    BoxCox,
    /// The same of 1 + x, and mirrored with 2 − λ below 0.
    YeoJohnson,
}

impl Family {
    /// Every family, in the order of the reference page.
    pub const ALL: [Self; 5] = [Self::Log, Self::Log1p, Self::Sqrt, Self::BoxCox, Self::YeoJohnson];
    /// Their names.
    pub const NAMES: [&'static str; 5] = ["log", "log1p", "sqrt", "box-cox", "yeo-johnson"];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The family of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }

    /// The lowest value it takes, and whether it takes that one.
    fn domain(self) -> (f64, bool) {
        match self {
            Self::Log | Self::BoxCox => (0.0, false),
            Self::Log1p => (-1.0, false),
            Self::Sqrt => (0.0, true),
            Self::YeoJohnson => (f64::NEG_INFINITY, true),
        }
    }

    /// Refuses values that it does not take, with their number; missing ones are passed over. `thing` names the column.
    ///
    /// # Errors
    /// Such a value.
    pub fn admit(self, thing: &str, values: &[f64], unit: &str) -> Result<()> {
        let (low, open) = self.domain();
        let bad: Vec<f64> = values.iter().copied().filter(|v| *v < low || !open && *v == low).collect();
        if bad.is_empty() {
            return Ok(());
        }
        let smallest = bad.iter().copied().fold(f64::INFINITY, f64::min);
        let above = if open { format!("{low} and above") } else { format!("above {low}") };
        Err(Error::data(thing.to_owned())
            .got(
                format!("{} of {} values at {low} or below, down to {}{unit}", bad.len(), values.len(), short(smallest))
                    .replace("at 0 or below", if open { "below 0" } else { "at 0 or below" }),
            )
            .rule(format!("'{}' takes values {above}", self.name()))
            .hint(match self {
                Self::Log1p => "yeo-johnson takes every number",
                _ => "log1p takes 0, yeo-johnson takes every number",
            }))
    }

    /// The function of the family that brings these values nearest to a normal distribution: its power by maximum likelihood.
    ///
    /// # Errors
    /// As [`Family::admit`].
    pub fn fit(self, thing: &str, values: &[f64], unit: &str) -> Result<Power> {
        self.admit(thing, values, unit)?;
        let mut there = super::wanted::known(values);
        // The same power whatever the order of the rows.
        there.sort_by(f64::total_cmp);
        Ok(match self {
            Self::Log => Power::Log,
            Self::Log1p => Power::Log1p,
            Self::Sqrt => Power::Sqrt,
            Self::BoxCox => {
                // The likelihood knows the power alone, whatever the unit: numbers near 1 keep their digits.
                let logs: Vec<f64> = there.iter().map(|v| v.ln()).collect();
                let centre = if logs.is_empty() { 0.0 } else { esker_math::mean(&logs) };
                let scaled: Vec<f64> = logs.iter().map(|l| (l - centre).exp()).collect();
                let jacobian: f64 = logs.iter().map(|l| l - centre).sum();
                Power::BoxCox { lambda: likeliest(&scaled, jacobian, box_cox), centre: centre.exp() }
            }
            Self::YeoJohnson => {
                let jacobian: f64 = there.iter().map(|v| v.signum() * v.abs().ln_1p()).sum();
                Power::YeoJohnson(likeliest(&there, jacobian, yeo_johnson))
            }
        })
    }
}

/// The power that makes values most like normal ones; 1 where they do not differ.
fn likeliest(values: &[f64], jacobian: f64, f: impl Fn(f64, f64) -> f64) -> f64 {
    if values.len() < 2 || values[0] == values[values.len() - 1] {
        return 1.0;
    }
    let n = values.len() as f64;
    let loss = |lambda: f64| {
        let z: Vec<f64> = values.iter().map(|v| f(*v, lambda)).collect();
        let mean = z.iter().sum::<f64>() / n;
        let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
        let loss = 0.5 * n * variance.ln() - (lambda - 1.0) * jacobian;
        if loss.is_nan() || variance <= 0.0 { f64::INFINITY } else { loss }
    };
    lowest(loss, LAMBDA)
}

/// The place of the minimum of a function within an interval: a grid, then golden sections and parabolas (Brent 1973).
fn lowest(f: impl Fn(f64) -> f64, (low, high): (f64, f64)) -> f64 {
    const GRID: usize = 40;
    let at = |k: usize| low + (high - low) * k as f64 / GRID as f64;
    let best = (0..=GRID).map(|k| (f(at(k)), k)).fold((f64::INFINITY, 0), |b, c| if c.0 < b.0 { c } else { b }).1;
    brent(&f, at(best.saturating_sub(1)), at((best + 1).min(GRID)))
}

fn brent(f: &impl Fn(f64) -> f64, mut a: f64, mut b: f64) -> f64 {
    const GOLD: f64 = 0.381_966_011_250_105_1;
    let mut x = a + GOLD * (b - a);
    let (mut w, mut v) = (x, x);
    let mut fx = f(x);
    let (mut fw, mut fv) = (fx, fx);
    let (mut d, mut e) = (0.0_f64, 0.0_f64);
    for _ in 0..200 {
        let middle = 0.5 * (a + b);
        let tol = 1e-9 * x.abs() + 1e-10;
        if (x - middle).abs() <= 2.0 * tol - 0.5 * (b - a) {
            break;
        }
        let mut golden = true;
        if e.abs() > tol {
            let r = (x - w) * (fx - fv);
            let q0 = (x - v) * (fx - fw);
            let mut p = (x - v) * q0 - (x - w) * r;
            let mut q = 2.0 * (q0 - r);
            if q > 0.0 {
                p = -p;
            }
            q = q.abs();
            if p.abs() < (0.5 * q * e).abs() && p > q * (a - x) && p < q * (b - x) {
                (e, d) = (d, p / q);
                golden = false;
            }
        }
        if golden {
            e = if x < middle { b - x } else { a - x };
            d = GOLD * e;
        }
        let u = if d.abs() >= tol { x + d } else { x + tol.copysign(d) };
        let fu = f(u);
        if fu <= fx {
            if u < x {
                b = x
            } else {
                a = x
            }
            (v, fv, w, fw, x, fx) = (w, fw, x, fx, u, fu);
        } else {
            if u < x {
                a = u
            } else {
                b = u
            }
            if fu <= fw || w == x {
                (v, fv, w, fw) = (w, fw, u, fu);
            } else if fu <= fv || v == x || v == w {
                (v, fv) = (u, fu);
            }
        }
    }
    x
}

/// A function of numbers that rises, with what was learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Power {
    /// ln x.
    Log,
    /// ln(1 + x).
    Log1p,
    /// √x.
    Sqrt,
    /// Box–Cox of a power, of values over their geometric mean: far from 1 a power has no digits left.
    BoxCox {
        /// The power.
        lambda: f64,
        /// The geometric mean.
        centre: f64,
    },
    /// Yeo–Johnson of a power.
    YeoJohnson(f64),
}

fn box_cox(x: f64, lambda: f64) -> f64 {
    if lambda.abs() < 1e-12 { x.ln() } else { (lambda * x.ln()).exp_m1() / lambda }
}

fn yeo_johnson(x: f64, lambda: f64) -> f64 {
    if x >= 0.0 { box_cox_1p(x, lambda) } else { -box_cox_1p(-x, 2.0 - lambda) }
}

/// Box–Cox of 1 + x, exact for small x.
fn box_cox_1p(x: f64, lambda: f64) -> f64 {
    if lambda.abs() < 1e-12 { x.ln_1p() } else { (lambda * x.ln_1p()).exp_m1() / lambda }
}

/// The number whose [`box_cox`] is `z`; 0 or infinite beyond what the function reaches.
fn inverse(z: f64, lambda: f64) -> f64 {
    if lambda.abs() < 1e-12 {
        return z.exp();
    }
    let inside = lambda * z;
    if inside <= -1.0 { if lambda > 0.0 { 0.0 } else { f64::INFINITY } } else { (inside.ln_1p() / lambda).exp() }
}

/// The number whose [`box_cox_1p`] is `z`; infinite beyond what the function reaches.
fn inverse_1p(z: f64, lambda: f64) -> f64 {
    if lambda.abs() < 1e-12 {
        return z.exp_m1();
    }
    let inside = lambda * z;
    if inside <= -1.0 { if lambda > 0.0 { -1.0 } else { f64::INFINITY } } else { (inside.ln_1p() / lambda).exp_m1() }
}

impl Power {
    /// The family it is of.
    pub fn family(self) -> Family {
        match self {
            Self::Log => Family::Log,
            Self::Log1p => Family::Log1p,
            Self::Sqrt => Family::Sqrt,
            Self::BoxCox { .. } => Family::BoxCox,
            Self::YeoJohnson(_) => Family::YeoJohnson,
        }
    }

    /// The function of a number; NaN stays.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Log => x.ln(),
            Self::Log1p => x.ln_1p(),
            Self::Sqrt => x.sqrt(),
            Self::BoxCox { lambda, centre } => box_cox(x / centre, lambda),
            Self::YeoJohnson(lambda) => yeo_johnson(x, lambda),
        }
    }

    /// The number that the function makes `z` of; the nearest end of what it takes where there is none.
    pub fn back(self, z: f64) -> f64 {
        match self {
            Self::Log => z.exp(),
            Self::Log1p => z.exp_m1(),
            Self::Sqrt => z.max(0.0).powi(2),
            Self::BoxCox { lambda, centre } => centre * inverse(z, lambda),
            Self::YeoJohnson(lambda) if z >= 0.0 => inverse_1p(z, lambda),
            Self::YeoJohnson(lambda) => -inverse_1p(-z, 2.0 - lambda),
        }
    }

    /// What was learned, in words.
    pub fn says(self) -> String {
        match self {
            Self::BoxCox { lambda, .. } | Self::YeoJohnson(lambda) => {
                let edge = if lambda <= LAMBDA.0 + 1e-6 || lambda >= LAMBDA.1 - 1e-6 { ", the end of where it is looked for" } else { "" };
                format!("λ = {}{edge}", short(lambda))
            }
            _ => "nothing is learned".to_owned(),
        }
    }

    /// Whether it is a function at all; it may come from a stranger.
    pub fn sound(self) -> bool {
        let power = |l: f64| l.is_finite() && l.abs() <= 100.0;
        match self {
            Self::BoxCox { lambda, centre } => power(lambda) && centre.is_finite() && centre > 0.0,
            Self::YeoJohnson(lambda) => power(lambda),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn what_goes_there_comes_back() {
        let mut rng = Rng::new(8);
        for _ in 0..2000 {
            let lambda = 6.0 * rng.uniform() - 3.0;
            let x = 4.0 * rng.normal();
            let (box_cox, none) = (Power::BoxCox { lambda, centre: 2.0 }, Power::BoxCox { lambda: 0.0, centre: 1.0 });
            for power in [Power::Log, Power::Log1p, Power::Sqrt, box_cox, Power::YeoJohnson(lambda), none] {
                let x = if power.family() == Family::YeoJohnson { x } else { x.abs() + 0.01 };
                let back = power.back(power.of(x));
                assert!((back - x).abs() < 1e-7 * (1.0 + x.abs()), "{power:?} of {x}: {back}");
            }
        }
    }

    #[test]
    fn the_likeliest_power_of_lognormal_numbers_is_near_zero() {
        let mut rng = Rng::new(2);
        let v: Vec<f64> = (0..4000).map(|_| 300.0 * rng.normal().exp()).collect();
        let Power::BoxCox { lambda, centre } = Family::BoxCox.fit("x", &v, "").unwrap() else { panic!() };
        assert!((centre / 300.0 - 1.0).abs() < 0.1);
        assert!(lambda.abs() < 0.05, "{lambda}");
        assert!(matches!(Family::BoxCox.fit("x", &[3.0; 5], "").unwrap(), Power::BoxCox { lambda: 1.0, .. }));
    }

    #[test]
    fn numbers_of_any_size_keep_their_digits() {
        let mut rng = Rng::new(5);
        for size in [1e-17, 1e-12, 1.0, 1e9] {
            let v: Vec<f64> = (0..500).map(|_| size * (2600.0 + rng.normal().exp())).collect();
            let power = Family::BoxCox.fit("x", &v, "").unwrap();
            let mut z: Vec<f64> = v.iter().map(|x| power.of(*x)).collect();
            for (x, z) in v.iter().zip(&z) {
                assert!((power.back(*z) / x - 1.0).abs() < 1e-12, "{x}");
            }
            z.sort_by(f64::total_cmp);
            assert!(z.windows(2).filter(|w| w[0] < w[1]).count() > 450, "{size}: {power:?}");
        }
    }

    #[test]
    fn values_out_of_reach_are_refused_with_their_number() {
        let error = |f: Family, v: &[f64]| f.admit("column 'runoff'", v, " mm").unwrap_err().to_string();
        insta::assert_snapshot!(error(Family::Log, &[1.0, 0.0, f64::NAN, -2.5]), @r"
        column 'runoff': got 2 of 4 values at 0 or below, down to -2.5 mm; 'log' takes values above 0
          hint: log1p takes 0, yeo-johnson takes every number
        ");
        insta::assert_snapshot!(error(Family::Sqrt, &[0.0, -2.5]), @r"
        column 'runoff': got 1 of 2 values below 0, down to -2.5 mm; 'sqrt' takes values 0 and above
          hint: log1p takes 0, yeo-johnson takes every number
        ");
        insta::assert_snapshot!(error(Family::Log1p, &[-1.0]), @r"
        column 'runoff': got 1 of 1 values at -1 or below, down to -1 mm; 'log1p' takes values above -1
          hint: yeo-johnson takes every number
        ");
        assert!(Family::YeoJohnson.admit("x", &[-1e9], "").is_ok());
    }
}
