//! Products of matrices of a layer's size. Each number of the result is summed term by term in order, whatever the tiles and registers, so
//! that a row's answer does not depend on the rows beside it.

use super::lanes::{Lanes, Plain, WIDTH, Work, widest};

/// The left factor of a product.
#[derive(Debug, Clone, Copy)]
pub enum Left<'a, T> {
    /// Rows, whose starts lie so far apart.
    Rows(&'a [T], usize),
    /// The rows of its transpose, whose starts lie so far apart.
    Turned(&'a [T], usize),
    /// Ones.
    Ones,
}

/// What a product is added to.
#[derive(Debug, Clone, Copy)]
pub enum Onto<'a, T> {
    /// Nothing.
    Zero,
    /// This row, everywhere.
    Row(&'a [T]),
    /// What stands there already.
    Self_,
}

/// Left (`rows` × `inner`) times right (`inner` × `columns`).
#[derive(Debug, Clone, Copy)]
pub struct Product<'a, T> {
    /// Rows of the result.
    pub rows: usize,
    /// Terms of each sum.
    pub inner: usize,
    /// Columns of the result and of the right factor, a multiple of [`WIDTH`]; rows of both lie so far apart.
    pub columns: usize,
    /// The left factor.
    pub left: Left<'a, T>,
    /// The right factor.
    pub right: &'a [T],
    /// What it is added to.
    pub onto: Onto<'a, T>,
}

/// A product of single precision.
pub(super) fn single(of: Product<'_, f32>, out: &mut [f32]) {
    struct Run<'a, 'b>(Product<'a, f32>, &'b mut [f32]);
    impl Work for Run<'_, '_> {
        type Out = ();

        #[inline(always)]
        fn run<L: Lanes<Number = f32>>(self) {
            match L::TILE {
                (8, 2) => panels::<L, 8, 2>(self.0, self.1),
                (6, 1) => panels::<L, 6, 1>(self.0, self.1),
                _ => panels::<L, 4, 1>(self.0, self.1),
            }
        }
    }
    widest(Run(of, out));
}

/// A product of double precision, for what is compared with single precision.
pub(super) fn double(of: Product<'_, f64>, out: &mut [f64]) {
    panels::<Plain<f64>, 4, 1>(of, out);
}

