//! `[[data.step]]`: what is done to the table after it is read, one step after another.

use std::collections::BTreeMap;

use esker_core::Unit;
use esker_io::{Sampling, Stat};
use esker_math::period::{Months, Period};

use super::PlacePart;

/// A step with its place in the recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct StepPart {
    /// Where it stands, e.g. `data.step[1]`.
    pub path: String,
    /// What it does.
    pub step: Step,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Columns of another table.
    Join(Join),
    /// Values of a grid at the place of each row.
    Sample(Sample),
    /// Statistics of a grid within the polygon of each row.
    Zonal(Zonal),
    /// Attributes of the polygon that holds each row.
    Within(WithinPart),
    /// Rows of one group and period as one.
    Aggregate(Aggregate),
    /// Rows at regular times.
    Resample(Resample),
    /// Degrees above a threshold.
    DegreeDays(DegreeDays),
    /// Snow and rain of precipitation.
    SnowRain(SnowRain),
}

/// A file that a step reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FilePart {
    /// Its path, relative to the recipe.
    pub source: String,
    /// The layer of a file that has several.
    pub layer: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// Columns of numbers to read as classes.
    pub classes: Vec<String>,
}

/// Which columns a step adds, and under what names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Added {
    /// Globs of the columns taken; empty takes all.
    pub columns: Vec<String>,
    /// What their names begin with.
    pub prefix: String,
    /// The units they shall have.
    pub units: BTreeMap<String, String>,
}

/// Pairs of columns that must agree: of the table, of the file.
pub type Keys = Vec<(String, String)>;

/// A statistic of some values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Mean.
    Mean,
    /// Sum; where some values are missing, that of the others is scaled up.
    Sum,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Standard deviation (n − 1).
    Sd,
    /// Median.
    Median,
    /// First in time, or in order of rows.
    First,
    /// Last in time, or in order of rows.
    Last,
    /// Number of values.
    Count,
}

impl Statistic {
    /// All of them.
    pub const ALL: [Self; 9] = [Self::Mean, Self::Sum, Self::Min, Self::Max, Self::Sd, Self::Median, Self::First, Self::Last, Self::Count];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Sd => "sd",
            Self::Median => "median",
            Self::First => "first",
            Self::Last => "last",
            Self::Count => "count",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// `kind = "join"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// The other table.
    pub file: FilePart,
    /// Columns that must agree.
    pub by: Keys,
    /// Columns of times of which the nearest is taken.
    pub nearest: Option<(String, String)>,
    /// How far apart they may be, in days.
    pub within: Option<f64>,
    /// Whether only rows that are not later are taken.
    pub earlier: bool,
    /// What is added.
    pub added: Added,
    /// What is made of several rows of one key.
    pub aggregate: Option<Statistic>,
}

/// A correction of temperature for height.
#[derive(Debug, Clone, PartialEq)]
pub struct Lapse {
    /// Degrees per metre, negative where it gets colder upwards.
    pub rate: f64,
    /// The column of heights of the rows.
    pub height: String,
    /// The variable of the grid's own heights.
    pub from: String,
    /// The file it is in, if it is another.
    pub source: Option<String>,
    /// Names and globs of the variables that are temperatures on their scale; if empty, the file and the names tell.
    pub of: Vec<String>,
}

/// What is made of a variable over a span of months.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Over {
    /// A statistic of its values.
    Statistic(Statistic),
    /// A column a month.
    Monthly,
    /// Degrees above a threshold (degC) times days, with the standard deviation of single days about means.
    DegreeDays {
        /// The threshold, degC.
        above: f64,
        /// Standard deviation of days about means of many, K.
        sd: f64,
    },
    /// The part of precipitation that falls as snow, between the temperatures (degC) of snow and of rain.
    Snow {
        /// All is snow up to here, degC.
        snow: f64,
        /// All is rain from here on, degC.
        rain: f64,
    },
    /// The part that falls as rain.
    Rain {
        /// All is snow up to here, degC.
        snow: f64,
        /// All is rain from here on, degC.
        rain: f64,
    },
}

