//! From a table and a recipe's roles to samples with support, with every fault at once.

use std::collections::BTreeMap;

use esker_core::record::{Dropped, Task};
use esker_core::{Codes, Column, Crs, Error, Note, Places, Samples, Support, Table, Times, Unit, Values};

use crate::columns::{as_classes, unknown_column};
use crate::crowding;
use crate::expression::{Expression, derived};
use crate::findings::Findings;
use crate::recipe::{PlacePart, Recipe, Statistic, Step, WeightPart, matches};
use crate::source::no_crs;
use crate::steps;

/// Samples ready for designs and models, with what was decided on the way.
pub(crate) struct Dataset {
    /// Features in recipe order, then the target.
    pub samples: Samples,
    /// The target column.
    pub target: String,
    /// Feature names in recipe order.
    pub features: Vec<String>,
    /// Row in the file of each sample, counted from 0.
    pub rows: Vec<usize>,
    pub rows_read: usize,
    pub dropped: Vec<Dropped>,
    pub task: Task,
    /// The target's reported standard error, where the recipe names it.
    pub error: Option<Vec<f64>>,
    /// Codes of further group columns that designs ask for.
    pub other_groups: BTreeMap<String, Codes>,
    pub weights_in_words: Option<String>,
    pub notes: Vec<Note>,
    /// The table after derivation and filters: the rows of `samples`, all columns.
    pub table: Table,
}

impl Dataset {
    pub fn build(recipe: &Recipe, mut table: Table) -> Result<Self, Findings> {
        let mut findings = Findings { file: recipe.file.clone(), list: Vec::new() };
        let mut notes = std::mem::take(&mut table.notes);
        let rows_read = table.rows();
        apply_units(recipe, &mut table, &mut findings);
        derive_columns(recipe, &mut table, &mut notes, &mut findings);
        let (rows, dropped) = choose_rows(recipe, &table, &mut findings);
        if rows.is_empty() {
            if findings.list.is_empty() {
                findings.push(recipe.place("data.filter"), nothing_left(rows_read, &dropped));
            }
            // Without rows every further check would only repeat it.
            return Err(findings.or(()).err().unwrap_or_default());
        }
        let table = table.select(&rows);
        let mut builder =
            Builder { recipe, table: &table, findings: &mut findings, notes: &mut notes, rows_dropped: rows.len() < rows_read };
        let target = builder.target();
        let support = builder.support();
        let (weight, weights_in_words) = builder.weight(support.place.as_ref());
        let error = builder.error_column();
        let features = builder.features();
        let other_groups = builder.other_groups();
        let (Some((target_column, task)), true) = (target, findings.list.is_empty()) else {
            return findings.or(()).and_then(|()| Err(Error::recipe("the target").rule("it cannot be used").into()));
        };
        let mut columns: Vec<Column> = Vec::with_capacity(features.len() + 1);
        for name in &features {
            columns.push(table.column(name)?.clone());
        }
        let target = target_column.name.clone();
        columns.push(target_column);
        let samples = Samples::new(columns, support, weight)?;
        Ok(Self { samples, target, features, rows, rows_read, dropped, task, error, other_groups, weights_in_words, notes, table })
    }
}

fn nothing_left(read: usize, dropped: &[Dropped]) -> Error {
    let why: Vec<String> = dropped.iter().map(|d| format!("{} ({} rows)", d.reason, d.rows)).collect();
    Error::data("the rows").got(format!("0 of {read} left")).rule(format!("all were dropped: {}", why.join("; ")))
}

