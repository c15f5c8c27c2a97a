//! What a file holds, as Esker understood it: axes, variables, units, CRS, calendar, what was decided and what looks wrong.

use std::path::Path;

use esker_core::cube::{Axis, AxisKind, Holds, Labels, Window};
use esker_core::{Codes, Context, Crs, Cube, Features, Note, Result, Shape, Table, Values};
use esker_io::{Data, Format, Origin, ReadOptions};
use rayon::prelude::*;
use serde::Serialize;

use crate::work::{on_threads, stoppable};

/// Cells that are looked at together when values are summarised.
const SLAB: usize = 1 << 20;

/// A file, described.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// Name of the file or folder, or its address on the network.
    pub file: String,
    /// The format by its content.
    pub format: String,
    /// `table`, `features` or `cube`.
    pub kind: &'static str,
    /// Rows, where there are rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// The CRS by name, where it is known.
    pub crs: Option<String>,
    /// Points, lines or polygons, where rows have geometries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometry: Option<&'static str>,
    /// Axes of a cube.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<AxisInfo>,
    /// Columns of a table, variables of a cube.
    pub variables: Vec<VariableInfo>,
    /// What was decided, and what looks wrong.
    pub notes: Vec<Note>,
}

/// An axis, described.
#[derive(Debug, Clone, Serialize)]
pub struct AxisInfo {
    /// The name.
    pub name: String,
    /// `x`, `y`, `z`, `t`, or none of them.
    pub kind: Option<&'static str>,
    /// Number of cells.
    pub cells: usize,
    /// The unit of its labels.
    pub unit: String,
    /// The first label, times as dates.
    pub first: Option<String>,
    /// The last label.
    pub last: Option<String>,
    /// The step between labels, where it is one.
    pub step: Option<f64>,
    /// `ascending`, `descending` or `neither`.
    pub order: Option<&'static str>,
    /// The calendar of its times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<&'static str>,
    /// Whether the file gives the edges of its cells.
    pub bounds: bool,
}

/// A column or variable, described.
#[derive(Debug, Clone, Serialize)]
pub struct VariableInfo {
    /// The name.
    pub name: String,
    /// What the file calls it in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_name: Option<String>,
    /// The unit after decoding.
    pub unit: String,
    /// `numbers`, `texts` or `classes`.
    pub holds: &'static str,
    /// Names of its axes, slowest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<String>,
    /// Lengths of its axes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shape: Vec<usize>,
    /// Lengths of the blocks it is stored in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chunk: Vec<usize>,
    /// How it is stored.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stored: String,
    /// Whether it only places or bounds others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auxiliary: bool,
    /// Its values in short, where they were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Summary>,
}

/// Values in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Number of values, missing ones among them.
    pub count: usize,
    /// Number of missing ones.
    pub missing: usize,
    /// The smallest, if there is one.
    pub min: Option<f64>,
    /// The mean of those present.
    pub mean: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Number of different classes or texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<usize>,
}

impl Info {
    /// Opens a file and describes it. With `values`, every value of a cube is read to summarise them; tables always are.
    ///
    /// # Errors
    /// The file cannot be opened or, with `values`, not be read.
    pub fn read(path: &Path, options: &ReadOptions, values: bool, cx: &Context) -> Result<Self> {
        on_threads(cx, || Self::read_here(path, options, values, cx))
    }

    fn read_here(path: &Path, options: &ReadOptions, values: bool, cx: &Context) -> Result<Self> {
        let origin = Origin::reach(path, cx)?;
        let (format, mut data) = origin.open(options)?;
        if let Data::Cube(cube) = &data {
            data = Data::Cube(stoppable(cube, cx)?);
        }
        Self::of(origin.name().to_owned(), format, &data, values)
    }

    fn of(file: String, format: Format, data: &Data, values: bool) -> Result<Self> {
        let mut info = Self {
            file,
            format: format.name().to_owned(),
            kind: "table",
            rows: None,
            crs: None,
            geometry: None,
            axes: Vec::new(),
            variables: Vec::new(),
            notes: Vec::new(),
        };
        match data {
            Data::Table(table) => info.table(table),
            Data::Features(features) => info.features(features),
            Data::Cube(cube) => info.cube(cube, values)?,
        }
        Ok(info)
    }

    fn table(&mut self, table: &Table) {
        self.rows = Some(table.rows());
        self.notes.clone_from(&table.notes);
        self.variables = table
            .columns()
            .par_iter()
            .map(|c| VariableInfo {
                name: c.name.clone(),
                long_name: None,
                unit: c.unit.to_string(),
                holds: if matches!(c.values, Values::Class(_)) { "classes" } else { "numbers" },
                axes: Vec::new(),
                shape: Vec::new(),
                chunk: Vec::new(),
                stored: String::new(),
                auxiliary: false,
                values: Some(match &c.values {
                    Values::Real(v) => {
                        let mut running = Running::default();
                        running.numbers(v);
                        running.summary()
                    }
                    Values::Class(codes) => of_classes(codes),
                }),
            })
            .collect();
    }

    fn features(&mut self, features: &Features) {
        self.table(&features.table);
        self.kind = "features";
        self.rows = Some(features.geometries.len());
        self.crs = features.crs.as_ref().map(|c| c.name().to_owned());
        self.geometry = features.geometries.iter().flatten().next().map(|g| match g.shape {
            Shape::Points => "points",
            Shape::Lines => "lines",
            Shape::Polygons => "polygons",
        });
    }

