//! One decision tree: grown on the bins that forests use, cut back to what pays for its leaves, and readable.

use std::collections::BinaryHeap;

use esker_core::{
    Context, Contributions, DecisionNode, DecisionRule, DecisionSplit, DecisionTree, Estimator, Inside, Interactions, Model, Needs, Note,
    Parameter, Prediction, Result, Samples, Search, Settings, Targets, Told, Unit,
};
use serde::{Deserialize, Serialize};

use super::bag::{Bag, Growth};
use super::bins::{self, Binned, Bins, MOST_SORTED};
use super::ensemble::{Ensemble, damaged};
use super::explain::Explain;
use super::grow::Use;
use super::measure::{Classes, Item, Numbers};
use super::node::{Side, Tree};
use super::target::{Answer, Known, Target, mean};
use crate::store;

/// What it is, for the reference page and the methods paragraph.
pub const DOC: &str = "One decision tree (CART; Breiman, Friedman, Olshen and Stone 1984, doi 10.1201/9781315139470): squares or Gini impurity, cut \
     back by cost-complexity pruning, drawn in the report. Easy to read; forests and boosting predict better. Missing values go to the side that \
     fits better, classes need no encoding.";

/// Parameters, defaults and search spaces.
pub fn parameters() -> Vec<Parameter> {
    vec![
        Parameter::integer("depth", 5, 0, 64, "Deepest leaf; 0 is as deep as the rows allow. Up to 4 or 5 splits deep a tree can be read."),
        Parameter::integer("leaves", 0, 0, 1_000_000, "Most leaves, those with the largest gain first; 0 is no limit."),
        Parameter::integer("min_leaf", 5, 1, 1_000_000, "Fewest training rows in a leaf.").tuned(Search::LogInteger(1, 50)),
        Parameter::real(
            "alpha",
            0.01,
            0.0,
            1.0,
            "Cost-complexity pruning: each leaf must take away at least this share of the root's squared deviation or Gini impurity \
             (rpart's cp; times the root's impurity it is scikit-learn's ccp_alpha). 0 prunes nothing.",
        )
        .tuned(Search::LogUniform(1e-4, 0.1)),
        bins::parameter(),
    ]
}

/// A decision tree, unfitted.
#[derive(Debug, Clone)]
pub struct Single {
    depth: usize,
    leaves: usize,
    min_leaf: usize,
    alpha: f64,
    bins: usize,
}

impl Single {
    /// A tree with these settings, which follow [`parameters`].
    pub fn new(settings: &Settings) -> Self {
        Self {
            depth: settings.integer("depth") as usize,
            leaves: settings.integer("leaves") as usize,
            min_leaf: settings.integer("min_leaf") as usize,
            alpha: settings.real("alpha"),
            bins: settings.integer("bins") as usize,
        }
    }

    fn growth(&self, features: usize) -> Growth {
        let depth = if self.depth == 0 { usize::MAX } else { self.depth };
        Growth { depth, min_leaf: self.min_leaf as f64, tried: features.max(1), random: false }
    }

    /// The tree before it is cut back.
    fn grow(&self, binned: &Binned, known: &Target, cx: &Context) -> Tree {
        let growth = self.growth(binned.features());
        let mut rng = cx.rng.fork("tree", 0);
        let mut uses = vec![Use::default(); binned.features()];
        let rows = 0..binned.rows as u32;
        let weight = |row: u32| known.weight_of(row as usize);
        match &known.values {
            Known::Real(y) => {
                let centre = mean(y, |i| known.weight_of(i));
                let items = rows.map(|row| Item { row, weight: weight(row), target: y[row as usize] - centre });
                Bag::new(binned, &Numbers, growth).grow(items, &mut rng, &mut uses)
            }
            Known::Class(class) => {
                let measure = Classes(known.classes());
                let items = rows.map(|row| Item { row, weight: weight(row), target: class[row as usize] });
                Bag::new(binned, &measure, growth).grow(items, &mut rng, &mut uses)
            }
        }
    }
}

impl Estimator for Single {
    fn needs(&self) -> Needs {
        Needs { target: Targets::Either, complete: false, numeric: false, scaled: false, group: false }
    }

