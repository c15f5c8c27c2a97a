//! Cubes written as NetCDF, CF-1.11: 64-bit offset files, or CDF-5 where a variable is too large for them.
//!
//! The layout is that of the NetCDF classic format specification: a header, then each variable in turn, big-endian, padded to four
//! bytes. Values stream through block by block, so that memory does not grow with the cube.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use esker_core::cube::{Attribute, Attributes, Axis, Holds, Labels, Window};
use esker_core::{Cube, Error, Result};

use crate::cf::Encoder;
use crate::file::{refused_write, replace_seekable};

/// Cells in memory at once.
const SLAB: usize = 1 << 20;
/// Bytes of a variable that 64-bit offset files can hold.
const CDF2_MOST: u64 = (1 << 31) - 4;
/// Longest text that is written in full.
const LONGEST_TEXT: usize = 1 << 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Char = 2,
    Int = 4,
    Float = 5,
    Double = 6,
}

impl Type {
    fn size(self) -> u64 {
        match self {
            Self::Char => 1,
            Self::Int | Self::Float => 4,
            Self::Double => 8,
        }
    }
}

/// Where the values of a written variable come from.
enum From {
    Numbers(Vec<f64>),
    Texts(Vec<String>, usize),
    Variable(usize),
    VariableTexts(usize, usize),
}

struct Out {
    name: String,
    dimensions: Vec<usize>,
    attributes: Attributes,
    kind: Type,
    from: From,
}

/// Everything the header says.
struct Plan {
    dimensions: Vec<(String, usize)>,
    variables: Vec<Out>,
    attributes: Attributes,
}

/// Writes variables of a cube as NetCDF. Numbers are `float` where single precision holds them, else `double`; missing ones are NaN, and
/// `_FillValue` says so. Times become days since 1970-01-01 of their calendar. `history` is put before the history the file had.
///
/// # Errors
/// The cube cannot be read, or the disk refuses; what was there before stays.
pub fn write_netcdf(path: &Path, cube: &Cube, variables: &[usize], history: &str) -> Result<()> {
    let plan = Plan::of(cube, variables, history)?;
    let large = plan.variables.iter().any(|v| plan.bytes(v) > CDF2_MOST);
    replace_seekable(path, |file| {
        let header = plan.header(large);
        let refused = |e: std::io::Error| refused_write(path, &e);
        file.write_all(&header).map_err(refused)?;
        let mut begin = header.len() as u64;
        for out in &plan.variables {
            plan.values(cube, out, &mut |start, bytes| {
                file.seek(SeekFrom::Start(begin + start)).and_then(|_| file.write_all(bytes)).map_err(refused)
            })?;
            begin += plan.bytes(out) + padding(plan.bytes(out)) as u64;
        }
        // The padding behind the last variable.
        file.set_len(begin).map_err(refused)
    })
}

