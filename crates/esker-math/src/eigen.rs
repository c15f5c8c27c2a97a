//! Eigenvalues and eigenvectors of small symmetric matrices.

use esker_core::{Error, Result};

/// Rounds over all pairs after which rotations have long converged.
const ROUNDS: usize = 60;

/// Eigenvalues, the largest first, and their eigenvectors of length one, one after the other, of a symmetric matrix of order `n` by Jacobi's
/// rotations (Golub and Van Loan 2013, section 8.5). The largest component of each vector is positive. Meant for tens of columns.
///
/// # Errors
/// Another number of values than n², or a value that is not finite.
///
/// ```
/// let (values, vectors) = esker_math::symmetric_eigen(&[2.0, 1.0, 1.0, 2.0], 2)?;
/// assert!((values[0] - 3.0).abs() < 1e-12 && (vectors[0] - vectors[1]).abs() < 1e-12);
/// # Ok::<(), esker_core::Error>(())
/// ```
pub fn symmetric_eigen(matrix: &[f64], n: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    if matrix.len() != n * n || matrix.iter().any(|v| !v.is_finite()) {
        return Err(Error::numeric("eigenvalues")
            .got(format!("{} numbers for order {n}", matrix.len()))
            .rule("a square matrix of finite numbers is needed"));
    }
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; n * n];
    for i in 0..n {
        vectors[i * n + i] = 1.0;
    }
    let whole: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..ROUNDS {
        let off: f64 = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|(i, j)| i != j).map(|(i, j)| a[i * n + j].powi(2)).sum();
        if off <= 1e-32 * whole {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, n, (p, q));
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let sorted = order.iter().flat_map(|&i| {
        let vector = &vectors[i * n..(i + 1) * n];
        let most = vector.iter().fold(0.0f64, |most, v| most.max(v.abs()));
        // The first of those that are as large but for rounding: two alike would else be told apart by the order of rows.
        let largest = vector.iter().copied().find(|v| v.abs() >= most * (1.0 - 1e-9)).unwrap_or(0.0);
        vector.iter().map(move |v| if largest < 0.0 { -v } else { *v })
    });
    let sorted = sorted.collect();
    Ok((values, sorted))
}

/// Turns rows and columns p and q so that their element vanishes.
fn rotate(a: &mut [f64], vectors: &mut [f64], n: usize, (p, q): (usize, usize)) {
    let off = a[p * n + q];
    if off == 0.0 {
        return;
    }
    let tau = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
    let t = tau.signum() / (tau.abs() + tau.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
    }
    for k in 0..n {
        let (x, y) = (a[p * n + k], a[q * n + k]);
        (a[p * n + k], a[q * n + k]) = (c * x - s * y, s * x + c * y);
        let (x, y) = (vectors[p * n + k], vectors[q * n + k]);
        (vectors[p * n + k], vectors[q * n + k]) = (c * x - s * y, s * x + c * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    #[test]
    fn values_times_vectors_make_the_matrix_again() {
        let mut rng = Rng::new(8);
        for n in [1, 2, 3, 12, 30] {
            let mut a = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..=i {
                    a[i * n + j] = rng.uniform() - 0.4;
                    a[j * n + i] = a[i * n + j];
                }
            }
            let (values, vectors) = symmetric_eigen(&a, n).unwrap();
            assert!(values.windows(2).all(|v| v[0] >= v[1]));
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..n).map(|k| values[k] * vectors[k * n + i] * vectors[k * n + j]).sum();
                    assert!((sum - a[i * n + j]).abs() < 1e-12 * n as f64, "order {n}");
                    let dot: f64 = (0..n).map(|k| vectors[i * n + k] * vectors[j * n + k]).sum();
                    assert!((dot - f64::from(i == j)).abs() < 1e-12 * n as f64);
                }
            }
        }
    }

    #[test]
    fn a_diagonal_is_sorted_and_gaps_are_refused() {
        assert_eq!(symmetric_eigen(&[1.0, 0.0, 0.0, 4.0], 2).unwrap(), (vec![4.0, 1.0], vec![0.0, 1.0, 1.0, 0.0]));
        assert!(symmetric_eigen(&[1.0, f64::NAN, 0.0, 4.0], 2).is_err());
        assert!(symmetric_eigen(&[1.0, 0.0], 2).is_err());
    }
}
