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

    /// The window cut into parts of at most about `most` cells that follow each other in storage order: read one after the other they
    /// are the window. Cuts keep to multiples of the blocks' lengths where that fits.
    pub fn slabs(&self, chunk: &[usize], most: usize) -> Vec<Window> {
        let shape = self.shape();
        let Some(d) = (0..shape.len()).find(|&d| shape[d + 1..].iter().product::<usize>() <= most.max(1)) else {
            return vec![self.clone()];
        };
        let below: usize = shape[d + 1..].iter().product::<usize>().max(1);
        let fit = (most / below).max(1);
        let block = chunk.get(d).copied().unwrap_or(1).max(1);
        let step = if fit > block { fit / block * block } else { fit };
        let mut cuts = vec![1; d];
        cuts.push(step);
        cuts.extend(self.0[d + 1..].iter().map(|r| r.end.max(1)));
        self.blocks(&cuts)
    }

    /// The window cut into parts of at most about `most` cells made of whole blocks, so that no block is decoded twice: blocks are joined
    /// along the fastest axes while they are small. Only a block larger than `most` is cut itself. In storage order of the parts.
    pub fn pieces(&self, chunk: &[usize], most: usize) -> Vec<Window> {
        let mut step: Vec<usize> = self.0.iter().zip(chunk).map(|(r, &c)| c.clamp(1, r.end.max(1))).collect();
        for d in (0..step.len()).rev() {
            let others: usize = step.iter().enumerate().filter(|(e, _)| *e != d).map(|(_, &n)| n).product();
            let fit = most / (others * step[d]).max(1);
            if fit < 2 {
                break;
            }
            // The whole axis, or as many blocks of it as fit.
            step[d] = (step[d] * fit).min(self.0[d].end.max(1).next_multiple_of(step[d]));
        }
        let cells: usize = step.iter().product();
        let blocks = self.blocks(&step);
        if cells <= most.max(1) { blocks } else { blocks.iter().flat_map(|b| b.slabs(&vec![1; step.len()], most)).collect() }
    }

    /// Where the window lies in an array of `shape` stored slowest axis first: the length of its unbroken stretches, and the start of each.
    pub fn stretches(&self, shape: &[usize]) -> (usize, Vec<usize>) {
        let counts = self.shape();
        let from = (0..shape.len()).rev().find(|&d| counts[d] < shape[d]).unwrap_or(0);
        let length = counts[from..].iter().product();
        let below: usize = shape[from..].iter().product();
        // A window that covers a shape whole is one stretch.
        let inner = self.0.get(from).map_or(0, |r| r.start * shape[from + 1..].iter().product::<usize>());
        let mut starts = vec![0];
        for d in 0..from {
            starts = starts.iter().flat_map(|s| self.0[d].clone().map(move |i| s * shape[d] + i)).collect();
        }
        (length, starts.into_iter().map(|s| s * below + inner).collect())
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
    fn slabs_follow_each_other_in_storage_order() {
        for (window, most) in [(Window(vec![0..7, 0..5, 0..3]), 31), (Window(vec![1..3, 2..9, 0..100]), 150), (Window(vec![0..4, 3..9]), 1)]
        {
            let shape = window.shape();
            let mut seen = Vec::new();
            for slab in window.slabs(&[2, 2, 2], most) {
                assert!(slab.len() <= most || slab.len() == 1);
                let mut flat = vec![0; window.len()];
                window.place(&slab, &vec![1; slab.len()], &mut flat);
                seen.extend(flat.iter().enumerate().filter(|(_, f)| **f == 1).map(|(i, _)| i));
            }
            assert_eq!(seen, (0..shape.iter().product()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn pieces_are_whole_blocks_and_cover_a_window_once() {
        for (shape, chunk, most) in
            [(vec![40, 30, 20], vec![10, 5, 5], 600), (vec![7, 9], vec![7, 9], 10), (vec![5, 6, 7], vec![2, 6, 7], 1000)]
        {
            let window = Window::whole(&shape);
            let mut seen = vec![0; window.len()];
            for piece in window.pieces(&chunk, most) {
                assert!(piece.len() <= most, "{piece}");
                let mut flat = vec![0; window.len()];
                window.place(&piece, &vec![1; piece.len()], &mut flat);
                seen.iter_mut().zip(flat).for_each(|(a, b)| *a += b);
                let whole = piece.0.iter().zip(&chunk).zip(&shape).all(|((r, c), n)| r.start % c == 0 && (r.end % c == 0 || r.end == *n));
                assert!(whole || chunk.iter().product::<usize>() > most, "{piece} cuts blocks of {chunk:?}");
            }
            assert!(seen.iter().all(|&n| n == 1));
        }
    }

    #[test]
    fn stretches_are_the_cells_of_a_window() {
        for (shape, window) in [
            (vec![4, 5, 6], Window(vec![1..3, 2..4, 0..6])),
            (vec![4, 5, 6], Window(vec![0..4, 0..5, 0..6])),
            (vec![4, 5, 6], Window(vec![1..2, 0..5, 3..5])),
            (vec![7, 1], Window(vec![2..5, 0..1])),
            (vec![], Window(vec![])),
        ] {
            let mut expected = vec![0; shape.iter().product()];
            Window::whole(&shape).place(&window, &vec![1; window.len()], &mut expected);
            let (length, starts) = window.stretches(&shape);
            let mut found = vec![0; expected.len()];
            starts.iter().for_each(|&s| found[s..s + length].fill(1));
            assert_eq!((found, starts.len() * length), (expected, window.len()), "{window} of {shape:?}");
        }
    }

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
