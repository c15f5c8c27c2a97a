//! Trees that test numbers, free of how they were grown: what tree models say of themselves, and what files of other programs hold.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a split asks of a number that is not missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// `x <= cut`.
    AtMost(f64),
    /// `x < cut`.
    Below(f64),
    /// `x` is a whole number in the set of that index.
    Among(u32),
}

/// A split or a leaf. Nodes are named by their index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Node {
    /// Rows that pass the test go to `yes`, others to `no`, those without a value where `missing` (yes?) says.
    Split {
        /// The input that is tested.
        input: u32,
        /// What is asked.
        test: Test,
        /// Whether a missing value passes.
        missing: bool,
        /// Where rows that pass go; behind this node.
        yes: u32,
        /// Where the others go; behind this node.
        no: u32,
    },
    /// A row of `values`.
    Leaf(u32),
}

/// Trees whose leaves add `width` numbers to the outputs, from the tree's first output on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trees {
    /// Numbers a row has.
    pub inputs: u32,
    /// Sums a row gets.
    pub outputs: u32,
    /// Numbers of a leaf.
    pub width: u32,
    /// The first node of each tree, and the first output to which it adds.
    pub roots: Vec<(u32, u32)>,
    /// The nodes of all trees; children stand behind their parents, and no node is the child of two.
    pub nodes: Vec<Node>,
    /// Sets of whole numbers, ascending.
    pub sets: Vec<Vec<u32>>,
    /// Numbers of the leaves, row after row.
    pub values: Vec<f64>,
}

/// A node as a file has it, before it has its place here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// A leaf of one number.
    Leaf(f64),
    /// A split whose sides are named as the file names them.
    Split {
        /// The input that is tested.
        input: u32,
        /// What is asked.
        test: Test,
        /// Whether a missing value passes.
        missing: bool,
        /// The side of rows that pass.
        yes: usize,
        /// The other side.
        no: usize,
    },
}

impl Trees {
    /// Trees without nodes yet, which add `width` numbers a leaf.
    pub fn new(inputs: usize, outputs: usize, width: usize) -> Self {
        Self { inputs: inputs as u32, outputs: outputs as u32, width: width as u32, ..Self::default() }
    }

    /// A further set, by its index; its members are brought into order.
    pub fn set(&mut self, mut members: Vec<u32>) -> u32 {
        members.sort_unstable();
        members.dedup();
        self.sets.push(members);
        (self.sets.len() - 1) as u32
    }

    /// A further leaf, as a node.
    pub fn leaf(&mut self, values: &[f64]) -> Node {
        self.values.extend_from_slice(values);
        Node::Leaf((self.values.len() / values.len() - 1) as u32)
    }

    /// A further tree of one number a leaf, whose parts are named from 0 to `count` and asked for from `root` on.
    ///
    /// # Errors
    /// Those of `part`, and parts that go in circles or lie beyond `count`.
    pub fn plant(
        &mut self,
        output: usize,
        root: usize,
        count: usize,
        mut part: impl FnMut(&mut Self, usize) -> Result<Part>,
    ) -> Result<()> {
        let mut met = vec![false; count];
        self.roots.push((self.nodes.len() as u32, output as u32));
        self.nodes.push(Node::Leaf(0));
        let mut open = vec![(root, self.nodes.len() - 1)];
        while let Some((name, place)) = open.pop() {
            match met.get_mut(name) {
                None => {
                    return Err(Error::model("a tree")
                        .got(format!("node {name}"))
                        .rule(format!("it has nodes 0 to {}", count.saturating_sub(1))));
                }
                Some(true) => return Err(Error::model("a tree").got(format!("node {name} twice")).rule("a node lies below one other")),
                Some(met) => *met = true,
            }
            self.nodes[place] = match part(self, name)? {
                Part::Leaf(value) => self.leaf(&[value]),
                Part::Split { input, test, missing, yes, no } => {
                    let next = self.nodes.len();
                    self.nodes.extend([Node::Leaf(0); 2]);
                    open.extend([(no, next + 1), (yes, next)]);
                    Node::Split { input, test, missing, yes: next as u32, no: next as u32 + 1 }
                }
            };
        }
        Ok(())
    }

    /// The leaf a row of a tree ends in.
    pub fn walk(&self, root: u32, row: &[f64]) -> usize {
        let mut at = root;
        loop {
            match self.nodes[at as usize] {
                Node::Leaf(leaf) => return leaf as usize,
                Node::Split { input, test, missing, yes, no } => {
                    let passes = self.passes(test, missing, row[input as usize]);
                    at = if passes { yes } else { no };
                }
            }
        }
    }

    /// Whether a number passes a test.
    fn passes(&self, test: Test, missing: bool, x: f64) -> bool {
        match test {
            _ if x.is_nan() => missing,
            Test::AtMost(cut) => x <= cut,
            Test::Below(cut) => x < cut,
            Test::Among(set) => {
                let whole = x as u32;
                f64::from(whole) == x && self.sets[set as usize].binary_search(&whole).is_ok()
            }
        }
    }

