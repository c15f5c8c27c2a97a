//! Looks at a table and writes a first recipe, with a reason for every guess.

use std::fmt::Write as _;
use std::path::Path;

use esker_core::{Codes, Column, DAYS, Result, Table, Values};
use esker_io::{Data, Placed, ReadOptions};

use crate::card::summarise;

/// What a column looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looks {
    /// The same value everywhere.
    Constant,
    /// No value anywhere.
    Empty,
    /// Numbers rows: every value different, or a name that says so.
    Identifier,
    /// Equal to an earlier column in every row.
    Duplicate(String),
    /// Moves with the target almost exactly.
    CopyOfTarget,
    /// Can serve as a feature.
    Feature,
}

impl std::fmt::Display for Looks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Constant => f.write_str("constant"),
            Self::Empty => f.write_str("empty"),
            Self::Identifier => f.write_str("identifier"),
            Self::Duplicate(twin) => write!(f, "duplicate of {twin}"),
            Self::CopyOfTarget => f.write_str("copy of the target"),
            Self::Feature => f.write_str("feature"),
        }
    }
}

/// What was taken for what, and why.
#[derive(Debug, Clone, Default)]
pub struct Inspection {
    /// Column and reason.
    pub target: Option<(String, String)>,
    /// Longitude or easting column, latitude or northing column, CRS, reason.
    pub place: Option<(String, String, String, String)>,
    /// Column and reason.
    pub time: Option<(String, String)>,
    /// Column and reason.
    pub group: Option<(String, String)>,
    /// Column with the target's reported error, and reason.
    pub error: Option<(String, String)>,
    /// Every other column and what it looks like.
    pub others: Vec<(String, Looks)>,
    /// Whether the place and its CRS are those that the file states.
    pub crs_of_file: bool,
    /// Whether the file is a grid.
    pub grid: bool,
}

const X_NAMES: [&str; 10] = ["lon", "longitude", "long", "cenlon", "x", "x_loc", "easting", "east", "coord_x", "utm_x"];
const Y_NAMES: [&str; 10] = ["lat", "latitude", "lat_dd", "cenlat", "y", "y_loc", "northing", "north", "coord_y", "utm_y"];
const TIME_NAMES: [&str; 7] = ["date", "time", "datetime", "year", "timestamp", "period", "month"];
const GROUP_WORDS: [&str; 12] =
    ["id", "site", "station", "well", "glacier", "basin", "catchment", "region", "plot", "borehole", "gauge", "profile"];
const ERROR_WORDS: [&str; 7] = ["err", "error", "sd", "std", "stderr", "sigma", "uncertainty"];
const TARGET_WORDS: [&str; 6] = ["target", "label", "class", "lithology", "facies", "y"];

