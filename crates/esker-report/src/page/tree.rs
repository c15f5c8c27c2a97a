//! The leaves of a decision tree in words, beside its picture.

use esker_core::record::Task;
use esker_core::{DecisionRule, DecisionTree};

use super::html::Html;
use super::number::{count, percent};
use super::reading::Reading;
use super::table::{Sheet, number, text};
use crate::figure::tree::{opposite, question, says};

/// Leaves listed.
const MOST: usize = 64;

/// The table of leaves.
pub fn leaves(r: Reading<'_>, h: &mut Html) {
    let Some(tree) = r.record.tree.as_ref().filter(|t| t.sound() && t.nodes[0].split.is_some()) else { return };
    let classes = match &r.record.task {
        Task::Regression { .. } => Vec::new(),
        Task::Classification { names, .. } => names.clone(),
    };
    let listed = tree.nodes.iter().filter(|n| n.split.is_none()).count();
    let more = if listed > MOST { format!(", the first {MOST} of {}", count(listed)) } else { String::new() };
    let said = if classes.is_empty() { "mean ± standard deviation" } else { "most frequent class" };
    let mut sheet = Sheet::new(format!("The leaves of the tree in words, told by training rows{more}"))
        .words("Rows where")
        .words(said)
        .numbers("rows")
        .numbers("share of all");
    let paths = paths(r, tree);
    for (node, path) in tree.nodes.iter().zip(&paths).filter(|(n, _)| n.split.is_none()).take(MOST) {
        let mut says = says(node, &classes);
        if node.hidden > 0 {
            says.push_str(&format!(" ({} leaves in it)", count(node.hidden)));
        }
        sheet.row(vec![text(path.as_str()), text(says), number(count(node.rows)), number(percent(node.share))]);
    }
    h.with("details", &[], |h| {
        h.element("summary", &[], "The leaves of the tree in words");
        sheet.write(h);
    });
}

/// The way to each node.
fn paths(r: Reading<'_>, tree: &DecisionTree) -> Vec<String> {
    let mut paths = vec![String::new(); tree.nodes.len()];
    for (i, node) in tree.nodes.iter().enumerate() {
        if let Some(split) = &node.split {
            let gaps = r.features().iter().any(|c| c.name == split.feature && c.missing > 0) && split.rule != DecisionRule::Known;
            let missing = |left: bool| if gaps && split.missing_left == left { " (or missing)" } else { "" };
            let before = if paths[i].is_empty() { String::new() } else { format!("{}, ", paths[i]) };
            paths[split.left] = format!("{before}{}{}", question(split), missing(true));
            paths[split.right] = format!("{before}{}{}", opposite(split), missing(false));
        }
    }
    paths
}
