//! `[[data.step]]`: what is done to the table after it is read, one step after another.

use std::collections::BTreeMap;

use esker_core::{Crs, Error, Unit};
use esker_io::{Sampling, Stat};
use esker_math::period::{Months, Period};

use super::read::unknown;
use super::section::Section;
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

/// The kinds, in the order of the reference page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// See [`Step::Join`].
    Join,
    /// See [`Step::Sample`].
    Sample,
    /// See [`Step::Zonal`].
    Zonal,
    /// See [`Step::Within`].
    Within,
    /// See [`Step::Aggregate`].
    Aggregate,
    /// See [`Step::Resample`].
    Resample,
    /// See [`Step::DegreeDays`].
    DegreeDays,
    /// See [`Step::SnowRain`].
    SnowRain,
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
    pub const ALL: [Self; 9] =
        [Self::Mean, Self::Sum, Self::Min, Self::Max, Self::Sd, Self::Median, Self::First, Self::Last, Self::Count];

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

    fn parse(name: &str) -> Option<Self> {
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
    const ALL: [(&'static str, Self); 3] = [("refuse", Self::Refuse), ("first", Self::First), ("smallest", Self::Smallest)];
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

type Documented = (&'static str, &'static str);

const FILE: [Documented; 4] = [
    ("source", "The file, relative to the recipe."),
    ("layer", "The layer of a GeoPackage."),
    ("sheet", "The sheet of a workbook."),
    ("classes", "Columns of numbers in it to read as text, so that keys agree."),
];
const ADDED: [Documented; 3] = [
    ("columns", "Columns taken, names and globs; all but the keys."),
    ("prefix", "What the names of new columns begin with."),
    ("units", "Units the new columns shall have: `{ temp = \"degC\" }`. A unit the file states is converted where that is beyond doubt, else refused."),
];
const PLACE: Documented = ("place", "`{ x = \"lon\", y = \"lat\", crs = \"EPSG:4326\" }` of the rows; that of the roles.");
const TIME: Documented = ("time", "The column of times; that of the roles. Whole numbers are years.");
const SHARE: Documented = (
    "share",
    "Least share of values that must be there, 1: below it the result is missing. Above it, sums are scaled up to what is missing; it never counts as zero.",
);
const GRID: [Documented; 6] = [
    ("variables", "Variables taken as they are: at the month or day of the row, or the nearest time."),
    (
        "take",
        "Columns over months: `take.t_summer = { of = \"temp\", months = \"6/8\", statistic = \"mean\" }`. `months = \"10/9\"` is October of the year before to \
         September. Statistics are mean, sum, min, max, sd, median, first, last, count; `monthly` (a column a month), `degree-days` (`above`, 0 degC; `sd` of days about \
         means of many, 0 K), `snow` and `rain` (`temperature` names the variable; all snow up to `snow`, 0 degC, all rain from `rain`, 2 degC). `unit` converts.",
    ),
    ("start", "The first month of the year that dates belong to, 1: with 10, a date from October on is of the next year."),
    SHARE,
    ("prefix", "What the names of new columns begin with."),
    (
        "lapse",
        "Temperatures brought to the height of the row: `{ rate = -0.0065, height = \"z_med\", from = \"hgt\" }`, rate in K m-1, a column of the rows, a variable \
         of the grid (heights or geopotential), of another file with `source`.",
    ),
];
const TAKE: Documented = (
    "take",
    "New columns: `take.tmean = \"mean\"` of the column itself, or `take.t_max = { of = \"tmean\", statistic = \"max\" }`; mean, sum, min, max, sd, median, first, last, count.",
);

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Join,
        Self::Sample,
        Self::Zonal,
        Self::Within,
        Self::Aggregate,
        Self::Resample,
        Self::DegreeDays,
        Self::SnowRain,
    ];

    /// The name in the recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Sample => "sample",
            Self::Zonal => "zonal",
            Self::Within => "within",
            Self::Aggregate => "aggregate",
            Self::Resample => "resample",
            Self::DegreeDays => "degree-days",
            Self::SnowRain => "snow-rain",
        }
    }

    /// One paragraph for the reference page.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Join => {
                "Columns of another table, by columns that agree, by the nearest time, or both. A row of the table finds one row of the other; where it finds \
                 several that is refused unless `aggregate` says what becomes of them. Rows that find none stay and are missing; where no row finds one that is refused."
            }
            Self::Sample => {
                "Values of a grid (NetCDF, GeoTIFF, GRIB, Zarr) at the place of each row, and where the grid has times at its time, or over months of its year. \
                 Places are brought to the grid's system. Means over months count each value once."
            }
            Self::Zonal => {
                "Statistics of a grid within the polygon of each row, cells weighted by their area inside; of grids with times as in `sample`. A row knows its \
                 polygon by columns that agree, else by its place."
            }
            Self::Within => "Attributes of the polygon that holds each row. Rows in none stay and are missing.",
            Self::Aggregate => {
                "One row for each group and each period of the calendar. A period is named by the year in which it ends: December belongs to the \
                 winter that follows. New rows have the columns of `by`, the time (first day of the period), `year`, and `month` or `season`."
            }
            Self::Resample => {
                "Rows at regular times in each group, from midnight of its first row on; those without values are missing, not filled. `1 month` are months of the calendar."
            }
            Self::DegreeDays => "A column of degrees above a threshold times days (degC d): positive degree-days from 0, growing degree-days from 5, say.",
            Self::SnowRain => "Two columns that part precipitation by temperature: all snow up to one, all rain from another, linear between.",
        }
    }

    /// Its keys with their meaning, for the reference page.
    pub fn keys(self) -> Vec<Documented> {
        let by = ("by", "Columns that must agree: `[\"id\", \"year\"]`, or `{ id = \"WGMS_ID\" }` where the file has other names.");
        let polygons = ("polygons", "The file of polygons; `layer` and `classes` are of it.");
        match self {
            Self::Join => [
                &FILE[..],
                &[
                    by,
                    ("nearest", "A column of times, of which the nearest is taken; `{ date = \"time\" }` where the file has another name."),
                    ("within", "How far apart times may be: `\"10 d\"`, `\"6 h\"`."),
                    ("earlier", "Whether only rows that are not later are taken; false."),
                    ("aggregate", "What becomes of several rows of one key: a statistic; classes must agree."),
                ],
                &ADDED,
            ]
            .concat(),
            Self::Sample => {
                [&FILE[..1], &GRID, &[("method", "`nearest` (the cell) or `bilinear` (between four centres)."), TIME, PLACE]].concat()
            }
            Self::Zonal => [
                &FILE[..1],
                &[polygons, FILE[1], FILE[3], by, ("statistics", "mean, min, max, sd, count, sum, share; `mean`. Of grids with times, one.")],
                &GRID,
                &[TIME, PLACE],
            ]
            .concat(),
            Self::Within => {
                let several = ("several", "Rows in several polygons: `refuse`, or `first` of the file, or `smallest`.");
                [&FILE[..2], &ADDED, &[several, PLACE]].concat()
            }
            Self::Aggregate => {
                let period = ("period", "`month`, `season`, `year`, `hydrological-year`; none takes all times together.");
                let start = ("start", "The first month of a hydrological year, 10.");
                let by = ("by", "Columns whose groups are kept apart.");
                vec![by, period, start, TIME, TAKE, SHARE]
            }
            Self::Resample => {
                let step = ("step", "`\"1 d\"`, `\"6 h\"`, `\"1 month\"`.");
                vec![("by", "Columns whose groups are kept apart."), TIME, step, TAKE, SHARE]
            }
            Self::DegreeDays => vec![
                ("of", "The column of temperatures; K and degF are converted."),
                ("above", "The threshold, degC; 0."),
                ("below", "The temperature beyond which nothing more counts, degC."),
                ("sd", "Standard deviation of single days about each temperature, K, where that is a mean of many (Calov and Greve 2005); 0."),
                ("days", "Days that a row stands for; 1."),
                ("name", "The new column; `degree_days`."),
            ],
            Self::SnowRain => vec![
                ("of", "The column of precipitation."),
                ("temperature", "The column of temperatures; K and degF are converted."),
                ("snow", "All is snow up to this temperature, degC; 0."),
                ("rain", "All is rain from this temperature on, degC; 2."),
                ("names", "The new columns; `[\"snow\", \"rain\"]`."),
            ],
        }
    }

    fn read(self, s: &Section<'_>) -> Option<Step> {
        Some(match self {
            Self::Join => Step::Join(join(s)?),
            Self::Sample => {
                let (file, grid) = (file(s), grid(s));
                let method = choice(s, "method", &[("nearest", Sampling::Nearest), ("bilinear", Sampling::Bilinear)]);
                let place = place(s);
                Step::Sample(Sample { file, grid, method: method?, place })
            }
            Self::Zonal => Step::Zonal(zonal(s)?),
            Self::Within => {
                let (file, added, place) = (file(s), added(s), place(s));
                Step::Within(WithinPart { file, added, several: choice(s, "several", &Several::ALL)?, place })
            }
            Self::Aggregate => Step::Aggregate(aggregate(s)?),
            Self::Resample => Step::Resample(resample(s)?),
            Self::DegreeDays => Step::DegreeDays(DegreeDays {
                of: s.required("of", "name the column of temperatures").unwrap_or_default(),
                above: s.real("above", 0.0, -100.0, 100.0),
                below: s.real("below", f64::INFINITY, -100.0, f64::INFINITY),
                sd: s.real("sd", 0.0, 0.0, 50.0),
                days: s.real("days", 1.0, 0.0, 400.0),
                name: s.text("name").unwrap_or_else(|| "degree_days".into()),
            }),
            Self::SnowRain => Step::SnowRain(snow_rain(s)?),
        })
    }
}

