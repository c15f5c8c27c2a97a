//! Prediction onto a grid: block by block, in bounded memory, back on the map the features came from.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use esker_core::cube::{Attribute, Attributes, Blocks, Holds, Variable, Window};
use esker_io::{Data, Origin, Placed};

use esker_core::{BEYOND, Codes, Column, Context, Cube, Error, Model as _, Note, Result, Table, Values};

use crate::applicability::{OUTSIDE, UNKNOWN, Unlike};
use crate::expression::Expression;
use crate::work::{on_threads, stoppable};
use crate::{LoadedModel, Predicted};

/// Numbers in memory at once: cells predicted together times what is known of each. Every cell is predicted from its own values, so
/// that the number of them changes nothing.
const MOST_VALUES: usize = 1 << 22;

/// What became of a file of new data.
pub enum PredictedFile {
    /// Rows with their predictions.
    Rows(Predicted),
    /// A map.
    Map(PredictedMap),
}

/// A predicted map, still in a scratch file.
pub struct PredictedMap {
    /// The predictions on the grid of the features.
    pub cube: Cube,
    /// Cells of the grid, and those with a prediction.
    pub cells: usize,
    /// Cells that had what the model needs.
    pub predicted: usize,
    /// Cells outside the area of applicability; `None` where the model keeps none.
    pub unlike: Option<Unlike>,
    /// What was noticed.
    pub notes: Vec<Note>,
}

impl LoadedModel {
    /// Predicts a file and writes the answers: onto the map where the file is a grid and the output holds grids, else row by row.
    ///
    /// # Errors
    /// A file that cannot be read or does not fit the model, an output that cannot be written, or the user stopped.
    pub fn predict_file(&self, from: &Path, to: &Path, cx: &Context) -> Result<PredictedFile> {
        on_threads(cx, || self.predict_file_here(from, to, cx))
    }

    fn predict_file_here(&self, from: &Path, to: &Path, cx: &Context) -> Result<PredictedFile> {
        let (_, data) = Origin::reach(from, cx)?.open(&self.read_options())?;
        let placed = data.placed();
        self.check_place(placed.as_ref())?;
        let flat = esker_io::is_flat(to);
        match data {
            Data::Cube(cube) if !flat => {
                let beside = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let mut map = self.predict_map(&cube, (beside, placed.as_ref()), cx)?;
                let history =
                    format!("Esker {}: {} predicted by {}", env!("CARGO_PKG_VERSION"), self.header.task.target(), self.header.model);
                let data = Data::Cube(stoppable(&map.cube, cx)?);
                map.notes.extend(esker_io::write_data(to, &data, &history)?);
                Ok(PredictedFile::Map(map))
            }
            data => {
                let said = self.predict_here(esker_io::into_table(data, &self.read_options())?, placed.as_ref(), cx)?;
                esker_io::write_table(to, &said.table)?;
                Ok(PredictedFile::Rows(said))
            }
        }
    }

    /// Refuses coordinates in another CRS than the model learned, where it reads them.
    fn check_place(&self, placed: Option<&Placed>) -> Result<()> {
        let learned = self.header.place.as_ref().and_then(|p| Some((p, p.crs.as_ref()?)));
        let (Some((place, learned)), Some(Placed { x, y, crs: Some(crs) })) = (learned, placed) else { return Ok(()) };
        let fields: Vec<&str> = self.header.schema.fields.iter().map(|f| f.name.as_str()).collect();
        let mentioned = self.mentioned(&fields)?;
        let reads = |name: &String| fields.contains(&name.as_str()) || mentioned.contains(name);
        let same_columns = (x, y) == (&place.x, &place.y);
        if !same_columns || !(reads(x) || reads(y)) || esker_io::crs::same(crs, learned) {
            return Ok(());
        }
        Err(Error::data(format!("'{x}' and '{y}'"))
            .got(crs.name())
            .rule(format!("the model learned them in {}", learned.name()))
            .hint("put the grid into that CRS: esker convert IN OUT --like GRID"))
    }

