//! Writing Zarr version 3: a folder of zstd chunks with consolidated metadata, as xarray writes and opens it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use esker_core::cube::{Attribute, Attributes, Axis, Holds, Labels, Window};
use esker_core::{Cube, Error, Fault, Result};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::meta::to_base64;
use super::store::MARKS;
use crate::cf::Encoder;
use crate::file::{folder_of, refused_write, sync_folder};

/// Bytes of a chunk that are aimed at, before packing.
const LEAST_CHUNK: usize = 1 << 20;
const MOST_CHUNK: usize = 4 << 20;
/// How hard zstd tries; xarray's choice gives the same ratio for half the speed.
const LEVEL: i32 = 3;
/// The variable that holds the coordinate reference system.
const GRID_MAPPING: &str = "spatial_ref";

/// Writes variables of a cube, with their axes, bounds, places and coordinate reference system, as a Zarr version 3 folder. Blocks are
/// read and written one after another, so that a cube larger than memory can be written. The folder is made beside its place and
/// renamed; a Zarr store of that name is replaced, another folder is kept.
///
/// Numbers are float32 where that loses nothing and the file they came from held float32, else float64; missing ones are NaN. Times are
/// days (hours, seconds) since 1970-01-01 of their calendar.
///
/// # Errors
/// No variable, a name that no folder can have, a folder of something else in the way, a damaged source, or the disk refuses.
pub fn write_zarr(path: &Path, cube: &Cube, variables: &[usize]) -> Result<()> {
    if variables.is_empty() || variables.iter().any(|&v| v >= cube.variables().len()) {
        let rule = format!("at least one, of the {} of the cube", cube.variables().len());
        return Err(Error::data("variables to write").got(format!("{variables:?}")).rule(rule));
    }
    let partial = Partial::beside(path)?;
    let mut writer = Writer { root: partial.folder.clone(), metadata: Vec::new() };
    let attributes = writer.cube(cube, variables)?;
    writer.finish(&attributes)?;
    partial.commit()
}

struct Writer {
    root: PathBuf,
    /// What is consolidated: paths and their metadata, in the order of the cube.
    metadata: Vec<(String, Value)>,
}

/// Cells as they are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cell {
    F32,
    F64,
    I64,
    Text,
}

impl Cell {
    fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::I64 => "int64",
            Self::Text => "string",
        }
    }

    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
            Self::Text => 32,
        }
    }
}

/// An array to write.
struct Plan<'a> {
    path: String,
    names: Vec<String>,
    shape: Vec<usize>,
    chunk: Vec<usize>,
    cell: Cell,
    attributes: &'a Attributes,
}

/// Values of a block.
enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// Why a variable was not written.
enum Stop {
    /// A value that its type cannot hold.
    Narrow,
    Failed(Error),
}

impl Writer {
    fn cube(&mut self, cube: &Cube, variables: &[usize]) -> Result<Attributes> {
        let encoder = Encoder::of(cube, variables, GRID_MAPPING, |n| leaf(n).to_owned())?;
        let mut all = encoder.variables.clone();
        all.sort_unstable();
        all.dedup();
        for &a in &cube.axes_of(&all) {
            self.axis(&encoder, &cube.axes()[a])?;
        }
        for &v in &all {
            self.variable(cube, v, &encoder.variable(v))?;
        }
        if let Some((path, attributes)) = encoder.mapping()? {
            let (names, shape, chunk) = (Vec::new(), Vec::new(), Vec::new());
            let plan = Plan { path, names, shape, chunk, cell: Cell::I64, attributes: &attributes };
            self.array(&plan, |_| Ok(Values::Numbers(vec![0.0])))?;
        }
        Ok(encoder.global(None))
    }

