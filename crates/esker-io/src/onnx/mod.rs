//! ONNX: a graph of operations as a file that onnxruntime and others run.
//!
//! Every column of the table is an input by its name, of one column: numbers in double precision (NaN is missing), labels as texts (an empty
//! one is missing). Numbers stay in double precision to the end, so that no comparison with a cut falls otherwise than in Esker.

mod proto;
mod trees;

use esker_core::graph::{Function, GELU_CUBIC, GELU_ROOT, Graph, Operation, Value};
use esker_core::{Error, Result};

use proto::{Attribute, Message, described, doubles, longs, node, texts};
use trees::ML;

/// Versions of the operators used; onnxruntime 1.19 (2024) and later know them.
const OPSET: i64 = 18;
const OPSET_TREES: i64 = 5;
const OPSET_TREES_OF_MANY: i64 = 4;
const REPRESENTATION: i64 = 10;
/// A larger message is none: lengths of protocol buffers are 31 bits.
const MOST_BYTES: usize = i32::MAX as usize;

const DOUBLE: i64 = 11;
const TEXT: i64 = 8;

/// What a model answers and what is said of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelCard {
    /// Name of the graph.
    pub name: String,
    /// What it is, in words.
    pub words: String,
    /// Version of the program that wrote it.
    pub version: String,
    /// The target column.
    pub target: String,
    /// Its unit.
    pub unit: String,
    /// The classes, in the order of the probabilities; none for numbers.
    pub classes: Vec<String>,
    /// The unit of each input by name.
    pub units: Vec<(String, String)>,
    /// Further properties by key.
    pub properties: Vec<(String, String)>,
}

/// The bytes of an ONNX model whose answer is `answer`: the output `<target>_predicted`, and for classes `<target>_probability`.
///
/// # Errors
/// A graph without columns, a column of the name of an output, or more than 2 GiB.
pub fn onnx_bytes(graph: &Graph, answer: Value, card: &ModelCard) -> Result<Vec<u8>> {
    let mut writer = Writer::new(graph)?;
    graph.operations().enumerate().for_each(|(i, operation)| writer.operation(Value(i), operation));
    let outputs = writer.answer(answer, card)?;
    let mut whole = writer.nodes.into_iter().fold(Message::new(), |m, node| m.message(1, &node)).text(2, &card.name);
    whole = writer.initial.iter().fold(whole, |m, tensor| m.message(5, tensor)).text(10, &card.words);
    for (name, kind) in &writer.inputs {
        let unit = card.units.iter().find(|u| u.0 == *name).map_or("", |u| u.1.as_str());
        whole = whole.message(11, &described(name, *kind, Some(1), unit));
    }
    whole = outputs.iter().fold(whole, |m, output| m.message(12, output));
    let entry = |key: &str, value: &str| Message::new().text(1, key).text(2, value);
    let opset = |domain: &str, version: i64| Message::new().text(1, domain).int(2, version);
    let mut model = Message::new().int(1, REPRESENTATION).text(2, "esker").text(3, &card.version).text(6, &card.words).message(7, &whole);
    model = model.message(8, &opset("", OPSET)).message(8, &opset(ML, writer.opset));
    let bytes = card.properties.iter().fold(model, |m, (key, value)| m.message(14, &entry(key, value))).into_bytes();
    if bytes.len() > MOST_BYTES {
        return Err(Error::model("the model")
            .got(format!("{} bytes as ONNX", bytes.len()))
            .rule("an ONNX file holds at most 2 GiB")
            .hint("fit fewer or smaller trees"));
    }
    Ok(bytes)
}