/// The steps of `[data]`.
pub(super) fn steps(data: &Section<'_>) -> Vec<StepPart> {
    let mut parts = Vec::new();
    for s in data.tables("step") {
        let name = s.required("kind", "write kind = \"join\" or another kind of the reference page");
        let kind = name.as_ref().map(|name| (name, StepKind::ALL.into_iter().find(|k| k.name() == name)));
        match kind {
            Some((_, Some(kind))) => {
                parts.extend(kind.read(&s).map(|step| StepPart { path: s.path().to_owned(), step }));
                s.finish();
            }
            Some((name, None)) => s.fault("kind", unknown("kind of step", name, &StepKind::ALL.map(StepKind::name))),
            None => {}
        }
    }
    parts
}

fn file(s: &Section<'_>) -> FilePart {
    FilePart {
        source: s.required("source", "name the file, e.g. source = \"climate.csv\"").unwrap_or_default(),
        layer: s.text("layer"),
        sheet: s.text("sheet"),
        classes: s.texts("classes"),
    }
}

fn added(s: &Section<'_>) -> Added {
    Added {
        columns: s.texts("columns"),
        prefix: s.text("prefix").unwrap_or_default(),
        units: s.table("units").map(|u| u.pairs().into_iter().collect()).unwrap_or_default(),
    }
}

