//! `esker plot`: a figure of a file in a line; what is not said follows from what the file is.

mod grid;
mod table;

use std::path::{Path, PathBuf};

use esker_core::{Context, Crs, Error, Note, Result};
use esker_io::crs::Transform;
use esker_io::{Data, Format, Origin, ReadOptions, Within};
use esker_report::figure::Figure;
use esker_report::plot::{Choice, MM};
use esker_report::{pdf, png};

use crate::selection::Selection;
use crate::work::on_threads;

/// Dots an inch of a PNG.
const DOTS: f64 = 300.0;
const SINGLE: f64 = 85.0;
const DOUBLE: f64 = 170.0;

/// What kind of figure is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlotKind {
    /// Dots.
    Point,
    /// Lines.
    Line,
    /// Lines in steps.
    Step,
    /// Bars.
    Bar,
    /// Counts in bins.
    Histogram,
    /// Counts, or means, in hexagons.
    Hexbin,
    /// Boxes by class.
    Box,
    /// A map.
    Map,
    /// Cells of a grid on its own two axes.
    Heat,
    /// Every pair of some columns.
    Matrix,
}

/// What to draw and how; what is not said is chosen.
#[derive(Debug, Clone, Default)]
pub struct Plotting {
    /// Columns by their role.
    pub x: Option<String>,
    /// One column, or several lines.
    pub y: Vec<String>,
    /// Colour.
    pub colour: Option<String>,
    /// Area of dots.
    pub size: Option<String>,
    /// A text a row.
    pub label: Option<String>,
    /// A panel a class; for a grid an axis.
    pub facet: Option<String>,
    /// What kind of figure.
    pub kind: Option<PlotKind>,
    /// Logarithmic axes: x, y, colour.
    pub log: (bool, bool, bool),
    /// A vertical axis that counts downwards.
    pub down: bool,
    /// Drawn above.
    pub title: Option<String>,
    /// `single`, `double` or millimetres.
    pub width: Option<String>,
    /// Name of a projection.
    pub projection: Option<String>,
    /// Which part of the file.
    pub selection: Selection,
    /// Rows for which an expression is true.
    pub filter: Option<String>,
    /// Outlines to draw on a map.
    pub over: Option<PathBuf>,
    /// How to read tables.
    pub options: ReadOptions,
}

/// What was drawn.
#[derive(Debug)]
pub struct Plotted {
    /// The format that was read.
    pub format: Format,
    /// The figure.
    pub figure: Figure,
    /// Width on paper, mm.
    pub width_mm: f64,
    /// What was noticed or chosen.
    pub notes: Vec<Note>,
}

/// Shapes to draw over a map, in degrees or in the units of its plane.
type Shapes = Vec<Vec<Vec<[f64; 2]>>>;

impl Plotting {
    /// Draws `from` and writes `to`: .svg, .png (300 dots an inch) or .pdf.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown column, a selection that leaves nothing, or a file that cannot be written.
    pub fn run(&self, from: &Path, to: &Path, cx: &Context) -> Result<Plotted> {
        on_threads(cx, || {
            let ending = ending(to)?;
            let plotted = self.draw(from, cx)?;
            esker_io::write_file(to, &bytes(&plotted.figure, ending, plotted.width_mm)?)?;
            Ok(plotted)
        })
    }

    fn draw(&self, from: &Path, cx: &Context) -> Result<Plotted> {
        let width_mm = self.width_mm()?;
        let choice = self.projection.as_deref().map(Choice::parse).transpose()?.unwrap_or_default();
        let origin = Origin::reach(from, cx)?;
        let (format, data) = origin.open(&self.options)?;
        cx.check()?;
        let mut notes = Vec::new();
        let page = Page { plotting: self, width: width_mm / MM, choice, name: origin.name() };
        let figure = match data {
            Data::Cube(cube) => {
                let mut cube = self.selection.choose(cube).map_err(|(_, e)| e)?;
                if let Some(file) = &self.selection.within {
                    cube = Within::read(file)?.cube(&cube)?;
                }
                page.cube(cube, &mut notes)?
            }
            Data::Features(features) => {
                let features = match &self.selection.within {
                    Some(file) => Within::read(file)?.features(&features)?,
                    None => features,
                };
                page.features(features, &mut notes)?
            }
            data @ Data::Table(_) => page.rows(data, &mut notes)?,
        };
        Ok(Plotted { format, figure, width_mm, notes })
    }

    fn width_mm(&self) -> Result<f64> {
        let text = match self.width.as_deref().map(str::trim) {
            None | Some("double") => return Ok(DOUBLE),
            Some("single") => return Ok(SINGLE),
            Some(text) => text,
        };
        let mm = match (text.strip_suffix("mm"), text.strip_suffix("cm")) {
            (Some(n), _) => n.trim().parse().ok(),
            (None, Some(n)) => n.trim().parse().ok().map(|v: f64| 10.0 * v),
            (None, None) => text.parse().ok(),
        };
        mm.filter(|mm| (50.0..=400.0).contains(mm)).ok_or_else(|| {
            Error::usage(format!("width '{text}'"))
                .rule("a width is single (85 mm), double (170 mm) or within 50 and 400 mm")
                .hint("--width 120mm")
        })
    }
}

/// What every figure of a command shares.
struct Page<'a> {
    plotting: &'a Plotting,
    /// User units.
    width: f64,
    choice: Choice,
    name: &'a str,
}

impl Page<'_> {
    /// Name and title of the figure.
    fn title(&self, what: &str) -> String {
        self.plotting.title.clone().unwrap_or_else(|| format!("{what} of {}", self.name.rsplit('/').next().unwrap_or(self.name)))
    }

    /// The outlines that shall be drawn over, brought into a system (degrees where none is given).
    fn over(&self, to: Option<&Crs>) -> Result<Shapes> {
        let Some(file) = &self.plotting.over else { return Ok(Vec::new()) };
        let Data::Features(features) = esker_io::open(file, &ReadOptions::default())?.1 else {
            return Err(Error::usage(format!("file '{}'", file.display()))
                .got("no outlines")
                .rule("--over takes a file of lines or polygons"));
        };
        shapes(&features, to.unwrap_or(&Crs::Geographic))
    }
}

/// The parts of all geometries, in another system.
fn shapes(features: &esker_core::Features, to: &Crs) -> Result<Shapes> {
    let way = match &features.crs {
        Some(crs) => Transform::between(crs, to)?,
        None => Transform::between(to, to)?,
    };
    let part = |p: &Vec<[f64; 2]>| p.iter().map(|q| way.point(q[0], q[1])).collect();
    Ok(features.geometries.iter().map(|g| g.iter().flat_map(|g| &g.parts).map(part).collect()).collect())
}

fn ending(to: &Path) -> Result<&'static str> {
    let said = to.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    ["svg", "png", "pdf"].into_iter().find(|e| *e == said).ok_or_else(|| {
        Error::usage(format!("figure '{}'", to.display())).rule("a figure is written as .svg, .png or .pdf").hint("-o figure.pdf")
    })
}

/// The file of a figure.
fn bytes(figure: &Figure, ending: &str, width_mm: f64) -> Result<Vec<u8>> {
    match ending {
        "svg" => Ok(figure.svg.clone().into_bytes()),
        "png" => Ok(png::with_resolution(&png::render(&figure.svg, (width_mm / 25.4 * DOTS).round() as u32)?, DOTS)),
        _ => pdf::render(&figure.svg, &figure.title, width_mm),
    }
}
