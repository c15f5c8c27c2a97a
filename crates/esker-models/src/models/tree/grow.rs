//! Grows one tree on gradients: the leaf that gains most is split next, or the shallowest one, until there are leaves enough.
//!
//! Rows are kept in parts of the table, each in the order of the leaves. Only the smaller child of a split is counted; the larger is what is
//! left of the parent. Sums are whole numbers (`sums`), so that threads may count any part. All buffers are kept from tree to tree.

use std::ops::Range;

use esker_math::wide;
use rayon::prelude::*;

use super::bins::{MANY_ROWS, PART};
use super::bundle::{Holds, Table};
use super::histogram::{Cut, Group, LANES, add_all, add_some, best_cut, cells, halfway, merge, subtract, total};
use super::node::{Side, Tree};
use super::rules::Rules;
use super::split::{Limits, Race, TIE, Values, best_of_classes, best_of_numbers, score};
use super::sums::{Cell, Scale, Words, minus, plus};

/// Rows whose sums are gathered together.
const CHUNK: usize = 512;

/// Additions to histograms from which threads share them.
const MANY_SUMS: usize = 1 << 18;

/// Levels of a class feature up to which its splits pay no further penalty.
const FEW_LEVELS: u8 = 4;

/// Groups of columns that one thread searches.
const SEARCHED: usize = 16;

/// How far a tree may grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most leaves.
    pub(super) leaves: usize,
    /// Deepest leaf; the root is at 0.
    pub(super) depth: usize,
    /// Whether the shallowest leaf is split next.
    pub(super) by_level: bool,
    /// What each split must obey, in units of the loss.
    pub(super) limits: Limits,
    /// L1 penalty on leaf values.
    pub(super) alpha: f64,
}

/// How much a feature was used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Use {
    /// Sum of gains.
    pub(super) gain: f64,
    /// Number of splits.
    pub(super) splits: u64,
}

/// The best split of a leaf.
#[derive(Debug, Clone, Copy)]
struct Split<const W: usize> {
    /// Gain over the unsplit leaf, in the units of the sums.
    gain: f64,
    feature: usize,
    side: Side,
    /// Sums of the left child.
    left: Words<W>,
}

/// A leaf while the tree grows.
struct Leaf<const W: usize> {
    node: usize,
    depth: usize,
    /// Its rows, as a stretch of each part.
    rows: Vec<(u32, u32)>,
    total: Words<W>,
    /// Where its histograms are.
    slot: Option<usize>,
    split: Option<Split<W>>,
    /// Lowest and highest value it may have.
    range: (f64, f64),
    /// The features on its path, where rules ask for them.
    path: Vec<usize>,
}

/// A part of the table: its rows in the order of the leaves.
#[derive(Default)]
struct Part {
    order: Vec<u16>,
    aside: Vec<u16>,
}

/// The rows that a tree grows on.
#[derive(Debug, Clone)]
pub(super) enum Rows<'r> {
    /// Consecutive ones.
    Range(Range<usize>),
    /// Some, ascending.
    Some(&'r [u32]),
}

impl Rows<'_> {
    /// How many they are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::Some(rows) => rows.len(),
        }
    }

    /// The rows of all parts that have any, of a table of so many rows.
    pub(super) fn parts(&self, table: usize) -> Range<usize> {
        match self {
            Self::Range(range) => range.start / PART * PART..range.end.next_multiple_of(PART).min(table),
            Self::Some(_) => 0..table,
        }
    }

    /// Those of a part, counted from its first row.
    fn of_part(&self, part: usize, into: &mut Vec<u16>) {
        let (first, end) = (part * PART, (part + 1) * PART);
        into.clear();
        match self {
            Self::Range(range) => {
                let (a, b) = (range.start.clamp(first, end), range.end.clamp(first, end));
                into.extend((a..b).map(|row| (row - first) as u16));
            }
            Self::Some(rows) => {
                let place = |row: usize| rows.partition_point(|&r| (r as usize) < row);
                into.extend(rows[place(first)..place(end)].iter().map(|&row| (row as usize - first) as u16));
            }
        }
    }
}