pub(crate) fn words(name: &str) -> Vec<String> {
    name.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

impl Inspection {
    /// Looks at a table. `target` is the user's own word on the target.
    pub fn of(table: &Table, target: Option<&str>) -> Self {
        let mut found = Self::default();
        found.look(table, target);
        found
    }

    /// Reads a file of any format as a table and looks at it; where the file says where its rows are, that is taken.
    ///
    /// # Errors
    /// A file that cannot be read as a table, a target that is not there.
    pub fn read(path: &Path, options: &ReadOptions, target: Option<&str>) -> Result<(Table, Self)> {
        let (_, data) = esker_io::open(path, options)?;
        let placed = data.placed();
        let grid = matches!(data, Data::Cube(_));
        let table = esker_io::into_table(data, options)?;
        if let Some(target) = target {
            table.column(target)?;
        }
        let mut found = Self::default();
        if let Some(Placed { x, y, crs: Some(crs) }) = placed.filter(|p| [&p.x, &p.y].iter().all(|name| table.column(name).is_ok())) {
            found.place = Some((x, y, crs.name().to_owned(), "the file states them and their CRS".to_owned()));
            found.crs_of_file = true;
        }
        found.grid = grid;
        found.look(&table, target);
        Ok((table, found))
    }

    /// Where and when the rows of a table are, as far as names and values tell.
    pub(crate) fn place_and_time(table: &Table) -> Self {
        let mut found = Self::default();
        found.find_place(table);
        found.find_time(table);
        found
    }

    fn look(&mut self, table: &Table, target: Option<&str>) {
        self.find_error(table, target);
        if self.place.is_none() {
            self.find_place(table);
        }
        self.find_time(table);
        self.find_target(table, target);
        self.find_group(table);
        self.look_at_others(table);
    }

    fn taken(&self, name: &str) -> bool {
        let is = |c: &Option<(String, String)>| c.as_ref().is_some_and(|(n, _)| n == name);
        is(&self.target)
            || is(&self.time)
            || is(&self.group)
            || is(&self.error)
            || self.place.as_ref().is_some_and(|(x, y, _, _)| x == name || y == name)
    }

    /// `err_dmdtda` beside `dmdtda` tells both the error and the target.
    fn find_error(&mut self, table: &Table, target: Option<&str>) {
        for column in table.columns() {
            let lower = column.name.to_lowercase();
            for word in ERROR_WORDS {
                let stem = lower.strip_prefix(&format!("{word}_")).or_else(|| lower.strip_suffix(&format!("_{word}")));
                let Some(measured) = stem.and_then(|s| table.columns().iter().find(|c| c.name.to_lowercase() == s)) else { continue };
                if target.is_some_and(|t| t != measured.name) {
                    continue;
                }
                self.error = Some((column.name.clone(), format!("its name says it is the error of '{}'", measured.name)));
                self.target = Some((measured.name.clone(), format!("the table gives its measurement error, '{}'", column.name)));
                return;
            }
        }
    }

    fn find_place(&mut self, table: &Table) {
        let by_name = |names: &[&str]| {
            names.iter().find_map(|n| table.columns().iter().find(|c| c.name.to_lowercase() == *n && matches!(c.values, Values::Real(_))))
        };
        let (Some(x), Some(y)) = (by_name(&X_NAMES), by_name(&Y_NAMES)) else { return };
        let (Values::Real(xs), Values::Real(ys)) = (&x.values, &y.values) else { return };
        let (Some(sx), Some(sy)) = (summarise(xs), summarise(ys)) else { return };
        let degrees = sx.min >= -180.0 && sx.max <= 360.0 && sy.min >= -90.0 && sy.max <= 90.0;
        let (crs, why) = if degrees {
            ("EPSG:4326", format!("x within {} to {} and y within {} to {}: degrees", sx.min, sx.max, sy.min, sy.max))
        } else {
            (
                "",
                format!(
                    "x within {} to {} and y within {} to {}: metres of a projected system that only you know",
                    sx.min, sx.max, sy.min, sy.max
                ),
            )
        };
        self.place = Some((x.name.clone(), y.name.clone(), crs.to_owned(), why));
    }

    fn find_time(&mut self, table: &Table) {
        for name in TIME_NAMES {
            let Some(column) = table.columns().iter().find(|c| words(&c.name).iter().any(|w| w == name)) else { continue };
            if column.values.missing() > 0 {
                continue;
            }
            let reads = match &column.values {
                Values::Real(_) if column.unit.as_str() == DAYS => true,
                Values::Real(v) => name == "year" && v.iter().all(|y| y.fract() == 0.0 && (1000.0..=3000.0).contains(y)),
                Values::Class(c) => c.levels().iter().all(|l| esker_io::time::parse_days(l).is_some()),
            };
            if reads {
                self.time = Some((column.name.clone(), "its name and every value read as a time".to_owned()));
                return;
            }
        }
    }

    fn find_target(&mut self, table: &Table, target: Option<&str>) {
        if let Some(target) = target {
            self.target = Some((target.to_owned(), "you named it".to_owned()));
            return;
        }
        if self.target.is_some() {
            return;
        }
        let named = table
            .columns()
            .iter()
            .find(|c| !self.taken(&c.name) && words(&c.name).iter().any(|w| TARGET_WORDS.contains(&w.as_str())) && !is_identifier(c));
        if let Some(column) = named {
            self.target = Some((column.name.clone(), "its name says so".to_owned()));
            return;
        }
        let last = table
            .columns()
            .iter()
            .rev()
            .find(|c| !self.taken(&c.name) && !is_identifier(c) && !is_constant(c) && c.values.missing() < c.len());
        self.target = last.map(|c| (c.name.clone(), "it is the last column that could be one: check this".to_owned()));
    }

    fn find_group(&mut self, table: &Table) {
        let mut best: Option<(String, String, usize)> = None;
        for column in table.columns().iter().filter(|c| !self.taken(&c.name)) {
            let named = words(&column.name).iter().any(|w| GROUP_WORDS.contains(&w.as_str()));
            let codes = as_codes(column);
            let groups = codes.counts().iter().filter(|c| **c > 0).count();
            let text = matches!(column.values, Values::Class(_));
            if !named || groups < 2 || groups * 3 > column.len() * 2 || (!text && codes.levels().iter().any(|l| l.contains('.'))) {
                continue;
            }
            // The finest grouping keeps most apart what belongs together.
            if best.as_ref().is_none_or(|(_, _, g)| groups > *g) {
                let why = format!("its name says so, and {} rows fall into {groups} groups", column.len());
                best = Some((column.name.clone(), why, groups));
            }
        }
        self.group = best.map(|(name, why, _)| (name, why));
    }

    fn look_at_others(&mut self, table: &Table) {
        let target = self.target.as_ref().and_then(|(t, _)| table.columns().iter().find(|c| c.name == *t));
        for (i, column) in table.columns().iter().enumerate() {
            if self.taken(&column.name) {
                continue;
            }
            let twin = table.columns()[..i].iter().find(|c| same_values(c, column));
            let looks = if column.values.missing() == column.len() {
                Looks::Empty
            } else if is_constant(column) {
                Looks::Constant
            } else if let Some(twin) = twin {
                Looks::Duplicate(twin.name.clone())
            } else if is_identifier(column) {
                Looks::Identifier
            } else if target.is_some_and(|t| copies(t, column)) {
                Looks::CopyOfTarget
            } else {
                Looks::Feature
            };
            self.others.push((column.name.clone(), looks));
        }
    }

    /// The recipe, with comments that say why.
    pub fn recipe(&self, table: &Table, source: &str) -> String {
        let mut t = String::new();
        let stem = source.rsplit(['/', '\\']).next().unwrap_or(source);
        let stem = stem.rsplit_once('.').map_or(stem, |(s, _)| s);
        let _ = writeln!(
            t,
            "# A first recipe for {} rows and {} columns. Every line is a guess to check; the reasons stand beside them.",
            table.rows(),
            table.columns().len()
        );
        let _ = writeln!(t, "# Then: esker check, and esker run.\n");
        let _ = writeln!(t, "title = {}\nseed = 42\n\n[data]\nsource = {}", quoted(&stem.replace(['_', '-'], " ")), quoted(source));
        for note in &table.notes {
            let _ = writeln!(t, "# noted: {}", note.text.replace('\n', " "));
        }
        if self.grid {
            t.push_str("# A row a cell. A part of the grid is chosen by:\n");
            t.push_str(
                "# variables = [\"…\"]\n# time = \"2001/2010\"\n# bbox = [west, south, east, north]\n# within = \"polygons.gpkg\"\n",
            );
        }
        let class = self.target.as_ref().and_then(|(n, _)| table.columns().iter().find(|c| c.name == *n)).is_some_and(looks_like_classes);
        self.write_roles(&mut t, class);
        self.write_features(&mut t);
        self.write_validate(&mut t, table);
        t.push_str("\n# Baseline first: a model that does not beat it has learned nothing.\n[[model]]\nkind = \"mean\"\n");
        let linear = if class { "logistic" } else { "ridge" };
        let _ = writeln!(
            t,
            "\n[[model]]\nkind = \"{linear}\"\ntune = {{ trials = 12 }}\n\n[[model]]\nkind = \"forest\"\n\n[[model]]\nkind = \"boosting\"\ntune = {{ trials = 12 }}"
        );
        t.push_str("\n[explain]\nimportance = true\n");
        t
    }

    fn write_roles(&self, t: &mut String, class: bool) {
        t.push_str("\n[roles]\n");
        match &self.target {
            Some((name, why)) if class => {
                let _ = writeln!(
                    t,
                    "# {}; few different values: taken as classes.\ntarget = {{ column = {}, kind = \"class\" }}",
                    sentence(why),
                    quoted(name)
                );
            }
            Some((name, why)) => {
                let _ = writeln!(t, "# {}. Write its unit.\ntarget = {{ column = {}, unit = \"\" }}", sentence(why), quoted(name));
            }
            None => t.push_str("# No column looks like a target: name yours.\n# target = \"…\"\n"),
        }
        if let Some((x, y, crs, why)) = &self.place {
            if self.crs_of_file {
                let _ = writeln!(t, "# {}: {}.\nplace = {{ x = {}, y = {} }}", sentence(why), printable(crs), quoted(x), quoted(y));
                return self.write_other_roles(t);
            }
            let hidden = if crs.is_empty() { "# Fill in the CRS and remove the first sign of this line.\n# " } else { "" };
            let _ = writeln!(
                t,
                "# {why}.\n{hidden}place = {{ x = {}, y = {}, crs = {} }}",
                quoted(x),
                quoted(y),
                quoted(if crs.is_empty() { "EPSG:…" } else { crs })
            );
        }
        self.write_other_roles(t);
    }

    fn write_other_roles(&self, t: &mut String) {
        for (key, part) in [("time", &self.time), ("group", &self.group), ("error", &self.error)] {
            if let Some((name, why)) = part {
                let _ = writeln!(t, "# {}.\n{key} = {}", sentence(why), quoted(name));
            }
        }
    }

    fn write_features(&self, t: &mut String) {
        let features: Vec<&str> = self.others.iter().filter(|(_, l)| *l == Looks::Feature).map(|(n, _)| n.as_str()).collect();
        t.push_str("features = [\n");
        for name in features {
            let _ = writeln!(t, "    {},", quoted(name));
        }
        t.push_str("]\n");
        for (name, looks) in &self.others {
            let why = match looks {
                Looks::Feature => continue,
                Looks::Constant => "it is constant".to_owned(),
                Looks::Empty => "it has no values".to_owned(),
                Looks::Identifier => "it looks like an identifier".to_owned(),
                Looks::Duplicate(twin) => format!("it equals '{}' in every row", printable(twin)),
                Looks::CopyOfTarget => "it follows the target almost exactly: is it computed from it, or only known with it?".to_owned(),
            };
            let _ = writeln!(t, "# left out: {}: {why}", printable(name));
        }
    }

    fn write_validate(&self, t: &mut String, table: &Table) {
        t.push_str("\n[validate]\n");
        if let Some((name, _)) = &self.group {
            let groups = table.column(name).map_or(0, |c| as_codes(c).counts().iter().filter(|n| **n > 0).count());
            let _ = writeln!(
                t,
                "# Rows of one '{}' belong together: whole groups are held out, and the shuffled score is shown beside it.",
                printable(name)
            );
            if groups <= 15 {
                t.push_str("design = \"leave-one-group-out\"\n");
            } else {
                t.push_str("design = \"group\"\nfolds = 10\n");
            }
            t.push_str("compare = [\"random\"]\n");
        } else if self.time.is_some() {
            t.push_str("# Rows are in time: models learn from the past and are judged on the future.\ndesign = \"forward\"\nfolds = 5\ncompare = [\"random\"]\n");
        } else if self.place.is_some() {
            t.push_str("# Chosen by how far samples are from each other and from where predictions are wanted; see esker advise.\ndesign = \"auto\"\nfolds = 10\n");
            t.push_str("# wanted = \"grid.csv\"      # where predictions are wanted: a table of places, a grid or polygons; or \"here\", \"other-groups\"\n");
        } else {
            t.push_str("# No groups and no times were found. If rows near each other are alike, a shuffled score flatters.\ndesign = \"random\"\nfolds = 10\n");
        }
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A reason as a sentence of its own.
fn sentence(why: &str) -> String {
    let mut chars = why.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Text for a comment: one line, without control characters.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn as_codes(column: &Column) -> Codes {
    match crate::columns::as_classes(column).values {
        Values::Class(codes) => codes,
        Values::Real(_) => Codes::default(),
    }
}

fn is_constant(column: &Column) -> bool {
    match &column.values {
        Values::Real(v) => {
            let mut known = v.iter().filter(|x| !x.is_nan());
            known.next().is_some_and(|first| known.all(|x| x == first))
        }
        Values::Class(c) => c.counts().iter().filter(|n| **n > 0).count() == 1,
    }
}

/// All different and whole numbers or texts; or called an id and nearly all different.
fn is_identifier(column: &Column) -> bool {
    let named = words(&column.name).iter().any(|w| w == "id" || w == "index" || w == "fid");
    match &column.values {
        Values::Real(v) => {
            if v.iter().any(|x| x.is_nan() || x.fract() != 0.0) {
                return false;
            }
            let mut sorted = v.clone();
            sorted.sort_by(f64::total_cmp);
            let distinct = 1 + sorted.windows(2).filter(|w| w[0] != w[1]).count();
            let counts_up = v.windows(2).all(|w| w[1] == w[0] + 1.0);
            distinct == v.len() && v.len() > 2 && (counts_up || named)
        }
        Values::Class(c) => {
            let distinct = c.counts().iter().filter(|n| **n > 0).count();
            distinct * 10 > c.len() * 9 || (named && distinct * 3 > c.len())
        }
    }
}

fn looks_like_classes(column: &Column) -> bool {
    match &column.values {
        Values::Class(_) => true,
        Values::Real(v) => {
            let known: Vec<f64> = v.iter().copied().filter(|x| !x.is_nan()).collect();
            let mut levels = known.clone();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            levels.len() <= 20 && known.iter().all(|x| x.fract() == 0.0) && known.len() > 20 * levels.len()
        }
    }
}

fn same_values(a: &Column, b: &Column) -> bool {
    match (&a.values, &b.values) {
        (Values::Real(x), Values::Real(y)) => x.iter().zip(y).all(|(p, q)| p == q || (p.is_nan() && q.is_nan())),
        (Values::Class(x), Values::Class(y)) => (0..x.len()).all(|r| x.label(r) == y.label(r)),
        _ => false,
    }
}

/// Whether two columns of numbers are correlated beyond 0.999.
fn copies(target: &Column, column: &Column) -> bool {
    let (Values::Real(x), Values::Real(y)) = (&target.values, &column.values) else { return false };
    let pairs: Vec<(f64, f64)> = x.iter().zip(y).filter(|(a, b)| !a.is_nan() && !b.is_nan()).map(|(a, b)| (*a, *b)).collect();
    if pairs.len() < 10 {
        return false;
    }
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in &pairs {
        xx += (a - mx) * (a - mx);
        yy += (b - my) * (b - my);
        xy += (a - mx) * (b - my);
    }
    xx > 0.0 && yy > 0.0 && (xy / (xx * yy).sqrt()).abs() > 0.999
}
