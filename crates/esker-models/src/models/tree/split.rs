//! The best split of a node, read off its histograms.
//!
//! Cells are sums over the rows of a bin: `[gradient, rows]` where every hessian is 1, else
//! `[gradient, hessian, rows]`. A side with sums G and H scores G² / (H + lambda); the best split has the highest
//! sum of both sides (Chen and Guestrin 2016, doi 10.1145/2939672.2939785, equation 7, up to constants).

use super::node::{CodeSet, Side, holds, insert};

/// How much better a candidate must be, relatively, to displace another: rounding never decides a tie.
pub(super) const TIE: f64 = 1e-12;

/// Rows of smoothing when levels of a class feature are put in order: a rare level's mean leans on the node's.
const SMOOTHING: f64 = 10.0;

/// Sums over the rows of one bin or node.
pub(super) type Cell<const C: usize> = [f64; C];
/// Sums of one feature, by code.
pub(super) type Cells<const C: usize> = [Cell<C>; 256];

/// Sum of hessians; the number of rows where they are all 1.
#[inline]
pub(super) fn hessian<const C: usize>(cell: &Cell<C>) -> f64 {
    // The second sum is the hessian in both layouts.
    cell[1]
}

/// Number of rows.
#[inline]
pub(super) fn rows<const C: usize>(cell: &Cell<C>) -> f64 {
    cell[C - 1]
}

/// Cell by cell.
#[inline]
pub(super) fn plus<const C: usize>(mut a: Cell<C>, b: &Cell<C>) -> Cell<C> {
    for c in 0..C {
        a[c] += b[c];
    }
    a
}

#[inline]
fn minus<const C: usize>(mut a: Cell<C>, b: &Cell<C>) -> Cell<C> {
    for c in 0..C {
        a[c] -= b[c];
    }
    a
}

/// What a split must obey.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Fewest rows of a child.
    pub(super) min_leaf: f64,
    /// Smallest sum of hessians of a child.
    pub(super) min_hessian: f64,
    /// L2 penalty on leaf values.
    pub(super) lambda: f64,
}

/// A split of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    /// Sum of the children's scores.
    pub(super) score: f64,
    /// Gain over the unsplit node.
    pub(super) gain: f64,
    /// Place of the feature in the tree's list.
    pub(super) feature: usize,
    /// Which codes go left.
    pub(super) side: Side,
}

/// G² / (H + lambda).
pub(super) fn score<const C: usize>(cell: &Cell<C>, lambda: f64) -> f64 {
    let h = hessian(cell) + lambda;
    if h > 0.0 { cell[0] * cell[0] / h } else { 0.0 }
}

/// The score a split must exceed.
fn floor<const C: usize>(total: &Cell<C>, lambda: f64) -> f64 {
    let parent = score(total, lambda);
    parent + TIE * parent.max(f64::MIN_POSITIVE)
}

/// Keeps the best of the candidates shown to it.
struct Race<const C: usize> {
    total: Cell<C>,
    limits: Limits,
    bar: f64,
    best: f64,
}

impl<const C: usize> Race<C> {
    fn new(total: &Cell<C>, limits: Limits) -> Self {
        Self { total: *total, limits, bar: floor(total, limits.lambda), best: 0.0 }
    }

    /// Whether splitting off `left` beats everything shown before.
    #[inline]
    fn beats(&mut self, left: &Cell<C>) -> bool {
        let right = minus(self.total, left);
        let (dl, dr) = (hessian(left) + self.limits.lambda, hessian(&right) + self.limits.lambda);
        let (over, under) = (left[0] * left[0] * dr + right[0] * right[0] * dl, dl * dr);
        // Compared without dividing: most candidates lose.
        if over > self.bar * under && dl > 0.0 && dr > 0.0 && self.allows(left) && self.allows(&right) {
            self.best = over / under;
            self.bar = self.best * (1.0 + TIE);
            return true;
        }
        false
    }

    fn allows(&self, side: &Cell<C>) -> bool {
        rows(side) >= self.limits.min_leaf && hessian(side) >= self.limits.min_hessian
    }
}

/// The best split on a feature of numbers with `bins` bins, with its score; cell `bins` holds the missing values.
pub(super) fn best_of_numbers<const C: usize>(cells: &Cells<C>, bins: u8, total: &Cell<C>, limits: Limits) -> Option<(f64, Side)> {
    let missing = cells[usize::from(bins)];
    let any = rows(&missing) > 0.0;
    let mut race = Race::new(total, limits);
    let mut left = [0.0; C];
    let mut found: Option<(u8, bool)> = None;
    for code in 0..bins {
        left = plus(left, &cells[usize::from(code)]);
        if race.beats(&left) {
            found = Some((code, false));
        }
        if any && race.beats(&plus(left, &missing)) {
            found = Some((code, true));
        }
    }
    let (code, mut missing_left) = found?;
    if !any {
        let left = cells[..=usize::from(code)].iter().fold([0.0; C], plus);
        missing_left = hessian(&left) >= hessian(&minus(*total, &left));
    }
    // Halfway through the bins that are empty here: nothing speaks for one end of the gap. Without a further
    // value the split is of missing values from all others, whatever they may be.
    let next = (code + 1..bins).find(|&c| rows(&cells[usize::from(c)]) > 0.0);
    let code = next.map_or(bins - 1, |next| code + (next - code - 1) / 2);
    Some((race.best, Side::UpTo { code, also: if missing_left { bins } else { code } }))
}

/// The best split of a class feature's levels into two sets: levels in order of their smoothed mean gradient, cut
/// once (Fisher 1958, doi 10.1080/01621459.1958.10501479). Missing values count as one more level.
pub(super) fn best_of_classes<const C: usize>(cells: &Cells<C>, bins: u8, total: &Cell<C>, limits: Limits) -> Option<(f64, Side)> {
    let mean = total[0] / hessian(total).max(f64::MIN_POSITIVE);
    let mut order: Vec<(f64, u8)> = (0..=bins)
        .filter(|&c| rows(&cells[usize::from(c)]) > 0.0)
        .map(|c| {
            let cell = &cells[usize::from(c)];
            ((cell[0] + SMOOTHING * mean) / (hessian(cell) + SMOOTHING), c)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut race = Race::new(total, limits);
    let (mut left, mut cut, mut weight) = ([0.0; C], None, 0.0);
    for (at, (_, code)) in order.iter().enumerate() {
        left = plus(left, &cells[usize::from(*code)]);
        if race.beats(&left) {
            (cut, weight) = (Some(at), hessian(&left));
        }
    }
    let codes: Vec<u8> = order.iter().map(|o| o.1).collect();
    Some((race.best, Side::Among(levels_left(&codes, cut?, 2.0 * weight >= hessian(total)))))
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