/// Values on their way to the file.
enum Slab<'a> {
    Numbers(&'a [f64]),
    Texts(&'a [String], usize),
}

impl Slab<'_> {
    fn put(&self, kind: Type, out: &mut Vec<u8>) {
        match self {
            Self::Numbers(values) => match kind {
                Type::Float => values.iter().for_each(|&v| out.extend((v as f32).to_be_bytes())),
                Type::Int => values.iter().for_each(|&v| out.extend((v as i32).to_be_bytes())),
                _ => values.iter().for_each(|v| out.extend(v.to_be_bytes())),
            },
            Self::Texts(texts, width) => {
                for text in *texts {
                    let end = (0..=(*width).min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
                    let bytes = &text.as_bytes()[..end];
                    out.extend_from_slice(bytes);
                    out.resize(out.len() + width - bytes.len(), 0);
                }
            }
        }
    }
}

impl Plan {
    fn of(cube: &Cube, variables: &[usize], history: &str) -> Result<Self> {
        let mapping = if cube.axes().iter().any(|a| a.name == "crs") { "spatial_ref" } else { "crs" };
        let encoder = Encoder::of(cube, variables, mapping, plain)?;
        let mut plan = Self { dimensions: Vec::new(), variables: Vec::new(), attributes: encoder.global(Some(history)) };
        let axes = cube.axes_of(&encoder.variables);
        for &a in &axes {
            plan.dimensions.push((plain(&cube.axes()[a].name), cube.axes()[a].len));
        }
        for (at, &a) in axes.iter().enumerate() {
            plan.axis(&encoder, &cube.axes()[a], at);
        }
        if let Some((name, attributes)) = encoder.mapping()? {
            plan.variables.push(Out { name, dimensions: Vec::new(), attributes, kind: Type::Int, from: From::Numbers(vec![0.0]) });
        }
        for &v in &encoder.variables {
            let place = |a: &usize| axes.iter().position(|b| b == a);
            plan.variable(cube, v, cube.variables()[v].axes.iter().filter_map(place).collect(), encoder.variable(v))?;
        }
        plan.unique()
    }

    /// A variable of the cube, with its attributes.
    fn variable(&mut self, cube: &Cube, v: usize, dimensions: Vec<usize>, mut attributes: Attributes) -> Result<()> {
        let variable = &cube.variables()[v];
        let name = plain(&variable.name);
        let out = match variable.holds {
            Holds::Numbers => {
                let kind = if variable.is_single() { Type::Float } else { Type::Double };
                attributes.set("_FillValue", Attribute::Numbers(vec![f64::NAN]));
                Out { name, dimensions, attributes, kind, from: From::Variable(v) }
            }
            Holds::Texts => {
                let mut width = 1;
                for slab in Window::whole(&cube.shape(v)).slabs(&variable.chunk, SLAB) {
                    width = cube.read_texts(v, &slab)?.iter().map(String::len).fold(width, usize::max);
                }
                let width = width.min(LONGEST_TEXT);
                let text = self.text_dimension(width);
                Out {
                    name,
                    dimensions: [dimensions, vec![text]].concat(),
                    attributes,
                    kind: Type::Char,
                    from: From::VariableTexts(v, width),
                }
            }
        };
        self.variables.push(out);
        Ok(())
    }

    /// Names must stay apart after they were made plain.
    fn unique(self) -> Result<Self> {
        for (i, v) in self.variables.iter().enumerate() {
            if self.variables[..i].iter().any(|w| w.name == v.name) {
                return Err(Error::data(format!("variable '{}'", v.name))
                    .got("the name twice")
                    .rule("a NetCDF file without groups has it once")
                    .hint("choose the variables to write"));
            }
        }
        Ok(self)
    }

    fn text_dimension(&mut self, width: usize) -> usize {
        let name = format!("string{width}");
        self.dimensions.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
            self.dimensions.push((name, width));
            self.dimensions.len() - 1
        })
    }

    /// The coordinate variable of an axis, and its bounds.
    fn axis(&mut self, encoder: &Encoder<'_>, axis: &Axis, dimension: usize) {
        let Some(labels) = &axis.labels else { return };
        let from = match labels {
            Labels::Real(v) | Labels::Time { days: v, .. } => From::Numbers(v.clone()),
            Labels::Text(v) => From::Texts(v.clone(), v.iter().map(String::len).fold(1, usize::max).min(LONGEST_TEXT)),
        };
        let mut dimensions = vec![dimension];
        let mut kind = Type::Double;
        if let From::Texts(_, width) = &from {
            dimensions.push(self.text_dimension(*width));
            kind = Type::Char;
        }
        if let Some(bounds) = &axis.bounds {
            let both = self.dimensions.iter().position(|(n, _)| n == "bnds").unwrap_or_else(|| {
                self.dimensions.push(("bnds".into(), 2));
                self.dimensions.len() - 1
            });
            let values = bounds.iter().flatten().copied().collect();
            self.variables.push(Out {
                name: encoder.bounds(axis),
                dimensions: vec![dimension, both],
                attributes: Attributes::default(),
                kind: Type::Double,
                from: From::Numbers(values),
            });
        }
        self.variables.push(Out { name: plain(&axis.name), dimensions, attributes: encoder.axis(axis, "days"), kind, from });
    }

    fn bytes(&self, out: &Out) -> u64 {
        out.dimensions.iter().map(|&d| self.dimensions[d].1 as u64).product::<u64>() * out.kind.size()
    }

    /// Hands the bytes of a variable over, each with its place counted from the variable's first byte. A cube is read block by block, in
    /// whatever order that takes.
    fn values(&self, cube: &Cube, out: &Out, take: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        let mut bytes = Vec::new();
        let (variable, width) = match &out.from {
            From::Numbers(values) => {
                Slab::Numbers(values).put(out.kind, &mut bytes);
                return take(0, &bytes);
            }
            From::Texts(texts, width) => {
                Slab::Texts(texts, *width).put(out.kind, &mut bytes);
                return take(0, &bytes);
            }
            From::Variable(v) => (*v, out.kind.size() as usize),
            From::VariableTexts(v, width) => (*v, *width),
        };
        let shape = cube.shape(variable);
        for piece in Window::whole(&shape).pieces(&cube.variables()[variable].chunk, SLAB) {
            bytes.clear();
            match out.from {
                From::VariableTexts(..) => Slab::Texts(&cube.read_texts(variable, &piece)?, width).put(out.kind, &mut bytes),
                _ => Slab::Numbers(&cube.read(variable, &piece)?).put(out.kind, &mut bytes),
            }
            let (length, starts) = piece.stretches(&shape);
            for (run, start) in bytes.chunks((length * width).max(1)).zip(starts) {
                take((start * width) as u64, run)?;
            }
        }
        Ok(())
    }

    fn header(&self, large: bool) -> Vec<u8> {
        // Written twice: the first time tells where the values begin.
        let length = self.header_from(large, 0).len() as u64;
        self.header_from(large, length)
    }

    fn header_from(&self, large: bool, start: u64) -> Vec<u8> {
        let mut h = Header { bytes: Vec::new(), large };
        h.bytes.extend([b'C', b'D', b'F', if large { 5 } else { 2 }]);
        h.count(0);
        h.list(0x0A, self.dimensions.len());
        for (name, length) in &self.dimensions {
            h.name(name);
            h.count(*length as u64);
        }
        h.attributes(&self.attributes, Type::Double);
        h.list(0x0B, self.variables.len());
        let mut begin = start;
        for v in &self.variables {
            h.name(&v.name);
            h.count(v.dimensions.len() as u64);
            v.dimensions.iter().for_each(|&d| h.count(d as u64));
            h.attributes(&v.attributes, v.kind);
            h.bytes.extend((v.kind as u32).to_be_bytes());
            let bytes = self.bytes(v);
            let padded = bytes + padding(bytes) as u64;
            h.count(padded);
            h.bytes.extend(begin.to_be_bytes());
            begin += padded;
        }
        h.bytes
    }
}