pub(crate) fn apply_units(recipe: &Recipe, table: &mut Table, findings: &mut Findings) {
    // A sum over periods leaves columns behind whose units it has used.
    let left = recipe.data.steps.iter().any(|s| matches!(s.step, Step::Aggregate(_) | Step::Resample(_)));
    for name in recipe.data.units.keys().filter(|_| !left) {
        if !table.columns().iter().any(|c| matches(name, &c.name)) {
            // Derived columns state their unit where they are derived.
            findings.push(
                recipe.place(&format!("data.units.{name}")),
                unknown_column(table, name, "a unit is given for a column that is not there"),
            );
        }
    }
    let columns: Vec<Column> = table.columns().to_vec();
    for mut column in columns {
        let exact = recipe.data.units.get(&column.name);
        let unit = exact.or_else(|| recipe.data.units.iter().find(|(glob, _)| matches(glob, &column.name)).map(|(_, u)| u));
        let Some(unit) = unit.map(Unit::new) else { continue };
        // What is stated is the unit before a column is counted, or summed from a rate to an amount.
        let made = steps::statistics(recipe, &recipe.data.steps, &column.name);
        let amount = made.contains(&Statistic::Sum) && unit.rate().is_some_and(|(amount, _)| amount.same(&column.unit));
        if amount || made.last() == Some(&Statistic::Count) {
            continue;
        }
        if !column.unit.is_empty() && !column.unit.same(&unit) {
            let error = Error::recipe(format!("unit of column '{}'", column.name))
                .got(format!("'{unit}'"))
                .rule(format!("the file says '{}'", column.unit));
            findings.push(recipe.place(&format!("data.units.{}", column.name)), error);
            continue;
        }
        column.unit = unit;
        if let Err(error) = table.put(column) {
            findings.push(None, error);
        }
    }
}

pub(crate) fn derive_columns(recipe: &Recipe, table: &mut Table, notes: &mut Vec<Note>, findings: &mut Findings) {
    for d in &recipe.data.derive {
        let place = recipe.place(&format!("data.derive.{}", d.name));
        if table.columns().iter().any(|c| c.name == d.name) {
            let error = Error::recipe(format!("derived column '{}'", d.name))
                .rule("the table has a column of that name")
                .hint("choose another name");
            findings.push(place, error);
            continue;
        }
        match derived(d, table).and_then(|(column, undefined)| table.put(column).map(|()| undefined)) {
            Ok(0) => {}
            Ok(undefined) => notes.push(Note::warning(
                "derived-undefined",
                format!("derived column '{}' = {}: not defined in {undefined} rows, taken as missing there", d.name, d.value),
            )),
            Err(error) => findings.push(place, error),
        }
    }
}

/// Rows that pass every filter and have a target, and how many each reason dropped.
fn choose_rows(recipe: &Recipe, table: &Table, findings: &mut Findings) -> (Vec<usize>, Vec<Dropped>) {
    let mut rows: Vec<usize> = (0..table.rows()).collect();
    let mut dropped = Vec::new();
    let mut drop = |rows: &mut Vec<usize>, reason: String, keep: &dyn Fn(usize) -> bool| {
        let before = rows.len();
        rows.retain(|&r| keep(r));
        if rows.len() < before {
            dropped.push(Dropped { reason, rows: before - rows.len() });
        }
    };
    for (name, allowed) in &recipe.data.keep {
        let place = recipe.place(&format!("data.keep.{name}"));
        match table.column(name).map(as_classes) {
            Ok(column) => {
                let Values::Class(codes) = &column.values else { continue };
                if let Some(wrong) = allowed.iter().find(|a| !codes.levels().contains(a)) {
                    let shown: Vec<&str> = codes.levels().iter().take(10).map(String::as_str).collect();
                    let error = Error::recipe(format!("class '{wrong}' of column '{name}'"))
                        .rule("no row has it")
                        .hint(format!("the column has {}", shown.join(", ")));
                    findings.push(place, error);
                    continue;
                }
                drop(&mut rows, format!("not kept: {name} other than {}", allowed.join(", ")), &|r| {
                    codes.label(r).is_some_and(|l| allowed.iter().any(|a| a == l))
                });
            }
            Err(error) => findings.push(place, error),
        }
    }
    for text in &recipe.data.filter {
        match Expression::parse(text).and_then(|e| e.eval(table)) {
            Ok(values) => drop(&mut rows, format!("filter: {text}"), &|r| values.values[r] != 0.0 && !values.values[r].is_nan()),
            Err(error) => findings.push(recipe.place("data.filter"), error),
        }
    }
    if let Ok(target) = table.column(&recipe.roles.target) {
        drop(&mut rows, format!("no value of the target '{}'", recipe.roles.target), &|r| !target.values.is_missing(r));
    }
    (rows, dropped)
}

/// Reads the roles one by one; what is wrong goes to the findings.
struct Builder<'a> {
    recipe: &'a Recipe,
    table: &'a Table,
    findings: &'a mut Findings,
    notes: &'a mut Vec<Note>,
    rows_dropped: bool,
}

impl<'a> Builder<'a> {
    fn fault(&mut self, path: &str, error: Error) {
        self.findings.push(self.recipe.place(path), error);
    }