    fn fit(&self, train: &Samples, target: &str, cx: &Context) -> Result<Box<dyn Model>> {
        cx.check()?;
        let mut known = Target::new(train, target)?;
        if known.rows.len() > MOST_SORTED {
            // The first rows tell of all where bins are made.
            known.shuffle(&mut cx.rng.fork("order", 0));
        }
        let bins = Bins::fit(train, target, &known.rows, self.bins)?;
        let binned = bins.encode(train, &known.rows)?;
        cx.check()?;
        let mut plan = Plan::new(&self.grow(&binned, &known, cx), &binned, &known);
        plan.keep_best(self.leaves);
        plan.prune(self.alpha);
        let (tree, nodes, uses) = plan.build(binned.features());
        let units = (0..bins.len()).map(|f| train.column(bins.name(f)).map(|c| c.unit.clone())).collect::<Result<_>>()?;
        let width = nodes[0].value.len();
        let ensemble = Ensemble::new(bins, vec![tree], 1, width, &uses);
        let mut notes = Vec::new();
        if ensemble.is_flat() {
            let rows = known.rows.len();
            let text = format!("no split of the tree on {rows} training rows pays for its leaves: it predicts a constant");
            notes.push(Note::warning("no-splits", text));
        }
        Ok(Box::new(Grown { ensemble, answer: known.answer, nodes, units, notes }))
    }
}

/// What the training rows of a node are like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Stats {
    rows: u64,
    weight: f64,
    /// Mean of the target, or shares of the classes present.
    value: Vec<f64>,
    /// Weight times variance, or weight times Gini impurity.
    error: f64,
}

/// A grown tree with what each node would say, while it is cut back.
struct Plan {
    /// Left child (the right one follows it), feature and side; `None` for leaves.
    splits: Vec<Option<(usize, usize, Side)>>,
    stats: Vec<Stats>,
}

impl Plan {
    fn new(tree: &Tree, binned: &Binned, known: &Target) -> Self {
        let mut splits = vec![None; tree.len()];
        for (node, left, feature, side) in tree.splits() {
            splits[node] = Some((left, feature, side));
        }
        let mut plan = Self { stats: vec![Stats::default(); splits.len()], splits };
        match &known.values {
            Known::Real(y) => plan.sum_numbers(binned, known, y),
            Known::Class(class) => plan.sum_classes(binned, known, class),
        }
        plan
    }

    /// Calls `visit` with the node and the row for every node on the path of every row.
    fn paths(splits: &[Option<(usize, usize, Side)>], binned: &Binned, mut visit: impl FnMut(usize, usize)) {
        for row in 0..binned.rows {
            let mut node = 0;
            visit(node, row);
            while let Some((left, feature, side)) = &splits[node] {
                node = left + usize::from(!side.left(binned.column(*feature)[row]));
                visit(node, row);
            }
        }
    }

    fn sum_numbers(&mut self, binned: &Binned, known: &Target, y: &[f64]) {
        // Differences from the mean of all rows keep the digits of small differences between nodes.
        let centre = mean(y, |i| known.weight_of(i));
        let stats = &mut self.stats;
        stats.iter_mut().for_each(|s| s.value = vec![0.0]);
        Self::paths(&self.splits, binned, |node, row| {
            let (s, w) = (&mut stats[node], known.weight_of(row));
            s.rows += 1;
            s.weight += w;
            s.value[0] += w * (y[row] - centre);
        });
        stats.iter_mut().for_each(|s| s.value[0] = centre + s.value[0] / s.weight);
        Self::paths(&self.splits, binned, |node, row| {
            let s = &mut stats[node];
            s.error += known.weight_of(row) * (y[row] - s.value[0]).powi(2);
        });
    }

    fn sum_classes(&mut self, binned: &Binned, known: &Target, class: &[u32]) {
        let stats = &mut self.stats;
        stats.iter_mut().for_each(|s| s.value = vec![0.0; known.classes()]);
        Self::paths(&self.splits, binned, |node, row| {
            let (s, w) = (&mut stats[node], known.weight_of(row));
            s.rows += 1;
            s.weight += w;
            s.value[class[row] as usize] += w;
        });
        for s in stats {
            s.value.iter_mut().for_each(|v| *v /= s.weight);
            s.error = s.weight * s.value.iter().map(|p| p * (1.0 - p)).sum::<f64>();
        }
    }

    /// What a split takes away from the error.
    fn gain(&self, node: usize) -> f64 {
        self.splits[node].map_or(0.0, |(left, ..)| self.stats[node].error - self.stats[left].error - self.stats[left + 1].error)
    }

