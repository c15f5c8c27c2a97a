//! What was seen of a file before any model: findings first, then columns and the numbers of every picture. Plain data.
//!
//! A number that is missing is NaN here and `null` in JSON.

use serde::{Deserialize, Serialize};

use crate::{Note, Unit, Weight};

/// A file or the data of a recipe, looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// Version of Esker that looked.
    pub esker: String,
    /// Name of the file, or its address.
    pub file: String,
    /// What the page is called.
    pub title: String,
    /// The format by its content.
    pub format: String,
    /// `table`, `features` or `cube`.
    pub kind: String,
    /// The recipe whose data section was followed.
    pub recipe: Option<RecipeCard>,
    /// Rows, or cells of the variables looked at.
    pub rows: usize,
    /// `rows` or `cells`.
    pub rows_are: String,
    /// What was sampled, of how many and how; empty where everything was looked at.
    pub sampled: Vec<String>,
    /// The CRS of the places, where it is known.
    pub crs: Option<String>,
    /// Points, lines or polygons, where rows have geometries.
    pub geometry: Option<String>,
    /// West, south, east, north in the units of the CRS.
    pub extent: Option<[f64; 4]>,
    /// First and last moment.
    pub period: Option<[String; 2]>,
    /// Axes of a cube.
    pub axes: Vec<AxisCard>,
    /// Columns or variables.
    pub columns: Vec<ColumnCard>,
    /// What looks wrong, gravest first.
    pub findings: Vec<Suspect>,
    /// What reading decided.
    pub notes: Vec<Note>,
    /// Which values are missing where.
    pub missing: Option<MissingMap>,
    /// Columns against each other.
    pub scatter: Option<Scatter>,
    /// How columns go together.
    pub correlations: Option<Correlations>,
    /// The target against each feature, strongest first.
    pub relations: Vec<Relation>,
    /// Where values are.
    pub maps: Vec<MapView>,
    /// How values go with time.
    pub series: Option<SeriesView>,
    /// How unlike values are by their distance.
    pub variograms: Vec<VariogramView>,
    /// Logs along wells.
    pub tracks: Option<Tracks>,
}

/// The recipe whose rows were looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecipeCard {
    /// Its file.
    pub file: String,
    /// The target column.
    pub target: String,
    /// The features.
    pub features: Vec<String>,
    /// The group column, and how many groups there are.
    pub group: Option<(String, usize)>,
    /// The time column.
    pub time: Option<String>,
    /// Rows read before the data section chose.
    pub rows_read: usize,
    /// Rows locked for the final test; nothing on the page knows them.
    pub locked: usize,
}

/// An axis of a cube.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AxisCard {
    /// The name.
    pub name: String,
    /// Number of cells.
    pub cells: usize,
    /// The unit of its labels.
    pub unit: String,
    /// The first label, times as dates.
    pub first: String,
    /// The last label.
    pub last: String,
    /// The step between labels, where it is one.
    pub step: Option<f64>,
    /// The calendar of its times.
    pub calendar: Option<String>,
}

/// A column or variable, in short.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnCard {
    /// The name.
    pub name: String,
    /// What the file calls it in words.
    pub long_name: Option<String>,
    /// The unit.
    pub unit: Unit,
    /// `target`, `feature`, `x`, `y`, `time`, `group`, `identifier`, `constant`, or empty.
    pub role: String,
    /// `numbers`, `times` or `classes`.
    pub holds: String,
    /// Number of values, missing ones among them.
    pub count: usize,
    /// Number of missing ones.
    pub missing: usize,
    /// Number of different values, as far as they were counted.
    pub distinct: usize,
    /// Its numbers in short.
    pub summary: Option<Numbers>,
    /// How its numbers are spread.
    pub histogram: Option<Histogram>,
    /// The most frequent classes with their rows.
    pub levels: Vec<(String, usize)>,
    /// Names of its axes with their cells, for a variable of a cube.
    pub axes: Vec<(String, usize)>,
}

/// Numbers in short; quantiles are of those looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    /// The smallest.
    pub min: f64,
    /// A twentieth lies below.
    pub q05: f64,
    /// A quarter lies below.
    pub q25: f64,
    /// Half lie below.
    pub median: f64,
    /// Three quarters lie below.
    pub q75: f64,
    /// All but a twentieth lie below.
    pub q95: f64,
    /// The largest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub sd: f64,
}

