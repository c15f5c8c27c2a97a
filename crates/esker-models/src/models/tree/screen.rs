//! Grows one tree on many rows in two looks: a sample of them says which features promise a good split of a node, and all rows decide among
//! those.
//!
//! Counting histograms is most of the work of boosting, and most of it is on features that lose. The idea is that of voting among machines
//! (Meng et al. 2016, *A communication-efficient parallel algorithm for decision tree*), with a sample in place of the machines. Sums of
//! leaves and gains are those of all rows.

use rayon::prelude::*;

use super::bins::Binned;
use super::grow::{Bounds, Grower, Use, add, best_leaf, leaf_value, partition, seek};
use super::node::Tree;
use super::split::{Cell, Cells, Limits, Split, plus, rows, score};

/// Features of a node that all rows look at: at least so many, or this part of all.
const PROMISING: usize = 4;
const PROMISING_PART: usize = 5;

/// Rows of the sample that tell features of a node apart; where there are fewer, all are looked at.
const TELLING: usize = 1000;

/// Rows of a part of the table, which one thread works on at a time.
const PART: usize = 1 << 16;

/// Rows whose sums are unpacked together.
const CHUNK: usize = 512;

/// Sums of a row without what is the same for all, in half the precision: they travel with the row, so that nothing is read out of order.
pub(super) trait Packed<const C: usize> {
    /// The sums of one row.
    type Sum: Copy + Default + Send + Sync;

    /// A row's cell in short.
    fn pack(cell: &Cell<C>) -> Self::Sum;

    /// The cell of one row.
    fn unpack(sum: Self::Sum) -> Cell<C>;
}

/// Cells of so many sums.
pub(super) struct Sums<const C: usize>;

impl Packed<2> for Sums<2> {
    type Sum = f32;

    #[inline(always)]
    fn pack(cell: &Cell<2>) -> f32 {
        cell[0] as f32
    }

    #[inline(always)]
    fn unpack(sum: f32) -> Cell<2> {
        [f64::from(sum), 1.0]
    }
}

impl Packed<3> for Sums<3> {
    type Sum = [f32; 2];

    #[inline(always)]
    fn pack(cell: &Cell<3>) -> [f32; 2] {
        [cell[0] as f32, cell[1] as f32]
    }

    #[inline(always)]
    fn unpack(sum: [f32; 2]) -> Cell<3> {
        [f64::from(sum[0]), f64::from(sum[1]), 1.0]
    }
}

/// A row on its way down the tree: its place in the part, and its sums.
#[derive(Clone, Copy, Default)]
struct Item<S> {
    row: u32,
    sum: S,
}

/// A stretch of the table with its rows in the order of the leaves.
struct Part<const C: usize, S> {
    order: Vec<Item<S>>,
    aside: Vec<Item<S>>,
    /// Sums of the two leaves that were counted last, and their histograms of promising features.
    totals: [Cell<C>; 2],
    hist: [Vec<Cells<C>>; 2],
}

/// A leaf while the tree grows.
struct Leaf<const C: usize> {
    node: usize,
    /// Its rows in each part.
    rows: Vec<(usize, usize)>,
    /// Its rows in the sample.
    sample: (usize, usize),
    total: Cell<C>,
    /// Where the histograms of its sample are.
    slot: Option<usize>,
    split: Option<Split>,
}

/// Grows trees in two looks.
pub(super) struct Screened<'a, const C: usize>
where
    Sums<C>: Packed<C>,
{
    binned: &'a Binned,
    bounds: Bounds,
    sample: Grower<'a, C>,
    parts: Vec<Part<C, <Sums<C> as Packed<C>>::Sum>>,
    merged: Vec<Cells<C>>,
    /// How much each feature was used by all trees so far.
    pub(super) uses: Vec<Use>,
}

/// Whether a second look saves work.
pub(super) fn pays(rows: usize, features: usize, sample: usize) -> bool {
    rows >= sample.saturating_mul(2) && features >= 2 * promising(features)
}

fn promising(features: usize) -> usize {
    PROMISING.max(features / PROMISING_PART)
}