    /// Predicts every cell of a cube that has at least one of the features. Layers are the prediction, its interval or the
    /// probabilities of classes, and `<target>_mask`, 1 where a cell was predicted. They are kept in a scratch file in `beside`.
    ///
    /// # Errors
    /// A feature that is no variable or axis of the cube, another unit, a class never seen, the disk refuses, or the user stopped.
    fn predict_map(&self, cube: &Cube, (beside, placed): (&Path, Option<&Placed>), cx: &Context) -> Result<PredictedMap> {
        if self.pipeline.looks_around() {
            return Err(Error::model(format!("model '{}'", self.header.model))
                .got("a grid")
                .rule("its preparation looks at the rows beside a row, and a grid is predicted cell by cell")
                .hint("predict a table: esker convert writes grids as tables"));
        }
        let variables = self.variables_on(cube)?;
        let axes = cube.axes_of(&variables);
        let shape: Vec<usize> = axes.iter().map(|&a| cube.axes()[a].len).collect();
        let whole = Window::whole(&shape);
        let chunk = chunk_of(cube, &variables, &axes);
        let pieces = whole.pieces(&chunk, (MOST_VALUES / (variables.len() + axes.len() + 10)).max(1024));
        let mut layers: Vec<Layer> = Vec::new();
        let mut notes: Vec<Note> = Vec::new();
        let mut predicted = 0;
        let mut beyond = vec![0; self.header.schema.fields.len()];
        let mut unlike: Option<Unlike> = None;
        let mut scratch: Vec<File> = Vec::new();
        cx.progress().begin("predict", pieces.len());
        for piece in &pieces {
            cx.check()?;
            let Cells { layers: columns, beyond: far, unlike: few } = self.cells(cube, (&variables, placed), piece, cx, &mut notes)?;
            unlike = few.map(|few| few.plus(unlike.unwrap_or_default()));
            beyond.iter_mut().zip(far).for_each(|(sum, n)| *sum += n);
            if layers.is_empty() {
                layers = columns.iter().map(|c| Layer::of(&c.0)).collect();
                scratch = layers.iter().map(|_| scratch_file(beside)).collect::<Result<_>>()?;
            }
            predicted += columns.last().map_or(0, |(_, mask)| mask.iter().filter(|m| **m == 1.0).count());
            let (length, starts) = piece.stretches(&shape);
            for ((_, values), file) in columns.iter().zip(&mut scratch) {
                put(file, values, length, &starts).map_err(|e| Error::io("scratch file", &e))?;
            }
            cx.progress().step();
        }
        cx.progress().end();
        notes.extend(self.header.schema.beyond_notes(&beyond, predicted));
        notes.extend(unlike.iter().flat_map(Unlike::notes));
        let cube = self.layered(cube, &axes, &chunk, layers, scratch)?;
        Ok(PredictedMap { cube, cells: whole.len(), predicted, unlike, notes })
    }

    /// The columns that derived columns among those needed are made of, derived ones among them.
    fn mentioned(&self, needed: &[&str]) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        // Later derived columns may be made of earlier ones.
        for d in self.header.derive.iter().rev() {
            if needed.contains(&d.name.as_str()) || names.contains(&d.name) {
                names.extend(Expression::parse(&d.value)?.names().map(str::to_owned));
            }
        }
        Ok(names)
    }

    /// The variables of the cube that the model reads, directly or through derived columns.
    fn variables_on(&self, cube: &Cube) -> Result<Vec<usize>> {
        let needed: Vec<&str> = self.header.schema.fields.iter().map(|f| f.name.as_str()).collect();
        let derived = |name: &str| self.header.derive.iter().any(|d| d.name == name);
        let axis = |name: &str| cube.axes().iter().any(|a| a.name == name);
        let placed = |name: &str| cube.places.as_ref().is_some_and(|(x, y)| x == name || y == name);
        let mut found: Vec<usize> = Vec::new();
        for name in &needed {
            match cube.variables().iter().position(|v| v.name == *name) {
                Some(v) => found.push(v),
                None if derived(name) || axis(name) || placed(name) => {}
                None => {
                    return Err(cube
                        .variable(name)
                        .err()
                        .unwrap_or_else(|| Error::data(format!("variable '{name}'")))
                        .rule("the model needs it, and the grid has no such variable or axis"));
                }
            }
        }
        // Derived columns may be made of variables that the model itself does not read.
        let mentioned = self.mentioned(&needed)?;
        let further =
            cube.variables().iter().enumerate().filter(|(i, v)| !v.auxiliary && !found.contains(i) && mentioned.contains(&v.name));
        found.extend(further.map(|(i, _)| i).collect::<Vec<_>>());
        if found.is_empty() {
            return Err(Error::data("grid")
                .got("none of the model's features among its variables")
                .rule("a map is predicted from variables on a grid"));
        }
        Ok(found)
    }

    /// Predictions of the cells of a window, layer by layer, the mask last; and how many values of each field lie beyond the training range.
    fn cells(
        &self,
        cube: &Cube,
        (variables, placed): (&[usize], Option<&Placed>),
        window: &Window,
        cx: &Context,
        notes: &mut Vec<Note>,
    ) -> Result<Cells> {
        let mut stacked = cube.stack(variables, window, true)?;
        let given = stacked.table.columns().len();
        let table: Table = std::mem::take(&mut stacked.table);
        let said = self.predict_here(table, placed, cx)?;
        for note in said.notes {
            // Counts of single blocks say little: those beyond the range are added up, and empty cells are in the mask.
            if note.code != "empty-cells" && ![BEYOND, OUTSIDE, UNKNOWN].contains(&note.code.as_str()) && !notes.contains(&note) {
                notes.push(note);
            }
        }
        let mut layers: Vec<(Column, Vec<f64>)> = Vec::new();
        for column in &said.table.columns()[given..] {
            let values = match &column.values {
                Values::Real(v) => stacked.unstack(v),
                Values::Class(c) => stacked.unstack(&c.codes().iter().map(|&k| f64::from(k)).collect::<Vec<_>>()),
            };
            layers.push((column.clone(), values));
        }
        let mut mask = vec![0.0; window.len()];
        stacked.cells.iter().for_each(|&c| mask[c] = 1.0);
        let name = format!("{}_mask", self.header.task.target());
        layers.push((Column::real(name, "1", Vec::new()), mask));
        Ok(Cells { layers, beyond: said.beyond, unlike: said.unlike })
    }

    fn layered(&self, cube: &Cube, axes: &[usize], chunk: &[usize], layers: Vec<Layer>, scratch: Vec<File>) -> Result<Cube> {
        let keep: Vec<_> = axes.iter().map(|&a| cube.axes()[a].clone()).collect();
        let shape: Vec<usize> = keep.iter().map(|a| a.len).collect();
        let variables = layers
            .into_iter()
            .map(|l| Variable {
                name: l.name,
                unit: l.unit,
                axes: (0..keep.len()).collect(),
                chunk: chunk.to_vec(),
                holds: Holds::Numbers,
                stored: "float32".into(),
                attributes: l.attributes,
                auxiliary: false,
            })
            .collect();
        let files = scratch.into_iter().map(Mutex::new).collect();
        let mut out = Cube::new(keep, variables, Arc::new(Scratch { files, shape }))?;
        out.crs.clone_from(&cube.crs);
        out.attributes.set("title", Attribute::Text(format!("{} predicted by {}", self.header.task.target(), self.header.model)));
        out.attributes.set("source", Attribute::Text(format!("Esker {}", env!("CARGO_PKG_VERSION"))));
        Ok(out)
    }
}