/// Grows trees on one table.
pub(super) struct Grower<'a, const W: usize> {
    table: &'a Table,
    bounds: Bounds,
    rules: &'a Rules,
    scale: Scale,
    /// Limits in the units of the sums.
    limits: Limits,
    wanted: Vec<bool>,
    columns: Vec<usize>,
    parts: Vec<Part>,
    slots: Vec<Vec<Group<W>>>,
    free: Vec<usize>,
    scratch: Vec<Vec<Group<W>>>,
    leaves: Vec<Leaf<W>>,
    /// How much each feature was used by all trees so far.
    pub(super) uses: Vec<Use>,
}

impl<'a, const W: usize> Grower<'a, W> {
    /// A grower for trees on `table`.
    pub(super) fn new(table: &'a Table, bounds: Bounds, rules: &'a Rules) -> Self {
        Self {
            table,
            bounds,
            rules,
            scale: Scale::new::<W>(0, 0.0, 0.0),
            limits: bounds.limits,
            wanted: vec![false; table.features()],
            columns: Vec::new(),
            parts: (0..table.rows.div_ceil(PART)).map(|_| Part::default()).collect(),
            slots: Vec::new(),
            free: Vec::new(),
            scratch: Vec::new(),
            leaves: Vec::with_capacity(bounds.leaves),
            uses: vec![Use::default(); table.features()],
        }
    }

    /// Grows a tree on some rows and features; `sums` has the words of each row of the table in `scale`. A leaf's value is
    /// `-rate * G / (H + lambda)`.
    pub(super) fn grow(&mut self, sums: &[Words<W>], scale: Scale, rows: &Rows<'_>, features: &[usize], rate: f64) -> Tree {
        self.begin(scale, rows, features);
        let mut tree = Tree::stump();
        let stretches = self.parts.iter().map(|p| (0, p.order.len() as u32)).collect();
        let anything = (f64::NEG_INFINITY, f64::INFINITY);
        let total = self.total(sums);
        let mut root = Leaf { node: 0, depth: 0, rows: stretches, total, slot: None, split: None, range: anything, path: Vec::new() };
        if self.may_split(&root) && self.bounds.leaves > 1 {
            root.slot = Some(self.count(&root.rows, sums));
            self.seek(&mut root);
        }
        self.leaves.push(root);
        while self.leaves.len() < self.bounds.leaves {
            let Some(at) = self.next() else { break };
            self.part(at, &mut tree, sums);
        }
        self.fill(&mut tree, rate);
        tree
    }

    /// Gives the leaves their values.
    fn fill(&self, tree: &mut Tree, rate: f64) {
        let (scale, lambda) = (&self.scale, self.bounds.limits.lambda);
        let mut covers = Vec::with_capacity(self.leaves.len());
        for leaf in &self.leaves {
            let cell = scale.cell(&leaf.total);
            let real = [cell[0] / scale.gradient, cell[1] / scale.hessian, cell[2]];
            let values = Values { alpha: self.bounds.alpha, range: leaf.range, direction: 0 };
            tree.fill(leaf.node, &[rate * values.leaf(&real, lambda)]);
            covers.push((leaf.node, cell[2]));
        }
        tree.finish(covers);
    }

    /// Makes ready for a tree.
    fn begin(&mut self, scale: Scale, rows: &Rows<'_>, features: &[usize]) {
        let Limits { min_leaf, min_hessian, lambda, smoothing } = self.bounds.limits;
        let unit = scale.hessian;
        self.scale = scale;
        self.limits = Limits { min_leaf, min_hessian: min_hessian * unit, lambda: lambda * unit, smoothing: smoothing * unit };
        self.wanted.fill(false);
        features.iter().for_each(|&f| self.wanted[f] = true);
        self.columns.clear();
        let wanted = |holds: &Holds| match holds {
            Holds::Feature(f) => self.wanted[*f],
            Holds::Bundle(members) => members.iter().any(|m| self.wanted[m.feature]),
        };
        self.columns.extend((0..self.table.columns.len()).filter(|&c| wanted(&self.table.columns[c].holds)));
        self.free.clear();
        self.free.extend(0..self.slots.len());
        self.leaves.clear();
        self.parts.iter_mut().enumerate().for_each(|(i, part)| rows.of_part(i, &mut part.order));
    }

    /// The sums of all rows that the tree grows on.
    fn total(&self, sums: &[Words<W>]) -> Words<W> {
        let of = |(part, sums): (&Part, &[Words<W>])| part.order.iter().fold([0; W], |total, &row| plus(total, &sums[usize::from(row)]));
        let parts = self.parts.iter().zip(sums.chunks(PART));
        parts.fold([0; W], |total, part| plus(total, &of(part)))
    }

