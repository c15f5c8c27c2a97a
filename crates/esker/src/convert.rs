//! One file as another: any format read, a part of it chosen, any format written.

use std::path::{Path, PathBuf};

use esker_core::{Context, Cube, Error, Note, Result};
use esker_io::{Data, Format, Origin, ReadOptions, Sampling, resample};

use crate::selection::Selection;
use crate::work::{on_threads, stoppable};

/// What to convert, and what of it.
#[derive(Debug, Clone, Default)]
pub struct Conversion {
    /// What is wanted.
    pub selection: Selection,
    /// A file whose grid the result shall have, and how values get there.
    pub like: Option<(PathBuf, Sampling)>,
    /// How to read tables.
    pub options: ReadOptions,
}

/// What was converted.
#[derive(Debug)]
pub struct Converted {
    /// The format that was read.
    pub format: Format,
    /// What was noticed.
    pub notes: Vec<Note>,
}

impl Conversion {
    /// Reads `from`, chooses, and writes `to` as its extension says.
    ///
    /// # Errors
    /// A file that cannot be read, a selection that is empty or not to be had in this kind of file, or one that cannot be written.
    pub fn run(&self, from: &Path, to: &Path, cx: &Context) -> Result<Converted> {
        on_threads(cx, || self.run_here(from, to, cx))
    }

    fn run_here(&self, from: &Path, to: &Path, cx: &Context) -> Result<Converted> {
        let origin = Origin::reach(from, cx)?;
        let (format, data) = origin.open(&self.options)?;
        let (data, mut notes) = self.choose(data, cx)?;
        cx.check()?;
        let history = format!("Esker {}: converted from {}", env!("CARGO_PKG_VERSION"), origin.name());
        notes.extend(esker_io::write_data(to, &data, &history)?);
        Ok(Converted { format, notes })
    }

    fn choose(&self, data: Data, cx: &Context) -> Result<(Data, Vec<Note>)> {
        match data {
            Data::Cube(cube) => {
                let mut cube = self.selection.apply(cube)?;
                if let Some((path, method)) = &self.like {
                    cube = resample(&cube, &grid(path, cx)?, *method)?;
                }
                let notes = cube.notes.clone();
                Ok((Data::Cube(stoppable(&cube, cx)?), notes))
            }
            _ if !self.selection.is_all() || self.like.is_some() => Err(Error::usage("selection")
                .rule("variables, times and boxes are chosen from grids; this file is a table")
                .hint("filter a table in a recipe: [data] filter = [\"…\"]")),
            Data::Table(table) => {
                let notes = table.notes.clone();
                Ok((Data::Table(table), notes))
            }
            Data::Features(features) => {
                let notes = features.table.notes.clone();
                Ok((Data::Features(features), notes))
            }
        }
    }
}

/// The cube whose grid is wanted.
fn grid(path: &Path, cx: &Context) -> Result<Cube> {
    let origin = Origin::reach(path, cx)?;
    match origin.open(&ReadOptions::default())?.1 {
        Data::Cube(cube) => Ok(cube),
        _ => Err(Error::usage(format!("file '{}'", origin.name())).got("no grid").rule("a file with the wanted grid is needed")),
    }
}