    fn column(&mut self, name: &str, path: &str) -> Option<&'a Column> {
        let found = self.table.columns().iter().find(|c| c.name == name);
        if found.is_none() {
            let error = unknown_column(self.table, name, "no such column in the table");
            self.fault(path, error);
        }
        found
    }

    fn target(&mut self) -> Option<(Column, Task)> {
        let roles = &self.recipe.roles;
        let path = "roles.target";
        let mut column = self.column(&roles.target, path)?.clone();
        if let Some(unit) = &roles.unit {
            if !column.unit.is_empty() && !column.unit.same(unit) {
                let error = Error::recipe(format!("unit of the target '{}'", column.name))
                    .got(format!("'{unit}'"))
                    .rule(format!("the data say '{}'", column.unit));
                self.fault("roles.target.unit", error);
            }
            column.unit = unit.clone();
        }
        let text = matches!(column.values, Values::Class(_));
        if roles.class == Some(false) && text {
            let error = Error::recipe(format!("target '{}'", column.name)).got("text").rule("kind = \"number\" wants a column of numbers");
            self.fault(path, error);
            return None;
        }
        if roles.class == Some(true) {
            column = as_classes(&column);
        }
        let task = match &column.values {
            Values::Real(v) => {
                if let Some(first) = v.first()
                    && v.iter().all(|x| x == first)
                {
                    let error = Error::data(format!("target '{}'", column.name))
                        .got(format!("{first}{} in every row", column.unit.suffix()))
                        .rule("there is nothing to predict");
                    self.fault(path, error);
                    return None;
                }
                Task::Regression { target: column.name.clone(), unit: column.unit.clone() }
            }
            Values::Class(codes) => {
                let (codes, task) = self.class_target(&column.name, codes)?;
                column.values = Values::Class(codes);
                task
            }
        };
        Some((column, task))
    }

    /// Classes of the rows used, with their readable names.
    fn class_target(&mut self, target: &str, codes: &Codes) -> Option<(Codes, Task)> {
        let labels: Vec<Option<&str>> = (0..codes.len()).map(|r| codes.label(r)).collect();
        let codes = Codes::from_labels(&labels);
        let levels = codes.levels().to_vec();
        if levels.len() < 2 {
            let error =
                Error::data(format!("target '{target}'")).got(format!("{} class", levels.len())).rule("at least two classes are needed");
            self.fault("roles.target", error);
            return None;
        }
        if levels.len() > 200 {
            let hint = "a target of numbers is declared with kind = \"number\"";
            let error =
                Error::data(format!("target '{target}'")).got(format!("{} classes", levels.len())).rule("at most 200 are taken").hint(hint);
            self.fault("roles.target", error);
            return None;
        }
        let names = &self.recipe.roles.names;
        for name in names.keys().filter(|n| !levels.contains(n)) {
            self.notes.push(Note::info("class-absent", format!("class '{name}' is named in the recipe and no row has it")));
        }
        let names = levels.iter().map(|l| names.get(l).unwrap_or(l).clone()).collect();
        Some((codes, Task::Classification { target: target.to_owned(), levels, names }))
    }

    fn support(&mut self) -> Support {
        let mut support = Support::bare(self.table.rows());
        if let Some(PlacePart { x, y, crs }) = self.recipe.roles.place.clone() {
            match crs {
                Some(crs) => support.place = self.place(&x, &y, &crs),
                None => self.fault("roles.place.crs", no_crs()),
            }
        }
        if let Some(time) = self.recipe.roles.time.clone() {
            support.time = self.time(&time);
        }
        if let Some(group) = self.recipe.roles.group.clone() {
            support.group = self.group(&group, "roles.group");
        }
        support
    }

    fn place(&mut self, x: &str, y: &str, crs: &Crs) -> Option<Places> {
        let xs = self.column(x, "roles.place.x")?;
        let ys = self.column(y, "roles.place.y")?;
        let (Some(xs), Some(ys)) = (self.numbers(xs, "roles.place.x"), self.numbers(ys, "roles.place.y")) else { return None };
        let built = Places::new(xs.to_vec(), ys.to_vec(), crs.clone());
        if let Ok(places) = &built {
            // Degrees hidden in a projected system: real eastings and northings are not that small.
            let small = places.x().iter().chain(places.y()).all(|v| v.abs() <= 360.0);
            if small && !crs.is_degrees() && places.x().len() > 1 {
                let error = Error::data(format!("place in {}", crs.name()))
                    .got("every coordinate within ±360")
                    .rule("a projected CRS is in metres")
                    .hint("longitude and latitude in degrees are EPSG:4326");
                self.fault("roles.place.crs", error);
                return None;
            }
        }
        built
            .map_err(|mut error| {
                if self.rows_dropped {
                    error.thing.push_str(", counted among the rows used");
                }
                self.fault("roles.place", error);
            })
            .ok()
    }

    fn numbers(&mut self, column: &'a Column, path: &str) -> Option<&'a [f64]> {
        match column.reals() {
            Ok(v) => Some(v),
            Err(error) => {
                self.fault(path, error);
                None
            }
        }
    }

    fn time(&mut self, name: &str) -> Option<Times> {
        let column = self.column(name, "roles.time")?;
        match to_days(column) {
            Ok((days, note)) => {
                self.notes.extend(note);
                Some(Times { days })
            }
            Err(error) => {
                self.fault("roles.time", error);
                None
            }
        }
    }

    fn group(&mut self, name: &str, path: &str) -> Option<Codes> {
        let column = as_classes(self.column(name, path)?);
        let Values::Class(codes) = column.values else { return None };
        let labels: Vec<Option<&str>> = (0..codes.len()).map(|r| codes.label(r)).collect();
        Some(Codes::from_labels(&labels))
    }

    fn other_groups(&mut self) -> BTreeMap<String, Codes> {
        let mut groups = BTreeMap::new();
        let recipe = self.recipe;
        for (name, path) in recipe.validate.group_columns() {
            if let Some(codes) = self.group(name, &path) {
                groups.insert(name.to_owned(), codes);
            }
        }
        groups
    }

    fn weight(&mut self, places: Option<&Places>) -> (Option<Vec<f64>>, Option<String>) {
        let Some(part) = self.recipe.roles.weight.clone() else { return (None, None) };
        let (name, path) = match &part {
            WeightPart::InverseVariance(name) => (name, "roles.weight.error"),
            WeightPart::Column(name) => (name, "roles.weight.column"),
            WeightPart::Spread(spread) => {
                let made = crowding::weights(*spread, places, self.recipe.roles.place.is_some());
                return made.map_or_else(
                    |error| {
                        self.fault("roles.weight", error);
                        (None, None)
                    },
                    |w| (Some(w.0), Some(w.1)),
                );
            }
        };
        let Some(values) = self.column(name, path).and_then(|c| self.numbers(c, path)) else { return (None, None) };
        let inverse = matches!(part, WeightPart::InverseVariance(_));
        let bad = values.iter().position(|v| !v.is_finite() || *v < 0.0 || (inverse && *v == 0.0));
        if let Some(row) = bad {
            let rule = if inverse { "standard errors are positive" } else { "weights are not negative" };
            let error = Error::data(format!("column '{name}' row {} of those used", row + 1)).got(values[row].to_string()).rule(rule);
            self.fault(path, error);
            return (None, None);
        }
        if inverse {
            // Scaled to mean 1, so that penalties and leaf sizes keep their meaning.
            let raw: Vec<f64> = values.iter().map(|e| 1.0 / (e * e)).collect();
            let mean = raw.iter().sum::<f64>() / raw.len().max(1) as f64;
            let words = format!("1/{name}², scaled to mean 1");
            return (Some(raw.into_iter().map(|w| w / mean).collect()), Some(words));
        }
        (Some(values.to_vec()), Some(format!("column {name}")))
    }

    fn error_column(&mut self) -> Option<Vec<f64>> {
        let name = match (&self.recipe.roles.error, &self.recipe.roles.weight) {
            (Some(name), _) | (None, Some(WeightPart::InverseVariance(name))) => name.clone(),
            _ => return None,
        };
        self.column(&name, "roles.error").and_then(|c| self.numbers(c, "roles.error")).map(<[f64]>::to_vec)
    }

    /// Columns with another role, which a glob does not take for features.
    fn reserved(&self) -> Vec<String> {
        let roles = &self.recipe.roles;
        let mut names = vec![roles.target.clone()];
        names.extend(roles.place.iter().flat_map(|p| [p.x.clone(), p.y.clone()]));
        names.extend(roles.time.clone());
        names.extend(roles.group.clone());
        names.extend(roles.error.clone());
        names.extend(roles.weight.iter().filter_map(|w| match w {
            WeightPart::InverseVariance(n) | WeightPart::Column(n) => Some(n.clone()),
            WeightPart::Spread(_) => None,
        }));
        names.extend(self.recipe.validate.group_columns().map(|(name, _)| name.to_owned()));
        names
    }

    fn features(&mut self) -> Vec<String> {
        let roles = &self.recipe.roles;
        let reserved = self.reserved();
        let excluded = |name: &str| roles.exclude.iter().any(|g| matches(g, name));
        let mut features: Vec<String> = Vec::new();
        let asked: Vec<String> = if roles.features.is_empty() { vec!["*".to_owned()] } else { roles.features.clone() };
        for glob in &asked {
            let named = !glob.contains('*');
            if named && *glob == roles.target {
                let error = Error::recipe(format!("feature '{glob}'")).got("the target").rule("the target cannot be among the features");
                self.fault("roles.features", error);
                continue;
            }
            if named && (roles.error.as_ref() == Some(glob) || matches!(&roles.weight, Some(WeightPart::InverseVariance(n)) if n == glob)) {
                let error = Error::recipe(format!("feature '{glob}'"))
                    .got("the target's reported error")
                    .rule("it is not known before the target is measured");
                self.fault("roles.features", error);
                continue;
            }
            let found: Vec<&Column> = self
                .table
                .columns()
                .iter()
                .filter(|c| matches(glob, &c.name) && !excluded(&c.name) && (named || !reserved.contains(&c.name)))
                .collect();
            let derived = self.recipe.data.derive.iter().any(|d| d.name == *glob);
            // A derived column that could not be made has had its own fault.
            if found.is_empty() && !derived {
                let error = if named {
                    unknown_column(self.table, glob, "no such column in the table")
                } else {
                    Error::recipe(format!("features '{glob}'")).rule("no column matches")
                };
                self.fault("roles.features", error);
            }
            for column in found {
                if column.values.missing() == column.len() {
                    if named {
                        let error = Error::data(format!("feature '{}'", column.name))
                            .got("no value in any row")
                            .rule("a feature needs values")
                            .hint("leave it out of [roles] features");
                        self.fault("roles.features", error);
                    } else {
                        self.notes.push(Note::warning(
                            "all-missing",
                            format!("column '{}' has no value in any row used and was left out of the features", column.name),
                        ));
                    }
                } else if !features.contains(&column.name) {
                    features.push(column.name.clone());
                }
            }
        }
        if features.is_empty() && self.findings.list.is_empty() {
            self.fault("roles.features", Error::recipe("features").rule("at least one feature is needed"));
        }
        features
    }
}

