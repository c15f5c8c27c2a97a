//! Trees as ONNX operators, in double precision.
//!
//! Leaves of one number become `TreeEnsemble` (`ai.onnx.ml` 5). Leaves of several, which that operator cannot hold, become
//! `TreeEnsembleRegressor` (`ai.onnx.ml` 4), whose sums come out in single precision.

use esker_core::trees::{Node, Test, Trees};

use super::proto::{Attribute, Message, doubles, node, octets};

/// The domain of operators of machine learning.
pub(super) const ML: &str = "ai.onnx.ml";

/// What one tree says of every row, if it has no split.
fn constant(trees: &Trees, root: u32) -> Option<&[f64]> {
    match trees.nodes[root as usize] {
        Node::Leaf(leaf) => Some(trees.values_of(leaf as usize)),
        Node::Split { .. } => None,
    }
}

/// The constants with those of trees that have no split.
pub(super) fn constants(trees: &Trees, constants: &[f64]) -> Vec<f64> {
    let mut sums = constants.to_vec();
    for &(root, output) in &trees.roots {
        if let Some(values) = constant(trees, root) {
            sums[output as usize..].iter_mut().zip(values).for_each(|(s, v)| *s += v);
        }
    }
    sums
}

/// The trees that have splits.
pub(super) fn grown(trees: &Trees) -> Vec<(u32, u32)> {
    trees.roots.iter().copied().filter(|r| constant(trees, r.0).is_none()).collect()
}

/// Splits and leaves of `TreeEnsemble`.
#[derive(Default)]
struct Modern {
    modes: Vec<u8>,
    features: Vec<i64>,
    cuts: Vec<f64>,
    missing: Vec<i64>,
    /// Node or leaf of each side, and whether it is a leaf.
    yes: Vec<(i64, i64)>,
    no: Vec<(i64, i64)>,
    members: Vec<f64>,
    targets: Vec<i64>,
    weights: Vec<f64>,
    roots: Vec<i64>,
}

impl Modern {
    fn tree(&mut self, trees: &Trees, root: u32, output: u32) {
        self.roots.push(self.modes.len() as i64);
        // (node, the split above it, whether it is that one's yes side)
        let mut open = vec![(root, None)];
        while let Some((at, above)) = open.pop() {
            let place = match trees.nodes[at as usize] {
                Node::Leaf(leaf) => {
                    self.targets.push(i64::from(output));
                    self.weights.push(trees.values_of(leaf as usize)[0]);
                    (self.weights.len() as i64 - 1, 1)
                }
                Node::Split { input, test, missing, yes, no } => {
                    let here = self.split(trees, input, test, missing);
                    open.push((no, Some((here, false))));
                    open.push((yes, Some((here, true))));
                    (here as i64, 0)
                }
            };
            match above {
                Some((split, true)) => self.yes[split] = place,
                Some((split, false)) => self.no[split] = place,
                None => {}
            }
        }
    }

    fn split(&mut self, trees: &Trees, input: u32, test: Test, missing: bool) -> usize {
        let (mode, cut) = match test {
            Test::AtMost(cut) => (0, cut),
            Test::Below(cut) => (1, cut),
            // Nothing is in an empty set, as nothing lies below all numbers.
            Test::Among(set) if trees.sets[set as usize].is_empty() => (1, f64::MIN),
            Test::Among(set) => {
                self.members.extend(trees.sets[set as usize].iter().map(|m| f64::from(*m)));
                self.members.push(f64::NAN);
                (6, 0.0)
            }
        };
        self.modes.push(mode);
        self.features.push(i64::from(input));
        self.cuts.push(cut);
        self.missing.push(i64::from(missing));
        self.yes.push((0, 0));
        self.no.push((0, 0));
        self.modes.len() - 1
    }
}

/// Trees of one number a leaf.
pub(super) fn modern(trees: &Trees, roots: &[(u32, u32)], input: &str, output: &str) -> Message {
    let mut m = Modern::default();
    // Members are listed in the order of the nodes, and a tree's nodes are numbered as they are met: yes side first.
    roots.iter().for_each(|&(root, out)| m.tree(trees, root, out));
    let ids = |v: &[(i64, i64)]| Attribute::Ints(v.iter().map(|s| s.0).collect());
    let leaves = |v: &[(i64, i64)]| Attribute::Ints(v.iter().map(|s| s.1).collect());
    let numbers = |v: &[f64]| Attribute::Tensor(doubles("", &[v.len()], v));
    let mut attributes = vec![
        ("aggregate_function", Attribute::Int(1)),
        ("post_transform", Attribute::Int(0)),
        ("n_targets", Attribute::Int(i64::from(trees.outputs))),
        ("nodes_truenodeids", ids(&m.yes)),
        ("nodes_trueleafs", leaves(&m.yes)),
        ("nodes_falsenodeids", ids(&m.no)),
        ("nodes_falseleafs", leaves(&m.no)),
        ("nodes_splits", numbers(&m.cuts)),
        ("nodes_modes", Attribute::Tensor(octets("", &m.modes))),
        ("leaf_weights", numbers(&m.weights)),
        ("tree_roots", Attribute::Ints(m.roots)),
        ("nodes_featureids", Attribute::Ints(m.features)),
        ("nodes_missing_value_tracks_true", Attribute::Ints(m.missing)),
        ("leaf_targetids", Attribute::Ints(m.targets)),
    ];
    if !m.members.is_empty() {
        attributes.push(("membership_values", numbers(&m.members)));
    }
    node(ML, "TreeEnsemble", &[input], output, &attributes)
}