    /// Keeps the splits that a tree of so many leaves makes if the largest gain comes first. A split's gain does not depend on those beside it,
    /// so the order can be found after growing.
    fn keep_best(&mut self, leaves: usize) {
        if leaves == 0 {
            return;
        }
        let mut kept = vec![false; self.splits.len()];
        let mut open = BinaryHeap::from([Open { gain: self.gain(0), node: 0 }]);
        for _ in 1..leaves {
            // Leaves have no gain, but neither have splits by rounding: the former are told by having none.
            let Some(Open { node, .. }) = std::iter::from_fn(|| open.pop()).find(|o| self.splits[o.node].is_some()) else { break };
            kept[node] = true;
            if let Some((left, ..)) = self.splits[node] {
                open.extend([left, left + 1].map(|node| Open { gain: self.gain(node), node }));
            }
        }
        self.splits.iter_mut().zip(kept).filter(|(_, kept)| !kept).for_each(|(split, _)| *split = None);
    }

    /// The smallest subtree with the least error + `alpha` × error of the root × leaves: that of the weakest links up to `alpha`.
    fn prune(&mut self, alpha: f64) {
        if alpha == 0.0 {
            return;
        }
        let price = alpha * self.stats[0].error;
        let mut cost = vec![0.0; self.splits.len()];
        for node in (0..self.splits.len()).rev() {
            let own = self.stats[node].error + price;
            let below = self.splits[node].map_or(f64::INFINITY, |(left, ..)| cost[left] + cost[left + 1]);
            if own <= below * (1.0 + 1e-12) {
                self.splits[node] = None;
            }
            cost[node] = own.min(below);
        }
    }

    /// What is left as a tree, what its nodes are like (in the order of its nodes), and how much each feature was used.
    fn build(self, features: usize) -> (Tree, Vec<Stats>, Vec<Use>) {
        let (mut tree, mut from, mut uses) = (Tree::stump(), vec![0], vec![Use::default(); features]);
        let (mut covers, mut node) = (Vec::new(), 0);
        // Regression trees hold means themselves: one tree has no sum to keep small.
        while node < from.len() {
            let old: usize = from[node];
            if let Some((left, feature, side)) = &self.splits[old] {
                tree.split(node, *feature, side);
                from.extend([*left, left + 1]);
                uses[*feature].gain += self.gain(old).max(0.0);
                uses[*feature].splits += 1;
            } else {
                tree.fill(node, &self.stats[old].value);
                covers.push((node, self.stats[old].weight));
            }
            node += 1;
        }
        tree.finish(covers);
        tree.shrink();
        (tree, from.into_iter().map(|old| self.stats[old].clone()).collect(), uses)
    }
}

/// A node waiting for its turn: the largest gain first, the earlier node among equals.
struct Open {
    gain: f64,
    node: usize,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.gain.total_cmp(&other.gain).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Open {}

/// A fitted tree.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Grown {
    ensemble: Ensemble,
    answer: Answer,
    /// One entry a node of the tree.
    nodes: Vec<Stats>,
    /// One unit a feature.
    units: Vec<Unit>,
    notes: Vec<Note>,
}

impl Grown {
    /// What is said before the tree is asked.
    fn start(&self) -> Vec<f64> {
        vec![0.0; self.ensemble.outputs()]
    }

    fn explain<'a>(&'a self, start: &'a [f64]) -> Explain<'a> {
        let told = if matches!(self.answer, Answer::Real { .. }) { Told::Answer } else { Told::Probability };
        Explain::new(&self.ensemble, start, 1.0, (told, &self.answer))
    }

    fn said(&self, sums: Vec<f64>) -> Prediction {
        match &self.answer {
            Answer::Real { unit } => Prediction::real(unit, sums),
            Answer::Class { levels, .. } => {
                let rows = sums.chunks_exact(self.ensemble.outputs());
                Prediction::class(levels.clone(), rows.flat_map(|row| self.wide(row)).collect())
            }
        }
    }

    /// Shares of the classes present as shares of all levels; numbers as they are.
    fn wide(&self, value: &[f64]) -> Vec<f64> {
        let Answer::Class { levels, present } = &self.answer else { return value.to_vec() };
        let mut wide = vec![0.0; levels.len()];
        present.iter().zip(value).for_each(|(&k, &v)| wide[k as usize] = v);
        wide
    }