/// Counts of equal bins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Whether bins are equal in the logarithm (base 10), whose values `low` and `high` then are.
    pub log: bool,
    /// Lower edge of the first bin.
    pub low: f64,
    /// Upper edge of the last bin.
    pub high: f64,
    /// Values in each bin.
    pub counts: Vec<usize>,
    /// Values beyond the edges: not positive under a logarithm, or so far out that nothing else could be seen.
    pub beyond: usize,
}

/// Something that looks wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// How grave.
    pub weight: Weight,
    /// A kebab-case name to find it by.
    pub code: String,
    /// The columns it is about.
    pub columns: Vec<String>,
    /// What was seen, with numbers.
    pub text: String,
    /// What to do next.
    pub next: String,
    /// A few rows that show it, counted from 1.
    pub rows: Vec<usize>,
}

/// Which share of each column is missing, part by part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MissingMap {
    /// What the parts follow: `row`, `time`, or a column of groups.
    pub along: String,
    /// A label a part.
    pub parts: Vec<String>,
    /// The columns.
    pub columns: Vec<String>,
    /// Share missing, columns × parts.
    #[serde(with = "holes")]
    pub share: Vec<f64>,
}

/// A column by whose values marks are coloured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Colour {
    /// The column.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Its classes, empty for numbers; values are then codes.
    pub levels: Vec<String>,
    /// One a mark.
    #[serde(with = "holes")]
    pub values: Vec<f64>,
}

/// Some columns against each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scatter {
    /// The columns.
    pub columns: Vec<Axis>,
    /// What marks are coloured by.
    pub colour: Option<Colour>,
    /// Rows the marks were drawn from.
    pub of: usize,
}

/// A column to draw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The column.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Whether a logarithm spreads it better.
    pub log: bool,
    /// One a row.
    #[serde(with = "holes")]
    pub values: Vec<f64>,
}

/// Correlations of numbers, columns in the order of their likeness.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Correlations {
    /// The columns.
    pub columns: Vec<String>,
    /// Of the values, columns × columns; rows in which both are known.
    #[serde(with = "holes")]
    pub pearson: Vec<f64>,
    /// Of the ranks.
    #[serde(with = "holes")]
    pub spearman: Vec<f64>,
    /// Rows looked at.
    pub rows: usize,
}

/// The target against a feature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// The feature.
    pub feature: String,
    /// `Spearman`, `correlation ratio of ranks` or `Cramér's V`.
    pub measure: String,
    /// Its value: −1 to 1, or 0 to 1.
    pub value: f64,
    /// Rows in which both are known.
    pub rows: usize,
}

/// What a map shows values on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum MapShape {
    /// Points, one a value.
    Points {
        /// East.
        #[serde(with = "holes")]
        x: Vec<f64>,
        /// North.
        #[serde(with = "holes")]
        y: Vec<f64>,
    },
    /// Cells of a regular grid, row after row.
    Cells {
        /// East, one a column.
        x: Vec<f64>,
        /// North, one a row.
        y: Vec<f64>,
    },
    /// Rings or lines of each value.
    Outlines {
        /// Whether rings are closed.
        closed: bool,
        /// Parts of each value, east and north.
        parts: Vec<Vec<Vec<[f64; 2]>>>,
    },
}

/// Values on maps of one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapView {
    /// The column or variable; empty where only places are shown.
    pub variable: String,
    /// Its unit.
    pub unit: Unit,
    /// Its classes, empty for numbers; values are then codes.
    pub levels: Vec<String>,
    /// The system of the coordinates.
    pub crs: Option<String>,
    /// Whether a logarithm spreads the values better.
    pub log: bool,
    /// What the values are: `mean of 12 times`.
    pub what: String,
    /// What they stand on.
    pub shape: MapShape,
    /// The maps, side by side under one scale.
    pub panels: Vec<MapPanel>,
}

/// One map of several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MapPanel {
    /// What tells it from the others.
    pub label: String,
    /// One value a point, cell or outline.
    #[serde(with = "holes")]
    pub values: Vec<f64>,
}

/// Values in time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesView {
    /// The time column or axis.
    pub time: String,
    /// Whether times are days since 1970-01-01; else they are numbers in `unit`.
    pub dated: bool,
    /// The unit of times that are no dates.
    pub unit: String,
    /// The usual step, in days or in `unit`.
    pub step: f64,
    /// Whether nearly all steps are this one.
    pub regular: bool,
    /// What a value is: of one row, or of all rows at a time.
    pub what: String,
    /// The series.
    pub list: Vec<Series>,
}