    /// Lowest and highest value that each leaf of the last tree may have.
    pub(super) fn ranges(&self) -> Vec<(f64, f64)> {
        self.leaves.iter().map(|l| l.range).collect()
    }

    /// The leaf to be split next: the one that gains most, the earlier of equals; by level, the shallowest first.
    fn next(&self) -> Option<usize> {
        let mut best: Option<(usize, usize, f64)> = None;
        for (i, leaf) in self.leaves.iter().enumerate() {
            let Some(split) = &leaf.split else { continue };
            let depth = if self.bounds.by_level { leaf.depth } else { 0 };
            if best.is_none_or(|(_, d, gain)| depth < d || depth == d && split.gain > gain * (1.0 + TIE)) {
                best = Some((i, depth, split.gain));
            }
        }
        best.map(|b| b.0)
    }

    /// Splits a leaf: the left child takes its place in the list, the right one goes to the end.
    fn part(&mut self, at: usize, tree: &mut Tree, sums: &[Words<W>]) {
        let Some(split) = self.leaves[at].split else { return };
        let middles = self.partition(at, &split);
        let parent = &self.leaves[at];
        let (l, r) = tree.split(parent.node, split.feature, &split.side);
        let used = &mut self.uses[split.feature];
        used.gain += split.gain * self.scale.hessian / (self.scale.gradient * self.scale.gradient);
        used.splits += 1;
        let path = if self.rules.interact() { [&parent.path[..], &[split.feature]].concat() } else { Vec::new() };
        let total = minus(parent.total, &split.left);
        let ranges = self.ranges_of(parent, &split, &total);
        let child = |node, left: bool, total, range, path| Leaf {
            node,
            depth: parent.depth + 1,
            rows: parent.rows.iter().zip(&middles).map(|(&(a, b), &m)| if left { (a, m) } else { (m, b) }).collect(),
            total,
            slot: None,
            split: None,
            range,
            path,
        };
        let mut left = child(l, true, split.left, ranges[0], path.clone());
        let mut right = child(r, false, total, ranges[1], path);
        let (slot, last) = (parent.slot, self.leaves.len() + 1 >= self.bounds.leaves);
        if let Some(parent) = slot {
            if !last && (self.may_split(&left) || self.may_split(&right)) {
                let left_is_small = self.scale.rows(&left.total) <= self.scale.rows(&right.total);
                let (small, large) = if left_is_small { (&mut left, &mut right) } else { (&mut right, &mut left) };
                self.descend(parent, small, large, sums);
            } else {
                self.free.push(parent);
            }
        }
        self.leaves[at] = left;
        self.leaves.push(right);
    }

    /// Histograms and best splits of two siblings, the parent's histograms becoming the larger one's.
    fn descend(&mut self, parent: usize, small: &mut Leaf<W>, large: &mut Leaf<W>, sums: &[Words<W>]) {
        let slot = self.count(&small.rows, sums);
        if self.may_split(large) {
            let less = std::mem::take(&mut self.slots[slot]);
            for ((a, b), columns) in self.slots[parent].iter_mut().zip(&less).zip(self.columns.chunks(LANES)) {
                subtract(a, b, last(self.table, columns));
            }
            self.slots[slot] = less;
            large.slot = Some(parent);
            self.seek(large);
        } else {
            self.free.push(parent);
        }
        if self.may_split(small) {
            small.slot = Some(slot);
            self.seek(small);
        } else {
            self.free.push(slot);
        }
    }

    /// The ranges of values of two children: those of a feature with a direction part at the middle of their values.
    fn ranges_of(&self, parent: &Leaf<W>, split: &Split<W>, right: &Words<W>) -> [(f64, f64); 2] {
        let (low, high) = parent.range;
        let direction = self.rules.direction(split.feature);
        if direction == 0 {
            return [parent.range; 2];
        }
        let values = self.values(parent, 0);
        let of = |words: &Words<W>| values.leaf(&self.scale.cell(words), self.limits.lambda) * self.scale.hessian / self.scale.gradient;
        let middle = 0.5 * (of(&split.left) + of(right));
        if direction > 0 { [(low, middle), (middle, high)] } else { [(middle, high), (low, middle)] }
    }

