//! The metadata of a NetCDF file as the CF decoder takes it: dimensions, variables and attributes of all groups in one list.

use std::collections::HashSet;
use std::sync::Arc;

use esker_core::cube::{Attribute, Attributes};
use esker_core::{Error, Note, Result};
use hdf5_reader::{ByteOrder, Datatype, Hdf5File, StringSize};
use netcdf_reader::classic::data::compute_record_stride;
use netcdf_reader::{NcAttrValue, NcAttribute, NcDimension, NcFile, NcGroup, NcType, NcVariable};

use super::convert::{Kind, Number};
use super::source::{Hdf, Layout, Source, strides};
use crate::cf::{RawVariable, Stored};
use crate::names::Taken;

/// Most groups of a file, and how deep they lie.
const MOST_GROUPS: usize = 10_000;
const DEEPEST: usize = 64;
/// Bytes a block of an unchunked variable is read in.
const BLOCK: usize = 1 << 20;

/// What the elements of a variable are.
#[derive(Debug, Clone)]
pub(super) enum Element {
    /// Numbers.
    Number(Number),
    /// Characters; the last axis is their count.
    Characters,
    /// Texts of a fixed number of bytes.
    Fixed,
    /// References to texts elsewhere in the file.
    References,
}

/// A variable and where its values are.
pub(super) struct Entry {
    pub element: Element,
    pub source: Source,
}

/// Everything but the values.
pub(super) struct Tree {
    pub dimensions: Vec<(String, usize)>,
    pub variables: Vec<RawVariable>,
    pub attributes: Attributes,
    pub entries: Vec<Entry>,
    pub notes: Vec<Note>,
    skipped: Vec<String>,
    /// Names of the dimensions.
    names: Taken,
}

/// A dimension that is visible in a group: its place in the list.
#[derive(Clone)]
struct Visible {
    dimension: NcDimension,
    place: usize,
}

/// Refuses groups that contain themselves or lie too deep, which the library would follow without end.
pub(super) fn check_groups(file: &Hdf5File) -> Result<()> {
    let bad = |got: String| Error::data("groups of the file").got(got).rule("groups form a tree of at most 10000, 64 deep");
    let mut seen = HashSet::new();
    let mut open = vec![(file.root_group().map_err(super::refused)?, 0)];
    while let Some((group, depth)) = open.pop() {
        if !seen.insert(group.address()) {
            return Err(bad("a group that is linked twice".into()));
        }
        if depth > DEEPEST || seen.len() > MOST_GROUPS {
            return Err(bad(format!("more than {} groups, {depth} deep", seen.len() - 1)));
        }
        open.extend(group.groups().map_err(super::refused)?.into_iter().map(|g| (g, depth + 1)));
    }
    Ok(())
}

impl Tree {
    /// The metadata of a file; `hdf5` is the same file as HDF5 where it is one.
    pub fn of(file: &NcFile, hdf5: Option<&Hdf5File>) -> Result<Self> {
        let root = file.root_group().map_err(super::refused_netcdf)?;
        let mut tree = Self {
            dimensions: Vec::new(),
            variables: Vec::new(),
            attributes: attributes(&root.attributes),
            entries: Vec::new(),
            notes: Vec::new(),
            skipped: Vec::new(),
            names: Taken::default(),
        };
        let stride = if hdf5.is_none() { compute_record_stride(&root.variables).map_err(super::refused_netcdf)? } else { 0 };
        tree.group(root, "", &[], &Context { hdf5, stride })?;
        if !tree.skipped.is_empty() {
            tree.notes.push(Note::warning("skipped-variables", format!("not read: {}", tree.skipped.join("; "))));
        }
        Ok(tree)
    }

    fn group(&mut self, group: &NcGroup, path: &str, above: &[Visible], context: &Context<'_>) -> Result<()> {
        let name = |leaf: &str| if path.is_empty() { leaf.to_owned() } else { format!("{path}/{leaf}") };
        let mut visible: Vec<Visible> = Vec::new();
        for dimension in &group.dimensions {
            let inherited = above.iter().find(|v| v.dimension == *dimension && !context.declares(&name(&dimension.name)));
            let place = match inherited {
                Some(v) => v.place,
                None => self.dimension(name(&dimension.name), dimension.size),
            };
            visible.push(Visible { dimension: dimension.clone(), place });
        }
        for variable in &group.variables {
            match self.variable(variable, name(&variable.name), &mut visible, path, context) {
                Ok((raw, entry)) => {
                    self.variables.push(raw);
                    self.entries.push(entry);
                }
                Err(why) => self.skipped.push(why.to_string()),
            }
        }
        for child in &group.groups {
            let below = format!("{path}/{}", child.name);
            for (key, value) in attributes(&child.attributes).0 {
                self.attributes.set(format!("{below}/{key}"), value);
            }
            self.group(child, &below, &visible, context)?;
        }
        Ok(())
    }