    fn axis(&mut self, encoder: &Encoder<'_>, axis: &Axis) -> Result<()> {
        let Some(labels) = &axis.labels else { return Ok(()) };
        let path = plain(&axis.name)?;
        let name = leaf(&axis.name).to_owned();
        let (cell, unit, steps) = match labels {
            Labels::Real(_) => (Cell::F64, "days", 1.0),
            Labels::Time { days, .. } => clock(days),
            Labels::Text(_) => (Cell::Text, "days", 1.0),
        };
        let attributes = encoder.axis(axis, unit);
        let bare = Attributes::default();
        let plan = |path: String, more: &[(&str, usize)], cell, attributes| {
            let names = std::iter::once(name.clone()).chain(more.iter().map(|m| m.0.to_owned())).collect();
            let shape: Vec<usize> = std::iter::once(axis.len).chain(more.iter().map(|m| m.1)).collect();
            Plan { path, names, chunk: shape.iter().map(|&n| n.max(1)).collect(), shape, cell, attributes }
        };
        self.array(&plan(path.clone(), &[], cell, &attributes), |_| {
            Ok(match labels {
                Labels::Real(v) | Labels::Time { days: v, .. } => Values::Numbers(v.iter().map(|v| v * steps).collect()),
                Labels::Text(texts) => Values::Texts(texts.clone()),
            })
        })?;
        if let Some(bounds) = &axis.bounds {
            let edges: Vec<f64> = bounds.iter().flatten().map(|e| e * steps).collect();
            // Edges may fall between the steps of the labels.
            let whole = cell == Cell::I64 && edges.iter().all(|e| e.fract() == 0.0);
            let cell = if whole { Cell::I64 } else { Cell::F64 };
            self.array(&plan(format!("{path}_bnds"), &[("bnds", 2)], cell, &bare), |_| Ok(Values::Numbers(edges.clone())))?;
        }
        Ok(())
    }

    fn variable(&mut self, cube: &Cube, v: usize, attributes: &Attributes) -> Result<()> {
        let variable = &cube.variables()[v];
        let shape = cube.shape(v);
        let narrow = variable.stored.starts_with("float32") && !variable.stored.contains("scaled");
        let cells: &[Cell] = match variable.holds {
            Holds::Texts => &[Cell::Text],
            Holds::Numbers if narrow => &[Cell::F32, Cell::F64],
            Holds::Numbers => &[Cell::F64],
        };
        for &cell in cells {
            let plan = Plan {
                path: plain(&variable.name)?,
                names: variable.axes.iter().map(|&a| leaf(&cube.axes()[a].name).to_owned()).collect(),
                chunk: chunk(&shape, &variable.chunk, cell.size()),
                shape: shape.clone(),
                cell,
                attributes,
            };
            let read = |window: &Window| match cell {
                Cell::Text => cube.read_texts(v, window).map(Values::Texts),
                _ => cube.read(v, window).map(Values::Numbers),
            };
            match self.try_array(&plan, &read) {
                Ok(()) => return Ok(()),
                // The next type holds every number.
                Err(Stop::Narrow) => {}
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        Err(Error::data(format!("variable '{}'", variable.name)).rule("its values fit no type"))
    }

    fn array(&mut self, plan: &Plan<'_>, read: impl Fn(&Window) -> Result<Values> + Sync) -> Result<()> {
        self.try_array(plan, &read).map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Narrow => Error::data(format!("'{}'", plan.path)).rule("its values fit no whole number"),
        })
    }

