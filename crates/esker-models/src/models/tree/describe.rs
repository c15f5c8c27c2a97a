//! Fitted trees in words that other programs share: cuts instead of bins, sets of classes as they are coded.

use std::collections::HashMap;

use esker_core::graph::{Graph, Operation, Value};
use esker_core::trees::{Node, Test, Trees};
use esker_core::{Error, Result};

use super::bins::Bins;
use super::ensemble::Ensemble;
use super::node::{Side, Tree};

impl Ensemble {
    /// `start` plus `scale` times the sums over all trees, as an operation. Labels that are no level give missing answers.
    ///
    /// # Errors
    /// A feature that the graph lacks or holds otherwise.
    pub(super) fn describe(&self, graph: &mut Graph, start: &[f64], scale: f64) -> Result<Value> {
        let bins = self.bins();
        let (mut inputs, mut known) = (Vec::with_capacity(bins.len()), Vec::new());
        for feature in 0..bins.len() {
            if !bins.is_class(feature) {
                inputs.push(graph.number(bins.name(feature))?);
                continue;
            }
            let column = graph.classes(bins.name(feature))?;
            let codes: HashMap<&str, u8> = bins.level_codes(feature).collect();
            let missing = bins.bins(feature);
            let code = |k: u32| codes.get(column.levels[k as usize].as_str()).copied().unwrap_or(missing);
            inputs.push(graph.lookup(&column, |k| f64::from(code(k)), f64::from(missing)));
            known.push(graph.lookup(&column, |_| 0.0, 0.0));
        }
        let mut trees = Trees::new(bins.len(), self.outputs(), self.width());
        for (t, tree) in self.list().iter().enumerate() {
            add(tree, bins, t % self.lanes() * self.width(), scale, &mut trees)?;
        }
        let of = graph.add(Operation::Join(inputs));
        let sums = graph.add(Operation::Trees { of, trees, constants: start.to_vec() });
        Ok(known.into_iter().fold(sums, |of, by| graph.add(Operation::Spoil { of, by })))
    }
}

/// Adds a tree. Its nodes keep their order, so that children stay behind their parents.
fn add(tree: &Tree, bins: &Bins, output: usize, scale: f64, to: &mut Trees) -> Result<()> {
    let (root, width) = (to.nodes.len(), to.width as usize);
    let first = (to.values.len() / width) as u32;
    to.roots.push((root as u32, output as u32));
    to.values.extend(tree.values().iter().map(|v| scale * v));
    to.nodes.resize(root + tree.len(), Node::Leaf(0));
    for (leaf, row) in tree.leaf_rows() {
        to.nodes[root + leaf] = Node::Leaf(first + row);
    }
    for (node, left, feature, side) in tree.splits() {
        let (yes, no) = ((root + left) as u32, (root + left + 1) as u32);
        let input = feature as u32;
        to.nodes[root + node] = match side {
            Side::UpTo { code, also } => {
                let (cuts, bins) = (bins.cuts(feature), bins.bins(feature));
                // The last bin has no cut: whatever is not missing goes left.
                let cut = cuts.get(usize::from(code)).copied().unwrap_or(f64::MAX);
                if also > code && also < bins {
                    return Err(Error::model("a tree in the model file")
                        .got("a bin that goes left alone")
                        .rule("numbers are split by one cut"));
                }
                Node::Split { input, test: Test::AtMost(cut), missing: code >= bins || also == bins, yes, no }
            }
            side @ Side::Among(_) => {
                // Every row has a code: the smaller of the two sets says it all.
                let (left, right): (Vec<u8>, Vec<u8>) = (0..=bins.bins(feature)).partition(|&c| side.left(c));
                let (members, yes, no) = if left.len() <= right.len() { (left, yes, no) } else { (right, no, yes) };
                Node::Split { input, test: Test::Among(to.set(members.into_iter().map(u32::from).collect())), missing: false, yes, no }
            }
        };
    }
    Ok(())
}