    fn dimension(&mut self, name: String, size: u64) -> usize {
        // Files that are not NetCDF name axes by their length, so that one name may have two lengths.
        let unique = if self.names.is_taken(&name) { self.names.unique(&format!("{name}_")) } else { self.names.unique(&name) };
        self.dimensions.push((unique, usize::try_from(size).unwrap_or(usize::MAX)));
        self.dimensions.len() - 1
    }

    fn variable(
        &mut self,
        variable: &NcVariable,
        name: String,
        visible: &mut Vec<Visible>,
        path: &str,
        context: &Context<'_>,
    ) -> Result<(RawVariable, Entry)> {
        let shape: Vec<usize> = variable.dimensions.iter().map(|d| usize::try_from(d.size).unwrap_or(usize::MAX)).collect();
        let described = match context.hdf5 {
            Some(file) => from_hdf5(file, variable, &name, shape)?,
            None => from_classic(variable, &name, shape, context.stride)?,
        };
        let mut dimensions = Vec::new();
        for d in &variable.dimensions {
            let same = |v: &&Visible| v.dimension.name == d.name && v.dimension.size == d.size;
            let place = match visible.iter().find(same) {
                Some(v) => v.place,
                None => {
                    let leaf = if path.is_empty() { d.name.clone() } else { format!("{path}/{}", d.name) };
                    let place = self.dimension(leaf, d.size);
                    visible.push(Visible { dimension: d.clone(), place });
                    place
                }
            };
            dimensions.push(place);
        }
        let (entry, stored, storage, mut chunk) = described;
        if matches!(entry.element, Element::Characters) {
            dimensions.pop();
            chunk.pop();
        }
        Ok((RawVariable { name, dimensions, stored, storage, attributes: attributes(&variable.attributes), chunk }, entry))
    }
}

struct Context<'a> {
    hdf5: Option<&'a Hdf5File>,
    /// Bytes from one record to the next of a classic file.
    stride: u64,
}

impl Context<'_> {
    /// Whether a group of HDF5 declares a dimension itself although one above has the same name and length.
    fn declares(&self, path: &str) -> bool {
        let dataset = self.hdf5.and_then(|f| f.dataset(path.trim_start_matches('/')).ok());
        let class = dataset.and_then(|d| d.attribute("CLASS").ok()).and_then(|a| a.read_string().ok());
        path.contains('/') && class.is_some_and(|c| c == "DIMENSION_SCALE")
    }
}

type Described = (Entry, Stored, String, Vec<usize>);

fn from_hdf5(file: &Hdf5File, variable: &NcVariable, name: &str, shape: Vec<usize>) -> Result<Described> {
    let header = file.get_or_parse_header(variable.data_offset).map_err(super::refused)?;
    let described = Source::hdf5(name, Hdf::of(file), &Arc::clone(&header), shape.clone())?;
    let source = described.source;
    let strange = || {
        Error::data(format!("variable '{name}'")).got(format!("the type {}", type_name(&variable.dtype))).rule("numbers and texts are read")
    };
    let (element, stored) = match base(&described.datatype) {
        Datatype::FixedPoint { size, signed, byte_order } => {
            let kind = integer(*size, *signed).ok_or_else(strange)?;
            (Element::Number(Number { kind, big: is_big(*byte_order) }), Stored::Int { bits: size * 8, signed: *signed })
        }
        Datatype::FloatingPoint { size: 4, byte_order } => {
            (Element::Number(Number { kind: Kind::F32, big: is_big(*byte_order) }), Stored::Float32)
        }
        Datatype::FloatingPoint { size: 8, byte_order } => {
            (Element::Number(Number { kind: Kind::F64, big: is_big(*byte_order) }), Stored::Float64)
        }
        Datatype::String { size: StringSize::Fixed(1), .. } if !shape.is_empty() => (Element::Characters, Stored::Text),
        Datatype::String { size: StringSize::Fixed(_), .. } => (Element::Fixed, Stored::Text),
        Datatype::String { .. } => (Element::References, Stored::Text),
        Datatype::VarLen { base, kind: hdf5_reader::VarLenKind::String, .. } if base.is_vlen_string_base() => {
            (Element::References, Stored::Text)
        }
        _ => return Err(strange()),
    };
    let chunk = described.chunk.unwrap_or_else(|| block(&shape, source.size));
    let storage = storage_text(&stored, &described.filters);
    Ok((Entry { element, source }, stored, storage, chunk.iter().zip(&shape).map(|(&c, &n)| c.min(n).max(1)).collect()))
}

