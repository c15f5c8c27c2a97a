//! Empirical distributions: how far two samples of numbers are from one another.

use esker_core::{Error, Result};

use crate::quantile_of_sorted;

/// Products of sample sizes below this get the exact distribution of the Smirnov statistic, larger ones its limit.
const EXACT_BELOW: usize = 10_000;

/// Numbers in rising order, each with the same weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Empirical(Vec<f64>);

/// The one-sided two-sample Smirnov test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smirnov {
    /// The largest surplus of the first distribution function over the second, 0..1.
    pub surplus: f64,
    /// The chance of at least that surplus if both samples came from one distribution.
    pub p: f64,
}

impl Empirical {
    /// The distribution of some numbers.
    ///
    /// # Errors
    /// No number, or one that is NaN.
    pub fn new(mut values: Vec<f64>) -> Result<Self> {
        if values.is_empty() || values.iter().any(|v| v.is_nan()) {
            return Err(Error::numeric("empirical distribution")
                .got(format!("{} values", values.len()))
                .rule("values without gaps are needed, at least one"));
        }
        values.sort_unstable_by(f64::total_cmp);
        Ok(Self(values))
    }

    /// The numbers, rising.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        crate::mean(&self.0)
    }

    /// Share of the numbers that are no larger than `at`.
    pub fn share(&self, at: f64) -> f64 {
        self.0.partition_point(|&v| v <= at) as f64 / self.0.len() as f64
    }

    /// The quantile of a share within 0..=1 (type 7 of Hyndman and Fan 1996).
    pub fn quantile(&self, share: f64) -> f64 {
        quantile_of_sorted(&self.0, share)
    }

    /// The Wasserstein distance of order one, the integral of the absolute difference of both distribution functions, in the numbers' unit
    /// (Dowd 2020, arXiv:2007.01360; the W statistic of Linnenbrink et al. 2024, doi 10.5194/gmd-17-5897-2024).
    ///
    /// ```
    /// use esker_math::Empirical;
    /// let (a, b) = (Empirical::new(vec![0.0, 2.0])?, Empirical::new(vec![1.0, 5.0])?);
    /// assert_eq!(a.wasserstein(&b), 2.0);
    /// # Ok::<(), esker_core::Error>(())
    /// ```
    pub fn wasserstein(&self, other: &Self) -> f64 {
        let (a, b) = (&self.0, &other.0);
        let (mut i, mut j, mut sum, mut last) = (0, 0, 0.0, a[0].min(b[0]));
        let (share_a, share_b) = (1.0 / a.len() as f64, 1.0 / b.len() as f64);
        while i < a.len() || j < b.len() {
            let (next_a, next_b) = (a.get(i).copied().unwrap_or(f64::INFINITY), b.get(j).copied().unwrap_or(f64::INFINITY));
            let next = next_a.min(next_b);
            if next > last {
                sum += (i as f64 * share_a - j as f64 * share_b).abs() * (next - last);
                last = next;
            }
            i += usize::from(next_a <= next_b && i < a.len());
            j += usize::from(next_b < next_a || i == a.len() && j < b.len() && b[j] == next);
        }
        sum
    }

    /// Whether this distribution function lies above the other: whether these numbers are smaller.
    ///
    /// The p-value is exact, ties included, where the product of both sizes is below 10,000 (Schröer and Trenkler 1995, doi
    /// 10.1016/0167-9473(94)00040-P), else exp(−2 D² n m / (n + m)) (Smirnov 1939).
    pub fn above(&self, other: &Self) -> Smirnov {
        let (a, b) = (&self.0, &other.0);
        let (n, m) = (a.len(), b.len());
        // The surplus in units of 1/(n m), exact in whole numbers.
        let (mut i, mut j, mut most) = (0usize, 0usize, 0i128);
        let mut ends = vec![false; if n.saturating_mul(m) < EXACT_BELOW { n + m } else { 0 }];
        while i < n || j < m {
            let next = a.get(i).copied().unwrap_or(f64::INFINITY).min(b.get(j).copied().unwrap_or(f64::INFINITY));
            i += a[i..].iter().take_while(|&&v| v <= next).count();
            j += b[j..].iter().take_while(|&&v| v <= next).count();
            most = most.max(i as i128 * m as i128 - j as i128 * n as i128);
            if let Some(end) = ends.get_mut(i + j - 1) {
                *end = true;
            }
        }
        let surplus = most as f64 / (n as f64 * m as f64);
        let p = if ends.is_empty() {
            (-2.0 * surplus * surplus * (n as f64 * m as f64) / (n as f64 + m as f64)).exp()
        } else {
            1.0 - below(most, n, m, &ends)
        };
        Smirnov { surplus, p: p.clamp(0.0, 1.0) }
    }
}

