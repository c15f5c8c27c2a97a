//! Columns of Arrow arrays, as Parquet and Arrow IPC files hold them: typed, gathered batch by batch, with their units.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type, Float64Type,
    Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch, StringViewArray};
use arrow_schema::{DataType, Field, TimeUnit};
use esker_core::{Column, DAYS, Error, Note, Result, Table, Unit, Values};

use crate::ReadOptions;
use crate::intern::Interner;
use crate::missing::{Declared, Tally, number_text};
use crate::names;

/// The key of a column's unit in its field metadata.
pub(crate) const UNIT: &str = "unit";
/// Most cells of a table (16 GiB of numbers): a damaged file may claim any number of rows.
pub(crate) const MOST_CELLS: u64 = 1 << 31;
/// Cells that any file may have, and how many a byte of a larger table can stand for: runs of one value are packed very tightly.
const FREE_CELLS: u64 = 1 << 25;
const CELLS_A_BYTE: u64 = 1 << 16;

/// Bytes of a text that is worth remembering by its place.
const LONG_TEXT: usize = 256;

/// Most cells of a table in a file of a size.
pub(crate) fn most_cells(bytes: u64) -> u64 {
    bytes.saturating_mul(CELLS_A_BYTE).clamp(FREE_CELLS, MOST_CELLS)
}

/// What a column of the file becomes.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Number,
    /// Steps of a time stamp in a day.
    Time(f64),
    /// A whole number divided by a power of ten.
    Decimal(f64),
    Truth,
    Text,
    Nothing,
}

fn kind(file: &str, name: &str, data: &DataType) -> Result<Kind> {
    use DataType as D;
    const SECONDS: f64 = 86_400.0;
    Ok(match data {
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 | D::Float16 | D::Float32 | D::Float64 => {
            Kind::Number
        }
        D::Decimal32(_, scale) | D::Decimal64(_, scale) | D::Decimal128(_, scale) => Kind::Decimal(10_f64.powi(i32::from(*scale))),
        D::Date32 => Kind::Time(1.0),
        D::Date64 => Kind::Time(SECONDS * 1e3),
        D::Timestamp(unit, _) => Kind::Time(match unit {
            TimeUnit::Second => SECONDS,
            TimeUnit::Millisecond => SECONDS * 1e3,
            TimeUnit::Microsecond => SECONDS * 1e6,
            TimeUnit::Nanosecond => SECONDS * 1e9,
        }),
        D::Boolean => Kind::Truth,
        D::Utf8 | D::LargeUtf8 | D::Utf8View => Kind::Text,
        D::Dictionary(_, values) => kind(file, name, values)?,
        D::Null => Kind::Nothing,
        other => {
            let nested = other.is_nested();
            let error = Error::data(format!("column '{name}' of '{file}'")).got(format!("the type {other}"));
            return Err(if nested {
                error.rule("a table has one value a cell").hint("unnest the column, or leave it out, before writing the file")
            } else {
                error.rule("columns are numbers, truth values, texts, dates or times").hint("convert the column before writing the file")
            });
        }
    })
}

/// A column as it grows, batch by batch.
enum Growing {
    Real(Vec<f64>),
    Class(Interner<'static>),
}

/// The columns of a file as they grow.
pub(crate) struct Columns<'a> {
    file: &'a str,
    names: Vec<String>,
    kinds: Vec<Kind>,
    growing: Vec<Growing>,
    pub rows: usize,
    notes: Vec<Note>,
}

impl<'a> Columns<'a> {
    /// Columns of the types of a schema.
    pub(crate) fn new<'f>(file: &'a str, fields: impl Iterator<Item = &'f Field>, options: &ReadOptions) -> Result<Self> {
        let fields: Vec<&Field> = fields.collect();
        let mut notes = Vec::new();
        let mut names: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
        if let Some(at) = names.iter().position(|n| n == "__index_level_0__") {
            names[at] = "row".into();
            notes.push(Note::info("unnamed-column", "The row labels that pandas kept without a name are called 'row'."));
        }
        names::check_names(file, &mut names, &mut notes)?;
        let kinds = fields.iter().zip(&names).map(|(f, n)| kind(file, n, f.data_type())).collect::<Result<Vec<_>>>()?;
        let growing: Vec<Growing> = kinds
            .iter()
            .zip(&names)
            .map(|(kind, name)| match kind {
                Kind::Truth | Kind::Text => Growing::Class(Interner::default()),
                _ if options.reads_as_class(name) => Growing::Class(Interner::default()),
                _ => Growing::Real(Vec::new()),
            })
            .collect();
        Ok(Self { file, names, kinds, growing, rows: 0, notes })
    }

    /// Adds a batch.
    pub(crate) fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        for ((array, column), (kind, name)) in batch.columns().iter().zip(&mut self.growing).zip(self.kinds.iter().zip(&self.names)) {
            column.take(array, kind).map_err(|(at, value)| {
                Error::data(format!("row {}, column '{name}' of '{}'", self.rows + at + 1, self.file))
                    .got(number_text(value))
                    .rule("numbers are finite")
            })?;
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    /// The table, with the units that the writer left.
    pub(crate) fn finish(mut self, units: &HashMap<String, String>, options: &ReadOptions) -> Result<Table> {
        let columns = finish(self.growing, &self.kinds, &self.names, (units, options), &mut self.notes)?;
        let mut table = Table::new(columns)?;
        table.notes = self.notes;
        names::apply_options(self.file, table, options)
    }
}

