//! What a network is judged by while it learns, and its slope at the outputs.

use esker_math::net::Number;

/// What rows of training data should come out as.
#[derive(Debug, Clone)]
pub(crate) enum Truth<T> {
    /// rows × outputs numbers: the loss is the squared difference, summed over outputs.
    Real(Vec<T>),
    /// A class a row: the loss is minus the logarithm of its probability, the outputs' softmax.
    Class(Vec<u32>),
}

impl<T: Number> Truth<T> {
    /// Of these rows, weighted, the sum of the losses; `slopes` becomes the gradient of `scale` times that sum at the outputs. Rows of both lie
    /// `apart`; columns beyond `outputs` keep slope 0.
    pub(crate) fn loss(&self, rows: &[u32], weight: &[T], scale: T, (outputs, apart): (usize, usize), said: &[T], slopes: &mut [T]) -> f64 {
        let mut sum = 0.0;
        let each = rows.iter().zip(weight).zip(said.chunks_exact(apart).zip(slopes.chunks_exact_mut(apart)));
        for ((&row, &w), (said, slopes)) in each {
            slopes[outputs..].fill(T::ZERO);
            let of_row = match self {
                Self::Real(truth) => squared(&truth[row as usize * outputs..][..outputs], said, slopes),
                Self::Class(truth) => surprise(truth[row as usize] as usize, &said[..outputs], slopes),
            };
            slopes[..outputs].iter_mut().for_each(|s| *s *= w * scale);
            sum += w.double() * of_row;
        }
        sum
    }
}

fn squared<T: Number>(truth: &[T], said: &[T], slopes: &mut [T]) -> f64 {
    let mut sum = 0.0;
    for ((t, s), slope) in truth.iter().zip(said).zip(slopes) {
        let off = *s - *t;
        *slope = T::of(2.0) * off;
        sum += (off * off).double();
    }
    sum
}

fn surprise<T: Number>(class: usize, said: &[T], slopes: &mut [T]) -> f64 {
    let most = said.iter().fold(said[0], |m, s| m.larger(*s));
    let mut sum = T::ZERO;
    for (s, slope) in said.iter().zip(slopes.iter_mut()) {
        *slope = (*s - most).exponential();
        sum += *slope;
    }
    slopes[..said.len()].iter_mut().for_each(|s| *s = *s / sum);
    slopes[class] -= T::ONE;
    sum.double().ln() - (said[class] - most).double()
}