    /// What the children of a leaf must obey, in the units of the sums.
    fn values(&self, leaf: &Leaf<W>, direction: i8) -> Values {
        let unit = self.scale.gradient / self.scale.hessian;
        Values { alpha: self.bounds.alpha * self.scale.gradient, range: (leaf.range.0 * unit, leaf.range.1 * unit), direction }
    }

    fn may_split(&self, leaf: &Leaf<W>) -> bool {
        leaf.depth < self.bounds.depth && self.scale.rows(&leaf.total) >= (2.0 * self.bounds.limits.min_leaf).max(2.0)
    }

    /// Counts the histograms of the rows in a stretch of each part, and says where they are.
    fn count(&mut self, stretches: &[(u32, u32)], sums: &[Words<W>]) -> usize {
        let groups = self.columns.len().div_ceil(LANES);
        let fresh = || vec![[[[0; W]; LANES]; 256]; groups];
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Vec::new());
            self.slots.len() - 1
        });
        let mut hist = std::mem::take(&mut self.slots[slot]);
        hist.resize(groups.max(hist.len()), [[[0; W]; LANES]; 256]);
        let rows: usize = stretches.iter().map(|(a, b)| (b - a) as usize).sum();
        let threads = rayon::current_num_threads();
        let many = rows * self.columns.len() >= MANY_SUMS && threads > 1;
        if many && self.parts.len() >= threads {
            // Threads take runs of parts, each with histograms of its own.
            let tasks = (2 * threads).min(self.parts.len());
            let mut scratch = std::mem::take(&mut self.scratch);
            scratch.resize_with(tasks - 1, fresh);
            let run = self.parts.len().div_ceil(tasks);
            scratch.par_iter_mut().chain([&mut hist]).enumerate().for_each(|(task, hist)| {
                hist.resize(groups.max(hist.len()), [[[0; W]; LANES]; 256]);
                self.count_parts((task * run, (task + 1) * run), stretches, sums, (0, &mut hist[..groups]));
            });
            for more in &scratch {
                for ((into, more), columns) in hist.iter_mut().zip(more).zip(self.columns.chunks(LANES)) {
                    merge(into, more, last(self.table, columns));
                }
            }
            self.scratch = scratch;
        } else if many && groups > 1 {
            let run = groups.div_ceil(2 * threads);
            hist[..groups].par_chunks_mut(run).enumerate().for_each(|(task, some)| {
                self.count_parts((0, self.parts.len()), stretches, sums, (task * run, some));
            });
        } else {
            self.count_parts((0, self.parts.len()), stretches, sums, (0, &mut hist[..groups]));
        }
        self.slots[slot] = hist;
        slot
    }

    /// Counts some groups of histograms over some parts.
    fn count_parts(
        &self,
        (from, to): (usize, usize),
        stretches: &[(u32, u32)],
        sums: &[Words<W>],
        (first, groups): (usize, &mut [Group<W>]),
    ) {
        let columns = &self.columns[first * LANES..((first + groups.len()) * LANES).min(self.columns.len())];
        for (group, columns) in groups.iter_mut().zip(columns.chunks(LANES)) {
            group[..=usize::from(last(self.table, columns))].fill([[0; W]; LANES]);
        }
        let mut gathered = [[0; W]; CHUNK];
        for (i, part) in self.parts.iter().enumerate().take(to).skip(from) {
            let (a, b) = (stretches[i].0 as usize, stretches[i].1 as usize);
            let rows = i * PART..(i * PART + PART).min(self.table.rows);
            let sums = &sums[rows.clone()];
            let of = |columns: &[usize]| -> [&[u8; PART]; LANES] {
                std::array::from_fn(|l| self.table.part(columns[l.min(columns.len() - 1)], i))
            };
            // Rows keep their order among themselves: a full stretch is the part as it stands.
            if b - a == rows.len() {
                for (group, columns) in groups.iter_mut().zip(columns.chunks(LANES)) {
                    add_all(group, &of(columns)[..columns.len()], sums);
                }
                continue;
            }
            for order in part.order[a..b].chunks(CHUNK) {
                gathered.iter_mut().zip(order).for_each(|(to, &row)| *to = sums[usize::from(row)]);
                for (group, columns) in groups.iter_mut().zip(columns.chunks(LANES)) {
                    add_some(group, &of(columns)[..columns.len()], order, &gathered[..order.len()]);
                }
            }
        }
    }

    /// Brings the rows of a leaf that go left to the front of its stretches; the first right row of each part.
    fn partition(&mut self, at: usize, split: &Split<W>) -> Vec<u32> {
        let (table, leaf) = (self.table, &self.leaves[at]);
        let column = table.place[split.feature];
        let left = table.side(split.feature, &split.side).table();
        let cut = |(i, (part, &(a, b))): (usize, (&mut Part, &(u32, u32)))| {
            a + partition(&mut part.order[a as usize..b as usize], &mut part.aside, table.part(column, i), &left) as u32
        };
        if self.scale.rows(&leaf.total) >= MANY_ROWS as f64 {
            self.parts.par_iter_mut().zip(&leaf.rows).enumerate().map(cut).collect()
        } else {
            self.parts.iter_mut().zip(&leaf.rows).enumerate().map(cut).collect()
        }
    }

    /// Finds the best split of a leaf; of equal ones, the first column's.
    fn seek(&self, leaf: &mut Leaf<W>) {
        let Some(slot) = leaf.slot else { return };
        let groups = self.columns.len().div_ceil(LANES);
        let allowed = self.rules.allowed(&leaf.path, &self.wanted);
        let search = Search { grower: self, leaf, total: self.scale.cell(&leaf.total), allowed: &allowed };
        let parts = || self.slots[slot][..groups].par_chunks(SEARCHED).zip(self.columns.par_chunks(SEARCHED * LANES));
        let found = if groups > 2 * SEARCHED && rayon::current_num_threads() > 1 {
            let each: Vec<Option<Found<W>>> = parts().map(|(hist, columns)| search.best(hist, columns)).collect();
            each.into_iter().flatten().reduce(|best, one| if one.score > best.score * (1.0 + TIE) { one } else { best })
        } else {
            search.best(&self.slots[slot][..groups], &self.columns)
        };
        let before = score(&search.total, self.limits.lambda, &self.values(leaf, 0));
        leaf.split = found.map(|f| Split { gain: f.score - before, feature: f.feature, side: f.side, left: f.left });
    }
}

