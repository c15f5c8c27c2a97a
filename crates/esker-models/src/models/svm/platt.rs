//! From decision values to probabilities: a sigmoid for each pair of classes, and the probabilities that fit all pairs best.

/// A sigmoid: the probability of the first class is 1 / (1 + exp(a f + b)).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Sigmoid {
    pub(super) a: f64,
    pub(super) b: f64,
}

/// Probabilities of pairs are kept this far from 0 and 1, as in LIBSVM.
const EDGE: f64 = 1e-7;

impl Sigmoid {
    /// The sigmoid that says the same for every value: the share of the first class.
    pub(super) fn share(first: f64, second: f64) -> Self {
        Self { a: 0.0, b: ((second + 1.0) / (first + 1.0)).ln() }
    }

    /// The probability of the first class.
    pub(super) fn at(self, f: f64) -> f64 {
        let z = self.a * f + self.b;
        if z >= 0.0 { (-z).exp() / (1.0 + (-z).exp()) } else { 1.0 / (1.0 + z.exp()) }
    }

    /// The most likely sigmoid of decision values, whether each row is of the first class, and weights, with Platt's smoothed targets; Newton's
    /// method with halved steps of Lin, Lin and Weng (2007). One that falls where it should rise tells nothing: then it is the share.
    pub(super) fn fit(values: &[(f64, bool, f64)]) -> Self {
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

/// The probabilities of classes that fit those of all pairs best (the second method of Wu, Lin and Weng 2004). `pair(i, j)` with i < j is the
/// probability of `i` if it is one of the two.
pub(super) fn couple(classes: usize, pair: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let r = |i: usize, j: usize| {
        let p = if i < j { pair(i, j) } else { 1.0 - pair(j, i) };
        p.clamp(EDGE, 1.0 - EDGE)
    };
    let k = classes;
    let mut q = vec![0.0; k * k];
    for i in 0..k {
        for j in (0..k).filter(|&j| j != i) {
            q[i * k + i] += r(j, i) * r(j, i);
            q[i * k + j] = -r(j, i) * r(i, j);
        }
    }
    let mut p = vec![1.0 / k as f64; k];
    for _ in 0..100 * k.max(10) {
        let mut qp: Vec<f64> = (0..k).map(|i| (0..k).map(|j| q[i * k + j] * p[j]).sum()).collect();
        let mut pqp: f64 = p.iter().zip(&qp).map(|(a, b)| a * b).sum();
        if qp.iter().all(|v| (v - pqp).abs() < 1e-9 / k as f64) {
            break;
        }
        for t in 0..k {
            let d = (pqp - qp[t]) / q[t * k + t];
            p[t] += d;
            pqp = (pqp + d * (d * q[t * k + t] + 2.0 * qp[t])) / (1.0 + d) / (1.0 + d);
            for j in 0..k {
                qp[j] = (qp[j] + d * q[t * k + j]) / (1.0 + d);
                p[j] /= 1.0 + d;
            }
        }
    }
    let whole: f64 = p.iter().sum();
    p.iter_mut().for_each(|v| *v /= whole);
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn pairs_of_known_probabilities_give_them_back() {
        let known = [0.5, 0.1, 0.25, 0.15];
        let found = couple(4, |i, j| known[i] / (known[i] + known[j]));
        assert!(found.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        // Pairs that contradict each other still give probabilities.
        let odd = couple(3, |i, j| if (i, j) == (0, 2) { 0.1 } else { 0.9 });
        assert!((odd.iter().sum::<f64>() - 1.0).abs() < 1e-12 && odd.iter().all(|p| *p > 0.0));
    }

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
