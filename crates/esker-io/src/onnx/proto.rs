//! Protocol buffers, as far as ONNX needs them: fields of whole numbers, texts, bytes and messages.
//!
//! Field numbers are those of `onnx.proto` (ONNX 1.16, intermediate representation 10).

/// A message under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// An empty message.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.0.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.0.push(v as u8);
    }

    /// A whole number.
    pub(super) fn int(mut self, field: u32, v: i64) -> Self {
        self.varint(u64::from(field) << 3);
        self.varint(v as u64);
        self
    }

    /// Bytes, a text or a message.
    pub(super) fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A text.
    pub(super) fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    /// A message within.
    pub(super) fn message(self, field: u32, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// Whole numbers, packed.
    pub(super) fn ints(self, field: u32, values: impl IntoIterator<Item = i64>) -> Self {
        let mut packed = Self::new();
        values.into_iter().for_each(|v| packed.varint(v as u64));
        self.message(field, &packed)
    }
}

/// A tensor of double precision.
pub(super) fn doubles(name: &str, dims: &[usize], values: &[f64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, dims, 11).bytes(9, &raw)
}

/// A tensor of 64-bit whole numbers.
pub(super) fn longs(name: &str, values: &[i64]) -> Message {
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    tensor(name, &[values.len()], 7).bytes(9, &raw)
}

/// A tensor of bytes.
pub(super) fn octets(name: &str, values: &[u8]) -> Message {
    tensor(name, &[values.len()], 2).bytes(9, values)
}

/// A tensor of texts.
pub(super) fn texts<'a>(name: &str, values: impl ExactSizeIterator<Item = &'a str>) -> Message {
    let dims = [values.len()];
    values.fold(tensor(name, &dims, 8), |tensor, text| tensor.text(6, text))
}

fn tensor(name: &str, dims: &[usize], kind: i64) -> Message {
    Message::new().ints(1, dims.iter().map(|d| *d as i64)).int(2, kind).text(8, name)
}

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// A tensor.
    Tensor(Message),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Texts.
    Texts(Vec<&'a str>),
}

impl Attribute<'_> {
    fn message(&self, name: &str) -> Message {
        let m = Message::new().text(1, name);
        match self {
            Self::Int(v) => m.int(3, *v).int(20, 2),
            Self::Text(s) => m.text(4, s).int(20, 3),
            Self::Tensor(t) => m.message(5, t).int(20, 4),
            Self::Ints(v) => m.ints(8, v.iter().copied()).int(20, 7),
            Self::Texts(v) => v.iter().fold(m, |m, s| m.text(9, s)).int(20, 8),
        }
    }
}

/// A node: an operator with inputs, outputs and attributes.
pub(super) fn node(domain: &str, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, Attribute)]) -> Message {
    let m = inputs.iter().fold(Message::new(), |m, input| m.text(1, input)).text(2, output).text(4, operator);
    attributes.iter().fold(m, |m, (name, a)| m.message(5, &a.message(name))).text(7, domain)
}

/// An input or output: a name, a kind of element, a number of columns (one dimension where there is none), and words about it.
pub(super) fn described(name: &str, kind: i64, columns: Option<usize>, words: &str) -> Message {
    let mut shape = Message::new().message(1, &Message::new().text(2, "rows"));
    if let Some(columns) = columns {
        shape = shape.message(1, &Message::new().int(1, columns as i64));
    }
    let tensor = Message::new().int(1, kind).message(2, &shape);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor)).text(3, words)
}
