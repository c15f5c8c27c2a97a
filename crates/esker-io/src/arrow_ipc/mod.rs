//! Arrow IPC: files (Feather 2) and streams, with the same columns as Parquet.

mod check;

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow_array::RecordBatchReader;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::ArrowError;
use esker_core::{Error, Fault, Result, Table};

use crate::arrow_columns::{Columns, most_cells, units};
use crate::file::{refused_write, replace};
use crate::parquet::batches;
use crate::{ReadOptions, file};

/// What a file starts with.
const MAGIC: &[u8] = b"ARROW1";

/// Whether a file starts as an Arrow file, or as a stream does: a mark of four bytes 255 and the length of a schema message.
pub(crate) fn sniff(head: &[u8]) -> bool {
    let stream = head.starts_with(&[255; 4]) && head.len() >= 16 && head[4..8] != [0; 4] && head[7] == 0 && head[10..12] == [0, 0];
    head.starts_with(MAGIC) || stream
}

/// Reads an Arrow file or stream.
///
/// # Errors
/// A damaged file, a column that is nested or of a type no table has, an infinite number.
pub(crate) fn read_arrow(path: &Path, name: &str, options: &ReadOptions) -> Result<Table> {
    let file = file::open(path)?;
    // The decoder checks what it reads, but gives up with a panic on some damaged files; that is an error here.
    catch_unwind(AssertUnwindSafe(|| decode(file, name, options)))
        .unwrap_or_else(|_| Err(damaged(name, "contents the decoder cannot follow".into())))
}

fn damaged(name: &str, got: String) -> Error {
    Error::data(format!("Arrow file '{name}'"))
        .got(got)
        .rule("it must be whole and undamaged")
        .hint("copy or write it again; it may be cut short")
}

fn decode(mut file: File, name: &str, options: &ReadOptions) -> Result<Table> {
    let fail = |e: ArrowError| damaged(name, e.to_string());
    let mut head = [0; 6];
    let short = |e: std::io::Error| damaged(name, e.to_string());
    // A column without a type needs no bytes however many rows it claims.
    let most = most_cells(file.metadata().map_err(short)?.len());
    file.read_exact(&mut head).map_err(short)?;
    file.seek(SeekFrom::Start(0)).map_err(short)?;
    let source: Box<dyn RecordBatchReader> = if head == MAGIC {
        check::file(&mut file).map_err(|got| damaged(name, got))?;
        Box::new(FileReader::try_new_buffered(file, None).map_err(fail)?)
    } else {
        check::stream(&mut file).map_err(|got| damaged(name, got))?;
        Box::new(StreamReader::try_new(BufReader::new(file), None).map_err(fail)?)
    };
    let schema = source.schema();
    let thing = || Error::data(format!("Arrow file '{name}'"));
    if schema.fields().is_empty() {
        return Err(thing().got("no columns").rule("a table has at least one column and one row"));
    }
    let mut columns = Columns::new(name, schema.fields().iter().map(AsRef::as_ref), options)?;
    for batch in source {
        let batch = batch.map_err(fail)?;
        let cells = (columns.rows as u64 + batch.num_rows() as u64).saturating_mul(batch.num_columns() as u64);
        if cells > most {
            return Err(thing().got(format!("more than {most} cells")).rule("a file of its size does not hold that many"));
        }
        columns.take(&batch)?;
    }
    if columns.rows == 0 {
        return Err(thing().got("no rows").rule("a table has at least one column and one row"));
    }
    columns.finish(&units(schema.fields().iter().map(AsRef::as_ref)), options)
}

/// Writes a table as an Arrow IPC file (Feather 2), uncompressed, with units in the field metadata. What is written reads back as the
/// same table; levels that no row uses are lost.
///
/// # Errors
/// No columns or rows, an empty name or class, an infinite number; or the disk refuses.
pub fn write_arrow(path: &Path, table: &Table) -> Result<()> {
    let (schema, batches) = batches(table, "Arrow")?;
    replace(path, |sink| {
        let mut sink = BufWriter::new(sink);
        let write = || -> std::result::Result<(), ArrowError> {
            let mut writer = FileWriter::try_new_with_options(&mut sink, &schema, IpcWriteOptions::default())?;
            for batch in batches {
                writer.write(&batch?)?;
            }
            writer.finish()
        };
        write().map_err(|e| match e {
            ArrowError::IoError(_, source) => refused_write(path, &source),
            other => Error::new(Fault::Io, format!("writing '{}'", path.display())).got(other.to_string()),
        })?;
        sink.flush().map_err(|e| refused_write(path, &e))
    })
}
