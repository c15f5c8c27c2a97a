//! Grows one tree of a forest: depth first, on rows drawn with replacement, a few features tried at each node.
//!
//! A node's histograms are counted from its own rows, and only the bins that were touched are looked at and wiped,
//! so that the many small nodes of a deep tree cost what they hold.

use esker_core::Rng;

use super::bins::Binned;
use super::grow::Use;
use super::measure::{Item, Measure};
use super::node::{CodeSet, Side, Tree, insert};
use super::split::{TIE, levels_left};

/// How far a tree may grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// Deepest leaf; the root is at 0.
    pub(super) depth: usize,
    /// Fewest rows of a leaf, repeats not counted.
    pub(super) min_leaf: f64,
    /// Features tried at a node.
    pub(super) tried: usize,
    /// Whether a feature tried is cut at random.
    pub(super) random: bool,
}

/// Grows trees on one table of codes; buffers are kept from tree to tree.
pub(super) struct Bag<'a, M: Measure> {
    binned: &'a Binned,
    measure: &'a M,
    growth: Growth,
    items: Vec<Item<M::Target>>,
    aside: Vec<Item<M::Target>>,
    pool: Vec<usize>,
    cells: Vec<M::Cell>,
    total: M::Cell,
    left: M::Cell,
    with: M::Cell,
    codes: Vec<u8>,
}

/// A node waiting to be split.
struct Open {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
}

/// The best split so far of a node.
struct Best {
    score: f64,
    feature: usize,
    side: Side,
}

impl<'a, M: Measure> Bag<'a, M> {
    /// A grower on `binned`.
    pub(super) fn new(binned: &'a Binned, measure: &'a M, growth: Growth) -> Self {
        Self {
            binned,
            measure,
            growth,
            items: Vec::new(),
            aside: Vec::new(),
            pool: Vec::new(),
            cells: vec![measure.empty(); 256],
            total: measure.empty(),
            left: measure.empty(),
            with: measure.empty(),
            codes: Vec::with_capacity(256),
        }
    }

    /// Grows a tree on the items, adding to `uses`.
    pub(super) fn grow(&mut self, items: impl Iterator<Item = Item<M::Target>>, rng: &mut Rng, uses: &mut [Use]) -> Tree {
        self.items.clear();
        self.items.extend(items);
        self.pool.clear();
        self.pool.extend(0..self.binned.features());
        let mut tree = Tree::stump();
        let mut pure: Vec<Option<u32>> = vec![None; self.measure.outputs()];
        let (mut values, mut covers) = (Vec::new(), Vec::new());
        let mut open = vec![Open { node: 0, start: 0, end: self.items.len(), depth: 0 }];
        while let Some(at) = open.pop() {
            self.sum(&at);
            let only = self.measure.only(&self.total);
            let small = self.measure.rows(&self.total) < (2.0 * self.growth.min_leaf).max(2.0);
            let best = if small || only.is_some() || at.depth >= self.growth.depth { None } else { self.seek(&at, rng) };
            let Some(best) = best else {
                covers.push((at.node, self.measure.weight(&self.total)));
                // A forest has many leaves of a single class: they share one row of values.
                let known = only.and_then(|k| pure[k]);
                if let Some(row) = known {
                    tree.share(at.node, row);
                } else {
                    values.clear();
                    self.measure.values(&self.total, &mut values);
                    tree.fill(at.node, &values);
                    only.into_iter().for_each(|k| pure[k] = Some(tree.row_of(at.node)));
                }
                continue;
            };
            uses[best.feature].gain += best.score - self.measure.score(&self.total);
            uses[best.feature].splits += 1;
            let middle = self.partition(&at, &best);
            let (l, r) = tree.split(at.node, best.feature, &best.side);
            open.push(Open { node: r, start: middle, end: at.end, depth: at.depth + 1 });
            open.push(Open { node: l, start: at.start, end: middle, depth: at.depth + 1 });
        }
        tree.finish(covers);
        tree.shrink();
        tree
    }

