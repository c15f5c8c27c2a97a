//! Platt's sigmoid: from values that rise with a class to its probability.

use serde::{Deserialize, Serialize};

/// A sigmoid: the probability of the first class is 1 / (1 + exp(a f + b)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sigmoid {
    /// Below 0 where larger values make the class more probable.
    pub a: f64,
    /// What a value of 0 gives.
    pub b: f64,
}

impl Sigmoid {
    /// The sigmoid that says the same for every value: the share of the first class.
    pub fn share(first: f64, second: f64) -> Self {
        Self { a: 0.0, b: ((second + 1.0) / (first + 1.0)).ln() }
    }

    /// The probability of the first class.
    pub fn at(self, f: f64) -> f64 {
        let z = self.a * f + self.b;
        if z >= 0.0 { (-z).exp() / (1.0 + (-z).exp()) } else { 1.0 / (1.0 + z.exp()) }
    }

    /// The most likely sigmoid of decision values, whether each row is of the first class, and weights, with Platt's smoothed targets; Newton's
    /// method with halved steps of Lin, Lin and Weng (2007). One that falls where it should rise tells nothing: then it is the share.
    pub fn fit(values: &[(f64, bool, f64)]) -> Self {
        let of = |first: bool| values.iter().filter(|v| v.1 == first).map(|v| v.2).sum::<f64>();
        let (first, second) = (of(true), of(false));
        let share = Self::share(first, second);
        if first == 0.0 || second == 0.0 {
            return share;
        }
        let (high, low) = ((first + 1.0) / (first + 2.0), 1.0 / (second + 2.0));
        let rows: Vec<(f64, f64, f64)> = values.iter().map(|v| (v.0, if v.1 { high } else { low }, v.2)).collect();
        let mut at = share;
        let mut loss = at.loss(&rows);
        for _ in 0..100 {
            let (gradient, [haa, hab, hbb]) = at.slopes(&rows);
            if gradient.iter().all(|g| g.abs() < 1e-9 * (first + second)) {
                break;
            }
            let determinant = haa * hbb - hab * hab;
            let step = [-(hbb * gradient[0] - hab * gradient[1]) / determinant, -(haa * gradient[1] - hab * gradient[0]) / determinant];
            let slope = gradient[0] * step[0] + gradient[1] * step[1];
            let mut length = 1.0;
            let next = loop {
                let next = Self { a: at.a + length * step[0], b: at.b + length * step[1] };
                let found = next.loss(&rows);
                if found < loss + 1e-4 * length * slope {
                    break Some((next, found));
                }
                length *= 0.5;
                if length < 1e-10 {
                    break None;
                }
            };
            let Some(next) = next else { break };
            (at, loss) = next;
        }
        if at.a < 0.0 && at.a.is_finite() && at.b.is_finite() { at } else { share }
    }

    fn loss(self, rows: &[(f64, f64, f64)]) -> f64 {
        let one = |&(f, t, w): &(f64, f64, f64)| {
            let z = self.a * f + self.b;
            // −t ln p − (1 − t) ln (1 − p) without overflow.
            w * if z >= 0.0 { t * z + (-z).exp().ln_1p() } else { (t - 1.0) * z + z.exp().ln_1p() }
        };
        rows.iter().map(one).sum()
    }

    /// Gradient and Hessian, the latter with a little on its diagonal.
    fn slopes(self, rows: &[(f64, f64, f64)]) -> ([f64; 2], [f64; 3]) {
        let (mut g, mut h) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
        for &(f, t, w) in rows {
            let p = self.at(f);
            let (d, s) = (w * (t - p), w * p * (1.0 - p));
            g[0] += f * d;
            g[1] += d;
            h[0] += f * f * s;
            h[1] += f * s;
            h[2] += s;
        }
        (g, h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn a_sigmoid_is_found_again_and_weights_count_as_rows() {
        let mut rng = Rng::new(5);
        let true_ = Sigmoid { a: -1.7, b: 0.4 };
        let rows: Vec<(f64, bool, f64)> = (0..40_000)
            .map(|_| {
                let f = rng.normal();
                (f, rng.uniform() < true_.at(f), 1.0)
            })
            .collect();
        let found = Sigmoid::fit(&rows);
        assert!((found.a - true_.a).abs() < 0.05 && (found.b - true_.b).abs() < 0.05, "{found:?}");
        let twice: Vec<(f64, bool, f64)> = rows[..300].iter().flat_map(|r| [*r, *r]).collect();
        let heavy: Vec<(f64, bool, f64)> = rows[..300].iter().map(|r| (r.0, r.1, 2.0)).collect();
        let (a, b) = (Sigmoid::fit(&twice), Sigmoid::fit(&heavy));
        assert!((a.a - b.a).abs() < 1e-9 && (a.b - b.b).abs() < 1e-9);
        // Values that tell the wrong way round tell nothing.
        let wrong: Vec<(f64, bool, f64)> = rows[..300].iter().map(|r| (-r.0, r.1, r.2)).collect();
        assert_eq!(Sigmoid::fit(&wrong).a, 0.0);
    }
}
