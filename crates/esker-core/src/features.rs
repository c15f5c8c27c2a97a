//! Features: rows of a table with a geometry each, as vector files hold them.

use crate::{Crs, Error, Result, Table};

/// What a geometry is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Points.
    Points,
    /// Lines.
    Lines,
    /// Areas.
    Polygons,
}

/// A geometry: points, or lines, or rings. Coordinates are x (east), y (north).
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// What it is made of.
    pub shape: Shape,
    /// One point each, one line each, or one closed ring each. A place is inside polygons when an odd number of rings goes
    /// around it, so that holes need no mark.
    pub parts: Vec<Vec<[f64; 2]>>,
}

/// A table whose rows have geometries.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The attributes, one row a feature, with what the reader noted.
    pub table: Table,
    /// One a row; some features have none.
    pub geometries: Vec<Option<Geometry>>,
    /// The system of the coordinates, where the file says.
    pub crs: Option<Crs>,
}

impl Features {
    /// Features of as many rows as geometries. A table without columns may have any number.
    ///
    /// # Errors
    /// Another number of geometries than of rows.
    pub fn new(table: Table, geometries: Vec<Option<Geometry>>, crs: Option<Crs>) -> Result<Self> {
        if !table.columns().is_empty() && table.rows() != geometries.len() {
            return Err(Error::data("features")
                .got(format!("{} geometries", geometries.len()))
                .rule(format!("the table has {} rows", table.rows())));
        }
        Ok(Self { table, geometries, crs })
    }
}