    /// The numbers of a leaf.
    pub fn values_of(&self, leaf: usize) -> &[f64] {
        let width = self.width as usize;
        &self.values[leaf * width..(leaf + 1) * width]
    }

    /// Adds what all trees say of a row.
    pub fn add(&self, row: &[f64], sums: &mut [f64]) {
        for &(root, output) in &self.roots {
            let leaf = self.walk(root, row);
            sums[output as usize..].iter_mut().zip(self.values_of(leaf)).for_each(|(s, v)| *s += v);
        }
    }

    /// Checks trees that may come from a stranger: every walk ends, every index points at something, every number is finite.
    ///
    /// # Errors
    /// The first part that is not sound.
    pub fn check(&self) -> Result<()> {
        let bad = |what: String, rule: &str| Err(Error::model("trees").got(what).rule(rule.to_owned()));
        let rows = if self.width == 0 { 0 } else { self.values.len() / self.width as usize };
        if self.width == 0 || self.values.len() != rows * self.width as usize {
            return bad(format!("{} numbers in leaves of {}", self.values.len(), self.width), "every leaf has as many");
        }
        if let Some(v) = self.values.iter().find(|v| !v.is_finite()) {
            return bad(format!("a leaf of {v}"), "leaves are finite");
        }
        let fits = |output: u32| output.checked_add(self.width).is_some_and(|end| end <= self.outputs);
        if let Some(root) = self.roots.iter().find(|(node, output)| *node as usize >= self.nodes.len() || !fits(*output)) {
            return bad(format!("a tree at node {} for output {}", root.0, root.1), "nodes and outputs exist");
        }
        if self.sets.iter().any(|s| s.windows(2).any(|w| w[0] >= w[1])) {
            return bad("a set out of order".to_owned(), "sets ascend");
        }
        let mut owned = vec![false; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            match *node {
                Node::Leaf(leaf) if leaf as usize >= rows => return bad(format!("leaf {leaf}"), "leaves exist"),
                Node::Leaf(_) => {}
                Node::Split { input, test, yes, no, .. } => {
                    let known = match test {
                        Test::AtMost(cut) | Test::Below(cut) => cut.is_finite(),
                        Test::Among(set) => (set as usize) < self.sets.len(),
                    };
                    if !known || input >= self.inputs {
                        return bad(format!("node {i}, which tests input {input} by {test:?}"), "inputs and sets exist, cuts are finite");
                    }
                    for child in [yes as usize, no as usize] {
                        if child <= i || child >= self.nodes.len() || std::mem::replace(&mut owned[child], true) {
                            return bad(format!("node {i} with child {child}"), "children stand behind their only parent");
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Trees {
        let mut t = Trees::new(2, 1, 1);
        let set = t.set(vec![7, 2]);
        let split = |input, test, yes| Node::Split { input, test, missing: yes == 1, yes, no: yes + 1 };
        t.nodes = vec![split(0, Test::AtMost(1.5), 1), split(1, Test::Among(set), 3), Node::Leaf(0), Node::Leaf(1), Node::Leaf(2)];
        t.values = vec![1.0, 2.0, 4.0];
        t.roots = vec![(0, 0)];
        t
    }

    #[test]
    fn rows_walk_to_their_leaves() {
        let t = small();
        t.check().unwrap();
        let said = |row: [f64; 2]| {
            let mut sum = [0.5];
            t.add(&row, &mut sum);
            sum[0]
        };
        assert_eq!(said([1.5, 7.0]), 2.5);
        assert_eq!(said([f64::NAN, 2.0]), 2.5);
        assert_eq!(said([1.0, 2.5]), 4.5);
        assert_eq!(said([1.0, f64::NAN]), 4.5);
        assert_eq!(said([1.0, -2.0]), 4.5);
        assert_eq!(said([1.6, 7.0]), 1.5);
    }

    #[test]
    fn what_would_not_end_or_points_nowhere_is_refused() {
        let broken: [fn(&mut Trees); 8] = [
            |t| t.nodes[1] = Node::Split { input: 1, test: Test::AtMost(0.0), missing: false, yes: 0, no: 4 },
            |t| t.nodes[1] = Node::Split { input: 1, test: Test::AtMost(0.0), missing: false, yes: 2, no: 4 },
            |t| t.nodes[1] = Node::Split { input: 1, test: Test::AtMost(f64::NAN), missing: false, yes: 3, no: 4 },
            |t| t.nodes[1] = Node::Split { input: 2, test: Test::AtMost(0.0), missing: false, yes: 3, no: 4 },
            |t| t.nodes[1] = Node::Split { input: 1, test: Test::Among(1), missing: false, yes: 3, no: 4 },
            |t| t.nodes[4] = Node::Leaf(3),
            |t| t.values[1] = f64::INFINITY,
            |t| t.roots[0].1 = 1,
        ];
        for (i, harm) in broken.iter().enumerate() {
            let mut t = small();
            harm(&mut t);
            assert!(t.check().is_err(), "case {i}");
        }
    }
}
