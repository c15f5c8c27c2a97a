//! The rows that are looked at: which of them, and what their columns are for.

use esker_core::{Calendar, Codes, Column, Crs, DAYS, Rng, Table, Values};

use crate::inspect::{Inspection, words};

/// Rows that pictures and what sorts values look at; of more, one of each of so many strata is drawn.
pub const MOST_ROWS: usize = 50_000;
/// The seed of every draw: the same file gives the same page.
const SEED: u64 = 42;
/// Columns that are looked at closely; of more, the first.
pub const MOST_COLUMNS: usize = 400;

/// Where rows are.
#[derive(Debug, Clone)]
pub struct Placing {
    /// Column of longitudes or eastings.
    pub x: usize,
    /// Column of latitudes or northings.
    pub y: usize,
    /// Their system, where it is known or they can be nothing but degrees.
    pub crs: Option<Crs>,
}

/// When rows are.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The column, or the columns it was put together from.
    pub name: String,
    /// Their places in the table.
    pub columns: Vec<usize>,
    /// One a row of the whole table: days since 1970-01-01, or numbers in `unit`.
    pub at: Vec<f64>,
    /// Whether they are days.
    pub dated: bool,
    /// The unit of times that are no dates.
    pub unit: String,
}

/// What somebody has said of the columns: a recipe, or the file itself.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The columns of the place and their system.
    pub place: Option<(String, String, Option<Crs>)>,
    /// The time column.
    pub time: Option<String>,
    /// The group column.
    pub group: Option<String>,
    /// The target column.
    pub target: Option<String>,
    /// The features; empty where nobody has said any.
    pub features: Vec<String>,
    /// Whether only what was said counts.
    pub recipe: bool,
}

/// A table with its rows drawn and its columns told apart.
pub struct Frame {
    /// All rows.
    pub table: Table,
    /// The rows looked at, ascending in time or in their own order.
    pub rows: Vec<usize>,
    /// These rows.
    pub look: Table,
    /// Where they are.
    pub place: Option<Placing>,
    /// When they are.
    pub time: Option<Timing>,
    /// The column of groups.
    pub group: Option<usize>,
    /// The column that marks are coloured by.
    pub colour: Option<usize>,
    /// The target, where a recipe names it.
    pub target: Option<usize>,
    /// A role a column.
    pub roles: Vec<String>,
    /// Numbers worth a picture, in the order in which they are shown.
    pub chosen: Vec<usize>,
}

impl Frame {
    /// Tells rows and columns of a table apart.
    pub fn new(table: Table, said: &Said) -> Self {
        let first = drawn(table.rows());
        let peek = table.select(&first);
        let found = if table.columns().len() <= MOST_COLUMNS { Inspection::of(&peek, None) } else { Inspection::default() };
        let at = |name: &str| table.columns().iter().position(|c| c.name == name);
        let place = place(&table, said, &found);
        let time = time(&table, said, &found);
        let rows = match &time {
            Some(t) if first.len() < table.rows() => in_time(&t.at),
            _ => first,
        };
        let group = match &said.group {
            Some(name) => at(name),
            None if said.recipe => None,
            None => found.group.as_ref().and_then(|(name, _)| at(name)),
        };
        let look = table.select(&rows);
        let target = said.target.as_deref().and_then(at);
        let mut frame = Self {
            roles: vec![String::new(); table.columns().len()],
            table,
            rows,
            look,
            place,
            time,
            group,
            colour: None,
            target,
            chosen: Vec::new(),
        };
        frame.tell(said);
        frame
    }

    /// Puts the columns named first among those shown, in their order, behind the target.
    pub fn first(&mut self, names: &[&str]) {
        let place = |c: &usize| names.iter().position(|n| *n == self.look.columns()[*c].name).unwrap_or(names.len());
        let mut order = self.chosen.clone();
        order.sort_by_key(|c| (self.target != Some(*c), place(c)));
        self.chosen = order;
    }

    /// The numbers of a column in the rows looked at.
    pub fn numbers(&self, column: usize) -> Option<&[f64]> {
        match &self.look.columns()[column].values {
            Values::Real(v) => Some(v),
            Values::Class(_) => None,
        }
    }

    /// Times of the rows looked at.
    pub fn times(&self) -> Option<Vec<f64>> {
        self.time.as_ref().map(|t| self.rows.iter().map(|&r| t.at[r]).collect())
    }

    /// A column, all its rows.
    pub fn column(&self, column: usize) -> &Column {
        &self.table.columns()[column]
    }

    /// Levels and one code a row looked at, of a column of classes or of few whole numbers.
    pub fn classes(&self, column: usize) -> Codes {
        match crate::columns::as_classes(&self.look.columns()[column]).values {
            Values::Class(codes) => codes,
            Values::Real(_) => Codes::default(),
        }
    }

