//! Writing Parquet: numbers as doubles, classes as dictionaries, missing as null, units in the field metadata.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use esker_core::{Codes, Column, Error, Fault, MISSING, Result, Table, Values};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::UNIT;
use crate::file::{refused_write, replace};

/// Rows handed to the encoder at a time.
const BATCH: usize = 1 << 16;

/// Writes a table as Parquet, compressed by zstd. What is written reads back as the same table; levels that no row uses are lost.
///
/// # Errors
/// No columns or rows, an empty name or class, an infinite number; or the disk refuses.
pub fn write_parquet(path: &Path, table: &Table) -> Result<()> {
    let (schema, batches) = batches(table, "Parquet")?;
    replace(path, |sink| write(sink, &schema, batches).map_err(|e| refused(path, e)))
}

/// The schema of a table, and the table batch by batch.
pub(crate) fn batches<'a>(table: &'a Table, format: &str) -> Result<(Arc<Schema>, impl Iterator<Item = Batch> + use<'a>)> {
    if table.columns().is_empty() || table.rows() == 0 {
        let got = format!("{} columns and {} rows", table.columns().len(), table.rows());
        return Err(Error::data("table to write").got(got).rule("a table has at least one column and one row"));
    }
    table.columns().iter().try_for_each(|c| check(c, format))?;
    let schema = Arc::new(Schema::new(table.columns().iter().map(field).collect::<Vec<_>>()));
    let levels: Vec<Option<Arc<StringArray>>> = table.columns().iter().map(levels).collect();
    let of = Arc::clone(&schema);
    let batches = (0..table.rows()).step_by(BATCH).map(move |start| {
        let rows = start..table.rows().min(start + BATCH);
        let arrays = table.columns().iter().zip(&levels).map(|(column, levels)| array(column, levels.as_ref(), rows.clone()));
        RecordBatch::try_new(Arc::clone(&of), arrays.collect::<std::result::Result<_, ArrowError>>()?)
    });
    Ok((schema, batches))
}

/// A part of a table.
type Batch = std::result::Result<RecordBatch, ArrowError>;

fn check(column: &Column, format: &str) -> Result<()> {
    let thing = || Error::data(format!("column '{}' to write as {format}", column.name));
    if column.name.is_empty() {
        return Err(thing().got("an empty name").rule("every column has a name"));
    }
    match &column.values {
        Values::Real(values) => match values.iter().position(|v| v.is_infinite()) {
            Some(row) => Err(thing().got(format!("{} in row {}", values[row], row + 1)).rule("numbers are finite")),
            None => Ok(()),
        },
        Values::Class(codes) => {
            let empty = codes.levels().iter().zip(codes.counts()).any(|(label, used)| used > 0 && label.is_empty());
            if empty {
                Err(thing().got("an empty class").rule("an empty text reads back as missing").hint("rename the class"))
            } else {
                Ok(())
            }
        }
    }
}

fn field(column: &Column) -> Field {
    let data = match column.values {
        Values::Real(_) => DataType::Float64,
        Values::Class(_) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    };
    let field = Field::new(&column.name, data, true);
    if column.unit.is_empty() {
        return field;
    }
    field.with_metadata(HashMap::from([(UNIT.to_owned(), column.unit.as_str().to_owned())]))
}

fn levels(column: &Column) -> Option<Arc<StringArray>> {
    match &column.values {
        Values::Real(_) => None,
        Values::Class(codes) => Some(Arc::new(StringArray::from_iter_values(codes.levels()))),
    }
}

fn write(
    sink: &mut (dyn Write + Send),
    schema: &Arc<Schema>,
    batches: impl Iterator<Item = Batch>,
) -> std::result::Result<(), ParquetError> {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(sink, Arc::clone(schema), Some(properties))?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}

fn array(column: &Column, levels: Option<&Arc<StringArray>>, rows: std::ops::Range<usize>) -> std::result::Result<ArrayRef, ArrowError> {
    Ok(match (&column.values, levels) {
        (Values::Class(codes), Some(levels)) => {
            Arc::new(DictionaryArray::<Int32Type>::try_new(keys(codes, rows), Arc::clone(levels) as ArrayRef)?)
        }
        (Values::Class(codes), None) => Arc::new(keys(codes, rows)),
        (Values::Real(values), _) => Arc::new(values[rows].iter().map(|v| (!v.is_nan()).then_some(*v)).collect::<Float64Array>()),
    })
}

fn keys(codes: &Codes, rows: std::ops::Range<usize>) -> Int32Array {
    codes.codes()[rows].iter().map(|&c| (c != MISSING).then_some(c as i32)).collect()
}

/// The disk's refusal where that is what stopped the writer.
fn refused(path: &Path, error: ParquetError) -> Error {
    if let ParquetError::External(source) = &error
        && let Some(source) = source.downcast_ref::<io::Error>()
    {
        return refused_write(path, source);
    }
    Error::new(Fault::Io, format!("writing '{}'", path.display())).got(error.to_string()).rule("the table must fit the Parquet format")
}
