//! What a forest's trees count and how they judge a split: squares of numbers, or Gini impurity of classes.
//!
//! A cell is a row of sums that ends in the weight and the number of its rows. Both measures are of one form: a side
//! scores the sum of its squared sums over its weight, and the best split has the highest sum of both sides
//! (Breiman et al. 1984).

/// Rows of smoothing when levels of a class feature are put in order.
const SMOOTHING: f64 = 10.0;

/// Sum of the weights in a cell.
#[inline]
pub(super) fn weight(cell: &[f64]) -> f64 {
    cell[cell.len() - 2]
}

/// Number of rows in a cell.
#[inline]
pub(super) fn rows(cell: &[f64]) -> f64 {
    cell[cell.len() - 1]
}

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

    /// Sums in a cell.
    fn width(&self) -> usize;
    /// Adds a row to a cell.
    fn add(&self, cell: &mut [f64], item: &Item<Self::Target>);
    /// Sums of squared sums of the left side and of what is left of `total`, each over its weight.
    fn score(&self, left: &[f64], total: &[f64]) -> f64;
    /// What the levels of a class feature are ordered by.
    fn key(&self, cell: &[f64], total: &[f64]) -> f64;
    /// The class that all rows share, if they do.
    fn only(&self, total: &[f64]) -> Option<usize>;
    /// Appends the values of a leaf.
    fn values(&self, total: &[f64], out: &mut Vec<f64>);
    /// Values of a leaf.
    fn outputs(&self) -> usize;
}

/// Numbers: cells are sums of weight × target, weight and rows.
pub(super) struct Numbers;

impl Measure for Numbers {
    type Target = f64;

    #[inline]
    fn width(&self) -> usize {
        3
    }

    #[inline]
    fn add(&self, cell: &mut [f64], item: &Item<f64>) {
        cell[0] += item.weight * item.target;
        cell[1] += item.weight;
        cell[2] += 1.0;
    }

    #[inline]
    fn score(&self, left: &[f64], total: &[f64]) -> f64 {
        let (r, w) = (total[0] - left[0], total[1] - left[1]);
        left[0] * left[0] / left[1] + if w > 0.0 { r * r / w } else { 0.0 }
    }

    fn key(&self, cell: &[f64], total: &[f64]) -> f64 {
        (cell[0] + SMOOTHING * total[0] / total[1]) / (cell[1] + SMOOTHING)
    }

    fn only(&self, _: &[f64]) -> Option<usize> {
        None
    }

    fn values(&self, total: &[f64], out: &mut Vec<f64>) {
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

    #[inline]
    fn width(&self) -> usize {
        self.0 + 2
    }

    #[inline]
    fn add(&self, cell: &mut [f64], item: &Item<u32>) {
        cell[item.target as usize] += item.weight;
        cell[self.0] += item.weight;
        cell[self.0 + 1] += 1.0;
    }

    #[inline]
    fn score(&self, left: &[f64], total: &[f64]) -> f64 {
        let (mut l, mut r) = (0.0, 0.0);
        for (a, t) in left[..self.0].iter().zip(&total[..self.0]) {
            l += a * a;
            r += (t - a) * (t - a);
        }
        let w = weight(total) - weight(left);
        l / weight(left) + if w > 0.0 { r / w } else { 0.0 }
    }

    /// The share of the node's most frequent class: exact for two classes (Breiman et al. 1984), a rule of thumb
    /// for more.
    fn key(&self, cell: &[f64], total: &[f64]) -> f64 {
        let top = (0..self.0).fold(0, |a, b| if total[b] > total[a] { b } else { a });
        (cell[top] + SMOOTHING * total[top] / weight(total)) / (weight(cell) + SMOOTHING)
    }

    fn only(&self, total: &[f64]) -> Option<usize> {
        let mut some = (0..self.0).filter(|&k| total[k] > 0.0);
        let first = some.next();
        if some.next().is_none() { first } else { None }
    }

    fn values(&self, total: &[f64], out: &mut Vec<f64>) {
        out.extend(total[..self.0].iter().map(|t| t / weight(total)));
    }

    fn outputs(&self) -> usize {
        self.0
    }
}