/// A column over a span of months of the year of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// Its name.
    pub name: String,
    /// The variable.
    pub of: String,
    /// The temperature that parts snow from rain.
    pub temperature: Option<String>,
    /// The months.
    pub months: Months,
    /// What is made of them.
    pub over: Over,
    /// The unit it shall have.
    pub unit: Option<Unit>,
}

/// What of a grid is taken, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct GridPart {
    /// Variables taken as they are at the time of each row.
    pub variables: Vec<String>,
    /// Columns over spans of months.
    pub take: Vec<Take>,
    /// The column of times; that of the roles if absent.
    pub time: Option<String>,
    /// The first month of the year that dates belong to.
    pub start: u8,
    /// Least share of values that must be there.
    pub share: f64,
    /// What names begin with.
    pub prefix: String,
    /// The correction for height.
    pub lapse: Option<Lapse>,
}

/// `kind = "sample"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The grid.
    pub file: FilePart,
    /// What of it.
    pub grid: GridPart,
    /// Between cells.
    pub method: Sampling,
    /// The columns that place rows; those of the roles if absent.
    pub place: Option<PlacePart>,
}

/// `kind = "zonal"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Zonal {
    /// The grid.
    pub file: FilePart,
    /// What of it.
    pub grid: GridPart,
    /// The polygons.
    pub polygons: FilePart,
    /// Columns by which rows know their polygon; by their place if empty.
    pub by: Keys,
    /// What is computed of the cells.
    pub statistics: Vec<Stat>,
    /// The columns that place rows; those of the roles if absent.
    pub place: Option<PlacePart>,
}

/// What becomes of a row that several polygons hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Several {
    /// It is a fault.
    Refuse,
    /// The first polygon of the file counts.
    First,
    /// The smallest polygon counts.
    Smallest,
}

impl Several {
    pub(super) const ALL: [(&'static str, Self); 3] = [("refuse", Self::Refuse), ("first", Self::First), ("smallest", Self::Smallest)];
}

/// `kind = "within"`.
#[derive(Debug, Clone, PartialEq)]
pub struct WithinPart {
    /// The polygons.
    pub file: FilePart,
    /// What is added.
    pub added: Added,
    /// What becomes of rows in several.
    pub several: Several,
    /// The columns that place rows; those of the roles if absent.
    pub place: Option<PlacePart>,
}

/// `kind = "aggregate"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Columns whose groups are kept apart.
    pub by: Vec<String>,
    /// The division of time, if there is one, with the column of times.
    pub period: Option<(Period, Option<String>)>,
    /// New columns: name, column, statistic.
    pub take: Vec<(String, String, Statistic)>,
    /// Least share of values that must be there.
    pub share: f64,
}

/// A regular step of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Every {
    /// Days.
    Days(f64),
    /// Months of the calendar.
    Months(u8),
}

/// `kind = "resample"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resample {
    /// Columns whose groups are kept apart.
    pub by: Vec<String>,
    /// The column of times; that of the roles if absent.
    pub time: Option<String>,
    /// The step.
    pub every: Every,
    /// New columns: name, column, statistic.
    pub take: Vec<(String, String, Statistic)>,
    /// Least share of values that must be there.
    pub share: f64,
}

/// `kind = "degree-days"`.
#[derive(Debug, Clone, PartialEq)]
pub struct DegreeDays {
    /// The column of temperatures.
    pub of: String,
    /// The threshold, degC.
    pub above: f64,
    /// The temperature beyond which nothing more is counted, degC.
    pub below: f64,
    /// Standard deviation of days about each temperature, K.
    pub sd: f64,
    /// Days that a row stands for.
    pub days: f64,
    /// The new column.
    pub name: String,
}

/// `kind = "snow-rain"`.
#[derive(Debug, Clone, PartialEq)]
pub struct SnowRain {
    /// The column of precipitation.
    pub of: String,
    /// The column of temperatures.
    pub temperature: String,
    /// The temperature at which all is snow, degC.
    pub snow: f64,
    /// The temperature at which all is rain, degC.
    pub rain: f64,
    /// The names of the new columns.
    pub names: [String; 2],
}