fn from_classic(variable: &NcVariable, name: &str, shape: Vec<usize>, stride: u64) -> Result<Described> {
    let number = |kind, stored| (Element::Number(Number { kind, big: true }), stored);
    let int = |bits, signed| Stored::Int { bits, signed };
    let (element, stored) = match variable.dtype {
        NcType::Byte => number(Kind::I8, int(8, true)),
        NcType::UByte => number(Kind::U8, int(8, false)),
        NcType::Short => number(Kind::I16, int(16, true)),
        NcType::UShort => number(Kind::U16, int(16, false)),
        NcType::Int => number(Kind::I32, int(32, true)),
        NcType::UInt => number(Kind::U32, int(32, false)),
        NcType::Int64 => number(Kind::I64, int(64, true)),
        NcType::UInt64 => number(Kind::U64, int(64, false)),
        NcType::Float => number(Kind::F32, Stored::Float32),
        NcType::Double => number(Kind::F64, Stored::Float64),
        NcType::Char if shape.is_empty() => (Element::Fixed, Stored::Text),
        NcType::Char => (Element::Characters, Stored::Text),
        _ => return Err(Error::data(format!("variable '{name}'")).rule("a classic file has numbers and characters only")),
    };
    let size = match &element {
        Element::Number(n) => n.size(),
        _ => 1,
    };
    let mut steps = strides(&shape, size).ok_or_else(|| Error::data(format!("variable '{name}'")).rule("it is too long"))?;
    let mut chunk = block(&shape, size);
    if let (true, Some(first)) = (variable.is_record_var, steps.first_mut()) {
        *first = stride;
        if chunk.len() > 1 {
            chunk[0] = 1;
        }
    }
    let layout = Layout::Plain { start: variable.data_offset, strides: steps };
    let source = Source { name: name.to_owned(), stored: shape.clone(), shape, size, fill: vec![0; size], layout };
    let storage = storage_text(&stored, "");
    Ok((Entry { element, source }, stored, storage, chunk))
}

/// The number beneath an enumeration.
fn base(datatype: &Datatype) -> &Datatype {
    match datatype {
        Datatype::Enum { base, .. } => base,
        other => other,
    }
}

fn is_big(order: ByteOrder) -> bool {
    matches!(order, ByteOrder::BigEndian)
}

fn integer(size: u8, signed: bool) -> Option<Kind> {
    Some(match (size, signed) {
        (1, true) => Kind::I8,
        (1, false) => Kind::U8,
        (2, true) => Kind::I16,
        (2, false) => Kind::U16,
        (4, true) => Kind::I32,
        (4, false) => Kind::U32,
        (8, true) => Kind::I64,
        (8, false) => Kind::U64,
        _ => return None,
    })
}

fn storage_text(stored: &Stored, filters: &str) -> String {
    let name = match stored {
        Stored::Int { bits, signed: true } => format!("int{bits}"),
        Stored::Int { bits, signed: false } => format!("uint{bits}"),
        Stored::Float32 => "float32".into(),
        Stored::Float64 => "float64".into(),
        Stored::Text => "text".into(),
    };
    if filters.is_empty() { name } else { format!("{name}, {filters}") }
}

fn type_name(dtype: &NcType) -> &'static str {
    match dtype {
        NcType::Compound { .. } => "compound",
        NcType::Opaque { .. } => "opaque",
        NcType::VLen { .. } => "ragged array",
        NcType::Array { .. } => "array",
        _ => "that Esker does not know",
    }
}

/// Blocks of about 1 MiB, whole along the fastest axes.
fn block(shape: &[usize], size: usize) -> Vec<usize> {
    let mut chunk = vec![1; shape.len()];
    let mut bytes = size.max(1);
    for (c, &n) in chunk.iter_mut().zip(shape).rev() {
        *c = n.min(BLOCK / bytes).max(1);
        if *c < n {
            break;
        }
        bytes = bytes.saturating_mul(n.max(1)).min(BLOCK);
    }
    chunk
}

fn attributes(list: &[NcAttribute]) -> Attributes {
    let mut all = Attributes::default();
    for a in list {
        let value = match &a.value {
            NcAttrValue::Chars(t) => Some(Attribute::Text(t.trim_end_matches('\0').to_owned())),
            NcAttrValue::Strings(t) => Some(Attribute::Text(t.join(", "))),
            other => other.as_f64_vec().map(Attribute::Numbers),
        };
        if let Some(value) = value {
            all.set(a.name.clone(), value);
        }
    }
    all
}