    fn sum(&mut self, at: &Open) {
        self.measure.wipe(&mut self.total);
        for item in &self.items[at.start..at.end] {
            self.measure.add(&mut self.total, item);
        }
    }

    /// The best split among features drawn without replacement. As in scikit-learn, drawing goes on while all
    /// features drawn are constant here. The order of drawing does not decide ties.
    fn seek(&mut self, at: &Open, rng: &mut Rng) -> Option<Best> {
        let parent = self.measure.score(&self.total);
        let bar = parent + TIE * parent.max(f64::MIN_POSITIVE);
        let (features, tried) = (self.pool.len(), self.growth.tried.min(self.pool.len()));
        for place in 0..tried {
            self.pool.swap(place, place + rng.below(features - place));
        }
        self.pool[..tried].sort_unstable();
        let (mut best, mut varies) = (None, false);
        for place in 0..features {
            if place >= tried {
                if varies {
                    break;
                }
                self.pool.swap(place, place + rng.below(features - place));
            }
            let feature = self.pool[place];
            let bar = best.as_ref().map_or(bar, |b: &Best| b.score * (1.0 + TIE));
            varies |= self.count(at, feature);
            if let Some((score, side)) = self.scan(feature, bar, rng) {
                best = Some(Best { score, feature, side });
            }
            self.wipe();
        }
        best
    }