/// The chance that the surplus of a random order of n and m numbers stays below `most`/(n m); `ends` says after which of the ordered numbers
/// both functions are compared, which is not within ties.
fn below(most: i128, n: usize, m: usize, ends: &[bool]) -> f64 {
    let (mut paths, mut all) = (vec![0.0; m + 1], vec![0.0; m + 1]);
    for i in 0..=n {
        for j in 0..=m {
            if i == 0 && j == 0 {
                (paths[0], all[0]) = (1.0, 1.0);
                continue;
            }
            let left = if j > 0 { (paths[j - 1], all[j - 1]) } else { (0.0, 0.0) };
            let up = if i > 0 { (paths[j], all[j]) } else { (0.0, 0.0) };
            let open = !ends[i + j - 1] || (i as i128 * m as i128 - j as i128 * n as i128) < most;
            paths[j] = if open { left.0 + up.0 } else { 0.0 };
            all[j] = left.1 + up.1;
        }
    }
    paths[m] / all[m]
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn of(values: &[f64]) -> Empirical {
        Empirical::new(values.to_vec()).unwrap()
    }

    #[test]
    fn the_distance_is_the_area_between_the_quantiles() {
        let mut rng = Rng::new(4);
        for _ in 0..20 {
            // Equal sizes: the mean absolute difference of the ordered numbers; a coarse lattice makes ties.
            let n = 1 + rng.below(40);
            let (a, b): (Vec<f64>, Vec<f64>) = (0..n).map(|_| (rng.below(9) as f64, rng.below(12) as f64)).unzip();
            let (a, b) = (of(&a), of(&b));
            let direct = a.values().iter().zip(b.values()).map(|(x, y)| (x - y).abs()).sum::<f64>() / n as f64;
            assert!((a.wasserstein(&b) - direct).abs() < 1e-12);
            assert_eq!(a.wasserstein(&a), 0.0);
            assert!((a.wasserstein(&b) - b.wasserstein(&a)).abs() < 1e-12);
        }
        assert!((of(&[1.0, 2.0, 4.0]).wasserstein(&of(&[3.0])) - 4.0 / 3.0).abs() < 1e-15);
    }

    /// `ks.test(x, y, alternative = "greater")` of R counts the same orders; here all 252 orders of 5 and 5 numbers are counted.
    #[test]
    fn small_samples_get_the_share_of_orders_with_at_least_that_surplus() {
        let values = [1.0, 2.0, 3.0, 3.0, 5.0, 6.0, 6.0, 6.0, 9.0, 10.0];
        let all: Vec<(Empirical, Empirical)> = (0u32..1024)
            .filter(|bits| bits.count_ones() == 5)
            .map(|bits| {
                let (a, b): (Vec<_>, Vec<_>) = (0..10).partition(|i| bits >> i & 1 == 1);
                (of(&a.iter().map(|&i: &usize| values[i]).collect::<Vec<_>>()), of(&b.iter().map(|&i| values[i]).collect::<Vec<_>>()))
            })
            .collect();
        let found: Vec<Smirnov> = all.iter().map(|(a, b)| a.above(b)).collect();
        for one in &found {
            let share = found.iter().filter(|f| f.surplus >= one.surplus).count() as f64 / 252.0;
            assert!((one.p - share).abs() < 1e-12, "{one:?} {share}");
        }
    }

    #[test]
    fn large_samples_use_the_limit_and_smaller_numbers_are_above() {
        let low: Vec<f64> = (0..200).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|v| v + 40.0).collect();
        let test = of(&low).above(&of(&high));
        assert!((test.surplus - 0.2).abs() < 1e-15);
        assert!((test.p - (-2.0f64 * 0.04 * 100.0).exp()).abs() < 1e-15);
        assert_eq!(of(&high).above(&of(&low)), Smirnov { surplus: 0.0, p: 1.0 });
        assert_eq!((of(&low).share(49.0), of(&low).quantile(0.5), of(&low).mean()), (0.25, 99.5, 99.5));
    }

    #[test]
    fn nothing_and_gaps_are_refused() {
        assert!(Empirical::new(Vec::new()).is_err());
        assert!(Empirical::new(vec![1.0, f64::NAN]).is_err());
    }
}