    fn tell(&mut self, said: &Said) {
        let mut set = |column: Option<usize>, role: &str| {
            if let Some(c) = column {
                role.clone_into(&mut self.roles[c]);
            }
        };
        set(self.place.as_ref().map(|p| p.x), "x");
        set(self.place.as_ref().map(|p| p.y), "y");
        self.time.iter().flat_map(|t| &t.columns).for_each(|&c| set(Some(c), "time"));
        set(self.group, "group");
        if self.place.is_some() {
            for c in 0..self.table.columns().len() {
                if PLACES.contains(&self.table.columns()[c].name.to_lowercase().as_str())
                    && self.place.as_ref().is_none_or(|p| p.x != c && p.y != c)
                {
                    set(Some(c), "place");
                }
            }
        }
        for name in &said.features {
            set(self.table.columns().iter().position(|c| c.name == *name), "feature");
        }
        set(self.target, "target");
        for (c, column) in self.look.columns().iter().enumerate().take(MOST_COLUMNS) {
            if self.roles[c].is_empty() {
                let role = if column.unit.as_str() == DAYS {
                    "time"
                } else if is_constant(column) {
                    "constant"
                } else if is_identifier(&self.table.columns()[c]) {
                    "identifier"
                } else {
                    continue;
                };
                role.clone_into(&mut self.roles[c]);
            }
        }
        self.colour = self.target.filter(|&t| self.few(t)).or_else(|| self.best_class(said));
        self.chosen = self.shown();
    }

    /// Whether a column has few classes, or few whole numbers that are codes.
    fn few(&self, column: usize) -> bool {
        is_class_like(&self.look.columns()[column])
    }

    /// Whether nearly all rows are of one class, so that its colours would tell nothing.
    fn one_rules(&self, column: usize) -> bool {
        let codes = self.classes(column);
        100 * codes.counts().into_iter().max().unwrap_or(0) > 95 * codes.len()
    }

    /// The classes that marks are coloured by where the target is none.
    fn best_class(&self, said: &Said) -> Option<usize> {
        let free = |c: &usize| matches!(self.roles[*c].as_str(), "" | "feature") || (self.roles[*c] == "group" && self.few(*c));
        let named = |c: usize| {
            let words = words(&self.look.columns()[c].name);
            CLASS_WORDS.iter().position(|w| words.iter().any(|x| x == w))
        };
        let is_class = |c: usize| matches!(self.look.columns()[c].values, Values::Class(_));
        let all =
            (0..self.look.columns().len().min(MOST_COLUMNS)).filter(free).filter(|&c| self.few(c) && (is_class(c) || named(c).is_some()));
        let all = all.filter(|&c| !self.one_rules(c));
        // With a target of numbers, those colour better than any class.
        if said.target.is_some() {
            return self.target;
        }
        all.min_by_key(|&c| (named(c).unwrap_or(CLASS_WORDS.len()), c))
    }

    /// Columns of numbers worth a picture, those with the most values first; the target before all, codes of classes last.
    fn shown(&self) -> Vec<usize> {
        let usable = |c: &usize| {
            let column = &self.look.columns()[*c];
            matches!(column.values, Values::Real(_)) && matches!(self.roles[*c].as_str(), "" | "feature" | "target")
        };
        let mut all: Vec<usize> = (0..self.look.columns().len().min(MOST_COLUMNS)).filter(usable).collect();
        let known = |c: usize| self.look.columns()[c].len() - self.look.columns()[c].values.missing();
        all.retain(|&c| known(c) >= 3 && !is_constant(&self.look.columns()[c]));
        let most = all.iter().map(|&c| known(c)).max().unwrap_or(0);
        // Halves of the best are as good as it; below that fewer values come later.
        all.sort_by_key(|&c| (self.target != Some(c), self.few(c), 4 * known(c) < most, 2 * known(c) < most, c));
        all
    }
}

/// Further columns of places beside the one that is taken.
const PLACES: [&str; 10] = ["lon", "longitude", "lat", "latitude", "cenlon", "cenlat", "easting", "northing", "x_loc", "y_loc"];

const CLASS_WORDS: [&str; 10] =
    ["lithology", "lithofacies", "facies", "class", "label", "target", "landcover", "type", "category", "weather"];

/// One row of each of so many strata of equal length.
fn drawn(rows: usize) -> Vec<usize> {
    if rows <= MOST_ROWS {
        return (0..rows).collect();
    }
    let mut rng = Rng::new(SEED).fork("rows", 0);
    let edge = |i: usize| (i as u128 * rows as u128 / MOST_ROWS as u128) as usize;
    (0..MOST_ROWS).map(|i| edge(i) + rng.below(edge(i + 1) - edge(i))).collect()
}

