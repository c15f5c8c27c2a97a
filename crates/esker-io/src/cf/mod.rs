//! CF conventions: from variables as a file stores them to a cube as it is meant.
//!
//! NetCDF and Zarr both end here. A reader hands over dimensions, variables with their raw attributes, and a way to fetch raw numbers;
//! [`decode`] finds axes, times, units, masks, scaling and the CRS, and says in notes what it decided. Writers take their attributes from an
//! [`Encoder`].

mod axes;
mod checks;
mod encode;
mod grid;
mod labels;
mod packing;
mod roles;
mod time;

use std::sync::Arc;

use esker_core::cube::{Attributes, Blocks, Holds, Variable, Window};
use esker_core::{Cube, Error, Note, Result, Unit};
use rayon::prelude::*;

pub(crate) use encode::Encoder;
use labels::{Build, unit_text};
use packing::Packing;
use roles::Role;
use time::TimeUnit;

/// What a variable is stored as; fill values are compared in this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Int { bits: u8, signed: bool },
    Float32,
    Float64,
    Text,
}

/// A variable as the file has it.
#[derive(Debug, Clone)]
pub(crate) struct RawVariable {
    /// The name, `/group/name` inside groups.
    pub name: String,
    /// Places in [`RawFile::dimensions`], slowest first. An array of characters has lost its last one and is text.
    pub dimensions: Vec<usize>,
    pub stored: Stored,
    /// How it is stored, for people: `int16, deflate`.
    pub storage: String,
    pub attributes: Attributes,
    /// Lengths of storage blocks, one a dimension.
    pub chunk: Vec<usize>,
}

/// What a reader does to numbers as soon as it has them.
pub(crate) type Finish<'a> = &'a (dyn Fn(&mut [f64]) + Sync);

/// Fetches numbers and texts as they are stored.
pub(crate) trait RawBlocks: Send + Sync {
    /// Numbers of a window as `f64`, neither scaled nor masked.
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>>;
    /// The same, each piece passed through `finish` as soon as it is there.
    fn read_finished(&self, variable: usize, window: &Window, finish: Finish<'_>) -> Result<Vec<f64>> {
        let mut values = self.read(variable, window)?;
        values.par_chunks_mut(1 << 16).for_each(finish);
        Ok(values)
    }
    /// Texts of a window, trailing NULs and blanks cut.
    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>>;
}

/// A file before its conventions are understood.
pub(crate) struct RawFile {
    /// Name and length; `/group/name` inside groups.
    pub dimensions: Vec<(String, usize)>,
    pub variables: Vec<RawVariable>,
    pub attributes: Attributes,
    /// Whether cells that were never written hold NetCDF's default fill values, as in NetCDF itself.
    pub default_fills: bool,
    pub blocks: Arc<dyn RawBlocks>,
}

/// The cube that a file means.
///
/// # Errors
/// A file whose conventions contradict themselves, or coordinates that cannot be read.
pub(crate) fn decode(raw: RawFile) -> Result<Cube> {
    check(&raw)?;
    let mut notes = Vec::new();
    let mut roles = roles::roles(&raw);
    let (packings, odd): (Vec<Packing>, Vec<_>) = raw.variables.iter().map(|v| Packing::of(v, raw.default_fills)).unzip();
    let (axes, used) = Build::new(&raw, &mut roles, &packings, &mut notes).axes()?;
    let placed = grid::placing(&raw, &roles);
    let crs = grid::crs(&raw, &roles, &axes, placed.is_some(), &mut notes);
    checks::axes(&axes, crs.as_ref().is_some_and(esker_core::Crs::is_degrees), &mut notes);
    let kept: Vec<usize> = (0..raw.variables.len()).filter(|v| !used.contains(v)).collect();
    packing_notes(&raw, &packings, odd, &mut notes);

    // Axes that only bounds and texts needed are gone.
    let wanted: Vec<usize> =
        (0..axes.len()).filter(|d| axes[*d].labels.is_some() || kept.iter().any(|&v| raw.variables[v].dimensions.contains(d))).collect();
    let place_of = |d: &usize| wanted.iter().position(|w| w == d);
    let (mut variables, mut times) = (Vec::new(), Vec::new());
    for &v in &kept {
        let auxiliary = roles[v] != Role::Data || placed.is_some_and(|(x, y)| v == x || v == y);
        let mut decoded = variable(&raw.variables[v], auxiliary, packings[v].scales(), &place_of);
        let time = moments(&raw.variables[v]);
        if time.is_some() {
            decoded.unit = Unit::new("days since 1970-01-01");
            decoded.attributes.0.retain(|(n, _)| n != "calendar");
        }
        times.push(time);
        variables.push(decoded);
    }
    without_unit(&variables, &mut notes);
    let names = placed.map(|(x, y)| (raw.variables[x].name.clone(), raw.variables[y].name.clone()));
    let mut axes: Vec<_> = axes.into_iter().map(Some).collect();
    let axes = wanted.iter().filter_map(|&d| axes[d].take()).collect();
    let stores = kept.iter().zip(times).map(|(&variable, time)| Stores { variable, packing: packings[variable].clone(), time });
    let blocks = Decoded { raw: raw.blocks, variables: stores.collect() };
    let mut cube = Cube::new(axes, variables, Arc::new(blocks))?;
    (cube.attributes, cube.crs, cube.places, cube.notes) = (raw.attributes, crs, names, notes);
    Ok(cube)
}

