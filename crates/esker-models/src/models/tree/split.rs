//! The best split of a node, read off its histograms.
//!
//! Cells are sums over the rows of a bin: `[gradient, rows]` where every hessian is 1, else
//! `[gradient, hessian, rows]`. A side with sums G and H scores G² / (H + lambda); the best split has the highest
//! sum of both sides (Chen and Guestrin 2016, doi 10.1145/2939672.2939785, equation 7, up to constants).

use super::node::{CodeSet, Side, holds, insert};

/// Neighbouring splits that are looked at together.
const LOOK: usize = 8;

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

/// Keeps the best of the candidates shown to it.
///
/// With dl and dr the hessians plus lambda of the sides, D = dl + dr and t = Gl - G dl / D, the score of both sides is
/// G² / D + D t² / (dl dr): one product decides, and what is compared has lost nothing to cancellation.
struct Race<const C: usize> {
    total: Cell<C>,
    limits: Limits,
    /// D.
    both: f64,
    /// G / D.
    slope: f64,
    /// What t² / (dl dr) must exceed.
    bar: f64,
}

impl<const C: usize> Race<C> {
    /// A race that only a score above `floor` can win; without one, any gain over the unsplit node wins.
    fn new(total: &Cell<C>, limits: Limits, floor: Option<f64>) -> Self {
        let both = hessian(total) + 2.0 * limits.lambda;
        let (parent, base) = (score(total, limits.lambda), total[0] * total[0] / both);
        let floor = floor.unwrap_or_else(|| parent.max(f64::MIN_POSITIVE));
        let bar = (floor - base + TIE * floor) / both;
        Self { total: *total, limits, both, slope: total[0] / both, bar }
    }

    /// Whether any of some left sides, given by their gradients and hessians, scores above the bar: a quick look without branches that
    /// does not ask what a split must obey.
    #[inline(always)]
    fn could(&self, g: &[f64; LOOK], h: &[f64; LOOK]) -> bool {
        let mut any = false;
        for (g, h) in g.iter().zip(h) {
            let dl = h + self.limits.lambda;
            let t = g - self.slope * dl;
            any |= t * t > self.bar * (dl * (self.both - dl));
        }
        any
    }

    /// Whether splitting off `left` beats everything shown before.
    #[inline(always)]
    fn beats(&mut self, left: &Cell<C>) -> bool {
        let dl = hessian(left) + self.limits.lambda;
        let dr = self.both - dl;
        let t = left[0] - self.slope * dl;
        let under = dl * dr;
        // Compared without dividing: most candidates lose.
        if t * t > self.bar * under && self.allows(left) {
            self.bar = t * t / under * (1.0 + TIE);
            return true;
        }
        false
    }

    #[inline(never)]
    fn allows(&self, left: &Cell<C>) -> bool {
        let right = minus(self.total, left);
        let allowed = |side: &Cell<C>| {
            let h = hessian(side);
            rows(side) >= self.limits.min_leaf && h >= self.limits.min_hessian && h + self.limits.lambda > 0.0
        };
        allowed(left) && allowed(&right)
    }

    /// Score of the best split shown.
    fn best(&self) -> f64 {
        self.both * (self.slope * self.slope + self.bar / (1.0 + TIE))
    }
}

/// The best split on a feature of numbers with `bins` bins, with its score, if it is above `floor`; cell `bins` holds the
/// missing values.
pub(super) fn best_of_numbers<const C: usize>(
    cells: &Cells<C>,
    bins: u8,
    total: &Cell<C>,
    limits: Limits,
    floor: Option<f64>,
) -> Option<(f64, Side)> {
    let missing = cells[usize::from(bins)];
    let (gone, least, whole) = (rows(&missing), limits.min_leaf, rows(total));
    let mut race = Race::new(total, limits, floor);
    let mut left = [0.0; C];
    let (mut found, mut at) = (None, [0.0; C]);
    for (look, some) in cells[..usize::from(bins)].chunks(LOOK).enumerate() {
        let before = left;
        let (mut g, mut h) = ([0.0; LOOK], [0.0; LOOK]);
        for i in 0..LOOK {
            if let Some(cell) = some.get(i) {
                left = plus(left, cell);
            }
            (g[i], h[i]) = (left[0], hessian(&left));
        }
        if rows(&left) + gone < least {
            continue;
        }
        if whole - rows(&before) < least {
            break;
        }
        if !race.could(&g, &h) && (gone == 0.0 || !race.could(&g.map(|g| g + missing[0]), &h.map(|h| h + hessian(&missing)))) {
            continue;
        }
        let mut left = before;
        for (i, cell) in some.iter().enumerate().filter(|(_, cell)| rows(cell) > 0.0) {
            left = plus(left, cell);
            let code = (look * LOOK + i) as u8;
            if race.beats(&left) {
                (found, at) = (Some((code, false)), left);
            }
            if gone > 0.0 && race.beats(&plus(left, &missing)) {
                found = Some((code, true));
            }
        }
    }
    let (code, missing_left) = found?;
    // Without a missing value to learn from, the side with more weight takes those to come.
    let missing_left = if gone == 0.0 { 2.0 * hessian(&at) >= hessian(total) } else { missing_left };
    // Halfway through the bins that are empty here: nothing speaks for one end of the gap. Without a further
    // value the split is of missing values from all others, whatever they may be.
    let next = (code + 1..bins).find(|&c| rows(&cells[usize::from(c)]) > 0.0);
    let code = next.map_or(bins - 1, |next| code + (next - code - 1) / 2);
    Some((race.best(), Side::UpTo { code, also: if missing_left { bins } else { code } }))
}

/// The best split of a class feature's levels into two sets: levels in order of their smoothed mean gradient, cut
/// once (Fisher 1958, doi 10.1080/01621459.1958.10501479). Missing values count as one more level.
pub(super) fn best_of_classes<const C: usize>(
    cells: &Cells<C>,
    bins: u8,
    total: &Cell<C>,
    limits: Limits,
    floor: Option<f64>,
) -> Option<(f64, Side)> {
    let mean = total[0] / hessian(total).max(f64::MIN_POSITIVE);
    let mut order: Vec<(f64, u8)> = (0..=bins)
        .filter(|&c| rows(&cells[usize::from(c)]) > 0.0)
        .map(|c| {
            let cell = &cells[usize::from(c)];
            ((cell[0] + SMOOTHING * mean) / (hessian(cell) + SMOOTHING), c)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut race = Race::new(total, limits, floor);
    let (mut left, mut cut, mut weight) = ([0.0; C], None, 0.0);
    for (at, (_, code)) in order.iter().enumerate() {
        left = plus(left, &cells[usize::from(*code)]);
        if race.beats(&left) {
            (cut, weight) = (Some(at), hessian(&left));
        }
    }
    let codes: Vec<u8> = order.iter().map(|o| o.1).collect();
    Some((race.best(), Side::Among(levels_left(&codes, cut?, 2.0 * weight >= hessian(total)))))
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
