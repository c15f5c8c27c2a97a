//! The catalog of steps: their names, what they do, and their keys, for reader and reference page.

use super::Step;

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

/// A key and its meaning.
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
    (
        "units",
        "Units the new columns shall have: `{ temp = \"degC\" }`. A unit the file states is converted where that is beyond doubt, else refused.",
    ),
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
         of the grid (heights or geopotential), of another file with `source`. Ranges, anomalies and other differences stay as they are, told by `units_metadata`, \
         `cell_methods`, `standard_name` or their names; `of = [\"t2m\"]` names what is a temperature.",
    ),
];
const TAKE: Documented = (
    "take",
    "New columns: `take.tmean = \"mean\"` of the column itself, or `take.t_max = { of = \"tmean\", statistic = \"max\" }`; mean, sum, min, max, sd, median, first, last, count.",
);

impl StepKind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Join, Self::Sample, Self::Zonal, Self::Within, Self::Aggregate, Self::Resample, Self::DegreeDays, Self::SnowRain];

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
            Self::DegreeDays => {
                "A column of degrees above a threshold times days (degC d): positive degree-days from 0, growing degree-days from 5, say."
            }
            Self::SnowRain => {
                "Two columns that part precipitation by temperature: all snow up to one, all rain from another, linear between."
            }
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
                &[polygons, FILE[1], FILE[3], by, ("statistics", "mean, min, max, sd, count, sum, share; `mean`. For `take`, one.")],
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
                (
                    "sd",
                    "Standard deviation of single days about each temperature, K, where that is a mean of many (Calov and Greve 2005); 0.",
                ),
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

    /// The kind of a step.
    pub fn of(step: &Step) -> Self {
        match step {
            Step::Join(_) => Self::Join,
            Step::Sample(_) => Self::Sample,
            Step::Zonal(_) => Self::Zonal,
            Step::Within(_) => Self::Within,
            Step::Aggregate(_) => Self::Aggregate,
            Step::Resample(_) => Self::Resample,
            Step::DegreeDays(_) => Self::DegreeDays,
            Step::SnowRain(_) => Self::SnowRain,
        }
    }
}