    /// Counts the histogram of a feature; `codes` becomes the touched ones, ascending. Whether it varies.
    fn count(&mut self, at: &Open, feature: usize) -> bool {
        let column = self.binned.column(feature);
        let mut touched: CodeSet = [0; 4];
        for item in &self.items[at.start..at.end] {
            let code = column[item.row as usize];
            insert(&mut touched, code);
            self.measure.add(&mut self.cells[usize::from(code)], item);
        }
        self.codes.clear();
        for (word, bits) in touched.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                self.codes.push((word * 64) as u8 + bits.trailing_zeros() as u8);
                bits &= bits - 1;
            }
        }
        self.codes.len() > 1
    }

    fn wipe(&mut self) {
        for &code in &self.codes {
            self.measure.wipe(&mut self.cells[usize::from(code)]);
        }
    }

    /// The best split on the feature counted, if it beats `bar`.
    fn scan(&mut self, feature: usize, bar: f64, rng: &mut Rng) -> Option<(f64, Side)> {
        if self.codes.len() < 2 {
            return None;
        }
        let bins = self.binned.bins[feature];
        match (self.binned.class[feature], self.growth.random) {
            (false, false) => self.scan_numbers(bins, bar, None),
            // Uniform between the lowest and the highest bin that are here.
            (false, true) => {
                let seen = self.codes.len() - usize::from(self.codes.last() == Some(&bins));
                let (low, high) = (self.codes[0], self.codes[seen - 1]);
                let cut = if high > low { low + rng.below(usize::from(high - low)) as u8 } else { high };
                self.scan_numbers(bins, bar, Some(cut))
            }
            (true, false) => self.scan_levels(bar),
            (true, true) => self.toss_levels(bar, rng),
        }
    }

    /// Sends each level to a side at random.
    fn toss_levels(&mut self, bar: f64, rng: &mut Rng) -> Option<(f64, Side)> {
        let (measure, least, whole) = (self.measure, self.growth.min_leaf, self.measure.rows(&self.total));
        let mut order = self.codes.clone();
        rng.shuffle(&mut order);
        let cut = rng.below(order.len() - 1);
        measure.wipe(&mut self.left);
        for &code in &order[..=cut] {
            measure.join(&mut self.left, &self.cells[usize::from(code)]);
        }
        let count = measure.rows(&self.left);
        if count < least || whole - count < least {
            return None;
        }
        let score = measure.beats(&self.left, &self.total, bar)?;
        let larger = 2.0 * measure.weight(&self.left) >= measure.weight(&self.total);
        Some((score, Side::Among(levels_left(&order, cut, larger))))
    }

    /// The best cut, or the one `only` that is looked at.
    fn scan_numbers(&mut self, bins: u8, mut bar: f64, only: Option<u8>) -> Option<(f64, Side)> {
        let (measure, least, whole) = (self.measure, self.growth.min_leaf, self.measure.rows(&self.total));
        let any = self.codes.last() == Some(&bins);
        let seen = &self.codes[..self.codes.len() - usize::from(any)];
        let missing = &self.cells[usize::from(bins)];
        let gone = measure.rows(missing);
        let mut found = None;
        // Kept in a local, so that sums of few numbers stay in registers.
        let mut left = std::mem::take(&mut self.left);
        measure.wipe(&mut left);
        for (place, &code) in seen.iter().enumerate() {
            measure.join(&mut left, &self.cells[usize::from(code)]);
            let count = measure.rows(&left);
            let passed = only.is_some_and(|only| seen.get(place + 1).is_some_and(|&next| next <= only));
            if count + gone < least || passed {
                continue;
            }
            if only.is_some_and(|only| code > only) || whole - count < least {
                break;
            }
            if count >= least
                && let Some(score) = measure.beats(&left, &self.total, bar)
            {
                bar = score * (1.0 + TIE);
                found = Some((score, place, false, 2.0 * measure.weight(&left) >= measure.weight(&self.total)));
            }
            if any && whole - count - gone >= least {
                self.with.clone_from(&left);
                measure.join(&mut self.with, missing);
                if let Some(score) = measure.beats(&self.with, &self.total, bar) {
                    bar = score * (1.0 + TIE);
                    found = Some((score, place, true, false));
                }
            }
        }
        self.left = left;
        let (score, place, with_missing, larger) = found?;
        let missing_left = if any { with_missing } else { larger };
        // Halfway through the bins that are empty here; see `split::best_of_numbers`.
        let (code, next) = (seen[place], seen.get(place + 1));
        let code = next.map_or(bins - 1, |&next| code + (next - code - 1) / 2);
        Some((score, Side::UpTo { code, also: if missing_left { bins } else { code } }))
    }

    fn scan_levels(&mut self, mut bar: f64) -> Option<(f64, Side)> {
        let (measure, least, whole) = (self.measure, self.growth.min_leaf, self.measure.rows(&self.total));
        let key = |&code: &u8| (measure.key(&self.cells[usize::from(code)], &self.total), code);
        let mut order: Vec<(f64, u8)> = self.codes.iter().map(key).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut found = None;
        measure.wipe(&mut self.left);
        for (place, &(_, code)) in order.iter().enumerate() {
            measure.join(&mut self.left, &self.cells[usize::from(code)]);
            let count = measure.rows(&self.left);
            if count >= least
                && whole - count >= least
                && let Some(score) = measure.beats(&self.left, &self.total, bar)
            {
                bar = score * (1.0 + TIE);
                found = Some((score, place, 2.0 * measure.weight(&self.left) >= measure.weight(&self.total)));
            }
        }
        let (score, place, larger) = found?;
        let codes: Vec<u8> = order.iter().map(|o| o.1).collect();
        Some((score, Side::Among(levels_left(&codes, place, larger))))
    }

    /// Brings the rows that go left to the front of a node's stretch; the first right one.
    fn partition(&mut self, at: &Open, best: &Best) -> usize {
        let column = self.binned.column(best.feature);
        let stretch = &mut self.items[at.start..at.end];
        self.aside.clear();
        let mut left = 0;
        for i in 0..stretch.len() {
            let item = stretch[i];
            if best.side.left(column[item.row as usize]) {
                stretch[left] = item;
                left += 1;
            } else {
                self.aside.push(item);
            }
        }
        stretch[left..].copy_from_slice(&self.aside);
        at.start + left
    }
}
