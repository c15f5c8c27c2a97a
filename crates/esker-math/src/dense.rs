//! Dense linear algebra on column-major `f64` slices: products, Cholesky, least squares.

use esker_core::{Error, Result};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::Solve;
use faer::{Accum, MatMut, MatRef, Par, Side};

/// A matrix seen through a slice: `rows` × `columns`, column after column.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    values: &'a [f64],
    rows: usize,
    columns: usize,
}

impl<'a> Columns<'a> {
    /// A view of `values`.
    ///
    /// # Panics
    /// The slice does not hold `rows` × `columns` numbers: a mistake in our code, not in the user's data.
    pub fn new(values: &'a [f64], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a view of {rows} x {columns} needs as many numbers");
        Self { values, rows, columns }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One column.
    pub fn column(&self, j: usize) -> &'a [f64] {
        &self.values[j * self.rows..(j + 1) * self.rows]
    }

    fn faer(&self) -> MatRef<'a, f64> {
        MatRef::from_column_major_slice(self.values, self.rows, self.columns)
    }
}

/// Does `work` of the linear-algebra crate and leaves the processor as scalar code needs it.
///
/// Its kernels return with the upper halves of the vector registers in use (seen with faer 0.24.4 on AVX-512), and until
/// those are cleared every scalar call on that thread, such as `exp`, takes up to a hundred times as long.
fn settled<T>(work: impl FnOnce() -> T) -> T {
    let out = work();
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx") {
        #[target_feature(enable = "avx")]
        fn clear() {
            std::arch::x86_64::_mm256_zeroupper();
        }
        #[allow(unsafe_code, reason = "the one instruction is called only where the processor has it")]
        // SAFETY: AVX was detected.
        unsafe {
            clear();
        }
    }
    out
}

/// Adds A B to `out`, which is a.rows × b.columns.
///
/// # Panics
/// Shapes that do not meet.
pub fn product(a: Columns<'_>, b: Columns<'_>, out: &mut [f64]) {
    assert_eq!(a.columns, b.rows, "inner lengths of a product agree");
    let out = MatMut::from_column_major_slice_mut(out, a.rows, b.columns);
    settled(|| matmul(out, Accum::Add, a.faer(), b.faer(), 1.0, Par::Seq));
}

/// Adds Aᵀ B to `out`, which is a.columns × b.columns.
///
/// # Panics
/// Shapes that do not meet.
pub fn transposed_product(a: Columns<'_>, b: Columns<'_>, out: &mut [f64]) {
    assert_eq!(a.rows, b.rows, "rows of the factors agree");
    let out = MatMut::from_column_major_slice_mut(out, a.columns, b.columns);
    settled(|| matmul(out, Accum::Add, a.faer().transpose(), b.faer(), 1.0, Par::Seq));
}

/// XᵀX, columns × columns. For Xᵀ W X hand over X with rows scaled by √w.
pub fn gram(x: Columns<'_>) -> Vec<f64> {
    let p = x.columns;
    let mut out = vec![0.0; p * p];
    add_gram(x, &mut out);
    for j in 0..p {
        for i in 0..j {
            out[j * p + i] = out[i * p + j];
        }
    }
    out
}

/// Adds the lower triangle of XᵀX to that of `out`, columns × columns.
///
/// # Panics
/// `out` has another size.
pub fn add_gram(x: Columns<'_>, out: &mut [f64]) {
    settled(|| {
        triangular::matmul(
            MatMut::from_column_major_slice_mut(out, x.columns, x.columns),
            BlockStructure::TriangularLower,
            Accum::Add,
            x.faer().transpose(),
            BlockStructure::Rectangular,
            x.faer(),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        )
    });
}

/// Xᵀy, one number a column.
///
/// # Panics
/// `y` has not one number a row.
pub fn cross(x: Columns<'_>, y: &[f64]) -> Vec<f64> {
    assert_eq!(x.rows, y.len(), "one y a row");
    (0..x.columns).map(|j| dot(x.column(j), y)).collect()
}