/// The best split found so far.
struct Found<const W: usize> {
    score: f64,
    feature: usize,
    side: Side,
    left: Words<W>,
}

/// The search for a leaf's best split.
struct Search<'s, 'a, const W: usize> {
    grower: &'s Grower<'a, W>,
    leaf: &'s Leaf<W>,
    total: Cell,
    /// Features that may be used.
    allowed: &'s [bool],
}

impl<const W: usize> Search<'_, '_, W> {
    /// The best split of some columns' histograms.
    fn best(&self, hist: &[Group<W>], columns: &[usize]) -> Option<Found<W>> {
        let (grower, mut best) = (self.grower, None::<Found<W>>);
        let (table, scale) = (grower.table, &grower.scale);
        let free = grower.values(self.leaf, 0).free() && !grower.rules.any_direction();
        for (group, columns) in hist.iter().zip(columns.chunks(LANES)) {
            // Numbers without further conditions are searched four columns at a time.
            let mut bins = [None; LANES];
            for (lane, &column) in columns.iter().enumerate() {
                if let Holds::Feature(f) = table.columns[column].holds
                    && free
                    && !table.class[f]
                    && self.allowed[f]
                {
                    bins[lane] = Some(table.bins[f]);
                }
            }
            let mut race = self.race(self.grower.limits, 0, best.as_ref());
            let cut = wide(
                #[inline(always)]
                || best_cut(group, bins, scale, &mut race),
            );
            if let Some(cut) = cut
                && let Holds::Feature(feature) = table.columns[columns[cut.lane]].holds
            {
                best = Some(self.cut(group, cut, feature, race.best()));
            }
            for (lane, &column) in columns.iter().enumerate().filter(|(lane, _)| bins[*lane].is_none()) {
                self.one_by_one(group, lane, column, &mut best);
            }
        }
        best
    }

    fn race(&self, limits: Limits, direction: i8, best: Option<&Found<W>>) -> Race {
        let values = self.grower.values(self.leaf, direction);
        let floor = best.map_or_else(|| score(&self.total, self.grower.limits.lambda, &values), |b| b.score);
        Race::new(&self.total, limits, values, Some(floor.max(f64::MIN_POSITIVE)))
    }

