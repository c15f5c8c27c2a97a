//! Which cells of a grid count: runs of cells row by row, and a cube whose other cells are missing.

use std::ops::Range;
use std::sync::Arc;

use super::{Blocks, Cube, Variable, Window};
use crate::Result;

/// The cells of a plane that count, as runs along its second axis.
#[derive(Debug)]
pub struct Mask {
    /// The axes of the plane, by their place in the cube.
    pub axes: [usize; 2],
    /// Runs of each row, ascending.
    pub rows: Vec<Vec<Range<u32>>>,
}

impl Mask {
    /// The cells of a row that are set, as runs.
    pub fn runs(inside: &[bool]) -> Vec<Range<u32>> {
        let mut runs: Vec<Range<u32>> = Vec::new();
        for (i, _) in inside.iter().enumerate().filter(|(_, set)| **set) {
            let i = i as u32;
            match runs.last_mut() {
                Some(run) if run.end == i => run.end += 1,
                _ => runs.push(i..i + 1),
            }
        }
        runs
    }

    /// Number of cells that count.
    pub fn count(&self) -> usize {
        self.rows.iter().flatten().map(|r| r.len()).sum()
    }

    /// The rows that have cells, from the first to the last.
    pub fn used_rows(&self) -> Range<usize> {
        let first = self.rows.iter().position(|r| !r.is_empty()).unwrap_or(0);
        first..self.rows.iter().rposition(|r| !r.is_empty()).map_or(first, |last| last + 1)
    }

    /// Which columns have cells.
    pub fn used_columns(&self, columns: usize) -> Vec<bool> {
        let mut used = vec![false; columns];
        for run in self.rows.iter().flatten() {
            used[run.start as usize..run.end as usize].fill(true);
        }
        used
    }

    /// The cells of a window that count, row by row.
    fn part(&self, rows: &Range<usize>, columns: &Range<usize>) -> Vec<bool> {
        let mut out = vec![false; rows.len() * columns.len()];
        for (k, row) in rows.clone().enumerate() {
            for run in &self.rows[row] {
                let (from, to) = ((run.start as usize).max(columns.start), (run.end as usize).min(columns.end));
                if from < to {
                    let start = k * columns.len();
                    out[start + from - columns.start..start + to - columns.start].fill(true);
                }
            }
        }
        out
    }

    /// The cube with the other cells missing in every variable that lies on both axes, those aside that only place others.
    ///
    /// # Errors
    /// The cube has not these axes.
    pub fn over(self, cube: &Cube) -> Result<Cube> {
        let place = |v: &Variable, axis: usize| v.axes.iter().position(|&a| a == axis);
        let both = |v: &Variable| if v.auxiliary { None } else { place(v, self.axes[0]).zip(place(v, self.axes[1])) };
        let places = cube.variables().iter().map(both).collect();
        cube.rewrap(cube.axes().to_vec(), cube.variables().to_vec(), |inner| Arc::new(Masked { inner, mask: self, places }))
    }
}

/// A cube whose cells outside are missing.
struct Masked {
    inner: Arc<dyn Blocks>,
    mask: Mask,
    /// Places of the mask's axes in each variable; none where it stays as it is.
    places: Vec<Option<(usize, usize)>>,
}

impl Masked {
    fn cut<T: Clone>(&self, variable: usize, window: &Window, outside: &T, read: impl Fn() -> Result<Vec<T>>) -> Result<Vec<T>> {
        let Some((slow, fast)) = self.places[variable] else { return read() };
        let inside = self.mask.part(&window.0[slow], &window.0[fast]);
        if inside.iter().all(|set| !set) {
            return Ok(vec![outside.clone(); window.len()]);
        }
        let mut values = read()?;
        if inside.iter().all(|set| *set) {
            return Ok(values);
        }
        let shape = window.shape();
        let stride = |d: usize| shape[d + 1..].iter().product::<usize>();
        let (rows, columns) = (stride(slow), stride(fast));
        for (k, value) in values.iter_mut().enumerate() {
            if !inside[k / rows % shape[slow] * shape[fast] + k / columns % shape[fast]] {
                *value = outside.clone();
            }
        }
        Ok(values)
    }
}

impl Blocks for Masked {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        self.cut(variable, window, &f64::NAN, || self.inner.read(variable, window))
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.cut(variable, window, &String::new(), || self.inner.read_texts(variable, window))
    }
}
