//! The normal and Student's t distribution: cumulative shares and quantiles.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// P(Z ≤ x) of the standard normal.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The x with P(Z ≤ x) = p of the standard normal; −∞ and ∞ at 0 and 1, NaN outside.
///
/// Algorithm AS 241, PPND16 (Wichura 1988), accurate to about 1e-16.
///
/// ```
/// assert!((esker_math::normal_quantile(0.975) - 1.959963984540054).abs() < 1e-15);
/// ```
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = (-tail.ln()).sqrt();
    let x = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    x.copysign(q)
}

/// Numerator and denominator polynomials, constant term first.
type Rational = [[f64; 8]; 2];

fn ratio(r: f64, [above, below]: &Rational) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, k| sum * r + k);
    horner(above) / horner(below)
}

#[allow(clippy::excessive_precision, reason = "digits as published")]
const CENTRE: Rational = [
    [
        3.3871328727963666080,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ],
    [
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
];
#[allow(clippy::excessive_precision, reason = "digits as published")]
const MIDDLE: Rational = [
    [
        1.42343711074968357734,
        4.63033784615654529590,
        5.76949722146069140550,
        3.64784832476320460504,
        1.27045825245236838258,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.0,
        2.05319162663775882187,
        1.67638483018380384940,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ],
];
#[allow(clippy::excessive_precision, reason = "digits as published")]
const FAR: Rational = [
    [
        6.65790464350110377720,
        5.46378491116411436990,
        1.78482653991729133580,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ],
];

/// P(T ≤ x) of Student's t with `dof` > 0 degrees of freedom, which need not be whole; NaN otherwise.
///
/// By the incomplete beta function, I of dof/(dof + x²) at (dof/2, 1/2) (DLMF 8.17).
pub fn student_cdf(x: f64, dof: f64) -> f64 {
    if x.is_nan() || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    let tail = student_upper_tail(x.abs(), dof);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// P(T > x) for x ≥ 0, accurate in the far tail.
fn student_upper_tail(x: f64, dof: f64) -> f64 {
    if dof > 1e10 {
        return normal_cdf(-x);
    }
    0.5 * incomplete_beta(dof / (dof + x * x), x * x / (dof + x * x), dof / 2.0, 0.5)
}

/// The x with P(T ≤ x) = p of Student's t with `dof` > 0 degrees of freedom; −∞ and ∞ at 0 and 1, NaN outside.
///
/// Newton steps on the cumulative share, kept inside a bracket by bisection.
///
/// ```
/// // scipy 1.17.1: stats.t.ppf(0.975, 9)
/// assert!((esker_math::student_quantile(0.975, 9.0) - 2.262157162798205).abs() < 1e-12);
/// ```
pub fn student_quantile(p: f64, dof: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    let sign = if p < 0.5 { -1.0 } else { 1.0 };
    let tail = if p < 0.5 { p } else { 1.0 - p };
    if tail == 0.0 {
        return sign * f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while student_upper_tail(high, dof) > tail {
        low = high;
        high *= 2.0;
        if high.is_infinite() {
            return sign * high;
        }
    }
    let log_scale = libm::lgamma((dof + 1.0) / 2.0) - libm::lgamma(dof / 2.0) - 0.5 * (dof * PI).ln();
    let mut x = 0.5 * (low + high);
    for _ in 0..200 {
        let excess = student_upper_tail(x, dof) - tail;
        if excess > 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density = (log_scale - 0.5 * (dof + 1.0) * (x * x / dof).ln_1p()).exp();
        let newton = x + excess / density;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - x).abs() <= 2.0 * f64::EPSILON * x.abs() {
            x = next;
            break;
        }
        x = next;
    }
    sign * x
}

/// The regularised incomplete beta function I_x(a, b), with y = 1 − x given exactly (DLMF 8.17.22, Lentz's method).
fn incomplete_beta(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * y.ln();
    if x < (a + 1.0) / (a + b + 2.0) {
        (front - a.ln()).exp() * beta_fraction(x, a, b)
    } else {
        1.0 - (front - b.ln()).exp() * beta_fraction(y, b, a)
    }
}

/// P(X > x) of the χ² distribution with `dof` > 0 degrees of freedom, accurate in the far tail; NaN otherwise.
///
/// By the regularised incomplete gamma function Q(dof/2, x/2) (DLMF 8.7.3 and 8.9.2).
///
/// ```
/// // scipy 1.17.1: stats.chi2.sf(18.307038053275146, 10)
/// assert!((esker_math::chi_squared_tail(18.307038053275146, 10.0) - 0.05).abs() < 1e-14);
/// ```
pub fn chi_squared_tail(x: f64, dof: f64) -> f64 {
    if x.is_nan() || dof.is_nan() || dof <= 0.0 {
        return f64::NAN;
    }
    let (a, x) = (dof / 2.0, x / 2.0);
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let front = a * x.ln() - x - libm::lgamma(a);
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > f64::EPSILON * sum * 0.1 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - (front.exp() * sum).min(1.0);
    }
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let mut value = d;
    for i in 1..100_000 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front.exp() * value
}

/// P(X ≤ k) of the binomial distribution of `n` trials that each succeed with probability `p` in 0..=1.
///
/// ```
/// assert_eq!(esker_math::binomial_cdf(1, 2, 0.5), 0.75);
/// ```
pub fn binomial_cdf(k: usize, n: usize, p: f64) -> f64 {
    if k >= n { 1.0 } else { incomplete_beta(1.0 - p, p, (n - k) as f64, k as f64 + 1.0) }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        for numerator in
            [m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)), -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))]
        {
            d = 1.0 / guard(1.0 + numerator * d);
            c = guard(1.0 + numerator / c);
            value *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_invert_the_cumulative_share() {
        for p in [1e-12, 1e-6, 0.003, 0.05, 0.3, 0.5, 0.77, 0.95, 0.999_999] {
            assert!((normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-12, "normal {p}");
            for dof in [0.7, 1.0, 2.5, 9.0, 120.0, 1e6] {
                assert!((student_cdf(student_quantile(p, dof), dof) / p - 1.0).abs() < 1e-10, "t {p} {dof}");
                assert!((student_quantile(p, dof) + student_quantile(1.0 - p, dof)).abs() <= 1e-3 * student_quantile(p, dof).abs());
            }
        }
    }

    #[test]
    fn one_degree_is_cauchy_and_many_are_normal() {
        for p in [0.6, 0.9, 0.999] {
            let cauchy = (PI * (p - 0.5)).tan();
            assert!((student_quantile(p, 1.0) / cauchy - 1.0).abs() < 1e-12);
            assert!((student_quantile(p, 1e12) - normal_quantile(p)).abs() < 1e-9);
        }
    }

    #[test]
    fn values_agree_with_scipy() {
        // scipy 1.17.1: stats.t.ppf and stats.norm.ppf
        for (p, dof, expected) in SCIPY_T {
            let got = student_quantile(p, dof);
            assert!((got / expected - 1.0).abs() < 1e-11, "t.ppf({p}, {dof}) = {got}, not {expected}");
        }
        for (p, expected) in SCIPY_NORM {
            assert!((normal_quantile(p) / expected - 1.0).abs() < 1e-14, "norm.ppf({p})");
        }
    }

    #[test]
    fn outside_there_is_no_answer() {
        assert!(normal_quantile(1.1).is_nan());
        assert!(student_quantile(0.5, 0.0).is_nan());
        assert!(student_cdf(1.0, -1.0).is_nan());
        assert_eq!(student_quantile(1.0, 3.0), f64::INFINITY);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    }

    #[test]
    fn tails_of_chi_squared_and_shares_of_the_binomial_agree_with_scipy() {
        // scipy 1.17.1: stats.chi2.sf and stats.binom.cdf
        for (x, dof, expected) in SCIPY_CHI {
            let got = chi_squared_tail(x, dof);
            assert!((got / expected - 1.0).abs() < 1e-11, "chi2.sf({x}, {dof}) = {got}, not {expected}");
        }
        for (k, n, expected) in SCIPY_BINOMIAL {
            let got = binomial_cdf(k, n, 0.5);
            assert!((got / expected - 1.0).abs() < 1e-11, "binom.cdf({k}, {n}) = {got}, not {expected}");
        }
        assert_eq!((chi_squared_tail(0.0, 3.0), chi_squared_tail(f64::INFINITY, 3.0)), (1.0, 0.0));
        assert!(chi_squared_tail(1.0, 0.0).is_nan() && chi_squared_tail(f64::NAN, 1.0).is_nan());
        assert_eq!(binomial_cdf(5, 5, 0.3), 1.0);
    }

    const SCIPY_CHI: [(f64, f64, f64); 25] = [
        (0.01, 1.0, 0.920344325445942),
        (1.0, 1.0, 0.31731050786291115),
        (12.0, 1.0, 0.0005320055051392492),
        (80.0, 1.0, 3.744097384202887e-19),
        (500.0, 1.0, 9.505397766554137e-111),
        (0.01, 2.0, 0.9950124791926823),
        (1.0, 2.0, 0.6065306597126334),
        (12.0, 2.0, 0.002478752176666357),
        (80.0, 2.0, 4.248354255291595e-18),
        (500.0, 2.0, 2.6691902155412655e-109),
        (0.01, 10.0, 0.999999999999974),
        (1.0, 10.0, 0.9998278843700441),
        (12.0, 10.0, 0.2850565003166312),
        (80.0, 10.0, 5.020464318829132e-13),
        (500.0, 10.0, 4.4147360999137545e-101),
        (0.01, 37.5, 1.0),
        (1.0, 37.5, 1.0),
        (12.0, 37.5, 0.9999762903531492),
        (80.0, 37.5, 6.543976334029173e-05),
        (500.0, 37.5, 3.399270706409234e-82),
        (0.01, 400.0, 1.0),
        (1.0, 400.0, 1.0),
        (12.0, 400.0, 1.0),
        (80.0, 400.0, 1.0),
        (500.0, 400.0, 0.00048221275959343273),
    ];
    const SCIPY_BINOMIAL: [(usize, usize, f64); 7] = [
        (0, 1, 0.5),
        (3, 10, 0.171875),
        (5, 10, 0.623046875),
        (9, 10, 0.9990234375),
        (40, 100, 0.028443966820490444),
        (49, 100, 0.46020538130641103),
        (0, 60, 8.673617379884035e-19),
    ];

    const SCIPY_T: [(f64, f64, f64); 30] = [
        (1e-09, 1.0, -318309886.1837907),
        (1e-09, 2.5, -3489.583395369981),
        (1e-09, 9.0, -23.7299198193785),
        (1e-09, 47.0, -7.403996991524378),
        (1e-09, 1000.0, -6.053690272079834),
        (0.025, 1.0, -12.706204736174705),
        (0.025, 2.5, -3.5746548420036834),
        (0.025, 9.0, -2.2621571627982053),
        (0.025, 47.0, -2.011740513729766),
        (0.025, 1000.0, -1.9623390808264085),
        (0.4, 1.0, -0.32491969623290634),
        (0.4, 2.5, -0.2814595127485477),
        (0.4, 9.0, -0.260955336473911),
        (0.4, 47.0, -0.2547859359817439),
        (0.4, 1000.0, -0.25341451583949876),
        (0.9, 1.0, 3.0776835371752544),
        (0.9, 2.5, 1.7302509288071766),
        (0.9, 9.0, 1.3830287383966329),
        (0.9, 47.0, 1.2998249473116632),
        (0.9, 1000.0, 1.2823987214609247),
        (0.975, 1.0, 12.706204736174694),
        (0.975, 2.5, 3.5746548420036817),
        (0.975, 9.0, 2.262157162798205),
        (0.975, 47.0, 2.0117405137297655),
        (0.975, 1000.0, 1.9623390808264083),
        (0.9995, 1.0, 636.6192487687897),
        (0.9995, 2.5, 18.277893528131457),
        (0.9995, 9.0, 4.780912585931217),
        (0.9995, 47.0, 3.5099012834495147),
        (0.9995, 1000.0, 3.300282648423944),
    ];

    const SCIPY_NORM: [(f64, f64); 7] = [
        (1e-300, -37.0470962993612),
        (1e-20, -9.262340089798409),
        (1e-05, -4.264890793922825),
        (0.05, -1.6448536269514729),
        (0.3, -0.5244005127080409),
        (0.9, 1.2815515655446004),
        (0.999, 3.090232306167813),
    ];
}