    fn cube(&mut self, cube: &Cube, values: bool) -> Result<()> {
        self.kind = "cube";
        self.crs = cube.crs.as_ref().map(Crs::name).map(str::to_owned);
        self.axes = cube.axes().iter().map(axis).collect();
        self.notes.clone_from(&cube.notes);
        for (i, v) in cube.variables().iter().enumerate() {
            self.variables.push(VariableInfo {
                name: v.name.clone(),
                long_name: v.attributes.text("long_name").or_else(|| v.attributes.text("standard_name")).map(str::to_owned),
                unit: v.unit.to_string(),
                holds: if v.holds == Holds::Texts { "texts" } else { "numbers" },
                axes: v.axes.iter().map(|&a| cube.axes()[a].name.clone()).collect(),
                shape: cube.shape(i),
                chunk: v.chunk.clone(),
                stored: v.stored.clone(),
                auxiliary: v.auxiliary,
                values: if values { Some(summary(cube, i)?) } else { None },
            });
        }
        Ok(())
    }
}

pub(crate) fn axis(a: &Axis) -> AxisInfo {
    let numbers = a.labels.as_ref().and_then(Labels::numbers);
    let label = |i: usize| match &a.labels {
        Some(Labels::Real(v)) => Some(v[i].to_string()),
        Some(Labels::Time { calendar, days }) if days[i].is_finite() => Some(calendar.date(days[i]).to_string()),
        Some(Labels::Text(v)) => Some(v[i].clone()),
        _ => None,
    };
    AxisInfo {
        name: a.name.clone(),
        kind: match a.kind {
            AxisKind::X => Some("x"),
            AxisKind::Y => Some("y"),
            AxisKind::Z => Some("z"),
            AxisKind::T => Some("t"),
            AxisKind::Other => None,
        },
        cells: a.len,
        unit: if matches!(a.labels, Some(Labels::Time { .. })) { "days".into() } else { a.unit.to_string() },
        first: if a.len > 0 { label(0) } else { None },
        last: if a.len > 0 { label(a.len - 1) } else { None },
        step: numbers.and_then(step),
        order: numbers.filter(|v| v.len() > 1).map(|_| match a.direction() {
            1 => "ascending",
            -1 => "descending",
            _ => "neither",
        }),
        calendar: match &a.labels {
            Some(Labels::Time { calendar, .. }) => Some(calendar.name()),
            _ => None,
        },
        bounds: a.bounds.is_some(),
    }
}

/// The step between labels, where all steps agree to a thousandth.
fn step(v: &[f64]) -> Option<f64> {
    let mean = (v.last()? - v.first()?) / (v.len().checked_sub(1).filter(|n| *n > 0)? as f64);
    let even = v.windows(2).all(|w| ((w[1] - w[0]) - mean).abs() <= 1e-3 * mean.abs());
    // Rounded to what the labels can tell, so that 0.1 is not shown as 0.09999999999999432.
    even.then(|| format!("{mean:.6e}").parse().unwrap_or(mean))
}

/// Sums that grow slab by slab.
struct Running {
    count: usize,
    missing: usize,
    /// Infinities the wrong way round until a value is met.
    min: f64,
    max: f64,
    sum: f64,
}

impl Default for Running {
    fn default() -> Self {
        Self { count: 0, missing: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl Running {
    fn numbers(&mut self, values: &[f64]) {
        self.count += values.len();
        for &v in values {
            if v.is_nan() {
                self.missing += 1;
                continue;
            }
            self.sum += v;
            self.min = if v < self.min { v } else { self.min };
            self.max = if v > self.max { v } else { self.max };
        }
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.missing += other.missing;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    fn summary(&self) -> Summary {
        let present = self.count - self.missing;
        let told = |v: f64| (present > 0).then_some(v);
        let (min, mean, max) = (told(self.min), told(self.sum / present as f64), told(self.max));
        Summary { count: self.count, missing: self.missing, min, mean, max, classes: None }
    }
}

fn of_classes(codes: &Codes) -> Summary {
    let used = codes.counts().iter().filter(|n| **n > 0).count();
    let missing = (0..codes.len()).filter(|&r| codes.label(r).is_none()).count();
    Summary { count: codes.len(), missing, min: None, mean: None, max: None, classes: Some(used) }
}

fn summary(cube: &Cube, variable: usize) -> Result<Summary> {
    let v = &cube.variables()[variable];
    let whole = Window::whole(&cube.shape(variable));
    if v.holds == Holds::Texts {
        let texts = cube.read_texts(variable, &whole)?;
        let missing = texts.iter().filter(|t| t.is_empty()).count();
        let different: std::collections::HashSet<&String> = texts.iter().filter(|t| !t.is_empty()).collect();
        return Ok(Summary { count: texts.len(), missing, min: None, mean: None, max: None, classes: Some(different.len()) });
    }
    // Pieces are read side by side and added up in their order, so that the mean does not depend on the threads.
    let pieces = whole.pieces(&v.chunk, SLAB);
    let parts: Vec<Result<Running>> = pieces
        .par_iter()
        .map(|piece| {
            let mut running = Running::default();
            running.numbers(&cube.read(variable, piece)?);
            Ok(running)
        })
        .collect();
    let mut all = Running::default();
    for part in parts {
        all.join(&part?);
    }
    Ok(all.summary())
}