struct Writer<'a> {
    graph: &'a Graph,
    nodes: Vec<Message>,
    initial: Vec<Message>,
    inputs: Vec<(String, i64)>,
    /// Columns by value: the name of the tensor.
    names: Vec<String>,
    opset: i64,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph) -> Result<Self> {
        let mut inputs = Vec::new();
        let mut names = Vec::with_capacity(graph.operations().len());
        let mut opset = OPSET_TREES;
        for (i, operation) in graph.operations().enumerate() {
            match operation {
                Operation::Number(name) => inputs.push((name.clone(), DOUBLE)),
                Operation::Label(name) => inputs.push((name.clone(), TEXT)),
                Operation::Trees { trees, .. } if trees.width != 1 => opset = OPSET_TREES_OF_MANY,
                _ => {}
            }
            names.push(match operation {
                Operation::Number(name) | Operation::Label(name) => name.clone(),
                _ => format!("esker/{i}"),
            });
        }
        if inputs.is_empty() {
            return Err(Error::model("the model").got("no column").rule("an ONNX model needs at least one input"));
        }
        Ok(Self { graph, nodes: Vec::new(), initial: Vec::new(), inputs, names, opset })
    }

    /// A fresh name for a tensor made on the way.
    fn between(&self) -> String {
        format!("esker/n{}", self.nodes.len())
    }

    fn fresh(&self) -> String {
        format!("esker/c{}", self.initial.len())
    }

    fn number(&mut self, value: f64) -> String {
        self.numbers(&[1, 1], &[value])
    }

    fn numbers(&mut self, dims: &[usize], values: &[f64]) -> String {
        let name = self.fresh();
        self.initial.push(doubles(&name, dims, values));
        name
    }

    fn whole(&mut self, values: &[i64]) -> String {
        let name = self.fresh();
        self.initial.push(longs(&name, values));
        name
    }

    /// A node of the plain operators, whose output is named.
    fn put(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, Attribute)]) {
        self.nodes.push(node("", operator, inputs, output, attributes));
    }

    /// As [`Writer::put`], with a name for what comes out.
    fn make(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let name = self.between();
        self.put(operator, inputs, &name, attributes);
        name
    }

    fn operation(&mut self, at: Value, operation: &Operation) {
        let out = self.names[at.0].clone();
        let name = |w: &Self, v: &Value| w.names[v.0].clone();
        match operation {
            Operation::Number(_) | Operation::Label(_) => {}
            Operation::Lookup { of, table, missing } => self.lookup(&name(self, of), table, *missing, &out),
            Operation::Fill { of, with } => {
                let of = name(self, of);
                let (gap, with) = (self.make("IsNaN", &[&of], &[]), self.number(*with));
                self.put("Where", &[&gap, &with, &of], &out, &[]);
            }
            Operation::Missing(of) => {
                let of = name(self, of);
                let gap = self.make("IsNaN", &[&of], &[]);
                self.put("Cast", &[&gap], &out, &[("to", Attribute::Int(DOUBLE))]);
            }
            Operation::Standardise { of, mean, sd } => self.standardise(&name(self, of), *mean, *sd, &out),
            Operation::Clamp { of, low, high } => self.clamp(name(self, of), *low, *high, &out),
            Operation::Map { of, function } => self.function(&name(self, of), *function, &out),
            // Nothing reads a row of no columns.
            Operation::Join(parts) if parts.is_empty() => {}
            Operation::Join(parts) => {
                let parts: Vec<String> = parts.iter().map(|p| name(self, p)).collect();
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                self.put("Concat", &parts, &out, &[("axis", Attribute::Int(1))]);
            }
            Operation::Constant(values) => self.constant(values, &out),
            Operation::Dense { of, weights, constants } => {
                let (inputs, outputs) = (self.graph.width(*of), constants.len());
                if inputs == 0 {
                    return self.constant(constants, &out);
                }
                let (weights, constants) = (self.numbers(&[inputs, outputs], weights), self.numbers(&[1, outputs], constants));
                let product = self.make("MatMul", &[&name(self, of), &weights], &[]);
                self.put("Add", &[&product, &constants], &out, &[]);
            }
            Operation::Trees { of, trees, constants } => self.trees(&name(self, of), trees, constants, &out),
            Operation::Spoil { of, by } => {
                let zero = self.number(0.0);
                let gap = self.make("Mul", &[&name(self, by), &zero], &[]);
                self.put("Add", &[&name(self, of), &gap], &out, &[]);
            }
        }
    }

    fn standardise(&mut self, of: &str, mean: f64, sd: f64, out: &str) {
        if sd == 0.0 {
            let zero = self.number(0.0);
            return self.put("Mul", &[of, &zero], out, &[]);
        }
        let (mean, sd) = (self.number(mean), self.number(sd));
        let centred = self.make("Sub", &[of, &mean], &[]);
        self.put("Div", &[&centred, &sd], out, &[]);
    }

    /// Not by `Clip`, which need not keep NaN.
    fn clamp(&mut self, mut of: String, low: f64, high: f64, out: &str) {
        for (beyond, edge, bounds) in [("Less", low, low > f64::MIN), ("Greater", high, high < f64::MAX)] {
            if bounds {
                let edge = self.number(edge);
                let outside = self.make(beyond, &[&of, &edge], &[]);
                of = self.make("Where", &[&outside, &edge, &of], &[]);
            }
        }
        self.put("Identity", &[&of], out, &[]);
    }

    fn lookup(&mut self, of: &str, table: &[(String, f64)], missing: f64, out: &str) {
        // A level may be an empty text itself: the missing one is that text here.
        let known: Vec<&(String, f64)> = table.iter().filter(|(level, _)| !level.is_empty()).collect();
        let keys = texts("", known.iter().map(|k| k.0.as_str()).chain([""]).collect::<Vec<_>>().into_iter());
        let values: Vec<f64> = known.iter().map(|k| k.1).chain([missing]).collect();
        let attributes = [
            ("keys_tensor", Attribute::Tensor(keys)),
            ("values_tensor", Attribute::Tensor(doubles("", &[values.len()], &values))),
            ("default_tensor", Attribute::Tensor(doubles("", &[1], &[f64::NAN]))),
        ];
        self.nodes.push(node(ML, "LabelEncoder", &[of], out, &attributes));
    }

    fn function(&mut self, of: &str, function: Function, out: &str) {
        let plain = match function {
            Function::Sigmoid => "Sigmoid",
            Function::Softmax => return self.put("Softmax", &[of], out, &[("axis", Attribute::Int(1))]),
            Function::Exp => "Exp",
            Function::Log => "Log",
            Function::Softplus => "Softplus",
            Function::Tanh => "Tanh",
            Function::Floor => "Floor",
            // Not by the operator of that name, which need not keep NaN.
            Function::Relu => return self.clamp(of.to_owned(), 0.0, f64::MAX, out),
            Function::Silu => {
                let share = self.make("Sigmoid", &[of], &[]);
                return self.put("Mul", &[of, &share], out, &[]);
            }
            Function::Gelu => return self.gelu(of, out),
            Function::Share => {
                let axis = self.whole(&[1]);
                let total = self.make("ReduceSum", &[of, &axis], &[]);
                return self.put("Div", &[of, &total], out, &[]);
            }
            Function::SignedSquare => {
                let size = self.make("Abs", &[of], &[]);
                return self.put("Mul", &[of, &size], out, &[]);
            }
            Function::Single => {
                let single = self.make("Cast", &[of], &[("to", Attribute::Int(1))]);
                return self.put("Cast", &[&single], out, &[("to", Attribute::Int(DOUBLE))]);
            }
            Function::Truncate => {
                let (sign, size) = (self.make("Sign", &[of], &[]), self.make("Abs", &[of], &[]));
                let whole = self.make("Floor", &[&size], &[]);
                return self.put("Mul", &[&sign, &whole], out, &[]);
            }
            Function::ZeroMissing => {
                let (least, gap) = (self.number(f64::from(1e-35_f32)), self.number(f64::NAN));
                let size = self.make("Abs", &[of], &[]);
                let zero = self.make("LessOrEqual", &[&size, &least], &[]);
                return self.put("Where", &[&zero, &gap, of], out, &[]);
            }
        };
        self.put(plain, &[of], out, &[]);
    }

    fn gelu(&mut self, of: &str, out: &str) {
        let (root, cubic, half) = (self.number(GELU_ROOT), self.number(GELU_CUBIC), self.number(0.5));
        let square = self.make("Mul", &[of, of], &[]);
        let cube = self.make("Mul", &[&square, of], &[]);
        let small = self.make("Mul", &[&cube, &cubic], &[]);
        let sum = self.make("Add", &[of, &small], &[]);
        let inner = self.make("Mul", &[&sum, &root], &[]);
        let bent = self.make("Tanh", &[&inner], &[]);
        let halved = self.make("Mul", &[&bent, &half], &[]);
        let share = self.make("Add", &[&halved, &half], &[]);
        self.put("Mul", &[of, &share], out, &[]);
    }

    /// The same numbers for as many rows as the first input has.
    fn constant(&mut self, values: &[f64], out: &str) {
        let input = self.inputs[0].0.clone();
        let rows = self.make("Shape", &[&input], &[("start", Attribute::Int(0)), ("end", Attribute::Int(1))]);
        let (columns, values) = (self.whole(&[values.len() as i64]), self.numbers(&[1, values.len()], values));
        let shape = self.make("Concat", &[&rows, &columns], &[("axis", Attribute::Int(0))]);
        self.put("Expand", &[&values, &shape], out, &[]);
    }

    fn trees(&mut self, of: &str, trees: &esker_core::Trees, constants: &[f64], out: &str) {
        let (constants, grown) = (trees::constants(trees, constants), trees::grown(trees));
        if grown.is_empty() {
            return self.constant(&constants, out);
        }
        let sums = self.between();
        if trees.width == 1 && self.opset == OPSET_TREES {
            self.nodes.push(trees::modern(trees, &grown, of, &sums));
            let constants = self.numbers(&[1, constants.len()], &constants);
            self.put("Add", &[&sums, &constants], out, &[]);
        } else {
            self.nodes.push(trees::old(trees, &grown, &constants, of, &sums));
            self.put("Cast", &[&sums], out, &[("to", Attribute::Int(DOUBLE))]);
        }
    }

    /// The outputs, described.
    fn answer(&mut self, answer: Value, card: &ModelCard) -> Result<Vec<Message>> {
        let (said, shares) = (format!("{}_predicted", card.target), format!("{}_probability", card.target));
        if let Some((name, _)) = self.inputs.iter().find(|i| i.0 == said || i.0 == shares) {
            return Err(Error::model(format!("column '{name}'"))
                .rule("the ONNX model has an output of that name")
                .hint("name the target otherwise"));
        }
        let from = self.names[answer.0].clone();
        if card.classes.is_empty() {
            self.put("Identity", &[&from], &said, &[]);
            return Ok(vec![described(&said, DOUBLE, Some(1), &card.unit)]);
        }
        self.put("Identity", &[&from], &shares, &[]);
        let names = self.fresh();
        self.initial.push(texts(&names, card.classes.iter().map(String::as_str)));
        let none = self.fresh();
        self.initial.push(texts(&none, [""].into_iter()));
        let place = self.make("ArgMax", &[&from], &[("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(0))]);
        let label = self.make("Gather", &[&names, &place], &[("axis", Attribute::Int(0))]);
        // No answer where the probabilities are missing.
        let axis = self.whole(&[1]);
        let total = self.make("ReduceSum", &[&from, &axis], &[("keepdims", Attribute::Int(0))]);
        let gap = self.make("IsNaN", &[&total], &[]);
        self.put("Where", &[&gap, &none, &label], &said, &[]);
        let words = format!("probabilities of {}", card.classes.join(", "));
        Ok(vec![described(&said, TEXT, None, "the most probable class"), described(&shares, DOUBLE, Some(card.classes.len()), &words)])
    }
}