/// Bytes to the next multiple of four.
fn padding(bytes: u64) -> usize {
    (bytes.wrapping_neg() % 4) as usize
}

/// A header as it grows.
struct Header {
    bytes: Vec<u8>,
    large: bool,
}

impl Header {
    fn count(&mut self, n: u64) {
        if self.large {
            self.bytes.extend(n.to_be_bytes());
        } else {
            self.bytes.extend((n as u32).to_be_bytes());
        }
    }

    fn list(&mut self, tag: u32, len: usize) {
        self.bytes.extend((if len == 0 { 0 } else { tag }).to_be_bytes());
        self.count(len as u64);
    }

    fn name(&mut self, name: &str) {
        self.count(name.len() as u64);
        self.padded(name.as_bytes());
    }

    fn padded(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len() + padding(bytes.len() as u64), 0);
    }

    /// `of` is the type of the variable: its fill value and its flags have the same.
    fn attributes(&mut self, attributes: &Attributes, of: Type) {
        self.list(0x0C, attributes.0.len());
        for (name, value) in &attributes.0 {
            self.name(name);
            match value {
                Attribute::Text(text) => {
                    self.bytes.extend((Type::Char as u32).to_be_bytes());
                    self.count(text.len() as u64);
                    self.padded(text.as_bytes());
                }
                Attribute::Numbers(numbers) => {
                    let typed = ["_FillValue", "flag_values", "flag_masks"].contains(&name.as_str());
                    let whole = numbers.iter().all(|v| v.fract() == 0.0 && v.abs() < 2e9);
                    let kind = if typed {
                        of
                    } else if whole {
                        Type::Int
                    } else {
                        Type::Double
                    };
                    self.bytes.extend((kind as u32).to_be_bytes());
                    self.count(numbers.len() as u64);
                    let mut values = Vec::new();
                    Slab::Numbers(numbers).put(kind, &mut values);
                    self.padded(&values);
                }
            }
        }
    }
}

/// A name that NetCDF allows: groups become part of it. CF would rather see letters, digits and underscores alone, but a column that comes
/// back under another name is worse.
fn plain(name: &str) -> String {
    let mut out: String = name.trim_matches('/').chars().map(|c| if c == '/' || c.is_control() { '_' } else { c }).collect();
    if !out.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        out.insert(0, '_');
    }
    out.trim_end().to_owned()
}