/// The same over rows in the order of time.
fn in_time(times: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    if !times.is_sorted() {
        order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    }
    drawn(times.len()).into_iter().map(|i| order[i]).collect()
}

fn place(table: &Table, said: &Said, found: &Inspection) -> Option<Placing> {
    let at = |name: &str| table.columns().iter().position(|c| c.name == name && matches!(c.values, Values::Real(_)));
    if let Some((x, y, crs)) = &said.place {
        return Some(Placing { x: at(x)?, y: at(y)?, crs: crs.clone() });
    }
    if said.recipe {
        return None;
    }
    let (x, y, crs, _) = found.place.as_ref()?;
    // By their names longitudes and latitudes are degrees, also where one of them is impossible.
    let named = |name: &str, stems: [&str; 2]| stems.iter().any(|s| name.to_lowercase().contains(s));
    let degrees = named(x, ["lon", "long"]) && named(y, ["lat", "latitude"]);
    let crs = if degrees || (!crs.is_empty() && !["x", "y"].contains(&x.as_str())) { Some(Crs::Geographic) } else { None };
    Some(Placing { x: at(x)?, y: at(y)?, crs })
}

fn time(table: &Table, said: &Said, found: &Inspection) -> Option<Timing> {
    let at = |name: &str| table.columns().iter().position(|c| c.name == name);
    if let Some(c) = said.time.as_deref().and_then(at) {
        let column = &table.columns()[c];
        // Numbers are years where a recipe calls them times; along the axis of a file they may count anything.
        let days = crate::dataset::to_days(column).ok().filter(|_| said.recipe || column.unit.as_str() == DAYS);
        if let Some((days, _)) = days {
            return Some(Timing { name: column.name.clone(), columns: vec![c], at: days, dated: true, unit: String::new() });
        }
        if let Values::Real(v) = &column.values {
            let unit = column.unit.to_string();
            return Some(Timing { name: column.name.clone(), columns: vec![c], at: v.clone(), dated: false, unit });
        }
    }
    if said.recipe {
        return None;
    }
    let dated = |c: usize, days: Vec<f64>| {
        Some(Timing { name: table.columns()[c].name.clone(), columns: vec![c], at: days, dated: true, unit: String::new() })
    };
    let days = |c: &usize| table.columns()[*c].unit.as_str() == DAYS && table.columns()[*c].values.missing() * 2 < table.rows();
    let mut of_days: Vec<usize> = (0..table.columns().len()).filter(days).collect();
    of_days
        .sort_by_key(|&c| (!words(&table.columns()[c].name).iter().any(|w| matches!(w.as_str(), "time" | "date" | "datetime" | "day")), c));
    if let Some(&c) = of_days.first() {
        return dated(c, table.columns()[c].reals().ok()?.to_vec());
    }
    if let Some(t) = put_together(table) {
        return Some(t);
    }
    if let Some(c) = found.time.as_ref().and_then(|(name, _)| at(name))
        && let Ok((days, _)) = crate::dataset::to_days(&table.columns()[c])
    {
        return dated(c, days);
    }
    (0..table.columns().len()).find_map(|c| dated(c, compact_dates(&table.columns()[c])?))
}

/// Dates put together from columns of years, months, days and hours.
fn put_together(table: &Table) -> Option<Timing> {
    let whole = |names: &[&str], low: f64, high: f64| {
        table.columns().iter().position(|c| {
            names.contains(&c.name.to_lowercase().as_str())
                && matches!(&c.values, Values::Real(v) if v.iter().all(|x| x.fract() == 0.0 && (low..=high).contains(x)))
        })
    };
    let (year, month) = (whole(&["year", "yr", "yyyy"], -9999.0, 9999.0)?, whole(&["month", "mon", "mm", "mnth"], 1.0, 12.0)?);
    let (day, hour) = (whole(&["day", "dd", "dom"], 1.0, 31.0), whole(&["hour", "hr", "hh"], 0.0, 24.0));
    let value = |c: usize, r: usize| table.columns()[c].reals().map_or(f64::NAN, |v| v[r]);
    let moment = |r: usize| {
        let date = Calendar::Proleptic.days(value(year, r) as i64, value(month, r) as u8, day.map_or(1, |c| value(c, r) as u8));
        date.map_or(f64::NAN, |d| d as f64 + hour.map_or(0.0, |c| value(c, r) / 24.0))
    };
    let columns: Vec<usize> = [Some(year), Some(month), day, hour.filter(|_| day.is_some())].into_iter().flatten().collect();
    let names: Vec<&str> = columns.iter().map(|&c| table.columns()[c].name.as_str()).collect();
    let at: Vec<f64> = (0..table.rows()).map(moment).collect();
    (at.iter().filter(|t| t.is_nan()).count() * 100 <= at.len()).then(|| Timing {
        name: names.join(", "),
        columns,
        at,
        dated: true,
        unit: String::new(),
    })
}