/// Predictions of a piece of the map.
struct Cells {
    /// What a layer is, and one value a cell, NaN where nothing was predicted.
    layers: Vec<(Column, Vec<f64>)>,
    /// How many values of each field lie beyond the training range.
    beyond: Vec<usize>,
    /// How many lie outside the area of applicability.
    unlike: Option<Unlike>,
}

/// What a layer is called and holds.
struct Layer {
    name: String,
    unit: esker_core::Unit,
    attributes: Attributes,
}

impl Layer {
    fn of(column: &Column) -> Self {
        let mut attributes = Attributes::default();
        if let Values::Class(codes) = &column.values {
            let flags = (0..codes.levels().len()).map(|k| k as f64).collect();
            attributes.set("flag_values", Attribute::Numbers(flags));
            attributes.set("flag_meanings", Attribute::Text(meanings(codes)));
        }
        Self { name: column.name.clone(), unit: column.unit.clone(), attributes }
    }
}

/// Levels as CF writes them: words apart, blanks inside as underscores.
fn meanings(codes: &Codes) -> String {
    let words: Vec<String> = codes.levels().iter().map(|l| l.split_whitespace().collect::<Vec<_>>().join("_")).collect();
    words.join(" ")
}

/// The blocks that reading is fastest in: those of the variable with most axes.
fn chunk_of(cube: &Cube, variables: &[usize], axes: &[usize]) -> Vec<usize> {
    let fullest = variables.iter().max_by_key(|&&v| cube.variables()[v].axes.len());
    axes.iter()
        .map(|a| {
            fullest.and_then(|&v| {
                let variable = &cube.variables()[v];
                variable.axes.iter().position(|b| b == a).map(|p| variable.chunk[p])
            })
        })
        .map(|c| c.unwrap_or(1))
        .collect()
}

fn scratch_file(beside: &Path) -> Result<File> {
    tempfile::tempfile_in(beside).map_err(|e| {
        Error::io(format!("scratch file in '{}'", beside.display()), &e)
            .rule("the map is kept there until it is written")
            .hint("is the folder writable, and the disk not full?")
    })
}

/// Writes the stretches of a piece. Seven digits are more than any prediction holds, and the same in every format.
fn put(file: &mut File, values: &[f64], length: usize, starts: &[usize]) -> std::io::Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
    for (run, start) in bytes.chunks((length * 4).max(1)).zip(starts) {
        file.seek(SeekFrom::Start(*start as u64 * 4))?;
        file.write_all(run)?;
    }
    Ok(())
}

/// Predicted layers on disk, one file each, slowest axis first.
struct Scratch {
    files: Vec<Mutex<File>>,
    shape: Vec<usize>,
}

impl Blocks for Scratch {
    fn read(&self, variable: usize, window: &Window) -> Result<Vec<f64>> {
        let mut file = self.files[variable].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (length, starts) = window.stretches(&self.shape);
        let mut bytes = vec![0; window.len() * 4];
        for (run, start) in bytes.chunks_exact_mut((length * 4).max(1)).zip(starts) {
            let found = file.seek(SeekFrom::Start(start as u64 * 4)).and_then(|_| file.read_exact(run));
            found.map_err(|e| Error::io("scratch file", &e))?;
        }
        let out = bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect();
        Ok(out)
    }
}
