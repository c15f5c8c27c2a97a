//! One file as another: any format read, a part of it chosen, any format written.

use std::path::{Path, PathBuf};

use esker_core::{Column, Context, Crs, Cube, Error, Note, Result, Table};
use esker_io::{Attribute, Data, Format, Origin, Placed, ReadOptions, Regridding, Terrain, Within, regrid, terrain};

use crate::selection::Selection;
use crate::work::{STEPS, counted, on_threads, stage, stoppable};

/// What to convert, and what of it.
#[derive(Debug, Clone, Default)]
pub struct Conversion {
    /// What is wanted.
    pub selection: Selection,
    /// A file whose grid the result shall have, and how values get there.
    pub like: Option<(PathBuf, Regridding)>,
    /// Terrain attributes to write instead of the heights that are left.
    pub terrain: Option<(Vec<Attribute>, Terrain)>,
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
        let (format, data) = stage(cx, "open", 1, || origin.open(&self.options))?;
        cx.check()?;
        let (data, mut notes) = stage(cx, "choose", 1, || self.choose(data, cx))?;
        let history = format!("Esker {}: converted from {}", env!("CARGO_PKG_VERSION"), origin.name());
        cx.check()?;
        let (data, steps) = match data {
            Data::Cube(cube) => (Data::Cube(counted(&cube, cx)?), STEPS),
            rows => (rows, 1),
        };
        notes.extend(stage(cx, "write", steps, || esker_io::write_data(to, &data, &history))?);
        Ok(Converted { format, notes })
    }

    fn choose(&self, data: Data, cx: &Context) -> Result<(Data, Vec<Note>)> {
        let within = self.selection.within.as_deref().map(Within::read).transpose()?;
        match data {
            Data::Cube(cube) => {
                let mut cube = self.selection.choose(cube).map_err(|(_, e)| e)?;
                if let Some(within) = within {
                    cube = within.cube(&cube)?;
                }
                if let Some((path, method)) = &self.like {
                    cube = regrid(&cube, &grid(path, cx)?, *method)?;
                }
                if let Some((what, how)) = &self.terrain {
                    cube = terrain(&stoppable(&cube, cx)?, what, how.clone())?;
                }
                let notes = cube.notes.clone();
                Ok((Data::Cube(cube), notes))
            }
            _ if self.terrain.is_some() => Err(Error::usage("terrain")
                .got("a table")
                .rule("attributes are those of a raster of heights")
                .hint("give a grid, such as a GeoTIFF")),
            _ if self.selection.of_grids().is_some() || self.like.is_some() => Err(Error::usage("selection")
                .rule("variables, times and boxes are chosen from grids; this file is a table")
                .hint("filter a table in a recipe: [data] filter = [\"…\"]")),
            Data::Table(table) => {
                let table = if let Some(within) = within { rows(&within, &table)? } else { table };
                let notes = table.notes.clone();
                Ok((Data::Table(table), notes))
            }
            Data::Features(features) => {
                let features = if let Some(within) = within { within.features(&features)? } else { features };
                let notes = features.table.notes.clone();
                Ok((Data::Features(features), notes))
            }
        }
    }
}

/// The rows of a table that lie within polygons. Nothing but the names of its columns says where they are, and only degrees need no CRS.
fn rows(within: &Within, table: &Table) -> Result<Table> {
    let named = |names: &[&str]| table.columns().iter().find(|c| names.contains(&c.name.to_lowercase().as_str()));
    let in_range = |c: &Column, most: f64| c.reals().is_ok_and(|v| v.iter().all(|x| x.is_nan() || x.abs() <= most));
    let (lon, lat) = (named(&["lon", "longitude", "long"]), named(&["lat", "latitude"]));
    let degrees = lon.zip(lat).filter(|(x, y)| in_range(x, 360.0) && in_range(y, 90.0));
    let (x, y) = degrees.ok_or_else(|| {
        Error::data("table")
            .got("no columns of longitude and latitude by their names")
            .rule("polygons choose among rows whose place and CRS are known")
            .hint("a recipe states both: [data] within = \"polygons.gpkg\" and [roles] place = { x = \"…\", y = \"…\", crs = \"EPSG:…\" }")
    })?;
    let placed = Placed { x: x.name.clone(), y: y.name.clone(), crs: Some(Crs::Geographic) };
    let mut out = within.rows(table, &placed)?;
    let text = format!("'{}' and '{}' were taken for degrees in EPSG:4326 by their names", placed.x, placed.y);
    out.notes.push(Note::info("crs-by-name", text));
    Ok(out)
}

/// The cube whose grid is wanted.
fn grid(path: &Path, cx: &Context) -> Result<Cube> {
    let origin = Origin::reach(path, cx)?;
    match origin.open(&ReadOptions::default())?.1 {
        Data::Cube(cube) => Ok(cube),
        _ => Err(Error::usage(format!("file '{}'", origin.name())).got("no grid").rule("a file with the wanted grid is needed")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use esker_core::{Fault, Progress};

    use super::*;

    /// Writes down what it hears, and asks to stop when a stage begins.
    #[derive(Default)]
    struct Heard {
        stages: Mutex<Vec<(String, usize, usize)>>,
        stop_at: Option<&'static str>,
        stop: Arc<AtomicBool>,
    }

    impl Progress for Heard {
        fn begin(&self, stage: &str, total: usize) {
            self.stages.lock().unwrap().push((stage.to_owned(), 0, total));
            if self.stop_at == Some(stage) {
                self.stop.store(true, Ordering::Relaxed);
            }
        }

        fn step(&self) {
            self.stages.lock().unwrap().last_mut().unwrap().1 += 1;
        }

        fn end(&self) {}
    }

    fn terrain() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/landslides/terrain.tif")
    }

    #[test]
    fn progress_follows_the_cells_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.nc", "a.zarr", "a.tif"] {
            let heard = Arc::new(Heard::default());
            let cx = Context::new(0, 2).watched(heard.clone(), heard.stop.clone());
            Conversion::default().run(&terrain(), &folder.path().join(name), &cx).unwrap();
            let stages = heard.stages.lock().unwrap().clone();
            assert_eq!(stages, [("open".into(), 1, 1), ("choose".into(), 1, 1), ("write".into(), STEPS, STEPS)], "{name}");
        }
    }

    #[test]
    fn a_conversion_that_is_stopped_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a.nc");
        std::fs::write(&to, "before").unwrap();
        for stage in ["open", "choose", "write"] {
            let heard = Arc::new(Heard { stop_at: Some(stage), ..Heard::default() });
            let cx = Context::new(0, 2).watched(heard.clone(), heard.stop.clone());
            let stopped = Conversion::default().run(&terrain(), &to, &cx).unwrap_err();
            assert_eq!(stopped.fault, Fault::Cancelled, "{stage}");
            assert_eq!(std::fs::read_to_string(&to).unwrap(), "before");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}