impl<'a, const C: usize> Screened<'a, C>
where
    Sums<C>: Packed<C>,
{
    /// A grower for trees on `binned`, of whose rows `share` are in the sample.
    pub(super) fn new(binned: &'a Binned, bounds: Bounds, share: f64) -> Self {
        let whole = bounds.limits;
        let limits =
            Limits { min_leaf: (whole.min_leaf * share).max(1.0), min_hessian: whole.min_hessian * share, lambda: whole.lambda * share };
        let part = || Part { order: Vec::new(), aside: Vec::new(), totals: [[0.0; C]; 2], hist: [Vec::new(), Vec::new()] };
        Self {
            binned,
            bounds,
            sample: Grower::new(binned, Bounds { limits, ..bounds }),
            parts: (0..binned.rows.div_ceil(PART)).map(|_| part()).collect(),
            merged: Vec::new(),
            uses: vec![Use::default(); binned.features()],
        }
    }

    /// Grows a tree on `rows` (ascending) and `features` (ascending), which `chosen` of the rows screen; `sums` has one cell a row of the
    /// table.
    pub(super) fn grow(&mut self, sums: &[Cell<C>], rows: &[u32], chosen: &[u32], features: &[usize], rate: f64) -> Tree {
        let mut tree = Tree::stump();
        self.parts.par_iter_mut().enumerate().for_each(|(i, part)| {
            let (from, to) = (rows.partition_point(|&r| (r as usize) < i * PART), rows.partition_point(|&r| (r as usize) < (i + 1) * PART));
            part.order.clear();
            let item = |&row: &u32| Item { row: row - (i * PART) as u32, sum: Sums::pack(&sums[row as usize]) };
            part.order.extend(rows[from..to].iter().map(item));
        });
        self.sample.begin(chosen, features);
        let mut root = Leaf {
            node: 0,
            rows: self.parts.iter().map(|p| (0, p.order.len())).collect(),
            sample: (0, chosen.len()),
            total: [0.0; C],
            slot: None,
            split: None,
        };
        let first = if self.bounds.leaves > 1 && self.may_split(&root) {
            root.slot = Some(self.sample.count_stretch(root.sample, sums));
            self.promising(&root, sums)
        } else {
            Vec::new()
        };
        self.count([&mut root, &mut blank()], [&first, &[]]);
        let mut leaves = vec![root];
        while leaves.len() < self.bounds.leaves {
            let Some(at) = best_leaf(leaves.iter().map(|l| l.split.as_ref())) else { break };
            let last = leaves.len() + 1 == self.bounds.leaves;
            let (left, right) = self.part(&leaves[at], &mut tree, sums, last);
            leaves[at] = left;
            leaves.push(right);
        }
        for leaf in &leaves {
            tree.fill(leaf.node, &[leaf_value(&leaf.total, rate, self.bounds.limits.lambda)]);
        }
        tree.finish(leaves.iter().map(|l| (l.node, l.total[C - 1])).collect());
        tree
    }

    fn may_split(&self, leaf: &Leaf<C>) -> bool {
        let count: usize = leaf.rows.iter().map(|(a, b)| b - a).sum();
        count as f64 >= (2.0 * self.bounds.limits.min_leaf).max(2.0)
    }

    /// Splits a leaf and looks for the best splits of its children.
    fn part(&mut self, leaf: &Leaf<C>, tree: &mut Tree, sums: &[Cell<C>], last: bool) -> (Leaf<C>, Leaf<C>) {
        let split = leaf.split.expect("only a leaf with a split is split");
        let feature = self.sample.feature(split.feature);
        let (l, r) = tree.split(leaf.node, feature, &split.side);
        self.uses[feature].gain += split.gain;
        self.uses[feature].splits += 1;
        let (column, goes_left) = (self.binned.column(feature), split.side.table());
        let (parts, sample) = (&mut self.parts, &mut self.sample);
        let (middles, middle) = rayon::join(
            || -> Vec<usize> {
                let cut = |(i, (part, &(a, b))): (usize, (&mut Part<C, _>, &(usize, usize)))| {
                    let column = &column[i * PART..];
                    a + partition(&mut part.order[a..b], &mut part.aside, |item: Item<_>| goes_left[usize::from(column[item.row as usize])])
                };
                parts.par_iter_mut().zip(&leaf.rows).enumerate().map(cut).collect()
            },
            || sample.partition_stretch(leaf.sample, feature, &split),
        );
        let (a, b) = leaf.sample;
        let child = |node, left: bool| Leaf {
            node,
            rows: leaf.rows.iter().zip(&middles).map(|(&(a, b), &m)| if left { (a, m) } else { (m, b) }).collect(),
            sample: if left { (a, middle) } else { (middle, b) },
            total: [0.0; C],
            slot: None,
            split: None,
        };
        let (mut left, mut right) = (child(l, true), child(r, false));
        let mut wanted = [Vec::new(), Vec::new()];
        if let Some(parent) = leaf.slot {
            let (may_left, may_right) = (!last && self.may_split(&left), !last && self.may_split(&right));
            if may_left || may_right {
                let left_is_small = middle - a <= b - middle;
                let (small, large) = if left_is_small { (&mut left, &mut right) } else { (&mut right, &mut left) };
                let slot = self.sample.count_stretch(small.sample, sums);
                self.sample.subtract(parent, slot);
                small.slot = Some(slot);
                large.slot = Some(parent);
            } else {
                self.sample.free_slot(parent);
            }
            for ((child, may), wanted) in [(&mut left, may_left), (&mut right, may_right)].into_iter().zip(&mut wanted) {
                if may {
                    *wanted = self.promising(child, sums);
                } else if let Some(slot) = child.slot.take() {
                    self.sample.free_slot(slot);
                }
            }
        }
        self.count([&mut left, &mut right], [&wanted[0], &wanted[1]]);
        (left, right)
    }

    /// The places of the features whose best splits of the leaf's sample score highest, ascending; of all where the sample is small.
    fn promising(&self, leaf: &Leaf<C>, sums: &[Cell<C>]) -> Vec<usize> {
        let Some(slot) = leaf.slot else { return Vec::new() };
        if leaf.sample.1 - leaf.sample.0 < TELLING {
            return self.sample.places().collect();
        }
        let scores = self.sample.scores(slot, leaf.sample, sums);
        let mut order: Vec<usize> = (0..scores.len()).filter(|&p| scores[p] > f64::NEG_INFINITY).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        order.truncate(promising(scores.len()));
        order.sort_unstable();
        order
    }

    /// Sums of two leaves over all their rows, their histograms of the features at `places`, and the best splits in those.
    fn count(&mut self, leaves: [&mut Leaf<C>; 2], places: [&[usize]; 2]) {
        let binned = self.binned;
        let features = places.map(|p| p.iter().map(|&p| self.sample.feature(p)).collect::<Vec<usize>>());
        let ranges = [&leaves[0].rows, &leaves[1].rows];
        self.parts.par_iter_mut().enumerate().for_each(|(i, part)| {
            for side in 0..2 {
                let Some(&(a, b)) = ranges[side].get(i) else { continue };
                let (order, hist) = (&part.order[a..b], &mut part.hist[side]);
                hist.resize(features[side].len().max(hist.len()), [[0.0; C]; 256]);
                for (cells, &f) in hist.iter_mut().zip(&features[side]) {
                    cells[..=usize::from(binned.bins[f])].fill([0.0; C]);
                }
                let columns: Vec<&[u8]> = features[side].iter().map(|&f| &binned.column(f)[i * PART..]).collect();
                let (mut total, mut rows, mut cells) = ([0.0; C], [0; CHUNK], [[0.0; C]; CHUNK]);
                for items in order.chunks(CHUNK) {
                    for ((item, row), cell) in items.iter().zip(&mut rows).zip(&mut cells) {
                        (*row, *cell) = (item.row, Sums::unpack(item.sum));
                        total = plus(total, cell);
                    }
                    for (some, columns) in hist.chunks_mut(4).zip(columns.chunks(4)) {
                        add(some, columns, &rows[..items.len()], &cells[..items.len()]);
                    }
                }
                part.totals[side] = total;
            }
        });
        for (side, leaf) in leaves.into_iter().enumerate().filter(|(_, l)| !l.rows.is_empty()) {
            leaf.total = self.parts.iter().fold([0.0; C], |t, p| plus(t, &p.totals[side]));
            let limits = self.bounds.limits;
            if rows(&leaf.total) < (2.0 * limits.min_leaf).max(2.0) {
                continue;
            }
            self.merged.resize(features[side].len().max(self.merged.len()), [[0.0; C]; 256]);
            for (k, (&f, &place)) in features[side].iter().zip(places[side]).enumerate() {
                let (into, end) = (&mut self.merged[k], usize::from(binned.bins[f]));
                into[..=end].fill([0.0; C]);
                for part in &self.parts {
                    into[..=end].iter_mut().zip(&part.hist[side][k][..=end]).for_each(|(a, b)| *a = plus(*a, b));
                }
                let floor = leaf.split.map(|s| s.score);
                if let Some((best, which)) = seek(binned, f, into, &leaf.total, limits, floor) {
                    leaf.split = Some(Split { score: best, gain: best - score(&leaf.total, limits.lambda), feature: place, side: which });
                }
            }
        }
    }
}

fn blank<const C: usize>() -> Leaf<C> {
    Leaf { node: 0, rows: Vec::new(), sample: (0, 0), total: [0.0; C], slot: None, split: None }
}
