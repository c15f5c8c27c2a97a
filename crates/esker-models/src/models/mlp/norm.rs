//! Batch norm (Ioffe and Szegedy 2015) of rows that carry weight.

use esker_math::net::{Loops, Number};

use super::network::{TINY, Usual};

/// Share of a batch in what sums usually are, once many were seen.
const SHARE: f64 = 0.1;

/// What the way back needs of a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Normed<T> {
    /// Sums less their mean, over their standard deviation: rows × columns.
    pub values: Vec<T>,
    mean: Vec<T>,
    variance: Vec<T>,
    inverse: Vec<T>,
    slopes: [Vec<T>; 2],
}

impl<T: Number> Normed<T> {
    /// Room for `rows` × `columns`.
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        let column = || vec![T::ZERO; columns];
        Self { values: vec![T::ZERO; rows * columns], mean: column(), variance: column(), inverse: column(), slopes: [column(), column()] }
    }

    /// Norms the sums in `values`, one weight a row, and writes gain · normed + bias.
    pub(crate) fn forward(&mut self, weight: &[T], gain: &[T], bias: &[T], out: &mut [T]) {
        T::wide(Forward(self, weight, gain, bias, out));
    }

    /// Makes of the slopes of the results those of the sums; adds the slopes of gain and bias.
    pub(crate) fn backward(&mut self, weight: &[T], gain: &[T], slopes: &mut [T], (gains, biases): (&mut [T], &mut [T])) {
        T::wide(Backward(self, weight, gain, slopes));
        gains.iter_mut().zip(&self.slopes[1]).for_each(|(g, s)| *g += *s);
        biases.iter_mut().zip(&self.slopes[0]).for_each(|(b, s)| *b += *s);
    }

    /// Lets the batch into what sums usually are; `seen` batches came before.
    pub(crate) fn note(&self, usual: &mut Usual<T>, seen: u64) {
        let share = T::of(SHARE.max(1.0 / (seen + 1) as f64));
        let blend = |to: &mut [T], from: &[T]| to.iter_mut().zip(from).for_each(|(t, f)| *t += share * (*f - *t));
        blend(&mut usual.mean, &self.mean);
        blend(&mut usual.variance, &self.variance);
    }
}

/// 1 over the sum of weights, 0 where there are none.
#[inline(always)]
fn over_sum<T: Number>(weight: &[T]) -> T {
    let mut sum = T::ZERO;
    weight.iter().for_each(|w| sum += *w);
    if sum > T::ZERO { T::ONE / sum } else { T::ZERO }
}

struct Forward<'a, T>(&'a mut Normed<T>, &'a [T], &'a [T], &'a [T], &'a mut [T]);

impl<T: Number> Loops for Forward<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(of, weight, gain, bias, out) = self;
        let columns = of.mean.len();
        let part = over_sum(weight);
        of.mean.fill(T::ZERO);
        for (row, w) in of.values.chunks_exact(columns).zip(weight) {
            of.mean.iter_mut().zip(row).for_each(|(m, v)| *m += part * *w * *v);
        }
        of.variance.fill(T::ZERO);
        for (row, w) in of.values.chunks_exact_mut(columns).zip(weight) {
            for ((v, m), s) in row.iter_mut().zip(&of.mean).zip(&mut of.variance) {
                *v -= *m;
                *s += part * *w * *v * *v;
            }
        }
        of.inverse.iter_mut().zip(&of.variance).for_each(|(i, v)| *i = T::ONE / (*v + T::of(TINY)).root());
        for ((row, out), _) in of.values.chunks_exact_mut(columns).zip(out.chunks_exact_mut(columns)).zip(weight) {
            for j in 0..columns {
                row[j] *= of.inverse[j];
                out[j] = gain[j] * row[j] + bias[j];
            }
        }
    }
}

struct Backward<'a, T>(&'a mut Normed<T>, &'a [T], &'a [T], &'a mut [T]);

impl<T: Number> Loops for Backward<'_, T> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let Self(of, weight, gain, slopes) = self;
        let columns = of.mean.len();
        let part = over_sum(weight);
        let [plain, normed] = &mut of.slopes;
        plain.fill(T::ZERO);
        normed.fill(T::ZERO);
        for ((slopes, values), _) in slopes.chunks_exact(columns).zip(of.values.chunks_exact(columns)).zip(weight) {
            for j in 0..columns {
                plain[j] += slopes[j];
                normed[j] += slopes[j] * values[j];
            }
        }
        for ((slopes, values), w) in slopes.chunks_exact_mut(columns).zip(of.values.chunks_exact(columns)).zip(weight) {
            let w = part * *w;
            for j in 0..columns {
                slopes[j] = of.inverse[j] * gain[j] * (slopes[j] - w * (plain[j] + values[j] * normed[j]));
            }
        }
    }
}
