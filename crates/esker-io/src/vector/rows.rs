//! Features as a reader meets them, one by one: columns grow, geometries gather, and notes count what was left out.

use std::borrow::Cow;
use std::collections::HashMap;

use esker_core::Shape;
use esker_core::{Column, Crs, DAYS, Error, Features, Geometry, Note, Result, Table, Unit, Values};

use crate::ReadOptions;
use crate::intern::Interner;
use crate::missing::{Declared, Tally, number_text};
use crate::names::{MOST_COLUMNS, Taken, apply_options};

/// A value of an attribute.
pub(super) enum Cell<'a> {
    Missing,
    Number(f64),
    Text(Cow<'a, str>),
    /// Days since 1970-01-01.
    Day(f64),
}

impl Cell<'_> {
    pub(super) fn truth(value: bool) -> Self {
        Cell::Text(Cow::Borrowed(if value { "true" } else { "false" }))
    }
}

enum Growing {
    Real(Vec<f64>),
    Class(Interner<'static>),
}

struct Field {
    name: String,
    growing: Growing,
    time: bool,
    mixed: bool,
    /// Rows it has, which may lag behind where files leave attributes out.
    rows: usize,
}

/// A table and its geometries as they grow.
pub(super) struct Rows<'a> {
    file: &'a str,
    options: &'a ReadOptions,
    fields: Vec<Field>,
    places: HashMap<String, usize>,
    geometries: Vec<Option<Geometry>>,
    most_cells: u64,
    /// The size of the file.
    pub(super) bytes: u64,
    pub(super) notes: Vec<Note>,
    pub(super) skipped: Skipped,
}

/// What of the geometries was left out, in features.
#[derive(Default)]
pub(super) struct Skipped {
    pub(super) heights: u64,
    pub(super) curves: u64,
    pub(super) mixed: u64,
    pub(super) broken: u64,
}

impl<'a> Rows<'a> {
    /// `bytes` is the size of the file: cells stay in proportion to it, whatever the file claims.
    pub(super) fn new(file: &'a str, options: &'a ReadOptions, bytes: u64) -> Self {
        Self {
            file,
            options,
            fields: Vec::new(),
            places: HashMap::new(),
            geometries: Vec::new(),
            bytes,
            most_cells: 1_000_000_u64.saturating_add(bytes.saturating_mul(16)),
            notes: Vec::new(),
            skipped: Skipped::default(),
        }
    }

    /// The place of a column, made where it is new.
    pub(super) fn field(&mut self, name: &str) -> Result<usize> {
        if let Some(&place) = self.places.get(name) {
            return Ok(place);
        }
        if self.fields.len() >= MOST_COLUMNS {
            return Err(self.refused(format!("more than {MOST_COLUMNS} attributes")).rule("that many are read at most"));
        }
        let growing =
            if self.options.reads_as_class(&name.to_string()) { Growing::Class(Interner::default()) } else { Growing::Real(Vec::new()) };
        self.places.insert(name.to_string(), self.fields.len());
        self.fields.push(Field { name: name.to_string(), growing, time: false, mixed: false, rows: 0 });
        Ok(self.fields.len() - 1)
    }

    /// Columns of a file that lists them. Empty names and names met before are made unique, with a note.
    pub(super) fn declare(&mut self, names: &[String]) -> Result<Vec<usize>> {
        let mut places = Vec::with_capacity(names.len());
        let mut taken = Taken::default();
        self.places.keys().for_each(|name| taken.take(name));
        for (i, name) in names.iter().enumerate() {
            let unique = taken.unique(&if name.is_empty() { format!("field_{}", i + 1) } else { name.clone() });
            if unique != *name {
                self.notes.push(Note::info(
                    "renamed-column",
                    format!("Attribute {} is called '{name}' in the file; here it is '{unique}'.", i + 1),
                ));
            }
            places.push(self.field(&unique)?);
        }
        Ok(places)
    }

