//! What a split of a node is worth, and the best one of a single feature.
//!
//! A side with sums G and H scores G² / (H + lambda); the best split has the highest sum of both sides (Chen and Guestrin 2016, doi
//! 10.1145/2939672.2939785, equation 7, up to constants). Where leaf values are bounded, kept in order or drawn towards 0 by an L1 penalty,
//! a side scores what its leaf takes from the loss, -(2 G w + (H + lambda) w² + 2 alpha |w|) with the value w it may have.

use super::node::{CodeSet, Side, holds, insert};
use super::sums::Cell;

/// How much better a candidate must be, relatively, to displace another: rounding never decides a tie.
pub(super) const TIE: f64 = 1e-12;

/// Hessian of smoothing when levels of a class feature are put in order: a rare level's mean leans on the node's.
pub(super) const SMOOTHING: f64 = 10.0;

/// What a split must obey, in the units of the sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    /// Fewest rows of a child.
    pub(super) min_leaf: f64,
    /// Smallest sum of hessians of a child.
    pub(super) min_hessian: f64,
    /// L2 penalty on leaf values.
    pub(super) lambda: f64,
    /// [`SMOOTHING`].
    pub(super) smoothing: f64,
}

/// What the values of two children must obey besides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Values {
    /// L1 penalty on leaf values.
    pub(super) alpha: f64,
    /// Lowest and highest value.
    pub(super) range: (f64, f64),
    /// 1 where the left value must not be above the right one, -1 where not below, 0 where either may be.
    pub(super) direction: i8,
}

impl Values {
    /// Any value will do.
    pub(super) const FREE: Self = Self { alpha: 0.0, range: (f64::NEG_INFINITY, f64::INFINITY), direction: 0 };

    /// Whether they ask for nothing.
    pub(super) fn free(&self) -> bool {
        *self == Self::FREE
    }

    /// The value of a leaf with these sums.
    pub(super) fn leaf(&self, cell: &Cell, lambda: f64) -> f64 {
        let toward = cell[0].signum() * (cell[0].abs() - self.alpha).max(0.0);
        (-toward / (cell[1] + lambda).max(f64::MIN_POSITIVE)).clamp(self.range.0, self.range.1)
    }

    /// What a leaf of this value takes from the loss.
    fn score(&self, cell: &Cell, lambda: f64, value: f64) -> f64 {
        -(2.0 * cell[0] * value + (cell[1] + lambda) * value * value + 2.0 * self.alpha * value.abs())
    }
}

/// What a node that is not split scores.
pub(super) fn score(cell: &Cell, lambda: f64, values: &Values) -> f64 {
    if !values.free() {
        return values.score(cell, lambda, values.leaf(cell, lambda));
    }
    let h = cell[1] + lambda;
    if h > 0.0 { cell[0] * cell[0] / h } else { 0.0 }
}

/// Keeps the best of the candidates shown to it.
///
/// With dl and dr the hessians plus lambda of the sides, D = dl + dr and t = Gl - G dl / D, the score of both sides is
/// G² / D + D t² / (dl dr): one product decides, and what is compared has lost nothing to cancellation.
pub(super) struct Race {
    /// Sums of the node.
    pub(super) total: Cell,
    pub(super) limits: Limits,
    pub(super) values: Values,
    /// D.
    pub(super) both: f64,
    /// G / D.
    pub(super) slope: f64,
    /// What t² / (dl dr) must exceed; the score itself where values are not free.
    pub(super) bar: f64,
}

impl Race {
    /// A race that only a score above `floor` can win; without one, any gain over the unsplit node wins.
    pub(super) fn new(total: &Cell, limits: Limits, values: Values, floor: Option<f64>) -> Self {
        let both = total[1] + 2.0 * limits.lambda;
        let parent = score(total, limits.lambda, &values);
        let floor = floor.unwrap_or_else(|| parent.max(f64::MIN_POSITIVE)) * (1.0 + TIE);
        let base = total[0] * total[0] / both;
        let bar = if values.free() { (floor - base) / both } else { floor };
        Self { total: *total, limits, values, both, slope: total[0] / both, bar }
    }

    /// Whether splitting off `left` beats everything shown before.
    #[inline(always)]
    pub(super) fn beats(&mut self, left: &Cell) -> bool {
        let dl = left[1] + self.limits.lambda;
        let dr = self.both - dl;
        let t = left[0] - self.slope * dl;
        let under = dl * dr;
        if !self.values.free() {
            return self.beats_carefully(left);
        }
        // Compared without dividing: most candidates lose.
        if t * t > self.bar * under && self.allows(left) {
            self.bar = t * t / under * (1.0 + TIE);
            return true;
        }
        false
    }

