//! A reader and runner of ONNX that shares nothing with the writer: protocol buffers by their definition, operators by theirs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashMap;

/// A field of a message: number, and a whole number or bytes.
pub enum Field<'a> {
    Int(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

pub fn fields(bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let (mut at, mut all) = (0, Vec::new());
    while at < bytes.len() {
        let key = varint(bytes, &mut at);
        let field = match key & 7 {
            0 => Field::Int(varint(bytes, &mut at)),
            2 => {
                let length = varint(bytes, &mut at) as usize;
                at += length;
                Field::Bytes(&bytes[at - length..at])
            }
            other => panic!("wire type {other}"),
        };
        all.push((key >> 3, field));
    }
    all
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn packed(bytes: &[u8]) -> Vec<i64> {
    let (mut at, mut all) = (0, Vec::new());
    while at < bytes.len() {
        all.push(varint(bytes, &mut at) as i64);
    }
    all
}

/// Values with a number of columns.
#[derive(Debug, Clone)]
pub enum Tensor {
    Real(Vec<f64>, usize),
    Whole(Vec<i64>),
    Text(Vec<String>),
}

impl Tensor {
    fn real(&self) -> (&[f64], usize) {
        match self {
            Self::Real(v, columns) => (v, *columns),
            other => panic!("numbers wanted, not {other:?}"),
        }
    }

    fn whole(&self) -> &[i64] {
        match self {
            Self::Whole(v) => v,
            other => panic!("whole numbers wanted, not {other:?}"),
        }
    }

    fn texts(&self) -> &[String] {
        match self {
            Self::Text(v) => v,
            other => panic!("texts wanted, not {other:?}"),
        }
    }

    fn read(bytes: &[u8]) -> (String, Self) {
        let (mut name, mut dims, mut kind, mut raw, mut strings) = (String::new(), Vec::new(), 0, &[][..], Vec::new());
        for (number, field) in fields(bytes) {
            match (number, field) {
                (1, Field::Bytes(b)) => dims = packed(b),
                (2, Field::Int(v)) => kind = v,
                (6, Field::Bytes(b)) => strings.push(text(b)),
                (8, Field::Bytes(b)) => name = text(b),
                (9, Field::Bytes(b)) => raw = b,
                (n, _) => panic!("field {n} of a tensor"),
            }
        }
        let eight = |b: &[u8]| -> [u8; 8] { b.try_into().unwrap() };
        let count: i64 = dims.iter().product();
        let tensor = match kind {
            11 => Self::Real(raw.chunks(8).map(|b| f64::from_le_bytes(eight(b))).collect(), *dims.last().unwrap() as usize),
            7 => Self::Whole(raw.chunks(8).map(|b| i64::from_le_bytes(eight(b))).collect()),
            2 => Self::Whole(raw.iter().map(|b| i64::from(*b)).collect()),
            8 => Self::Text(strings),
            other => panic!("element type {other}"),
        };
        let length = match &tensor {
            Self::Real(v, _) => v.len(),
            Self::Whole(v) => v.len(),
            Self::Text(v) => v.len(),
        };
        assert_eq!(length as i64, count, "tensor {name}");
        (name, tensor)
    }
}

#[derive(Default)]
pub struct Node {
    pub operator: String,
    inputs: Vec<String>,
    output: String,
    ints: HashMap<String, Vec<i64>>,
    tensors: HashMap<String, Tensor>,
    texts: HashMap<String, Vec<String>>,
}

impl Node {
    fn read(bytes: &[u8]) -> Self {
        let mut node = Self::default();
        for (number, field) in fields(bytes) {
            let Field::Bytes(b) = field else { panic!("a number in a node") };
            match number {
                1 => node.inputs.push(text(b)),
                2 => node.output = text(b),
                4 => node.operator = text(b),
                5 => node.attribute(b),
                7 => assert!(["", "ai.onnx.ml"].contains(&text(b).as_str())),
                other => panic!("field {other} of a node"),
            }
        }
        node
    }

    fn attribute(&mut self, bytes: &[u8]) {
        let mut name = String::new();
        for (number, field) in fields(bytes) {
            match (number, field) {
                (1, Field::Bytes(b)) => name = text(b),
                (3, Field::Int(v)) => drop(self.ints.insert(name.clone(), vec![v as i64])),
                (4 | 9, Field::Bytes(b)) => self.texts.entry(name.clone()).or_default().push(text(b)),
                (5, Field::Bytes(b)) => drop(self.tensors.insert(name.clone(), Tensor::read(b).1)),
                (8, Field::Bytes(b)) => drop(self.ints.insert(name.clone(), packed(b))),
                (20, Field::Int(_)) => {}
                (n, _) => panic!("field {n} of an attribute"),
            }
        }
    }

    fn int(&self, name: &str) -> i64 {
        self.ints[name][0]
    }

    fn reals(&self, name: &str) -> &[f64] {
        self.tensors.get(name).map_or(&[], |t| t.real().0)
    }
}

/// A model: nodes in order, constants, names of inputs and outputs, properties.
#[derive(Default)]
pub struct Model {
    pub nodes: Vec<Node>,
    constants: Vec<(String, Tensor)>,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub properties: HashMap<String, String>,
}

impl Model {
    pub fn read(bytes: &[u8]) -> Self {
        let mut model = Self::default();
        let first = |b: &[u8]| match fields(b).into_iter().next() {
            Some((1, Field::Bytes(name))) => text(name),
            _ => panic!("a value without a name"),
        };
        for (number, field) in fields(bytes) {
            match (number, field) {
                (7, Field::Bytes(graph)) => {
                    for (number, field) in fields(graph) {
                        let Field::Bytes(b) = field else { panic!("a number in a graph") };
                        match number {
                            1 => model.nodes.push(Node::read(b)),
                            5 => model.constants.push(Tensor::read(b)),
                            11 => model.inputs.push(first(b)),
                            12 => model.outputs.push(first(b)),
                            2 | 10 => {}
                            other => panic!("field {other} of a graph"),
                        }
                    }
                }
                (14, Field::Bytes(b)) => {
                    let parts: Vec<String> =
                        fields(b).into_iter().map(|f| if let Field::Bytes(b) = f.1 { text(b) } else { panic!() }).collect();
                    model.properties.insert(parts[0].clone(), parts[1].clone());
                }
                (1..=3 | 6 | 8, _) => {}
                (n, _) => panic!("field {n} of a model"),
            }
        }
        model
    }

    /// The outputs for these inputs, of so many rows.
    pub fn run(&self, inputs: HashMap<String, Tensor>, rows: usize) -> Vec<Tensor> {
        let mut values = inputs;
        values.extend(self.constants.iter().cloned());
        for node in &self.nodes {
            let given: Vec<&Tensor> = node.inputs.iter().map(|n| values.get(n).unwrap_or_else(|| panic!("no value {n}"))).collect();
            let made = run(node, &given, rows);
            values.insert(node.output.clone(), made);
        }
        self.outputs.iter().map(|o| values[o].clone()).collect()
    }
}

/// Elementwise with broadcasting over rows and columns.
fn pair(a: &Tensor, b: &Tensor, of: impl Fn(f64, f64) -> f64) -> Tensor {
    let ((a, wide_a), (b, wide_b)) = (a.real(), b.real());
    let (rows_a, rows_b) = (a.len() / wide_a, b.len() / wide_b);
    let (rows, wide) = (rows_a.max(rows_b), wide_a.max(wide_b));
    let pick =
        |v: &[f64], rows: usize, wide: usize, i: usize, j: usize| v[(if rows == 1 { 0 } else { i }) * wide + if wide == 1 { 0 } else { j }];
    let values = (0..rows * wide).map(|k| (k / wide, k % wide));
    Tensor::Real(values.map(|(i, j)| of(pick(a, rows_a, wide_a, i, j), pick(b, rows_b, wide_b, i, j))).collect(), wide)
}

fn each(a: &Tensor, of: impl Fn(f64) -> f64) -> Tensor {
    let (v, wide) = a.real();
    Tensor::Real(v.iter().map(|x| of(*x)).collect(), wide)
}

fn by_row(a: &Tensor, of: impl Fn(&[f64]) -> Vec<f64>) -> Tensor {
    let (v, wide) = a.real();
    let made: Vec<f64> = v.chunks(wide).flat_map(&of).collect();
    let columns = made.len() / (v.len() / wide);
    Tensor::Real(made, columns)
}

fn run(node: &Node, given: &[&Tensor], rows: usize) -> Tensor {
    match node.operator.as_str() {
        "Identity" => given[0].clone(),
        "IsNaN" => each(given[0], |x| f64::from(u8::from(x.is_nan()))),
        "Cast" if node.int("to") == 1 => each(given[0], |x| f64::from(x as f32)),
        "Cast" => given[0].clone(),
        "Where" => match given[1] {
            Tensor::Text(none) => {
                let (choose, _) = given[0].real();
                Tensor::Text(
                    choose.iter().zip(given[2].texts()).map(|(c, t)| if *c == 1.0 { none[0].clone() } else { t.clone() }).collect(),
                )
            }
            yes => {
                let both = pair(given[0], yes, |c, y| if c == 1.0 { y } else { f64::INFINITY });
                pair(&both, given[2], |b, no| if b == f64::INFINITY { no } else { b })
            }
        },
        "Add" => pair(given[0], given[1], |a, b| a + b),
        "Sub" => pair(given[0], given[1], |a, b| a - b),
        "Mul" => pair(given[0], given[1], |a, b| a * b),
        "Div" => pair(given[0], given[1], |a, b| a / b),
        "Less" => pair(given[0], given[1], |a, b| f64::from(u8::from(a < b))),
        "Greater" => pair(given[0], given[1], |a, b| f64::from(u8::from(a > b))),
        "LessOrEqual" => pair(given[0], given[1], |a, b| f64::from(u8::from(a <= b))),
        "Sigmoid" => each(given[0], |x| 1.0 / (1.0 + (-x).exp())),
        "Tanh" => each(given[0], f64::tanh),
        "Exp" => each(given[0], f64::exp),
        "Log" => each(given[0], f64::ln),
        "Abs" => each(given[0], f64::abs),
        "Floor" => each(given[0], f64::floor),
        "Sign" => each(given[0], |x| if x == 0.0 { 0.0 } else { x.signum() }),
        "Softmax" => by_row(given[0], |row| {
            let total: f64 = row.iter().map(|x| x.exp()).sum();
            row.iter().map(|x| x.exp() / total).collect()
        }),
        "ReduceSum" => by_row(given[0], |row| vec![row.iter().sum()]),
        "ArgMax" => {
            let (v, wide) = given[0].real();
            let best = |row: &[f64]| (1..wide).fold(0, |best, k| if row[k] > row[best] { k } else { best }) as i64;
            Tensor::Whole(v.chunks(wide).map(best).collect())
        }
        "Gather" => Tensor::Text(given[1].whole().iter().map(|k| given[0].texts()[*k as usize].clone()).collect()),
        "Shape" => Tensor::Whole(vec![rows as i64]),
        "Concat" if node.int("axis") == 0 => Tensor::Whole(given.iter().flat_map(|t| t.whole().to_vec()).collect()),
        "Concat" => {
            let parts: Vec<(&[f64], usize)> = given.iter().map(|t| t.real()).collect();
            let joined = (0..rows).flat_map(|i| parts.iter().flat_map(move |(v, wide)| v[i * wide..(i + 1) * wide].to_vec()));
            Tensor::Real(joined.collect(), parts.iter().map(|p| p.1).sum())
        }
        "Expand" => {
            let (shape, (v, wide)) = (given[1].whole(), given[0].real());
            assert_eq!(shape[1] as usize, wide);
            Tensor::Real(v.repeat(shape[0] as usize), wide)
        }
        "MatMul" => {
            let ((x, inputs), (w, outputs)) = (given[0].real(), given[1].real());
            let one = |row: &[f64], k: usize| (0..inputs).map(|j| row[j] * w[j * outputs + k]).sum::<f64>();
            Tensor::Real(x.chunks(inputs).flat_map(|row| (0..outputs).map(|k| one(row, k)).collect::<Vec<_>>()).collect(), outputs)
        }
        "LabelEncoder" => {
            let keys = node.tensors["keys_tensor"].texts();
            let find = |label: &String| {
                keys.iter().position(|k| k == label).map_or(node.reals("default_tensor")[0], |i| node.reals("values_tensor")[i])
            };
            Tensor::Real(given[0].texts().iter().map(find).collect(), 1)
        }
        "TreeEnsemble" => by_row(given[0], |row| tree_ensemble(node, row)),
        "TreeEnsembleRegressor" => by_row(given[0], |row| regressor(node, row)),
        other => panic!("operator {other}"),
    }
}

fn tree_ensemble(node: &Node, row: &[f64]) -> Vec<f64> {
    let list = |name: &str| &node.ints[name];
    let modes = node.tensors["nodes_modes"].whole();
    let mut sets = node.reals("membership_values").split(|v| v.is_nan());
    let sets: Vec<&[f64]> = modes.iter().map(|m| if *m == 6 { sets.next().unwrap() } else { &[][..] }).collect();
    let mut sums = vec![0.0; node.int("n_targets") as usize];
    for root in list("tree_roots") {
        let (mut at, mut leaf) = (*root as usize, false);
        while !leaf {
            let (x, cut) = (row[list("nodes_featureids")[at] as usize], node.reals("nodes_splits")[at]);
            let passes = match modes[at] {
                _ if x.is_nan() => list("nodes_missing_value_tracks_true")[at] == 1,
                0 => x <= cut,
                1 => x < cut,
                6 => sets[at].contains(&x),
                other => panic!("mode {other}"),
            };
            let (ids, leaves) = if passes { ("nodes_truenodeids", "nodes_trueleafs") } else { ("nodes_falsenodeids", "nodes_falseleafs") };
            (leaf, at) = (list(leaves)[at] == 1, list(ids)[at] as usize);
        }
        sums[list("leaf_targetids")[at] as usize] += node.reals("leaf_weights")[at];
    }
    sums
}

fn regressor(node: &Node, row: &[f64]) -> Vec<f64> {
    let list = |name: &str| &node.ints[name];
    let place: HashMap<(i64, i64), usize> =
        list("nodes_treeids").iter().zip(list("nodes_nodeids")).enumerate().map(|(i, (t, n))| ((*t, *n), i)).collect();
    assert_eq!(place.len(), list("nodes_treeids").len(), "a node twice");
    let mut sums = node.reals("base_values_as_tensor").to_vec();
    let mut trees = list("nodes_treeids").clone();
    trees.dedup();
    for tree in trees {
        let mut id = 0;
        loop {
            let at = place[&(tree, id)];
            let (x, cut) = (row[list("nodes_featureids")[at] as usize], node.reals("nodes_values_as_tensor")[at]);
            let passes = match node.texts["nodes_modes"][at].as_str() {
                "LEAF" => break,
                _ if x.is_nan() => list("nodes_missing_value_tracks_true")[at] == 1,
                "BRANCH_LEQ" => x <= cut,
                "BRANCH_LT" => x < cut,
                "BRANCH_EQ" => x == cut,
                other => panic!("mode {other}"),
            };
            id = list(if passes { "nodes_truenodeids" } else { "nodes_falsenodeids" })[at];
        }
        for (i, weight) in node.reals("target_weights_as_tensor").iter().enumerate() {
            if (list("target_treeids")[i], list("target_nodeids")[i]) == (tree, id) {
                sums[list("target_ids")[i] as usize] += weight;
            }
        }
    }
    sums
}