#[inline(always)]
fn panels<L: Lanes, const M: usize, const N: usize>(of: Product<'_, L::Number>, out: &mut [L::Number])
where
    L::Number: From<u8>,
{
    assert!(of.columns.is_multiple_of(WIDTH), "columns are padded");
    let mut column = 0;
    while column + N * WIDTH <= of.columns {
        down::<L, M, N>(of, out, column);
        column += N * WIDTH;
    }
    while column < of.columns {
        down::<L, M, 1>(of, out, column);
        column += WIDTH;
    }
}

/// All rows of a panel.
#[inline(always)]
fn down<L: Lanes, const M: usize, const N: usize>(of: Product<'_, L::Number>, out: &mut [L::Number], column: usize)
where
    L::Number: From<u8>,
{
    let mut row = 0;
    while row + M <= of.rows {
        tile::<L, M, N>(of, out, (row, column));
        row += M;
    }
    if M > 4 && row + 4 <= of.rows {
        tile::<L, 4, N>(of, out, (row, column));
        row += 4;
    }
    while row < of.rows {
        tile::<L, 1, N>(of, out, (row, column));
        row += 1;
    }
}

#[inline(always)]
fn lane<T>(of: &[T], n: usize) -> &[T; WIDTH] {
    of[n * WIDTH..].first_chunk().expect("a panel is as wide as its lanes")
}

/// A tile of the result, which stays in registers while its terms are added.
#[inline(always)]
fn tile<L: Lanes, const M: usize, const N: usize>(of: Product<'_, L::Number>, out: &mut [L::Number], (row, column): (usize, usize))
where
    L::Number: From<u8>,
{
    let apart = of.columns;
    let mut sum = [[L::splat(L::Number::from(0)); N]; M];
    for i in 0..M {
        let from = match of.onto {
            Onto::Zero => continue,
            Onto::Row(values) => &values[column..column + N * WIDTH],
            Onto::Self_ => &out[(row + i) * apart + column..][..N * WIDTH],
        };
        for n in 0..N {
            sum[i][n] = L::load(lane(from, n));
        }
    }
    match of.left {
        Left::Rows(values, far) => {
            let rows: [&[L::Number]; M] = std::array::from_fn(|i| &values[(row + i) * far..][..of.inner]);
            terms::<L, M, N>(&mut sum, of, column, |q| std::array::from_fn(|i| rows[i][q]));
        }
        Left::Turned(values, far) => {
            let at = |q: usize| *values[q * far + row..].first_chunk::<M>().expect("the factor has these rows");
            terms::<L, M, N>(&mut sum, of, column, at);
        }
        Left::Ones => terms::<L, M, N>(&mut sum, of, column, |_| [L::Number::from(1); M]),
    }
    for i in 0..M {
        let to = &mut out[(row + i) * apart + column..][..N * WIDTH];
        for n in 0..N {
            sum[i][n].store(to[n * WIDTH..].first_chunk_mut().expect("a panel is as wide as its lanes"));
        }
    }
}

#[inline(always)]
fn terms<L: Lanes, const M: usize, const N: usize>(
    sum: &mut [[L; N]; M],
    of: Product<'_, L::Number>,
    column: usize,
    left: impl Fn(usize) -> [L::Number; M],
) {
    let mut now = *sum;
    for q in 0..of.inner {
        let from = &of.right[q * of.columns + column..][..N * WIDTH];
        let right: [L; N] = std::array::from_fn(|n| L::load(lane(from, n)));
        let left = left(q);
        for i in 0..M {
            let value = L::splat(left[i]);
            for n in 0..N {
                now[i][n] = now[i][n].plus(value, right[n]);
            }
        }
    }
    *sum = now;
}

/// `rows` × `outputs` sums over `inner` terms of a row of `left` times a row of `right`, both padded to `columns`, plus `onto`.
#[derive(Debug, Clone, Copy)]
pub struct Dots<'a, T> {
    /// Rows of the left factor and the result.
    pub rows: usize,
    /// Rows of the right factor, columns of the result.
    pub outputs: usize,
    /// Columns of both factors, a multiple of [`WIDTH`].
    pub columns: usize,
    /// The left factor.
    pub left: &'a [T],
    /// The right factor.
    pub right: &'a [T],
    /// Added to each row of the result.
    pub onto: &'a [T],
}

/// Dot products of single precision.
pub(super) fn dots_single(of: Dots<'_, f32>, out: &mut [f32]) {
    struct Run<'a, 'b>(Dots<'a, f32>, &'b mut [f32]);
    impl Work for Run<'_, '_> {
        type Out = ();

        #[inline(always)]
        fn run<L: Lanes<Number = f32>>(self) {
            dots::<L>(self.0, self.1);
        }
    }
    widest(Run(of, out));
}

/// Dot products of double precision.
pub(super) fn dots_double(of: Dots<'_, f64>, out: &mut [f64]) {
    dots::<Plain<f64>>(of, out);
}

#[inline(always)]
fn dots<L: Lanes>(of: Dots<'_, L::Number>, out: &mut [L::Number])
where
    L::Number: From<u8> + std::ops::Add<Output = L::Number>,
{
    let rows = of.left.chunks_exact(of.columns).zip(out.chunks_exact_mut(of.outputs)).take(of.rows);
    for (left, out) in rows {
        for (j, out) in out.iter_mut().enumerate() {
            let right = &of.right[j * of.columns..][..of.columns];
            let mut sum = L::splat(L::Number::from(0));
            for (a, b) in left.as_chunks::<WIDTH>().0.iter().zip(right.as_chunks::<WIDTH>().0) {
                sum = sum.plus(L::load(a), L::load(b));
            }
            let mut ends = [L::Number::from(0); WIDTH];
            sum.store(&mut ends);
            let mut half = WIDTH / 2;
            while half > 0 {
                for i in 0..half {
                    ends[i] = ends[i] + ends[i + half];
                }
                half /= 2;
            }
            *out = of.onto[j] + ends[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker_core::Rng;

    fn draws(n: usize, rng: &mut Rng) -> Vec<f32> {
        (0..n).map(|_| rng.normal() as f32).collect()
    }

    /// The same product in lanes of AVX2, where the processor has them.
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "called only where the processor has the instructions")]
    fn narrower(of: Product<'_, f32>, out: &mut [f32]) {
        #[target_feature(enable = "avx2,fma")]
        fn run(of: Product<'_, f32>, out: &mut [f32]) {
            panels::<crate::net::lanes::Avx2, 6, 1>(of, out);
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: both were detected.
            unsafe { run(of, out) }
        } else {
            panels::<Plain<f32>, 4, 1>(of, out);
        }
    }

    #[test]
    fn products_are_those_of_the_definition_and_the_same_in_all_lanes() {
        let mut rng = Rng::new(2);
        for (rows, inner, columns) in [(1, 1, 16), (7, 5, 32), (23, 64, 48), (64, 20, 64), (13, 0, 16)] {
            let (left, right, row) = (draws(rows * inner, &mut rng), draws(inner * columns, &mut rng), draws(columns, &mut rng));
            let before = draws(rows * columns, &mut rng);
            let turned: Vec<f32> = (0..inner * rows).map(|i| left[i % rows * inner + i / rows]).collect();
            for (what, factor) in [(0, Left::Rows(&left[..], inner)), (1, Left::Turned(&turned[..], rows)), (2, Left::Ones)] {
                for onto in [Onto::Zero, Onto::Row(&row[..]), Onto::Self_] {
                    let of = Product { rows, inner, columns, left: factor, right: &right, onto };
                    let mut out = before.clone();
                    single(of, &mut out);
                    for i in 0..rows {
                        for j in 0..columns {
                            let start = match onto {
                                Onto::Zero => 0.0,
                                Onto::Row(row) => row[j],
                                Onto::Self_ => before[i * columns + j],
                            };
                            let factor = |q: usize| if what == 2 { 1.0 } else { left[i * inner + q] };
                            let sum = (0..inner).fold(start, |sum, q| factor(q).mul_add(right[q * columns + j], sum));
                            assert_eq!(
                                out[i * columns + j].to_bits(),
                                sum.to_bits(),
                                "{rows} x {inner} x {columns}, factor {what}, {onto:?}"
                            );
                        }
                    }
                    let mut plain = before.clone();
                    panels::<Plain<f32>, 4, 1>(of, &mut plain);
                    assert!(plain == out, "plain loops");
                    #[cfg(target_arch = "x86_64")]
                    {
                        let mut narrow = before.clone();
                        narrower(of, &mut narrow);
                        assert!(narrow == out, "AVX2");
                    }
                }
            }
        }
    }

    #[test]
    fn dots_are_those_of_the_definition_and_the_same_in_all_lanes() {
        let mut rng = Rng::new(3);
        let (rows, outputs, columns) = (9, 3, 80);
        let (left, right) = (draws(rows * columns, &mut rng), draws(outputs * columns, &mut rng));
        let of = Dots { rows, outputs, columns, left: &left, right: &right, onto: &[0.5, 0.0, -1.0] };
        let (mut out, mut plain) = (vec![0.0; rows * outputs], vec![0.0; rows * outputs]);
        dots_single(of, &mut out);
        dots::<Plain<f32>>(of, &mut plain);
        assert!(out == plain);
        for i in 0..rows {
            for j in 0..outputs {
                let terms = left[i * columns..].iter().zip(&right[j * columns..]).take(columns);
                let sum = f64::from(of.onto[j]) + terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
                assert!((f64::from(out[i * outputs + j]) - sum).abs() < 1e-4);
            }
        }
    }
}