/// Nodes of `TreeEnsembleRegressor`, leaves among them.
#[derive(Default)]
struct Old {
    trees: Vec<i64>,
    ids: Vec<i64>,
    features: Vec<i64>,
    cuts: Vec<f64>,
    modes: Vec<&'static str>,
    yes: Vec<i64>,
    no: Vec<i64>,
    missing: Vec<i64>,
    /// Tree, node and output of each number of a leaf.
    targets: [Vec<i64>; 3],
    weights: Vec<f64>,
}

impl Old {
    fn node(&mut self, tree: usize, id: u32, (mode, feature, cut): (&'static str, u32, f64), missing: bool, sides: (u32, u32)) {
        self.trees.push(tree as i64);
        self.ids.push(i64::from(id));
        self.features.push(i64::from(feature));
        self.cuts.push(cut);
        self.modes.push(mode);
        self.yes.push(i64::from(sides.0));
        self.no.push(i64::from(sides.1));
        self.missing.push(i64::from(missing));
    }

    /// A tree whose nodes are numbered from its root. Sets become chains of nodes that ask for one member each.
    fn tree(&mut self, trees: &Trees, tree: usize, (root, output): (u32, u32)) {
        let mut nodes = vec![];
        let mut open = vec![root];
        while let Some(at) = open.pop() {
            nodes.push(at);
            if let Node::Split { yes, no, .. } = trees.nodes[at as usize] {
                open.extend([no, yes]);
            }
        }
        let mut further = nodes.iter().max().map_or(0, |last| last - root + 1);
        for at in nodes {
            let id = at - root;
            match trees.nodes[at as usize] {
                Node::Leaf(leaf) => {
                    self.node(tree, id, ("LEAF", 0, 0.0), false, (0, 0));
                    for (k, v) in trees.values_of(leaf as usize).iter().enumerate().filter(|v| *v.1 != 0.0) {
                        [tree as i64, i64::from(id), i64::from(output) + k as i64]
                            .into_iter()
                            .zip(&mut self.targets)
                            .for_each(|(v, list)| list.push(v));
                        self.weights.push(*v);
                    }
                }
                Node::Split { input, test, missing, yes, no } => {
                    let sides = (yes - root, no - root);
                    match test {
                        Test::AtMost(cut) => self.node(tree, id, ("BRANCH_LEQ", input, cut), missing, sides),
                        Test::Below(cut) => self.node(tree, id, ("BRANCH_LT", input, cut), missing, sides),
                        Test::Among(set) => {
                            let set = &trees.sets[set as usize];
                            if set.is_empty() {
                                self.node(tree, id, ("BRANCH_LT", input, f64::MIN), missing, sides);
                            }
                            let mut here = id;
                            for (i, member) in set.iter().enumerate() {
                                let next = if i + 1 == set.len() { sides.1 } else { further };
                                self.node(tree, here, ("BRANCH_EQ", input, f64::from(*member)), missing, (sides.0, next));
                                (here, further) = (next, further + u32::from(next == further));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Trees of several numbers a leaf, `constants` added.
pub(super) fn old(trees: &Trees, roots: &[(u32, u32)], constants: &[f64], input: &str, output: &str) -> Message {
    let mut m = Old::default();
    roots.iter().enumerate().for_each(|(i, root)| m.tree(trees, i, *root));
    let numbers = |v: &[f64]| Attribute::Tensor(doubles("", &[v.len()], v));
    let [of_tree, of_node, of_output] = m.targets;
    let attributes = [
        ("aggregate_function", Attribute::Text("SUM")),
        ("post_transform", Attribute::Text("NONE")),
        ("n_targets", Attribute::Int(i64::from(trees.outputs))),
        ("base_values_as_tensor", numbers(constants)),
        ("nodes_treeids", Attribute::Ints(m.trees)),
        ("nodes_nodeids", Attribute::Ints(m.ids)),
        ("nodes_featureids", Attribute::Ints(m.features)),
        ("nodes_values_as_tensor", numbers(&m.cuts)),
        ("nodes_modes", Attribute::Texts(m.modes)),
        ("nodes_truenodeids", Attribute::Ints(m.yes)),
        ("nodes_falsenodeids", Attribute::Ints(m.no)),
        ("nodes_missing_value_tracks_true", Attribute::Ints(m.missing)),
        ("target_treeids", Attribute::Ints(of_tree)),
        ("target_nodeids", Attribute::Ints(of_node)),
        ("target_ids", Attribute::Ints(of_output)),
        ("target_weights_as_tensor", numbers(&m.weights)),
    ];
    node(ML, "TreeEnsembleRegressor", &[input], output, &attributes)
}