    /// Number of features so far.
    pub(super) fn len(&self) -> usize {
        self.geometries.len()
    }

    /// Puts a value of the feature being read.
    pub(super) fn put(&mut self, place: usize, cell: Cell<'_>) -> Result<()> {
        let row = self.geometries.len();
        let field = &mut self.fields[place];
        if field.rows > row {
            // The same attribute twice in one feature: the first counts.
            return Ok(());
        }
        field.fill(row);
        if let Cell::Number(value) | Cell::Day(value) = cell
            && value.is_infinite()
        {
            return Err(Error::data(format!("row {}, column '{}' of '{}'", row + 1, field.name, self.file))
                .got(number_text(value))
                .rule("numbers are finite"));
        }
        field.push(cell);
        Ok(())
    }

    /// Ends a feature.
    pub(super) fn end(&mut self, geometry: Option<Geometry>) -> Result<()> {
        self.geometries.push(geometry);
        let cells = (self.geometries.len() as u64).saturating_mul(self.fields.len() as u64);
        if cells > self.most_cells {
            return Err(self
                .refused(format!("{} features with {} attributes", self.geometries.len(), self.fields.len()))
                .rule("a file of its size does not hold that many values"));
        }
        Ok(())
    }

    pub(super) fn refused(&self, got: impl Into<String>) -> Error {
        Error::data(format!("file '{}'", self.file)).got(got)
    }

    /// The features.
    pub(super) fn finish(mut self, crs: Option<Crs>) -> Result<Features> {
        let rows = self.geometries.len();
        if rows == 0 {
            return Err(self.refused("no features").rule("a file holds at least one feature"));
        }
        let declared = Declared::new(&self.options.missing);
        let mut tally = Tally::default();
        let (mut columns, mut times) = (Vec::new(), Vec::new());
        for mut field in std::mem::take(&mut self.fields) {
            field.fill(rows);
            if field.mixed {
                let text = format!("Column '{}' holds numbers in some features and text in others; it was read as classes.", field.name);
                self.notes.push(Note::warning("mixed-column", text));
            }
            if field.time {
                times.push(format!("'{}'", field.name));
            }
            let column = field.finish(&declared, &mut tally);
            if column.values.missing() == column.len() {
                self.notes.push(Note::warning("all-missing", format!("Column '{}' holds no value at all.", column.name)));
            }
            columns.push(column);
        }
        if !times.is_empty() {
            self.notes.push(Note::info("dates", format!("Dates and times became {DAYS} in {}.", times.join(", "))));
        }
        self.geometry_notes(crs.as_ref());
        let mut table = Table::new(columns)?;
        table.notes = std::mem::take(&mut self.notes);
        table.notes.extend(tally.notes());
        Features::new(apply_options(self.file, table, self.options)?, self.geometries, crs)
    }

    fn geometry_notes(&mut self, crs: Option<&Crs>) {
        let empty = self.geometries.iter().filter(|g| g.is_none()).count();
        let Skipped { heights, curves, mixed, broken } = self.skipped;
        let mut note = |count: u64, warn: bool, code: &str, text: &str| {
            if count > 0 {
                let text = format!("{count} features {text}");
                self.notes.push(if warn { Note::warning(code, text) } else { Note::info(code, text) });
            }
        };
        note(empty as u64, true, "no-geometry", "have no geometry.");
        note(heights, false, "heights", "have heights or measures at their vertices; these were left out.");
        note(curves, true, "curves", "are curves or surfaces in space, which are not read; their geometry is missing.");
        note(mixed, true, "mixed-geometry", "mix points, lines and areas; only the areas, else the lines, were kept.");
        note(broken, true, "broken-geometry", "have coordinates that are no finite numbers; their geometry is missing.");
        if crs.is_none() {
            self.notes.push(Note::warning("no-crs", "The file does not say in which system its coordinates are."));
        } else if crs.is_some_and(Crs::is_degrees) {
            let far =
                self.geometries.iter().flatten().flat_map(|g| g.parts.iter().flatten()).any(|p| p[1].abs() > 90.0 || p[0].abs() > 360.0);
            if far {
                self.notes.push(Note::warning(
                    "crs-degrees",
                    "The file says longitude and latitude, but coordinates lie beyond 90 and 360 degrees.",
                ));
            }
        }
    }
}