    fn try_array(&mut self, plan: &Plan<'_>, read: &(dyn Fn(&Window) -> Result<Values> + Sync)) -> Result<(), Stop> {
        if self.metadata.iter().any(|(p, _)| *p == plan.path) {
            return Err(Stop::Failed(Error::data(format!("'{}'", plan.path)).got("the name twice").rule("names in a store are unique")));
        }
        let folder = self.root.join(&plan.path);
        fs::create_dir_all(&folder).map_err(|e| Stop::Failed(refused_write(&folder, &e)))?;
        let parts = Window::whole(&plan.shape).blocks(&plan.chunk);
        parts.into_par_iter().filter(|p| !p.is_empty()).try_for_each(|part| -> Result<(), Stop> {
            let values = read(&part).map_err(Stop::Failed)?;
            let bytes = packed(plan, &part, &values)?;
            let mut file = folder.join("c");
            for (range, &step) in part.0.iter().zip(&plan.chunk) {
                file.push((range.start / step).to_string());
            }
            let refused = |e: io::Error| Stop::Failed(refused_write(&file, &e));
            fs::create_dir_all(folder_of(&file)).map_err(refused)?;
            fs::write(&file, bytes).map_err(refused)
        })?;
        let meta = array_json(plan);
        self.metadata_file(&plan.path, &meta).map_err(Stop::Failed)?;
        self.metadata.push((plan.path.clone(), meta));
        Ok(())
    }

    fn metadata_file(&self, path: &str, meta: &impl Serialize) -> Result<()> {
        let file = self.root.join(path).join("zarr.json");
        let text = serde_json::to_vec_pretty(meta).map_err(|e| Error::data("Zarr metadata").got(e.to_string()))?;
        fs::write(&file, text).map_err(|e| refused_write(&file, &e))
    }

    /// Metadata of groups and of the whole, which holds all others again.
    fn finish(mut self, attributes: &Attributes) -> Result<()> {
        let mut groups: Vec<String> = Vec::new();
        for (path, _) in &self.metadata {
            let mut group = path.as_str();
            while let Some((up, _)) = group.rsplit_once('/') {
                groups.push(up.to_owned());
                group = up;
            }
        }
        groups.sort();
        groups.dedup();
        for group in groups {
            let meta = json!({"attributes": {}, "zarr_format": 3, "node_type": "group"});
            self.metadata_file(&group, &meta)?;
            self.metadata.push((group, meta));
        }
        let all = Consolidated { kind: "inline", must_understand: false, metadata: InOrder(&self.metadata) };
        let top = Top { attributes: attributes_json(attributes), zarr_format: 3, consolidated_metadata: all, node_type: "group" };
        self.metadata_file("", &top)
    }
}

/// The metadata of a store.
#[derive(Serialize)]
struct Top<'a> {
    attributes: Map<String, Value>,
    zarr_format: u8,
    consolidated_metadata: Consolidated<'a>,
    node_type: &'a str,
}

#[derive(Serialize)]
struct Consolidated<'a> {
    kind: &'a str,
    must_understand: bool,
    metadata: InOrder<'a>,
}

/// Members of an object as they come: readers keep their order.
struct InOrder<'a>(&'a [(String, Value)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(path, meta)| (path, meta)))
    }
}

/// The path of a name in the store.
fn plain(name: &str) -> Result<String> {
    let path = name.trim_start_matches('/');
    let fits = |part: &str| {
        let odd = part.contains(['\\', ':', '\0', '?', '*', '"', '<', '>', '|']) || part.starts_with('.') || part.starts_with("__");
        !part.is_empty() && !odd && part.len() <= 200 && part != "zarr.json" && part != "c"
    };
    if path.split('/').all(fits) {
        return Ok(path.to_owned());
    }
    Err(Error::data(format!("name '{}'", name.escape_debug()))
        .rule("a Zarr store needs names that folders can have")
        .hint("rename it first"))
}