/// One series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The column.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Times.
    pub at: Vec<f64>,
    /// Values, or means of the rows at a time.
    #[serde(with = "holes")]
    pub value: Vec<f64>,
    /// A tenth of the rows at a time lies below; empty where a time has one row.
    #[serde(with = "holes")]
    pub low: Vec<f64>,
    /// A tenth lies above.
    #[serde(with = "holes")]
    pub high: Vec<f64>,
    /// Its values by month.
    pub season: Option<Cycle>,
    /// Its values by hour of the day.
    pub day: Option<Cycle>,
    /// How a value goes with earlier ones.
    pub autocorrelation: Option<Autocorrelation>,
    /// Its variance by period.
    pub spectrum: Option<Spectrum>,
}

/// Values by their place in a cycle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    /// 1 to 12, or 0 to 23.
    pub at: Vec<f64>,
    /// A tenth, a quarter, half, three quarters and nine tenths lie below.
    #[serde(with = "holes")]
    pub quantiles: Vec<f64>,
    /// Values of each.
    pub counts: Vec<usize>,
    /// Share of the variance that the means by place in the cycle explain.
    pub explained: f64,
}

/// Autocorrelation of a series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Autocorrelation {
    /// Lags, in days or in the unit of the times.
    pub lag: Vec<f64>,
    /// Correlation at each.
    #[serde(with = "holes")]
    pub value: Vec<f64>,
    /// White noise lies within this (95 %).
    pub limit: f64,
    /// The first lag at which it has fallen below 1/e, if it has.
    pub memory: Option<f64>,
}

/// Power spectrum of a series without its linear trend.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// Periods, longest first.
    pub period: Vec<f64>,
    /// Share of the variance at each (2/N of it is the mean of white noise).
    #[serde(with = "holes")]
    pub power: Vec<f64>,
    /// What red noise of the same memory would have; empty where the memory is not known, and then no period is named.
    pub background: Vec<f64>,
    /// Periods that stand out, strongest first.
    pub peaks: Vec<Peak>,
    /// How it was computed.
    pub method: String,
}

/// A period that stands out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Peak {
    /// In days or the unit of the times.
    pub period: f64,
    /// In words, with its unit.
    pub words: String,
    /// Share of the variance.
    pub power: f64,
}

/// An empirical semivariogram with its model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VariogramView {
    /// The column.
    pub variable: String,
    /// Its unit.
    pub unit: Unit,
    /// Mean distance of each class, km.
    pub distance: Vec<f64>,
    /// Its semivariance.
    pub semivariance: Vec<f64>,
    /// Its pairs.
    pub pairs: Vec<usize>,
    /// Variance of all values.
    pub variance: f64,
    /// Places looked at, and of how many.
    pub places: (usize, usize),
    /// The unit of distance: `km`, or that of coordinates of an unknown system.
    pub distance_unit: String,
    /// The fitted model.
    pub fit: Option<VariogramFit>,
}

/// A model of a semivariogram.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VariogramFit {
    /// Its shape in words.
    pub shape: String,
    /// Semivariance at distance 0.
    pub nugget: f64,
    /// What it rises by.
    pub sill: f64,
    /// Distance at which 95 % of the rise is reached; nothing where no structure was found.
    pub range: Option<f64>,
    /// What it means.
    pub words: String,
    /// The curve: distances and values.
    pub curve: Vec<(f64, f64)>,
}

/// Logs along wells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tracks {
    /// The depth column.
    pub depth: String,
    /// Its unit.
    pub unit: Unit,
    /// The column of wells; empty where the file is one well.
    pub group: String,
    /// The wells with a strip, the one drawn in full first.
    pub wells: Vec<Well>,
    /// The facies column; empty where there is none.
    pub facies: String,
    /// Its classes.
    pub levels: Vec<String>,
}

/// One well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Well {
    /// Its name.
    pub name: String,
    /// Depths.
    pub depth: Vec<f64>,
    /// Codes of facies.
    #[serde(with = "holes")]
    pub facies: Vec<f64>,
    /// Curves; only the first well has them.
    pub curves: Vec<Axis>,
    /// Samples along it.
    pub of: usize,
}

/// Lists of numbers whose missing ones are `null`.
mod holes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], s: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|v| v.is_finite().then_some(*v)).collect::<Vec<_>>().serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Option<f64>>::deserialize(d)?.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect())
    }
}