/// The units in the metadata of fields, by column name.
pub(crate) fn units<'f>(fields: impl Iterator<Item = &'f Field>) -> HashMap<String, String> {
    let unit = |f: &Field| f.metadata().get(UNIT).or_else(|| f.metadata().get("units")).cloned();
    fields.filter_map(|f| Some((f.name().clone(), unit(f)?))).collect()
}

fn finish(
    growing: Vec<Growing>,
    kinds: &[Kind],
    names: &[String],
    (units, options): (&HashMap<String, String>, &ReadOptions),
    notes: &mut Vec<Note>,
) -> Result<Vec<Column>> {
    let declared = Declared::new(&options.missing);
    let mut tally = Tally::default();
    let mut columns = Vec::new();
    let mut times = Vec::new();
    for ((grown, kind), name) in growing.into_iter().zip(kinds).zip(names) {
        let mut unit = units.get(name).map(Unit::new).unwrap_or_default();
        let values = match grown {
            Growing::Real(mut values) => {
                if let Kind::Time(_) = kind {
                    unit = Unit::new(DAYS);
                    times.push(format!("'{name}'"));
                } else {
                    tally.scrub(name, &mut values, &declared);
                }
                Values::Real(values)
            }
            Growing::Class(texts) => Values::Class(texts.finish(|text, _, count| {
                let missing = text.is_empty() || declared.label(text);
                if missing {
                    tally.add(text, name, count);
                }
                missing
            })),
        };
        if values.missing() == values.len() {
            notes.push(Note::warning("all-missing", format!("Column '{name}' holds no value at all.")));
        }
        columns.push(Column { name: name.clone(), unit, values });
    }
    if !times.is_empty() {
        notes.push(Note::info("dates", format!("Dates and times became {DAYS} in {}.", times.join(", "))));
    }
    notes.extend(tally.notes());
    Ok(columns)
}

impl Growing {
    /// Adds a batch; an infinity comes back with its place in it.
    fn take(&mut self, array: &ArrayRef, kind: &Kind) -> std::result::Result<(), (usize, f64)> {
        if let DataType::Dictionary(..) = array.data_type() {
            return self.take_dictionary(array, kind);
        }
        match (self, kind) {
            (Self::Class(texts), Kind::Text) => {
                let mut hand = |text: Option<&str>| match text {
                    // An interned text is owned once; a known one is only looked up.
                    Some(text) => texts.push_copied(text),
                    None => texts.push_missing(),
                };
                match array.data_type() {
                    DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(&mut hand),
                    DataType::Utf8View => take_views(array.as_string_view(), texts),
                    _ => array.as_string::<i32>().iter().for_each(&mut hand),
                }
            }
            (Self::Class(texts), Kind::Truth) => {
                for truth in array.as_boolean() {
                    match truth {
                        Some(truth) => texts.push(Cow::Borrowed(if truth { "true" } else { "false" })),
                        None => texts.push_missing(),
                    }
                }
            }
            (Self::Class(texts), kind) => each_number(array, kind, |value| match value {
                Some(value) => texts.push_copied(&number_text(value)),
                None => texts.push_missing(),
            }),
            (Self::Real(values), kind) => {
                let start = values.len();
                each_number(array, kind, |value| values.push(value.unwrap_or(f64::NAN)));
                if let Some(at) = values[start..].iter().position(|v| v.is_infinite()) {
                    return Err((at, values[start + at]));
                }
            }
        }
        Ok(())
    }
}