/// A name without its group.
fn leaf(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// How times are written: whole days, hours or seconds where that gives back every day number to the bit, else days.
fn clock(days: &[f64]) -> (Cell, &'static str, f64) {
    for (unit, steps) in [("days", 1.0), ("hours", 24.0), ("seconds", 86_400.0)] {
        let exact = |d: &f64| (d * steps).fract() == 0.0 && (d * steps).abs() < 9e15 && (d * steps) / steps == *d;
        if !days.is_empty() && days.iter().all(exact) {
            return (Cell::I64, unit, steps);
        }
    }
    (Cell::F64, "days", 1.0)
}

/// Chunk lengths: those of the source, halved or doubled to between one and four mebibytes.
fn chunk(shape: &[usize], source: &[usize], size: usize) -> Vec<usize> {
    let mut chunk: Vec<usize> = source.iter().zip(shape).map(|(&c, &n)| c.clamp(1, n.max(1))).collect();
    let bytes = |chunk: &[usize]| chunk.iter().fold(size, |n, &m| n.saturating_mul(m));
    while bytes(&chunk) > MOST_CHUNK {
        let Some((d, _)) = chunk.iter().enumerate().filter(|c| *c.1 > 1).max_by_key(|c| *c.1) else { break };
        chunk[d] = chunk[d].div_ceil(2);
    }
    while bytes(&chunk) < LEAST_CHUNK {
        // The fastest axis first, so that rows stay together.
        let Some(d) = (0..chunk.len()).rev().find(|&d| chunk[d] < shape[d]) else { break };
        chunk[d] = (chunk[d] * 2).min(shape[d]);
    }
    chunk
}

/// The bytes of a chunk, cells beyond the array's edge filled up.
fn packed(plan: &Plan<'_>, part: &Window, values: &Values) -> Result<Vec<u8>, Stop> {
    let whole = Window(part.0.iter().zip(&plan.chunk).map(|(r, &c)| r.start..r.start + c).collect());
    let cells = whole.len();
    let mut bytes = Vec::new();
    match values {
        Values::Numbers(values) => {
            let fill = if plan.cell == Cell::I64 { 0.0 } else { f64::NAN };
            let padded;
            let values = if values.len() == cells {
                values
            } else {
                let mut grid = vec![fill; cells];
                whole.place(part, values, &mut grid);
                padded = grid;
                &padded
            };
            bytes.reserve_exact(cells * plan.cell.size());
            match plan.cell {
                Cell::F32 => {
                    for &v in values {
                        let narrow = v as f32;
                        if f64::from(narrow) != v && !v.is_nan() {
                            return Err(Stop::Narrow);
                        }
                        bytes.extend(narrow.to_le_bytes());
                    }
                }
                Cell::I64 => values.iter().for_each(|&v| bytes.extend((v as i64).to_le_bytes())),
                _ => values.iter().for_each(|&v| bytes.extend(v.to_le_bytes())),
            }
        }
        Values::Texts(values) => {
            let mut grid = vec![String::new(); cells];
            whole.place(part, values, &mut grid);
            let length = |n: usize| u32::try_from(n).map(u32::to_le_bytes).map_err(|_| Stop::Narrow);
            bytes.extend(length(cells)?);
            for text in &grid {
                bytes.extend(length(text.len())?);
                bytes.extend(text.as_bytes());
            }
        }
    }
    let failed = |e: io::Error| Stop::Failed(Error::new(Fault::Io, format!("packing '{}'", plan.path)).got(e.to_string()));
    zstd::bulk::compress(&bytes, LEVEL).map_err(failed)
}

fn array_json(plan: &Plan<'_>) -> Value {
    let mut attributes = attributes_json(plan.attributes);
    let fill = match plan.cell {
        Cell::F32 | Cell::F64 => {
            // xarray masks by this attribute, which it reads as eight bytes in base 64.
            attributes.insert("_FillValue".into(), to_base64(&f64::NAN.to_le_bytes()).into());
            json!("NaN")
        }
        Cell::I64 => json!(0),
        Cell::Text => json!(""),
    };
    let inner = match plan.cell {
        Cell::Text => json!({"name": "vlen-utf8", "configuration": {}}),
        _ => json!({"name": "bytes", "configuration": {"endian": "little"}}),
    };
    json!({
        "shape": plan.shape,
        "data_type": plan.cell.name(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": plan.chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [inner, {"name": "zstd", "configuration": {"level": LEVEL, "checksum": false}}],
        "attributes": attributes,
        "dimension_names": plan.names,
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    })
}

/// Attributes that JSON can hold; a number that is not finite is left out.
fn attributes_json(attributes: &Attributes) -> Map<String, Value> {
    let number = |v: f64| if v.fract() == 0.0 && v.abs() < 9e15 { Value::from(v as i64) } else { Value::from(v) };
    let value = |a: &Attribute| match a {
        Attribute::Text(text) => Value::from(text.as_str()),
        Attribute::Numbers(v) if v.len() == 1 => number(v[0]),
        Attribute::Numbers(v) => v.iter().copied().map(number).collect(),
    };
    attributes
        .0
        .iter()
        .filter(|(n, _)| n != "_FillValue" && n != "missing_value")
        .map(|(n, a)| (n.clone(), value(a)))
        .filter(|(_, v)| !v.is_null())
        .collect()
}

/// A folder that is not yet in its place; dropped, it is removed.
struct Partial {
    folder: PathBuf,
    target: PathBuf,
    done: bool,
}

impl Partial {
    fn beside(target: &Path) -> Result<Self> {
        let named = || Error::new(Fault::Io, format!("Zarr store '{}'", target.display()));
        if let Ok(about) = fs::metadata(target) {
            let store = MARKS.iter().any(|m| target.join(m).is_file());
            let empty = about.is_dir() && fs::read_dir(target).is_ok_and(|mut d| d.next().is_none());
            if !store && !empty {
                let got = if about.is_dir() { "a folder of something else" } else { "a file of that name" };
                return Err(named().got(got).rule("only an empty folder or a Zarr store is replaced").hint("choose another name"));
            }
        }
        let name = target.file_name().ok_or_else(|| named().got("no name").rule("a store is a named folder"))?;
        let folder = folder_of(target).join(format!(".{}.partial-{}", name.to_string_lossy(), std::process::id()));
        fs::create_dir(&folder).map_err(|e| refused_write(target, &e))?;
        Ok(Self { folder, target: target.to_path_buf(), done: false })
    }

    fn commit(mut self) -> Result<()> {
        let refused = |e: io::Error| refused_write(&self.target, &e);
        let mut aside = None;
        if self.target.exists() {
            let old = self.folder.with_extension(format!("previous-{}", std::process::id()));
            fs::rename(&self.target, &old).map_err(refused)?;
            aside = Some(old);
        }
        if let Err(e) = fs::rename(&self.folder, &self.target) {
            if let Some(old) = aside {
                fs::rename(old, &self.target).map_err(refused)?;
            }
            return Err(refused(e));
        }
        self.done = true;
        sync_folder(folder_of(&self.target));
        if let Some(old) = aside {
            // The new store is in its place already.
            let _ = fs::remove_dir_all(old);
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use esker_core::Calendar;

    use super::*;

    #[test]
    fn chunks_are_neither_small_nor_large() {
        assert_eq!(chunk(&[7300, 6, 5], &[1, 6, 5], 8), [7300, 6, 5]);
        assert_eq!(chunk(&[100, 4000, 4000], &[100, 4000, 4000], 4), [100, 125, 63]);
        assert_eq!(chunk(&[3], &[3], 8), [3]);
        assert_eq!(chunk(&[], &[], 8), [0_usize; 0]);
    }

    #[test]
    fn times_are_whole_steps_where_that_loses_nothing() {
        assert_eq!(clock(&[0.0, 31.0]), (Cell::I64, "days", 1.0));
        assert_eq!(clock(&[0.5, 31.0]), (Cell::I64, "hours", 24.0));
        assert_eq!(clock(&[0.1234567]).1, "days");
        assert_eq!(clock(&[f64::NAN]), (Cell::F64, "days", 1.0));
        assert_eq!(Calendar::Julian.date(0.0).to_string(), "1969-12-19");
    }

    #[test]
    fn names_become_paths() {
        assert_eq!(plain("/histalp/temp").unwrap(), "histalp/temp");
        assert!(plain("../up").is_err() && plain("a//b").is_err() && plain("c").is_err());
    }
}
