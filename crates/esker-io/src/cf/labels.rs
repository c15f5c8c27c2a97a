//! Axes with their labels and bounds, read when a file is opened.

use esker_core::cube::{Attributes, Axis, AxisKind, Labels, Window};
use esker_core::{DAYS, Note, Result, Unit};

use super::axes::{self, Told};
use super::checks::listed;
use super::packing::{self, Packing};
use super::roles::{Role, names, resolve};
use super::time::TimeUnit;
use super::{RawFile, RawVariable, Stored};

/// Most labels and bounds read when a file is opened, over all axes (256 MiB): a damaged file may claim any number.
const MOST_LABELS: usize = 1 << 25;
/// Axes as they are built.
pub(super) struct Build<'a> {
    pub raw: &'a RawFile,
    pub roles: &'a mut [Role],
    pub packings: &'a [Packing],
    pub notes: &'a mut Vec<Note>,
    budget: usize,
    by_name: Vec<String>,
}

impl<'a> Build<'a> {
    pub fn new(raw: &'a RawFile, roles: &'a mut [Role], packings: &'a [Packing], notes: &'a mut Vec<Note>) -> Self {
        Self { raw, roles, packings, notes, budget: MOST_LABELS, by_name: Vec::new() }
    }

    /// One axis a dimension, and the variables that went into axes altogether.
    ///
    /// # Errors
    /// Coordinates that cannot be read.
    pub fn axes(&mut self) -> Result<(Vec<Axis>, Vec<usize>)> {
        let (mut all, mut used) = (Vec::new(), Vec::new());
        for d in 0..self.raw.dimensions.len() {
            let coordinate = self.roles.iter().position(|r| *r == Role::Coordinate(d));
            let axis = match coordinate {
                Some(v) if self.afford(v) => {
                    used.push(v);
                    self.labelled(d, v, &mut used)?
                }
                Some(v) => {
                    self.roles[v] = Role::Auxiliary;
                    self.bare(d)?
                }
                None => self.bare(d)?,
            };
            all.push(axis);
        }
        if !self.by_name.is_empty() {
            let names: Vec<&str> = self.by_name.iter().map(String::as_str).collect();
            self.notes.push(Note::info("axis-by-name", format!("axes taken by their names alone: {}", listed(&names))));
        }
        Ok((all, used))
    }

    /// Whether the labels in a variable are few enough to be held.
    fn afford(&mut self, variable: usize) -> bool {
        let v = &self.raw.variables[variable];
        // A text takes the memory of four numbers, or more.
        let each = if v.stored == Stored::Text { 4 } else { 1 };
        let n = v.dimensions.iter().try_fold(each, |n: usize, &d| n.checked_mul(self.raw.dimensions[d].1));
        match n.filter(|&n| n <= self.budget) {
            Some(n) => {
                self.budget -= n;
                true
            }
            None => {
                let text = format!("'{}' has too many cells to be read as labels of its axis; it is kept as a variable", v.name);
                self.notes.push(Note::warning("axis-long", text));
                false
            }
        }
    }

    fn whole(&self, v: &RawVariable) -> Window {
        Window(v.dimensions.iter().map(|&d| 0..self.raw.dimensions[d].1).collect())
    }

    fn numbers(&self, variable: usize) -> Result<Vec<f64>> {
        let packing = &self.packings[variable];
        self.raw.blocks.read_finished(variable, &self.whole(&self.raw.variables[variable]), &|values| packing.apply(values))
    }

