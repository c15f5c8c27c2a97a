//! The probabilities of several classes from those of pairs.

/// Probabilities of pairs are kept this far from 0 and 1, as in LIBSVM.
const EDGE: f64 = 1e-7;

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

    #[test]
    fn pairs_of_known_probabilities_give_them_back() {
        let known = [0.5, 0.1, 0.25, 0.15];
        let found = couple(4, |i, j| known[i] / (known[i] + known[j]));
        assert!(found.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
        // Pairs that contradict each other still give probabilities.
        let odd = couple(3, |i, j| if (i, j) == (0, 2) { 0.1 } else { 0.9 });
        assert!((odd.iter().sum::<f64>() - 1.0).abs() < 1e-12 && odd.iter().all(|p| *p > 0.0));
    }
}