impl Field {
    /// Missing values up to a row.
    fn fill(&mut self, row: usize) {
        while self.rows < row {
            self.push(Cell::Missing);
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        self.rows += 1;
        if let (Growing::Real(values), Cell::Text(_)) = (&self.growing, &cell) {
            self.mixed = values.iter().any(|v| !v.is_nan());
            let mut texts = Interner::default();
            for &v in values {
                if v.is_nan() { texts.push_missing() } else { texts.push_copied(&number_text(v)) }
            }
            self.growing = Growing::Class(texts);
        }
        self.time |= matches!(cell, Cell::Day(_));
        match (&mut self.growing, cell) {
            (Growing::Real(values), Cell::Number(v) | Cell::Day(v)) => values.push(v),
            (Growing::Real(values), _) => values.push(f64::NAN),
            (Growing::Class(texts), Cell::Missing) => texts.push_missing(),
            (Growing::Class(texts), Cell::Number(v) | Cell::Day(v)) if v.is_nan() => texts.push_missing(),
            (Growing::Class(texts), Cell::Number(v) | Cell::Day(v)) => texts.push_copied(&number_text(v)),
            (Growing::Class(texts), Cell::Text(text)) => {
                // An empty text says nothing.
                if text.is_empty() { texts.push_missing() } else { texts.push_copied(&text) }
            }
        }
    }

    fn finish(self, declared: &Declared, tally: &mut Tally) -> Column {
        let mut unit = Unit::default();
        let name = self.name;
        let values = match self.growing {
            Growing::Real(mut values) => {
                if self.time {
                    unit = Unit::new(DAYS);
                } else {
                    tally.scrub(&name, &mut values, declared);
                }
                Values::Real(values)
            }
            Growing::Class(texts) => Values::Class(texts.finish(|text, _, count| {
                let missing = declared.label(text);
                if missing {
                    tally.add(text, &name, count);
                }
                missing
            })),
        };
        Column { name, unit, values }
    }
}

/// A geometry as it grows.
#[derive(Default)]
pub(super) struct Shaper {
    parts: Vec<(Shape, Vec<[f64; 2]>)>,
    broken: bool,
}

impl Shaper {
    /// Adds a point, a line or a ring. Rings are closed; what has too few points is left out.
    pub(super) fn add(&mut self, shape: Shape, mut part: Vec<[f64; 2]>) {
        if part.iter().flatten().any(|v| !v.is_finite()) {
            self.broken = true;
            return;
        }
        if shape == Shape::Polygons
            && let (Some(&first), Some(&last)) = (part.first(), part.last())
            && first != last
        {
            part.push(first);
        }
        let fewest = match shape {
            Shape::Points => 1,
            Shape::Lines => 2,
            Shape::Polygons => 4,
        };
        if part.len() >= fewest {
            self.parts.push((shape, part));
        }
    }

    /// The geometry; none where nothing is left.
    pub(super) fn finish(self, skipped: &mut Skipped) -> Option<Geometry> {
        if self.broken {
            skipped.broken += 1;
            return None;
        }
        let rank = |s: Shape| match s {
            Shape::Points => 0,
            Shape::Lines => 1,
            Shape::Polygons => 2,
        };
        let shape = self.parts.iter().map(|p| p.0).max_by_key(|s| rank(*s))?;
        let all = self.parts.len();
        let parts: Vec<_> = self.parts.into_iter().filter(|p| p.0 == shape).map(|p| p.1).collect();
        skipped.mixed += u64::from(parts.len() < all);
        Some(Geometry { shape, parts })
    }
}