    #[inline(never)]
    fn beats_carefully(&mut self, left: &Cell) -> bool {
        if !self.allows(left) {
            return false;
        }
        let (right, lambda, values) = (self.rest(left), self.limits.lambda, self.values);
        let (l, r) = (values.leaf(left, lambda), values.leaf(&right, lambda));
        let score = values.score(left, lambda, l) + values.score(&right, lambda, r);
        let ordered = match values.direction {
            1 => l <= r,
            -1 => l >= r,
            _ => true,
        };
        let wins = ordered && score > self.bar;
        if wins {
            self.bar = score * (1.0 + TIE);
        }
        wins
    }

    fn rest(&self, left: &Cell) -> Cell {
        std::array::from_fn(|i| self.total[i] - left[i])
    }

    #[inline(never)]
    fn allows(&self, left: &Cell) -> bool {
        let right = self.rest(left);
        let allowed = |side: &Cell| {
            let h = side[1];
            side[2] >= self.limits.min_leaf && h >= self.limits.min_hessian && h + self.limits.lambda > 0.0
        };
        allowed(left) && allowed(&right)
    }

    /// Score of the best split shown.
    pub(super) fn best(&self) -> f64 {
        let bar = self.bar / (1.0 + TIE);
        if self.values.free() { self.both * (self.slope * self.slope + bar) } else { bar }
    }
}

/// The best split on a feature of numbers with `bins` bins, if it wins the race; cell `bins` holds the missing values.
pub(super) fn best_of_numbers(cells: &[Cell; 256], bins: u8, race: &mut Race) -> Option<Side> {
    let missing = cells[usize::from(bins)];
    let plus = |a: Cell, b: &Cell| -> Cell { std::array::from_fn(|i| a[i] + b[i]) };
    let (mut left, mut found, mut weight) = ([0.0; 3], None, 0.0);
    for (code, cell) in cells[..usize::from(bins)].iter().enumerate().filter(|(_, cell)| cell[2] > 0.0) {
        left = plus(left, cell);
        if race.beats(&left) {
            (found, weight) = (Some((code as u8, false)), left[1]);
        }
        if missing[2] > 0.0 && race.beats(&plus(left, &missing)) {
            found = Some((code as u8, true));
        }
    }
    let (code, missing_left) = found?;
    let missing_left = if missing[2] == 0.0 { 2.0 * weight >= race.total[1] } else { missing_left };
    // Halfway through the bins that are empty here; see `histogram::halfway`.
    let next = (code + 1..bins).find(|&c| cells[usize::from(c)][2] > 0.0);
    let code = next.map_or(bins - 1, |next| code + (next - code - 1) / 2);
    Some(Side::UpTo { code, also: if missing_left { bins } else { code } })
}

/// The best split of a class feature's levels into two sets, if it wins the race: levels in order of their smoothed mean gradient, cut once
/// (Fisher 1958, doi 10.1080/01621459.1958.10501479). Missing values count as one more level.
pub(super) fn best_of_classes(cells: &[Cell; 256], bins: u8, race: &mut Race) -> Option<Side> {
    let total = race.total;
    let mean = total[0] / total[1].max(f64::MIN_POSITIVE);
    let smoothing = race.limits.smoothing;
    let mut order: Vec<(f64, u8)> = (0..=bins)
        .filter(|&c| cells[usize::from(c)][2] > 0.0)
        .map(|c| {
            let cell = &cells[usize::from(c)];
            ((cell[0] + smoothing * mean) / (cell[1] + smoothing), c)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut left, mut cut, mut weight) = ([0.0; 3], None, 0.0);
    for (at, (_, code)) in order.iter().enumerate() {
        let cell = &cells[usize::from(*code)];
        left.iter_mut().zip(cell).for_each(|(a, b): (&mut f64, &f64)| *a += b);
        if race.beats(&left) {
            (cut, weight) = (Some(at), left[1]);
        }
    }
    let codes: Vec<u8> = order.iter().map(|o| o.1).collect();
    Some(Side::Among(levels_left(&codes, cut?, 2.0 * weight >= total[1])))
}

/// The set of `order[..=cut]`; codes that `order` lacks join it if the left side is the larger.
pub(super) fn levels_left(order: &[u8], cut: usize, left_is_larger: bool) -> CodeSet {
    let (mut left, mut seen) = ([0; 4], [0; 4]);
    for (at, &code) in order.iter().enumerate() {
        insert(&mut seen, code);
        if at <= cut {
            insert(&mut left, code);
        }
    }
    if left_is_larger {
        (0..=255).filter(|&c| !holds(&seen, c)).for_each(|c| insert(&mut left, c));
    }
    left
}
