//! A decision tree as it can be read and drawn: thresholds in the unit of their feature, no codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Unit;

/// A fitted decision tree. The root is the first node; children stand behind their parent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DecisionTree {
    /// The nodes in the order of reading: a node, all below its left side, all below its right side.
    pub nodes: Vec<DecisionNode>,
}

/// A node of a decision tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionNode {
    /// Training rows that reach it.
    pub rows: usize,
    /// Their weight as a share of all training rows.
    pub share: f64,
    /// Mean of the target, or the share of each class, in the order of the target's levels.
    pub value: Vec<f64>,
    /// Standard deviation of the target in the node, or its Gini impurity.
    pub spread: f64,
    /// The question it asks; a leaf asks none.
    pub split: Option<DecisionSplit>,
    /// Leaves below that are not in this list.
    pub hidden: usize,
}

/// A question, and where the answers lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionSplit {
    /// The feature asked for.
    pub feature: String,
    /// Its unit.
    pub unit: Unit,
    /// What goes left.
    pub rule: DecisionRule,
    /// Whether rows without a value go left.
    pub missing_left: bool,
    /// Place of the left child among the nodes.
    pub left: usize,
    /// Place of the right child.
    pub right: usize,
}

/// Which values go left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionRule {
    /// Numbers up to this one.
    UpTo(f64),
    /// These classes.
    Among(Vec<String>),
    /// Every value; only missing ones go right.
    Known,
}

impl DecisionTree {
    /// Number of leaves, hidden ones among them.
    pub fn leaves(&self) -> usize {
        self.nodes.iter().map(|n| if n.hidden > 0 { n.hidden } else { usize::from(n.split.is_none()) }).sum()
    }

    /// Whether there is a root and every child stands behind its parent; a record may come from elsewhere.
    pub fn sound(&self) -> bool {
        let stands = |i: usize, child: usize| child > i && child < self.nodes.len();
        !self.nodes.is_empty()
            && self.nodes.iter().enumerate().all(|(i, n)| n.split.as_ref().is_none_or(|s| stands(i, s.left) && stands(i, s.right)))
    }

    /// How deep each node lies; the root is at 0.
    pub fn depths(&self) -> Vec<usize> {
        let mut depth = vec![0; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            for child in node.split.iter().flat_map(|s| [s.left, s.right]) {
                depth[child] = depth[i] + 1;
            }
        }
        depth
    }

    /// The tree without what lies deeper than `depth`; nodes at that depth say how many leaves they hide.
    #[must_use]
    pub fn cut(&self, depth: usize) -> Self {
        let (depths, mut below) = (self.depths(), vec![0; self.nodes.len()]);
        for (i, node) in self.nodes.iter().enumerate().rev() {
            below[i] = node.split.as_ref().map_or(node.hidden.max(1), |s| below[s.left] + below[s.right]);
        }
        let kept: Vec<usize> = (0..self.nodes.len()).filter(|&i| depths[i] <= depth).collect();
        let place = |old: usize| kept.partition_point(|&k| k < old);
        let nodes = kept.iter().map(|&i| {
            let mut node = self.nodes[i].clone();
            match &mut node.split {
                Some(_) if depths[i] == depth => (node.split, node.hidden) = (None, below[i]),
                Some(s) => (s.left, s.right) = (place(s.left), place(s.right)),
                None => {}
            }
            node
        });
        Self { nodes: nodes.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(split: Option<(usize, usize)>) -> DecisionNode {
        let split = split.map(|(left, right)| DecisionSplit {
            feature: "slope".into(),
            unit: Unit::new("deg"),
            rule: DecisionRule::UpTo(12.4),
            missing_left: true,
            left,
            right,
        });
        DecisionNode { rows: 1, share: 1.0, value: vec![0.0], spread: 0.0, split, hidden: 0 }
    }

    #[test]
    fn a_cut_tree_counts_the_leaves_it_hides() {
        let whole = DecisionTree {
            nodes: vec![node(Some((1, 6))), node(Some((2, 5))), node(Some((3, 4))), node(None), node(None), node(None), node(None)],
        };
        assert_eq!((whole.leaves(), whole.depths()), (4, vec![0, 1, 2, 3, 3, 2, 1]));
        let cut = whole.cut(1);
        assert_eq!((cut.nodes.len(), cut.leaves(), cut.nodes[1].hidden), (3, 4, 3));
        let split = cut.nodes[0].split.as_ref().unwrap();
        assert_eq!((split.left, split.right), (1, 2));
        assert_eq!(whole.cut(3), whole);
        assert_eq!(cut.cut(0).nodes[0].hidden, 4);
    }
}
