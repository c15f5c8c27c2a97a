//! Reading Parquet: numbers, truth values, texts, dates and times; anything nested is refused by name.

use std::collections::HashMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use esker_core::{Error, Result, Table};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::ParquetError;

use super::source::Source;
use crate::arrow_columns::{Columns, most_cells, units};
use crate::{ReadOptions, file};

/// Reads a Parquet file. A damaged one is refused, even where the decoder gives up in the middle.
pub(crate) fn read_parquet(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    guarded(path, name, |file| decode(file, name, options, &[]))
}

/// Runs a decoder on a file. It gives up with a panic on some damaged files; that is an error here.
pub(super) fn guarded<T>(path: &Path, name: &str, work: impl FnOnce(File) -> Result<T>) -> Result<T> {
    let file = file::open(path)?;
    let size = file.metadata().map_or(0, |m| m.len());
    // Parquet's own magic, a footer length and the magic again.
    if size < 12 {
        return Err(damaged(name, format!("{size} bytes")));
    }
    catch_unwind(AssertUnwindSafe(|| work(file))).unwrap_or_else(|_| Err(damaged(name, "contents the decoder cannot follow".into())))
}

pub(super) fn damaged(name: &str, got: String) -> Error {
    Error::data(format!("Parquet file '{name}'"))
        .got(got)
        .rule("it must be whole and undamaged")
        .hint("copy or write it again; it may be cut short")
}

pub(super) fn refused(name: &str, error: &str) -> Error {
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

/// A reader of the plain Parquet types: what a writer noted on how it held them in memory is of no use here and may be anything.
///
/// Texts and bytes are looked at where they lie: one long text that stands in thousands of rows is not copied thousands of times.
pub(super) fn builder(file: File) -> std::result::Result<ParquetRecordBatchReaderBuilder<Source>, ParquetError> {
    let source = Source(file);
    let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let found = ArrowReaderMetadata::load(&source, plain)?;
    let view = |field: &Field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => field.clone().with_data_type(DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary => field.clone().with_data_type(DataType::BinaryView),
        _ => field.clone(),
    };
    let fields: Vec<Field> = found.schema().fields().iter().map(|f| view(f)).collect();
    let schema = Schema::new_with_metadata(fields, found.schema().metadata().clone());
    let viewed = ArrowReaderMetadata::try_new(found.metadata().clone(), ArrowReaderOptions::new().with_schema(Arc::new(schema)))?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(source, viewed))
}

/// The table of a file without the columns named.
pub(super) fn decode(source: File, file: &str, options: &ReadOptions, without: &[String]) -> Result<Table> {
    let fail = |e: ParquetError| refused(file, &e.to_string());
    let most = most_cells(source.metadata().map_or(0, |m| m.len()));
    let builder = builder(source).map_err(fail)?;
    let about = builder.metadata().file_metadata();
    let units = file_units(about);
    let rows = u64::try_from(about.num_rows()).map_err(|_| damaged(file, format!("{} rows", about.num_rows())))?;
    let all = builder.schema().fields().clone();
    let kept: Vec<usize> = (0..all.len()).filter(|&i| !without.contains(all[i].name())).collect();
    let fields: Vec<&Field> = kept.iter().map(|&i| all[i].as_ref()).collect();
    if rows == 0 || fields.is_empty() {
        let got = if rows == 0 { "no rows" } else { "no columns" };
        return Err(Error::data(format!("Parquet file '{file}'")).got(got).rule("a table has at least one column and one row"));
    }
    if rows.saturating_mul(fields.len() as u64) > most {
        let got = format!("{rows} rows of {} columns", fields.len());
        return Err(Error::data(format!("Parquet file '{file}'")).got(got).rule(format!("a file of its size holds at most {most} cells")));
    }
    let mut columns = Columns::new(file, fields.into_iter(), options)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), kept);
    for batch in builder.with_projection(mask).with_batch_size(8192).build().map_err(fail)? {
        columns.take(&batch.map_err(|e| refused(file, &e.to_string()))?)?;
    }
    if columns.rows as u64 != rows {
        return Err(damaged(file, format!("{} rows where the footer says {rows}", columns.rows)));
    }
    columns.finish(&units, options)
}

/// The units that the writer left in the field metadata, by column name.
fn file_units(about: &parquet::file::metadata::FileMetaData) -> HashMap<String, String> {
    // Without readable metadata there are no units, and nothing else is lost.
    let Ok(schema) = parquet_to_arrow_schema(about.schema_descr(), about.key_value_metadata()) else { return HashMap::new() };
    units(schema.fields().iter().map(AsRef::as_ref))
}