/// The days of whole numbers that are all written YYYYMMDD.
pub fn compact_dates(column: &Column) -> Option<Vec<f64>> {
    let Values::Real(v) = &column.values else { return None };
    let plausible = |x: &f64| x.is_nan() || (x.fract() == 0.0 && (10_000_101.0..=29_991_231.0).contains(x));
    if v.len() < 3 || !v.iter().all(plausible) {
        return None;
    }
    let day = |x: &f64| {
        let n = *x as i64;
        if x.is_nan() {
            Some(f64::NAN)
        } else {
            Calendar::Proleptic.days(n / 10_000, (n / 100 % 100) as u8, (n % 100) as u8).map(|d| d as f64)
        }
    };
    let days: Option<Vec<f64>> = v.iter().map(day).collect();
    days.filter(|d| d.iter().any(|x| !x.is_nan()))
}

/// Whether all known values of a column are one.
pub fn is_constant(column: &Column) -> bool {
    match &column.values {
        Values::Real(v) => {
            let mut known = v.iter().filter(|x| !x.is_nan());
            known.next().is_none_or(|first| known.all(|x| x == first))
        }
        Values::Class(c) => c.counts().iter().filter(|n| **n > 0).count() <= 1,
    }
}

/// What may be measured in steps of one; the plural says the same.
const COUNTED: [&str; 24] = [
    "depth",
    "age",
    "time",
    "distance",
    "day",
    "doy",
    "hour",
    "minute",
    "second",
    "week",
    "month",
    "year",
    "step",
    "date",
    "height",
    "level",
    "elevation",
    "altitude",
    "lag",
    "x",
    "y",
    "z",
    "t",
    "length",
];

/// Whether a column names or numbers its rows. Whole numbers do where each row has its own and they count up or are called an id; texts
/// where nearly each row has its own.
pub fn is_identifier(column: &Column) -> bool {
    let words = words(&column.name);
    let lower = column.name.to_lowercase();
    let named = words.iter().any(|w| matches!(w.as_str(), "id" | "index" | "fid" | "objectid" | "ids" | "no" | "nr" | "number" | "code"))
        || ["Id", "ID"].iter().any(|id| column.name.strip_suffix(id).is_some_and(|stem| stem.chars().any(char::is_lowercase)))
        || lower
            .strip_suffix("id")
            .is_some_and(|stem| ["g", "u", "o", "object", "glacier", "station", "site", "sample", "well"].contains(&stem));
    match &column.values {
        Values::Real(v) if v.len() > 2 => {
            if v.iter().any(|x| x.is_nan() || x.fract() != 0.0) {
                return false;
            }
            if v.windows(2).all(|w| w[1] == w[0] + 1.0) {
                // A year, a depth and the steps of a model count up as well.
                let measures = !column.unit.is_empty() || words.iter().any(|w| COUNTED.contains(&w.trim_end_matches('s')));
                return named || column.name.is_empty() || lower.starts_with("unnamed") || (!measures && (v[0] == 0.0 || v[0] == 1.0));
            }
            let mut sorted = v.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            let distinct = 1 + sorted.windows(2).filter(|w| w[0] != w[1]).count();
            named && 10 * distinct > 9 * v.len()
        }
        Values::Real(_) => false,
        Values::Class(c) => {
            let distinct = c.counts().iter().filter(|n| **n > 0).count();
            c.len() > 2 && (distinct * 10 > c.len() * 9 || (named && distinct * 3 > c.len()))
        }
    }
}

/// Whether a column has 2 to 12 classes, or so few whole numbers, each often, that they are codes.
pub fn is_class_like(column: &Column) -> bool {
    match &column.values {
        Values::Class(c) => (2..=12).contains(&c.counts().iter().filter(|n| **n > 0).count()),
        Values::Real(v) => {
            let mut levels: Vec<f64> = Vec::new();
            let mut known = 0;
            for &x in v.iter().filter(|x| !x.is_nan()) {
                known += 1;
                if x.fract() != 0.0 {
                    return false;
                }
                if !levels.contains(&x) {
                    levels.push(x);
                    if levels.len() > 12 {
                        return false;
                    }
                }
            }
            levels.len() >= 2 && known > 10 * levels.len()
        }
    }
}