    fn labelled(&mut self, d: usize, variable: usize, used: &mut Vec<usize>) -> Result<Axis> {
        let v = &self.raw.variables[variable];
        let (name, len) = self.raw.dimensions[d].clone();
        let (kind, told) = axes::kind(&name, &v.attributes);
        if told == Told::Name {
            self.by_name.push(format!("'{name}' for {}", word(kind)));
        }
        let mut axis = Axis { kind, attributes: kept(&v.attributes), ..Axis::bare(name.clone(), len) };
        if v.stored == Stored::Text {
            axis.labels = Some(Labels::Text(self.raw.blocks.read_texts(variable, &self.whole(v))?));
            return Ok(axis);
        }
        let units = unit_text(&v.attributes);
        let mut values = self.numbers(variable)?;
        let time = match TimeUnit::parse(&units, v.attributes.text("calendar")) {
            Some(Ok(time)) => Some(time),
            Some(Err(why)) => {
                self.notes.push(Note::warning("time-units", format!("times of axis '{name}' stay as they are, in '{units}': {why}")));
                None
            }
            None => None,
        };
        let bounds = self.bounds(d, variable, used)?;
        match time {
            Some(time) => {
                if let Some(year) = time.odd_year {
                    let text = format!(
                        "times of axis '{name}' count from the year {year} of the {} calendar: taken astronomically, year 0 is 1 BC",
                        time.calendar.name()
                    );
                    self.notes.push(Note::warning("time-year-zero", text));
                }
                values.iter_mut().for_each(|v| *v = time.days(*v));
                axis.labels = Some(Labels::Time { calendar: time.calendar, days: values });
                axis.bounds = bounds.map(|b| b.into_iter().map(|e| e.map(|v| time.days(v))).collect());
                axis.unit = Unit::new(DAYS);
                axis.kind = if told == Told::Not { AxisKind::T } else { kind };
            }
            None => {
                axis.labels = Some(Labels::Real(values));
                axis.bounds = bounds;
                axis.unit = Unit::new(units);
            }
        }
        if let Some(terms) = v.attributes.text("formula_terms") {
            let kind = v.attributes.text("standard_name").unwrap_or("a formula");
            let text = format!("axis '{name}' is a hybrid height: its levels are {kind} of {terms}; heights or pressures are not computed");
            self.notes.push(Note::info("hybrid-levels", text));
        }
        Ok(axis)
    }

    /// The edges of the cells of a coordinate, where they are two a cell.
    fn bounds(&mut self, d: usize, variable: usize, used: &mut Vec<usize>) -> Result<Option<Vec<[f64; 2]>>> {
        let v = &self.raw.variables[variable];
        let named = names(&v.attributes, "bounds").into_iter().chain(names(&v.attributes, "climatology")).next();
        let Some(name) = named else { return Ok(None) };
        let Some(b) = resolve(self.raw, &v.name, name) else {
            self.notes.push(Note::warning("bounds-missing", format!("'{}' names bounds '{name}' that are not in the file", v.name)));
            return Ok(None);
        };
        let edges = &self.raw.variables[b];
        let fits = matches!(edges.dimensions.as_slice(), [first, last] if *first == d && self.raw.dimensions[*last].1 == 2);
        if !fits || edges.stored == Stored::Text || self.roles[b] != Role::Bounds || !self.afford(b) {
            return Ok(None);
        }
        used.push(b);
        Ok(Some(self.numbers(b)?.chunks_exact(2).map(|e| [e[0], e[1]]).collect()))
    }

    /// An axis without a coordinate of its name; texts that name its cells label it (stations, regions).
    fn bare(&mut self, d: usize) -> Result<Axis> {
        let (name, len) = self.raw.dimensions[d].clone();
        let mut axis = Axis::bare(name.clone(), len);
        let fits = |&v: &usize| {
            let raw = &self.raw.variables[v];
            self.roles[v] == Role::Auxiliary && raw.stored == Stored::Text && raw.dimensions == [d]
        };
        let mut candidates: Vec<usize> = (0..self.raw.variables.len()).filter(fits).collect();
        candidates.sort_by_key(|&v| self.raw.variables[v].attributes.text("cf_role").is_none());
        if let Some(&v) = candidates.first()
            && self.afford(v)
        {
            axis.labels = Some(Labels::Text(self.raw.blocks.read_texts(v, &self.whole(&self.raw.variables[v]))?));
            axis.attributes = kept(&self.raw.variables[v].attributes);
            let text = format!("cells of axis '{name}' are named by '{}'", self.raw.variables[v].name);
            self.notes.push(Note::info("axis-named", text));
        }
        Ok(axis)
    }
}

/// The unit of a variable; some files write 1 as a number.
pub(super) fn unit_text(attributes: &Attributes) -> String {
    match attributes.get("units") {
        Some(esker_core::cube::Attribute::Text(t)) => t.trim().to_owned(),
        Some(esker_core::cube::Attribute::Numbers(n)) if n.len() == 1 => n[0].to_string(),
        _ => String::new(),
    }
}

/// What stays of an axis's attributes once it is decoded.
fn kept(attributes: &Attributes) -> Attributes {
    let gone = |n: &str| packing::USED.contains(&n) || ["units", "calendar", "axis", "bounds"].contains(&n);
    Attributes(attributes.0.iter().filter(|(n, _)| !gone(n)).cloned().collect())
}

fn word(kind: AxisKind) -> &'static str {
    match kind {
        AxisKind::X => "x (east)",
        AxisKind::Y => "y (north)",
        AxisKind::Z => "z (vertical)",
        AxisKind::T => "time",
        AxisKind::Other => "something else",
    }
}