/// Columns that agree: a list of names, or a table from names here to names there.
fn keys(s: &Section<'_>, key: &'static str) -> Keys {
    if s.is_table(key) {
        return s.table(key).map(|t| t.pairs()).unwrap_or_default();
    }
    s.texts(key).into_iter().map(|k| (k.clone(), k)).collect()
}

/// One of some words, the first by default.
fn choice<T: Copy>(s: &Section<'_>, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
    let Some(word) = s.text(key) else { return words.first().map(|w| w.1) };
    let found = words.iter().find(|w| w.0 == word).map(|w| w.1);
    if found.is_none() {
        s.fault(key, unknown(&format!("'{key}'"), &word, &words.iter().map(|w| w.0).collect::<Vec<_>>()));
    }
    found
}

fn place(s: &Section<'_>) -> Option<PlacePart> {
    let p = s.table("place")?;
    let x = p.required("x", "name the column of longitude or easting");
    let y = p.required("y", "name the column of latitude or northing");
    let crs = p.text("crs").and_then(|crs| Crs::parse(&crs).map_err(|error| p.fault("crs", error)).ok());
    p.finish();
    x.zip(y).map(|(x, y)| PlacePart { x, y, crs })
}

fn statistic(s: &Section<'_>, key: &'static str, name: &str) -> Option<Statistic> {
    let found = Statistic::parse(name);
    if found.is_none() {
        s.fault(key, unknown("statistic", name, &Statistic::ALL.map(Statistic::name)));
    }
    found
}

fn refused(s: &Section<'_>, key: &'static str, got: &str, rule: &str) {
    s.fault(key, Error::recipe(format!("'{}.{key}'", s.path())).got(format!("'{got}'")).rule(rule));
}