/// The unit of a variable of moments, where it can be decoded.
fn moments(raw: &RawVariable) -> Option<TimeUnit> {
    if raw.stored == Stored::Text {
        return None;
    }
    TimeUnit::parse(raw.attributes.text("units")?, raw.attributes.text("calendar"))?.ok()
}

/// Readers hand over what fits together; files that only seem to are refused here.
fn check(raw: &RawFile) -> Result<()> {
    for v in &raw.variables {
        if v.dimensions.iter().any(|&d| d >= raw.dimensions.len()) || v.chunk.len() != v.dimensions.len() {
            return Err(Error::data(format!("variable '{}'", v.name)).rule("its dimensions and blocks are those of the file"));
        }
    }
    Ok(())
}

fn variable(raw: &RawVariable, auxiliary: bool, scaled: bool, place_of: &dyn Fn(&usize) -> Option<usize>) -> Variable {
    let gone = |n: &str| packing::USED.contains(&n) || n == "units";
    let attributes = Attributes(raw.attributes.0.iter().filter(|(n, _)| !gone(n)).cloned().collect());
    let storage = match raw.storage.split_once(", ") {
        Some((kind, rest)) if scaled => format!("{kind}, scaled, {rest}"),
        None if scaled => format!("{}, scaled", raw.storage),
        _ => raw.storage.clone(),
    };
    Variable {
        name: raw.name.clone(),
        unit: Unit::new(unit_text(&raw.attributes)),
        axes: raw.dimensions.iter().filter_map(place_of).collect(),
        chunk: raw.chunk.clone(),
        holds: if raw.stored == Stored::Text { Holds::Texts } else { Holds::Numbers },
        stored: storage,
        attributes,
        auxiliary,
    }
}

fn packing_notes(raw: &RawFile, packings: &[Packing], odd: Vec<Vec<packing::Oddity>>, notes: &mut Vec<Note>) {
    let named = raw.variables.iter().zip(odd).flat_map(|(v, odd)| odd.into_iter().map(|o| (v.name.clone(), o)));
    let ranges = raw.variables.iter().zip(packings).filter(|(_, p)| p.has_range()).map(|(v, _)| v.name.clone());
    checks::packing(&named.collect::<Vec<_>>(), &ranges.collect::<Vec<_>>(), notes);
}

fn without_unit(variables: &[Variable], notes: &mut Vec<Note>) {
    let bare = variables.iter().filter(|v| !v.auxiliary && v.holds == Holds::Numbers && v.unit.is_empty());
    let names: Vec<&str> = bare.map(|v| v.name.as_str()).collect();
    if !names.is_empty() {
        notes.push(Note::warning("no-unit", format!("no unit is stated for {}", checks::listed(&names))));
    }
}

/// Stored numbers turned into values as they are read.
struct Decoded {
    raw: Arc<dyn RawBlocks>,
    variables: Vec<Stores>,
}

/// A variable of the file, and how its stored numbers become values.
struct Stores {
    variable: usize,
    packing: Packing,
    /// Moments along other axes than time become days since 1970-01-01.
    time: Option<TimeUnit>,
}

impl Blocks for Decoded {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let Stores { variable, packing, time } = &self.variables[variable];
        self.raw.read_finished(*variable, window, &|values| {
            packing.apply(values);
            if let Some(time) = time {
                values.iter_mut().for_each(|v| *v = time.calendar.to_proleptic(time.days(*v)));
            }
        })
    }

    fn read_texts(&self, variable: usize, window: &Window) -> Result<Vec<String>> {
        self.raw.read_texts(self.variables[variable].variable, window)
    }
}
