//! Reading Parquet: numbers, truth values, texts, dates and times; anything nested is refused by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};
use esker_core::{Column, Error, Note, Result, Table, Unit, Values};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;

use super::UNIT;
use crate::intern::Interner;
use crate::missing::{Declared, Tally, number_text};
use crate::{ReadOptions, file, names};

/// The unit of dates and times.
const DAYS: &str = "days since 1970-01-01";
/// Most cells of a table (16 GiB of numbers): a damaged file may claim any number of rows.
const MOST_CELLS: u64 = 1 << 31;

/// Reads a Parquet file. A damaged one is refused, even where the decoder gives up in the middle.
pub(crate) fn read_parquet(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    let file = file::open(path)?;
    let size = file.metadata().map_or(0, |m| m.len());
    // Parquet's own magic, a footer length and the magic again.
    if size < 12 {
        return Err(damaged(name, format!("{size} bytes")));
    }
    catch_unwind(AssertUnwindSafe(|| decode(file, name, options)))
        .unwrap_or_else(|_| Err(damaged(name, "contents the decoder cannot follow".into())))
}

fn damaged(name: &str, got: String) -> Error {
    Error::data(format!("Parquet file '{name}'"))
        .got(got)
        .rule("it must be whole and undamaged")
        .hint("copy or write it again; it may be cut short")
}

fn refused(name: &str, error: &str) -> Error {
    let text = error.replace("Parquet argument error: ", "").replace("Parquet error: ", "");
    // The decoder names the crate it was built without.
    let codec = [("flate2", "gzip"), ("brotli", "brotli"), ("lz4", "LZ4")].into_iter().find(|(key, _)| text.ends_with(key));
    match codec {
        Some((_, codec)) => Error::data(format!("Parquet file '{name}'"))
            .got(format!("{codec} compression"))
            .rule("columns are read uncompressed or compressed by snappy or zstd")
            .hint("write it again with compression = 'zstd'"),
        None => damaged(name, text),
    }
}

/// What a column of the file becomes.
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
        D::Decimal128(_, scale) => Kind::Decimal(10_f64.powi(i32::from(*scale))),
        D::Date32 => Kind::Time(1.0),
        D::Date64 => Kind::Time(SECONDS * 1e3),
        D::Timestamp(unit, _) => Kind::Time(match unit {
            TimeUnit::Second => SECONDS,
            TimeUnit::Millisecond => SECONDS * 1e3,
            TimeUnit::Microsecond => SECONDS * 1e6,
            TimeUnit::Nanosecond => SECONDS * 1e9,
        }),
        D::Boolean => Kind::Truth,
        D::Utf8 => Kind::Text,
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

fn decode(source: File, file: &str, options: &ReadOptions) -> Result<Table> {
    let fail = |e: ParquetError| refused(file, &e.to_string());
    // The plain Parquet types: what a writer noted on how it held them in memory is of no use here and may be anything.
    let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(source, plain).map_err(fail)?;
    let about = builder.metadata().file_metadata();
    let units = units(about);
    let rows = u64::try_from(about.num_rows()).map_err(|_| damaged(file, format!("{} rows", about.num_rows())))?;
    let fields = builder.schema().fields().clone();
    if rows == 0 || fields.is_empty() {
        let got = if rows == 0 { "no rows" } else { "no columns" };
        return Err(Error::data(format!("Parquet file '{file}'")).got(got).rule("a table has at least one column and one row"));
    }
    if rows.saturating_mul(fields.len() as u64) > MOST_CELLS {
        let got = format!("{rows} rows of {} columns", fields.len());
        return Err(Error::data(format!("Parquet file '{file}'")).got(got).rule(format!("at most {MOST_CELLS} cells are read")));
    }
    let mut notes = Vec::new();
    let mut names: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
    if let Some(at) = names.iter().position(|n| n == "__index_level_0__") {
        names[at] = "row".into();
        notes.push(Note::info("unnamed-column", "The row labels that pandas kept without a name are called 'row'."));
    }
    names::check_names(file, &mut names, &mut notes)?;
    let kinds = fields.iter().zip(&names).map(|(f, n)| kind(file, n, f.data_type())).collect::<Result<Vec<_>>>()?;
    let mut growing: Vec<Growing> = kinds
        .iter()
        .zip(&names)
        .map(|(kind, name)| match kind {
            Kind::Truth | Kind::Text => Growing::Class(Interner::default()),
            _ if options.reads_as_class(name) => Growing::Class(Interner::default()),
            _ => Growing::Real(Vec::new()),
        })
        .collect();
    let mut row = 0;
    for batch in builder.with_batch_size(8192).build().map_err(fail)? {
        let batch = batch.map_err(|e| refused(file, &e.to_string()))?;
        for ((array, column), (kind, name)) in batch.columns().iter().zip(&mut growing).zip(kinds.iter().zip(&names)) {
            column.take(array, kind).map_err(|(at, value)| {
                Error::data(format!("row {}, column '{name}' of '{file}'", row + at + 1)).got(number_text(value)).rule("numbers are finite")
            })?;
        }
        row += batch.num_rows();
    }
    if row as u64 != rows {
        return Err(damaged(file, format!("{row} rows where the footer says {rows}")));
    }
    let table = finish(growing, &kinds, &names, (&units, options), &mut notes)?;
    let mut table = Table::new(table)?;
    table.notes = notes;
    names::apply_options(file, table, options)
}

/// The units that the writer left in the field metadata, by column name.
fn units(about: &parquet::file::metadata::FileMetaData) -> HashMap<String, String> {
    // Without readable metadata there are no units, and nothing else is lost.
    let Ok(schema) = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata()) else { return HashMap::new() };
    let unit = |f: &arrow_schema::Field| f.metadata().get(UNIT).or_else(|| f.metadata().get("units")).cloned();
    schema.fields().iter().filter_map(|f| Some((f.name().clone(), unit(f)?))).collect()
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
        match (self, kind) {
            (Self::Class(texts), Kind::Text) => {
                for text in array.as_string::<i32>() {
                    match text {
                        // An interned text is owned once; a known one is only looked up.
                        Some(text) => texts.push_copied(text),
                        None => texts.push_missing(),
                    }
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