fn join(s: &Section<'_>) -> Option<Join> {
    let (file, by, near) = (file(s), keys(s, "by"), keys(s, "nearest"));
    let within = s.text("within").and_then(|text| {
        let days = span_days(&text);
        if days.is_none() {
            refused(s, "within", &text, "a length of time with its unit is wanted, e.g. \"10 d\" or \"6 h\"");
        }
        days
    });
    let earlier = s.flag("earlier", false);
    let aggregate = s.text("aggregate").and_then(|name| statistic(s, "aggregate", &name));
    let added = added(s);
    if by.is_empty() && near.is_empty() {
        let hint = "by = [\"glacier_id\", \"year\"], or nearest = \"date\"";
        s.fault("by", Error::recipe(format!("'{}'", s.path())).rule("a join needs columns that agree or times that are near").hint(hint));
        return None;
    }
    if near.len() > 1 {
        s.fault("nearest", Error::recipe(format!("'{}.nearest'", s.path())).got(format!("{} columns", near.len())).rule("one is wanted"));
        return None;
    }
    Some(Join { file, by, nearest: near.into_iter().next(), within, earlier, added, aggregate })
}

/// A length of time with its unit, in days.
fn span_days(text: &str) -> Option<f64> {
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let unit = match text[at..].trim() {
        "d" | "day" | "days" => 1.0,
        "h" | "hour" | "hours" => 1.0 / 24.0,
        "min" | "minute" | "minutes" => 1.0 / 1440.0,
        "week" | "weeks" => 7.0,
        "yr" | "year" | "years" => 365.2425,
        _ => return None,
    };
    text[..at].trim().parse::<f64>().ok().map(|n| n * unit).filter(|d| d.is_finite() && *d > 0.0)
}

fn month(s: &Section<'_>, default: i64) -> u8 {
    s.integer("start", default, 1, 12) as u8
}

fn grid(s: &Section<'_>) -> GridPart {
    let mut take = Vec::new();
    if let Some(list) = s.table("take") {
        for (name, entry) in list.entries() {
            match entry {
                Ok(text) => s.fault(
                    "take",
                    Error::recipe(format!("'{}.take.{name}'", s.path()))
                        .got(format!("'{text}'"))
                        .rule("a table is wanted: { of = \"temp\", months = \"6/8\", statistic = \"mean\" }"),
                ),
                Err(t) => {
                    take.extend(taken(&t, name));
                    t.finish();
                }
            }
        }
    }
    let lapse = s.table("lapse").and_then(|l| {
        let (height, from) = (l.required("height", "name the column of heights"), l.required("from", "name the grid's variable of heights"));
        if !l.has("rate") {
            l.fault("rate", Error::recipe(format!("'{}.rate'", l.path())).rule("it is missing").hint("-0.0065 K m-1 is usual for free air"));
        }
        let rate = l.real("rate", -0.0065, -0.02, 0.02);
        let source = l.text("source");
        l.finish();
        Some(Lapse { rate, height: height?, from: from?, source })
    });
    GridPart {
        variables: s.texts("variables"),
        take,
        time: s.text("time"),
        start: month(s, 1),
        share: s.real("share", 1.0, 0.0, 1.0),
        prefix: s.text("prefix").unwrap_or_default(),
        lapse,
    }
}

fn taken(t: &Section<'_>, name: String) -> Option<Take> {
    let of = t.required("of", "name the variable");
    let unit = t.text("unit").map(Unit::new);
    let text = t.required("months", "write months = \"10/9\" for October of the year before to September");
    let months = text.as_deref().and_then(Months::parse);
    if let (Some(text), None) = (&text, months) {
        refused(t, "months", text, "a span of months is written \"6/8\", \"10/9\" or \"7\"");
    }
    let word = t.text("statistic").unwrap_or_else(|| "mean".into());
    let mut temperature = None;
    let over = match word.as_str() {
        "monthly" => Over::Monthly,
        "degree-days" => Over::DegreeDays { above: t.real("above", 0.0, -100.0, 100.0), sd: t.real("sd", 0.0, 0.0, 50.0) },
        "snow" | "rain" => {
            temperature = t.required("temperature", "name the variable of temperature");
            let (snow, rain) = thresholds(t)?;
            if word == "snow" { Over::Snow { snow, rain } } else { Over::Rain { snow, rain } }
        }
        name => match Statistic::parse(name) {
            Some(s) => Over::Statistic(s),
            None => {
                let more = ["monthly", "degree-days", "snow", "rain"];
                let known: Vec<&str> = Statistic::ALL.map(Statistic::name).into_iter().chain(more).collect();
                t.fault("statistic", unknown("statistic", name, &known));
                return None;
            }
        },
    };
    Some(Take { name, of: of?, temperature, months: months?, over, unit })
}

