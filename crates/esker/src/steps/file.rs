//! The file of a step, opened.

use esker_core::{Cube, Error, Features, Result, StepSource, Table};
use esker_io::{Data, ReadOptions, beside};

use super::Scene;
use crate::recipe::FilePart;
use crate::work::stoppable;

/// What a file holds.
pub(super) struct Opened {
    pub data: Data,
    pub source: StepSource,
}

/// Opens the file of a step, whose grid is read as long as the user does not say stop; columns of `labels` are read as the texts they are.
pub(super) fn open(file: &FilePart, scene: &Scene<'_>, labels: Vec<String>) -> Result<Opened> {
    let path = beside(scene.folder, &file.source);
    let options = ReadOptions {
        layer: file.layer.clone(),
        sheet: file.sheet.clone(),
        classes: file.classes.clone(),
        missing: scene.recipe.data.missing.clone(),
        labels,
        ..ReadOptions::default()
    };
    let origin = scene.reach(&path)?;
    let data = origin.open(&options).map_err(|e| {
        let lost = e.hint.is_none() && !esker_io::is_remote(&path) && !path.exists();
        if lost { e.hint(format!("source = \"{}\" is taken relative to the recipe's folder", file.source)) } else { e }
    })?;
    let source = StepSource { name: origin.name().to_owned(), sha256: origin.checksum(scene.cx)? };
    let data = match data.1 {
        Data::Cube(cube) => Data::Cube(stoppable(&cube, scene.cx)?),
        rows => rows,
    };
    Ok(Opened { data, source })
}

impl Opened {
    /// Its rows.
    pub fn table(self) -> Result<(Table, StepSource)> {
        let table = esker_io::into_table(self.data, &ReadOptions::default())?;
        Ok((table, self.source))
    }

    /// Its grid.
    pub fn cube(self) -> Result<(Cube, StepSource)> {
        match self.data {
            Data::Cube(cube) => Ok((cube, self.source)),
            _ => Err(Error::data(format!("'{}'", self.source.name))
                .got("a file without a grid")
                .rule("values at places come from NetCDF, GeoTIFF, GRIB or Zarr")
                .hint("rows are joined by kind = \"join\", polygons by kind = \"within\"")),
        }
    }

    /// Its polygons.
    pub fn features(self) -> Result<(Features, StepSource)> {
        match self.data {
            Data::Features(features) => Ok((features, self.source)),
            _ => Err(Error::data(format!("polygons '{}'", self.source.name))
                .got("a file without geometries")
                .rule("polygons are read from GeoPackage, shapefile, GeoJSON, FlatGeobuf or GeoParquet")),
        }
    }
}
