//! The convex mix of several answers that is nearest to what was observed.

use crate::dense::Cholesky;
use esker_core::Result;

/// Share of the mean square that is added to each answer's own, so that answers that are copies share their weight evenly.
const EVEN: f64 = 1e-9;

/// The weights that minimise wᵀ `products` w where none is negative and their sum is 1, by an active set (Lawson and Hanson 1974, chapter 23).
///
/// `products` (n × n) holds the sums of products of the answers' errors: with them the mix of the answers has the least square error of all
/// convex mixes (Breiman 1996).
///
/// # Errors
/// Products that are not finite.
///
/// # Panics
/// `products` has not n × n numbers.
///
/// ```
/// // Errors that are as large and independent: half of each.
/// let w = esker_math::convex_mix(&[4.0, 0.0, 0.0, 4.0], 2).unwrap();
/// assert!((w[0] - 0.5).abs() < 1e-12);
/// ```
pub fn convex_mix(products: &[f64], n: usize) -> Result<Vec<f64>> {
    let own = (0..n).map(|i| products[i * n + i]).sum::<f64>() / n as f64;
    if own == 0.0 {
        return Ok(vec![1.0 / n as f64; n]);
    }
    let mut a = products.to_vec();
    (0..n).for_each(|i| a[i * n + i] += EVEN * own);
    let first = (0..n).min_by(|&i, &j| a[i * n + i].total_cmp(&a[j * n + j])).unwrap_or(0);
    let mut free = vec![first];
    let mut weights = vec![0.0; n];
    weights[first] = 1.0;
    // The active set changes a few times an answer; the bound holds where rounding would have it change for ever.
    for _ in 0..100 * n {
        // Move to the best point of the free ones; those that would get negative fall out on the way.
        loop {
            let wanted = on(&a, n, &free)?;
            let step = free.iter().zip(&wanted).filter(|(_, w)| **w <= 0.0).map(|(&i, w)| weights[i] / (weights[i] - w));
            let step = step.fold(1.0, f64::min);
            for (&i, w) in free.iter().zip(&wanted) {
                weights[i] += step * (w - weights[i]);
            }
            if step == 1.0 {
                break;
            }
            let least = free.iter().copied().min_by(|&i, &j| weights[i].total_cmp(&weights[j])).unwrap_or(first);
            free.retain(|&i| i != least && weights[i] > 0.0);
            (0..n).filter(|i| !free.contains(i)).for_each(|i| weights[i] = 0.0);
        }
        let slope = |i: usize| (0..n).map(|j| a[i * n + j] * weights[j]).sum::<f64>();
        let level: f64 = free.iter().map(|&i| slope(i) * weights[i]).sum();
        let steepest = (0..n).filter(|i| !free.contains(i)).min_by(|&i, &j| slope(i).total_cmp(&slope(j)));
        match steepest.filter(|&i| slope(i) < level - 1e-12 * own) {
            Some(i) => free.push(i),
            None => break,
        }
    }
    let sum: f64 = weights.iter().sum();
    Ok(weights.iter().map(|w| w / sum).collect())
}

/// The best weights of a sum of 1 on the answers `free`, of any sign: A⁻¹ 1, scaled.
fn on(a: &[f64], n: usize, free: &[usize]) -> Result<Vec<f64>> {
    let part: Vec<f64> = free.iter().flat_map(|&i| free.iter().map(move |&j| a[i * n + j])).collect();
    let solved = Cholesky::new(&part, free.len())?.solve(&vec![1.0; free.len()]);
    let sum: f64 = solved.iter().sum();
    Ok(solved.iter().map(|w| w / sum).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn square(a: &[f64], w: &[f64]) -> f64 {
        let n = w.len();
        (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| w[i] * a[i * n + j] * w[j]).sum()
    }

    fn products(rng: &mut Rng, n: usize) -> Vec<f64> {
        let common = rng.uniform() * 3.0;
        let rows: Vec<Vec<f64>> = (0..30)
            .map(|_| {
                let shared = common * rng.normal();
                (0..n).map(|i| shared + (0.3 + i as f64 / 5.0) * rng.normal()).collect()
            })
            .collect();
        (0..n * n).map(|k| rows.iter().map(|r| r[k / n] * r[k % n]).sum()).collect()
    }

    #[test]
    fn no_set_of_answers_makes_a_better_mix() {
        let mut rng = Rng::new(3);
        let mut fewer = 0;
        for round in 0..200 {
            let n = 1 + round % 5;
            let a = products(&mut rng, n);
            let w = convex_mix(&a, n).unwrap();
            assert!(w.iter().all(|w| *w >= 0.0) && (w.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{w:?}");
            fewer += usize::from(w.contains(&0.0));
            let here = square(&a, &w);
            for set in 1..1_usize << n {
                let free: Vec<usize> = (0..n).filter(|i| set >> i & 1 == 1).collect();
                let best = on(&a, n, &free).unwrap();
                if best.iter().all(|w| *w >= 0.0) {
                    let mut all = vec![0.0; n];
                    free.iter().zip(&best).for_each(|(&i, w)| all[i] = *w);
                    assert!(here <= square(&a, &all) * (1.0 + 1e-6), "round {round}: {w:?} against {all:?}");
                }
            }
        }
        assert!(fewer > 20, "answers that do not help have no weight: {fewer}");
    }

    #[test]
    fn copies_share_their_weight() {
        let w = convex_mix(&[2.0, 2.0, 0.5, 2.0, 2.0, 0.5, 0.5, 0.5, 3.0], 3).unwrap();
        assert!((w[0] - w[1]).abs() < 1e-5, "{w:?}");
        assert_eq!(convex_mix(&[0.0; 4], 2).unwrap(), [0.5, 0.5]);
        assert!(convex_mix(&[f64::NAN; 4], 2).is_err());
    }
}