impl Growing {
    /// Adds a batch of keys: its values are read once and then picked.
    fn take_dictionary(&mut self, array: &ArrayRef, kind: &Kind) -> std::result::Result<(), (usize, f64)> {
        let dictionary = array.as_any_dictionary();
        let mut keys: Vec<Option<usize>> = Vec::with_capacity(array.len());
        each_number(&dictionary.keys().slice(0, array.len()), &Kind::Number, |key| keys.push(key.map(|k| k as usize)));
        let values = dictionary.values();
        match self {
            Self::Class(texts) => {
                let mut seen: Vec<Option<String>> = Vec::with_capacity(values.len());
                match (kind, values.data_type()) {
                    (Kind::Text, DataType::LargeUtf8) => seen.extend(values.as_string::<i64>().iter().map(|t| t.map(str::to_owned))),
                    (Kind::Text, DataType::Utf8View) => seen.extend(values.as_string_view().iter().map(|t| t.map(str::to_owned))),
                    (Kind::Text, DataType::Utf8) => seen.extend(values.as_string::<i32>().iter().map(|t| t.map(str::to_owned))),
                    _ => each_number(values, kind, |v| seen.push(v.map(number_text))),
                }
                for key in keys {
                    match key.and_then(|k| seen.get(k)).and_then(Option::as_deref) {
                        Some(text) => texts.push_copied(text),
                        None => texts.push_missing(),
                    }
                }
            }
            Self::Real(numbers) => {
                let mut seen = Vec::with_capacity(values.len());
                each_number(values, kind, |v| seen.push(v.unwrap_or(f64::NAN)));
                let start = numbers.len();
                numbers.extend(keys.into_iter().map(|k| k.and_then(|k| seen.get(k)).copied().unwrap_or(f64::NAN)));
                if let Some(at) = numbers[start..].iter().position(|v| v.is_infinite()) {
                    return Err((at, numbers[start + at]));
                }
            }
        }
        Ok(())
    }
}

/// Adds texts that lie somewhere else. A long one that many rows share is looked up once a batch, not once a row.
fn take_views(array: &StringViewArray, texts: &mut Interner<'static>) {
    let mut seen: HashMap<u128, u32> = HashMap::new();
    for (row, text) in array.iter().enumerate() {
        let view = array.views()[row];
        match text {
            None => texts.push_missing(),
            Some(text) if text.len() <= LONG_TEXT => texts.push_copied(text),
            Some(text) => match seen.get(&view) {
                Some(&code) => texts.push_again(code),
                None => {
                    texts.push_copied(text);
                    seen.extend(texts.last().map(|code| (view, code)));
                }
            },
        }
    }
}

/// Hands on the numbers of an array in order, `None` for null and NaN.
fn each_number(array: &ArrayRef, kind: &Kind, mut hand: impl FnMut(Option<f64>)) {
    let mut scaled = |value: Option<f64>| {
        hand(value.filter(|v| !v.is_nan()).map(|v| match kind {
            Kind::Time(steps) | Kind::Decimal(steps) => v / steps,
            _ => v,
        }));
    };
    fn walk<T: ArrowPrimitiveType>(array: &ArrayRef, to: impl Fn(T::Native) -> f64, hand: &mut impl FnMut(Option<f64>)) {
        array.as_primitive::<T>().iter().for_each(|v| hand(v.map(&to)));
    }
    use DataType as D;
    match array.data_type() {
        D::Int8 => walk::<Int8Type>(array, f64::from, &mut scaled),
        D::Int16 => walk::<Int16Type>(array, f64::from, &mut scaled),
        D::Int32 => walk::<Int32Type>(array, f64::from, &mut scaled),
        D::Int64 => walk::<Int64Type>(array, |v| v as f64, &mut scaled),
        D::UInt8 => walk::<UInt8Type>(array, f64::from, &mut scaled),
        D::UInt16 => walk::<UInt16Type>(array, f64::from, &mut scaled),
        D::UInt32 => walk::<UInt32Type>(array, f64::from, &mut scaled),
        D::UInt64 => walk::<UInt64Type>(array, |v| v as f64, &mut scaled),
        D::Float16 => walk::<Float16Type>(array, |v| v.to_f64(), &mut scaled),
        D::Float32 => walk::<Float32Type>(array, f64::from, &mut scaled),
        D::Float64 => walk::<Float64Type>(array, |v| v, &mut scaled),
        D::Decimal32(_, _) => walk::<Decimal32Type>(array, f64::from, &mut scaled),
        D::Decimal64(_, _) => walk::<Decimal64Type>(array, |v| v as f64, &mut scaled),
        D::Decimal128(_, _) => walk::<Decimal128Type>(array, |v| v as f64, &mut scaled),
        D::Date32 => walk::<Date32Type>(array, f64::from, &mut scaled),
        D::Date64 => walk::<Date64Type>(array, |v| v as f64, &mut scaled),
        D::Timestamp(TimeUnit::Second, _) => walk::<TimestampSecondType>(array, |v| v as f64, &mut scaled),
        D::Timestamp(TimeUnit::Millisecond, _) => walk::<TimestampMillisecondType>(array, |v| v as f64, &mut scaled),
        D::Timestamp(TimeUnit::Microsecond, _) => walk::<TimestampMicrosecondType>(array, |v| v as f64, &mut scaled),
        D::Timestamp(TimeUnit::Nanosecond, _) => walk::<TimestampNanosecondType>(array, |v| v as f64, &mut scaled),
        // `kind` lets no other type in; a column without a type holds nulls only.
        _ => (0..array.len()).for_each(|_| scaled(None)),
    }
}