    /// A cut as a split.
    fn cut(&self, group: &Group<W>, cut: Cut, feature: usize, score: f64) -> Found<W> {
        let (scale, bins) = (&self.grower.scale, self.grower.table.bins[feature]);
        let gone = group[usize::from(bins)][cut.lane];
        let left = total(group, cut.lane, cut.code);
        let any = scale.rows(&gone) > 0.0;
        // Without a missing value to learn from, the side with more weight takes those to come.
        let missing = if any { cut.missing } else { 2.0 * scale.curvature(&left) >= self.total[1] };
        let code = halfway(group, cut, bins, scale);
        let left = if any && missing { plus(left, &gone) } else { left };
        Found { score, feature, side: Side::UpTo { code, also: if missing { bins } else { code } }, left }
    }

    /// Searches the features of a column one after the other.
    fn one_by_one(&self, group: &Group<W>, lane: usize, column: usize, best: &mut Option<Found<W>>) {
        let (table, scale) = (self.grower.table, &self.grower.scale);
        match &table.columns[column].holds {
            Holds::Feature(feature) if self.allowed[*feature] => {
                let cells = cells(group, lane, table.columns[column].last, scale);
                let of = |code: u8| group[usize::from(code)][lane];
                self.feature(*feature, &cells, best, |side| {
                    (0..=table.bins[*feature]).filter(|&c| side.left(c)).fold([0; W], |t, c| plus(t, &of(c)))
                });
            }
            Holds::Feature(_) => {}
            Holds::Bundle(members) => {
                for member in members.iter().filter(|m| self.allowed[m.feature]) {
                    let words: Vec<Words<W>> = (0..member.codes.len()).map(|i| group[usize::from(member.first) + i][lane]).collect();
                    let usual = words.iter().fold(self.leaf.total, minus);
                    let mut cells = [[0.0; 3]; 256];
                    cells[usize::from(member.usual)] = scale.cell(&usual);
                    member.codes.iter().zip(&words).for_each(|(&code, words)| cells[usize::from(code)] = scale.cell(words));
                    self.feature(member.feature, &cells, best, |side| {
                        let left = member.codes.iter().zip(&words).filter(|(c, _)| side.left(**c)).fold([0; W], |t, (_, w)| plus(t, w));
                        if side.left(member.usual) { plus(left, &usual) } else { left }
                    });
                }
            }
        }
    }

    /// Searches one feature's sums by code.
    fn feature(&self, feature: usize, cells: &[Cell; 256], best: &mut Option<Found<W>>, left: impl Fn(&Side) -> Words<W>) {
        let table = self.grower.table;
        let (class, mut limits) = (table.class[feature], self.grower.limits);
        // Many levels can be put in an order that suits chance: their splits pay for it (the `cat_l2` of Ke et al. 2017).
        if class && table.bins[feature] > FEW_LEVELS {
            limits.lambda += limits.smoothing;
        }
        let mut race = self.race(limits, self.grower.rules.direction(feature), best.as_ref());
        let search = if class { best_of_classes } else { best_of_numbers };
        if let Some(side) = search(cells, table.bins[feature], &mut race) {
            *best = Some(Found { score: race.best(), feature, side, left: left(&side) });
        }
    }
}

/// The highest code of some columns.
fn last(table: &Table, columns: &[usize]) -> u8 {
    columns.iter().map(|&c| table.columns[c].last).max().unwrap_or(0)
}

/// Brings the rows that go left to the front of a stretch, each side in its former order; how many go left.
fn partition(stretch: &mut [u16], aside: &mut Vec<u16>, column: &[u8; PART], left: &[bool; 256]) -> usize {
    if aside.len() < stretch.len() {
        aside.resize(PART, 0);
    }
    let (mut to_left, mut to_right) = (0, 0);
    for i in 0..stretch.len() {
        let row = stretch[i];
        let goes_left = left[usize::from(column[usize::from(row) & (PART - 1)])];
        // Both are written and one is kept: no branch to mispredict.
        stretch[to_left] = row;
        aside[to_right] = row;
        to_left += usize::from(goes_left);
        to_right += usize::from(!goes_left);
    }
    stretch[to_left..].copy_from_slice(&aside[..to_right]);
    to_left
}
