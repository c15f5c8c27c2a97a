//! A window: a box of neighbouring cells.

use std::fmt;
use std::ops::Range;

/// A box of cells, one range an axis, slowest axis first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window(pub Vec<Range<usize>>);

impl Window {
    /// All cells of a shape.
    pub fn whole(shape: &[usize]) -> Self {
        Self(shape.iter().map(|&n| 0..n).collect())
    }

    /// Number of cells; 1 for a variable without axes.
    pub fn len(&self) -> usize {
        self.0.iter().map(|r| r.len()).product()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cells along each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.0.iter().map(|r| r.len()).collect()
    }

    /// Whether it lies within a shape.
    pub fn within(&self, shape: &[usize]) -> bool {
        self.0.len() == shape.len() && self.0.iter().zip(shape).all(|(r, &n)| r.start <= r.end && r.end <= n)
    }

    /// The window cut along the grid of blocks of the lengths given, in storage order; together the parts are the window.
    pub fn blocks(&self, chunk: &[usize]) -> Vec<Window> {
        let mut parts = vec![Vec::new()];
        for (range, &step) in self.0.iter().zip(chunk) {
            let step = step.max(1);
            let mut cuts = Vec::new();
            let mut at = range.start;
            while at < range.end {
                let next = ((at / step + 1) * step).min(range.end);
                cuts.push(at..next);
                at = next;
            }
            parts = parts
                .iter()
                .flat_map(|p: &Vec<Range<usize>>| cuts.iter().map(move |c| [p.as_slice(), std::slice::from_ref(c)].concat()))
                .collect();
        }
        parts.into_iter().map(Window).collect()
    }

    /// Copies values of a part of this window to their places in an array of this window.
    pub fn place<T: Clone>(&self, part: &Window, values: &[T], out: &mut [T]) {
        let dims = self.0.len();
        if dims == 0 {
            out.clone_from_slice(values);
            return;
        }
        let (shape, counts) = (self.shape(), part.shape());
        let run = counts[dims - 1];
        if run == 0 {
            return;
        }
        for (k, row) in values.chunks_exact(run).enumerate() {
            let (mut left, mut at, mut stride) = (k, part.0[dims - 1].start - self.0[dims - 1].start, shape[dims - 1]);
            for d in (0..dims - 1).rev() {
                at += (left % counts[d] + part.0[d].start - self.0[d].start) * stride;
                left /= counts[d];
                stride *= shape[d];
            }
            out[at..at + run].clone_from_slice(row);
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges: Vec<String> = self.0.iter().map(|r| format!("{}..{}", r.start, r.end)).collect();
        write!(f, "[{}]", ranges.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_a_window_once_and_copy_back() {
        let window = Window(vec![1..4, 2..9, 0..3]);
        let mut out = vec![usize::MAX; window.len()];
        let number = |i: usize, j: usize, k: usize| i * 100 + j * 10 + k;
        for part in window.blocks(&[2, 4, 2]) {
            let [a, b, c] = [&part.0[0], &part.0[1], &part.0[2]].map(Clone::clone);
            let values: Vec<usize> = a
                .flat_map(|i| {
                    let c = c.clone();
                    b.clone().flat_map(move |j| c.clone().map(move |k| number(i, j, k)))
                })
                .collect();
            window.place(&part, &values, &mut out);
        }
        let expected: Vec<usize> = (1..4).flat_map(|i| (2..9).flat_map(move |j| (0..3).map(move |k| number(i, j, k)))).collect();
        assert_eq!(out, expected);
    }
}