/// The temperatures of snow and of rain.
fn thresholds(s: &Section<'_>) -> Option<(f64, f64)> {
    let (snow, rain) = (s.real("snow", 0.0, -50.0, 50.0), s.real("rain", 2.0, -50.0, 50.0));
    if snow > rain {
        let error = Error::recipe(format!("'{}.snow'", s.path()))
            .got(format!("{snow} degC"))
            .rule(format!("it is at most the temperature of rain, {rain} degC"));
        s.fault("snow", error);
        return None;
    }
    Some((snow, rain))
}

fn zonal(s: &Section<'_>) -> Option<Zonal> {
    let source = s.required("source", "name the grid").unwrap_or_default();
    let polygons = FilePart {
        source: s.required("polygons", "name the file of polygons").unwrap_or_default(),
        layer: s.text("layer"),
        sheet: None,
        classes: s.texts("classes"),
    };
    let mut statistics = Vec::new();
    for name in s.texts("statistics") {
        match Stat::ALL.into_iter().find(|k| k.name() == name) {
            Some(stat) => statistics.push(stat),
            None => s.fault("statistics", unknown("statistic", &name, &Stat::ALL.map(Stat::name))),
        }
    }
    if statistics.is_empty() {
        statistics.push(Stat::Mean);
    }
    let (by, place) = (keys(s, "by"), place(s));
    Some(Zonal { file: FilePart { source, ..FilePart::default() }, grid: grid(s), polygons, by, statistics, place })
}

/// New columns: `name = "statistic"` of the column of that name, or `name = { of, statistic }`.
fn columns(s: &Section<'_>) -> Vec<(String, String, Statistic)> {
    let mut take = Vec::new();
    if let Some(list) = s.table("take") {
        for (name, entry) in list.entries() {
            match entry {
                Ok(word) => take.extend(statistic(s, "take", &word).map(|k| (name.clone(), name, k))),
                Err(t) => {
                    let (of, word) = (t.required("of", "name the column"), t.required("statistic", "name the statistic"));
                    let k = word.and_then(|w| statistic(&t, "statistic", &w));
                    take.extend(of.zip(k).map(|(of, k)| (name, of, k)));
                    t.finish();
                }
            }
        }
    }
    if take.is_empty() && !s.has("take") {
        let error = Error::recipe(format!("'{}.take'", s.path())).rule("it is missing").hint("say what is made of the rows: take.tmean = \"mean\"");
        s.fault("take", error);
    }
    take
}

fn aggregate(s: &Section<'_>) -> Option<Aggregate> {
    let by = s.texts("by");
    let start = month(s, 10);
    let words = [
        ("all", None),
        ("month", Some(Period::Month)),
        ("season", Some(Period::Season)),
        ("year", Some(Period::Year(1))),
        ("hydrological-year", Some(Period::Year(start))),
    ];
    let (period, time) = (choice(s, "period", &words), s.text("time"));
    let (take, share) = (columns(s), s.real("share", 1.0, 0.0, 1.0));
    Some(Aggregate { by, period: period?.map(|p| (p, time)), take, share })
}

fn resample(s: &Section<'_>) -> Option<Resample> {
    let (by, time, take) = (s.texts("by"), s.text("time"), columns(s));
    let share = s.real("share", 1.0, 0.0, 1.0);
    let text = s.required("step", "write step = \"1 d\" or step = \"1 month\"")?;
    let months = || {
        let (number, unit) = text.trim().split_once(' ')?;
        matches!(unit.trim(), "month" | "months").then(|| number.parse().ok().filter(|n| 12 % n == 0))?
    };
    let every = months().map(Every::Months).or_else(|| span_days(&text).map(Every::Days));
    if every.is_none() {
        refused(s, "step", &text, "a step with its unit is wanted: \"1 d\", \"6 h\", or months that divide a year");
    }
    Some(Resample { by, time, every: every?, take, share })
}

fn snow_rain(s: &Section<'_>) -> Option<SnowRain> {
    let of = s.required("of", "name the column of precipitation");
    let temperature = s.required("temperature", "name the column of temperatures");
    let parted = thresholds(s);
    let names = s.texts("names");
    let names = match <[String; 2]>::try_from(names) {
        Ok(names) => names,
        Err(none) if none.is_empty() => ["snow".into(), "rain".into()],
        Err(names) => {
            refused(s, "names", &names.join(", "), "two names are wanted, of snow and of rain");
            return None;
        }
    };
    let (snow, rain) = parted?;
    Some(SnowRain { of: of?, temperature: temperature?, snow, rain, names })
}