/// Days since 1970-01-01 of a column of dates, or of years.
pub(crate) fn to_days(column: &Column) -> Result<(Vec<f64>, Option<Note>), Error> {
    match &column.values {
        Values::Class(codes) => {
            let mut of_level = Vec::with_capacity(codes.levels().len());
            for (k, level) in codes.levels().iter().enumerate() {
                let days = esker_io::time::parse_days(level).ok_or_else(|| {
                    let row = codes.codes().iter().position(|c| *c as usize == k).map_or(0, |r| r + 1);
                    Error::data(format!("time column '{}' row {row} of those used", column.name))
                        .got(format!("'{level}'"))
                        .rule("a time is written YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS")
                })?;
                of_level.push(days);
            }
            Ok((codes.codes().iter().map(|c| of_level.get(*c as usize).copied().unwrap_or(f64::NAN)).collect(), None))
        }
        Values::Real(v) if column.unit.as_str().starts_with("days since 1970-01-01") => Ok((v.clone(), None)),
        Values::Real(v) => {
            if let Some(row) = v.iter().position(|y| !y.is_nan() && !(-10_000.0..=10_000.0).contains(y)) {
                return Err(Error::data(format!("time column '{}' row {} of those used", column.name, row + 1))
                    .got(v[row].to_string())
                    .rule("numbers are read as years, within ±10000")
                    .hint("write dates as YYYY-MM-DD, or give the unit 'days since 1970-01-01' in [data.units]"));
            }
            let note = Note::info("time-as-years", format!("time column '{}': numbers are read as (decimal) years", column.name));
            Ok((v.iter().map(|y| (y - 1970.0) * 365.2425).collect(), Some(note)))
        }
    }
}
