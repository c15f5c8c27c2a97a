//! A small grammar of figures: columns + marks + scales + facets + a plane or a map make a [`Figure`] (SVG for a file and for a page;
//! [`crate::png`] and [`crate::pdf`] draw the former).
//!
//! Everything is a plain struct of slices; nothing is copied before it is drawn. Large inputs are lightened: points beyond some
//! thousands become hexagons, long lines keep the extremes of every pixel, grids become pictures.
//!
//! ```
//! use esker_report::plot::{Mark, Plot, Series};
//! let (height, melt) = ([1200.0, 1500.0, 1800.0], [5.1, 3.0, 0.8]);
//! let points = Mark::points(Series::numbers("elevation", "m", &height), Series::numbers("melt", "m w.e.", &melt));
//! let figure = Plot::new("melt", "Melt by elevation").with(points).draw(800.0)?;
//! assert!(figure.svg.contains("elevation (m)") && figure.inline.contains("currentColor"));
//! # Ok::<(), esker_core::Error>(())
//! ```
//!
//! * [`Series`]: a named slice with its unit: numbers, times (days since 1970-01-01) or classes.
//! * [`Mark`]: a kind and the series it reads; made by `Mark::points(x, y)`, `::line`, `::step`, `::band(x, low, high)`, `::bars`,
//!   `::bins(from, to, y)`, `::histogram(x)`, `::hexagons`, `::boxes(class, y)`, `::quantiles(x, five)`, `::cells(grid)`,
//!   `::areas(parts)`, `::lines(parts)`, `::text(x, y, label)`, `::rule_x`, `::rule_y`; then `.coloured(s)`, `.sized(s)`,
//!   `.labelled(s)`, `.keyed("name", RGB)`, `.dashed()`.
//! * [`Plot`]: marks on one pair of axes ([`Axis`]: log, reversed, domain, title) in a [`Space`] (plane, plane of equal scales, map);
//!   with [`Facets`] it becomes several panels of shared scales.
//! * [`Plot::draw`] draws one plot; [`sheet`] draws several side by side under letters a, b, c; equal colour titles share a legend.
//! * Widths are in user units of [`MM`] mm: 800 (170 mm) fills a page, 400 (85 mm) a column; letters keep their size.

mod axes;
mod cells;
mod colours;
mod data;
mod dates;
mod layout;
mod marks;

pub use cells::{Grid, Placed};
pub use data::{Kind, Mark, Series, Values};
pub use layout::sheet;

use esker_core::Result;

use crate::figure::Figure;
pub use crate::figure::colour::{Map as Colours, Rgb};
pub use crate::map::Choice;

/// Millimetres on paper of a user unit.
pub const MM: f64 = 170.0 / 800.0;
/// Pixels of a grid's picture to a user unit: 300 to the inch on paper.
const PIXELS: f64 = 2.51;
/// Points beyond this number are drawn as hexagons, or as dots of one pixel.
pub const MANY: usize = 6000;

/// How an axis, or the colours, are scaled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// Instead of name and unit of the first series.
    pub title: Option<String>,
    /// Logarithmic; what is not positive is left out.
    pub log: bool,
    /// Downwards or leftwards, as depths are.
    pub reversed: bool,
    /// Ends instead of those of the data.
    pub domain: Option<(f64, f64)>,
    /// Colours only: instead of viridis, or of blue to red for values on both sides of 0.
    pub colours: Option<Colours>,
    /// Ticks and their labels instead of those at round numbers.
    pub ticks: Option<Vec<(f64, String)>>,
    /// Neither labels nor title, as on an inner panel: the ticks alone are drawn.
    pub quiet: bool,
}

impl Axis {
    /// An axis of which nothing is drawn.
    pub fn bare() -> Self {
        Self { ticks: Some(Vec::new()), quiet: true, ..Self::default() }
    }
}

/// Where marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Space {
    /// A plane whose axes are scaled each for itself.
    #[default]
    Plane,
    /// A plane with one scale for both axes: coordinates in metres.
    Square,
    /// A map: x and y are longitude and latitude in degrees.
    Map(Choice),
}

/// Panels by class. Scales are shared unless `free`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facets<'a> {
    /// A row of panels for each class.
    pub rows: Option<Series<'a>>,
    /// A column of panels for each class; without `rows` they are wrapped.
    pub columns: Option<Series<'a>>,
    /// Panels in a row where they are wrapped; as square as possible where not said.
    pub wrap: Option<usize>,
    /// Each panel has its own ends of the axes.
    pub free: bool,
}

/// Marks on one pair of axes, or on a map.
#[derive(Debug, Clone)]
pub struct Plot<'a> {
    /// File stem, unique in a page.
    pub name: String,
    /// What it shows, in a few words; told to readers, not drawn.
    pub title: String,
    /// Drawn above the panel or panels.
    pub heading: String,
    /// How to read it; what maps and lightened marks have to say is added.
    pub caption: String,
    /// Full sentences for readers who cannot see it, instead of what the marks tell of themselves.
    pub alt: String,
    /// What is drawn, the last on top. A plot without marks leaves its place on a sheet free.
    pub marks: Vec<Mark<'a>>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The colours.
    pub colour: Axis,
    /// The space.
    pub space: Space,
    /// Panels.
    pub facets: Option<Facets<'a>>,
    /// Height over width of a panel on a plane.
    pub shape: f64,
    /// Height of a panel in user units instead of its shape; the greatest one of a map.
    pub tall: Option<f64>,
    /// Whether panels have letters where they are several.
    pub lettered: bool,
    /// Pixels of a grid's picture to a user unit.
    pub pixels: f64,
}

impl<'a> Plot<'a> {
    /// A plot without marks.
    pub fn new(name: &str, title: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            heading: String::new(),
            caption: String::new(),
            alt: String::new(),
            marks: Vec::new(),
            x: Axis::default(),
            y: Axis::default(),
            colour: Axis::default(),
            space: Space::Plane,
            facets: None,
            shape: 0.62,
            tall: None,
            lettered: true,
            pixels: PIXELS,
        }
    }

    /// The same with one more mark.
    #[must_use]
    pub fn with(mut self, mark: Mark<'a>) -> Self {
        self.marks.push(mark);
        self
    }

    /// The same on a map.
    #[must_use]
    pub fn on_map(mut self, choice: Choice) -> Self {
        self.space = Space::Map(choice);
        self
    }

    /// Draws it `width` user units wide.
    ///
    /// # Errors
    /// Nothing to draw, series of different lengths, classes and numbers on one axis, more than 36 panels, a grid with a
    /// wrong number of values.
    pub fn draw(&self, width: f64) -> Result<Figure> {
        sheet(&self.name, &self.title, std::slice::from_ref(self), width, 1)
    }
}