/// Inner product, summed in eight lanes: faster than one, and more accurate.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(u, v)| u * v).sum();
    for (u, v) in left.zip(right) {
        for k in 0..8 {
            lanes[k] += u[k] * v[k];
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// The Cholesky factor of a symmetric positive definite matrix.
#[derive(Debug, Clone)]
pub struct Cholesky {
    factor: faer::linalg::solvers::Llt<f64>,
    n: usize,
}

impl Cholesky {
    /// Factors `a`, n × n; only its lower triangle is read.
    ///
    /// # Errors
    /// A matrix that is not positive definite to working precision, or not finite.
    ///
    /// # Panics
    /// `a` has not n × n numbers.
    ///
    /// ```
    /// let c = esker_math::Cholesky::new(&[4.0, 2.0, 2.0, 3.0], 2).unwrap();
    /// let x = c.solve(&[8.0, 8.0]);
    /// assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15);
    /// ```
    pub fn new(a: &[f64], n: usize) -> Result<Self> {
        let refuse = |got: String| {
            Err(Error::numeric("system of normal equations")
                .got(got)
                .rule("a positive definite matrix is needed")
                .hint("features that are copies or sums of one another make it singular: drop some, or penalise more"))
        };
        if let Some(bad) = a.iter().find(|v| !v.is_finite()) {
            return refuse(format!("the entry {bad}"));
        }
        let a = Columns::new(a, n, n).faer();
        match settled(|| a.llt(Side::Lower)) {
            Ok(factor) => Ok(Self { factor, n }),
            Err(_) => refuse(format!("a singular {n} x {n} matrix")),
        }
    }

    /// The solution x of A x = b.
    ///
    /// # Panics
    /// `b` has not n numbers.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        settled(|| self.factor.solve_in_place(MatMut::from_column_major_slice_mut(&mut x, self.n, 1)));
        x
    }

    /// A lower bound of the 2-norm condition number: the squared ratio of the factor's extreme diagonal entries.
    pub fn condition(&self) -> f64 {
        let l = self.factor.L();
        let (low, high) = (0..self.n).fold((f64::INFINITY, 0.0f64), |(a, b), i| (a.min(l[(i, i)]), b.max(l[(i, i)])));
        (high / low).powi(2)
    }
}

/// A least-squares solution.
#[derive(Debug, Clone, PartialEq)]
pub struct LeastSquares {
    /// One coefficient a column.
    pub coefficients: Vec<f64>,
    /// Numerical rank of X: singular values above max(rows, columns) · ε · the largest.
    pub rank: usize,
}

/// The b that minimises |y − X b|² + λ |b|², and where several do, the one of least norm.
///
/// By the thin singular value decomposition X = U S Vᵀ: b = V diag(s / (s² + λ)) Uᵀ y
/// (Golub and Van Loan 2013, Matrix Computations, sections 5.5 and 6.1).
///
/// # Errors
/// Entries that are not finite, or a decomposition that does not converge.
///
/// # Panics
/// `y` has not one number a row.
pub fn least_squares(x: Columns<'_>, y: &[f64], lambda: f64) -> Result<LeastSquares> {
    assert_eq!(x.rows, y.len(), "one y a row");
    if x.rows == 0 || x.columns == 0 {
        return Ok(LeastSquares { coefficients: vec![0.0; x.columns], rank: 0 });
    }
    let fail = || {
        Error::numeric("least squares").rule("the singular value decomposition did not converge").hint("are some values extremely large?")
    };
    if x.values.iter().chain(y).any(|v| !v.is_finite()) {
        return Err(fail());
    }
    let svd = settled(|| x.faer().thin_svd()).map_err(|_| fail())?;
    let (u, s, v) = (svd.U(), svd.S().column_vector(), svd.V());
    let k = s.nrows();
    let floor = x.rows.max(x.columns) as f64 * f64::EPSILON * s[0];
    let mut coefficients = vec![0.0; x.columns];
    let mut rank = 0;
    for i in 0..k {
        if s[i] <= floor {
            break;
        }
        rank += 1;
        let along: f64 = u.col(i).iter().zip(y).map(|(a, b)| a * b).sum();
        let share = along * s[i] / (s[i] * s[i] + lambda);
        for (c, w) in coefficients.iter_mut().zip(v.col(i).iter()) {
            *c += share * w;
        }
    }
    if coefficients.iter().any(|c| !c.is_finite()) {
        return Err(fail());
    }
    Ok(LeastSquares { coefficients, rank })
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn random(rows: usize, columns: usize, seed: u64) -> Vec<f64> {
        let mut rng = Rng::new(seed);
        (0..rows * columns).map(|_| rng.normal()).collect()
    }

    #[test]
    fn gram_and_products_equal_their_sums() {
        let (n, p) = (37, 5);
        let x = random(n, p, 1);
        let view = Columns::new(&x, n, p);
        let g = gram(view);
        let mut full = vec![0.0; p * p];
        transposed_product(view, view, &mut full);
        for i in 0..p {
            for j in 0..p {
                let sum: f64 = (0..n).map(|r| x[i * n + r] * x[j * n + r]).sum();
                assert!((g[j * p + i] - sum).abs() < 1e-12);
                assert!((full[j * p + i] - sum).abs() < 1e-12);
            }
        }
        let b = random(p, 2, 2);
        let mut out = vec![1.0; n * 2];
        product(view, Columns::new(&b, p, 2), &mut out);
        let sum: f64 = (0..p).map(|j| x[j * n + 3] * b[p + j]).sum();
        assert!((out[n + 3] - 1.0 - sum).abs() < 1e-12, "products are added to what is there");
        assert!((cross(view, &x[..n])[2] - g[2]).abs() < 1e-12);
    }

    /// Bit 2 of XINUSE says whether the upper halves of the vector registers hold anything.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn vector_registers_are_left_clear() {
        #[target_feature(enable = "xsave")]
        #[allow(unsafe_code)]
        fn in_use() -> bool {
            // SAFETY: the processor has XGETBV.
            unsafe { std::arch::x86_64::_xgetbv(1) & 0b100 != 0 }
        }
        // XGETBV with 1 came with XSAVEC.
        if !(std::arch::is_x86_feature_detected!("xsavec") && std::arch::is_x86_feature_detected!("avx")) {
            return;
        }
        let x = random(512, 20, 8);
        let view = Columns::new(&x, 512, 20);
        let mut out = vec![0.0; 400];
        let a = gram(view);
        let works: [&mut dyn FnMut(); 5] = [
            &mut || transposed_product(view, view, &mut out),
            &mut || drop(gram(view)),
            &mut || drop(Cholesky::new(&a, 20)),
            &mut || drop(Cholesky::new(&a, 20).map(|c| c.solve(&x[..20]))),
            &mut || drop(least_squares(view, &x[..512], 0.0)),
        ];
        for (i, work) in works.into_iter().enumerate() {
            work();
            #[allow(unsafe_code)]
            // SAFETY: the features were detected.
            let used = unsafe { in_use() };
            assert!(!used, "work {i} left the vector registers in use");
        }
    }

    #[test]
    fn cholesky_solves_and_refuses() {
        let n = 12;
        let x = random(40, n, 3);
        let a = gram(Columns::new(&x, 40, n));
        let truth = random(n, 1, 4);
        let b: Vec<f64> = (0..n).map(|i| (0..n).map(|j| a[j * n + i] * truth[j]).sum()).collect();
        let c = Cholesky::new(&a, n).unwrap();
        assert!(c.solve(&b).iter().zip(&truth).all(|(s, t)| (s - t).abs() < 1e-11));
        assert!(c.condition() >= 1.0);
        insta::assert_snapshot!(Cholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).unwrap_err(), @r"
        system of normal equations: got a singular 2 x 2 matrix; a positive definite matrix is needed
          hint: features that are copies or sums of one another make it singular: drop some, or penalise more
        ");
        assert!(Cholesky::new(&[f64::NAN], 1).is_err());
    }

    #[test]
    fn least_squares_is_exact_on_exact_data_and_leaves_an_orthogonal_residual() {
        let (n, p) = (30, 4);
        let x = random(n, p, 5);
        let truth = [1.5, -2.0, 0.0, 3.0];
        let y: Vec<f64> = (0..n).map(|r| (0..p).map(|j| x[j * n + r] * truth[j]).sum()).collect();
        let fit = least_squares(Columns::new(&x, n, p), &y, 0.0).unwrap();
        assert_eq!(fit.rank, p);
        assert!(fit.coefficients.iter().zip(&truth).all(|(a, b)| (a - b).abs() < 1e-12));
        let noisy: Vec<f64> = y.iter().zip(random(n, 1, 6)).map(|(a, e)| a + e).collect();
        let fit = least_squares(Columns::new(&x, n, p), &noisy, 0.0).unwrap();
        let left: Vec<f64> = (0..n).map(|r| noisy[r] - (0..p).map(|j| x[j * n + r] * fit.coefficients[j]).sum::<f64>()).collect();
        assert!(cross(Columns::new(&x, n, p), &left).iter().all(|v| v.abs() < 1e-11));
    }

    #[test]
    fn a_repeated_column_shares_its_coefficient() {
        let x1 = random(20, 1, 7);
        let x: Vec<f64> = x1.iter().chain(&x1).copied().collect();
        let y: Vec<f64> = x1.iter().map(|v| 3.0 * v).collect();
        let fit = least_squares(Columns::new(&x, 20, 2), &y, 0.0).unwrap();
        assert_eq!(fit.rank, 1);
        assert!(fit.coefficients.iter().all(|c| (c - 1.5).abs() < 1e-12), "least norm: {:?}", fit.coefficients);
        let wide = least_squares(Columns::new(&[1.0, 1.0], 1, 2), &[2.0], 0.0).unwrap();
        assert!(wide.coefficients.iter().all(|c| (c - 1.0).abs() < 1e-12));
    }
}
