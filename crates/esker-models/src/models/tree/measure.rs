//! What a forest's trees count and how they judge a split: squares of numbers, or Gini impurity of classes.
//!
//! A cell sums over the rows of a bin. Both measures are of one form: a side scores the sum of its squared sums over
//! its weight, and the best split has the highest sum of both sides (Breiman et al. 1984).

/// Rows of smoothing when levels of a class feature are put in order.
const SMOOTHING: f64 = 10.0;

/// A training row inside the bag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<T> {
    /// Row of the table of codes.
    pub(super) row: u32,
    /// Sample weight times the number of times it was drawn.
    pub(super) weight: f64,
    /// The target.
    pub(super) target: T,
}

/// How rows are summed and splits judged.
pub(super) trait Measure: Sync {
    /// The target of a row.
    type Target: Copy + Send + Sync;
    /// Sums over rows.
    type Cell: Clone + Default;

    /// A cell without rows.
    fn empty(&self) -> Self::Cell;
    /// Empties a cell.
    fn wipe(&self, cell: &mut Self::Cell);
    /// Adds a row to a cell.
    fn add(&self, cell: &mut Self::Cell, item: &Item<Self::Target>);
    /// Adds a cell to a cell.
    fn join(&self, cell: &mut Self::Cell, other: &Self::Cell);
    /// Sum of weights.
    fn weight(&self, cell: &Self::Cell) -> f64;
    /// Number of rows.
    fn rows(&self, cell: &Self::Cell) -> f64;
    /// The score of a side: its squared sums over its weight.
    fn score(&self, cell: &Self::Cell) -> f64;
    /// The score of both sides of a node, if it is higher than `bar`.
    fn beats(&self, left: &Self::Cell, total: &Self::Cell, bar: f64) -> Option<f64>;
    /// What the levels of a class feature are ordered by.
    fn key(&self, cell: &Self::Cell, total: &Self::Cell) -> f64;
    /// The class that all rows share, if they do.
    fn only(&self, total: &Self::Cell) -> Option<usize>;
    /// Appends the values of a leaf.
    fn values(&self, total: &Self::Cell, out: &mut Vec<f64>);
    /// Values of a leaf.
    fn outputs(&self) -> usize;
}

/// The sum of two sides' scores `l / wl + r / wr` if it is higher than `bar`; most are not, and are not divided.
#[inline]
fn higher(l: f64, wl: f64, r: f64, wr: f64, bar: f64) -> Option<f64> {
    let (over, under) = (l * wr + r * wl, wl * wr);
    (over > bar * under && under > 0.0).then(|| over / under)
}

/// Numbers: cells are sums of weight × target, weight and rows.
pub(super) struct Numbers;

impl Measure for Numbers {
    type Target = f64;
    type Cell = [f64; 3];

    fn empty(&self) -> [f64; 3] {
        [0.0; 3]
    }

    #[inline]
    fn wipe(&self, cell: &mut [f64; 3]) {
        *cell = [0.0; 3];
    }

    #[inline]
    fn add(&self, cell: &mut [f64; 3], item: &Item<f64>) {
        cell[0] += item.weight * item.target;
        cell[1] += item.weight;
        cell[2] += 1.0;
    }

    #[inline]
    fn join(&self, cell: &mut [f64; 3], other: &[f64; 3]) {
        for (a, b) in cell.iter_mut().zip(other) {
            *a += b;
        }
    }

    #[inline]
    fn weight(&self, cell: &[f64; 3]) -> f64 {
        cell[1]
    }

    #[inline]
    fn rows(&self, cell: &[f64; 3]) -> f64 {
        cell[2]
    }

    fn score(&self, cell: &[f64; 3]) -> f64 {
        cell[0] * cell[0] / cell[1]
    }

    #[inline]
    fn beats(&self, left: &[f64; 3], total: &[f64; 3], bar: f64) -> Option<f64> {
        let (r, wr) = (total[0] - left[0], total[1] - left[1]);
        higher(left[0] * left[0], left[1], r * r, wr, bar)
    }

    fn key(&self, cell: &[f64; 3], total: &[f64; 3]) -> f64 {
        (cell[0] + SMOOTHING * total[0] / total[1]) / (cell[1] + SMOOTHING)
    }

    fn only(&self, _: &[f64; 3]) -> Option<usize> {
        None
    }

    fn values(&self, total: &[f64; 3], out: &mut Vec<f64>) {
        out.push(total[0] / total[1]);
    }

    fn outputs(&self) -> usize {
        1
    }
}

/// Classes: cells are the weight of each class, then weight and rows.
pub(super) struct Classes(pub(super) usize);

impl Measure for Classes {
    type Target = u32;
    type Cell = Box<[f64]>;

    fn empty(&self) -> Box<[f64]> {
        vec![0.0; self.0 + 2].into()
    }

    #[inline]
    fn wipe(&self, cell: &mut Box<[f64]>) {
        cell.fill(0.0);
    }

    #[inline]
    fn add(&self, cell: &mut Box<[f64]>, item: &Item<u32>) {
        cell[item.target as usize] += item.weight;
        cell[self.0] += item.weight;
        cell[self.0 + 1] += 1.0;
    }

    #[inline]
    fn join(&self, cell: &mut Box<[f64]>, other: &Box<[f64]>) {
        for (a, b) in cell.iter_mut().zip(other) {
            *a += b;
        }
    }

    #[inline]
    fn weight(&self, cell: &Box<[f64]>) -> f64 {
        cell[self.0]
    }

    #[inline]
    fn rows(&self, cell: &Box<[f64]>) -> f64 {
        cell[self.0 + 1]
    }

    fn score(&self, cell: &Box<[f64]>) -> f64 {
        cell[..self.0].iter().map(|a| a * a).sum::<f64>() / cell[self.0]
    }

    #[inline]
    fn beats(&self, left: &Box<[f64]>, total: &Box<[f64]>, bar: f64) -> Option<f64> {
        let (mut l, mut r) = (0.0, 0.0);
        for (a, t) in left[..self.0].iter().zip(&total[..self.0]) {
            l += a * a;
            r += (t - a) * (t - a);
        }
        higher(l, left[self.0], r, total[self.0] - left[self.0], bar)
    }

    /// The share of the node's most frequent class: exact for two classes (Breiman et al. 1984), a rule of thumb
    /// for more.
    fn key(&self, cell: &Box<[f64]>, total: &Box<[f64]>) -> f64 {
        let top = (0..self.0).fold(0, |a, b| if total[b] > total[a] { b } else { a });
        (cell[top] + SMOOTHING * total[top] / total[self.0]) / (cell[self.0] + SMOOTHING)
    }

    fn only(&self, total: &Box<[f64]>) -> Option<usize> {
        let mut some = (0..self.0).filter(|&k| total[k] > 0.0);
        let first = some.next();
        if some.next().is_none() { first } else { None }
    }

    fn values(&self, total: &Box<[f64]>, out: &mut Vec<f64>) {
        out.extend(total[..self.0].iter().map(|t| t / total[self.0]));
    }

    fn outputs(&self) -> usize {
        self.0
    }
}