    /// What the splits ask, in words and units.
    fn drawn(&self) -> DecisionTree {
        let (bins, trees) = (self.ensemble.bins(), self.ensemble.list());
        let Some(tree) = trees.first() else { return DecisionTree::default() };
        let mut splits = vec![None; tree.len()];
        tree.splits().into_iter().for_each(|(node, left, feature, side)| splits[node] = Some((left, feature, side)));
        let whole = self.nodes[0].weight;
        let mut nodes: Vec<DecisionNode> = Vec::with_capacity(tree.len());
        // Nodes to write, the next one last, each with the split it is the right child of.
        let mut open = vec![(0, None)];
        while let Some((old, right_of)) = open.pop() {
            let place = nodes.len();
            if let Some(split) = right_of.and_then(|parent: usize| nodes[parent].split.as_mut()) {
                split.right = place;
            }
            let stats = &self.nodes[old];
            let split = splits[old].map(|(left, feature, side)| {
                open.extend([(left + 1, Some(place)), (left, None)]);
                DecisionSplit {
                    feature: bins.name(feature).to_owned(),
                    unit: self.units[feature].clone(),
                    rule: rule(bins, feature, &side),
                    missing_left: side.left(bins.bins(feature)),
                    left: place + 1,
                    right: 0,
                }
            });
            let share = stats.error / stats.weight;
            let spread = if matches!(self.answer, Answer::Real { .. }) { share.sqrt() } else { share };
            let value = self.wide(&stats.value);
            nodes.push(DecisionNode { rows: stats.rows as usize, share: stats.weight / whole, value, spread, split, hidden: 0 });
        }
        DecisionTree { nodes }
    }

    fn sound(&self) -> bool {
        let outputs = match &self.answer {
            Answer::Real { .. } => 1,
            Answer::Class { present, .. } => present.len(),
        };
        let (bins, trees) = (self.ensemble.bins(), self.ensemble.list());
        let stats = |s: &Stats| {
            s.weight > 0.0
                && s.weight.is_finite()
                && s.error.is_finite()
                && s.error >= 0.0
                && s.value.len() == outputs
                && s.value.iter().all(|v| v.is_finite())
        };
        self.answer.sound()
            && trees.len() == 1
            && self.ensemble.sound(outputs)
            && self.units.len() == bins.len()
            && self.nodes.len() == trees[0].len()
            && self.nodes.iter().all(stats)
    }
}

fn rule(bins: &Bins, feature: usize, side: &Side) -> DecisionRule {
    match side {
        Side::UpTo { code, .. } => bins.threshold(feature, *code).map_or(DecisionRule::Known, DecisionRule::UpTo),
        Side::Among(_) => {
            let levels = bins.levels(feature).into_iter();
            DecisionRule::Among(levels.filter(|(_, code)| side.left(*code)).map(|(level, _)| level.to_owned()).collect())
        }
    }
}

impl Model for Grown {
    fn predict(&self, at: &Samples) -> Result<Prediction> {
        Ok(self.said(self.ensemble.sums(at, &self.start())?))
    }

    fn predict_shuffled(&self, at: &Samples, order: &[usize], sets: &[&[String]]) -> Result<Vec<Prediction>> {
        let sums = self.ensemble.sums_shuffled(at, &self.start(), order, sets)?;
        Ok(sums.into_iter().map(|s| self.said(s)).collect())
    }

    fn contributions(&self, at: &Samples) -> Result<Option<Contributions>> {
        self.explain(&self.start()).contributions(at).map(Some)
    }

    fn contributions_against(&self, at: &Samples, background: &Samples) -> Result<Option<Contributions>> {
        self.explain(&self.start()).against(at, background).map(Some)
    }

    fn interactions(&self, at: &Samples) -> Result<Option<Interactions>> {
        self.explain(&self.start()).interactions(at).map(Some)
    }

    fn inside(&self) -> Inside {
        let gain = match self.ensemble.inside() {
            Inside::Trees { gain, .. } => gain,
            _ => Vec::new(),
        };
        Inside::Decision { gain, tree: self.drawn() }
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn save(&self) -> Vec<u8> {
        store::save(self)
    }
}

/// A fitted tree from the bytes of [`Model::save`].
///
/// # Errors
/// Bytes that are not such a model.
pub fn load(bytes: &[u8]) -> Result<Box<dyn Model>> {
    let model: Grown = store::load("decision tree", bytes)?;
    if model.sound() { Ok(Box::new(model)) } else { Err(damaged("decision tree")) }
}
